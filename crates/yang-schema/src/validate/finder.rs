//! Children of elements by what they are and by the values of their keys, each gathered once: what refers to the entries of a list may be as
//! many as they.

use std::collections::HashMap;
use std::rc::Rc;

use roxmltree::{Node as Xml, NodeId};

use super::references::canonical_text;
use super::walk::is_named;
use crate::schema::Node;

/// Most combinations of values that are looked up; where there are more, the entries are looked through.
const MAX_COMBINED: usize = 64;

type Elements<'d, 'i> = Rc<[Xml<'d, 'i>]>;
/// Entries by the values of some of their leafs.
type Keyed<'d, 'i> = Rc<HashMap<Vec<String>, Vec<Xml<'d, 'i>>>>;

#[derive(Default)]
pub(super) struct Finder<'d, 'i> {
    children: HashMap<(NodeId, u32), Elements<'d, 'i>>,
    keyed: HashMap<(NodeId, u32, Vec<u32>), Keyed<'d, 'i>>,
    /// Elements looked at so far, to gather or to compare them.
    pub(super) looked_at: usize,
}

impl<'d, 'i> Finder<'d, 'i> {
    /// The instances of a node among an element's children.
    pub(super) fn children(&mut self, parent: Xml<'d, 'i>, node: Node<'_>) -> Elements<'d, 'i> {
        if let Some(known) = self.children.get(&(parent.id(), node.id)) {
            return known.clone();
        }
        let looked_at = &mut self.looked_at;
        let seen = parent.children().inspect(|_| *looked_at += 1);
        let found: Elements<'d, 'i> = seen.filter(|child| is_named(*child, node)).collect();
        self.children.insert((parent.id(), node.id), found.clone());
        found
    }

    /// Those of them that have, for each of some leafs (or themselves), one of the values.
    pub(super) fn entries(
        &mut self,
        parent: Xml<'d, 'i>,
        node: Node<'_>,
        keys: &[(Node<'_>, &[String])],
    ) -> Vec<Xml<'d, 'i>> {
        if keys.is_empty() {
            return self.children(parent, node).to_vec();
        }
        let combined = keys.iter().map(|(_, values)| values.len()).try_fold(1, usize::checked_mul);
        if combined.is_none_or(|combined| combined > MAX_COMBINED) {
            return self.looked_through(parent, node, keys);
        }
        let keyed = self.keyed(parent, node, keys);
        let mut wanted: Vec<Vec<String>> = vec![Vec::new()];
        for (_, values) in keys {
            let longer = |before: Vec<String>| {
                values.iter().map(move |value| before.iter().chain([value]).cloned().collect())
            };
            wanted = wanted.into_iter().flat_map(longer).collect();
        }
        let found: Vec<_> = wanted.iter().filter_map(|values| keyed.get(values)).flatten().copied().collect();
        self.looked_at += wanted.len() + found.len();
        found
    }

    fn keyed(
        &mut self,
        parent: Xml<'d, 'i>,
        node: Node<'_>,
        keys: &[(Node<'_>, &[String])],
    ) -> Keyed<'d, 'i> {
        let place = (parent.id(), node.id, keys.iter().map(|(key, _)| key.id).collect::<Vec<_>>());
        if let Some(known) = self.keyed.get(&place) {
            return known.clone();
        }
        let mut entries: HashMap<Vec<String>, Vec<Xml<'d, 'i>>> = HashMap::new();
        for child in self.children(parent, node).iter() {
            let values: Option<Vec<String>> =
                keys.iter().map(|(key, _)| self.value(*child, node, *key)).collect();
            if let Some(values) = values {
                entries.entry(values).or_default().push(*child);
            }
        }
        let entries = Rc::new(entries);
        self.keyed.insert(place, entries.clone());
        entries
    }

    fn looked_through(
        &mut self,
        parent: Xml<'d, 'i>,
        node: Node<'_>,
        keys: &[(Node<'_>, &[String])],
    ) -> Vec<Xml<'d, 'i>> {
        let mut found = self.children(parent, node).to_vec();
        found.retain(|child| {
            keys.iter().all(|(key, values)| {
                self.value(*child, node, *key).is_some_and(|value| values.contains(&value))
            })
        });
        found
    }

    /// The value of an entry's leaf, or of the entry itself where that is a leaf-list's.
    fn value(&mut self, entry: Xml<'d, 'i>, node: Node<'_>, key: Node<'_>) -> Option<String> {
        self.looked_at += 1;
        let leaf = match key == node {
            true => Some(entry),
            false => entry.children().find(|child| is_named(*child, key)),
        };
        canonical_text(leaf?, key)
    }
}
