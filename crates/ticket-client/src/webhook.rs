//! Webhooks: checking the signature, and reading the body leniently.
//!
//! A webhook is a hint. It is rendered anew at each attempt, may be old, doubled or lost, and can be replayed for ever since it carries no
//! time. So: verify, store, answer 2xx, and read the ticket itself before doing anything.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::Value;
use serde_json::error::Category;
use sha1::Sha1;
use subtle::ConstantTimeEq;

use crate::error::without_value;
use crate::ids::{TicketId, TicketNumber};
use crate::ticket::{Article, Ticket};

/// Header with the signature, `sha1=` and 40 hex digits.
pub const SIGNATURE_HEADER: &str = "X-Hub-Signature";
/// Header with the id of the delivery, the same for all its attempts. It is not covered by the signature.
pub const DELIVERY_HEADER: &str = "X-Zammad-Delivery";
/// Header with the name of the trigger.
pub const TRIGGER_HEADER: &str = "X-Zammad-Trigger";

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The secret is empty, so anybody could sign.
    #[error("the webhook secret is empty")]
    NoSecret,
    /// There is no signature.
    #[error("the webhook is not signed")]
    Missing,
    /// The signature is not of the form `sha1=` and 40 hex digits.
    #[error("the webhook's signature is not of the form sha1=…")]
    Malformed,
    /// The signature is another one.
    #[error("the webhook's signature is wrong")]
    Wrong,
}

/// Checks the signature over the body as received, in constant time. The digits may be of either case; an empty secret verifies nothing.
///
/// The bytes count: Zammad writes `<` as `\u003c`, so a body that was parsed and written again has another signature.
///
/// # Errors
/// [`SignatureError`]; answer 401.
pub fn verify(secret: &SecretString, signature: Option<&str>, body: &[u8]) -> Result<(), SignatureError> {
    let secret = secret.expose_secret();
    if secret.is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let hex = signature.ok_or(SignatureError::Missing)?.trim().strip_prefix("sha1=");
    let mut given = [0; 20];
    hex::decode_to_slice(hex.ok_or(SignatureError::Malformed)?, &mut given)
        .map_err(|_| SignatureError::Malformed)?;
    // HMAC takes keys of any length, so there is no error here; were there one, nothing would verify.
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).map_err(|_| SignatureError::Wrong)?;
    mac.update(body);
    let right = mac.finalize().into_bytes();
    if bool::from(right.as_slice().ct_eq(&given)) { Ok(()) } else { Err(SignatureError::Wrong) }
}

/// What a webhook tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The ticket at the time of sending.
    pub ticket: Ticket,
    /// The article that came with the change, if any.
    pub article: Option<Article>,
}

