//! What the source of truth says of one interface, and what a change does to it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::interface::is_host_address;
use crate::mode::ModeRequest;
use crate::name::{DeviceName, InterfaceName};
use crate::request::{Problem, RequestDraft, RequestedSettings};
use crate::vlan::{AllowedVlans, VlanId};

/// All that a plan needs to know from the source of truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The device, if it is known.
    pub device: Option<TruthDevice>,
    /// The interface, if the device has it.
    pub interface: Option<TruthInterface>,
    /// The VLANs named by the request that exist for the device's site or globally, by tag.
    pub vlans: BTreeMap<VlanId, VlanRow>,
    /// The addresses of the device's interfaces.
    pub device_addresses: Vec<TruthAddress>,
    /// Every record, on any device, of the address that the request names.
    pub same_address: Vec<TruthAddress>,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthDevice {
    /// Row id.
    pub id: u64,
    /// Name.
    pub name: DeviceName,
    /// Name of its site.
    pub site: String,
    /// Its management address, where sessions go to.
    pub primary_ip4: Option<Ipv4Addr>,
    /// Row id of that address.
    pub primary_ip4_id: Option<u64>,
}

/// A VLAN row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VlanRow {
    /// Row id.
    pub id: u64,
    /// Tag.
    pub vid: VlanId,
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthInterface {
    /// Row id.
    pub id: u64,
    /// Reserved for management: never changed.
    pub mgmt_only: bool,
    /// What a change may touch.
    pub values: TruthValues,
    /// When it was last written, as the server says it; its optimistic lock.
    pub last_updated: String,
}

/// The properties of an interface that a change may touch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthValues {
    /// Enabled.
    pub enabled: bool,
    /// Description, without suffix.
    pub description: String,
    /// Bytes.
    pub mtu: Option<u32>,
    /// 802.1Q mode as the server spells it: `access`, `tagged`, `tagged-all`, `q-in-q`; `None`: not switched.
    pub mode: Option<String>,
    /// Access or native VLAN.
    pub untagged_vlan: Option<VlanRow>,
    /// Tagged VLANs, ordered by tag.
    pub tagged_vlans: Vec<VlanRow>,
    /// The custom field that carries the number of the ticket being worked on.
    pub ticket: Option<String>,
}

/// An IP address record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthAddress {
    /// Row id.
    pub id: u64,
    /// Address and prefix length.
    pub address: String,
    /// Row id of the device's interface that holds it; `None`: no such interface.
    pub interface_id: Option<u64>,
    /// Its holder in words, for messages: `c9300 GigabitEthernet1/0/20`, `FHRP group 3`; empty: nobody.
    pub holder: String,
}

impl TruthAddress {
    fn net(&self) -> Option<Ipv4Net> {
        self.address.parse().ok()
    }

    /// Whether nobody holds it: no interface, and nothing else, such as a virtual machine or a redundancy group.
    fn is_free(&self) -> bool {
        self.interface_id.is_none() && self.holder.is_empty()
    }
}

/// What a change does to the source of truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthChange {
    /// Row id of the interface.
    pub interface_id: u64,
    /// Values before.
    pub before: TruthValues,
    /// Values when all is done: the ticket field is cleared.
    pub after: TruthValues,
    /// What happens to addresses, in order; its inverse is the opposite in opposite order.
    pub addresses: Vec<AddressChange>,
}

/// One step with an address record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressChange {
    /// Takes the record from the interface.
    Unassign {
        /// Row id.
        id: u64,
        /// Address and prefix length.
        address: String,
    },
    /// Gives an unheld record to the interface.
    Assign {
        /// Row id.
        id: u64,
        /// Address and prefix length.
        address: String,
    },
    /// Makes a record and gives it to the interface.
    Create {
        /// Address and prefix length.
        address: String,
    },
}

impl TruthChange {
    /// Whether the interface's row changes, the ticket field aside.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        self.before != self.after || !self.addresses.is_empty()
    }
}

