//! Writes of IP addresses. Moving one from another interface raises no conflict.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::fields::{self, Errors};
use super::model::{Address, Object, Saved, World};

/// Makes a new row of a body; its id and times come later.
pub(super) fn prepare_new(world: &World, body: &Object, saved: Saved) -> Result<Address, Value> {
    if !body.contains_key("address") {
        return Err(json!({"address": ["This field is required."]}));
    }
    let address = IpNet::from(IpAddr::from([0, 0, 0, 0]));
    let (description, dns_name) = (String::new(), String::new());
    apply(world, Address { id: 0, address, interface: None, description, dns_name, saved }, body)
}

/// Applies a partial update to a copy of the row.
pub(super) fn prepare(world: &World, id: u64, body: &Object) -> Result<Address, Value> {
    let Some(row) = world.addresses.get(&id).cloned() else {
        return Err(json!({}));
    };
    apply(world, row, body)
}

fn apply(world: &World, mut row: Address, body: &Object) -> Result<Address, Value> {
    let mut errors = Errors::default();
    let before = row.interface;
    match body.get("address") {
        None => {}
        Some(Value::Null) => errors.add("address", "This field may not be null."),
        Some(Value::String(text)) if text.is_empty() => errors.add("address", "This field may not be blank."),
        Some(other) => {
            let text = other.as_str().map_or_else(|| fields::python(other), str::to_owned);
            match parse(&text) {
                Some(address) if address.prefix_len() == 0 => {
                    errors.add("address", "Cannot create IP address with /0 mask.");
                }
                Some(address) => row.address = address,
                None => errors.add("address", format!("Invalid IP address format: {text}")),
            }
        }
    }
    if let Some(description) = fields::text(body, "description", 200, &mut errors) {
        row.description = description;
    }
    if let Some(dns_name) = fields::text(body, "dns_name", 255, &mut errors) {
        row.dns_name = dns_name.to_lowercase();
    }
    take_holder(world, &mut row, body, &mut errors);
    errors.check()?;
    let mut errors = Errors::default();
    check(world, &row, before, &mut errors);
    errors.check()?;
    Ok(row)
}

/// Without a mask it is a host's; a mask may be a length or, for IPv4, four numbers. No white space, no leading zeros.
fn parse(text: &str) -> Option<IpNet> {
    let (host, mask) = text.split_once('/').map_or((text, None), |(host, mask)| (host, Some(mask)));
    let host: IpAddr = host.parse().ok()?;
    let length = match mask {
        None => return Some(IpNet::from(host)),
        Some(mask) => mask.parse().ok().or_else(|| {
            let mask = mask.parse::<Ipv4Addr>().ok().filter(|_| host.is_ipv4())?;
            ipnet::ip_mask_to_prefix(IpAddr::V4(mask)).ok()
        })?,
    };
    IpNet::new(host, length).ok()
}

fn take_holder(world: &World, row: &mut Address, body: &Object, errors: &mut Errors) {
    let current = row.interface;
    let object_type = match body.get("assigned_object_type") {
        None => current.map(|_| "dcim.interface"),
        Some(Value::Null) => None,
        Some(Value::String(object_type)) if object_type == "dcim.interface" => Some("dcim.interface"),
        Some(other) => {
            let shown = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            errors.add("assigned_object_type", format!("Invalid content type: {shown}"));
            return;
        }
    };
    let id = match body.get("assigned_object_id") {
        None => current,
        Some(Value::Null) => None,
        Some(value) => match value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()) {
            Some(id) => Some(id),
            None => return errors.add("assigned_object_id", "A valid integer is required."),
        },
    };
    match (object_type, id) {
        (None, None) => row.interface = None,
        (None, Some(_)) => errors.add("assigned_object_type", "This field cannot be null."),
        (Some(_), None) => errors.add("assigned_object_id", "This field cannot be null."),
        (Some(_), Some(id)) if world.interfaces.contains_key(&id) => row.interface = Some(id),
        (Some(_), Some(id)) => {
            let message = format!("Related object not found using the provided value: {id}.");
            errors.add("assigned_object_id", message);
        }
    }
}

fn check(world: &World, row: &Address, before: Option<u64>, errors: &mut Errors) {
    let same = |other: &&Address| other.id != row.id && other.address.addr() == row.address.addr();
    if let Some(other) = world.addresses.values().find(same) {
        errors.add("address", format!("Duplicate IP address found in global table: {}", other.address));
    }
    let host = row.address.addr();
    let spacious = row.address.max_prefix_len() - row.address.prefix_len() > 1;
    if row.interface.is_some() && spacious && row.address.network() == host {
        let message = format!("{host} is a network ID, which may not be assigned to an interface.");
        errors.add("__all__", message);
    }
    if row.interface.is_some() && spacious && host.is_ipv4() && row.address.broadcast() == host {
        let message = format!("{host} is a broadcast address, which may not be assigned to an interface.");
        errors.add("__all__", message);
    }
    let primary = world.devices.values().any(|device| device.primary_ip4 == Some(row.id));
    let device = |interface: Option<u64>| Some(world.interfaces.get(&interface?)?.device);
    if primary && device(before) != device(row.interface) {
        errors.add(
            "__all__",
            "Cannot reassign IP address while it is designated as the primary IP for the parent object",
        );
    }
}
