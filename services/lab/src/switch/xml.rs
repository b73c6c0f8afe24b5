//! Reading the XML that a client sends.

use roxmltree::{Document, Node as Xml, ParsingOptions};

use super::error::RpcError;
use super::tree::{Node, TAGGED};

/// Namespace of NETCONF's own elements (RFC 6241).
pub(crate) const NETCONF: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

/// Elements inside elements that the switch reads; deeper messages are refused.
const MAX_DEPTH: usize = 128;
/// Nodes in one message that the switch reads.
const MAX_NODES: u32 = 1_000_000;

/// Parses a message, within the switch's limits.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, String> {
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| error.to_string())?;
    let mut current = Some(document.root());
    let mut depth = 0_usize;
    // Walked by hand: a recursive walk of a hostile message would overflow the stack.
    while let Some(node) = current {
        if depth > MAX_DEPTH {
            return Err(format!("elements are nested deeper than {MAX_DEPTH}"));
        }
        if let Some(child) = node.first_child() {
            depth += 1;
            current = Some(child);
            continue;
        }
        let mut up = node;
        current = loop {
            if let Some(next) = up.next_sibling() {
                break Some(next);
            }
            match up.parent() {
                Some(parent) => {
                    depth -= 1;
                    up = parent;
                }
                None => break None,
            }
        };
    }
    Ok(document)
}

/// The child elements.
pub(crate) fn elements<'a, 'input>(node: Xml<'a, 'input>) -> impl Iterator<Item = Xml<'a, 'input>> {
    node.children().filter(Xml::is_element)
}

/// The child element of that name in NETCONF's namespace.
pub(crate) fn param<'a, 'input>(node: Xml<'a, 'input>, name: &str) -> Option<Xml<'a, 'input>> {
    elements(node).find(|child| is(*child, NETCONF, name))
}

/// Whether the element has this name in this namespace.
pub(crate) fn is(node: Xml<'_, '_>, ns: &str, name: &str) -> bool {
    node.tag_name().name() == name && node.tag_name().namespace() == Some(ns)
}

/// All text directly in the element.
pub(crate) fn text(node: Xml<'_, '_>) -> String {
    node.children().filter(Xml::is_text).filter_map(|child| child.text()).collect()
}

/// The text directly in the element, without white space around it.
pub(crate) fn word(node: Xml<'_, '_>) -> String {
    text(node).trim().to_owned()
}

/// What an edit-config does with one node (RFC 6241 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Adds to what is there.
    Merge,
    /// Takes the place of what is there.
    Replace,
    /// Adds, and fails if it is there.
    Create,
    /// Takes away, and fails if it is not there.
    Delete,
    /// Takes away if it is there.
    Remove,
    /// Only leads further down (`default-operation` none).
    None,
}

/// One node of an edit-config's `<config>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    /// XML namespace.
    pub(crate) ns: String,
    /// Local name.
    pub(crate) name: String,
    /// Value of a leaf, white space included.
    pub(crate) text: String,
    /// The `operation` attribute.
    pub(crate) operation: Option<Operation>,
    /// Whether it is marked as a default (RFC 6243 4.5.3): it shall be as if nobody had set it.
    pub(crate) default: bool,
    /// Child nodes.
    pub(crate) children: Vec<Edit>,
}

impl Edit {
    /// Reads an element and all below it.
    pub(crate) fn read(xml: Xml<'_, '_>) -> Result<Self, Vec<RpcError>> {
        let children: Vec<Self> = elements(xml).map(Self::read).collect::<Result<_, _>>()?;
        let name = xml.tag_name().name().to_owned();
        let value = text(xml);
        if !children.is_empty() && !value.trim().is_empty() {
            let message = "text between the elements of a container";
            return Err(vec![RpcError::protocol("bad-element", message).info("bad-element", &name)]);
        }
        let operation =
            xml.attribute((NETCONF, "operation")).map(|word| operation(word, &name)).transpose()?;
        Ok(Self {
            ns: xml.tag_name().namespace().unwrap_or_default().to_owned(),
            name,
            text: if children.is_empty() { value } else { String::new() },
            operation,
            default: matches!(xml.attribute((TAGGED, "default")), Some("true" | "1")),
            children,
        })
    }

    /// The data in it, operations left out.
    pub(crate) fn into_node(self) -> Node {
        let children = self.children.into_iter().map(Self::into_node).collect();
        Node { children, text: self.text, ..Node::new(&self.ns, &self.name) }
    }

    /// The data in it, operations left out.
    pub(crate) fn to_node(&self) -> Node {
        self.clone().into_node()
    }
}

fn operation(word: &str, element: &str) -> Result<Operation, Vec<RpcError>> {
    Ok(match word {
        "merge" => Operation::Merge,
        "replace" => Operation::Replace,
        "create" => Operation::Create,
        "delete" => Operation::Delete,
        "remove" => Operation::Remove,
        _ => {
            let message = format!("operation {word:?} is not known");
            let error = RpcError::protocol("bad-attribute", &message);
            return Err(vec![error.info("bad-attribute", "operation").info("bad-element", element)]);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_nested_too_deep_is_refused_without_a_crash() {
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert!(parse(&deep).unwrap_err().contains("nested"));
        let fine = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
        assert!(parse(&fine).is_ok());
    }

    #[test]
    fn a_document_type_is_refused() {
        assert!(parse("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>").is_err());
    }

    #[test]
    fn an_unknown_operation_names_the_attribute_and_the_element() {
        let text = format!("<a xmlns:nc='{NETCONF}' nc:operation='destroy'/>");
        let document = parse(&text).unwrap();
        let error = Edit::read(document.root_element()).unwrap_err();
        assert_eq!(error[0].tag, "bad-attribute");
    }
}
