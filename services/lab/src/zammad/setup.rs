//! The calls of a set-up: groups, states, custom fields, webhooks, triggers, templates.

use serde_json::{Map, Value, json};

use super::api::{Call, Reply};
use super::auth::{Caller, Right};
use super::error::Refusal;
use super::model::{Field, FieldType, State, Store};
use super::render;
use super::seed::object;
use super::write::number;

/// What stands in the place of a secret.
const MASK: &str = "**********";

/// Answers what `api` does not.
pub(super) fn answer(
    store: &mut Store,
    call: &Call,
    path: &[&str],
    caller: Caller,
) -> Result<Reply, Refusal> {
    let reading = call.method == "GET";
    match path {
        ["ticket_states", ..] => {
            caller.needs(if reading { Right::Agent } else { Right::Admin })?;
            states(store, call, path)
        }
        ["groups"] if reading => {
            caller.needs(Right::Agent)?;
            let groups =
                store.groups.iter().map(|group| json!({"id": group.id, "name": group.name, "active": true}));
            Ok(Reply::ok(groups.collect::<Vec<_>>()))
        }
        ["templates", ..] if reading => {
            caller.needs(Right::Agent)?;
            things(&mut store.templates, call, &path[1..], "Template")
        }
        [kind @ ("webhooks" | "triggers" | "templates"), rest @ ..] => {
            caller.needs(Right::Admin)?;
            if let ("DELETE", "webhooks", [id]) = (call.method.as_str(), *kind, rest)
                && store.triggers.iter().any(|trigger| notifies(trigger, id))
            {
                return Err(Refusal::invalid("Can't delete, object has references."));
            }
            let (list, model) = match *kind {
                "webhooks" => (&mut store.webhooks, "Webhook"),
                "triggers" => (&mut store.triggers, "Trigger"),
                _ => (&mut store.templates, "Template"),
            };
            things(list, call, rest, model)
        }
        ["object_manager_attributes"] => {
            caller.needs(Right::Admin)?;
            if reading {
                return Ok(Reply::ok(store.fields.iter().enumerate().map(field_json).collect::<Vec<_>>()));
            }
            add_field(store, call)
        }
        ["object_manager_attributes_execute_migrations"] => {
            caller.needs(Right::Admin)?;
            store.fields.iter_mut().for_each(|field| field.migrated = true);
            Ok(Reply::ok(json!({})))
        }
        _ => Err(Refusal::no_route(&path.join("/"))),
    }
}

fn states(store: &mut Store, call: &Call, path: &[&str]) -> Result<Reply, Refusal> {
    match (call.method.as_str(), path) {
        ("GET", [_]) => {
            let list = store.states.iter().map(|state| render::state(state, store.started_at));
            Ok(Reply::ok(list.collect::<Vec<_>>()))
        }
        ("GET", [_, id]) => {
            let state = id.parse().ok().and_then(|id| store.state(id));
            let state = state.ok_or_else(|| Refusal::not_found("Ticket::State", id))?;
            Ok(Reply::ok(render::state(state, store.started_at)))
        }
        ("POST", [_]) => {
            let name = call.parameter("name").unwrap_or_default();
            let type_id = call.body.get("state_type_id").and_then(number).filter(|id| (1..=7).contains(id));
            if store.states.iter().any(|state| state.name.eq_ignore_ascii_case(&name)) {
                return Err(Refusal::invalid("This object already exists."));
            }
            let Some(type_id) = type_id.filter(|_| !name.is_empty()) else {
                return Err(Refusal::invalid("Missing required value for field 'state_type_id'!"));
            };
            let id = store.states.len() as u64 + 1;
            let active = call.body.get("active") != Some(&Value::Bool(false));
            let state = State { id, name, type_id, active, selectable: true };
            let json = render::state(&state, store.started_at);
            store.states.push(state);
            Ok(Reply::created(json))
        }
        _ => Err(Refusal::no_route(&path.join("/"))),
    }
}

