//! The way back from each step of a transaction.

use super::compare;
use super::run::{Progress, Run};
use super::{Method, ServerState, UndoneBy};
use crate::error::Error;
use crate::ops::{CancelCommit, Commit, Datastore, DiscardChanges, Unlock};

impl Run {
    /// Goes back from wherever the transaction stands, releases the locks, and says what is known about running.
    /// May be called again after having been dropped.
    pub(super) async fn undo(&mut self) -> ServerState {
        let state = match self.progress {
            Progress::Clean => ServerState::Unchanged,
            Progress::InCandidate => {
                self.discard().await;
                ServerState::Unchanged
            }
            Progress::Pending | Progress::Confirming => self.undo_pending().await,
            Progress::InRunning => self.undo_by_inverse().await,
            // The caller went away while the locks were being released.
            Progress::Kept => ServerState::Changed,
        };
        self.unlock().await;
        state
    }

    /// Undoes a confirmed commit: by cancelling it, by the inverse where it may have been confirmed, or by ending the session.
    async fn undo_pending(&mut self) -> ServerState {
        let within = self.transaction.confirm_timeout;
        // A caller that went away may have done so before the confirmation was written.
        let confirming =
            self.progress == Progress::Confirming && self.session.rpc_count() > self.sent_before_confirm;
        if self.capabilities().confirmed_commit_1_1() && self.session.lost().is_none() {
            match self.session.call(CancelCommit::new()).await {
                Ok(()) => {
                    self.progress = Progress::InCandidate;
                    self.discard().await;
                    return self.proven("cancel-commit", UndoneBy::CancelCommit).await;
                }
                Err(error) => self.undo_error = Some(error),
            }
        }
        if confirming && self.transaction.inverse.is_some() && self.session.lost().is_none() {
            // Whether the confirmation was taken or came too late: what running holds then is what this brings. Running has been
            // unlocked since the commit, and the candidate may lack what somebody else did to it meanwhile.
            self.discard().await;
            match self.apply_inverse(true).await {
                Ok(()) => {
                    self.progress = Progress::Clean;
                    (self.candidate_dirty, self.undo_error) = (false, None);
                    return self.proven("the inverse", UndoneBy::Inverse).await;
                }
                Err(error) => self.undo_error = Some(error),
            }
        }
        if confirming || self.transaction.inverse.is_none() {
            // If nothing is pending any more, or never was, this is right; the server does not say.
            if self.session.lost().is_none() {
                self.discard().await;
            }
            self.candidate_dirty = true;
        } else {
            self.candidate_dirty = self.restore_candidate().await.is_err();
        }
        self.end().await;
        if confirming {
            ServerState::Unknown { reverts_within: Some(within) }
        } else {
            ServerState::Undone(UndoneBy::SessionEnd { within })
        }
    }

    /// Reads running, if it was read at the beginning, and says whether it is as it was then: a server's ok is not
    /// proof of it.
    async fn proven(&mut self, what: &str, by: UndoneBy) -> ServerState {
        match self.is_as_before().await {
            None | Some(Ok(true)) => return ServerState::Undone(by),
            Some(Ok(false)) => {
                let reason = "the server answered ok, but running is not as before".to_owned();
                self.undo_error = Some(Error::UnexpectedReply { operation: what.to_owned(), reason });
                return ServerState::Changed;
            }
            Some(Err(error)) => self.undo_error = Some(error),
        }
        ServerState::Unknown { reverts_within: None }
    }

    /// Reads running and says whether it is as it was at the beginning; `None` if it was not read then.
    async fn is_as_before(&mut self) -> Option<Result<bool, Error>> {
        let (before, query) = self.before.take().zip(self.query(Datastore::Running))?;
        Some(match self.session.call(query).await {
            Ok(now) => compare::same(&before, &now),
            Err(error) => Err(error),
        })
    }

    /// Gives the candidate what running will have once a pending commit is undone. Discarding would not: as long as
    /// the commit is pending, running has the change.
    async fn restore_candidate(&mut self) -> Result<(), ()> {
        if self.session.lost().is_some() {
            return Err(());
        }
        self.session.call(self.edit(Datastore::Candidate, true)).await.map_err(|error| {
            self.undo_error.get_or_insert(error);
        })
    }

    /// Undoes what was committed for good, or edited in running, by the caller's inverse.
    async fn undo_by_inverse(&mut self) -> ServerState {
        let through_candidate = self.method() != Method::EditRunning;
        if self.session.lost().is_some() {
            self.candidate_dirty = through_candidate;
            return ServerState::Unknown { reverts_within: None };
        }
        if through_candidate {
            self.discard().await;
        }
        if self.transaction.inverse.is_none() {
            return self.settled(self.certain, ServerState::Unchanged).await;
        }
        match self.apply_inverse(through_candidate).await {
            Ok(()) => {
                self.progress = Progress::Clean;
                self.proven("the inverse", UndoneBy::Inverse).await
            }
            Err(error) => {
                let certain = self.certain && !error.is_outcome_unknown();
                self.undo_error = Some(error);
                if through_candidate && self.session.lost().is_none() {
                    self.discard().await;
                } else {
                    self.candidate_dirty = through_candidate;
                }
                self.settled(certain, ServerState::Undone(UndoneBy::Inverse)).await
            }
        }
    }

    /// What is known of a change that could not be undone: `same` if running is read and found as before. `certain` says
    /// that the change was there, and that nothing was sent since which may have undone it.
    async fn settled(&mut self, certain: bool, same: ServerState) -> ServerState {
        match self.is_as_before().await {
            Some(Ok(true)) => same,
            Some(Ok(false)) => ServerState::Changed,
            None | Some(Err(_)) if certain => ServerState::Changed,
            None | Some(Err(_)) => ServerState::Unknown { reverts_within: None },
        }
    }

    async fn apply_inverse(&mut self, through_candidate: bool) -> Result<(), Error> {
        if !through_candidate {
            return self.session.call(self.edit(Datastore::Running, true)).await;
        }
        self.session.call(self.edit(Datastore::Candidate, true)).await?;
        self.session.call(Commit::new()).await
    }

    /// Takes this transaction's edits out of the candidate.
    async fn discard(&mut self) {
        match self.session.call(DiscardChanges).await {
            Ok(()) => {
                self.candidate_dirty = false;
                if self.progress == Progress::InCandidate {
                    self.progress = Progress::Clean;
                }
            }
            Err(error) => {
                self.candidate_dirty = true;
                self.undo_error.get_or_insert(error);
            }
        }
    }

    /// Releases the locks, the last one first; ends the session if one does not go.
    pub(super) async fn unlock(&mut self) {
        while let Some(datastore) = self.locked.last().copied() {
            if self.ended || self.session.lost().is_some() {
                self.locked.clear();
                return;
            }
            if let Err(error) = self.session.call(Unlock(datastore)).await {
                tracing::warn!(
                    netconf.session_id = self.session.session_id(),
                    %error,
                    "Ending the session, as its lock on {datastore} could not be released"
                );
                self.end().await;
            }
            self.locked.pop();
        }
    }

    /// Ends the session, in good order if it still answers.
    async fn end(&mut self) {
        self.ended = true;
        if let Err(error) = self.session.close().await {
            tracing::debug!(netconf.session_id = self.session.session_id(), %error, "close-session failed");
        }
    }
}
