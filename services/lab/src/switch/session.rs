//! One NETCONF session: hello, framing, one RPC after the other, and the faults that strike them.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use netconf_client::framing::{self, Decoder, Framing, Limits};
use netconf_client::hello::Hello;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use super::error::RpcError;
use super::log::EventKind;
use super::rpc::{self, Reply};
use super::ssh::Shared;
use super::wire::Connection;
use crate::faults::{Fault, FaultAction, Point, System};

/// How long a client may take to send its hello.
const HELLO_LIMIT: Duration = Duration::from_secs(30);
/// Bytes of the largest message that is read.
const MESSAGE_LIMIT: u64 = 16 << 20;
/// Bytes read at once.
const READ_SIZE: usize = 32 * 1024;

/// What has gone over the wire, and where it is to be cut.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// Cut once this many bytes have come in.
    pub(crate) limit_in: Option<u64>,
    /// Cut once this many bytes have gone out.
    pub(crate) limit_out: Option<u64>,
    bytes_in: u64,
    bytes_out: u64,
}

/// How a session ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The channel is closed, the connection stays; the reason in words.
    Closed(String),
    /// The client is gone or the connection was cut.
    Lost(String),
}

impl End {
    /// Whether the client still hears us.
    pub(crate) fn is_orderly(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Lost(format!("connection lost: {error}"))
    }
}

/// A session that was opened and not yet run.
pub(crate) struct Netconf {
    pub(crate) shared: Arc<Shared>,
    pub(crate) id: u32,
    pub(crate) kill: CancellationToken,
    pub(crate) connection: Arc<Connection>,
    pub(crate) line: Line,
    /// What the connection must have written before all that was sent is out.
    pub(crate) sent: u64,
}

/// What the faults leave of an RPC.
#[derive(Default)]
struct Struck {
    waits: Vec<Fault>,
    error: Option<RpcError>,
    reset: bool,
    drop_reply: bool,
}

impl Netconf {
    /// Runs the session to its end; afterwards the switch has forgotten it.
    pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(mut self, stream: &mut S) -> End {
        let Err(end) = self.converse(stream).await;
        let (End::Closed(why) | End::Lost(why)) = &end;
        self.shared.device().end_session(self.id, why);
        end
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
    ) -> Result<std::convert::Infallible, End> {
        let limits = Limits { max_message: MESSAGE_LIMIT, ..Limits::default() };
        let mut decoder = Decoder::new(limits);
        let ours = {
            let device = self.shared.device();
            device.offers.hello(&device.model.content_id, self.id)
        };
        self.send(stream, Framing::EndOfMessage, &ours).await?;
        let theirs = tokio::time::timeout(HELLO_LIMIT, self.next(stream, &mut decoder)).await;
        let theirs = theirs.map_err(|_| End::Closed("no hello came".to_owned()))??;
        let framing = agree(&ours, &theirs)?;
        if let Some(session) = self.shared.device().sessions.get_mut(&self.id) {
            session.chunked = framing == Framing::Chunked;
        }
        decoder.set_framing(framing);
        let Some(wake) = self.shared.device().sessions.get(&self.id).map(|session| session.wake.clone())
        else {
            return Err(End::Closed("killed".to_owned()));
        };
        loop {
            let stop = self.shared.device().subscription_stop(self.id);
            let message = tokio::select! {
                message = self.next(stream, &mut decoder) => Some(message?),
                () = wake.notified() => None,
                () = until(stop) => None,
            };
            if let Some(message) = message {
                self.answer(stream, framing, &message).await?;
            }
            let waiting = self.shared.device().notifications(self.id, Timestamp::now());
            for notification in waiting {
                self.send(stream, framing, &notification).await?;
            }
        }
    }

