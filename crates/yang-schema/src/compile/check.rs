//! What can only be checked once the whole tree stands: keys, names used twice, leafref targets.

use std::collections::{HashMap, HashSet};

use super::Compiler;
use crate::schema::{Kind, NodeId, NodeKind, StmtRef, TypeId};
use crate::syntax::argument;
use crate::value::{Checker, Naming};

/// RFC 7950 sections 7.6.4 and 7.9.3.
const DEFAULT_OF_MANDATORY: &str = "what is mandatory has no default";

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
            if def.mandatory {
                faults.push((at, DEFAULT_OF_MANDATORY.to_owned()));
            }
        }
        for (at, message) in faults {
            self.error(at, message);
        }
    }

    /// A default's canonical value, or what is wrong with it.
    fn default_value(&self, leaf: u32, ty: TypeId, at: StmtRef) -> Result<String, String> {
        let text = self.schema.arg(at);
        let lookup = |prefix: Option<&str>| {
            let module = self.schema.resolve_prefix(at.file, prefix)?;
            Some(self.schema.modules[module as usize].namespace.to_string())
        };
        let checker = Checker { schema: &self.schema, leaf, naming: Naming::Xml(&lookup) };
        checker.check(ty, text).map(|fit| fit.text).or_else(|misfit| {
            // hexadecimal and octal numbers are allowed in modules only (RFC 7950 section 9.2.1)
            let number = argument::of_other_base(text).and_then(|text| checker.check(ty, &text).ok());
            let is_number = |ty: TypeId| matches!(self.schema.types[ty as usize].kind, Kind::Integer { .. });
            let fault = || format!("default \"{text}\" is not allowed; expected {}", misfit.allowed);
            number.filter(|fit| is_number(fit.ty)).map(|fit| fit.text).ok_or_else(fault)
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
        let sym = self.schema.names.get(text);
        let Some(node) = self.schema.node(NodeId(choice)) else {
            return;
        };
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
                let mut node = self.schema.node(NodeId(list));
                for step in &path {
                    let Some(above) = node else { break };
                    node = above.data_children().find(|child| child.name() == step.name);
                    let is_gone = || {
                        let sym = self.schema.names.get(&step.name);
                        sym.is_some_and(|sym| self.pruned.iter().any(|(_, _, name)| *name == sym))
                    };
                    if node.is_none() && !is_gone() {
                        self.error(at, format!("unique \"{}\": there is no {}", self.arg(at), step.name));
                        break;
                    }
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
            let found = found.map(|key| self.schema.nodes[key as usize]);
            if found.is_none_or(|found| found.kind != NodeKind::Leaf) {
                self.error(at, format!("key {} is not a leaf of the list", self.schema.names.text(key)));
            } else if found.is_some_and(|found| found.config != data.config) {
                self.error(at, format!("key {} differs in config", self.schema.names.text(key)));
            }
        }
    }

    /// A name stands once below a node; what is behind choices shares that place (RFC 7950 section 6.2.1).
    fn check_names(&mut self, parent: u32, names: &mut HashSet<(u16, crate::schema::Sym)>) {
        let Some(node) = self.schema.node(NodeId(parent)) else {
            return;
        };
        let mut twice = Vec::new();
        let mut once = |children: &mut dyn Iterator<Item = crate::schema::Node<'_>>| {
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

    /// Finds the target of a leafref, and of a union's leafrefs. A union may have the same member many times over.
    fn resolve_leafrefs(&mut self, leaf: u32, ty: TypeId, seen: &mut HashSet<TypeId>) {
        match &self.schema.types[ty as usize].kind {
            Kind::Leafref { path, require_instance } => {
                let (path, requires) = (*path, *require_instance);
                // a cast away from the node's file: prefixes are those of the file that has the path
                match self.leafref_target(leaf, path, ty) {
                    Ok(Some(target)) => {
                        self.schema.leafref_targets.insert((leaf, ty), target);
                        // RFC 7950 section 9.9.3
                        let data = self.schema.nodes[leaf as usize];
                        let at = self.schema.defs[data.def as usize].at.unwrap_or(path);
                        if requires && data.config && !self.schema.nodes[target as usize].config {
                            let name = self.schema.names.text(data.name);
                            self.error(at, format!("{name} is configuration and refers to state"));
                        }
                    }
                    Ok(None) => {}
                    Err(message) => {
                        let at = self.schema.defs[self.schema.nodes[leaf as usize].def as usize]
                            .at
                            .unwrap_or(path);
                        self.error(at, message);
                    }
                }
            }
            Kind::Union(members) => {
                for member in members.clone() {
                    if seen.insert(member) {
                        self.resolve_leafrefs(leaf, member, seen);
                    }
                }
            }
            _ => {}
        }
    }

    fn leafref_target(&self, leaf: u32, path: StmtRef, ty: TypeId) -> Result<Option<u32>, String> {
        let text = self.arg(path);
        let steps =
            argument::leafref_steps(text).ok_or_else(|| format!("\"{text}\" is not a leafref path"))?;
        let own = self.schema.nodes[leaf as usize].module;
        let of_typedef = self.schema.types[ty as usize].typedef.is_some();
        let mut node = if text.trim_start().starts_with('/') { 0 } else { leaf };
        for step in steps {
            let step = step.name.as_ref().map(|step| (step.prefix.as_deref(), step.name.as_str()));
            let missing = || {
                format!("leafref path \"{text}\": there is no \"{}\"", step.map_or("..", |(_, name)| name))
            };
            let Some((prefix, name)) = step else {
                if node == 0 {
                    return Err(missing());
                }
                node = self.data_parent(node);
                continue;
            };
            let module = match prefix {
                Some(_) => self.schema.resolve_prefix(path.file, prefix),
                None => Some(own),
            };
            let Some(module) = module else {
                return Err(format!("leafref path \"{text}\": prefix of \"{name}\" is not imported"));
            };
            let module_name = &self.schema.modules[module as usize].name;
            let module = self.schema.by_name.get(module_name).copied().unwrap_or(module);
            let Some(sym) = self.schema.names.get(name) else {
                return Err(missing());
            };
            let mut found = self.schema.find_data_child(node, module, sym);
            if found.is_none() && of_typedef && prefix.is_none() {
                let home = self.schema.source_modules[path.file as usize];
                found = self.schema.find_data_child(node, home, sym);
            }
            match found {
                Some(found) => node = found,
                None if self.pruned.contains(&(node, module, sym)) => return Ok(None),
                None => return Err(missing()),
            }
        }
        let kind = self.schema.nodes[node as usize].kind;
        if !kind.has_value() {
            return Err(format!("leafref path \"{text}\" leads to a {}", kind.keyword()));
        }
        Ok(Some(node))
    }

    /// One step up in data: over choices and cases; input and output stand for their operation.
    fn data_parent(&self, node: u32) -> u32 {
        let mut node = self.schema.nodes[node as usize];
        if matches!(node.kind, NodeKind::Input | NodeKind::Output) {
            node = self.schema.nodes[node.parent as usize];
        }
        let mut parent = node.parent;
        while parent != 0 {
            let data = self.schema.nodes[parent as usize];
            if !matches!(data.kind, NodeKind::Choice | NodeKind::Case) {
                break;
            }
            parent = data.parent;
        }
        parent
    }
}
