//! The switch's page: what is configured, what the last change touched, who is connected and what happened.

use std::sync::Arc;

use actix_web::http::header::LOCATION;
use actix_web::web::{self, Data, Form, Path, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use askama::Template;
use serde::Deserialize;

use super::cli::{self, Change};
use super::console::{ConsoleError, interface_config};
use super::device::{Datastore, Device};
use super::ssh::Shared;
use super::tree::{Node, escape};

/// Events shown on the page.
const SHOWN_EVENTS: usize = 100;

/// What of the page never changes.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// The capability set's name.
    pub(crate) capabilities: String,
    /// Where NETCONF listens.
    pub(crate) netconf: String,
}

/// A line of configuration, marked or not.
struct Line {
    text: String,
    added: bool,
    removed: bool,
}

/// A part of the configuration that the last change touched.
struct Block {
    title: String,
    lines: Vec<Line>,
}

struct Port {
    name: String,
    description: String,
    using: String,
    up: bool,
    changed: bool,
}

struct SessionRow {
    id: u32,
    user: String,
    peer: String,
    since: String,
    rpcs: u64,
}

struct EventRow {
    at: String,
    kind: &'static str,
    by: String,
    text: String,
}

#[derive(Template)]
#[template(path = "switch/index.html")]
struct Index {
    hostname: String,
    netconf: String,
    capabilities: String,
    saved: bool,
    dirty: bool,
    pending: bool,
    syncing: bool,
    changed_at: String,
    changed: Vec<Block>,
    locks: Vec<String>,
    sessions: Vec<SessionRow>,
    interfaces: Vec<Port>,
    vlans: Vec<(String, String)>,
    counts: String,
    events: Vec<EventRow>,
}

#[derive(Template)]
#[template(path = "switch/interface.html")]
struct InterfacePage {
    hostname: String,
    name: String,
    cli: Vec<Line>,
    xml: Vec<Line>,
}

#[derive(Template)]
#[template(path = "switch/refused.html")]
struct Refused {
    hostname: String,
    reason: String,
}

/// The routes of the page.
pub(crate) fn routes(
    shared: Arc<Shared>,
    look: Look,
) -> impl Fn(&mut ServiceConfig) + Send + Clone + 'static {
    move |config: &mut ServiceConfig| {
        config
            .app_data(Data::from(shared.clone()))
            .app_data(Data::new(look.clone()))
            .route("/", web::get().to(index))
            .route("/interface/{name:.+}", web::get().to(interface))
            .route("/running.xml", web::get().to(running))
            .route("/console", web::post().to(console));
    }
}

async fn index(shared: Data<Shared>, look: Data<Look>) -> impl Responder {
    let page = index_page(&shared.device(), &look);
    html(&page)
}

async fn interface(shared: Data<Shared>, name: Path<String>) -> impl Responder {
    let device = shared.device();
    let name = name.into_inner();
    let (before, after) =
        (cli::interface(&device.before_last_change, &name), cli::interface(&device.running, &name));
    if before.is_none() && after.is_none() {
        let reason = format!("There is no interface {name:?}.");
        let page = Refused { hostname: hostname(&device), reason };
        return rendered(HttpResponse::NotFound(), &page);
    }
    let xml = |node: Option<&Node>| -> Vec<String> {
        node.map(|node| node.to_pretty_xml().lines().map(str::to_owned).collect()).unwrap_or_default()
    };
    let page = InterfacePage {
        hostname: hostname(&device),
        cli: marked(&commands(before), &commands(after)),
        xml: marked(&xml(before), &xml(after)),
        name,
    };
    drop(device);
    html(&page)
}

async fn running(shared: Data<Shared>) -> impl Responder {
    let device = shared.device();
    let xml: String = device.running.children.iter().map(Node::to_pretty_xml).collect();
    HttpResponse::Ok().content_type("application/xml; charset=utf-8").body(xml)
}

/// A form of the page.
#[derive(Debug, Deserialize)]
struct Hand {
    action: String,
    #[serde(default)]
    interface: String,
    #[serde(default)]
    description: String,
}

async fn console(shared: Data<Shared>, form: Form<Hand>) -> impl Responder {
    let done = act(&shared, &form);
    match done {
        Ok(()) => HttpResponse::SeeOther().insert_header((LOCATION, "/")).finish(),
        Err(error) => {
            let page = Refused { hostname: hostname(&shared.device()), reason: error.to_string() };
            rendered(HttpResponse::UnprocessableEntity(), &page)
        }
    }
}

