//! `netchange serve`.

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::ConfigArgs;
use crate::serve::Service;
use crate::settings::Settings;
use crate::telemetry::{self, Logs};

pub(super) async fn run(args: ConfigArgs) -> Result<u8> {
    let settings = Settings::load(args.config.as_deref())?;
    telemetry::start(Logs::Stderr)?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let service = Service::start(settings, None).await?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: ending what is in hand"),
        _ = interrupt.recv() => tracing::info!("SIGINT: ending what is in hand"),
    }
    service.stop().await;
    tracing::info!("Stopped");
    Ok(0)
}
