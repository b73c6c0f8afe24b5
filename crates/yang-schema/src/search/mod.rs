//! Search over paths, names and descriptions, best first.
//!
//! A release has a million nodes, but few names and descriptions: each is compared with the query once, and the walk over the nodes only
//! looks up what came out.

mod needle;
mod progress;
mod texts;
mod walk;

use crate::schema::{Node, Schema};
use progress::Query;
pub(crate) use texts::Texts;
use walk::Walk;

/// What is searched, and how much is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchOptions {
    /// Most hits given back.
    pub limit: usize,
    /// Only configuration.
    pub config_only: bool,
    /// Look into descriptions too.
    pub descriptions: bool,
    /// Only nodes of this module.
    pub module: Option<String>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { limit: 50, config_only: false, descriptions: true, module: None }
    }
}

impl SearchOptions {
    /// The defaults: 50 hits, state too, descriptions too, all modules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Most hits given back.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Whether state, rpcs and notifications are left out.
    #[must_use]
    pub fn config_only(mut self, only: bool) -> Self {
        self.config_only = only;
        self
    }

    /// Whether descriptions are looked into.
    #[must_use]
    pub fn descriptions(mut self, searched: bool) -> Self {
        self.descriptions = searched;
        self
    }

    /// Only nodes of one module.
    #[must_use]
    pub fn module(mut self, name: impl Into<String>) -> Self {
        self.module = Some(name.into());
        self
    }
}

/// A node found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hit<'s> {
    /// The node.
    pub node: Node<'s>,
    /// The higher the better; comparable within one search only.
    pub score: i32,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found<'s> {
    /// The best, best first.
    pub hits: Vec<Hit<'s>>,
    /// How many there are in all.
    pub total: usize,
}

impl Schema {
    /// Searches the tree.
    ///
    /// A query is words separated by white space. Each must be found in a node's name, in its description, or in
    /// the names above it, and one of them at least in the node itself. A word with slashes is a path of such
    /// words, its last step the node's own name: `GigabitEthernet/mtu`; with a slash in front it begins at the
    /// top. `module:name` asks for a module by its name or prefix. Letter case does not matter.
    ///
    /// Whole names come before beginnings, words within names, parts of words, and descriptions; then the
    /// shallower path comes first.
    #[must_use]
    pub fn search(&self, query: &str, options: &SearchOptions) -> Found<'_> {
        let query = Query::new(self, query);
        if query.is_empty() {
            return Found { hits: Vec::new(), total: 0 };
        }
        let (best, total) = Walk::new(self, options, &query).run();
        let hits = best.into_iter().map(|(score, id)| Hit { node: self.root().at(id), score }).collect();
        Found { hits, total }
    }
}
