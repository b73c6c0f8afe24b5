//! A node's page: everything the model says about it, to be printed or sent as JSON.

mod text;
mod types;

use crate::diagram;
use crate::error::Location;
use crate::schema::{Node, NodeKind, Status};

pub(crate) use types::intervals;
pub use types::{NamedValue, TypePage};

/// Everything the model says about a node.
///
/// Its [`Display`](std::fmt::Display) is the page for a terminal; serialised it is one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct NodePage {
    /// Path in data, with module names where the module changes.
    pub path: String,
    /// Path in data with a prefix at every step and predicates for the keys: `/p:port[p:name='…']/p:mtu`.
    pub xpath: String,
    /// The path below RESTCONF's `data` resource (RFC 8040 section 3.5.3), keys as `{name}`.
    pub restconf: String,
    /// Path of schema nodes, with choices and cases.
    pub schema_path: String,
    /// Name.
    pub name: String,
    /// The module whose namespace it is in.
    pub module: String,
    /// That module's revision.
    pub revision: Option<String>,
    /// That module's namespace.
    pub namespace: String,
    /// Kind.
    pub kind: NodeKind,
    /// Whether it is configuration.
    pub config: bool,
    /// Whether it must be there.
    pub mandatory: bool,
    /// Whether it is a key of the list above.
    pub is_key: bool,
    /// Whether entries keep the order the user gives.
    pub user_ordered: bool,
    /// What its presence means, for a container that has a meaning by itself.
    pub presence: Option<String>,
    /// What it may hold.
    #[serde(rename = "type")]
    pub ty: Option<TypePage>,
    /// Units.
    pub units: Option<String>,
    /// Defaults, as the model writes them.
    pub defaults: Vec<String>,
    /// A list's keys.
    pub keys: Vec<String>,
    /// A list's `unique` statements.
    pub uniques: Vec<String>,
    /// Fewest entries.
    pub min_elements: u32,
    /// Most entries; `None` is unbounded.
    pub max_elements: Option<u32>,
    /// The choice it belongs to and the case, innermost first: nodes of other cases exclude it.
    pub cases: Vec<(String, String)>,
    /// `must` expressions, evaluated by the device.
    pub musts: Vec<String>,
    /// `when` expressions, evaluated by the device.
    pub whens: Vec<String>,
    /// `if-feature` expressions of its own statement.
    pub if_features: Vec<String>,
    /// Status.
    pub status: Status,
    /// Description.
    pub description: Option<String>,
    /// Reference.
    pub reference: Option<String>,
    /// Where it is defined.
    pub defined_at: Option<Location>,
    /// Where the augment stands that added it, or a node above it.
    pub augmented_from: Option<Location>,
    /// The nodes below, as data has them.
    pub children: Vec<ChildLine>,
}

/// A node below the one a page is about.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ChildLine {
    /// Name, with its module's if that differs from the parent's.
    pub name: String,
    /// Kind.
    pub kind: NodeKind,
    /// The type as the model names it.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// Whether it is configuration.
    pub config: bool,
    /// The first sentence of its description.
    pub description: Option<String>,
}

impl Node<'_> {
    /// Everything the model says about the node.
    #[must_use]
    pub fn page(&self) -> NodePage {
        let owned = |text: &str| text.to_owned();
        NodePage {
            path: self.data_path(),
            xpath: xpath(*self),
            restconf: restconf(*self),
            schema_path: self.schema_path(),
            name: owned(self.name()),
            module: owned(self.module().name()),
            revision: self.module().revision().map(owned),
            namespace: owned(self.namespace()),
            kind: self.kind(),
            config: self.is_config(),
            mandatory: self.is_mandatory(),
            is_key: self.is_key(),
            user_ordered: self.is_user_ordered(),
            presence: self.presence().map(owned),
            ty: self.ty().map(|ty| types::page(*self, ty)),
            units: self.units().map(owned),
            defaults: self.defaults().into_iter().map(owned).collect(),
            keys: self.keys().map(|key| owned(key.name())).collect(),
            uniques: self.uniques().map(owned).collect(),
            min_elements: self.min_elements(),
            max_elements: self.max_elements(),
            cases: self.cases().map(|(choice, case)| (owned(choice.name()), owned(case.name()))).collect(),
            musts: self.musts().map(owned).collect(),
            whens: self.whens().into_iter().map(owned).collect(),
            if_features: diagram::features(*self).into_iter().map(owned).collect(),
            status: self.status(),
            description: self.description().map(owned),
            reference: self.reference().map(owned),
            defined_at: self.location(),
            augmented_from: self.augmented_from(),
            children: self.data_children().map(|child| child_line(*self, child)).collect(),
        }
    }
}

fn child_line(parent: Node<'_>, child: Node<'_>) -> ChildLine {
    let module = child.module();
    let name = match parent.id != 0 && parent.module() == module {
        true => child.name().to_owned(),
        false => format!("{}:{}", module.name(), child.name()),
    };
    ChildLine {
        name,
        kind: child.kind(),
        ty: diagram::type_name(child),
        config: child.is_config(),
        description: child.description().map(first_sentence),
    }
}

/// A text up to its first full stop or blank line, on one line.
fn first_sentence(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => line,
    }
}

/// The nodes of a data path, top first.
fn data_steps(node: Node<'_>) -> Vec<Node<'_>> {
    let mut steps: Vec<Node<'_>> = std::iter::once(node)
        .chain(node.ancestors())
        .filter(|node| node.id != 0 && !matches!(node.kind(), NodeKind::Choice | NodeKind::Case))
        .collect();
    steps.reverse();
    steps
}

fn xpath(node: Node<'_>) -> String {
    let mut out = String::new();
    for step in data_steps(node) {
        let prefix = step.module().prefix();
        out.push_str(&format!("/{prefix}:{}", step.name()));
        if step != node {
            for key in step.keys() {
                out.push_str(&format!("[{prefix}:{}='…']", key.name()));
            }
        }
    }
    if out.is_empty() { "/".to_owned() } else { out }
}

fn restconf(node: Node<'_>) -> String {
    let mut out = String::new();
    let mut module = None;
    for step in data_steps(node) {
        out.push('/');
        if module != Some(step.module()) {
            out.push_str(&format!("{}:", step.module().name()));
            module = Some(step.module());
        }
        out.push_str(step.name());
        let keys: Vec<String> = step.keys().map(|key| format!("{{{}}}", key.name())).collect();
        if !keys.is_empty() {
            out.push_str(&format!("={}", keys.join(",")));
        } else if step.kind() == NodeKind::LeafList {
            out.push_str("={value}");
        }
    }
    out.trim_start_matches('/').to_owned()
}
