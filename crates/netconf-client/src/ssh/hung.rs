//! Which servers hung in the key exchange when they were last connected to.
//!
//! The SSH library opens the outgoing connection itself, and a task of its own keeps it for as long as the server neither goes on
//! nor closes it, whoever gives up meanwhile. So that whoever tries again and again does not leave one behind each time, such a
//! server is looked at first, over a connection that ends.

use super::SshTarget;
use super::memory::Memory;

static HUNG: Memory<(String, u16)> = Memory::new();

fn key(target: &SshTarget) -> (String, u16) {
    (target.host.clone(), target.port)
}

/// Whether this server hung, and has not been seen to go on since.
pub(super) fn did(target: &SshTarget) -> bool {
    HUNG.has(&key(target))
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
            HUNG.remove(&key(target));
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(target) = self.0 {
            HUNG.add(key(target));
        }
    }
}
