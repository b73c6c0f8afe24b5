//! Devices that call home: known by their host keys, every way to log in, every limit.

use std::time::Duration;

use netconf_client::ops::{Datastore, GetConfig};
use netconf_client::ssh::{Auth, CallHome, CallHomeDevice, Called, CallerLimits, HostKeyCheck, SshTimeouts};
use netconf_client::{Error, Phase};
use russh::keys::HashAlg;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fake::{FULL, Fake};
use crate::sshd::{Manner, PASSWORD, SshServer, USER, USER_KEY, key, key_text};

/// How long a step may take.
const LIMIT: Duration = Duration::from_secs(10);

fn pinned(seed: u8) -> HostKeyCheck {
    HostKeyCheck::PinnedKey(key(seed).public_key().to_openssh().unwrap())
}

fn device(name: &str, seed: u8, auth: Auth) -> CallHomeDevice {
    CallHomeDevice::new(name, pinned(seed), USER, auth)
}

async fn call(listener: &CallHome, seed: u8, manner: Manner) -> Result<Called, Error> {
    let address = listener.local_addr().unwrap();
    SshServer::call_home(address, seed, Fake::new(FULL), manner);
    let caller = tokio::time::timeout(LIMIT, listener.accept()).await.unwrap().unwrap();
    caller.session().await
}

#[tokio::test]
async fn a_device_is_known_by_its_host_key_and_every_login_works() {
    let print = key(22).public_key().fingerprint(HashAlg::Sha256).to_string();
    let by_print = CallHomeDevice::new(
        "two",
        HostKeyCheck::Fingerprint(print),
        USER,
        Auth::keyboard_interactive(PASSWORD),
    );
    let by_key = Auth::KeyText { key: SecretString::from(key_text(USER_KEY)), passphrase: None };
    let devices = vec![device("one", 21, Auth::password(PASSWORD)), by_print, device("three", 23, by_key)];
    let listener = CallHome::bind("127.0.0.1:0", devices).await.unwrap();
    for (seed, name) in [(22, "two"), (21, "one"), (23, "three")] {
        let called = call(&listener, seed, Manner::Normal).await.unwrap();
        assert_eq!(called.device, name);
        assert!(called.address.ip().is_loopback());
        let data = called.session.call(GetConfig::new(Datastore::Running)).await.unwrap();
        assert!(data.xml().contains("old"));
        called.session.close().await.unwrap();
    }
}

#[tokio::test]
async fn an_unknown_device_is_refused_and_its_key_named() {
    let listener =
        CallHome::bind("127.0.0.1:0", vec![device("one", 21, Auth::password(PASSWORD))]).await.unwrap();
    let error = call(&listener, 99, Manner::Normal).await.unwrap_err();
    let Error::HostKeyUnknown { fingerprint, .. } = &error else { panic!("{error:?}") };
    let print = key(99).public_key().fingerprint(HashAlg::Sha256).to_string();
    assert_eq!(fingerprint.as_deref(), Some(print.as_str()));
    call(&listener, 21, Manner::Normal).await.unwrap();
}

#[tokio::test]
async fn refusals_and_silence_are_told() {
    let listener =
        CallHome::bind("127.0.0.1:0", vec![device("one", 21, Auth::password("hush"))]).await.unwrap();
    let error = call(&listener, 21, Manner::Normal).await.unwrap_err();
    assert!(matches!(&error, Error::LoginRefused { reason, .. } if reason == "password"), "{error:?}");
    assert!(!format!("{error:?}").contains("hush"));

    // Only the limit that is meant to fire is short.
    let short = Duration::from_millis(300);
    let long = SshTimeouts { connect: LIMIT, login: LIMIT, hello: LIMIT, ..SshTimeouts::default() };
    let devices = vec![device("one", 21, Auth::password(PASSWORD))];
    let mut listener = CallHome::bind("127.0.0.1:0", devices).await.unwrap();
    for (manner, phase, timeouts) in [
        (Manner::SilentTcp, Phase::Connect, SshTimeouts { connect: short, ..long }),
        (Manner::SilentLogin, Phase::Login, SshTimeouts { login: short, ..long }),
        (Manner::SilentSubsystem, Phase::Hello, SshTimeouts { hello: short, ..long }),
    ] {
        listener = listener.timeouts(timeouts);
        let error = call(&listener, 21, manner).await.unwrap_err();
        assert!(matches!(&error, Error::Timeout { phase: found, .. } if *found == phase), "{error:?}");
    }
    listener = listener.timeouts(long);
    let error = call(&listener, 21, Manner::NoSubsystem).await.unwrap_err();
    assert!(matches!(error, Error::NoNetconf), "{error:?}");
    let by_file =
        CallHomeDevice::new("x", HostKeyCheck::KnownHosts("known_hosts".into()), USER, Auth::password("x"));
    let error = CallHome::bind("127.0.0.1:0", vec![by_file]).await.unwrap_err();
    assert!(matches!(error, Error::BadCredentials(_)), "{error:?}");
}

