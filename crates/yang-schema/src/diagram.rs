//! Tree diagrams as RFC 8340 has them.

use std::fmt::Write as _;

use crate::schema::{Module, Node, NodeKind, Schema, Status, StmtRef};
use crate::syntax::Kw;

/// What a tree diagram shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TreeOptions {
    /// Levels of nodes below the top (or below the node asked for); deeper ones are `...`. `None` is all.
    pub depth: Option<usize>,
    /// Leave state, rpcs and notifications out.
    pub config_only: bool,
    /// Lines of the whole diagram; where it would go on, the last line is `...`. `None` is all: a device's whole model
    /// has hundreds of thousands.
    pub max_lines: Option<usize>,
}

impl TreeOptions {
    /// The defaults: everything, at any depth.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At most so many levels.
    #[must_use]
    pub fn depth(mut self, levels: usize) -> Self {
        self.depth = Some(levels);
        self
    }

    /// Only configuration.
    #[must_use]
    pub fn config_only(mut self, only: bool) -> Self {
        self.config_only = only;
        self
    }

    /// At most so many lines, and a last one that says `...` if there would be more.
    #[must_use]
    pub fn max_lines(mut self, lines: usize) -> Self {
        self.max_lines = Some(lines);
        self
    }
}

impl Schema {
    /// The diagrams of all modules that have nodes, one after the other.
    #[must_use]
    pub fn tree(&self, options: &TreeOptions) -> String {
        let mut out = String::new();
        let mut left = options.max_lines;
        for module in self.modules().filter(Module::is_implemented) {
            let diagram = module.tree(&TreeOptions { max_lines: left.map(|left| left.max(1)), ..*options });
            let lines = diagram.lines().count();
            if lines <= 1 {
                continue;
            }
            if left == Some(0) {
                out.push_str("...\n");
                break;
            }
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&diagram);
            if diagram.ends_with("\n...\n") {
                break;
            }
            left = left.map(|left| left.saturating_sub(lines));
        }
        out
    }
}

impl<'s> Module<'s> {
    /// The module's diagram: its own nodes with what others added to them, its augments of others, its rpcs and
    /// notifications.
    ///
    /// ```text
    /// module: port
    ///   +--rw port* [name]
    ///      +--rw name    string
    ///      +--rw mtu?    uint16
    /// ```
    /// Nodes of other modules have their module's prefix. A type is named as the model names it.
    #[must_use]
    pub fn tree(&self, options: &TreeOptions) -> String {
        let mut printer = Printer::new(*self, options);
        let root = self.schema.root();
        let own = |kind: fn(NodeKind) -> bool| -> Vec<Node<'s>> {
            root.children().filter(|node| node.module() == *self && kind(node.kind())).collect()
        };
        printer.siblings(&own(|kind| kind.is_data() || kind == NodeKind::Choice), "  ", 0);
        printer.augments();
        if !options.config_only {
            printer.section("rpcs", &own(|kind| kind == NodeKind::Rpc));
            printer.section("notifications", &own(|kind| kind == NodeKind::Notification));
        }
        printer.finish()
    }
}

impl Node<'_> {
    /// The diagram of the node and what is below it, under the nodes that lead to it.
    #[must_use]
    pub fn tree(&self, options: &TreeOptions) -> String {
        if self.id == 0 {
            return self.schema.tree(options);
        }
        let mut chain: Vec<Node<'_>> = self.ancestors().filter(|node| node.id != 0).collect();
        chain.reverse();
        let home = chain.first().unwrap_or(self).module();
        let mut printer = Printer::new(home, options);
        let mut indent = "  ".to_owned();
        for node in &chain {
            printer.line(*node, &indent, gap(printer.width(*node), *node));
            indent.push_str("   ");
        }
        printer.siblings(&[*self], &indent, 0);
        printer.finish()
    }
}

struct Printer<'s> {
    out: String,
    home: Module<'s>,
    options: TreeOptions,
    /// Lines that may still be written.
    left: usize,
    /// Something was not written for want of lines.
    cut: bool,
}

impl<'s> Printer<'s> {
    fn new(home: Module<'s>, options: &TreeOptions) -> Self {
        let left = options.max_lines.map_or(usize::MAX, |lines| lines.saturating_sub(1));
        Self { out: format!("module: {}\n", home.name()), home, options: *options, left, cut: false }
    }

