//! Tickets, articles, users and states as the server sends them.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::ids::{ArticleId, StateId, TicketId, TicketNumber, UserId};

/// Attributes that hold objects of personal data in a webhook; they are not kept among the fields.
const DROPPED: [&str; 5] = ["owner", "organization", "priority", "preferences", "ticket_time_accounting"];

/// A ticket, from `GET /tickets/{id}?expand=true` or from a webhook.
///
/// ```json
/// {"id": 301, "number": "26301", "title": "…", "state": "open", "customer": "branch.ops@example.net", "ticket_type": "network_change"}
/// ```
#[derive(Clone, PartialEq, Deserialize)]
#[serde(from = "RawTicket")]
pub struct Ticket {
    /// Database id.
    pub id: TicketId,
    /// Number for people.
    pub number: TicketNumber,
    /// Title.
    pub title: String,
    /// Name of the state; empty where the answer has only ids.
    pub state: String,
    /// Id of the state.
    pub state_id: Option<StateId>,
    /// Name of the group.
    pub group: Option<String>,
    /// Time of the last change *or article* (RFC 3339, UTC); no measure of "the fields changed".
    pub updated_at: String,
    /// Time of creation (RFC 3339, UTC).
    pub created_at: String,
    /// Whom the ticket is for.
    pub customer: UserRef,
    /// Who wrote it.
    pub created_by: UserRef,
    /// Who changed it last.
    pub updated_by: UserRef,
    /// Ids of its articles.
    pub article_ids: Vec<ArticleId>,
    /// All other attributes, custom fields among them, by name and as sent. A field may be missing rather than null.
    pub fields: Map<String, Value>,
}

/// Shows which ticket it is, and nothing that people wrote.
impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket")
            .field("id", &self.id)
            .field("number", &self.number)
            .field("state", &self.state)
            .field("updated_at", &self.updated_at)
            .finish_non_exhaustive()
    }
}

impl Ticket {
    /// A field's value; `None` if it is missing or null.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// The custom field `ticket_type`.
    #[must_use]
    pub fn ticket_type(&self) -> Option<&str> {
        self.field("ticket_type").and_then(Value::as_str)
    }

    /// E-mail addresses of the customer and of the person who wrote the ticket, without repetition.
    #[must_use]
    pub fn requester_emails(&self) -> Vec<&str> {
        let mut emails: Vec<&str> = Vec::new();
        for email in [&self.customer, &self.created_by].into_iter().filter_map(UserRef::email) {
            if !emails.iter().any(|known| known.eq_ignore_ascii_case(email)) {
                emails.push(email);
            }
        }
        emails
    }
}

/// A user as a ticket names one: by id and login in the API, as a whole object in a webhook.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct UserRef {
    /// Database id.
    pub id: Option<UserId>,
    /// Login; often, but not always, the e-mail address. `-` is the system.
    pub login: Option<String>,
    email: Option<String>,
}

impl UserRef {
    /// The e-mail address, if known: always from a webhook, from the API after [`Client::resolve_people`](crate::Client::resolve_people).
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    pub(crate) fn resolve(&mut self, user: User) {
        self.login = Some(user.login);
        self.email = user.email.filter(|email| !email.is_empty());
    }
}

/// Shows the id only.
impl std::fmt::Debug for UserRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("UserRef").field(&self.id).finish()
    }
}

/// A user.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Database id.
    pub id: UserId,
    /// Login.
    #[serde(default, deserialize_with = "null_as_default")]
    pub login: String,
    /// E-mail address; empty or missing for some.
    #[serde(default)]
    pub email: Option<String>,
    /// First name.
    #[serde(default)]
    pub firstname: Option<String>,
    /// Last name.
    #[serde(default)]
    pub lastname: Option<String>,
    /// Whether the account is in use.
    #[serde(default)]
    pub active: Option<bool>,
}

