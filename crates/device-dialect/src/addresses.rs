//! What OpenConfig and the IETF's models have in common: addresses without an order, and a leaf `enabled` that may be spelled out.

use change_model::interface::{InterfaceState, OtherConfig};

use crate::error::DialectError;
use crate::reader::{Reader, trimmed};

/// Both models take descriptions of any length; IF-MIB's ifAlias, which they mirror, is what devices store (RFC 2863: 64; in practice 255).
pub(crate) const SNMP_ALIAS: usize = 255;

/// Puts addresses into the one order: the lowest is the primary one.
pub(crate) fn settle(state: &mut InterfaceState) {
    let mut all: Vec<_> = state.ipv4.take().into_iter().chain(state.ipv4_secondary.drain(..)).collect();
    all.sort();
    all.dedup();
    let mut all = all.into_iter();
    state.ipv4 = all.next();
    state.ipv4_secondary = all.collect();
    state.ipv6.sort();
    state.ipv6.dedup();
}

/// Refuses addresses in another order than [`settle`] makes: the model could not tell it back.
pub(crate) fn unordered(state: &InterfaceState) -> Result<(), DialectError> {
    let mut settled = state.clone();
    settle(&mut settled);
    if (settled.ipv4, &settled.ipv4_secondary) == (state.ipv4, &state.ipv4_secondary)
        && settled.ipv6 == state.ipv6
    {
        Ok(())
    } else {
        Err(DialectError::Inexpressible("which address is the primary one".to_owned()))
    }
}

/// A port is enabled unless the leaf says false; a `true` that is spelled out stays in `other`, so that an inverse is exact.
pub(crate) fn read_enabled(from: &Reader<'_, '_>, ns: &str, leaf: &str) -> Result<bool, DialectError> {
    let Some(node) = from.at(&[(ns, leaf)]) else {
        return Ok(true);
    };
    match trimmed(node) {
        "true" => Ok(true),
        "false" => {
            from.take(node);
            Ok(false)
        }
        value => Err(DialectError::Value {
            path: leaf.to_owned(),
            value: value.to_owned(),
            expected: "true or false",
        }),
    }
}

/// A port that is switched on says so in so many words; one that is off cannot.
pub(crate) fn settle_enabled(before: &InterfaceState, state: &mut InterfaceState, leaf: &str) {
    if !state.enabled {
        state.other.retain(|other| other.path != leaf);
    } else if !before.enabled && !state.other.iter().any(|other| other.path == leaf) {
        state.other.push(OtherConfig { path: leaf.to_owned(), value: "true".to_owned() });
    }
    state.other.sort_by(|a, b| (&a.path, &a.value).cmp(&(&b.path, &b.value)));
}
