//! The REST API: from a request to a reply.

use std::sync::atomic::Ordering;

use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, IF_MATCH};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::answer::{self, Reply};
use super::filter::Query;
use super::model::{Object, Table, World};
use super::write::{self, Cause};
use super::{Shared, bulk, list, render};

/// What a path names.
#[derive(Debug, Clone, Copy)]
enum Target {
    Status,
    AuthenticationCheck,
    All(Table),
    One(Table, u64),
    /// A word where a row id should be.
    Nothing,
}

/// One call, taken apart.
pub(super) struct Call {
    pub(super) method: String,
    pub(super) query: Query,
    pub(super) base: String,
    pub(super) if_match: Option<String>,
    pub(super) cause: Cause,
    pub(super) body: Value,
}

/// Everything under `/api/`.
pub(super) async fn handle(request: HttpRequest, bytes: Bytes, shared: Data<Shared>) -> HttpResponse {
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let request_id = uuid::Uuid::new_v4().to_string();
    let Some(target) = target(request.path()) else {
        return answer::not_found(&request_id);
    };
    let allow = allow(target);
    let reply = match call(&request, &bytes, &shared, (&request_id, &allow)) {
        Ok(call) => act(&shared, target, call),
        Err(refusal) => refusal,
    };
    reply.into_http(&request_id, &allow)
}

fn target(path: &str) -> Option<Target> {
    match path {
        "/api/status/" => return Some(Target::Status),
        "/api/authentication-check/" => return Some(Target::AuthenticationCheck),
        _ => {}
    }
    Table::ALL.into_iter().find_map(|table| {
        let rest = path.strip_prefix(table.path())?;
        if rest.is_empty() {
            return Some(Target::All(table));
        }
        let id = rest.strip_suffix('/').filter(|id| !id.contains('/'))?;
        let number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        // A number that is out of range is the id of no row.
        Some(if number { Target::One(table, id.parse().unwrap_or(u64::MAX)) } else { Target::Nothing })
    })
}

fn allow(target: Target) -> String {
    let methods: &[&str] = match target {
        Target::All(Table::Addresses) => &["GET", "HEAD", "POST", "PATCH"],
        Target::All(Table::Interfaces) => &["GET", "HEAD", "PATCH"],
        Target::All(Table::Journal | Table::Webhooks | Table::EventRules | Table::CustomFields) => {
            &["GET", "HEAD", "POST", "PATCH"]
        }
        Target::One(Table::Interfaces, _) => &["GET", "HEAD", "PATCH"],
        Target::One(
            Table::Addresses | Table::Journal | Table::Webhooks | Table::EventRules | Table::CustomFields,
            _,
        ) => &["GET", "HEAD", "PATCH", "DELETE"],
        Target::Status | Target::AuthenticationCheck | Target::All(_) | Target::One(..) | Target::Nothing => {
            &["GET", "HEAD"]
        }
    };
    methods.join(", ")
}

/// Who calls, whether the method exists there, and what the body is: checked in NetBox's order.
fn call(request: &HttpRequest, bytes: &[u8], shared: &Shared, ids: (&str, &str)) -> Result<Call, Reply> {
    let (request_id, allow) = ids;
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    authenticate(header(AUTHORIZATION), shared)?;
    let method = request.method().as_str().to_owned();
    if !allow.split(", ").any(|allowed| allowed == method) {
        return Err(Reply::detail(405, format!("Method \"{method}\" not allowed.")));
    }
    let mut body = Value::Null;
    if method == "POST" || method == "PATCH" {
        let media = header(CONTENT_TYPE).unwrap_or_default();
        if media.split(';').next() != Some("application/json") {
            return Err(Reply::detail(415, format!("Unsupported media type \"{media}\" in request.")));
        }
        // No body at all is an empty one.
        let bytes = if bytes.is_empty() { b"{}" } else { bytes };
        body = serde_json::from_slice(bytes)
            .map_err(|error| Reply::detail(400, format!("JSON parse error - {error}")))?;
    }
    let (path, request_id) = (request.path().to_owned(), request_id.to_owned());
    Ok(Call {
        query: list::query(request.query_string()),
        base: format!("http://{}", header(HOST).unwrap_or("127.0.0.1")),
        if_match: header(IF_MATCH).map(str::to_owned),
        cause: Cause { user: super::API_USER, request_id, method: method.clone(), path },
        method,
        body,
    })
}

/// Failures are 403, never 401.
fn authenticate(authorization: Option<&str>, shared: &Shared) -> Result<(), Reply> {
    let Some(authorization) = authorization else {
        return Err(Reply::detail(403, "Authentication credentials were not provided."));
    };
    let known = [shared.token.as_str(), super::V1_TOKEN];
    match authorization.split_once(' ') {
        Some(("Bearer", token)) if token.starts_with("nbt_") => {
            if known.contains(&token) {
                Ok(())
            } else {
                Err(Reply::detail(403, "Invalid v2 token"))
            }
        }
        Some(("Token", token)) if !token.starts_with("nbt_") && known.contains(&token) => Ok(()),
        Some(("Bearer" | "Token", _)) => Err(Reply::detail(403, "Invalid v1 token")),
        _ => Err(Reply::detail(403, "Authentication credentials were not provided.")),
    }
}

