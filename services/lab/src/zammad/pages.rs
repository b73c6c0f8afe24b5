//! Pages for people: the list of tickets, one ticket with its fields and articles, a new one from the template, and the log of webhooks.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::web::{self, Data, Form, Path, ServiceConfig};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use serde_json::{Map, Value, json};

use super::Shared;
use super::auth::Caller;
use super::delivery::{Delivery, Outcome};
use super::error::Refusal;
use super::model::{Article, Field, FieldType, Store, Ticket, state_type};
use super::render::time;
use super::seed::{AGENT_ID, CHANGE_GROUP, CUSTOMER_ID, OPEN};

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

/// Routes of the pages.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(list))
        .route("/new", web::get().to(new))
        .route("/new", web::post().to(create))
        .route("/deliveries", web::get().to(deliveries))
        .route("/tickets/{id}", web::get().to(show))
        .route("/tickets/{id}", web::post().to(update))
        .route("/tickets/{id}/version", web::get().to(version));
}

struct Row {
    id: u64,
    number: String,
    title: String,
    state: String,
    class: &'static str,
    customer: String,
    updated_at: String,
}

#[derive(Template)]
#[template(path = "zammad/list.html")]
struct ListPage {
    rows: Vec<Row>,
}

/// One input of a form.
struct Input {
    name: String,
    label: String,
    value: String,
    /// `select`, `number` or `text`.
    kind: &'static str,
    options: Vec<Choice>,
}

struct Choice {
    value: String,
    label: String,
    selected: bool,
}

struct ArticleView {
    id: u64,
    kind: &'static str,
    from: String,
    at: String,
    subject: String,
    internal: bool,
    /// Sanitised HTML, safe in a page; empty for plain text.
    html: String,
    text: String,
}

#[derive(Template)]
#[template(path = "zammad/ticket.html")]
struct TicketPage {
    /// Lets the page's own script run, and no other.
    nonce: String,
    row: Row,
    created_by: String,
    created_at: String,
    version: String,
    states: Vec<Choice>,
    inputs: Vec<Input>,
    articles: Vec<ArticleView>,
    error: String,
}

#[derive(Template)]
#[template(path = "zammad/new.html")]
struct NewPage {
    title: String,
    body: String,
    customers: Vec<Choice>,
    states: Vec<Choice>,
    inputs: Vec<Input>,
    error: String,
}

struct DeliveryRow {
    id: String,
    ticket: String,
    ticket_id: u64,
    attempt: u32,
    outcome: String,
    class: &'static str,
    at: String,
}

#[derive(Template)]
#[template(path = "zammad/deliveries.html")]
struct DeliveriesPage {
    rows: Vec<DeliveryRow>,
}

fn page(status: StatusCode, template: &impl Template) -> HttpResponse {
    page_with(status, template, "script-src 'none'")
}

