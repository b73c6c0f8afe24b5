//! Errors of the API, in Zammad's words.

use serde_json::{Value, json};
use uuid::Uuid;

/// A refused call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {text}")]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Zammad's text.
    pub text: String,
    /// Whether only an administrator is told the text.
    pub(super) hidden: bool,
}

impl Refusal {
    fn new(status: u16, text: impl Into<String>) -> Self {
        Self { status, text: text.into(), hidden: false }
    }

    pub(super) fn unauthorized(text: &str) -> Self {
        Self::new(401, text)
    }

    pub(super) fn forbidden(text: &str) -> Self {
        Self::new(403, text)
    }

    pub(super) fn not_found(model: &str, id: &str) -> Self {
        Self::new(404, format!("Couldn't find {model} with 'id'={id}"))
    }

    pub(super) fn no_route(path: &str) -> Self {
        Self::new(404, format!("This page doesn't exist: {path}"))
    }

    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self::new(422, text)
    }

    /// A fault of the server's own code: an agent sees an id only.
    pub(super) fn internal(text: impl Into<String>) -> Self {
        Self { status: 500, text: text.into(), hidden: true }
    }

    /// The body as this caller gets it.
    pub(super) fn body(&self, admin: bool) -> Value {
        if self.hidden && !admin {
            let id: String = Uuid::new_v4().simple().to_string().chars().take(8).collect();
            tracing::warn!(error = %self.text, "Error ID {id}");
            return json!({"error": format!("Error ID {id}: Please contact your administrator.")});
        }
        json!({"error": self.text, "error_human": self.text})
    }
}
