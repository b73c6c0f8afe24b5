//! Adaptive Cards 1.3, as far as Webex shows them everywhere: typed, checked, and safe to fill with foreign text.
//!
//! A card is built from data, never from text templates. Every text on it is a [`PlainText`]: a literal of the program, or foreign text
//! that was neutralised. [`Card::check`] refuses what Webex or one of its clients would stumble over.

mod action;
mod check;
mod element;
mod input;
mod text;

pub use action::Action;
pub use check::{CardError, MAX_ACTIONS, MAX_CARD_BYTES};
pub use element::{
    ActionStyle, Color, Column, ColumnSet, Container, ContainerStyle, Element, Fact, FactSet, FontType, Size,
    Spacing, TextBlock, Weight, Width,
};
pub use input::{Choice, ChoiceSet, TextInput};
pub use text::PlainText;

use serde::Serialize;
use serde_json::Value;

/// Content type of a card attachment.
pub const CONTENT_TYPE: &str = "application/vnd.microsoft.card.adaptive";

/// An Adaptive Card.
///
/// ```json
/// {"$schema": "…", "type": "AdaptiveCard", "version": "1.3", "fallbackText": "…", "body": [], "actions": []}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename = "AdaptiveCard", rename_all = "camelCase")]
pub struct Card {
    #[serde(rename = "$schema", skip_serializing_if = "Option::is_none")]
    schema: Option<&'static str>,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback_text: Option<PlainText>,
    /// What is shown, from top to bottom.
    pub body: Vec<Element>,
    /// The buttons under it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
}

impl Card {
    /// An empty card; `fallback` is shown by clients that cannot draw cards.
    #[must_use]
    pub fn new(fallback: impl Into<PlainText>) -> Self {
        Self {
            schema: Some("http://adaptivecards.io/schemas/adaptive-card.json"),
            version: "1.3",
            fallback_text: Some(fallback.into()),
            body: Vec::new(),
            actions: Vec::new(),
        }
    }

    /// An empty card to stand inside an [`Action::show_card`].
    #[must_use]
    pub fn inner() -> Self {
        Self { schema: None, version: "1.3", fallback_text: None, body: Vec::new(), actions: Vec::new() }
    }

    /// Adds an element at the bottom.
    #[must_use]
    pub fn with(mut self, element: impl Into<Element>) -> Self {
        self.body.push(element.into());
        self
    }

    /// Adds a button.
    #[must_use]
    pub fn action(mut self, action: Action) -> Self {
        self.actions.push(action);
        self
    }

    /// Checks the card against what Webex takes and what all its clients do alike, and gives its JSON.
    ///
    /// # Errors
    /// See [`CardError`].
    pub fn to_json(&self) -> Result<Value, CardError> {
        self.check()?;
        serde_json::to_value(self).map_err(CardError::Encode)
    }
}
