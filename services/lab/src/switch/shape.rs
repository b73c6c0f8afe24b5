//! What the datastores must know of the model: which nodes are lists and by what keys, which are cases of a choice.

use std::cmp::Ordering;

use super::tree::{Node, Step};

/// A data node of the model.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// XML namespace.
    pub(crate) ns: String,
    /// Local name.
    pub(crate) name: String,
    /// What kind of node it is.
    pub(crate) kind: Kind,
    /// The choices around it, outermost first, below its parent data node: (choice, case).
    pub(crate) cases: Vec<(String, String)>,
    /// The value of a leaf that is not there.
    pub(crate) default: Option<String>,
    /// Child data nodes, in the model's order.
    pub(crate) children: Vec<Shape>,
}

/// The kinds of data nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A container; one without presence exists only through what is in it.
    Container {
        /// Whether its being there means something.
        presence: bool,
    },
    /// A list with its keys; `ordered` where the user's order counts.
    List {
        /// Names of the key leaves.
        keys: Vec<String>,
        /// `ordered-by user`.
        ordered: bool,
    },
    /// A leaf; `verbatim` where white space around the value is part of it.
    Leaf {
        /// Whether the type is a string.
        verbatim: bool,
    },
    /// A leaf-list.
    LeafList {
        /// `ordered-by user`.
        ordered: bool,
    },
    /// `anydata` or `anyxml`: whatever is in it.
    Any,
}

impl Shape {
    /// The nameless node above the top-level nodes.
    pub(crate) fn root(children: Vec<Shape>) -> Self {
        Self {
            ns: String::new(),
            name: String::new(),
            kind: Kind::Container { presence: true },
            cases: Vec::new(),
            default: None,
            children,
        }
    }

    /// The child data node of that name.
    pub(crate) fn child(&self, ns: &str, name: &str) -> Option<&Shape> {
        self.children.iter().find(|child| child.name == name && child.ns == ns)
    }

    /// Whether the node is a container that exists only through what is in it.
    pub(crate) fn is_implicit(&self) -> bool {
        self.kind == Kind::Container { presence: false }
    }

    /// Whether an instance says anything: a container without presence does so only through what is in it.
    pub(crate) fn says(&self, node: &Node) -> bool {
        let says = |child: &Node| self.child(&child.ns, &child.name).is_none_or(|shape| shape.says(child));
        !self.is_implicit() || node.children.iter().any(says)
    }

    /// Adds the defaults in use that the configuration does not spell out (RFC 7950 7.6.1, RFC 6243), marked as such on request.
    pub(crate) fn add_defaults(&self, node: &mut Node, tagged: bool) {
        let cases: Vec<_> = node
            .children
            .iter()
            .filter_map(|child| Some(&self.child(&child.ns, &child.name)?.cases))
            .collect();
        let used = |shape: &&Shape| shape.cases.is_empty() || cases.contains(&&shape.cases);
        let missing: Vec<&Shape> = self
            .children
            .iter()
            .filter(used)
            .filter(|shape| !node.children.iter().any(|child| child.is(&shape.ns, &shape.name)))
            .collect();
        for child in &mut node.children {
            if let Some(shape) = self.child(&child.ns, &child.name) {
                shape.add_defaults(child, tagged);
            }
        }
        for shape in missing {
            let mut child = Node::new(&shape.ns, &shape.name);
            if let Some(value) = &shape.default {
                node.children.push(Node { text: value.clone(), tagged, ..child });
            } else if shape.is_implicit() {
                shape.add_defaults(&mut child, tagged);
                node.children.extend(shape.says(&child).then_some(child));
            }
        }
    }

