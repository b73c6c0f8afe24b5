//! A stored card as ready-to-print values: what the pages draw.

use askama::Template;
use serde_json::Value;

use super::markdown::{Line, Span, is_web, lines, spans};
use super::press::length_pattern;

/// One element of a card.
#[derive(Template)]
#[template(path = "webex/element.html")]
pub(super) struct ElementView {
    kind: ElementKind,
}

enum ElementKind {
    Text { class: String, lines: Vec<Line> },
    Facts(Vec<(Vec<Span>, Vec<Span>)>),
    Columns(Vec<ColumnView>),
    Group { style: &'static str, items: Vec<ElementView> },
    TextInput(TextInputView),
    Choices(ChoicesView),
    Unknown(String),
}

struct ColumnView {
    width: String,
    items: Vec<ElementView>,
}

struct TextInputView {
    html_id: String,
    name: String,
    label: Vec<Span>,
    value: String,
    placeholder: String,
    hint: String,
    required: bool,
    multiline: bool,
    max_length: Option<u64>,
}

struct ChoicesView {
    html_id: String,
    name: String,
    label: Vec<Span>,
    required: bool,
    multi: bool,
    expanded: bool,
    choices: Vec<ChoiceView>,
}

struct ChoiceView {
    title: Vec<Span>,
    value: String,
    chosen: bool,
}

/// One button of a card.
#[derive(Template)]
#[template(path = "webex/action.html")]
pub(super) struct ActionView {
    kind: ActionKind,
}

enum ActionKind {
    Submit { title: String, path: String, class: &'static str },
    Show { title: String, card: CardView },
    Url { title: String, url: String },
    Unknown(String),
}

/// A card.
pub(super) struct CardView {
    pub(super) elements: Vec<ElementView>,
    pub(super) actions: Vec<ActionView>,
}

/// Before the name of each input of a card in a form, so that none can be taken for the form's own fields.
pub(super) const INPUT_PREFIX: &str = "in.";

/// A card ready to print; `anchor` makes the ids of its inputs unique on the page.
pub(super) fn card(card: &Value, anchor: &str) -> CardView {
    inner_card(card, anchor, "")
}

fn inner_card(card: &Value, anchor: &str, prefix: &str) -> CardView {
    let actions = card["actions"].as_array().map_or(&[][..], Vec::as_slice);
    let actions =
        actions.iter().enumerate().map(|(index, view)| action(view, anchor, format!("{prefix}{index}")));
    CardView { elements: elements(&card["body"], anchor), actions: actions.collect() }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn elements(items: &Value, anchor: &str) -> Vec<ElementView> {
    let items = items.as_array().map_or(&[][..], Vec::as_slice);
    let shown = items.iter().filter(|item| item["isVisible"] != false);
    shown.map(|item| ElementView { kind: element(item, anchor) }).collect()
}

fn element(item: &Value, anchor: &str) -> ElementKind {
    match item["type"].as_str().unwrap_or_default() {
        "TextBlock" => {
            ElementKind::Text { class: text_class(item), lines: lines(&text(&item["text"]), false) }
        }
        "FactSet" => {
            let facts = item["facts"].as_array().map_or(&[][..], Vec::as_slice);
            let pair =
                |fact: &Value| (spans(&text(&fact["title"]), false), spans(&text(&fact["value"]), false));
            ElementKind::Facts(facts.iter().map(pair).collect())
        }
        "ColumnSet" => {
            let columns = item["columns"].as_array().map_or(&[][..], Vec::as_slice);
            let view = |column: &Value| ColumnView {
                width: width(&column["width"]),
                items: elements(&column["items"], anchor),
            };
            ElementKind::Columns(columns.iter().map(view).collect())
        }
        "Container" => {
            ElementKind::Group { style: group_style(&item["style"]), items: elements(&item["items"], anchor) }
        }
        "Input.Text" => ElementKind::TextInput(text_input(item, anchor)),
        "Input.ChoiceSet" => ElementKind::Choices(choices(item, anchor)),
        other => ElementKind::Unknown(other.to_owned()),
    }
}

fn text_class(item: &Value) -> String {
    let mut class = vec!["ac-text"];
    for (key, value, name) in [
        ("weight", "Bolder", "ac-bolder"),
        ("weight", "Lighter", "ac-lighter"),
        ("size", "Small", "ac-small"),
        ("size", "Medium", "ac-medium"),
        ("size", "Large", "ac-large"),
        ("size", "ExtraLarge", "ac-extra-large"),
        ("color", "Good", "good"),
        ("color", "Warning", "warn"),
        ("color", "Attention", "bad"),
        ("color", "Accent", "ac-accent"),
        ("fontType", "Monospace", "ac-mono"),
        ("spacing", "None", "ac-close"),
    ] {
        // The renderers do not mind the case of such words.
        if item[key].as_str().is_some_and(|given| given.eq_ignore_ascii_case(value)) {
            class.push(name);
        }
    }
    if item["isSubtle"] == true {
        class.push("soft");
    }
    if item["separator"] == true {
        class.push("ac-separator");
    }
    class.join(" ")
}

fn group_style(style: &Value) -> &'static str {
    match style.as_str().unwrap_or_default() {
        "emphasis" => "ac-emphasis",
        "good" => "ac-good",
        "warning" => "ac-warning",
        "attention" => "ac-attention",
        "accent" => "ac-accented",
        _ => "ac-plain",
    }
}

/// The `flex` of a column.
fn width(width: &Value) -> String {
    match width {
        Value::Number(share) => format!("{} 1 0", share.as_u64().unwrap_or(1).min(100)),
        Value::String(word) if word == "auto" => "0 0 auto".to_owned(),
        _ => "1 1 0".to_owned(),
    }
}

fn text_input(item: &Value, anchor: &str) -> TextInputView {
    let id = text(&item["id"]);
    let length = item["regex"].as_str().and_then(length_pattern);
    TextInputView {
        html_id: format!("{anchor}-{id}"),
        name: format!("{INPUT_PREFIX}{id}"),
        label: label(item, &id),
        value: text(&item["value"]),
        placeholder: text(&item["placeholder"]),
        hint: length.map(|(least, most)| format!("{least} to {most} characters")).unwrap_or_default(),
        required: item["isRequired"] == true,
        multiline: item["isMultiline"] == true,
        max_length: item["maxLength"].as_u64(),
    }
}

fn label(item: &Value, id: &str) -> Vec<Span> {
    let label = item["label"].as_str().or(item["placeholder"].as_str()).unwrap_or(id);
    spans(label, false)
}

fn choices(item: &Value, anchor: &str) -> ChoicesView {
    let id = text(&item["id"]);
    let chosen = text(&item["value"]);
    let view = |choice: &Value| {
        let value = text(&choice["value"]);
        ChoiceView {
            title: spans(&text(&choice["title"]), false),
            chosen: chosen.split(',').any(|one| one == value),
            value,
        }
    };
    ChoicesView {
        html_id: format!("{anchor}-{id}"),
        name: format!("{INPUT_PREFIX}{id}"),
        label: label(item, &id),
        required: item["isRequired"] == true,
        multi: item["isMultiSelect"] == true,
        expanded: item["style"] == "expanded",
        choices: item["choices"].as_array().map_or(&[][..], Vec::as_slice).iter().map(view).collect(),
    }
}

fn action(action: &Value, anchor: &str, path: String) -> ActionView {
    let title = text(&action["title"]);
    let kind = match action["type"].as_str().unwrap_or_default() {
        "Action.Submit" => {
            let class = match action["style"].as_str().unwrap_or_default() {
                "positive" => "",
                "destructive" => "bad",
                _ => "plain",
            };
            ActionKind::Submit { title, path, class }
        }
        "Action.ShowCard" => {
            ActionKind::Show { title, card: inner_card(&action["card"], anchor, &format!("{path}.")) }
        }
        "Action.OpenUrl" if is_web(&text(&action["url"])) => {
            ActionKind::Url { title, url: text(&action["url"]) }
        }
        other => ActionKind::Unknown(other.to_owned()),
    };
    ActionView { kind }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn draw(json: Value) -> String {
        let view = card(&json, "m1");
        let elements = view.elements.iter().map(|element| element.render().unwrap());
        let actions = view.actions.iter().map(|action| action.render().unwrap());
        elements.chain(actions).collect()
    }

    #[test]
    fn every_element_is_drawn() {
        let html = draw(json!({"body": [
            {"type": "TextBlock", "text": "**Title**", "weight": "Bolder", "color": "Good"},
            {"type": "FactSet", "facts": [{"title": "MTU", "value": "1500 → 2000"}]},
            {"type": "ColumnSet", "columns": [{"type": "Column", "width": 2, "items": [{"type": "TextBlock", "text": "left"}]}]},
            {"type": "Container", "style": "emphasis", "items": [{"type": "TextBlock", "text": "inside"}]},
            {"type": "Input.ChoiceSet", "id": "when", "label": "When", "value": "now", "choices": [{"title": "Now", "value": "now"}]},
            {"type": "Table"}],
          "actions": [
            {"type": "Action.Submit", "title": "Approve", "style": "positive", "data": {}},
            {"type": "Action.ShowCard", "title": "Decline", "card": {
                "body": [{"type": "Input.Text", "id": "reason", "isMultiline": true, "maxLength": 500}],
                "actions": [{"type": "Action.Submit", "title": "Confirm", "style": "destructive"}]}},
            {"type": "Action.OpenUrl", "title": "Open", "url": "https://x.example/#a"}]}));
        for part in [
            "<strong>Title</strong>",
            "ac-bolder good",
            "<dt>MTU</dt>",
            "1500 → 2000",
            "flex: 2 1 0",
            "ac-emphasis",
            "inside",
            "<option value=\"now\" selected>Now</option>",
            "Table",
            "value=\"0\"",
            ">Approve</button>",
            "<summary>Decline</summary>",
            "name=\"in.reason\"",
            "maxlength=\"500\"",
            "value=\"1.0\"",
            "href=\"https://x.example/",
            "<label for=\"m1-reason\">",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn hostile_text_stays_text() {
        let evil = "<script>alert(1)</script>\"><img src=x onerror=y>";
        let html = draw(json!({"body": [
            {"type": "TextBlock", "text": evil}, {"type": "FactSet", "facts": [{"title": evil, "value": evil}]},
            {"type": evil}, {"type": "Input.Text", "id": evil, "value": evil, "label": evil, "placeholder": evil}],
          "actions": [{"type": "Action.Submit", "title": evil}, {"type": "Action.OpenUrl", "title": "x", "url": "javascript:alert(1)"}]}));
        assert!(
            !html.contains("<script") && !html.contains("<img") && !html.contains("javascript:"),
            "{html}"
        );
    }
}
