//! Single values between XML text and JSON (RFC 7951 section 6).

use serde_json::Value;

use super::ordered::Json;
use crate::instance;
use crate::schema::{Kind, Node, Schema, TypeId};
use crate::syntax::argument::Name;
use crate::value::{Checker, Fit, Naming};

/// A fitting value as JSON.
pub(super) fn to_json(schema: &Schema, fit: Fit) -> Json {
    match &schema.types[fit.ty as usize].kind {
        Kind::Integer { kind, .. } if !kind.is_wide() => match fit.text.parse::<i64>() {
            Ok(number) => Json::Scalar(number.into()),
            Err(_) => Json::string(fit.text),
        },
        Kind::Boolean => Json::Scalar(Value::Bool(fit.text == "true")),
        Kind::Empty => Json::empty(),
        _ => Json::string(fit.text),
    }
}

/// The text of a JSON scalar, `[null]` included; `None` if it is none.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number_text(number)),
        Value::Bool(value) => Some(value.to_string()),
        Value::Array(items) if items.len() == 1 && items[0].is_null() => Some(String::new()),
        _ => None,
    }
}

/// A number as YANG writes it: `1e2` and `100.0` are 100, `-0` is 0.
fn number_text(number: &serde_json::Number) -> String {
    /// Whole numbers up to here are exact in JSON (RFC 7493 section 2.2).
    const EXACT: f64 = 9_007_199_254_740_991.0;
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(whole) if whole.fract() == 0.0 && whole.abs() <= EXACT => format!("{:.0}", whole + 0.0),
        _ => number.to_string(),
    }
}

/// Whether a value has the JSON type that RFC 7951 has for its YANG type; otherwise what it should be.
pub(super) fn json_type_fits(schema: &Schema, ty: TypeId, value: &Value) -> Result<(), &'static str> {
    match &schema.types[ty as usize].kind {
        Kind::Integer { kind, .. } if !kind.is_wide() => value.is_number().then_some(()).ok_or("a number"),
        Kind::Boolean => value.is_boolean().then_some(()).ok_or("true or false"),
        Kind::Empty => value.is_array().then_some(()).ok_or("[null]"),
        _ => value.is_string().then_some(()).ok_or("a string"),
    }
}

/// A canonical value in XML's writing, with the prefixes and namespaces it needs.
pub(super) fn to_xml(schema: &Schema, fit: &Fit) -> (String, Vec<(String, String)>) {
    let mut used = Vec::new();
    (to_xml_beside(schema, fit, &mut used), used)
}

/// The same beside prefixes that are declared already; those it needs are added.
pub(super) fn to_xml_beside(schema: &Schema, fit: &Fit, declared: &mut Vec<(String, String)>) -> String {
    let mut prefixes = Prefixes { schema, used: declared };
    match &schema.types[fit.ty as usize].kind {
        Kind::IdentityRef(_) => match fit.text.split_once(':') {
            Some((module, name)) => format!("{}:{name}", prefixes.of(module)),
            None => fit.text.clone(),
        },
        Kind::InstanceIdentifier { .. } => instance_to_xml(&fit.text, &mut prefixes),
        _ => fit.text.clone(),
    }
}

struct Prefixes<'s, 'u> {
    schema: &'s Schema,
    used: &'u mut Vec<(String, String)>,
}

impl Prefixes<'_, '_> {
    fn of(&mut self, module_name: &str) -> String {
        let Some(module) = self.schema.module(module_name) else {
            return module_name.to_owned();
        };
        if let Some((prefix, _)) = self.used.iter().find(|(_, namespace)| namespace == module.namespace()) {
            return prefix.clone();
        }
        let taken = self.used.iter().any(|(prefix, _)| prefix == module.prefix());
        let prefix = if taken { module.name() } else { module.prefix() }.to_owned();
        self.used.push((prefix.clone(), module.namespace().to_owned()));
        prefix
    }

    /// A leaf's canonical value: names in it need their prefixes, too.
    fn value(&mut self, leaf: Node<'_>, canonical: &str) -> Option<String> {
        let checker = Checker { schema: self.schema, leaf: leaf.id, naming: Naming::Json };
        let fit = checker.check(leaf.def().ty?, canonical).ok()?;
        Some(to_xml_beside(self.schema, &fit, self.used))
    }
}

fn instance_to_xml(canonical: &str, prefixes: &mut Prefixes<'_, '_>) -> String {
    let Ok(steps) = instance::parse(canonical) else {
        return canonical.to_owned();
    };
    let mut out = String::new();
    let mut prefix = String::new();
    let mut node = Some(prefixes.schema.root());
    for step in steps {
        let (module, name) = Name::split(&step.name);
        node = node.and_then(|above| above.child_by_module(module, name));
        if let Some(module) = module {
            prefix = prefixes.of(module);
        }
        out.push_str(&format!("/{prefix}:{name}"));
        for (key, value) in &step.predicates {
            let (leaf, key) = match key.as_str() {
                "." => (node, key.clone()),
                _ => {
                    let is_it = |leaf: &Node<'_>| leaf.name() == key;
                    (node.and_then(|node| node.keys().find(is_it)), format!("{prefix}:{key}"))
                }
            };
            let value = leaf.and_then(|leaf| prefixes.value(leaf, value)).unwrap_or_else(|| value.clone());
            out.push_str(&format!("[{key}={}]", instance::quoted(&value)));
        }
        if let Some(position) = step.position {
            out.push_str(&format!("[{position}]"));
        }
    }
    out
}
