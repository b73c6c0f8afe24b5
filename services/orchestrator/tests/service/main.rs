//! The service as its users meet it: webhooks, API, commands, and what people and systems do to a change under way.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod approvers;
mod commands;
mod configuration;
mod device;
mod edges;
mod explorer;
#[cfg(target_os = "linux")]
mod full_disk;
mod late;
mod life;
mod many;
mod once;
mod process;
#[path = "../support/mod.rs"]
mod support;
mod traps;
mod webhooks;
