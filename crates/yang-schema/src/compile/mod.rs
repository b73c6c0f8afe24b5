//! From statements to a schema tree.
//!
//! In order: which modules there are and what their prefixes mean; features and identities; top-level nodes with
//! groupings expanded; augments, again and again until none finds its target; deviations; leafref targets and other
//! checks that need the whole tree.

mod annotations;
mod augment;
mod check;
mod defs;
mod deviation;
mod expand;
mod extensions;
mod features;
mod leafrefs;
mod modules;
mod properties;
mod scope;
mod siblings;
mod targets;
mod types;
mod unused;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use crate::error::{CompileError, Error, Location};
use crate::module_set::CompileOptions;
use crate::schema::{Def, DefId, ModuleId, Names, NodeData, NodeKind, Schema, StmtRef, Sym, TypeId};
use crate::syntax::{Kw, Source};

/// Compiles parsed sources.
pub(crate) fn compile(sources: &[Arc<Source>], options: &CompileOptions) -> Result<Schema, Error> {
    let mut compiler = Compiler::new(sources, options);
    compiler.collect_modules();
    // without modules and prefixes nothing else makes sense
    if compiler.errors.is_empty() || options.lenient {
        compiler.index_scopes();
        compiler.check_scopes();
        compiler.check_extensions();
        compiler.collect_features();
        compiler.collect_identities();
        compiler.collect_annotations();
        compiler.expand_modules();
        compiler.apply_augments();
        compiler.check_unused();
        compiler.apply_deviations();
        compiler.check_tree();
    }
    compiler.finish()
}

/// What the nodes below a statement inherit.
#[derive(Debug, Clone, Copy)]
struct Context {
    /// Whose namespace the nodes get.
    module: ModuleId,
    config: bool,
    /// Inside an rpc, action or notification, where `config` has no meaning.
    operation: bool,
    depth: usize,
}

struct Compiler<'a> {
    sources: &'a [Arc<Source>],
    /// Modules and submodules by name.
    files: HashMap<&'a str, Vec<u16>>,
    options: &'a CompileOptions,
    schema: Schema,
    /// (file, enclosing statement, name) to the grouping defined there.
    groupings: HashMap<(u16, u32, Sym), u32>,
    typedefs: HashMap<(u16, u32, Sym), u32>,
    module_groupings: HashMap<(ModuleId, Sym), StmtRef>,
    module_typedefs: HashMap<(ModuleId, Sym), StmtRef>,
    /// A statement's definition; `None` if its features are off.
    def_cache: HashMap<StmtRef, Option<DefId>>,
    type_cache: HashMap<StmtRef, Option<TypeId>>,
    uses_cache: HashMap<StmtRef, Option<StmtRef>>,
    types_in_progress: Vec<StmtRef>,
    groupings_in_progress: Vec<StmtRef>,
    /// Nodes that features or deviations took away; augments of them are silently void.
    pruned: HashSet<(u32, ModuleId, Sym)>,
    siblings: siblings::Siblings,
    /// `uses` expanded so far: groupings may multiply without a single node.
    uses: usize,
    full: bool,
    errors: Vec<CompileError>,
}

impl<'a> Compiler<'a> {
    fn new(sources: &'a [Arc<Source>], options: &'a CompileOptions) -> Self {
        let mut names = Names::default();
        let empty = names.intern("");
        let root = NodeData {
            name: empty,
            def: 0,
            parent: 0,
            first_child: 0,
            last_child: 0,
            next: 0,
            module: 0,
            kind: NodeKind::Root,
            config: true,
        };
        let schema = Schema {
            sources: sources.to_vec(),
            source_modules: Vec::new(),
            prefixes: Vec::new(),
            modules: Vec::new(),
            names,
            nodes: vec![root],
            defs: vec![Def::default()],
            types: Vec::new(),
            patterns: Vec::new(),
            identities: Vec::new(),
            by_namespace: HashMap::new(),
            by_name: HashMap::new(),
            roots: HashMap::new(),
            in_root_choices: HashMap::new(),
            outer_whens: HashMap::new(),
            augmented_by: HashMap::new(),
            leafref_targets: HashMap::new(),
            removed: Vec::new(),
            annotations: HashMap::new(),
            texts: OnceLock::new(),
            warnings: Vec::new(),
        };
        let mut files: HashMap<&str, Vec<u16>> = HashMap::new();
        for (index, source) in sources.iter().enumerate() {
            files.entry(source.name()).or_default().push(crate::schema::module_id(index));
        }
        Self {
            sources,
            files,
            options,
            schema,
            groupings: HashMap::new(),
            typedefs: HashMap::new(),
            module_groupings: HashMap::new(),
            module_typedefs: HashMap::new(),
            def_cache: HashMap::new(),
            type_cache: HashMap::new(),
            uses_cache: HashMap::new(),
            types_in_progress: Vec::new(),
            groupings_in_progress: Vec::new(),
            pruned: HashSet::new(),
            siblings: siblings::Siblings::default(),
            uses: 0,
            full: false,
            errors: Vec::new(),
        }
    }

    fn source(&self, at: StmtRef) -> &'a Source {
        &self.sources[at.file as usize]
    }

    fn arg(&self, at: StmtRef) -> &'a str {
        self.source(at).arg(at.stmt)
    }

    fn kw(&self, at: StmtRef) -> Kw {
        self.source(at).kw(at.stmt)
    }

    /// The substatements of a statement.
    fn children(&self, at: StmtRef) -> impl Iterator<Item = StmtRef> + use<'a> {
        self.source(at).children(at.stmt).map(move |stmt| StmtRef { file: at.file, stmt })
    }

    fn child(&self, at: StmtRef, kw: Kw) -> Option<StmtRef> {
        self.source(at).child(at.stmt, kw).map(|stmt| StmtRef { file: at.file, stmt })
    }

    fn error(&mut self, at: StmtRef, message: impl Into<String>) {
        /// More faults than anybody reads.
        const MAX_ERRORS: usize = 1000;
        if self.errors.len() < MAX_ERRORS {
            // an empty set has no place for what is wrong with it
            let nowhere = || Location { file: "(no file)".to_owned(), line: 1, column: 1 };
            let source = self.sources.get(usize::from(at.file));
            let at = source.map_or_else(nowhere, |source| source.location(at.stmt));
            let error = CompileError { at, message: message.into() };
            if !self.errors.contains(&error) {
                self.errors.push(error);
            }
        }
    }

    fn finish(mut self) -> Result<Schema, Error> {
        self.schema.removed.sort_unstable();
        self.schema.removed.dedup();
        if self.errors.is_empty() {
            return Ok(self.schema);
        }
        if self.options.lenient && !self.full {
            self.schema.warnings = self.errors;
            return Ok(self.schema);
        }
        Err(Error::Compile(self.errors))
    }
}
