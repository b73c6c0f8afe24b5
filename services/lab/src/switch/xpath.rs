//! XPath 1.0, in which filters and partial locks say what they mean: reading an expression. What it leads to is found by
//! [`eval`](super::xpath_eval).
//!
//! An unprefixed name matches in every namespace, as IOS-XE takes it. Variables and `id()` do not exist here and are refused.

use super::filter::Selection;
use super::tree::Node;
use super::xpath_eval;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct XPath(Expr);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Binary(Op, Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    Literal(String),
    Number(f64),
    Call(String, Vec<Expr>),
    /// Where it begins, what holds there, and the way on.
    Path(Start, Vec<Expr>, Vec<Step>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Plus,
    Minus,
    Times,
    Div,
    Mod,
    Union,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Start {
    Root,
    Here,
    Of(Box<Expr>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: Test,
    pub(super) predicates: Vec<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Child,
    Descendant,
    DescendantOrSelf,
    Parent,
    Ancestor,
    AncestorOrSelf,
    Own,
    FollowingSibling,
    PrecedingSibling,
    Following,
    Preceding,
    /// Attributes and namespaces: configuration has none.
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// An element; `None` is any namespace, or `*`.
    Name(Option<String>, Option<String>),
    Node,
    Text,
    /// Comments and processing instructions, of which there are none.
    Nothing,
}

/// Longest expression that is read, in bytes.
const MAX_LENGTH: usize = 4096;
/// Expressions inside expressions.
const MAX_DEPTH: usize = 32;

impl XPath {
    /// Parses an expression; `namespace` resolves its prefixes.
    pub(crate) fn parse(text: &str, namespace: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("the expression is longer than {MAX_LENGTH} bytes"));
        }
        let mut parser = Parser { rest: text.trim_start(), namespace, depth: 0 };
        let expr = parser.binary(0)?;
        if parser.rest.is_empty() { Ok(Self(expr)) } else { Err(format!("cannot read {:?}", parser.rest)) }
    }

    /// The nodes it leads to from the root, each with all above it, outermost first; an empty way is the root itself.
    pub(crate) fn ways<'a>(&self, root: &'a Node) -> Result<Vec<Vec<&'a Node>>, String> {
        xpath_eval::ways(&self.0, root)
    }

    /// Chooses the nodes it leads to.
    pub(crate) fn select(&self, root: &Node) -> Result<Selection, String> {
        let mut selection = Selection::default();
        for way in self.ways(root)? {
            match way.split_last() {
                Some((node, above)) => {
                    above.iter().for_each(|node| selection.pass(node));
                    selection.take(node);
                }
                None => root.children.iter().for_each(|node| selection.take(node)),
            }
        }
        Ok(selection)
    }
}

/// Binary operators by how strongly they bind, weakest first; a longer one comes before its own beginning.
const LEVELS: [&[(&str, Op)]; 7] = [
    &[("or", Op::Or)],
    &[("and", Op::And)],
    &[("=", Op::Equal), ("!=", Op::NotEqual)],
    &[("<=", Op::LessOrEqual), (">=", Op::MoreOrEqual), ("<", Op::Less), (">", Op::More)],
    &[("+", Op::Plus), ("-", Op::Minus)],
    &[("*", Op::Times), ("div", Op::Div), ("mod", Op::Mod)],
    &[("|", Op::Union)],
];
/// The level below which a minus sign may stand before an operand.
const UNARY: usize = 6;

