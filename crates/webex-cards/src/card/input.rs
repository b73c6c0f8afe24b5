//! The inputs of a card.

use serde::Serialize;

use super::PlainText;
use super::element::is_false;

/// A field for text. What it says about the answer (`regex`, `isRequired`, `maxLength`) holds in the client only: check again.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TextInput {
    pub(super) id: &'static str,
    label: PlainText,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) is_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_message: Option<PlainText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regex: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placeholder: Option<PlainText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<u32>,
    #[serde(skip_serializing_if = "is_false")]
    is_multiline: bool,
}

impl TextInput {
    /// An optional field of one line; its text comes back under `id`.
    #[must_use]
    pub fn new(id: &'static str, label: impl Into<PlainText>) -> Self {
        Self {
            id,
            label: label.into(),
            is_required: false,
            error_message: None,
            regex: None,
            placeholder: None,
            max_length: None,
            is_multiline: false,
        }
    }

    /// Must be filled; the message says so to the person.
    #[must_use]
    pub fn required(mut self, error_message: impl Into<PlainText>) -> Self {
        self.is_required = true;
        self.error_message = Some(error_message.into());
        self
    }

    /// Must match this pattern (of JavaScript, anchored by you).
    #[must_use]
    pub fn regex(mut self, regex: &'static str) -> Self {
        self.regex = Some(regex);
        self
    }

    /// A hint in the empty field.
    #[must_use]
    pub fn placeholder(mut self, text: impl Into<PlainText>) -> Self {
        self.placeholder = Some(text.into());
        self
    }

    /// At most so many characters.
    #[must_use]
    pub fn max_length(mut self, characters: u32) -> Self {
        self.max_length = Some(characters);
        self
    }

    /// Several lines.
    #[must_use]
    pub fn multiline(mut self) -> Self {
        self.is_multiline = true;
        self
    }
}

/// One choice of a [`ChoiceSet`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    title: PlainText,
    pub(super) value: String,
}

/// A choice among values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChoiceSet {
    pub(super) id: &'static str,
    label: PlainText,
    pub(super) choices: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    is_multi_select: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<&'static str>,
}

impl ChoiceSet {
    /// A list to pick one from; the picked value comes back under `id`.
    #[must_use]
    pub fn new(id: &'static str, label: impl Into<PlainText>) -> Self {
        Self {
            id,
            label: label.into(),
            choices: Vec::new(),
            value: None,
            is_multi_select: false,
            style: None,
        }
    }

    /// Adds a choice. The value is what comes back; no comma may be in it.
    #[must_use]
    pub fn choice(mut self, title: impl Into<PlainText>, value: impl Into<String>) -> Self {
        self.choices.push(Choice { title: title.into(), value: value.into() });
        self
    }

    /// Picked at first.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Several may be picked; they come back joined by commas.
    #[must_use]
    pub fn multi_select(mut self) -> Self {
        self.is_multi_select = true;
        self
    }

    /// All choices are shown at once.
    #[must_use]
    pub fn expanded(mut self) -> Self {
        self.style = Some("expanded");
        self
    }
}
