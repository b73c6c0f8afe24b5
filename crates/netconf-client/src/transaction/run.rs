//! The steps of a transaction, and the way back from each.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::compare;
use super::{
    Cause, Committed, Failed, ForeignEdits, Guarantees, Method, ServerState, Step, Transaction, Validation,
};
use crate::capabilities::Capabilities;
use crate::error::{Error, LostCause, UnknownCommit};
use crate::operation::Operation as _;
use crate::ops::{
    Commit, Data, Datastore, EditConfig, ErrorOption, GetConfig, Lock, TestOption, Unlock, Validate,
};
use crate::rpc_error::{ErrorTag, RpcError};
use crate::session::Session;

/// The longest part of the confirm timeout that is kept for the confirmation itself.
const CONFIRM_RESERVE: Duration = Duration::from_secs(5);

/// How much earlier than asked a server may undo a confirmed commit: netconfd 2.13 counts the whole seconds of its clock, and a
/// commit may come at the end of one.
const EARLY: Duration = Duration::from_secs(1);

/// How long undoing in the background may take before the session is ended instead.
const BACKGROUND_UNDO_LIMIT: Duration = Duration::from_secs(30);

/// How far the change has come. Each is set before the request that may bring it about is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Neither candidate nor running were touched.
    Clean,
    /// The candidate may hold the edit; running was not touched.
    InCandidate,
    /// A confirmed commit may be pending.
    Pending,
    /// Its confirmation may have been taken.
    Confirming,
    /// Running may hold the edit for good.
    InRunning,
    /// The edit is there to stay.
    Kept,
}

/// Makes the change; see [`Transaction::run_after`].
pub(super) async fn run<T, E, P, F, C>(
    transaction: &Transaction,
    session: &Session,
    prepare: P,
    check: F,
) -> Result<Committed<T>, Failed<E>>
where
    P: Future<Output = Result<(), E>>,
    F: FnOnce() -> C,
    C: Future<Output = Result<T, E>>,
{
    let guarantees = match transaction.guarantees(session.capabilities()) {
        Ok(guarantees) => guarantees,
        Err(error) => return Err(not_begun(session, Cause::Session(error))),
    };
    let inverse_needed = guarantees.method != Method::ConfirmedCommit && !transaction.without_undo;
    if inverse_needed && transaction.inverse.is_none() {
        return Err(not_begun(session, Cause::InverseNeeded));
    }
    let run = Run::new(transaction, session, guarantees.clone());
    if let Err(error) = run.check() {
        return Err(not_begun(session, Cause::Session(error)));
    }
    let mut guard = Guard(Some(run));
    let Some(run) = guard.0.as_mut() else {
        // Just put there.
        return Err(not_begun(session, Cause::InverseNeeded));
    };
    let outcome = run.forward(prepare, check).await;
    let end = match outcome {
        Ok(value) => {
            run.progress = Progress::Kept;
            run.unlock().await;
            Ok(Committed { value, guarantees, session_usable: session.lost().is_none() && !run.ended })
        }
        Err((step, cause)) => {
            let server = run.undo().await;
            Err(Failed {
                step,
                cause,
                server,
                candidate_dirty: run.candidate_dirty,
                undo_error: run.undo_error.take(),
                session_usable: session.lost().is_none() && !run.ended,
            })
        }
    };
    guard.0 = None;
    end
}

fn not_begun<E>(session: &Session, cause: Cause<E>) -> Failed<E> {
    Failed {
        step: Step::Prepare,
        cause,
        server: ServerState::Unchanged,
        candidate_dirty: false,
        undo_error: None,
        session_usable: session.lost().is_none(),
    }
}

/// Undoes what has been done when the caller is no longer there to wait for it.
struct Guard(Option<Run>);

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(mut run) = self.0.take() else { return };
        let session = run.session.clone();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                tracing::warn!(
                    netconf.session_id = session.session_id(),
                    "A transaction was dropped before its end; undoing it in the background"
                );
                runtime.spawn(async move {
                    if timeout(BACKGROUND_UNDO_LIMIT, run.undo()).await.is_err() {
                        run.session.abort();
                    }
                });
            }
            // Nothing can be sent; the end of the session releases its locks and undoes a confirmed commit.
            Err(_) => session.abort(),
        }
    }
}

/// A transaction under way.
pub(super) struct Run {
    pub(super) transaction: Transaction,
    pub(super) session: Session,
    pub(super) guarantees: Guarantees,
    pub(super) locked: Vec<Datastore>,
    pub(super) progress: Progress,
    /// Whether the server said that running holds the edit.
    pub(super) certain: bool,
    /// When the confirmed commit was sent.
    pub(super) committed_at: Option<Instant>,
    /// Requests that were written on the session before the confirmation was to be.
    pub(super) sent_before_confirm: u64,
    /// What running held when the transaction began, if it was read.
    pub(super) before: Option<Data>,
    pub(super) candidate_dirty: bool,
    pub(super) undo_error: Option<Error>,
    /// Whether the session was ended on purpose.
    pub(super) ended: bool,
}

