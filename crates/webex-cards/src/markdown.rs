//! Foreign text in the Markdown of messages.
//!
//! A message's `markdown` is read by Webex: `<@all>` pings a whole space, `[x](y)` hides where a link goes, a line that begins with
//! `#` shouts. [`escape`] turns any text into Markdown that shows exactly that text.

/// Most bytes of a message's text (Webex messaging API, `POST /messages`).
pub const MAX_MESSAGE_BYTES: usize = 7439;

/// Stands where characters that cannot be seen, or that turn the reading direction, were.
pub(crate) const HIDDEN: char = '\u{FFFD}';
/// Joins words without being seen; put between two signs, it keeps them from being read as one.
pub(crate) const JOINER: char = '\u{2060}';
/// The signs that Markdown reads.
const MARKS: &str = r"\`*_{}[]()#+-!|~$=^<>";
/// Shows that a text was cut.
const ELLIPSIS: char = '…';

/// Turns a foreign text into Markdown of a message that shows it as it is, on one line, cut after `max_chars` characters.
///
/// ```
/// let hostile = "**ok** <@all> [safe](https://evil.example)";
/// let escaped = webex_cards::markdown::escape(hostile, 200);
/// assert!(!escaped.contains("<@"));
/// assert!(escaped.starts_with(r"\*\*ok\*\*"));
/// ```
#[must_use]
pub fn escape(foreign: &str, max_chars: usize) -> String {
    let clean = clean(foreign, max_chars);
    let mut out = String::with_capacity(clean.len() * 2);
    for (index, sign) in clean.char_indices() {
        match sign {
            // Mentions are looked for before Markdown is read, so a backslash is not enough here.
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            _ => push_escaped(&mut out, sign),
        }
        if breaks_after(&clean, index, sign) {
            out.push(JOINER);
        }
    }
    out
}

