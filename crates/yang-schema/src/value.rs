//! Values against types: what is allowed, and the canonical form (RFC 7950 section 9).

use crate::pattern;
use crate::schema::{EnumItem, IdentityId, Kind, ModuleId, Ranges, Schema, StmtRef, TypeId};
use crate::syntax::Kw;
use crate::syntax::argument::{Name, of_other_base, scaled};

/// Where a value's names get their meaning from.
#[derive(Clone, Copy)]
pub(crate) enum Naming<'n> {
    /// XML: a prefix stands for a namespace in scope; `None` asks for the default namespace.
    Xml(&'n dyn Fn(Option<&str>) -> Option<String>),
    /// RFC 7951: a prefix is a module's name.
    Json,
}

/// A value that fits its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fit {
    /// The type it has in the end: never a leafref or union.
    pub(crate) ty: TypeId,
    /// Canonical text; names are written with module names (RFC 7951).
    pub(crate) text: String,
}

/// Why a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// What the model allows.
    pub(crate) allowed: String,
    /// The statement that says so.
    pub(crate) at: Option<StmtRef>,
    /// The statement's own `error-message`.
    pub(crate) error_message: Option<String>,
    /// The statement's own `error-app-tag`.
    pub(crate) error_app_tag: Option<String>,
}

impl Misfit {
    fn new(allowed: impl Into<String>, at: Option<StmtRef>) -> Self {
        Self { allowed: allowed.into(), at, error_message: None, error_app_tag: None }
    }
}

/// One value to be checked.
#[derive(Clone, Copy)]
pub(crate) struct Checker<'c> {
    pub(crate) schema: &'c Schema,
    /// The leaf the value stands in.
    pub(crate) leaf: u32,
    pub(crate) naming: Naming<'c>,
}

