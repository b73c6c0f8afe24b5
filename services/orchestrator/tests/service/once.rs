//! Every write to another system whose answer is lost or is an error although the work was done: nothing is doubled, nothing is lost.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use lab::people::{CAB, LEAD, REQUESTER};
use lab::webex::Behaviour;
use serde_json::{Map, Value, json};

use super::support::{Options, PORT, Snapshot, World, founding_ticket, until_or};

/// Worlds at once.
const AT_ONCE: usize = 4;
/// The port of the routed story: it has an address that must go, and gets another.
const ROUTED: &str = "GigabitEthernet1/0/7";

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Story {
    /// An access port.
    Access,
    /// Likewise, in a chat that cannot edit cards: they are deleted and posted anew.
    Reposted,
    /// A routed port: addresses are made in NetBox.
    Routed,
    /// A routed port that is made an access port: its address is taken from it.
    Unrouted,
    /// A routed port; the switch refuses it, so that NetBox is put back.
    Refused,
    /// The requester presses Approve first, and is told that this does not count.
    OwnTicket,
}

const STORIES: [Story; 6] =
    [Story::Access, Story::Reposted, Story::Routed, Story::Unrouted, Story::Refused, Story::OwnTicket];

impl Story {
    fn port(self) -> &'static str {
        match self {
            Self::Access | Self::Reposted | Self::OwnTicket => PORT,
            Self::Routed | Self::Unrouted | Self::Refused => ROUTED,
        }
    }

    fn ticket(self) -> Value {
        match self {
            Self::Access | Self::Reposted | Self::OwnTicket => founding_ticket(),
            Self::Routed | Self::Refused => json!({
                "network_interface_description": "Routed", "network_switchport_mode_and_vlan": "l3::",
                "network_interface_ip4_address": "10.20.30.1/24",
            }),
            Self::Unrouted => json!({"network_switchport_mode_and_vlan": "access:100:"}),
        }
    }

    /// The writes of a story to be struck: system, method, path, and how many go well before.
    fn writes(self) -> Vec<(&'static str, &'static str, &'static str, u32)> {
        let interface = "/api/dcim/interfaces/";
        let address = "/api/ipam/ip-addresses/";
        match self {
            // Each note goes with its state, in one PUT.
            Self::Access => vec![
                ("zammad", "PUT", "/api/v1/tickets/", 0),
                ("zammad", "PUT", "/api/v1/tickets/", 1),
                ("zammad", "PUT", "/api/v1/tickets/", 2),
                ("webex", "POST", "/v1/messages", 0),
                ("webex", "POST", "/v1/messages", 1),
                ("webex", "PUT", "/v1/messages/", 0),
                ("webex", "PUT", "/v1/messages/", 2),
                ("netbox", "PATCH", interface, 0),
                ("netbox", "PATCH", interface, 1),
            ],
            Self::Reposted => vec![
                ("webex", "DELETE", "/v1/messages/", 0),
                ("webex", "POST", "/v1/messages", 2),
                ("webex", "POST", "/v1/messages", 4),
            ],
            Self::Routed => vec![("netbox", "POST", address, 0)],
            Self::Unrouted => vec![("netbox", "PATCH", address, 0)],
            Self::Refused => vec![("netbox", "PATCH", interface, 1), ("netbox", "DELETE", address, 0)],
            Self::OwnTicket => vec![("webex", "POST", "/v1/messages", 2)],
        }
    }

    async fn world(self) -> World {
        let approvers = json!({"approvers": [LEAD.email, CAB.email, REQUESTER.email]});
        let options = match self {
            Self::OwnTicket => Options::config(json!({"approval": approvers})),
            _ => Options::default(),
        };
        let world = World::serving(options).await;
        match self {
            Self::Reposted => {
                world.lab.webex.set_behaviour(Behaviour { card_edit: false, ..Behaviour::default() });
            }
            Self::Refused => world.fault(json!({
                "system": "switch", "point": "request", "method": "commit",
                "action": {"rpc_error": {"tag": "invalid-value", "message": "refused by the lab"}},
            })),
            _ => {}
        }
        if self == Self::Unrouted {
            play(&world, Self::Routed).await;
        }
        world
    }
}

/// What can be seen from outside when a story is over.
#[derive(Debug, Clone, PartialEq)]
struct End {
    state: String,
    notes: Vec<String>,
    /// Every message in the chat that was not deleted: who can read it, and the whole text.
    messages: Vec<String>,
    found: Snapshot,
    /// Writes in NetBox's change log.
    netbox_writes: usize,
    commits: u64,
    given_up: Option<f64>,
}

async fn play(world: &World, story: Story) -> End {
    let ticket = world.file(story.port(), story.ticket());
    let card = world.card(ticket, LEAD.email).await;
    if story == Story::OwnTicket {
        let own = world.card(ticket, REQUESTER.email).await;
        world.ticket_is(ticket, "pending approval").await;
        world.press(&own, REQUESTER.email, "Approve", json!({})).await;
        let told = async || {
            let said = world.lab.webex.messages();
            let told = said.iter().any(|message| message.to_string().contains("was not counted"));
            (told && world.metric("netchange_inbox_waiting").await? == 0.0).then_some(())
        };
        until_or("the requester is told", told, || world.log()).await;
    }
    world.ticket_is(ticket, "pending approval").await;
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    let end = if story == Story::Refused { "attention required" } else { "closed" };
    world.ticket_is(ticket, end).await;
    world.quiet(0).await;
    let number = world.number(ticket);
    let change = world.change(ticket).await.unwrap();
    let shown = |text: String| {
        text.replace(&number, "NUMBER")
            .replace(change["id"].as_str().unwrap(), "CHANGE")
            .replace(&world.url(), "URL")
    };
    let mut messages: Vec<String> =
        world.lab.webex.messages().iter().map(|message| shown(seen(message))).collect();
    messages.sort();
    End {
        state: world.state(ticket),
        notes: world.subjects(ticket),
        messages,
        found: world.snapshot(story.port()),
        netbox_writes: world.lab.netbox.changes().len(),
        commits: world.lab.switch.events().commits(),
        given_up: world.metric("netchange_effects_given_up").await,
    }
}