/// Shows the id only.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A ticket state.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct State {
    /// Database id.
    pub id: StateId,
    /// Name.
    pub name: String,
    /// 1 new, 2 open, 3 pending reminder, 4 pending action, 5 closed, 6 merged, 7 removed.
    pub state_type_id: u64,
    /// Whether it can be chosen; so it is where nothing is said.
    #[serde(default = "yes", deserialize_with = "null_as_yes")]
    pub active: bool,
}

const fn yes() -> bool {
    true
}

fn null_as_yes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(true))
}

/// An article (a note, a mail, a call) of a ticket. Articles cannot be changed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Article {
    /// Database id.
    pub id: ArticleId,
    /// The ticket.
    #[serde(default)]
    pub ticket_id: Option<TicketId>,
    /// Subject.
    #[serde(default)]
    pub subject: Option<String>,
    /// Body; raw HTML when `content_type` is `text/html`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub body: String,
    /// `text/plain` or `text/html`.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Whether customers do not see it.
    #[serde(default, deserialize_with = "null_as_default")]
    pub internal: bool,
    /// `note`, `email`, `phone`, …
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// `Agent`, `Customer` or `System`.
    #[serde(default)]
    pub sender: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub created_by_id: Option<UserId>,
    /// When (RFC 3339, UTC).
    #[serde(default)]
    pub created_at: Option<String>,
}

/// Shows which article it is, and nothing that people wrote.
impl std::fmt::Debug for Article {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Article")
            .field("id", &self.id)
            .field("ticket_id", &self.ticket_id)
            .field("internal", &self.internal)
            .finish_non_exhaustive()
    }
}

/// A note to be written: an HTML body whose values the caller has escaped.
///
/// Zammad takes scripts, styles, comments and unknown attributes out of the body.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    /// Subject, kept under 200 characters.
    pub subject: String,
    /// HTML body; must not be empty.
    pub body: String,
    /// Whether to hide it from customers.
    pub internal: bool,
}

impl Note {
    /// A note that customers see.
    #[must_use]
    pub fn html(subject: impl Into<String>, body: impl Into<String>) -> Self {
        Self { subject: subject.into(), body: body.into(), internal: false }
    }

    /// Hides the note from customers, or shows it.
    #[must_use]
    pub fn internal(mut self, internal: bool) -> Self {
        self.internal = internal;
        self
    }
}

/// Shows the subject, not the body.
impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Note")
            .field("subject", &self.subject)
            .field("internal", &self.internal)
            .finish_non_exhaustive()
    }
}

/// The article part of a request.
#[derive(Serialize)]
pub(crate) struct ArticleBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ticket_id: Option<TicketId>,
    pub(crate) subject: &'a str,
    pub(crate) body: &'a str,
    pub(crate) content_type: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) internal: bool,
}

impl<'a> ArticleBody<'a> {
    pub(crate) fn new(ticket_id: Option<TicketId>, note: &'a Note) -> Self {
        Self {
            ticket_id,
            subject: &note.subject,
            body: &note.body,
            content_type: "text/html",
            kind: "note",
            internal: note.internal,
        }
    }
}

#[derive(Deserialize)]
struct RawTicket {
    id: TicketId,
    number: TicketNumber,
    #[serde(default, deserialize_with = "lenient")]
    title: Option<String>,
    #[serde(default, deserialize_with = "name")]
    state: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    state_id: Option<StateId>,
    #[serde(default, deserialize_with = "name")]
    group: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    updated_at: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    created_at: Option<String>,
    #[serde(default, deserialize_with = "person")]
    customer: UserRef,
    #[serde(default, deserialize_with = "lenient")]
    customer_id: Option<UserId>,
    #[serde(default, deserialize_with = "person")]
    created_by: UserRef,
    #[serde(default, deserialize_with = "lenient")]
    created_by_id: Option<UserId>,
    #[serde(default, deserialize_with = "person")]
    updated_by: UserRef,
    #[serde(default, deserialize_with = "lenient")]
    updated_by_id: Option<UserId>,
    #[serde(default, deserialize_with = "lenient")]
    article_ids: Option<Vec<ArticleId>>,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl From<RawTicket> for Ticket {
    fn from(raw: RawTicket) -> Self {
        let with_id = |person: UserRef, id: Option<UserId>| UserRef { id: id.or(person.id), ..person };
        let mut fields = raw.fields;
        for name in DROPPED {
            fields.remove(name);
        }
        Self {
            id: raw.id,
            number: raw.number,
            title: raw.title.unwrap_or_default(),
            state: raw.state.unwrap_or_default(),
            state_id: raw.state_id,
            group: raw.group,
            updated_at: raw.updated_at.unwrap_or_default(),
            created_at: raw.created_at.unwrap_or_default(),
            customer: with_id(raw.customer, raw.customer_id),
            created_by: with_id(raw.created_by, raw.created_by_id),
            updated_by: with_id(raw.updated_by, raw.updated_by_id),
            article_ids: raw.article_ids.unwrap_or_default(),
            fields,
        }
    }
}

/// A value of another type than expected counts as missing: only id and number are needed to look the ticket up.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A name, or an object that has one; anything else counts as missing.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(name) => Some(name),
        Value::Object(mut object) => match object.remove("name") {
            Some(Value::String(name)) => Some(name),
            _ => None,
        },
        _ => None,
    })
}

