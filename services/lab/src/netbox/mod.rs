//! The source of truth: a NetBox 4.7 as far as changes of interfaces need one.
//!
//! It shows and refuses what a real one does, in its words (`fixtures/netbox/`), its leniency included: filters and body fields that it
//! does not know are ignored, `mgmt_only` protects nothing, an address moves to another interface without a conflict, webhooks are sent
//! for saves that change nothing and are never repeated. It makes no new devices, interfaces, VLANs or prefixes.

mod addresses;
mod answer;
mod api;
mod bulk;
mod extras;
mod fields;
mod filter;
mod hooks;
mod interfaces;
mod list;
mod model;
mod pages;
mod render;
mod seed;
mod snapshot;
mod write;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::web::{self, Data, ServiceConfig};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::faults::{FaultBoard, System};
use crate::http::Server;
use crate::settings::LabSettings;
pub use hooks::Delivered;
use model::{Table, World};
use write::Cause;

/// The lab's token of version 1, which is taken besides the one of the settings.
pub const V1_TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";
/// Who writes through the API.
const API_USER: &str = "netchange";
/// Who edits on the pages.
const ADMIN: &str = "admin";

/// The source of truth.
pub struct Netbox {
    server: Server,
    shared: Arc<Shared>,
    worker: JoinHandle<()>,
    delivered: Arc<Mutex<Vec<Delivered>>>,
}

/// What the server's handlers share.
pub(crate) struct Shared {
    world: Mutex<World>,
    token: String,
    requests: AtomicU64,
    queue: UnboundedSender<hooks::Delivery>,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the webhooks of a write to the worker, in the order of the writes since the world is still locked.
    fn flush(&self, world: &mut World) {
        for delivery in world.outbox.drain(..) {
            // The worker is gone only while the lab stops.
            let _ = self.queue.send(delivery);
        }
    }
}

impl Netbox {
    /// Starts it.
    ///
    /// # Errors
    /// When its port cannot be bound, or no HTTP client for its webhooks can be made.
    pub async fn start(settings: &LabSettings, faults: Arc<FaultBoard>) -> io::Result<Self> {
        // Whoever installed a provider before is right.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // A worker of NetBox makes a session for each webhook.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(io::Error::other)?;
        let (queue, deliveries) = unbounded_channel();
        let delivered = Arc::new(Mutex::new(Vec::new()));
        let worker = hooks::Worker { http, faults: faults.clone(), log: delivered.clone() };
        let worker = tokio::spawn(worker.run(deliveries));
        let secret = &settings.netbox_webhook_secret;
        let world = seed::world(&settings.orchestrator_url, secret, settings.switch_ports);
        let token = settings.netbox_token.clone();
        let shared = Arc::new(Shared { world: Mutex::new(world), token, requests: AtomicU64::new(0), queue });
        let data = Data::from(shared.clone());
        let routes = move |config: &mut ServiceConfig| {
            config
                .app_data(data.clone())
                .route("/api/{path:.*}", web::route().to(api::handle))
                .configure(pages::routes);
        };
        let server = Server::start(settings, settings.ports.netbox, (System::Netbox, faults), routes)?;
        Ok(Self { server, shared, worker, delivered })
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Stops it; webhooks that wait are lost.
    pub async fn stop(&self) {
        self.server.stop().await;
        self.worker.abort();
    }

    /// An interface of the first device, as the API shows it; null if there is none of this name.
    #[must_use]
    pub fn interface(&self, name: &str) -> Value {
        self.interface_of("c9300", name)
    }

    /// An interface of any device, as the API shows it; null if there is none.
    #[must_use]
    pub fn interface_of(&self, device: &str, name: &str) -> Value {
        let world = self.shared.world();
        let shown =
            interface_id(&world, device, name).and_then(|id| render::row(&world, Table::Interfaces, id, ""));
        shown.map_or(Value::Null, Value::Object)
    }

    /// Edits an interface of the first device as a person would on the page, webhook and change log included.
    ///
    /// `fields` is what a PATCH takes, e.g. `{"mtu": 1500, "mode": "access", "untagged_vlan": 2, "tagged_vlans": []}`.
    ///
    /// # Errors
    /// The body of the 400 that a PATCH would get; a text if there is no such interface or `fields` is no object.
    pub fn set_interface(&self, name: &str, fields: Value) -> Result<(), Value> {
        let mut world = self.shared.world();
        let id = interface_id(&world, "c9300", name).ok_or_else(|| json!(format!("no interface {name}")))?;
        let Value::Object(mut body) = fields else {
            return Err(json!("fields must be an object"));
        };
        let message = api::take_message(&mut body);
        let prepared = write::prepare(&mut world, Table::Interfaces, Some(id), &body)?;
        write::store(&mut world, prepared, &Cause::of_page(id), &message);
        self.shared.flush(&mut world);
        Ok(())
    }

    /// Row id of a VLAN of the first device's site, by tag.
    #[must_use]
    pub fn vlan_id(&self, vid: u16) -> Option<u64> {
        let world = self.shared.world();
        world.vlans.values().find(|vlan| vlan.vid == vid && vlan.site == Some(1)).map(|vlan| vlan.id)
    }

    /// All IP addresses, as the API shows them.
    #[must_use]
    pub fn addresses(&self) -> Vec<Value> {
        self.rows(Table::Addresses)
    }

    /// The change log, latest first, as the API shows it.
    #[must_use]
    pub fn changes(&self) -> Vec<Value> {
        self.rows(Table::Changes)
    }

    fn rows(&self, table: Table) -> Vec<Value> {
        let world = self.shared.world();
        let ids = render::ids(&world, table).into_iter();
        ids.filter_map(|id| render::row(&world, table, id, "")).map(Value::Object).collect()
    }

    /// How many requests its API has had, refused ones included.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Whether webhooks are sent only where the ticket field changed and is not null (as at first), or for every save.
    pub fn set_ticket_condition(&self, on: bool) {
        let condition = if on { seed::ticket_condition() } else { Value::Null };
        for ((table, _), rule) in &mut self.shared.world().documents {
            if *table == Table::EventRules {
                rule.insert("conditions".to_owned(), condition.clone());
            }
        }
    }

    /// The webhooks that were sent, or lost by a fault, oldest first (the last thousand).
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivered> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Netbox {
    fn drop(&mut self) {
        self.worker.abort();
    }
}

impl Cause {
    /// An edit on the page of an interface.
    fn of_page(interface: u64) -> Self {
        Self {
            user: ADMIN,
            request_id: uuid::Uuid::new_v4().to_string(),
            method: "POST".to_owned(),
            path: format!("/dcim/interfaces/{interface}/edit/"),
        }
    }
}

fn interface_id(world: &World, device: &str, name: &str) -> Option<u64> {
    let device = world.devices.values().find(|row| row.name == device)?.id;
    world.interfaces.values().find(|row| row.device == device && row.name == name).map(|row| row.id)
}
