//! Cards: what an approver sees, as data; every foreign text on them is made harmless by its type.

use change_model::{Change, Note};
use serde_json::{Value, json};
use webex_cards::card::{Action, ActionStyle, CardError, Color, FactSet, TextBlock, TextInput};
use webex_cards::{Card, PlainText, markdown};

use crate::adapters::note;
use crate::effects::EffectError;
use crate::settings::Settings;

/// Differences shown on a card; the rest is on the ticket and on the page.
const MAX_LINES: usize = 14;
/// Longest value on a card, in characters.
const MAX_VALUE: usize = 120;
/// Longest comment or reason, in characters.
const MAX_COMMENT: u32 = 500;

impl From<CardError> for EffectError {
    fn from(error: CardError) -> Self {
        Self::never(format!("the card cannot be made: {error}"))
    }
}

/// The notification line of a change's card.
pub(crate) fn headline(change: &Change) -> String {
    let what = match (change.device(), change.interface()) {
        (Some(device), Some(interface)) => {
            format!(" on {}", markdown::escape(&format!("{device} {interface}"), 160))
        }
        _ => String::new(),
    };
    let number = markdown::escape(&change.ticket.number, 40);
    format!("**Network change {number}** needs approval{what}")
}

/// The card that asks.
pub(crate) fn ask(change: &Change, settings: &Settings) -> Result<Card, EffectError> {
    let plan = change.plan.as_ref().ok_or_else(|| EffectError::never("the change has no plan to show"))?;
    let digest = change.digest.as_ref().ok_or_else(|| EffectError::never("the plan has no digest"))?;
    let data =
        |action: &str| json!({"v": 1, "action": action, "change_id": change.id, "plan_digest": digest});
    let mut facts = who(change);
    facts = facts.fact("Risk", foreign(&note::risk(plan)));
    facts = facts
        .fact("If it fails", "the switch and NetBox are put back as they are now, and the ticket says why");
    if let Some(end) = change.expires_at {
        facts = facts.fact("Decide until", foreign(&note::time(end)));
    }
    let approve = Action::submit("Approve", ActionStyle::Positive, &data("approve"))?;
    let decline = Card::inner()
        .with(
            TextInput::new("reason", "Reason")
                .required("Say why, in at least 3 characters")
                .regex("^[\\s\\S]{3,500}$")
                .max_length(MAX_COMMENT)
                .multiline(),
        )
        .action(Action::submit("Confirm decline", ActionStyle::Destructive, &data("decline"))?);
    let card = Card::new(PlainText::from_foreign(
        &format!("Network change {} needs approval", change.ticket.number),
        200,
    ))
    .with(TextBlock::heading(foreign(&format!("Network change {}", change.ticket.number))))
    .with(TextBlock::new(foreign(&note::title(change))).subtle())
    .with(facts)
    .with(TextBlock::new("What will change").separator())
    .with(diff(change))
    .with(TextInput::new("comment", "Comment (optional)").max_length(MAX_COMMENT))
    .action(approve)
    .action(Action::show_card("Decline", decline))
    .action(Action::open_url("Open change", note::link(change, settings)));
    card.check()?;
    Ok(card)
}

/// The card that tells what became of it; it asks nothing any more.
pub(crate) fn outcome(change: &Change, told: Note, settings: &Settings) -> Result<Card, EffectError> {
    let (title, color) = match told {
        Note::Pending => ("Waiting for approval", Color::Default),
        Note::Approved => ("Approved; being applied", Color::Accent),
        Note::Closed => ("Done and proved", Color::Good),
        Note::NothingToDo => ("Nothing to do", Color::Good),
        Note::Declined => ("Declined", Color::Attention),
        Note::Expired => ("Expired: nobody decided in time", Color::Warning),
        Note::Attention => ("Needs attention", Color::Attention),
        Note::Indeterminate => ("Outcome unknown; the switch is being read", Color::Attention),
        Note::Unsettled => ("Outcome unknown; a person must look at the switch", Color::Attention),
        Note::Superseded => ("Superseded: the plan is void, nothing was applied", Color::Warning),
        Note::Cancelled => ("Withdrawn: nothing was applied", Color::Warning),
    };
    let mut card =
        Card::new(PlainText::from_foreign(&format!("Network change {}: {title}", change.ticket.number), 200))
            .with(TextBlock::heading(foreign(&format!("Network change {}", change.ticket.number))))
            .with(TextBlock::new(title).color(color))
            .with(who(change));
    for approval in &change.approvals {
        card = card.with(TextBlock::new(foreign(&note::decision(approval))).subtle());
    }
    if let Some(error) = change
        .error
        .as_ref()
        .filter(|_| matches!(told, Note::Attention | Note::Indeterminate | Note::Unsettled))
    {
        card = card.with(TextBlock::new(PlainText::from_foreign(error, 600)));
    }
    card = card.action(Action::open_url("Open change", note::link(change, settings)));
    card.check()?;
    Ok(card)
}

/// Whether a card's JSON asks about this change and plan.
pub(crate) fn is_of(content: &Value, change: &Change) -> bool {
    let data = |action: &Value| {
        let data = &action["data"];
        data["change_id"] == json!(change.id)
            && change.digest.as_ref().is_some_and(|digest| data["plan_digest"] == json!(digest))
    };
    content["actions"].as_array().is_some_and(|actions| actions.iter().any(data))
}

fn who(change: &Change) -> FactSet {
    let text = |value: Option<&dyn ToString>| foreign(&value.map(ToString::to_string).unwrap_or_default());
    let facts = FactSet::new()
        .fact("Device", text(change.device().map(|device| device as &dyn ToString)))
        .fact("Interface", text(change.interface().map(|interface| interface as &dyn ToString)));
    match change.requesters.first() {
        Some(requester) => facts.fact("Requested by", foreign(requester.as_str())),
        None => facts,
    }
}

fn diff(change: &Change) -> FactSet {
    let lines = change.plan.as_ref().map(change_model::Plan::diff).unwrap_or_default();
    let mut facts = FactSet::new();
    for line in lines.iter().take(MAX_LINES) {
        facts = facts.fact(
            foreign(&line.path),
            foreign(&format!("{} → {}", note::shown(&line.before), note::shown(&line.after))),
        );
    }
    if lines.len() > MAX_LINES {
        facts = facts.fact("…", foreign(&format!("and {} more, see the ticket", lines.len() - MAX_LINES)));
    }
    facts
}

fn foreign(text: &str) -> PlainText {
    PlainText::from_foreign(text, MAX_VALUE * 2)
}
