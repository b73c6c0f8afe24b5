//! What a program needs to know about a NetBox to make it ready: status, webhooks, event rules, custom fields.

use serde::Deserialize;
use serde_json::Value;

use super::choice::{self, Choice};
use super::null_as_default;
use crate::id::{CustomFieldId, EventRuleId, WebhookId};

/// `GET /api/status/`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// E.g. `4.7.3`.
    #[serde(rename = "netbox-version")]
    pub netbox_version: String,
    /// Without a worker, no webhook is ever sent.
    #[serde(rename = "rq-workers-running", default)]
    pub rq_workers_running: Option<u32>,
}

impl Status {
    /// Major and minor version, e.g. `(4, 7)`.
    #[must_use]
    pub fn version(&self) -> Option<(u32, u32)> {
        let mut parts = self.netbox_version.split(['.', '-']);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }

    /// Whether conditional writes are checked by this server (4.6 and later).
    #[must_use]
    pub fn checks_if_match(&self) -> bool {
        self.version().is_some_and(|version| version >= (4, 6))
    }
}

/// An outgoing webhook.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Webhook {
    /// Row id.
    pub id: WebhookId,
    /// Name.
    pub name: String,
    /// Where it goes.
    #[serde(default, deserialize_with = "null_as_default")]
    pub payload_url: String,
    /// Its method, `POST`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub http_method: String,
    /// Whether the receiver's certificate is checked.
    #[serde(default)]
    pub ssl_verification: Option<bool>,
    /// A template instead of the standard body; must be empty for payloads that this crate reads.
    #[serde(default, deserialize_with = "null_as_default")]
    pub body_template: String,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A payload URL may carry credentials.
        f.debug_struct("Webhook").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A rule that fires a webhook (4.1 and later in this shape).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct EventRule {
    /// Row id.
    pub id: EventRuleId,
    /// Name.
    pub name: String,
    /// Whether it fires at all.
    #[serde(default)]
    pub enabled: bool,
    /// E.g. `dcim.interface`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub object_types: Vec<String>,
    /// E.g. `object_updated`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub event_types: Vec<String>,
    /// When it fires.
    #[serde(default)]
    pub conditions: Option<Value>,
    /// `webhook`, `script`, `notification`.
    #[serde(default, deserialize_with = "choice::optional")]
    pub action_type: Option<Choice>,
    /// Row id of the webhook.
    #[serde(default)]
    pub action_object_id: Option<u64>,
}

/// A custom field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct CustomField {
    /// Row id.
    pub id: CustomFieldId,
    /// Name as used in `custom_fields`.
    pub name: String,
    /// `text`, `integer`, …
    #[serde(default, rename = "type", deserialize_with = "choice::optional")]
    pub kind: Option<Choice>,
    /// Name as shown.
    #[serde(default, deserialize_with = "null_as_default")]
    pub label: String,
    /// E.g. `dcim.interface` (4.0 and later; `content_types` before).
    #[serde(default, alias = "content_types", deserialize_with = "null_as_default")]
    pub object_types: Vec<String>,
}
