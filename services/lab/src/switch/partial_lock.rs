//! Locks of parts of running (RFC 5717).

use std::fmt::Write as _;

use super::device::{Datastore, Device};
use super::error::RpcError;
use super::log::EventKind;
use super::rpc::{Answer, Call, ok, refuse, strange_namespace};
use super::shape::Shape;
use super::tree::{Node, Place, escape};
use super::xml;
use super::xpath::XPath;

/// Namespace of its operations.
pub(crate) const PARTIAL_LOCK: &str = "urn:ietf:params:xml:ns:netconf:partial-lock:1.0";
/// Locks of one session at once, and nodes of one lock.
const MAX_LOCKS: usize = 64;
const MAX_NODES: usize = 1_000;

/// A lock of some nodes of running, with all that is below them.
#[derive(Debug, Clone)]
pub(crate) struct PartialLock {
    id: u32,
    /// Who holds it.
    pub(crate) session: u32,
    nodes: Vec<Place>,
}

impl PartialLock {
    /// Whether the two stand in each other's way: a node of one is at, above or below a node of the other.
    fn overlaps(&self, nodes: &[Place]) -> bool {
        self.nodes.iter().any(|a| nodes.iter().any(|b| a.0.iter().zip(&b.0).all(|(a, b)| a == b)))
    }

    /// Whether any of its nodes, or what is below it, differs.
    fn differs(&self, (before, after): (&Node, &Node), model: &Shape) -> bool {
        self.nodes.iter().any(|place| at(before, place, model) != at(after, place, model))
    }
}

/// The node at a place.
fn at<'a>(root: &'a Node, place: &Place, model: &Shape) -> Option<&'a Node> {
    let (mut node, mut shape) = (root, model);
    for step in &place.0 {
        shape = shape.child(&step.ns, &step.name)?;
        node = node
            .children
            .iter()
            .find(|child| child.is(&step.ns, &step.name) && shape.step(child) == *step)?;
    }
    Some(node)
}

/// The place of a node, from the way to it.
fn place(way: &[&Node], model: &Shape) -> Option<Place> {
    let mut shape = model;
    let steps = way.iter().map(|node| {
        shape = shape.child(&node.ns, &node.name)?;
        Some(shape.step(node))
    });
    steps.collect::<Option<Vec<_>>>().map(Place)
}

impl Device {
    /// RFC 5717 2.4.1.
    pub(crate) fn partial_lock(&mut self, call: &Call<'_, '_>) -> Answer {
        let nodes = self.selected(call)?;
        let denied = |session: u32, message: &str| {
            let error = RpcError::protocol("lock-denied", message);
            Err(vec![error.info("session-id", &session.to_string())])
        };
        if let Some(holder) = self.locks.get(&Datastore::Running) {
            return denied(*holder, &format!("running is locked by session {holder}"));
        }
        if let Some(pending) = self.pending.as_ref().filter(|pending| pending.session != call.session) {
            let error = RpcError::protocol("lock-denied", "a confirmed commit of another session waits");
            let error = error.info("session-id", &self.alive(pending.session).to_string());
            return refuse(RpcError { app_tag: Some("outstanding-confirmed-commit".to_owned()), ..error });
        }
        let others = self.partial.iter().filter(|lock| lock.session != call.session);
        if let Some(lock) = others.into_iter().find(|lock| lock.overlaps(&nodes)) {
            return denied(lock.session, &format!("session {} holds a lock of a part of it", lock.session));
        }
        if self.partial.iter().filter(|lock| lock.session == call.session).count() >= MAX_LOCKS {
            let message = format!("a session has at most {MAX_LOCKS} partial locks");
            return refuse(RpcError::protocol("resource-denied", &message));
        }
        self.last_partial += 1;
        let id = self.last_partial;
        let mut reply = format!("<lock-id xmlns=\"{PARTIAL_LOCK}\">{id}</lock-id>");
        for node in &nodes {
            let (path, prefixes) = node.to_xpath();
            let _ = write!(reply, "<locked-node xmlns=\"{PARTIAL_LOCK}\"");
            for (prefix, ns) in prefixes {
                let _ = write!(reply, " xmlns:{prefix}=\"{}\"", escape(&ns));
            }
            let _ = write!(reply, ">{}</locked-node>", escape(&path));
        }
        let user = self.user(call.session);
        let text = format!("{} nodes of running", nodes.len());
        self.log.add(EventKind::Locked, (Some(call.session), &user), text);
        self.partial.push(PartialLock { id, session: call.session, nodes });
        Ok(reply)
    }

