//! The switch: a Cisco IOS-XE switch as NETCONF clients see it.
//!
//! An SSH server with the `netconf` subsystem, the datastores behind it judged by the YANG modules of the IOS-XE dialect, and a page
//! that shows what is configured. What it can do follows from [`Capabilities`](crate::settings::Capabilities); what goes wrong, from
//! the [`FaultBoard`]. The base protocol is RFC 6241 over RFC 6242.

mod apply;
mod cli;
mod commit_ops;
mod console;
mod device;
#[cfg(test)]
mod device_tests;
mod edit_ops;
mod error;
mod filter;
mod log;
mod model;
mod names;
mod notify;
mod offers;
mod page;
mod partial_lock;
mod read_ops;
mod rpc;
mod rules;
mod seed;
mod session;
mod shape;
mod ssh;
mod state;
mod tree;
mod wire;
mod xml;
mod xpath;
mod xpath_eval;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use console::ConsoleError;
pub use device::Datastore;
pub use log::{Event, EventKind, Events};

use crate::faults::{FaultBoard, System};
use crate::http::Server;
use crate::settings::LabSettings;
use device::Device;
use model::Model;
use offers::Offers;
use ssh::Shared;

/// The switch, running.
pub struct Switch {
    shared: Arc<Shared>,
    page: Server,
    addr: SocketAddr,
    host_key: String,
}

impl Switch {
    /// Starts it.
    ///
    /// # Errors
    /// When a port cannot be bound, the host key cannot be read or made, or an authorized key is none.
    pub async fn start(settings: &LabSettings, faults: Arc<FaultBoard>) -> io::Result<Self> {
        let model = Arc::new(Model::ios_xe().map_err(io::Error::other)?);
        let offers = Offers::from(settings.capabilities);
        let hardware = names::Hardware { ports: settings.switch_ports };
        let config = console::start_config(&model, hardware.ports).map_err(io::Error::other)?;
        let device = Device::new(model, offers, hardware, config);
        let shared = Arc::new(Shared::new(settings, device, faults)?);
        let key = ssh::host_key(settings.switch_host_key.as_deref())?;
        let public = key.public_key().to_openssh().map_err(io::Error::other)?;
        let listener = TcpListener::bind((settings.bind, settings.ports.switch)).await?;
        let addr = listener.local_addr()?;
        let look =
            page::Look { capabilities: Offers::name(settings.capabilities), netconf: addr.to_string() };
        let routes = page::routes(shared.clone(), look);
        // Faults of the switch strike its NETCONF, not this page.
        let page =
            Server::start(settings, settings.ports.switch_page, (System::Switch, Arc::default()), routes)?;
        tokio::spawn(ssh::serve(listener, key, shared.clone()));
        tokio::spawn(expire(shared.clone()));
        Ok(Self { shared, page, addr, host_key: public })
    }

    /// The address that NETCONF over SSH listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The line of an OpenSSH `known_hosts` file for it: `[127.0.0.1]:2830 ssh-ed25519 AAAA…`.
    #[must_use]
    pub fn known_hosts_line(&self) -> String {
        let key: Vec<&str> = self.host_key.split_whitespace().take(2).collect();
        format!("[{}]:{} {}", self.addr.ip(), self.addr.port(), key.join(" "))
    }

    /// The base URL of its page, without a final slash.
    #[must_use]
    pub fn page_url(&self) -> String {
        self.page.url()
    }

    /// Stops it: the page, and every connection.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.cut_all();
        self.page.stop().await;
    }
}

/// Undoes confirmed commits whose time is over, until the switch stops.
async fn expire(shared: Arc<Shared>) {
    let changed = shared.device().timer_changed.clone();
    loop {
        let deadline = shared.device().deadline();
        let over = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.stop.cancelled() => return,
            () = changed.notified() => {}
            () = over => shared.device().expire(std::time::Instant::now()),
        }
    }
}