type StepResult<E> = Result<(), (Step, Cause<E>)>;

/// Names the step that an error belongs to.
fn at<T, E>(step: Step, result: Result<T, Error>) -> Result<T, (Step, Cause<E>)> {
    result.map_err(|error| (step, Cause::Session(error)))
}

/// Whether a call that changes something failed before any of it was written.
fn was_not_sent<T>(answer: &Result<T, Error>) -> bool {
    use Error::{Framing, InvalidArgument, InvalidXml, MissingCapability, SessionLost, Timeout};
    matches!(
        answer,
        Err(SessionLost { sent: false, .. }
            | Timeout { safe_to_repeat: true, .. }
            | Framing(_)
            | InvalidXml { .. }
            | InvalidArgument(_)
            | MissingCapability { .. })
    )
}

/// Whether the server refused and may have made a part of it all the same: it says so itself (RFC 6241, appendix A).
fn may_be_made<T>(answer: &Result<T, Error>) -> bool {
    let made = |error: &RpcError| matches!(error.tag, ErrorTag::RollbackFailed | ErrorTag::PartialOperation);
    matches!(answer, Err(Error::RpcErrors(errors)) if errors.iter().any(made))
}

impl Run {
    fn new(transaction: &Transaction, session: &Session, guarantees: Guarantees) -> Self {
        Run {
            transaction: transaction.clone(),
            session: session.clone(),
            guarantees,
            locked: Vec::new(),
            progress: Progress::Clean,
            certain: false,
            committed_at: None,
            sent_before_confirm: 0,
            before: None,
            candidate_dirty: false,
            undo_error: None,
            ended: false,
        }
    }

    pub(super) fn capabilities(&self) -> &Capabilities {
        self.session.capabilities()
    }

    pub(super) fn method(&self) -> Method {
        self.guarantees.method
    }

    async fn forward<T, E, P, F, C>(&mut self, prepare: P, check: F) -> Result<T, (Step, Cause<E>)>
    where
        P: Future<Output = Result<(), E>>,
        F: FnOnce() -> C,
        C: Future<Output = Result<T, E>>,
    {
        self.lock().await?;
        match timeout(self.transaction.confirm_timeout, prepare).await {
            Ok(prepared) => prepared.map_err(|error| (Step::Prepare, Cause::Check(error)))?,
            Err(_) => return Err((Step::Prepare, Cause::CheckTimeout)),
        }
        if self.method() == Method::EditRunning {
            self.edit_running().await?;
        } else {
            self.edit_candidate().await?;
            self.commit().await?;
        }
        let begun = self.committed_at.unwrap_or_else(Instant::now);
        let limit = self.transaction.confirm_timeout.saturating_sub(EARLY);
        let deadline = begun + limit.saturating_sub(CONFIRM_RESERVE.min(limit / 4));
        let value = match timeout_at(deadline, check()).await {
            Ok(Err(error)) => return Err((Step::Check, Cause::Check(error))),
            // A check that kept its thread busy came to its end although the time was over.
            Ok(Ok(value)) if Instant::now() < deadline => value,
            Ok(Ok(_)) | Err(_) => return Err((Step::Check, Cause::CheckTimeout)),
        };
        self.confirm(begun + limit).await?;
        Ok(value)
    }

    /// Whether the edit and its inverse can be sent. The inverse is not to be found unusable when it is needed.
    fn check(&self) -> Result<(), Error> {
        let target =
            if self.method() == Method::EditRunning { Datastore::Running } else { Datastore::Candidate };
        self.edit(target, false).check(self.capabilities())?;
        if self.transaction.inverse.is_some() {
            self.edit(target, true).check(self.capabilities())?;
        }
        Ok(())
    }

    async fn lock<E>(&mut self) -> StepResult<E> {
        self.lock_one(Datastore::Running).await?;
        if self.method() == Method::EditRunning {
            if let Some(query) = self.query(Datastore::Running) {
                self.before = Some(at(Step::Compare, self.session.call(query).await)?);
            }
            return Ok(());
        }
        self.lock_one(Datastore::Candidate).await?;
        let queries = self.query(Datastore::Candidate).zip(self.query(Datastore::Running));
        let Some((candidate, running)) = queries else { return Ok(()) };
        let (candidate, running) = (self.session.call(candidate), self.session.call(running));
        let (candidate, running) = at(Step::Compare, tokio::try_join!(candidate, running))?;
        if !at(Step::Compare, compare::same(&candidate, &running))? {
            return Err((Step::Compare, Cause::ForeignEdits));
        }
        self.before = Some(running);
        Ok(())
    }

    /// Reads what is compared, if anything is.
    pub(super) fn query(&self, source: Datastore) -> Option<GetConfig> {
        match &self.transaction.foreign_edits {
            ForeignEdits::TrustLock => None,
            ForeignEdits::Compare => Some(GetConfig::new(source)),
            ForeignEdits::CompareSubtree(elements) => Some(GetConfig::new(source).subtree(elements.clone())),
        }
    }

