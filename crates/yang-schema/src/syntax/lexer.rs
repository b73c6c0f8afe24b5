//! Reads statements with the lexer of `yang-rs`, iteratively and within limits.
//!
//! The lexer finds tokens; what it leaves undone is done here from the raw text: positions, string
//! concatenation, escapes and the stripping of indentation (RFC 7950 section 6.1.3).

use yang_rs::config::Config;
use yang_rs::parser::{Parser, Token};

use super::Kw;
use super::source::{Arg, NONE, Source, Stmt, Tolerance};
use crate::error::ParseError;

/// What a module text may cost to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseLimits {
    /// Longest text in bytes. IOS-XE's largest module has 2 MB.
    pub max_bytes: usize,
    /// Deepest nesting of statements.
    pub max_depth: usize,
    /// Most statements in one file.
    pub max_statements: usize,
}

impl Default for ParseLimits {
    fn default() -> Self {
        Self { max_bytes: 32 << 20, max_depth: 128, max_statements: 4_000_000 }
    }
}

/// Most tolerances listed of one file; more than anybody reads.
pub(super) const MAX_TOLERANCES: usize = 1000;

/// A token that matters, with the bytes it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lexeme {
    Word,
    Quoted,
    Plus,
    Open,
    Close,
    Semicolon,
    End,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    kind: Lexeme,
    start: usize,
    len: usize,
}

impl Piece {
    fn end(self) -> usize {
        self.start + self.len
    }
}

/// Reads one module or submodule.
pub(crate) fn parse(file: &str, text: &str, limits: &ParseLimits) -> Result<Source, ParseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let source = Source::new(file.to_owned(), text.to_owned());
    if text.len() > limits.max_bytes {
        let message = format!("the text has {} bytes, more than {} allowed", text.len(), limits.max_bytes);
        return Err(ParseError { at: source.location_of(0), message });
    }
    let lexer = Parser::new_with_config(text.to_owned(), Config::new());
    Reader { lexer, source, limits: *limits, peeked: None }.run()
}

struct Reader {
    lexer: Parser,
    source: Source,
    limits: ParseLimits,
    peeked: Option<Piece>,
}

impl Reader {
    fn run(mut self) -> Result<Source, ParseError> {
        // (statement, its last child so far)
        let mut open: Vec<(u32, u32)> = Vec::new();
        loop {
            let piece = self.next()?;
            match piece.kind {
                Lexeme::Close => {
                    if open.pop().is_none() {
                        return self.fail(piece.start, "'}' without a matching '{'");
                    }
                    if open.is_empty() {
                        break;
                    }
                }
                Lexeme::Word => {
                    let id = self.statement(piece, &mut open)?;
                    let after = self.next()?;
                    match after.kind {
                        Lexeme::Open => {
                            if open.len() >= self.limits.max_depth {
                                let message =
                                    format!("statements nested deeper than {}", self.limits.max_depth);
                                return self.fail(after.start, &message);
                            }
                            open.push((id, NONE));
                        }
                        Lexeme::Semicolon if open.is_empty() => break,
                        Lexeme::Semicolon => {}
                        other => {
                            let message =
                                format!("{} where ';' or '{{' was expected", self.describe(other, after));
                            return self.fail(after.start, &message);
                        }
                    }
                }
                other => {
                    let message = format!("{} where a statement was expected", self.describe(other, piece));
                    return self.fail(piece.start, &message);
                }
            }
        }
        let rest = self.next()?;
        if rest.kind != Lexeme::End {
            return self.fail(rest.start, "text after the end of the module");
        }
        super::grammar::check(&self.source)?;
        super::version::tolerate_newer(&mut self.source);
        Ok(self.source)
    }

    /// Adds the statement whose keyword was just read, and reads its argument.
    fn statement(&mut self, keyword: Piece, open: &mut [(u32, u32)]) -> Result<u32, ParseError> {
        let word = &self.source.text[keyword.start..keyword.end()];
        let kw = match Kw::parse(word) {
            Some(kw) => kw,
            None if word.contains(':') => Kw::Extension,
            None => {
                let message = format!("unknown statement \"{}\"", shorten(word));
                return self.fail(keyword.start, &message);
            }
        };
        let Ok(keyword_len) = u16::try_from(keyword.len) else {
            return self.fail(keyword.start, "a keyword longer than 65535 bytes");
        };
        if self.source.stmts.len() >= self.limits.max_statements {
            let message = format!("more than {} statements", self.limits.max_statements);
            return self.fail(keyword.start, &message);
        }
        let arg = self.argument()?;
        let id = offset(self.source.stmts.len());
        let mut parent = NONE;
        if let Some((owner, last)) = open.last_mut() {
            parent = *owner;
            if *last == NONE {
                self.source.stmts[*owner as usize].first_child = id;
            } else {
                self.source.stmts[*last as usize].next = id;
            }
            *last = id;
        }
        let pos = offset(keyword.start);
        self.source.stmts.push(Stmt { kw, keyword_len, pos, arg, parent, first_child: NONE, next: NONE });
        Ok(id)
    }

