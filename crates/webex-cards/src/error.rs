//! What can go wrong between us and Webex.

use std::time::Duration;

use crate::card::CardError;

/// Why a call did not succeed. Texts hold no token, no body and no address of a person.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Webex answered with an error status.
    #[error("Webex answered {status}: {detail}")]
    Api {
        /// HTTP status.
        status: u16,
        /// Webex's `message`, shortened; its wording is not stable.
        detail: String,
        /// Webex's tracking id, which its support asks for.
        tracking_id: Option<String>,
        /// How long Webex asked to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// Webex asks for patience (429 or 423) for longer than the [`RetryPolicy`](crate::RetryPolicy) allows to wait here.
    #[error("Webex asks to wait {} s", retry_after.as_secs())]
    RateLimited {
        /// How long to wait before the next try, at least a second, at most an hour.
        retry_after: Duration,
    },
    /// The request failed on its way there or back.
    #[error("request to Webex failed")]
    Transport(#[source] reqwest::Error),
    /// The answer is not what the API promises.
    #[error("the answer of Webex to {what} has an unexpected shape")]
    Decode {
        /// The call.
        what: &'static str,
        /// What was wrong.
        #[source]
        source: serde_json::Error,
    },
    /// The answer is larger than four megabytes.
    #[error("the answer of Webex is too large")]
    AnswerTooLarge,
    /// A next page lies outside the configured address, or there is no end of pages.
    #[error("Webex names a next page that is not followed: {0}")]
    Paging(&'static str),
    /// The card cannot be sent.
    #[error("the card cannot be sent")]
    Card(#[from] CardError),
    /// The base URL is not an absolute http or https URL, or holds a user name, a password, a query or a fragment.
    #[error("the Webex URL must be http or https, without user name, password, query and fragment")]
    BaseUrl,
    /// The token is empty or cannot stand in a header.
    #[error("the Webex token is empty or holds characters that a header cannot carry")]
    Token,
    /// The request could not be put together.
    #[error("the request to Webex could not be built")]
    Build(#[source] http::Error),
    /// The request body could not be written as JSON.
    #[error("the request to Webex could not be written as JSON")]
    Encode(#[source] serde_json::Error),
}

impl Error {
    /// The status of an [`Error::Api`].
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The thing does not exist, or not any more (404, 410).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.status(), Some(404 | 410))
    }

    /// The token is missing, wrong or revoked (401): an operator has to replace it.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(401)
    }

    /// Worth trying again later: rate limit, server trouble, a broken connection. A repeated `POST` may do its work twice;
    /// see [`Error::may_have_been_done`].
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::RateLimited { .. } => true,
            Self::Transport(source) => !source.is_builder(),
            Self::Api { status, .. } => matches!(status, 408 | 428 | 500 | 502 | 503 | 504),
            Self::Decode { .. } | Self::AnswerTooLarge => true,
            Self::Paging(_)
            | Self::Card(_)
            | Self::BaseUrl
            | Self::Token
            | Self::Build(_)
            | Self::Encode(_) => false,
        }
    }

    /// The request reached Webex or may have, and its outcome is unknown: a message may exist although its `POST` failed.
    #[must_use]
    pub fn may_have_been_done(&self) -> bool {
        match self {
            Self::Transport(source) => !(source.is_connect() || source.is_builder()),
            Self::Api { status, .. } => *status >= 500,
            Self::Decode { .. } | Self::AnswerTooLarge => true,
            _ => false,
        }
    }

    /// How long Webex asked to wait, if it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => Some(*retry_after),
            Self::Api { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
