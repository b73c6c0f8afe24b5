//! NETCONF over SSH (RFC 6242), by `async-ssh2-tokio`.
//!
//! The server's host key is always checked: against a known_hosts file, a SHA-256 fingerprint or a pinned key;
//! there is no way to accept any. Name resolution, connecting, login, and the hellos each end within a limit, and
//! keepalives notice a peer that is gone.

mod algorithms;
mod auth;
mod call_home;
mod channel;
mod guard;
mod host_key;
mod hung;
mod let_in;
mod link;
mod login;
mod memory;

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_ssh2_tokio::{Client, ToSocketAddrsWithHostname};
use tokio::time::timeout;

pub use crate::callers::CallerLimits;
pub use auth::Auth;
pub use call_home::{CALL_HOME_PORT, CallHome, CallHomeDevice, Called, Caller};
pub use host_key::{HostKey, HostKeyCheck, scan_host_key};

use crate::error::{Error, Phase};
use crate::session::{Session, SessionConfig};
use host_key::{Expected, scan_at};
use link::Link;

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

/// More than this the SSH library's clock may not be able to count.
const YEAR: Duration = Duration::from_hours(24 * 365);

/// How long each step may take; any limit will do, `Duration::MAX` for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SshTimeouts {
    /// Name resolution, and then TCP and the SSH handshake. 15 s. The SSH library does handshake and login in one go and
    /// does not tell how far it is: once this limit is over, the server is asked for its host key on a second connection,
    /// and if that takes longer than this limit or half of the next, this is an [`Error::Timeout`] in
    /// [`Phase::Connect`].
    pub connect: Duration,
    /// The login, 15 s; handshake and login together end within the sum of this limit and `connect`. Where a refusal is not believed
    /// at once (see [`SshConnector`]), the second attempt has the same limits again.
    pub login: Duration,
    /// Opening the subsystem and exchanging hellos, from the end of the login. 20 s.
    pub hello: Duration,
    /// After this much silence the server is asked whether it is there; zero for never. 15 s. The SSH library asks nothing
    /// while it waits for the server to take what was sent: one that vanishes, or stops reading, with the send buffer full (a
    /// large edit-config) is noticed by the limit of the call, and by TCP.
    pub keepalive_interval: Duration,
    /// After this many unanswered questions the session is lost; 0 for never. 3.
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
///
/// A server that tells its version and then hangs in the key exchange is given up after [`SshTimeouts::connect`], but not by the
/// SSH library (async-ssh2-tokio 0.13 with russh 0.62), which opens the TCP connection itself: a task of its own keeps the
/// connection until the server goes on or closes it, and a processor busy once [`SshTimeouts::keepalive_interval`] is over. Only
/// attempts that were under way when it began to hang leave one: until the server answers again, further ones only look at it,
/// as [`scan_host_key`] does, which leaves nothing behind. A connection that is cut during the login by a server that is
/// still there is an [`Error::LoginRefused`] for the same reason: the library does not tell the one from the other. With
/// keyboard-interactive it does. A server that has let the user in before is tried once more before its refusal is told.
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

    /// Also offer what only old devices need: diffie-hellman-group14-sha1 and -group-exchange-sha1, ssh-rsa as host key
    /// (signed with SHA-1), AES-CBC, HMAC-SHA1. Off by default.
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
        let limit = self.timeouts.connect;
        let route =
            timeout(limit, Route::find(&self.target)).await.map_err(|_| late(Phase::Connect, limit))??;
        let expected = self.host_key.expected(&self.target, &route, limit).await?;
        if hung::did(&self.target) {
            let offered = algorithms::offered(self.legacy_algorithms, &expected.algorithms);
            Box::pin(scan_at(&route, limit, offered)).await?;
        }
        let mut outcome = self.log_in(&route, &expected).await?;
        if outcome.as_ref().is_err_and(auth::is_refusal) && let_in::before(&self.target, &self.username) {
            outcome = Box::pin(self.log_in(&route, &expected)).await?;
        }
        match outcome {
            Ok(client) => {
                let_in::now(&self.target, &self.username);
                let mut session = self.session.clone();
                session.hello_timeout = self.timeouts.hello;
                Ok(SshConnection::from_client(client, session))
            }
            Err(error) => {
                let error = Box::pin(self.explained(error, &expected, &route)).await;
                if matches!(error, Error::LoginRefused { .. }) {
                    let_in::not_any_more(&self.target, &self.username);
                }
                Err(error)
            }
        }
    }

    /// Logs in by the SSH library; what it says.
    async fn log_in(
        &self,
        route: &Route,
        expected: &Expected,
    ) -> Result<Result<Client, async_ssh2_tokio::Error>, Error> {
        let config = self.ssh_config(&expected.algorithms);
        let method = self.auth.method().await?;
        let limit = self.timeouts.connect.saturating_add(self.timeouts.login);
        let attempt = hung::Attempt::begin(&self.target);
        let login = Client::connect_with_config(
            route.clone(),
            &self.username,
            method,
            expected.method.clone(),
            config,
        );
        // Pinned at once: moved into a branch of `select!`, it would take its room, some 5 kB, once more.
        let mut login = pin!(timeout(limit, login));
        let outcome = tokio::select! {
            outcome = &mut login => outcome,
            after = self.no_handshake(route) => return Err(late(Phase::Connect, after)),
        };
        attempt.over();
        outcome.map_err(|_| late(Phase::Login, limit))
    }

    /// What the SSH library's error means. It hands out no key with a refusal of the key, and tells a login that was cut as one that
    /// was refused: the server is asked once more for its key, to be able to name it, and to see whether it is there.
    async fn explained(&self, error: async_ssh2_tokio::Error, expected: &Expected, route: &Route) -> Error {
        let offered = algorithms::offered(self.legacy_algorithms, &expected.algorithms);
        let shown = || scan_at(route, self.timeouts.connect, offered);
        if expected.refuses(&error) {
            return host_key::mismatch(&self.target, shown().await.ok());
        }
        let error = auth::login_error(error, &self.target, &self.username);
        if !matches!(error, Error::LoginRefused { .. }) {
            return error;
        }
        shown().await.err().filter(Error::is_retryable).unwrap_or(error)
    }

    /// Ends when the server has shown twice that it makes no handshake. The SSH library does not tell how far it is with
    /// a connection, so once the limit is over the server is asked for its host key on another.
    async fn no_handshake(&self, route: &Route) -> Duration {
        let limit = self.timeouts.connect;
        tokio::time::sleep(limit).await;
        // In a box, so that a connection that needs none of this has no room for it.
        let offered = algorithms::offered(true, &[]);
        match Box::pin(scan_at(route, limit.min(self.timeouts.login / 2), offered)).await {
            Err(Error::Timeout { .. }) => limit,
            _ => std::future::pending().await,
        }
    }

    fn ssh_config(&self, known: &[russh::keys::Algorithm]) -> russh::client::Config {
        ssh_config(&self.timeouts, algorithms::offered(self.legacy_algorithms, known))
    }
}

