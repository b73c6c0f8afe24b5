//! Limits that hold whatever the server does: time that runs on while a reply comes, requests that a server may hold, replies
//! that nobody wants any more, and a server that never stops talking.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use netconf_client::framing::{self, Framing};
use netconf_client::ops::{Commit, Datastore, EditConfig, Get, WithWarnings};
use netconf_client::{Error, ErrorTag, LostCause, Phase, Session, SessionConfig};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::peer::{HELLO, Peer};

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(10);

/// A limit that is meant to fire.
const SHORT: Duration = Duration::from_millis(200);

async fn open(buffer: usize, config: SessionConfig) -> (Session, Peer) {
    let (mut peer, stream) = Peer::pair(buffer);
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(HELLO));
    (session.unwrap(), peer)
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, what).await.expect("it takes too long")
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_stops_in_the_middle_is_late_and_its_rest_is_drained() {
    let (session, mut peer) = open(1 << 16, SessionConfig::default().call_timeout(LIMIT)).await;
    // A large reply is put together by its caller.
    for (number, begun) in [(1, 1), (3, 1), (5, 40_000)] {
        let begin = format!("<rpc-reply message-id=\"{number}\"><data>{}", "begun ".repeat(begun));
        let serve = async {
            peer.receive().await;
            peer.stream.write_all(format!("\n#{}\n{begin}", begin.len()).as_bytes()).await.unwrap();
        };
        let (late, ()) = within(async { tokio::join!(session.call_within(Get::new(), SHORT), serve) }).await;
        let error = late.unwrap_err();
        assert!(
            matches!(error, Error::Timeout { phase: Phase::Reply, safe_to_repeat: true, .. }),
            "{error:?}"
        );
        let serve = async {
            let rest = "never heard</data></rpc-reply>";
            peer.stream.write_all(format!("\n#{}\n{rest}\n##\n", rest.len()).as_bytes()).await.unwrap();
            peer.receive().await;
            peer.reply(number + 1, "<data>mine</data>").await;
        };
        let (data, ()) = within(async { tokio::join!(session.call(Get::new()), serve) }).await;
        assert_eq!(data.unwrap().xml(), "mine");
    }
}

/// More than may wait for its caller.
#[tokio::test(start_paused = true)]
async fn a_large_reply_that_its_caller_does_not_fetch_holds_up_nobody() {
    let (session, mut peer) = open(1 << 12, SessionConfig::default().call_timeout(LIMIT)).await;
    let large = "<a>ü</a>".repeat(400_000);
    for (number, is_dropped) in [(1, false), (3, true)] {
        let mut first = Box::pin(session.call(Get::new()));
        assert!(futures_util::poll!(&mut first).is_pending(), "nobody has answered yet");
        let serve = async {
            peer.receive().await;
            peer.reply(number, &format!("<data>{large}</data>")).await;
            peer.receive().await;
            peer.reply(number + 1, "<data>small</data>").await;
        };
        let begun = tokio::time::Instant::now();
        let (second, ()) = within(async { tokio::join!(session.call(Get::new()), serve) }).await;
        assert_eq!(second.unwrap().xml(), "small");
        // The clock is a made-up one, and nothing else waits.
        let waited = begun.elapsed();
        assert!(waited < Duration::from_millis(150), "{waited:?}");
        if !is_dropped {
            assert_eq!(within(first).await.unwrap().xml(), large);
        }
    }
    assert_eq!(session.lost(), None);
}

#[tokio::test(start_paused = true)]
async fn a_large_reply_that_is_given_up_while_it_comes_is_drained() {
    let (session, mut peer) = open(1 << 12, SessionConfig::default().call_timeout(LIMIT)).await;
    let half = "x".repeat(2_000_000);
    let mut first = Box::pin(session.call_within(Get::new(), SHORT));
    assert!(futures_util::poll!(&mut first).is_pending(), "nobody has answered yet");
    let serve = async {
        peer.receive().await;
        let begin = format!("<rpc-reply message-id=\"1\"><data>{half}");
        peer.stream.write_all(format!("\n#{}\n{begin}", begin.len()).as_bytes()).await.unwrap();
        // Its time is over by now, as the session has waited for it and its call runs out of time.
        let late = (&mut first).await.unwrap_err();
        assert!(matches!(late, Error::Timeout { phase: Phase::Reply, .. }), "{late:?}");
        let rest = format!("{half}</data></rpc-reply>");
        peer.stream.write_all(format!("\n#{}\n{rest}\n##\n", rest.len()).as_bytes()).await.unwrap();
        peer.receive().await;
        peer.reply(2, "<data>mine</data>").await;
    };
    let (second, ()) = within(async { tokio::join!(session.call(Get::new()), serve) }).await;
    assert_eq!(second.unwrap().xml(), "mine");
}

