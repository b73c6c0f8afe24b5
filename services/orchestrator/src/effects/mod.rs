//! Effects: each makes one thing true outside, looking first whether it is so already, and returns what happened as an event.

mod approvers;
mod device;
mod netbox;
pub(crate) mod plan;
mod recheck;
mod tell;

use std::time::Duration;

use change_model::{Change, Effect, Event};

use crate::app::App;
use crate::store::outbox::OutboxRow;

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
    #[error("the store failed")]
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

/// Runs one effect of a change.
pub(crate) async fn run(app: &App, row: &OutboxRow, change: &Change) -> Outcome {
    match &row.effect {
        Effect::MakePlan => plan::make(app, change).await,
        Effect::AskApprovers => approvers::ask(app, change, row.attempts > 1).await,
        Effect::TellTicket(note) => tell::ticket(app, change, *note, row.id).await,
        Effect::TellChat(note) => tell::chat(app, change, *note, row.attempts > 1).await,
        Effect::Expire => Ok(Some(Event::Expired)),
        Effect::Recheck => recheck::compare(app, change).await,
        Effect::UpdateNetbox => netbox::update(app, change).await,
        Effect::FinishNetbox => netbox::finish(app, change).await,
        Effect::RestoreNetbox => netbox::restore(app, change).await,
        Effect::ConfigureDevice => device::configure(app, change).await,
        Effect::ProveDevice => device::prove(app, change).await,
        Effect::SettleDevice => device::settle(app, change).await,
    }
}

impl From<ticket_client::Error> for EffectError {
    fn from(error: ticket_client::Error) -> Self {
        let why = format!("Zammad: {}", chain(&error));
        if error.is_retryable() {
            Self::Later { why, after: error.retry_after() }
        } else {
            Self::Never { why }
        }
    }
}

impl From<webex_cards::Error> for EffectError {
    fn from(error: webex_cards::Error) -> Self {
        let why = format!("Webex: {}", chain(&error));
        if error.is_retryable() {
            Self::Later { why, after: error.retry_after() }
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
