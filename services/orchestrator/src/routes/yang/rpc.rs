//! Building an RPC from paths and values: nothing is sent.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;
use yang_schema::Schema;
use yang_schema::build::{Edit, Host, Rpc, RpcKind, Store, Test};

use super::{Head, Shared, Source, Tab, draw, under};

/// Most lines of paths.
const MAX_LINES: usize = 200;
/// Most text of all lines, in bytes.
const MAX_TEXT: usize = 64 << 10;
/// The host that the snippets name where the model is not a device's.
const NO_HOST: &str = "device.example.net";

#[derive(Template)]
#[template(path = "yang/rpc.html")]
pub(super) struct RpcPage {
    head: Head,
    action: String,
    /// What went wrong, and each thing that is.
    pub(super) said: String,
    pub(super) problems: Vec<String>,
    pub(super) answer: Option<AnswerView>,
    operations: Vec<Choice>,
    stores: Vec<Choice>,
    operation: String,
    store: String,
    lines: String,
    message: String,
    snippets: Vec<Snippet>,
    /// What the button would have the device do; empty where it cannot be asked.
    run: &'static str,
    button: &'static str,
    promise: &'static str,
    pub(super) device: String,
}

/// What a device said.
pub(super) struct AnswerView {
    pub(super) good: bool,
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) errors: Vec<String>,
    pub(super) xml: String,
    pub(super) json: String,
}

struct Choice {
    value: &'static str,
    name: &'static str,
    current: bool,
}

struct Snippet {
    name: &'static str,
    text: String,
}

/// What is to be built.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct RpcQuery {
    #[serde(default)]
    pub(super) operation: Operation,
    #[serde(default)]
    pub(super) store: Datastore,
    #[serde(default)]
    pub(super) lines: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Operation {
    #[default]
    GetConfig,
    Get,
    Edit,
    Call,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Datastore {
    #[default]
    Running,
    Candidate,
    Startup,
}

impl Datastore {
    fn store(self) -> Store {
        match self {
            Self::Running => Store::Running,
            Self::Candidate => Store::Candidate,
            Self::Startup => Store::Startup,
        }
    }
}

impl RpcQuery {
    fn kind(&self, test: Option<Test>) -> RpcKind {
        let store = self.store.store();
        match self.operation {
            Operation::GetConfig => RpcKind::GetConfig { source: store },
            Operation::Get => RpcKind::Get,
            Operation::Edit => RpcKind::EditConfig { target: store, test },
            Operation::Call => RpcKind::Call,
        }
    }

    /// Builds it, or says everything that is wrong.
    pub(super) fn build<'s>(&self, schema: &'s Schema, test: Option<Test>) -> Result<Rpc<'s>, Vec<String>> {
        // blanks at the end are part of a value
        let lines = self.lines.lines().map(str::trim_start);
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        if lines.len() > MAX_LINES || self.lines.len() > MAX_TEXT {
            return Err(vec![format!("at most {MAX_LINES} lines and {} KiB are built", MAX_TEXT >> 10)]);
        }
        let mut builder = schema.rpc(self.kind(test));
        for line in lines {
            let (edit, input) = split(line);
            builder = builder.edit(edit, input);
        }
        builder.build().map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }
}

/// An operation's word before a path, if there is one; paths begin with a slash or a name, and have no space before the first `/`.
fn split(line: &str) -> (Edit, &str) {
    let words = [
        ("remove", Edit::Remove),
        ("delete", Edit::Delete),
        ("create", Edit::Create),
        ("replace", Edit::Replace),
    ];
    let found = line.split_once(char::is_whitespace).and_then(|(word, rest)| {
        let edit = words.iter().find(|(known, _)| *known == word)?.1;
        rest.trim_start().starts_with('/').then_some((edit, rest.trim_start()))
    });
    found.unwrap_or((Edit::Set, line))
}

/// `GET /yang/{kind}/{name}/rpc`.
pub(super) async fn show(
    request: HttpRequest,
    at: Path<(String, String)>,
    query: Query<RpcQuery>,
    shared: Data<Shared>,
) -> HttpResponse {
    let query = query.into_inner();
    draw(&request, &shared, at.into_inner(), move |source, model| {
        let mut page = RpcPage::new(source, &query);
        page.fill(source, &model.schema, &query);
        Ok(page.render()?)
    })
    .await
}

