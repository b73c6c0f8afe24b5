//! Locks and sessions: lock, unlock, close-session, kill-session (RFC 6241, sections 7.5, 7.6, 7.8, 7.9).

use super::{Datastore, push_datastore};
use crate::capabilities::Capabilities;
use crate::error::Error;
use crate::operation::{Effect, Operation, expect_ok};
use crate::reply::Reply;
use crate::xml;

/// Locks a datastore for this session (RFC 6241, section 7.5). The lock ends with the session.
///
/// Refused with `lock-denied` while another session holds it; its `error-info` names that session.
///
/// ```xml
/// <lock><target><candidate/></target></lock>
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock(pub Datastore);

impl Operation for Lock {
    type Output = ();

    fn name(&self) -> &'static str {
        "lock"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        self.0.check(self.name(), capabilities)
    }

    fn write(&self, xml: &mut String) {
        xml.push_str("<lock>");
        push_datastore("target", self.0, xml);
        xml.push_str("</lock>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}

/// Releases a lock of this session (RFC 6241, section 7.6).
///
/// ```xml
/// <unlock><target><candidate/></target></unlock>
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unlock(pub Datastore);

impl Operation for Unlock {
    type Output = ();

    fn name(&self) -> &'static str {
        "unlock"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        self.0.check(self.name(), capabilities)
    }

    fn write(&self, xml: &mut String) {
        xml.push_str("<unlock>");
        push_datastore("target", self.0, xml);
        xml.push_str("</unlock>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}

/// Ends this session in good order (RFC 6241, section 7.8); see [`Session::close`](crate::Session::close).
///
/// ```xml
/// <close-session/>
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseSession;

impl Operation for CloseSession {
    type Output = ();

    fn name(&self) -> &'static str {
        "close-session"
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn check(&self, _: &Capabilities) -> Result<(), Error> {
        Ok(())
    }

    fn write(&self, xml: &mut String) {
        xml.push_str("<close-session/>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}

/// Ends another session by force (RFC 6241, section 7.9): its locks go, its confirmed commit is undone. The number is that
/// session's `session-id`, 1 to 4294967295, as `lock-denied` names it; one's own is refused by the server.
///
/// ```xml
/// <kill-session><session-id>454</session-id></kill-session>
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KillSession(pub u32);

impl Operation for KillSession {
    type Output = ();

    fn name(&self) -> &'static str {
        "kill-session"
    }

    fn check(&self, _: &Capabilities) -> Result<(), Error> {
        if self.0 == 0 { Err(Error::InvalidArgument("session 0 is no NETCONF session")) } else { Ok(()) }
    }

    fn write(&self, xml: &mut String) {
        xml.push_str("<kill-session>");
        xml::push_text_element("session-id", &self.0.to_string(), xml);
        xml.push_str("</kill-session>");
    }

    fn read(&self, reply: Reply) -> Result<(), Error> {
        expect_ok(self.name(), &reply)
    }
}
