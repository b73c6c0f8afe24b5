//! Finds the entries of a list in a reply that comes in pieces, holding one entry at a time.

use std::collections::HashSet;

use bytes::BytesMut;

use crate::xml;

/// What an entry's way down from `<rpc-reply>` looks like: (namespace, local name), the entry itself last.
pub(super) type Path = Vec<(String, String)>;

/// Something found in a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// An element at the path, complete in itself: prefixes declared around it are declared on it.
    Entry(String),
    /// An `<rpc-error>` of the reply.
    RpcError(String),
}

/// An open element.
struct Open {
    /// The name as in its tags.
    name: Vec<u8>,
    /// How many bindings there were before its own.
    bindings: usize,
    /// Whether it and all around it are on the path.
    on_path: bool,
}

/// An element that is being collected.
struct Capture {
    text: Vec<u8>,
    /// The level at which it stands.
    level: usize,
    is_error: bool,
}

pub(super) struct Scanner {
    path: Path,
    max_depth: usize,
    max_entry: usize,
    input: BytesMut,
    open: Vec<Open>,
    /// Prefix (empty for the default) and namespace, of all open elements.
    bindings: Vec<(Vec<u8>, Vec<u8>)>,
    capture: Option<Capture>,
    root_seen: bool,
    /// Bytes of text outside of the root element so far.
    outside: usize,
    found: Option<Found>,
    /// How far the token at the beginning of the input was searched for its end.
    searched: Searched,
    /// Why the reply cannot be read on.
    broken: Option<String>,
}

/// Namespace declarations in force at one place, at most: all of them are declared on each entry.
const MAX_BINDINGS: usize = 1024;

const TEXT_OUTSIDE: &str = "text outside of the root element";

/// What some writers put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

type Scan<T> = Result<T, String>;

impl Scanner {
    pub(super) fn new(path: Path, max_depth: usize, max_entry: usize) -> Self {
        Scanner {
            path,
            max_depth,
            max_entry,
            input: BytesMut::new(),
            open: Vec::new(),
            bindings: Vec::new(),
            capture: None,
            root_seen: false,
            outside: 0,
            found: None,
            searched: Searched::default(),
            broken: None,
        }
    }

    pub(super) fn set_max_entry(&mut self, bytes: usize) {
        self.max_entry = bytes;
    }

    /// Takes the next bytes in; they are looked at when they are asked for.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// What is found next in the bytes so far; `None` until more come. After an error it stays with it.
    pub(super) fn next(&mut self) -> Scan<Option<Found>> {
        if let Some(reason) = &self.broken {
            return Err(reason.clone());
        }
        self.search().inspect_err(|reason| self.broken = Some(reason.clone()))
    }

    fn search(&mut self) -> Scan<Option<Found>> {
        while let Some(length) = token(&self.input, &mut self.searched)? {
            let token = self.input.split_to(length);
            self.searched = Searched::default();
            self.take(&token)?;
            self.limit(0)?;
            if let Some(found) = self.found.take() {
                return Ok(Some(found));
            }
        }
        self.limit(self.input.len())?;
        Ok(None)
    }

    fn limit(&self, beside: usize) -> Scan<()> {
        let held = beside + self.capture.as_ref().map_or(0, |capture| capture.text.len());
        if held > self.max_entry {
            return Err(format!(
                "an entry, or a part of the reply beside them, has more than {} bytes",
                self.max_entry
            ));
        }
        Ok(())
    }

    /// Says that the message is over.
    pub(super) fn finish(&mut self) -> Scan<()> {
        if self.root_seen && self.open.is_empty() && self.input.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        Err(self.break_off("the reply ends in the middle".to_owned()))
    }

    /// Reads no further: from now on this is what it says.
    pub(super) fn break_off(&mut self, reason: String) -> String {
        self.broken = Some(reason.clone());
        reason
    }

    fn take(&mut self, token: &[u8]) -> Scan<()> {
        match token {
            [b'<', b'/', name @ .., b'>'] => self.close(name.trim_ascii_end(), token),
            [b'<', b'!' | b'?', ..] => {
                if token.starts_with(b"<![CDATA[") && self.open.is_empty() {
                    return Err(TEXT_OUTSIDE.to_owned());
                }
                self.keep(token);
                Ok(())
            }
            [b'<', ..] => self.open(token),
            text => {
                if self.open.is_empty() && !self.may_stand_outside(text) {
                    return Err(TEXT_OUTSIDE.to_owned());
                }
                self.keep(text);
                Ok(())
            }
        }
    }

    /// Whether this is white space, or what is left of a byte order mark that the reply begins with.
    fn may_stand_outside(&mut self, text: &[u8]) -> bool {
        let first = if self.root_seen { BYTE_ORDER_MARK.len() } else { self.outside };
        self.outside += text.len();
        let mark = BYTE_ORDER_MARK.get(first..).unwrap_or_default();
        let rest = &text[text.iter().zip(mark).take_while(|(byte, mark)| byte == mark).count()..];
        rest.iter().all(u8::is_ascii_whitespace)
    }

