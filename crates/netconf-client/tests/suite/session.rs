//! Sessions against a scripted peer: every odd habit of servers, and what callers are told when things end.

use std::time::Duration;

use crate::peer::{HELLO, Peer};
use netconf_client::ops::{Commit, Datastore, EditConfig, Get, GetConfig, Lock, Raw};
use netconf_client::{Error, LostCause, Phase, Session, SessionConfig};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

/// Longer than any step of these tests takes.
const LIMIT: Duration = Duration::from_secs(10);

/// A limit that is meant to fire, by a made-up clock.
const SHORT: Duration = Duration::from_millis(20);

async fn open(hello: &str) -> (Session, Peer) {
    let (mut peer, stream) = Peer::pair(1 << 20);
    let config = SessionConfig::default().call_timeout(LIMIT);
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(hello));
    (session.unwrap(), peer)
}

fn id_of(request: &str) -> u64 {
    request.split("message-id=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn both_framings_carry_calls() {
    for hello in [HELLO.to_owned(), HELLO.replace("base:1.1", "base:2.0")] {
        let (session, mut peer) = open(&hello).await;
        assert_eq!(session.session_id(), 24);
        assert!(session.capabilities().candidate());
        let serve = async {
            let request = peer.receive().await;
            assert!(request.contains("<get-config><source><running/></source></get-config>"), "{request}");
            peer.reply(id_of(&request), "<data><a/></data>").await;
        };
        let (data, ()) = tokio::join!(session.call(GetConfig::new(Datastore::Running)), serve);
        assert_eq!(data.unwrap().xml(), "<a/>");
        assert_eq!(session.rpc_count(), 1);
    }
}

#[tokio::test]
async fn a_limit_beyond_all_clocks_is_none() {
    let (mut peer, stream) = Peer::pair(1 << 20);
    let config = SessionConfig::default().call_timeout(Duration::MAX);
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(HELLO));
    let session = session.unwrap();
    let serve = async {
        let request = peer.receive().await;
        peer.reply(id_of(&request), "<data/>").await;
    };
    let (data, ()) = tokio::join!(session.call(Get::new()), serve);
    data.unwrap();
    assert!(session.lost().is_none());
}

#[tokio::test]
async fn overlapping_calls_each_get_their_own_reply_in_whatever_order() {
    let (session, mut peer) = open(HELLO).await;
    let serve = async {
        let mut requests = Vec::new();
        for _ in 0..3 {
            requests.push(peer.receive().await);
        }
        for request in requests.iter().rev() {
            let topic = request.split("urn:topic:").nth(1).unwrap().split('"').next().unwrap();
            peer.reply(id_of(request), &format!("<data>{topic}</data>")).await;
        }
    };
    let get = |topic: &str| session.call(Get::new().subtree(format!("<t xmlns=\"urn:topic:{topic}\"/>")));
    let (one, two, three, ()) = tokio::join!(get("1"), get("2"), get("3"), serve);
    assert_eq!([one, two, three].map(|data| data.unwrap().xml().to_owned()), ["1", "2", "3"]);
}

/// A server that leaves a first request lying until another comes, as netconfd does when it read it with the hello.
#[tokio::test(start_paused = true)]
async fn a_server_that_sleeps_on_the_first_request_is_nudged_once() {
    let (mut peer, stream) = Peer::pair(1 << 20);
    let config = SessionConfig::default().call_timeout(LIMIT).nudge(Duration::from_millis(50));
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(HELLO));
    let session = session.unwrap();
    let serve = async {
        let first = peer.receive().await;
        let nudge = peer.receive().await;
        assert!(nudge.contains("<get><filter type=\"subtree\"/></get>"), "{nudge}");
        peer.reply(id_of(&first), "<data><a/></data>").await;
        peer.reply(id_of(&nudge), "<rpc-error><error-tag>operation-failed</error-tag></rpc-error>").await;
    };
    let both = async { tokio::join!(session.call(GetConfig::new(Datastore::Running)), serve) };
    let (data, ()) = tokio::time::timeout(LIMIT * 2, both).await.expect("no nudge comes");
    assert_eq!(data.unwrap().xml(), "<a/>");
    // From now on the server is known to answer: a slow reply is waited for in silence.
    let serve = async {
        let second = peer.receive().await;
        let nudged = tokio::time::timeout(Duration::from_millis(200), peer.receive()).await;
        assert!(nudged.is_err(), "{nudged:?}");
        peer.reply(id_of(&second), "<data><b/></data>").await;
    };
    let (data, ()) = tokio::join!(session.call(GetConfig::new(Datastore::Running)), serve);
    assert_eq!(data.unwrap().xml(), "<b/>");
}