    /// The value as the datastore keeps it.
    pub(crate) fn value<'a>(&self, text: &'a str) -> &'a str {
        match self.kind {
            Kind::Leaf { verbatim: true } | Kind::Any => text,
            Kind::Leaf { .. } | Kind::LeafList { .. } => text.trim(),
            Kind::Container { .. } | Kind::List { .. } => "",
        }
    }

    /// The keys of a list entry, with their values.
    pub(crate) fn keys(&self, entry: &Node) -> Vec<(String, String)> {
        match &self.kind {
            Kind::List { keys, .. } => keys
                .iter()
                .filter_map(|key| Some((key.clone(), entry.child(key)?.text.trim().to_owned())))
                .collect(),
            Kind::LeafList { .. } => vec![(".".to_owned(), entry.text.trim().to_owned())],
            Kind::Container { .. } | Kind::Leaf { .. } | Kind::Any => Vec::new(),
        }
    }

    /// The step that leads to this instance.
    pub(crate) fn step(&self, node: &Node) -> Step {
        Step { ns: self.ns.clone(), name: self.name.clone(), keys: self.keys(node) }
    }

    /// Whether `a` and `b`, both of this shape, are one and the same instance.
    pub(crate) fn same(&self, a: &Node, b: &Node) -> bool {
        self.keys(a) == self.keys(b)
    }

    /// Whether the two nodes below one parent belong to different cases of one choice.
    pub(crate) fn excludes(&self, other: &Shape) -> bool {
        for (mine, theirs) in self.cases.iter().zip(&other.cases) {
            if mine.0 != theirs.0 {
                return false;
            }
            if mine.1 != theirs.1 {
                return true;
            }
        }
        false
    }

    /// Brings a tree into its canonical form: the model's order, keys first, entries sorted, empty containers gone.
    pub(crate) fn normalize(&self, node: &mut Node) {
        for child in &mut node.children {
            if let Some(shape) = self.child(&child.ns, &child.name) {
                shape.normalize(child);
            }
        }
        node.children.retain(|child| {
            let implicit = self.child(&child.ns, &child.name).is_some_and(Shape::is_implicit);
            !(implicit && child.children.is_empty())
        });
        let none: &[String] = &[];
        let keys = if let Kind::List { keys, .. } = &self.kind { keys.as_slice() } else { none };
        node.children.sort_by(|a, b| {
            let (rank_a, rank_b) = (self.rank(a, keys), self.rank(b, keys));
            rank_a.cmp(&rank_b).then_with(|| self.order_entries(a, b))
        });
    }

    fn rank(&self, child: &Node, keys: &[String]) -> (usize, usize) {
        let key = keys.iter().position(|key| *key == child.name).unwrap_or(keys.len());
        let place = self.children.iter().position(|shape| child.is(&shape.ns, &shape.name));
        (key, place.unwrap_or(self.children.len()))
    }

    fn order_entries(&self, a: &Node, b: &Node) -> Ordering {
        match self.child(&a.ns, &a.name) {
            Some(shape) => match shape.kind {
                Kind::List { ordered: false, .. } | Kind::LeafList { ordered: false } => {
                    let (a, b) = (shape.keys(a), shape.keys(b));
                    let pairs = a.iter().zip(&b).map(|(a, b)| natural(&a.1, &b.1));
                    pairs.fold(Ordering::Equal, Ordering::then)
                }
                _ => Ordering::Equal,
            },
            None => Ordering::Equal,
        }
    }
}

/// Compares as people do: 1/0/2 before 1/0/10.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(x), Some(y)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (x, rest_x) = digits(left);
            let (y, rest_y) = digits(right);
            let order = x.len().cmp(&y.len()).then_with(|| x.cmp(y));
            if order != Ordering::Equal {
                return order;
            }
            (left, right) = (rest_x, rest_y);
        } else if x == y {
            (left, right) = (&left[x.len_utf8()..], &right[y.len_utf8()..]);
        } else {
            return x.cmp(&y);
        }
    }
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    (number.trim_start_matches('0'), rest)
}

/// Small models for the tests of this folder.
#[cfg(test)]
pub(crate) mod test_model {
    use super::{Kind, Shape};

    /// The namespace of [`model`].
    pub(crate) const NS: &str = "urn:test";

    pub(crate) fn shape(name: &str, kind: Kind, children: Vec<Shape>) -> Shape {
        Shape { ns: NS.to_owned(), name: name.to_owned(), kind, cases: Vec::new(), default: None, children }
    }

    pub(crate) fn leaf(name: &str) -> Shape {
        shape(name, Kind::Leaf { verbatim: true }, vec![])
    }

    fn in_case(mut shape: Shape, case: &str) -> Shape {
        shape.cases = vec![("mode-choice".to_owned(), case.to_owned())];
        shape
    }

