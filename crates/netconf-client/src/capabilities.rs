//! What a peer offers in its hello (RFC 6241, section 8), and the questions a client asks of it.

use std::fmt;

/// `:base:1.0`, end-of-message framing (RFC 6241, section 8.1).
pub const BASE_1_0: &str = "urn:ietf:params:netconf:base:1.0";
/// `:base:1.1`, chunked framing (RFC 6241, section 8.1).
pub const BASE_1_1: &str = "urn:ietf:params:netconf:base:1.1";
/// `:writable-running` (RFC 6241, section 8.2).
pub const WRITABLE_RUNNING: &str = "urn:ietf:params:netconf:capability:writable-running:1.0";
/// `:candidate` (RFC 6241, section 8.3).
pub const CANDIDATE: &str = "urn:ietf:params:netconf:capability:candidate:1.0";
/// `:confirmed-commit:1.0`, without persist (RFC 4741, section 8.4).
pub const CONFIRMED_COMMIT_1_0: &str = "urn:ietf:params:netconf:capability:confirmed-commit:1.0";
/// `:confirmed-commit:1.1`, with persist and cancel-commit (RFC 6241, section 8.4).
pub const CONFIRMED_COMMIT_1_1: &str = "urn:ietf:params:netconf:capability:confirmed-commit:1.1";
/// `:rollback-on-error` (RFC 6241, section 8.5).
pub const ROLLBACK_ON_ERROR: &str = "urn:ietf:params:netconf:capability:rollback-on-error:1.0";
/// `:validate:1.0` (RFC 4741, section 8.6).
pub const VALIDATE_1_0: &str = "urn:ietf:params:netconf:capability:validate:1.0";
/// `:validate:1.1`, with `test-only` (RFC 6241, section 8.6).
pub const VALIDATE_1_1: &str = "urn:ietf:params:netconf:capability:validate:1.1";
/// `:startup` (RFC 6241, section 8.7).
pub const STARTUP: &str = "urn:ietf:params:netconf:capability:startup:1.0";
/// `:url` (RFC 6241, section 8.8).
pub const URL: &str = "urn:ietf:params:netconf:capability:url:1.0";
/// `:xpath` (RFC 6241, section 8.9).
pub const XPATH: &str = "urn:ietf:params:netconf:capability:xpath:1.0";
/// `:notification` (RFC 5277, section 3.1).
pub const NOTIFICATION: &str = "urn:ietf:params:netconf:capability:notification:1.0";
/// `:interleave` (RFC 5277, section 6).
pub const INTERLEAVE: &str = "urn:ietf:params:netconf:capability:interleave:1.0";
/// `:partial-lock` (RFC 5717, section 2).
pub const PARTIAL_LOCK: &str = "urn:ietf:params:netconf:capability:partial-lock:1.0";
/// `:with-defaults` (RFC 6243, section 4).
pub const WITH_DEFAULTS: &str = "urn:ietf:params:netconf:capability:with-defaults:1.0";
/// `:with-operational-defaults`, with-defaults for the operational datastore (RFC 8526, section 3.1.1.2).
pub const WITH_OPERATIONAL_DEFAULTS: &str =
    "urn:ietf:params:netconf:capability:with-operational-defaults:1.0";
/// `:yang-library:1.0` (RFC 7950, section 5.6.4).
pub const YANG_LIBRARY_1_0: &str = "urn:ietf:params:netconf:capability:yang-library:1.0";
/// `:yang-library:1.1` (RFC 8526, section 2).
pub const YANG_LIBRARY_1_1: &str = "urn:ietf:params:netconf:capability:yang-library:1.1";

/// The capability URIs of one hello, without the white space some servers pad them with.
///
/// ```
/// use netconf_client::capabilities::{self, Capabilities};
///
/// let offered = Capabilities::from_iter(["\n  urn:ietf:params:netconf:capability:url:1.0?scheme=http,ftp  "]);
/// assert!(offered.has(capabilities::URL));
/// assert_eq!(offered.parameter(capabilities::URL, "scheme"), Some("http,ftp"));
/// assert!(!offered.candidate());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities(Vec<String>);

impl Capabilities {
    /// The URIs as the peer sent them, trimmed, in its order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `uri` is offered; parameters after a `?` in the offer do not matter.
    pub fn has(&self, uri: &str) -> bool {
        self.find(uri).is_some()
    }

