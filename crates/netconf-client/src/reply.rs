//! A server's `<rpc-reply>` (RFC 6241, section 4.2).

use std::ops::Range;

use bytes::Bytes;

use crate::error::Error;
use crate::message::Message;
use crate::rpc_error::{RpcError, Severity};
use crate::xml::{self, StartTag};

/// A reply that is not an error.
///
/// What was checked: the text is UTF-8, its root is `<rpc-reply>` and complete, and no `<rpc-error>` of severity
/// `error` is in it. The rest is parsed, and its nesting limited, only when [`Reply::tree`] asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    text: String,
    body: Range<usize>,
    /// The body without the warnings before and after what was asked for.
    content: Range<usize>,
    warnings: Vec<RpcError>,
    max_depth: usize,
}

impl Reply {
    /// Reads an unframed message. `operation` names the call in errors.
    ///
    /// # Errors
    /// [`Error::RpcErrors`] if the server refused, [`Error::UnexpectedReply`] if this is no complete reply.
    pub fn read(message: Bytes, operation: &str, max_depth: usize) -> Result<Self, Error> {
        Self::from_message(Message::from(message), operation, max_depth)
    }

    /// [`Reply::read`] of a message that was looked through as it came.
    pub(crate) fn from_message(message: Message, operation: &str, max_depth: usize) -> Result<Self, Error> {
        let unexpected = |reason: &str| Error::UnexpectedReply {
            operation: operation.to_owned(),
            reason: reason.to_owned(),
        };
        let may_have_errors = message.may_have_errors();
        let text = message.into_text().ok_or_else(|| unexpected("it is not UTF-8"))?;
        let root = match xml::start_tag(text.as_bytes()) {
            Ok(Some(tag)) if tag.name == "rpc-reply" => tag,
            Ok(Some(tag)) => return Err(unexpected(&format!("it is a <{}>", tag.name))),
            Ok(None) => return Err(unexpected("its first tag is not complete")),
            Err(reason) => return Err(unexpected(reason)),
        };
        let head = root.end;
        let body = body_range(&text, &root).ok_or_else(|| unexpected("it does not end with </rpc-reply>"))?;
        let content = body.clone();
        let mut reply = Reply { text, body, content, warnings: Vec::new(), max_depth };
        if may_have_errors {
            let errors = reply.errors(head).map_err(|reason| unexpected(&reason))?;
            if errors.iter().any(|error| error.severity == Severity::Error) {
                return Err(Error::RpcErrors(errors));
            }
            reply.warnings = errors;
        }
        Ok(reply)
    }

    /// The whole message.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole message, without a copy.
    pub fn into_text(self) -> String {
        self.text
    }

    /// What stands between `<rpc-reply …>` and `</rpc-reply>`. Prefixes may be declared on `<rpc-reply>`; where
    /// that matters use [`Reply::tree`].
    pub fn body(&self) -> &str {
        &self.text[self.body.clone()]
    }

    /// Whether the reply is `<ok/>`.
    pub fn is_ok(&self) -> bool {
        self.first_child().is_some_and(|tag| tag.name == "ok")
    }

    /// Whether the reply has warnings and nothing else.
    pub(crate) fn is_warning(&self) -> bool {
        !self.warnings.is_empty() && xml::is_blank(Some(&self.text[self.content.clone()]))
    }

    /// What stands between `<data …>` and `</data>`; `None` if the reply has another content.
    pub fn data(&self) -> Option<&str> {
        let tag = self.first_child().filter(|tag| tag.name == "data")?;
        if tag.empty {
            return Some("");
        }
        let content = &self.text[self.content.clone()];
        if let Some(end) = xml::last_end_tag(content).filter(|end| *end >= tag.end)
            && content[end..].trim_end() == format!("</{}>", tag_name(content))
        {
            return Some(&content[tag.end..end]);
        }
        // Something stands after it: look for its own end.
        let element = children_named(content, "data", self.max_depth).ok()?.into_iter().next()?;
        let element = &content[element];
        let tag = xml::start_tag(element.as_bytes()).ok().flatten()?;
        xml::last_end_tag(element).map(|end| &element[tag.end..end])
    }

    /// The text of the first element named `name` directly in the reply: vendors' `<result>…</result>`.
    ///
    /// # Errors
    /// As [`Reply::tree`].
    pub fn child_text(&self, name: &str) -> Result<Option<String>, Error> {
        let document = self.tree()?;
        let child = document
            .root_element()
            .children()
            .find(|node| node.is_element() && node.tag_name().name() == name);
        Ok(child.map(|node| {
            let pieces: String =
                node.descendants().filter(|part| part.is_text()).filter_map(|part| part.text()).collect();
            pieces.trim().to_owned()
        }))
    }

