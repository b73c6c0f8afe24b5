//! An SSH server on loopback with the fake NETCONF server behind it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use netconf_client::hello::Hello;
use netconf_client::ssh::SshTarget;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PublicKey, PublicKeyBase64};
use russh::server::{Auth, ChannelOpenHandle, Handle, Handler, Msg, Response, Session};
use russh::{Channel, ChannelId};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::fake::{FULL, Fake};

pub(crate) const USER: &str = "admin";
pub(crate) const PASSWORD: &str = "secret of the test";

/// A key that is the same in every run.
pub(crate) fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

/// The private key's file.
pub(crate) fn key_text(seed: u8) -> String {
    key(seed).to_openssh(LineEnding::LF).unwrap().to_string()
}

/// The seed of the key by which the user may log in.
pub(crate) const USER_KEY: u8 = 7;
/// The seed of the server's host key.
pub(crate) const HOST_KEY: u8 = 1;

/// How the server behaves.
#[derive(Clone, Copy, PartialEq, Default)]
pub(crate) enum Manner {
    #[default]
    Normal,
    /// No subsystem `netconf`.
    NoSubsystem,
    /// Takes the TCP connection and says nothing.
    SilentTcp,
    /// Says which version of SSH it speaks, and then nothing.
    SilentHandshake,
    /// Never answers a login.
    SilentLogin,
    /// Drops the connection when somebody wants to log in.
    CutLogin,
    /// Says that it ends the connection, and why, to whoever is asked for a password.
    Dismissal,
    /// Accepts the subsystem and says nothing.
    SilentSubsystem,
    /// Greets before it says that there is a subsystem, and then says nothing.
    EarlyHello,
    /// Offers only what old devices have.
    Legacy,
    /// Drops the connection when it is asked for the subsystem.
    CutSubsystem,
    /// Confirms a channel only when it may.
    LateChannel,
}

/// Logins by password.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    /// How many were tried.
    pub(crate) tried: AtomicUsize,
    /// How many are to be cut first.
    pub(crate) cut: AtomicUsize,
    /// How many are to be refused then, whatever the password.
    pub(crate) refuse: AtomicUsize,
}

impl Logins {
    /// Counts one down, if there is one.
    fn takes(counter: &AtomicUsize) -> bool {
        counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

pub(crate) struct SshServer {
    pub(crate) address: SocketAddr,
    pub(crate) logins: Arc<Logins>,
    /// Connections that are open now.
    pub(crate) open: Arc<AtomicUsize>,
    /// Channels that the client has closed.
    pub(crate) closed: Arc<AtomicUsize>,
    /// Channels that may be confirmed by a server that is late.
    pub(crate) confirms: Arc<Semaphore>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for SshServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SshServer {
    pub(crate) async fn start(netconf: Fake, manner: Manner) -> Self {
        Self::start_as(netconf, manner, config(HOST_KEY, manner)).await
    }

    pub(crate) async fn start_as(netconf: Fake, manner: Manner, config: russh::server::Config) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), netconf, manner, config)
    }

