//! What changed between two releases of a module set, and what of it can break a client.
//!
//! Nodes are compared by their data paths; a node that moved to another path was removed and added. The verdict
//! follows RFC 7950 section 11: what that section lets a module change is compatible, everything else may break.

mod identities;
mod node;
mod types;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use crate::schema::{Node, NodeKind, Schema};
use identities::Moved;

/// How much a client has to fear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    /// Only texts changed.
    Editorial,
    /// What was right before is right now.
    Compatible,
    /// What was right before may be wrong now, or mean something else.
    Breaking,
}

/// What happened to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// It is new, and all that is below it.
    Added,
    /// It is gone, and all that was below it.
    Removed,
    /// It is there in both, and differs in something.
    Changed,
}

/// One change of one node.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The node's data path.
    pub path: String,
    /// What it is: the node's kind, as it is now or was.
    pub node: NodeKind,
    /// What changed about it: `type`, `default`, `mandatory`, …; empty if it was added or removed.
    pub what: String,
    /// Before, as text.
    pub before: Option<String>,
    /// After, as text.
    pub after: Option<String>,
    /// How many nodes were added or removed with it, itself included.
    pub nodes: usize,
    /// How much a client has to fear.
    pub impact: Impact,
}

/// A module that came, went or has another revision.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ModuleChange {
    /// Name.
    pub name: String,
    /// Revision before; `None` if it was not there, empty if it stated none.
    pub before: Option<String>,
    /// Revision after, likewise.
    pub after: Option<String>,
}

/// What changed between two module sets.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[non_exhaustive]
pub struct SchemaDiff {
    /// Modules that came, went or have another revision, by name.
    pub modules: Vec<ModuleChange>,
    /// Changes of nodes, in the order of the tree.
    pub changes: Vec<Change>,
}

impl SchemaDiff {
    /// Compares two module sets. Changes that are only editorial are left out unless asked for.
    #[must_use]
    pub fn between(before: &Schema, after: &Schema, editorial: bool) -> Self {
        let mut diff = Self { modules: modules(before, after), changes: Vec::new() };
        diff.below(before.root(), after.root(), &Moved::between(before, after));
        if !editorial {
            diff.changes.retain(|change| change.impact != Impact::Editorial);
        }
        diff
    }

    /// The worst of all changes; `None` if there are none.
    #[must_use]
    pub fn impact(&self) -> Option<Impact> {
        self.changes.iter().map(|change| change.impact).max()
    }

    /// Compares the choices and cases of one place; the ways to those that were there.
    fn choices<'b>(&mut self, before: Node<'b>, after: Node<'_>) -> HashSet<Vec<(&'b str, &'b str)>> {
        let then: HashMap<Vec<(&str, &str)>, Node<'b>> =
            alternatives(before).into_iter().map(|node| (way_to(node), node)).collect();
        for now in alternatives(after) {
            if let Some(before) = then.get(&way_to(now)).filter(|before| before.kind() == now.kind()) {
                node::compare_alternatives(*before, now, &mut self.changes);
            }
        }
        then.into_keys().collect()
    }

    fn below(&mut self, before: Node<'_>, after: Node<'_>, moved: &Moved) {
        type Key<'s> = (&'s str, &'s str);
        fn key<'s>(node: &Node<'s>) -> Key<'s> {
            (node.module().name(), node.name())
        }
        let known = self.choices(before, after);
        let now: HashMap<Key<'_>, Node<'_>> =
            steps(after).into_iter().map(|node| (key(&node), node)).collect();
        let old = steps(before);
        let then: HashMap<Key<'_>, Node<'_>> = old.iter().map(|node| (key(node), *node)).collect();
        for node in old {
            match now.get(&key(&node)) {
                Some(now) => {
                    node::compare(node, *now, moved, &mut self.changes);
                    self.below(node, *now, moved);
                }
                None => self.changes.push(whole(ChangeKind::Removed, node, false)),
            }
        }
        for node in steps(after) {
            if !then.contains_key(&key(&node)) {
                // what a new case demands is demanded of nobody who does not choose it
                let is_of_new_case = node.cases().any(|(_, case)| !known.contains(&way_to(case)));
                self.changes.push(whole(ChangeKind::Added, node, !is_of_new_case && is_demanded(node)));
            }
        }
    }
}

