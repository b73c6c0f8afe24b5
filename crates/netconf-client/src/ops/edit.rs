//! Writing: edit-config, copy-config, delete-config (RFC 6241, sections 7.2 to 7.4).

use super::{Config, Datastore, check_url, push_datastore, push_inline};
use crate::capabilities::{self, Capabilities};
use crate::error::Error;
use crate::framing::Limits;
use crate::operation::{Operation, expect_ok, need};
use crate::reply::Reply;
use crate::xml;

/// What happens to elements without an `operation` attribute; `merge` if not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultOperation {
    /// They are merged into what is there.
    Merge,
    /// They replace what is there.
    Replace,
    /// Nothing; only elements with an `operation` count.
    None,
}

/// Whether an edit is validated; needs `:validate`. `test-then-set` if not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestOption {
    /// Validated first, and not made if that fails.
    TestThenSet,
    /// Not validated.
    Set,
    /// Only validated; needs `:validate:1.1`.
    TestOnly,
}

/// What happens at an error; `stop-on-error` if not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorOption {
    /// The edit stops; what came before the error stays.
    StopOnError,
    /// The edit goes on; errors are reported at the end.
    ContinueOnError,
    /// All of the edit is undone; needs `:rollback-on-error`.
    RollbackOnError,
}

impl DefaultOperation {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            DefaultOperation::Merge => "merge",
            DefaultOperation::Replace => "replace",
            DefaultOperation::None => "none",
        }
    }
}

impl TestOption {
    fn as_str(self) -> &'static str {
        match self {
            TestOption::TestThenSet => "test-then-set",
            TestOption::Set => "set",
            TestOption::TestOnly => "test-only",
        }
    }
}

impl ErrorOption {
    fn as_str(self) -> &'static str {
        match self {
            ErrorOption::StopOnError => "stop-on-error",
            ErrorOption::ContinueOnError => "continue-on-error",
            ErrorOption::RollbackOnError => "rollback-on-error",
        }
    }
}

/// Changes a datastore (RFC 6241, section 7.2).
///
/// Running needs `:writable-running`, candidate needs `:candidate`, startup needs `:startup`.
///
/// ```xml
/// <edit-config><target><candidate/></target><config><system xmlns="urn:example"/></config></edit-config>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditConfig {
    target: Datastore,
    config: Config,
    default_operation: Option<DefaultOperation>,
    test_option: Option<TestOption>,
    error_option: Option<ErrorOption>,
}

impl EditConfig {
    /// An edit of `target` by the elements in `config`, without a `<config>` around them. Attributes such as
    /// `nc:operation` need their prefix declared inside.
    pub fn new(target: Datastore, config: impl Into<String>) -> Self {
        Self::from_config(target, Config::Inline(config.into()))
    }

    /// An edit by a file the server reads; needs `:url`.
    pub fn from_url(target: Datastore, url: impl Into<String>) -> Self {
        Self::from_config(target, Config::Url(url.into()))
    }

    fn from_config(target: Datastore, config: Config) -> Self {
        EditConfig { target, config, default_operation: None, test_option: None, error_option: None }
    }

    /// What happens to elements without an `operation`.
    #[must_use]
    pub fn default_operation(mut self, operation: DefaultOperation) -> Self {
        self.default_operation = Some(operation);
        self
    }

    /// Whether the edit is validated.
    #[must_use]
    pub fn test_option(mut self, option: TestOption) -> Self {
        self.test_option = Some(option);
        self
    }

    /// What happens at an error.
    #[must_use]
    pub fn error_option(mut self, option: ErrorOption) -> Self {
        self.error_option = Some(option);
        self
    }
}

impl Operation for EditConfig {
    type Output = ();

    fn name(&self) -> &'static str {
        "edit-config"
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        let name = self.name();
        match self.target {
            Datastore::Running => need(capabilities, name, capabilities::WRITABLE_RUNNING)?,
            other => other.check(name, capabilities)?,
        }
        match &self.config {
            Config::Url(url) => check_url(url, name, capabilities)?,
            Config::Inline(config) => xml::check_fragment(config, "config", Limits::DEFAULT.max_depth)?,
            Config::Datastore(_) => {
                return Err(Error::InvalidArgument("edit-config takes no datastore as its config"));
            }
        }
        match self.test_option {
            Some(TestOption::TestOnly) => need(capabilities, name, capabilities::VALIDATE_1_1)?,
            Some(_) if !capabilities.validate() => need(capabilities, name, capabilities::VALIDATE_1_1)?,
            _ => {}
        }
        match self.error_option {
            Some(ErrorOption::RollbackOnError) => need(capabilities, name, capabilities::ROLLBACK_ON_ERROR),
            _ => Ok(()),
        }
    }

    fn write(&self, xml: &mut String) {
        xml.push_str("<edit-config>");
        push_datastore("target", self.target, xml);
        if let Some(operation) = self.default_operation {
            xml::push_text_element("default-operation", operation.as_str(), xml);
        }
        if let Some(option) = self.test_option {
            xml::push_text_element("test-option", option.as_str(), xml);
        }
        if let Some(option) = self.error_option {
            xml::push_text_element("error-option", option.as_str(), xml);
        }
        match &self.config {
            Config::Url(url) => xml::push_text_element("url", url, xml),
            Config::Inline(config) => push_inline(config, xml),
            // `check` has refused it.
            Config::Datastore(_) => {}
        }
        xml.push_str("</edit-config>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}

/// Replaces a whole configuration by another (RFC 6241, section 7.3).
///
/// ```xml
/// <copy-config><target><startup/></target><source><running/></source></copy-config>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyConfig {
    source: Config,
    target: Config,
}

impl CopyConfig {
    /// Copies `source` over `target`. A URL needs `:url`; running as target needs `:writable-running`.
    pub fn new(source: impl Into<Config>, target: impl Into<Config>) -> Self {
        CopyConfig { source: source.into(), target: target.into() }
    }
}

impl Operation for CopyConfig {
    type Output = ();

    fn name(&self) -> &'static str {
        "copy-config"
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        self.source.check(self.name(), capabilities)?;
        match &self.target {
            Config::Inline(_) => {
                Err(Error::InvalidArgument("copy-config cannot write into an inline config"))
            }
            Config::Datastore(Datastore::Running) => {
                need(capabilities, self.name(), capabilities::WRITABLE_RUNNING)
            }
            other => other.check(self.name(), capabilities),
        }
    }

    fn write(&self, xml: &mut String) {
        xml.push_str("<copy-config>");
        self.target.write("target", xml);
        self.source.write("source", xml);
        xml.push_str("</copy-config>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}

/// Deletes startup or a file (RFC 6241, section 7.4). Running cannot be deleted.
///
/// ```xml
/// <delete-config><target><startup/></target></delete-config>
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteConfig {
    target: Config,
}

impl DeleteConfig {
    /// Deletes `target`.
    pub fn new(target: impl Into<Config>) -> Self {
        DeleteConfig { target: target.into() }
    }
}

impl Operation for DeleteConfig {
    type Output = ();

    fn name(&self) -> &'static str {
        "delete-config"
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        match &self.target {
            Config::Datastore(Datastore::Startup) | Config::Url(_) => {
                self.target.check(self.name(), capabilities)
            }
            _ => Err(Error::InvalidArgument("only startup or a file can be deleted")),
        }
    }

    fn write(&self, xml: &mut String) {
        xml.push_str("<delete-config>");
        self.target.write("target", xml);
        xml.push_str("</delete-config>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}
