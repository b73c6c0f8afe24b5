//! Reads a device's running configuration, the whole or what a subtree filter selects.
//!
//! `NETCONF_PASSWORD=… cargo run --example get -- HOST PORT USER KNOWN_HOSTS [FILTER]`

mod login;

use std::io::Write as _;

use netconf_client::ops::{Datastore, GetConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, user, known_hosts, filter @ ..] = &arguments[..] else {
        return Err("usage: get HOST PORT USER KNOWN_HOSTS [FILTER]".into());
    };
    let session = login::session(host, port, user, known_hosts).await?;
    let mut query = GetConfig::new(Datastore::Running);
    if let [elements, ..] = filter {
        query = query.subtree(elements);
    }
    let running = session.call(query).await?;
    std::io::stdout().write_all(running.xml().as_bytes())?;
    session.close().await?;
    Ok(())
}
