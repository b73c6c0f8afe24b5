//! Prints a device's notifications as they come, first those it kept since a start time, if one is given.
//!
//! `NETCONF_PASSWORD=… cargo run --example watch -- HOST PORT USER KNOWN_HOSTS [2026-01-01T00:00:00Z]`

mod login;

use std::io::Write as _;

use netconf_client::notification::{Event, QueueLimits};
use netconf_client::ops::CreateSubscription;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, user, known_hosts, start @ ..] = &arguments[..] else {
        return Err("usage: watch HOST PORT USER KNOWN_HOSTS [START]".into());
    };
    let session = login::session(host, port, user, known_hosts).await?;
    let mut subscription = CreateSubscription::new();
    if let [start, ..] = start {
        subscription = subscription.start_time(start);
    }
    let ((), mut events) = session.subscribe(subscription, QueueLimits::default()).await?;
    let mut out = std::io::stdout();
    loop {
        match events.next().await? {
            Event::Notification(event) => writeln!(out, "{} {}", event.event_time(), event.xml())?,
            Event::Gap { lost } => {
                writeln!(out, "({lost} notifications came faster than they were printed)")?
            }
            other => writeln!(out, "({other:?})")?,
        }
    }
}
