//! `core.ObjectChange` and `extras.JournalEntry`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::choice::{self, Choice};
use super::null_as_default;
use crate::id::{JournalEntryId, ObjectChangeId};

/// One entry of the change log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ObjectChange {
    /// Row id.
    pub id: ObjectChangeId,
    /// When, RFC 3339.
    pub time: String,
    /// Who.
    #[serde(default, deserialize_with = "null_as_default")]
    pub user_name: String,
    /// The request that did it, see [`RequestId`](crate::RequestId).
    #[serde(default, deserialize_with = "null_as_default")]
    pub request_id: String,
    /// `create`, `update` or `delete`.
    pub action: Choice,
    /// E.g. `dcim.interface`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub changed_object_type: String,
    /// Row id of the object.
    pub changed_object_id: u64,
    /// The object in words.
    #[serde(default, deserialize_with = "null_as_default")]
    pub object_repr: String,
    /// The `changelog_message` of the write (4.4 and later), else empty.
    #[serde(default, deserialize_with = "null_as_default")]
    pub message: String,
    /// Before, in the form of snapshots: related objects by id.
    #[serde(default)]
    pub prechange_data: Option<Map<String, Value>>,
    /// After, likewise.
    #[serde(default)]
    pub postchange_data: Option<Map<String, Value>>,
}

/// A journal entry.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct JournalEntry {
    /// Row id.
    pub id: JournalEntryId,
    /// E.g. `dcim.interface`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub assigned_object_type: String,
    /// Row id of the object.
    pub assigned_object_id: u64,
    /// When, RFC 3339.
    #[serde(default)]
    pub created: Option<String>,
    /// Its colour.
    #[serde(default, deserialize_with = "choice::optional")]
    pub kind: Option<JournalKind>,
    /// The text, markdown.
    #[serde(default, deserialize_with = "null_as_default")]
    pub comments: String,
}

/// The kind of a journal entry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum JournalKind {
    /// Blue.
    #[default]
    Info,
    /// Green.
    Success,
    /// Yellow.
    Warning,
    /// Red.
    Danger,
    /// A kind this crate does not know.
    #[serde(untagged)]
    Other(String),
}

impl From<Choice> for JournalKind {
    fn from(choice: Choice) -> Self {
        match choice.0.as_str() {
            "info" => Self::Info,
            "success" => Self::Success,
            "warning" => Self::Warning,
            "danger" => Self::Danger,
            _ => Self::Other(choice.0),
        }
    }
}
