//! Asking a device: reading, or an edit that is only tested.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path};
use actix_web::{HttpRequest, HttpResponse};
use change_model::DeviceName;
use netconf_client::RpcError;
use netconf_client::ops::Datastore as Target;
use secrecy::ExposeSecret;
use serde::Deserialize;
use yang_schema::build::Test;
use yang_schema::{JsonOptions, Schema};

use super::rpc::{AnswerView, Datastore, Operation, RpcPage, RpcQuery};
use super::{Shared, Source, broken, find, rendered};
use crate::models::{self, Answer, AskError, Model, Question};
use crate::routes::guard;

/// Most of an answer that is shown, in bytes.
const SHOWN: usize = 256 << 10;

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(super) struct RunForm {
    token: secrecy::SecretString,
    device: String,
    #[serde(default)]
    operation: Operation,
    #[serde(default)]
    store: Datastore,
    #[serde(default)]
    lines: String,
}

impl RunForm {
    /// What is asked; `None` for what is only built here.
    fn question(&self) -> Option<Question> {
        let store = match self.store {
            Datastore::Running => Target::Running,
            Datastore::Candidate => Target::Candidate,
            Datastore::Startup => Target::Startup,
        };
        match self.operation {
            Operation::Get => Some(Question::Get),
            Operation::GetConfig => Some(Question::GetConfig(store)),
            Operation::Edit => Some(Question::TestEdit(store)),
            Operation::Call => None,
        }
    }
}

/// What is shown in the end: with which status, what went wrong if something did, and what the device said.
struct Outcome {
    status: StatusCode,
    said: String,
    problems: Vec<String>,
    answer: Option<AnswerView>,
}

impl Outcome {
    fn refused(status: StatusCode, said: impl Into<String>) -> Self {
        Self { status, said: said.into(), problems: Vec::new(), answer: None }
    }
}

/// `POST /yang/{kind}/{name}/rpc`: the token in the form is what a forged page of another site does not have.
pub(super) async fn run(
    request: HttpRequest,
    at: Path<(String, String)>,
    form: Form<RunForm>,
    shared: Data<Shared>,
) -> HttpResponse {
    if let Err(refused) = shared.guard.admit(&request) {
        return *refused;
    }
    let (source, model) = match find(&shared, at.into_inner()) {
        Ok(found) => found,
        Err(answer) => return *answer,
    };
    let outcome = if guard::is_token(form.token.expose_secret(), &shared.app.settings.server.api_token) {
        asked(&shared, &form, &model).await
    } else {
        let status = shared.guard.refuse(&request, "the token is wrong").status();
        Outcome::refused(status, "Not done: the token is wrong.")
    };
    shown(source, model, form.into_inner(), outcome).await
}

/// Draws the page again with what came of it.
async fn shown(source: Source, model: Arc<Model>, form: RunForm, outcome: Outcome) -> HttpResponse {
    let status = outcome.status;
    let drawn = web::block(move || {
        let query = RpcQuery { operation: form.operation, store: form.store, lines: form.lines };
        let mut page = RpcPage::new(&source, &query);
        page.fill(&source, &model.schema, &query);
        page.device = form.device;
        if !outcome.said.is_empty() {
            page.said = outcome.said;
            page.problems = outcome.problems;
        }
        page.answer = outcome.answer;
        page
    });
    match drawn.await {
        Ok(page) => rendered(status, &page),
        Err(error) => broken(&error),
    }
}

async fn asked(shared: &Data<Shared>, form: &RunForm, model: &Arc<Model>) -> Outcome {
    let refused = |status, said: &str| Outcome::refused(status, said);
    let Some(question) = form.question() else {
        let said = "Not done: an rpc or action is built here, and never sent.";
        return refused(StatusCode::UNPROCESSABLE_ENTITY, said);
    };
    let name = match form.device.trim().parse::<DeviceName>() {
        Ok(name) => name,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &format!("Not done: {error}.")),
    };
    let data = match data(form, &model.schema) {
        Ok(data) => data,
        Err(problems) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Outcome { problems, ..refused(status, "Not sent: the model does not allow this.") };
        }
    };
    let Ok(turn) = shared.asking.clone().try_acquire_owned() else {
        let said = "Not done: others are asking devices at this moment. Try again.";
        return refused(StatusCode::SERVICE_UNAVAILABLE, said);
    };
    let app = shared.app.clone();
    tracing::info!(device.name = %name, "The explorer asks {name}: {}", question.name());
    // On the runtime of the worker; it comes to its end even if nobody waits for it any more.
    let asking = shared.models.spawn(async move {
        let answer = models::ask(&app, &name, question, data).await;
        drop(turn);
        (name, answer)
    });
    match asking.await {
        Ok((name, answer)) => told(&name, question, answer, model).await,
        Err(error) => {
            tracing::error!(error = %error, "The explorer failed");
            refused(StatusCode::INTERNAL_SERVER_ERROR, "Not done: the log says why.")
        }
    }
}

