//! One SSH connection from its TCP stream to the end of its handshake, and what is learned about it on the way.
//!
//! This is russh itself: `async-ssh2-tokio`, which wraps it, connects, checks the host key and logs in by one call, so
//! that neither can have a limit of its own, and it keeps to itself why a connection ended.

use std::io;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use russh::client::{Config, DisconnectReason, Handle, Handler};
use russh::keys::PublicKey;
use tokio::net::TcpStream;

use super::host_key::Known;
use super::{SshTarget, SshTimeouts};
use crate::error::{Error, LostCause};

/// The SSH library's configuration, with what every connection here has.
pub(super) fn config(timeouts: &SshTimeouts) -> Config {
    Config {
        nodelay: true,
        keepalive_interval: Some(timeouts.keepalive_interval),
        keepalive_max: timeouts.keepalive_max,
        ..Config::default()
    }
}

/// A connection that has a host key that is known; nobody is logged in yet.
pub(super) struct Connection {
    pub(super) handle: Handle<Observer>,
    pub(super) observed: Arc<Observed>,
    /// Which of the known keys the server has.
    pub(super) known: usize,
}

/// A connection, or the key that the server showed and that is none of the known ones.
pub(super) type Outcome = Result<Connection, PublicKey>;

/// Resolves the name, connects to the first of its addresses that answers, and shakes hands. Has no limit of its own.
pub(super) async fn reach(target: &SshTarget, config: Config, known: Arc<[Known]>) -> Result<Outcome, Error> {
    let failed = |source| Error::Connect { host: target.host.clone(), port: target.port, source };
    let stream = TcpStream::connect((target.host.as_str(), target.port)).await.map_err(failed)?;
    shake_hands(stream, config, known).await.map_err(|error| match error {
        russh::Error::IO(source) => failed(source),
        other => Error::Ssh(other.into()),
    })
}

/// Shakes hands on a stream whose other end is an SSH server. Has no limit of its own.
pub(super) async fn shake_hands(
    stream: TcpStream,
    config: Config,
    known: Arc<[Known]>,
) -> Result<Outcome, russh::Error> {
    stream.set_nodelay(true)?;
    let observed = Arc::new(Observed::default());
    let observer = Observer { known, observed: Arc::clone(&observed) };
    let outcome = russh::client::connect_stream(Arc::new(config), stream, observer).await;
    match (outcome, observed.shown.get()) {
        (Ok(handle), Some((_, Some(known)))) => {
            let known = *known;
            Ok(Ok(Connection { handle, known, observed }))
        }
        (_, Some((key, None))) => Ok(Err(key.clone())),
        (Err(error), _) => Err(error),
        // A handshake without a key: the library does not do that.
        (Ok(_), None) => Err(russh::Error::UnknownKey),
    }
}

/// What the connection's task has seen of it.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// The server's host key, and which of the known ones it is.
    shown: OnceLock<(PublicKey, Option<usize>)>,
    /// Why the connection ended; set before its channels end.
    ended: OnceLock<LostCause>,
}

impl Observed {
    /// Why the connection ended, for all that is known of it.
    pub(super) fn cause(&self) -> LostCause {
        self.ended.get().cloned().unwrap_or(LostCause::EndOfStream)
    }

    /// What the end of the stream means, as a reader has to say it: an error, or the empty bytes of an ordinary end.
    pub(super) fn end_of_stream(&self) -> io::Result<Bytes> {
        match self.cause() {
            LostCause::EndOfStream => Ok(Bytes::new()),
            cause => Err(io::Error::other(cause)),
        }
    }

    /// What an error of a channel means: mostly no more than that the connection is gone.
    pub(super) fn error(&self, error: russh::Error) -> io::Error {
        if matches!(error, russh::Error::SendError) {
            return io::Error::other(self.cause());
        }
        io::Error::other(error)
    }
}

/// Checks the host key and keeps what is to be known of the connection.
pub(super) struct Observer {
    known: Arc<[Known]>,
    observed: Arc<Observed>,
}

impl Handler for Observer {
    type Error = russh::Error;

    /// Called again when keys are exchanged anew: the server must then have the same key still.
    async fn check_server_key(&mut self, key: &PublicKey) -> Result<bool, russh::Error> {
        let (first, known) = self
            .observed
            .shown
            .get_or_init(|| (key.clone(), self.known.iter().position(|known| known.is(key))));
        Ok(known.is_some() && first.key_data() == key.key_data())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<russh::Error>) -> Result<(), russh::Error> {
        let cause = match reason {
            DisconnectReason::ReceivedDisconnect(_) => LostCause::EndOfStream,
            DisconnectReason::Error(error) => ended_by(error),
        };
        self.observed.ended.get_or_init(|| cause);
        Ok(())
    }
}

fn ended_by(error: russh::Error) -> LostCause {
    match error {
        russh::Error::KeepaliveTimeout => LostCause::KeepaliveTimeout,
        russh::Error::IO(error) if error.kind() == io::ErrorKind::UnexpectedEof => LostCause::EndOfStream,
        russh::Error::IO(error) => error.into(),
        russh::Error::Disconnect | russh::Error::HUP => LostCause::EndOfStream,
        other => LostCause::Io { kind: io::ErrorKind::InvalidData, message: other.to_string() },
    }
}
