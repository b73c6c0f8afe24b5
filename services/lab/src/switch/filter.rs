//! Subtree filters (RFC 6241 section 6), and the selection of nodes that both kinds of filters end in.

use std::collections::HashSet;

use super::shape::{Kind, Shape};
use super::tree::Node;

/// Nodes of one tree that a filter chose.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Chosen with all that is below them.
    whole: HashSet<usize>,
    /// Chosen for what was chosen below them.
    part: HashSet<usize>,
}

impl Selection {
    /// Chooses a node with all below it.
    pub(crate) fn take(&mut self, node: &Node) {
        self.whole.insert(address(node));
    }

    /// Chooses a node as the way to others.
    pub(crate) fn pass(&mut self, node: &Node) {
        self.part.insert(address(node));
    }

    /// Copies what was chosen; the keys of list entries come along.
    pub(crate) fn copy(&self, root: &Node, model: Option<&Shape>) -> Node {
        let children = root.children.iter().filter_map(|child| {
            let shape = model.and_then(|model| model.child(&child.ns, &child.name));
            if self.whole.contains(&address(child)) {
                return Some(child.clone());
            }
            if self.part.contains(&address(child)) {
                return Some(self.copy(child, shape));
            }
            let key = matches!(model.map(|model| &model.kind), Some(Kind::List { keys, .. }) if keys.contains(&child.name));
            key.then(|| child.clone())
        });
        Node { children: children.collect(), ..root.head() }
    }
}

impl Node {
    /// The node without its children.
    fn head(&self) -> Node {
        Node { tagged: self.tagged, ..Node::leaf(&self.ns, &self.name, &self.text) }
    }
}

/// A node's place in memory: its identity as long as the tree is borrowed.
fn address(node: &Node) -> usize {
    std::ptr::from_ref(node).addr()
}

/// One element of a subtree filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Namespace; `None` matches every one.
    pub(crate) ns: Option<String>,
    /// Local name.
    pub(crate) name: String,
    /// Text of an element without children: a content match.
    pub(crate) text: Option<String>,
    /// Whether it has attributes: no node of a configuration has any that could match (RFC 6241 6.2.2).
    pub(crate) attributes: bool,
    /// Child elements.
    pub(crate) children: Vec<Wanted>,
}

impl Wanted {
    /// Reads an element of a filter.
    pub(crate) fn read(xml: roxmltree::Node<'_, '_>) -> Self {
        let children: Vec<Self> = super::xml::elements(xml).map(Self::read).collect();
        let word = super::xml::word(xml);
        let ns = xml.tag_name().namespace().filter(|ns| !ns.is_empty() && *ns != super::xml::NETCONF);
        Self {
            ns: ns.map(str::to_owned),
            name: xml.tag_name().name().to_owned(),
            text: (children.is_empty() && !word.is_empty()).then_some(word),
            attributes: xml.attributes().len() > 0,
            children,
        }
    }

    fn names(&self, node: &Node) -> bool {
        !self.attributes && self.name == node.name && self.ns.as_ref().is_none_or(|ns| *ns == node.ns)
    }
}

/// Chooses what the filter's elements ask for; an empty filter chooses nothing.
pub(crate) fn select(root: &Node, wanted: &[Wanted]) -> Selection {
    let mut selection = Selection::default();
    for child in &root.children {
        for filter in wanted.iter().filter(|filter| filter.names(child)) {
            choose(child, filter, &mut selection);
        }
    }
    selection
}

