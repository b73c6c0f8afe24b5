//! What leafrefs refer to (RFC 7950 section 9.9).

use std::collections::HashSet;

use super::Compiler;
use crate::schema::{Kind, NodeKind, StmtRef, TypeId};
use crate::syntax::argument::{self, LeafrefStep, Name};

/// Where a leafref stands.
struct Place {
    leaf: u32,
    path: StmtRef,
    /// It came by a typedef: names without a prefix may be those of the typedef's module.
    of_typedef: bool,
}

impl Compiler<'_> {
    /// Finds the target of a leafref, and of a union's leafrefs. A union may have the same member many times over.
    pub(super) fn resolve_leafrefs(&mut self, leaf: u32, ty: TypeId, seen: &mut HashSet<TypeId>) {
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

    /// `None` if it was taken away by a feature or a deviation.
    fn leafref_target(&self, leaf: u32, path: StmtRef, ty: TypeId) -> Result<Option<u32>, String> {
        let text = self.arg(path);
        let of_path = |why: String| format!("leafref path \"{text}\": {why}");
        let steps =
            argument::leafref_steps(text).ok_or_else(|| format!("\"{text}\" is not a leafref path"))?;
        let place = Place { leaf, path, of_typedef: self.schema.types[ty as usize].typedef.is_some() };
        let mut node = if text.trim_start().starts_with('/') { 0 } else { leaf };
        for step in &steps {
            match self.leafref_step(&place, node, step).map_err(of_path)? {
                Some(found) => node = found,
                None => return Ok(None),
            }
            for (key, from) in &step.predicates {
                self.check_predicate(&place, node, key, from).map_err(of_path)?;
            }
        }
        let kind = self.schema.nodes[node as usize].kind;
        if !kind.has_value() {
            return Err(format!("leafref path \"{text}\" leads to a {}", kind.keyword()));
        }
        Ok(Some(node))
    }

    fn leafref_step(&self, place: &Place, node: u32, step: &LeafrefStep) -> Result<Option<u32>, String> {
        match &step.name {
            None if node == 0 => Err("there is no \"..\"".to_owned()),
            None => Ok(Some(self.data_parent(node))),
            Some(name) => self.leafref_child(place, node, name),
        }
    }

    fn leafref_child(&self, place: &Place, node: u32, name: &Name) -> Result<Option<u32>, String> {
        let module = match &name.prefix {
            Some(prefix) => self.schema.resolve_prefix(place.path.file, Some(prefix)),
            None => Some(self.schema.nodes[place.leaf as usize].module),
        };
        let module = module.ok_or_else(|| format!("prefix of \"{}\" is not imported", name.name))?;
        let module_name = &self.schema.modules[module as usize].name;
        let module = self.schema.by_name.get(module_name).copied().unwrap_or(module);
        let missing = || format!("there is no \"{}\"", name.name);
        let sym = self.schema.names.get(&name.name).ok_or_else(missing)?;
        let mut found = self.schema.find_data_child(node, module, sym);
        if found.is_none() && place.of_typedef && name.prefix.is_none() {
            let home = self.schema.source_modules[place.path.file as usize];
            found = self.schema.find_data_child(node, home, sym);
        }
        if found.is_none() && !self.pruned.contains(&(node, module, sym)) {
            return Err(missing());
        }
        Ok(found)
    }

    /// A predicate of a step compares a key of a list with a leaf.
    fn check_predicate(
        &self,
        place: &Place,
        list: u32,
        key: &Name,
        from: &[LeafrefStep],
    ) -> Result<(), String> {
        let data = &self.schema.nodes[list as usize];
        let keys = &self.schema.defs[data.def as usize].keys;
        let is_key = self.schema.names.get(&key.name).is_some_and(|key| keys.contains(&key));
        if data.kind != NodeKind::List || !is_key {
            let list = self.schema.names.text(data.name);
            return Err(format!("\"{}\" is not a key of {list}", key.name));
        }
        let mut node = place.leaf;
        for step in from {
            match self.leafref_step(place, node, step)? {
                Some(found) => node = found,
                None => return Ok(()),
            }
        }
        match self.schema.nodes[node as usize].kind {
            kind if kind.has_value() => Ok(()),
            kind => Err(format!("\"{}\" is compared with a {}", key.name, kind.keyword())),
        }
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
