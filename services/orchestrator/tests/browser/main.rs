//! The pages in a real browser: headless Chromium, driven by ChromeDriver.
//!
//! `cargo test -p orchestrator --test browser -- --ignored`, on Debian after `apt-get install -y chromium chromium-driver`. With
//! `NETCHANGE_SCREENSHOTS=1` the pictures in `docs/screenshots` are made anew.
#![cfg(feature = "lab")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall stop where it is")]

mod demo;
mod driver;
mod explorer;
mod pages;
mod people;
mod stage;
#[path = "../support/mod.rs"]
mod support;

/// Fails unless nothing was written to the browser's console.
async fn quiet(browser: &driver::Browser, where_: &str) {
    let console = browser.console().await;
    assert!(console.is_empty(), "the console on {where_}:\n{}", console.join("\n"));
}
