//! The examples, run as programs against a server of these tests. `cargo test -p netconf-client` builds them before;
//! for this file alone, `cargo build -p netconf-client --examples` does.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail by panicking")]
#![expect(dead_code, reason = "the servers are shared with tests that use more of them")]

#[path = "suite/fake.rs"]
mod fake;
#[path = "suite/sshd.rs"]
mod sshd;

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use fake::{FULL, Fake};
use sshd::{HOST_KEY, Manner, PASSWORD, SshServer, USER};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

/// How long an example may take.
const LIMIT: Duration = Duration::from_secs(60);

fn start(name: &str, arguments: &[&str], confirm_timeout: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    let program = program.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(program.exists(), "{} is not built: cargo build --examples", program.display());
    let mut command = Command::new(program);
    command.args(arguments).env("NETCONF_PASSWORD", PASSWORD).env("NETCONF_CONFIRM_TIMEOUT", confirm_timeout);
    command.kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

async fn run(name: &str, arguments: &[&str], input: &str) -> Output {
    let mut child = start(name, arguments, "60");
    let mut stdin = child.stdin.take().unwrap();
    // One that reads nothing may be gone already.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    tokio::time::timeout(LIMIT, child.wait_with_output()).await.expect("the example hangs").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn get_prints_edit_changes_and_bench_measures() {
    let server = Fake::new(FULL);
    let ssh = SshServer::start(server.clone(), Manner::Normal).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let known_hosts = file("known_hosts", &ssh.known_hosts_line(HOST_KEY));
    let edit = file("edit.xml", "<value xmlns=\"urn:test\">new</value>");
    let port = ssh.target().port.to_string();
    let common = ["127.0.0.1", &port, USER];

    let output = run("get", &[&common[..], &[&known_hosts]].concat(), "").await;
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "<value xmlns=\"urn:test\">old</value>",
        "{output:?}"
    );

    let arguments = [&common[..], &[&known_hosts, &edit]].concat();
    let output = run("edit", &arguments, "no\n").await;
    assert!(!output.status.success() && server.running() == "old", "{output:?}");
    let output = run("edit", &arguments, "yes\n").await;
    assert!(output.status.success() && server.running() == "new", "{output:?}");

    // Nobody answers: it says so and ends by itself, although its input stays open.
    let mut child = start("edit", &arguments, "4");
    let input = child.stdin.take();
    let output =
        tokio::time::timeout(LIMIT, child.wait_with_output()).await.expect("it waits for ever").unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("the check took too long"), "{said}");
    drop(input);

    let keys = ["n=8", "sessions=4", "window=4", "edit=0", "filter=<value xmlns=\"urn:test\"/>"];
    for client in ["client=crate", "client=floor"] {
        for mode in ["sessions", "rpc", "pipeline", "parallel", "big", "many"] {
            let output =
                run("bench", &[&[mode], &common[..], &[PASSWORD], &keys, &[client]].concat(), "").await;
            let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(line["ok"], true, "{client}: {line}");
            assert!(mode != "many" || line["failures"].as_f64() == Some(0.0), "{client}: {line}");
        }
    }
    // Whatever fails is told in the line that others read.
    for (arguments, expected) in [
        (["rpc", "127.0.0.1", "1", USER, "x"], "error"),
        (["nap", "127.0.0.1", &port, USER, "x"], "unsupported"),
    ] {
        let output = run("bench", &arguments, "").await;
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(line["ok"] == false && !line[expected].is_null(), "{line}");
    }

    let output =
        run("bench", &[&["compare"], &common[..], &[PASSWORD, "rounds=1"], &keys].concat(), "").await;
    let table = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = table.lines().collect();
    assert!(output.status.success() && lines.len() == 15 && !table.contains("NaN"), "{output:?}");
    assert!(lines.iter().all(|line| line.matches('|').count() == 8), "{table}");
    assert!(lines.iter().any(|line| line.starts_with("| many | failures | 0.0000 | 0.0000 |")), "{table}");
}
