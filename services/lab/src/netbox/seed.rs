//! What the stand-in knows at first: the lab's two sites, in agreement with the configuration that the switch starts with.

use serde_json::{Value, json};

use super::model::{Address, Device, Interface, Object, Prefix, Saved, Site, Table, Vlan, World};

/// The custom field that carries the ticket number.
pub(super) const TICKET_FIELD: &str = "change_ticket_number";
/// Name of the event rule and of its webhook.
const RULE: &str = "netchange";

const LAB: u64 = 1;
const BRANCH: u64 = 2;

const VLANS: [(u16, &str, Option<u64>); 11] = [
    (1, "default", Some(LAB)),
    (100, "Wireless AP", Some(LAB)),
    (200, "Users", Some(LAB)),
    (300, "Voice", Some(LAB)),
    (99, "Native", Some(LAB)),
    (210, "Printers", Some(LAB)),
    (220, "Cameras", Some(LAB)),
    (230, "Building", Some(LAB)),
    (100, "Branch office", Some(BRANCH)),
    (200, "Branch printers", Some(BRANCH)),
    (666, "Quarantine", None),
];

/// One port of the first device: description, mode, untagged and tagged VLANs by tag.
type Port = (&'static str, Option<&'static str>, Option<u16>, &'static [u16]);

fn port(number: u8) -> Port {
    match number {
        1 => ("Uplink to the core", Some("tagged-all"), Some(99), &[]),
        2 => ("Desk 2", Some("access"), Some(200), &[]),
        3 => ("Desk 3", Some("access"), Some(200), &[]),
        4 => ("Desk 4", Some("access"), Some(200), &[]),
        6 => ("Printer by the door", Some("access"), Some(210), &[]),
        7 => ("Camera 1", Some("access"), Some(220), &[]),
        8 => ("Camera 2", Some("access"), Some(220), &[]),
        9 => ("Building controls", Some("access"), Some(230), &[]),
        10 => ("Access switch, second floor", Some("tagged"), Some(99), &[100, 200, 300]),
        20 => ("Link to the lab router", None, None, &[]),
        _ => ("", None, None, &[]),
    }
}

/// Builds the world: devices with so many ports, webhooks that go to `{orchestrator_url}/netbox`.
pub(super) fn world(orchestrator_url: &str, secret: &str, ports: u8) -> World {
    let mut world = World::empty();
    for (id, name, slug) in [(LAB, "Lab", "lab"), (BRANCH, "Branch", "branch")] {
        world.sites.insert(id, Site { id, name, slug });
    }
    for (vid, name, site) in VLANS {
        let (id, saved) = (world.next_id(Table::Vlans), world.saved());
        world.vlans.insert(id, Vlan { id, vid, name, site, saved });
    }
    for (name, site) in [("c9300", LAB), ("c9300-b", BRANCH)] {
        device(&mut world, (name, site), ports);
    }
    for (prefix, site) in [("10.10.10.0/24", LAB), ("10.20.20.0/24", BRANCH)] {
        let (id, saved) = (world.next_id(Table::Prefixes), world.saved());
        if let Ok(prefix) = prefix.parse() {
            let description = "Developer networks";
            world.prefixes.insert(id, Prefix { prefix, site: Some(site), description, saved });
        }
    }
    let given = [("127.0.0.1/8", "c9300", "0/0"), ("127.0.0.2/8", "c9300-b", "0/0")];
    let routed = [("10.10.10.1/24", "c9300", "1/0/20"), ("10.20.20.1/24", "c9300-b", "1/0/20")];
    for (text, device, port) in given.into_iter().chain(routed) {
        address(&mut world, text, device, port);
    }
    for device in world.devices.values_mut() {
        device.primary_ip4 = Some(device.id);
    }
    setup(&mut world, orchestrator_url, secret);
    world
}

fn device(world: &mut World, (name, site): (&str, u64), ports: u8) {
    let (id, saved) = (world.next_id(Table::Devices), world.saved());
    world.devices.insert(id, Device { id, name: name.to_owned(), site, primary_ip4: None, saved });
    for number in 1..=ports {
        let (description, mode, untagged, tagged) = if site == LAB { port(number) } else { port(0) };
        let (row, saved) = (world.next_id(Table::Interfaces), world.saved());
        let vlan = |vid: u16| {
            let here = |vlan: &&Vlan| vlan.vid == vid && vlan.site == Some(site);
            world.vlans.values().find(here).map(|vlan| vlan.id)
        };
        let interface = Interface {
            enabled: site != LAB || !matches!(number, 23 | 24),
            mtu: (site == LAB && number == 9).then_some(1500),
            description: description.to_owned(),
            mode: mode.map(str::to_owned),
            untagged_vlan: untagged.and_then(vlan),
            tagged_vlans: tagged.iter().copied().filter_map(vlan).collect(),
            ..plain(row, id, format!("GigabitEthernet1/0/{number}"), saved)
        };
        world.interfaces.insert(row, interface);
    }
    let (row, saved) = (world.next_id(Table::Interfaces), world.saved());
    let management = Interface {
        mgmt_only: true,
        description: "Management".to_owned(),
        ..plain(row, id, "GigabitEthernet0/0".to_owned(), saved)
    };
    world.interfaces.insert(row, management);
}

fn plain(id: u64, device: u64, name: String, saved: Saved) -> Interface {
    Interface {
        id,
        device,
        name,
        enabled: true,
        mgmt_only: false,
        mtu: None,
        description: String::new(),
        mode: None,
        untagged_vlan: None,
        tagged_vlans: Vec::new(),
        custom_fields: Object::new(),
        saved,
    }
}

fn address(world: &mut World, text: &str, device: &str, port: &str) {
    let name = format!("GigabitEthernet{port}");
    let on_device = |id: u64| world.devices.get(&id).is_some_and(|row| row.name == device);
    let holder = world.interfaces.values().find(|row| row.name == name && on_device(row.device));
    let interface = holder.map(|row| row.id);
    let (id, saved) = (world.next_id(Table::Addresses), world.saved());
    if let Ok(address) = text.parse() {
        let (description, dns_name) = (String::new(), String::new());
        world.addresses.insert(id, Address { id, address, interface, description, dns_name, saved });
    }
}

/// The custom field, webhook and event rule that `netchange setup netbox` would make.
fn setup(world: &mut World, orchestrator_url: &str, secret: &str) {
    let url = format!("{}/netbox", orchestrator_url.trim_end_matches('/'));
    let field = json!({"name": TICKET_FIELD, "label": "Change ticket number", "type": "text", "object_types": ["dcim.interface"],
        "required": false, "filter_logic": "exact", "description": "The change ticket that last asked for a change of this interface"});
    let hook = json!({"name": RULE, "payload_url": url, "http_method": "POST", "http_content_type": "application/json",
        "body_template": "", "secret": secret, "ssl_verification": false});
    let rule = json!({"name": RULE, "enabled": true, "object_types": ["dcim.interface"], "event_types": ["object_updated"],
        "conditions": ticket_condition(), "action_type": "webhook", "action_object_type": "extras.webhook", "action_object_id": 1});
    for (table, document) in
        [(Table::CustomFields, field), (Table::Webhooks, hook), (Table::EventRules, rule)]
    {
        let Ok(mut document) = super::extras::prepare(world, table, None, &super::render::object(document))
        else {
            continue;
        };
        let (id, saved) = (world.next_id(table), world.saved());
        super::extras::stamp_document(&mut document, id, saved);
        world.documents.insert((table, id), document);
    }
}

/// "The ticket field changed and is not null."
pub(super) fn ticket_condition() -> Value {
    let attr = format!("custom_fields.{TICKET_FIELD}");
    json!({"and": [{"attr": attr, "op": "changed"}, {"attr": attr, "value": null, "negate": true}]})
}
