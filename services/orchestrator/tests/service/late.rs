//! What comes late: a note, a look or a reading whose change went on, or whose ticket has another change, meanwhile.

use lab::people::LEAD;
use serde_json::json;

use super::support::{Options, PORT, World, founding_ticket, until_or};

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