    /// `top { port* [name] { name, note, mtu, mode { access! | trunk! | quiet }, tag* }, seq* (user order), box { deep } }`
    pub(crate) fn model() -> Shape {
        let flag =
            |name: &str| in_case(shape(name, Kind::Container { presence: true }, vec![leaf("x")]), name);
        let quiet = shape("quiet", Kind::Container { presence: false }, vec![leaf("y")]);
        let cases = vec![flag("access"), flag("trunk"), in_case(quiet, "quiet")];
        let mode = shape("mode", Kind::Container { presence: false }, cases);
        let port = shape(
            "port",
            Kind::List { keys: vec!["name".to_owned()], ordered: false },
            vec![
                leaf("note"),
                leaf("name"),
                shape("mtu", Kind::Leaf { verbatim: false }, vec![]),
                mode,
                shape("tag", Kind::LeafList { ordered: false }, vec![]),
            ],
        );
        let seq = shape("seq", Kind::LeafList { ordered: true }, vec![]);
        let inner = shape("box", Kind::Container { presence: false }, vec![leaf("deep")]);
        Shape::root(vec![shape("top", Kind::Container { presence: false }, vec![port, seq, inner])])
    }
}

#[cfg(test)]
mod tests {
    use super::test_model::{NS, model};
    use super::*;
    use proptest::prelude::*;

    fn port(name: &str) -> Node {
        Node::new(NS, "port").with([Node::leaf(NS, "note", "n"), Node::leaf(NS, "name", name)])
    }

    #[test]
    fn the_canonical_form_is_sorted_with_keys_first_and_no_empty_containers() {
        let top = Node::new(NS, "top").with([Node::new(NS, "box"), port("1/0/10"), port("1/0/9")]);
        let mut root = Node::root().with([top]);
        model().normalize(&mut root);
        assert_eq!(
            root.children_xml(NS),
            "<top><port><name>1/0/9</name><note>n</note></port><port><name>1/0/10</name><note>n</note></port></top>"
        );
    }

    #[test]
    fn the_order_of_the_user_is_kept() {
        let seq = |text: &str| Node::leaf(NS, "seq", text);
        let mut root = Node::root().with([Node::new(NS, "top").with([seq("b"), seq("a")])]);
        let before = root.clone();
        model().normalize(&mut root);
        assert_eq!(root, before);
    }

    #[test]
    fn defaults_are_added_where_they_are_in_use() {
        let mut model = model();
        let top = &mut model.children[0];
        top.children[2].children[0].default = Some("deep".to_owned());
        let mode = &mut top.children[0].children[3];
        mode.children[0].children[0].default = Some("in a case".to_owned());
        let with = |body: Node| {
            let mut root = Node::root().with([Node::new(NS, "top").with([body])]);
            model.add_defaults(&mut root, true);
            root.children_xml(NS)
        };
        let tag = " xmlns:wd=\"urn:ietf:params:xml:ns:netconf:default:1.0\" wd:default=\"true\"";
        let deep = format!("<box><deep{tag}>deep</deep></box>");
        assert_eq!(
            with(port("1")),
            format!("<top><port><note>n</note><name>1</name></port>{deep}</top>"),
            "no case of the choice is in use"
        );
        let access = Node::new(NS, "mode").with([Node::new(NS, "access")]);
        assert_eq!(
            with(Node::new(NS, "port").with([access])),
            format!("<top><port><mode><access><x{tag}>in a case</x></access></mode></port>{deep}</top>")
        );
        let said = Node::new(NS, "box").with([Node::leaf(NS, "deep", "deep")]);
        assert_eq!(
            with(said),
            "<top><box><deep>deep</deep></box></top>",
            "what is spelled out is no default"
        );
    }

    proptest! {
        #[test]
        fn natural_order_is_total(a in "[0-9/a]{0,6}", b in "[0-9/a]{0,6}", c in "[0-9/a]{0,6}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            prop_assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
            if natural(&a, &b) != Ordering::Greater && natural(&b, &c) != Ordering::Greater {
                prop_assert_ne!(natural(&a, &c), Ordering::Greater);
            }
        }
    }
}
