//! Whether what refers to something leads somewhere: leafrefs by their paths, predicates included, and instance-identifiers.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use roxmltree::Node as Xml;

use super::defaults::{default_is_used, default_values};
use super::finder::Finder;
use super::problem::{ErrorTag, Problem, ProblemKind};
use super::walk::{Mode, Walker, namespace_in_scope, text_of};
use crate::instance;
use crate::schema::{Kind, Node, NodeKind, StmtRef, TypeId};
use crate::syntax::argument::{self, LeafrefStep, Name};
use crate::value::{Checker, Naming};

/// A leafref that must lead to a leaf with its value.
struct Wanted<'d, 'i, 's> {
    element: Xml<'d, 'i>,
    node: Node<'s>,
    path: Rc<LeafrefPath>,
    target: Node<'s>,
    value: String,
}

/// A leafref's path, read once for all that have it.
struct LeafrefPath {
    at: StmtRef,
    steps: Vec<LeafrefStep>,
    is_relative: bool,
}

impl LeafrefPath {
    fn has_predicates(&self) -> bool {
        self.steps.iter().any(|step| !step.predicates.is_empty())
    }

    /// How many steps lead up before the first leads down.
    fn ups(&self) -> usize {
        self.steps.iter().take_while(|step| step.name.is_none()).count()
    }
}

/// What must exist somewhere in the data.
#[derive(Default)]
pub(super) struct References<'d, 'i, 's> {
    wanted: Vec<Wanted<'d, 'i, 's>>,
    /// Canonical instance-identifiers, and the leafs that have them.
    instances: Vec<(Xml<'d, 'i>, Node<'s>, String)>,
    /// All values of each leaf: most references are to any instance of a leaf, and there may be thousands of both.
    values: HashMap<u32, HashSet<String>>,
    paths: HashMap<StmtRef, Option<Rc<LeafrefPath>>>,
}

impl<'d, 'i, 's> References<'d, 'i, 's> {
    /// Gathers the references below an element.
    pub(super) fn collect(&mut self, walker: &Walker<'s>, element: Xml<'d, 'i>, parent: Node<'s>) {
        for (child, node) in super::complete::present_nodes(element, parent) {
            if node.kind().has_value() {
                self.leaf(walker, child, node);
            } else if matches!(node.kind(), NodeKind::Container | NodeKind::List) {
                self.collect(walker, child, node);
            }
        }
    }

    fn leaf(&mut self, walker: &Walker<'s>, element: Xml<'d, 'i>, node: Node<'s>) {
        let Some(ty) = node.def().ty else { return };
        let text = text_of(element);
        let lookup = |prefix: Option<&str>| namespace_in_scope(element, prefix);
        let checker = Checker { schema: walker.schema, leaf: node.id, naming: Naming::Xml(&lookup) };
        let Ok(fit) = checker.check(ty, &text) else { return };
        self.values.entry(node.id).or_default().insert(fit.text.clone());
        match required_target(walker, node, ty, &checker, &text) {
            Some((ty, target)) => {
                // a path that cannot be read was complained about when the model was compiled
                if let Some(path) = self.path(walker, ty) {
                    self.wanted.push(Wanted {
                        element,
                        node,
                        path,
                        target: node.at(target),
                        value: fit.text,
                    });
                }
            }
            None => {
                let kind = &walker.schema.types[fit.ty as usize].kind;
                if matches!(kind, Kind::InstanceIdentifier { require_instance: true }) {
                    self.instances.push((element, node, fit.text));
                }
            }
        }
    }

    fn path(&mut self, walker: &Walker<'s>, ty: TypeId) -> Option<Rc<LeafrefPath>> {
        let Kind::Leafref { path: at, .. } = walker.schema.types[ty as usize].kind else {
            return None;
        };
        let read = || {
            let text = walker.schema.arg(at);
            let steps = argument::leafref_steps(text)?;
            Some(Rc::new(LeafrefPath { at, steps, is_relative: !text.trim_start().starts_with('/') }))
        };
        self.paths.entry(at).or_insert_with(read).clone()
    }

