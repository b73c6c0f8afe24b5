//! Intake: a ticket that wants something, however we heard of it.
//!
//! A webhook is only a hint, rendered anew at each attempt and perhaps old: the ticket is read, and what it says now counts.

use std::collections::HashMap;

use change_model::digest::digest;
use change_model::{ApprovalRule, Change, Event, State};
use jiff::Timestamp;
use ticket_client::{Ticket, TicketId};

use crate::adapters::ticket;
use crate::app::App;
use crate::effects::EffectError;
use crate::store::begin::{Inserted, Looked};
use crate::store::inbox::{InboxRow, Says};
use crate::store::{Applied, Done};
use crate::waiting::Wait;

/// What came of a webhook, for its record; or why it has to wait.
pub(super) type Taken = Result<String, EffectError>;

/// Puts together the webhooks that are about one ticket: it is read once for all of them, after all of them came.
pub(super) fn by_ticket(rows: Vec<InboxRow>) -> Vec<Vec<InboxRow>> {
    let mut groups: Vec<Vec<InboxRow>> = Vec::new();
    let mut places: HashMap<i64, usize> = HashMap::new();
    for row in rows {
        let ticket = if let Says::Ticket(ticket) = row.says { Some(ticket) } else { None };
        match ticket.and_then(|ticket| places.get(&ticket)).and_then(|place| groups.get_mut(*place)) {
            Some(group) => group.push(row),
            None => {
                places.extend(ticket.map(|ticket| (ticket, groups.len())));
                groups.push(vec![row]);
            }
        }
    }
    groups
}

pub(super) async fn zammad(app: &App, row: &InboxRow) -> Taken {
    let never = |error: &dyn std::error::Error| EffectError::never(error.to_string());
    let ticket = match &row.says {
        Says::Ticket(ticket) => TicketId(u64::try_from(*ticket).map_err(|error| never(&error))?),
        // Stored by an earlier version.
        Says::Body(body) => ticket_client::webhook::hint(body).map_err(|error| never(&error))?.id,
    };
    look(app, ticket).await
}

/// Reads a ticket and does what its state asks for. Safe to repeat.
pub(super) async fn look(app: &App, id: TicketId) -> Taken {
    let latest = app.store.latest_of_ticket(id.0).await?;
    // What we are telling the ticket right now moves its state under our eyes; then only its fields can be compared.
    let told_before = told(app, latest.as_ref()).await?;
    let ticket = match app.zammad.get_ticket_with_people(id).waited("zammad").await {
        Err(error) if error.is_not_found() => None,
        other => Some(other?),
    };
    app.systems.succeeded("zammad");
    let Some(ticket) = ticket else { return no_ticket(app, latest.as_ref(), ticket::GONE).await };
    if ticket.ticket_type() != Some(app.settings.zammad.ticket_type.as_str()) {
        return no_ticket(app, latest.as_ref(), ticket::NO_NETWORK_CHANGE).await;
    }
    let quiet = told_before == told(app, latest.as_ref()).await? && !told_before.telling;
    match latest {
        None => start(app, &ticket, None).await,
        Some(change) if change.state.is_active() => {
            under_way(app, &change, &ticket, quiet.then_some(&told_before)).await
        }
        Some(change) => ended(app, &change, &ticket, &told_before, quiet).await,
    }
}

/// A ticket that is none of ours, or not any more: what waits for approval on it is void.
async fn no_ticket(app: &App, latest: Option<&Change>, what: &str) -> Taken {
    let waits = |change: &&Change| matches!(change.state, State::Received | State::PendingApproval);
    match latest.filter(waits) {
        Some(change) => {
            void(app, change, what.to_owned()).await?;
            Ok(format!("change {} is superseded: {what}", change.id))
        }
        None => Ok(format!("ignored: {what}")),
    }
}

/// Voids a change that nobody applies yet.
async fn void(app: &App, change: &Change, what: String) -> Result<(), EffectError> {
    let event = Event::TicketChanged { what };
    match app.store.apply(change.id, &event, &app.settings.approval, Done::Nothing).await? {
        Applied::Moved(_) => Ok(()),
        Applied::Stale | Applied::Refused(_) | Applied::DeviceBusy | Applied::Unknown => {
            Err(EffectError::later("the change moved meanwhile"))
        }
    }
}

/// What was last told to a ticket.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    state: Option<String>,
    telling: bool,
}

async fn told(app: &App, change: Option<&Change>) -> Result<Told, EffectError> {
    let Some(change) = change else { return Ok(Told::default()) };
    Ok(Told {
        state: app.store.ticket_state(change.id).await?,
        telling: app.store.is_telling(change.id, Timestamp::now()).await?,
    })
}

async fn start(app: &App, ticket: &Ticket, latest: Option<&Change>) -> Taken {
    if ticket.state != ticket::OPEN {
        return Ok(format!("ignored: the ticket is {}", ticket.state));
    }
    begin(app, ticket, Looked { latest: latest.map(|latest| latest.id), state_given: None }).await
}

