//! Instances as XML.

use std::fmt::Write as _;

use super::tree::Instance;
use crate::json::{element_text, xml_value};
use crate::schema::Schema;
use crate::validate::NETCONF_NAMESPACE;
use crate::value::Fit;

/// Writes an instance and what is below it, indented; namespaces are declared where they change.
pub(super) fn write(schema: &Schema, instance: &Instance, parent: &str, depth: usize, out: &mut String) {
    let node = schema.root().at(instance.node);
    let pad = "  ".repeat(depth);
    let namespace = node.namespace();
    let _ = write!(out, "{pad}<{}", node.name());
    if namespace != parent {
        attribute(out, "xmlns", namespace);
    }
    if let Some(operation) = instance.edit.operation() {
        attribute(out, "xmlns:nc", NETCONF_NAMESPACE);
        attribute(out, "nc:operation", operation);
    }
    if let Some(value) = &instance.value {
        leaf(schema, node.name(), value, out);
        return;
    }
    if instance.keys.is_empty() && instance.children.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    for (key, value) in &instance.keys {
        let name = schema.root().at(*key).name();
        let _ = write!(out, "{pad}  <{name}");
        leaf(schema, name, value, out);
    }
    for child in &instance.children {
        write(schema, child, namespace, depth + 1, out);
    }
    let _ = writeln!(out, "{pad}</{}>", node.name());
}

fn leaf(schema: &Schema, name: &str, value: &Fit, out: &mut String) {
    let (text, namespaces) = xml_value(schema, value);
    for (prefix, namespace) in namespaces {
        attribute(out, &format!("xmlns:{prefix}"), &namespace);
    }
    if text.is_empty() {
        out.push_str("/>\n");
    } else {
        let _ = writeln!(out, ">{}</{name}>", element_text(&text));
    }
}

fn attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\"{}\"", quick_xml::escape::escape(value));
}
