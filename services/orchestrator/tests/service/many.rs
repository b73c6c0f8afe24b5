//! Many changes at once: one after the other on one device, each told the truth.

use std::time::Duration;

use lab::people::LEAD;
use lab::switch::EventKind;
use lab::{Capabilities, LabSettings};
use serde_json::json;

use super::support::{Options, World, until_within};

/// Tickets at once.
const MANY: u64 = 100;
/// The first of their ports; those before have something on them.
const FIRST: u64 = 21;
/// How long a hundred changes of one switch may take, with all else that runs on the machine.
const LONG: Duration = Duration::from_secs(240);

fn port(ticket: usize) -> String {
    format!("GigabitEthernet1/0/{}", FIRST + ticket as u64)
}

/// Approves every ticket as soon as it waits, and waits until all are closed.
async fn approve_all(world: &World, tickets: &[u64]) {
    let mut waiting: Vec<u64> = tickets.to_vec();
    let approved = async || {
        let (_, list) = world.get("/api/v1/changes?state=pending_approval&limit=200").await;
        for change in list["items"].as_array()? {
            let (status, answer) = world.act(change, "approve", json!({"by": LEAD.email})).await;
            assert_eq!(status, 200, "{answer}");
            let ticket = change["source"]["ticket_id"].as_u64()?;
            waiting.retain(|other| *other != ticket);
        }
        waiting.is_empty().then_some(())
    };
    until_within(LONG, "all are approved", approved, || world.log()).await;
    let closed = async || {
        let states: Vec<String> = tickets.iter().map(|ticket| world.state(*ticket)).collect();
        let stuck = states.iter().position(|state| state == "attention required");
        assert!(stuck.is_none(), "{}", world.notes(tickets[stuck.unwrap_or_default()]));
        states.iter().all(|state| state == "closed").then_some(())
    };
    let open = || {
        let open = tickets.iter().filter(|ticket| world.state(**ticket) != "closed");
        open.map(|ticket| format!("{ticket} is {}: {}\n", world.state(*ticket), world.notes(*ticket)))
            .collect()
    };
    until_within(LONG, "all are closed", closed, open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_changes_never_work_on_one_device_at_the_same_time() {
    for switch in [Capabilities::Catalyst9300, Capabilities::WritableRunning] {
        let options = Options::default().switch(switch);
        // A slow switch: changes that did not wait for each other would meet.
        let lab = LabSettings { switch_rpc_delay: Duration::from_millis(20), ..options.lab };
        let world = World::serving(Options { lab, ..options }).await;
        let tickets: Vec<u64> = (8..=13)
            .map(|port| {
                world.file(
                    &format!("GigabitEthernet1/0/{port}"),
                    json!({"network_interface_description": "One by one"}),
                )
            })
            .collect();
        approve_all(&world, &tickets).await;
        world.quiet(0).await;
        world.switch_is_free().await;
        let events = world.lab.switch.events();
        assert_eq!(events.running_changes(), tickets.len() as u64);
        let refused: Vec<_> = events.entries().filter(|event| event.kind == EventKind::Refused).collect();
        assert!(refused.is_empty(), "{switch:?}: one met another: {refused:?}");
        // The sessions that edited, from their opening to their end, in the order of their opening.
        let time_of = |session: Option<u32>, kind: EventKind| {
            events
                .entries()
                .find(|event| event.session == session && event.kind == kind)
                .map(|event| event.at)
        };
        let mut edited: Vec<Option<u32>> = events
            .entries()
            .filter(|event| event.kind == EventKind::Edited)
            .map(|event| event.session)
            .collect();
        edited.dedup();
        assert_eq!(edited.len(), tickets.len(), "{switch:?}: one session edits for one change");
        for pair in edited.windows(2) {
            let ended = time_of(pair[0], EventKind::SessionClosed).unwrap();
            let began = time_of(pair[1], EventKind::SessionOpened).unwrap();
            assert!(ended <= began, "{switch:?}: session {:?} began before {:?} ended", pair[1], pair[0]);
        }
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_tickets_at_once_are_all_closed_and_all_ports_are_right() {
    let lab = LabSettings { switch_ports: 120, ..Options::default().lab };
    let world = World::serving(Options { lab, ..Options::default() }).await;
    let vlan = |ticket: usize| if ticket.is_multiple_of(2) { 100 } else { 200 };
    let file = |ticket: usize| {
        let fields = json!({
            "network_interface_description": format!("Seat {ticket}"), "network_interface_mtu": 1600 + ticket,
            "network_switchport_mode_and_vlan": format!("access:{}:", vlan(ticket)),
        });
        world.file(&port(ticket), fields)
    };
    let tickets: Vec<u64> = (0..usize::try_from(MANY).unwrap()).map(file).collect();
    approve_all(&world, &tickets).await;
    world.quiet(0).await;
    world.switch_is_free().await;
    for (index, ticket) in tickets.iter().enumerate() {
        let running = world.lab.switch.running_interface(&port(index));
        let description =
            format!("<description>Seat {index} ##ticket:{}##</description>", world.number(*ticket));
        for part in
            [description, format!("<mtu>{}</mtu>", 1600 + index), format!("<vlan>{}</vlan>", vlan(index))]
        {
            assert!(running.contains(&part), "{part} is missing on {}: {running}", port(index));
        }
        let netbox = world.lab.netbox.interface(&port(index));
        assert_eq!(netbox["description"], format!("Seat {index}"));
        assert_eq!(netbox["mtu"], 1600 + index);
        assert_eq!(netbox["untagged_vlan"]["vid"], vlan(index));
        assert!(netbox["custom_fields"]["change_ticket_number"].is_null());
        // Where the approval was faster than the cards, nothing was pending any more.
        let subjects = world.subjects(*ticket);
        let told: Vec<&str> =
            subjects.iter().map(String::as_str).filter(|subject| *subject != "Pending approval").collect();
        assert_eq!(told, ["Approved", "SUCCESS"]);
        assert!(subjects.len() <= 3, "{subjects:?}");
    }
    assert_eq!(world.lab.switch.startup(), world.lab.switch.running(), "all is saved");
    let events = world.lab.switch.events();
    assert_eq!((events.running_changes(), events.commits()), (MANY, MANY), "each was edited once");
    let cards = world.lab.webex.cards();
    assert!(cards.len() as u64 <= 2 * MANY, "{} cards", cards.len());
    assert!(
        cards.iter().all(|card| card.card.to_string().contains("Done and proved")),
        "a card shows something else"
    );
    assert_eq!(world.metric("netchange_effects_given_up").await, Some(0.0));
    world.stop().await;
}
