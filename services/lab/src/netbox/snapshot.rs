//! Rows as the change log and webhooks keep them: related objects by id, choices by value, custom fields as they were set.

use serde_json::{Value, json};

use super::model::{Address, Interface, Object, Table, World};
use super::render::{fill, object};

/// What the lab's interfaces never have.
const SNAPSHOT_NULLS: [&str; 29] = [
    "owner",
    "_location",
    "_rack",
    "module",
    "cable",
    "cable_end",
    "cable_connector",
    "cable_positions",
    "_path",
    "parent",
    "bridge",
    "qinq_svlan",
    "vlan_translation_policy",
    "primary_mac_address",
    "lag",
    "channels",
    "channel_id",
    "speed",
    "duplex",
    "wwn",
    "rf_role",
    "rf_channel",
    "rf_channel_frequency",
    "rf_channel_width",
    "tx_power",
    "poe_mode",
    "poe_type",
    "wireless_link",
    "vrf",
];

/// The snapshot of a row; `None` for tables that nobody writes.
pub(super) fn of(world: &World, table: Table, id: u64) -> Option<Object> {
    match table {
        Table::Interfaces => world.interfaces.get(&id).map(|row| interface_snapshot(world, row)),
        Table::Addresses => world.addresses.get(&id).map(address_snapshot),
        Table::Journal | Table::Webhooks | Table::EventRules | Table::CustomFields => {
            world.documents.get(&(table, id)).cloned()
        }
        Table::Devices | Table::Vlans | Table::Prefixes | Table::Changes => None,
    }
}

fn interface_snapshot(world: &World, row: &Interface) -> Object {
    let mut kept = object(json!({
        "created": row.saved.created.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(), "device": row.device, "name": row.name,
        "label": "", "description": row.description, "_site": world.devices.get(&row.device).map(|device| device.site),
        "mark_connected": false, "enabled": row.enabled, "mtu": row.mtu, "mode": row.mode, "untagged_vlan": row.untagged_vlan,
        "_name": row.name, "type": "1000base-t", "mgmt_only": row.mgmt_only, "tagged_vlans": row.tagged_vlans,
        "vdcs": [], "wireless_lans": [], "custom_fields": row.custom_fields, "tags": [],
    }));
    fill(&mut kept, &SNAPSHOT_NULLS, &Value::Null);
    kept
}

fn address_snapshot(row: &Address) -> Object {
    object(json!({
        "created": row.saved.created.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(), "description": row.description, "comments": "",
        "address": row.address.to_string(), "vrf": null, "tenant": null, "status": "active", "role": null,
        "assigned_object_type": row.interface.map(|_| "dcim.interface"), "assigned_object_id": row.interface, "nat_inside": null,
        "dns_name": row.dns_name, "custom_fields": {}, "tags": [],
    }))
}
