//! The data in the making: instances under instances, each list entry with its keys.

use std::collections::HashMap;

use super::{Edit, RpcKind, split};
use crate::instance::Step;
use crate::path::{below, parse};
use crate::schema::{Node, NodeKind, Schema};
use crate::syntax::argument::Name;
use crate::value::{Checker, Fit, Naming};

/// One instance of a node.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub(super) node: u32,
    /// A list entry's keys, in the model's order; a filter may have only some.
    pub(super) keys: Vec<(u32, Fit)>,
    /// A leaf's value; `None` for all other nodes, and for leafs to be removed or selected.
    pub(super) value: Option<Fit>,
    /// Of a leaf-list: there may be several, told apart by their values.
    is_entry: bool,
    /// A path ends here; otherwise the instance only leads to others.
    is_asked: bool,
    pub(super) edit: Edit,
    pub(super) children: Vec<Instance>,
}

/// The top-level instances.
#[derive(Debug, Clone, Default)]
pub(super) struct Forest {
    pub(super) tops: Vec<Instance>,
}

impl Forest {
    /// Puts the input of an operation into the order of the model (RFC 7950 sections 7.14.4 and 7.15.2).
    pub(super) fn order(&mut self, schema: &Schema) {
        self.tops.iter_mut().for_each(|top| in_order(schema, top));
    }

    /// Makes a filter select as a whole what a path asks for as such: nodes below it would narrow it to them.
    pub(super) fn select_whole(&mut self) {
        self.tops.iter_mut().for_each(Instance::select_whole);
    }

