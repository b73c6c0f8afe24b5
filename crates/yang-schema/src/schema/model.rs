//! How the tree is kept: one small record per node, one definition per statement, shared by all its instances.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use super::{Schema, TypeId};
use crate::error::Location;
use crate::syntax::{Kw, StmtId};

pub(crate) type ModuleId = u16;
pub(crate) type DefId = u32;
pub(crate) type IdentityId = u32;

/// An interned name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Sym(pub(crate) u32);

/// Interned names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    index: HashMap<Box<str>, Sym>,
    texts: Vec<Box<str>>,
}

impl Names {
    pub(crate) fn intern(&mut self, text: &str) -> Sym {
        if let Some(sym) = self.index.get(text) {
            return *sym;
        }
        let sym = Sym(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(text.into());
        self.index.insert(text.into(), sym);
        sym
    }

    pub(crate) fn get(&self, text: &str) -> Option<Sym> {
        self.index.get(text).copied()
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }

    pub(crate) fn text(&self, sym: Sym) -> &str {
        &self.texts[sym.0 as usize]
    }
}

/// A statement in one of the schema's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct StmtRef {
    pub(crate) file: u16,
    pub(crate) stmt: StmtId,
}

/// What kind of schema node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NodeKind {
    /// The invisible node above all modules.
    Root,
    /// `container`
    Container,
    /// `list`
    List,
    /// `leaf`
    Leaf,
    /// `leaf-list`
    LeafList,
    /// `choice`, which has no instance in data
    Choice,
    /// `case`, which has no instance in data
    Case,
    /// `anydata`
    Anydata,
    /// `anyxml`
    Anyxml,
    /// `rpc`
    Rpc,
    /// `action`
    Action,
    /// `input` of an rpc or action
    Input,
    /// `output` of an rpc or action
    Output,
    /// `notification`
    Notification,
}

impl NodeKind {
    /// The statement's keyword; empty for the root.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Container => "container",
            Self::List => "list",
            Self::Leaf => "leaf",
            Self::LeafList => "leaf-list",
            Self::Choice => "choice",
            Self::Case => "case",
            Self::Anydata => "anydata",
            Self::Anyxml => "anyxml",
            Self::Rpc => "rpc",
            Self::Action => "action",
            Self::Input => "input",
            Self::Output => "output",
            Self::Notification => "notification",
        }
    }

    /// Whether instances of it stand in a datastore.
    #[must_use]
    pub fn is_data(self) -> bool {
        matches!(
            self,
            Self::Container | Self::List | Self::Leaf | Self::LeafList | Self::Anydata | Self::Anyxml
        )
    }

    /// Whether its instances are elements of their own: those of data, and what is sent, of operations and notifications.
    pub(crate) fn has_instance(self) -> bool {
        self.is_data() || matches!(self, Self::Rpc | Self::Action | Self::Notification)
    }

    /// Whether it has a type and a value.
    #[must_use]
    pub fn has_value(self) -> bool {
        matches!(self, Self::Leaf | Self::LeafList)
    }

    pub(crate) fn of(kw: Kw) -> Option<Self> {
        Some(match kw {
            Kw::Container => Self::Container,
            Kw::List => Self::List,
            Kw::Leaf => Self::Leaf,
            Kw::LeafList => Self::LeafList,
            Kw::Choice => Self::Choice,
            Kw::Case => Self::Case,
            Kw::Anydata => Self::Anydata,
            Kw::Anyxml => Self::Anyxml,
            Kw::Rpc => Self::Rpc,
            Kw::Action => Self::Action,
            Kw::Input => Self::Input,
            Kw::Output => Self::Output,
            Kw::Notification => Self::Notification,
            _ => return None,
        })
    }
}

/// A definition's `status`, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Valid.
    #[default]
    Current,
    /// Still valid, on its way out.
    Deprecated,
    /// Not to be used.
    Obsolete,
}

/// A node of the tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeData {
    pub(crate) name: Sym,
    pub(crate) def: DefId,
    pub(crate) parent: u32,
    pub(crate) first_child: u32,
    pub(crate) last_child: u32,
    pub(crate) next: u32,
    pub(crate) module: ModuleId,
    pub(crate) kind: NodeKind,
    pub(crate) config: bool,
}

