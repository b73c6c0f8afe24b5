//! Starting netconfd and sshd, and the one interface all these tests configure.

use std::future::Future;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netconf_client::ops::{Commit, Datastore, DiscardChanges, EditConfig, GetConfig, TestOption};
use netconf_client::ssh::{Auth, HostKeyCheck, SshConnector, SshTarget, SshTimeouts};
use netconf_client::{Operation, Session, SessionConfig};
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PublicKeyBase64};
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// How long a server may take to be ready, and a condition to become true.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// How long one test may take in all. netconfd may hang.
const TEST_LIMIT: Duration = Duration::from_secs(120);

/// How long one call may take.
const CALL_LIMIT: Duration = Duration::from_secs(15);

/// After how much silence a session's first call is nudged. netconfd 2.13 leaves a request that it reads together with
/// our hello in its buffer until more bytes come: always, when both are written into its subsystem at once, and in one
/// start of a hundred on a loaded machine, when one follows the other. Where it hangs it sits in `select()`
/// with every byte read, its log ends with "Session 7 for … now active", and any further request brings both answers.
pub(crate) const NUDGE: Duration = Duration::from_secs(1);

/// The namespace of the interfaces that are configured.
pub(crate) const IF_NS: &str = "urn:ietf:params:xml:ns:yang:ietf-interfaces";

/// How often a condition is looked at. netconfd looks at its own timers only after a second without requests.
const POLL: Duration = Duration::from_millis(1500);

const NETCONFD: &str = "/usr/sbin/netconfd";
const SSHD: &str = "/usr/sbin/sshd";

/// The datastores a server has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Candidate,
    Running,
    RunningAndStartup,
}

/// A pair of servers; both end with it.
pub(crate) struct Real {
    folder: TempDir,
    netconfd: Child,
    sshd: Child,
    /// Bound to sshd's port, so that nobody else gets it; sshd may listen there all the same, as both let the address be reused.
    _reserved: TcpSocket,
    port: u16,
    user: String,
}

/// Runs one test within [`TEST_LIMIT`].
pub(crate) async fn limited(test: impl Future<Output = ()>) {
    tokio::time::timeout(TEST_LIMIT, test).await.expect("the test took too long");
}

impl Real {
    /// Starts both servers and waits until they take connections.
    pub(crate) fn start(shape: Shape) -> Self {
        for (program, package) in [(NETCONFD, "netconfd"), (SSHD, "openssh-server")] {
            assert!(Path::new(program).exists(), "{program} is missing: apt-get install {package}");
        }
        let folder = tempfile::tempdir().unwrap();
        // Whoever logs in must be able to reach the socket.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let reserved = TcpSocket::new_v4().unwrap();
        reserved.set_reuseaddr(true).unwrap();
        reserved.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let port = reserved.local_addr().unwrap().port();
        let user = said_by("id", "-un");
        let netconfd = start_netconfd(folder.path(), port, shape, &user);
        let sshd = start_sshd(folder.path(), port, &user);
        let mut server = Real { folder, netconfd, sshd, _reserved: reserved, port, user };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&mut self) {
        let socket = self.folder.path().join("ncx.sock");
        let begun = Instant::now();
        while UnixStream::connect(&socket).is_err()
            || TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err()
        {
            for child in [&mut self.netconfd, &mut self.sshd] {
                let ended = child.try_wait().unwrap();
                assert!(ended.is_none(), "a server ended, {ended:?}: {}", logs(self.folder.path()));
            }
            assert!(begun.elapsed() < LIMIT, "the servers are not ready: {}", self.logs());
            std::thread::yield_now();
        }
        std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o666)).unwrap();
    }

    /// Where sshd listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Who may log in.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// What both servers wrote.
    fn logs(&self) -> String {
        logs(self.folder.path())
    }

    /// What is needed to log in.
    pub(crate) fn connector(&self) -> SshConnector {
        self.connector_to(self.port)
    }

    /// The same through a proxy on another port.
    pub(crate) fn connector_to(&self, port: u16) -> SshConnector {
        let path = self.folder.path().join(format!("known_hosts.{port}"));
        let public = key(HOST_KEY).public_key().public_key_base64();
        std::fs::write(&path, format!("[127.0.0.1]:{port} ssh-ed25519 {public}\n")).unwrap();
        let target = SshTarget::new("127.0.0.1", port);
        let auth = Auth::KeyFile { path: self.folder.path().join("user_key"), passphrase: None };
        let timeouts = SshTimeouts { hello: CALL_LIMIT, ..SshTimeouts::default() };
        SshConnector::new(target, &self.user, auth, HostKeyCheck::KnownHosts(path))
            .timeouts(timeouts)
            .session_config(SessionConfig::default().call_timeout(CALL_LIMIT).nudge(NUDGE))
    }

    /// A new session.
    pub(crate) async fn session(&self) -> Session {
        match self.connector().session().await {
            Ok(session) => session,
            Err(error) => panic!("no session: {error:?}\n{}", self.logs()),
        }
    }

    /// Gives the interface the description "old", in every datastore.
    pub(crate) async fn seed(&self) {
        let session = self.session().await;
        let running = !session.capabilities().candidate();
        let target = if running { Datastore::Running } else { Datastore::Candidate };
        if !running {
            // A session that was cut may have left an edit in the candidate, which is everybody's.
            once_free(&session, &DiscardChanges).await;
        }
        let edit = EditConfig::new(target, described("old")).test_option(TestOption::TestThenSet);
        once_free(&session, &edit).await;
        if !running {
            once_free(&session, &Commit::new()).await;
            once_free(&session, &DiscardChanges).await;
        }
        assert_eq!(description(&session, Datastore::Running).await.as_deref(), Some("old"));
        session.close().await.unwrap();
    }

    /// The server's own folder, where it writes files.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Calls again as long as a session that was cut holds a lock, since netconfd has not noticed its end.
