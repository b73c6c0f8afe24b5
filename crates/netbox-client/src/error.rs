//! What can go wrong between this client and a NetBox.

use std::time::Duration;

use crate::etag::ETag;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The base URL is no absolute http(s) URL.
    #[error("the NetBox URL is not usable: {reason}")]
    BaseUrl {
        /// Why.
        reason: String,
    },
    /// The token is empty or holds characters that no header can carry.
    #[error("the NetBox token is empty or holds characters that a header cannot carry")]
    Token,
    /// The HTTP client could not be made, e.g. because of a bad certificate.
    #[error("the HTTP client for NetBox cannot be made")]
    Client(#[source] reqwest::Error),
    /// A write on condition of one of several tags was given none: a server takes that for no condition.
    #[error("a write to NetBox on condition of a tag has no tag")]
    NoTag,
    /// A request could not be put together.
    #[error("the request to NetBox cannot be put together")]
    Request(#[source] http::Error),
    /// No connection could be made; nothing was sent.
    #[error("NetBox cannot be reached")]
    Connect(#[source] reqwest::Error),
    /// The connection broke or timed out; what was asked for was harmless.
    #[error("the request to NetBox failed")]
    Transport(#[source] reqwest::Error),
    /// The answer is larger than any NetBox page should be.
    #[error("NetBox's answer exceeds {limit} bytes")]
    TooLarge {
        /// Bytes that are taken at most.
        limit: usize,
    },
    /// A list names ever more pages, or the same page again.
    #[error("NetBox's list does not end after {pages} pages")]
    EndlessList {
        /// Pages that were read.
        pages: u32,
    },
    /// The answer is not what the API documents.
    #[error("NetBox's answer to {request} cannot be read")]
    Decode {
        /// Method and path.
        request: String,
        /// What was wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A write went out and nobody knows whether it was done: read back before anything else.
    ///
    /// NetBox answers 500 for rows that it wrote, when its task queue is down.
    #[error("the outcome of {request} is unknown, read back before going on")]
    OutcomeUnknown {
        /// Method and path.
        request: String,
        /// What came instead of an answer.
        #[source]
        cause: Box<Error>,
    },
    /// 403, which NetBox also answers to a missing or wrong token.
    #[error("NetBox refuses access: {detail}")]
    Forbidden {
        /// NetBox's words.
        detail: String,
    },
    /// The object (or the whole path) does not exist, or the token may not see or change it.
    #[error("NetBox has no {what}")]
    NotFound {
        /// What was asked for: method and path.
        what: String,
    },
    /// More than one object fits where exactly one was expected.
    #[error("{count} objects of NetBox are {what}")]
    Ambiguous {
        /// What was asked for.
        what: String,
        /// How many fit.
        count: usize,
    },
    /// 412: the object is no longer as it was read.
    #[error("the object was changed in NetBox since it was read")]
    Changed {
        /// Its tag now, as far as the answer told.
        current_etag: Option<ETag>,
    },
    /// 400: NetBox refuses the values.
    #[error("NetBox refuses the data: {}", join(problems))]
    Invalid {
        /// Every fault it named, the first fifty at most.
        problems: Vec<Problem>,
    },
    /// 429, after as many attempts as allowed, or with a longer wait than allowed.
    #[error("NetBox takes no more requests for now")]
    Busy {
        /// How long it asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// Any other status.
    #[error("NetBox answered {status}: {detail}")]
    Api {
        /// HTTP status.
        status: u16,
        /// NetBox's words; of a redirect, where it leads.
        detail: String,
        /// How long it asked to be left alone (503).
        retry_after: Option<Duration>,
    },
}

/// One fault that NetBox found in a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// In a bulk write: which object, by id (updates) or position from 0 (creates).
    pub entry: Option<Entry>,
    /// The field, e.g. `mtu` or `custom_fields.ticket`; `None` for the object as a whole.
    pub field: Option<String>,
    /// NetBox's words.
    pub message: String,
}

/// Which object of a bulk write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The object with this row id.
    Id(u64),
    /// The object at this position, from 0.
    Index(u64),
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.entry {
            Some(Entry::Id(id)) => write!(f, "object {id}: ")?,
            Some(Entry::Index(index)) => write!(f, "entry {index}: ")?,
            None => {}
        }
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

fn join(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Error {
    /// The object does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// The object was changed by somebody else in between (412).
    #[must_use]
    pub fn is_changed(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }

    /// A write whose outcome nobody knows: read back first.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, Self::OutcomeUnknown { .. })
    }

    /// The same call may succeed later without anybody mending anything.
    ///
    /// False where the outcome is unknown: such a write is to be read back, not repeated.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Transport(_) | Self::Busy { .. } => true,
            // Cut short, or a page of what stands before the server; another shape of JSON will be another one next time too.
            Self::Decode { source, .. } => !source.is_data(),
            // 408 closes a connection on which the request did not come in time, often one that was kept open: it was not worked on.
            Self::Api { status, .. } => *status >= 500 || *status == 408,
            _ => false,
        }
    }

    /// How long NetBox asked to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } | Self::Api { retry_after, .. } => *retry_after,
            Self::OutcomeUnknown { cause, .. } => cause.retry_after(),
            _ => None,
        }
    }
}
