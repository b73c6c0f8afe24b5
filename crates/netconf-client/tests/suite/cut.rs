//! A proxy that ends the TCP connection after byte N of a transaction, for every N, in each direction and capability set.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use netconf_client::transaction::{ServerState, Step};
use netconf_client::{Session, SessionConfig, Transaction, capabilities};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::fake::{FULL, Fake};

/// How long the server may take to notice that a session is gone.
const LIMIT: Duration = Duration::from_secs(10);

/// Bytes after which the connection ends, in each direction.
#[derive(Clone, Copy)]
struct Cut {
    requests: usize,
    replies: usize,
}

const NEVER: usize = usize::MAX;

/// Passes on at most `limit` bytes, and returns when they are passed on or the source ends.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    limit: usize,
    passed: Arc<AtomicUsize>,
) {
    let mut buffer = [0; 4096];
    let mut left = limit;
    while left > 0 {
        let room = buffer.len().min(left);
        let length = from.read(&mut buffer[..room]).await.unwrap_or(0);
        if length == 0 || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
        left -= length;
        passed.fetch_add(length, Ordering::SeqCst);
    }
}

/// Both ends of a new connection on loopback.
async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (other, _) = listener.accept().await.unwrap();
    for end in [&one, &other] {
        end.set_nodelay(true).unwrap();
    }
    (one, other)
}

/// The client's end of a connection that is cut, and how many bytes went each way.
async fn cutting(server: &Fake, cut: Cut) -> (TcpStream, [Arc<AtomicUsize>; 2]) {
    let (client, ours) = tcp_pair().await;
    let (theirs, at_server) = tcp_pair().await;
    let serving = server.clone();
    tokio::spawn(async move { serving.serve(at_server).await });
    let counts = [Arc::default(), Arc::default()];
    let (requests, replies) = (Arc::clone(&counts[0]), Arc::clone(&counts[1]));
    let (from_server, to_server) = tokio::io::split(theirs);
    let (from_client, to_client) = tokio::io::split(ours);
    tokio::spawn(async move {
        // Whichever ends first ends both: the streams are dropped with the task.
        tokio::select! {
            () = pass(from_client, to_server, cut.requests, requests) => {}
            () = pass(from_server, to_client, cut.replies, replies) => {}
        }
    });
    (client, counts)
}

/// What came of one transaction over a connection that is cut.
struct Outcome {
    /// What the client says; `None` if there was no session.
    said: Option<Result<(), (Step, ServerState)>>,
    requests: usize,
    replies: usize,
}

async fn transact(server: &Fake, cut: Cut) -> Outcome {
    let (stream, [requests, replies]) = cutting(server, cut).await;
    let config = SessionConfig::default().call_timeout(LIMIT).hello_timeout(LIMIT);
    let said = match Session::open(stream, config).await {
        Err(_) => None,
        Ok(session) => {
            let edit = |text: &str| format!("<value xmlns=\"urn:test\">{text}</value>");
            let change =
                Transaction::new(edit("new")).inverse(edit("old")).confirm_timeout(Duration::from_secs(600));
            let outcome = change.run(&session, || async { Ok::<_, std::io::Error>(()) }).await;
            Some(outcome.map(|_| ()).map_err(|failed| (failed.step, failed.server)))
        }
    };
    let ended = async {
        while server.open() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, ended).await.expect("the server does not notice the end of the session");
    let [requests, replies] = [requests, replies].map(|count| count.load(Ordering::SeqCst));
    Outcome { said, requests, replies }
}

/// Judges what the client said against what the server holds.
fn judge(server: &Fake, outcome: &Outcome, at: &str) -> bool {
    let running = server.running();
    assert!(running == "old" || running == "new", "{at}: half a change: {running}");
    assert_eq!(server.locks(), 0, "{at}");
    match &outcome.said {
        None => assert_eq!(running, "old", "{at}: no session, but a change"),
        Some(Ok(())) => assert_eq!(running, "new", "{at}: told as done"),
        Some(Err((_, state))) if state.is_as_before() => {
            assert_eq!(running, "old", "{at}: told as {state:?}")
        }
        Some(Err((_, ServerState::Changed))) => assert_eq!(running, "new", "{at}: told as changed"),
        Some(Err((step, ServerState::Unknown { .. }))) => {
            assert!(matches!(step, Step::Edit | Step::Commit | Step::Confirm), "{at}: unknown at {step}");
            return true;
        }
        Some(Err((step, state))) => panic!("{at}: {step}: {state:?}"),
    }
    false
}

/// Cuts at every byte of both directions; `decisive` is the number of bytes of the request whose reply decides and
/// of that reply, at most: only within them the outcome may be unknown.
async fn at_every_byte(offered: &[&'static str], decisive: usize) {
    let whole = {
        let server = Fake::new(offered);
        let outcome = transact(&server, Cut { requests: NEVER, replies: NEVER }).await;
        assert!(matches!(outcome.said, Some(Ok(()))));
        outcome
    };
    assert!(whole.requests > 600 && whole.replies > 400);
    let (mut unknown, mut done) = (0, 0);
    for number in 0..whole.requests + whole.replies {
        let cut = match number.checked_sub(whole.requests) {
            None => Cut { requests: number, replies: NEVER },
            Some(replies) => Cut { requests: NEVER, replies },
        };
        let server = Fake::new(offered);
        let outcome = transact(&server, cut).await;
        unknown += usize::from(judge(&server, &outcome, &format!("cut {number}")));
        done += usize::from(matches!(outcome.said, Some(Ok(()))));
    }
    assert!(unknown > 0, "no cut fell between the deciding request and its reply");
    assert!(unknown <= decisive, "{unknown} cuts of unknown outcome");
    assert!(done > 0, "a cut after the deciding reply does not undo the change");
}

/// Bytes of a commit or confirmation and its reply, framed.
const COMMIT: usize = 350;
/// Bytes of an edit of running and its reply, framed.
const EDIT: usize = 650;

#[tokio::test]
async fn with_confirmed_commit() {
    at_every_byte(FULL, COMMIT).await;
}

#[tokio::test]
async fn with_confirmed_commit_of_version_1_0() {
    let offered = [capabilities::BASE_1_0, capabilities::CANDIDATE, capabilities::CONFIRMED_COMMIT_1_0];
    at_every_byte(&offered, COMMIT).await;
}

#[tokio::test]
async fn with_a_candidate_alone() {
    at_every_byte(&[capabilities::BASE_1_1, capabilities::CANDIDATE], COMMIT).await;
}

#[tokio::test]
async fn with_writable_running() {
    let offered = [capabilities::BASE_1_1, capabilities::WRITABLE_RUNNING, capabilities::ROLLBACK_ON_ERROR];
    at_every_byte(&offered, EDIT).await;
}