/// Cuts a text to at most `max_bytes` bytes, on a character boundary and not within an escape, and marks the cut with `…`.
#[must_use]
pub fn cut(text: &str, max_bytes: usize) -> String {
    if text.len() <= max_bytes {
        return text.to_owned();
    }
    let mut end = max_bytes.saturating_sub(ELLIPSIS.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut kept = &text[..end];
    // An odd number of backslashes at the end would escape what follows.
    let backslashes = kept.len() - kept.trim_end_matches('\\').len();
    if backslashes % 2 == 1 {
        kept = &kept[..kept.len() - 1];
    }
    let mut out = kept.to_owned();
    if out.len() + ELLIPSIS.len_utf8() <= max_bytes {
        out.push(ELLIPSIS);
    }
    out
}

/// One line, no control characters, nothing that hides or turns text; cut after `max_chars` characters.
pub(crate) fn clean(foreign: &str, max_chars: usize) -> String {
    let signs = foreign.chars().filter_map(|sign| match sign {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' | '\u{85}' => Some(' '),
        _ if sign.is_control() => None,
        _ if hides(sign) => Some(HIDDEN),
        _ => Some(sign),
    });
    let mut out = String::new();
    let mut count = 0;
    for sign in signs {
        if sign == ' ' && (out.is_empty() || out.ends_with(' ')) {
            continue;
        }
        if count == max_chars {
            if sign != ' ' {
                out.pop();
                out.push(ELLIPSIS);
            }
            break;
        }
        out.push(sign);
        count += 1;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Zero-width, blank, direction-turning and tag characters: what is shown would not be what is there.
fn hides(sign: char) -> bool {
    matches!(sign,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}' | '\u{200B}' | '\u{200C}' | '\u{200E}' | '\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}')
}

/// Appends a sign, with a backslash before it if Markdown would read it there.
pub(crate) fn push_escaped(out: &mut String, sign: char) {
    if MARKS.contains(sign) && needs_backslash(out, sign) {
        out.push('\\');
    }
    out.push(sign);
}

/// `-`, `+`, `=`, `>` and `#` mean something only at the start of a line or next to themselves; elsewhere they stay as they are,
/// so that `sw-branch-07` can be read in clients that show Markdown as it is written.
fn needs_backslash(out: &str, sign: char) -> bool {
    match sign {
        '-' | '+' | '=' | '#' | '>' => out.is_empty() || out.ends_with(sign),
        _ => true,
    }
}

/// Whether a joiner has to follow the sign at `index`, so that no address, template or mention is recognised.
pub(crate) fn breaks_after(clean: &str, index: usize, sign: char) -> bool {
    let rest = &clean[index + sign.len_utf8()..];
    match sign {
        // `https://…`: clients turn it into a link by themselves.
        ':' => rest.starts_with("//") || ends_with_scheme(&clean[..index]),
        // `www.example.net`
        'w' | 'W' => rest.starts_with('.') && clean[..index].to_ascii_lowercase().ends_with("ww"),
        // `{{DATE(…)}}`, `${…}`
        '{' => rest.starts_with('{'),
        '$' => rest.starts_with('{'),
        // `<@all>`
        '<' => rest.starts_with('@'),
        // `1. item` at the start of the line would become a list.
        '0'..='9' => {
            let mut after = rest.chars();
            matches!(after.next(), Some('.' | ')'))
                && matches!(after.next(), None | Some(' '))
                && clean[..index].chars().all(|sign| sign.is_ascii_digit())
        }
        _ => false,
    }
}

fn ends_with_scheme(before: &str) -> bool {
    let lower = before.to_ascii_lowercase();
    ["javascript", "data", "mailto", "tel", "file", "vbscript"].iter().any(|scheme| lower.ends_with(scheme))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mentions_links_and_headings_are_only_text() {
        assert_eq!(escape("<@all>", 99), format!("&lt;{JOINER}@all&gt;"));
        assert_eq!(escape("[a](b)", 99), r"\[a\]\(b\)");
        assert_eq!(escape("# big", 99), r"\# big");
        assert_eq!(escape("- item", 99), r"\- item");
        assert_eq!(escape("1. item", 99), format!("1{JOINER}. item"));
        assert_eq!(escape("a\n# b", 99), "a # b");
        assert_eq!(escape("https://x.example", 99), format!("https:{JOINER}//x.example"));
        assert_eq!(escape("www.x.example", 99), format!("www{JOINER}.x.example"));
        assert_eq!(escape("a & b &lt;", 99), "a &amp; b &amp;lt;");
        assert_eq!(escape("sw-branch-07 GigabitEthernet1/0/5", 99), "sw-branch-07 GigabitEthernet1/0/5");
    }

    #[test]
    fn hidden_characters_become_visible_and_controls_go() {
        assert_eq!(escape("a\u{202E}b\u{0}c\u{1b}[31m", 99), "a\u{FFFD}bc\\[31m");
        assert_eq!(escape("  a \r\n\t b  ", 99), "a b");
        for blank in ['\u{34F}', '\u{115F}', '\u{2800}', '\u{3164}', '\u{FFA0}', '\u{200B}'] {
            assert_eq!(escape(&format!("a{blank}b"), 99), "a\u{FFFD}b", "{blank:?}");
        }
        assert_eq!(
            escape("👩\u{200D}🔧 ok\u{FE0F}", 99),
            "👩\u{200D}🔧 ok\u{FE0F}",
            "a joined sign is one that is seen"
        );
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(escape("abcdef", 6), "abcdef");
        assert_eq!(escape("abcdefg", 6), "abcde…");
        assert_eq!(escape("abcdef ", 6), "abcdef");
    }

    #[test]
    fn a_cut_never_leaves_half_a_character_or_half_an_escape() {
        assert_eq!(cut("äöü", 4), "…", "three bytes for the mark leave one, which is half an umlaut");
        assert_eq!(cut(r"abc\*def", 7), "abc…", "the backslash went with its star");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 2), "", "no room for the mark");
    }

    /// What CommonMark would show for an escaped text.
    fn shown(markdown: &str) -> String {
        let mut out = String::new();
        let mut signs =
            markdown.replace(JOINER, "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        signs = signs.replace("\\\\", "\u{1}");
        for sign in signs.chars() {
            if sign != '\\' {
                out.push(if sign == '\u{1}' { '\\' } else { sign });
            }
        }
        out
    }

    proptest! {
        #[test]
        fn what_is_shown_is_what_was_there(text in "\\PC{0,60}") {
            prop_assume!(!text.contains("&lt;") && !text.contains("&gt;") && !text.contains("&amp;"));
            prop_assert_eq!(shown(&escape(&text, 1000)), clean(&text, 1000));
        }

        #[test]
        fn no_mention_template_or_address_survives(text in "(<@|\\{\\{|\\$\\{|https?://|WWW\\.|javascript:|[a-z<>@{}$:/. \n\u{0}-\u{1f}]){0,20}") {
            let escaped = escape(&text, 1000);
            for bad in ["<", ">", "{{", "${", "://", "www.", "javascript:a", "\n", "\u{1b}"] {
                prop_assert!(!escaped.to_ascii_lowercase().contains(bad), "{:?} in {:?}", bad, escaped);
            }
        }

        #[test]
        fn a_cut_text_fits(text in "\\PC*", max in 0_usize..80) {
            let short = cut(&text, max);
            prop_assert!(short.len() <= max);
            prop_assert!(short.len() <= text.len());
        }

        #[test]
        fn an_escaped_text_has_a_bounded_length(text in "\\PC*", max in 1_usize..50) {
            prop_assert!(clean(&text, max).chars().count() <= max);
        }
    }
}
