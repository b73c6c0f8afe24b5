//! The task that owns a session's stream.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, watch};

use super::Shared;
use super::calls::{Outgoing, Waiter};
use crate::error::LostCause;
use crate::framing::{self, Assembler, Decoder, Framing, Piece};
use crate::hello::NETCONF_NS;
use crate::transport::{ReadBytes, WriteBytes};
use crate::xml::{self, MAX_HEAD};

/// Requests written in one go, at most.
const BATCH: usize = 64;

/// How long a stream may take to say that no more bytes will come, when the session is over.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

pub(super) struct Driver<R, W> {
    pub(super) read: R,
    pub(super) write: W,
    pub(super) decoder: Decoder,
    pub(super) shared: Arc<Shared>,
    pub(super) waiting: mpsc::Receiver<Outgoing>,
    /// [`SessionConfig::nudge`](super::SessionConfig::nudge).
    pub(super) nudge: Option<Duration>,
    pub(super) stopped: watch::Receiver<bool>,
}

impl<R: ReadBytes, W: WriteBytes> Driver<R, W> {
    /// Reads and writes until the stream ends, the session is stopped, or nobody holds it any more.
    pub(super) async fn run(mut self) {
        let mut reader = Reader { shared: &self.shared, message: Assembler::default(), target: None };
        let framing = self.decoder.framing();
        let mut writer = Writer { write: &mut self.write, shared: &self.shared, framing, nudge: self.nudge };
        let cause = tokio::select! {
            cause = reader.run(&mut self.read, &mut self.decoder) => cause,
            cause = writer.run(&mut self.waiting) => cause,
            _ = self.stopped.wait_for(|stop| *stop) => LostCause::Closed,
        };
        self.waiting.close();
        self.shared.calls.fail_all(cause.clone());
        self.shared.notifications.end(cause);
        // Best effort: the session is over whatever comes of it.
        let _ = tokio::time::timeout(SHUTDOWN_LIMIT, self.write.shutdown()).await;
    }
}

/// Writes requests as they come, several at once if several wait.
struct Writer<'s, W> {
    write: &'s mut W,
    shared: &'s Shared,
    framing: Framing,
    /// What is left to be done of it: `None` once a reply has come or the nudge is sent.
    nudge: Option<Duration>,
}

impl<W: WriteBytes> Writer<'_, W> {
    async fn run(&mut self, waiting: &mut mpsc::Receiver<Outgoing>) -> LostCause {
        let mut batch = Vec::new();
        loop {
            if let Err(cause) = self.next(waiting, &mut batch).await {
                return cause;
            }
            let taken = batch.len();
            if let Err(error) = self.write(&mut batch).await {
                return error.into();
            }
            self.shared.calls.wrote(taken);
        }
    }

    /// Writes what was taken from the queue and is still wanted.
    async fn write(&mut self, batch: &mut Vec<Outgoing>) -> io::Result<()> {
        let mut frames = Vec::with_capacity(batch.len());
        for outgoing in batch.drain(..) {
            match outgoing {
                // Always the first of a batch: nobody writes by himself while the task has something to write.
                Outgoing::Rest(rest) => rest.await?,
                Outgoing::Request { id, frame } if self.shared.calls.begin_write(id) => frames.push(frame),
                Outgoing::Request { .. } => {}
            }
        }
        self.shared.sent.fetch_add(frames.len() as u64, Ordering::Relaxed);
        match frames.len() {
            0 => Ok(()),
            1 => self.write.write(frames.swap_remove(0)).await,
            _ => self.write.write(joined(&frames)).await,
        }
    }

    /// Waits for requests, and nudges the server meanwhile if it has to be.
    async fn next(
        &mut self,
        waiting: &mut mpsc::Receiver<Outgoing>,
        batch: &mut Vec<Outgoing>,
    ) -> Result<(), LostCause> {
        while let Some(after) = self.nudge.filter(|_| self.shared.calls.unanswered()) {
            let more = tokio::time::timeout(after, waiting.recv_many(batch, BATCH)).await;
            match more {
                Ok(0) => return Err(LostCause::Closed),
                Ok(_) => return Ok(()),
                Err(_) if !self.shared.calls.unanswered() => {}
                Err(_) => {
                    self.nudge = None;
                    self.shared.calls.own(NUDGE_ID);
                    let mut frame = BytesMut::new();
                    framing::encode(self.framing, nudge().as_bytes(), &mut frame)?;
                    tracing::debug!("the server has not answered yet: nudging it");
                    self.write.write(frame.freeze()).await?;
                }
            }
        }
        if waiting.recv_many(batch, BATCH).await == 0 { Err(LostCause::Closed) } else { Ok(()) }
    }
}

