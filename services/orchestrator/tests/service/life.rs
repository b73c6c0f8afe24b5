//! What people do to a change under way.

use futures_util::future::join;
use lab::people::{CAB, LEAD};
use serde_json::{Map, json};

use super::support::{Options, PORT, World, founding_ticket, until};

/// Waits until all cards of the world show a text.
async fn cards_show(world: &World, text: &str) {
    let look = async || {
        let cards = world.lab.webex.cards();
        cards.iter().all(|card| card.card.to_string().contains(text)).then_some(())
    };
    until(&format!("the cards show {text}"), look).await;
}

/// Presses Approve as an old client would, which still shows the button.
async fn forge_approval(world: &World, card: &str, ticket: u64) {
    let change = world.change(ticket).await.unwrap();
    let inputs =
        json!({"action": "approve", "change_id": change["id"], "plan_digest": change["plan"]["digest"]});
    let inputs: Map<String, _> = inputs.as_object().cloned().unwrap();
    world.lab.webex.forge_action(card, LEAD.email, inputs).await.unwrap();
    let refused = async || {
        let change = world.change(ticket).await?;
        let refused = |remark: &serde_json::Value| remark["kind"] == "decision_refused";
        change["remarks"].as_array()?.iter().any(refused).then_some(())
    };
    until("the late answer is refused", refused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_edited_while_approval_is_pending_is_superseded() {
    let world = World::serving(Options::default()).await;
    let before = world.snapshot(PORT);
    let ticket = world.file(PORT, founding_ticket());
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    // No webhook tells of it: the trigger fires for open tickets only.
    world.edit(ticket, json!({"network_interface_mtu": 9000}));
    world.change_is(ticket, "superseded").await;
    cards_show(&world, "Superseded").await;
    forge_approval(&world, &card, ticket).await;
    world.quiet(0).await;
    assert_eq!(world.snapshot(PORT), before);
    assert_eq!(
        world.state(ticket),
        "pending approval",
        "the ticket is left as the person who edited it left it"
    );
    assert_eq!(world.subjects(ticket), ["Pending approval", "Superseded"], "and is told what became of it");
    assert!(world.notes(ticket).contains("the ticket was edited"), "{}", world.notes(ticket));
    world.edit(ticket, json!({"state": "open"}));
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    assert!(world.lab.switch.running_interface(PORT).contains("<mtu>9000</mtu>"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_closed_by_hand_while_approval_is_pending_is_superseded() {
    let world = World::serving(Options::default()).await;
    let before = world.snapshot(PORT);
    let ticket = world.file(PORT, founding_ticket());
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    world.edit(ticket, json!({"state": "closed"}));
    world.change_is(ticket, "superseded").await;
    cards_show(&world, "Superseded").await;
    forge_approval(&world, &card, ticket).await;
    world.quiet(0).await;
    assert_eq!(world.snapshot(PORT), before);
    assert_eq!(world.state(ticket), "closed", "a person closed it, and it stays closed");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_edited_right_after_the_approval_is_not_applied() {
    let world = World::serving(Options::default()).await;
    let before = world.snapshot(PORT);
    let ticket = world.file(PORT, founding_ticket());
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    // The last look before anything is touched has to wait for NetBox, so that the edit comes before its end.
    let hold = world.hold(json!({"system": "netbox", "point": "request", "times": 1}));
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    world.held().await;
    world.change_is(ticket, "approved").await;
    world.edit(ticket, json!({"network_interface_mtu": 9000}));
    world.lab.faults.remove(&hold);
    world.change_is(ticket, "superseded").await;
    world.quiet(0).await;
    assert_eq!(world.snapshot(PORT), before);
    assert!(world.subjects(ticket).contains(&"Superseded".to_owned()), "{:?}", world.subjects(ticket));
    assert_eq!(world.state(ticket), "attention required", "nothing is on its way any more");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_webhook_is_found_by_the_poll() {
    let world = World::serving(Options::default()).await;
    world.fault(json!({"system": "zammad", "point": "webhook", "action": "lose"}));
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    assert!(world.lab.zammad.deliveries().iter().all(|delivery| !delivery.succeeded()));
    assert!(world.log().contains("The poll found what no webhook told"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_that_nobody_gives_in_time_is_denied() {
    let world = World::serving(Options::config(json!({"approval": {"expires_after": "4s"}}))).await;
    let before = world.snapshot(PORT);
    let ticket = world.file(PORT, founding_ticket());
    world.ticket_is(ticket, "denied").await;
    world.change_is(ticket, "expired").await;
    cards_show(&world, "Expired").await;
    assert_eq!(world.subjects(ticket).last().map(String::as_str), Some("Expired"));
    let cards = world.lab.webex.cards();
    let asked = |card: &&lab::webex::CardMessage| card.recipients.iter().any(|email| email == LEAD.email);
    let card = cards.iter().find(asked).unwrap().message_id.clone();
    forge_approval(&world, &card, ticket).await;
    world.quiet(0).await;
    assert_eq!(world.snapshot(PORT), before);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_approvers_are_two_persons() {
    let world = World::serving(Options::config(json!({"approval": {"required": 2}}))).await;
    let before = world.snapshot(PORT);
    let ticket = world.file(PORT, founding_ticket());
    let first = world.card(ticket, LEAD.email).await;
    let second = world.card(ticket, CAB.email).await;
    world.ticket_is(ticket, "pending approval").await;
    // Both clicks of one person at once, as an impatient finger makes them.
    let none = Map::new();
    let press = || world.lab.webex.press(&first, LEAD.email, "Approve", &none);
    let (one, two) = join(press(), press()).await;
    assert!(one.is_ok() && two.is_ok());
    let counted = async || {
        let change = world.change(ticket).await?;
        let refused = change["remarks"]
            .as_array()?
            .iter()
            .filter(|remark| remark["kind"] == "decision_refused")
            .count();
        (refused == 1).then_some(change)
    };
    let change = until("the second click of one person is not counted", counted).await;
    assert_eq!(change["state"], "pending_approval");
    assert_eq!(change["approvals"].as_array().unwrap().len(), 1);
    assert_eq!(world.snapshot(PORT), before);
    world.press(&second, CAB.email, "Approve", json!({})).await;
    world.ticket_is(ticket, "closed").await;
    let change = world.change_is(ticket, "closed").await;
    let by: Vec<&str> = change["approvals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|approval| approval["by"].as_str().unwrap())
        .collect();
    assert_eq!(by, [LEAD.email, CAB.email]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_approvals_at_the_same_moment_both_count() {
    let world = World::serving(Options::config(json!({"approval": {"required": 2}}))).await;
    for port in 2..=6 {
        let ticket = world
            .file(&format!("GigabitEthernet1/0/{port}"), json!({"network_interface_description": "At once"}));
        let (first, second) = (world.card(ticket, LEAD.email).await, world.card(ticket, CAB.email).await);
        world.ticket_is(ticket, "pending approval").await;
        let none = Map::new();
        let (one, two) = join(
            world.lab.webex.press(&first, LEAD.email, "Approve", &none),
            world.lab.webex.press(&second, CAB.email, "Approve", &none),
        )
        .await;
        assert!(one.is_ok() && two.is_ok());
        world.ticket_is(ticket, "closed").await;
        let change = world.change_is(ticket, "closed").await;
        assert_eq!(change["approvals"].as_array().unwrap().len(), 2);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_by_another_way_while_cards_are_being_sent_leaves_no_button_behind() {
    let world = World::serving(Options::default()).await;
    for (action, shows) in [("decline", "Declined"), ("cancel", "Withdrawn")] {
        let cards = json!({"system": "webex", "point": "request", "method": "POST", "path": "/v1/messages"});
        let hold = world.hold(cards);
        let ticket = world.file(PORT, founding_ticket());
        let change = world.change_is(ticket, "pending_approval").await;
        world.held().await;
        let (status, answer) = world.act(&change, action, json!({"by": LEAD.email})).await;
        assert_eq!(status, 200, "{answer}");
        world.lab.faults.remove(&hold);
        world.quiet(0).await;
        let cards = world.lab.webex.cards();
        let of_it = |card: &&lab::webex::CardMessage| card.card.to_string().contains(&world.number(ticket));
        for card in cards.iter().filter(of_it) {
            let text = card.card.to_string();
            assert!(text.contains(shows) && !text.contains("\"Approve\""), "{text}");
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_that_is_faster_than_our_own_record_of_the_card_counts() {
    let world = World::serving(Options::default()).await;
    world.lab.webex.set_behaviour(lab::webex::Behaviour {
        quick_click: Some((LEAD.email.to_owned(), "approve".to_owned())),
        actions_hidden: 1,
        ..lab::webex::Behaviour::default()
    });
    let ticket = world.file(PORT, founding_ticket());
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    let change = world.change_is(ticket, "closed").await;
    assert_eq!(change["approvals"].as_array().unwrap().len(), 1);
    cards_show(&world, "Done and proved").await;
    assert_eq!(world.subjects(ticket), ["Pending approval", "Approved", "SUCCESS"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_cannot_edit_cards_shows_the_end_all_the_same() {
    let world = World::serving(Options::default()).await;
    world
        .lab
        .webex
        .set_behaviour(lab::webex::Behaviour { card_edit: false, ..lab::webex::Behaviour::default() });
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    cards_show(&world, "Done and proved").await;
    assert_eq!(world.lab.webex.cards().len(), 2, "the old cards are gone");
    world.stop().await;
}
