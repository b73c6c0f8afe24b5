//! Requests, built without a network: pure functions from arguments to `http::Request<Vec<u8>>`.
//!
//! The URIs have no host (`/api/v1/tickets/301?expand=true`); [`Client`](crate::Client) puts its base URL before them and adds the token.

use http::{Method, Request, header};
use reqwest::Url;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::ids::{StateId, TicketId, TicketNumber, UserId};
use crate::ticket::{ArticleBody, Note};

/// Tickets per page of a search; the server's own limit is 200, and 100 for lists.
pub const PAGE_SIZE: usize = 100;

/// Marks a request that changes nothing when it is sent twice, though it is no GET.
#[derive(Debug, Clone, Copy)]
pub struct Repeatable;

/// Whether sending the request twice does no harm.
#[must_use]
pub fn is_repeatable(request: &Request<Vec<u8>>) -> bool {
    request.method() == Method::GET || request.extensions().get::<Repeatable>().is_some()
}

/// `GET /tickets/{id}?expand=true`
///
/// # Errors
/// None in practice; [`Error::Request`] if the URI cannot be written.
pub fn ticket(id: TicketId) -> Result<Request<Vec<u8>>, Error> {
    get(&format!("/tickets/{id}?expand=true"))
}

/// `GET /ticket_articles/by_ticket/{id}?expand=true`, oldest first.
///
/// # Errors
/// None in practice; [`Error::Request`] if the URI cannot be written.
pub fn articles(id: TicketId) -> Result<Request<Vec<u8>>, Error> {
    get(&format!("/ticket_articles/by_ticket/{id}?expand=true"))
}

/// `GET /users/{id}`
///
/// # Errors
/// None in practice; [`Error::Request`] if the URI cannot be written.
pub fn user(id: UserId) -> Result<Request<Vec<u8>>, Error> {
    get(&format!("/users/{id}"))
}

/// `GET /users/me`
///
/// # Errors
/// None in practice; [`Error::Request`] if the URI cannot be written.
pub fn me() -> Result<Request<Vec<u8>>, Error> {
    get("/users/me")
}

/// `GET /ticket_states`
///
/// # Errors
/// None in practice; [`Error::Request`] if the URI cannot be written.
pub fn states() -> Result<Request<Vec<u8>>, Error> {
    get("/ticket_states")
}

/// `GET /tickets/search?query=number:…&expand=true`
///
/// # Errors
/// [`Error::Request`] if the URI cannot be written.
pub fn ticket_by_number(number: &TicketNumber) -> Result<Request<Vec<u8>>, Error> {
    let quoted = number.as_str().replace(['\\', '"'], "");
    get(&query(
        "/tickets/search",
        &[("query", &format!("number:\"{quoted}\"")), ("expand", "true"), ("limit", "10")],
    ))
}

/// `POST /tickets/search` by condition rather than by query: the server answers from its database, not from the search index, which lags behind.
///
/// # Errors
/// [`Error::Encode`], [`Error::Request`]: none in practice.
pub fn search(ticket_type: &str, states: &[StateId], page: usize) -> Result<Request<Vec<u8>>, Error> {
    let ids: Vec<String> = states.iter().map(ToString::to_string).collect();
    let body = json!({
        "condition": {
            "ticket.state_id": {"operator": "is", "value": ids},
            "ticket.ticket_type": {"operator": "is", "value": [ticket_type]},
        },
        "expand": true, "page": page, "per_page": PAGE_SIZE, "limit": PAGE_SIZE,
        "sort_by": "created_at", "order_by": "asc",
    });
    let mut request = write(Method::POST, "/tickets/search", &body)?;
    request.extensions_mut().insert(Repeatable);
    Ok(request)
}

/// `POST /ticket_articles`
///
/// # Errors
/// [`Error::Encode`], [`Error::Request`]: none in practice.
pub fn add_note(ticket: TicketId, note: &Note) -> Result<Request<Vec<u8>>, Error> {
    write(Method::POST, "/ticket_articles?expand=true", &ArticleBody::new(Some(ticket), note))
}