/// A body that is no event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// It is no JSON.
    #[error("the body is not JSON")]
    Json(#[source] serde_json::Error),
    /// It is JSON, but has no `ticket` with `id` and `number`: perhaps the webhook has a custom payload.
    #[error("the body has no ticket with id and number; the webhook must send Zammad's default payload")]
    Shape(#[source] serde_json::Error),
}

/// Reads a body. Only `ticket.id` and `ticket.number` must be there; unknown keys are kept as fields, and what is of another type than it
/// should be counts as missing.
///
/// # Errors
/// [`PayloadError`]; answer 400.
pub fn parse(body: &[u8]) -> Result<Event, PayloadError> {
    #[derive(Deserialize)]
    struct Raw {
        ticket: Ticket,
        #[serde(default)]
        article: Value,
    }
    let value: Value = serde_json::from_slice(body).map_err(PayloadError::Json)?;
    let raw: Raw =
        serde_json::from_value(value).map_err(|error| PayloadError::Shape(without_value(error)))?;
    // `{}` where the change had no article.
    Ok(Event { ticket: raw.ticket, article: serde_json::from_value(raw.article).ok() })
}

/// Which ticket a webhook is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(expecting = "an object with a ticket's id and number")]
#[non_exhaustive]
pub struct Hint {
    /// Its database id.
    pub id: TicketId,
    /// Its number for people.
    pub number: TicketNumber,
}

/// Depth of a body, at most; Zammad's own are 4 deep.
const MAX_DEPTH: usize = 64;

/// Reads only which ticket a body is about, with far less work than [`parse`]: of all else it checks the form only, so that it takes a
/// number out of range, or an array where serde takes one for an object.
///
/// # Errors
/// [`PayloadError`]; answer 400.
pub fn hint(body: &[u8]) -> Result<Hint, PayloadError> {
    #[derive(Deserialize)]
    #[serde(expecting = "an object with a ticket")]
    struct Raw {
        ticket: Hint,
    }
    if depth(body) > MAX_DEPTH {
        let text = format!("nested deeper than {MAX_DEPTH}");
        return Err(PayloadError::Json(serde_json::Error::custom(text)));
    }
    let text =
        std::str::from_utf8(body).map_err(|error| PayloadError::Json(serde_json::Error::custom(error)))?;
    let raw = serde_json::from_str(text).map_err(|error: serde_json::Error| match error.classify() {
        Category::Data => PayloadError::Shape(without_value(error)),
        Category::Io | Category::Syntax | Category::Eof => PayloadError::Json(error),
    });
    raw.map(|raw: Raw| raw.ticket)
}

/// How deep a JSON text is nested, its texts left aside. What is no JSON has some depth too.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text) = (0usize, 0, false);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_text = !in_text,
            // What is escaped is skipped: it may be a quotation mark.
            b'\\' if in_text => drop(bytes.next()),
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn fixture(name: &str) -> Vec<u8> {
        let path = format!("{}/../../fixtures/zammad/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn key() -> SecretString {
        SecretString::from("zammad-test-token")
    }

    #[derive(Deserialize)]
    struct Signatures {
        values: BTreeMap<String, String>,
    }

    #[test]
    fn every_fixture_verifies_over_its_own_bytes_and_over_no_others() {
        let signatures: Signatures = serde_json::from_slice(&fixture("signatures.json")).unwrap();
        assert!(signatures.values.len() >= 10);
        for (name, signature) in &signatures.values {
            let mut body = fixture(name);
            assert_eq!(verify(&key(), Some(signature), &body), Ok(()), "{name}");
            body.push(b'\n');
            assert_eq!(verify(&key(), Some(signature), &body), Err(SignatureError::Wrong), "{name}");
        }
    }

    #[test]
    fn the_escapes_are_part_of_what_is_signed() {
        let escaped = br#"{"ticket":{"id":301,"title":"a \u003c b \u0026 c"},"article":{}}"#;
        let plain = br#"{"ticket":{"id":301,"title":"a < b & c"},"article":{}}"#;
        let signature = Some("sha1=34e5ba7b30a5e989df5f36060b7aedc4d9b8529c");
        assert_eq!(verify(&key(), signature, escaped), Ok(()));
        assert_eq!(verify(&key(), signature, plain), Err(SignatureError::Wrong));
        assert_eq!(verify(&key(), Some("sha1=a507ab9e59b65621a036cd40b76de48e0a68a993"), plain), Ok(()));
    }

    #[test]
    fn a_missing_or_misshapen_signature_is_told_apart_from_a_wrong_one() {
        assert_eq!(verify(&key(), None, b"{}"), Err(SignatureError::Missing));
        for bad in ["", "sha1=", "sha1=00", "md5=34e5ba7b30a5e989df5f36060b7aedc4d9b8529c", "sha1=zz"] {
            assert_eq!(verify(&key(), Some(bad), b"{}"), Err(SignatureError::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn digits_of_either_case_are_taken_and_an_empty_secret_verifies_nothing() {
        let body = br#"{"ticket":{"id":301,"title":"a < b & c"},"article":{}}"#;
        let upper = Some("sha1=A507AB9E59B65621A036CD40B76DE48E0A68A993");
        assert_eq!(verify(&key(), upper, body), Ok(()));
        // HMAC-SHA1 of nothing under the empty key, which anybody can compute.
        let public = Some("sha1=fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
        assert_eq!(verify(&SecretString::from(""), public, b""), Err(SignatureError::NoSecret));
    }

    #[test]
    fn what_is_of_another_type_than_it_should_be_counts_as_missing() {
        let odd = r#"{"ticket":{"id":1,"number":"2","title":7,"state":["open"],"state_id":"two","group":3,"updated_at":{},
            "created_at":0,"customer":9,"customer_id":"x","created_by":[],"created_by_id":{},"updated_by":null,"updated_by_id":-1,
            "article_ids":"none","owner":1,"network_interface_mtu":{"a":[1]}},"article":{"id":"x"}}"#;
        let event = parse(odd.as_bytes()).unwrap();
        assert_eq!((event.ticket.id, event.ticket.title.as_str(), event.article), (TicketId(1), "", None));
        assert!(event.ticket.requester_emails().is_empty());
        assert_eq!(hint(odd.as_bytes()).unwrap().id, event.ticket.id);
    }

    #[test]
    fn the_recorded_body_of_ticket_15004_is_read() {
        let event = parse(&fixture("seed_ticket_15004.json")).unwrap();
        assert_eq!((event.ticket.id, event.ticket.number.as_str()), (TicketId(4), "15004"));
        assert_eq!(event.ticket.state, "open");
        assert_eq!(event.ticket.requester_emails(), ["network-team@local.lab", "developer@local.lab"]);
        assert_eq!(event.ticket.field("network_interface_mtu"), Some(&Value::from(1500)));
        assert_eq!(event.article.unwrap().kind.as_deref(), Some("phone"));
    }

    #[test]
    fn keys_of_newer_servers_are_ignored_and_an_empty_article_is_none() {
        assert!(parse(&fixture("ticket_webhook_extra_keys.json")).is_ok());
        let event = parse(&fixture("webhook_update_no_article.json")).unwrap();
        assert_eq!(event.article, None);
        assert_eq!(event.ticket.updated_by.login.as_deref(), Some("netchange-bot"));
    }

    #[test]
    fn an_absent_field_and_a_null_field_read_alike() {
        let legacy = parse(&fixture("ticket_webhook_legacy_two_part.json")).unwrap();
        assert!(!legacy.ticket.fields.contains_key("network_interface_mtu"));
        let minimal = parse(&fixture("ticket_webhook_minimal.json")).unwrap();
        assert_eq!(
            minimal.ticket.field("network_interface_mtu"),
            legacy.ticket.field("network_interface_mtu")
        );
    }

    #[test]
    fn what_is_no_event_is_refused_with_a_reason() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let deep_beside = format!(r#"{{"ticket":{{"id":1,"number":"2"}},"article":{deep}}}"#);
        for body in ["not json", &deep, &deep_beside] {
            assert!(matches!(parse(body.as_bytes()), Err(PayloadError::Json(_))));
            assert!(matches!(hint(body.as_bytes()), Err(PayloadError::Json(_))));
        }
        for body in [
            "[]",
            r#"{"text":"custom payload"}"#,
            r#"{"ticket":{"id":"1","number":"2"}}"#,
            r#"{"ticket":{"id":1}}"#,
        ] {
            assert!(matches!(parse(body.as_bytes()), Err(PayloadError::Shape(_))), "{body}");
            assert!(matches!(hint(body.as_bytes()), Err(PayloadError::Shape(_))), "{body}");
        }
        for (body, wanted) in
            [("1", "an object with a ticket"), (r#"{"ticket":7}"#, "an object with a ticket's id and number")]
        {
            let Err(PayloadError::Shape(why)) = hint(body.as_bytes()) else { panic!("{body}") };
            assert!(why.to_string().contains(&format!("expected {wanted}")), "{why}");
        }
    }

    #[test]
    fn depth_counts_brackets_outside_of_texts() {
        for (json, deep) in [
            ("1", 0),
            (r#"{"a":[1,{}]}"#, 3),
            (r#"{"a":"[[[","b":"\"[[","c":"\\"}"#, 1),
            ("[[]", 2),
            ("]]]", 0),
        ] {
            assert_eq!(depth(json.as_bytes()), deep, "{json}");
        }
        let nested = |deep: usize| {
            let around = deep - 1;
            let article = format!("{}{}", "[".repeat(around), "]".repeat(around));
            format!(r#"{{"ticket":{{"id":1,"number":"2"}},"article":{article}}}"#)
        };
        assert!(hint(nested(MAX_DEPTH).as_bytes()).is_ok());
        let refused = hint(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err();
        assert!(matches!(refused, PayloadError::Json(_)));
        assert_eq!(std::error::Error::source(&refused).unwrap().to_string(), "nested deeper than 64");
    }

    #[test]
    fn the_hint_is_the_events_ticket() {
        for name in ["ticket_webhook_access.json", "ticket_webhook_minimal.json", "seed_ticket_15004.json"] {
            let (hint, event) = (hint(&fixture(name)).unwrap(), parse(&fixture(name)).unwrap());
            assert_eq!((hint.id, hint.number), (event.ticket.id, event.ticket.number), "{name}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(body: Vec<u8>, signature: String) {
            assert_eq!(parse(&body).is_ok(), hint(&body).is_ok());
            let _ = verify(&key(), Some(&signature), &body);
        }
    }
}
