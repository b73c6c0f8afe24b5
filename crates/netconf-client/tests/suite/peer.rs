//! A peer that does what the test says, byte for byte.

use bytes::BytesMut;
use netconf_client::framing::{self, Decoder, Framing, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// A hello as IOS-XE sends it: a capability padded with white space.
pub(crate) const HELLO: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">
<capabilities>
<capability>urn:ietf:params:netconf:base:1.0</capability>
<capability>urn:ietf:params:netconf:base:1.1</capability>
<capability>
        urn:ietf:params:netconf:capability:candidate:1.0
      </capability>
</capabilities>
<session-id>24</session-id></hello>"#;

pub(crate) struct Peer {
    pub(crate) stream: DuplexStream,
    decoder: Decoder,
}

impl Peer {
    /// A peer and the stream for the client.
    pub(crate) fn pair(buffer: usize) -> (Peer, DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(buffer);
        (Peer { stream: ours, decoder: Decoder::new(Limits::default()) }, theirs)
    }

    /// Exchanges hellos.
    pub(crate) async fn greet(&mut self, hello: &str) {
        self.send(hello).await;
        self.receive().await;
        if hello.contains("base:1.1") {
            self.decoder.set_framing(Framing::Chunked);
        }
    }

    /// The next message of the client; panics at the end of the stream.
    pub(crate) async fn receive(&mut self) -> String {
        self.try_receive().await.expect("the client closed the stream")
    }

    pub(crate) async fn try_receive(&mut self) -> Option<String> {
        loop {
            if let Some(message) = self.decoder.next_message().unwrap() {
                return Some(String::from_utf8(message.to_vec()).unwrap());
            }
            let mut bytes = BytesMut::with_capacity(65536);
            if self.stream.read_buf(&mut bytes).await.unwrap() == 0 {
                return None;
            }
            self.decoder.push(bytes.freeze());
        }
    }

    pub(crate) async fn send(&mut self, message: &str) {
        let mut frame = BytesMut::new();
        framing::encode(self.decoder.framing(), message.as_bytes(), &mut frame).unwrap();
        self.stream.write_all(&frame).await.unwrap();
    }

    /// `<rpc-reply message-id="id">body</rpc-reply>`.
    pub(crate) async fn reply(&mut self, id: u64, body: &str) {
        let ns = "urn:ietf:params:xml:ns:netconf:base:1.0";
        self.send(&format!("<rpc-reply xmlns=\"{ns}\" message-id=\"{id}\">{body}</rpc-reply>")).await;
    }
}