    /// The errors of severity `warning` that came with the reply.
    pub fn warnings(&self) -> &[RpcError] {
        &self.warnings
    }

    /// The whole message parsed.
    ///
    /// # Errors
    /// [`Error::UnexpectedReply`] if it is not well-formed, declares a document type, is nested deeper than the session's
    /// limit, or has an element with more than 1,024 attributes and namespace declarations.
    pub fn tree(&self) -> Result<roxmltree::Document<'_>, Error> {
        xml::parse(&self.text, self.max_depth)
            .map_err(|reason| Error::UnexpectedReply { operation: "a call".to_owned(), reason })
    }

    fn first_child(&self) -> Option<StartTag<'_>> {
        xml::start_tag(&self.text.as_bytes()[self.content.clone()]).ok().flatten()
    }

    /// The `<rpc-error>` elements directly in the reply, whose start tag ends at `head`; the data beside them is skipped
    /// without a tree.
    fn errors(&mut self, head: usize) -> Result<Vec<RpcError>, String> {
        let ranges = children_named(self.body(), "rpc-error", self.max_depth)?;
        let mut envelope = self.text[..head].to_owned();
        for range in &ranges {
            envelope.push_str(&self.body()[range.clone()]);
        }
        let blank = |text: &str| xml::is_blank(Some(text));
        let mut content = 0..self.body().len();
        for range in &ranges {
            if blank(&self.body()[content.start..range.start]) {
                content.start = range.end;
            }
        }
        for range in ranges.iter().rev() {
            if range.start >= content.start && blank(&self.body()[range.end..content.end]) {
                content.end = range.start;
            }
        }
        self.content = self.body.start + content.start..self.body.start + content.end;
        envelope.push_str(&self.text[self.body.end..]);
        let document = xml::parse(envelope.trim(), self.max_depth)?;
        let elements = document.root_element().children().filter(|node| node.is_element());
        Ok(elements.map(|element| RpcError::read(element, envelope.trim())).collect())
    }
}

/// Where the root's content stands; `None` if the root's end tag does not end the text.
fn body_range(text: &str, root: &StartTag<'_>) -> Option<Range<usize>> {
    if root.empty {
        return Some(root.end..root.end);
    }
    let end = xml::last_end_tag(text).filter(|end| *end >= root.end)?;
    let name = text[end + 2..].trim_end().strip_suffix('>')?.trim_end();
    (name.rsplit(':').next() == Some("rpc-reply")).then_some(root.end..end)
}

/// The name of the element at the beginning, with its prefix.
fn tag_name(content: &str) -> &str {
    let name = content.trim_start().trim_start_matches('<');
    name.split(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).next().unwrap_or("")
}

