//! Which servers hung in the key exchange when they were last connected to.
//!
//! The SSH library opens the outgoing connection itself, and a task of its own keeps it for as long as the server neither goes on
//! nor closes it, whoever gives up meanwhile. So that whoever tries again and again does not leave one behind each time, such a
//! server is looked at first, over a connection that ends.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::SshTarget;

/// Servers that are kept in mind at most.
const MAX: usize = 4096;

static HUNG: Mutex<BTreeSet<(String, u16)>> = Mutex::new(BTreeSet::new());

fn hung() -> MutexGuard<'static, BTreeSet<(String, u16)>> {
    HUNG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this server hung, and has not been seen to go on since.
pub(super) fn did(target: &SshTarget) -> bool {
    hung().contains(&(target.host.clone(), target.port))
}

/// A handshake of the SSH library. Dropped before it is over, it leaves something behind.
pub(super) struct Attempt<'t>(Option<&'t SshTarget>);

impl<'t> Attempt<'t> {
    pub(super) fn begin(target: &'t SshTarget) -> Self {
        Attempt(Some(target))
    }

    /// The handshake ended, or failed.
    pub(super) fn over(mut self) {
        if let Some(target) = self.0.take() {
            hung().remove(&(target.host.clone(), target.port));
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let Some(target) = self.0 else { return };
        let mut hung = hung();
        if hung.len() >= MAX {
            hung.pop_first();
        }
        hung.insert((target.host.clone(), target.port));
    }
}