/// Whether anything was chosen at or below the node.
fn choose(node: &Node, filter: &Wanted, selection: &mut Selection) -> bool {
    if let Some(text) = &filter.text {
        // A content match at the top of the filter, or of a leaf-list entry.
        if node.text.trim() == text {
            selection.take(node);
            return true;
        }
        return false;
    }
    if filter.children.is_empty() {
        selection.take(node);
        return true;
    }
    let (matches, wanted): (Vec<&Wanted>, Vec<&Wanted>) =
        filter.children.iter().partition(|child| child.text.is_some());
    let holds = |filter: &&Wanted| {
        let same = |child: &&Node| filter.names(child) && filter.text.as_deref() == Some(child.text.trim());
        node.children.iter().any(|child| same(&child))
    };
    if !matches.iter().all(holds) {
        return false;
    }
    if wanted.is_empty() {
        selection.take(node);
        return true;
    }
    let mut any = !matches.is_empty();
    for child in &node.children {
        for filter in matches.iter().chain(&wanted).filter(|filter| filter.names(child)) {
            any |= choose(child, filter, selection);
        }
    }
    if any {
        selection.pass(node);
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switch::shape::test_model::{NS, model};
    use crate::switch::xml::{self, Edit};

    const DATA: &str = "<top><port><name>1</name><note>a</note><mtu>1500</mtu></port>\
        <port><name>2</name><note>b</note></port><box><deep>x</deep></box></top>";

    fn data() -> Node {
        let text = format!("<data xmlns='{NS}'>{DATA}</data>");
        let document = xml::parse(&text).unwrap();
        let children =
            xml::elements(document.root_element()).map(|node| Edit::read(node).unwrap().into_node());
        Node::root().with(children)
    }

    fn filtered(filter: &str) -> String {
        let text = format!("<filter xmlns='{NS}'>{filter}</filter>");
        let document = xml::parse(&text).unwrap();
        let wanted: Vec<Wanted> = xml::elements(document.root_element()).map(Wanted::read).collect();
        let data = data();
        select(&data, &wanted).copy(&data, Some(&model())).children_xml(NS)
    }

    #[test]
    fn an_empty_filter_chooses_nothing_and_a_bare_name_everything_below() {
        assert_eq!(filtered(""), "");
        assert_eq!(filtered("<top/>"), DATA);
        assert_eq!(filtered("<other/>"), "");
    }

    #[test]
    fn a_content_match_chooses_its_entry() {
        let one = "<top><port><name>1</name><note>a</note><mtu>1500</mtu></port></top>";
        assert_eq!(filtered("<top><port><name> 1 </name></port></top>"), one);
        assert_eq!(filtered("<top><port><name>3</name></port></top>"), "");
        assert_eq!(filtered("<top><port><name>1</name><note>b</note></port></top>"), "");
    }

    #[test]
    fn keys_come_along_with_what_was_selected() {
        assert_eq!(
            filtered("<top><port><note/></port></top>"),
            "<top><port><name>1</name><note>a</note></port><port><name>2</name><note>b</note></port></top>"
        );
        assert_eq!(
            filtered("<top><port><mtu/></port></top>"),
            "<top><port><name>1</name><mtu>1500</mtu></port></top>"
        );
    }

    #[test]
    fn a_match_and_a_selection_together_narrow_the_entry() {
        assert_eq!(
            filtered("<top><port><name>1</name><mtu/></port></top>"),
            "<top><port><name>1</name><mtu>1500</mtu></port></top>"
        );
    }

    #[test]
    fn several_branches_are_joined() {
        assert_eq!(
            filtered("<top><port><name>2</name></port></top><top><box/></top>"),
            "<top><port><name>2</name><note>b</note></port><box><deep>x</deep></box></top>"
        );
    }

    #[test]
    fn another_namespace_matches_nothing_and_none_matches_all() {
        assert_eq!(filtered("<top xmlns='urn:other'/>"), "");
        assert_eq!(filtered("<top xmlns=''/>"), DATA);
    }

    #[test]
    fn an_attribute_matches_nothing_where_no_node_has_it() {
        assert_eq!(filtered("<top a='1'/>"), "");
        assert_eq!(filtered("<top><port><name a='1'>1</name></port></top>"), "");
        assert_eq!(filtered("<top xmlns:b='urn:b'><box b:a='1'/></top>"), "");
    }

    #[test]
    fn a_match_stays_though_nothing_beside_it_is_found() {
        assert_eq!(
            filtered("<top><port><name>1</name><box><deep/></box></port></top>"),
            "<top><port><name>1</name></port></top>"
        );
        assert_eq!(filtered("<top><port><name>1</name><name>2</name></port></top>"), "");
    }
}
