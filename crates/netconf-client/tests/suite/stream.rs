//! Replies read as they come: entries, errors, dropped and lost streams, constant memory.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use netconf_client::ops::{Datastore, GetConfig, Raw};
use netconf_client::{Error, Session, SessionConfig};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};

use crate::peer::{HELLO, Peer};

/// How long one call may take.
const LIMIT: Duration = Duration::from_secs(10);

async fn open() -> (Peer, Session) {
    let (mut peer, stream) = Peer::pair(1 << 12);
    let config = SessionConfig::default().call_timeout(LIMIT);
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(HELLO));
    (peer, session.unwrap())
}

fn get() -> GetConfig {
    GetConfig::new(Datastore::Running)
}

const PATH: &[(&str, &str)] = &[("urn:t", "list"), ("urn:t", "item")];

fn items(count: usize) -> String {
    let items: String = (0..count).map(|number| format!("<item><key>{number}</key></item>")).collect();
    format!("<data><list xmlns=\"urn:t\">{items}</list></data>")
}

#[tokio::test]
async fn entries_come_one_by_one_and_other_calls_after_them() {
    let (mut peer, session) = open().await;
    let server = async {
        peer.receive().await;
        peer.reply(1, &items(5000)).await;
        peer.receive().await;
        peer.reply(2, "<data/>").await;
    };
    let client = async {
        let mut entries = session.stream(get()).await.unwrap().entries(PATH);
        let mut count = 0;
        while let Some(entry) = entries.next().await.unwrap() {
            assert!(entry.contains(&format!("<key>{count}</key>")), "{entry}");
            assert!(entry.starts_with("<item xmlns=\"urn:t\""), "{entry}");
            count += 1;
        }
        assert_eq!(count, 5000);
        assert_eq!(entries.next().await.unwrap(), None);
        session.call(get()).await.unwrap();
    };
    tokio::join!(server, client);
}

#[tokio::test]
async fn the_bytes_of_a_reply_are_handed_out_as_they_are() {
    let (mut peer, session) = open().await;
    let body = items(2000);
    let server = async {
        peer.receive().await;
        peer.reply(1, &body).await;
    };
    let client = async {
        let mut stream = session.stream(get()).await.unwrap();
        let mut whole = Vec::new();
        while let Some(bytes) = stream.chunk().await.unwrap() {
            whole.extend_from_slice(&bytes);
        }
        assert_eq!(stream.chunk().await.unwrap(), None);
        String::from_utf8(whole).unwrap()
    };
    let ((), whole) = tokio::join!(server, client);
    assert!(whole.starts_with("<rpc-reply ") && whole.ends_with("</rpc-reply>") && whole.contains(&body));
}

#[tokio::test]
async fn errors_and_warnings_beside_entries_are_told() {
    let (mut peer, session) = open().await;
    let error = |severity: &str| {
        format!(
            "<rpc-error><error-type>application</error-type><error-tag>too-big</error-tag>\
             <error-severity>{severity}</error-severity></rpc-error>"
        )
    };
    let server = async {
        peer.receive().await;
        peer.reply(1, &format!("{}{}", error("warning"), items(1))).await;
        peer.receive().await;
        peer.reply(2, &error("error")).await;
    };
    let client = async {
        let mut entries = session.stream(get()).await.unwrap().entries(PATH);
        assert!(entries.next().await.unwrap().is_some());
        assert_eq!(entries.next().await.unwrap(), None);
        assert_eq!(entries.warnings().len(), 1);
        let mut entries = session.stream(get()).await.unwrap().entries(PATH);
        let error = entries.next().await.unwrap_err();
        assert_eq!(error.rpc_errors()[0].tag.as_str(), "too-big");
    };
    tokio::join!(server, client);
}

#[tokio::test]
async fn a_dropped_stream_leaves_the_session_usable() {
    let (mut peer, session) = open().await;
    let server = async {
        loop {
            let request = peer.receive().await;
            let id = request.split("message-id=\"").nth(1).unwrap().split('"').next().unwrap();
            peer.reply(id.parse().unwrap(), &items(3000)).await;
        }
    };
    let client = async {
        // Dropped in the middle, dropped before its reply, and read.
        let mut entries = session.stream(get()).await.unwrap().entries(PATH);
        entries.next().await.unwrap();
        drop(entries);
        drop(session.stream(get()).await.unwrap());
        assert!(session.call(get()).await.unwrap().xml().contains("<key>2999</key>"));
    };
    tokio::select! {
        () = client => {}
        () = server => {}
    }
}

