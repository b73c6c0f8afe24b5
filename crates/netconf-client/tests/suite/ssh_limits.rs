//! SSH on loopback: each time limit fires in its own step, and a peer that went silent is noticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use netconf_client::ops::{Datastore, GetConfig};
use netconf_client::ssh::{
    Auth, CallHome, CallHomeDevice, HostKeyCheck, SshConnector, SshTarget, SshTimeouts, scan_host_key,
};
use netconf_client::{Error, LostCause, Phase};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::fake::{FULL, Fake};
use crate::ssh::{connector, fingerprint, right_key, server, until, works};
use crate::sshd::{HOST_KEY, Manner, PASSWORD, SshServer, USER, config};

/// A limit that is meant to fire.
const SHORT: Duration = Duration::from_millis(300);

/// What may come on top of it on a busy machine: the steps before, and noticing that the time is over.
const SLACK: Duration = Duration::from_secs(3);

/// A limit that is not: the test would take too long.
const LONG: Duration = Duration::from_secs(60);

/// How long anything here may take.
const LIMIT: Duration = Duration::from_secs(20);

fn limits(connect: Duration, login: Duration, hello: Duration) -> SshTimeouts {
    SshTimeouts { connect, login, hello, ..SshTimeouts::default() }
}

/// The phase in which connecting to such a server ends, with these limits.
async fn ends_in(manner: Manner, timeouts: SshTimeouts) -> Phase {
    let server = server(manner).await;
    let begun = Instant::now();
    let error = connector(&server, Auth::password(PASSWORD)).timeouts(timeouts).session().await.unwrap_err();
    assert!(begun.elapsed() < SHORT + SLACK && begun.elapsed() >= SHORT, "{:?}", begun.elapsed());
    assert!(error.is_retryable());
    let Error::Timeout { phase, .. } = error else { panic!("{error:?}") };
    phase
}

#[tokio::test]
async fn the_limit_of_connecting_fires_alone() {
    assert_eq!(ends_in(Manner::SilentTcp, limits(SHORT, LONG, LONG)).await, Phase::Connect);
}

#[tokio::test]
async fn the_limit_of_connecting_also_covers_the_handshake() {
    assert_eq!(ends_in(Manner::SilentHandshake, limits(SHORT, LONG, LONG)).await, Phase::Connect);
}

#[tokio::test]
async fn the_limit_of_the_login_fires_alone() {
    // Handshake and login share the sum of both limits; the handshake is made, also when it is made once more after the first
    // of them, so that it is the login that is late.
    let (connect, login) = (Duration::from_secs(2), Duration::from_secs(4));
    let server = server(Manner::SilentLogin).await;
    let connector = connector(&server, Auth::password(PASSWORD)).timeouts(limits(connect, login, LONG));
    let begun = Instant::now();
    let error = connector.session().await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: Phase::Login, .. }), "{error:?}");
    assert!(error.is_retryable() && begun.elapsed() >= connect + login, "{:?}", begun.elapsed());
    assert!(begun.elapsed() < connect + login + SLACK, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_limit_of_the_hello_fires_alone() {
    assert_eq!(ends_in(Manner::SilentSubsystem, limits(LONG, LONG, SHORT)).await, Phase::Hello);
}

#[tokio::test]
async fn the_limit_of_connecting_also_covers_the_look_at_a_fingerprint() {
    let server = server(Manner::SilentTcp).await;
    let check = HostKeyCheck::Fingerprint(fingerprint(1));
    let connector = SshConnector::new(server.target(), USER, Auth::password(PASSWORD), check);
    let error = connector.timeouts(limits(SHORT, LONG, LONG)).session().await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: Phase::Connect, .. }), "{error:?}");
}

/// A proxy to `port` that passes everything on until it is muted, and then holds everything back with the connections
/// open.
async fn mutable(port: u16) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mute = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&mute);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            for (mut from, mut to) in [(from_client, to_server), (from_server, to_client)] {
                let mute = Arc::clone(&flag);
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    while let Ok(length @ 1..) = from.read(&mut buffer).await {
                        if mute.load(Ordering::SeqCst) {
                            std::future::pending::<()>().await;
                        }
                        if to.write_all(&buffer[..length]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        }
    });
    (address.port(), mute)
}

