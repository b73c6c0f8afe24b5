//! The process: ends in an orderly way, and never works beside another one on the same store.

use futures_util::StreamExt;
use serde_json::json;

use super::support::{LIMIT, Options, PORT, World, founding_ticket, netchange};

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_what_is_in_hand_and_loses_nothing() {
    let mut world = World::serving(Options::default()).await;
    let hold = world.hold(json!({"system": "switch", "point": "request", "method": "validate", "times": 1}));
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    // In the middle of the transaction: lock, edit, and now validate and commit.
    world.held().await;
    assert_eq!((world.lab.switch.events().edits(), world.lab.switch.events().commits()), (1, 0));
    world.signal("-TERM").await;
    world.lab.faults.remove(&hold);
    let status = world.ended().await.unwrap();
    assert!(status.success(), "{status}: {}", world.log());
    let events = world.lab.switch.events();
    assert_eq!((events.commits(), events.running_changes()), (1, 1), "what was begun is brought to its end");
    world.switch_is_free().await;
    assert!(!world.home.path().join("netchange.db-wal").exists(), "the store is closed in an orderly way");
    world.serve(&[]).await;
    world.ticket_is(ticket, "closed").await;
    let events = world.lab.switch.events();
    assert_eq!((events.commits(), events.running_changes()), (1, 1));
    assert_eq!(world.subjects(ticket), ["Pending approval", "Approved", "SUCCESS"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_does_not_hold_the_end_up() {
    let mut world = World::serving(Options::default()).await;
    let answer = world.http.get(format!("{}/api/v1/events", world.url())).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut stream = answer.bytes_stream();
    let ticket = world.file(PORT, founding_ticket());
    let first = stream.next().await.unwrap().unwrap();
    let first = String::from_utf8_lossy(&first).into_owned();
    assert!(first.contains("event: change") && first.contains("\"state\":"), "{first}");
    world.change_is(ticket, "pending_approval").await;
    world.ticket_is(ticket, "pending approval").await;
    world.signal("-TERM").await;
    // The page is told the end. One that was waited for would be cut off in the middle when the time for that is over.
    let end = async {
        while let Some(event) = stream.next().await {
            event.unwrap();
        }
    };
    tokio::time::timeout(LIMIT, end).await.unwrap();
    assert!(world.ended().await.unwrap().success());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_service_on_one_store_is_refused() {
    let world = World::serving(Options::default()).await;
    let file = world.write_config();
    let said = netchange(
        &["serve", "--config", file.to_str().unwrap()],
        &[("NETCHANGE_SERVER__LISTEN", "127.0.0.1:0")],
    )
    .await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("another netchange serve works on"), "{said:?}");
    let said = world.run(&["serve"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("cannot listen on"), "{said:?}");
    let ticket = world.file(PORT, founding_ticket());
    world.approve(ticket).await;
    world.ticket_is(ticket, "closed").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pending_over_a_restart_goes_on() {
    let mut world = World::serving(Options::default()).await;
    let ticket = world.file(PORT, founding_ticket());
    world.ticket_is(ticket, "pending approval").await;
    world.signal("-TERM").await;
    assert!(world.ended().await.unwrap().success());
    // While it is away a second ticket is filed, whose webhook finds nobody.
    world.fault(json!({"system": "zammad", "point": "webhook", "times": 1, "action": "lose"}));
    let second =
        world.file("GigabitEthernet1/0/8", json!({"network_interface_description": "While you were away"}));
    world.serve(&[]).await;
    world.approve(ticket).await;
    world.approve(second).await;
    world.ticket_is(ticket, "closed").await;
    world.ticket_is(second, "closed").await;
    world.stop().await;
}
