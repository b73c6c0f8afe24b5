//! Statements of YANG 1.1 in files that say they are of YANG 1 (RFC 7950 section 1.1): vendors have them.

use super::Kw;
use super::grammar::is_identifier;
use super::lexer::MAX_TOLERANCES;
use super::source::{NONE, Source, StmtId, Tolerance};

/// Lists them as tolerances; they are read as YANG 1.1 has them.
pub(super) fn tolerate_newer(source: &mut Source) {
    if source.child_arg(0, Kw::YangVersion) == Some("1.1") {
        return;
    }
    let all = 0..u32::try_from(source.stmts.len()).unwrap_or(NONE);
    let left = MAX_TOLERANCES.saturating_sub(source.tolerances.len());
    let found: Vec<Tolerance> = all
        .filter(|id| is_newer(source, *id))
        .take(left)
        .map(|id| {
            let message = format!(
                "this \"{}\" is YANG 1.1, and the file YANG 1; read as YANG 1.1",
                source.kw(id).text()
            );
            Tolerance { at: source.location(id), message }
        })
        .collect();
    source.tolerances.extend(found);
}

fn is_newer(source: &Source, id: StmtId) -> bool {
    let stmt = source.stmt(id);
    if stmt.parent == NONE {
        return false;
    }
    let above = source.kw(stmt.parent);
    let is_second = || source.child(stmt.parent, stmt.kw) != Some(id);
    match stmt.kw {
        Kw::Action | Kw::Anydata | Kw::Modifier => true,
        Kw::Notification => !matches!(above, Kw::Module | Kw::Submodule),
        Kw::Default => above == Kw::LeafList,
        Kw::Must => matches!(above, Kw::Input | Kw::Output | Kw::Notification),
        Kw::Base => is_second(),
        Kw::Choice => above == Kw::Choice,
        Kw::RequireInstance => source.arg(stmt.parent) == "leafref",
        Kw::Enum => source.arg(stmt.parent) != "enumeration",
        Kw::Bit => source.arg(stmt.parent) != "bits",
        Kw::IfFeature => {
            let is_name = source.arg(id).split(':').all(is_identifier);
            !is_name || matches!(above, Kw::Enum | Kw::Bit | Kw::Identity | Kw::Refine)
        }
        _ => false,
    }
}
