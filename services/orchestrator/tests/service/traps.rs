//! What a first version of such a system gets wrong, where no other test holds it.

use futures_util::future::join;
use lab::people::{CAB, LEAD, REQUESTER};
use serde_json::{Map, Value, json};

use super::support::{Options, PORT, World, founding_ticket, until_or};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_decision_is_on_record_and_told_to_open_pages_whichever_way_it_came() {
    use futures_util::StreamExt;
    let approvers = json!({"approval": {"approvers": [LEAD.email, REQUESTER.email]}});
    let world = World::serving(Options::config(approvers)).await;
    let ticket = world.file(PORT, founding_ticket());
    let own = world.card(ticket, REQUESTER.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    let not_by = format!("Not by {}: nobody approves their own change", REQUESTER.email);
    assert!(world.notes(ticket).contains(&not_by), "{}", world.notes(ticket));
    let change = world.change_is(ticket, "pending_approval").await;
    let answer = world.http.get(format!("{}/api/v1/events", world.url())).send().await.unwrap();
    let mut stream = answer.bytes_stream();
    world.press(&own, REQUESTER.email, "Approve", json!({})).await;
    let event = tokio::time::timeout(super::support::LIMIT, stream.next()).await.unwrap().unwrap().unwrap();
    let event = String::from_utf8_lossy(&event).into_owned();
    assert!(event.contains(change["id"].as_str().unwrap()) && event.contains("pending_approval"), "{event}");
    assert_eq!(world.act(&change, "approve", json!({"by": REQUESTER.email})).await.0, 409);
    let recorded = async || {
        let now = world.change(ticket).await?;
        (now["remarks"].as_array()?.len() == 2).then_some(now)
    };
    let now = until_or("both are on record", recorded, || world.log()).await;
    assert_eq!((&now["state"], &now["version"]), (&change["state"], &change["version"]));
    for remark in now["remarks"].as_array().unwrap() {
        let detail = remark["detail"].as_str().unwrap();
        assert!(detail.contains(REQUESTER.email) && detail.contains("nobody approves their own"), "{detail}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn approve_and_decline_at_the_same_moment_are_one_decision() {
    let world = World::serving(Options::default()).await;
    for port in 11..=16 {
        let name = format!("GigabitEthernet1/0/{port}");
        let before = world.snapshot(&name);
        let ticket = world.file(&name, json!({"network_interface_description": "One or the other"}));
        let (first, second) = (world.card(ticket, LEAD.email).await, world.card(ticket, CAB.email).await);
        world.ticket_is(ticket, "pending approval").await;
        let (none, reason) = (Map::new(), json!({"reason": "Not now"}));
        let reason = reason.as_object().unwrap();
        let (one, two) = join(
            world.lab.webex.press(&first, LEAD.email, "Approve", &none),
            world.lab.webex.press(&second, CAB.email, "Confirm decline", reason),
        )
        .await;
        assert!(one.is_ok() && two.is_ok());
        let ended = async || ["closed", "denied"].contains(&world.state(ticket).as_str()).then_some(());
        until_or("one of them counts", ended, || world.log()).await;
        world.quiet(0).await;
        let change = world.change(ticket).await.unwrap();
        assert_eq!(change["approvals"].as_array().unwrap().len(), 1, "{}", change["approvals"]);
        let refused = change["remarks"].as_array().unwrap();
        assert_eq!(refused.len(), 1, "the other one is on record as not counted: {refused:?}");
        if world.state(ticket) == "denied" {
            assert_eq!(world.snapshot(&name), before);
        } else {
            assert_eq!(change["approvals"][0]["by"], LEAD.email);
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_changes_of_one_port_are_never_mixed() {
    let world = World::serving(Options::default()).await;
    let first = world.file(PORT, founding_ticket());
    let mut other = founding_ticket();
    other["network_interface_mtu"] = json!(1600);
    other["network_switchport_mode_and_vlan"] = json!("access:200:");
    let second = world.file(PORT, other);
    for ticket in [first, second] {
        world.card(ticket, LEAD.email).await;
        world.ticket_is(ticket, "pending approval").await;
    }
    let (one, two) = (world.change(first).await.unwrap(), world.change(second).await.unwrap());
    let by = || json!({"by": LEAD.email});
    let (one, two) = join(world.act(&one, "approve", by()), world.act(&two, "approve", by())).await;
    assert_eq!((one.0, two.0), (200, 200));
    let ended = async || {
        let states = [world.state(first), world.state(second)];
        states
            .iter()
            .all(|state| ["closed", "attention required"].contains(&state.as_str()))
            .then_some(states)
    };
    let states = until_or("both end", ended, || world.log()).await;
    world.quiet(0).await;
    let closed = states.iter().filter(|state| *state == "closed").count();
    assert_eq!(closed, 1, "the second was planned on what the first changed: {states:?}");
    let (winner, mtu, vlan) = if states[0] == "closed" { (first, 2000, 100) } else { (second, 1600, 200) };
    let loser = if winner == first { second } else { first };
    let running = world.lab.switch.running_interface(PORT);
    for part in [format!("<mtu>{mtu}</mtu>"), format!("<vlan>{vlan}</vlan>"), world.number(winner)] {
        assert!(running.contains(&part), "{part}: {running}");
    }
    assert!(world.notes(loser).contains("was changed after the plan was made"), "{}", world.notes(loser));
    let netbox = world.lab.netbox.interface(PORT);
    assert_eq!((&netbox["mtu"], &netbox["untagged_vlan"]["vid"]), (&json!(mtu), &json!(vlan)));
    assert_eq!(world.lab.switch.events().commits(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn netbox_edited_between_plan_and_write_is_left_as_it_was_made() {
    let world = World::serving(Options::default()).await;
    let switch = world.lab.switch.running_interface(PORT);
    let ticket = world.file(PORT, founding_ticket());
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.lab.netbox.set_interface(PORT, json!({"description": "by hand"})).unwrap();
    let by_hand = world.snapshot(PORT);
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    world.ticket_is(ticket, "attention required").await;
    world.quiet(0).await;
    assert_eq!(world.snapshot(PORT), by_hand);
    assert_eq!(world.lab.switch.running_interface(PORT), switch);
    assert!(world.notes(ticket).contains("NetBox's data of"), "{}", world.notes(ticket));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_of_a_ticket_is_named_in_one_note_in_the_requesters_words() {
    let world = World::serving(Options::default()).await;
    let cases: [(Value, &[&str]); 5] = [
        (
            json!({
                "network_device_name": "c9300", "network_interface_name": "GigabitEthernet1/0/1",                 "network_interface_mtu": 100, "network_interface_description": format!("bad {}", "x".repeat(300)),
                "network_switchport_mode_and_vlan": "trunk:4095:200,200,abc", "network_interface_ip4_address": "10.0.0.0/33",
            }),
            &[
                "protected",
                "MTU 100 is outside 1500 to 9000",
                "4095",
                "abc",
                "twice",
                "10.0.0.0/33",
                "too long",
            ],
        ),
        (json!({"network_device_name": "no-such-device"}), &["no-such-device"]),
        (json!({"network_interface_name": "GigabitEthernet9/9/9"}), &["GigabitEthernet9/9/9"]),
        (json!({"network_switchport_mode_and_vlan": "access:4000:"}), &["4000"]),
        (
            json!({"network_switchport_mode_and_vlan": "l3::", "network_interface_ip4_address": "10.0.0.0/24"}),
            &["10.0.0.0/24", "network"],
        ),
    ];
    for (fields, named) in cases {
        let ticket = world.file(PORT, fields.clone());
        world.ticket_is(ticket, "attention required").await;
        assert_eq!(world.subjects(ticket).len(), 1, "one note: {:?}", world.subjects(ticket));
        let notes = world.notes(ticket);
        let missing: Vec<&&str> = named.iter().filter(|word| !notes.contains(**word)).collect();
        assert!(missing.is_empty(), "{fields}: {missing:?} is not named in {notes}");
    }
    world.quiet(0).await;
    assert_eq!(world.lab.switch.events().edits(), 0);
    assert!(world.lab.webex.messages().is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_scripts_go_through_and_control_characters_are_refused() {
    let world = World::serving(Options::default()).await;
    for text in ["Überwachung – Flur 3 ✓", "מתג ראשי", "スイッチ", "a]]>b<![CDATA[c", "&lt;b&gt; ' \" \\ `"]
    {
        let ticket = world.file(PORT, json!({"network_interface_description": text}));
        world.approve(ticket).await;
        world.ticket_is(ticket, "closed").await;
        world.quiet(0).await;
        assert_eq!(world.lab.netbox.interface(PORT)["description"], text);
        let running = world.lab.switch.running_interface_cli(PORT);
        assert!(running.contains(text), "{text}: {running}");
    }
    let edits = world.lab.switch.events().edits();
    for text in
        ["line\nbreak", "bell\u{7}", "zero\u{0}", "escape\u{1b}[31m", "line\u{85}", "left\u{202e}right"]
    {
        for field in ["network_interface_description", "network_device_name", "network_interface_name"] {
            let ticket = world.file(PORT, json!({field: text}));
            world.ticket_is(ticket, "attention required").await;
            let notes = world.notes(ticket);
            assert!(
                !notes.contains('\u{7}') && !notes.contains('\u{1b}') && !notes.contains('\u{202e}'),
                "{notes:?}"
            );
        }
    }
    assert_eq!(world.lab.switch.events().edits(), edits);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_may_not_be_deleted_keeps_nothing_else_from_being_put_back() {
    let port = "GigabitEthernet1/0/12";
    let forbidden = json!({"status": {"status": 403, "body": "{\"detail\": \"You do not have permission to perform this action.\"}"}});
    for may_be_set_aside in [true, false] {
        let world = World::serving(Options::default()).await;
        let before = world.lab.netbox.interface(port);
        world.fault(json!({"system": "switch", "point": "request", "method": "commit", "action": {"rpc_error": {"tag": "invalid-value", "message": "no"}}}));
        world.fault(json!({"system": "netbox", "point": "request", "method": "DELETE", "action": forbidden}));
        if !may_be_set_aside {
            let path = "/api/ipam/ip-addresses/";
            world.fault(json!({"system": "netbox", "point": "request", "method": "PATCH", "path": path, "action": forbidden}));
        }
        let fields = json!({"network_switchport_mode_and_vlan": "l3::", "network_interface_ip4_address": "10.20.30.1/24"});
        let ticket = world.file(port, fields);
        world.approve(ticket).await;
        world.ticket_is(ticket, "attention required").await;
        world.quiet(0).await;
        let after = world.lab.netbox.interface(port);
        for field in ["mode", "description", "enabled", "mtu", "custom_fields"] {
            assert_eq!(after[field], before[field], "{field}");
        }
        let addresses = world.lab.netbox.addresses();
        let made = addresses.iter().find(|address| address["address"] == "10.20.30.1/24").unwrap();
        assert_eq!(made["assigned_object_id"].is_null(), may_be_set_aside, "{made}");
        let notes = world.notes(ticket);
        assert_eq!(notes.contains("NetBox keeps the record of 10.20.30.1/24"), may_be_set_aside, "{notes}");
        assert_eq!(notes.contains("NetBox is as before the change"), may_be_set_aside, "{notes}");
        assert_eq!(notes.contains("permission"), !may_be_set_aside, "{notes}");
        world.stop().await;
    }
}
