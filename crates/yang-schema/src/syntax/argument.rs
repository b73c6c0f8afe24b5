//! Typed arguments, on `yang-rs`'s argument parsers where those can be trusted.
//!
//! Those parsers index by bytes and unwrap on empty words, so a text is screened before it reaches them.
//! Ranges are read here: 64-bit unsigned and decimal64 bounds do not fit into `yang-rs`'s `i64` and `f64`.

use std::str::FromStr;

use yang_rs::arg::{
    AbsoluteSchemaNodeid, DescendantSchemaNodeid, KeyArg, LengthArg, LengthBoundary, NodeIdentifier, StmtArg,
    UniqueArg,
};
use yang_rs::parser::Parser;

use crate::syntax::grammar::is_identifier;

/// A name with an optional prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) prefix: Option<String>,
    pub(crate) name: String,
}

impl Name {
    /// Splits `prefix:name`.
    pub(crate) fn split(text: &str) -> (Option<&str>, &str) {
        match text.split_once(':') {
            Some((prefix, name)) => (Some(prefix), name),
            None => (None, text),
        }
    }

    fn from_node_identifier(id: &NodeIdentifier) -> Self {
        // the type has no accessor for all versions' fields; its text has both parts
        let text = id.to_string();
        let (prefix, name) = Self::split(&text);
        Self { prefix: prefix.map(str::to_owned), name: name.to_owned() }
    }
}

/// Whether a text may be given to `yang-rs`: ASCII, nothing that its lexer would treat as syntax.
fn screened(text: &str) -> bool {
    !text.is_empty() && text.is_ascii() && !text.contains(['"', '\\', '\'', ';', '{', '}', '+'])
}

fn typed<T: StmtArg>(text: &str) -> Option<T> {
    if !screened(text) {
        return None;
    }
    T::parse_arg(&mut Parser::new(format!("\"{text}\""))).ok()
}

/// A `key` argument: names separated by white space.
pub(crate) fn key(text: &str) -> Option<Vec<Name>> {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    typed::<KeyArg>(&joined).map(|key| key.keys().iter().map(Name::from_node_identifier).collect())
}

/// A `unique` argument: descendant schema node identifiers.
pub(crate) fn unique(text: &str) -> Option<Vec<Vec<Name>>> {
    let unique: UniqueArg = typed(text)?;
    Some(
        unique
            .nodeids()
            .iter()
            .map(|nodeid| nodeid.nodes().iter().map(Name::from_node_identifier).collect())
            .collect(),
    )
}

/// An absolute schema node identifier (`/a:b/c`).
pub(crate) fn absolute_nodeid(text: &str) -> Option<Vec<Name>> {
    let compact: String = text.split_whitespace().collect();
    if !screened(&compact) {
        return None;
    }
    let nodeid = AbsoluteSchemaNodeid::from_str(&compact).ok()?;
    Some(nodeid.nodes().iter().map(Name::from_node_identifier).collect())
}

/// A descendant schema node identifier (`a:b/c`).
pub(crate) fn descendant_nodeid(text: &str) -> Option<Vec<Name>> {
    let compact: String = text.split_whitespace().collect();
    if !screened(&compact) {
        return None;
    }
    let nodeid = DescendantSchemaNodeid::from_str(&compact).ok()?;
    Some(nodeid.nodes().iter().map(Name::from_node_identifier).collect())
}

/// A bound of a range or length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Min,
    Max,
    Value(i128),
}

/// Most parts of a range or length. Whatever narrows it is compared with each.
const MAX_PARTS: usize = 4096;

/// A `length` argument.
pub(crate) fn length(text: &str) -> Option<Vec<(Bound, Bound)>> {
    if text.split('|').nth(MAX_PARTS).is_some() {
        return None;
    }
    // an empty bound makes the parser of yang-rs unwrap nothing
    let empty = |part: &str| part.split("..").any(|bound| bound.trim().trim_start_matches('-').is_empty());
    if text.split('|').any(empty) {
        return None;
    }
    let bound = |bound: LengthBoundary| match bound {
        LengthBoundary::Min => Bound::Min,
        LengthBoundary::Max => Bound::Max,
        LengthBoundary::Integer(value) => Bound::Value(i128::from(value)),
    };
    let length: LengthArg = typed(text)?;
    Some(length.parts().iter().map(|(low, high)| (bound(*low), bound(high.unwrap_or(*low)))).collect())
}

