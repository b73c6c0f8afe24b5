//! People, spaces and memberships.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::api::{Answer, Params, caller, page};
use super::error::ApiError;
use super::id;
use super::world::{Account, AccountIndex, BOT, Shared, Space, World};

fn organisation() -> String {
    id::fixed("ORGANIZATION", 1)
}

fn person_json(account: &Account, is_bot: bool) -> Value {
    let mut names = account.name.splitn(2, ' ');
    json!({
        "id": account.id, "emails": [account.email], "displayName": account.name,
        "nickName": names.next(), "orgId": organisation(),
        "created": "2026-01-15T10:00:00.000Z", "lastModified": "2026-02-01T10:00:00.000Z",
        "type": if is_bot { "bot" } else { "person" },
    })
}

fn room_json(world: &World, space: &Space, viewer: AccountIndex) -> Value {
    json!({
        "id": space.id, "title": world.title(space, viewer), "type": world.room_type(&space.id), "isLocked": false,
        "creatorId": world.accounts[*space.members.last().unwrap_or(&BOT)].id, "created": space.created,
        "lastActivity": space.created, "ownerId": organisation(),
        "isPublic": false, "isReadOnly": false, "isAnnouncementOnly": false,
    })
}

fn membership_json(world: &World, space: &Space, member: AccountIndex) -> Value {
    let account = &world.accounts[member];
    json!({
        "id": id::of("MEMBERSHIP", format_args!("{}:{}", account.id, space.id)),
        "roomId": space.id, "personId": account.id, "personEmail": account.email,
        "personDisplayName": account.name, "personOrgId": organisation(), "isModerator": false, "isMonitor": false,
        "isRoomHidden": false, "roomType": world.room_type(&space.id), "created": space.created,
    })
}

pub(super) async fn me(shared: Data<Shared>, request: HttpRequest) -> Answer {
    let caller = caller(&shared, &request)?;
    let world = shared.world();
    Ok(HttpResponse::Ok().json(person_json(&world.accounts[caller], caller == BOT)))
}

pub(super) async fn get(shared: Data<Shared>, request: HttpRequest, id: Path<String>) -> Answer {
    caller(&shared, &request)?;
    let world = shared.world();
    let found = world.account_by_id(&id).ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(person_json(&world.accounts[found], found == BOT)))
}

pub(super) async fn find(shared: Data<Shared>, request: HttpRequest, params: Params) -> Answer {
    caller(&shared, &request)?;
    let Some(email) = params.get("email") else {
        return Err(ApiError::bad("Email, displayName, or id list should be specified."));
    };
    let found: Vec<_> = {
        let world = shared.world();
        let found = world.account_by_email(email);
        found.map(|found| person_json(&world.accounts[found], found == BOT)).into_iter().collect()
    };
    page(&request, &params, found)
}

pub(super) async fn room(shared: Data<Shared>, request: HttpRequest, id: Path<String>) -> Answer {
    let caller = caller(&shared, &request)?;
    let world = shared.world();
    let space = world.space_of(&id, caller).ok_or_else(ApiError::not_found)?;
    Ok(HttpResponse::Ok().json(room_json(&world, space, caller)))
}

pub(super) async fn rooms(shared: Data<Shared>, request: HttpRequest, params: Params) -> Answer {
    let caller = caller(&shared, &request)?;
    let items = {
        let world = shared.world();
        let mine = world.spaces.iter().filter(|space| space.members.contains(&caller));
        let wanted =
            mine.filter(|space| params.get("type").is_none_or(|kind| kind == world.room_type(&space.id)));
        wanted.map(|space| room_json(&world, space, caller)).collect()
    };
    page(&request, &params, items)
}

pub(super) async fn memberships(shared: Data<Shared>, request: HttpRequest, params: Params) -> Answer {
    let caller = caller(&shared, &request)?;
    let by_person = params.contains_key("personId") || params.contains_key("personEmail");
    let items: Vec<Value> = {
        let world = shared.world();
        match params.get("roomId") {
            None if by_person => return Err(ApiError::bad("roomId is needed with a person.")),
            None => {
                let mine = world.spaces.iter().filter(|space| space.members.contains(&caller));
                mine.map(|space| membership_json(&world, space, caller)).collect()
            }
            Some(room) => {
                let Some(space) = world.space_of(room, caller) else {
                    return Err(ApiError::not_found());
                };
                let wanted = |member: &&AccountIndex| {
                    let account = &world.accounts[**member];
                    params.get("personId").is_none_or(|id| *id == account.id)
                        && params
                            .get("personEmail")
                            .is_none_or(|email| email.eq_ignore_ascii_case(&account.email))
                };
                space
                    .members
                    .iter()
                    .filter(wanted)
                    .map(|member| membership_json(&world, space, *member))
                    .collect()
            }
        }
    };
    page(&request, &params, items)
}
