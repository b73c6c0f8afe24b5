//! Any other RPC: vendors' own, and operations defined by YANG modules.

use crate::capabilities::Capabilities;
use crate::error::Error;
use crate::framing::Limits;
use crate::operation::{Effect, Operation};
use crate::reply::Reply;
use crate::xml;

/// An operation given as XML; the reply is handed out as it is.
///
/// Some answer `<ok/>`, others with text: cisco-ia's `save-config` with `<result>…</result>`, which
/// [`Reply::child_text`] reads.
///
/// ```
/// use netconf_client::ops::Raw;
/// let save = Raw::new("<save-config xmlns=\"http://cisco.com/yang/cisco-ia\"/>");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    xml: String,
    effect: Effect,
}

impl Raw {
    /// The one element that goes into `<rpc>`. It counts as changing something.
    pub fn new(xml: impl Into<String>) -> Self {
        Raw { xml: xml.into(), effect: Effect::Change }
    }

    /// Says that the operation only reads, so that repeating it is safe.
    #[must_use]
    pub fn reads(mut self) -> Self {
        self.effect = Effect::Read;
        self
    }
}

impl Operation for Raw {
    type Output = Reply;

    fn name(&self) -> &'static str {
        "rpc"
    }

    fn effect(&self) -> Effect {
        self.effect.clone()
    }

    fn check(&self, _: &Capabilities) -> Result<(), Error> {
        xml::check_fragment(&self.xml, "rpc", Limits::DEFAULT.max_depth)?;
        if xml::has_one_element(&self.xml) {
            Ok(())
        } else {
            Err(Error::InvalidArgument("an rpc has one operation, which is one element"))
        }
    }

    fn write(&self, xml: &mut String) {
        xml.push_str(&self.xml);
    }

    fn read(&self, reply: Reply) -> Result<Reply, Error> {
        Ok(reply)
    }
}
