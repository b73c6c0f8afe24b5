//! Writes of interfaces: what is taken, what is refused, and in which words.

use serde_json::{Value, json};

use super::fields::{self, Errors};
use super::model::{Interface, Object, Vlan, World};
use super::render::MODES;

/// Applies a partial update to a copy of the row. Keys that are not known are ignored. `mgmt_only` protects nothing.
pub(super) fn prepare(world: &World, id: u64, body: &Object) -> Result<Interface, Value> {
    let Some(mut row) = world.interfaces.get(&id).cloned() else {
        return Err(json!({}));
    };
    let mut errors = Errors::default();
    take_plain_fields(&mut row, body, &mut errors);
    if let Some(untagged) = fields::vlan(world, body, "untagged_vlan", &mut errors) {
        row.untagged_vlan = untagged;
    }
    if let Some(tagged) = fields::vlans(world, body, "tagged_vlans", &mut errors) {
        row.tagged_vlans = tagged;
    }
    let custom = take_custom_fields(world, &mut row, body, &mut errors);
    errors.check()?;
    let mut errors = Errors::default();
    for message in custom {
        errors.add("__all__", message);
    }
    consistent(world, &row, &mut errors);
    errors.check()?;
    Ok(row)
}

fn take_plain_fields(row: &mut Interface, body: &Object, errors: &mut Errors) {
    if let Some(enabled) = fields::boolean(body, "enabled", errors) {
        row.enabled = enabled;
    }
    if let Some(mgmt_only) = fields::boolean(body, "mgmt_only", errors) {
        row.mgmt_only = mgmt_only;
    }
    if let Some(mtu) = fields::integer(body, "mtu", (1, 65536), errors) {
        row.mtu = mtu.and_then(|mtu| u32::try_from(mtu).ok());
    }
    if let Some(description) = fields::text(body, "description", 200, errors) {
        row.description = description;
    }
    match body.get("mode") {
        None => {}
        // Null is kept as an empty text, which snapshots show.
        Some(Value::Null) => row.mode = Some(String::new()),
        Some(Value::String(mode)) if mode.is_empty() || MODES.iter().any(|(value, _)| value == mode) => {
            row.mode = Some(mode.clone());
        }
        Some(Value::Object(_) | Value::Array(_)) => {
            let message =
                "Value must be passed directly (e.g. \"foo\": 123); do not use a dictionary or list.";
            errors.add("mode", message);
        }
        Some(other) => {
            let shown = other.as_str().map_or_else(|| fields::python(other), str::to_owned);
            errors.add("mode", format!("{shown} is not a valid choice."));
        }
    }
}

/// Takes custom fields; the messages returned belong to the second round of checks.
fn take_custom_fields(world: &World, row: &mut Interface, body: &Object, errors: &mut Errors) -> Vec<String> {
    let mut later = Vec::new();
    let fields = match body.get("custom_fields") {
        None => return later,
        Some(Value::Object(fields)) => fields,
        Some(Value::Null) => {
            errors.add("custom_fields", "This field may not be null.");
            return later;
        }
        Some(_) => {
            let message = "Invalid data format. Custom field data must be passed as a dictionary mapping field names to their values.";
            errors.put("custom_fields", json!([message]));
            return later;
        }
    };
    let mut unknown = Object::new();
    for (name, value) in fields {
        let Some(kind) = world.custom_field(name) else {
            let message = format!("Custom field '{name}' does not exist for this object type.");
            unknown.insert(name.clone(), json!(message));
            continue;
        };
        let (fits, expected) = match kind {
            "integer" => (value.is_i64(), "an integer"),
            "boolean" => (value.is_boolean(), "true or false"),
            _ => (value.is_string(), "a string"),
        };
        if !fits && !value.is_null() {
            later.push(format!("Invalid value for custom field '{name}': Value must be {expected}."));
        }
        row.custom_fields.insert(name.clone(), value.clone());
    }
    if !unknown.is_empty() {
        errors.put("custom_fields", Value::Object(unknown));
    }
    later
}

/// Mode and VLANs must fit each other, VLANs the device's site.
fn consistent(world: &World, row: &Interface, errors: &mut Errors) {
    let site = world.devices.get(&row.device).map(|device| device.site);
    let foreign = |vlan: &&Vlan| vlan.site.is_some() && vlan.site != site;
    for vlan in row.tagged_vlans.iter().filter_map(|id| world.vlans.get(id)).filter(foreign) {
        let message = format!(
            "VLAN {} must belong to the same site as the interface's parent device, or it must be global.",
            vlan.display()
        );
        errors.add("tagged_vlans", message);
    }
    if row.mode().is_none() && row.untagged_vlan.is_some() {
        errors.add("untagged_vlan", "Interface mode does not support untagged vlan");
    }
    if matches!(row.mode(), None | Some("access" | "tagged-all")) && !row.tagged_vlans.is_empty() {
        errors.add("tagged_vlans", "Interface mode does not support tagged vlans");
    }
    if let Some(vlan) = row.untagged_vlan.and_then(|id| world.vlans.get(&id)).filter(foreign) {
        let message = format!(
            "The untagged VLAN ({}) must belong to the same site as the interface's parent device, or it must be global.",
            vlan.display()
        );
        errors.add("untagged_vlan", message);
    }
}