/// A page that may run the scripts which this policy allows. Articles bring their own `style` attributes.
fn page_with(status: StatusCode, template: &impl Template, scripts: &str) -> HttpResponse {
    let policy = format!("default-src 'self'; {scripts}; img-src data:; style-src 'self' 'unsafe-inline'");
    match template.render() {
        Ok(html) => HttpResponseBuilder::new(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((CONTENT_SECURITY_POLICY, policy))
            .body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn row(store: &Store, ticket: &Ticket) -> Row {
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
        customer: store
            .user(ticket.customer_id)
            .map(|user| user.email.clone())
            .unwrap_or_default(),
        updated_at: short(&time(ticket.updated_at)),
    }
}

/// `2023-05-30T14:03:48.799Z` as `2023-05-30 14:03:48`.
fn short(time: &str) -> String {
    time.get(..19).unwrap_or(time).replace('T', " ")
}

async fn list(shared: Data<Shared>) -> HttpResponse {
    let store = shared.lock();
    let rows = store
        .tickets
        .values()
        .rev()
        .map(|ticket| row(&store, ticket))
        .collect();
    page(StatusCode::OK, &ListPage { rows })
}

async fn version(shared: Data<Shared>, id: Path<u64>) -> HttpResponse {
    let store = shared.lock();
    store.tickets.get(&id).map_or_else(
        || HttpResponse::NotFound().finish(),
        |ticket| {
            HttpResponse::Ok()
                .content_type("text/plain")
                .body(time(ticket.updated_at))
        },
    )
}

async fn show(shared: Data<Shared>, id: Path<u64>) -> HttpResponse {
    let store = shared.lock();
    ticket_page(&store, *id, "", StatusCode::OK)
}

fn ticket_page(store: &Store, id: u64, error: &str, status: StatusCode) -> HttpResponse {
    let Some(ticket) = store.tickets.get(&id) else {
        return HttpResponse::NotFound()
            .content_type("text/plain")
            .body("There is no such ticket.");
    };
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let template = TicketPage {
        nonce: nonce.clone(),
        row: row(store, ticket),
        created_by: store
            .user(ticket.created_by_id)
            .map(|user| user.email.clone())
            .unwrap_or_default(),
        created_at: short(&time(ticket.created_at)),
        version: time(ticket.updated_at),
        states: states(store, ticket.state_id),
        inputs: inputs(store, |name| {
            ticket.fields.get(name).map(plain).unwrap_or_default()
        }),
        articles: store
            .articles_of(id)
            .into_iter()
            .map(|article| article_view(store, article))
            .collect(),
        error: error.to_owned(),
    };
    page_with(status, &template, &format!("script-src 'nonce-{nonce}'"))
}

fn article_view(store: &Store, article: &Article) -> ArticleView {
    let html = article.content_type.starts_with("text/html");
    ArticleView {
        id: article.id,
        kind: article.kind.name(),
        from: store
            .user(article.created_by_id)
            .map(super::model::User::full_name)
            .unwrap_or_default(),
        at: short(&time(article.created_at)),
        subject: article.subject.clone().unwrap_or_default(),
        internal: article.internal,
        html: if html { article.body.clone() } else { String::new() },
        text: if html { String::new() } else { article.body.clone() },
    }
}

/// The states that the edit screen offers, and the one the ticket has.
fn states(store: &Store, current: u64) -> Vec<Choice> {
    let offered = |type_id| matches!(type_id, state_type::OPEN | state_type::CLOSED);
    let states = store
        .states
        .iter()
        .filter(|state| (offered(state.type_id) && state.active) || state.id == current);
    let choice = |state: &super::model::State| Choice {
        value: state.name.clone(),
        label: state.name.clone(),
        selected: state.id == current,
    };
    states.map(choice).collect()
}

fn inputs(store: &Store, value: impl Fn(&str) -> String) -> Vec<Input> {
    store
        .fields
        .iter()
        .filter(|field| field.migrated)
        .map(|field| input(field, value(&field.name)))
        .collect()
}

fn input(field: &Field, value: String) -> Input {
    let choice = |(option, label): (&str, &str)| Choice {
        value: option.to_owned(),
        label: label.to_owned(),
        selected: option == value,
    };
    let (kind, options) = match &field.kind {
        FieldType::Boolean => (
            "select",
            [("", "-"), ("true", "yes"), ("false", "no")].map(choice).into(),
        ),
        FieldType::Select(values) => {
            let all =
                std::iter::once(("", "-")).chain(values.iter().map(|value| (value.as_str(), value.as_str())));
            ("select", all.map(choice).collect())
        }
        FieldType::Integer { .. } => ("number", Vec::new()),
        FieldType::Text { .. } => ("text", examples(&field.name)),
    };
    Input {
        name: field.name.clone(),
        label: field.display.clone(),
        value,
        kind,
        options,
    }
}

fn examples(field: &str) -> Vec<Choice> {
    let choice = |value: String| Choice {
        label: value.clone(),
        value,
        selected: false,
    };
    if field == "network_interface_name" {
        return (1..=INTERFACES)
            .map(|port| choice(format!("GigabitEthernet1/0/{port}")))
            .collect();
    }
    let known = EXAMPLES.iter().find(|(name, _)| *name == field);
    known
        .into_iter()
        .flat_map(|(_, values)| values.iter())
        .map(|value| choice((*value).to_owned()))
        .collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

async fn new(shared: Data<Shared>) -> HttpResponse {
    let store = shared.lock();
    let options = store
        .templates
        .first()
        .and_then(|template| template.get("options"))
        .cloned()
        .unwrap_or_default();
    let preset = |name: &str| {
        options
            .get(name)
            .and_then(|option| option.get("value"))
            .map(plain)
            .unwrap_or_default()
    };
    let template = NewPage {
        title: preset("ticket.title"),
        body: preset("article.body"),
        customers: customers(&store, CUSTOMER_ID),
        states: states(&store, OPEN),
        inputs: inputs(&store, |name| preset(&format!("ticket.{name}"))),
        error: String::new(),
    };
    page(StatusCode::OK, &template)
}

fn customers(store: &Store, selected: u64) -> Vec<Choice> {
    let people = store
        .users
        .iter()
        .filter(|user| user.role_ids.contains(&3) || user.id == AGENT_ID);
    let choice = |user: &super::model::User| Choice {
        value: user.email.clone(),
        label: format!("{} ({})", user.full_name(), user.email),
        selected: user.id == selected,
    };
    people.map(choice).collect()
}

type Fields = BTreeMap<String, String>;

/// The custom fields of a form, by name.
fn custom(store: &Store, form: &Fields) -> Map<String, Value> {
    let known = form.iter().filter(|(name, _)| store.field(name).is_some());
    known.map(|(name, value)| (name.clone(), json!(value))).collect()
}

fn article(form: &Fields, kind: &str, sender: &str) -> Option<Value> {
    let body = form
        .get("body")
        .map(|body| body.trim())
        .filter(|body| !body.is_empty())?;
    Some(json!({
        "subject": form.get("subject").cloned().unwrap_or_default(), "body": body, "content_type": "text/plain",
        "type": kind, "sender": sender, "internal": form.contains_key("internal"),
    }))
}

async fn create(shared: Data<Shared>, form: Form<Fields>) -> HttpResponse {
    let mut store = shared.lock();
    let get = |name: &str| form.get(name).cloned().unwrap_or_default();
    let mut body = custom(&store, &form);
    body.extend([
        ("title".to_owned(), json!(get("title"))),
        ("group_id".to_owned(), json!(CHANGE_GROUP.id)),
        ("customer".to_owned(), json!(get("customer"))),
        ("state".to_owned(), json!(get("state"))),
    ]);
    if let Some(article) = article(&form, "phone", "Customer") {
        body.insert("article".to_owned(), article);
    }
    match store.create_ticket(&body, Caller::AGENT) {
        Ok(written) => {
            shared.fire(&store, &written);
            see(written.ticket_id)
        }
        Err(refusal) => {
            let customer = store
                .user_named(&get("customer"))
                .map_or(CUSTOMER_ID, |user| user.id);
            let state = store
                .states
                .iter()
                .find(|state| state.name == get("state"))
                .map_or(OPEN, |state| state.id);
            let template = NewPage {
                title: get("title"),
                body: get("body"),
                customers: customers(&store, customer),
                states: states(&store, state),
                inputs: inputs(&store, get),
                error: refusal.text,
            };
            page(StatusCode::UNPROCESSABLE_ENTITY, &template)
        }
    }
}

async fn update(shared: Data<Shared>, id: Path<u64>, form: Form<Fields>) -> HttpResponse {
    let mut store = shared.lock();
    let mut body = custom(&store, &form);
    for name in ["title", "state"] {
        if let Some(value) = form.get(name) {
            body.insert(name.to_owned(), json!(value));
        }
    }
    if let Some(article) = article(&form, "note", "Agent") {
        body.insert("article".to_owned(), article);
    }
    match store.update_ticket(*id, &body, Caller::AGENT) {
        Ok(written) => {
            shared.fire(&store, &written);
            see(*id)
        }
        Err(Refusal { text, .. }) => ticket_page(&store, *id, &text, StatusCode::UNPROCESSABLE_ENTITY),
    }
}

fn see(ticket: u64) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("/tickets/{ticket}")))
        .finish()
}

async fn deliveries(shared: Data<Shared>) -> HttpResponse {
    let store = shared.lock();
    let rows = shared
        .log
        .all()
        .into_iter()
        .rev()
        .take(200)
        .map(|delivery| delivery_row(&store, delivery))
        .collect();
    page(StatusCode::OK, &DeliveriesPage { rows })
}

fn delivery_row(store: &Store, delivery: Delivery) -> DeliveryRow {
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