async fn once_free(session: &Session, operation: &(impl Operation<Output = ()> + Sync)) {
    let begun = Instant::now();
    // Without a pause the server would be kept from looking at its timers.
    let mut pause = tokio::time::interval(POLL);
    loop {
        pause.tick().await;
        match session.call(operation).await {
            Err(error) if error.is_retryable() && begun.elapsed() < LIMIT => {}
            done => return done.unwrap(),
        }
    }
}

/// What both servers wrote in their folder.
fn logs(folder: &Path) -> String {
    let read = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    format!("netconfd: {}\nsshd: {}", read("netconfd.log"), read("sshd.log"))
}

impl Drop for Real {
    fn drop(&mut self) {
        for child in [&mut self.netconfd, &mut self.sshd] {
            // It may have ended by itself; what counts is that it is gone.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

const HOST_KEY: u8 = 11;
const USER_KEY: u8 = 12;

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

fn write_key(path: PathBuf, seed: u8) {
    std::fs::write(&path, key(seed).to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

fn said_by(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn start_netconfd(folder: &Path, port: u16, shape: Shape, user: &str) -> Child {
    let at = folder.display();
    let mut command = Command::new(NETCONFD);
    command.args([
        &format!("--port={port}"),
        &format!("--ncxserver-sockname={at}/ncx.sock"),
        "--no-startup",
        &format!("--superuser={user}"),
        "--module=ietf-interfaces",
        "--module=iana-if-type",
        &format!("--log={at}/netconfd.log"),
    ]);
    command.arg(if shape == Shape::Candidate { "--target=candidate" } else { "--target=running" });
    if shape == Shape::RunningAndStartup {
        command.arg("--with-startup=true");
    }
    let out = std::fs::File::create(folder.join("netconfd.out")).unwrap();
    keep_apart(folder);
    command.current_dir(folder).env("HOME", folder).stdin(Stdio::null());
    command.stdout(out.try_clone().unwrap()).stderr(out).spawn().unwrap()
}

/// netconfd counts its transactions in `$HOME/.yuma` if that is there, else in a folder of the user's that all of them share and that
/// two of them, started at once, both fail to make.
fn keep_apart(home: &Path) {
    std::fs::create_dir_all(home.join(".yuma")).unwrap();
    std::fs::write(home.join(".yuma/startup-cfg-txid.txt"), "1\n").unwrap();
    if let Some(of_the_user) = std::env::home_dir() {
        std::fs::create_dir_all(of_the_user.join(".yuma")).unwrap();
    }
}

fn start_sshd(folder: &Path, port: u16, user: &str) -> Child {
    let at = folder.display();
    if user == "root" {
        std::fs::create_dir_all("/run/sshd").unwrap();
    }
    write_key(folder.join("host_key"), HOST_KEY);
    write_key(folder.join("user_key"), USER_KEY);
    std::fs::write(folder.join("authorized_keys"), key(USER_KEY).public_key().to_openssh().unwrap()).unwrap();
    let config = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {at}/host_key\nPidFile {at}/sshd.pid\nUsePAM no\n\
         StrictModes no\nAuthorizedKeysFile {at}/authorized_keys\nAllowUsers {user}\nPermitRootLogin prohibit-password\n\
         Subsystem netconf \"/usr/sbin/netconf-subsystem --ncxserver-sockname={port}@{at}/ncx.sock\"\n"
    );
    std::fs::write(folder.join("sshd_config"), config).unwrap();
    let mut command = Command::new(SSHD);
    command.arg("-D").arg("-f").arg(folder.join("sshd_config")).arg("-E").arg(folder.join("sshd.log"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The interface with a description, as the elements of an edit.
pub(crate) fn described(text: &str) -> String {
    format!(
        "<interfaces xmlns=\"{IF_NS}\"><interface><name>GigabitEthernet1/0/5</name>\
         <type xmlns:t=\"urn:ietf:params:xml:ns:yang:iana-if-type\">t:ethernetCsmacd</type>\
         <description>{text}</description></interface></interfaces>"
    )
}

/// The interface's description in a datastore.
pub(crate) async fn description(session: &Session, datastore: Datastore) -> Option<String> {
    let filter = format!("<interfaces xmlns=\"{IF_NS}\"/>");
    let data = session.call(GetConfig::new(datastore).subtree(filter)).await.unwrap();
    let document = data.tree().unwrap();
    let element = document.descendants().find(|node| node.has_tag_name((IF_NS, "description")));
    element.and_then(|node| node.text()).map(str::to_owned)
}

/// Waits, in a session of its own, until running has this description.
pub(crate) async fn running_becomes(server: &Real, text: &str) {
    running_is_one_of(server, &[text], "").await;
}

/// Waits, in a session of its own, until running has one of these descriptions.
pub(crate) async fn running_is_one_of(server: &Real, texts: &[&str], at: &str) {
    let session = server.session().await;
    let begun = Instant::now();
    let mut pause = tokio::time::interval(POLL);
    loop {
        let seen = description(&session, Datastore::Running).await;
        if seen.as_deref().is_some_and(|seen| texts.contains(&seen)) {
            break;
        }
        assert!(begun.elapsed() < LIMIT, "{at}: running is {seen:?}, not {texts:?}\n{}", server.logs());
        // Without a pause the server would be kept from looking at its timers.
        pause.tick().await;
    }
    session.close().await.unwrap();
}
