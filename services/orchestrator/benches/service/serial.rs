//! netchange's own time for one change: changes one after the other, each approved on its card, and from each the time in which
//! another system or the approver was waited for is taken off.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use lab::people::LEAD;
use serde_json::{Map, Value, json};
use sqlx::Row;

use crate::logs::{self, Line, Span, covered, length};
use crate::process;
use crate::stage::Stage;
use crate::stats::{Times, ms};

/// Changes before those that count: connections, caches and files are warm then.
const WARM_UP: usize = 5;
/// Changes that count.
const CHANGES: usize = 100;
/// First port that is used; the lab's ports from here on are plain.
const FIRST_PORT: usize = 25;
/// Longest wait for one step.
const LIMIT: Duration = Duration::from_secs(30);
/// RPCs that a change may need.
const RPCS: [&str; 11] = [
    "get-config",
    "lock",
    "edit-config",
    "validate",
    "commit",
    "discard-changes",
    "unlock",
    "save-config",
    "copy-config",
    "cancel-commit",
    "close-session",
];

pub(crate) async fn measure() -> Result<()> {
    let ports = u8::try_from(FIRST_PORT + WARM_UP + CHANGES)?;
    let mut stage = Stage::start(ports).await?;
    // Without polls, each request belongs to a change.
    stage.configure("server", "poll_interval", "24h");
    stage.serve(true).await?;
    for number in 0..WARM_UP {
        change(&stage, FIRST_PORT + number).await.context("warm-up")?;
    }
    let (counts, cpu) = (Counts::now(&stage), process::cpu_time(stage.pid()?)?);
    let mut tickets = Vec::new();
    for number in 0..CHANGES {
        tickets.push(change(&stage, FIRST_PORT + WARM_UP + number).await?);
    }
    let cpu = process::cpu_time(stage.pid()?)?.saturating_sub(cpu);
    let needed = Counts::now(&stage).since(&counts);
    stage.end().await?;
    report(&stage, &tickets).await?;
    println!(
        "CPU time of netchange per change, cryptography of SSH included: {:.1} ms",
        ms(cpu) / count(CHANGES)
    );
    needed.print();
    stage.stop().await
}

