//! Notifications between replies: order, replay, gaps, ends.

use std::time::Duration;

use netconf_client::notification::{Event, Notifications, QueueLimits};
use netconf_client::ops::{CreateSubscription, Datastore, EstablishSubscription, GetConfig};
use netconf_client::{Error, LostCause, Session, SessionConfig};

use crate::peer::Peer;

/// How long a condition may take to become true.
const LIMIT: Duration = Duration::from_secs(10);

const HELLO: &str = r#"<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>
<capability>urn:ietf:params:netconf:base:1.1</capability>
<capability>urn:ietf:params:netconf:capability:notification:1.0</capability>
</capabilities><session-id>5</session-id></hello>"#;

fn notification(content: &str) -> String {
    format!(
        "<notification xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\">\
         <eventTime>2026-01-01T00:00:00Z</eventTime>{content}</notification>"
    )
}

async fn open() -> (Peer, Session) {
    let (mut peer, stream) = Peer::pair(1 << 16);
    let config = SessionConfig::default().call_timeout(LIMIT);
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(HELLO));
    (peer, session.unwrap())
}

async fn next(events: &mut Notifications) -> Result<Event, LostCause> {
    tokio::time::timeout(LIMIT, events.next()).await.unwrap()
}

async fn name(events: &mut Notifications) -> String {
    match next(events).await.unwrap() {
        Event::Notification(event) => event.name().to_owned(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn notifications_come_in_order_around_replies_and_end_with_the_session() {
    let (mut peer, session) = open().await;
    let operation = CreateSubscription::new().start_time("2026-01-01T00:00:00Z").stream("NETCONF");
    let server = async {
        let request = peer.receive().await;
        assert!(request.contains("<stream>NETCONF</stream><startTime>2026-01-01T00:00:00Z</startTime>"));
        // Before the answer already: nothing may be lost.
        peer.send(&notification("<first xmlns=\"urn:t\"/>")).await;
        peer.reply(1, "<ok/>").await;
        peer.send(&notification("<replayComplete xmlns=\"urn:ietf:params:xml:ns:netmod:notification\"/>"))
            .await;
    };
    let (answer, ()) = tokio::join!(session.subscribe(operation, QueueLimits::default()), server);
    let ((), mut events) = answer.unwrap();
    assert_eq!(name(&mut events).await, "first");
    let Event::Notification(second) = next(&mut events).await.unwrap() else { panic!() };
    assert!(second.is_replay_complete());

    let server = async {
        peer.receive().await;
        peer.send(&notification("<between/>")).await;
        peer.reply(2, "<data/>").await;
        peer.send("<notification xmlns=\"urn:x\"><broken/></notification>").await;
    };
    let (answer, ()) = tokio::join!(session.call(GetConfig::new(Datastore::Running)), server);
    answer.unwrap();
    assert_eq!(name(&mut events).await, "between");
    assert!(matches!(next(&mut events).await, Ok(Event::Unreadable { .. })));

    let again = session.subscribe(CreateSubscription::new(), QueueLimits::default()).await;
    assert!(matches!(again, Err(Error::InvalidArgument(_))));
    drop(peer);
    assert_eq!(next(&mut events).await, Err(LostCause::EndOfStream));
}

#[tokio::test]
async fn a_slow_reader_loses_notifications_but_never_replies_and_is_told_so() {
    let (mut peer, session) = open().await;
    let mut events = session.notifications(QueueLimits { notifications: 3, bytes: 1 << 20 }).unwrap();
    let server = async {
        peer.receive().await;
        for number in 0..100 {
            peer.send(&notification(&format!("<n{number}/>"))).await;
        }
        peer.reply(1, "<data/>").await;
    };
    let (answer, ()) = tokio::join!(session.call(GetConfig::new(Datastore::Running)), server);
    answer.unwrap();
    for wanted in ["n0", "n1", "n2", "Gap { lost: 97 }"] {
        assert_eq!(name(&mut events).await, wanted);
    }
    peer.send(&notification("<later/>")).await;
    assert_eq!(name(&mut events).await, "later");
}

#[tokio::test]
async fn notifications_nobody_asked_for_leave_the_session_usable() {
    let (mut peer, session) = open().await;
    drop(session.notifications(QueueLimits::default()).unwrap());
    let server = async {
        peer.send(&notification("<unwanted/>")).await;
        peer.receive().await;
        peer.reply(1, "<data/>").await;
    };
    let (answer, ()) = tokio::join!(session.call(GetConfig::new(Datastore::Running)), server);
    answer.unwrap();
    let mut events = session.notifications(QueueLimits::default()).unwrap();
    assert_eq!(events.try_next(), Ok(None));
}

#[tokio::test]
async fn pushed_data_names_its_subscription() {
    let (mut peer, session) = open().await;
    let operation = EstablishSubscription::periodic(Duration::from_secs(5));
    let server = async {
        let request = peer.receive().await;
        assert!(request.contains("<yp:periodic><yp:period>500</yp:period></yp:periodic>"), "{request}");
        peer.reply(1, "<id xmlns=\"urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications\">22</id>")
            .await;
        let update = "<push-update xmlns=\"urn:ietf:params:xml:ns:yang:ietf-yang-push\"><id>22</id>\
                      <datastore-contents/></push-update>";
        peer.send(&notification(update)).await;
    };
    let (answer, ()) = tokio::join!(session.subscribe(operation, QueueLimits::default()), server);
    let (established, mut events) = answer.unwrap();
    assert_eq!(established.id, 22);
    let Event::Notification(update) = next(&mut events).await.unwrap() else { panic!() };
    assert_eq!((update.name(), update.subscription_id()), ("push-update", Some("22")));
}