/// What stands in the filter or the config. An edit is built as the one that is sent, with its test-option.
fn data(form: &RunForm, schema: &Schema) -> Result<String, Vec<String>> {
    let query = RpcQuery { operation: form.operation, store: form.store, lines: form.lines.clone() };
    Ok(query.build(schema, Some(Test::TestOnly))?.data())
}

/// The device's word, for people.
async fn told(
    name: &DeviceName,
    question: Question,
    answer: Result<Answer, AskError>,
    model: &Arc<Model>,
) -> Outcome {
    let view = |good, title: String, summary: String| AnswerView {
        good,
        title,
        summary,
        errors: Vec::new(),
        xml: String::new(),
        json: String::new(),
    };
    let answered = |view| Outcome { answer: Some(view), ..Outcome::refused(StatusCode::OK, "") };
    match answer {
        Ok(answer) if matches!(question, Question::TestEdit(_)) => {
            let summary = format!("Only tested, in {} ms: nothing was changed.", answer.took.as_millis());
            answered(view(true, format!("{name} would take this edit"), summary))
        }
        Ok(answer) => {
            let model = model.clone();
            let took = answer.took.as_millis();
            let shown = web::block(move || (cut(answer.xml), cut(json(&model.schema, &answer.reply)))).await;
            let Ok(((xml, bytes, all), (json, ..))) = shown else {
                return Outcome::refused(StatusCode::INTERNAL_SERVER_ERROR, "The answer cannot be shown.");
            };
            let size = match (bytes, all) {
                (_, 0) => "The device has nothing there.".to_owned(),
                (bytes, all) if bytes < all => {
                    format!("The first {} KiB of {} KiB.", bytes >> 10, all >> 10)
                }
                (_, all) => format!("{all} bytes."),
            };
            let summary = format!("{size} Read in {took} ms.");
            answered(AnswerView { xml, json, ..view(true, format!("{name} answers"), summary) })
        }
        Err(AskError::Refused(errors)) => {
            let title = match question {
                Question::TestEdit(_) => format!("{name} would refuse this edit"),
                _ => format!("{name} refuses"),
            };
            let errors = errors.iter().map(error_line).collect();
            answered(AnswerView { errors, ..view(false, title, "Nothing was changed.".to_owned()) })
        }
        Err(error) => {
            let status = match &error {
                AskError::Lacks { .. } => StatusCode::UNPROCESSABLE_ENTITY,
                AskError::TooSlow => StatusCode::GATEWAY_TIMEOUT,
                _ => StatusCode::BAD_GATEWAY,
            };
            Outcome::refused(status, format!("{name}: {error}."))
        }
    }
}

/// A device's error with all it says.
fn error_line(error: &RpcError) -> String {
    let mut line = error.tag.as_str().to_owned();
    let details = [("", &error.message), ("at ", &error.path), ("app-tag ", &error.app_tag)];
    for (before, text) in details {
        if let Some(text) = text {
            line.push_str(&format!("; {before}{text}"));
        }
    }
    let info = [("element ", &error.info.bad_element), ("attribute ", &error.info.bad_attribute)];
    for (before, text) in info {
        if let Some(text) = text {
            line.push_str(&format!("; {before}{text}"));
        }
    }
    line
}

/// A reply's data as RFC 7951 JSON, or why that cannot be.
fn json(schema: &Schema, reply: &str) -> String {
    let document = match roxmltree::Document::parse(reply) {
        Ok(document) => document,
        Err(error) => return format!("the reply is not XML: {error}"),
    };
    let data = document.root_element().children().find(|node| node.tag_name().name() == "data");
    let Some(data) = data else { return String::new() };
    match schema.to_json(data, &JsonOptions::new()) {
        Ok(json) => serde_json::to_string_pretty(&json).unwrap_or_else(|error| error.to_string()),
        Err(problem) => format!("not to be had as JSON: {problem}"),
    }
}

/// The beginning of a text, how long that is, and how long the text was.
fn cut(mut text: String) -> (String, usize, usize) {
    let all = text.len();
    if all > SHOWN {
        let end = (0..=SHOWN).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push_str("\n…");
        return (text, end, all);
    }
    (text, all, all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_between_signs() {
        let (text, shown, all) = cut("é".repeat(SHOWN));
        assert_eq!((shown, all), (SHOWN, 2 * SHOWN));
        assert!(text.ends_with("é\n…"));
        assert_eq!(cut("short".to_owned()), ("short".to_owned(), 5, 5));
    }
}
