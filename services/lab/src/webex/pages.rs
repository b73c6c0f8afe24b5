//! The pages: spaces, and one space with its messages and cards, as one of the people.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path, Query, ServiceConfig};
use askama::Template;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::cardview::{self, CardView, INPUT_PREFIX};
use super::compose;
use super::delivery;
use super::markdown::Line;
use super::messages;
use super::press::{self, Which};
use super::world::{AccountIndex, BOT, BOT_NAME, Message, Shared, Space, World};

/// Most characters of a message that is written on a page.
const MAX_TYPED: usize = 2000;

/// The routes of the pages.
pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/static/webex.css", web::get().to(style))
        .route("/latest", web::get().to(latest))
        .route("/direct", web::post().to(open_direct))
        .route("/spaces/{id}/press", web::post().to(press_button))
        .route("/spaces/{id}/messages", web::post().to(write))
        .route("/spaces/{id}", web::get().to(space))
        .route("/", web::get().to(spaces));
}

#[derive(Deserialize)]
struct As {
    #[serde(default)]
    r#as: String,
}

/// Who looks, and who else could.
struct Who {
    me: Looker,
    people: Vec<Looker>,
    path: String,
}

#[derive(Clone)]
struct Looker {
    email: String,
    name: String,
    role: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "webex/spaces.html")]
struct SpacesPage {
    who: Who,
    spaces: Vec<SpaceLine>,
    can_open: bool,
    bot: &'static str,
}

struct SpaceLine {
    id: String,
    title: String,
    kind: &'static str,
    messages: usize,
    last: String,
}

#[derive(Template)]
#[template(path = "webex/space.html")]
struct SpacePage {
    who: Who,
    room_id: String,
    title: String,
    kind: &'static str,
    is_group: bool,
    bot: &'static str,
    notice: Option<String>,
    messages: Vec<MessageView>,
}

struct MessageView {
    id: String,
    anchor: String,
    author: String,
    created: String,
    time: String,
    edited: bool,
    mine: bool,
    lines: Vec<Line>,
    card: Option<CardView>,
    json: String,
}

/// The looker named in the request; the first of the people if nobody is.
fn looker(world: &World, email: &str) -> AccountIndex {
    world.account_by_email(email).filter(|index| *index != BOT).unwrap_or(BOT + 1)
}

fn who(world: &World, me: AccountIndex, path: String, others: impl Iterator<Item = AccountIndex>) -> Who {
    let view = |index: AccountIndex| {
        let account = &world.accounts[index];
        Looker {
            email: account.email.clone(),
            name: account.name.clone(),
            role: account.role.clone(),
            current: index == me,
        }
    };
    Who { me: view(me), people: others.filter(|index| *index != BOT).map(view).collect(), path }
}

/// `09:21:45 UTC` of a full time.
fn time(created: &str) -> String {
    created.get(11..19).map(|time| format!("{time} UTC")).unwrap_or_default()
}