#[tokio::test]
async fn keepalives_notice_a_peer_that_went_silent() {
    let server = server(Manner::Normal).await;
    let (port, mute) = mutable(server.target().port).await;
    let timeouts = SshTimeouts { keepalive_interval: SHORT, keepalive_max: 1, ..limits(LIMIT, LIMIT, LIMIT) };
    let target = SshTarget::new("127.0.0.1", port);
    let connector = SshConnector::new(target, USER, Auth::password(PASSWORD), right_key()).timeouts(timeouts);
    let session = connector.session().await.unwrap();
    // The server's last word comes after this.
    let begun = Instant::now();
    works(&session).await;
    mute.store(true, Ordering::SeqCst);
    let call = session.call_within(GetConfig::new(Datastore::Running), LONG);
    let error = tokio::time::timeout(LIMIT, call).await.expect("nobody noticed").unwrap_err();
    assert!(
        matches!(error, Error::SessionLost { cause: LostCause::EndOfStream, sent: true, .. }),
        "{error:?}"
    );
    // One question after the first interval, and one interval to answer it.
    assert!(begun.elapsed() >= SHORT * 2 - Duration::from_millis(50), "{:?}", begun.elapsed());
    assert!(session.lost().is_some());
}

/// What is at the other end of a connection, until that ends.
struct Peer(JoinHandle<()>);

/// A peer that says which version of SSH it speaks, and then nothing; the task ends when the other side has closed the
/// connection.
fn hung(mut stream: TcpStream) -> Peer {
    Peer(tokio::spawn(async move {
        stream.write_all(b"SSH-2.0-hung\r\n").await.unwrap();
        // An error is an end too.
        while let Ok(1..) = stream.read(&mut [0; 4096]).await {}
    }))
}

async fn ends(peer: Peer) {
    tokio::time::timeout(LIMIT, peer.0).await.expect("the connection stays open").unwrap();
}

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Shorter than any limit here: due while the handshake hangs.
const KEEPALIVE: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_look_at_a_hung_server_leaves_nothing_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = SshTarget::new("127.0.0.1", listener.local_addr().unwrap().port());
    let before = tasks();
    let (looked, peer) =
        tokio::join!(scan_host_key(&target, SHORT), async { hung(listener.accept().await.unwrap().0) });
    assert!(matches!(looked, Err(Error::Timeout { phase: Phase::Connect, .. })), "{looked:?}");
    ends(peer).await;
    until("tasks are left", || tasks() <= before).await;
}

/// The SSH library keeps the first connection; each further attempt ends its own.
#[tokio::test]
async fn a_server_that_hangs_is_only_looked_at_until_it_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let target = SshTarget::new("127.0.0.1", port);
    let auth = Auth::password(PASSWORD);
    let connector = SshConnector::new(target, USER, auth, right_key()).timeouts(limits(SHORT, LIMIT, LIMIT));
    let mut peers = Vec::new();
    for _ in 0..4 {
        let mut session = Box::pin(connector.session());
        let error = loop {
            tokio::select! {
                outcome = &mut session => break outcome.unwrap_err(),
                accepted = listener.accept() => peers.push(hung(accepted.unwrap().0)),
            }
        };
        assert!(matches!(error, Error::Timeout { phase: Phase::Connect, .. }), "{error:?}");
    }
    // Of the first attempt the connection and the look after it, of each other one a look.
    assert_eq!(peers.len(), 5);
    until("more than one connection is left", || {
        peers.iter().filter(|peer| !peer.0.is_finished()).count() <= 1
    })
    .await;
    let manner = Manner::Normal;
    let _server = SshServer::start_on(listener, Fake::new(FULL), manner, config(HOST_KEY, manner));
    let session = connector.timeouts(limits(LIMIT, LIMIT, LIMIT)).session().await.unwrap();
    works(&session).await;
}

#[tokio::test]
async fn a_caller_that_hangs_leaves_nothing_behind() {
    let device = CallHomeDevice::new("one", right_key(), USER, Auth::password(PASSWORD));
    let listener = CallHome::bind("127.0.0.1:0", vec![device]).await.unwrap();
    let timeouts = SshTimeouts { keepalive_interval: KEEPALIVE, ..limits(SHORT, LONG, LONG) };
    let listener = listener.timeouts(timeouts);
    let before = tasks();
    let peer = hung(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
    let error = listener.accept().await.unwrap().session().await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: Phase::Connect, .. }), "{error:?}");
    ends(peer).await;
    until("tasks are left", || tasks() <= before).await;
}

#[tokio::test]
async fn any_limit_can_be_asked_for() {
    let server = server(Manner::Normal).await;
    for limit in [Duration::MAX, Duration::from_secs(u64::MAX / 4)] {
        let endless = SshTimeouts { keepalive_interval: limit, ..limits(limit, limit, limit) };
        let session = connector(&server, Auth::password(PASSWORD)).timeouts(endless).session().await.unwrap();
        works(&session).await;
        session.close().await.unwrap();
    }
    let unasked =
        SshTimeouts { keepalive_interval: Duration::ZERO, keepalive_max: 1, ..limits(LIMIT, LIMIT, LIMIT) };
    let session = connector(&server, Auth::password(PASSWORD)).timeouts(unasked).session().await.unwrap();
    for _ in 0..100 {
        works(&session).await;
    }
    assert_eq!(session.lost(), None);
}
