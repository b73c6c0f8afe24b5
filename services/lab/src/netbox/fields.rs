//! The checks that NetBox makes of single fields, with its words.

use serde_json::{Value, json};

use super::model::{Object, World};

/// The errors of one write, by field.
#[derive(Debug, Default)]
pub(super) struct Errors(Object);

impl Errors {
    pub(super) fn add(&mut self, field: &str, message: impl Into<String>) {
        let message = Value::String(message.into());
        match self.0.entry(field.to_owned()).or_insert_with(|| json!([])) {
            Value::Array(messages) => messages.push(message),
            other => *other = json!([message]),
        }
    }

    pub(super) fn put(&mut self, field: &str, value: Value) {
        self.0.insert(field.to_owned(), value);
    }

    /// `Err` with the body of a 400 if there are any.
    pub(super) fn check(self) -> Result<(), Value> {
        if self.0.is_empty() { Ok(()) } else { Err(Value::Object(self.0)) }
    }
}

/// The name that Python has for a value's type.
pub(super) fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// Takes a boolean field, if the body has it.
pub(super) fn boolean(body: &Object, field: &str, errors: &mut Errors) -> Option<bool> {
    let value = body.get(field)?;
    let taken = match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => match text.to_lowercase().as_str() {
            "true" | "t" | "1" | "yes" | "y" | "on" => Some(true),
            "false" | "f" | "0" | "no" | "n" | "off" => Some(false),
            _ => None,
        },
        Value::Number(number) if number.as_u64() == Some(1) => Some(true),
        Value::Number(number) if number.as_u64() == Some(0) => Some(false),
        _ => None,
    };
    if taken.is_none() {
        let null = value.is_null();
        errors.add(field, if null { "This field may not be null." } else { "Must be a valid boolean." });
    }
    taken
}

/// Takes a text field, if the body has it. White space around it goes, as NetBox has it.
pub(super) fn text(body: &Object, field: &str, most: usize, errors: &mut Errors) -> Option<String> {
    let text = match body.get(field)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null => {
            errors.add(field, "This field may not be null.");
            return None;
        }
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            errors.add(field, "Not a valid string.");
            return None;
        }
    };
    if text.contains('\0') {
        errors.add(field, "Null characters are not allowed.");
    } else if text.chars().count() > most {
        errors.add(field, format!("Ensure this field has no more than {most} characters."));
    } else {
        return Some(text);
    }
    None
}

/// Takes an integer field that may be null, if the body has it.
pub(super) fn integer(
    body: &Object,
    field: &str,
    range: (i64, i64),
    errors: &mut Errors,
) -> Option<Option<i64>> {
    let number = match body.get(field)? {
        Value::Null => return Some(None),
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => without_point(text).parse().ok(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    match number {
        None => errors.add(field, "A valid integer is required."),
        Some(number) if number < range.0 => {
            errors.add(field, format!("Ensure this value is greater than or equal to {}.", range.0));
        }
        Some(number) if number > range.1 => {
            errors.add(field, format!("Ensure this value is less than or equal to {}.", range.1));
        }
        Some(number) => return Some(Some(number)),
    }
    None
}

/// `1500.0` is 1500; one that is out of an integer's range is still a number.
fn whole(number: f64) -> Option<i64> {
    let text = number.to_string();
    let beyond = (number.fract() == 0.0).then_some(if number < 0.0 { i64::MIN } else { i64::MAX });
    text.parse().ok().or(beyond)
}

/// `1500.0` and `1500.` as `1500`.
fn without_point(text: &str) -> &str {
    let text = text.trim();
    match text.split_once('.') {
        Some((number, zeros)) if zeros.bytes().all(|byte| byte == b'0') => number,
        _ => text,
    }
}

/// A row id as Python's `int()` takes it: `true` is 1.
fn row_id(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(flag) => Some(i64::from(*flag)),
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Takes a VLAN by row id or by attributes, if the body has the field.
pub(super) fn vlan(world: &World, body: &Object, field: &str, errors: &mut Errors) -> Option<Option<u64>> {
    let value = body.get(field)?;
    if value.is_null() {
        return Some(None);
    }
    if let Value::Object(attributes) = value {
        return vlan_by_attributes(world, attributes, field, errors).map(Some);
    }
    let known = |id: i64| u64::try_from(id).ok().filter(|id| world.vlans.contains_key(id));
    match row_id(value).map(|id| (id, known(id))) {
        Some((_, Some(id))) => return Some(Some(id)),
        Some((id, None)) => {
            errors.add(field, format!("Related object not found using the provided numeric ID: {id}"));
        }
        None => errors.add(
            field,
            format!(
                "Related objects must be referenced by numeric ID or by dictionary of attributes. Received an unrecognized value: {}",
                value.as_str().map_or_else(|| value.to_string(), str::to_owned)
            ),
        ),
    }
    None
}

fn vlan_by_attributes(world: &World, attributes: &Object, field: &str, errors: &mut Errors) -> Option<u64> {
    let fits = |name: &str, wanted: &Value, row: &super::model::Vlan| match name {
        "id" => *wanted == json!(row.id),
        "vid" => *wanted == json!(row.vid),
        "name" => *wanted == json!(row.name),
        "site" => *wanted == json!(row.site),
        _ => false,
    };
    let mut found = world
        .vlans
        .values()
        .filter(|row| attributes.iter().all(|(name, wanted)| fits(name, wanted, row)))
        .map(|row| row.id);
    let shown: Vec<_> =
        attributes.iter().map(|(name, value)| format!("'{name}': {}", python(value))).collect();
    let shown = format!("{{{}}}", shown.join(", "));
    match (found.next(), found.next()) {
        (Some(id), None) => Some(id),
        (Some(_), Some(_)) => {
            errors.add(field, format!("Multiple objects match the provided attributes: {shown}"));
            None
        }
        (None, _) => {
            errors.add(field, format!("Related object not found using the provided attributes: {shown}"));
            None
        }
    }
}

/// A value as Python prints it.
pub(super) fn python(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

/// Takes a list of VLANs by row id, if the body has the field.
pub(super) fn vlans(world: &World, body: &Object, field: &str, errors: &mut Errors) -> Option<Vec<u64>> {
    let value = body.get(field)?;
    let Value::Array(values) = value else {
        errors.add(
            field,
            match value {
                Value::Null => "This field may not be null.".to_owned(),
                // Its keys are gone through as if they were a list.
                Value::Object(keys) if !keys.is_empty() => {
                    "Incorrect type. Expected pk value, received str.".to_owned()
                }
                _ => format!("Expected a list of items but got type \"{}\".", python_type(value)),
            },
        );
        return None;
    };
    let mut ids = Vec::new();
    for value in values {
        match value.as_u64().or_else(|| value.as_str()?.parse().ok()) {
            Some(id) if world.vlans.contains_key(&id) => ids.push(id),
            Some(id) => errors.add(field, format!("Invalid pk \"{id}\" - object does not exist.")),
            None if value.is_null() => errors.add(field, "Invalid pk \"None\" - object does not exist."),
            None => errors
                .add(field, format!("Incorrect type. Expected pk value, received {}.", python_type(value))),
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}
