//! The rows of the stand-in's database.

use std::collections::BTreeMap;

use ipnet::IpNet;
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// A kind of object, which is a table here and a path in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Table {
    Devices,
    Interfaces,
    Vlans,
    Addresses,
    Prefixes,
    Journal,
    Webhooks,
    EventRules,
    CustomFields,
    Changes,
}

impl Table {
    pub(super) const ALL: [Self; 10] = [
        Self::Devices,
        Self::Interfaces,
        Self::Vlans,
        Self::Addresses,
        Self::Prefixes,
        Self::Journal,
        Self::Webhooks,
        Self::EventRules,
        Self::CustomFields,
        Self::Changes,
    ];

    /// Path of its list.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Devices => "/api/dcim/devices/",
            Self::Interfaces => "/api/dcim/interfaces/",
            Self::Vlans => "/api/ipam/vlans/",
            Self::Addresses => "/api/ipam/ip-addresses/",
            Self::Prefixes => "/api/ipam/prefixes/",
            Self::Journal => "/api/extras/journal-entries/",
            Self::Webhooks => "/api/extras/webhooks/",
            Self::EventRules => "/api/extras/event-rules/",
            Self::CustomFields => "/api/extras/custom-fields/",
            Self::Changes => "/api/core/object-changes/",
        }
    }

    /// Its model, as in "No Interface matches the given query."
    pub(super) fn model(self) -> &'static str {
        match self {
            Self::Devices => "Device",
            Self::Interfaces => "Interface",
            Self::Vlans => "VLAN",
            Self::Addresses => "IPAddress",
            Self::Prefixes => "Prefix",
            Self::Journal => "JournalEntry",
            Self::Webhooks => "Webhook",
            Self::EventRules => "EventRule",
            Self::CustomFields => "CustomField",
            Self::Changes => "ObjectChange",
        }
    }

    /// Its content type, as in `changed_object_type`.
    pub(super) fn object_type(self) -> String {
        let app = match self {
            Self::Devices | Self::Interfaces => "dcim",
            Self::Vlans | Self::Addresses | Self::Prefixes => "ipam",
            Self::Journal | Self::Webhooks | Self::EventRules | Self::CustomFields => "extras",
            Self::Changes => "core",
        };
        format!("{app}.{}", self.model().to_lowercase())
    }
}

#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) id: u64,
    pub(super) name: &'static str,
    pub(super) slug: &'static str,
}

#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) site: u64,
    pub(super) primary_ip4: Option<u64>,
    pub(super) saved: Saved,
}

#[derive(Debug, Clone)]
pub(super) struct Interface {
    pub(super) id: u64,
    pub(super) device: u64,
    pub(super) name: String,
    pub(super) enabled: bool,
    pub(super) mgmt_only: bool,
    pub(super) mtu: Option<u32>,
    pub(super) description: String,
    /// `Some("")` once it was cleared: shown as null, but kept as an empty text in snapshots.
    pub(super) mode: Option<String>,
    pub(super) untagged_vlan: Option<u64>,
    pub(super) tagged_vlans: Vec<u64>,
    pub(super) custom_fields: Object,
    pub(super) saved: Saved,
}

impl Interface {
    pub(super) fn mode(&self) -> Option<&str> {
        self.mode.as_deref().filter(|mode| !mode.is_empty())
    }
}

#[derive(Debug, Clone)]
pub(super) struct Vlan {
    pub(super) id: u64,
    pub(super) vid: u16,
    pub(super) name: &'static str,
    pub(super) site: Option<u64>,
    pub(super) saved: Saved,
}

impl Vlan {
    pub(super) fn display(&self) -> String {
        format!("{} ({})", self.name, self.vid)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) id: u64,
    pub(super) address: IpNet,
    pub(super) interface: Option<u64>,
    pub(super) description: String,
    pub(super) dns_name: String,
    pub(super) saved: Saved,
}

#[derive(Debug, Clone)]
pub(super) struct Prefix {
    pub(super) prefix: IpNet,
    pub(super) site: Option<u64>,
    pub(super) description: &'static str,
    pub(super) saved: Saved,
}

/// When a row was made and last written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Saved {
    pub(super) created: Timestamp,
    pub(super) last_updated: Timestamp,
}

impl Saved {
    pub(super) fn etag(self) -> String {
        format!("W/\"{}+00:00\"", self.last_updated.strftime("%Y-%m-%dT%H:%M:%S%.6f"))
    }
}

/// A time as the API writes it.
pub(super) fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Everything the stand-in knows.
#[derive(Debug)]
pub(super) struct World {
    pub(super) sites: BTreeMap<u64, Site>,
    pub(super) devices: BTreeMap<u64, Device>,
    pub(super) interfaces: BTreeMap<u64, Interface>,
    pub(super) vlans: BTreeMap<u64, Vlan>,
    pub(super) addresses: BTreeMap<u64, Address>,
    pub(super) prefixes: BTreeMap<u64, Prefix>,
    /// Journal entries, webhooks, event rules and custom fields, as the API shows them, without URLs.
    pub(super) documents: BTreeMap<(Table, u64), Object>,
    /// The change log by id, which is by time.
    pub(super) changes: BTreeMap<u64, Object>,
    /// Webhooks to be sent, in order.
    pub(super) outbox: Vec<super::hooks::Delivery>,
    last_tick: Timestamp,
    last_ids: BTreeMap<Table, u64>,
}

impl World {
    pub(super) fn empty() -> Self {
        Self {
            sites: BTreeMap::new(),
            devices: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            vlans: BTreeMap::new(),
            addresses: BTreeMap::new(),
            prefixes: BTreeMap::new(),
            documents: BTreeMap::new(),
            changes: BTreeMap::new(),
            outbox: Vec::new(),
            last_tick: Timestamp::UNIX_EPOCH,
            last_ids: BTreeMap::new(),
        }
    }

    /// The time, in whole microseconds, never the same twice: two writes never have the same tag.
    pub(super) fn tick(&mut self) -> Timestamp {
        let micros = Timestamp::now().as_microsecond();
        let now = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
        let next = self.last_tick.saturating_add(1.microsecond()).unwrap_or(now);
        self.last_tick = now.max(next);
        self.last_tick
    }

    /// Times of a new row.
    pub(super) fn saved(&mut self) -> Saved {
        let now = self.tick();
        Saved { created: now, last_updated: now }
    }

    /// An id that no row of the table ever had.
    pub(super) fn next_id(&mut self, table: Table) -> u64 {
        let id = self.last_ids.entry(table).or_default();
        *id += 1;
        *id
    }

    pub(super) fn documents(&self, table: Table) -> impl Iterator<Item = (u64, &Object)> {
        self.documents.range((table, 0)..=(table, u64::MAX)).map(|((_, id), document)| (*id, document))
    }

    /// The custom field's type, e.g. `text`.
    pub(super) fn custom_field(&self, name: &str) -> Option<&str> {
        let named = |(_, field): &(u64, &Object)| field.get("name").and_then(Value::as_str) == Some(name);
        let (_, field) = self.documents(Table::CustomFields).find(named)?;
        field.get("type")?.as_str()
    }

    /// Names of all custom fields.
    pub(super) fn custom_field_names(&self) -> Vec<String> {
        let name = |(_, field): (u64, &Object)| field.get("name").and_then(Value::as_str).map(str::to_owned);
        self.documents(Table::CustomFields).filter_map(name).collect()
    }
}
