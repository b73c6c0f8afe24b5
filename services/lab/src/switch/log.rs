//! What happened on the switch: a log for people and counts for tests.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

/// Entries of the log that are kept; the counts go on.
const KEPT: usize = 2_000;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A session began.
    SessionOpened,
    /// A session ended.
    SessionClosed,
    /// A login failed.
    LoginFailed,
    /// A datastore was edited.
    Edited,
    /// The candidate was committed.
    Committed,
    /// A confirmed commit was undone.
    Reverted,
    /// The candidate's changes were thrown away.
    Discarded,
    /// A datastore was locked.
    Locked,
    /// A lock was released.
    Unlocked,
    /// The running configuration was saved.
    Saved,
    /// Somebody configured by CLI.
    Console,
    /// An RPC was refused.
    Refused,
    /// A fault struck.
    Fault,
    /// Something else worth knowing.
    Other,
}

impl EventKind {
    /// The word for it on the page.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SessionOpened => "session opened",
            Self::SessionClosed => "session closed",
            Self::LoginFailed => "login failed",
            Self::Edited => "edited",
            Self::Committed => "committed",
            Self::Reverted => "reverted",
            Self::Discarded => "discarded",
            Self::Locked => "locked",
            Self::Unlocked => "unlocked",
            Self::Saved => "saved",
            Self::Console => "console",
            Self::Refused => "refused",
            Self::Fault => "fault",
            Self::Other => "note",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: EventKind,
    /// The NETCONF session, where there was one.
    pub session: Option<u32>,
    /// The user, or `console`.
    pub who: String,
    /// In words.
    pub text: String,
}

/// What happened on the switch since it was started: a copy, that no longer changes.
#[derive(Debug, Clone, Default)]
pub struct Events {
    pub(crate) entries: VecDeque<Event>,
    pub(crate) rpcs: BTreeMap<String, u64>,
    pub(crate) edits: u64,
    pub(crate) commits: u64,
    pub(crate) saves: u64,
    pub(crate) running_changes: u64,
    pub(crate) sessions_opened: u64,
    pub(crate) sessions_open: usize,
}

impl Events {
    /// The newest entries, oldest first; at most a few thousand are kept.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.entries.iter()
    }

    /// RPCs received, close-session included.
    #[must_use]
    pub fn rpcs(&self) -> u64 {
        self.rpcs.values().sum()
    }

    /// RPCs received of this element name, e.g. `get-config`.
    #[must_use]
    pub fn rpc_count(&self, name: &str) -> u64 {
        self.rpcs.get(name).copied().unwrap_or(0)
    }

    /// edit-config RPCs that were carried out, of whatever datastore; `test-only` does not count.
    #[must_use]
    pub fn edits(&self) -> u64 {
        self.edits
    }

    /// Commits that were carried out: plain, confirmed and confirming ones.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits
    }

    /// How often running was saved to startup.
    #[must_use]
    pub fn saves(&self) -> u64 {
        self.saves
    }

    /// How often the content of running became another one, by whatever way: the number of effective edits of the device.
    #[must_use]
    pub fn running_changes(&self) -> u64 {
        self.running_changes
    }

    /// NETCONF sessions opened so far.
    #[must_use]
    pub fn sessions_opened(&self) -> u64 {
        self.sessions_opened
    }

    /// NETCONF sessions open now.
    #[must_use]
    pub fn sessions_open(&self) -> usize {
        self.sessions_open
    }

    pub(crate) fn add(&mut self, kind: EventKind, by: (Option<u32>, &str), text: impl Into<String>) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        let (session, who) = by;
        self.entries.push_back(Event {
            at: Timestamp::now(),
            kind,
            session,
            who: who.to_owned(),
            text: text.into(),
        });
    }
}
