//! The plan of a change: everything an approver agrees to, as data.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::change::TicketRef;
use crate::digest::digest;
use crate::interface::InterfaceState;
use crate::name::{DeviceName, InterfaceName, PlanDigest};
use crate::request::ChangeRequest;
use crate::risk::Risk;
use crate::suffix::strip;
use crate::truth::{Truth, TruthChange, TruthValues};
use crate::vlan::AllowedVlans;

/// The version of the plan's form, part of its digest.
pub const PLAN_VERSION: u32 = 1;

/// What will be done, what it is based on, and how it is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Form of this record.
    pub version: u32,
    /// The ticket's number.
    pub ticket_number: String,
    /// The device.
    pub device: DeviceName,
    /// The interface.
    pub interface: InterfaceName,
    /// Where the source of truth says that the device is managed.
    pub management: Option<Ipv4Addr>,
    /// The device's state that the plan was made on.
    pub device_before: InterfaceState,
    /// The device's state when it is done.
    pub device_after: InterfaceState,
    /// The edit-config that leads from before to after; empty where the device needs none.
    pub edit: String,
    /// The edit-config that leads from after back to before.
    pub inverse: String,
    /// What happens in the source of truth.
    pub truth: TruthChange,
    /// What the plan was based on.
    pub base: Fingerprints,
    /// What will be compared after the change.
    pub checks: Vec<String>,
    /// The risk.
    pub risk: Risk,
}

/// Digests of what a plan was based on; if one differs later, the plan is void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints {
    /// Of the ticket's fields that describe the change.
    pub ticket: PlanDigest,
    /// Of the device's configuration of the interface.
    pub device: PlanDigest,
    /// Of the interface and its addresses in the source of truth.
    pub truth: PlanDigest,
}

/// One line of a diff. Absent values are empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffLine {
    /// What differs: `switch: MTU`, `NetBox: description`.
    pub path: String,
    /// Before.
    pub before: String,
    /// After.
    pub after: String,
}

/// The edits a device family made of before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edits {
    /// From before to after.
    pub edit: String,
    /// From after to before.
    pub inverse: String,
}

/// What a plan is made of.
#[derive(Debug, Clone)]
pub struct PlanInputs<'a> {
    /// The ticket.
    pub ticket: &'a TicketRef,
    /// The valid request.
    pub request: &'a ChangeRequest,
    /// Digest of the ticket's fields.
    pub ticket_fingerprint: PlanDigest,
    /// The source of truth.
    pub truth: &'a Truth,
    /// What happens in it.
    pub truth_change: TruthChange,
    /// The device's state now.
    pub device_before: &'a InterfaceState,
    /// The device's state to be.
    pub device_after: &'a InterfaceState,
    /// The edits between the two.
    pub edits: Edits,
    /// Whether the configuration is saved after the proof.
    pub saves: bool,
}

impl Plan {
    /// Makes a plan.
    ///
    /// # Errors
    /// When it does not go into JSON.
    pub fn make(inputs: PlanInputs<'_>) -> Result<Self, serde_json::Error> {
        let truth = inputs.truth_change;
        let agrees = agrees(&truth.before, inputs.device_before);
        Ok(Self {
            version: PLAN_VERSION,
            ticket_number: inputs.ticket.number.clone(),
            device: inputs.request.device.clone(),
            interface: inputs.request.interface.clone(),
            management: inputs.truth.device.as_ref().and_then(|device| device.primary_ip4),
            device_before: inputs.device_before.clone(),
            device_after: inputs.device_after.clone(),
            edit: inputs.edits.edit,
            inverse: inputs.edits.inverse,
            base: Fingerprints {
                ticket: inputs.ticket_fingerprint,
                device: device_fingerprint(inputs.device_before)?,
                truth: truth_fingerprint(inputs.truth)?,
            },
            truth,
            checks: checks(inputs.saves),
            risk: Risk::of(inputs.device_before, inputs.device_after, agrees),
        })
    }

    /// What an approval is bound to.
    ///
    /// # Errors
    /// When the plan does not go into JSON.
    pub fn digest(&self) -> Result<PlanDigest, serde_json::Error> {
        digest(self)
    }

    /// Whether device and source of truth already are as asked.
    #[must_use]
    pub fn is_nothing_to_do(&self) -> bool {
        let TruthChange { before, after, addresses, .. } = &self.truth;
        let before = TruthValues { ticket: None, ..before.clone() };
        self.edit.is_empty() && addresses.is_empty() && before == *after
    }

    /// The differences, the switch's first.
    #[must_use]
    pub fn diff(&self) -> Vec<DiffLine> {
        let mut diff = device_diff(&self.device_before, &self.device_after);
        diff.extend(truth_diff(&self.truth));
        diff
    }
}

