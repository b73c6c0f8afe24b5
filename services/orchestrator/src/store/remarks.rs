//! What happened to a change without moving it.

use change_model::ChangeId;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, millis, timestamp};

/// One remark.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Remark {
    pub(crate) at: Timestamp,
    /// `decision_refused`, `cost`.
    pub(crate) kind: String,
    pub(crate) detail: String,
}

impl Store {
    /// Adds a remark.
    pub(crate) async fn remark(&self, change: ChangeId, kind: &str, detail: &str) -> sqlx::Result<()> {
        let insert = "INSERT INTO remarks (change_id, at, kind, detail) VALUES (?1, ?2, ?3, ?4)";
        sqlx::query(insert)
            .bind(change.to_string())
            .bind(millis(Timestamp::now()))
            .bind(kind)
            .bind(detail)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// The remarks of a change, oldest first.
    pub(crate) async fn remarks(&self, change: ChangeId) -> sqlx::Result<Vec<Remark>> {
        let select = "SELECT at, kind, detail FROM remarks WHERE change_id = ?1 ORDER BY id";
        let rows = sqlx::query(select).bind(change.to_string()).fetch_all(&self.read).await?;
        let remark = |row: &SqliteRow| -> sqlx::Result<Remark> {
            Ok(Remark {
                at: timestamp(row.try_get("at")?),
                kind: row.try_get("kind")?,
                detail: row.try_get("detail")?,
            })
        };
        rows.iter().map(remark).collect()
    }
}
