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
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::time::timeout;

use super::connection::{config, shake_hands};
use super::host_key::{HostKeyCheck, Known, fingerprint};
use super::login::log_in;
use super::{Auth, SshConnection, SshTarget, SshTimeouts, late};
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
    /// `name` is the caller's own name for it. The host key is a fingerprint or a pinned key, no known_hosts file.
    pub fn new(
        name: impl Into<String>,
        host_key: HostKeyCheck,
        username: impl Into<String>,
        auth: Auth,
    ) -> Self {
        CallHomeDevice { name: name.into(), host_key, username: username.into(), auth }
    }
}

/// Listens for devices that call.
#[derive(Debug)]
pub struct CallHome {
    listener: TcpListener,
    /// The host key of each device, in their order.
    known: Arc<[Known]>,
    devices: Arc<[CallHomeDevice]>,
    timeouts: SshTimeouts,
    session: SessionConfig,
}

impl CallHome {
    /// Listens on an address; the port is [`CALL_HOME_PORT`] usually.
    ///
    /// # Errors
    /// [`Error::BadCredentials`] for a device whose host key cannot be used; [`Error::Connect`] if the address cannot
    /// be listened on.
    pub async fn bind(address: impl ToSocketAddrs, devices: Vec<CallHomeDevice>) -> Result<Self, Error> {
        let mut known = Vec::with_capacity(devices.len());
        for device in &devices {
            if matches!(device.host_key, HostKeyCheck::KnownHosts(_)) {
                let reason = "a device that calls home has no name to look for in known_hosts";
                return Err(Error::BadCredentials(reason.to_owned()));
            }
            known.push(device.host_key.known(&SshTarget::new(&device.name, CALL_HOME_PORT)).await?);
        }
        let failed = |source| Error::Connect { host: "the address to listen on".to_owned(), port: 0, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        Ok(CallHome {
            listener,
            known: known.into(),
            devices: devices.into(),
            timeouts: SshTimeouts::default(),
            session: SessionConfig::default(),
        })
    }

    /// Other time limits.
    #[must_use]
    pub fn timeouts(mut self, timeouts: SshTimeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How the sessions behave. Their hello limit is [`SshTimeouts::hello`].
    #[must_use]
    pub fn session_config(mut self, config: SessionConfig) -> Self {
        self.session = config;
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// As the operating system has it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits, without limit, for the next connection. Nothing is known of it yet; give [`Caller::session`] a task of
    /// its own, so that a caller that stays silent keeps nobody else waiting.
    ///
    /// # Errors
    /// As the operating system has it. Some pass (too many open files): the listener stays usable.
    pub async fn accept(&self) -> io::Result<Caller> {
        let (stream, address) = self.listener.accept().await?;
        Ok(Caller {
            stream,
            address,
            known: Arc::clone(&self.known),
            devices: Arc::clone(&self.devices),
            timeouts: self.timeouts,
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
    /// The host key of each device, in their order.
    known: Arc<[Known]>,
    devices: Arc<[CallHomeDevice]>,
    timeouts: SshTimeouts,
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
        let limit = self.timeouts.connect;
        let shake = shake_hands(self.stream, config(&self.timeouts), self.known);
        let outcome = timeout(limit, shake).await.map_err(|_| late(Phase::Connect, limit))?;
        let mut connection = outcome.map_err(|error| Error::Ssh(error.into()))?.map_err(|key| {
            let (host, port) = (self.address.ip().to_string(), self.address.port());
            Error::HostKeyUnknown { host, port, fingerprint: Some(fingerprint(&key)) }
        })?;
        let device = &self.devices[connection.known];
        let limit = self.timeouts.login;
        let login = log_in(&mut connection.handle, &device.username, &device.auth);
        timeout(limit, login).await.map_err(|_| late(Phase::Login, limit))??;
        let config = self.session.clone().hello_timeout(self.timeouts.hello);
        let session = SshConnection::new(connection, config).session().await?;
        Ok(Called { device: device.name.clone(), address: self.address, session })
    }
}
