//! XPath 1.0: what an expression leads to.

use std::cell::Cell;

use super::tree::Node;
use super::xpath::{Axis, Expr, Op, Start, Step, Test};

/// Nodes looked at for one expression before it is given up.
const MAX_WORK: usize = 5_000_000;

/// Nodes by their place in document order.
type Nodes = Vec<usize>;

#[derive(Debug, Clone)]
enum Value {
    Nodes(Nodes),
    Text(String),
    Number(f64),
    Bool(bool),
}

/// One node of the tree laid flat: an element, or the text of the leaf above it.
struct Item<'a> {
    node: &'a Node,
    is_text: bool,
    parent: Option<usize>,
    /// The place after the last node below it.
    end: usize,
}

/// A tree in document order, and how much of it has been looked at.
struct Eval<'a> {
    items: Vec<Item<'a>>,
    work: Cell<usize>,
}

/// The node that an expression is about, its position, and the number of those beside it.
#[derive(Clone, Copy)]
struct Context {
    node: usize,
    position: usize,
    size: usize,
}

/// See [`XPath::ways`](super::xpath::XPath::ways).
pub(super) fn ways<'a>(expr: &Expr, root: &'a Node) -> Result<Vec<Vec<&'a Node>>, String> {
    let mut eval = Eval { items: Vec::new(), work: Cell::new(0) };
    lay(root, None, &mut eval.items);
    let found = match eval.expr(expr, Context { node: 0, position: 1, size: 1 })? {
        Value::Nodes(found) => found,
        _ => return Err("the expression is a value and leads to no nodes".to_owned()),
    };
    let way = |mut at: usize| {
        let mut way = Vec::new();
        while let Some(parent) = eval.items[at].parent {
            if !eval.items[at].is_text {
                way.push(eval.items[at].node);
            }
            at = parent;
        }
        way.reverse();
        way
    };
    Ok(found.into_iter().map(way).collect())
}

fn lay<'a>(node: &'a Node, parent: Option<usize>, items: &mut Vec<Item<'a>>) {
    let at = items.len();
    items.push(Item { node, is_text: false, parent, end: at + 1 });
    if !node.text.is_empty() {
        items.push(Item { node, is_text: true, parent: Some(at), end: at + 2 });
    }
    for child in &node.children {
        lay(child, Some(at), items);
    }
    items[at].end = items.len();
}

/// Refuses a function that there is not, or one with a wrong number of arguments.
pub(super) fn known(name: &str, arguments: usize) -> Result<(), String> {
    let (least, most) = match name {
        "last" | "position" | "true" | "false" | "current" => (0, 0),
        "local-name" | "namespace-uri" | "name" | "string" | "string-length" | "normalize-space"
        | "number" => (0, 1),
        "count" | "boolean" | "not" | "sum" | "floor" | "ceiling" | "round" | "lang" => (1, 1),
        "starts-with" | "contains" | "substring-before" | "substring-after" => (2, 2),
        "substring" => (2, 3),
        "translate" => (3, 3),
        "concat" => (2, usize::MAX),
        _ => return Err(format!("there is no function {name}()")),
    };
    if (least..=most).contains(&arguments) {
        Ok(())
    } else {
        Err(format!("{name}() does not take {arguments} arguments"))
    }
}

