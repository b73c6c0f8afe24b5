//! Notifications (RFC 5277) and what they carry for subscriptions of RFC 8639 and 8641.
//!
//! A session's notifications go into one bounded queue, which its reader empties at its own pace. What does not fit
//! is thrown away and reported in its place as [`Event::Gap`], so that a slow reader neither stalls the session's
//! replies nor takes a broken series for a whole one.
//!
//! ```no_run
//! # async fn example(session: netconf_client::Session) -> Result<(), Box<dyn std::error::Error>> {
//! use netconf_client::notification::{Event, QueueLimits};
//! use netconf_client::ops::CreateSubscription;
//!
//! let replay = CreateSubscription::new().start_time("2026-01-01T00:00:00Z");
//! let ((), mut events) = session.subscribe(replay, QueueLimits::default()).await?;
//! loop {
//!     match events.next().await? {
//!         Event::Notification(event) => println!("{} {}", event.event_time(), event.xml()),
//!         Event::Gap { lost } => println!("{lost} notifications were lost: read the state anew"),
//!         _ => {}
//!     }
//! }
//! # }
//! ```

mod queue;

use std::ops::Range;

use bytes::Bytes;

use crate::error::Error;
use crate::ops::SUBSCRIBED_NS;
use crate::xml;

pub(crate) use queue::Queue;
pub use queue::{Notifications, QueueLimits};

/// The namespace of `<notification>` and `<create-subscription>` (RFC 5277, section 4).
pub const NOTIFICATION_NS: &str = "urn:ietf:params:xml:ns:netconf:notification:1.0";
/// The namespace of `<replayComplete>` and `<notificationComplete>` (RFC 5277, section 4).
const NETMOD_NS: &str = "urn:ietf:params:xml:ns:netmod:notification";

/// What [`Notifications::next`] hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A notification.
    Notification(Notification),
    /// So many notifications came here and did not fit into the queue.
    Gap {
        /// Their number, at least 1.
        lost: u64,
    },
    /// A notification that is not a well-formed one.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// One `<notification>`.
///
/// ```xml
/// <notification xmlns="urn:ietf:params:xml:ns:netconf:notification:1.0">
///   <eventTime>2026-01-01T00:00:00Z</eventTime><link-down xmlns="urn:example"/></notification>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    text: String,
    event_time: String,
    content: Range<usize>,
    name: (Option<String>, String),
    id: Option<String>,
}

impl Notification {
    /// Reads an unframed message.
    ///
    /// # Errors
    /// [`Error::UnexpectedReply`] if this is no well-formed notification with an event time and a content.
    pub fn read(message: Bytes, max_depth: usize) -> Result<Self, Error> {
        let unexpected = |reason: &str| Error::UnexpectedReply {
            operation: "a subscription".to_owned(),
            reason: reason.to_owned(),
        };
        let text =
            String::from_utf8(Vec::from(message)).map_err(|_| unexpected("a notification is not UTF-8"))?;
        let document = xml::parse(text.trim(), max_depth).map_err(|reason| unexpected(&reason))?;
        let root = document.root_element();
        if root.tag_name().name() != "notification" {
            return Err(unexpected("it is no notification"));
        }
        let is_time = |node: &roxmltree::Node<'_, '_>| node.tag_name().name() == "eventTime";
        let mut children = root.children().filter(roxmltree::Node::is_element);
        let time = children.clone().find(is_time).ok_or_else(|| unexpected("it has no eventTime"))?;
        let content = children.find(|node| !is_time(node)).ok_or_else(|| unexpected("it has no content"))?;
        let event_time = time.text().unwrap_or("").trim().to_owned();
        let name = (content.tag_name().namespace().map(str::to_owned), content.tag_name().name().to_owned());
        let id = content.children().find(|node| matches!(node.tag_name().name(), "id" | "subscription-id"));
        let id = id.and_then(|node| node.text()).map(|id| id.trim().to_owned());
        let offset = text.len() - text.trim_start().len();
        let range = content.range();
        let content = range.start + offset..range.end + offset;
        drop(document);
        Ok(Notification { event_time, content, name, id, text })
    }

    /// When the event was generated, as the server wrote it: RFC 3339, `2026-01-01T00:00:00Z`.
    pub fn event_time(&self) -> &str {
        &self.event_time
    }

