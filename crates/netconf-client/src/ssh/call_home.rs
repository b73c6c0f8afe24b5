//! Call home (RFC 8071): the device opens the TCP connection, and is the SSH server on it all the same.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use netconf_client::ssh::{Auth, CallHome, CallHomeDevice, HostKeyCheck, SshTimeouts};
//!
//! let switch = CallHomeDevice::new(
//!     "switch-7",
//!     HostKeyCheck::Fingerprint("SHA256:…".into()),
//!     "admin",
//!     Auth::password("…"),
//! );
//! let listener = CallHome::bind("0.0.0.0:4334", vec![switch]).await?.timeouts(SshTimeouts::default());
//! let called = listener.accept().await?.session().await?;
//! println!("{} called from {}", called.device, called.address);
//! # Ok(())
//! # }
//! ```

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use russh::client::{DisconnectReason, Handler};
use russh::keys::{Algorithm, PublicKey};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;

use super::algorithms::offered;
use super::channel::{SshTransport, connection_error};
use super::guard::Guard;
use super::host_key::{HostKeyCheck, fingerprint, normal_fingerprint, parse_pinned};
use super::login::{Farewell, log_in};
use super::{Auth, SshTimeouts, ssh_config};
use crate::callers::{CallerLimits, Gate, Place};
use crate::error::{Error, Phase};
use crate::session::{Session, SessionConfig};

/// The TCP port devices call for NETCONF over SSH (RFC 8071, section 4.1).
pub const CALL_HOME_PORT: u16 = 4334;

/// A device that may call, known by its host key: the address it calls from proves nothing.
#[derive(Debug, Clone)]
pub struct CallHomeDevice {
    name: String,
    host_key: HostKeyCheck,
    username: String,
    auth: Auth,
}

impl CallHomeDevice {
    /// `name` is the caller's own name for it. The host key is a fingerprint or a pinned key, no known_hosts file. Of a device
    /// that has keys of several kinds, a fingerprint is to be that of the key it shows first, to a listener that asks first for
    /// the kinds of all keys pinned in it, and then as `ssh` does: Ed25519, ECDSA, RSA. A pinned key is asked for.
    pub fn new(
        name: impl Into<String>,
        host_key: HostKeyCheck,
        username: impl Into<String>,
        auth: Auth,
    ) -> Self {
        CallHomeDevice { name: name.into(), host_key, username: username.into(), auth }
    }
}

/// What a device's key is compared with.
#[derive(Debug)]
enum Known {
    Fingerprint(String),
    Key(Box<PublicKey>),
}

impl Known {
    fn is(&self, key: &PublicKey) -> bool {
        match self {
            Known::Fingerprint(print) => *print == fingerprint(key),
            Known::Key(known) => known.key_data() == key.key_data(),
        }
    }

    /// The kind of key, if that is known.
    fn algorithm(&self) -> Option<Algorithm> {
        match self {
            Known::Fingerprint(_) => None,
            Known::Key(known) => Some(known.algorithm()),
        }
    }
}

/// Listens for devices that call.
#[derive(Debug)]
pub struct CallHome {
    gate: Gate,
    devices: Arc<Vec<(Known, CallHomeDevice)>>,
    timeouts: SshTimeouts,
    legacy_algorithms: bool,
    session: SessionConfig,
}

impl CallHome {
    /// Listens on an address; the port is [`CALL_HOME_PORT`] usually.
    ///
    /// # Errors
    /// [`Error::BadCredentials`] for a device whose host key cannot be used; [`Error::Connect`] if the address cannot
    /// be listened on.
    pub async fn bind(address: impl ToSocketAddrs, devices: Vec<CallHomeDevice>) -> Result<Self, Error> {
        let known = |device: CallHomeDevice| {
            let known = match &device.host_key {
                HostKeyCheck::Fingerprint(text) => Known::Fingerprint(normal_fingerprint(text)?),
                HostKeyCheck::PinnedKey(text) => Known::Key(Box::new(parse_pinned(text)?)),
                HostKeyCheck::KnownHosts(_) => {
                    let reason = "a device that calls home has no name to look for in known_hosts";
                    return Err(Error::BadCredentials(reason.to_owned()));
                }
            };
            Ok((known, device))
        };
        let devices = Arc::new(devices.into_iter().map(known).collect::<Result<_, Error>>()?);
        let gate = Gate::bind(address).await?;
        let (timeouts, session) = (SshTimeouts::default(), SessionConfig::default());
        Ok(CallHome { gate, devices, timeouts, legacy_algorithms: false, session })
    }

