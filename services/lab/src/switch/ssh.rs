//! The SSH server: connections, logins, the netconf subsystem.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io};

use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session};
use russh::{Channel, ChannelId, MethodKind, MethodSet};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::device::Device;
use super::log::EventKind;
use super::session::{self, Line};
use super::wire::{Connection, Counted};
use crate::faults::{FaultAction, FaultBoard, Point, System};
use crate::settings::LabSettings;

/// How long a connection may be silent.
const IDLE_LIMIT: Duration = Duration::from_secs(3600);
/// How long a wrong password takes to be refused.
const REJECTION_TIME: Duration = Duration::from_millis(50);

/// What all connections share.
pub(crate) struct Shared {
    device: Mutex<Device>,
    pub(crate) faults: Arc<FaultBoard>,
    pub(crate) rpc_delay: Duration,
    pub(crate) stop: CancellationToken,
    username: String,
    password: String,
    authorized: Vec<PublicKey>,
    connections: Mutex<HashMap<SocketAddr, Arc<Connection>>>,
}

impl Shared {
    pub(crate) fn new(settings: &LabSettings, device: Device, faults: Arc<FaultBoard>) -> io::Result<Self> {
        let keys = settings.switch_authorized_keys.iter().map(|line| PublicKey::from_openssh(line));
        let authorized = keys.collect::<Result<_, _>>().map_err(io::Error::other)?;
        Ok(Self {
            device: Mutex::new(device),
            faults,
            rpc_delay: settings.switch_rpc_delay,
            stop: CancellationToken::new(),
            username: settings.switch_username.clone(),
            password: settings.switch_password.clone(),
            authorized,
            connections: Mutex::default(),
        })
    }

