//! Reading: get and get-config (RFC 6241, sections 7.1 and 7.7).

use super::{Datastore, push_datastore};
use crate::capabilities::{self, Capabilities};
use crate::error::Error;
use crate::framing::Limits;
use crate::operation::{Effect, Operation, need};
use crate::reply::Reply;
use crate::xml;

/// Which part of the data is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter {
    /// The elements to select, as a subtree filter (RFC 6241, section 6). An empty one selects nothing.
    Subtree(String),
    /// An XPath expression (RFC 6241, section 8.9); needs `:xpath`.
    XPath {
        /// The expression.
        select: String,
        /// What its prefixes stand for: (prefix, namespace).
        namespaces: Vec<(String, String)>,
    },
}

impl Filter {
    pub(crate) fn check(&self, operation: &'static str, capabilities: &Capabilities) -> Result<(), Error> {
        match self {
            Filter::Subtree(elements) => xml::check_fragment(elements, "filter", Limits::DEFAULT.max_depth),
            Filter::XPath { namespaces, .. } => {
                need(capabilities, operation, capabilities::XPATH)?;
                check_prefixes(namespaces, "XPath filter")?;
                let mut element = String::new();
                self.write("filter", &mut element);
                xml::check_fragment(&element, "XPath filter", 1)
            }
        }
    }

    pub(crate) fn write(&self, name: &str, xml: &mut String) {
        xml.push('<');
        xml.push_str(name);
        match self {
            Filter::Subtree(elements) => {
                xml.push_str(" type=\"subtree\">");
                xml.push_str(elements);
                xml.push_str("</");
                xml.push_str(name);
                xml.push('>');
            }
            Filter::XPath { select, namespaces } => {
                xml.push_str(" type=\"xpath\"");
                for (prefix, namespace) in namespaces {
                    xml.push_str(" xmlns:");
                    xml.push_str(prefix);
                    push_value(namespace, xml);
                }
                xml.push_str(" select");
                push_value(select, xml);
                xml.push_str("/>");
            }
        }
    }
}

/// Fails unless all are prefixes: one that ends the attribute would begin another, or an element.
pub(super) fn check_prefixes(namespaces: &[(String, String)], what: &'static str) -> Result<(), Error> {
    match namespaces.iter().find(|(prefix, _)| !is_prefix(prefix)) {
        Some((prefix, _)) => Err(Error::InvalidXml { what, reason: format!("{prefix:?} is not a prefix") }),
        None => Ok(()),
    }
}

fn is_prefix(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn push_value(value: &str, xml: &mut String) {
    xml.push_str("=\"");
    xml.push_str(&xml::escape(value));
    xml.push('"');
}

/// How default values are shown (RFC 6243, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithDefaults {
    /// All of them.
    ReportAll,
    /// All of them, marked as such.
    ReportAllTagged,
    /// None.
    Trim,
    /// Those that were set explicitly.
    Explicit,
}

impl WithDefaults {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            WithDefaults::ReportAll => "report-all",
            WithDefaults::ReportAllTagged => "report-all-tagged",
            WithDefaults::Trim => "trim",
            WithDefaults::Explicit => "explicit",
        }
    }

    pub(super) fn check(self, operation: &'static str, capabilities: &Capabilities) -> Result<(), Error> {
        self.check_by(capabilities::WITH_DEFAULTS, operation, capabilities)
    }

    /// `capability` is the one that lists the modes.
    pub(super) fn check_by(
        self,
        capability: &'static str,
        operation: &'static str,
        capabilities: &Capabilities,
    ) -> Result<(), Error> {
        need(capabilities, operation, capability)?;
        let parameter = |name| capabilities.parameter(capability, name).unwrap_or("");
        let offered = parameter("basic-mode").split(',').chain(parameter("also-supported").split(','));
        if offered.into_iter().any(|mode| mode == self.as_str()) {
            return Ok(());
        }
        Err(Error::InvalidArgument("the server does not offer this with-defaults mode"))
    }

    fn write(self, xml: &mut String) {
        xml.push_str("<with-defaults xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults\">");
        xml.push_str(self.as_str());
        xml.push_str("</with-defaults>");
    }
}

/// A reply that carries `<data>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data(Reply);