    fn argument(&mut self) -> Result<Arg, ParseError> {
        let first = self.next()?;
        match first.kind {
            Lexeme::Word => Ok(Arg::Text { start: offset(first.start), len: offset(first.len) }),
            // `enum +;` and `+word`: the lexer gives the sign its own token
            Lexeme::Plus => {
                let after = self.next()?;
                if after.kind == Lexeme::Word && after.start == first.end() {
                    return Ok(Arg::Text { start: offset(first.start), len: offset(first.len + after.len) });
                }
                self.peeked = Some(after);
                Ok(Arg::Text { start: offset(first.start), len: offset(first.len) })
            }
            Lexeme::Quoted => self.quoted(first),
            _ => {
                self.peeked = Some(first);
                Ok(Arg::None)
            }
        }
    }

    fn quoted(&mut self, first: Piece) -> Result<Arg, ParseError> {
        let after = self.next()?;
        if after.kind != Lexeme::Plus {
            self.peeked = Some(after);
            let inner = &self.source.text[first.start + 1..first.end() - 1];
            let as_is = self.source.text.as_bytes()[first.start] == b'\'' || !inner.contains(['\\', '\n']);
            if as_is {
                return Ok(Arg::Text { start: offset(first.start + 1), len: offset(first.len - 2) });
            }
            let mut value = String::with_capacity(first.len);
            self.unquote(first, &mut value);
            return Ok(self.own(value));
        }
        let mut value = String::new();
        self.unquote(first, &mut value);
        loop {
            let part = self.next()?;
            if part.kind != Lexeme::Quoted {
                let message = format!(
                    "{} where a quoted string was expected after '+'",
                    self.describe(part.kind, part)
                );
                return self.fail(part.start, &message);
            }
            self.unquote(part, &mut value);
            let after = self.next()?;
            if after.kind != Lexeme::Plus {
                self.peeked = Some(after);
                return Ok(self.own(value));
            }
        }
    }

    fn own(&mut self, value: String) -> Arg {
        self.source.owned.push(value.into_boxed_str());
        Arg::Owned(offset(self.source.owned.len() - 1))
    }

    /// Appends a quoted string's value: RFC 7950 section 6.1.3.
    fn unquote(&mut self, piece: Piece, out: &mut String) {
        let inner = &self.source.text[piece.start + 1..piece.end() - 1];
        if self.source.text.as_bytes()[piece.start] == b'\'' {
            out.push_str(inner);
            return;
        }
        // asked for where the string goes on in another line only: all strings of a long line would look back at all of it
        let indent = || {
            let line_start = self.source.text[..piece.start].rfind('\n').map_or(0, |at| at + 1);
            width(&self.source.text[line_start..=piece.start])
        };
        let indent = if inner.contains('\n') { indent() } else { 0 };
        let mut illegal = Vec::new();
        let mut lines = inner.split('\n').peekable();
        let mut at_start = true;
        let mut offset_in = piece.start + 1;
        while let Some(line) = lines.next() {
            let last = lines.peek().is_none();
            let (body, cr) = match line.strip_suffix('\r') {
                Some(body) if !last => (body, true),
                _ => (line, false),
            };
            let body = if last { body } else { body.trim_end_matches([' ', '\t']) };
            let stripped = if at_start { body.to_owned() } else { strip_indent(body, indent) };
            unescape(&stripped, out, |bad| {
                if illegal.len() < MAX_TOLERANCES {
                    illegal.push((offset_in, bad));
                }
            });
            if cr {
                out.push('\r');
            }
            if !last {
                out.push('\n');
            }
            at_start = false;
            offset_in += line.len() + 1;
        }
        for (at, bad) in illegal {
            if self.source.tolerances.len() >= MAX_TOLERANCES {
                break;
            }
            let at = self.source.location_of(at);
            let message = format!("illegal escape \"\\{bad}\" in a double-quoted string, kept as it is");
            self.source.tolerances.push(Tolerance { at, message });
        }
    }

    /// The next token that is neither white space nor a comment.
    fn next(&mut self) -> Result<Piece, ParseError> {
        if let Some(piece) = self.peeked.take() {
            return Ok(piece);
        }
        loop {
            let start = self.lexer.pos();
            if self.lexer.input_len() == 0 {
                return Ok(Piece { kind: Lexeme::End, start, len: 0 });
            }
            let (token, len) = match self.lexer.get_single_token() {
                Ok(token) => token,
                Err(error) => match self.lenient_string(start) {
                    Some(piece) => return Ok(piece),
                    None => return self.fail(start, &error.to_string()),
                },
            };
            let kind = match token {
                Token::Whitespace(_) | Token::Comment(_) => continue,
                Token::Identifier(_) => Lexeme::Word,
                Token::QuotedString(_) => Lexeme::Quoted,
                Token::PlusSign => Lexeme::Plus,
                Token::BlockBegin => Lexeme::Open,
                Token::BlockEnd => Lexeme::Close,
                Token::StatementEnd => Lexeme::Semicolon,
                Token::EndOfInput => Lexeme::End,
            };
            // a stray "*/" gives the lexer an empty word, again and again
            if len == 0 {
                return self.fail(start, "unexpected character");
            }
            return Ok(Piece { kind, start, len });
        }
    }

