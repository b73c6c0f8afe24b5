//! The bounded queue between a session and the reader of its notifications.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::{Event, Notification};
use crate::error::LostCause;

/// How much may wait to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Notifications, at least 1.
    pub notifications: usize,
    /// Bytes of notifications. A single larger one is taken if the queue is empty.
    pub bytes: usize,
}

impl Default for QueueLimits {
    /// 1024 notifications and 16 MiB.
    fn default() -> Self {
        QueueLimits { notifications: 1024, bytes: 16 << 20 }
    }
}

enum Item {
    Message(Bytes),
    Gap(u64),
}

#[derive(Default)]
struct Waiting {
    /// Whether somebody holds the reader's end.
    taken: bool,
    limits: QueueLimits,
    items: VecDeque<Item>,
    messages: usize,
    bytes: usize,
    ended: Option<LostCause>,
}

/// The session's end.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    news: Notify,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out the reader's end, unless it is held already.
    pub(crate) fn take(self: &Arc<Self>, limits: QueueLimits, max_depth: usize) -> Option<Notifications> {
        let mut waiting = self.waiting();
        if waiting.taken {
            return None;
        }
        waiting.taken = true;
        waiting.limits = limits;
        Some(Notifications { queue: Arc::clone(self), max_depth })
    }

    /// Whether somebody holds the reader's end.
    pub(crate) fn is_read(&self) -> bool {
        self.waiting().taken
    }

    /// Takes a notification in, or counts it as lost. Nobody may be there to read it: then it is not wanted.
    pub(crate) fn push(&self, message: Bytes) {
        let mut waiting = self.waiting();
        if !waiting.taken {
            return;
        }
        let room = waiting.messages < waiting.limits.notifications.max(1)
            && (waiting.messages == 0 || waiting.bytes + message.len() <= waiting.limits.bytes);
        if room {
            waiting.messages += 1;
            waiting.bytes += message.len();
            // A copy: what was read together with it does not stay in memory as long as it waits.
            waiting.items.push_back(Item::Message(Bytes::copy_from_slice(&message)));
        } else if let Some(Item::Gap(lost)) = waiting.items.back_mut() {
            *lost += 1;
        } else {
            waiting.items.push_back(Item::Gap(1));
        }
        drop(waiting);
        self.news.notify_one();
    }

    /// Says that no more will come.
    pub(crate) fn end(&self, cause: LostCause) {
        self.waiting().ended.get_or_insert(cause);
        self.news.notify_one();
    }
}

/// The reader's end of a session's notifications. What comes after it is dropped is thrown away. It does not keep
/// the session open.
pub struct Notifications {
    queue: Arc<Queue>,
    max_depth: usize,
}

impl std::fmt::Debug for Notifications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notifications").field("waiting", &self.queue.waiting().messages).finish()
    }
}

impl Notifications {
    /// The next notification or gap, in the order the server sent them. Waits without limit: a quiet server is not an
    /// error. One that has vanished is noticed by keepalives, of SSH or of TCP under TLS. May be dropped and called again.
    ///
    /// # Errors
    /// Why the session ended, once everything that came before has been read.
    pub async fn next(&mut self) -> Result<Event, LostCause> {
        loop {
            match self.try_next()? {
                Some(event) => return Ok(event),
                None => self.queue.news.notified().await,
            }
        }
    }

    /// [`Notifications::next`] without waiting.
    ///
    /// # Errors
    /// As [`Notifications::next`].
    pub fn try_next(&mut self) -> Result<Option<Event>, LostCause> {
        let mut waiting = self.queue.waiting();
        let event = match waiting.items.pop_front() {
            Some(Item::Gap(lost)) => Event::Gap { lost },
            Some(Item::Message(message)) => {
                waiting.messages -= 1;
                waiting.bytes -= message.len();
                drop(waiting);
                match Notification::read(message, self.max_depth) {
                    Ok(notification) => Event::Notification(notification),
                    Err(error) => Event::Unreadable { reason: error.to_string() },
                }
            }
            None => return waiting.ended.clone().map_or(Ok(None), Err),
        };
        Ok(Some(event))
    }
}

impl Drop for Notifications {
    fn drop(&mut self) {
        let mut waiting = self.queue.waiting();
        let ended = waiting.ended.take();
        *waiting = Waiting { ended, ..Waiting::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str) -> Bytes {
        format!("<notification><eventTime>t</eventTime><{name}/></notification>").into()
    }

    fn name(event: Result<Option<Event>, LostCause>) -> String {
        match event.unwrap().unwrap() {
            Event::Notification(notification) => notification.name().to_owned(),
            Event::Gap { lost } => format!("gap {lost}"),
            Event::Unreadable { reason } => reason,
        }
    }

    #[test]
    fn what_waits_does_not_keep_what_was_read_with_it() {
        let queue = Arc::new(Queue::default());
        let _reader = queue.take(QueueLimits::default(), 10).unwrap();
        let read = Bytes::from(vec![b'x'; 1 << 16]);
        queue.push(read.slice(..100));
        assert!(read.is_unique());
    }

    #[test]
    fn what_does_not_fit_is_reported_in_its_place() {
        let queue = Arc::new(Queue::default());
        queue.push(message("unwanted"));
        let limits = QueueLimits { notifications: 2, bytes: 1000 };
        let mut reader = queue.take(limits, 10).unwrap();
        assert!(queue.take(limits, 10).is_none());
        for wanted in ["a", "b", "c", "d"] {
            queue.push(message(wanted));
        }
        assert_eq!(name(reader.try_next()), "a");
        queue.push(message("e"));
        assert_eq!(name(reader.try_next()), "b");
        assert_eq!(name(reader.try_next()), "gap 2");
        queue.end(LostCause::EndOfStream);
        assert_eq!(name(reader.try_next()), "e");
        assert_eq!(reader.try_next(), Err(LostCause::EndOfStream));
        drop(reader);
        assert_eq!(queue.take(limits, 10).unwrap().try_next(), Err(LostCause::EndOfStream));
    }

    #[test]
    fn bytes_are_limited_too_but_one_is_always_taken() {
        let queue = Arc::new(Queue::default());
        let mut reader = queue.take(QueueLimits { notifications: 10, bytes: 5 }, 10).unwrap();
        queue.push(message("a"));
        queue.push(message("b"));
        assert_eq!(name(reader.try_next()), "a");
        assert_eq!(name(reader.try_next()), "gap 1");
        queue.push(message("c"));
        assert_eq!(name(reader.try_next()), "c");
        assert_eq!(reader.try_next(), Ok(None));
    }
}
