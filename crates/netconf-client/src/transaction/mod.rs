//! A change that is made whole or not at all: lock, refuse foreign edits, edit, validate, commit, check, confirm.
//!
//! What a server cannot do is made up for as far as possible, and [`Guarantees`] says what is weaker:
//!
//! | server offers | how running changes | how a failed check is undone |
//! | --- | --- | --- |
//! | candidate, confirmed commit | confirmed commit, then its confirmation | by the server: cancelled, or the session ends |
//! | candidate | commit | by the caller's inverse edit, committed |
//! | writable running | edit of running | by the caller's inverse edit |
//!
//! ```no_run
//! # async fn example(session: netconf_client::Session) -> Result<(), Box<dyn std::error::Error>> {
//! use netconf_client::Transaction;
//!
//! let done = Transaction::new("<system xmlns=\"urn:example\"><name>a</name></system>")
//!     .inverse("<system xmlns=\"urn:example\"><name>b</name></system>")
//!     .run(&session, || async {
//!         // Look at the device from a second session; an error here undoes the change.
//!         Ok::<_, std::io::Error>("looks good")
//!     })
//!     .await?;
//! println!("{}: {:?}", done.value, done.guarantees.weaknesses);
//! # Ok(())
//! # }
//! ```

mod compare;
mod run;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::capabilities::{self, Capabilities};
use crate::error::Error;
use crate::ops::DefaultOperation;
use crate::session::Session;

/// How long a confirmed commit waits, and with it the caller's check, if nothing else is asked for.
const DEFAULT_CONFIRM_TIMEOUT: Duration = Duration::from_secs(60);

/// A change to running and how it is to be made.
#[derive(Debug, Clone)]
pub struct Transaction {
    edit: String,
    inverse: Option<String>,
    default_operation: Option<DefaultOperation>,
    inverse_default_operation: Option<DefaultOperation>,
    without_undo: bool,
    confirm_timeout: Duration,
    validation: Validation,
    foreign_edits: ForeignEdits,
}

/// How the candidate is validated before it is committed. Without `:validate` it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    /// By `<validate>` after the edit.
    Validate,
    /// By `test-option` `test-then-set` in the edit. For netconfd 2.13, which answers an edit, `<validate>` and
    /// `<commit>` with ok and loses the change.
    TestThenSet,
    /// Not; a commit validates too.
    Off,
}

/// How edits that somebody else left in the candidate are noticed. Locking the candidate is always tried and must
/// fail for one that was changed (RFC 6241, section 7.5), but not all servers see to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignEdits {
    /// Candidate and running are read whole and compared.
    Compare,
    /// Only what this subtree filter selects is read and compared.
    CompareSubtree(String),
    /// The lock is trusted.
    TrustLock,
}

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
    /// Looking at what the server offers.
    Prepare,
    /// Locking the datastores.
    Lock,
    /// Looking for foreign edits in the candidate.
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
            Step::Compare => "comparing candidate and running",
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
    /// The caller's check failed.
    Check(E),
    /// The caller's check took too long to be confirmed in time.
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
    /// Not known; a new session must read it.
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
    /// The caller's inverse edit, which the server answered with ok.
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
            ServerState::Changed => f.write_str("the change could not be undone"),
            ServerState::Unknown { .. } => f.write_str("it is not known whether the change was made"),
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
            Cause::ForeignEdits => "the candidate has uncommitted edits of somebody else",
            Cause::InverseNeeded => "the server has no confirmed commit and no inverse edit was given",
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

impl Transaction {
    /// A change by these elements, without a `<config>` around them.
    pub fn new(edit: impl Into<String>) -> Self {
        Transaction {
            edit: edit.into(),
            inverse: None,
            default_operation: None,
            inverse_default_operation: None,
            without_undo: false,
            confirm_timeout: DEFAULT_CONFIRM_TIMEOUT,
            validation: Validation::Validate,
            foreign_edits: ForeignEdits::Compare,
        }
    }

