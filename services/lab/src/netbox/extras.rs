//! Journal entries, webhooks, event rules and custom fields: kept much as they are sent.

use serde_json::{Value, json};

use super::fields::Errors;
use super::model::{Object, Saved, Table, World, stamp};
use super::render;

fn required(table: Table) -> &'static [&'static str] {
    match table {
        Table::Journal => &["assigned_object_type", "assigned_object_id", "comments"],
        Table::Webhooks => &["name", "payload_url"],
        Table::EventRules => &["name", "object_types", "event_types", "action_type"],
        Table::CustomFields => &["name", "type", "object_types"],
        _ => &[],
    }
}

/// What a new document has where nothing was sent; keys that are not here are not kept.
fn defaults(table: Table) -> Object {
    render::object(match table {
        Table::Journal => {
            json!({"assigned_object_type": null, "assigned_object_id": null, "kind": "info", "comments": "",
            "tags": [], "custom_fields": {}})
        }
        Table::Webhooks => json!({"name": "", "description": "", "payload_url": "", "http_method": "POST",
            "http_content_type": "application/json", "additional_headers": "", "body_template": "", "secret": "",
            "ssl_verification": true, "ca_file_path": null, "timeout": null, "custom_fields": {}, "owner": null, "tags": []}),
        Table::EventRules => {
            json!({"name": "", "enabled": true, "object_types": [], "event_types": [], "conditions": null,
            "action_type": "webhook", "action_object_type": null, "action_object_id": null, "description": "",
            "custom_fields": {}, "owner": null, "tags": []})
        }
        Table::CustomFields => {
            json!({"name": "", "label": "", "type": "text", "object_types": [], "related_object_type": null,
            "group_name": "", "description": "", "required": false, "unique": false, "search_weight": 1000,
            "filter_logic": "loose", "ui_visible": "always", "ui_editable": "yes", "is_cloneable": false, "default": null,
            "related_object_filter": null, "weight": 100, "validation_minimum": null, "validation_maximum": null,
            "validation_regex": "", "choice_set": null, "owner": null, "comments": ""})
        }
        _ => json!({}),
    })
}

/// Fields with a fixed set of values: value and label.
fn choices(table: Table, field: &str) -> &'static [(&'static str, &'static str)] {
    match (table, field) {
        (Table::Journal, "kind") => {
            &[("info", "Info"), ("success", "Success"), ("warning", "Warning"), ("danger", "Danger")]
        }
        (Table::EventRules, "action_type") => {
            &[("webhook", "Webhook"), ("script", "Script"), ("notification", "Notification")]
        }
        (Table::CustomFields, "type") => &[("text", "Text"), ("integer", "Integer"), ("boolean", "Boolean")],
        (Table::CustomFields, "filter_logic") => {
            &[("disabled", "Disabled"), ("loose", "Loose"), ("exact", "Exact")]
        }
        (Table::CustomFields, "ui_visible") => {
            &[("always", "Always"), ("if-set", "If set"), ("hidden", "Hidden")]
        }
        (Table::CustomFields, "ui_editable") => &[("yes", "Yes"), ("no", "No"), ("hidden", "Hidden")],
        _ => &[],
    }
}

/// Makes or changes a document; keys that are not known are ignored.
pub(super) fn prepare(world: &World, table: Table, id: Option<u64>, body: &Object) -> Result<Object, Value> {
    let mut errors = Errors::default();
    let stored = id.and_then(|id| world.documents.get(&(table, id)));
    let mut document = stored.cloned().unwrap_or_else(|| defaults(table));
    for field in required(table) {
        if id.is_none() && !body.contains_key(*field) {
            errors.add(field, "This field is required.");
        }
    }
    for key in defaults(table).keys() {
        let Some(value) = body.get(key) else { continue };
        let choices = choices(table, key);
        if !choices.is_empty() && !choices.iter().any(|(choice, _)| value == choice) {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            errors.add(key, format!("{shown} is not a valid choice."));
        }
        document.insert(key.clone(), value.clone());
    }
    let name = document.get("name");
    let taken = |(other, row): (u64, &Object)| Some(other) != id && name.is_some() && row.get("name") == name;
    if world.documents(table).any(taken) {
        let model = match table {
            Table::EventRules => "event rule",
            Table::CustomFields => "custom field",
            _ => "webhook",
        };
        errors.add("name", format!("{model} with this name already exists."));
    }
    errors.check()?;
    Ok(document)
}

/// Puts id and times into a document.
pub(super) fn stamp_document(document: &mut Object, id: u64, saved: Saved) {
    document.insert("id".to_owned(), json!(id));
    document.entry("created").or_insert_with(|| json!(stamp(saved.created)));
    document.insert("last_updated".to_owned(), json!(stamp(saved.last_updated)));
}

/// A document as the API shows it.
pub(super) fn show(world: &World, table: Table, id: u64, base: &str) -> Option<Object> {
    let mut shown = world.documents.get(&(table, id))?.clone();
    for (key, value) in &mut shown {
        let label = choices(table, key).iter().find(|(choice, _)| value == choice).map(|(_, label)| *label);
        if let Some(label) = label {
            *value = json!({"value": value.take(), "label": label});
        }
    }
    shown.insert("display".to_owned(), json!(render::display(world, table, id)));
    let row_id = |key: &str| shown.get(key).and_then(Value::as_u64);
    match table {
        Table::Journal => {
            let assigned = Table::ALL.into_iter().find(|table| {
                Some(table.object_type().as_str())
                    == shown.get("assigned_object_type").and_then(Value::as_str)
            });
            let id = row_id("assigned_object_id");
            let object = assigned.and_then(|table| render::brief(world, table, id?, base));
            shown.insert("assigned_object".to_owned(), json!(object));
            shown.insert("created_by".to_owned(), json!(2));
        }
        Table::EventRules => {
            let hook =
                row_id("action_object_id").and_then(|id| render::brief(world, Table::Webhooks, id, base));
            shown.insert("action_is_available".to_owned(), json!(hook.is_some()));
            shown.insert("action_object".to_owned(), json!(hook));
        }
        Table::CustomFields => {
            shown.insert("data_type".to_owned(), json!("string"));
            shown.insert("status".to_owned(), json!({"value": "active", "label": "Active"}));
        }
        _ => {}
    }
    Some(shown)
}
