//! What nobody can be faster than with this SSH library: it frames and counts bytes, and parses nothing.

use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use netconf_client::ssh::SshTarget;
use russh::cipher::AES_256_GCM;
use russh::client::{self, Handle, Msg};
use russh::keys::PublicKey;
use russh::{Channel, ChannelMsg, Preferred};

use crate::Outcome;

const NS: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

/// How to log in; the host key is compared with the one that was shown before.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) target: SshTarget,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) key: String,
}

struct Pinned(PublicKey);

impl client::Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKey) -> Result<bool, russh::Error> {
        Ok(key.key_data() == self.0.key_data())
    }
}

/// One session of chunked framing.
pub(crate) struct Floor {
    /// The connection ends with it.
    _handle: Handle<Pinned>,
    channel: Channel<Msg>,
    rest: Bytes,
    last_id: u64,
    message: Vec<u8>,
}

impl Floor {
    pub(crate) async fn open(login: &Login) -> Outcome<Self> {
        // The cipher that this crate asks for first on any processor of today.
        let mut preferred = Preferred::default();
        preferred.cipher.to_mut().insert(0, AES_256_GCM);
        let config = Arc::new(client::Config { nodelay: true, preferred, ..client::Config::default() });
        let handler = Pinned(PublicKey::from_openssh(&login.key)?);
        let address = (login.target.host.as_str(), login.target.port);
        let mut handle = client::connect(config, address, handler).await?;
        if !handle.authenticate_password(&login.user, &login.password).await?.success() {
            return Err("the login was refused".into());
        }
        let channel = handle.channel_open_session().await?;
        channel.request_subsystem(true, "netconf").await?;
        let hello = format!(
            "<hello xmlns=\"{NS}\"><capabilities><capability>urn:ietf:params:netconf:base:1.1</capability>\
             </capabilities></hello>]]>]]>"
        );
        channel.data_bytes(hello.into_bytes()).await?;
        let mut floor =
            Floor { _handle: handle, channel, rest: Bytes::new(), last_id: 0, message: Vec::new() };
        let mut seen = Vec::new();
        while !seen.ends_with(b"]]>]]>") {
            seen.push(floor.byte().await?);
        }
        Ok(floor)
    }

    async fn more(&mut self) -> Outcome<()> {
        while self.rest.is_empty() {
            match self.channel.wait().await {
                Some(ChannelMsg::Data { data }) => self.rest = data,
                Some(ChannelMsg::Eof | ChannelMsg::Close) | None => return Err("end of stream".into()),
                Some(_) => {}
            }
        }
        Ok(())
    }

    async fn byte(&mut self) -> Outcome<u8> {
        self.more().await?;
        Ok(self.rest.get_u8())
    }

    /// Reads one message; its length. As with any client, the message is its caller's: its buffer is not used again.
    async fn read(&mut self) -> Outcome<usize> {
        self.message = Vec::new();
        loop {
            if (self.byte().await?, self.byte().await?) != (b'\n', b'#') {
                return Err("not chunked framing".into());
            }
            let mut left = 0usize;
            loop {
                match self.byte().await? {
                    b'#' => {
                        self.byte().await?;
                        return Ok(self.message.len());
                    }
                    b'\n' => break,
                    digit => left = left * 10 + usize::from(digit.wrapping_sub(b'0')),
                }
            }
            while left > 0 {
                self.more().await?;
                let taken = self.rest.split_to(left.min(self.rest.len()));
                self.message.extend_from_slice(&taken);
                left -= taken.len();
            }
        }
    }

    fn request(&mut self, operation: &str) -> Vec<u8> {
        self.last_id += 1;
        let rpc = format!("<rpc xmlns=\"{NS}\" message-id=\"{}\">{operation}</rpc>", self.last_id);
        format!("\n#{}\n{rpc}\n##\n", rpc.len()).into_bytes()
    }

    /// `n` get-configs with `window` of them outstanding; the length of the last reply.
    pub(crate) async fn get(&mut self, filter: &str, n: usize, window: usize) -> Outcome<usize> {
        let operation = format!(
            "<get-config><source><running/></source><filter type=\"subtree\">{filter}</filter></get-config>"
        );
        let mut first = Vec::new();
        for _ in 0..window.min(n) {
            first.extend(self.request(&operation));
        }
        self.channel.data_bytes(first).await?;
        let mut length = 0;
        for number in 0..n {
            length = self.read().await?;
            if number + window < n {
                let request = self.request(&operation);
                self.channel.data_bytes(request).await?;
            }
        }
        Ok(length)
    }

    /// An edit that the server made for it answers, in mode `many`.
    pub(crate) async fn edit(&mut self, edit: &str) -> Outcome<()> {
        let operation =
            format!("<edit-config><target><running/></target><config>{edit}</config></edit-config>");
        let request = self.request(&operation);
        self.channel.data_bytes(request).await?;
        self.read().await?;
        Ok(())
    }

    pub(crate) async fn close(mut self) -> Outcome<()> {
        let request = self.request("<close-session/>");
        self.channel.data_bytes(request).await?;
        self.read().await?;
        Ok(())
    }
}
