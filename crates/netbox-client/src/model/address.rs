//! `ipam.IPAddress`.

use ipnet::IpNet;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::choice::{self, Choice};
use super::device::DeviceRef;
use super::null_as_default;
use crate::etag::ETag;
use crate::id::{InterfaceId, IpAddressId};

/// The `assigned_object_type` of an address on an interface of a device.
pub(crate) const INTERFACE_TYPE: &str = "dcim.interface";

/// An IP address.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct IpAddress {
    /// Row id.
    pub id: IpAddressId,
    /// Host address with the length of its prefix, e.g. `10.10.10.1/24`.
    pub address: IpNet,
    /// `dcim.interface`, `virtualization.vminterface`, `ipam.fhrpgroup`; `None` while it is not assigned.
    #[serde(default)]
    pub assigned_object_type: Option<String>,
    /// Row id of what it is assigned to.
    #[serde(default)]
    pub assigned_object_id: Option<u64>,
    /// What it is assigned to.
    #[serde(default)]
    pub assigned_object: Option<AssignedObject>,
    /// The VRF it lives in; `None` for the global table. Equal addresses in two VRFs do not collide.
    #[serde(default)]
    pub vrf: Option<Value>,
    /// `active`, `reserved`, `dhcp`, …
    #[serde(default, deserialize_with = "choice::optional")]
    pub status: Option<Choice>,
    /// `loopback`, `anycast`, `vip`, …
    #[serde(default, deserialize_with = "choice::optional")]
    pub role: Option<Choice>,
    /// Description.
    #[serde(default, deserialize_with = "null_as_default")]
    pub description: String,
    /// Custom fields by name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub custom_fields: Map<String, Value>,
    /// Time of the last write, RFC 3339.
    #[serde(default)]
    pub last_updated: Option<String>,
    /// The tag that came with it, see [`IpAddress::etag`].
    #[serde(skip)]
    pub(crate) received_etag: Option<ETag>,
}

impl IpAddress {
    /// The device's interface that holds it.
    #[must_use]
    pub fn interface_id(&self) -> Option<InterfaceId> {
        (self.assigned_object_type.as_deref() == Some(INTERFACE_TYPE))
            .then_some(self.assigned_object_id)
            .flatten()
            .map(InterfaceId)
    }

    /// The device that holds it.
    #[must_use]
    pub fn device(&self) -> Option<&DeviceRef> {
        self.interface_id()?;
        self.assigned_object.as_ref()?.device.as_ref()
    }

    /// Its tag for a conditional write: the one it came with, else the one that `last_updated` gives.
    #[must_use]
    pub fn etag(&self) -> Option<ETag> {
        self.received_etag.clone().or_else(|| ETag::from_last_updated(self.last_updated.as_deref()?))
    }
}

/// What an address is assigned to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct AssignedObject {
    /// Row id.
    pub id: u64,
    /// Name; an FHRP group has none.
    #[serde(default)]
    pub name: Option<String>,
    /// The device of an interface.
    #[serde(default)]
    pub device: Option<DeviceRef>,
}
