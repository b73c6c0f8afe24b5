//! Applying an edit-config to a tree by the rules of RFC 6241 7.2 and RFC 7950.

use super::error::RpcError;
use super::shape::{Kind, Shape};
use super::tree::{Node, Place, Step};
use super::xml::{Edit, Operation};

/// `error-option` of an edit-config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorOption {
    /// Stops at the first error; what was done until then stays.
    Stop,
    /// Goes on with what comes after an error.
    Continue,
    /// Any error undoes all of it.
    Rollback,
}

/// `default-operation` of an edit-config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DefaultOperation {
    /// Adds to what is there.
    Merge,
    /// Takes the place of the whole datastore.
    Replace,
    /// Does nothing where no operation is named.
    None,
}

/// Applies the edit to a copy of `base`; gives the result, in canonical form, and what went wrong.
///
/// `problems` are what the model found wrong with the edit: each becomes an error at its node when the edit comes to it.
pub(crate) fn apply(
    base: &Node,
    edits: &[Edit],
    model: &Shape,
    problems: &[RpcError],
    options: (DefaultOperation, ErrorOption),
) -> (Node, Vec<RpcError>) {
    let (default, on_error) = options;
    let mut root = base.clone();
    if default == DefaultOperation::Replace {
        root.children.clear();
    }
    let operation = if default == DefaultOperation::None { Operation::None } else { Operation::Merge };
    let mut run = Run { errors: Vec::new(), on_error, problems };
    run.children(&mut root, edits, model, (operation, &Place::default()));
    if !run.stopped() {
        let unsaid: Vec<_> =
            problems.iter().filter(|problem| !run.errors.contains(problem)).cloned().collect();
        run.errors.extend(unsaid);
    }
    if on_error == ErrorOption::Rollback && !run.errors.is_empty() {
        return (base.clone(), run.errors);
    }
    model.normalize(&mut root);
    (root, run.errors)
}

struct Run<'a> {
    errors: Vec<RpcError>,
    on_error: ErrorOption,
    problems: &'a [RpcError],
}

