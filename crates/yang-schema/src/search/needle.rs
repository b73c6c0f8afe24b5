//! One word of a query looked for in names and descriptions, whatever its letters' case.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

/// How often each byte stands in a sample of the texts, capital letters counted as small ones.
#[derive(Debug)]
pub(super) struct Frequencies([u32; 256]);

impl Frequencies {
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut counts = [0_u32; 256];
        for byte in texts.flat_map(str::bytes) {
            let count = &mut counts[usize::from(byte.to_ascii_lowercase())];
            *count = count.saturating_add(1);
        }
        Self(counts)
    }
}

/// The letters beyond ASCII that are alike to one of ASCII in the other case: the long s and the Kelvin sign.
const FOLDED: &[char] = &['\u{17F}', '\u{212A}'];

/// A word, prepared to be looked for many times.
pub(super) struct Needle {
    word: String,
    lower: Vec<u8>,
    /// Where its rarest byte stands, and that byte in both cases.
    rare: usize,
    cases: [u8; 2],
    /// Whether letters beyond ASCII stand for one of its own ([`FOLDED`]).
    folds: bool,
    /// Whether it has a letter that none of ASCII is alike to.
    is_foreign: bool,
    /// For what ASCII cannot tell; made when it is first needed.
    unicode: OnceLock<Option<Regex>>,
}

impl Needle {
    pub(super) fn new(word: &str, frequencies: &Frequencies) -> Self {
        let lower = word.to_ascii_lowercase().into_bytes();
        let frequency = |at: &usize| frequencies.0[usize::from(lower[*at])];
        let rare = (0..lower.len()).min_by_key(frequency).unwrap_or(0);
        let byte = lower.get(rare).copied().unwrap_or(0);
        Self {
            word: word.to_owned(),
            rare,
            cases: [byte, byte.to_ascii_uppercase()],
            folds: lower.iter().any(|byte| matches!(byte, b'k' | b's')),
            is_foreign: word.chars().any(|c| !c.is_ascii() && !FOLDED.contains(&c)),
            lower,
            unicode: OnceLock::new(),
        }
    }

    /// The first place at or after `from` where the word stands, letters of ASCII alike in both cases.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let len = self.lower.len();
        if len == 0 || from + len > text.len() {
            return None;
        }
        // the rarest byte can only stand so that the word has room around it
        let room = &text[from + self.rare..=text.len() - len + self.rare];
        memchr::memchr2_iter(self.cases[0], self.cases[1], room)
            .map(|at| from + at)
            .find(|at| text[*at..*at + len].eq_ignore_ascii_case(&self.lower))
    }

    /// Whether a text has the word, letters of all scripts alike in both cases.
    pub(super) fn is_in(&self, text: &str, is_ascii: bool) -> bool {
        if self.word.is_ascii() {
            return self.find(text.as_bytes(), 0).is_some()
                || (self.folds && !is_ascii && self.is_folded_in(text));
        }
        !(self.is_foreign && is_ascii) && self.is_folded_in(text)
    }

    fn is_folded_in(&self, text: &str) -> bool {
        let made = || RegexBuilder::new(&regex::escape(&self.word)).case_insensitive(true).build().ok();
        self.unicode.get_or_init(made).as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// How well a name fits the word: whole, beginning, a word of it, a word's beginning, a part; 0 is not at all.
    ///
    /// Names are identifiers and so in ASCII (RFC 7950 section 6.2).
    pub(super) fn fit(&self, name: &str) -> u8 {
        let name = name.as_bytes();
        let len = self.lower.len();
        let Some(first) = self.find(name, 0) else { return 0 };
        let ends = |at: usize| !name.get(at + len).is_some_and(u8::is_ascii_alphanumeric);
        if first == 0 {
            return match (name.len() == len, ends(0)) {
                (true, _) => 100,
                (_, true) => 70,
                _ => 60,
            };
        }
        let mut best = 30;
        let mut next = Some(first);
        while let Some(at) = next {
            if !name[at - 1].is_ascii_alphanumeric() {
                if ends(at) {
                    return 55;
                }
                best = 45;
            }
            next = self.find(name, at + len);
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needle(word: &str) -> Needle {
        Needle::new(word, &Frequencies::of(["The MTU of the interface"].into_iter()))
    }

    #[test]
    fn whole_names_fit_best() {
        let order = ["vlan", "vlan-id", "vlans", "native-vlan-tag", "native-vlans", "ivlan"];
        let vlan = needle("VLAN");
        let fits: Vec<u8> = order.iter().map(|name| vlan.fit(name)).collect();
        assert!(fits.windows(2).all(|pair| pair[0] > pair[1]), "{fits:?}");
        assert_eq!(vlan.fit("mtu"), 0);
        assert_eq!(needle("").fit("mtu"), 0);
        assert_eq!(needle("vlan").fit("ivlan-vlan"), 55, "the better place counts");
    }

    #[test]
    fn a_word_is_found_wherever_it_stands() {
        let mtu = needle("Mtu");
        assert_eq!(mtu.find(b"mtu", 0), Some(0));
        assert_eq!(mtu.find(b"the MTU", 0), Some(4));
        assert_eq!(mtu.find(b"mtu mtu", 1), Some(4));
        for text in ["", "m", "mt", "the MT", "m t u", "ut"] {
            assert_eq!(mtu.find(text.as_bytes(), 0), None, "{text}");
        }
        assert_eq!(mtu.find(b"mtu", 9), None);
    }

    #[test]
    fn letters_beyond_ascii_are_alike_in_both_cases() {
        let is_in = |word: &str, text: &str| needle(word).is_in(text, text.is_ascii());
        assert!(is_in("größe", "Die GRÖSSE, die GRÖßE"));
        assert!(is_in("kelvin", "\u{212A}elvin"));
        assert!(is_in("sum", "\u{17F}um"));
        assert!(is_in("\u{17F}um", "SUM") && is_in("\u{212A}", "k"));
        assert!(!is_in("mtu", "größe"));
    }
}
