//! A problem found in data, with what a NETCONF server would answer.

use std::fmt;

use crate::error::Location;

/// An `error-tag` of RFC 6241 appendix A.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorTag {
    /// A value that the model does not allow.
    InvalidValue,
    /// An attribute that must be there is not.
    MissingAttribute,
    /// An attribute's value is not allowed.
    BadAttribute,
    /// An attribute that nobody knows.
    UnknownAttribute,
    /// An element that must be there is not.
    MissingElement,
    /// An element's content or place is not allowed.
    BadElement,
    /// An element that the model does not have.
    UnknownElement,
    /// A namespace that the model does not have.
    UnknownNamespace,
    /// A leafref or instance-identifier leads nowhere.
    DataMissing,
    /// `unique`, `min-elements` or `max-elements`: RFC 7950 section 15 answers these so.
    OperationFailed,
}

impl ErrorTag {
    /// As it stands in `<error-tag>`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidValue => "invalid-value",
            Self::MissingAttribute => "missing-attribute",
            Self::BadAttribute => "bad-attribute",
            Self::UnknownAttribute => "unknown-attribute",
            Self::MissingElement => "missing-element",
            Self::BadElement => "bad-element",
            Self::UnknownElement => "unknown-element",
            Self::UnknownNamespace => "unknown-namespace",
            Self::DataMissing => "data-missing",
            Self::OperationFailed => "operation-failed",
        }
    }
}

impl fmt::Display for ErrorTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// No module has the namespace.
    UnknownNamespace,
    /// The model has no such node here.
    UnknownNode,
    /// The node is state (`config false`) and cannot be edited.
    ReadOnly,
    /// A value its type does not allow.
    Value,
    /// Text where only elements may stand, or elements where only text may.
    Content,
    /// A list entry lacks a key.
    MissingKey,
    /// A key does not stand where it must.
    KeyOrder,
    /// A node or list entry stands twice.
    Duplicate,
    /// Nodes of two cases of one choice.
    ChoiceConflict,
    /// An attribute nobody knows.
    UnknownAttribute,
    /// An attribute's value is wrong, or it must not stand here.
    Attribute,
    /// A mandatory node is missing.
    MissingMandatory,
    /// Fewer entries than `min-elements`.
    TooFew,
    /// More entries than `max-elements`.
    TooMany,
    /// Two entries agree in what must be unique.
    NotUnique,
    /// A leafref or instance-identifier leads nowhere.
    MissingInstance,
}

/// One problem in data.
///
/// Its [`Display`](fmt::Display) is one line for people:
/// `/ios:native/ios:mtu: "20" is not allowed; expected a whole number from 64 to 18000`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// Instance path with prefixes and key predicates, fit for `error-path`.
    pub path: String,
    /// The prefixes of `path` and their namespaces, in order of use.
    pub namespaces: Vec<(String, String)>,
    /// What is wrong, in words.
    pub message: String,
    /// The value found, if it is about one.
    pub value: Option<String>,
    /// What the model allows there.
    pub allowed: Option<String>,
    /// Where the model says so.
    pub source: Option<Location>,
    /// The error-tag that RFC 6241 and RFC 7950 have for it.
    pub error_tag: ErrorTag,
    /// The error-app-tag, the model's own or RFC 7950's.
    pub error_app_tag: Option<String>,
    /// `bad-element` of error-info: the element's name, where the tag asks for it.
    pub bad_element: Option<String>,
    /// `bad-attribute` of error-info.
    pub bad_attribute: Option<String>,
    /// `bad-namespace` of error-info.
    pub bad_namespace: Option<String>,
    /// Line and column in the XML, from 1; both 0 where a document was JSON.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)?;
        if let Some(allowed) = &self.allowed {
            write!(f, "; expected {allowed}")?;
        }
        Ok(())
    }
}
