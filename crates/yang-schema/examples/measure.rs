//! Time and memory of a folder of models, beside yanglint if it is installed:
//! `cargo run --release -p yang-schema --example measure -- FOLDER [EDIT.xml]`
//!
//! With `--synthetic 250 500 1000` in place of the folder, made-up releases of so many modules are measured, one after the other;
//! yanglint is given the first.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

#[path = "../benches/synthetic/mod.rs"]
mod synthetic;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use yang_schema::{CompileOptions, ModuleSet, Schema, SearchOptions, ValidateOptions};

/// How often each thing is done; the median counts.
const RUNS: usize = 9;
/// How often what takes microseconds is done in one run.
const REPEATS: u32 = 2000;
/// What is searched in a vendor's models: names, words of descriptions, paths, what is nowhere and what is everywhere.
const QUERIES: &[&str] = &[
    "mtu",
    "interface vlan",
    "GigabitEthernet/description",
    "/native/interface",
    "the configuration of an interface",
    "e",
    "qqqq",
    "nothing of this kind",
    "größe",
];
/// The same in a made-up release.
const MADE_UP_QUERIES: &[&str] = &[
    "leaf3 platform",
    "platform",
    "leaf",
    "e",
    "native leaf e t",
    "interface up default platform",
    "feature37/leaf3",
    "/native/interface/Type3",
    "syn-feature37:leaf3",
    "qqqq",
    "nothing of this kind",
    "größe",
];
/// How long yanglint may take.
const LIMIT: Duration = Duration::from_secs(120);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == "--synthetic").is_some() {
        return made_up(&arguments.map(|number| number.parse()).collect::<Result<Vec<_>, _>>()?);
    }
    let folder = PathBuf::from(arguments.next().ok_or("a folder of *.yang files is needed")?);
    let edit = arguments.next().map(PathBuf::from);
    let schema = compile(&folder)?;
    println!("models           {} modules, {} nodes", schema.modules().count(), schema.node_count());
    println!("memory           {} MB at most, one schema in it", peak_kb("self")? / 1024);
    let times = (0..RUNS).map(|_| timed(|| compile(&folder).map(|schema| schema.node_count())));
    println!("read and compile {:?}", median(times.collect::<Result<_, _>>()?));
    searches(&schema, QUERIES)?;
    if let Some(edit) = &edit {
        let text = std::fs::read_to_string(edit)?;
        let judge = || -> Result<usize, Box<dyn Error>> {
            let document = roxmltree::Document::parse(&text)?;
            Ok(schema.validate_edit_config(document.root_element(), &ValidateOptions::new()).len())
        };
        println!("problems         {} in the edit", judge()?);
        let times = (0..RUNS)
            .map(|_| timed(|| (0..REPEATS).try_for_each(|_| judge().map(|_| ()))).map(|all| all / REPEATS));
        println!("parse, validate  {:?}", median(times.collect::<Result<_, _>>()?));
    }
    let names: Vec<&str> = schema.modules().map(|module| module.name()).collect();
    match yanglint(&folder, &names, edit.as_deref()) {
        Ok(lines) => print!("{lines}"),
        Err(error) => println!("yanglint         {error}"),
    }
    Ok(())
}

/// Releases of so many modules: what each costs, and what that is for one of its modules.
fn made_up(sizes: &[usize]) -> Result<(), Box<dyn Error>> {
    for (index, modules) in sizes.iter().enumerate() {
        let home = std::env::temp_dir().join(format!("synthetic-{}-{modules}", std::process::id()));
        std::fs::create_dir_all(&home)?;
        let mut bytes = 0;
        for (name, text) in synthetic::release(*modules) {
            bytes += text.len();
            std::fs::write(home.join(name).with_extension("yang"), text)?;
        }
        let schema = compile(&home)?;
        println!("made up          {modules} files of {} MB, {} nodes", bytes >> 20, schema.node_count());
        println!("memory           {} MB at most, one schema in it", peak_kb("self")? / 1024);
        searches(&schema, MADE_UP_QUERIES)?;
        let names: Vec<String> = schema.modules().map(|module| module.name().to_owned()).collect();
        drop(schema);
        let times = (0..RUNS).map(|_| timed(|| compile(&home).map(|schema| schema.node_count())));
        let time = median(times.collect::<Result<_, _>>()?);
        let each = time / u32::try_from(*modules)?;
        println!("read and compile {time:?}, {each:?} a module");
        if index == 0 {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            print!(
                "{}",
                yanglint(&home, &names, None).unwrap_or_else(|error| format!("yanglint         {error}\n"))
            );
        }
        std::fs::remove_dir_all(&home)?;
    }
    Ok(())
}

