//! Who may approve is what the settings say now, not what they said when the plan was made.

use lab::people::{CAB, LEAD};
use serde_json::{Map, Value, json};

use super::support::{Options, PORT, World, founding_ticket, until, until_or};

/// Starts netchange anew with other settings of approval.
async fn restart(world: &mut World, approval: Value) {
    world.signal("-TERM").await;
    assert!(world.ended().await.unwrap().success());
    world.config["approval"] = approval;
    world.serve(&[]).await;
}

/// A ticket that waits for approval, its change, and the lead's card.
async fn pending(world: &World) -> (u64, Value, String) {
    let ticket = world.file(PORT, founding_ticket());
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    (ticket, world.change_is(ticket, "pending_approval").await, card)
}

/// Presses Approve as an old client would, which still shows the button.
async fn forge(world: &World, (change, card): (&Value, &str), person: &str) {
    let inputs =
        json!({"action": "approve", "change_id": change["id"], "plan_digest": change["plan"]["digest"]});
    let inputs: Map<String, Value> = inputs.as_object().cloned().unwrap();
    world.lab.webex.forge_action(card, person, inputs).await.unwrap();
}

/// Waits for the change that is planned anew, and for its cards.
async fn planned_anew(world: &World, ticket: u64, older: &Value) -> Value {
    let look = async || {
        let change = world.change(ticket).await?;
        (change["id"] != older["id"] && change["state"] == "pending_approval").then_some(change)
    };
    let change = until_or("it is planned anew", look, || world.log()).await;
    world.quiet(1).await;
    world.ticket_is(ticket, "pending approval").await;
    change
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_approve_any_more_does_not() {
    let mut world = World::serving(Options::default()).await;
    let before = world.snapshot(PORT);
    let (ticket, change, card) = pending(&world).await;
    // The poll cannot see the ticket yet, so that the click comes before it.
    let away = json!({"status": {"status": 503, "body": ""}});
    world.fault(json!({"system": "zammad", "point": "request", "action": away}));
    restart(&mut world, json!({"approvers": [CAB.email]})).await;
    forge(&world, (&change, &card), LEAD.email).await;
    let refused = async || {
        let now = world.change(ticket).await?;
        let remark = now["remarks"][0].clone();
        (remark["kind"] == "decision_refused").then_some(remark["detail"].to_string())
    };
    let why = until_or("the answer is refused", refused, || world.log()).await;
    assert!(why.contains("who may approve was changed in the settings"), "{why}");
    world.lab.faults.clear();
    let anew = planned_anew(&world, ticket, &change).await;
    assert_eq!(world.snapshot(PORT), before);
    let notes = world.notes(ticket);
    assert!(notes.contains("who may approve was changed in the settings"), "{notes}");
    let asked = |person: &str| {
        let cards = world.lab.webex.cards();
        let asks = |card: &&lab::webex::CardMessage| card.card.to_string().contains("\"Approve\"");
        cards.iter().filter(asks).any(|card| card.recipients.iter().any(|recipient| recipient == person))
    };
    assert!(asked(CAB.email) && !asked(LEAD.email), "those are asked whose answer counts");
    let (status, answer) = world.act(&anew, "approve", json!({"by": LEAD.email})).await;
    assert_eq!(status, 409, "{answer}");
    world.decide(ticket, CAB.email, "Approve", json!({})).await;
    world.ticket_is(ticket, "closed").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_approve_as_the_settings_ask_for_now() {
    let mut world = World::serving(Options::default()).await;
    let before = world.snapshot(PORT);
    let (ticket, change, _) = pending(&world).await;
    restart(&mut world, json!({"approvers": [LEAD.email, CAB.email], "required": 2})).await;
    let anew = planned_anew(&world, ticket, &change).await;
    let (status, answer) = world.act(&anew, "approve", json!({"by": LEAD.email})).await;
    assert_eq!((status, &answer["state"]), (200, &json!("pending_approval")), "{answer}");
    assert_eq!(world.snapshot(PORT), before);
    let (status, answer) = world.act(&anew, "approve", json!({"by": CAB.email})).await;
    assert_eq!(status, 200, "{answer}");
    world.ticket_is(ticket, "closed").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_does_not_suffice_any_more_is_not_acted_upon() {
    let mut world = World::serving(Options::default()).await;
    let before = world.snapshot(PORT);
    let (ticket, change, _) = pending(&world).await;
    let away = json!({"status": {"status": 503, "body": ""}});
    world.fault(json!({"system": "netbox", "point": "request", "action": away}));
    assert_eq!(world.act(&change, "approve", json!({"by": LEAD.email})).await.0, 200);
    let waits = async || world.log().contains("recheck waits").then_some(());
    until_or("the last look waits", waits, || world.log()).await;
    world.ticket_is(ticket, "approved").await;
    restart(&mut world, json!({"approvers": [CAB.email]})).await;
    world.lab.faults.clear();
    world.ticket_is(ticket, "attention required").await;
    world.quiet(0).await;
    let notes = world.notes(ticket);
    assert!(notes.contains("who may approve was changed in the settings"), "{notes}");
    assert_eq!(world.snapshot(PORT), before);
    // Whoever is left can approve it anew.
    world.edit(ticket, json!({"state": "open"}));
    world.decide(ticket, CAB.email, "Approve", json!({})).await;
    world.ticket_is(ticket, "closed").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_whose_approvers_were_changed_is_to_be_asked_for_again() {
    let mut world = World::serving(Options::default()).await;
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    let done = world.change_is(ticket, "closed").await;
    assert_eq!(world.act(&done, "undo", json!({})).await.0, 200);
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    restart(&mut world, json!({"approvers": [CAB.email]})).await;
    world.change_is(ticket, "superseded").await;
    world.quiet(0).await;
    let (status, answer) = world.act(&done, "undo", json!({})).await;
    assert_eq!(status, 200, "{answer}");
    world.change_is(ticket, "pending_approval").await;
    world.decide(ticket, CAB.email, "Approve", json!({})).await;
    world.ticket_is(ticket, "closed").await;
    until("the undo is done", async || {
        (!world.lab.switch.running_interface(PORT).contains("<mtu>2000</mtu>")).then_some(())
    })
    .await;
    world.stop().await;
}
