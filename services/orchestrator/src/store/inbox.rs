//! The inbox: webhooks, stored before their senders hear 2xx, then worked on one by one.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::{Row, SqlitePool};
use tokio::sync::{mpsc, oneshot};

use super::{Shared, Store, millis};

/// Deliveries stored in one transaction, and so under one sync to disk, at most.
const BATCH: usize = 256;
/// Deliveries that may wait for their transaction; beyond, senders wait too.
const QUEUE: usize = 1024;
/// How long a claimed row is left to its worker.
const LEASE: Duration = Duration::from_secs(120);

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
    pub(crate) body: Vec<u8>,
}

/// A webhook to work on.
#[derive(Debug)]
pub(crate) struct InboxRow {
    pub(crate) id: i64,
    pub(crate) source: Source,
    pub(crate) body: Vec<u8>,
    pub(crate) attempts: u32,
    pub(crate) received_at: Timestamp,
}

/// The store did not take a delivery; its sender shall try again.
#[derive(Debug, thiserror::Error)]
#[error("the delivery could not be stored")]
pub(crate) struct NotStored;

type Waiting = (Delivery, oneshot::Sender<Result<bool, NotStored>>);

/// Gathers deliveries that arrive together into one transaction: a sync to disk costs the same for one as for many.
#[derive(Clone)]
pub(super) struct Acceptor(mpsc::Sender<Waiting>);

impl Acceptor {
    pub(super) fn start(pool: SqlitePool, shared: Arc<Shared>) -> Self {
        let (sender, mut receiver) = mpsc::channel::<Waiting>(QUEUE);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while receiver.recv_many(&mut batch, BATCH).await > 0 {
                let stored = store(&pool, &batch).await;
                if let Err(error) = &stored {
                    tracing::error!(error = %error, "Cannot store {} deliveries", batch.len());
                }
                let mut fresh = stored.ok().map(Vec::into_iter);
                for (_, answer) in batch.drain(..) {
                    let result = fresh.as_mut().and_then(Iterator::next).ok_or(NotStored);
                    // The sender may have hung up; its delivery is stored all the same.
                    let _ = answer.send(result);
                }
                shared.work.notify_one();
            }
        });
        Self(sender)
    }
}

/// Stores a batch; tells for each whether it is new.
async fn store(pool: &SqlitePool, batch: &[Waiting]) -> sqlx::Result<Vec<bool>> {
    let now = millis(Timestamp::now());
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let mut fresh = Vec::with_capacity(batch.len());
    for (delivery, _) in batch {
        let insert = "INSERT INTO inbox (source, delivery, body, received_at, due_at) VALUES (?1, ?2, ?3, ?4, ?4) \
                      ON CONFLICT (source, delivery) DO NOTHING";
        let query = sqlx::query(insert)
            .bind(delivery.source.as_str())
            .bind(&delivery.key)
            .bind(&delivery.body)
            .bind(now);
        fresh.push(query.execute(&mut *tx).await?.rows_affected() == 1);
    }
    tx.commit().await?;
    Ok(fresh)
}

impl Store {
    /// Stores a delivery and returns once it is on disk: `true` if it is new, `false` if it was there before.
    pub(crate) async fn accept(&self, delivery: Delivery) -> Result<bool, NotStored> {
        let (answer, stored) = oneshot::channel();
        self.inbox.0.send((delivery, answer)).await.map_err(|_| NotStored)?;
        stored.await.map_err(|_| NotStored)?
    }

    /// Takes the next due webhook under lease.
    pub(crate) async fn claim_delivery(&self, now: Timestamp) -> sqlx::Result<Option<InboxRow>> {
        let claim = "UPDATE inbox SET lease_until = ?2, attempts = attempts + 1 WHERE id = (SELECT id FROM inbox WHERE done_at IS NULL \
                     AND due_at <= ?1 AND (lease_until IS NULL OR lease_until <= ?1) ORDER BY due_at, id LIMIT 1) \
                     RETURNING id, source, body, attempts, received_at";
        let lease = millis(now) + i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
        let row = sqlx::query(claim).bind(millis(now)).bind(lease).fetch_optional(&self.write).await?;
        let Some(row) = row else { return Ok(None) };
        let source = row.try_get::<String, _>("source")?;
        let Some(source) = Source::parse(&source) else {
            return Err(sqlx::Error::Decode(format!("source {source}").into()));
        };
        Ok(Some(InboxRow {
            id: row.try_get("id")?,
            source,
            body: row.try_get("body")?,
            attempts: row.try_get("attempts")?,
            received_at: super::timestamp(row.try_get("received_at")?),
        }))
    }

    /// Marks a webhook as worked on.
    pub(crate) async fn finish_delivery(&self, id: i64, outcome: &str, now: Timestamp) -> sqlx::Result<()> {
        let finish = "UPDATE inbox SET done_at = ?2, outcome = ?3, lease_until = NULL WHERE id = ?1";
        sqlx::query(finish).bind(id).bind(millis(now)).bind(outcome).execute(&self.write).await?;
        Ok(())
    }

    /// Puts a webhook back, to be worked on later.
    pub(crate) async fn postpone_delivery(&self, id: i64, due: Timestamp, why: &str) -> sqlx::Result<()> {
        let postpone = "UPDATE inbox SET due_at = ?2, outcome = ?3, lease_until = NULL WHERE id = ?1";
        sqlx::query(postpone).bind(id).bind(millis(due)).bind(why).execute(&self.write).await?;
        Ok(())
    }

    /// Forgets webhooks that were worked on before the given time: they hold personal data.
    pub(crate) async fn forget_deliveries(&self, before: Timestamp) -> sqlx::Result<u64> {
        let forget = "DELETE FROM inbox WHERE done_at IS NOT NULL AND done_at < ?1";
        Ok(sqlx::query(forget).bind(millis(before)).execute(&self.write).await?.rows_affected())
    }
}
