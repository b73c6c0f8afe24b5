//! The two words that every family's operational model has for an interface.

use crate::dialect::Operational;
use crate::edit::{self, keyed, path};
use crate::error::DialectError;
use crate::reader::{Reader, children, entry, parse, tops, wrap};
use roxmltree::Node;

/// The filter for one entry.
pub(crate) fn filter(ns: &'static str, list: &str, interface: &str) -> Result<String, DialectError> {
    edit::filter(&keyed(path(&[(ns, list)]), "name", interface.to_owned()))
}

/// Reads both leaves from the entry of `/TOP/interface[name]`.
pub(crate) fn read(
    reply: &str,
    ns: &'static str,
    (top, interface): (&str, &str),
) -> Result<Option<Operational>, DialectError> {
    let wrapped = wrap(reply);
    let document = parse(&wrapped)?;
    let entries = tops(&document, ns, top).into_iter().flat_map(|top| children(top, ns, "interface"));
    let Some(found) = entry(entries, ns, ("name", interface))? else {
        return Ok(None);
    };
    Ok(words(found, ns))
}

/// Both leaves right below a node; `None` when it has neither.
pub(crate) fn words(node: Node<'_, '_>, ns: &'static str) -> Option<Operational> {
    let from = Reader::new(node);
    let word = |leaf: &str| from.text(&[(ns, leaf)]).map(|text| text.trim().to_owned());
    let state = Operational { admin_status: word("admin-status"), oper_status: word("oper-status") };
    (state != Operational::default()).then_some(state)
}
