//! Transactions against a small server: each way they can go, each way they can fail, in each capability set.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use crate::fake::{Act, FULL, Fake};
use netconf_client::ops::{Datastore, Lock};
use netconf_client::transaction::{
    Cause, Failed, ForeignEdits, Method, ServerState, Step, UndoneBy, Weakness,
};
use netconf_client::{Error, ErrorTag, Session, SessionConfig, Transaction, capabilities};

/// How long a condition may take to become true.
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) const NEW: &str = "<value xmlns=\"urn:test\">new</value>";
const OLD: &str = "<value xmlns=\"urn:test\">old</value>";

const CANDIDATE: &[&str] = &[
    capabilities::BASE_1_1,
    capabilities::CANDIDATE,
    capabilities::VALIDATE_1_1,
    capabilities::ROLLBACK_ON_ERROR,
];
const RUNNING: &[&str] =
    &[capabilities::BASE_1_0, capabilities::WRITABLE_RUNNING, capabilities::ROLLBACK_ON_ERROR];
pub(crate) const CONFIRMED_1_0: &[&str] =
    &[capabilities::BASE_1_0, capabilities::CANDIDATE, capabilities::CONFIRMED_COMMIT_1_0];

pub(crate) async fn session(server: &Fake) -> Session {
    let config = SessionConfig::default().call_timeout(LIMIT);
    Session::open(server.connect(), config).await.unwrap()
}

pub(crate) fn change() -> Transaction {
    Transaction::new(NEW).inverse(OLD).confirm_timeout(Duration::from_secs(20))
}

pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(tokio::time::timeout(LIMIT, waiting).await.is_ok(), "{what}");
}

async fn fails(server: &Fake, session: &Session) -> Failed<&'static str> {
    let failed = change().run(session, || async { Err::<(), _>("check") }).await.unwrap_err();
    until("locks released", || server.locks() == 0).await;
    failed
}

#[tokio::test]
async fn a_change_is_made_in_every_capability_set() {
    let sets = [
        (FULL, Method::ConfirmedCommit, vec![]),
        (CONFIRMED_1_0, Method::ConfirmedCommit, vec![Weakness::NoCancelCommit, Weakness::NoValidation]),
        (CANDIDATE, Method::Commit, vec![Weakness::NoConfirmedCommit]),
        (
            RUNNING,
            Method::EditRunning,
            vec![Weakness::NoConfirmedCommit, Weakness::NoCandidate, Weakness::NoValidation],
        ),
    ];
    for (offered, method, weaknesses) in sets {
        let server = Fake::new(offered);
        let session = session(&server).await;
        let seen = server.clone();
        let done =
            change().run(&session, || async move { Ok::<_, std::io::Error>(seen.running()) }).await.unwrap();
        assert_eq!(done.value, "new", "the check runs while the change is in running");
        assert_eq!((done.guarantees.method, done.guarantees.weaknesses), (method, weaknesses));
        assert!(done.session_usable);
        assert_eq!(
            (server.running().as_str(), server.candidate().as_str(), server.locks()),
            match method {
                Method::EditRunning => ("new", "old", 0),
                _ => ("new", "new", 0),
            }
        );
    }
}

#[tokio::test]
async fn the_steps_go_out_in_order() {
    let server = Fake::new(FULL);
    let session = session(&server).await;
    change().run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap();
    let expected = [
        "lock",
        "lock",
        "get-config",
        "get-config",
        "edit-config",
        "validate",
        "unlock",
        "commit-confirmed",
        "commit",
        "unlock",
    ];
    assert_eq!(server.log(), expected);
    assert_eq!(session.rpc_count(), expected.len() as u64);
}

