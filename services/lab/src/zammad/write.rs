//! Creating and changing tickets, with Zammad's checks and its silences.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::auth::Caller;
use super::error::Refusal;
use super::html;
use super::model::{Article, ArticleKind, FieldType, Named, Store, Ticket, state_type};
use super::seed::{NEW, NUMBER_BASE};

/// Longest article body, in characters.
const MAX_BODY: usize = 1_500_000;
/// Attributes that the server writes itself; sent ones are ignored.
const OWN: [&str; 6] = ["id", "number", "created_at", "created_by_id", "updated_at", "updated_by_id"];

/// What a write did, for the triggers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) ticket_id: u64,
    pub(super) created: bool,
    /// Names of the attributes that changed.
    pub(super) changed: BTreeSet<String>,
    pub(super) article_id: Option<u64>,
}

impl Store {
    /// `POST /tickets`.
    pub(super) fn create_ticket(
        &mut self,
        body: &Map<String, Value>,
        caller: Caller,
    ) -> Result<Written, Refusal> {
        let now = Timestamp::now();
        let id = self.next_ticket;
        let mut ticket = Ticket {
            id,
            number: (NUMBER_BASE + id).to_string(),
            title: String::new(),
            group_id: 0,
            state_id: NEW,
            priority_id: 2,
            owner_id: 1,
            customer_id: caller.user_id,
            note: None,
            pending_time: None,
            close_at: None,
            created_by_id: caller.user_id,
            updated_by_id: caller.user_id,
            created_at: now,
            updated_at: now,
            last_contact_at: None,
            article_ids: Vec::new(),
            tags: tags(body),
            fields: std::collections::BTreeMap::new(),
        };
        let changed = self.assign(&mut ticket, body, true)?;
        for (missing, field) in [(ticket.title.is_empty(), "title"), (ticket.group_id == 0, "group_id")] {
            if missing {
                return Err(Refusal::invalid(format!("Missing required value for field '{field}'!")));
            }
        }
        let article = self.new_article(&ticket, body.get("article"), caller)?;
        self.next_ticket += 1;
        let article_id = article.map(|article| self.keep_article(&mut ticket, article));
        self.tickets.insert(id, ticket);
        Ok(Written { ticket_id: id, created: true, changed, article_id })
    }

    /// `PUT /tickets/{id}`: attributes and article together, or nothing.
    pub(super) fn update_ticket(
        &mut self,
        id: u64,
        body: &Map<String, Value>,
        caller: Caller,
    ) -> Result<Written, Refusal> {
        let Some(mut ticket) = self.tickets.get(&id).cloned() else {
            return Err(Refusal::not_found("Ticket", &id.to_string()));
        };
        let changed = self.assign(&mut ticket, body, false)?;
        let article = self.new_article(&ticket, body.get("article"), caller)?;
        let article_id = article.map(|article| self.keep_article(&mut ticket, article));
        if !changed.is_empty() || article_id.is_some() {
            ticket.touch(caller.user_id);
        }
        self.tickets.insert(id, ticket);
        Ok(Written { ticket_id: id, created: false, changed, article_id })
    }

    /// `POST /ticket_articles`.
    pub(super) fn create_article(
        &mut self,
        body: &Map<String, Value>,
        caller: Caller,
    ) -> Result<Written, Refusal> {
        let id = body.get("ticket_id").and_then(number).unwrap_or(0);
        let Some(mut ticket) = self.tickets.get(&id).cloned() else {
            return Err(Refusal::not_found("Ticket", &id.to_string()));
        };
        let article = self.new_article(&ticket, Some(&Value::Object(body.clone())), caller)?;
        let article_id = article.map(|article| self.keep_article(&mut ticket, article));
        ticket.touch(caller.user_id);
        self.tickets.insert(id, ticket);
        Ok(Written { ticket_id: id, created: false, changed: BTreeSet::new(), article_id })
    }

