//! The cards on record.

use change_model::ChangeId;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, millis};

/// A card that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    pub(crate) message_id: String,
    pub(crate) change_id: ChangeId,
    /// Which plan of the change it showed.
    pub(crate) round: u32,
    pub(crate) recipient: String,
    pub(crate) room_id: String,
    /// What it shows now; `pending` while it has buttons.
    pub(crate) shows: String,
}

pub(super) const COLUMNS: &str = "message_id, change_id, round, recipient, room_id, shows";

impl Store {
    /// Records a card. The first one for a recipient and plan stays.
    pub(crate) async fn add_card(&self, card: &Card, now: Timestamp) -> sqlx::Result<()> {
        let insert = "INSERT INTO cards (message_id, change_id, round, recipient, room_id, sent_at, shows) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                      ON CONFLICT DO NOTHING";
        sqlx::query(insert)
            .bind(&card.message_id)
            .bind(card.change_id.to_string())
            .bind(card.round)
            .bind(&card.recipient)
            .bind(&card.room_id)
            .bind(millis(now))
            .bind(&card.shows)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// The card of a chat message.
    pub(crate) async fn card(&self, message_id: &str) -> sqlx::Result<Option<Card>> {
        let select = format!("SELECT {COLUMNS} FROM cards WHERE message_id = ?1");
        let row =
            sqlx::query(sqlx::AssertSqlSafe(select)).bind(message_id).fetch_optional(&self.read).await?;
        row.as_ref().map(read).transpose()
    }

    /// Every card of a change.
    pub(crate) async fn cards(&self, change: ChangeId) -> sqlx::Result<Vec<Card>> {
        let select = format!("SELECT {COLUMNS} FROM cards WHERE change_id = ?1 ORDER BY sent_at, message_id");
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(select)).bind(change.to_string()).fetch_all(&self.read).await?;
        rows.iter().map(read).collect()
    }

    /// Records what a card shows now, and under which message.
    pub(crate) async fn card_shows(&self, card: &Card, message_id: &str, shows: &str) -> sqlx::Result<()> {
        let update = "UPDATE cards SET message_id = ?2, shows = ?3 WHERE message_id = ?1";
        sqlx::query(update).bind(&card.message_id).bind(message_id).bind(shows).execute(&self.write).await?;
        Ok(())
    }
}

fn read(row: &SqliteRow) -> sqlx::Result<Card> {
    let change_id: String = row.try_get("change_id")?;
    Ok(Card {
        message_id: row.try_get("message_id")?,
        change_id: change_id
            .parse()
            .map_err(|error: change_model::name::NameError| sqlx::Error::Decode(error.into()))?,
        round: row.try_get("round")?,
        recipient: row.try_get("recipient")?,
        room_id: row.try_get("room_id")?,
        shows: row.try_get("shows")?,
    })
}
