//! `netchange yang` as a person runs it: results on standard output, exit codes 0, 1 and 2.
#![expect(clippy::unwrap_used, reason = "a test whose program does not run has failed")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run gave.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    said: String,
}

fn models() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/yang-schema/tests/models");
    folder.to_str().unwrap().to_owned()
}

fn run(args: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_netchange"))
        .arg("yang")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // it may end before it reads everything
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        said: String::from_utf8(output.stderr).unwrap(),
    }
}

fn yang(args: &[&str]) -> Ran {
    let models = models();
    run(&[args, &["--dir", &models]].concat(), "")
}

#[test]
fn a_tree_is_drawn_as_deep_as_asked_for() {
    let ran = yang(&["tree", "/plant/interface", "--depth", "2"]);
    let tree = "module: plant\n  +--rw plant\n     +--rw interface\n        +--rw Gigabit* [name]\n        |  ...\n        \
                +--rw Loopback* [name]\n           ...\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, tree), "{ran:?}");
    assert!(yang(&["tree", "--module", "plant-qos"]).out.starts_with("module: plant-qos\n"));
    let wrong = yang(&["tree", "/plant/interfaces"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (1, ""));
    assert!(wrong.said.contains("interface, perhaps"), "{wrong:?}");
}

#[test]
fn a_search_that_finds_nothing_fails() {
    let ran = yang(&["search", "gigabit", "mtu"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("/plant:plant/interface/Gigabit/mtu  rw  uint16"), "{ran:?}");
    let json: serde_json::Value =
        serde_json::from_str(&yang(&["search", "mtu", "--limit", "1", "--json"]).out).unwrap();
    assert_eq!((json["total"].as_u64(), json["hits"].as_array().unwrap().len()), (Some(2), 1));
    let none = yang(&["search", "nowhere"]);
    assert_eq!((none.code, none.out.as_str()), (1, ""));
}

#[test]
fn a_node_is_shown_as_text_or_json() {
    assert!(yang(&["show", "/plant/vlan/id"]).out.contains("range           1..4094"));
    let json: serde_json::Value =
        serde_json::from_str(&yang(&["show", "/plant/vlan/id", "--json"]).out).unwrap();
    assert_eq!(json["type"]["range"], "1..4094");
}

#[test]
fn an_rpc_is_built_or_everything_wrong_is_said() {
    let port = "/plant/interface/Gigabit[name='1/0/5']";
    let ran =
        yang(&["rpc", &format!("{port}/mtu=2000"), "--remove", &format!("{port}/shutdown"), "--as", "data"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("<mtu>2000</mtu>") && ran.out.contains("nc:operation=\"remove\""), "{ran:?}");
    let wrong = yang(&["rpc", &format!("{port}/mtu=1"), &format!("{port}/mtv=1")]);
    assert_eq!((wrong.code, wrong.out.as_str()), (1, ""));
    assert!(wrong.said.contains("64 to 18000") && wrong.said.contains("mtu, perhaps"), "{wrong:?}");
    let call = yang(&["rpc", "--operation", "call", "/ping/host=192.0.2.1", "--as", "curl", "--host", "sw"]);
    assert!(call.out.contains("https://sw/restconf/operations/plant:ping"), "{call:?}");
}

#[test]
fn data_is_judged_from_a_file_or_standard_input() {
    let models = models();
    let judge =
        |input: &str, more: &[&str]| run(&[&["validate", "-", "--dir", &models], more].concat(), input);
    let good = "<plant xmlns='urn:example:plant'><vlan><id>1</id></vlan></plant>";
    assert_eq!(judge(good, &[]).code, 0);
    let bad = judge(&good.replace('1', "5000"), &[]);
    assert_eq!(bad.code, 1);
    assert!(bad.out.contains("/pl:plant/pl:vlan[pl:id='5000']/pl:id: \"5000\" is not allowed"), "{bad:?}");
    let json = judge(r#"{"plant:plant": {"vlan": [{"id": 5000}]}}"#, &["--json"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &report["valid"]), (1, &serde_json::json!(false)));
    assert_eq!(judge("<rpc><ping xmlns='urn:example:plant'/></rpc>", &["--as", "rpc"]).code, 1);
    assert_eq!(judge("no XML", &[]).code, 1);
}

#[test]
fn a_release_that_breaks_clients_fails() {
    let folder = tempfile::tempdir().unwrap();
    let release = |name: &str, body: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        let text = format!("module m {{ namespace urn:m; prefix m; {body} }}");
        std::fs::write(path.join("m.yang"), text).unwrap();
        path
    };
    let one = release("one", "leaf a { type uint8; }");
    let two = release("two", "leaf a { type uint8; } leaf b { type string; }");
    let diff =
        |before: &Path, after: &Path| run(&["diff", before.to_str().unwrap(), after.to_str().unwrap()], "");
    let added = diff(&one, &two);
    assert_eq!((added.code, added.out.as_str()), (0, "+ /m:b (leaf)\n"));
    let removed = diff(&two, &one);
    assert_eq!((removed.code, removed.out.as_str()), (1, "- ! /m:b (leaf)\n"));
    assert_eq!(diff(&one, &one).out, "");
}

#[test]
fn wrong_usage_is_told_from_failure() {
    assert_eq!(run(&["tree"], "").code, 2, "no model is named");
    assert_eq!(run(&["tree", "--dir", "x", "--device", "y"], "").code, 2);
    assert_eq!(run(&["tree", "--dir", "/nowhere"], "").code, 1);
    assert_eq!(run(&["tree", "--device", "y", "--config", "/nowhere"], "").code, 2);
    for command in ["tree", "search", "show", "rpc", "validate", "diff"] {
        let help = run(&[command, "--help"], "");
        assert_eq!(help.code, 0);
        assert!(help.out.contains("Example"), "{command} lacks an example");
    }
}

#[cfg(feature = "lab")]
#[tokio::test(flavor = "multi_thread")]
async fn a_device_gives_its_modules_once() {
    let settings = lab::LabSettings { ports: lab::Ports::default(), ..lab::LabSettings::default() };
    let switch = lab::switch::Switch::start(&settings, std::sync::Arc::default()).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    let known_hosts = home.path().join("known_hosts");
    std::fs::write(&known_hosts, format!("{}\n", switch.known_hosts_line())).unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../netchange.example.toml");
    let config = std::fs::read_to_string(example)
        .unwrap()
        .replace("port = 2830", &format!("port = {}\nhost = \"127.0.0.1\"", switch.addr().port()))
        .replace("\"lab_known_hosts\"", &format!("{:?}", known_hosts.to_str().unwrap()));
    let file = home.path().join("netchange.toml");
    std::fs::write(&file, config).unwrap();
    let cache = home.path().join("cache");
    let arguments = [
        "show",
        "/native/interface/GigabitEthernet/mtu",
        "--device",
        "c9300",
        "--config",
        file.to_str().unwrap(),
        "--cache",
        cache.to_str().unwrap(),
    ]
    .map(str::to_owned);
    let ask = || {
        let arguments = arguments.clone();
        tokio::task::spawn_blocking(move || run(&arguments.each_ref().map(String::as_str), ""))
    };
    let first = ask().await.unwrap();
    assert_eq!(first.code, 0, "{first:?}");
    assert!(
        first.out.starts_with("/Cisco-IOS-XE-native:native/interface/GigabitEthernet/mtu\n"),
        "{first:?}"
    );
    assert!(!first.said.contains(" 0 of them read from the device"), "{first:?}");
    let second = ask().await.unwrap();
    assert_eq!(second.out, first.out);
    assert!(second.said.contains(" 0 of them read from the device"), "{second:?}");
    switch.stop().await;
}
