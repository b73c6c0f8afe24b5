//! One file's statements, kept in a flat arena beside its text.

use std::sync::OnceLock;

use super::Kw;
use crate::error::Location;

/// A statement's index in its [`Source`]. Index 0 is the `module` or `submodule` statement.
pub(crate) type StmtId = u32;

/// No statement.
pub(crate) const NONE: u32 = u32::MAX;

/// Where a statement's argument is found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arg {
    /// There is none.
    None,
    /// It stands in the text as it is.
    Text {
        /// First byte.
        start: u32,
        /// Length in bytes.
        len: u32,
    },
    /// It had to be put together (escapes, `+`, indentation).
    Owned(u32),
}

/// One statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stmt {
    pub(crate) kw: Kw,
    pub(crate) keyword_len: u16,
    pub(crate) pos: u32,
    pub(crate) arg: Arg,
    pub(crate) parent: u32,
    pub(crate) first_child: u32,
    pub(crate) next: u32,
}

/// Something a vendor's file does against the standard that is read anyway.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tolerance {
    /// Where.
    pub at: Location,
    /// What was tolerated, and how it was read.
    pub message: String,
}

/// A parsed module or submodule.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) stmts: Vec<Stmt>,
    pub(crate) owned: Vec<Box<str>>,
    pub(crate) tolerances: Vec<Tolerance>,
    line_starts: OnceLock<Vec<u32>>,
}

impl Source {
    pub(crate) fn new(file: String, text: String) -> Self {
        Self {
            file,
            text,
            stmts: Vec::new(),
            owned: Vec::new(),
            tolerances: Vec::new(),
            line_starts: OnceLock::new(),
        }
    }

    pub(crate) fn stmt(&self, id: StmtId) -> &Stmt {
        &self.stmts[id as usize]
    }

    pub(crate) fn kw(&self, id: StmtId) -> Kw {
        self.stmts[id as usize].kw
    }

    /// The argument, empty if there is none.
    pub(crate) fn arg(&self, id: StmtId) -> &str {
        self.text_of(self.stmts[id as usize].arg)
    }

    /// The text of one of its statements' arguments.
    pub(crate) fn text_of(&self, arg: Arg) -> &str {
        match arg {
            Arg::None => "",
            Arg::Text { start, len } => &self.text[start as usize..(start + len) as usize],
            Arg::Owned(index) => &self.owned[index as usize],
        }
    }

    /// The keyword as written, with its prefix if it has one.
    pub(crate) fn keyword(&self, id: StmtId) -> &str {
        let stmt = &self.stmts[id as usize];
        &self.text[stmt.pos as usize..stmt.pos as usize + stmt.keyword_len as usize]
    }

    pub(crate) fn children(&self, id: StmtId) -> Children<'_> {
        Children { source: self, next: self.stmts[id as usize].first_child }
    }

    /// The substatements with this keyword.
    pub(crate) fn children_of(&self, id: StmtId, kw: Kw) -> impl Iterator<Item = StmtId> + '_ {
        self.children(id).filter(move |child| self.kw(*child) == kw)
    }

    /// The first substatement with this keyword.
    pub(crate) fn child(&self, id: StmtId, kw: Kw) -> Option<StmtId> {
        self.children(id).find(|child| self.kw(*child) == kw)
    }

    /// The argument of the first substatement with this keyword.
    pub(crate) fn child_arg(&self, id: StmtId, kw: Kw) -> Option<&str> {
        self.child(id, kw).map(|child| self.arg(child))
    }

    /// Where a statement begins.
    pub(crate) fn location(&self, id: StmtId) -> Location {
        self.location_of(self.stmts[id as usize].pos as usize)
    }

    /// Line and column of a byte offset.
    pub(crate) fn location_of(&self, offset: usize) -> Location {
        let starts = self.line_starts.get_or_init(|| {
            std::iter::once(0)
                .chain(self.text.match_indices('\n').map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX)))
                .collect()
        });
        let offset = offset.min(self.text.len());
        let line = starts.partition_point(|start| *start as usize <= offset).max(1);
        let start = starts[line - 1] as usize;
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Location { file: self.file.clone(), line, column }
    }

    /// The module's or submodule's name.
    pub(crate) fn name(&self) -> &str {
        self.arg(0)
    }

    pub(crate) fn is_submodule(&self) -> bool {
        self.kw(0) == Kw::Submodule
    }

    /// The newest revision, if any is stated.
    pub(crate) fn revision(&self) -> Option<&str> {
        self.children_of(0, Kw::Revision).map(|revision| self.arg(revision)).max()
    }

    /// Whether a revision is the newest or in the history.
    pub(crate) fn states_revision(&self, wanted: &str) -> bool {
        self.children_of(0, Kw::Revision).any(|revision| self.arg(revision) == wanted)
    }
}

/// Iterator over a statement's substatements, in file order.
pub(crate) struct Children<'s> {
    source: &'s Source,
    next: u32,
}

impl Iterator for Children<'_> {
    type Item = StmtId;

    fn next(&mut self) -> Option<StmtId> {
        if self.next == NONE {
            return None;
        }
        let id = self.next;
        self.next = self.source.stmts[id as usize].next;
        Some(id)
    }
}
