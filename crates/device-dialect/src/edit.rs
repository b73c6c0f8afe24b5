//! What differs between two states, as nodes of a model, and the `<config>` that leads from one to the other.

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

use crate::error::DialectError;

/// Namespace of NETCONF's own elements and of the `operation` attribute (RFC 6241).
pub(crate) const BASE_NS: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

/// One step down a model's tree; list entries carry their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seg {
    pub(crate) ns: &'static str,
    pub(crate) name: String,
    /// Key leaf and its value.
    pub(crate) key: Option<(&'static str, String)>,
    /// The value that tells one entry of a leaf-list from the others.
    pub(crate) value: Option<String>,
}

pub(crate) type Path = Vec<Seg>;

/// A path from runs of steps that share a namespace: `[(NATIVE, "ip/address")]`.
pub(crate) fn path(runs: &[(&'static str, &str)]) -> Path {
    let mut path = Path::new();
    for (ns, steps) in runs {
        for name in steps.split('/') {
            path.push(Seg { ns, name: name.to_owned(), key: None, value: None });
        }
    }
    path
}

/// The same path, its last step an entry of a list.
pub(crate) fn keyed(mut path: Path, key: &'static str, value: String) -> Path {
    if let Some(last) = path.last_mut() {
        last.key = Some((key, value));
    }
    path
}

/// The way a path is written for people, and in [`OtherConfig`](change_model::interface::OtherConfig).
pub(crate) fn show(path: &[Seg]) -> String {
    let step = |seg: &Seg| match (&seg.key, &seg.value) {
        (Some((key, value)), _) => format!("{}[{key}='{value}']", seg.name),
        (None, Some(value)) => format!("{}[.='{value}']", seg.name),
        (None, None) => seg.name.clone(),
    };
    path.iter().map(step).collect::<Vec<_>>().join("/")
}

/// A node that is there or not, as a whole: a leaf, a presence container, a list entry or a container of leaves that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) path: Path,
    /// A leaf's value; empty for a leaf without one, a presence container, or an entry.
    pub(crate) text: String,
    /// The leaves of an entry, keys aside.
    pub(crate) leaves: Vec<(Path, String)>,
}

impl Item {
    pub(crate) fn leaf(path: Path, text: impl Into<String>) -> Self {
        Self { path, text: text.into(), leaves: Vec::new() }
    }

    pub(crate) fn present(path: Path) -> Self {
        Self::leaf(path, "")
    }

    pub(crate) fn entry(path: Path, leaves: Vec<(Path, String)>) -> Self {
        Self { path, text: String::new(), leaves }
    }

    /// One value of a leaf-list.
    pub(crate) fn listed(mut path: Path, text: String) -> Self {
        if let Some(last) = path.last_mut() {
            last.value = Some(text.clone());
        }
        Self::leaf(path, text)
    }
}

/// What a family's model says about nodes that go together or exclude each other. Paths are without keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    /// (path, choice, case): whatever stands at or below the path belongs to this case of this choice.
    pub(crate) cases: Vec<(String, &'static str, &'static str)>,
    /// Containers that are removed whole once nothing of theirs is left.
    pub(crate) collapse: Vec<Path>,
    /// Containers whose leaves are all sent when one of them changes.
    pub(crate) together: Vec<String>,
}

impl Rules {
    fn of<'r>(&'r self, path: &'r str) -> impl Iterator<Item = &'r (String, &'static str, &'static str)> {
        self.cases.iter().filter(move |(at, ..)| within(path, at))
    }

    fn exclude(&self, a: &str, b: &str) -> bool {
        self.left(a, b).is_some()
    }

    /// Where `new` is another case of a choice than `old`: how many steps of `old` lead to the node of its case, which goes as a whole.
    /// A server shall do that by itself (RFC 7950, section 7.9), but sysrepo does not in a candidate.
    fn left(&self, old: &str, new: &str) -> Option<usize> {
        let other = |choice, case| self.of(new).any(|(_, its, theirs)| choice == *its && case != *theirs);
        let cases = self.of(old).filter(|(_, choice, case)| other(*choice, *case));
        cases.map(|(at, ..)| at.split('/').count()).min()
    }
}

/// Whether `path` is `at` or below it.
pub(crate) fn within(path: &str, at: &str) -> bool {
    path.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
}

fn bare(path: &[Seg]) -> String {
    path.iter().map(|seg| seg.name.as_str()).collect::<Vec<_>>().join("/")
}

