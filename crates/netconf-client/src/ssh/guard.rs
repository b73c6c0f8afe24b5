//! Ends a connection whose handshake is given up.
//!
//! The SSH library hands the stream to a task of its own before the key exchange, and looks at nothing but the stream until
//! that is over: without a guard, a server that stops answering in between would keep task and socket for ever, and a
//! processor busy once a keepalive is due.

use std::io;
use std::net::{Shutdown, SocketAddr};

use tokio::net::TcpStream;

/// Shuts a TCP connection down when it is dropped, whoever else holds it.
pub(super) struct Guard(Option<std::net::TcpStream>);

impl Guard {
    /// The stream, and a guard over its connection.
    pub(super) fn over(stream: TcpStream) -> io::Result<(TcpStream, Self)> {
        let stream = stream.into_std()?;
        let other = stream.try_clone()?;
        Ok((TcpStream::from_std(stream)?, Guard(Some(other))))
    }

    /// Connects to the first of these addresses that answers; small packets go out at once.
    pub(super) async fn connect(addresses: &[SocketAddr]) -> io::Result<(TcpStream, Self)> {
        let stream = TcpStream::connect(addresses).await?;
        stream.set_nodelay(true)?;
        Self::over(stream)
    }

    /// Leaves the connection to those who hold it.
    pub(super) fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(stream) = self.0.take() {
            // It fails on a connection that has ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
