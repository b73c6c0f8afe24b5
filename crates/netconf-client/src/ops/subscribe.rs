//! Subscriptions: create-subscription (RFC 5277), establish-subscription and its kin (RFC 8639, RFC 8641).

use std::time::Duration;

use super::Filter;
use super::query::check_prefixes;
use crate::capabilities::{self, Capabilities};
use crate::error::Error;
use crate::framing::Limits;
use crate::notification::NOTIFICATION_NS;
use crate::operation::{Effect, Operation, expect_ok, need};
use crate::reply::Reply;
use crate::xml;

/// The namespace of RFC 8639.
pub(crate) const SUBSCRIBED_NS: &str = "urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications";
const PUSH_NS: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-push";
const DATASTORES_NS: &str = "urn:ietf:params:xml:ns:yang:ietf-datastores";

/// Asks for notifications (RFC 5277, section 2.1.1); needs `:notification`. One per session, until its end.
///
/// Sent by [`Session::subscribe`](crate::Session::subscribe), so that nothing is missed. Without `:interleave` the
/// server refuses other operations while it runs: use a session of its own.
///
/// ```xml
/// <create-subscription xmlns="urn:ietf:params:xml:ns:netconf:notification:1.0"><stream>NETCONF</stream>
///   <startTime>2026-01-01T00:00:00Z</startTime></create-subscription>
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreateSubscription {
    stream: Option<String>,
    filter: Option<Filter>,
    start_time: Option<String>,
    stop_time: Option<String>,
}

impl CreateSubscription {
    /// The stream `NETCONF`, from now on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another stream.
    #[must_use]
    pub fn stream(mut self, name: impl Into<String>) -> Self {
        self.stream = Some(name.into());
        self
    }

    /// Only what the filter selects.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// First what happened from this time on, as far as the server kept it: RFC 3339, `2026-01-01T00:00:00Z`, not in
    /// the future.
    #[must_use]
    pub fn start_time(mut self, time: impl Into<String>) -> Self {
        self.start_time = Some(time.into());
        self
    }

    /// Ends the subscription at this time, which must be after the start time; needs a start time.
    #[must_use]
    pub fn stop_time(mut self, time: impl Into<String>) -> Self {
        self.stop_time = Some(time.into());
        self
    }
}

impl Operation for CreateSubscription {
    type Output = ();

