//! The envelope of an RPC: reading the message, choosing the operation, writing the reply.

use std::fmt::Write as _;
use std::time::Instant;

use roxmltree::Node as Xml;

use super::device::Device;
use super::error::{CISCO_IA, RpcError};
use super::log::EventKind;
use super::notify::NOTIFICATION;
use super::offers::{MONITORING, WITH_DEFAULTS};
use super::partial_lock::PARTIAL_LOCK;
use super::tree::escape;
use super::xml::{self, NETCONF};

/// What the switch sends back to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The `rpc-reply`, if there is one.
    pub(crate) xml: Option<String>,
    /// Why the session ends after it, if it does.
    pub(crate) close: Option<String>,
}

/// The content of an `rpc-reply` without errors, or all errors.
pub(crate) type Answer = Result<String, Vec<RpcError>>;

/// `<ok/>`.
pub(crate) fn ok() -> Answer {
    Ok("<ok/>".to_owned())
}

/// One error as an answer.
pub(crate) fn refuse<T>(error: RpcError) -> Result<T, Vec<RpcError>> {
    Err(vec![error])
}

/// An RPC in the hands of the switch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a, 'input> {
    /// The operation's element.
    pub(crate) op: Xml<'a, 'input>,
    /// The session that asks.
    pub(crate) session: u32,
    /// The time of asking.
    pub(crate) now: Instant,
}

impl<'a, 'input> Call<'a, 'input> {
    /// A parameter of the operation, an element of NETCONF's namespace.
    pub(crate) fn param(&self, name: &str) -> Option<Xml<'a, 'input>> {
        xml::param(self.op, name)
    }

    /// The text of a parameter.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        self.param(name).map(xml::word)
    }

    /// Refuses parameters other than these, of another namespace, or given twice.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Vec<RpcError>> {
        let own = self.op.tag_name().namespace().unwrap_or_default();
        let mut seen: Vec<&str> = Vec::new();
        for child in xml::elements(self.op) {
            let (name, ns) = (child.tag_name().name(), child.tag_name().namespace().unwrap_or_default());
            let operation = self.op.tag_name().name();
            if !known.contains(&name) {
                let message = format!("{operation} has no parameter {name}");
                return refuse(RpcError::protocol("unknown-element", &message).info("bad-element", name));
            }
            if ns != own && !(name == "with-defaults" && ns == WITH_DEFAULTS) {
                return refuse(strange_namespace(name, ns));
            }
            if seen.contains(&name) {
                let error = RpcError::protocol("bad-element", &format!("{operation} has {name} twice"));
                return refuse(error.info("bad-element", name));
            }
            seen.push(name);
        }
        Ok(())
    }
}

/// An element whose namespace is none that could stand there.
pub(crate) fn strange_namespace(name: &str, ns: &str) -> RpcError {
    let error =
        RpcError::protocol("unknown-namespace", &format!("{name} of namespace {ns:?} is not known here"));
    error.info("bad-element", name).info("bad-namespace", ns)
}

/// The element name of the operation in a message and the datastore it is about, for faults.
pub(crate) fn operation(message: &[u8]) -> Option<(String, String)> {
    let document = std::str::from_utf8(message).ok().and_then(|text| xml::parse(text.trim()).ok())?;
    let operation = xml::elements(document.root_element()).next()?;
    let about = xml::param(operation, "target").or_else(|| xml::param(operation, "source"));
    let datastore = about.and_then(|about| xml::elements(about).next());
    let datastore = datastore.map(|datastore| datastore.tag_name().name().to_owned());
    Some((operation.tag_name().name().to_owned(), datastore.unwrap_or_default()))
}

/// A reply of one error to a message, work left undone: for faults.
pub(crate) fn error_reply(message: &[u8], error: &RpcError) -> String {
    let text = std::str::from_utf8(message).unwrap_or_default();
    let document = xml::parse(text.trim()).ok();
    let attributes = document.map(|document| attributes(document.root_element())).unwrap_or_default();
    envelope(&attributes, &error.to_xml())
}

impl Device {
    /// Carries out one message of a session.
    pub(crate) fn handle(&mut self, session: u32, message: &[u8], now: Instant) -> Reply {
        self.expire(now);
        let text = match std::str::from_utf8(message) {
            Ok(text) => text.trim(),
            Err(error) => return self.malformed(session, &error.to_string()),
        };
        let document = match xml::parse(text) {
            Ok(document) => document,
            Err(error) => return self.malformed(session, &error),
        };
        let root = document.root_element();
        if !xml::is(root, NETCONF, "rpc") {
            let name = root.tag_name().name();
            let error = RpcError::rpc("unknown-element", &format!("expected an rpc, found {name}"));
            let xml = envelope("", &error.info("bad-element", name).to_xml());
            return Reply { xml: Some(xml), close: Some(format!("sent {name} where an rpc should be")) };
        }
        if let Some(entry) = self.sessions.get_mut(&session) {
            entry.rpcs += 1;
        }
        let answer = self.answer(session, root, now);
        let name = xml::elements(root).next().map_or("nothing", |operation| operation.tag_name().name());
        self.finish(session, root, name, answer)
    }

