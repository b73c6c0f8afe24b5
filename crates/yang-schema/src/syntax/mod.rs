//! YANG text to a tree of statements, on the lexer of `yang-rs`.

pub(crate) mod argument;
pub(crate) mod grammar;
pub(crate) mod keyword;
pub(crate) mod lexer;
pub(crate) mod source;
mod version;

pub(crate) use keyword::Kw;
pub(crate) use source::{Source, StmtId};
