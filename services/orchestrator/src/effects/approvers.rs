//! Asking the approvers: one card for each, or one into the space.

use change_model::{ApprovalRule, Change, Email, Event, State};
use jiff::Timestamp;
use webex_cards::{Message, MessageId, NewMessage, Recipient, RoomId};

use super::{EffectError, Outcome};
use crate::adapters::card;
use crate::app::App;
use crate::store::cards::Card;
use crate::waiting::Wait;

/// Sends what is missing. On a repeated attempt the card may be there although its message id was never stored.
///
/// An approver who cannot be reached at all, such as one who left, does not stop the change as long as enough others can decide.
pub(super) async fn ask(app: &App, change: &Change, repeated: bool) -> Outcome {
    let sent = app.store.cards(change.id).await?;
    let mut unreached = Vec::new();
    for recipient in recipients(app)? {
        let name = recipient_name(&recipient);
        if sent.iter().any(|card| card.round == change.round && card.recipient == name) {
            continue;
        }
        if !is_still_asked(app, change).await? {
            return Ok(Some(Event::CardsSent));
        }
        match send(app, change, (recipient, name.clone()), repeated).await {
            Ok(()) => {}
            Err(EffectError::Never { why }) => unreached.push(format!("{name} cannot be asked: {why}")),
            Err(other) => return Err(other),
        }
    }
    if unreached.is_empty() {
        return Ok(Some(Event::CardsSent));
    }
    let why = unreached.join("; ");
    if !enough(app, change).await? {
        return Err(EffectError::never(why));
    }
    app.systems.failed("webex", &why);
    tracing::error!(error = %why, "Not every approver could be asked about change {}: {why}", change.id);
    Ok(Some(Event::CardsSent))
}

/// Whether those who have the card are as many as are needed. In a space everybody has it.
async fn enough(app: &App, change: &Change) -> Result<bool, EffectError> {
    let rule = &app.settings.approval;
    let may = |who: &Email| {
        rule.allow_self_approval
            || !change.requesters.iter().any(|requester| rule.is_same_person(requester, who))
    };
    let cards = app.store.cards(change.id).await?;
    let asked = cards.iter().filter(|card| card.round == change.round);
    if app.settings.room_id.is_some() {
        return Ok(asked.count() > 0);
    }
    let approvers = asked.filter_map(|card| Email::parse(&card.recipient).ok()).filter(may).collect();
    Ok(ApprovalRule { approvers, ..rule.clone() }.persons() >= rule.required)
}

/// Sends one card and puts it on record.
async fn send(
    app: &App,
    change: &Change,
    (recipient, name): (Recipient, String),
    repeated: bool,
) -> Result<(), EffectError> {
    let found = if repeated { find(app, change, &recipient).await? } else { None };
    let message = match found {
        Some(message) => message,
        None => {
            let ask = card::ask(change, &app.settings)?;
            let message = NewMessage::new(recipient, &card::headline(change)).card(ask);
            app.webex.create_message(&message).waited("webex").await?
        }
    };
    crate::crash::point("inside:ask_approvers");
    app.systems.succeeded("webex");
    let card = Card {
        message_id: message.id.as_str().to_owned(),
        change_id: change.id,
        round: change.round,
        recipient: name,
        room_id: message.room_id.as_str().to_owned(),
        shows: "pending".to_owned(),
    };
    app.store.add_card(&card, Timestamp::now()).await?;
    Ok(())
}

/// Whether the plan still waits for a decision: it may have been decided or withdrawn by another way, or the ticket edited, or others may
/// decide by now.
async fn is_still_asked(app: &App, change: &Change) -> Result<bool, EffectError> {
    let now = app.store.change(change.id).await?;
    let same_rule =
        |now: &Change| now.rule.as_ref().is_some_and(|rule| rule.decides_as(&app.settings.approval));
    Ok(now.is_some_and(|now| {
        now.state == State::PendingApproval && now.round == change.round && same_rule(&now)
    }))
}

fn recipients(app: &App) -> Result<Vec<Recipient>, EffectError> {
    match &app.settings.room_id {
        Some(room) => {
            let room: RoomId = room
                .parse()
                .map_err(|_| EffectError::never(format!("approval.room_id {room:?} is no space's id")))?;
            Ok(vec![Recipient::Room(room)])
        }
        None => Ok(app
            .settings
            .approval
            .approvers
            .iter()
            .map(|email| Recipient::Email(email.to_string()))
            .collect()),
    }
}

fn recipient_name(recipient: &Recipient) -> String {
    match recipient {
        Recipient::Email(email) => email.clone(),
        Recipient::Room(room) => room.as_str().to_owned(),
        other => format!("{other:?}"),
    }
}

/// Looks for this change's card among what the bot already said. A bot cannot list its own posts in a group space: a second card
/// may then stand there, and decisions count only for the one on record.
async fn find(app: &App, change: &Change, recipient: &Recipient) -> Result<Option<Message>, EffectError> {
    let Recipient::Email(email) = recipient else { return Ok(None) };
    let messages = app.webex.list_direct(email).waited("webex").await;
    let messages = match messages {
        Err(error) if error.is_not_found() => return Ok(None),
        other => other?,
    };
    let known = app.store.cards(change.id).await?;
    let is_new = |id: &MessageId| !known.iter().any(|card| card.message_id == id.as_str());
    let shows = |message: &Message| {
        message.attachments.iter().any(|attachment| card::is_of(&attachment.content, change))
            && is_new(&message.id)
    };
    Ok(messages.into_iter().find(shows))
}