impl Checker<'_> {
    /// Checks a value against a type.
    pub(crate) fn check(&self, ty: TypeId, value: &str) -> Result<Fit, Misfit> {
        let schema = self.schema;
        let canonical = match &schema.types[ty as usize].kind {
            Kind::Integer { ranges, .. } => self.number(ranges, 0, value),
            Kind::Decimal64 { digits, ranges } => self.number(ranges, *digits, value),
            Kind::String { lengths, patterns } => self.string(lengths.as_ref(), patterns, value),
            Kind::Boolean => match value {
                "true" | "false" => Ok(value.to_owned()),
                _ => Err(Misfit::new("\"true\" or \"false\"", None)),
            },
            Kind::Empty if value.is_empty() => Ok(String::new()),
            Kind::Empty => Err(Misfit::new("no value: the element stands empty", None)),
            Kind::Enumeration(items) => match items.iter().find(|item| *item.name == *value) {
                Some(item) => Ok(item.name.to_string()),
                None => Err(Misfit::new(one_of(items), None)),
            },
            Kind::Bits(items) => self.bits(items, value),
            Kind::Binary { lengths } => self.binary(lengths.as_ref(), value),
            Kind::Leafref { .. } => return self.leafref(ty, value),
            Kind::IdentityRef(bases) => self.identityref(bases, value),
            Kind::InstanceIdentifier { .. } => crate::instance::canonical(self, value)
                .map_err(|why| Misfit::new(format!("a path to an instance ({why})"), None)),
            Kind::Union(members) => return self.union(members, value),
        };
        canonical.map(|text| Fit { ty, text })
    }

    fn number(&self, ranges: &Ranges, digits: u8, value: &str) -> Result<String, Misfit> {
        let trimmed = value.trim_matches([' ', '\t', '\n', '\r']);
        let fits = if digits == 0 && trimmed.contains('.') { None } else { scaled(trimmed, digits) };
        match fits.filter(|number| ranges.contain(*number)) {
            Some(number) => Ok(unscaled(number, digits)),
            None => {
                let what = if digits == 0 { "a whole number" } else { "a decimal number" };
                let what = if digits == 0 {
                    what.to_owned()
                } else {
                    format!("{what} of at most {digits} decimals")
                };
                let allowed = format!("{what} {}", intervals(ranges, digits));
                Err(self.restricted(allowed, ranges.at))
            }
        }
    }

    fn string(&self, lengths: Option<&Ranges>, patterns: &[u32], value: &str) -> Result<String, Misfit> {
        if let Some(lengths) = lengths {
            let length = value.chars().count();
            if !lengths.contain(i128::try_from(length).unwrap_or(i128::MAX)) {
                let allowed = format!("a text of {} characters, not {length}", counts(lengths));
                return Err(self.restricted(allowed, lengths.at));
            }
        }
        for id in patterns {
            let data = &self.schema.patterns[*id as usize];
            match pattern::matches(self.schema, data, value) {
                Ok(true) => {}
                Ok(false) => {
                    let not = if data.invert { "not " } else { "" };
                    let allowed = format!("a text {not}matching the pattern {}", self.schema.arg(data.at));
                    return Err(self.restricted(allowed, Some(data.at)));
                }
                Err(why) => {
                    let allowed = format!(
                        "a text matching the pattern {}, which cannot be evaluated: {why}",
                        self.schema.arg(data.at)
                    );
                    return Err(Misfit::new(allowed, Some(data.at)));
                }
            }
        }
        Ok(value.to_owned())
    }

    fn bits(&self, items: &[EnumItem], value: &str) -> Result<String, Misfit> {
        let mut set = vec![false; items.len()];
        for word in value.split_ascii_whitespace() {
            let Some(index) = items.iter().position(|item| *item.name == *word) else {
                return Err(Misfit::new(format!("some of the bits {}", names(items)), None));
            };
            if std::mem::replace(&mut set[index], true) {
                return Err(Misfit::new(format!("each bit once, not {word} twice"), None));
            }
        }
        let mut chosen: Vec<&EnumItem> =
            items.iter().zip(&set).filter(|(_, on)| **on).map(|(item, _)| item).collect();
        chosen.sort_by_key(|item| item.value);
        Ok(chosen.iter().map(|item| &*item.name).collect::<Vec<_>>().join(" "))
    }

    fn binary(&self, lengths: Option<&Ranges>, value: &str) -> Result<String, Misfit> {
        let compact: String = value.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let Some(bytes) = base64_length(&compact) else {
            return Err(Misfit::new("base64", None));
        };
        if let Some(lengths) = lengths
            && !lengths.contain(i128::try_from(bytes).unwrap_or(i128::MAX))
        {
            let allowed = format!("base64 of {} bytes, not {bytes}", counts(lengths));
            return Err(self.restricted(allowed, lengths.at));
        }
        Ok(compact)
    }

    fn leafref(&self, ty: TypeId, value: &str) -> Result<Fit, Misfit> {
        let Some(target) = self.schema.leafref_targets.get(&(self.leaf, ty)) else {
            // its target was taken away by a feature or deviation, or left out leniently
            return Err(Misfit::new("nothing: the leaf this refers to is not in the model", None));
        };
        let target_type = self.schema.defs[self.schema.nodes[*target as usize].def as usize].ty;
        match target_type {
            Some(target_type) if *target != self.leaf => {
                Checker { leaf: *target, ..*self }.check(target_type, value)
            }
            _ => Err(Misfit::new("nothing: the leaf refers to itself", None)),
        }
    }

    fn union(&self, members: &[TypeId], value: &str) -> Result<Fit, Misfit> {
        let mut allowed = Vec::new();
        let mut at = None;
        for member in members {
            match self.check(*member, value) {
                Ok(fit) => return Ok(fit),
                Err(misfit) => {
                    if !allowed.contains(&misfit.allowed) {
                        allowed.push(misfit.allowed);
                    }
                    at = at.or(misfit.at);
                }
            }
        }
        Err(Misfit::new(allowed.join("; or "), at))
    }

    fn identityref(&self, bases: &[IdentityId], value: &str) -> Result<String, Misfit> {
        let value = value.trim();
        let found = self.identity(value);
        let fits = found.filter(|id| bases.iter().all(|base| self.schema.identity_is_derived(*id, *base)));
        match fits {
            Some(id) => Ok(self.schema.identity_name(id)),
            None => {
                let bases: Vec<String> = bases.iter().map(|base| self.schema.identity_name(*base)).collect();
                let known: Vec<String> = self.derived(&bases_of(self.schema, &bases)).collect();
                let list = shown(known.iter().map(String::as_str));
                Err(Misfit::new(format!("an identity derived from {}: {list}", bases.join(" and ")), None))
            }
        }
    }

    fn derived<'d>(&'d self, bases: &'d [IdentityId]) -> impl Iterator<Item = String> + 'd {
        (0..self.schema.identities.len())
            .filter_map(|id| u32::try_from(id).ok())
            .filter(|id| bases.iter().all(|base| self.schema.identity_is_derived(*id, *base)))
            .map(|id| self.schema.identity_name(id))
    }

    fn identity(&self, value: &str) -> Option<IdentityId> {
        let (prefix, name) = Name::split(value);
        self.schema.find_identity(self.module(prefix)?, name)
    }

    /// The module that a prefix in a value means; without one, the leaf's own.
    pub(crate) fn module(&self, prefix: Option<&str>) -> Option<ModuleId> {
        let own = self.schema.nodes[self.leaf as usize].module;
        match (self.naming, prefix) {
            (Naming::Json, None) => Some(own),
            (Naming::Json, Some(name)) => self.schema.by_name.get(name).copied(),
            (Naming::Xml(lookup), prefix) => match lookup(prefix) {
                Some(namespace) => self.schema.by_namespace.get(namespace.as_str()).copied(),
                None => prefix.is_none().then_some(own),
            },
        }
    }

    /// A misfit with the words the model has for it, if it has any.
    fn restricted(&self, allowed: String, at: Option<StmtRef>) -> Misfit {
        let own = |kw| {
            let at = at?;
            self.schema.sources[at.file as usize].child_arg(at.stmt, kw).map(str::to_owned)
        };
        Misfit { allowed, at, error_message: own(Kw::ErrorMessage), error_app_tag: own(Kw::ErrorAppTag) }
    }
}

