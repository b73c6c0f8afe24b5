//! Refusals, in the shape that Webex gives them.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

/// Numbers the refusals.
static TRACKING: AtomicU64 = AtomicU64::new(1);

/// A refusal.
#[derive(Debug)]
pub(super) struct ApiError {
    status: u16,
    message: String,
}

impl ApiError {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    pub(super) fn not_found() -> Self {
        Self::new(404, "The requested resource could not be found.")
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "The request requires a valid access token set in the Authorization request header.")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let tracking =
            format!("LAB_{:08X}-0000-01BB-0000-0A0000000000", TRACKING.fetch_add(1, Ordering::Relaxed));
        let body = json!({"message": self.message, "errors": [{"description": self.message}], "trackingId": tracking});
        HttpResponse::build(self.status_code()).insert_header(("trackingId", tracking)).json(body)
    }
}
