//! The YANG explorer: models of devices and folders, their trees and nodes, RPCs built from them, and a device asked.

mod links;
mod nodes;
mod rpc;
mod run;
mod sources;

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{self, Data, FormConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::Shared;
use crate::models::{Model, Place, Source};
use links::{Head, Tab, under};

/// Largest form, in bytes: paths and values that a person types.
const MAX_FORM: usize = 256 << 10;
/// Longest path or search in an address, in bytes.
const MAX_QUERY: usize = 4_000;
/// Rows of one page.
const ROWS: usize = 200;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/yang", web::get().to(sources::index))
        .route("/yang/load", web::post().to(sources::load))
        .service(
            web::scope("/yang/{kind}/{name}")
                .app_data(FormConfig::default().limit(MAX_FORM))
                .route("", web::get().to(nodes::model))
                .route("/node", web::get().to(nodes::node))
                .route("/search", web::get().to(nodes::search))
                .route("/tree", web::get().to(nodes::tree))
                .route("/rpc", web::get().to(rpc::show))
                .route("/rpc", web::post().to(run::run)),
        );
}

/// A page that is drawn, or why it is not.
type Drawn = Result<String, Refusal>;

/// Why a page is not drawn.
#[derive(Debug)]
enum Refusal {
    /// What the address names is not there, or what it asks is too much; said on the page.
    Said(StatusCode, String),
    /// The template failed.
    Template(askama::Error),
}

impl From<askama::Error> for Refusal {
    fn from(error: askama::Error) -> Self {
        Self::Template(error)
    }
}

impl Refusal {
    fn not_found(text: impl Into<String>) -> Self {
        Self::Said(StatusCode::NOT_FOUND, text.into())
    }

    fn bad(text: impl Into<String>) -> Self {
        Self::Said(StatusCode::BAD_REQUEST, text.into())
    }
}

/// A page that says one thing about a model.
#[derive(Template)]
#[template(path = "yang/said.html")]
struct SaidPage {
    head: Head,
    text: String,
}

/// Draws a page of a model that is there; otherwise says how far it is. Drawing runs beside the threads that answer.
async fn draw(
    request: &HttpRequest,
    shared: &Data<Shared>,
    at: (String, String),
    draw: impl FnOnce(&Source, &Model) -> Drawn + Send + 'static,
) -> HttpResponse {
    if let Err(refused) = shared.guard.admit(request) {
        return *refused;
    }
    let (source, model) = match find(shared, at) {
        Ok(found) => found,
        Err(answer) => return *answer,
    };
    let drawn = web::block(move || {
        let drawn = draw(&source, &model);
        match drawn {
            Err(Refusal::Said(status, text)) => {
                let page = SaidPage { head: Head::new(&source, Tab::None), text };
                page.render().map(|html| (status, html))
            }
            Err(Refusal::Template(error)) => Err(error),
            Ok(html) => Ok((StatusCode::OK, html)),
        }
    });
    match drawn.await {
        Ok(Ok((status, html))) => page(status, html),
        Ok(Err(error)) => broken(&error),
        Err(error) => broken(&error),
    }
}

/// The model that an address names, or the answer that there is none yet.
fn find(
    shared: &Data<Shared>,
    (kind, name): (String, String),
) -> Result<(Source, std::sync::Arc<Model>), Box<HttpResponse>> {
    let Some(source) = sources::parse(&kind, &name) else {
        return Err(Box::new(sources::unknown(shared, &name)));
    };
    let place = match (shared.models.find(&source), &source) {
        (None, Source::Folder(name)) if shared.app.settings.yang.folders.contains_key(name) => {
            shared.models.load(&shared.app, source.clone());
            shared.models.find(&source)
        }
        (place, _) => place,
    };
    match place {
        Some(Place::Ready(model)) => Ok((source, model)),
        Some(place) => Err(Box::new(sources::wait(&source, &place))),
        None => Err(Box::new(sources::unknown(shared, source.name()))),
    }
}

fn page(status: StatusCode, html: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(html)
}

fn rendered(status: StatusCode, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(html) => page(status, html),
        Err(error) => broken(&error),
    }
}

fn broken(error: &dyn std::error::Error) -> HttpResponse {
    tracing::error!(error = %error, "A page cannot be shown");
    HttpResponse::InternalServerError()
        .content_type("text/plain; charset=utf-8")
        .body("This page cannot be shown; the log says why.")
}

/// Refuses what is longer than an address is good for.
fn short(text: &str) -> Result<&str, Refusal> {
    if text.len() > MAX_QUERY {
        return Err(Refusal::bad(format!("the path or search is longer than {MAX_QUERY} bytes")));
    }
    Ok(text)
}
