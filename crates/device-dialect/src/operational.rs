//! The two words that every family's operational model has for an interface.

use crate::dialect::Operational;
use crate::edit::{self, keyed, path};
use crate::error::DialectError;
use crate::reader::{Reader, at, children, entry, parse, tops, wrap};

/// The filter for one entry, or for its `state` container where the model has one.
pub(crate) fn filter(
    ns: &'static str,
    list: &str,
    interface: &str,
    below: Option<&str>,
) -> Result<String, DialectError> {
    let mut at = keyed(path(&[(ns, list)]), "name", interface.to_owned());
    if let Some(below) = below {
        at.extend(path(&[(ns, below)]));
    }
    edit::filter(&at)
}

/// Reads both leaves from the entry of `/TOP/interface[name]`, or from its `state` container.
pub(crate) fn read(
    reply: &str,
    ns: &'static str,
    (top, interface): (&str, &str),
    below: Option<&str>,
) -> Result<Option<Operational>, DialectError> {
    let wrapped = wrap(reply);
    let document = parse(&wrapped)?;
    let entries = tops(&document, ns, top).into_iter().flat_map(|top| children(top, ns, "interface"));
    let Some(found) = entry(entries, ns, ("name", interface))? else {
        return Ok(None);
    };
    let Some(node) = below.map_or(Some(found), |below| at(found, &[(ns, below)])) else {
        return Ok(None);
    };
    let from = Reader::new(node);
    let state = Operational {
        admin_status: from.text(&[(ns, "admin-status")]).map(|text| text.trim().to_owned()),
        oper_status: from.text(&[(ns, "oper-status")]).map(|text| text.trim().to_owned()),
    };
    Ok((state != Operational::default()).then_some(state))
}
