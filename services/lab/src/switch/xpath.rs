//! The part of XPath 1.0 that filters are written in: location paths from the root, with predicates that compare a child's value.
//!
//! `/a:b/c//d[e='1' and f]/g | /h/*`. Axes, functions, positions and arithmetic are refused with a reason. An unprefixed name matches
//! in every namespace, as IOS-XE takes it.

use super::filter::Selection;
use super::tree::Node;

/// A parsed filter: the union of its paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct XPath(Vec<Vec<Step>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    /// Whether nodes at any depth match (`//`).
    deep: bool,
    test: Test,
    predicates: Vec<Predicate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    ns: Option<String>,
    /// `None` is `*`.
    name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Predicate {
    /// The path below the node; empty for `.`.
    path: Vec<Test>,
    /// `None` asks only whether it exists.
    value: Option<String>,
}

/// Longest expression that is read, in bytes.
const MAX_LENGTH: usize = 4096;

impl XPath {
    /// Parses an expression; `namespace` resolves its prefixes.
    pub(crate) fn parse(text: &str, namespace: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("the expression is longer than {MAX_LENGTH} bytes"));
        }
        let mut parser = Parser { rest: text.trim_start(), namespace };
        let mut paths = vec![parser.path()?];
        while parser.eat("|") {
            paths.push(parser.path()?);
        }
        if parser.rest.is_empty() { Ok(Self(paths)) } else { Err(format!("cannot read {:?}", parser.rest)) }
    }

    /// Chooses the nodes it leads to.
    pub(crate) fn select(&self, root: &Node) -> Selection {
        let mut selection = Selection::default();
        for path in &self.0 {
            walk(root, path, &mut selection);
        }
        selection
    }
}

fn walk(node: &Node, path: &[Step], selection: &mut Selection) -> bool {
    let Some((step, rest)) = path.split_first() else {
        selection.take(node);
        return true;
    };
    let mut any = false;
    for child in &node.children {
        if step.holds(child) {
            any |= walk(child, rest, selection);
        }
        if step.deep {
            any |= walk(child, path, selection);
        }
    }
    if any {
        selection.pass(node);
    }
    any
}

impl Step {
    fn holds(&self, node: &Node) -> bool {
        self.test.holds(node) && self.predicates.iter().all(|predicate| predicate.holds(node))
    }
}

impl Test {
    fn holds(&self, node: &Node) -> bool {
        self.name.as_ref().is_none_or(|name| *name == node.name)
            && self.ns.as_ref().is_none_or(|ns| *ns == node.ns)
    }
}

impl Predicate {
    fn holds(&self, node: &Node) -> bool {
        let mut nodes = vec![node];
        for test in &self.path {
            nodes =
                nodes.into_iter().flat_map(|node| &node.children).filter(|child| test.holds(child)).collect();
        }
        match &self.value {
            None => !nodes.is_empty(),
            Some(value) => nodes.iter().any(|node| node.text.trim() == value),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    namespace: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else {
            return false;
        };
        self.rest = rest.trim_start();
        true
    }

    fn path(&mut self) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        while self.rest.starts_with('/') {
            let deep = self.eat("//");
            if !deep {
                self.eat("/");
            }
            let test = self.test()?;
            let mut predicates = Vec::new();
            while self.eat("[") {
                predicates.push(self.predicate()?);
                while self.eat("and ") {
                    predicates.push(self.predicate()?);
                }
                if !self.eat("]") {
                    return Err(format!("expected ] before {:?}", self.rest));
                }
            }
            steps.push(Step { deep, test, predicates });
        }
        if steps.is_empty() {
            Err("only location paths from the root are supported".to_owned())
        } else {
            Ok(steps)
        }
    }

