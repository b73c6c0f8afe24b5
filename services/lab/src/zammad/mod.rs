//! The ticket system: a stand-in for Zammad with its API, its webhooks and a few pages.
//!
//! Faithful to Zammad's documented and recorded behaviour where a client can notice: 403 without credentials and 401 with wrong ones; a write
//! with its article is done wholly or not at all; unknown attributes are dropped in silence; states and select values that are not offered are
//! refused; webhooks are signed, tried five times, and rendered anew at each attempt.

mod api;
mod auth;
mod delivery;
mod error;
mod examples;
mod html;
mod model;
mod pages;
mod render;
mod search;
mod seed;
mod serve;
mod setup;
mod trigger;
mod views;
mod write;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Data;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::auth::Caller;
use self::delivery::{Log, Sender};
use self::model::Store;
use self::trigger::Firing;
use self::write::Written;
use crate::faults::{FaultBoard, System};
use crate::http::Server;
use crate::settings::LabSettings;

pub use self::delivery::{Delivery, Outcome, RawDelivery};
pub use self::error::Refusal;

/// Limit for webhooks under way when the stand-in is stopped.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// The ticket system, running.
pub struct Zammad {
    server: Server,
    shared: Data<Shared>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// What the API, the pages and the in-process methods share.
struct Shared {
    store: Arc<Mutex<Store>>,
    queue: UnboundedSender<Firing>,
    log: Arc<Log>,
    requests: AtomicU64,
    bot_token: String,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fires what a write fires. The store is locked, so webhooks are queued in the order of the writes.
    fn fire(&self, store: &Store, written: &Written) {
        for firing in store.firings(written) {
            // An error means that the stand-in is being stopped.
            let _ = self.queue.send(firing);
        }
    }
}

impl Zammad {
    /// Starts it.
    ///
    /// # Errors
    /// When the port cannot be bound or no HTTP client can be made.
    pub async fn start(settings: &LabSettings, faults: Arc<FaultBoard>) -> io::Result<Self> {
        let store = Arc::new(Mutex::new(seed::store(settings)));
        let (queue, receiver) = unbounded_channel();
        let log = Arc::new(Log::default());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let sender = Sender {
            http: delivery::http().map_err(io::Error::other)?,
            store: store.clone(),
            faults: faults.clone(),
            log: log.clone(),
            waits: settings.zammad_retry_waits,
            stop: stop.clone(),
            tasks: tasks.clone(),
        };
        tasks.spawn(sender.run(receiver));
        let bot_token = settings.zammad_token.clone();
        let shared = Data::new(Shared { store, queue, log, requests: AtomicU64::new(0), bot_token });
        let routes = {
            let shared = shared.clone();
            move |config: &mut actix_web::web::ServiceConfig| {
                config.app_data(shared.clone()).configure(pages::routes).configure(serve::routes);
            }
        };
        let server = Server::start(settings, settings.ports.zammad, (System::Zammad, faults), routes)?;
        Ok(Self { server, shared, stop, tasks })
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Stops it, webhooks under way included.
    pub async fn stop(&self) {
        self.server.stop().await;
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_LIMIT, self.tasks.wait()).await.is_err() {
            tracing::warn!("Zammad's stand-in was stopped with webhooks under way");
        }
    }

    /// A ticket as `GET /tickets/{id}?expand=true` shows it; null if there is none.
    #[must_use]
    pub fn ticket(&self, id: u64) -> Value {
        let store = self.shared.lock();
        store.tickets.get(&id).map_or(Value::Null, |ticket| Value::Object(store.expanded_json(ticket)))
    }

    /// The id of the ticket with this number.
    #[must_use]
    pub fn ticket_id(&self, number: &str) -> Option<u64> {
        self.shared.lock().ticket_by_number(number).map(|ticket| ticket.id)
    }

    /// The articles of a ticket, oldest first, as the API shows them.
    #[must_use]
    pub fn articles(&self, id: u64) -> Vec<Value> {
        let store = self.shared.lock();
        store.articles_of(id).into_iter().map(|article| store.article_json(article)).collect()
    }

    /// Creates a ticket as the agent, from the body of `POST /tickets`; triggers fire. The ticket comes back expanded.
    ///
    /// # Errors
    /// What the API would refuse with.
    pub fn create_ticket(&self, body: &Value) -> Result<Value, Refusal> {
        self.write(|store| store.create_ticket(&seed::object(body.clone()), Caller::AGENT))
    }

    /// Changes a ticket as the agent, from the body of `PUT /tickets/{id}`; triggers fire. The ticket comes back expanded.
    ///
    /// # Errors
    /// What the API would refuse with.
    pub fn update_ticket(&self, id: u64, body: &Value) -> Result<Value, Refusal> {
        self.write(|store| store.update_ticket(id, &seed::object(body.clone()), Caller::AGENT))
    }

    fn write(&self, work: impl FnOnce(&mut Store) -> Result<Written, Refusal>) -> Result<Value, Refusal> {
        let mut store = self.shared.lock();
        let written = work(&mut store)?;
        self.shared.fire(&store, &written);
        let ticket = store.tickets.get(&written.ticket_id);
        Ok(ticket.map_or(Value::Null, |ticket| Value::Object(store.expanded_json(ticket))))
    }

    /// A token of the agent who files tickets for the requester.
    #[must_use]
    pub fn user_token(&self) -> &'static str {
        auth::AGENT_TOKEN
    }

    /// A token of the administrator, for set-up calls.
    #[must_use]
    pub fn admin_token(&self) -> &'static str {
        auth::ADMIN_TOKEN
    }

    /// API requests that came in so far; those that a fault struck down before are not counted.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// All attempts to deliver webhooks so far, in the order in which they ended.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.log.all()
    }

    /// The webhook that a ticket would send now (with its last article, under a new delivery id), to be repeated or forged; `None` if there is no
    /// such ticket or no active trigger with an active webhook.
    #[must_use]
    pub fn raw_delivery(&self, ticket_id: u64) -> Option<RawDelivery> {
        let store = self.shared.lock();
        let article_id = store.tickets.get(&ticket_id)?.article_ids.last().copied();
        let number = |map: &serde_json::Map<String, Value>, name: &str| map.get(name).and_then(write::number);
        store.triggers.iter().find_map(|trigger| {
            let perform = trigger.get("perform")?.get("notification.webhook")?;
            let firing = Firing {
                trigger_id: number(trigger, "id")?,
                webhook_id: write::number(perform.get("webhook_id")?)?,
                ticket_id,
                article_id,
            };
            RawDelivery::render(&store, &firing, &uuid::Uuid::new_v4().to_string())
        })
    }

    /// Takes a state out of the ticket's state filter, or puts it back: older servers leave states made through the API out of it.
    pub fn offer_state(&self, name: &str, offered: bool) {
        for state in self.shared.lock().states.iter_mut().filter(|state| state.name == name) {
            state.selectable = offered;
        }
    }

    /// How long a written ticket is not found by a search with `query` (never by one with `condition`).
    pub fn set_index_delay(&self, delay: Duration) {
        self.shared.lock().index_delay = delay;
    }
}
