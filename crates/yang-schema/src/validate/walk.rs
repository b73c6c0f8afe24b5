//! The walk over XML data with the schema node of each element beside it.
//!
//! Elements the model does not know are not entered, so the depth is that of the schema, which is limited.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use roxmltree::Node as Xml;

use super::ValidateOptions;
use super::problem::{ErrorTag, Problem, ProblemKind};
use super::suggest::nearest;
use crate::instance::quoted;
use crate::schema::{Node, NodeKind, Schema, StmtRef};
use crate::value::{Checker, Misfit, Naming, shown};

/// What is validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Edit,
    Data,
    Operation,
}

/// The operation in effect for an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Merge,
    Replace,
    Create,
    Delete,
    Remove,
}

impl Operation {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "merge" => Self::Merge,
            "replace" => Self::Replace,
            "create" => Self::Create,
            "delete" => Self::Delete,
            "remove" => Self::Remove,
            _ => return None,
        })
    }

    pub(super) fn is_removal(self) -> bool {
        matches!(self, Self::Delete | Self::Remove)
    }
}

pub(super) struct Walker<'s> {
    pub(super) schema: &'s Schema,
    pub(super) options: ValidateOptions,
    pub(super) mode: Mode,
    /// The nodes entered, each with its predicate.
    path: Vec<(Node<'s>, String)>,
    problems: Vec<Problem>,
    /// Where the lines of the document begin; found out with the first problem.
    line_starts: OnceCell<Vec<usize>>,
}

/// What was seen among the children of one element.
#[derive(Default)]
struct Seen<'s> {
    single: HashSet<u32>,
    entries: HashSet<(u32, Vec<String>)>,
    cases: HashMap<u32, (Node<'s>, Node<'s>)>,
}

impl<'s> Walker<'s> {
    pub(super) fn new(schema: &'s Schema, options: ValidateOptions, mode: Mode) -> Self {
        Self { schema, options, mode, path: Vec::new(), problems: Vec::new(), line_starts: OnceCell::new() }
    }

    pub(super) fn finish(self) -> Vec<Problem> {
        self.problems
    }

    /// Makes an element part of the path of what follows.
    pub(super) fn enter(&mut self, node: Node<'s>, element: Xml<'_, '_>) {
        let predicate = match node.kind() {
            NodeKind::List => entry_predicate(node, element),
            NodeKind::LeafList => format!("[.={}]", quoted(&text_of(element))),
            _ => String::new(),
        };
        self.path.push((node, predicate));
    }

    pub(super) fn leave(&mut self) {
        self.path.pop();
    }

    /// Validates the children of an element whose schema node is `parent`.
    pub(super) fn children(&mut self, element: Xml<'_, '_>, parent: Node<'s>, operation: Operation) {
        let mut seen = Seen::default();
        for child in element.children() {
            if child.is_text() && child.text().is_some_and(|text| !text.trim().is_empty()) {
                self.content(element, "text stands where only elements may");
            }
            if !child.is_element() {
                continue;
            }
            if self.problems.len() >= self.options.max_problems {
                return;
            }
            match self.find(child, parent) {
                Some(node) => self.known(child, node, operation, &mut seen),
                None => self.unknown(child, parent),
            }
        }
    }

