//! NETCONF over TLS: both sides' certificates are checked, and every wait has a limit.

#![cfg(feature = "tls")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::BytesMut;
use netconf_client::framing::{self, Framing};
use netconf_client::hello::Hello;
use netconf_client::ops::{Datastore, GetConfig};
use netconf_client::tls::rustls::pki_types::pem::PemObject;
use netconf_client::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use netconf_client::tls::rustls::server::WebPkiClientVerifier;
use netconf_client::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use netconf_client::tls::{TlsTarget, TlsTimeouts, connect};
use netconf_client::{Capabilities, Error, Phase, SessionConfig, capabilities};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How long a step may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A certificate authority, a server `localhost` and a client it signed, and a client of another authority: made anew for each run by the
/// `openssl` program, so that no private key is kept anywhere.
fn made() -> &'static Path {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        for authority in ["ca", "stranger-ca"] {
            openssl(dir.path(), &format!("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={authority} -keyout {authority}.key -out {authority}.pem"));
        }
        std::fs::write(dir.path().join("names"), "subjectAltName=DNS:localhost\n").unwrap();
        for (name, authority) in [("server", "ca"), ("client", "ca"), ("stranger", "stranger-ca")] {
            openssl(dir.path(), &format!("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"));
            openssl(dir.path(), &format!("x509 -req -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -CAcreateserial -days 2 -extfile names -out {name}.pem"));
        }
        dir
    });
    dir.path()
}

fn openssl(dir: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output();
    let output = output.unwrap_or_else(|error| panic!("the openssl program is needed: {error}"));
    assert!(output.status.success(), "openssl {arguments}: {output:?}");
}

fn certificates(name: &str) -> Vec<CertificateDer<'static>> {
    let file = made().join(format!("{name}.pem"));
    CertificateDer::pem_file_iter(file).unwrap().map(|one| one.unwrap()).collect()
}

fn private(name: &str) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_file(made().join(format!("{name}.key"))).unwrap()
}

fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates("ca"));
    roots
}

fn client(name: &str, roots: RootCertStore) -> Arc<ClientConfig> {
    let config = ClientConfig::builder().with_root_certificates(roots);
    Arc::new(config.with_client_auth_cert(certificates(name), private(name)).unwrap())
}

/// A server that wants a certificate of our authority and shows this one.
fn server_config(name: &str) -> Arc<ServerConfig> {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots())).build().unwrap();
    let config = ServerConfig::builder().with_client_cert_verifier(verifier);
    Arc::new(config.with_single_cert(certificates(name), private(name)).unwrap())
}

/// A server for one session.
async fn serve() -> u16 {
    let config = server_config("server");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve_on(stream, config).await;
    });
    port
}

/// The server's side of one connection: hello, one reply.
async fn serve_on(stream: TcpStream, config: Arc<ServerConfig>) {
    let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await else { return };
    let mut out = BytesMut::new();
    let hello = Hello::server(Capabilities::from_iter([capabilities::BASE_1_0]), 3);
    framing::encode(Framing::EndOfMessage, hello.to_xml().as_bytes(), &mut out).unwrap();
    let reply = b"<rpc-reply message-id=\"1\"><data><a/></data></rpc-reply>";
    framing::encode(Framing::EndOfMessage, reply, &mut out).unwrap();
    // The reply is there before it is asked for only once the request has come: wait for two messages.
    let hello_length = framing::END_OF_MESSAGE.len() + hello.to_xml().len();
    stream.write_all(&out.split_to(hello_length)).await.unwrap();
    let mut seen = Vec::new();
    while memchr::memmem::find_iter(&seen, framing::END_OF_MESSAGE).count() < 2 {
        if !matches!(stream.read_buf(&mut seen).await, Ok(1..)) {
            return;
        }
    }
    stream.write_all(&out).await.unwrap();
    stream.flush().await.unwrap();
    // Until the client goes.
    let _ = stream.read_buf(&mut seen).await;
}

fn config() -> SessionConfig {
    SessionConfig::default().call_timeout(LIMIT)
}

#[tokio::test]
async fn a_session_over_tls_carries_calls() {
    let target = TlsTarget::new("localhost", serve().await);
    let session =
        connect(&target, client("client", roots()), TlsTimeouts::default(), config()).await.unwrap();
    assert_eq!(session.session_id(), 3);
    assert_eq!(session.call(GetConfig::new(Datastore::Running)).await.unwrap().xml(), "<a/>");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_on_either_side() {
    let target = TlsTarget::new("localhost", serve().await);
    let nobody = client("client", RootCertStore::empty());
    let error = connect(&target, nobody, TlsTimeouts::default(), config()).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_)), "{error:?}");

    let target = TlsTarget::new("localhost", serve().await);
    let stranger = client("stranger", roots());
    let error = connect(&target, stranger, TlsTimeouts::default(), config()).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_) | Error::SessionLost { .. }), "{error:?}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let target = TlsTarget::new("127.0.0.1", serve().await);
    let error =
        connect(&target, client("client", roots()), TlsTimeouts::default(), config()).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = TlsTarget::new("localhost", listener.local_addr().unwrap().port());
    let timeouts = TlsTimeouts { handshake: Duration::from_millis(200), ..TlsTimeouts::default() };
    let error = connect(&target, client("client", roots()), timeouts, config()).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: Phase::Login, .. }), "{error:?}");
}

mod calling {
    //! Devices that call home.

    use netconf_client::tls::{
        CallHome, CallHomeDevice, Called, CallerLimits, OwnCertificate, ServerIdentity,
    };
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn own() -> OwnCertificate {
        OwnCertificate { chain: certificates("client"), key: private("client") }
    }

