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
use tokio::net::TcpListener;
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

/// A server for one session: hello, one reply.
async fn serve() -> u16 {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots())).build().unwrap();
    let config = ServerConfig::builder().with_client_cert_verifier(verifier);
    let config = config.with_single_cert(certificates("server"), private("server")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
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
            if stream.read_buf(&mut seen).await.unwrap() == 0 {
                return;
            }
        }
        stream.write_all(&out).await.unwrap();
        stream.flush().await.unwrap();
        // Until the client goes.
        let _ = stream.read_buf(&mut seen).await;
    });
    port
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