    pub(super) fn find(&self, element: Xml<'_, '_>, parent: Node<'s>) -> Option<Node<'s>> {
        let name = element.tag_name();
        let node = parent.child(name.namespace()?, name.name())?;
        node.kind().is_data().then_some(node)
    }

    fn known(&mut self, element: Xml<'_, '_>, node: Node<'s>, inherited: Operation, seen: &mut Seen<'s>) {
        self.enter(node, element);
        let state_refused = self.mode == Mode::Edit || (self.mode == Mode::Data && self.options.config_only);
        if state_refused && !node.is_config() {
            let mut problem = self.problem(ProblemKind::ReadOnly, ErrorTag::UnknownElement, element);
            problem.message = format!("{} is state, not configuration", node.name());
            problem.source = node.location();
            self.report(problem);
            self.leave();
            return;
        }
        let operation = self.attributes(element, node, inherited);
        self.seen_twice(element, node, seen);
        if !operation.is_removal() {
            self.choice_conflict(element, node, seen);
        }
        match node.kind() {
            NodeKind::Leaf | NodeKind::LeafList => self.value(element, node, operation),
            NodeKind::Anydata | NodeKind::Anyxml => {}
            NodeKind::List => {
                self.keys(element, node);
                self.children(element, node, operation);
            }
            _ => self.children(element, node, operation),
        }
        self.leave();
    }

    /// A leaf that is not one of several nodes.
    pub(super) fn single(&mut self, element: Xml<'_, '_>, node: Node<'s>) {
        self.enter(node, element);
        self.attributes(element, node, Operation::Merge);
        self.value(element, node, Operation::Merge);
        self.leave();
    }

    fn value(&mut self, element: Xml<'_, '_>, node: Node<'s>, operation: Operation) {
        if element.children().any(|child| child.is_element()) {
            self.content(element, "an element stands where only a value may");
            return;
        }
        let text = text_of(element);
        if text.is_empty() && operation.is_removal() && node.kind() == NodeKind::Leaf {
            return;
        }
        let Some(ty) = node.def().ty else { return };
        let lookup = |prefix: Option<&str>| namespace_in_scope(element, prefix);
        let checker = Checker { schema: self.schema, leaf: node.id, naming: Naming::Xml(&lookup) };
        if let Err(misfit) = checker.check(ty, &text) {
            self.misfit(element, node, &text, misfit);
        }
    }

    fn misfit(&mut self, element: Xml<'_, '_>, node: Node<'s>, value: &str, misfit: Misfit) {
        let mut problem = self.problem(ProblemKind::Value, ErrorTag::InvalidValue, element);
        problem.message = misfit.error_message.unwrap_or_else(|| format!("\"{value}\" is not allowed"));
        problem.value = Some(value.to_owned());
        problem.allowed = Some(misfit.allowed);
        problem.source = misfit.at.map(|at| self.schema.location(at)).or_else(|| node.location());
        problem.error_app_tag = misfit.error_app_tag;
        problem.bad_element = Some(node.name().to_owned());
        self.report(problem);
    }

    pub(super) fn keys(&mut self, element: Xml<'_, '_>, node: Node<'s>) {
        let mut present = element.children().filter(Xml::is_element);
        let mut in_order = true;
        for key in node.keys() {
            let is_key = |child: &Xml<'_, '_>| is_named(*child, key);
            in_order &= present.next().is_some_and(|child| is_key(&child));
            if element.children().any(|child| is_key(&child)) {
                continue;
            }
            // a list's key may be absent only where there is no list entry to name
            let mut problem = self.problem(ProblemKind::MissingKey, ErrorTag::MissingElement, element);
            problem.message = format!("an entry of {} lacks its key {}", node.name(), key.name());
            problem.source = node.location();
            problem.bad_element = Some(key.name().to_owned());
            self.report(problem);
            in_order = true;
        }
        if !in_order && self.options.key_order && node.keys().all(|key| has_child(element, key)) {
            let names: Vec<&str> = node.keys().map(|key| key.name()).collect();
            let mut problem = self.problem(ProblemKind::KeyOrder, ErrorTag::BadElement, element);
            problem.message = format!("the keys of {} stand first, in the order of the model", node.name());
            problem.allowed = Some(names.join(", "));
            problem.source = node.location();
            problem.bad_element = names.first().map(|name| (*name).to_owned());
            self.report(problem);
        }
    }

    fn seen_twice(&mut self, element: Xml<'_, '_>, node: Node<'s>, seen: &mut Seen<'s>) {
        let first = match node.kind() {
            // state lists may have no key, and state leaf-lists may repeat values
            NodeKind::List if node.def().keys.is_empty() => true,
            NodeKind::List if !node.keys().all(|key| has_child(element, key)) => true,
            NodeKind::LeafList if !node.is_config() => true,
            NodeKind::List => {
                let keys = node.keys().filter_map(|key| {
                    let child = element.children().find(|child| is_named(*child, key))?;
                    Some(self.canonical(child, key))
                });
                seen.entries.insert((node.id, keys.collect()))
            }
            NodeKind::LeafList => seen.entries.insert((node.id, vec![self.canonical(element, node)])),
            _ => seen.single.insert(node.id),
        };
        if !first {
            let mut problem = self.problem(ProblemKind::Duplicate, ErrorTag::BadElement, element);
            problem.message = format!("{} stands twice", node.name());
            problem.source = node.location();
            problem.bad_element = Some(node.name().to_owned());
            self.report(problem);
        }
    }

    /// A value as it is compared: `01` is `1`. What does not fit stays as it is.
    fn canonical(&self, element: Xml<'_, '_>, node: Node<'s>) -> String {
        let text = text_of(element);
        let lookup = |prefix: Option<&str>| namespace_in_scope(element, prefix);
        let checker = Checker { schema: self.schema, leaf: node.id, naming: Naming::Xml(&lookup) };
        let fit = node.def().ty.and_then(|ty| checker.check(ty, &text).ok());
        fit.map_or(text, |fit| fit.text)
    }

    fn choice_conflict(&mut self, element: Xml<'_, '_>, node: Node<'s>, seen: &mut Seen<'s>) {
        for (choice, case) in node.cases() {
            let (other_case, other) = *seen.cases.entry(choice.id).or_insert((case, node));
            if other_case == case {
                continue;
            }
            let mut problem = self.problem(ProblemKind::ChoiceConflict, ErrorTag::BadElement, element);
            problem.message =
                format!("{} and {} exclude each other (choice {})", other.name(), node.name(), choice.name());
            let cases: Vec<&str> = choice.children().map(|case| case.name()).collect();
            problem.allowed = Some(format!("nodes of one case: {}", shown(cases.into_iter())));
            problem.source = choice.location();
            problem.bad_element = Some(node.name().to_owned());
            self.report(problem);
        }
    }

    pub(super) fn unknown(&mut self, element: Xml<'_, '_>, parent: Node<'s>) {
        let (namespace, name) = (element.tag_name().namespace(), element.tag_name().name());
        let known = namespace.and_then(|namespace| self.schema.module_by_namespace(namespace));
        let here = if parent.kind() == NodeKind::Root {
            "at the top level".to_owned()
        } else {
            format!("in {}", parent.name())
        };
        let children = || parent.data_children().filter(|child| child.kind().is_data());
        let elsewhere = children().find(|child| child.name() == name);
        let is_unknown = known.is_none();
        let (kind, tag) = match is_unknown {
            true => (ProblemKind::UnknownNamespace, ErrorTag::UnknownNamespace),
            false => (ProblemKind::UnknownNode, ErrorTag::UnknownElement),
        };
        let mut problem = self.problem(kind, tag, element);
        problem.message = match (namespace, is_unknown) {
            (None, _) => format!("{name} has no namespace"),
            (Some(namespace), true) => format!("no module has the namespace {namespace} (of {name})"),
            _ => format!("there is no {name} {here}"),
        };
        problem.allowed = Some(match elsewhere {
            Some(node) => format!("{name} in the namespace {}", node.namespace()),
            None => match nearest(name, children().map(|child| child.name())) {
                Some(near) => format!("{near}, perhaps"),
                None => shown(children().map(|child| child.name())),
            },
        });
        problem.source = parent.location();
        // the path leads to the unknown element; its prefix is the parent's if it has none of its own
        let prefix = known.map_or_else(|| self.last_prefix(), |module| module.prefix().to_owned());
        let step = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}:{name}") };
        problem.path = format!("{}/{step}", problem.path.trim_end_matches('/'));
        if let Some(module) =
            known.filter(|module| !problem.namespaces.iter().any(|(known, _)| known == module.prefix()))
        {
            problem.namespaces.push((module.prefix().to_owned(), module.namespace().to_owned()));
        }
        problem.bad_element = Some(name.to_owned());
        problem.bad_namespace = namespace.filter(|_| is_unknown).map(str::to_owned);
        self.report(problem);
    }

