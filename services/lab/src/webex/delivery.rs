//! The webhook engine: who is told of what, signed, once, with a count of failures.

use std::time::Duration;

use actix_web::web::Data;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use tokio::task::JoinHandle;

use super::id;
use super::world::{BOT, Hook, Message, Press, Shared, World};
use crate::faults::{FaultAction, Point, System};

/// How long the receiver may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// So many failures…
const MAX_FAILURES: usize = 100;
/// …within this time switch a hook off; and for this long after it was switched on again, one failure does.
const WINDOW: Duration = Duration::from_secs(300);

/// What happened to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happened {
    Created,
    Updated,
    Deleted,
}

/// One notification, ready to go.
pub(super) struct Delivery {
    hook_id: String,
    url: String,
    signature: Option<String>,
    body: Vec<u8>,
}

/// The notifications of something that happened to a message.
pub(super) fn of_message(world: &World, happened: Happened, message: &Message) -> Vec<Delivery> {
    let author = &world.accounts[message.author];
    let mut data = json!({
        "id": message.id, "roomId": message.room_id, "roomType": world.room_type(&message.room_id),
        "personId": author.id, "personEmail": author.email, "created": message.created,
    });
    if happened != Happened::Deleted && !message.body.mentioned.is_empty() {
        data["mentionedPeople"] = json!(message.body.mentioned);
    }
    if let Some(parent) = &message.parent {
        data["parentId"] = json!(parent);
    }
    let event = match happened {
        Happened::Created => "created",
        Happened::Updated => "updated",
        Happened::Deleted => "deleted",
    };
    // A bot is told of its own posts in direct spaces only.
    let told = |hook: &&Hook| {
        world.sees(hook.owner, message)
            && (hook.owner != BOT || message.author != BOT || world.room_type(&message.room_id) == "direct")
            && filter_matches(world, hook, &data, Some(message))
    };
    matching(world, "messages", event)
        .filter(told)
        .map(|hook| notification(world, hook, (&author.id, event), &data))
        .collect()
}

/// The notifications of a press.
pub(super) fn of_press(world: &World, press: &Press) -> Vec<Delivery> {
    let actor = &world.accounts[press.person];
    let data = json!({
        "id": press.id, "type": "submit", "messageId": press.message_id, "personId": actor.id,
        "roomId": press.room_id, "created": press.created,
    });
    let author =
        world.messages.iter().find(|message| message.id == press.message_id).map(|message| message.author);
    // A bot is told of presses on its own cards.
    let told = |hook: &&Hook| {
        world.space_of(&press.room_id, hook.owner).is_some()
            && (hook.owner != BOT || author == Some(BOT))
            && filter_matches(world, hook, &data, None)
    };
    let hooks = matching(world, "attachmentActions", "created").filter(told);
    hooks.map(|hook| notification(world, hook, (&actor.id, "created"), &data)).collect()
}

/// The notifications of a space that got a new id.
pub(super) fn of_migration(world: &World, old: &str, new: &str) -> Vec<Delivery> {
    let data = json!({"id": new, "type": world.room_type(new), "oldRoomId": old});
    let told = |hook: &&Hook| world.space_of(new, hook.owner).is_some();
    let hooks = matching(world, "rooms", "migrated").filter(told);
    hooks.map(|hook| notification(world, hook, (&world.accounts[BOT].id, "migrated"), &data)).collect()
}

fn matching<'a>(
    world: &'a World,
    resource: &'static str,
    event: &'static str,
) -> impl Iterator<Item = &'a Hook> {
    world.hooks.iter().filter(move |hook| {
        hook.active
            && (hook.resource == "all" || hook.resource == resource)
            && (hook.event == "all" || hook.event == event)
    })
}

fn filter_matches(world: &World, hook: &Hook, data: &Value, message: Option<&Message>) -> bool {
    let pairs = hook.filter.as_deref().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().all(|(key, wanted)| match key {
        "mentionedPeople" => {
            let wanted = if wanted == "me" { &world.accounts[hook.owner].id } else { wanted };
            message.is_some_and(|message| message.body.mentioned.iter().any(|id| id == wanted))
        }
        "hasFiles" => message.is_some_and(|message| (!message.body.files.is_empty()).to_string() == wanted),
        "hasAttachments" => {
            message.is_some_and(|message| (!message.body.attachments.is_empty()).to_string() == wanted)
        }
        _ => data[key] == wanted,
    })
}

fn notification(world: &World, hook: &Hook, (actor, event): (&str, &str), data: &Value) -> Delivery {
    let mut json = hook_json(world, hook);
    if let Some(object) = json.as_object_mut() {
        object.remove("secret");
    }
    if hook.event == "all" {
        json["event"] = json!(event);
    }
    json["status"] = json!("active");
    json["actorId"] = json!(actor);
    json["data"] = data.clone();
    let body = json.to_string().into_bytes();
    let signature = hook.secret.as_deref().map(|secret| sign(secret, &body));
    Delivery { hook_id: hook.id.clone(), url: hook.target_url.clone(), signature, body }
}

