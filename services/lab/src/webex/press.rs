//! Pressing the button of a card as a client does: inputs and the button's data become one flat object.

use serde_json::{Map, Value};

use super::delivery::{self, Delivery};
use super::id;
use super::world::{AccountIndex, Message, Press, Renderer, World, now};

/// Why a client would not send a press.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PressError {
    /// No such message, or it has no card.
    #[error("there is no such card")]
    NoCard,
    /// Nobody with this address is in the space of the card.
    #[error("{0} is not in the space of this card")]
    NotThere(String),
    /// The card has no such button, or several.
    #[error("the card has no button {0}")]
    NoButton(String),
    /// The card has no such input.
    #[error("the card has no input {0}")]
    NoInput(String),
    /// An input is not as the card demands; the card's own words.
    #[error("{0}")]
    Invalid(String),
}

/// A submit button and the inputs that belong to it.
struct Button<'a> {
    path: String,
    action: &'a Value,
    /// Its own card and the cards around it.
    cards: Vec<&'a Value>,
    /// Titles of the `ShowCard`s that lead to it.
    opened_by: Vec<&'a str>,
}

/// Which button.
pub(super) enum Which<'a> {
    /// By its title or action word.
    Word(&'a str),
    /// By its place: indices of actions, joined by dots.
    Path(&'a str),
}

/// The inputs that a press of this button sends.
pub(super) fn inputs(
    card: &Value,
    which: &Which<'_>,
    given: &Map<String, Value>,
    renderer: Renderer,
) -> Result<Map<String, Value>, PressError> {
    let mut buttons = Vec::new();
    find_buttons(card, &[], &mut buttons);
    let button = pick(&buttons, which)?;
    let mut all = Vec::new();
    find_inputs(card, true, &mut all);
    if let Some(unknown) = given.keys().find(|key| !all.iter().any(|input| input["id"] == key.as_str())) {
        return Err(PressError::NoInput(unknown.clone()));
    }
    let mut own = Vec::new();
    button.cards.iter().for_each(|card| find_inputs(card, false, &mut own));
    own.iter().try_for_each(|input| check(input, given))?;
    let sent = if renderer == Renderer::Cisco { &all } else { &own };
    Ok(merge(sent, given, &button.action["data"], renderer))
}

fn merge(
    sent: &[&Value],
    given: &Map<String, Value>,
    data: &Value,
    renderer: Renderer,
) -> Map<String, Value> {
    let mut out = Map::new();
    for input in sent {
        let Some(id) = input["id"].as_str() else { continue };
        let value = given.get(id).cloned().unwrap_or_else(|| input["value"].clone());
        let value = if value.is_string() { value } else { Value::String(scalar(&value)) };
        if renderer == Renderer::Cisco || value != "" {
            out.insert(id.to_owned(), value);
        }
    }
    for (key, value) in data.as_object().into_iter().flatten() {
        if renderer == Renderer::Cisco || !out.contains_key(key) {
            out.insert(key.clone(), value.clone());
        }
    }
    out
}

/// Input values are sent as text, whatever they are.
fn scalar(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn actions(card: &Value) -> &[Value] {
    card["actions"].as_array().map_or(&[], Vec::as_slice)
}

fn find_buttons<'a>(card: &'a Value, outer: &[(&'a Value, String, &'a str)], out: &mut Vec<Button<'a>>) {
    let prefix = outer.last().map(|(_, path, _)| format!("{path}.")).unwrap_or_default();
    for (index, action) in actions(card).iter().enumerate() {
        let path = format!("{prefix}{index}");
        if action["type"] == "Action.Submit" {
            let mut cards: Vec<_> = outer.iter().map(|(card, ..)| *card).collect();
            cards.push(card);
            let opened_by = outer.iter().map(|(.., title)| *title).collect();
            out.push(Button { path, action, cards, opened_by });
        } else if action["type"] == "Action.ShowCard" {
            let mut chain = outer.to_vec();
            chain.push((card, path, action["title"].as_str().unwrap_or_default()));
            find_buttons(&action["card"], &chain, out);
        }
    }
}

fn pick<'b, 'a>(buttons: &'b [Button<'a>], which: &Which<'_>) -> Result<&'b Button<'a>, PressError> {
    let (Which::Word(name) | Which::Path(name)) = which;
    let missing = || PressError::NoButton((*name).to_owned());
    if let Which::Path(path) = which {
        return buttons.iter().find(|button| button.path == *path).ok_or_else(missing);
    }
    let title = |button: &&Button<'_>| {
        button.action["title"].as_str().is_some_and(|title| title.eq_ignore_ascii_case(name))
    };
    let word = |button: &&Button<'_>| {
        let mut values = button.action["data"].as_object().into_iter().flat_map(Map::values);
        values.any(|value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(name)))
    };
    let opened = |button: &&Button<'_>| button.opened_by.iter().any(|title| title.eq_ignore_ascii_case(name));
    let mut found: Vec<_> = buttons.iter().filter(title).collect();
    if found.is_empty() {
        found = buttons.iter().filter(word).collect();
    }
    if found.is_empty() {
        found = buttons.iter().filter(opened).collect();
    }
    match found.as_slice() {
        [one] => Ok(one),
        _ => Err(missing()),
    }
}

