//! How risky a change is, with reasons that a person with thirty seconds understands.

use serde::{Deserialize, Serialize};

use crate::interface::{DEFAULT_MTU, InterfaceState};

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
        let mut reasons: Vec<(RiskLevel, &str)> = Vec::new();
        let mut reason = |holds: bool, level, text| {
            if holds {
                reasons.push((level, text));
            }
        };
        let was_trunk_with_all =
            before.switchport_mode == after.switchport_mode && before.allowed_vlans.is_none();
        let carries_all = after.switchport_mode == Some(crate::interface::SwitchportMode::Trunk)
            && after.normalized().allowed_vlans.is_none();
        reason(
            before.channel_group.is_some(),
            RiskLevel::High,
            "the port is a member of a port channel",
        );
        reason(
            carries_all && !was_trunk_with_all,
            RiskLevel::High,
            "the trunk will carry every VLAN",
        );
        reason(
            before.enabled && !after.enabled,
            RiskLevel::Medium,
            "the port is shut down",
        );
        reason(
            !before.enabled && after.enabled,
            RiskLevel::Low,
            "the port is brought up",
        );
        reason(
            before.is_routed() != after.is_routed(),
            RiskLevel::Medium,
            "the port changes between switching and routing",
        );
        reason(
            before.switchport_mode.is_some()
                && after.switchport_mode.is_some()
                && before.switchport_mode != after.switchport_mode,
            RiskLevel::Medium,
            "the port changes between access and trunk",
        );
        let (old, new) = (before.normalized(), after.normalized());
        reason(
            old.access_vlan != new.access_vlan,
            RiskLevel::Medium,
            "the access VLAN changes",
        );
        reason(
            old.native_vlan != new.native_vlan,
            RiskLevel::Medium,
            "the native VLAN changes",
        );
        reason(
            old.allowed_vlans != new.allowed_vlans,
            RiskLevel::Medium,
            "the VLANs carried by the trunk change",
        );
        reason(
            before.ipv4 != after.ipv4,
            RiskLevel::Medium,
            "the port's IPv4 address changes",
        );
        reason(
            before.mtu.unwrap_or(DEFAULT_MTU) != after.mtu.unwrap_or(DEFAULT_MTU),
            RiskLevel::Low,
            "a new MTU may interrupt the link for a moment",
        );
        reason(
            !agrees,
            RiskLevel::Low,
            "NetBox and the switch did not agree about this port before",
        );
        reasons.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
        let level = reasons.first().map_or(RiskLevel::Low, |(level, _)| *level);
        Self {
            level,
            reasons: reasons.into_iter().map(|(_, text)| text.to_owned()).collect(),
        }
    }
}