/// `PUT /tickets/{id}?expand=true` with a state and, in the same transaction, a note.
///
/// # Errors
/// [`Error::Encode`], [`Error::Request`]: none in practice.
pub fn update_state(ticket: TicketId, state: &str, note: Option<&Note>) -> Result<Request<Vec<u8>>, Error> {
    #[derive(Serialize)]
    struct Body<'a> {
        state: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        article: Option<ArticleBody<'a>>,
    }
    let body = Body { state, article: note.map(|note| ArticleBody::new(None, note)) };
    let mut request = write(Method::PUT, &format!("/tickets/{ticket}?expand=true"), &body)?;
    if note.is_none() {
        request.extensions_mut().insert(Repeatable);
    }
    Ok(request)
}

/// `PUT /tickets/{id}?expand=true` with any attributes. Unknown ones are dropped by the server in silence.
///
/// # Errors
/// [`Error::Encode`], [`Error::Request`]: none in practice.
pub fn update_ticket(ticket: TicketId, attributes: &Value) -> Result<Request<Vec<u8>>, Error> {
    write(Method::PUT, &format!("/tickets/{ticket}?expand=true"), attributes)
}

/// `POST /tickets?expand=true`
///
/// # Errors
/// [`Error::Encode`], [`Error::Request`]: none in practice.
pub fn create_ticket(attributes: &Value) -> Result<Request<Vec<u8>>, Error> {
    write(Method::POST, "/tickets?expand=true", attributes)
}

/// A GET below `/api/v1`.
///
/// # Errors
/// [`Error::Request`] if the path is no URI.
pub fn get(path: &str) -> Result<Request<Vec<u8>>, Error> {
    Request::builder()
        .method(Method::GET)
        .uri(format!("/api/v1{path}"))
        .header(header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(Error::Request)
}

/// A request with a JSON body below `/api/v1`.
///
/// # Errors
/// [`Error::Encode`] if the body is no JSON, [`Error::Request`] if the path is no URI.
pub fn write(method: Method, path: &str, body: &impl Serialize) -> Result<Request<Vec<u8>>, Error> {
    let body = serde_json::to_vec(body).map_err(Error::Encode)?;
    Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body)
        .map_err(Error::Request)
}

fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    // The host is only there because `Url` wants one; path and query are what is taken from it.
    let encoded = Url::parse_with_params("http://zammad.invalid/", pairs).ok();
    encoded
        .and_then(|url| url.query().map(|query| format!("{path}?{query}")))
        .unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_with_a_note_is_one_request_that_must_not_be_repeated() {
        let note = Note::html("Approval requested", "<p>Waiting</p>").internal(true);
        let request = update_state(TicketId(301), "pending approval", Some(&note)).unwrap();
        assert_eq!(request.method(), Method::PUT);
        assert_eq!(request.uri(), "/api/v1/tickets/301?expand=true");
        assert_eq!(request.headers()[header::ACCEPT], "application/json");
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(
            body,
            json!({"state": "pending approval", "article": {"subject": "Approval requested", "body": "<p>Waiting</p>",
                "content_type": "text/html", "type": "note", "internal": true}})
        );
        assert!(!is_repeatable(&request));
        assert!(is_repeatable(&update_state(TicketId(301), "closed", None).unwrap()));
    }

    #[test]
    fn a_number_cannot_widen_the_query() {
        let request = ticket_by_number(&TicketNumber::new("1\" OR title:*")).unwrap();
        assert_eq!(request.uri().query(), Some("query=number%3A%221+OR+title%3A*%22&expand=true&limit=10"));
    }

    #[test]
    fn a_search_may_be_repeated_and_names_states_by_id() {
        let request = search("network_change", &[StateId(2)], 1).unwrap();
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(body["condition"]["ticket.state_id"]["value"], json!(["2"]));
        assert!(is_repeatable(&request));
    }
}
