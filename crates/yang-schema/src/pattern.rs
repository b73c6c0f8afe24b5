//! XSD regular expressions (XML Schema part 2, appendix F), as YANG's `pattern` has them, on the `regex` crate.
//!
//! The whole value must match. `\d`, `\w`, `\i`, `\c`, categories and blocks mean what XSD says, which is wider or
//! narrower than in Perl: `\w` leaves out punctuation, the underscore included.

use std::fmt::Write as _;

use crate::schema::{PatternData, Schema};

/// Largest compiled expression in bytes; a vendor's `{1,127}` over Unicode digits takes several megabytes.
const MAX_COMPILED_BYTES: usize = 64 << 20;
/// Deepest nesting of groups and classes.
const MAX_DEPTH: usize = 64;

/// Whether a value satisfies a pattern; an error if the pattern cannot be compiled.
pub(crate) fn matches(schema: &Schema, pattern: &PatternData, value: &str) -> Result<bool, String> {
    let compiled = pattern.compiled.get_or_init(|| compile(schema.arg(pattern.at)));
    match compiled {
        Ok(regex) => Ok(regex.is_match(value) != pattern.invert),
        Err(error) => Err(error.clone()),
    }
}

fn compile(xsd: &str) -> Result<regex::Regex, String> {
    let translated = translate(xsd)?;
    regex::RegexBuilder::new(&translated)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(1 << 20)
        .build()
        .map_err(|error| error.to_string())
}

/// The same expression in the syntax of the `regex` crate, anchored at both ends.
pub(crate) fn translate(xsd: &str) -> Result<String, String> {
    let mut translator = Translator { rest: xsd, out: String::from(r"\A(?:"), depth: 0 };
    translator.alternatives()?;
    if !translator.rest.is_empty() {
        return Err("unmatched ')'".to_owned());
    }
    translator.out.push_str(r")\z");
    Ok(translator.out)
}

struct Translator<'p> {
    rest: &'p str,
    out: String,
    depth: usize,
}

