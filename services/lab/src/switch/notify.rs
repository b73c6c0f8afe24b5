//! Notifications: subscriptions and their stream (RFC 5277), and the events of the base protocol (RFC 6470).

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use roxmltree::Node as Xml;
use tokio::sync::Notify;

use super::device::{Datastore, Device};
use super::error::RpcError;
use super::filter::{self, Wanted};
use super::read_ops::{bad_select, xpath};
use super::rpc::{Answer, Call, ok, refuse};
use super::shape::{Kind, Shape};
use super::tree::{Node, Place};
use super::xml;
use super::xpath::XPath;

/// Namespace of `create-subscription` and `notification`.
pub(crate) const NOTIFICATION: &str = "urn:ietf:params:xml:ns:netconf:notification:1.0";
/// Namespace of the streams, and of the notifications about a subscription itself.
pub(crate) const STREAMS: &str = "urn:ietf:params:xml:ns:netmod:notification";
/// Namespace of ietf-netconf-notifications.
pub(crate) const EVENTS: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-notifications";

/// Events that are kept for replay, and notifications that wait for one slow session; more are lost.
const MAX_KEPT: usize = 1_000;
/// Edits that a `netconf-config-change` names.
const MAX_EDITS: usize = 100;

/// What happened since the switch was started.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    kept: VecDeque<(Timestamp, Node)>,
}

/// What a session wants to hear, and what waits to be sent to it.
#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    filter: Option<Filter>,
    /// When it ends.
    pub(crate) stop: Option<Timestamp>,
    waiting: VecDeque<String>,
    wake: Arc<Notify>,
}

#[derive(Debug, Clone)]
enum Filter {
    Subtree(Vec<Wanted>),
    XPath(XPath),
}

impl Subscription {
    fn offer(&mut self, at: Timestamp, event: &Node) {
        let root = Node::root().with([event.clone()]);
        let wanted = match &self.filter {
            None => true,
            Some(Filter::Subtree(wanted)) => {
                !filter::select(&root, wanted).copy(&root, None).children.is_empty()
            }
            Some(Filter::XPath(path)) => path.ways(&root).is_ok_and(|ways| !ways.is_empty()),
        };
        if wanted && self.waiting.len() < MAX_KEPT {
            self.push(at, event);
        }
    }

    fn push(&mut self, at: Timestamp, event: &Node) {
        let (ns, body) = (NOTIFICATION, event.to_xml());
        self.waiting.push_back(format!(
            "<notification xmlns=\"{ns}\"><eventTime>{at}</eventTime>{body}</notification>"
        ));
        self.wake.notify_one();
    }
}

