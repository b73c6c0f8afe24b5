//! What each mode does.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use crate::meter::{Meter, peak_kb, quantile};
use crate::peer::Peer;
use crate::{Arguments, Outcome, sized};

/// The JSON fields of one run; `None` if there is no such mode.
pub(crate) async fn run(arguments: &Arc<Arguments>) -> Outcome<Option<String>> {
    let fields = match arguments.mode.as_str() {
        "sessions" => sessions(arguments).await?,
        "rpc" => rpc(arguments).await?,
        "pipeline" => pipeline(arguments).await?,
        "parallel" => parallel(arguments).await?,
        "big" => big(arguments).await?,
        "many" => return many(arguments).await.map(Some),
        _ => return Ok(None),
    };
    Ok(Some(fields))
}

fn fields(numbers: &[(&str, f64)]) -> String {
    numbers.iter().fold(String::new(), |mut text, (name, value)| {
        // Writing to a String cannot fail.
        let _ = write!(text, ",\"{name}\":{}", (value * 1e6).round() / 1e6);
        text
    })
}

async fn sessions(arguments: &Arguments) -> Outcome<String> {
    let n = arguments.number("n", 100).max(1);
    let mut times = Vec::new();
    let meter = Meter::start();
    for _ in 0..n {
        let begun = Instant::now();
        let peer = Peer::open(arguments).await?;
        times.push(begun.elapsed().as_secs_f64());
        peer.close().await?;
    }
    let (wall, cpu) = meter.stop();
    let connecting: f64 = times.iter().sum();
    let n = n as f64;
    Ok(fields(&[
        ("n", n),
        ("connect_median_ms", quantile(&mut times, 0.5) * 1e3),
        ("connect_rate", n / connecting),
        ("rate", n / wall),
        ("wall_s", wall),
        ("cpu_s", cpu),
    ]))
}

async fn rpc(arguments: &Arguments) -> Outcome<String> {
    let n = arguments.number("n", 100).max(1);
    let mut peer = Peer::open(arguments).await?;
    for _ in 0..n.min(20) {
        peer.get(arguments, &arguments.filter).await?;
    }
    let (mut times, mut bytes) = (Vec::new(), 0);
    let meter = Meter::start();
    for _ in 0..n {
        let begun = Instant::now();
        bytes = peer.get(arguments, &arguments.filter).await?;
        times.push(begun.elapsed().as_secs_f64());
    }
    let (wall, cpu) = meter.stop();
    peer.close().await?;
    let n = n as f64;
    Ok(fields(&[
        ("n", n),
        ("rate", n / wall),
        ("bytes", bytes as f64),
        ("cpu_s_per_1000", cpu / n * 1e3),
        ("median_us", quantile(&mut times, 0.5) * 1e6),
        ("p99_us", quantile(&mut times, 0.99) * 1e6),
        ("wall_s", wall),
        ("cpu_s", cpu),
    ]))
}

async fn pipeline(arguments: &Arguments) -> Outcome<String> {
    let (n, window) = (arguments.number("n", 100).max(1), arguments.number("window", 32).max(1));
    let mut peer = Peer::open(arguments).await?;
    peer.pipeline(arguments, n.min(50), window).await?;
    let meter = Meter::start();
    peer.pipeline(arguments, n, window).await?;
    let (wall, cpu) = meter.stop();
    peer.close().await?;
    let (n, window) = (n as f64, window as f64);
    Ok(fields(&[
        ("n", n),
        ("window", window),
        ("rate", n / wall),
        ("cpu_s_per_1000", cpu / n * 1e3),
        ("wall_s", wall),
        ("cpu_s", cpu),
    ]))
}

async fn parallel(arguments: &Arc<Arguments>) -> Outcome<String> {
    let (n, count) = (arguments.number("n", 100).max(1), arguments.number("sessions", 32).max(1));
    let opening: Vec<_> = (0..count)
        .map(|_| {
            let arguments = Arc::clone(arguments);
            tokio::spawn(async move { Peer::open(&arguments).await })
        })
        .collect();
    let mut peers = Vec::with_capacity(count);
    for task in opening {
        peers.push(task.await??);
    }
    let meter = Meter::start();
    let mut tasks = Vec::new();
    for (number, mut peer) in peers.into_iter().enumerate() {
        let arguments = Arc::clone(arguments);
        let share = n / count + usize::from(number < n % count);
        tasks.push(tokio::spawn(async move {
            for _ in 0..share {
                peer.get(&arguments, &arguments.filter).await?;
            }
            Outcome::Ok(peer)
        }));
    }
    let mut peers = Vec::with_capacity(count);
    for task in tasks {
        peers.push(task.await??);
    }
    let (wall, cpu) = meter.stop();
    for peer in peers {
        peer.close().await?;
    }
    let calls = n as f64;
    Ok(fields(&[
        ("n", calls),
        ("sessions", count as f64),
        ("rate", calls / wall),
        ("cpu_s_per_1000", cpu / calls * 1e3),
        ("wall_s", wall),
        ("cpu_s", cpu),
    ]))
}

async fn big(arguments: &Arguments) -> Outcome<String> {
    let n = arguments.number("n", 100).max(1);
    let mut peer = Peer::open(arguments).await?;
    let small = if arguments.text("filter").is_empty() { sized("1024") } else { arguments.filter.clone() };
    peer.get(arguments, &small).await?;
    let (base, mut times, mut bytes) = (peak_kb(), Vec::new(), 0);
    let meter = Meter::start();
    for _ in 0..n {
        let begun = Instant::now();
        bytes = peer.get(arguments, &arguments.filter).await?;
        times.push(begun.elapsed().as_secs_f64());
    }
    let (wall, cpu) = meter.stop();
    peer.close().await?;
    Ok(fields(&[
        ("n", n as f64),
        ("bytes", bytes as f64),
        ("median_s", quantile(&mut times, 0.5)),
        ("base_rss_kb", base as f64),
        ("cpu_s_per_reply", cpu / n as f64),
        ("wall_s", wall),
        ("cpu_s", cpu),
    ]))
}

async fn one_of_many(arguments: &Arguments) -> Outcome<()> {
    let mut peer = Peer::open(arguments).await?;
    peer.get(arguments, &arguments.filter).await?;
    if arguments.text("edit") != "0" {
        peer.edit().await?;
    }
    peer.close().await?;
    Ok(())
}

async fn many(arguments: &Arc<Arguments>) -> Outcome<String> {
    let count = arguments.number("sessions", 32);
    let meter = Meter::start();
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let arguments = Arc::clone(arguments);
            tokio::spawn(async move { one_of_many(&arguments).await })
        })
        .collect();
    let mut all = Vec::with_capacity(count);
    for task in tasks {
        all.push(task.await?);
    }
    let (wall, cpu) = meter.stop();
    let mut errors: Vec<String> =
        all.into_iter().filter_map(|answer| answer.err().map(|error| error.to_string())).collect();
    let failures = errors.len() as f64;
    errors.sort();
    errors.dedup();
    errors.truncate(3);
    let numbers =
        fields(&[("sessions", count as f64), ("failures", failures), ("wall_s", wall), ("cpu_s", cpu)]);
    Ok(format!("{numbers},\"errors\":{}", serde_json::to_string(&errors)?))
}
