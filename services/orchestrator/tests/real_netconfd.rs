//! Whole changes against a real NETCONF server: Debian's `netconfd` behind a real `sshd`, with models in the shape of IOS-XE.
//! Ticket system, chat and source of truth are the lab's. Run with `--ignored`; it fails where the servers are not installed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod support;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use netconf_client::ops::{Commit, Datastore, EditConfig, GetConfig, TestOption};
use netconf_client::ssh::{Auth, HostKeyCheck, SshConnector, SshTarget, SshTimeouts};
use netconf_client::{Session, SessionConfig};
use serde_json::json;
use support::{Options, PORT, World, until_within};
use tokio::net::TcpSocket;

/// Where Debian keeps the models that netconfd itself needs.
const MODULES: &str = "/usr/share/yuma/modules";
/// Names of the two programs, which are not on everybody's path.
const NETCONFD: &str = "/usr/sbin/netconfd";
const SSHD: &str = "/usr/sbin/sshd";

/// How long both servers may take to be ready.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running server; it ends with this value.
struct Server {
    home: tempfile::TempDir,
    port: u16,
    user: String,
    netconfd: Child,
    sshd: Child,
    /// Bound to sshd's port, so that nobody else gets it; sshd may listen there all the same, as both let the address be reused.
    _reserved: TcpSocket,
}

