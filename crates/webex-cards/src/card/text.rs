//! Text that may stand on a card.

use std::fmt;

use serde::Serialize;

use crate::markdown::{breaks_after, clean, push_escaped};

/// Text that shows on a card as it is: no Markdown, template, mention or link in it takes effect.
///
/// Made from literals of the program (trusted, so Markdown in them works), or from foreign text by [`PlainText::from_foreign`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PlainText(String);

impl PlainText {
    /// Neutralises a foreign text: escapes Markdown, breaks `{{`, `${`, mentions and addresses with a word joiner, puts it on one line,
    /// drops control characters, shows U+FFFD for characters that hide or turn text, and cuts after `max_chars` characters.
    ///
    /// ```
    /// use webex_cards::PlainText;
    ///
    /// let text = PlainText::from_foreign("**approved** {{DATE(2026-01-01)}}", 100);
    /// assert!(!text.as_str().contains("{{"));
    /// assert!(text.as_str().starts_with(r"\*\*approved"));
    /// ```
    #[must_use]
    pub fn from_foreign(foreign: &str, max_chars: usize) -> Self {
        let clean = clean(foreign, max_chars);
        let mut out = String::with_capacity(clean.len() + 8);
        for (index, sign) in clean.char_indices() {
            if sign == '&' {
                // An entity would be shown as the sign it names.
                out.push('\\');
            }
            push_escaped(&mut out, sign);
            if breaks_after(&clean, index, sign) {
                out.push(crate::markdown::JOINER);
            }
        }
        Self(out)
    }

    /// Puts this and that together.
    #[must_use]
    pub fn then(mut self, next: impl Into<Self>) -> Self {
        self.0.push_str(&next.into().0);
        self
    }

    /// As it stands on the card.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for PlainText {
    fn from(literal: &'static str) -> Self {
        Self(literal.to_owned())
    }
}

impl From<u64> for PlainText {
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl fmt::Display for PlainText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::markdown::JOINER;

    fn foreign(text: &str) -> String {
        PlainText::from_foreign(text, 500).0
    }

    #[test]
    fn templates_mentions_and_links_take_no_effect() {
        assert_eq!(foreign("${secret}"), format!(r"\${JOINER}\{{secret\}}"));
        assert_eq!(foreign("{{DATE(x)}}"), format!(r"\{{{JOINER}\{{DATE\(x\)\}}\}}"));
        assert_eq!(foreign("<@all>"), format!(r"\<{JOINER}@all>"));
        assert_eq!(foreign("[x](http://e.example)"), format!(r"\[x\]\(http:{JOINER}//e.example\)"));
        assert_eq!(foreign("&#42;"), r"\&#42;");
        assert_eq!(foreign("> quoted <a@b.example>"), r"\> quoted \<a@b.example>");
    }

    #[test]
    fn an_ordinary_value_stays_readable() {
        for text in [
            "GigabitEthernet1/0/5",
            "Configured from the ticket system",
            "198.51.100.7/24",
            "lead@example.net",
            "10:30",
        ] {
            assert_eq!(foreign(text), text);
        }
    }

    #[test]
    fn parts_are_put_together() {
        let text = PlainText::from("Change ").then(PlainText::from_foreign("*7*", 9)).then(" of ").then(8);
        assert_eq!(text.as_str(), r"Change \*7\* of 8");
    }

    proptest! {
        #[test]
        fn no_hostile_sequence_survives(text in "(<@|\\{\\{|\\$\\{|https?://|www\\.|[a-z<>@{}$:/.*_\\[\\]() \n\u{0}-\u{1f}\u{202e}]){0,20}") {
            let out = foreign(&text);
            for bad in ["<@", "{{", "${", "://", "www.", "](", "**", "__", "\n", "\u{202e}"] {
                prop_assert!(!out.contains(bad), "{:?} in {:?}", bad, out);
            }
            prop_assert!(!out.chars().any(char::is_control));
        }

        #[test]
        fn every_markdown_sign_has_its_backslash(text in "[\\\\`*_\\[\\]()!|~{}a ]{0,30}") {
            let out = foreign(&text).replace(JOINER, "");
            let mut signs = out.chars();
            while let Some(sign) = signs.next() {
                if sign == '\\' {
                    prop_assert!(signs.next().is_some());
                } else {
                    prop_assert!(sign == 'a' || sign == ' ', "{:?} in {:?}", sign, out);
                }
            }
        }
    }
}