impl Translator<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn alternatives(&mut self) -> Result<(), String> {
        while let Some(c) = self.peek() {
            match c {
                ')' => return Ok(()),
                '|' => {
                    self.take();
                    self.out.push('|');
                }
                _ => {
                    self.atom()?;
                    self.quantifier()?;
                }
            }
        }
        Ok(())
    }

    fn atom(&mut self) -> Result<(), String> {
        match self.take() {
            Some('(') => {
                self.enter()?;
                self.out.push_str("(?:");
                self.alternatives()?;
                if self.take() != Some(')') {
                    return Err("'(' without ')'".to_owned());
                }
                self.depth -= 1;
                self.out.push(')');
            }
            Some('[') => {
                let class = self.class()?;
                self.out.push_str(&class);
            }
            Some('.') => self.out.push_str(r"[^\n\r]"),
            Some('\\') => match self.escape()? {
                Escape::Char(c) => literal(&mut self.out, c),
                Escape::Set(set) => self.out.push_str(&set),
            },
            Some(c @ ('?' | '*' | '+' | '{')) => return Err(format!("'{c}' has nothing to repeat")),
            Some(c) => literal(&mut self.out, c),
            None => {}
        }
        Ok(())
    }

    fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(format!("nested deeper than {MAX_DEPTH}")) } else { Ok(()) }
    }

    fn quantifier(&mut self) -> Result<(), String> {
        match self.peek() {
            Some(c @ ('?' | '*' | '+')) => {
                self.take();
                self.out.push(c);
            }
            Some('{') => {
                let end = self.rest.find('}').ok_or("'{' without '}'")?;
                let inner = &self.rest[1..end];
                let (low, high) = inner.split_once(',').unwrap_or((inner, inner));
                let number = |text: &str| {
                    !text.is_empty() && text.len() < 6 && text.bytes().all(|b| b.is_ascii_digit())
                };
                let is_empty = || low.parse::<u32>().ok() > high.parse().ok() && !high.is_empty();
                if !number(low) || !(high.is_empty() || number(high)) || is_empty() {
                    return Err(format!("\"{{{inner}}}\" is not a quantity"));
                }
                self.out.push('{');
                self.out.push_str(inner);
                self.out.push('}');
                self.rest = &self.rest[end + 1..];
            }
            _ => return Ok(()),
        }
        // a quantifier may not be repeated, and must not become the regex crate's lazy form
        match self.peek() {
            Some(c @ ('?' | '*' | '+' | '{')) => Err(format!("'{c}' has nothing to repeat")),
            _ => Ok(()),
        }
    }

    /// A character class after its `[`.
    fn class(&mut self) -> Result<String, String> {
        self.enter()?;
        let mut out = String::from("[");
        if self.peek() == Some('^') {
            self.take();
            out.push('^');
        }
        let mut empty = true;
        loop {
            let first = match self.take().ok_or("'[' without ']'")? {
                ']' if !empty => break,
                ']' => return Err("an empty '[]'".to_owned()),
                '-' if self.peek() == Some('[') && !empty => {
                    self.take();
                    let subtracted = self.class()?;
                    if self.take() != Some(']') {
                        return Err("a subtraction does not end its class".to_owned());
                    }
                    // the negation of the first part comes before the subtraction
                    out = format!("[{out}]--{subtracted}]");
                    self.depth -= 1;
                    return Ok(out);
                }
                '\\' => self.escape()?,
                c => Escape::Char(c),
            };
            empty = false;
            match first {
                Escape::Set(set) => out.push_str(&set),
                Escape::Char(low) => self.class_item(low, &mut out)?,
            }
        }
        self.depth -= 1;
        out.push(']');
        Ok(out)
    }

    /// A character of a class, or a range that begins with it.
    fn class_item(&mut self, low: char, out: &mut String) -> Result<(), String> {
        literal(out, low);
        let mut ahead = self.rest.chars();
        let is_range = ahead.next() == Some('-') && !matches!(ahead.next(), Some(']' | '[') | None);
        if !is_range {
            return Ok(());
        }
        let before = self.rest;
        self.take();
        let high = match self.take() {
            Some('\\') => match self.escape()? {
                Escape::Char(c) => c,
                Escape::Set(_) => {
                    // `a-\d`: the hyphen stands for itself
                    self.rest = &before[1..];
                    literal(out, '-');
                    return Ok(());
                }
            },
            Some(c) => c,
            None => return Err("'[' without ']'".to_owned()),
        };
        if high < low {
            return Err(format!("the range {low}-{high} is empty"));
        }
        out.push('-');
        literal(out, high);
        Ok(())
    }

    fn escape(&mut self) -> Result<Escape, String> {
        let c = self.take().ok_or("a '\\' at the end")?;
        let set = match c {
            'n' => return Ok(Escape::Char('\n')),
            'r' => return Ok(Escape::Char('\r')),
            't' => return Ok(Escape::Char('\t')),
            's' => r"[\x20\t\n\r]",
            'S' => r"[^\x20\t\n\r]",
            'd' => r"\p{Nd}",
            'D' => r"\P{Nd}",
            'w' => r"[^\p{P}\p{Z}\p{C}]",
            'W' => r"[\p{P}\p{Z}\p{C}]",
            'i' => NAME_START,
            'I' => NOT_NAME_START,
            'c' => NAME,
            'C' => NOT_NAME,
            'p' | 'P' => return self.property(c == 'P'),
            // XSD allows the escape of its own signs only; vendors escape others too, and mean them
            c if !c.is_alphanumeric() => return Ok(Escape::Char(c)),
            c => return Err(format!("unknown escape '\\{c}'")),
        };
        Ok(Escape::Set(set.to_owned()))
    }

    fn property(&mut self, negated: bool) -> Result<Escape, String> {
        let inner = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let (name, rest) = inner.ok_or("'\\p' without '{…}'")?;
        self.rest = rest;
        let letter = if negated { 'P' } else { 'p' };
        if let Some(block) = name.strip_prefix("Is") {
            let mut set = String::from(if negated { "[^" } else { "[" });
            let mut known = false;
            for (_, low, high) in BLOCKS.iter().filter(|(known, ..)| *known == block) {
                known = true;
                // writing to a String cannot fail
                let _ = write!(set, "\\x{{{low:X}}}-\\x{{{high:X}}}");
            }
            set.push(']');
            return if known { Ok(Escape::Set(set)) } else { Err(format!("unknown block {name}")) };
        }
        if !CATEGORIES.contains(&name) {
            return Err(format!("unknown category {name}"));
        }
        Ok(Escape::Set(format!("\\{letter}{{{name}}}")))
    }
}

enum Escape {
    Char(char),
    /// A piece of `regex` syntax that may stand inside and outside a class.
    Set(String),
}

fn literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        // writing to a String cannot fail
        let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
    }
}

const NAME_START: &str = r"[\p{L}\p{Nl}:_]";
const NOT_NAME_START: &str = r"[^\p{L}\p{Nl}:_]";
const NAME: &str = r"[\p{L}\p{Nl}\p{Nd}\p{Mc}\p{Mn}\p{Me}\p{Lm}:_.\x{B7}\-]";
const NOT_NAME: &str = r"[^\p{L}\p{Nl}\p{Nd}\p{Mc}\p{Mn}\p{Me}\p{Lm}:_.\x{B7}\-]";

const CATEGORIES: &[&str] = &[
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps",
    "Pe", "Pi", "Pf", "Po", "Z", "Zs", "Zl", "Zp", "S", "Sm", "Sc", "Sk", "So", "C", "Cc", "Cf", "Co", "Cn",
];

