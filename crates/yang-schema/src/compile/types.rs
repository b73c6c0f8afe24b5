//! Types: typedef chains, and restrictions that narrow what the base allows (RFC 7950 section 9).

use std::collections::{HashMap, HashSet};

use super::Compiler;
use crate::schema::{EnumItem, IntegerKind, Kind, PatternData, Ranges, StmtRef, TypeData, TypeId};
use crate::syntax::Kw;
use crate::syntax::argument::{self, Bound};
use crate::syntax::lexer::shorten;

impl Compiler<'_> {
    /// The type a `type` statement means; `None` after a complaint.
    pub(super) fn type_of(&mut self, at: StmtRef) -> Option<TypeId> {
        /// Longest chain of typedefs and unions.
        const MAX_CHAIN: usize = 64;
        if let Some(known) = self.type_cache.get(&at) {
            return *known;
        }
        if self.types_in_progress.contains(&at) || self.types_in_progress.len() > MAX_CHAIN {
            self.error(at, format!("type {} is defined by itself", self.arg(at)));
            return None;
        }
        self.types_in_progress.push(at);
        let ty = self.build_type(at);
        self.types_in_progress.pop();
        self.type_cache.insert(at, ty);
        ty
    }

    fn build_type(&mut self, at: StmtRef) -> Option<TypeId> {
        let name = self.arg(at);
        if let Some(kind) = self.builtin(at, name) {
            let kind = kind?;
            let data = TypeData { kind, typedef: None, default: None, units: None };
            return self.restrict(at, data, true).map(|data| self.push_type(data));
        }
        let typedef = self.find_definition(Kw::Typedef, at, name)?;
        let base = self.child(typedef, Kw::Type).and_then(|ty| self.type_of(ty))?;
        let base = &self.schema.types[base as usize];
        let mut data = base.clone();
        data.typedef = Some(typedef);
        data.default = self.child(typedef, Kw::Default).or(data.default);
        data.units = self.child(typedef, Kw::Units).or(data.units);
        let restricted = self.children(at).any(|child| self.kw(child) != Kw::Extension);
        let unchanged = |ty: &TypeData| ty.typedef == data.typedef;
        // most leafs use a typedef as it is: they share one type
        if !restricted {
            let key = typedef;
            if let Some(Some(known)) = self.type_cache.get(&key).copied()
                && unchanged(&self.schema.types[known as usize])
            {
                return Some(known);
            }
            let id = self.push_type(data);
            self.type_cache.insert(key, Some(id));
            return Some(id);
        }
        self.restrict(at, data, false).map(|data| self.push_type(data))
    }

    fn push_type(&mut self, data: TypeData) -> TypeId {
        self.schema.types.push(data);
        u32::try_from(self.schema.types.len() - 1).unwrap_or(u32::MAX)
    }

    /// The built-in type with this name; the inner `None` if its statement lacks something.
    fn builtin(&mut self, at: StmtRef, name: &str) -> Option<Option<Kind>> {
        let integer = |kind: IntegerKind| {
            Some(Kind::Integer { kind, ranges: Ranges { parts: vec![kind.bounds()], at: None } })
        };
        Some(match name {
            "int8" => integer(IntegerKind::Int8),
            "int16" => integer(IntegerKind::Int16),
            "int32" => integer(IntegerKind::Int32),
            "int64" => integer(IntegerKind::Int64),
            "uint8" => integer(IntegerKind::Uint8),
            "uint16" => integer(IntegerKind::Uint16),
            "uint32" => integer(IntegerKind::Uint32),
            "uint64" => integer(IntegerKind::Uint64),
            "string" => Some(Kind::String { lengths: None, patterns: Vec::new() }),
            "boolean" => Some(Kind::Boolean),
            "empty" => Some(Kind::Empty),
            "binary" => Some(Kind::Binary { lengths: None }),
            "instance-identifier" => Some(Kind::InstanceIdentifier { require_instance: true }),
            "decimal64" => self.decimal64(at),
            "enumeration" => self.items(at, Kw::Enum, None).map(Kind::Enumeration),
            "bits" => self.items(at, Kw::Bit, None).map(Kind::Bits),
            "leafref" => self.leafref(at),
            "identityref" => self.identityref(at),
            "union" => self.union(at),
            _ => return None,
        })
    }

    fn decimal64(&mut self, at: StmtRef) -> Option<Kind> {
        let Some(digits) = self.child(at, Kw::FractionDigits).and_then(|child| self.arg(child).parse().ok())
        else {
            self.error(at, "decimal64 lacks its \"fraction-digits\"");
            return None;
        };
        let ranges = Ranges { parts: vec![(i64::MIN.into(), i64::MAX.into())], at: None };
        Some(Kind::Decimal64 { digits, ranges })
    }

    fn leafref(&mut self, at: StmtRef) -> Option<Kind> {
        let Some(path) = self.child(at, Kw::Path) else {
            self.error(at, "leafref lacks its \"path\"");
            return None;
        };
        Some(Kind::Leafref { path, require_instance: true })
    }

    fn identityref(&mut self, at: StmtRef) -> Option<Kind> {
        let bases: Vec<_> = self.children(at).filter(|child| self.kw(*child) == Kw::Base).collect();
        if bases.is_empty() {
            self.error(at, "identityref lacks its \"base\"");
            return None;
        }
        let bases: Option<Vec<_>> = bases.into_iter().map(|base| self.identity(base)).collect();
        bases.map(Kind::IdentityRef)
    }

    fn union(&mut self, at: StmtRef) -> Option<Kind> {
        let members: Vec<_> = self.children(at).filter(|child| self.kw(*child) == Kw::Type).collect();
        if members.is_empty() {
            self.error(at, "union lacks its \"type\"s");
            return None;
        }
        let members: Option<Vec<_>> = members.into_iter().map(|member| self.type_of(member)).collect();
        members.map(Kind::Union)
    }

    /// Enum values or bits; with `base`, those of it that are named again.
    fn items(&mut self, at: StmtRef, kw: Kw, base: Option<&[EnumItem]>) -> Option<Vec<EnumItem>> {
        let (value_kw, most) =
            if kw == Kw::Enum { (Kw::Value, i32::MAX.into()) } else { (Kw::Position, u32::MAX.into()) };
        let base: Option<HashMap<&str, i64>> =
            base.map(|base| base.iter().map(|item| (&*item.name, item.value)).collect());
        let (mut names, mut values) = (HashSet::new(), HashSet::new());
        let mut items: Vec<EnumItem> = Vec::new();
        let mut highest: Option<i64> = None;
        let mut any = false;
        for child in self.children(at).filter(|child| self.kw(*child) == kw).collect::<Vec<_>>() {
            any = true;
            let name = self.arg(child);
            let inherited = base.as_ref().map(|base| base.get(name).copied());
            if matches!(inherited, Some(None)) {
                self.error(child, format!("{} {name} is not one of the base type's", kw.text()));
                continue;
            }
            let own = self.child(child, value_kw).and_then(|value| self.arg(value).parse().ok());
            let inherited = inherited.flatten();
            if let (Some(own), Some(inherited)) = (own, inherited)
                && own != inherited
            {
                self.error(child, format!("{name} is {inherited} in the base type"));
            }
            // the first is 0, each other one more than the highest so far (RFC 7950 sections 9.6.4.2 and 9.7.4.2)
            let next = highest.map_or(0_i64, |highest| highest.saturating_add(1));
            let value = own.or(inherited).unwrap_or(next);
            if value > most {
                let message = format!("{} {name} needs a {}: {most} is taken", kw.text(), value_kw.text());
                self.error(child, message);
                continue;
            }
            highest = Some(highest.map_or(value, |highest| highest.max(value)));
            if names.contains(name) || values.contains(&value) {
                self.error(child, format!("{} {name} or its number is there twice", kw.text()));
                continue;
            }
            if self.features_hold(child) {
                names.insert(name);
                values.insert(value);
                items.push(EnumItem { name: name.into(), value, at: child });
            }
        }
        if !any {
            self.error(at, format!("{} lacks its \"{}\"s", self.arg(at), kw.text()));
            return None;
        }
        Some(items)
    }

    /// Narrows a type by what its statement adds.
    fn restrict(&mut self, at: StmtRef, mut data: TypeData, builtin: bool) -> Option<TypeData> {
        let mut renamed = false;
        for child in self.children(at) {
            let kw = self.kw(child);
            let fits = match (kw, &mut data.kind) {
                (Kw::Range, Kind::Integer { ranges, .. }) => {
                    *ranges = self.narrow(child, ranges, argument::range(self.arg(child), 0))?;
                    true
                }
                (Kw::Range, Kind::Decimal64 { digits, ranges }) => {
                    *ranges = self.narrow(child, ranges, argument::range(self.arg(child), *digits))?;
                    true
                }
                (Kw::Length, Kind::String { lengths, .. } | Kind::Binary { lengths }) => {
                    let all = Ranges { parts: vec![(0, u64::MAX.into())], at: None };
                    let base = lengths.as_ref().unwrap_or(&all);
                    *lengths = Some(self.narrow(child, base, argument::length(self.arg(child)))?);
                    true
                }
                (Kw::Pattern, Kind::String { patterns, .. }) => {
                    patterns.push(self.pattern(child));
                    true
                }
                (Kw::RequireInstance, Kind::Leafref { require_instance, .. })
                | (Kw::RequireInstance, Kind::InstanceIdentifier { require_instance }) => {
                    *require_instance = self.arg(child) == "true";
                    true
                }
                (Kw::Enum, Kind::Enumeration(items)) | (Kw::Bit, Kind::Bits(items)) => {
                    if !builtin && !renamed {
                        *items = self.items(at, kw, Some(items))?;
                        renamed = true;
                    }
                    true
                }
                (Kw::Extension, _) => true,
                (Kw::FractionDigits, Kind::Decimal64 { .. })
                | (Kw::Path, Kind::Leafref { .. })
                | (Kw::Base, Kind::IdentityRef(_))
                | (Kw::Type, Kind::Union(_)) => builtin,
                _ => false,
            };
            if !fits {
                let message = format!("\"{}\" does not belong to type {}", kw.text(), self.arg(at));
                self.error(child, message);
            }
        }
        Some(data)
    }

    fn narrow(&mut self, at: StmtRef, base: &Ranges, parts: Option<Vec<(Bound, Bound)>>) -> Option<Ranges> {
        let text = self.arg(at);
        let Some(parts) = parts else {
            self.error(at, format!("\"{}\" is not a {}", shorten(text), self.kw(at).text()));
            return None;
        };
        let lowest = base.parts.first()?.0;
        let highest = base.parts.last()?.1;
        let value = |bound: Bound| match bound {
            Bound::Min => lowest,
            Bound::Max => highest,
            Bound::Value(value) => value,
        };
        let parts: Vec<_> = parts.into_iter().map(|(low, high)| (value(low), value(high))).collect();
        let ascending =
            parts.iter().all(|(low, high)| low <= high) && parts.windows(2).all(|pair| pair[0].1 < pair[1].0);
        let inside = parts.iter().all(|(low, high)| {
            // neighbouring intervals of the base count as one
            let mut reach = *low;
            for (from, to) in &base.parts {
                if *from <= reach && reach <= *to {
                    if high <= to {
                        return true;
                    }
                    reach = to + 1;
                }
            }
            false
        });
        if !ascending || !inside {
            let why = if ascending { "wider than the base type's" } else { "not ascending" };
            self.error(at, format!("{} \"{}\" is {why}", self.kw(at).text(), shorten(text)));
            return None;
        }
        Some(Ranges { parts, at: Some(at) })
    }

    fn pattern(&mut self, at: StmtRef) -> u32 {
        let invert = self.child(at, Kw::Modifier).is_some();
        if let Err(why) = crate::pattern::translate(self.arg(at)) {
            self.error(at, format!("the pattern {} is not an XSD expression: {why}", self.arg(at)));
        }
        let id = u32::try_from(self.schema.patterns.len()).unwrap_or(u32::MAX);
        self.schema.patterns.push(PatternData { at, invert, compiled: std::sync::OnceLock::new() });
        id
    }
}
