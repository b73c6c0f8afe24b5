//! The state that we last gave to a change's ticket.

use change_model::ChangeId;
use jiff::Timestamp;

use super::{Store, millis};

/// Records the state that we gave to a change's ticket.
pub(super) const GIVEN: &str = "INSERT INTO ticket_states (change_id, state, at) VALUES (?1, ?2, ?3) \
                                ON CONFLICT (change_id) DO UPDATE SET state = excluded.state, at = excluded.at";

impl Store {
    /// Records the state that we gave to the ticket.
    pub(crate) async fn ticket_is(&self, change: ChangeId, state: &str, now: Timestamp) -> sqlx::Result<()> {
        sqlx::query(GIVEN)
            .bind(change.to_string())
            .bind(state)
            .bind(millis(now))
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// The state that we last gave to the ticket.
    pub(crate) async fn ticket_state(&self, change: ChangeId) -> sqlx::Result<Option<String>> {
        let select = "SELECT state FROM ticket_states WHERE change_id = ?1";
        sqlx::query_scalar(select).bind(change.to_string()).fetch_optional(&self.read).await
    }
}
