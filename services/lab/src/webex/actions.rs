//! `/attachment/actions`: anyone in the space may create one, with any inputs.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::api::{Answer, caller, object, text};
use super::delivery;
use super::error::ApiError;
use super::press::{self, PressError};
use super::world::{BOT, Press, Shared, World};

fn press_json(world: &World, press: &Press) -> Value {
    json!({
        "id": press.id, "personId": world.accounts[press.person].id, "roomId": press.room_id, "type": "submit",
        "messageId": press.message_id, "inputs": press.inputs, "created": press.created,
    })
}

pub(super) async fn create(shared: Data<Shared>, request: HttpRequest, body: Bytes) -> Answer {
    let caller = caller(&shared, &request)?;
    let json = object(&request, &body)?;
    if text(&json, "type")? != Some("submit") {
        return Err(ApiError::bad("The type of an attachment action is submit."));
    }
    let message_id = text(&json, "messageId")?.ok_or_else(|| ApiError::bad("messageId is missing."))?;
    let inputs = match json.get("inputs") {
        Some(Value::Object(inputs)) => inputs.clone(),
        _ => return Err(ApiError::bad("inputs is not an object.")),
    };
    let (answer, deliveries) = {
        let mut world = shared.world();
        if world.message(message_id).is_none() {
            return Err(ApiError::not_found());
        }
        let (_, deliveries) =
            press::make(&mut world, message_id, caller, inputs).map_err(|error| match error {
                PressError::NotThere(_) => ApiError::not_found(),
                other => ApiError::bad(other.to_string()),
            })?;
        let answer = world.presses.last().map(|press| press_json(&world, press));
        (answer, deliveries)
    };
    delivery::send(&shared, deliveries);
    Ok(HttpResponse::Ok().json(answer))
}

pub(super) async fn get(shared: Data<Shared>, request: HttpRequest, id: Path<String>) -> Answer {
    let caller = caller(&shared, &request)?;
    let mut world = shared.world();
    let position = world.presses.iter().position(|press| press.id == *id).ok_or_else(ApiError::not_found)?;
    let press = &mut world.presses[position];
    if press.hidden > 0 {
        press.hidden -= 1;
        return Err(ApiError::not_found());
    }
    let press = &world.presses[position];
    let author =
        world.messages.iter().find(|message| message.id == press.message_id).map(|message| message.author);
    let may = world.space_of(&press.room_id, caller).is_some() && (caller != BOT || author == Some(BOT));
    if may { Ok(HttpResponse::Ok().json(press_json(&world, press))) } else { Err(ApiError::not_found()) }
}
