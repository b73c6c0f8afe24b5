//! What can only be checked once the whole tree stands: keys, names used twice, defaults.

use std::collections::{HashMap, HashSet};

use super::Compiler;
use crate::schema::{Node, NodeId, NodeKind, StmtRef, TypeId};
use crate::syntax::{Kw, argument};
use crate::value::default_fit;

/// RFC 7950 sections 7.6.4, 7.7.4 and 7.9.3.
const DEFAULT_OF_MANDATORY: &str = "what is mandatory, or has a minimum, has no default";

impl Compiler<'_> {
    pub(super) fn check_tree(&mut self) {
        if self.full {
            return;
        }
        self.index_root_choices();
        let mut names = HashSet::new();
        let mut values = HashSet::new();
        for id in 0..self.schema.nodes.len() {
            let id = u32::try_from(id).unwrap_or(0);
            let data = self.schema.nodes[id as usize];
            match data.kind {
                NodeKind::List => {
                    self.check_keys(id);
                    self.check_counts(id);
                    self.check_uniques(id);
                }
                NodeKind::LeafList => self.check_counts(id),
                NodeKind::Choice => self.check_default_case(id),
                _ => {}
            }
            match data.kind {
                NodeKind::Leaf | NodeKind::LeafList => {
                    if let Some(ty) = self.schema.defs[data.def as usize].ty {
                        self.resolve_leafrefs(id, ty, &mut HashSet::new());
                    }
                }
                _ => {}
            }
            if data.kind != NodeKind::Root && data.first_child != 0 {
                self.check_names(id, &mut names);
            }
        }
        self.check_references();
        for id in 0..self.schema.nodes.len() {
            self.check_default(u32::try_from(id).unwrap_or(0), &mut values);
        }
    }

    /// Makes the nodes of top-level choices known as the data nodes of the top level that they are.
    fn index_root_choices(&mut self) {
        let mut found = HashMap::new();
        let mut twice = Vec::new();
        for top in self.schema.root().children().filter(|top| top.kind() == NodeKind::Choice) {
            for node in top.data_children() {
                let key = (node.data().module, node.data().name);
                let top = self.schema.roots.get(&key).map(|top| self.schema.nodes[*top as usize].kind);
                if top.is_some_and(|kind| kind != NodeKind::Choice) || found.insert(key, node.id).is_some() {
                    twice.push((node.def().at, node.name().to_owned()));
                }
            }
        }
        for (at, name) in twice {
            if let Some(at) = at {
                self.error(at, format!("{name} is defined twice in one place"));
            }
        }
        self.schema.in_root_choices = found;
    }

    /// A default, the leaf's own or its typedef's, must be a value of the type. Each statement is checked once, not each of its nodes.
    fn check_default(&mut self, node: u32, checked: &mut HashSet<u32>) {
        let data = self.schema.nodes[node as usize];
        if !data.kind.has_value() || !checked.insert(data.def) {
            return;
        }
        let def = &self.schema.defs[data.def as usize];
        let Some(ty) = def.ty else { return };
        let required = def.mandatory || def.min_elements > 0;
        let of_type = self.schema.types[ty as usize].default.filter(|_| def.defaults.is_empty() && !required);
        let (mut faults, mut values) = (Vec::new(), HashSet::new());
        for at in def.defaults.iter().copied().chain(of_type) {
            match self.default_value(node, ty, at) {
                Err(fault) => faults.push((at, fault)),
                Ok(value) if data.config && values.contains(&value) => {
                    faults.push((at, format!("default \"{value}\" is there twice")));
                }
                Ok(value) => {
                    values.insert(value);
                }
            }
            if required {
                faults.push((at, DEFAULT_OF_MANDATORY.to_owned()));
            }
        }
        for (at, message) in faults {
            self.error(at, message);
        }
    }

    /// A default's canonical value, or what is wrong with it.
    fn default_value(&self, leaf: u32, ty: TypeId, at: StmtRef) -> Result<String, String> {
        default_fit(&self.schema, leaf, ty, at).map(|fit| fit.text).map_err(|misfit| {
            format!("default \"{}\" is not allowed; expected {}", self.schema.arg(at), misfit.allowed)
        })
    }

    /// A choice's default names one of its cases; one that is switched off or taken away is not missed.
    fn check_default_case(&mut self, choice: u32) {
        let data = self.schema.nodes[choice as usize];
        let Some(at) = self.schema.defs[data.def as usize].defaults.first().copied() else {
            return;
        };
        if self.schema.defs[data.def as usize].mandatory {
            self.error(at, DEFAULT_OF_MANDATORY);
        }
        let text = self.arg(at);
        let own =
            self.schema.prefixes[usize::from(at.file)].iter().find(|(_, module)| **module == data.module);
        let written = own.and_then(|(prefix, _)| text.strip_prefix(&**prefix)?.strip_prefix(':'));
        let sym = self.schema.names.get(written.unwrap_or(text));
        let Some(node) = self.schema.node(NodeId(choice)) else {
            return;
        };
        let chosen = node.children().find(|case| Some(case.data().name) == sym);
        if let Some(demanded) = chosen.and_then(|case| case.children().find_map(demanded)) {
            let message = format!("{} is mandatory in the case that is the default", demanded.name());
            self.error(at, message);
            return;
        }
        let is_case = sym.is_some_and(|sym| {
            self.pruned.contains(&(choice, data.module, sym))
                || node.children().any(|case| case.data().name == sym)
        });
        if !is_case {
            let message = format!("default \"{text}\" is not a case of choice {}", node.name());
            self.error(at, message);
        }
    }

    fn check_counts(&mut self, node: u32) {
        let def = &self.schema.defs[self.schema.nodes[node as usize].def as usize];
        let (min, max) = (def.min_elements, def.max_elements);
        if let (Some(at), Some(max)) = (def.at, max.filter(|max| min > *max)) {
            self.error(at, format!("at least {min} entries and at most {max}"));
        }
    }

    /// What is to be unique must be below the list; what is switched off or taken away is not missed.
    fn check_uniques(&mut self, list: u32) {
        let uniques = self.schema.defs[self.schema.nodes[list as usize].def as usize].uniques.clone();
        for at in uniques {
            let Some(paths) = argument::unique(self.arg(at)) else {
                self.error(at, format!("\"{}\" is not a list of paths", self.arg(at)));
                continue;
            };
            for path in paths {
                let Some(node) = self.schema.node(NodeId(list)) else { return };
                let Err(step) = node.descend(&path) else { continue };
                let sym = self.schema.names.get(&step.name);
                let is_gone = sym.is_some_and(|sym| self.pruned.iter().any(|(_, _, name)| *name == sym));
                if !is_gone {
                    self.error(at, format!("unique \"{}\": there is no {}", self.arg(at), step.name));
                }
            }
        }
    }

    fn check_keys(&mut self, list: u32) {
        let data = self.schema.nodes[list as usize];
        let def = &self.schema.defs[data.def as usize];
        let Some(at) = def.at else { return };
        if def.keys.is_empty() {
            if data.config {
                self.error(at, format!("list {} is configuration and has no key", self.arg(at)));
            }
            return;
        }
        let mut names = HashSet::new();
        for key in def.keys.clone() {
            if !names.insert(key) {
                self.error(at, format!("key {} is there twice", self.schema.names.text(key)));
            }
            let found = self.schema.find_data_child(list, data.module, key);
            let condition = found.and_then(|key| self.condition(key, list));
            let found = found.map(|key| self.schema.nodes[key as usize]);
            if found.is_none_or(|found| found.kind != NodeKind::Leaf || found.parent != list) {
                self.error(at, format!("key {} is not a leaf of the list", self.schema.names.text(key)));
            } else if found.is_some_and(|found| found.config != data.config) {
                self.error(at, format!("key {} differs in config", self.schema.names.text(key)));
            } else if let Some(condition) = condition {
                let message =
                    format!("key {} has a condition: keys are always there", self.schema.names.text(key));
                self.error(condition, message);
            }
        }
    }

    /// The `when` of a key in a module of YANG 1.1 that its list does not have (RFC 7950 section 1.1).
    fn condition(&self, key: u32, list: u32) -> Option<StmtRef> {
        let def = |node: u32| &self.schema.defs[self.schema.nodes[node as usize].def as usize];
        let when = def(key).when?;
        let is_newer = self.source(when).child_arg(0, Kw::YangVersion) == Some("1.1");
        let is_of_list = def(list).when.is_some_and(|of_list| self.arg(of_list) == self.arg(when));
        (is_newer && !is_of_list).then_some(when)
    }

    /// A name stands once below a node; what is behind choices shares that place (RFC 7950 section 6.2.1).
    fn check_names(&mut self, parent: u32, names: &mut HashSet<(u16, crate::schema::Sym)>) {
        let Some(node) = self.schema.node(NodeId(parent)) else {
            return;
        };
        let mut twice = Vec::new();
        let mut once = |children: &mut dyn Iterator<Item = Node<'_>>| {
            names.clear();
            for child in children {
                if !names.insert((child.data().module, child.data().name)) {
                    // a case that is not written stands where its node does
                    let at = child.def().at.or_else(|| child.children().next()?.def().at);
                    twice.push((at, child.name().to_owned()));
                }
            }
        };
        once(&mut node.children());
        let has_choice = node.children().any(|child| child.kind() == NodeKind::Choice);
        if has_choice && !matches!(node.kind(), NodeKind::Choice | NodeKind::Case) {
            once(&mut node.data_children());
        }
        for (at, name) in twice {
            if let Some(at) = at {
                self.error(at, format!("{name} is defined twice in one place"));
            }
        }
    }
}

/// The node that data cannot do without, of a node and what is there without being written.
pub(super) fn demanded(node: Node<'_>) -> Option<Node<'_>> {
    let demands = match node.kind() {
        NodeKind::List | NodeKind::LeafList => node.min_elements() > 0,
        NodeKind::Container if !node.is_presence() => return node.children().find_map(demanded),
        NodeKind::Leaf | NodeKind::Choice | NodeKind::Anydata | NodeKind::Anyxml => node.is_mandatory(),
        _ => false,
    };
    demands.then_some(node)
}