    /// The nodes that the operation's `select` elements lead to.
    fn selected(&self, call: &Call<'_, '_>) -> Result<Vec<Place>, Vec<RpcError>> {
        let invalid = |tag: &str, message: &str| {
            let error = RpcError::invalid("select", message);
            vec![RpcError { app_tag: Some(tag.to_owned()), ..error }]
        };
        let mut nodes: Vec<Place> = Vec::new();
        let mut any = false;
        for select in xml::elements(call.op) {
            let (name, ns) = (select.tag_name().name(), select.tag_name().namespace().unwrap_or_default());
            if ns != PARTIAL_LOCK {
                return refuse(strange_namespace(name, ns));
            }
            if name != "select" {
                let message = format!("partial-lock has no parameter {name}");
                return refuse(RpcError::protocol("unknown-element", &message).info("bad-element", name));
            }
            any = true;
            let namespace = |prefix: &str| select.lookup_namespace_uri(Some(prefix)).map(str::to_owned);
            let path = XPath::parse(&xml::word(select), &namespace)
                .map_err(|reason| invalid("invalid-lock-specification", &reason))?;
            let ways = path.ways(&self.running).map_err(|reason| invalid("not-a-node-set", &reason))?;
            for place in ways.iter().filter_map(|way| place(way, &self.model.shape)) {
                if nodes.len() >= MAX_NODES {
                    let message = format!("a partial lock has at most {MAX_NODES} nodes");
                    return refuse(RpcError::protocol("resource-denied", &message));
                }
                if !nodes.contains(&place) {
                    nodes.push(place);
                }
            }
        }
        if !any {
            return refuse(RpcError::missing("select"));
        }
        if nodes.is_empty() {
            let error = RpcError::protocol("operation-failed", "there is nothing that select leads to");
            return refuse(RpcError { app_tag: Some("no-matches".to_owned()), ..error });
        }
        Ok(nodes)
    }

    /// RFC 5717 2.4.2.
    pub(crate) fn partial_unlock(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["lock-id"])?;
        let Some(word) = xml::elements(call.op).next().map(xml::word) else {
            return refuse(RpcError::missing("lock-id"));
        };
        let id = word.parse::<u32>().ok();
        let held = self.partial.iter().position(|lock| Some(lock.id) == id && lock.session == call.session);
        let Some(held) = held else {
            return refuse(RpcError::invalid("lock-id", &format!("the session holds no lock {word:?}")));
        };
        self.partial.remove(held);
        let user = self.user(call.session);
        self.log.add(
            EventKind::Unlocked,
            (Some(call.session), &user),
            format!("lock {word} of parts of running"),
        );
        ok()
    }

    /// An error where new content of running would touch what another session has locked.
    pub(crate) fn refuse_partly_locked(&self, after: &Node, session: u32) -> Result<(), Vec<RpcError>> {
        let others = self.partial.iter().filter(|lock| lock.session != session);
        let touched = |lock: &&PartialLock| lock.differs((&self.running, after), &self.model.shape);
        match others.into_iter().find(touched) {
            Some(lock) => {
                let message = format!("a part of it is locked by session {}", lock.session);
                refuse(RpcError::protocol("in-use", &message))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "partial_lock_tests.rs"]
mod tests;
