//! The inbox: webhooks, stored before their senders hear 2xx, then worked on one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};
use tokio::sync::{mpsc, oneshot};

use super::{BEGIN, COMMIT, Pens, Shared, Store, millis};

/// Deliveries and outcomes stored in one transaction, and so under one sync to disk, at most.
const BATCH: usize = 256;
/// Writes that may wait for their transaction; beyond, senders wait too.
const QUEUE: usize = 1024;
/// So many at once are a burst, of which more is on its way.
const BURST: usize = 8;
/// How long the rest of a burst is waited for: a transaction more costs all senders about as much.
const GATHER: Duration = Duration::from_millis(1);
/// How often the worker is told of new deliveries while senders of others wait, and would only get in their way.
const RING_EVERY: Duration = Duration::from_millis(10);
/// How long a claimed row is left to its worker.
const LEASE: Duration = Duration::from_secs(120);

/// Webhooks that are forgotten at once, at most: meanwhile nothing else can be written.
const FORGET_AT_ONCE: i64 = 2000;

/// Who sent a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The ticket system.
    Zammad,
    /// The chat: a card was answered.
    WebexCard,
    /// The chat: a message was written.
    WebexMessage,
    /// The source of truth.
    Netbox,
}

impl Source {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Zammad => "zammad",
            Self::WebexCard => "webex_card",
            Self::WebexMessage => "webex_message",
            Self::Netbox => "netbox",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Zammad, Self::WebexCard, Self::WebexMessage, Self::Netbox]
            .into_iter()
            .find(|source| source.as_str() == text)
    }
}

/// One webhook.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) source: Source,
    /// The sender's id of it, or a digest of its body where it gives none.
    pub(crate) key: String,
    pub(crate) says: Says,
}

/// What of a webhook counts, and is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Says {
    /// That something happened to this ticket. All else in it is rendered anew at each attempt, may be old, and is personal data.
    Ticket(i64),
    /// What its body says.
    Body(Vec<u8>),
}

/// A webhook to work on.
#[derive(Debug)]
pub(crate) struct InboxRow {
    pub(crate) id: i64,
    pub(crate) source: Source,
    pub(crate) says: Says,
    pub(crate) attempts: u32,
    pub(crate) received_at: Timestamp,
}

/// The store did not take a delivery, or what came of it; it shall be tried again.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the delivery could not be stored")]
pub(crate) struct NotStored;

type Stored = Result<(), NotStored>;

/// A write that waits for its transaction, and who waits for it.
enum Waiting {
    New(Delivery, oneshot::Sender<Stored>, Sender),
    Settled(Settled, oneshot::Sender<Stored>),
}

/// What came of deliveries that were one piece of work: done, or due again.
struct Settled {
    ids: Vec<i64>,
    done_at: Option<i64>,
    due_at: Option<i64>,
    outcome: String,
}

/// A sender that waits, counted until this is dropped.
struct Sender(Arc<AtomicUsize>);

impl Sender {
    fn new(waiting: &Arc<AtomicUsize>) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting.clone())
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Gathers writes that come together into one transaction: a sync to disk costs the same for one as for many.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Waiting>,
    /// How many senders wait for their webhook to be stored.
    senders: Arc<AtomicUsize>,
}

impl Writer {
    pub(super) fn start(pens: Pens, shared: Arc<Shared>) -> Self {
        let (queue, receiver) = mpsc::channel(QUEUE);
        let senders: Arc<AtomicUsize> = Arc::default();
        tokio::spawn(write_batches(receiver, senders.clone(), pens, shared));
        Self { queue, senders }
    }

    async fn write(&self, waiting: impl FnOnce(oneshot::Sender<Stored>) -> Waiting) -> Stored {
        let (answer, stored) = oneshot::channel();
        self.queue.send(waiting(answer)).await.map_err(|_| NotStored)?;
        stored.await.map_err(|_| NotStored)?
    }
}

/// Takes writes from the queue, stores them together and answers those who wait, until the store is closed.
async fn write_batches(
    mut queue: mpsc::Receiver<Waiting>,
    senders: Arc<AtomicUsize>,
    pens: Pens,
    shared: Arc<Shared>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut rung = Instant::now();
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        if batch.len() >= BURST {
            tokio::time::sleep(GATHER).await;
            while batch.len() < BATCH
                && let Ok(waiting) = queue.try_recv()
            {
                batch.push(waiting);
            }
        }
        let (mut new, mut settled) = (Vec::new(), Vec::new());
        let mut answers = Vec::with_capacity(batch.len());
        for waiting in batch.drain(..) {
            match waiting {
                Waiting::New(delivery, answer, sender) => {
                    new.push(delivery);
                    answers.push((answer, Some(sender)));
                }
                Waiting::Settled(outcome, answer) => {
                    settled.push(outcome);
                    answers.push((answer, None));
                }
            }
        }
        let stored = store(&pens, new, settled).await.map_err(|error| {
            tracing::error!(error = %error, "Cannot store {} writes of the inbox", answers.len());
            NotStored
        });
        for (answer, sender) in answers {
            drop(sender);
            // The sender may have hung up; its delivery is stored all the same.
            let _ = answer.send(stored);
        }
        if senders.load(Ordering::Relaxed) == 0 || rung.elapsed() > RING_EVERY {
            rung = Instant::now();
            shared.work.notify_one();
        }
    }
}

