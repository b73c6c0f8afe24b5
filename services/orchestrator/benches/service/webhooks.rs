//! How fast a webhook is acknowledged, once it is on disk.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use crate::floor::{self, Floor};
use crate::load::{Answers, Pace, Webhook, send};
use crate::stage::Stage;
use crate::stats::{Times, ms, rate};

/// Senders at once.
const MANY: usize = 200;
/// What must be sustained, per second.
const TARGET_RATE: u32 = 1000;
/// How long a load lasts.
const LASTING: Duration = Duration::from_secs(10);
/// Longest wait until what was accepted is worked on.
const DRAIN: Duration = Duration::from_secs(300);

/// The loads, each on netchange and on the floor.
const LOADS: [(&str, usize, Pace); 4] = [
    ("one sender", 1, Pace::Times(1000)),
    ("200 at once, once", MANY, Pace::Times(1)),
    ("200 senders, 1000/s", MANY, Pace::Rate { per_second: TARGET_RATE, lasting: LASTING }),
    ("200 senders, flat out", MANY, Pace::FlatOut { lasting: LASTING }),
];
/// How often `200 at once, once` is repeated.
const REPEATS: usize = 10;

pub(crate) async fn measure() -> Result<()> {
    let mut stage = Stage::start(24).await?;
    stage.serve(false).await?;
    let floor = Floor::start().await?;
    // A ticket of another type: netchange reads it from the ticket system and does nothing more.
    let ticket = stage.file("incident", "GigabitEthernet1/0/5", &json!({}))?;
    let raw = stage.lab.zammad.raw_delivery(ticket).context("the lab sends nothing")?;
    let webhook = Arc::new(Webhook::new(&raw));
    let syncs = Times::new(floor::sync_times(stage.dir.path())?);
    println!("\nWebhooks of {} bytes, acknowledged after the sync to disk", webhook.size());
    println!(
        "one write of 4 KiB with its sync, alone: p50 {:.2} ms, p99 {:.2} ms",
        ms(syncs.p50()),
        ms(syncs.p99())
    );
    println!(
        "{:<24}{:>8}{:>10}{:>10}{:>10}{:>10}{:>12}{:>12}{:>11}",
        "load", "answers", "per s", "p50 ms", "p99 ms", "max ms", "floor p50", "floor p99", "p99 ratio"
    );
    for (name, senders, pace) in LOADS {
        let bare = load(floor.addr, &webhook, senders, pace).await.context("floor")?;
        let got = load(stage.addr, &webhook, senders, pace).await.context(name)?;
        report(name, &got, &bare);
        let drained = stage.drained(DRAIN).await?;
        println!("{:<24}the worker was done {:.0} ms later", "", ms(drained));
    }
    stage.stop().await
}

/// One load; a burst is repeated, so that its percentiles mean something.
async fn load(addr: SocketAddr, webhook: &Arc<Webhook>, senders: usize, pace: Pace) -> Result<Answers> {
    let repeats = if senders > 1 && matches!(pace, Pace::Times(_)) { REPEATS } else { 1 };
    let mut all = send(addr, webhook.clone(), senders, pace).await?;
    for _ in 1..repeats {
        let more = send(addr, webhook.clone(), senders, pace).await?;
        all.times.extend(more.times);
        all.refused += more.refused;
        all.took += more.took;
    }
    Ok(all)
}

fn report(name: &str, got: &Answers, bare: &Answers) {
    let (times, floor) = (Times::new(got.times.clone()), Times::new(bare.times.clone()));
    println!(
        "{name:<24}{:>8}{:>10.0}{:>10.2}{:>10.2}{:>10.2}{:>12.2}{:>12.2}{:>11.1}",
        times.len(),
        rate(times.len(), got.took),
        ms(times.p50()),
        ms(times.p99()),
        ms(times.max()),
        ms(floor.p50()),
        ms(floor.p99()),
        ms(times.p99()) / ms(floor.p99())
    );
    if matches!(name, n if n.ends_with("flat out")) {
        println!("{:<24}floor: {:.0} per s", "", rate(floor.len(), bare.took));
    }
    if got.refused > 0 {
        println!("{:<24}{} were not answered with 202", "", got.refused);
    }
}
