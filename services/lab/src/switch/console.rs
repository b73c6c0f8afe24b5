//! The switch seen from inside the process: what tests and the demo read, and what they do as if by another hand.

use super::Switch;
use super::apply::{DefaultOperation, ErrorOption, apply};
use super::cli;
use super::device::{Datastore, Device};
use super::error::RpcError;
use super::log::{EventKind, Events};
use super::model::Model;
use super::names::{NATIVE, split};
use super::seed;
use super::tree::Node;
use super::xml::{self, Edit, NETCONF};

/// Why something done by hand on the switch was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// The interface's name has no type or no number.
    #[error("{0:?} is no name of an interface")]
    BadName(String),
    /// The text is no XML.
    #[error("no XML: {0}")]
    NotXml(String),
    /// The switch does not accept it; every reason is named.
    #[error("the switch refused: {0}")]
    Refused(String),
}

impl From<Vec<RpcError>> for ConsoleError {
    fn from(errors: Vec<RpcError>) -> Self {
        let texts: Vec<String> = errors.into_iter().map(|error| error.message).collect();
        Self::Refused(texts.join("; "))
    }
}

/// The configuration that the switch starts with, judged by its model.
pub(crate) fn start_config(model: &Model, ports: u8) -> Result<Node, ConsoleError> {
    let text = format!("<config xmlns=\"{NETCONF}\">{}</config>", seed::config(ports));
    edited(model, &Node::root(), &text)
}

/// The configuration after an edit, given as a `<config>` element, that must succeed as a whole.
fn edited(model: &Model, base: &Node, config: &str) -> Result<Node, ConsoleError> {
    let document = xml::parse(config).map_err(ConsoleError::NotXml)?;
    let root = document.root_element();
    let problems = model.check(root);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let edits: Vec<Edit> = xml::elements(root).map(Edit::read).collect::<Result<_, _>>()?;
    let options = (DefaultOperation::Merge, ErrorOption::Rollback);
    let (result, errors) = apply(base, &edits, &model.shape, &[], options);
    if errors.is_empty() { Ok(result) } else { Err(errors.into()) }
}

/// A `<config>` that holds one interface with this content.
pub(crate) fn interface_config(
    interface: &str,
    content: &str,
    operation: &str,
) -> Result<String, ConsoleError> {
    let (kind, key) = split(interface).ok_or_else(|| ConsoleError::BadName(interface.to_owned()))?;
    let name = Node::leaf(NATIVE, "name", key).to_xml();
    Ok(format!(
        "<config xmlns=\"{NETCONF}\" xmlns:nc=\"{NETCONF}\"><native xmlns=\"{NATIVE}\"><interface>\
         <{kind} nc:operation=\"{operation}\">{name}{content}</{kind}></interface></native></config>"
    ))
}

impl Device {
    /// Changes running as if by CLI.
    pub(crate) fn configure_by_cli(&mut self, config: &str) -> Result<(), ConsoleError> {
        let result = edited(&self.model.clone(), &self.running, config)?;
        let objections = self.judge(&result);
        if !objections.is_empty() {
            return Err(objections.into());
        }
        let touched = cli::list(&cli::touched(&self.running, &result));
        self.log.add(EventKind::Console, (None, "console"), format!("configured by CLI: {touched}"));
        self.write(Datastore::Running, result, 0);
        Ok(())
    }

    /// Changes the candidate as if by another client.
    pub(crate) fn dirty_candidate(&mut self, config: &str) -> Result<(), ConsoleError> {
        let base = self.read(Datastore::Candidate);
        let result = edited(&self.model.clone(), &base, config)?;
        self.log.add(EventKind::Edited, (None, "stranger"), "candidate: changed and not committed");
        self.write(Datastore::Candidate, result, 0);
        Ok(())
    }

    /// Lets one stranger hold these locks.
    pub(crate) fn lock_by_stranger(&mut self, datastores: &[Datastore]) -> u32 {
        let id = self.take_session_id();
        self.strangers.push(id);
        for datastore in datastores {
            self.locks.insert(*datastore, id);
            self.log.add(EventKind::Locked, (Some(id), "stranger"), datastore.word());
        }
        id
    }

    /// Releases all locks of strangers.
    pub(crate) fn unlock_strangers(&mut self) {
        let strangers = std::mem::take(&mut self.strangers);
        for datastore in [Datastore::Running, Datastore::Candidate, Datastore::Startup] {
            if self.locks.get(&datastore).is_some_and(|holder| strangers.contains(holder)) {
                self.release(datastore, (None, "stranger"));
            }
        }
    }
}

impl Switch {
    /// The running configuration of one interface as canonical XML on one line, e.g.
    /// `<GigabitEthernet xmlns="…native"><name>1/0/5</name>…`; empty if there is no such interface.
    #[must_use]
    pub fn running_interface(&self, interface: &str) -> String {
        let device = self.shared.device();
        // Below its list, the namespace is said once, at the entry itself.
        cli::interface(&device.running, interface).map(Node::to_xml).unwrap_or_default()
    }

