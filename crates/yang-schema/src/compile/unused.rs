//! Groupings and typedefs that nothing uses: what is wrong with them is wrong all the same.

use std::collections::HashSet;

use super::{Compiler, Context};
use crate::schema::{NodeData, NodeKind, StmtRef, module_id};
use crate::syntax::Kw;

impl Compiler<'_> {
    pub(super) fn check_unused(&mut self) {
        let used: HashSet<StmtRef> = self.uses_cache.values().flatten().copied().collect();
        for index in 0..self.schema.modules.len() {
            if !self.schema.modules[index].implemented {
                continue;
            }
            for file in self.schema.modules[index].files.clone() {
                let all = 0..u32::try_from(self.sources[usize::from(file)].stmts.len()).unwrap_or(0);
                for at in all.map(|stmt| StmtRef { file, stmt }) {
                    match self.kw(at) {
                        Kw::Grouping if !used.contains(&at) => self.try_grouping(at, index),
                        Kw::Typedef => {
                            self.child(at, Kw::Type).and_then(|ty| self.type_of(ty));
                        }
                        _ => {}
                    }
                }
            }
        }
    }

    /// Makes a grouping's nodes where nobody sees them, and takes them away again.
    fn try_grouping(&mut self, at: StmtRef, module: usize) {
        let before = self.schema.nodes.len();
        let home = u32::try_from(before).unwrap_or(u32::MAX);
        let context = Context { module: module_id(module), config: true, operation: false, depth: 1 };
        let root = self.schema.nodes[0];
        self.schema.nodes.push(NodeData { kind: NodeKind::Container, first_child: 0, last_child: 0, ..root });
        self.groupings_in_progress.push(at);
        self.expand_children(at, home, context);
        self.groupings_in_progress.pop();
        self.schema.nodes.truncate(before);
        self.schema.outer_whens.retain(|node, _| *node < home);
        self.schema.augmented_by.retain(|node, _| *node < home);
        self.schema.removed.retain(|node| *node < home);
        self.pruned.retain(|(node, ..)| *node < home);
        self.siblings.forget(home);
    }
}
