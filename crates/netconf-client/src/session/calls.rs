//! The calls that wait for their replies, in the order they were sent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, Semaphore, TryAcquireError, mpsc, oneshot};
use tokio::time::Instant;

use super::{CallFailure, Shared};
use crate::error::LostCause;
use crate::framing::Piece;
use crate::transport::DirectWrite;
use crate::xml::MessageId;

/// Requests written in one go, at most.
const BATCH: usize = 64;

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
    deadline: Instant,
}

/// Entries in the order they were asked for; the first `written` of them may be on the wire.
#[derive(Default)]
struct Table {
    entries: VecDeque<Entry>,
    written: usize,
    /// The framed requests of the other entries, in their order.
    unwritten: VecDeque<Bytes>,
    /// The rest of a request that its caller began to write. Nothing else is written before it.
    rest: Option<BoxFuture<'static, io::Result<()>>>,
    /// Whether the task is writing.
    writing: bool,
    /// Whether any reply has come in this session.
    any_answered: bool,
    /// How a caller that is alone writes by itself, if the transport can do that and the session lives: it holds the
    /// connection open.
    direct: Option<DirectWrite>,
    /// Whether the task may have to nudge the server: then it has to see the first request.
    nudges: bool,
    /// When the task looks at the deadlines next, if it has done so before.
    look: Option<Instant>,
    lost: Option<LostCause>,
}

impl Table {
    fn is_idle(&self) -> bool {
        self.entries.is_empty() && self.rest.is_none() && !self.writing
    }

    /// Writes a request as far as that needs no waiting, if its caller is alone; hands it back otherwise.
    fn write_directly(&mut self, frame: Bytes) -> Result<io::Result<()>, Bytes> {
        let seen = !self.nudges || self.any_answered;
        let Some(direct) = self.direct.as_ref().filter(|_| seen && self.is_idle()) else { return Err(frame) };
        let mut writing = direct(frame);
        // The context is of no use: whoever finishes the write brings his own.
        match writing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Ok(outcome),
            Poll::Pending => {
                self.rest = Some(writing);
                Ok(Ok(()))
            }
        }
    }
}

/// What the task writes next.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) rest: Option<BoxFuture<'static, io::Result<()>>>,
    pub(super) frames: Vec<Bytes>,
}

/// The table behind its lock, which is never held across a wait, and what wakes those who wait for it.
pub(super) struct Calls {
    table: Mutex<Table>,
    /// One permit for each request more that may wait to be written.
    room: Semaphore,
    /// There is something to write.
    work: Notify,
    /// There is a deadline before the task's next look.
    hurry: Notify,
    /// Requests handed to the stream so far.
    sent: AtomicU64,
}

