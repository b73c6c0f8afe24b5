//! Leading back to what a change found: a new change, planned and approved like any other.

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::interface::{DEFAULT_MTU, InterfaceState};
use crate::name::ChangeId;
use crate::policy::Policy;
use crate::request::{ChangeRequest, Problem, RequestedSettings};
use crate::state::State;
use crate::suffix::strip;
use crate::truth::{
    AddressChange, Truth, TruthAddress, TruthChange, TruthValues, management_lost, management_only, protected,
};

/// What an undo leads back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// The change that is undone.
    pub of: ChangeId,
    /// Its device and interface, and its old values as far as a ticket could ask for them.
    pub request: ChangeRequest,
    /// What the device had before it.
    pub device: InterfaceState,
    /// What the source of truth had before it.
    pub truth: TruthValues,
    /// What it did to addresses, in its order.
    pub addresses: Vec<AddressChange>,
}

impl Restore {
    /// What undoing a change leads back to; `None` for one that changed nothing or is not closed.
    #[must_use]
    pub fn of(change: &Change) -> Option<Self> {
        let (plan, request) = change.plan.as_ref().zip(change.request.as_ref())?;
        if change.state != State::Closed || plan.is_nothing_to_do() {
            return None;
        }
        let before = &plan.device_before;
        let settings = RequestedSettings {
            enabled: Some(before.enabled),
            description: Some(before.description.as_deref().map_or("", strip).to_owned()),
            mtu: Some(before.mtu.unwrap_or(DEFAULT_MTU)),
            mode: None,
        };
        Some(Self {
            of: change.id,
            request: ChangeRequest { settings, ..request.clone() },
            device: before.clone(),
            truth: TruthValues { ticket: None, ..plan.truth.before.clone() },
            addresses: plan.truth.addresses.clone(),
        })
    }
}

impl Truth {
    /// What speaks against leading back: what no ticket may do, an undo may not do either.
    #[must_use]
    pub fn problems_of_undo(&self, restore: &Restore, policy: &Policy) -> Vec<Problem> {
        let name = &restore.request.interface;
        let mut problems = Vec::new();
        if policy.is_protected(name) {
            problems.push(protected(name));
        }
        if self.interface.as_ref().is_some_and(|interface| interface.mgmt_only) {
            problems.push(management_only(name));
        }
        if let Some(device) = &self.device {
            let is_primary = |held: &&TruthAddress| Some(held.id) == device.primary_ip4_id;
            let taken = |held: &&TruthAddress| {
                restore.addresses.iter().any(|done| match done {
                    AddressChange::Assign { id, .. } => *id == held.id,
                    AddressChange::Create { address } => *address == held.address,
                    AddressChange::Unassign { .. } => false,
                })
            };
            let lost = self.interface_addresses().into_iter().filter(is_primary).find(taken);
            problems.extend(lost.map(|held| management_lost(held, device)));
        }
        problems
    }

    /// What leading back does to the interface's records. `None` without an interface, or where a record is gone or held by another.
    #[must_use]
    pub fn restoring(&self, restore: &Restore) -> Option<TruthChange> {
        let interface = self.interface.as_ref()?;
        let mut addresses = Vec::new();
        for done in restore.addresses.iter().rev() {
            addresses.push(match done {
                AddressChange::Unassign { id, address } => {
                    AddressChange::Assign { id: *id, address: address.clone() }
                }
                AddressChange::Assign { id, address } => {
                    AddressChange::Unassign { id: *id, address: address.clone() }
                }
                AddressChange::Create { address } => {
                    let held =
                        self.interface_addresses().into_iter().find(|held| held.address == *address)?;
                    AddressChange::Unassign { id: held.id, address: address.clone() }
                }
            });
        }
        let (before, after) = (interface.values.clone(), restore.truth.clone());
        Some(TruthChange { interface_id: interface.id, before, after, addresses })
    }
}
