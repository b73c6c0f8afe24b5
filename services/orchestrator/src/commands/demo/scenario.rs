//! The scenarios: what each is about, and where it is played.

use std::future::Future;
use std::pin::Pin;

use anyhow::Result;

use super::stage::Options;
use super::{crash, faults, happy, people};

/// One scenario.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) play: fn(Options) -> Playing,
}

/// A scenario under way.
pub(super) type Playing = Pin<Box<dyn Future<Output = Result<()>>>>;

macro_rules! scenarios {
    ($($name:literal $play:path: $about:literal),+ $(,)?) => {
        /// All scenarios, in the order in which they are told.
        pub(super) const SCENARIOS: &[Scenario] = &[$(Scenario { name: $name, about: $about, play: |options| Box::pin($play(options)) }),+];
    };
}

scenarios! {
    "access" happy::access: "the founding ticket: an access port, approved, configured, proved, closed",
    "trunk" happy::trunk: "a trunk with a native VLAN and two tagged ones",
    "trunk-all-native" happy::trunk_all_native: "a trunk that carries every VLAN, with a native one",
    "l3" happy::l3: "a routed port with an address",
    "mode-tour" happy::mode_tour: "access, trunk, l3 and access again on one port; nothing of an old mode stays",
    "nothing-to-do" happy::nothing_to_do: "the port already is as asked: closed with the proof, nobody is bothered",
    "undo" happy::undo: "a change is undone: planned, approved and proved like any other",
    "decline" people::decline: "an approver says no; nothing is changed",
    "invalid" people::invalid: "several faults in one ticket, all named in one note",
    "unsigned" people::unsigned: "webhooks without a signature, or with a wrong one, start nothing",
    "duplicate" people::duplicate: "the same delivery 100 times at once makes one change",
    "forged-card" people::forged_card: "answers that name another change, plan or configuration",
    "not-an-approver" people::not_an_approver: "somebody in the space who may not approve presses Approve",
    "own-ticket" people::own_ticket: "an approver presses Approve on their own ticket",
    "ticket-edited" people::ticket_edited: "the ticket is edited after the card was sent",
    "device-refuses" faults::device_refuses: "the switch refuses the commit: NetBox is put back",
    "device-dies" faults::device_dies: "the connection is cut at the commit: the switch is read, nothing is repeated blindly",
    "device-unreachable" faults::device_unreachable: "the switch cannot be reached, until it can",
    "device-drifted" faults::device_drifted: "somebody configured the switch after the plan was made",
    "dirty-candidate" faults::dirty_candidate: "somebody left uncommitted edits on the switch",
    "netbox-down" faults::netbox_down: "NetBox answers 503 for a while",
    "chat-down" faults::chat_down: "Webex answers 429 and 503 for a while: nobody is told to wait for a card that is not there",
    "crash" crash::crash: "netchange is killed in mid-change and started again",
}
