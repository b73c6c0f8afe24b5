//! Whether the store works, and how much waits in it.

use sqlx::Row;

use super::Store;

/// How much waits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waiting {
    pub(crate) inbox: i64,
    pub(crate) outbox: i64,
    pub(crate) given_up: i64,
    pub(crate) active_changes: i64,
}

impl Store {
    /// Asks the store for something small.
    pub(crate) async fn ping(&self) -> sqlx::Result<()> {
        sqlx::query("SELECT 1").execute(&self.read).await.map(|_| ())
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