fn act(shared: &Shared, form: &Hand) -> Result<(), ConsoleError> {
    let mut device = shared.device();
    let described = format!("<description>{}</description>", escape(&form.description));
    let merge = |content: &str| interface_config(&form.interface, content, "merge");
    match form.action.as_str() {
        "describe" => device.configure_by_cli(&merge(&described)?),
        "shutdown" => device.configure_by_cli(&merge("<shutdown/>")?),
        "no-shutdown" => device.configure_by_cli(&merge("<shutdown nc:operation=\"remove\"/>")?),
        "dirty" => device.dirty_candidate(&merge(&described)?),
        "discard" => {
            device.discard((None, "console"));
            Ok(())
        }
        "lock" => {
            device.lock_by_stranger(&[Datastore::Candidate, Datastore::Running]);
            Ok(())
        }
        "unlock" => {
            device.unlock_strangers();
            Ok(())
        }
        other => Err(ConsoleError::Refused(format!("action {other:?} is not known"))),
    }
}

fn index_page(device: &Device, look: &Look) -> Index {
    let locks = device.locks.iter().map(|(datastore, holder)| {
        let user = device.sessions.get(holder).map_or("a stranger", |session| session.user.as_str());
        format!("{} is locked by session {holder} ({user})", datastore.word())
    });
    let touched = cli::touched(&device.before_last_change, &device.running);
    Index {
        hostname: hostname(device),
        netconf: look.netconf.clone(),
        capabilities: look.capabilities.clone(),
        saved: device.startup.as_ref() == Some(&device.running),
        dirty: device.is_candidate_dirty(),
        pending: device.pending.is_some(),
        syncing: device.syncing,
        changed_at: device.last_change.map(|at| at.strftime("%F %T UTC").to_string()).unwrap_or_default(),
        changed: touched.iter().map(|name| block(device, name)).collect(),
        locks: locks.collect(),
        sessions: sessions(device),
        interfaces: ports(device, &touched),
        vlans: vlans(&device.running),
        counts: counts(device),
        events: events(device),
    }
}

fn block(device: &Device, name: &str) -> Block {
    let parts = |config: &Node| match cli::interface(config, name) {
        Some(entry) => commands(Some(entry)),
        None => cli::part_lines(config, name),
    };
    let is_interface = cli::interface(&device.running, name)
        .or_else(|| cli::interface(&device.before_last_change, name))
        .is_some();
    Block {
        title: if is_interface { format!("interface {name}") } else { name.to_owned() },
        lines: marked(&parts(&device.before_last_change), &parts(&device.running)),
    }
}

fn commands(entry: Option<&Node>) -> Vec<String> {
    entry.map(cli::interface_lines).unwrap_or_default()
}

fn marked(before: &[String], after: &[String]) -> Vec<Line> {
    let lines = cli::diff(before, after).into_iter();
    lines
        .map(|(change, text)| Line {
            text,
            added: change == Change::Added,
            removed: change == Change::Removed,
        })
        .collect()
}

fn sessions(device: &Device) -> Vec<SessionRow> {
    let rows = device.sessions.iter().map(|(id, session)| SessionRow {
        id: *id,
        user: session.user.clone(),
        peer: session.peer.clone(),
        since: session.since.strftime("%T").to_string(),
        rpcs: session.rpcs,
    });
    rows.collect()
}

fn ports(device: &Device, touched: &[String]) -> Vec<Port> {
    let ports = cli::interfaces(&device.running).into_iter().map(|(name, entry)| Port {
        description: entry.text_at(&["description"]).unwrap_or_default().to_owned(),
        using: cli::using(entry),
        up: entry.child("shutdown").is_none(),
        changed: touched.contains(&name),
        name,
    });
    ports.collect()
}

fn vlans(config: &Node) -> Vec<(String, String)> {
    let entries = config.at(&["native", "vlan"]).map_or(&[][..], |vlan| &vlan.children);
    let text = |entry: &Node, name: &str| entry.text_at(&[name]).unwrap_or_default().to_owned();
    entries.iter().map(|entry| (text(entry, "id"), text(entry, "name"))).collect()
}

fn counts(device: &Device) -> String {
    let log = &device.log;
    format!(
        "{} sessions so far, {} RPCs, {} edits, {} commits, {} saves; running changed {} times.",
        log.sessions_opened(),
        log.rpcs(),
        log.edits(),
        log.commits(),
        log.saves(),
        log.running_changes()
    )
}

fn events(device: &Device) -> Vec<EventRow> {
    let rows = device.log.entries().rev().take(SHOWN_EVENTS).map(|event| EventRow {
        at: event.at.strftime("%T").to_string(),
        kind: event.kind.word(),
        by: match event.session {
            Some(session) => format!("{} (session {session})", event.who),
            None => event.who.clone(),
        },
        text: event.text.clone(),
    });
    rows.collect()
}

fn hostname(device: &Device) -> String {
    device.running.text_at(&["native", "hostname"]).unwrap_or("Switch").to_owned()
}

fn html(page: &impl Template) -> HttpResponse {
    rendered(HttpResponse::Ok(), page)
}

fn rendered(mut answer: actix_web::HttpResponseBuilder, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(body) => answer.content_type("text/html; charset=utf-8").body(body),
        Err(error) => HttpResponse::InternalServerError().body(format!("cannot draw the page: {error}")),
    }
}