impl Drop for Server {
    fn drop(&mut self) {
        for child in [&mut self.sshd, &mut self.netconfd] {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
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

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn key(path: &Path) -> String {
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", path.to_str().unwrap()]);
    std::fs::read_to_string(path.with_extension("pub")).unwrap()
}

impl Server {
    /// Starts netconfd with `target` (`candidate` or `running`) and sshd before it.
    async fn start(target: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let models = at("models");
        std::fs::create_dir(&models).unwrap();
        for (name, text) in device_dialect::IOS_XE_MODULES {
            std::fs::write(models.join(format!("{}.yang", name.trim_end_matches(".yang"))), text).unwrap();
        }
        key(&at("host_key"));
        std::fs::write(at("authorized_keys"), key(&at("user_key"))).unwrap();
        let reserved = TcpSocket::new_v4().unwrap();
        reserved.set_reuseaddr(true).unwrap();
        reserved.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = reserved.local_addr().unwrap().port();
        let (user, socket) = (run("id", &["-un"]), at("ncx.sock"));
        keep_apart(home.path());
        let netconfd = Command::new(NETCONFD)
            .current_dir(home.path())
            .env("HOME", home.path())
            .args(["--no-startup", "--module=Cisco-IOS-XE-native", "--module=Cisco-IOS-XE-switch"])
            .args(["--module=Cisco-IOS-XE-vlan", "--module=cisco-ia"])
            .args([format!("--port={port}"), format!("--target={target}"), format!("--superuser={user}")])
            .arg(format!("--ncxserver-sockname={}", socket.display()))
            .arg(format!("--modpath={}:{MODULES}", models.display()))
            .arg(format!("--log={}", at("netconfd.log").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{NETCONFD} is needed: {error}"));
        let config = at("sshd_config");
        std::fs::write(&config, sshd_config(home.path(), port, &user, &socket)).unwrap();
        // As root, sshd wants this directory for its unprivileged half.
        let _ = std::fs::create_dir_all("/run/sshd");
        let sshd = Command::new(SSHD)
            .arg("-D")
            .args(["-f".into(), config, "-E".into(), at("sshd.log")] as [PathBuf; 4])
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{SSHD} is needed: {error}"));
        let server = Self { home, port, user, netconfd, sshd, _reserved: reserved };
        let last = Cell::new(String::new());
        let answers =
            async || server.session().await.inspect_err(|error| last.set(format!("{error:?}"))).ok();
        let why = || format!("{}\n{}", last.take(), server.logs());
        let session = until_within(START_LIMIT, "netconfd answers", answers, why).await;
        session.close().await.unwrap();
        server.seed(target).await;
        server
    }

    /// What both servers wrote.
    fn logs(&self) -> String {
        let read = |name| std::fs::read_to_string(self.file(name)).unwrap_or_default();
        format!("netconfd: {}\nsshd: {}", read("netconfd.log"), read("sshd.log"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    async fn session(&self) -> Result<Session, netconf_client::Error> {
        let target = SshTarget::new("127.0.0.1", self.port);
        let auth = Auth::KeyFile { path: self.file("user_key"), passphrase: None };
        let pinned = HostKeyCheck::PinnedKey(std::fs::read_to_string(self.file("host_key.pub")).unwrap());
        let limit = Duration::from_secs(10);
        let limits = SshTimeouts { connect: limit, login: limit, hello: limit, ..SshTimeouts::default() };
        let config = SessionConfig::default().nudge(Duration::from_secs(1));
        SshConnector::new(target, self.user.clone(), auth, pinned)
            .timeouts(limits)
            .session_config(config)
            .session()
            .await
    }

    /// netconfd 2.13 creates the leaf that is removed from a list entry which is new: the ports are there from the start.
    async fn seed(&self, target: &str) {
        let ports = "<native xmlns=\"http://cisco.com/ns/yang/Cisco-IOS-XE-native\"><interface>\
                     <GigabitEthernet><name>1/0/5</name></GigabitEthernet></interface></native>";
        let session = self.session().await.unwrap();
        let datastore = if target == "candidate" { Datastore::Candidate } else { Datastore::Running };
        let edit = EditConfig::new(datastore, ports).test_option(TestOption::TestThenSet);
        session.call(edit).await.unwrap();
        if target == "candidate" {
            session.call(Commit::new()).await.unwrap();
        }
        session.close().await.unwrap();
    }

    async fn running(&self) -> String {
        let session = self.session().await.unwrap();
        let filter = "<native xmlns=\"http://cisco.com/ns/yang/Cisco-IOS-XE-native\"/>";
        let data = session.call(GetConfig::new(Datastore::Running).subtree(filter)).await.unwrap();
        session.close().await.unwrap();
        data.xml().split_whitespace().collect()
    }

    fn config(&self) -> serde_json::Value {
        let known_hosts = self.file("known_hosts");
        let key = std::fs::read_to_string(self.file("host_key.pub")).unwrap();
        let key: Vec<&str> = key.split_whitespace().take(2).collect();
        std::fs::write(&known_hosts, format!("[127.0.0.1]:{} {}\n", self.port, key.join(" "))).unwrap();
        json!({"devices": {
            "username": self.user, "password": "", "private_key": format!("file:{}", self.file("user_key").display()),
            "port": self.port, "known_hosts": known_hosts, "timeout": "20s", "patience": "30s",
        }})
    }
}

fn sshd_config(home: &Path, port: u16, user: &str, socket: &Path) -> String {
    let (home, socket) = (home.display(), socket.display());
    format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {home}/host_key\nPidFile {home}/sshd.pid\nUsePAM no\nStrictModes no\n\
         PermitRootLogin yes\nPasswordAuthentication no\nAuthorizedKeysFile {home}/authorized_keys\nAllowUsers {user}\n\
         Subsystem netconf \"/usr/sbin/netconf-subsystem --ncxserver-sockname={port}@{socket}\"\n"
    )
}

/// The tour that leaves nothing of an old mode behind, then a refusal; each ticket goes through the whole of netchange.
async fn tour(target: &str, method: &str) {
    let server = Server::start(target).await;
    let world = World::serving(Options::config(server.config())).await;
    let founding = json!({
        "network_interface_enabled": true, "network_interface_description": "Configured from the ticket system!",
        "network_interface_mtu": 2000, "network_switchport_mode_and_vlan": "access:100:",
    });
    let steps = [
        (founding, "<vlan>100</vlan>"),
        (json!({"network_switchport_mode_and_vlan": "trunk:99:200,300"}), "<vlan-id>99</vlan-id>"),
        (
            json!({"network_switchport_mode_and_vlan": "l3::", "network_interface_ip4_address": "10.9.9.1/24"}),
            "<address>10.9.9.1</address>",
        ),
        (
            json!({"network_interface_enabled": false, "network_switchport_mode_and_vlan": "access:200:"}),
            "<shutdown/>",
        ),
    ];
    for (fields, expected) in steps {
        let ticket = world.file(PORT, fields);
        world.approve(ticket).await;
        world.ticket_is(ticket, "closed").await;
        let running = server.running().await;
        assert!(running.contains(expected), "{running}");
        assert!(running.contains(&format!("##ticket:{}##", world.number(ticket))), "{running}");
        assert!(world.notes(ticket).contains(method), "{}", world.notes(ticket));
    }
    let last = server.running().await;
    // netconfd shows containers that nothing is left in.
    for old in ["<vlan-id>", "<vlans>", "10.9.9.1", "<vlan>100</vlan>"] {
        assert!(!last.contains(old), "{old} was left behind: {last}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs netconfd and sshd"]
async fn changes_go_through_a_real_server_with_confirmed_commit() {
    tour("candidate", "confirmed commit").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs netconfd and sshd"]
async fn changes_go_through_a_real_server_with_writable_running() {
    tour("running", "running edited with rollback-on-error").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs netconfd and sshd"]
async fn a_real_servers_lock_is_waited_for_and_then_a_person_is_asked() {
    let server = Server::start("candidate").await;
    let mut config = server.config();
    config["devices"]["patience"] = json!("2s");
    let world = World::serving(Options::config(config)).await;
    let before = server.running().await;
    let stranger = server.session().await.unwrap();
    stranger.call(netconf_client::ops::Lock(Datastore::Running)).await.unwrap();
    let ticket = world.file(PORT, json!({"network_interface_description": "Locked out"}));
    world.approve(ticket).await;
    world.ticket_is(ticket, "attention required").await;
    assert_eq!(server.running().await, before);
    stranger.close().await.unwrap();
    world.stop().await;
}
