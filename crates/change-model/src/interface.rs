//! The configuration of one interface as a device holds it, free of any vendor's way to write it.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use crate::vlan::{AllowedVlans, VlanId};

/// What a device's configuration says of one interface.
///
/// `None` means that the device's configuration does not say it, so that its default holds; the inverse of a change can therefore
/// lead back to exactly what was there. Two states that differ only in spelled-out defaults are [`equivalent`](Self::equivalent).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct InterfaceState {
    /// Not administratively shut down.
    pub enabled: bool,
    /// The description as on the device, ticket suffix included.
    pub description: Option<String>,
    /// Bytes; the default is 1500.
    pub mtu: Option<u16>,
    /// The `switchport` on/off leaf: `Some(false)` is a routed port. `None`: the platform's default.
    pub switchport: Option<bool>,
    /// Access or trunk, where the configuration says so.
    pub switchport_mode: Option<SwitchportMode>,
    /// VLAN of the access mode.
    pub access_vlan: Option<VlanId>,
    /// Native (untagged) VLAN of the trunk mode; the default is 1.
    pub native_vlan: Option<VlanId>,
    /// VLANs the trunk carries; the default is all.
    pub allowed_vlans: Option<AllowedVlans>,
    /// Primary IPv4 address and its network.
    pub ipv4: Option<Ipv4Net>,
    /// Secondary IPv4 addresses, in the device's order.
    pub ipv4_secondary: Vec<Ipv4Net>,
    /// IPv6 addresses, in the device's order.
    pub ipv6: Vec<Ipv6Net>,
    /// Number of the port channel this interface is a member of.
    pub channel_group: Option<u16>,
    /// Everything else configured on the interface: kept, shown in the plan, never touched.
    pub other: Vec<OtherConfig>,
}

/// A piece of configuration that no ticket asks for: kept as it is and shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OtherConfig {
    /// Where it stands below the interface, e.g. `spanning-tree/portfast`.
    pub path: String,
    /// Its value as text; empty for a node without one.
    pub value: String,
}

/// The two modes of a switched port that netchange writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SwitchportMode {
    /// One untagged VLAN.
    Access,
    /// Tagged VLANs, and a native one.
    Trunk,
}

impl InterfaceState {
    /// Whether the port routes: switching is off, or it has an address.
    #[must_use]
    pub fn is_routed(&self) -> bool {
        self.switchport == Some(false)
            || (self.switchport.is_none() && (self.ipv4.is_some() || !self.ipv6.is_empty()))
    }

    /// The same state with every default spelled in one way.
    #[must_use]
    pub fn normalized(&self) -> Self {
        let mut state = self.clone();
        state.switchport = Some(!self.is_routed());
        state.description = self.description.clone().filter(|text| !text.is_empty());
        state.mtu = self.mtu.filter(|mtu| *mtu != DEFAULT_MTU);
        state.allowed_vlans = self.allowed_vlans.clone().filter(|vlans| *vlans != AllowedVlans::ALL);
        state.native_vlan = self.native_vlan.filter(|vlan| vlan.get() != 1);
        state.access_vlan = self.access_vlan.filter(|vlan| vlan.get() != 1);
        state.other.sort_by(|a, b| (&a.path, &a.value).cmp(&(&b.path, &b.value)));
        state
    }

    /// Whether the two configure the port alike, spelled-out defaults aside.
    #[must_use]
    pub fn equivalent(&self, other: &Self) -> bool {
        self.normalized() == other.normalized()
    }
}

/// The MTU of a port whose configuration names none, in bytes.
pub const DEFAULT_MTU: u16 = 1500;

/// Whether the address can be given to an interface: not the network's own or its broadcast address (networks of /31 have neither).
#[must_use]
pub fn is_host_address(net: &Ipv4Net) -> bool {
    net.prefix_len() >= 31 || (net.addr() != net.network() && net.addr() != net.broadcast())
}

/// Whether an address of this kind can be configured on an interface at all.
#[must_use]
pub fn is_unicast(addr: Ipv4Addr) -> bool {
    !(addr.is_unspecified()
        || addr.is_multicast()
        || addr.is_broadcast()
        || addr.is_loopback()
        || addr.octets()[0] >= 240)
}

/// The same question for IPv6.
#[must_use]
pub fn is_unicast6(addr: Ipv6Addr) -> bool {
    !(addr.is_unspecified() || addr.is_multicast() || addr.is_loopback())
}
