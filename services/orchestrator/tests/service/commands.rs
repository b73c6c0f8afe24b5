//! The commands: help, results, exit codes.

use lab::people::{BYSTANDER, CAB, LEAD};
use serde_json::{Value, json};

use super::support::{Options, PORT, World, founding_ticket, netchange};

/// The commands that a help text lists.
fn listed(help: &str) -> Vec<String> {
    let commands = help.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = commands.lines().take_while(|line| !line.trim().is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let names = names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    names.filter(|name| name != "help").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_help_with_an_example() {
    let mut waiting: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = Vec::new();
    while let Some(command) = waiting.pop() {
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let said = netchange(&arguments, &[]).await;
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        assert!(said.err.is_empty(), "{arguments:?}: {said:?}");
        assert!(
            said.out.split("Example").nth(1).is_some_and(|example| example.contains("netchange ")),
            "{arguments:?} has no example:\n{}",
            said.out
        );
        for name in listed(&said.out) {
            waiting.push([command.as_slice(), &[name]].concat());
        }
        seen.push(command.join(" "));
    }
    for expected in [
        "",
        "demo",
        "lab",
        "serve",
        "doctor",
        "plan",
        "show interface",
        "changes list",
        "changes export",
        "changes undo",
    ] {
        assert!(seen.iter().any(|command| command == expected), "{expected:?} is not among {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_exit_2_and_says_so_on_standard_error() {
    let world = World::new(Options::default()).await;
    for arguments in [
        &["explode"][..],
        &[],
        &["serve", "--colour"],
        &["changes"],
        &["changes", "show"],
        &["show", "interface", "c9300"],
        &["show", "interface", "c9300", PORT, "--format", "yaml"],
        &["demo", "--auto", "--scenario", "no-such-scenario"],
    ] {
        let said = netchange(arguments, &[]).await;
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {said:?}");
        assert!(!said.err.is_empty(), "{arguments:?}");
    }
    for arguments in [
        &["changes", "show", "not-an-id"][..],
        &["changes", "list", "--state", "done"],
        &["show", "interface", "c9300", "eth"],
    ] {
        let said = world.run(arguments).await;
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {said:?}");
        assert!(said.err.starts_with("netchange: "), "{arguments:?}: {said:?}");
    }
    assert_eq!(netchange(&["--version"], &[]).await.code, 0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_listed_shown_approved_and_exported_by_commands() {
    let world = World::serving(Options::default()).await;
    let said = world.run(&["changes", "list"]).await;
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
    let ticket = world.file(PORT, founding_ticket());
    world.ticket_is(ticket, "pending approval").await;
    let listed = world.run(&["changes", "list", "--json", "--state", "pending_approval"]).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let id = listed[0]["id"].as_str().unwrap();
    let said = world.run(&["changes", "list", "--ticket", &world.number(ticket)]).await;
    for part in ["ID", "TICKET", id, "pending_approval", "c9300", PORT] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let said = world.run(&["changes", "show", id]).await;
    for part in ["pending_approval", "WHAT", "BEFORE", "AFTER", "sha256:", "plan_made"] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert_eq!(world.run(&["changes", "show", id, "--json"]).await.json()["id"], id);
    for (by, reason) in [(BYSTANDER.email, "not one of the approvers"), ("", "name the approver")] {
        let said = world.run(&["changes", "approve", id, "--by", by]).await;
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
        assert!(said.err.contains(reason), "{said:?}");
    }
    let said = world.run(&["changes", "undo", id]).await;
    assert_eq!(said.code, 1, "{said:?}");
    // The service may find the decision at once, and gets no further than the last look before anything is touched.
    let hold = world.hold(json!({"system": "netbox", "point": "request", "times": 1}));
    let said = world.run(&["changes", "approve", id, "--by", LEAD.email, "--json"]).await;
    assert_eq!((said.code, &said.json()["state"]), (0, &json!("approved")), "{said:?}");
    world.lab.faults.remove(&hold);
    // The service was not told, and takes it up all the same.
    world.ticket_is(ticket, "closed").await;
    let said = world.run(&["changes", "approve", id, "--by", LEAD.email]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("closed"), "{said:?}");
    let said = world.run(&["changes", "export"]).await;
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((said.code, lines.len()), (0, 1));
    assert_eq!(lines[0]["history"], world.change_is(ticket, "closed").await["history"]);
    assert_eq!(world.run(&["changes", "export", id]).await.json()["id"], id);
    let other = "0190f3a0-0000-7000-8000-000000000000";
    for command in ["show", "approve", "decline", "retry", "cancel", "export"] {
        let arguments = if ["approve", "decline"].contains(&command) {
            vec!["changes", command, other, "--by", CAB.email]
        } else {
            vec!["changes", command, other]
        };
        let said = world.run(&arguments).await;
        assert_eq!(said.code, 1, "{command}: {said:?}");
        assert!(said.err.contains("no such change") || said.err.contains("no change"), "{command}: {said:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_declined_withdrawn_and_started_again_by_commands() {
    let world = World::serving(Options::default()).await;
    let id =
        async |ticket| world.change_is(ticket, "pending_approval").await["id"].as_str().unwrap().to_owned();
    let declined = world.file(PORT, founding_ticket());
    let change = id(declined).await;
    world.ticket_is(declined, "pending approval").await;
    let said = world.run(&["changes", "decline", &change, "--by", CAB.email, "--reason", "no window"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    world.ticket_is(declined, "denied").await;
    assert!(world.notes(declined).contains("no window"));
    let cancelled = world.file(PORT, founding_ticket());
    let change = id(cancelled).await;
    world.ticket_is(cancelled, "pending approval").await;
    assert_eq!(world.run(&["changes", "cancel", &change, "--by", "operator@example.net"]).await.code, 0);
    world.ticket_is(cancelled, "attention required").await;
    // A switch that refuses, until it does not.
    let refuse = json!({"rpc_error": {"tag": "invalid-value", "message": "refused by the lab"}});
    world.fault(json!({"system": "switch", "point": "request", "method": "commit", "action": refuse}));
    let failed = world.file(PORT, founding_ticket());
    world.approve(failed).await;
    world.ticket_is(failed, "attention required").await;
    world.lab.faults.clear();
    let change = world.change_is(failed, "attention_required").await;
    let said = world.run(&["changes", "retry", change["id"].as_str().unwrap()]).await;
    assert_eq!(said.code, 0, "{said:?}");
    // It starts anew, and the old approval does not count.
    world.approve(failed).await;
    world.ticket_is(failed, "closed").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interface_is_shown_from_the_switch_in_three_forms() {
    let world = World::new(Options::default()).await;
    let port = "GigabitEthernet1/0/2";
    let said = world.run(&["show", "interface", "c9300", port]).await;
    assert_eq!(said.code, 0, "{said:?}");
    for part in ["PROPERTY", "Desk 2", "access VLAN", "200"] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let said = world.run(&["show", "interface", "c9300", port, "--format", "xml"]).await;
    assert!(said.out.contains("<description>Desk 2</description>"), "{said:?}");
    let said = world.run(&["show", "interface", "c9300", port, "--format", "json"]).await;
    assert!(said.json().to_string().contains("Desk 2"), "{said:?}");
    for (device, interface) in [("c9300", "GigabitEthernet9/0/1"), ("nowhere", port)] {
        let said = world.run(&["show", "interface", device, interface]).await;
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_what_is_right_and_what_is_wrong() {
    let mut world = World::new(Options::default()).await;
    let said = world.run(&["doctor"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.out.contains("WRONG"), "{said:?}");
    for (section, part) in [("zammad", "Zammad"), ("webex", "Webex"), ("netbox", "NetBox")] {
        let right = world.config[section]["token"].clone();
        world.config[section]["token"] = json!("a-token-that-is-wrong");
        let said = world.run(&["doctor"]).await;
        assert_eq!(said.code, 1, "{said:?}");
        let wrong: Vec<&str> = said.out.lines().filter(|line| line.starts_with("WRONG")).collect();
        assert!(wrong.iter().any(|line| line.contains(part)), "{said:?}");
        assert!(!said.out.contains("a-token-that-is-wrong"), "{said:?}");
        world.config[section]["token"] = right;
    }
    world.config["netbox"]["ticket_field"] = json!("nowhere");
    let said = world.run(&["doctor"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    let wrong: Vec<&str> = said.out.lines().filter(|line| line.starts_with("WRONG")).collect();
    assert_eq!(wrong.len(), 1, "{said:?}");
    assert!(wrong[0].contains("create nowhere in NetBox"), "{said:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_netbox_token_that_may_only_read() {
    let world = World::new(Options::default()).await;
    let port = world.snapshot(PORT);
    let log = world.lab.netbox.changes().len();
    let said = world.run(&["doctor"]).await;
    assert!(said.out.contains("NetBox rights: view devices"), "{said:?}");
    let detail = "{\"detail\": \"You do not have permission to perform this action.\"}";
    let refuse = json!({"status": {"status": 403, "body": detail}});
    world.fault(json!({"system": "netbox", "point": "request", "method": "DELETE", "action": refuse}));
    let said = world.run(&["doctor"]).await;
    assert!(said.code == 0 && said.out.contains("; not to delete IP addresses: "), "{said:?}");
    world.fault(json!({"system": "netbox", "point": "request", "method": "PATCH", "action": refuse}));
    let said = world.run(&["doctor"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    let wrong: Vec<&str> = said.out.lines().filter(|line| line.starts_with("WRONG")).collect();
    let expected = "the token may not change interfaces, change IP addresses, delete IP addresses;";
    assert!(wrong.len() == 1 && wrong[0].contains(expected), "{said:?}");
    assert_eq!(
        (world.snapshot(PORT), world.lab.netbox.changes().len()),
        (port, log),
        "asking changes nothing"
    );
    world.stop().await;
}
