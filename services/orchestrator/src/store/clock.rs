//! What waits, when the system's clock was set.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::outbox::lease_end;
use super::{Store, millis};

/// Nothing that is tried again waits longer, see `worker/retry.rs`.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Effects that were tried, and how long they may be tried, go with the clock; what waits to be tried again is due. What waits for a time
/// of day, as approvers were told it, stays.
const MOVE_EFFECTS: &str = "UPDATE outbox SET due_at = min(due_at, ?1), first_attempt_at = min(first_attempt_at + ?2, ?1), \
     lease_until = CASE WHEN lease_until IS NULL THEN NULL ELSE ?3 END WHERE done_at IS NULL AND gave_up_at IS NULL AND effect <> 'expire'";
/// Likewise for webhooks that are not done yet: when they came is only a measure of how long they are tried.
const MOVE_DELIVERIES: &str = "UPDATE inbox SET due_at = min(due_at, ?1), received_at = min(received_at + ?2, ?1), \
     lease_until = CASE WHEN lease_until IS NULL THEN NULL ELSE ?3 END WHERE done_at IS NULL";
const BOUND_EFFECTS: &str = "UPDATE outbox SET due_at = ?1 WHERE due_at > ?2 AND done_at IS NULL AND gave_up_at IS NULL AND effect <> 'expire'";
const BOUND_DELIVERIES: &str = "UPDATE inbox SET due_at = ?1 WHERE due_at > ?2 AND done_at IS NULL";

impl Store {
    /// Moves what waits with a clock that was set by `jump`, and shows `now` since. Leases are prolonged: they are all those of this process,
    /// which knows what it has in hand.
    pub(crate) async fn clock_was_set(&self, jump: SignedDuration, now: Timestamp) -> sqlx::Result<()> {
        let jump = i64::try_from(jump.as_millis()).unwrap_or(0);
        let mut tx = self.begin().await?;
        for sql in [MOVE_EFFECTS, MOVE_DELIVERIES] {
            sqlx::query(sql).bind(millis(now)).bind(jump).bind(lease_end(now)).execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    /// Lets nothing wait longer than anything ever does: the clock may have been set back while nobody worked here.
    pub(super) async fn bound_waits(&self, now: Timestamp) -> sqlx::Result<()> {
        let longest = millis(now.checked_add(LONGEST_WAIT).unwrap_or(now));
        let mut tx = self.begin().await?;
        for sql in [BOUND_EFFECTS, BOUND_DELIVERIES] {
            sqlx::query(sql).bind(millis(now)).bind(longest).execute(&mut *tx).await?;
        }
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::super::outbox::LEASE;
    use super::*;

    const NOW: i64 = 1_000_000_000;
    const HOUR: i64 = 3_600_000;

    async fn store(dir: &tempfile::TempDir) -> Store {
        Store::open(&format!("sqlite://{}/x.db", dir.path().display())).await.unwrap()
    }

    /// One effect that waits, one in hand, one for a time of day; one webhook that waits.
    async fn fill(store: &Store) {
        let now = NOW;
        let sql = format!(
            "INSERT INTO changes (id, version, state, active, holds_device, ticket_id, ticket_number, received_at, updated_at, body) \
             VALUES ('c', 1, 'received', 1, 0, 1, '1', 0, 0, '');
             INSERT INTO outbox (id, change_id, lane, effect, body, created_at, due_at, first_attempt_at, lease_until) VALUES \
             (1, 'c', 'work', 'recheck', '', 0, {}, {}, NULL), (2, 'c', 'work', 'tell_ticket', '', 0, {}, {}, {}), \
             (3, 'c', 'timer', 'expire', '', 0, {}, NULL, NULL); \
             INSERT INTO inbox (id, source, delivery, received_at, due_at) VALUES (1, 'zammad', 'a', {}, {})",
            now + 30_000, now - 60_000, now - 5_000, now - 5_000, now + 115_000, now + 24 * HOUR, now - 10_000, now + 30_000
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&store.write).await.unwrap();
    }

    async fn times(store: &Store) -> Vec<(i64, Option<i64>, Option<i64>)> {
        let select = "SELECT due_at, first_attempt_at, lease_until FROM outbox UNION ALL \
                      SELECT due_at, received_at, lease_until FROM inbox";
        let rows = sqlx::query(select).fetch_all(&store.read).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[tokio::test]
    async fn what_waits_goes_with_a_clock_that_is_set_and_deadlines_stay() {
        for jump in [HOUR, -HOUR] {
            let dir = tempfile::tempdir().unwrap();
            let store = store(&dir).await;
            fill(&store).await;
            let now = NOW + jump;
            store.clock_was_set(SignedDuration::from_millis(jump), at(now)).await.unwrap();
            let lease = now + i64::try_from(LEASE.as_millis()).unwrap();
            let due = |due: i64| due.min(now);
            let expected = [
                (due(NOW + 30_000), Some(now - 60_000), None),
                (due(NOW - 5_000), Some(now - 5_000), Some(lease)),
                (NOW + 24 * HOUR, None, None),
                (due(NOW + 30_000), Some(now - 10_000), None),
            ];
            assert_eq!(times(&store).await, expected, "set by {jump} ms");
        }
    }

    #[tokio::test]
    async fn a_clock_set_back_while_nobody_worked_holds_nothing_up() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir).await;
        fill(&store).await;
        store.bound_waits(at(NOW)).await.unwrap();
        assert_eq!(times(&store).await[0].0, NOW + 30_000, "an ordinary wait stays");
        store.bound_waits(at(NOW - HOUR)).await.unwrap();
        let due: Vec<i64> = times(&store).await.iter().map(|(due, ..)| *due).collect();
        assert_eq!(due, [NOW - HOUR, NOW - HOUR, NOW + 24 * HOUR, NOW - HOUR]);
    }
}
