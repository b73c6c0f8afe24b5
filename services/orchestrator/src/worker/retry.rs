//! How often and how long something is tried before a person is asked. All limits of retrying stand here.

use std::time::Duration;

use change_model::Effect;
use jiff::Timestamp;

use crate::app::App;

/// First wait; each next one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest wait between two attempts, unless the other side asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The longest wait that another system may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(10);
/// How long a note for the ticket is tried: a ticket system may be down for a night.
const TELL_TICKET_FOR: Duration = Duration::from_hours(24);
/// How long a card is tried to be replaced: it is only a display.
const TELL_CHAT_FOR: Duration = Duration::from_hours(6);
/// How long approvers are tried to be asked.
const ASK_FOR: Duration = Duration::from_hours(1);
/// How long a webhook is tried to be worked on; the poll finds what it was about later.
const DELIVERY_FOR: Duration = Duration::from_hours(24);

/// The limits of this installation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    patience: Duration,
}

impl Limits {
    pub(crate) fn of(app: &App) -> Self {
        Self { patience: app.settings.devices.patience }
    }

    /// Whether an effect that was first tried at `first` may be tried again.
    pub(crate) fn may_wait(self, effect: &Effect, first: Timestamp, now: Timestamp) -> bool {
        let limit = match effect {
            Effect::TellTicket(_) => TELL_TICKET_FOR,
            Effect::TellChat(_) => TELL_CHAT_FOR,
            Effect::AskApprovers => ASK_FOR,
            Effect::MakePlan
            | Effect::Expire
            | Effect::Recheck
            | Effect::UpdateNetbox
            | Effect::ConfigureDevice
            | Effect::ProveDevice
            | Effect::FinishNetbox
            | Effect::RestoreNetbox
            | Effect::SettleDevice => self.patience,
        };
        passed(first, now) < limit
    }
}

/// Whether a webhook may be tried again.
pub(super) fn delivery_may_wait(received: Timestamp, now: Timestamp) -> bool {
    passed(received, now) < DELIVERY_FOR
}

/// When the next attempt is due: exponential, at least what the other side asked for, spread a little so that many do not come at once.
pub(super) fn next(attempts: u32, after: Option<Duration>, now: Timestamp, spread: i64) -> Timestamp {
    let doubled = FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(10));
    let wait = doubled.min(LONGEST_WAIT).max(after.unwrap_or_default().min(LONGEST_RETRY_AFTER));
    let percent = u32::try_from(spread.unsigned_abs() * 37 % 20).unwrap_or(0);
    now.checked_add(wait + wait * percent / 100).unwrap_or(Timestamp::MAX)
}

fn passed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_obey_retry_after() {
        let now: Timestamp = "2026-11-24T02:00:00Z".parse().unwrap();
        let wait = |attempts, after| passed(now, next(attempts, after, now, 0));
        assert_eq!(wait(1, None), FIRST_WAIT);
        assert_eq!(wait(3, None), FIRST_WAIT * 4);
        assert_eq!(wait(30, None), LONGEST_WAIT);
        assert_eq!(wait(1, Some(Duration::from_secs(90))), Duration::from_secs(90));
        assert_eq!(wait(1, Some(Duration::from_hours(9))), LONGEST_RETRY_AFTER);
    }

    #[test]
    fn an_effect_is_tried_for_its_time_and_no_longer() {
        let limits = Limits { patience: Duration::from_mins(10) };
        let first: Timestamp = "2026-11-24T02:00:00Z".parse().unwrap();
        let at = |minutes| first.checked_add(Duration::from_mins(minutes)).unwrap();
        assert!(limits.may_wait(&Effect::ConfigureDevice, first, at(9)));
        assert!(!limits.may_wait(&Effect::ConfigureDevice, first, at(10)));
        assert!(limits.may_wait(&Effect::TellTicket(change_model::Note::Closed), first, at(60 * 23)));
    }
}
