//! An SSH channel as a transport; its buffers are handed over without a copy.

use std::any::Any;
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
    /// `connection` is whatever must be held for the channel to live.
    pub(super) fn new(channel: Channel<Msg>, connection: impl Send + Sync + 'static) -> Self {
        let (read, write) = channel.split();
        let connection = Box::new(connection);
        SshTransport {
            read: SshRead(read),
            write: SshWrite { half: Arc::new(write), _connection: connection },
        }
    }
}

/// Asks for the subsystem in a fresh channel.
pub(super) async fn netconf_channel(mut channel: Channel<Msg>) -> Result<Channel<Msg>, Error> {
    channel.request_subsystem(true, "netconf").await.map_err(|error| Error::Ssh(error.into()))?;
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok(channel),
            Some(ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof) | None => {
                return Err(Error::NoNetconf);
            }
            Some(_) => {}
        }
    }
}

pub(super) struct SshRead(ChannelReadHalf);

pub(super) struct SshWrite {
    half: Arc<ChannelWriteHalf<Msg>>,
    _connection: Box<dyn Any + Send + Sync>,
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
        loop {
            match self.0.wait().await {
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
        self.half.data_bytes(bytes).await.map_err(io::Error::other)
    }

    fn direct(&self) -> Option<DirectWrite> {
        let half = Arc::clone(&self.half);
        Some(Box::new(move |bytes| {
            let half = Arc::clone(&half);
            Box::pin(async move { half.data_bytes(bytes).await.map_err(io::Error::other) })
        }))
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        self.half.close().await.map_err(io::Error::other)
    }
}
