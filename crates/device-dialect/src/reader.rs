//! Reads a device's reply: finds nodes by namespace and name, remembers which were understood, and lists the others.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::str::FromStr;

use change_model::interface::OtherConfig;
use roxmltree::{Document, Node, NodeId};

use crate::edit::BASE_NS;
use crate::error::DialectError;

/// Deeper than any configuration nests.
const MAX_DEPTH: usize = 64;
/// Namespace of the attribute `default` (RFC 6243, section 6.4).
const DEFAULT_NS: &str = "urn:ietf:params:xml:ns:netconf:default:1.0";

/// The reply as one document, whether it is a whole `<rpc-reply>`, its `<data>`, or only what is inside; empty text is an empty reply.
pub(crate) fn wrap(reply: &str) -> String {
    let mut body = reply.trim_start_matches('\u{feff}').trim();
    if body.starts_with("<?xml")
        && let Some((_, rest)) = body.split_once("?>")
    {
        body = rest;
    }
    format!("<reply>{}</reply>", without_comments(body))
}

/// The text without its comments, which would cut a value into pieces.
fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains("<!--") {
        return Cow::Borrowed(text);
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("<!") {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let end = if found.starts_with("<![CDATA[") { "]]>" } else { "-->" };
        let comment = found.strip_prefix("<!--").and_then(|inside| inside.find("-->")).map(|end| end + 7);
        let length = found.find(end).map_or(found.len(), |at| at + end.len());
        let (skipped, kept) = if let Some(length) = comment { (length, 0) } else { (length, length) };
        out.push_str(&found[..kept]);
        rest = &found[skipped..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Parses what [`wrap`] made; an `<rpc-error>` in place of data is an error.
pub(crate) fn parse(wrapped: &str) -> Result<Document<'_>, DialectError> {
    let document = Document::parse(wrapped).map_err(|error| DialectError::Xml(error.to_string()))?;
    let replies = document.root_element().children().flat_map(|top| [top].into_iter().chain(top.children()));
    let said = |node: Node<'_, '_>, name: &str| {
        at(node, &[(BASE_NS, name)]).map(|leaf| trimmed(leaf).to_owned()).unwrap_or_default()
    };
    for error in replies.filter(|node| is(*node, BASE_NS, "rpc-error")) {
        if said(error, "error-severity") != "warning" {
            let (tag, message) = (said(error, "error-tag"), said(error, "error-message"));
            return Err(DialectError::Refused(format!("{tag} {message}").trim().to_owned()));
        }
    }
    Ok(document)
}

/// The top-level data nodes of this name, at most below `<rpc-reply>` and `<data>`.
pub(crate) fn tops<'a, 'i>(document: &'a Document<'i>, ns: &str, name: &str) -> Vec<Node<'a, 'i>> {
    let mut level = vec![document.root_element()];
    for _ in 0..3 {
        level = level.into_iter().flat_map(|node| node.children()).filter(Node::is_element).collect();
        let found: Vec<_> = level.iter().copied().filter(|node| is(*node, ns, name)).collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Whether the node is configured and has this name.
pub(crate) fn is(node: Node<'_, '_>, ns: &str, name: &str) -> bool {
    node.tag_name().name() == name && node.tag_name().namespace() == Some(ns) && is_set(&node)
}

/// Whether it is an element, and not a default that a server reports and marks as such.
fn is_set(node: &Node<'_, '_>) -> bool {
    node.is_element() && !matches!(node.attribute((DEFAULT_NS, "default")), Some("true" | "1"))
}

/// The child elements of this name.
pub(crate) fn children<'a, 'i>(node: Node<'a, 'i>, ns: &str, name: &str) -> Vec<Node<'a, 'i>> {
    node.children().filter(|child| is(*child, ns, name)).collect()
}

/// The node at the path of `(namespace, "a/b/c")` runs below `node`, the first where there are several.
pub(crate) fn at<'a, 'i>(node: Node<'a, 'i>, runs: &[(&str, &str)]) -> Option<Node<'a, 'i>> {
    let mut node = node;
    for (ns, steps) in runs {
        for name in steps.split('/') {
            node = node.children().find(|child| is(*child, ns, name))?;
        }
    }
    Some(node)
}

/// A leaf's text, white space around it taken off.
pub(crate) fn trimmed<'a>(node: Node<'a, '_>) -> &'a str {
    node.text().unwrap_or_default().trim()
}

fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(is_set)
}

/// The list entry whose key leaf has this value, in any of the lists.
pub(crate) fn entry<'a, 'i>(
    lists: impl IntoIterator<Item = Node<'a, 'i>>,
    ns: &str,
    key: (&str, &str),
) -> Result<Option<Node<'a, 'i>>, DialectError> {
    let mut found = None;
    for node in lists {
        if at(node, &[(ns, key.0)]).is_some_and(|leaf| trimmed(leaf) == key.1)
            && found.replace(node).is_some()
        {
            return Err(DialectError::Twice(key.1.to_owned()));
        }
    }
    Ok(found)
}

/// One list entry being read.
pub(crate) struct Reader<'a, 'i> {
    pub(crate) entry: Node<'a, 'i>,
    taken: RefCell<HashSet<NodeId>>,
}

impl<'a, 'i> Reader<'a, 'i> {
    pub(crate) fn new(entry: Node<'a, 'i>) -> Self {
        Self { entry, taken: RefCell::default() }
    }

    /// The node, if it is there.
    pub(crate) fn at(&self, runs: &[(&str, &str)]) -> Option<Node<'a, 'i>> {
        at(self.entry, runs)
    }

    /// Marks a node as understood; nodes below it are still listed.
    pub(crate) fn take(&self, node: Node<'_, '_>) {
        self.taken.borrow_mut().insert(node.id());
    }

    /// Marks a node and everything below it as understood.
    pub(crate) fn take_all(&self, node: Node<'_, '_>) {
        for below in node.descendants() {
            self.take(below);
        }
    }

    /// Whether an empty leaf or presence container is there.
    pub(crate) fn flag(&self, runs: &[(&str, &str)]) -> bool {
        let found = self.at(runs);
        if let Some(node) = found {
            self.take(node);
        }
        found.is_some()
    }

    /// A string leaf, exactly as it stands.
    pub(crate) fn text(&self, runs: &[(&str, &str)]) -> Option<String> {
        let node = self.at(runs)?;
        self.take(node);
        Some(node.children().filter(Node::is_text).filter_map(|text| text.text()).collect())
    }

    /// A leaf of another type.
    pub(crate) fn value<T: FromStr>(
        &self,
        runs: &[(&str, &str)],
        expected: &'static str,
    ) -> Result<Option<T>, DialectError> {
        let Some(node) = self.at(runs) else {
            return Ok(None);
        };
        self.take(node);
        let text = trimmed(node);
        text.parse().map(Some).map_err(|_| DialectError::Value {
            path: runs.iter().map(|(_, steps)| *steps).collect::<Vec<_>>().join("/"),
            value: text.to_owned(),
            expected,
        })
    }

    /// Everything not understood, sorted. `lists` are the names of lists and their keys; an empty container of `silent` says nothing.
    pub(crate) fn rest(
        &self,
        lists: &[(&str, &str)],
        silent: &[String],
    ) -> Result<Vec<OtherConfig>, DialectError> {
        let walk = Walk { taken: &self.taken.borrow(), lists, silent };
        let mut found = Vec::new();
        for child in elements(self.entry) {
            walk.step(child, "", 0, &mut found)?;
        }
        found.sort_by(|a, b| (&a.path, &a.value).cmp(&(&b.path, &b.value)));
        Ok(found)
    }
}

struct Walk<'w> {
    taken: &'w HashSet<NodeId>,
    lists: &'w [(&'w str, &'w str)],
    silent: &'w [String],
}

impl Walk<'_> {
    fn step(
        &self,
        node: Node<'_, '_>,
        above: &str,
        depth: usize,
        found: &mut Vec<OtherConfig>,
    ) -> Result<(), DialectError> {
        if depth > MAX_DEPTH {
            return Err(DialectError::Depth(MAX_DEPTH));
        }
        let key = self.key(node);
        let name = node.tag_name().name();
        let mut path = if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
        let silent = self.silent.contains(&path) && trimmed(node).is_empty();
        if let Some(key) = key {
            path = format!("{path}[{}='{}']", key.tag_name().name(), trimmed(key));
        }
        let below: Vec<_> =
            elements(node).filter(|child| Some(child.id()) != key.map(|key| key.id())).collect();
        if below.is_empty() && !self.taken.contains(&node.id()) && !silent {
            let value = if key.is_some() { String::new() } else { trimmed(node).to_owned() };
            found.push(OtherConfig { path: path.clone(), value });
        }
        for child in below {
            self.step(child, &path, depth + 1, found)?;
        }
        Ok(())
    }

    /// The leaf that tells this element from its neighbours of the same name: a known list's key, or else its first leaf.
    fn key<'a, 'i>(&self, node: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
        let name = node.tag_name().name();
        if let Some((_, key)) = self.lists.iter().find(|(list, _)| *list == name) {
            return elements(node).find(|child| child.tag_name().name() == *key);
        }
        let twin = |other: Node<'_, '_>| other.id() != node.id() && other.tag_name() == node.tag_name();
        let repeated = node.parent().is_some_and(|parent| elements(parent).any(twin));
        let first = elements(node).next()?;
        (repeated && elements(first).next().is_none()).then_some(first)
    }
}
