//! Transactions whose confirmation is late, or not answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::fake::{Act, FULL, Fake};
use crate::transaction::{CONFIRMED_1_0, NEW, change, session, until};
use netconf_client::transaction::{Cause, ServerState, Step, UndoneBy};
use netconf_client::{Error, ErrorTag, Session, SessionConfig, Transaction};

/// A server that counts whole seconds undoes a commit up to one second before its timeout, and takes the confirmation for an
/// ordinary commit then.
#[tokio::test(start_paused = true)]
async fn a_confirmation_in_the_last_second_does_not_count() {
    for (taken, kept) in [(Duration::from_millis(18_500), true), (Duration::from_millis(19_500), false)] {
        for offered in [FULL, CONFIRMED_1_0] {
            let commits = Arc::new(AtomicUsize::new(0));
            let hook = move |name: &str| {
                let first = name == "commit" && commits.fetch_add(1, Ordering::SeqCst) == 0;
                if first { Act::After(taken) } else { Act::Normal }
            };
            let server = Fake::with_hook(offered, hook);
            let config = SessionConfig::default().call_timeout(Duration::from_secs(60));
            let session = Session::open(server.connect(), config).await.unwrap();
            let outcome = change().run(&session, || async { Ok::<_, std::io::Error>(()) }).await;
            if kept {
                assert!(outcome.unwrap().session_usable);
                assert_eq!((server.running().as_str(), server.locks()), ("new", 0));
                continue;
            }
            let failed = outcome.unwrap_err();
            assert!(matches!(&failed.cause, Cause::Session(Error::CommitUnknown(_))), "{failed:?}");
            assert_eq!(
                (failed.step, &failed.server),
                (Step::Confirm, &ServerState::Undone(UndoneBy::Inverse))
            );
            assert!(
                failed.session_usable && !failed.candidate_dirty && failed.undo_error.is_none(),
                "{failed:?}"
            );
            assert_eq!(
                (server.running(), server.candidate(), server.locks()),
                ("old".into(), "old".into(), 0)
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_whose_answer_is_missing_is_undone_by_the_inverse_if_there_is_one() {
    let bare = || Transaction::new(NEW).confirm_timeout(Duration::from_secs(20));
    let unknown = ServerState::Unknown { reverts_within: Some(Duration::from_secs(20)) };
    for (transaction, state, usable) in
        [(change(), ServerState::Undone(UndoneBy::Inverse), true), (bare(), unknown, false)]
    {
        for offered in [FULL, CONFIRMED_1_0] {
            // The first confirmation is carried out, or is not; its answer is missing both times.
            for act in [Act::Silent, Act::Ignore] {
                let commits = Arc::new(AtomicUsize::new(0));
                let hook = move |name: &str| {
                    let first = name == "commit" && commits.fetch_add(1, Ordering::SeqCst) == 0;
                    if first { act } else { Act::Normal }
                };
                let server = Fake::with_hook(offered, hook);
                let session = session(&server).await;
                let failed =
                    transaction.run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
                assert_eq!(failed.step, Step::Confirm);
                until("settled", || server.locks() == 0).await;
                if act == Act::Ignore && offered == FULL {
                    // Still pending: it can be cancelled.
                    assert_eq!(failed.server, ServerState::Undone(UndoneBy::CancelCommit));
                } else {
                    assert_eq!((&failed.server, failed.session_usable), (&state, usable));
                }
                if failed.server.is_as_before() {
                    assert_eq!((server.running(), failed.candidate_dirty), ("old".into(), false));
                }
            }
        }
    }
}

/// Running is unlocked while a commit is pending: once it is confirmed, somebody else may change it.
#[tokio::test(start_paused = true)]
async fn the_inverse_of_a_confirmed_change_is_made_on_what_running_has_by_then() {
    for offered in [FULL, CONFIRMED_1_0] {
        let commits = Arc::new(AtomicUsize::new(0));
        let hook = move |name: &str| {
            let first = name == "commit" && commits.fetch_add(1, Ordering::SeqCst) == 0;
            if first { Act::Silent } else { Act::Normal }
        };
        let server = Fake::with_hook(offered, hook);
        let session = session(&server).await;
        change().run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
        let log = server.log();
        let edits: Vec<usize> = (0..log.len()).filter(|at| log[*at] == "edit-config").collect();
        assert!(log[edits[0]..edits[1]].contains(&"discard-changes".to_owned()), "{log:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_inverse_that_fails_after_a_confirmation_without_answer_is_told() {
    let bad = || change().inverse("<value xmlns=\"urn:test\">bad</value>");
    let within = Some(Duration::from_secs(20));
    // The inverse is refused as an edit; its commit is not answered; the connection ends at its commit.
    for (transaction, second) in [(bad(), Act::Normal), (change(), Act::Silent), (change(), Act::CutBefore)] {
        for offered in [FULL, CONFIRMED_1_0] {
            let commits = Arc::new(AtomicUsize::new(0));
            let hook = move |name: &str| match name {
                "commit" if commits.fetch_add(1, Ordering::SeqCst) == 0 => Act::Silent,
                "commit" => second,
                _ => Act::Normal,
            };
            let server = Fake::with_hook(offered, hook);
            let session = session(&server).await;
            let failed =
                transaction.run(&session, || async { Ok::<_, std::io::Error>(()) }).await.unwrap_err();
            assert_eq!(failed.server, ServerState::Unknown { reverts_within: within });
            assert!(failed.candidate_dirty && !failed.session_usable, "{failed:?}");
            let told = failed.undo_error.unwrap();
            if second == Act::Normal {
                assert_eq!(told.rpc_errors()[0].tag, ErrorTag::InvalidValue);
            } else {
                assert!(matches!(told, Error::CommitUnknown(_)), "{told:?}");
            }
            until("settled", || server.locks() == 0).await;
        }
    }
}