impl Device {
    /// RFC 5277 2.1.1.
    pub(crate) fn create_subscription(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["stream", "filter", "startTime", "stopTime"])?;
        let param = |name: &str| xml::elements(call.op).find(|child| child.tag_name().name() == name);
        let stream = param("stream").map(xml::word).unwrap_or_else(|| "NETCONF".to_owned());
        if stream != "NETCONF" {
            return refuse(RpcError::invalid("stream", &format!("there is no stream {stream:?}")));
        }
        let now = Timestamp::now();
        let time = |name: &str| param(name).map(|element| read_time(name, &xml::word(element))).transpose();
        let (start, stop) = (time("startTime")?, time("stopTime")?);
        let wrong = |name: &str, message: &str| {
            refuse(RpcError::protocol("bad-element", message).info("bad-element", name))
        };
        match (start, stop) {
            (None, Some(_)) => return refuse(RpcError::missing("startTime")),
            (Some(start), _) if start > now => return wrong("startTime", "startTime lies in the future"),
            (Some(start), Some(stop)) if stop < start => {
                return wrong("stopTime", "stopTime lies before startTime");
            }
            _ => {}
        }
        let filter = param("filter").map(read_filter).transpose()?;
        let Some(wake) = self.sessions.get(&call.session).map(|session| session.wake.clone()) else {
            return refuse(RpcError::protocol("operation-failed", "the session is gone"));
        };
        if self.subscriptions.contains_key(&call.session) {
            return refuse(RpcError::protocol("operation-failed", "the session has a subscription already"));
        }
        let mut subscription = Subscription { filter, stop, waiting: VecDeque::new(), wake };
        if let Some(start) = start {
            let within = |at: &Timestamp| *at >= start && stop.is_none_or(|stop| *at <= stop);
            self.stream
                .kept
                .iter()
                .filter(|(at, _)| within(at))
                .for_each(|(at, event)| subscription.offer(*at, event));
            subscription.push(now, &Node::new(STREAMS, "replayComplete"));
        }
        self.subscriptions.insert(call.session, subscription);
        ok()
    }

    /// What a session must be sent by now; with the last of a subscription that is over, the subscription goes.
    pub(crate) fn notifications(&mut self, session: u32, now: Timestamp) -> Vec<String> {
        let Some(subscription) = self.subscriptions.get_mut(&session) else {
            return Vec::new();
        };
        let over = subscription.stop.is_some_and(|stop| stop <= now);
        if over {
            subscription.push(now, &Node::new(STREAMS, "notificationComplete"));
        }
        let waiting = subscription.waiting.drain(..).collect();
        if over {
            self.subscriptions.remove(&session);
        }
        waiting
    }

    /// When a session's subscription ends, if it does by itself.
    pub(crate) fn subscription_stop(&self, session: u32) -> Option<Timestamp> {
        self.subscriptions.get(&session)?.stop
    }

    /// Tells it to all that want to hear it, and keeps it.
    pub(crate) fn notify(&mut self, event: Node) {
        if !self.offers.notification {
            return;
        }
        let now = Timestamp::now();
        for subscription in
            self.subscriptions.values_mut().filter(|known| known.stop.is_none_or(|stop| now <= stop))
        {
            subscription.offer(now, &event);
        }
        if self.stream.kept.len() == MAX_KEPT {
            self.stream.kept.pop_front();
        }
        self.stream.kept.push_back((now, event));
    }

    /// `netconf-session-start`.
    pub(crate) fn tell_start(&mut self, session: u32) {
        let who = self.who(session);
        self.notify(Node::new(EVENTS, "netconf-session-start").with(who));
    }

    /// `netconf-session-end`, for a session whose `who` was asked before it went.
    pub(crate) fn tell_end(&mut self, who: Vec<Node>, why: &str) {
        let killer = why.strip_prefix("killed by session ");
        let reason = match why {
            _ if killer.is_some() => "killed",
            "closed by the client" => "closed",
            _ if why.starts_with("no usable hello") => "bad-hello",
            "no hello came" => "timeout",
            _ => "dropped",
        };
        let killed = killer.map(|id| Node::leaf(EVENTS, "killed-by", id));
        let event = Node::new(EVENTS, "netconf-session-end").with(who).with(killed);
        self.notify(event.with([Node::leaf(EVENTS, "termination-reason", reason)]));
    }

    /// The leaves that say which session an event is about.
    pub(crate) fn who(&self, session: u32) -> Vec<Node> {
        let Some(known) = self.sessions.get(&session) else {
            return Vec::new();
        };
        let host = known.peer.rsplit_once(':').map_or(known.peer.as_str(), |(host, _)| host);
        let leaf = |name: &str, text: &str| Node::leaf(EVENTS, name, text);
        vec![
            leaf("username", &known.user),
            leaf("session-id", &session.to_string()),
            leaf("source-host", host.trim_matches(['[', ']'])),
        ]
    }

    /// `netconf-config-change`, if anybody could hear it; an editor that is no session is the switch itself.
    pub(crate) fn change(
        &self,
        datastore: Datastore,
        editor: u32,
        (before, after): (&Node, &Node),
    ) -> Option<Node> {
        if !self.offers.notification || before == after {
            return None;
        }
        let mut who = self.who(editor);
        if who.is_empty() {
            who.push(Node::new(EVENTS, "server"));
        }
        let mut edits = Vec::new();
        differences((before, after), &self.model.shape, &Place::default(), &mut edits);
        let edits = edits.into_iter().map(|(place, operation)| {
            let (target, prefixes) = place.to_xpath();
            let target = Node { prefixes, ..Node::leaf(EVENTS, "target", &target) };
            Node::new(EVENTS, "edit").with([target, Node::leaf(EVENTS, "operation", operation)])
        });
        let event = Node::new(EVENTS, "netconf-config-change").with([
            Node::new(EVENTS, "changed-by").with(who),
            Node::leaf(EVENTS, "datastore", datastore.word()),
        ]);
        Some(event.with(edits))
    }

    /// `netconf-confirmed-commit`; `timeout` in seconds, where one begins or is prolonged.
    pub(crate) fn tell_confirmed(&mut self, session: u32, what: &str, timeout: Option<u64>) {
        // A timeout is nobody's doing.
        let who = if what == "timeout" { Vec::new() } else { self.who(session) };
        let timeout = timeout.map(|seconds| Node::leaf(EVENTS, "timeout", &seconds.to_string()));
        let event = Node::new(EVENTS, "netconf-confirmed-commit").with(who);
        self.notify(event.with([Node::leaf(EVENTS, "confirm-event", what)]).with(timeout));
    }
}

