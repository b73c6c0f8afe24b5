//! Augments between modules, applied until none is left that finds its target.

use super::check::demanded;
use super::{Compiler, Context};
use crate::schema::{ModuleId, Node, NodeKind, StmtRef, WhenData};
use crate::syntax::Kw;
use crate::syntax::argument;

/// What looking for an augment's or deviation's target found.
pub(super) enum Target {
    Found(u32),
    /// Something on the way was taken away by a feature or a deviation.
    Pruned,
    /// The name of the step that is not there.
    Missing(String),
    /// The path cannot be read; already complained about.
    Bad,
}

impl Compiler<'_> {
    pub(super) fn apply_augments(&mut self) {
        let mut waiting: Vec<(ModuleId, StmtRef)> = self
            .top_level(Kw::Augment)
            .into_iter()
            .filter(|(module, _)| self.schema.modules[*module as usize].implemented)
            .collect();
        loop {
            let mut left = Vec::new();
            let before = waiting.len();
            for (module, at) in waiting {
                if !self.features_hold(at) {
                    continue;
                }
                match self.find_target(at) {
                    Target::Found(target) => self.augment(at, target, module),
                    Target::Pruned | Target::Bad => {}
                    Target::Missing(_) => left.push((module, at)),
                }
            }
            if left.len() == before || left.is_empty() || self.full {
                self.complain_of(left);
                return;
            }
            waiting = left;
        }
    }

    fn complain_of(&mut self, left: Vec<(ModuleId, StmtRef)>) {
        for (_, at) in left {
            if let Target::Missing(step) = self.find_target(at) {
                self.error(at, format!("augment \"{}\": there is no {step}", self.arg(at)));
            }
        }
    }

    /// The node an absolute schema node identifier names.
    pub(super) fn find_target(&mut self, at: StmtRef) -> Target {
        let text = self.arg(at);
        let Some(path) = argument::absolute_nodeid(text) else {
            self.error(at, format!("\"{text}\" is not an absolute schema node identifier"));
            return Target::Bad;
        };
        let mut node = 0;
        for step in &path {
            let Some(module) = self.module_of(at, step.prefix.as_deref()) else {
                return Target::Bad;
            };
            // of several revisions, the tree has the newest one's nodes
            let name = &self.schema.modules[module as usize].name;
            let module = self.schema.by_name.get(name).copied().unwrap_or(module);
            let sym = self.schema.names.intern(&step.name);
            if self.pruned.contains(&(node, module, sym)) {
                return Target::Pruned;
            }
            let found = if node == 0 {
                self.schema.roots.get(&(module, sym)).copied()
            } else {
                let first = self.schema.nodes[node as usize].first_child;
                self.named_child(node, first, module, sym)
            };
            match found {
                Some(found) => node = found,
                None => return Target::Missing(step.name.clone()),
            }
        }
        Target::Found(node)
    }

    /// Adds an augment's nodes below its target.
    pub(super) fn augment(&mut self, at: StmtRef, target: u32, module: ModuleId) {
        let data = self.schema.nodes[target as usize];
        if data.kind.has_value() || matches!(data.kind, NodeKind::Anydata | NodeKind::Anyxml | NodeKind::Rpc)
        {
            let message = format!("a {} cannot be augmented", data.kind.keyword());
            self.error(at, message);
            return;
        }
        let operation = self.is_in_operation(target);
        let depth =
            self.schema.node(crate::schema::NodeId(target)).map_or(0, |node| node.ancestors().count());
        let context = Context { module, config: data.config, operation, depth };
        let before = data.last_child;
        self.expand_children(at, target, context);
        let mut node = match before {
            0 => self.schema.nodes[target as usize].first_child,
            last => self.schema.nodes[last as usize].next,
        };
        let when = self.child(at, Kw::When);
        self.check_demands(at, target, node);
        while node != 0 {
            self.schema.augmented_by.insert(node, at);
            if let Some(when) = when {
                self.schema.outer_whens.entry(node).or_default().push(WhenData { at: when });
            }
            node = self.schema.nodes[node as usize].next;
        }
    }

    /// Configuration that was right without the augment must be right with it (RFC 7950 section 7.17).
    fn check_demands(&mut self, at: StmtRef, target: u32, first: u32) {
        let data = self.schema.nodes[target as usize];
        let is_of_uses = self.source(at).stmt(at.stmt).parent != 0;
        let adds_to_other = !is_of_uses && data.module != self.schema.source_modules[usize::from(at.file)];
        let is_alternative = matches!(data.kind, NodeKind::Choice | NodeKind::Case);
        if first == 0 || !adds_to_other || is_alternative || self.child(at, Kw::When).is_some() {
            return;
        }
        let above = self.schema.root().at(target);
        let added = above.children().skip_while(|node| node.id().0 != first);
        let of_config = |node: &Node<'_>| node.is_config() && node.whens().is_empty();
        let found = added.filter(of_config).find_map(demanded).map(|node| node.name().to_owned());
        if let Some(name) = found {
            self.error(at, format!("{name} is mandatory, and the augment has no \"when\""));
        }
    }

    fn is_in_operation(&self, mut node: u32) -> bool {
        while node != 0 {
            let data = &self.schema.nodes[node as usize];
            if matches!(data.kind, NodeKind::Rpc | NodeKind::Action | NodeKind::Notification) {
                return true;
            }
            node = data.parent;
        }
        false
    }
}
