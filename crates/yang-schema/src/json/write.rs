//! XML to JSON.

use std::collections::HashMap;

use roxmltree::Node as Xml;

use super::ordered::Json;
use super::{JsonOptions, JsonProblem, scalar};
use crate::schema::{Node, NodeKind, Schema};
use crate::validate::{
    NETCONF_NAMESPACE, WITH_DEFAULTS_NAMESPACE, YANG_NAMESPACE, namespace_in_scope, text_of,
};
use crate::value::{Checker, Naming};

/// Deepest nesting of elements that the schema lacks.
const MAX_UNKNOWN_DEPTH: usize = 100;

/// Modules of metadata that are not modules of data.
pub(super) const METADATA_MODULES: &[(&str, &str)] = &[
    (NETCONF_NAMESPACE, "ietf-netconf"),
    (YANG_NAMESPACE, "yang"),
    (WITH_DEFAULTS_NAMESPACE, "ietf-netconf-with-defaults"),
];

pub(super) struct Writer<'s> {
    schema: &'s Schema,
    options: &'s JsonOptions,
    /// Elements entered that the schema lacks.
    unknown_depth: usize,
}

/// One member in the making: all elements of one name.
struct Member {
    name: String,
    is_array: bool,
    values: Vec<Json>,
    metadata: Vec<Option<Json>>,
}

/// The members of one object, and where each name's is.
#[derive(Default)]
struct Members {
    list: Vec<Member>,
    places: HashMap<String, usize>,
}

impl<'s> Writer<'s> {
    pub(super) fn new(schema: &'s Schema, options: &'s JsonOptions) -> Self {
        Self { schema, options, unknown_depth: 0 }
    }

    /// One element as an object with one member.
    pub(super) fn element(&mut self, element: Xml<'_, '_>) -> Result<Json, JsonProblem> {
        let node = self.schema.node_of(element);
        let mut members = Members::default();
        self.member(element, node, None, &mut members)?;
        Ok(finish(members, Vec::new()))
    }

    /// The children of an element whose schema node is `parent`, as an object.
    pub(super) fn children(&mut self, element: Xml<'_, '_>, parent: Node<'s>) -> Result<Json, JsonProblem> {
        let namespace = (parent.kind() != NodeKind::Root).then(|| parent.namespace());
        self.object(element, Some(parent), namespace)
    }

    fn object(
        &mut self,
        element: Xml<'_, '_>,
        parent: Option<Node<'s>>,
        namespace: Option<&str>,
    ) -> Result<Json, JsonProblem> {
        let mut members = Members::default();
        let mut text = String::new();
        for child in element.children() {
            if child.is_text() {
                text.push_str(child.text().unwrap_or_default());
            } else if child.is_element() {
                let name = child.tag_name();
                let node = parent.and_then(|parent| parent.child(name.namespace()?, name.name()));
                self.member(child, node, namespace, &mut members)?;
            }
        }
        let mut extra = Vec::new();
        if !text.trim().is_empty() {
            extra.push(("#text".to_owned(), Json::string(text.trim())));
        }
        Ok(finish(members, extra))
    }

    fn member(
        &mut self,
        element: Xml<'_, '_>,
        node: Option<Node<'s>>,
        parent_namespace: Option<&str>,
        members: &mut Members,
    ) -> Result<(), JsonProblem> {
        let name = self.qualified(element, parent_namespace);
        let value = self.value(element, node)?;
        let attributes = self.attributes(element);
        let (value, metadata) = match value {
            // an object carries its metadata inside
            Json::Object(mut members) => {
                if let Some(attributes) = attributes {
                    members.insert(0, ("@".to_owned(), attributes));
                }
                (Json::Object(members), None)
            }
            other => (other, attributes),
        };
        if let Some(place) = members.places.get(&name).copied() {
            let member = &mut members.list[place];
            member.values.push(value);
            member.metadata.push(metadata);
            return Ok(());
        }
        let tag = element.tag_name();
        let hinted = || {
            let key = (tag.namespace().unwrap_or_default().to_owned(), tag.name().to_owned());
            self.options.lists.contains(&key)
        };
        let is_array = match node.map(|node| node.kind()) {
            Some(kind) => matches!(kind, NodeKind::List | NodeKind::LeafList),
            None => hinted(),
        };
        members.places.insert(name.clone(), members.list.len());
        members.list.push(Member { name, is_array, values: vec![value], metadata: vec![metadata] });
        Ok(())
    }

    fn value(&mut self, element: Xml<'_, '_>, node: Option<Node<'s>>) -> Result<Json, JsonProblem> {
        let Some(node) = node else {
            return self.unknown(element);
        };
        match node.kind() {
            NodeKind::Leaf | NodeKind::LeafList => Ok(self.leaf(element, node)),
            // data within data begins at the top of the schema again, however deep it is
            NodeKind::Anydata => self.deeper(element, |writer| {
                writer.object(element, Some(writer.schema.root()), Some(node.namespace()))
            }),
            NodeKind::Anyxml => self.unknown(element),
            _ => self.object(element, Some(node.content()), Some(node.namespace())),
        }
    }

