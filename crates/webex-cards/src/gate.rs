//! The rules of `Retry-After`: one gate for all calls of a token, closed by a 429.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The wait when `Retry-After` is missing or unreadable.
const DEFAULT_WAIT: Duration = Duration::from_secs(15);
/// The shortest wait; Webex sends `0` at times.
const MIN_WAIT: Duration = Duration::from_secs(1);
/// The longest wait that is believed.
const MAX_WAIT: Duration = Duration::from_secs(3600);
/// The first wait when Webex is in trouble and names none; it doubles.
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
/// Random extra on top of a wait, at most a fifth of it and at most this, so that waiting callers do not come back all at once.
const MAX_JITTER: Duration = Duration::from_millis(500);

/// How long a call may wait for Webex by itself before its caller hears of the failure, e.g. [`Error::RateLimited`](crate::Error::RateLimited).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries of one call, the first included; at least 1 is made.
    pub max_tries: u32,
    /// Longest time that one call waits, all its waits together.
    pub max_wait: Duration,
}

impl Default for RetryPolicy {
    /// Three tries, five seconds of waiting: enough for a burst, short enough for a worker that has other work.
    fn default() -> Self {
        Self { max_tries: 3, max_wait: Duration::from_secs(5) }
    }
}

impl RetryPolicy {
    /// Never waits and tries once: each failure, and each call while the gate is closed, fails at once.
    pub const NEVER_WAIT: Self = Self { max_tries: 1, max_wait: Duration::ZERO };
}

/// Reads a `Retry-After` value: whole seconds, else 15; at least one second, at most an hour.
pub(crate) fn retry_after(value: Option<&str>) -> Duration {
    let seconds = value.and_then(|text| text.trim().parse::<u64>().ok());
    seconds.map_or(DEFAULT_WAIT, Duration::from_secs).clamp(MIN_WAIT, MAX_WAIT)
}

/// Closed until a moment that Webex named.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    closed_until: Mutex<Option<Instant>>,
}

impl Gate {
    /// How long the gate stays closed; `None` when it is open.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        let until = *self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.map(|until| until.saturating_duration_since(Instant::now())).filter(|wait| !wait.is_zero())
    }

    /// Closes the gate for this long, unless it is closed for longer already.
    pub(crate) fn close(&self, wait: Duration) {
        let mut until = self.closed_until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Some(Instant::now() + wait));
    }
}

/// What one call has spent of its [`RetryPolicy`].
#[derive(Debug)]
pub(crate) struct Budget {
    policy: RetryPolicy,
    tries: u32,
    waited: Duration,
}

impl Budget {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self { policy, tries: 0, waited: Duration::ZERO }
    }

    /// Counts a try.
    pub(crate) fn tried(&mut self) {
        self.tries += 1;
    }

    /// The wait after a failure for which Webex names none.
    pub(crate) fn backoff(&self) -> Duration {
        FIRST_BACKOFF.saturating_mul(1 << self.tries.saturating_sub(1).min(16))
    }

    /// The sleep that gets over `wait`, jitter included, or `None` when the policy does not allow it.
    pub(crate) fn sleep_for(&mut self, wait: Duration) -> Option<Duration> {
        if self.tries >= self.policy.max_tries.max(1) || self.waited + wait > self.policy.max_wait {
            return None;
        }
        self.waited += wait;
        Some(wait + jitter(wait))
    }
}

fn jitter(wait: Duration) -> Duration {
    // The hasher's keys are random for each `RandomState`, which is all the randomness that spreading callers needs.
    let random = RandomState::new().build_hasher().finish() % 1024;
    let most = (wait / 5).min(MAX_JITTER);
    most * u32::try_from(random).unwrap_or(0) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_with_a_floor_a_ceiling_and_a_default() {
        let seconds = |value| retry_after(value).as_secs();
        assert_eq!(seconds(Some("3")), 3);
        assert_eq!(seconds(Some(" 7 ")), 7);
        assert_eq!(seconds(Some("0")), 1);
        assert_eq!(seconds(None), 15);
        for bad in ["abc", "", "-1", "1.5", "99999999999999999999", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(seconds(Some(bad)), 15, "{bad}");
        }
        assert_eq!(seconds(Some("9999999")), 3600);
    }

    #[test]
    fn a_budget_ends_with_its_tries_and_with_its_waiting_time() {
        let policy = RetryPolicy { max_tries: 3, max_wait: Duration::from_secs(4) };
        let mut budget = Budget::new(policy);
        budget.tried();
        assert!(budget.sleep_for(Duration::from_secs(3)).is_some());
        budget.tried();
        assert_eq!(budget.sleep_for(Duration::from_secs(2)), None, "5 s in all");
        assert!(budget.sleep_for(Duration::from_secs(1)).is_some());
        budget.tried();
        assert_eq!(budget.sleep_for(Duration::ZERO), None, "third try was the last");
    }

    #[test]
    fn the_backoff_doubles() {
        let mut budget = Budget::new(RetryPolicy::default());
        let waits = [(); 3].map(|()| {
            budget.tried();
            budget.backoff().as_millis()
        });
        assert_eq!(waits, [250, 500, 1000]);
    }

    #[test]
    fn never_wait_never_waits() {
        let mut budget = Budget::new(RetryPolicy::NEVER_WAIT);
        assert_eq!(budget.sleep_for(MIN_WAIT), None);
    }

    #[test]
    fn jitter_adds_at_most_a_fifth() {
        for _ in 0..100 {
            assert!(jitter(Duration::from_secs(1)) <= Duration::from_millis(200));
            assert!(jitter(Duration::from_secs(60)) <= MAX_JITTER);
        }
    }

    #[tokio::test]
    async fn a_shorter_wait_does_not_open_a_closed_gate() {
        let gate = Gate::default();
        assert_eq!(gate.remaining(), None);
        gate.close(Duration::from_secs(60));
        gate.close(Duration::from_secs(1));
        assert!(gate.remaining().unwrap() > Duration::from_secs(50));
    }
}
