//! JSON to XML.

use serde_json::{Map, Value};

use super::build::{Xml, is_namespace, is_xml_text};
use super::write::METADATA_MODULES;
use super::{JsonOptions, JsonProblem, scalar};
use crate::schema::{Kind, Node, NodeKind, Schema};
use crate::syntax::grammar::is_identifier;
use crate::value::{Checker, Fit, Naming};

/// Deepest nesting of JSON; `serde_json` itself reads no deeper than 128.
const MAX_DEPTH: usize = 160;

pub(super) struct Reader<'s> {
    schema: &'s Schema,
    options: &'s JsonOptions,
    xml: Xml,
    pointer: Vec<String>,
    problems: Vec<JsonProblem>,
}

/// A member's name, resolved.
struct Resolved<'s, 'j> {
    name: &'j str,
    namespace: String,
    node: Option<Node<'s>>,
}

/// What surrounds an element: its metadata, and the default namespace in effect.
#[derive(Clone, Copy)]
struct Around<'j> {
    metadata: Option<&'j Value>,
    declared: &'j str,
}

impl<'s> Reader<'s> {
    pub(super) fn new(schema: &'s Schema, options: &'s JsonOptions) -> Self {
        Self { schema, options, xml: Xml::default(), pointer: Vec::new(), problems: Vec::new() }
    }

    pub(super) fn run(mut self, json: &Value, parent: Node<'s>) -> Result<String, Vec<JsonProblem>> {
        match json {
            Value::Object(members) => {
                // the outermost elements always declare their namespace
                let namespace = (parent.kind() != NodeKind::Root).then(|| parent.namespace());
                self.members(members, Some(parent), namespace, "");
                if members.contains_key("@") {
                    self.problem("\"@\" stands without its value");
                }
            }
            _ => self.problem("an object was expected"),
        }
        if self.problems.is_empty() { Ok(self.xml.finish()) } else { Err(self.problems) }
    }

    fn problem(&mut self, message: impl Into<String>) {
        let pointer: String = self.pointer.iter().map(|step| format!("/{step}")).collect();
        let pointer = if pointer.is_empty() { "/".to_owned() } else { pointer };
        self.problems.push(JsonProblem { pointer, message: message.into() });
    }

    /// Writes an object's members; `inherited` is the namespace of unqualified names, `declared` the default
    /// namespace in effect in the XML.
    fn members(
        &mut self,
        members: &Map<String, Value>,
        parent: Option<Node<'s>>,
        inherited: Option<&str>,
        declared: &str,
    ) {
        if self.pointer.len() > MAX_DEPTH {
            self.problem(format!("nested deeper than {MAX_DEPTH}"));
            return;
        }
        for (name, value) in ordered(members, parent, inherited, self) {
            self.pointer.push(name.replace('~', "~0").replace('/', "~1"));
            if name == "#text" {
                match value.as_str().filter(|text| is_xml_text(text)) {
                    Some(text) => self.xml.text(text),
                    None => self.problem("\"#text\" is a string that XML can hold"),
                }
            } else if let Some(resolved) = self.resolve(name, parent, inherited) {
                let metadata = members.get(&format!("@{name}"));
                self.member(&resolved, value, Around { metadata, declared });
            }
            self.pointer.pop();
        }
        for name in members.keys() {
            let orphan = name.strip_prefix('@').is_some_and(|of| !of.is_empty() && !members.contains_key(of));
            if orphan {
                self.problem(format!("\"{name}\" stands without its value"));
            }
        }
    }

