//! Whether two datastores hold the same configuration.

use crate::error::Error;
use crate::ops::Data;
use crate::xml;

/// Whether two `<data>` hold the same elements, attributes and texts. White space between elements does not count,
/// nor does the order of siblings with different names.
pub(super) fn same(one: &Data, other: &Data) -> Result<bool, Error> {
    if one.xml() == other.xml() {
        return Ok(true);
    }
    Ok(canonical(one)? == canonical(other)?)
}

fn canonical(data: &Data) -> Result<String, Error> {
    let document = data.tree()?;
    let mut text = String::new();
    for child in document.root_element().children().filter(|node| node.tag_name().name() == "data") {
        write(child, &mut text);
    }
    Ok(text)
}

/// Writes an element in a form that does not depend on prefixes. The session's depth limit bounds the recursion.
fn write(element: roxmltree::Node<'_, '_>, text: &mut String) {
    push_name(element.tag_name().namespace(), element.tag_name().name(), text);
    let mut attributes: Vec<_> = element.attributes().collect();
    attributes.sort_by_key(|attribute| (attribute.namespace(), attribute.name()));
    for attribute in attributes {
        text.push('@');
        push_name(attribute.namespace(), attribute.name(), text);
        text.push_str(&xml::escape(attribute.value()));
    }
    text.push('(');
    let mut children: Vec<_> = element.children().filter(|node| node.is_element()).collect();
    children.sort_by_key(|child| (child.tag_name().namespace(), child.tag_name().name()));
    if children.is_empty() {
        for piece in element.children().filter(|node| node.is_text()) {
            text.push_str(&xml::escape(piece.text().unwrap_or("")));
        }
    }
    for child in children {
        write(child, text);
    }
    text.push(')');
}

fn push_name(namespace: Option<&str>, name: &str, text: &mut String) {
    text.push('{');
    text.push_str(namespace.unwrap_or(""));
    text.push('}');
    text.push_str(name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Reply;
    use bytes::Bytes;

    fn data(inner: &str) -> Data {
        let text = format!(
            "<rpc-reply xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'><data>{inner}</data></rpc-reply>"
        );
        Data::read("get-config", Reply::read(Bytes::from(text), "get-config", 100).unwrap()).unwrap()
    }

    fn is_same(one: &str, other: &str) -> bool {
        same(&data(one), &data(other)).unwrap()
    }

    #[test]
    fn prefixes_spaces_and_order_of_different_names_do_not_count() {
        assert!(is_same(
            "<a xmlns='urn:a'><b>1</b><c/></a>",
            "<x:a xmlns:x='urn:a'>\n <x:c></x:c> <x:b>1</x:b></x:a>"
        ));
    }

    #[test]
    fn values_namespaces_and_order_of_equal_names_count() {
        assert!(!is_same("<a xmlns='urn:a'><b>1</b></a>", "<a xmlns='urn:a'><b>2</b></a>"));
        assert!(!is_same("<a xmlns='urn:a'><b> </b></a>", "<a xmlns='urn:a'><b/></a>"));
        assert!(!is_same("<a xmlns='urn:a'/>", "<a xmlns='urn:b'/>"));
        assert!(!is_same("<a xmlns='urn:a'/>", ""));
        assert!(!is_same(
            "<l xmlns='urn:a'>1</l><l xmlns='urn:a'>2</l>",
            "<l xmlns='urn:a'>2</l><l xmlns='urn:a'>1</l>"
        ));
        assert!(!is_same("<a xmlns='urn:a' x='1'/>", "<a xmlns='urn:a' x='2'/>"));
    }
}
