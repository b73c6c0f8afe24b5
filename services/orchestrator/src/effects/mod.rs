//! Effects: each makes one thing true outside, looking first whether it is so already, and returns what happened as an event.

mod approvers;
mod device;
mod netbox;
pub(crate) mod plan;
mod recheck;
mod tell;

use std::time::Duration;

use change_model::{Change, Effect, Event};
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::app::App;
use crate::store::outbox::OutboxRow;
use crate::worker::{Limits, UNDER_WAY};

/// Why an effect did not come about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EffectError {
    /// It may work later; not before `after`, where the other side said so.
    #[error("{why}")]
    Later { why: String, after: Option<Duration> },
    /// It will not work however often it is tried.
    #[error("{why}")]
    Never { why: String },
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(#[from] sqlx::Error),
}

impl EffectError {
    pub(crate) fn later(why: impl Into<String>) -> Self {
        Self::Later { why: why.into(), after: None }
    }

    pub(crate) fn never(why: impl Into<String>) -> Self {
        Self::Never { why: why.into() }
    }
}

/// What an effect brings: an event, or nothing more to say.
pub(crate) type Outcome = Result<Option<Event>, EffectError>;

/// Runs one effect of a change. Each takes the memory that it needs itself, and not that of the largest.
pub(crate) async fn run(app: &App, row: &OutboxRow, change: &Change) -> Outcome {
    let repeated = row.attempts > 1;
    let work: BoxFuture<'_, Outcome> = match &row.effect {
        Effect::MakePlan => Box::pin(plan::make(app, change)),
        Effect::AskApprovers => Box::pin(approvers::ask(app, change, repeated)),
        Effect::TellTicket(note) => Box::pin(tell::ticket(app, change, *note, row.id)),
        Effect::TellChat(note) => Box::pin(tell::chat(app, change, *note, repeated)),
        Effect::Expire => return Ok(Some(Event::Expired)),
        Effect::Recheck => Box::pin(recheck::compare(app, change)),
        Effect::UpdateNetbox => Box::pin(netbox::update(app, change)),
        Effect::FinishNetbox => Box::pin(netbox::finish(app, change)),
        Effect::RestoreNetbox => Box::pin(netbox::restore(app, change)),
        Effect::ConfigureDevice => Box::pin(device::configure(app, change)),
        Effect::ProveDevice => {
            let may_wait = Limits::of(app).may_wait(&row.effect, row.first_attempt_at, Timestamp::now());
            Box::pin(device::prove(app, change, may_wait))
        }
        Effect::SettleDevice => Box::pin(device::settle(app, change)),
    };
    work.await
}

impl From<ticket_client::Error> for EffectError {
    fn from(error: ticket_client::Error) -> Self {
        let why = format!("Zammad: {}", chain(&error));
        if error.is_retryable() {
            let under_way = under_way(error.is_ambiguous(), error.status());
            Self::Later { why, after: error.retry_after().max(under_way) }
        } else {
            Self::Never { why }
        }
    }
}

impl From<webex_cards::Error> for EffectError {
    fn from(error: webex_cards::Error) -> Self {
        let why = format!("Webex: {}", chain(&error));
        if error.is_retryable() {
            let under_way = under_way(error.may_have_been_done(), error.status());
            Self::Later { why, after: error.retry_after().max(under_way) }
        } else {
            Self::Never { why }
        }
    }
}

impl From<netbox_client::Error> for EffectError {
    fn from(error: netbox_client::Error) -> Self {
        let why = format!("NetBox: {}", chain(&error));
        // A write of unknown outcome is tried again: each of ours reads first.
        let again = error.is_retryable() || error.is_outcome_unknown() || error.is_changed();
        if again { Self::Later { why, after: error.retry_after() } } else { Self::Never { why } }
    }
}

impl From<serde_json::Error> for EffectError {
    fn from(error: serde_json::Error) -> Self {
        Self::never(format!("cannot be written as JSON: {error}"))
    }
}

/// How long a request may still be worked on whose own server did not answer: it was silent, or a gateway in front of it spoke.
fn under_way(may_be_done: bool, status: Option<u16>) -> Option<Duration> {
    (may_be_done && status.is_none_or(|status| matches!(status, 502 | 504))).then_some(UNDER_WAY)
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Some libraries repeat the cause in their own text.
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