    fn resolve<'j>(
        &mut self,
        full: &'j str,
        parent: Option<Node<'s>>,
        inherited: Option<&str>,
    ) -> Option<Resolved<'s, 'j>> {
        let (module, name) = match full.rsplit_once(':') {
            Some((module, name)) => (Some(module), name),
            None => (None, full),
        };
        if !is_identifier(name) {
            self.problem(format!("\"{name}\" is not a node's name"));
            return None;
        }
        let namespace = match (module, inherited) {
            (Some(module), _) => self.namespace(module),
            (None, Some(inherited)) => inherited.to_owned(),
            (None, None) => {
                self.problem(format!("\"{name}\" lacks its module: module:{name}"));
                return None;
            }
        };
        if !is_namespace(&namespace) {
            self.problem("its module is none, and no namespace that XML can hold");
            return None;
        }
        let node = parent.and_then(|parent| parent.child(&namespace, name));
        let node = node.filter(|node| node.kind().has_instance());
        Some(Resolved { name, namespace, node })
    }

    fn namespace(&self, module: &str) -> String {
        if let Some(module) = self.schema.module(module) {
            return module.namespace().to_owned();
        }
        let hinted = self
            .options
            .modules
            .iter()
            .find(|(_, name)| *name == module)
            .map(|(namespace, _)| namespace.clone());
        hinted.unwrap_or_else(|| module.to_owned())
    }

    fn member(&mut self, resolved: &Resolved<'s, '_>, value: &Value, around: Around<'_>) {
        let is_many = match resolved.node.map(|node| node.kind()) {
            Some(NodeKind::List | NodeKind::LeafList) => true,
            Some(_) => false,
            None => value.as_array().is_some_and(|items| !(items.len() == 1 && items[0].is_null())),
        };
        if !is_many {
            self.one(resolved, value, around);
            return;
        }
        let Some(items) = value.as_array() else {
            self.problem("an array was expected");
            return;
        };
        match around.metadata {
            Some(Value::Array(metadata)) if metadata.len() > items.len() => {
                self.problem(format!(
                    "there is more metadata than values: {} of {}",
                    metadata.len(),
                    items.len()
                ));
            }
            None | Some(Value::Array(_) | Value::Null) => {}
            Some(_) => self.problem("metadata of an array is an array, one for each value"),
        }
        for (index, item) in items.iter().enumerate() {
            self.pointer.push(index.to_string());
            let metadata = around.metadata.and_then(|metadata| metadata.get(index));
            self.one(resolved, item, Around { metadata, ..around });
            self.pointer.pop();
        }
    }

    fn one(&mut self, resolved: &Resolved<'s, '_>, value: &Value, around: Around<'_>) {
        let (name, namespace) = (resolved.name, resolved.namespace.as_str());
        match (resolved.node.map(|node| (node, node.kind())), value) {
            (Some((node, NodeKind::Leaf | NodeKind::LeafList)), value) => {
                self.leaf(resolved, node, value, around);
            }
            (node, Value::Object(members)) => {
                self.xml.open(name, namespace, around.declared);
                self.metadata(members.get("@").or(around.metadata), &[]);
                self.xml.content();
                match node {
                    Some((_, NodeKind::Anydata)) => {
                        self.members(members, Some(self.schema.root()), Some(namespace), namespace)
                    }
                    Some((_, NodeKind::Anyxml)) | None => {
                        self.members(members, None, Some(namespace), namespace)
                    }
                    Some((node, _)) => {
                        self.members(members, Some(node.content()), Some(namespace), namespace)
                    }
                }
                self.xml.close(name);
            }
            // anyxml may be any JSON (RFC 7951 section 5.6); nothing is an empty element
            (Some((_, NodeKind::Anyxml)) | None, Value::Null) => self.scalar(resolved, "", &[], around),
            (Some((_, NodeKind::Anyxml)) | None, value) => match scalar::text(value) {
                Some(text) => self.scalar(resolved, &text, &[], around),
                None => self.problem("a value, an object or [null] was expected"),
            },
            _ => self.problem("an object was expected"),
        }
    }

    fn leaf(&mut self, resolved: &Resolved<'s, '_>, node: Node<'s>, value: &Value, around: Around<'_>) {
        let Some(text) = scalar::text(value) else {
            self.problem("a single value was expected");
            return;
        };
        let (text, prefixes) = match self.fit(node, value, &text) {
            Some(fit) => {
                if let Err(expected) = scalar::json_type_fits(self.schema, fit.ty, value) {
                    self.problem(format!("{expected} was expected"));
                    return;
                }
                scalar::to_xml(self.schema, &fit)
            }
            // validation of the XML will say what is wrong with it
            None => (text, Vec::new()),
        };
        self.scalar(resolved, &text, &prefixes, around);
    }

    /// The type a value fits; of a union, the first member that fits in JSON too (RFC 7951 section 6.10).
    fn fit(&self, node: Node<'s>, value: &Value, text: &str) -> Option<Fit> {
        let checker = Checker { schema: self.schema, leaf: node.id, naming: Naming::Json };
        let ty = node.def().ty?;
        let first = checker.check(ty, text).ok()?;
        let fits = |fit: &Fit| scalar::json_type_fits(self.schema, fit.ty, value).is_ok();
        if fits(&first) {
            return Some(first);
        }
        let mut members = vec![(node.id, ty)];
        let mut seen = std::collections::HashSet::new();
        while let Some((leaf, ty)) = members.pop() {
            if !seen.insert((leaf, ty)) {
                continue;
            }
            let checker = Checker { leaf, ..checker };
            match &self.schema.types[ty as usize].kind {
                Kind::Union(inner) => members.extend(inner.iter().rev().map(|ty| (leaf, *ty))),
                // what it refers to may be a union
                Kind::Leafref { .. } => {
                    let target = self.schema.leafref_targets.get(&(leaf, ty)).map(|target| node.at(*target));
                    members.extend(target.and_then(|target| Some((target.id, target.def().ty?))));
                }
                _ => {
                    if let Some(fit) = checker.check(ty, text).ok().filter(fits) {
                        return Some(fit);
                    }
                }
            }
        }
        Some(first)
    }

    fn scalar(
        &mut self,
        resolved: &Resolved<'s, '_>,
        text: &str,
        prefixes: &[(String, String)],
        around: Around<'_>,
    ) {
        if !is_xml_text(text) {
            self.problem("a control character that XML cannot hold");
            return;
        }
        self.xml.open(resolved.name, &resolved.namespace, around.declared);
        for (prefix, namespace) in prefixes {
            self.xml.attribute(&format!("xmlns:{prefix}"), namespace);
        }
        self.metadata(around.metadata, prefixes);
        self.xml.leaf(resolved.name, text);
    }

    /// Writes metadata as attributes of an element that has declared these prefixes for its value.
    fn metadata(&mut self, metadata: Option<&Value>, prefixes: &[(String, String)]) {
        let Some(metadata) = metadata.filter(|metadata| !metadata.is_null()) else {
            return;
        };
        let Some(members) = metadata.as_object() else {
            self.problem("metadata is an object");
            return;
        };
        let mut written = std::collections::HashSet::new();
        let mut declared = prefixes.to_vec();
        for (full, value) in members {
            let text = scalar::text(value).filter(|text| is_xml_text(text));
            let (module, name) = full.rsplit_once(':').unwrap_or(("", full));
            let is_name = is_identifier(name) && name != "xmlns";
            let Some(text) = text.filter(|_| is_name) else {
                self.problem(format!("metadata \"{full}\" is a single value with a name"));
                continue;
            };
            let builtin =
                METADATA_MODULES.iter().find(|(_, known)| *known == module).map(|(namespace, _)| *namespace);
            let namespace = match module.is_empty() {
                true => String::new(),
                false => builtin.map_or_else(|| self.namespace(module), str::to_owned),
            };
            if !is_namespace(&namespace) {
                self.problem(format!("the module of metadata \"{full}\" is no namespace that XML can hold"));
                continue;
            }
            if !written.insert((namespace.clone(), name)) {
                self.problem(format!("metadata \"{full}\" is there twice"));
                continue;
            }
            if namespace.is_empty() {
                self.xml.attribute(name, &text);
                continue;
            }
            let known = declared.len();
            let text = match self.annotated(&namespace, name, value, &text) {
                Ok(Some(fit)) => scalar::to_xml_beside(self.schema, &fit, &mut declared),
                Ok(None) => text,
                Err(expected) => {
                    self.problem(format!("metadata \"{full}\": {expected} was expected"));
                    continue;
                }
            };
            let prefix = prefix_of(&namespace, &mut declared);
            for (prefix, namespace) in &declared[known..] {
                self.xml.attribute(&format!("xmlns:{prefix}"), namespace);
            }
            self.xml.attribute(&format!("{prefix}:{name}"), &text);
        }
    }

    /// The value of an annotation with the type its module gives it; an error says what JSON it should be. What does not
    /// fit stays as it is: validation of the XML will say what is wrong with it.
    fn annotated(
        &self,
        namespace: &str,
        name: &str,
        value: &Value,
        text: &str,
    ) -> Result<Option<Fit>, &'static str> {
        let annotation = self.schema.annotation(namespace, name);
        let fit = annotation.and_then(|annotation| annotation.check(self.schema, text, Naming::Json));
        let Some(Ok(fit)) = fit else { return Ok(None) };
        scalar::json_type_fits(self.schema, fit.ty, value).map(|()| Some(fit))
    }
}

