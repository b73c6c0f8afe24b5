//! A type on a node's page: what a value may be, written out.

use crate::error::Location;
use crate::schema::{Node, Restriction, Type, TypeKind};
use crate::value::unscaled;

/// Most identities or enum values of one type that a page lists; a device's model can have thousands.
const MAX_VALUES: usize = 2000;

/// What a leaf may hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[non_exhaustive]
pub struct TypePage {
    /// The typedef's name, or the built-in type's.
    pub name: String,
    /// The built-in type's name.
    pub base: String,
    /// Where the typedef stands.
    pub defined_at: Option<Location>,
    /// Allowed values, `64..18000`; of decimals with their point.
    pub range: Option<String>,
    /// Allowed lengths, in characters; of binary in bytes.
    pub length: Option<String>,
    /// Expressions in XSD syntax that a value must match.
    pub patterns: Vec<String>,
    /// Expressions that it must not match.
    pub forbidden_patterns: Vec<String>,
    /// Digits after the point.
    pub fraction_digits: Option<u8>,
    /// Names of an enumeration, with their numbers.
    pub enums: Vec<NamedValue>,
    /// Names of bits, with their positions.
    pub bits: Vec<NamedValue>,
    /// An identityref's bases.
    pub bases: Vec<String>,
    /// The identities derived from them.
    pub identities: Vec<String>,
    /// A leafref's path.
    pub leafref: Option<String>,
    /// The leaf it leads to.
    pub target: Option<String>,
    /// Whether the leaf or instance referred to must exist.
    pub require_instance: Option<bool>,
    /// A union's types: the first that fits is the value's.
    pub members: Vec<TypePage>,
}

/// A name with its number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct NamedValue {
    /// As data has it.
    pub name: String,
    /// Its number or position.
    pub value: i64,
    /// Its description.
    pub description: Option<String>,
}

pub(super) fn page(node: Node<'_>, ty: Type<'_>) -> TypePage {
    let mut page = TypePage {
        name: ty.name().to_owned(),
        base: ty.base_name().to_owned(),
        defined_at: ty.typedef_location(),
        ..TypePage::default()
    };
    let named = |name: &str, value: i64, description: Option<&str>| NamedValue {
        name: name.to_owned(),
        value,
        description: description.map(str::to_owned),
    };
    match ty.kind() {
        TypeKind::Integer { range, .. } => page.range = Some(intervals(&range, 0)),
        TypeKind::Decimal64 { fraction_digits, range } => {
            page.fraction_digits = Some(fraction_digits);
            page.range = Some(intervals(&range, fraction_digits));
        }
        TypeKind::String { length, patterns } => {
            page.length = length.map(|length| intervals(&length, 0));
            for pattern in patterns {
                let list = if pattern.invert { &mut page.forbidden_patterns } else { &mut page.patterns };
                list.push(pattern.regex.to_owned());
            }
        }
        TypeKind::Enumeration(values) => {
            let values = values.iter().take(MAX_VALUES);
            page.enums = values.map(|value| named(value.name, value.value, value.description)).collect();
        }
        TypeKind::Bits(bits) => {
            page.bits = bits.iter().map(|bit| named(bit.name, bit.position, bit.description)).collect();
        }
        TypeKind::Binary { length } => page.length = length.map(|length| intervals(&length, 0)),
        TypeKind::IdentityRef(bases) => {
            page.identities = identities(node, &bases);
            page.bases = bases;
        }
        TypeKind::Leafref { path, require_instance } => {
            page.leafref = Some(path.to_owned());
            page.require_instance = Some(require_instance);
            let target = node.schema.leafref_targets.get(&(node.id, ty.id));
            page.target = target.map(|target| node.at(*target).data_path());
        }
        TypeKind::InstanceIdentifier { require_instance } => page.require_instance = Some(require_instance),
        TypeKind::Union(members) => {
            page.members = members.into_iter().map(|member| self::page(node, member)).collect();
        }
        TypeKind::Boolean | TypeKind::Empty => {}
    }
    page
}

/// The identities derived from all of some bases.
fn identities(node: Node<'_>, bases: &[String]) -> Vec<String> {
    let derived = |base: &String| -> Vec<String> {
        let (module, name) = base.split_once(':').unwrap_or(("", base));
        let all = node.schema.derived_identities(module, name);
        all.map(|identity| format!("{}:{}", identity.module, identity.name)).collect()
    };
    let mut lists = bases.iter().map(derived);
    let mut common = lists.next().unwrap_or_default();
    for list in lists {
        common.retain(|name| list.contains(name));
    }
    common.truncate(MAX_VALUES);
    common
}

/// `64..18000 | 20000`, as a `range` statement has it.
pub(crate) fn intervals(restriction: &Restriction, digits: u8) -> String {
    let end = |value: i128| match value == i128::from(u64::MAX) && digits == 0 {
        true => "max".to_owned(),
        false => unscaled(value, digits),
    };
    let parts: Vec<String> = restriction
        .intervals
        .iter()
        .map(|(low, high)| if low == high { end(*low) } else { format!("{}..{}", end(*low), end(*high)) })
        .collect();
    parts.join(" | ")
}
