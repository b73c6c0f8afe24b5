//! What every operation has in common: the capability it needs, its XML, its answer.

use std::time::Duration;

use crate::capabilities::Capabilities;
use crate::error::Error;
use crate::reply::Reply;

/// One NETCONF operation, ready to be sent by [`Session::call`](crate::session::Session::call).
///
/// The operations of the RFCs are in [`ops`](crate::ops); others implement this trait.
pub trait Operation: Send {
    /// What a successful reply is turned into.
    type Output;

    /// The operation's name, as in its RFC.
    fn name(&self) -> &'static str;

    /// What it means if the reply never comes.
    fn effect(&self) -> Effect {
        Effect::Change
    }

    /// Refuses what this server cannot do or what is not well-formed, before anything is sent.
    ///
    /// # Errors
    /// [`Error::MissingCapability`], [`Error::InvalidXml`], [`Error::InvalidArgument`].
    fn check(&self, capabilities: &Capabilities) -> Result<(), Error>;

    /// Appends the element that goes into `<rpc>`.
    fn write(&self, xml: &mut String);

    /// Reads the reply, which is free of errors.
    ///
    /// # Errors
    /// [`Error::UnexpectedReply`].
    fn read(&self, reply: Reply) -> Result<Self::Output, Error>;
}

impl<O: Operation + Sync> Operation for &O {
    type Output = O::Output;

    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn effect(&self) -> Effect {
        (**self).effect()
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        (**self).check(capabilities)
    }

    fn write(&self, xml: &mut String) {
        (**self).write(xml);
    }

    fn read(&self, reply: Reply) -> Result<O::Output, Error> {
        (**self).read(reply)
    }
}

/// What an operation may have done when its reply is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing: it reads, or what it does ends with the session (locks).
    Read,
    /// Something.
    Change,
    /// It may have changed running for good, or for a time: [`Error::CommitUnknown`].
    Commit {
        /// For a confirmed commit: how long until the server reverts it.
        reverts_within: Option<Duration>,
        /// For a confirmed commit with `persist`: the id.
        persist_id: Option<String>,
    },
}

/// Fails unless `capability` is offered.
pub(crate) fn need(
    capabilities: &Capabilities,
    operation: &'static str,
    capability: &'static str,
) -> Result<(), Error> {
    if capabilities.has(capability) {
        Ok(())
    } else {
        Err(Error::MissingCapability { operation, capability })
    }
}

/// Fails unless the reply is `<ok/>`, or nothing but warnings: a server sends `<ok/>` if there were none (RFC 6241,
/// section 4.4).
pub(crate) fn expect_ok(operation: &'static str, reply: &Reply) -> Result<(), Error> {
    if reply.is_ok() || reply.is_warning() {
        return Ok(());
    }
    Err(Error::UnexpectedReply { operation: operation.to_owned(), reason: "it is not <ok/>".to_owned() })
}
