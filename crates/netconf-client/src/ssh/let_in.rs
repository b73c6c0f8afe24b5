//! Whom servers let in before.
//!
//! The SSH library takes a connection that is cut during the login for a refusal. A server that has let somebody in is not believed
//! at once, therefore, when it seems to refuse them; one that never did is: whoever fails to log in often may be locked out.

use super::SshTarget;
use super::memory::Memory;

static LET_IN: Memory<(String, u16, String)> = Memory::new();

fn key(target: &SshTarget, username: &str) -> (String, u16, String) {
    (target.host.clone(), target.port, username.to_owned())
}

pub(super) fn before(target: &SshTarget, username: &str) -> bool {
    LET_IN.has(&key(target, username))
}

pub(super) fn now(target: &SshTarget, username: &str) {
    LET_IN.add(key(target, username));
}

pub(super) fn not_any_more(target: &SshTarget, username: &str) {
    LET_IN.remove(&key(target, username));
}