/// Digest of the device's configuration of an interface.
///
/// # Errors
/// When it does not go into JSON.
pub fn device_fingerprint(state: &InterfaceState) -> Result<PlanDigest, serde_json::Error> {
    digest(state)
}

/// Digest of what the source of truth says of the interface, the time of its last write aside.
///
/// # Errors
/// When it does not go into JSON.
pub fn truth_fingerprint(truth: &Truth) -> Result<PlanDigest, serde_json::Error> {
    let interface =
        truth.interface.as_ref().map(|interface| (interface.id, interface.mgmt_only, &interface.values));
    digest(&(interface, truth.interface_addresses(), &truth.vlans, &truth.same_address))
}

fn checks(saves: bool) -> Vec<String> {
    let mut checks = vec!["the running configuration, read by another session, equals the intent"];
    checks.extend(saves.then_some("the startup configuration is saved"));
    checks.push("NetBox equals the intent and its ticket field is cleared");
    checks.into_iter().map(str::to_owned).collect()
}

fn agrees(truth: &TruthValues, device: &InterfaceState) -> bool {
    let native_or_access = device.access_vlan.or(device.native_vlan);
    truth.enabled == device.enabled
        && truth.description == device.description.as_deref().map_or("", strip)
        && truth.mtu.unwrap_or(1500) == u32::from(device.mtu.unwrap_or(1500))
        && truth.untagged_vlan.map(|vlan| vlan.vid) == native_or_access
}

fn device_diff(before: &InterfaceState, after: &InterfaceState) -> Vec<DiffLine> {
    let on_off = |on: Option<bool>| on.map_or("", |on| if on { "on" } else { "off" }).to_owned();
    let mode = |state: &InterfaceState| {
        let mode = state.switchport_mode.map_or("", |mode| match mode {
            crate::interface::SwitchportMode::Access => "access",
            crate::interface::SwitchportMode::Trunk => "trunk",
        });
        mode.to_owned()
    };
    let mut diff = Diff { side: "switch", lines: Vec::new() };
    diff.line("enabled", yes_no(before.enabled), yes_no(after.enabled));
    diff.line("description", text(&before.description), text(&after.description));
    diff.line("MTU", text(&before.mtu), text(&after.mtu));
    diff.line("switchport", on_off(before.switchport), on_off(after.switchport));
    diff.line("mode", mode(before), mode(after));
    diff.line("access VLAN", text(&before.access_vlan), text(&after.access_vlan));
    diff.line("native VLAN", text(&before.native_vlan), text(&after.native_vlan));
    let allowed =
        |vlans: &Option<AllowedVlans>| vlans.as_ref().map_or_else(String::new, AllowedVlans::to_list);
    diff.line("allowed VLANs", allowed(&before.allowed_vlans), allowed(&after.allowed_vlans));
    diff.line("IPv4 address", text(&before.ipv4), text(&after.ipv4));
    diff.line("secondary IPv4 addresses", list(&before.ipv4_secondary), list(&after.ipv4_secondary));
    diff.line("IPv6 addresses", list(&before.ipv6), list(&after.ipv6));
    diff.lines
}

fn truth_diff(change: &TruthChange) -> Vec<DiffLine> {
    let (before, after) = (&change.before, &change.after);
    let mut diff = Diff { side: "NetBox", lines: Vec::new() };
    diff.line("enabled", yes_no(before.enabled), yes_no(after.enabled));
    diff.line("description", before.description.clone(), after.description.clone());
    diff.line("MTU", text(&before.mtu), text(&after.mtu));
    diff.line("mode", text(&before.mode), text(&after.mode));
    let vid =
        |vlan: &Option<crate::truth::VlanRow>| vlan.map_or_else(String::new, |vlan| vlan.vid.to_string());
    diff.line("untagged VLAN", vid(&before.untagged_vlan), vid(&after.untagged_vlan));
    let vids =
        |values: &TruthValues| list(&values.tagged_vlans.iter().map(|vlan| vlan.vid).collect::<Vec<_>>());
    diff.line("tagged VLANs", vids(before), vids(after));
    for address in &change.addresses {
        use crate::truth::AddressChange::{Assign, Create, Unassign};
        match address {
            Unassign { address, .. } => diff.line("IP address", address.clone(), String::new()),
            Assign { address, .. } | Create { address } => {
                diff.line("IP address", String::new(), address.clone())
            }
        }
    }
    diff.lines
}

struct Diff {
    side: &'static str,
    lines: Vec<DiffLine>,
}

impl Diff {
    fn line(&mut self, what: &str, before: String, after: String) {
        if before != after {
            self.lines.push(DiffLine { path: format!("{}: {what}", self.side), before, after });
        }
    }
}

fn text(value: &Option<impl ToString>) -> String {
    value.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn list(values: &[impl ToString]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn yes_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}
