//! Whether the store works, and how much waits in it.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use sqlx::Row;

use super::{Pens, Store, millis};

/// How long an answer to whether the store takes writes holds: however often it is asked, no more is written.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// How long the store may take for a small write before it does not count as working.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// Whether the store takes writes, and when that was found out.
#[derive(Default)]
pub(super) struct Probe(tokio::sync::Mutex<Option<(Instant, bool)>>);

impl Probe {
    async fn takes_writes(&self, pens: &Pens, now: Instant) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, works)) = *last
            && now.saturating_duration_since(at) < PROBE_EVERY
        {
            return works;
        }
        let probe =
            "INSERT INTO probe (id, at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET at = excluded.at";
        let write = pens.execute_unsynced(sqlx::query(probe).bind(millis(Timestamp::now())));
        let why = match tokio::time::timeout(PROBE_LIMIT, write).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {} s", PROBE_LIMIT.as_secs())),
        };
        if let Some(why) = &why {
            tracing::error!(error = %why, "The store takes no writes: {why}");
        }
        *last = Some((now, why.is_none()));
        why.is_none()
    }
}

/// How much waits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waiting {
    pub(crate) inbox: i64,
    pub(crate) outbox: i64,
    pub(crate) given_up: i64,
    pub(crate) active_changes: i64,
}

impl Store {
    /// Whether something small can be written: a disk that is full can still be read. As it was within the last 5 s.
    pub(crate) async fn takes_writes(&self) -> bool {
        self.probe.takes_writes(&self.pens, Instant::now()).await
    }

    /// Counts what waits.
    pub(crate) async fn waiting(&self) -> sqlx::Result<Waiting> {
        let count = "SELECT (SELECT count(*) FROM inbox WHERE done_at IS NULL) AS inbox, \
                     (SELECT count(*) FROM outbox WHERE done_at IS NULL AND gave_up_at IS NULL) AS outbox, \
                     (SELECT count(*) FROM outbox WHERE gave_up_at IS NOT NULL AND done_at IS NULL) AS given_up, \
                     (SELECT count(*) FROM changes WHERE active = 1) AS active_changes";
        let row = sqlx::query(count).fetch_one(&self.read).await?;
        Ok(Waiting {
            inbox: row.try_get("inbox")?,
            outbox: row.try_get("outbox")?,
            given_up: row.try_get("given_up")?,
            active_changes: row.try_get("active_changes")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_store_that_takes_no_writes_is_found_out_and_is_not_asked_all_the_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        let start = Instant::now();
        let takes =
            async |seconds| store.probe.takes_writes(&store.pens, start + Duration::from_secs(seconds)).await;
        let set = async |pragma| sqlx::query(pragma).execute(&store.pens.unsynced).await.unwrap();
        assert!(takes(0).await);
        set("PRAGMA query_only = ON").await;
        assert!(takes(4).await, "the answer still holds");
        assert!(!takes(5).await);
        set("PRAGMA query_only = OFF").await;
        assert!(!takes(9).await);
        assert!(takes(10).await);
    }

    /// Where the disk is full, SQLite ends a transaction itself, as is done here by hand.
    #[tokio::test]
    async fn a_transaction_that_sqlite_ended_leaves_a_store_that_takes_writes_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        for is_committed in [false, true, false] {
            let mut tx = store.begin().await.unwrap();
            sqlx::query("ROLLBACK").execute(&mut *tx).await.unwrap();
            if is_committed {
                tx.commit().await.unwrap_err();
            }
        }
        store.begin().await.unwrap().commit().await.unwrap();
    }
}
