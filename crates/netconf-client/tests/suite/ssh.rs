//! SSH on loopback: every way to log in, every check of the host key, every time limit.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::fake::{FULL, Fake};
use crate::sshd::{HOST_KEY, Manner, PASSWORD, SshServer, USER, USER_KEY, key, key_text};
use netconf_client::ops::{Datastore, GetConfig};
use netconf_client::ssh::{
    Auth, HostKeyCheck, SshConnection, SshConnector, SshTarget, SshTimeouts, connect, scan_host_key,
};
use netconf_client::{Error, Phase, Session, SessionConfig};
use russh::keys::{HashAlg, PublicKeyBase64};
use secrecy::SecretString;
use tokio::net::{TcpListener, TcpStream};

/// How long a condition may take to become true.
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) async fn server(manner: Manner) -> SshServer {
    SshServer::start(Fake::new(FULL), manner).await
}

pub(crate) fn fingerprint(seed: u8) -> String {
    key(seed).public_key().fingerprint(HashAlg::Sha256).to_string()
}

pub(crate) fn right_key() -> HostKeyCheck {
    HostKeyCheck::PinnedKey(key(HOST_KEY).public_key().to_openssh().unwrap())
}

pub(crate) fn connector(server: &SshServer, auth: Auth) -> SshConnector {
    SshConnector::new(server.target(), USER, auth, right_key())
}

pub(crate) async fn works(session: &Session) {
    let data = session.call(GetConfig::new(Datastore::Running)).await.unwrap();
    assert_eq!(data.xml(), "<value xmlns=\"urn:test\">old</value>");
}

pub(crate) fn write(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.expect(what);
}

#[tokio::test]
async fn every_way_to_log_in_leads_to_a_session() {
    let server = server(Manner::Normal).await;
    let (_folder, path) = write("id", &key_text(USER_KEY));
    let ways = [
        Auth::password(PASSWORD),
        Auth::keyboard_interactive(PASSWORD),
        Auth::KeyText { key: SecretString::from(key_text(USER_KEY)), passphrase: None },
        Auth::KeyFile { path, passphrase: None },
    ];
    for auth in ways {
        let session =
            connect(server.target(), USER, auth, right_key(), SshTimeouts::default()).await.unwrap();
        works(&session).await;
        session.close().await.unwrap();
    }
}

#[tokio::test]
async fn refused_logins_name_the_user_and_the_method_but_never_the_secret() {
    let server = server(Manner::Normal).await;
    let ways = [
        (Auth::password("hush"), "password"),
        (Auth::keyboard_interactive("hush"), "keyboard-interactive"),
        (Auth::KeyText { key: SecretString::from(key_text(9)), passphrase: None }, "public key"),
    ];
    for (auth, method) in ways {
        assert!(!format!("{auth:?}").contains("hush"));
        let error = connector(&server, auth).session().await.unwrap_err();
        assert!(
            matches!(&error, Error::LoginRefused { username, reason } if username == USER && reason == method)
        );
        assert!(!error.is_retryable());
        assert!(!format!("{error:?}").contains("hush"));
    }
    let broken = Auth::KeyText { key: SecretString::from("no key"), passphrase: None };
    let error = connector(&server, broken).session().await.unwrap_err();
    assert!(matches!(error, Error::BadCredentials(_)), "{error:?}");
    let missing = Auth::KeyFile { path: "/nonexistent/id".into(), passphrase: None };
    let error = connector(&server, missing).session().await.unwrap_err();
    assert!(matches!(error, Error::BadCredentials(_)), "{error:?}");
}

#[tokio::test]
async fn a_right_host_key_is_accepted_in_every_form() {
    let server = server(Manner::Normal).await;
    let (_folder, path) = write("known_hosts", &server.known_hosts_line(HOST_KEY));
    for check in
        [HostKeyCheck::KnownHosts(path), HostKeyCheck::Fingerprint(fingerprint(HOST_KEY)), right_key()]
    {
        let auth = Auth::password(PASSWORD);
        let session = connect(server.target(), USER, auth, check, SshTimeouts::default()).await.unwrap();
        works(&session).await;
    }
}

