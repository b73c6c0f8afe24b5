//! What comes late: a note, a look or a reading whose change went on, or whose ticket has another change, meanwhile.

use lab::people::{CAB, LEAD};
use serde_json::{Value, json};

use super::support::{Options, PORT, World, founding_ticket, until_or};

/// An answer after which is waited long.
fn away() -> Value {
    json!({"status": {"status": 503, "headers": [["Retry-After", "300"]], "body": ""}})
}

fn events(change: &Value, name: &str) -> usize {
    change["history"].as_array().unwrap().iter().filter(|row| row["event"] == name).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_note_of_an_older_change_leaves_the_ticket_to_the_newer_one() {
    let world = World::serving(Options::default()).await;
    let ticket = world.file(PORT, founding_ticket());
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    let gone = json!({"status": {"status": 404, "body": "{\"error\": \"made by the test\"}"}});
    world.fault(json!({"system": "zammad", "point": "request", "method": "PUT", "action": gone}));
    world.press(&card, LEAD.email, "Confirm decline", json!({"reason": "not now"})).await;
    let older = world.change_is(ticket, "denied").await;
    world.quiet(0).await;
    world.lab.faults.clear();
    world.edit(ticket, json!({"network_interface_mtu": 1600, "state": "open"}));
    world.change_is(ticket, "pending_approval").await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    // The note of the older change comes only now.
    let (status, answer) = world.act(&older, "retry", json!({})).await;
    assert_eq!(status, 200, "{answer}");
    let told = async || world.subjects(ticket).contains(&"Declined".to_owned()).then_some(());
    until_or("the older change's note is there", told, || world.log()).await;
    assert_eq!(world.state(ticket), "pending approval", "the ticket waits for the newer change's approval");
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    assert!(world.lab.switch.running_interface(PORT).contains("<mtu>1600</mtu>"));
    world.stop().await;
}

/// A change whose commit was not answered, and whose switch is away since.
async fn unknown(world: &World) -> (u64, Value) {
    let ticket = world.file(PORT, founding_ticket());
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    // The last look and the edit have their sessions, nobody has one after them.
    world.fault(json!({"system": "switch", "point": "connection", "skip": 2, "action": "reset"}));
    world.fault(json!({"system": "switch", "point": "request", "method": "commit", "action": "reset"}));
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    let change = world.change_is(ticket, "indeterminate").await;
    let waits = async || world.log().contains("settle_device waits").then_some(());
    until_or("the switch cannot be read", waits, || world.log()).await;
    (ticket, change)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_not_read_any_more_for_a_change_that_was_withdrawn() {
    let world = World::serving(Options::config(json!({"devices": {"patience": "10m"}}))).await;
    let (ticket, change) = unknown(&world).await;
    assert_eq!(world.act(&change, "cancel", json!({"by": "operator@example.net"})).await.0, 200);
    world.ticket_is(ticket, "attention required").await;
    // The switch is still away: whatever wanted to read it would wait.
    world.quiet(0).await;
    let change = world.change_is(ticket, "attention_required").await;
    assert_eq!(world.act(&change, "retry", json!({})).await.0, 200);
    world.lab.faults.clear();
    let change = world.change_is(ticket, "pending_approval").await;
    assert_eq!(change["error"], Value::Null);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_is_to_be_read_again_twice_is_read_once() {
    let world = World::serving(Options::config(json!({"devices": {"patience": "10m"}}))).await;
    let (ticket, change) = unknown(&world).await;
    for _ in 0..2 {
        assert_eq!(world.act(&change, "retry", json!({})).await.0, 200);
    }
    world.lab.faults.clear();
    world.ticket_is(ticket, "attention required").await;
    let change = world.change_is(ticket, "attention_required").await;
    world.quiet(0).await;
    assert_eq!((events(&change, "settled_as_before"), events(&change, "netbox_restored")), (1, 1));
    let told = world.subjects(ticket);
    assert_eq!(told, ["Pending approval", "Approved", "Outcome unknown", "Attention required"]);
    world.switch_is_free().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_looks_at_one_ticket_at_the_same_time_make_one_change() {
    let world = World::serving(Options::default()).await;
    // What has no number yet is the ticket after this one.
    let first = world.file(PORT, json!({"ticket_type": "incident"}));
    let path = format!("/api/v1/tickets/{}", first + 1);
    world.fault(json!({"system": "zammad", "point": "request", "method": "PUT", "action": away()}));
    world.fault(json!({"system": "zammad", "point": "request", "method": "GET", "path": path, "times": 1, "action": {"delay": {"ms": 3000}}}));
    let ticket = world.file(PORT, json!({"network_interface_mtu": 100}));
    assert_eq!(ticket, first + 1);
    // One look by the webhook, and one by the poll. Its note does not get through, so that the ticket stays open.
    let change = world.change_is(ticket, "attention_required").await;
    assert!(world.metric("netchange_inbox_waiting").await.unwrap() > 0.0, "the webhook's look is under way");
    let looked = async || (world.metric("netchange_inbox_waiting").await? == 0.0).then_some(());
    until_or("both looks are over", looked, || world.log()).await;
    let (_, list) = world.get(&format!("/api/v1/changes?ticket={}", world.number(ticket))).await;
    let ids: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|change| &change["id"]).collect();
    assert_eq!(ids, [&change["id"]], "{}", world.log());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_told_of_an_attempt_is_not_told_of_the_next_one() {
    let world = World::serving(Options::default()).await;
    let ticket = world.file(PORT, founding_ticket());
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    let refused = json!({"status": {"status": 403, "body": "{\"detail\": \"no\"}"}});
    world.fault(
        json!({"system": "netbox", "point": "request", "method": "PATCH", "times": 1, "action": refused}),
    );
    // "Approved" is told, on the ticket and on both cards; that it failed is not.
    world.fault(json!({"system": "zammad", "point": "request", "method": "PUT", "skip": 1, "times": 1, "action": away()}));
    world.fault(json!({"system": "webex", "point": "request", "method": "PUT", "skip": 2, "times": 1, "action": away()}));
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    let change = world.change_is(ticket, "attention_required").await;
    let wait = async || {
        let log = world.log();
        (log.contains("tell_ticket waits") && log.contains("tell_chat waits")).then_some(())
    };
    until_or("nobody can be told", wait, || world.log()).await;
    assert_eq!(world.act(&change, "retry", json!({})).await.0, 200);
    world.change_is(ticket, "pending_approval").await;
    let again = world.card(ticket, CAB.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    assert_eq!(world.subjects(ticket), ["Pending approval", "Approved", "Pending approval"]);
    world.press(&again, CAB.email, "Approve", json!({})).await;
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    let cards = world.lab.webex.cards();
    assert_eq!(cards.len(), 4);
    for card in cards {
        assert!(card.card.to_string().contains("Done and proved"), "{}", card.card);
    }
    world.stop().await;
}
