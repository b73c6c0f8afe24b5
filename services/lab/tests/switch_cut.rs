//! A proxy that ends the TCP connection after byte N of a whole transaction over SSH, against the switch in each of its capability sets:
//! afterwards the switch is as before or as wanted, never between, and the client said which. For a sample of all N; every N of the
//! stream within SSH is cut in netconf-client's own tests.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on shall stop there")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lab::switch::Switch;
use lab::{Capabilities, FaultBoard, LabSettings};
use netconf_client::Transaction;
use netconf_client::ssh::{Auth, HostKeyCheck, SshConnector, SshTarget};
use netconf_client::transaction::{ServerState, Step};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const PORT: &str = "GigabitEthernet1/0/5";
/// How long any part of a test may take.
const LIMIT: Duration = Duration::from_secs(20);
/// Cuts in each direction, evenly over the whole stream.
const SAMPLES: usize = 20;

/// Bytes after which the connection ends, in each direction.
#[derive(Clone, Copy)]
struct Cut {
    requests: usize,
    replies: usize,
}

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

/// The port of a proxy for one connection that is cut, and how many bytes went each way.
async fn cutting(server: SocketAddr, cut: Cut) -> (u16, [Arc<AtomicUsize>; 2]) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let counts = [Arc::default(), Arc::default()];
    let (requests, replies) = (Arc::clone(&counts[0]), Arc::clone(&counts[1]));
    tokio::spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        // From here on nobody else is let in.
        drop(listener);
        let server = TcpStream::connect(server).await.unwrap();
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        // Whichever ends first ends both: the streams are dropped with the task.
        tokio::select! {
            () = pass(from_client, to_server, cut.requests, requests) => {}
            () = pass(from_server, to_client, cut.replies, replies) => {}
        }
    });
    (port, counts)
}

fn described(text: &str) -> String {
    format!(
        "<native xmlns=\"http://cisco.com/ns/yang/Cisco-IOS-XE-native\"><interface><GigabitEthernet><name>1/0/5</name>\
         <description>{text}</description><mtu>{}</mtu></GigabitEthernet></interface></native>",
        if text == "old" { 1500 } else { 9000 }
    )
}

struct Outcome {
    /// What the client says; `None` if there was no session.
    said: Option<Result<(), (Step, ServerState)>>,
    running: String,
    counts: [usize; 2],
}

async fn transact(capabilities: Capabilities, cut: Cut) -> Outcome {
    let settings = LabSettings { capabilities, ..LabSettings::default() };
    let switch = Switch::start(&settings, Arc::new(FaultBoard::default())).await.unwrap();
    switch.configure(&described("old")).unwrap();
    let (port, counts) = cutting(switch.addr(), cut).await;
    let line = switch.known_hosts_line();
    let check = HostKeyCheck::PinnedKey(line.split_once(' ').unwrap().1.to_owned());
    let auth = Auth::password(settings.switch_password.as_str());
    let target = SshTarget::new("127.0.0.1", port);
    let connector = SshConnector::new(target, settings.switch_username.as_str(), auth, check);
    let said = match connector.session().await {
        Err(_) => None,
        Ok(session) => {
            let change = Transaction::new(described("new")).inverse(described("old"));
            let change = change.confirm_timeout(Duration::from_secs(600));
            let outcome = change.run(&session, || async { Ok::<_, Infallible>(()) }).await;
            Some(outcome.map(|_| ()).map_err(|failed| (failed.step, failed.server)))
        }
    };
    let ended = async {
        while switch.events().sessions_open() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(LIMIT, ended).await.expect("the switch does not notice the end of the session");
    let running = switch.running_interface(PORT);
    switch.stop().await;
    Outcome { said, running, counts: counts.map(|count| count.load(Ordering::SeqCst)) }
}

/// Judges what the client said against what the switch holds; whether the outcome is unknown to it.
fn judge(outcome: &Outcome, old: &str, new: &str, at: &str) -> bool {
    let running = &outcome.running;
    assert!(running == old || running == new, "{at}: half a change: {running}");
    match &outcome.said {
        None => assert_eq!(running, old, "{at}: no session, but a change"),
        Some(Ok(())) => assert_eq!(running, new, "{at}: told as done"),
        Some(Err((_, state))) if state.is_as_before() => assert_eq!(running, old, "{at}: told as {state:?}"),
        Some(Err((_, ServerState::Changed))) => assert_eq!(running, new, "{at}: told as changed"),
        Some(Err((step, ServerState::Unknown { .. }))) => {
            assert!(matches!(step, Step::Edit | Step::Commit | Step::Confirm), "{at}: unknown at {step}");
            return true;
        }
        Some(Err((step, state))) => panic!("{at}: {step}: {state:?}"),
    }
    false
}

async fn cut_everywhere(capabilities: Capabilities) {
    let never = Cut { requests: usize::MAX, replies: usize::MAX };
    let whole = transact(capabilities, never).await;
    assert!(matches!(whole.said, Some(Ok(()))), "{:?}", whole.said);
    let none = transact(capabilities, Cut { requests: 0, ..never }).await;
    assert!(none.said.is_none());
    let (old, new) = (none.running, whole.running);
    assert_ne!(old, new);
    let (mut unknown, mut as_before, mut done) = (0, 0, 0);
    for direction in 0..2 {
        for sample in 1..=SAMPLES {
            let at = whole.counts[direction] * sample / (SAMPLES + 1);
            let cut =
                if direction == 0 { Cut { requests: at, ..never } } else { Cut { replies: at, ..never } };
            let outcome = transact(capabilities, cut).await;
            unknown += usize::from(judge(&outcome, &old, &new, &format!("direction {direction}, byte {at}")));
            as_before += usize::from(outcome.running == old);
            done += usize::from(outcome.running == new);
        }
    }
    assert!(as_before > 0, "no cut fell before the change");
    assert!(unknown < SAMPLES, "{unknown} of {} outcomes unknown ({as_before} old, {done} new)", 2 * SAMPLES);
}

#[tokio::test]
async fn a_catalyst_9300_is_cut() {
    cut_everywhere(Capabilities::Catalyst9300).await;
}

#[tokio::test]
async fn a_switch_with_confirmed_commit_is_cut() {
    cut_everywhere(Capabilities::ConfirmedCommit).await;
}

#[tokio::test]
async fn a_switch_with_writable_running_is_cut() {
    cut_everywhere(Capabilities::WritableRunning).await;
}

#[tokio::test]
async fn a_switch_of_base_1_0_is_cut() {
    cut_everywhere(Capabilities::Base10).await;
}
