//! Digests of data: what an approval is bound to, and how a changed base is noticed.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::name::PlanDigest;

/// SHA-256 over the JSON of a value. The types used here serialize in one order: structs by field, maps by key.
///
/// # Errors
/// When the value cannot be written as JSON (a map with keys that are no text).
pub fn digest(value: &impl Serialize) -> Result<PlanDigest, serde_json::Error> {
    let json = serde_json::to_vec(value)?;
    let text = format!("sha256:{}", hex::encode(Sha256::digest(json)));
    text.parse().map_err(|error: crate::name::NameError| serde::ser::Error::custom(error))
}
