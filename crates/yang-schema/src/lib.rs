#![doc = include_str!("../README.md")]

mod annotation;
pub mod build;
mod compile;
mod diagram;
mod diff;
mod error;
mod instance;
pub mod json;
mod library;
mod module_set;
mod page;
mod path;
mod pattern;
mod schema;
mod search;
mod sources;
mod syntax;
pub mod validate;
mod value;

pub use diagram::TreeOptions;
pub use diff::{Change, ChangeKind, Impact, ModuleChange, SchemaDiff};
pub use error::{CompileError, Error, Location, ParseError};
pub use json::{JsonOptions, JsonProblem};
pub use library::{Library, LibraryModule, YANG_LIBRARY_NAMESPACE};
pub use module_set::{CompileLimits, CompileOptions, Features, ModuleSet, Needs, ParseLimits};
pub use page::{ChildLine, NamedValue, NodePage, TypePage};
pub use path::PathError;
pub use schema::{
    Ancestors, Bit, DataChildren, EnumValue, Identity, IntegerKind, Module, Node, NodeId, NodeKind, Pattern,
    Restriction, Schema, SchemaChildren, Status, Type, TypeKind,
};
pub use search::{Found, Hit, SearchOptions};
pub use sources::{Cached, DiskCache, Folder, ModuleSource, SourceError, Wanted};
pub use syntax::source::Tolerance;
pub use validate::{ErrorTag, Problem, ProblemKind, ValidateOptions};
