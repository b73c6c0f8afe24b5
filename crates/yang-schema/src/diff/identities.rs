//! Identities in two releases: a leaf may lose or gain values though its own statement stays as it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Schema, Type, TypeKind};

/// What an identity is derived from, directly or not, by names.
type Bases = BTreeSet<String>;

/// The identities that are not derived from the same ones in both releases, with what they were and are derived from.
pub(super) struct Moved(BTreeMap<String, (Bases, Bases)>);

impl Moved {
    pub(super) fn between(before: &Schema, after: &Schema) -> Self {
        let mut moved: BTreeMap<String, (Bases, Bases)> =
            bases(before).into_iter().map(|(name, old)| (name, (old, Bases::new()))).collect();
        for (name, new) in bases(after) {
            moved.entry(name).or_default().1 = new;
        }
        moved.retain(|_, (old, new)| old != new);
        Self(moved)
    }

    /// The identities that a type allowed and does not allow any more, and those that it does now, where its own bases stayed.
    pub(super) fn values(&self, before: Type<'_>, after: Type<'_>) -> (Vec<&str>, Vec<&str>) {
        let (mut lost, mut gained) = (Vec::new(), Vec::new());
        if self.0.is_empty() {
            return (lost, gained);
        }
        let (then, now) = (demanded(before), demanded(after));
        if then.is_empty() || now.is_empty() {
            return (lost, gained);
        }
        let fits = |demanded: &[Vec<String>], bases: &Bases| {
            demanded.iter().any(|all| all.iter().all(|base| bases.contains(base)))
        };
        for (name, (old, new)) in &self.0 {
            match (fits(&then, old), fits(&now, new)) {
                (true, false) => lost.push(name.as_str()),
                (false, true) => gained.push(name.as_str()),
                _ => {}
            }
        }
        (lost, gained)
    }
}

/// The bases that each identityref in a type demands all of.
fn demanded(ty: Type<'_>) -> Vec<Vec<String>> {
    match ty.kind() {
        TypeKind::IdentityRef(bases) => vec![bases],
        TypeKind::Union(members) => members.into_iter().flat_map(demanded).collect(),
        _ => Vec::new(),
    }
}

/// All identities with what they are derived from; of several revisions of a module, together.
fn bases(schema: &Schema) -> BTreeMap<String, Bases> {
    let mut all: BTreeMap<String, Bases> = BTreeMap::new();
    for identity in &schema.identities {
        let name =
            format!("{}:{}", schema.modules[identity.module as usize].name, schema.names.text(identity.name));
        let known = all.entry(name).or_default();
        let mut waiting = identity.bases.clone();
        while let Some(base) = waiting.pop() {
            if known.insert(schema.identity_name(base)) {
                waiting.extend(&schema.identities[base as usize].bases);
            }
        }
    }
    all
}
