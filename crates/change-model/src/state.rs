//! The states of a change and every step between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::event::{Effect, Event, Note};

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Accepted; being understood and planned.
    Received,
    /// Planned; approvers are asked.
    PendingApproval,
    /// Approved; waits for its turn on the device and for a last comparison.
    Approved,
    /// The source of truth is being written.
    UpdatingNetbox,
    /// The device is being configured.
    Configuring,
    /// The proof is being collected.
    Verifying,
    /// Proved and done.
    Closed,
    /// An approver said no.
    Denied,
    /// Nobody decided in time.
    Expired,
    /// A person must look; device and source of truth are known.
    AttentionRequired,
    /// Nobody knows what the device has; it will be read.
    Indeterminate,
    /// Overtaken or withdrawn.
    Superseded,
}

/// All states, in the order of a change's life.
pub const STATES: [State; 12] = [
    State::Received,
    State::PendingApproval,
    State::Approved,
    State::UpdatingNetbox,
    State::Configuring,
    State::Verifying,
    State::Closed,
    State::Denied,
    State::Expired,
    State::AttentionRequired,
    State::Indeterminate,
    State::Superseded,
];

/// The event does not belong to the state: it came late, twice, or from somebody who is not up to date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a change that is {state} takes no {event}")]
pub struct Refusal {
    /// The state.
    pub state: State,
    /// The event's name.
    pub event: &'static str,
}

/// The next state and what shall be done.
pub type Step = (State, Vec<Effect>);

impl State {
    /// The word under which outsiders know the state.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::PendingApproval => "pending_approval",
            Self::Approved => "approved",
            Self::UpdatingNetbox => "updating_netbox",
            Self::Configuring => "configuring",
            Self::Verifying => "verifying",
            Self::Closed => "closed",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::AttentionRequired => "attention_required",
            Self::Indeterminate => "indeterminate",
            Self::Superseded => "superseded",
        }
    }

    /// Whether work goes on by itself: a ticket has at most one change in such a state.
    #[must_use]
    pub fn is_active(self) -> bool {
        match self {
            Self::Received
            | Self::PendingApproval
            | Self::Approved
            | Self::UpdatingNetbox
            | Self::Configuring
            | Self::Verifying
            | Self::Indeterminate => true,
            Self::Closed | Self::Denied | Self::Expired | Self::AttentionRequired | Self::Superseded => false,
        }
    }

    /// Whether nothing can move the change any more.
    #[must_use]
    pub fn is_ended(self) -> bool {
        !self.is_active() && self != Self::AttentionRequired
    }

    /// Whether the change has its turn on the device: no other change may then work on it.
    #[must_use]
    pub fn holds_device(self) -> bool {
        match self {
            Self::UpdatingNetbox | Self::Configuring | Self::Verifying | Self::Indeterminate => true,
            Self::Received
            | Self::PendingApproval
            | Self::Approved
            | Self::Closed
            | Self::Denied
            | Self::Expired
            | Self::AttentionRequired
            | Self::Superseded => false,
        }
    }

    /// The step that an event takes from this state.
    ///
    /// # Errors
    /// When the event does not belong to the state; nothing changes then.
    pub fn on(self, event: &Event) -> Result<Step, Refusal> {
        let step = match self {
            Self::Received => received(event),
            Self::PendingApproval => pending_approval(event),
            Self::Approved => approved(event),
            Self::UpdatingNetbox => updating_netbox(event),
            Self::Configuring => configuring(event),
            Self::Verifying => verifying(event),
            Self::Indeterminate => indeterminate(event),
            Self::AttentionRequired => attention_required(event),
            Self::Closed | Self::Denied | Self::Expired | Self::Superseded => None,
        };
        step.ok_or(Refusal { state: self, event: event.name() })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = || STATES.map(Self::as_str).join(", ");
        STATES
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no state; states are {}", words()))
    }
}