    fn keep(&mut self, token: &[u8]) {
        if let Some(capture) = &mut self.capture {
            capture.text.extend_from_slice(token);
        }
    }

    fn open(&mut self, tag: &[u8]) -> Scan<()> {
        if self.open.is_empty() && std::mem::replace(&mut self.root_seen, true) {
            return Err("a second root element".to_owned());
        }
        if self.open.len() >= self.max_depth {
            return Err(format!("elements nested deeper than {} levels", self.max_depth));
        }
        let parts = Parts::of(tag)?;
        let bindings = self.bindings.len();
        self.bindings.extend(parts.bindings);
        if self.bindings.len() > bindings {
            let sizes = self.bindings.iter().map(|(prefix, namespace)| prefix.len() + namespace.len());
            if self.bindings.len() > MAX_BINDINGS || sizes.sum::<usize>() > self.max_entry {
                return Err("too many namespace declarations".to_owned());
            }
        }
        if parts.name.contains(&b':') && self.namespace(parts.name).is_none() {
            return Err(format!("the prefix of {} is not declared", String::from_utf8_lossy(parts.name)));
        }
        let level = self.open.len();
        let on_path = self.on_path(level, parts.name);
        if self.capture.is_some() {
            self.keep(tag);
        } else {
            let is_error = level == 1 && local(parts.name) == b"rpc-error";
            if is_error || (on_path && level == self.path.len()) {
                let text = self.complete(tag, parts.name, bindings);
                self.capture = Some(Capture { text, level, is_error });
            }
        }
        let name = parts.name.to_vec();
        self.open.push(Open { name: name.clone(), bindings, on_path });
        if parts.empty { self.end(&name) } else { Ok(()) }
    }

    fn close(&mut self, name: &[u8], tag: &[u8]) -> Scan<()> {
        self.keep(tag);
        self.end(name)
    }

    fn end(&mut self, name: &[u8]) -> Scan<()> {
        let open = self.open.pop().filter(|open| open.name == name);
        let open =
            open.ok_or_else(|| format!("an end tag {} without its start", String::from_utf8_lossy(name)))?;
        self.bindings.truncate(open.bindings);
        if let Some(capture) = self.capture.take_if(|capture| capture.level == self.open.len()) {
            let text = String::from_utf8(capture.text).map_err(|_| "it is not UTF-8".to_owned())?;
            self.found = Some(if capture.is_error { Found::RpcError(text) } else { Found::Entry(text) });
        }
        Ok(())
    }

    /// Whether an element at `level` with this name continues the path; `<rpc-reply>` is level 0.
    fn on_path(&self, level: usize, name: &[u8]) -> bool {
        if level == 0 {
            return true;
        }
        let parent = self.open.last().is_some_and(|open| open.on_path);
        let Some((namespace, wanted)) = self.path.get(level - 1).filter(|_| parent) else { return false };
        local(name) == wanted.as_bytes() && same_namespace(self.namespace(name).unwrap_or(b""), namespace)
    }

    fn namespace(&self, name: &[u8]) -> Option<&[u8]> {
        let prefix = name.iter().position(|byte| *byte == b':').map_or(&name[..0], |at| &name[..at]);
        let binding = self.bindings.iter().rev().find(|(bound, _)| bound == prefix);
        binding.map(|(_, namespace)| namespace.as_slice())
    }

    /// The start tag with all bindings in force declared on it; `own` is where its own begin.
    fn complete(&self, tag: &[u8], name: &[u8], own: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(tag.len() + 64);
        text.extend_from_slice(&tag[..1 + name.len()]);
        let mut declared: HashSet<&[u8]> =
            self.bindings[own..].iter().map(|(prefix, _)| prefix.as_slice()).collect();
        for (prefix, namespace) in self.bindings[..own].iter().rev() {
            if !declared.insert(prefix) {
                continue;
            }
            text.extend_from_slice(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
            text.extend_from_slice(prefix);
            // As it stood between its own quotes: it may contain the other kind.
            let quote = if namespace.contains(&b'"') { b'\'' } else { b'"' };
            text.extend_from_slice(&[b'=', quote]);
            text.extend_from_slice(namespace);
            text.push(quote);
        }
        text.extend_from_slice(&tag[1 + name.len()..]);
        text
    }
}

/// A start tag taken apart.
struct Parts<'t> {
    name: &'t [u8],
    bindings: Vec<(Vec<u8>, Vec<u8>)>,
    empty: bool,
}