    /// Whether there is room for so many more lines.
    fn has_room(&mut self, lines: usize) -> bool {
        let fits = !self.cut && self.left >= lines;
        self.cut |= !fits;
        self.left = self.left.saturating_sub(lines);
        fits
    }

    fn finish(mut self) -> String {
        if self.cut {
            self.out.push_str("...\n");
        }
        self.out
    }

    fn section(&mut self, title: &str, nodes: &[Node<'s>]) {
        if !nodes.is_empty() && self.has_room(2) {
            let _ = writeln!(self.out, "\n  {title}:");
            self.siblings(nodes, "    ", 0);
        }
    }

    /// What the module adds to nodes of other modules, one section for each `augment`.
    fn augments(&mut self) {
        let schema = self.home.schema;
        let is_own = |at: &StmtRef| schema.source_modules[at.file as usize] == self.home.index;
        // the augments of a `uses` are part of what it brings
        let is_of_module = |at: &StmtRef| schema.sources[at.file as usize].stmt(at.stmt).parent == 0;
        let is_there = |id: u32| {
            let node = Node { schema, id };
            std::iter::once(node)
                .chain(node.ancestors())
                .all(|node| schema.removed.binary_search(&node.id).is_err())
        };
        let mut nodes: Vec<(StmtRef, u32)> = schema
            .augmented_by
            .iter()
            .filter(|(id, at)| is_own(at) && is_of_module(at) && is_there(**id))
            .map(|(id, at)| (*at, *id))
            .collect();
        nodes.sort_unstable();
        let mut first = true;
        for group in nodes.chunk_by(|a, b| a.0 == b.0) {
            let node = |id: u32| Node { schema, id };
            let inside = group.iter().all(|(_, id)| {
                let top = node(*id).ancestors().filter(|node| node.id != 0).last();
                top.is_some_and(|top| top.module() == self.home)
            });
            let added: Vec<Node<'s>> = group.iter().map(|(_, id)| node(*id)).collect();
            if inside || (self.options.config_only && !added.iter().any(Node::is_config)) {
                continue;
            }
            if !self.has_room(1 + usize::from(first)) {
                return;
            }
            if std::mem::take(&mut first) {
                self.out.push('\n');
            }
            let _ = writeln!(self.out, "  augment {}:", schema.arg(group[0].0));
            self.siblings(&added, "    ", 0);
        }
    }

    fn siblings(&mut self, nodes: &[Node<'s>], indent: &str, depth: usize) {
        let mut shown: Vec<Node<'s>> = nodes.iter().copied().filter(|node| self.is_shown(*node)).collect();
        // keys come first, as in data; actions and notifications stand below the data, as rpcs do
        let keys: Vec<Node<'s>> =
            shown.first().and_then(Node::parent).into_iter().flat_map(|list| list.keys()).collect();
        shown.sort_by_key(|node| match (keys.iter().position(|key| key == node), node.kind()) {
            (Some(at), _) => at,
            (None, NodeKind::Action) => keys.len() + 1,
            (None, NodeKind::Notification) => keys.len() + 2,
            _ => keys.len(),
        });
        if shown.is_empty() {
            return;
        }
        if self.options.depth.is_some_and(|limit| depth >= limit) {
            if self.has_room(1) {
                let _ = writeln!(self.out, "{indent}...");
            }
            return;
        }
        let longest = shown.iter().map(|node| self.width(*node)).max().unwrap_or(0);
        for (index, node) in shown.iter().enumerate() {
            self.line(*node, indent, gap(longest, *node));
            if self.cut {
                return;
            }
            let is_last = index + 1 == shown.len();
            let below: Vec<Node<'s>> = node.children().collect();
            self.siblings(&below, &format!("{indent}{}", if is_last { "   " } else { "|  " }), depth + 1);
        }
    }

    fn is_shown(&self, node: Node<'s>) -> bool {
        match node.kind() {
            NodeKind::Input | NodeKind::Output => node.children().next().is_some(),
            NodeKind::Choice | NodeKind::Case => true,
            _ => !self.options.config_only || node.is_config(),
        }
    }

    fn line(&mut self, node: Node<'s>, indent: &str, longest: usize) {
        if !self.has_room(1) {
            return;
        }
        // a case left out in the model has the status of its node
        let implied = node.kind() == NodeKind::Case && node.def().at.is_none();
        let stated = node.children().next().filter(|_| implied).unwrap_or(node);
        let status = match stated.effective_status() {
            Status::Current => '+',
            Status::Deprecated => 'x',
            Status::Obsolete => 'o',
        };
        let _ = write!(self.out, "{indent}{status}--");
        if node.kind() == NodeKind::Case {
            let _ = write!(self.out, ":({})", self.name(node));
        } else {
            let label = self.label(node);
            let _ = write!(self.out, "{} {label}", flags(node));
            if let Some(ty) = type_name(node) {
                let _ = write!(self.out, "{:width$}{ty}", "", width = longest - label.chars().count() + 3);
            }
        }
        let features = features(node);
        if !features.is_empty() {
            let _ = write!(self.out, " {{{}}}?", features.join(","));
        }
        self.out.push('\n');
    }

    /// Width that a name takes among its siblings, as yanglint counts it: the mark after it has its place even where
    /// it is missing, and lists do not count, since their keys follow.
    fn width(&self, node: Node<'s>) -> usize {
        let name = self.name(node).chars().count() + 1;
        match node.kind() {
            NodeKind::List if node.keys().next().is_some() => 0,
            // its parentheses
            NodeKind::Choice => name + 2,
            _ => name,
        }
    }

    /// Name, optionality and keys.
    fn label(&self, node: Node<'s>) -> String {
        let name = self.name(node);
        let optional = if node.is_mandatory() || node.is_key() { "" } else { "?" };
        match node.kind() {
            NodeKind::Choice => format!("({name}){optional}"),
            NodeKind::Leaf | NodeKind::Anydata | NodeKind::Anyxml => format!("{name}{optional}"),
            NodeKind::LeafList => format!("{name}*"),
            NodeKind::Container if node.is_presence() => format!("{name}!"),
            NodeKind::List => {
                let keys: Vec<&str> = node.keys().map(|key| key.name()).collect();
                if keys.is_empty() { format!("{name}*") } else { format!("{name}* [{}]", keys.join(" ")) }
            }
            _ => name,
        }
    }

    fn name(&self, node: Node<'s>) -> String {
        let module = node.module();
        if module == self.home {
            node.name().to_owned()
        } else {
            format!("{}:{}", module.prefix(), node.name())
        }
    }
}

/// The width that a node's own label is padded to.
fn gap(longest: usize, node: Node<'_>) -> usize {
    if type_name(node).is_some() { longest } else { 0 }
}

/// `rw`, `ro`, `-w`, `-x` or `-n`.
fn flags(node: Node<'_>) -> &'static str {
    match node.kind() {
        NodeKind::Rpc | NodeKind::Action => return "-x",
        NodeKind::Notification => return "-n",
        NodeKind::Input => return "-w",
        NodeKind::Output => return "ro",
        _ => {}
    }
    let operation = node
        .ancestors()
        .find(|above| matches!(above.kind(), NodeKind::Input | NodeKind::Output | NodeKind::Notification));
    match operation.map(|above| above.kind()) {
        Some(NodeKind::Input) => "-w",
        Some(_) => "ro",
        None if node.is_config() => "rw",
        None => "ro",
    }
}

/// The type as the model names it, a leafref by its path.
pub(crate) fn type_name(node: Node<'_>) -> Option<String> {
    if matches!(node.kind(), NodeKind::Anydata | NodeKind::Anyxml) {
        return Some(node.kind().keyword().to_owned());
    }
    let ty = node.ty()?;
    if let crate::TypeKind::Leafref { path, .. } = ty.kind()
        && ty.data().typedef.is_none()
    {
        return Some(format!("-> {path}"));
    }
    let written = node.def().at.and_then(|at| {
        let source = &node.schema.sources[at.file as usize];
        source.child_arg(at.stmt, Kw::Type)
    });
    // a deviation may have replaced the type that the statement has
    let own = written.filter(|written| written.rsplit(':').next() == Some(ty.name()));
    Some(own.unwrap_or(ty.name()).to_owned())
}

/// The node's own `if-feature` expressions.
pub(crate) fn features(node: Node<'_>) -> Vec<&str> {
    let Some(at) = node.def().at else {
        return Vec::new();
    };
    let source = &node.schema.sources[at.file as usize];
    source.children_of(at.stmt, Kw::IfFeature).map(|stmt| source.arg(stmt)).collect()
}
