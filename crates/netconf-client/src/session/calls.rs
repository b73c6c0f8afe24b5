//! The calls that wait for their replies, in the order they were sent.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;

use super::caller::{Begun, Incoming};
use super::{CallFailure, SessionConfig};
use crate::error::LostCause;
use crate::framing::{Assembler, Piece};
use crate::transport::DirectWrite;
use crate::xml::MessageId;

/// Requests written in one go, at most.
const BATCH: usize = 64;

/// Parts of a large reply that wait for its caller, at most.
pub(super) const PARTS: usize = 64;

/// Who waits for a reply.
pub(super) enum Waiter {
    /// One caller wants the whole message.
    Whole(oneshot::Sender<Incoming>),
    /// The same caller, who has the beginning of a large one and takes some parts more before the rest.
    Growing(mpsc::Sender<Bytes>, oneshot::Sender<Bytes>),
    /// One caller wants the message as it comes.
    Parts(mpsc::Sender<Piece>),
    /// Nobody any more: the caller was dropped or ran out of time.
    Nobody,
}

/// What became of a part of a large reply.
pub(super) enum Grown {
    /// The caller has it.
    Taken,
    /// He still has as many as may wait for him; this is where the next goes.
    Full(mpsc::Sender<Bytes>),
    /// He does not want it any more.
    Unwanted,
}

/// Who gets a reply that has begun to come.
pub(super) enum Taker {
    /// The caller of [`Calls::received`], if it has not given up by then.
    Whole,
    /// One caller wants the message as it comes.
    Parts(mpsc::Sender<Piece>),
    /// Nobody any more.
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
    /// The call whose reply is coming, and wanted whole: its time runs on until the reply is complete.
    receiving: Option<Entry>,
    /// Whether a reply has begun to come and has not ended, wanted or not.
    coming: bool,
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
    /// When the task looks at the deadlines next; `None` at once.
    look: Option<Instant>,
    lost: Option<LostCause>,
}

impl Table {
    fn is_idle(&self) -> bool {
        self.entries.is_empty() && self.rest.is_none() && !self.writing
    }

    /// Adds a call. Returns whether its time is over before the task's next look, which then is to be at once.
    fn push(&mut self, id: u64, waiter: Waiter, deadline: Instant) -> bool {
        self.entries.push_back(Entry { id, waiter, deadline });
        let early = self.look.is_some_and(|look| deadline < look);
        if early {
            self.look = None;
        }
        early
    }
}

/// The time so long from now; a limit too large for a clock is a year.
pub(super) fn after(limit: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(limit).unwrap_or(now + Duration::from_hours(24 * 365))
}

/// A call that is not registered yet.
pub(super) struct Request {
    pub(super) id: u64,
    pub(super) frame: Bytes,
    pub(super) waiter: Waiter,
    pub(super) deadline: Instant,
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
    /// There is something for the task to do: a request to write, a deadline before its next look, the end.
    attention: Notify,
    /// How long most calls may take.
    usual: Duration,
    /// Requests on the wire without a reply, at most.
    outstanding: usize,
    /// Requests handed to the stream so far.
    sent: AtomicU64,
}

