//! Mode `compare`: this very program measures the crate and the floor, each run in a process of its own, in turns.

use std::fmt::Write as _;
use std::process::Command;

use crate::Outcome;

/// Mode, its keys, and the numbers that are compared.
const MEASUREMENTS: [(&str, &[&str], &[&str]); 6] = [
    ("sessions", &["n=200"], &["connect_median_ms", "cpu_s"]),
    ("rpc", &["n=10000"], &["median_us", "cpu_s_per_1000"]),
    ("pipeline", &["n=20000"], &["rate", "cpu_s_per_1000"]),
    ("parallel", &["n=20000"], &["rate", "cpu_s_per_1000"]),
    ("big", &["n=3", "size=33554432"], &["median_s", "rss_kb"]),
    ("many", &["sessions=1000"], &["wall_s", "rss_kb", "failures"]),
];

/// Seven rounds, if nothing else is asked for.
pub(crate) const ROUNDS: usize = 7;

/// Who is measured: the crate, and the floor twice, which shows how much of a ratio is chance.
const RUNS: [&str; 3] = ["client=crate", "client=floor", "client=floor"];

const HEAD: &str = "| mode | number | this crate | floor | ratio | in each round | floor against itself |\n\
                    |---|---|---|---|---|---|---|\n";

/// A table in Markdown. `extra` are keys for every run; they win over this file's. A mode that fails ends it.
pub(crate) fn compare(common: &[String], extra: &[String], rounds: usize) -> Outcome<String> {
    let mut table = HEAD.to_owned();
    for (mode, keys, names) in MEASUREMENTS {
        let keys: Vec<&str> = keys.iter().copied().chain(extra.iter().map(String::as_str)).collect();
        let mut runs: [Vec<serde_json::Value>; RUNS.len()] = Default::default();
        // The first warms up and is left out.
        for round in 0..=rounds.max(1) {
            // Each is first in turn.
            for turn in 0..RUNS.len() {
                let which = (round + turn) % RUNS.len();
                let answer = run(mode, common, &keys, RUNS[which])?;
                if round > 0 {
                    runs[which].push(answer);
                }
            }
        }
        for name in names {
            let [ours, floor, again] = runs
                .each_ref()
                .map(|runs| runs.iter().filter_map(|run| run[*name].as_f64()).collect::<Vec<f64>>());
            line(&mut table, (mode, name), &ours, &floor, &again)?;
        }
    }
    Ok(table)
}

/// One number: medians; the median of the rounds' ratios, each to the mean of its round's two floors; the lowest and the
/// highest of them; the median of the ratios of a round's floors to each other.
fn line(
    table: &mut String,
    (mode, name): (&str, &str),
    ours: &[f64],
    floor: &[f64],
    again: &[f64],
) -> Outcome<()> {
    let means: Vec<f64> = floor.iter().zip(again).map(|(one, other)| f64::midpoint(*one, *other)).collect();
    write!(table, "| {mode} | {name} | {:.4} | {:.4} | ", median(ours), median(&means))?;
    if means.contains(&0.0) {
        // A number of failures: nothing can be divided by it.
        writeln!(table, "| | |")?;
        return Ok(());
    }
    let each: Vec<f64> = ours.iter().zip(&means).map(|(ours, floor)| ours / floor).collect();
    let (lowest, highest) = each.iter().fold((f64::MAX, 0f64), |(low, high), &r| (low.min(r), high.max(r)));
    let noise: Vec<f64> = again.iter().zip(floor).map(|(again, floor)| again / floor).collect();
    writeln!(table, "{:.2} | {lowest:.2} to {highest:.2} | {:.2} |", median(&each), median(&noise))?;
    Ok(())
}

fn run(mode: &str, common: &[String], keys: &[&str], client: &str) -> Outcome<serde_json::Value> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.arg(mode).args(common).args(keys).arg(client).output()?;
    let line: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{mode}: {error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    if line["ok"] == true { Ok(line) } else { Err(format!("{mode}: {line}").into()) }
}

fn median(values: &[f64]) -> f64 {
    crate::meter::quantile(&mut values.to_vec(), 0.5)
}
