//! The caller's side of a call: getting it under way, putting a large reply together, giving up.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::calls::Request;
use super::{CallFailure, Shared};
use crate::error::LostCause;
use crate::message::Message;

/// A reply for the caller who wants it whole.
pub(super) enum Incoming {
    /// All of it.
    Whole(Bytes),
    /// A large one, of which more is to come.
    Begun(Begun),
}

/// A large reply that its caller puts together while the rest of it comes.
pub(super) struct Begun {
    pub(super) first: Bytes,
    /// What comes next, as fast as the caller takes it.
    pub(super) parts: mpsc::Receiver<Bytes>,
    /// What was not in `parts` when the reply was complete.
    pub(super) rest: oneshot::Receiver<Bytes>,
}

impl Begun {
    /// The whole; `None` if it stops coming.
    async fn whole(mut self) -> Option<Message> {
        let mut message = Message::default();
        message.add(&std::mem::take(&mut self.first));
        while let Some(part) = self.parts.recv().await {
            message.add(&part);
        }
        message.add(&self.rest.await.ok()?);
        Some(message)
    }
}

/// Registers a call and gets its request under way, in one step, so that table and wire have one order. Waits for room in
/// the queue until the call's time is over.
pub(super) async fn enqueue(shared: &Arc<Shared>, request: Request) -> Result<Registered, CallFailure> {
    let (calls, id) = (&shared.calls, request.id);
    if let Some(request) = calls.write_directly(request)? {
        let room = calls.room(request.deadline).await?;
        calls.queue(request, room)?;
    }
    Ok(Registered { shared: Arc::clone(shared), id, answered: false, sent: None })
}

/// A call under way; dropping it gives the call up and leaves the session usable.
pub(crate) struct Registered {
    shared: Arc<Shared>,
    id: u64,
    answered: bool,
    /// Once it was given up: whether it may have been sent.
    sent: Option<bool>,
}

impl Registered {
    /// The whole reply, or why there is none. The task drops the other end when the call's time is over or the session
    /// is lost.
    pub(super) async fn reply(
        mut self,
        receiver: oneshot::Receiver<Incoming>,
    ) -> Result<Message, CallFailure> {
        let message = match receiver.await {
            Ok(Incoming::Whole(whole)) => Some(Message::from(whole)),
            // In a box: most replies are small, and so are the calls that wait for them.
            Ok(Incoming::Begun(begun)) => Box::pin(begun.whole()).await,
            Err(_) => None,
        };
        match message {
            Some(message) => {
                self.answered = true;
                Ok(message)
            }
            None if self.shared.calls.lost().is_some() => Err(self.lost()),
            None => Err(CallFailure::Late { sent: self.give_up() }),
        }
    }

    /// What is known when the session has ended before the reply has.
    pub(crate) fn lost(&mut self) -> CallFailure {
        let sent = self.give_up();
        CallFailure::Lost { cause: self.shared.calls.lost().unwrap_or(LostCause::Closed), sent }
    }

    /// Gives the call up. Returns whether it may have been sent.
    fn give_up(&mut self) -> bool {
        self.answered = true;
        *self.sent.get_or_insert_with(|| self.shared.calls.abandon(self.id))
    }

    /// Says that the whole reply has come.
    pub(crate) fn answered(&mut self) {
        self.answered = true;
    }
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registered").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        if !self.answered {
            self.shared.calls.abandon(self.id);
        }
    }
}
