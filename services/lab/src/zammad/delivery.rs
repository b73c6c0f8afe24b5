//! Sending webhooks: signed, with five attempts, each rendered anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Map, Value};
use sha1::Sha1;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::model::Store;
use super::render::wire;
use super::trigger::Firing;
use crate::faults::{FaultAction, FaultBoard, Point, System};

/// Limit for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Limit between two reads.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Limit for one attempt.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);
/// Attempts that are kept in the log; older ones are forgotten.
const LOG_LIMIT: usize = 10_000;

/// One attempt to deliver a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The id in `X-Zammad-Delivery`, the same for all attempts.
    pub id: String,
    /// The ticket it tells of.
    pub ticket_id: u64,
    /// 1 to 5; 0 for one that a fault lost.
    pub attempt: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// When it ended.
    pub at: Timestamp,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered with this status; 2xx is success.
    Answered(u16),
    /// There was no answer.
    Failed(String),
    /// A fault lost the webhook; nothing was sent.
    Lost,
    /// Ticket, trigger or webhook is gone or switched off; nothing was sent.
    Cancelled,
}

impl Delivery {
    /// Whether the receiver took it.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        matches!(self.outcome, Outcome::Answered(200..=299))
    }
}

/// A webhook ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawDelivery {
    /// Where to.
    pub url: String,
    /// Header names and values, the signature among them.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl RawDelivery {
    /// Renders and signs the webhook as of now; `None` if something it needs is gone or switched off.
    pub(super) fn render(store: &Store, firing: &Firing, id: &str) -> Option<Self> {
        let by_id = |things: &'_ [Map<String, Value>], id: u64| {
            things.iter().find(|thing| thing.get("id") == Some(&Value::from(id))).cloned()
        };
        let trigger = by_id(&store.triggers, firing.trigger_id)?;
        let webhook = by_id(&store.webhooks, firing.webhook_id)?;
        if webhook.get("active") == Some(&Value::Bool(false)) {
            return None;
        }
        let ticket = store.tickets.get(&firing.ticket_id)?;
        let article = firing.article_id.and_then(|id| store.articles.get(&id));
        let body = wire(&store.payload(ticket, article));
        let text = |thing: &Map<String, Value>, name: &str| {
            thing.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let mut headers = vec![
            ("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned()),
            ("User-Agent".to_owned(), "Zammad User Agent".to_owned()),
            ("X-Zammad-Trigger".to_owned(), text(&trigger, "name")),
            ("X-Zammad-Delivery".to_owned(), id.to_owned()),
        ];
        let secret = text(&webhook, "signature_token");
        if !secret.is_empty() {
            headers.push(("X-Hub-Signature".to_owned(), sign(&secret, &body)?));
        }
        Some(Self { url: text(&webhook, "endpoint"), headers, body })
    }
}

/// `sha1=` and the hex HMAC-SHA1 of the body.
fn sign(secret: &str, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(body);
    Some(format!("sha1={}", hex::encode(mac.finalize().into_bytes())))
}

/// The log of attempts.
#[derive(Default)]
pub(super) struct Log(Mutex<Vec<Delivery>>);

impl Log {
    pub(super) fn all(&self) -> Vec<Delivery> {
        self.lock().clone()
    }

    fn add(&self, firing: &Firing, id: &str, attempt: u32, outcome: Outcome) {
        let mut log = self.lock();
        if log.len() >= LOG_LIMIT {
            log.drain(..LOG_LIMIT / 2);
        }
        log.push(Delivery {
            id: id.to_owned(),
            ticket_id: firing.ticket_id,
            attempt,
            outcome,
            at: Timestamp::now(),
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Delivery>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends webhooks until it is stopped.
#[derive(Clone)]
pub(super) struct Sender {
    pub(super) http: reqwest::Client,
    pub(super) store: Arc<Mutex<Store>>,
    pub(super) faults: Arc<FaultBoard>,
    pub(super) log: Arc<Log>,
    pub(super) waits: [Duration; 4],
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

/// The HTTP client with Zammad's limits, which follows no redirect and makes a connection for each webhook (Ruby's `Net::HTTP`, not started).
pub(super) fn http() -> reqwest::Result<reqwest::Client> {
    // Another part of the process may have installed a provider before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .timeout(TOTAL_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()
}

impl Sender {
    /// Takes firings off the queue, each to be delivered beside the others.
    pub(super) async fn run(self, mut queue: UnboundedReceiver<Firing>) {
        loop {
            let firing = tokio::select! {
                () = self.stop.cancelled() => return,
                firing = queue.recv() => firing,
            };
            let Some(firing) = firing else { return };
            self.begin(&firing);
        }
    }

    /// Starts the delivery, as the faults will have it.
    fn begin(&self, firing: &Firing) {
        let id = Uuid::new_v4().to_string();
        let path = self.path(firing, &id);
        let mut copies = 1;
        let mut waits = Vec::new();
        for fault in self.faults.strike(System::Zammad, Point::Webhook, "POST", &path) {
            match fault.action {
                FaultAction::Lose => copies = 0,
                FaultAction::Double => copies *= 2,
                FaultAction::Delay { .. } | FaultAction::Hold => waits.push(fault),
                FaultAction::Status { .. }
                | FaultAction::StatusAfter { .. }
                | FaultAction::Reset
                | FaultAction::DropReply
                | FaultAction::ResetAfter
                | FaultAction::RpcError { .. }
                | FaultAction::CutAfterBytesIn { .. }
                | FaultAction::CutAfterBytesOut { .. } => {}
            }
        }
        if copies == 0 {
            self.log.add(firing, &id, 0, Outcome::Lost);
        }
        for _ in 0..copies {
            let (sender, firing, id, waits) = (self.clone(), firing.clone(), id.clone(), waits.clone());
            self.tasks.spawn(async move {
                let stop = sender.stop.clone();
                let work = async {
                    for fault in &waits {
                        sender.faults.wait(fault).await;
                    }
                    sender.deliver(&firing, &id).await;
                };
                let _ = stop.run_until_cancelled(work).await;
            });
        }
    }

    fn path(&self, firing: &Firing, id: &str) -> String {
        let raw = RawDelivery::render(&self.lock(), firing, id);
        let url = raw.and_then(|raw| reqwest::Url::parse(&raw.url).ok());
        url.map(|url| url.path().to_owned()).unwrap_or_default()
    }

    async fn deliver(&self, firing: &Firing, id: &str) {
        for attempt in 1..=5 {
            let Some(raw) = RawDelivery::render(&self.lock(), firing, id) else {
                self.log.add(firing, id, attempt, Outcome::Cancelled);
                return;
            };
            let outcome = self.post(raw).await;
            let done = matches!(outcome, Outcome::Answered(200..=299));
            self.log.add(firing, id, attempt, outcome);
            match self.waits.get(attempt as usize - 1) {
                Some(wait) if !done => tokio::time::sleep(*wait).await,
                _ => return,
            }
        }
    }

    async fn post(&self, raw: RawDelivery) -> Outcome {
        let mut request = self.http.post(&raw.url);
        for (name, value) in raw.headers {
            request = request.header(name, value);
        }
        match request.body(raw.body).send().await {
            Ok(answer) => Outcome::Answered(answer.status().as_u16()),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