#[tokio::test]
async fn replies_without_a_message_id_answer_the_oldest_call() {
    let (session, mut peer) = open(HELLO).await;
    let serve = async {
        peer.receive().await;
        peer.receive().await;
        peer.send("<rpc-reply><data>first</data></rpc-reply>").await;
        peer.send("\n<rpc-reply><data>second</data></rpc-reply>\n").await;
    };
    let (one, two, ()) = tokio::join!(session.call(Get::new()), session.call(Get::new()), serve);
    assert_eq!((one.unwrap().xml(), two.unwrap().xml()), ("first", "second"));
}

#[tokio::test]
async fn a_vendors_result_text_is_kept() {
    let (session, mut peer) = open(HELLO).await;
    let serve = async {
        let request = peer.receive().await;
        let result = "<result xmlns='http://cisco.com/yang/cisco-ia'>Save running-config successful</result>";
        peer.reply(id_of(&request), result).await;
    };
    let save = Raw::new("<save-config xmlns=\"http://cisco.com/yang/cisco-ia\"/>");
    let (reply, ()) = tokio::join!(session.call(save), serve);
    let text = reply.unwrap().child_text("result").unwrap();
    assert_eq!(text.as_deref(), Some("Save running-config successful"));
}

#[tokio::test]
async fn a_dropped_call_is_drained_and_the_session_stays_usable() {
    let (session, mut peer) = open(HELLO).await;
    let dropped = {
        let call = session.call(Get::new());
        tokio::select! {
            _ = call => panic!("nobody answered"),
            request = peer.receive() => id_of(&request),
        }
    };
    let serve = async {
        let request = peer.receive().await;
        peer.reply(dropped, "<data>late</data>").await;
        peer.reply(id_of(&request), "<data>mine</data>").await;
    };
    let (data, ()) = tokio::join!(session.call(Get::new()), serve);
    assert_eq!(data.unwrap().xml(), "mine");
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_without_message_id_goes_to_the_call_that_ran_out_of_time() {
    let (session, mut peer) = open(HELLO).await;
    let late = session.call_within(Get::new(), SHORT).await.unwrap_err();
    assert!(matches!(late, Error::Timeout { phase: Phase::Reply, safe_to_repeat: true, .. }), "{late:?}");
    let serve = async {
        peer.receive().await;
        peer.receive().await;
        peer.send("<rpc-reply><data>late</data></rpc-reply>").await;
        peer.send("<rpc-reply><data>mine</data></rpc-reply>").await;
    };
    let (data, ()) = tokio::join!(session.call(Get::new()), serve);
    assert_eq!(data.unwrap().xml(), "mine");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_could_not_be_sent_says_so_and_is_never_sent() {
    let (mut peer, stream) = Peer::pair(64);
    let config = SessionConfig::default().call_timeout(LIMIT);
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(HELLO));
    let session = session.unwrap();
    // Fills the pipe: the peer does not read.
    let big = EditConfig::new(Datastore::Candidate, format!("<a xmlns=\"urn:a\">{}</a>", "x".repeat(4096)));
    let first = session.call_within(&big, SHORT).await.unwrap_err();
    assert!(first.is_outcome_unknown(), "{first:?}");
    let second = session.call_within(&big, SHORT).await.unwrap_err();
    assert!(matches!(second, Error::Timeout { safe_to_repeat: true, .. }), "{second:?}");
    let serve = async {
        let abandoned = peer.receive().await;
        let next = peer.receive().await;
        assert!(next.contains("<get>"), "{next}");
        peer.reply(id_of(&abandoned), "<ok/>").await;
        peer.reply(id_of(&next), "<data/>").await;
    };
    let (data, ()) = tokio::join!(session.call(Get::new()), serve);
    assert_eq!(data.unwrap().xml(), "");
    assert_eq!(session.rpc_count(), 2);
}

#[tokio::test]
async fn a_lost_session_fails_every_call_with_what_is_known() {
    let (session, mut peer) = open(HELLO).await;
    let serve = async {
        for _ in 0..3 {
            peer.receive().await;
        }
        peer.stream.shutdown().await.unwrap();
    };
    let edit = EditConfig::new(Datastore::Candidate, "<a xmlns=\"urn:a\"/>");
    let (get, edit, commit, ()) =
        tokio::join!(session.call(Get::new()), session.call(&edit), session.call(Commit::new()), serve);
    let get = get.unwrap_err();
    assert!(matches!(get, Error::SessionLost { cause: LostCause::EndOfStream, sent: true, .. }), "{get:?}");
    assert!(get.is_retryable());
    let edit = edit.unwrap_err();
    assert!(edit.is_outcome_unknown() && !edit.is_retryable(), "{edit:?}");
    let commit = commit.unwrap_err();
    let Error::CommitUnknown(unknown) = commit else { panic!("{commit:?}") };
    assert_eq!((unknown.session_id, unknown.reverts_within, &unknown.persist_id), (24, None, &None));
    let after = session.call(Lock(Datastore::Running)).await.unwrap_err();
    assert!(matches!(after, Error::SessionLost { sent: false, safe_to_repeat: true, .. }), "{after:?}");
    assert_eq!(session.lost(), Some(LostCause::EndOfStream));
}

#[tokio::test]
async fn messages_that_have_no_place_end_the_session() {
    for message in
        ["<rpc-reply message-id='99'><ok/></rpc-reply>", "<hello/>", "text", "<!DOCTYPE x><rpc-reply/>"]
    {
        let (session, mut peer) = open(HELLO).await;
        let serve = async {
            peer.receive().await;
            peer.send(message).await;
        };
        let (answer, ()) = tokio::join!(session.call(Get::new()), serve);
        let error = answer.unwrap_err();
        assert!(
            matches!(error, Error::SessionLost { cause: LostCause::Protocol(_), .. }),
            "{message}: {error:?}"
        );
        assert_eq!(peer.try_receive().await, None);
    }
}

#[tokio::test]
async fn broken_framing_ends_the_session() {
    let (session, mut peer) = open(HELLO).await;
    let serve = async {
        peer.receive().await;
        peer.stream.write_all(b"\n#0\n").await.unwrap();
    };
    let (answer, ()) = tokio::join!(session.call(Get::new()), serve);
    assert!(matches!(answer, Err(Error::SessionLost { cause: LostCause::Framing(_), .. })), "{answer:?}");
}

#[tokio::test]
async fn unusable_hellos_are_refused() {
    let no_id = HELLO.replace("<session-id>24</session-id>", "");
    let no_base = HELLO.replace("base:1.", "base:3.");
    for hello in [no_id.as_str(), no_base.as_str(), "<rpc-reply/>", "<hello"] {
        let (mut peer, stream) = Peer::pair(1 << 16);
        let (session, ()) = tokio::join!(Session::open(stream, SessionConfig::default()), peer.send(hello));
        assert!(matches!(session, Err(Error::Hello(_))), "{hello}: {session:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up() {
    let (_peer, stream) = Peer::pair(1 << 16);
    let config = SessionConfig::default().hello_timeout(SHORT);
    let begun = Instant::now();
    let error = Session::open(stream, config).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: Phase::Hello, .. }), "{error:?}");
    assert!(begun.elapsed() < SHORT * 2, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn close_waits_for_the_answer_and_no_longer_than_its_limit() {
    let (session, mut peer) = open(HELLO).await;
    let serve = async {
        let request = peer.receive().await;
        assert!(request.contains("<close-session/>"));
        peer.reply(id_of(&request), "<ok/>").await;
    };
    let (closed, ()) = tokio::join!(session.close(), serve);
    closed.unwrap();
    assert_eq!(peer.try_receive().await, None);

    let (mut peer, stream) = Peer::pair(1 << 16);
    let config = SessionConfig::default().close_timeout(SHORT);
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(HELLO));
    let begun = Instant::now();
    assert!(session.unwrap().close().await.is_err());
    assert!(begun.elapsed() < SHORT * 2, "{:?}", begun.elapsed());
    peer.receive().await;
    assert_eq!(peer.try_receive().await, None);
}

#[tokio::test]
async fn closing_what_is_over_does_nothing() {
    let (session, mut peer) = open(HELLO).await;
    let other = session.clone();
    let serve = async {
        let request = peer.receive().await;
        peer.reply(id_of(&request), "<ok/>").await;
        assert_eq!(peer.try_receive().await, None);
    };
    let (closed, ()) = tokio::join!(session.close(), serve);
    closed.unwrap();
    session.close().await.unwrap();
    other.close().await.unwrap();
    assert_eq!(session.rpc_count(), 1);
}

/// The task that owns the stream ends with the runtime it was started on: whoever still calls hears of it.
#[test]
fn a_session_ends_with_the_runtime_it_was_opened_on() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let (session, _peer) = first.block_on(open(HELLO));
    let second = runtime();
    let call = {
        let session = session.clone();
        second.spawn(async move { session.call(Get::new()).await })
    };
    second.block_on(tokio::task::yield_now());
    drop(first);
    for answer in [
        second.block_on(async { tokio::time::timeout(LIMIT, call).await.unwrap().unwrap() }),
        second.block_on(async { tokio::time::timeout(LIMIT, session.call(Get::new())).await.unwrap() }),
    ] {
        let error = answer.unwrap_err();
        assert!(matches!(error, Error::SessionLost { cause: LostCause::Closed, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn dropping_the_last_handle_closes_the_connection() {
    let (session, mut peer) = open(HELLO).await;
    let other = session.clone();
    drop(session);
    let serve = async {
        let request = peer.receive().await;
        peer.reply(id_of(&request), "<data/>").await;
    };
    let (answer, ()) = tokio::join!(other.call(Get::new()), serve);
    answer.unwrap();
    drop(other);
    assert_eq!(peer.try_receive().await, None);
}

#[tokio::test]
async fn a_thousand_callers_share_one_session() {
    let (session, mut peer) = open(HELLO).await;
    let server = tokio::spawn(async move {
        while let Some(request) = peer.try_receive().await {
            let topic = request.split("urn:topic:").nth(1).unwrap().split('"').next().unwrap();
            peer.reply(id_of(&request), &format!("<data>{topic}</data>")).await;
        }
    });
    let calls = (0..1000).map(|topic| {
        let session = session.clone();
        tokio::spawn(async move {
            let get = Get::new().subtree(format!("<t xmlns=\"urn:topic:{topic}\"/>"));
            assert_eq!(session.call(get).await.unwrap().xml(), topic.to_string());
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!(session.rpc_count(), 1000);
    drop(session);
    server.await.unwrap();
}

/// The bytes of a reply may come in any parts: here the first ends behind a prefix, within a character, or within the byte order mark.
#[tokio::test]
async fn a_start_tag_may_be_cut_anywhere() {
    let text = "\u{feff}<nü:rpc-reply xmlns:nü=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"1\"><nü:data/></nü:rpc-reply>";
    for cut in 1..text.len() {
        let (session, mut peer) = open(HELLO).await;
        let serve = async {
            peer.receive().await;
            let (begin, end) = text.as_bytes().split_at(cut);
            let mut bytes = format!("\n#{}\n", begin.len()).into_bytes();
            bytes.extend(begin);
            bytes.extend(format!("\n#{}\n", end.len()).into_bytes());
            bytes.extend(end);
            bytes.extend(b"\n##\n");
            peer.stream.write_all(&bytes).await.unwrap();
        };
        let (data, ()) = tokio::join!(session.call(Get::new()), serve);
        assert_eq!(data.unwrap_or_else(|error| panic!("cut after {cut}: {error}")).xml(), "");
    }
}

#[tokio::test]
async fn closing_a_session_that_broke_the_protocol_does_nothing() {
    let (session, mut peer) = open(HELLO).await;
    peer.send("<foo/>").await;
    let lost = async {
        while session.lost().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, lost).await.unwrap();
    assert!(matches!(session.lost(), Some(LostCause::Protocol(_))));
    session.close().await.unwrap();
}
