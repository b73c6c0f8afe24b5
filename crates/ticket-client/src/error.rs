//! What can go wrong when talking to the ticket system.

use std::time::Duration;

use serde::Deserialize;
use serde::de::Error as _;

use crate::ids::TicketId;

/// Longest part of a server's error text that is kept, in characters.
const DETAIL_LIMIT: usize = 300;

/// A failed call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The base URL is no `http` or `https` URL, or has more than host, port and path.
    #[error("the Zammad URL is not usable: {0}")]
    BaseUrl(String),
    /// The token is empty or holds characters that no HTTP header may hold.
    #[error("the Zammad token is empty or has characters that cannot be sent in a header")]
    Token,
    /// The HTTP client could not be set up, for instance because no TLS provider is installed.
    #[error("the HTTP client could not be set up")]
    Setup(#[source] reqwest::Error),
    /// A request could not be built from its arguments.
    #[error("the request to Zammad could not be built")]
    Request(#[source] http::Error),
    /// A request body could not be written as JSON.
    #[error("the request to Zammad could not be written as JSON")]
    Encode(#[source] serde_json::Error),
    /// The server answered with an error status.
    #[error("Zammad answered {status}: {detail}")]
    Api {
        /// HTTP status. Decide by this one, never by the text.
        status: u16,
        /// The server's text, cut; an agent's token often sees only an opaque `Error ID …`.
        detail: String,
        /// The id in an opaque answer (`Error ID q7Rk2mZp: Please contact your administrator.`), to be found in the server's log.
        error_id: Option<String>,
        /// The wait that the server asked for.
        retry_after: Option<Duration>,
    },
    /// The connection failed, or broke before the answer was complete. A write may have been done.
    #[error("the request to Zammad failed")]
    Transport(#[source] reqwest::Error),
    /// No complete answer came in time. A write may have been done.
    #[error("Zammad did not answer in time")]
    Timeout(#[source] reqwest::Error),
    /// The answer is longer than this client reads.
    #[error("Zammad's answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer is not the JSON that was expected.
    #[error("Zammad's answer to {what} could not be read")]
    Decode {
        /// Which call.
        what: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The server does not let a ticket take this state (422): it does not exist, is not in the ticket's state filter, or a required field is empty.
    #[error("Zammad refused the state {state:?} for ticket {ticket}: {detail}")]
    StateRefused {
        /// The ticket.
        ticket: TicketId,
        /// The state that was refused.
        state: String,
        /// The server's text.
        detail: String,
    },
    /// The server said yes, but reading back shows another value: it drops what it does not know in silence.
    #[error("ticket {ticket} has {field} {found:?} after {wanted:?} was written")]
    NotWritten {
        /// The ticket.
        ticket: TicketId,
        /// The attribute.
        field: String,
        /// What was written.
        wanted: String,
        /// What the server holds.
        found: String,
    },
    /// No state has this name.
    #[error("Zammad has no ticket state {0:?}")]
    UnknownState(String),
    /// A marker must be 1 to 100 characters of ASCII letters, digits and `._:/-`.
    #[error("{0:?} is no usable marker")]
    Marker(String),
}

impl Error {
    /// The HTTP status, if the server answered with an error.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api { status, .. } => Some(*status),
            Self::StateRefused { .. } => Some(422),
            _ => None,
        }
    }

    /// Whether the object does not exist (404).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// Whether the credentials or rights do not suffice (401, or 403: Zammad answers 403 also when none were sent).
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(self.status(), Some(401 | 403))
    }

    /// Whether trying again later can help: no connection, no answer, half an answer, a page where JSON should be, 408, 429 or any 5xx.
    ///
    /// 408 closes a connection on which the request did not come in time, often one that was kept open: it was not worked on.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Timeout(_) => true,
            // Cut short, or a page of what stands before the server; another shape of JSON will be another one next time too.
            Self::Decode { source, .. } => !source.is_data(),
            other => other.status().is_some_and(|status| matches!(status, 408 | 429) || status >= 500),
        }
    }

    /// Whether a write that ended so may have been done all the same: only reading back tells.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Transport(error) => !error.is_connect(),
            Self::Timeout(_) | Self::TooLarge { .. } | Self::Decode { .. } => true,
            other => other.status().is_some_and(|status| status >= 500),
        }
    }

    /// The wait that the server asked for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// An answer that is no success. `location` is where a redirect leads.
    pub(crate) fn api(
        status: u16,
        retry_after: Option<Duration>,
        location: Option<&str>,
        body: &[u8],
    ) -> Self {
        #[derive(Default, Deserialize)]
        struct Body {
            error: Option<String>,
            error_human: Option<String>,
        }
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let text = body.error_human.or(body.error).filter(|text| !text.is_empty());
        let error_id = text.as_deref().and_then(opaque_id);
        let detail = match (text, location) {
            (Some(text), _) => cut(&text),
            (None, Some(location)) => redirected(location),
            (None, None) => "no reason given".to_owned(),
        };
        Self::Api { status, detail, error_id, retry_after }
    }
}

