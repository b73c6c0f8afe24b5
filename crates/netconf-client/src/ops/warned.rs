//! The warnings that came with a reply, for operations whose output has no place for them.

use crate::capabilities::Capabilities;
use crate::error::Error;
use crate::operation::{Effect, Operation};
use crate::reply::Reply;
use crate::rpc_error::RpcError;

/// An operation whose output comes with the errors of severity `warning` that stood in the reply (RFC 6241, section 4.3):
/// the operation went through all the same. Errors of severity `error` are [`Error::RpcErrors`] as ever.
///
/// ```no_run
/// # async fn example(session: netconf_client::Session) -> Result<(), netconf_client::Error> {
/// use netconf_client::ops::{Commit, WithWarnings};
///
/// let ((), warnings) = session.call(WithWarnings(Commit::new())).await?;
/// for warning in warnings {
///     println!("committed, but: {warning}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WithWarnings<O>(pub O);

impl<O: Operation> Operation for WithWarnings<O> {
    type Output = (O::Output, Vec<RpcError>);

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn effect(&self) -> Effect {
        self.0.effect()
    }

    fn check(&self, capabilities: &Capabilities) -> Result<(), Error> {
        self.0.check(capabilities)
    }

    fn write(&self, xml: &mut String) {
        self.0.write(xml);
    }

    fn read(&self, reply: Reply) -> Result<Self::Output, Error> {
        let warnings = reply.warnings().to_vec();
        Ok((self.0.read(reply)?, warnings))
    }
}
