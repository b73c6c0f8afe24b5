//! Gathers modules from texts, files and folders before they are compiled.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::compile;
use crate::error::{Error, Location, ParseError};
use crate::schema::Schema;
use crate::syntax::source::Tolerance;
use crate::syntax::{Kw, Source, lexer};

pub use crate::syntax::lexer::ParseLimits;

/// Which of the modules' features are on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Features {
    /// All of all modules.
    #[default]
    All,
    /// None.
    None,
    /// The listed ones of the listed modules, and all of modules not listed.
    Only(BTreeMap<String, Vec<String>>),
    /// The listed ones of the listed modules, and none of modules not listed (a device's yang-library).
    Exactly(BTreeMap<String, Vec<String>>),
}

/// How a module set is compiled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CompileOptions {
    /// Which features are on.
    pub features: Features,
    /// Modules whose nodes the tree gets; `None` is all of the set. Modules that these augment or deviate get theirs
    /// too; modules that they only import lend their typedefs, groupings and identities.
    pub implement: Option<Vec<String>>,
    /// Leave out what does not fit together (an import that is missing, an augment without its target) and list it
    /// in [`Schema::warnings`], instead of failing.
    pub lenient: bool,
    /// What compiling may cost.
    pub limits: CompileLimits,
}

impl CompileOptions {
    /// The defaults: all modules, all features, strict.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Which features are on.
    #[must_use]
    pub fn features(mut self, features: Features) -> Self {
        self.features = features;
        self
    }

    /// Which modules the tree has nodes of.
    #[must_use]
    pub fn implement(mut self, modules: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.implement = Some(modules.into_iter().map(Into::into).collect());
        self
    }

    /// Leave out what does not fit together instead of failing.
    #[must_use]
    pub fn lenient(mut self, lenient: bool) -> Self {
        self.lenient = lenient;
        self
    }
}

/// What compiling may cost; a hostile module can otherwise multiply groupings without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompileLimits {
    /// Most nodes of the tree, and uses of groupings to make them. The whole of IOS-XE has about a million nodes.
    pub max_nodes: usize,
    /// Deepest path of schema nodes.
    pub max_depth: usize,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self { max_nodes: 8_000_000, max_depth: 200 }
    }
}

/// What a file says about itself: enough to load what else it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    /// Imported modules, with the revision if one is asked for.
    pub imports: Vec<(String, Option<String>)>,
    /// Included submodules, likewise.
    pub includes: Vec<(String, Option<String>)>,
}

/// Parsed modules and submodules, not yet compiled.
#[derive(Debug, Clone, Default)]
pub struct ModuleSet {
    pub(crate) sources: Vec<Arc<Source>>,
    /// The sources by name, so that a thousand modules find each other without asking all.
    by_name: HashMap<String, Vec<usize>>,
    limits: ParseLimits,
}

impl ModuleSet {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty set whose texts must be within these limits.
    #[must_use]
    pub fn with_limits(limits: ParseLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Adds a module's or submodule's text; `file` names it in errors. A second copy of the same module and
    /// revision is ignored. Returns the module's name.
    ///
    /// # Errors
    /// [`Error::Parse`] if the text is not YANG.
    pub fn add_text(&mut self, file: &str, text: &str) -> Result<String, Error> {
        let source = lexer::parse(file, text, &self.limits)?;
        let name = source.name().to_owned();
        self.add_source(source);
        Ok(name)
    }

    /// Adds the text of a module or submodule whose name is known, from a device for one; a revision that is given
    /// must be among those that the text states.
    ///
    /// # Errors
    /// [`Error::Parse`] if the text is not YANG, [`Error::OtherModule`] if it is another module's. Nothing is added then.
    pub fn add_module(&mut self, name: &str, revision: Option<&str>, text: &str) -> Result<(), Error> {
        let source = lexer::parse(name, text, &self.limits)?;
        if source.name() != name || revision.is_some_and(|wanted| !source.states_revision(wanted)) {
            return Err(Error::OtherModule {
                wanted: (name.to_owned(), revision.map(str::to_owned)),
                found: (source.name().to_owned(), source.revision().map(str::to_owned)),
            });
        }
        self.add_source(source);
        Ok(())
    }

    fn add_source(&mut self, source: Source) {
        if !self.named(source.name()).any(|other| other.revision() == source.revision()) {
            self.by_name.entry(source.name().to_owned()).or_default().push(self.sources.len());
            self.sources.push(Arc::new(source));
        }
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &Source> {
        let found = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
        found.iter().map(|index| &*self.sources[*index])
    }

    /// Adds a file.
    ///
    /// # Errors
    /// [`Error::Read`] if it cannot be read, [`Error::Parse`] if it is not YANG or not UTF-8.
    pub fn add_file(&mut self, path: impl AsRef<Path>) -> Result<String, Error> {
        let path = path.as_ref();
        let read = |source| Error::Read { path: path.to_owned(), source };
        let file = path.display().to_string();
        let too_long = |bytes: u64| {
            let message = format!("the file has {bytes} bytes, more than {} allowed", self.limits.max_bytes);
            ParseError { at: Location { file: file.clone(), line: 1, column: 1 }, message }
        };
        let size = std::fs::metadata(path).map_err(read)?.len();
        if usize::try_from(size).map_or(true, |size| size > self.limits.max_bytes) {
            return Err(too_long(size).into());
        }
        let bytes = std::fs::read(path).map_err(read)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
            let message = "the file is not UTF-8".to_owned();
            ParseError { at: Location { file: file.clone(), line, column: 1 }, message }
        })?;
        self.add_text(&file, &text)
    }