impl Data {
    /// Takes a reply that has a `<data>`.
    pub(crate) fn read(operation: &'static str, reply: Reply) -> Result<Self, Error> {
        if reply.data().is_none() {
            let reason = "it has no <data>".to_owned();
            return Err(Error::UnexpectedReply { operation: operation.to_owned(), reason });
        }
        Ok(Data(reply))
    }

    /// What stands between `<data>` and `</data>`: elements, as the server wrote them.
    pub fn xml(&self) -> &str {
        self.0.data().unwrap_or("")
    }

    /// The whole message, `<rpc-reply>` and all.
    pub fn reply(&self) -> &Reply {
        &self.0
    }

    /// The whole message, without a copy.
    pub fn into_reply(self) -> Reply {
        self.0
    }

    /// The whole message parsed; the data is its root's child `data`.
    ///
    /// # Errors
    /// As [`Reply::tree`].
    pub fn tree(&self) -> Result<roxmltree::Document<'_>, Error> {
        self.0.tree()
    }
}

/// Reads state and configuration (RFC 6241, section 7.7).
///
/// ```xml
/// <get><filter type="subtree"><system xmlns="urn:example"/></filter></get>
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Get {
    filter: Option<Filter>,
    with_defaults: Option<WithDefaults>,
}

impl Get {
    /// All there is; usually too much.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only what the filter selects.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Only what these elements select.
    #[must_use]
    pub fn subtree(self, elements: impl Into<String>) -> Self {
        self.filter(Filter::Subtree(elements.into()))
    }

    /// How default values are shown; needs `:with-defaults`.
    #[must_use]
    pub fn with_defaults(mut self, mode: WithDefaults) -> Self {
        self.with_defaults = Some(mode);
        self
    }
}

impl Operation for Get {
    type Output = Data;

    fn name(&self) -> &'static str {
        "get"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        self.filter.as_ref().map_or(Ok(()), |filter| filter.check(self.name(), capabilities))?;
        self.with_defaults.map_or(Ok(()), |mode| mode.check(self.name(), capabilities))
    }

    fn write(&self, xml: &mut String) {
        xml.push_str("<get>");
        if let Some(filter) = &self.filter {
            filter.write("filter", xml);
        }
        if let Some(mode) = self.with_defaults {
            mode.write(xml);
        }
        xml.push_str("</get>");
    }

    fn read(&self, reply: Reply) -> Result<Data, Error> {
        Data::read(self.name(), reply)
    }
}

/// Reads the configuration in a datastore (RFC 6241, section 7.1).
///
/// ```xml
/// <get-config><source><running/></source><filter type="subtree">…</filter></get-config>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetConfig {
    source: Datastore,
    filter: Option<Filter>,
    with_defaults: Option<WithDefaults>,
}

impl GetConfig {
    /// The whole configuration in `source`.
    pub fn new(source: Datastore) -> Self {
        GetConfig { source, filter: None, with_defaults: None }
    }

    /// Only what the filter selects.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Only what these elements select.
    #[must_use]
    pub fn subtree(self, elements: impl Into<String>) -> Self {
        self.filter(Filter::Subtree(elements.into()))
    }

    /// How default values are shown; needs `:with-defaults`.
    #[must_use]
    pub fn with_defaults(mut self, mode: WithDefaults) -> Self {
        self.with_defaults = Some(mode);
        self
    }
}

impl Operation for GetConfig {
    type Output = Data;

    fn name(&self) -> &'static str {
        "get-config"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        self.source.check(self.name(), capabilities)?;
        self.filter.as_ref().map_or(Ok(()), |filter| filter.check(self.name(), capabilities))?;
        self.with_defaults.map_or(Ok(()), |mode| mode.check(self.name(), capabilities))
    }

    fn write(&self, xml: &mut String) {
        xml.push_str("<get-config>");
        push_datastore("source", self.source, xml);
        if let Some(filter) = &self.filter {
            filter.write("filter", xml);
        }
        if let Some(mode) = self.with_defaults {
            mode.write(xml);
        }
        xml.push_str("</get-config>");
    }

    fn read(&self, reply: Reply) -> Result<Data, Error> {
        Data::read(self.name(), reply)
    }
}
