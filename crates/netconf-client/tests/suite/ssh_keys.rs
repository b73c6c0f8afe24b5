//! SSH on loopback with what OpenSSH's programs make: an agent, a key with a passphrase, hashed known hosts.
//! They need `ssh-agent` and `ssh-keygen` (Debian: openssh-client).

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use netconf_client::ssh::{Auth, CallHome, CallHomeDevice, HostKeyCheck, SshConnector, SshTarget};
use netconf_client::{Error, Session};
use russh::keys::agent::client::AgentClient;
use russh::keys::{Algorithm, HashAlg};
use secrecy::SecretString;

use crate::fake::{FULL, Fake};
use crate::ssh::{connector, fingerprint, right_key, server, works, write};
use crate::sshd::{HOST_KEY, Manner, PASSWORD, SshServer, USER, USER_KEY, config, key, key_text};

/// How long the agent may take to start, and a child of this test to end.
const LIMIT: Duration = Duration::from_secs(20);

/// Where the child of the test finds the server.
const PORT: &str = "NETCONF_TEST_PORT";

fn keygen(arguments: &[&str], file: &Path) {
    let mut command = Command::new("ssh-keygen");
    let output = command.args(arguments).arg("-f").arg(file).stdin(Stdio::null()).output();
    let output = output.expect("ssh-keygen (Debian: openssh-client)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_key_with_a_passphrase_opens_with_it_and_not_without() {
    let (_folder, path) = write("id", &key_text(USER_KEY));
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    keygen(&["-p", "-P", "", "-N", "open sesame"], &path);
    assert!(std::fs::read_to_string(&path).unwrap().contains("OPENSSH PRIVATE KEY"));
    let server = server(Manner::Normal).await;
    let with = |passphrase: Option<&str>| {
        let passphrase = passphrase.map(|text| SecretString::from(text.to_owned()));
        connector(&server, Auth::KeyFile { path: path.clone(), passphrase })
    };
    works(&with(Some("open sesame")).session().await.unwrap()).await;
    for passphrase in [None, Some("hush")] {
        let error = with(passphrase).session().await.unwrap_err();
        assert!(matches!(error, Error::BadCredentials(_)), "{error:?}");
        assert!(!format!("{error:?}").contains("hush"));
    }
}

#[tokio::test]
async fn hashed_known_hosts_are_found_and_still_refuse_another_key() {
    let server = server(Manner::Normal).await;
    for (seed, known) in [(HOST_KEY, true), (2, false)] {
        let (_folder, path) = write("known_hosts", &server.known_hosts_line(seed));
        keygen(&["-H"], &path);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("|1|") && !text.contains("127.0.0.1"), "{text}");
        let check = HostKeyCheck::KnownHosts(path);
        let connector = SshConnector::new(server.target(), USER, Auth::password(PASSWORD), check);
        match connector.session().await {
            Ok(session) => {
                assert!(known);
                works(&session).await;
            }
            Err(error) => assert!(!known && matches!(error, Error::HostKeyMismatch { .. }), "{error:?}"),
        }
    }
}

/// A host key made by ssh-keygen.
fn made(kind: &[&str]) -> russh::keys::PrivateKey {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("host_key");
    keygen(&[&["-q", "-N", "", "-t"], kind].concat(), &path);
    russh::keys::load_secret_key(&path, None).unwrap()
}

#[tokio::test]
async fn the_fingerprint_of_any_of_a_servers_keys_is_good() {
    let mut config = config(HOST_KEY, Manner::Normal);
    config.keys.extend([made(&["ecdsa", "-b", "384"]), made(&["rsa", "-b", "2048"])]);
    let keys = config.keys.clone();
    let server = SshServer::start_as(Fake::new(FULL), Manner::Normal, config).await;
    let connector = |print: String| {
        let check = HostKeyCheck::Fingerprint(print);
        SshConnector::new(server.target(), USER, Auth::password(PASSWORD), check)
    };
    for key in keys {
        let print = key.public_key().fingerprint(HashAlg::Sha256).to_string();
        works(&connector(print).session().await.unwrap()).await;
    }
    let error = connector(fingerprint(2)).session().await.unwrap_err();
    let Error::HostKeyMismatch { fingerprint: shown, .. } = &error else { panic!("{error:?}") };
    assert_eq!(shown.as_deref(), Some(fingerprint(HOST_KEY).as_str()));
}

