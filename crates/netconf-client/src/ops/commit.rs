//! The candidate's way into running: validate, commit, cancel-commit, discard-changes (RFC 6241, sections 8.3, 8.4
//! and 8.6).

use std::time::Duration;

use super::{Config, push_empty};
use crate::capabilities::{self, Capabilities};
use crate::error::Error;
use crate::operation::{Effect, Operation, expect_ok, need};
use crate::reply::Reply;
use crate::xml;

/// What a server waits for the confirmation if no timeout is given (RFC 6241, section 8.4.1).
const DEFAULT_CONFIRM_TIMEOUT: Duration = Duration::from_secs(600);

/// Validates a configuration (RFC 6241, section 8.6.4.1); needs `:validate`.
///
/// ```xml
/// <validate><source><candidate/></source></validate>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validate {
    source: Config,
}

impl Validate {
    /// Validates `source`: a datastore, a file, or an inline configuration.
    pub fn new(source: impl Into<Config>) -> Self {
        Validate { source: source.into() }
    }
}

impl Operation for Validate {
    type Output = ();

    fn name(&self) -> &'static str {
        "validate"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        if !capabilities.validate() {
            need(capabilities, self.name(), capabilities::VALIDATE_1_1)?;
        }
        self.source.check(self.name(), capabilities)
    }

    fn write(&self, xml: &mut String) {
        xml.push_str("<validate>");
        self.source.write("source", xml);
        xml.push_str("</validate>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}

/// Makes running equal to candidate (RFC 6241, sections 8.3.4.1 and 8.4); needs `:candidate`.
///
/// A confirmed commit is undone by the server unless a second commit confirms it in time; without
/// [`Commit::persist`] also when the session ends. If no reply comes, the error is
/// [`Error::CommitUnknown`].
///
/// ```xml
/// <commit><confirmed/><confirm-timeout>60</confirm-timeout><persist>change-7</persist></commit>
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    confirmed: bool,
    confirm_timeout: Option<u32>,
    persist: Option<String>,
    persist_id: Option<String>,
}

impl Commit {
    /// A commit that stays, or the confirmation of this session's confirmed commit.
    pub fn new() -> Self {
        Self::default()
    }

    /// A confirmed commit with the server's own timeout of 600 s; needs `:confirmed-commit`.
    pub fn confirmed() -> Self {
        Commit { confirmed: true, ..Self::default() }
    }

    /// The confirmation of a confirmed commit made with [`Commit::persist`], from any session.
    pub fn confirm(persist_id: impl Into<String>) -> Self {
        Commit { persist_id: Some(persist_id.into()), ..Self::default() }
    }

    /// How long the server waits for the confirmation: whole seconds, at least 1; fractions are rounded up.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        let seconds = limit.as_secs().saturating_add(u64::from(limit.subsec_nanos() > 0));
        self.confirm_timeout = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
        self
    }

    /// The confirmed commit outlives this session; `id` is what confirms or cancels it. Needs
    /// `:confirmed-commit:1.1`.
    #[must_use]
    pub fn persist(mut self, id: impl Into<String>) -> Self {
        self.persist = Some(id.into());
        self
    }

    /// For a further confirmed commit that extends an earlier one made with `persist`.
    #[must_use]
    pub fn persist_id(mut self, id: impl Into<String>) -> Self {
        self.persist_id = Some(id.into());
        self
    }
}

impl Operation for Commit {
    type Output = ();

    fn name(&self) -> &'static str {
        "commit"
    }

    fn effect(&self) -> Effect {
        let timeout = self
            .confirm_timeout
            .map_or(DEFAULT_CONFIRM_TIMEOUT, |seconds| Duration::from_secs(seconds.into()));
        let persist_id = self.persist.clone().or_else(|| self.persist_id.clone());
        Effect::Commit { reverts_within: self.confirmed.then_some(timeout), persist_id }
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        need(capabilities, self.name(), capabilities::CANDIDATE)?;
        if !self.confirmed && (self.confirm_timeout.is_some() || self.persist.is_some()) {
            return Err(Error::InvalidArgument("timeout and persist belong to a confirmed commit"));
        }
        if self.confirm_timeout == Some(0) {
            return Err(Error::InvalidArgument("the confirm timeout is at least 1 s"));
        }
        let persistent = self.persist.is_some() || self.persist_id.is_some();
        if persistent || (self.confirmed && !capabilities.confirmed_commit()) {
            need(capabilities, self.name(), capabilities::CONFIRMED_COMMIT_1_1)?;
        }
        check_ids([&self.persist, &self.persist_id])
    }

    fn write(&self, xml: &mut String) {
        if *self == Commit::default() {
            return push_empty("commit", xml);
        }
        xml.push_str("<commit>");
        if self.confirmed {
            push_empty("confirmed", xml);
        }
        if let Some(seconds) = self.confirm_timeout {
            xml::push_text_element("confirm-timeout", &seconds.to_string(), xml);
        }
        if let Some(id) = &self.persist {
            xml::push_text_element("persist", id, xml);
        }
        if let Some(id) = &self.persist_id {
            xml::push_text_element("persist-id", id, xml);
        }
        xml.push_str("</commit>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}

/// Undoes a confirmed commit at once (RFC 6241, section 8.4.4.1); needs `:confirmed-commit:1.1`.
///
/// ```xml
/// <cancel-commit><persist-id>change-7</persist-id></cancel-commit>
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CancelCommit {
    persist_id: Option<String>,
}

impl CancelCommit {
    /// Undoes this session's confirmed commit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Undoes the confirmed commit made with this `persist`, from any session.
    pub fn of(persist_id: impl Into<String>) -> Self {
        CancelCommit { persist_id: Some(persist_id.into()) }
    }
}

impl Operation for CancelCommit {
    type Output = ();

    fn name(&self) -> &'static str {
        "cancel-commit"
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        need(capabilities, self.name(), capabilities::CONFIRMED_COMMIT_1_1)?;
        check_ids([&self.persist_id])
    }

    fn write(&self, xml: &mut String) {
        match &self.persist_id {
            None => push_empty("cancel-commit", xml),
            Some(id) => {
                xml.push_str("<cancel-commit>");
                xml::push_text_element("persist-id", id, xml);
                xml.push_str("</cancel-commit>");
            }
        }
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}

/// Makes candidate equal to running again (RFC 6241, section 8.3.4.2); needs `:candidate`.
///
/// ```xml
/// <discard-changes/>
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscardChanges;

impl Operation for DiscardChanges {
    type Output = ();

    fn name(&self) -> &'static str {
        "discard-changes"
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        need(capabilities, self.name(), capabilities::CANDIDATE)
    }

    fn write(&self, xml: &mut String) {
        push_empty("discard-changes", xml);
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}

fn check_ids<const N: usize>(ids: [&Option<String>; N]) -> Result<(), Error> {
    for id in ids.into_iter().flatten() {
        if id.is_empty() || !xml::is_xml_text(id) {
            return Err(Error::InvalidArgument("a persist id is text of at least one character"));
        }
    }
    Ok(())
}
