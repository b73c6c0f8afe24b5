//! Configuration and other data as a tree of nodes, and its canonical XML.

use std::fmt::Write as _;

/// One node of data: a container, list entry, leaf or leaf-list entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// XML namespace.
    pub(crate) ns: String,
    /// Local name.
    pub(crate) name: String,
    /// Value of a leaf, as it was written.
    pub(crate) text: String,
    /// Whether it is a default that is reported and marked as one (RFC 6243).
    pub(crate) tagged: bool,
    /// Prefixes in the value, with their namespaces.
    pub(crate) prefixes: Vec<(String, String)>,
    /// Child nodes, in order.
    pub(crate) children: Vec<Node>,
}

impl Node {
    /// The nameless node above the top-level nodes of a datastore.
    pub(crate) fn root() -> Self {
        Self::default()
    }

    /// A node without value or children.
    pub(crate) fn new(ns: &str, name: &str) -> Self {
        Self { ns: ns.to_owned(), name: name.to_owned(), ..Self::default() }
    }

    /// A leaf.
    pub(crate) fn leaf(ns: &str, name: &str, text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::new(ns, name) }
    }

    /// The same node with these children after its own.
    pub(crate) fn with(mut self, children: impl IntoIterator<Item = Node>) -> Self {
        self.children.extend(children);
        self
    }

    /// Whether it has this name in this namespace.
    pub(crate) fn is(&self, ns: &str, name: &str) -> bool {
        self.name == name && self.ns == ns
    }

    /// The first child of that name, whatever its namespace.
    pub(crate) fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The node reached by following first children of these names, whatever their namespaces.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, name| node.child(name))
    }

    /// The value of the leaf at that path.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|node| node.text.as_str())
    }

    /// Its XML on one line, namespaces declared where they change.
    pub(crate) fn to_xml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, "", None);
        out
    }

    /// The XML of its children on one line, below an element of namespace `around`.
    pub(crate) fn children_xml(&self, around: &str) -> String {
        let mut out = String::new();
        for child in &self.children {
            child.write(&mut out, around, None);
        }
        out
    }

    /// Its XML for people: one element a line, indented.
    pub(crate) fn to_pretty_xml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, "", Some(0));
        out
    }

    fn write(&self, out: &mut String, around: &str, indent: Option<usize>) {
        pad(out, indent);
        let _ = write!(out, "<{}", self.name);
        if self.ns != around {
            let _ = write!(out, " xmlns=\"{}\"", escape(&self.ns));
        }
        for (prefix, ns) in &self.prefixes {
            let _ = write!(out, " xmlns:{prefix}=\"{}\"", escape(ns));
        }
        if self.tagged {
            let _ = write!(out, " xmlns:wd=\"{TAGGED}\" wd:default=\"true\"");
        }
        if self.children.is_empty() {
            if self.text.is_empty() {
                out.push_str("/>");
            } else {
                let _ = write!(out, ">{}</{}>", escape(&self.text), self.name);
            }
        } else {
            out.push('>');
            newline(out, indent);
            for child in &self.children {
                child.write(out, &self.ns, indent.map(|depth| depth + 1));
            }
            pad(out, indent);
            let _ = write!(out, "</{}>", self.name);
        }
        newline(out, indent);
    }
}

/// Namespace of the attribute `default` (RFC 6243 6.4).
pub(crate) const TAGGED: &str = "urn:ietf:params:xml:ns:netconf:default:1.0";

fn pad(out: &mut String, indent: Option<usize>) {
    for _ in 0..indent.unwrap_or(0) {
        out.push_str("  ");
    }
}

fn newline(out: &mut String, indent: Option<usize>) {
    if indent.is_some() {
        out.push('\n');
    }
}

/// Escapes text for XML content and for attributes in double quotes. Characters that XML cannot hold become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // A bare one would be read back as a line feed or a space.
            '\r' => out.push_str("&#13;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Where a node stands, for `error-path` and for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place(pub(crate) Vec<Step>);

/// One step of a [`Place`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// XML namespace.
    pub(crate) ns: String,
    /// Local name.
    pub(crate) name: String,
    /// Keys of a list entry and their values, or the value of a leaf-list entry under the name `.`.
    pub(crate) keys: Vec<(String, String)>,
}

impl Place {
    /// The place one step further down.
    pub(crate) fn child(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The place as an XPath instance identifier, and the namespaces of the prefixes in it.
    pub(crate) fn to_xpath(&self) -> (String, Vec<(String, String)>) {
        let mut prefixes: Vec<(String, String)> = Vec::new();
        let mut path = String::new();
        for step in &self.0 {
            let prefix = prefix_of(&step.ns, &mut prefixes);
            let _ = write!(path, "/{prefix}:{}", step.name);
            for (key, value) in &step.keys {
                let quote = if value.contains('\'') { '"' } else { '\'' };
                let key = if key == "." { ".".to_owned() } else { format!("{prefix}:{key}") };
                let _ = write!(path, "[{key}={quote}{value}{quote}]");
            }
        }
        (path, prefixes)
    }
}

fn prefix_of(ns: &str, prefixes: &mut Vec<(String, String)>) -> String {
    if let Some((prefix, _)) = prefixes.iter().find(|(_, known)| known == ns) {
        return prefix.clone();
    }
    let last = super::names::prefix(ns).unwrap_or_else(|| ns.rsplit(['/', ':']).next().unwrap_or_default());
    let mut prefix: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if !prefix.starts_with(|c: char| c.is_ascii_alphabetic()) {
        prefix = format!("n{prefix}");
    }
    while prefixes.iter().any(|(taken, _)| *taken == prefix) {
        prefix.push('x');
    }
    prefixes.push((prefix.clone(), ns.to_owned()));
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switch::xml::Edit;
    use proptest::prelude::*;

    #[test]
    fn namespaces_are_declared_where_they_change() {
        let node = Node::new("urn:a", "x").with([Node::leaf("urn:b", "y", "1 < 2"), Node::new("urn:a", "z")]);
        assert_eq!(node.to_xml(), "<x xmlns=\"urn:a\"><y xmlns=\"urn:b\">1 &lt; 2</y><z/></x>");
        assert_eq!(node.children_xml("urn:b"), "<y>1 &lt; 2</y><z xmlns=\"urn:a\"/>");
        assert_eq!(node.to_pretty_xml().lines().count(), 4);
    }

    #[test]
    fn a_place_is_an_instance_identifier_with_prefixes() {
        let step = |ns: &str, name: &str, keys: Vec<(String, String)>| Step {
            ns: ns.to_owned(),
            name: name.to_owned(),
            keys,
        };
        let place = Place(vec![
            step("http://cisco.com/ns/yang/Cisco-IOS-XE-native", "native", vec![]),
            step("urn:x:vlan", "vlan-list", vec![("id".to_owned(), "10".to_owned())]),
        ]);
        let (path, prefixes) = place.to_xpath();
        assert_eq!(path, "/ios:native/vlan:vlan-list[vlan:id='10']");
        assert_eq!(prefixes.len(), 2);
    }

    proptest! {
        #[test]
        fn xml_reads_back_as_the_same_tree(texts in proptest::collection::vec("[ -~äöü\n\t]*", 0..5)) {
            let leaves = texts.iter().filter(|text| !text.trim().is_empty());
            let node = Node::new("urn:a", "x").with(leaves.map(|text| Node::leaf("urn:b", "y", text)));
            let document = roxmltree::Document::parse(&node.to_xml()).map(|d| Edit::read(d.root_element()).map(Edit::into_node));
            prop_assert_eq!(document.unwrap().unwrap(), node);
        }
    }
}