impl RpcPage {
    /// The page with what was asked for, and nothing built.
    pub(super) fn new(source: &Source, query: &RpcQuery) -> Self {
        let operations = [
            (Operation::GetConfig, "get-config", "get-config: read configuration"),
            (Operation::Get, "get", "get: read state and configuration"),
            (Operation::Edit, "edit", "edit-config: change configuration"),
            (Operation::Call, "call", "an rpc or action of a module"),
        ];
        let stores = [
            (Datastore::Running, "running"),
            (Datastore::Candidate, "candidate"),
            (Datastore::Startup, "startup"),
        ];
        let operation = operations.iter().find(|(operation, ..)| *operation == query.operation);
        let store = stores.iter().find(|(store, _)| *store == query.store);
        let (run, button, promise) = match query.operation {
            Operation::GetConfig | Operation::Get => {
                ("Read it from a device", "Read", "A session of its own reads this, and ends.")
            }
            Operation::Edit => (
                "Have a device test it",
                "Test only",
                "Sent with test-option test-only: the device judges the edit by its models and changes nothing. It must offer :validate:1.1.",
            ),
            // What an rpc does is not known, so it is only built.
            Operation::Call => ("", "", ""),
        };
        Self {
            head: Head::new(source, Tab::Rpc),
            action: under(source, "rpc", &[]),
            said: String::new(),
            problems: Vec::new(),
            answer: None,
            operation: operation.map(|(_, value, _)| (*value).to_owned()).unwrap_or_default(),
            store: store.map(|(_, value)| (*value).to_owned()).unwrap_or_default(),
            operations: operations
                .map(|(operation, value, name)| Choice { value, name, current: operation == query.operation })
                .into(),
            stores: stores
                .map(|(store, value)| Choice { value, name: value, current: store == query.store })
                .into(),
            lines: query.lines.clone(),
            message: String::new(),
            snippets: Vec::new(),
            run,
            button,
            promise,
            device: match source {
                Source::Device(name) => name.to_string(),
                Source::Folder(_) => String::new(),
            },
        }
    }

    /// Builds what was asked for, if anything was.
    pub(super) fn fill(&mut self, source: &Source, schema: &Schema, query: &RpcQuery) {
        if query.lines.trim().is_empty() {
            return;
        }
        let rpc = match query.build(schema, None) {
            Ok(rpc) => rpc,
            Err(problems) => {
                "The model does not allow this:".clone_into(&mut self.said);
                self.problems = problems;
                return;
            }
        };
        let host = match source {
            Source::Device(name) => Host::new(name.as_str(), "admin"),
            Source::Folder(_) => Host::new(NO_HOST, "admin"),
        };
        self.message = rpc.message("1");
        self.snippets = vec![
            Snippet { name: "curl, over RESTCONF", text: rpc.curl(&host) },
            Snippet { name: "Python, with ncclient", text: rpc.ncclient(&host) },
            Snippet { name: "Rust, with netconf-client", text: rpc.rust(&host) },
        ];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_begin_with_an_operation() {
        assert_eq!(split("remove /a/b"), (Edit::Remove, "/a/b"));
        assert_eq!(split("replace   /a[b='c d']/e=f g"), (Edit::Replace, "/a[b='c d']/e=f g"));
        assert_eq!(split("/a/description=remove /x"), (Edit::Set, "/a/description=remove /x"));
        assert_eq!(split("remove=1 2"), (Edit::Set, "remove=1 2"));
    }

    #[test]
    fn blanks_at_the_end_of_a_line_are_part_of_its_value() {
        let mut set = yang_schema::ModuleSet::new();
        let model =
            "module m { namespace urn:m; prefix m; leaf name { type string; } leaf mtu { type uint16; } }";
        set.add_text("m.yang", model).unwrap();
        let schema = set.compile(&yang_schema::CompileOptions::new()).unwrap();
        let lines = "  /name=to the attic \r\n   \r\n remove /mtu \r\n".to_owned();
        let query = RpcQuery { operation: Operation::Edit, lines, ..RpcQuery::default() };
        let data = query.build(&schema, None).unwrap().data();
        assert!(data.contains(">to the attic </name>") && data.contains("operation=\"remove\""), "{data}");
    }
}
