//! The compiled schema tree and the questions one can ask it.

mod model;
mod node;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

pub(crate) use model::{
    Def, DefId, IdentityData, IdentityId, ModuleData, ModuleId, Names, NodeData, PatternData, StmtRef, Sym,
    WhenData,
};
pub use model::{Module, NodeKind, Status};
pub use node::{Ancestors, DataChildren, Node, NodeId, SchemaChildren};
pub use types::{Bit, EnumValue, Identity, IntegerKind, Pattern, Restriction, Type, TypeKind};
pub(crate) use types::{EnumItem, Kind, Ranges, TypeData, TypeId};

use crate::error::Location;
use crate::syntax::Source;
use crate::syntax::source::Tolerance;

/// A compiled module set: one tree of schema nodes over all modules.
///
/// Made by [`ModuleSet::compile`](crate::ModuleSet::compile). It is immutable and can be shared between threads.
#[derive(Debug)]
pub struct Schema {
    pub(crate) sources: Vec<Arc<Source>>,
    /// The module each source belongs to; `ModuleId::MAX` for submodules that no module includes.
    pub(crate) source_modules: Vec<ModuleId>,
    /// Per source: prefix to module.
    pub(crate) prefixes: Vec<HashMap<Box<str>, ModuleId>>,
    pub(crate) modules: Vec<ModuleData>,
    pub(crate) names: Names,
    pub(crate) nodes: Vec<NodeData>,
    pub(crate) defs: Vec<Def>,
    pub(crate) types: Vec<TypeData>,
    pub(crate) patterns: Vec<PatternData>,
    pub(crate) identities: Vec<IdentityData>,
    pub(crate) by_namespace: HashMap<Box<str>, ModuleId>,
    pub(crate) by_name: HashMap<Box<str>, ModuleId>,
    pub(crate) roots: HashMap<(ModuleId, Sym), u32>,
    /// What data has at the top level by way of choices there.
    pub(crate) in_root_choices: HashMap<(ModuleId, Sym), u32>,
    /// `when` of the `uses` or `augment` a node came by; evaluated on the node's parent.
    pub(crate) outer_whens: HashMap<u32, Vec<WhenData>>,
    /// The `augment` that added a node.
    pub(crate) augmented_by: HashMap<u32, StmtRef>,
    /// A leafref's target, by the leaf and the (member) type.
    pub(crate) leafref_targets: HashMap<(u32, TypeId), u32>,
    /// Nodes that were taken out of the tree, in order; those below them are out with them.
    pub(crate) removed: Vec<u32>,
    /// Metadata that modules define.
    pub(crate) annotations: HashMap<(ModuleId, Box<str>), crate::annotation::Annotation>,
    /// The descriptions as a search wants them; made by the first.
    pub(crate) texts: OnceLock<crate::search::Texts>,
    pub(crate) warnings: Vec<crate::error::CompileError>,
}

impl Schema {
    /// The invisible node above all top-level nodes of all modules.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node { schema: self, id: 0 }
    }

    /// A node by the id it gave.
    ///
    /// `None` if the id is not from this schema.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<Node<'_>> {
        ((id.0 as usize) < self.nodes.len()).then_some(Node { schema: self, id: id.0 })
    }

    /// The modules that the tree has nodes of, and those only imported, in the order they were loaded.
    pub fn modules(&self) -> impl Iterator<Item = Module<'_>> {
        (0..self.modules.len()).map(|index| Module { schema: self, index: module_id(index) })
    }

    /// A module by its name.
    #[must_use]
    pub fn module(&self, name: &str) -> Option<Module<'_>> {
        self.by_name.get(name).map(|index| Module { schema: self, index: *index })
    }

    /// A module by its namespace.
    #[must_use]
    pub fn module_by_namespace(&self, namespace: &str) -> Option<Module<'_>> {
        self.by_namespace.get(namespace).map(|index| Module { schema: self, index: *index })
    }

    /// A top-level data node by namespace and name.
    #[must_use]
    pub fn top(&self, namespace: &str, name: &str) -> Option<Node<'_>> {
        self.root().child(namespace, name)
    }

    /// How many schema nodes the tree has, choices and cases included.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len() - 1
    }

    /// What the files have against the standard and was read anyway.
    pub fn tolerances(&self) -> impl Iterator<Item = &Tolerance> {
        self.sources.iter().flat_map(|source| source.tolerances.iter())
    }

    /// What did not fit together and was left out, when compiled leniently.
    #[must_use]
    pub fn warnings(&self) -> &[crate::error::CompileError] {
        &self.warnings
    }

    pub(crate) fn arg(&self, at: StmtRef) -> &str {
        self.sources[at.file as usize].arg(at.stmt)
    }

    pub(crate) fn location(&self, at: StmtRef) -> Location {
        self.sources[at.file as usize].location(at.stmt)
    }

    /// The module a prefix (or none) means in a file.
    pub(crate) fn resolve_prefix(&self, file: u16, prefix: Option<&str>) -> Option<ModuleId> {
        match prefix {
            None => Some(self.source_modules[file as usize]),
            Some(prefix) => self.prefixes[file as usize].get(prefix).copied(),
        }
    }

    /// The children of a node that have an instance of their own in data, through choices and cases.
    pub(crate) fn find_data_child(&self, parent: u32, module: ModuleId, name: Sym) -> Option<u32> {
        if parent == 0 {
            let found = self.roots.get(&(module, name)).copied();
            let is_choice = |id: &u32| self.nodes[*id as usize].kind == NodeKind::Choice;
            return found
                .filter(|id| !is_choice(id))
                .or_else(|| self.in_root_choices.get(&(module, name)).copied());
        }
        let mut next = self.nodes[parent as usize].first_child;
        while next != 0 {
            let node = &self.nodes[next as usize];
            if matches!(node.kind, NodeKind::Choice | NodeKind::Case) {
                if let Some(found) = self.find_data_child(next, module, name) {
                    return Some(found);
                }
            } else if node.name == name && node.module == module {
                return Some(next);
            }
            next = node.next;
        }
        None
    }

    pub(crate) fn identity_is_derived(&self, identity: IdentityId, base: IdentityId) -> bool {
        let mut seen = HashSet::new();
        let mut waiting = vec![identity];
        while let Some(next) = waiting.pop() {
            for parent in &self.identities[next as usize].bases {
                if *parent == base {
                    return true;
                }
                if seen.insert(*parent) {
                    waiting.push(*parent);
                }
            }
        }
        false
    }

    pub(crate) fn find_identity(&self, module: ModuleId, name: &str) -> Option<IdentityId> {
        let name = self.names.get(name)?;
        self.modules[module as usize].identities.get(&name).copied()
    }
}

/// Module sets are limited to 65535 modules when they are compiled.
pub(crate) fn module_id(index: usize) -> ModuleId {
    ModuleId::try_from(index).unwrap_or(ModuleId::MAX)
}
