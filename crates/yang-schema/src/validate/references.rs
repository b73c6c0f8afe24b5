//! Whether what refers to something leads somewhere: leafrefs by their paths, predicates included, and instance-identifiers.

use std::collections::{HashMap, HashSet};

use roxmltree::Node as Xml;

use super::problem::{ErrorTag, Problem, ProblemKind};
use super::walk::{Mode, Walker, is_named, namespace_in_scope, text_of};
use crate::instance;
use crate::schema::{Kind, Node, NodeKind, StmtRef, TypeId};
use crate::syntax::argument::{self, LeafrefStep, Name};
use crate::value::{Checker, Naming};

/// A leafref that must lead to a leaf with its value.
struct Wanted<'d, 'i, 's> {
    element: Xml<'d, 'i>,
    node: Node<'s>,
    ty: TypeId,
    target: Node<'s>,
    value: String,
    problem: Problem,
}

/// What must exist somewhere in the data.
#[derive(Default)]
pub(super) struct References<'d, 'i, 's> {
    wanted: Vec<Wanted<'d, 'i, 's>>,
    /// Canonical instance-identifiers.
    instances: Vec<(String, Problem)>,
    /// All values of each leaf: most references are to any instance of a leaf, and there may be thousands of both.
    values: HashMap<u32, HashSet<String>>,
}

impl<'d, 'i, 's> References<'d, 'i, 's> {
    /// Gathers the references below an element.
    pub(super) fn collect(&mut self, walker: &mut Walker<'s>, element: Xml<'d, 'i>, parent: Node<'s>) {
        for (child, node) in super::complete::present_nodes(element, parent) {
            walker.enter(node, child);
            if node.kind().has_value() {
                self.leaf(walker, child, node);
            } else if matches!(
                node.kind(),
                crate::schema::NodeKind::Container | crate::schema::NodeKind::List
            ) {
                self.collect(walker, child, node);
            }
            walker.leave();
        }
    }

    fn leaf(&mut self, walker: &Walker<'s>, element: Xml<'d, 'i>, node: Node<'s>) {
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
            Some((ty, target)) => {
                let target = node.at(target);
                self.wanted.push(Wanted { element, node, ty, target, value: fit.text, problem });
            }
            None => self.instances.push((fit.text, problem)),
        }
    }

    /// Reports what leads nowhere. What an rpc or a notification refers to outside of itself is in a datastore, and not known here.
    pub(super) fn check(self, walker: &mut Walker<'s>, data: Xml<'d, 'i>, root: Node<'s>) {
        let alone = walker.mode == Mode::Operation;
        for wanted in self.wanted {
            let inside = wanted.is_relative() && wanted.target.ancestors().any(|node| node == root);
            let any = self.values.get(&wanted.target.id).is_some_and(|values| values.contains(&wanted.value));
            if (alone && !inside) || (any && wanted.means_any()) || wanted.leads_somewhere(data) {
                continue;
            }
            let mut problem = wanted.problem;
            problem.message = format!("\"{}\" refers to nothing", wanted.value);
            problem.allowed = Some(format!("the value of an existing {}", wanted.target.data_path()));
            walker.report(problem);
        }
        for (path, mut problem) in self.instances {
            if !alone && !exists(data, root, &path) {
                problem.message = format!("there is no {path}");
                walker.report(problem);
            }
        }
    }
}

