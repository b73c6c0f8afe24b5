//! RPCs from `path=value` pairs, ready to send, and as lines for curl, Python and Rust.

mod restconf;
mod snippet;
mod tree;
mod xml;

use crate::schema::{NodeKind, Schema};
use crate::validate::{NETCONF_NAMESPACE, ValidateOptions, YANG_NAMESPACE};
use tree::Forest;

pub use snippet::Host;

/// A datastore's name as NETCONF has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Store {
    /// `<running/>`
    #[default]
    Running,
    /// `<candidate/>`
    Candidate,
    /// `<startup/>`
    Startup,
}

impl Store {
    /// The element's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Candidate => "candidate",
            Self::Startup => "startup",
        }
    }
}

/// `test-option` of edit-config; needs the `validate` capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Test {
    /// `test-then-set`
    TestThenSet,
    /// `set`
    Set,
    /// `test-only`: nothing is changed
    TestOnly,
}

impl Test {
    fn as_str(self) -> &'static str {
        match self {
            Self::TestThenSet => "test-then-set",
            Self::Set => "set",
            Self::TestOnly => "test-only",
        }
    }
}

/// Which RPC is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RpcKind {
    /// `edit-config` of a datastore.
    EditConfig {
        /// Where to.
        target: Store,
        /// Whether the device only tests it.
        test: Option<Test>,
    },
    /// `get-config`; the paths are a subtree filter.
    GetConfig {
        /// Where from.
        source: Store,
    },
    /// `get`; the paths are a subtree filter.
    Get,
    /// An rpc or action of a module; all paths lead into it.
    Call,
}

/// What is done at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Edit {
    /// Merge, NETCONF's default.
    Set,
    /// `operation="replace"`
    Replace,
    /// `operation="create"`: fails if it is there.
    Create,
    /// `operation="delete"`: fails if it is not there.
    Delete,
    /// `operation="remove"`
    Remove,
}

impl Edit {
    /// The attribute's value; `None` for the default.
    fn operation(self) -> Option<&'static str> {
        match self {
            Self::Set => None,
            Self::Replace => Some("replace"),
            Self::Create => Some("create"),
            Self::Delete => Some("delete"),
            Self::Remove => Some("remove"),
        }
    }

    fn is_removal(self) -> bool {
        matches!(self, Self::Delete | Self::Remove)
    }
}

/// One thing in the input that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{input}: {message}")]
#[non_exhaustive]
pub struct BuildProblem {
    /// The `path=value` at fault, or a path in the built data.
    pub input: String,
    /// What is wrong, and what was expected.
    pub message: String,
}

/// Builds an RPC; made by [`Schema::rpc`].
#[derive(Debug, Clone)]
pub struct RpcBuilder<'s> {
    schema: &'s Schema,
    kind: RpcKind,
    edits: Vec<(Edit, String)>,
}

/// A built RPC.
#[derive(Debug, Clone)]
pub struct Rpc<'s> {
    schema: &'s Schema,
    kind: RpcKind,
    forest: Forest,
}

impl Schema {
    /// Begins an RPC.
    ///
    /// ```
    /// use yang_schema::{CompileOptions, ModuleSet, build::{RpcKind, Store}};
    /// # let mut set = ModuleSet::new();
    /// # set.add_text("p.yang", r#"module port { namespace "urn:p"; prefix p;
    /// #   list port { key name; leaf name { type string; } leaf mtu { type uint16; } } }"#)?;
    /// let schema = set.compile(&CompileOptions::new())?;
    /// let rpc = schema
    ///     .rpc(RpcKind::EditConfig { target: Store::Running, test: None })
    ///     .set("/port[name='1/0/5']/mtu=2000")
    ///     .remove("/port[name='1/0/6']")
    ///     .build()
    ///     .map_err(|problems| problems[0].to_string())?;
    /// assert_eq!(
    ///     rpc.data(),
    ///     "<port xmlns=\"urn:p\">\n  <name>1/0/5</name>\n  <mtu>2000</mtu>\n</port>\n\
    ///      <port xmlns=\"urn:p\" xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" nc:operation=\"remove\">\n  \
    ///      <name>1/0/6</name>\n</port>\n"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn rpc(&self, kind: RpcKind) -> RpcBuilder<'_> {
        RpcBuilder { schema: self, kind, edits: Vec::new() }
    }
}

impl<'s> RpcBuilder<'s> {
    /// Adds `path=value`, or a `path` alone: an entry, a presence container, an empty leaf; in a filter or call
    /// whatever it leads to, as a whole. Blanks at the end of a value are part of it. Names as values (identities) carry their module's name or prefix.
    #[must_use]
    pub fn set(self, input: impl Into<String>) -> Self {
        self.edit(Edit::Set, input)
    }

    /// Adds a path to be removed if it is there.
    #[must_use]
    pub fn remove(self, input: impl Into<String>) -> Self {
        self.edit(Edit::Remove, input)
    }

    /// Adds `path=value` or a `path` with an operation.
    #[must_use]
    pub fn edit(mut self, edit: Edit, input: impl Into<String>) -> Self {
        self.edits.push((edit, input.into()));
        self
    }

