//! `netchange yang … --device` with devices that are not there, do not answer, or do not let us in: each ends in time, with a failure and with
//! what to do about it.
#![cfg(feature = "lab")]
#![expect(clippy::unwrap_used, reason = "a test whose program does not run has failed")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lab::LabSettings;
use lab::faults::{Fault, FaultAction, FaultBoard, Point, System};
use lab::netbox::Netbox;
use lab::switch::Switch;
use tokio::net::TcpSocket;

/// What the configuration lets each step take, unless a device shall be given up.
const STEP: &str = "timeout = \"10s\"";
/// How long a run may take at the most: NetBox's attempts, the steps, and a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// An ed25519 key of nobody: what is known of a device that never shows its own.
const SOME_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

/// A configuration in a folder of its own.
struct Home {
    folder: tempfile::TempDir,
    config: String,
}

impl Home {
    fn new() -> Self {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../netchange.example.toml");
        let config = std::fs::read_to_string(example).unwrap();
        let home =
            Self { folder: tempfile::tempdir().unwrap(), config: config.replace("timeout = \"30s\"", STEP) };
        let known_hosts = home.known_hosts();
        std::fs::write(&known_hosts, "").unwrap();
        let config =
            home.config.replace("\"lab_known_hosts\"", &format!("{:?}", known_hosts.to_str().unwrap()));
        Self { config, ..home }
    }

    fn known_hosts(&self) -> PathBuf {
        self.folder.path().join("known_hosts")
    }

    /// The device c9300 at an address.
    fn device_at(self, address: SocketAddr) -> Self {
        let host = format!("port = {}\nhost = \"{}\"", address.port(), address.ip());
        Self { config: self.config.replace("port = 2830", &host), ..self }
    }

    fn knows(self, line: &str) -> Self {
        std::fs::write(self.known_hosts(), format!("{line}\n")).unwrap();
        self
    }

    fn with(self, from: &str, to: &str) -> Self {
        assert!(self.config.contains(from), "the example has no {from}");
        Self { config: self.config.replace(from, to), ..self }
    }

    /// Reads a device's models; the code and what was said, which must come in time.
    async fn read(&self, device: &str) -> (i32, String) {
        let file = self.folder.path().join("netchange.toml");
        std::fs::write(&file, &self.config).unwrap();
        let cache = self.folder.path().join("cache");
        let mut command = Command::new(env!("CARGO_BIN_EXE_netchange"));
        command.args(["yang", "tree", "--depth", "1", "--device", device, "--config"]).arg(file);
        command.arg("--cache").arg(cache).stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
        let began = Instant::now();
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(began.elapsed() < LIMIT, "it took {:?}", began.elapsed());
        assert!(output.stdout.is_empty(), "nothing is drawn of what was not read");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

/// An address where nobody listens: bound, so that nobody else gets it as long as this lives, and never listened on.
fn nobody() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[track_caller]
fn failed((code, said): (i32, String), expected: &[&str]) {
    assert_eq!(code, 1, "{said}");
    assert!(!said.contains("lab-switch-password"), "{said}");
    for expected in expected {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

async fn switch(faults: &Arc<FaultBoard>) -> Switch {
    Switch::start(&LabSettings::default(), faults.clone()).await.unwrap()
}

fn fault(point: Point, action: FaultAction) -> Arc<FaultBoard> {
    let board = Arc::new(FaultBoard::default());
    board.add(Fault {
        system: System::Switch,
        point,
        method: None,
        path: None,
        skip: 0,
        times: None,
        action,
    });
    board
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_nobody_knows_is_looked_for_in_netbox() {
    let netbox = Netbox::start(&LabSettings::default(), Arc::default()).await.unwrap();
    let url = format!("url = \"{}\"", netbox.url());
    let home = Home::new().with("url = \"http://127.0.0.1:12348\"", &url);
    let said = home.read("nowhere").await;
    netbox.stop().await;
    failed(said, &["the models of nowhere were not read", "neither in NetBox", "as NetBox has it"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_netbox_that_is_not_there_is_named() {
    let (_nobody, address) = nobody();
    let url = format!("url = \"http://{address}\"");
    let home = Home::new().with("url = \"http://127.0.0.1:12348\"", &url);
    failed(home.read("nowhere").await, &["NetBox cannot be reached", "[netbox]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_where_nobody_listens_is_not_reached() {
    let (_nobody, address) = nobody();
    let home = Home::new().device_at(address);
    failed(home.read("c9300").await, &["Is it up, reachable from here"]);
    let home = home.knows(&format!("[127.0.0.1]:{} {SOME_KEY}", address.port()));
    failed(home.read("c9300").await, &["cannot connect to 127.0.0.1", "Is it up, reachable from here"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_silent_after_the_connection_is_given_up() {
    // the system takes the connection, and nobody ever says a word on it
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let home = Home::new().device_at(address).knows(&format!("[127.0.0.1]:{} {SOME_KEY}", address.port()));
    let home = home.with(STEP, "timeout = \"2s\"");
    failed(home.read("c9300").await, &["connecting took longer than 2 s", "Is it up, reachable from here"]);
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_key_is_not_known_shows_it() {
    let switch = switch(&Arc::default()).await;
    let said = Home::new().device_at(switch.addr()).read("c9300").await;
    switch.stop().await;
    failed(said, &["the host key of 127.0.0.1", "SHA256:", "Compare the fingerprint"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_refuses_the_login_says_whose() {
    let switch = switch(&Arc::default()).await;
    let home = Home::new().device_at(switch.addr()).knows(&switch.known_hosts_line());
    let home = home.with("password = \"lab-switch-password\"", "password = \"another\"");
    let said = home.read("c9300").await;
    switch.stop().await;
    failed(said, &["login as netchange was refused", "See username, and password or private_key"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_silent_after_the_login_is_given_up() {
    let switch = switch(&fault(Point::Request, FaultAction::Hold)).await;
    let home = Home::new().device_at(switch.addr()).knows(&switch.known_hosts_line());
    // Long enough to log in, even on a busy machine.
    let home = home.with(STEP, "timeout = \"5s\"");
    let said = home.read("c9300").await;
    switch.stop().await;
    failed(said, &["took longer than 5 s", "devices.timeout"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_breaks_off_while_it_is_read_is_said_to_have() {
    let switch = switch(&fault(Point::Connection, FaultAction::CutAfterBytesOut { bytes: 20_000 })).await;
    let home = Home::new().device_at(switch.addr()).knows(&switch.known_hosts_line());
    let said = home.read("c9300").await;
    switch.stop().await;
    failed(said, &["session lost", "Modules read so far are kept"]);
}