/// What does not differ from run to run of a message.
fn seen(message: &Value) -> String {
    format!("{} {}", message["roomType"], message["markdown"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_that_was_done_although_its_answer_says_otherwise_is_neither_doubled_nor_lost() {
    let mut usual = BTreeMap::new();
    for story in STORIES {
        let world = story.world().await;
        usual.insert(story, play(&world, story).await);
        world.stop().await;
    }
    let failed = json!({"status_after": {"status": 500, "body": "{\"error\": \"failed\"}"}});
    let mut cases = Vec::new();
    for story in STORIES {
        for write in story.writes() {
            for action in [failed.clone(), json!("reset_after"), json!("drop_reply")] {
                cases.push((story, write, action));
            }
        }
    }
    let struck = |(story, (system, method, path, skip), action): (
        Story,
        (&'static str, &'static str, &'static str, u32),
        Value,
    )| {
        let usual = usual[&story].clone();
        async move {
            let world = story.world().await;
            world.fault(json!({
                "system": system, "point": "request", "method": method, "path": path, "skip": skip, "times": 1, "action": action,
            }));
            let end = play(&world, story).await;
            let name = format!("{story:?}: {method} {path} of {system}, number {}: {action}", skip + 1);
            let left = world.lab.faults.list().iter().any(|fault| fault.method.as_deref() == Some(method));
            assert!(!left, "{name}: there was no such write\n{}", world.log());
            let same = end == usual;
            let log = world.log();
            world.stop().await;
            (name, same, format!("{end:#?}\ninstead of\n{usual:#?}\n{log}"))
        }
    };
    let ends: Vec<_> = stream::iter(cases).map(struck).buffer_unordered(AT_ONCE).collect().await;
    assert!(ends.len() > 40);
    let wrong: Vec<&String> = ends.iter().filter(|(_, same, _)| !same).map(|(name, ..)| name).collect();
    let first = ends.iter().find(|(_, same, _)| !same).map(|(name, _, told)| format!("{name}: {told}"));
    assert!(wrong.is_empty(), "{wrong:#?}\n{}", first.unwrap_or_default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_whose_answer_was_lost_by_a_crash_is_refused_and_told_once() {
    let approvers = json!({"approval": {"approvers": [LEAD.email, REQUESTER.email]}});
    for point in ["inside:deliver:webex_card", "between:deliver:webex_card", "after:deliver:webex_card"] {
        let mut world = World::new(Options::config(approvers.clone())).await;
        world.serve(&[("NETCHANGE_CRASH_AT", point)]).await;
        let ticket = world.file(PORT, founding_ticket());
        let card = world.card(ticket, REQUESTER.email).await;
        world.ticket_is(ticket, "pending approval").await;
        world.press(&card, REQUESTER.email, "Approve", json!({})).await;
        assert!(world.ended().await.is_some(), "{point} was not passed: {}", world.log());
        world.serve(&[]).await;
        let settled = async || {
            let inbox = world.metric("netchange_inbox_waiting").await? == 0.0;
            let change = world.change(ticket).await?;
            (inbox && !change["remarks"].as_array()?.is_empty()).then_some(change)
        };
        let change = until_or("the click is worked on", settled, || world.log()).await;
        assert_eq!(change["remarks"].as_array().unwrap().len(), 1, "{point}: {}", change["remarks"]);
        assert_eq!(change["state"], "pending_approval");
        let told = world.lab.webex.messages();
        let told = told.iter().filter(|message| message.to_string().contains("was not counted")).count();
        assert_eq!(told, 1, "{point}");
        // The same person pressing again is another answer, and is told again.
        world.lab.webex.press(&card, REQUESTER.email, "Approve", &Map::new()).await.unwrap();
        let again = async || {
            let messages = world.lab.webex.messages();
            (messages.iter().filter(|message| message.to_string().contains("was not counted")).count() == 2)
                .then_some(())
        };
        until_or("the second press is told", again, || world.log()).await;
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_is_not_superseded_by_a_crash_or_a_poll_right_after_it() {
    let mut world = World::serving(Options::default()).await;
    let before = world.snapshot(PORT);
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    let done = world.change_is(ticket, "closed").await;
    world.signal("-TERM").await;
    assert!(world.ended().await.unwrap().success());
    world.serve(&[("NETCHANGE_CRASH_AT", "inserted:undo")]).await;
    let path = format!("{}/api/v1/changes/{}/undo", world.url(), done["id"].as_str().unwrap());
    let lost =
        world.http.post(path).bearer_auth("test-api-token").json(&json!({"by": CAB.email})).send().await;
    assert!(lost.is_err(), "it died before it answered");
    assert!(world.ended().await.is_some());
    // The webhook of the closing, delivered again, makes the ticket be looked at before anything is told to it.
    world.serve(&[]).await;
    world.card(ticket, LEAD.email).await;
    let undo = world.change(ticket).await.unwrap();
    assert_ne!(undo["id"], done["id"]);
    world.ticket_is(ticket, "pending approval").await;
    assert_eq!(world.change(ticket).await.unwrap()["state"], "pending_approval", "{}", world.log());
    let (status, answer) = world.act(&undo, "approve", json!({"by": LEAD.email})).await;
    assert_eq!(status, 200, "{answer}");
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    assert_eq!(world.snapshot(PORT), before);
    world.stop().await;
}