#[tokio::test]
async fn a_stream_whose_session_is_lost_says_so() {
    let (mut peer, session) = open().await;
    let server = async move {
        peer.receive().await;
        peer.stream
            .write_all(b"\n#70\n<rpc-reply message-id=\"1\"><data><list xmlns=\"urn:t\"><item/>")
            .await
            .unwrap();
    };
    let client = async {
        let mut entries = session.stream(get()).await.unwrap().entries(&[]);
        let error = entries.next().await.unwrap_err();
        assert!(matches!(error, Error::SessionLost { sent: true, safe_to_repeat: true, .. }), "{error:?}");
    };
    tokio::join!(server, client);
    let error = session.stream(get()).await.unwrap_err();
    assert!(matches!(error, Error::SessionLost { sent: false, .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_stops_coming_is_late_and_the_next_call_waits_no_longer_than_its_limit() {
    let (mut peer, stream) = Peer::pair(1 << 12);
    let config = SessionConfig::default().call_timeout(Duration::from_millis(200));
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(HELLO));
    let session = session.unwrap();
    let mut stream = session.stream(get()).await.unwrap();
    let error = stream.chunk().await.unwrap_err();
    assert!(matches!(error, Error::Timeout { safe_to_repeat: true, .. }), "{error:?}");
}

#[tokio::test]
async fn an_entry_may_be_as_large_as_it_is_allowed_to_be() {
    let (mut peer, session) = open().await;
    let large = format!("<data><list xmlns=\"urn:t\"><item>{}</item></list></data>", "x".repeat(2 << 20));
    let server = async {
        for number in 1..=2 {
            peer.receive().await;
            peer.reply(number, &large).await;
        }
    };
    let client = async {
        let mut entries = session.stream(get()).await.unwrap().entries(PATH);
        let error = entries.next().await.unwrap_err();
        assert!(error.to_string().contains("1048576 bytes"), "{error}");
        drop(entries);
        let mut entries = session.stream(get()).await.unwrap().entries(PATH).max_entry(3 << 20);
        assert!(entries.next().await.unwrap().unwrap().len() > 2 << 20);
        assert_eq!(entries.next().await.unwrap(), None);
    };
    tokio::join!(server, client);
}

#[tokio::test]
async fn a_reply_that_is_not_whole_never_ends_well() {
    let broken = [
        "<rpc-reply xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"1\"><data><list>"
            .to_owned(),
        format!(
            "<rpc-reply xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"1\">{}</rpc-reply>",
            "<rpc-error><error-severity>warning</error-severity></rpc-error>".repeat(1001)
        ),
    ];
    for reply in broken {
        let (mut peer, session) = open().await;
        let server = async {
            peer.receive().await;
            peer.send(&reply).await;
        };
        let client = async {
            let mut entries = session.stream(get()).await.unwrap().entries(PATH);
            for _ in 0..3 {
                let error = entries.next().await.unwrap_err();
                assert!(matches!(error, Error::UnexpectedReply { .. }), "{error:?}");
            }
        };
        tokio::join!(server, client);
    }
}

#[tokio::test]
async fn a_stream_that_was_never_sent_says_so_however_often_it_is_asked() {
    let (mut peer, stream) = Peer::pair(1 << 12);
    let config = SessionConfig::default().call_timeout(LIMIT).outstanding(1);
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(HELLO));
    let session = session.unwrap();
    let first = session.call(get());
    let second = async {
        peer.receive().await;
        let mut stream = session.stream(Raw::new("<x xmlns=\"urn:x\"/>")).await.unwrap();
        session.abort();
        for _ in 0..2 {
            let error = stream.chunk().await.unwrap_err();
            let is_unsent = matches!(error, Error::SessionLost { sent: false, safe_to_repeat: true, .. });
            assert!(is_unsent, "{error:?}");
        }
    };
    let (first, ()) = tokio::join!(first, second);
    first.unwrap_err();
}

/// A stream that never says that it is shut down.
struct Unending(DuplexStream);

impl AsyncRead for Unending {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Unending {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_hears_of_the_end_before_the_connection_is_shut_down() {
    let (mut peer, stream) = Peer::pair(1 << 12);
    let config = SessionConfig::default().call_timeout(Duration::from_millis(500));
    let (session, ()) = tokio::join!(Session::open(Unending(stream), config), peer.greet(HELLO));
    let session = session.unwrap();
    let mut stream = session.stream(get()).await.unwrap();
    peer.receive().await;
    peer.stream.write_all(b"\n#100\n<rpc-reply message-id=\"1\"><data>").await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    session.abort();
    let error = stream.chunk().await.unwrap_err();
    assert!(matches!(error, Error::SessionLost { sent: true, .. }), "{error:?}");
}
