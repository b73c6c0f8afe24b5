//! One way to write a configuration, so that two of them can be compared byte for byte.

use roxmltree::Node as Element;
use yang_schema::{Node, Schema, TypeKind};

/// The configuration in canonical XML: one element a line, its namespace spelled out, siblings sorted (no list of these models is ordered
/// by the user), identities with their module, and no container that means nothing when it is empty (RFC 7950, section 7.5.1).
pub(crate) fn canonical(schema: &Schema, xml: &str) -> String {
    let wrapped = format!("<reply>{xml}</reply>");
    let document = roxmltree::Document::parse(&wrapped).unwrap();
    let data = document.root_element().children().find(|child| child.tag_name().name() == "data");
    children(schema.root(), data.unwrap_or(document.root_element()), 0)
}

fn children(at: Node<'_>, element: Element<'_, '_>, depth: usize) -> String {
    let mut lines: Vec<String> = element
        .children()
        .filter(Element::is_element)
        .filter_map(|child| written(at, child, depth))
        .collect();
    lines.sort();
    lines.concat()
}

/// The element, or nothing where it says nothing. What the models do not have is kept as it stands.
fn written(parent: Node<'_>, element: Element<'_, '_>, depth: usize) -> Option<String> {
    let (name, ns) = (element.tag_name().name(), element.tag_name().namespace().unwrap_or_default());
    let node = parent.child(ns, name).unwrap_or_else(|| panic!("the models have no {name} of {ns}"));
    let pad = " ".repeat(depth);
    let Some(ty) = node.ty() else {
        let inside = children(node, element, depth + 1);
        let says_nothing = inside.is_empty() && !node.is_presence() && node.keys().next().is_none();
        return (!says_nothing).then(|| format!("{pad}<{name} xmlns=\"{ns}\">\n{inside}{pad}</{name}>\n"));
    };
    let text = element.text().unwrap_or_default();
    let value = match (ty.kind(), text.trim().split_once(':')) {
        (TypeKind::IdentityRef(_), Some((prefix, identity))) => {
            let ns = element.lookup_namespace_uri(Some(prefix)).unwrap();
            format!("{{{ns}}}{identity}")
        }
        _ => text.to_owned(),
    };
    let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Some(format!("{pad}<{name} xmlns=\"{ns}\">{value}</{name}>\n"))
}
