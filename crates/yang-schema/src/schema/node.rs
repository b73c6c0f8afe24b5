//! A node of the schema tree, as callers see it.

use super::{Def, Module, NodeData, NodeKind, Schema, Status, StmtRef, Type};
use crate::error::Location;
use crate::syntax::argument::Name;

/// A node's id, stable within its [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// A schema node: cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Node<'s> {
    pub(crate) schema: &'s Schema,
    pub(crate) id: u32,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && std::ptr::eq(self.schema, other.schema)
    }
}

impl Eq for Node<'_> {}

impl<'s> Node<'s> {
    pub(crate) fn data(&self) -> &'s NodeData {
        &self.schema.nodes[self.id as usize]
    }

    pub(crate) fn def(&self) -> &'s Def {
        &self.schema.defs[self.data().def as usize]
    }

    pub(crate) fn at(&self, id: u32) -> Node<'s> {
        Node { schema: self.schema, id }
    }

    /// The node's id.
    #[must_use]
    pub fn id(&self) -> NodeId {
        NodeId(self.id)
    }

    /// The schema it belongs to.
    #[must_use]
    pub fn schema(&self) -> &'s Schema {
        self.schema
    }

    /// Its local name; empty for the root.
    #[must_use]
    pub fn name(&self) -> &'s str {
        self.schema.names.text(self.data().name)
    }

    /// The module whose namespace it is in.
    #[must_use]
    pub fn module(&self) -> Module<'s> {
        Module { schema: self.schema, index: self.data().module }
    }

    /// Its namespace; empty for the root.
    #[must_use]
    pub fn namespace(&self) -> &'s str {
        if self.id == 0 { "" } else { self.module().namespace() }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> NodeKind {
        self.data().kind
    }

    /// Whether it is configuration (`config true`); false inside rpcs and notifications.
    #[must_use]
    pub fn is_config(&self) -> bool {
        self.data().config
    }

    /// Whether it must be there (leaf, choice, anydata with `mandatory true`).
    #[must_use]
    pub fn is_mandatory(&self) -> bool {
        self.def().mandatory
    }

    /// Whether a container's presence means something by itself.
    #[must_use]
    pub fn is_presence(&self) -> bool {
        self.def().presence.is_some()
    }

    /// What a presence container's presence means.
    #[must_use]
    pub fn presence(&self) -> Option<&'s str> {
        self.def().presence.map(|at| self.schema.arg(at))
    }

    /// Whether entries keep the order the user gives (`ordered-by user`).
    #[must_use]
    pub fn is_user_ordered(&self) -> bool {
        self.def().user_ordered
    }

    /// Fewest entries of a list or leaf-list.
    #[must_use]
    pub fn min_elements(&self) -> u32 {
        self.def().min_elements
    }

    /// Most entries of a list or leaf-list; `None` is unbounded.
    #[must_use]
    pub fn max_elements(&self) -> Option<u32> {
        self.def().max_elements
    }

    /// `current`, `deprecated` or `obsolete`, as its own statement says.
    #[must_use]
    pub fn status(&self) -> Status {
        self.def().status
    }

    /// The worst status of the node and those above it: what is below an obsolete node is of no more use than that.
    #[must_use]
    pub fn effective_status(&self) -> Status {
        self.ancestors().map(|node| node.status()).fold(self.status(), Status::max)
    }

    /// The description, as refined.
    #[must_use]
    pub fn description(&self) -> Option<&'s str> {
        self.def().description.map(|at| self.schema.arg(at))
    }

    /// The reference, as refined.
    #[must_use]
    pub fn reference(&self) -> Option<&'s str> {
        self.def().reference.map(|at| self.schema.arg(at))
    }

    /// The units, the node's own or its typedef's.
    #[must_use]
    pub fn units(&self) -> Option<&'s str> {
        let own = self.def().units.or_else(|| self.ty().and_then(|ty| ty.data().units));
        own.map(|at| self.schema.arg(at))
    }

    /// Default values in the model's own writing: of a leaf at most one, of a choice the case's name.
    /// A typedef's default counts unless the leaf is mandatory or the leaf-list has a minimum.
    #[must_use]
    pub fn defaults(&self) -> Vec<&'s str> {
        self.default_statements().into_iter().map(|at| self.schema.arg(at)).collect()
    }

    /// The statements of [`Node::defaults`].
    pub(crate) fn default_statements(&self) -> Vec<StmtRef> {
        let def = self.def();
        if !def.defaults.is_empty() {
            return def.defaults.clone();
        }
        let required = def.mandatory || def.min_elements > 0;
        let of_type = self.ty().and_then(|ty| ty.data().default).filter(|_| !required);
        of_type.into_iter().collect()
    }

    /// The type of a leaf or leaf-list.
    #[must_use]
    pub fn ty(&self) -> Option<Type<'s>> {
        self.def().ty.map(|id| Type { schema: self.schema, id })
    }

    /// `must` expressions, as text. They are evaluated only in complete data, see [`crate::validate`].
    pub fn musts(&self) -> impl Iterator<Item = &'s str> + use<'s> {
        let schema = self.schema;
        self.def().musts.iter().map(move |at| schema.arg(*at))
    }

    /// `when` expressions, as text: its own, then those of the `uses` and `augment` it came by
    /// (which are about the parent).
    #[must_use]
    pub fn whens(&self) -> Vec<&'s str> {
        let outer = self.schema.outer_whens.get(&self.id).map(Vec::as_slice).unwrap_or_default();
        let own = self.def().when.into_iter();
        own.chain(outer.iter().map(|when| when.at)).map(|at| self.schema.arg(at)).collect()
    }

    /// `unique` statements of a list, as text.
    pub fn uniques(&self) -> impl Iterator<Item = &'s str> + use<'s> {
        let schema = self.schema;
        self.def().uniques.iter().map(move |at| schema.arg(*at))
    }

    /// Where the defining statement stands; `None` for the root and implied nodes.
    #[must_use]
    pub fn location(&self) -> Option<Location> {
        self.def().at.map(|at| self.schema.location(at))
    }

    /// Where the `augment` stands that added this node or the nearest node above it.
    #[must_use]
    pub fn augmented_from(&self) -> Option<Location> {
        std::iter::once(*self)
            .chain(self.ancestors())
            .find_map(|node| self.schema.augmented_by.get(&node.id))
            .map(|at| self.schema.location(*at))
    }

    /// The schema node above, choices and cases included; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Node<'s>> {
        (self.id != 0).then(|| self.at(self.data().parent))
    }

    /// The node above that has an instance in data; the root for top-level nodes.
    #[must_use]
    pub fn data_parent(&self) -> Option<Node<'s>> {
        self.ancestors().find(|node| !matches!(node.kind(), NodeKind::Choice | NodeKind::Case))
    }

    /// The nodes above, nearest first, the root last.
    #[must_use]
    pub fn ancestors(&self) -> Ancestors<'s> {
        Ancestors { next: self.parent() }
    }

    /// The nodes below in the model's order, choices and cases included.
    #[must_use]
    pub fn children(&self) -> SchemaChildren<'s> {
        SchemaChildren { schema: self.schema, next: self.data().first_child }
    }

    /// The nodes below as data has them: through choices and cases, in the model's order.
    #[must_use]
    pub fn data_children(&self) -> DataChildren<'s> {
        DataChildren { schema: self.schema, stack: vec![self.data().first_child] }
    }

    /// The nodes that the steps of a `unique` lead through. They name choices and cases as well (RFC 7950 section 7.8.3); that one leaves
    /// them out is taken too, as other compilers do. `Err` is the step that leads nowhere.
    pub(crate) fn descend<'p>(self, path: &'p [Name]) -> Result<Vec<Node<'s>>, &'p Name> {
        let mut nodes: Vec<Node<'s>> = Vec::with_capacity(path.len());
        for (index, step) in path.iter().enumerate() {
            let above = nodes.last().copied().unwrap_or(self);
            let is_it = |child: &Node<'_>| child.name() == step.name;
            let data = || above.data_children().find(is_it);
            let any = || above.children().find(is_it);
            let found = if index + 1 == path.len() { data().or_else(any) } else { any().or_else(data) };
            nodes.push(found.ok_or(step)?);
        }
        Ok(nodes)
    }

    /// The node whose children stand in an instance: of an rpc or action as it is sent, that is its input.
    pub(crate) fn content(self) -> Node<'s> {
        match self.kind() {
            NodeKind::Rpc | NodeKind::Action => {
                self.children().find(|child| child.kind() == NodeKind::Input).unwrap_or(self)
            }
            _ => self,
        }
    }

    /// The node below with this namespace and name, as data has it: through choices and cases.
    #[must_use]
    pub fn child(&self, namespace: &str, name: &str) -> Option<Node<'s>> {
        let module = *self.schema.by_namespace.get(namespace)?;
        let name = self.schema.names.get(name)?;
        self.schema.find_data_child(self.id, module, name).map(|id| self.at(id))
    }

    /// Like [`Node::child`], by module name; without one, the node's own module (any module below the root).
    #[must_use]
    pub fn child_by_module(&self, module: Option<&str>, name: &str) -> Option<Node<'s>> {
        match module {
            Some(module) => {
                let module = *self.schema.by_name.get(module)?;
                let name = self.schema.names.get(name)?;
                self.schema.find_data_child(self.id, module, name).map(|id| self.at(id))
            }
            None if self.id != 0 => {
                let name = self.schema.names.get(name)?;
                self.schema.find_data_child(self.id, self.data().module, name).map(|id| self.at(id))
            }
            None => self.data_children().find(|child| child.name() == name),
        }
    }

    /// A list's keys, in the order of its `key` statement.
    pub fn keys(&self) -> impl Iterator<Item = Node<'s>> + use<'s> {
        let (schema, id, module) = (self.schema, self.id, self.data().module);
        self.def()
            .keys
            .iter()
            .filter_map(move |key| schema.find_data_child(id, module, *key))
            .map(move |id| Node { schema, id })
    }

    /// Whether it is a key of the list above.
    #[must_use]
    pub fn is_key(&self) -> bool {
        let data = self.data();
        let parent = self.at(data.parent);
        data.kind == NodeKind::Leaf
            && parent.def().keys.contains(&data.name)
            && parent.data().module == data.module
    }

    /// The case of a choice it belongs to, innermost first, up to the next data node.
    pub(crate) fn cases(&self) -> impl Iterator<Item = (Node<'s>, Node<'s>)> + use<'s> {
        let mut next = self.parent();
        std::iter::from_fn(move || {
            loop {
                let node = next?;
                next = node.parent();
                match node.kind() {
                    NodeKind::Case => return node.parent().map(|choice| (choice, node)),
                    NodeKind::Choice => {}
                    _ => return None,
                }
            }
        })
    }

    /// The path of schema nodes, choices and cases included, with module names where the module changes:
    /// `/module:top/list/choice/case/leaf`.
    #[must_use]
    pub fn schema_path(&self) -> String {
        self.path_of(|_| true)
    }

    /// The path as data has it, with module names where the module changes: `/module:top/list/leaf`.
    #[must_use]
    pub fn data_path(&self) -> String {
        self.path_of(|kind| !matches!(kind, NodeKind::Choice | NodeKind::Case))
    }

    fn path_of(&self, shown: impl Fn(NodeKind) -> bool) -> String {
        let mut nodes: Vec<_> = std::iter::once(*self)
            .chain(self.ancestors())
            .filter(|node| node.id != 0 && shown(node.kind()))
            .collect();
        nodes.reverse();
        let mut path = String::new();
        let mut module = None;
        for node in nodes {
            path.push('/');
            if module != Some(node.data().module) {
                path.push_str(node.module().name());
                path.push(':');
                module = Some(node.data().module);
            }
            path.push_str(node.name());
        }
        if path.is_empty() { "/".to_owned() } else { path }
    }
}

