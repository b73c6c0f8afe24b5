//! A NETCONF session: one task owns the stream, any number of callers use it at once.
//!
//! [`Session`] is a cheap handle. Each call is sent with a `message-id` of its own and gets the reply that bears
//! it, so calls may overlap ("pipelining"); the server works them off in order (RFC 6241, section 4.5). A call that
//! is dropped or runs into its time limit leaves the session usable: its reply, when it comes, is thrown away.
//!
//! A large reply is put together by its caller while it comes. A caller who does not fetch it (whose future is held and not
//! polled) keeps the session's other replies waiting for 100 ms at most, once in a reply.

mod caller;
mod calls;
mod config;
mod driver;
mod holds;

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::capabilities::Capabilities;
use crate::error::{Error, LostCause, Phase, UnknownCommit};
use crate::framing::{self, Decoder, Framing, Limits};
use crate::hello::{Hello, HelloError, NETCONF_NS};
use crate::notification::{Notifications, Queue, QueueLimits};
use crate::operation::{Effect, Operation};
use crate::reply::Reply;
use crate::stream::ReplyStream;
use crate::transport::{ReadBytes, Stream, Transport, WriteBytes};

pub use config::SessionConfig;

pub(crate) use caller::Registered;
use calls::{Calls, Request, Waiter};
use holds::Holds;

/// Parts of a streamed reply that are read ahead of its reader.
const READ_AHEAD: usize = 4;

/// Bytes in a server's hello, at most: nobody knows yet who sends them. The largest known have some 200 kB.
const MAX_HELLO: u64 = 4 << 20;

/// Bytes that most requests fit into.
const FRAME_ROOM: usize = 512;

/// What the handles and the task share.
struct Shared {
    calls: Calls,
    /// Where notifications go.
    notifications: Arc<Queue>,
}

