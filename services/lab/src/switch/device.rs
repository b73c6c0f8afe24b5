//! The switch itself: its datastores, locks, sessions and the confirmed commit that waits. No input or output; time is passed in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::error::RpcError;
use super::log::{EventKind, Events};
use super::model::Model;
use super::names::Hardware;
use super::notify::{Stream, Subscription};
use super::offers::Offers;
use super::partial_lock::PartialLock;
use super::rules;
use super::tree::Node;

/// The three datastores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Datastore {
    /// What the switch does.
    Running,
    /// What it shall do after a commit.
    Candidate,
    /// What it will do after a restart.
    Startup,
}

impl Datastore {
    /// Its element name in RPCs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Candidate => "candidate",
            Self::Startup => "startup",
        }
    }
}

/// A NETCONF session, as the switch sees it.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The user who logged in.
    pub(crate) user: String,
    /// Where from.
    pub(crate) peer: String,
    /// Since when.
    pub(crate) since: Timestamp,
    /// Whether it speaks 1.1.
    pub(crate) chunked: bool,
    /// RPCs received on it.
    pub(crate) rpcs: u64,
    /// Ends it from outside.
    pub(crate) kill: CancellationToken,
    /// Tells it that notifications wait.
    pub(crate) wake: Arc<Notify>,
}

/// A confirmed commit that waits to be confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    /// Running before the first of the confirmed commits.
    pub(crate) before: Node,
    /// When running goes back to it.
    pub(crate) deadline: Instant,
    /// Who may confirm from another session.
    pub(crate) persist: Option<String>,
    /// The session that began it; of no account once `persist` is set.
    pub(crate) session: u32,
}

/// The switch.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) model: Arc<Model>,
    pub(crate) offers: Offers,
    pub(crate) hardware: Hardware,
    pub(crate) running: Node,
    /// `None`: as running.
    pub(crate) candidate: Option<Node>,
    /// `None`: deleted.
    pub(crate) startup: Option<Node>,
    pub(crate) locks: BTreeMap<Datastore, u32>,
    /// Locks of parts of running.
    pub(crate) partial: Vec<PartialLock>,
    /// The number of the last of them.
    pub(crate) last_partial: u32,
    /// The session that edited the candidate last; 0 is no NETCONF session.
    pub(crate) candidate_editor: u32,
    pub(crate) pending: Option<Pending>,
    pub(crate) sessions: BTreeMap<u32, Session>,
    pub(crate) stream: Stream,
    pub(crate) subscriptions: BTreeMap<u32, Subscription>,
    /// Sessions that only hold a lock, for tests and the demo.
    pub(crate) strangers: Vec<u32>,
    next_session: u32,
    pub(crate) session_limit: usize,
    pub(crate) log: Events,
    /// Whether the device is busy reading its CLI configuration.
    pub(crate) syncing: bool,
    /// Running before its last change, for the page.
    pub(crate) before_last_change: Node,
    /// When running changed last.
    pub(crate) last_change: Option<Timestamp>,
    /// Whether the timer of the confirmed commit must be looked at again.
    pub(crate) timer_changed: Arc<Notify>,
}

/// NETCONF sessions at once, if nothing else is said.
const SESSION_LIMIT: usize = 32;

/// Who undoes a confirmed commit when its time is over.
const TIMER: &str = "timer";

/// Who does something: a session and its user.
pub(crate) type By<'a> = (Option<u32>, &'a str);

impl Device {
    /// A switch that was just started with this configuration, saved.
    pub(crate) fn new(model: Arc<Model>, offers: Offers, hardware: Hardware, config: Node) -> Self {
        Self {
            model,
            offers,
            hardware,
            before_last_change: config.clone(),
            startup: Some(config.clone()),
            running: config,
            candidate: None,
            locks: BTreeMap::new(),
            partial: Vec::new(),
            last_partial: 0,
            candidate_editor: 0,
            pending: None,
            sessions: BTreeMap::new(),
            stream: Stream::default(),
            subscriptions: BTreeMap::new(),
            strangers: Vec::new(),
            next_session: 1,
            session_limit: SESSION_LIMIT,
            log: Events::default(),
            syncing: false,
            last_change: None,
            timer_changed: Arc::default(),
        }
    }

    /// Begins a session; `None` when there are too many.
    pub(crate) fn open_session(&mut self, user: &str, peer: &str) -> Option<(u32, CancellationToken)> {
        if self.sessions.len() >= self.session_limit {
            self.log.add(EventKind::Refused, (None, user), "a session more than the limit");
            return None;
        }
        let id = self.take_session_id();
        let kill = CancellationToken::new();
        let session = Session {
            user: user.to_owned(),
            peer: peer.to_owned(),
            since: Timestamp::now(),
            chunked: false,
            rpcs: 0,
            kill: kill.clone(),
            wake: Arc::default(),
        };
        self.sessions.insert(id, session);
        self.tell_start(id);
        self.log.sessions_opened += 1;
        self.log.sessions_open = self.sessions.len();
        self.log.add(EventKind::SessionOpened, (Some(id), user), format!("from {peer}"));
        Some((id, kill))
    }

    /// The next session-id, never used before.
    pub(crate) fn take_session_id(&mut self) -> u32 {
        let id = self.next_session;
        self.next_session += 1;
        id
    }

