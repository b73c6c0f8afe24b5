//! Webhooks: their signature and their payload.
//!
//! NetBox sends no delivery id and no timestamp header, and does not repeat a delivery that failed: dedupe on a digest of the body, and poll.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::Sha512;

use crate::answer::without_value;
use crate::etag::RequestId;
use crate::model::{Interface, null_as_default};

/// The header that carries the signature: the hex HMAC-SHA-512 of the raw body.
pub const SIGNATURE_HEADER: &str = "X-Hook-Signature";

/// Why a webhook is not from NetBox, or cannot be known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The secret is empty, so anybody could sign.
    #[error("the webhook secret is empty")]
    NoSecret,
    /// There is no signature.
    #[error("the webhook is not signed")]
    Missing,
    /// The signature is no hex number of 512 bits.
    #[error("the webhook's signature is malformed")]
    Malformed,
    /// The signature is of another body or made with another secret.
    #[error("the webhook's signature is wrong")]
    Wrong,
}

/// Checks a signature over the bytes as they came, in constant time.
///
/// # Errors
/// When it is missing, malformed or wrong, or the secret is empty.
pub fn verify(secret: &SecretString, signature: Option<&str>, body: &[u8]) -> Result<(), SignatureError> {
    let secret = secret.expose_secret();
    if secret.is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let signature = signature.ok_or(SignatureError::Missing)?;
    let mut claimed = [0_u8; 64];
    hex::decode_to_slice(signature.trim(), &mut claimed).map_err(|_| SignatureError::Malformed)?;
    // HMAC takes keys of any length, so this error never comes.
    let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).map_err(|_| SignatureError::NoSecret)?;
    mac.update(body);
    mac.verify_slice(&claimed).map_err(|_| SignatureError::Wrong)
}

/// A webhook's payload, of 4.x and of 3.5.
///
/// ```json
/// {"event": "updated", "timestamp": "2026-11-24T02:15:21.347410+00:00", "object_type": "dcim.interface", "data": {"id": 10, "name": "…"},
///  "request": {"id": "cc199227-…", "user": "orchestrator", "method": "PATCH", "path": "/api/dcim/interfaces/10/"},
///  "snapshots": {"prechange": {"mtu": null}, "postchange": {"mtu": 1500}}}
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub event: EventKind,
    /// When, RFC 3339.
    #[serde(default)]
    pub timestamp: Option<String>,
    /// The object afterwards (before, if it was deleted), as the API shows it, with relative URLs.
    #[serde(default)]
    pub data: Value,
    /// The object before and after, related objects by id.
    #[serde(default, deserialize_with = "null_as_default")]
    pub snapshots: Snapshots,
    #[serde(default)]
    object_type: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    request: Option<Cause>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    request_id: Option<String>,
}

/// The request that caused an event.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Cause {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    user: Option<String>,
}

/// What happened to an object.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EventKind {
    /// It was made.
    Created,
    /// It was saved, perhaps with no change.
    Updated,
    /// It was deleted.
    Deleted,
    /// Something this crate does not know.
    #[serde(untagged)]
    Other(String),
}

/// An object before and after, as NetBox keeps it in its change log: related objects by id, choices by value.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[non_exhaustive]
pub struct Snapshots {
    /// Before; `None` for a new object.
    #[serde(default)]
    pub prechange: Option<Map<String, Value>>,
    /// After; `None` for a deleted one.
    #[serde(default)]
    pub postchange: Option<Map<String, Value>>,
}

