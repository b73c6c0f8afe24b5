//! Sessions of one device, kept open and lent out: at most so many, in the order they were asked for.
//!
//! ```no_run
//! # async fn example(connector: impl netconf_client::pool::Connect) -> Result<(), Box<dyn std::error::Error>> {
//! use netconf_client::ops::{Datastore, GetConfig};
//! use netconf_client::pool::{Pool, PoolLimits};
//!
//! let pool = Pool::new(connector, PoolLimits::default());
//! let session = pool.get().await?;
//! let running = session.call(GetConfig::new(Datastore::Running)).await?;
//! # drop(running);
//! # Ok(())
//! # }
//! ```

use std::future::Future;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::error::Error;
use crate::ops::Get;
use crate::session::Session;

/// Makes sessions for a [`Pool`].
pub trait Connect: Send + Sync + 'static {
    /// Opens a session, within limits of its own.
    fn connect(&self) -> BoxFuture<'_, Result<Session, Error>>;
}

#[cfg(feature = "ssh")]
impl Connect for crate::ssh::SshConnector {
    fn connect(&self) -> BoxFuture<'_, Result<Session, Error>> {
        Box::pin(self.session())
    }
}

/// A function that opens sessions, as [`Connect`].
pub struct ConnectWith<F>(pub F);

impl<F, C> Connect for ConnectWith<F>
where
    F: Fn() -> C + Send + Sync + 'static,
    C: Future<Output = Result<Session, Error>> + Send + 'static,
{
    fn connect(&self) -> BoxFuture<'_, Result<Session, Error>> {
        Box::pin((self.0)())
    }
}

/// How a pool behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolLimits {
    /// Sessions open at once, lent or idle; at least 1. 2.
    pub max_sessions: usize,
    /// How long [`Pool::get`] waits for its turn; connecting comes on top. 60 s.
    pub wait: Duration,
    /// Idle sessions are closed after this long. 60 s.
    pub idle_close: Duration,
    /// Sessions idle for at least this long are asked whether they are there before they are lent; those that came back
    /// with an unanswered call always. 5 s.
    pub check_after: Duration,
    /// How long the answer may take. 5 s.
    pub check_timeout: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        PoolLimits {
            max_sessions: 2,
            wait: Duration::from_secs(60),
            idle_close: Duration::from_secs(60),
            check_after: Duration::from_secs(5),
            check_timeout: Duration::from_secs(5),
        }
    }
}

impl PoolLimits {
    /// The same with another number of sessions.
    #[must_use]
    pub fn max_sessions(mut self, number: usize) -> Self {
        self.max_sessions = number;
        self
    }

    /// The same with another limit on waiting.
    #[must_use]
    pub fn wait(mut self, limit: Duration) -> Self {
        self.wait = limit;
        self
    }

    /// The same with another limit on being idle.
    #[must_use]
    pub fn idle_close(mut self, limit: Duration) -> Self {
        self.idle_close = limit;
        self
    }

    /// The same with another time after which an idle session is checked; zero for always.
    #[must_use]
    pub fn check_after(mut self, idle: Duration) -> Self {
        self.check_after = idle;
        self
    }

    /// The same with another limit on the check.
    #[must_use]
    pub fn check_timeout(mut self, limit: Duration) -> Self {
        self.check_timeout = limit;
        self
    }
}

/// Why [`Pool::get`] has no session.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// All sessions were lent for the whole of [`PoolLimits::wait`].
    #[error("no session became free within {} s: all are lent", .0.as_secs_f32())]
    Busy(Duration),
    /// A session could not be opened.
    #[error("no session could be opened")]
    Connect(#[source] Error),
}

impl PoolError {
    /// Whether asking again later may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            PoolError::Busy(_) => true,
            PoolError::Connect(error) => error.is_retryable(),
        }
    }
}

struct Idle {
    session: Session,
    since: Instant,
    /// Whether it came back with calls that were given up and not answered: then it may hang.
    is_suspect: bool,
}

/// The sessions that wait to be lent, the one that was used last at the end.
#[derive(Default)]
struct Resting {
    sessions: Vec<Idle>,
    /// Whether a task closes those that have waited too long; one for all of them.
    reaped: bool,
}

struct Shared {
    connect: Box<dyn Connect>,
    limits: PoolLimits,
    turns: Arc<Semaphore>,
    idle: Mutex<Resting>,
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Resting> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out what has waited too long, and says when to look again; `None` if nothing waits any more.
    fn take_old(&self) -> (Vec<Idle>, Option<Instant>) {
        let limit = self.limits.idle_close;
        let mut idle = self.idle();
        let old = idle.sessions.extract_if(.., |idle| idle.since.elapsed() >= limit).collect();
        let next = idle.sessions.iter().map(|idle| later(idle.since, limit)).min();
        idle.reaped = next.is_some();
        (old, next)
    }
}

/// So long after; a limit too large for a clock is a year.
fn later(since: Instant, limit: Duration) -> Instant {
    since.checked_add(limit).unwrap_or(since + Duration::from_hours(24 * 365))
}

/// The sessions of one device. Clones share them. Dropping the last clone closes those that are idle.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let idle = self.shared.idle().sessions.len();
        f.debug_struct("Pool").field("limits", &self.shared.limits).field("idle", &idle).finish()
    }
}

