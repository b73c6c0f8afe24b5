//! Changes that begin: a change, the first row of its history and its first effects are one transaction.

use change_model::{ApprovalRule, Change, ChangeId, Event, State, Transition};
use jiff::Timestamp;
use sqlx::{Row, Sqlite, Transaction};

use super::changes::{Transit, add_history, json, load, signed, transit};
use super::{Store, millis, outbox, ticket_states};

/// What was known of a ticket when it was decided that it shall have a new change.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Looked<'a> {
    /// The newest change that it had.
    pub(crate) latest: Option<ChangeId>,
    /// The state that we gave it: on record with the new change, or a look in between would take it for somebody else's doing.
    pub(crate) state_given: Option<&'a str>,
}

/// Whether a change was inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// It was.
    New,
    /// Its ticket has one under way.
    UnderWay,
    /// Its ticket had another one since it was looked at, which ended.
    Overtaken,
}

impl Store {
    /// Inserts a change that was just received, unless its ticket has another one than was looked at.
    pub(crate) async fn insert_change(
        &self,
        received: &Transition,
        looked: Looked<'_>,
    ) -> sqlx::Result<Inserted> {
        let mut tx = self.begin().await?;
        let inserted = insert(&mut tx, received, looked).await?;
        if inserted == Inserted::New {
            tx.commit().await?;
            self.tell(&received.change);
        }
        Ok(inserted)
    }

    /// Ends a change by an event and begins another one of its ticket, or neither.
    pub(crate) async fn replace_change(
        &self,
        old: &Change,
        (event, rule): (&Event, &ApprovalRule),
        received: &Transition,
        state_given: Option<&str>,
    ) -> sqlx::Result<Inserted> {
        let mut tx = self.begin().await?;
        let current = load(&mut tx, old.id).await?.filter(|current| current.version == old.version);
        let Some(current) = current else { return Ok(Inserted::Overtaken) };
        let ended = match transit(&mut tx, &current, event, rule, Timestamp::now()).await? {
            Transit::To(ended) => ended,
            Transit::Refused(_) | Transit::DeviceBusy => return Ok(Inserted::Overtaken),
        };
        let inserted = insert(&mut tx, received, Looked { latest: Some(old.id), state_given }).await?;
        if inserted == Inserted::New {
            tx.commit().await?;
            self.tell(&ended);
            self.tell(&received.change);
        }
        Ok(inserted)
    }
}

async fn insert(
    tx: &mut Transaction<'static, Sqlite>,
    received: &Transition,
    looked: Looked<'_>,
) -> sqlx::Result<Inserted> {
    let change = &received.change;
    let latest = "SELECT id, active FROM changes WHERE ticket_id = ?1 ORDER BY id DESC LIMIT 1";
    let latest = sqlx::query(latest).bind(signed(change.ticket.id)).fetch_optional(&mut **tx).await?;
    if let Some(latest) = latest {
        if latest.try_get("active")? {
            return Ok(Inserted::UnderWay);
        }
        let id: String = latest.try_get("id")?;
        if looked.latest.is_none_or(|looked| looked.to_string() != id) {
            return Ok(Inserted::Overtaken);
        }
    }
    let insert = "INSERT INTO changes (id, version, state, active, holds_device, ticket_id, ticket_number, device, received_at, updated_at, body) \
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING";
    let fresh = sqlx::query(insert)
        .bind(change.id.to_string())
        .bind(signed(change.version))
        .bind(change.state.as_str())
        .bind(change.state.is_active())
        .bind(change.state.holds_device())
        .bind(signed(change.ticket.id))
        .bind(&change.ticket.number)
        .bind(change.names_device().map(|device| device.to_string()))
        .bind(millis(change.received_at))
        .bind(millis(change.updated_at))
        .bind(json(change)?)
        .execute(&mut **tx)
        .await?;
    if fresh.rows_affected() == 0 {
        return Ok(Inserted::UnderWay);
    }
    add_history(tx, change, State::Received, ("received", &change.ticket.number)).await?;
    outbox::enqueue(tx, change, &received.effects, change.received_at).await?;
    if let Some(state) = looked.state_given {
        let given = sqlx::query(ticket_states::GIVEN).bind(change.id.to_string()).bind(state);
        given.bind(millis(change.received_at)).execute(&mut **tx).await?;
    }
    Ok(Inserted::New)
}

#[cfg(test)]
mod tests {
    use change_model::TicketRef;
    use change_model::change::Received;
    use jiff::SignedDuration;
    use uuid::Uuid;

    use super::*;

    fn received(id: ChangeId) -> Transition {
        let ticket = TicketRef { id: 16, number: "16".to_owned() };
        let (title, fields, requesters) = ("A port".to_owned(), [].into(), Vec::new());
        Change::receive(Received { id, ticket, title, fields, requesters, at: Timestamp::now() }).unwrap()
    }

    #[tokio::test]
    async fn a_change_is_replaced_or_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        let (first, second) = (ChangeId::new(Uuid::now_v7()), ChangeId::new(Uuid::now_v7()));
        assert_eq!(store.insert_change(&received(first), Looked::default()).await.unwrap(), Inserted::New);
        let old = store.change(first).await.unwrap().unwrap();
        let rule = ApprovalRule {
            approvers: Vec::new(),
            required: 1,
            allow_self_approval: false,
            same_person: Vec::new(),
            expires_after: SignedDuration::from_hours(1),
        };
        let event = Event::TicketChanged { what: "another rule".to_owned() };

        // One that cannot be inserted: its id is taken.
        let refused = store.replace_change(&old, (&event, &rule), &received(first), None).await;
        assert_eq!(refused.unwrap(), Inserted::UnderWay);
        let still = store.change(first).await.unwrap().unwrap();
        assert_eq!((still.state, still.version), (old.state, old.version));
        assert_eq!(store.history(first).await.unwrap().len(), 1);

        let replaced = store.replace_change(&old, (&event, &rule), &received(second), Some("open")).await;
        assert_eq!(replaced.unwrap(), Inserted::New);
        assert_eq!(store.change(first).await.unwrap().unwrap().state, State::Superseded);
        assert_eq!(store.latest_of_ticket(16).await.unwrap().unwrap().id, second);
        assert_eq!(store.ticket_state(second).await.unwrap().as_deref(), Some("open"));

        // As it was read before: it has moved since.
        let third = received(ChangeId::new(Uuid::now_v7()));
        let late = store.replace_change(&old, (&event, &rule), &third, None).await;
        assert_eq!(late.unwrap(), Inserted::Overtaken);
        assert_eq!(store.latest_of_ticket(16).await.unwrap().unwrap().id, second);
    }
}
