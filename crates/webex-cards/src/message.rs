//! Messages and the cards in them.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::card::{CONTENT_TYPE, Card, CardError};
use crate::client::{Client, Items};
use crate::error::Error;
use crate::id::{MessageId, PersonId, RoomId};
use crate::lenient::null_as_default;
use crate::markdown::{MAX_MESSAGE_BYTES, cut};
use crate::request::{self, Built};

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Recipient {
    /// Into a space.
    #[serde(rename = "roomId")]
    Room(RoomId),
    /// To a person; Webex opens the direct space if need be.
    #[serde(rename = "toPersonId")]
    Person(PersonId),
    /// To the person with this address; Webex opens the direct space if need be.
    #[serde(rename = "toPersonEmail")]
    Email(String),
}

/// A message to send: Markdown, and one card at most.
///
/// ```json
/// {"toPersonEmail": "lead@example.net", "markdown": "…", "attachments": [{"contentType": "…", "content": {}}]}
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NewMessage {
    recipient: Recipient,
    markdown: String,
    card: Option<Card>,
    parent: Option<MessageId>,
}

impl NewMessage {
    /// A message of Markdown, cut to 7439 bytes. With a card it is what notifications and old clients show, so it is never left out.
    /// Foreign text in it goes through [`markdown::escape`](crate::markdown::escape) first.
    #[must_use]
    pub fn new(recipient: Recipient, markdown: &str) -> Self {
        Self { recipient, markdown: cut(markdown, MAX_MESSAGE_BYTES), card: None, parent: None }
    }

    /// To the person with this address.
    #[must_use]
    pub fn to_email(email: impl Into<String>, markdown: &str) -> Self {
        Self::new(Recipient::Email(email.into()), markdown)
    }

    /// Into a space.
    #[must_use]
    pub fn to_room(room: RoomId, markdown: &str) -> Self {
        Self::new(Recipient::Room(room), markdown)
    }

    /// With this card.
    #[must_use]
    pub fn card(mut self, card: Card) -> Self {
        self.card = Some(card);
        self
    }

    /// As an answer in the thread of this message.
    #[must_use]
    pub fn in_thread_of(mut self, parent: MessageId) -> Self {
        self.parent = Some(parent);
        self
    }
}

/// A message, as Webex gives it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The identifier; store it at once.
    pub id: MessageId,
    /// The space; store it at once.
    pub room_id: RoomId,
    /// `direct` or `group`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub room_type: String,
    /// Plain text; absent for a message of only files or cards. Begins with the bot's name where the bot was mentioned.
    #[serde(default)]
    pub text: Option<String>,
    /// Markdown, if the sender used it.
    #[serde(default)]
    pub markdown: Option<String>,
    /// HTML, if the message has any formatting or mention.
    #[serde(default)]
    pub html: Option<String>,
    /// Who wrote it.
    pub person_id: PersonId,
    /// The writer's address.
    #[serde(default, deserialize_with = "null_as_default")]
    pub person_email: String,
    /// Who is mentioned.
    #[serde(default, deserialize_with = "null_as_default")]
    pub mentioned_people: Vec<PersonId>,
    /// The message that this one answers.
    #[serde(default)]
    pub parent_id: Option<MessageId>,
    /// Cards.
    #[serde(default, deserialize_with = "null_as_default")]
    pub attachments: Vec<Attachment>,
    /// When, RFC 3339 UTC.
    #[serde(default, deserialize_with = "null_as_default")]
    pub created: String,
    /// When it was last edited, RFC 3339 UTC.
    #[serde(default)]
    pub updated: Option<String>,
}

impl Message {
    /// What is needed to edit or remove it later.
    #[must_use]
    pub fn posted(&self) -> Posted {
        Posted { id: self.id.clone(), room_id: self.room_id.clone(), parent: self.parent_id.clone() }
    }

    /// The text without the mention of the bot that it begins with in group spaces.
    #[must_use]
    pub fn text_without_mention_of(&self, bot: &crate::Person) -> Option<&str> {
        let text = self.text.as_deref()?.trim();
        if !self.mentioned_people.contains(&bot.id) {
            return Some(text);
        }
        // The mention shows the display name, or its first word.
        let first = bot.display_name.split_whitespace().next().unwrap_or_default();
        let rest = [bot.display_name.as_str(), first]
            .into_iter()
            .filter(|name| !name.is_empty())
            .find_map(|name| text.strip_prefix(name).filter(|rest| !rest.starts_with(char::is_alphanumeric)));
        Some(rest.unwrap_or(text).trim_start_matches([' ', ',', ':', '\u{a0}']))
    }
}

