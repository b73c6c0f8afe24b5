//! The datastores of the Network Management Datastore Architecture: get-data, edit-data (RFC 8526).

use super::{Config, Data, DefaultOperation, Filter, WithDefaults, push_inline};
use crate::capabilities::{self, Capabilities};
use crate::error::Error;
use crate::operation::{Effect, Operation, expect_ok, need};
use crate::reply::Reply;
use crate::xml;

const NMDA_NS: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda";
const ORIGIN_NS: &str = "urn:ietf:params:xml:ns:yang:ietf-origin";
const DATASTORES_NS: &str = "urn:ietf:params:xml:ns:yang:ietf-datastores";

/// A datastore by its identity in `ietf-datastores` (RFC 8342, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NmdaDatastore {
    /// What is in force, as configured.
    Running,
    /// What may be committed.
    Candidate,
    /// What is loaded at the next boot.
    Startup,
    /// Running after templates and the like were applied.
    Intended,
    /// What the system really uses, state included.
    Operational,
}

impl NmdaDatastore {
    /// The identity's name.
    pub fn as_str(self) -> &'static str {
        match self {
            NmdaDatastore::Running => "running",
            NmdaDatastore::Candidate => "candidate",
            NmdaDatastore::Startup => "startup",
            NmdaDatastore::Intended => "intended",
            NmdaDatastore::Operational => "operational",
        }
    }

    fn write(self, xml: &mut String) {
        xml.push_str(&format!("<datastore xmlns:ds=\"{DATASTORES_NS}\">ds:{}</datastore>", self.as_str()));
    }
}

/// NMDA goes with the YANG library of RFC 8525, announced by `:yang-library:1.1` (RFC 8526, section 2).
fn check_nmda(capabilities: &Capabilities, operation: &'static str) -> Result<(), Error> {
    if capabilities.has(NMDA_NS) {
        return Ok(());
    }
    need(capabilities, operation, capabilities::YANG_LIBRARY_1_1)
}

/// Reads a datastore, the operational one too (RFC 8526, section 3.1.1); needs `:yang-library:1.1`.
///
/// ```xml
/// <get-data xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"><datastore>ds:operational</datastore>
///   <subtree-filter><system xmlns="urn:example"/></subtree-filter><max-depth>2</max-depth></get-data>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetData {
    datastore: NmdaDatastore,
    filter: Option<Filter>,
    config_filter: Option<bool>,
    origins: Vec<String>,
    other_origins: bool,
    max_depth: Option<u16>,
    with_origin: bool,
    with_defaults: Option<WithDefaults>,
}

