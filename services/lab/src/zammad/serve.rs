//! The API over HTTP: takes requests apart, and writes answers and errors as Zammad does.

use std::sync::atomic::Ordering;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use super::Shared;
use super::api::{self, Call};
use super::auth::{Right, authenticate};
use super::error::Refusal;

/// The API's routes.
pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/api/v1/{path:.*}", web::route().to(call));
}

async fn call(
    shared: Data<Shared>,
    request: HttpRequest,
    path: web::Path<String>,
    body: Bytes,
) -> HttpResponse {
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let json = header("Accept").is_some_and(|accept| accept.contains("json"))
        || header("Content-Type").is_some_and(|kind| kind.contains("json"));
    let caller = match authenticate(header("Authorization"), &shared.bot_token) {
        Ok(caller) => caller,
        Err(refusal) => return refused(&refusal, json, false),
    };
    let admin = caller.right == Right::Admin;
    let call = match taken_apart(&request, &path, &body) {
        Ok(call) => call,
        Err(refusal) => return refused(&refusal, json, admin),
    };
    let mut store = shared.lock();
    match api::answer(&mut store, &call, caller) {
        Ok(reply) => {
            if let Some(written) = &reply.written {
                shared.fire(&store, written);
            }
            answer(reply.status).json(reply.body)
        }
        Err(refusal) => refused(&refusal, json, admin),
    }
}

fn taken_apart(request: &HttpRequest, path: &str, body: &[u8]) -> Result<Call, Refusal> {
    let query =
        web::Query::from_query(request.query_string()).map(web::Query::into_inner).unwrap_or_default();
    let body = if body.is_empty() {
        Map::new()
    } else {
        match serde_json::from_slice(body) {
            Ok(Value::Object(body)) => body,
            Ok(_) | Err(_) => return Err(Refusal::internal("the request's body is no JSON object")),
        }
    };
    let path = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    Ok(Call { method: request.method().as_str().to_owned(), path, query, body })
}

fn answer(status: u16) -> actix_web::HttpResponseBuilder {
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
}

fn refused(refusal: &Refusal, json: bool, admin: bool) -> HttpResponse {
    let mut response = answer(refusal.status);
    if matches!(refusal.status, 401 | 403) {
        response.insert_header(("X-Failure", refusal.text.as_str()));
    }
    if json {
        return response.json(refusal.body(admin));
    }
    // Without JSON being asked for, an error is a page.
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n",
        refusal.status
    );
    response.content_type("text/html; charset=utf-8").body(page)
}
