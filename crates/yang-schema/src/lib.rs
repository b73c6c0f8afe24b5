#![doc = include_str!("../README.md")]

mod compile;
mod error;
mod instance;
pub mod json;
mod module_set;
mod pattern;
mod schema;
mod syntax;
pub mod validate;
mod value;

pub use error::{CompileError, Error, Location, ParseError};
pub use json::{JsonOptions, JsonProblem};
pub use module_set::{CompileLimits, CompileOptions, Features, ModuleSet, Needs, ParseLimits};
pub use schema::{
    Ancestors, Bit, DataChildren, EnumValue, Identity, IntegerKind, Module, Node, NodeId, NodeKind, Pattern,
    Restriction, Schema, SchemaChildren, Status, Type, TypeKind,
};
pub use syntax::source::Tolerance;
pub use validate::{ErrorTag, Problem, ProblemKind, ValidateOptions};
