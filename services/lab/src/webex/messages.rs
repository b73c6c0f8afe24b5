//! `/messages`: create, read, list, edit, delete.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use super::api::{Answer, Params, caller, object, page, text};
use super::compose;
use super::delivery::{self, Delivery, Happened};
use super::error::ApiError;
use super::id;
use super::press;
use super::world::{AccountIndex, BOT, Body, Message, Shared, World, now};

/// Most edits of one message.
const MAX_EDITS: u32 = 10;

/// Puts a message into a space; gives its id and the notifications of it.
pub(super) fn post(
    world: &mut World,
    author: AccountIndex,
    room_id: String,
    body: Body,
    parent: Option<String>,
) -> (String, Vec<Delivery>) {
    let message = Message {
        id: id::fresh("MESSAGE"),
        room_id,
        author,
        body,
        parent,
        created: now(),
        updated: None,
        edits: 0,
        deleted: false,
    };
    let deliveries = delivery::of_message(world, Happened::Created, &message);
    let id = message.id.clone();
    world.messages.push(message);
    (id, deliveries)
}

pub(super) async fn create(shared: Data<Shared>, request: HttpRequest, body: Bytes) -> Answer {
    let caller = caller(&shared, &request)?;
    let json = object(&request, &body)?;
    let (answer, mut deliveries, click) = {
        let mut world = shared.world();
        let body = compose::body(&world, &json)?;
        let room_id = recipient(&mut world, caller, &json)?;
        let parent = text(&json, "parentId")?.map(str::to_owned);
        if parent
            .as_ref()
            .is_some_and(|parent| world.message(parent).is_none_or(|parent| parent.room_id != room_id))
        {
            return Err(ApiError::bad("The parent message was not found in this space."));
        }
        let (message_id, deliveries) = post(&mut world, caller, room_id, body, parent);
        let answer = world.message(&message_id).map(|message| world.message_json(message));
        (answer, deliveries, press::quick_click(&mut world, &message_id))
    };
    // A fast click: its notification is there before the sender knows the id of the message.
    if click.is_empty() {
        delivery::send(&shared, deliveries);
    } else {
        deliveries.extend(click);
        delivery::send_and_wait(&shared, deliveries).await;
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// The space that a message goes into: exactly one recipient must be given.
fn recipient(world: &mut World, caller: AccountIndex, json: &Map<String, Value>) -> Result<String, ApiError> {
    let (room, id, email) = (text(json, "roomId")?, text(json, "toPersonId")?, text(json, "toPersonEmail")?);
    let person = match (room, id, email) {
        (Some(room), None, None) => {
            if !world.spaces.iter().any(|space| space.id == room) {
                return Err(ApiError::not_found());
            }
            let inside = world.space_of(room, caller).is_some();
            return if inside {
                Ok(room.to_owned())
            } else {
                Err(ApiError::new(403, "Not a member of this space."))
            };
        }
        (None, Some(id), None) => world.account_by_id(id),
        (None, None, Some(email)) => world.account_by_email(email),
        (None, None, None) => {
            return Err(ApiError::bad("The request was invalid and no recipient was given."));
        }
        _ => return Err(ApiError::bad("More than one recipient was given.")),
    };
    let person = person.ok_or_else(ApiError::not_found)?;
    if person == caller {
        return Err(ApiError::bad("A direct message to oneself is not possible."));
    }
    Ok(world.open_direct(caller, person))
}

pub(super) async fn get(shared: Data<Shared>, request: HttpRequest, id: Path<String>) -> Answer {
    let caller = caller(&shared, &request)?;
    let world = shared.world();
    let message =
        world.message(&id).filter(|message| world.sees(caller, message)).ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(world.message_json(message)))
}

pub(super) async fn list(shared: Data<Shared>, request: HttpRequest, params: Params) -> Answer {
    let caller = caller(&shared, &request)?;
    let items: Vec<Value> = {
        let world = shared.world();
        let room = params.get("roomId").ok_or_else(|| ApiError::bad("roomId is missing."))?;
        let space = world.space_of(room, caller).ok_or_else(ApiError::not_found)?;
        let mentioned = params
            .get("mentionedPeople")
            .map(|person| if person == "me" { &world.accounts[caller].id } else { person });
        if caller == BOT && space.title.is_some() && mentioned != Some(&world.accounts[BOT].id) {
            return Err(ApiError::new(403, "A bot can list only messages that mention it in a group space."));
        }
        let before_message = params
            .get("beforeMessage")
            .and_then(|id| world.messages.iter().position(|message| message.id == *id));
        let wanted = |(position, message): &(usize, &Message)| {
            !message.deleted
                && message.room_id == *room
                && mentioned.is_none_or(|id| message.body.mentioned.contains(id))
                && params.get("parentId").is_none_or(|parent| message.parent.as_ref() == Some(parent))
                && params.get("before").is_none_or(|before| message.created < *before)
                && before_message.is_none_or(|before| *position < before)
        };
        let newest_first = world.messages.iter().enumerate().rev().filter(wanted);
        newest_first.map(|(_, message)| world.message_json(message)).collect()
    };
    page(&request, &params, items)
}

pub(super) async fn direct(shared: Data<Shared>, request: HttpRequest, params: Params) -> Answer {
    let caller = caller(&shared, &request)?;
    let items: Vec<Value> = {
        let world = shared.world();
        let person = match (params.get("personId"), params.get("personEmail")) {
            (Some(id), None) => world.account_by_id(id),
            (None, Some(email)) => world.account_by_email(email),
            _ => return Err(ApiError::bad("personId or personEmail is needed.")),
        };
        let person = person.filter(|person| *person != caller).ok_or_else(ApiError::not_found)?;
        let space = world.direct(caller, person).ok_or_else(ApiError::not_found)?;
        let there =
            world.messages.iter().rev().filter(|message| !message.deleted && message.room_id == space.id);
        there.map(|message| world.message_json(message)).collect()
    };
    page(&request, &params, items)
}

pub(super) async fn edit(
    shared: Data<Shared>,
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
) -> Answer {
    let caller = caller(&shared, &request)?;
    let json = object(&request, &body)?;
    let (answer, deliveries) = {
        let mut world = shared.world();
        let mut body = compose::body(&world, &json)?;
        let position = own(&world, &id, caller)?;
        let old = &world.messages[position];
        if text(&json, "roomId")? != Some(old.room_id.as_str()) {
            return Err(ApiError::bad("roomId does not match the message."));
        }
        if old.edits >= MAX_EDITS {
            return Err(ApiError::bad(format!("A message can be edited {MAX_EDITS} times only.")));
        }
        let has_card = !(old.body.attachments.is_empty() && body.attachments.is_empty());
        if has_card && !world.behaviour.card_edit || !(old.body.files.is_empty() && body.files.is_empty()) {
            return Err(ApiError::bad("Messages with files or attachments cannot be edited."));
        }
        if body.attachments.is_empty() {
            body.attachments.clone_from(&old.body.attachments);
        }
        let message = &mut world.messages[position];
        message.body = body;
        message.edits += 1;
        message.updated = Some(now());
        let message = &world.messages[position];
        (world.message_json(message), delivery::of_message(&world, Happened::Updated, message))
    };
    delivery::send(&shared, deliveries);
    Ok(HttpResponse::Ok().json(answer))
}

pub(super) async fn delete(shared: Data<Shared>, request: HttpRequest, id: Path<String>) -> Answer {
    let caller = caller(&shared, &request)?;
    let deliveries = {
        let mut world = shared.world();
        let position = own(&world, &id, caller)?;
        world.messages[position].deleted = true;
        delivery::of_message(&world, Happened::Deleted, &world.messages[position])
    };
    delivery::send(&shared, deliveries);
    Ok(HttpResponse::NoContent().finish())
}

/// The position of a message that this account wrote.
fn own(world: &World, id: &str, caller: AccountIndex) -> Result<usize, ApiError> {
    let position = world.messages.iter().position(|message| message.id == id && !message.deleted);
    let position = position.filter(|position| world.sees(caller, &world.messages[*position]));
    let position = position.ok_or_else(ApiError::not_found)?;
    if world.messages[position].author == caller {
        Ok(position)
    } else {
        Err(ApiError::new(403, "Only its author may do this to a message."))
    }
}