fn received(event: &Event) -> Option<Step> {
    use Event as E;
    match event {
        E::PlanMade { .. } => Some((State::PendingApproval, vec![Effect::AskApprovers, Effect::Expire])),
        E::NothingToDo { .. } => Some((State::Closed, vec![Effect::TellTicket(Note::NothingToDo)])),
        // Nobody in the chat has heard of it yet.
        E::RequestInvalid { .. } | E::GaveUp { effect: Effect::MakePlan, .. } => {
            Some((State::AttentionRequired, vec![Effect::TellTicket(Note::Attention)]))
        }
        E::TicketChanged { .. } => Some((State::Superseded, vec![])),
        E::Retried { .. } | E::GaveUp { .. } => Some((State::Received, vec![])),
        E::Cancelled { .. } => Some((State::Superseded, vec![Effect::TellTicket(Note::Cancelled)])),
        E::CardsSent
        | E::ApprovalCounted(_)
        | E::ApprovalCompleted(_)
        | E::Declined(_)
        | E::Expired
        | E::BaseUnchanged
        | E::BaseChanged { .. }
        | E::NetboxUpdated
        | E::NetboxRefused { .. }
        | E::EditStarted
        | E::EditNotMade { .. }
        | E::DeviceConfigured { .. }
        | E::DeviceRefused { .. }
        | E::DeviceUnknown { .. }
        | E::DeviceProved { .. }
        | E::DeviceUnsaved { .. }
        | E::DeviceDiffers { .. }
        | E::NetboxFinished
        | E::NetboxRestored { .. }
        | E::SettledAsBefore
        | E::SettledAsIntended
        | E::SettledOtherwise { .. } => None,
    }
}

fn pending_approval(event: &Event) -> Option<Step> {
    use Event as E;
    let told = |state, note| Some((state, vec![Effect::TellTicket(note), Effect::TellChat(note)]));
    match event {
        E::CardsSent => Some((State::PendingApproval, vec![Effect::TellTicket(Note::Pending)])),
        E::ApprovalCounted(_) => Some((State::PendingApproval, vec![])),
        E::ApprovalCompleted(_) => Some((
            State::Approved,
            vec![Effect::TellTicket(Note::Approved), Effect::TellChat(Note::Approved), Effect::Recheck],
        )),
        E::Declined(_) => told(State::Denied, Note::Declined),
        E::Expired => told(State::Expired, Note::Expired),
        E::TicketChanged { .. } => told(State::Superseded, Note::Superseded),
        E::GaveUp { effect: Effect::AskApprovers, .. } => told(State::AttentionRequired, Note::Attention),
        E::GaveUp { .. } | E::Retried { .. } => Some((State::PendingApproval, vec![])),
        E::Cancelled { .. } => told(State::Superseded, Note::Cancelled),
        E::PlanMade { .. }
        | E::NothingToDo { .. }
        | E::RequestInvalid { .. }
        | E::BaseUnchanged
        | E::BaseChanged { .. }
        | E::NetboxUpdated
        | E::NetboxRefused { .. }
        | E::EditStarted
        | E::EditNotMade { .. }
        | E::DeviceConfigured { .. }
        | E::DeviceRefused { .. }
        | E::DeviceUnknown { .. }
        | E::DeviceProved { .. }
        | E::DeviceUnsaved { .. }
        | E::DeviceDiffers { .. }
        | E::NetboxFinished
        | E::NetboxRestored { .. }
        | E::SettledAsBefore
        | E::SettledAsIntended
        | E::SettledOtherwise { .. } => None,
    }
}

fn approved(event: &Event) -> Option<Step> {
    use Event as E;
    match event {
        E::BaseUnchanged => Some((State::UpdatingNetbox, vec![Effect::UpdateNetbox])),
        E::BaseChanged { .. } | E::GaveUp { effect: Effect::Recheck, .. } => attention(),
        E::TicketChanged { .. } => Some((
            State::Superseded,
            vec![Effect::TellTicket(Note::Superseded), Effect::TellChat(Note::Superseded)],
        )),
        E::CardsSent | E::GaveUp { .. } | E::Retried { .. } => Some((State::Approved, vec![])),
        E::Cancelled { .. } => cancelled(),
        E::PlanMade { .. }
        | E::NothingToDo { .. }
        | E::RequestInvalid { .. }
        | E::ApprovalCounted(_)
        | E::ApprovalCompleted(_)
        | E::Declined(_)
        | E::Expired
        | E::NetboxUpdated
        | E::NetboxRefused { .. }
        | E::EditStarted
        | E::EditNotMade { .. }
        | E::DeviceConfigured { .. }
        | E::DeviceRefused { .. }
        | E::DeviceUnknown { .. }
        | E::DeviceProved { .. }
        | E::DeviceUnsaved { .. }
        | E::DeviceDiffers { .. }
        | E::NetboxFinished
        | E::NetboxRestored { .. }
        | E::SettledAsBefore
        | E::SettledAsIntended
        | E::SettledOtherwise { .. } => None,
    }
}