/// Everything one state says, split into what the dialect can write and what it only keeps (as path and value, sorted).
#[derive(Debug, Clone, Default)]
pub(crate) struct Encoded {
    pub(crate) items: Vec<Item>,
    pub(crate) kept: Vec<(String, String)>,
}

/// The edit-config body that leads from one state to the other below `base`; `None` when they are the same.
pub(crate) fn edit(
    base: &[Seg],
    before: &Encoded,
    after: &Encoded,
    rules: &Rules,
) -> Result<Option<String>, DialectError> {
    if let Some((path, _)) = difference(&before.kept, &after.kept) {
        return Err(DialectError::Kept(path));
    }
    consistent(&after.items, rules)?;
    let changed: Vec<&Item> = after.items.iter().filter(|item| !before.items.contains(item)).collect();
    let beside = |item: &Item, at: &String| {
        within(&show(&item.path), at) && changed.iter().any(|other| within(&show(&other.path), at))
    };
    let sent = |item: &&Item| changed.contains(item) || rules.together.iter().any(|at| beside(item, at));
    let set: Vec<&Item> = after.items.iter().filter(sent).collect();
    let mut gone: Vec<Path> = Vec::new();
    for item in &before.items {
        let shown = show(&item.path);
        let stays =
            after.items.iter().any(|other| other.path == item.path || within(&show(&other.path), &shown));
        if !stays {
            let left = set.iter().filter_map(|new| rules.left(&bare(&item.path), &bare(&new.path))).min();
            gone.push(item.path[..left.unwrap_or(item.path.len())].to_vec());
        }
    }
    let gone = collapse(gone, after, rules);
    for path in &gone {
        let shown = show(path);
        if let Some((held, _)) = after.kept.iter().find(|(held, _)| within(held, &shown)) {
            return Err(DialectError::Holds { path: shown, held: held.clone() });
        }
    }
    if set.is_empty() && gone.is_empty() {
        return Ok(None);
    }
    let displaced = |path: &Path| set.iter().any(|new| rules.exclude(&bare(path), &bare(&new.path)));
    let (displaced, gone): (Vec<Path>, Vec<Path>) = gone.into_iter().partition(displaced);
    let mut root = Node::new(BASE_NS, "config");
    let interface = root.descend(base);
    for path in &gone {
        remove(interface.descend(path), path, before);
    }
    for item in set {
        put(interface.descend(&item.path), item, before);
    }
    // Last: Clixon 7.8 ends with a segmentation fault where another case is set in the place of one that was removed just before.
    for path in &displaced {
        remove(interface.descend(path), path, before);
    }
    root.into_xml().map(Some)
}

fn put(node: &mut Node, item: &Item, before: &Encoded) {
    node.text.clone_from(&item.text);
    for (path, text) in &item.leaves {
        node.descend(path).text.clone_from(text);
    }
    let old = before.items.iter().find(|old| old.path == item.path);
    let others = old.into_iter().flat_map(|old| &old.leaves);
    // A leaf that another takes the place of, such as a mask of a prefix length.
    for (path, text) in others.filter(|(path, _)| item.leaves.iter().all(|(kept, _)| kept != path)) {
        let leaf = node.descend(path);
        leaf.remove = true;
        leaf.text.clone_from(text);
    }
}

/// Some servers parse the value of a leaf that goes (netconfd 2.13), so it is sent although nothing needs it.
fn remove(node: &mut Node, path: &Path, before: &Encoded) {
    node.remove = true;
    let leaf = before.items.iter().find(|item| item.path == *path && item.leaves.is_empty());
    node.text = leaf.map(|item| item.text.clone()).unwrap_or_default();
}

/// The first entry that one of the sorted lists has and the other has not.
fn difference(a: &[(String, String)], b: &[(String, String)]) -> Option<(String, String)> {
    let mut rest: Vec<_> = b.to_vec();
    for entry in a {
        match rest.iter().position(|other| other == entry) {
            Some(at) => {
                rest.remove(at);
            }
            None => return Some(entry.clone()),
        }
    }
    rest.into_iter().next()
}

/// Refuses a state that has one node twice, or two cases of one choice.
fn consistent(items: &[Item], rules: &Rules) -> Result<(), DialectError> {
    for (at, item) in items.iter().enumerate() {
        for other in &items[at + 1..] {
            if item.path == other.path || rules.exclude(&bare(&item.path), &bare(&other.path)) {
                return Err(DialectError::Conflict(show(&item.path), show(&other.path)));
            }
        }
    }
    Ok(())
}