fn html(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(body) => HttpResponse::build(status).content_type("text/html; charset=utf-8").body(body),
        Err(error) => {
            tracing::error!(%error, "A page was not drawn");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(text)
}

fn see_other(to: String) -> HttpResponse {
    HttpResponse::SeeOther().insert_header(("Location", to)).finish()
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .body(include_str!("../../templates/webex/webex.css"))
}

async fn spaces(shared: Data<Shared>, query: Query<As>) -> HttpResponse {
    let page = {
        let world = shared.world();
        let me = looker(&world, &query.r#as);
        let line = |space: &Space| {
            let there: Vec<_> = world
                .messages
                .iter()
                .filter(|message| !message.deleted && message.room_id == space.id)
                .collect();
            SpaceLine {
                id: space.id.clone(),
                title: world.title(space, me),
                kind: world.room_type(&space.id),
                messages: there.len(),
                last: there.last().map(|message| time(&message.created)).unwrap_or_default(),
            }
        };
        SpacesPage {
            who: who(&world, me, "/".to_owned(), 0..world.accounts.len()),
            spaces: world.spaces.iter().filter(|space| space.members.contains(&me)).map(line).collect(),
            can_open: world.direct(me, BOT).is_none(),
            bot: BOT_NAME,
        }
    };
    html(StatusCode::OK, &page)
}

/// To the space in which something was said last; to the list where nothing was said yet.
async fn latest(shared: Data<Shared>, query: Query<As>) -> HttpResponse {
    let world = shared.world();
    let me = looker(&world, &query.r#as);
    let email = &world.accounts[me].email;
    let seen = |message: &&Message| !message.deleted && world.space_of(&message.room_id, me).is_some();
    let newest = world.messages.iter().rev().find(seen);
    let list = || format!("/?as={}", email.replace('@', "%40"));
    see_other(newest.map_or_else(list, |message| space_url(&message.room_id, email)))
}

async fn space(shared: Data<Shared>, id: Path<String>, query: Query<As>) -> HttpResponse {
    show(&shared, &id, &query.r#as, None)
}

fn show(shared: &Shared, room_id: &str, email: &str, notice: Option<String>) -> HttpResponse {
    let status = if notice.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = {
        let world = shared.world();
        let me = looker(&world, email);
        let Some(space) = world.space_of(room_id, me) else {
            return plain(StatusCode::NOT_FOUND, "There is no such space, or you are not in it.");
        };
        let there = world.messages.iter().filter(|message| !message.deleted && message.room_id == room_id);
        let kind = world.room_type(room_id);
        SpacePage {
            who: who(&world, me, format!("/spaces/{room_id}"), space.members.iter().copied()),
            room_id: room_id.to_owned(),
            title: world.title(space, me),
            kind,
            is_group: kind == "group",
            bot: BOT_NAME,
            notice,
            messages: there
                .enumerate()
                .map(|(index, message)| message_view(&world, me, index, message))
                .collect(),
        }
    };
    html(status, &page)
}

fn message_view(world: &World, me: AccountIndex, index: usize, message: &Message) -> MessageView {
    let anchor = format!("m{index}");
    let card = press::card_of(message);
    MessageView {
        id: message.id.clone(),
        author: world.accounts[message.author].name.clone(),
        created: message.created.clone(),
        time: time(&message.created),
        edited: message.edits > 0,
        mine: message.author == me,
        lines: compose::shown(world, &message.body),
        card: card.map(|card| cardview::card(card, &anchor)),
        json: card.map(|card| format!("{card:#}")).unwrap_or_default(),
        anchor,
    }
}

async fn open_direct(shared: Data<Shared>, form: Form<As>) -> HttpResponse {
    let mut world = shared.world();
    let me = looker(&world, &form.r#as);
    let room_id = world.open_direct(me, BOT);
    see_other(space_url(&room_id, &world.accounts[me].email))
}

fn space_url(room_id: &str, email: &str) -> String {
    // Addresses of the lab's people need no encoding beyond this.
    format!("/spaces/{room_id}?as={}", email.replace('@', "%40"))
}

#[derive(Deserialize)]
struct Typed {
    r#as: String,
    text: String,
}

async fn write(shared: Data<Shared>, id: Path<String>, form: Form<Typed>) -> HttpResponse {
    let text = form.text.trim();
    if text.is_empty() || text.chars().count() > MAX_TYPED {
        return show(&shared, &id, &form.r#as, Some(format!("Write 1 to {MAX_TYPED} characters.")));
    }
    match say(&shared, &id, &form.r#as, text) {
        Ok((_, deliveries)) => {
            delivery::send(&shared, deliveries);
            see_other(space_url(&id, &form.r#as))
        }
        Err(notice) => show(&shared, &id, &form.r#as, Some(notice)),
    }
}

/// Writes a message as one of the people.
pub(super) fn say(
    shared: &Shared,
    room_id: &str,
    email: &str,
    text: &str,
) -> Result<(String, Vec<delivery::Delivery>), String> {
    let mut world = shared.world();
    let me = world.account_by_email(email).filter(|index| *index != BOT);
    let me = me
        .filter(|me| world.space_of(room_id, *me).is_some())
        .ok_or("Nobody with this address is in the space.")?;
    let json = Map::from_iter([("markdown".to_owned(), Value::String(compose::typed(&world, text)))]);
    let body = compose::body(&world, &json).map_err(|error| error.to_string())?;
    Ok(messages::post(&mut world, me, room_id.to_owned(), body, None))
}

async fn press_button(
    shared: Data<Shared>,
    id: Path<String>,
    form: Form<Vec<(String, String)>>,
) -> HttpResponse {
    let mut fields = HashMap::new();
    let mut given = Map::new();
    for (name, value) in form.into_inner() {
        match name.strip_prefix(INPUT_PREFIX) {
            None => {
                fields.insert(name, value);
            }
            Some(input) => add_input(&mut given, input, value),
        }
    }
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let which = Which::Path(field("action"));
    let pressed = press::press(&mut shared.world(), field("message"), (field("as"), &which), &given);
    match pressed {
        Ok((_, deliveries)) => {
            delivery::send(&shared, deliveries);
            see_other(space_url(&id, field("as")))
        }
        Err(error) => show(&shared, &id, field("as"), Some(error.to_string())),
    }
}

/// Several values of one input, as a choice of several gives them, are joined by commas.
fn add_input(given: &mut Map<String, Value>, input: &str, value: String) {
    let joined = match given.get(input).and_then(Value::as_str) {
        Some(first) => format!("{first},{value}"),
        None => value,
    };
    given.insert(input.to_owned(), Value::String(joined));
}
