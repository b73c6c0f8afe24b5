//! Finds the grouping or typedef a name means where it stands (RFC 7950 section 5.5).

use super::Compiler;
use crate::schema::{ModuleId, StmtRef, Sym};
use crate::syntax::Kw;
use crate::syntax::argument::Name;
use crate::syntax::source::NONE;

impl Compiler<'_> {
    pub(super) fn index_scopes(&mut self) {
        for (index, source) in self.sources.iter().enumerate() {
            let file = crate::schema::module_id(index);
            if self.is_left_out(file) {
                continue;
            }
            let module = self.schema.source_modules[index];
            for (stmt, data) in source.stmts.iter().enumerate() {
                if !matches!(data.kw, Kw::Grouping | Kw::Typedef) {
                    continue;
                }
                let stmt = u32::try_from(stmt).unwrap_or(NONE);
                let name = self.schema.names.intern(source.arg(stmt));
                let at = StmtRef { file, stmt };
                let local = if data.kw == Kw::Grouping { &mut self.groupings } else { &mut self.typedefs };
                let twice = if data.parent == 0 {
                    let global = if data.kw == Kw::Grouping {
                        &mut self.module_groupings
                    } else {
                        &mut self.module_typedefs
                    };
                    global.insert((module, name), at)
                } else {
                    local.insert((file, data.parent, name), stmt).map(|stmt| StmtRef { file, stmt })
                };
                if twice.is_some() {
                    self.error(at, format!("{} {} is defined twice", data.kw.text(), source.arg(stmt)));
                }
            }
        }
    }

    /// A definition must not hide one that a scope above it has (RFC 7950 section 5.5).
    pub(super) fn check_scopes(&mut self) {
        let mut hiding = Vec::new();
        let lists = [
            (&self.groupings, &self.module_groupings, Kw::Grouping),
            (&self.typedefs, &self.module_typedefs, Kw::Typedef),
        ];
        for (local, global, kw) in lists {
            for ((file, scope, name), stmt) in local {
                let source = &self.sources[usize::from(*file)];
                let mut above = source.stmt(*scope).parent;
                let module = self.schema.source_modules[usize::from(*file)];
                let mut hides = global.contains_key(&(module, *name));
                while !hides && above != NONE && above != 0 {
                    hides = local.contains_key(&(*file, above, *name));
                    above = source.stmt(above).parent;
                }
                if hides {
                    hiding.push((StmtRef { file: *file, stmt: *stmt }, kw));
                }
            }
        }
        hiding.sort_unstable_by_key(|(at, _)| *at);
        for (at, kw) in hiding {
            self.error(at, format!("{} {} is defined above already", kw.text(), self.arg(at)));
        }
    }

    /// The module that a prefix means where a statement stands; complains if there is none.
    pub(super) fn module_of(&mut self, at: StmtRef, prefix: Option<&str>) -> Option<ModuleId> {
        let module = self.schema.resolve_prefix(at.file, prefix);
        if module.is_none() {
            let prefix = prefix.unwrap_or_default();
            // a missing import was already complained about
            self.error(at, format!("prefix {prefix} is not that of an import that is loaded"));
        }
        module
    }

    /// The grouping or typedef that `text` means at a statement.
    pub(super) fn find_definition(&mut self, kw: Kw, at: StmtRef, text: &str) -> Option<StmtRef> {
        let (prefix, name) = Name::split(text);
        let module = self.module_of(at, prefix)?;
        let found = self.schema.names.get(name).and_then(|name| self.look_up(kw, at, module, name));
        if found.is_none() {
            let what = if kw == Kw::Typedef { "type" } else { "grouping" };
            self.error(at, format!("{what} {text} is not defined"));
        }
        found
    }

    fn look_up(&self, kw: Kw, at: StmtRef, module: ModuleId, name: Sym) -> Option<StmtRef> {
        let (local, global) = match kw {
            Kw::Grouping => (&self.groupings, &self.module_groupings),
            _ => (&self.typedefs, &self.module_typedefs),
        };
        if module == self.schema.source_modules[at.file as usize] {
            let source = self.source(at);
            let mut parent = source.stmt(at.stmt).parent;
            while parent != NONE && parent != 0 {
                if let Some(stmt) = local.get(&(at.file, parent, name)) {
                    return Some(StmtRef { file: at.file, stmt: *stmt });
                }
                parent = source.stmt(parent).parent;
            }
        }
        global.get(&(module, name)).copied()
    }
}
