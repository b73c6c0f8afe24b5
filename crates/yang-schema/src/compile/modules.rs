//! Which modules the set has, what their prefixes mean, what their submodules are.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::Compiler;
use crate::schema::{ModuleData, ModuleId, StmtRef, module_id};
use crate::syntax::Kw;
use crate::syntax::argument;

impl Compiler<'_> {
    pub(super) fn collect_modules(&mut self) {
        if self.sources.len() >= usize::from(u16::MAX) {
            self.error(StmtRef { file: 0, stmt: 0 }, "more than 65534 files");
            return;
        }
        self.schema.source_modules = vec![ModuleId::MAX; self.sources.len()];
        self.schema.prefixes = vec![HashMap::new(); self.sources.len()];
        for (index, source) in self.sources.iter().enumerate() {
            if !source.is_submodule() {
                self.add_module(module_id(index));
            }
        }
        self.choose_implemented();
        for index in 0..self.schema.modules.len() {
            self.add_submodules(module_id(index));
        }
        for file in (0..self.sources.len()).map(module_id) {
            if !self.is_left_out(file) {
                self.resolve_imports(file);
            }
        }
        self.implement_targets();
        self.check_imports();
    }

    /// Whether a file is that of a submodule that no module includes: it lends nothing, and nothing in it is looked at.
    pub(super) fn is_left_out(&self, file: u16) -> bool {
        self.schema.source_modules[usize::from(file)] == ModuleId::MAX
    }

    /// Modules must not import each other in a circle (RFC 7950 section 7.1.5).
    fn check_imports(&mut self) {
        /// More modules in circles than anybody follows.
        const MAX_FOLLOWED: usize = 100;
        let count = self.schema.modules.len();
        let mut importers: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut open = vec![0_usize; count];
        for (index, module) in self.schema.modules.iter().enumerate() {
            let imported = module.files.iter().flat_map(|file| self.imports_of(*file));
            for other in imported.map(|(_, other)| usize::from(other)).collect::<HashSet<_>>() {
                importers[other].push(index);
                open[index] += 1;
            }
        }
        // those that import nothing are in no circle; taken away, others import nothing
        let mut free: Vec<usize> = (0..count).filter(|index| open[*index] == 0).collect();
        while let Some(index) = free.pop() {
            for importer in std::mem::take(&mut importers[index]) {
                open[importer] -= 1;
                if open[importer] == 0 {
                    free.push(importer);
                }
            }
        }
        // of what is left, some only import those that are in one
        for index in (0..count).filter(|index| open[*index] > 0).take(MAX_FOLLOWED) {
            let files = self.schema.modules[index].files.clone();
            let back = files.into_iter().flat_map(|file| self.imports_of(file));
            let back = back.filter(|(_, other)| self.imports(*other, index)).map(|(at, _)| at);
            for at in back.take(1).collect::<Vec<_>>() {
                let name = self.schema.modules[index].name.clone();
                self.error(at, format!("module {name} imports itself, or {} imports it", self.arg(at)));
            }
        }
    }

    /// Whether a module leads to another one by its imports, or is that one.
    fn imports(&self, module: ModuleId, wanted: usize) -> bool {
        let mut seen = HashSet::from([module]);
        let mut waiting = vec![module];
        while let Some(next) = waiting.pop() {
            if usize::from(next) == wanted {
                return true;
            }
            for file in &self.schema.modules[usize::from(next)].files {
                waiting.extend(
                    self.imports_of(*file).map(|(_, other)| other).filter(|other| seen.insert(*other)),
                );
            }
        }
        false
    }

    /// The imports of a file, and the modules they lead to.
    fn imports_of(&self, file: u16) -> impl Iterator<Item = (StmtRef, ModuleId)> {
        let source = &self.sources[usize::from(file)];
        source.children_of(0, Kw::Import).filter_map(move |stmt| {
            let prefix = source.child_arg(stmt, Kw::Prefix)?;
            Some((StmtRef { file, stmt }, *self.schema.prefixes[usize::from(file)].get(prefix)?))
        })
    }

    /// Modules that implemented ones augment or deviate are implemented too (RFC 7950 section 5.6.5).
    fn implement_targets(&mut self) {
        let mut waiting: Vec<usize> =
            (0..self.schema.modules.len()).filter(|index| self.schema.modules[*index].implemented).collect();
        while let Some(index) = waiting.pop() {
            for file in self.schema.modules[index].files.clone() {
                let source = &self.sources[file as usize];
                for kw in [Kw::Augment, Kw::Deviation] {
                    for stmt in source.children_of(0, kw) {
                        // a path that cannot be read is complained about when it is followed
                        for step in argument::absolute_nodeid(source.arg(stmt)).unwrap_or_default() {
                            let target = self.schema.resolve_prefix(file, step.prefix.as_deref());
                            let Some(target) = target.map(usize::from) else { continue };
                            // of several revisions, the tree has the newest one's nodes
                            let name = &self.schema.modules[target].name;
                            let target = self.schema.by_name.get(name).copied().map_or(target, usize::from);
                            if !self.schema.modules[target].implemented {
                                self.schema.modules[target].implemented = true;
                                waiting.push(target);
                            }
                        }
                    }
                }
            }
        }
    }

    fn add_module(&mut self, file: u16) {
        let source = &self.sources[file as usize];
        let index = module_id(self.schema.modules.len());
        self.schema.source_modules[file as usize] = index;
        self.schema.modules.push(ModuleData {
            name: source.name().into(),
            namespace: source.child_arg(0, Kw::Namespace).unwrap_or_default().into(),
            prefix: source.child_arg(0, Kw::Prefix).unwrap_or_default().into(),
            revision: source.revision().map(Into::into),
            files: vec![file],
            implemented: false,
            features: HashMap::new(),
            identities: HashMap::new(),
        });
    }

    /// Of several revisions of one module only the newest has nodes in the tree.
    fn choose_implemented(&mut self) {
        for index in 0..self.schema.modules.len() {
            let module = &self.schema.modules[index];
            let newer = |other: &u16| self.schema.modules[*other as usize].revision >= module.revision;
            if self.schema.by_name.get(&module.name).is_some_and(newer) {
                continue;
            }
            self.schema.by_name.insert(module.name.clone(), module_id(index));
        }
        let asked: Option<HashSet<&str>> =
            self.options.implement.as_ref().map(|names| names.iter().map(String::as_str).collect());
        let mut chosen: Vec<u16> = self.schema.by_name.values().copied().collect();
        chosen.sort_unstable();
        for index in chosen {
            let module = &mut self.schema.modules[index as usize];
            module.implemented = asked.as_ref().is_none_or(|names| names.contains(&*module.name));
            let namespace = module.namespace.clone();
            if let Some(other) = self.schema.by_namespace.insert(namespace, index) {
                let at = StmtRef { file: self.schema.modules[index as usize].files[0], stmt: 0 };
                let name = self.schema.modules[other as usize].name.clone();
                self.error(at, format!("the namespace is also that of module {name}"));
            }
        }
        if let Some(names) = &self.options.implement {
            for name in names {
                if !self.schema.by_name.contains_key(name.as_str()) {
                    self.error(
                        StmtRef { file: 0, stmt: 0 },
                        format!("module {name} is to be implemented but not loaded"),
                    );
                }
            }
        }
    }

    /// Submodules the module includes, directly or through another submodule.
    fn add_submodules(&mut self, module: ModuleId) {
        let mut at = 0;
        let mut seen: HashSet<u16> = self.schema.modules[module as usize].files.iter().copied().collect();
        while let Some(file) = self.schema.modules[module as usize].files.get(at).copied() {
            at += 1;
            let source = &self.sources[file as usize];
            for include in source.children_of(0, Kw::Include) {
                let here = StmtRef { file, stmt: include };
                let name = source.arg(include);
                let revision = source.child_arg(include, Kw::RevisionDate);
                let Some(found) = self.find_file(name, revision, true) else {
                    self.error(here, format!("submodule {} is not loaded", named(name, revision)));
                    continue;
                };
                let owner = self.sources[found as usize].child_arg(0, Kw::BelongsTo).unwrap_or_default();
                if owner != &*self.schema.modules[module as usize].name {
                    self.error(here, format!("submodule {name} belongs to {owner}"));
                    continue;
                }
                if seen.insert(found) {
                    self.schema.modules[module as usize].files.push(found);
                    self.schema.source_modules[found as usize] = module;
                }
            }
        }
    }

    /// The newest file with this name, or the one of this revision; where there is none, one that states it in its history.
    fn find_file(&self, name: &str, revision: Option<&str>, submodule: bool) -> Option<u16> {
        let source = |index: &u16| &self.sources[usize::from(*index)];
        let all = self.files.get(name).map(Vec::as_slice).unwrap_or_default();
        let all = all.iter().copied().filter(|index| source(index).is_submodule() == submodule);
        // of files of one revision the first
        let newest = |files: &mut dyn Iterator<Item = u16>| {
            files.min_by_key(|index| Reverse(source(index).revision()))
        };
        let Some(wanted) = revision else { return newest(&mut all.clone()) };
        let of_it = newest(&mut all.clone().filter(|index| source(index).revision() == Some(wanted)));
        of_it.or_else(|| newest(&mut all.clone().filter(|index| source(index).states_revision(wanted))))
    }

    fn resolve_imports(&mut self, file: u16) {
        let source = &self.sources[file as usize];
        let own = self.schema.source_modules[file as usize];
        let own_prefix = match source.child(0, Kw::BelongsTo) {
            Some(belongs_to) => source.child_arg(belongs_to, Kw::Prefix),
            None => source.child_arg(0, Kw::Prefix),
        };
        if let Some(prefix) = own_prefix {
            self.schema.prefixes[file as usize].insert(prefix.into(), own);
        }
        for import in source.children_of(0, Kw::Import) {
            let at = StmtRef { file, stmt: import };
            let name = source.arg(import);
            let revision = source.child_arg(import, Kw::RevisionDate);
            let prefix = source.child_arg(import, Kw::Prefix).unwrap_or_default();
            let found = self.find_file(name, revision, false);
            // a device announces one revision of a module; an import of another one is served by that
            let Some(found) =
                found.or_else(|| self.options.lenient.then(|| self.find_file(name, None, false)).flatten())
            else {
                self.error(at, format!("imported module {} is not loaded", named(name, revision)));
                continue;
            };
            let module = self.schema.source_modules[found as usize];
            if self.schema.prefixes[file as usize].insert(prefix.into(), module).is_some() {
                self.error(at, format!("prefix {prefix} is used twice"));
            }
        }
    }
}

fn named(name: &str, revision: Option<&str>) -> String {
    match revision {
        Some(revision) => format!("{name} of revision {revision}"),
        None => name.to_owned(),
    }
}
