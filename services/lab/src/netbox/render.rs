//! Rows as the API shows them. `base` goes in front of every URL: the server's own for answers, nothing for webhooks.

use ipnet::IpNet;
use serde_json::{Value, json};

use super::model::{Address, Device, Interface, Object, Prefix, Saved, Site, Table, Vlan, World, stamp};

/// Shows one row in full.
pub(super) fn row(world: &World, table: Table, id: u64, base: &str) -> Option<Object> {
    let mut shown = match table {
        Table::Devices => device(world, world.devices.get(&id)?, base),
        Table::Interfaces => interface(world, world.interfaces.get(&id)?, base),
        Table::Vlans => vlan(world, world.vlans.get(&id)?, base),
        Table::Addresses => address(world, world.addresses.get(&id)?, base),
        Table::Prefixes => prefix(world, world.prefixes.get(&id)?, base),
        Table::Changes => world.changes.get(&id)?.clone(),
        Table::Journal | Table::Webhooks | Table::EventRules | Table::CustomFields => {
            super::extras::show(world, table, id, base)?
        }
    };
    links(&mut shown, table, id, base);
    Some(shown)
}

/// Row ids of a table, in the order of its list.
pub(super) fn ids(world: &World, table: Table) -> Vec<u64> {
    match table {
        Table::Devices => world.devices.keys().copied().collect(),
        Table::Interfaces => world.interfaces.keys().copied().collect(),
        Table::Vlans => world.vlans.keys().copied().collect(),
        Table::Addresses => world.addresses.keys().copied().collect(),
        Table::Prefixes => world.prefixes.keys().copied().collect(),
        Table::Changes => world.changes.keys().rev().copied().collect(),
        Table::Journal => {
            let mut ids: Vec<_> = world.documents(table).map(|(id, _)| id).collect();
            ids.reverse();
            ids
        }
        Table::Webhooks | Table::EventRules | Table::CustomFields => {
            world.documents(table).map(|(id, _)| id).collect()
        }
    }
}

/// The short form in which a row appears within others and with `brief=true`.
pub(super) fn brief(world: &World, table: Table, id: u64, base: &str) -> Option<Object> {
    let mut shown = match table {
        Table::Devices => object(json!({"name": world.devices.get(&id)?.name, "description": ""})),
        Table::Interfaces => {
            let row = world.interfaces.get(&id)?;
            object(json!({"device": brief(world, Table::Devices, row.device, base), "name": row.name,
                "description": row.description, "cable": null, "_occupied": false}))
        }
        Table::Vlans => {
            let row = world.vlans.get(&id)?;
            object(json!({"vid": row.vid, "name": row.name, "description": ""}))
        }
        Table::Addresses => {
            let row = world.addresses.get(&id)?;
            object(
                json!({"family": family(&row.address), "address": row.address.to_string(), "nat_inside": null,
                "nat_outside": [], "dns_name": row.dns_name, "description": row.description}),
            )
        }
        Table::Prefixes
        | Table::Journal
        | Table::Webhooks
        | Table::EventRules
        | Table::CustomFields
        | Table::Changes => {
            let mut full = row(world, table, id, base)?;
            full.retain(|key, _| {
                matches!(key.as_str(), "name" | "description" | "prefix" | "family" | "display")
            });
            full
        }
    };
    shown.insert("id".to_owned(), json!(id));
    shown.insert("url".to_owned(), json!(format!("{base}{}{id}/", table.path())));
    shown.entry("display").or_insert_with(|| json!(display(world, table, id)));
    Some(shown)
}

/// The row in words.
pub(super) fn display(world: &World, table: Table, id: u64) -> String {
    match table {
        Table::Devices => world.devices.get(&id).map(|row| row.name.clone()),
        Table::Interfaces => world.interfaces.get(&id).map(|row| row.name.clone()),
        Table::Vlans => world.vlans.get(&id).map(Vlan::display),
        Table::Addresses => world.addresses.get(&id).map(|row| row.address.to_string()),
        Table::Prefixes => world.prefixes.get(&id).map(|row| row.prefix.to_string()),
        Table::Journal | Table::Webhooks | Table::EventRules | Table::CustomFields | Table::Changes => None,
    }
    .unwrap_or_else(|| {
        let document = world.documents.get(&(table, id));
        let name = document.and_then(|document| document.get("name")).and_then(Value::as_str);
        name.map_or_else(|| format!("{} {id}", table.model()), str::to_owned)
    })
}

