//! What a transaction promises, and how it ended.

use std::fmt;
use std::time::Duration;

use crate::error::Error;

/// What a server offers for a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guarantees {
    /// How running is changed.
    pub method: Method,
    /// What the server lacks; empty at best.
    pub weaknesses: Vec<Weakness>,
}

/// How running is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By a confirmed commit of the candidate.
    ConfirmedCommit,
    /// By a commit of the candidate.
    Commit,
    /// By editing running.
    EditRunning,
}

/// Something a server lacks, and what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weakness {
    /// No confirmed commit: if the session is lost after the commit, the change stays, checked or not.
    NoConfirmedCommit,
    /// Confirmed commit of version 1.0 only: it is undone by ending the session, not by cancel-commit.
    NoCancelCommit,
    /// No candidate: the change takes effect as it is made.
    NoCandidate,
    /// No rollback-on-error: an edit of running that fails may have been made in part.
    NoRollbackOnError,
    /// No validation before the change is made.
    NoValidation,
    /// No inverse edit was given: a failed check cannot be undone.
    NoInverse,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Weakness::NoConfirmedCommit => "no confirmed commit: a lost session leaves the change in place",
            Weakness::NoCancelCommit => "no cancel-commit: undoing ends the session",
            Weakness::NoCandidate => "no candidate: the change takes effect as it is made",
            Weakness::NoRollbackOnError => "no rollback-on-error: a failed edit may be made in part",
            Weakness::NoValidation => "no validation before the change is made",
            Weakness::NoInverse => "no inverse edit: a failed check cannot be undone",
        })
    }
}

/// A step of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Looking at what the server offers, and what [`Transaction::run_after`](super::Transaction::run_after) has prepared.
    Prepare,
    /// Locking the datastores.
    Lock,
    /// Reading running, and looking for foreign edits in the candidate.
    Compare,
    /// Editing the candidate, or running.
    Edit,
    /// Validating the candidate.
    Validate,
    /// Committing the candidate.
    Commit,
    /// The caller's check.
    Check,
    /// Confirming the commit.
    Confirm,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Prepare => "preparing",
            Step::Lock => "locking",
            Step::Compare => "reading candidate and running",
            Step::Edit => "editing",
            Step::Validate => "validating",
            Step::Commit => "committing",
            Step::Check => "checking",
            Step::Confirm => "confirming",
        })
    }
}

/// A change that was made, checked and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed<T> {
    /// What the check returned.
    pub value: T,
    /// How the change was made, and what the server lacked.
    pub guarantees: Guarantees,
    /// Whether the session is still usable. If a lock could not be released in the ordinary way, the session was
    /// ended instead, which releases it.
    pub session_usable: bool,
}

/// A transaction that did not come to its end.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failed<E> {
    /// Where it failed.
    pub step: Step,
    /// Why.
    pub cause: Cause<E>,
    /// What is known about running now.
    pub server: ServerState,
    /// Whether this transaction's edits may be left in the candidate.
    pub candidate_dirty: bool,
    /// Why undoing did not work, if it was tried and did not.
    pub undo_error: Option<Error>,
    /// Whether the session is still usable; if not, its locks are released by its end.
    pub session_usable: bool,
}

/// Why a transaction failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause<E> {
    /// The server refused, or the session failed.
    Session(Error),
    /// The caller's check failed, or what he prepared.
    Check(E),
    /// The caller's check took too long to be confirmed in time, or what he prepared did.
    CheckTimeout,
    /// The candidate has edits that are not in running, made by somebody else.
    ForeignEdits,
    /// Without confirmed commit this transaction needs an inverse edit.
    InverseNeeded,
}

/// What is known about running after a failed transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerState {
    /// As before: nothing reached it.
    Unchanged,
    /// As before: the change was made and undone.
    Undone(UndoneBy),
    /// The change, or a part of it, is there and could not be undone.
    Changed,
    /// Not known; a new session must read running.
    Unknown {
        /// If a confirmed commit is pending, the server undoes it within this time at the latest.
        reverts_within: Option<Duration>,
    },
}

/// What undid a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UndoneBy {
    /// `<cancel-commit>`, which the server answered with ok.
    CancelCommit,
    /// The end of the session while its confirmed commit was pending: the server must undo it then (RFC 6241,
    /// section 8.4.1), at the latest within this time, if it notices the end only by the confirm timeout.
    SessionEnd {
        /// The confirm timeout.
        within: Duration,
    },
    /// The caller's inverse edit: the server answered it with ok, or running is as before.
    Inverse,
}

impl ServerState {
    /// Whether running is as it was before, for all that can be known without reading it.
    pub fn is_as_before(&self) -> bool {
        matches!(self, ServerState::Unchanged | ServerState::Undone(_))
    }
}

impl fmt::Display for ServerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerState::Unchanged => f.write_str("nothing was changed"),
            ServerState::Undone(UndoneBy::CancelCommit) => f.write_str("the change was cancelled"),
            ServerState::Undone(UndoneBy::SessionEnd { within }) => {
                write!(f, "the server undoes the change, at the latest in {} s", within.as_secs())
            }
            ServerState::Undone(UndoneBy::Inverse) => f.write_str("the change was undone by its inverse"),
            ServerState::Changed => {
                f.write_str("the change, or a part of it, is there and could not be undone")
            }
            ServerState::Unknown { reverts_within: None } => {
                f.write_str("it is not known whether the change was made: read running from a new session")
            }
            ServerState::Unknown { reverts_within: Some(within) } => {
                let within = within.as_secs();
                write!(
                    f,
                    "it is not known whether the change was kept: read running from a new session in {within} s, when the \
                     server has undone it or never will"
                )
            }
        }
    }
}

impl<E> fmt::Display for Failed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed; {}", self.step, self.server)
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Failed<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl<E> Failed<E> {
    /// Whether running is as before and the same transaction on a new session may succeed.
    pub fn is_retryable(&self) -> bool {
        let transient = match &self.cause {
            Cause::Session(error) => error.is_retryable(),
            Cause::ForeignEdits => true,
            Cause::Check(_) | Cause::CheckTimeout | Cause::InverseNeeded => false,
        };
        transient && self.server.is_as_before()
    }
}

impl<E> fmt::Display for Cause<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Session(_) => "the server refused or the session failed",
            Cause::Check(_) => "the check failed",
            Cause::CheckTimeout => "the check took too long",
            Cause::ForeignEdits => {
                "the candidate has uncommitted edits of somebody else, to be committed or discarded first"
            }
            Cause::InverseNeeded => {
                "the server has no confirmed commit and no inverse edit was given: give one, or accept to be without undo"
            }
        })
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Cause<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Cause::Session(error) => Some(error),
            Cause::Check(error) => Some(error),
            Cause::CheckTimeout | Cause::ForeignEdits | Cause::InverseNeeded => None,
        }
    }
}
