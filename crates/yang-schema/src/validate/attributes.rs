//! Attributes of data elements: NETCONF's operation, YANG's insert, with-defaults, and metadata (RFC 7952).

use roxmltree::Node as Xml;

use super::problem::{ErrorTag, Problem, ProblemKind};
use super::walk::{Mode, Operation, Walker, namespace_in_scope};
use crate::annotation::Annotation;
use crate::instance;
use crate::schema::{Node, NodeKind};
use crate::syntax::argument::Name;
use crate::value::{Checker, Naming};

/// The namespace of `operation`.
pub const NETCONF_NAMESPACE: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";
/// The namespace of `insert`, `key` and `value` (RFC 7950 section 7.8.6).
pub const YANG_NAMESPACE: &str = "urn:ietf:params:xml:ns:yang:1";
/// The namespace of `default` (RFC 6243).
pub const WITH_DEFAULTS_NAMESPACE: &str = "urn:ietf:params:xml:ns:netconf:default:1.0";

impl<'s> Walker<'s> {
    /// Checks an element's attributes; returns the operation in effect.
    pub(super) fn attributes(
        &mut self,
        element: Xml<'_, '_>,
        node: Node<'s>,
        inherited: Operation,
    ) -> Operation {
        let mut operation = inherited;
        for attribute in element.attributes() {
            let (namespace, name, value) = (attribute.namespace(), attribute.name(), attribute.value());
            match (namespace, name) {
                (Some(NETCONF_NAMESPACE), "operation") => match Operation::parse(value) {
                    Some(parsed) if self.mode == Mode::Edit => {
                        operation = parsed;
                        if node.is_key() && parsed.is_removal() {
                            self.bad_attribute(
                                element,
                                name,
                                format!("\"{value}\" of a key"),
                                "an operation on the entry",
                            );
                        }
                    }
                    Some(_) => {
                        self.bad_attribute(
                            element,
                            name,
                            "an operation outside of edit-config".to_owned(),
                            "none",
                        );
                    }
                    None => {
                        let allowed = "merge, replace, create, delete or remove";
                        self.bad_attribute(
                            element,
                            name,
                            format!("\"{value}\" is not an operation"),
                            allowed,
                        );
                    }
                },
                (Some(YANG_NAMESPACE), "insert" | "key" | "value") => {
                    self.insertion(element, node, name, value)
                }
                (Some(WITH_DEFAULTS_NAMESPACE), "default") => {
                    if !matches!(value, "true" | "false" | "1" | "0") || !node.kind().has_value() {
                        self.bad_attribute(element, name, format!("\"{value}\""), "true or false, on a leaf");
                    }
                }
                (namespace, name) => {
                    match namespace.and_then(|namespace| self.schema.annotation(namespace, name)) {
                        Some(annotation) => self.annotated(element, annotation, name, value),
                        None => self.unknown_attribute(element, namespace, name),
                    }
                }
            }
        }
        self.insertion_is_complete(element, node);
        operation
    }

    fn annotated(&mut self, element: Xml<'_, '_>, annotation: Annotation, name: &str, value: &str) {
        let lookup = |prefix: Option<&str>| namespace_in_scope(element, prefix);
        if let Some(Err(misfit)) = annotation.check(self.schema, value, Naming::Xml(&lookup)) {
            self.bad_attribute(element, name, format!("\"{value}\" is not allowed"), &misfit.allowed);
        }
    }

    fn insertion(&mut self, element: Xml<'_, '_>, node: Node<'s>, name: &str, value: &str) {
        let ordered = node.is_user_ordered();
        let fits = match name {
            "insert" => ordered && matches!(value, "first" | "last" | "before" | "after"),
            "key" => ordered && node.kind() == NodeKind::List,
            _ => ordered && node.kind() == NodeKind::LeafList,
        };
        if !fits || self.mode != Mode::Edit {
            let message = format!("{name}=\"{value}\" does not fit a {}", node.kind().keyword());
            let allowed = "insert (first, last, before, after) with key or value, on entries the user orders";
            self.bad_attribute(element, name, message, allowed);
        } else if let Some(message) = self.wrong_neighbour(element, node, name, value) {
            self.bad_attribute(element, name, message, "the keys, or the value, of another entry");
        }
    }