impl Eval<'_> {
    fn expr(&mut self, expr: &Expr, context: Context) -> Result<Value, String> {
        Ok(match expr {
            Expr::Literal(text) => Value::Text(text.clone()),
            Expr::Number(number) => Value::Number(*number),
            Expr::Negative(inside) => {
                let value = self.expr(inside, context)?;
                Value::Number(-self.number(&value))
            }
            Expr::Call(name, arguments) => {
                let values: Result<Vec<_>, _> =
                    arguments.iter().map(|argument| self.expr(argument, context)).collect();
                self.call(name, &values?, context)?
            }
            Expr::Binary(op, left, right) => self.binary(*op, (left, right), context)?,
            Expr::Path(start, predicates, steps) => {
                let nodes = match start {
                    Start::Root => vec![0],
                    Start::Here => vec![context.node],
                    Start::Of(inside) => self.nodes(inside, context)?,
                };
                let mut nodes = self.narrow(nodes, predicates)?;
                for step in steps {
                    nodes = self.step(&nodes, step)?;
                }
                Value::Nodes(nodes)
            }
        })
    }

    fn nodes(&mut self, expr: &Expr, context: Context) -> Result<Nodes, String> {
        match self.expr(expr, context)? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Err("nodes are expected, and there is a value".to_owned()),
        }
    }

    fn step(&mut self, from: &Nodes, step: &Step) -> Result<Nodes, String> {
        let mut found = Nodes::new();
        for node in from {
            let mut reached = self.along(step.axis, *node)?;
            reached.retain(|at| self.holds(&step.test, *at));
            found.extend(self.narrow(reached, &step.predicates)?);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The nodes of an axis, the nearest first.
    fn along(&mut self, axis: Axis, at: usize) -> Result<Nodes, String> {
        let (end, parent) = (self.items[at].end, self.items[at].parent);
        let child = |of: usize, at: usize| self.items[at].parent == Some(of);
        let above = || std::iter::successors(parent, |at| self.items[*at].parent);
        let beside = |range: std::ops::Range<usize>| -> Nodes {
            parent.map(|parent| range.filter(|at| child(parent, *at)).collect()).unwrap_or_default()
        };
        let last = parent.map_or(0, |parent| self.items[parent].end);
        let reached: Nodes = match axis {
            Axis::Child => (at + 1..end).filter(|below| child(at, *below)).collect(),
            Axis::Descendant => (at + 1..end).collect(),
            Axis::DescendantOrSelf => (at..end).collect(),
            Axis::Parent => parent.into_iter().collect(),
            Axis::Ancestor => above().collect(),
            Axis::AncestorOrSelf => std::iter::once(at).chain(above()).collect(),
            Axis::Own => vec![at],
            Axis::FollowingSibling => beside(end..last.max(end)),
            Axis::PrecedingSibling => beside(parent.unwrap_or(at)..at).into_iter().rev().collect(),
            Axis::Following => (end..self.items.len()).collect(),
            Axis::Preceding => (1..at).rev().filter(|before| self.items[*before].end <= at).collect(),
            Axis::Nothing => Nodes::new(),
        };
        self.spend((end - at).max(reached.len()).max(1));
        self.affordable()?;
        Ok(reached)
    }

    fn spend(&self, nodes: usize) {
        self.work.set(self.work.get() + nodes);
    }

    fn affordable(&self) -> Result<(), String> {
        if self.work.get() > MAX_WORK {
            return Err("the expression looks at too many nodes".to_owned());
        }
        Ok(())
    }

    fn holds(&self, test: &Test, at: usize) -> bool {
        let item = &self.items[at];
        match test {
            Test::Node => true,
            Test::Text => item.is_text,
            Test::Nothing => false,
            Test::Name(ns, name) => {
                !item.is_text
                    && item.parent.is_some()
                    && name.as_ref().is_none_or(|name| *name == item.node.name)
                    && ns.as_ref().is_none_or(|ns| *ns == item.node.ns)
            }
        }
    }

    fn narrow(&mut self, mut nodes: Nodes, predicates: &[Expr]) -> Result<Nodes, String> {
        for predicate in predicates {
            let size = nodes.len();
            let mut kept = Nodes::new();
            for (index, node) in nodes.into_iter().enumerate() {
                self.affordable()?;
                let position = index + 1;
                let holds = match self.expr(predicate, Context { node, position, size })? {
                    Value::Number(number) => number == position as f64,
                    value => truth(&value),
                };
                kept.extend(holds.then_some(node));
            }
            nodes = kept;
        }
        Ok(nodes)
    }

    fn binary(&mut self, op: Op, (left, right): (&Expr, &Expr), context: Context) -> Result<Value, String> {
        let one = self.expr(left, context)?;
        if let (Op::Or, true) | (Op::And, false) = (op, truth(&one)) {
            return Ok(Value::Bool(op == Op::Or));
        }
        let other = self.expr(right, context)?;
        let numbers = || (self.number(&one), self.number(&other));
        Ok(match op {
            Op::Or | Op::And => Value::Bool(truth(&other)),
            Op::Union => match (one, other) {
                (Value::Nodes(mut nodes), Value::Nodes(others)) => {
                    nodes.extend(others);
                    nodes.sort_unstable();
                    nodes.dedup();
                    Value::Nodes(nodes)
                }
                _ => return Err("only nodes can be united by |".to_owned()),
            },
            Op::Plus => Value::Number(numbers().0 + numbers().1),
            Op::Minus => Value::Number(numbers().0 - numbers().1),
            Op::Times => Value::Number(numbers().0 * numbers().1),
            Op::Div => Value::Number(numbers().0 / numbers().1),
            Op::Mod => Value::Number(numbers().0 % numbers().1),
            _ => {
                let nodes = |value: &Value| if let Value::Nodes(nodes) = value { nodes.len() } else { 1 };
                self.spend(nodes(&one) * nodes(&other));
                self.affordable()?;
                Value::Bool(self.compare(op, &one, &other))
            }
        })
    }

    /// A set of nodes as one value for each, anything else as itself.
    fn singles(&self, value: &Value) -> Vec<Value> {
        match value {
            Value::Nodes(nodes) => nodes.iter().map(|at| Value::Text(self.text_of(*at))).collect(),
            value => vec![value.clone()],
        }
    }

    /// XPath 3.4: a comparison of nodes holds if it does for any of them.
    fn compare(&self, op: Op, one: &Value, other: &Value) -> bool {
        let equality = matches!(op, Op::Equal | Op::NotEqual);
        if equality && (matches!(one, Value::Bool(_)) || matches!(other, Value::Bool(_))) {
            return (truth(one) == truth(other)) == (op == Op::Equal);
        }
        let (left, right) = (self.singles(one), self.singles(other));
        left.iter().any(|a| {
            right.iter().any(|b| match (op, a, b) {
                (Op::Equal, Value::Text(a), Value::Text(b)) => a == b,
                (Op::NotEqual, Value::Text(a), Value::Text(b)) => a != b,
                _ => {
                    let (a, b) = (self.number(a), self.number(b));
                    match op {
                        Op::Equal => a == b,
                        Op::NotEqual => a != b,
                        Op::Less => a < b,
                        Op::LessOrEqual => a <= b,
                        Op::More => a > b,
                        _ => a >= b,
                    }
                }
            })
        })
    }

    fn text_of(&self, at: usize) -> String {
        let item = &self.items[at];
        if item.is_text {
            return item.node.text.clone();
        }
        self.spend(item.end - at);
        self.items[at..item.end]
            .iter()
            .filter(|item| item.is_text)
            .map(|item| item.node.text.as_str())
            .collect()
    }

    fn text(&self, value: &Value) -> String {
        match value {
            Value::Nodes(nodes) => nodes.first().map(|at| self.text_of(*at)).unwrap_or_default(),
            Value::Text(text) => text.clone(),
            Value::Number(number) if number.is_nan() => "NaN".to_owned(),
            Value::Number(number) if number.is_infinite() => {
                if *number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
            }
            // The sum turns a negative zero into the positive one.
            Value::Number(number) => (number + 0.0).to_string(),
            Value::Bool(truth) => truth.to_string(),
        }
    }

    fn number(&self, value: &Value) -> f64 {
        match value {
            Value::Number(number) => *number,
            Value::Bool(truth) => f64::from(u8::from(*truth)),
            value => read_number(&self.text(value)),
        }
    }

    fn call(&self, name: &str, given: &[Value], context: Context) -> Result<Value, String> {
        let here = || Value::Nodes(vec![context.node]);
        let first = given.first().cloned().unwrap_or_else(here);
        let text = |at: usize| given.get(at).map(|value| self.text(value)).unwrap_or_default();
        let own = || self.text(&first);
        let number = self.number(&first);
        let nodes = |value: &Value| match value {
            Value::Nodes(nodes) => Ok(nodes.clone()),
            _ => Err(format!("{name}() takes nodes")),
        };
        let named = |part: fn(&Node) -> &String| -> Result<Value, String> {
            let node = nodes(&first)?.first().map(|at| &self.items[*at]).filter(|item| !item.is_text);
            Ok(Value::Text(node.map(|item| part(item.node).clone()).unwrap_or_default()))
        };
        Ok(match name {
            "last" => Value::Number(context.size as f64),
            "position" => Value::Number(context.position as f64),
            // Nothing surrounds a filter: the current node is the root.
            "current" => Value::Nodes(vec![0]),
            "true" => Value::Bool(true),
            "false" | "lang" => Value::Bool(false),
            "boolean" => Value::Bool(truth(&first)),
            "not" => Value::Bool(!truth(&first)),
            "count" => Value::Number(nodes(&first)?.len() as f64),
            "sum" => Value::Number(nodes(&first)?.iter().map(|at| read_number(&self.text_of(*at))).sum()),
            "local-name" | "name" => named(|node| &node.name)?,
            "namespace-uri" => named(|node| &node.ns)?,
            "string" => Value::Text(own()),
            "string-length" => Value::Number(own().chars().count() as f64),
            "normalize-space" => Value::Text(own().split_whitespace().collect::<Vec<_>>().join(" ")),
            "number" => Value::Number(number),
            "floor" => Value::Number(number.floor()),
            "ceiling" => Value::Number(number.ceil()),
            "round" => Value::Number((number + 0.5).floor()),
            "concat" => Value::Text(given.iter().map(|value| self.text(value)).collect()),
            "starts-with" => Value::Bool(text(0).starts_with(&text(1))),
            "contains" => Value::Bool(text(0).contains(&text(1))),
            "substring-before" => Value::Text(
                text(0).split_once(&text(1)).map(|(before, _)| before.to_owned()).unwrap_or_default(),
            ),
            "substring-after" => Value::Text(
                text(0).split_once(&text(1)).map(|(_, after)| after.to_owned()).unwrap_or_default(),
            ),
            "substring" => {
                let length = given.get(2).map_or(f64::INFINITY, |value| self.number(value));
                Value::Text(part(&text(0), given.get(1).map_or(f64::NAN, |value| self.number(value)), length))
            }
            "translate" => Value::Text(translated(&text(0), &text(1), &text(2))),
            _ => return Err(format!("there is no function {name}()")),
        })
    }
}

fn truth(value: &Value) -> bool {
    match value {
        Value::Nodes(nodes) => !nodes.is_empty(),
        Value::Text(text) => !text.is_empty(),
        Value::Number(number) => *number != 0.0 && !number.is_nan(),
        Value::Bool(truth) => *truth,
    }
}

/// XPath 4.4: digits with at most one point and a minus; anything else is not a number.
fn read_number(text: &str) -> f64 {
    let text = text.trim();
    let plain = text.strip_prefix('-').unwrap_or(text);
    if plain.contains(|c: char| !c.is_ascii_digit() && c != '.') {
        f64::NAN
    } else {
        text.parse().unwrap_or(f64::NAN)
    }
}

/// XPath 4.2: characters are counted from 1, and both numbers are rounded.
fn part(text: &str, from: f64, length: f64) -> String {
    let from = (from + 0.5).floor();
    let to = if length.is_infinite() { length } else { from + (length + 0.5).floor() };
    let within = |index: usize| (index + 1) as f64 >= from && ((index + 1) as f64) < to;
    text.chars().enumerate().filter(|(index, _)| within(*index)).map(|(_, c)| c).collect()
}

fn translated(text: &str, from: &str, to: &str) -> String {
    let turned = |c: char| match from.chars().position(|known| known == c) {
        Some(at) => to.chars().nth(at),
        None => Some(c),
    };
    text.chars().filter_map(turned).collect()
}