    fn last_prefix(&self) -> String {
        self.path.last().map(|(node, _)| node.module().prefix().to_owned()).unwrap_or_default()
    }

    fn content(&mut self, element: Xml<'_, '_>, message: &str) {
        let mut problem = self.problem(ProblemKind::Content, ErrorTag::BadElement, element);
        problem.message = message.to_owned();
        problem.bad_element = Some(element.tag_name().name().to_owned());
        self.report(problem);
    }

    /// A problem at the current path, to be filled in.
    pub(super) fn problem(&self, kind: ProblemKind, error_tag: ErrorTag, element: Xml<'_, '_>) -> Problem {
        let (path, namespaces) = self.prefixed_path();
        let (line, column) = self.position(element);
        Problem {
            kind,
            path,
            namespaces,
            message: String::new(),
            value: None,
            allowed: None,
            source: None,
            error_tag,
            error_app_tag: None,
            bad_element: None,
            bad_attribute: None,
            bad_namespace: None,
            line,
            column,
        }
    }

    /// Line and column, without counting the lines of a large document for each of a thousand problems.
    fn position(&self, element: Xml<'_, '_>) -> (u32, u32) {
        let (text, at) = (element.document().input_text(), element.range().start);
        let starts = self.line_starts.get_or_init(|| {
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect()
        });
        let line = starts.partition_point(|start| *start <= at);
        let start = line.checked_sub(1).map_or(0, |line| starts[line]);
        let column = text.get(start..at).map_or(0, |before| before.chars().count()) + 1;
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        (number(line), number(column))
    }

