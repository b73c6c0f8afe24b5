//! What can happen to a change, and what shall be done about it: both as data.

use serde::{Deserialize, Serialize};

use crate::change::{Approval, Evidence};
use crate::name::Email;
use crate::plan::Plan;
use crate::request::{ChangeRequest, Problem};

/// Something that happened to a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The ticket was understood, checked, and planned.
    PlanMade {
        /// What the ticket asks for.
        request: ChangeRequest,
        /// What will be done.
        plan: Box<Plan>,
    },
    /// Device and source of truth already are as asked, by proof.
    NothingToDo {
        /// What the ticket asks for.
        request: ChangeRequest,
        /// What was compared.
        plan: Box<Plan>,
        /// The proof.
        evidence: Evidence,
    },
    /// The ticket asks for something that cannot be.
    RequestInvalid {
        /// Everything that is wrong.
        problems: Vec<Problem>,
    },
    /// Every approver has the card.
    CardsSent,
    /// One more approval, and more are needed.
    ApprovalCounted(Approval),
    /// The last approval that was needed.
    ApprovalCompleted(Approval),
    /// An approver said no.
    Declined(Approval),
    /// Nobody decided in time.
    Expired,
    /// The ticket was edited, moved or closed by somebody else.
    TicketChanged {
        /// What about it.
        what: String,
    },
    /// Ticket, device and source of truth are as they were when the plan was made.
    BaseUnchanged,
    /// One of them is not.
    BaseChanged {
        /// Which, and how.
        what: String,
    },
    /// The source of truth has the new values.
    NetboxUpdated,
    /// The source of truth did not take the new values.
    NetboxRefused {
        /// Its reason.
        why: String,
    },
    /// The edit is about to be sent to the device.
    EditStarted,
    /// The edit did not come about this time, which is known: the device is as before, and it is tried again.
    EditNotMade {
        /// What stood in its way.
        why: String,
    },
    /// The device took the edit, and a second session read it back.
    DeviceConfigured {
        /// How it was done, and what was weaker than it could be.
        how: String,
    },
    /// The device did not take the edit, and is as before.
    DeviceRefused {
        /// Its reason.
        why: String,
    },
    /// Nobody knows whether the device took the edit.
    DeviceUnknown {
        /// What happened.
        why: String,
    },
    /// A fresh session read the intended configuration, and it was saved.
    DeviceProved {
        /// The proof so far.
        evidence: Evidence,
    },
    /// A fresh session read the intended configuration, but it could not be saved.
    DeviceUnsaved {
        /// The device's reason.
        why: String,
        /// The proof so far.
        evidence: Evidence,
    },
    /// A fresh session read something else.
    DeviceDiffers {
        /// What.
        why: String,
    },
    /// The ticket field is cleared, and the source of truth equals the intent.
    NetboxFinished,
    /// The source of truth is as before.
    NetboxRestored {
        /// What could only be set aside, in words; nothing where all is as before to the last record.
        left: Vec<String>,
    },
    /// The device was read: it is as before.
    SettledAsBefore,
    /// The device was read: it is as intended.
    SettledAsIntended,
    /// The device was read: it is neither.
    SettledOtherwise {
        /// What it is.
        why: String,
    },
    /// An effect failed too often.
    GaveUp {
        /// Which.
        effect: Effect,
        /// Its last error.
        why: String,
    },
    /// The operator wants it tried again.
    Retried {
        /// Who.
        by: String,
    },
    /// The operator does not want it any more.
    Cancelled {
        /// Who.
        by: String,
    },
}

impl Event {
    /// The name under which the event stands in the history.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::PlanMade { .. } => "plan_made",
            Self::NothingToDo { .. } => "nothing_to_do",
            Self::RequestInvalid { .. } => "request_invalid",
            Self::CardsSent => "cards_sent",
            Self::ApprovalCounted(_) => "approval_counted",
            Self::ApprovalCompleted(_) => "approval_completed",
            Self::Declined(_) => "declined",
            Self::Expired => "expired",
            Self::TicketChanged { .. } => "ticket_changed",
            Self::BaseUnchanged => "base_unchanged",
            Self::BaseChanged { .. } => "base_changed",
            Self::NetboxUpdated => "netbox_updated",
            Self::NetboxRefused { .. } => "netbox_refused",
            Self::EditStarted => "edit_started",
            Self::EditNotMade { .. } => "edit_not_made",
            Self::DeviceConfigured { .. } => "device_configured",
            Self::DeviceRefused { .. } => "device_refused",
            Self::DeviceUnknown { .. } => "device_unknown",
            Self::DeviceProved { .. } => "device_proved",
            Self::DeviceUnsaved { .. } => "device_unsaved",
            Self::DeviceDiffers { .. } => "device_differs",
            Self::NetboxFinished => "netbox_finished",
            Self::NetboxRestored { .. } => "netbox_restored",
            Self::SettledAsBefore => "settled_as_before",
            Self::SettledAsIntended => "settled_as_intended",
            Self::SettledOtherwise { .. } => "settled_otherwise",
            Self::GaveUp { .. } => "gave_up",
            Self::Retried { .. } => "retried",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// One line for the history, beyond the name: who or why.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::ApprovalCounted(approval)
            | Self::ApprovalCompleted(approval)
            | Self::Declined(approval) => approval.by.to_string(),
            Self::TicketChanged { what } | Self::BaseChanged { what } => what.clone(),
            Self::NetboxRefused { why }
            | Self::EditNotMade { why }
            | Self::DeviceRefused { why }
            | Self::DeviceUnknown { why }
            | Self::DeviceUnsaved { why, .. }
            | Self::DeviceDiffers { why }
            | Self::SettledOtherwise { why } => why.clone(),
            Self::DeviceConfigured { how } => how.clone(),
            Self::NetboxRestored { left } => left.join("; "),
            Self::RequestInvalid { problems } => {
                problems.iter().map(|problem| problem.0.as_str()).collect::<Vec<_>>().join("; ")
            }
            Self::GaveUp { effect, why } => format!("{}: {why}", effect.name()),
            Self::Retried { by } | Self::Cancelled { by } => by.clone(),
            Self::PlanMade { .. }
            | Self::NothingToDo { .. }
            | Self::CardsSent
            | Self::Expired
            | Self::BaseUnchanged
            | Self::NetboxUpdated
            | Self::EditStarted
            | Self::DeviceProved { .. }
            | Self::NetboxFinished
            | Self::SettledAsBefore
            | Self::SettledAsIntended => String::new(),
        }
    }
}

