//! The outbox: effects, taken under lease, retried, handed to a person at last, never dropped.

use std::time::Duration;

use change_model::{ChangeId, Effect, Lane};
use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};

use super::{Store, millis, timestamp};

/// How long a claimed effect is left to its worker before another may take it; the worker renews it while it works.
pub(crate) const LEASE: Duration = Duration::from_secs(120);

/// An effect to be run.
#[derive(Debug, Clone)]
pub(crate) struct OutboxRow {
    pub(crate) id: i64,
    pub(crate) change_id: ChangeId,
    pub(crate) effect: Effect,
    /// Counts this attempt.
    pub(crate) attempts: u32,
    pub(crate) first_attempt_at: Timestamp,
    /// When this attempt was begun.
    pub(crate) claimed_at: Timestamp,
}

/// An effect that failed too often, for people.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct GivenUp {
    pub(crate) change_id: String,
    pub(crate) effect: String,
    pub(crate) at: Timestamp,
    pub(crate) attempts: u32,
    pub(crate) error: String,
}

/// Plans made at once for one device: each of them opens a session of its own, and a device that is slow must not take all places.
pub(super) const PLANS_PER_DEVICE: u32 = 4;

/// Waiting effects that may be run now, as `o`. A change's effects of one lane run in their order; the chat is told nothing while its cards
/// are still being sent, or one sent later would keep its buttons. The changes that wait for a device stand in a line: only the first one
/// looks at it, and one that does not answer is not asked by all of them.
macro_rules! free_effects {
    () => {
        "FROM outbox o WHERE o.done_at IS NULL AND o.gave_up_at IS NULL AND o.due_at <= ?1 \
         AND (o.lease_until IS NULL OR o.lease_until <= ?1) \
         AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.change_id = o.change_id AND e.id < o.id \
                         AND (e.lane = o.lane OR (o.lane = 'chat' AND e.effect = 'ask_approvers')) AND e.done_at IS NULL AND e.gave_up_at IS NULL) \
         AND NOT (o.effect = 'make_plan' AND coalesce((SELECT own.device FROM changes own WHERE own.id = o.change_id), '') IN \
                  (SELECT other.device FROM outbox f JOIN changes other ON other.id = f.change_id \
                   WHERE f.done_at IS NULL AND f.gave_up_at IS NULL AND f.lease_until > ?1 AND f.effect = 'make_plan' AND other.device IS NOT NULL \
                   GROUP BY other.device HAVING count(*) >= ?2)) \
         AND NOT (o.effect = 'recheck' AND EXISTS (SELECT 1 FROM changes own JOIN changes other ON other.device = own.device \
                  WHERE own.id = o.change_id AND other.holds_device = 1 AND other.id <> own.id)) \
         AND NOT (o.effect = 'recheck' AND EXISTS (SELECT 1 FROM changes own JOIN changes other ON other.state = 'approved' AND +other.device = own.device \
                  JOIN outbox f ON f.change_id = other.id AND f.lane = o.lane AND f.effect = 'recheck' AND f.id < o.id AND f.done_at IS NULL AND f.gave_up_at IS NULL \
                  WHERE own.id = o.change_id))"
    };
}

/// Takes the first of them.
pub(super) const CLAIM: &str = concat!(
    "UPDATE outbox SET lease_until = ?3, attempts = attempts + 1, first_attempt_at = coalesce(first_attempt_at, ?1) WHERE id = (SELECT o.id ",
    free_effects!(),
    " ORDER BY o.due_at, o.id LIMIT 1) RETURNING id, change_id, body, attempts, first_attempt_at"
);

/// Whether anything is due and free.
pub(super) const DUE: &str = concat!(
    "SELECT EXISTS (SELECT 1 FROM inbox WHERE done_at IS NULL AND due_at <= ?1 AND (lease_until IS NULL OR lease_until <= ?1)) AS delivery, \
     EXISTS (SELECT 1 ",
    free_effects!(),
    ") AS effect"
);