fn ssh_config(timeouts: &SshTimeouts, preferred: russh::Preferred) -> russh::client::Config {
    russh::client::Config {
        preferred,
        nodelay: true,
        keepalive_interval: Some(timeouts.keepalive_interval.min(YEAR))
            .filter(|interval| !interval.is_zero()),
        keepalive_max: timeouts.keepalive_max,
        ..russh::client::Config::default()
    }
}

fn late(phase: Phase, after: Duration) -> Error {
    Error::Timeout { phase, after, safe_to_repeat: true }
}

/// A logged-in SSH connection; each of its sessions has a channel of its own. It ends when it and all its sessions
/// are dropped.
///
/// The channels come over one TCP connection: a streamed reply that nobody reads holds up, once the buffers are full, all
/// sessions of the connection, keepalives included. Whoever may pause while reading one takes a connection of its own.
#[derive(Debug, Clone)]
pub struct SshConnection {
    link: Arc<Link>,
    session: SessionConfig,
}

impl SshConnection {
    /// Sessions over a connection that the caller made, whose host key the caller has checked.
    pub fn from_client(client: Client, session: SessionConfig) -> Self {
        SshConnection { link: Arc::new(Link::over(client)), session }
    }

    /// Opens a session in a channel of this connection.
    ///
    /// # Errors
    /// [`Error::NoNetconf`], and as [`Session::open`].
    pub async fn session(&self) -> Result<Session, Error> {
        let limit = self.session.hello_timeout;
        let opening = async {
            let transport = self.link.channel().await?.start().await?;
            Session::open_transport(transport, self.session.clone()).await
        };
        timeout(limit, opening).await.map_err(|_| late(Phase::Hello, limit))?
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.link.is_closed()
    }
}

/// A resolved target: all addresses, and the name that stands in known_hosts.
#[derive(Debug, Clone)]
struct Route {
    host: String,
    addresses: Vec<SocketAddr>,
}

impl Route {
    async fn find(target: &SshTarget) -> Result<Self, Error> {
        let failed = |source| Error::Connect { host: target.host.clone(), port: target.port, source };
        let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await.map_err(failed)?;
        let addresses: Vec<SocketAddr> = found.collect();
        if addresses.is_empty() {
            return Err(failed(io::Error::new(io::ErrorKind::NotFound, "the name has no address")));
        }
        Ok(Route { host: target.host.clone(), addresses })
    }
}

impl ToSocketAddrsWithHostname for Route {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(self.addresses.clone())
    }

    fn hostname(&self) -> String {
        self.host.clone()
    }
}