    /// The lock counts as taken before it is asked for: should the answer be missing, it is released all the same.
    async fn lock_one<E>(&mut self, datastore: Datastore) -> StepResult<E> {
        self.locked.push(datastore);
        let answer = self.session.call(Lock(datastore)).await;
        if matches!(answer, Err(Error::RpcErrors(_) | Error::MissingCapability { .. })) {
            self.locked.pop();
        }
        at(Step::Lock, answer)
    }

    async fn edit_running<E>(&mut self) -> StepResult<E> {
        let edit = self.edit(Datastore::Running, false);
        self.progress = Progress::InRunning;
        let answer = self.session.call(edit).await;
        let refused = matches!(answer, Err(Error::RpcErrors(_))) && !may_be_made(&answer);
        let rolled_back = refused && self.capabilities().rollback_on_error();
        if rolled_back || was_not_sent(&answer) {
            self.progress = Progress::Clean;
        }
        self.certain = answer.is_ok();
        at(Step::Edit, answer)
    }

    async fn edit_candidate<E>(&mut self) -> StepResult<E> {
        let edit = self.edit(Datastore::Candidate, false);
        self.progress = Progress::InCandidate;
        at(Step::Edit, self.session.call(edit).await)?;
        if self.transaction.validation == Validation::Validate && self.capabilities().validate() {
            at(Step::Validate, self.session.call(Validate::new(Datastore::Candidate)).await)?;
        }
        Ok(())
    }

    async fn commit<E>(&mut self) -> StepResult<E> {
        let commit = if self.method() == Method::ConfirmedCommit {
            self.progress = Progress::Pending;
            self.committed_at = Some(Instant::now());
            Commit::confirmed().timeout(self.transaction.confirm_timeout)
        } else {
            self.progress = Progress::InRunning;
            Commit::new()
        };
        let answer = if self.method() == Method::ConfirmedCommit {
            self.commit_unlocked(commit).await
        } else {
            self.session.call(commit).await
        };
        if may_be_made(&answer) {
            self.progress = Progress::InRunning;
        } else if matches!(answer, Err(Error::RpcErrors(_))) || was_not_sent(&answer) {
            // A commit that fails must leave running as it was (RFC 6241, section 8.3.4.1).
            self.progress = Progress::InCandidate;
        }
        self.certain = answer.is_ok();
        at(Step::Commit, answer)
    }

    /// Releases running and commits, in one go. As long as a confirmed commit is pending no other session is granted
    /// the lock (RFC 6241, section 7.5), but a lock that is held keeps netconfd 2.13 from undoing the commit: neither
    /// the timeout nor the session's end nor cancel-commit restores running then. The candidate stays locked, so
    /// that nobody else can commit.
    async fn commit_unlocked(&mut self, commit: Commit) -> Result<(), Error> {
        let (unlocked, committed) = tokio::join!(
            biased;
            self.session.call(Unlock(Datastore::Running)),
            self.session.call(commit),
        );
        if unlocked.is_ok() {
            self.locked.retain(|datastore| *datastore != Datastore::Running);
        }
        committed
    }

    async fn confirm<E>(&mut self, expiry: Instant) -> StepResult<E> {
        if self.method() != Method::ConfirmedCommit {
            return Ok(());
        }
        self.progress = Progress::Confirming;
        self.sent_before_confirm = self.session.rpc_count();
        let answer = self.session.call(Commit::new()).await;
        if matches!(answer, Err(Error::RpcErrors(_))) || was_not_sent(&answer) {
            self.progress = Progress::Pending;
        }
        at(Step::Confirm, answer)?;
        if Instant::now() >= expiry {
            // The server may have undone the commit before it read the confirmation, and committed nothing new.
            let late = UnknownCommit {
                cause: LostCause::NoReply,
                session_id: self.session.session_id(),
                reverts_within: None,
                persist_id: None,
            };
            return Err((Step::Confirm, Cause::Session(Error::CommitUnknown(Box::new(late)))));
        }
        Ok(())
    }

    /// The edit or its inverse, with the options the server offers.
    pub(super) fn edit(&self, target: Datastore, inverse: bool) -> EditConfig {
        let transaction = &self.transaction;
        let (config, operation) = if inverse {
            (transaction.inverse.clone().unwrap_or_default(), transaction.inverse_default_operation)
        } else {
            (transaction.edit.clone(), transaction.default_operation)
        };
        let mut edit = EditConfig::new(target, config);
        if let Some(operation) = operation {
            edit = edit.default_operation(operation);
        }
        let test = match transaction.validation {
            Validation::TestThenSet => true,
            Validation::Validate => target == Datastore::Running,
            Validation::Off => false,
        };
        if test && self.capabilities().validate() {
            edit = edit.test_option(TestOption::TestThenSet);
        }
        if self.capabilities().rollback_on_error() {
            edit = edit.error_option(ErrorOption::RollbackOnError);
        }
        edit
    }
}
