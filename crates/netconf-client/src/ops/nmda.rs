//! The datastores of the Network Management Datastore Architecture: get-data, edit-data (RFC 8526).

use super::{Data, DefaultOperation, Filter, WithDefaults};
use crate::capabilities::{self, Capabilities};
use crate::error::Error;
use crate::framing::Limits;
use crate::operation::{Effect, Operation, expect_ok, need};
use crate::reply::Reply;
use crate::xml;

const NMDA_NS: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda";
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

    /// How default values are shown; needs `:with-defaults`.
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
        if self.with_origin && self.datastore != NmdaDatastore::Operational {
            return Err(Error::InvalidArgument("only the operational datastore has origins"));
        }
        self.with_defaults.map_or(Ok(()), |mode| mode.check(self.name(), capabilities))?;
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
    config: String,
    default_operation: Option<DefaultOperation>,
}

impl EditData {
    /// An edit by these elements, without a `<config>` around them.
    pub fn new(datastore: NmdaDatastore, config: impl Into<String>) -> Self {
        EditData { datastore, config: config.into(), default_operation: None }
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
        xml::check_fragment(&self.config, "config", Limits::DEFAULT.max_depth)
    }

    fn write(&self, xml: &mut String) {
        xml.push_str(&format!("<edit-data xmlns=\"{NMDA_NS}\">"));
        self.datastore.write(xml);
        if let Some(operation) = self.default_operation {
            xml::push_text_element("default-operation", operation.as_str(), xml);
        }
        // The configuration must not inherit this operation's namespace.
        xml.push_str("<config>");
        xml.push_str(&self.config);
        xml.push_str("</config></edit-data>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}