    /// The next message from the client.
    async fn next<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        decoder: &mut Decoder,
    ) -> Result<Bytes, End> {
        loop {
            let message = decoder.next_message().map_err(|error| End::Closed(format!("framing: {error}")))?;
            if let Some(message) = message {
                return Ok(message);
            }
            if self.is_spent_in() {
                return Err(self.cut("its bytes in were used up").await);
            }
            let mut buffer = BytesMut::with_capacity(READ_SIZE);
            let count = tokio::select! {
                () = self.kill.cancelled() => return Err(End::Closed("killed".to_owned())),
                count = stream.read_buf(&mut buffer) => count?,
            };
            if count == 0 {
                return Err(End::Lost("the client closed the connection".to_owned()));
            }
            self.line.bytes_in += count as u64;
            if let Some(limit) = self.line.limit_in {
                let over = usize::try_from(self.line.bytes_in.saturating_sub(limit)).unwrap_or(usize::MAX);
                buffer.truncate(count.saturating_sub(over));
            }
            decoder.push(buffer.freeze());
        }
    }

    fn is_spent_in(&self) -> bool {
        self.line.limit_in.is_some_and(|limit| self.line.bytes_in >= limit)
    }

    /// Carries out one message and sends the reply, unless a fault strikes.
    async fn answer<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        framing: Framing,
        message: &[u8],
    ) -> Result<(), End> {
        let (name, target) = rpc::operation(message).unwrap_or_default();
        let struck = self.strike(&name, &target);
        let wait = async {
            if !self.shared.rpc_delay.is_zero() {
                tokio::time::sleep(self.shared.rpc_delay).await;
            }
            for fault in &struck.waits {
                self.shared.faults.wait(fault).await;
            }
        };
        if self.kill.run_until_cancelled(wait).await.is_none() {
            return Err(End::Closed("killed".to_owned()));
        }
        if struck.reset {
            return Err(self.cut("reset instead of an answer").await);
        }
        let reply = match &struck.error {
            Some(error) => Reply { xml: Some(rpc::error_reply(message, error)), close: None },
            None => self.shared.device().handle(self.id, message, Instant::now()),
        };
        if struck.drop_reply || self.is_spent_in() {
            return Err(self.cut(&format!("cut after {name} was done")).await);
        }
        if let Some(xml) = &reply.xml {
            self.send(stream, framing, xml).await?;
        }
        match reply.close {
            Some(why) => Err(End::Closed(why)),
            None => Ok(()),
        }
    }

    fn strike(&mut self, name: &str, target: &str) -> Struck {
        let mut struck = Struck::default();
        for fault in self.shared.faults.strike(System::Switch, Point::Request, name, target) {
            let text = format!("{name}: {:?}", fault.action);
            self.shared.device().log.add(EventKind::Fault, (Some(self.id), ""), text);
            match fault.action {
                FaultAction::Delay { .. } | FaultAction::Hold => struck.waits.push(fault),
                FaultAction::Reset => struck.reset = true,
                FaultAction::DropReply | FaultAction::ResetAfter => struck.drop_reply = true,
                FaultAction::RpcError { tag, message } => {
                    struck.error = Some(RpcError::application(&tag, &message));
                }
                FaultAction::Status { body, .. } => {
                    struck.error = Some(RpcError::application("operation-failed", &body));
                }
                FaultAction::CutAfterBytesIn { bytes } => self.line.limit_in = Some(bytes),
                FaultAction::CutAfterBytesOut { bytes } => self.line.limit_out = Some(bytes),
                FaultAction::Lose | FaultAction::Double | FaultAction::StatusAfter { .. } => {}
            }
        }
        struck
    }

    async fn send<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        framing: Framing,
        message: &str,
    ) -> Result<(), End> {
        let mut wire = BytesMut::new();
        framing::encode(framing, message.as_bytes(), &mut wire)
            .map_err(|error| End::Closed(format!("framing: {error}")))?;
        let left = self.line.limit_out.map(|limit| limit.saturating_sub(self.line.bytes_out));
        let left = left.and_then(|left| usize::try_from(left).ok());
        let cut = left.is_some_and(|left| left <= wire.len());
        if let Some(left) = left {
            wire.truncate(left);
        }
        self.line.bytes_out += wire.len() as u64;
        self.sent = self.sent.max(self.connection.written()) + wire.len() as u64;
        if !wire.is_empty() {
            tokio::select! {
                // A killed session must not hang on a client that no longer reads.
                () = self.kill.cancelled() => return Err(End::Closed("killed".to_owned())),
                written = stream.write_all(&wire) => written?,
            }
        }
        if cut {
            return Err(self.cut("its bytes out were used up").await);
        }
        Ok(())
    }

    async fn cut(&self, why: &str) -> End {
        self.shared.device().log.add(EventKind::Fault, (Some(self.id), ""), format!("connection cut: {why}"));
        // What was answered before shall arrive: only then is the place of the cut a certain one.
        self.connection.wait_written(self.sent).await;
        self.connection.cut();
        End::Lost(why.to_owned())
    }
}

/// Waits for a time; for ever where there is none.
async fn until(time: Option<Timestamp>) {
    match time {
        Some(time) => {
            let left = time.duration_since(Timestamp::now());
            tokio::time::sleep(left.try_into().unwrap_or_default()).await;
        }
        None => std::future::pending().await,
    }
}

fn agree(ours: &str, theirs: &[u8]) -> Result<Framing, End> {
    let refuse = |error: &dyn std::fmt::Display| End::Closed(format!("no usable hello: {error}"));
    let ours = Hello::parse(ours.as_bytes()).map_err(|error| refuse(&error))?;
    let theirs = Hello::parse(theirs).map_err(|error| refuse(&error))?;
    if theirs.session_id.is_some() {
        // RFC 6241 8.1: a server that gets a session-id must end the session.
        return Err(End::Closed("no usable hello: a client's hello has no session-id".to_owned()));
    }
    ours.agree(&theirs).map_err(|error| refuse(&error))
}