fn updating_netbox(event: &Event) -> Option<Step> {
    use Event as E;
    match event {
        E::NetboxUpdated => Some((State::Configuring, vec![Effect::ConfigureDevice])),
        E::NetboxRefused { .. } | E::GaveUp { effect: Effect::UpdateNetbox, .. } => {
            Some((State::UpdatingNetbox, vec![Effect::RestoreNetbox]))
        }
        E::NetboxRestored { .. } | E::GaveUp { effect: Effect::RestoreNetbox, .. } => attention(),
        E::GaveUp { .. } | E::Retried { .. } => Some((State::UpdatingNetbox, vec![])),
        E::PlanMade { .. }
        | E::NothingToDo { .. }
        | E::RequestInvalid { .. }
        | E::CardsSent
        | E::ApprovalCounted(_)
        | E::ApprovalCompleted(_)
        | E::Declined(_)
        | E::Expired
        | E::TicketChanged { .. }
        | E::BaseUnchanged
        | E::BaseChanged { .. }
        | E::EditStarted
        | E::EditNotMade { .. }
        | E::DeviceConfigured { .. }
        | E::DeviceRefused { .. }
        | E::DeviceUnknown { .. }
        | E::DeviceProved { .. }
        | E::DeviceUnsaved { .. }
        | E::DeviceDiffers { .. }
        | E::NetboxFinished
        | E::SettledAsBefore
        | E::SettledAsIntended
        | E::SettledOtherwise { .. }
        | E::Cancelled { .. } => None,
    }
}

fn configuring(event: &Event) -> Option<Step> {
    use Event as E;
    match event {
        E::EditStarted | E::EditNotMade { .. } => Some((State::Configuring, vec![])),
        E::DeviceConfigured { .. } => Some((State::Verifying, vec![Effect::ProveDevice])),
        E::DeviceRefused { .. } => Some((State::Configuring, vec![Effect::RestoreNetbox])),
        // Whoever gave up on the device may have sent the edit: only reading tells.
        E::DeviceUnknown { .. } | E::GaveUp { effect: Effect::ConfigureDevice, .. } => unknown(),
        E::NetboxRestored { .. } | E::GaveUp { effect: Effect::RestoreNetbox, .. } => attention(),
        E::GaveUp { .. } | E::Retried { .. } => Some((State::Configuring, vec![])),
        E::PlanMade { .. }
        | E::NothingToDo { .. }
        | E::RequestInvalid { .. }
        | E::CardsSent
        | E::ApprovalCounted(_)
        | E::ApprovalCompleted(_)
        | E::Declined(_)
        | E::Expired
        | E::TicketChanged { .. }
        | E::BaseUnchanged
        | E::BaseChanged { .. }
        | E::NetboxUpdated
        | E::NetboxRefused { .. }
        | E::DeviceProved { .. }
        | E::DeviceUnsaved { .. }
        | E::DeviceDiffers { .. }
        | E::NetboxFinished
        | E::SettledAsBefore
        | E::SettledAsIntended
        | E::SettledOtherwise { .. }
        | E::Cancelled { .. } => None,
    }
}

fn verifying(event: &Event) -> Option<Step> {
    use Event as E;
    match event {
        E::DeviceProved { .. } => Some((State::Verifying, vec![Effect::FinishNetbox])),
        E::NetboxFinished => {
            Some((State::Closed, vec![Effect::TellTicket(Note::Closed), Effect::TellChat(Note::Closed)]))
        }
        // What runs is proved; only a restart would lose it, and reading it again would not help.
        E::DeviceUnsaved { .. } => attention(),
        E::DeviceDiffers { .. } | E::GaveUp { effect: Effect::ProveDevice, .. } => unknown(),
        // The device is proved; only the source of truth's last step is missing, and the note says so.
        E::GaveUp { effect: Effect::FinishNetbox, .. } => attention(),
        E::GaveUp { .. } | E::Retried { .. } => Some((State::Verifying, vec![])),
        E::PlanMade { .. }
        | E::NothingToDo { .. }
        | E::RequestInvalid { .. }
        | E::CardsSent
        | E::ApprovalCounted(_)
        | E::ApprovalCompleted(_)
        | E::Declined(_)
        | E::Expired
        | E::TicketChanged { .. }
        | E::BaseUnchanged
        | E::BaseChanged { .. }
        | E::NetboxUpdated
        | E::NetboxRefused { .. }
        | E::EditStarted
        | E::EditNotMade { .. }
        | E::DeviceConfigured { .. }
        | E::DeviceRefused { .. }
        | E::DeviceUnknown { .. }
        | E::NetboxRestored { .. }
        | E::SettledAsBefore
        | E::SettledAsIntended
        | E::SettledOtherwise { .. }
        | E::Cancelled { .. } => None,
    }
}