impl Pool {
    /// An empty pool; sessions are opened when they are asked for.
    pub fn new(connect: impl Connect, limits: PoolLimits) -> Self {
        let turns = Arc::new(Semaphore::new(limits.max_sessions.clamp(1, Semaphore::MAX_PERMITS)));
        let idle = Mutex::default();
        Pool { shared: Arc::new(Shared { connect: Box::new(connect), limits, turns, idle }) }
    }

    /// A session: an idle one that still answers, or a new one. Who asks first is served first.
    ///
    /// # Errors
    /// [`PoolError::Busy`], [`PoolError::Connect`].
    pub async fn get(&self) -> Result<Lent, PoolError> {
        let limits = self.shared.limits;
        let turn = timeout(limits.wait, Arc::clone(&self.shared.turns).acquire_owned()).await;
        // The semaphore is never closed.
        let Ok(Ok(turn)) = turn else { return Err(PoolError::Busy(limits.wait)) };
        loop {
            // The one used last: the others grow old and are closed.
            let Some(idle) = self.shared.idle().sessions.pop() else { break };
            if self.is_alive(&idle).await {
                return Ok(self.lend(idle.session, turn));
            }
            idle.session.abort();
        }
        let session = self.shared.connect.connect().await.map_err(PoolError::Connect)?;
        Ok(self.lend(session, turn))
    }

    /// Sessions that wait to be lent.
    pub fn idle(&self) -> usize {
        self.shared.idle().sessions.len()
    }

    /// Closes all idle sessions in good order, each within its own limit.
    pub async fn close_idle(&self) {
        let idle = std::mem::take(&mut self.shared.idle().sessions);
        close_all(idle).await;
    }

    /// Whether a session is there: a `<get>` with a filter that selects nothing is answered (RFC 6241, section 6.4.2).
    async fn is_alive(&self, idle: &Idle) -> bool {
        if idle.session.lost().is_some() {
            return false;
        }
        if !idle.is_suspect && idle.since.elapsed() < self.shared.limits.check_after {
            return true;
        }
        let question = idle.session.call_within(Get::new().subtree(""), self.shared.limits.check_timeout);
        // A server that refuses has answered.
        matches!(question.await, Ok(_) | Err(Error::RpcErrors(_) | Error::UnexpectedReply { .. }))
    }

    fn lend(&self, session: Session, turn: OwnedSemaphorePermit) -> Lent {
        Lent { session: Some(session), pool: Arc::downgrade(&self.shared), _turn: turn }
    }
}

/// Closes sessions in good order; the connection of one that does not answer is closed all the same.
async fn close_all(idle: Vec<Idle>) {
    let closing = idle.into_iter().map(|idle| async move {
        if let Err(error) = idle.session.close().await {
            tracing::debug!(netconf.session_id = idle.session.session_id(), %error, "close-session failed");
        }
    });
    futures_util::future::join_all(closing).await;
}

/// The task that closes sessions which wait too long. If it ends early, with its runtime, another one may begin.
struct Reaper(Weak<Shared>);

impl Reaper {
    async fn run(mut self, mut look: Instant) {
        loop {
            tokio::time::sleep_until(look).await;
            let Some((old, next)) = self.0.upgrade().map(|pool| pool.take_old()) else { return };
            if next.is_none() {
                self.0 = Weak::new();
            }
            close_all(old).await;
            match next {
                Some(next) => look = next,
                None => return,
            }
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            pool.idle().reaped = false;
        }
    }
}

/// A session that goes back to its pool when it is dropped, if it is still usable and nobody else has a handle to it: a
/// clone, a reply that is being streamed, a transaction that was dropped and is being undone.
///
/// One in which something is left is closed instead, so that the next borrower does not find it: a lock, a confirmed commit
/// that only this session can confirm, a subscription (also one that was ended) or a reader of notifications, and any call
/// that changes something or locks and whose outcome is not known, because it was given up, ran out of time or was streamed.
/// What a [`Raw`](crate::ops::Raw) leaves is not known: after one that locks or subscribes use [`Lent::retire`].
pub struct Lent {
    session: Option<Session>,
    pool: Weak<Shared>,
    // Dropped last, so that the session is back before the next one's turn comes.
    _turn: OwnedSemaphorePermit,
}

impl Lent {
    /// Takes the session out of the pool and drops its connection.
    pub fn retire(mut self) {
        if let Some(session) = self.session.take() {
            session.abort();
        }
    }
}

impl Deref for Lent {
    type Target = Session;

    #[expect(clippy::expect_used, reason = "the session is there until drop or retire, which take self")]
    fn deref(&self) -> &Session {
        self.session.as_ref().expect("lent sessions hold their session")
    }
}

impl std::fmt::Debug for Lent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Lent").field(&self.session).finish()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        let usable = session.lost().is_none() && session.is_last_handle() && session.is_free();
        let Some(pool) = self.pool.upgrade().filter(|_| usable) else { return };
        let (since, is_suspect) = (Instant::now(), !session.is_quiet());
        let mut idle = pool.idle();
        idle.sessions.push(Idle { session, since, is_suspect });
        // Outside of a runtime nobody can wait: the session is then closed by being asked for too late or with the pool.
        if !idle.reaped
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            idle.reaped = true;
            // A runtime that is ending drops the task at once, which then asks for the lock.
            drop(idle);
            let look = later(since, pool.limits.idle_close);
            runtime.spawn(Reaper(Arc::downgrade(&pool)).run(look));
        }
    }
}