/// One change, from the ticket to the last thing that is told of it.
async fn change(stage: &Stage, port: usize) -> Result<u64> {
    let interface = format!("GigabitEthernet1/0/{port}");
    let fields = json!({
        "network_interface_enabled": true, "network_interface_description": format!("Desk {port}"), "network_interface_mtu": 2000,
        "network_interface_ip4_address": "", "network_switchport_mode_and_vlan": "access:100:",
    });
    let ticket = stage.file("network_change", &interface, &fields)?;
    is_in_state(stage, ticket, "pending approval").await?;
    let number = stage.lab.zammad.ticket(ticket)["number"].as_str().unwrap_or_default().to_owned();
    let cards = stage.lab.webex.cards();
    let asks = |card: &&lab::webex::CardMessage| {
        card.recipients.iter().any(|recipient| recipient == LEAD.email)
            && card.card.to_string().contains(&format!("Network change {number}"))
    };
    let card = cards.iter().rev().find(asks).context("there is no card")?;
    let pressed = stage.lab.webex.press(&card.message_id, LEAD.email, "Approve", &Map::new()).await;
    pressed.map_err(|error| anyhow::anyhow!("{error}"))?;
    is_in_state(stage, ticket, "closed").await?;
    let started = Instant::now();
    // Asked seldom, so that the answers do not count among what a change costs.
    tokio::time::sleep(Duration::from_millis(30)).await;
    while stage.metric("netchange_outbox_waiting").await? > 0.0 {
        ensure!(started.elapsed() < LIMIT, "something is still to be told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(ticket)
}

async fn is_in_state(stage: &Stage, ticket: u64, state: &str) -> Result<()> {
    let started = Instant::now();
    loop {
        let now = &stage.lab.zammad.ticket(ticket)["state"];
        if now == state {
            return Ok(());
        }
        if started.elapsed() > LIMIT || now == "attention required" {
            let notes = stage.lab.zammad.articles(ticket);
            bail!(
                "ticket {ticket} is {now}, not {state:?}: {}",
                notes.last().unwrap_or(&Value::Null)["body"]
            );
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// What one change took.
struct Taken {
    /// From the webhook to the closed ticket, without the approver.
    total: Duration,
    /// Of that, netchange's own.
    own: Duration,
}

async fn report(stage: &Stage, tickets: &[u64]) -> Result<()> {
    let lines = logs::read(&stage.log_file())?;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(stage.store_file());
    let store = sqlx::SqlitePool::connect_with(options).await?;
    let mut taken = Vec::new();
    for ticket in tickets {
        let id: String = sqlx::query_scalar("SELECT id FROM changes WHERE ticket_id = ?1")
            .bind(i64::try_from(*ticket)?)
            .fetch_one(&store)
            .await?;
        taken.push(take(&store, &lines, &id).await.with_context(|| format!("change {id}"))?);
    }
    store.close().await;
    let times = |what: fn(&Taken) -> Duration| Times::new(taken.iter().map(what).collect());
    let (total, own) = (times(|taken| taken.total), times(|taken| taken.own));
    println!("\n{} changes, one after the other, against the lab", taken.len());
    println!("{:<58}{:>9}{:>9}{:>9}", "", "p50 ms", "p99 ms", "max ms");
    for (name, times) in
        [("from webhook to closed ticket, without the approver", total), ("of that, netchange's own", own)]
    {
        println!("{name:<58}{:>9.1}{:>9.1}{:>9.1}", ms(times.p50()), ms(times.p99()), ms(times.max()));
    }
    parts(&lines);
    Ok(())
}

/// The two stretches of a change in which netchange works: up to the question, and from the answer to the end.
async fn take(store: &sqlx::SqlitePool, lines: &[Line], id: &str) -> Result<Taken> {
    let told: Vec<Timestamp> = lines
        .iter()
        .filter(|line| line.change.as_deref() == Some(id) && line.message.starts_with("Did tell_ticket"))
        .map(|line| line.at)
        .collect();
    let (asked, closed) =
        (*told.first().context("nothing was told")?, *told.last().context("nothing was told")?);
    let select =
        "SELECT min(received_at) AS at FROM inbox WHERE source = 'zammad' AND outcome = 'change ' || ?1";
    let received: i64 = sqlx::query(select).bind(id).fetch_one(store).await?.try_get("at")?;
    let select = "SELECT min(received_at) AS at FROM inbox WHERE source = 'webex_card' AND received_at >= ?1";
    let answered: i64 =
        sqlx::query(select).bind(asked.as_millisecond()).fetch_one(store).await?.try_get("at")?;
    let spans: [Span; 2] =
        [(Timestamp::from_millisecond(received)?, asked), (Timestamp::from_millisecond(answered)?, closed)];
    let waits = || lines.iter().filter(|line| line.is_work && line.system.is_some()).map(Line::span);
    let total = spans.iter().map(|span| length(*span)).sum();
    let waited: Duration = spans.iter().map(|span| covered(*span, waits())).sum();
    Ok(Taken { total, own: total.saturating_sub(waited) })
}

/// Each effect's share: how long it took, and how much of that was waiting.
fn parts(lines: &[Line]) {
    let mut effects: BTreeMap<&str, Vec<(Duration, Duration)>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.message.starts_with("Did ")) {
        let Some(effect) = line.effect.as_deref() else { continue };
        let same = |other: &&Line| {
            other.system.is_some() && other.change == line.change && other.effect == line.effect
        };
        let waited = covered(line.span(), lines.iter().filter(same).map(Line::span));
        effects.entry(effect).or_default().push((line.duration.unwrap_or_default(), waited));
    }
    println!("{:<24}{:>8}{:>12}{:>12}{:>12}", "effect (medians)", "times", "took ms", "waited ms", "own ms");
    for (effect, times) in effects {
        let median = |what: fn(&(Duration, Duration)) -> Duration| {
            ms(Times::new(times.iter().map(what).collect()).p50())
        };
        println!(
            "{effect:<24}{:>8}{:>12.2}{:>12.2}{:>12.2}",
            times.len(),
            median(|time| time.0),
            median(|time| time.1),
            median(|time| time.0.saturating_sub(time.1))
        );
    }
}

/// Requests and round trips that the lab has seen.
struct Counts(Vec<(String, u64)>);

impl Counts {
    fn now(stage: &Stage) -> Self {
        let events = stage.lab.switch.events();
        let mut counts = vec![
            ("HTTP requests to Zammad".to_owned(), stage.lab.zammad.request_count()),
            ("HTTP requests to Webex".to_owned(), stage.lab.webex.request_count()),
            ("HTTP requests to NetBox".to_owned(), stage.lab.netbox.request_count()),
            ("NETCONF sessions".to_owned(), events.sessions_opened()),
            ("NETCONF RPCs".to_owned(), events.rpcs()),
        ];
        counts.extend(RPCS.iter().map(|name| (format!("  of them {name}"), events.rpc_count(name))));
        Self(counts)
    }

    fn since(&self, before: &Self) -> Self {
        let pairs = self.0.iter().zip(&before.0);
        Self(pairs.map(|((name, now), (_, before))| (name.clone(), now - before)).collect())
    }

    fn print(&self) {
        println!("Needed for one change");
        for (name, number) in self.0.iter().filter(|(_, number)| *number > 0) {
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
            let each = *number as f64 / count(CHANGES);
            println!("{name:<58}{each:>9.2}");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}
