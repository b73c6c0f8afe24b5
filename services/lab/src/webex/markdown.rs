//! Just enough Markdown to show messages and cards, as pieces of text that a page escapes; and the mentions in it.

/// A piece of text in one style.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) strong: bool,
    pub(super) em: bool,
    pub(super) code: bool,
    /// Where a link goes; http or https only.
    pub(super) link: Option<String>,
    pub(super) mention: Option<Mention>,
}

/// Who is mentioned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mention {
    /// `<@all>`
    All,
    /// `<@personId:…|…>`
    Id(String),
    /// `<@personEmail:…|…>`
    Email(String),
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) bullet: bool,
    pub(super) spans: Vec<Span>,
}

/// The lines of a Markdown text. Mentions are looked for in messages, not on cards.
pub(super) fn lines(markdown: &str, mentions: bool) -> Vec<Line> {
    markdown.lines().filter(|line| !line.trim().is_empty()).map(|line| read_line(line, mentions)).collect()
}

/// What is read without any styles.
pub(super) fn plain(lines: &[Line]) -> String {
    let text = |line: &Line| line.spans.iter().map(|span| span.text.as_str()).collect::<String>();
    lines.iter().map(text).collect::<Vec<_>>().join("\n")
}

fn read_line(line: &str, mentions: bool) -> Line {
    let trimmed = line.trim_start();
    let after_signs = trimmed.trim_start_matches('#');
    if let Some(heading) = after_signs.strip_prefix(' ').filter(|_| after_signs.len() < trimmed.len()) {
        let mut spans = spans(heading, mentions);
        spans.iter_mut().for_each(|span| span.strong = true);
        return Line { bullet: false, spans };
    }
    let item = ["- ", "* ", "+ "].iter().find_map(|mark| trimmed.strip_prefix(mark));
    Line { bullet: item.is_some(), spans: spans(item.unwrap_or(trimmed), mentions) }
}

struct Reader<'a> {
    rest: &'a str,
    out: Vec<Span>,
    style: Span,
}

/// The pieces of one line.
pub(super) fn spans(text: &str, mentions: bool) -> Vec<Span> {
    let mut reader = Reader { rest: text, out: Vec::new(), style: Span::default() };
    while let Some(sign) = reader.rest.chars().next() {
        let taken = (mentions && reader.mention()) || reader.special(sign);
        if !taken {
            reader.push(sign);
            reader.skip(sign.len_utf8());
        }
    }
    reader.out
}

