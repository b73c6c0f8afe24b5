//! The body of a notification.

use serde::Deserialize;
use serde_json::Value;

use crate::id::{ActionId, MessageId, PersonId, RoomId, WebhookId};
use crate::lenient::{null_as_default, without_value};

macro_rules! open_words {
    ($(#[$doc:meta])* $name:ident: $($(#[$vdoc:meta])* $variant:ident = $word:literal),+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A word that this version does not know.
            Other(String),
        }

        impl $name {
            /// As Webex writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Other(text),
                }
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.as_str().to_owned()
            }
        }
    };
}

open_words!(
    /// What a notification is about.
    Resource:
    /// `messages`
    Messages = "messages",
    /// `attachmentActions`
    AttachmentActions = "attachmentActions",
    /// `memberships`
    Memberships = "memberships",
    /// `rooms`
    Rooms = "rooms"
);
open_words!(
    /// What happened to it.
    Event:
    /// `created`
    Created = "created",
    /// `updated`
    Updated = "updated",
    /// `deleted`
    Deleted = "deleted",
    /// `migrated`: a space got a new id.
    Migrated = "migrated"
);

/// The body is not a notification of Webex.
#[derive(Debug, thiserror::Error)]
#[error("not a Webex notification")]
pub struct ParseError(#[source] serde_json::Error);

/// One notification.
///
/// ```json
/// {"id": "<WEBHOOK>", "name": "card actions", "resource": "attachmentActions", "event": "created", "actorId": "<PERSON>",
///  "data": {"id": "<ACTION>", "type": "submit", "messageId": "<CARD>", "personId": "<PERSON>", "roomId": "<ROOM>", "created": "…"}}
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    /// The hook that it came by.
    pub webhook_id: WebhookId,
    /// The hook's name.
    pub name: String,
    /// What it is about.
    pub resource: Resource,
    /// What happened.
    pub event: Event,
    /// Who did it.
    pub actor_id: Option<PersonId>,
    /// The ids of what it is about.
    pub data: Data,
}

/// The ids that a notification carries.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Data {
    /// A button was pressed.
    Submit(SubmitData),
    /// A message was written, edited or deleted.
    Message(MessageData),
    /// Something else, as it came.
    Other(Value),
}

/// The ids of a pressed button. There is no e-mail address in it, and no input: fetch the action.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmitData {
    /// The action to fetch.
    pub id: ActionId,
    /// The card.
    pub message_id: MessageId,
    /// Who pressed.
    pub person_id: PersonId,
    /// The space.
    pub room_id: RoomId,
    /// When, RFC 3339 UTC.
    #[serde(default, deserialize_with = "null_as_default")]
    pub created: String,
}

/// The ids of a message. There is no text in it: fetch the message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageData {
    /// The message to fetch.
    pub id: MessageId,
    /// The space.
    pub room_id: RoomId,
    /// `direct` or `group`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub room_type: String,
    /// Who wrote it. Drop it when this is the bot itself, or the bot answers itself for ever.
    pub person_id: PersonId,
    /// The writer's address.
    #[serde(default, deserialize_with = "null_as_default")]
    pub person_email: String,
    /// Who is mentioned.
    #[serde(default, deserialize_with = "null_as_default")]
    pub mentioned_people: Vec<PersonId>,
    /// When, RFC 3339 UTC.
    #[serde(default, deserialize_with = "null_as_default")]
    pub created: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    id: WebhookId,
    #[serde(default, deserialize_with = "null_as_default")]
    name: String,
    resource: Resource,
    event: Event,
    #[serde(default)]
    actor_id: Option<PersonId>,
    data: Value,
}

impl Notification {
    /// Reads the body of a notification; unknown keys are ignored.
    ///
    /// # Errors
    /// [`ParseError`] when it is not one.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let raw: Raw = serde_json::from_slice(body).map_err(|error| ParseError(without_value(error)))?;
        let data = match &raw.resource {
            Resource::AttachmentActions => Data::Submit(
                serde_json::from_value(raw.data).map_err(|error| ParseError(without_value(error)))?,
            ),
            Resource::Messages => Data::Message(
                serde_json::from_value(raw.data).map_err(|error| ParseError(without_value(error)))?,
            ),
            Resource::Memberships | Resource::Rooms | Resource::Other(_) => Data::Other(raw.data),
        };
        Ok(Self {
            webhook_id: raw.id,
            name: raw.name,
            resource: raw.resource,
            event: raw.event,
            actor_id: raw.actor_id,
            data,
        })
    }

    /// The same for every copy of one event: `resource/event/id`. Not enough for `updated`, which happens again and again.
    #[must_use]
    pub fn dedup_key(&self) -> String {
        let id = match &self.data {
            Data::Submit(data) => data.id.as_str(),
            Data::Message(data) => data.id.as_str(),
            Data::Other(data) => data.get("id").and_then(Value::as_str).unwrap_or_default(),
        };
        format!("{}/{}/{id}", self.resource.as_str(), self.event.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_resource_is_kept_as_it_came() {
        let body = br#"{"id":"W","resource":"meetings","event":"started","data":{"id":"X"},"new":1}"#;
        let notification = Notification::parse(body).unwrap();
        assert_eq!(notification.resource, Resource::Other("meetings".to_owned()));
        assert_eq!(notification.dedup_key(), "meetings/started/X");
    }

    #[test]
    fn what_is_no_notification_is_refused() {
        for body in [
            &b""[..],
            b"null",
            b"[]",
            b"{}",
            br#"{"id":"W","resource":"attachmentActions","event":"created","data":{}}"#,
            br#"{"id":"W","resource":"messages","event":"created","data":{"id":"..","roomId":"R","personId":"P"}}"#,
            br#"{"id":7,"resource":"messages","event":"created","data":{"id":"M","roomId":"R","personId":"P"}}"#,
        ] {
            assert!(Notification::parse(body).is_err(), "{}", String::from_utf8_lossy(body));
        }
    }
}