#[tokio::test]
async fn a_caller_is_asked_for_the_kind_of_key_that_is_pinned() {
    let mut config = config(HOST_KEY, Manner::Normal);
    config.keys.push(made(&["ecdsa", "-b", "384"]));
    let pinned = HostKeyCheck::PinnedKey(config.keys[1].public_key().to_openssh().unwrap());
    let device = CallHomeDevice::new("device", pinned, USER, Auth::password(PASSWORD));
    let listener = CallHome::bind("127.0.0.1:0", vec![device]).await.unwrap();
    SshServer::call_home_as(listener.local_addr().unwrap(), Fake::new(FULL), Manner::Normal, config);
    let called = listener.accept().await.unwrap().session().await.unwrap();
    works(&called.session).await;
}

#[tokio::test]
async fn a_host_key_that_signs_with_sha_1_is_taken_only_when_asked_for() {
    let key = made(&["rsa", "-b", "2048"]);
    let mut config = config(HOST_KEY, Manner::Normal);
    config.keys = vec![key.clone()];
    config.preferred.key = vec![Algorithm::Rsa { hash: None }].into();
    let server = SshServer::start_as(Fake::new(FULL), Manner::Normal, config).await;
    let pinned = HostKeyCheck::PinnedKey(key.public_key().to_openssh().unwrap());
    let print = HostKeyCheck::Fingerprint(key.public_key().fingerprint(HashAlg::Sha256).to_string());
    for check in [pinned, print] {
        let connector = SshConnector::new(server.target(), USER, Auth::password(PASSWORD), check);
        let error = connector.session().await.unwrap_err();
        assert!(matches!(error, Error::Ssh(_)), "{error:?}");
        works(&connector.legacy_algorithms(true).session().await.unwrap()).await;
    }
}

/// An agent that ends with it.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_keys_of_an_agent_are_tried() {
    let server = server(Manner::Normal).await;
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent");
    let mut command = Command::new("ssh-agent");
    command.arg("-D").arg("-a").arg(&socket).stdin(Stdio::null()).stdout(Stdio::null());
    let _agent = Agent(command.spawn().expect("ssh-agent (Debian: openssh-client)"));
    let begun = Instant::now();
    let mut agent = loop {
        match AgentClient::connect_uds(&socket).await {
            Ok(agent) => break agent,
            Err(error) => assert!(begun.elapsed() < LIMIT, "no agent: {error}"),
        }
        tokio::task::yield_now().await;
    };
    let port = server.target().port.to_string();
    assert_eq!(child_says(&socket, &port).await, "the SSH agent has no keys to offer");
    agent.add_identity(&key(9), &[]).await.unwrap();
    assert_eq!(child_says(&socket, &port).await, "refused: keys of the SSH agent", "a key that nobody knows");
    agent.add_identity(&key(USER_KEY), &[]).await.unwrap();
    assert_eq!(child_says(&socket, &port).await, "a session");
    assert!(child_says(Path::new("/nonexistent/agent"), &port).await.contains("agent"));
}

/// The agent is found by a variable of the process, which a test cannot set for itself alone: a child does the login.
async fn child_says(socket: &Path, port: &str) -> String {
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "ssh_keys::child_of_the_agents_test", "--ignored", "--nocapture"]);
    child.env("SSH_AUTH_SOCK", socket).env(PORT, port).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, child.output()).await.expect("the child hangs").unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = text.lines().find_map(|line| line.split_once("SAID ")).map(|(_, said)| said.to_owned());
    said.unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)))
}

#[tokio::test]
#[ignore = "does something only as the child of the_keys_of_an_agent_are_tried"]
async fn child_of_the_agents_test() {
    let Ok(port) = std::env::var(PORT) else { return };
    let target = SshTarget::new("127.0.0.1", port.parse().unwrap());
    let said = outcome(SshConnector::new(target, USER, Auth::Agent, right_key()).session().await).await;

    let device = CallHomeDevice::new("device", right_key(), USER, Auth::Agent);
    let listener = CallHome::bind("127.0.0.1:0", vec![device]).await.unwrap();
    SshServer::call_home(listener.local_addr().unwrap(), HOST_KEY, Fake::new(FULL), Manner::Normal);
    let called = listener.accept().await.unwrap().session().await;
    let home = outcome(called.map(|called| called.session)).await;

    let said = if said == home { said } else { format!("{said}; of a device that called home: {home}") };
    use std::io::Write as _;
    writeln!(std::io::stdout(), "SAID {said}").unwrap();
}

async fn outcome(session: Result<Session, Error>) -> String {
    match session {
        Ok(session) => {
            works(&session).await;
            "a session".to_owned()
        }
        Err(Error::BadCredentials(reason)) => reason,
        Err(Error::LoginRefused { reason, .. }) => format!("refused: {reason}"),
        Err(error) => panic!("{error:?}"),
    }
}
