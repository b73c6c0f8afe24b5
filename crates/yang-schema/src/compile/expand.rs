//! Makes nodes from data definition statements; expands `uses` with refine and augment.

use super::augment::Target;
use super::{Compiler, Context};
use crate::schema::{NodeData, NodeKind, StmtRef, Sym, WhenData};
use crate::syntax::Kw;
use crate::syntax::argument;

/// A node to be.
struct New {
    name: Sym,
    kind: NodeKind,
    def: u32,
}

/// Where a node of a kind stands, if it does not stand there.
fn misplaced(kind: NodeKind, above: NodeKind, context: Context) -> Option<&'static str> {
    let in_data = matches!(above, NodeKind::Container | NodeKind::List) && !context.operation;
    let in_place = match kind {
        NodeKind::Case => above == NodeKind::Choice,
        NodeKind::Action => in_data,
        NodeKind::Notification => in_data || above == NodeKind::Root,
        _ => true,
    };
    let place = match kind {
        NodeKind::Case => "a case stands in a choice",
        NodeKind::Action => "an action stands in a container or list of data",
        _ => "a notification stands at the top level or in a container or list of data",
    };
    (!in_place).then_some(place)
}

impl Compiler<'_> {
    pub(super) fn expand_modules(&mut self) {
        for index in 0..self.schema.modules.len() {
            let module = crate::schema::module_id(index);
            if !self.schema.modules[index].implemented {
                continue;
            }
            let context = Context { module, config: true, operation: false, depth: 0 };
            for file in self.schema.modules[index].files.clone() {
                self.expand_children(StmtRef { file, stmt: 0 }, 0, context);
            }
        }
    }

    /// Adds the nodes that a statement's substatements define.
    pub(super) fn expand_children(&mut self, owner: StmtRef, parent: u32, context: Context) {
        for child in self.children(owner) {
            match self.kw(child) {
                kw if kw.is_schema_node() => self.add_statement(child, parent, context),
                Kw::Uses => self.expand_uses(child, parent, context),
                _ => {}
            }
        }
    }

    fn add_statement(&mut self, at: StmtRef, parent: u32, context: Context) {
        let Some(kind) = NodeKind::of(self.kw(at)) else {
            return;
        };
        if matches!(kind, NodeKind::Input | NodeKind::Output) {
            // made with their rpc, so that an augment finds them even if they are not written
            if let Some(existing) = self.find_child(parent, context.module, |node| node.kind == kind) {
                if let Some(def) = self.def_of(at) {
                    self.schema.nodes[existing as usize].def = def;
                }
                let context = Context { config: false, operation: true, depth: context.depth + 1, ..context };
                self.expand_children(at, existing, context);
            }
            return;
        }
        let name = self.schema.names.intern(self.arg(at));
        let Some(def) = self.def_of(at) else {
            self.pruned.insert((parent, context.module, name));
            return;
        };
        if self.is_full(at, context) {
            return;
        }
        let mut parent = parent;
        let is_choice = self.schema.nodes[parent as usize].kind == NodeKind::Choice;
        if let Some(where_to) = misplaced(kind, self.schema.nodes[parent as usize].kind, context) {
            self.error(at, format!("{} {}: {where_to}", self.kw(at).text(), self.arg(at)));
            return;
        }
        if is_choice && kind != NodeKind::Case {
            let config = self.schema.nodes[parent as usize].config;
            parent = self.push_node(
                parent,
                New { name, kind: NodeKind::Case, def: 0 },
                Context { config, ..context },
            );
        }
        let below = self.context_below(at, kind, def, context);
        let node = self.push_node(parent, New { name, kind, def }, below);
        if matches!(kind, NodeKind::Rpc | NodeKind::Action) {
            for (kind, text) in [(NodeKind::Input, "input"), (NodeKind::Output, "output")] {
                let name = self.schema.names.intern(text);
                self.push_node(node, New { name, kind, def: 0 }, below);
            }
        }
        if !kind.has_value() {
            self.expand_children(at, node, below);
        }
    }

    /// What a node's children inherit; the node's own `config` is theirs.
    fn context_below(&mut self, at: StmtRef, kind: NodeKind, def: u32, context: Context) -> Context {
        let operation =
            context.operation || matches!(kind, NodeKind::Rpc | NodeKind::Action | NodeKind::Notification);
        let own = self.schema.defs[def as usize].config;
        if !operation && !context.config && own == Some(true) {
            self.error(at, "config true below config false");
        }
        let config = !operation && context.config && own.unwrap_or(true);
        Context { config, operation, depth: context.depth + 1, ..context }
    }

    fn is_full(&mut self, at: StmtRef, context: Context) -> bool {
        let limits = self.options.limits;
        let message = if self.full {
            return true;
        } else if self.schema.nodes.len() + self.uses > limits.max_nodes {
            format!("more than {} nodes, uses of groupings counted", limits.max_nodes)
        } else if context.depth > limits.max_depth {
            format!("nodes nested deeper than {}", limits.max_depth)
        } else {
            return false;
        };
        self.full = true;
        self.error(at, message);
        true
    }

    fn push_node(&mut self, parent: u32, new: New, context: Context) -> u32 {
        let New { name, kind, def } = new;
        let id = u32::try_from(self.schema.nodes.len()).unwrap_or(u32::MAX);
        let (module, config) = (context.module, context.config);
        let data =
            NodeData { name, def, parent, first_child: 0, last_child: 0, next: 0, module, kind, config };
        self.schema.nodes.push(data);
        let last = self.schema.nodes[parent as usize].last_child;
        if last == 0 {
            self.schema.nodes[parent as usize].first_child = id;
        } else {
            self.schema.nodes[last as usize].next = id;
        }
        self.schema.nodes[parent as usize].last_child = id;
        if parent == 0 {
            // twice at the top level is found here, further down when the whole tree is checked
            let twice = self.schema.roots.insert((module, name), id);
            if let (Some(_), Some(at)) = (twice, self.schema.defs[def as usize].at) {
                self.error(at, format!("{} is defined twice", self.schema.names.text(name)));
            }
        }
        id
    }

    fn expand_uses(&mut self, at: StmtRef, parent: u32, context: Context) {
        self.uses += 1;
        if !self.features_hold(at) || self.is_full(at, context) {
            return;
        }
        let grouping = match self.uses_cache.get(&at) {
            Some(known) => *known,
            None => {
                let found = self.find_definition(Kw::Grouping, at, self.arg(at));
                self.uses_cache.insert(at, found);
                found
            }
        };
        let Some(grouping) = grouping else { return };
        if self.groupings_in_progress.contains(&grouping) {
            self.error(at, format!("grouping {} uses itself", self.arg(grouping)));
            return;
        }
        let before = self.schema.nodes[parent as usize].last_child;
        self.groupings_in_progress.push(grouping);
        self.expand_children(grouping, parent, Context { depth: context.depth + 1, ..context });
        self.groupings_in_progress.pop();
        let first = match before {
            0 => self.schema.nodes[parent as usize].first_child,
            last => self.schema.nodes[last as usize].next,
        };
        let when = self.child(at, Kw::When);
        let mut node = first;
        while node != 0 {
            if let Some(when) = when {
                self.schema.outer_whens.entry(node).or_default().push(WhenData { at: when });
            }
            node = self.schema.nodes[node as usize].next;
        }
        self.augments_in_uses(at, parent, first, context);
        for child in self.children(at) {
            if self.kw(child) == Kw::Refine {
                self.refine(child, parent, first, context);
            }
        }
    }

    /// Applies the augments of a `uses`: one may add to what another adds, whichever stands first.
    fn augments_in_uses(&mut self, at: StmtRef, parent: u32, first: u32, context: Context) {
        let mut waiting: Vec<StmtRef> =
            self.children(at).filter(|child| self.kw(*child) == Kw::Augment).collect();
        waiting.retain(|augment| self.features_hold(*augment));
        while !waiting.is_empty() {
            let before = waiting.len();
            let mut left = Vec::new();
            for augment in waiting {
                match self.find_below(augment, parent, first, context) {
                    Target::Found(target) => self.augment(augment, target, context.module),
                    Target::Missing(_) => left.push(augment),
                    Target::Pruned | Target::Bad => {}
                }
            }
            if left.len() == before {
                left.into_iter().for_each(|augment| self.complain_below(augment, parent, first, context));
                return;
            }
            waiting = left;
        }
    }

    fn complain_below(&mut self, at: StmtRef, parent: u32, first: u32, context: Context) {
        if let Target::Missing(step) = self.find_below(at, parent, first, context) {
            let (what, path) = (self.kw(at).text(), self.arg(at));
            self.error(at, format!("{what} \"{path}\": there is no {step}"));
        }
    }

    /// The node a descendant path names, beginning at `first` and its next siblings.
    fn find_below(&mut self, at: StmtRef, parent: u32, first: u32, context: Context) -> Target {
        let text = self.arg(at);
        let Some(path) = argument::descendant_nodeid(text) else {
            self.error(at, format!("\"{text}\" is not a descendant schema node identifier"));
            return Target::Bad;
        };
        let own = self.schema.source_modules[at.file as usize];
        let (mut parent, mut candidates) = (parent, first);
        let mut found = 0;
        for step in &path {
            let Some(module) = self.module_of(at, step.prefix.as_deref()) else {
                return Target::Bad;
            };
            // in a grouping, the own module's names are in the namespace of whoever uses the grouping
            let module = if module == own { context.module } else { module };
            let name = self.schema.names.intern(&step.name);
            found = match self.named_child(parent, candidates, module, name) {
                Some(found) => found,
                None if self.pruned.contains(&(parent, module, name)) => return Target::Pruned,
                None => return Target::Missing(step.name.clone()),
            };
            parent = found;
            candidates = self.schema.nodes[found as usize].first_child;
        }
        Target::Found(found)
    }

    fn find_child(&self, parent: u32, module: u16, wanted: impl Fn(&NodeData) -> bool) -> Option<u32> {
        let mut next = self.schema.nodes[parent as usize].first_child;
        while next != 0 {
            let node = &self.schema.nodes[next as usize];
            if node.module == module && wanted(node) {
                return Some(next);
            }
            next = node.next;
        }
        None
    }

    fn refine(&mut self, at: StmtRef, parent: u32, first: u32, context: Context) {
        let Target::Found(node) = self.find_below(at, parent, first, context) else {
            self.complain_below(at, parent, first, context);
            return;
        };
        if !self.features_hold(at) {
            self.unlink(node);
            return;
        }
        let mut def = self.own_def(node).clone();
        if self.child(at, Kw::Default).is_some() {
            def.defaults.clear();
        }
        let kind = self.schema.nodes[node as usize].kind;
        self.one_default(at, kind);
        for child in self.children(at) {
            if self.fits(child, kind) {
                self.set_property(&mut def, self.kw(child), child);
            }
        }
        let config = def.config.filter(|_| self.child(at, Kw::Config).is_some());
        *self.own_def(node) = def;
        if let Some(config) = config {
            let above = self.schema.nodes[self.schema.nodes[node as usize].parent as usize];
            if config && !above.config && !context.operation {
                self.error(at, "config true below config false");
            }
            self.set_config(node, config);
        }
    }

    /// Gives a node and all below it this `config`; those below keep their own `false`.
    pub(super) fn set_config(&mut self, node: u32, config: bool) {
        let mut stack = vec![(node, config)];
        while let Some((node, config)) = stack.pop() {
            self.schema.nodes[node as usize].config = config;
            let mut child = self.schema.nodes[node as usize].first_child;
            while child != 0 {
                let data = self.schema.nodes[child as usize];
                let own = self.schema.defs[data.def as usize].config;
                stack.push((child, config && own.unwrap_or(true)));
                child = data.next;
            }
        }
    }

    /// Takes a node out of the tree.
    pub(super) fn unlink(&mut self, node: u32) {
        let data = self.schema.nodes[node as usize];
        let parent = data.parent as usize;
        self.schema.removed.push(node);
        self.pruned.insert((data.parent, data.module, data.name));
        if data.parent == 0 {
            self.schema.roots.remove(&(data.module, data.name));
        }
        self.take_from_siblings(node);
        // an implicit case goes with its only node
        let parent = self.schema.nodes[parent];
        if parent.kind == NodeKind::Case && parent.def == 0 && parent.first_child == 0 {
            self.unlink(data.parent);
        }
    }
}
