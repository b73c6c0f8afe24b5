//! What a session's calls have left behind in it, which the next user of the session would find.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::CallFailure;
use crate::error::Error;
use crate::operation::{Effect, Operation};

/// What an operation that is done leaves in its session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// Nothing, whether it is done or not.
    Nothing,
    /// Nothing any more.
    Done,
    /// A lock.
    Lock,
    /// A lock less.
    Unlock,
    /// Notifications to come.
    Subscription,
    /// A commit that ends with the session unless it is confirmed in it.
    Unconfirmed,
    /// No such commit any more.
    Settled,
}

impl Hold {
    fn of<O: Operation>(operation: &O) -> Self {
        match operation.name() {
            "lock" | "partial-lock" => return Hold::Lock,
            "unlock" | "partial-unlock" => return Hold::Unlock,
            "create-subscription" | "establish-subscription" => return Hold::Subscription,
            "cancel-commit" => return Hold::Settled,
            _ => {}
        }
        match operation.effect() {
            Effect::Read => Hold::Nothing,
            Effect::Change => Hold::Done,
            Effect::Commit { reverts_within: None, .. } => Hold::Settled,
            Effect::Commit { persist_id: None, .. } => Hold::Unconfirmed,
            Effect::Commit { .. } => Hold::Done,
        }
    }
}

#[derive(Default)]
struct Left {
    /// Calls that may have left something, whose outcome is not known (yet).
    open: usize,
    locks: usize,
    unconfirmed: bool,
    subscribed: bool,
}

/// The holds of one session.
#[derive(Default)]
pub(super) struct Holds(Mutex<Left>);

impl Holds {
    fn left(&self) -> MutexGuard<'_, Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is left of any call.
    pub(super) fn is_free(&self) -> bool {
        let left = self.left();
        left.open == 0 && left.locks == 0 && !left.unconfirmed && !left.subscribed
    }

    /// Counts a call that is about to be sent. One that is given up stays counted.
    pub(super) fn begin<O: Operation>(&self, operation: &O) -> Hold {
        let hold = Hold::of(operation);
        if hold != Hold::Nothing {
            self.left().open += 1;
        }
        hold
    }

    /// A call without a reply: if it was not sent, it has left nothing.
    pub(super) fn failed(&self, hold: Hold, failure: &CallFailure) {
        let sent = matches!(failure, CallFailure::Late { sent: true } | CallFailure::Lost { sent: true, .. });
        if hold != Hold::Nothing && !sent {
            self.left().open -= 1;
        }
    }

    /// A call with a reply; one that is neither success nor refusal tells nothing.
    pub(super) fn answered<T>(&self, hold: Hold, outcome: &Result<T, Error>) {
        if hold == Hold::Nothing || !matches!(outcome, Ok(_) | Err(Error::RpcErrors(_))) {
            return;
        }
        let mut left = self.left();
        left.open -= 1;
        if outcome.is_err() {
            return;
        }
        match hold {
            Hold::Nothing | Hold::Done => {}
            Hold::Lock => left.locks += 1,
            Hold::Unlock => left.locks = left.locks.saturating_sub(1),
            Hold::Subscription => left.subscribed = true,
            Hold::Unconfirmed => left.unconfirmed = true,
            Hold::Settled => left.unconfirmed = false,
        }
    }
}
