//! What can go wrong, and what is known about it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::framing::FramingError;
use crate::hello::HelloError;
use crate::rpc_error::RpcError;

/// The error of everything in this crate that talks to a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name could not be resolved or the connection not be made.
    #[error("cannot connect to {host} port {port}")]
    Connect {
        /// The host as given.
        host: String,
        /// The TCP port.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A time limit passed.
    #[error("{phase} took longer than {} s{}", after.as_secs_f32(), effect(*safe_to_repeat))]
    Timeout {
        /// What took so long.
        phase: Phase,
        /// The limit.
        after: Duration,
        /// Whether nothing can have changed on the server.
        safe_to_repeat: bool,
    },
    /// Nothing says which key the host should have; `fingerprint` is what it showed, if it could be asked.
    #[error(
        "the host key of {host} port {port} is not known ({}): compare it with the device's own, then add it to known_hosts",
        shown(fingerprint)
    )]
    HostKeyUnknown {
        /// The host as given.
        host: String,
        /// The TCP port.
        port: u16,
        /// The key's SHA-256 fingerprint, `SHA256:` and base64 without padding.
        fingerprint: Option<String>,
    },
    /// The host showed another key than the one it should have. Somebody may be in the middle.
    #[error(
        "the host key of {host} port {port} is not the expected one ({}): find out why before it is trusted",
        shown(fingerprint)
    )]
    HostKeyMismatch {
        /// The host as given.
        host: String,
        /// The TCP port.
        port: u16,
        /// The shown key's SHA-256 fingerprint.
        fingerprint: Option<String>,
    },
    /// The known_hosts file cannot be read or has a line that is no host key.
    #[error("cannot use the known_hosts file {}: {reason}", path.display())]
    KnownHosts {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The server did not accept the login.
    #[error("login as {username} was refused: {reason}")]
    LoginRefused {
        /// The user name.
        username: String,
        /// The method that failed; never the secret.
        reason: String,
    },
    /// A private key, pinned key or fingerprint of the caller's cannot be used.
    #[error("unusable credentials or key: {0}")]
    BadCredentials(String),
    /// The SSH connection failed before the session began.
    #[error("the SSH connection failed")]
    Ssh(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The TLS connection failed before the session began.
    #[error("the TLS connection failed")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The SSH server has no subsystem `netconf`, or does not let this user have it.
    #[error(
        "the SSH server refused the netconf subsystem: NETCONF is not enabled, not for this user, or has no session left"
    )]
    NoNetconf,
    /// The server's hello cannot be used.
    #[error("the server's hello cannot be used")]
    Hello(#[from] HelloError),
    /// The bytes are not RFC 6242 framing, or a message cannot be framed.
    #[error("a message cannot be framed, or breaks the rules of RFC 6242")]
    Framing(#[from] FramingError),
    /// XML given by the caller is not a series of well-formed elements.
    #[error("the {what} is not usable XML: {reason}")]
    InvalidXml {
        /// Which part of the request.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// An argument is outside of what the operation allows.
    #[error("{0}")]
    InvalidArgument(&'static str),
    /// The server does not offer what the operation needs; nothing was sent.
    #[error("{operation} needs a capability the server does not offer: {capability}")]
    MissingCapability {
        /// The operation, `edit-config` for example.
        operation: &'static str,
        /// The missing capability's URI.
        capability: &'static str,
    },
    /// The server refused the operation. Never empty; warnings that came with it are included.
    #[error("the server refused: {}", listed(.0))]
    RpcErrors(Vec<RpcError>),
    /// The reply is not what the operation is answered with. For an operation that only reads; one that changes
    /// something is then [`Error::OutcomeUnknown`].
    #[error("unexpected reply to {operation}: {reason}")]
    UnexpectedReply {
        /// The operation.
        operation: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An operation that changes something was answered with what cannot be understood: no error, and no success.
    #[error(
        "whether {operation} took place is unknown, read the configuration: its reply is unexpected: {reason}"
    )]
    OutcomeUnknown {
        /// The operation.
        operation: String,
        /// What is wrong with the reply.
        reason: String,
    },
    /// The session ended before the reply came (or before the request was sent).
    #[error("session lost: {cause}{}", if *sent { effect(*safe_to_repeat) } else { " (the request was not sent)" })]
    SessionLost {
        /// Why.
        cause: LostCause,
        /// Whether any byte of the request may have been written.
        sent: bool,
        /// Whether nothing can have changed on the server: the request was not sent, or only reads.
        safe_to_repeat: bool,
    },
    /// A commit was sent and its reply did not come.
    #[error("whether the commit took place is unknown, read running from a new session: {}", .0.cause)]
    CommitUnknown(Box<UnknownCommit>),
}

/// What is known about a commit whose reply is missing, and what settles it from a new session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownCommit {
    /// Why there is no reply.
    pub cause: LostCause,
    /// The session the commit was sent on. While the server still has it, `kill-session` ends it.
    pub session_id: u32,
    /// For a confirmed commit (not for the confirming one): how long until the server reverts it by itself. Without
    /// `persist_id` it reverts as soon as it notices that the session is gone.
    pub reverts_within: Option<Duration>,
    /// With `persist`: the id by which a new session confirms the commit or cancels it.
    pub persist_id: Option<String>,
}

/// A phase that has a time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Name resolution, TCP and SSH or TLS handshake.
    Connect,
    /// Handshake and login.
    Login,
    /// Waiting for the server's hello.
    Hello,
    /// Waiting for a reply.
    Reply,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Phase::Connect => "connecting",
            Phase::Login => "connecting and logging in",
            Phase::Hello => "the server's hello",
            Phase::Reply => "the reply",
        })
    }
}

