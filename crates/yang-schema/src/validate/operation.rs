//! What is sent: an rpc, or an action or notification with the nodes that lead to it.

use roxmltree::Node as Xml;

use super::problem::{ErrorTag, ProblemKind};
use super::walk::{Operation, Walker};
use crate::schema::{Node, NodeKind};

/// What stands at the end of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    /// An rpc, or an action in data.
    Operation,
    /// A notification, at the top level or in data.
    Notification,
}

impl Sought {
    fn is(self, kind: NodeKind) -> bool {
        match self {
            Self::Operation => matches!(kind, NodeKind::Rpc | NodeKind::Action),
            Self::Notification => kind == NodeKind::Notification,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Operation => "action",
            Self::Notification => "notification",
        }
    }
}

impl<'s> Walker<'s> {
    /// Checks an element that is what is sought, or leads to it, below `parent`.
    pub(super) fn operation(&mut self, element: Xml<'_, '_>, parent: Node<'s>, sought: Sought) {
        let name = element.tag_name();
        let found = parent.child(name.namespace().unwrap_or_default(), name.name());
        let leads = |node: &Node<'s>| {
            sought.is(node.kind())
                || (matches!(node.kind(), NodeKind::Container | NodeKind::List) && leads_to(*node, sought))
        };
        let Some(node) = found.filter(leads) else {
            self.unknown(element, parent);
            return;
        };
        self.enter(node, element);
        self.attributes(element, node, Operation::Merge);
        if sought.is(node.kind()) {
            self.children(element, node.content(), Operation::Merge);
            self.complete_below(element, node.content());
        } else {
            self.on_the_way(element, node, sought);
        }
        self.leave();
    }

    /// A container or list entry on the way: its keys, and one element that leads on.
    fn on_the_way(&mut self, element: Xml<'_, '_>, node: Node<'s>, sought: Sought) {
        if node.kind() == NodeKind::List {
            self.keys(element, node);
        }
        let mut further = Vec::new();
        for child in element.children().filter(Xml::is_element) {
            match self.find(child, node).filter(Node::is_key) {
                Some(key) => self.single(child, key),
                None => further.push(child),
            }
        }
        match further.as_slice() {
            [only] => self.operation(*only, node, sought),
            several => {
                let at = several.last().copied().unwrap_or(element);
                let mut problem = self.problem(ProblemKind::Content, ErrorTag::BadElement, at);
                problem.message = match several.len() {
                    0 => format!("{} leads to no {}", node.name(), sought.name()),
                    _ => format!("{} has more than what leads to one {}", node.name(), sought.name()),
                };
                problem.source = node.location();
                problem.bad_element = Some(at.tag_name().name().to_owned());
                self.report(problem);
            }
        }
    }
}

/// Whether what is sought stands somewhere below a data node.
fn leads_to(node: Node<'_>, sought: Sought) -> bool {
    node.data_children().any(|child| {
        sought.is(child.kind())
            || (matches!(child.kind(), NodeKind::Container | NodeKind::List) && leads_to(child, sought))
    })
}