impl Event {
    /// Reads a payload.
    ///
    /// # Errors
    /// When it is not JSON or not of this shape.
    pub fn from_slice(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body).map_err(without_value)
    }

    /// Whether it is about an interface of a device.
    #[must_use]
    pub fn is_interface(&self) -> bool {
        match &self.object_type {
            Some(object_type) => object_type == "dcim.interface",
            None => self.model.as_deref() == Some("interface"),
        }
    }

    /// The interface it is about, `None` if it is about something else.
    #[must_use]
    pub fn interface(&self) -> Option<Result<Interface, serde_json::Error>> {
        self.is_interface().then(|| Interface::deserialize(&self.data).map_err(without_value))
    }

    /// The request that caused it: equal to [`Written::request_id`](crate::Written::request_id) if it was ours.
    #[must_use]
    pub fn request_id(&self) -> Option<RequestId> {
        let newer = self.request.as_ref().and_then(|request| request.id.as_deref());
        newer.or(self.request_id.as_deref()).map(RequestId::new)
    }

    /// Who caused it.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.request.as_ref().and_then(|request| request.user.as_deref()).or(self.username.as_deref())
    }

    /// What a custom field that holds text has now; `None` where it is missing, `null` or empty.
    #[must_use]
    pub fn custom_text(&self, name: &str) -> Option<&str> {
        self.data.get("custom_fields")?.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Whether anything but times differs between the snapshots; `true` where one is missing.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        let (Some(before), Some(after)) = (&self.snapshots.prechange, &self.snapshots.postchange) else {
            return true;
        };
        let same = |key: &String, value: &Value, other: &Map<String, Value>| {
            key == "last_updated" || other.get(key) == Some(value)
        };
        before.iter().any(|(key, value)| !same(key, value, after))
            || after.iter().any(|(key, value)| !same(key, value, before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"event":"updated"}"#;

    fn sign(secret: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body);
        hex::encode(mac.finalize().into_bytes())
    }

    #[test]
    fn only_the_right_signature_of_the_right_bytes_is_taken() {
        let secret = SecretString::from("netbox-secret");
        let good = sign("netbox-secret", BODY);
        assert_eq!(verify(&secret, Some(&good), BODY), Ok(()));
        assert_eq!(verify(&secret, Some(&good.to_uppercase()), BODY), Ok(()));
        assert_eq!(verify(&secret, None, BODY), Err(SignatureError::Missing));
        assert_eq!(verify(&secret, Some("abc"), BODY), Err(SignatureError::Malformed));
        assert_eq!(verify(&secret, Some(&good[..126]), BODY), Err(SignatureError::Malformed));
        assert_eq!(verify(&secret, Some(&good), br#"{"event":"updated" }"#), Err(SignatureError::Wrong));
        assert_eq!(verify(&secret, Some(&sign("other", BODY)), BODY), Err(SignatureError::Wrong));
        let empty = SecretString::from("");
        assert_eq!(verify(&empty, Some(&sign("", BODY)), BODY), Err(SignatureError::NoSecret));
    }

    #[test]
    fn a_payload_of_3_5_names_its_model_and_request_at_the_top() {
        let body = br#"{"event":"updated","timestamp":"2023-05-01 00:00:00+00:00","model":"interface","username":"admin",
            "request_id":"r1","data":{"id":1,"name":"Gi1","device":{"id":1,"name":null},"enabled":true,"mgmt_only":false,"mode":null,
            "custom_fields":{"change_ticket_number":"15003"}},"snapshots":{"prechange":null,"postchange":{}}}"#;
        let event = Event::from_slice(body).unwrap();
        assert!(event.is_interface());
        assert_eq!(event.request_id(), Some(RequestId::new("r1")));
        assert_eq!(event.user(), Some("admin"));
        assert_eq!(event.custom_text("change_ticket_number"), Some("15003"));
        assert_eq!(event.interface().unwrap().unwrap().name, "Gi1");
    }

    #[test]
    fn an_unknown_event_is_kept_by_name() {
        let event = Event::from_slice(br#"{"event":"job_started","data":null}"#).unwrap();
        assert_eq!(event.event, EventKind::Other("job_started".to_owned()));
        assert!(event.interface().is_none());
        assert!(Event::from_slice(br#"{"event":"ping","snapshots":null,"request":null}"#).is_ok());
    }
}
