//! Vendors' RPCs that this crate knows by name: cisco-ia of IOS-XE.

use crate::capabilities::Capabilities;
use crate::error::Error;
use crate::operation::{Effect, Operation};
use crate::reply::Reply;

const CISCO_IA_NS: &str = "http://cisco.com/yang/cisco-ia";

/// Writes running to startup (cisco-ia `save-config`, IOS-XE). The output is the server's text: it answers
/// `<result>Save running-config successful</result>`, not `<ok/>`.
///
/// Not checked against the hello, where a module of YANG 1.1 need not stand; a server without it refuses by itself.
///
/// ```xml
/// <save-config xmlns="http://cisco.com/yang/cisco-ia"/>
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaveConfig;

/// Reads the configuration of the command line into the datastore (cisco-ia `sync-from`, IOS-XE), for a device that
/// somebody may have configured there. The output is the server's text.
///
/// ```xml
/// <sync-from xmlns="http://cisco.com/yang/cisco-ia"><sync-defaults/></sync-from>
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncFrom {
    sync_defaults: bool,
    ignore_preserve_paths: bool,
}

impl SyncFrom {
    /// A plain `sync-from`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Default values too.
    #[must_use]
    pub fn sync_defaults(mut self) -> Self {
        self.sync_defaults = true;
        self
    }

    /// Also the paths that are otherwise left alone (`ignore-presrv-paths`).
    #[must_use]
    pub fn ignore_preserve_paths(mut self) -> Self {
        self.ignore_preserve_paths = true;
        self
    }
}

/// The text of `<result>`; a reply without errors is a success whatever it says.
fn result_text(reply: &Reply) -> Result<String, Error> {
    Ok(reply.child_text("result")?.unwrap_or_default())
}

impl Operation for SaveConfig {
    type Output = String;

    fn name(&self) -> &'static str {
        "save-config"
    }

    fn check(&self, _: &Capabilities) -> Result<(), Error> {
        Ok(())
    }

    fn write(&self, xml: &mut String) {
        xml.push_str(&format!("<save-config xmlns=\"{CISCO_IA_NS}\"/>"));
    }

    fn read(&self, reply: Reply) -> Result<String, Error> {
        result_text(&reply)
    }
}

impl Operation for SyncFrom {
    type Output = String;

    fn name(&self) -> &'static str {
        "sync-from"
    }

    /// It makes the datastore equal to what is in force anyway: repeating it is safe.
    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, _: &Capabilities) -> Result<(), Error> {
        Ok(())
    }

    fn write(&self, xml: &mut String) {
        xml.push_str(&format!("<sync-from xmlns=\"{CISCO_IA_NS}\">"));
        if self.sync_defaults {
            xml.push_str("<sync-defaults/>");
        }
        if self.ignore_preserve_paths {
            xml.push_str("<ignore-presrv-paths/>");
        }
        xml.push_str("</sync-from>");
    }

    fn read(&self, reply: Reply) -> Result<String, Error> {
        result_text(&reply)
    }
}
