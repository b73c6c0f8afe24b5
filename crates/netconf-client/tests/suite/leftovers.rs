//! What a borrower leaves in a session of a pool does not reach the next one: the session is closed.

use std::time::Duration;

use netconf_client::notification::QueueLimits;
use netconf_client::ops::{Commit, CreateSubscription, Datastore, EditConfig, GetConfig, Lock, Unlock};
use netconf_client::pool::{ConnectWith, Lent, Pool, PoolLimits};
use netconf_client::{Error, Session, SessionConfig, Transaction, capabilities};

use crate::fake::{Act, FULL, Fake};
use crate::ssh::until;

/// How long a step may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A limit that is meant to fire.
const SHORT: Duration = Duration::from_millis(50);

const CANDIDATE: Lock = Lock(Datastore::Candidate);

fn pool(server: &Fake) -> Pool {
    let server = server.clone();
    let connect =
        ConnectWith(move || Session::open(server.connect(), SessionConfig::default().call_timeout(LIMIT)));
    Pool::new(connect, PoolLimits::default().max_sessions(1))
}

/// Gives a session back; the next one is another, and the server holds nothing for the first any more.
async fn is_not_lent_again(pool: &Pool, lent: Lent, server: &Fake) {
    let id = lent.session_id();
    drop(lent);
    assert_eq!(pool.idle(), 0, "it waits to be lent");
    let next = pool.get().await.unwrap();
    assert_ne!(next.session_id(), id);
    until("the session stays open", || server.open() == 1 && server.locks() == 0).await;
}

#[tokio::test]
async fn a_session_with_a_lock_is_not_lent_again() {
    let server = Fake::new(FULL);
    let pool = pool(&server);
    let lent = pool.get().await.unwrap();
    lent.call(CANDIDATE).await.unwrap();
    is_not_lent_again(&pool, lent, &server).await;
}

#[tokio::test]
async fn nor_one_with_a_lock_that_was_given_up_and_granted_all_the_same() {
    for act in [Act::Silent, Act::After(SHORT * 20)] {
        let server = Fake::with_hook(FULL, move |name| if name == "lock" { act } else { Act::Normal });
        let pool = pool(&server);
        let lent = pool.get().await.unwrap();
        let error = lent.call_within(CANDIDATE, SHORT).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
        is_not_lent_again(&pool, lent, &server).await;
    }
}

#[tokio::test]
async fn nor_one_with_a_change_that_is_under_way() {
    let server = Fake::with_hook(FULL, |name| if name == "edit-config" { Act::Ignore } else { Act::Normal });
    let pool = pool(&server);
    let lent = pool.get().await.unwrap();
    let edit = EditConfig::new(Datastore::Candidate, "<value xmlns=\"urn:test\">new</value>");
    lent.call_within(edit, SHORT).await.unwrap_err();
    is_not_lent_again(&pool, lent, &server).await;
}

#[tokio::test]
async fn nor_one_with_a_commit_that_it_could_confirm() {
    let server = Fake::new(FULL);
    let pool = pool(&server);
    let lent = pool.get().await.unwrap();
    lent.call(EditConfig::new(Datastore::Candidate, "<value xmlns=\"urn:test\">new</value>")).await.unwrap();
    lent.call(Commit::confirmed()).await.unwrap();
    is_not_lent_again(&pool, lent, &server).await;
    assert_eq!(server.running(), "old");
}

#[tokio::test]
async fn nor_one_that_notifications_come_to() {
    let offered = [FULL, &[capabilities::NOTIFICATION]].concat();
    let lie = |name: &str| if name == "create-subscription" { Act::Lie } else { Act::Normal };
    let server = Fake::with_hook(&offered, lie);
    let pool = pool(&server);
    let lent = pool.get().await.unwrap();
    let reader = lent.notifications(QueueLimits::default()).unwrap();
    is_not_lent_again(&pool, lent, &server).await;
    drop(reader);
    // The server goes on when nobody reads.
    let lent = pool.get().await.unwrap();
    drop(lent.subscribe(CreateSubscription::new(), QueueLimits::default()).await.unwrap());
    is_not_lent_again(&pool, lent, &server).await;
}

#[tokio::test]
async fn a_session_in_which_nothing_is_left_is_lent_again() {
    let refused = |name: &str| if name == "validate" { Act::Refuse("operation-failed") } else { Act::Normal };
    let server = Fake::with_hook(FULL, refused);
    let pool = pool(&server);
    let lent = pool.get().await.unwrap();
    let id = lent.session_id();
    lent.call(CANDIDATE).await.unwrap();
    lent.call(Unlock(Datastore::Candidate)).await.unwrap();
    // Refused: somebody else has it.
    let other = Session::open(server.connect(), SessionConfig::default()).await.unwrap();
    other.call(CANDIDATE).await.unwrap();
    lent.call(CANDIDATE).await.unwrap_err();
    other.close().await.unwrap();
    until("the lock ends with its session", || server.locks() == 0).await;
    // A read that was given up changes nothing.
    lent.call_within(GetConfig::new(Datastore::Running), Duration::ZERO).await.unwrap_err();
    let check = || async { Ok::<_, std::io::Error>(()) };
    // Refused by the server, and undone.
    let change = || Transaction::new("<value xmlns=\"urn:test\">new</value>");
    change().run(&lent, check).await.unwrap_err();
    drop(lent);
    assert_eq!(pool.get().await.unwrap().session_id(), id);

    let server = Fake::new(FULL);
    let pool = self::pool(&server);
    let lent = pool.get().await.unwrap();
    let id = lent.session_id();
    change().run(&lent, check).await.unwrap();
    drop(lent);
    assert_eq!((server.running().as_str(), pool.get().await.unwrap().session_id()), ("new", id));
}
