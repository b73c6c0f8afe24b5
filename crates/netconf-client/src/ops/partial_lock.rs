//! Locks on parts of running: partial-lock, partial-unlock (RFC 5717).

use super::query::check_prefixes;
use crate::capabilities::{self, Capabilities};
use crate::error::Error;
use crate::operation::{Effect, Operation, expect_ok, need};
use crate::reply::Reply;
use crate::xml;

const NS: &str = "urn:ietf:params:xml:ns:netconf:partial-lock:1.0";

/// Locks parts of running for this session (RFC 5717, section 2.4.1); needs `:partial-lock`. The lock ends with the
/// session.
///
/// ```xml
/// <partial-lock xmlns="urn:ietf:params:xml:ns:netconf:partial-lock:1.0">
///   <select xmlns:e="urn:example">/e:system</select></partial-lock>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialLock {
    selects: Vec<String>,
    namespaces: Vec<(String, String)>,
}

/// What a [`PartialLock`] got.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartiallyLocked {
    /// What [`PartialUnlock`] releases.
    pub lock_id: u32,
    /// The locked nodes as instance identifiers, as the server wrote them: prefixes are the server's.
    pub nodes: Vec<String>,
}

impl PartialLock {
    /// The nodes that `select` finds: an instance identifier, or any XPath with `:xpath`.
    pub fn new(select: impl Into<String>) -> Self {
        PartialLock { selects: vec![select.into()], namespaces: Vec::new() }
    }

    /// And those that this one finds.
    #[must_use]
    pub fn select(mut self, select: impl Into<String>) -> Self {
        self.selects.push(select.into());
        self
    }

    /// What a prefix in the expressions stands for.
    #[must_use]
    pub fn namespace(mut self, prefix: impl Into<String>, namespace: impl Into<String>) -> Self {
        self.namespaces.push((prefix.into(), namespace.into()));
        self
    }
}

impl Operation for PartialLock {
    type Output = PartiallyLocked;

    fn name(&self) -> &'static str {
        "partial-lock"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        need(capabilities, self.name(), capabilities::PARTIAL_LOCK)?;
        check_prefixes(&self.namespaces, "partial-lock")?;
        let mut operation = String::new();
        self.write(&mut operation);
        xml::check_fragment(&operation, "partial-lock", 2)
    }

    fn write(&self, xml: &mut String) {
        xml.push_str(&format!("<partial-lock xmlns=\"{NS}\""));
        for (prefix, namespace) in &self.namespaces {
            xml.push_str(&format!(" xmlns:{prefix}=\"{}\"", xml::escape(namespace)));
        }
        xml.push('>');
        for select in &self.selects {
            xml::push_text_element("select", select, xml);
        }
        xml.push_str("</partial-lock>");
    }

    fn read(&self, reply: Reply) -> Result<PartiallyLocked, Error> {
        let lock_id = reply.child_text("lock-id")?.and_then(|text| text.parse().ok());
        let lock_id = lock_id.ok_or_else(|| Error::UnexpectedReply {
            operation: self.name().to_owned(),
            reason: "it has no <lock-id>".to_owned(),
        })?;
        let document = reply.tree()?;
        let nodes = document.root_element().children().filter(|node| node.tag_name().name() == "locked-node");
        let nodes = nodes.filter_map(|node| node.text()).map(|text| text.trim().to_owned()).collect();
        Ok(PartiallyLocked { lock_id, nodes })
    }
}

/// Releases a partial lock of this session (RFC 5717, section 2.4.2).
///
/// ```xml
/// <partial-unlock xmlns="urn:ietf:params:xml:ns:netconf:partial-lock:1.0"><lock-id>127</lock-id></partial-unlock>
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialUnlock(pub u32);

impl Operation for PartialUnlock {
    type Output = ();

    fn name(&self) -> &'static str {
        "partial-unlock"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        need(capabilities, self.name(), capabilities::PARTIAL_LOCK)
    }

    fn write(&self, xml: &mut String) {
        xml.push_str(&format!("<partial-unlock xmlns=\"{NS}\">"));
        xml::push_text_element("lock-id", &self.0.to_string(), xml);
        xml.push_str("</partial-unlock>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}
