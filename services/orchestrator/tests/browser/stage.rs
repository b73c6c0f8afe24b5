//! A world whose cards go to the space, where everybody sees them.

use lab::people::{CAB, LEAD, REQUESTER};
use serde_json::json;

use crate::support::{Options, PORT, World, founding_ticket};

/// The token for API and operator.
pub(crate) const API_TOKEN: &str = "browser-test-token";

/// Starts it. The requester is an approver, but not of what they request.
pub(crate) async fn start() -> World {
    let mut world = World::new(Options::config(json!({"server": {"api_token": API_TOKEN}}))).await;
    let approvers = [LEAD.email, CAB.email, REQUESTER.email];
    world.config["approval"] = json!({"approvers": approvers, "room_id": world.lab.webex.group_room_id()});
    world.serve(&[]).await;
    world
}

/// The chat as one of the people sees it, where something was said last.
pub(crate) fn chat(world: &World, email: &str) -> String {
    format!("{}/latest?as={}", world.lab.webex.url(), email.replace('@', "%40"))
}

/// The port's page in NetBox.
pub(crate) fn netbox_page(world: &World) -> String {
    format!("{}/dcim/interfaces/{}/", world.lab.netbox.url(), world.lab.netbox.interface(PORT)["id"])
}

/// The founding ticket, filed by the agent's program rather than on a page; it waits for approval.
pub(crate) async fn pending_ticket(world: &World) -> u64 {
    let ticket = world.file(PORT, founding_ticket());
    world.ticket_is(ticket, "pending approval").await;
    ticket
}
