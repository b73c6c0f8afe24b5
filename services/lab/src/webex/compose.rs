//! From the body of a request to what a message says: the checks of `POST` and `PUT /messages`.

use serde_json::{Map, Value};

use super::api::text;
use super::error::ApiError;
use super::markdown::{Line, Mention, Span, lines, plain};
use super::world::{BOT, Body, World};

/// Most bytes of a text.
const MAX_TEXT: usize = 7439;
/// Most bytes of a card's JSON; no limit is documented, larger ones were refused.
const MAX_CARD: usize = 60_000;
/// The newest version of Adaptive Cards that is drawn.
const MAX_VERSION: (u32, u32) = (1, 3);

/// Reads what a message says.
pub(super) fn body(world: &World, json: &Map<String, Value>) -> Result<Body, ApiError> {
    let (markdown, plain_text) = (text(json, "markdown")?, text(json, "text")?);
    for part in [markdown, plain_text].into_iter().flatten() {
        if part.len() > MAX_TEXT {
            return Err(ApiError::bad(format!(
                "The message has {} bytes, more than {MAX_TEXT}.",
                part.len()
            )));
        }
    }
    let attachments = list(json, "attachments")?;
    let files = list(json, "files")?;
    if attachments.len() > 1 {
        return Err(ApiError::bad("Only one attachment is allowed."));
    }
    if !attachments.is_empty() && !files.is_empty() {
        return Err(ApiError::bad("Files and attachments do not go together."));
    }
    attachments.iter().try_for_each(check_attachment)?;
    if markdown.is_none() && plain_text.is_none() && files.is_empty() {
        return Err(ApiError::bad("Unable to post message without text."));
    }
    let mut body =
        Body { text: plain_text.unwrap_or_default().to_owned(), attachments, files, ..Body::default() };
    if let Some(markdown) = markdown {
        read_markdown(world, markdown, &mut body);
    }
    Ok(body)
}

fn list(json: &Map<String, Value>, key: &str) -> Result<Vec<Value>, ApiError> {
    match json.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items.clone()),
        Some(_) => Err(ApiError::bad(format!("{key} is not an array."))),
    }
}

fn check_attachment(attachment: &Value) -> Result<(), ApiError> {
    if attachment["contentType"] != "application/vnd.microsoft.card.adaptive" {
        return Err(ApiError::bad("Unsupported attachment content type."));
    }
    let card = &attachment["content"];
    if card["type"] != "AdaptiveCard" {
        return Err(ApiError::bad("Unable to parse card."));
    }
    let version = card["version"].as_str().and_then(|text| text.split_once('.'));
    let version =
        version.and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
    if version.is_none_or(|version| version > MAX_VERSION) {
        return Err(ApiError::bad("Unsupported card version."));
    }
    if card.to_string().len() > MAX_CARD {
        return Err(ApiError::bad("The card is too large."));
    }
    check_elements(card)
}

/// What breaks clients: a fact that is not text, a required input without its message.
fn check_elements(node: &Value) -> Result<(), ApiError> {
    match node {
        Value::Array(items) => items.iter().try_for_each(check_elements),
        Value::Object(object) => {
            if let Some(Value::Array(facts)) = object.get("facts") {
                let all_text =
                    facts.iter().all(|fact| fact["title"].is_string() && fact["value"].is_string());
                if !all_text {
                    return Err(ApiError::bad("Unable to parse card: a fact is not text."));
                }
            }
            if node["isRequired"] == true && !node["errorMessage"].is_string() {
                return Err(ApiError::bad("Unable to parse card: a required input has no errorMessage."));
            }
            let inside = object.iter().filter(|(key, _)| *key != "data").map(|(_, value)| value);
            inside.into_iter().try_for_each(check_elements)
        }
        _ => Ok(()),
    }
}

/// The lines of a message as people see them.
pub(super) fn shown(world: &World, body: &Body) -> Vec<Line> {
    let Some(markdown) = &body.markdown else {
        let line = |text: &str| Line {
            bullet: false,
            spans: vec![Span { text: text.to_owned(), ..Span::default() }],
        };
        return body.text.lines().map(line).collect();
    };
    let mut lines = lines(markdown, true);
    let mut seen = Body::default();
    lines.iter_mut().flat_map(|line| &mut line.spans).for_each(|span| resolve(world, span, &mut seen));
    lines
}

/// Markdown that shows a typed text as it is; `@Netchange` at its start becomes a mention of the bot.
pub(super) fn typed(world: &World, text: &str) -> String {
    let bot = &world.accounts[BOT];
    let at = format!("@{}", bot.name);
    let (mention, rest) = match text.get(..at.len()).filter(|start| start.eq_ignore_ascii_case(&at)) {
        Some(_) => (format!("<@personId:{}|{}>", bot.id, bot.name), &text[at.len()..]),
        None => (String::new(), text),
    };
    let mut out = mention;
    for sign in rest.chars() {
        match sign {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            _ if sign.is_ascii_punctuation() => out.extend(['\\', sign]),
            _ => out.push(sign),
        }
    }
    out
}