/// Why a session is no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LostCause {
    /// The connection has ended: the server closed it, it was cut, or (over SSH) keepalives went unanswered.
    #[error("the connection has ended: it was closed or cut, or the server answers no keepalives")]
    EndOfStream,
    /// Reading or writing failed.
    #[error("{message}")]
    Io {
        /// The kind of I/O error.
        kind: io::ErrorKind,
        /// Its text.
        message: String,
    },
    /// The server's bytes are not RFC 6242 framing.
    #[error("{0}")]
    Framing(#[from] FramingError),
    /// The server sent a message that has no place in the session.
    #[error("the server broke the protocol: {0}")]
    Protocol(String),
    /// The session was closed or aborted on this side, or the runtime it was opened on has ended.
    #[error("the session was closed")]
    Closed,
    /// The session may be alive, but a reply did not come in time.
    #[error("the reply did not come in time")]
    NoReply,
    /// The session is alive, but a reply cannot be understood: it says neither success nor error.
    #[error("the reply is unexpected: {0}")]
    Unreadable(String),
}

impl From<io::Error> for LostCause {
    fn from(error: io::Error) -> Self {
        LostCause::Io { kind: error.kind(), message: error.to_string() }
    }
}

impl Error {
    /// Whether the same call on a new session may succeed and cannot do anything twice.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::Connect { .. } => true,
            Error::Timeout { safe_to_repeat, .. } | Error::SessionLost { safe_to_repeat, .. } => {
                *safe_to_repeat
            }
            Error::RpcErrors(errors) => errors.iter().any(RpcError::is_retryable),
            _ => false,
        }
    }

    /// Whether it is unknown if the server did what was asked.
    pub fn is_outcome_unknown(&self) -> bool {
        match self {
            Error::CommitUnknown(_) | Error::OutcomeUnknown { .. } => true,
            Error::Timeout { safe_to_repeat, .. } | Error::SessionLost { safe_to_repeat, .. } => {
                !safe_to_repeat
            }
            _ => false,
        }
    }

    /// What the server reported; empty for every other kind of error.
    pub fn rpc_errors(&self) -> &[RpcError] {
        match self {
            Error::RpcErrors(errors) => errors,
            _ => &[],
        }
    }
}

/// What a missing reply leaves open.
fn effect(safe_to_repeat: bool) -> &'static str {
    if safe_to_repeat { "" } else { " (whether the request took effect is unknown)" }
}

fn shown(fingerprint: &Option<String>) -> String {
    fingerprint
        .as_ref()
        .map_or_else(|| "its fingerprint could not be read".to_owned(), |print| format!("it showed {print}"))
}

fn listed(errors: &[RpcError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_reply_says_what_it_leaves_open() {
        let lost = |sent, safe_to_repeat| {
            Error::SessionLost { cause: LostCause::Closed, sent, safe_to_repeat }.to_string()
        };
        assert_eq!(lost(false, true), "session lost: the session was closed (the request was not sent)");
        assert_eq!(lost(true, true), "session lost: the session was closed");
        assert!(lost(true, false).ends_with("(whether the request took effect is unknown)"));
        let late = |safe_to_repeat| {
            let after = Duration::from_millis(1500);
            Error::Timeout { phase: Phase::Reply, after, safe_to_repeat }.to_string()
        };
        assert_eq!(late(true), "the reply took longer than 1.5 s");
        assert!(late(false).ends_with("(whether the request took effect is unknown)"));
    }

    #[test]
    fn an_unknown_host_key_says_what_it_is_and_what_to_do() {
        let fingerprint = Some("SHA256:x".to_owned());
        let error = Error::HostKeyUnknown { host: "sw".to_owned(), port: 830, fingerprint };
        let text = error.to_string();
        assert!(
            text.contains("sw port 830") && text.contains("SHA256:x") && text.contains("add it"),
            "{text}"
        );
    }
}
