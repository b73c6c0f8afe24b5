//! The task that owns a session's stream.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::timeout;

use super::Shared;
use super::calls::{Batch, Grown, PARTS, Taker};
use crate::error::LostCause;
use crate::framing::{self, Assembler, Decoder, Framing, Piece};
use crate::hello::NETCONF_NS;
use crate::transport::{ReadBytes, WriteBytes};
use crate::xml::{self, MAX_HEAD};

/// How long a stream may take to say that no more bytes will come, when the session is over.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

pub(super) struct Driver<R, W> {
    pub(super) read: R,
    pub(super) write: W,
    pub(super) decoder: Decoder,
    pub(super) shared: Arc<Shared>,
    /// [`SessionConfig::nudge`](super::SessionConfig::nudge).
    pub(super) nudge: Option<Duration>,
}

impl<R, W> Drop for Driver<R, W> {
    /// The task may also end with its runtime, or by a panic of the transport: then nobody looks after the calls.
    fn drop(&mut self) {
        self.shared.calls.fail_all(LostCause::Closed);
        self.shared.notifications.end(LostCause::Closed);
    }
}

impl<R: ReadBytes, W: WriteBytes> Driver<R, W> {
    /// Reads and writes until the stream ends, or the session has been ended from this side.
    pub(super) async fn run(mut self) {
        let mut reader = Reader {
            shared: &self.shared,
            message: Assembler::default(),
            target: None,
            look_at: 0,
            is_idle: false,
        };
        let framing = self.decoder.framing();
        let mut writer = Writer { write: &mut self.write, shared: &self.shared, framing, nudge: self.nudge };
        let cause = tokio::select! {
            biased;
            cause = reader.run(&mut self.read, &mut self.decoder) => cause,
            cause = writer.run() => cause,
        };
        self.shared.calls.fail_all(cause.clone());
        self.shared.notifications.end(cause);
        // Whoever reads a reply as it comes hears of it now.
        drop(reader);
        // Best effort: the session is over whatever comes of it.
        let _ = timeout(SHUTDOWN_LIMIT, self.write.shutdown()).await;
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
    /// Ends when the session has been ended from this side, or cannot be written to.
    async fn run(&mut self) -> LostCause {
        let calls = &self.shared.calls;
        let mut batch = Batch::default();
        loop {
            if let Err(cause) = self.next(&mut batch).await {
                return cause;
            }
            let written = tokio::select! {
                biased;
                written = self.write(&mut batch) => written,
                cause = calls.watch() => return cause,
            };
            if let Err(error) = written {
                return error.into();
            }
            calls.wrote();
        }
    }

    async fn write(&mut self, batch: &mut Batch) -> io::Result<()> {
        if let Some(rest) = batch.rest.take() {
            rest.await?;
        }
        let written = match &batch.frames[..] {
            [] => Ok(()),
            [frame] => self.write.write(frame.clone()).await,
            frames => self.write.write(joined(frames)).await,
        };
        batch.frames.clear();
        written
    }

    /// Waits for requests, and nudges the server meanwhile if it has to be.
    async fn next(&mut self, batch: &mut Batch) -> Result<(), LostCause> {
        let calls = &self.shared.calls;
        while let Some(after) = self.nudge.filter(|_| calls.unanswered()) {
            match timeout(after, calls.next(batch)).await {
                Ok(taken) => return taken,
                Err(_) if !calls.unanswered() => {}
                Err(_) => {
                    self.nudge = None;
                    let mut frame = BytesMut::new();
                    framing::encode(self.framing, nudge().as_bytes(), &mut frame)?;
                    tracing::debug!("the server has not answered yet: nudging it");
                    calls.own(NUDGE_ID);
                    batch.frames.push(frame.freeze());
                    return Ok(());
                }
            }
        }
        calls.next(batch).await
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
    Caller(Taker),
    Notifications,
}

/// Turns the stream's bytes into replies and notifications.
struct Reader<'s> {
    shared: &'s Shared,
    /// The message at hand, or what has come of it since its last part was given away.
    message: Assembler,
    /// Who gets the message at hand, once its start tag has been seen.
    target: Option<Target>,
    /// Bytes of the message at which its start tag is looked for next.
    look_at: usize,
    /// Whether its caller does not fetch it.
    is_idle: bool,
}

/// Reads in a row, without one that had to wait, after which writing and deadlines have a turn.
const READS_IN_A_ROW: u32 = 64;

/// Bytes up to which a message's start tag is looked for with every part that comes.
const SMALL_HEAD: usize = 4096;

/// Bytes of a reply that are kept here until more have come, at most; so a caller is not woken for less.
const LARGE: usize = 16 << 10;

/// How long the session waits, once in a reply, for a caller who does not fetch it.
const PATIENCE: Duration = Duration::from_millis(100);

impl Reader<'_> {
    async fn run<R: ReadBytes>(&mut self, read: &mut R, decoder: &mut Decoder) -> LostCause {
        let mut reads = 0u32;
        loop {
            reads = reads.wrapping_add(1);
            if reads.is_multiple_of(READS_IN_A_ROW) {
                tokio::task::yield_now().await;
            }
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
            Some(Target::Caller(Taker::Nobody)) => Ok(()),
            Some(Target::Caller(Taker::Parts(_))) => {
                self.hand_on(Piece::Data(data)).await;
                Ok(())
            }
            Some(Target::Caller(Taker::Whole)) => {
                self.message.add(data);
                self.pass_on().await;
                Ok(())
            }
            Some(Target::Notifications) => {
                self.message.add(data);
                Ok(())
            }
            None => {
                self.message.add(data);
                let length = self.message.bytes().len();
                if length < self.look_at {
                    return Ok(());
                }
                // A long start tag that comes in small parts is not searched anew with each of them.
                self.look_at = if length < SMALL_HEAD { 0 } else { length + length / 8 };
                self.target = self.find_target()?;
                match self.target {
                    Some(Target::Caller(Taker::Parts(_))) => {
                        let head = self.message.take();
                        self.hand_on(Piece::Data(head)).await;
                    }
                    Some(Target::Caller(Taker::Whole)) => self.pass_on().await,
                    _ => {}
                }
                Ok(())
            }
        }
    }

