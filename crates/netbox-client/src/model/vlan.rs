//! `ipam.VLAN`.

use serde::Deserialize;

use super::choice::{self, Choice};
use super::device::SiteRef;
use super::null_as_default;
use crate::id::VlanId;

/// A VLAN. Its tag `vid` is not unique: two sites may use the same number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Vlan {
    /// Row id.
    pub id: VlanId,
    /// Tag, 1 to 4094.
    pub vid: u16,
    /// Name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// The site it belongs to; `None` for one that is global, or bound by its group only.
    #[serde(default)]
    pub site: Option<SiteRef>,
    /// `active`, `reserved`, `deprecated`, …
    #[serde(default, deserialize_with = "choice::optional")]
    pub status: Option<Choice>,
    /// Description.
    #[serde(default, deserialize_with = "null_as_default")]
    pub description: String,
}

/// A VLAN, as interfaces name it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct VlanRef {
    /// Row id.
    pub id: VlanId,
    /// Tag, 1 to 4094.
    pub vid: u16,
    /// Name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
}