/// A NETCONF session. Clones are handles to the same session; when the last one is dropped, the connection is
/// closed, which the server takes as the end of the session.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    next_id: AtomicU64,
    framing: Framing,
    hello: Hello,
    session_id: u32,
    config: SessionConfig,
    holds: Holds,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.calls.fail_all(LostCause::Closed);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("session_id", &self.inner.session_id)
            .field("framing", &self.inner.framing)
            .field("lost", &self.lost())
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Opens a session over a byte stream that a NETCONF server is at the other end of: exchanges hellos and
    /// starts the task that owns the stream.
    ///
    /// # Errors
    /// [`Error::Hello`], [`Error::Timeout`] in [`Phase::Hello`], [`Error::SessionLost`].
    pub async fn open<S>(stream: S, config: SessionConfig) -> Result<Self, Error>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        Self::open_transport(Stream(stream), config).await
    }

    /// [`Session::open`] over a [`Transport`].
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn open_transport<T: Transport>(transport: T, config: SessionConfig) -> Result<Self, Error> {
        let (mut read, mut write) = transport.split();
        let max_message = config.limits.max_message.min(MAX_HELLO);
        let mut decoder = Decoder::new(Limits { max_message, ..config.limits });
        let ours = Hello { capabilities: config.capabilities.clone(), session_id: None };
        let exchange = exchange_hellos(&ours, &mut read, &mut write, &mut decoder);
        let theirs = timeout(config.hello_timeout, exchange).await.map_err(|_| Error::Timeout {
            phase: Phase::Hello,
            after: config.hello_timeout,
            safe_to_repeat: true,
        })??;
        let framing = ours.agree(&theirs)?;
        let session_id = theirs.session_id.ok_or(HelloError::NoSessionId)?;
        decoder.set_framing(framing);
        decoder.set_limits(config.limits);

        let shared =
            Arc::new(Shared { calls: Calls::new(write.direct(), &config), notifications: Arc::default() });
        let nudge = config.nudge;
        let driver = driver::Driver { read, write, decoder, shared: Arc::clone(&shared), nudge };
        tokio::spawn(driver.run());
        tracing::debug!(netconf.session_id = session_id, ?framing, "NETCONF session {session_id} is open");
        let next_id = AtomicU64::new(1);
        let holds = Holds::default();
        let inner = Inner { shared, next_id, framing, hello: theirs, session_id, config, holds };
        Ok(Session { inner: Arc::new(inner) })
    }

    /// What the server offers.
    pub fn capabilities(&self) -> &Capabilities {
        &self.inner.hello.capabilities
    }

    /// The server's number for this session; never 0.
    pub fn session_id(&self) -> u32 {
        self.inner.session_id
    }

    /// The framing both sides agreed on.
    pub fn framing(&self) -> Framing {
        self.inner.framing
    }

    /// How the session behaves.
    pub fn config(&self) -> &SessionConfig {
        &self.inner.config
    }

    /// How many requests were written so far.
    pub fn rpc_count(&self) -> u64 {
        self.inner.shared.calls.sent()
    }

    /// Why the session is no more; `None` while it is usable.
    pub fn lost(&self) -> Option<LostCause> {
        self.inner.shared.calls.lost()
    }

    /// Sends an operation and waits for its reply, at most [`SessionConfig::call_timeout`].
    ///
    /// # Errors
    /// What [`Operation::check`] refuses; [`Error::RpcErrors`]; [`Error::Timeout`]; [`Error::SessionLost`];
    /// [`Error::CommitUnknown`]; [`Error::UnexpectedReply`], or, of an operation that changes something,
    /// [`Error::OutcomeUnknown`].
    pub async fn call<O: Operation>(&self, operation: O) -> Result<O::Output, Error> {
        self.call_within(operation, self.inner.config.call_timeout).await
    }

    /// [`Session::call`] with another time limit.
    ///
    /// # Errors
    /// As [`Session::call`].
    pub async fn call_within<O: Operation>(&self, operation: O, limit: Duration) -> Result<O::Output, Error> {
        operation.check(self.capabilities())?;
        let deadline = calls::after(limit);
        let (sender, receiver) = oneshot::channel();
        let hold = self.inner.holds.begin(&operation);
        let reply = match self.send(&operation, Waiter::Whole(sender), deadline).await {
            Ok(call) => call.reply(receiver).await,
            Err(failure) => Err(failure),
        };
        let message = reply.map_err(|failure| {
            self.inner.holds.failed(hold, &failure);
            self.failed(failure, &operation, limit)
        })?;
        let reply = Reply::from_message(message, operation.name(), self.inner.config.limits.max_depth);
        let output = reply.and_then(|reply| operation.read(reply));
        self.inner.holds.answered(hold, &output);
        output.map_err(|error| self.unreadable(error, &operation))
    }

    /// Sends an operation and hands its reply out as it comes, in constant memory. Returns once the request is on its
    /// way, at the latest after [`SessionConfig::call_timeout`], which also limits the wait for each part.
    ///
    /// # Errors
    /// As [`Session::call`], as far as known by then; the rest comes from the stream.
    pub async fn stream<O: Operation>(&self, operation: O) -> Result<ReplyStream, Error> {
        operation.check(self.capabilities())?;
        let limit = self.inner.config.call_timeout;
        let deadline = calls::after(limit);
        let (sender, pieces) = mpsc::channel(READ_AHEAD);
        // Who reads a stream does not tell what became of it.
        self.inner.holds.begin(&operation);
        let call = self.send(&operation, Waiter::Parts(sender), deadline).await;
        let call = call.map_err(|failure| self.failed(failure, &operation, limit))?;
        let safe_to_repeat = operation.effect() == Effect::Read;
        let (operation, limits) = (operation.name(), self.inner.config.limits);
        let session = self.clone();
        Ok(ReplyStream {
            pieces,
            call,
            operation,
            limit,
            limits,
            safe_to_repeat,
            ended: false,
            _session: session,
        })
    }

    /// The reading end of this session's notifications; `None` while somebody else holds it. Take it before the
    /// subscription is made, as [`Session::subscribe`] does: what comes while nobody holds it is thrown away.
    pub fn notifications(&self, limits: QueueLimits) -> Option<Notifications> {
        self.inner.shared.notifications.take(limits, self.inner.config.limits.max_depth)
    }

    /// Sends an operation that makes the server send notifications, and hands out both its answer and the reading end
    /// of this session's notifications. For a second subscription of RFC 8639 in the same session use
    /// [`Session::call`].
    ///
    /// # Errors
    /// As [`Session::call`]; [`Error::InvalidArgument`] while somebody holds the reading end.
    pub async fn subscribe<O: Operation>(
        &self,
        operation: O,
        limits: QueueLimits,
    ) -> Result<(O::Output, Notifications), Error> {
        let taken = Error::InvalidArgument("this session's notifications are being read already");
        let notifications = self.notifications(limits).ok_or(taken)?;
        Ok((self.call(operation).await?, notifications))
    }

    /// Ends the session: sends close-session, waits for the answer within [`SessionConfig::close_timeout`] and
    /// closes the stream. Calls still waiting on other handles get their replies first, as the server works in
    /// order. The connection is closed even if this fails. Closing a session that is over does nothing.
    ///
    /// # Errors
    /// As [`Session::call`].
    pub async fn close(&self) -> Result<(), Error> {
        if self.lost().is_some() {
            return Ok(());
        }
        let limit = self.inner.config.close_timeout;
        let answer = self.call_within(crate::ops::CloseSession, limit).await;
        self.abort();
        match answer {
            // Some servers close the connection instead of answering; the session is over all the same.
            Err(Error::SessionLost {
                cause: LostCause::EndOfStream | LostCause::Io { .. } | LostCause::Closed,
                ..
            }) => Ok(()),
            other => other,
        }
    }

    /// Drops the connection at once, without close-session. Waiting calls fail with [`LostCause::Closed`]; what was
    /// not written by now will not be.
    pub fn abort(&self) {
        self.inner.shared.calls.fail_all(LostCause::Closed);
    }

    /// Whether the server owes no reply.
    pub(crate) fn is_quiet(&self) -> bool {
        self.inner.shared.calls.is_quiet()
    }

    /// Whether its calls have left nothing in the session, and nobody reads its notifications.
    pub(crate) fn is_free(&self) -> bool {
        self.inner.holds.is_free() && !self.inner.shared.notifications.is_read()
    }

    /// Whether no other handle of this session is left, nor a reply that is being streamed.
    pub(crate) fn is_last_handle(&self) -> bool {
        Arc::strong_count(&self.inner) == 1
    }

    /// Hands a request to the task.
    async fn send<O: Operation>(
        &self,
        operation: &O,
        waiter: Waiter,
        deadline: tokio::time::Instant,
    ) -> Result<Registered, CallFailure> {
        let id = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        let frame = self.frame(id, operation).map_err(CallFailure::Unframed)?;
        caller::enqueue(&self.inner.shared, Request { id, frame, waiter, deadline }).await
    }

    /// The framed `<rpc>`.
    fn frame<O: Operation>(&self, id: u64, operation: &O) -> Result<Bytes, framing::FramingError> {
        let mut message = String::with_capacity(FRAME_ROOM);
        // Writing to a String cannot fail.
        let _ = write!(message, "<rpc xmlns=\"{NETCONF_NS}\" message-id=\"{id}\">");
        operation.write(&mut message);
        message.push_str("</rpc>");
        let mut frame = BytesMut::new();
        framing::encode(self.inner.framing, message.as_bytes(), &mut frame)?;
        Ok(frame.freeze())
    }

    /// Says what is known after a call failed.
    fn failed<O: Operation>(&self, failure: CallFailure, operation: &O, limit: Duration) -> Error {
        let sent = match &failure {
            CallFailure::Unframed(error) => return Error::Framing(error.clone()),
            CallFailure::Late { sent } | CallFailure::Lost { sent, .. } => *sent,
        };
        let effect = operation.effect();
        if sent && matches!(effect, Effect::Commit { .. }) {
            let cause = match failure {
                CallFailure::Lost { cause, .. } => cause,
                _ => LostCause::NoReply,
            };
            return self.unknown_commit(cause, effect);
        }
        let safe_to_repeat = !sent || effect == Effect::Read;
        match failure {
            CallFailure::Lost { cause, sent } => Error::SessionLost { cause, sent, safe_to_repeat },
            _ => Error::Timeout { phase: Phase::Reply, after: limit, safe_to_repeat },
        }
    }

    /// Says what is known after a reply that is neither an error nor what the operation is answered with.
    fn unreadable<O: Operation>(&self, error: Error, operation: &O) -> Error {
        let Error::UnexpectedReply { operation: name, reason } = error else { return error };
        match operation.effect() {
            Effect::Read => Error::UnexpectedReply { operation: name, reason },
            Effect::Change => Error::OutcomeUnknown { operation: name, reason },
            commit @ Effect::Commit { .. } => self.unknown_commit(LostCause::Unreadable(reason), commit),
        }
    }

    fn unknown_commit(&self, cause: LostCause, effect: Effect) -> Error {
        let (reverts_within, persist_id) = match effect {
            Effect::Commit { reverts_within, persist_id } => (reverts_within, persist_id),
            Effect::Read | Effect::Change => (None, None),
        };
        let session_id = self.inner.session_id;
        Error::CommitUnknown(Box::new(UnknownCommit { cause, session_id, reverts_within, persist_id }))
    }
}