    /// The switch, for as short a time as possible.
    pub(crate) fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts every connection.
    pub(crate) fn cut_all(&self) {
        for connection in self.connections().values() {
            connection.cut();
        }
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<SocketAddr, Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn knows(&self, user: &str, password: &[u8]) -> bool {
        let right_user = user.as_bytes().ct_eq(self.username.as_bytes());
        bool::from(right_user & password.ct_eq(self.password.as_bytes()))
    }

    fn has_key(&self, user: &str, key: &PublicKey) -> bool {
        user == self.username && self.authorized.iter().any(|known| known.key_data() == key.key_data())
    }
}

/// Reads the host key from its file; makes it, and the file, if there is none.
pub(crate) fn host_key(file: Option<&Path>) -> io::Result<PrivateKey> {
    let Some(file) = file else { return Ok(new_key()) };
    match fs::read(file) {
        Ok(bytes) => PrivateKey::from_openssh(bytes).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = new_key();
            key.write_openssh_file(file, LineEnding::LF).map_err(io::Error::other)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

fn new_key() -> PrivateKey {
    // Four random UUIDs hold 488 random bits; the digest of them is as good as a seed drawn at once.
    let mut digest = Sha256::new();
    for _ in 0..4 {
        digest.update(uuid::Uuid::new_v4().as_bytes());
    }
    let seed: [u8; 32] = digest.finalize().into();
    PrivateKey::from(Ed25519Keypair::from_seed(&seed))
}

/// Accepts connections until the switch stops.
pub(crate) async fn serve(listener: TcpListener, key: PrivateKey, shared: Arc<Shared>) {
    let methods = [MethodKind::PublicKey, MethodKind::KeyboardInteractive, MethodKind::Password];
    let config = Arc::new(Config {
        methods: MethodSet::from(&methods[..]),
        auth_rejection_time: REJECTION_TIME,
        auth_rejection_time_initial: Some(Duration::ZERO),
        inactivity_timeout: Some(IDLE_LIMIT),
        keys: vec![key],
        ..Config::default()
    });
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                tokio::spawn(connection(stream, peer, config.clone(), shared.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "Cannot accept a connection: {error}");
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, config: Arc<Config>, shared: Arc<Shared>) {
    let mut line = Line::default();
    for fault in shared.faults.strike(System::Switch, Point::Connection, "", "") {
        match fault.action {
            FaultAction::Delay { .. } | FaultAction::Hold => shared.faults.wait(&fault).await,
            FaultAction::CutAfterBytesIn { bytes } => line.limit_in = Some(bytes),
            FaultAction::CutAfterBytesOut { bytes } => line.limit_out = Some(bytes),
            _ => {
                shared.device().log.add(
                    EventKind::Fault,
                    (None, ""),
                    format!("connection from {peer} refused"),
                );
                return;
            }
        }
    }
    // Without it every small reply may wait 40 ms for the peer's acknowledgement.
    let _ = stream.set_nodelay(true);
    let Ok((stream, handle)) = Counted::new(stream) else {
        return;
    };
    shared.connections().insert(peer, handle.clone());
    let login = Login {
        shared: shared.clone(),
        peer,
        user: String::new(),
        connection: handle,
        line,
        channels: HashMap::new(),
    };
    tokio::select! {
        () = shared.stop.cancelled() => {}
        result = async { russh::server::run_stream(config, stream, login).await?.await } => {
            if let Err(error) = result {
                tracing::debug!(%error, "Connection from {peer} ended: {error}");
            }
        }
    }
    if let Some(connection) = shared.connections().remove(&peer) {
        connection.cut();
    }
}

/// One SSH connection.
struct Login {
    shared: Arc<Shared>,
    peer: SocketAddr,
    user: String,
    connection: Arc<Connection>,
    line: Line,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl Login {
    fn verdict(&mut self, user: &str, accepted: bool, how: &str) -> Auth {
        if accepted {
            user.clone_into(&mut self.user);
            return Auth::Accept;
        }
        let text = format!("{how} refused, from {}", self.peer);
        self.shared.device().log.add(EventKind::LoginFailed, (None, user), text);
        Auth::reject()
    }

    /// Starts the NETCONF session of a channel, if there is room for one.
    fn start(&mut self, channel: Channel<Msg>, ssh: &Session) -> bool {
        let Some((id, kill)) = self.shared.device().open_session(&self.user, &self.peer.to_string()) else {
            return false;
        };
        let netconf = session::Netconf {
            shared: self.shared.clone(),
            id,
            kill,
            connection: self.connection.clone(),
            line: std::mem::take(&mut self.line),
            sent: 0,
        };
        let (handle, channel_id) = (ssh.handle(), channel.id());
        tokio::spawn(async move {
            // The channel is closed when the stream is dropped: after the exit status, which OpenSSH's client reports.
            let mut stream = channel.into_stream();
            let end = netconf.run(&mut stream).await;
            if end.is_orderly() {
                // If the client is gone by now, nobody asks.
                let _ = handle.exit_status_request(channel_id, 0).await;
                let _ = handle.eof(channel_id).await;
            }
        });
        true
    }
}

impl Handler for Login {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let accepted = self.shared.knows(user, password.as_bytes());
        Ok(self.verdict(user, accepted, "password"))
    }

    async fn auth_publickey_offered(&mut self, user: &str, key: &PublicKey) -> Result<Auth, Self::Error> {
        Ok(if self.shared.has_key(user, key) { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, key: &PublicKey) -> Result<Auth, Self::Error> {
        let accepted = self.shared.has_key(user, key);
        Ok(self.verdict(user, accepted, "public key"))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: vec![("Password: ".into(), false)].into(),
            });
        };
        let answer = response.next();
        let accepted = answer.is_some_and(|answer| self.shared.knows(user, &answer));
        Ok(self.verdict(user, accepted, "keyboard-interactive"))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let channel = if name == "netconf" { self.channels.remove(&id) } else { None };
        let started = channel.is_some_and(|channel| self.start(channel, session));
        if started { session.channel_success(id) } else { session.channel_failure(id) }
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        _command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn channel_close(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.channels.remove(&id);
        Ok(())
    }
}