#[tokio::test]
async fn any_of_the_keys_that_known_hosts_has_for_a_host_is_good() {
    let server = server(Manner::Normal).await;
    for (seeds, good) in [([2, HOST_KEY], true), ([HOST_KEY, 2], true), ([2, 3], false)] {
        let lines = seeds.map(|seed| server.known_hosts_line(seed)).concat();
        let (_folder, path) = write("known_hosts", &lines);
        let check = HostKeyCheck::KnownHosts(path);
        let auth = Auth::password(PASSWORD);
        match connect(server.target(), USER, auth, check, SshTimeouts::default()).await {
            Ok(session) => {
                assert!(good);
                works(&session).await;
            }
            Err(error) => assert!(!good && matches!(error, Error::HostKeyMismatch { .. }), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_revoked_host_key_is_refused_wherever_its_line_is_for() {
    let server = server(Manner::Normal).await;
    let own = format!("@revoked {}", server.known_hosts_line(HOST_KEY));
    let anywhere =
        format!("@revoked * ssh-ed25519 {} stolen\n", key(HOST_KEY).public_key().public_key_base64());
    let other = format!(
        "@revoked * ssh-ed25519 {}\n@revoked * ssh-dss AAAA\n",
        key(2).public_key().public_key_base64()
    );
    let (first, second) = (server.known_hosts_line(HOST_KEY), server.known_hosts_line(2));
    for (text, good) in [
        (format!("{first}{own}"), false),
        (format!("{anywhere}{first}{second}"), false),
        (anywhere.clone(), false),
        // Another key of this host, or none of it, is revoked.
        (format!("{second}{first}{other}"), true),
        (format!("{first}{other}"), true),
        (format!("{second}{other}"), false),
    ] {
        let (_folder, path) = write("known_hosts", &text);
        let check = HostKeyCheck::KnownHosts(path);
        let auth = Auth::password(PASSWORD);
        match connect(server.target(), USER, auth, check, SshTimeouts::default()).await {
            Ok(session) => {
                assert!(good, "{text}");
                works(&session).await;
            }
            Err(error) => {
                assert!(!good && matches!(error, Error::HostKeyMismatch { .. }), "{text} {error:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_host_key_is_refused_in_every_form_and_named() {
    let server = server(Manner::Normal).await;
    let (_folder, path) = write("known_hosts", &server.known_hosts_line(2));
    let wrong = HostKeyCheck::PinnedKey(key(2).public_key().to_openssh().unwrap());
    for check in [HostKeyCheck::KnownHosts(path), HostKeyCheck::Fingerprint(fingerprint(2)), wrong] {
        let auth = Auth::password(PASSWORD);
        let error = connect(server.target(), USER, auth, check, SshTimeouts::default()).await.unwrap_err();
        let Error::HostKeyMismatch { fingerprint: shown, port, .. } = &error else { panic!("{error:?}") };
        assert_eq!((shown.as_deref(), *port), (Some(fingerprint(HOST_KEY).as_str()), server.address.port()));
    }
}

#[tokio::test]
async fn an_unknown_host_key_is_refused_and_named() {
    let server = server(Manner::Normal).await;
    let (_folder, path) = write("known_hosts", "# nobody\nother.example.net ssh-ed25519 AAAA\n");
    let auth = Auth::password(PASSWORD);
    let check = HostKeyCheck::KnownHosts(path);
    let error =
        connect(server.target(), USER, auth.clone(), check, SshTimeouts::default()).await.unwrap_err();
    let Error::HostKeyUnknown { fingerprint: shown, .. } = &error else { panic!("{error:?}") };
    assert_eq!(shown.as_deref(), Some(fingerprint(HOST_KEY).as_str()));
    let missing = HostKeyCheck::KnownHosts("/nonexistent/known_hosts".into());
    let error = connect(server.target(), USER, auth, missing, SshTimeouts::default()).await.unwrap_err();
    assert!(matches!(error, Error::KnownHosts { .. }), "{error:?}");
    let scanned = scan_host_key(&server.target(), LIMIT).await.unwrap();
    assert_eq!(scanned.fingerprint, fingerprint(HOST_KEY));
    assert!(server.known_hosts_line(HOST_KEY).contains(&scanned.public_key));
}

#[tokio::test]
async fn a_server_that_is_not_there_or_has_no_netconf_is_named() {
    // Held, so that nobody else gets the port, and not listened on.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let target = SshTarget::new("127.0.0.1", held.local_addr().unwrap().port());
    let auth = Auth::password(PASSWORD);
    let error = connect(target, USER, auth, right_key(), SshTimeouts::default()).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }) && error.is_retryable(), "{error:?}");
    let server = server(Manner::NoSubsystem).await;
    let error = connector(&server, Auth::password(PASSWORD)).session().await.unwrap_err();
    assert!(matches!(error, Error::NoNetconf), "{error:?}");
}

#[tokio::test]
async fn old_algorithms_are_offered_only_when_asked_for() {
    let server = server(Manner::Legacy).await;
    let connector = connector(&server, Auth::password(PASSWORD));
    let error = connector.session().await.unwrap_err();
    let why = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(why.contains("legacy_algorithms"), "{error:?}");
    works(&connector.legacy_algorithms(true).session().await.unwrap()).await;
}

#[tokio::test]
async fn the_fingerprint_of_a_server_with_old_algorithms_can_be_seen() {
    let server = server(Manner::Legacy).await;
    let check = HostKeyCheck::Fingerprint(fingerprint(HOST_KEY));
    let connector = SshConnector::new(server.target(), USER, Auth::password(PASSWORD), check);
    assert!(matches!(connector.session().await, Err(Error::Ssh(_))));
    works(&connector.legacy_algorithms(true).session().await.unwrap()).await;
    let scanned = scan_host_key(&server.target(), LIMIT).await.unwrap();
    assert_eq!(scanned.fingerprint, fingerprint(HOST_KEY));
}

#[tokio::test]
async fn a_channel_that_came_to_nothing_is_closed_on_a_connection_that_goes_on() {
    for manner in [Manner::SilentSubsystem, Manner::NoSubsystem] {
        let server = server(manner).await;
        // Long enough for a busy machine to open the channel in.
        let timeouts = SshTimeouts { hello: Duration::from_secs(1), ..SshTimeouts::default() };
        let connector = connector(&server, Auth::password(PASSWORD)).timeouts(timeouts);
        let connection = connector.connect().await.unwrap();
        let tries = futures_util::future::join_all((0..3).map(|_| connection.session())).await;
        assert!(tries.iter().all(Result::is_err));
        until("channels stay open", || server.closed.load(Ordering::SeqCst) == 3).await;
        assert!(!connection.is_closed());
    }
}

#[tokio::test]
async fn a_channel_that_is_confirmed_too_late_is_closed_and_holds_no_connection() {
    let server = server(Manner::LateChannel).await;
    let timeouts = SshTimeouts { hello: Duration::from_millis(200), ..SshTimeouts::default() };
    let connector = connector(&server, Auth::password(PASSWORD)).timeouts(timeouts);
    let connection = connector.connect().await.unwrap();
    for _ in 0..2 {
        let error = connection.session().await.unwrap_err();
        assert!(matches!(error, Error::Timeout { phase: Phase::Hello, .. }), "{error:?}");
    }
    server.confirms.add_permits(1);
    until("the late channel stays open", || server.closed.load(Ordering::SeqCst) == 1).await;
    assert!(!connection.is_closed());
    // The other one is never confirmed.
    drop(connection);
    until("the connection stays open", || server.open.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_connection_cut_before_the_subsystem_is_there_may_be_tried_again() {
    let server = server(Manner::CutSubsystem).await;
    let error = connector(&server, Auth::password(PASSWORD)).session().await.unwrap_err();
    assert!(matches!(error, Error::SessionLost { sent: false, .. }) && error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn a_hello_that_comes_before_the_answer_about_the_subsystem_is_read() {
    let server = server(Manner::EarlyHello).await;
    let session = connector(&server, Auth::password(PASSWORD)).session().await.unwrap();
    assert_eq!(session.session_id(), 77);
}

#[tokio::test]
async fn several_sessions_share_one_connection_which_ends_with_the_last() {
    let server = server(Manner::Normal).await;
    let connection = connector(&server, Auth::password(PASSWORD)).connect().await.unwrap();
    let one = connection.session().await.unwrap();
    let two = connection.session().await.unwrap();
    assert_ne!(one.session_id(), two.session_id());
    works(&one).await;
    works(&two).await;
    assert_eq!(server.open.load(Ordering::SeqCst), 1);
    drop(connection);
    one.close().await.unwrap();
    works(&two).await;
    drop(two);
    until("the connection stays open", || server.open.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_connection_made_by_async_ssh2_tokio_carries_sessions() {
    use async_ssh2_tokio::{AuthMethod, Client, ServerCheckMethod};
    let server = server(Manner::Normal).await;
    let check = ServerCheckMethod::PublicKey(key(HOST_KEY).public_key().public_key_base64());
    let address = ("127.0.0.1", server.address.port());
    let client = Client::connect(address, USER, AuthMethod::with_password(PASSWORD), check).await.unwrap();
    let connection = SshConnection::from_client(client, SessionConfig::default());
    let (one, two) = (connection.session().await.unwrap(), connection.session().await.unwrap());
    works(&one).await;
    works(&two).await;
    one.close().await.unwrap();
    assert!(!connection.is_closed());
    two.close().await.unwrap();
}

/// A device that reloads while it asks somebody about the login.
#[tokio::test]
async fn a_server_that_is_gone_during_the_login_has_not_refused_it() {
    let server = server(Manner::CutLogin).await;
    let refused = connector(&server, Auth::password(PASSWORD)).session().await.unwrap_err();
    assert!(matches!(refused, Error::LoginRefused { .. }), "{refused:?}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = server.target();
    let once = async move {
        let (mut ours, _) = listener.accept().await.unwrap();
        drop(listener);
        let mut theirs = TcpStream::connect((to.host.as_str(), to.port)).await.unwrap();
        // However it ends.
        let _ = tokio::io::copy_bidirectional(&mut ours, &mut theirs).await;
    };
    let target = SshTarget::new("127.0.0.1", port);
    let connector = SshConnector::new(target, USER, Auth::password(PASSWORD), right_key());
    let (gone, ()) = tokio::join!(connector.session(), once);
    let gone = gone.unwrap_err();
    assert!(matches!(gone, Error::Connect { .. }) && gone.is_retryable(), "{gone:?}");
}

#[tokio::test]
async fn a_server_that_let_the_user_in_is_asked_once_more_before_a_refusal_is_told() {
    let server = server(Manner::Normal).await;
    let tried = || server.logins.tried.swap(0, Ordering::SeqCst);
    let connector = connector(&server, Auth::password(PASSWORD));
    let stranger = SshConnector::new(server.target(), "stranger", Auth::password(PASSWORD), right_key());
    let refused = |error: &Error| matches!(error, Error::LoginRefused { reason, .. } if reason == "password");
    assert!(refused(&stranger.session().await.unwrap_err()));
    assert_eq!(tried(), 1, "of somebody it never let in it is believed at once");

    works(&connector.session().await.unwrap()).await;
    assert_eq!(tried(), 1);
    server.logins.cut.store(1, Ordering::SeqCst);
    works(&connector.session().await.unwrap()).await;
    assert_eq!(tried(), 2, "one that was cut, and one more");

    server.logins.refuse.store(3, Ordering::SeqCst);
    assert!(refused(&connector.session().await.unwrap_err()));
    assert_eq!(tried(), 2, "it is asked once more only");
    assert!(refused(&connector.session().await.unwrap_err()));
    assert_eq!(tried(), 1, "and is believed from then on");
    works(&connector.session().await.unwrap()).await;
}
