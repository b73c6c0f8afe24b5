//! Bulk writes: all or none. Errors come back by id (updates) or by index (creates).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::Reply;
use super::api::{self, Call};
use super::fields;
use super::model::{Object, Table, World};
use super::{render, write};

fn refusal(count: usize, total: usize, what: &str, errors: &[Value]) -> Reply {
    Reply::new(400, json!({"detail": format!("{count} of {total} objects {what}"), "errors": errors}))
}

fn id_error(which: (&str, u64), message: String) -> Value {
    json!({which.0: which.1, "errors": {"id": [message]}})
}

/// Updates the rows that the list names.
pub(super) fn update(world: &mut World, table: Table, mut call: Call) -> Reply {
    let entries = match std::mem::take(&mut call.body) {
        Value::Array(entries) => entries,
        other => {
            let kind = fields::python_type(&other);
            return Reply::detail(400, format!("Expected a list of objects, but got {kind}."));
        }
    };
    let mut rows = match rows(entries) {
        Ok(rows) => rows,
        Err(refusal) => return refusal,
    };
    if let Some(refusal) = unusable(world, table, &rows, &call) {
        return refusal;
    }
    let (mut ready, mut errors) = (Vec::new(), Vec::new());
    for (id, body) in &mut rows {
        let message = api::take_message(body);
        match write::prepare(world, table, Some(*id), body) {
            Ok(prepared) => ready.push((prepared, message)),
            Err(error) => errors.push(json!({"id": id, "errors": error})),
        }
    }
    if !errors.is_empty() {
        return refusal(errors.len(), rows.len(), "could not be updated.", &errors);
    }
    // Webhooks leave in the order of the rows, whatever the order of the list.
    ready.sort_by_key(|(prepared, _)| match prepared {
        write::Prepared::Interface(row) => row.id,
        write::Prepared::Address(row) => row.id,
        write::Prepared::Document(_, id, _) => id.unwrap_or_default(),
    });
    for (prepared, message) in ready {
        write::store(world, prepared, &call.cause, &message);
    }
    let shown = rows.iter().filter_map(|(id, _)| render::row(world, table, *id, &call.base));
    Reply::new(200, Value::Array(shown.map(Value::Object).collect()))
}

/// Takes the ids out of the entries.
fn rows(entries: Vec<Value>) -> Result<Vec<(u64, Object)>, Reply> {
    let total = entries.len();
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    for (index, entry) in entries.into_iter().enumerate() {
        let body = render::object(entry);
        match body.get("id").and_then(Value::as_u64) {
            Some(id) => rows.push((id, body)),
            None => errors.push(id_error(("index", index as u64), "This field is required.".to_owned())),
        }
    }
    if errors.is_empty() {
        Ok(rows)
    } else {
        Err(refusal(errors.len(), total, "failed validation.", &errors))
    }
}

/// Ids twice in the list, ids of nothing, and conditions that do not hold for each row.
fn unusable(world: &World, table: Table, rows: &[(u64, Object)], call: &Call) -> Option<Reply> {
    let mut counts = BTreeMap::<u64, usize>::new();
    for (id, _) in rows {
        *counts.entry(*id).or_default() += 1;
    }
    let twice = |(id, count): (&u64, &usize)| {
        let message = format!("Each object may be specified only once; ID {id} is listed {count} times");
        (*count > 1).then(|| id_error(("id", *id), message))
    };
    let errors: Vec<_> = counts.iter().filter_map(twice).collect();
    if !errors.is_empty() {
        return Some(refusal(errors.len(), rows.len(), "are listed more than once.", &errors));
    }
    let missing = |(id, _): &(u64, Object)| {
        let message = format!("Object with ID {id} does not exist");
        api::etag(world, table, *id).is_none().then(|| id_error(("id", *id), message))
    };
    let errors: Vec<_> = rows.iter().filter_map(missing).collect();
    if !errors.is_empty() {
        return Some(refusal(errors.len(), rows.len(), "could not be found.", &errors));
    }
    let mut etags = rows.iter().filter_map(|(id, _)| api::etag(world, table, *id));
    etags.find(|etag| !api::matches(call.if_match.as_deref(), etag)).map(api::precondition_failed)
}

/// Makes the rows of the list.
pub(super) fn create(world: &mut World, table: Table, entries: Vec<Value>, call: &Call) -> Reply {
    let total = entries.len();
    let (mut ready, mut errors) = (Vec::new(), Vec::new());
    for (index, entry) in entries.into_iter().enumerate() {
        let mut body = render::object(entry);
        let message = api::take_message(&mut body);
        match write::prepare(world, table, None, &body) {
            Ok(prepared) => ready.push((prepared, message)),
            Err(error) => errors.push(json!({"index": index, "errors": error})),
        }
    }
    if !errors.is_empty() {
        return refusal(errors.len(), total, "could not be created.", &errors);
    }
    let mut shown = Vec::new();
    for (prepared, message) in ready {
        let id = write::store(world, prepared, &call.cause, &message);
        shown.extend(render::row(world, table, id, &call.base).map(Value::Object));
    }
    Reply::new(201, Value::Array(shown))
}
