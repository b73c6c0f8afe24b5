//! What a broken or hostile server can send, and what a hasty caller can do: every case ends within a limit, in an error that
//! says what to do, and never in a panic.

use std::time::Duration;

use netconf_client::framing::{FramingError, Limits};
use netconf_client::hello::HelloError;
use netconf_client::ops::{CancelCommit, Commit, Datastore, EditConfig, Get, GetConfig};
use netconf_client::{Error, ErrorTag, ErrorType, LostCause, Session, SessionConfig, Severity};
use tokio::io::AsyncWriteExt;

use crate::fake::{Act, FULL, Fake};
use crate::peer::{HELLO, Peer};

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(20);

async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, what).await.expect("it takes too long")
}

async fn open() -> (Session, Peer) {
    let (mut peer, stream) = Peer::pair(1 << 20);
    let config = SessionConfig::default().call_timeout(LIMIT);
    let (session, ()) = tokio::join!(Session::open(stream, config), peer.greet(HELLO));
    (session.unwrap(), peer)
}

/// What opening a session comes to when the server's first bytes are these.
async fn greeted_by(bytes: &[u8]) -> Error {
    greeted_within(LIMIT, bytes).await
}

/// The same with a limit that is to be reached.
async fn greeted_within(limit: Duration, bytes: &[u8]) -> Error {
    let (mut peer, stream) = Peer::pair(1 << 20);
    let config = SessionConfig::default().hello_timeout(limit);
    let greet = async {
        // The client may hang up before it has read everything.
        let _ = peer.stream.write_all(bytes).await;
        std::future::pending::<()>().await;
    };
    let opening = async {
        tokio::select! {
            session = Session::open(stream, config) => session.unwrap_err(),
            () = greet => unreachable!("never ends"),
        }
    };
    within(opening).await
}

/// What a call comes to when the server answers with these bytes, chunks and all.
async fn answered_by(bytes: &[u8]) -> (Result<String, Error>, Session) {
    let (session, mut peer) = open().await;
    let serve = async {
        peer.receive().await;
        peer.stream.write_all(bytes).await.unwrap();
        peer.stream.shutdown().await.unwrap();
    };
    let (answer, ()) = within(async { tokio::join!(session.call(Get::new()), serve) }).await;
    (answer.map(|data| data.xml().to_owned()), session)
}

fn chunk(message: &str) -> Vec<u8> {
    format!("\n#{}\n{message}\n##\n", message.len()).into_bytes()
}

