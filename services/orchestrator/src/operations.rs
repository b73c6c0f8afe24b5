//! What an operator may do with a change, by API, page or command.

use std::str::FromStr;

use change_model::{ApprovalRule, Change, ChangeId, Decision, Email, Event, Verdict};
use jiff::Timestamp;
use uuid::Uuid;

use crate::adapters::ticket;
use crate::store::begin::{Inserted, Looked};
use crate::store::{Applied, Done, Store};

/// An operator's action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Approve,
    Decline,
    Retry,
    Undo,
    Cancel,
}

impl FromStr for Action {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "approve" => Ok(Self::Approve),
            "decline" => Ok(Self::Decline),
            "retry" => Ok(Self::Retry),
            "undo" => Ok(Self::Undo),
            "cancel" => Ok(Self::Cancel),
            _ => Err(()),
        }
    }
}

/// Why an action was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActionError {
    /// The change's state, or a rule, forbids it.
    #[error("{0}")]
    Refused(String),
    /// What was given is wrong.
    #[error("{0}")]
    Invalid(String),
    /// There is no such change.
    #[error("there is no such change")]
    NotFound,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] sqlx::Error),
}

/// An action that somebody asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) id: ChangeId,
    pub(crate) action: Action,
    /// E-mail address of the person; approve and decline need an approver's.
    pub(crate) by: &'a str,
    pub(crate) reason: &'a str,
    /// Digest of the plan that the person saw; empty: whichever stands now.
    pub(crate) plan: &'a str,
    /// `api`, `page`, `command`.
    pub(crate) via: &'a str,
}

/// How often an action is judged anew because the change moved under it.
const ATTEMPTS: u32 = 5;

/// Does an action; returns the change to look at now.
pub(crate) async fn act(
    store: &Store,
    rule: &ApprovalRule,
    asked: Asked<'_>,
) -> Result<ChangeId, ActionError> {
    for _ in 0..ATTEMPTS {
        if let Some(id) = act_once(store, rule, asked).await? {
            return Ok(id);
        }
    }
    Err(ActionError::Refused("the change moves all the time; look at it again".to_owned()))
}

/// Does an action unless the change moves under it.
async fn act_once(
    store: &Store,
    rule: &ApprovalRule,
    asked: Asked<'_>,
) -> Result<Option<ChangeId>, ActionError> {
    let Asked { id, action, by, reason, plan, via } = asked;
    let change = store.change(id).await?.ok_or(ActionError::NotFound)?;
    let operator = if by.is_empty() {
        "the operator".to_owned()
    } else {
        by.chars().filter(|c| !c.is_control()).take(254).collect()
    };
    let event = match action {
        Action::Approve | Action::Decline => {
            let by = Email::parse(by).map_err(|_| {
                ActionError::Invalid("name the approver: by must be an e-mail address".to_owned())
            })?;
            let stands = || change.digest.as_ref().map(ToString::to_string).unwrap_or_default();
            let decision = Decision {
                by,
                also: Vec::new(),
                verdict: if action == Action::Approve { Verdict::Approved } else { Verdict::Declined },
                digest: if plan.is_empty() { stands() } else { plan.to_owned() },
                via: via.to_owned(),
                comment: printable(reason),
            };
            match change.judge(&decision, rule, Timestamp::now()) {
                Ok(event) => event,
                Err(why) => {
                    store.remark_refused(change.id, &format!("{} by {via}: {why}", decision.by)).await?;
                    return Err(ActionError::Refused(why.to_string()));
                }
            }
        }
        // A change that ended has no next step; what its ticket or card was never told can still be told.
        Action::Retry if change.state.is_ended() => return tell_again(store, &change).await.map(Some),
        Action::Retry => {
            is_latest(store, &change).await?;
            Event::Retried { by: with_reason(operator, reason) }
        }
        Action::Cancel => Event::Cancelled { by: with_reason(operator, reason) },
        Action::Undo => return undo(store, &change, by).await.map(Some),
    };
    match store.apply_judged(&change, &event, rule, Done::Nothing).await? {
        Applied::Moved(change) => Ok(Some(change.id)),
        Applied::Refused(refusal) => Err(ActionError::Refused(refusal.to_string())),
        Applied::Stale => Ok(None),
        // No action takes a device; the other thing that there is one of is the change under way of a ticket.
        Applied::DeviceBusy => Err(another_under_way(&change)),
        Applied::Unknown => Err(ActionError::NotFound),
    }
}

/// One line of at most 500 characters.
fn printable(reason: &str) -> String {
    reason.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}

fn with_reason(operator: String, reason: &str) -> String {
    let reason = printable(reason);
    if reason.is_empty() { operator } else { format!("{operator}: {reason}") }
}

fn another_under_way(change: &Change) -> ActionError {
    ActionError::Refused(format!("ticket {} has another change under way", change.ticket.number))
}

/// A change that stopped starts anew only if no newer one took its ticket over: it would ask for what the ticket said back then.
async fn is_latest(store: &Store, change: &Change) -> Result<(), ActionError> {
    let latest = store.latest_of_ticket(change.ticket.id).await?;
    match latest.filter(|latest| latest.id != change.id && !change.state.is_active()) {
        None => Ok(()),
        Some(latest) => Err(ActionError::Refused(format!(
            "ticket {} has a newer change, {}, which is {}",
            change.ticket.number, latest.id, latest.state
        ))),
    }
}

/// Makes the change that leads back; it is planned, and asks for approval, like any other.
async fn undo(store: &Store, change: &Change, by: &str) -> Result<ChangeId, ActionError> {
    let refused = |why: String| Err(ActionError::Refused(why));
    // Whoever asks for an undo may not approve it: a name by which they could not be known again is none.
    let asks = (!by.is_empty()).then(|| Email::parse(by)).transpose();
    let asks =
        asks.map_err(|_| ActionError::Invalid("by must be an e-mail address, or left out".to_owned()))?;
    let now = Timestamp::now();
    let Some(mut undo) = change.undo(ChangeId::new(Uuid::now_v7()), asks, now) else {
        return refused(format!(
            "only a closed change that changed something can be undone; this one is {}",
            change.state
        ));
    };
    let id = undo.change.id;
    // The ticket is expected to say what its last change read, and to be as that left it until the undo's own notes move it: closed, or
    // denied by an earlier undo.
    let latest = store.latest_of_ticket(change.ticket.id).await?.unwrap_or_else(|| change.clone());
    undo.change.fields = latest.fields;
    undo.change.ticket_fingerprint = latest.ticket_fingerprint;
    let left = store.ticket_state(latest.id).await?.unwrap_or_else(|| ticket::CLOSED.to_owned());
    let looked = Looked { latest: Some(latest.id), state_given: Some(&left) };
    if store.insert_change(&undo, looked).await? != Inserted::New {
        return Err(another_under_way(change));
    }
    crate::crash::point("inserted:undo");
    Ok(id)
}

async fn tell_again(store: &Store, change: &Change) -> Result<ChangeId, ActionError> {
    if store.revive_given_up(change.id, Timestamp::now()).await? {
        return Ok(change.id);
    }
    Err(ActionError::Refused(format!("a change that is {} has nothing left to try again", change.state)))
}
