//! The poll: finds what a lost webhook would have told. It only looks; what it finds goes the way of a webhook.

use change_model::State;
use jiff::{SignedDuration, Timestamp};
use ticket_client::TicketId;
use tokio_util::sync::CancellationToken;

use super::intake;
use crate::app::App;
use crate::effects::EffectError;
use crate::store::changes::ChangeFilter;
use crate::waiting::Wait;

/// Changes in one state that are looked at in one poll, newest first.
const MAX_CHANGES: u32 = 500;
/// Tickets at which the system does not answer as it should before a poll is broken off; one that may not be read is an answer.
const MAX_FAILURES: usize = 3;
/// Webhooks that were worked on are kept this long.
const KEEP_DELIVERIES: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Polls until told to stop.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut interval = tokio::time::interval(app.settings.server.poll_interval);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = once(&app).await {
            app.systems.failed("zammad", &error.to_string());
            tracing::warn!(error = %error, "The poll failed and is tried again: {error}");
        }
        let before = Timestamp::now().checked_sub(KEEP_DELIVERIES).unwrap_or(Timestamp::UNIX_EPOCH);
        if let Err(error) = app.store.forget_deliveries(before).await {
            tracing::warn!(error = %error, "Old webhooks could not be removed");
        }
    }
}

async fn once(app: &App) -> Result<(), EffectError> {
    let open = app.zammad.search_open(&app.settings.zammad.ticket_type).waited("zammad").await?;
    let mut tickets: Vec<TicketId> = open.iter().map(|ticket| ticket.id).collect();
    for state in [State::Received, State::PendingApproval] {
        let filter = ChangeFilter { state: Some(state), limit: MAX_CHANGES, ..ChangeFilter::default() };
        tickets.extend(app.store.changes(&filter).await?.iter().map(|change| TicketId(change.ticket.id)));
    }
    tickets.sort_unstable_by_key(|id| id.0);
    tickets.dedup();
    let (mut failed, mut away) = (Vec::new(), 0);
    for id in tickets {
        match intake::look(app, id).await {
            Ok(found) if found.starts_with("ignored") => {}
            Ok(found) => tracing::warn!(ticket.id = id.0, "The poll found what no webhook told: {found}"),
            // One ticket that cannot be read must not hide the others; where the system is away, there is no use in asking for all.
            Err(error) => {
                away += usize::from(!matches!(error, EffectError::Never { .. }));
                if away > MAX_FAILURES {
                    return Err(error);
                }
                failed.push((id, error));
            }
        }
    }
    match failed.into_iter().next() {
        Some((id, error)) => Err(EffectError::later(format!("ticket {}: {error}", id.0))),
        None => Ok(()),
    }
}
