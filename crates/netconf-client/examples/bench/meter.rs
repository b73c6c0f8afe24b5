//! Time, CPU and memory of this process.

use std::time::Instant;

/// What `/proc/self/stat` counts in, by the kernel's fixed user interface: 100 per second.
const TICKS: f64 = 100.0;

/// CPU seconds so far.
fn cpu() -> f64 {
    // schedstat counts nanoseconds, per thread; those of ended threads are only in stat.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// The largest resident size so far, in kB.
pub(crate) fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

pub(crate) struct Meter(Instant, f64);

impl Meter {
    pub(crate) fn start() -> Self {
        Meter(Instant::now(), cpu())
    }

    /// Seconds on the clock and of CPU.
    pub(crate) fn stop(self) -> (f64, f64) {
        (self.0.elapsed().as_secs_f64(), cpu() - self.1)
    }
}

pub(crate) fn quantile(times: &mut [f64], q: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let last = times.len().saturating_sub(1) as f64;
    times.get((last * q).round() as usize).copied().unwrap_or(0.0)
}
