//! Which properties a refine or a deviation can give to a node (RFC 7950 sections 7.13.2 and 7.20.3.2).

use super::Compiler;
use crate::schema::{Def, NodeKind, StmtRef};
use crate::syntax::Kw;

impl Compiler<'_> {
    /// Whether nodes of a kind have a property; complains if not.
    pub(super) fn fits(&mut self, at: StmtRef, kind: NodeKind) -> bool {
        let kw = self.kw(at);
        let fits = match kw {
            Kw::Default => kind.has_value() || kind == NodeKind::Choice,
            Kw::Units | Kw::Type => kind.has_value(),
            Kw::Mandatory => {
                matches!(kind, NodeKind::Leaf | NodeKind::Choice | NodeKind::Anydata | NodeKind::Anyxml)
            }
            Kw::Config => kind.is_data() || matches!(kind, NodeKind::Choice | NodeKind::Case),
            Kw::Must => {
                kind.is_data() || matches!(kind, NodeKind::Input | NodeKind::Output | NodeKind::Notification)
            }
            Kw::Unique => kind == NodeKind::List,
            Kw::MinElements | Kw::MaxElements => matches!(kind, NodeKind::List | NodeKind::LeafList),
            Kw::Presence => kind == NodeKind::Container,
            _ => true,
        };
        if !fits {
            self.error(at, format!("a {} has no \"{}\"", kind.keyword(), kw.text()));
        }
        fits
    }

    /// Of what stands once, a second one is complained about.
    pub(super) fn one_default(&mut self, at: StmtRef, kind: NodeKind) {
        let second = self.children(at).filter(|child| self.kw(*child) == Kw::Default).nth(1);
        if let Some(second) = second.filter(|_| kind != NodeKind::LeafList) {
            self.error(second, format!("a {} has one default", kind.keyword()));
        }
    }

    /// Whether a definition has a property of its own.
    pub(super) fn has_property(&self, def: &Def, kw: Kw) -> bool {
        let is_written = || def.at.is_some_and(|at| self.child(at, kw).is_some());
        match kw {
            Kw::Default => !def.defaults.is_empty(),
            Kw::Units => def.units.is_some(),
            Kw::Config => def.config.is_some(),
            Kw::Mandatory => def.mandatory || is_written(),
            Kw::MinElements => def.min_elements > 0 || is_written(),
            Kw::MaxElements => def.max_elements.is_some() || is_written(),
            _ => false,
        }
    }
}
