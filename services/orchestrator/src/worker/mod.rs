//! The worker: takes webhooks from the inbox and effects from the outbox, under lease, and turns what comes of them into events.

mod clock;
mod decision;
mod in_hand;
mod intake;
mod poll;
mod retry;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use change_model::{Effect, Event};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::app::App;
use crate::effects::{self, EffectError};
use crate::store::inbox::{InboxRow, NotStored, Source};
use crate::store::outbox::{LEASE, OutboxRow};
use crate::store::{Applied, Done};

pub(crate) use retry::{Limits, UNDER_WAY};

use clock::Clock;
use in_hand::{Held, InHand};

/// Effects worked on at once.
const EFFECTS: usize = 32;
/// Webhooks worked on at once, those about one ticket as one; apart, so that a flood of them does not take the effects' places.
const DELIVERIES: usize = 16;
/// Webhooks claimed at once, at most.
const DELIVERIES_AT_ONCE: usize = 128;
/// How long webhooks that are stored may be left alone while senders of others wait for their acknowledgement.
const SENDERS_FIRST: Duration = Duration::from_millis(250);
/// Longest sleep without being rung: a command of the operator writes into the store from another process, which rings nobody.
const LONGEST_SLEEP: Duration = Duration::from_secs(2);
/// How long the worker may be silent before it is not believed to be alive.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);
/// How long work in hand may go on after the end was asked for.
const DRAIN: Duration = Duration::from_secs(25);
/// Wait before an effect whose device is busy with another change is looked at again.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// When the worker was last alive, for `/readyz`.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<Option<Instant>>);

impl Pulse {
    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether the worker was alive lately.
    pub(crate) fn is_alive(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() <= LONGEST_SILENCE)
    }
}

/// Works until told to stop, then lets what is in hand end.
pub(crate) async fn run(app: App, pulse: Arc<Pulse>, stop: CancellationToken) {
    pulse.beat();
    let poller = tokio::spawn(poll::run(app.clone(), stop.clone()));
    let mut places = Places::default();
    let mut tasks = JoinSet::new();
    let mut clock = Clock::new();
    while !stop.is_cancelled() {
        pulse.beat();
        while tasks.try_join_next().is_some() {}
        if let Some(jump) = clock.jump() {
            set_forth(&app, jump).await;
        }
        let looked = Timestamp::now();
        let started = start_due(&app, &mut places, &mut tasks).await;
        if let Err(error) = &started {
            tracing::error!(error = %error, "The store does not answer; waiting");
        }
        if matches!(started, Ok(true)) {
            continue;
        }
        let longest = if places.held_since.is_some() { SENDERS_FIRST } else { LONGEST_SLEEP };
        let sleep = sleep_time(&app, looked).await.min(longest);
        tokio::select! {
            () = app.store.work() => {}
            () = tokio::time::sleep(sleep) => {}
            () = stop.cancelled() => {}
        }
    }
    let drained = tokio::time::timeout(DRAIN, async { while tasks.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!("Some work did not end in {} s; it is taken up at the next start", DRAIN.as_secs());
    }
    poller.abort();
}

/// The system's clock was set, or the machine slept: what waits goes with it.
async fn set_forth(app: &App, jump: SignedDuration) {
    tracing::warn!(
        "The system's clock was set by {jump:#}, or the machine slept; what waits is looked at now"
    );
    if let Err(error) = app.store.clock_was_set(jump, Timestamp::now()).await {
        tracing::error!(error = %error, "What waits could not be moved with the clock, and may wait longer than it should");
    }
}

/// Where work can go on, and what is in hand there.
struct Places {
    effects: Arc<Semaphore>,
    deliveries: Arc<Semaphore>,
    effects_in_hand: InHand,
    deliveries_in_hand: InHand,
    /// When senders began to be let go first.
    held_since: Option<Instant>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            effects: Arc::new(Semaphore::new(EFFECTS)),
            deliveries: Arc::new(Semaphore::new(DELIVERIES)),
            effects_in_hand: InHand::default(),
            deliveries_in_hand: InHand::default(),
            held_since: None,
        }
    }
}

