//! What the kernel says of a process, in `/proc`.

use std::time::Duration;

use anyhow::{Context, Result};

/// Clock ticks of `/proc/…/stat` per second: always 100 on Linux.
const TICKS_PER_SECOND: u64 = 100;

/// Memory of a process, in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident, all of it.
    pub(crate) resident: u64,
    /// Of that, its own data; the rest is the program's file.
    pub(crate) anonymous: u64,
}

pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("no such process")?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").trim().parse().ok()
    };
    let missing = "the kernel does not tell the memory of a process";
    Ok(Memory { resident: field("VmRSS:").context(missing)?, anonymous: field("RssAnon:").context(missing)? })
}

/// CPU time of a process so far, all its threads, kernel time included.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("no such process")?;
    // The name, in parentheses, may have spaces.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let numbers: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| numbers.get(index).and_then(|text| text.parse::<u64>().ok());
    let ticks = ticks(11).zip(ticks(12)).map(|(user, system)| user + system);
    Ok(Duration::from_millis(ticks.context("stat is cut")? * 1000 / TICKS_PER_SECOND))
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
