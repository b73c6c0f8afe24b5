//! Callers that write by themselves, over a transport that lets them: whatever they leave half written is finished before
//! anything else is written.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use netconf_client::ops::{Datastore, GetConfig};
use netconf_client::transport::{DirectWrite, ReadBytes, Transport, WriteBytes};
use netconf_client::{Session, SessionConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::Mutex;

use crate::fake::{FULL, Fake};

const LIMIT: Duration = Duration::from_secs(10);

/// A stream in memory whose callers may write; with a small buffer a write is pending most of the time.
struct Direct(DuplexStream);

struct Reading(ReadHalf<DuplexStream>);

struct Writing(Arc<Mutex<WriteHalf<DuplexStream>>>);

impl Transport for Direct {
    type Read = Reading;
    type Write = Writing;

    fn split(self) -> (Reading, Writing) {
        let (read, write) = tokio::io::split(self.0);
        (Reading(read), Writing(Arc::new(Mutex::new(write))))
    }
}

impl ReadBytes for Reading {
    async fn read(&mut self) -> io::Result<Bytes> {
        let mut buffer = BytesMut::with_capacity(4096);
        self.0.read_buf(&mut buffer).await?;
        Ok(buffer.freeze())
    }
}

async fn put(half: Arc<Mutex<WriteHalf<DuplexStream>>>, bytes: Bytes) -> io::Result<()> {
    // Never contended: that is what the trait promises.
    let mut half = half.try_lock().map_err(io::Error::other)?;
    half.write_all(&bytes).await?;
    half.flush().await
}

impl WriteBytes for Writing {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        put(Arc::clone(&self.0), bytes).await
    }

    fn direct(&self) -> Option<DirectWrite> {
        let half = Arc::clone(&self.0);
        Some(Box::new(move |bytes| -> BoxFuture<'static, io::Result<()>> {
            Box::pin(put(Arc::clone(&half), bytes))
        }))
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        self.0.try_lock().map_err(io::Error::other)?.shutdown().await
    }
}

async fn open(buffer: usize) -> (Session, Fake) {
    let server = Fake::new(FULL);
    let (ours, theirs) = tokio::io::duplex(buffer);
    let serving = server.clone();
    tokio::spawn(async move { serving.serve(theirs).await });
    let config = SessionConfig::default().call_timeout(LIMIT);
    (Session::open_transport(Direct(ours), config).await.unwrap(), server)
}

#[tokio::test]
async fn calls_alone_and_together_are_answered_whatever_fits_into_the_stream() {
    for buffer in [7, 64, 1 << 16] {
        let (session, server) = open(buffer).await;
        for round in 1..20 {
            for _ in 0..3 {
                session.call(GetConfig::new(Datastore::Running)).await.unwrap();
            }
            let together = (0..round).map(|_| session.call(GetConfig::new(Datastore::Running)));
            for answer in futures_util::future::join_all(together).await {
                answer.unwrap();
            }
        }
        let calls = (1..20).map(|round| 3 + round).sum::<u64>();
        assert_eq!((session.rpc_count(), server.log().len() as u64), (calls, calls));
        session.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_dropped_in_the_middle_of_its_write_leaves_a_usable_session() {
    let (session, server) = open(16).await;
    for _ in 0..50 {
        {
            let mut call = Box::pin(session.call(GetConfig::new(Datastore::Running)));
            assert!(futures_util::poll!(call.as_mut()).is_pending());
        }
        session.call(GetConfig::new(Datastore::Running)).await.unwrap();
    }
    // What was begun was written to its end.
    assert_eq!(server.log().len(), 100);
    server.forget();
    session.close().await.unwrap();
    assert_eq!(server.log(), ["close-session"]);
}

#[tokio::test]
async fn a_session_that_ended_holds_its_connection_no_more() {
    let (session, server) = open(1 << 16).await;
    session.call(GetConfig::new(Datastore::Running)).await.unwrap();
    session.abort();
    let ended = async {
        while server.open() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, ended).await.unwrap();
    assert!(session.call(GetConfig::new(Datastore::Running)).await.is_err());
}