impl Places {
    /// Whether webhooks are left alone for now because senders of others wait for their acknowledgement.
    fn hold(&mut self, app: &App) -> bool {
        if !app.store.senders_wait() {
            self.held_since = None;
            return false;
        }
        let since = *self.held_since.get_or_insert_with(Instant::now);
        let hold = since.elapsed() < SENDERS_FIRST;
        if !hold {
            self.held_since = None;
        }
        hold
    }
}

/// Starts whatever is due and has a place; `true` if it started something.
async fn start_due(app: &App, places: &mut Places, tasks: &mut JoinSet<()>) -> sqlx::Result<bool> {
    let mut started = false;
    let (delivery_due, effect_due) = app.store.due(Timestamp::now()).await?;
    if delivery_due && places.deliveries.available_permits() > 0 && !places.hold(app) {
        let rows = app.store.claim_deliveries(Timestamp::now(), DELIVERIES_AT_ONCE).await?;
        let mut held: HashMap<i64, Held> = HashMap::new();
        held.extend(rows.iter().filter_map(|row| Some((row.id, places.deliveries_in_hand.take(row.id)?))));
        let rows = rows.into_iter().filter(|row| held.contains_key(&row.id)).collect();
        for rows in intake::by_ticket(rows) {
            let (app, places) = (app.clone(), places.deliveries.clone());
            let held: Vec<Held> = rows.iter().filter_map(|row| held.remove(&row.id)).collect();
            tasks.spawn(async move {
                let place = places.acquire_owned().await;
                // Boxed: what still waits for its place must not be as large as what has one.
                Box::pin(deliver(&app, rows)).await;
                drop((place, held));
                app.store.ring();
            });
            started = true;
        }
    }
    if effect_due
        && let Ok(place) = places.effects.clone().try_acquire_owned()
        && let Some(row) = app.store.claim_effect(Timestamp::now()).await?
    {
        started = true;
        if let Some(held) = places.effects_in_hand.take(row.id) {
            let app = app.clone();
            tasks.spawn(async move {
                effect(&app, row).await;
                drop((place, held));
                app.store.ring();
            });
        }
    }
    Ok(started)
}

/// How long there is nothing to do, unless rung. What was due when we looked and was not taken waits for something in hand to end, which
/// rings: looking again and again would only keep others from the store.
async fn sleep_time(app: &App, looked: Timestamp) -> Duration {
    match app.store.next_due(looked).await {
        Ok(Some(due)) => {
            let wait = Duration::try_from(due.duration_since(Timestamp::now()));
            wait.unwrap_or(Duration::ZERO).min(LONGEST_SLEEP)
        }
        Ok(None) => LONGEST_SLEEP,
        Err(_) => Duration::from_secs(1),
    }
}

/// Works on webhooks that say the same, or on one.
async fn deliver(app: &App, rows: Vec<InboxRow>) {
    let Some(row) = rows.first() else { return };
    let source = row.source.as_str();
    let span = tracing::info_span!(
        "delivery",
        inbox.id = row.id,
        source,
        attempt = row.attempts,
        count = rows.len()
    );
    async {
        crate::crash::point(&format!("before:deliver:{source}"));
        let result = match row.source {
            Source::Zammad => intake::zammad(app, row).await,
            Source::WebexCard => decision::card(app, row).await,
            Source::WebexMessage => Ok("ignored: commands by chat are not supported".to_owned()),
            // An event of the source of truth never configures anything by itself; what it changed is noticed before a change is applied.
            Source::Netbox => Ok("noted".to_owned()),
        };
        crate::crash::point(&format!("between:deliver:{source}"));
        if let Err(error) = delivered(app, &rows, &result).await {
            tracing::error!(error = %error, "The outcome of a webhook could not be stored; it will be worked on again");
        }
        crate::crash::point(&format!("after:deliver:{source}"));
    }
    .instrument(span)
    .await;
}

