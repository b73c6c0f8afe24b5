//! What a write is conditional on, and what a write answers with.

use std::fmt;

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
    /// NetBox makes the tag from the time in UTC; `None` for a `last_updated` that is written in another time zone.
    #[must_use]
    pub fn from_last_updated(last_updated: &str) -> Option<Self> {
        let time = last_updated.strip_suffix('Z').or_else(|| last_updated.strip_suffix("+00:00"))?;
        (!time.is_empty()).then(|| Self(format!("W/\"{time}+00:00\"")))
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
    /// Each object of a bulk write has one of these tags.
    AnyOf(Vec<ETag>),
}

impl IfMatch {
    /// The value of the header, if one is to be sent.
    pub(crate) fn header(&self) -> Option<String> {
        match self {
            Self::Unconditional => None,
            Self::Tag(tag) => Some(tag.0.clone()),
            Self::AnyOf(tags) => Some(tags.iter().map(ETag::as_str).collect::<Vec<_>>().join(", ")),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_a_list_row_is_made_from_its_last_updated() {
        let tag = ETag::from_last_updated("2026-11-24T02:12:55.029929Z");
        assert_eq!(tag, Some(ETag::new("W/\"2026-11-24T02:12:55.029929+00:00\"")));
        let whole_second = ETag::from_last_updated("2026-11-24T02:12:55+00:00");
        assert_eq!(whole_second, Some(ETag::new("W/\"2026-11-24T02:12:55+00:00\"")));
        assert_eq!(ETag::from_last_updated("2026-11-24T03:12:55+01:00"), None);
    }

    #[test]
    fn a_bulk_condition_is_a_comma_list() {
        let both = IfMatch::AnyOf(vec![ETag::new("W/\"a\""), ETag::new("W/\"b\"")]);
        assert_eq!(both.header().as_deref(), Some("W/\"a\", W/\"b\""));
        assert_eq!(IfMatch::default().header(), None);
    }
}
