//! A switch that cannot be reached or must not be trusted, and changes that wait for it.

use std::time::{Duration, Instant};

use lab::people::LEAD;
use serde_json::{Value, json};

use super::support::{Options, PORT, World, founding_ticket, until_or};

/// Connections that a fault may refuse.
const MANY: u64 = 100_000;

/// Makes the switch reset every connection.
fn unreachable(world: &World) {
    world.fault(json!({"system": "switch", "point": "connection", "times": MANY, "action": "reset"}));
}

/// How many connections were refused so far.
fn refused(world: &World) -> u64 {
    let left = world.lab.faults.list().first().and_then(|fault| fault.times).unwrap_or_default();
    MANY - u64::from(left)
}

/// Eight changes that wait for approval.
async fn eight(world: &World) -> Vec<u64> {
    let file = |port| {
        let fields = json!({"network_interface_description": "In line"});
        world.file(&format!("GigabitEthernet1/0/{port}"), fields)
    };
    let tickets: Vec<u64> = (11..=18).map(file).collect();
    for ticket in &tickets {
        world.card(*ticket, LEAD.email).await;
        world.ticket_is(*ticket, "pending approval").await;
    }
    tickets
}

async fn approve_all(world: &World, tickets: &[u64]) {
    for ticket in tickets {
        let change = world.change_is(*ticket, "pending_approval").await;
        let (status, answer) = world.act(&change, "approve", json!({"by": LEAD.email})).await;
        assert_eq!(status, 200, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_wait_for_a_device_stand_in_line_and_do_not_all_knock() {
    let world = World::serving(Options::config(json!({"devices": {"patience": "60s"}}))).await;
    let tickets = eight(&world).await;
    unreachable(&world);
    let started = Instant::now();
    approve_all(&world, &tickets).await;
    let knocked = async || (refused(&world) >= 5).then_some(());
    until_or("the switch is tried five times", knocked, || world.log()).await;
    // One change alone waits 0.5, 1, 2 and 4 s between five attempts; eight that all try need no second.
    assert!(started.elapsed() > Duration::from_secs(7), "five attempts in {:?}", started.elapsed());
    world.lab.faults.clear();
    for ticket in &tickets {
        world.ticket_is(*ticket, "closed").await;
    }
    assert_eq!(world.lab.switch.events().commits(), 8);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_wait_for_a_device_are_given_up_together_after_the_patience() {
    let world = World::serving(Options::config(json!({"devices": {"patience": "3s"}}))).await;
    let before = world.snapshot("GigabitEthernet1/0/11");
    let tickets = eight(&world).await;
    unreachable(&world);
    approve_all(&world, &tickets).await;
    for ticket in &tickets {
        world.ticket_is(*ticket, "attention required").await;
        let notes = world.notes(*ticket);
        assert!(
            notes.contains("the switch is as before the change; NetBox is as before the change"),
            "{notes}"
        );
    }
    // Four attempts by the first, and one by each of the others.
    assert!(refused(&world) <= 14, "{} attempts", refused(&world));
    assert_eq!(world.snapshot("GigabitEthernet1/0/11"), before);
    world.lab.faults.clear();
    world.edit(tickets[0], json!({"state": "open"}));
    world.approve(tickets[0]).await;
    world.ticket_is(tickets[0], "closed").await;
    world.stop().await;
}

/// A ticket that cannot even be planned because the switch is not talked to: what its note says.
async fn not_planned(config: Value, spoil: impl FnOnce(&World)) -> String {
    let mut world = World::new(Options::config(config)).await;
    spoil(&world);
    world.serve(&[]).await;
    let before = world.snapshot(PORT);
    let ticket = world.file(PORT, founding_ticket());
    world.ticket_is(ticket, "attention required").await;
    world.quiet(0).await;
    assert_eq!(world.snapshot(PORT), before);
    assert!(world.lab.webex.messages().is_empty(), "nobody is asked");
    let (notes, log) = (world.notes(ticket), world.log());
    for text in [&notes, &log] {
        assert!(!text.contains("no-such-password"), "the password is told: {text}");
    }
    world.stop().await;
    notes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_and_nothing_is_changed() {
    let config = json!({"devices": {"patience": "1s", "password": "no-such-password"}});
    let notes = not_planned(config, |_| {}).await;
    assert!(
        notes.contains("login") || notes.contains("password") || notes.contains("authentication"),
        "{notes}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_and_an_unknown_host_key_are_told_and_nothing_is_sent() {
    let other = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    let changed = not_planned(json!({"devices": {"patience": "1s"}}), |world| {
        let file = world.home.path().join("known_hosts");
        let line = std::fs::read_to_string(&file).unwrap();
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words[2] = other;
        std::fs::write(&file, format!("{}\n", words.join(" "))).unwrap();
    });
    let changed = changed.await;
    assert!(changed.contains("host key"), "{changed}");
    let unknown = not_planned(json!({"devices": {"patience": "1s"}}), |world| {
        std::fs::write(world.home.path().join("known_hosts"), "").unwrap();
    });
    let unknown = unknown.await;
    assert!(unknown.contains("host key"), "{unknown}");
}

/// What somebody types on the switch in the meantime.
const BY_HAND: &str = "<description>by hand</description>";

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_configured_just_before_the_edit_is_left_as_it_is() {
    let world = World::serving(Options::default()).await;
    let netbox = world.snapshot(PORT).netbox;
    let ticket = world.file(PORT, founding_ticket());
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    // The last look is over once NetBox is written; that takes until somebody has typed.
    let hold = world.hold(json!({"system": "netbox", "point": "request", "method": "PATCH", "times": 1}));
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    world.change_is(ticket, "updating_netbox").await;
    world.lab.switch.drift(PORT, BY_HAND).unwrap();
    let by_hand = world.lab.switch.running_interface(PORT);
    assert!(by_hand.contains("by hand"), "{by_hand}");
    world.lab.faults.remove(&hold);
    world.ticket_is(ticket, "attention required").await;
    world.quiet(0).await;
    assert_eq!(world.lab.switch.running_interface(PORT), by_hand);
    assert_eq!(world.lab.switch.events().edits(), 0, "nothing was sent");
    assert_eq!(world.snapshot(PORT).netbox, netbox, "NetBox is put back");
    assert!(
        world.notes(ticket).contains("changed by somebody else just before the edit"),
        "{}",
        world.notes(ticket)
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_proof_does_not_find_is_not_closed() {
    let world = World::serving(Options::config(json!({"devices": {"timeout": "20s"}}))).await;
    let ticket = world.file(PORT, founding_ticket());
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    // The sessions after the approval: recheck, configure, its read-back, and the proof, which waits until somebody has typed.
    let hold = world.hold(json!({"system": "switch", "point": "connection", "skip": 3, "times": 1}));
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    world.change_is(ticket, "verifying").await;
    world.lab.switch.drift(PORT, BY_HAND).unwrap();
    let by_hand = world.lab.switch.running_interface(PORT);
    world.lab.faults.remove(&hold);
    let change = world.change_is(ticket, "indeterminate").await;
    world.ticket_is(ticket, "attention required").await;
    // What is left is the end of the wait for an approval: the change holds the device until a person looks.
    world.quiet(1).await;
    assert_eq!(change["evidence"]["device_matches"], false);
    assert_eq!(world.lab.switch.running_interface(PORT), by_hand, "it is not touched again");
    assert!(!world.subjects(ticket).contains(&"SUCCESS".to_owned()));
    assert!(!world.lab.switch.startup().contains("##ticket:"), "what is not proved is not saved");
    assert!(
        world.notes(ticket).contains("Until a person has looked, no other change is made on this switch")
    );
    // A person looked and answers for what is there: others may have the switch again.
    let next =
        world.file("GigabitEthernet1/0/8", json!({"network_interface_description": "Waits for the switch"}));
    world.approve(next).await;
    world.change_is(next, "approved").await;
    assert_eq!(world.act(&change, "cancel", json!({"by": "operator@example.net"})).await.0, 200);
    world.ticket_is(next, "closed").await;
    let change = world.change_is(ticket, "attention_required").await;
    assert!(
        change["error"].as_str().unwrap().ends_with("withdrawn by operator@example.net"),
        "{}",
        change["error"]
    );
    world.quiet(0).await;
    assert!(
        world.notes(ticket).contains("the switch is NOT KNOWN, a person must look"),
        "{}",
        world.notes(ticket)
    );
    assert_eq!(world.lab.switch.running_interface(PORT), by_hand);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_cannot_save_is_told_once_and_saved_when_the_ticket_is_opened_again() {
    for tag in ["operation-failed", "resource-denied"] {
        let world = World::serving(Options::config(json!({"devices": {"patience": "2s"}}))).await;
        let refusal = json!({"rpc_error": {"tag": tag, "message": "no space left on flash"}});
        world.fault(
            json!({"system": "switch", "point": "request", "method": "save-config", "action": refusal}),
        );
        let ticket = world.file(PORT, founding_ticket());
        world.approve(ticket).await;
        world.ticket_is(ticket, "attention required").await;
        world.quiet(0).await;
        let told = ["Pending approval", "Approved", "Attention required"];
        assert_eq!(world.subjects(ticket), told, "{tag}: told once");
        let notes = world.notes(ticket);
        for part in
            ["no space left on flash", "a restart of the switch would lose it", "changed as requested"]
        {
            assert!(notes.contains(part), "{tag}: {part:?} is not told: {notes}");
        }
        let change = world.change_is(ticket, "attention_required").await;
        assert_eq!(
            (&change["evidence"]["device_matches"], &change["evidence"]["saved"]),
            (&json!(true), &json!(false))
        );
        assert!(!world.lab.switch.startup().contains("##ticket:"), "{tag}");
        world.lab.faults.clear();
        world.edit(ticket, json!({"state": "open"}));
        world.ticket_is(ticket, "closed").await;
        world.quiet(0).await;
        let suffix = format!("##ticket:{}##", world.number(ticket));
        assert!(world.lab.switch.startup().contains(&suffix), "{tag}: closed, but not saved");
        let field = &world.lab.netbox.interface(PORT)["custom_fields"]["change_ticket_number"];
        assert!(field.is_null(), "{tag}: NetBox still has {field}");
        assert_eq!(world.lab.switch.events().running_changes(), 1, "{tag}: the switch was edited once");
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_will_not_be_read_at_once_after_an_unknown_outcome_is_read_again() {
    let world = World::serving(Options::default()).await;
    let lost = json!({"system": "switch", "point": "request", "method": "commit", "times": 1, "action": "drop_reply"});
    let refused = json!({"rpc_error": {"tag": "invalid-value", "message": "not now"}});
    world.fault(lost);
    // The transaction locks running and the candidate; the third lock is the one under which the switch is read.
    world.fault(json!({"system": "switch", "point": "request", "method": "lock", "skip": 2, "times": 1, "action": refused}));
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    assert!(world.log().contains("not now"), "the refusal was met");
    assert_eq!(world.subjects(ticket), ["Pending approval", "Approved", "Outcome unknown", "SUCCESS"]);
    world.stop().await;
}

/// What becomes of a change whose read-back loses so many sessions.
async fn read_back_loses(times: u64) -> (World, u64) {
    let world = World::serving(Options::default()).await;
    let before = world.snapshot(PORT);
    let ticket = world.file(PORT, founding_ticket());
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    // The sessions after the approval: recheck, configure, its read-back.
    let fault =
        json!({"system": "switch", "point": "connection", "skip": 2, "times": times, "action": "reset"});
    world.fault(fault);
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    let state = if times < 3 { "closed" } else { "attention required" };
    world.ticket_is(ticket, state).await;
    assert_eq!(world.snapshot(PORT) == before, times >= 3);
    (world, ticket)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_back_that_is_cut_is_made_again() {
    let (world, ticket) = read_back_loses(2).await;
    assert!(world.subjects(ticket).contains(&"SUCCESS".to_owned()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_read_back_the_switch_is_as_before() {
    let (world, ticket) = read_back_loses(3).await;
    let notes = world.notes(ticket);
    assert!(notes.contains("a second session could not read the interface"), "{notes}");
    world.stop().await;
}