fn links(shown: &mut Object, table: Table, id: u64, base: &str) {
    let page = table.path().trim_start_matches("/api").replace("object-changes", "changelog");
    shown.insert("id".to_owned(), json!(id));
    shown.insert("url".to_owned(), json!(format!("{base}{}{id}/", table.path())));
    shown.insert("display_url".to_owned(), json!(format!("{base}{page}{id}/")));
}

/// What the lab's devices never have.
const DEVICE_NULLS: [&str; 20] = [
    "platform",
    "asset_tag",
    "location",
    "rack",
    "position",
    "face",
    "latitude",
    "longitude",
    "parent_device",
    "airflow",
    "cooling_method",
    "primary_ip6",
    "oob_ip",
    "cluster",
    "virtual_chassis",
    "vc_position",
    "vc_priority",
    "owner",
    "config_template",
    "local_context_data",
];
const DEVICE_ZEROS: [&str; 11] = [
    "console_port_count",
    "console_server_port_count",
    "power_port_count",
    "power_outlet_count",
    "cooling_intake_count",
    "cooling_outflow_count",
    "front_port_count",
    "rear_port_count",
    "device_bay_count",
    "module_bay_count",
    "inventory_item_count",
];

/// What the lab's interfaces never have.
const INTERFACE_NULLS: [&str; 29] = [
    "module",
    "channels",
    "channel_id",
    "parent",
    "bridge",
    "lag",
    "mac_address",
    "primary_mac_address",
    "speed",
    "duplex",
    "wwn",
    "rf_role",
    "rf_channel",
    "poe_mode",
    "poe_type",
    "rf_channel_frequency",
    "rf_channel_width",
    "tx_power",
    "qinq_svlan",
    "vlan_translation_policy",
    "cable",
    "cable_end",
    "wireless_link",
    "link_peers_type",
    "vrf",
    "l2vpn_termination",
    "connected_endpoints",
    "connected_endpoints_type",
    "owner",
];
const INTERFACE_LISTS: [&str; 6] =
    ["vdcs", "bridge_interfaces", "mac_addresses", "link_peers", "wireless_lans", "tags"];

pub(super) fn fill(shown: &mut Object, keys: &[&str], value: &Value) {
    for key in keys {
        shown.insert((*key).to_owned(), value.clone());
    }
}

pub(super) fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

fn times(shown: &mut Object, saved: Saved) {
    shown.insert("created".to_owned(), json!(stamp(saved.created)));
    shown.insert("last_updated".to_owned(), json!(stamp(saved.last_updated)));
}

fn site(site: Option<&Site>, base: &str) -> Value {
    site.map_or(Value::Null, |site| {
        json!({"id": site.id, "url": format!("{base}/api/dcim/sites/{}/", site.id), "display": site.name, "name": site.name,
            "slug": site.slug, "description": ""})
    })
}

fn family(address: &IpNet) -> Value {
    match address {
        IpNet::V4(_) => json!({"value": 4, "label": "IPv4"}),
        IpNet::V6(_) => json!({"value": 6, "label": "IPv6"}),
    }
}

/// A fixed related object of the lab: all its devices are of one type, role and tenant.
fn fixed(base: &str, path: &str, name: &str, slug: &str) -> Value {
    json!({"id": 1, "url": format!("{base}/api/{path}/1/"), "display": name, "name": name, "slug": slug, "description": ""})
}

fn tenant(base: &str) -> Value {
    fixed(base, "tenancy/tenants", "Developers", "developers")
}

fn device(world: &World, row: &Device, base: &str) -> Object {
    let primary = row.primary_ip4.and_then(|id| brief(world, Table::Addresses, id, base));
    let manufacturer = fixed(base, "dcim/manufacturers", "Cisco", "cisco");
    let device_type = json!({"id": 1, "url": format!("{base}/api/dcim/device-types/1/"), "display": "C9300-24T",
        "manufacturer": manufacturer, "model": "C9300-24T", "slug": "c9300-24t", "description": "", "device_count": world.devices.len()});
    let count = world.interfaces.values().filter(|interface| interface.device == row.id).count();
    let mut shown = object(json!({
        "display": row.name, "name": row.name, "device_type": device_type,
        "role": fixed(base, "dcim/device-roles", "Access Switch", "access-switch"), "tenant": tenant(base),
        "serial": "", "site": site(world.sites.get(&row.site), base), "status": {"value": "active", "label": "Active"},
        "primary_ip": primary, "primary_ip4": primary, "description": "", "comments": "", "config_context": {}, "tags": [],
        "custom_fields": {}, "interface_count": count,
    }));
    fill(&mut shown, &DEVICE_NULLS, &Value::Null);
    fill(&mut shown, &DEVICE_ZEROS, &json!(0));
    times(&mut shown, row.saved);
    shown
}