    fn print_of(name: &str) -> ServerIdentity {
        let print = Sha256::digest(&certificates(name)[0]);
        let pairs: Vec<String> = print.iter().map(|byte| format!("{byte:02X}")).collect();
        ServerIdentity::Fingerprint(pairs.join(":"))
    }

    async fn listen(devices: &[(&str, ServerIdentity)]) -> CallHome {
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let devices = devices.iter().map(|(name, known)| CallHomeDevice::new(*name, known.clone())).collect();
        let listener = CallHome::bind("127.0.0.1:0", devices, roots(), own()).await.unwrap();
        listener.session_config(config())
    }

    /// A device with this certificate calls.
    async fn call(listener: &CallHome, certificate: &str) -> Result<Called, Error> {
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tokio::spawn(serve_on(stream, server_config(certificate)));
        accept(listener).await.session().await
    }

    async fn accept(listener: &CallHome) -> netconf_client::tls::Caller {
        tokio::time::timeout(LIMIT, listener.accept()).await.unwrap().unwrap()
    }

    fn localhost() -> ServerIdentity {
        ServerIdentity::Name("localhost".into())
    }

    /// All the texts of an error and its sources.
    fn told(error: &Error) -> String {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        text
    }

    #[tokio::test]
    async fn a_device_is_known_by_name_or_by_fingerprint_each_time_it_calls() {
        let listener = listen(&[("named", localhost()), ("pinned", print_of("stranger"))]).await;
        // From one address, in turns: nothing of the one's handshake may serve the other.
        for (certificate, name) in
            [("server", "named"), ("stranger", "pinned"), ("server", "named"), ("stranger", "pinned")]
        {
            let called = call(&listener, certificate).await.unwrap();
            assert_eq!(called.device, name);
            let data = called.session.call(GetConfig::new(Datastore::Running)).await.unwrap();
            assert_eq!(data.xml(), "<a/>");
        }
    }

    #[tokio::test]
    async fn a_certificate_of_nobody_is_refused_and_named() {
        // Of another authority, with the right name; of the right authority, with another name.
        let listener = listen(&[("named", localhost())]).await;
        let error = call(&listener, "stranger").await.unwrap_err();
        assert!(matches!(error, Error::Tls(_)), "{error:?}");
        let listener = listen(&[("other", ServerIdentity::Name("other.example".into()))]).await;
        let error = call(&listener, "server").await.unwrap_err();
        let print: String =
            Sha256::digest(&certificates("server")[0]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(told(&error).contains(&print), "{}", told(&error));
        let listener = listen(&[("pinned", print_of("client"))]).await;
        let error = call(&listener, "server").await.unwrap_err();
        assert!(matches!(error, Error::Tls(_)), "{error:?}");
    }

    #[tokio::test]
    async fn what_is_no_tls_and_who_stays_silent_is_refused() {
        let timeouts = TlsTimeouts { handshake: Duration::from_millis(300), ..TlsTimeouts::default() };
        let listener = listen(&[("named", localhost())]).await.timeouts(timeouts);
        let mut plain = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        plain.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await.unwrap();
        let error = accept(&listener).await.session().await.unwrap_err();
        assert!(matches!(error, Error::Tls(_)), "{error:?}");
        let _silent = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let error = accept(&listener).await.session().await.unwrap_err();
        assert!(matches!(error, Error::Timeout { phase: Phase::Login, .. }), "{error:?}");
        let listener = listener.timeouts(TlsTimeouts::default());
        call(&listener, "server").await.unwrap();
    }

    #[tokio::test]
    async fn a_silent_caller_keeps_nobody_waiting_and_many_are_served() {
        let listener = listen(&[("named", localhost())]).await;
        let address = listener.local_addr().unwrap();
        let silent = TcpStream::connect(address).await.unwrap();
        let waiting = tokio::spawn(accept(&listener).await.session());
        let calls: Vec<_> = (0..30)
            .map(|_| {
                tokio::spawn(async move {
                    let stream = TcpStream::connect(address).await.unwrap();
                    serve_on(stream, server_config("server")).await;
                })
            })
            .collect();
        let listener = listener.limits(CallerLimits { callers: 3, per_address: 40 });
        let mut opening = Vec::new();
        for _ in 0..calls.len() {
            opening.push(tokio::spawn(accept(&listener).await.session()));
        }
        for task in opening {
            task.await.unwrap().unwrap();
        }
        assert!(!waiting.is_finished());
        drop(silent);
        assert!(matches!(waiting.await.unwrap(), Err(Error::Tls(_))));
    }

    #[tokio::test]
    async fn callers_beyond_the_limits_wait_or_are_closed() {
        let listener = listen(&[("named", localhost())]).await;
        let listener = listener.limits(CallerLimits { callers: 2, per_address: 0 });
        let address = listener.local_addr().unwrap();
        let _first = TcpStream::connect(address).await.unwrap();
        let held = accept(&listener).await;
        // A second from the same address: closed, and accept goes on.
        let mut second = TcpStream::connect(address).await.unwrap();
        let closed = async { second.read(&mut [0; 1]).await };
        tokio::select! {
            ended = tokio::time::timeout(LIMIT, closed) => assert_eq!(ended.unwrap().unwrap_or(0), 0),
            _ = listener.accept() => panic!("a second caller from one address"),
        }
        drop(held);
        call(&listener, "server").await.unwrap();
    }

    #[tokio::test]
    async fn identities_that_cannot_be_used_are_refused() {
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        for identity in
            [ServerIdentity::Name("not a name".into()), ServerIdentity::Fingerprint("0a:0b".into())]
        {
            let device = CallHomeDevice::new("x", identity);
            let error = CallHome::bind("127.0.0.1:0", vec![device], roots(), own()).await.unwrap_err();
            assert!(matches!(error, Error::BadCredentials(_)), "{error:?}");
        }
    }
}