impl Truth {
    /// Everything that the source of truth has against the request.
    #[must_use]
    pub fn problems(&self, draft: &RequestDraft) -> Vec<Problem> {
        let mut problems = Vec::new();
        match (&self.device, &draft.device) {
            (None, Some(device)) => problems.push(Problem(format!("Device {device} is not known in NetBox"))),
            (Some(device), _) => self.interface_problems(device, draft, &mut problems),
            (None, None) => {}
        }
        problems
    }

    fn interface_problems(&self, device: &TruthDevice, draft: &RequestDraft, problems: &mut Vec<Problem>) {
        match (&self.interface, &draft.interface) {
            (None, Some(name)) => {
                problems.push(Problem(format!("Device {} has no interface {name} in NetBox", device.name)))
            }
            (Some(interface), Some(name)) if interface.mgmt_only => problems.push(management_only(name)),
            _ => {}
        }
        for vlan in named_vlans(&draft.settings) {
            if !self.vlans.contains_key(&vlan) {
                problems.push(Problem(format!(
                    "VLAN {vlan} does not exist in NetBox for site {} or globally",
                    device.site
                )));
            }
        }
        if let Some(interface) = &self.interface {
            match &draft.settings.mode {
                Some(ModeRequest::L3 { address }) => {
                    self.address_problems(interface, device, *address, problems)
                }
                Some(ModeRequest::Access { .. } | ModeRequest::Trunk { .. }) => {
                    self.primary_problem(interface, device, None, problems)
                }
                None => {}
            }
        }
    }

    fn address_problems(
        &self,
        interface: &TruthInterface,
        device: &TruthDevice,
        address: Ipv4Net,
        problems: &mut Vec<Problem>,
    ) {
        for held in self.same_address.iter().filter(|held| held.interface_id != Some(interface.id)) {
            if !held.is_free() {
                problems.push(Problem(format!("Address {address} is already held by {}", held.holder)));
            } else if held.net() != Some(address) {
                problems.push(Problem(format!(
                    "Address {address} is in NetBox as {}, held by nobody: correct or remove that record",
                    held.address
                )));
            }
        }
        for other in self.device_addresses.iter().filter(|other| other.interface_id != Some(interface.id)) {
            let Some(net) = other.net() else { continue };
            let overlaps = net.contains(&address.trunc()) || address.contains(&net.trunc());
            let same = self.same_address.iter().any(|held| held.id == other.id);
            if overlaps && !same && is_host_address(&net) {
                problems.push(Problem(format!(
                    "Network {} of address {address} overlaps {} of {}",
                    address.trunc(),
                    net,
                    other.holder
                )));
            }
        }
        self.primary_problem(interface, device, Some(address), problems);
    }

    /// A device must not lose its management address.
    fn primary_problem(
        &self,
        interface: &TruthInterface,
        device: &TruthDevice,
        keep: Option<Ipv4Net>,
        problems: &mut Vec<Problem>,
    ) {
        let lost = self.addresses_of(interface).find(|held| {
            Some(held.id) == device.primary_ip4_id && keep.is_none_or(|keep| held.net() != Some(keep))
        });
        problems.extend(lost.map(|held| management_lost(held, device)));
    }

    fn addresses_of(&self, interface: &TruthInterface) -> impl Iterator<Item = &TruthAddress> {
        let id = interface.id;
        self.device_addresses.iter().filter(move |address| address.interface_id == Some(id))
    }

    /// The addresses that the interface holds.
    #[must_use]
    pub fn interface_addresses(&self) -> Vec<&TruthAddress> {
        self.interface.as_ref().map(|interface| self.addresses_of(interface).collect()).unwrap_or_default()
    }

