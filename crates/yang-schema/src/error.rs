//! What can go wrong while modules are read and compiled, each with the place it was found at.

use std::fmt;
use std::path::PathBuf;

use crate::sources::Wanted;

/// A place in a YANG file; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Location {
    /// The file's path, or the name given with a text.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A module text that is not YANG, or not within the limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
#[non_exhaustive]
pub struct ParseError {
    /// Where reading stopped.
    pub at: Location,
    /// What was found and what was expected.
    pub message: String,
}

/// One thing in a module set that does not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
#[non_exhaustive]
pub struct CompileError {
    /// The statement at fault.
    pub at: Location,
    /// What is wrong, and what was expected.
    pub message: String,
}

/// Why a module set could not be loaded or compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A text is not YANG.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The modules do not fit together; every fault found is listed.
    #[error("{} fault(s) in the module set; the first: {}", .0.len(), first(.0))]
    Compile(Vec<CompileError>),
    /// A module is neither loaded nor offered by the source it was asked from.
    #[error("module {} is not available", named(&(name.clone(), revision.clone())))]
    ModuleNotFound {
        /// The module's name.
        name: String,
        /// The revision asked for, if one was.
        revision: Option<String>,
    },
    /// A text is another module's than the one it was given for.
    #[error("the text is that of {}, not of {}", named(found), named(wanted))]
    OtherModule {
        /// The name and revision it was given for.
        wanted: Wanted,
        /// The name and newest revision that it states.
        found: Wanted,
    },
    /// The caller's module source failed.
    #[error("the module source failed for {name}")]
    Source {
        /// The module asked for.
        name: String,
        /// The source's own error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn named((name, revision): &Wanted) -> String {
    match revision {
        Some(revision) => format!("{name}@{revision}"),
        None => name.clone(),
    }
}

fn first(errors: &[CompileError]) -> String {
    errors.first().map(ToString::to_string).unwrap_or_default()
}
