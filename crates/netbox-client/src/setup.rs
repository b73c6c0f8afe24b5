//! What makes a NetBox ready to report edits: a custom field, a webhook and an event rule (4.1 and later in this shape).

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::id::WebhookId;

/// A webhook to make.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Name, unique.
    pub name: String,
    /// Where it goes.
    pub payload_url: String,
    /// Signs the bodies, see [`webhook::verify`](crate::webhook::verify). `None` leaves an existing one as it is.
    pub secret: Option<SecretString>,
    /// Whether the receiver's certificate is checked.
    pub ssl_verification: bool,
}

impl NewWebhook {
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "name": self.name,
            "payload_url": self.payload_url,
            "http_method": "POST",
            "http_content_type": "application/json",
            "body_template": "",
            "ssl_verification": self.ssl_verification,
        });
        if let Some(secret) = &self.secret {
            body["secret"] = json!(secret.expose_secret());
        }
        body
    }
}

/// An event rule to make: updates of interfaces fire a webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEventRule {
    /// Name, unique.
    pub name: String,
    /// The webhook that it fires.
    pub webhook: WebhookId,
    /// When it fires, see [`changed_and_filled`]; `None` for every update.
    pub conditions: Option<Value>,
}

impl NewEventRule {
    pub(crate) fn body(&self) -> Value {
        json!({
            "name": self.name,
            "enabled": true,
            "object_types": ["dcim.interface"],
            "event_types": ["object_updated"],
            "conditions": self.conditions,
            "action_type": "webhook",
            "action_object_type": "extras.webhook",
            "action_object_id": self.webhook,
        })
    }
}

/// The condition "this custom field changed, and is not null", which keeps its clearing and all other edits away.
///
/// NetBox knows `changed` since the version the condition was measured on, 4.7.3.
#[must_use]
pub fn changed_and_filled(custom_field: &str) -> Value {
    let attr = format!("custom_fields.{custom_field}");
    json!({"and": [{"attr": attr, "op": "changed"}, {"attr": attr, "value": null, "negate": true}]})
}

/// A custom field to make: text, on interfaces, not required, with exact filter logic.
///
/// NetBox (4.7.3) ignores `cf_NAME__empty` for a field with loose logic, its default; see `InterfaceParams::custom_field_filled`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCustomField {
    /// Name as used in `custom_fields`: lower case, digits and `_`.
    pub name: String,
    /// Name as shown.
    pub label: String,
    /// Description.
    pub description: String,
}

impl NewCustomField {
    pub(crate) fn body(&self) -> Value {
        json!({
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "type": "text",
            "object_types": ["dcim.interface"],
            "required": false,
            "filter_logic": "exact",
        })
    }
}