fn searches(schema: &Schema, queries: &[&str]) -> Result<(), Box<dyn Error>> {
    for (index, query) in queries.iter().enumerate() {
        let found = || schema.search(query, &SearchOptions::new()).total;
        let first = timed(|| Ok(found()))?;
        let time = median((0..RUNS).map(|_| timed(|| Ok(found()))).collect::<Result<_, _>>()?);
        let note = if index == 0 { format!(", the first of all {first:?}") } else { String::new() };
        println!("search           {time:?} (\"{query}\", {} found{note})", found());
    }
    println!("memory           {} MB at most, having searched", peak_kb("self")? / 1024);
    Ok(())
}

fn compile(folder: &Path) -> Result<Schema, Box<dyn Error>> {
    let mut set = ModuleSet::new();
    set.add_directory(folder)?;
    Ok(set.compile(&CompileOptions::new())?)
}

fn timed<T>(work: impl FnOnce() -> Result<T, Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    std::hint::black_box(work()?);
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The most memory a process had, in KiB.
fn peak_kb(process: &str) -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// The same of yanglint, in one process: its start and the loading, then many edits.
fn yanglint(folder: &Path, modules: &[&str], edit: Option<&Path>) -> Result<String, Box<dyn Error>> {
    /// Edits that yanglint reads.
    const EDITS: u32 = 500;
    let home = std::env::temp_dir().join(format!("yanglint-{}", std::process::id()));
    std::fs::create_dir_all(home.join(".yanglint"))?;
    let (loaded, done) = (home.join("loaded"), home.join("done"));
    let start = Instant::now();
    let mut child = Command::new("yanglint")
        .env("HOME", &home)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    writeln!(input, "searchpath {}", folder.display())?;
    writeln!(input, "load {}", modules.join(" "))?;
    let first = modules.first().ok_or("no modules")?;
    writeln!(input, "print -f info -o {} {first}", loaded.display())?;
    input.flush()?;
    wait_for(&loaded)?;
    let loading = start.elapsed();
    let memory = peak_kb(&child.id().to_string())? / 1024;
    let mut lines = format!("yanglint         loads in {loading:?} with {memory} MB\n");
    if let Some(edit) = edit {
        let text = std::fs::read_to_string(edit)?;
        let inner = text.trim().trim_end_matches("</config>");
        let inner = inner.split_once('>').map_or(inner, |(_, inner)| inner);
        // its process knows no "operation" without ietf-netconf
        let file = home.join("edit.xml");
        std::fs::write(&file, inner.replace(" nc:operation=\"remove\"", ""))?;
        let start = Instant::now();
        for _ in 0..EDITS {
            writeln!(input, "data -t edit {}", file.display())?;
        }
        writeln!(input, "print -f info -o {} {first}", done.display())?;
        input.flush()?;
        wait_for(&done)?;
        let each = start.elapsed() / EDITS;
        lines.push_str(&format!("yanglint         reads the edit's file and parses it in {each:?}\n"));
    }
    drop(input);
    child.wait()?;
    std::fs::remove_dir_all(&home)?;
    Ok(lines)
}

/// Until a file has something in it.
fn wait_for(file: &Path) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    while std::fs::metadata(file).map_or(0, |file| file.len()) == 0 {
        if start.elapsed() > LIMIT {
            return Err("takes too long".into());
        }
        std::thread::park_timeout(Duration::from_micros(200));
    }
    Ok(())
}