/// Takes up what a `serve` that is gone had under lease; what it was just saying to people not before ?1.
pub(super) const TAKE_UP: &str = "UPDATE outbox SET lease_until = NULL, due_at = CASE WHEN lane IN ('ticket', 'chat') OR effect = 'ask_approvers' THEN max(due_at, ?1) ELSE due_at END \
     WHERE done_at IS NULL AND gave_up_at IS NULL AND lease_until IS NOT NULL";

/// A longer lease.
const RENEW: &str = "UPDATE outbox SET lease_until = ?2 WHERE id = ?1 AND done_at IS NULL";

/// Effects that a person must look at. Ordered by the column of the index: few rows are in it, and by id the whole table would be read.
pub(super) const GIVEN_UP: &str = "SELECT change_id, effect, gave_up_at, attempts, coalesce(last_error, '') AS error FROM outbox \
     WHERE gave_up_at IS NOT NULL AND done_at IS NULL AND (?1 IS NULL OR change_id = ?1) ORDER BY gave_up_at DESC, id DESC LIMIT 100";

impl Store {
    /// Takes the next due effect under lease.
    pub(crate) async fn claim_effect(&self, now: Timestamp) -> sqlx::Result<Option<OutboxRow>> {
        let claim = sqlx::query(CLAIM).bind(millis(now)).bind(PLANS_PER_DEVICE).bind(lease_end(now));
        self.pens.fetch_unsynced(claim).await?.first().map(|row| read(row, now)).transpose()
    }

    /// Makes sure that the claim of an effect is on disk, and that it was tried is known even after a power cut.
    pub(crate) async fn sync_claim(&self, id: i64, now: Timestamp) -> sqlx::Result<()> {
        sqlx::query(RENEW).bind(id).bind(lease_end(now)).execute(&self.write).await?;
        Ok(())
    }

    /// Keeps the lease of an effect that takes long.
    pub(crate) async fn renew_effect(&self, id: i64, now: Timestamp) -> sqlx::Result<()> {
        self.pens.execute_unsynced(sqlx::query(RENEW).bind(id).bind(lease_end(now))).await.map(|_| ())
    }

    /// Puts an effect back, to be tried again later.
    pub(crate) async fn postpone_effect(&self, id: i64, due: Timestamp, why: &str) -> sqlx::Result<()> {
        let postpone = "UPDATE outbox SET due_at = ?2, last_error = ?3, lease_until = NULL WHERE id = ?1";
        self.pens
            .execute_unsynced(sqlx::query(postpone).bind(id).bind(millis(due)).bind(why))
            .await
            .map(|_| ())
    }

    /// Puts an effect back that waits for its turn: that is no failure, and its time to be tried has not begun.
    pub(crate) async fn wait_for_turn(&self, id: i64, due: Timestamp) -> sqlx::Result<()> {
        let wait = "UPDATE outbox SET due_at = ?2, last_error = NULL, lease_until = NULL, first_attempt_at = NULL, attempts = 0 WHERE id = ?1";
        self.pens.execute_unsynced(sqlx::query(wait).bind(id).bind(millis(due))).await.map(|_| ())
    }

    /// Marks an effect that brings no event as done.
    pub(crate) async fn finish_effect(&self, id: i64, now: Timestamp) -> sqlx::Result<()> {
        let finish = "UPDATE outbox SET done_at = ?2, lease_until = NULL WHERE id = ?1";
        self.pens.execute_unsynced(sqlx::query(finish).bind(id).bind(millis(now))).await.map(|_| ())
    }

    /// Whether a webhook, and whether an effect, may be due: asked before either is claimed, as reading keeps nobody from writing.
    pub(crate) async fn due(&self, now: Timestamp) -> sqlx::Result<(bool, bool)> {
        let row = sqlx::query(DUE).bind(millis(now)).bind(PLANS_PER_DEVICE).fetch_one(&self.read).await?;
        Ok((row.try_get("delivery")?, row.try_get("effect")?))
    }

    /// When the next waiting effect or webhook is due that was not due yet at the given time.
    pub(crate) async fn next_due(&self, after: Timestamp) -> sqlx::Result<Option<Timestamp>> {
        let next = "SELECT min(due) AS due FROM (SELECT min(due_at) AS due FROM outbox WHERE done_at IS NULL AND gave_up_at IS NULL \
                    AND lease_until IS NULL AND due_at > ?1 UNION ALL SELECT min(due_at) AS due FROM inbox WHERE done_at IS NULL \
                    AND lease_until IS NULL AND due_at > ?1)";
        let due: Option<i64> =
            sqlx::query(next).bind(millis(after)).fetch_one(&self.read).await?.try_get("due")?;
        Ok(due.map(timestamp))
    }

