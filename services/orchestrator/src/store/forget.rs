//! What waits to be done for a change and is hurried, taken up again, or not done any more, because the change went another way.

use change_model::{Change, ChangeId, Effect, State};
use jiff::Timestamp;
use sqlx::{Sqlite, Transaction};

use super::{Done, millis};

/// Effects that were given up are tried again as if for the first time.
pub(super) const REVIVE: &str = "UPDATE outbox SET gave_up_at = NULL, due_at = ?2, attempts = 0, first_attempt_at = NULL \
                                 WHERE change_id = ?1 AND gave_up_at IS NOT NULL AND done_at IS NULL";

/// Takes up what was handed to a person. A change that starts anew does nothing more for its earlier attempt, and tells nothing more of it:
/// what it would tell is not on record any more. One of unknown outcome reads its device once.
pub(super) async fn revive(
    tx: &mut Transaction<'static, Sqlite>,
    before: &Change,
    now: Timestamp,
) -> sqlx::Result<()> {
    let first: &[&'static str] = match before.state {
        State::AttentionRequired => &[ALL],
        State::Indeterminate => &[GIVEN_UP, READING],
        _ => &[REVIVE],
    };
    for sql in first.iter().chain(&[HURRY]) {
        all(tx, sql, before.id, now).await?;
    }
    Ok(())
}

/// What waits to be tried again is due now.
const HURRY: &str = "UPDATE outbox SET due_at = ?2 WHERE change_id = ?1 AND due_at > ?2 AND effect <> 'expire' AND done_at IS NULL AND gave_up_at IS NULL";

/// Cards that wait to be sent are due now: their effect finds that nobody has to be asked any more, and sends none.
pub(super) const ASKED_ENOUGH: &str = "UPDATE outbox SET due_at = ?2 WHERE change_id = ?1 AND due_at > ?2 AND effect = 'ask_approvers' AND done_at IS NULL AND gave_up_at IS NULL";

/// Nothing more is done for a change.
const ALL: &str = "UPDATE outbox SET done_at = ?2 WHERE change_id = ?1 AND done_at IS NULL";

/// Nobody needs to look any more at what was given up.
const GIVEN_UP: &str =
    "UPDATE outbox SET done_at = ?2 WHERE change_id = ?1 AND gave_up_at IS NOT NULL AND done_at IS NULL";

/// Nobody waits any more for the device to be read.
pub(super) const READING: &str =
    "UPDATE outbox SET done_at = ?2 WHERE change_id = ?1 AND effect = 'settle_device' AND done_at IS NULL";

/// What would have brought a change forward is left that was withdrawn. Cards that are being sent are not: the chat is told after them.
pub(super) const WORK: &str = "UPDATE outbox SET done_at = ?2 WHERE change_id = ?1 AND lane = 'work' AND done_at IS NULL \
                           AND (effect <> 'ask_approvers' OR gave_up_at IS NOT NULL)";

/// Does it to all that a statement is about.
pub(super) async fn all(
    tx: &mut Transaction<'static, Sqlite>,
    which: &'static str,
    id: ChangeId,
    now: Timestamp,
) -> sqlx::Result<()> {
    sqlx::query(which).bind(id.to_string()).bind(millis(now)).execute(&mut **tx).await?;
    Ok(())
}

/// Whether what an event comes from was done already, or forgotten while it was in hand: then nobody waits for the event.
pub(super) async fn is_forgotten(tx: &mut Transaction<'static, Sqlite>, done: Done) -> sqlx::Result<bool> {
    let (Done::Effect(id) | Done::GaveUp(id)) = done else { return Ok(false) };
    let is_done = "UPDATE outbox SET lease_until = NULL WHERE id = ?1 AND done_at IS NOT NULL";
    Ok(sqlx::query(is_done).bind(id).execute(&mut **tx).await?.rows_affected() > 0)
}

/// The waiting effects of one kind of a change.
pub(super) const CANCEL: &str = "UPDATE outbox SET done_at = ?2 WHERE change_id = ?1 AND effect = ?3 AND done_at IS NULL AND gave_up_at IS NULL";

/// A change that ended waits for nothing any more.
pub(super) async fn timers(
    tx: &mut Transaction<'static, Sqlite>,
    change: &Change,
    now: Timestamp,
) -> sqlx::Result<()> {
    sqlx::query(CANCEL)
        .bind(change.id.to_string())
        .bind(millis(now))
        .bind(Effect::Expire.name())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