    /// The content's local name, `netconf-config-change` for example.
    pub fn name(&self) -> &str {
        &self.name.1
    }

    /// The content's namespace.
    pub fn namespace(&self) -> Option<&str> {
        self.name.0.as_deref()
    }

    /// The content: one element, as the server wrote it. Prefixes may be declared on `<notification>`; where that
    /// matters use [`Notification::tree`].
    pub fn xml(&self) -> &str {
        &self.text[self.content.clone()]
    }

    /// The whole message.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The content's `<id>` (or `<subscription-id>`): in `push-update`, `push-change-update` and the notifications
    /// about a subscription's state it names the subscription (RFC 8639, section 2.7; RFC 8641, section 3.7).
    pub fn subscription_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether this says that the replay is over and what follows is new (RFC 5277, section 3.3.1).
    pub fn is_replay_complete(&self) -> bool {
        let old = self.name() == "replayComplete" && self.namespace() == Some(NETMOD_NS);
        old || (self.name() == "replay-completed" && self.namespace() == Some(SUBSCRIBED_NS))
    }

    /// Whether this says that the subscription has come to its stop time (RFC 5277, section 3.3.2).
    pub fn is_complete(&self) -> bool {
        let old = self.name() == "notificationComplete" && self.namespace() == Some(NETMOD_NS);
        old || (self.name() == "subscription-completed" && self.namespace() == Some(SUBSCRIBED_NS))
    }

    /// Whether this says that the server has ended the subscription of its own accord (RFC 8639, section 2.7.3): nothing more
    /// comes of it.
    pub fn is_terminated(&self) -> bool {
        self.name() == "subscription-terminated" && self.namespace() == Some(SUBSCRIBED_NS)
    }

    /// The whole message parsed.
    ///
    /// # Errors
    /// [`Error::UnexpectedReply`]; not for a message that [`Notification::read`] took.
    pub fn tree(&self) -> Result<roxmltree::Document<'_>, Error> {
        xml::parse(self.text.trim(), usize::MAX)
            .map_err(|reason| Error::UnexpectedReply { operation: "a subscription".to_owned(), reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Notification, Error> {
        Notification::read(Bytes::copy_from_slice(text.as_bytes()), 20)
    }

    #[test]
    fn time_and_content_are_read() {
        let text = " <?xml version='1.0'?>\n<notification xmlns='urn:ietf:params:xml:ns:netconf:notification:1.0'>\n\
                    <eventTime> 2026-01-01T00:00:00Z </eventTime><a:up xmlns:a='urn:a'><id>7</id></a:up></notification>";
        let event = read(text).unwrap();
        assert_eq!((event.event_time(), event.name()), ("2026-01-01T00:00:00Z", "up"));
        assert_eq!(event.namespace(), Some("urn:a"));
        assert_eq!(event.xml(), "<a:up xmlns:a='urn:a'><id>7</id></a:up>");
        assert_eq!(event.subscription_id(), Some("7"));
        assert!(!event.is_complete() && !event.is_replay_complete());
        assert!(event.tree().is_ok());
    }

    #[test]
    fn the_ends_of_replay_and_subscription_are_told() {
        let with = |name: &str, namespace: &str| {
            read(&format!(
                "<notification><eventTime>x</eventTime><{name} xmlns='{namespace}'/></notification>"
            ))
            .unwrap()
        };
        for (namespace, replay, end) in [
            (NETMOD_NS, "replayComplete", "notificationComplete"),
            (SUBSCRIBED_NS, "replay-completed", "subscription-completed"),
        ] {
            assert!(with(replay, namespace).is_replay_complete() && with(end, namespace).is_complete());
            let (replay, end) = (with(replay, "urn:of:somebody"), with(end, "urn:of:somebody"));
            assert!(!replay.is_replay_complete() && !end.is_complete());
        }
        let ended = with("subscription-terminated", SUBSCRIBED_NS);
        assert!(ended.is_terminated() && !ended.is_complete());
        assert!(!with("subscription-terminated", "urn:of:somebody").is_terminated());
    }

    #[test]
    fn what_is_no_notification_is_refused() {
        for text in [
            "",
            "<notification/>",
            "<notification><eventTime/></notification>",
            "<notification><a/></notification>",
            "<other><eventTime/><a/></other>",
            "<notification><eventTime/><a></notification>",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(Notification::read(Bytes::from_static(b"\xff"), 20).is_err());
    }
}