    /// The edit that undoes this one, for servers without confirmed commit (with confirmed commit 1.0 it only
    /// cleans the candidate). It must do so from any state between before and after, and do nothing from before
    /// (`remove`, not `delete`).
    #[must_use]
    pub fn inverse(mut self, edit: impl Into<String>) -> Self {
        self.inverse = Some(edit.into());
        self
    }

    /// The edit's default-operation.
    #[must_use]
    pub fn default_operation(mut self, operation: DefaultOperation) -> Self {
        self.default_operation = Some(operation);
        self
    }

    /// The inverse's default-operation.
    #[must_use]
    pub fn inverse_default_operation(mut self, operation: DefaultOperation) -> Self {
        self.inverse_default_operation = Some(operation);
        self
    }

    /// Goes on without an inverse on a server without confirmed commit: a failed check then leaves the change.
    #[must_use]
    pub fn accept_without_undo(mut self) -> Self {
        self.without_undo = true;
        self
    }

    /// How long a confirmed commit waits for its confirmation; 60 s, at least 1 s, in whole seconds. The check must
    /// end before that, less a quarter of it or 5 s, whichever is shorter; also where there is no confirmed commit.
    #[must_use]
    pub fn confirm_timeout(mut self, limit: Duration) -> Self {
        self.confirm_timeout = Duration::from_secs(limit.as_secs().max(1));
        self
    }

    /// How the candidate is validated.
    #[must_use]
    pub fn validation(mut self, validation: Validation) -> Self {
        self.validation = validation;
        self
    }

    /// How edits of others in the candidate are noticed.
    #[must_use]
    pub fn foreign_edits(mut self, how: ForeignEdits) -> Self {
        self.foreign_edits = how;
        self
    }

    /// How this transaction would be made on a server that offers `capabilities`.
    ///
    /// # Errors
    /// [`Error::MissingCapability`] if the server's configuration cannot be edited at all.
    pub fn guarantees(&self, capabilities: &Capabilities) -> Result<Guarantees, Error> {
        let method = match (capabilities.candidate(), capabilities.confirmed_commit()) {
            (true, true) => Method::ConfirmedCommit,
            (true, false) => Method::Commit,
            (false, _) if capabilities.writable_running() => Method::EditRunning,
            (false, _) => {
                let capability = capabilities::WRITABLE_RUNNING;
                return Err(Error::MissingCapability { operation: "edit-config", capability });
            }
        };
        let mut weaknesses = Vec::new();
        if method == Method::ConfirmedCommit {
            if !capabilities.confirmed_commit_1_1() {
                weaknesses.push(Weakness::NoCancelCommit);
            }
        } else {
            weaknesses.push(Weakness::NoConfirmedCommit);
            if self.inverse.is_none() {
                weaknesses.push(Weakness::NoInverse);
            }
        }
        if method == Method::EditRunning {
            weaknesses.push(Weakness::NoCandidate);
            if !capabilities.rollback_on_error() {
                weaknesses.push(Weakness::NoRollbackOnError);
            }
        }
        if !capabilities.validate() || self.validation == Validation::Off {
            weaknesses.push(Weakness::NoValidation);
        }
        Ok(Guarantees { method, weaknesses })
    }

    /// Makes the change. `check` runs once it is in running and before it is kept; it looks at the device from
    /// another session, and its error undoes the change.
    ///
    /// Locks are released and this transaction's edits taken out of the candidate whatever happens; where the
    /// server does not let them go, the session is ended, which does. If the future is dropped, or `check` panics,
    /// the same is done in the background (or, outside of a tokio runtime, by ending the session).
    ///
    /// # Errors
    /// [`Failed`], which says what is known about running.
    pub async fn run<T, E, F, C>(&self, session: &Session, check: F) -> Result<Committed<T>, Failed<E>>
    where
        F: FnOnce() -> C,
        C: Future<Output = Result<T, E>>,
    {
        run::run(self, session, check).await
    }
}
