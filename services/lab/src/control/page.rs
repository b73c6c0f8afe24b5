//! The front page: where everything is, and what goes wrong just now.

use std::sync::OnceLock;

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Form};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::Links;
use super::presets::PRESETS;
use crate::faults::{Fault, FaultBoard};
use crate::http::is_from_own_page;
use crate::people::{LEAD, PEOPLE, Person};

#[derive(Template)]
#[template(path = "control/index.html")]
struct IndexPage {
    links: Links,
    approvers: Vec<Member>,
    others: Vec<Member>,
    presets: Vec<PresetRow>,
    other_faults: Vec<String>,
    any: bool,
}

/// One of the people, and the chat as that person sees it.
struct Member {
    name: &'static str,
    email: &'static str,
    role: &'static str,
    chat: String,
}

struct PresetRow {
    name: &'static str,
    title: &'static str,
    watch: &'static str,
    on: bool,
}

/// `GET /`.
pub(super) async fn index(board: Data<FaultBoard>, links: Data<OnceLock<Links>>) -> HttpResponse {
    let Some(links) = links.get() else {
        return HttpResponse::ServiceUnavailable().body("The lab is still starting.");
    };
    match index_page(&board, links).render() {
        Ok(html) => HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html),
        Err(error) => {
            tracing::error!(%error, "The lab's front page cannot be drawn");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn index_page(board: &FaultBoard, links: &Links) -> IndexPage {
    let member = |person: &Person| Member {
        name: person.name,
        email: person.email,
        role: person.role,
        chat: format!("{}/latest?as={}", links.webex, person.email.replace('@', "%40")),
    };
    let (approvers, others): (Vec<Member>, Vec<Member>) =
        PEOPLE.iter().map(member).partition(|member| member.role == LEAD.role);
    let preset_faults: Vec<Vec<Fault>> = PRESETS.iter().map(super::presets::Preset::faults).collect();
    let presets = PRESETS.iter().zip(&preset_faults).map(|(preset, faults)| PresetRow {
        name: preset.name,
        title: preset.title,
        watch: preset.watch,
        on: faults.iter().any(|fault| board.is_on(fault)),
    });
    let listed = board.list();
    let of_preset = |fault: &&Fault| !preset_faults.iter().flatten().any(|known| fault.is_like(known));
    IndexPage {
        links: links.clone(),
        approvers,
        others,
        presets: presets.collect(),
        // A fault that does not become JSON does not exist: all of them came as JSON or can be written as such.
        other_faults: listed
            .iter()
            .filter(of_preset)
            .filter_map(|fault| serde_json::to_string(fault).ok())
            .collect(),
        any: !listed.is_empty(),
    }
}

/// What a button of the page sends.
#[derive(Debug, Deserialize)]
pub(super) struct Switch {
    #[serde(default)]
    on: String,
    #[serde(default)]
    off: String,
}

/// `POST /faults`.
pub(super) async fn switch(
    request: HttpRequest,
    form: Form<Switch>,
    board: Data<FaultBoard>,
) -> HttpResponse {
    if !is_from_own_page(request.headers()) {
        return HttpResponse::Forbidden().body("This form was not sent by a page of this server.");
    }
    if form.off == "all" {
        board.clear();
    }
    let named =
        |name: &str| PRESETS.iter().find(|preset| preset.name == name).map(super::presets::Preset::faults);
    for fault in named(&form.off).unwrap_or_default() {
        board.remove(&fault);
    }
    for fault in named(&form.on).unwrap_or_default() {
        // Pressed twice is on once.
        board.remove(&fault);
        board.add(fault);
    }
    HttpResponse::SeeOther().insert_header((LOCATION, "/#faults")).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Links {
        let at = |port: u16| format!("http://127.0.0.1:{port}");
        Links { zammad: at(1), webex: at(2), netbox: at(3), switch: at(4), orchestrator: at(5) }
    }

    #[test]
    fn a_preset_that_is_on_offers_to_be_switched_off_and_other_faults_are_shown_as_text() {
        let board = FaultBoard::default();
        PRESETS[0].faults().into_iter().for_each(|fault| board.add(fault));
        let other = serde_json::json!({"system": "netbox", "point": "request", "path": "/<script>", "action": "reset"});
        board.add(serde_json::from_value(other).unwrap());
        let html = index_page(&board, &links()).render().unwrap();
        assert!(
            html.contains("name=\"off\" value=\"switch-refuses\"")
                && html.contains("name=\"on\" value=\"netbox-down\"")
        );
        assert!(!html.contains("/<script>") && html.contains("/&#60;script&#62;"), "{html}");
        assert!(html.contains("http://127.0.0.1:2/latest?as=lead%40example.net"));
    }
}
