//! JSON whose members keep their order, which `serde_json`'s objects do not.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::JsonProblem;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Scalar(Value),
}

impl Json {
    pub(super) fn string(text: impl Into<String>) -> Self {
        Self::Scalar(Value::String(text.into()))
    }

    /// RFC 7951 section 6.9: type empty.
    pub(super) fn empty() -> Self {
        Self::Array(vec![Self::Scalar(Value::Null)])
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Object(members) => {
                Value::Object(members.into_iter().map(|(name, member)| (name, member.into_value())).collect())
            }
            Self::Array(items) => Value::Array(items.into_iter().map(Self::into_value).collect()),
            Self::Scalar(value) => value,
        }
    }

    pub(super) fn into_text(self) -> Result<String, JsonProblem> {
        serde_json::to_string_pretty(&self)
            .map_err(|error| JsonProblem { pointer: "/".to_owned(), message: error.to_string() })
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, member) in members {
                    map.serialize_entry(name, member)?;
                }
                map.end()
            }
            Self::Array(items) => items.serialize(serializer),
            Self::Scalar(value) => value.serialize(serializer),
        }
    }
}
