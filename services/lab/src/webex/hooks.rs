//! `/webhooks`: create, read, list, update, delete. Doubles are made without a question.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use super::api::{Answer, Params, caller, object, page, text};
use super::delivery::{hook_json, reactivate};
use super::error::ApiError;
use super::id;
use super::markdown::is_web;
use super::world::{AccountIndex, Hook, Shared, World, now};

/// Which events each resource has.
const EVENTS: [(&str, &[&str]); 5] = [
    ("messages", &["created", "updated", "deleted", "all"]),
    ("attachmentActions", &["created", "all"]),
    ("memberships", &["created", "updated", "deleted", "all"]),
    ("rooms", &["created", "updated", "migrated", "all"]),
    ("all", &["all"]),
];

fn needed<'a>(json: &'a Map<String, Value>, key: &str) -> Result<&'a str, ApiError> {
    text(json, key)?.ok_or_else(|| ApiError::bad(format!("{key} is missing.")))
}

fn target(json: &Map<String, Value>) -> Result<String, ApiError> {
    let url = needed(json, "targetUrl")?;
    if is_web(url) { Ok(url.to_owned()) } else { Err(ApiError::bad("targetUrl is not a URL.")) }
}

fn position(world: &World, id: &str, owner: AccountIndex) -> Result<usize, ApiError> {
    let found = world.hooks.iter().position(|hook| hook.id == id && hook.owner == owner);
    found.ok_or_else(ApiError::not_found)
}

pub(super) async fn create(shared: Data<Shared>, request: HttpRequest, body: Bytes) -> Answer {
    let owner = caller(&shared, &request)?;
    let json = object(&request, &body)?;
    let (resource, event) = (needed(&json, "resource")?, needed(&json, "event")?);
    if !EVENTS.iter().any(|(name, events)| *name == resource && events.contains(&event)) {
        return Err(ApiError::bad("There is no such resource with such an event."));
    }
    let hook = Hook {
        id: id::fresh("WEBHOOK"),
        owner,
        name: needed(&json, "name")?.to_owned(),
        target_url: target(&json)?,
        resource: resource.to_owned(),
        event: event.to_owned(),
        filter: text(&json, "filter")?.map(str::to_owned),
        secret: text(&json, "secret")?.map(str::to_owned),
        active: true,
        created: now(),
        failures: Vec::new(),
        fragile_until: None,
    };
    let mut world = shared.world();
    let answer = hook_json(&world, &hook);
    world.hooks.push(hook);
    Ok(HttpResponse::Ok().json(answer))
}

pub(super) async fn list(shared: Data<Shared>, request: HttpRequest, params: Params) -> Answer {
    let owner = caller(&shared, &request)?;
    let items = {
        let world = shared.world();
        world.hooks.iter().filter(|hook| hook.owner == owner).map(|hook| hook_json(&world, hook)).collect()
    };
    page(&request, &params, items)
}

pub(super) async fn get(shared: Data<Shared>, request: HttpRequest, id: Path<String>) -> Answer {
    let owner = caller(&shared, &request)?;
    let world = shared.world();
    let position = position(&world, &id, owner)?;
    Ok(HttpResponse::Ok().json(hook_json(&world, &world.hooks[position])))
}

pub(super) async fn update(
    shared: Data<Shared>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Answer {
    let owner = caller(&shared, &request)?;
    let json = object(&request, &body)?;
    let (name, target_url) = (needed(&json, "name")?.to_owned(), target(&json)?);
    let (secret, status) = (text(&json, "secret")?.map(str::to_owned), text(&json, "status")?);
    let mut world = shared.world();
    let position = position(&world, &id, owner)?;
    let hook = &mut world.hooks[position];
    hook.name = name;
    hook.target_url = target_url;
    hook.secret = secret.or_else(|| hook.secret.take());
    // Resource, event and filter are ignored without an error, and nobody can switch a hook off by hand.
    if status == Some("active") {
        reactivate(&mut world, &id);
    }
    Ok(HttpResponse::Ok().json(hook_json(&world, &world.hooks[position])))
}

pub(super) async fn delete(shared: Data<Shared>, request: HttpRequest, id: Path<String>) -> Answer {
    let owner = caller(&shared, &request)?;
    let mut world = shared.world();
    let position = position(&world, &id, owner)?;
    world.hooks.remove(position);
    Ok(HttpResponse::NoContent().finish())
}