/// Stores a batch. Its statements return one row at most: each row is handed from thread to thread, which costs more than to store one.
async fn store(pens: &Pens, new: Vec<Delivery>, settled: Vec<Settled>) -> sqlx::Result<()> {
    let mut query = QueryBuilder::new(BEGIN);
    let deliveries = new.len();
    for settled in settled {
        push_settled(&mut query, settled);
    }
    if !new.is_empty() {
        push_new(&mut query, new, millis(Timestamp::now()));
    }
    query.push(COMMIT);
    let query = query.build().persistent(false);
    if deliveries == 0 {
        return pens.run_unsynced(query).await.map(drop);
    }
    let rows = pens.run_synced(query).await?;
    let fresh: i64 = rows.first().map_or(Ok(0), |row| row.try_get("fresh"))?;
    let repeated = deliveries.saturating_sub(usize::try_from(fresh).unwrap_or_default());
    metrics::counter!("netchange_webhooks_repeated_total").increment(repeated as u64);
    Ok(())
}

/// Adds the statements that insert new deliveries and their bodies, and tell how many were new. What was there before stays as it is, and
/// of several with one key the first counts.
fn push_new(query: &mut QueryBuilder<Sqlite>, new: Vec<Delivery>, now: i64) {
    query.push("INSERT INTO inbox (source, delivery, ticket_id, received_at, due_at) ");
    query.push_values(&new, |mut row, delivery| {
        let ticket = if let Says::Ticket(ticket) = delivery.says { Some(ticket) } else { None };
        row.push_bind(delivery.source.as_str()).push_bind(delivery.key.clone()).push_bind(ticket);
        row.push_bind(now).push_bind(now);
    });
    query.push(" ON CONFLICT (source, delivery) DO NOTHING; SELECT changes() AS fresh; ");
    let with_body = |delivery: Delivery| match delivery.says {
        Says::Body(body) => Some((delivery.source, delivery.key, body)),
        Says::Ticket(_) => None,
    };
    let mut bodies = new.into_iter().filter_map(with_body).peekable();
    if bodies.peek().is_none() {
        return;
    }
    query.push("INSERT OR IGNORE INTO inbox_bodies (inbox_id, body) SELECT inbox.id, new.column3 FROM (");
    query.push_values(bodies, |mut row, (source, key, body)| {
        row.push_bind(source.as_str()).push_bind(key).push_bind(body);
    });
    query.push(") AS new JOIN inbox ON inbox.source = new.column1 AND inbox.delivery = new.column2; ");
}

/// Adds the statement that keeps what came of deliveries.
fn push_settled(query: &mut QueryBuilder<Sqlite>, settled: Settled) {
    let ids = serde_json::Value::from(settled.ids).to_string();
    query.push("UPDATE inbox SET lease_until = NULL, done_at = ").push_bind(settled.done_at);
    query.push(", due_at = coalesce(").push_bind(settled.due_at);
    query.push(", due_at), outcome = ").push_bind(settled.outcome);
    query.push(" WHERE id IN (SELECT value FROM json_each(").push_bind(ids).push(")); ");
}

/// Due webhooks that nobody works on, oldest first.
pub(super) const CLAIM: &str = "UPDATE inbox SET lease_until = ?2, attempts = attempts + 1 WHERE id IN (SELECT id FROM inbox \
     WHERE done_at IS NULL AND due_at <= ?1 AND (lease_until IS NULL OR lease_until <= ?1) ORDER BY due_at, id LIMIT ?3) \
     RETURNING id, source, ticket_id, attempts, received_at, (SELECT body FROM inbox_bodies WHERE inbox_id = inbox.id) AS body";
/// Webhooks that were worked on long ago.
pub(super) const FORGET: &str = "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE done_at IS NOT NULL AND done_at < ?1 LIMIT ?2)";

impl Store {
    /// Stores a delivery and returns once it is on disk, now or before: one with its key may have come already.
    pub(crate) async fn accept(&self, delivery: Delivery) -> Result<(), NotStored> {
        let sender = Sender::new(&self.inbox.senders);
        self.inbox.write(|answer| Waiting::New(delivery, answer, sender)).await
    }

    /// Whether senders wait for their webhook to be stored.
    pub(crate) fn senders_wait(&self) -> bool {
        self.inbox.senders.load(Ordering::Relaxed) > 0
    }

    /// Takes the next due webhooks under lease, at most so many, oldest first.
    pub(crate) async fn claim_deliveries(&self, now: Timestamp, most: usize) -> sqlx::Result<Vec<InboxRow>> {
        let lease = millis(now) + i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let claim = sqlx::query(CLAIM).bind(millis(now)).bind(lease).bind(most);
        let rows = self.pens.fetch_unsynced(claim).await?;
        let mut rows: Vec<InboxRow> = rows.iter().map(read).collect::<sqlx::Result<_>>()?;
        rows.sort_unstable_by_key(|row| row.id);
        Ok(rows)
    }