/// An attachment of a message, as Webex gives it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// `application/vnd.microsoft.card.adaptive` for a card.
    pub content_type: String,
    /// The card's JSON.
    #[serde(default)]
    pub content: Value,
}

/// A message that is in a space: what has to be stored to edit or remove it later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The message.
    pub id: MessageId,
    /// Its space.
    pub room_id: RoomId,
    /// The message that it answers, if it is in a thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<MessageId>,
}

/// How [`Client::replace_card`] did it.
#[derive(Debug, Clone, PartialEq)]
pub enum Replaced {
    /// The message was edited and keeps its id.
    Edited(Message),
    /// The message could not be edited; it is gone and this new one stands in the space.
    Reposted(Message),
}

impl Replaced {
    /// The message that shows the card now.
    #[must_use]
    pub fn message(&self) -> &Message {
        match self {
            Self::Edited(message) | Self::Reposted(message) => message,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttachmentBody {
    content_type: &'static str,
    content: Value,
}

fn attachment(card: Option<&Card>) -> Result<Vec<AttachmentBody>, CardError> {
    card.map(|card| Ok(AttachmentBody { content_type: CONTENT_TYPE, content: card.to_json()? }))
        .into_iter()
        .collect()
}

fn create_message(message: &NewMessage) -> Built {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        #[serde(flatten)]
        recipient: &'a Recipient,
        markdown: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        parent_id: Option<&'a MessageId>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<AttachmentBody>,
    }
    let body = Body {
        recipient: &message.recipient,
        markdown: &message.markdown,
        parent_id: message.parent.as_ref(),
        attachments: attachment(message.card.as_ref())?,
    };
    request::json(Method::POST, "/messages", &body)
}

fn edit_message(message: &Posted, markdown: &str, card: Option<&Card>) -> Built {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body<'a> {
        room_id: &'a RoomId,
        markdown: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<AttachmentBody>,
    }
    let body = Body {
        room_id: &message.room_id,
        markdown: cut(markdown, MAX_MESSAGE_BYTES),
        attachments: attachment(card)?,
    };
    request::json(Method::PUT, &request::path(&["messages", message.id.as_str()], &[]), &body)
}

fn get_message(id: &MessageId) -> Built {
    request::empty(Method::GET, &request::path(&["messages", id.as_str()], &[]))
}

fn delete_message(id: &MessageId) -> Built {
    request::empty(Method::DELETE, &request::path(&["messages", id.as_str()], &[]))
}

fn list_direct(email: &str) -> Built {
    request::empty(Method::GET, &request::path(&["messages", "direct"], &[("personEmail", email)]))
}

fn list_mentions(room: &RoomId, max: u8) -> Built {
    let max = max.to_string();
    let query = [("roomId", room.as_str()), ("mentionedPeople", "me"), ("max", max.as_str())];
    request::empty(Method::GET, &request::path(&["messages"], &query))
}

impl Client {
    /// `POST /messages`. There is no idempotency key: when it fails and [`Error::may_have_been_done`], look for the message
    /// (in a direct space with [`Client::list_direct`]) before sending again.
    ///
    /// # Errors
    /// [`Error::Card`] before anything is sent; 400 or 404 for an address that Webex does not know; see [`Error`].
    pub async fn create_message(&self, message: &NewMessage) -> Result<Message, Error> {
        self.call("POST /messages", create_message(message)).await
    }

    /// `GET /messages/{id}`.
    ///
    /// # Errors
    /// 404 for an unknown or deleted message; see [`Error`].
    pub async fn message(&self, id: &MessageId) -> Result<Message, Error> {
        self.call("GET /messages/{id}", get_message(id)).await
    }

    /// `GET /messages/{id}`, `None` when there is no such message (any more).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find_message(&self, id: &MessageId) -> Result<Option<Message>, Error> {
        match self.message(id).await {
            Err(error) if error.is_not_found() => Ok(None),
            other => other.map(Some),
        }
    }