/// The message-id of the nudge; those of calls begin at 1.
const NUDGE_ID: u64 = 0;

/// A request that asks for nothing (RFC 6241, section 6.4.2).
fn nudge() -> String {
    format!(
        "<rpc xmlns=\"{NETCONF_NS}\" message-id=\"{NUDGE_ID}\"><get><filter type=\"subtree\"/></get></rpc>"
    )
}

fn joined(frames: &[Bytes]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(frames.iter().map(Bytes::len).sum());
    for frame in frames {
        bytes.extend_from_slice(frame);
    }
    bytes.freeze()
}

/// Who gets a message.
enum Target {
    Caller(Waiter),
    Notifications,
}

/// Turns the stream's bytes into replies and notifications.
struct Reader<'s> {
    shared: &'s Shared,
    message: Assembler,
    /// Who gets the message at hand, once its start tag has been seen.
    target: Option<Target>,
}

impl Reader<'_> {
    async fn run<R: ReadBytes>(&mut self, read: &mut R, decoder: &mut Decoder) -> LostCause {
        loop {
            loop {
                match decoder.next_piece() {
                    Ok(Some(Piece::Data(data))) => {
                        if let Err(cause) = self.data(data).await {
                            return cause;
                        }
                    }
                    Ok(Some(Piece::End)) => {
                        if let Err(cause) = self.end().await {
                            return cause;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => return error.into(),
                }
            }
            match read.read().await {
                Ok(bytes) if bytes.is_empty() => return LostCause::EndOfStream,
                Ok(bytes) => decoder.push(bytes),
                Err(error) => return error.into(),
            }
        }
    }

    async fn data(&mut self, data: Bytes) -> Result<(), LostCause> {
        match &self.target {
            Some(Target::Caller(Waiter::Nobody)) => Ok(()),
            Some(Target::Caller(Waiter::Parts(_))) => {
                self.hand_on(Piece::Data(data)).await;
                Ok(())
            }
            Some(_) => {
                self.message.add(data);
                Ok(())
            }
            None => {
                self.message.add(data);
                self.target = self.find_target()?;
                if let Some(Target::Caller(Waiter::Parts(_))) = self.target {
                    let head = self.message.take();
                    self.hand_on(Piece::Data(head)).await;
                }
                Ok(())
            }
        }
    }

    /// Gives a part to its reader, waiting until there is room; the rest is thrown away if the reader is gone.
    async fn hand_on(&mut self, piece: Piece) {
        if let Some(Target::Caller(Waiter::Parts(reader))) = &self.target
            && reader.send(piece).await.is_err()
        {
            self.target = Some(Target::Caller(Waiter::Nobody));
        }
    }

    /// Looks at the message's start tag, if it is complete, for whom it is.
    fn find_target(&self) -> Result<Option<Target>, LostCause> {
        let protocol = |text: &str| LostCause::Protocol(text.to_owned());
        let Some(tag) = xml::start_tag(self.message.bytes()).map_err(protocol)? else {
            let too_long = self.message.bytes().len() > MAX_HEAD;
            return if too_long { Err(protocol("a start tag without end")) } else { Ok(None) };
        };
        match tag.name.as_str() {
            "rpc-reply" => {
                let waiter = self.shared.calls.answered(tag.message_id).map(Target::Caller);
                waiter.map(Some).ok_or_else(|| protocol("a reply to a call that was not made"))
            }
            "notification" => Ok(Some(Target::Notifications)),
            other => Err(LostCause::Protocol(format!("a <{other}> that was not asked for"))),
        }
    }

    async fn end(&mut self) -> Result<(), LostCause> {
        if matches!(self.target, Some(Target::Caller(Waiter::Parts(_)))) {
            self.hand_on(Piece::End).await;
        }
        let message = self.message.take();
        match self.target.take() {
            // The receiver may be gone by now: then the reply is not wanted.
            Some(Target::Caller(Waiter::Whole(caller))) => drop(caller.send(message)),
            Some(Target::Caller(Waiter::Parts(_) | Waiter::Nobody)) => {}
            Some(Target::Notifications) => self.shared.notifications.push(message),
            None => return Err(LostCause::Protocol("a message without a root element".to_owned())),
        }
        Ok(())
    }
}