    fn answer(&mut self, session: u32, root: Xml<'_, '_>, now: Instant) -> Answer {
        let mut operations = xml::elements(root);
        let first = operations.next();
        *self.log.rpcs.entry(first.map_or("nothing", |op| op.tag_name().name()).to_owned()).or_default() += 1;
        if root.attribute("message-id").is_none() {
            let error = RpcError::rpc("missing-attribute", "the rpc has no message-id");
            return refuse(error.info("bad-attribute", "message-id").info("bad-element", "rpc"));
        }
        let Some(op) = first else {
            return refuse(RpcError::missing("operation"));
        };
        if let Some(second) = operations.next() {
            let error = RpcError::rpc("bad-element", "an rpc has one operation");
            return refuse(error.info("bad-element", second.tag_name().name()));
        }
        self.dispatch(&Call { op, session, now })
    }

    fn dispatch(&mut self, call: &Call<'_, '_>) -> Answer {
        let name = call.op.tag_name().name();
        match (call.op.tag_name().namespace().unwrap_or_default(), name) {
            (NETCONF, "get") => self.get(call),
            (NETCONF, "get-config") => self.get_config(call),
            (NETCONF, "edit-config") => self.edit_config(call),
            (NETCONF, "copy-config") => self.copy_config(call),
            (NETCONF, "delete-config") => self.delete_config(call),
            (NETCONF, "lock") => self.lock(call),
            (NETCONF, "unlock") => self.unlock(call),
            (NETCONF, "validate") if self.offers.validate => self.validate(call),
            (NETCONF, "commit") if self.offers.candidate => self.commit(call),
            (NETCONF, "cancel-commit") if self.offers.confirmed_commit => self.cancel_commit(call),
            (NETCONF, "discard-changes") if self.offers.candidate => self.discard_changes(call),
            (NETCONF, "close-session") => call.only(&[]).and_then(|()| ok()),
            (NETCONF, "kill-session") => self.kill_session(call),
            (PARTIAL_LOCK, "partial-lock") if self.offers.partial_lock => self.partial_lock(call),
            (PARTIAL_LOCK, "partial-unlock") if self.offers.partial_lock => self.partial_unlock(call),
            (NOTIFICATION, "create-subscription") if self.offers.notification => {
                self.create_subscription(call)
            }
            (MONITORING, "get-schema") => self.get_schema(call),
            (CISCO_IA, "save-config") => self.save_config(call),
            (CISCO_IA, "sync-from") => self.sync_from(call),
            _ => refuse(
                RpcError::unsupported(&format!("the switch does not offer {name}")).info("bad-element", name),
            ),
        }
    }

    fn finish(&mut self, session: u32, root: Xml<'_, '_>, name: &str, answer: Answer) -> Reply {
        let close = (name == "close-session" && answer.is_ok()).then(|| "closed by the client".to_owned());
        let body = match answer {
            Ok(body) => body,
            Err(errors) => {
                let user = self.user(session);
                let texts: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
                let text = format!("{name}: {}", texts.join("; "));
                self.log.add(EventKind::Refused, (Some(session), &user), text);
                errors.iter().map(RpcError::to_xml).collect()
            }
        };
        Reply { xml: Some(envelope(&attributes(root), &body)), close }
    }

    fn malformed(&mut self, session: u32, reason: &str) -> Reply {
        let user = self.user(session);
        self.log.add(EventKind::Refused, (Some(session), &user), format!("a message is no XML: {reason}"));
        let chunked = self.sessions.get(&session).is_some_and(|session| session.chunked);
        if !chunked {
            // The tag for it exists from base 1.1 on.
            return Reply { xml: None, close: Some("sent a message that is no XML".to_owned()) };
        }
        let error = RpcError::rpc("malformed-message", &format!("the message is no XML: {reason}"));
        Reply { xml: Some(envelope("", &error.to_xml())), close: None }
    }
}

fn envelope(attributes: &str, body: &str) -> String {
    format!("<rpc-reply xmlns=\"{NETCONF}\"{attributes}>{body}</rpc-reply>")
}

/// All attributes of an rpc, which its reply repeats (RFC 6241 4.2), with the namespaces they need.
fn attributes(rpc: Xml<'_, '_>) -> String {
    let mut out = String::new();
    let mut declared: Vec<(&str, String)> = Vec::new();
    for attribute in rpc.attributes() {
        let value = escape(attribute.value());
        match attribute.namespace() {
            None => {
                let _ = write!(out, " {}=\"{value}\"", attribute.name());
            }
            Some("http://www.w3.org/XML/1998/namespace") => {
                let _ = write!(out, " xml:{}=\"{value}\"", attribute.name());
            }
            Some(ns) => {
                let known = declared.iter().find(|(known, _)| *known == ns).map(|(_, prefix)| prefix.clone());
                let prefix = known.unwrap_or_else(|| {
                    let prefix = format!("a{}", declared.len());
                    let _ = write!(out, " xmlns:{prefix}=\"{}\"", escape(ns));
                    declared.push((ns, prefix.clone()));
                    prefix
                });
                let _ = write!(out, " {prefix}:{}=\"{value}\"", attribute.name());
            }
        }
    }
    out
}
