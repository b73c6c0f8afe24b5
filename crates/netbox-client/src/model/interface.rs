//! `dcim.Interface`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::choice::{self, Choice};
use super::device::DeviceRef;
use super::null_as_default;
use super::vlan::VlanRef;
use crate::etag::ETag;
use crate::id::{InterfaceId, VlanId};

/// An interface.
///
/// ```json
/// {"id": 5, "name": "GigabitEthernet1/0/5", "device": {"id": 1, "name": "c9300"}, "enabled": true, "mtu": 2000, "mgmt_only": false,
///  "mode": {"value": "access", "label": "Access"}, "untagged_vlan": {"id": 2, "vid": 100, "name": "Wireless AP"}, "tagged_vlans": [],
///  "description": "…", "custom_fields": {"change_ticket_number": null}, "last_updated": "2026-11-24T02:15:21.254544Z"}
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Interface {
    /// Row id.
    pub id: InterfaceId,
    /// Name, with the case the device uses.
    pub name: String,
    /// The device it belongs to.
    pub device: DeviceRef,
    /// Whether it is administratively up. A reply without it is an error, not a guess.
    pub enabled: bool,
    /// Only for management. NetBox protects such an interface from nothing: the caller must.
    pub mgmt_only: bool,
    /// Bytes.
    #[serde(default)]
    pub mtu: Option<u32>,
    /// Description.
    #[serde(default, deserialize_with = "null_as_default")]
    pub description: String,
    /// 802.1Q mode; `None` for an interface that is no switchport.
    #[serde(default, deserialize_with = "choice::optional")]
    pub mode: Option<InterfaceMode>,
    /// Access VLAN, or native VLAN of a trunk.
    #[serde(default)]
    pub untagged_vlan: Option<VlanRef>,
    /// VLANs of a trunk; empty in mode `tagged-all`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub tagged_vlans: Vec<VlanRef>,
    /// `1000base-t`, `virtual`, `lag`, …
    #[serde(default, rename = "type", deserialize_with = "choice::optional")]
    pub kind: Option<Choice>,
    /// Custom fields by name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub custom_fields: Map<String, Value>,
    /// How many addresses are assigned to it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub count_ipaddresses: u32,
    /// Time of the last write, RFC 3339. Does not move when an address is assigned.
    #[serde(default)]
    pub last_updated: Option<String>,
    /// The tag that came with it, see [`Interface::etag`].
    #[serde(skip)]
    pub(crate) received_etag: Option<ETag>,
}

impl Interface {
    /// Its tag for a conditional write: the one it came with, else the one that `last_updated` gives.
    #[must_use]
    pub fn etag(&self) -> Option<ETag> {
        self.received_etag.clone().or_else(|| ETag::from_last_updated(self.last_updated.as_deref()?))
    }

    /// A custom field that holds text; `None` where it is missing, `null` or empty.
    #[must_use]
    pub fn custom_text(&self, name: &str) -> Option<&str> {
        self.custom_fields.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Row ids of the tagged VLANs, sorted.
    #[must_use]
    pub fn tagged_vlan_ids(&self) -> Vec<VlanId> {
        let mut ids: Vec<_> = self.tagged_vlans.iter().map(|vlan| vlan.id).collect();
        ids.sort_unstable();
        ids
    }
}

/// 802.1Q mode.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InterfaceMode {
    /// One untagged VLAN.
    Access,
    /// A trunk with a list of VLANs.
    Tagged,
    /// A trunk with every VLAN.
    TaggedAll,
    /// 802.1ad (4.2 and later).
    QInQ,
    /// A mode this crate does not know.
    Other(String),
}

impl InterfaceMode {
    /// NetBox's value: `access`, `tagged`, `tagged-all`, `q-in-q`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Access => "access",
            Self::Tagged => "tagged",
            Self::TaggedAll => "tagged-all",
            Self::QInQ => "q-in-q",
            Self::Other(mode) => mode,
        }
    }
}

impl From<Choice> for InterfaceMode {
    fn from(choice: Choice) -> Self {
        match choice.0.as_str() {
            "access" => Self::Access,
            "tagged" => Self::Tagged,
            "tagged-all" => Self::TaggedAll,
            "q-in-q" => Self::QInQ,
            _ => Self::Other(choice.0),
        }
    }
}

impl Serialize for InterfaceMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for InterfaceMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Choice::deserialize(deserializer).map(Self::from)
    }
}
