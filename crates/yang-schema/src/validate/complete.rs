//! What only complete data can have wrong: mandatory nodes, numbers of entries, `unique`; references are beside this.

use std::collections::{HashMap, HashSet};

use roxmltree::Node as Xml;

use super::defaults::{default_is_used, default_values, is_default_case};
use super::problem::{ErrorTag, ProblemKind};
use super::references::{References, canonical_text};
use super::walk::{Walker, is_named, text_of};
use crate::schema::{Node, NodeKind};
use crate::syntax::argument;

impl<'s> Walker<'s> {
    /// The checks of complete data below the root.
    pub(super) fn complete(&mut self, data: Xml<'_, '_>) {
        self.complete_below(data, self.schema.root());
    }

    /// The checks of complete data below one element.
    pub(super) fn complete_below(&mut self, element: Xml<'_, '_>, node: Node<'s>) {
        let mut references = References::default();
        references.collect(self, element, node);
        self.completeness(element, node);
        let _looked_at = references.check(self, element, node);
    }

    fn completeness(&mut self, element: Xml<'_, '_>, node: Node<'s>) {
        let present = present_nodes(element, node);
        self.required(element, node, &Present::of(&present));
        let mut lists: HashMap<u32, Vec<Xml<'_, '_>>> = HashMap::new();
        for (child, child_node) in &present {
            match child_node.kind() {
                NodeKind::List | NodeKind::LeafList => lists.entry(child_node.id).or_default().push(*child),
                _ => {}
            }
            if matches!(child_node.kind(), NodeKind::Container | NodeKind::List) {
                self.enter(*child_node, *child);
                self.completeness(*child, *child_node);
                self.leave();
            }
        }
        for (id, entries) in lists {
            self.entries(node.at(id), &entries);
        }
    }

    /// Mandatory nodes and `min-elements` among the children of an element; through containers without presence,
    /// which count as there, and through the cases that are chosen.
    fn required(&mut self, element: Xml<'_, '_>, parent: Node<'s>, present: &Present) {
        for child in parent.children() {
            if self.options.config_only && !child.is_config() {
                continue;
            }
            // whether a conditional node must be there, only its `when` can say
            if !child.whens().is_empty() {
                continue;
            }
            let is_present = present.nodes.contains(&child.id);
            match child.kind() {
                NodeKind::Choice => self.required_choice(element, child, present),
                NodeKind::Leaf | NodeKind::Anydata | NodeKind::Anyxml
                    if child.is_mandatory() && !is_present =>
                {
                    self.missing(element, child, "is mandatory");
                }
                NodeKind::List | NodeKind::LeafList if child.min_elements() > 0 && !is_present => {
                    let wanted = format!("needs at least {} entries", child.min_elements());
                    self.too_few(element, child, &wanted);
                }
                NodeKind::Container if !child.is_presence() && !is_present => {
                    self.required(element, child, &Present::default());
                }
                _ => {}
            }
        }
    }

    fn required_choice(&mut self, element: Xml<'_, '_>, choice: Node<'s>, present: &Present) {
        let chosen = choice.children().find(|case| present.cases.contains(&case.id));
        match chosen {
            // what a conditional case demands, only its `when` can say
            Some(case) if !case.whens().is_empty() => {}
            Some(case) => self.required(element, case, present),
            None if choice.is_mandatory() => {
                self.missing(element, choice, "is mandatory: one of its cases must be there")
            }
            None => {
                let mut unconditional = choice.children().filter(|case| case.whens().is_empty());
                if let Some(case) = unconditional.find(|case| is_default_case(choice, *case)) {
                    self.required(element, case, present);
                }
            }
        }
    }

    fn missing(&mut self, element: Xml<'_, '_>, node: Node<'s>, why: &str) {
        let tag =
            if node.kind() == NodeKind::Choice { ErrorTag::DataMissing } else { ErrorTag::MissingElement };
        let mut problem = self.problem(ProblemKind::MissingMandatory, tag, element);
        problem.message = format!("{} {} {why}", node.kind().keyword(), node.name());
        problem.error_app_tag = (node.kind() == NodeKind::Choice).then(|| "missing-choice".to_owned());
        problem.source = node.location();
        problem.bad_element = Some(node.name().to_owned());
        self.report(problem);
    }