    /// Adds one `path=value`.
    pub(super) fn add(
        &mut self,
        schema: &Schema,
        kind: RpcKind,
        edit: Edit,
        input: &str,
    ) -> Result<(), String> {
        // the value is taken as it stands: blanks at its end are part of it
        let (path, value) = split(input);
        let steps = parse(path.trim()).map_err(|error| error.to_string())?;
        let is_filter = matches!(kind, RpcKind::Get | RpcKind::GetConfig { .. });
        let mut parent = schema.root();
        let mut siblings = &mut self.tops;
        let mut called = false;
        let mut keys: Vec<(u32, Fit)> = Vec::new();
        let last = steps.len() - 1;
        for (index, step) in steps.iter().enumerate() {
            let node = below(parent, &step.name).map_err(|error| error.to_string())?;
            parent = node;
            called |= matches!(node.kind(), NodeKind::Rpc | NodeKind::Action);
            if !node.kind().has_instance() || node.kind() == NodeKind::Notification {
                if index == last && node.kind() != NodeKind::Input {
                    return Err(format!(
                        "{} is a {}, which has no instance",
                        step.name,
                        node.kind().keyword()
                    ));
                }
                continue;
            }
            let is_last = index == last;
            let mut instance = Instance::new(schema, node, step, is_filter)?;
            if is_last {
                (instance.edit, instance.is_asked) = (edit, true);
                finish(schema, node, &mut instance, value, is_filter)?;
            }
            if let Some((_, key)) = keys.iter().find(|(key, _)| *key == node.id) {
                if is_last && !is_filter && instance.text() != Some(key.text.as_str()) {
                    return Err(format!("{} is a key: the predicate says \"{}\"", node.name(), key.text));
                }
                return Ok(());
            }
            let at = match siblings.iter().position(|known| known.is_same(&instance)) {
                Some(at) if is_last => {
                    siblings[at].agree(&instance, is_filter)?;
                    at
                }
                Some(at) => at,
                None => {
                    siblings.push(instance);
                    siblings.len() - 1
                }
            };
            if siblings[at].edit.is_removal() && !is_last {
                return Err(format!("{} is removed by another path", step.name));
            }
            let entry = &mut siblings[at];
            keys = entry.keys.clone();
            siblings = &mut entry.children;
        }
        match kind {
            RpcKind::Call if !called => Err("the path leads to no rpc or action".to_owned()),
            RpcKind::Call => Ok(()),
            _ if called => {
                Err("the path leads into an rpc or action, which is called, not edited".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Puts what is below an instance into the model's order.
fn in_order(schema: &Schema, instance: &mut Instance) {
    let node = schema.root().at(instance.node).content();
    let rank: HashMap<u32, usize> =
        node.data_children().enumerate().map(|(rank, child)| (child.id, rank)).collect();
    instance.children.sort_by_key(|child| rank.get(&child.node).copied());
    instance.children.iter_mut().for_each(|child| in_order(schema, child));
}

impl Instance {
    fn new(schema: &Schema, node: Node<'_>, step: &Step, is_filter: bool) -> Result<Self, String> {
        let mut instance = Self {
            node: node.id,
            keys: Vec::new(),
            value: None,
            is_entry: node.kind() == NodeKind::LeafList,
            is_asked: false,
            edit: Edit::Set,
            children: Vec::new(),
        };
        if step.position.is_some() {
            return Err(format!("{}: an entry is named by its keys, not its number", step.name));
        }
        match node.kind() {
            NodeKind::List => {
                for (key, value) in &step.predicates {
                    let name = Name::split(key).1;
                    let leaf = node.keys().find(|leaf| leaf.name() == name).ok_or_else(|| {
                        let keys: Vec<&str> = node.keys().map(|key| key.name()).collect();
                        format!("{key} is not a key of {}: {}", node.name(), keys.join(", "))
                    })?;
                    instance.keys.push((leaf.id, fitting(schema, leaf, value)?));
                }
                let order: Vec<u32> = node.keys().map(|key| key.id).collect();
                instance.keys.sort_by_key(|(key, _)| order.iter().position(|id| id == key));
                let missing: Vec<String> = node
                    .keys()
                    .filter(|key| !instance.keys.iter().any(|(id, _)| *id == key.id))
                    .map(|key| format!("[{}='…']", key.name()))
                    .collect();
                if !missing.is_empty() && !is_filter {
                    return Err(format!("{} needs {}", node.name(), missing.join("")));
                }
            }
            NodeKind::LeafList => {
                if let [(_, value)] = step.predicates.as_slice() {
                    instance.value = Some(fitting(schema, node, value)?);
                }
            }
            _ if !step.predicates.is_empty() => return Err(format!("{} has no keys", node.name())),
            _ => {}
        }
        Ok(instance)
    }

    fn select_whole(&mut self) {
        if self.is_asked {
            self.children.clear();
        }
        self.children.iter_mut().for_each(Self::select_whole);
    }

    fn is_same(&self, other: &Self) -> bool {
        let values = |instance: &Self| -> Vec<(u32, String)> {
            instance.keys.iter().map(|(id, fit)| (*id, fit.text.clone())).collect()
        };
        self.node == other.node
            && values(self) == values(other)
            && (!self.is_entry || self.text() == other.text())
    }

    fn text(&self) -> Option<&str> {
        self.value.as_ref().map(|fit| fit.text.as_str())
    }

    /// Says the same of a node as another input did, or more.
    fn agree(&mut self, other: &Self, is_filter: bool) -> Result<(), String> {
        if let (Some(before), Some(now)) = (self.text(), other.text())
            && before != now
        {
            return Err(format!("another path sets it to \"{before}\""));
        }
        if self.is_asked && self.edit != other.edit {
            return Err("another path has another operation for it".to_owned());
        }
        if is_filter && self.text() != other.text() {
            return Err("another path selects it, with or without a value".to_owned());
        }
        if other.edit.is_removal() && !self.children.is_empty() {
            return Err("another path sets something below it".to_owned());
        }
        (self.edit, self.is_asked) = (other.edit, true);
        self.value = self.value.take().or_else(|| other.value.clone());
        Ok(())
    }
}

/// The value at the end of a path.
fn finish(
    schema: &Schema,
    node: Node<'_>,
    instance: &mut Instance,
    value: Option<&str>,
    is_filter: bool,
) -> Result<(), String> {
    match (node.kind(), value) {
        (NodeKind::Leaf | NodeKind::LeafList, Some(value)) => {
            let fit = fitting(schema, node, value)?;
            if instance.text().is_some_and(|text| text != fit.text) {
                return Err("the value differs from the predicate's".to_owned());
            }
            instance.value = Some(fit);
            Ok(())
        }
        (NodeKind::Leaf, None) if is_filter || instance.edit.is_removal() => Ok(()),
        (NodeKind::LeafList, None) if is_filter || instance.value.is_some() => Ok(()),
        (NodeKind::Leaf | NodeKind::LeafList, None) => match fitting(schema, node, "") {
            Ok(fit) if node.ty().is_some_and(|ty| ty.base_name() == "empty") => {
                instance.value = Some(fit);
                Ok(())
            }
            _ => Err(format!("{} needs a value: {}=…", node.name(), node.data_path())),
        },
        (NodeKind::Anydata | NodeKind::Anyxml, _) if !is_filter && !instance.edit.is_removal() => {
            Err(format!("{} holds any data, which is not built here", node.name()))
        }
        (kind, Some(_)) => Err(format!("{} is a {}, which has no value", node.name(), kind.keyword())),
        (_, None) => Ok(()),
    }
}

/// A value as its leaf has it; names may carry a module's name or its prefix.
fn fitting(schema: &Schema, leaf: Node<'_>, value: &str) -> Result<Fit, String> {
    let Some(ty) = leaf.def().ty else {
        return Err(format!("{} has no type", leaf.name()));
    };
    let json = Checker { schema, leaf: leaf.id, naming: Naming::Json };
    let by_prefix = |prefix: Option<&str>| {
        let prefix = prefix?;
        let module = schema.modules().find(|module| module.prefix() == prefix)?;
        Some(module.namespace().to_owned())
    };
    let xml = Checker { naming: Naming::Xml(&by_prefix), ..json };
    json.check(ty, value)
        .or_else(|misfit| xml.check(ty, value).map_err(|_| misfit))
        .map_err(|misfit| format!("\"{value}\" is not allowed; expected {}", misfit.allowed))
}
