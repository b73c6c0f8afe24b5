//! A bare NETCONF client over SSH, that sends and shows every byte: for tests of the lab's switch only.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use lab::switch::Switch;
use lab::{FaultBoard, LabSettings};
use netconf_client::framing::{self, Decoder, Framing, Limits};
use russh::client::{self, Handle, Msg};
use russh::keys::PublicKey;
use russh::{ChannelMsg, ChannelStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long any answer may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
pub(crate) const NETCONF: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";
pub(crate) const NATIVE: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-native";

/// A switch and the faults that can strike it.
pub(crate) struct Rig {
    pub(crate) switch: Switch,
    pub(crate) faults: Arc<FaultBoard>,
    pub(crate) settings: LabSettings,
}

pub(crate) async fn start(settings: LabSettings) -> Rig {
    let faults = Arc::new(FaultBoard::default());
    let switch = Switch::start(&settings, faults.clone()).await.unwrap();
    Rig { switch, faults, settings }
}

/// Accepts exactly the host key of the switch's known_hosts line.
pub(crate) struct Pinned(PublicKey);

impl client::Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKey) -> Result<bool, Self::Error> {
        Ok(key.key_data() == self.0.key_data())
    }
}

impl Rig {
    /// An SSH connection, not yet logged in.
    pub(crate) async fn ssh(&self) -> Result<Handle<Pinned>, russh::Error> {
        let line = self.switch.known_hosts_line();
        let (_, key) = line.split_once(' ').unwrap();
        let pinned = Pinned(PublicKey::from_openssh(key).unwrap());
        let config = Arc::new(client::Config { nodelay: true, ..client::Config::default() });
        tokio::time::timeout(LIMIT, client::connect(config, self.switch.addr(), pinned)).await.unwrap()
    }

    /// An SSH connection, logged in by password.
    pub(crate) async fn login(&self) -> Handle<Pinned> {
        let mut ssh = self.ssh().await.unwrap();
        let result = ssh
            .authenticate_password(&self.settings.switch_username, &self.settings.switch_password)
            .await
            .unwrap();
        assert!(result.success());
        ssh
    }

    /// A NETCONF session after both hellos, with all that its server offers.
    pub(crate) async fn session(&self) -> Client {
        let ssh = self.login().await;
        let mut client = Client::open(ssh).await.unwrap();
        client.greet(true).await;
        client
    }

    /// Waits until the switch is in the state asked for.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Switch) -> bool) {
        let wait = async {
            while !holds(&self.switch) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        assert!(tokio::time::timeout(LIMIT, wait).await.is_ok(), "waited in vain until {what}");
    }
}

/// The client's end of one NETCONF session.
pub(crate) struct Client {
    pub(crate) ssh: Handle<Pinned>,
    pub(crate) stream: ChannelStream<Msg>,
    decoder: Decoder,
    framing: Framing,
    /// The server's hello.
    pub(crate) hello: String,
}

impl Client {
    /// Opens the subsystem; `None` when it is refused.
    pub(crate) async fn open(ssh: Handle<Pinned>) -> Option<Self> {
        let mut channel = ssh.channel_open_session().await.unwrap();
        channel.request_subsystem(true, "netconf").await.unwrap();
        loop {
            match tokio::time::timeout(LIMIT, channel.wait()).await.unwrap() {
                Some(ChannelMsg::Success) => break,
                Some(ChannelMsg::Failure) | None => return None,
                Some(_) => {}
            }
        }
        Some(Self {
            ssh,
            stream: channel.into_stream(),
            decoder: Decoder::new(Limits::default()),
            framing: Framing::EndOfMessage,
            hello: String::new(),
        })
    }

    /// Exchanges the hellos.
    pub(crate) async fn greet(&mut self, chunked: bool) {
        self.hello = self.receive().await.unwrap();
        let version =
            if chunked { "urn:ietf:params:netconf:base:1.1" } else { "urn:ietf:params:netconf:base:1.0" };
        let capabilities = format!(
            "<capability>urn:ietf:params:netconf:base:1.0</capability><capability>{version}</capability>"
        );
        self.send(&format!("<hello xmlns='{NETCONF}'><capabilities>{capabilities}</capabilities></hello>"))
            .await;
        if chunked && self.hello.contains("urn:ietf:params:netconf:base:1.1<") {
            self.framing = Framing::Chunked;
            self.decoder.set_framing(Framing::Chunked);
        }
    }

    pub(crate) async fn send(&mut self, message: &str) {
        let mut wire = BytesMut::new();
        framing::encode(self.framing, message.as_bytes(), &mut wire).unwrap();
        self.send_bytes(&wire).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        // A write to a session that was cut fails, sooner or later; the reader sees it for certain.
        let _ = tokio::time::timeout(LIMIT, self.stream.write_all(bytes)).await.unwrap();
    }

    /// The next message; `None` when the session has ended.
    pub(crate) async fn receive(&mut self) -> Option<String> {
        loop {
            if let Some(message) = self.decoder.next_message().unwrap() {
                return Some(String::from_utf8(message.to_vec()).unwrap());
            }
            let mut buffer = BytesMut::with_capacity(4096);
            let read = tokio::time::timeout(LIMIT, self.stream.read_buf(&mut buffer)).await.unwrap();
            match read {
                Ok(0) | Err(_) => return None,
                Ok(_) => self.decoder.push(buffer.freeze()),
            }
        }
    }

    /// All bytes until the end, without any framing.
    pub(crate) async fn drain(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = tokio::time::timeout(LIMIT, self.stream.read_to_end(&mut bytes)).await.unwrap();
        bytes
    }

    pub(crate) async fn rpc(&mut self, operation: &str) -> Option<String> {
        self.send(&rpc(operation)).await;
        self.receive().await
    }

    /// Asserts that the operation succeeds.
    pub(crate) async fn ok(&mut self, operation: &str) {
        let reply = self.rpc(operation).await.unwrap();
        assert!(reply.contains("<ok/>"), "{operation}: {reply}");
    }
}

pub(crate) fn rpc(operation: &str) -> String {
    format!("<rpc xmlns='{NETCONF}' message-id='1'>{operation}</rpc>")
}

/// An edit of GigabitEthernet1/0/5.
pub(crate) fn edit(target: &str, content: &str) -> String {
    format!(
        "<edit-config><target><{target}/></target><config><native xmlns='{NATIVE}'><interface><GigabitEthernet>\
         <name>1/0/5</name>{content}</GigabitEthernet></interface></native></config></edit-config>"
    )
}

/// The whole running interface, if `content` is all that is configured on GigabitEthernet1/0/5.
pub(crate) fn port(content: &str) -> String {
    format!("<GigabitEthernet xmlns=\"{NATIVE}\"><name>1/0/5</name>{content}</GigabitEthernet>")
}

pub(crate) fn description(text: &str) -> String {
    format!("<description>{text}</description>")
}