/// The blocks of XML Schema part 2 (section F.1.1), but those of surrogates, which are no characters. Some have several parts.
const BLOCKS: &[(&str, u32, u32)] = &[
    ("BasicLatin", 0x0, 0x7F),
    ("Latin-1Supplement", 0x80, 0xFF),
    ("LatinExtended-A", 0x100, 0x17F),
    ("LatinExtended-B", 0x180, 0x24F),
    ("IPAExtensions", 0x250, 0x2AF),
    ("SpacingModifierLetters", 0x2B0, 0x2FF),
    ("CombiningDiacriticalMarks", 0x300, 0x36F),
    ("Greek", 0x370, 0x3FF),
    ("Cyrillic", 0x400, 0x4FF),
    ("Armenian", 0x530, 0x58F),
    ("Hebrew", 0x590, 0x5FF),
    ("Arabic", 0x600, 0x6FF),
    ("Syriac", 0x700, 0x74F),
    ("Thaana", 0x780, 0x7BF),
    ("Devanagari", 0x900, 0x97F),
    ("Bengali", 0x980, 0x9FF),
    ("Gurmukhi", 0xA00, 0xA7F),
    ("Gujarati", 0xA80, 0xAFF),
    ("Oriya", 0xB00, 0xB7F),
    ("Tamil", 0xB80, 0xBFF),
    ("Telugu", 0xC00, 0xC7F),
    ("Kannada", 0xC80, 0xCFF),
    ("Malayalam", 0xD00, 0xD7F),
    ("Sinhala", 0xD80, 0xDFF),
    ("Thai", 0xE00, 0xE7F),
    ("Lao", 0xE80, 0xEFF),
    ("Tibetan", 0xF00, 0xFFF),
    ("Myanmar", 0x1000, 0x109F),
    ("Georgian", 0x10A0, 0x10FF),
    ("HangulJamo", 0x1100, 0x11FF),
    ("Ethiopic", 0x1200, 0x137F),
    ("Cherokee", 0x13A0, 0x13FF),
    ("UnifiedCanadianAboriginalSyllabics", 0x1400, 0x167F),
    ("Ogham", 0x1680, 0x169F),
    ("Runic", 0x16A0, 0x16FF),
    ("Khmer", 0x1780, 0x17FF),
    ("Mongolian", 0x1800, 0x18AF),
    ("LatinExtendedAdditional", 0x1E00, 0x1EFF),
    ("GreekExtended", 0x1F00, 0x1FFF),
    ("GeneralPunctuation", 0x2000, 0x206F),
    ("SuperscriptsandSubscripts", 0x2070, 0x209F),
    ("CurrencySymbols", 0x20A0, 0x20CF),
    ("CombiningMarksforSymbols", 0x20D0, 0x20FF),
    ("LetterlikeSymbols", 0x2100, 0x214F),
    ("NumberForms", 0x2150, 0x218F),
    ("Arrows", 0x2190, 0x21FF),
    ("MathematicalOperators", 0x2200, 0x22FF),
    ("MiscellaneousTechnical", 0x2300, 0x23FF),
    ("ControlPictures", 0x2400, 0x243F),
    ("OpticalCharacterRecognition", 0x2440, 0x245F),
    ("EnclosedAlphanumerics", 0x2460, 0x24FF),
    ("BoxDrawing", 0x2500, 0x257F),
    ("BlockElements", 0x2580, 0x259F),
    ("GeometricShapes", 0x25A0, 0x25FF),
    ("MiscellaneousSymbols", 0x2600, 0x26FF),
    ("Dingbats", 0x2700, 0x27BF),
    ("BraillePatterns", 0x2800, 0x28FF),
    ("CJKRadicalsSupplement", 0x2E80, 0x2EFF),
    ("KangxiRadicals", 0x2F00, 0x2FDF),
    ("IdeographicDescriptionCharacters", 0x2FF0, 0x2FFF),
    ("CJKSymbolsandPunctuation", 0x3000, 0x303F),
    ("Hiragana", 0x3040, 0x309F),
    ("Katakana", 0x30A0, 0x30FF),
    ("Bopomofo", 0x3100, 0x312F),
    ("HangulCompatibilityJamo", 0x3130, 0x318F),
    ("Kanbun", 0x3190, 0x319F),
    ("BopomofoExtended", 0x31A0, 0x31BF),
    ("EnclosedCJKLettersandMonths", 0x3200, 0x32FF),
    ("CJKCompatibility", 0x3300, 0x33FF),
    ("CJKUnifiedIdeographsExtensionA", 0x3400, 0x4DB5),
    ("CJKUnifiedIdeographs", 0x4E00, 0x9FFF),
    ("YiSyllables", 0xA000, 0xA48F),
    ("YiRadicals", 0xA490, 0xA4CF),
    ("HangulSyllables", 0xAC00, 0xD7A3),
    ("PrivateUse", 0xE000, 0xF8FF),
    ("PrivateUse", 0xF0000, 0xFFFFD),
    ("PrivateUse", 0x100000, 0x10FFFD),
    ("CJKCompatibilityIdeographs", 0xF900, 0xFAFF),
    ("AlphabeticPresentationForms", 0xFB00, 0xFB4F),
    ("ArabicPresentationForms-A", 0xFB50, 0xFDFF),
    ("CombiningHalfMarks", 0xFE20, 0xFE2F),
    ("CJKCompatibilityForms", 0xFE30, 0xFE4F),
    ("SmallFormVariants", 0xFE50, 0xFE6F),
    ("ArabicPresentationForms-B", 0xFE70, 0xFEFE),
    ("Specials", 0xFEFF, 0xFEFF),
    ("Specials", 0xFFF0, 0xFFFD),
    ("HalfwidthandFullwidthForms", 0xFF00, 0xFFEF),
    ("OldItalic", 0x10300, 0x1032F),
    ("Gothic", 0x10330, 0x1034F),
    ("Deseret", 0x10400, 0x1044F),
    ("ByzantineMusicalSymbols", 0x1D000, 0x1D0FF),
    ("MusicalSymbols", 0x1D100, 0x1D1FF),
    ("MathematicalAlphanumericSymbols", 0x1D400, 0x1D7FF),
    ("CJKUnifiedIdeographsExtensionB", 0x20000, 0x2A6D6),
    ("CJKCompatibilityIdeographsSupplement", 0x2F800, 0x2FA1F),
    ("Tags", 0xE0000, 0xE007F),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(xsd: &str, value: &str) -> bool {
        compile(xsd).unwrap().is_match(value)
    }

    #[test]
    fn the_whole_value_must_match() {
        assert!(is_match("a|b", "b"));
        assert!(!is_match("a|b", "ab"));
        assert!(is_match("^a$", "^a$"), "in XSD these are ordinary characters");
        assert!(!is_match(".*", "a\nb"));
        assert!(is_match("", ""));
    }

    #[test]
    fn classes_subtract_negate_and_hold_sets() {
        assert!(is_match("[a-z-[aeiou]]+", "xyz"));
        assert!(!is_match("[a-z-[aeiou]]+", "xyza"));
        assert!(is_match("[^a-z-[A-Z]]", "1"));
        assert!(!is_match("[^a-z-[A-Z]]", "A"));
        assert!(!is_match("[^a-z-[A-Z]]", "a"));
        assert!(is_match(r"[\w/.-]+", "a/b.c-d"));
        assert!(!is_match(r"\w", "_"), "punctuation is no word character in XSD");
        assert!(is_match(r"[+\-&&~~\[\]]+", "+-&~[]"));
        assert!(is_match(r"[\-.]", "-"));
        assert!(is_match("[*].*", "*x"));
    }

    #[test]
    fn escapes_mean_what_xsd_says() {
        assert!(is_match(r"\d{2}", "4\u{0662}"));
        assert!(is_match(r"\i\c*", "a-b.c:1"));
        assert!(is_match(r"\p{Lu}\P{Lu}", "Aa"));
        assert!(is_match(r"\p{IsGreek}+", "αβγ"));
        assert!(!is_match(r"\P{IsGreek}+", "αβγ"));
        assert!(is_match(r"a\/b", "a/b"));
        assert!(is_match(r"\d*(\.\d*){1,127}", "1.2.3"));
    }

    #[test]
    fn all_blocks_of_xsd_are_known() {
        assert!(is_match(r"\p{IsTamil}", "\u{B85}"));
        assert!(is_match(r"[\p{IsTibetan}\p{IsEthiopic}]{2}", "\u{F40}\u{1200}"));
        assert!(is_match(r"\p{IsPrivateUse}{2}", "\u{E000}\u{100000}"));
        assert!(!is_match(r"\P{IsPrivateUse}", "\u{F0000}"));
        assert!(is_match(r"\p{IsSpecials}", "\u{FFFD}") && is_match(r"\p{IsSpecials}", "\u{FEFF}"));
        assert!(is_match(r"[a-\p{IsThai}]{3}", "a-\u{E01}"));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for bad in [
            "(",
            ")",
            "[",
            "[]",
            "a{",
            "a{x}",
            "*",
            "a**",
            "a*?",
            r"\",
            r"\p{Xx}",
            r"\p{IsNone}",
            "[z-a]",
            r"\q",
            "a{2,1}",
        ] {
            assert!(translate(bad).is_err(), "{bad}");
        }
        assert!(translate(&"(".repeat(100_000)).is_err());
    }
}
