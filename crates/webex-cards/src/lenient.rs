//! Reading what servers send a little differently now and then.

use serde::{Deserialize, Deserializer};

/// `null` where a text, a list or a flag should be counts as an empty one.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