    fn too_few(&mut self, element: Xml<'_, '_>, node: Node<'s>, why: &str) {
        let mut problem = self.problem(ProblemKind::TooFew, ErrorTag::OperationFailed, element);
        problem.message = format!("{} {why}", node.name());
        problem.error_app_tag = Some("too-few-elements".to_owned());
        problem.source = node.location();
        self.report(problem);
    }

    fn entries(&mut self, node: Node<'s>, entries: &[Xml<'_, '_>]) {
        let Some(last) = entries.last() else { return };
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        if count < node.min_elements() {
            let why = format!("has {count} entries and needs at least {}", node.min_elements());
            self.too_few(*last, node, &why);
        }
        if let Some(max) = node.max_elements().filter(|max| count > *max) {
            let mut problem = self.problem(ProblemKind::TooMany, ErrorTag::OperationFailed, *last);
            problem.message = format!("{} has {count} entries, more than {max}", node.name());
            problem.error_app_tag = Some("too-many-elements".to_owned());
            problem.source = node.location();
            self.report(problem);
        }
        for at in node.def().uniques.clone() {
            let Some(paths) = argument::unique(self.schema.arg(at)) else {
                continue;
            };
            let mut seen = HashSet::new();
            for entry in entries {
                let values: Option<Vec<String>> =
                    paths.iter().map(|path| descendant_text(*entry, node, path)).collect();
                // entries that lack one of the leafs are not compared
                let Some(values) = values else { continue };
                if !seen.insert(values) {
                    let mut problem = self.problem(ProblemKind::NotUnique, ErrorTag::OperationFailed, *entry);
                    problem.message =
                        format!("two entries of {} agree in {}", node.name(), self.schema.arg(at));
                    problem.error_app_tag = Some("data-not-unique".to_owned());
                    problem.source = Some(self.location(at));
                    self.report(problem);
                }
            }
        }
    }
}

/// Which nodes and cases an element has instances of.
#[derive(Default)]
struct Present {
    nodes: HashSet<u32>,
    cases: HashSet<u32>,
}

impl Present {
    fn of(present: &[(Xml<'_, '_>, Node<'_>)]) -> Self {
        let (mut nodes, mut cases) = (HashSet::new(), HashSet::new());
        for (element, node) in present {
            nodes.insert(node.id);
            let mut of = node.cases().peekable();
            if of.peek().is_some() && is_there(*element, *node) {
                cases.extend(of.map(|(_, case)| case.id));
            }
        }
        Self { nodes, cases }
    }
}

/// Whether an element is data: a container without presence is there only by what is in it (RFC 7950 section 7.5.1).
pub(super) fn is_there(element: Xml<'_, '_>, node: Node<'_>) -> bool {
    node.kind() != NodeKind::Container
        || node.is_presence()
        || present_nodes(element, node).into_iter().any(|(element, node)| is_there(element, node))
}

/// The instances of data nodes among an element's children.
pub(super) fn present_nodes<'d, 'i, 's>(
    element: Xml<'d, 'i>,
    parent: Node<'s>,
) -> Vec<(Xml<'d, 'i>, Node<'s>)> {
    element
        .children()
        .filter(Xml::is_element)
        .filter_map(|child| {
            let name = child.tag_name();
            parent.child(name.namespace()?, name.name()).map(|node| (child, node))
        })
        .collect()
}

/// The value of a leaf below an entry, or its default if that is in use, as values are compared: `01` is `1`.
fn descendant_text(entry: Xml<'_, '_>, node: Node<'_>, path: &[argument::Name]) -> Option<String> {
    let steps = node.descend(path).ok()?;
    let way: Vec<Node<'_>> =
        steps.into_iter().filter(|step| !matches!(step.kind(), NodeKind::Choice | NodeKind::Case)).collect();
    let leaf = *way.last()?;
    let mut holder = entry;
    for (index, step) in way.iter().enumerate() {
        let Some(element) = holder.children().find(|child| is_named(*child, *step)) else {
            let is_used = default_is_used(holder, &way[index..]) == Some(true);
            return is_used.then(|| default_values(leaf).into_iter().next()).flatten();
        };
        holder = element;
    }
    Some(canonical_text(holder, leaf).unwrap_or_else(|| text_of(holder)))
}
