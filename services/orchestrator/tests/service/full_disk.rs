//! A disk that fills up while a change is under way, and has room again.
//!
//! What is waited for here comes sooner than a lease ends (120 s): work that waited for that would be late.

use lab::people::LEAD;
use serde_json::json;

use super::support::{Options, PORT, World, founding_ticket, until, until_or};

/// Many more blocks than the store needs here.
const PLENTY: u32 = 1 << 20;

/// Fills the disk while a request of this kind is in hand.
async fn full_during(
    world: &World,
    system: &str,
    method: &str,
    path: &str,
    begin: impl AsyncFnOnce() -> u64,
) -> u64 {
    let what = json!({"system": system, "point": "request", "method": method, "path": path, "times": 1});
    let hold = world.hold(what);
    let begun = begin().await;
    world.held().await;
    world.disk_has(Some(0));
    world.lab.faults.remove(&hold);
    begun
}

/// Waits until the log says that something could not be stored.
async fn log_says(world: &World, what: &str) {
    until_or(what, async || world.log().contains(what).then_some(()), || world.log()).await;
}

async fn is_ready(world: &World) -> (u16, serde_json::Value) {
    let answer = world.http.get(format!("{}/readyz", world.url())).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_while_the_disk_was_full_is_kept_in_mind_and_not_done_again() {
    let mut world = World::new(Options::default()).await;
    world.serve_limited(PLENTY).await;
    let ticket = world.file(PORT, founding_ticket());
    let begin = async || {
        world.approve(ticket).await;
        ticket
    };
    full_during(&world, "netbox", "PATCH", "/api/dcim/interfaces/", begin).await;
    log_says(&world, "The outcome of update_netbox is not stored yet").await;
    let unready = async || (is_ready(&world).await.0 == 503).then_some(());
    until("a full disk is noticed", unready).await;
    assert_eq!(is_ready(&world).await.1["failing"], json!(["store"]));
    let health = world.http.get(format!("{}/healthz", world.url())).send().await.unwrap();
    assert!(health.status().is_success(), "it lives on");
    world.disk_has(None);
    world.ticket_is(ticket, "closed").await;
    until("ready again", async || (is_ready(&world).await.0 == 200).then_some(())).await;
    assert_eq!(world.subjects(ticket), ["Pending approval", "Approved", "SUCCESS"]);
    assert_eq!(world.log().matches("Did update_netbox").count(), 1);
    assert_eq!(world.lab.switch.events().commits(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_on_which_the_store_failed_is_worked_on_again_soon() {
    let mut world = World::new(Options::default()).await;
    // No poll finds the ticket instead, not the one at the start either.
    let away = json!({"status": {"status": 503}});
    world.fault(
        json!({"system": "zammad", "point": "request", "path": "/api/v1/tickets/search", "action": away}),
    );
    world.serve_limited(PLENTY).await;
    let begin = async || world.file(PORT, founding_ticket());
    let ticket = full_during(&world, "zammad", "GET", "/api/v1/tickets/", begin).await;
    log_says(&world, "The outcome of a webhook is not stored yet").await;
    assert!(world.change(ticket).await.is_none());
    world.disk_has(None);
    world.change_is(ticket, "pending_approval").await;
    world.stop().await;
}

/// What was seen is not relied on when there is room again: what follows from it is done, and the world has moved on.
#[tokio::test(flavor = "multi_thread")]
async fn a_last_look_that_could_not_be_stored_is_made_again() {
    let mut world = World::new(Options::default()).await;
    world.serve_limited(PLENTY).await;
    let ticket = world.file(PORT, founding_ticket());
    world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    let change = world.change_is(ticket, "pending_approval").await;
    let begin = async || {
        assert_eq!(world.act(&change, "approve", json!({"by": LEAD.email})).await.0, 200);
        ticket
    };
    // The last of what a recheck looks at.
    let slow = "/api/ipam/ip-addresses/";
    full_during(&world, "netbox", "GET", slow, begin).await;
    log_says(&world, "The outcome of recheck is not stored yet").await;
    world.edit(ticket, json!({"network_interface_description": "something else"}));
    world.disk_has(None);
    world.change_is(ticket, "superseded").await;
    assert_eq!(world.lab.switch.events().commits(), 0);
    world.stop().await;
}
