//! The little XML this crate reads and writes itself: a root's start tag, escaped text, checked fragments.

mod plain;

use std::borrow::Cow;

use crate::error::Error;

/// Bytes within which a message's root start tag must be complete.
pub(crate) const MAX_HEAD: usize = 256 * 1024;

/// Attributes and namespace declarations of one element in a tree, at most: the parser compares each with each.
const MAX_ATTRIBUTES: usize = 1024;

/// The start tag of a message's root element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StartTag<'b> {
    /// The local name.
    pub(crate) name: &'b str,
    /// The attribute `message-id`.
    pub(crate) message_id: MessageId,
    /// The offset of the first byte after the tag.
    pub(crate) end: usize,
    /// Whether the tag closes itself (`<data/>`).
    pub(crate) empty: bool,
}

/// What a reply says it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageId {
    /// No such attribute (seen from IOS-XE 17.15.1).
    Missing,
    /// A number, as this crate sends them.
    Number(u64),
    /// Something this crate never sent.
    Foreign,
}

impl MessageId {
    fn read(value: &[u8]) -> Self {
        let number = std::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok());
        number.map_or(MessageId::Foreign, MessageId::Number)
    }
}

/// U+FEFF, which may stand before a document.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads up to the end of the first start tag, skipping white space, comments and processing instructions.
/// `Ok(None)`: it is not complete yet. `Err`: this is no XML document, or it has a document type declaration.
pub(crate) fn start_tag(bytes: &[u8]) -> Result<Option<StartTag<'_>>, &'static str> {
    if bytes.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(bytes) {
        return Ok(None);
    }
    let mut at = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    loop {
        at += bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let rest = &bytes[at..];
        // From where the end may stand: `<!-->` is no whole comment, nor `<?>` an instruction.
        let skip = |end: &[u8], from: usize| {
            rest.get(from..).and_then(|rest| memchr::memmem::find(rest, end)).map(|at| from + at + end.len())
        };
        let skipped = match rest {
            [] | [b'<'] | [b'<', b'!'] | [b'<', b'!', b'-'] => None,
            [b'<', b'?', ..] => skip(b"?>", 2),
            [b'<', b'!', b'-', b'-', ..] => skip(b"-->", 4),
            [b'<', b'!', ..] => return Err("a document type declaration or CDATA before the root element"),
            [b'<', ..] => return tag_at(bytes, at),
            _ => return Err("text before the root element"),
        };
        match skipped {
            Some(length) => at += length,
            None => return Ok(None),
        }
    }
}

/// Reads the start tag whose `<` is at `at`.
fn tag_at(bytes: &[u8], at: usize) -> Result<Option<StartTag<'_>>, &'static str> {
    let until = |from, stop| until(bytes, from, stop);
    let mut here = until(at + 1, |byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'='));
    if here == bytes.len() {
        // The name may go on, after its prefix or in the middle of a character.
        return Ok(None);
    }
    let name = local_name(&bytes[at + 1..here])?;
    let mut message_id = MessageId::Missing;
    loop {
        here = until(here, |byte| !byte.is_ascii_whitespace());
        match bytes.get(here) {
            None => return Ok(None),
            Some(b'>') => {
                return Ok(Some(StartTag { name, message_id, end: here + 1, empty: false }));
            }
            Some(b'/') => match bytes.get(here + 1) {
                None => return Ok(None),
                Some(b'>') => {
                    return Ok(Some(StartTag { name, message_id, end: here + 2, empty: true }));
                }
                Some(_) => return Err("a slash in a start tag"),
            },
            Some(_) => {}
        }
        match attribute_at(bytes, here)? {
            None => return Ok(None),
            Some((name, value, end)) => {
                if name == b"message-id" {
                    message_id = MessageId::read(value);
                }
                here = end;
            }
        }
    }
}

/// The offset of the first byte from `from` on that satisfies `stop`, or the length.
fn until(bytes: &[u8], from: usize, stop: fn(u8) -> bool) -> usize {
    bytes[from..].iter().position(|&byte| stop(byte)).map_or(bytes.len(), |found| from + found)
}

/// Name, value and the offset of the end of an attribute.
pub(crate) type Attribute<'b> = (&'b [u8], &'b [u8], usize);

