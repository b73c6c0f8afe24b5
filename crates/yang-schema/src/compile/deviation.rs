//! Deviations: what a device says it does not do as the module has it (RFC 7950 section 7.20.3).

use super::Compiler;
use super::augment::Target;
use crate::schema::{Def, NodeKind, StmtRef};
use crate::syntax::Kw;

impl Compiler<'_> {
    pub(super) fn apply_deviations(&mut self) {
        let deviations = self.top_level(Kw::Deviation);
        for (module, at) in deviations {
            if !self.schema.modules[module as usize].implemented {
                continue;
            }
            let target = match self.find_target(at) {
                Target::Found(target) => target,
                Target::Pruned | Target::Bad => continue,
                Target::Missing(step) => {
                    self.error(at, format!("deviation \"{}\": there is no {step}", self.arg(at)));
                    continue;
                }
            };
            let deviates: Vec<_> = self.children(at).filter(|child| self.kw(*child) == Kw::Deviate).collect();
            for deviate in deviates {
                match self.arg(deviate) {
                    "not-supported" => self.unlink(target),
                    "delete" => self.deviate_delete(deviate, target),
                    what => self.deviate_set(deviate, target, what == "replace"),
                }
            }
        }
    }

    fn deviate_set(&mut self, deviate: StmtRef, target: u32, replace: bool) {
        let mut def = self.own_def(target).clone();
        let mut config = None;
        let kind = self.schema.nodes[target as usize].kind;
        self.one_default(deviate, kind);
        let before = def.clone();
        if replace && self.child(deviate, Kw::Default).is_some() {
            def.defaults.clear();
        }
        for child in self.children(deviate) {
            let kw = self.kw(child);
            if !self.fits(child, kind) {
                continue;
            }
            let adds_one_more = kind == NodeKind::LeafList && kw == Kw::Default;
            if !replace && !adds_one_more && self.has_property(&before, kw) {
                let what = kw.text();
                self.error(
                    child,
                    format!("the target has \"{what}\" already: \"deviate replace\" changes it"),
                );
                continue;
            }
            if replace && kw != Kw::Type && kw != Kw::Extension && !self.has_property(&before, kw) {
                let what = kw.text();
                self.error(
                    child,
                    format!("the target has no \"{what}\" to replace: \"deviate add\" adds it"),
                );
            }
            match kw {
                Kw::Type => def.ty = self.type_of(child),
                Kw::Extension => {}
                Kw::Config => {
                    config = Some(self.arg(child) == "true");
                    def.config = config;
                }
                kw => {
                    self.set_property(&mut def, kw, child);
                }
            }
        }
        *self.own_def(target) = def;
        if let Some(config) = config {
            self.set_config(target, config);
        }
    }

    fn deviate_delete(&mut self, deviate: StmtRef, target: u32) {
        let mut def = self.own_def(target).clone();
        for child in self.children(deviate) {
            let arg = self.arg(child);
            let gone = match self.kw(child) {
                Kw::Units => def.units.take().is_some(),
                Kw::Default => self.remove_where(&mut def, arg, |def| &mut def.defaults),
                Kw::Must => self.remove_where(&mut def, arg, |def| &mut def.musts),
                Kw::Unique => self.remove_where(&mut def, arg, |def| &mut def.uniques),
                _ => true,
            };
            if !gone {
                self.error(child, format!("the target has no {} \"{arg}\" to delete", self.kw(child).text()));
            }
        }
        *self.own_def(target) = def;
    }

    fn remove_where(&self, def: &mut Def, arg: &str, list: impl Fn(&mut Def) -> &mut Vec<StmtRef>) -> bool {
        let list = list(def);
        let before = list.len();
        list.retain(|at| self.arg(*at) != arg);
        list.len() < before
    }
}
