//! The operations, each a struct that [`Session::call`](crate::session::Session::call) sends.
//!
//! Each checks, before anything is sent, that the server offers what it needs, and names the capability that is
//! missing. XML given by the caller must be whole elements with all their prefixes declared.
//!
//! # Errors
//! Of every operation, before anything is sent: [`Error::MissingCapability`]; [`Error::InvalidArgument`] for a value outside
//! of its range; [`Error::InvalidXml`] for XML that is not well-formed, has a prefix that is not declared, text outside of
//! an element, or more than 512 levels. Then those of [`Session::call`](crate::session::Session::call).

mod commit;
mod edit;
mod locks;
mod nmda;
mod partial_lock;
mod query;
mod raw;
mod schema;
mod subscribe;
mod vendor;
mod warned;

pub use commit::{CancelCommit, Commit, DiscardChanges, Validate};
pub use edit::{CopyConfig, DefaultOperation, DeleteConfig, EditConfig, ErrorOption, TestOption};
pub use locks::{CloseSession, KillSession, Lock, Unlock};
pub use nmda::{EditData, GetData, NmdaDatastore};
pub use partial_lock::{PartialLock, PartialUnlock, PartiallyLocked};
pub use query::{Data, Filter, Get, GetConfig, WithDefaults};
pub use raw::Raw;
pub use schema::{GetSchema, GetYangLibrary, Module, YangLibrary};
pub(crate) use subscribe::SUBSCRIBED_NS;
pub use subscribe::{CreateSubscription, DeleteSubscription, EstablishSubscription, Established};
pub use vendor::{SaveConfig, SyncFrom};
pub use warned::WithWarnings;

use std::fmt;

use crate::capabilities::{self, Capabilities};
use crate::error::Error;
use crate::framing::Limits;
use crate::operation::need;
use crate::xml;

/// A configuration datastore (RFC 6241, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Datastore {
    /// What is in force. Always there; writable with `:writable-running`.
    Running,
    /// What may be committed. With `:candidate`.
    Candidate,
    /// What is loaded at the next boot. With `:startup`.
    Startup,
}

impl Datastore {
    /// The element's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Datastore::Running => "running",
            Datastore::Candidate => "candidate",
            Datastore::Startup => "startup",
        }
    }

    /// Fails unless the server has this datastore.
    pub(crate) fn check(self, operation: &'static str, capabilities: &Capabilities) -> Result<(), Error> {
        match self {
            Datastore::Running => Ok(()),
            Datastore::Candidate => need(capabilities, operation, capabilities::CANDIDATE),
            Datastore::Startup => need(capabilities, operation, capabilities::STARTUP),
        }
    }
}

impl fmt::Display for Datastore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a configuration comes from or goes to, where more than a datastore is possible.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Config {
    /// A datastore.
    Datastore(Datastore),
    /// A file the server can reach, by a scheme of its `:url` capability.
    Url(String),
    /// The configuration itself, as a series of elements.
    Inline(String),
}

impl From<Datastore> for Config {
    fn from(datastore: Datastore) -> Self {
        Config::Datastore(datastore)
    }
}

impl Config {
    fn check(&self, operation: &'static str, capabilities: &Capabilities) -> Result<(), Error> {
        match self {
            Config::Datastore(datastore) => datastore.check(operation, capabilities),
            Config::Url(url) => check_url(url, operation, capabilities),
            Config::Inline(xml) => xml::check_fragment(xml, "config", Limits::DEFAULT.max_depth),
        }
    }

    /// Appends `<role>…</role>`.
    fn write(&self, role: &str, xml: &mut String) {
        xml.push('<');
        xml.push_str(role);
        xml.push('>');
        match self {
            Config::Datastore(datastore) => push_empty(datastore.as_str(), xml),
            Config::Url(url) => xml::push_text_element("url", url, xml),
            Config::Inline(config) => push_inline(config, xml),
        }
        xml.push_str("</");
        xml.push_str(role);
        xml.push('>');
    }
}

/// A URL needs `:url` with its scheme (RFC 6241, section 8.8).
fn check_url(url: &str, operation: &'static str, capabilities: &Capabilities) -> Result<(), Error> {
    need(capabilities, operation, capabilities::URL)?;
    let scheme = url.split(':').next().unwrap_or("");
    let offered = capabilities.parameter(capabilities::URL, "scheme").unwrap_or("");
    if !xml::is_xml_text(url) || !offered.split(',').any(|one| one.eq_ignore_ascii_case(scheme)) {
        return Err(Error::InvalidArgument("the URL's scheme is not one the server offers"));
    }
    Ok(())
}

fn push_inline(config: &str, xml: &mut String) {
    xml.push_str("<config>");
    xml.push_str(config);
    xml.push_str("</config>");
}

fn push_empty(name: &str, xml: &mut String) {
    xml.push('<');
    xml.push_str(name);
    xml.push_str("/>");
}

/// Appends `<role><datastore/></role>`.
fn push_datastore(role: &str, datastore: Datastore, xml: &mut String) {
    Config::Datastore(datastore).write(role, xml);
}

#[cfg(test)]
mod tests;
