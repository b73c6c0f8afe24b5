//! Waiting for other systems, measured: what is left of a change's time is netchange's own.

use std::time::Instant;

/// A call of another system.
pub(crate) trait Wait: Future + Sized {
    /// Measures how long the call takes: the histogram `netchange_wait_seconds{system}`, and at level debug a log line with the same
    /// number, from which the time of one change can be added up. Building the request and reading the answer count as waiting.
    async fn waited(self, system: &'static str) -> Self::Output {
        let started = Instant::now();
        let output = self.await;
        let seconds = started.elapsed().as_secs_f64();
        metrics::histogram!("netchange_wait_seconds", "system" => system).record(seconds);
        tracing::debug!(system, duration_ms = seconds * 1000.0, "Waited for {system}");
        output
    }
}

impl<F: Future> Wait for F {}