/// A prefix for a namespace, one that is declared already if there is one.
fn prefix_of(namespace: &str, declared: &mut Vec<(String, String)>) -> String {
    if let Some((prefix, _)) = declared.iter().find(|(_, known)| known == namespace) {
        return prefix.clone();
    }
    let free = |prefix: &String| !declared.iter().any(|(known, _)| known == prefix);
    let prefix = (0..).map(|index| format!("md{index}")).find(free).unwrap_or_default();
    declared.push((prefix.clone(), namespace.to_owned()));
    prefix
}

/// The members that are nodes, in the order XML wants them: keys, then the model's order, then what it lacks.
fn ordered<'j>(
    members: &'j Map<String, Value>,
    parent: Option<Node<'_>>,
    inherited: Option<&str>,
    reader: &Reader<'_>,
) -> Vec<(&'j str, &'j Value)> {
    let mut rank = std::collections::HashMap::new();
    if let Some(parent) = parent.filter(|parent| parent.kind() != NodeKind::Root) {
        for node in parent.keys().chain(parent.data_children()) {
            let next = rank.len();
            rank.entry((node.namespace(), node.name())).or_insert(next);
        }
    }
    let mut list: Vec<(usize, &str, &Value)> = members
        .iter()
        .filter(|(name, _)| !name.starts_with('@'))
        .map(|(full, value)| {
            let (namespace, name) = match full.rsplit_once(':') {
                Some((module, name)) => (reader.namespace(module), name),
                None => (inherited.unwrap_or_default().to_owned(), full.as_str()),
            };
            let rank = rank.get(&(namespace.as_str(), name)).copied().unwrap_or(usize::MAX);
            (rank, full.as_str(), value)
        })
        .collect();
    list.sort_by_key(|(rank, ..)| *rank);
    list.into_iter().map(|(_, name, value)| (name, value)).collect()
}
