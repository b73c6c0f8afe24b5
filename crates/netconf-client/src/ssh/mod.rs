//! NETCONF over SSH (RFC 6242).
//!
//! The server's host key is always checked: against a known_hosts file, a SHA-256 fingerprint or a pinned key;
//! there is no way to accept any. Connecting, the login, and the hellos each have a limit of their own, and keepalives
//! notice a peer that is gone.
//!
//! The SSH is russh's. A connection that was made by `async-ssh2-tokio`, which wraps russh, is as good:
//! [`SshConnection::from_client`]. [`SshConnector`] does not make its connections by it, because it connects and logs in
//! by one call, so that neither can have a limit of its own, and does not tell why a connection ended.

mod auth;
mod call_home;
mod channel;
mod connection;
mod host_key;
mod login;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_ssh2_tokio::Client;
use russh::client::Handle;
use tokio::time::timeout;

pub use auth::Auth;
pub use call_home::{CALL_HOME_PORT, CallHome, CallHomeDevice, Called, Caller};
pub use host_key::{HostKey, HostKeyCheck, scan_host_key};

use crate::error::{Error, Phase};
use crate::session::{Session, SessionConfig};
use channel::{SshTransport, netconf_channel};
use connection::{Connection, Observed, Observer, reach};
use login::log_in;

/// The TCP port of NETCONF over SSH (RFC 6242, section 7).
pub const NETCONF_PORT: u16 = 830;

/// The server to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SshTarget {
    /// A name or an IP address, as it stands in known_hosts.
    pub host: String,
    /// The TCP port; [`NETCONF_PORT`] usually.
    pub port: u16,
}

impl SshTarget {
    /// A server by name or address, and port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        SshTarget { host: host.into(), port }
    }
}

/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SshTimeouts {
    /// Name resolution, TCP and the SSH handshake, together. 15 s.
    pub connect: Duration,
    /// The login, from the end of the handshake. 15 s.
    pub login: Duration,
    /// Opening the subsystem and exchanging hellos, from the end of the login. 20 s.
    pub hello: Duration,
    /// After this much silence the server is asked whether it is there. 15 s.
    pub keepalive_interval: Duration,
    /// After this many unanswered questions, and as much silence again, the session is lost, with
    /// [`LostCause::KeepaliveTimeout`](crate::LostCause::KeepaliveTimeout). 3, so after 60 s; 0 never gives up.
    pub keepalive_max: usize,
}

impl Default for SshTimeouts {
    fn default() -> Self {
        SshTimeouts {
            connect: Duration::from_secs(15),
            login: Duration::from_secs(15),
            hello: Duration::from_secs(20),
            keepalive_interval: Duration::from_secs(15),
            keepalive_max: 3,
        }
    }
}

/// Connects, logs in and opens a session, with defaults for everything else; see [`SshConnector`].
///
/// # Errors
/// As [`SshConnector::connect`] and [`SshConnection::session`].
pub async fn connect(
    target: SshTarget,
    username: impl Into<String>,
    auth: Auth,
    host_key: HostKeyCheck,
    timeouts: SshTimeouts,
) -> Result<Session, Error> {
    SshConnector::new(target, username, auth, host_key).timeouts(timeouts).session().await
}

/// Everything that is needed to connect; reusable.
#[derive(Debug, Clone)]
pub struct SshConnector {
    target: SshTarget,
    username: String,
    auth: Auth,
    host_key: HostKeyCheck,
    timeouts: SshTimeouts,
    legacy_algorithms: bool,
    session: SessionConfig,
}