    /// The lexer refuses a double-quoted string with an illegal escape, which vendors' patterns have.
    fn lenient_string(&mut self, start: usize) -> Option<Piece> {
        let inner = self.source.text[start..].strip_prefix('"')?;
        let mut escaped = false;
        for (at, c) in inner.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let len = at + 2;
                    self.lexer.pos_add(len);
                    return Some(Piece { kind: Lexeme::Quoted, start, len });
                }
                _ => {}
            }
        }
        None
    }

    fn describe(&self, kind: Lexeme, piece: Piece) -> String {
        match kind {
            Lexeme::End => "end of text".to_owned(),
            _ => format!("\"{}\"", shorten(&self.source.text[piece.start..piece.end()])),
        }
    }

    fn fail<T>(&self, offset: usize, message: &str) -> Result<T, ParseError> {
        Err(ParseError { at: self.source.location_of(offset), message: message.to_owned() })
    }
}

/// Offsets fit in 32 bits: texts are limited to far less than 4 GiB.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The beginning of a text, fit for a message.
pub(crate) fn shorten(text: &str) -> String {
    /// Longest piece of a text shown in a message, in characters.
    const SHOWN: usize = 40;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// The columns a piece of a line takes, a tab counting 8.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c == '\t' { 8 } else { 1 }).sum()
}

fn strip_indent(line: &str, indent: usize) -> String {
    let mut columns = 0;
    for (at, c) in line.char_indices() {
        if columns >= indent {
            return " ".repeat(columns - indent) + &line[at..];
        }
        match c {
            ' ' => columns += 1,
            '\t' => columns += 8,
            _ => return line[at..].to_owned(),
        }
    }
    " ".repeat(columns.saturating_sub(indent))
}

fn unescape(text: &str, out: &mut String, mut illegal: impl FnMut(char)) {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('"') => out.push('"'),
            Some('\\') => out.push('\\'),
            Some(other) => {
                illegal(other);
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(text: &str) -> String {
        let source = parse("t", text, &ParseLimits::default()).unwrap();
        source.child_arg(0, Kw::Description).unwrap().to_owned()
    }

    fn error(text: &str) -> String {
        parse("t", text, &ParseLimits::default()).unwrap_err().to_string()
    }

    const HEAD: &str = "module a { namespace urn:a; prefix a; ";

    #[test]
    fn strings_are_joined_unescaped_and_stripped_of_indentation() {
        let text = format!("{HEAD}description \"one \\\"two\\\" \" + 'th\\ree' + \"\\tfour\"; }}");
        assert_eq!(description(&text), "one \"two\" th\\ree\tfour");
        let text = format!("{HEAD}\n  description \"first  \n     second\n   third\"; }}");
        // the quote stands in column 15, so up to 15 columns of indentation go
        assert_eq!(description(&text), "first\nsecond\nthird");
        let text = format!("{HEAD}\n d\u{65}scription \"a\n\t\t\tb\"; }}");
        // two tabs reach column 16, two columns further than the quote; the third is not looked at
        assert_eq!(description(&text), "a\n  \tb");
    }

    #[test]
    fn an_illegal_escape_is_kept_and_recorded() {
        let source = parse("t", &format!("{HEAD}description \"\\d+\"; }}"), &ParseLimits::default()).unwrap();
        assert_eq!(source.child_arg(0, Kw::Description), Some("\\d+"));
        assert_eq!(source.tolerances.len(), 1);
    }

    #[test]
    fn errors_say_where_and_what_was_expected() {
        assert_eq!(error("module a {\n  prefix a\n}"), "t:3:1: \"}\" where ';' or '{' was expected");
        assert_eq!(error("module a { frob x; }"), "t:1:12: unknown statement \"frob\"");
        assert!(error("module a { namespace \"urn:a; }").contains("not terminated"));
        assert!(error("module a { } x").contains("after the end"));
        assert!(error("*/").contains("unexpected character"));
        assert!(error("").contains("a statement was expected"));
        assert!(error("leaf a;").contains("module"));
    }

    #[test]
    fn depth_is_limited_without_recursion() {
        let deep = format!("{HEAD}{}", "container a {".repeat(100_000));
        assert!(error(&deep).contains("nested deeper than 128"));
    }

    #[test]
    fn a_bare_plus_is_an_argument() {
        let text = format!("{HEAD}typedef t {{ type enumeration {{ enum +; enum +b; enum c+d; }} }} }}");
        let source = parse("t", &text, &ParseLimits::default()).unwrap();
        let typedef = source.child(0, Kw::Typedef).unwrap();
        let ty = source.child(typedef, Kw::Type).unwrap();
        let names: Vec<_> = source.children(ty).map(|id| source.arg(id)).collect();
        assert_eq!(names, ["+", "+b", "c+d"]);
    }
}
