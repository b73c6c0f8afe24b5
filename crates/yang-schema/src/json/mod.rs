//! XML to RFC 7951 JSON and back.
//!
//! With the schema, names are qualified by modules, lists and leaf-lists become arrays, and values get the JSON type
//! that RFC 7951 section 6 has for theirs; attributes become `@` members (RFC 7952 section 5.2).
//!
//! # Where the schema lacks a node
//! Nothing is lost; the conversion falls back on these rules, and reads them back:
//! - A name is qualified by its module, if the namespace is known from the schema or from
//!   [`JsonOptions::module`]; otherwise by the namespace itself: `"urn:nowhere:thing"` (a name has no colon, so
//!   the last one separates). An element without a namespace, below one that has one or at the top, is `":thing"`.
//! - An element with elements in it is an object; text that stands beside elements is its member `"#text"`.
//! - An element with text only is a string; an empty element is `[null]`.
//! - Elements of one name side by side are an array. A single one is not, unless [`JsonOptions::list`] names it.
//! - A value that does not fit its type is a string, as it stands.

mod build;
mod ordered;
mod read;
mod scalar;
mod unique;
mod write;

use std::collections::{HashMap, HashSet};

use roxmltree::Node as Xml;
use serde_json::Value;

use crate::schema::{Node, Schema};
use crate::value::Fit;

/// Why data could not be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
#[non_exhaustive]
pub struct JsonProblem {
    /// Where: a JSON pointer (RFC 6901), or the path of element names.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

/// What to know beyond the schema.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct JsonOptions {
    modules: HashMap<String, String>,
    lists: HashSet<(String, String)>,
}

impl JsonOptions {
    /// Nothing beyond the schema.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the module of a namespace that the schema may lack, as a device's hello or yang-library has it.
    #[must_use]
    pub fn module(mut self, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        self.modules.insert(namespace.into(), name.into());
        self
    }

    /// Says that an element is a list or leaf-list, though the schema may lack it: it becomes an array even if it
    /// stands alone.
    #[must_use]
    pub fn list(mut self, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        self.lists.insert((namespace.into(), name.into()));
        self
    }
}

pub(crate) use unique::unique;

/// A canonical value in XML's writing, with the prefixes and namespaces it needs.
pub(crate) fn xml_value(schema: &Schema, fit: &Fit) -> (String, Vec<(String, String)>) {
    scalar::to_xml(schema, fit)
}

/// A text escaped to stand in an element.
pub(crate) fn element_text(text: &str) -> String {
    build::escaped(text)
}

impl Schema {
    /// The schema node an element is an instance of: the element's ancestors in its document lead to it from a
    /// top-level node, whatever stands above that (`<data>`, `<config>`, `<rpc-reply>`). Of an rpc or action, what
    /// stands in it is its input.
    #[must_use]
    pub fn node_of(&self, element: Xml<'_, '_>) -> Option<Node<'_>> {
        let mut chain: Vec<Xml<'_, '_>> = element.ancestors().filter(Xml::is_element).collect();
        chain.reverse();
        (0..chain.len()).find_map(|start| {
            chain[start..].iter().try_fold(self.root(), |node, element| {
                let name = element.tag_name();
                let found = node.content().child(name.namespace()?, name.name());
                found.filter(|node| node.kind().has_instance())
            })
        })
    }

    /// The children of `data` (`<data>`, `<config>`) as one JSON object.
    ///
    /// ```json
    /// {"Cisco-IOS-XE-native:native": {"interface": {"GigabitEthernet": [{"name": "1/0/5"}]}}}
    /// ```
    ///
    /// # Errors
    /// If elements the schema lacks are nested deeper than 100.
    pub fn to_json(&self, data: Xml<'_, '_>, options: &JsonOptions) -> Result<Value, JsonProblem> {
        Ok(write::Writer::new(self, options).children(data, self.root())?.into_value())
    }

    /// One element, wherever it stands, as a JSON object with one member: an array if it is a list's entry.
    ///
    /// ```json
    /// {"Cisco-IOS-XE-native:GigabitEthernet": [{"name": "1/0/5"}]}
    /// ```
    ///
    /// # Errors
    /// If elements the schema lacks are nested deeper than 100.
    pub fn element_to_json(&self, element: Xml<'_, '_>, options: &JsonOptions) -> Result<Value, JsonProblem> {
        Ok(write::Writer::new(self, options).element(element)?.into_value())
    }

    /// Like [`Schema::element_to_json`], as text: members in the order of the XML, indented.
    ///
    /// # Errors
    /// If elements the schema lacks are nested deeper than 100.
    pub fn element_to_json_text(
        &self,
        element: Xml<'_, '_>,
        options: &JsonOptions,
    ) -> Result<String, JsonProblem> {
        write::Writer::new(self, options).element(element)?.into_text()
    }

    /// Like [`Schema::to_json`], as text: members in the order of the XML, indented.
    ///
    /// # Errors
    /// If elements the schema lacks are nested deeper than 100.
    pub fn to_json_text(&self, data: Xml<'_, '_>, options: &JsonOptions) -> Result<String, JsonProblem> {
        write::Writer::new(self, options).children(data, self.root())?.into_text()
    }

    /// RFC 7951 JSON as XML: the elements, one after the other, that belong below `parent` (the root for whole
    /// data). Keys come first, the other nodes in the model's order.
    ///
    /// Values are written as XML has them (prefixes declared where names are values) and are not validated:
    /// [`Schema::validate_data`](crate::Schema::validate_data) and
    /// [`Schema::validate_edit_config`](crate::Schema::validate_edit_config) do that.
    ///
    /// # Errors
    /// All places where the JSON does not have the shape that RFC 7951 demands, or text that XML cannot hold.
    pub fn from_json(
        &self,
        json: &Value,
        parent: Node<'_>,
        options: &JsonOptions,
    ) -> Result<String, Vec<JsonProblem>> {
        let parent = self.node(parent.id()).unwrap_or_else(|| self.root());
        read::Reader::new(self, options).run(json, parent)
    }
}
