//! Data against the model: an edit-config body, an rpc's input, or complete data; all problems at once.
//!
//! `must` and `when` are not evaluated here: they depend on data that an edit does not have. The device evaluates
//! them (`<validate>`, or `test-option` `test-only`); [`Node::musts`](crate::Node::musts) and
//! [`Node::whens`](crate::Node::whens) show them.

mod attributes;
mod complete;
mod defaults;
mod document;
mod finder;
mod operation;
mod problem;
mod references;
mod suggest;
mod walk;

pub use attributes::{NETCONF_NAMESPACE, WITH_DEFAULTS_NAMESPACE, YANG_NAMESPACE};
pub use document::{DataKind, DocumentError};
pub use problem::{ErrorTag, Problem, ProblemKind};

pub(crate) use suggest::nearest;
pub(crate) use walk::{namespace_in_scope, text_of};

use roxmltree::Node as Xml;

use crate::schema::{Node, NodeKind, Schema};
use walk::Walker;

/// What kind of body is validated, and how much is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValidateOptions {
    /// Most problems reported; validation stops there.
    pub max_problems: usize,
    /// Insist that a list entry's keys come first and in the order of the `key` statement (RFC 7950 section 7.8.5).
    pub key_order: bool,
    /// Refuse `config false` nodes in complete data, as a configuration datastore's contents have none.
    pub config_only: bool,
}

impl Default for ValidateOptions {
    fn default() -> Self {
        Self { max_problems: 1000, key_order: true, config_only: false }
    }
}

impl ValidateOptions {
    /// The defaults: 1000 problems, key order checked, state data allowed in complete data.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether keys must come first and in order.
    #[must_use]
    pub fn key_order(mut self, checked: bool) -> Self {
        self.key_order = checked;
        self
    }

    /// Whether `config false` nodes are refused.
    #[must_use]
    pub fn config_only(mut self, only: bool) -> Self {
        self.config_only = only;
        self
    }

    /// Most problems reported.
    #[must_use]
    pub fn max_problems(mut self, max: usize) -> Self {
        self.max_problems = max;
        self
    }
}

impl Schema {
    /// Validates an edit-config body: the children of `config` (the `<config>` element) are the top-level nodes.
    ///
    /// Checked are operations and other attributes, namespaces, unknown and read-only nodes, list keys and their
    /// order, entries and nodes that stand twice, two cases of one choice, and every value. What only the datastore
    /// can tell (mandatory nodes, `must`, `when`, leafrefs' instances) is not.
    #[must_use]
    pub fn validate_edit_config(&self, config: Xml<'_, '_>, options: &ValidateOptions) -> Vec<Problem> {
        let mut walker = Walker::new(self, *options, walk::Mode::Edit);
        walker.children(config, self.root(), walk::Operation::Merge);
        walker.finish()
    }

    /// Validates complete data: the children of `data` (`<data>`, `<config>`) are the top-level nodes.
    ///
    /// Everything [`Schema::validate_edit_config`] checks (operations are refused), and also mandatory nodes,
    /// `min-elements`, `max-elements`, `unique`, and that leafrefs and instance-identifiers lead somewhere.
    #[must_use]
    pub fn validate_data(&self, data: Xml<'_, '_>, options: &ValidateOptions) -> Vec<Problem> {
        let mut walker = Walker::new(self, *options, walk::Mode::Data);
        walker.children(data, self.root(), walk::Operation::Merge);
        walker.complete(data);
        walker.finish()
    }

    /// Validates an rpc as a client sends it: `rpc` is the operation's own element, inside `<rpc>`; or an `<action>`
    /// with the nodes that lead to one (RFC 7950 section 7.15.2), or the topmost of those.
    #[must_use]
    pub fn validate_rpc(&self, rpc: Xml<'_, '_>, options: &ValidateOptions) -> Vec<Problem> {
        let is_action = rpc.has_tag_name((YANG_NAMESPACE, "action"));
        let inner = if is_action { rpc.first_element_child() } else { None };
        self.validate_operation(inner.unwrap_or(rpc), operation::Sought::Operation, options)
    }

    /// Validates what an rpc answered: `reply` is the `<rpc-reply>` element, `rpc` the operation it answers.
    #[must_use]
    pub fn validate_rpc_reply(
        &self,
        reply: Xml<'_, '_>,
        rpc: Node<'_>,
        options: &ValidateOptions,
    ) -> Vec<Problem> {
        let mut walker = Walker::new(self, *options, walk::Mode::Operation);
        let output = rpc.children().find(|child| child.kind() == NodeKind::Output);
        if let Some(output) = output.and_then(|output| self.node(output.id())) {
            walker.children(reply, output, walk::Operation::Merge);
            walker.complete_below(reply, output);
        }
        walker.finish()
    }

    /// Validates a notification: `notification` is its own element, inside `<notification>`, or the topmost of the
    /// nodes that lead to it (RFC 7950 section 7.16.2).
    #[must_use]
    pub fn validate_notification(
        &self,
        notification: Xml<'_, '_>,
        options: &ValidateOptions,
    ) -> Vec<Problem> {
        self.validate_operation(notification, operation::Sought::Notification, options)
    }

    fn validate_operation(
        &self,
        element: Xml<'_, '_>,
        sought: operation::Sought,
        options: &ValidateOptions,
    ) -> Vec<Problem> {
        let mut walker = Walker::new(self, *options, walk::Mode::Operation);
        walker.operation(element, self.root(), sought);
        walker.finish()
    }
}
