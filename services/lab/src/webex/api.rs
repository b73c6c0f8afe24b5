//! The API's entrance: routes, tokens, bodies, pages of lists.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Bytes, Data, Query, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::world::{AccountIndex, Shared};
use super::{actions, hooks, messages, people};

/// Items of one page when the caller does not say.
const DEFAULT_PAGE: usize = 100;

/// What a handler gives back.
pub(super) type Answer = Result<HttpResponse, ApiError>;
/// The query of a request.
pub(super) type Params = Query<HashMap<String, String>>;

/// The routes under `/v1`.
pub(super) fn routes(config: &mut ServiceConfig) {
    let scope = web::scope("/v1")
        .wrap(from_fn(count))
        .service(web::resource("/people/me").get(people::me))
        .service(web::resource("/people/{id}").get(people::get))
        .service(web::resource("/people").get(people::find))
        .service(web::resource("/rooms/{id}").get(people::room))
        .service(web::resource("/rooms").get(people::rooms))
        .service(web::resource("/memberships").get(people::memberships))
        .service(web::resource("/messages/direct").get(messages::direct))
        .service(
            web::resource("/messages/{id}").get(messages::get).put(messages::edit).delete(messages::delete),
        )
        .service(web::resource("/messages").get(messages::list).post(messages::create))
        .service(web::resource("/attachment/actions/{id}").get(actions::get))
        .service(web::resource("/attachment/actions").post(actions::create))
        .service(web::resource("/webhooks/{id}").get(hooks::get).put(hooks::update).delete(hooks::delete))
        .service(web::resource("/webhooks").get(hooks::list).post(hooks::create))
        .default_service(web::to(unknown));
    config.service(scope);
}

async fn unknown() -> Answer {
    Err(ApiError::not_found())
}

async fn count<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    if let Some(shared) = request.app_data::<Data<Shared>>() {
        shared.requests.fetch_add(1, Ordering::Relaxed);
    }
    next.call(request).await
}

/// Who calls, by the bearer token.
pub(super) fn caller(shared: &Shared, request: &HttpRequest) -> Result<AccountIndex, ApiError> {
    let header = request.headers().get("Authorization").and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer "));
    let world = shared.world();
    let found = token.and_then(|token| world.accounts.iter().position(|account| account.token == token));
    found.ok_or_else(ApiError::unauthorized)
}

/// The body, a JSON object.
pub(super) fn object(request: &HttpRequest, body: &Bytes) -> Result<Map<String, Value>, ApiError> {
    let kind =
        request.headers().get("Content-Type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(ApiError::new(415, "The media type of the request is not supported."));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(ApiError::bad("The request body is not a JSON object.")),
    }
}

/// A text of the body, if it is there and not empty.
pub(super) fn text<'a>(body: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, ApiError> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(ApiError::bad(format!("{key} is not a string."))),
    }
}

/// One page of a list, with a `Link` to the next.
pub(super) fn page(request: &HttpRequest, params: &Params, items: Vec<Value>) -> Answer {
    let max = match params.get("max").map(|max| max.parse::<usize>()) {
        None => DEFAULT_PAGE,
        Some(Ok(max)) if (1..=1000).contains(&max) => max,
        Some(_) => return Err(ApiError::bad("max is not a number from 1 to 1000.")),
    };
    let from = params.get("cursor").map_or(Ok(0), |cursor| cursor.parse::<usize>());
    let from = from.map_err(|_| ApiError::bad("The cursor is not valid."))?;
    let more = items.len() > from.saturating_add(max);
    let shown: Vec<_> = items.into_iter().skip(from).take(max).collect();
    let mut answer = HttpResponse::Ok();
    if more {
        answer.insert_header(("Link", format!("<{}>; rel=\"next\"", next_url(request, params, from + max))));
    }
    Ok(answer.json(json!({ "items": shown })))
}

fn next_url(request: &HttpRequest, params: &Params, from: usize) -> String {
    let info = request.connection_info();
    let mut query: Vec<_> = params.iter().filter(|(key, _)| *key != "cursor").collect();
    query.sort();
    let mut url = reqwest::Url::parse(&format!("{}://{}{}", info.scheme(), info.host(), request.path()));
    if let Ok(url) = &mut url {
        url.query_pairs_mut().extend_pairs(query).append_pair("cursor", &from.to_string());
    }
    url.map(String::from).unwrap_or_default()
}