    /// The same for people: lines of IOS's own language, the first being `interface …`.
    #[must_use]
    pub fn running_interface_cli(&self, interface: &str) -> String {
        let device = self.shared.device();
        let Some(entry) = cli::interface(&device.running, interface) else {
            return String::new();
        };
        let lines = cli::interface_lines(entry);
        lines.iter().fold(format!("interface {interface}\n"), |text, line| text + " " + line + "\n")
    }

    /// The running configuration as canonical XML on one line.
    #[must_use]
    pub fn running(&self) -> String {
        self.shared.device().running.children_xml("")
    }

    /// The saved configuration, likewise; empty if it was deleted.
    #[must_use]
    pub fn startup(&self) -> String {
        self.shared.device().read(Datastore::Startup).children_xml("")
    }

    /// The candidate, likewise; equal to running as long as nothing is in it.
    #[must_use]
    pub fn candidate(&self) -> String {
        self.shared.device().read(Datastore::Candidate).children_xml("")
    }

    /// Whether the candidate differs from running.
    #[must_use]
    pub fn candidate_dirty(&self) -> bool {
        self.shared.device().is_candidate_dirty()
    }

    /// Whether a confirmed commit waits to be confirmed.
    #[must_use]
    pub fn commit_pending(&self) -> bool {
        self.shared.device().pending.is_some()
    }

    /// The session that holds a lock.
    #[must_use]
    pub fn lock_holder(&self, datastore: Datastore) -> Option<u32> {
        self.shared.device().locks.get(&datastore).copied()
    }

    /// What happened since the start, and how often.
    #[must_use]
    pub fn events(&self) -> Events {
        self.shared.device().log.clone()
    }

    /// Sets the whole configuration of an interface as if by CLI: `xml` is what stands in the list entry, without its name.
    ///
    /// # Errors
    /// When the switch does not accept it.
    pub fn set_running(&self, interface: &str, xml: &str) -> Result<(), ConsoleError> {
        let config = interface_config(interface, xml, "replace")?;
        self.shared.device().configure_by_cli(&config)
    }

    /// Changes the configuration of an interface as if by CLI: `xml` is an edit of what stands in the list entry
    /// (`nc:operation` works), e.g. `<description>by hand</description>`.
    ///
    /// # Errors
    /// When the switch does not accept it.
    pub fn drift(&self, interface: &str, xml: &str) -> Result<(), ConsoleError> {
        let config = interface_config(interface, xml, "merge")?;
        self.shared.device().configure_by_cli(&config)
    }

    /// Changes running as if by CLI: `xml` is the content of an edit-config's `<config>`.
    ///
    /// # Errors
    /// When the switch does not accept it.
    pub fn configure(&self, xml: &str) -> Result<(), ConsoleError> {
        let config = format!("<config xmlns=\"{NETCONF}\" xmlns:nc=\"{NETCONF}\">{xml}</config>");
        self.shared.device().configure_by_cli(&config)
    }

    /// Leaves a change of this interface in the candidate, uncommitted, as if by another client.
    ///
    /// # Errors
    /// When the model does not accept it.
    pub fn dirty_candidate(&self, interface: &str, xml: &str) -> Result<(), ConsoleError> {
        let config = interface_config(interface, xml, "merge")?;
        self.shared.device().dirty_candidate(&config)
    }

    /// Lets somebody else hold the lock of a datastore; gives the session-id of the holder, who is no NETCONF session of ours.
    /// A lock that is held already goes over to the stranger.
    pub fn lock_by_stranger(&self, datastore: Datastore) -> u32 {
        self.shared.device().lock_by_stranger(&[datastore])
    }

    /// Releases all locks of strangers.
    pub fn unlock_strangers(&self) {
        self.shared.device().unlock_strangers();
    }

    /// Throws away what is in the candidate.
    pub fn discard_candidate(&self) {
        self.shared.device().discard((None, "console"));
    }

    /// Whether the switch is busy reading its CLI configuration: as long as it is, changes get `resource-denied`, "Sync is in progress".
    pub fn set_sync_in_progress(&self, busy: bool) {
        let mut device = self.shared.device();
        device.syncing = busy;
        let text =
            if busy { "begins to read its CLI configuration" } else { "has read its CLI configuration" };
        device.log.add(EventKind::Other, (None, "console"), text);
    }

    /// How many NETCONF sessions there may be at once; a further one is refused its subsystem.
    pub fn set_session_limit(&self, sessions: usize) {
        self.shared.device().session_limit = sessions;
    }

    /// Cuts every connection.
    pub fn cut_connections(&self) {
        self.shared.cut_all();
    }

    /// Starts the switch anew: connections are cut, locks and candidate gone, running is what was saved.
    pub fn restart(&self) {
        self.shared.device().restart();
        self.shared.cut_all();
    }
}
