//! NetBox's choices: `{"value": "active", "label": "Active"}` when read, `"active"` when written and in older payloads.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A choice of a set that the server may extend, by its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Choice(pub String);

impl Choice {
    /// The value as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Wire {
    Object { value: Option<String> },
    Plain(String),
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Wire::deserialize(deserializer)? {
            Wire::Object { value } => value.unwrap_or_default(),
            Wire::Plain(value) => value,
        }))
    }
}

impl Serialize for Choice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A choice that may be missing, `null` or (in 3.x and in snapshots) `""`.
pub(crate) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<Choice>,
{
    let choice = Option::<Choice>::deserialize(deserializer)?;
    Ok(choice.filter(|choice| !choice.0.is_empty()).map(T::from))
}
