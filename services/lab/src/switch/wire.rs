//! The TCP connection under an SSH session: counted, and cut when a fault says so.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// How long the last bytes before a cut may take to go out.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// A TCP stream that counts what was written to it.
pub(crate) struct Counted {
    stream: TcpStream,
    connection: Arc<Connection>,
}

/// A handle on the connection for everybody but SSH.
#[derive(Debug)]
pub(crate) struct Connection {
    copy: std::net::TcpStream,
    written: AtomicU64,
    wrote: Notify,
}

impl Counted {
    /// Wraps a stream.
    pub(crate) fn new(stream: TcpStream) -> io::Result<(Self, Arc<Connection>)> {
        let copy = std::net::TcpStream::from(stream.as_fd().try_clone_to_owned()?);
        let connection = Arc::new(Connection { copy, written: AtomicU64::new(0), wrote: Notify::new() });
        Ok((Self { stream, connection: connection.clone() }, connection))
    }
}

impl Connection {
    /// Ends the connection at once, in both directions.
    pub(crate) fn cut(&self) {
        // An error here means that the other side was faster, which is as good.
        let _ = self.copy.shutdown(Shutdown::Both);
    }

    /// Bytes written so far, SSH's own included.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Waits, a limited time, until at least this many bytes have been written.
    pub(crate) async fn wait_written(&self, bytes: u64) {
        let wait = async {
            loop {
                let wrote = self.wrote.notified();
                if self.written() >= bytes {
                    return;
                }
                wrote.await;
            }
        };
        if tokio::time::timeout(FLUSH_LIMIT, wait).await.is_err() {
            tracing::debug!("the peer does not read: cut without waiting longer");
        }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.connection.written.fetch_add(count as u64, Ordering::AcqRel);
        self.connection.wrote.notify_waiters();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