fn things(
    list: &mut Vec<Map<String, Value>>,
    call: &Call,
    path: &[&str],
    model: &str,
) -> Result<Reply, Refusal> {
    match (call.method.as_str(), path) {
        ("GET", []) => Ok(Reply::ok(list.iter().map(masked).collect::<Vec<_>>())),
        ("POST", []) => {
            let name = call.body.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| Refusal::invalid("Missing required value for field 'name'!"))?;
            if list.iter().any(|thing| thing.get("name").and_then(Value::as_str) == Some(name)) {
                return Err(Refusal::invalid("This object already exists."));
            }
            let id = list.iter().filter_map(|thing| number(thing.get("id")?)).max().unwrap_or(0) + 1;
            let mut thing = call.body.clone();
            thing.insert("id".to_owned(), json!(id));
            let json = masked(&thing);
            list.push(thing);
            Ok(Reply::created(json))
        }
        (method, [id]) => {
            let wanted = id.parse::<u64>().ok();
            let at =
                list.iter().position(|thing| thing.get("id").and_then(number) == wanted && wanted.is_some());
            let at = at.ok_or_else(|| Refusal::not_found(model, id))?;
            match method {
                "GET" => Ok(Reply::ok(masked(&list[at]))),
                "PUT" => {
                    // Writing the mask back keeps the secret.
                    let new =
                        call.body.iter().filter(|(name, value)| *name != "id" && **value != json!(MASK));
                    list[at].extend(new.map(|(name, value)| (name.clone(), value.clone())));
                    Ok(Reply::ok(masked(&list[at])))
                }
                "DELETE" => {
                    list.remove(at);
                    Ok(Reply::ok(json!({})))
                }
                _ => Err(Refusal::no_route(id)),
            }
        }
        _ => Err(Refusal::no_route(&path.join("/"))),
    }
}

/// Whether a trigger sends the webhook with this id.
fn notifies(trigger: &Map<String, Value>, webhook: &str) -> bool {
    let id =
        trigger.get("perform").and_then(|perform| perform.get("notification.webhook")?.get("webhook_id"));
    id.and_then(number).is_some_and(|id| id.to_string() == webhook)
}

fn masked(thing: &Map<String, Value>) -> Value {
    let mut thing = thing.clone();
    for name in ["signature_token", "basic_auth_password", "bearer_token"] {
        if thing.get(name).and_then(Value::as_str).is_some_and(|secret| !secret.is_empty()) {
            thing.insert(name.to_owned(), json!(MASK));
        }
    }
    Value::Object(thing)
}

fn add_field(store: &mut Store, call: &Call) -> Result<Reply, Refusal> {
    let name = call.parameter("name").unwrap_or_default();
    let good = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.ends_with("_id")
        && !name.ends_with("_ids");
    if !good {
        return Err(Refusal::invalid("Name is invalid"));
    }
    if store.fields.iter().any(|field| field.name == name) {
        return Err(Refusal::invalid("Name already exists!"));
    }
    let option = call.body.get("data_option").cloned().unwrap_or_default();
    let integer = |key: &str, otherwise: i64| option.get(key).and_then(Value::as_i64).unwrap_or(otherwise);
    let kind = match call.parameter("data_type").as_deref() {
        Some("input") => FieldType::Text { max: usize::try_from(integer("maxlength", 255)).unwrap_or(255) },
        Some("integer") => FieldType::Integer { min: integer("min", 0), max: integer("max", 999_999_999) },
        Some("boolean") => FieldType::Boolean,
        Some("select" | "tree_select") => FieldType::Select(options(option.get("options"))),
        _ => return Err(Refusal::invalid("Data type is invalid")),
    };
    let display = call.parameter("display").unwrap_or_else(|| name.clone());
    let mut definition = call.body.clone();
    definition.insert("position".to_owned(), json!(1550));
    let field = Field { name, display, kind, migrated: false, definition };
    store.fields.push(field);
    let at = store.fields.len() - 1;
    Ok(Reply::created(field_json((at, &store.fields[at]))))
}

/// The values of a select (`{value: label}`) or of a tree (`[{"value", "children"}]`).
fn options(options: Option<&Value>) -> Vec<String> {
    match options {
        Some(Value::Object(map)) => map.keys().cloned().collect(),
        Some(Value::Array(nodes)) => nodes
            .iter()
            .flat_map(|node| {
                let own = node.get("value").and_then(Value::as_str).map(str::to_owned);
                own.into_iter().chain(self::options(node.get("children")))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn field_json((at, field): (usize, &Field)) -> Value {
    let data_type = match &field.kind {
        FieldType::Text { .. } => "input",
        FieldType::Integer { .. } => "integer",
        FieldType::Boolean => "boolean",
        FieldType::Select(_) => "select",
    };
    let mut json = field.definition.clone();
    json.extend(object(json!({
        "id": at + 1, "name": field.name, "object": "Ticket", "display": field.display, "active": true,
        "editable": true, "to_create": !field.migrated, "to_migrate": !field.migrated, "to_delete": false,
    })));
    json.entry("data_type").or_insert_with(|| json!(data_type));
    Value::Object(json)
}