    pub(crate) fn start_on(
        listener: TcpListener,
        netconf: Fake,
        manner: Manner,
        config: russh::server::Config,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let (open, closed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let confirms = Arc::new(Semaphore::new(0));
        let logins = Arc::new(Logins::default());
        let counted = Arc::clone(&logins);
        let (counter, closes, lets) = (Arc::clone(&open), Arc::clone(&closed), Arc::clone(&confirms));
        let config = Arc::new(config);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (config, netconf, open) = (Arc::clone(&config), netconf.clone(), Arc::clone(&counter));
                let (closed, confirms) = (Arc::clone(&closes), Arc::clone(&lets));
                let logins = Arc::clone(&counted);
                tokio::spawn(async move {
                    open.fetch_add(1, Ordering::SeqCst);
                    let login = Login { logins, ..Login::new(netconf, manner, closed, confirms) };
                    if manner == Manner::SilentHandshake {
                        stream.write_all(b"SSH-2.0-test\r\n").await.unwrap();
                    }
                    if matches!(manner, Manner::SilentTcp | Manner::SilentHandshake) {
                        std::future::pending::<()>().await;
                    }
                    login.run(config, stream).await;
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        SshServer { address, logins, open, closed, confirms, task }
    }

    /// A device with `seed`'s host key calls home and serves NETCONF on the connection.
    pub(crate) fn call_home(to: SocketAddr, seed: u8, netconf: Fake, manner: Manner) {
        Self::call_home_as(to, netconf, manner, config(seed, manner));
    }

    pub(crate) fn call_home_as(to: SocketAddr, netconf: Fake, manner: Manner, config: russh::server::Config) {
        tokio::spawn(async move {
            let stream = tokio::net::TcpStream::connect(to).await.unwrap();
            if manner == Manner::SilentTcp {
                std::future::pending::<()>().await;
            }
            let (closed, confirms) = (Arc::default(), Arc::new(Semaphore::new(0)));
            Login::new(netconf, manner, closed, confirms).run(Arc::new(config), stream).await;
        });
    }

    pub(crate) fn target(&self) -> SshTarget {
        SshTarget::new("127.0.0.1", self.address.port())
    }

    /// The line of known_hosts that has `seed`'s key for this server.
    pub(crate) fn known_hosts_line(&self, seed: u8) -> String {
        let public = key(seed).public_key().clone();
        format!("[127.0.0.1]:{} ssh-ed25519 {}\n", self.address.port(), public.public_key_base64())
    }
}

/// A server with `seed`'s host key.
pub(crate) fn config(seed: u8, manner: Manner) -> russh::server::Config {
    let mut config = russh::server::Config {
        keys: vec![key(seed)],
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        nodelay: true,
        ..russh::server::Config::default()
    };
    if manner == Manner::Legacy {
        config.preferred.kex = vec![russh::kex::DH_G14_SHA1].into();
        config.preferred.cipher = vec![russh::cipher::AES_128_CBC].into();
        config.preferred.mac = vec![russh::mac::HMAC_SHA1].into();
    }
    config
}

struct Login {
    netconf: Fake,
    manner: Manner,
    channels: HashMap<ChannelId, Channel<Msg>>,
    closed: Arc<AtomicUsize>,
    confirms: Arc<Semaphore>,
    logins: Arc<Logins>,
    /// There once the versions are exchanged.
    handle: Arc<OnceLock<Handle>>,
}

impl Login {
    fn new(netconf: Fake, manner: Manner, closed: Arc<AtomicUsize>, confirms: Arc<Semaphore>) -> Self {
        let (channels, logins, handle) = (HashMap::new(), Arc::default(), Arc::default());
        Login { netconf, manner, channels, closed, confirms, logins, handle }
    }

    async fn run(self, config: Arc<russh::server::Config>, stream: TcpStream) {
        let handle = Arc::clone(&self.handle);
        if let Ok(session) = russh::server::run_stream(config, stream, self).await {
            assert!(handle.set(session.handle()).is_ok());
            // Ends with an error when the client is gone, which is how clients go.
            let _ = session.await;
        }
    }
}

impl Handler for Login {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        match self.manner {
            Manner::SilentLogin => std::future::pending().await,
            Manner::CutLogin => return Err(russh::Error::Disconnect),
            _ => {}
        }
        self.logins.tried.fetch_add(1, Ordering::SeqCst);
        if Logins::takes(&self.logins.cut) {
            return Err(russh::Error::Disconnect);
        }
        if Logins::takes(&self.logins.refuse) {
            return Ok(Auth::reject());
        }
        Ok(if (user, password) == (USER, PASSWORD) { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, public: &PublicKey) -> Result<Auth, russh::Error> {
        if self.manner == Manner::CutLogin {
            return Err(russh::Error::Disconnect);
        }
        let known = public.key_data() == key(USER_KEY).public_key().key_data();
        Ok(if user == USER && known { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        if self.manner == Manner::CutLogin {
            return Err(russh::Error::Disconnect);
        }
        if self.manner == Manner::Dismissal {
            let handle = self.handle.get().unwrap();
            let reason = russh::Disconnect::NoMoreAuthMethodsAvailable;
            handle.disconnect(reason, "too many failures".into(), String::new()).await?;
        }
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: vec![("Password: ".into(), false)].into(),
            });
        };
        let right = response.next().is_some_and(|answer| *answer == *PASSWORD.as_bytes());
        Ok(if right { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channels.insert(channel.id(), channel);
        if self.manner != Manner::LateChannel {
            reply.accept().await;
            return Ok(());
        }
        let confirms = Arc::clone(&self.confirms);
        tokio::spawn(async move {
            confirms.acquire().await.unwrap().forget();
            reply.accept().await;
        });
        Ok(())
    }

    async fn channel_close(&mut self, _: ChannelId, _: &mut Session) -> Result<(), russh::Error> {
        self.closed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if self.manner == Manner::CutSubsystem {
            return Err(russh::Error::Disconnect);
        }
        match self.channels.remove(&id) {
            Some(channel) if name == "netconf" && self.manner != Manner::NoSubsystem => {
                if self.manner == Manner::EarlyHello {
                    let hello = Hello::server(FULL.iter().collect(), 77).to_xml();
                    session.data(id, format!("{hello}]]>]]>").into_bytes())?;
                }
                session.channel_success(id)?;
                if matches!(self.manner, Manner::SilentSubsystem | Manner::EarlyHello) {
                    self.channels.insert(id, channel);
                    return Ok(());
                }
                let netconf = self.netconf.clone();
                tokio::spawn(async move { netconf.serve(channel.into_stream()).await });
            }
            _ => session.channel_failure(id)?,
        }
        Ok(())
    }
}