    /// Takes attributes over, and returns the names of those that changed. Unknown ones are dropped in silence.
    fn assign(
        &self,
        ticket: &mut Ticket,
        body: &Map<String, Value>,
        create: bool,
    ) -> Result<BTreeSet<String>, Refusal> {
        let before = ticket.clone();
        for (name, value) in body.iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
            match name.as_str() {
                "title" => ticket.title = text(value).unwrap_or_default(),
                "note" => ticket.note = text(value),
                "pending_time" => ticket.pending_time = text(value).filter(|time| !time.is_empty()),
                other => {
                    if let Some(field) = self.field(other) {
                        let value = cast(&field.name, &field.kind, value)?;
                        ticket.fields.insert(other.to_owned(), value);
                    }
                }
            }
        }
        let groups = |name: &str| id_named(&self.groups, name);
        if let Some(id) =
            reference(body, "group", groups, |id| self.groups.iter().any(|group| group.id == id))?
        {
            ticket.group_id = id;
        }
        let priorities = |name: &str| id_named(&self.priorities, name);
        let known = |id| self.priorities.iter().any(|priority| priority.id == id);
        if let Some(id) = reference(body, "priority", priorities, known)? {
            ticket.priority_id = id;
        }
        let person =
            |name: &str| self.user_named(name.strip_prefix("guess:").unwrap_or(name)).map(|user| user.id);
        if let Some(id) = reference(body, "customer", person, |id| self.user(id).is_some())? {
            ticket.customer_id = id;
        }
        if let Some(id) = reference(body, "owner", person, |id| self.user(id).is_some())? {
            ticket.owner_id = id;
        }
        self.assign_state(ticket, body, create)?;
        Ok(changes(&before, ticket))
    }

    fn assign_state(
        &self,
        ticket: &mut Ticket,
        body: &Map<String, Value>,
        create: bool,
    ) -> Result<(), Refusal> {
        let named = |name: &str| self.states.iter().find(|state| state.name == name).map(|state| state.id);
        let Some(id) = reference(body, "state", named, |id| self.state(id).is_some())? else {
            return Ok(());
        };
        if id == ticket.state_id && !create {
            return Ok(());
        }
        let Some(state) = self.state(id) else {
            return Ok(());
        };
        let on_screen = match state.type_id {
            state_type::NEW => create,
            state_type::MERGED | state_type::REMOVED => false,
            _ => true,
        };
        if !(on_screen && state.active && state.selectable) {
            return Err(Refusal::invalid(format!("Invalid value '{id}' for field 'state_id'!")));
        }
        let pending = matches!(state.type_id, state_type::PENDING_REMINDER | state_type::PENDING_ACTION);
        if pending && ticket.pending_time.is_none() {
            return Err(Refusal::invalid("Missing required value for field 'pending_time'!"));
        }
        ticket.state_id = id;
        if state.type_id == state_type::CLOSED {
            ticket.close_at = Some(Timestamp::now());
        }
        Ok(())
    }

    /// Checks an article; nothing is kept yet.
    fn new_article(
        &self,
        ticket: &Ticket,
        article: Option<&Value>,
        caller: Caller,
    ) -> Result<Option<Article>, Refusal> {
        let Some(article) = article.filter(|article| !article.is_null()) else {
            return Ok(None);
        };
        let Some(article) = article.as_object() else {
            return Err(Refusal::internal("undefined method `key?' for an article that is no object"));
        };
        let get = |name: &str| article.get(name).and_then(text);
        let body = get("body").filter(|body| !body.is_empty());
        let body = body.ok_or_else(|| Refusal::invalid("Need at least an 'article body' field."))?;
        let length = body.chars().count();
        if length > MAX_BODY {
            let text = format!("body of article is too large, {length} chars - only {MAX_BODY} allowed");
            return Err(Refusal::invalid(text));
        }
        let kind = get("type").unwrap_or_else(|| "note".to_owned());
        let kind = ArticleKind::parse(&kind)
            .ok_or_else(|| Refusal::invalid(format!("No lookup value found for 'type': \"{kind}\"")))?;
        let content_type = get("content_type").unwrap_or_else(|| "text/plain".to_owned());
        let body = if content_type.starts_with("text/html") { html::sanitize(&body) } else { body };
        let author = self.user(caller.user_id).map(super::model::User::full_name).unwrap_or_default();
        Ok(Some(Article {
            id: 0,
            ticket_id: ticket.id,
            kind,
            from_customer: get("sender").as_deref() == Some("Customer"),
            subject: get("subject").filter(|subject| !subject.is_empty()),
            body,
            content_type,
            internal: matches!(article.get("internal"), Some(Value::Bool(true))),
            from: author,
            to: super::model::name_of(&self.groups, ticket.group_id).to_owned(),
            created_by_id: caller.user_id,
            created_at: Timestamp::now(),
        }))
    }

    fn keep_article(&mut self, ticket: &mut Ticket, mut article: Article) -> u64 {
        let id = self.next_article;
        self.next_article += 1;
        article.id = id;
        ticket.article_ids.push(id);
        if article.kind != ArticleKind::Note {
            ticket.last_contact_at = Some(article.created_at);
        }
        self.articles.insert(id, article);
        id
    }
}