    /// Other time limits.
    #[must_use]
    pub fn timeouts(mut self, timeouts: SshTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Also offer what only old devices need; see [`SshConnector::legacy_algorithms`](super::SshConnector::legacy_algorithms).
    /// Off by default.
    #[must_use]
    pub fn legacy_algorithms(mut self, offer: bool) -> Self {
        self.legacy_algorithms = offer;
        self
    }

    /// How the sessions behave. Their hello limit is [`SshTimeouts::hello`].
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

    /// Waits, without limit, for the next connection, and for room among the callers. Nothing is known of it yet; give [`Caller::session`] a task of
    /// its own, so that a caller that stays silent keeps nobody else waiting.
    ///
    /// # Errors
    /// As the operating system has it. Some pass (too many open files): the listener stays usable. A caller that is gone
    /// already is none.
    pub async fn accept(&self) -> io::Result<Caller> {
        let (stream, address, place) = self.gate.accept().await?;
        Ok(Caller {
            stream,
            address,
            place,
            devices: Arc::clone(&self.devices),
            timeouts: self.timeouts,
            legacy_algorithms: self.legacy_algorithms,
            session: self.session.clone(),
        })
    }
}

/// A TCP connection that somebody opened.
#[derive(Debug)]
pub struct Caller {
    stream: TcpStream,
    /// Where it comes from.
    pub address: SocketAddr,
    place: Place,
    devices: Arc<Vec<(Known, CallHomeDevice)>>,
    timeouts: SshTimeouts,
    legacy_algorithms: bool,
    session: SessionConfig,
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
    /// Finds out by its host key which device it is, logs in and opens a session.
    ///
    /// # Errors
    /// [`Error::HostKeyUnknown`] for a key no device has; as [`SshConnector::session`](super::SshConnector::session).
    pub async fn session(self) -> Result<Called, Error> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let farewell = Farewell::default();
        let devices = Arc::clone(&self.devices);
        let identify = Identify { devices, seen: Arc::clone(&seen), farewell: farewell.clone() };
        // Of the kinds a device may have, it shows the first that is asked for.
        let known: Vec<_> = self.devices.iter().filter_map(|(known, _)| known.algorithm()).collect();
        let config = ssh_config(&self.timeouts, offered(self.legacy_algorithms, &known));
        let late = |phase, after| move |_| Error::Timeout { phase, after, safe_to_repeat: true };
        let limit = self.timeouts.connect;
        let (stream, guard) = Guard::over(self.stream).map_err(|error| Error::Ssh(error.into()))?;
        let shake = russh::client::connect_stream(Arc::new(config), stream, identify);
        let outcome = timeout(limit, shake).await.map_err(late(Phase::Connect, limit))?;
        let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        let (host, port) = (self.address.ip().to_string(), self.address.port());
        let (mut handle, device) = match (outcome, seen.device) {
            (Ok(handle), Some(at)) => (handle, &self.devices[at].1),
            (_, None) if seen.fingerprint.is_some() => {
                return Err(Error::HostKeyUnknown { host, port, fingerprint: seen.fingerprint });
            }
            (Err(error), _) => return Err(farewell.no_handshake(error, &host, port)),
            (Ok(_), None) => return Err(Error::Ssh("the handshake ended without a host key".into())),
        };
        let limit = self.timeouts.login;
        let login = log_in(&mut handle, &device.username, &device.auth, &farewell);
        timeout(limit, login).await.map_err(late(Phase::Login, limit))??;
        guard.release();
        let begun = tokio::time::Instant::now();
        let limit = self.timeouts.hello;
        let opening = async {
            let channel = handle.channel_open_session().await.map_err(connection_error)?;
            SshTransport::over(channel, handle).start().await
        };
        let transport = timeout(limit, opening).await.map_err(late(Phase::Hello, limit))??;
        let mut config = self.session.clone();
        config.hello_timeout = limit.saturating_sub(begun.elapsed());
        let session = Session::open_transport(transport, config).await?;
        drop(self.place);
        Ok(Called { device: device.name.clone(), address: self.address, session })
    }
}

/// What the host key told.
#[derive(Default)]
struct Seen {
    fingerprint: Option<String>,
    device: Option<usize>,
}

/// Looks for the device that has the host key.
struct Identify {
    devices: Arc<Vec<(Known, CallHomeDevice)>>,
    seen: Arc<Mutex<Seen>>,
    farewell: Farewell,
}

impl Handler for Identify {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKey) -> Result<bool, russh::Error> {
        let device = self.devices.iter().position(|(known, _)| known.is(key));
        let seen = Seen { fingerprint: Some(fingerprint(key)), device };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        Ok(device.is_some())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<russh::Error>) -> Result<(), russh::Error> {
        self.farewell.note(reason)
    }
}