impl<'t> Parts<'t> {
    fn of(tag: &'t [u8]) -> Scan<Self> {
        let ends_name = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
        let end = tag.iter().skip(1).position(ends_name).map_or(tag.len(), |at| at + 1);
        let name = &tag[1..end];
        if local(name).is_empty() {
            return Err("an element without a name".to_owned());
        }
        let mut bindings = Vec::new();
        let mut at = end;
        loop {
            at += tag[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            match &tag[at..] {
                [b'>'] => return Ok(Parts { name, bindings, empty: false }),
                [b'/', b'>'] => return Ok(Parts { name, bindings, empty: true }),
                _ => {}
            }
            let attribute = xml::attribute_at(tag, at)?.ok_or("an attribute without an end")?;
            let (key, value, next) = attribute;
            if key == b"xmlns" {
                bindings.push((Vec::new(), value.to_vec()));
            } else if let Some(prefix) = key.strip_prefix(b"xmlns:") {
                bindings.push((prefix.to_vec(), value.to_vec()));
            }
            at = next;
        }
    }
}

/// Whether a namespace as it stands in a start tag is this one.
fn same_namespace(written: &[u8], wanted: &str) -> bool {
    if !written.contains(&b'&') {
        return written == wanted.as_bytes();
    }
    let text = std::str::from_utf8(written).ok();
    text.and_then(|text| quick_xml::escape::unescape(text).ok()).is_some_and(|text| text == wanted)
}

fn local(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b':').next().unwrap_or(name)
}

/// Where a search for the end of a token goes on when more bytes have come.
#[derive(Default)]
struct Searched {
    at: usize,
    /// The quote of the attribute value that this is in.
    quote: Option<u8>,
}

/// The length of the token at the beginning; `None` if it is not complete: then `searched` says how much of it need not
/// be looked at again, so that a long one in small parts costs no more than in one.
fn token(input: &[u8], searched: &mut Searched) -> Scan<Option<usize>> {
    Ok(match input {
        [] | [b'<'] => None,
        [b'<', b'?', ..] => through(input, b"?>", 2, searched),
        [b'<', b'/', ..] => through(input, b">", 2, searched),
        [b'<', b'!', rest @ ..] => {
            if rest.starts_with(b"--") {
                through(input, b"-->", 4, searched)
            } else if rest.starts_with(b"[CDATA[") {
                through(input, b"]]>", 9, searched)
            } else if b"--".starts_with(rest) || b"[CDATA[".starts_with(rest) {
                None
            } else {
                return Err("a document type declaration".to_owned());
            }
        }
        [b'<', ..] => tag_length(input, searched),
        // Text may be handed on in parts.
        _ => Some(memchr::memchr(b'<', input).unwrap_or(input.len())),
    })
}

/// The length through `end`, which stands at `from` or later.
fn through(input: &[u8], end: &[u8], from: usize, searched: &mut Searched) -> Option<usize> {
    let begin = from.max(searched.at);
    let found = input.get(begin..).and_then(|rest| memchr::memmem::find(rest, end));
    // The last bytes may be the beginning of the end.
    searched.at = begin.max((input.len() + 1).saturating_sub(end.len()));
    found.map(|at| begin + at + end.len())
}