/// Begins a change of a ticket.
async fn begin(app: &App, ticket: &Ticket, looked: Looked<'_>) -> Taken {
    let received = ticket::receive(ticket, Timestamp::now())?;
    let inserted = app.store.insert_change(&received, looked).await?;
    begun(ticket, &received.change, inserted)
}

/// Begins a change of a ticket anew, in place of one whose approvers were asked by another rule: what they answered does not count.
async fn begin_anew(app: &App, old: &Change, ticket: &Ticket) -> Taken {
    let received = ticket::receive(ticket, Timestamp::now())?;
    let event = Event::TicketChanged { what: ticket::OTHER_RULE.to_owned() };
    let ends = (&event, &app.settings.approval);
    let inserted = app.store.replace_change(old, ends, &received, Some(&ticket.state)).await?;
    begun(ticket, &received.change, inserted)
}

fn begun(ticket: &Ticket, change: &Change, inserted: Inserted) -> Taken {
    let id = change.id;
    match inserted {
        Inserted::New => {
            tracing::info!(change.id = %id, ticket.number = ticket.number.as_str(), "Received change {id} from ticket {}", ticket.number.as_str());
            Ok(format!("change {id}"))
        }
        Inserted::UnderWay => Ok("ignored: the ticket has a change under way".to_owned()),
        Inserted::Overtaken => Err(EffectError::later("the ticket had another change meanwhile")),
    }
}

/// A ticket whose change is under way: an edit, a move by somebody else, or other approvers void what nobody applies yet.
async fn under_way(app: &App, change: &Change, ticket: &Ticket, told: Option<&Told>) -> Taken {
    let what = match change.state {
        State::Received | State::PendingApproval => difference(change, ticket, told)?,
        // From the approval on, the last comparison before anything is touched looks at the ticket again.
        State::Approved
        | State::UpdatingNetbox
        | State::Configuring
        | State::Verifying
        | State::Indeterminate
        | State::Closed
        | State::Denied
        | State::Expired
        | State::AttentionRequired
        | State::Superseded => None,
    };
    match (what, told) {
        (Some(what), _) => {
            void(app, change, what).await?;
            start(app, ticket, Some(change)).await
        }
        (None, Some(_)) if is_asked_by_another_rule(app, change) => {
            // What led back is not what the ticket says: it is asked for again by whoever asked for it.
            if change.restores.is_none() {
                return begin_anew(app, change, ticket).await;
            }
            void(app, change, ticket::OTHER_RULE.to_owned()).await?;
            Ok(format!("change {} is superseded: {}", change.id, ticket::OTHER_RULE))
        }
        (None, _) => Ok(format!("ignored: change {} is {}", change.id, change.state)),
    }
}

/// Whether others may decide by now than when the approvers were asked: none of their answers counts.
fn is_asked_by_another_rule(app: &App, change: &Change) -> bool {
    let other = |rule: &ApprovalRule| !rule.decides_as(&app.settings.approval);
    change.state == State::PendingApproval && change.rule.as_ref().is_some_and(other)
}

fn difference(change: &Change, ticket: &Ticket, told: Option<&Told>) -> Result<Option<String>, EffectError> {
    if digest(&ticket::fields(ticket))? != change.ticket_fingerprint {
        return Ok(Some("the ticket was edited".to_owned()));
    }
    let Some(told) = told else { return Ok(None) };
    let expected = told.state.as_deref().unwrap_or(ticket::OPEN);
    // A ticket opened again without an edit asks for the same: the card stands.
    let ours = ticket.state == expected || ticket.state == ticket::OPEN;
    Ok((!ours).then(|| format!("the ticket was moved to {:?}", ticket.state)))
}

/// A ticket whose last change ended: opened again, or edited, it starts anew.
async fn ended(app: &App, change: &Change, ticket: &Ticket, told: &Told, quiet: bool) -> Taken {
    if ticket.state != ticket::OPEN {
        return Ok(format!("ignored: the ticket is {}", ticket.state));
    }
    let edited = digest(&ticket::fields(ticket))? != change.ticket_fingerprint;
    let reopened = quiet && told.state.as_deref().is_some_and(|state| state != ticket::OPEN);
    if edited || reopened {
        start(app, ticket, Some(change)).await
    } else {
        Ok(format!("ignored: change {} was about the same", change.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::inbox::Source;

    fn row(id: i64, says: Says) -> InboxRow {
        InboxRow { id, source: Source::Zammad, says, attempts: 1, received_at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn webhooks_about_one_ticket_are_one_piece_of_work() {
        let body = Says::Body(b"{}".to_vec());
        let said = [Says::Ticket(16), body.clone(), Says::Ticket(17), Says::Ticket(16), body];
        let rows = (1..).zip(said).map(|(id, says)| row(id, says)).collect();
        let groups: Vec<Vec<i64>> =
            by_ticket(rows).iter().map(|group| group.iter().map(|row| row.id).collect()).collect();
        assert_eq!(groups, [vec![1, 4], vec![2], vec![3], vec![5]]);
    }
}
