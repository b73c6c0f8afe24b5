//! VLAN ids and the sets of them that a trunk carries.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A VLAN id (IEEE 802.1Q tag), 1 to 4094.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct VlanId(u16);

impl VlanId {
    /// Makes a VLAN id.
    ///
    /// # Errors
    /// When `id` is outside 1 to 4094.
    pub fn new(id: u16) -> Result<Self, VlanIdError> {
        if (1..=4094).contains(&id) { Ok(Self(id)) } else { Err(VlanIdError(id.to_string())) }
    }

    /// The tag as a number, 1 to 4094.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

/// A text or number that is no VLAN id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("VLAN {0:?} is not a number from 1 to 4094")]
pub struct VlanIdError(String);

impl TryFrom<u16> for VlanId {
    type Error = VlanIdError;

    fn try_from(id: u16) -> Result<Self, Self::Error> {
        Self::new(id)
    }
}

impl From<VlanId> for u16 {
    fn from(id: VlanId) -> Self {
        id.0
    }
}

impl FromStr for VlanId {
    type Err = VlanIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let id = digits.then(|| text.parse::<u16>().ok()).flatten();
        id.and_then(|id| Self::new(id).ok()).ok_or_else(|| VlanIdError(text.to_owned()))
    }
}

impl fmt::Display for VlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The VLANs a trunk carries: every one, or exactly those listed.
///
/// As JSON: `"all"` or `[200, 300]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AllowedVlans {
    /// Exactly these, in order. Never empty when it comes from a ticket.
    Only(BTreeSet<VlanId>),
    /// Every VLAN, 1 to 4094.
    All(AllVlans),
}

impl AllowedVlans {
    /// Every VLAN.
    pub const ALL: Self = Self::All(AllVlans::All);

    /// Exactly the given VLANs.
    pub fn only(vlans: impl IntoIterator<Item = VlanId>) -> Self {
        Self::Only(vlans.into_iter().collect())
    }

    /// Reads Cisco's list: `all`, `none`, or ids and ranges such as `10,20-29`. White space around items is ignored.
    ///
    /// # Errors
    /// Names the item that is no VLAN id, or a range that runs backwards.
    pub fn parse_list(text: &str) -> Result<Self, VlanIdError> {
        match text.trim() {
            "all" => return Ok(Self::ALL),
            "none" | "" => return Ok(Self::only([])),
            _ => {}
        }
        let mut vlans = BTreeSet::new();
        for item in text.split(',') {
            let item = item.trim();
            let (from, to) = item.split_once('-').unwrap_or((item, item));
            let (from, to): (VlanId, VlanId) = (from.trim().parse()?, to.trim().parse()?);
            if from > to {
                return Err(VlanIdError(item.to_owned()));
            }
            vlans.extend((from.0..=to.0).map(VlanId));
        }
        if vlans.len() == 4094 {
            return Ok(Self::ALL);
        }
        Ok(Self::Only(vlans))
    }

    /// Writes Cisco's canonical list: sorted, runs of three or more collapsed, no spaces; `all` and `none` as words.
    #[must_use]
    pub fn to_list(&self) -> String {
        let Self::Only(vlans) = self else {
            return "all".to_owned();
        };
        if vlans.is_empty() {
            return "none".to_owned();
        }
        let mut runs: Vec<(u16, u16)> = Vec::new();
        for vlan in vlans {
            match runs.last_mut() {
                Some((_, end)) if *end + 1 == vlan.0 => *end = vlan.0,
                _ => runs.push((vlan.0, vlan.0)),
            }
        }
        let items = runs.into_iter().map(|(start, end)| match end - start {
            0 => start.to_string(),
            1 => format!("{start},{end}"),
            _ => format!("{start}-{end}"),
        });
        items.collect::<Vec<_>>().join(",")
    }
}

impl fmt::Display for AllowedVlans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_list())
    }
}

/// The word `"all"`, for [`AllowedVlans`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AllVlans {
    /// `all`
    All,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_is_one_to_4094_in_plain_digits() {
        for good in ["1", "100", "4094"] {
            assert_eq!(good.parse::<VlanId>().unwrap().to_string(), good);
        }
        for bad in ["", "0", "4095", "-1", "+1", "1 ", "ten", "65537", "1.0"] {
            assert!(bad.parse::<VlanId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_list_is_read_and_written_in_canonical_form() {
        let list = AllowedVlans::parse_list("300, 200,10-12,13").unwrap();
        assert_eq!(list.to_list(), "10-13,200,300");
        assert_eq!(AllowedVlans::parse_list("1-4094").unwrap(), AllowedVlans::ALL);
        assert!(AllowedVlans::parse_list("20-10").is_err());
        assert!(AllowedVlans::parse_list("10,abc").is_err());
    }

    proptest! {
        #[test]
        fn a_written_list_reads_back_equal(ids in proptest::collection::btree_set(1u16..=4094, 0..60)) {
            let list = AllowedVlans::only(ids.into_iter().map(|id| VlanId::new(id).unwrap()));
            prop_assert_eq!(AllowedVlans::parse_list(&list.to_list()).unwrap(), list);
        }
    }
}