/// A `range` argument; `digits` is the number of fraction digits, values are scaled by ten to that power.
pub(crate) fn range(text: &str, digits: u8) -> Option<Vec<(Bound, Bound)>> {
    let bound = |text: &str| match text.trim() {
        "min" => Some(Bound::Min),
        "max" => Some(Bound::Max),
        number if digits == 0 && number.contains('.') => None,
        number => scaled(number, digits).map(Bound::Value),
    };
    if text.split('|').nth(MAX_PARTS).is_some() {
        return None;
    }
    text.split('|')
        .map(|part| match part.split_once("..") {
            Some((low, high)) => Some((bound(low)?, bound(high)?)),
            None => bound(part).map(|both| (both, both)),
        })
        .collect()
}

/// A decimal number times ten to the power of `digits`, exactly; `None` if it is no number or has more digits.
pub(crate) fn scaled(text: &str, digits: u8) -> Option<i128> {
    /// More digits than any 64-bit value with 18 fraction digits has.
    const MAX_DIGITS: usize = 38;
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let whole = whole.trim_start_matches('0');
    if fraction.len() > usize::from(digits) || whole.len() + usize::from(digits) > MAX_DIGITS {
        return None;
    }
    let text = format!("{whole}{fraction:0<width$}", width = usize::from(digits));
    let value: i128 = if text.is_empty() { 0 } else { text.parse().ok()? };
    Some(if negative { -value } else { value })
}

/// A hexadecimal (`0x1F`) or octal (`017`) whole number in decimal.
pub(crate) fn of_other_base(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (if text.starts_with('-') { "-" } else { "" }, digits),
        None => ("", text),
    };
    let (digits, base) = match digits.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (digits.strip_prefix('0')?, 8),
    };
    let of_base = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base));
    let number = u64::from_str_radix(digits, base).ok().filter(|_| of_base)?;
    Some(format!("{sign}{number}"))
}

/// An `if-feature` expression. `yang-rs` misreads names that begin with `or`, `and` or `not`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FeatureExpr {
    Feature(String),
    Not(Box<FeatureExpr>),
    And(Box<FeatureExpr>, Box<FeatureExpr>),
    Or(Box<FeatureExpr>, Box<FeatureExpr>),
}

impl FeatureExpr {
    /// Deepest nesting of parentheses and `not`.
    const MAX_DEPTH: usize = 32;
    /// Most words: `and` and `or` nest to the left.
    const MAX_WORDS: usize = 1024;

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        if words.len() > Self::MAX_WORDS {
            return None;
        }
        let mut rest = words.as_slice();
        let expr = Self::or(&mut rest, 0)?;
        rest.is_empty().then_some(expr)
    }

    fn or(rest: &mut &[&str], depth: usize) -> Option<Self> {
        let mut left = Self::and(rest, depth)?;
        while rest.first() == Some(&"or") {
            *rest = &rest[1..];
            left = Self::Or(Box::new(left), Box::new(Self::and(rest, depth)?));
        }
        Some(left)
    }

    fn and(rest: &mut &[&str], depth: usize) -> Option<Self> {
        let mut left = Self::factor(rest, depth)?;
        while rest.first() == Some(&"and") {
            *rest = &rest[1..];
            left = Self::And(Box::new(left), Box::new(Self::factor(rest, depth)?));
        }
        Some(left)
    }

    fn factor(rest: &mut &[&str], depth: usize) -> Option<Self> {
        if depth > Self::MAX_DEPTH {
            return None;
        }
        let (first, after) = rest.split_first()?;
        *rest = after;
        match *first {
            "not" => Some(Self::Not(Box::new(Self::factor(rest, depth + 1)?))),
            "(" => {
                let inner = Self::or(rest, depth + 1)?;
                let (close, after) = rest.split_first()?;
                *rest = after;
                (*close == ")").then_some(inner)
            }
            ")" | "and" | "or" => None,
            name => Some(Self::Feature(name.to_owned())),
        }
    }

    pub(crate) fn eval(&self, enabled: &mut impl FnMut(&str) -> bool) -> bool {
        match self {
            Self::Feature(name) => enabled(name),
            Self::Not(inner) => !inner.eval(enabled),
            Self::And(left, right) => left.eval(enabled) && right.eval(enabled),
            Self::Or(left, right) => left.eval(enabled) || right.eval(enabled),
        }
    }
}

