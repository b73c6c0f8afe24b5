//! Call home over TLS (RFC 8071, RFC 7589): the device opens the TCP connection, and is the TLS server on it all the same.
//!
//! ```no_run
//! # async fn example(
//! #     roots: netconf_client::tls::rustls::RootCertStore,
//! #     own: netconf_client::tls::OwnCertificate,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! use netconf_client::tls::{CallHome, CallHomeDevice, ServerIdentity};
//!
//! let switch = CallHomeDevice::new("switch-7", ServerIdentity::Name("switch-7.example.net".into()));
//! let listener = CallHome::bind("0.0.0.0:4335", vec![switch], roots, own).await?;
//! loop {
//!     let caller = listener.accept().await?;
//!     tokio::spawn(async move {
//!         match caller.session().await {
//!             Ok(called) => println!("{} called from {}", called.device, called.address),
//!             Err(error) => println!("a caller was refused: {error}"),
//!         }
//!     });
//! }
//! # }
//! ```

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;
use tokio_rustls::{TlsConnector, rustls};

use super::known::{Devices, Known, ServerIdentity};
use super::{TlsTimeouts, set_up};
use crate::callers::{CallerLimits, Gate, Place};
use crate::error::{Error, Phase};
use crate::session::{Session, SessionConfig};

/// The TCP port devices call for NETCONF over TLS (RFC 8071, section 6).
pub const CALL_HOME_TLS_PORT: u16 = 4335;

/// A device that may call, known by its certificate: the address it calls from proves nothing.
#[derive(Debug, Clone)]
pub struct CallHomeDevice {
    name: String,
    identity: ServerIdentity,
}

impl CallHomeDevice {
    /// `name` is the caller's own name for it.
    pub fn new(name: impl Into<String>, identity: ServerIdentity) -> Self {
        CallHomeDevice { name: name.into(), identity }
    }
}

/// What this side shows the devices, from which they derive the user name (RFC 7589, section 7).
#[derive(Debug)]
pub struct OwnCertificate {
    /// The certificate, then those that signed it.
    pub chain: Vec<CertificateDer<'static>>,
    /// The certificate's private key.
    pub key: PrivateKeyDer<'static>,
}

/// Listens for devices that call.
#[derive(Debug)]
pub struct CallHome {
    gate: Gate,
    shared: Arc<Shared>,
    timeouts: TlsTimeouts,
    session: SessionConfig,
}

#[derive(Debug)]
struct Shared {
    names: Vec<String>,
    devices: Arc<Devices>,
    tls: Arc<ClientConfig>,
}

impl CallHome {
    /// Listens on an address; the port is [`CALL_HOME_TLS_PORT`] usually. `roots` are the authorities that sign the
    /// certificates of devices known by [`ServerIdentity::Name`].
    ///
    /// # Errors
    /// [`Error::BadCredentials`] for an identity or a certificate that cannot be used, or if rustls has no default crypto
    /// provider; [`Error::Connect`] if the address cannot be listened on.
    pub async fn bind(
        address: impl ToSocketAddrs,
        devices: Vec<CallHomeDevice>,
        roots: RootCertStore,
        own: OwnCertificate,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared::new(devices, roots, own)?);
        let gate = Gate::bind(address).await?;
        Ok(CallHome { gate, shared, timeouts: TlsTimeouts::default(), session: SessionConfig::default() })
    }

    /// Other time limits; that on connecting has no meaning here.
    #[must_use]
    pub fn timeouts(mut self, timeouts: TlsTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How the sessions behave.
    #[must_use]
    pub fn session_config(mut self, config: SessionConfig) -> Self {
        self.session = config;
        self
    }

    /// Other numbers of callers.
    #[must_use]
    pub fn limits(mut self, limits: CallerLimits) -> Self {
        self.gate.limit(limits);
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// As the operating system has it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.gate.local_addr()
    }

    /// Waits, without limit, for the next connection, and for room among the callers. Nothing is known of it yet; give
    /// [`Caller::session`] a task of its own, so that a caller that stays silent keeps nobody else waiting.
    ///
    /// # Errors
    /// As the operating system has it. Some pass (too many open files): the listener stays usable. A caller that is gone
    /// already is none.
    pub async fn accept(&self) -> io::Result<Caller> {
        let (stream, address, place) = self.gate.accept().await?;
        let (timeouts, session) = (self.timeouts, self.session.clone());
        let shared = Arc::clone(&self.shared);
        Ok(Caller { stream, address, shared, timeouts, session, place })
    }
}

impl Shared {
    fn new(devices: Vec<CallHomeDevice>, roots: RootCertStore, own: OwnCertificate) -> Result<Self, Error> {
        let known = devices.iter().map(|device| Known::read(&device.identity)).collect::<Result<_, _>>()?;
        let names = devices.into_iter().map(|device| device.name).collect();
        let provider = CryptoProvider::get_default();
        let provider = provider.ok_or_else(|| {
            Error::BadCredentials("rustls has no crypto provider: install a default one".to_owned())
        })?;
        let unusable = |error: rustls::Error| Error::BadCredentials(format!("the certificate: {error}"));
        let devices = Arc::new(Devices { known, roots, provider: Arc::clone(provider) });
        let mut tls = ClientConfig::builder_with_provider(Arc::clone(provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&devices) as _)
            .with_client_auth_cert(own.chain, own.key)
            .map_err(unusable)?;
        // There is no name to ask for. A resumed session would be told by its address alone, and not be checked again.
        tls.enable_sni = false;
        tls.resumption = Resumption::disabled();
        Ok(Shared { names, devices, tls: Arc::new(tls) })
    }
}

/// A TCP connection that somebody opened. Dropping it closes it.
#[derive(Debug)]
pub struct Caller {
    stream: TcpStream,
    /// Where it comes from.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    timeouts: TlsTimeouts,
    session: SessionConfig,
    place: Place,
}

/// A session with a device that called.
#[derive(Debug)]
#[non_exhaustive]
pub struct Called {
    /// The device's name, as it was given.
    pub device: String,
    /// Where it called from.
    pub address: SocketAddr,
    /// The session. The connection ends with it.
    pub session: Session,
}

impl Caller {
    /// Finds out by its certificate which device it is, shows the own certificate and opens a session.
    ///
    /// # Errors
    /// [`Error::Timeout`] in [`Phase::Login`] and [`Phase::Hello`]; [`Error::Tls`] for what is no TLS, and for a certificate
    /// that no device has, whose fingerprint is then in the error's source; as [`Session::open`].
    pub async fn session(self) -> Result<Called, Error> {
        let Caller { stream, address, shared, timeouts, session, place } = self;
        set_up(&stream, timeouts).map_err(|error| Error::Tls(error.into()))?;
        let limit = timeouts.handshake;
        let name = ServerName::IpAddress(address.ip().into());
        let shake = TlsConnector::from(Arc::clone(&shared.tls)).connect(name, stream);
        let stream = timeout(limit, shake)
            .await
            .map_err(|_| Error::Timeout { phase: Phase::Login, after: limit, safe_to_repeat: true })?
            .map_err(|error| Error::Tls(error.into()))?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let found = shown.and_then(|certificate| shared.devices.find(certificate));
        let device = found.ok_or_else(|| Error::Tls("the handshake ended without a certificate".into()))?;
        let session = Session::open(stream, session).await?;
        drop(place);
        Ok(Called { device: shared.names[device].clone(), address, session })
    }
}
