//! How risky a change is, with reasons that a person with thirty seconds understands.

use serde::{Deserialize, Serialize};

use crate::interface::{DEFAULT_MTU, InterfaceState, SwitchportMode};

/// A level and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// The highest of the reasons'.
    pub level: RiskLevel,
    /// Why, most serious first; empty for low risk.
    pub reasons: Vec<String>,
}

/// Three levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskLevel {
    /// Nothing that interrupts traffic.
    Low,
    /// Traffic of this port is interrupted or changes its network.
    Medium,
    /// More than this port may be affected.
    High,
}

impl RiskLevel {
    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Risk {
    /// The risk of leading a port from one state to another. `agrees` tells whether the source of truth described the port as it was.
    #[must_use]
    pub fn of(before: &InterfaceState, after: &InterfaceState, agrees: bool) -> Self {
        let mut reasons = port_risks(before, after).to_vec();
        reasons.extend(vlan_risks(before, after));
        reasons.push((!agrees, RiskLevel::Low, "NetBox and the switch did not agree about this port before"));
        reasons.retain(|(holds, ..)| *holds);
        reasons.sort_by_key(|(_, level, _)| std::cmp::Reverse(*level));
        let level = reasons.first().map_or(RiskLevel::Low, |(_, level, _)| *level);
        Self { level, reasons: reasons.into_iter().map(|(.., text)| text.to_owned()).collect() }
    }

    /// The same risk with one reason more, which the two states do not show.
    #[must_use]
    pub fn and(mut self, level: RiskLevel, reason: &str) -> Self {
        let place = if level > self.level { 0 } else { self.reasons.len() };
        self.reasons.insert(place, reason.to_owned());
        self.level = self.level.max(level);
        self
    }
}

/// Whether it holds, how serious it is, and in words.
type Reason = (bool, RiskLevel, &'static str);

fn port_risks(before: &InterfaceState, after: &InterfaceState) -> [Reason; 6] {
    let mtu = |state: &InterfaceState| state.mtu.unwrap_or(DEFAULT_MTU);
    [
        (before.channel_group.is_some(), RiskLevel::High, "the port is a member of a port channel"),
        (before.enabled && !after.enabled, RiskLevel::Medium, "the port is shut down"),
        (!before.enabled && after.enabled, RiskLevel::Low, "the port is brought up"),
        (
            before.is_routed() != after.is_routed(),
            RiskLevel::Medium,
            "the port changes between switching and routing",
        ),
        (before.ipv4 != after.ipv4, RiskLevel::Medium, "the port's IPv4 address changes"),
        (mtu(before) != mtu(after), RiskLevel::Low, "a new MTU may interrupt the link for a moment"),
    ]
}

fn vlan_risks(before: &InterfaceState, after: &InterfaceState) -> [Reason; 5] {
    let (old, new) = (before.normalized(), after.normalized());
    let carries_all = |state: &InterfaceState| {
        state.switchport_mode == Some(SwitchportMode::Trunk) && state.allowed_vlans.is_none()
    };
    let both_modes = before.switchport_mode.is_some() && after.switchport_mode.is_some();
    [
        (carries_all(&new) && !carries_all(&old), RiskLevel::High, "the trunk will carry every VLAN"),
        (
            both_modes && before.switchport_mode != after.switchport_mode,
            RiskLevel::Medium,
            "the port changes between access and trunk",
        ),
        (old.access_vlan != new.access_vlan, RiskLevel::Medium, "the access VLAN changes"),
        (old.native_vlan != new.native_vlan, RiskLevel::Medium, "the native VLAN changes"),
        (old.allowed_vlans != new.allowed_vlans, RiskLevel::Medium, "the VLANs carried by the trunk change"),
    ]
}
