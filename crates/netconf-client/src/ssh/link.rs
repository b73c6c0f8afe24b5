//! An SSH connection that several sessions share.

use std::sync::Arc;

use async_ssh2_tokio::Client;
use tokio_util::sync::CancellationToken;

use super::channel::{SshTransport, connection_error, lost};
use crate::error::Error;

/// A logged-in connection; it ends when nobody holds it.
#[derive(Debug)]
pub(super) struct Link {
    client: Client,
    /// For those who wait for a channel that nobody wants any more: they do not hold the connection.
    ended: CancellationToken,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

impl Link {
    pub(super) fn over(client: Client) -> Self {
        Link { client, ended: CancellationToken::new() }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// A fresh channel. A server that confirms it when its caller has given up would leave it open for as long as the
    /// connection: so a task waits for it, and what nobody takes from it is closed.
    pub(super) async fn channel(self: &Arc<Self>) -> Result<SshTransport, Error> {
        let (client, ended, link) = (self.client.clone(), self.ended.clone(), Arc::downgrade(self));
        let opening = tokio::spawn(async move {
            let channel = tokio::select! {
                channel = client.get_channel() => channel.map_err(refused)?,
                () = ended.cancelled() => return Err(lost()),
            };
            Ok(SshTransport::over(channel, link.upgrade().ok_or_else(lost)?))
        });
        opening.await.map_err(|error| Error::Ssh(error.into()))?
    }
}

fn refused(error: async_ssh2_tokio::Error) -> Error {
    match error {
        async_ssh2_tokio::Error::SshError(error) => connection_error(error),
        other => Error::Ssh(other.into()),
    }
}