    /// Adds every `*.yang` file of a folder, in the order of their names (folders inside it are not entered).
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::Parse`] for the first file at fault.
    pub fn add_directory(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        for file in yang_files(path.as_ref())? {
            self.add_file(file)?;
        }
        Ok(())
    }

    /// Adds every `*.yang` file of a folder that can be read, and gives the faults of the others.
    ///
    /// # Errors
    /// [`Error::Read`] if the folder itself cannot be read.
    pub fn add_readable(&mut self, path: impl AsRef<Path>) -> Result<Vec<Error>, Error> {
        let mut faults = Vec::new();
        for file in yang_files(path.as_ref())? {
            faults.extend(self.add_file(file).err());
        }
        Ok(faults)
    }

    /// The name of a module that is most like one that the set does not have, where one is like it.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&str> {
        crate::validate::nearest(name, self.modules().map(|(known, _)| known))
    }

    /// The modules and submodules of the set, with their revisions.
    pub fn modules(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.sources.iter().map(|source| (source.name(), source.revision()))
    }

    /// What the files have against the standard and was read anyway.
    pub fn tolerances(&self) -> impl Iterator<Item = &Tolerance> {
        self.sources.iter().flat_map(|source| source.tolerances.iter())
    }

    /// Whether a module or submodule is in the set; if a revision is given, in this one, or in one that states it in its history.
    #[must_use]
    pub fn contains(&self, name: &str, revision: Option<&str>) -> bool {
        self.named(name).any(|source| revision.is_none_or(|wanted| source.states_revision(wanted)))
    }

    /// Whether a module or submodule is in the set, in this very revision if one is given.
    pub(crate) fn has(&self, name: &str, revision: Option<&str>) -> bool {
        self.named(name).any(|source| revision.is_none() || source.revision() == revision)
    }

    /// What the set's modules import and include and the set does not have. Where a revision is asked for, that very one is meant: a later one
    /// that states it in its history serves for want of it ([`ModuleSet::contains`]).
    #[must_use]
    pub fn missing(&self) -> Needs {
        let mut needs = Needs { imports: Vec::new(), includes: Vec::new() };
        let mut listed = HashSet::new();
        for source in &self.sources {
            for (kw, list) in [(Kw::Import, &mut needs.imports), (Kw::Include, &mut needs.includes)] {
                for statement in source.children_of(0, kw) {
                    let name = source.arg(statement);
                    let revision = source.child_arg(statement, Kw::RevisionDate);
                    if !self.has(name, revision) && listed.insert((kw, name, revision)) {
                        list.push((name.to_owned(), revision.map(str::to_owned)));
                    }
                }
            }
        }
        needs
    }

    /// Compiles the set into one schema tree.
    ///
    /// # Errors
    /// [`Error::Compile`] with everything that does not fit together.
    pub fn compile(&self, options: &CompileOptions) -> Result<Schema, Error> {
        compile::compile(&self.sources, options)
    }
}

/// The `*.yang` files of a folder, sorted by name.
pub(crate) fn yang_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = |source| Error::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read)? {
        let path = entry.map_err(read)?.path();
        if path.extension().is_some_and(|extension| extension == "yang") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
