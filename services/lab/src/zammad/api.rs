//! The REST API: what each call answers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::auth::{Caller, Right};
use super::error::Refusal;
use super::model::{Store, Ticket};
use super::search;
use super::setup;
use super::write::{Written, number};

/// A call, taken apart.
pub(super) struct Call {
    pub(super) method: String,
    /// Below `/api/v1`, without empty parts.
    pub(super) path: Vec<String>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: Map<String, Value>,
}

impl Call {
    /// A parameter from the query or the body.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        self.query.get(name).cloned().or_else(|| match self.body.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) => Some(self.body[name].to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        })
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| value == "true" || value == "1")
    }
}

/// An answer, and what was written on the way.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) written: Option<Written>,
}

impl Reply {
    pub(super) fn ok(body: impl Into<Value>) -> Self {
        Self { status: 200, body: body.into(), written: None }
    }

    pub(super) fn created(body: impl Into<Value>) -> Self {
        Self { status: 201, body: body.into(), written: None }
    }
}

/// Answers a call.
pub(super) fn answer(store: &mut Store, call: &Call, caller: Caller) -> Result<Reply, Refusal> {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match path.first().copied() {
        Some("users") => users(store, call, &path[1..], caller),
        Some("tickets" | "ticket_articles" | "tags") => {
            caller.needs(Right::Agent)?;
            tickets(store, call, &path, caller)
        }
        _ => setup::answer(store, call, &path, caller),
    }
}

fn tickets(store: &mut Store, call: &Call, path: &[&str], caller: Caller) -> Result<Reply, Refusal> {
    match (call.method.as_str(), path) {
        ("GET", ["tickets"]) => Ok(list(store, call)),
        ("POST", ["tickets"]) => {
            let written = store.create_ticket(&call.body, caller)?;
            written_ticket(store, call, written, 201)
        }
        ("GET" | "POST", ["tickets", "search"]) => search::answer(store, call),
        ("GET", ["tickets", id]) => {
            let ticket = ticket(store, id)?;
            Ok(Reply::ok(shaped(store, call, ticket)))
        }
        ("PUT", ["tickets", id]) => {
            let id = ticket(store, id)?.id;
            let written = store.update_ticket(id, &call.body, caller)?;
            written_ticket(store, call, written, 200)
        }
        ("POST", ["ticket_articles"]) => {
            let written = store.create_article(&call.body, caller)?;
            let article = written.article_id.and_then(|id| store.articles.get(&id));
            let body = article.map_or(Value::Null, |article| store.article_json(article));
            Ok(Reply { status: 201, body, written: Some(written) })
        }
        ("GET", ["ticket_articles", "by_ticket", id]) => {
            let id = ticket(store, id)?.id;
            Ok(Reply::ok(
                store
                    .articles_of(id)
                    .into_iter()
                    .map(|article| store.article_json(article))
                    .collect::<Vec<_>>(),
            ))
        }
        ("GET", ["ticket_articles", id]) => {
            let article = id.parse().ok().and_then(|id: u64| store.articles.get(&id));
            let article = article.ok_or_else(|| Refusal::not_found("Ticket::Article", id))?;
            Ok(Reply::ok(store.article_json(article)))
        }
        ("GET", ["tags"]) => {
            let id = call.parameter("o_id").unwrap_or_default();
            Ok(Reply::ok(json!({"tags": ticket(store, &id)?.tags})))
        }
        ("POST", ["tags", "add"]) | ("DELETE", ["tags", "remove"]) => tag(store, call, path[1] == "add"),
        _ => Err(Refusal::no_route(&path.join("/"))),
    }
}

fn ticket<'a>(store: &'a Store, id: &str) -> Result<&'a Ticket, Refusal> {
    let found = id.parse().ok().and_then(|id: u64| store.tickets.get(&id));
    found.ok_or_else(|| Refusal::not_found("Ticket", id))
}

/// A ticket as the call's parameters want it.
pub(super) fn shaped(store: &Store, call: &Call, ticket: &Ticket) -> Value {
    if call.flag("expand") {
        return Value::Object(store.expanded_json(ticket));
    }
    if call.flag("full") {
        return json!({"id": ticket.id, "assets": assets(store, &[ticket])});
    }
    Value::Object(store.ticket_json(ticket))
}

/// Tickets and their customers by id, ids as text.
pub(super) fn assets(store: &Store, tickets: &[&Ticket]) -> Value {
    let mut by_id: Map<String, Value> = Map::new();
    let mut users: Map<String, Value> = Map::new();
    for ticket in tickets {
        by_id.insert(ticket.id.to_string(), Value::Object(store.ticket_json(ticket)));
        if let Some(user) = store.user(ticket.customer_id) {
            users.insert(user.id.to_string(), store.user_json(user));
        }
    }
    json!({"Ticket": by_id, "User": users})
}

fn written_ticket(store: &Store, call: &Call, written: Written, status: u16) -> Result<Reply, Refusal> {
    let ticket = ticket(store, &written.ticket_id.to_string())?;
    let body = if call.flag("expand") { store.expanded_json(ticket) } else { store.written_json(ticket) };
    Ok(Reply { status, body: Value::Object(body), written: Some(written) })
}

fn list(store: &Store, call: &Call) -> Reply {
    let size = call.parameter("per_page").and_then(|size| size.parse().ok()).unwrap_or(50).clamp(1, 100);
    let page: usize = call.parameter("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
    let tickets = store.tickets.values().skip((page - 1).saturating_mul(size)).take(size);
    Reply::ok(tickets.map(|ticket| shaped(store, call, ticket)).collect::<Vec<_>>())
}

/// A change of tags fires no trigger.
fn tag(store: &mut Store, call: &Call, add: bool) -> Result<Reply, Refusal> {
    let id = call.parameter("o_id").unwrap_or_default();
    let id = ticket(store, &id)?.id;
    let item = call.parameter("item").unwrap_or_default();
    if let Some(ticket) = store.tickets.get_mut(&id) {
        if add {
            ticket.tags.insert(item);
        } else {
            ticket.tags.remove(&item);
        }
    }
    Ok(Reply::created(true))
}

fn users(store: &Store, call: &Call, path: &[&str], caller: Caller) -> Result<Reply, Refusal> {
    let own = |id: u64| caller.right >= Right::Agent || id == caller.user_id;
    match (call.method.as_str(), path) {
        ("GET", []) => {
            let users = store.users.iter().filter(|user| own(user.id));
            Ok(Reply::ok(users.map(|user| store.user_json(user)).collect::<Vec<_>>()))
        }
        ("GET", ["me"]) => {
            let user = store.user(caller.user_id).ok_or_else(|| Refusal::not_found("User", "me"))?;
            Ok(Reply::ok(store.user_json(user)))
        }
        ("GET" | "POST", ["search"]) => {
            caller.needs(Right::Agent)?;
            let query = call.parameter("query").unwrap_or_default().replace('*', "").to_lowercase();
            let found = store.users.iter().filter(|user| {
                let text = format!("{} {} {} {}", user.login, user.email, user.firstname, user.lastname);
                text.to_lowercase().contains(&query)
            });
            Ok(Reply::ok(found.map(|user| store.user_json(user)).collect::<Vec<_>>()))
        }
        ("GET", [id]) => {
            let user = number(&json!(id))
                .and_then(|id| store.user(id))
                .ok_or_else(|| Refusal::not_found("User", id))?;
            if !own(user.id) {
                return Err(Refusal::forbidden("Not authorized"));
            }
            Ok(Reply::ok(store.user_json(user)))
        }
        _ => Err(Refusal::no_route(&format!("users/{}", path.join("/")))),
    }
}
