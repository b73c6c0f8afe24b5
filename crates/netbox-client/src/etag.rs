//! What a write is conditional on, and what a write answers with.

use crate::error::Error;
use std::fmt;

use crate::calendar;

/// An entity tag as NetBox 4.6 and later send it with a single object: `W/"2026-11-24T02:12:55.029929+00:00"`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// Takes the value of an `ETag` header as it is.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Builds the tag from `last_updated`, which lists carry while they carry no tag (measured on 4.7.3).
    ///
    /// NetBox makes the tag from the time in UTC, and writes `last_updated` in the time zone that it is set to. `None` for what is no time.
    #[must_use]
    pub fn from_last_updated(last_updated: &str) -> Option<Self> {
        Some(Self(format!("W/\"{}+00:00\"", utc(last_updated)?)))
    }

    /// The tag as it goes into `If-Match`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// On what a write is conditional.
///
/// Servers before 4.6 ignore the condition without a word: an answer without an [`Written::etag`] tells that nobody checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum IfMatch {
    /// On nothing: the last writer wins. Two such writers of different fields can lose one of the two.
    #[default]
    Unconditional,
    /// The object still has this tag.
    Tag(ETag),
    /// Each object of a bulk write has one of these tags. Without any the write is refused here: the server would take it for unconditional.
    AnyOf(Vec<ETag>),
}

impl IfMatch {
    /// The value of the header, if one is to be sent.
    pub(crate) fn header(&self) -> Result<Option<String>, Error> {
        Ok(match self {
            Self::Unconditional => None,
            Self::Tag(tag) => Some(tag.0.clone()),
            Self::AnyOf(tags) if tags.is_empty() => return Err(Error::NoTag),
            Self::AnyOf(tags) => Some(tags.iter().map(ETag::as_str).collect::<Vec<_>>().join(", ")),
        })
    }
}

impl From<ETag> for IfMatch {
    fn from(tag: ETag) -> Self {
        Self::Tag(tag)
    }
}

/// The id NetBox gave to a request; webhooks and change log entries that the request caused carry the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// Takes the value of an `X-Request-ID` header or of a webhook's `request.id`.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The id as text, a UUID.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The answer to a write.
#[derive(Debug, Clone, PartialEq)]
pub struct Written<T> {
    /// The object as it is now. Compare it with what was sent: unknown body fields are ignored with a 200.
    pub value: T,
    /// Its new tag; `None` on servers before 4.6, in lists and after a delete.
    pub etag: Option<ETag>,
    /// Keep it: the webhook that this write causes carries it, so that the echo can be told from news.
    pub request_id: Option<RequestId>,
}

impl<T> Written<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Written<U> {
        Written { value: change(self.value), etag: self.etag, request_id: self.request_id }
    }
}

/// `2026-11-27T22:14:58.252632-05:00` as `2026-11-28T03:14:58.252632`.
fn utc(time: &str) -> Option<String> {
    let (date_and_hour, rest) = (time.get(..16)?, time.get(16..)?);
    let [year, month, day, hour, minute] =
        date_and_hour.split(['-', 'T', ':']).map(|part| part.parse::<i64>().ok()).collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let (seconds, offset) = match rest.strip_suffix('Z') {
        Some(seconds) => (seconds, 0),
        None => {
            let (seconds, offset) = rest.split_at_checked(rest.len().checked_sub(6)?)?;
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            match offset.get(..1)? {
                "+" => (seconds, minutes),
                "-" => (seconds, -minutes),
                _ => return None,
            }
        }
    };
    let minutes = calendar::days((year?, month?, day?)) * 1440 + hour? * 60 + minute? - offset;
    let (year, month, day) = calendar::date(minutes.div_euclid(1440));
    let (hour, minute) = (minutes.rem_euclid(1440) / 60, minutes.rem_euclid(60));
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}{seconds}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|[0-9TZ:.+-]{0,40}") {
            let _ = ETag::from_last_updated(&text);
        }
    }

    #[test]
    fn the_tag_of_a_list_row_is_made_from_its_last_updated() {
        let tag = ETag::from_last_updated("2026-11-24T02:12:55.029929Z");
        assert_eq!(tag, Some(ETag::new("W/\"2026-11-24T02:12:55.029929+00:00\"")));
        let whole_second = ETag::from_last_updated("2026-11-24T02:12:55+00:00");
        assert_eq!(whole_second, Some(ETag::new("W/\"2026-11-24T02:12:55+00:00\"")));
        for bad in [
            "",
            "now",
            "2026-11-24",
            "2026-11-24T02:12:55",
            "2026-11-24T02:12:55 01:00",
            "ä2026-11-24T02:12:55Z",
        ] {
            assert_eq!(ETag::from_last_updated(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_server_in_another_time_zone_makes_the_tag_in_utc_all_the_same() {
        // The first as 4.7.3 answers with TIME_ZONE = 'America/New_York'.
        for (last_updated, time) in [
            ("2026-11-27T22:14:58.252632-05:00", "2026-11-28T03:14:58.252632"),
            ("2026-01-01T00:30:00+05:45", "2025-12-31T18:45:00"),
            ("2024-02-28T20:00:00.000001-04:00", "2024-02-29T00:00:00.000001"),
            ("2026-07-01T12:00:00+02:00", "2026-07-01T10:00:00"),
        ] {
            assert_eq!(ETag::from_last_updated(last_updated), Some(ETag(format!("W/\"{time}+00:00\""))));
        }
    }

    #[test]
    fn a_bulk_condition_is_a_comma_list() {
        let both = IfMatch::AnyOf(vec![ETag::new("W/\"a\""), ETag::new("W/\"b\"")]);
        assert_eq!(both.header().unwrap().as_deref(), Some("W/\"a\", W/\"b\""));
        assert_eq!(IfMatch::default().header().unwrap(), None);
    }
}
