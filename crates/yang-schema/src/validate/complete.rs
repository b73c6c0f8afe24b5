//! What only complete data can have wrong: mandatory nodes, numbers of entries, `unique`, references.

use std::collections::{HashMap, HashSet};

use roxmltree::Node as Xml;

use super::problem::{ErrorTag, ProblemKind};
use super::walk::{Walker, is_named, namespace_in_scope, text_of};
use crate::instance;
use crate::schema::{Kind, Node, NodeKind, TypeId};
use crate::syntax::argument;
use crate::value::{Checker, Naming};

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
        self.references(&references, element, node);
    }

    fn completeness(&mut self, element: Xml<'_, '_>, node: Node<'s>) {
        let present = present_nodes(element, node);
        self.required(element, node, &present);
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
    fn required(&mut self, element: Xml<'_, '_>, parent: Node<'s>, present: &[(Xml<'_, '_>, Node<'s>)]) {
        for child in parent.children() {
            if self.options.config_only && !child.is_config() {
                continue;
            }
            // whether a conditional node must be there, only its `when` can say
            if !child.whens().is_empty() {
                continue;
            }
            let is_present = present.iter().any(|(_, node)| *node == child);
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
                    self.required(element, child, &[]);
                }
                _ => {}
            }
        }
    }

    fn required_choice(
        &mut self,
        element: Xml<'_, '_>,
        choice: Node<'s>,
        present: &[(Xml<'_, '_>, Node<'s>)],
    ) {
        let chosen = choice
            .children()
            .filter(|case| case.whens().is_empty())
            .find(|case| present.iter().any(|(_, node)| node.cases().any(|(_, of)| of == *case)));
        match chosen {
            Some(case) => self.required(element, case, present),
            None if choice.is_mandatory() => {
                self.missing(element, choice, "is mandatory: one of its cases must be there")
            }
            None => {
                let default = choice.defaults().first().copied();
                if let Some(case) = choice.children().find(|case| Some(case.name()) == default) {
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

    fn references(&mut self, references: &References, data: Xml<'_, '_>, root: Node<'s>) {
        for reference in &references.wanted {
            let exists = references
                .values
                .get(&reference.target)
                .is_some_and(|values| values.contains(&reference.value));
            if exists {
                continue;
            }
            let mut problem = reference.problem.clone();
            problem.message = format!("\"{}\" refers to nothing", reference.value);
            problem.allowed = Some(format!("the value of an existing {}", reference.named));
            self.report(problem);
        }
        for (path, problem) in &references.instances {
            if !exists(data, root, path) {
                let mut problem = problem.clone();
                problem.message = format!("there is no {path}");
                self.report(problem);
            }
        }
    }
}

/// The instances of data nodes among an element's children.
fn present_nodes<'d, 'i, 's>(element: Xml<'d, 'i>, parent: Node<'s>) -> Vec<(Xml<'d, 'i>, Node<'s>)> {
    element
        .children()
        .filter(Xml::is_element)
        .filter_map(|child| {
            let name = child.tag_name();
            parent.child(name.namespace()?, name.name()).map(|node| (child, node))
        })
        .collect()
}

/// The text of a leaf below an entry, or its default.
fn descendant_text(entry: Xml<'_, '_>, node: Node<'_>, path: &[argument::Name]) -> Option<String> {
    let (mut element, mut node) = (Some(entry), node);
    for step in path {
        node = node.data_children().find(|child| child.name() == step.name)?;
        element = element.and_then(|element| element.children().find(|child| is_named(*child, node)));
    }
    match element {
        Some(element) => Some(text_of(element)),
        None => node.defaults().first().map(|text| (*text).to_owned()),
    }
}

struct Wanted {
    target: u32,
    value: String,
    named: String,
    problem: super::Problem,
}

/// All values of leafs, and what must exist.
#[derive(Default)]
struct References {
    values: HashMap<u32, HashSet<String>>,
    wanted: Vec<Wanted>,
    /// Canonical instance-identifiers.
    instances: Vec<(String, super::Problem)>,
}

impl References {
    fn collect<'s>(&mut self, walker: &mut Walker<'s>, element: Xml<'_, '_>, parent: Node<'s>) {
        for (child, node) in present_nodes(element, parent) {
            walker.enter(node, child);
            match node.kind() {
                NodeKind::Leaf | NodeKind::LeafList => self.leaf(walker, child, node),
                NodeKind::Container | NodeKind::List => self.collect(walker, child, node),
                _ => {}
            }
            walker.leave();
        }
    }

    fn leaf<'s>(&mut self, walker: &Walker<'s>, element: Xml<'_, '_>, node: Node<'s>) {
        let Some(ty) = node.def().ty else { return };
        let text = text_of(element);
        let lookup = |prefix: Option<&str>| namespace_in_scope(element, prefix);
        let checker = Checker { schema: walker.schema, leaf: node.id, naming: Naming::Xml(&lookup) };
        let Ok(fit) = checker.check(ty, &text) else { return };
        self.values.entry(node.id).or_default().insert(fit.text.clone());
        let requires_instance = matches!(
            walker.schema.types[fit.ty as usize].kind,
            Kind::InstanceIdentifier { require_instance: true }
        );
        let target = required_target(walker, node, ty, &checker, &text);
        if !requires_instance && target.is_none() {
            return;
        }
        let mut problem = walker.problem(ProblemKind::MissingInstance, ErrorTag::DataMissing, element);
        problem.error_app_tag = Some("instance-required".to_owned());
        problem.value = Some(text);
        problem.source = node.location();
        match target {
            Some(target) => {
                let named = node.at(target).data_path();
                self.wanted.push(Wanted { target, value: fit.text, named, problem });
            }
            None => self.instances.push((fit.text, problem)),
        }
    }
}

/// The leaf that must have this value, if the type (or the union's member that fits) demands one.
fn required_target<'s>(
    walker: &Walker<'s>,
    node: Node<'s>,
    ty: TypeId,
    checker: &Checker<'_>,
    text: &str,
) -> Option<u32> {
    match &walker.schema.types[ty as usize].kind {
        Kind::Leafref { require_instance: true, .. } => {
            walker.schema.leafref_targets.get(&(node.id, ty)).copied()
        }
        // a union falls through to its next member when a reference leads nowhere, so only a sole fit demands
        Kind::Union(members) => {
            let mut fitting = members.iter().filter(|member| checker.check(**member, text).is_ok());
            match (fitting.next(), fitting.next()) {
                (Some(only), None) => required_target(walker, node, *only, checker, text),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether data has the instance that a canonical path names.
fn exists(data: Xml<'_, '_>, root: Node<'_>, path: &str) -> bool {
    let Ok(steps) = instance::parse(path) else {
        return false;
    };
    let (mut elements, mut node) = (vec![data], root);
    for step in &steps {
        let (module, name) = argument::Name::split(&step.name);
        let Some(found) = node.child_by_module(module, name) else {
            return false;
        };
        node = found;
        let mut children: Vec<Xml<'_, '_>> = elements
            .iter()
            .flat_map(|element| element.children().filter(|child| is_named(*child, node)))
            .filter(|child| step.predicates.iter().all(|(key, value)| holds(*child, node, key, value)))
            .collect();
        if let Some(position) = step.position {
            let index = usize::try_from(position).unwrap_or(usize::MAX).saturating_sub(1);
            children = children.get(index).copied().into_iter().collect();
        }
        elements = children;
    }
    !elements.is_empty()
}

/// Whether an element satisfies a canonical predicate.
fn holds(element: Xml<'_, '_>, node: Node<'_>, key: &str, value: &str) -> bool {
    if key == "." {
        return canonical_text(element, node).as_deref() == Some(value);
    }
    let key = node.keys().find(|node| node.name() == key);
    key.is_some_and(|key| {
        element
            .children()
            .filter(|child| is_named(*child, key))
            .any(|child| canonical_text(child, key).as_deref() == Some(value))
    })
}

/// A leaf's value in canonical form.
fn canonical_text(element: Xml<'_, '_>, node: Node<'_>) -> Option<String> {
    let lookup = |prefix: Option<&str>| namespace_in_scope(element, prefix);
    let checker = Checker { schema: node.schema, leaf: node.id, naming: Naming::Xml(&lookup) };
    checker.check(node.def().ty?, &text_of(element)).ok().map(|fit| fit.text)
}