/// Reads the attribute at `at`; `Ok(None)` if it is not complete.
pub(crate) fn attribute_at(bytes: &[u8], at: usize) -> Result<Option<Attribute<'_>>, &'static str> {
    let name_end = until(bytes, at, |byte| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'>' | b'/'));
    let equals = until(bytes, name_end, |byte| !byte.is_ascii_whitespace());
    match bytes.get(equals) {
        None => return Ok(None),
        Some(b'=') => {}
        Some(_) => return Err("an attribute without a value"),
    }
    let quote = until(bytes, equals + 1, |byte| !byte.is_ascii_whitespace());
    let mark = match bytes.get(quote) {
        None => return Ok(None),
        Some(&mark @ (b'"' | b'\'')) => mark,
        Some(_) => return Err("an attribute without quotes"),
    };
    let value = &bytes[quote + 1..];
    Ok(memchr::memchr(mark, value)
        .map(|length| (&bytes[at..name_end], &value[..length], quote + 1 + length + 1)))
}

fn local_name(qualified: &[u8]) -> Result<&str, &'static str> {
    let local = qualified.rsplit(|&byte| byte == b':').next().unwrap_or(qualified);
    let text = std::str::from_utf8(local).map_err(|_| "an element name that is not UTF-8")?;
    if text.is_empty() { Err("an element without a name") } else { Ok(text) }
}

/// Whether all characters of `text` may stand in an XML 1.0 document.
pub(crate) fn is_xml_text(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
    })
}

/// `text` with the characters escaped that mean something in XML text and attribute values.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}

/// Appends `<name>text</name>`, escaped.
pub(crate) fn push_text_element(name: &str, text: &str, xml: &mut String) {
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
    xml.push_str(&escape(text));
    xml.push_str("</");
    xml.push_str(name);
    xml.push('>');
}

/// Checks that `fragment` is a series of whole elements with all prefixes declared, no deeper than `max_depth`, so
/// that it cannot change the meaning of what is written around it. `what` names it in the error.
pub(crate) fn check_fragment(fragment: &str, what: &'static str, max_depth: usize) -> Result<(), Error> {
    if plain::is_plain(fragment, max_depth) {
        return Ok(());
    }
    let invalid = |reason: String| Error::InvalidXml { what, reason };
    let wrapped = format!("<x>{fragment}</x>");
    let document = parse(&wrapped, max_depth + 1).map_err(invalid)?;
    if document.root_element().children().any(|node| node.is_text() && !is_blank(node.text())) {
        return Err(invalid("text outside of an element".to_owned()));
    }
    Ok(())
}

/// Whether there is exactly one element at the top of a fragment that was checked.
pub(crate) fn has_one_element(fragment: &str) -> bool {
    let wrapped = format!("<x>{fragment}</x>");
    let elements = parse(&wrapped, usize::MAX)
        .map(|document| document.root_element().children().filter(roxmltree::Node::is_element).count());
    elements == Ok(1)
}

/// Where the last end tag in `text` begins.
pub(crate) fn last_end_tag(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memrchr_iter(b'<', bytes).find(|at| bytes.get(at + 1) == Some(&b'/'))
}

/// Whether an element has more than [`MAX_ATTRIBUTES`]. Text that is no XML is left to the parser.
fn has_too_many_attributes(text: &str) -> bool {
    /// ` a=""`
    const SHORTEST: usize = 5;
    let bytes = text.as_bytes();
    let mut tags = memchr::memchr_iter(b'<', bytes).peekable();
    while let Some(tag) = tags.next() {
        if matches!(bytes.get(tag + 1), Some(b'!' | b'?')) {
            continue;
        }
        // No attribute's value may have a `<` in it.
        let end = tags.peek().copied().unwrap_or(bytes.len());
        if end - tag > MAX_ATTRIBUTES * SHORTEST && attributes(&bytes[tag..end]) > MAX_ATTRIBUTES {
            return true;
        }
    }
    false
}

/// The number of attributes in the tag at the beginning.
fn attributes(tag: &[u8]) -> usize {
    let mut here = until(tag, 0, |byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'));
    let mut count = 0;
    loop {
        here = until(tag, here, |byte| !byte.is_ascii_whitespace());
        match attribute_at(tag, here) {
            Ok(Some((_, _, end))) => (count, here) = (count + 1, end),
            _ => return count,
        }
    }
}

/// Parses a document and refuses one deeper than `max_depth` elements. Entities beyond XML's five, and document
/// type declarations, are refused by the parser.
pub(crate) fn parse(text: &str, max_depth: usize) -> Result<roxmltree::Document<'_>, String> {
    if has_too_many_attributes(text) {
        return Err(format!("an element with more than {MAX_ATTRIBUTES} attributes"));
    }
    let options = roxmltree::ParsingOptions { nodes_limit: u32::MAX, ..roxmltree::ParsingOptions::default() };
    let document =
        roxmltree::Document::parse_with_options(text, options).map_err(|error| error.to_string())?;
    let mut depth = 0usize;
    let mut node = document.root_element();
    // A walk without recursion: the input decides the depth.
    loop {
        if let Some(child) = node.first_element_child() {
            depth += 1;
            if depth >= max_depth {
                return Err(format!("elements nested deeper than {max_depth} levels"));
            }
            node = child;
            continue;
        }
        loop {
            if depth == 0 {
                return Ok(document);
            }
            if let Some(next) = node.next_sibling_element() {
                node = next;
                break;
            }
            match node.parent() {
                Some(parent) => node = parent,
                None => return Ok(document),
            }
            depth -= 1;
        }
    }
}

