//! What may be written: only what is set goes out, and clearing is said explicitly.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::id::{InterfaceId, VlanId};
use crate::model::{Interface, InterfaceMode, JournalKind};

/// What to do with a field that may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Field<T> {
    /// Leave it as it is: it is not sent.
    #[default]
    Keep,
    /// Empty it: `null` is sent.
    Clear,
    /// Set it.
    Set(T),
}

impl<T> Field<T> {
    /// Whether it is left alone.
    #[must_use]
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// `None` for a field that is left alone, else what it shall hold.
    #[must_use]
    pub fn wanted(&self) -> Option<Option<&T>> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }
}

/// `Some` sets, `None` clears.
impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.wanted().flatten().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

/// A partial update of an interface. Its JSON form is the body that is sent, so it can be stored and sent later.
///
/// ```
/// use netbox_client::{Field, InterfaceMode, InterfacePatch, VlanId};
/// let patch = InterfacePatch {
///     mode: Field::Set(InterfaceMode::Access),
///     untagged_vlan: Field::Set(VlanId(2)),
///     tagged_vlans: Some(vec![]),
///     mtu: Field::Clear,
///     ..InterfacePatch::default()
/// };
/// let body = serde_json::to_value(&patch).unwrap();
/// assert_eq!(body, serde_json::json!({"mode": "access", "untagged_vlan": 2, "tagged_vlans": [], "mtu": null}));
/// ```
///
/// NetBox refuses a mode that does not fit the VLANs which are left: a change of mode names `untagged_vlan` and `tagged_vlans` too.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterfacePatch {
    /// Administratively up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Description, at most 200 characters; empty removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Bytes, 1 to 65536.
    #[serde(default, skip_serializing_if = "Field::is_keep")]
    pub mtu: Field<u32>,
    /// 802.1Q mode.
    #[serde(default, skip_serializing_if = "Field::is_keep")]
    pub mode: Field<InterfaceMode>,
    /// Access or native VLAN, by row id.
    #[serde(default, skip_serializing_if = "Field::is_keep")]
    pub untagged_vlan: Field<VlanId>,
    /// All tagged VLANs, by row id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tagged_vlans: Option<Vec<VlanId>>,
    /// Custom fields to change, by name; `null` clears one. Values must have the field's type: text is a string.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_fields: BTreeMap<String, Value>,
    /// Kept in the change log by 4.4 and later, ignored by others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changelog_message: Option<String>,
}

impl InterfacePatch {
    /// Sets a custom field: a text, number, flag, date or choice. One that refers to objects is read otherwise than it is written, so
    /// that [`Self::unmet`] and [`Self::inverse`] do not fit it.
    #[must_use]
    pub fn custom_field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.custom_fields.insert(name.into(), value.into());
        self
    }

    /// Sets the message for the change log.
    #[must_use]
    pub fn changelog_message(mut self, message: impl Into<String>) -> Self {
        self.changelog_message = Some(message.into());
        self
    }

    /// The patch that puts every field that this one touches back to what `before` has, without a message.
    #[must_use]
    pub fn inverse(&self, before: &Interface) -> Self {
        let previous = |name: &String| before.custom_fields.get(name).cloned().unwrap_or(Value::Null);
        Self {
            enabled: self.enabled.map(|_| before.enabled),
            description: self.description.as_ref().map(|_| before.description.clone()),
            mtu: back(&self.mtu, before.mtu),
            mode: back(&self.mode, before.mode.clone()),
            untagged_vlan: back(&self.untagged_vlan, before.untagged_vlan.as_ref().map(|vlan| vlan.id)),
            tagged_vlans: self.tagged_vlans.as_ref().map(|_| before.tagged_vlan_ids()),
            custom_fields: self.custom_fields.keys().map(|name| (name.clone(), previous(name))).collect(),
            changelog_message: None,
        }
    }

    /// Names of the fields that `interface` does not have as this patch wants them.
    ///
    /// Empty after a write that took everything. NetBox ignores what it does not know with a 200, so look.
    #[must_use]
    pub fn unmet(&self, interface: &Interface) -> Vec<String> {
        let mut unmet = Vec::new();
        let mut check = |met: bool, name: &str| {
            if !met {
                unmet.push(name.to_owned());
            }
        };
        check(self.enabled.is_none_or(|wanted| wanted == interface.enabled), "enabled");
        // NetBox takes the white space around a text away.
        let described = |wanted: &String| wanted.trim() == interface.description.trim();
        check(self.description.as_ref().is_none_or(described), "description");
        check(meets(&self.mtu, interface.mtu.as_ref()), "mtu");
        check(meets(&self.mode, interface.mode.as_ref()), "mode");
        let untagged = interface.untagged_vlan.as_ref().map(|vlan| &vlan.id);
        check(meets(&self.untagged_vlan, untagged), "untagged_vlan");
        let tagged = self.tagged_vlans.as_ref().is_none_or(|wanted| {
            let mut wanted = wanted.clone();
            wanted.sort_unstable();
            wanted.dedup();
            wanted == interface.tagged_vlan_ids()
        });
        check(tagged, "tagged_vlans");
        for (name, wanted) in &self.custom_fields {
            let held = interface.custom_fields.get(name).unwrap_or(&Value::Null);
            check(held == wanted, &format!("custom_fields.{name}"));
        }
        unmet
    }
}

fn back<T>(field: &Field<T>, before: Option<T>) -> Field<T> {
    if field.is_keep() { Field::Keep } else { before.into() }
}

fn meets<T: PartialEq>(field: &Field<T>, held: Option<&T>) -> bool {
    field.wanted().is_none_or(|wanted| wanted == held)
}

/// A new IP address.
#[derive(Debug, Clone, PartialEq)]
pub struct NewIpAddress {
    /// Host address with the length of its prefix.
    pub address: IpNet,
    /// The interface that shall hold it.
    pub interface: Option<InterfaceId>,
    /// Description.
    pub description: String,
    /// Kept in the change log by 4.4 and later.
    pub changelog_message: Option<String>,
}

impl NewIpAddress {
    /// An address that nothing holds yet.
    #[must_use]
    pub fn new(address: IpNet) -> Self {
        Self { address, interface: None, description: String::new(), changelog_message: None }
    }

    /// On this interface.
    #[must_use]
    pub fn on(mut self, interface: InterfaceId) -> Self {
        self.interface = Some(interface);
        self
    }

    /// With this description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// With this message for the change log.
    #[must_use]
    pub fn changelog_message(mut self, message: impl Into<String>) -> Self {
        self.changelog_message = Some(message.into());
        self
    }
}

/// A partial update of an IP address.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IpAddressPatch {
    /// The interface that shall hold it. NetBox moves an address from another interface without a word: look first.
    pub interface: Field<InterfaceId>,
    /// Description.
    pub description: Option<String>,
    /// Kept in the change log by 4.4 and later.
    pub changelog_message: Option<String>,
}

/// A new journal entry of an interface.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJournalEntry {
    /// The interface.
    pub interface: InterfaceId,
    /// Its colour.
    pub kind: JournalKind,
    /// The text, markdown.
    pub comments: String,
}
