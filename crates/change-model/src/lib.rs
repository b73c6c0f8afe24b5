#![doc = include_str!("../README.md")]
#![deny(clippy::wildcard_enum_match_arm)]

pub mod change;
pub mod digest;
pub mod event;
pub mod intent;
pub mod interface;
pub mod mode;
pub mod name;
pub mod plan;
pub mod policy;
#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of a JSON value are closed")]
pub mod request;
pub mod risk;
pub mod state;
pub mod suffix;
pub mod truth;
pub mod undo;
pub mod vlan;

#[cfg(test)]
mod fixtures;

pub use change::{Approval, Change, Evidence, Known, NotCounted, Received, TicketRef, Transition};
pub use event::{Decision, Effect, Event, Lane, Note, Verdict};
pub use interface::InterfaceState;
pub use mode::ModeRequest;
pub use name::{ChangeId, DeviceName, Email, InterfaceName, PlanDigest};
pub use plan::{DiffLine, Plan};
pub use policy::{ApprovalRule, Policy};
pub use request::{ChangeRequest, Problem, RequestDraft, RequestedSettings, TicketFields};
pub use state::{Refusal, State};
pub use truth::Truth;
pub use undo::Restore;
pub use vlan::{AllowedVlans, VlanId};
