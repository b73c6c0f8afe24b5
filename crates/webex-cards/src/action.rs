//! Attachment actions: a person pressed a button of a card, or made up that they did.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::error::Error;
use crate::id::{ActionId, MessageId, PersonId, RoomId};
use crate::lenient::null_as_default;
use crate::request::{self, Built};

/// One press of a button, as `GET /attachment/actions/{id}` gives it.
///
/// Fetched with our token, `id`, `message_id`, `room_id`, `person_id` and `created` are facts. **`inputs` is a claim**: anyone in the space
/// can create an action with any inputs, without the card.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentAction {
    /// The identifier.
    pub id: ActionId,
    /// The card.
    pub message_id: MessageId,
    /// The space that the card is in.
    pub room_id: RoomId,
    /// Who pressed.
    pub person_id: PersonId,
    /// `submit`.
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    pub kind: String,
    /// The button's data and the inputs, in one flat object. A claim, not a fact.
    #[serde(default, deserialize_with = "null_as_default")]
    pub inputs: Map<String, Value>,
    /// When, RFC 3339 UTC.
    #[serde(default, deserialize_with = "null_as_default")]
    pub created: String,
}

impl AttachmentAction {
    /// A text among the inputs; an empty one counts as not given, since clients leave out or send empty fields as they like.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.inputs.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewAction<'a> {
    r#type: &'static str,
    message_id: &'a MessageId,
    inputs: &'a Map<String, Value>,
}

fn get_action(id: &ActionId) -> Built {
    request::empty(Method::GET, &request::path(&["attachment", "actions", id.as_str()], &[]))
}

fn create_action(message: &MessageId, inputs: &Map<String, Value>) -> Built {
    let body = NewAction { r#type: "submit", message_id: message, inputs };
    request::json(Method::POST, "/attachment/actions", &body)
}

impl Client {
    /// `GET /attachment/actions/{id}`.
    ///
    /// # Errors
    /// 404 for an unknown id, also for a moment after its notification came; see [`Error`].
    pub async fn attachment_action(&self, id: &ActionId) -> Result<AttachmentAction, Error> {
        self.call("GET /attachment/actions/{id}", get_action(id)).await
    }

    /// `POST /attachment/actions`: presses a button as the token's owner; for tests and tools.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create_attachment_action(
        &self,
        message: &MessageId,
        inputs: &Map<String, Value>,
    ) -> Result<AttachmentAction, Error> {
        self.call("POST /attachment/actions", create_action(message, inputs)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_is_built_as_documented() {
        let inputs = serde_json::from_str(r#"{"action":"approve"}"#).unwrap();
        let request = create_action(&"M1".parse().unwrap(), &inputs).unwrap();
        assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/attachment/actions"));
        assert_eq!(request.body(), br#"{"type":"submit","messageId":"M1","inputs":{"action":"approve"}}"#);
        assert_eq!(get_action(&"A1".parse().unwrap()).unwrap().uri(), "/attachment/actions/A1");
    }

    #[test]
    fn an_empty_input_counts_as_absent() {
        let action: AttachmentAction = serde_json::from_str(
            r#"{"id":"A","messageId":"M","roomId":"R","personId":"P","inputs":{"comment":"","n":1,"action":"approve"}}"#,
        )
        .unwrap();
        assert_eq!((action.text("comment"), action.text("n"), action.text("x")), (None, None, None));
        assert_eq!(action.text("action"), Some("approve"));
    }
}
