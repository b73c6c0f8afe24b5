//! What a person at the pages asks a device: to read, or to test an edit. Nothing else can be sent from here.

use std::time::{Duration, Instant};

use change_model::DeviceName;
use netconf_client::framing::{FramingError, Limits};
use netconf_client::ops::{Datastore, EditConfig, Get, GetConfig, TestOption};
use netconf_client::{Error, LostCause, RpcError};
use roxmltree::{Node, NodeType};

use crate::adapters::device::Device;
use crate::app::App;
use crate::effects::{EffectError, chain};
use crate::waiting::Wait;

/// Largest answer: it is for people to read.
const ANSWER_LIMITS: Limits = Limits { max_message: 8 << 20, max_depth: 128 };
/// How long connecting, asking and closing may take in all: less than the server gives a request.
const ASK_LIMIT: Duration = Duration::from_secs(15);

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// `get`
    Get,
    /// `get-config`
    GetConfig(Datastore),
    /// `edit-config` with `test-option` `test-only`: the device judges it, and changes nothing.
    TestEdit(Datastore),
}

impl Question {
    /// The operation's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::GetConfig(_) => "get-config",
            Self::TestEdit(_) => "edit-config (test-only)",
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What stood in `<data>`, laid out for reading, each element with its namespaces; empty for an edit that the device would take.
    pub(crate) xml: String,
    /// The whole reply as it came.
    pub(crate) reply: String,
    /// From connecting to the answer.
    pub(crate) took: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// The device understood, and says no.
    #[error("the device refuses")]
    Refused(Vec<RpcError>),
    /// The device does not offer what this needs; nothing was sent.
    #[error("the device does not offer {capability}, which {operation} needs{meaning}; nothing was sent")]
    Lacks { operation: &'static str, capability: &'static str, meaning: &'static str },
    /// The answer is larger than people can read.
    #[error("the answer is larger than {} MiB; ask for less of it by a longer path", ANSWER_LIMITS.max_message >> 20)]
    TooLarge,
    /// There was no answer in time.
    #[error("there was no answer within {} s", ASK_LIMIT.as_secs())]
    TooSlow,
    /// The device was not reached, or broke off.
    #[error("{0}")]
    Failed(String),
}

impl From<EffectError> for AskError {
    fn from(error: EffectError) -> Self {
        Self::Failed(chain(&error))
    }
}

impl From<Error> for AskError {
    fn from(error: Error) -> Self {
        match error {
            Error::RpcErrors(errors) => Self::Refused(errors),
            Error::MissingCapability { operation, capability } => {
                Self::Lacks { operation, capability, meaning: meaning(capability) }
            }
            Error::SessionLost {
                cause: LostCause::Framing(FramingError::MessageTooLarge { .. }), ..
            } => Self::TooLarge,
            error => Self::Failed(chain(&error)),
        }
    }
}

/// What a capability is for, where it is asked for here.
fn meaning(capability: &str) -> &'static str {
    match capability {
        netconf_client::capabilities::VALIDATE_1_1 => {
            " (without it the device cannot test an edit without making it, RFC 6241 section 8.6)"
        }
        netconf_client::capabilities::WRITABLE_RUNNING => {
            " (running cannot be edited there, so that an edit of it cannot be tested either; try candidate)"
        }
        netconf_client::capabilities::CANDIDATE => " (there is no candidate; try running)",
        _ => "",
    }
}

/// Asks a device in a session of its own. `data` is what stands in `<filter>` or `<config>`; none for everything.
pub(crate) async fn ask(
    app: &App,
    name: &DeviceName,
    question: Question,
    data: String,
) -> Result<Answer, AskError> {
    let asking = async {
        let began = Instant::now();
        let device = Device::find_for(app, name, ANSWER_LIMITS).await?;
        let reply = put(&device, question, data).await;
        let took = began.elapsed();
        device.close().await;
        reply.map(|(xml, reply)| Answer { xml, reply, took })
    };
    tokio::time::timeout(ASK_LIMIT, asking).await.unwrap_or(Err(AskError::TooSlow))
}

async fn put(device: &Device, question: Question, data: String) -> Result<(String, String), AskError> {
    let session = &device.session;
    let read = match question {
        Question::TestEdit(target) => {
            let edit = EditConfig::new(target, data).test_option(TestOption::TestOnly);
            session.call(edit).waited("devices").await?;
            return Ok((String::new(), String::new()));
        }
        Question::Get if data.is_empty() => session.call(Get::new()).waited("devices").await?,
        Question::Get => session.call(Get::new().subtree(data)).waited("devices").await?,
        Question::GetConfig(source) if data.is_empty() => {
            session.call(GetConfig::new(source)).waited("devices").await?
        }
        Question::GetConfig(source) => {
            session.call(GetConfig::new(source).subtree(data)).waited("devices").await?
        }
    };
    let document = read.tree()?;
    let data = document.root_element().children().find(|node| node.tag_name().name() == "data");
    let mut xml = String::new();
    for top in data.into_iter().flat_map(|data| data.children()) {
        lay_out(top, 0, &mut xml);
    }
    drop(document);
    Ok((xml, read.into_reply().into_text()))
}

/// Writes a node as the device wrote it, but each element that holds elements over several lines.
fn lay_out(node: Node<'_, '_>, depth: usize, out: &mut String) {
    let source = node.document().input_text();
    let line = |text: &str, out: &mut String| {
        out.push_str(&"  ".repeat(depth));
        out.push_str(text);
        out.push('\n');
    };
    let children = (node.first_child(), node.last_child());
    let (Some(first), Some(last), true) = (children.0, children.1, node.first_element_child().is_some())
    else {
        // White space between elements is ours to make.
        let text = source[node.range()].trim();
        if node.node_type() == NodeType::Element {
            line(&source[node.range()], out);
        } else if !text.is_empty() {
            line(text, out);
        }
        return;
    };
    line(&source[node.range().start..first.range().start], out);
    for child in node.children() {
        lay_out(child, depth + 1, out);
    }
    line(&source[last.range().end..node.range().end], out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(xml: &str) -> String {
        let document = roxmltree::Document::parse(xml).unwrap();
        let mut out = String::new();
        lay_out(document.root_element(), 0, &mut out);
        out
    }

    #[test]
    fn an_answer_is_laid_out_without_a_change_of_what_it_says() {
        let xml =
            "<a xmlns='urn:a' x=\"&lt;1\"><b>1 &amp; 2 </b><!-- c --><d/><e> <f><![CDATA[<]]></f>\n</e></a>";
        assert_eq!(
            laid_out(xml),
            "<a xmlns='urn:a' x=\"&lt;1\">\n  <b>1 &amp; 2 </b>\n  <!-- c -->\n  <d/>\n  <e>\n    <f><![CDATA[<]]></f>\n  </e>\n</a>\n"
        );
        assert_eq!(laid_out("<a/>"), "<a/>\n");
        assert_eq!(laid_out("<a>text<b/>more</a>"), "<a>\n  text\n  <b/>\n  more\n</a>\n");
    }

    #[test]
    fn what_is_missing_is_said_with_what_it_is_for() {
        let missing = Error::MissingCapability {
            operation: "edit-config",
            capability: netconf_client::capabilities::VALIDATE_1_1,
        };
        let said = AskError::from(missing).to_string();
        assert!(said.contains(":validate:1.1") && said.ends_with("nothing was sent"), "{said}");
    }
}
