//! netconfd with the hand-written models, and a session with it through its own subsystem program.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netconf_client::ops::{Datastore, EditConfig, ErrorOption, GetConfig, TestOption};
use netconf_client::{Session, SessionConfig};
use tempfile::TempDir;

/// How long the server may take to be ready.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long one call may take. netconfd may hang.
const CALL_LIMIT: Duration = Duration::from_secs(15);

/// netconfd leaves a request lying that it reads together with our hello, until more bytes come.
const NUDGE: Duration = Duration::from_secs(1);

/// The port that sshd would listen on, and netconfd wants to hear of; nobody listens there.
const PORT: u16 = 830;

const NETCONFD: &str = "/usr/sbin/netconfd";
const SUBSYSTEM: &str = "/usr/sbin/netconf-subsystem";
/// Where Debian keeps the models that netconfd itself needs.
const MODULES: &str = "/usr/share/yuma/modules";

/// A running netconfd; it ends with this value.
pub(crate) struct Server {
    folder: TempDir,
    netconfd: Child,
}

impl Server {
    /// Starts netconfd with these models, and waits until it takes connections. What is edited is running, or the candidate, which is then
    /// committed.
    pub(crate) fn start(modules: &[(&str, &str)], target: Datastore) -> Self {
        for program in [NETCONFD, SUBSYSTEM] {
            assert!(Path::new(program).exists(), "{program} is missing: apt-get install netconfd");
        }
        let folder = tempfile::tempdir().unwrap();
        let target = if target == Datastore::Candidate { "candidate" } else { "running" };
        let netconfd = spawn(folder.path(), modules, target);
        let mut server = Self { folder, netconfd };
        let begun = Instant::now();
        while UnixStream::connect(server.folder.path().join("ncx.sock")).is_err() {
            let ended = server.netconfd.try_wait().unwrap();
            assert!(ended.is_none(), "netconfd ended, {ended:?}: {}", server.log());
            assert!(begun.elapsed() < START_LIMIT, "netconfd is not ready: {}", server.log());
            std::thread::yield_now();
        }
        server
    }

    /// What it wrote.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("netconfd.log")).unwrap_or_default()
    }

    /// A session as sshd would have begun it, without SSH.
    pub(crate) async fn session(&self) -> Session {
        let mut subsystem = tokio::process::Command::new(SUBSYSTEM);
        let socket = self.folder.path().join("ncx.sock");
        subsystem.arg(format!("--ncxserver-sockname={PORT}@{}", socket.display()));
        subsystem.env("SSH_CONNECTION", format!("127.0.0.1 1 127.0.0.1 {PORT}")).env("USER", USER);
        subsystem.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = subsystem.spawn().unwrap();
        let ends = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        // It ends when its input does, with the session.
        tokio::spawn(async move { child.wait().await });
        let config = SessionConfig::default().call_timeout(CALL_LIMIT).nudge(NUDGE);
        let opened = Session::open(tokio::io::join(ends.0, ends.1), config).await;
        opened.unwrap_or_else(|error| panic!("no session: {error:?}\n{}", self.log()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.netconfd.kill();
        let _ = self.netconfd.wait();
    }
}

/// Whom netconfd lets do everything.
const USER: &str = "netchange";

fn spawn(folder: &Path, modules: &[(&str, &str)], target: &str) -> Child {
    let at = folder.display();
    let mut command = Command::new(NETCONFD);
    command.args([
        format!("--port={PORT}"),
        format!("--ncxserver-sockname={at}/ncx.sock"),
        format!("--superuser={USER}"),
        format!("--modpath={at}:{MODULES}"),
        format!("--log={at}/netconfd.log"),
    ]);
    command.arg("--no-startup").arg(format!("--target={target}"));
    for (name, text) in modules {
        std::fs::write(folder.join(format!("{name}.yang")), text).unwrap();
        command.arg(format!("--module={name}"));
    }
    keep_apart(folder);
    command.current_dir(folder).env("HOME", folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
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

/// Edits running, or the candidate: all of it or nothing. The edit itself asks to be tested: an edit of the candidate that does not is
/// answered with ok by netconfd, and lost by the commit.
pub(crate) async fn edit(
    session: &Session,
    target: Datastore,
    config: &str,
) -> Result<(), netconf_client::Error> {
    let edit = EditConfig::new(target, config);
    session.call(edit.test_option(TestOption::TestThenSet).error_option(ErrorOption::RollbackOnError)).await
}

/// What a datastore holds at and below the nodes of a subtree filter.
pub(crate) async fn held(session: &Session, store: Datastore, filter: &str) -> String {
    session.call(GetConfig::new(store).subtree(filter)).await.unwrap().xml().to_owned()
}

/// What running holds.
pub(crate) async fn running(session: &Session, filter: &str) -> String {
    held(session, Datastore::Running, filter).await
}