impl Reader<'_> {
    fn push(&mut self, sign: char) {
        match self.out.last_mut() {
            Some(last)
                if last.link.is_none()
                    && last.mention.is_none()
                    && !last.code
                    && same_style(last, &self.style) =>
            {
                last.text.push(sign);
            }
            _ => self.out.push(Span { text: sign.to_string(), ..self.style.clone() }),
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    /// `<@…>`, also behind a backslash: Webex looks for mentions before it reads Markdown.
    fn mention(&mut self) -> bool {
        let after = self.rest.strip_prefix('\\').unwrap_or(self.rest);
        let Some((inside, _)) = after.strip_prefix("<@").and_then(|rest| rest.split_once('>')) else {
            return false;
        };
        let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
        let mention = if target.eq_ignore_ascii_case("all") {
            Mention::All
        } else if let Some(id) = target.strip_prefix("personId:") {
            Mention::Id(id.to_owned())
        } else if let Some(email) = target.strip_prefix("personEmail:") {
            Mention::Email(email.to_owned())
        } else {
            return false;
        };
        let text = if mention == Mention::All { "All".to_owned() } else { label.to_owned() };
        let skipped = self.rest.len() - after.len() + inside.len() + 3;
        self.out.push(Span { text, mention: Some(mention), ..self.style.clone() });
        self.skip(skipped);
        true
    }

    fn special(&mut self, sign: char) -> bool {
        match sign {
            '\\' => self.escape(),
            '&' => self.entity(),
            '`' => self.code(),
            '[' => self.link(),
            '*' if self.rest.starts_with("**") => self.toggle("**"),
            '*' => self.toggle("*"),
            '_' => self.toggle("_"),
            _ => false,
        }
    }

    fn escape(&mut self) -> bool {
        let Some(next) = self.rest[1..].chars().next().filter(char::is_ascii_punctuation) else {
            return false;
        };
        self.push(next);
        self.skip(2);
        true
    }

    fn entity(&mut self) -> bool {
        let known = [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"'), ("&#39;", '\'')];
        let Some((name, sign)) = known.into_iter().find(|(name, _)| self.rest.starts_with(name)) else {
            return false;
        };
        self.push(sign);
        self.skip(name.len());
        true
    }

    fn code(&mut self) -> bool {
        let Some((inside, _)) = self.rest[1..].split_once('`').filter(|(inside, _)| !inside.is_empty())
        else {
            return false;
        };
        let bytes = inside.len() + 2;
        self.out.push(Span { text: inside.to_owned(), code: true, ..self.style.clone() });
        self.skip(bytes);
        true
    }

    fn link(&mut self) -> bool {
        let Some((label, after)) = self.rest[1..].split_once("](") else {
            return false;
        };
        let Some((target, _)) = after.split_once(')') else {
            return false;
        };
        if label.contains(['\\', '[', ']']) || !is_web(target) {
            return false;
        }
        let bytes = label.len() + target.len() + 4;
        self.out.push(Span { text: label.to_owned(), link: Some(target.to_owned()), ..self.style.clone() });
        self.skip(bytes);
        true
    }

    fn toggle(&mut self, mark: &str) -> bool {
        let strong = mark == "**";
        let on = if strong { self.style.strong } else { self.style.em };
        let after = &self.rest[mark.len()..];
        let in_word =
            mark == "_" && self.out.last().is_some_and(|span| span.text.ends_with(char::is_alphanumeric));
        // A mark that nothing closes is only a sign, as is one before a space.
        if !on && (in_word || after.starts_with(' ') || !closes(after, mark)) {
            return false;
        }
        if strong {
            self.style.strong = !on
        } else {
            self.style.em = !on
        };
        self.skip(mark.len());
        true
    }
}

fn same_style(one: &Span, other: &Span) -> bool {
    (one.strong, one.em) == (other.strong, other.em)
}

fn closes(rest: &str, mark: &str) -> bool {
    rest.match_indices(mark).any(|(at, _)| at > 0 && !rest[..at].ends_with(['\\', ' ']))
}

/// Whether a link may be shown as one.
pub(super) fn is_web(target: &str) -> bool {
    target.starts_with("https://") || target.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let show = |span: &Span| {
            let mut out = span.text.clone();
            for (on, mark) in [
                (span.strong, "B"),
                (span.em, "I"),
                (span.code, "C"),
                (span.link.is_some(), "L"),
                (span.mention.is_some(), "M"),
            ] {
                if on {
                    out = format!("{mark}<{out}>");
                }
            }
            out
        };
        spans(text, true).iter().map(show).collect()
    }

    #[test]
    fn styles_links_and_code_are_read() {
        assert_eq!(shown("a **b** *c* _d_ `e`"), "a B<b> I<c> I<d> C<e>");
        assert_eq!(shown("[x](https://y.example)"), "L<x>");
        assert_eq!(shown("[x](javascript:alert(1))"), "[x](javascript:alert(1))");
        assert_eq!(shown("2 * 3 ** 4"), "2 * 3 ** 4");
        assert_eq!(shown("snake_case_name"), "snake_case_name");
    }

    #[test]
    fn escapes_and_entities_are_only_signs() {
        assert_eq!(shown(r"\*\*a\*\* \[x\]\(y\)"), "**a** [x](y)");
        assert_eq!(shown("&lt;@all&gt; &amp;lt;"), "<@all> &lt;");
    }

    #[test]
    fn mentions_are_found_even_behind_a_backslash() {
        assert_eq!(shown(r"hi \<@all>"), "hi M<All>");
        assert_eq!(shown("<@personEmail:a@b.example|Al>!"), "M<Al>!");
        assert_eq!(shown("<@x>"), "<@x>");
        assert_eq!(spans("<@all>", false)[0].mention, None);
    }

    #[test]
    fn lines_have_headings_and_bullets() {
        let read = lines("# T\n\n- a\nb", false);
        assert_eq!(read.iter().map(|line| line.bullet).collect::<Vec<_>>(), [false, true, false]);
        assert!(read[0].spans[0].strong);
        assert_eq!(plain(&read), "T\na\nb");
    }
}