    /// `GET /messages/direct?personEmail=`: the latest messages of the direct space with a person, newest first.
    /// Empty when there is no such space.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_direct(&self, email: &str) -> Result<Vec<Message>, Error> {
        match self.call::<Items<Message>>("GET /messages/direct", list_direct(email)).await {
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            other => Ok(other?.items),
        }
    }

    /// `GET /messages?roomId=&mentionedPeople=me`: the latest messages of a group space that mention the bot, newest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_mentions(&self, room: &RoomId, max: u8) -> Result<Vec<Message>, Error> {
        Ok(self.call::<Items<Message>>("GET /messages", list_mentions(room, max)).await?.items)
    }

    /// `PUT /messages/{id}`: new Markdown and card for a message of the bot; ten times at most.
    ///
    /// # Errors
    /// 400 after ten edits, or where cards cannot be edited; see [`Error`].
    pub async fn edit_message(
        &self,
        message: &Posted,
        markdown: &str,
        card: Option<&Card>,
    ) -> Result<Message, Error> {
        self.call("PUT /messages/{id}", edit_message(message, markdown, card)).await
    }

    /// `DELETE /messages/{id}`; a message that is gone already is fine.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn delete_message(&self, id: &MessageId) -> Result<(), Error> {
        match self.send(delete_message(id)).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Puts a new card in the place of an old one: edits the message; where Webex refuses that (400, 404, 405, 410) deletes it and posts
    /// a new one into the same space and thread. Safe to repeat after a failure, save that a post whose answer was lost may be doubled.
    ///
    /// Whoever keeps the message's id stores [`Replaced::message`]'s afterwards: decisions count only for the card on record.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn replace_card(&self, old: &Posted, markdown: &str, card: &Card) -> Result<Replaced, Error> {
        match self.edit_message(old, markdown, Some(card)).await {
            Ok(message) => return Ok(Replaced::Edited(message)),
            Err(error) if matches!(error.status(), Some(400 | 404 | 405 | 410)) => {
                tracing::debug!(status = error.status(), "Webex does not edit this card; it is posted anew");
            }
            Err(error) => return Err(error),
        }
        self.delete_message(&old.id).await?;
        let mut new = NewMessage::to_room(old.room_id.clone(), markdown).card(card.clone());
        new.parent.clone_from(&old.parent);
        Ok(Replaced::Reposted(self.create_message(&new).await?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::card::TextBlock;

    fn body(request: Built) -> Value {
        serde_json::from_slice(request.unwrap().body()).unwrap()
    }

    #[test]
    fn a_message_with_a_card_is_built_as_documented() {
        let card = Card::new("fallback").with(TextBlock::new("Hi"));
        let message =
            NewMessage::to_email("lead@example.net", "**Hi**").card(card).in_thread_of("M0".parse().unwrap());
        let expected = json!({
            "toPersonEmail": "lead@example.net", "markdown": "**Hi**", "parentId": "M0",
            "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.3",
                "fallbackText": "fallback", "body": [{"type": "TextBlock", "text": "Hi", "wrap": true}]}}]});
        assert_eq!(body(create_message(&message)), expected);
    }

    #[test]
    fn text_is_cut_to_the_limit_on_a_character_boundary() {
        let message = NewMessage::to_room("R".parse().unwrap(), &"ä".repeat(5000));
        let sent = body(create_message(&message));
        let text = sent["markdown"].as_str().unwrap();
        assert!(text.len() <= MAX_MESSAGE_BYTES && text.len() > MAX_MESSAGE_BYTES - 3);
        assert!(text.ends_with("ä…"));
        assert!(sent.get("attachments").is_none());
    }

    #[test]
    fn paths_are_as_documented() {
        let id: MessageId = "M1".parse().unwrap();
        assert_eq!(get_message(&id).unwrap().uri(), "/messages/M1");
        assert_eq!(delete_message(&id).unwrap().method(), Method::DELETE);
        assert_eq!(list_direct("a@b.example").unwrap().uri(), "/messages/direct?personEmail=a%40b.example");
        assert_eq!(
            list_mentions(&"R".parse().unwrap(), 50).unwrap().uri(),
            "/messages?roomId=R&mentionedPeople=me&max=50"
        );
    }

    #[test]
    fn a_mention_at_the_start_is_taken_off() {
        let bot: crate::Person =
            serde_json::from_value(json!({"id": "B", "displayName": "Netchange Bot"})).unwrap();
        let text = |text: &str, mentioned: bool| {
            let people = if mentioned { json!(["B"]) } else { json!([]) };
            let message: Message = serde_json::from_value(
                json!({"id": "M", "roomId": "R", "personId": "P", "text": text, "mentionedPeople": people}),
            )
            .unwrap();
            message.text_without_mention_of(&bot).unwrap().to_owned()
        };
        assert_eq!(text("Netchange Bot status 1", true), "status 1");
        assert_eq!(text("Netchange: status 1", true), "status 1");
        assert_eq!(text("Netchanges help", true), "Netchanges help");
        assert_eq!(text("Netchange help", false), "Netchange help");
    }
}