    /// What the request does to the interface's records. `None` without an interface, or where a VLAN is unknown.
    #[must_use]
    pub fn change(&self, settings: &RequestedSettings) -> Option<TruthChange> {
        let interface = self.interface.as_ref()?;
        let before = interface.values.clone();
        let mut after = TruthValues { ticket: None, ..before.clone() };
        if let Some(enabled) = settings.enabled {
            after.enabled = enabled;
        }
        if let Some(description) = &settings.description {
            after.description.clone_from(description);
        }
        if let Some(mtu) = settings.mtu {
            after.mtu = Some(mtu.into());
        }
        let mut addresses = Vec::new();
        if let Some(mode) = &settings.mode {
            self.apply_mode(mode, &mut after)?;
            addresses = self.address_changes(interface, mode);
        }
        Some(TruthChange { interface_id: interface.id, before, after, addresses })
    }

    fn apply_mode(&self, mode: &ModeRequest, after: &mut TruthValues) -> Option<()> {
        let row = |vlan: &VlanId| self.vlans.get(vlan).copied();
        match mode {
            ModeRequest::Access { vlan } => {
                after.mode = Some("access".to_owned());
                after.untagged_vlan = Some(row(vlan)?);
                after.tagged_vlans.clear();
            }
            ModeRequest::Trunk { native, allowed } => {
                let was_trunk = matches!(after.mode.as_deref(), Some("tagged" | "tagged-all"));
                after.untagged_vlan = match native {
                    Some(native) => Some(row(native)?),
                    None => after.untagged_vlan.filter(|_| was_trunk),
                };
                (after.mode, after.tagged_vlans) = match allowed {
                    AllowedVlans::All(_) => (Some("tagged-all".to_owned()), Vec::new()),
                    AllowedVlans::Only(vlans) => {
                        (Some("tagged".to_owned()), vlans.iter().map(row).collect::<Option<_>>()?)
                    }
                };
            }
            ModeRequest::L3 { .. } => {
                after.mode = None;
                after.untagged_vlan = None;
                after.tagged_vlans.clear();
            }
        }
        Some(())
    }

    fn address_changes(&self, interface: &TruthInterface, mode: &ModeRequest) -> Vec<AddressChange> {
        let wanted = match mode {
            ModeRequest::L3 { address } => Some(*address),
            ModeRequest::Access { .. } | ModeRequest::Trunk { .. } => None,
        };
        // A port that stops routing loses every address; one with a new IPv4 address keeps those of IPv6.
        let mut changes: Vec<AddressChange> = self
            .addresses_of(interface)
            .filter(|held| wanted.is_none() || held.net().is_some_and(|net| Some(net) != wanted))
            .map(|held| AddressChange::Unassign { id: held.id, address: held.address.clone() })
            .collect();
        if let Some(wanted) = wanted
            && !self.addresses_of(interface).any(|held| held.net() == Some(wanted))
        {
            let free = self.same_address.iter().find(|held| held.is_free() && held.net() == Some(wanted));
            changes.push(match free {
                Some(free) => AddressChange::Assign { id: free.id, address: free.address.clone() },
                None => AddressChange::Create { address: wanted.to_string() },
            });
        }
        changes
    }
}

pub(crate) fn management_lost(held: &TruthAddress, device: &TruthDevice) -> Problem {
    Problem(format!(
        "Address {} is the primary address of {}: the device would lose its management",
        held.address, device.name
    ))
}

pub(crate) fn management_only(name: &InterfaceName) -> Problem {
    Problem(format!("Interface {name} is for management only and is never changed by a ticket"))
}

pub(crate) fn protected(name: &InterfaceName) -> Problem {
    Problem(format!("Interface {name} is protected and is never changed by a ticket"))
}

/// Every VLAN that the request names.
#[must_use]
pub fn named_vlans(settings: &RequestedSettings) -> Vec<VlanId> {
    match &settings.mode {
        Some(ModeRequest::Access { vlan }) => vec![*vlan],
        Some(ModeRequest::Trunk { native, allowed }) => {
            let listed = match allowed {
                AllowedVlans::All(_) => Vec::new(),
                AllowedVlans::Only(vlans) => vlans.iter().copied().collect(),
            };
            let mut all: Vec<VlanId> = native.iter().copied().chain(listed).collect();
            all.dedup();
            all
        }
        Some(ModeRequest::L3 { .. }) | None => Vec::new(),
    }
}