    /// Lets the caller of a large reply put it together himself, so that this task is free for the next part. It waits
    /// for one who is behind, so that there is never much more in memory than the reply; whoever does not fetch his reply
    /// gets the rest of it in one piece.
    async fn pass_on(&mut self) {
        if self.message.bytes().len() < LARGE {
            return;
        }
        match self.shared.calls.grew(&mut self.message) {
            Grown::Taken => {}
            Grown::Full(_) if self.is_idle => {}
            Grown::Full(caller) => match timeout(PATIENCE, caller.reserve_many(PARTS / 2)).await {
                // He is not to be woken, nor to wake this task, for every part.
                Ok(Ok(mut room)) => {
                    if let Some(room) = room.next() {
                        room.send(self.message.take());
                    }
                }
                // He has gone: the next part is told so.
                Ok(Err(_)) => {}
                Err(_) => self.is_idle = true,
            },
            Grown::Unwanted => {
                self.message.take();
                self.target = Some(Target::Caller(Taker::Nobody));
            }
        }
    }

    /// Gives a part to its reader, waiting until there is room; the rest is thrown away if the reader is gone.
    async fn hand_on(&mut self, piece: Piece) {
        if let Some(Target::Caller(Taker::Parts(reader))) = &self.target
            && reader.send(piece).await.is_err()
        {
            self.target = Some(Target::Caller(Taker::Nobody));
        }
    }

    /// Looks at the message's start tag, if it is complete, for whom it is.
    fn find_target(&self) -> Result<Option<Target>, LostCause> {
        let protocol = |text: &str| LostCause::Protocol(text.to_owned());
        let Some(tag) = xml::start_tag(self.message.bytes()).map_err(protocol)? else {
            let too_long = self.message.bytes().len() > MAX_HEAD;
            return if too_long { Err(protocol("a start tag without end")) } else { Ok(None) };
        };
        match tag.name {
            "rpc-reply" => {
                let taker = self.shared.calls.answered(tag.message_id).map(Target::Caller);
                taker.map(Some).ok_or_else(|| protocol("a reply to a call that was not made"))
            }
            "notification" if self.shared.notifications.is_read() => Ok(Some(Target::Notifications)),
            "notification" => Ok(Some(Target::Caller(Taker::Nobody))),
            other => Err(LostCause::Protocol(format!("a <{other}> that was not asked for"))),
        }
    }

    async fn end(&mut self) -> Result<(), LostCause> {
        self.look_at = 0;
        self.is_idle = false;
        if self.target.is_none() {
            self.target = self.find_target()?;
            if let Some(Target::Caller(Taker::Parts(_))) = self.target {
                let whole = self.message.take();
                self.hand_on(Piece::Data(whole)).await;
            }
        }
        if matches!(self.target, Some(Target::Caller(Taker::Parts(_)))) {
            self.hand_on(Piece::End).await;
        }
        let message = self.message.take();
        match self.target.take() {
            Some(Target::Caller(_)) => self.shared.calls.received(message),
            Some(Target::Notifications) => self.shared.notifications.push(message),
            None => return Err(LostCause::Protocol("a message without a root element".to_owned())),
        }
        Ok(())
    }
}
