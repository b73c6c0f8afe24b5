//! Runs yanglint: one process for many payloads, fed with commands.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::generate::Payload;

/// How long one run may take: a large set of models takes seconds to load, a payload less than a millisecond.
const LIMIT: Duration = Duration::from_secs(300);

/// What a payload is judged as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Content of an edit-config.
    Edit,
    /// Complete data with state.
    Data,
    /// Complete configuration.
    Config,
    /// An rpc.
    Rpc,
}

impl Kind {
    fn option(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Data => "data",
            Self::Config => "config",
            Self::Rpc => "rpc",
        }
    }
}

/// yanglint's word.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Good; the data as its JSON.
    Accepted(serde_json::Value),
    /// Bad; what it said.
    Rejected(String),
}

/// Judges all payloads with the modules loaded, all features on.
pub(crate) fn judge(folders: &[&Path], modules: &[&str], payloads: &[Payload]) -> Vec<Verdict> {
    let work = tempfile::tempdir().unwrap();

    let mut commands = loading(folders, modules);
    let ending = |index: usize| if payloads[index].xml.starts_with('{') { "json" } else { "xml" };
    let file = |index: usize| work.path().join(format!("in-{index}.{}", ending(index)));
    let out = |index: usize| work.path().join(format!("out-{index}.json"));
    for (index, payload) in payloads.iter().enumerate() {
        std::fs::write(file(index), &payload.xml).unwrap();
        let line = format!(
            "data -t {} -f json -o {} {}",
            payload.kind.option(),
            out(index).display(),
            file(index).display()
        );
        writeln!(commands, "{line}").unwrap();
    }
    let said = run(&commands, work.path());
    let mut reasons: HashMap<String, String> = HashMap::new();
    let mut reason = String::new();
    for line in said.lines() {
        match line.strip_prefix("YANGLINT[E]: Failed to ").and_then(|rest| rest.split('"').nth(1)) {
            Some(failed) => {
                reasons.insert(failed.to_owned(), std::mem::take(&mut reason));
            }
            None => {
                reason.push_str(line);
                reason.push('\n');
            }
        }
    }
    let mut verdict = |index: usize| {
        let printed = std::fs::read_to_string(out(index)).unwrap_or_default();
        match reasons.remove(file(index).to_str().unwrap()) {
            Some(reason) => {
                assert!(printed.is_empty(), "yanglint refused and printed: {reason}");
                Verdict::Rejected(reason)
            }
            None => {
                let json = serde_json::from_str(&printed);
                Verdict::Accepted(json.unwrap_or_else(|error| {
                    panic!("yanglint neither refused nor printed ({error}): {}\n{said}", payloads[index].xml)
                }))
            }
        }
    };
    (0..payloads.len()).map(&mut verdict).collect()
}

/// The trees of modules.
pub(crate) fn trees(folders: &[&Path], modules: &[&str]) -> Vec<String> {
    let work = tempfile::tempdir().unwrap();
    let mut commands = loading(folders, modules);
    let out = |name: &str| work.path().join(format!("{name}.tree"));
    for name in modules {
        writeln!(commands, "print -f tree -o {} {name}", out(name).display()).unwrap();
    }
    let said = run(&commands, work.path());
    let read = |name: &&str| {
        std::fs::read_to_string(out(name))
            .unwrap_or_else(|error| panic!("no tree of {name}: {error}\n{said}"))
    };
    modules.iter().map(read).collect()
}

fn loading(folders: &[&Path], modules: &[&str]) -> String {
    let mut commands = "verb error\n".to_owned();
    for folder in folders {
        writeln!(commands, "searchpath {}", folder.display()).unwrap();
    }
    for module in modules {
        writeln!(commands, "load {module}").unwrap();
    }
    let work = tempfile::tempdir().unwrap();
    let said = run(&commands, work.path());
    assert!(said.is_empty(), "yanglint does not take the models: {said}");
    commands
}

/// Runs the commands; what yanglint said on its standard error.
pub(crate) fn run(commands: &str, home: &Path) -> String {
    let mut child = Command::new("yanglint")
        .env("HOME", home)
        .current_dir(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("yanglint is needed: apt-get install libyang2-tools");
    let mut input = child.stdin.take().unwrap();
    let commands = commands.to_owned();
    let writing = std::thread::spawn(move || input.write_all(commands.as_bytes()));
    let mut errors = child.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut said = Vec::new();
        errors.read_to_end(&mut said).map(|_| String::from_utf8_lossy(&said).into_owned())
    });
    let start = Instant::now();
    while !reading.is_finished() {
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("yanglint took longer than {LIMIT:?}");
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let status = child.wait().unwrap();
    let said = reading.join().unwrap().unwrap();
    assert!(status.success(), "yanglint ended with {status}: {said}");
    writing.join().unwrap().unwrap();
    // Where it runs for the first time it says that it makes a folder for its history, which is no word about models.
    said.lines().filter(|line| !line.starts_with("YANGLINT[W]: ")).map(|line| format!("{line}\n")).collect()
}
