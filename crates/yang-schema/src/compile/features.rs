//! Features, `if-feature`, and identities.

use std::collections::HashMap;

use super::Compiler;
use crate::module_set::Features;
use crate::schema::{IdentityData, ModuleId, StmtRef, Sym, module_id};
use crate::syntax::Kw;
use crate::syntax::argument::{FeatureExpr, Name};

impl Compiler<'_> {
    pub(super) fn collect_features(&mut self) {
        let mut all: HashMap<(ModuleId, Sym), StmtRef> = HashMap::new();
        for (module, at) in self.top_level(Kw::Feature) {
            let name = self.schema.names.intern(self.arg(at));
            if all.insert((module, name), at).is_some() {
                self.error(at, format!("feature {} is defined twice", self.arg(at)));
            }
        }
        let mut order: Vec<_> = all.iter().map(|(key, at)| (*key, *at)).collect();
        order.sort_by_key(|(_, at)| *at);
        for ((module, name), at) in order {
            self.feature_is_on((module, name), at, &all, 0);
        }
    }

    fn feature_is_on(
        &mut self,
        (module, name): (ModuleId, Sym),
        at: StmtRef,
        all: &HashMap<(ModuleId, Sym), StmtRef>,
        depth: usize,
    ) -> bool {
        /// Longest chain of features that depend on each other.
        const MAX_CHAIN: usize = 32;
        if let Some(known) = self.schema.modules[module as usize].features.get(&name) {
            return *known;
        }
        if depth > MAX_CHAIN {
            self.error(at, "features depend on each other in a circle");
            return false;
        }
        let chosen = match &self.options.features {
            Features::All => true,
            Features::None => false,
            Features::Only(map) => map
                .get(&*self.schema.modules[module as usize].name)
                .is_none_or(|names| names.iter().any(|on| on == self.schema.names.text(name))),
            Features::Exactly(map) => map
                .get(&*self.schema.modules[module as usize].name)
                .is_some_and(|names| names.iter().any(|on| on == self.schema.names.text(name))),
        };
        let conditions: Vec<_> = self.children(at).filter(|child| self.kw(*child) == Kw::IfFeature).collect();
        let mut on = chosen;
        for condition in conditions {
            let Some(expr) = self.feature_expr(condition) else {
                continue;
            };
            on &= expr.eval(&mut |text| {
                let (prefix, feature) = Name::split(text);
                let target = self.schema.resolve_prefix(condition.file, prefix);
                let target = target.zip(self.schema.names.get(feature));
                match target.and_then(|key| all.get(&key).map(|at| (key, *at))) {
                    Some((key, at)) => self.feature_is_on(key, at, all, depth + 1),
                    None => {
                        self.error(condition, format!("feature {text} is not defined"));
                        false
                    }
                }
            });
        }
        // each is found out once, however many others ask for it
        self.schema.modules[module as usize].features.insert(name, on);
        on
    }

    fn feature_expr(&mut self, at: StmtRef) -> Option<FeatureExpr> {
        let expr = FeatureExpr::parse(self.arg(at));
        if expr.is_none() {
            self.error(at, format!("\"{}\" is not an if-feature expression", self.arg(at)));
        }
        expr
    }

    /// Whether all `if-feature` substatements of a statement hold.
    pub(super) fn features_hold(&mut self, at: StmtRef) -> bool {
        let mut hold = true;
        for condition in self.children(at) {
            if self.kw(condition) != Kw::IfFeature {
                continue;
            }
            let Some(expr) = self.feature_expr(condition) else {
                continue;
            };
            hold &= expr.eval(&mut |text| {
                let (prefix, feature) = Name::split(text);
                let module = self.schema.resolve_prefix(condition.file, prefix);
                let name = self.schema.names.get(feature);
                let on = module.zip(name).and_then(|(module, name)| {
                    self.schema.modules[module as usize].features.get(&name).copied()
                });
                if on.is_none() {
                    self.error(condition, format!("feature {text} is not defined"));
                }
                on.unwrap_or(false)
            });
        }
        hold
    }

    pub(super) fn collect_identities(&mut self) {
        let all = self.top_level(Kw::Identity);
        let mut kept = Vec::new();
        for (module, at) in all {
            if !self.features_hold(at) {
                continue;
            }
            let name = self.schema.names.intern(self.arg(at));
            let id = u32::try_from(self.schema.identities.len()).unwrap_or(u32::MAX);
            if self.schema.modules[module as usize].identities.insert(name, id).is_some() {
                self.error(at, format!("identity {} is defined twice", self.arg(at)));
            }
            self.schema.identities.push(IdentityData { name, module, at, bases: Vec::new() });
            kept.push((id, at));
        }
        for (id, at) in kept {
            let bases: Vec<_> = self.children(at).filter(|child| self.kw(*child) == Kw::Base).collect();
            for base in bases {
                if let Some(found) = self.identity(base) {
                    self.schema.identities[id as usize].bases.push(found);
                }
            }
        }
        self.check_identities();
    }

    /// An identity must not be derived from itself, over others either (RFC 7950 section 7.18.2).
    fn check_identities(&mut self) {
        let identities = &self.schema.identities;
        let mut derived: Vec<Vec<usize>> = vec![Vec::new(); identities.len()];
        let mut bases: Vec<usize> = identities.iter().map(|identity| identity.bases.len()).collect();
        for (id, identity) in identities.iter().enumerate() {
            identity.bases.iter().for_each(|base| derived[*base as usize].push(id));
        }
        // those whose bases are all sound are sound; what is left stands in a circle or below one
        let mut sound: Vec<usize> = (0..bases.len()).filter(|id| bases[*id] == 0).collect();
        while let Some(id) = sound.pop() {
            for other in &derived[id] {
                bases[*other] -= 1;
                if bases[*other] == 0 {
                    sound.push(*other);
                }
            }
        }
        /// More circles than anybody follows.
        const MAX_FOLLOWED: usize = 100;
        let left = (0..bases.len()).filter(|id| bases[*id] > 0).take(MAX_FOLLOWED);
        let left: Vec<u32> = left.filter_map(|id| u32::try_from(id).ok()).collect();
        for id in left {
            if self.schema.identity_is_derived(id, id) {
                let at = self.schema.identities[id as usize].at;
                self.error(at, format!("identity {} is derived from itself", self.arg(at)));
            }
        }
    }

    /// The identity that a `base` statement names.
    pub(super) fn identity(&mut self, base: StmtRef) -> Option<u32> {
        let text = self.arg(base);
        let (prefix, name) = Name::split(text);
        let module = self.module_of(base, prefix)?;
        let found = self.schema.find_identity(module, name);
        if found.is_none() {
            self.error(base, format!("identity {text} is not defined"));
        }
        found
    }

    /// Top-level statements of all modules, submodules included, in order.
    pub(super) fn top_level(&self, kw: Kw) -> Vec<(ModuleId, StmtRef)> {
        let mut found = Vec::new();
        for (index, module) in self.schema.modules.iter().enumerate() {
            for file in &module.files {
                let source = &self.sources[*file as usize];
                let at =
                    source.children_of(0, kw).map(|stmt| (module_id(index), StmtRef { file: *file, stmt }));
                found.extend(at);
            }
        }
        found
    }
}