fn act(shared: &Shared, target: Target, call: Call) -> Reply {
    let mut world = shared.world();
    let reply = match (target, call.method.as_str()) {
        (Target::Nothing, _) => Reply::detail(404, "Not found."),
        (Target::Status, _) => Reply::new(200, status()),
        (Target::AuthenticationCheck, _) => Reply::new(
            200,
            json!({"id": 2, "display": super::API_USER, "username": super::API_USER, "is_active": true, "groups": [], "permissions": []}),
        ),
        (Target::All(table), "GET" | "HEAD") => match list::list(&world, table, &call.query, &call.base) {
            Ok(page) => Reply::new(200, page),
            Err(errors) => Reply::new(400, errors),
        },
        (Target::All(table), "POST") => create(&mut world, table, call),
        (Target::All(table), _) => bulk::update(&mut world, table, call),
        (Target::One(table, id), method) if exists(&world, table, id) => match method {
            "GET" | "HEAD" => shown(&world, table, id, (200, &call)),
            "DELETE" => delete(&mut world, table, id, &call),
            _ => update(&mut world, table, id, call),
        },
        (Target::One(table, _), _) => {
            Reply::detail(404, format!("No {} matches the given query.", table.model()))
        }
    };
    shared.flush(&mut world);
    reply
}

fn status() -> Value {
    json!({"django-version": "6.1.2", "hostname": "lab", "installed_apps": {}, "netbox-version": "4.7.3",
        "netbox-full-version": "4.7.3", "plugins": {}, "python-version": "3.13.5", "rq-workers-running": 1})
}

fn exists(world: &World, table: Table, id: u64) -> bool {
    etag(world, table, id).is_some()
}

/// The tag of a row, made from its last write.
pub(super) fn etag(world: &World, table: Table, id: u64) -> Option<String> {
    let saved = match table {
        Table::Devices => world.devices.get(&id)?.saved,
        Table::Interfaces => world.interfaces.get(&id)?.saved,
        Table::Vlans => world.vlans.get(&id)?.saved,
        Table::Addresses => world.addresses.get(&id)?.saved,
        Table::Prefixes => world.prefixes.get(&id)?.saved,
        Table::Changes => {
            let time = world.changes.get(&id)?.get("time")?.as_str()?;
            return Some(format!("W/\"{}\"", time.replace('Z', "+00:00")));
        }
        Table::Journal | Table::Webhooks | Table::EventRules | Table::CustomFields => {
            let time = world.documents.get(&(table, id))?.get("last_updated")?.as_str()?;
            return Some(format!("W/\"{}\"", time.replace('Z', "+00:00")));
        }
    };
    Some(saved.etag())
}

/// Whether the condition of a write holds for a row: no condition, an empty one, `*`, or one of the tags.
pub(super) fn matches(if_match: Option<&str>, etag: &str) -> bool {
    if_match
        .filter(|tags| !tags.is_empty())
        .is_none_or(|tags| tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == etag))
}

fn shown(world: &World, table: Table, id: u64, (status, call): (u16, &Call)) -> Reply {
    let row = render::row(world, table, id, &call.base).unwrap_or_default();
    let row = list::shown(world, table, (id, row), (&call.query, &call.base));
    Reply::new(status, Value::Object(row)).etag(etag(world, table, id))
}

/// The reply to a condition that does not hold: the current tag comes with it.
pub(super) fn precondition_failed(etag: String) -> Reply {
    Reply::detail(412, "Precondition failed.").etag(Some(etag))
}

fn unmet(world: &World, table: Table, id: u64, call: &Call) -> Option<Reply> {
    let etag = etag(world, table, id)?;
    (!matches(call.if_match.as_deref(), &etag)).then(|| precondition_failed(etag))
}

/// Takes the message for the change log out of a body.
pub(super) fn take_message(body: &mut Object) -> String {
    body.remove("changelog_message")
        .and_then(|message| message.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn update(world: &mut World, table: Table, id: u64, mut call: Call) -> Reply {
    if let Some(refusal) = unmet(world, table, id, &call) {
        return refusal;
    }
    let mut body = match std::mem::take(&mut call.body) {
        Value::Object(body) => body,
        other => return not_a_dictionary(&other),
    };
    list::limit_write(&mut body, &call.query);
    let message = take_message(&mut body);
    match write::prepare(world, table, Some(id), &body) {
        Ok(prepared) => {
            write::store(world, prepared, &call.cause, &message);
            shown(world, table, id, (200, &call))
        }
        Err(errors) => Reply::new(400, errors),
    }
}

fn not_a_dictionary(body: &Value) -> Reply {
    if body.is_null() {
        return Reply::new(400, json!({"__all__": ["No data provided"]}));
    }
    let kind = super::fields::python_type(body);
    let message = format!("Invalid data. Expected a dictionary, but got {kind}.");
    Reply::new(400, json!({"__all__": [message]}))
}

fn delete(world: &mut World, table: Table, id: u64, call: &Call) -> Reply {
    if let Some(refusal) = unmet(world, table, id, call) {
        return refusal;
    }
    write::delete(world, table, id, &call.cause);
    Reply { status: 204, body: None, etag: None, location: None }
}

fn create(world: &mut World, table: Table, mut call: Call) -> Reply {
    let mut body: Map<_, _> = match std::mem::take(&mut call.body) {
        Value::Array(entries) => return bulk::create(world, table, entries, &call),
        Value::Object(body) => body,
        other => return not_a_dictionary(&other),
    };
    let message = take_message(&mut body);
    match write::prepare(world, table, None, &body) {
        Ok(prepared) => {
            let id = write::store(world, prepared, &call.cause, &message);
            let location = Some(format!("{}{}{id}/", call.base, table.path()));
            Reply { location, ..shown(world, table, id, (201, &call)) }
        }
        Err(errors) => Reply::new(400, errors),
    }
}