fn read_markdown(world: &World, markdown: &str, body: &mut Body) {
    let mut lines = lines(markdown, true);
    for span in lines.iter_mut().flat_map(|line| &mut line.spans) {
        resolve(world, span, body);
    }
    body.text = plain(&lines);
    body.html = Some(html(&lines));
    body.markdown = Some(markdown.to_owned());
}

fn resolve(world: &World, span: &mut Span, body: &mut Body) {
    let account = match &span.mention {
        None => return,
        Some(Mention::All) => {
            body.groups = vec!["all".to_owned()];
            return;
        }
        Some(Mention::Id(id)) => world.account_by_id(id),
        Some(Mention::Email(email)) => world.account_by_email(email),
    };
    let Some(account) = account.map(|index| &world.accounts[index]) else {
        span.mention = None;
        return;
    };
    if span.text.is_empty() {
        span.text.clone_from(&account.name);
    }
    span.mention = Some(Mention::Id(account.id.clone()));
    if !body.mentioned.contains(&account.id) {
        body.mentioned.push(account.id.clone());
    }
}

fn html(lines: &[Line]) -> String {
    let piece = |span: &Span| {
        let text = escape(&span.text);
        let text = match &span.mention {
            Some(Mention::Id(id)) => {
                format!(
                    "<spark-mention data-object-type=\"person\" data-object-id=\"{}\">{text}</spark-mention>",
                    escape(id)
                )
            }
            Some(_) => format!(
                "<spark-mention data-object-type=\"groupMention\" data-group-type=\"all\">{text}</spark-mention>"
            ),
            None => text,
        };
        let text = if span.strong { format!("<strong>{text}</strong>") } else { text };
        let text = if span.em { format!("<em>{text}</em>") } else { text };
        let text = if span.code { format!("<code>{text}</code>") } else { text };
        span.link
            .as_ref()
            .map_or_else(|| text.clone(), |link| format!("<a href=\"{}\">{text}</a>", escape(link)))
    };
    lines
        .iter()
        .map(|line| line.spans.iter().map(piece).collect::<String>())
        .collect::<Vec<_>>()
        .join("<br/>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::LabSettings;

    fn read(json: Value) -> Result<Body, ApiError> {
        body(&World::new(&LabSettings::default()), json.as_object().unwrap())
    }

    fn card(content: Value) -> Value {
        json!({"text": "t", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}]})
    }

    #[test]
    fn markdown_gives_text_html_and_mentions() {
        let body = read(json!({"markdown": "**Hi** <@personEmail:lead@example.net> & <@all>"})).unwrap();
        assert_eq!(body.text, "Hi Lena Lead & All");
        assert!(
            body.html.unwrap().starts_with("<strong>Hi</strong> <spark-mention data-object-type=\"person\"")
        );
        assert_eq!((body.mentioned.len(), body.groups), (1, vec!["all".to_owned()]));
    }

    #[test]
    fn escaped_foreign_text_mentions_nobody() {
        let body = read(json!({"markdown": "&lt;@all&gt; &lt;@personEmail:lead@example.net&gt;"})).unwrap();
        assert!(body.mentioned.is_empty() && body.groups.is_empty());
    }

    #[test]
    fn a_typed_text_comes_through_as_it_was_typed() {
        let world = World::new(&LabSettings::default());
        let text = "@netchange configure a_b_c *x* [1](2) <@all> & `y` 1. \\ # end";
        let json = json!({"markdown": typed(&world, text)});
        let body = body(&world, json.as_object().unwrap()).unwrap();
        assert_eq!(body.text, text.replace("@netchange", "Netchange"));
        assert_eq!((body.mentioned, body.groups.len()), (vec![world.accounts[BOT].id.clone()], 0));
    }

    #[test]
    fn what_webex_refuses_is_refused() {
        let ok = json!({"type": "AdaptiveCard", "version": "1.3"});
        assert!(read(card(ok.clone())).is_ok());
        let mut no_text = card(ok.clone());
        no_text.as_object_mut().unwrap().remove("text");
        let mut two = card(ok.clone());
        two["attachments"] = json!([two["attachments"][0], two["attachments"][0]]);
        let mut with_file = card(ok);
        with_file["files"] = json!(["https://x.example/a.png"]);
        let required = json!({"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "Input.Text", "id": "a", "isRequired": true}]});
        let number = json!({"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "FactSet", "facts": [{"title": "a", "value": 1}]}]});
        for bad in [
            json!({}),
            json!({"text": 1}),
            json!({"text": "ä".repeat(3720)}),
            no_text,
            two,
            with_file,
            card(json!({"type": "AdaptiveCard", "version": "1.4"})),
            card(json!({"type": "Other", "version": "1.3"})),
            card(required),
            card(number),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
        assert!(read(json!({"text": "ä".repeat(3719)})).is_ok());
    }
}
