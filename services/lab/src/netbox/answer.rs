//! Answers with NetBox's headers.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, LOCATION};
use serde_json::{Value, json};

/// What the API has to say, before it becomes HTTP.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
    pub(super) etag: Option<String>,
    pub(super) location: Option<String>,
}

impl Reply {
    pub(super) fn new(status: u16, body: Value) -> Self {
        Self { status, body: Some(body), etag: None, location: None }
    }

    /// `{"detail": "…"}`, as in every refusal that is not about fields.
    pub(super) fn detail(status: u16, detail: impl Into<String>) -> Self {
        Self::new(status, json!({"detail": detail.into()}))
    }

    pub(super) fn etag(mut self, etag: Option<String>) -> Self {
        self.etag = etag;
        self
    }

    /// As HTTP; `allow` names the methods of the path.
    pub(super) fn into_http(self, request_id: &str, allow: &str) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        response
            .insert_header(("X-Request-ID", request_id))
            .insert_header(("API-Version", "4.7"))
            .insert_header(("Vary", "HX-Request, Accept-Language, Cookie, origin"))
            .insert_header(("Allow", allow));
        if let Some(etag) = self.etag {
            response.insert_header((ETAG, etag));
        }
        if let Some(location) = self.location {
            response.insert_header((LOCATION, location));
        }
        match self.body {
            Some(body) => response.content_type("application/json").body(body.to_string()),
            None => response.finish(),
        }
    }
}

/// A path that does not exist answers in HTML.
pub(super) fn not_found(request_id: &str) -> HttpResponse {
    HttpResponse::NotFound()
        .insert_header(("X-Request-ID", request_id))
        .insert_header(("API-Version", "4.7"))
        .content_type("text/html; charset=utf-8")
        .body("<!DOCTYPE html>\n<html lang=\"en\"><head><title>Page Not Found</title></head><body><h1>Page Not Found</h1></body></html>\n")
}
