//! One definition per data definition statement, shared by all nodes made from it.

use super::Compiler;
use crate::schema::{Def, DefId, Status, StmtRef};
use crate::syntax::Kw;
use crate::syntax::argument;

impl Compiler<'_> {
    /// The definition of a statement; `None` if its features are off.
    pub(super) fn def_of(&mut self, at: StmtRef) -> Option<DefId> {
        if let Some(known) = self.def_cache.get(&at) {
            return *known;
        }
        let def = if self.features_hold(at) {
            let def = self.read_def(at);
            Some(self.push_def(def))
        } else {
            None
        };
        self.def_cache.insert(at, def);
        def
    }

    fn push_def(&mut self, def: Def) -> DefId {
        self.schema.defs.push(def);
        u32::try_from(self.schema.defs.len() - 1).unwrap_or(u32::MAX)
    }

    fn read_def(&mut self, at: StmtRef) -> Def {
        let mut def = Def { at: Some(at), ..Def::default() };
        for child in self.children(at) {
            match self.kw(child) {
                Kw::Type => def.ty = self.type_of(child),
                Kw::Key => def.keys = self.read_keys(child),
                kw => {
                    self.set_property(&mut def, kw, child);
                }
            }
        }
        def
    }

    /// Sets what a substatement says; later ones replace or add as the statement's cardinality has it.
    /// Returns whether the keyword is a property.
    pub(super) fn set_property(&self, def: &mut Def, kw: Kw, at: StmtRef) -> bool {
        let arg = self.arg(at);
        match kw {
            Kw::Default => def.defaults.push(at),
            Kw::Must => def.musts.push(at),
            Kw::Unique => def.uniques.push(at),
            Kw::When => def.when = Some(at),
            Kw::Description => def.description = Some(at),
            Kw::Reference => def.reference = Some(at),
            Kw::Presence => def.presence = Some(at),
            Kw::Units => def.units = Some(at),
            Kw::MinElements => def.min_elements = arg.parse().unwrap_or(0),
            Kw::MaxElements => def.max_elements = arg.parse().ok(),
            Kw::Mandatory => def.mandatory = arg == "true",
            Kw::OrderedBy => def.user_ordered = arg == "user",
            Kw::Config => def.config = Some(arg == "true"),
            Kw::Status => {
                def.status = match arg {
                    "deprecated" => Status::Deprecated,
                    "obsolete" => Status::Obsolete,
                    _ => Status::Current,
                };
            }
            _ => return false,
        }
        true
    }

    fn read_keys(&mut self, at: StmtRef) -> Box<[crate::schema::Sym]> {
        let Some(keys) = argument::key(self.arg(at)) else {
            self.error(at, format!("\"{}\" is not a list of leaf names", self.arg(at)));
            return Box::default();
        };
        keys.iter().map(|key| self.schema.names.intern(&key.name)).collect()
    }

    /// A node's definition, made its own so that it can be changed.
    pub(super) fn own_def(&mut self, node: u32) -> &mut Def {
        let mut id = self.schema.nodes[node as usize].def;
        if !self.schema.defs[id as usize].own {
            let mut def = self.schema.defs[id as usize].clone();
            def.own = true;
            id = self.push_def(def);
            self.schema.nodes[node as usize].def = id;
        }
        &mut self.schema.defs[id as usize]
    }
}
