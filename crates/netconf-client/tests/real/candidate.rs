//! Every operation netconfd offers with a candidate datastore.

use netconf_client::framing::Framing;
use netconf_client::ops::{
    Commit, Config, CopyConfig, Datastore, DefaultOperation, DeleteConfig, DiscardChanges, EditConfig,
    ErrorOption, Filter, Get, GetConfig, KillSession, Lock, Raw, TestOption, Unlock, Validate, WithDefaults,
};
use netconf_client::{Capabilities, Error, ErrorTag, Session, SessionConfig, Severity, capabilities};

use crate::server::{IF_NS, LIMIT, NUDGE, Real, Shape, described, description, limited};

async fn start() -> (Real, Session) {
    let server = Real::start(Shape::Candidate);
    server.seed().await;
    let session = server.session().await;
    (server, session)
}

fn edit(text: &str) -> EditConfig {
    EditConfig::new(Datastore::Candidate, described(text))
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn the_hello_is_read_and_both_framings_work() {
    limited(async {
        let (server, session) = start().await;
        let offered = session.capabilities();
        assert!(offered.candidate() && offered.confirmed_commit_1_1() && offered.validate_1_1());
        assert!(offered.notification() && offered.interleave() && offered.partial_lock() && offered.xpath());
        assert!(!offered.writable_running());
        assert_eq!((session.framing(), session.session_id() > 0), (Framing::Chunked, true));
        let old = Capabilities::from_iter([capabilities::BASE_1_0]);
        let config = SessionConfig::default().capabilities(old).call_timeout(LIMIT).nudge(NUDGE);
        let old = server.connector().session_config(config).session().await.unwrap();
        assert_eq!(old.framing(), Framing::EndOfMessage);
        assert_eq!(description(&old, Datastore::Running).await.as_deref(), Some("old"));
        old.close().await.unwrap();
        session.close().await.unwrap();
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn reading_by_subtree_by_xpath_and_with_every_mode_of_defaults() {
    limited(async {
        let (_server, session) = start().await;
        let subtree = format!("<interfaces xmlns=\"{IF_NS}\"/>");
        let get = session.call(Get::new().subtree(subtree.clone())).await.unwrap();
        assert!(get.xml().contains("<description>old</description>"));
        let select = Filter::XPath {
            select: "/if:interfaces/if:interface[if:name='GigabitEthernet1/0/5']/if:description".into(),
            namespaces: vec![("if".into(), IF_NS.into())],
        };
        let found = session.call(Get::new().filter(select.clone())).await.unwrap();
        assert!(found.xml().contains("<description>old</description>"));
        let found = session.call(GetConfig::new(Datastore::Candidate).filter(select)).await.unwrap();
        assert!(found.xml().contains("<description>old</description>"));
        let modes = [
            (WithDefaults::Explicit, false),
            (WithDefaults::Trim, false),
            (WithDefaults::ReportAll, true),
            (WithDefaults::ReportAllTagged, true),
        ];
        for (mode, shown) in modes {
            let query = GetConfig::new(Datastore::Running).subtree(subtree.clone()).with_defaults(mode);
            let data = session.call(query).await.unwrap();
            let document = data.tree().unwrap();
            let enabled = document.descendants().any(|node| node.has_tag_name((IF_NS, "enabled")));
            assert_eq!(enabled, shown, "{mode:?}");
        }
        let nothing =
            session.call(GetConfig::new(Datastore::Running).subtree("<x xmlns=\"urn:none\"/>")).await;
        assert_eq!(nothing.unwrap().xml().trim(), "");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn edits_with_every_option_are_committed_or_discarded() {
    limited(async {
        let (_server, session) = start().await;
        let plain = || async { description(&session, Datastore::Candidate).await };
        session.call(edit("a").default_operation(DefaultOperation::Merge)).await.unwrap();
        assert_eq!(plain().await.as_deref(), Some("a"));
        session.call(DiscardChanges).await.unwrap();
        assert_eq!(plain().await.as_deref(), Some("old"));
        for error in [ErrorOption::StopOnError, ErrorOption::ContinueOnError, ErrorOption::RollbackOnError] {
            session.call(edit("b").error_option(error).test_option(TestOption::Set)).await.unwrap();
        }
        assert_eq!(plain().await.as_deref(), Some("b"));
        session.call(edit("tested only").test_option(TestOption::TestOnly)).await.unwrap();
        assert_eq!(plain().await.as_deref(), Some("b"));
        session.call(edit("c").test_option(TestOption::TestThenSet)).await.unwrap();
        session.call(Validate::new(Datastore::Running)).await.unwrap();
        session.call(Commit::new()).await.unwrap();
        assert_eq!(description(&session, Datastore::Running).await.as_deref(), Some("c"));
        let remove = format!(
            "<interfaces xmlns=\"{IF_NS}\" xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><interface>\
             <name>GigabitEthernet1/0/5</name><description nc:operation=\"remove\"/></interface></interfaces>"
        );
        let removal = EditConfig::new(Datastore::Candidate, remove).default_operation(DefaultOperation::None);
        session.call(removal.test_option(TestOption::TestThenSet)).await.unwrap();
        session.call(Commit::new()).await.unwrap();
        assert_eq!(description(&session, Datastore::Running).await, None);
        let replace = edit("d").default_operation(DefaultOperation::Replace);
        session.call(replace.test_option(TestOption::TestThenSet)).await.unwrap();
        session.call(Commit::new()).await.unwrap();
        assert_eq!(description(&session, Datastore::Running).await.as_deref(), Some("d"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn refusals_are_typed_and_leave_the_session_usable() {
    limited(async {
        let (_server, session) = start().await;
        let bad = format!(
            "<interfaces xmlns=\"{IF_NS}\"><interface><name>GigabitEthernet1/0/5</name><enabled>perhaps</enabled>\
             </interface></interfaces>"
        );
        let error = session.call(EditConfig::new(Datastore::Candidate, bad)).await.unwrap_err();
        let [first, ..] = error.rpc_errors() else { panic!("{error:?}") };
        assert_eq!((&first.tag, first.severity), (&ErrorTag::InvalidValue, Severity::Error));
        assert!(first.path.as_deref().is_some_and(|path| path.contains("enabled")), "{first:?}");
        assert!(!error.is_retryable());
        let error = session.call(Raw::new("<no-such-rpc xmlns=\"urn:none\"/>")).await.unwrap_err();
        assert_eq!(error.rpc_errors()[0].tag, ErrorTag::UnknownNamespace);
        assert_eq!(error.rpc_errors()[0].info.bad_namespace.as_deref(), Some("urn:none"));
        let error = session.call(EditConfig::new(Datastore::Running, described("x"))).await.unwrap_err();
        assert!(matches!(error, Error::MissingCapability { .. }), "{error:?}");
        let error = session.call(DeleteConfig::new(Datastore::Startup)).await.unwrap_err();
        assert!(matches!(error, Error::MissingCapability { .. }), "{error:?}");
        assert_eq!(description(&session, Datastore::Candidate).await.as_deref(), Some("old"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn locks_name_their_holder_and_end_with_a_killed_session() {
    limited(async {
        let (server, session) = start().await;
        let holder = server.session().await;
        for datastore in [Datastore::Running, Datastore::Candidate] {
            holder.call(Lock(datastore)).await.unwrap();
            let error = session.call(Lock(datastore)).await.unwrap_err();
            assert!(error.is_retryable());
            let [first, ..] = error.rpc_errors() else { panic!("{error:?}") };
            assert_eq!(first.tag, ErrorTag::LockDenied);
            assert_eq!(first.info.session_id, Some(holder.session_id()));
        }
        holder.call(Unlock(Datastore::Candidate)).await.unwrap();
        session.call(Lock(Datastore::Candidate)).await.unwrap();
        session.call(Unlock(Datastore::Candidate)).await.unwrap();
        session.call(KillSession(holder.session_id())).await.unwrap();
        let gone = tokio::time::timeout(LIMIT, holder.call(Get::new().subtree("<x xmlns=\"urn:none\"/>")));
        assert!(matches!(gone.await.unwrap(), Err(Error::SessionLost { .. })));
        session.call(Lock(Datastore::Running)).await.unwrap();
        // A dirty candidate blocks its lock.
        session.call(Unlock(Datastore::Running)).await.unwrap();
        session.call(edit("dirty")).await.unwrap();
        let other = server.session().await;
        let error = other.call(Lock(Datastore::Candidate)).await.unwrap_err();
        assert!(!error.rpc_errors().is_empty(), "{error:?}");
        session.call(DiscardChanges).await.unwrap();
        other.call(Lock(Datastore::Candidate)).await.unwrap();
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_configuration_is_copied_within_the_server_and_to_a_file() {
    limited(async {
        let (server, session) = start().await;
        session.call(edit("to be dropped")).await.unwrap();
        session.call(CopyConfig::new(Datastore::Running, Datastore::Candidate)).await.unwrap();
        assert_eq!(description(&session, Datastore::Candidate).await.as_deref(), Some("old"));
        // netconfd 2.13 garbles the file's name; that there is a new file is all that can be relied on.
        let files = || std::fs::read_dir(server.path()).unwrap().count();
        let before = files();
        let copy = CopyConfig::new(Datastore::Running, Config::Url("file:///backup.xml".into()));
        session.call(copy).await.unwrap();
        assert!(files() > before);
        let elsewhere = CopyConfig::new(Datastore::Running, Config::Url("https://192.0.2.1/".into()));
        assert!(matches!(session.call(elsewhere).await, Err(Error::InvalidArgument(_))));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn large_requests_and_many_calls_at_once_are_answered() {
    limited(async {
        let (_server, session) = start().await;
        let many: String = (0..3000)
            .map(|number| {
                format!(
                    "<interface><name>lo{number}</name><type xmlns:t=\"urn:ietf:params:xml:ns:yang:iana-if-type\">\
                     t:softwareLoopback</type><description>{}</description></interface>",
                    "d".repeat(60)
                )
            })
            .collect();
        let config = format!("<interfaces xmlns=\"{IF_NS}\">{many}</interfaces>");
        assert!(config.len() > 500_000);
        session.call(EditConfig::new(Datastore::Candidate, config)).await.unwrap();
        let whole = session.call(GetConfig::new(Datastore::Candidate)).await.unwrap();
        assert_eq!(whole.xml().matches("<name>lo").count(), 3000);
        let calls = (0..8).map(|_| session.call(GetConfig::new(Datastore::Running)));
        for answer in futures_util::future::join_all(calls).await {
            assert!(answer.unwrap().xml().contains("<description>old</description>"));
        }
    })
    .await;
}