    fn leaf(&self, element: Xml<'_, '_>, node: Node<'s>) -> Json {
        let text = text_of(element);
        let lookup = |prefix: Option<&str>| namespace_in_scope(element, prefix);
        let checker = Checker { schema: self.schema, leaf: node.id, naming: Naming::Xml(&lookup) };
        let fit = node.def().ty.and_then(|ty| checker.check(ty, &text).ok());
        match fit {
            Some(fit) => scalar::to_json(self.schema, fit),
            None => Json::string(text),
        }
    }

    fn unknown(&mut self, element: Xml<'_, '_>) -> Result<Json, JsonProblem> {
        if element.children().any(|child| child.is_element()) {
            let namespace = element.tag_name().namespace().or(Some(""));
            return self.deeper(element, |writer| writer.object(element, None, namespace));
        }
        let text = text_of(element);
        Ok(if text.is_empty() { Json::empty() } else { Json::string(text) })
    }

    /// Enters an element whose depth the schema does not limit.
    fn deeper(
        &mut self,
        element: Xml<'_, '_>,
        write: impl FnOnce(&mut Self) -> Result<Json, JsonProblem>,
    ) -> Result<Json, JsonProblem> {
        self.unknown_depth += 1;
        if self.unknown_depth > MAX_UNKNOWN_DEPTH {
            let message =
                format!("elements that the schema lacks are nested deeper than {MAX_UNKNOWN_DEPTH}");
            return Err(JsonProblem { pointer: format!("/{}", element.tag_name().name()), message });
        }
        let written = write(self)?;
        self.unknown_depth -= 1;
        Ok(written)
    }

    fn qualified(&self, element: Xml<'_, '_>, parent: Option<&str>) -> String {
        let (namespace, name) =
            (element.tag_name().namespace().unwrap_or_default(), element.tag_name().name());
        if parent == Some(namespace) {
            return name.to_owned();
        }
        format!("{}:{name}", self.module_name(namespace))
    }

    fn module_name<'n>(&'n self, namespace: &'n str) -> &'n str {
        let metadata =
            || METADATA_MODULES.iter().find(|(known, _)| *known == namespace).map(|(_, module)| *module);
        match self.schema.module_by_namespace(namespace) {
            Some(module) => module.name(),
            None => {
                self.options.modules.get(namespace).map(String::as_str).or_else(metadata).unwrap_or(namespace)
            }
        }
    }

    /// The value of one attribute with the JSON type of its annotation (RFC 7952 section 5.2.1).
    fn metadata(&self, element: Xml<'_, '_>, attribute: roxmltree::Attribute<'_, '_>) -> Json {
        let (namespace, value) = (attribute.namespace().unwrap_or_default(), attribute.value());
        if (namespace, attribute.name()) == (WITH_DEFAULTS_NAMESPACE, "default") {
            match value {
                "true" | "1" => return Json::Scalar(true.into()),
                "false" | "0" => return Json::Scalar(false.into()),
                _ => {}
            }
        }
        let lookup = |prefix: Option<&str>| namespace_in_scope(element, prefix);
        let annotation = self.schema.annotation(namespace, attribute.name());
        let fit =
            annotation.and_then(|annotation| annotation.check(self.schema, value, Naming::Xml(&lookup)));
        match fit {
            Some(Ok(fit)) => scalar::to_json(self.schema, fit),
            _ => Json::string(value),
        }
    }

    fn attributes(&self, element: Xml<'_, '_>) -> Option<Json> {
        let members: Vec<(String, Json)> = element
            .attributes()
            .map(|attribute| {
                let name = match attribute.namespace() {
                    Some(namespace) => format!("{}:{}", self.module_name(namespace), attribute.name()),
                    None => attribute.name().to_owned(),
                };
                (name, self.metadata(element, attribute))
            })
            .collect();
        (!members.is_empty()).then_some(Json::Object(members))
    }
}

/// Makes members of what was gathered; metadata stands beside values that are no objects (RFC 7952 section 5.2).
fn finish(members: Members, extra: Vec<(String, Json)>) -> Json {
    let mut out = Vec::with_capacity(members.list.len());
    for mut member in members.list {
        let has_metadata = member.metadata.iter().any(Option::is_some);
        let is_array = member.is_array || member.values.len() > 1;
        let metadata = match (is_array, member.metadata.pop()) {
            (false, Some(Some(only))) => Some(only),
            (true, last) if has_metadata => {
                let all = member.metadata.into_iter().chain(last);
                Some(Json::Array(
                    all.map(|one| one.unwrap_or(Json::Scalar(serde_json::Value::Null))).collect(),
                ))
            }
            _ => None,
        };
        let at_name = format!("@{}", member.name);
        let value = match is_array {
            true => Some(Json::Array(member.values)),
            false => member.values.pop(),
        };
        if let Some(value) = value {
            out.push((member.name, value));
        }
        if let Some(metadata) = metadata {
            out.push((at_name, metadata));
        }
    }
    out.extend(extra);
    Json::Object(out)
}
