//! What the pages show: structs of ready-to-print values, and how they are made from what the system holds.

use askama::Template;
use serde_json::Value;

use super::delivery::{Delivery, Outcome};
use super::model::{Article, Field, FieldType, State, Store, Ticket, User, state_type};
use super::render::time;
use super::seed::AGENT_ID;

/// What the fields of a change may look like, offered while typing.
const EXAMPLES: [(&str, &[&str]); 2] = [
    ("network_device_name", &["c9300"]),
    (
        "network_switchport_mode_and_vlan",
        &[
            "::",
            "access:100:",
            "access:200:",
            "trunk::100,200",
            "trunk:99:100,200,300",
            "trunk:99:all",
            "l3::",
        ],
    ),
];
/// Interfaces offered while typing.
const INTERFACES: u8 = 24;

pub(super) struct Row {
    pub(super) id: u64,
    pub(super) number: String,
    pub(super) title: String,
    pub(super) state: String,
    pub(super) class: &'static str,
    pub(super) customer: String,
    pub(super) updated_at: String,
}

#[derive(Template)]
#[template(path = "zammad/list.html")]
pub(super) struct ListPage {
    pub(super) rows: Vec<Row>,
}

/// One input of a form.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) value: String,
    /// `select`, `number` or `text`.
    pub(super) kind: &'static str,
    pub(super) options: Vec<Choice>,
}

pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) selected: bool,
}

pub(super) struct ArticleView {
    pub(super) id: u64,
    pub(super) kind: &'static str,
    pub(super) from: String,
    pub(super) at: String,
    pub(super) subject: String,
    pub(super) internal: bool,
    /// Sanitised HTML, safe in a page; empty for plain text.
    pub(super) html: String,
    pub(super) text: String,
}

#[derive(Template)]
#[template(path = "zammad/ticket.html")]
pub(super) struct TicketPage {
    pub(super) row: Row,
    pub(super) created_by: String,
    pub(super) created_at: String,
    pub(super) states: Vec<Choice>,
    pub(super) inputs: Vec<Input>,
    pub(super) articles: Vec<ArticleView>,
    pub(super) error: String,
}

#[derive(Template)]
#[template(path = "zammad/new.html")]
pub(super) struct NewPage {
    pub(super) title: String,
    pub(super) body: String,
    pub(super) customers: Vec<Choice>,
    pub(super) states: Vec<Choice>,
    pub(super) inputs: Vec<Input>,
    pub(super) examples: Vec<Choice>,
    pub(super) error: String,
}

pub(super) struct DeliveryRow {
    pub(super) id: String,
    pub(super) ticket: String,
    pub(super) ticket_id: u64,
    pub(super) attempt: u32,
    pub(super) outcome: String,
    pub(super) class: &'static str,
    pub(super) at: String,
}

#[derive(Template)]
#[template(path = "zammad/deliveries.html")]
pub(super) struct DeliveriesPage {
    pub(super) rows: Vec<DeliveryRow>,
}

pub(super) fn row(store: &Store, ticket: &Ticket) -> Row {
    let state = store.state_name(ticket.state_id);
    let class = match state.as_str() {
        "closed" | "approved" => "good",
        "attention required" | "denied" => "bad",
        "pending approval" => "warn",
        _ => "soft",
    };
    Row {
        id: ticket.id,
        number: ticket.number.clone(),
        title: ticket.title.clone(),
        state,
        class,
        customer: store.user(ticket.customer_id).map(|user| user.email.clone()).unwrap_or_default(),
        updated_at: short(&time(ticket.updated_at)),
    }
}

/// `2023-05-30T14:03:48.799Z` as `2023-05-30 14:03:48`.
pub(super) fn short(time: &str) -> String {
    time.get(..19).unwrap_or(time).replace('T', " ")
}

pub(super) fn article_view(store: &Store, article: &Article) -> ArticleView {
    let html = article.content_type.starts_with("text/html");
    ArticleView {
        id: article.id,
        kind: article.kind.name(),
        from: store.user(article.created_by_id).map(User::full_name).unwrap_or_default(),
        at: short(&time(article.created_at)),
        subject: article.subject.clone().unwrap_or_default(),
        internal: article.internal,
        html: if html { article.body.clone() } else { String::new() },
        text: if html { String::new() } else { article.body.clone() },
    }
}

/// The states that the edit screen offers, and the one the ticket has.
pub(super) fn states(store: &Store, current: u64) -> Vec<Choice> {
    let offered = |type_id| matches!(type_id, state_type::OPEN | state_type::CLOSED);
    let states =
        store.states.iter().filter(|state| (offered(state.type_id) && state.active) || state.id == current);
    let choice = |state: &State| Choice {
        value: state.name.clone(),
        label: state.name.clone(),
        selected: state.id == current,
    };
    states.map(choice).collect()
}

pub(super) fn inputs(store: &Store, value: impl Fn(&str) -> String) -> Vec<Input> {
    store.fields.iter().filter(|field| field.migrated).map(|field| input(field, value(&field.name))).collect()
}

fn input(field: &Field, value: String) -> Input {
    let choice = |(option, label): (&str, &str)| Choice {
        value: option.to_owned(),
        label: label.to_owned(),
        selected: option == value,
    };
    let (kind, options) = match &field.kind {
        FieldType::Boolean => ("select", [("", "-"), ("true", "yes"), ("false", "no")].map(choice).into()),
        FieldType::Select(values) => {
            let all =
                std::iter::once(("", "-")).chain(values.iter().map(|value| (value.as_str(), value.as_str())));
            ("select", all.map(choice).collect())
        }
        FieldType::Integer { .. } => ("number", Vec::new()),
        FieldType::Text { .. } => ("text", examples(&field.name)),
    };
    Input { name: field.name.clone(), label: field.display.clone(), value, kind, options }
}

fn examples(field: &str) -> Vec<Choice> {
    let choice = |value: String| Choice { label: value.clone(), value, selected: false };
    if field == "network_interface_name" {
        return (1..=INTERFACES).map(|port| choice(format!("GigabitEthernet1/0/{port}"))).collect();
    }
    let known = EXAMPLES.iter().find(|(name, _)| *name == field);
    known.into_iter().flat_map(|(_, values)| values.iter()).map(|value| choice((*value).to_owned())).collect()
}

pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub(super) fn customers(store: &Store, selected: u64) -> Vec<Choice> {
    let people = store.users.iter().filter(|user| user.role_ids.contains(&3) || user.id == AGENT_ID);
    let choice = |user: &User| Choice {
        value: user.email.clone(),
        label: format!("{} ({})", user.full_name(), user.email),
        selected: user.id == selected,
    };
    people.map(choice).collect()
}

pub(super) fn delivery_row(store: &Store, delivery: Delivery) -> DeliveryRow {
    let good = delivery.succeeded();
    let outcome = match delivery.outcome {
        Outcome::Answered(status) => format!("answered {status}"),
        Outcome::Failed(reason) => reason,
        Outcome::Lost => "lost by a fault".to_owned(),
        Outcome::Cancelled => "cancelled".to_owned(),
    };
    DeliveryRow {
        ticket: store
            .tickets
            .get(&delivery.ticket_id)
            .map(|ticket| ticket.number.clone())
            .unwrap_or_default(),
        ticket_id: delivery.ticket_id,
        id: delivery.id,
        attempt: delivery.attempt,
        outcome,
        class: if good { "good" } else { "bad" },
        at: short(&time(delivery.at)),
    }
}
