//! How things look as JSON: plain, expanded, and in a webhook.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::model::{Article, State, Store, Ticket, User, name_of};
use super::seed::{ROLES, object};

/// An id and its name.
type IdName = (u64, &'static str);
/// Sender ids and names.
const SENDER_AGENT: IdName = (1, "Agent");
const SENDER_CUSTOMER: IdName = (2, "Customer");

/// A time as Zammad writes it: UTC with milliseconds.
pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// JSON as Zammad sends it in a webhook: compact, keys sorted, and `<`, `>`, `&` and two line separators escaped.
pub(super) fn wire(value: &Value) -> Vec<u8> {
    // These characters occur in strings only, so they can be escaped in the finished text.
    sorted(value)
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
        .into_bytes()
}

/// The same value with its keys in order, whatever map `serde_json` was built with.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_by_key(|(key, _)| *key);
            Value::Object(pairs.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

fn merged(mut base: Map<String, Value>, more: Value) -> Map<String, Value> {
    base.extend(object(more));
    base
}

pub(super) fn state(state: &State, since: Timestamp) -> Value {
    json!({
        "id": state.id, "state_type_id": state.type_id, "name": state.name,
        "next_state_id": if state.id == 7 { Some(4) } else { None },
        "ignore_escalation": state.type_id != 1 && state.type_id != 2,
        "default_create": state.id == 1, "default_follow_up": state.id == 2, "active": state.active, "note": null,
        "updated_by_id": 1, "created_by_id": 1, "created_at": time(since), "updated_at": time(since),
    })
}

impl Store {
    /// A user as the API and a webhook show one.
    pub(super) fn user_json(&self, user: &User) -> Value {
        let since = time(self.started_at);
        let roles: Vec<&str> = user.role_ids.iter().map(|id| name_of(&ROLES, *id)).collect();
        let mut json = object(json!({
            "active": user.active, "address": null, "city": "", "country": "", "created_at": since, "created_by": "-",
            "created_by_id": 1, "department": null, "email": user.email, "fax": "", "firstname": user.firstname,
            "id": user.id, "image": null, "image_source": null, "lastname": user.lastname, "login": user.login,
            "mobile": "", "note": "", "organization_id": user.organization_id, "organization_ids": [],
            "organizations": [], "out_of_office": false, "out_of_office_end_at": null,
            "out_of_office_replacement_id": null, "out_of_office_start_at": null, "overview_sorting_ids": [],
            "overview_sortings": [], "phone": "", "role_ids": user.role_ids, "roles": roles, "source": null,
            "street": "", "updated_at": since, "updated_by": "-", "updated_by_id": 1, "verified": user.active,
            "vip": false, "web": "", "zip": "",
        }));
        // A name here, an object in the ticket; missing where there is none.
        if let Some(id) = user.organization_id {
            json.insert("organization".to_owned(), json!(name_of(&self.organizations, id)));
        }
        Value::Object(json)
    }

    fn user_json_by_id(&self, id: u64) -> Value {
        self.user(id).map_or_else(|| json!({}), |user| self.user_json(user))
    }

    fn organization_id(&self, ticket: &Ticket) -> Option<u64> {
        self.user(ticket.customer_id).and_then(|customer| customer.organization_id)
    }

    /// Type and sender of the ticket's first article.
    fn opening(&self, ticket: &Ticket) -> (Option<IdName>, Option<IdName>) {
        let first = ticket.article_ids.first().and_then(|id| self.articles.get(id));
        (first.map(|article| (article.kind.id(), article.kind.name())), first.map(sender))
    }

    /// A ticket with ids only.
    pub(super) fn ticket_json(&self, ticket: &Ticket) -> Map<String, Value> {
        let (kind, from) = self.opening(ticket);
        let close_at = ticket.close_at.map(time);
        let mut json = object(json!({
            "id": ticket.id, "group_id": ticket.group_id, "priority_id": ticket.priority_id, "state_id": ticket.state_id,
            "organization_id": self.organization_id(ticket), "number": ticket.number, "title": ticket.title,
            "owner_id": ticket.owner_id, "customer_id": ticket.customer_id, "note": ticket.note,
            "first_response_at": null, "first_response_escalation_at": null, "first_response_in_min": null,
            "first_response_diff_in_min": null, "close_at": close_at, "close_escalation_at": null, "close_in_min": null,
            "close_diff_in_min": null, "update_escalation_at": null, "update_in_min": null, "update_diff_in_min": null,
            "last_close_at": close_at, "last_contact_at": ticket.last_contact_at.map(time), "last_contact_agent_at": null,
            "last_contact_customer_at": ticket.last_contact_at.map(time), "last_owner_update_at": null,
            "create_article_type_id": kind.map(|kind| kind.0), "create_article_sender_id": from.map(|from| from.0),
            "article_count": ticket.article_ids.len(), "escalation_at": null, "pending_time": ticket.pending_time,
            "type": null, "time_unit": null, "preferences": {}, "updated_by_id": ticket.updated_by_id,
            "created_by_id": ticket.created_by_id, "created_at": time(ticket.created_at),
            "updated_at": time(ticket.updated_at),
        }));
        for field in self.fields.iter().filter(|field| field.migrated) {
            let value = ticket.fields.get(&field.name).cloned().unwrap_or(Value::Null);
            json.insert(field.name.clone(), value);
        }
        json
    }

    /// A ticket after a write: with the ids of its articles.
    pub(super) fn written_json(&self, ticket: &Ticket) -> Map<String, Value> {
        let more = json!({"article_ids": ticket.article_ids, "ticket_time_accounting_ids": []});
        merged(self.ticket_json(ticket), more)
    }

    /// A ticket with names.
    pub(super) fn expanded_json(&self, ticket: &Ticket) -> Map<String, Value> {
        let (kind, from) = self.opening(ticket);
        let organization = self.organization_id(ticket).map(|id| name_of(&self.organizations, id));
        let more = json!({
            "group": name_of(&self.groups, ticket.group_id), "organization": organization,
            "owner": self.login(ticket.owner_id), "customer": self.login(ticket.customer_id),
            "created_by": self.login(ticket.created_by_id), "updated_by": self.login(ticket.updated_by_id),
            "state": self.state_name(ticket.state_id), "priority": name_of(&self.priorities, ticket.priority_id),
            "create_article_type": kind.map(|kind| kind.1), "create_article_sender": from.map(|from| from.1),
            "ticket_time_accounting": [],
        });
        merged(self.written_json(ticket), more)
    }

    /// An article as the API shows one.
    pub(super) fn article_json(&self, article: &Article) -> Value {
        let sender = sender(article);
        json!({
            "id": article.id, "ticket_id": article.ticket_id, "type_id": article.kind.id(), "sender_id": sender.0,
            "from": article.from, "to": article.to, "cc": null, "subject": article.subject, "reply_to": null,
            "message_id": null, "message_id_md5": null, "in_reply_to": null, "content_type": article.content_type,
            "references": null, "body": article.body, "internal": article.internal, "preferences": {},
            "updated_by_id": article.created_by_id, "created_by_id": article.created_by_id, "origin_by_id": null,
            "created_at": time(article.created_at), "updated_at": time(article.created_at), "attachments": [],
            "type": article.kind.name(), "sender": sender.1, "created_by": self.login(article.created_by_id),
            "updated_by": self.login(article.created_by_id), "time_unit": null,
        })
    }

    /// The body of a webhook, rendered now.
    pub(super) fn payload(&self, ticket: &Ticket, article: Option<&Article>) -> Value {
        let since = time(self.started_at);
        let group = json!({
            "active": true, "assignment_timeout": null, "created_at": since, "created_by": "admin", "created_by_id": 2,
            "email_address_id": null, "follow_up_assignment": true, "follow_up_possible": "yes", "id": ticket.group_id,
            "name": name_of(&self.groups, ticket.group_id), "note": null, "reopen_time_in_days": null,
            "shared_drafts": true, "signature_id": null, "updated_at": since, "updated_by": "admin", "updated_by_id": 2,
            "user_ids": [2, 3, 5], "users": [self.login(2), self.login(3), self.login(5)],
        });
        let priority = json!({
            "active": true, "created_at": since, "created_by": "-", "created_by_id": 1,
            "default_create": ticket.priority_id == 2, "id": ticket.priority_id,
            "name": name_of(&self.priorities, ticket.priority_id), "note": null, "ui_color": null, "ui_icon": null,
            "updated_at": since, "updated_by": "-", "updated_by_id": 1,
        });
        let more = json!({
            "owner": self.user_json_by_id(ticket.owner_id), "customer": self.user_json_by_id(ticket.customer_id),
            "created_by": self.user_json_by_id(ticket.created_by_id),
            "updated_by": self.user_json_by_id(ticket.updated_by_id),
            "organization": self.organization_json(self.organization_id(ticket)), "group": group, "priority": priority,
        });
        let ticket = merged(self.expanded_json(ticket), more);
        json!({"ticket": ticket, "article": article.map_or_else(|| json!({}), |article| self.payload_article(article))})
    }

    fn payload_article(&self, article: &Article) -> Value {
        let author = self.user_json_by_id(article.created_by_id);
        let base = object(self.article_json(article));
        let mut json = merged(base, json!({"created_by": author, "updated_by": author, "accounted_time": 0}));
        json.remove("time_unit");
        Value::Object(json)
    }

    fn organization_json(&self, id: Option<u64>) -> Value {
        let Some(id) = id else { return json!({}) };
        let since = time(self.started_at);
        let members: Vec<&User> = self.users.iter().filter(|user| user.organization_id == Some(id)).collect();
        let ids: Vec<u64> = members.iter().map(|user| user.id).collect();
        let logins: Vec<&str> = members.iter().map(|user| user.login.as_str()).collect();
        json!({
            "active": true, "created_at": since, "created_by": "-", "created_by_id": 1, "domain": "",
            "domain_assignment": false, "id": id, "member_ids": ids, "members": logins,
            "name": name_of(&self.organizations, id), "note": "", "secondary_member_ids": [], "shared": true,
            "updated_at": since, "updated_by": "-", "updated_by_id": 1,
        })
    }
}

fn sender(article: &Article) -> IdName {
    if article.from_customer { SENDER_CUSTOMER } else { SENDER_AGENT }
}
