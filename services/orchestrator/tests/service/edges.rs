//! What happens around a change: tickets that go away, NetBox that moves, people who come late.

use lab::people::{CAB, LEAD};
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Options, PORT, World, founding_ticket, until, until_or};

/// A free port of the switch.
const OTHER: &str = "GigabitEthernet1/0/12";

/// Asks the lab's NetBox as its administrator.
async fn netbox(world: &World, method: Method, path: &str, body: Value) -> Value {
    let url = format!("{}/api/{path}", world.lab.netbox.url());
    let token = world.config["netbox"]["token"].as_str().unwrap();
    let header = if token.starts_with("nbt_") { format!("Bearer {token}") } else { format!("Token {token}") };
    let answer =
        world.http.request(method, url).header("Authorization", header).json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {answer:?}");
    answer.json().await.unwrap_or(Value::Null)
}

/// A ticket whose change waits for approval, and the card.
async fn pending(world: &World, port: &str, fields: Value) -> (u64, String) {
    let ticket = world.file(port, fields);
    let card = world.card(ticket, LEAD.email).await;
    world.ticket_is(ticket, "pending approval").await;
    world.quiet(1).await;
    (ticket, card)
}

/// Presses Approve and waits for the note that says why nothing was done.
async fn not_applied(world: &World, (ticket, card): (u64, String), why: &str) {
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    world.ticket_is(ticket, "attention required").await;
    world.quiet(0).await;
    assert!(world.notes(ticket).contains(why), "{why}: {}", world.notes(ticket));
    assert_eq!(world.lab.switch.events().edits(), 0);
}

