//! An SSH channel as a transport; its buffers are handed over without a copy.

use std::any::Any;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};

use super::connection::Observed;
use crate::error::Error;
use crate::transport::{DirectWrite, ReadBytes, Transport, WriteBytes};

/// The halves of a channel, and a hold on its connection, which ends when nobody holds it.
pub(super) struct SshTransport {
    read: SshRead,
    write: SshWrite,
}

impl SshTransport {
    /// `connection` is whatever must be held for the channel to live; `observed` is empty for a connection that is
    /// not observed.
    pub(super) fn new(
        channel: Channel<Msg>,
        connection: impl Send + Sync + 'static,
        observed: Arc<Observed>,
    ) -> Self {
        let (read, write) = channel.split();
        let half = Arc::new(Writing { half: write, observed: Arc::clone(&observed) });
        SshTransport {
            read: SshRead { half: read, observed },
            write: SshWrite { half, _connection: Box::new(connection) },
        }
    }
}

/// Asks for the subsystem in a fresh channel.
pub(super) async fn netconf_channel(
    mut channel: Channel<Msg>,
    observed: &Observed,
) -> Result<Channel<Msg>, Error> {
    channel.request_subsystem(true, "netconf").await.map_err(|error| Error::Ssh(error.into()))?;
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok(channel),
            Some(ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof) => return Err(Error::NoNetconf),
            Some(_) => {}
            None => {
                let cause = observed.cause();
                return Err(Error::SessionLost { cause, sent: false, safe_to_repeat: true });
            }
        }
    }
}

pub(super) struct SshRead {
    half: ChannelReadHalf,
    observed: Arc<Observed>,
}

struct Writing {
    half: ChannelWriteHalf<Msg>,
    observed: Arc<Observed>,
}

impl Writing {
    async fn write(&self, bytes: Bytes) -> io::Result<()> {
        self.half.data_bytes(bytes).await.map_err(|error| self.observed.error(error))
    }
}

pub(super) struct SshWrite {
    half: Arc<Writing>,
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
            match self.half.wait().await {
                Some(ChannelMsg::Data { data }) if data.is_empty() => {}
                Some(ChannelMsg::Data { data }) => return Ok(data),
                Some(ChannelMsg::Eof | ChannelMsg::Close) => return Ok(Bytes::new()),
                None => return self.observed.end_of_stream(),
                Some(_) => {}
            }
        }
    }
}

impl WriteBytes for SshWrite {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.half.write(bytes).await
    }

    fn direct(&self) -> Option<DirectWrite> {
        let half = Arc::clone(&self.half);
        Some(Box::new(move |bytes| {
            let half = Arc::clone(&half);
            Box::pin(async move { half.write(bytes).await })
        }))
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        self.half.half.close().await.map_err(|error| self.half.observed.error(error))
    }
}