impl SshConnector {
    /// What cannot be left out.
    pub fn new(target: SshTarget, username: impl Into<String>, auth: Auth, host_key: HostKeyCheck) -> Self {
        SshConnector {
            target,
            username: username.into(),
            auth,
            host_key,
            timeouts: SshTimeouts::default(),
            legacy_algorithms: false,
            session: SessionConfig::default(),
        }
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

    /// Also offer what only old devices need: diffie-hellman-group14-sha1, AES-CBC, HMAC-SHA1. Off by default.
    #[must_use]
    pub fn legacy_algorithms(mut self, offer: bool) -> Self {
        self.legacy_algorithms = offer;
        self
    }

    /// The server.
    pub fn target(&self) -> &SshTarget {
        &self.target
    }

    /// Connects and opens one session. The connection ends with the session.
    ///
    /// # Errors
    /// As [`SshConnector::connect`] and [`SshConnection::session`].
    pub async fn session(&self) -> Result<Session, Error> {
        // In boxes, so that what connecting needs is given back as soon as it is done, not when the caller's task ends.
        let connection = Box::pin(self.connect()).await?;
        Box::pin(connection.session()).await
    }

    /// Connects, checks the host key and logs in.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::HostKeyUnknown`], [`Error::HostKeyMismatch`], [`Error::KnownHosts`],
    /// [`Error::LoginRefused`], [`Error::BadCredentials`], [`Error::Timeout`], [`Error::Ssh`].
    pub async fn connect(&self) -> Result<SshConnection, Error> {
        let known = self.host_key.known(&self.target).await?;
        let mut config = connection::config(&self.timeouts);
        known.prefer(&mut config.preferred);
        if self.legacy_algorithms {
            offer_legacy(&mut config.preferred);
        }
        let limit = self.timeouts.connect;
        let reaching = reach(&self.target, config, Arc::new([known.clone()]));
        let outcome = timeout(limit, reaching).await.map_err(|_| late(Phase::Connect, limit))??;
        let mut connection = outcome.map_err(|shown| known.refusal(&self.target, &shown))?;
        let limit = self.timeouts.login;
        let login = log_in(&mut connection.handle, &self.username, &self.auth);
        timeout(limit, login).await.map_err(|_| late(Phase::Login, limit))??;
        Ok(SshConnection::new(connection, self.session.clone().hello_timeout(self.timeouts.hello)))
    }
}

fn offer_legacy(preferred: &mut russh::Preferred) {
    preferred.kex.to_mut().push(russh::kex::DH_G14_SHA1);
    let old = [russh::cipher::AES_128_CBC, russh::cipher::AES_192_CBC, russh::cipher::AES_256_CBC];
    preferred.cipher.to_mut().extend(old);
    preferred.mac.to_mut().push(russh::mac::HMAC_SHA1);
}

fn late(phase: Phase, after: Duration) -> Error {
    Error::Timeout { phase, after, safe_to_repeat: true }
}

/// A logged-in SSH connection; each of its sessions has a channel of its own. It ends when it and all its sessions
/// are dropped.
#[derive(Clone)]
pub struct SshConnection {
    link: Link,
    session: SessionConfig,
}

/// The connection itself.
#[derive(Clone)]
enum Link {
    Own(Arc<Handle<Observer>>, Arc<Observed>),
    Client(Client),
}

impl fmt::Debug for SshConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SshConnection").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl SshConnection {
    fn new(connection: Connection, session: SessionConfig) -> Self {
        SshConnection { link: Link::Own(Arc::new(connection.handle), connection.observed), session }
    }

    /// Sessions over a connection that the caller made by `async-ssh2-tokio`, whose host key the caller has checked. How
    /// they end is less well known: a peer that is gone is told as [`LostCause::EndOfStream`](crate::LostCause::EndOfStream).
    pub fn from_client(client: Client, session: SessionConfig) -> Self {
        SshConnection { link: Link::Client(client), session }
    }

    /// Opens a session in a channel of this connection.
    ///
    /// # Errors
    /// [`Error::NoNetconf`], and as [`Session::open`].
    pub async fn session(&self) -> Result<Session, Error> {
        let limit = self.session.hello_timeout;
        let opening = async { Session::open_transport(self.channel().await?, self.session.clone()).await };
        timeout(limit, opening).await.map_err(|_| late(Phase::Hello, limit))?
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        match &self.link {
            Link::Own(handle, _) => handle.is_closed(),
            Link::Client(client) => client.is_closed(),
        }
    }

    async fn channel(&self) -> Result<SshTransport, Error> {
        let (channel, observed) = match &self.link {
            Link::Own(handle, observed) => {
                let channel = handle.channel_open_session().await.map_err(|error| Error::Ssh(error.into()));
                (channel?, Arc::clone(observed))
            }
            Link::Client(client) => {
                let channel = client.get_channel().await.map_err(|error| Error::Ssh(error.into()));
                (channel?, Arc::default())
            }
        };
        let channel = netconf_channel(channel, &observed).await?;
        Ok(SshTransport::new(channel, self.link.clone(), observed))
    }
}