/// The error without the text that was found where something else should be: answers hold secrets, and what people wrote.
pub(crate) fn without_value(error: serde_json::Error) -> serde_json::Error {
    let text = error.to_string();
    match (text.find('"'), text.rfind('"')) {
        (Some(begin), Some(end)) if error.is_data() && begin < end => {
            serde_json::Error::custom(format!("{}\"…\"{}", &text[..begin], &text[end + 1..]))
        }
        _ => error,
    }
}

/// Where a redirect leads, without a query, which may hold what is nobody's business.
fn redirected(location: &str) -> String {
    let target = location.split(['?', '#']).next().unwrap_or_default();
    cut(&format!("redirects are not followed; the URL to configure may be that of {target}"))
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(DETAIL_LIMIT).collect()
}

fn opaque_id(text: &str) -> Option<String> {
    let (id, _) = text.strip_prefix("Error ID ")?.split_once(':')?;
    Some(cut(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_answer_is_not_quoted() {
        let error = serde_json::from_str::<Vec<u64>>(r#"[1, "hush \"quoted\" hush"]"#).unwrap_err();
        let error = without_value(error);
        assert_eq!(error.to_string(), r#"invalid type: string "…", expected u64 at line 1 column 26"#);
        assert!(error.is_data() && !format!("{error:?}").contains("hush"));
        let cut_short = without_value(serde_json::from_str::<Vec<u64>>("[1,").unwrap_err());
        assert!(cut_short.is_eof());
    }

    #[test]
    fn the_id_of_an_opaque_answer_is_kept() {
        let error = Error::api(
            500,
            None,
            None,
            br#"{"error":"Error ID q7Rk2mZp: Please contact your administrator."}"#,
        );
        let Error::Api { error_id, detail, .. } = &error else { panic!("{error:?}") };
        assert_eq!(error_id.as_deref(), Some("q7Rk2mZp"));
        assert_eq!(detail, "Error ID q7Rk2mZp: Please contact your administrator.");
        assert!(error.is_retryable());
    }

    #[test]
    fn a_connection_that_timed_out_may_be_tried_again_and_nothing_was_done() {
        let error = Error::api(408, None, None, b"");
        assert!(error.is_retryable() && !error.is_ambiguous());
        assert!(!Error::api(404, None, None, b"").is_retryable());
    }

    #[test]
    fn a_redirect_says_where_it_leads_and_no_more() {
        let error = Error::api(301, None, Some("https://tickets.example.net/api?token=hush"), b"<html>");
        let text = error.to_string();
        assert!(
            text.ends_with("the URL to configure may be that of https://tickets.example.net/api"),
            "{text}"
        );
        assert!(!error.is_retryable() && !error.is_ambiguous());
    }

    #[test]
    fn an_html_page_instead_of_json_still_gives_the_status() {
        let error = Error::api(502, None, None, b"<html><body>Bad gateway</body></html>");
        assert_eq!(error.to_string(), "Zammad answered 502: no reason given");
    }

    #[test]
    fn the_text_is_cut_and_has_no_line_breaks() {
        let body = serde_json::json!({"error": format!("a\n{}", "x".repeat(1000))}).to_string();
        let Error::Api { detail, .. } = Error::api(422, None, None, body.as_bytes()) else { panic!() };
        assert_eq!(detail.chars().count(), DETAIL_LIMIT);
        assert!(detail.starts_with("ax"));
    }
}
