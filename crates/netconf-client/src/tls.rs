//! NETCONF over TLS with mutual authentication (RFC 7589), by rustls.
//!
//! The caller makes the `rustls::ClientConfig`: the roots the server's certificate is checked against, and the
//! client's own certificate, from which the server derives the user name. There is nothing here to weaken it.
//!
//! TLS has no keepalives, but TCP has: a server's host that vanishes without a word is noticed by
//! [`TlsTimeouts::keepalive_interval`], on Linux also when something is under way to it. A server that hangs on a host which still answers is noticed when a call runs out of
//! time, and by a reader of notifications not at all. Whoever only listens sends a call now and then (a
//! [`Get`](crate::ops::Get) with an empty filter, as `:interleave` allows it).
//!
//! ```no_run
//! # async fn example(config: std::sync::Arc<netconf_client::tls::rustls::ClientConfig>) -> Result<(), netconf_client::Error> {
//! use netconf_client::SessionConfig;
//! use netconf_client::tls::{TlsTarget, TlsTimeouts, connect};
//!
//! let target = TlsTarget::new("switch.example.net", 6513);
//! let session = connect(&target, config, TlsTimeouts::default(), SessionConfig::default()).await?;
//! # Ok(())
//! # }
//! ```

mod call_home;
mod known;

use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use tokio_rustls::rustls;

use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

pub use crate::callers::CallerLimits;
pub use call_home::{CALL_HOME_TLS_PORT, CallHome, CallHomeDevice, Called, Caller, OwnCertificate};
pub use known::ServerIdentity;

use crate::error::{Error, Phase};
use crate::session::{Session, SessionConfig};

/// The TCP port of NETCONF over TLS (RFC 7589, section 3).
pub const NETCONF_TLS_PORT: u16 = 6513;

/// The server to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TlsTarget {
    /// A name or an IP address. The server's certificate must be for it (RFC 7589, section 6).
    pub host: String,
    /// The TCP port; [`NETCONF_TLS_PORT`] usually.
    pub port: u16,
}

impl TlsTarget {
    /// A server by name or address, and port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        TlsTarget { host: host.into(), port }
    }
}

/// How long each step may take; the hellos have [`SessionConfig::hello_timeout`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsTimeouts {
    /// Name resolution and TCP. 15 s.
    pub connect: Duration,
    /// The TLS handshake. 15 s.
    pub handshake: Duration,
    /// Silence after which the server's host is asked by TCP whether it is there, and between two times: 1 to 32767 s, to which
    /// others are rounded. 15 s.
    pub keepalive_interval: Duration,
    /// Times that it may leave unanswered until the session is lost, where the system can set this (Linux, macOS, Windows
    /// can): 1 to 127, to which others are rounded. 3. On Linux a host that does not confirm what was sent, or has no room
    /// for it, is given as much time as one that is silent; elsewhere it is given what TCP gives it, often a quarter of an hour.
    pub keepalive_max: u32,
}

impl Default for TlsTimeouts {
    fn default() -> Self {
        let limit = Duration::from_secs(15);
        TlsTimeouts { connect: limit, handshake: limit, keepalive_interval: limit, keepalive_max: 3 }
    }
}

/// Connects, checks the server's certificate, shows the client's own and opens a session.
///
/// With TLS 1.3 a server that refuses the client's certificate says so after the handshake: the error is then
/// [`Error::SessionLost`] with the alert's text.
///
/// # Errors
/// [`Error::Connect`], [`Error::Tls`], [`Error::Timeout`], and as [`Session::open`].
pub async fn connect(
    target: &TlsTarget,
    tls: Arc<rustls::ClientConfig>,
    timeouts: TlsTimeouts,
    session: SessionConfig,
) -> Result<Session, Error> {
    let late = |phase, after| move |_| Error::Timeout { phase, after, safe_to_repeat: true };
    let failed = |source| Error::Connect { host: target.host.clone(), port: target.port, source };
    let name = ServerName::try_from(target.host.clone()).map_err(|error| Error::Tls(error.into()))?;
    let limit = timeouts.connect;
    let stream = TcpStream::connect((target.host.as_str(), target.port));
    let stream = timeout(limit, stream).await.map_err(late(Phase::Connect, limit))?.map_err(failed)?;
    set_up(&stream, timeouts).map_err(failed)?;
    let limit = timeouts.handshake;
    let shake = TlsConnector::from(tls).connect(name, stream);
    let stream = timeout(limit, shake).await.map_err(late(Phase::Login, limit))?;
    Session::open(stream.map_err(|error| Error::Tls(error.into()))?, session).await
}

/// Small packets at once, and keepalives; with what is sent and not confirmed it is the same.
fn set_up(stream: &TcpStream, timeouts: TlsTimeouts) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // What Linux takes.
    let interval = timeouts.keepalive_interval.clamp(Duration::from_secs(1), Duration::from_secs(32_767));
    let retries = timeouts.keepalive_max.clamp(1, 127);
    let keepalive = TcpKeepalive::new().with_time(interval).with_interval(interval);
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
    let keepalive = keepalive.with_retries(retries);
    let socket = SockRef::from(stream);
    // Nothing is asked while something sent is not confirmed. The system counts milliseconds, up to 24 days.
    #[cfg(target_os = "linux")]
    socket
        .set_tcp_user_timeout(Some((interval * (retries + 1)).min(Duration::from_millis(i32::MAX as u64))))?;
    socket.set_tcp_keepalive(&keepalive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_is_told_of_the_keepalives() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let timeouts =
            TlsTimeouts { keepalive_interval: Duration::from_millis(7_500), ..TlsTimeouts::default() };
        set_up(&stream, timeouts).unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap() && stream.nodelay().unwrap());
        // The system counts whole seconds.
        #[cfg(target_os = "linux")]
        assert_eq!(
            (
                socket.tcp_keepalive_time().unwrap(),
                socket.tcp_keepalive_interval().unwrap(),
                socket.tcp_keepalive_retries().unwrap()
            ),
            (Duration::from_secs(7), Duration::from_secs(7), 3)
        );
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(30)));
    }

    #[tokio::test]
    async fn any_keepalives_can_be_asked_for() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        for (keepalive_interval, keepalive_max) in [(Duration::ZERO, 0), (Duration::MAX, u32::MAX)] {
            let timeouts = TlsTimeouts { keepalive_interval, keepalive_max, ..TlsTimeouts::default() };
            set_up(&stream, timeouts).unwrap();
        }
    }
}
