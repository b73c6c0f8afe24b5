//! Most fragments that callers give are plain: nested elements of ASCII with at most one attribute each. They are recognised
//! without a tree, which saves most of what a small call costs on this side. Whatever is not plain goes to the parser.

/// Levels of elements in a plain fragment, at most.
const MAX_LEVELS: usize = 16;

/// Whether `fragment` is plain, and so a series of whole elements no deeper than `max_depth`. A `false` means nothing.
pub(super) fn is_plain(fragment: &str, max_depth: usize) -> bool {
    Plain { rest: fragment.as_bytes(), open: [b""; MAX_LEVELS], depth: 0 }.holds(max_depth).is_some()
}

struct Plain<'f> {
    rest: &'f [u8],
    /// The names of the elements that are open; the first `depth` of them count.
    open: [&'f [u8]; MAX_LEVELS],
    depth: usize,
}

impl<'f> Plain<'f> {
    /// `None` as soon as something is not plain.
    fn holds(&mut self, max_depth: usize) -> Option<()> {
        while let Some(text) = self.until(|byte| byte == b'<') {
            let inside = self.depth > 0;
            if !text.iter().all(|&byte| is_white(byte) || (inside && is_plain_text(byte))) {
                return None;
            }
            self.skip(b"<")?;
            if self.skip(b"/").is_some() {
                self.depth = self.depth.checked_sub(1)?;
                let name = self.open[self.depth];
                self.skip(name)?;
                self.skip(b">")?;
            } else {
                self.start_tag(max_depth)?;
            }
        }
        let blank = self.rest.iter().all(|&byte| is_white(byte));
        (blank && self.depth == 0).then_some(())
    }

    /// What follows the `<` of a start tag.
    fn start_tag(&mut self, max_depth: usize) -> Option<()> {
        let name = self.name()?;
        if self.skip(b" ").is_some() {
            self.name()?;
            self.skip(b"=\"")?;
            let value = self.until(|byte| byte == b'"')?;
            self.skip(b"\"")?;
            // The W3C's namespaces are reserved.
            if !value.iter().all(|&byte| is_plain_text(byte)) || value.starts_with(b"http://www.w3.org/") {
                return None;
            }
        }
        let empty = self.skip(b"/").is_some();
        self.skip(b">")?;
        if self.depth >= max_depth {
            return None;
        }
        if !empty {
            *self.open.get_mut(self.depth)? = name;
            self.depth += 1;
        }
        Some(())
    }

    /// A name without a prefix.
    fn name(&mut self) -> Option<&'f [u8]> {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let name = self.until(|byte| !inner(byte))?;
        let first = *name.first()?;
        (first.is_ascii_alphabetic() || first == b'_').then_some(name)
    }

    /// Takes what stands before the first byte that satisfies `stop`; `None` if there is no such byte.
    fn until(&mut self, stop: impl Fn(u8) -> bool) -> Option<&'f [u8]> {
        let length = self.rest.iter().position(|&byte| stop(byte))?;
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(taken)
    }

    fn skip(&mut self, expected: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }
}

/// White space as XML has it.
fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Bytes that mean nothing but themselves wherever text may stand.
fn is_plain_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' if !matches!(byte, b'<' | b'>' | b'&'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_fragments_are_told_from_others() {
        for text in ["", " \n", "<a/>", "<a xmlns=\"urn:a\"><b-1>x y</b-1>\n<c/></a><d></d>"] {
            assert!(is_plain(text, 2), "{text}");
        }
        for text in [
            "x",
            "<a>",
            "</a>",
            "<a></b>",
            "<a></ab>",
            "<a/ >",
            "<1a/>",
            "<x:a/>",
            "<a b='1'/>",
            "<a b=\"1\" b=\"1\"/>",
            "<a>&x;</a>",
            "<a>ä</a>",
            "<a>\u{1}</a>",
            "<a>\u{c}</a>",
            "<!-- --><a/>",
            "<a/>x",
            "<a xmlns=\"http://www.w3.org/2000/xmlns/\"/>",
            "<a><b><c/></b></a>",
        ] {
            assert!(!is_plain(text, 2), "{text}");
        }
        let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
        assert!(is_plain(&deep(MAX_LEVELS), 512) && !is_plain(&deep(MAX_LEVELS + 1), 512));
    }

    proptest! {
        /// What is plain must be what the parser accepts too.
        #[test]
        fn the_parser_accepts_whatever_is_plain(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "<a>", "</a>", "<b>", "</b>", "<a/>", "<a xmlns=\"urn:a\">", "<a b=\"\"/>", "<", ">", "/", "\"", "'", "=", " ", "a", "\n",
                    "]]>", "&lt;", "&", ":", "<!--", "-->", "<?a?>", "\0", "\u{c}", "ä", "xmlns", "-", "1",
                ]),
                0..14,
            ),
            max_depth in 0usize..4,
        ) {
            let text = parts.concat();
            if is_plain(&text, max_depth) {
                let wrapped = format!("<x>{text}</x>");
                let document = super::super::parse(&wrapped, max_depth + 1);
                prop_assert!(document.is_ok(), "{text}: {document:?}");
                let outside = document.unwrap().root_element().children().any(|node| {
                    node.is_text() && !super::super::is_blank(node.text())
                });
                prop_assert!(!outside, "{text}");
            }
        }
    }
}