#[tokio::test]
async fn a_failed_check_is_undone_in_every_capability_set() {
    let ended = UndoneBy::SessionEnd { within: Duration::from_secs(20) };
    let sets = [
        (FULL, UndoneBy::CancelCommit, true),
        (CONFIRMED_1_0, ended, false),
        (CANDIDATE, UndoneBy::Inverse, true),
        (RUNNING, UndoneBy::Inverse, true),
    ];
    for (offered, by, usable) in sets {
        let server = Fake::new(offered);
        let session = session(&server).await;
        let failed = fails(&server, &session).await;
        assert!(matches!((failed.step, &failed.cause), (Step::Check, Cause::Check("check"))));
        assert_eq!((failed.server, failed.session_usable), (ServerState::Undone(by), usable));
        assert!(!failed.candidate_dirty && failed.undo_error.is_none());
        until("running is as before", || server.running() == "old").await;
        assert_eq!(server.candidate(), "old");
    }
}

#[tokio::test]
async fn what_the_server_refuses_leaves_it_as_before() {
    let steps = [
        ("lock", Step::Lock),
        ("get-config", Step::Compare),
        ("edit-config", Step::Edit),
        ("validate", Step::Validate),
        ("commit-confirmed", Step::Commit),
    ];
    for (refused, step) in steps {
        let hook = move |name: &str| {
            if name == refused { Act::Refuse("in-use") } else { Act::Normal }
        };
        let server = Fake::with_hook(FULL, hook);
        let session = session(&server).await;
        let failed = fails(&server, &session).await;
        assert_eq!((failed.step, &failed.server), (step, &ServerState::Unchanged), "{refused}");
        assert!(failed.is_retryable() && failed.session_usable && !failed.candidate_dirty, "{refused}");
        assert_eq!((server.running(), server.candidate()), ("old".into(), "old".into()));
    }
}

#[tokio::test]
async fn a_refused_confirmation_is_cancelled() {
    let hook = |name: &str| {
        if name == "commit" { Act::Refuse("operation-failed") } else { Act::Normal }
    };
    let server = Fake::with_hook(FULL, hook);
    let session = session(&server).await;
    let failed = change().run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
    assert_eq!((failed.step, failed.server), (Step::Confirm, ServerState::Undone(UndoneBy::CancelCommit)));
    assert_eq!((server.running(), server.locks()), ("old".into(), 0));
}

/// `rollback-failed`, and the older `partial-operation`: a part of it may be there.
#[tokio::test]
async fn what_was_refused_but_may_be_made_in_part_is_undone_and_read() {
    let sets = [(RUNNING, "edit-config"), (CANDIDATE, "commit"), (FULL, "commit-confirmed")];
    for (offered, operation) in sets {
        for tag in ["rollback-failed", "partial-operation"] {
            for inverse in [true, false] {
                let times = Arc::new(AtomicUsize::new(0));
                let hook = move |name: &str| {
                    let first = name == operation && times.fetch_add(1, Ordering::SeqCst) == 0;
                    if first { Act::DoneBut(tag) } else { Act::Normal }
                };
                let server = Fake::with_hook(offered, hook);
                let session = session(&server).await;
                let bare = Transaction::new(NEW).accept_without_undo();
                let transaction = if inverse { change() } else { bare };
                let failed =
                    transaction.run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
                let (state, running) = if inverse {
                    (ServerState::Undone(UndoneBy::Inverse), "old")
                } else {
                    (ServerState::Changed, "new")
                };
                assert_eq!(
                    (&failed.server, server.running().as_str()),
                    (&state, running),
                    "{operation} {tag}"
                );
                assert!(matches!(&failed.cause, Cause::Session(error) if !error.rpc_errors().is_empty()));
                assert_eq!(server.locks(), 0);
            }
        }
    }
}

#[tokio::test]
async fn an_inverse_that_cannot_be_sent_is_refused_before_anything_is() {
    for offered in [FULL, CONFIRMED_1_0, CANDIDATE, RUNNING] {
        for transaction in
            [Transaction::new(NEW).inverse("<value"), Transaction::new("<p:value/>").inverse(OLD)]
        {
            let server = Fake::new(offered);
            let session = session(&server).await;
            let failed =
                transaction.run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
            assert!(matches!(&failed.cause, Cause::Session(Error::InvalidXml { .. })), "{failed:?}");
            assert_eq!((failed.step, failed.server), (Step::Prepare, ServerState::Unchanged));
            assert_eq!(session.rpc_count(), 0);
        }
    }
}