    /// The value of one parameter of a capability: `scheme` of `…:url:1.0?scheme=http,ftp`. Not percent-decoded.
    pub fn parameter(&self, uri: &str, name: &str) -> Option<&str> {
        let (_, query) = self.find(uri)?.split_once('?')?;
        query
            .split('&')
            .flat_map(|pair| pair.strip_prefix("amp;").or(Some(pair)))
            .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
            .map(|(_, value)| value)
    }

    fn find(&self, uri: &str) -> Option<&str> {
        self.iter().find(|offered| offered.split('?').next() == Some(uri))
    }

    /// `:base:1.0`.
    pub fn base_1_0(&self) -> bool {
        self.has(BASE_1_0)
    }

    /// `:base:1.1`.
    pub fn base_1_1(&self) -> bool {
        self.has(BASE_1_1)
    }

    /// Running can be edited directly.
    pub fn writable_running(&self) -> bool {
        self.has(WRITABLE_RUNNING)
    }

    /// There is a candidate datastore, with `<commit>` and `<discard-changes>`.
    pub fn candidate(&self) -> bool {
        self.has(CANDIDATE)
    }

    /// Commits can be confirmed ones, of either version.
    pub fn confirmed_commit(&self) -> bool {
        self.has(CONFIRMED_COMMIT_1_0) || self.confirmed_commit_1_1()
    }

    /// Confirmed commits can outlive their session (`<persist>`) and be cancelled (`<cancel-commit>`).
    pub fn confirmed_commit_1_1(&self) -> bool {
        self.has(CONFIRMED_COMMIT_1_1)
    }

    /// `error-option` may be `rollback-on-error`.
    pub fn rollback_on_error(&self) -> bool {
        self.has(ROLLBACK_ON_ERROR)
    }

    /// `<validate>` and `test-option`, of either version.
    pub fn validate(&self) -> bool {
        self.has(VALIDATE_1_0) || self.validate_1_1()
    }

    /// `test-option` may also be `test-only`.
    pub fn validate_1_1(&self) -> bool {
        self.has(VALIDATE_1_1)
    }

    /// There is a startup datastore of its own.
    pub fn startup(&self) -> bool {
        self.has(STARTUP)
    }

    /// Filters may be XPath expressions.
    pub fn xpath(&self) -> bool {
        self.has(XPATH)
    }

    /// `<create-subscription>`.
    pub fn notification(&self) -> bool {
        self.has(NOTIFICATION)
    }

    /// Other operations are taken while a subscription runs.
    pub fn interleave(&self) -> bool {
        self.has(INTERLEAVE)
    }

    /// `<partial-lock>`.
    pub fn partial_lock(&self) -> bool {
        self.has(PARTIAL_LOCK)
    }

    /// `<with-defaults>` in get and get-config.
    pub fn with_defaults(&self) -> bool {
        self.has(WITH_DEFAULTS)
    }
}

impl<S: AsRef<str>> FromIterator<S> for Capabilities {
    fn from_iter<I: IntoIterator<Item = S>>(uris: I) -> Self {
        let trimmed = uris.into_iter().map(|uri| uri.as_ref().trim().to_owned());
        Capabilities(trimmed.filter(|uri| !uri.is_empty()).collect())
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_is_found_by_its_uri_whatever_its_parameters() {
        let offered = Capabilities::from_iter([
            "urn:ietf:params:netconf:capability:with-defaults:1.0?basic-mode=explicit&also-supported=report-all",
            "urn:ietf:params:netconf:capability:confirmed-commit:1.0",
            "",
        ]);
        assert_eq!(offered.len(), 2);
        assert!(offered.with_defaults());
        assert_eq!(offered.parameter(WITH_DEFAULTS, "basic-mode"), Some("explicit"));
        assert_eq!(offered.parameter(WITH_DEFAULTS, "also-supported"), Some("report-all"));
        assert_eq!(offered.parameter(WITH_DEFAULTS, "other"), None);
        assert!(offered.confirmed_commit());
        assert!(!offered.confirmed_commit_1_1());
    }

    #[test]
    fn a_longer_uri_is_not_taken_for_a_shorter_one() {
        let offered = Capabilities::from_iter(["urn:ietf:params:netconf:capability:candidate:1.01"]);
        assert!(!offered.candidate());
    }
}
