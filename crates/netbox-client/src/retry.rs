//! How long to wait before a read is tried again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::calendar;

/// How reads are retried: on 429, 502, 503, 504 and when the connection cannot be made or breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// Wait before the second attempt; doubles each time.
    pub first_wait: Duration,
    /// Longest wait. A server that asks for more (`Retry-After`) gets no further attempt: the error says how long.
    pub longest_wait: Duration,
}

impl Default for Retry {
    /// Four attempts, after 200 ms, 400 ms and 800 ms, or what `Retry-After` says up to 10 s.
    fn default() -> Self {
        Self { attempts: 4, first_wait: Duration::from_millis(200), longest_wait: Duration::from_secs(10) }
    }
}

impl Retry {
    /// One attempt only.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The wait after failed attempt number `attempt` (from 1), `None` when it was the last.
    pub(crate) fn wait(&self, attempt: u32, retry_after: Option<Duration>) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.first_wait.saturating_mul(1 << (attempt - 1).min(16));
        match retry_after {
            Some(asked) if asked > self.longest_wait => None,
            Some(asked) => Some(asked),
            None => Some(doubled.min(self.longest_wait)),
        }
    }
}

/// Reads a `Retry-After` header: seconds, or a date (RFC 9110 section 10.2.3).
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = UNIX_EPOCH.checked_add(Duration::from_secs(http_date(value)?))?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// Seconds since 1970 of an `IMF-fixdate`, e.g. `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<_> = text.split_once(", ")?.1.split([' ', ':']).collect();
    let [day, month, year, hour, minute, second, "GMT"] = parts[..] else {
        return None;
    };
    let month = MONTHS.iter().zip(1..).find(|(name, _)| **name == month)?.1;
    let number =
        |part: &str, most: i64| part.parse::<i64>().ok().filter(|number| (0..=most).contains(number));
    let (day, year) = (number(day, 31)?, number(year, 9999)?);
    let (hour, minute, second) = (number(hour, 23)?, number(minute, 59)?, number(second, 60)?);
    u64::try_from((calendar::days((year, month, day)) * 24 + hour) * 3600 + minute * 60 + second).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end_with_the_attempts() {
        let retry =
            Retry { attempts: 4, first_wait: Duration::from_secs(4), longest_wait: Duration::from_secs(10) };
        let waits: Vec<_> =
            (1..=4).map(|attempt| retry.wait(attempt, None).map(|wait| wait.as_secs())).collect();
        assert_eq!(waits, [Some(4), Some(8), Some(10), None]);
        assert_eq!(retry.wait(1, Some(Duration::ZERO)), Some(Duration::ZERO));
        assert_eq!(retry.wait(1, Some(Duration::from_secs(11))), None);
        assert_eq!(Retry::never().wait(1, None), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(retry_after("3", now), Some(Duration::from_secs(3)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Thu, 01 Jan 1970 00:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(http_date("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        for bad in ["", "soon", "-1", "Sun, 06 Nov 1994 08:49:37", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }
}