/// The ranges of the elements with this local name at the top of `fragment`.
fn children_named(fragment: &str, name: &str, max_depth: usize) -> Result<Vec<Range<usize>>, String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(fragment);
    let mut found = Vec::new();
    let mut depth = 0usize;
    let mut begin = None;
    loop {
        let before = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let after = reader.buffer_position() as usize;
        match event {
            Event::Start(tag) => {
                if depth == 0 && tag.local_name().as_ref() == name {
                    begin = Some(before);
                }
                depth += 1;
                if depth > max_depth {
                    return Err(format!("elements nested deeper than {max_depth} levels"));
                }
            }
            Event::Empty(tag) if depth == 0 && tag.local_name().as_ref() == name => found.push(before..after),
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                if depth == 0
                    && let Some(begin) = begin.take()
                {
                    found.push(begin..after);
                }
            }
            Event::Eof if depth > 0 => return Err("an element without its end".to_owned()),
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc_error::{ErrorTag, ErrorType};

    fn read(text: &str) -> Result<Reply, Error> {
        Reply::read(Bytes::copy_from_slice(text.as_bytes()), "get", 100)
    }

    #[test]
    fn ok_and_data_are_told_apart() {
        let ok = read("<rpc-reply message-id='1'>\n  <ok/></rpc-reply>\n").unwrap();
        assert!(ok.is_ok());
        assert_eq!(ok.data(), None);
        let data = read("<nc:rpc-reply xmlns:nc='x'><nc:data><a>1</a></nc:data></nc:rpc-reply>").unwrap();
        assert_eq!(data.data(), Some("<a>1</a>"));
        assert_eq!(read("<rpc-reply><data/></rpc-reply>").unwrap().data(), Some(""));
        assert_eq!(read("<rpc-reply/>").unwrap().body(), "");
    }

    #[test]
    fn data_ends_with_its_own_end_tag_whatever_stands_after_it() {
        for (text, wanted) in [
            ("<rpc-reply><data><a>1</a></data><x>2</x></rpc-reply>", "<a>1</a>"),
            ("<rpc-reply><data><a/></data><!-- </data> --></rpc-reply>", "<a/>"),
            (
                "<rpc-reply><n:data xmlns:n='u'><data>1</data></n:data >\n<x/><x></x></rpc-reply>",
                "<data>1</data>",
            ),
            ("<rpc-reply> <!-- c --><data><![CDATA[</data>]]></data></rpc-reply>", "<![CDATA[</data>]]>"),
        ] {
            assert_eq!(read(text).unwrap().data(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn every_field_of_several_errors_is_read() {
        let text = r#"<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="2">
            <rpc-error><error-type>application</error-type><error-tag>invalid-value</error-tag>
            <error-severity>error</error-severity><error-app-tag>range</error-app-tag><error-path
            xmlns:a="urn:a"> /a:b[c='1'] </error-path><error-message xml:lang="en">too <![CDATA[<big>]]>
            </error-message><error-info><bad-element>mtu</bad-element><x xmlns="urn:v">bad-cli</x></error-info></rpc-error>
            <rpc-error><error-type>protocol</error-type><error-tag>lock-denied</error-tag><error-severity>error</error-severity>
            <error-info><session-id>454</session-id></error-info></rpc-error>
            <rpc-error><error-tag>vendor-thing</error-tag><error-severity>warning</error-severity></rpc-error></rpc-reply>"#;
        let error = read(text).unwrap_err();
        assert!(error.is_retryable());
        let [first, second, third] = error.rpc_errors() else { panic!("{error}") };
        assert_eq!((first.error_type, &first.tag), (ErrorType::Application, &ErrorTag::InvalidValue));
        assert_eq!(first.app_tag.as_deref(), Some("range"));
        assert_eq!(first.path.as_deref(), Some("/a:b[c='1']"));
        assert_eq!(first.message.as_deref(), Some("too <big>"));
        assert_eq!(first.info.bad_element.as_deref(), Some("mtu"));
        assert!(first.info.xml.contains("<x xmlns=\"urn:v\">bad-cli</x>"));
        assert_eq!((&second.tag, second.info.session_id), (&ErrorTag::LockDenied, Some(454)));
        assert_eq!(
            (&third.tag, third.severity),
            (&ErrorTag::Other("vendor-thing".into()), Severity::Warning)
        );
    }

    #[test]
    fn warnings_beside_ok_or_data_do_not_fail_the_call() {
        let warning = "<rpc-error><error-type>rpc</error-type><error-tag>operation-failed</error-tag>\
                       <error-severity>warning</error-severity></rpc-error>";
        let reply = read(&format!("<rpc-reply>{warning}<data><a/></data></rpc-reply>")).unwrap();
        assert_eq!((reply.warnings().len(), reply.data()), (1, Some("<a/>")));
        let reply = read(&format!("<rpc-reply>{warning} <data>b</data>{warning}</rpc-reply>")).unwrap();
        assert_eq!((reply.warnings().len(), reply.data()), (2, Some("b")));
        let reply = read(&format!("<rpc-reply><ok/>{warning}</rpc-reply>")).unwrap();
        assert!(reply.is_ok() && !reply.is_warning());
        assert_eq!(reply.warnings().len(), 1);
        let reply = read(&format!("<rpc-reply>\n{warning}\n{warning}</rpc-reply>")).unwrap();
        assert!(!reply.is_ok() && reply.is_warning());
        assert!(!read("<rpc-reply/>").unwrap().is_warning());
    }

    #[test]
    fn an_rpc_error_within_the_data_is_data() {
        let reply =
            read("<rpc-reply><data><rpc-error><error-tag>in-use</error-tag></rpc-error></data></rpc-reply>")
                .unwrap();
        assert!(reply.warnings().is_empty());
    }

    #[test]
    fn incomplete_or_foreign_messages_are_refused() {
        for text in [
            "<rpc-reply><ok/>",
            "<rpc-reply><ok/></rpc>",
            "<hello/>",
            "",
            "<rpc-reply",
            "<rpc-reply><ok/></rpc-reply>x",
            "<rpc-reply><ok/><rpc-error><error-severity>error</error-severity></rpc-reply>",
            "<rpc-reply><ok/><x><rpc-error/></rpc-reply>",
        ] {
            assert!(matches!(read(text), Err(Error::UnexpectedReply { .. })), "{text}");
        }
        assert!(Reply::read(Bytes::from_static(b"<rpc-reply>\xff</rpc-reply>"), "get", 10).is_err());
    }

    #[test]
    fn a_vendors_result_is_read_as_text() {
        let text = "<rpc-reply><result xmlns='http://cisco.com/yang/cisco-ia'>Save running-config successful\n</result></rpc-reply>";
        let reply = read(text).unwrap();
        assert_eq!(reply.child_text("result").unwrap().as_deref(), Some("Save running-config successful"));
        assert!(!reply.is_ok());
    }
}
