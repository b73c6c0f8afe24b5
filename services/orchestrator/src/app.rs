//! What every part of the service shares: settings, store, the clients of the other systems, and how those systems are doing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use change_model::DeviceName;
use jiff::{SignedDuration, Timestamp};
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
    pub(crate) unreachable: Unreachable,
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
        let (systems, unreachable) = (Systems::default(), Unreachable::default());
        let closing = CancellationToken::new();
        let parts = Parts { settings, store, zammad, webex, netbox, systems, unreachable, closing };
        Ok(Self(Arc::new(parts)))
    }
}

const USER_AGENT: &str = concat!("netchange/", env!("CARGO_PKG_VERSION"));

/// How the other systems are doing, for people: never a reason to be unready.
#[derive(Default)]
pub(crate) struct Systems(Mutex<BTreeMap<&'static str, System>>);

/// Devices that cannot be looked at, and since when: of all changes that wait for one, only the first tries, and tries for the others too.
#[derive(Default)]
pub(crate) struct Unreachable(Mutex<HashMap<DeviceName, Failing>>);

/// A device that failed again and again.
#[derive(Clone, Copy)]
struct Failing {
    since: Timestamp,
    last: Timestamp,
}

/// Two failures of a device belong together if no more time lies between them.
const SAME_TROUBLE: SignedDuration = SignedDuration::from_mins(5);

impl Unreachable {
    /// A look at a device failed; since when it does.
    pub(crate) fn failed(&self, device: &DeviceName, first: Timestamp, now: Timestamp) -> Timestamp {
        let mut devices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        devices.retain(|_, failing| now.duration_since(failing.last) <= SAME_TROUBLE);
        let failing = devices.entry(device.clone()).or_insert(Failing { since: first, last: now });
        failing.since = failing.since.min(first);
        failing.last = now;
        failing.since
    }

    /// A look at a device succeeded.
    pub(crate) fn succeeded(&self, device: &DeviceName) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(device);
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_fails_since_its_first_failure_until_it_answers_or_nobody_asks_any_more() {
        let start: Timestamp = "2026-11-24T02:00:00Z".parse().unwrap();
        let at = |minutes: u64| start.checked_add(Duration::from_secs(60 * minutes)).unwrap();
        let (one, other): (DeviceName, DeviceName) = ("sw1".parse().unwrap(), "sw2".parse().unwrap());
        let devices = Unreachable::default();
        assert_eq!(devices.failed(&one, at(0), at(0)), at(0));
        assert_eq!(devices.failed(&one, at(4), at(4)), at(0));
        assert_eq!(devices.failed(&other, at(5), at(5)), at(5));
        assert_eq!(devices.failed(&one, at(9), at(9)), at(0));
        devices.succeeded(&one);
        assert_eq!(devices.failed(&one, at(9), at(10)), at(9));
        assert_eq!(devices.failed(&other, at(11), at(11)), at(11), "what failed long ago is another matter");
    }
}
