//! A NETCONF server whose configuration is one element, `<value xmlns="urn:test">…</value>`, with candidate, locks,
//! commit and confirmed commit as RFC 6241 wants them, and faults on demand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use netconf_client::framing::{self, Decoder, Framing, Limits};
use netconf_client::hello::{Hello, NETCONF_NS};
use netconf_client::{Capabilities, capabilities};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};

/// What the server does with a request.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Act {
    /// What it asks for.
    Normal,
    /// Refuses with this error-tag.
    Refuse(&'static str),
    /// Closes the connection without doing it.
    CutBefore,
    /// Does it and closes the connection instead of answering.
    CutAfter,
    /// Does it and never answers.
    Silent,
    /// Neither does it nor answers.
    Ignore,
    /// Answers with ok and does not do it.
    Lie,
    /// Sends nearly all of the answer, and nothing more for ever.
    Half,
    /// Does it after this time.
    After(Duration),
    /// Does it and answers with this error-tag.
    DoneBut(&'static str),
}

/// Bytes that [`Act::Half`] keeps back: fewer than stand after the reply's start tag.
const HALF_LACKS: usize = 25;

type Hook = Box<dyn Fn(&str) -> Act + Send + Sync>;

struct Pending {
    /// The session whose end undoes it; `None` if it was made with a persist id.
    session: Option<u32>,
    persist: Option<String>,
    saved: String,
    number: u64,
}

#[derive(Default)]
struct State {
    running: String,
    candidate: String,
    locks: HashMap<String, u32>,
    pending: Option<Pending>,
    pending_count: u64,
    sessions: u32,
    open: usize,
    log: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Fake {
    state: Arc<Mutex<State>>,
    offered: Arc<Vec<&'static str>>,
    hook: Arc<Hook>,
}

/// base:1.1, candidate, confirmed commit 1.1, validate 1.1, rollback-on-error.
pub(crate) const FULL: &[&str] = &[
    capabilities::BASE_1_0,
    capabilities::BASE_1_1,
    capabilities::CANDIDATE,
    capabilities::CONFIRMED_COMMIT_1_1,
    capabilities::VALIDATE_1_1,
    capabilities::ROLLBACK_ON_ERROR,
];

impl Fake {
    pub(crate) fn new(offered: &[&'static str]) -> Self {
        Self::with_hook(offered, |_| Act::Normal)
    }

    /// `hook` decides on every request by the name of its operation; a commit is `commit`, `commit-confirmed`.
    pub(crate) fn with_hook(
        offered: &[&'static str],
        hook: impl Fn(&str) -> Act + Send + Sync + 'static,
    ) -> Self {
        let state = State { running: "old".into(), candidate: "old".into(), ..State::default() };
        let offered = Arc::new(offered.to_vec());
        Fake { state: Arc::new(Mutex::new(state)), offered, hook: Arc::new(Box::new(hook)) }
    }

    pub(crate) fn running(&self) -> String {
        self.state.lock().unwrap().running.clone()
    }

    pub(crate) fn candidate(&self) -> String {
        self.state.lock().unwrap().candidate.clone()
    }

    pub(crate) fn set_candidate(&self, value: &str) {
        self.state.lock().unwrap().candidate = value.to_owned();
    }

    /// Sessions that have not ended.
    pub(crate) fn open(&self) -> usize {
        self.state.lock().unwrap().open
    }

    pub(crate) fn locks(&self) -> usize {
        self.state.lock().unwrap().locks.len()
    }

    /// The operations taken so far, in order.
    pub(crate) fn log(&self) -> Vec<String> {
        self.state.lock().unwrap().log.clone()
    }

    /// Forgets the log.
    pub(crate) fn forget(&self) {
        self.state.lock().unwrap().log = Vec::new();
    }

    /// The client's end of a new connection.
    pub(crate) fn connect(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let server = self.clone();
        tokio::spawn(async move { server.serve(ours).await });
        theirs
    }

    /// Serves one session until its stream ends.
    pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S) {
        let id = {
            let mut state = self.state.lock().unwrap();
            state.sessions += 1;
            state.open += 1;
            state.sessions
        };
        let mut decoder = Decoder::new(Limits::default());
        let hello = Hello::server(self.offered.iter().collect(), id);
        // A client may go away at any time: then the session is over.
        let _ = self.converse(&mut stream, &mut decoder, &hello, id).await;
        let mut state = self.state.lock().unwrap();
        if state.pending.as_ref().is_some_and(|pending| pending.session == Some(id)) {
            state.revert();
        }
        state.locks.retain(|_, holder| *holder != id);
        state.open -= 1;
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        decoder: &mut Decoder,
        hello: &Hello,
        id: u32,
    ) -> std::io::Result<()> {
        send(stream, Framing::EndOfMessage, &hello.to_xml()).await?;
        let mut greeted = false;
        loop {
            while let Some(message) = decoder.next_message().map_err(std::io::Error::other)? {
                if !greeted {
                    greeted = true;
                    decoder.set_framing(hello.agree(&Hello::parse(&message).unwrap()).unwrap());
                    continue;
                }
                let text = std::str::from_utf8(&message).unwrap();
                let document = roxmltree::Document::parse(text).unwrap();
                let rpc = document.root_element();
                let operation = rpc.first_element_child().unwrap();
                let name = name_of(operation);
                self.state.lock().unwrap().log.push(name.clone());
                let act = (self.hook)(&name);
                match act {
                    Act::CutBefore => return Ok(()),
                    Act::Ignore => continue,
                    Act::After(time) => tokio::time::sleep(time).await,
                    _ => {}
                }
                let body = match act {
                    Act::Refuse(tag) => Err((tag.to_owned(), None)),
                    Act::Lie => Ok("<ok/>".to_owned()),
                    Act::DoneBut(tag) => self.operate(operation, &name, id).and(Err((tag.to_owned(), None))),
                    _ => self.operate(operation, &name, id),
                };
                match act {
                    Act::CutAfter => return Ok(()),
                    Act::Silent => continue,
                    _ => {}
                }
                let message_id = rpc.attribute("message-id").unwrap();
                let body = body.unwrap_or_else(|(tag, holder)| error_xml(&tag, holder));
                let reply = format!(
                    "<rpc-reply xmlns=\"{NETCONF_NS}\" message-id=\"{message_id}\">{body}</rpc-reply>"
                );
                if act == Act::Half {
                    let mut frame = framed(decoder.framing(), &reply)?;
                    frame.truncate(frame.len() - HALF_LACKS);
                    stream.write_all(&frame).await?;
                    return std::future::pending().await;
                }
                send(stream, decoder.framing(), &reply).await?;
                if name == "close-session" {
                    return Ok(());
                }
            }
            let mut bytes = BytesMut::with_capacity(65536);
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
            decoder.push(bytes.freeze());
        }
    }

    fn operate(
        &self,
        operation: roxmltree::Node<'_, '_>,
        name: &str,
        id: u32,
    ) -> Result<String, (String, Option<u32>)> {
        let mut state = self.state.lock().unwrap();
        let capabilities: Capabilities = self.offered.iter().collect();
        let datastore = |role: &str| {
            let holder = operation.children().find(|node| node.has_tag_name((NETCONF_NS, role))).unwrap();
            holder.first_element_child().unwrap().tag_name().name().to_owned()
        };
        let refused = |tag: &str| Err((tag.to_owned(), None));
        match name {
            "lock" => {
                let target = datastore("target");
                if let Some(holder) = state.locks.get(&target) {
                    return Err(("lock-denied".into(), Some(*holder)));
                }
                if target == "candidate" && state.candidate != state.running {
                    return Err(("lock-denied".into(), Some(0)));
                }
                state.locks.insert(target, id);
            }
            "unlock" if state.locks.remove(&datastore("target")) == Some(id) => {}
            "unlock" => return refused("operation-failed"),
            "get-config" => {
                let value =
                    if datastore("source") == "candidate" { &state.candidate } else { &state.running };
                return Ok(format!("<data><value xmlns=\"urn:test\">{value}</value></data>"));
            }
            "get" => return Ok("<data/>".to_owned()),
            "edit-config" => {
                let element =
                    operation.descendants().find(|node| node.has_tag_name(("urn:test", "value"))).unwrap();
                let value = element.text().unwrap_or("").to_owned();
                if value == "bad" {
                    return refused("invalid-value");
                }
                match datastore("target").as_str() {
                    "candidate" => state.candidate = value,
                    _ => state.running = value,
                }
            }
            "validate" if !capabilities.validate() => return refused("operation-not-supported"),
            "commit" | "commit-confirmed" | "cancel-commit"
                if !state.may_settle(text(operation, "persist-id")) =>
            {
                return refused("invalid-value");
            }
            "commit" | "commit-confirmed" => self.commit(&mut state, operation, name, id),
            "cancel-commit" if state.pending.is_none() => return refused("operation-failed"),
            "cancel-commit" => state.revert(),
            "discard-changes" => state.candidate = state.running.clone(),
            "close-session" | "validate" => {}
            _ => return refused("operation-not-supported"),
        }
        Ok("<ok/>".to_owned())
    }

    fn commit(&self, state: &mut State, operation: roxmltree::Node<'_, '_>, name: &str, id: u32) {
        let committed = state.candidate.clone();
        let saved = std::mem::replace(&mut state.running, committed);
        let pending = state.pending.take();
        if name == "commit-confirmed" {
            let saved = pending.map_or(saved, |earlier| earlier.saved);
            state.pending_count += 1;
            let number = state.pending_count;
            let persist = text(operation, "persist").map(str::to_owned);
            let session = persist.is_none().then_some(id);
            state.pending = Some(Pending { session, persist, saved, number });
            self.revert_later(operation, number);
        }
    }

    fn revert_later(&self, commit: roxmltree::Node<'_, '_>, number: u64) {
        let seconds = text(commit, "confirm-timeout").map_or(600, |text| text.parse().unwrap());
        let state = Arc::clone(&self.state);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            let mut state = state.lock().unwrap();
            if state.pending.as_ref().is_some_and(|pending| pending.number == number) {
                state.revert();
            }
        });
    }
}

/// The text of a child of the operation.
fn text<'a>(operation: roxmltree::Node<'a, '_>, name: &str) -> Option<&'a str> {
    operation.children().find(|node| node.has_tag_name((NETCONF_NS, name)))?.text()
}

impl State {
    /// Whether this persist-id, or none, is the one that the pending commit wants.
    fn may_settle(&self, persist_id: Option<&str>) -> bool {
        self.pending.as_ref().is_none_or(|pending| pending.persist.as_deref() == persist_id)
            && (self.pending.is_some() || persist_id.is_none())
    }

    /// As netconfd does it: a lock on running, whoever holds it, lets the change stay for good.
    fn revert(&mut self) {
        if let Some(pending) = self.pending.take()
            && !self.locks.contains_key("running")
        {
            self.running = pending.saved;
        }
    }
}

fn name_of(operation: roxmltree::Node<'_, '_>) -> String {
    let name = operation.tag_name().name();
    let confirmed = operation.children().any(|node| node.has_tag_name((NETCONF_NS, "confirmed")));
    if confirmed { format!("{name}-confirmed") } else { name.to_owned() }
}

fn error_xml(tag: &str, holder: Option<u32>) -> String {
    let details = holder
        .map_or_else(String::new, |id| format!("<error-info><session-id>{id}</session-id></error-info>"));
    format!(
        "<rpc-error><error-type>protocol</error-type><error-tag>{tag}</error-tag>\
         <error-severity>error</error-severity>{details}</rpc-error>"
    )
}

fn framed(framing: Framing, message: &str) -> std::io::Result<BytesMut> {
    let mut frame = BytesMut::new();
    framing::encode(framing, message.as_bytes(), &mut frame).map_err(std::io::Error::other)?;
    Ok(frame)
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, framing: Framing, message: &str) -> std::io::Result<()> {
    stream.write_all(&framed(framing, message)?).await
}
