//! Instance identifiers: `/m:list[m:key='value']/m:leaf` (RFC 7950 section 9.13, RFC 7951 section 6.11).

use crate::schema::{NodeKind, Schema, Sym};
use crate::syntax::argument::Name;
use crate::value::Checker;

/// A step of a path: a name and its predicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// As written, with its prefix.
    pub(crate) name: String,
    /// Key (with its prefix), or `.`, and the value.
    pub(crate) predicates: Vec<(String, String)>,
    /// `[3]`
    pub(crate) position: Option<u32>,
}

/// Longest path in steps.
const MAX_STEPS: usize = 256;

/// Splits a path; an error says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Vec<Step>, String> {
    let mut rest = text.trim();
    let mut steps = Vec::new();
    while let Some(after) = rest.strip_prefix('/') {
        let end = after.find(['/', '[']).unwrap_or(after.len());
        let name = after[..end].trim();
        let (prefix, local) = Name::split(name);
        let identifier = crate::syntax::grammar::is_identifier;
        if !identifier(local) || !prefix.is_none_or(identifier) {
            return Err(format!("\"{name}\" is not a node's name"));
        }
        let mut step = Step { name: name.to_owned(), predicates: Vec::new(), position: None };
        rest = &after[end..];
        while let Some(after) = rest.strip_prefix('[') {
            rest = predicate(after, &mut step)?;
        }
        steps.push(step);
        if steps.len() > MAX_STEPS {
            return Err(format!("more than {MAX_STEPS} steps"));
        }
    }
    if !rest.is_empty() || steps.is_empty() {
        return Err("a path is /name/name[key='value']/…".to_owned());
    }
    Ok(steps)
}

/// Reads a predicate after its `[`; returns what follows the `]`.
fn predicate<'t>(text: &'t str, step: &mut Step) -> Result<&'t str, String> {
    let text = text.trim_start();
    let close = text.find(']').ok_or("'[' without ']'")?;
    if let Ok(position) = text[..close].trim().parse::<u32>() {
        step.position = Some(position);
        return Ok(&text[close + 1..]);
    }
    let (key, after) = text.split_once('=').ok_or("a predicate is [key='value'], [.='value'] or [number]")?;
    let after = after.trim_start();
    let quote =
        after.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or("a predicate's value is in quotes")?;
    let (value, after) = after[1..].split_once(quote).ok_or("a predicate's quote does not end")?;
    let after = after.trim_start().strip_prefix(']').ok_or("'[' without ']'")?;
    step.predicates.push((key.trim().to_owned(), value.to_owned()));
    Ok(after)
}

/// A predicate's value in quotes that it does not contain.
pub(crate) fn quoted(value: &str) -> String {
    if !value.contains('\'') {
        format!("'{value}'")
    } else if !value.contains('"') {
        format!("\"{value}\"")
    } else {
        // XPath 1.0 has no escapes in literals
        let parts: Vec<String> = value.split('\'').map(|part| format!("'{part}'")).collect();
        format!("concat({})", parts.join(",\"'\","))
    }
}

/// Checks that a path leads to nodes of the schema, and writes it with module names as RFC 7951 has it.
pub(crate) fn canonical(checker: &Checker<'_>, text: &str) -> Result<String, String> {
    let schema: &Schema = checker.schema;
    let mut node = 0;
    let mut last_module = None;
    let mut out = String::new();
    for step in parse(text)? {
        let (prefix, name) = Name::split(&step.name);
        // in JSON, a name without a module is in that of the step before
        let module = match (prefix, last_module) {
            (None, Some(module)) if matches!(checker.naming, crate::value::Naming::Json) => module,
            (None, _) if matches!(checker.naming, crate::value::Naming::Json) => {
                return Err(format!("\"{name}\" lacks its module"));
            }
            // RFC 7950 section 9.13: all names have explicit prefixes in XML
            (None, _) => return Err(format!("\"{name}\" lacks its prefix")),
            _ => checker
                .module(prefix)
                .ok_or_else(|| format!("the prefix of \"{}\" means no module", step.name))?,
        };
        let sym = schema.names.get(name);
        let found = sym.and_then(|sym| schema.find_data_child(node, module, sym));
        node = found.ok_or_else(|| format!("there is no \"{}\"", step.name))?;
        out.push('/');
        if last_module != Some(module) {
            out.push_str(&schema.modules[module as usize].name);
            out.push(':');
            last_module = Some(module);
        }
        out.push_str(name);
        predicates(checker, node, &step, &mut out)?;
    }
    Ok(out)
}

