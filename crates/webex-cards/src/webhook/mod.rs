//! Webhooks: the notifications that Webex sends, and their registration.
//!
//! A notification carries ids only; what was written or pressed is fetched with the client. Webex sends each once, does not say whether
//! it repeats one, and switches a hook off after a hundred failures in five minutes: verify, store, answer 2xx, work later.

mod notification;
mod registration;

pub use notification::{Data, Event, MessageData, Notification, ParseError, Resource, SubmitData};
pub use registration::{Reconciled, Registration, Step, Wanted, plan};

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Name of the signature's header.
pub const SIGNATURE_HEADER: &str = "X-Spark-Signature";

/// Why a notification is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no signature.
    #[error("the notification is not signed")]
    Missing,
    /// The signature is not forty hexadecimal digits.
    #[error("the signature is not a hexadecimal SHA-1 value")]
    Malformed,
    /// The signature is another one.
    #[error("the signature does not match")]
    Mismatch,
    /// No secret is configured, so nothing can be verified.
    #[error("no webhook secret is configured")]
    NoSecret,
}

/// Verifies `X-Spark-Signature`: the hexadecimal HMAC-SHA1 of the raw body, without a prefix. Takes the same time wherever it differs.
///
/// # Errors
/// See [`SignatureError`].
pub fn verify(secret: &SecretString, signature: Option<&str>, body: &[u8]) -> Result<(), SignatureError> {
    if secret.expose_secret().is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let signature = signature.ok_or(SignatureError::Missing)?;
    let mut given = [0_u8; 20];
    hex::decode_to_slice(signature, &mut given).map_err(|_| SignatureError::Malformed)?;
    let matches = digest(secret, body).as_slice().ct_eq(&given);
    if bool::from(matches) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// The value of `X-Spark-Signature` for a body; for tests and simulators.
#[must_use]
pub fn sign(secret: &SecretString, body: &[u8]) -> String {
    hex::encode(digest(secret, body))
}

fn digest(secret: &SecretString, body: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length, so this cannot fail; were it to, no signature would match the empty value.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return Vec::new();
    };
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"resource":"attachmentActions","event":"created","data":{"id":"abc"}}"#;
    const SIGNATURE: &str = "e79fa25d7c6acf07d514f2945f277b387a6648e1";

    fn secret() -> SecretString {
        "webex-test-secret".into()
    }

    #[test]
    fn the_test_vector_verifies() {
        assert_eq!(verify(&secret(), Some(SIGNATURE), BODY), Ok(()));
        assert_eq!(sign(&secret(), BODY), SIGNATURE);
    }

    #[test]
    fn anything_else_is_refused() {
        let other = SIGNATURE.replace('e', "f");
        for (signature, error) in [
            (None, SignatureError::Missing),
            (Some(""), SignatureError::Malformed),
            (Some("sha1=e79fa25d7c6acf07d514f2945f277b387a6648e1"), SignatureError::Malformed),
            (Some(&SIGNATURE[..38]), SignatureError::Malformed),
            (Some(other.as_str()), SignatureError::Mismatch),
        ] {
            assert_eq!(verify(&secret(), signature, BODY), Err(error), "{signature:?}");
        }
        assert_eq!(verify(&secret(), Some(SIGNATURE), b"{}"), Err(SignatureError::Mismatch));
        assert_eq!(verify(&"x".into(), Some(SIGNATURE), BODY), Err(SignatureError::Mismatch));
    }

    #[test]
    fn an_empty_secret_verifies_nothing() {
        let signature = sign(&"".into(), BODY);
        assert_eq!(verify(&"".into(), Some(&signature), BODY), Err(SignatureError::NoSecret));
    }
}
