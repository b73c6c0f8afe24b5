//! The examples `get`, `edit` and `watch` as programs against netconfd. `cargo test` builds them before; for these tests alone
//! `cargo build -p netconf-client --examples` does.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::server::{IF_NS, LIMIT, Real, Shape, described, limited, running_becomes};

/// Starts an example, logged in by the key of these servers; it ends with this test.
fn start(server: &Real, name: &str, more: &[&str]) -> Child {
    let program = std::env::current_exe().unwrap();
    let program = program.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(program.exists(), "{} is not built: cargo build --examples", program.display());
    // Writes the known_hosts file too.
    drop(server.connector());
    let port = server.port().to_string();
    let known_hosts = server.path().join(format!("known_hosts.{port}"));
    let mut command = Command::new(program);
    command.args(["127.0.0.1", &port, server.user(), known_hosts.to_str().unwrap()]).args(more);
    command.env("NETCONF_KEY", server.path().join("user_key")).env("NETCONF_TEST_THEN_SET", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.spawn().unwrap()
}

/// Gives an example its input and waits for its end: whether it succeeded, and what it printed.
async fn finish(mut child: Child, input: &str) -> (bool, String) {
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = tokio::time::timeout(LIMIT, child.wait_with_output()).await.unwrap().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn get_and_edit_do_what_they_say() {
    limited(async {
        let server = Real::start(Shape::Candidate);
        server.seed().await;
        let filter = format!("<interfaces xmlns=\"{IF_NS}\"/>");
        let (good, text) = finish(start(&server, "get", &[&filter]), "").await;
        assert!(good && text.contains("<description>old</description>"), "{text}");

        let edit = server.path().join("edit.xml");
        std::fs::write(&edit, described("new")).unwrap();
        let edit = edit.to_str().unwrap();
        let (good, text) = finish(start(&server, "edit", &[edit]), "no\n").await;
        assert!(!good && text.contains("cancelled"), "{text}");
        running_becomes(&server, "old").await;
        let (good, text) = finish(start(&server, "edit", &[edit]), "yes\n").await;
        assert!(good && text.contains("kept, by ConfirmedCommit"), "{text}");
        running_becomes(&server, "new").await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd and sshd"]
async fn watch_prints_what_was_kept_and_then_what_happens() {
    limited(async {
        let server = Real::start(Shape::Candidate);
        server.seed().await;
        let mut child = start(&server, "watch", &["2020-01-01T00:00:00Z"]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = Vec::new();
        let mut complete = false;
        let mut changes = [0, 0];
        let watching = async {
            // One change was made before the replay was over, one is made after it.
            while changes != [1, 1] {
                let line = lines.next_line().await.unwrap().expect("watch has ended");
                changes[usize::from(complete)] += usize::from(line.contains("<netconf-config-change"));
                if line.contains("<replayComplete") {
                    complete = true;
                    let session = server.session().await;
                    let edit = netconf_client::ops::EditConfig::new(
                        netconf_client::ops::Datastore::Candidate,
                        described("told"),
                    );
                    let edit = edit.test_option(netconf_client::ops::TestOption::TestThenSet);
                    session.call(edit).await.unwrap();
                    session.call(netconf_client::ops::Commit::new()).await.unwrap();
                    session.close().await.unwrap();
                }
                seen.push(line);
            }
        };
        if tokio::time::timeout(LIMIT, watching).await.is_err() {
            child.kill().await.unwrap();
            let mut errors = String::new();
            child.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
            panic!("{changes:?} {errors}\n{}", seen.join("\n"));
        }
        assert!(seen[0].starts_with("20"), "{seen:?}");
    })
    .await;
}
