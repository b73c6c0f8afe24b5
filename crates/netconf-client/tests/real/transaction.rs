//! Transactions against netconfd, with a candidate and with writable running.

use std::time::Duration;

use netconf_client::ops::{Datastore, EditConfig, Lock};
use netconf_client::transaction::{Cause, ForeignEdits, Method, ServerState, Step, UndoneBy, Validation};
use netconf_client::{ErrorTag, Transaction};

use crate::server::{IF_NS, Real, Shape, described, description, limited, running_becomes};

/// Long enough not to pass during a test.
const CONFIRM: Duration = Duration::from_secs(60);

fn change() -> Transaction {
    // This server answers an edit, <validate> and <commit> with ok and loses the change.
    Transaction::new(described("new"))
        .inverse(described("old"))
        .confirm_timeout(CONFIRM)
        .validation(Validation::TestThenSet)
}

async fn ok() -> Result<(), std::io::Error> {
    Ok(())
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_change_is_made_and_seen_from_a_second_session_before_it_is_kept() {
    limited(async {
        for (shape, method) in
            [(Shape::Candidate, Method::ConfirmedCommit), (Shape::Running, Method::EditRunning)]
        {
            let server = Real::start(shape);
            server.seed().await;
            let session = server.session().await;
            let check = || async {
                let second = server.session().await;
                let seen = description(&second, Datastore::Running).await;
                second.close().await?;
                Ok::<_, netconf_client::Error>(seen)
            };
            let done = change().run(&session, check).await.unwrap();
            assert_eq!(done.value.as_deref(), Some("new"));
            assert_eq!(done.guarantees.method, method);
            assert!(done.session_usable);
            let other = server.session().await;
            other.call(Lock(Datastore::Running)).await.unwrap();
            drop((session, other));
            running_becomes(&server, "new").await;
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_failed_check_is_undone() {
    limited(async {
        let ways = [(Shape::Candidate, UndoneBy::CancelCommit), (Shape::Running, UndoneBy::Inverse)];
        for (shape, by) in ways {
            let server = Real::start(shape);
            server.seed().await;
            let session = server.session().await;
            let failed = change().run(&session, || async { Err::<(), _>("no") }).await.unwrap_err();
            assert!(matches!(failed.cause, Cause::Check("no")));
            assert_eq!(failed.server, ServerState::Undone(by));
            assert!(failed.session_usable && !failed.candidate_dirty && failed.undo_error.is_none());
            running_becomes(&server, "old").await;
            change().run(&session, ok).await.unwrap();
            running_becomes(&server, "new").await;
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_bad_edit_leaves_everything_as_before() {
    limited(async {
        for shape in [Shape::Candidate, Shape::Running] {
            let server = Real::start(shape);
            server.seed().await;
            let session = server.session().await;
            let bad = format!(
                "<interfaces xmlns=\"{IF_NS}\"><interface><name>GigabitEthernet1/0/5</name>\
                 <description>half</description><enabled>perhaps</enabled></interface></interfaces>"
            );
            let transaction =
                Transaction::new(bad).inverse(described("old")).validation(Validation::TestThenSet);
            let failed = transaction.run(&session, ok).await.unwrap_err();
            assert_eq!((failed.step, &failed.server), (Step::Edit, &ServerState::Unchanged));
            assert!(!failed.candidate_dirty && failed.session_usable);
            running_becomes(&server, "old").await;
            change().run(&session, ok).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_foreign_edit_in_the_candidate_is_refused_and_left_alone() {
    limited(async {
        let server = Real::start(Shape::Candidate);
        server.seed().await;
        let other = server.session().await;
        other.call(EditConfig::new(Datastore::Candidate, described("foreign"))).await.unwrap();
        let session = server.session().await;
        let failed = change().run(&session, ok).await.unwrap_err();
        assert!(matches!(failed.step, Step::Lock | Step::Compare), "{failed:?}");
        assert_eq!(failed.server, ServerState::Unchanged);
        assert_eq!(description(&other, Datastore::Candidate).await.as_deref(), Some("foreign"));
        running_becomes(&server, "old").await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_held_lock_is_named() {
    limited(async {
        let server = Real::start(Shape::Running);
        server.seed().await;
        let holder = server.session().await;
        holder.call(Lock(Datastore::Running)).await.unwrap();
        let session = server.session().await;
        let failed = change().foreign_edits(ForeignEdits::TrustLock).run(&session, ok).await.unwrap_err();
        let Cause::Session(error) = &failed.cause else { panic!("{failed:?}") };
        assert_eq!(error.rpc_errors()[0].tag, ErrorTag::LockDenied);
        assert_eq!(error.rpc_errors()[0].info.session_id, Some(holder.session_id()));
        assert!(failed.is_retryable());
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_connection_cut_before_the_confirmation_is_undone_by_the_server() {
    limited(async {
        let server = Real::start(Shape::Candidate);
        server.seed().await;
        let session = server.session().await;
        let cut = session.clone();
        let failed = change()
            .run(&session, || async move {
                cut.abort();
                ok().await
            })
            .await
            .unwrap_err();
        assert_eq!(failed.step, Step::Confirm);
        assert!(!failed.session_usable);
        // The confirmation was never written, and the client knows it.
        assert_eq!(failed.server, ServerState::Undone(UndoneBy::SessionEnd { within: CONFIRM }));
        running_becomes(&server, "old").await;
        // The session's candidate is the server's business; a new transaction must find its way.
        let session = server.session().await;
        let again = change().run(&session, ok).await;
        match again {
            Ok(_) => running_becomes(&server, "new").await,
            Err(failed) => {
                assert!(matches!(failed.step, Step::Lock | Step::Compare), "{failed:?}");
                assert_eq!(failed.server, ServerState::Unchanged);
            }
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_connection_cut_while_editing_running_is_told_as_unknown_or_kept() {
    limited(async {
        let server = Real::start(Shape::Running);
        server.seed().await;
        let session = server.session().await;
        let cut = session.clone();
        let done = change()
            .run(&session, || async move {
                cut.abort();
                ok().await
            })
            .await
            .unwrap();
        assert!(!done.session_usable);
        running_becomes(&server, "new").await;
    })
    .await;
}
