//! The service as a whole: store, worker and HTTP, started and stopped together.

use std::fs::File;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::{Context, Result};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::settings::Settings;
use crate::store::Store;
use crate::worker::Pulse;
use crate::{routes, telemetry, worker};

/// The service, running.
pub(crate) struct Service {
    pub(crate) app: App,
    http: ServerHandle,
    stop: CancellationToken,
    worker: JoinHandle<()>,
    /// Keeps other processes off the store while it is held.
    _owned: File,
}

impl Service {
    /// Starts everything; `listener` replaces the address of the settings.
    pub(crate) async fn start(settings: Settings, listener: Option<TcpListener>) -> Result<Self> {
        let listener = match listener {
            Some(listener) => listener,
            None => {
                let address = settings.server.listen;
                TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?
            }
        };
        if settings.server.allow_unsigned_webhooks {
            tracing::warn!(
                "Unsigned webhooks are allowed: whoever reaches this port can start a change that waits for approval"
            );
        }
        let store = Store::open(&settings.store_url).await?;
        let owned = store.own(worker::UNDER_WAY).await?;
        let app = App::new(settings, store)?;
        let addr = listener.local_addr().context("the listener has no address")?;
        let pulse = Arc::new(Pulse::default());
        let stop = CancellationToken::new();
        let worker = tokio::spawn(worker::run(app.clone(), pulse.clone(), stop.clone()));
        let server = routes::server(listener, app.clone(), pulse, telemetry::metrics()?)?;
        let http = server.handle();
        tokio::spawn(server);
        tracing::info!("Listening on http://{addr}");
        Ok(Self { app, http, stop, worker, _owned: owned })
    }

    /// Stops taking work, lets what is in hand end, and closes the store.
    pub(crate) async fn stop(self) {
        self.app.closing.cancel();
        self.http.stop(true).await;
        self.stop.cancel();
        if tokio::time::timeout(Duration::from_secs(60), self.worker).await.is_err() {
            tracing::error!("The worker did not stop; what it had in hand is taken up at the next start");
        }
        self.app.store.close().await;
    }
}
