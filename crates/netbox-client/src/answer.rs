//! What NetBox's answers mean.

use http::StatusCode;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;

use crate::client::Answer;
use crate::error::{Entry, Error, Problem};

/// Characters of NetBox's words that are kept.
const DETAIL_LIMIT: usize = 500;
/// Faults of one write that are kept.
const PROBLEM_LIMIT: usize = 50;

pub(crate) fn decode<T: DeserializeOwned>(request: &str, body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body)
        .map_err(|error| Error::Decode { request: request.to_owned(), source: without_value(error) })
}

/// The error without the text that was found where something else should be: answers hold secrets, and what people wrote.
pub(crate) fn without_value(error: serde_json::Error) -> serde_json::Error {
    let text = error.to_string();
    match (text.find('"'), text.rfind('"')) {
        (Some(begin), Some(end)) if error.is_data() && begin < end => {
            serde_json::Error::custom(format!("{}\"…\"{}", &text[..begin], &text[end + 1..]))
        }
        _ => error,
    }
}

/// The error of an answer that is no success.
pub(crate) fn error(request: &str, answer: &Answer) -> Error {
    match answer.status {
        StatusCode::NOT_FOUND => Error::NotFound { what: request.to_owned() },
        // Documented as 403 for every failed login; a proxy in front may say 401.
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Error::Forbidden { detail: detail(answer) },
        StatusCode::PRECONDITION_FAILED => Error::Changed { current_etag: answer.etag() },
        StatusCode::TOO_MANY_REQUESTS => Error::Busy { retry_after: answer.retry_after() },
        StatusCode::BAD_REQUEST => {
            let problems = problems(&answer.body);
            if problems.is_empty() { other(answer) } else { Error::Invalid { problems } }
        }
        _ => other(answer),
    }
}

fn other(answer: &Answer) -> Error {
    Error::Api { status: answer.status.as_u16(), detail: detail(answer), retry_after: answer.retry_after() }
}

/// NetBox's `detail`; a page in HTML is not quoted.
fn detail(answer: &Answer) -> String {
    #[derive(Deserialize)]
    struct Detail {
        detail: String,
    }
    let told = serde_json::from_slice::<Detail>(&answer.body).map(|body| shorten(&body.detail));
    match (told, answer.location()) {
        (Ok(told), _) if !told.is_empty() => told,
        // Without its query, which may hold what is nobody's business.
        (_, Some(location)) if answer.status.is_redirection() => {
            let target = location.split(['?', '#']).next().unwrap_or_default();
            shorten(&format!("redirects are not followed; the URL to configure may be that of {target}"))
        }
        _ => "no reason given".to_owned(),
    }
}

fn shorten(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(DETAIL_LIMIT).collect()
}

/// Every fault that a 400 names: `{"field": ["…"]}`, `{"__all__": ["…"]}`, `{"detail": "…", "errors": [{"id": 21, "errors": {…}}]}`.
fn problems(body: &[u8]) -> Vec<Problem> {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    if let Some(Value::Array(entries)) = body.get("errors").filter(|_| body.contains_key("detail")) {
        for entry in entries {
            let number = |key: &str| entry.get(key).and_then(Value::as_u64);
            let which = number("id").map(Entry::Id).or_else(|| number("index").map(Entry::Index));
            gather(which, None, entry.get("errors").unwrap_or(&Value::Null), &mut problems);
        }
    }
    if problems.is_empty() {
        gather(None, None, &Value::Object(body), &mut problems);
    }
    problems
}

fn gather(entry: Option<Entry>, field: Option<&str>, value: &Value, problems: &mut Vec<Problem>) {
    if problems.len() >= PROBLEM_LIMIT {
        return;
    }
    match value {
        Value::String(message) => {
            let field = field.map(str::to_owned);
            problems.push(Problem { entry, field, message: shorten(message) });
        }
        Value::Array(values) => values.iter().for_each(|value| gather(entry, field, value, problems)),
        Value::Object(values) => {
            for (key, value) in values {
                let whole = matches!(key.as_str(), "__all__" | "non_field_errors" | "detail");
                let path = match field {
                    _ if whole => field.map(str::to_owned),
                    Some(field) => Some(format!("{field}.{key}")),
                    None => Some(key.clone()),
                };
                gather(entry, path.as_deref(), value, problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_answer_is_not_quoted() {
        let error = serde_json::from_str::<Vec<u64>>(r#"[1, "hush \"quoted\" hush"]"#).unwrap_err();
        let error = without_value(error);
        assert_eq!(error.to_string(), r#"invalid type: string "…", expected u64 at line 1 column 26"#);
        assert!(error.is_data() && !format!("{error:?}").contains("hush"));
        let cut_short = without_value(serde_json::from_str::<Vec<u64>>("[1,").unwrap_err());
        assert!(cut_short.is_eof());
    }

    fn texts(body: &str) -> Vec<String> {
        // The order of an object's keys depends on a feature of serde_json that other crates may switch on.
        let mut texts: Vec<_> = problems(body.as_bytes()).iter().map(ToString::to_string).collect();
        texts.sort();
        texts
    }

    #[test]
    fn every_field_that_is_refused_is_named() {
        let body = r#"{"mtu":["too small."],"mode":["trunk is not a valid choice."]}"#;
        assert_eq!(texts(body), ["mode: trunk is not a valid choice.", "mtu: too small."]);
        assert_eq!(texts(r#"{"__all__":["Value must be a string."]}"#), ["Value must be a string."]);
        assert_eq!(texts(r#"{"custom_fields":{"nope":"no such."}}"#), ["custom_fields.nope: no such."]);
        assert_eq!(texts(r#"{"detail":"JSON parse error"}"#), ["JSON parse error"]);
        assert!(texts("<html>").is_empty());
    }

    #[test]
    fn faults_of_a_bulk_write_say_which_object() {
        let body = r#"{"detail":"2 of 3 …","errors":[{"id":21,"errors":{"mode":["bad."]}},{"index":0,"errors":{"id":["required."]}}]}"#;
        assert_eq!(texts(body), ["entry 0: id: required.", "object 21: mode: bad."]);
    }

    #[test]
    fn words_are_shortened_and_hold_no_control_characters() {
        let long = format!(r#"{{"detail":"a\n{}"}}"#, "x".repeat(2000));
        let answer =
            Answer { status: StatusCode::CONFLICT, headers: http::HeaderMap::new(), body: long.into() };
        assert_eq!(detail(&answer), format!("a{}", "x".repeat(DETAIL_LIMIT - 1)));
        let many = format!(r#"{{"mtu":[{}"x"]}}"#, "\"x\",".repeat(1000));
        assert_eq!(problems(many.as_bytes()).len(), PROBLEM_LIMIT);
    }
}
