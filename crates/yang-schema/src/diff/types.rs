//! Types in two releases: as text, and whether one allows all that the other did.

use crate::page::intervals;
use crate::schema::{Pattern, Restriction, Type, TypeKind};

/// A type with its restrictions: `uint16 {range 64..18000}`.
pub(super) fn text(ty: Type<'_>) -> String {
    let name = ty.base_name();
    let details: Vec<String> = match ty.kind() {
        TypeKind::Integer { range, .. } => vec![format!("range {}", intervals(&range, 0))],
        TypeKind::Decimal64 { fraction_digits, range } => vec![
            format!("fraction-digits {fraction_digits}"),
            format!("range {}", intervals(&range, fraction_digits)),
        ],
        TypeKind::String { length, patterns } => {
            let length = length.map(|length| format!("length {}", intervals(&length, 0)));
            length.into_iter().chain(patterns.iter().map(pattern)).collect()
        }
        TypeKind::Binary { length } => {
            length.map(|length| format!("length {}", intervals(&length, 0))).into_iter().collect()
        }
        TypeKind::Enumeration(values) => {
            values.iter().map(|value| format!("{}={}", value.name, value.value)).collect()
        }
        TypeKind::Bits(bits) => bits.iter().map(|bit| format!("{}={}", bit.name, bit.position)).collect(),
        TypeKind::IdentityRef(bases) => bases,
        TypeKind::Leafref { path, require_instance } => {
            std::iter::once(path.split_whitespace().collect()).chain(loose(require_instance)).collect()
        }
        TypeKind::Union(members) => members.into_iter().map(text).collect(),
        TypeKind::InstanceIdentifier { require_instance } => loose(require_instance).into_iter().collect(),
        TypeKind::Boolean | TypeKind::Empty => Vec::new(),
    };
    if details.is_empty() { name.to_owned() } else { format!("{name} {{{}}}", details.join("; ")) }
}

fn loose(require_instance: bool) -> Option<String> {
    (!require_instance).then(|| "require-instance false".to_owned())
}

fn pattern(pattern: &Pattern<'_>) -> String {
    format!("{}pattern {}", if pattern.invert { "not " } else { "" }, pattern.regex)
}

/// Whether all values of the type before have the same meaning in the type after.
pub(super) fn is_wider(before: Type<'_>, after: Type<'_>) -> bool {
    match (before.kind(), after.kind()) {
        (TypeKind::Integer { kind: a, range: x }, TypeKind::Integer { kind: b, range: y }) => {
            a == b && contains(&y, &x)
        }
        (
            TypeKind::Decimal64 { fraction_digits: a, range: x },
            TypeKind::Decimal64 { fraction_digits: b, range: y },
        ) => a == b && contains(&y, &x),
        (TypeKind::String { length: a, patterns: x }, TypeKind::String { length: b, patterns: y }) => {
            let known = |pattern: &Pattern<'_>| {
                x.iter().any(|old| old.regex == pattern.regex && old.invert == pattern.invert)
            };
            lengths(a.as_ref(), b.as_ref()) && y.iter().all(known)
        }
        (TypeKind::Binary { length: a }, TypeKind::Binary { length: b }) => lengths(a.as_ref(), b.as_ref()),
        (TypeKind::Enumeration(a), TypeKind::Enumeration(b)) => {
            a.iter().all(|old| b.iter().any(|new| new.name == old.name && new.value == old.value))
        }
        (TypeKind::Bits(a), TypeKind::Bits(b)) => {
            a.iter().all(|old| b.iter().any(|new| new.name == old.name && new.position == old.position))
        }
        (TypeKind::IdentityRef(a), TypeKind::IdentityRef(b)) => b.iter().all(|base| a.contains(base)),
        (
            TypeKind::Leafref { path: a, require_instance: x },
            TypeKind::Leafref { path: b, require_instance: y },
        ) => a.split_whitespace().eq(b.split_whitespace()) && (x || !y),
        (TypeKind::Union(a), TypeKind::Union(b)) => {
            // the first that fits decides: members may be added at the end only
            a.len() <= b.len() && a.iter().zip(&b).all(|(old, new)| is_wider(*old, *new))
        }
        (
            TypeKind::InstanceIdentifier { require_instance: a },
            TypeKind::InstanceIdentifier { require_instance: b },
        ) => a || !b,
        (TypeKind::Boolean, TypeKind::Boolean) | (TypeKind::Empty, TypeKind::Empty) => true,
        _ => false,
    }
}

fn lengths(before: Option<&Restriction>, after: Option<&Restriction>) -> bool {
    match (before, after) {
        (_, None) => true,
        (None, Some(after)) => after.intervals == [(0, u64::MAX.into())],
        (Some(before), Some(after)) => contains(after, before),
    }
}

/// Whether all of some intervals lies within others, neighbours counted as one.
fn contains(outer: &Restriction, inner: &Restriction) -> bool {
    let mut joined: Vec<(i128, i128)> = Vec::new();
    for (low, high) in &outer.intervals {
        match joined.last_mut() {
            Some((_, end)) if *low <= *end + 1 => *end = (*end).max(*high),
            _ => joined.push((*low, *high)),
        }
    }
    inner.intervals.iter().all(|(low, high)| joined.iter().any(|(from, to)| from <= low && high <= to))
}