impl GetData {
    /// All there is in `datastore`.
    pub fn new(datastore: NmdaDatastore) -> Self {
        GetData {
            datastore,
            filter: None,
            config_filter: None,
            origins: Vec::new(),
            other_origins: false,
            max_depth: None,
            with_origin: false,
            with_defaults: None,
        }
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

    /// Only configuration (`true`) or only state (`false`).
    #[must_use]
    pub fn config_filter(mut self, config: bool) -> Self {
        self.config_filter = Some(config);
        self
    }

    /// Only what comes from this origin, or from one of them if there are several: `intended`, `system`, `learned`, or
    /// another identity of `ietf-origin` (RFC 8342, section 5.3.4); for the operational datastore.
    #[must_use]
    pub fn origin_filter(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Only what does not come from the origins of [`GetData::origin_filter`].
    #[must_use]
    pub fn negate_origins(mut self) -> Self {
        self.other_origins = true;
        self
    }

    /// Only so many levels below what is selected, at least 1.
    #[must_use]
    pub fn max_depth(mut self, levels: u16) -> Self {
        self.max_depth = Some(levels);
        self
    }

    /// With the origin of each configured value; for the operational datastore.
    #[must_use]
    pub fn with_origin(mut self) -> Self {
        self.with_origin = true;
        self
    }

    /// How default values are shown; needs `:with-defaults`, for the operational datastore `:with-operational-defaults`.
    #[must_use]
    pub fn with_defaults(mut self, mode: WithDefaults) -> Self {
        self.with_defaults = Some(mode);
        self
    }
}

impl Operation for GetData {
    type Output = Data;

    fn name(&self) -> &'static str {
        "get-data"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        check_nmda(capabilities, self.name())?;
        if self.max_depth == Some(0) {
            return Err(Error::InvalidArgument("the depth is at least 1"));
        }
        let operational = self.datastore == NmdaDatastore::Operational;
        if (self.with_origin || !self.origins.is_empty()) && !operational {
            return Err(Error::InvalidArgument("only the operational datastore has origins"));
        }
        let named = |origin: &String| origin.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if self.origins.iter().any(|origin| origin.is_empty() || !named(origin)) {
            return Err(Error::InvalidArgument("an origin is the name of an identity of ietf-origin"));
        }
        let modes =
            if operational { capabilities::WITH_OPERATIONAL_DEFAULTS } else { capabilities::WITH_DEFAULTS };
        self.with_defaults.map_or(Ok(()), |mode| mode.check_by(modes, self.name(), capabilities))?;
        self.filter.as_ref().map_or(Ok(()), |filter| filter.check(self.name(), capabilities))
    }

    fn write(&self, xml: &mut String) {
        xml.push_str(&format!("<get-data xmlns=\"{NMDA_NS}\">"));
        self.datastore.write(xml);
        match &self.filter {
            None => {}
            Some(Filter::Subtree(elements)) => {
                xml.push_str(&format!("<subtree-filter>{elements}</subtree-filter>"));
            }
            Some(Filter::XPath { select, namespaces }) => {
                xml.push_str("<xpath-filter");
                for (prefix, namespace) in namespaces {
                    xml.push_str(&format!(" xmlns:{prefix}=\"{}\"", xml::escape(namespace)));
                }
                xml.push_str(&format!(">{}</xpath-filter>", xml::escape(select)));
            }
        }
        if let Some(config) = self.config_filter {
            xml::push_text_element("config-filter", if config { "true" } else { "false" }, xml);
        }
        for origin in &self.origins {
            let name = if self.other_origins { "negated-origin-filter" } else { "origin-filter" };
            xml.push_str(&format!("<{name} xmlns:or=\"{ORIGIN_NS}\">or:{origin}</{name}>"));
        }
        if let Some(levels) = self.max_depth {
            xml::push_text_element("max-depth", &levels.to_string(), xml);
        }
        if self.with_origin {
            xml.push_str("<with-origin/>");
        }
        if let Some(mode) = self.with_defaults {
            xml::push_text_element("with-defaults", mode.as_str(), xml);
        }
        xml.push_str("</get-data>");
    }

    fn read(&self, reply: Reply) -> Result<Data, Error> {
        Data::read(self.name(), reply)
    }
}

/// Changes a writable datastore (RFC 8526, section 3.1.2); needs `:yang-library:1.1`. All of it is made or nothing.
///
/// ```xml
/// <edit-data xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"><datastore>ds:running</datastore>
///   <config><system xmlns="urn:example"/></config></edit-data>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditData {
    datastore: NmdaDatastore,
    config: Config,
    default_operation: Option<DefaultOperation>,
}

impl EditData {
    /// An edit by these elements, without a `<config>` around them.
    pub fn new(datastore: NmdaDatastore, config: impl Into<String>) -> Self {
        EditData { datastore, config: Config::Inline(config.into()), default_operation: None }
    }

    /// An edit by a file the server reads; needs `:url`.
    pub fn from_url(datastore: NmdaDatastore, url: impl Into<String>) -> Self {
        EditData { datastore, config: Config::Url(url.into()), default_operation: None }
    }

    /// What happens to elements without an `operation`.
    #[must_use]
    pub fn default_operation(mut self, operation: DefaultOperation) -> Self {
        self.default_operation = Some(operation);
        self
    }
}

impl Operation for EditData {
    type Output = ();

    fn name(&self) -> &'static str {
        "edit-data"
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        check_nmda(capabilities, self.name())?;
        match self.datastore {
            NmdaDatastore::Running => need(capabilities, self.name(), capabilities::WRITABLE_RUNNING)?,
            NmdaDatastore::Candidate => need(capabilities, self.name(), capabilities::CANDIDATE)?,
            NmdaDatastore::Startup => need(capabilities, self.name(), capabilities::STARTUP)?,
            NmdaDatastore::Intended | NmdaDatastore::Operational => {
                return Err(Error::InvalidArgument("intended and operational cannot be edited"));
            }
        }
        self.config.check(self.name(), capabilities)
    }

    fn write(&self, xml: &mut String) {
        xml.push_str(&format!("<edit-data xmlns=\"{NMDA_NS}\">"));
        self.datastore.write(xml);
        if let Some(operation) = self.default_operation {
            xml::push_text_element("default-operation", operation.as_str(), xml);
        }
        match &self.config {
            Config::Url(url) => xml::push_text_element("url", url, xml),
            Config::Inline(config) => push_inline(config, xml),
            // There is no way to make one.
            Config::Datastore(_) => {}
        }
        xml.push_str("</edit-data>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}