/// The inputs of a card, in its containers and columns too; `deep`: also of the cards that its buttons open.
fn find_inputs<'a>(node: &'a Value, deep: bool, out: &mut Vec<&'a Value>) {
    for key in ["body", "items", "columns"] {
        for element in node[key].as_array().into_iter().flatten() {
            if element["type"].as_str().is_some_and(|kind| kind.starts_with("Input.")) {
                out.push(element);
            } else {
                find_inputs(element, deep, out);
            }
        }
    }
    if deep {
        let inner = actions(node).iter().filter(|action| action["type"] == "Action.ShowCard");
        inner.for_each(|action| find_inputs(&action["card"], true, out));
    }
}

/// What a client checks before it sends: required, length, and the plain form `^[\s\S]{least,most}$` of a pattern.
fn check(input: &Value, given: &Map<String, Value>) -> Result<(), PressError> {
    let id = input["id"].as_str().unwrap_or_default();
    let value = given.get(id).map(scalar).unwrap_or_else(|| scalar(&input["value"]));
    let length = value.chars().count();
    let most = input["maxLength"].as_u64().and_then(|most| usize::try_from(most).ok());
    let (least, most_by_pattern) =
        input["regex"].as_str().and_then(length_pattern).unwrap_or((0, usize::MAX));
    let required = input["isRequired"] == true;
    let wrong = if value.is_empty() {
        required
    } else {
        length < least || length > most_by_pattern || most.is_some_and(|most| length > most)
    };
    if wrong {
        let message = input["errorMessage"]
            .as_str()
            .map_or_else(|| format!("{id} is not as it should be"), str::to_owned);
        return Err(PressError::Invalid(message));
    }
    Ok(())
}

pub(super) fn length_pattern(regex: &str) -> Option<(usize, usize)> {
    let inside = regex.strip_prefix(r"^[\s\S]{")?.strip_suffix("}$")?;
    let (least, most) = inside.split_once(',')?;
    Some((least.parse().ok()?, most.parse().unwrap_or(usize::MAX)))
}

/// Makes an action of a person, whatever its inputs; the message may be deleted already.
pub(super) fn make(
    world: &mut World,
    message_id: &str,
    person: AccountIndex,
    inputs: Map<String, Value>,
) -> Result<(String, Vec<Delivery>), PressError> {
    let message = world.messages.iter().find(|message| message.id == message_id).ok_or(PressError::NoCard)?;
    if message.body.attachments.is_empty() {
        return Err(PressError::NoCard);
    }
    let room_id = message.room_id.clone();
    if world.space_of(&room_id, person).is_none() {
        return Err(PressError::NotThere(world.accounts[person].email.clone()));
    }
    let press = Press {
        id: id::fresh("ATTACHMENT_ACTION"),
        message_id: message_id.to_owned(),
        room_id,
        person,
        inputs,
        created: now(),
        hidden: world.behaviour.actions_hidden,
    };
    let deliveries = delivery::of_press(world, &press);
    let id = press.id.clone();
    world.presses.push(press);
    Ok((id, deliveries))
}