    /// Reports what leads nowhere. What an rpc or a notification refers to outside of itself is in a datastore, and not known here.
    ///
    /// Returns how many elements it looked at: they are about as many as there are elements and references, not their product.
    pub(super) fn check(self, walker: &mut Walker<'s>, data: Xml<'d, 'i>, root: Node<'s>) -> usize {
        let alone = walker.mode == Mode::Operation;
        let mut finder = Finder::default();
        let mut led = Led::default();
        for wanted in &self.wanted {
            let inside = wanted.path.is_relative && wanted.target.ancestors().any(|node| node == root);
            let any = self.values.get(&wanted.target.id).is_some_and(|values| values.contains(&wanted.value));
            if (alone && !inside)
                || (any && wanted.means_any())
                || wanted.leads_somewhere(&mut finder, &mut led, data)
            {
                continue;
            }
            let mut problem = missing(walker, wanted.element, wanted.node, root);
            problem.message = format!("\"{}\" refers to nothing", wanted.value);
            problem.allowed = Some(format!("the value of an existing {}", wanted.target.data_path()));
            walker.report(problem);
        }
        for (element, node, path) in &self.instances {
            if !alone && !exists(&mut finder, data, root, path) {
                let mut problem = missing(walker, *element, *node, root);
                problem.message = format!("there is no {path}");
                walker.report(problem);
            }
        }
        finder.looked_at
    }
}

/// A problem of a leaf that leads nowhere.
fn missing<'s>(walker: &mut Walker<'s>, element: Xml<'_, '_>, node: Node<'s>, root: Node<'s>) -> Problem {
    let mut way = vec![(node, element)];
    while let Some((node, element)) = way.last().copied()
        && let Some(above) = node.data_parent().filter(|above| *above != root)
        && let Some(parent) = element.parent_element()
    {
        way.push((above, parent));
    }
    way.iter().rev().for_each(|(node, element)| walker.enter(*node, *element));
    let mut problem = walker.problem(ProblemKind::MissingInstance, ErrorTag::DataMissing, element);
    way.iter().for_each(|_| walker.leave());
    problem.error_app_tag = Some("instance-required".to_owned());
    problem.value = Some(text_of(element));
    problem.source = node.location();
    problem
}