/// The nodes above a node.
#[derive(Debug, Clone)]
pub struct Ancestors<'s> {
    next: Option<Node<'s>>,
}

impl<'s> Iterator for Ancestors<'s> {
    type Item = Node<'s>;

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.next?;
        self.next = node.parent();
        Some(node)
    }
}

/// The schema nodes directly below a node.
#[derive(Debug, Clone)]
pub struct SchemaChildren<'s> {
    schema: &'s Schema,
    next: u32,
}

impl<'s> Iterator for SchemaChildren<'s> {
    type Item = Node<'s>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == 0 {
            return None;
        }
        let node = Node { schema: self.schema, id: self.next };
        self.next = node.data().next;
        Some(node)
    }
}

/// The data nodes directly below a node, through choices and cases.
#[derive(Debug, Clone)]
pub struct DataChildren<'s> {
    schema: &'s Schema,
    stack: Vec<u32>,
}

impl<'s> Iterator for DataChildren<'s> {
    type Item = Node<'s>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let top = self.stack.last_mut()?;
            if *top == 0 {
                self.stack.pop();
                continue;
            }
            let node = Node { schema: self.schema, id: *top };
            *top = node.data().next;
            if matches!(node.kind(), NodeKind::Choice | NodeKind::Case) {
                self.stack.push(node.data().first_child);
            } else {
                return Some(node);
            }
        }
    }
}
