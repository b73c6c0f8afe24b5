//! Metadata that modules define (`md:annotation`, RFC 7952), and their types.

use crate::schema::{Kind, ModuleId, Schema, TypeId};
use crate::value::{Checker, Fit, Misfit, Naming};

/// A defined annotation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Annotation {
    pub(crate) module: ModuleId,
    /// `None` where the definition has no type that can be read.
    pub(crate) ty: Option<TypeId>,
}

impl Schema {
    /// The annotation with this name.
    pub(crate) fn annotation(&self, namespace: &str, name: &str) -> Option<Annotation> {
        let module = *self.by_namespace.get(namespace)?;
        self.annotations.get(&(module, name.into())).copied()
    }
}

impl Annotation {
    /// Checks a value; `None` where any will do: what a leafref in metadata refers to, nobody knows.
    pub(crate) fn check(
        self,
        schema: &Schema,
        value: &str,
        naming: Naming<'_>,
    ) -> Option<Result<Fit, Misfit>> {
        let ty = self.ty?;
        let checker = Checker { schema, leaf: 0, naming };
        match &schema.types[ty as usize].kind {
            Kind::Leafref { .. } => None,
            // in JSON, a name without a module is one of the annotation's
            Kind::IdentityRef(_) if matches!(naming, Naming::Json) && !value.contains(':') => {
                let module = &schema.modules[usize::from(self.module)].name;
                Some(checker.check(ty, &format!("{module}:{value}")))
            }
            _ => Some(checker.check(ty, value)),
        }
    }
}