/// Presses a button of the card that a message shows now.
pub(super) fn press(
    world: &mut World,
    message_id: &str,
    (email, which): (&str, &Which<'_>),
    given: &Map<String, Value>,
) -> Result<(String, Vec<Delivery>), PressError> {
    let message = world.message(message_id).ok_or(PressError::NoCard)?;
    let card = card_of(message).ok_or(PressError::NoCard)?;
    let person = world.account_by_email(email).ok_or_else(|| PressError::NotThere(email.to_owned()))?;
    let inputs = inputs(card, which, given, world.behaviour.renderer)?;
    make(world, message_id, person, inputs)
}

/// The card of a message.
pub(super) fn card_of(message: &Message) -> Option<&Value> {
    message.body.attachments.first().map(|attachment| &attachment["content"])
}

/// Plays the quick click, if one is set and this message is for it; gives its notifications.
pub(super) fn quick_click(world: &mut World, message_id: &str) -> Vec<Delivery> {
    let Some((email, word)) = world.behaviour.quick_click.clone() else {
        return Vec::new();
    };
    match press(world, message_id, (&email, &Which::Word(&word)), &Map::new()) {
        Ok((_, deliveries)) => {
            world.behaviour.quick_click = None;
            deliveries
        }
        // Another message, or one for somebody else: the click waits for its card.
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn card() -> Value {
        json!({"type": "AdaptiveCard", "version": "1.3",
            "body": [{"type": "Container", "items": [{"type": "Input.Text", "id": "comment"}]}],
            "actions": [
                {"type": "Action.Submit", "title": "Approve", "data": {"action": "approve", "v": 1, "comment": "data"}},
                {"type": "Action.ShowCard", "title": "Decline", "card": {"type": "AdaptiveCard",
                    "body": [{"type": "Input.Text", "id": "reason", "isRequired": true, "errorMessage": "Say why",
                        "regex": "^[\\s\\S]{3,500}$"}],
                    "actions": [{"type": "Action.Submit", "title": "Confirm decline", "data": {"action": "decline"}}]}},
                {"type": "Action.OpenUrl", "title": "Open", "url": "https://x.example"}]})
    }

    fn press(which: Which<'_>, given: Value, renderer: Renderer) -> Result<Value, PressError> {
        inputs(&card(), &which, given.as_object().unwrap(), renderer).map(Value::Object)
    }

    #[test]
    fn the_two_renderers_merge_as_they_do() {
        let given = json!({"comment": "typed"});
        assert_eq!(
            press(Which::Word("approve"), given.clone(), Renderer::Cisco).unwrap(),
            json!({"action": "approve", "v": 1, "comment": "data", "reason": ""})
        );
        assert_eq!(
            press(Which::Word("Approve"), given, Renderer::Reference).unwrap(),
            json!({"action": "approve", "v": 1, "comment": "typed"})
        );
    }

    #[test]
    fn a_button_inside_a_shown_card_is_found_by_any_of_its_names() {
        for which in [Which::Word("decline"), Which::Word("Confirm decline"), Which::Path("1.0")] {
            let sent = press(which, json!({"reason": "no need"}), Renderer::Reference).unwrap();
            assert_eq!(sent, json!({"action": "decline", "reason": "no need"}));
        }
    }

    #[test]
    fn a_client_does_not_send_what_the_card_forbids() {
        let refused = |which, given| press(which, given, Renderer::Cisco).unwrap_err();
        assert_eq!(refused(Which::Word("decline"), json!({})), PressError::Invalid("Say why".to_owned()));
        assert_eq!(
            refused(Which::Word("decline"), json!({"reason": "no"})),
            PressError::Invalid("Say why".to_owned())
        );
        assert_eq!(refused(Which::Word("decline"), json!({"x": "y"})), PressError::NoInput("x".to_owned()));
        assert_eq!(refused(Which::Word("Open"), json!({})), PressError::NoButton("Open".to_owned()));
        assert_eq!(refused(Which::Path("2"), json!({})), PressError::NoButton("2".to_owned()));
    }
}
