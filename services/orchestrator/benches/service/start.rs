//! Starting with ten thousand changes in the store, and reading such a store.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use uuid::Uuid;

use crate::process;
use crate::stage::Stage;
use crate::stats::{Times, mib, ms};

/// Changes in the store.
const CHANGES: usize = 10_000;
/// How often a start, or a list, is measured.
const TIMES: usize = 10;

/// Ends netchange, multiplies the ended changes of its store, and starts it again and again.
pub(crate) async fn measure(stage: &mut Stage) -> Result<()> {
    stage.end().await?;
    let (changes, size) = multiply(stage).await.context("cannot multiply the changes")?;
    let mut starts = Vec::new();
    for _ in 0..TIMES {
        starts.push(stage.serve(false).await?);
        stage.end().await?;
    }
    let starts = Times::new(starts);
    println!("\nA store with {changes} changes and their history ({:.0} MiB)", mib(size / 1024));
    println!(
        "start to ready: p50 {:.0} ms, max {:.0} ms of {}",
        ms(starts.p50()),
        ms(starts.max()),
        starts.len()
    );
    stage.serve(false).await?;
    for (what, path) in [
        ("list of 50 changes (API)", "/api/v1/changes"),
        ("list of 200 changes (API)", "/api/v1/changes?limit=200"),
        ("list by state, none found (API)", "/api/v1/changes?state=pending_approval"),
        ("list by ticket (API)", "/api/v1/changes?ticket=15016"),
        ("page with the list", "/"),
    ] {
        let times = times(stage, path).await?;
        println!("{what:<34}p50 {:.1} ms, max {:.1} ms", ms(times.p50()), ms(times.max()));
    }
    let memory = process::memory(stage.pid()?)?;
    println!(
        "then: {:.1} MiB resident, {:.1} MiB of it its own data",
        mib(memory.resident),
        mib(memory.anonymous)
    );
    Ok(())
}

async fn times(stage: &Stage, path: &str) -> Result<Times> {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let started = Instant::now();
        let answer = stage.authorized(stage.http.get(stage.url(path))).send().await?.error_for_status()?;
        let _ = answer.bytes().await?;
        times.push(started.elapsed());
    }
    Ok(Times::new(times))
}

/// Copies ended changes, with all that belongs to them, under new ids; how many there are then, and the size of the file in bytes.
async fn multiply(stage: &Stage) -> Result<(i64, u64)> {
    let options =
        SqliteConnectOptions::new().filename(stage.store_file()).busy_timeout(Duration::from_secs(10));
    let store = SqlitePool::connect_with(options).await?;
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM changes WHERE active = 0").fetch_all(&store).await?;
    let wanted = CHANGES.saturating_sub(ids.len());
    let mut tx = store.begin().await?;
    for (id, copy) in ids.iter().cycle().zip(0..wanted) {
        let new = Uuid::now_v7().to_string();
        for statement in COPIES {
            sqlx::query(statement).bind(id).bind(&new).bind(i64::try_from(copy)?).execute(&mut *tx).await?;
        }
    }
    let rounds = i64::try_from(wanted.div_ceil(ids.len().max(1)))?;
    for round in 0..rounds {
        for statement in DELIVERIES {
            sqlx::query(statement).bind(round).execute(&mut *tx).await?;
        }
    }
    tx.commit().await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM changes").fetch_one(&store).await?;
    store.close().await;
    Ok((count, std::fs::metadata(stage.store_file())?.len()))
}

/// ?1 is the change, ?2 the id of the copy, ?3 its number.
const COPIES: [&str; 6] = [
    "INSERT INTO changes SELECT ?2, version, state, active, holds_device, ticket_id, ticket_number, device, received_at, updated_at, \
     replace(body, ?1, ?2) FROM changes WHERE id = ?1 AND ?3 >= 0",
    "INSERT INTO history (change_id, version, at, from_state, to_state, event, detail) \
     SELECT ?2, version, at, from_state, to_state, event, detail FROM history WHERE change_id = ?1 AND ?3 >= 0",
    "INSERT INTO outbox (change_id, lane, effect, body, created_at, due_at, first_attempt_at, attempts, done_at) \
     SELECT ?2, lane, effect, body, created_at, due_at, first_attempt_at, attempts, done_at FROM outbox WHERE change_id = ?1 AND ?3 >= 0",
    "INSERT INTO cards (message_id, change_id, round, recipient, room_id, sent_at, shows) \
     SELECT message_id || '-' || ?3, ?2, round, recipient, room_id, sent_at, shows FROM cards WHERE change_id = ?1",
    "INSERT INTO ticket_states (change_id, state, at) SELECT ?2, state, at FROM ticket_states WHERE change_id = ?1 AND ?3 >= 0",
    "INSERT INTO remarks (change_id, at, kind, detail) SELECT ?2, at, kind, detail FROM remarks WHERE change_id = ?1 AND ?3 >= 0",
];
const DELIVERIES: [&str; 2] = [
    "INSERT INTO inbox (source, delivery, received_at, due_at, attempts, done_at, outcome) \
     SELECT source, delivery || '-copy-' || ?1, received_at, due_at, attempts, done_at, outcome FROM inbox \
     WHERE done_at IS NOT NULL AND delivery NOT LIKE '%-copy-%'",
    "INSERT INTO inbox_bodies (inbox_id, body) SELECT copy.id, bodies.body FROM inbox copy JOIN inbox original \
     ON original.source = copy.source AND copy.delivery = original.delivery || '-copy-' || ?1 \
     JOIN inbox_bodies bodies ON bodies.inbox_id = original.id",
];
