//! The buttons of a card.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{ActionStyle, Card, CardError, PlainText};

/// A button.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum Action {
    /// Sends `data` and the inputs.
    #[serde(rename = "Action.Submit")]
    Submit {
        /// Label.
        title: PlainText,
        /// Look.
        #[serde(skip_serializing_if = "Option::is_none")]
        style: Option<ActionStyle>,
        /// Comes back among the inputs. Not secret and not binding: anyone in the space can send anything.
        data: Map<String, Value>,
    },
    /// Opens another card below.
    #[serde(rename = "Action.ShowCard")]
    ShowCard {
        /// Label.
        title: PlainText,
        /// The card.
        card: Card,
    },
    /// Opens a page in the browser.
    #[serde(rename = "Action.OpenUrl")]
    OpenUrl {
        /// Label.
        title: PlainText,
        /// Absolute, http or https.
        url: String,
    },
}

impl Action {
    /// A button that sends `data`, which must become a JSON object.
    ///
    /// # Errors
    /// [`CardError::DataNotObject`] or [`CardError::Encode`].
    pub fn submit(
        title: impl Into<PlainText>,
        style: ActionStyle,
        data: &impl Serialize,
    ) -> Result<Self, CardError> {
        let Value::Object(data) = serde_json::to_value(data).map_err(CardError::Encode)? else {
            return Err(CardError::DataNotObject);
        };
        let style = Some(style).filter(|style| *style != ActionStyle::Default);
        Ok(Self::Submit { title: title.into(), style, data })
    }

    /// A button that opens `card` below.
    #[must_use]
    pub fn show_card(title: impl Into<PlainText>, card: Card) -> Self {
        Self::ShowCard { title: title.into(), card }
    }

    /// A button that opens a page.
    #[must_use]
    pub fn open_url(title: impl Into<PlainText>, url: impl Into<String>) -> Self {
        Self::OpenUrl { title: title.into(), url: url.into() }
    }
}
