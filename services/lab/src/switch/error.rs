//! `rpc-error` (RFC 6241 4.3 and appendix A).

use std::fmt::Write as _;

use super::tree::{Place, escape};

/// One `rpc-error` of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RpcError {
    /// `error-type`: transport, rpc, protocol or application.
    pub(crate) kind: &'static str,
    /// `error-tag`.
    pub(crate) tag: String,
    /// `error-app-tag`.
    pub(crate) app_tag: Option<String>,
    /// `error-path` and the namespaces of its prefixes.
    pub(crate) path: Option<(String, Vec<(String, String)>)>,
    /// `error-message`.
    pub(crate) message: String,
    /// Elements of `error-info`, each a name and its text.
    pub(crate) info: Vec<(String, String)>,
    /// The command that the parser refused: Cisco's detail in `error-info`.
    pub(crate) bad_cli: Option<String>,
}

impl RpcError {
    fn new(kind: &'static str, tag: &str, message: &str) -> Self {
        Self {
            kind,
            tag: tag.to_owned(),
            app_tag: None,
            path: None,
            message: message.to_owned(),
            info: Vec::new(),
            bad_cli: None,
        }
    }

    /// An error of the protocol layer.
    pub(crate) fn protocol(tag: &str, message: &str) -> Self {
        Self::new("protocol", tag, message)
    }

    /// An error of the application layer: the content.
    pub(crate) fn application(tag: &str, message: &str) -> Self {
        Self::new("application", tag, message)
    }

    /// An error of the rpc layer: the message.
    pub(crate) fn rpc(tag: &str, message: &str) -> Self {
        Self::new("rpc", tag, message)
    }

    /// The operation is not supported.
    pub(crate) fn unsupported(message: &str) -> Self {
        Self::protocol("operation-not-supported", message)
    }

    /// A parameter of an operation is missing.
    pub(crate) fn missing(element: &str) -> Self {
        Self::protocol("missing-element", &format!("{element} is missing")).info("bad-element", element)
    }

    /// A parameter of an operation has a value it cannot have.
    pub(crate) fn invalid(element: &str, message: &str) -> Self {
        Self::protocol("invalid-value", message).info("bad-element", element)
    }

    /// The same error with an element in `error-info`.
    pub(crate) fn info(mut self, name: &str, text: &str) -> Self {
        self.info.push((name.to_owned(), text.to_owned()));
        self
    }

    /// The same error with an `error-path`.
    pub(crate) fn at(mut self, place: &Place) -> Self {
        self.path = Some(place.to_xpath());
        self
    }

    /// Whether its `error-path` is this place.
    pub(crate) fn is_at(&self, place: &Place) -> bool {
        self.path.as_ref().is_some_and(|(path, _)| *path == place.to_xpath().0)
    }

    /// Whether its `error-path` leads to a node below this place.
    pub(crate) fn is_below(&self, place: &Place) -> bool {
        let (above, _) = place.to_xpath();
        self.path
            .as_ref()
            .and_then(|(path, _)| path.strip_prefix(&above))
            .is_some_and(|rest| rest.starts_with('/'))
    }

    /// The error as XML, inside an element of NETCONF's namespace.
    pub(crate) fn to_xml(&self) -> String {
        let mut out = format!(
            "<rpc-error><error-type>{}</error-type><error-tag>{}</error-tag><error-severity>error</error-severity>",
            self.kind,
            escape(&self.tag)
        );
        if let Some(tag) = &self.app_tag {
            let _ = write!(out, "<error-app-tag>{}</error-app-tag>", escape(tag));
        }
        if let Some((path, prefixes)) = &self.path {
            out.push_str("<error-path");
            for (prefix, ns) in prefixes {
                let _ = write!(out, " xmlns:{prefix}=\"{}\"", escape(ns));
            }
            let _ = write!(out, ">{}</error-path>", escape(path));
        }
        let _ = write!(out, "<error-message xml:lang=\"en\">{}</error-message>", escape(&self.message));
        self.write_info(&mut out);
        out.push_str("</rpc-error>");
        out
    }

    fn write_info(&self, out: &mut String) {
        if self.info.is_empty() && self.bad_cli.is_none() {
            return;
        }
        out.push_str("<error-info>");
        for (name, text) in &self.info {
            let _ = write!(out, "<{name}>{}</{name}>", escape(text));
        }
        if let Some(command) = &self.bad_cli {
            let _ = write!(
                out,
                "<severity xmlns=\"{CISCO_IA}\">error_cli</severity><detail xmlns=\"{CISCO_IA}\"><bad-cli>\
                 <bad-command>{}</bad-command><error-location>1</error-location></bad-cli></detail>",
                escape(command)
            );
        }
        out.push_str("</error-info>");
    }
}

/// Namespace of cisco-ia.
pub(crate) const CISCO_IA: &str = "http://cisco.com/yang/cisco-ia";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switch::tree::Step;

    #[test]
    fn every_field_is_written_and_escaped() {
        let place = Place(vec![Step { ns: "urn:a".to_owned(), name: "b".to_owned(), keys: Vec::new() }]);
        let error = RpcError::application("invalid-value", "<no>").at(&place).info("bad-element", "b&c");
        let xml = error.to_xml();
        assert!(xml.contains("<error-path xmlns:a=\"urn:a\">/a:b</error-path>"), "{xml}");
        assert!(xml.contains("&lt;no&gt;") && xml.contains("<bad-element>b&amp;c</bad-element>"), "{xml}");
        assert!(roxmltree::Document::parse(&xml).is_ok());
    }
}