    /// Puts it together and checks it against the model.
    ///
    /// # Errors
    /// Everything in the input that is wrong.
    pub fn build(self) -> Result<Rpc<'s>, Vec<BuildProblem>> {
        let mut forest = Forest::default();
        let mut problems = Vec::new();
        for (edit, input) in &self.edits {
            let problem = |message: String| BuildProblem { input: input.clone(), message };
            if *edit != Edit::Set && !matches!(self.kind, RpcKind::EditConfig { .. }) {
                problems.push(problem("operations belong to an edit-config".to_owned()));
                continue;
            }
            if let Err(message) = forest.add(self.schema, self.kind, *edit, input) {
                problems.push(problem(message));
            }
        }
        if self.edits.is_empty() && !matches!(self.kind, RpcKind::Get | RpcKind::GetConfig { .. }) {
            let message = "nothing is asked for: at least one path is needed".to_owned();
            problems.push(BuildProblem { input: "rpc".to_owned(), message });
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        match self.kind {
            RpcKind::Call => forest.order(self.schema),
            RpcKind::Get | RpcKind::GetConfig { .. } => forest.select_whole(),
            RpcKind::EditConfig { .. } => {}
        }
        let rpc = Rpc { schema: self.schema, kind: self.kind, forest };
        let problems = rpc.check();
        if problems.is_empty() { Ok(rpc) } else { Err(problems) }
    }
}

impl Rpc<'_> {
    /// Which RPC it is.
    #[must_use]
    pub fn kind(&self) -> RpcKind {
        self.kind
    }

    /// The data alone: what stands in `<config>` or `<filter>`, or the rpc's own element.
    #[must_use]
    pub fn data(&self) -> String {
        self.data_at(0)
    }

    fn data_at(&self, depth: usize) -> String {
        let mut out = String::new();
        for top in &self.forest.tops {
            xml::write(self.schema, top, "", depth, &mut out);
        }
        out
    }

    /// The operation: what stands in `<rpc>`.
    #[must_use]
    pub fn operation(&self) -> String {
        self.operation_at(0)
    }

    fn operation_at(&self, depth: usize) -> String {
        let pad = "  ".repeat(depth);
        let filter = || match self.forest.tops.is_empty() {
            true => String::new(),
            false => {
                format!("{pad}  <filter type=\"subtree\">\n{}{pad}  </filter>\n", self.data_at(depth + 2))
            }
        };
        let store = |role: &str, store: Store| {
            format!("{pad}  <{role}>\n{pad}    <{}/>\n{pad}  </{role}>\n", store.as_str())
        };
        let enclosed = |name: &str, namespace: &str, inner: String| {
            format!("{pad}<{name} xmlns=\"{namespace}\">\n{inner}{pad}</{name}>\n")
        };
        match self.kind {
            RpcKind::EditConfig { target, test } => {
                let test = test.map(|test| format!("{pad}  <test-option>{}</test-option>\n", test.as_str()));
                let config = format!("{pad}  <config>\n{}{pad}  </config>\n", self.data_at(depth + 2));
                let inner = store("target", target) + &test.unwrap_or_default() + &config;
                enclosed("edit-config", NETCONF_NAMESPACE, inner)
            }
            RpcKind::GetConfig { source } => {
                enclosed("get-config", NETCONF_NAMESPACE, store("source", source) + &filter())
            }
            RpcKind::Get => enclosed("get", NETCONF_NAMESPACE, filter()),
            RpcKind::Call if self.is_action() => enclosed("action", YANG_NAMESPACE, self.data_at(depth + 1)),
            RpcKind::Call => self.data_at(depth),
        }
    }

    /// The whole `<rpc>` message.
    #[must_use]
    pub fn message(&self, message_id: &str) -> String {
        let id = quick_xml::escape::escape(message_id);
        format!("<rpc xmlns=\"{NETCONF_NAMESPACE}\" message-id=\"{id}\">\n{}</rpc>\n", self.operation_at(1))
    }

    fn is_action(&self) -> bool {
        let top = self.forest.tops.first();
        top.is_some_and(|top| self.schema.nodes[top.node as usize].kind != NodeKind::Rpc)
    }

    /// What the model has against it.
    fn check(&self) -> Vec<BuildProblem> {
        let xml = format!("<config>{}</config>", self.data());
        let document = match roxmltree::Document::parse(&xml) {
            Ok(document) => document,
            Err(error) => {
                return vec![BuildProblem { input: "rpc".to_owned(), message: error.to_string() }];
            }
        };
        let config = document.root_element();
        let options = ValidateOptions::new();
        let found = match self.kind {
            RpcKind::EditConfig { .. } => self.schema.validate_edit_config(config, &options),
            RpcKind::Call => match config.first_element_child() {
                Some(rpc) => self.schema.validate_rpc(rpc, &options),
                None => Vec::new(),
            },
            // values in filters were checked one by one
            _ => Vec::new(),
        };
        let mut problems: Vec<BuildProblem> = found
            .into_iter()
            .map(|problem| BuildProblem {
                message: match problem.allowed {
                    Some(allowed) => format!("{}; expected {allowed}", problem.message),
                    None => problem.message,
                },
                input: problem.path,
            })
            .collect();
        if matches!(self.kind, RpcKind::Call) && self.forest.tops.len() > 1 {
            let message = "one rpc or action at a time".to_owned();
            problems.push(BuildProblem { input: "rpc".to_owned(), message });
        }
        problems
    }
}

/// Splits `path=value` at the `=` that stands outside of predicates.
pub(crate) fn split(input: &str) -> (&str, Option<&str>) {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in input.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if depth > 0 => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, '=') if depth == 0 => return (&input[..at], Some(&input[at + 1..])),
            _ => {}
        }
    }
    (input, None)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_value_begins_after_the_equals_sign_outside_of_predicates() {
        assert_eq!(split("/a/b=c=d"), ("/a/b", Some("c=d")));
        assert_eq!(split("/a[b='x]=y']/c"), ("/a[b='x]=y']/c", None));
        assert_eq!(split("/a[b=\"'\"]/c="), ("/a[b=\"'\"]/c", Some("")));
    }
}
