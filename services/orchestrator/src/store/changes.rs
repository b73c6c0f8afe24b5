//! Changes and their history: a state, its history row and the effects it asks for are one transaction.

use change_model::{ApprovalRule, Change, ChangeId, Event, Refusal, State};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, Transaction};

use super::{Store, forget, millis, outbox, timestamp};

/// A change moved.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) id: ChangeId,
    pub(crate) state: State,
    pub(crate) version: u64,
}

/// What an event is the result of, to be marked as done with it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Done {
    /// An effect.
    Effect(i64),
    /// An effect that is handed to a person.
    GaveUp(i64),
    /// A webhook, unless the event is refused.
    Delivery(i64),
    /// Something else.
    Nothing,
}

/// What came of an event.
#[derive(Debug)]
pub(crate) enum Applied {
    /// The change moved.
    Moved(Box<Change>),
    /// The event did not belong to its state.
    Refused(Refusal),
    /// The change moved since it was judged: judge again.
    Stale,
    /// Another change works on the device.
    DeviceBusy,
    /// There is no such change.
    Unknown,
}

/// One row of a change's history.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct HistoryRow {
    pub(crate) version: u64,
    pub(crate) at: Timestamp,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) event: String,
    pub(crate) detail: String,
}

/// Which changes to list; newest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChangeFilter {
    pub(crate) state: Option<State>,
    pub(crate) ticket_number: Option<String>,
    pub(crate) device: Option<String>,
    /// Only changes older than this one.
    pub(crate) after: Option<ChangeId>,
    pub(crate) limit: u32,
}

impl Store {
    /// Applies an event: new state, history and effects, and what the event came from is done, all or nothing.
    pub(crate) async fn apply(
        &self,
        id: ChangeId,
        event: &Event,
        rule: &ApprovalRule,
        done: Done,
    ) -> sqlx::Result<Applied> {
        self.move_on((id, None), event, rule, done).await
    }

    /// Applies an event that is the judgement of a change as it was read: if the change moved since, it is [`Applied::Stale`]. Two approvals
    /// that come at once are so counted one after the other.
    pub(crate) async fn apply_judged(
        &self,
        judged: &Change,
        event: &Event,
        rule: &ApprovalRule,
        done: Done,
    ) -> sqlx::Result<Applied> {
        self.move_on((judged.id, Some(judged.version)), event, rule, done).await
    }

    async fn move_on(
        &self,
        (id, version): (ChangeId, Option<u64>),
        event: &Event,
        rule: &ApprovalRule,
        done: Done,
    ) -> sqlx::Result<Applied> {
        let now = Timestamp::now();
        let mut tx = self.begin().await?;
        let Some(change) = load(&mut tx, id).await? else { return Ok(Applied::Unknown) };
        if version.is_some_and(|version| version != change.version) {
            return Ok(Applied::Stale);
        }
        if forget::is_forgotten(&mut tx, done).await? {
            tx.commit().await?;
            return Ok(Applied::Refused(Refusal { state: change.state, event: event.name() }));
        }
        let next = match transit(&mut tx, &change, event, rule, now).await? {
            Transit::To(next) => next,
            Transit::DeviceBusy => return Ok(Applied::DeviceBusy),
            Transit::Refused(refusal) => {
                if !matches!(done, Done::Delivery(_)) {
                    finish(&mut tx, done, event, now).await?;
                    tx.commit().await?;
                }
                return Ok(Applied::Refused(refusal));
            }
        };
        finish(&mut tx, done, event, now).await?;
        tx.commit().await?;
        self.tell(&next);
        Ok(Applied::Moved(next))
    }

    pub(super) fn tell(&self, change: &Change) {
        self.ring();
        // Nobody listening is fine.
        let _ =
            self.shared.changed.send(Changed { id: change.id, state: change.state, version: change.version });
    }

