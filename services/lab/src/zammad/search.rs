//! Finding tickets: by `condition` from the database, by `query` from an index that may lag behind.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::api::{Call, Reply, assets, shaped};
use super::error::Refusal;
use super::model::{Store, Ticket};

/// Hits unless the call says otherwise, and at most.
const DEFAULT_LIMIT: usize = 50;
/// Most hits of one answer.
const MAX_LIMIT: usize = 200;

/// Answers a search in the shape that its parameters ask for.
pub(super) fn answer(store: &Store, call: &Call) -> Result<Reply, Refusal> {
    let mut found = hits(store, call)?;
    match call.parameter("sort_by").as_deref() {
        Some("updated_at") => found.sort_by_key(|ticket| ticket.updated_at),
        _ => found.sort_by_key(|ticket| ticket.created_at),
    }
    if call.parameter("order_by").is_none_or(|order| order != "asc") {
        found.reverse();
    }
    let total = found.len();
    let size = ["per_page", "limit"].iter().find_map(|name| call.parameter(name)?.parse().ok());
    let size = size.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let page: usize = call.parameter("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1);
    let found: Vec<&Ticket> = found.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
    let ids: Vec<u64> = found.iter().map(|ticket| ticket.id).collect();
    let list = || found.iter().map(|ticket| shaped(store, call, ticket)).collect::<Vec<_>>();
    Ok(Reply::ok(if call.flag("with_total_count") {
        json!({"records": list(), "total_count": total})
    } else if call.flag("full") {
        json!({"record_ids": ids, "assets": assets(store, &found), "total_count": total})
    } else if call.flag("expand") {
        Value::Array(list())
    } else {
        json!({"tickets": ids, "tickets_count": ids.len(), "assets": assets(store, &found)})
    }))
}

fn hits<'a>(store: &'a Store, call: &Call) -> Result<Vec<&'a Ticket>, Refusal> {
    if let Some(query) = call.parameter("query").filter(|query| !query.is_empty()) {
        let now = Timestamp::now();
        let indexed =
            |ticket: &&Ticket| now.duration_since(ticket.updated_at).unsigned_abs() >= store.index_delay;
        return Ok(store
            .tickets
            .values()
            .filter(indexed)
            .filter(|ticket| meets(store, ticket, &query))
            .collect());
    }
    let condition = match call.body.get("condition") {
        Some(Value::Object(condition)) => condition.clone(),
        Some(Value::String(text)) => {
            serde_json::from_str(text).map_err(|_| Refusal::internal("condition is no JSON"))?
        }
        _ => match call.query.get("condition") {
            Some(text) => {
                serde_json::from_str(text).map_err(|_| Refusal::internal("condition is no JSON"))?
            }
            None => Map::new(),
        },
    };
    Ok(store.tickets.values().filter(|ticket| store.matches(&condition, ticket, None)).collect())
}

/// Whether a ticket meets a query: terms joined by `AND`, each `attribute:value` or a word of title or number.
fn meets(store: &Store, ticket: &Ticket, query: &str) -> bool {
    let json = store.expanded_json(ticket);
    query.split(" AND ").map(str::trim).filter(|term| !term.is_empty() && *term != "*").all(|term| {
        let Some((name, value)) = term.split_once(':') else {
            let word = term.trim_matches(['"', '*']).to_lowercase();
            return ticket.title.to_lowercase().contains(&word) || ticket.number.contains(&word);
        };
        let value = value.trim_matches('"');
        match json.get(name.trim_end_matches(".name")) {
            Some(Value::String(actual)) => actual.eq_ignore_ascii_case(value),
            Some(Value::Null) | None => false,
            Some(Value::Bool(flag)) => value == if *flag { "true" } else { "false" },
            Some(actual) => value.parse().is_ok_and(|number: i64| *actual == number),
        }
    })
}