/// The values of a step's predicates, each key's sorted; of a step up there are none.
type Predicates = Vec<Vec<String>>;
/// The values that a leaf's path leads to, by the element where it begins to lead down and the values of its predicates.
type Led = HashMap<(roxmltree::NodeId, StmtRef, u32, Vec<Predicates>), Rc<HashSet<String>>>;

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
    /// Whether the path leads to every instance of the leaf: it has no predicates, and begins where only one instance can be.
    fn means_any(&self) -> bool {
        let mut from = Some(self.node);
        for _ in 0..self.path.ups() {
            from = from.and_then(|node| node.data_parent());
        }
        let alone = |node: Node<'_>| {
            std::iter::once(node).chain(node.ancestors()).all(|node| node.kind() != NodeKind::List)
        };
        !self.path.has_predicates() && (!self.path.is_relative || from.is_some_and(alone))
    }

    /// Follows the path through the data. A default that is in force counts as there.
    fn leads_somewhere(&self, finder: &mut Finder<'d, 'i>, led: &mut Led, data: Xml<'d, 'i>) -> bool {
        let ups = self.path.ups();
        let mut at = match self.path.is_relative {
            true => Reached { elements: vec![self.element], node: self.node },
            false => Reached { elements: vec![data], node: self.node.schema.root() },
        };
        for step in &self.path.steps[..ups] {
            at = self.step(finder, &at, step, &[]);
        }
        // whatever begins here and asks for the same entries is led to the same values
        let Some(from) = at.elements.first().map(Xml::id) else { return false };
        let predicates: Vec<Predicates> =
            self.path.steps[ups..].iter().map(|step| self.predicates(finder, step)).collect();
        let key = (from, self.path.at, self.node.id, predicates);
        if let Some(known) = led.get(&key) {
            return known.contains(&self.value);
        }
        let values = self.values(finder, at, &key.3);
        let leads = values.contains(&self.value);
        led.insert(key, Rc::new(values));
        leads
    }

    /// The values that the keys of a step must have.
    fn predicates(&self, finder: &mut Finder<'d, 'i>, step: &LeafrefStep) -> Predicates {
        let values = |(_, from): &(Name, Vec<LeafrefStep>)| {
            let mut start = Reached { elements: vec![self.element], node: self.node };
            for step in from {
                start = self.step(finder, &start, step, &[]);
            }
            let values = start.elements.iter().filter_map(|element| canonical_text(*element, start.node));
            let mut values: Vec<String> = values.collect();
            values.sort_unstable();
            values.dedup();
            values
        };
        step.predicates.iter().map(values).collect()
    }

    /// The values that the steps down lead to.
    fn values(
        &self,
        finder: &mut Finder<'d, 'i>,
        mut at: Reached<'d, 'i, 's>,
        predicates: &[Predicates],
    ) -> HashSet<String> {
        let steps = self.path.steps.iter().skip(self.path.ups()).zip(predicates);
        let defaults = default_values(self.target);
        let (mut way, mut lacking) = (Vec::new(), Vec::new());
        for (step, predicates) in steps {
            let next = self.step(finder, &at, step, predicates);
            if !defaults.is_empty() {
                let lacks = |holder: &&Xml<'d, 'i>| finder.children(**holder, next.node).is_empty();
                lacking.extend(at.elements.iter().filter(lacks).map(|holder| (*holder, way.len())));
                way.push(next.node);
            }
            at = next;
        }
        let target = at.node;
        let mut values: HashSet<String> =
            at.elements.iter().filter_map(|element| canonical_text(*element, target)).collect();
        // what only a `when` can say is not called missing
        if lacking.iter().any(|(holder, from)| default_is_used(*holder, &way[*from..]) != Some(false)) {
            values.extend(defaults);
        }
        values
    }

    fn step(
        &self,
        finder: &mut Finder<'d, 'i>,
        at: &Reached<'d, 'i, 's>,
        step: &LeafrefStep,
        predicates: &[Vec<String>],
    ) -> Reached<'d, 'i, 's> {
        let Some(name) = &step.name else {
            let mut elements: Vec<Xml<'d, 'i>> = at.elements.iter().filter_map(Xml::parent_element).collect();
            elements.dedup();
            return Reached { elements, node: at.node.data_parent().unwrap_or(at.node) };
        };
        let Some(node) = self.named(at.node, name) else {
            return Reached { elements: Vec::new(), node: at.node };
        };
        let keys = step.predicates.iter().zip(predicates);
        let keys: Vec<(Node<'s>, &[String])> =
            keys.filter_map(|((key, _), values)| Some((self.named(node, key)?, values.as_slice()))).collect();
        let elements = at.elements.iter().flat_map(|parent| finder.entries(*parent, node, &keys)).collect();
        Reached { elements, node }
    }

    /// The child that a name in the path means: without a prefix one of the leaf's own module, or of the file's that has the path.
    fn named(&self, parent: Node<'s>, name: &Name) -> Option<Node<'s>> {
        let path = self.path.at;
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
fn exists<'d, 'i>(finder: &mut Finder<'d, 'i>, data: Xml<'d, 'i>, root: Node<'_>, path: &str) -> bool {
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
        let mut keys = Vec::new();
        for (key, value) in &step.predicates {
            let key = match key.as_str() {
                "." => Some(node),
                key => node.keys().find(|node| node.name() == key),
            };
            let Some(key) = key else { return false };
            keys.push((key, std::slice::from_ref(value)));
        }
        elements = elements.iter().flat_map(|parent| finder.entries(*parent, node, &keys)).collect();
        if let Some(position) = step.position {
            let index = usize::try_from(position).unwrap_or(usize::MAX).saturating_sub(1);
            elements = elements.get(index).copied().into_iter().collect();
        }
    }
    !elements.is_empty()
}

/// A leaf's value in canonical form.
pub(super) fn canonical_text(element: Xml<'_, '_>, node: Node<'_>) -> Option<String> {
    let lookup = |prefix: Option<&str>| namespace_in_scope(element, prefix);
    let checker = Checker { schema: node.schema, leaf: node.id, naming: Naming::Xml(&lookup) };
    checker.check(node.def().ty?, &text_of(element)).ok().map(|fit| fit.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module_set::{CompileOptions, ModuleSet};
    use crate::schema::Schema;
    use crate::validate::ValidateOptions;

    const MODEL: &str = r#"
        module net {
          namespace urn:net; prefix n; yang-version 1.1;
          list site { key name; leaf name { type string; }
            list port { key "slot number"; leaf slot { type uint8; } leaf number { type uint16; }
              leaf speed { type string; default "auto"; } leaf mtu { type string; } }
            list link { key id; leaf id { type uint32; } leaf slot { type uint8; }
              leaf number { type leafref { path "../../port[slot = current()/../slot]/number"; } }
              leaf mtu { type leafref { path "../../port[slot=current()/../slot][number=current()/../number]/mtu"; } }
              leaf speed { type leafref { path "/site[name = current()/../../name]/port[slot=current()/../slot]/speed"; } }
              leaf any { type leafref { path "../../port/mtu"; } }
              leaf at { type instance-identifier; } }
          }
        }"#;

    fn schema() -> Schema {
        let mut set = ModuleSet::new();
        set.add_text("net.yang", MODEL).unwrap();
        set.compile(&CompileOptions::new()).unwrap()
    }

    fn looked_at(schema: &Schema, body: &str) -> (usize, Vec<Problem>) {
        let xml = format!(r#"<data xmlns="urn:net" xmlns:n="urn:net">{body}</data>"#);
        let document = roxmltree::Document::parse(&xml).unwrap();
        let mut walker = Walker::new(schema, ValidateOptions::new().max_problems(usize::MAX), Mode::Data);
        let mut references = References::default();
        references.collect(&walker, document.root_element(), schema.root());
        let looked_at = references.check(&mut walker, document.root_element(), schema.root());
        (looked_at, walker.finish())
    }

    fn site(name: &str, entries: usize, right: bool) -> String {
        let of = |number: usize| (number % 4, number);
        let ports = (0..entries).map(of).map(|(slot, number)| {
            format!("<port><slot>{slot}</slot><number>{number}</number><mtu>m{number}</mtu></port>")
        });
        let other = if right { 0 } else { 100_000 };
        let links = (0..entries).map(of).map(|(slot, number)| {
            let wanted = number % 60_000 + other % 60_000 / 4 * 4;
            format!(
                "<link><id>{number}</id><slot>{slot}</slot><number>{wanted}</number><mtu>m{wanted}</mtu><speed>auto</speed>\
                 <any>m{wanted}</any><at>/n:site[n:name='{name}']/n:port[n:slot='{slot}'][n:number='{wanted}']</at></link>"
            )
        });
        format!("<site><name>{name}</name>{}{}</site>", ports.collect::<String>(), links.collect::<String>())
    }

    #[test]
    fn as_many_references_as_entries_do_not_cost_their_product() {
        let schema = schema();
        for right in [true, false] {
            let data = |entries| format!("{}{}", site("a", entries, right), site("b", entries, right));
            let (few, _) = looked_at(&schema, &data(100));
            let (many, problems) = looked_at(&schema, &data(800));
            assert_eq!(problems.is_empty(), right, "{:?}", problems.first());
            assert!(many < few * 10, "eight times the entries: {few} and {many} elements were looked at");
        }
    }

    #[test]
    fn predicates_pick_the_entry_and_values_are_compared_as_such() {
        let schema = schema();
        let ports = "<port><slot>1</slot><number>7</number><mtu>x</mtu><speed>fast</speed></port>\
                     <port><slot>2</slot><number>8</number><mtu>y</mtu></port>";
        let judge = |link: &str| {
            let body = format!(
                "<site><name>a</name>{ports}<link><id>1</id>{link}</link></site><site><name>b</name></site>"
            );
            looked_at(&schema, &body).1.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        let none: [&str; 0] = [];
        assert_eq!(judge("<slot>01</slot><number>07</number><mtu>x</mtu><speed>fast</speed>"), none);
        assert_eq!(
            judge("<slot>2</slot><number>8</number><mtu>y</mtu><speed>auto</speed><any>x</any>"),
            none
        );
        let at = |leaf: &str| format!("/n:site[n:name='a']/n:link[n:id='1']/n:{leaf}");
        assert_eq!(judge("<slot>2</slot><number>7</number>"), [at("number")]);
        assert_eq!(judge("<slot>1</slot><number>7</number><mtu>y</mtu>"), [at("mtu")]);
        assert_eq!(
            judge("<slot>1</slot><speed>auto</speed>"),
            [at("speed")],
            "a default that is not in force"
        );
        assert_eq!(
            judge("<any>z</any><at>/n:site[n:name='a']/n:port[n:slot='1'][n:number='8']</at>"),
            [at("any"), at("at")]
        );
        assert_eq!(
            judge("<mtu>x</mtu>"),
            [at("mtu")],
            "without the leafs of its predicates it leads nowhere"
        );
    }
}