#[tokio::test]
async fn a_large_reply_is_looked_through_to_its_end() {
    let (session, mut peer) = open(1 << 12, SessionConfig::default().call_timeout(LIMIT)).await;
    let large = "<a/>".repeat(50_000);
    let error = "<rpc-error><error-type>application</error-type><error-tag>too-big</error-tag>\
                 <error-severity>error</error-severity></rpc-error>";
    let serve = async {
        peer.receive().await;
        peer.reply(1, &format!("<data>{large}</data>{error}")).await;
        peer.receive().await;
        let text = format!("<rpc-reply message-id=\"2\"><data>{large}\u{1}</data></rpc-reply>");
        let broken =
            text.into_bytes().into_iter().map(|byte| if byte == 1 { 0xff } else { byte }).collect::<Vec<_>>();
        let mut frame = BytesMut::new();
        framing::encode(Framing::Chunked, &broken, &mut frame).unwrap();
        peer.stream.write_all(&frame).await.unwrap();
        peer.receive().await;
        peer.reply(3, "<ok/>").await;
    };
    let calls = async {
        let refused = session.call(Get::new()).await.unwrap_err();
        let broken = session.call(Get::new()).await.unwrap_err();
        session.call(Commit::new()).await.unwrap();
        (refused, broken)
    };
    let ((refused, broken), ()) = within(async { tokio::join!(calls, serve) }).await;
    assert_eq!(refused.rpc_errors()[0].tag, ErrorTag::TooBig);
    assert!(matches!(&broken, Error::UnexpectedReply { reason, .. } if reason.contains("UTF-8")), "{broken}");
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_reply_stops_in_the_middle_is_unknown() {
    let (session, mut peer) = open(1 << 16, SessionConfig::default().call_timeout(SHORT)).await;
    let serve = async {
        peer.receive().await;
        peer.stream.write_all(b"\n#99\n<rpc-reply message-id=\"1\"><").await.unwrap();
    };
    let (answer, ()) = within(async { tokio::join!(session.call(Commit::new()), serve) }).await;
    let Error::CommitUnknown(unknown) = answer.unwrap_err() else { panic!("it is unknown") };
    assert_eq!(unknown.cause, LostCause::NoReply);
}

/// A nudge that does not fit into the stream must not keep deadlines and the end of the session from being seen.
#[tokio::test(start_paused = true)]
async fn a_nudge_that_cannot_be_written_holds_up_nothing() {
    let config = || SessionConfig::default().call_timeout(SHORT).nudge(Duration::from_millis(20));
    // There is room for the request alone, and the peer does not read.
    let (session, _peer) = open(150, config()).await;
    let error = within(session.call(Get::new())).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
    let (session, mut peer) = open(150, config().call_timeout(LIMIT)).await;
    let abort = async {
        tokio::time::sleep(SHORT).await;
        session.abort();
    };
    let (answer, ()) = within(async { tokio::join!(session.call(Get::new()), abort) }).await;
    assert!(matches!(answer, Err(Error::SessionLost { cause: LostCause::Closed, .. })), "{answer:?}");
    let closed = async {
        peer.receive().await;
        // What there was room for of the nudge may come before the end.
        let mut rest = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut peer.stream, &mut rest).await.unwrap();
    };
    within(closed).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_sent_no_more_than_it_may_hold() {
    let (session, mut peer) =
        open(1 << 16, SessionConfig::default().call_timeout(LIMIT).outstanding(2)).await;
    // Given up, and still held by the server.
    for _ in 0..2 {
        let error = session.call_within(Get::new(), Duration::from_millis(20)).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
    }
    let edit = EditConfig::new(Datastore::Candidate, "<a xmlns=\"urn:a\"/>");
    let error = session.call_within(&edit, SHORT).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { safe_to_repeat: true, .. }), "it was not sent: {error:?}");
    assert_eq!(session.rpc_count(), 2);
    let serve = async {
        peer.receive().await;
        peer.receive().await;
        let early = tokio::time::timeout(SHORT, peer.receive()).await;
        assert!(early.is_err(), "{early:?}");
        peer.reply(2, "<data/>").await;
        let third = peer.receive().await;
        assert!(third.contains("message-id=\"4\"") && third.contains("<get>"), "{third}");
        peer.reply(4, "<data>mine</data>").await;
    };
    let (data, ()) = within(async { tokio::join!(session.call(Get::new()), serve) }).await;
    assert_eq!(data.unwrap().xml(), "mine");
}

