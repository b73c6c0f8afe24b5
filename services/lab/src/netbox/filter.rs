//! Query filters. One that is not known is ignored without a word, so a misspelt one returns everything.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::model::{Object, Table, World};

/// Query parameters by name.
pub(super) type Query = BTreeMap<String, Vec<String>>;

/// What a filter says of a row.
enum Verdict {
    /// It is no filter of this table.
    Ignored,
    Is(bool),
}

/// A filter that names a related object which does not exist, or holds what is no number, time or UUID where one should be, is a 400 and no
/// empty list. An empty one is ignored, unless it is a row id.
pub(super) fn refuse(world: &World, table: Table, query: &Query) -> Option<Value> {
    let mut errors = Object::new();
    for (key, values) in query {
        for value in values {
            if let Some((key, message)) = misshapen(table, key, value) {
                errors.insert(key.to_owned(), json!([message]));
                continue;
            }
            let known = match (table, key.as_str()) {
                (Table::Interfaces, "device") => world.devices.values().any(|device| device.name == *value),
                (Table::Interfaces, "device_id") | (Table::Vlans, "available_on_device") => {
                    holds(&world.devices, value)
                }
                (Table::Vlans, "site_id") => value == "null" || holds(&world.sites, value),
                (Table::Addresses, "interface_id") => holds(&world.interfaces, value),
                _ => true,
            };
            if !known {
                let shown = if key == "available_on_device" { "That choice" } else { value };
                let message = format!("Select a valid choice. {shown} is not one of the available choices.");
                errors.insert(key.clone(), json!([message]));
            }
        }
    }
    (!errors.is_empty()).then_some(Value::Object(errors))
}

/// What is wrong with the form of a value, and under which name it is told.
fn misshapen<'a>(table: Table, key: &'a str, value: &str) -> Option<(&'a str, String)> {
    let number = value.parse::<i64>().is_ok();
    match (table, key) {
        (Table::Vlans, "site_id") if value == "null" => None,
        (Table::Interfaces, "device_id") | (Table::Addresses, "interface_id") | (Table::Vlans, "site_id")
            if !number =>
        {
            Some((key, format!("\u{201c}{value}\u{201d} is not a valid value.")))
        }
        _ if value.is_empty() => None,
        (Table::Interfaces, "mtu") | (Table::Vlans, "vid") | (Table::Changes, "changed_object_id")
            if !number =>
        {
            Some((key, "Enter a whole number.".to_owned()))
        }
        (Table::Changes, "request_id") if uuid::Uuid::try_parse(value).is_err() => {
            Some((key, "Enter a valid UUID.".to_owned()))
        }
        (Table::Changes, "time_after" | "time_before") if time(value).is_none() => {
            Some(("time", "Enter a valid date/time.".to_owned()))
        }
        (_, "last_updated__gte" | "last_updated__gt") if time(value).is_none() => {
            Some((key, "Enter a valid date/time.".to_owned()))
        }
        _ => None,
    }
}

fn holds<T>(rows: &BTreeMap<u64, T>, id: &str) -> bool {
    id.parse().is_ok_and(|id| rows.contains_key(&id))
}

/// Whether a row passes all filters; values of one filter are alternatives.
pub(super) fn passes(world: &World, table: Table, row: &Object, query: &Query) -> bool {
    query.iter().all(|(key, values)| {
        let verdicts = values.iter().map(|value| judge(world, table, row, (key, value)));
        verdicts.into_iter().any(|verdict| matches!(verdict, Verdict::Ignored | Verdict::Is(true)))
    })
}

fn judge(world: &World, table: Table, row: &Object, (key, value): (&str, &str)) -> Verdict {
    if value.is_empty() {
        return Verdict::Ignored;
    }
    let verdict = match table {
        Table::Interfaces => interface(world, row, key, value),
        Table::Vlans => vlan(world, row, key, value),
        Table::Addresses => address(row, key, value),
        Table::Prefixes => prefix(row, key, value),
        Table::Changes => change(row, key, value),
        Table::Journal => choice(row, key, value, &["assigned_object_type", "assigned_object_id", "kind"]),
        // Names of devices are compared without regard to case, those of interfaces with it.
        Table::Devices => (key == "name").then(|| field(row, "name").eq_ignore_ascii_case(value)),
        Table::Webhooks | Table::EventRules | Table::CustomFields => None,
    };
    match verdict.or_else(|| common(row, key, value)) {
        Some(passes) => Verdict::Is(passes),
        None => Verdict::Ignored,
    }
}

/// A value as a filter compares it: choices by value, numbers as text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(object) => object.get("value").map(text).unwrap_or_default(),
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

fn field(row: &Object, path: &str) -> String {
    let mut parts = path.split('.');
    let first = parts.next().and_then(|part| row.get(part));
    text(parts.fold(first, |value, part| value?.get(part)).unwrap_or(&Value::Null))
}

fn choice(row: &Object, key: &str, value: &str, keys: &[&str]) -> Option<bool> {
    keys.contains(&key).then(|| field(row, key) == value)
}

