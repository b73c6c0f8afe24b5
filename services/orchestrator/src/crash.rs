//! Points at which the crash test ends this process, as a power cut would. Only in builds with the lab.
//!
//! A point has a name such as `before:update_netbox`; a run without `NETCHANGE_CRASH_AT` and with `NETCHANGE_CRASH_LOG` tells which there are.

/// Ends the process if `NETCHANGE_CRASH_AT` names this point, the `NETCHANGE_CRASH_SKIP`th time it is passed (default: the first). Adds the
/// name to the file `NETCHANGE_CRASH_LOG`.
#[cfg(feature = "lab")]
pub(crate) fn point(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static ORDERS: OnceLock<Orders> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let orders = ORDERS.get_or_init(Orders::read);
    if let Some(log) = &orders.log {
        note(log, name);
    }
    if orders.at.as_deref() == Some(name) && PASSED.fetch_add(1, Ordering::SeqCst) == orders.skip {
        kill_self();
    }
}

/// What the environment asks for.
#[cfg(feature = "lab")]
struct Orders {
    at: Option<String>,
    skip: u32,
    log: Option<std::path::PathBuf>,
}

#[cfg(feature = "lab")]
impl Orders {
    fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        Self {
            at: text("NETCHANGE_CRASH_AT"),
            skip: text("NETCHANGE_CRASH_SKIP").and_then(|text| text.parse().ok()).unwrap_or(0),
            log: text("NETCHANGE_CRASH_LOG").map(Into::into),
        }
    }
}

#[cfg(feature = "lab")]
fn note(log: &std::path::Path, name: &str) {
    use std::io::Write;
    let file = std::fs::File::options().create(true).append(true).open(log);
    if let Err(error) = file.and_then(|mut file| file.write_all(format!("{name}\n").as_bytes())) {
        tracing::error!(error = %error, "Cannot write {}", log.display());
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