/// The names of the attributes in which two versions of a ticket differ.
fn changes(before: &Ticket, after: &Ticket) -> BTreeSet<String> {
    let mut changed: BTreeSet<String> = BTreeSet::new();
    let fixed = [
        ("title", before.title != after.title),
        ("note", before.note != after.note),
        ("pending_time", before.pending_time != after.pending_time),
        ("group_id", before.group_id != after.group_id),
        ("state_id", before.state_id != after.state_id),
        ("priority_id", before.priority_id != after.priority_id),
        ("owner_id", before.owner_id != after.owner_id),
        ("customer_id", before.customer_id != after.customer_id),
    ];
    changed.extend(fixed.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()));
    let names: BTreeSet<&String> = before.fields.keys().chain(after.fields.keys()).collect();
    changed.extend(
        names.into_iter().filter(|name| before.fields.get(*name) != after.fields.get(*name)).cloned(),
    );
    changed
}

/// Reads `name_id` or, if it is not there, looks `name` up.
fn reference(
    body: &Map<String, Value>,
    name: &str,
    lookup: impl Fn(&str) -> Option<u64>,
    exists: impl Fn(u64) -> bool,
) -> Result<Option<u64>, Refusal> {
    let key = format!("{name}_id");
    if let Some(value) = body.get(&key).filter(|value| !value.is_null()) {
        let id = number(value).filter(|id| exists(*id));
        return id
            .map(Some)
            .ok_or_else(|| Refusal::invalid(format!("Invalid value for param '{key}': {value}")));
    }
    let Some(value) = body.get(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let wanted = text(value).unwrap_or_default();
    let unknown =
        || Refusal::invalid(format!("No lookup value found for '{name}': {}", Value::String(wanted.clone())));
    lookup(&wanted).map(Some).ok_or_else(unknown)
}

fn id_named(things: &[Named], name: &str) -> Option<u64> {
    things.iter().find(|thing| thing.name == name).map(|thing| thing.id)
}

/// Makes a value one of the field's type, as the database would.
fn cast(name: &str, kind: &FieldType, value: &Value) -> Result<Value, Refusal> {
    let invalid = || {
        Refusal::invalid(format!("Invalid value '{}' for field '{name}'!", text(value).unwrap_or_default()))
    };
    Ok(match kind {
        _ if value.is_null() => Value::Null,
        FieldType::Text { max } => {
            let text = text(value).ok_or_else(invalid)?;
            if text.chars().count() > *max {
                return Err(Refusal::invalid(format!("{name} is too long (maximum is {max} characters)")));
            }
            Value::String(text)
        }
        FieldType::Integer { min, max } => {
            let text = text(value).ok_or_else(invalid)?;
            if text.is_empty() {
                return Ok(Value::Null);
            }
            // Ruby reads the digits at the beginning, and none as zero.
            let digits: String = text
                .trim()
                .chars()
                .enumerate()
                .take_while(|(at, c)| c.is_ascii_digit() || (*at == 0 && *c == '-'))
                .map(|(_, c)| c)
                .collect();
            let number: i64 = digits.parse().unwrap_or(0);
            if number < *min || number > *max {
                return Err(invalid());
            }
            Value::from(number)
        }
        FieldType::Boolean => match text(value).as_deref() {
            Some("") => Value::Null,
            Some("false" | "0" | "f" | "off") => Value::Bool(false),
            _ => Value::Bool(true),
        },
        FieldType::Select(options) => {
            let text = text(value).ok_or_else(invalid)?;
            if !text.is_empty() && !options.contains(&text) {
                return Err(invalid());
            }
            Value::String(text)
        }
    })
}

/// A scalar as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// An id, which may be written as text.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn tags(body: &Map<String, Value>) -> BTreeSet<String> {
    let csv = body.get("tags").and_then(text).unwrap_or_default();
    csv.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}
