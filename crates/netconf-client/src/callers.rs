//! Who calls (RFC 8071): connections that others open, so many at once, and no address more than its share.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;

/// How many callers are dealt with at once, until their sessions are open or they were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallerLimits {
    /// In all, at least 1. 64. Further connections wait in the operating system's queue.
    pub callers: usize,
    /// From one IP address, at least 1. 8. Further connections from it are closed at once, so that one host cannot
    /// keep all others out.
    pub per_address: usize,
}

impl Default for CallerLimits {
    fn default() -> Self {
        CallerLimits { callers: 64, per_address: 8 }
    }
}

/// Callers under way from each address.
type Counts = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Listens, and lets callers in.
#[derive(Debug)]
pub(crate) struct Gate {
    listener: TcpListener,
    limits: CallerLimits,
    room: Arc<Semaphore>,
    counts: Counts,
}

impl Gate {
    pub(crate) async fn bind(address: impl ToSocketAddrs) -> Result<Self, Error> {
        let failed = |source| Error::Connect { host: "the address to listen on".to_owned(), port: 0, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let limits = CallerLimits::default();
        let room = Arc::new(Semaphore::new(limits.callers));
        Ok(Gate { listener, limits, room, counts: Counts::default() })
    }

    pub(crate) fn limit(&mut self, limits: CallerLimits) {
        self.limits = limits;
        self.room = Arc::new(Semaphore::new(limits.callers.clamp(1, Semaphore::MAX_PERMITS)));
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The next connection that is let in; one that is gone already is none.
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, Place)> {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset};
        loop {
            let room = Arc::clone(&self.room).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, address) = match self.listener.accept().await {
                Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionReset) => continue,
                accepted => accepted?,
            };
            let Some(place) = Place::take(&self.counts, address.ip(), self.limits.per_address, room) else {
                tracing::debug!(%address, "too many callers from one address: closing this one");
                continue;
            };
            if stream.set_nodelay(true).is_ok() {
                return Ok((stream, address, place));
            }
        }
    }
}

/// One of the places of callers; dropping it frees it.
#[derive(Debug)]
pub(crate) struct Place {
    counts: Counts,
    address: IpAddr,
    _room: OwnedSemaphorePermit,
}

impl Place {
    fn take(counts: &Counts, address: IpAddr, most: usize, room: OwnedSemaphorePermit) -> Option<Self> {
        let mut table = locked(counts);
        let count = table.entry(address).or_default();
        if *count >= most.max(1) {
            return None;
        }
        *count += 1;
        drop(table);
        Some(Place { counts: Arc::clone(counts), address, _room: room })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = locked(&self.counts);
        if let Some(count) = table.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                table.remove(&self.address);
            }
        }
    }
}

fn locked(counts: &Counts) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}