struct Parser<'a> {
    rest: &'a str,
    namespace: &'a dyn Fn(&str) -> Option<String>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else {
            return false;
        };
        // A word ends where no name could go on.
        if token.ends_with(|c: char| c.is_ascii_alphabetic()) && rest.starts_with(name_char) {
            return false;
        }
        self.rest = rest.trim_start();
        true
    }

    fn need(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { Err(format!("expected {token} before {:?}", self.rest)) }
    }

    fn binary(&mut self, level: usize) -> Result<Expr, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.operand();
        };
        if level == UNARY && self.eat("-") {
            return self.deeper(|parser| Ok(Expr::Negative(Box::new(parser.binary(UNARY)?))));
        }
        let mut left = self.binary(level + 1)?;
        while let Some((_, op)) = operators.iter().find(|(token, _)| self.eat(token)) {
            let right = self.binary(level + 1)?;
            left = Expr::Binary(*op, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth >= MAX_DEPTH {
            return Err(format!("the expression is nested deeper than {MAX_DEPTH}"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// What stands between operators: a value, a call, or a path from anywhere.
    fn operand(&mut self) -> Result<Expr, String> {
        let start = if self.rest.starts_with(['\'', '"']) {
            Start::Of(Box::new(Expr::Literal(self.literal()?)))
        } else if self.begins_number() {
            Start::Of(Box::new(self.number()?))
        } else if self.eat("(") {
            let inside = self.deeper(|parser| parser.binary(0))?;
            self.need(")")?;
            Start::Of(Box::new(inside))
        } else if self.begins_call() {
            Start::Of(Box::new(self.call()?))
        } else {
            return self.path();
        };
        let predicates = self.predicates()?;
        let steps = if self.rest.starts_with('/') { self.steps(Vec::new())? } else { Vec::new() };
        match start {
            Start::Of(inside) if predicates.is_empty() && steps.is_empty() => Ok(*inside),
            start => Ok(Expr::Path(start, predicates, steps)),
        }
    }

    fn begins_number(&self) -> bool {
        self.rest.strip_prefix('.').unwrap_or(self.rest).starts_with(|c: char| c.is_ascii_digit())
    }

    fn begins_call(&self) -> bool {
        let after = self.rest.trim_start_matches(|c| name_char(c) || c == ':');
        let name = self.rest[..self.rest.len() - after.len()].trim_end();
        let types = ["node", "text", "comment", "processing-instruction"];
        after.trim_start().starts_with('(')
            && !name.is_empty()
            && !name.contains("::")
            && !types.contains(&name)
    }

    fn number(&mut self) -> Result<Expr, String> {
        let word = self.word(|c| c.is_ascii_digit() || c == '.').unwrap_or_default();
        word.parse().map(Expr::Number).map_err(|_| format!("{word:?} is no number"))
    }

    fn literal(&mut self) -> Result<String, String> {
        let quote = if self.rest.starts_with('"') { '"' } else { '\'' };
        let (text, rest) =
            self.rest[1..].split_once(quote).ok_or_else(|| "a literal is not closed".to_owned())?;
        self.rest = rest.trim_start();
        Ok(text.to_owned())
    }

    fn call(&mut self) -> Result<Expr, String> {
        let name = self.word(|c| name_char(c) || c == ':').unwrap_or_default().to_owned();
        self.need("(")?;
        let mut arguments = Vec::new();
        if !self.eat(")") {
            arguments.push(self.deeper(|parser| parser.binary(0))?);
            while self.eat(",") {
                arguments.push(self.deeper(|parser| parser.binary(0))?);
            }
            self.need(")")?;
        }
        xpath_eval::known(&name, arguments.len())?;
        Ok(Expr::Call(name, arguments))
    }

    fn path(&mut self) -> Result<Expr, String> {
        if self.rest.starts_with("//") {
            return Ok(Expr::Path(Start::Root, Vec::new(), self.steps(Vec::new())?));
        }
        if self.eat("/") {
            let begins = self.rest.starts_with(|c: char| name_start(c) || matches!(c, '*' | '.' | '@'));
            let steps = if begins { self.first()? } else { Vec::new() };
            return Ok(Expr::Path(Start::Root, Vec::new(), steps));
        }
        let steps = self.first()?;
        Ok(Expr::Path(Start::Here, Vec::new(), steps))
    }

    fn first(&mut self) -> Result<Vec<Step>, String> {
        let step = self.step()?;
        self.steps(vec![step])
    }

    /// The steps that follow, each after a slash.
    fn steps(&mut self, mut steps: Vec<Step>) -> Result<Vec<Step>, String> {
        loop {
            if self.eat("//") {
                let all = Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() };
                steps.push(all);
            } else if !self.eat("/") {
                return Ok(steps);
            }
            steps.push(self.step()?);
        }
    }

    fn step(&mut self) -> Result<Step, String> {
        if self.eat("..") {
            return Ok(Step { axis: Axis::Parent, test: Test::Node, predicates: Vec::new() });
        }
        if self.eat(".") {
            return Ok(Step { axis: Axis::Own, test: Test::Node, predicates: Vec::new() });
        }
        let axis = self.axis()?;
        let test = self.test()?;
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn axis(&mut self) -> Result<Axis, String> {
        if self.eat("@") {
            return Ok(Axis::Nothing);
        }
        let before = self.rest;
        let Some(name) = self.word(name_char).filter(|_| self.rest.starts_with("::")) else {
            self.rest = before;
            return Ok(Axis::Child);
        };
        self.eat("::");
        Ok(match name {
            "child" => Axis::Child,
            "descendant" => Axis::Descendant,
            "descendant-or-self" => Axis::DescendantOrSelf,
            "parent" => Axis::Parent,
            "ancestor" => Axis::Ancestor,
            "ancestor-or-self" => Axis::AncestorOrSelf,
            "self" => Axis::Own,
            "following-sibling" => Axis::FollowingSibling,
            "preceding-sibling" => Axis::PrecedingSibling,
            "following" => Axis::Following,
            "preceding" => Axis::Preceding,
            "attribute" | "namespace" => Axis::Nothing,
            other => return Err(format!("there is no axis {other:?}")),
        })
    }

    fn predicates(&mut self) -> Result<Vec<Expr>, String> {
        let mut predicates = Vec::new();
        while self.eat("[") {
            predicates.push(self.deeper(|parser| parser.binary(0))?);
            self.need("]")?;
        }
        Ok(predicates)
    }

    fn test(&mut self) -> Result<Test, String> {
        if self.eat("*") {
            return Ok(Test::Name(None, None));
        }
        let expected = |rest: &str| format!("expected a name before {rest:?}");
        if !self.rest.starts_with(name_start) {
            return Err(expected(self.rest));
        }
        let first = self.word(name_char).unwrap_or_default();
        if self.eat("(") {
            if first == "processing-instruction" && self.rest.starts_with(['\'', '"']) {
                self.literal()?;
            }
            self.need(")")?;
            return match first {
                "node" => Ok(Test::Node),
                "text" => Ok(Test::Text),
                "comment" | "processing-instruction" => Ok(Test::Nothing),
                _ => Err(format!("{first} is no type of nodes")),
            };
        }
        if !self.eat(":") {
            return Ok(Test::Name(None, Some(first.to_owned())));
        }
        let ns = (self.namespace)(first).ok_or_else(|| format!("prefix {first:?} is not declared"))?;
        if self.eat("*") {
            return Ok(Test::Name(Some(ns), None));
        }
        let name = self.word(name_char).ok_or_else(|| expected(self.rest))?;
        Ok(Test::Name(Some(ns), Some(name.to_owned())))
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

fn name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

#[cfg(test)]
#[path = "xpath_tests.rs"]
mod tests;