    /// Effects that were handed to a person and not taken up since, newest first.
    pub(crate) async fn given_up(&self, change: Option<ChangeId>) -> sqlx::Result<Vec<GivenUp>> {
        let rows = sqlx::query(GIVEN_UP).bind(change.map(|id| id.to_string())).fetch_all(&self.read).await?;
        let given_up = |row: &SqliteRow| -> sqlx::Result<GivenUp> {
            Ok(GivenUp {
                change_id: row.try_get("change_id")?,
                effect: row.try_get("effect")?,
                at: timestamp(row.try_get("gave_up_at")?),
                attempts: row.try_get("attempts")?,
                error: row.try_get("error")?,
            })
        };
        rows.iter().map(given_up).collect()
    }

    /// Tries again what was given up of a change; `false` if nothing was.
    pub(crate) async fn revive_given_up(&self, change: ChangeId, now: Timestamp) -> sqlx::Result<bool> {
        let revive = sqlx::query(super::forget::REVIVE).bind(change.to_string()).bind(millis(now));
        let revived = revive.execute(&self.write).await?.rows_affected();
        self.ring();
        Ok(revived > 0)
    }

    /// Whether the ticket still has to be told something of this change, or is just being told what nobody waits for any more.
    pub(crate) async fn is_telling(&self, change: ChangeId, now: Timestamp) -> sqlx::Result<bool> {
        let select = "SELECT EXISTS (SELECT 1 FROM outbox WHERE change_id = ?1 AND lane = 'ticket' AND gave_up_at IS NULL \
                      AND (done_at IS NULL OR lease_until > ?2))";
        sqlx::query_scalar(select).bind(change.to_string()).bind(millis(now)).fetch_one(&self.read).await
    }
}

pub(super) fn lease_end(now: Timestamp) -> i64 {
    millis(now).saturating_add(i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX))
}

fn read(row: &SqliteRow, claimed_at: Timestamp) -> sqlx::Result<OutboxRow> {
    let decode = |error: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(error);
    let change_id: String = row.try_get("change_id")?;
    let body: String = row.try_get("body")?;
    Ok(OutboxRow {
        id: row.try_get("id")?,
        change_id: change_id.parse().map_err(|error: change_model::name::NameError| decode(error.into()))?,
        effect: serde_json::from_str(&body).map_err(|error| decode(error.into()))?,
        attempts: row.try_get("attempts")?,
        first_attempt_at: timestamp(row.try_get("first_attempt_at")?),
        claimed_at,
    })
}

