//! The hello each side sends first (RFC 6241, section 8.1): parsing and building, for clients and servers.
//!
//! ```
//! use netconf_client::hello::Hello;
//!
//! let ours = Hello::client().to_xml();
//! let theirs = Hello::parse(ours.as_bytes())?;
//! assert!(theirs.capabilities.base_1_1());
//! assert_eq!(theirs.session_id, None);
//! # Ok::<(), netconf_client::hello::HelloError>(())
//! ```

use std::fmt::Write as _;

use crate::capabilities::{self, Capabilities};
use crate::framing::{Framing, Limits};
use crate::xml;

/// The namespace of NETCONF's own elements (RFC 6241, section 3.1).
pub const NETCONF_NS: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

/// One side's hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// What this side offers.
    pub capabilities: Capabilities,
    /// The session's number, 1 to 4294967295: always in a server's hello, never in a client's.
    pub session_id: Option<u32>,
}

/// Why a message is not a usable hello.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HelloError {
    /// The message is not UTF-8.
    #[error("the hello is not UTF-8")]
    NotUtf8,
    /// The message is not well-formed XML, or has a document type declaration.
    #[error("the hello is not well-formed XML: {0}")]
    NotXml(String),
    /// The root element is another one.
    #[error("expected a hello in the NETCONF namespace, found <{found}>")]
    NotHello {
        /// The root element's local name.
        found: String,
    },
    /// The session-id is not a number from 1 to 4294967295.
    #[error("the session-id is not a number from 1 to 4294967295")]
    BadSessionId,
    /// The server's hello has no session-id.
    #[error("the server's hello has no session-id")]
    NoSessionId,
    /// The two sides have no `:base` version in common.
    #[error("no version of the NETCONF base protocol in common")]
    NoCommonVersion,
}

impl Hello {
    /// A client's hello that offers `:base:1.0` and `:base:1.1`.
    pub fn client() -> Self {
        let capabilities = Capabilities::from_iter([capabilities::BASE_1_0, capabilities::BASE_1_1]);
        Hello { capabilities, session_id: None }
    }

    /// A server's hello.
    pub fn server(capabilities: Capabilities, session_id: u32) -> Self {
        Hello { capabilities, session_id: Some(session_id) }
    }

    /// Reads a hello, unframed. White space around capabilities and the session-id is dropped; unknown elements
    /// are ignored. Whether there must be a session-id depends on the side: see [`Hello::agree`].
    ///
    /// # Errors
    /// Anything but a well-formed `<hello>` in the NETCONF namespace.
    pub fn parse(message: &[u8]) -> Result<Self, HelloError> {
        let text = std::str::from_utf8(message).map_err(|_| HelloError::NotUtf8)?.trim();
        let document = xml::parse(text, Limits::DEFAULT.max_depth).map_err(HelloError::NotXml)?;
        let root = document.root_element();
        if !root.has_tag_name((NETCONF_NS, "hello")) {
            return Err(HelloError::NotHello { found: root.tag_name().name().to_owned() });
        }
        let child =
            |name: &'static str| root.children().find(move |node| node.has_tag_name((NETCONF_NS, name)));
        let session_id = match child("session-id") {
            Some(node) => {
                let id = node.text().unwrap_or("").trim().parse().ok().filter(|id| *id != 0);
                Some(id.ok_or(HelloError::BadSessionId)?)
            }
            None => None,
        };
        let listed = child("capabilities").into_iter().flat_map(|list| list.children());
        let uris = listed
            .filter(|node| node.has_tag_name((NETCONF_NS, "capability")))
            .filter_map(|node| node.text());
        Ok(Hello { capabilities: uris.collect(), session_id })
    }

    /// The hello as XML, to be framed with [`Framing::EndOfMessage`].
    pub fn to_xml(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hello xmlns=\"");
        xml.push_str(NETCONF_NS);
        xml.push_str("\"><capabilities>");
        for uri in self.capabilities.iter() {
            xml.push_str("<capability>");
            xml.push_str(&quick_xml::escape::escape(uri));
            xml.push_str("</capability>");
        }
        xml.push_str("</capabilities>");
        if let Some(id) = self.session_id {
            // Writing to a String cannot fail.
            let _ = write!(xml, "<session-id>{id}</session-id>");
        }
        xml.push_str("</hello>");
        xml
    }

    /// The framing after both hellos: chunked if both offer `:base:1.1`, end-of-message if both offer `:base:1.0`
    /// (RFC 6242, section 4.1).
    ///
    /// # Errors
    /// [`HelloError::NoCommonVersion`].
    pub fn agree(&self, other: &Hello) -> Result<Framing, HelloError> {
        if self.capabilities.base_1_1() && other.capabilities.base_1_1() {
            Ok(Framing::Chunked)
        } else if self.capabilities.base_1_0() && other.capabilities.base_1_0() {
            Ok(Framing::EndOfMessage)
        } else {
            Err(HelloError::NoCommonVersion)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_hello_survives_the_round_trip() {
        let offered = Capabilities::from_iter(["urn:a?x=1&y=<2>", capabilities::BASE_1_0]);
        let hello = Hello::server(offered, 4_294_967_295);
        assert_eq!(Hello::parse(hello.to_xml().as_bytes()), Ok(hello));
    }

    #[test]
    fn padded_capabilities_and_prefixes_are_read() {
        let xml = br#"
            <?xml version="1.0"?><nc:hello xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0"><nc:capabilities>
            <nc:capability>
               urn:ietf:params:netconf:base:1.1
            </nc:capability></nc:capabilities><nc:session-id> 7 </nc:session-id></nc:hello>"#;
        let hello = Hello::parse(xml).unwrap();
        assert!(hello.capabilities.base_1_1());
        assert_eq!(hello.session_id, Some(7));
    }

    #[test]
    fn what_is_no_hello_is_refused() {
        assert_eq!(Hello::parse(b"\xff"), Err(HelloError::NotUtf8));
        assert!(matches!(Hello::parse(b"<hello"), Err(HelloError::NotXml(_))));
        assert!(matches!(Hello::parse(b"<!DOCTYPE hello []><hello/>"), Err(HelloError::NotXml(_))));
        assert_eq!(Hello::parse(b"<hello/>"), Err(HelloError::NotHello { found: "hello".into() }));
        for id in ["0", "-1", "4294967296", ""] {
            let xml = format!("<hello xmlns=\"{NETCONF_NS}\"><session-id>{id}</session-id></hello>");
            assert_eq!(Hello::parse(xml.as_bytes()), Err(HelloError::BadSessionId), "{id:?}");
        }
    }

    #[test]
    fn a_hello_that_would_take_long_to_read_is_refused() {
        let attributes: String = (0..200_000).map(|number| format!(" a{number}=''")).collect();
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        for inner in [format!("<x{attributes}/>"), deep] {
            let xml = format!("<hello xmlns=\"{NETCONF_NS}\">{inner}</hello>");
            assert!(matches!(Hello::parse(xml.as_bytes()), Err(HelloError::NotXml(_))));
        }
    }

    #[test]
    fn the_framing_follows_from_both_hellos() {
        let only = |uri| Hello { capabilities: Capabilities::from_iter([uri]), session_id: Some(1) };
        let client = Hello::client();
        assert_eq!(client.agree(&only(capabilities::BASE_1_0)), Ok(Framing::EndOfMessage));
        assert_eq!(client.agree(&only(capabilities::BASE_1_1)), Ok(Framing::Chunked));
        assert_eq!(client.agree(&only("urn:other")), Err(HelloError::NoCommonVersion));
    }
}
