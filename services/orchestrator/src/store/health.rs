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