#[tokio::test]
async fn a_refused_edit_of_running_is_undone_unless_the_server_rolled_back() {
    for (offered, state) in [
        (RUNNING, ServerState::Unchanged),
        (
            &[capabilities::BASE_1_0, capabilities::WRITABLE_RUNNING][..],
            ServerState::Undone(UndoneBy::Inverse),
        ),
    ] {
        let server = Fake::new(offered);
        let session = session(&server).await;
        let transaction = Transaction::new("<value xmlns=\"urn:test\">bad</value>").inverse(OLD);
        let failed = transaction.run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
        assert_eq!((failed.step, failed.server), (Step::Edit, state));
        assert_eq!((server.running(), server.locks()), ("old".into(), 0));
    }
}

#[tokio::test]
async fn a_dirty_candidate_is_refused_by_lock_or_by_comparison_and_left_alone() {
    let server = Fake::new(FULL);
    server.set_candidate("foreign");
    let first = session(&server).await;
    let failed = fails(&server, &first).await;
    let Cause::Session(error) = &failed.cause else { panic!("{failed:?}") };
    assert_eq!(error.rpc_errors()[0].tag, ErrorTag::LockDenied);
    assert_eq!(server.candidate(), "foreign");

    // A server that grants the lock all the same: somebody edits its candidate right after.
    let failed = {
        let target = Arc::new(std::sync::Mutex::new(None::<Fake>));
        let shared = Arc::clone(&target);
        let locks = Arc::new(AtomicUsize::new(0));
        let server = Fake::with_hook(FULL, move |name| {
            if name == "get-config" && locks.fetch_add(1, Ordering::SeqCst) == 0 {
                shared.lock().unwrap().as_ref().unwrap().set_candidate("foreign");
            }
            Act::Normal
        });
        *target.lock().unwrap() = Some(server.clone());
        let session = session(&server).await;
        let failed = fails(&server, &session).await;
        assert_eq!((server.running(), server.candidate()), ("old".into(), "foreign".into()));
        failed
    };
    assert!(matches!((failed.step, &failed.cause), (Step::Compare, Cause::ForeignEdits)), "{failed:?}");
    assert_eq!(failed.server, ServerState::Unchanged);
}

#[tokio::test]
async fn a_held_lock_is_named_and_the_other_lock_released() {
    let server = Fake::new(FULL);
    let holder = session(&server).await;
    holder.call(Lock(Datastore::Candidate)).await.unwrap();
    let session = session(&server).await;
    let failed = change().run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
    let Cause::Session(error) = &failed.cause else { panic!("{failed:?}") };
    assert_eq!(error.rpc_errors()[0].info.session_id, Some(holder.session_id()));
    assert!(failed.is_retryable());
    assert_eq!(server.locks(), 1);
}