    fn name(&self) -> &'static str {
        "create-subscription"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        need(capabilities, self.name(), capabilities::NOTIFICATION)?;
        if self.stop_time.is_some() && self.start_time.is_none() {
            return Err(Error::InvalidArgument("a stop time needs a start time"));
        }
        check_texts([&self.stream, &self.start_time, &self.stop_time])?;
        self.filter.as_ref().map_or(Ok(()), |filter| filter.check(self.name(), capabilities))
    }

    fn write(&self, xml: &mut String) {
        push_open("create-subscription", NOTIFICATION_NS, xml);
        push_option("stream", self.stream.as_deref(), xml);
        if let Some(filter) = &self.filter {
            filter.write("filter", xml);
        }
        push_option("startTime", self.start_time.as_deref(), xml);
        push_option("stopTime", self.stop_time.as_deref(), xml);
        xml.push_str("</create-subscription>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}

/// What an [`EstablishSubscription`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// The event records of a stream (RFC 8639).
    Stream { name: String, replay_start_time: Option<String> },
    /// A datastore, pushed every so often (RFC 8641).
    Periodic { datastore: &'static str, period: Duration },
    /// A datastore, pushed as it changes (RFC 8641).
    OnChange { datastore: &'static str, dampening: Duration },
}

/// Asks for event records of a stream (RFC 8639, section 2.4.2) or for a datastore's content (RFC 8641,
/// section 4.4.1), several in one session if wanted.
///
/// The server must implement `ietf-subscribed-notifications`, and `ietf-yang-push` for datastores; since modules of
/// YANG 1.1 do not stand in a hello, a server without them refuses by itself. What comes is told apart by
/// [`Notification::subscription_id`](crate::notification::Notification::subscription_id).
///
/// ```xml
/// <establish-subscription xmlns="urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications">
///   <stream>NETCONF</stream></establish-subscription>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EstablishSubscription {
    source: Source,
    filter: Option<Filter>,
    stop_time: Option<String>,
}

/// What the server answered to an [`EstablishSubscription`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Established {
    /// The subscription's number.
    pub id: u32,
    /// Where a replay really starts, if not where it was asked to.
    pub replay_start_time_revision: Option<String>,
}

impl EstablishSubscription {
    fn from_source(source: Source) -> Self {
        EstablishSubscription { source, filter: None, stop_time: None }
    }

    /// The event records of a stream.
    pub fn stream(name: impl Into<String>) -> Self {
        Self::from_source(Source::Stream { name: name.into(), replay_start_time: None })
    }

    /// The content of the operational datastore every `period`, in steps of 10 ms.
    pub fn periodic(period: Duration) -> Self {
        Self::from_source(Source::Periodic { datastore: "operational", period })
    }

    /// The changes of the operational datastore, at most one notification per `dampening`, in steps of 10 ms.
    pub fn on_change(dampening: Duration) -> Self {
        Self::from_source(Source::OnChange { datastore: "operational", dampening })
    }

    /// Another datastore, by its name in `ietf-datastores`: `running`, `intended`. Not for a stream.
    #[must_use]
    pub fn datastore(mut self, name: super::NmdaDatastore) -> Self {
        if let Source::Periodic { datastore, .. } | Source::OnChange { datastore, .. } = &mut self.source {
            *datastore = name.as_str();
        }
        self
    }

    /// First the event records from this time on (RFC 3339). Not for a datastore.
    #[must_use]
    pub fn replay_start_time(mut self, time: impl Into<String>) -> Self {
        if let Source::Stream { replay_start_time, .. } = &mut self.source {
            *replay_start_time = Some(time.into());
        }
        self
    }

    /// Only what the filter selects.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Ends the subscription at this time (RFC 3339).
    #[must_use]
    pub fn stop_time(mut self, time: impl Into<String>) -> Self {
        self.stop_time = Some(time.into());
        self
    }

    fn write_filter(&self, prefix: &str, xml: &mut String) {
        let kind = if prefix.is_empty() { "stream" } else { "datastore" };
        match &self.filter {
            None => {}
            Some(Filter::Subtree(elements)) => {
                let name = format!("{prefix}{kind}-subtree-filter");
                xml.push_str(&format!("<{name}>{elements}</{name}>"));
            }
            Some(Filter::XPath { select, namespaces }) => {
                let name = format!("{prefix}{kind}-xpath-filter");
                xml.push_str(&format!("<{name}"));
                for (prefix, namespace) in namespaces {
                    xml.push_str(&format!(" xmlns:{prefix}=\"{}\"", xml::escape(namespace)));
                }
                xml.push_str(&format!(">{}</{name}>", xml::escape(select)));
            }
        }
    }

    fn write_datastore(&self, datastore: &str, trigger: &str, xml: &mut String) {
        xml.push_str(&format!("<yp:datastore xmlns:ds=\"{DATASTORES_NS}\">ds:{datastore}</yp:datastore>"));
        self.write_filter("yp:", xml);
        xml.push_str(trigger);
    }
}

/// Hundredths of a second.
fn centiseconds(duration: Duration) -> u128 {
    duration.as_millis().div_ceil(10)
}

impl Operation for EstablishSubscription {
    type Output = Established;

    fn name(&self) -> &'static str {
        "establish-subscription"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, _: &Capabilities) -> Result<(), Error> {
        let (stream, replay) = match &self.source {
            Source::Stream { name, replay_start_time } => (Some(name.clone()), replay_start_time.clone()),
            Source::Periodic { period, .. } if period.is_zero() => {
                return Err(Error::InvalidArgument("the period is longer than nothing"));
            }
            Source::Periodic { period, .. } | Source::OnChange { dampening: period, .. }
                if centiseconds(*period) > u32::MAX.into() =>
            {
                return Err(Error::InvalidArgument("a period is at most 42949672.95 s"));
            }
            Source::Periodic { .. } | Source::OnChange { .. } => (None, None),
        };
        check_texts([&stream, &replay, &self.stop_time])?;
        if let Some(Filter::XPath { namespaces, .. }) = &self.filter {
            check_prefixes(namespaces, "XPath filter")?;
        }
        if let Some(Filter::Subtree(elements)) = &self.filter {
            xml::check_fragment(elements, "filter", Limits::DEFAULT.max_depth)?;
        }
        let mut operation = String::new();
        self.write(&mut operation);
        xml::check_fragment(&operation, "subscription", Limits::DEFAULT.max_depth)
    }

    fn write(&self, xml: &mut String) {
        xml.push_str(&format!("<establish-subscription xmlns=\"{SUBSCRIBED_NS}\" xmlns:yp=\"{PUSH_NS}\">"));
        match &self.source {
            Source::Stream { name, replay_start_time } => {
                push_option("stream", Some(name), xml);
                self.write_filter("", xml);
                push_option("replay-start-time", replay_start_time.as_deref(), xml);
            }
            Source::Periodic { datastore, period } => {
                let period = centiseconds(*period);
                let trigger = format!("<yp:periodic><yp:period>{period}</yp:period></yp:periodic>");
                self.write_datastore(datastore, &trigger, xml);
            }
            Source::OnChange { datastore, dampening } => {
                let period = centiseconds(*dampening);
                let trigger = format!(
                    "<yp:on-change><yp:dampening-period>{period}</yp:dampening-period></yp:on-change>"
                );
                self.write_datastore(datastore, &trigger, xml);
            }
        }
        push_option("stop-time", self.stop_time.as_deref(), xml);
        xml.push_str("</establish-subscription>");
    }

    fn read(&self, reply: Reply) -> Result<Established, Error> {
        let id = reply.child_text("id")?.and_then(|text| text.parse().ok());
        let id = id.ok_or_else(|| Error::UnexpectedReply {
            operation: self.name().to_owned(),
            reason: "it has no <id>".to_owned(),
        })?;
        let replay_start_time_revision = reply.child_text("replay-start-time-revision")?;
        Ok(Established { id, replay_start_time_revision })
    }
}

