//! The errors a server reports (RFC 6241, section 4.3 and appendix A), every field typed.

use std::fmt;

/// One `<rpc-error>`.
///
/// ```xml
/// <rpc-error><error-type>protocol</error-type><error-tag>lock-denied</error-tag>
///   <error-severity>error</error-severity><error-info><session-id>454</session-id></error-info></rpc-error>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RpcError {
    /// The layer that failed.
    pub error_type: ErrorType,
    /// What went wrong.
    pub tag: ErrorTag,
    /// Whether the operation failed, or went through with a warning.
    pub severity: Severity,
    /// The data model's or vendor's own name for it.
    pub app_tag: Option<String>,
    /// An XPath to the node in question, as the server wrote it: prefixes are the server's.
    pub path: Option<String>,
    /// The server's text for people, trimmed; `None` if there is none or it is empty.
    pub message: Option<String>,
    /// Details.
    pub info: ErrorInfo,
}

/// The content of `<error-info>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ErrorInfo {
    /// With `lock-denied`: the session that holds the lock; 0 if its holder is no NETCONF session.
    pub session_id: Option<u32>,
    /// The attribute in question.
    pub bad_attribute: Option<String>,
    /// The element in question.
    pub bad_element: Option<String>,
    /// With `unknown-namespace`: that namespace.
    pub bad_namespace: Option<String>,
    /// All of `<error-info>`'s content as the server wrote it, vendors' elements too; empty if there was none.
    pub xml: String,
}

/// The layer an error comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// Secure transport.
    Transport,
    /// The rpc layer.
    Rpc,
    /// NETCONF operations.
    Protocol,
    /// The data.
    Application,
    /// The server gave none of the four.
    Unknown,
}

/// How bad an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// The operation went through.
    Warning,
}

macro_rules! error_tags {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// What went wrong, by the names of RFC 6241, appendix A.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorTag {
            $($(#[$doc])* $variant,)*
            /// A name the RFC does not have.
            Other(String),
        }

        impl ErrorTag {
            /// The tag as on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(ErrorTag::$variant => $text,)*
                    ErrorTag::Other(text) => text,
                }
            }
        }

        impl From<&str> for ErrorTag {
            fn from(text: &str) -> Self {
                match text {
                    $($text => ErrorTag::$variant,)*
                    other => ErrorTag::Other(other.to_owned()),
                }
            }
        }
    };
}

error_tags! {
    /// The request needs a resource that is in use already.
    InUse = "in-use",
    /// A value is not acceptable.
    InvalidValue = "invalid-value",
    /// The request or its answer is too large.
    TooBig = "too-big",
    /// An attribute is missing.
    MissingAttribute = "missing-attribute",
    /// An attribute's value is wrong.
    BadAttribute = "bad-attribute",
    /// An attribute is not expected.
    UnknownAttribute = "unknown-attribute",
    /// An element is missing.
    MissingElement = "missing-element",
    /// An element's value is wrong.
    BadElement = "bad-element",
    /// An element is not expected.
    UnknownElement = "unknown-element",
    /// A namespace is not expected.
    UnknownNamespace = "unknown-namespace",
    /// Authorization failed.
    AccessDenied = "access-denied",
    /// The lock is held by somebody else.
    LockDenied = "lock-denied",
    /// Resources do not suffice.
    ResourceDenied = "resource-denied",
    /// Undoing failed.
    RollbackFailed = "rollback-failed",
    /// Data to be created exists.
    DataExists = "data-exists",
    /// Data to be deleted does not exist.
    DataMissing = "data-missing",
    /// The operation is not supported.
    OperationNotSupported = "operation-not-supported",
    /// Another reason.
    OperationFailed = "operation-failed",
    /// Some parts of the operation failed (obsolete).
    PartialOperation = "partial-operation",
    /// The message is not well-formed XML or otherwise broken.
    MalformedMessage = "malformed-message",
}

impl fmt::Display for ErrorTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl RpcError {
    /// Whether trying again later may help: `lock-denied`, `in-use`, `resource-denied`, and IOS-XE's "Sync is in
    /// progress", which comes under several tags.
    pub fn is_retryable(&self) -> bool {
        matches!(self.tag, ErrorTag::LockDenied | ErrorTag::InUse | ErrorTag::ResourceDenied)
            || self
                .message
                .as_deref()
                .is_some_and(|text| text.to_ascii_lowercase().contains("sync is in progress"))
    }

    /// Reads one `<rpc-error>` element of a document parsed from `source`. Local names decide; what is missing or
    /// unknown is kept as such, since the error is all there is to go by.
    pub(crate) fn read(element: roxmltree::Node<'_, '_>, source: &str) -> Self {
        let error_type = match child_text(element, "error-type").as_deref() {
            Some("transport") => ErrorType::Transport,
            Some("rpc") => ErrorType::Rpc,
            Some("protocol") => ErrorType::Protocol,
            Some("application") => ErrorType::Application,
            _ => ErrorType::Unknown,
        };
        let severity = match child_text(element, "error-severity").as_deref() {
            Some("warning") => Severity::Warning,
            _ => Severity::Error,
        };
        let info = child(element, "error-info").map(|info| ErrorInfo {
            session_id: child_text(info, "session-id").and_then(|text| text.parse().ok()),
            bad_attribute: child_text(info, "bad-attribute"),
            bad_element: child_text(info, "bad-element"),
            bad_namespace: child_text(info, "bad-namespace"),
            xml: inner_xml(info, source).trim().to_owned(),
        });
        RpcError {
            error_type,
            tag: ErrorTag::from(child_text(element, "error-tag").unwrap_or_default().as_str()),
            severity,
            app_tag: child_text(element, "error-app-tag"),
            path: child_text(element, "error-path"),
            message: child_text(element, "error-message").filter(|text| !text.is_empty()),
            info: info.unwrap_or_default(),
        }
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tag.as_str() {
            "" => f.write_str("an error without error-tag")?,
            tag => f.write_str(tag)?,
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        } else if let Some(attribute) = &self.info.bad_attribute {
            write!(f, ": attribute {attribute}")?;
        } else if let Some(element) = &self.info.bad_element {
            write!(f, ": element {element}")?;
        }
        if let Some(path) = &self.path {
            write!(f, " (at {path})")?;
        }
        if let (ErrorTag::LockDenied, Some(holder)) = (&self.tag, self.info.session_id) {
            write!(f, " (held by session {holder})")?;
        }
        Ok(())
    }
}

fn child<'a, 'i>(element: roxmltree::Node<'a, 'i>, name: &str) -> Option<roxmltree::Node<'a, 'i>> {
    element.children().find(|node| node.is_element() && node.tag_name().name() == name)
}

fn child_text(element: roxmltree::Node<'_, '_>, name: &str) -> Option<String> {
    child(element, name).map(|node| {
        let texts = node.descendants().filter(|part| part.is_text());
        let pieces: String = texts.filter_map(|part| part.text()).collect();
        pieces.trim().to_owned()
    })
}

fn inner_xml<'s>(element: roxmltree::Node<'_, '_>, source: &'s str) -> &'s str {
    let first = element.first_child().map(|node| node.range().start);
    let last = element.last_child().map(|node| node.range().end);
    first.zip(last).and_then(|(from, to)| source.get(from..to)).unwrap_or("")
}