/// What a statement says about its node, after refine and deviation.
#[derive(Debug, Clone, Default)]
pub(crate) struct Def {
    /// The defining statement; `None` for the root, implicit cases and implied input and output.
    pub(crate) at: Option<StmtRef>,
    pub(crate) ty: Option<TypeId>,
    pub(crate) keys: Box<[Sym]>,
    pub(crate) defaults: Vec<StmtRef>,
    pub(crate) musts: Vec<StmtRef>,
    pub(crate) uniques: Vec<StmtRef>,
    pub(crate) when: Option<StmtRef>,
    pub(crate) description: Option<StmtRef>,
    pub(crate) reference: Option<StmtRef>,
    pub(crate) presence: Option<StmtRef>,
    pub(crate) units: Option<StmtRef>,
    pub(crate) min_elements: u32,
    pub(crate) max_elements: Option<u32>,
    pub(crate) mandatory: bool,
    pub(crate) user_ordered: bool,
    pub(crate) config: Option<bool>,
    pub(crate) status: Status,
    /// Belongs to one node only, so it may be changed in place.
    pub(crate) own: bool,
}

/// A `when` that came with `uses` or `augment`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WhenData {
    pub(crate) at: StmtRef,
}

#[derive(Debug)]
pub(crate) struct IdentityData {
    pub(crate) name: Sym,
    pub(crate) module: ModuleId,
    pub(crate) at: StmtRef,
    pub(crate) bases: Vec<IdentityId>,
}

/// A `pattern`, compiled when it is first needed.
#[derive(Debug)]
pub(crate) struct PatternData {
    pub(crate) at: StmtRef,
    pub(crate) invert: bool,
    pub(crate) compiled: OnceLock<Result<regex::Regex, String>>,
}

#[derive(Debug, Default)]
pub(crate) struct ModuleData {
    pub(crate) name: Box<str>,
    pub(crate) namespace: Box<str>,
    pub(crate) prefix: Box<str>,
    pub(crate) revision: Option<Box<str>>,
    /// The module's file, then its submodules'.
    pub(crate) files: Vec<u16>,
    pub(crate) implemented: bool,
    pub(crate) features: HashMap<Sym, bool>,
    pub(crate) identities: HashMap<Sym, IdentityId>,
}

/// The module of the root of a schema that has none.
static NONE: LazyLock<ModuleData> = LazyLock::new(ModuleData::default);

/// A module of the set.
#[derive(Debug, Clone, Copy)]
pub struct Module<'s> {
    pub(crate) schema: &'s Schema,
    pub(crate) index: ModuleId,
}

impl PartialEq for Module<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && std::ptr::eq(self.schema, other.schema)
    }
}

impl Eq for Module<'_> {}

impl<'s> Module<'s> {
    fn data(&self) -> &'s ModuleData {
        self.schema.modules.get(self.index as usize).unwrap_or(&NONE)
    }

    /// The module's own file; a schema of no modules has none.
    fn file(&self) -> Option<u16> {
        self.data().files.first().copied()
    }

    /// The module's name.
    #[must_use]
    pub fn name(&self) -> &'s str {
        &self.data().name
    }

    /// The module's namespace.
    #[must_use]
    pub fn namespace(&self) -> &'s str {
        &self.data().namespace
    }

    /// The prefix the module gives itself.
    #[must_use]
    pub fn prefix(&self) -> &'s str {
        &self.data().prefix
    }

    /// The newest revision, `YYYY-MM-DD`, if the module states one.
    #[must_use]
    pub fn revision(&self) -> Option<&'s str> {
        self.data().revision.as_deref()
    }

    /// Whether the tree has this module's nodes; otherwise it is only imported by others.
    #[must_use]
    pub fn is_implemented(&self) -> bool {
        self.data().implemented
    }

    /// The file the module was read from, and its line 1.
    #[must_use]
    pub fn location(&self) -> Location {
        let nowhere = || Location { file: String::new(), line: 1, column: 1 };
        self.file().map_or_else(nowhere, |file| self.schema.location(StmtRef { file, stmt: 0 }))
    }

    /// The module's description.
    #[must_use]
    pub fn description(&self) -> Option<&'s str> {
        self.schema.sources[usize::from(self.file()?)].child_arg(0, Kw::Description)
    }

    /// The names of its submodules.
    pub fn submodules(&self) -> impl Iterator<Item = &'s str> + use<'s> {
        let schema = self.schema;
        self.data().files.iter().skip(1).map(move |file| schema.sources[*file as usize].name())
    }

    /// Its features, and whether each is on.
    pub fn features(&self) -> impl Iterator<Item = (&'s str, bool)> + use<'s> {
        let schema = self.schema;
        self.data().features.iter().map(move |(name, on)| (schema.names.text(*name), *on))
    }
}
