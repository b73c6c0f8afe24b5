//! Telling people: the ticket's note and state, and the cards.

use change_model::{Change, Note};
use jiff::Timestamp;
use ticket_client::{StateOutcome, StateWrite, TicketId};
use webex_cards::{Message, MessageId, Posted, RoomId};

use super::{EffectError, Outcome};
use crate::adapters::{card, note, ticket};
use crate::app::App;
use crate::store::cards::Card;
use crate::waiting::Wait;

/// The states that netchange itself gives, and the one it starts from: a ticket in any other was moved by a person, and stays there.
const OURS: [&str; 4] = [ticket::OPEN, "pending approval", "approved", "attention required"];

/// An undo opens a ticket again that netchange closed, or that an earlier undo left denied.
const OF_AN_UNDO: [&str; 6] =
    [ticket::OPEN, "pending approval", "approved", "attention required", ticket::CLOSED, "denied"];

/// A ticket that was edited stays as the person left it; only "approved" must not stand on one of which nothing is applied.
const OF_AN_EDIT: [&str; 1] = [ticket::APPROVED];

/// Writes the note, once, and sets the state that goes with it. A ticket that is gone is told nothing.
pub(super) async fn ticket(app: &App, change: &Change, told: Note, row: i64) -> Outcome {
    match tell(app, change, told, row).await? {
        Ok(()) => Ok(None),
        Err(error) if error.is_not_found() && is_gone(app, change).await? => {
            tracing::warn!(
                ticket.number = change.ticket.number,
                "The ticket is gone, and is not told: {}",
                told.as_str()
            );
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

async fn is_gone(app: &App, change: &Change) -> Result<bool, EffectError> {
    match app.zammad.get_ticket(TicketId(change.ticket.id)).waited("zammad").await {
        Ok(_) => Ok(false),
        Err(error) if error.is_not_found() => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// The outer error is ours, the inner one the ticket system's.
async fn tell(
    app: &App,
    change: &Change,
    told: Note,
    row: i64,
) -> Result<Result<(), ticket_client::Error>, EffectError> {
    let id = TicketId(change.ticket.id);
    let marker = format!("{}/{row}", change.id);
    let text = ticket_client::Note::html(note::subject(told), note::body(change, told, &app.settings)?);
    let state = ticket::state_of(told);
    let allowed: &[&str] = match told {
        Note::Superseded => &OF_AN_EDIT,
        _ if change.restores.is_some() => &OF_AN_UNDO,
        _ => &OURS,
    };
    let latest = app.store.latest_of_ticket(change.ticket.id).await?;
    if latest.is_some_and(|latest| latest.id != change.id) {
        // The ticket's state belongs to its newer change, which would be void by a move of it.
        let added = app.zammad.ensure_note(id, &marker, &text).waited("zammad").await;
        return Ok(added.map(|_| app.systems.succeeded("zammad")));
    }
    let write = StateWrite::new(state, &marker, &text).only_from(allowed);
    let outcome = match app.zammad.ensure_state_with_note(id, &write).waited("zammad").await {
        Ok(outcome) => outcome,
        Err(error) => return Ok(Err(error)),
    };
    crate::crash::point(&format!("inside:tell_ticket:{}", told.as_str()));
    app.systems.succeeded("zammad");
    match outcome {
        StateOutcome::Written | StateOutcome::AlreadyThere => {
            app.store.ticket_is(change.id, state, Timestamp::now()).await?
        }
        StateOutcome::MovedSince { .. } => {}
        StateOutcome::NotFrom { state } => {
            tracing::info!(
                ticket.id = id.0,
                "Ticket {} is {state} by a person; only the note is added",
                change.ticket.number
            );
            if let Err(error) = app.zammad.ensure_note(id, &marker, &text).waited("zammad").await {
                return Ok(Err(error));
            }
        }
        StateOutcome::NoteOnly { detail, .. } => {
            tracing::error!(ticket.id = id.0, error = %detail, "Zammad refuses the ticket state {state:?}: add it to the ticket's states");
        }
    }
    Ok(Ok(()))
}

/// Replaces every card of the change by what became of it. Where cards cannot be edited that is a new message; on a repeated attempt it may
/// be there although its id was never stored.
pub(super) async fn chat(app: &App, change: &Change, told: Note, repeated: bool) -> Outcome {
    let shows = note::subject(told);
    let text = card::outcome(change, told, &app.settings)?;
    let headline = format!(
        "Network change {}: {}",
        webex_cards::markdown::escape(&change.ticket.number, 40),
        note::subject(told)
    );
    let cards = app.store.cards(change.id).await?;
    let mut failed = None;
    // An earlier attempt ended in need of attention; a card of it that could not say so follows this one.
    let follows = |sent: &&Card| sent.round == change.round || sent.shows != note::subject(Note::Attention);
    for sent in cards.iter().filter(|sent| sent.shows != shows).filter(follows) {
        let found = if repeated { find(app, &cards, sent, &headline).await? } else { None };
        match show(app, sent, found, (&headline, &text)).await {
            Ok(shown) => {
                crate::crash::point(&format!("inside:tell_chat:{}", told.as_str()));
                app.systems.succeeded("webex");
                app.store.card_shows(sent, shown.as_str(), shows).await?;
            }
            // One that cannot be replaced must not leave the others with their buttons.
            Err(EffectError::Never { why }) => {
                failed.get_or_insert(EffectError::never(format!("the card of {}: {why}", sent.recipient)));
            }
            Err(other) => return Err(other),
        }
    }
    failed.map_or(Ok(None), Err)
}

/// Replaces one card, unless an earlier attempt did; the message that shows it now.
async fn show(
    app: &App,
    sent: &Card,
    found: Option<MessageId>,
    (headline, text): (&str, &webex_cards::Card),
) -> Result<MessageId, EffectError> {
    if let Some(id) = found {
        return Ok(id);
    }
    let posted = Posted { id: message_id(&sent.message_id)?, room_id: room_id(&sent.room_id)?, parent: None };
    let replaced = app.webex.replace_card(&posted, headline, text).waited("webex").await?;
    Ok(replaced.message().id.clone())
}

/// Looks for a card with this headline that is not on record. A bot cannot list its own posts in a group space: a second one may then
/// stand there.
async fn find(
    app: &App,
    known: &[Card],
    sent: &Card,
    headline: &str,
) -> Result<Option<MessageId>, EffectError> {
    if !sent.recipient.contains('@') {
        return Ok(None);
    }
    let messages = app.webex.list_direct(&sent.recipient).waited("webex").await?;
    let is_it = |message: &Message| {
        message.markdown.as_deref() == Some(headline)
            && !message.attachments.is_empty()
            && !known.iter().any(|card| card.message_id == message.id.as_str())
    };
    Ok(messages.into_iter().find(is_it).map(|message| message.id))
}

fn message_id(text: &str) -> Result<MessageId, EffectError> {
    text.parse().map_err(|_| EffectError::never(format!("{text:?} is no message's id")))
}

fn room_id(text: &str) -> Result<RoomId, EffectError> {
    text.parse().map_err(|_| EffectError::never(format!("{text:?} is no space's id")))
}