/// Ends a subscription of this session (RFC 8639, section 2.4.4).
///
/// ```xml
/// <delete-subscription xmlns="urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications"><id>22</id></delete-subscription>
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeleteSubscription(pub u32);

impl Operation for DeleteSubscription {
    type Output = ();

    fn name(&self) -> &'static str {
        "delete-subscription"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, _: &Capabilities) -> Result<(), Error> {
        Ok(())
    }

    fn write(&self, xml: &mut String) {
        push_open(self.name(), SUBSCRIBED_NS, xml);
        xml::push_text_element("id", &self.0.to_string(), xml);
        xml.push_str("</delete-subscription>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}

fn push_open(name: &str, namespace: &str, xml: &mut String) {
    xml.push_str(&format!("<{name} xmlns=\"{namespace}\">"));
}

fn push_option(name: &str, text: Option<&str>, xml: &mut String) {
    if let Some(text) = text {
        xml::push_text_element(name, text, xml);
    }
}

fn check_texts<const N: usize>(texts: [&Option<String>; N]) -> Result<(), Error> {
    for text in texts.into_iter().flatten() {
        if text.is_empty() || !xml::is_xml_text(text) {
            return Err(Error::InvalidArgument("streams and times are text of at least one character"));
        }
    }
    Ok(())
}