    fn predicate(&mut self) -> Result<Predicate, String> {
        let mut path = Vec::new();
        if !self.eat(".") {
            path.push(self.test()?);
            while self.eat("/") {
                path.push(self.test()?);
            }
        }
        let value = if self.eat("=") { Some(self.literal()?) } else { None };
        if path.is_empty() && value.is_none() {
            return Err("a predicate of . needs a comparison".to_owned());
        }
        Ok(Predicate { path, value })
    }

    fn literal(&mut self) -> Result<String, String> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let Some(quote) = quote else {
            let number = self.word(|c| c.is_ascii_digit());
            return number
                .map(str::to_owned)
                .ok_or_else(|| format!("expected a literal before {:?}", self.rest));
        };
        let inside = &self.rest[1..];
        let end = inside.find(quote).ok_or("a literal is not closed")?;
        self.rest = inside[end + 1..].trim_start();
        Ok(inside[..end].to_owned())
    }

    fn test(&mut self) -> Result<Test, String> {
        if self.eat("*") {
            return Ok(Test { ns: None, name: None });
        }
        let name_char = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let expected = |rest: &str| format!("expected a name before {rest:?}");
        let first = self.word(name_char).ok_or_else(|| expected(self.rest))?;
        if self.rest.starts_with("::") || self.rest.starts_with('(') {
            return Err("axes and functions are not supported".to_owned());
        }
        if !self.eat(":") {
            return Ok(Test { ns: None, name: Some(first.to_owned()) });
        }
        let ns = (self.namespace)(first).ok_or_else(|| format!("prefix {first:?} is not declared"))?;
        if self.eat("*") {
            return Ok(Test { ns: Some(ns), name: None });
        }
        let name = self.word(name_char).ok_or_else(|| expected(self.rest))?;
        Ok(Test { ns: Some(ns), name: Some(name.to_owned()) })
    }

    fn word(&mut self, part: impl Fn(char) -> bool) -> Option<&'a str> {
        let end = self.rest.find(|c: char| !part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return None;
        }
        self.rest = rest.trim_start();
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn data() -> Node {
        let port = |name: &str, mtu: &str| {
            Node::new("urn:a", "port")
                .with([Node::leaf("urn:a", "name", name), Node::leaf("urn:b", "mtu", mtu)])
        };
        Node::root().with([Node::new("urn:a", "top").with([port("1/0/1", "1500"), port("1/0/2", "9000")])])
    }

    fn namespace(prefix: &str) -> Option<String> {
        matches!(prefix, "a" | "b").then(|| format!("urn:{prefix}"))
    }

    fn found(path: &str) -> usize {
        let data = data();
        let xml = XPath::parse(path, &namespace).unwrap().select(&data).copy(&data, None).children_xml("");
        xml.matches("</mtu>").count()
    }

    #[test]
    fn paths_lead_to_their_nodes() {
        for (path, count) in [
            ("/a:top", 2),
            ("/top/port", 2),
            ("/a:top/a:port[a:name='1/0/1']", 1),
            ("/a:top/a:port[name = \"1/0/2\"]/b:mtu", 1),
            ("/top/port[mtu=9000 and name='1/0/1']", 0),
            ("//b:mtu", 2),
            ("//port[name]/*", 2),
            ("/top/port[name='1/0/1'] | /top/port[mtu[1]='x']", 1),
            ("/b:top", 0),
            ("//*[.='1500']", 1),
        ] {
            if path.contains("[1]") {
                assert!(XPath::parse(path, &namespace).is_err());
            } else {
                assert_eq!(found(path), count, "{path}");
            }
        }
    }

    #[test]
    fn what_is_not_supported_is_refused_with_a_reason() {
        for bad in [
            "",
            "top",
            "/c:top",
            "/top[",
            "/top[1=1]x",
            "/child::top",
            "/count(top)",
            "/top/port[name='",
            "/",
        ] {
            assert!(XPath::parse(bad, &namespace).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "[a-b/:*\\[\\]='\"|. ()0-9]{0,20}") {
            let _ = XPath::parse(&text, &namespace);
        }
    }
}
