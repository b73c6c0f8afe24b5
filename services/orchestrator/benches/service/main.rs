//! The documented benchmark: `cargo bench -p orchestrator --bench service`. What is measured and how stands in `docs/benchmarks.md`.
//!
//! The lab runs in this process, `netchange serve` is a process of its own, so that its memory and CPU time are its own.
#![expect(clippy::print_stdout, reason = "the report is what this program is for")]

mod changes;
mod floor;
mod load;
mod logs;
mod process;
mod serial;
mod stage;
mod start;
mod stats;
mod webhooks;

use std::process::ExitCode;

use anyhow::{Context, Result};

/// Threads of the lab and of the senders.
const THREADS: usize = 2;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(port) = floor::asked(&args) {
        return end(floor::serve(port));
    }
    if !args.iter().any(|arg| arg == "--bench") {
        // `cargo test --all-targets` starts benchmarks too, to see that they start.
        println!("measures only when started by `cargo bench -p orchestrator --bench service`");
        return ExitCode::SUCCESS;
    }
    let parts: Vec<String> = args.into_iter().filter(|arg| !arg.starts_with('-')).collect();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
    end(runtime.context("cannot start").and_then(|runtime| runtime.block_on(run(&parts))))
}

fn end(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the benchmark failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the parts that were named, or all.
async fn run(parts: &[String]) -> Result<()> {
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|named| named == part);
    println!("netchange {}, {} cores", env!("CARGO_PKG_VERSION"), process::cores());
    if wanted("webhooks") {
        webhooks::measure().await.context("webhooks")?;
    }
    if wanted("serial") {
        serial::measure().await.context("serial")?;
    }
    if wanted("changes") {
        changes::measure().await.context("changes")?;
    }
    Ok(())
}
