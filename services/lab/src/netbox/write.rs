//! Writes: prepared first, so that a bulk write is all or none; then stored, logged and told.

use serde_json::{Value, json};

use super::hooks;
use super::model::{Address, Interface, Object, Saved, Table, World, stamp};
use super::{addresses, extras, interfaces, render, snapshot};

/// Entries of the change log that are kept; a real NetBox keeps them for 90 days.
const LOG_LIMIT: usize = 2000;

/// Who writes, and how.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    pub(super) user: &'static str,
    pub(super) request_id: String,
    pub(super) method: String,
    pub(super) path: String,
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    /// In the change log: value and label.
    fn logged(self) -> (&'static str, &'static str) {
        match self {
            Self::Create => ("create", "Created"),
            Self::Update => ("update", "Updated"),
            Self::Delete => ("delete", "Deleted"),
        }
    }
}

/// A write that has passed all checks.
#[derive(Debug)]
pub(super) enum Prepared {
    Interface(Interface),
    Address(Address),
    Document(Table, Option<u64>, Object),
}

/// Checks the update of a row, or with no id the making of one; `Err` is the body of a 400.
pub(super) fn prepare(
    world: &mut World,
    table: Table,
    id: Option<u64>,
    body: &Object,
) -> Result<Prepared, Value> {
    match (table, id) {
        (Table::Interfaces, Some(id)) => interfaces::prepare(world, id, body).map(Prepared::Interface),
        (Table::Addresses, Some(id)) => addresses::prepare(world, id, body).map(Prepared::Address),
        (Table::Addresses, None) => {
            let saved = world.saved();
            addresses::prepare_new(world, body, saved).map(Prepared::Address)
        }
        _ => extras::prepare(world, table, id, body).map(|document| Prepared::Document(table, id, document)),
    }
}

/// Stores a prepared write; its row id.
pub(super) fn store(world: &mut World, prepared: Prepared, cause: &Cause, message: &str) -> u64 {
    let saved = world.saved();
    let (table, old) = match &prepared {
        Prepared::Interface(row) => (Table::Interfaces, Some(row.id)),
        Prepared::Address(row) => (Table::Addresses, (row.id != 0).then_some(row.id)),
        Prepared::Document(table, id, _) => (*table, *id),
    };
    let before = old.and_then(|id| snapshot::of(world, table, id));
    let id = old.unwrap_or_else(|| world.next_id(table));
    let last_updated = saved.last_updated;
    match prepared {
        Prepared::Interface(row) => {
            let saved = Saved { last_updated, ..row.saved };
            world.interfaces.insert(id, Interface { saved, ..row });
        }
        Prepared::Address(row) => {
            let saved = Saved { last_updated, ..row.saved };
            world.addresses.insert(id, Address { id, saved, ..row });
        }
        Prepared::Document(table, _, mut document) => {
            extras::stamp_document(&mut document, id, saved);
            world.documents.insert((table, id), document);
        }
    }
    let after = snapshot::of(world, table, id);
    let action = if old.is_some() { Action::Update } else { Action::Create };
    let data = render::row(world, table, id, "").unwrap_or_default();
    saved_row(world, (table, id, action), (data, before, after), (cause, message));
    id
}

/// Deletes a row that may be deleted.
pub(super) fn delete(world: &mut World, table: Table, id: u64, cause: &Cause) {
    let before = snapshot::of(world, table, id);
    let data = render::row(world, table, id, "").unwrap_or_default();
    match table {
        Table::Addresses => {
            world.addresses.remove(&id);
            for device in world.devices.values_mut().filter(|device| device.primary_ip4 == Some(id)) {
                device.primary_ip4 = None;
            }
        }
        _ => {
            world.documents.remove(&(table, id));
        }
    }
    saved_row(world, (table, id, Action::Delete), (data, before, None), (cause, ""));
}

type Snapshots = (Object, Option<Object>, Option<Object>);

/// Logs what differs, and tells webhooks also of saves that changed nothing.
fn saved_row(
    world: &mut World,
    (table, id, action): (Table, u64, Action),
    (data, before, after): Snapshots,
    (cause, message): (&Cause, &str),
) {
    let same = |key: &str| {
        before.as_ref().and_then(|row| row.get(key)) == after.as_ref().and_then(|row| row.get(key))
    };
    let keys = before.iter().chain(&after).flat_map(|row| row.keys());
    let differs = keys.into_iter().any(|key| key != "last_updated" && !same(key));
    if differs {
        let entry = log_entry(world, (table, id, action), (&before, &after), (cause, message, &data));
        world.changes.insert(entry.0, entry.1);
        if world.changes.len() > LOG_LIMIT {
            world.changes.pop_first();
        }
    }
    hooks::raise(world, (table, action), (data, before, after), cause);
}

fn log_entry(
    world: &mut World,
    (table, id, action): (Table, u64, Action),
    (before, after): (&Option<Object>, &Option<Object>),
    (cause, message, data): (&Cause, &str, &Object),
) -> (u64, Object) {
    let (entry, time) = (world.next_id(Table::Changes), world.tick());
    let (value, label) = action.logged();
    let name = data.get("display").and_then(Value::as_str).unwrap_or_default();
    let user_id = if cause.user == super::ADMIN { 1 } else { 2 };
    let user = json!({"id": user_id, "url": format!("/api/users/users/{user_id}/"), "display": cause.user, "username": cause.user});
    let kind =
        table.object_type().replace('.', " | ").replacen("dcim", "DCIM", 1).replacen("ipam", "IPAM", 1);
    let shown = json!({
        "id": entry, "display": format!("{kind} {name} {} by {}", label.to_lowercase(), cause.user), "time": stamp(time),
        "user": user, "user_name": cause.user, "request_id": cause.request_id, "action": {"value": value, "label": label},
        "changed_object_type": table.object_type(), "changed_object_id": id,
        "changed_object": render::brief(world, table, id, ""), "object_repr": name, "message": message,
        "prechange_data": before, "postchange_data": after,
    });
    (entry, render::object(shown))
}