    /// One change.
    pub(crate) async fn change(&self, id: ChangeId) -> sqlx::Result<Option<Change>> {
        let row = sqlx::query("SELECT body FROM changes WHERE id = ?1")
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// The newest change of a ticket.
    pub(crate) async fn latest_of_ticket(&self, ticket_id: u64) -> sqlx::Result<Option<Change>> {
        let select = "SELECT body FROM changes WHERE ticket_id = ?1 ORDER BY id DESC LIMIT 1";
        let row = sqlx::query(select).bind(signed(ticket_id)).fetch_optional(&self.read).await?;
        row.as_ref().map(read).transpose()
    }

    /// Changes, newest first.
    pub(crate) async fn changes(&self, filter: &ChangeFilter) -> sqlx::Result<Vec<Change>> {
        // Only what is asked for stands in the statement, so that an index serves it.
        let mut query = QueryBuilder::<Sqlite>::new("SELECT body FROM changes WHERE true");
        if let Some(state) = filter.state {
            query.push(" AND state = ").push_bind(state.as_str());
        }
        if let Some(number) = &filter.ticket_number {
            query.push(" AND ticket_number = ").push_bind(number);
        }
        if let Some(device) = &filter.device {
            query.push(" AND device = ").push_bind(device);
        }
        if let Some(after) = filter.after {
            query.push(" AND id < ").push_bind(after.to_string());
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(filter.limit);
        let rows = query.build().fetch_all(&self.read).await?;
        rows.iter().map(read).collect()
    }

    /// The history of a change, oldest first.
    pub(crate) async fn history(&self, id: ChangeId) -> sqlx::Result<Vec<HistoryRow>> {
        let select = "SELECT version, at, from_state, to_state, event, detail FROM history WHERE change_id = ?1 ORDER BY version";
        let rows = sqlx::query(select).bind(id.to_string()).fetch_all(&self.read).await?;
        let history = |row: &SqliteRow| -> sqlx::Result<HistoryRow> {
            Ok(HistoryRow {
                version: row.try_get::<i64, _>("version")?.unsigned_abs(),
                at: timestamp(row.try_get("at")?),
                from: row.try_get("from_state")?,
                to: row.try_get("to_state")?,
                event: row.try_get("event")?,
                detail: row.try_get("detail")?,
            })
        };
        rows.iter().map(history).collect()
    }
}

/// What an event made of a change.
pub(super) enum Transit {
    To(Box<Change>),
    Refused(Refusal),
    DeviceBusy,
}

/// Moves a change by an event: its state, its history, and the effects that it asks for or does not wait for any more.
pub(super) async fn transit(
    tx: &mut Transaction<'static, Sqlite>,
    change: &Change,
    event: &Event,
    rule: &ApprovalRule,
    now: Timestamp,
) -> sqlx::Result<Transit> {
    let transition = match change.on(event, rule, now) {
        Ok(transition) => transition,
        Err(refusal) => return Ok(Transit::Refused(refusal)),
    };
    match update(tx, change, &transition.change).await {
        Ok(()) => {}
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(Transit::DeviceBusy),
        Err(error) => return Err(error),
    }
    let next = transition.change;
    let detail = event.detail();
    add_history(tx, &next, change.state, (event.name(), &detail)).await?;
    if change.state == State::PendingApproval && next.state != State::PendingApproval {
        // Whoever is still to be asked need not be: nothing waits for the chat any more.
        forget::all(tx, forget::ASKED_ENOUGH, change.id, now).await?;
    }
    match event {
        Event::Retried { .. } => forget::revive(tx, change, now).await?,
        Event::Cancelled { .. } => forget::all(tx, forget::WORK, change.id, now).await?,
        _ => {}
    }
    if change.state == State::Indeterminate && next.state != State::Indeterminate {
        forget::all(tx, forget::READING, change.id, now).await?;
    }
    outbox::enqueue(tx, &next, &transition.effects, now).await?;
    if !next.state.is_active() {
        forget::timers(tx, &next, now).await?;
    }
    Ok(Transit::To(Box::new(next)))
}

pub(super) async fn load(
    tx: &mut Transaction<'static, Sqlite>,
    id: ChangeId,
) -> sqlx::Result<Option<Change>> {
    let row = sqlx::query("SELECT body FROM changes WHERE id = ?1")
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(read).transpose()
}

async fn update(tx: &mut Transaction<'static, Sqlite>, before: &Change, after: &Change) -> sqlx::Result<()> {
    let update = "UPDATE changes SET version = ?3, state = ?4, active = ?5, holds_device = ?6, device = ?7, updated_at = ?8, body = ?9 \
                  WHERE id = ?1 AND version = ?2";
    let updated = sqlx::query(update)
        .bind(after.id.to_string())
        .bind(signed(before.version))
        .bind(signed(after.version))
        .bind(after.state.as_str())
        .bind(after.state.is_active())
        .bind(after.state.holds_device())
        .bind(after.names_device().map(|device| device.to_string()))
        .bind(millis(after.updated_at))
        .bind(json(after)?)
        .execute(&mut **tx)
        .await?;
    // Somebody else moved it since it was read; the transaction is rolled back and the event comes again.
    if updated.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

pub(super) async fn add_history(
    tx: &mut Transaction<'static, Sqlite>,
    change: &Change,
    from: State,
    (event, detail): (&str, &str),
) -> sqlx::Result<()> {
    let insert = "INSERT INTO history (change_id, version, at, from_state, to_state, event, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    sqlx::query(insert)
        .bind(change.id.to_string())
        .bind(signed(change.version))
        .bind(millis(change.updated_at))
        .bind(from.as_str())
        .bind(change.state.as_str())
        .bind(event)
        .bind(detail)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn finish(
    tx: &mut Transaction<'static, Sqlite>,
    done: Done,
    event: &Event,
    now: Timestamp,
) -> sqlx::Result<()> {
    match done {
        Done::Nothing => {}
        Done::Effect(id) => {
            let finish = "UPDATE outbox SET done_at = ?2, lease_until = NULL WHERE id = ?1";
            sqlx::query(finish).bind(id).bind(millis(now)).execute(&mut **tx).await?;
        }
        Done::GaveUp(id) => {
            let give_up =
                "UPDATE outbox SET gave_up_at = ?2, last_error = ?3, lease_until = NULL WHERE id = ?1";
            sqlx::query(give_up).bind(id).bind(millis(now)).bind(event.detail()).execute(&mut **tx).await?;
        }
        Done::Delivery(id) => {
            let finish = "UPDATE inbox SET done_at = ?2, outcome = ?3, lease_until = NULL WHERE id = ?1";
            sqlx::query(finish).bind(id).bind(millis(now)).bind(event.name()).execute(&mut **tx).await?;
        }
    }
    Ok(())
}

fn read(row: &SqliteRow) -> sqlx::Result<Change> {
    let body: String = row.try_get("body")?;
    serde_json::from_str(&body).map_err(|error| sqlx::Error::Decode(error.into()))
}

pub(super) fn json(change: &Change) -> sqlx::Result<String> {
    serde_json::to_string(change).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// SQL integers are signed; ids and versions never get near the limit.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