/// Replaces removals by the removal of their container where the state after has nothing at all left in it, or which goes itself.
fn collapse(gone: Vec<Path>, after: &Encoded, rules: &Rules) -> Vec<Path> {
    let mut result: Vec<Path> = Vec::new();
    for path in gone {
        let whole = rules.collapse.iter().find(|at| {
            let shown = show(at);
            within(&show(&path), &shown)
                && !after.items.iter().any(|item| within(&show(&item.path), &shown))
                && !after.kept.iter().any(|(kept, _)| within(kept, &shown))
        });
        let path = whole.cloned().unwrap_or(path);
        if !result.contains(&path) {
            result.push(path);
        }
    }
    let whole: Vec<String> = result.iter().map(|path| show(path)).collect();
    let held = |path: &Path| whole.iter().any(|at| *at != show(path) && within(&show(path), at));
    result.retain(|path| !held(path));
    result
}

/// An element of the edit.
#[derive(Debug)]
struct Node {
    seg: Seg,
    text: String,
    remove: bool,
    children: Vec<Node>,
}

impl Node {
    fn new(ns: &'static str, name: &str) -> Self {
        Self::of(Seg { ns, name: name.to_owned(), key: None, value: None })
    }

    fn of(seg: Seg) -> Self {
        let mut node = Self { seg, text: String::new(), remove: false, children: Vec::new() };
        if let Some((key, value)) = node.seg.key.clone() {
            let mut leaf = Self::new(node.seg.ns, key);
            leaf.text = value;
            node.children.push(leaf);
        }
        node.text = node.seg.value.clone().unwrap_or_default();
        node
    }

    fn descend(&mut self, path: &[Seg]) -> &mut Self {
        let Some((seg, rest)) = path.split_first() else {
            return self;
        };
        let at = self.children.iter().position(|child| child.seg == *seg);
        let at = at.unwrap_or_else(|| {
            self.children.push(Self::of(seg.clone()));
            self.children.len() - 1
        });
        self.children[at].descend(rest)
    }

    fn removes(&self) -> bool {
        self.remove || self.children.iter().any(Self::removes)
    }

    fn into_xml(self) -> Result<String, DialectError> {
        let mut out = Vec::new();
        self.write(&mut Writer::new(&mut out), None)?;
        String::from_utf8(out).map_err(|error| DialectError::Xml(error.to_string()))
    }

    fn write(&self, to: &mut Writer<&mut Vec<u8>>, parent_ns: Option<&str>) -> Result<(), DialectError> {
        let failed = |error: std::io::Error| DialectError::Xml(error.to_string());
        let mut start = BytesStart::new(self.seg.name.as_str());
        if parent_ns != Some(self.seg.ns) {
            start.push_attribute(("xmlns", self.seg.ns));
        }
        // Below `<config>`, so that each element can stand alone: callers put their own `<config>` around them.
        if parent_ns == Some(BASE_NS) && self.removes() {
            start.push_attribute(("xmlns:nc", BASE_NS));
        }
        if self.remove {
            start.push_attribute(("nc:operation", "remove"));
        }
        if self.text.is_empty() && self.children.is_empty() {
            return to.write_event(Event::Empty(start)).map_err(failed);
        }
        if let Some(code) = unsendable(&self.text) {
            return Err(DialectError::Character { path: self.seg.name.clone(), code });
        }
        to.write_event(Event::Start(start)).map_err(failed)?;
        if !self.text.is_empty() {
            to.write_event(Event::Text(BytesText::new(&self.text))).map_err(failed)?;
        }
        for child in &self.children {
            child.write(to, Some(self.seg.ns))?;
        }
        to.write_event(Event::End(BytesEnd::new(self.seg.name.as_str()))).map_err(failed)
    }
}

/// The first character that XML cannot carry or no device stores: a control character other than the tab, or a noncharacter.
fn unsendable(text: &str) -> Option<u32> {
    let bad = |c: &char| (c.is_control() && *c != '\t') || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().find(bad).map(u32::from)
}

/// A subtree filter (RFC 6241, section 6) for everything below `path`.
pub(crate) fn filter(path: &[Seg]) -> Result<String, DialectError> {
    let Some((first, rest)) = path.split_first() else {
        return Ok(String::new());
    };
    let mut root = Node::of(first.clone());
    root.descend(rest);
    root.into_xml()
}
