//! What a value has to be compared with: leafrefs followed to their ends, and unions counted, so that no model makes that endless.

use std::collections::{HashMap, HashSet};

use super::Compiler;
use crate::schema::{Kind, TypeId};

/// Longest chain of leafrefs that refer to each other.
const MAX_CHAIN: usize = 64;
/// Most types that a value may have to be compared with, leafrefs followed and members of unions counted.
const MAX_TYPES: u32 = 4096;

/// A leaf and a type of it, or of a member of its union.
type Place = (u32, TypeId);

/// The work of following.
struct Costs {
    /// Of types that no leafref is in, by type.
    plain: Vec<Option<u32>>,
    /// Of others.
    known: HashMap<Place, u32>,
    in_progress: HashSet<u32>,
    /// Leafrefs that lead back to their leaf, or too far.
    bad: Vec<Place>,
}

impl Compiler<'_> {
    pub(super) fn check_references(&mut self) {
        let mut costs = Costs {
            plain: self.plain_costs(),
            known: HashMap::new(),
            in_progress: HashSet::new(),
            bad: Vec::new(),
        };
        let mut dear = Vec::new();
        for id in 0..self.schema.nodes.len() {
            let id = u32::try_from(id).unwrap_or(0);
            let data = self.schema.nodes[id as usize];
            let Some(ty) = self.schema.defs[data.def as usize].ty.filter(|_| data.kind.has_value()) else {
                continue;
            };
            if self.cost_of_leaf(&mut costs, id, ty, 0).is_some_and(|cost| cost > MAX_TYPES) {
                dear.push(id);
            }
        }
        self.complain(costs.bad, dear);
    }

    /// What types without leafrefs cost. Members of a union are made before it.
    fn plain_costs(&self) -> Vec<Option<u32>> {
        let mut plain: Vec<Option<u32>> = Vec::with_capacity(self.schema.types.len());
        for data in &self.schema.types {
            plain.push(match &data.kind {
                Kind::Leafref { .. } => None,
                Kind::Union(members) => members.iter().try_fold(0_u32, |sum, member| {
                    plain.get(*member as usize).copied().flatten().map(|cost| sum.saturating_add(cost))
                }),
                _ => Some(1),
            });
        }
        plain
    }

    /// `None` if it is one of those that are being followed, or too far from where that began.
    fn cost_of_leaf(&self, costs: &mut Costs, leaf: u32, ty: TypeId, depth: usize) -> Option<u32> {
        if let Some(cost) = costs.plain.get(ty as usize).copied().flatten() {
            return Some(cost);
        }
        if let Some(cost) = costs.known.get(&(leaf, ty)) {
            return Some(*cost);
        }
        if depth > MAX_CHAIN || !costs.in_progress.insert(leaf) {
            return None;
        }
        let cost = self.cost(costs, (leaf, ty), depth);
        costs.in_progress.remove(&leaf);
        Some(cost)
    }

    fn cost(&self, costs: &mut Costs, (leaf, ty): Place, depth: usize) -> u32 {
        if let Some(cost) = costs.known.get(&(leaf, ty)) {
            return *cost;
        }
        let cost = match &self.schema.types[ty as usize].kind {
            Kind::Leafref { .. } => {
                let target = self.schema.leafref_targets.get(&(leaf, ty)).copied();
                let of_target = target.and_then(|target| {
                    Some((target, self.schema.defs[self.schema.nodes[target as usize].def as usize].ty?))
                });
                match of_target {
                    Some((target, of)) => match self.cost_of_leaf(costs, target, of, depth + 1) {
                        Some(cost) => cost,
                        None => {
                            costs.bad.push((leaf, ty));
                            1
                        }
                    },
                    None => 1,
                }
            }
            Kind::Union(members) => members.iter().fold(0_u32, |sum, member| {
                let plain = costs.plain.get(*member as usize).copied().flatten();
                let cost = plain.unwrap_or_else(|| self.cost(costs, (leaf, *member), depth));
                sum.saturating_add(cost)
            }),
            _ => 1,
        };
        costs.known.insert((leaf, ty), cost);
        cost
    }

    /// Says what is wrong, and takes it out of the schema, so that nothing follows it for ever where the schema is used all the same.
    fn complain(&mut self, mut bad: Vec<Place>, dear: Vec<u32>) {
        bad.sort_unstable();
        bad.dedup();
        for (leaf, ty) in bad {
            self.schema.leafref_targets.remove(&(leaf, ty));
            let at = self.schema.defs[self.schema.nodes[leaf as usize].def as usize].at;
            if let Some(at) = at {
                let name = self.arg(at);
                self.error(
                    at,
                    format!(
                        "leafref {name} leads to itself in a circle, or over more than {MAX_CHAIN} others"
                    ),
                );
            }
        }
        for leaf in dear {
            self.own_def(leaf).ty = None;
            let at = self.schema.defs[self.schema.nodes[leaf as usize].def as usize].at;
            if let Some(at) = at {
                let name = self.arg(at);
                self.error(
                    at,
                    format!("a value of {name} would have to be compared with more than {MAX_TYPES} types"),
                );
            }
        }
    }
}
