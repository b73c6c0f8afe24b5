//! The lab's switch as clients see it: over TCP, SSH and NETCONF.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall stop there")]

mod switch_client;

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use lab::switch::{Datastore, EventKind, Switch};
use lab::{Capabilities, Fault, FaultAction, FaultBoard, LabSettings, Point, System};
use russh::client::KeyboardInteractiveAuthResponse;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg};
use switch_client::{Client, LIMIT, NETCONF, Rig, description, edit, port, rpc, start};
use tokio::io::AsyncWriteExt;

const PORT: &str = "GigabitEthernet1/0/5";

fn with(capabilities: Capabilities) -> LabSettings {
    LabSettings { capabilities, ..LabSettings::default() }
}

fn fault(point: Point, method: Option<&str>, action: FaultAction) -> Fault {
    Fault {
        system: System::Switch,
        point,
        method: method.map(str::to_owned),
        path: None,
        skip: 0,
        times: Some(1),
        action,
    }
}

#[tokio::test]
async fn every_set_of_capabilities_carries_a_change_from_login_to_close() {
    for capabilities in [
        Capabilities::Catalyst9300,
        Capabilities::ConfirmedCommit,
        Capabilities::WritableRunning,
        Capabilities::Base10,
    ] {
        let rig = start(with(capabilities)).await;
        let mut client = rig.session().await;
        if client.hello.contains("candidate:1.0") {
            client.ok(&edit("candidate", &description("a &amp; &lt;b&gt;"))).await;
            assert!(rig.switch.candidate_dirty());
            client.ok("<commit/>").await;
        } else {
            client.ok(&edit("running", &description("a &amp; &lt;b&gt;"))).await;
        }
        assert_eq!(rig.switch.running_interface(PORT), port(&description("a &amp; &lt;b&gt;")));
        client.ok("<close-session/>").await;
        assert!(client.receive().await.is_none());
        rig.until("the session is gone", |switch| switch.events().sessions_open() == 0).await;
        assert_eq!(rig.switch.events().running_changes(), 1);
        rig.switch.stop().await;
    }
}

#[tokio::test]
async fn a_login_needs_the_right_password() {
    let rig = start(LabSettings::default()).await;
    for (user, password) in [("netchange", "wrong"), ("root", "lab-switch-password"), ("netchange", "")] {
        let mut ssh = rig.ssh().await.unwrap();
        assert!(!ssh.authenticate_password(user, password).await.unwrap().success(), "{user}:{password}");
    }
    assert!(rig.switch.events().entries().all(|event| event.kind == EventKind::LoginFailed));
    rig.login().await;
}

#[tokio::test]
async fn a_login_can_be_keyboard_interactive() {
    let rig = start(LabSettings::default()).await;
    for (answer, accepted) in [("wrong", false), ("lab-switch-password", true)] {
        let mut ssh = rig.ssh().await.unwrap();
        let asked = ssh.authenticate_keyboard_interactive_start("netchange", None).await.unwrap();
        assert!(
            matches!(asked, KeyboardInteractiveAuthResponse::InfoRequest { ref prompts, .. } if prompts.len() == 1)
        );
        let result = ssh.authenticate_keyboard_interactive_respond(vec![answer.to_owned()]).await.unwrap();
        assert_eq!(matches!(result, KeyboardInteractiveAuthResponse::Success), accepted);
    }
}

#[tokio::test]
async fn a_login_can_be_by_an_authorized_key_and_by_no_other() {
    let key = |seed: u8| PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]));
    let line = key(1).public_key().to_openssh().unwrap();
    let rig = start(LabSettings { switch_authorized_keys: vec![line], ..LabSettings::default() }).await;
    for (seed, accepted) in [(2, false), (1, true)] {
        let mut ssh = rig.ssh().await.unwrap();
        let with_key = PrivateKeyWithHashAlg::new(Arc::new(key(seed)), None);
        let result = ssh.authenticate_publickey("netchange", with_key).await.unwrap();
        assert_eq!(result.success(), accepted);
    }
}