    /// What is wrong with the entry that an insertion names: `[p:key='value']` of a list, a value of a leaf-list.
    fn wrong_neighbour(
        &self,
        element: Xml<'_, '_>,
        node: Node<'s>,
        name: &str,
        value: &str,
    ) -> Option<String> {
        let lookup = |prefix: Option<&str>| namespace_in_scope(element, prefix);
        let naming = Naming::Xml(&lookup);
        let misfit = |leaf: Node<'s>, value: &str| {
            let checker = Checker { schema: self.schema, leaf: leaf.id, naming };
            let misfit = checker.check(leaf.def().ty?, value).err()?;
            Some(format!("\"{value}\" is no {}: expected {}", leaf.name(), misfit.allowed))
        };
        if name == "value" {
            return misfit(node, value);
        }
        if name != "key" {
            return None;
        }
        let steps = match instance::parse(&format!("/entry{value}")) {
            Ok(steps) => steps,
            Err(why) => return Some(why),
        };
        let predicates = steps.first().map(|step| step.predicates.as_slice()).unwrap_or_default();
        let of = |key: &Node<'s>| {
            predicates.iter().find(|(written, _)| {
                let (prefix, name) = Name::split(written);
                name == key.name() && lookup(prefix).as_deref() == Some(key.namespace())
            })
        };
        if steps.len() > 1 || predicates.len() > node.keys().count() {
            return Some("more than the keys of one entry".to_owned());
        }
        node.keys().find_map(|key| match of(&key) {
            None => Some(format!("it lacks the key {}", key.name())),
            Some((_, value)) => misfit(key, value),
        })
    }

    /// `before` and `after` say of what.
    fn insertion_is_complete(&mut self, element: Xml<'_, '_>, node: Node<'s>) {
        let insert = element.attribute((YANG_NAMESPACE, "insert"));
        if !matches!(insert, Some("before" | "after")) {
            return;
        }
        let other = if node.kind() == NodeKind::List { "key" } else { "value" };
        if element.attribute((YANG_NAMESPACE, other)).is_none() {
            let mut problem = self.problem(ProblemKind::Attribute, ErrorTag::MissingAttribute, element);
            problem.message = format!("insert=\"{}\" without {other}", insert.unwrap_or_default());
            problem.error_app_tag = Some("missing-instance".to_owned());
            problem.bad_attribute = Some(other.to_owned());
            problem.bad_element = Some(element.tag_name().name().to_owned());
            self.report(problem);
        }
    }

    fn bad_attribute(&mut self, element: Xml<'_, '_>, name: &str, message: String, allowed: &str) {
        let mut problem = self.problem(ProblemKind::Attribute, ErrorTag::BadAttribute, element);
        problem.message = format!("attribute {name}: {message}");
        problem.allowed = Some(allowed.to_owned());
        problem.value =
            element.attributes().find(|found| found.name() == name).map(|found| found.value().to_owned());
        problem.bad_attribute = Some(name.to_owned());
        problem.bad_element = Some(element.tag_name().name().to_owned());
        self.report(problem);
    }

    fn unknown_attribute(&mut self, element: Xml<'_, '_>, namespace: Option<&str>, name: &str) {
        let mut problem: Problem =
            self.problem(ProblemKind::UnknownAttribute, ErrorTag::UnknownAttribute, element);
        problem.message = match namespace {
            Some(namespace) => format!("attribute {name} of namespace {namespace} is not known"),
            None => format!("attribute {name} is not known"),
        };
        if name == "operation" {
            problem.allowed = Some(format!("operation in the namespace {NETCONF_NAMESPACE}"));
        }
        problem.bad_attribute = Some(name.to_owned());
        problem.bad_element = Some(element.tag_name().name().to_owned());
        self.report(problem);
    }
}
