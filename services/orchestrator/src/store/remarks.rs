//! What happened to a change without moving it, and what is said in answer to it.

use change_model::ChangeId;
use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};

use super::{Store, changes, millis, timestamp};

/// One remark.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Remark {
    pub(crate) at: Timestamp,
    /// `decision_refused`.
    pub(crate) kind: String,
    pub(crate) detail: String,
}

/// What somebody is told whose decision does not count.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) text: String,
    /// It is in the chat, or may be and cannot be looked for.
    pub(crate) sent: bool,
}

/// The kind of the remark about a decision that does not count.
const REFUSED: &str = "decision_refused";

impl Store {
    /// Records a decision that does not count.
    pub(crate) async fn remark_refused(&self, change: ChangeId, detail: &str) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        insert(&mut tx, change, detail, None).await?;
        tx.commit().await?;
        self.tell_remark(change).await
    }

    /// Records a decision that does not count and came by a webhook, with what is to be said about it: once for each webhook.
    pub(crate) async fn remark_refused_delivery(
        &self,
        (change, delivery): (ChangeId, i64),
        detail: &str,
        text: &str,
    ) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        insert(&mut tx, change, detail, Some(delivery)).await?;
        let reply =
            "INSERT INTO replies (inbox_id, change_id, text) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        sqlx::query(reply).bind(delivery).bind(change.to_string()).bind(text).execute(&mut *tx).await?;
        tx.commit().await?;
        self.tell_remark(change).await
    }

    /// What is said about the decision that came by this webhook, if it was found not to count.
    pub(crate) async fn reply(&self, delivery: i64) -> sqlx::Result<Option<Reply>> {
        let select = "SELECT text, sent FROM replies WHERE inbox_id = ?1";
        let row = sqlx::query(select).bind(delivery).fetch_optional(&self.read).await?;
        let reply = |row: SqliteRow| Ok(Reply { text: row.try_get("text")?, sent: row.try_get("sent")? });
        row.map(reply).transpose()
    }

    /// Records that a reply is in the chat.
    pub(crate) async fn reply_sent(&self, delivery: i64) -> sqlx::Result<()> {
        let update = "UPDATE replies SET sent = 1 WHERE inbox_id = ?1";
        sqlx::query(update).bind(delivery).execute(&self.write).await.map(|_| ())
    }

    /// How many replies of a change with this text are known to be in the chat.
    pub(crate) async fn replies_sent(&self, change: ChangeId, text: &str) -> sqlx::Result<usize> {
        let count = "SELECT count(*) FROM replies WHERE change_id = ?1 AND text = ?2 AND sent = 1";
        let count: i64 =
            sqlx::query_scalar(count).bind(change.to_string()).bind(text).fetch_one(&self.read).await?;
        Ok(usize::try_from(count).unwrap_or(0))
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

    /// Whoever looks at the change sees the remark at once.
    async fn tell_remark(&self, change: ChangeId) -> sqlx::Result<()> {
        if let Some(change) = self.change(change).await? {
            // Nobody listening is fine.
            let _ = self.shared.changed.send(changes::Changed {
                id: change.id,
                state: change.state,
                version: change.version,
            });
        }
        Ok(())
    }
}

async fn insert(
    tx: &mut Transaction<'static, Sqlite>,
    change: ChangeId,
    detail: &str,
    delivery: Option<i64>,
) -> sqlx::Result<()> {
    let insert = "INSERT INTO remarks (change_id, at, kind, detail, delivery) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    sqlx::query(insert)
        .bind(change.to_string())
        .bind(millis(Timestamp::now()))
        .bind(REFUSED)
        .bind(detail)
        .bind(delivery)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
