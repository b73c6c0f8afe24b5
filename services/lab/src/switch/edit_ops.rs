//! The operations that change whole or parts of datastores: edit-config, copy-config, delete-config, validate.

use roxmltree::Node as Xml;

use super::apply::{DefaultOperation, ErrorOption, apply};
use super::cli;
use super::device::{Datastore, Device};
use super::error::RpcError;
use super::log::EventKind;
use super::read_ops::{WithDefaults, named};
use super::rpc::{Answer, Call, ok, refuse};
use super::tree::Node;
use super::xml::{self, Edit};

/// `test-option` of an edit-config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TestOption {
    /// Not given.
    Unsaid,
    TestThenSet,
    Set,
    TestOnly,
}

/// What an edit-config asks for, read and checked in form.
struct EditConfig<'a, 'input> {
    target: Datastore,
    default: DefaultOperation,
    test: TestOption,
    on_error: ErrorOption,
    config: Xml<'a, 'input>,
}

impl Device {
    /// RFC 6241 7.2.
    pub(crate) fn edit_config(&mut self, call: &Call<'_, '_>) -> Answer {
        let request = self.read_edit_config(call)?;
        self.refuse_busy()?;
        self.refuse_locked(request.target, call.session)?;
        let edits: Vec<Edit> = xml::elements(request.config).map(Edit::read).collect::<Result<_, _>>()?;
        let base = self.read(request.target);
        let (result, errors) = self.try_edit(&request, &base, &edits)?;
        if request.target == Datastore::Running {
            self.refuse_partly_locked(&result, call.session)?;
        }
        if request.test == TestOption::TestOnly {
            return ok();
        }
        let user = self.user(call.session);
        let touched = cli::touched(&base, &result);
        self.log.edits += 1;
        let partly = if errors.is_empty() { "" } else { ", in part" };
        let text = format!("{}: {}{partly}", request.target.word(), cli::list(&touched));
        self.log.add(EventKind::Edited, (Some(call.session), &user), text);
        self.write(request.target, result, call.session);
        if errors.is_empty() { ok() } else { Err(errors) }
    }

    /// The target after the edit, with the errors that did not stop it; or all errors.
    fn try_edit(
        &self,
        request: &EditConfig<'_, '_>,
        base: &Node,
        edits: &[Edit],
    ) -> Result<(Node, Vec<RpcError>), Vec<RpcError>> {
        // Unless the client says "set", a server with :validate tests before it sets (RFC 6241 8.6.4.1).
        let tests = self.offers.validate && request.test != TestOption::Set;
        let problems = self.model.check(request.config);
        let all_or_nothing = tests || request.on_error == ErrorOption::Rollback;
        if all_or_nothing && !problems.is_empty() {
            return Err(problems);
        }
        let options = (request.default, request.on_error);
        let (result, errors) = apply(base, edits, &self.model.shape, &problems, options);
        if !errors.is_empty() && (tests || result == *base) {
            return Err(errors);
        }
        // The candidate may be contradictory until it is validated; what runs may not.
        let asked = matches!(request.test, TestOption::TestThenSet | TestOption::TestOnly);
        if request.target == Datastore::Running || asked {
            let objections = self.judge(&result);
            if !objections.is_empty() {
                return Err(objections);
            }
        }
        Ok((result, errors))
    }

    fn read_edit_config<'a, 'input>(
        &self,
        call: &Call<'a, 'input>,
    ) -> Result<EditConfig<'a, 'input>, Vec<RpcError>> {
        call.only(&["target", "default-operation", "test-option", "error-option", "config", "url"])?;
        let target = self.datastore(call, "target")?;
        self.refuse_unwritable(target)?;
        if target == Datastore::Startup {
            return refuse(RpcError::unsupported("startup is written by copy-config only"));
        }
        if call.param("url").is_some() {
            return refuse(RpcError::unsupported("the switch does not offer url"));
        }
        let default = match call.word("default-operation").as_deref() {
            None | Some("merge") => DefaultOperation::Merge,
            Some("replace") => DefaultOperation::Replace,
            Some("none") => DefaultOperation::None,
            Some(other) => return refuse(bad_choice("default-operation", other)),
        };
        let on_error = match call.word("error-option").as_deref() {
            None | Some("stop-on-error") => ErrorOption::Stop,
            Some("continue-on-error") => ErrorOption::Continue,
            Some("rollback-on-error") if self.offers.rollback_on_error => ErrorOption::Rollback,
            Some(other) => return refuse(bad_choice("error-option", other)),
        };
        let test = self.read_test_option(call)?;
        let Some(config) = call.param("config") else {
            return refuse(RpcError::missing("config"));
        };
        Ok(EditConfig { target, default, test, on_error, config })
    }