impl Run<'_> {
    /// Whether the edit has come to its end.
    fn stopped(&self) -> bool {
        self.on_error == ErrorOption::Stop && !self.errors.is_empty()
    }

    fn children(&mut self, parent: &mut Node, edits: &[Edit], model: &Shape, context: (Operation, &Place)) {
        let (inherited, place) = context;
        for edit in edits {
            if self.stopped() {
                return;
            }
            let Some(shape) = model.child(&edit.ns, &edit.name) else {
                self.unknown(edit, place);
                continue;
            };
            let place = place.child(shape.step(&edit.to_node()));
            self.one(parent, edit, (model, shape), (edit.operation.unwrap_or(inherited), &place));
        }
    }

    fn one(
        &mut self,
        parent: &mut Node,
        edit: &Edit,
        (around, shape): (&Shape, &Shape),
        (operation, place): (Operation, &Place),
    ) {
        if self.report(shape, place, matches!(operation, Operation::Delete | Operation::Remove)) {
            return;
        }
        if let Some(error) = bad_instance(edit, around, shape, operation) {
            self.errors.push(error.at(place));
            return;
        }
        let mut operation = operation;
        if edit.default && !matches!(operation, Operation::Delete | Operation::Remove) {
            if shape.default.as_deref() != Some(edit.text.trim()) {
                let message = format!("{:?} is not the default", edit.text.trim());
                let error = RpcError::application("invalid-value", &message);
                self.errors.push(error.info("bad-element", &edit.name).at(place));
                return;
            }
            operation = Operation::Remove;
        }
        let wanted = edit.to_node();
        let found = parent
            .children
            .iter()
            .position(|child| child.is(&shape.ns, &shape.name) && shape.same(child, &wanted));
        match (operation, found) {
            (Operation::Create, Some(_)) if !shape.is_implicit() => {
                self.errors.push(RpcError::application("data-exists", "the node exists already").at(place));
            }
            (Operation::Delete, None) => {
                self.errors.push(RpcError::application("data-missing", "there is no such node").at(place));
            }
            (Operation::None, None) if !shape.is_implicit() => {
                self.errors.push(RpcError::application("data-missing", "there is no such node").at(place));
            }
            (Operation::Remove, None) => {}
            (Operation::Delete | Operation::Remove, Some(index)) => {
                parent.children.remove(index);
            }
            (Operation::Replace, Some(index)) => {
                // In its old place, so that the order of the user stays.
                parent.children[index] = empty(shape);
                self.fill(parent, (index, edit), shape, (operation, place));
            }
            (_, Some(index)) => self.fill(parent, (index, edit), shape, (operation, place)),
            (_, None) => {
                parent.children.push(empty(shape));
                let index = parent.children.len() - 1;
                self.fill(parent, (index, edit), shape, (operation, place));
                if shape.says(&parent.children[index]) {
                    remove_other_cases(parent, around, shape);
                } else {
                    parent.children.truncate(index);
                }
            }
        }
    }

    /// Reports what the model found wrong with a node or its keys, and with what is below it where all of it goes; whether
    /// there was anything.
    fn report(&mut self, shape: &Shape, place: &Place, whole: bool) -> bool {
        if self.problems.is_empty() {
            return false;
        }
        let key = |name: &String| Step { ns: shape.ns.clone(), name: name.clone(), keys: Vec::new() };
        let keys = if let Kind::List { keys, .. } = &shape.kind { keys.as_slice() } else { &[] };
        let keys: Vec<Place> = keys.iter().map(|name| place.child(key(name))).collect();
        let mine = |problem: &&RpcError| {
            problem.is_at(place)
                || keys.iter().any(|key| problem.is_at(key))
                || (whole && problem.is_below(place))
        };
        let known: Vec<&RpcError> = self.problems.iter().filter(mine).collect();
        for problem in &known {
            if !self.errors.contains(problem) {
                self.errors.push((*problem).clone());
            }
        }
        !known.is_empty()
    }

    /// Reports a node that the model does not have, in the model's words where it has some.
    fn unknown(&mut self, edit: &Edit, place: &Place) {
        let named = |problem: &&RpcError| {
            problem.is_below(place)
                && problem.info.iter().any(|(name, text)| name == "bad-element" && *text == edit.name)
        };
        let message = format!("{:?} in namespace {:?} is not known here", edit.name, edit.ns);
        let error = RpcError::application("unknown-element", &message).at(place);
        let error = error.info("bad-element", &edit.name);
        let error = self.problems.iter().find(named).cloned().unwrap_or(error);
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// Writes what the edit says into the node at `index`, which exists.
    fn fill(
        &mut self,
        parent: &mut Node,
        (index, edit): (usize, &Edit),
        shape: &Shape,
        (operation, place): (Operation, &Place),
    ) {
        let node = &mut parent.children[index];
        match &shape.kind {
            Kind::Leaf { .. } | Kind::LeafList { .. } => {
                if operation != Operation::None {
                    shape.value(&edit.text).clone_into(&mut node.text);
                }
            }
            Kind::Any => *node = edit.to_node(),
            Kind::Container { .. } => self.children(node, &edit.children, shape, (operation, place)),
            Kind::List { keys, .. } => {
                let is_key = |child: &&Edit| child.ns == shape.ns && keys.contains(&child.name);
                for key in edit.children.iter().filter(is_key) {
                    if !node.children.iter().any(|known| known.is(&key.ns, &key.name)) {
                        node.children.push(Node::leaf(&key.ns, &key.name, key.text.trim()));
                    }
                }
                let rest: Vec<Edit> = edit.children.iter().filter(|child| !is_key(child)).cloned().collect();
                self.children(node, &rest, shape, (operation, place));
            }
        }
    }
}

fn empty(shape: &Shape) -> Node {
    Node::new(&shape.ns, &shape.name)
}

/// What is wrong with the instance itself: a key is missing, or is to be taken out of its entry.
fn bad_instance(edit: &Edit, around: &Shape, shape: &Shape, operation: Operation) -> Option<RpcError> {
    if let Kind::List { keys, .. } = &around.kind
        && keys.contains(&shape.name)
        && matches!(operation, Operation::Delete | Operation::Remove)
    {
        let error = RpcError::protocol("bad-attribute", "the key of a list entry cannot be taken out of it");
        return Some(error.info("bad-attribute", "operation").info("bad-element", &edit.name));
    }
    let Kind::List { keys, .. } = &shape.kind else {
        return None;
    };
    let missing = keys.iter().find(|key| {
        !edit.children.iter().any(|child| child.name == **key && !child.text.trim().is_empty())
    })?;
    let message = format!("key {missing} of list {} is missing", shape.name);
    Some(RpcError::application("missing-element", &message).info("bad-element", missing))
}

/// RFC 7950 7.9: creating a node of one case deletes the nodes of all others.
fn remove_other_cases(parent: &mut Node, around: &Shape, new: &Shape) {
    if new.cases.is_empty() {
        return;
    }
    parent
        .children
        .retain(|child| !around.child(&child.ns, &child.name).is_some_and(|shape| shape.excludes(new)));
}

#[cfg(test)]
#[path = "apply_tests.rs"]
mod tests;
