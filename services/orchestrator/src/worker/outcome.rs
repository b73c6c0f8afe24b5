//! What came of work: stored as events, later attempts, or as given up.

use std::time::{Duration, Instant};

use change_model::{Effect, Event};
use jiff::Timestamp;

use super::intake;
use super::retry::{self, Limits};
use crate::app::App;
use crate::effects::{self, EffectError};
use crate::store::inbox::{InboxRow, NotStored};
use crate::store::outbox::{LEASE, OutboxRow};
use crate::store::{Applied, Done};

/// Wait before what came of work is stored once more when the store did not take it: a disk may have room again.
const STORE_AGAIN: Duration = Duration::from_secs(2);
/// Wait before an effect whose device is busy with another change is looked at again.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// Stores what came of webhooks that say the same.
pub(super) async fn delivered(app: &App, rows: &[InboxRow], result: &intake::Taken) -> Result<(), NotStored> {
    let now = Timestamp::now();
    // The one that has waited least decides how long they all may.
    let Some(row) = rows.last() else { return Ok(()) };
    let ids = rows.iter().map(|row| row.id).collect();
    match result {
        Ok(outcome) => {
            app.store.finish_deliveries(ids, outcome, now).await?;
            tracing::info!(outcome, "Worked on a webhook from {}", row.source.as_str());
            Ok(())
        }
        Err(EffectError::Later { why, after }) if retry::delivery_may_wait(row.received_at, now) => {
            let due = retry::next(row.attempts, *after, now, row.id);
            tracing::warn!(error = %why, attempt = row.attempts, "A webhook from {} waits: {why}", row.source.as_str());
            app.store.postpone_deliveries(ids, due, why).await
        }
        // A disk may have room again.
        Err(error @ EffectError::Store(_)) if retry::delivery_may_wait(row.received_at, now) => {
            let due = retry::next(row.attempts, None, now, row.id);
            tracing::error!(error = %error, "A webhook from {} waits: {error}", row.source.as_str());
            app.store.postpone_deliveries(ids, due, &error.to_string()).await
        }
        Err(error) => {
            tracing::error!(error = %error, "A webhook from {} could not be worked on: {error}", row.source.as_str());
            app.store.finish_deliveries(ids, &format!("failed: {error}"), now).await
        }
    }
}

/// Waits for a store that did not take what came of work; `false` when the lease of that work is over, and it is to be done again.
pub(super) async fn may_store_again(
    since: Instant,
    what: &str,
    error: &(dyn std::error::Error + Sync),
) -> bool {
    if since.elapsed() >= LEASE {
        tracing::error!(error = %error, "The outcome of {what} could not be stored; it will be worked on again");
        return false;
    }
    tracing::error!(error = %error, "The outcome of {what} is not stored yet: {error}");
    tokio::time::sleep(STORE_AGAIN).await;
    true
}

/// Stores what came of an effect: its event, a later attempt, or that a person is needed.
pub(super) async fn settle(
    app: &App,
    row: &OutboxRow,
    outcome: &effects::Outcome,
    took: Duration,
) -> sqlx::Result<()> {
    let (now, duration_ms) = (Timestamp::now(), took.as_secs_f64() * 1000.0);
    let name = row.effect.name();
    let why = match outcome {
        Ok(None) => {
            app.store.finish_effect(row.id, now).await?;
            tracing::info!(duration_ms, "Did {name}");
            return Ok(());
        }
        Ok(Some(event)) => {
            bring(app, row, event, Done::Effect(row.id)).await?;
            tracing::info!(duration_ms, event = event.name(), "Did {name}: {}", event.name());
            return Ok(());
        }
        Err(error @ EffectError::Store(_)) => {
            let due = retry::next(row.attempts, None, now, row.id);
            tracing::error!(duration_ms, error = %error, "{name} waits: {error}");
            return app.store.postpone_effect(row.id, due, &error.to_string()).await;
        }
        Err(EffectError::Later { why, after }) => {
            app.systems.failed(system_of(&row.effect), why);
            // By the steady clock: the system's may have been set in the meantime.
            let tried = row.claimed_at.checked_add(took).unwrap_or(now);
            if Limits::of(app).may_wait(&row.effect, tried_since(app, row, tried).await?, tried) {
                let due = retry::next(row.attempts, *after, now, row.id);
                tracing::warn!(duration_ms, error = %why, "{name} waits: {why}");
                return app.store.postpone_effect(row.id, due, why).await;
            }
            why
        }
        Err(EffectError::Never { why }) => {
            app.systems.failed(system_of(&row.effect), why);
            why
        }
    };
    tracing::error!(duration_ms, error = %why, "{name} is given up and needs a person: {why}");
    let event = match app.store.change(row.change_id).await? {
        Some(change) => change.given_up(&row.effect, why.clone()),
        None => Event::GaveUp { effect: row.effect.clone(), why: why.clone() },
    };
    let done =
        if matches!(event, Event::GaveUp { .. }) { Done::GaveUp(row.id) } else { Done::Effect(row.id) };
    bring(app, row, &event, done).await
}

/// Since when an effect is tried. A look at a device is tried by one change for all that wait for it.
async fn tried_since(app: &App, row: &OutboxRow, now: Timestamp) -> sqlx::Result<Timestamp> {
    if row.effect != Effect::Recheck {
        return Ok(row.first_attempt_at);
    }
    let change = app.store.change(row.change_id).await?;
    let device = change.as_ref().and_then(change_model::Change::device);
    Ok(device
        .map_or(row.first_attempt_at, |device| app.unreachable.failed(device, row.first_attempt_at, now)))
}

async fn bring(app: &App, row: &OutboxRow, event: &Event, done: Done) -> sqlx::Result<()> {
    match app.store.apply(row.change_id, event, &app.settings.approval, done).await? {
        Applied::Moved(change) => {
            tracing::info!(
                state.to = change.state.as_str(),
                ticket.number = change.ticket.number,
                "Change {} is {}",
                change.id,
                change.state
            );
            Ok(())
        }
        Applied::Refused(refusal) => {
            tracing::info!("Too late: {refusal}");
            Ok(())
        }
        Applied::DeviceBusy | Applied::Stale => {
            let due = Timestamp::now().checked_add(BUSY_WAIT).unwrap_or(Timestamp::MAX);
            app.store.wait_for_turn(row.id, due).await
        }
        Applied::Unknown => app.store.finish_effect(row.id, Timestamp::now()).await,
    }
}

fn system_of(effect: &Effect) -> &'static str {
    match effect {
        Effect::TellTicket(_) => "zammad",
        Effect::AskApprovers | Effect::TellChat(_) => "webex",
        Effect::UpdateNetbox | Effect::FinishNetbox | Effect::RestoreNetbox => "netbox",
        Effect::ConfigureDevice | Effect::ProveDevice | Effect::SettleDevice => "devices",
        Effect::MakePlan | Effect::Recheck => "planning",
        Effect::Expire => "timer",
    }
}