#[tokio::test]
async fn the_host_key_is_kept_in_its_file() {
    let folder = std::env::temp_dir().join(format!("lab-switch-key-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let settings = LabSettings { switch_host_key: Some(folder.join("host_key")), ..LabSettings::default() };
    let key = |line: String| line.split_once(' ').unwrap().1.to_owned();
    let first = start(settings.clone()).await;
    let second = start(settings).await;
    assert_eq!(key(first.switch.known_hosts_line()), key(second.switch.known_hosts_line()));
    let third = start(LabSettings::default()).await;
    assert_ne!(key(first.switch.known_hosts_line()), key(third.switch.known_hosts_line()));
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn other_subsystems_and_shells_are_refused() {
    let rig = start(LabSettings::default()).await;
    let ssh = rig.login().await;
    let mut channel = ssh.channel_open_session().await.unwrap();
    channel.request_subsystem(true, "sftp").await.unwrap();
    assert!(matches!(channel.wait().await, Some(russh::ChannelMsg::Failure)));
}

#[tokio::test]
async fn a_session_more_than_the_limit_is_refused() {
    let rig = start(LabSettings::default()).await;
    rig.switch.set_session_limit(1);
    let client = rig.session().await;
    assert!(Client::open(rig.login().await).await.is_none());
    drop(client);
    rig.until("the first session is gone", |switch| switch.events().sessions_open() == 0).await;
    assert!(Client::open(rig.login().await).await.is_some());
}

#[tokio::test]
async fn a_client_of_version_1_0_gets_the_old_framing() {
    let rig = start(LabSettings::default()).await;
    let mut client = Client::open(rig.login().await).await.unwrap();
    client.greet(false).await;
    client.ok(&edit("running", &description("old"))).await;
    client.send("<rpc").await;
    assert!(client.receive().await.is_none(), "base 1.0 has no error for a message that is no XML");
}

#[tokio::test]
async fn a_client_without_a_usable_hello_is_shown_out() {
    let rig = start(LabSettings::default()).await;
    let with_id = format!(
        "<hello xmlns='{NETCONF}'><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities>\
         <session-id>4</session-id></hello>"
    );
    let strange = format!(
        "<hello xmlns='{NETCONF}'><capabilities><capability>urn:x</capability></capabilities></hello>"
    );
    for hello in [with_id, strange, rpc("<get/>"), "hello".to_owned()] {
        let mut client = Client::open(rig.login().await).await.unwrap();
        client.receive().await.unwrap();
        client.send(&hello).await;
        assert!(client.receive().await.is_none(), "{hello}");
    }
}

#[tokio::test]
async fn broken_framing_ends_the_session() {
    let rig = start(LabSettings::default()).await;
    for bytes in [&b"\n#0\n"[..], b"\n#4294967296\nx", b"no chunk", b"\n#5\nabcdeX"] {
        let mut client = rig.session().await;
        client.send_bytes(bytes).await;
        assert!(client.receive().await.is_none(), "{bytes:?}");
    }
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte_and_several_at_once() {
    let rig = start(LabSettings::default()).await;
    let mut client = rig.session().await;
    for byte in format!("\n#{}\n{}\n##\n", rpc("<commit/>").len(), rpc("<commit/>")).bytes() {
        client.send_bytes(&[byte]).await;
    }
    assert!(client.receive().await.unwrap().contains("<ok/>"));
    for _ in 0..3 {
        client.send(&rpc("<commit/>")).await;
    }
    for _ in 0..3 {
        assert!(client.receive().await.unwrap().contains("<ok/>"));
    }
    assert_eq!(rig.switch.events().rpc_count("commit"), 4);
}

#[tokio::test]
async fn a_large_request_and_a_large_reply_pass() {
    let rig = start(LabSettings::default()).await;
    let mut client = rig.session().await;
    let padded = edit("running", &description("big"))
        .replace("<config>", &format!("<config>{}", " ".repeat(3_000_000)));
    client.ok(&padded).await;
    let reply = client.rpc("<get/>").await.unwrap();
    assert!(reply.len() > 10_000 && reply.contains("<description>big</description>"));
}

#[tokio::test]
async fn a_lost_session_gives_up_its_locks_and_changes() {
    let rig = start(LabSettings::default()).await;
    let mut client = rig.session().await;
    client.ok("<lock><target><candidate/></target></lock>").await;
    client.ok(&edit("candidate", &description("half done"))).await;
    assert_eq!(rig.switch.lock_holder(Datastore::Candidate), Some(1));
    drop(client);
    rig.until("the lock is free", |switch| switch.lock_holder(Datastore::Candidate).is_none()).await;
    assert!(!rig.switch.candidate_dirty());
}

#[tokio::test]
async fn a_lost_session_gives_up_its_partial_locks() {
    let rig = start(LabSettings::default()).await;
    let mut first = rig.session().await;
    let mut second = rig.session().await;
    let lock = "<partial-lock xmlns='urn:ietf:params:xml:ns:netconf:partial-lock:1.0'><select>//GigabitEthernet[name='1/0/5']</select>\
                </partial-lock>";
    let reply = first.rpc(lock).await.unwrap();
    assert!(reply.contains("<lock-id") && reply.contains("<locked-node"), "{reply}");
    let refused = second.rpc(&edit("running", &description("new"))).await.unwrap();
    assert!(refused.contains("<error-tag>in-use</error-tag>"), "{refused}");
    drop(first);
    rig.until("the session is gone", |switch| switch.events().sessions_open() == 1).await;
    second.ok(&edit("running", &description("new"))).await;
}

#[tokio::test]
async fn a_confirmed_commit_is_undone_when_the_connection_is_lost() {
    let rig = start(with(Capabilities::ConfirmedCommit)).await;
    let mut client = rig.session().await;
    client.ok(&edit("candidate", &description("new"))).await;
    client.ok("<commit><confirmed/></commit>").await;
    assert!(rig.switch.commit_pending());
    rig.switch.cut_connections();
    rig.until("it is undone", |switch| !switch.commit_pending()).await;
    assert_eq!(rig.switch.running_interface(PORT), port(""));
}

#[tokio::test]
async fn a_confirmed_commit_is_undone_by_the_clock() {
    let rig = start(with(Capabilities::ConfirmedCommit)).await;
    let mut client = rig.session().await;
    client.ok(&edit("candidate", &description("new"))).await;
    client.ok("<commit><confirmed/><confirm-timeout>1</confirm-timeout></commit>").await;
    rig.until("its time is over", |switch| !switch.commit_pending()).await;
    assert_eq!(rig.switch.running_interface(PORT), port(""));
    assert!(rig.switch.events().entries().any(|event| event.kind == EventKind::Reverted));
}

#[tokio::test]
async fn a_killed_session_ends() {
    let rig = start(LabSettings::default()).await;
    let mut first = rig.session().await;
    let mut second = rig.session().await;
    second.ok("<kill-session><session-id>1</session-id></kill-session>").await;
    assert!(first.receive().await.is_none());
    assert_eq!(rig.switch.events().sessions_open(), 1);
}

#[tokio::test]
async fn two_sessions_fit_on_one_connection() {
    let rig = start(LabSettings::default()).await;
    let mut first = rig.session().await;
    let mut channel = first.ssh.channel_open_session().await.unwrap();
    channel.request_subsystem(true, "netconf").await.unwrap();
    assert!(matches!(channel.wait().await, Some(russh::ChannelMsg::Success)));
    assert_eq!(rig.switch.events().sessions_open(), 2);
    first.ok("<close-session/>").await;
    rig.until("one is closed", |switch| switch.events().sessions_open() == 1).await;
}

#[tokio::test]
async fn a_refused_connection_says_nothing() {
    let rig = start(LabSettings::default()).await;
    rig.faults.add(fault(Point::Connection, None, FaultAction::Reset));
    assert!(rig.ssh().await.is_err());
    assert!(rig.ssh().await.is_ok());
}

#[tokio::test]
async fn a_fault_answers_in_place_of_the_work() {
    let rig = start(LabSettings::default()).await;
    let mut client = rig.session().await;
    let action = FaultAction::RpcError { tag: "invalid-value".to_owned(), message: "refused <1>".to_owned() };
    rig.faults.add(fault(Point::Request, Some("edit-config"), action));
    let reply = client.rpc(&edit("running", &description("new"))).await.unwrap();
    assert!(
        reply.contains("<error-tag>invalid-value</error-tag>") && reply.contains("refused &lt;1&gt;"),
        "{reply}"
    );
    assert!(reply.contains("message-id=\"1\""), "{reply}");
    assert_eq!(rig.switch.running_interface(PORT), port(""));
}

#[tokio::test]
async fn a_commit_whose_reply_is_lost_was_done() {
    let rig = start(LabSettings::default()).await;
    let mut client = rig.session().await;
    client.ok(&edit("candidate", &description("new"))).await;
    rig.faults.add(fault(Point::Request, Some("commit"), FaultAction::DropReply));
    assert!(client.rpc("<commit/>").await.is_none());
    assert_eq!(rig.switch.running_interface(PORT), port(&description("new")));
    assert_eq!(rig.switch.events().commits(), 1);
}

#[tokio::test]
async fn a_reset_commit_was_not_done() {
    let rig = start(LabSettings::default()).await;
    let mut client = rig.session().await;
    client.ok(&edit("candidate", &description("new"))).await;
    rig.faults.add(fault(Point::Request, Some("commit"), FaultAction::Reset));
    assert!(client.rpc("<commit/>").await.is_none());
    assert_eq!(rig.switch.running_interface(PORT), port(""));
}

#[tokio::test]
async fn a_delay_delays() {
    let rig = start(LabSettings::default()).await;
    let mut client = rig.session().await;
    rig.faults.add(fault(Point::Request, Some("get-config"), FaultAction::Delay { ms: 60_000 }));
    client.send(&rpc("<get-config><source><running/></source><filter/></get-config>")).await;
    let early = tokio::time::timeout(Duration::from_millis(100), client.receive()).await;
    assert!(early.is_err(), "the answer came at once");
    let mut other = rig.session().await;
    other.ok("<kill-session><session-id>1</session-id></kill-session>").await;
    assert!(client.receive().await.is_none(), "a session that waits can be killed");
}

/// Bytes that the server sends until the end of its hello.
async fn hello_length(rig: &Rig) -> u64 {
    let mut client = Client::open(rig.login().await).await.unwrap();
    let hello = client.receive().await.unwrap();
    hello.len() as u64 + 6
}

#[tokio::test]
async fn the_stream_out_is_cut_at_exactly_the_byte_asked_for() {
    let rig = start(LabSettings::default()).await;
    let whole = hello_length(&rig).await;
    for bytes in [0, 1, 100, whole - 1, whole] {
        rig.faults.add(fault(Point::Connection, None, FaultAction::CutAfterBytesOut { bytes }));
        let mut client = Client::open(rig.login().await).await.unwrap();
        assert_eq!(client.drain().await.len() as u64, bytes);
    }
}

#[tokio::test]
async fn the_stream_in_is_cut_at_the_byte_asked_for_and_what_came_until_then_counts() {
    let hello = format!(
        "<hello xmlns='{NETCONF}'><capabilities><capability>urn:ietf:params:netconf:base:1.1</capability></capabilities>\
         </hello>]]>]]>"
    );
    let request = rpc(&edit("running", &description("new")));
    let request = format!("\n#{}\n{request}\n##\n", request.len());
    let all = (hello.len() + request.len()) as u64;
    for (bytes, done) in [(all, true), (all - 1, false), (hello.len() as u64, false), (10, false)] {
        let rig = start(LabSettings::default()).await;
        rig.faults.add(fault(Point::Connection, None, FaultAction::CutAfterBytesIn { bytes }));
        let mut client = Client::open(rig.login().await).await.unwrap();
        client.receive().await.unwrap();
        client.send_bytes(format!("{hello}{request}{}", rpc("<get/>")).as_bytes()).await;
        assert!(client.drain().await.is_empty(), "no answer after the cut");
        let expected = if done { port(&description("new")) } else { port("") };
        assert_eq!(rig.switch.running_interface(PORT), expected, "{bytes} of {all}");
    }
}

#[tokio::test]
async fn what_others_do_on_the_switch_can_be_imitated() {
    let rig = start(LabSettings::default()).await;
    let switch = &rig.switch;
    switch.drift(PORT, "<description>by hand</description>").unwrap();
    assert_eq!(switch.running_interface(PORT), port(&description("by hand")));
    switch.set_running(PORT, "<mtu>2000</mtu>").unwrap();
    assert_eq!(switch.running_interface(PORT), port("<mtu>2000</mtu>"));
    assert_eq!(switch.running_interface_cli(PORT), format!("interface {PORT}\n mtu 2000\n"));
    assert!(switch.drift(PORT, "<mtu>1</mtu>").is_err());
    assert!(switch.drift("nonsense", "<mtu>2000</mtu>").is_err());
    switch.dirty_candidate(PORT, "<description>forgotten</description>").unwrap();
    let mut client = rig.session().await;
    let reply = client.rpc("<lock><target><candidate/></target></lock>").await.unwrap();
    assert!(reply.contains("lock-denied") && reply.contains("<session-id>0</session-id>"), "{reply}");
    switch.discard_candidate();
    let holder = switch.lock_by_stranger(Datastore::Candidate);
    let reply = client.rpc("<lock><target><candidate/></target></lock>").await.unwrap();
    assert!(reply.contains(&format!("<session-id>{holder}</session-id>")), "{reply}");
    switch.unlock_strangers();
    client.ok("<lock><target><candidate/></target></lock>").await;
    switch.set_sync_in_progress(true);
    let reply = client.rpc("<commit/>").await.unwrap();
    assert!(reply.contains("Sync is in progress"), "{reply}");
    assert_ne!(switch.running(), switch.startup());
    switch.restart();
    assert!(client.receive().await.is_none());
    assert_eq!(switch.running(), switch.startup());
}

#[tokio::test]
async fn the_page_shows_the_change_marked_and_hostile_text_as_text() {
    let rig = start(LabSettings::default()).await;
    let http = reqwest_client();
    let get = |path: &str| http.get(format!("{}{path}", rig.switch.page_url())).send();
    let before = get("/").await.unwrap().text().await.unwrap();
    assert!(before.contains("Nothing has changed") && before.contains("Wireless AP"), "{before}");
    let hostile = "&lt;script&gt;alert(1)&lt;/script&gt;";
    let mut client = rig.session().await;
    client.ok(&edit("running", &format!("<description>{hostile}</description><mtu>2000</mtu>"))).await;
    let after = get("/").await.unwrap().text().await.unwrap();
    assert!(after.contains("<mark>mtu 2000</mark>"), "{after}");
    assert!(!after.contains("<script>"), "{after}");
    let port = get(&format!("/interface/{PORT}")).await.unwrap().text().await.unwrap();
    assert!(
        port.contains("<mark>mtu 2000</mark>") && port.contains("&#60;mtu&#62;2000&#60;/mtu&#62;</mark>"),
        "{port}"
    );
    assert_eq!(get("/interface/Nothing1").await.unwrap().status(), 404);
    let post = |form: &'static str| {
        let request = http.post(format!("{}/console", rig.switch.page_url()));
        request.header("Content-Type", "application/x-www-form-urlencoded").body(form).send()
    };
    let done = post("action=shutdown&interface=GigabitEthernet1%2F0%2F5").await.unwrap();
    assert!(done.status().is_success());
    assert!(rig.switch.running_interface_cli(PORT).contains("shutdown"));
    let refused = post("action=describe&interface=Nothing9%2F9&description=x").await.unwrap();
    assert_eq!(refused.status(), 422);
}

fn reqwest_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(LIMIT).build().unwrap()
}

/// OpenSSH's client with the netconf subsystem; `folder` has its `key` and `known_hosts`.
fn openssh(rig: &Rig, folder: &Path) -> tokio::process::Child {
    let file = |name: &str, file: &str| format!("-o{name}={}", folder.join(file).display());
    tokio::process::Command::new("ssh")
        .args(["-Fnone", "-oStrictHostKeyChecking=yes", "-oBatchMode=yes", "-oIdentitiesOnly=yes"])
        .args([file("UserKnownHostsFile", "known_hosts"), file("IdentityFile", "key")])
        .args(["-p", &rig.switch.addr().port().to_string(), "netchange@127.0.0.1"])
        .args(["-s", "netconf"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// The OpenSSH client as a second opinion, where it is installed.
#[tokio::test]
async fn openssh_talks_to_the_switch() {
    if std::process::Command::new("ssh").arg("-V").stderr(Stdio::null()).status().is_err() {
        return;
    }
    let folder = std::env::temp_dir().join(format!("lab-switch-ssh-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&[7; 32]));
    key.write_openssh_file(folder.join("key"), russh::keys::ssh_key::LineEnding::LF).unwrap();
    let authorized = vec![key.public_key().to_openssh().unwrap()];
    let rig = start(LabSettings { switch_authorized_keys: authorized, ..LabSettings::default() }).await;
    std::fs::write(folder.join("known_hosts"), rig.switch.known_hosts_line() + "\n").unwrap();
    let mut ssh = openssh(&rig, &folder);
    let hello = format!(
        "<hello xmlns='{NETCONF}'><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability></capabilities>\
         </hello>]]>]]>"
    );
    let talk = format!("{hello}{}]]>]]>", rpc("<close-session/>"));
    let mut stdin = ssh.stdin.take().unwrap();
    stdin.write_all(talk.as_bytes()).await.unwrap();
    let output = tokio::time::timeout(LIMIT, ssh.wait_with_output()).await.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    assert!(
        text.contains("<session-id>1</session-id>") && text.ends_with("<ok/></rpc-reply>]]>]]>"),
        "{text}{errors}"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_taken_port_and_a_bad_key_are_reported() {
    let rig = start(LabSettings::default()).await;
    let mut settings = LabSettings::default();
    settings.ports.switch = rig.switch.addr().port();
    assert!(Switch::start(&settings, Arc::new(FaultBoard::default())).await.is_err());
    let settings =
        LabSettings { switch_authorized_keys: vec!["nonsense".to_owned()], ..LabSettings::default() };
    assert!(Switch::start(&settings, Arc::new(FaultBoard::default())).await.is_err());
}
