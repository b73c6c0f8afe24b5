//! Paths as people write them, to nodes: `/module:top/list[key='value']/leaf`.

use crate::instance::{self, Step};
use crate::schema::{Node, NodeKind, Schema};
use crate::syntax::argument::Name;
use crate::validate::nearest;
use crate::value::shown;

/// Why a path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It is not a path.
    #[error("\"{path}\" is not a path: {why}")]
    Syntax {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A step names a node that is not there.
    #[error("there is no {step} {place}; {hint}")]
    NotFound {
        /// The step at fault.
        step: String,
        /// Where it was looked for: `in /port:port` or `at the top level`.
        place: String,
        /// What there is instead.
        hint: String,
    },
    /// A step without a module names nodes of several modules.
    #[error("{step} is in several modules: {}", modules.join(", "))]
    Ambiguous {
        /// The step at fault.
        step: String,
        /// The modules that have it.
        modules: Vec<String>,
    },
}

impl Schema {
    /// The node that a path leads to.
    ///
    /// Steps are data nodes, `input` and `output` of operations included or left out; choices and cases may be
    /// named as well. A step may carry its module's name or prefix, and must where several modules have it.
    /// Predicates are read over.
    ///
    /// # Errors
    /// [`PathError`], with what there is instead.
    ///
    /// ```
    /// # let mut set = yang_schema::ModuleSet::new();
    /// # set.add_text("a.yang", "module a { namespace urn:a; prefix a; container c { leaf mtu { type uint16; } } }")?;
    /// # let schema = set.compile(&yang_schema::CompileOptions::new())?;
    /// assert_eq!(schema.find("/c/mtu")?.data_path(), "/a:c/mtu");
    /// assert_eq!(schema.find("/c/mtv").unwrap_err().to_string(), "there is no mtv in /a:c; mtu, perhaps");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn find(&self, path: &str) -> Result<Node<'_>, PathError> {
        let text = path.trim();
        if text == "/" {
            return Ok(self.root());
        }
        let mut node = self.root();
        for step in parse(text)? {
            node = below(node, &step.name)?;
        }
        Ok(node)
    }
}

/// The steps of a path; the first `/` may be missing.
pub(crate) fn parse(path: &str) -> Result<Vec<Step>, PathError> {
    let text = path.trim();
    let absolute = if text.starts_with('/') { text.to_owned() } else { format!("/{text}") };
    instance::parse(absolute.trim_end_matches('/'))
        .map_err(|why| PathError::Syntax { path: path.to_owned(), why })
}

/// The node below another that a step names.
pub(crate) fn below<'s>(parent: Node<'s>, step: &str) -> Result<Node<'s>, PathError> {
    let (prefix, name) = Name::split(step);
    let fits = |node: &Node<'s>| node.name() == name && prefix.is_none_or(|prefix| is_module(*node, prefix));
    let mut found: Vec<Node<'s>> = parent.data_children().filter(fits).collect();
    if found.is_empty() && matches!(parent.kind(), NodeKind::Rpc | NodeKind::Action) {
        // input may be left out
        found = parent.children().filter(|child| child.kind() == NodeKind::Input).collect();
        found = found.iter().flat_map(|input| input.data_children()).filter(fits).collect();
    }
    if found.is_empty() {
        found = parent.children().filter(fits).collect();
    }
    let own: Vec<Node<'s>> =
        found.iter().copied().filter(|node| parent.id != 0 && node.module() == parent.module()).collect();
    match (found.as_slice(), own.as_slice()) {
        ([only], _) | (_, [only]) => Ok(*only),
        ([], _) => Err(missing(parent, step, name)),
        _ => Err(PathError::Ambiguous {
            step: step.to_owned(),
            modules: found.iter().map(|node| node.module().name().to_owned()).collect(),
        }),
    }
}

/// Whether a node's module has this name or prefix.
fn is_module(node: Node<'_>, prefix: &str) -> bool {
    let module = node.module();
    module.name() == prefix || module.prefix() == prefix
}

fn missing(parent: Node<'_>, step: &str, name: &str) -> PathError {
    let place =
        if parent.id == 0 { "at the top level".to_owned() } else { format!("in {}", parent.data_path()) };
    let names = || parent.data_children().map(|child| child.name());
    let hint = match nearest(name, names()) {
        Some(near) if near == name => format!("{near} is there in another module"),
        Some(near) => format!("{near}, perhaps"),
        None if parent.kind().has_value() => "a leaf has nothing below it".to_owned(),
        None => format!("there are: {}", shown(names())),
    };
    PathError::NotFound { step: step.to_owned(), place, hint }
}
