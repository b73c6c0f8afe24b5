//! Mode `compare`: this very program measures the crate and the floor, each run in a process of its own, in turns.

use std::fmt::Write as _;
use std::process::Command;

use crate::Outcome;

/// Mode, its keys, and the numbers that are compared.
const MEASUREMENTS: [(&str, &[&str], &[&str]); 6] = [
    ("sessions", &["n=200"], &["connect_median_ms", "cpu_s"]),
    ("rpc", &["n=5000"], &["median_us", "cpu_s_per_1000"]),
    ("pipeline", &["n=20000"], &["rate", "cpu_s_per_1000"]),
    ("parallel", &["n=20000"], &["rate", "cpu_s_per_1000"]),
    ("big", &["n=3", "size=33554432"], &["median_s", "rss_kb"]),
    ("many", &["sessions=1000"], &["wall_s", "rss_kb", "failures"]),
];

/// Three rounds, if nothing else is asked for.
pub(crate) const ROUNDS: usize = 3;

/// A table in Markdown: medians of the crate and of the floor, and the first divided by the second.
pub(crate) fn compare(common: &[String], extra: &[String], rounds: usize) -> Outcome<String> {
    let mut table = String::from("| mode | number | this crate | floor | ratio |\n|---|---|---|---|---|\n");
    for (mode, keys, names) in MEASUREMENTS {
        let mut runs = [Vec::new(), Vec::new()];
        for round in 0..rounds {
            for turn in 0..2 {
                let which = (round + turn) % 2;
                let keys: Vec<&str> = keys.iter().copied().chain(extra.iter().map(String::as_str)).collect();
                runs[which].push(run(mode, common, &keys, which == 1)?);
            }
        }
        for name in names {
            let [crates, floors] = [0, 1]
                .map(|which| median(runs[which].iter().filter_map(|run| run[*name].as_f64()).collect()));
            writeln!(table, "| {mode} | {name} | {crates:.4} | {floors:.4} | {:.2} |", crates / floors)?;
        }
    }
    Ok(table)
}

fn run(mode: &str, common: &[String], keys: &[&str], floor: bool) -> Outcome<serde_json::Value> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(mode).args(common).args(keys);
    if floor {
        command.arg("client=floor");
    }
    let output = command.output()?;
    let line: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    if line["ok"] == true { Ok(line) } else { Err(format!("{mode}: {line}").into()) }
}

fn median(mut values: Vec<f64>) -> f64 {
    crate::meter::quantile(&mut values, 0.5)
}