/// The leafref (its type: the leaf's own, or a member of its union) that demands an instance, and what it refers to.
fn required_target<'s>(
    walker: &Walker<'s>,
    node: Node<'s>,
    ty: TypeId,
    checker: &Checker<'_>,
    text: &str,
) -> Option<(TypeId, u32)> {
    match &walker.schema.types[ty as usize].kind {
        Kind::Leafref { require_instance: true, .. } => {
            walker.schema.leafref_targets.get(&(node.id, ty)).map(|target| (ty, *target))
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

/// Elements on the way, and their schema node.
struct Reached<'d, 'i, 's> {
    elements: Vec<Xml<'d, 'i>>,
    node: Node<'s>,
}

impl<'d, 'i, 's> Wanted<'d, 'i, 's> {
    fn path(&self) -> Option<StmtRef> {
        match &self.node.schema.types[self.ty as usize].kind {
            Kind::Leafref { path, .. } => Some(*path),
            _ => None,
        }
    }

    fn is_relative(&self) -> bool {
        self.path().is_some_and(|path| !self.node.schema.arg(path).trim_start().starts_with('/'))
    }

    /// Whether the path leads to every instance of the leaf: it has no predicates, and begins where only one instance can be.
    fn means_any(&self) -> bool {
        let schema = self.node.schema;
        let steps =
            self.path().and_then(|path| argument::leafref_steps(schema.arg(path))).unwrap_or_default();
        let plain = steps.iter().all(|step| step.predicates.is_empty());
        let ups = steps.iter().take_while(|step| step.name.is_none()).count();
        let mut from = Some(self.node);
        for _ in 0..ups {
            from = from.and_then(|node| node.data_parent());
        }
        let alone = |node: Node<'_>| {
            std::iter::once(node).chain(node.ancestors()).all(|node| node.kind() != NodeKind::List)
        };
        plain && (!self.is_relative() || from.is_some_and(alone))
    }

    /// Follows the path through the data. A default that is in force counts as there.
    fn leads_somewhere(&self, data: Xml<'d, 'i>) -> bool {
        let schema = self.node.schema;
        let Some(path) = self.path() else { return true };
        let Some(steps) = argument::leafref_steps(schema.arg(path)) else { return true };
        let mut at = match self.is_relative() {
            true => Reached { elements: vec![self.element], node: self.node },
            false => Reached { elements: vec![data], node: schema.root() },
        };
        let Some((last, before)) = steps.split_last() else { return true };
        for step in before {
            at = self.step(&at, step, path);
        }
        let reached = self.step(&at, last, path);
        let target = reached.node;
        let has_value =
            |element: &Xml<'_, '_>| canonical_text(*element, target).as_deref() == Some(&self.value);
        let by_default = || {
            let default = target.defaults().contains(&self.value.as_str()) && target.whens().is_empty();
            let lacks = |holder: &Xml<'_, '_>| !holder.children().any(|child| is_named(child, target));
            default && at.elements.iter().any(lacks)
        };
        reached.elements.iter().any(has_value) || by_default()
    }

    fn step(&self, at: &Reached<'d, 'i, 's>, step: &LeafrefStep, path: StmtRef) -> Reached<'d, 'i, 's> {
        let Some(name) = &step.name else {
            let mut elements: Vec<Xml<'d, 'i>> = at.elements.iter().filter_map(Xml::parent_element).collect();
            elements.dedup();
            return Reached { elements, node: at.node.data_parent().unwrap_or(at.node) };
        };
        let Some(node) = self.named(at.node, name, path) else {
            return Reached { elements: Vec::new(), node: at.node };
        };
        let mut elements: Vec<Xml<'d, 'i>> = at
            .elements
            .iter()
            .flat_map(|element| element.children().filter(|child| is_named(*child, node)))
            .collect();
        for (key, from) in &step.predicates {
            let Some(key) = self.named(node, key, path) else { continue };
            let mut start = Reached { elements: vec![self.element], node: self.node };
            for step in from {
                start = self.step(&start, step, path);
            }
            let wanted: Vec<Option<String>> =
                start.elements.iter().map(|element| canonical_text(*element, start.node)).collect();
            elements.retain(|element| {
                let mut keys = element.children().filter(|child| is_named(*child, key));
                keys.any(|child| canonical_text(child, key).is_some_and(|text| wanted.contains(&Some(text))))
            });
        }
        Reached { elements, node }
    }

    /// The child that a name in the path means: without a prefix one of the leaf's own module, or of the file's that has the path.
    fn named(&self, parent: Node<'s>, name: &Name, path: StmtRef) -> Option<Node<'s>> {
        let schema = self.node.schema;
        let sym = schema.names.get(&name.name)?;
        let home = schema.resolve_prefix(path.file, name.prefix.as_deref())?;
        let own = if name.prefix.is_none() { self.node.data().module } else { home };
        let newest = |module: u16| {
            let name = &schema.modules[module as usize].name;
            schema.by_name.get(name).copied().unwrap_or(module)
        };
        let mut found = [own, home].into_iter().map(newest);
        found.find_map(|module| schema.find_data_child(parent.id, module, sym)).map(|id| parent.at(id))
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
pub(super) fn canonical_text(element: Xml<'_, '_>, node: Node<'_>) -> Option<String> {
    let lookup = |prefix: Option<&str>| namespace_in_scope(element, prefix);
    let checker = Checker { schema: node.schema, leaf: node.id, naming: Naming::Xml(&lookup) };
    checker.check(node.def().ty?, &text_of(element)).ok().map(|fit| fit.text)
}