fn common(row: &Object, key: &str, value: &str) -> Option<bool> {
    match key {
        "id" => Some(field(row, "id") == value),
        "name" => row.contains_key("name").then(|| field(row, "name") == value),
        "name__ie" => Some(field(row, "name").eq_ignore_ascii_case(value)),
        "name__ic" => Some(field(row, "name").to_lowercase().contains(&value.to_lowercase())),
        "description" => Some(field(row, "description") == value),
        "last_updated__gte" | "last_updated__gt" => {
            let (at, since) = (time(&field(row, "last_updated"))?, time(value)?);
            Some(at > since || (key == "last_updated__gte" && at == since))
        }
        _ => None,
    }
}

/// A time; one without a zone is UTC, one without an hour midnight.
fn time(text: &str) -> Option<Timestamp> {
    let without_zone = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| Some(without_zone()?.timestamp()))
}

fn boolean(value: &str) -> Option<bool> {
    match value.to_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A custom field with loose filter logic is searched for a part of its value and has no further lookups.
fn custom_field(world: &World, row: &Object, name: &str, value: &str) -> Option<bool> {
    let held = |name: &str| row.get("custom_fields").and_then(|fields| fields.get(name)).map(text);
    let loose = |name: &str| {
        let field =
            world.documents(Table::CustomFields).find(|(_, field)| field.get("name") == Some(&json!(name)));
        field.is_none_or(|(_, field)| field.get("filter_logic") != Some(&json!("exact")))
    };
    match name.strip_suffix("__empty") {
        Some(name) if loose(name) => None,
        Some(name) => {
            let held = held(name)?;
            Some((held == "null" || held.is_empty()) == boolean(value)?)
        }
        None if loose(name) => Some(held(name)?.to_lowercase().contains(&value.to_lowercase())),
        None => Some(held(name)? == value),
    }
}

fn interface(world: &World, row: &Object, key: &str, value: &str) -> Option<bool> {
    if let Some(name) = key.strip_prefix("cf_") {
        return custom_field(world, row, name, value);
    }
    match key {
        "device" => Some(field(row, "device.name") == value),
        "device_id" => Some(field(row, "device.id") == value),
        "mgmt_only" | "enabled" => Some(field(row, key) == boolean(value)?.to_string()),
        "mode" | "type" | "mtu" => Some(field(row, key) == value),
        "vlan" => {
            let tagged = row.get("tagged_vlans").and_then(Value::as_array);
            let any = tagged.is_some_and(|vlans| vlans.iter().any(|vlan| text(&vlan["vid"]) == value));
            Some(any || field(row, "untagged_vlan.vid") == value)
        }
        _ => None,
    }
}

fn vlan(world: &World, row: &Object, key: &str, value: &str) -> Option<bool> {
    match key {
        "vid" => Some(field(row, "vid") == value),
        "site_id" => Some(field(row, "site.id") == value),
        "site" => Some(field(row, "site.slug") == value),
        "available_on_device" => {
            let site = world.devices.get(&value.parse().ok()?)?.site;
            let own = field(row, "site.id");
            Some(own == "null" || own == site.to_string())
        }
        _ => None,
    }
}

fn address(row: &Object, key: &str, value: &str) -> Option<bool> {
    let held: IpNet = field(row, "address").parse().ok()?;
    match key {
        // The mask is part of the match, if one is given.
        "address" => match value.parse::<IpNet>() {
            Ok(wanted) => Some(wanted == held),
            Err(_) => Some(value.parse::<IpAddr>().is_ok_and(|wanted| wanted == held.addr())),
        },
        "parent" => Some(value.parse::<IpNet>().is_ok_and(|parent| parent.trunc().contains(&held.addr()))),
        "interface_id" => {
            let on_interface = field(row, "assigned_object_type") == "dcim.interface";
            Some(on_interface && field(row, "assigned_object_id") == value)
        }
        "interface" => Some(field(row, "assigned_object.name") == value),
        "device" => Some(field(row, "assigned_object.device.name") == value),
        "device_id" => Some(field(row, "assigned_object.device.id") == value),
        "family" | "status" | "dns_name" => Some(field(row, key) == value),
        "assigned_to_interface" => Some((field(row, "assigned_object_id") != "null") == boolean(value)?),
        _ => None,
    }
}

fn prefix(row: &Object, key: &str, value: &str) -> Option<bool> {
    let held: IpNet = field(row, "prefix").parse().ok()?;
    match key {
        "prefix" => Some(value.parse::<IpNet>().is_ok_and(|wanted| wanted == held)),
        "contains" => match value.parse::<IpNet>() {
            Ok(wanted) => Some(held.contains(&wanted)),
            Err(_) => Some(value.parse::<IpAddr>().is_ok_and(|wanted| held.contains(&wanted))),
        },
        "family" | "scope_id" | "scope_type" => Some(field(row, key) == value),
        _ => None,
    }
}

fn change(row: &Object, key: &str, value: &str) -> Option<bool> {
    match key {
        "time_after" => Some(time(&field(row, "time"))? >= time(value)?),
        "time_before" => Some(time(&field(row, "time"))? <= time(value)?),
        "user" => Some(field(row, "user_name") == value),
        _ => choice(
            row,
            key,
            value,
            &["changed_object_type", "changed_object_id", "request_id", "action", "user_name"],
        ),
    }
}
