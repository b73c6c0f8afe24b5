//! Replies that are read as they come, in constant memory: as bytes, or as the entries of a list.
//!
//! ```no_run
//! # async fn example(session: netconf_client::Session) -> Result<(), netconf_client::Error> {
//! use netconf_client::ops::{Datastore, GetConfig};
//!
//! const IF: &str = "urn:ietf:params:xml:ns:yang:ietf-interfaces";
//! let mut interfaces = session
//!     .stream(GetConfig::new(Datastore::Running))
//!     .await?
//!     .entries(&[(IF, "interfaces"), (IF, "interface")]);
//! while let Some(interface) = interfaces.next().await? {
//!     println!("{interface}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The server's replies come one after another over one stream: as long as a reply is not read to its end, or
//! dropped, the session's later replies wait behind it, and over SSH those of all sessions of the same connection.

mod scanner;

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::error::{Error, Phase};
use crate::framing::{Limits, Piece};
use crate::hello::NETCONF_NS;
use crate::rpc_error::{RpcError, Severity};
use crate::session::{CallFailure, Registered, Session};
use crate::xml;
use scanner::{Found, Scanner};

/// Bytes of one entry, if nothing else is asked for with [`Entries::max_entry`]: 1 MiB.
const MAX_ENTRY: usize = 1 << 20;

/// Errors and warnings in one reply, at most.
const MAX_ERRORS: usize = 1000;

/// A reply as it comes. Dropping it throws the rest away; the session stays usable. The session stays open as long as one of
/// its handles or of its streams is there.
#[derive(Debug)]
pub struct ReplyStream {
    pub(crate) pieces: mpsc::Receiver<Piece>,
    pub(crate) operation: &'static str,
    pub(crate) limit: Duration,
    pub(crate) limits: Limits,
    /// Whether repeating the call is safe if its reply is lost.
    pub(crate) safe_to_repeat: bool,
    pub(crate) call: Registered,
    pub(crate) ended: bool,
    pub(crate) _session: Session,
}

impl ReplyStream {
    /// The next bytes of the message, `<rpc-reply …>` first; `None` at its end. Nothing is parsed: the message may
    /// carry errors. Waits at most the session's call limit for each part. May be dropped and called again.
    ///
    /// # Errors
    /// [`Error::Timeout`], [`Error::SessionLost`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if self.ended {
            return Ok(None);
        }
        let safe_to_repeat = self.safe_to_repeat;
        let after = self.limit;
        let late = |()| Error::Timeout { phase: Phase::Reply, after, safe_to_repeat };
        match timeout(after, self.pieces.recv()).await.map_err(|_| late(()))? {
            Some(Piece::Data(data)) => Ok(Some(data)),
            Some(Piece::End) => {
                self.ended = true;
                self.call.answered();
                Ok(None)
            }
            None => Err(match self.call.lost() {
                CallFailure::Lost { cause, sent } => {
                    Error::SessionLost { cause, sent, safe_to_repeat: safe_to_repeat || !sent }
                }
                CallFailure::Late { .. } | CallFailure::Unframed(_) => late(()),
            }),
        }
    }

    /// The elements at the end of a path of (namespace, local name) below `<data>`, one by one.
    pub fn entries(self, path: &[(&str, &str)]) -> Entries {
        let data = [(NETCONF_NS, "data")];
        self.elements(&[&data[..], path].concat())
    }

    /// The elements at the end of a path of (namespace, local name) below `<rpc-reply>`, for replies that have no
    /// `<data>` of RFC 6241.
    pub fn elements(self, path: &[(&str, &str)]) -> Entries {
        let path =
            path.iter().map(|(namespace, name)| ((*namespace).to_owned(), (*name).to_owned())).collect();
        let scanner = Scanner::new(path, self.limits.max_depth, MAX_ENTRY);
        Entries { stream: self, scanner, errors: Vec::new(), done: false }
    }
}

/// The entries of a list in a reply, read as they come; in memory is one entry, at most 1 MiB or
/// [`Entries::max_entry`], and what the session has read ahead.
pub struct Entries {
    stream: ReplyStream,
    scanner: Scanner,
    errors: Vec<RpcError>,
    done: bool,
}

impl Entries {
    /// The same with another limit on one entry, in bytes.
    #[must_use]
    pub fn max_entry(mut self, bytes: usize) -> Self {
        self.scanner.set_max_entry(bytes);
        self
    }

    /// The next entry: one element as XML, complete in itself, as prefixes that were declared around it are declared
    /// on it. `None` once the reply has been read to its end without errors. May be dropped and called again.
    ///
    /// # Errors
    /// [`Error::RpcErrors`] at the end, if the server reported errors beside the entries; [`Error::UnexpectedReply`]
    /// if the reply is not well-formed or an entry too large; as [`ReplyStream::chunk`].
    pub async fn next(&mut self) -> Result<Option<String>, Error> {
        loop {
            match self.scanner.next().map_err(|reason| self.unexpected(reason))? {
                Some(Found::Entry(entry)) => return Ok(Some(entry)),
                Some(Found::RpcError(text)) => {
                    match self.read_error(&text) {
                        Ok(error) => self.errors.push(error),
                        Err(reason) => {
                            let reason = self.scanner.break_off(reason);
                            return Err(self.unexpected(reason));
                        }
                    }
                    continue;
                }
                None if self.done => return self.end(),
                None => {}
            }
            match self.stream.chunk().await? {
                Some(bytes) => self.scanner.push(&bytes),
                None => {
                    self.done = true;
                    self.scanner.finish().map_err(|reason| self.unexpected(reason))?;
                }
            }
        }
    }

    /// What the server warned of so far.
    pub fn warnings(&self) -> &[RpcError] {
        &self.errors
    }

    fn end(&mut self) -> Result<Option<String>, Error> {
        if self.errors.iter().any(|error| error.severity == Severity::Error) {
            // Kept: whoever asks again must not take the reply for a whole one.
            return Err(Error::RpcErrors(self.errors.clone()));
        }
        Ok(None)
    }

    fn read_error(&self, text: &str) -> Result<RpcError, String> {
        if self.errors.len() >= MAX_ERRORS {
            return Err(format!("more than {MAX_ERRORS} errors in one reply"));
        }
        let document = xml::parse(text, self.stream.limits.max_depth)?;
        Ok(RpcError::read(document.root_element(), text))
    }

    fn unexpected(&self, reason: String) -> Error {
        Error::UnexpectedReply { operation: self.stream.operation.to_owned(), reason }
    }
}