/// One step of a leafref's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeafrefStep {
    /// The node; `None` is one step up.
    pub(crate) name: Option<Name>,
    /// Keys, each with the path from the leafref itself to the leaf that has its value.
    pub(crate) predicates: Vec<(Name, Vec<LeafrefStep>)>,
}

/// The steps of a leafref's path (`path-arg` of RFC 7950): `../list[key = current()/../other]/leaf`.
pub(crate) fn leafref_steps(text: &str) -> Option<Vec<LeafrefStep>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    // white space may stand around signs, and divides names
    if words.windows(2).any(|pair| pair[0].ends_with(is_of_name) && pair[1].starts_with(is_of_name)) {
        return None;
    }
    let compact = words.concat();
    let mut rest = compact.strip_prefix('/').unwrap_or(&compact);
    let mut steps = Vec::new();
    loop {
        let end = rest.find(['/', '[']).unwrap_or(rest.len());
        let mut step = LeafrefStep { name: leafref_name(&rest[..end])?, predicates: Vec::new() };
        rest = &rest[end..];
        while let Some(after) = rest.strip_prefix('[') {
            let (inside, after) = after.split_once(']')?;
            let (key, from) = inside.split_once('=')?;
            let from = from.strip_prefix("current()/")?.split('/');
            let from =
                from.map(|name| Some(LeafrefStep { name: leafref_name(name)?, predicates: Vec::new() }));
            step.predicates.push((leafref_name(key)??, from.collect::<Option<_>>()?));
            rest = after;
        }
        steps.push(step);
        match rest.strip_prefix('/') {
            Some(after) => rest = after,
            None => return rest.is_empty().then_some(steps),
        }
    }
}

/// A name, or `None` for `..`; the outer `None` is neither.
fn leafref_name(text: &str) -> Option<Option<Name>> {
    if text == ".." {
        return Some(None);
    }
    let (prefix, name) = Name::split(text);
    let good = is_identifier(name) && prefix.is_none_or(is_identifier);
    good.then(|| Some(Name { prefix: prefix.map(str::to_owned), name: name.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_scaled_exactly() {
        assert_eq!(scaled("18446744073709551615", 0), Some(18_446_744_073_709_551_615));
        assert_eq!(scaled("-9.22", 2), Some(-922));
        assert_eq!(scaled("3.10", 1), Some(31));
        assert_eq!(scaled("3.15", 1), None);
        assert_eq!(scaled("", 1), None);
        assert_eq!(scaled("-", 1), None);
        assert_eq!(scaled("0", 0), Some(0));
    }

    #[test]
    fn hostile_arguments_do_not_panic() {
        for text in ["", " ", "-", "..", "1..", "é", "éa", "é/é", "a b\u{e9}", "|", "1..-", "\"", "\\", "+"]
        {
            let _ = (key(text), unique(text), absolute_nodeid(text), descendant_nodeid(text));
            let _ = (length(text), range(text, 3), FeatureExpr::parse(text));
        }
    }

    #[test]
    fn feature_names_that_begin_with_an_operator_are_names() {
        let expr = FeatureExpr::parse("origin or not (andy and notify)").unwrap();
        assert!(expr.eval(&mut |name| name == "origin"));
        assert!(!expr.eval(&mut |name| name != "origin"));
        assert!(FeatureExpr::parse("a b").is_none());
        assert!(FeatureExpr::parse("(a").is_none());
        assert!(FeatureExpr::parse(&"(".repeat(10_000)).is_none());
    }
}
