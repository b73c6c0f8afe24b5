//! The system's clock, held against one that nobody can set.
//!
//! Leases, and the times from which and since when something is tried, are times of the system's clock, as they must outlive this process.
//! Somebody may set that clock, and it runs on while the machine sleeps: what waits is then moved with it.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A clock that is off by less is being corrected, not set.
const TOLERANCE: Duration = Duration::from_secs(2);

/// What both clocks showed when they were last read.
pub(super) struct Clock {
    wall: Timestamp,
    steady: Instant,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { wall: Timestamp::now(), steady: Instant::now() }
    }

    /// How far the system's clock was set since this was last asked; `None` if it was not.
    pub(super) fn jump(&mut self) -> Option<SignedDuration> {
        self.jump_at(Timestamp::now(), Instant::now())
    }

    fn jump_at(&mut self, wall: Timestamp, steady: Instant) -> Option<SignedDuration> {
        let expected =
            SignedDuration::try_from(steady.duration_since(self.steady)).unwrap_or(SignedDuration::ZERO);
        let jump = wall.duration_since(self.wall).saturating_sub(expected);
        *self = Self { wall, steady };
        (jump.unsigned_abs() > TOLERANCE).then_some(jump)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_noticed_once_and_one_that_drifts_is_not() {
        let mut clock = Clock::new();
        let (wall, steady) = (clock.wall, clock.steady);
        let at = |offset: i64, seconds: u64| {
            let wall = wall.checked_add(SignedDuration::from_secs(offset)).unwrap();
            (wall, steady + Duration::from_secs(seconds))
        };
        let mut jump = |(wall, steady)| clock.jump_at(wall, steady).map(|jump| jump.as_secs());
        assert_eq!(jump(at(2, 2)), None);
        assert_eq!(jump(at(13, 12)), None, "a second in ten is a bad clock, and no jump");
        assert_eq!(jump(at(3612, 14)), Some(3597), "it was set forward, or the machine slept");
        assert_eq!(jump(at(3614, 16)), None);
        assert_eq!(jump(at(18, 20)), Some(-3600));
        assert_eq!(jump(at(20, 22)), None);
    }
}
