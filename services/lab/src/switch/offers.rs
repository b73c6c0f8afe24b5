//! What the switch can do, by the capability set it was started with, and its hello.

use std::fmt::Write as _;

use super::notify::EVENTS;
use super::tree::escape;
use super::xml::NETCONF;
use crate::settings::Capabilities;

/// What the switch can do beyond the base protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offers {
    pub(crate) base_1_1: bool,
    pub(crate) writable_running: bool,
    pub(crate) candidate: bool,
    pub(crate) confirmed_commit: bool,
    pub(crate) rollback_on_error: bool,
    pub(crate) validate: bool,
    pub(crate) startup: bool,
    pub(crate) xpath: bool,
    pub(crate) notification: bool,
    pub(crate) partial_lock: bool,
    pub(crate) with_defaults: bool,
}

const NOTHING: Offers = Offers {
    base_1_1: true,
    writable_running: false,
    candidate: false,
    confirmed_commit: false,
    rollback_on_error: true,
    validate: false,
    startup: false,
    xpath: false,
    notification: false,
    partial_lock: false,
    with_defaults: true,
};

impl From<Capabilities> for Offers {
    fn from(set: Capabilities) -> Self {
        match set {
            Capabilities::Catalyst9300 => {
                let base = Self { writable_running: true, candidate: true, validate: true, ..NOTHING };
                Self { xpath: true, notification: true, partial_lock: true, ..base }
            }
            Capabilities::ConfirmedCommit => {
                let base = Self { candidate: true, validate: true, confirmed_commit: true, ..NOTHING };
                Self { xpath: true, notification: true, ..base }
            }
            Capabilities::WritableRunning => Self { writable_running: true, ..NOTHING },
            Capabilities::Base10 => Self {
                base_1_1: false,
                writable_running: true,
                startup: true,
                with_defaults: false,
                ..NOTHING
            },
        }
    }
}

/// Namespace of ietf-netconf-monitoring (RFC 6022).
pub(crate) const MONITORING: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring";
/// Namespace of ietf-yang-library (RFC 8525).
pub(crate) const YANG_LIBRARY: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-library";
/// Namespace of the with-defaults parameter (RFC 6243).
pub(crate) const WITH_DEFAULTS: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults";

impl Offers {
    /// The capabilities, as they stand in the hello, white space included.
    pub(crate) fn capabilities(&self, content_id: &str) -> Vec<String> {
        let mut list = vec!["urn:ietf:params:netconf:base:1.0".to_owned()];
        if self.base_1_1 {
            list.push("urn:ietf:params:netconf:base:1.1".to_owned());
        }
        let named = [
            (self.writable_running, "writable-running:1.0"),
            (self.candidate, "candidate:1.0"),
            (self.confirmed_commit, "confirmed-commit:1.0"),
            (self.confirmed_commit, "confirmed-commit:1.1"),
            (self.rollback_on_error, "rollback-on-error:1.0"),
            (self.validate, "validate:1.0"),
            (self.validate, "validate:1.1"),
            (self.startup, "startup:1.0"),
            (self.xpath, "xpath:1.0"),
            (self.notification, "notification:1.0"),
            (self.notification, "interleave:1.0"),
            (self.partial_lock, "partial-lock:1.0"),
            (
                self.with_defaults,
                "with-defaults:1.0?basic-mode=explicit&also-supported=report-all-tagged,report-all",
            ),
        ];
        let offered = named.iter().filter(|(offered, _)| *offered);
        list.extend(offered.map(|(_, name)| format!("urn:ietf:params:netconf:capability:{name}")));
        let library = "urn:ietf:params:netconf:capability:yang-library";
        list.push(format!("{library}:1.0?revision=2019-01-04&module-set-id={content_id}"));
        list.push(format!("{MONITORING}?module=ietf-netconf-monitoring&revision=2010-10-04"));
        if self.notification {
            list.push(format!("{EVENTS}?module=ietf-netconf-notifications&revision=2012-02-06"));
        }
        list.push(format!("{}?module=cisco-ia&revision=2021-11-01", super::error::CISCO_IA));
        // The real box pads one of its capabilities like this.
        list.push(format!("\n        {library}:1.1?revision=2019-01-04&content-id={content_id}\n      "));
        list
    }

    /// The hello.
    pub(crate) fn hello(&self, content_id: &str, session: u32) -> String {
        let mut out =
            format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<hello xmlns=\"{NETCONF}\"><capabilities>");
        for capability in self.capabilities(content_id) {
            // Not `escape`: the padding stays as it is.
            let _ = write!(out, "<capability>{}</capability>", capability.replace('&', "&amp;"));
        }
        let _ = write!(out, "</capabilities><session-id>{session}</session-id></hello>");
        out
    }

    /// The set's name for people.
    pub(crate) fn name(set: Capabilities) -> String {
        escape(&format!("{set:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_offers_what_its_name_says() {
        let has = |set: Capabilities, part: &str| {
            Offers::from(set).capabilities("x").iter().any(|capability| capability.trim().contains(part))
        };
        assert!(
            !has(Capabilities::Catalyst9300, "confirmed-commit")
                && !has(Capabilities::Catalyst9300, "startup")
        );
        assert!(
            has(Capabilities::Catalyst9300, "candidate")
                && has(Capabilities::Catalyst9300, "writable-running")
        );
        assert!(has(Capabilities::ConfirmedCommit, "confirmed-commit:1.1"));
        assert!(
            !has(Capabilities::WritableRunning, "candidate")
                && !has(Capabilities::WritableRunning, "validate")
        );
        assert!(!has(Capabilities::Base10, "base:1.1") && has(Capabilities::Base10, "startup"));
    }

    /// The capabilities of the base protocol that a Catalyst 9300 with 17.12 announces, and no others.
    #[test]
    fn the_catalyst_offers_what_the_box_offers() {
        let prefix = "urn:ietf:params:netconf:capability:";
        let offered = Offers::from(Capabilities::Catalyst9300).capabilities("x");
        let offered: Vec<&str> =
            offered.iter().filter_map(|known| known.trim().strip_prefix(prefix)?.split('?').next()).collect();
        let expected = [
            "writable-running:1.0",
            "candidate:1.0",
            "rollback-on-error:1.0",
            "validate:1.0",
            "validate:1.1",
            "xpath:1.0",
            "notification:1.0",
            "interleave:1.0",
            "partial-lock:1.0",
            "with-defaults:1.0",
            "yang-library:1.0",
            "yang-library:1.1",
        ];
        assert_eq!(offered, expected);
    }

    #[test]
    fn the_native_module_is_not_in_the_hello_and_one_capability_is_padded() {
        let hello = Offers::from(Capabilities::Catalyst9300).hello("x", 7);
        assert!(!hello.contains("Cisco-IOS-XE-native"));
        assert!(hello.contains("<capability>\n        urn:"));
        assert!(roxmltree::Document::parse(&hello).is_ok());
    }
}
