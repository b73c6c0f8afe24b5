//! A button was pressed. Three things are taken from it: which change, which plan, which word. All else comes from our own records.

use change_model::{Change, Decision, Email, Verdict};
use jiff::{SignedDuration, Timestamp};
use webex_cards::webhook::{Data, Notification};
use webex_cards::{AttachmentAction, Message, NewMessage, Person, PersonKind, markdown};

use super::intake::Taken;
use crate::app::App;
use crate::effects::EffectError;
use crate::store::cards::Card;
use crate::store::inbox::{InboxRow, Says};
use crate::store::remarks::Reply;
use crate::store::{Applied, Done};
use crate::waiting::Wait;

/// A fast click can arrive before the card's message id is stored, and before Webex itself finds the action.
const FAST_CLICK: SignedDuration = SignedDuration::from_secs(15);

/// How long it is tried to tell a person that their answer does not count; later it would only be a riddle.
const TELL_FOR: SignedDuration = SignedDuration::from_mins(10);

/// How often a decision is judged anew because the change moved under it, before it waits.
const ATTEMPTS: u32 = 5;

pub(super) async fn card(app: &App, row: &InboxRow) -> Taken {
    let Says::Body(body) = &row.says else {
        return Err(EffectError::never("the webhook of a card has no body"));
    };
    let notification = Notification::parse(body).map_err(|error| EffectError::never(error.to_string()))?;
    let Data::Submit(submit) = notification.data else {
        return Ok("ignored: nothing was pressed".to_owned());
    };
    let young = age(row) < FAST_CLICK;
    let action = match app.webex.attachment_action(&submit.id).waited("webex").await {
        Err(error) if error.is_not_found() && young => {
            return Err(EffectError::later("Webex does not know the action yet"));
        }
        Err(error) if error.is_not_found() => return Ok("refused: Webex does not know the action".to_owned()),
        other => other?,
    };
    app.systems.succeeded("webex");
    let Some(card) = app.store.card(action.message_id.as_str()).await? else {
        if young {
            return Err(EffectError::later("the card is not on record yet"));
        }
        return Ok("refused: the card is none of ours".to_owned());
    };
    if app.store.reply(row.id).await?.is_some() {
        // It was judged before, and only the telling is left: what did not count does not count later either.
        return tell(app, row, &card, &action).await;
    }
    let person = app.webex.person(&action.person_id).waited("webex").await?;
    match judge(app, row, &card, (&action, &person)).await? {
        Ok(outcome) => Ok(outcome),
        Err(why) => refuse(app, row, &card, (&action, &person), &why).await,
    }
}

/// Judges a decision; the inner error says why it does not count.
async fn judge(
    app: &App,
    row: &InboxRow,
    card: &Card,
    (action, person): (&AttachmentAction, &Person),
) -> Result<Result<String, String>, EffectError> {
    let Some(change) = app.store.change(card.change_id).await? else {
        return Ok(Err("the change is gone".to_owned()));
    };
    if action.room_id.as_str() != card.room_id {
        return Ok(Err("the answer comes from another space than the card".to_owned()));
    }
    if person.kind != PersonKind::Person {
        return Ok(Err("only a person can decide".to_owned()));
    }
    let verdict = match action.text("action") {
        Some("approve") => Verdict::Approved,
        Some("decline") => Verdict::Declined,
        _ => return Ok(Err("the answer is neither approve nor decline".to_owned())),
    };
    if action.text("change_id") != Some(change.id.to_string().as_str()) {
        return Ok(Err("the answer names another change than the card shows".to_owned()));
    }
    if card.round != change.round {
        return Ok(Err("the card shows an older plan".to_owned()));
    }
    let Some((by, also)) = identity(&change, person) else {
        return Ok(Err("the person has no e-mail address".to_owned()));
    };
    let decision = Decision {
        by,
        also,
        verdict,
        digest: action.text("plan_digest").unwrap_or_default().to_owned(),
        via: "card".to_owned(),
        comment: comment(action),
    };
    decide(app, row, &change, &decision).await
}

