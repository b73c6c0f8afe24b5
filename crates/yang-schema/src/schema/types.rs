//! Types as compiled: built-in kind plus restrictions, typedef chains resolved.

use super::{IdentityId, PatternData, Schema, StmtRef};
use crate::error::Location;
use crate::syntax::Kw;

pub(crate) type TypeId = u32;

/// The built-in integer types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntegerKind {
    /// 8 bits, signed
    Int8,
    /// 16 bits, signed
    Int16,
    /// 32 bits, signed
    Int32,
    /// 64 bits, signed
    Int64,
    /// 8 bits
    Uint8,
    /// 16 bits
    Uint16,
    /// 32 bits
    Uint32,
    /// 64 bits
    Uint64,
}

impl IntegerKind {
    /// Smallest and largest value.
    #[must_use]
    pub fn bounds(self) -> (i128, i128) {
        match self {
            Self::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Self::Int16 => (i16::MIN.into(), i16::MAX.into()),
            Self::Int32 => (i32::MIN.into(), i32::MAX.into()),
            Self::Int64 => (i64::MIN.into(), i64::MAX.into()),
            Self::Uint8 => (0, u8::MAX.into()),
            Self::Uint16 => (0, u16::MAX.into()),
            Self::Uint32 => (0, u32::MAX.into()),
            Self::Uint64 => (0, u64::MAX.into()),
        }
    }

    /// The type's name in YANG.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
        }
    }

    /// Whether RFC 7951 writes it as a JSON string (64 bits).
    #[must_use]
    pub fn is_wide(self) -> bool {
        matches!(self, Self::Int64 | Self::Uint64)
    }
}

/// Allowed intervals, both ends included, ascending; and the statement that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ranges {
    pub(crate) parts: Vec<(i128, i128)>,
    pub(crate) at: Option<StmtRef>,
}

impl Ranges {
    pub(crate) fn contain(&self, value: i128) -> bool {
        self.parts.iter().any(|(low, high)| (*low..=*high).contains(&value))
    }
}

#[derive(Debug, Clone)]
pub(crate) struct EnumItem {
    pub(crate) name: Box<str>,
    pub(crate) value: i64,
    pub(crate) at: StmtRef,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Integer { kind: IntegerKind, ranges: Ranges },
    Decimal64 { digits: u8, ranges: Ranges },
    String { lengths: Option<Ranges>, patterns: Vec<u32> },
    Boolean,
    Empty,
    Enumeration(Vec<EnumItem>),
    Bits(Vec<EnumItem>),
    Binary { lengths: Option<Ranges> },
    Leafref { path: StmtRef, require_instance: bool },
    IdentityRef(Vec<IdentityId>),
    InstanceIdentifier { require_instance: bool },
    Union(Vec<TypeId>),
}

#[derive(Debug, Clone)]
pub(crate) struct TypeData {
    pub(crate) kind: Kind,
    /// The `typedef` it was named by, if any.
    pub(crate) typedef: Option<StmtRef>,
    pub(crate) default: Option<StmtRef>,
    pub(crate) units: Option<StmtRef>,
}

/// A leaf's type.
#[derive(Debug, Clone, Copy)]
pub struct Type<'s> {
    pub(crate) schema: &'s Schema,
    pub(crate) id: TypeId,
}

/// One value of an enumeration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnumValue<'s> {
    /// As written in data.
    pub name: &'s str,
    /// Its number.
    pub value: i64,
    /// Its description.
    pub description: Option<&'s str>,
}

/// One bit of a bits type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bit<'s> {
    /// As written in data.
    pub name: &'s str,
    /// Its position.
    pub position: i64,
    /// Its description.
    pub description: Option<&'s str>,
}

/// A `pattern` in XSD syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern<'s> {
    /// The regular expression as the model has it; it must match the whole value.
    pub regex: &'s str,
    /// Whether values must *not* match it.
    pub invert: bool,
    /// Where the model says so.
    pub at: Location,
}

/// Allowed intervals, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// Lowest and highest values; decimal64 values are scaled by ten to the power of their fraction digits.
    pub intervals: Vec<(i128, i128)>,
    /// Where the model says so; `None` when it is the built-in type's own.
    pub at: Option<Location>,
}

