//! Logs and metrics: set up once per process.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info,actix_server=warn,tracing_actix_web=warn,russh=warn,sqlx=warn";

/// Where logs go.
pub(crate) enum Logs<'a> {
    /// To standard error: coloured on a terminal, JSON lines elsewhere.
    Stderr,
    /// To a file, as JSON lines: the screen is for the demo.
    #[cfg_attr(not(feature = "lab"), expect(dead_code, reason = "only the demo logs to a file"))]
    File(&'a Path),
    /// Nowhere but errors on standard error: for commands that print a result.
    Quiet,
}

/// Sets logging up. A second call in one process changes nothing.
pub(crate) fn start(logs: Logs<'_>) -> Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let builder = tracing_subscriber::fmt().with_span_events(FmtSpan::NONE);
    match logs {
        Logs::Stderr if std::io::stderr().is_terminal() => {
            let _ = builder.with_env_filter(filter).with_writer(std::io::stderr).try_init();
        }
        Logs::Stderr => {
            let _ = builder.with_env_filter(filter).json().with_writer(std::io::stderr).try_init();
        }
        Logs::File(path) => {
            let file = std::fs::File::options().create(true).append(true).open(path);
            let file = file.with_context(|| format!("cannot write the log {}", path.display()))?;
            let _ =
                builder.with_env_filter(filter).json().with_writer(std::sync::Mutex::new(file)).try_init();
        }
        Logs::Quiet => {
            let _ = builder.with_env_filter(EnvFilter::new("off")).with_writer(std::io::stderr).try_init();
        }
    }
    Ok(())
}

/// Upper bounds of the buckets of every histogram, in seconds.
const BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// How often what histograms recorded is put into their buckets. Until then each value takes memory, whether somebody scrapes or not.
const UPKEEP: Duration = Duration::from_secs(5);

/// The recorder of this process's metrics. Needs a tokio runtime, on which it keeps the histograms small.
pub(crate) fn metrics() -> Result<PrometheusHandle> {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = RECORDER.get() {
        return Ok(handle.clone());
    }
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).context("the buckets are wrong")?;
    let handle = builder.install_recorder().context("cannot start the metrics")?;
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(UPKEEP);
        loop {
            interval.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(RECORDER.get_or_init(|| handle).clone())
}
