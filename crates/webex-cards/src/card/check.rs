//! What makes a card unfit for sending.

use std::collections::HashSet;

use super::{Action, Card, Element};

/// Most bytes of a card's JSON. Webex documents no limit; refusals were seen above this.
pub const MAX_CARD_BYTES: usize = 12 * 1024;
/// Most buttons in one row.
pub const MAX_ACTIONS: usize = 5;

/// Why a card cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// Its JSON is too large.
    #[error("the card has {bytes} bytes, more than {MAX_CARD_BYTES}")]
    TooLarge {
        /// Size of the JSON.
        bytes: usize,
    },
    /// Too many buttons in one row.
    #[error("the card has {count} buttons in a row, more than {MAX_ACTIONS}")]
    TooManyActions {
        /// How many.
        count: usize,
    },
    /// Two inputs, or an input and a submit's data, use one name; clients differ in which wins.
    #[error("the name {0} is used twice on the card")]
    NameClash(String),
    /// A required input without a message for the person who left it empty.
    #[error("the required input {0} has no error message")]
    NoErrorMessage(&'static str),
    /// A choice's value holds a comma or is empty.
    #[error("a choice of {0} has an empty value or one with a comma")]
    ChoiceValue(&'static str),
    /// A link that is not an absolute http or https URL.
    #[error("a link on the card is not an http or https URL")]
    Url,
    /// A submit's data is not a JSON object.
    #[error("the data of a button is not an object")]
    DataNotObject,
    /// It cannot be written as JSON.
    #[error("the card cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
}

impl Card {
    /// Checks the card without sending it.
    ///
    /// # Errors
    /// The first thing that is wrong; see [`CardError`].
    pub fn check(&self) -> Result<(), CardError> {
        let mut names = HashSet::new();
        inputs_of_card(self, &mut names)?;
        actions_of_card(self, &names)?;
        let bytes = serde_json::to_vec(self).map_err(CardError::Encode)?.len();
        if bytes > MAX_CARD_BYTES { Err(CardError::TooLarge { bytes }) } else { Ok(()) }
    }
}

fn inputs_of_card<'a>(card: &'a Card, names: &mut HashSet<&'a str>) -> Result<(), CardError> {
    inputs(&card.body, names)?;
    for action in &card.actions {
        if let Action::ShowCard { card, .. } = action {
            inputs_of_card(card, names)?;
        }
    }
    Ok(())
}

fn inputs<'a>(elements: &'a [Element], names: &mut HashSet<&'a str>) -> Result<(), CardError> {
    for element in elements {
        match element {
            Element::TextBlock(_) | Element::FactSet(_) => {}
            Element::Container(container) => inputs(container.items(), names)?,
            Element::ColumnSet(set) => {
                set.columns().iter().try_for_each(|column| inputs(column.items(), names))?
            }
            Element::TextInput(input) => {
                if input.is_required && input.error_message.is_none() {
                    return Err(CardError::NoErrorMessage(input.id));
                }
                take(input.id, names)?;
            }
            Element::ChoiceSet(set) => {
                if set.choices.iter().any(|choice| choice.value.is_empty() || choice.value.contains(',')) {
                    return Err(CardError::ChoiceValue(set.id));
                }
                take(set.id, names)?;
            }
        }
    }
    Ok(())
}

fn take<'a>(name: &'a str, names: &mut HashSet<&'a str>) -> Result<(), CardError> {
    if names.insert(name) { Ok(()) } else { Err(CardError::NameClash(name.to_owned())) }
}

fn actions_of_card(card: &Card, names: &HashSet<&str>) -> Result<(), CardError> {
    if card.actions.len() > MAX_ACTIONS {
        return Err(CardError::TooManyActions { count: card.actions.len() });
    }
    for action in &card.actions {
        match action {
            Action::Submit { data, .. } => {
                if let Some(name) = data.keys().find(|key| names.contains(key.as_str())) {
                    return Err(CardError::NameClash(name.clone()));
                }
            }
            Action::ShowCard { card, .. } => actions_of_card(card, names)?,
            Action::OpenUrl { url, .. } => {
                let scheme = reqwest::Url::parse(url).map(|url| url.scheme().to_owned());
                if !matches!(scheme.as_deref(), Ok("http" | "https")) {
                    return Err(CardError::Url);
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ActionStyle, ChoiceSet, Container, ContainerStyle, PlainText, TextBlock, TextInput};
    use super::*;

    fn card() -> Card {
        Card::new("fallback")
    }

    fn submit(data: serde_json::Value) -> Action {
        Action::submit("Send", ActionStyle::Positive, &data).unwrap()
    }

    #[test]
    fn a_card_over_the_limit_is_refused_before_it_is_sent() {
        let long = PlainText::from_foreign(&"x".repeat(13_000), 13_000);
        assert!(
            matches!(card().with(TextBlock::new(long)).check(), Err(CardError::TooLarge { bytes }) if bytes > 13_000)
        );
    }

    #[test]
    fn a_name_is_used_once_on_all_levels() {
        let nested = Container::new(ContainerStyle::Emphasis).with(TextInput::new("a", "A"));
        let twice = card()
            .with(nested)
            .action(Action::show_card("More", Card::inner().with(TextInput::new("a", "A"))));
        assert!(matches!(twice.check(), Err(CardError::NameClash(name)) if name == "a"));
        let with_data =
            card().with(TextInput::new("action", "A")).action(submit(json!({"action": "approve"})));
        assert!(matches!(with_data.check(), Err(CardError::NameClash(name)) if name == "action"));
    }

    #[test]
    fn choices_links_and_data_are_checked() {
        let comma = card().with(ChoiceSet::new("c", "C").choice("A", "a,b"));
        assert!(matches!(comma.check(), Err(CardError::ChoiceValue("c"))));
        for url in ["javascript:alert(1)", "/relative", "", "ftp://h/"] {
            assert!(
                matches!(card().action(Action::open_url("Open", url)).check(), Err(CardError::Url)),
                "{url}"
            );
        }
        assert!(matches!(Action::submit("S", ActionStyle::Default, &"text"), Err(CardError::DataNotObject)));
        let many = (0..6).fold(card(), |card, _| card.action(submit(json!({}))));
        assert!(matches!(many.check(), Err(CardError::TooManyActions { count: 6 })));
    }
}
