//! An SSH channel as a transport; its buffers are handed over without a copy.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};

use crate::error::{Error, LostCause};
use crate::transport::{DirectWrite, ReadBytes, Transport, WriteBytes};

/// The halves of a channel, and a hold on its connection, which ends when nobody holds it.
pub(super) struct SshTransport {
    read: SshRead,
    write: SshWrite,
}

impl SshTransport {
    /// A fresh channel, which is closed when this is dropped. `connection` is whatever must be held for it to live.
    pub(super) fn over(channel: Channel<Msg>, connection: impl Send + Sync + 'static) -> Self {
        let (half, write) = channel.split();
        let read = SshRead { half, early: VecDeque::new() };
        let write = SshWrite { half: Arc::new(write), is_closed: false, _connection: Box::new(connection) };
        SshTransport { read, write }
    }

    /// Asks for the subsystem.
    pub(super) async fn start(mut self) -> Result<Self, Error> {
        self.write.half.request_subsystem(true, "netconf").await.map_err(connection_error)?;
        loop {
            match self.read.half.wait().await {
                Some(ChannelMsg::Success) => return Ok(self),
                Some(ChannelMsg::Failure | ChannelMsg::Close | ChannelMsg::Eof) => {
                    return Err(Error::NoNetconf);
                }
                // The server may greet before it says that there is somebody to greet.
                Some(ChannelMsg::Data { data }) => self.read.early.push_back(data),
                Some(_) => {}
                None => return Err(lost()),
            }
        }
    }
}

/// The server refuses something, or the connection has ended.
pub(super) fn connection_error(error: russh::Error) -> Error {
    match error {
        russh::Error::SendError | russh::Error::RecvError | russh::Error::Disconnect => lost(),
        other => Error::Ssh(other.into()),
    }
}

/// The connection has ended, and nothing was asked of the server.
pub(super) fn lost() -> Error {
    Error::SessionLost { cause: LostCause::EndOfStream, sent: false, safe_to_repeat: true }
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

/// The next of these that is not empty: an empty one would be the end.
fn next_of(early: &mut VecDeque<Bytes>) -> Option<Bytes> {
    while let Some(data) = early.pop_front() {
        if !data.is_empty() {
            return Some(data);
        }
    }
    None
}

impl ReadBytes for SshRead {
    async fn read(&mut self) -> io::Result<Bytes> {
        if let Some(data) = next_of(&mut self.early) {
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
        self.half.close().await.map_err(io::Error::other)?;
        // Only now: whoever has no time to wait for it drops this, which leaves it to a task.
        self.is_closed = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use russh::client::connect_stream;
    use russh::keys::ssh_key::private::Ed25519Keypair;
    use russh::keys::{PrivateKey, PublicKey};
    use russh::server::{Auth, ChannelOpenHandle, Handler as ServerHandler, Session};
    use russh::{ChannelId, client, server};
    use tokio::sync::{Semaphore, mpsc};

    use super::*;

    #[test]
    fn what_came_early_is_read_past_empty_packets() {
        let mut early: VecDeque<Bytes> = ["", "a", "", "", "b", ""].map(Bytes::from).into();
        assert_eq!(next_of(&mut early).unwrap(), "a");
        assert_eq!(next_of(&mut early).unwrap(), "b");
        assert_eq!(next_of(&mut early), None);
    }

    struct AnyKey;

    impl client::Handler for AnyKey {
        type Error = russh::Error;

        async fn check_server_key(&mut self, _: &PublicKey) -> Result<bool, russh::Error> {
            Ok(true)
        }
    }

    /// A server that takes data only as far as it is let, and says which channels were closed.
    struct Slow {
        lets: Arc<Semaphore>,
        closed: mpsc::UnboundedSender<ChannelId>,
    }

    impl ServerHandler for Slow {
        type Error = russh::Error;

        async fn auth_none(&mut self, _: &str) -> Result<Auth, russh::Error> {
            Ok(Auth::Accept)
        }

        async fn channel_open_session(
            &mut self,
            _: Channel<server::Msg>,
            reply: ChannelOpenHandle,
            _: &mut Session,
        ) -> Result<(), russh::Error> {
            reply.accept().await;
            Ok(())
        }

        async fn data(&mut self, _: ChannelId, _: &[u8], _: &mut Session) -> Result<(), russh::Error> {
            self.lets.acquire().await.unwrap().forget();
            Ok(())
        }

        async fn channel_close(&mut self, id: ChannelId, _: &mut Session) -> Result<(), russh::Error> {
            self.closed.send(id).unwrap();
            Ok(())
        }
    }

    /// With a clock of its own: a limit is over once nothing else can happen.
    #[tokio::test(start_paused = true)]
    async fn a_close_that_has_to_wait_for_a_busy_connection_is_still_sent() {
        let (ours, theirs) = tokio::io::duplex(4096);
        let (lets, (closed, mut closes)) = (Arc::new(Semaphore::new(0)), mpsc::unbounded_channel());
        let key = PrivateKey::from(Ed25519Keypair::from_seed(&[1; 32]));
        let config = Arc::new(server::Config { keys: vec![key], ..server::Config::default() });
        let slow = Slow { lets: Arc::clone(&lets), closed };
        tokio::spawn(async move { server::run_stream(config, theirs, slow).await.unwrap().await });
        let mut handle = connect_stream(Arc::default(), ours, AnyKey).await.unwrap();
        assert!(handle.authenticate_none("admin").await.unwrap().success());

        let busy = handle.channel_open_session().await.unwrap();
        let channel = handle.channel_open_session().await.unwrap();
        let id = channel.id();
        let mut sending = Box::pin(async {
            for _ in 0..100 {
                busy.data_bytes(vec![b'x'; 8192]).await.unwrap();
            }
        });
        // As long as a session takes for its end.
        let limit = Duration::from_secs(1);
        assert!(tokio::time::timeout(limit, &mut sending).await.is_err(), "the connection is not busy");
        let (_read, mut write) = SshTransport::over(channel, ()).split();
        assert!(tokio::time::timeout(limit, write.shutdown()).await.is_err(), "the connection is not busy");
        drop(write);
        lets.add_permits(1000);
        let seen = tokio::time::timeout(Duration::from_secs(60), closes.recv()).await;
        assert_eq!(seen.expect("the channel stays open").map(u32::from), Some(u32::from(id)));
    }
}