fn indeterminate(event: &Event) -> Option<Step> {
    use Event as E;
    match event {
        E::SettledAsBefore => Some((State::Indeterminate, vec![Effect::RestoreNetbox])),
        E::SettledAsIntended => Some((State::Verifying, vec![Effect::ProveDevice])),
        E::NetboxRestored { .. } | E::GaveUp { effect: Effect::RestoreNetbox, .. } => attention(),
        E::SettledOtherwise { .. } | E::GaveUp { effect: Effect::SettleDevice, .. } => Some((
            State::Indeterminate,
            vec![Effect::TellTicket(Note::Unsettled), Effect::TellChat(Note::Unsettled)],
        )),
        E::GaveUp { .. } => Some((State::Indeterminate, vec![])),
        E::Retried { .. } => Some((State::Indeterminate, vec![Effect::SettleDevice])),
        // A person looked, and answers for it: the device must not be kept from other changes for ever.
        E::Cancelled { .. } => attention(),
        E::PlanMade { .. }
        | E::NothingToDo { .. }
        | E::RequestInvalid { .. }
        | E::CardsSent
        | E::ApprovalCounted(_)
        | E::ApprovalCompleted(_)
        | E::Declined(_)
        | E::Expired
        | E::TicketChanged { .. }
        | E::BaseUnchanged
        | E::BaseChanged { .. }
        | E::NetboxUpdated
        | E::NetboxRefused { .. }
        | E::EditStarted
        | E::EditNotMade { .. }
        | E::DeviceConfigured { .. }
        | E::DeviceRefused { .. }
        | E::DeviceUnknown { .. }
        | E::DeviceProved { .. }
        | E::DeviceUnsaved { .. }
        | E::DeviceDiffers { .. }
        | E::NetboxFinished => None,
    }
}

fn attention_required(event: &Event) -> Option<Step> {
    use Event as E;
    match event {
        E::Retried { .. } => Some((State::Received, vec![Effect::MakePlan])),
        E::Cancelled { .. } => Some((State::Superseded, vec![])),
        E::GaveUp { .. } => Some((State::AttentionRequired, vec![])),
        E::PlanMade { .. }
        | E::NothingToDo { .. }
        | E::RequestInvalid { .. }
        | E::CardsSent
        | E::ApprovalCounted(_)
        | E::ApprovalCompleted(_)
        | E::Declined(_)
        | E::Expired
        | E::TicketChanged { .. }
        | E::BaseUnchanged
        | E::BaseChanged { .. }
        | E::NetboxUpdated
        | E::NetboxRefused { .. }
        | E::EditStarted
        | E::EditNotMade { .. }
        | E::DeviceConfigured { .. }
        | E::DeviceRefused { .. }
        | E::DeviceUnknown { .. }
        | E::DeviceProved { .. }
        | E::DeviceUnsaved { .. }
        | E::DeviceDiffers { .. }
        | E::NetboxFinished
        | E::NetboxRestored { .. }
        | E::SettledAsBefore
        | E::SettledAsIntended
        | E::SettledOtherwise { .. } => None,
    }
}

fn attention() -> Option<Step> {
    Some((
        State::AttentionRequired,
        vec![Effect::TellTicket(Note::Attention), Effect::TellChat(Note::Attention)],
    ))
}

fn cancelled() -> Option<Step> {
    Some((State::Superseded, vec![Effect::TellTicket(Note::Cancelled), Effect::TellChat(Note::Cancelled)]))
}

fn unknown() -> Option<Step> {
    Some((State::Indeterminate, vec![Effect::TellTicket(Note::Indeterminate), Effect::SettleDevice]))
}

#[cfg(test)]
mod tests;