/// Applies a decision if it counts. The webhook is done with it: worked on again after a crash, it would be refused as late.
async fn decide(
    app: &App,
    row: &InboxRow,
    change: &Change,
    decision: &Decision,
) -> Result<Result<String, String>, EffectError> {
    let mut change = change.clone();
    for _ in 0..ATTEMPTS {
        let event = match change.judge(decision, &app.settings.approval, Timestamp::now()) {
            Ok(event) => event,
            Err(not_counted) => return Ok(Err(not_counted.to_string())),
        };
        let done = Done::Delivery(row.id);
        match app.store.apply_judged(&change, &event, &app.settings.approval, done).await? {
            Applied::Moved(change) => {
                tracing::info!(change.id = %change.id, "Decision by {}: change {} is {}", decision.by, change.id, change.state);
                return Ok(Ok(format!("{} by {}", event.name(), decision.by)));
            }
            // It moved between reading and writing: judge again.
            Applied::Stale | Applied::Refused(_) | Applied::DeviceBusy | Applied::Unknown => {}
        }
        let Some(now) = app.store.change(change.id).await? else {
            return Ok(Err("the change is gone".to_owned()));
        };
        change = now;
    }
    Err(EffectError::later("the change moves all the time"))
}

/// The address under which a person decides: an approver's, if one of theirs is; and all of theirs.
fn identity(change: &Change, person: &Person) -> Option<(Email, Vec<Email>)> {
    let emails: Vec<Email> = person.emails.iter().filter_map(|email| Email::parse(email).ok()).collect();
    let is_approver = |email: &&Email| change.rule.as_ref().is_some_and(|rule| rule.is_approver(email));
    let by = emails.iter().find(is_approver).or(emails.first())?.clone();
    Some((by, emails))
}

fn comment(action: &AttachmentAction) -> String {
    let text = action.text("reason").or(action.text("comment")).unwrap_or_default();
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}

/// Records a decision that does not count and tells the person.
async fn refuse(
    app: &App,
    row: &InboxRow,
    card: &Card,
    (action, person): (&AttachmentAction, &Person),
    why: &str,
) -> Taken {
    let who = person.emails.first().map_or(person.id.as_str(), String::as_str);
    tracing::warn!(change.id = %card.change_id, "A decision by {who} does not count: {why}");
    let number = app.store.change(card.change_id).await?.map(|change| change.ticket.number);
    let about = |number: String| format!(" about network change {}", markdown::escape(&number, 80));
    let about = number.map(about).unwrap_or_default();
    let text = format!("Your answer{about} was not counted: {}.", markdown::escape(why, 300));
    let detail = format!("{who}: {why}");
    app.store.remark_refused_delivery((card.change_id, row.id), &detail, &text).await?;
    tell(app, row, card, action).await
}

/// Tells a person, once, that their answer does not count. It holds nothing else up.
async fn tell(app: &App, row: &InboxRow, card: &Card, action: &AttachmentAction) -> Taken {
    const TOLD: &str = "refused, and told so";
    let Some(reply) = app.store.reply(row.id).await? else {
        return Err(EffectError::later("the reply is not on record yet"));
    };
    if reply.sent {
        return Ok(TOLD.to_owned());
    }
    let is_direct = card.recipient.contains('@');
    if row.attempts > 1 && is_there(app, card, &reply, is_direct).await? {
        app.store.reply_sent(row.id).await?;
        return Ok(TOLD.to_owned());
    }
    let message =
        NewMessage::to_room(action.room_id.clone(), &reply.text).in_thread_of(action.message_id.clone());
    let sent = app.webex.create_message(&message).waited("webex").await;
    crate::crash::point("inside:deliver:webex_card");
    match sent {
        Ok(_) => {}
        // A bot cannot look for its own words in a group space: perhaps told is better than told twice.
        Err(error) if error.may_have_been_done() && !is_direct => {
            tracing::warn!(error = %error, "It is not known whether the person was told why their answer was not counted");
        }
        Err(error) if error.is_retryable() && age(row) < TELL_FOR => return Err(error.into()),
        Err(error) => {
            tracing::warn!(error = %error, "The person could not be told why their answer was not counted");
            return Ok("refused; the person could not be told".to_owned());
        }
    }
    app.store.reply_sent(row.id).await?;
    Ok(TOLD.to_owned())
}

/// Whether an earlier attempt told it: more such replies are in the chat than are known to be. In a group space, where a bot cannot look,
/// that there was an attempt has to do.
async fn is_there(app: &App, card: &Card, reply: &Reply, is_direct: bool) -> Result<bool, EffectError> {
    if !is_direct {
        return Ok(true);
    }
    let messages = app.webex.list_direct(&card.recipient).waited("webex").await?;
    let same = |message: &&Message| message.markdown.as_deref() == Some(reply.text.as_str());
    let there = messages.iter().filter(same).count();
    Ok(there > app.store.replies_sent(card.change_id, &reply.text).await?)
}

fn age(row: &InboxRow) -> SignedDuration {
    Timestamp::now().duration_since(row.received_at)
}