impl Calls {
    pub(super) fn new(direct: Option<DirectWrite>, nudges: bool, queue: usize) -> Self {
        Calls {
            table: Mutex::new(Table { direct, nudges, ..Table::default() }),
            room: Semaphore::new(queue.clamp(1, Semaphore::MAX_PERMITS)),
            work: Notify::new(),
            hurry: Notify::new(),
            sent: AtomicU64::new(0),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lost(&self) -> Option<LostCause> {
        self.table().lost.clone()
    }

    /// Requests handed to the stream so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Waits for something to write and takes it; from here on it counts as sent.
    pub(super) async fn next(&self, batch: &mut Batch) {
        loop {
            {
                let mut table = self.table();
                let count = table.unwritten.len().min(BATCH);
                batch.rest = table.rest.take();
                batch.frames.extend(table.unwritten.drain(..count));
                table.written += count;
                table.writing = count > 0 || batch.rest.is_some();
                if table.writing {
                    self.room.add_permits(count);
                    self.sent.fetch_add(count as u64, Ordering::Relaxed);
                    return;
                }
            }
            self.work.notified().await;
        }
    }

    /// Says that the task has written what it took.
    pub(super) fn wrote(&self) {
        self.table().writing = false;
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
        table.entries.insert(at, Entry { id, waiter: Waiter::Nobody, deadline: Instant::now() });
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
        table.rest = None;
        table.unwritten.clear();
        // Dropping a waiter wakes its caller; entries stay so that it can still be told whether they were written.
        for entry in &mut table.entries {
            entry.waiter = Waiter::Nobody;
        }
        self.room.close();
    }

    /// Wakes the callers whose time is over, again and again. One timer for all of them costs less than one for each.
    /// `usual` is how long most calls may take.
    pub(super) async fn expire(&self, usual: Duration) -> Infallible {
        loop {
            let look = self.expired(usual);
            // Either way there is something to look at.
            let _ = tokio::time::timeout_at(look, self.hurry.notified()).await;
        }
    }

    /// Wakes the callers whose time is over now, and says when the next one's is.
    fn expired(&self, usual: Duration) -> Instant {
        let mut table = self.table();
        let now = Instant::now();
        let mut next = now + usual;
        for entry in &mut table.entries {
            match entry.waiter {
                Waiter::Whole(_) if entry.deadline <= now => entry.waiter = Waiter::Nobody,
                Waiter::Whole(_) => next = next.min(entry.deadline),
                Waiter::Parts(_) | Waiter::Nobody => {}
            }
        }
        table.look = Some(next);
        next
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
        table.entries.remove(at);
        match at.checked_sub(table.written) {
            None => table.written -= 1,
            Some(unwritten) => {
                if table.unwritten.remove(unwritten).is_some() {
                    self.room.add_permits(1);
                }
                return false;
            }
        }
        true
    }
}

/// Registers a call and gets its request under way, in one step, so that table and wire have one order.
///
/// A caller that is alone on the session writes by itself as far as that needs no waiting, which saves waking the task;
/// several at once leave it to the task, which joins their requests into one write.
pub(super) async fn enqueue(
    shared: &Arc<Shared>,
    (id, frame): (u64, Bytes),
    waiter: Waiter,
    deadline: Instant,
) -> Result<Registered, CallFailure> {
    let calls = &shared.calls;
    let not_sent = |cause| CallFailure::Lost { cause, sent: false };
    let room = match calls.room.try_acquire() {
        Ok(room) => room,
        Err(TryAcquireError::Closed) => return Err(not_sent(calls.lost().unwrap_or(LostCause::Closed))),
        Err(TryAcquireError::NoPermits) => {
            let turn = tokio::time::timeout_at(deadline, calls.room.acquire()).await;
            let turn = turn.map_err(|_| CallFailure::Late { sent: false })?;
            turn.map_err(|_| not_sent(calls.lost().unwrap_or(LostCause::Closed)))?
        }
    };
    let mut table = calls.table();
    if let Some(cause) = table.lost.clone() {
        return Err(not_sent(cause));
    }
    let begun = table.write_directly(frame);
    table.entries.push_back(Entry { id, waiter, deadline });
    let hurry = table.look.is_some_and(|look| deadline < look);
    let woken = match begun {
        Ok(outcome) => {
            table.written += 1;
            calls.sent.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = outcome {
                table.rest = Some(Box::pin(async { Err(error) }));
            }
            table.rest.is_some()
        }
        Err(frame) => {
            table.unwritten.push_back(frame);
            room.forget();
            true
        }
    };
    drop(table);
    if woken {
        calls.work.notify_one();
    }
    if hurry {
        calls.hurry.notify_one();
    }
    Ok(Registered { shared: Arc::clone(shared), id, answered: false })
}

/// A call under way; dropping it gives the call up and leaves the session usable.
pub(crate) struct Registered {
    shared: Arc<Shared>,
    id: u64,
    answered: bool,
}

impl Registered {
    /// The whole reply, or why there is none. The task drops the other end when the call's time is over or the session
    /// is lost.
    pub(super) async fn reply(mut self, receiver: oneshot::Receiver<Bytes>) -> Result<Bytes, CallFailure> {
        match receiver.await {
            Ok(message) => {
                self.answered = true;
                Ok(message)
            }
            Err(_) if self.shared.calls.lost().is_some() => Err(self.lost()),
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