/// Writes the effects of an event, in the event's transaction.
pub(super) async fn enqueue(
    tx: &mut Transaction<'static, Sqlite>,
    change: &change_model::Change,
    effects: &[Effect],
    now: Timestamp,
) -> sqlx::Result<()> {
    for effect in effects {
        let due = match effect {
            Effect::Expire => change.expires_at.unwrap_or(Timestamp::MAX),
            Effect::MakePlan
            | Effect::AskApprovers
            | Effect::TellTicket(_)
            | Effect::TellChat(_)
            | Effect::Recheck
            | Effect::UpdateNetbox
            | Effect::ConfigureDevice
            | Effect::ProveDevice
            | Effect::FinishNetbox
            | Effect::RestoreNetbox
            | Effect::SettleDevice => now,
        };
        let insert = "INSERT INTO outbox (change_id, lane, effect, body, created_at, due_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        sqlx::query(insert)
            .bind(change.id.to_string())
            .bind(lane_name(effect))
            .bind(effect.name())
            .bind(serde_json::to_string(effect).map_err(|error| sqlx::Error::Encode(error.into()))?)
            .bind(millis(now))
            .bind(millis(due))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

fn lane_name(effect: &Effect) -> &'static str {
    match effect.lane() {
        Lane::Work => "work",
        Lane::Ticket => "ticket",
        Lane::Chat => "chat",
        Lane::Timer => "timer",
    }
}

#[cfg(test)]
mod tests {
    use change_model::change::Received;
    use change_model::{ApprovalRule, Change, Event, TicketRef};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::store::begin::{Inserted, Looked};
    use crate::store::{Applied, Done};

    async fn receive(store: &Store, ticket: u64, device: &str) {
        let received = Change::receive(Received {
            id: ChangeId::new(Uuid::now_v7()),
            ticket: TicketRef { id: ticket, number: ticket.to_string() },
            title: "A port".to_owned(),
            fields: [("network_device_name".to_owned(), json!(device))].into(),
            requesters: Vec::new(),
            at: Timestamp::now(),
        });
        let inserted = store.insert_change(&received.unwrap(), Looked::default()).await;
        assert_eq!(inserted.unwrap(), Inserted::New);
    }

    /// The ticket and the row of the next effect.
    async fn next(store: &Store) -> Option<(u64, i64)> {
        let now = Timestamp::now();
        let (_, due) = store.due(now).await.unwrap();
        let row = store.claim_effect(now).await.unwrap();
        assert_eq!(row.is_some(), due, "what is free and what is taken are the same");
        let row = row?;
        Some((store.change(row.change_id).await.unwrap().unwrap().ticket.id, row.id))
    }

    #[tokio::test]
    async fn one_device_takes_only_some_of_the_places() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        let most = u64::from(PLANS_PER_DEVICE);
        for ticket in 1..=most + 2 {
            receive(&store, ticket, " slow ").await;
        }
        receive(&store, 50, "other").await;
        // No name of a device: they are refused without asking one, and do not wait for each other.
        for ticket in 60..61 + most {
            receive(&store, ticket, "").await;
        }
        let mut taken = Vec::new();
        while let Some((ticket, row)) = next(&store).await {
            taken.push((ticket, row));
        }
        let tickets: Vec<u64> = taken.iter().map(|(ticket, _)| *ticket).collect();
        let expected: Vec<u64> = (1..=most).chain([50]).chain(60..61 + most).collect();
        assert_eq!(tickets, expected);
        let (_, other) = taken[most as usize];
        store.finish_effect(other, Timestamp::now()).await.unwrap();
        assert_eq!(next(&store).await, None, "the slow device has no place more");
        let (_, first) = taken[0];
        store.finish_effect(first, Timestamp::now()).await.unwrap();
        assert_eq!(next(&store).await.map(|(ticket, _)| ticket), Some(most + 1));
        assert_eq!(next(&store).await, None);
    }

    #[tokio::test]
    async fn what_comes_of_work_that_nobody_waits_for_any_more_moves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap();
        receive(&store, 1, "c9300").await;
        let row = store.claim_effect(Timestamp::now()).await.unwrap().unwrap();
        let rule = ApprovalRule {
            approvers: Vec::new(),
            required: 1,
            allow_self_approval: false,
            same_person: Vec::new(),
            expires_after: jiff::SignedDuration::from_hours(1),
        };
        let invalid = Event::RequestInvalid { problems: Vec::new() };
        let again = Event::Retried { by: "the operator".to_owned() };
        for event in [invalid, again] {
            let moved = store.apply(row.change_id, &event, &rule, Done::Nothing).await.unwrap();
            assert!(matches!(moved, Applied::Moved(_)), "{moved:?}");
        }
        let before = store.change(row.change_id).await.unwrap().unwrap();
        let late = Event::GaveUp { effect: Effect::SettleDevice, why: "late".to_owned() };
        for done in [Done::GaveUp(row.id), Done::Effect(row.id)] {
            let refused = store.apply(row.change_id, &late, &rule, done).await.unwrap();
            assert!(matches!(refused, Applied::Refused(_)), "{refused:?}");
        }
        assert_eq!(store.change(row.change_id).await.unwrap().unwrap(), before);
        assert!(store.given_up(None).await.unwrap().is_empty());
        // What is left is the plan of the new attempt.
        let next = store.claim_effect(Timestamp::now()).await.unwrap().unwrap();
        assert!(next.id > row.id && next.effect == Effect::MakePlan, "{next:?}");
    }
}
