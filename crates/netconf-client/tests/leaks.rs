//! Sessions leave nothing behind: after thousands of them, open files and memory are back at the start. A process of its own,
//! so that no other test's files and memory are counted. Linux only, by `/proc`.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]
#![expect(dead_code, reason = "the servers are shared with tests that use more of them")]

#[path = "suite/fake.rs"]
mod fake;
#[path = "suite/sshd.rs"]
mod sshd;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use fake::{FULL, Fake};
use futures_util::future::join_all;
use netconf_client::ops::{Datastore, GetConfig};
use netconf_client::ssh::{Auth, HostKeyCheck, SshConnector};
use netconf_client::{Session, SessionConfig};
use sshd::{HOST_KEY, Manner, PASSWORD, SshServer, USER};
use tokio::net::{TcpListener, TcpStream};

/// Sessions open at a time.
const AT_ONCE: usize = 20;

/// How long what ended may take to be gone.
const LIMIT: Duration = Duration::from_secs(20);

/// Memory that may have come to stay, in kB: the allocator's, not some bytes of each session, of which there are 10,000.
const SLACK_KB: u64 = 4096;

/// How often memory may grow by more than that.
const ROUNDS: usize = 3;

/// The two tests would count each other's files.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Opens, uses and ends sessions: one in four is closed, one dropped, one aborted, one dropped with a call under way.
async fn sessions<F: Future<Output = Session>>(count: usize, server: &Fake, open: impl Fn() -> F) {
    for batch in 0..count.div_ceil(AT_ONCE) {
        let using = (0..AT_ONCE.min(count - batch * AT_ONCE)).map(|number| {
            let opening = open();
            async move {
                let session = opening.await;
                session.call(GetConfig::new(Datastore::Running)).await.unwrap();
                match number % 4 {
                    0 => session.close().await.unwrap(),
                    1 => session.abort(),
                    2 => drop(session),
                    _ => {
                        let mut call = Box::pin(session.call(GetConfig::new(Datastore::Running)));
                        // Mostly pending; a quick server may have answered already.
                        let _ = futures_util::poll!(call.as_mut());
                    }
                }
            }
        });
        join_all(using).await;
        server.forget();
    }
}

/// Waits until everything of the sessions is gone.
async fn gone(server: &Fake, files: usize) {
    let begun = Instant::now();
    while server.open() > 0 || open_files() > files {
        assert!(begun.elapsed() < LIMIT, "{} sessions and {} files of {files}", server.open(), open_files());
        tokio::task::yield_now().await;
    }
}

async fn nothing_stays<F: Future<Output = Session>>(count: usize, server: &Fake, open: impl Fn() -> F) {
    let files = open_files();
    // What is made once and kept: threads, the allocator's arenas.
    sessions(count.min(500), server, &open).await;
    gone(server, files).await;
    // An arena of a thread that is busy for the first time comes once; what sessions leave behind comes with every round.
    let mut memory = vec![resident_kb()];
    for _ in 0..ROUNDS {
        sessions(count, server, &open).await;
        gone(server, files).await;
        memory.push(resident_kb());
        if let [.., before, now] = memory[..]
            && now <= before + SLACK_KB
        {
            return;
        }
    }
    panic!("every {count} sessions took memory: {memory:?} kB");
}

async fn over_ssh(count: usize) {
    let server = Fake::new(FULL);
    let ssh = SshServer::start(server.clone(), Manner::Normal).await;
    let key = HostKeyCheck::PinnedKey(sshd::key(HOST_KEY).public_key().to_openssh().unwrap());
    let connector = SshConnector::new(ssh.target(), USER, Auth::password(PASSWORD), key);
    nothing_stays(count, &server, || async { connector.session().await.unwrap() }).await;
}

fn run(test: impl Future<Output = ()>) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

#[test]
fn ten_thousand_sessions_over_tcp_leave_nothing_behind() {
    run(async {
        let server = Fake::new(FULL);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = server.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        let open = || async {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            Session::open(stream, SessionConfig::default()).await.unwrap()
        };
        nothing_stays(10_000, &server, open).await;
        accepting.abort();
    });
}

#[test]
fn sessions_over_ssh_leave_nothing_behind() {
    run(over_ssh(500));
}

#[test]
#[ignore = "takes a minute"]
fn ten_thousand_sessions_over_ssh_leave_nothing_behind() {
    run(over_ssh(10_000));
}
