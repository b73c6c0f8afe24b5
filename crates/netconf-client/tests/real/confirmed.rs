//! Confirmed commits: confirmed, cancelled, timed out, and undone by a cut connection.

use std::time::{Duration, Instant};

use netconf_client::ops::{CancelCommit, Commit, Datastore, EditConfig, TestOption};
use netconf_client::{Error, Session};

use crate::server::{Real, Shape, described, description, limited, running_becomes};

/// Long enough not to pass during a test.
const LONG: Duration = Duration::from_secs(300);

async fn pending(commit: Commit) -> (Real, Session) {
    let server = Real::start(Shape::Candidate);
    server.seed().await;
    let session = server.session().await;
    let edit = EditConfig::new(Datastore::Candidate, described("new")).test_option(TestOption::TestThenSet);
    session.call(edit).await.unwrap();
    session.call(commit).await.unwrap();
    assert_eq!(description(&session, Datastore::Running).await.as_deref(), Some("new"));
    (server, session)
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_confirmed_commit_that_is_confirmed_stays() {
    limited(async {
        let (server, session) = pending(Commit::confirmed().timeout(LONG)).await;
        session.call(Commit::new()).await.unwrap();
        session.close().await.unwrap();
        running_becomes(&server, "new").await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_confirmed_commit_that_is_cancelled_is_undone() {
    limited(async {
        let (server, session) = pending(Commit::confirmed().timeout(LONG)).await;
        session.call(CancelCommit::new()).await.unwrap();
        running_becomes(&server, "old").await;
        let error = session.call(CancelCommit::new()).await.unwrap_err();
        assert!(matches!(error, Error::RpcErrors(_)), "{error:?}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_confirmed_commit_that_nobody_confirms_times_out() {
    limited(async {
        let begun = Instant::now();
        let (server, session) = pending(Commit::confirmed().timeout(Duration::from_secs(5))).await;
        running_becomes(&server, "old").await;
        // netconfd counts the whole seconds of its clock: one of the five may be nearly over when the commit comes.
        assert!(begun.elapsed() > Duration::from_secs(4), "{:?}", begun.elapsed());
        assert!(session.lost().is_none());
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_confirmed_commit_is_undone_by_a_cut_connection() {
    limited(async {
        let (server, session) = pending(Commit::confirmed().timeout(LONG)).await;
        session.abort();
        running_becomes(&server, "old").await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_persistent_commit_outlives_its_session_and_is_confirmed_by_another() {
    limited(async {
        let (server, session) = pending(Commit::confirmed().timeout(LONG).persist("change-1")).await;
        session.abort();
        let other = server.session().await;
        assert_eq!(description(&other, Datastore::Running).await.as_deref(), Some("new"));
        let error = other.call(Commit::confirm("another")).await.unwrap_err();
        assert!(matches!(error, Error::RpcErrors(_)), "{error:?}");
        other.call(Commit::confirm("change-1")).await.unwrap();
        other.close().await.unwrap();
        running_becomes(&server, "new").await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn a_persistent_commit_is_cancelled_by_another_session() {
    limited(async {
        let (server, session) = pending(Commit::confirmed().timeout(LONG).persist("change-1")).await;
        session.close().await.unwrap();
        let other = server.session().await;
        assert_eq!(description(&other, Datastore::Running).await.as_deref(), Some("new"));
        other.call(CancelCommit::of("change-1")).await.unwrap();
        running_becomes(&server, "old").await;
    })
    .await;
}
