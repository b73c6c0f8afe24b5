//! Calls that make a server ready: groups, states, custom fields, templates, webhooks and triggers. Most need an administrator's token.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::error::Error;
use crate::ids::StateId;
use crate::request;
use crate::ticket::State;

/// Position that Zammad gives every field of one's own.
const FIELD_POSITION: u32 = 1550;
/// Longest value of a text field, in characters.
const TEXT_LIMIT: u32 = 255;

/// A thing that has a name and an id: group, webhook, trigger, template, custom field.
#[derive(Clone, PartialEq, Deserialize)]
pub struct Named {
    /// Database id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Whether it is in use.
    #[serde(default)]
    pub active: Option<bool>,
    /// All other attributes, as sent. Secrets may be among them.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Shows which thing it is, and none of its other attributes: a webhook's signature token is one of them.
impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, name, active, .. } = self;
        f.debug_struct("Named")
            .field("id", id)
            .field("name", name)
            .field("active", active)
            .finish_non_exhaustive()
    }
}

/// The kinds of things that can be listed and created here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Groups.
    Group,
    /// Custom fields (`admin.object`).
    ObjectAttribute,
    /// Webhooks (`admin.webhook`).
    Webhook,
    /// Triggers (`admin.trigger`).
    Trigger,
    /// Templates (`admin.template`; agents may read active ones).
    Template,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Group => "/groups",
            Self::ObjectAttribute => "/object_manager_attributes",
            Self::Webhook => "/webhooks",
            Self::Trigger => "/triggers",
            Self::Template => "/templates",
        }
    }
}

/// The type of a custom field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldType {
    /// One line of text.
    Text,
    /// A whole number between two bounds, both included.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// Yes or no.
    Boolean,
    /// One of several values, each with its label. Other values are refused by the server.
    Select(Vec<(String, String)>),
}

/// The body that creates a custom field of tickets, shown to agents and customers on the create and edit screens and required on none:
/// a field required on the edit screen makes every later update fail until it is filled.
#[must_use]
pub fn ticket_field(name: &str, display: &str, kind: &FieldType) -> Value {
    let (data_type, data_option) = match kind {
        FieldType::Text => {
            ("input", json!({"type": "text", "maxlength": TEXT_LIMIT, "default": "", "null": true}))
        }
        FieldType::Integer { min, max } => {
            ("integer", json!({"min": min, "max": max, "default": null, "null": true}))
        }
        FieldType::Boolean => {
            ("boolean", json!({"options": {"true": "yes", "false": "no"}, "default": null, "null": true}))
        }
        FieldType::Select(options) => {
            let options: Map<String, Value> =
                options.iter().map(|(value, label)| (value.clone(), json!(label))).collect();
            let option = json!({"options": options, "default": "", "maxlength": TEXT_LIMIT, "nulloption": true, "null": true});
            ("select", option)
        }
    };
    let screen = json!({
        "ticket.agent": {"shown": true, "required": false},
        "ticket.customer": {"shown": true, "required": false},
    });
    json!({
        "name": name, "object": "Ticket", "display": display, "active": true, "position": FIELD_POSITION,
        "data_type": data_type, "data_option": data_option,
        "screens": {"create_middle": screen, "edit": screen},
    })
}

/// The body that creates a webhook with Zammad's default payload.
#[must_use]
pub fn webhook(name: &str, endpoint: &str, signature_token: &str) -> Value {
    json!({
        "name": name, "endpoint": endpoint, "signature_token": signature_token, "ssl_verify": true,
        "customized_payload": false, "note": "", "active": true,
    })
}

/// The body that creates the trigger which sends tickets of one type and state to a webhook, when they are created or changed.
#[must_use]
pub fn trigger(name: &str, ticket_type: &str, state: StateId, webhook_id: u64) -> Value {
    json!({
        "name": name, "activator": "action", "execution_condition_mode": "selective",
        "condition": {
            "ticket.state_id": {"operator": "is", "value": [state.to_string()]},
            "ticket.ticket_type": {"operator": "is", "value": [ticket_type]},
        },
        "perform": {"notification.webhook": {"webhook_id": webhook_id.to_string()}},
        "active": true, "note": "",
    })
}

impl Client {
    /// Everything of one kind.
    ///
    /// # Errors
    /// [`Error::is_unauthorized`] if the token may not; otherwise see [`Error`].
    pub async fn list(&self, kind: Kind) -> Result<Vec<Named>, Error> {
        self.json(request::get(kind.path())?).await
    }

    /// The thing of this kind and exactly this name.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub async fn find(&self, kind: Kind, name: &str) -> Result<Option<Named>, Error> {
        Ok(self.list(kind).await?.into_iter().find(|thing| thing.name == name))
    }

    /// Creates a thing. Names are unique: look with [`Self::find`] first.
    ///
    /// # Errors
    /// 422 if the name is taken or the body is wrong; otherwise see [`Error`].
    pub async fn create(&self, kind: Kind, body: &Value) -> Result<Named, Error> {
        self.json(request::write(Method::POST, kind.path(), body)?).await
    }

    /// Changes a thing.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, kind: Kind, id: u64, body: &Value) -> Result<Named, Error> {
        self.json(request::write(Method::PUT, &format!("{}/{id}", kind.path()), body)?).await
    }

    /// Makes new custom fields real: until then tickets drop them in silence. The server's processes restart afterwards, or need it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn execute_migrations(&self) -> Result<(), Error> {
        let path = "/object_manager_attributes_execute_migrations";
        self.send(request::write(Method::POST, path, &json!({}))?).await.map(drop)
    }

    /// Creates a ticket state. `state_type_id` is 2 (open) for one that stays in the overviews, 5 (closed) for one that ends the ticket.
    ///
    /// Older servers do not put it into the ticket's state filter: try it on a real ticket ([`Error::StateRefused`]).
    ///
    /// # Errors
    /// 422 if the name is taken; otherwise see [`Error`].
    pub async fn create_state(&self, name: &str, state_type_id: u64) -> Result<State, Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            name: &'a str,
            state_type_id: u64,
            ignore_escalation: bool,
            active: bool,
        }
        let body = Body { name, state_type_id, ignore_escalation: state_type_id == 5, active: true };
        let state = self.json(request::write(Method::POST, "/ticket_states", &body)?).await?;
        self.0.cache.forget_states();
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Value {
        let path = format!("{}/../../fixtures/zammad/{name}", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap()
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let hook = json!({"id": 3, "name": "intake", "active": true, "signature_token": "hush", "bearer_token": "hush"});
        let hook: Named = serde_json::from_value(hook).unwrap();
        assert_eq!(hook.rest["signature_token"], "hush", "setup compares it");
        assert!(!format!("{hook:?}").contains("hush"));
    }

    #[test]
    fn the_trigger_is_the_documented_one() {
        let body = trigger("network change intake", "network_change", StateId(2), 3);
        let documented = fixture("trigger_create.json");
        for key in ["name", "activator", "execution_condition_mode", "condition", "perform", "active"] {
            assert_eq!(body[key], documented[key], "{key}");
        }
    }

    #[test]
    fn a_select_field_has_the_documented_options() {
        let options = [("sw-branch-07", "Branch switch 07"), ("sw-branch-08", "Branch switch 08")];
        let options = options.map(|(value, label)| (value.to_owned(), label.to_owned())).to_vec();
        let body = ticket_field("network_device_name", "Network device", &FieldType::Select(options));
        let documented = fixture("object_attribute_create_select.json");
        for key in ["name", "object", "display", "active", "position", "data_type", "data_option"] {
            assert_eq!(body[key], documented[key], "{key}");
        }
    }
}
