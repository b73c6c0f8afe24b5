//! An SSH channel as a transport; its buffers are handed over without a copy.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};

use crate::error::Error;
use crate::transport::{DirectWrite, ReadBytes, Transport, WriteBytes};

/// The halves of a channel, and a hold on its connection, which ends when nobody holds it.
pub(super) struct SshTransport {
    read: SshRead,
    write: SshWrite,
}

impl SshTransport {
    /// Asks for the subsystem in a fresh channel. `connection` is whatever must be held for the channel to live.
    pub(super) async fn open(
        channel: Channel<Msg>,
        connection: impl Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let (half, write) = channel.split();
        let mut read = SshRead { half, early: VecDeque::new() };
        let write = SshWrite { half: Arc::new(write), is_closed: false, _connection: Box::new(connection) };
        write.half.request_subsystem(true, "netconf").await.map_err(|error| Error::Ssh(error.into()))?;
        loop {
            match read.half.wait().await {
                Some(ChannelMsg::Success) => return Ok(SshTransport { read, write }),
                Some(ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof) | None => {
                    return Err(Error::NoNetconf);
                }
                // The server may greet before it says that there is somebody to greet.
                Some(ChannelMsg::Data { data }) => read.early.push_back(data),
                Some(_) => {}
            }
        }
    }
}

pub(super) struct SshRead {
    half: ChannelReadHalf,
    /// What came before the subsystem was there; as much as fits into the channel's window.
    early: VecDeque<Bytes>,
}

pub(super) struct SshWrite {
    half: Arc<ChannelWriteHalf<Msg>>,
    is_closed: bool,
    _connection: Box<dyn Any + Send + Sync>,
}

impl Drop for SshWrite {
    /// A channel that came to nothing would stay open as long as its connection.
    fn drop(&mut self) {
        if !self.is_closed
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let half = Arc::clone(&self.half);
            // Best effort: without a connection there is nothing to close.
            runtime.spawn(async move { half.close().await });
        }
    }
}

impl Transport for SshTransport {
    type Read = SshRead;
    type Write = SshWrite;

    fn split(self) -> (SshRead, SshWrite) {
        (self.read, self.write)
    }
}

impl ReadBytes for SshRead {
    async fn read(&mut self) -> io::Result<Bytes> {
        if let Some(data) = self.early.pop_front().filter(|data| !data.is_empty()) {
            return Ok(data);
        }
        loop {
            match self.half.wait().await {
                Some(ChannelMsg::Data { data }) if data.is_empty() => {}
                Some(ChannelMsg::Data { data }) => return Ok(data),
                Some(ChannelMsg::Eof | ChannelMsg::Close) | None => return Ok(Bytes::new()),
                Some(_) => {}
            }
        }
    }
}

impl WriteBytes for SshWrite {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        // In a box: it is large, and between two writes a session shall not keep room for it.
        Box::pin(self.half.data_bytes(bytes)).await.map_err(io::Error::other)
    }

    fn direct(&self) -> Option<DirectWrite> {
        let half = Arc::clone(&self.half);
        Some(Box::new(move |bytes| {
            let half = Arc::clone(&half);
            Box::pin(async move { half.data_bytes(bytes).await.map_err(io::Error::other) })
        }))
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        self.is_closed = true;
        self.half.close().await.map_err(io::Error::other)
    }
}
