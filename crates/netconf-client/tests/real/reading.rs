//! What netconfd tells about itself: schemas, the YANG library, notifications with replay; and partial locks.

use std::time::Duration;

use netconf_client::notification::{Event, Notification, Notifications, QueueLimits};
use netconf_client::ops::{
    Commit, CreateSubscription, Datastore, EditConfig, Filter, GetConfig, GetData, GetSchema, GetYangLibrary,
    NmdaDatastore, PartialLock, TestOption,
};
use netconf_client::{Error, Session};

use crate::server::{IF_NS, LIMIT, Real, Shape, described, limited};

async fn start() -> (Real, Session) {
    let server = Real::start(Shape::Candidate);
    server.seed().await;
    let session = server.session().await;
    (server, session)
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn schemas_and_the_yang_library_are_read() {
    limited(async {
        let (_server, session) = start().await;
        let text = session.call(GetSchema::new("ietf-interfaces").version("2014-05-08")).await.unwrap();
        assert!(text.starts_with("module ietf-interfaces {") && text.ends_with('}'), "{text}");
        let error = session.call(GetSchema::new("no-such-module")).await.unwrap_err();
        assert!(!error.rpc_errors().is_empty(), "{error:?}");
        let library = session.call(GetYangLibrary).await.unwrap();
        let interfaces = library.modules.iter().find(|module| module.name == "ietf-interfaces").unwrap();
        assert_eq!(interfaces.namespace, IF_NS);
        assert_eq!(interfaces.revision.as_deref(), Some("2014-05-08"));
        assert!(interfaces.implemented && interfaces.features.contains(&"arbitrary-names".to_owned()));
        assert!(library.content_id.is_some());
        let error = session.call(GetData::new(NmdaDatastore::Operational)).await.unwrap_err();
        assert!(matches!(error, Error::MissingCapability { .. }), "{error:?}");
    })
    .await;
}

async fn next(events: &mut Notifications) -> Notification {
    match tokio::time::timeout(LIMIT, events.next()).await.unwrap().unwrap() {
        Event::Notification(event) => event,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_replay_ends_and_what_happens_then_is_told_between_replies() {
    limited(async {
        let (_server, session) = start().await;
        let operation = CreateSubscription::new().start_time("2020-01-01T00:00:00Z");
        let ((), mut events) = session.subscribe(operation, QueueLimits::default()).await.unwrap();
        let mut replayed = Vec::new();
        loop {
            let event = next(&mut events).await;
            if event.is_replay_complete() {
                break;
            }
            assert!(event.event_time().starts_with("20"));
            replayed.push(event.name().to_owned());
        }
        assert!(replayed.contains(&"netconf-config-change".to_owned()), "{replayed:?}");
        let edit =
            EditConfig::new(Datastore::Candidate, described("told")).test_option(TestOption::TestThenSet);
        session.call(edit).await.unwrap();
        session.call(Commit::new()).await.unwrap();
        let event = next(&mut events).await;
        assert_eq!(event.name(), "netconf-config-change");
        assert!(event.xml().contains("/if:interfaces"), "{}", event.xml());
        session.call(GetConfig::new(Datastore::Running)).await.unwrap();
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_filtered_subscription_tells_only_what_was_asked_for() {
    limited(async {
        let (server, session) = start().await;
        let wanted =
            "<netconf-session-start xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-notifications\"/>";
        let operation = CreateSubscription::new().filter(Filter::Subtree(wanted.into()));
        let ((), mut events) = session.subscribe(operation, QueueLimits::default()).await.unwrap();
        let edit =
            EditConfig::new(Datastore::Candidate, described("told")).test_option(TestOption::TestThenSet);
        session.call(edit).await.unwrap();
        session.call(Commit::new()).await.unwrap();
        let other = server.session().await;
        let event = next(&mut events).await;
        assert_eq!(event.name(), "netconf-session-start");
        assert!(event.xml().contains(&format!("<session-id>{}</session-id>", other.session_id())));
        other.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn interfaces_are_streamed_one_by_one() {
    limited(async {
        let (_server, session) = start().await;
        let many: String = (0..1000)
            .map(|number| {
                format!(
                    "<interface><name>lo{number}</name><type xmlns:t=\"urn:ietf:params:xml:ns:yang:iana-if-type\">\
                     t:softwareLoopback</type></interface>"
                )
            })
            .collect();
        let config = format!("<interfaces xmlns=\"{IF_NS}\">{many}</interfaces>");
        session.call(EditConfig::new(Datastore::Candidate, config)).await.unwrap();
        let stream = session.stream(GetConfig::new(Datastore::Candidate)).await.unwrap();
        let mut entries = stream.entries(&[(IF_NS, "interfaces"), (IF_NS, "interface")]);
        let mut count = 0;
        while let Some(entry) = tokio::time::timeout(Duration::from_secs(20), entries.next()).await.unwrap().unwrap() {
            let document = roxmltree::Document::parse(&entry).unwrap();
            assert!(document.root_element().has_tag_name((IF_NS, "interface")));
            count += 1;
        }
        assert_eq!(count, 1001);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_partial_lock_is_asked_for_and_its_refusal_is_typed() {
    limited(async {
        let (_server, session) = start().await;
        let select = "/if:interfaces/if:interface[if:name='GigabitEthernet1/0/5']";
        // netconfd 2.13 offers partial locks and refuses every one with an internal error of its own.
        let error = session.call(PartialLock::new(select).namespace("if", IF_NS)).await.unwrap_err();
        assert!(
            error.rpc_errors().iter().any(|one| one.message.as_deref() == Some("invalid internal value"))
        );
        session.call(GetConfig::new(Datastore::Running)).await.unwrap();
    })
    .await;
}