/// A hook as the API shows it, its secret included.
pub(super) fn hook_json(world: &World, hook: &Hook) -> Value {
    let mut json = json!({
        "id": hook.id, "name": hook.name, "targetUrl": hook.target_url, "resource": hook.resource, "event": hook.event,
        "orgId": id::fixed("ORGANIZATION", 1), "createdBy": world.accounts[hook.owner].id,
        "appId": id::fixed("APPLICATION", 11), "ownedBy": "creator",
        "status": if hook.active { "active" } else { "inactive" }, "created": hook.created,
    });
    for (key, value) in [("filter", &hook.filter), ("secret", &hook.secret)] {
        if let Some(value) = value {
            json[key] = json!(value);
        }
    }
    json
}

fn sign(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// Sends notifications, each by itself, without waiting.
pub(super) fn send(shared: &Data<Shared>, deliveries: Vec<Delivery>) -> Vec<JoinHandle<()>> {
    deliveries.into_iter().map(|delivery| tokio::spawn(deliver(shared.clone(), delivery))).collect()
}

/// Sends notifications and waits until each was answered or given up.
pub(super) async fn send_and_wait(shared: &Data<Shared>, deliveries: Vec<Delivery>) {
    for task in send(shared, deliveries) {
        if let Err(error) = task.await {
            tracing::error!(%error, "A notification was not sent");
        }
    }
}

async fn deliver(shared: Data<Shared>, delivery: Delivery) {
    let path = reqwest::Url::parse(&delivery.url).map(|url| url.path().to_owned()).unwrap_or_default();
    let mut copies = 1;
    for fault in shared.faults.strike(System::Webex, Point::Webhook, "POST", &path) {
        match fault.action {
            FaultAction::Lose => return,
            FaultAction::Double => copies += 1,
            FaultAction::Delay { .. } | FaultAction::Hold => shared.faults.wait(&fault).await,
            other => tracing::warn!(?other, "This fault does not strike at a webhook of the chat"),
        }
    }
    for _ in 0..copies {
        let ok = post(&shared, &delivery).await;
        record(&mut shared.world(), &delivery.hook_id, ok);
    }
}

async fn post(shared: &Shared, delivery: &Delivery) -> bool {
    let mut request =
        shared.http.post(&delivery.url).timeout(TIMEOUT).header("Content-Type", "application/json");
    if let Some(signature) = &delivery.signature {
        request = request.header("X-Spark-Signature", signature);
    }
    match request.body(delivery.body.clone()).send().await {
        Ok(response) => response.status().is_success(),
        Err(error) => {
            tracing::debug!(%error, "The receiver of a notification was not reached");
            false
        }
    }
}

/// Counts a delivery; a hook that fails too often is switched off without a word.
fn record(world: &mut World, hook_id: &str, ok: bool) {
    let now = world.instant();
    let Some(hook) = world.hooks.iter_mut().find(|hook| hook.id == hook_id) else {
        return;
    };
    if ok {
        return;
    }
    hook.failures.retain(|at| now.duration_since(*at) < WINDOW);
    hook.failures.push(now);
    let fragile = hook.fragile_until.is_some_and(|until| now < until);
    if fragile || hook.failures.len() >= MAX_FAILURES {
        hook.active = false;
    }
}

/// Switches a hook on again.
pub(super) fn reactivate(world: &mut World, hook_id: &str) {
    let until = world.instant() + WINDOW;
    if let Some(hook) = world.hooks.iter_mut().find(|hook| hook.id == hook_id && !hook.active) {
        hook.active = true;
        hook.failures.clear();
        hook.fragile_until = Some(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::LabSettings;

    fn fail(world: &mut World, times: usize) {
        let id = world.hooks[0].id.clone();
        (0..times).for_each(|_| record(world, &id, false));
    }

    #[test]
    fn a_hundred_failures_in_five_minutes_switch_a_hook_off() {
        let mut world = World::new(&LabSettings::default());
        fail(&mut world, 99);
        assert!(world.hooks[0].active);
        world.ahead += WINDOW;
        fail(&mut world, 99);
        assert!(world.hooks[0].active, "the first 99 are forgotten");
        fail(&mut world, 1);
        assert!(!world.hooks[0].active);
        assert!(world.hooks[1].active, "the other hook is another matter");
    }

    #[test]
    fn after_a_reactivation_one_failure_is_enough_for_five_minutes() {
        let mut world = World::new(&LabSettings::default());
        fail(&mut world, 100);
        let id = world.hooks[0].id.clone();
        reactivate(&mut world, &id);
        assert!(world.hooks[0].active);
        fail(&mut world, 1);
        assert!(!world.hooks[0].active);
        reactivate(&mut world, &id);
        world.ahead += WINDOW;
        fail(&mut world, 1);
        assert!(world.hooks[0].active);
    }

    #[test]
    fn the_signature_is_that_of_the_documented_vector() {
        let body = br#"{"resource":"attachmentActions","event":"created","data":{"id":"abc"}}"#;
        assert_eq!(sign("webex-test-secret", body), "e79fa25d7c6acf07d514f2945f277b387a6648e1");
    }

    #[test]
    fn a_notification_carries_ids_and_no_secret() {
        let world = World::new(&LabSettings::default());
        let body = notification(&world, &world.hooks[0], ("P", "created"), &json!({"id": "A"})).body;
        let text = String::from_utf8(body).unwrap();
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("\"actorId\":\"P\""));
    }
}