#[tokio::test]
async fn a_lost_session_says_whether_the_server_has_undone_it() {
    let within = Duration::from_secs(20);
    let undone = ServerState::Undone(UndoneBy::SessionEnd { within });
    let unknown = |reverts_within| ServerState::Unknown { reverts_within };
    let cases = [
        (FULL, "lock", Act::CutAfter, ServerState::Unchanged, "old"),
        (FULL, "edit-config", Act::CutAfter, ServerState::Unchanged, "old"),
        (FULL, "commit-confirmed", Act::CutBefore, undone.clone(), "old"),
        (FULL, "commit-confirmed", Act::CutAfter, undone, "old"),
        (FULL, "commit", Act::CutBefore, unknown(Some(within)), "old"),
        (FULL, "commit", Act::CutAfter, unknown(Some(within)), "new"),
        (CANDIDATE, "validate", Act::CutAfter, ServerState::Unchanged, "old"),
        (CANDIDATE, "commit", Act::CutBefore, unknown(None), "old"),
        (CANDIDATE, "commit", Act::CutAfter, unknown(None), "new"),
        (RUNNING, "edit-config", Act::CutBefore, unknown(None), "old"),
        (RUNNING, "edit-config", Act::CutAfter, unknown(None), "new"),
    ];
    for (offered, operation, act, state, running) in cases {
        let hook = move |name: &str| if name == operation { act } else { Act::Normal };
        let server = Fake::with_hook(offered, hook);
        let session = session(&server).await;
        let failed = change().run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
        assert_eq!(failed.server, state, "{operation}");
        assert!(!failed.session_usable);
        until("the server has noticed", || server.locks() == 0 && server.running() == running).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_undone_on_the_living_session() {
    // The commit itself is carried out; only its reply is missing.
    let once = Arc::new(AtomicUsize::new(0));
    let hook = move |name: &str| {
        if name == "commit" && once.fetch_add(1, Ordering::SeqCst) == 0 { Act::Silent } else { Act::Normal }
    };
    let server = Fake::with_hook(CANDIDATE, hook);
    let session = session(&server).await;
    let failed = change().run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
    assert_eq!(failed.server, ServerState::Undone(UndoneBy::Inverse));
    assert_eq!((server.running(), server.locks()), ("old".into(), 0));
}

#[tokio::test]
async fn a_connection_that_ends_at_the_inverses_commit_leaves_a_dirty_candidate() {
    let commits = Arc::new(AtomicUsize::new(0));
    let hook = move |name: &str| {
        let second = name == "commit" && commits.fetch_add(1, Ordering::SeqCst) == 1;
        if second { Act::CutBefore } else { Act::Normal }
    };
    let server = Fake::with_hook(CANDIDATE, hook);
    let failed = fails(&server, &session(&server).await).await;
    assert!(failed.candidate_dirty && !failed.session_usable, "{failed:?}");
    assert_eq!((server.running(), server.candidate()), ("new".into(), "old".into()));
}

#[tokio::test]
async fn a_dropped_transaction_is_undone_in_the_background() {
    for offered in [FULL, CONFIRMED_1_0, CANDIDATE, RUNNING] {
        let server = Fake::new(offered);
        let session = session(&server).await;
        {
            let (reached, checking) = tokio::sync::oneshot::channel();
            let transaction = change();
            let run = transaction.run(&session, || async move {
                reached.send(()).unwrap();
                std::future::pending::<Result<(), std::io::Error>>().await
            });
            tokio::select! {
                _ = run => panic!("the check never ends"),
                _ = checking => assert_eq!(server.running(), "new"),
            }
        }
        until("undone", || server.running() == "old" && server.candidate() == "old" && server.locks() == 0)
            .await;
    }
}

#[tokio::test]
async fn a_panic_in_the_check_is_undone() {
    let server = Fake::new(FULL);
    let session = session(&server).await;
    let task = tokio::spawn(async move {
        let _ = change()
            .run(&session, || async {
                if true { panic!("on purpose") } else { Ok::<(), std::io::Error>(()) }
            })
            .await;
    });
    assert!(task.await.unwrap_err().is_panic());
    until("undone", || server.running() == "old" && server.locks() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_check_that_takes_too_long_is_undone_before_the_server_does_it() {
    let server = Fake::new(FULL);
    let session = session(&server).await;
    let transaction = change().confirm_timeout(Duration::from_secs(2));
    let never = || std::future::pending::<Result<(), std::io::Error>>();
    let failed = transaction.run(&session, never).await.unwrap_err();
    assert!(matches!(failed.cause, Cause::CheckTimeout));
    assert_eq!(failed.server, ServerState::Undone(UndoneBy::CancelCommit));
    assert_eq!(server.running(), "old");
}

#[tokio::test]
async fn an_inverse_is_asked_for_where_the_server_cannot_undo() {
    for offered in [CANDIDATE, RUNNING] {
        let server = Fake::new(offered);
        let session = session(&server).await;
        let bare = Transaction::new(NEW);
        let failed = bare.run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
        assert!(matches!((failed.step, &failed.cause), (Step::Prepare, Cause::InverseNeeded)));
        assert_eq!(session.rpc_count(), 0);
        let accepted = bare.accept_without_undo();
        let failed = accepted.run(&session, || async { Err::<(), _>("check") }).await.unwrap_err();
        assert_eq!(
            (failed.server, server.running().as_str(), server.locks()),
            (ServerState::Changed, "new", 0)
        );
    }
}

#[tokio::test]
async fn an_inverse_that_is_refused_leaves_the_change_and_says_so() {
    for offered in [CANDIDATE, RUNNING] {
        let server = Fake::new(offered);
        let session = session(&server).await;
        let transaction = Transaction::new(NEW).inverse("<value xmlns=\"urn:test\">bad</value>");
        let failed = transaction.run(&session, || async { Err::<(), _>("check") }).await.unwrap_err();
        assert_eq!(failed.server, ServerState::Changed);
        assert!(failed.undo_error.is_some());
        assert_eq!((server.running().as_str(), server.locks()), ("new", 0));
    }
}

#[tokio::test]
async fn a_lock_that_does_not_go_is_released_by_ending_the_session() {
    let hook = |name: &str| {
        if name == "unlock" { Act::Refuse("operation-failed") } else { Act::Normal }
    };
    let server = Fake::with_hook(FULL, hook);
    let session = session(&server).await;
    let done = change().run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap();
    assert!(!done.session_usable);
    until("released", || server.locks() == 0).await;
    assert_eq!(server.running(), "new");
}

#[tokio::test]
async fn a_server_that_cannot_be_edited_is_refused() {
    let server = Fake::new(&[capabilities::BASE_1_0]);
    let session = session(&server).await;
    let failed = change().run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
    assert!(matches!((failed.step, &failed.cause), (Step::Prepare, Cause::Session(_))));
    assert_eq!(session.rpc_count(), 0);
}

#[tokio::test]
async fn an_ok_that_undid_nothing_is_found_out() {
    // Somebody takes the lock on running while the check runs, which keeps the server from undoing the commit.
    let server = Fake::new(FULL);
    let (first, second) = (session(&server).await, session(&server).await);
    let locked = || async {
        second.call(Lock(Datastore::Running)).await.unwrap();
        Err::<(), _>("check")
    };
    let failed = change().run(&first, locked).await.unwrap_err();
    assert_eq!(failed.server, ServerState::Changed);
    assert!(matches!(failed.undo_error, Some(netconf_client::Error::UnexpectedReply { .. })));
    assert_eq!(server.running(), "new");
}

/// Polls a future so many times and then drops it; whether it came to its end.
async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = times;
    std::future::poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_transaction_cancelled_at_any_of_its_waits_is_undone() {
    // Without an inverse only where the server undoes it by itself.
    let bare = || Transaction::new(NEW).confirm_timeout(Duration::from_secs(20));
    let sets = [
        (FULL, change()),
        (FULL, bare()),
        (CONFIRMED_1_0, change()),
        (CANDIDATE, change()),
        (RUNNING, change()),
    ];
    for (offered, transaction) in sets {
        let mut waits = 0;
        loop {
            let server = Fake::new(offered);
            let session = session(&server).await;
            let check = || async {
                tokio::task::yield_now().await;
                Ok::<_, std::io::Error>(())
            };
            if let Some(outcome) = polled(waits, transaction.run(&session, check)).await {
                outcome.unwrap();
                assert_eq!((server.running().as_str(), server.locks()), ("new", 0));
                break;
            }
            drop(session);
            until(&format!("settled after {waits} waits"), || server.locks() == 0 && server.open() == 0)
                .await;
            let (running, log) = (server.running(), server.log());
            // Cancelled within the confirmation, or after it: then it may have been taken.
            let confirmed =
                log.last().is_some_and(|last| last == "unlock") || log.iter().any(|name| name == "commit");
            assert!(running == "old" || (running == "new" && confirmed), "{waits}: {running} {log:?}");
            if offered != RUNNING {
                assert_eq!(server.candidate(), running, "{waits}: the candidate is left dirty: {log:?}");
            }
            waits += 1;
        }
        assert!(waits >= 4, "a transaction has more waits than {waits}");
    }
}

/// The caller goes away when all is done but the locks: the change stays, and the candidate is not touched.
#[tokio::test(start_paused = true)]
async fn a_transaction_dropped_while_it_releases_its_locks_has_been_made() {
    for offered in [FULL, CONFIRMED_1_0, CANDIDATE, RUNNING] {
        let unlocks = Arc::new(AtomicUsize::new(0));
        let told = Arc::clone(&unlocks);
        // With a confirmed commit running is unlocked before it.
        let last = if offered == FULL || offered == CONFIRMED_1_0 { 1 } else { 0 };
        let server = Fake::with_hook(offered, move |name| {
            let silent = name == "unlock" && told.fetch_add(1, Ordering::SeqCst) == last;
            if silent { Act::Silent } else { Act::Normal }
        });
        let session = session(&server).await;
        {
            let transaction = change();
            let run = transaction.run(&session, || async { Ok::<_, std::io::Error>(()) });
            let reached = until("the last unlock", || unlocks.load(Ordering::SeqCst) > last);
            tokio::select! {
                _ = run => panic!("the lock is not released yet"),
                () = reached => {}
            }
        }
        drop(session);
        until("settled", || server.locks() == 0 && server.open() == 0).await;
        let candidate = if offered == RUNNING { "old" } else { "new" };
        assert_eq!((server.running().as_str(), server.candidate().as_str()), ("new", candidate));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_blocks_its_thread_beyond_the_timeout_is_not_confirmed() {
    let server = Fake::new(FULL);
    let session = session(&server).await;
    let transaction = change().confirm_timeout(Duration::from_secs(1));
    let blocking = || async {
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(1200) {
            std::hint::spin_loop();
        }
        Ok::<_, std::io::Error>(())
    };
    let failed = transaction.run(&session, blocking).await.unwrap_err();
    assert!(matches!((failed.step, &failed.cause), (Step::Check, Cause::CheckTimeout)), "{failed:?}");
    assert!(failed.server.is_as_before(), "{failed:?}");
    until("undone", || server.running() == "old" && server.locks() == 0).await;
    assert!(!server.log().iter().any(|name| name == "commit"), "{:?}", server.log());
}

#[tokio::test(start_paused = true)]
async fn without_an_inverse_an_answer_that_does_not_come_is_settled_by_reading_running() {
    let unknown = ServerState::Unknown { reverts_within: None };
    for (offered, operation) in [(CANDIDATE, "commit"), (RUNNING, "edit-config")] {
        for (act, read, state) in [
            (Act::Silent, ForeignEdits::Compare, ServerState::Changed),
            (Act::Ignore, ForeignEdits::Compare, ServerState::Unchanged),
            (Act::Silent, ForeignEdits::TrustLock, unknown.clone()),
            (Act::Ignore, ForeignEdits::TrustLock, unknown.clone()),
        ] {
            let hook = move |name: &str| if name == operation { act } else { Act::Normal };
            let server = Fake::with_hook(offered, hook);
            let session = session(&server).await;
            let bare = Transaction::new(NEW).accept_without_undo().foreign_edits(read.clone());
            let failed = bare.run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
            assert_eq!(failed.server, state, "{operation} {read:?}");
            let running = if act == Act::Silent { "new" } else { "old" };
            assert_eq!((server.running().as_str(), server.locks()), (running, 0));
        }
    }
}

#[tokio::test]
async fn an_edit_of_running_that_was_refused_is_not_told_as_a_change() {
    let offered = [capabilities::BASE_1_0, capabilities::WRITABLE_RUNNING];
    let server = Fake::new(&offered);
    let session = session(&server).await;
    let bad = Transaction::new("<value xmlns=\"urn:test\">bad</value>").accept_without_undo();
    let failed = bad.run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
    assert_eq!((failed.step, failed.server), (Step::Edit, ServerState::Unchanged));
    // What cannot be framed was not sent.
    let mark = Transaction::new("<value xmlns=\"urn:test\">new<!-- ]]>]]> --></value>").accept_without_undo();
    let failed = mark.run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
    assert_eq!((failed.step, failed.server), (Step::Edit, ServerState::Unchanged));
}

#[tokio::test]
async fn an_inverse_that_running_does_not_show_is_found_out_without_a_candidate_too() {
    let edits = Arc::new(AtomicUsize::new(0));
    let inverse_is_lost = move |name: &str| {
        let second = name == "edit-config" && edits.fetch_add(1, Ordering::SeqCst) == 1;
        if second { Act::Lie } else { Act::Normal }
    };
    let server = Fake::with_hook(RUNNING, inverse_is_lost);
    let session = session(&server).await;
    let failed = fails(&server, &session).await;
    assert_eq!(failed.server, ServerState::Changed);
    assert!(failed.undo_error.is_some());
    assert_eq!(server.running(), "new");
}

#[tokio::test(start_paused = true)]
async fn an_inverse_whose_answer_is_lost_is_settled_by_reading_running() {
    for (act, state) in
        [(Act::Silent, ServerState::Undone(UndoneBy::Inverse)), (Act::Ignore, ServerState::Changed)]
    {
        let edits = Arc::new(AtomicUsize::new(0));
        let hook = move |name: &str| {
            let second = name == "edit-config" && edits.fetch_add(1, Ordering::SeqCst) == 1;
            if second { act } else { Act::Normal }
        };
        let server = Fake::with_hook(RUNNING, hook);
        let session = session(&server).await;
        let failed = fails(&server, &session).await;
        assert_eq!(failed.server, state);
        assert!(failed.undo_error.is_some());
    }
}

#[tokio::test]
async fn any_confirm_timeout_can_be_asked_for() {
    for limit in [Duration::ZERO, Duration::MAX] {
        let server = Fake::new(FULL);
        let session = session(&server).await;
        let change = change().confirm_timeout(limit);
        change.run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap();
        assert_eq!(server.running(), "new");
    }
}

#[tokio::test]
async fn what_is_prepared_is_prepared_under_the_locks_and_nothing_is_sent_without_it() {
    for (offered, locks) in [(FULL, 2), (CANDIDATE, 2), (RUNNING, 1)] {
        let server = Fake::new(offered);
        let session = session(&server).await;
        let seen = server.clone();
        let prepare = async move {
            assert_eq!(seen.locks(), locks);
            assert!(!seen.log().iter().any(|rpc| rpc == "edit-config"), "the edit comes after it");
            Ok(())
        };
        let done = change().run_after(&session, prepare, || async { Ok::<_, &str>(()) }).await;
        assert!(done.is_ok(), "{done:?}");
        server.forget();
        let check = || async { panic!("there is nothing to check") };
        let failed =
            change().run_after::<(), _, _, _, _>(&session, async { Err("no") }, check).await.unwrap_err();
        assert!(matches!((failed.step, &failed.cause), (Step::Prepare, Cause::Check("no"))), "{failed:?}");
        assert_eq!(failed.server, ServerState::Unchanged);
        assert!(!server.log().iter().any(|rpc| rpc == "edit-config"), "nothing is sent");
        assert_eq!(server.locks(), 0);
    }
}