#[tokio::test]
async fn garbage_before_the_hello_is_told_as_what_it_is() {
    let endless = vec![b'x'; 5 << 20];
    let huge = format!("<hello>{}", " ".repeat(5 << 20));
    for bytes in [&endless[..], huge.as_bytes()] {
        let error = greeted_by(bytes).await;
        assert!(matches!(error, Error::Framing(FramingError::MessageTooLarge { .. })), "{error:?}");
    }
    for text in
        ["% Invalid input]]>]]>", "\0\0\0]]>]]>", "]]>]]>", "SSH-2.0-x\r\n]]>]]>", "<hello>\0</hello>]]>]]>"]
    {
        let error = greeted_by(text.as_bytes()).await;
        assert!(matches!(error, Error::Hello(HelloError::NotXml(_))), "{text:?}: {error:?}");
        assert!(!error.is_retryable() && !error.is_outcome_unknown());
    }
    let error = greeted_by(b"\xff\xfe<\0h\0]]>]]>").await;
    assert!(matches!(error, Error::Hello(HelloError::NotUtf8)), "{error:?}");
    // Framed as if the hellos were over already: there is no mark in it, so it is waited for.
    let error = greeted_within(Duration::from_millis(300), b"\n#5\nhello\n##\n").await;
    assert!(matches!(error, Error::Timeout { .. }) && error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn a_hello_without_what_a_hello_needs_is_refused() {
    let ns = "xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"";
    let base = "<capabilities><capability>urn:ietf:params:netconf:base:1.1</capability></capabilities>";
    let cases = [
        (format!("<hello {ns}><session-id>1</session-id></hello>"), HelloError::NoCommonVersion),
        (
            format!("<hello {ns}><capabilities/><session-id>1</session-id></hello>"),
            HelloError::NoCommonVersion,
        ),
        (format!("<hello {ns}>{base}</hello>"), HelloError::NoSessionId),
        (format!("<hello {ns}>{base}<session-id>0</session-id></hello>"), HelloError::BadSessionId),
        (format!("<hello {ns}>{base}<session-id>4294967296</session-id></hello>"), HelloError::BadSessionId),
        (format!("<hello {ns}>{base}<session-id>one</session-id></hello>"), HelloError::BadSessionId),
        ("<rpc-reply/>".to_owned(), HelloError::NotHello { found: "rpc-reply".to_owned() }),
    ];
    for (hello, expected) in cases {
        let error = greeted_by(format!("{hello}]]>]]>").as_bytes()).await;
        assert!(matches!(&error, Error::Hello(found) if *found == expected), "{hello}: {error:?}");
    }
}

#[tokio::test]
async fn a_second_reply_to_one_call_ends_the_session_and_not_the_call() {
    let (session, mut peer) = open().await;
    let serve = async {
        peer.receive().await;
        peer.reply(1, "<data>first</data>").await;
        peer.reply(1, "<data>second</data>").await;
    };
    let (answer, ()) = within(async { tokio::join!(session.call(Get::new()), serve) }).await;
    assert_eq!(answer.unwrap().xml(), "first");
    let error = within(session.call(Get::new())).await.unwrap_err();
    let Error::SessionLost { cause: LostCause::Protocol(reason), .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains("not made") && error.is_retryable());
}

#[tokio::test]
async fn broken_chunks_end_the_session_with_the_rule_they_break() {
    let limit = Limits::DEFAULT.max_message;
    let cases: [(&[u8], FramingError); 5] = [
        (b"\n#4294967295\n<", FramingError::MessageTooLarge { limit }),
        (b"\n#4294967296\n<", FramingError::ChunkTooLarge),
        (b"\n#99999999999999999999999999\n<", FramingError::ChunkTooLarge),
        (b"\n#0\n", FramingError::BadChunkHeader { byte: b'0', wanted: "a digit from 1 to 9" }),
        (b"\0\0", FramingError::BadChunkHeader { byte: 0, wanted: "the line feed and # of a first chunk" }),
    ];
    for (bytes, expected) in cases {
        let (answer, session) = answered_by(bytes).await;
        let error = answer.unwrap_err();
        let Error::SessionLost { cause, sent: true, safe_to_repeat: true } = &error else {
            panic!("{error:?}")
        };
        assert_eq!((cause, session.lost().as_ref()), (&LostCause::Framing(expected), Some(cause)));
    }
}

#[tokio::test]
async fn a_connection_that_ends_within_a_reply_is_told_as_lost() {
    let whole = chunk("<rpc-reply message-id=\"1\"><data/></rpc-reply>");
    for end in 0..whole.len() {
        let (answer, _) = answered_by(&whole[..end]).await;
        let error = answer.unwrap_err();
        assert!(
            matches!(error, Error::SessionLost { cause: LostCause::EndOfStream, sent: true, .. }),
            "{end}: {error:?}"
        );
    }
    assert_eq!(answered_by(&whole).await.0.unwrap(), "");
}

#[tokio::test]
async fn hostile_xml_is_refused_when_it_is_parsed_and_leaves_the_session_usable() {
    let (session, mut peer) = open().await;
    let deep = format!("<data>{}{}</data>", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let bomb = "<data>&lol;</data>";
    for body in [deep.as_str(), "<data><a>\0</a></data>", bomb, "<data><a></data>", "<data><x:a/></data>"] {
        let serve = async {
            peer.receive().await;
            let id = session.rpc_count();
            peer.reply(id, body).await;
        };
        let (answer, ()) = within(async { tokio::join!(session.call(Get::new()), serve) }).await;
        let data = answer.unwrap();
        let error = data.tree().unwrap_err();
        assert!(matches!(error, Error::UnexpectedReply { .. }), "{error:?}");
    }
    // The same within an error, which is parsed at once.
    let serve = async {
        peer.receive().await;
        let nested = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        let id = session.rpc_count();
        peer.reply(id, &format!("<rpc-error><error-info>{nested}</error-info></rpc-error>")).await;
    };
    let (answer, ()) = within(async { tokio::join!(session.call(Get::new()), serve) }).await;
    let error = answer.unwrap_err();
    assert!(matches!(error, Error::UnexpectedReply { .. }), "{error:?}");
    assert_eq!(session.lost(), None);
}

#[tokio::test]
async fn errors_without_their_fields_and_beside_ok_are_errors_all_the_same() {
    let cases = [
        "<rpc-error/>",
        "<rpc-error></rpc-error>",
        "<rpc-error><error-message/></rpc-error>",
        "<ok/><rpc-error><error-severity>error</error-severity></rpc-error>",
        "<rpc-error><error-severity>fatal</error-severity></rpc-error><ok/>",
        "<data/><rpc-error><error-type>cosmic</error-type></rpc-error>",
    ];
    for body in cases {
        let reply = format!("<rpc-reply message-id=\"1\">{body}</rpc-reply>");
        let error = answered_by(&chunk(&reply)).await.0.unwrap_err();
        let [only] = error.rpc_errors() else { panic!("{body}: {error:?}") };
        assert_eq!(
            (only.error_type, &only.tag, only.severity),
            (ErrorType::Unknown, &ErrorTag::Other(String::new()), Severity::Error),
            "{body}"
        );
        assert!(!error.is_retryable());
        assert_eq!(error.to_string(), "the server refused: an error without error-tag", "{body}");
    }
}

#[tokio::test]
async fn ten_thousand_dropped_calls_leave_a_usable_session() {
    let (session, mut peer) = open().await;
    let server = tokio::spawn(async move {
        let mut ids = Vec::new();
        while let Some(request) = peer.try_receive().await {
            ids.push(
                request.split("message-id=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap(),
            );
            if request.contains("urn:last") {
                for id in &ids {
                    peer.reply(*id, "<data/>").await;
                }
            }
        }
        ids.len() as u64
    });
    for number in 0..10_000 {
        let mut call = Box::pin(session.call(Get::new()));
        assert!(futures_util::poll!(call.as_mut()).is_pending());
        // Some are dropped before the task comes to them: those are never sent.
        if number % 3 > 0 {
            tokio::task::yield_now().await;
        }
    }
    let sent = session.rpc_count();
    assert!(sent > 5_000 && sent < 10_000, "{sent}");
    within(session.call(Get::new().subtree("<x xmlns=\"urn:last\"/>"))).await.unwrap();
    assert_eq!(session.lost(), None);
    drop(session);
    assert_eq!(within(server).await.unwrap(), sent + 1);
}

#[tokio::test]
async fn a_commit_whose_reply_is_lost_is_settled_from_a_new_session() {
    for (keep, running) in [(true, "new"), (false, "old")] {
        let hook = |name: &str| if name == "commit-confirmed" { Act::CutAfter } else { Act::Normal };
        let server = Fake::with_hook(FULL, hook);
        let config = || SessionConfig::default().call_timeout(LIMIT);
        let session = Session::open(server.connect(), config()).await.unwrap();
        let edit = EditConfig::new(Datastore::Candidate, "<value xmlns=\"urn:test\">new</value>");
        session.call(edit).await.unwrap();
        let confirm_within = Duration::from_secs(120);
        let commit = Commit::confirmed().timeout(confirm_within).persist("change-7");
        let error = within(session.call(commit)).await.unwrap_err();
        assert!(error.is_outcome_unknown() && !error.is_retryable());
        let Error::CommitUnknown(unknown) = error else { panic!("{error:?}") };
        assert_eq!(
            (unknown.session_id, unknown.reverts_within),
            (session.session_id(), Some(confirm_within))
        );

        let session = Session::open(server.connect(), config()).await.unwrap();
        let seen = session.call(GetConfig::new(Datastore::Running)).await.unwrap();
        assert!(seen.xml().contains("new"), "it is pending");
        let id = unknown.persist_id.unwrap();
        let stranger = session.call(Commit::confirm("another")).await.unwrap_err();
        assert_eq!(stranger.rpc_errors()[0].tag, ErrorTag::InvalidValue);
        if keep {
            session.call(Commit::confirm(id)).await.unwrap();
        } else {
            session.call(CancelCommit::of(id)).await.unwrap();
        }
        session.close().await.unwrap();
        assert_eq!(server.running(), running);
    }
}
