//! Points at which the crash test ends this process, as a power cut would. Only in builds with the lab.

/// Ends the process if `NETCHANGE_CRASH_AT` names this point, the `NETCHANGE_CRASH_SKIP`th time it is passed (default: the first).
#[cfg(feature = "lab")]
pub(crate) fn point(name: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let wanted = std::env::var("NETCHANGE_CRASH_AT").unwrap_or_default();
    if wanted != name {
        return;
    }
    let skip: u32 =
        std::env::var("NETCHANGE_CRASH_SKIP").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    if PASSED.fetch_add(1, Ordering::SeqCst) == skip {
        kill_self();
    }
}

/// SIGKILL, which nothing can catch: no destructor runs, nothing is flushed.
#[cfg(feature = "lab")]
fn kill_self() {
    let pid = std::process::id().to_string();
    // The shell's own kill: no unsafe code, no dependency. If it cannot be run, abort is as sudden.
    let _ = std::process::Command::new("kill").args(["-9", &pid]).status();
    std::process::abort();
}

/// Nothing in a product build.
#[cfg(not(feature = "lab"))]
pub(crate) fn point(_name: &str) {}