    fn read_test_option(&self, call: &Call<'_, '_>) -> Result<TestOption, Vec<RpcError>> {
        let Some(word) = call.word("test-option") else {
            return Ok(TestOption::Unsaid);
        };
        if !self.offers.validate {
            return refuse(RpcError::unsupported(
                "the switch does not offer validate, so it has no test-option",
            ));
        }
        match word.as_str() {
            "test-then-set" => Ok(TestOption::TestThenSet),
            "set" => Ok(TestOption::Set),
            "test-only" => Ok(TestOption::TestOnly),
            other => refuse(bad_choice("test-option", other)),
        }
    }

    fn refuse_unwritable(&self, target: Datastore) -> Result<(), Vec<RpcError>> {
        if target == Datastore::Running && !self.offers.writable_running {
            return refuse(RpcError::unsupported("running is changed by commit only"));
        }
        Ok(())
    }

    /// An error while the switch reads its CLI configuration.
    pub(crate) fn refuse_busy(&self) -> Result<(), Vec<RpcError>> {
        if self.syncing {
            return refuse(RpcError::application("resource-denied", "Sync is in progress"));
        }
        Ok(())
    }

    /// RFC 6241 7.3.
    pub(crate) fn copy_config(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["target", "source", "with-defaults"])?;
        if self.with_defaults(call)? != WithDefaults::Explicit {
            return refuse(RpcError::unsupported(
                "configurations are copied without defaults that nobody configured",
            ));
        }
        let target = self.datastore(call, "target")?;
        self.refuse_unwritable(target)?;
        self.refuse_busy()?;
        self.refuse_locked(target, call.session)?;
        let (content, from) = self.source(call, Some(target))?;
        if target == Datastore::Running {
            self.refuse_partly_locked(&content, call.session)?;
            let objections = self.judge(&content);
            if !objections.is_empty() {
                return Err(objections);
            }
        }
        let user = self.user(call.session);
        let kind = if target == Datastore::Startup { EventKind::Saved } else { EventKind::Edited };
        if target == Datastore::Startup && from == "running" {
            self.log.saves += 1;
        }
        self.log.add(kind, (Some(call.session), &user), format!("{from} copied to {}", target.word()));
        self.write(target, content, call.session);
        ok()
    }

    /// The content that a `source` names or holds, and its name.
    fn source(
        &self,
        call: &Call<'_, '_>,
        target: Option<Datastore>,
    ) -> Result<(Node, &'static str), Vec<RpcError>> {
        let named = named(call, "source")?;
        match named.tag_name().name() {
            "url" => refuse(RpcError::unsupported("the switch does not offer url")),
            "config" => {
                let problems = self.model.check(named);
                if !problems.is_empty() {
                    return Err(problems);
                }
                let edits: Vec<Edit> = xml::elements(named).map(Edit::read).collect::<Result<_, _>>()?;
                let options = (DefaultOperation::Merge, ErrorOption::Rollback);
                let (content, errors) = apply(&Node::root(), &edits, &self.model.shape, &[], options);
                if errors.is_empty() { Ok((content, "a configuration")) } else { Err(errors) }
            }
            _ => {
                let datastore = self.datastore_named(named)?;
                if target == Some(datastore) {
                    return refuse(RpcError::invalid("target", "source and target are one datastore"));
                }
                Ok((self.read(datastore), datastore.word()))
            }
        }
    }

    /// RFC 6241 7.4.
    pub(crate) fn delete_config(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["target"])?;
        let target = self.datastore(call, "target")?;
        if target != Datastore::Startup {
            return refuse(RpcError::unsupported(&format!("{} cannot be deleted", target.word())));
        }
        self.refuse_locked(target, call.session)?;
        let user = self.user(call.session);
        self.log.add(EventKind::Edited, (Some(call.session), &user), "startup deleted");
        let before = self.startup.take().unwrap_or_default();
        let change = self.change(target, call.session, (&before, &Node::root()));
        change.into_iter().for_each(|event| self.notify(event));
        ok()
    }

    /// RFC 6241 8.6.4.2.
    pub(crate) fn validate(&mut self, call: &Call<'_, '_>) -> Answer {
        call.only(&["source"])?;
        let (content, _) = self.source(call, None)?;
        let objections = self.judge(&content);
        if objections.is_empty() { ok() } else { Err(objections) }
    }
}

fn bad_choice(element: &str, word: &str) -> RpcError {
    RpcError::invalid(element, &format!("{element} {word:?} is not known or not offered"))
}
