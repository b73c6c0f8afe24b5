//! A whole document judged: XML with whatever stands around the data, or RFC 7951 JSON.

use roxmltree::Node as Xml;

use super::{NETCONF_NAMESPACE, Problem, ProblemKind, ValidateOptions};
use crate::json::{JsonOptions, JsonProblem};
use crate::schema::Schema;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataKind {
    /// The content of an edit-config.
    Edit,
    /// Complete data, with state.
    Data,
    /// A complete configuration.
    Config,
    /// An rpc as a client sends it.
    Rpc,
    /// A notification.
    Notification,
}

/// Why a document cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is not XML.
    #[error("this is not XML")]
    Xml(#[source] roxmltree::Error),
    /// There is nothing in it, or nothing but white space: whoever should have written it has not.
    #[error("there is nothing in it")]
    Nothing,
    /// It begins with neither `<` nor `{`.
    #[error("this is neither XML nor a JSON object: it begins with {0:?}")]
    Neither(String),
    /// It begins like JSON and is none.
    #[error("this is not JSON")]
    Json(#[source] serde_json::Error),
    /// It does not have the shape that RFC 7951 gives the model's data.
    #[error("this is not RFC 7951 JSON of the model: {}", lines(.0))]
    Shape(Vec<JsonProblem>),
    /// There is no rpc, notification or `<config>` in it.
    #[error("there is no {0} in it")]
    Empty(&'static str),
}

fn lines(problems: &[JsonProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// How much of a text is shown that is nothing known.
const BEGINNING: usize = 20;

/// A problem of the XML that JSON was made into, said of the JSON.
fn as_of_json(problem: &mut Problem) {
    (problem.line, problem.column) = (0, 0);
    if let (ProblemKind::UnknownNamespace, Some(module)) = (problem.kind, &problem.bad_namespace) {
        problem.message = format!("there is no module {module}");
    }
}

/// Elements of NETCONF that may stand around data.
const AROUND: &[&str] = &["rpc", "rpc-reply", "data", "config", "edit-config", "notification"];

impl Schema {
    /// Judges a document by the model. XML may have the data in NETCONF's elements (`rpc`, `edit-config`, `config`,
    /// `rpc-reply`, `data`, `notification`) or bare, several top-level nodes side by side; a text that begins with
    /// `{` is read as RFC 7951 JSON.
    ///
    /// Lines and columns of problems are those of the text; of JSON they are 0.
    ///
    /// # Errors
    /// [`DocumentError`] if there is nothing that could be judged.
    pub fn validate_document(
        &self,
        text: &str,
        kind: DataKind,
        options: &ValidateOptions,
    ) -> Result<Vec<Problem>, DocumentError> {
        let text = text.trim_start_matches('\u{feff}');
        match text.trim_start().chars().next() {
            None => Err(DocumentError::Nothing),
            Some('<') => self.validate_xml(text, kind, options),
            Some('{') => {
                let mut problems = self.validate_xml(&self.xml_of(text)?, kind, options)?;
                problems.iter_mut().for_each(as_of_json);
                Ok(problems)
            }
            Some(_) => Err(DocumentError::Neither(text.trim_start().chars().take(BEGINNING).collect())),
        }
    }

    fn validate_xml(
        &self,
        text: &str,
        kind: DataKind,
        options: &ValidateOptions,
    ) -> Result<Vec<Problem>, DocumentError> {
        // several roots are no document; the wrapper takes the place of the declaration, if that leaves room
        let (declaration, body) = match text.trim_start().starts_with("<?xml") {
            true => text.split_once("?>").map(|(head, body)| (format!("{head}?>"), body)).unwrap_or_default(),
            false => (String::new(), text),
        };
        const OPEN: &str = "<all>";
        let pad: String = declaration
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect::<String>()
            .chars()
            .skip(OPEN.len())
            .collect();
        let wrapped = format!("{pad}{OPEN}{body}</all>");
        let document = roxmltree::Document::parse(&wrapped).map_err(|error| {
            // the place is that in the text as it was given, which says the same unless it stops at a second root
            let shifted = |pos: roxmltree::TextPos| match (pos.row, declaration.is_empty()) {
                (1, true) => (1, pos.col.saturating_sub(u32::try_from(OPEN.len()).unwrap_or(0))),
                (row, _) => (row, pos.col),
            };
            let as_given = roxmltree::Document::parse(text).err();
            let same = |given: &roxmltree::Error| {
                let pos = given.pos();
                (pos.row, pos.col) == shifted(error.pos())
            };
            DocumentError::Xml(as_given.filter(same).unwrap_or(error))
        })?;
        let mut problems = self.judge(document.root_element(), kind, options)?;
        if declaration.is_empty() {
            let width = u32::try_from(OPEN.len()).unwrap_or(0);
            for problem in problems.iter_mut().filter(|problem| problem.line == 1) {
                problem.column = problem.column.saturating_sub(width);
            }
        }
        Ok(problems)
    }

    fn xml_of(&self, json: &str) -> Result<String, DocumentError> {
        let value = crate::json::unique(json).map_err(DocumentError::Json)?;
        self.from_json(&value, self.root(), &JsonOptions::new()).map_err(DocumentError::Shape)
    }

    fn judge(
        &self,
        root: Xml<'_, '_>,
        kind: DataKind,
        options: &ValidateOptions,
    ) -> Result<Vec<Problem>, DocumentError> {
        let mut data = root;
        while let Some(inner) = enclosing(data) {
            data = inner;
            if inner.tag_name().name() == "edit-config" {
                let mut children = inner.children().filter(Xml::is_element);
                let config = children.find(|child| child.tag_name().name() == "config");
                data = config.ok_or(DocumentError::Empty("<config>"))?;
            }
        }
        let first = |what: &'static str| {
            let mut elements = data.children().filter(Xml::is_element);
            let found = elements.find(|element| element.tag_name().name() != "eventTime");
            found.ok_or(DocumentError::Empty(what))
        };
        Ok(match kind {
            DataKind::Edit => self.validate_edit_config(data, options),
            DataKind::Data => self.validate_data(data, options),
            DataKind::Config => self.validate_data(data, &options.config_only(true)),
            DataKind::Rpc => self.validate_rpc(first("rpc")?, options),
            DataKind::Notification => self.validate_notification(first("notification")?, options),
        })
    }
}

/// The one element in another, if it is one of NETCONF's around data.
fn enclosing<'a, 'i>(parent: Xml<'a, 'i>) -> Option<Xml<'a, 'i>> {
    let mut elements = parent.children().filter(Xml::is_element);
    let (first, second) = (elements.next()?, elements.next());
    let name = first.tag_name();
    let own = matches!(name.namespace(), None | Some(NETCONF_NAMESPACE)) || name.name() == "notification";
    (second.is_none() && own && AROUND.contains(&name.name())).then_some(first)
}
