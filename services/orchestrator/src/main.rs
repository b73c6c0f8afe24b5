//! netchange: from a change ticket to a proven switch.
//!
//! One change's walk: `routes/webhooks.rs` → `worker/intake.rs` → `effects/plan.rs` → `effects/approvers.rs` → `worker/decision.rs` →
//! `effects/recheck.rs` → `effects/netbox.rs` → `effects/device.rs` → `effects/tell.rs`. What follows what is decided in `change-model`.

mod adapters;
mod app;
mod cli;
mod cli_yang;
mod commands;
mod crash;
mod effects;
mod models;
mod operations;
mod routes;
mod serve;
mod settings;
mod store;
mod telemetry;
mod views;
mod waiting;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are asked for; everything else is wrong usage.
            let code = u8::from(error.use_stderr()) * commands::WRONG_USAGE;
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    // Fails only if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let threads = std::thread::available_parallelism().map_or(MIN_THREADS, std::num::NonZero::get);
    let threads = threads.clamp(MIN_THREADS, MAX_THREADS);
    let runtime =
        match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("netchange: cannot start: {error}");
                return ExitCode::from(commands::FAILED);
            }
        };
    ExitCode::from(runtime.block_on(commands::run(cli)))
}

/// Threads of the worker, one for each core within these limits; the HTTP server and the store have their own.
const MIN_THREADS: usize = 2;
const MAX_THREADS: usize = 4;