fn status(status: u16) -> Value {
    json!({"status": {"status": status, "body": "{\"error\": \"made by the test\"}"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_given_another_type_or_is_deleted_while_approval_is_pending_is_superseded() {
    let world = World::serving(Options::default()).await;
    let (retyped, _) = pending(&world, PORT, founding_ticket()).await;
    world.edit(retyped, json!({"ticket_type": "incident"}));
    world.change_is(retyped, "superseded").await;
    let (gone, card) = pending(&world, OTHER, founding_ticket()).await;
    let path = format!("/api/v1/tickets/{gone}");
    world.fault(json!({"system": "zammad", "point": "request", "path": path, "action": status(404)}));
    let change = world.change_is(gone, "superseded").await;
    assert_eq!(change["error"], "the ticket is gone");
    until("its card says so", async || {
        let cards = world.lab.webex.cards();
        let of_it = |card: &&lab::webex::CardMessage| card.card.to_string().contains(&world.number(gone));
        cards.iter().filter(of_it).all(|card| card.card.to_string().contains("Superseded")).then_some(())
    })
    .await;
    assert!(world.lab.webex.press(&card, LEAD.email, "Approve", &serde_json::Map::new()).await.is_err());
    world.quiet(0).await;
    assert_eq!(world.metric("netchange_effects_given_up").await, Some(0.0), "there is nobody to be told");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_cannot_be_read_does_not_hide_the_others_from_the_poll() {
    let world = World::serving(Options::default()).await;
    world.fault(json!({"system": "zammad", "point": "webhook", "action": "lose"}));
    let mut unreadable = Vec::new();
    for answer in [403, 403, 403, 403, 500] {
        let next = world.file(PORT, founding_ticket());
        let path = format!("/api/v1/tickets/{next}");
        world.fault(json!({"system": "zammad", "point": "request", "path": path, "action": status(answer)}));
        unreadable.push(next);
    }
    let ticket = world.file(OTHER, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    assert!(world.log().contains(&format!("ticket {}", unreadable[0])), "the poll says which one it is");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_management_address_moved_after_the_plan_is_not_touched() {
    let world = World::serving(Options::default()).await;
    let waits = pending(&world, PORT, founding_ticket()).await;
    let primary = netbox(&world, Method::GET, "dcim/devices/?name=c9300", Value::Null).await;
    let primary = primary["results"][0]["primary_ip4"]["id"].as_u64().unwrap();
    netbox(&world, Method::DELETE, &format!("ipam/ip-addresses/{primary}/"), Value::Null).await;
    not_applied(&world, waits, "the management address of c9300 in NetBox was changed").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_another_interface_took_after_the_plan_is_noticed() {
    let world = World::serving(Options::default()).await;
    let routed =
        json!({"network_switchport_mode_and_vlan": "l3::", "network_interface_ip4_address": "10.20.30.1/24"});
    let waits = pending(&world, OTHER, routed).await;
    let other = world.lab.netbox.interface(PORT)["id"].clone();
    let taken = json!({"address": "10.20.30.200/25", "assigned_object_type": "dcim.interface", "assigned_object_id": other});
    netbox(&world, Method::POST, "ipam/ip-addresses/", taken).await;
    not_applied(&world, waits, "overlaps 10.20.30.200/25").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_of_a_port_that_is_for_management_by_now_is_refused() {
    let world = World::serving(Options::default()).await;
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    let done = world.change_is(ticket, "closed").await;
    world.lab.netbox.set_interface(PORT, json!({"mgmt_only": true})).unwrap();
    assert_eq!(world.act(&done, "undo", json!({"by": CAB.email})).await.0, 200);
    world.ticket_is(ticket, "attention required").await;
    let undo = world.change_is(ticket, "attention_required").await;
    assert!(undo["problems"][0].as_str().unwrap().contains("for management only"), "{}", undo["problems"]);
    world.quiet(0).await;
    assert_eq!(world.lab.switch.events().commits(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_or_a_program_decides_on_the_plan_that_it_saw_and_on_no_other() {
    let world = World::serving(Options::default()).await;
    let (ticket, _) = pending(&world, PORT, founding_ticket()).await;
    let change = world.change_is(ticket, "pending_approval").await;
    let digest = change["plan"]["digest"].as_str().unwrap();
    let path = format!("{}/changes/{}", world.url(), change["id"].as_str().unwrap());
    let page = world.http.get(&path).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(&format!("name=\"plan\" value=\"{digest}\"")), "{page}");
    let older = format!("sha256:{}", "0".repeat(64));
    let form = format!("token=test-api-token&by={}&plan={older}", LEAD.email);
    let post = world.http.post(format!("{path}/approve")).body(form);
    let post = post.header("Content-Type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!(post.status(), 409);
    let (status, answer) =
        world.act(&change, "approve", json!({"by": LEAD.email, "plan_digest": older})).await;
    assert_eq!(status, 409, "{answer}");
    assert!(answer["error"].as_str().unwrap().contains("another plan"), "{answer}");
    let id = change["id"].as_str().unwrap();
    let said = world.run(&["changes", "approve", id, "--by", LEAD.email, "--plan", &older]).await;
    assert_eq!(said.code, 1, "{said:?}");
    world.change_is(ticket, "pending_approval").await;
    let (status, answer) =
        world.act(&change, "approve", json!({"by": LEAD.email, "plan_digest": digest})).await;
    assert_eq!(status, 200, "{answer}");
    world.ticket_is(ticket, "closed").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_ticket_has_a_newer_one_is_not_started_again() {
    let world = World::serving(Options::default()).await;
    let ticket = world.file(PORT, json!({"network_interface_mtu": 100}));
    world.ticket_is(ticket, "attention required").await;
    world.quiet(0).await;
    let first = world.change_is(ticket, "attention_required").await;
    world.edit(ticket, json!({"network_interface_mtu": 1600, "state": "open"}));
    world.change_is(ticket, "pending_approval").await;
    for state in ["pending approval", "closed"] {
        if state == "closed" {
            world.approve(ticket).await;
        }
        world.ticket_is(ticket, state).await;
        let (status, answer) = world.act(&first, "retry", json!({})).await;
        assert_eq!(status, 409, "{answer}");
        assert!(answer["error"].as_str().unwrap().contains("has a newer change"), "{answer}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_could_not_be_taken_off_in_netbox_is_taken_off_by_the_next_attempt() {
    let world = World::serving(Options::default()).await;
    // The first write puts the number there, the second one takes it off.
    world.fault(json!({"system": "netbox", "point": "request", "method": "PATCH", "skip": 1, "times": 1, "action": status(403)}));
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "attention required").await;
    world.quiet(0).await;
    let field = || world.lab.netbox.interface(PORT)["custom_fields"]["change_ticket_number"].clone();
    assert_eq!(field(), json!(world.number(ticket)));
    let change = world.change_is(ticket, "attention_required").await;
    assert_eq!(world.act(&change, "retry", json!({})).await.0, 200);
    world.ticket_is(ticket, "closed").await;
    assert_eq!(field(), Value::Null, "closed, and the field is cleared");
    assert_eq!(world.lab.switch.events().commits(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approver_whom_the_chat_does_not_know_does_not_stop_the_others() {
    let gone = "gone@example.net";
    let approvers = |required| json!({"approval": {"approvers": [gone, LEAD.email], "required": required}});
    let world = World::serving(Options::config(approvers(1))).await;
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    assert!(world.log().contains("gone@example.net cannot be asked"), "{}", world.log());
    world.stop().await;
    let world = World::serving(Options::config(approvers(2))).await;
    let ticket = world.file(PORT, founding_ticket());
    world.ticket_is(ticket, "attention required").await;
    assert!(world.notes(ticket).contains("gone@example.net cannot be asked"), "{}", world.notes(ticket));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_saved_is_not_said_to_be() {
    let world = World::serving(Options::config(json!({"devices": {"save_to_startup": false}}))).await;
    let (ticket, card) = pending(&world, PORT, founding_ticket()).await;
    let checks = world.change_is(ticket, "pending_approval").await["plan"]["checks"].to_string();
    assert!(!checks.contains("saved"), "{checks}");
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    world.ticket_is(ticket, "closed").await;
    assert!(
        world.notes(ticket).contains("NOT saved to the startup configuration"),
        "{}",
        world.notes(ticket)
    );
    assert_eq!(world.change_is(ticket, "closed").await["evidence"]["saved"], false);
    assert!(!world.lab.switch.startup().contains("##ticket:"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn white_space_around_a_description_comes_to_nothing() {
    let world = World::serving(Options::default()).await;
    let ticket = world.file(PORT, json!({"network_interface_description": "  Desk 5  "}));
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    assert_eq!(world.lab.netbox.interface(PORT)["description"], "Desk 5");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_a_store_that_is_not_there_makes_none() {
    let world = World::new(Options::default()).await;
    let other = "0190f3a0-0000-7000-8000-000000000000";
    for (arguments, code) in
        [(vec!["changes", "list"], 0), (vec!["changes", "export"], 0), (vec!["changes", "show", other], 1)]
    {
        let said = world.run(&arguments).await;
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{said:?}");
        assert!(said.err.contains("There is no store"), "{said:?}");
    }
    assert!(!world.home.path().join("netchange.db").exists());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_takes_up_at_once_what_waits_to_be_tried_again() {
    let world = World::serving(Options::config(json!({"devices": {"patience": "10m"}}))).await;
    let waits = json!({"status": {"status": 503, "headers": [["Retry-After", "300"]], "body": ""}});
    world.fault(json!({"system": "netbox", "point": "request", "times": 1, "action": waits}));
    let ticket = world.file(PORT, founding_ticket());
    let waited = async || world.log().contains("make_plan waits").then_some(());
    until_or("the plan waits", waited, || world.log()).await;
    let change = world.change_is(ticket, "received").await;
    assert_eq!(world.act(&change, "retry", json!({})).await.0, 200);
    world.ticket_is(ticket, "pending approval").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_says_that_it_is_one_and_what_else_it_takes_back() {
    let world = World::serving(Options::default()).await;
    let first = world.file(PORT, founding_ticket());
    world.approve(first).await;
    world.ticket_is(first, "closed").await;
    world.quiet(0).await;
    let done = world.change_is(first, "closed").await;
    let undo = async || {
        let (status, undo) = world.act(&done, "undo", json!({"by": CAB.email})).await;
        assert_eq!(status, 200, "{undo}");
        world.change_is(first, "pending_approval").await;
        world.ticket_is(first, "pending approval").await;
        world.quiet(1).await;
        world.change_is(first, "pending_approval").await
    };
    assert_eq!(
        world.act(&done, "undo", json!({"by": "the boss"})).await.0,
        400,
        "who could approve it then?"
    );
    let change = undo().await;
    let reasons = change["plan"]["risk"]["reasons"].to_string();
    assert!(!reasons.contains("changed again"), "{reasons}");
    let cards = world.lab.webex.cards();
    assert!(cards.iter().any(|card| card.card.to_string().contains("Undo: Network Change Request")));
    assert!(world.notes(first).contains("An undo of the change of"), "{}", world.notes(first));
    assert_eq!(world.act(&change, "decline", json!({"by": LEAD.email})).await.0, 200);
    world.ticket_is(first, "denied").await;
    world.quiet(0).await;
    let later = world.file(PORT, json!({"network_interface_mtu": 1600}));
    world.approve(later).await;
    world.ticket_is(later, "closed").await;
    world.quiet(0).await;
    let change = undo().await;
    let reasons = change["plan"]["risk"]["reasons"].to_string();
    assert!(
        reasons.contains("the port was changed again since, and the undo takes that back too"),
        "{reasons}"
    );
    assert_eq!(world.act(&change, "approve", json!({"by": LEAD.email})).await.0, 200);
    world.ticket_is(first, "closed").await;
    assert!(
        world.notes(first).contains("is led back to what it was before the change"),
        "{}",
        world.notes(first)
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_cannot_be_replaced_leaves_no_other_with_its_buttons() {
    let world = World::serving(Options::default()).await;
    let (ticket, first) = pending(&world, PORT, founding_ticket()).await;
    for method in ["PUT", "DELETE"] {
        let path = format!("/v1/messages/{first}");
        world.fault(json!({"system": "webex", "point": "request", "method": method, "path": path, "action": status(403)}));
    }
    let change = world.change_is(ticket, "pending_approval").await;
    assert_eq!(world.act(&change, "decline", json!({"by": CAB.email})).await.0, 200);
    world.ticket_is(ticket, "denied").await;
    world.quiet(0).await;
    let buttons = |card: &&lab::webex::CardMessage| card.card.to_string().contains("\"Approve\"");
    let left: Vec<String> =
        world.lab.webex.cards().iter().filter(buttons).map(|card| card.message_id.clone()).collect();
    assert_eq!(left, [first]);
    let given_up = world.change_is(ticket, "denied").await["given_up"][0].clone();
    assert_eq!(given_up["effect"], "tell_chat");
    assert!(given_up["error"].as_str().unwrap().contains(LEAD.email), "{given_up}");
    world.stop().await;
}

/// Undoes a change of a ticket, with approval, to its end; the change that did it.
async fn undone(world: &World, ticket: u64, change: &Value) -> Value {
    assert_eq!(world.act(change, "undo", json!({"by": CAB.email})).await.0, 200);
    let undo = world.change_is(ticket, "pending_approval").await;
    world.ticket_is(ticket, "pending approval").await;
    assert_eq!(world.act(&undo, "approve", json!({"by": LEAD.email})).await.0, 200);
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    undo
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_change_of_a_ticket_that_asked_for_something_else_since_can_be_undone() {
    let world = World::serving(Options::default()).await;
    let before = world.snapshot(PORT);
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    let first = world.change_is(ticket, "closed").await;
    world.edit(ticket, json!({"network_interface_name": OTHER, "state": "open"}));
    until("the second change is pending", async || {
        world.change(ticket).await.filter(|change| change["state"] == "pending_approval")
    })
    .await;
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    assert_eq!(undone(&world, ticket, &first).await["interface"], PORT);
    assert_eq!(world.snapshot(PORT), before);
    world.stop().await;
}

/// What no field of a ticket stands for, and the change took away because it cannot stay beside what was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn an_undo_brings_back_what_the_change_took_away_beside_its_fields() {
    let world = World::serving(Options::default()).await;
    let tunnel = "<switchport-config><switchport><mode xmlns=\"http://cisco.com/ns/yang/Cisco-IOS-XE-switch\"><dot1q-tunnel/></mode>\
                  </switchport></switchport-config>";
    world.lab.switch.set_running(PORT, tunnel).unwrap();
    let before = world.snapshot(PORT);
    assert!(before.switch.contains("dot1q-tunnel"), "{before:?}");
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    world.quiet(0).await;
    assert!(!world.snapshot(PORT).switch.contains("dot1q-tunnel"));
    let done = world.change_is(ticket, "closed").await;
    undone(&world, ticket, &done).await;
    assert_eq!(world.snapshot(PORT), before);
    world.stop().await;
}

/// The number is gone, so the ticket's field does not tell any more whose the values are: that they were written is on record.
#[tokio::test(flavor = "multi_thread")]
async fn values_in_netbox_that_somebody_else_went_on_from_are_not_told_as_before() {
    let world = World::serving(Options::config(json!({"devices": {"patience": "3s"}}))).await;
    let (ticket, card) = pending(&world, PORT, founding_ticket()).await;
    let refuse = json!({"rpc_error": {"tag": "lock-denied", "message": "somebody else has it"}});
    world.fault(json!({"system": "switch", "point": "request", "method": "lock", "action": refuse}));
    world.press(&card, LEAD.email, "Approve", json!({})).await;
    world.change_is(ticket, "configuring").await;
    let edit = json!({"description": "by hand", "custom_fields": {"change_ticket_number": null}});
    world.lab.netbox.set_interface(PORT, edit).unwrap();
    world.change_is(ticket, "attention_required").await;
    world.ticket_is(ticket, "attention required").await;
    let notes = world.notes(ticket);
    assert!(notes.contains("NetBox is NOT KNOWN"), "{notes}");
    assert_eq!(world.lab.netbox.interface(PORT)["description"], "by hand", "it is left as it is");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_was_protected_after_the_plan_is_not_touched() {
    let mut world = World::serving(Options::default()).await;
    let waits = pending(&world, PORT, founding_ticket()).await;
    world.signal("-TERM").await;
    assert!(world.ended().await.unwrap().success());
    world.config["policy"]["protected_interfaces"] = json!([PORT]);
    world.serve(&[]).await;
    not_applied(&world, waits, "is protected and is never changed by a ticket").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_stays_locked_ends_in_attention_with_everything_as_before() {
    let world = World::serving(Options::config(json!({"devices": {"patience": "2s"}}))).await;
    let before = world.snapshot(PORT);
    for method in ["lock", "validate"] {
        let (ticket, card) = pending(&world, PORT, founding_ticket()).await;
        let refuse = json!({"rpc_error": {"tag": "lock-denied", "message": "somebody else has it"}});
        world.fault(json!({"system": "switch", "point": "request", "method": method, "action": refuse}));
        world.press(&card, LEAD.email, "Approve", json!({})).await;
        world.change_is(ticket, "attention_required").await;
        world.ticket_is(ticket, "attention required").await;
        world.quiet(0).await;
        let notes = world.notes(ticket);
        let as_before = "the switch is as before the change; NetBox is as before the change";
        assert!(notes.contains(as_before) && notes.contains("somebody else has it"), "{method}: {notes}");
        assert_eq!(
            world.subjects(ticket),
            ["Pending approval", "Approved", "Attention required"],
            "{method}"
        );
        assert_eq!(world.snapshot(PORT), before, "{method}");
        world.lab.faults.clear();
    }
    world.switch_is_free().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_there_but_takes_nothing_is_handed_to_a_person() {
    let world = World::serving(Options::default()).await;
    let (ticket, card) = pending(&world, PORT, founding_ticket()).await;
    world.fault(json!({"system": "zammad", "point": "request", "method": "PUT", "action": status(404)}));
    world.press(&card, LEAD.email, "Confirm decline", json!({"reason": "not now"})).await;
    world.change_is(ticket, "denied").await;
    world.quiet(0).await;
    let change = world.change_is(ticket, "denied").await;
    assert_eq!(change["given_up"][0]["effect"], "tell_ticket", "{change}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_by_another_way_does_not_wait_for_a_chat_that_is_away() {
    let world = World::serving(Options::default()).await;
    let away = json!({"status": {"status": 503, "headers": [["Retry-After", "300"]], "body": ""}});
    world.fault(json!({"system": "webex", "point": "request", "action": away}));
    let ticket = world.file(PORT, founding_ticket());
    let waited = async || world.log().contains("ask_approvers waits").then_some(());
    until_or("the card waits", waited, || world.log()).await;
    let change = world.change_is(ticket, "pending_approval").await;
    assert_eq!(world.act(&change, "approve", json!({"by": LEAD.email})).await.0, 200);
    world.ticket_is(ticket, "closed").await;
    assert_eq!(world.subjects(ticket), ["Approved", "SUCCESS"]);
    world.quiet(0).await;
    world.stop().await;
}