#[tokio::test]
async fn a_reply_of_warnings_alone_is_a_success_whose_warnings_can_be_had() {
    let (session, mut peer) = open(1 << 16, SessionConfig::default().call_timeout(LIMIT)).await;
    let warning = "<rpc-error><error-type>application</error-type><error-tag>operation-failed</error-tag>\
                   <error-severity>warning</error-severity><error-message>uncommon</error-message></rpc-error>";
    let serve = async {
        for number in 1..=3 {
            peer.receive().await;
            let ok = if number == 3 { "<ok/>" } else { "" };
            peer.reply(number, &format!("{warning}{ok}")).await;
        }
    };
    let client = async {
        session.call(Commit::new()).await.unwrap();
        for _ in 0..2 {
            let ((), warnings) = session.call(WithWarnings(Commit::new())).await.unwrap();
            assert_eq!(warnings[0].message.as_deref(), Some("uncommon"));
        }
    };
    within(async { tokio::join!(client, serve) }).await;
}

#[tokio::test]
async fn a_reply_that_says_neither_success_nor_error_leaves_the_outcome_unknown() {
    let (session, mut peer) = open(1 << 16, SessionConfig::default().call_timeout(LIMIT)).await;
    let edit = EditConfig::new(Datastore::Candidate, "<a xmlns=\"urn:a\"/>");
    let confirmed = Duration::from_secs(600);
    let serve = async {
        for number in 1..=3 {
            peer.receive().await;
            peer.reply(number, "<perhaps/>").await;
        }
    };
    let client = async {
        let error = session.call(&edit).await.unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown { .. }), "{error:?}");
        assert!(error.is_outcome_unknown() && !error.is_retryable());
        let error = session.call(Commit::new()).await.unwrap_err();
        assert!(error.is_outcome_unknown());
        let Error::CommitUnknown(unknown) = error else { panic!("{error:?}") };
        assert!(
            matches!(unknown.cause, LostCause::Unreadable(_)) && unknown.reverts_within < Some(confirmed)
        );
        let error = session.call(Get::new()).await.unwrap_err();
        assert!(matches!(error, Error::UnexpectedReply { .. }) && !error.is_outcome_unknown(), "{error:?}");
    };
    within(async { tokio::join!(client, serve) }).await;
    assert_eq!(session.lost(), None);
}

/// A server that greets and then sends notifications as fast as they are taken, and always has more.
struct Flood {
    written: Arc<AtomicBool>,
    next: BytesMut,
    ends: Instant,
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if Instant::now() > self.ends {
            return Poll::Ready(Ok(()));
        }
        let taken = self.next.split().freeze();
        buffer.put_slice(&taken);
        let event = "<notification><eventTime>t</eventTime><a/></notification>";
        framing::encode(Framing::Chunked, event.as_bytes(), &mut self.next).map_err(io::Error::other)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if memchr::memmem::find(bytes, b"<rpc ").is_some() {
            self.written.store(true, Ordering::SeqCst);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_never_stops_talking_keeps_no_request_and_no_deadline_waiting() {
    let mut next = BytesMut::new();
    framing::encode(Framing::EndOfMessage, HELLO.as_bytes(), &mut next).unwrap();
    let written = Arc::new(AtomicBool::new(false));
    // Its clock is the machine's, which may stand still between the call and the writing of its request.
    let flood = Flood { written: Arc::clone(&written), next, ends: Instant::now() + LIMIT * 2 };
    let config = SessionConfig::default().call_timeout(Duration::from_secs(2));
    let session = Session::open(flood, config).await.unwrap();
    let error = within(session.call(Get::new())).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { safe_to_repeat: true, .. }), "{error:?}");
    assert!(written.load(Ordering::SeqCst), "the request was written");
    session.abort();
}