impl Calls {
    pub(super) fn new(direct: Option<DirectWrite>, config: &SessionConfig) -> Self {
        Calls {
            table: Mutex::new(Table { direct, nudges: config.nudge.is_some(), ..Table::default() }),
            room: Semaphore::new(config.queue.clamp(1, Semaphore::MAX_PERMITS)),
            attention: Notify::new(),
            usual: config.call_timeout,
            outstanding: config.outstanding.max(1),
            sent: AtomicU64::new(0),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lost(&self) -> Option<LostCause> {
        self.table().lost.clone()
    }

    /// Whether the server owes no reply.
    pub(super) fn is_quiet(&self) -> bool {
        let table = self.table();
        table.entries.is_empty() && !table.coming
    }

    /// Requests handed to the stream so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Waits for something to write and takes it; from here on it counts as sent. Meanwhile, deadlines are looked after.
    pub(super) async fn next(&self, batch: &mut Batch) -> Result<(), LostCause> {
        loop {
            {
                let mut table = self.table();
                if let Some(cause) = table.lost.clone() {
                    return Err(cause);
                }
                let room = self.outstanding.saturating_sub(table.written);
                let count = table.unwritten.len().min(BATCH).min(room);
                batch.rest = table.rest.take();
                batch.frames.extend(table.unwritten.drain(..count));
                table.written += count;
                table.writing = count > 0 || batch.rest.is_some();
                if table.writing {
                    self.room.add_permits(count);
                    self.sent.fetch_add(count as u64, Ordering::Relaxed);
                    return Ok(());
                }
            }
            self.attend().await;
        }
    }

    /// Looks after deadlines until the session is ended from this side.
    pub(super) async fn watch(&self) -> LostCause {
        loop {
            if let Some(cause) = self.lost() {
                return cause;
            }
            self.attend().await;
        }
    }

    /// Waits until the task has something to do. One timer for all calls costs less than one for each.
    async fn attend(&self) {
        // Two statements: in one, the table would still be locked when `expire` asks for it.
        let look = self.table().look;
        let look = look.unwrap_or_else(|| self.expire());
        if tokio::time::timeout_at(look, self.attention.notified()).await.is_err() {
            self.expire();
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

    /// Registers a request of the task itself, whose reply nobody wants and which is written at once.
    pub(super) fn own(&self, id: u64) {
        let mut table = self.table();
        table.writing = true;
        let at = table.written;
        table.entries.insert(at, Entry { id, waiter: Waiter::Nobody, deadline: Instant::now() });
        table.written += 1;
    }

    /// Takes out the call a reply answers. A reply without a message-id answers the oldest call, as servers must
    /// reply in order (RFC 6241, section 4.5).
    pub(super) fn answered(&self, id: MessageId) -> Option<Taker> {
        let mut table = self.table();
        let at = match id {
            MessageId::Missing => (table.written > 0).then_some(0),
            MessageId::Number(id) => {
                table.entries.iter().take(table.written).position(|entry| entry.id == id)
            }
            MessageId::Foreign => None,
        }?;
        if table.written >= self.outstanding {
            self.attention.notify_one();
        }
        table.written -= 1;
        (table.any_answered, table.coming) = (true, true);
        let entry = table.entries.remove(at)?;
        Some(match entry.waiter {
            Waiter::Parts(reader) => Taker::Parts(reader),
            Waiter::Nobody => Taker::Nobody,
            Waiter::Whole(_) | Waiter::Growing(..) => {
                table.receiving = Some(entry);
                Taker::Whole
            }
        })
    }

    /// Gives what there is of the reply that is coming to its caller, if he has room for it.
    pub(super) fn grew(&self, part: &mut Assembler) -> Grown {
        let mut table = self.table();
        let Some(entry) = table.receiving.take() else { return Grown::Unwanted };
        let (waiter, grown) = match entry.waiter {
            Waiter::Whole(caller) => {
                let ((sender, parts), (last, rest)) = (mpsc::channel(PARTS), oneshot::channel());
                let begun = Begun { first: part.take(), parts, rest };
                if caller.send(Incoming::Begun(begun)).is_err() {
                    return Grown::Unwanted;
                }
                (Waiter::Growing(sender, last), Grown::Taken)
            }
            Waiter::Growing(sender, last) => {
                let grown = match sender.try_reserve() {
                    Ok(room) => {
                        room.send(part.take());
                        Grown::Taken
                    }
                    Err(TrySendError::Full(())) => Grown::Full(sender.clone()),
                    Err(TrySendError::Closed(())) => return Grown::Unwanted,
                };
                (Waiter::Growing(sender, last), grown)
            }
            Waiter::Parts(_) | Waiter::Nobody => return Grown::Unwanted,
        };
        table.receiving = Some(Entry { waiter, ..entry });
        grown
    }

    /// Says that the reply that was coming has ended; its caller, if one still waits for it as a whole, gets the rest of it, or all.
    pub(super) fn received(&self, rest: Bytes) {
        // Apart: the caller is woken without the lock.
        let entry = {
            let mut table = self.table();
            table.coming = false;
            table.receiving.take()
        };
        // The receiver may be gone by now: then the reply is not wanted.
        match entry.map(|entry| entry.waiter) {
            Some(Waiter::Whole(caller)) => drop(caller.send(Incoming::Whole(rest))),
            Some(Waiter::Growing(_, last)) => drop(last.send(rest)),
            Some(Waiter::Parts(_) | Waiter::Nobody) | None => {}
        }
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
        table.receiving = None;
        self.room.close();
        self.attention.notify_one();
    }

    /// Wakes the callers whose time is over now, and says when to look again.
    fn expire(&self) -> Instant {
        let mut table = self.table();
        let now = Instant::now();
        // No call that has not been made yet ends sooner, or it asks for attention.
        let mut next = after(self.usual);
        for entry in &mut table.entries {
            match entry.waiter {
                Waiter::Whole(_) if entry.deadline <= now => entry.waiter = Waiter::Nobody,
                Waiter::Whole(_) => next = next.min(entry.deadline),
                Waiter::Growing(..) | Waiter::Parts(_) | Waiter::Nobody => {}
            }
        }
        match &table.receiving {
            Some(entry) if entry.deadline <= now => table.receiving = None,
            Some(entry) => next = next.min(entry.deadline),
            None => {}
        }
        table.look = Some(next);
        next
    }

    /// Registers a call and writes its request as far as that needs no waiting, if the caller is alone on the session:
    /// that saves waking the task. Hands the request back otherwise.
    pub(super) fn write_directly(&self, request: Request) -> Result<Option<Request>, CallFailure> {
        let mut table = self.table();
        if let Some(cause) = table.lost.clone() {
            return Err(CallFailure::Lost { cause, sent: false });
        }
        let seen = !table.nudges || table.any_answered;
        let Some(direct) = table.direct.as_ref().filter(|_| seen && table.is_idle()) else {
            return Ok(Some(request));
        };
        let mut writing = direct(request.frame);
        // The context is of no use: whoever finishes the write brings his own.
        let rest: Option<BoxFuture<'static, _>> =
            match writing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Ok(())) => None,
                Poll::Ready(Err(error)) => Some(Box::pin(async { Err(error) })),
                Poll::Pending => Some(writing),
            };
        let early = table.push(request.id, request.waiter, request.deadline);
        let attention = early || rest.is_some();
        table.rest = rest;
        table.written += 1;
        drop(table);
        self.sent.fetch_add(1, Ordering::Relaxed);
        if attention {
            self.attention.notify_one();
        }
        Ok(None)
    }

    /// Waits for room in the queue, until the call's time is over.
    pub(super) async fn room(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, CallFailure> {
        let turn = tokio::time::timeout_at(deadline, self.room.acquire()).await;
        turn.map_err(|_| CallFailure::Late { sent: false })?.map_err(|_| {
            let cause = self.lost().unwrap_or(LostCause::Closed);
            CallFailure::Lost { cause, sent: false }
        })
    }

    /// Registers a call and leaves its request to the task, which joins those of several callers into one write.
    pub(super) fn queue(&self, request: Request, room: SemaphorePermit<'_>) -> Result<(), CallFailure> {
        let mut table = self.table();
        if let Some(cause) = table.lost.clone() {
            return Err(CallFailure::Lost { cause, sent: false });
        }
        table.push(request.id, request.waiter, request.deadline);
        table.unwritten.push_back(request.frame);
        room.forget();
        drop(table);
        self.attention.notify_one();
        Ok(())
    }

    /// Gives a call up. Returns whether it may have been sent. One that was not will not be.
    pub(super) fn abandon(&self, id: u64) -> bool {
        let mut table = self.table();
        let Some(at) = table.entries.iter().position(|entry| entry.id == id) else {
            table.receiving.take_if(|entry| entry.id == id);
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