pub(crate) fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tag(text: &str) -> StartTag<'_> {
        start_tag(text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn an_element_with_too_many_attributes_is_no_tree() {
        let text = |count: usize, quote: char| {
            let mut text = "<r><a".to_owned();
            for number in 0..count {
                text.push_str(&format!(" a{number}\n={quote}>{quote}"));
            }
            text + "/></r>"
        };
        for quote in ['"', '\''] {
            assert!(parse(&text(MAX_ATTRIBUTES, quote), 10).is_ok());
            assert!(parse(&text(MAX_ATTRIBUTES + 1, quote), 10).unwrap_err().contains("1024 attributes"));
        }
        // Text that only looks like it.
        for around in [("", ""), ("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?a", "?>")] {
            let text = format!("<r>{}{}{}</r>", around.0, " a=\"\"".repeat(5000), around.1);
            assert!(parse(&text, 10).is_ok(), "{around:?}");
        }
    }

    #[test]
    fn the_start_tag_is_read_past_declarations_and_comments() {
        let text =
            "\u{feff} <?xml version='1.0'?>\n<!-- <a> --><nc:rpc-reply a = '>' message-id\n=\"17\" ><ok/>";
        let found = tag(text);
        assert_eq!((found.name, found.message_id, found.empty), ("rpc-reply", MessageId::Number(17), false));
        assert_eq!(&text[found.end..], "<ok/>");
        assert_eq!(tag("<a message-id='x'/>").message_id, MessageId::Foreign);
        assert_eq!(tag("<a x-message-id='1'/>").message_id, MessageId::Missing);
    }

    #[test]
    fn every_prefix_of_a_start_tag_is_incomplete() {
        let text = "<?xml version='1.0'?><!-- c --><rpc-reply xmlns='urn:x' message-id = \"17\"/>";
        let strange = "\u{feff}<?xml version='1.0'?>\n<nü:rpc-réply xmlns:nü='urn:x' message-id='17'/>";
        for text in [text, strange] {
            for end in 0..text.len() {
                let begun = &text.as_bytes()[..end];
                assert_eq!(start_tag(begun), Ok(None), "{}", String::from_utf8_lossy(begun));
            }
            assert!(tag(text).empty);
        }
    }

    #[test]
    fn what_is_no_document_is_refused() {
        assert_eq!(start_tag(b"<!--><a/>"), Ok(None));
        assert_eq!(start_tag(b"<?><a/>"), Ok(None));
        for text in ["x", "<!DOCTYPE a>", "<a b>", "<a b=c>", "< a>", "<a/b>"] {
            assert!(start_tag(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn fragments_cannot_leave_their_place() {
        let check = |text| check_fragment(text, "config", 10);
        assert!(check("<a xmlns='urn:a'><b>&lt;</b></a><c/>").is_ok());
        assert!(check("").is_ok());
        for text in [
            "<a>",
            "</x><x>",
            "<a b:c='1'/>",
            "text",
            "<!DOCTYPE a><a/>",
            "<a>&amp</a>",
            "<a>\u{1}</a>",
            "&x;",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_end_tag_is_found_past_what_is_none() {
        assert_eq!(last_end_tag("<a><b/></a> <!-- x --> <c/>"), Some(7));
        assert_eq!(last_end_tag("<a/><"), None);
    }

    #[test]
    fn depth_is_limited() {
        let nested = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
        assert!(parse(&nested(10), 10).is_ok());
        assert!(parse(&nested(11), 10).is_err());
        assert!(parse(&format!("<r>{}{}</r>", nested(9), nested(9)), 10).is_ok());
        assert!(parse(&format!("<r>{}{}</r>", nested(9), nested(10)), 10).is_err());
        assert!(parse(&nested(100_000), 512).is_err());
    }

    proptest! {
        #[test]
        fn escaped_text_stays_text(text in "[ -~äöü€\\t\\n]*") {
            let mut xml = String::new();
            push_text_element("a", &text, &mut xml);
            let document = parse(&xml, 5).unwrap();
            prop_assert_eq!(document.root_element().text().unwrap_or(""), text);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = start_tag(&bytes);
        }
    }
}