/// What a type allows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TypeKind<'s> {
    /// An integer.
    Integer {
        /// Size and sign.
        kind: IntegerKind,
        /// Allowed values.
        range: Restriction,
    },
    /// A decimal number.
    Decimal64 {
        /// Digits after the point, 1 to 18.
        fraction_digits: u8,
        /// Allowed values, scaled.
        range: Restriction,
    },
    /// A text.
    String {
        /// Allowed lengths in characters.
        length: Option<Restriction>,
        /// All must hold.
        patterns: Vec<Pattern<'s>>,
    },
    /// `true` or `false`.
    Boolean,
    /// Presence only.
    Empty,
    /// One of several names.
    Enumeration(Vec<EnumValue<'s>>),
    /// A set of names.
    Bits(Vec<Bit<'s>>),
    /// Base64.
    Binary {
        /// Allowed lengths in bytes.
        length: Option<Restriction>,
    },
    /// The value of another leaf.
    Leafref {
        /// The path as the model has it.
        path: &'s str,
        /// Whether that leaf must exist.
        require_instance: bool,
    },
    /// The name of an identity derived from all of these (`module:name`).
    IdentityRef(Vec<String>),
    /// A path to an instance.
    InstanceIdentifier {
        /// Whether it must exist.
        require_instance: bool,
    },
    /// The first of several types that fits.
    Union(Vec<Type<'s>>),
}

impl<'s> Type<'s> {
    pub(crate) fn data(&self) -> &'s TypeData {
        &self.schema.types[self.id as usize]
    }

    /// The typedef's name, or the built-in type's.
    #[must_use]
    pub fn name(&self) -> &'s str {
        self.data().typedef.map_or_else(|| self.base_name(), |at| self.schema.arg(at))
    }

    /// The built-in type's name.
    #[must_use]
    pub fn base_name(&self) -> &'static str {
        match &self.data().kind {
            Kind::Integer { kind, .. } => kind.name(),
            Kind::Decimal64 { .. } => "decimal64",
            Kind::String { .. } => "string",
            Kind::Boolean => "boolean",
            Kind::Empty => "empty",
            Kind::Enumeration(_) => "enumeration",
            Kind::Bits(_) => "bits",
            Kind::Binary { .. } => "binary",
            Kind::Leafref { .. } => "leafref",
            Kind::IdentityRef(_) => "identityref",
            Kind::InstanceIdentifier { .. } => "instance-identifier",
            Kind::Union(_) => "union",
        }
    }

    /// Where the typedef stands, if the type is one.
    #[must_use]
    pub fn typedef_location(&self) -> Option<Location> {
        self.data().typedef.map(|at| self.schema.location(at))
    }

    /// What it allows.
    #[must_use]
    pub fn kind(&self) -> TypeKind<'s> {
        let schema = self.schema;
        match &self.data().kind {
            Kind::Integer { kind, ranges } => {
                TypeKind::Integer { kind: *kind, range: restriction(schema, ranges) }
            }
            Kind::Decimal64 { digits, ranges } => {
                TypeKind::Decimal64 { fraction_digits: *digits, range: restriction(schema, ranges) }
            }
            Kind::String { lengths, patterns } => TypeKind::String {
                length: lengths.as_ref().map(|lengths| restriction(schema, lengths)),
                patterns: patterns.iter().map(|id| pattern(schema, &schema.patterns[*id as usize])).collect(),
            },
            Kind::Boolean => TypeKind::Boolean,
            Kind::Empty => TypeKind::Empty,
            Kind::Enumeration(items) => TypeKind::Enumeration(
                items
                    .iter()
                    .map(|item| EnumValue {
                        name: &item.name,
                        value: item.value,
                        description: description(schema, item.at),
                    })
                    .collect(),
            ),
            Kind::Bits(items) => TypeKind::Bits(
                items
                    .iter()
                    .map(|item| Bit {
                        name: &item.name,
                        position: item.value,
                        description: description(schema, item.at),
                    })
                    .collect(),
            ),
            Kind::Binary { lengths } => {
                TypeKind::Binary { length: lengths.as_ref().map(|lengths| restriction(schema, lengths)) }
            }
            Kind::Leafref { path, require_instance } => {
                TypeKind::Leafref { path: schema.arg(*path), require_instance: *require_instance }
            }
            Kind::IdentityRef(bases) => {
                TypeKind::IdentityRef(bases.iter().map(|base| schema.identity_name(*base)).collect())
            }
            Kind::InstanceIdentifier { require_instance } => {
                TypeKind::InstanceIdentifier { require_instance: *require_instance }
            }
            Kind::Union(members) => {
                TypeKind::Union(members.iter().map(|id| Type { schema, id: *id }).collect())
            }
        }
    }
}

/// An identity.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity<'s> {
    /// Its module's name.
    pub module: &'s str,
    /// Its name.
    pub name: &'s str,
    /// Its description.
    pub description: Option<&'s str>,
    /// Where it is defined.
    pub at: Location,
}

impl Schema {
    /// The identities derived from one, directly or not.
    pub fn derived_identities(&self, module: &str, name: &str) -> impl Iterator<Item = Identity<'_>> {
        let base = self.by_name.get(module).and_then(|module| self.find_identity(*module, name));
        let ids = 0..u32::try_from(self.identities.len()).unwrap_or(u32::MAX);
        ids.filter(move |id| base.is_some_and(|base| self.identity_is_derived(*id, base))).map(|id| {
            let identity = &self.identities[id as usize];
            Identity {
                module: &self.modules[identity.module as usize].name,
                name: self.names.text(identity.name),
                description: description(self, identity.at),
                at: self.location(identity.at),
            }
        })
    }

    pub(crate) fn identity_name(&self, id: IdentityId) -> String {
        let identity = &self.identities[id as usize];
        format!("{}:{}", self.modules[identity.module as usize].name, self.names.text(identity.name))
    }
}

fn restriction(schema: &Schema, ranges: &Ranges) -> Restriction {
    Restriction { intervals: ranges.parts.clone(), at: ranges.at.map(|at| schema.location(at)) }
}

fn pattern<'s>(schema: &'s Schema, pattern: &'s PatternData) -> Pattern<'s> {
    Pattern { regex: schema.arg(pattern.at), invert: pattern.invert, at: schema.location(pattern.at) }
}

fn description(schema: &Schema, at: StmtRef) -> Option<&str> {
    schema.sources[at.file as usize].child_arg(at.stmt, Kw::Description)
}
