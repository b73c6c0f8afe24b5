//! Byte streams a session runs over: anything that is `AsyncRead + AsyncWrite`, or a [`Transport`] of one's own.

use std::future::Future;
use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Bytes asked of the stream at a time.
const READ_SIZE: usize = 64 * 1024;

/// Bytes up to which they are copied out of the buffer they were read into.
const SMALL_READ: usize = READ_SIZE / 4;

/// A connection in two halves that hand over whole buffers, so that a transport which has such (SSH) need not copy
/// them. Dropping both halves must close the connection.
pub trait Transport: Send + 'static {
    /// The half that reads.
    type Read: ReadBytes;
    /// The half that writes.
    type Write: WriteBytes;

    /// Takes the connection apart.
    fn split(self) -> (Self::Read, Self::Write);
}

/// The reading half of a [`Transport`].
pub trait ReadBytes: Send + 'static {
    /// The next bytes, whatever their number; empty at the end of the stream.
    ///
    /// Must be cancel-safe: if the future is dropped, no bytes are lost.
    ///
    /// # Errors
    /// Whatever ends the connection.
    fn read(&mut self) -> impl Future<Output = io::Result<Bytes>> + Send;
}

/// The writing half of a [`Transport`].
pub trait WriteBytes: Send + 'static {
    /// Writes all of `bytes` and flushes.
    ///
    /// # Errors
    /// Whatever ends the connection.
    fn write(&mut self, bytes: Bytes) -> impl Future<Output = io::Result<()>> + Send;

    /// A second way to begin a write, for callers that are alone on the session and need not wake its task; `None`, the
    /// default, if there is none. It is never used while [`WriteBytes::write`] is under way, nor the other way round.
    fn direct(&self) -> Option<DirectWrite> {
        None
    }

    /// Says that no more bytes will come.
    ///
    /// # Errors
    /// Whatever ends the connection.
    fn shutdown(&mut self) -> impl Future<Output = io::Result<()>> + Send;
}

/// Begins to write all of its argument. The future may be polled from one task and finished in another.
pub type DirectWrite = Box<dyn Fn(Bytes) -> BoxFuture<'static, io::Result<()>> + Send + Sync>;

/// Any byte stream as a [`Transport`].
#[derive(Debug)]
pub struct Stream<S>(pub S);

impl<S: AsyncRead + AsyncWrite + Send + 'static> Transport for Stream<S> {
    type Read = StreamRead<S>;
    type Write = StreamWrite<S>;

    fn split(self) -> (StreamRead<S>, StreamWrite<S>) {
        let (read, write) = tokio::io::split(self.0);
        (StreamRead { half: read, buffer: BytesMut::new() }, StreamWrite(write))
    }
}

/// The reading half of a [`Stream`].
#[derive(Debug)]
pub struct StreamRead<S> {
    half: tokio::io::ReadHalf<S>,
    buffer: BytesMut,
}

impl<S: AsyncRead + Send + 'static> ReadBytes for StreamRead<S> {
    async fn read(&mut self) -> io::Result<Bytes> {
        self.buffer.reserve(READ_SIZE);
        self.half.read_buf(&mut self.buffer).await?;
        if self.buffer.len() <= SMALL_READ {
            // Part of a buffer keeps all of it in memory as long as it is held: a small one is cheaper as a copy.
            let bytes = Bytes::copy_from_slice(&self.buffer);
            self.buffer.clear();
            return Ok(bytes);
        }
        Ok(self.buffer.split().freeze())
    }
}

/// The writing half of a [`Stream`].
#[derive(Debug)]
pub struct StreamWrite<S>(tokio::io::WriteHalf<S>);

impl<S: AsyncWrite + Send + 'static> WriteBytes for StreamWrite<S> {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.0.write_all(&bytes).await?;
        self.0.flush().await
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        self.0.shutdown().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_read_holds_little_more_memory_than_its_own() {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let (mut read, _write) = Stream(ours).split();
        for size in [1, 100, SMALL_READ, SMALL_READ + 1, READ_SIZE] {
            theirs.write_all(&vec![b'x'; size]).await.unwrap();
            let bytes = read.read().await.unwrap();
            assert_eq!(bytes.len(), size);
            // Let go of by the reader, so that the buffer is seen as it is.
            read.buffer = BytesMut::new();
            let held = BytesMut::from(bytes).capacity();
            assert!(held <= size * 4, "{size} bytes hold {held}");
        }
    }
}