/// Why a call has no reply.
pub(crate) enum CallFailure {
    /// The request cannot be written in this session's framing.
    Unframed(framing::FramingError),
    /// The time limit passed.
    Late { sent: bool },
    /// The session is gone.
    Lost { cause: LostCause, sent: bool },
}

/// Sends our hello and reads theirs, at the same time: neither side has to go first.
async fn exchange_hellos<R: ReadBytes, W: WriteBytes>(
    ours: &Hello,
    read: &mut R,
    write: &mut W,
    decoder: &mut Decoder,
) -> Result<Hello, Error> {
    let mut frame = BytesMut::new();
    framing::encode(Framing::EndOfMessage, ours.to_xml().as_bytes(), &mut frame)?;
    let lost = |cause: LostCause| Error::SessionLost { cause, sent: false, safe_to_repeat: true };
    let sending = async { write.write(frame.freeze()).await.map_err(|error| lost(error.into())) };
    let receiving = async {
        loop {
            if let Some(message) = decoder.next_message()? {
                return Ok(message);
            }
            let bytes = read.read().await.map_err(|error| lost(error.into()))?;
            if bytes.is_empty() {
                return Err(lost(LostCause::EndOfStream));
            }
            decoder.push(bytes);
        }
    };
    let ((), message) = tokio::try_join!(sending, receiving)?;
    Ok(Hello::parse(&message)?)
}