/// An interface's modes, with their labels.
pub(super) const MODES: [(&str, &str); 4] = [
    ("access", "Access"),
    ("tagged", "Tagged"),
    ("tagged-all", "Tagged (All)"),
    ("q-in-q", "Q-in-Q (802.1ad)"),
];

/// All custom fields, also those that were never set.
fn custom_fields(world: &World, set: &Object) -> Object {
    let value = |name: &String| set.get(name).cloned().unwrap_or(Value::Null);
    world.custom_field_names().into_iter().map(|name| (name.clone(), value(&name))).collect()
}

fn interface(world: &World, row: &Interface, base: &str) -> Object {
    let label = |mode: &str| MODES.iter().find(|(value, _)| *value == mode).map(|(_, label)| *label);
    let mode = row.mode().map(|mode| json!({"value": mode, "label": label(mode)}));
    let vlan = |id: u64| brief(world, Table::Vlans, id, base);
    let tagged: Vec<_> = row.tagged_vlans.iter().filter_map(|id| vlan(*id)).collect();
    let addresses = world.addresses.values().filter(|address| address.interface == Some(row.id)).count();
    let mut shown = object(json!({
        "display": row.name, "device": brief(world, Table::Devices, row.device, base), "name": row.name, "label": "",
        "type": {"value": "1000base-t", "label": "1000BASE-T (1GE)"}, "enabled": row.enabled, "mtu": row.mtu,
        "mgmt_only": row.mgmt_only, "description": row.description, "mode": mode,
        "untagged_vlan": row.untagged_vlan.and_then(vlan), "tagged_vlans": tagged, "mark_connected": false,
        "connected_endpoints_reachable": false, "custom_fields": custom_fields(world, &row.custom_fields),
        "count_ipaddresses": addresses, "count_fhrp_groups": 0, "_occupied": false,
    }));
    fill(&mut shown, &INTERFACE_NULLS, &Value::Null);
    fill(&mut shown, &INTERFACE_LISTS, &json!([]));
    times(&mut shown, row.saved);
    shown
}

fn vlan(world: &World, row: &Vlan, base: &str) -> Object {
    let site_row = row.site.and_then(|id| world.sites.get(&id));
    let mut shown = object(json!({
        "display": row.display(), "site": site(site_row, base), "group": null, "vid": row.vid, "name": row.name,
        "tenant": tenant(base), "status": {"value": "active", "label": "Active"}, "role": null, "description": "", "qinq_role": null,
        "qinq_svlan": null, "owner": null, "comments": "", "l2vpn_termination": null, "tags": [], "custom_fields": {},
        "prefix_count": 0,
    }));
    times(&mut shown, row.saved);
    shown
}

fn address(world: &World, row: &Address, base: &str) -> Object {
    let assigned = row.interface.and_then(|id| brief(world, Table::Interfaces, id, base));
    let assigned_type = row.interface.map(|_| "dcim.interface");
    let mut shown = object(json!({
        "display": row.address.to_string(), "family": family(&row.address), "address": row.address.to_string(), "vrf": null,
        "tenant": null, "status": {"value": "active", "label": "Active"}, "role": null, "assigned_object_type": assigned_type,
        "assigned_object_id": row.interface, "assigned_object": assigned, "nat_inside": null, "nat_outside": [],
        "dns_name": row.dns_name, "description": row.description, "owner": null, "comments": "", "tags": [], "custom_fields": {},
    }));
    times(&mut shown, row.saved);
    shown
}

fn prefix(world: &World, row: &Prefix, base: &str) -> Object {
    let scope = row.site.and_then(|id| world.sites.get(&id));
    let mut shown = object(json!({
        "display": row.prefix.to_string(), "family": family(&row.prefix), "prefix": row.prefix.to_string(), "vrf": null,
        "scope_type": scope.map(|_| "dcim.site"), "scope_id": row.site, "scope": site(scope, base), "tenant": null, "vlan": null,
        "status": {"value": "active", "label": "Active"}, "role": fixed(base, "ipam/roles", "Developer Networks", "developer-networks"),
        "is_pool": false, "mark_utilized": false, "description": row.description, "owner": null, "comments": "", "tags": [],
        "custom_fields": {}, "children": 0, "_depth": 0,
    }));
    times(&mut shown, row.saved);
    shown
}
