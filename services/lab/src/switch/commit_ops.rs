//! Locks, commits and what undoes them (RFC 6241 7.5, 7.6, 8.3, 8.4).

use std::time::Duration;

use super::cli;
use super::device::{Datastore, Device, Pending};
use super::error::RpcError;
use super::log::EventKind;
use super::rpc::{Answer, Call, ok, refuse};
use super::tree::Node;

/// `confirm-timeout` where none is given (RFC 6241 8.4.5.1).
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(600);

/// The parameters of a commit.
struct Commit {
    confirmed: bool,
    timeout: Duration,
    persist: Option<String>,
    persist_id: Option<String>,
}

impl Device {
    /// RFC 6241 7.5.
    pub(crate) fn lock(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["target"])?;
        let target = self.datastore(call, "target")?;
        let denied = |holder: u32, message: &str| {
            refuse(RpcError::protocol("lock-denied", message).info("session-id", &holder.to_string()))
        };
        if let Some(holder) = self.locks.get(&target) {
            return denied(*holder, &format!("{} is locked by session {holder}", target.word()));
        }
        if target == Datastore::Candidate && self.is_candidate_dirty() {
            return denied(
                self.alive(self.candidate_editor),
                "the candidate has changes that were not committed",
            );
        }
        if let Some(pending) = &self.pending
            && target == Datastore::Running
            && pending.session != call.session
        {
            return denied(self.alive(pending.session), "a confirmed commit of another session waits");
        }
        let partly = self.partial.iter().find(|lock| lock.session != call.session);
        if let Some(lock) = partly.filter(|_| target == Datastore::Running) {
            return denied(lock.session, "another session holds a lock of a part of running");
        }
        self.locks.insert(target, call.session);
        let user = self.user(call.session);
        self.log.add(EventKind::Locked, (Some(call.session), &user), target.word());
        ok()
    }

    /// The session-id for `lock-denied`: 0 where the session is gone.
    pub(crate) fn alive(&self, session: u32) -> u32 {
        if self.sessions.contains_key(&session) { session } else { 0 }
    }

    /// RFC 6241 7.6.
    pub(crate) fn unlock(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["target"])?;
        let target = self.datastore(call, "target")?;
        match self.locks.get(&target) {
            Some(holder) if *holder == call.session => {
                let user = self.user(call.session);
                self.release(target, (Some(call.session), &user));
                ok()
            }
            Some(holder) => {
                let message = format!("{} is locked by session {holder}", target.word());
                refuse(
                    RpcError::protocol("operation-failed", &message).info("session-id", &holder.to_string()),
                )
            }
            None => {
                refuse(RpcError::protocol("operation-failed", &format!("{} is not locked", target.word())))
            }
        }
    }

    /// RFC 6241 8.3.4.1 and 8.4.
    pub(crate) fn commit(&mut self, call: &Call<'_, '_>) -> Answer {
        let commit = self.read_commit(call)?;
        self.refuse_busy()?;
        self.refuse_locked(Datastore::Running, call.session)?;
        self.refuse_locked(Datastore::Candidate, call.session)?;
        self.check_persist_id(commit.persist_id.as_deref(), call.session)?;
        let new = self.read(Datastore::Candidate);
        self.refuse_partly_locked(&new, call.session)?;
        let objections = self.judge(&new);
        if !objections.is_empty() {
            return Err(objections);
        }
        let by = self.user(call.session);
        let touched = cli::list(&cli::touched(&self.running, &new));
        let before = self.running.clone();
        self.write(Datastore::Running, new, call.session);
        self.candidate = None;
        self.log.commits += 1;
        let text = self.settle_pending(&commit, before, call);
        self.log.add(EventKind::Committed, (Some(call.session), &by), format!("{touched}{text}"));
        ok()
    }

    /// Starts, prolongs or ends the wait for a confirmation; says so in words.
    fn settle_pending(&mut self, commit: &Commit, before: Node, call: &Call<'_, '_>) -> String {
        let earlier = self.pending.take();
        self.timer_changed.notify_one();
        let seconds = commit.timeout.as_secs();
        match (commit.confirmed, earlier.is_some()) {
            (true, false) => self.tell_confirmed(call.session, "start", Some(seconds)),
            (true, true) => self.tell_confirmed(call.session, "extend", Some(seconds)),
            (false, true) => self.tell_confirmed(call.session, "complete", None),
            (false, false) => {}
        }
        if !commit.confirmed {
            return if earlier.is_some() { ", confirmed".to_owned() } else { String::new() };
        }
        let (before, persist) = match earlier {
            Some(earlier) => (earlier.before, commit.persist.clone().or(earlier.persist)),
            None => (before, commit.persist.clone()),
        };
        // A time too far away to be counted is as good as never; a year is.
        let deadline =
            call.now.checked_add(commit.timeout).unwrap_or(call.now + Duration::from_secs(31_536_000));
        self.pending = Some(Pending { before, deadline, persist, session: call.session });
        format!(", to be confirmed within {} s", commit.timeout.as_secs())
    }

    fn read_commit(&self, call: &Call<'_, '_>) -> Result<Commit, Vec<RpcError>> {
        call.only(&["confirmed", "confirm-timeout", "persist", "persist-id"])?;
        let confirmed = call.param("confirmed").is_some();
        let persist = call.word("persist");
        let persist_id = call.word("persist-id");
        let timeout = call.word("confirm-timeout");
        let any = confirmed || persist.is_some() || persist_id.is_some() || timeout.is_some();
        if any && !self.offers.confirmed_commit {
            return refuse(RpcError::unsupported("the switch does not offer confirmed commits"));
        }
        if !confirmed && (persist.is_some() || timeout.is_some()) {
            return refuse(RpcError::missing("confirmed"));
        }
        let timeout = match timeout.map(|text| (text.parse::<u32>(), text)) {
            None => CONFIRM_TIMEOUT,
            Some((Ok(seconds), _)) if seconds > 0 => Duration::from_secs(u64::from(seconds)),
            Some((_, text)) => {
                let message = format!("confirm-timeout {text:?} is not a number of seconds from 1");
                return refuse(RpcError::invalid("confirm-timeout", &message));
            }
        };
        Ok(Commit { confirmed, timeout, persist, persist_id })
    }

    /// Whether this session may confirm, prolong or cancel the confirmed commit that waits, if one does.
    fn check_persist_id(&self, given: Option<&str>, session: u32) -> Result<(), Vec<RpcError>> {
        let wrong =
            || refuse(RpcError::invalid("persist-id", "no confirmed commit with this persist-id waits"));
        match (&self.pending, given) {
            (None, None) => Ok(()),
            (None, Some(_)) => wrong(),
            (Some(pending), given) => match (&pending.persist, given) {
                (Some(persist), Some(given)) if persist == given => Ok(()),
                (None, None) if pending.session == session => Ok(()),
                (_, Some(_)) => wrong(),
                (_, None) => refuse(RpcError::protocol(
                    "in-use",
                    "a confirmed commit waits for its own session or persist-id",
                )),
            },
        }
    }

    /// RFC 6241 8.4.4.1.
    pub(crate) fn cancel_commit(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["persist-id"])?;
        if self.pending.is_none() {
            return refuse(RpcError::protocol("operation-failed", "no confirmed commit waits"));
        }
        self.check_persist_id(call.word("persist-id").as_deref(), call.session)?;
        let user = self.user(call.session);
        self.revert((Some(call.session), &user), "cancelled");
        ok()
    }

    /// RFC 6241 8.3.4.2.
    pub(crate) fn discard_changes(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&[])?;
        self.refuse_locked(Datastore::Candidate, call.session)?;
        let user = self.user(call.session);
        self.discard((Some(call.session), &user));
        ok()
    }

    /// RFC 6241 7.9.
    pub(crate) fn kill_session(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["session-id"])?;
        let Some(word) = call.word("session-id") else {
            return refuse(RpcError::missing("session-id"));
        };
        let id = word.parse::<u32>().ok().filter(|id| *id != call.session);
        let Some(id) = id.filter(|id| self.sessions.contains_key(id)) else {
            let message = format!("there is no other session {word:?}");
            return refuse(RpcError::invalid("session-id", &message));
        };
        self.end_session(id, &format!("killed by session {}", call.session));
        ok()
    }

    /// cisco-ia: writes running to startup.
    pub(crate) fn save_config(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&[])?;
        self.refuse_busy()?;
        self.refuse_locked(Datastore::Startup, call.session)?;
        self.write(Datastore::Startup, self.running.clone(), call.session);
        self.log.saves += 1;
        let user = self.user(call.session);
        self.log.add(EventKind::Saved, (Some(call.session), &user), "running saved to startup");
        result("Save running-config successful")
    }

    /// cisco-ia: reads the CLI configuration into the datastores.
    pub(crate) fn sync_from(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["sync-defaults", "ignore-presrv-paths"])?;
        self.refuse_busy()?;
        self.refuse_locked(Datastore::Running, call.session)?;
        let user = self.user(call.session);
        self.log.add(
            EventKind::Other,
            (Some(call.session), &user),
            "synchronized from the CLI configuration",
        );
        result("Sync from the device configuration successful")
    }
}

fn result(text: &str) -> Answer {
    Ok(format!("<result xmlns=\"{}\">{text}</result>", super::error::CISCO_IA))
}