/// Choices and cases below a node, down to the next nodes that data has.
fn alternatives(node: Node<'_>) -> Vec<Node<'_>> {
    let is_one = |node: &Node<'_>| matches!(node.kind(), NodeKind::Choice | NodeKind::Case);
    let mut found: Vec<Node<'_>> = node.children().filter(is_one).collect();
    let mut next = 0;
    while let Some(node) = found.get(next).copied() {
        found.extend(node.children().filter(is_one));
        next += 1;
    }
    found
}

/// The choices and cases between a node above that data has and one of them, itself included.
fn way_to(node: Node<'_>) -> Vec<(&str, &str)> {
    let above =
        node.ancestors().take_while(|above| matches!(above.kind(), NodeKind::Choice | NodeKind::Case));
    std::iter::once(node).chain(above).map(|node| (node.module().name(), node.name())).collect()
}

/// The nodes below as data has them; the input and output of operations too.
fn steps<'s>(node: Node<'s>) -> Vec<Node<'s>> {
    node.data_children().collect()
}

/// A node that came or went with all below it.
fn whole(kind: ChangeKind, node: Node<'_>, demanded: bool) -> Change {
    Change {
        kind,
        path: node.data_path(),
        node: node.kind(),
        what: String::new(),
        before: None,
        after: demanded.then(|| "mandatory".to_owned()),
        nodes: count(node),
        impact: if kind == ChangeKind::Removed || demanded { Impact::Breaking } else { Impact::Compatible },
    }
}

/// Whether data or input without a new node is no longer right (RFC 7950 section 11: "new mandatory nodes").
fn is_demanded(node: Node<'_>) -> bool {
    // a client neither writes state nor output
    let written = node.is_config() || node.ancestors().any(|above| above.kind() == NodeKind::Input);
    let parent_is_new_operation =
        matches!(node.kind(), NodeKind::Rpc | NodeKind::Action | NodeKind::Notification);
    written && !parent_is_new_operation && demands(node)
}

fn demands(node: Node<'_>) -> bool {
    match node.kind() {
        NodeKind::List | NodeKind::LeafList => node.min_elements() > 0,
        NodeKind::Container => !node.is_presence() && node.children().any(demands),
        NodeKind::Leaf | NodeKind::Choice | NodeKind::Anydata | NodeKind::Anyxml => node.is_mandatory(),
        _ => false,
    }
}

fn count(node: Node<'_>) -> usize {
    1 + node.data_children().map(count).sum::<usize>()
}

fn modules(before: &Schema, after: &Schema) -> Vec<ModuleChange> {
    let revisions = |schema: &Schema| -> BTreeMap<String, String> {
        schema
            .modules()
            .map(|module| (module.name().to_owned(), module.revision().unwrap_or_default().to_owned()))
            .collect()
    };
    let (before, after) = (revisions(before), revisions(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| ModuleChange {
            name: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

impl fmt::Display for ModuleChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let revision = |revision: &str| match revision.is_empty() {
            true => "no revision".to_owned(),
            false => revision.to_owned(),
        };
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                write!(f, "~ module {}: {} -> {}", self.name, revision(before), revision(after))
            }
            (Some(before), None) => write!(f, "- module {} ({})", self.name, revision(before)),
            (_, after) => {
                write!(f, "+ module {} ({})", self.name, revision(after.as_deref().unwrap_or_default()))
            }
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.impact == Impact::Breaking { " !" } else { "" };
        let kind = self.node.keyword();
        let more = match self.nodes {
            0 | 1 => String::new(),
            nodes => format!(", {nodes} nodes"),
        };
        match self.kind {
            ChangeKind::Removed => write!(f, "-{mark} {} ({kind}{more})", self.path),
            ChangeKind::Added => {
                let demanded = if self.after.is_some() { ", mandatory" } else { "" };
                write!(f, "+{mark} {} ({kind}{demanded}{more})", self.path)
            }
            ChangeKind::Changed => {
                let side = |text: &Option<String>| text.as_deref().unwrap_or("(none)").to_owned();
                let (before, after) = (side(&self.before), side(&self.after));
                write!(f, "~{mark} {}: {} {before} -> {after}", self.path, self.what)
            }
        }
    }
}

impl fmt::Display for SchemaDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.modules.iter().try_for_each(|change| writeln!(f, "{change}"))?;
        self.changes.iter().try_for_each(|change| writeln!(f, "{change}"))
    }
}