#[tokio::test]
async fn a_connection_cut_in_the_login_may_be_tried_again_and_one_that_the_server_ends_is_a_refusal() {
    let by_key = Auth::KeyText { key: SecretString::from(key_text(USER_KEY)), passphrase: None };
    for auth in [Auth::password(PASSWORD), Auth::keyboard_interactive(PASSWORD), by_key] {
        let listener = CallHome::bind("127.0.0.1:0", vec![device("one", 21, auth)]).await.unwrap();
        let error = call(&listener, 21, Manner::CutLogin).await.unwrap_err();
        assert!(matches!(error, Error::SessionLost { sent: false, .. }) && error.is_retryable(), "{error:?}");
    }
    let devices = vec![device("one", 21, Auth::keyboard_interactive(PASSWORD))];
    let listener = CallHome::bind("127.0.0.1:0", devices).await.unwrap();
    let error = call(&listener, 21, Manner::Dismissal).await.unwrap_err();
    let Error::LoginRefused { reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains("keyboard-interactive") && reason.contains("too many failures"), "{reason}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_connection_cut_in_the_handshake_may_be_tried_again() {
    let devices = vec![device("one", 21, Auth::password(PASSWORD))];
    let listener = CallHome::bind("127.0.0.1:0", devices).await.unwrap();
    for said in ["", "SSH-2.0-cut\r\n"] {
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        peer.write_all(said.as_bytes()).await.unwrap();
        peer.shutdown().await.unwrap();
        let error = listener.accept().await.unwrap().session().await.unwrap_err();
        assert!(matches!(error, Error::Connect { .. }) && error.is_retryable(), "{said} {error:?}");
    }
}

#[tokio::test]
async fn one_address_does_not_take_all_places() {
    let devices = vec![device("one", 21, Auth::password(PASSWORD))];
    let listener = CallHome::bind("127.0.0.1:0", devices).await.unwrap();
    let listener = listener.limits(CallerLimits { callers: 5, per_address: 2 });
    let address = listener.local_addr().unwrap();
    let (first, second) = (TcpStream::connect(address).await, TcpStream::connect(address).await);
    let silent = [listener.accept().await.unwrap(), listener.accept().await.unwrap()];
    // The third is closed, and is no caller.
    let mut third = TcpStream::connect(address).await.unwrap();
    let (refused, accepted) = (third.read_u8(), listener.accept());
    tokio::select! {
        refused = tokio::time::timeout(LIMIT, refused) => assert!(refused.unwrap().is_err()),
        caller = accepted => panic!("it was let in: {caller:?}"),
    }
    drop((silent, first, second));
    call(&listener, 21, Manner::Normal).await.unwrap();
}

#[tokio::test]
async fn old_algorithms_are_offered_to_callers_only_when_asked_for() {
    for offer in [false, true] {
        let devices = vec![device("one", 21, Auth::password(PASSWORD))];
        let listener = CallHome::bind("127.0.0.1:0", devices).await.unwrap().legacy_algorithms(offer);
        let called = call(&listener, 21, Manner::Legacy).await;
        assert_eq!(called.is_ok(), offer, "{called:?}");
    }
}
