//! Defaults that are not in the data: which of them are in use (RFC 7950 sections 7.6.1 and 7.7.2), and their values.

use roxmltree::Node as Xml;

use super::complete::{is_there, present_nodes};
use crate::schema::{Node, NodeKind};
use crate::syntax::argument::Name;
use crate::value::default_fit;

/// Whether the default at the end of a way is in use; the way leads down from an element that lacks its first node. `None` where only a
/// `when` can say.
pub(super) fn default_is_used<'s>(holder: Xml<'_, '_>, way: &[Node<'s>]) -> Option<bool> {
    let (_, above) = way.split_last()?;
    // only containers that mean nothing by themselves count as there
    if above.iter().any(|node| node.kind() != NodeKind::Container || node.is_presence()) {
        return Some(false);
    }
    let holders = std::iter::once(Some(holder)).chain(std::iter::repeat(None));
    if way.iter().zip(holders).any(|(node, holder)| !is_of_chosen_cases(*node, holder)) {
        return Some(false);
    }
    let choices = |node: Node<'s>| node.cases().flat_map(|(choice, case)| [choice, case]);
    let mut all = way.iter().flat_map(|node| std::iter::once(*node).chain(choices(*node)));
    all.all(|node| node.whens().is_empty()).then_some(true)
}

/// Whether the cases that a node belongs to are those that an element has nodes of, or the default ones where it has none.
fn is_of_chosen_cases(node: Node<'_>, holder: Option<Xml<'_, '_>>) -> bool {
    let mut cases = node.cases().peekable();
    if cases.peek().is_none() {
        return true;
    }
    let parent = node.data_parent();
    let present =
        holder.zip(parent).map(|(holder, parent)| present_nodes(holder, parent)).unwrap_or_default();
    let has = |wanted: Node<'_>| {
        let mut inside = present.iter().filter(|(_, node)| node.ancestors().any(|above| above == wanted));
        inside.any(|(element, node)| is_there(*element, *node))
    };
    for (choice, case) in cases {
        if has(case) {
            return true;
        }
        if has(choice) || !is_default_case(choice, case) {
            return false;
        }
    }
    true
}

/// Whether a choice's default is this case of it.
pub(super) fn is_default_case(choice: Node<'_>, case: Node<'_>) -> bool {
    choice.defaults().first().is_some_and(|name| Name::split(name).1 == case.name())
}

/// A leaf's defaults as values are compared: `0x10` is `16`, and names have their modules.
pub(super) fn default_values(node: Node<'_>) -> Vec<String> {
    let value = |at| {
        let fit = node.def().ty.and_then(|ty| default_fit(node.schema, node.id, ty, at).ok());
        fit.map_or_else(|| node.schema.arg(at).to_owned(), |fit| fit.text)
    };
    node.default_statements().into_iter().map(value).collect()
}
