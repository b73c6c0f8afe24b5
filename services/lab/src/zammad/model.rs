//! What the ticket system holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value};

/// A user.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) login: String,
    pub(super) email: String,
    pub(super) firstname: String,
    pub(super) lastname: String,
    pub(super) role_ids: Vec<u64>,
    pub(super) organization_id: Option<u64>,
    pub(super) active: bool,
}

impl User {
    pub(super) fn full_name(&self) -> String {
        format!("{} {}", self.firstname, self.lastname).trim().to_owned()
    }
}

/// A role or an organization: an id with a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) id: u64,
    pub(super) name: &'static str,
}

/// A ticket state.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) type_id: u64,
    pub(super) active: bool,
    /// Whether the ticket's state filter has it. Older servers leave out the states made through the API.
    pub(super) selectable: bool,
}

/// State types, which have no endpoint of their own.
pub(super) mod state_type {
    pub(crate) const NEW: u64 = 1;
    pub(crate) const OPEN: u64 = 2;
    pub(crate) const PENDING_REMINDER: u64 = 3;
    pub(crate) const PENDING_ACTION: u64 = 4;
    pub(crate) const CLOSED: u64 = 5;
    pub(crate) const MERGED: u64 = 6;
    pub(crate) const REMOVED: u64 = 7;
}

/// The type of a custom field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FieldType {
    Text { max: usize },
    Integer { min: i64, max: i64 },
    Boolean,
    Select(Vec<String>),
}

/// A custom field of tickets.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) display: String,
    pub(super) kind: FieldType,
    /// Whether the column exists: a field that was created but not migrated is dropped in silence.
    pub(super) migrated: bool,
    /// The definition as it was sent.
    pub(super) definition: Map<String, Value>,
}

/// A ticket.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    pub(super) id: u64,
    pub(super) number: String,
    pub(super) title: String,
    pub(super) group_id: u64,
    pub(super) state_id: u64,
    pub(super) priority_id: u64,
    pub(super) owner_id: u64,
    pub(super) customer_id: u64,
    pub(super) note: Option<String>,
    pub(super) pending_time: Option<String>,
    pub(super) close_at: Option<Timestamp>,
    pub(super) created_by_id: u64,
    pub(super) updated_by_id: u64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) last_contact_at: Option<Timestamp>,
    pub(super) article_ids: Vec<u64>,
    pub(super) tags: BTreeSet<String>,
    /// Custom fields by name.
    pub(super) fields: BTreeMap<String, Value>,
}

impl Ticket {
    /// Marks a change now, always later than the one before.
    pub(super) fn touch(&mut self, by: u64) {
        let next = self.updated_at.checked_add(1.millisecond()).unwrap_or(self.updated_at);
        self.updated_at = Timestamp::now().max(next);
        self.updated_by_id = by;
    }
}

/// An article.
#[derive(Debug, Clone)]
pub(super) struct Article {
    pub(super) id: u64,
    pub(super) ticket_id: u64,
    pub(super) kind: ArticleKind,
    /// Whether it counts as the customer's.
    pub(super) from_customer: bool,
    pub(super) subject: Option<String>,
    pub(super) body: String,
    pub(super) content_type: String,
    pub(super) internal: bool,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) created_by_id: u64,
    pub(super) created_at: Timestamp,
}

/// The kinds of articles that can be written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArticleKind {
    Note,
    Phone,
    Web,
}

impl ArticleKind {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "note" => Self::Note,
            "phone" => Self::Phone,
            "web" => Self::Web,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Phone => "phone",
            Self::Web => "web",
        }
    }

    pub(super) fn id(self) -> u64 {
        match self {
            Self::Phone => 5,
            Self::Note => 10,
            Self::Web => 11,
        }
    }
}

/// Everything that the ticket system holds.
pub(super) struct Store {
    pub(super) users: Vec<User>,
    pub(super) groups: Vec<Named>,
    pub(super) organizations: Vec<Named>,
    pub(super) priorities: Vec<Named>,
    pub(super) states: Vec<State>,
    pub(super) fields: Vec<Field>,
    pub(super) tickets: BTreeMap<u64, Ticket>,
    pub(super) articles: BTreeMap<u64, Article>,
    /// Webhooks, triggers and templates as they were sent, with their ids.
    pub(super) webhooks: Vec<Map<String, Value>>,
    pub(super) triggers: Vec<Map<String, Value>>,
    pub(super) templates: Vec<Map<String, Value>>,
    pub(super) next_ticket: u64,
    pub(super) next_article: u64,
    /// How long a written ticket is not found by a search with `query`.
    pub(super) index_delay: Duration,
    pub(super) started_at: Timestamp,
}

impl Store {
    pub(super) fn user(&self, id: u64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// By login or e-mail address, without regard to case.
    pub(super) fn user_named(&self, name: &str) -> Option<&User> {
        let same = |text: &str| text.eq_ignore_ascii_case(name);
        self.users.iter().find(|user| same(&user.login) || (!user.email.is_empty() && same(&user.email)))
    }

    pub(super) fn login(&self, id: u64) -> String {
        self.user(id).map_or_else(|| "-".to_owned(), |user| user.login.clone())
    }

    pub(super) fn state(&self, id: u64) -> Option<&State> {
        self.states.iter().find(|state| state.id == id)
    }

    pub(super) fn state_name(&self, id: u64) -> String {
        self.state(id).map(|state| state.name.clone()).unwrap_or_default()
    }

    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name && field.migrated)
    }

    pub(super) fn ticket_by_number(&self, number: &str) -> Option<&Ticket> {
        self.tickets.values().find(|ticket| ticket.number == number)
    }

    pub(super) fn articles_of(&self, ticket: u64) -> Vec<&Article> {
        let ids = self.tickets.get(&ticket).map(|ticket| ticket.article_ids.as_slice()).unwrap_or_default();
        ids.iter().filter_map(|id| self.articles.get(id)).collect()
    }
}

/// The name of the thing with this id.
pub(super) fn name_of(things: &[Named], id: u64) -> &'static str {
    things.iter().find(|thing| thing.id == id).map_or("-", |thing| thing.name)
}
