//! The worker: takes webhooks from the inbox and effects from the outbox, under lease, and turns what comes of them into events.

mod clock;
mod decision;
mod in_hand;
mod intake;
mod outcome;
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
use crate::store::inbox::{InboxRow, Source};
use crate::store::outbox::{LEASE, OutboxRow};

pub(crate) use retry::{Limits, UNDER_WAY};

use clock::Clock;
use in_hand::{Held, InHand};
use outcome::{delivered, may_store_again, settle};

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
        let since = Instant::now();
        while let Err(error) = delivered(app, &rows, &result).await {
            if !may_store_again(since, "a webhook", &error).await {
                break;
            }
        }
        crate::crash::point(&format!("after:deliver:{source}"));
    }
    .instrument(span)
    .await;
}

/// Runs one effect, keeping its lease meanwhile.
async fn effect(app: &App, row: OutboxRow) {
    let span = tracing::info_span!("effect", change.id = %row.change_id, effect = row.effect.name(), attempt = row.attempts);
    async {
        let started = Instant::now();
        boundary("before", &row);
        let mut outcome = tokio::select! {
            outcome = attempt(app, &row) => outcome,
            () = keep_lease(app, row.id) => return,
        };
        boundary("between", &row);
        let seconds = started.elapsed().as_secs_f64();
        metrics::histogram!("netchange_effect_seconds", "effect" => row.effect.name()).record(seconds);
        let (since, took) = (Instant::now(), started.elapsed());
        while let Err(error) = settle(app, &row, &outcome, took).await {
            if !may_store_again(since, row.effect.name(), &error).await {
                break;
            }
            if matches!(outcome, Ok(Some(Event::BaseUnchanged))) {
                // What was seen is old by now, and what comes next relies on it: it is looked at again.
                outcome = Err(EffectError::Store(error));
            }
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
