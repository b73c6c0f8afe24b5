//! Annotations that modules define (`md:annotation`, RFC 7952 section 3).

use super::Compiler;
use crate::annotation::Annotation;
use crate::syntax::Kw;

impl Compiler<'_> {
    pub(super) fn collect_annotations(&mut self) {
        for (module, at) in self.top_level(Kw::Extension) {
            let Some((prefix, "annotation")) = self.source(at).keyword(at.stmt).split_once(':') else {
                continue;
            };
            let home = self.schema.resolve_prefix(at.file, Some(prefix));
            let is_metadata = home
                .is_some_and(|home| &*self.schema.modules[usize::from(home)].name == "ietf-yang-metadata");
            if is_metadata && self.features_hold(at) {
                let ty = self.child(at, Kw::Type).and_then(|ty| self.type_of(ty));
                let name = self.arg(at).into();
                self.schema.annotations.insert((module, name), Annotation { module, ty });
            }
        }
    }
}
