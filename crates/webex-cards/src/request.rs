//! Building requests, without a network: each call is a pure function that gives an `http::Request` with a path relative to the base URL.

use std::fmt::Write;

use http::{Method, Request, header};
use serde::Serialize;

use crate::error::Error;

/// A request as the pure functions make it; its URI is origin-form (`/people/me`), the client puts the base URL before it.
pub(crate) type Built = Result<Request<Vec<u8>>, Error>;

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A path of fixed words and encoded ids, with an encoded query.
pub(crate) fn path(segments: &[&str], query: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for segment in segments {
        out.push('/');
        out.push_str(&encode(segment));
    }
    for (index, (key, value)) in query.iter().enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        out.push_str(&format!("{}={}", encode(key), encode(value)));
    }
    out
}

/// A request without a body.
pub(crate) fn empty(method: Method, path: &str) -> Built {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(Error::Build)
}

/// A request with a JSON body.
pub(crate) fn json(method: Method, path: &str, body: &impl Serialize) -> Built {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .body(serde_json::to_vec(body).map_err(Error::Encode)?)
        .map_err(Error::Build)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_addresses_are_encoded() {
        assert_eq!(path(&["messages", "a/b?c"], &[]), "/messages/a%2Fb%3Fc");
        assert_eq!(
            path(&["people"], &[("email", "a+b@example.net"), ("max", "1")]),
            "/people?email=a%2Bb%40example.net&max=1"
        );
    }

    #[test]
    fn a_json_request_says_so() {
        let request = json(Method::POST, "/messages", &serde_json::json!({"a": 1})).unwrap();
        assert_eq!(request.headers()[header::CONTENT_TYPE], "application/json");
        assert_eq!(request.body(), b"{\"a\":1}");
    }
}