    /// Marks webhooks as worked on.
    pub(crate) async fn finish_deliveries(
        &self,
        ids: Vec<i64>,
        outcome: &str,
        now: Timestamp,
    ) -> Result<(), NotStored> {
        let settled = Settled { ids, done_at: Some(millis(now)), due_at: None, outcome: outcome.to_owned() };
        self.inbox.write(|answer| Waiting::Settled(settled, answer)).await
    }

    /// Puts webhooks back, to be worked on later.
    pub(crate) async fn postpone_deliveries(
        &self,
        ids: Vec<i64>,
        due: Timestamp,
        why: &str,
    ) -> Result<(), NotStored> {
        let settled = Settled { ids, done_at: None, due_at: Some(millis(due)), outcome: why.to_owned() };
        self.inbox.write(|answer| Waiting::Settled(settled, answer)).await
    }

    /// Forgets webhooks that were worked on before the given time, some thousand at a time: they hold personal data.
    pub(crate) async fn forget_deliveries(&self, before: Timestamp) -> sqlx::Result<u64> {
        self.pens.execute_unsynced(sqlx::query(FORGET).bind(millis(before)).bind(FORGET_AT_ONCE)).await
    }
}

fn read(row: &SqliteRow) -> sqlx::Result<InboxRow> {
    let source = row.try_get::<&str, _>("source")?;
    let Some(source) = Source::parse(source) else {
        return Err(sqlx::Error::Decode(format!("source {source}").into()));
    };
    let says = match row.try_get("ticket_id")? {
        Some(ticket) => Says::Ticket(ticket),
        None => Says::Body(row.try_get("body")?),
    };
    let (id, attempts) = (row.try_get("id")?, row.try_get("attempts")?);
    Ok(InboxRow { id, source, says, attempts, received_at: super::timestamp(row.try_get("received_at")?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn waiting(store: &Store) -> Vec<InboxRow> {
        store.claim_deliveries(Timestamp::now(), 1000).await.unwrap()
    }

    #[tokio::test]
    async fn deliveries_that_come_together_are_stored_once_each() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        let accept = |number: usize| {
            let key = format!("key {}", number % 10);
            let says = Says::Body(key.clone().into_bytes());
            store.accept(Delivery { source: Source::WebexCard, says, key })
        };
        let stored = futures_util::future::join_all((0..300).map(accept)).await;
        assert!(stored.iter().all(Result::is_ok));
        accept(3).await.unwrap();
        let rows = waiting(&store).await;
        assert_eq!(rows.len(), 10);
        for number in 0..10 {
            let says = Says::Body(format!("key {number}").into_bytes());
            assert!(rows.iter().any(|row| row.says == says), "{number}");
        }
        assert!(waiting(&store).await.is_empty(), "what is under lease is not claimed again");
    }

    #[tokio::test]
    async fn what_webhooks_say_comes_back_whether_they_came_alone_or_together() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        let all = [Says::Ticket(16), Says::Body(b"{}".to_vec()), Says::Ticket(i64::MAX)];
        let accept = |(number, says): (usize, Says)| {
            store.accept(Delivery { source: Source::Zammad, key: number.to_string(), says })
        };
        for pair in all.clone().into_iter().enumerate() {
            accept(pair).await.unwrap();
        }
        let together = all.clone().into_iter().enumerate().map(|(number, says)| accept((number + 3, says)));
        assert!(futures_util::future::join_all(together).await.iter().all(Result::is_ok));
        let said: Vec<Says> = waiting(&store).await.into_iter().map(|row| row.says).collect();
        assert_eq!(said, [all.clone(), all].concat());
    }

    #[tokio::test]
    async fn a_delivery_is_done_or_due_again_and_is_forgotten_with_its_body() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        for key in ["a", "b", "c"] {
            let says = Says::Body(b"{}".to_vec());
            let delivery = Delivery { source: Source::Netbox, key: key.to_owned(), says };
            store.accept(delivery).await.unwrap();
        }
        let rows = waiting(&store).await;
        let now = Timestamp::now();
        assert_eq!(rows.len(), 3);
        // More than one statement of SQLite could take as parameters.
        let ids = [rows[0].id, rows[2].id].into_iter().chain(10..50_000).collect();
        store.finish_deliveries(ids, "done", now).await.unwrap();
        store.postpone_deliveries(vec![rows[1].id], now, "later").await.unwrap();
        let again = waiting(&store).await;
        assert_eq!(again.iter().map(|row| (row.id, row.attempts)).collect::<Vec<_>>(), [(rows[1].id, 2)]);
        let later = now.checked_add(std::time::Duration::from_secs(1)).unwrap();
        assert_eq!(store.forget_deliveries(later).await.unwrap(), 2);
        let bodies: i64 =
            sqlx::query_scalar("SELECT count(*) FROM inbox_bodies").fetch_one(&store.read).await.unwrap();
        assert_eq!(bodies, 1);
    }
}