/// The streams, as `get` shows them (RFC 5277 3.2.5.1).
pub(crate) fn streams() -> Node {
    let leaf = |name: &str, text: &str| Node::leaf(STREAMS, name, text);
    let stream = Node::new(STREAMS, "stream").with([
        leaf("name", "NETCONF"),
        leaf("description", "What happens to sessions and configurations"),
        leaf("replaySupport", "true"),
    ]);
    Node::new(STREAMS, "netconf").with([Node::new(STREAMS, "streams").with([stream])])
}

fn read_time(name: &str, word: &str) -> Result<Timestamp, Vec<RpcError>> {
    word.parse().or_else(|_| refuse(RpcError::invalid(name, &format!("{word:?} is no date and time"))))
}

fn read_filter(filter: Xml<'_, '_>) -> Result<Filter, Vec<RpcError>> {
    match filter.attribute("type").unwrap_or("subtree") {
        "subtree" => Ok(Filter::Subtree(xml::elements(filter).map(Wanted::read).collect())),
        "xpath" => Ok(Filter::XPath(xpath(filter)?)),
        other => refuse(bad_select(&format!("filter type {other:?} is not known"))),
    }
}

/// The outermost nodes that are new, gone or other than before, with the operation that would make them so.
fn differences(
    (before, after): (&Node, &Node),
    model: &Shape,
    place: &Place,
    found: &mut Vec<(Place, &'static str)>,
) {
    for node in &before.children {
        let Some(shape) = model.child(&node.ns, &node.name) else { continue };
        if found.len() < MAX_EDITS && twin(node, shape, after).is_none() {
            found.push((place.child(shape.step(node)), "delete"));
        }
    }
    for node in &after.children {
        let Some(shape) = model.child(&node.ns, &node.name) else { continue };
        let place = place.child(shape.step(node));
        match twin(node, shape, before) {
            _ if found.len() >= MAX_EDITS => return,
            None => found.push((place, "create")),
            Some(old) if old == node => {}
            Some(old) if matches!(shape.kind, Kind::Container { .. } | Kind::List { .. }) => {
                differences((old, node), shape, &place, found);
            }
            Some(_) => found.push((place, "replace")),
        }
    }
}

/// The same instance in another configuration.
fn twin<'a>(node: &Node, shape: &Shape, among: &'a Node) -> Option<&'a Node> {
    among.children.iter().find(|child| child.is(&shape.ns, &shape.name) && shape.same(child, node))
}

#[cfg(test)]
#[path = "notify_tests.rs"]
mod tests;