/// Stores what came of webhooks that say the same.
async fn delivered(app: &App, rows: &[InboxRow], result: &intake::Taken) -> Result<(), NotStored> {
    let now = Timestamp::now();
    // The one that has waited least decides how long they all may.
    let Some(row) = rows.last() else { return Ok(()) };
    let ids = rows.iter().map(|row| row.id).collect();
    match result {
        Ok(outcome) => {
            tracing::info!(outcome, "Worked on a webhook from {}", row.source.as_str());
            app.store.finish_deliveries(ids, outcome, now).await
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

/// Runs one effect, keeping its lease meanwhile.
async fn effect(app: &App, row: OutboxRow) {
    let span = tracing::info_span!("effect", change.id = %row.change_id, effect = row.effect.name(), attempt = row.attempts);
    async {
        let started = Instant::now();
        boundary("before", &row);
        let outcome = tokio::select! {
            outcome = attempt(app, &row) => outcome,
            () = keep_lease(app, row.id) => return,
        };
        boundary("between", &row);
        let seconds = started.elapsed().as_secs_f64();
        metrics::histogram!("netchange_effect_seconds", "effect" => row.effect.name()).record(seconds);
        if let Err(error) = settle(app, &row, outcome, started.elapsed()).await {
            tracing::error!(error = %error, "The outcome of {} could not be stored; it will run again", row.effect.name());
        }
        boundary("after", &row);
    }
    .instrument(span)
    .await;
}

async fn attempt(app: &App, row: &OutboxRow) -> effects::Outcome {
    if row.effect == Effect::AskApprovers {
        // A second attempt looks for cards that the first one sent; so that there was a first one must not be forgotten.
        app.store.sync_claim(row.id, Timestamp::now()).await?;
    }
    match app.store.change(row.change_id).await? {
        Some(change) => effects::run(app, row, &change).await,
        None => Err(EffectError::never("the change is gone")),
    }
}

async fn keep_lease(app: &App, row: i64) {
    loop {
        tokio::time::sleep(LEASE / 4).await;
        if let Err(error) = app.store.renew_effect(row, Timestamp::now()).await {
            tracing::warn!(error = %error, "The lease of an effect could not be renewed");
        }
    }
}

/// Stores what came of an effect: its event, a later attempt, or that a person is needed.
async fn settle(app: &App, row: &OutboxRow, outcome: effects::Outcome, took: Duration) -> sqlx::Result<()> {
    let (now, duration_ms) = (Timestamp::now(), took.as_secs_f64() * 1000.0);
    let name = row.effect.name();
    let why = match outcome {
        Ok(None) => {
            tracing::info!(duration_ms, "Did {name}");
            return app.store.finish_effect(row.id, now).await;
        }
        Ok(Some(event)) => {
            tracing::info!(duration_ms, event = event.name(), "Did {name}: {}", event.name());
            return bring(app, row, &event, Done::Effect(row.id)).await;
        }
        Err(EffectError::Store(error)) => return Err(error),
        Err(EffectError::Later { why, after }) => {
            app.systems.failed(system_of(&row.effect), &why);
            // By the steady clock: the system's may have been set in the meantime.
            let tried = row.claimed_at.checked_add(took).unwrap_or(now);
            if Limits::of(app).may_wait(&row.effect, tried_since(app, row, tried).await?, tried) {
                let due = retry::next(row.attempts, after, now, row.id);
                tracing::warn!(duration_ms, error = %why, "{name} waits: {why}");
                return app.store.postpone_effect(row.id, due, &why).await;
            }
            why
        }
        Err(EffectError::Never { why }) => {
            app.systems.failed(system_of(&row.effect), &why);
            why
        }
    };
    tracing::error!(duration_ms, error = %why, "{name} is given up and needs a person: {why}");
    let event = match app.store.change(row.change_id).await? {
        Some(change) => change.given_up(&row.effect, why),
        None => Event::GaveUp { effect: row.effect.clone(), why },
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

/// Ends the process here if the crash test asks for it: `NETCHANGE_CRASH_AT=before:update_netbox`, `between:tell_ticket:closed`.
///
/// Only in builds with the lab; a product build has no such switch.
fn boundary(side: &str, row: &OutboxRow) {
    match &row.effect {
        Effect::TellTicket(note) | Effect::TellChat(note) => {
            crate::crash::point(&format!("{side}:{}:{}", row.effect.name(), note.as_str()));
        }
        effect => crate::crash::point(&format!("{side}:{}", effect.name())),
    }
}