    /// Ends a session: its locks go, a candidate it had locked is discarded, its confirmed commit is undone (RFC 6241 8.3, 8.4).
    pub(crate) fn end_session(&mut self, id: u32, why: &str) {
        let who = self.who(id);
        let Some(session) = self.sessions.remove(&id) else {
            return;
        };
        self.subscriptions.remove(&id);
        self.tell_end(who, why);
        session.kill.cancel();
        self.log.sessions_open = self.sessions.len();
        let by = (Some(id), session.user.as_str());
        self.log.add(EventKind::SessionClosed, by, why);
        if self.pending.as_ref().is_some_and(|pending| pending.persist.is_none() && pending.session == id) {
            self.revert(by, "its session ended before it was confirmed");
        }
        self.partial.retain(|lock| lock.session != id);
        for target in [Datastore::Candidate, Datastore::Running, Datastore::Startup] {
            if self.locks.get(&target) == Some(&id) {
                self.release(target, by);
            }
        }
    }

    /// Takes a lock away; what was changed in the candidate under it goes with it.
    pub(crate) fn release(&mut self, target: Datastore, by: By<'_>) {
        self.locks.remove(&target);
        self.log.add(EventKind::Unlocked, by, target.word());
        if target == Datastore::Candidate {
            self.discard(by);
        }
    }

    /// Throws the candidate's changes away.
    pub(crate) fn discard(&mut self, by: By<'_>) {
        if self.is_candidate_dirty() {
            self.log.add(EventKind::Discarded, by, "the candidate's changes");
        }
        self.candidate = None;
        self.candidate_editor = 0;
    }

    /// Whether the candidate differs from running.
    pub(crate) fn is_candidate_dirty(&self) -> bool {
        self.candidate.as_ref().is_some_and(|candidate| *candidate != self.running)
    }

    /// The content of a datastore.
    pub(crate) fn read(&self, source: Datastore) -> Node {
        match source {
            Datastore::Running => self.running.clone(),
            Datastore::Candidate => self.candidate.clone().unwrap_or_else(|| self.running.clone()),
            Datastore::Startup => self.startup.clone().unwrap_or_default(),
        }
    }

    /// Gives a datastore new content, which must have been judged before.
    pub(crate) fn write(&mut self, target: Datastore, mut content: Node, editor: u32) {
        match target {
            Datastore::Running => {
                rules::settle(&mut content, &self.model.shape, self.hardware);
                if content != self.running {
                    self.before_last_change = std::mem::replace(&mut self.running, content);
                    self.last_change = Some(Timestamp::now());
                    self.log.running_changes += 1;
                    let change = (&self.before_last_change, &self.running);
                    let change = self.change(target, editor, change);
                    change.into_iter().for_each(|event| self.notify(event));
                }
            }
            Datastore::Candidate => {
                // A candidate like running is none: it follows when running is changed.
                self.candidate = (content != self.running).then_some(content);
                self.candidate_editor = editor;
            }
            Datastore::Startup => {
                let before = self.startup.take().unwrap_or_default();
                let change = self.change(target, editor, (&before, &content));
                self.startup = Some(content);
                change.into_iter().for_each(|event| self.notify(event));
            }
        }
    }

    /// What of the whole configuration the switch does not accept.
    pub(crate) fn judge(&self, content: &Node) -> Vec<RpcError> {
        let mut errors = self.model.check_complete(content);
        errors.extend(rules::judge(content, self.hardware));
        errors
    }

    /// The session that holds a lock of this datastore against `session`.
    pub(crate) fn locked_against(&self, target: Datastore, session: u32) -> Option<u32> {
        self.locks.get(&target).copied().filter(|holder| *holder != session)
    }

    /// An error where another session's lock stands in the way.
    pub(crate) fn refuse_locked(&self, target: Datastore, session: u32) -> Result<(), Vec<RpcError>> {
        let Some(holder) = self.locked_against(target, session) else {
            return Ok(());
        };
        let message = format!("{} is locked by session {holder}", target.word());
        Err(vec![RpcError::protocol("in-use", &message)])
    }

    /// Undoes the confirmed commit that waits.
    pub(crate) fn revert(&mut self, by: By<'_>, why: &str) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        let event = if by.1 == TIMER { "timeout" } else { "cancel" };
        self.tell_confirmed(by.0.unwrap_or_default(), event, None);
        self.timer_changed.notify_one();
        self.log.add(EventKind::Reverted, by, format!("confirmed commit undone: {why}"));
        self.write(Datastore::Running, pending.before, 0);
    }

    /// When the confirmed commit that waits is undone.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.pending.as_ref().map(|pending| pending.deadline)
    }

    /// Undoes the confirmed commit that waits if its time is over.
    pub(crate) fn expire(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.revert((None, TIMER), "it was not confirmed in time");
        }
    }

    /// The user of a session.
    pub(crate) fn user(&self, session: u32) -> String {
        self.sessions.get(&session).map_or_else(String::new, |session| session.user.clone())
    }

    /// Starts the switch anew: sessions and locks are gone, running is what was saved.
    pub(crate) fn restart(&mut self) {
        for id in self.sessions.keys().copied().collect::<Vec<_>>() {
            self.end_session(id, "the switch restarts");
        }
        self.revert((None, "console"), "the switch restarts");
        self.locks.clear();
        self.partial.clear();
        self.strangers.clear();
        self.candidate = None;
        self.syncing = false;
        self.log.add(EventKind::Other, (None, "console"), "restarted with the saved configuration");
        let saved = self.startup.clone().unwrap_or_default();
        self.write(Datastore::Running, saved, 0);
    }
}
