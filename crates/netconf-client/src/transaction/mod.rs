//! A change that is made whole or not at all: lock, refuse foreign edits, edit, validate, commit, check, confirm.
//!
//! A confirmed commit that was cancelled, or a change with an inverse, counts as undone only when running, read back, is as
//! it was; see [`ForeignEdits`] for what is read.
//!
//! What a server cannot do is made up for as far as possible, and [`Guarantees`] says what is weaker:
//!
//! | server offers | how running changes | how a failed check is undone |
//! | --- | --- | --- |
//! | candidate, confirmed commit | confirmed commit, then its confirmation | by the server: cancelled, or the session ends; by the inverse where it may be confirmed |
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
mod outcome;
mod run;
mod undo;

use std::future::Future;
use std::time::Duration;

use crate::capabilities::{self, Capabilities};
use crate::error::Error;
use crate::ops::DefaultOperation;
use crate::session::Session;

pub use outcome::{Cause, Committed, Failed, Guarantees, Method, ServerState, Step, UndoneBy, Weakness};

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

/// What is read before the edit: it tells of edits that somebody else left in the candidate, and afterwards whether running
/// is as before. Locking the candidate is always tried and must fail for one that was changed (RFC 6241, section 7.5),
/// but not all servers see to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignEdits {
    /// Running and, if there is one, the candidate are read whole and compared.
    Compare,
    /// Only what this subtree filter selects is read and compared.
    CompareSubtree(String),
    /// Nothing is read: the lock is trusted, and so is the server when it says that it has undone the change.
    TrustLock,
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

    /// The edit that undoes this one, for servers without confirmed commit. With it, it is committed where a confirmation's
    /// answer is missing or late, and with version 1.0 also cleans the candidate. It must undo from any state between before and
    /// after, and do nothing from before (`remove`, not `delete`).
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

    /// How long a confirmed commit waits for its confirmation; 60 s, at least 2 s, at most 4294967295 s, in whole seconds. One second of
    /// it does not count, as a server that counts whole seconds may undo the commit that much earlier. The check must end before the
    /// rest, less a quarter of it or 5 s, whichever is shorter; also where there is no confirmed commit.
    #[must_use]
    pub fn confirm_timeout(mut self, limit: Duration) -> Self {
        self.confirm_timeout = Duration::from_secs(limit.as_secs().clamp(2, u32::MAX.into()));
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
    /// the same is done in the background (or, outside of a tokio runtime, by ending the session); dropped while
    /// its locks are released, when the change is confirmed, it stays.
    ///
    /// # Errors
    /// [`Failed`], which says what is known about running.
    pub async fn run<T, E, F, C>(&self, session: &Session, check: F) -> Result<Committed<T>, Failed<E>>
    where
        F: FnOnce() -> C,
        C: Future<Output = Result<T, E>>,
    {
        self.run_after(session, std::future::ready(Ok(())), check).await
    }

    /// The same, with something to be done before the edit is sent: `prepare` runs once the locks are held and what others left in the
    /// candidate was looked for, and is the place to put on record that an edit may have gone out. Nothing is sent if it fails, or takes longer
    /// than the confirm timeout; [`Failed`] has [`Step::Prepare`] then.
    ///
    /// # Errors
    /// [`Failed`], as for [`run`](Self::run).
    pub async fn run_after<T, E, P, F, C>(
        &self,
        session: &Session,
        prepare: P,
        check: F,
    ) -> Result<Committed<T>, Failed<E>>
    where
        P: Future<Output = Result<(), E>>,
        F: FnOnce() -> C,
        C: Future<Output = Result<T, E>>,
    {
        // Boxed, as every step that is handed it by value would make room for it anew.
        run::run(self, session, Box::pin(prepare), check).await
    }
}