fn predicates(checker: &Checker<'_>, node: u32, step: &Step, out: &mut String) -> Result<(), String> {
    let schema = checker.schema;
    let data = &schema.nodes[node as usize];
    let def = &schema.defs[data.def as usize];
    if let Some(position) = step.position {
        // entries that keys or values tell apart are not counted: the system may order them as it likes
        let is_counted = match data.kind {
            NodeKind::List => def.keys.is_empty(),
            NodeKind::LeafList => !data.config,
            _ => false,
        };
        if !is_counted || position == 0 {
            return Err(format!("\"{}\" has no entry {position}", step.name));
        }
        out.push_str(&format!("[{position}]"));
        return Ok(());
    }
    let value_of = |leaf: u32, value: &str| {
        let ty = schema.defs[schema.nodes[leaf as usize].def as usize].ty.ok_or("it has no type")?;
        let fit = Checker { leaf, ..*checker }.check(ty, value);
        fit.map(|fit| fit.text).map_err(|misfit| format!("\"{value}\" is not {}", misfit.allowed))
    };
    match data.kind {
        NodeKind::List => {
            let mut found: Vec<(Sym, String)> = Vec::new();
            for (key, value) in &step.predicates {
                if !key.contains(':') && matches!(checker.naming, crate::value::Naming::Xml(_)) {
                    return Err(format!("\"{key}\" lacks its prefix"));
                }
                let key = schema.names.get(Name::split(key).1).filter(|key| def.keys.contains(key));
                let key = key.ok_or_else(|| format!("a predicate of \"{}\" is not a key", step.name))?;
                let leaf = schema.find_data_child(node, data.module, key).ok_or("the key is not there")?;
                found.push((key, value_of(leaf, value)?));
            }
            for key in &def.keys {
                let name = schema.names.text(*key);
                let value = found.iter().find(|(found, _)| found == key).map(|(_, value)| value);
                let value = value.ok_or_else(|| format!("key \"{name}\" of \"{}\" is missing", step.name))?;
                out.push_str(&format!("[{name}={}]", quoted(value)));
            }
        }
        NodeKind::LeafList => {
            let [(dot, value)] = step.predicates.as_slice() else {
                return Err(format!("\"{}\" needs [.='value']", step.name));
            };
            if dot != "." {
                return Err(format!("\"{}\" needs [.='value']", step.name));
            }
            out.push_str(&format!("[.={}]", quoted(&value_of(node, value)?)));
        }
        _ if !step.predicates.is_empty() => return Err(format!("\"{}\" has no keys", step.name)),
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_at_their_steps() {
        let steps = parse("/a:b/c[a:k='1/0/5'][ d = \"x]y\" ]/e[3]").unwrap();
        assert_eq!(steps.len(), 3);
        assert_eq!(steps[1].predicates[1], ("d".to_owned(), "x]y".to_owned()));
        assert_eq!(steps[2].position, Some(3));
        for bad in ["", "/", "a", "/a[", "/a[b]", "/a[b=c]", "/a[b='c]", "/a b", "/a[b='c'"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_are_quoted_by_what_they_lack() {
        assert_eq!(quoted("a"), "'a'");
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("'\""), "concat('',\"'\",'\"')");
    }
}
