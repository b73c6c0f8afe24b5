//! What a site allows: ranges, protected ports, and who may approve.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::name::{Email, InterfaceName};

/// What tickets may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Smallest MTU, bytes.
    pub mtu_min: u16,
    /// Largest MTU, bytes.
    pub mtu_max: u16,
    /// Interfaces that no ticket may change, by exact name.
    pub protected_interfaces: Vec<InterfaceName>,
    /// Longest description that the device takes, suffix included, in characters.
    pub description_max: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self { mtu_min: 1500, mtu_max: 9000, protected_interfaces: Vec::new(), description_max: 200 }
    }
}

impl Policy {
    /// Whether the interface is protected: by its exact name, case aside, never by a part of it.
    #[must_use]
    pub fn is_protected(&self, interface: &InterfaceName) -> bool {
        self.protected_interfaces.iter().any(|name| name.as_str().eq_ignore_ascii_case(interface.as_str()))
    }
}

/// Who may approve, how many are needed, and for how long one is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRule {
    /// The approvers.
    pub approvers: Vec<Email>,
    /// How many distinct approvers are needed, at least 1.
    pub required: usize,
    /// Whether the requester may approve.
    pub allow_self_approval: bool,
    /// Groups of addresses that belong to one person each.
    pub same_person: Vec<Vec<Email>>,
    /// How long an approval is waited for.
    pub expires_after: SignedDuration,
}

impl ApprovalRule {
    /// Whether the two addresses belong to one person.
    #[must_use]
    pub fn is_same_person(&self, a: &Email, b: &Email) -> bool {
        a == b || self.same_person.iter().any(|person| person.contains(a) && person.contains(b))
    }

    /// Whether the same persons decide by both rules, and as many of them.
    #[must_use]
    pub fn decides_as(&self, other: &Self) -> bool {
        let lists = |a: &Self, b: &Self| a.approvers.iter().all(|approver| b.approvers.contains(approver));
        lists(self, other)
            && lists(other, self)
            && self.required == other.required
            && self.allow_self_approval == other.allow_self_approval
            && self.same_person == other.same_person
    }

    /// How many different persons the approvers are.
    #[must_use]
    pub fn persons(&self) -> usize {
        let mut persons: Vec<&Email> = Vec::new();
        for approver in &self.approvers {
            if !persons.iter().any(|person| self.is_same_person(person, approver)) {
                persons.push(approver);
            }
        }
        persons.len()
    }

    /// Whether the address is one of an approver's.
    #[must_use]
    pub fn is_approver(&self, who: &Email) -> bool {
        self.approvers.iter().any(|approver| self.is_same_person(approver, who))
    }
}
