//! `dcim.Device`.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

use super::choice::{self, Choice};
use super::null_as_default;
use crate::id::{DeviceId, IpAddressId, SiteId};

/// A device.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Device {
    /// Row id.
    pub id: DeviceId,
    /// Name; NetBox allows devices without one.
    #[serde(default)]
    pub name: Option<String>,
    /// Where it stands.
    pub site: SiteRef,
    /// `active`, `offline`, `planned`, …
    #[serde(default, deserialize_with = "choice::optional")]
    pub status: Option<Choice>,
    /// The address it is managed at, IPv4.
    #[serde(default)]
    pub primary_ip4: Option<PrimaryIp>,
    /// The address it is managed at, IPv6.
    #[serde(default)]
    pub primary_ip6: Option<PrimaryIp>,
    /// The preferred one of the two.
    #[serde(default)]
    pub primary_ip: Option<PrimaryIp>,
    /// Time of the last write, RFC 3339.
    #[serde(default)]
    pub last_updated: Option<String>,
    /// Description.
    #[serde(default, deserialize_with = "null_as_default")]
    pub description: String,
}

impl Device {
    /// The host address it is managed at: IPv4 before IPv6.
    #[must_use]
    pub fn management_ip(&self) -> Option<IpAddr> {
        [&self.primary_ip4, &self.primary_ip, &self.primary_ip6]
            .into_iter()
            .flatten()
            .next()
            .map(|primary| primary.address.addr())
    }
}

/// A device, as other objects name it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct DeviceRef {
    /// Row id.
    pub id: DeviceId,
    /// Name, if it has one.
    #[serde(default)]
    pub name: Option<String>,
}

/// A site, as other objects name it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SiteRef {
    /// Row id.
    pub id: SiteId,
    /// Name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// Short name as used in URLs.
    #[serde(default, deserialize_with = "null_as_default")]
    pub slug: String,
}

/// A device's address of management.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct PrimaryIp {
    /// Row id.
    pub id: IpAddressId,
    /// Address with the length of its prefix, e.g. `127.0.0.1/8`.
    pub address: IpNet,
}
