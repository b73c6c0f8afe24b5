//! `netchange demo`: the whole of it on one machine, to watch, to play, and to check.

mod check;
mod crash;
mod faults;
mod happy;
mod narrator;
mod people;
mod scenario;
mod stage;

use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::output::{colored, line, say, table};
use super::{FAILED, WRONG_USAGE};
use crate::cli::DemoArgs;
use crate::telemetry::{self, Logs};

use scenario::{SCENARIOS, Scenario};
use stage::{Options, Stage};

pub(super) async fn run(args: DemoArgs) -> Result<u8> {
    if args.scenario == "list" {
        let rows: Vec<Vec<String>> = SCENARIOS
            .iter()
            .map(|scenario| vec![scenario.name.to_owned(), scenario.about.to_owned()])
            .collect();
        table(&["NAME", "WHAT HAPPENS"], &rows);
        return Ok(0);
    }
    let chosen: Vec<&Scenario> = SCENARIOS
        .iter()
        .filter(|scenario| args.scenario == "all" || scenario.name == args.scenario)
        .collect();
    if chosen.is_empty() {
        say(&format!(
            "netchange: there is no scenario {:?}; `netchange demo --scenario list` names them",
            args.scenario
        ));
        return Ok(WRONG_USAGE);
    }
    let dir = tempfile::tempdir().context("cannot make a temporary directory")?;
    telemetry::start(Logs::File(&dir.path().join("netchange.log")))?;
    if args.auto { auto(&args, &chosen, dir).await } else { play(&args, dir).await }
}

async fn auto(args: &DemoArgs, chosen: &[&Scenario], dir: tempfile::TempDir) -> Result<u8> {
    let mut results = Vec::new();
    for scenario in chosen {
        say(&colored(&format!("\n── {}: {}", scenario.name, scenario.about), "1"));
        let started = Instant::now();
        let home = dir.path().join(scenario.name);
        std::fs::create_dir_all(&home)?;
        let result = (scenario.play)(Options::new(home, args.switch.into())).await;
        let seconds = started.elapsed().as_secs_f64();
        match &result {
            Ok(()) => say(&colored(&format!("   as it should be, {seconds:.1} s"), "32")),
            Err(error) => say(&colored(&format!("   NOT as it should be, {seconds:.1} s: {error:#}"), "31")),
        }
        results.push((scenario.name, seconds, result.is_ok()));
    }
    if results.len() > 1 {
        line("");
        let word = |ok: bool| if ok { "ok" } else { "FAILED" }.to_owned();
        let rows: Vec<Vec<String>> = results
            .iter()
            .map(|(name, seconds, ok)| vec![(*name).to_owned(), format!("{seconds:>5.1} s"), word(*ok)])
            .collect();
        table(&["SCENARIO", "TOOK", "RESULT"], &rows);
    }
    let failed = results.iter().filter(|(.., ok)| !ok).count();
    if failed == 0 {
        return Ok(0);
    }
    // What was logged is worth looking at now.
    say(&format!(
        "{failed} of {} failed; log and database are kept in {}",
        results.len(),
        dir.keep().display()
    ));
    Ok(FAILED)
}

/// Leaves everything running for a person.
async fn play(args: &DemoArgs, dir: tempfile::TempDir) -> Result<u8> {
    // In the space everybody sees the card, and so also that the answers of some do not count.
    let options = Options { in_space: true, ..Options::new(dir.path().to_path_buf(), args.switch.into()) };
    let stage = Stage::start(options).await?;
    let links = [
        ("start here", stage.lab.control.url()),
        ("file a ticket", format!("{}/new?example=access", stage.lab.zammad.url())),
        ("approve it in the chat", format!("{}/latest?as=lead%40example.net", stage.lab.webex.url())),
        ("NetBox", stage.lab.netbox.url()),
        ("the switch", stage.lab.switch.page_url()),
        ("netchange itself", stage.url()),
    ];
    say("Everything is running; Ctrl-C ends it and leaves nothing behind.\n");
    for (what, url) in links {
        say(&format!("  {what:<24}{url}"));
    }
    say(
        "\nFile a ticket from the template, then press Approve in the chat as lead@example.net and watch the switch.\nThe first page leads through it, and can make things go wrong.",
    );
    say(&format!("The token for the operator's buttons is {:?}.", stage::API_TOKEN));
    if tokio::signal::ctrl_c().await.is_err() {
        bail!("cannot listen for Ctrl-C");
    }
    stage.stop().await;
    Ok(0)
}