/// A login, or a user object (`{}` where the reference is empty).
fn person<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UserRef, D::Error> {
    let text = |value: Option<Value>| match value {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    Ok(match Value::deserialize(deserializer)? {
        Value::String(login) => UserRef { id: None, login: Some(login), email: None },
        Value::Object(mut object) => UserRef {
            id: object.get("id").and_then(Value::as_u64).map(UserId),
            login: text(object.remove("login")),
            email: text(object.remove("email")),
        },
        _ => UserRef::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        let path = format!("{}/../../fixtures/zammad/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[test]
    fn an_expanded_ticket_has_names_and_custom_fields() {
        let ticket: Ticket = serde_json::from_slice(&fixture("ticket_get_expand.json")).unwrap();
        assert_eq!(
            (ticket.id, ticket.number.as_str(), ticket.state.as_str()),
            (TicketId(301), "26301", "open")
        );
        assert_eq!(ticket.customer.login.as_deref(), Some("branch.ops@example.net"));
        assert_eq!(ticket.customer.id, Some(UserId(12)));
        assert_eq!(ticket.created_by.login.as_deref(), Some("m.lind"));
        assert!(ticket.requester_emails().is_empty(), "a login is not taken for an e-mail address");
        assert_eq!(ticket.ticket_type(), Some("network_change"));
        assert_eq!(ticket.field("network_interface_mtu"), Some(&Value::from(1500)));
        assert_eq!(ticket.field("note"), None, "null is as good as missing");
        assert!(!ticket.fields.contains_key("owner"));
    }

    #[test]
    fn a_plain_ticket_has_ids_only() {
        let ticket: Ticket = serde_json::from_slice(&fixture("ticket_get.json")).unwrap();
        assert_eq!(ticket.state, "");
        assert_eq!(ticket.state_id, Some(StateId(2)));
    }

    #[test]
    fn null_in_the_place_of_a_text_or_a_flag_is_read() {
        let article =
            r#"{"id":1,"subject":null,"body":null,"internal":null,"type":null,"created_by_id":null}"#;
        let article: Article = serde_json::from_str(article).unwrap();
        assert_eq!((article.body.as_str(), article.internal), ("", false));
        let state: State =
            serde_json::from_str(r#"{"id":8,"name":"approved","state_type_id":2,"active":null}"#).unwrap();
        assert!(state.active);
        let user: User = serde_json::from_str(r#"{"id":8,"login":null,"email":null}"#).unwrap();
        assert_eq!(user.login, "");
    }

    #[test]
    fn debug_output_shows_no_personal_data() {
        let ticket: Ticket = serde_json::from_slice(&fixture("ticket_webhook_access.json"))
            .map(|event: Value| serde_json::from_value(event["ticket"].clone()).unwrap())
            .unwrap();
        let text = format!("{ticket:?} {:?}", ticket.customer);
        assert!(!text.contains("example.net") && !text.contains("Desk"), "{text}");
    }
}
