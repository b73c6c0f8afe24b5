//! A proxy that ends the TCP connection after byte N of a transaction over SSH with netconfd, for a sample of all N.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use netconf_client::Transaction;
use netconf_client::transaction::{ServerState, Step, UndoneBy, Validation};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{Real, Shape, described, limited, running_is_one_of};

/// Cuts in each direction, evenly over the whole stream. netconfd takes seconds to settle after some.
const SAMPLES: usize = 5;

/// Long enough not to pass during a test.
const CONFIRM: Duration = Duration::from_secs(60);

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

/// One transaction through a proxy that passes on so many bytes of requests and of replies: what the client says, and
/// how many went each way.
async fn transact(
    server: &Real,
    limits: [usize; 2],
) -> (Option<Result<(), (Step, ServerState)>>, [usize; 2]) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connector = server.connector_to(listener.local_addr().unwrap().port());
    let counts: [Arc<AtomicUsize>; 2] = Default::default();
    let (requests, replies) = (Arc::clone(&counts[0]), Arc::clone(&counts[1]));
    let to = server.port();
    let proxy = tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        drop(listener);
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = TcpStream::connect(("127.0.0.1", to)).await.unwrap().into_split();
        tokio::select! {
            () = pass(from_client, to_server, limits[0], requests) => {}
            () = pass(from_server, to_client, limits[1], replies) => {}
        }
    });
    let said = match connector.session().await {
        Err(_) => None,
        Ok(session) => {
            let change = Transaction::new(described("new"))
                .inverse(described("old"))
                .confirm_timeout(CONFIRM)
                .validation(Validation::TestThenSet);
            let outcome = change.run(&session, || async { Ok::<_, std::io::Error>(()) }).await;
            Some(outcome.map(|_| ()).map_err(|failed| (failed.step, failed.server)))
        }
    };
    proxy.await.unwrap();
    (said, counts.map(|count| count.load(Ordering::SeqCst)))
}

async fn cut_everywhere(shape: Shape) {
    let server = Real::start(shape);
    server.seed().await;
    let never = usize::MAX;
    let (said, whole) = transact(&server, [never, never]).await;
    assert!(matches!(said, Some(Ok(()))), "{said:?}");
    let mut as_before = 0;
    for sample in 1..=SAMPLES {
        for direction in 0..2 {
            server.seed().await;
            let mut limits = [never, never];
            limits[direction] = whole[direction] * sample / (SAMPLES + 1);
            let (said, _) = transact(&server, limits).await;
            let at = format!("direction {direction}, byte {}", limits[direction]);
            let wanted: &[&str] = match &said {
                None => &["old"],
                Some(Ok(())) | Some(Err((_, ServerState::Changed))) => &["new"],
                Some(Err((_, state))) if state.is_as_before() => &["old"],
                Some(Err((step, ServerState::Unknown { .. }))) => {
                    let decisive = matches!(step, Step::Edit | Step::Commit | Step::Confirm);
                    assert!(decisive, "{at}: unknown at {step}");
                    &["old", "new"]
                }
                Some(Err((step, state))) => panic!("{at}: {step}: {state:?}"),
            };
            let by_session_end =
                matches!(said, Some(Err((_, ServerState::Undone(UndoneBy::SessionEnd { .. })))));
            as_before += usize::from(wanted == ["old"] || by_session_end);
            running_is_one_of(&server, wanted, &format!("{at}: told as {said:?}")).await;
        }
    }
    assert!(as_before > 0, "no cut fell before the change");
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn with_a_candidate_the_change_is_whole_or_undone_wherever_the_connection_ends() {
    limited(cut_everywhere(Shape::Candidate)).await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn with_writable_running_the_change_is_whole_or_none_wherever_the_connection_ends() {
    limited(cut_everywhere(Shape::Running)).await;
}
