//! Finds a child by its name in time that does not grow with the number of its siblings.

use std::collections::HashMap;

use super::Compiler;
use crate::schema::{ModuleId, NodeData, Sym};

/// Siblings that are looked at one by one, before an index of all is made.
const NEAR: usize = 16;

/// The children of the nodes that have many and were searched, each list indexed as far as it was long at the last search.
#[derive(Default)]
pub(super) struct Siblings(HashMap<u32, Index>);

impl Siblings {
    /// Forgets what is known of the children of nodes from this one on, which were taken away.
    pub(super) fn forget(&mut self, from: u32) {
        self.0.retain(|parent, _| *parent < from);
    }
}

#[derive(Default)]
struct Index {
    /// The last child that is in the index; 0 if none is.
    last: u32,
    by_name: HashMap<(ModuleId, Sym), u32>,
    /// The child before each; 0 before the first.
    before: HashMap<u32, u32>,
}

impl Index {
    /// Takes in the children that were added since; they are always added at the end.
    fn catch_up(&mut self, nodes: &[NodeData], parent: u32) {
        let mut node = match self.last {
            0 => nodes[parent as usize].first_child,
            last => nodes[last as usize].next,
        };
        while node != 0 {
            let data = &nodes[node as usize];
            self.by_name.entry((data.module, data.name)).or_insert(node);
            self.before.insert(node, self.last);
            self.last = node;
            node = data.next;
        }
    }
}

impl Compiler<'_> {
    /// The first child of `parent` with this name, `from` or one of those after it.
    pub(super) fn named_child(&mut self, parent: u32, from: u32, module: ModuleId, name: Sym) -> Option<u32> {
        let nodes = &self.schema.nodes;
        let mut candidate = from;
        for _ in 0..NEAR {
            if candidate == 0 {
                return None;
            }
            let node = &nodes[candidate as usize];
            if node.name == name && node.module == module {
                return Some(candidate);
            }
            candidate = node.next;
        }
        let index = self.siblings.0.entry(parent).or_default();
        index.catch_up(nodes, parent);
        // What was added later has a higher number.
        index.by_name.get(&(module, name)).copied().filter(|found| *found >= from)
    }

    /// Takes a node out of the list of its parent's children.
    pub(super) fn take_from_siblings(&mut self, node: u32) {
        let data = self.schema.nodes[node as usize];
        let before = self.sibling_before(node, data.parent);
        let nodes = &mut self.schema.nodes;
        if before == 0 {
            nodes[data.parent as usize].first_child = data.next;
        } else {
            nodes[before as usize].next = data.next;
        }
        if nodes[data.parent as usize].last_child == node {
            nodes[data.parent as usize].last_child = before;
        }
        let Some(index) = self.siblings.0.get_mut(&data.parent) else { return };
        if index.before.remove(&node).is_none() {
            return;
        }
        if index.last == node {
            index.last = before;
        }
        if let Some(before_next) = index.before.get_mut(&data.next) {
            *before_next = before;
        }
        let key = (data.module, data.name);
        if index.by_name.get(&key) == Some(&node) {
            index.by_name.remove(&key);
        }
    }

    /// The child before this one; 0 if it is the first.
    fn sibling_before(&mut self, node: u32, parent: u32) -> u32 {
        let nodes = &self.schema.nodes;
        let (mut before, mut next) = (0, nodes[parent as usize].first_child);
        for _ in 0..NEAR {
            if next == node || next == 0 {
                return before;
            }
            (before, next) = (next, nodes[next as usize].next);
        }
        let index = self.siblings.0.entry(parent).or_default();
        index.catch_up(nodes, parent);
        index.before.get(&node).copied().unwrap_or(0)
    }
}