/// The length of the start tag at the beginning, with `>` in quotes passed over.
fn tag_length(input: &[u8], searched: &mut Searched) -> Option<usize> {
    searched.at = searched.at.max(1);
    loop {
        let rest = input.get(searched.at..)?;
        let found = match searched.quote {
            Some(quote) => memchr::memchr(quote, rest),
            None => memchr::memchr3(b'>', b'"', b'\'', rest),
        };
        let Some(found) = found else {
            searched.at = input.len();
            return None;
        };
        let byte = rest[found];
        searched.at += found + 1;
        searched.quote = match searched.quote {
            Some(_) => None,
            None if byte == b'>' => return Some(searched.at),
            None => Some(byte),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REPLY: &str = "<?xml version='1.0'?>\n<nc:rpc-reply xmlns:nc='urn:nc' message-id='1'><!-- <item> -->\
        <nc:data><top xmlns='urn:t' xmlns:p='urn:p'><item><name>a&gt;</name><p:x/></item><other><item/></other>\
        <item a=\"1>2\" xmlns:p='urn:q'/><item xmlns='urn:u'/><item><![CDATA[<item>]]><item/></item></top></nc:data>\
        <nc:rpc-error><nc:error-tag>x</nc:error-tag></nc:rpc-error></nc:rpc-reply>\n";

    fn path() -> Path {
        [("urn:nc", "data"), ("urn:t", "top"), ("urn:t", "item")]
            .map(|(ns, name)| (ns.into(), name.into()))
            .to_vec()
    }

    fn scan(text: &[u8], cuts: &[usize]) -> Scan<Vec<Found>> {
        let mut scanner = Scanner::new(path(), 10, 1000);
        let mut from = 0;
        let mut all = Vec::new();
        for &to in cuts.iter().chain([&text.len()]) {
            scanner.push(&text[from..to]);
            from = to;
            while let Some(found) = scanner.next()? {
                all.push(found);
            }
        }
        scanner.finish()?;
        Ok(all)
    }

    #[test]
    fn entries_are_found_with_their_namespaces() {
        let found = scan(REPLY.as_bytes(), &[]).unwrap();
        let entry = |text: &str| Found::Entry(text.to_owned());
        assert_eq!(
            found[0],
            entry(
                "<item xmlns:p=\"urn:p\" xmlns=\"urn:t\" xmlns:nc=\"urn:nc\"><name>a&gt;</name><p:x/></item>"
            )
        );
        assert_eq!(found[1], entry("<item xmlns=\"urn:t\" xmlns:nc=\"urn:nc\" a=\"1>2\" xmlns:p='urn:q'/>"));
        assert!(
            matches!(&found[2], Found::Entry(text) if text.ends_with("><![CDATA[<item>]]><item/></item>"))
        );
        assert!(matches!(&found[3], Found::RpcError(text) if text.contains("<nc:error-tag>x")));
        assert_eq!(found.len(), 4);
        for found in &found {
            let (Found::Entry(text) | Found::RpcError(text)) = found;
            roxmltree::Document::parse(text).unwrap();
        }
    }

    #[test]
    fn a_namespace_written_with_an_entity_is_the_same() {
        let path = vec![("a&b".to_owned(), "data".to_owned())];
        let mut scanner = Scanner::new(path, 10, 1000);
        scanner.push(b"<r><data xmlns='a&amp;b'/></r>");
        assert!(matches!(scanner.next(), Ok(Some(Found::Entry(_)))));
    }

    #[test]
    fn a_long_token_in_small_parts_is_not_searched_anew_with_each() {
        for begin in ["<!--", "<a b='", "<?", "<![CDATA[", "<a b='1' ", "</"] {
            let mut scanner = Scanner::new(path(), 10, 1 << 20);
            scanner.push(begin.as_bytes());
            for _ in 0..(1 << 12) {
                scanner.push(b"x");
                assert_eq!(scanner.next(), Ok(None));
                let again = scanner.input.len() - scanner.searched.at;
                assert!(again < "-->".len(), "{begin}: {again} bytes will be searched anew");
            }
        }
    }

    #[test]
    fn declarations_without_end_are_refused_and_it_stays_refused() {
        let mut scanner = Scanner::new(path(), 10, 1 << 20);
        let mut tag = "<r".to_owned();
        for number in 0..=MAX_BINDINGS {
            tag.push_str(&format!(" xmlns:p{number}=''"));
        }
        scanner.push(format!("{tag}><data xmlns='urn:nc'/>").as_bytes());
        assert!(scanner.next().is_err());
        assert!(scanner.next().is_err());
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for text in [
            "",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "x<a/>",
            "<!DOCTYPE a><a/>",
            "<a b></a>",
            "<a b=c/>",
            "</a>",
            "<a/>x",
            "<a/>\u{e4}",
            "\u{e4}<a/>",
            "<a/>\u{feff}",
            "<![CDATA[ ]]><a/>",
            "<a/><![CDATA[]]>",
            "<p:a/>",
            "<a xmlns:p='urn:p'/><p:b/>",
            "<a><b xmlns:p='urn:p'/><p:b/></a>",
            "<a><b><c><d><e><f><g><h><i><j><k/></j></i></h></g></f></e></d></c></b></a>",
        ] {
            assert!(scan(text.as_bytes(), &[]).is_err(), "{text}");
        }
        let large = format!("<r><data xmlns='urn:nc'><top xmlns='urn:t'><item>{}", "x".repeat(2000));
        assert!(scan(large.as_bytes(), &[]).is_err());
    }

    #[test]
    fn a_byte_order_mark_may_begin_a_reply() {
        let text = format!("\u{feff}{REPLY}");
        assert_eq!(scan(text.as_bytes(), &[]), scan(REPLY.as_bytes(), &[]));
        assert_eq!(scan(text.as_bytes(), &[1, 2, 3]), scan(REPLY.as_bytes(), &[]));
    }

    proptest! {
        #[test]
        fn any_split_finds_the_same(mut cuts in prop::collection::vec(0..REPLY.len(), 0..30)) {
            cuts.sort_unstable();
            prop_assert_eq!(scan(REPLY.as_bytes(), &cuts), scan(REPLY.as_bytes(), &[]));
        }

        #[test]
        fn arbitrary_bytes_never_panic(text in "[<>/!?a: \"'=\\[\\]-]{0,60}") {
            let _ = scan(text.as_bytes(), &[]);
        }
    }
}
