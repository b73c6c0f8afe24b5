//! The task that owns a session's stream.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, watch};

use super::Shared;
use super::calls::{Outgoing, Waiter};
use crate::error::LostCause;
use crate::framing::{Assembler, Decoder, Piece};
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
    pub(super) stopped: watch::Receiver<bool>,
}

impl<R: ReadBytes, W: WriteBytes> Driver<R, W> {
    /// Reads and writes until the stream ends, the session is stopped, or nobody holds it any more.
    pub(super) async fn run(mut self) {
        let mut reader = Reader { shared: &self.shared, message: Assembler::default(), target: None };
        let cause = tokio::select! {
            cause = reader.run(&mut self.read, &mut self.decoder) => cause,
            cause = write_all(&mut self.write, &mut self.waiting, &self.shared) => cause,
            _ = self.stopped.wait_for(|stop| *stop) => LostCause::Closed,
        };
        self.waiting.close();
        self.shared.calls.fail_all(cause);
        // Best effort: the session is over whatever comes of it.
        let _ = tokio::time::timeout(SHUTDOWN_LIMIT, self.write.shutdown()).await;
    }
}

/// Writes requests as they come, several at once if several wait.
async fn write_all<W: WriteBytes>(
    write: &mut W,
    waiting: &mut mpsc::Receiver<Outgoing>,
    shared: &Shared,
) -> LostCause {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        if waiting.recv_many(&mut batch, BATCH).await == 0 {
            return LostCause::Closed;
        }
        batch.retain(|outgoing: &Outgoing| shared.calls.begin_write(outgoing.id));
        shared.sent.fetch_add(batch.len() as u64, Ordering::Relaxed);
        let bytes = match batch.len() {
            0 => continue,
            1 => batch.remove(0).frame,
            _ => joined(&batch),
        };
        batch.clear();
        if let Err(error) = write.write(bytes).await {
            return error.into();
        }
    }
}

fn joined(batch: &[Outgoing]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(batch.iter().map(|outgoing| outgoing.frame.len()).sum());
    for outgoing in batch {
        bytes.extend_from_slice(&outgoing.frame);
    }
    bytes.freeze()
}

/// Turns the stream's bytes into replies.
struct Reader<'s> {
    shared: &'s Shared,
    message: Assembler,
    /// Who gets the message at hand, once its start tag has been seen.
    target: Option<Waiter>,
}

impl Reader<'_> {
    async fn run<R: ReadBytes>(&mut self, read: &mut R, decoder: &mut Decoder) -> LostCause {
        loop {
            loop {
                match decoder.next_piece() {
                    Ok(Some(Piece::Data(data))) => {
                        if let Err(cause) = self.data(data) {
                            return cause;
                        }
                    }
                    Ok(Some(Piece::End)) => {
                        if let Err(cause) = self.end() {
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

    fn data(&mut self, data: Bytes) -> Result<(), LostCause> {
        if matches!(self.target, Some(Waiter::Nobody)) {
            return Ok(());
        }
        self.message.add(data);
        if self.target.is_none() {
            self.target = self.find_target()?;
        }
        Ok(())
    }

    /// Looks at the message's start tag, if it is complete, for whom it is.
    fn find_target(&self) -> Result<Option<Waiter>, LostCause> {
        let protocol = |text: &str| LostCause::Protocol(text.to_owned());
        let Some(tag) = xml::start_tag(self.message.bytes()).map_err(protocol)? else {
            let too_long = self.message.bytes().len() > MAX_HEAD;
            return if too_long { Err(protocol("a start tag without end")) } else { Ok(None) };
        };
        if tag.name != "rpc-reply" {
            return Err(LostCause::Protocol(format!("a <{}> that was not asked for", tag.name)));
        }
        let waiter = self.shared.calls.answered(tag.message_id);
        waiter.map(Some).ok_or_else(|| protocol("a reply to a call that was not made"))
    }

    fn end(&mut self) -> Result<(), LostCause> {
        let message = self.message.take();
        match self.target.take() {
            // The receiver may be gone by now: then the reply is not wanted.
            Some(Waiter::Whole(caller)) => drop(caller.send(message)),
            Some(Waiter::Nobody) => {}
            None => return Err(LostCause::Protocol("a message without a root element".to_owned())),
        }
        Ok(())
    }
}