/// The value of a `default` statement of a leaf: names have the prefixes of its file, and whole numbers may be hexadecimal and octal, as they may
/// in modules only (RFC 7950 section 9.2.1).
pub(crate) fn default_fit(schema: &Schema, leaf: u32, ty: TypeId, at: StmtRef) -> Result<Fit, Misfit> {
    let text = schema.arg(at);
    let lookup = |prefix: Option<&str>| {
        let module = schema.resolve_prefix(at.file, prefix)?;
        Some(schema.modules[module as usize].namespace.to_string())
    };
    let checker = Checker { schema, leaf, naming: Naming::Xml(&lookup) };
    let is_number = |fit: &Fit| matches!(schema.types[fit.ty as usize].kind, Kind::Integer { .. });
    let decimal = checker.check(ty, text);
    let number = of_other_base(text).map(|text| checker.check(ty, &text));
    match (decimal, number) {
        // `010` is eight here, although it is ten in data.
        (Ok(fit), Some(number)) if is_number(&fit) => number,
        (Err(misfit), Some(number)) => number.ok().filter(is_number).ok_or(misfit),
        (decimal, _) => decimal,
    }
}

fn bases_of(schema: &Schema, names: &[String]) -> Vec<IdentityId> {
    names
        .iter()
        .filter_map(|name| {
            let (module, name) = name.split_once(':')?;
            schema.find_identity(*schema.by_name.get(module)?, name)
        })
        .collect()
}

/// A scaled number as text: no superfluous zeros, one decimal at least if it has decimals.
pub(crate) fn unscaled(number: i128, digits: u8) -> String {
    if digits == 0 {
        return number.to_string();
    }
    let power = 10_i128.pow(u32::from(digits));
    let sign = if number < 0 { "-" } else { "" };
    let (whole, fraction) = (number.abs() / power, number.abs() % power);
    let fraction = format!("{fraction:0>width$}", width = usize::from(digits));
    let fraction = fraction.trim_end_matches('0');
    format!("{sign}{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
}

fn intervals(ranges: &Ranges, digits: u8) -> String {
    let parts: Vec<String> = ranges
        .parts
        .iter()
        .map(|(low, high)| match low == high {
            true => unscaled(*low, digits),
            false => format!("from {} to {}", unscaled(*low, digits), unscaled(*high, digits)),
        })
        .collect();
    parts.join(" or ")
}

fn counts(ranges: &Ranges) -> String {
    let parts: Vec<String> = ranges
        .parts
        .iter()
        .map(|(low, high)| match (low == high, *high == i128::from(u64::MAX)) {
            (true, _) => low.to_string(),
            (_, true) => format!("at least {low}"),
            _ => format!("{low} to {high}"),
        })
        .collect();
    parts.join(" or ")
}

fn one_of(items: &[EnumItem]) -> String {
    format!("one of {}", names(items))
}

fn names(items: &[EnumItem]) -> String {
    shown(items.iter().map(|item| &*item.name))
}

/// A list of names for people, cut where it gets long.
pub(crate) fn shown<'n>(names: impl Iterator<Item = &'n str>) -> String {
    /// Most names listed.
    const SHOWN: usize = 24;
    let names: Vec<&str> = names.collect();
    let mut text = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" … ({} in all)", names.len()));
    }
    text
}

/// The number of bytes a base64 text stands for; `None` if it is not base64 (RFC 4648 section 4).
fn base64_length(text: &str) -> Option<usize> {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    let good = body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    (good && text.len().is_multiple_of(4) && padding <= 2).then(|| text.len() / 4 * 3 - padding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_canonically() {
        assert_eq!(unscaled(-1250, 2), "-12.5");
        assert_eq!(unscaled(300, 2), "3.0");
        assert_eq!(unscaled(5, 2), "0.05");
        assert_eq!(unscaled(7, 0), "7");
    }

    #[test]
    fn base64_is_counted() {
        assert_eq!(base64_length("AAAA"), Some(3));
        assert_eq!(base64_length("AA=="), Some(1));
        assert_eq!(base64_length("AAA"), None);
        assert_eq!(base64_length("A==="), None);
        assert_eq!(base64_length("AA A"), None);
    }
}
