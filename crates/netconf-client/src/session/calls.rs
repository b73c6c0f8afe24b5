//! The calls that wait for their replies, in the order they were sent.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{CallFailure, Shared};
use crate::error::LostCause;
use crate::framing::Piece;
use crate::transport::DirectWrite;
use crate::xml::MessageId;

/// What the task has to write.
pub(super) enum Outgoing {
    /// A framed request.
    Request { id: u64, frame: Bytes },
    /// The rest of a request that its caller began to write. Nothing else is written meanwhile.
    Rest(BoxFuture<'static, io::Result<()>>),
}

/// Who gets a reply.
pub(super) enum Waiter {
    /// One caller wants the whole message.
    Whole(oneshot::Sender<Bytes>),
    /// One caller wants the message as it comes.
    Parts(mpsc::Sender<Piece>),
    /// Nobody any more: the caller was dropped or ran out of time.
    Nobody,
}

struct Entry {
    id: u64,
    waiter: Waiter,
}

/// Entries in the order of the queue; the first `written` of them may be on the wire.
#[derive(Default)]
struct Table {
    entries: VecDeque<Entry>,
    written: usize,
    /// What the task has been given and has not written yet.
    queued: usize,
    /// Whether any reply has come in this session.
    any_answered: bool,
    /// How a caller that is alone writes by itself, if the transport can do that and the session lives: it holds the
    /// connection open.
    direct: Option<DirectWrite>,
    /// Whether the task may have to nudge the server: then it has to see the first request.
    nudges: bool,
    lost: Option<LostCause>,
}

/// The table behind its lock, which is never held across a wait.
pub(super) struct Calls(Mutex<Table>);

impl Calls {
    pub(super) fn new(direct: Option<DirectWrite>, nudges: bool) -> Self {
        Calls(Mutex::new(Table { direct, nudges, ..Table::default() }))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lost(&self) -> Option<LostCause> {
        self.table().lost.clone()
    }

    /// Whether this request is still wanted; from here on it counts as sent. Requests come in the order of
    /// [`enqueue`], so only the first unwritten entry can match.
    pub(super) fn begin_write(&self, id: u64) -> bool {
        let mut table = self.table();
        let at = table.written;
        let wanted = table.lost.is_none() && table.entries.get(at).is_some_and(|entry| entry.id == id);
        if wanted {
            table.written += 1;
        }
        wanted
    }

    /// Says that the task has written so many of what it was given.
    pub(super) fn wrote(&self, count: usize) {
        let mut table = self.table();
        table.queued = table.queued.saturating_sub(count);
    }

    /// Whether requests are on the wire and not one reply has come so far.
    pub(super) fn unanswered(&self) -> bool {
        let table = self.table();
        table.written > 0 && !table.any_answered && table.lost.is_none()
    }

    /// Registers a request that the task itself is about to write, whose reply nobody wants.
    pub(super) fn own(&self, id: u64) {
        let mut table = self.table();
        let at = table.written;
        table.entries.insert(at, Entry { id, waiter: Waiter::Nobody });
        table.written += 1;
    }

    /// Takes out the call a reply answers. A reply without a message-id answers the oldest call, as servers must
    /// reply in order (RFC 6241, section 4.5).
    pub(super) fn answered(&self, id: MessageId) -> Option<Waiter> {
        let mut table = self.table();
        let at = match id {
            MessageId::Missing => (table.written > 0).then_some(0),
            MessageId::Number(id) => {
                table.entries.iter().take(table.written).position(|entry| entry.id == id)
            }
            MessageId::Foreign => None,
        }?;
        table.written -= 1;
        table.any_answered = true;
        table.entries.remove(at).map(|entry| entry.waiter)
    }

    /// Ends the session for all who wait; what was never written is known to be so.
    pub(super) fn fail_all(&self, cause: LostCause) {
        let mut table = self.table();
        table.lost.get_or_insert(cause);
        table.direct = None;
        // Dropping a waiter wakes its caller; entries stay so that `was_sent` can still tell.
        for entry in &mut table.entries {
            entry.waiter = Waiter::Nobody;
        }
    }

    /// Gives a call up. Returns whether it may have been sent. One that was not will not be.
    fn abandon(&self, id: u64) -> bool {
        let mut table = self.table();
        let Some(at) = table.entries.iter().position(|entry| entry.id == id) else {
            return true;
        };
        if at < table.written && table.lost.is_none() {
            table.entries[at].waiter = Waiter::Nobody;
            return true;
        }
        let sent = at < table.written;
        table.entries.remove(at);
        table.written -= usize::from(sent);
        sent
    }
}

/// Registers a call and hands its request to the task, in one step, so that table and queue have one order.
///
/// A caller that is alone on the session writes by itself as far as that needs no waiting, which saves waking the task;
/// several at once leave it to the task, which joins their requests into one write.
pub(super) fn enqueue(
    shared: &Arc<Shared>,
    permit: mpsc::Permit<'_, Outgoing>,
    (id, frame): (u64, Bytes),
    waiter: Waiter,
) -> Result<Registered, CallFailure> {
    let mut table = shared.calls.table();
    if let Some(cause) = table.lost.clone() {
        return Err(CallFailure::Lost { cause, sent: false });
    }
    let alone = table.entries.is_empty() && table.queued == 0;
    table.entries.push_back(Entry { id, waiter });
    let seen = !table.nudges || table.any_answered;
    let begun = table.direct.as_ref().filter(|_| alone && seen).map(|direct| direct(frame.clone()));
    let left = match begun {
        Some(mut writing) => {
            table.written += 1;
            shared.sent.fetch_add(1, Ordering::Relaxed);
            // The context is of no use: whoever finishes the write brings his own.
            let begun = writing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            match begun {
                Poll::Ready(Ok(())) => None,
                Poll::Ready(Err(error)) => Some(Outgoing::Rest(Box::pin(async { Err(error) }))),
                Poll::Pending => Some(Outgoing::Rest(writing)),
            }
        }
        None => Some(Outgoing::Request { id, frame }),
    };
    if let Some(left) = left {
        table.queued += 1;
        permit.send(left);
    }
    drop(table);
    Ok(Registered { shared: Arc::clone(shared), id, answered: false })
}

/// A call under way; dropping it gives the call up and leaves the session usable.
pub(crate) struct Registered {
    shared: Arc<Shared>,
    id: u64,
    answered: bool,
}

impl Registered {
    /// The whole reply, or why there is none.
    pub(super) async fn reply(
        mut self,
        mut receiver: oneshot::Receiver<Bytes>,
        deadline: Instant,
    ) -> Result<Bytes, CallFailure> {
        let outcome = tokio::time::timeout_at(deadline, &mut receiver).await;
        match outcome {
            Ok(Ok(message)) => {
                self.answered = true;
                Ok(message)
            }
            Ok(Err(_)) => Err(self.lost()),
            Err(_) => Err(CallFailure::Late { sent: self.give_up() }),
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
        self.shared.calls.abandon(self.id)
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
