//! Lists: filters, pages, and which fields to show.

use serde_json::{Value, json};

use super::filter::{self, Query};
use super::model::{Object, Table, World};
use super::render;

/// Rows per page when no usable limit is given.
const DEFAULT_LIMIT: usize = 50;
/// Rows per page at most; `limit=0` asks for it.
const MOST: usize = 1000;

/// Splits a query string.
pub(super) fn query(text: &str) -> Query {
    let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(text);
    let mut query = Query::new();
    for (key, value) in pairs.map(actix_web::web::Query::into_inner).unwrap_or_default() {
        query.entry(key).or_default().push(value);
    }
    query
}

/// Answers a list, or the errors of a 400.
pub(super) fn list(world: &World, table: Table, query: &Query, base: &str) -> Result<Value, Value> {
    if let Some(errors) = filter::refuse(world, table, query) {
        return Err(errors);
    }
    let rows = render::ids(world, table).into_iter().filter_map(|id| {
        let row = render::row(world, table, id, base)?;
        filter::passes(world, table, &row, query).then_some((id, row))
    });
    let show = |(id, row): (u64, Object)| shown(world, table, (id, row), (query, base));
    let number = |key: &str| {
        query.get(key).and_then(|values| values.last()).and_then(|value| value.parse::<usize>().ok())
    };
    let limit = match number("limit") {
        Some(0) => MOST,
        Some(limit) => limit.min(MOST),
        None => DEFAULT_LIMIT,
    };
    let link = |key: &str, value: Option<u64>| link(table, query, base, (key, value, limit));
    if let Some(start) = number("start") {
        let mut page: Vec<_> = rows.filter(|(id, _)| *id >= start as u64).take(limit + 1).collect();
        let next = if page.len() > limit { page.pop().map(|(id, _)| link("start", Some(id))) } else { None };
        let results: Vec<_> = page.into_iter().map(show).collect();
        return Ok(json!({"count": null, "next": next, "previous": null, "results": results}));
    }
    let offset = number("offset").unwrap_or(0);
    let all: Vec<_> = rows.collect();
    let count = all.len();
    let next = (offset.saturating_add(limit) < count).then(|| link("offset", Some((offset + limit) as u64)));
    let previous = match offset {
        0 => None,
        _ if offset <= limit => Some(link("offset", None)),
        _ => Some(link("offset", Some((offset - limit) as u64))),
    };
    let results: Vec<_> = all.into_iter().skip(offset).take(limit).map(show).collect();
    Ok(json!({"count": count, "next": next, "previous": previous, "results": results}))
}

/// The URL of another page: the same query, sorted, with the limit and the new position.
fn link(table: Table, query: &Query, base: &str, (key, value, limit): (&str, Option<u64>, usize)) -> String {
    let mut other = query.clone();
    other.insert("limit".to_owned(), vec![limit.to_string()]);
    other.remove(key);
    if let Some(value) = value {
        other.insert(key.to_owned(), vec![value.to_string()]);
    }
    let pairs = other.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value)));
    let text: Vec<_> = pairs.map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    format!("{base}{}?{}", table.path(), text.join("&"))
}

fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push('+'),
            _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// One object, in as much detail as was asked for.
pub(super) fn shown(
    world: &World,
    table: Table,
    (id, mut row): (u64, Object),
    (query, base): (&Query, &str),
) -> Object {
    let last = |key: &str| query.get(key).and_then(|values| values.last());
    if last("brief").is_some_and(|value| value == "true" || value == "1") {
        return render::brief(world, table, id, base).unwrap_or_default();
    }
    if let Some(fields) = names(query, "fields") {
        row.retain(|key, _| fields.contains(key));
    }
    if let Some(omitted) = names(query, "omit") {
        row.retain(|key, _| !omitted.contains(key));
    }
    row
}

/// On a write, `fields` and `omit` limit what is written too, without a word.
pub(super) fn limit_write(body: &mut Object, query: &Query) {
    if let Some(fields) = names(query, "fields") {
        body.retain(|key, _| fields.contains(key));
    }
    if let Some(omitted) = names(query, "omit") {
        body.retain(|key, _| !omitted.contains(key));
    }
}

fn names(query: &Query, key: &str) -> Option<Vec<String>> {
    let values = query.get(key)?;
    Some(values.iter().flat_map(|value| value.split(',')).map(str::to_owned).collect())
}
