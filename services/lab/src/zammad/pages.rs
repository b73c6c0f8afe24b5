//! Pages for people: the list of tickets, one ticket with its fields and articles, a new one from the template, and the log of webhooks.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{self, Data, Form, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Shared;
use super::auth::Caller;
use super::error::Refusal;
use super::examples;
use super::model::Store;
use super::render::time;
use super::seed::{CHANGE_GROUP, CUSTOMER_ID, OPEN};
use super::views::{
    DeliveriesPage, ListPage, NewPage, TicketPage, article_view, customers, delivery_row, inputs, plain, row,
    short, states,
};

/// Routes of the pages.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(list))
        .route("/new", web::get().to(new))
        .route("/new", web::post().to(create))
        .route("/deliveries", web::get().to(deliveries))
        .route("/tickets/{id}", web::get().to(show))
        .route("/tickets/{id}", web::post().to(update));
}

fn page(status: StatusCode, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(html) => HttpResponseBuilder::new(status).content_type("text/html; charset=utf-8").body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

async fn list(shared: Data<Shared>) -> HttpResponse {
    let store = shared.lock();
    let rows = store.tickets.values().rev().map(|ticket| row(&store, ticket)).collect();
    page(StatusCode::OK, &ListPage { rows })
}

async fn show(shared: Data<Shared>, id: Path<u64>) -> HttpResponse {
    let store = shared.lock();
    ticket_page(&store, *id, "", StatusCode::OK)
}

fn ticket_page(store: &Store, id: u64, error: &str, status: StatusCode) -> HttpResponse {
    let Some(ticket) = store.tickets.get(&id) else {
        return HttpResponse::NotFound().content_type("text/plain").body("There is no such ticket.");
    };
    let template = TicketPage {
        row: row(store, ticket),
        created_by: store.user(ticket.created_by_id).map(|user| user.email.clone()).unwrap_or_default(),
        created_at: short(&time(ticket.created_at)),
        states: states(store, ticket.state_id),
        inputs: inputs(store, |name| ticket.fields.get(name).map(plain).unwrap_or_default()),
        articles: store.articles_of(id).into_iter().map(|article| article_view(store, article)).collect(),
        error: error.to_owned(),
    };
    page(status, &template)
}

/// Which example the new ticket is filled in with.
#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    example: String,
}

async fn new(shared: Data<Shared>, wish: Query<Wish>) -> HttpResponse {
    let store = shared.lock();
    let options =
        store.templates.first().and_then(|template| template.get("options")).cloned().unwrap_or_default();
    let preset =
        |name: &str| options.get(name).and_then(|option| option.get("value")).map(plain).unwrap_or_default();
    let template = NewPage {
        title: preset("ticket.title"),
        body: preset("article.body"),
        customers: customers(&store, CUSTOMER_ID),
        states: states(&store, OPEN),
        inputs: inputs(&store, |name| {
            examples::value(&wish.example, name)
                .map_or_else(|| preset(&format!("ticket.{name}")), str::to_owned)
        }),
        examples: examples::choices(&wish.example),
        error: String::new(),
    };
    page(StatusCode::OK, &template)
}

type Fields = BTreeMap<String, String>;

/// The custom fields of a form, by name.
fn custom(store: &Store, form: &Fields) -> Map<String, Value> {
    let known = form.iter().filter(|(name, _)| store.field(name).is_some());
    known.map(|(name, value)| (name.clone(), json!(value))).collect()
}

fn article(form: &Fields, kind: &str, sender: &str) -> Option<Value> {
    let body = form.get("body").map(|body| body.trim()).filter(|body| !body.is_empty())?;
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
            let customer = store.user_named(&get("customer")).map_or(CUSTOMER_ID, |user| user.id);
            let state =
                store.states.iter().find(|state| state.name == get("state")).map_or(OPEN, |state| state.id);
            let template = NewPage {
                title: get("title"),
                body: get("body"),
                customers: customers(&store, customer),
                states: states(&store, state),
                inputs: inputs(&store, get),
                examples: examples::choices(""),
                error: refusal.text,
            };
            page(StatusCode::UNPROCESSABLE_ENTITY, &template)
        }
    }
}

async fn update(shared: Data<Shared>, id: Path<u64>, form: Form<Fields>) -> HttpResponse {
    let mut store = shared.lock();
    let mut body = custom(&store, &form);
    if let Some(title) = form.get("title") {
        body.insert("title".to_owned(), json!(title));
    }
    // A page that was opened before somebody else moved the ticket must not move it back.
    if let Some(state) = form.get("state").filter(|state| form.get("state_shown") != Some(*state)) {
        body.insert("state".to_owned(), json!(state));
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
    HttpResponse::SeeOther().insert_header((LOCATION, format!("/tickets/{ticket}"))).finish()
}

async fn deliveries(shared: Data<Shared>) -> HttpResponse {
    let store = shared.lock();
    let rows =
        shared.log.all().into_iter().rev().take(200).map(|delivery| delivery_row(&store, delivery)).collect();
    page(StatusCode::OK, &DeliveriesPage { rows })
}