    fn prefixed_path(&self) -> (String, Vec<(String, String)>) {
        let mut path = String::new();
        let mut namespaces: Vec<(String, String)> = Vec::new();
        for (node, predicate) in &self.path {
            let module = node.module();
            let known = namespaces.iter().find(|(_, namespace)| namespace == module.namespace());
            let prefix = match known {
                Some((prefix, _)) => prefix.clone(),
                None => {
                    // two modules may have chosen the same prefix
                    let taken = namespaces.iter().any(|(prefix, _)| prefix == module.prefix());
                    let prefix = if taken { module.name() } else { module.prefix() };
                    namespaces.push((prefix.to_owned(), module.namespace().to_owned()));
                    prefix.to_owned()
                }
            };
            path.push_str(&format!("/{prefix}:{}", node.name()));
            path.push_str(&predicate.replace("[\u{0}", &format!("[{prefix}:")));
        }
        if path.is_empty() {
            path.push('/');
        }
        (path, namespaces)
    }

    pub(super) fn report(&mut self, problem: Problem) {
        if self.problems.len() < self.options.max_problems {
            self.problems.push(problem);
        }
    }

    /// Where a statement stands.
    pub(super) fn location(&self, at: StmtRef) -> crate::error::Location {
        self.schema.location(at)
    }
}

/// `[\0key='value']…`: the mark stands for the prefix, which depends on the whole path.
fn entry_predicate(node: Node<'_>, element: Xml<'_, '_>) -> String {
    let mut predicate = String::new();
    for key in node.keys() {
        if let Some(child) = element.children().find(|child| is_named(*child, key)) {
            let value = text_of(child);
            predicate.push_str(&format!("[\u{0}{}={}]", key.name(), quoted(value.trim())));
        }
    }
    predicate
}

/// Whether an element is an instance of a node.
pub(super) fn is_named(element: Xml<'_, '_>, node: Node<'_>) -> bool {
    element.is_element()
        && element.tag_name().name() == node.name()
        && element.tag_name().namespace() == Some(node.namespace())
}

fn has_child(element: Xml<'_, '_>, node: Node<'_>) -> bool {
    element.children().any(|child| is_named(child, node))
}

/// An element's text, comments left out.
pub(crate) fn text_of(element: Xml<'_, '_>) -> String {
    element.children().filter(Xml::is_text).filter_map(|child| child.text()).collect()
}

/// The namespace that a prefix, or the lack of one, means in an element's content.
pub(crate) fn namespace_in_scope(element: Xml<'_, '_>, prefix: Option<&str>) -> Option<String> {
    element.lookup_namespace_uri(prefix).map(str::to_owned)
}
