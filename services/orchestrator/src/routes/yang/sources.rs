//! Which models there are, and having one read.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Form};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use change_model::DeviceName;
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{Shared, rendered, under};
use crate::models::{Place, Source};
use crate::routes::guard;
use crate::store::changes::ChangeFilter;

/// Of so many of the latest changes the devices are offered.
const CHANGES_LOOKED_AT: u32 = 50;

#[derive(Template)]
#[template(path = "yang/index.html")]
struct IndexPage {
    said: String,
    rows: Vec<Row>,
    /// What was typed.
    device: String,
    /// What may be typed.
    devices: BTreeSet<String>,
}

struct Row {
    name: String,
    href: String,
    kind: &'static str,
    state: String,
}

#[derive(Template)]
#[template(path = "yang/wait.html")]
struct WaitPage {
    title: String,
    loading: bool,
    text: String,
    field: &'static str,
    name: String,
}

/// The source that an address names.
pub(super) fn parse(kind: &str, name: &str) -> Option<Source> {
    match kind {
        "folder" => Some(Source::Folder(name.to_owned())),
        "device" => name.parse().ok().map(Source::Device),
        _ => None,
    }
}

/// `GET /yang`.
pub(super) async fn index(request: HttpRequest, shared: Data<Shared>) -> HttpResponse {
    if let Err(refused) = shared.guard.admit(&request) {
        return *refused;
    }
    index_page(&shared, StatusCode::OK, String::new(), String::new()).await
}

/// The answer about a model that is not there.
pub(super) fn unknown(shared: &Shared, name: &str) -> HttpResponse {
    let said = format!("The model of {name} has not been read.");
    let page = IndexPage { said, rows: rows(shared), device: name.to_owned(), devices: BTreeSet::new() };
    rendered(StatusCode::NOT_FOUND, &page)
}

async fn index_page(shared: &Shared, status: StatusCode, said: String, device: String) -> HttpResponse {
    let filter = ChangeFilter { limit: CHANGES_LOOKED_AT, ..ChangeFilter::default() };
    let mut devices: BTreeSet<String> = shared.app.settings.devices.hosts.keys().cloned().collect();
    match shared.app.store.changes(&filter).await {
        Ok(changes) => {
            devices.extend(changes.iter().filter_map(|change| change.device()).map(ToString::to_string))
        }
        // The names are only an offer.
        Err(error) => tracing::warn!(error = %error, "The store does not answer"),
    }
    rendered(status, &IndexPage { said, rows: rows(shared), device, devices })
}

fn rows(shared: &Shared) -> Vec<Row> {
    let known = shared.models.list().into_iter().map(|(source, place)| {
        let state = match place {
            Place::Ready(model) => format!("{} nodes", model.schema.node_count()),
            Place::Failed(why) => format!("cannot be read: {}", why.lines().next().unwrap_or_default()),
            Place::Loading(_) => "is being read".to_owned(),
        };
        (source, state)
    });
    let mut states: BTreeMap<Source, String> = known.collect();
    for name in shared.app.settings.yang.folders.keys() {
        let state = states.entry(Source::Folder(name.clone()));
        state.or_insert_with(|| "is read when it is looked at".to_owned());
    }
    let row = |(source, state): (Source, String)| Row {
        name: source.name().to_owned(),
        href: under(&source, "", &[]),
        kind: source.kind(),
        state,
    };
    states.into_iter().map(row).collect()
}

/// The page of a model that is being read, or cannot be.
pub(super) fn wait(source: &Source, place: &Place) -> HttpResponse {
    let (loading, text) = match place {
        Place::Failed(why) => (false, format!("The model cannot be read: {why}")),
        Place::Loading(progress) => match progress.counts() {
            (_, 0) => (true, "The model is being read.".to_owned()),
            (done, known) => (true, format!("The model is being read: {done} of {known} modules.")),
        },
        Place::Ready(_) => (true, "The model is there.".to_owned()),
    };
    let status = if loading { StatusCode::ACCEPTED } else { StatusCode::BAD_GATEWAY };
    let title = format!("YANG of {source}");
    rendered(status, &WaitPage { title, loading, text, field: source.kind(), name: source.name().to_owned() })
}

/// What the form sends: a device or a folder.
#[derive(Debug, Deserialize)]
pub(super) struct LoadForm {
    token: secrecy::SecretString,
    device: Option<String>,
    folder: Option<String>,
}

/// `POST /yang/load`: a session with a device is opened only for who has the token, as everything that an operator may do.
pub(super) async fn load(request: HttpRequest, form: Form<LoadForm>, shared: Data<Shared>) -> HttpResponse {
    if let Err(refused) = shared.guard.admit(&request) {
        return *refused;
    }
    let typed = form.device.clone().or_else(|| form.folder.clone()).unwrap_or_default();
    if !guard::is_token(form.token.expose_secret(), &shared.app.settings.server.api_token) {
        let status = shared.guard.refuse(&request, "the token is wrong").status();
        return index_page(&shared, status, "Not done: the token is wrong.".to_owned(), typed).await;
    }
    let source = match (&form.device, &form.folder) {
        (Some(name), None) => match name.trim().parse::<DeviceName>() {
            Ok(name) => Source::Device(name),
            Err(error) => {
                let said = format!("Not done: {error}.");
                return index_page(&shared, StatusCode::BAD_REQUEST, said, typed).await;
            }
        },
        (None, Some(name)) if shared.app.settings.yang.folders.contains_key(name) => {
            Source::Folder(name.clone())
        }
        _ => {
            let said = "Not done: a device, or a folder of the configuration, is to be named.".to_owned();
            return index_page(&shared, StatusCode::BAD_REQUEST, said, typed).await;
        }
    };
    shared.models.load(&shared.app, source.clone());
    HttpResponse::SeeOther().insert_header((LOCATION, under(&source, "", &[]))).finish()
}