/// Something to be done outside. Each is safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Read ticket, source of truth and device, and make the plan.
    MakePlan,
    /// Send the card to every approver.
    AskApprovers,
    /// Write a note on the ticket and set its state.
    TellTicket(Note),
    /// Replace the cards by what became of the change.
    TellChat(Note),
    /// End the wait for a decision.
    Expire,
    /// Compare ticket, device and source of truth with what the plan was made on.
    Recheck,
    /// Write the new values into the source of truth.
    UpdateNetbox,
    /// Bring the edit onto the device.
    ConfigureDevice,
    /// Read the device by a fresh session, compare, save.
    ProveDevice,
    /// Clear the ticket field and compare the source of truth with the intent.
    FinishNetbox,
    /// Write the old values back into the source of truth.
    RestoreNetbox,
    /// Read the device to learn whether it took the edit.
    SettleDevice,
}

/// What a note or a card tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// Planned; waiting for approval.
    Pending,
    /// Approved.
    Approved,
    /// Proved.
    Closed,
    /// Already as asked.
    NothingToDo,
    /// Declined.
    Declined,
    /// Nobody decided.
    Expired,
    /// Something needs a person.
    Attention,
    /// The device's state is not known.
    Indeterminate,
    /// The device was read, or could not be, and a person must look.
    Unsettled,
    /// Overtaken by an edit of the ticket.
    Superseded,
    /// Withdrawn by the operator.
    Cancelled,
}

impl Note {
    /// Its name in the store and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Closed => "closed",
            Self::NothingToDo => "nothing_to_do",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Attention => "attention",
            Self::Indeterminate => "indeterminate",
            Self::Unsettled => "unsettled",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Effects of one lane run one after the other; the lanes of a change do not wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// What brings the change forward.
    Work,
    /// What tells the ticket.
    Ticket,
    /// What tells the chat.
    Chat,
    /// What waits for a time.
    Timer,
}

impl Effect {
    /// Its name in the store and in logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::MakePlan => "make_plan",
            Self::AskApprovers => "ask_approvers",
            Self::TellTicket(_) => "tell_ticket",
            Self::TellChat(_) => "tell_chat",
            Self::Expire => "expire",
            Self::Recheck => "recheck",
            Self::UpdateNetbox => "update_netbox",
            Self::ConfigureDevice => "configure_device",
            Self::ProveDevice => "prove_device",
            Self::FinishNetbox => "finish_netbox",
            Self::RestoreNetbox => "restore_netbox",
            Self::SettleDevice => "settle_device",
        }
    }

    /// The lane it runs in.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self {
            Self::TellTicket(_) => Lane::Ticket,
            Self::TellChat(_) => Lane::Chat,
            Self::Expire => Lane::Timer,
            Self::MakePlan
            | Self::AskApprovers
            | Self::Recheck
            | Self::UpdateNetbox
            | Self::ConfigureDevice
            | Self::ProveDevice
            | Self::FinishNetbox
            | Self::RestoreNetbox
            | Self::SettleDevice => Lane::Work,
        }
    }
}

/// A decision as it came in, before anybody looked whether it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Who.
    pub by: Email,
    /// Further addresses that the same person is known to have.
    pub also: Vec<Email>,
    /// Yes or no.
    pub verdict: Verdict,
    /// The digest of the plan that the person saw.
    pub digest: String,
    /// Through what: `card`, `api`, `command`.
    pub via: String,
    /// What the person wrote, if anything.
    pub comment: String,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Yes.
    Approved,
    /// No.
    Declined,
}
