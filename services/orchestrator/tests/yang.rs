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

/// A folder as the examples have it: models, an edit, two releases, and the program on the path.
fn example_folder() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for release in ["yang", "yang-17.9", "yang-17.12"] {
        let folder = home.path().join(release);
        std::fs::create_dir(&folder).unwrap();
        for (name, text) in device_dialect::IOS_XE_MODULES {
            std::fs::write(folder.join(name).with_extension("yang"), text).unwrap();
        }
    }
    let edit = r#"<config><native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><interface><GigabitEthernet>
        <name>1/0/5</name><mtu>2000</mtu></GigabitEthernet></interface></native></config>"#;
    std::fs::write(home.path().join("edit.xml"), edit).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_netchange"), home.path().join("netchange")).unwrap();
    home
}

/// Runs a line as a person types it.
fn typed(home: &Path, line: &str) -> Ran {
    let path = format!("{}:{}", home.display(), std::env::var("PATH").unwrap_or_default());
    let shell = Command::new("sh").args(["-c", line]).current_dir(home).env("PATH", path).output().unwrap();
    Ran {
        code: shell.status.code().unwrap(),
        out: String::from_utf8(shell.stdout).unwrap(),
        said: String::from_utf8(shell.stderr).unwrap(),
    }
}

/// The commands in a text, lines that go on joined.
fn examples(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ").replace("|\n", "| ");
    let lines = joined.lines().map(str::trim).filter(|line| line.starts_with("netchange "));
    lines.map(str::to_owned).collect()
}

#[test]
fn every_example_runs_as_it_is_typed() {
    /// What a person's terminal has, at the least.
    const COLUMNS: usize = 80;
    let home = example_folder();
    let mut all = examples(include_str!("../../../docs/yang.md"));
    assert!(all.len() > 5, "docs/yang.md has only {all:?}");
    for command in ["tree", "search", "show", "rpc", "validate", "diff"] {
        let help = run(&[command, "--help"], "").out;
        let part = help.split("Example").nth(1).unwrap().to_owned();
        assert!(
            part.lines().all(|line| line.chars().count() < COLUMNS),
            "{command} wraps its examples: {part}"
        );
        let found = examples(&part);
        assert!(!found.is_empty(), "{command}: {part}");
        all.extend(found);
    }
    // What asks a device is run against the lab below, and by the tests of the service.
    for example in all.iter().filter(|example| !example.contains("--device")) {
        let ran = typed(home.path(), example);
        assert_eq!(ran.code, 0, "{example}: {ran:?}");
        assert!(!ran.out.contains('\u{1b}') && !ran.said.contains('\u{1b}'), "{example}: colours in a file");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure_and_a_full_disk_is_one() {
    let home = example_folder();
    let piped =
        typed(home.path(), "{ netchange yang tree --dir yang; echo $? >code; } | head -n 1; cat code");
    assert!(piped.out.starts_with("module: ") && piped.out.ends_with("\n0\n"), "{piped:?}");
    assert_eq!(piped.said, "");
    let full = typed(home.path(), "netchange yang tree --dir yang >/dev/full");
    assert_eq!(full.code, 1, "{full:?}");
    assert!(full.said.contains("cannot write the result"), "{full:?}");
}

#[test]
fn what_is_no_data_is_said_to_be_none() {
    let models = models();
    let judge = |input: &str| run(&["validate", "-", "--dir", &models], input);
    for (input, said) in [
        ("", "there is nothing in it"),
        (" \n", "there is nothing in it"),
        ("not xml", "neither XML nor a JSON object: it begins with \"not xml\""),
        ("[]", "neither XML nor a JSON object"),
        ("{\"a\":", "this is not JSON"),
        ("<plant", "this is not XML"),
        ("<!DOCTYPE a [<!ENTITY b \"c\">]><plant/>", "this is not XML"),
    ] {
        let ran = judge(input);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{input:?}: {ran:?}");
        assert!(ran.said.contains(said), "{input:?}: {ran:?}");
    }
    let json = judge(r#"{"nowhere:x": 1, "plant:plant": {"vlan": [{"id": 5000, "more": 1}]}}"#);
    assert_eq!(json.code, 1);
    for said in ["there is no module nowhere", "\"5000\" is not allowed", "there is no more in vlan"] {
        assert!(json.out.contains(said), "{said}: {json:?}");
    }
    // Of JSON no line is known, and none is made up.
    assert!(json.out.lines().all(|line| line.starts_with(['/', ' '])), "{json:?}");
    assert!(json.said.contains("3 problems"), "{json:?}");
}

#[test]
fn wrong_files_folders_and_names_are_all_said_at_once() {
    let home = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &[u8]| std::fs::write(home.path().join(name), text).unwrap();
    let folder = home.path().to_str().unwrap();
    assert!(run(&["tree", "--dir", folder], "").said.contains("there are no *.yang files in"));
    put("good.yang", b"module good { namespace urn:good; prefix g; leaf a { type string; } }");
    put("half.yang", b"module half { namespace");
    put("latin.yang", b"module latin { namespace \"\xff\"");
    let ran = run(&["tree", "--dir", folder], "");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    for said in ["2 files of", "half.yang:1:", "latin.yang:1:", "--lenient"] {
        assert!(ran.said.contains(said), "{said}: {ran:?}");
    }
    let ran = run(&["tree", "--dir", folder, "--lenient"], "");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("module: good") && ran.said.matches("left out: ").count() == 2, "{ran:?}");
    let file = home.path().join("good.yang");
    let ran = run(&["tree", "--dir", file.to_str().unwrap()], "");
    assert!(ran.code == 1 && ran.said.contains("is a file: name the folder"), "{ran:?}");
    let ran = run(&["tree", "--dir", folder, "--lenient", "--module", "god"], "");
    assert!(ran.code == 1 && ran.said.contains("there is no module god; good, perhaps"), "{ran:?}");
    for path in ["", "//", "/a[b", "/a[b='c'", "a b", "/nowhere:a"] {
        let ran = run(&["show", path, "--dir", folder, "--lenient"], "");
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{path:?}: {ran:?}");
        assert!(ran.said.lines().last().unwrap().starts_with("netchange: "), "{path:?}: {ran:?}");
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
