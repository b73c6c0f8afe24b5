//! What every part of the service shares: settings, store, the clients of the other systems, and how those systems are doing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::settings::Settings;
use crate::store::Store;

/// Longest wait for one HTTP answer of another system.
const HTTP_TIMEOUT: Duration = Duration::from_secs(20);

/// A handle to everything; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) zammad: ticket_client::Client,
    pub(crate) webex: webex_cards::Client,
    pub(crate) netbox: netbox_client::Client,
    pub(crate) systems: Systems,
    /// The end has begun: whoever only listens is sent away.
    pub(crate) closing: CancellationToken,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    pub(crate) fn new(settings: Settings, store: Store) -> Result<Self> {
        let secret = |secret: &SecretString| secret.clone();
        let zammad = ticket_client::Client::builder(&settings.zammad.url, secret(&settings.zammad.token))
            .timeout(HTTP_TIMEOUT)
            .user_agent(USER_AGENT)
            .build()
            .context("cannot make the client for Zammad")?;
        let webex = webex_cards::Client::builder(&settings.webex.api_url, secret(&settings.webex.token))
            .timeout(HTTP_TIMEOUT)
            .user_agent(USER_AGENT)
            .build()
            .context("cannot make the client for Webex")?;
        let netbox = netbox_client::Client::builder(&settings.netbox.url, secret(&settings.netbox.token))
            .timeout(HTTP_TIMEOUT)
            .user_agent(USER_AGENT)
            .build()
            .context("cannot make the client for NetBox")?;
        let (systems, closing) = (Systems::default(), CancellationToken::new());
        let parts = Parts { settings, store, zammad, webex, netbox, systems, closing };
        Ok(Self(Arc::new(parts)))
    }
}

const USER_AGENT: &str = concat!("netchange/", env!("CARGO_PKG_VERSION"));

/// How the other systems are doing, for people: never a reason to be unready.
#[derive(Default)]
pub(crate) struct Systems(Mutex<BTreeMap<&'static str, System>>);

/// How one system is doing.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct System {
    pub(crate) last_success: Option<Timestamp>,
    pub(crate) last_error: Option<String>,
    pub(crate) last_error_at: Option<Timestamp>,
}

impl Systems {
    pub(crate) fn succeeded(&self, name: &'static str) {
        self.lock().entry(name).or_default().last_success = Some(Timestamp::now());
    }

    pub(crate) fn failed(&self, name: &'static str, error: &str) {
        let mut systems = self.lock();
        let system = systems.entry(name).or_default();
        system.last_error = Some(error.to_owned());
        system.last_error_at = Some(Timestamp::now());
    }

    pub(crate) fn list(&self) -> BTreeMap<&'static str, System> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, System>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
