//! A device over NETCONF: where it is, how to log in, and one interface read by the dialect that it speaks.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use change_model::{DeviceName, InterfaceName, InterfaceState, RequestedSettings, Truth};
use device_dialect::{Dialect, Save, choose};
use netconf_client::framing::Limits;
use netconf_client::ops::{Config, CopyConfig, Datastore, GetConfig, Lock, Raw, Unlock};
use netconf_client::ssh::{Auth, HostKeyCheck, SshConnector, SshTarget, SshTimeouts};
use netconf_client::transaction::Validation;
use netconf_client::{Error, Session, SessionConfig};
use secrecy::ExposeSecret;

use crate::adapters::netbox::read_truth;
use crate::app::App;
use crate::effects::{EffectError, chain};
use crate::settings::{Devices, Login};
use crate::waiting::Wait;

/// How long a device may take to end a session before the connection is closed all the same.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// How long a device may be silent after our first request before it is nudged: netconfd forgets a request that comes together with our
/// hello until more comes.
const NUDGE_AFTER: Duration = Duration::from_secs(2);
/// The namespace of Cisco's `save-config` and `sync-from`.
const CISCO_IA: &str = "http://cisco.com/yang/cisco-ia";

/// Largest reply: the whole configuration of a large switch is some megabytes.
const REPLY_LIMITS: Limits = Limits { max_message: 64 << 20, max_depth: 256 };

/// A session with a device.
pub(crate) struct Device {
    pub(crate) session: Session,
    name: DeviceName,
}

/// An interface as it was read.
pub(crate) struct Found {
    pub(crate) state: InterfaceState,
    pub(crate) dialect: Box<dyn Dialect>,
    /// What stood in `<data>`.
    pub(crate) xml: String,
}

impl From<Error> for EffectError {
    fn from(error: Error) -> Self {
        let why = format!("switch: {}", chain(&error));
        // Everything here only reads, or is asked after reading: a lost answer may be asked for again.
        let again = error.is_retryable()
            || error.is_outcome_unknown()
            || matches!(error, Error::Timeout { .. } | Error::Ssh(_));
        if again { Self::Later { why, after: None } } else { Self::Never { why } }
    }
}

impl Device {
    /// Connects to a device of the source of truth.
    pub(crate) async fn connect(app: &App, name: &DeviceName, truth: &Truth) -> Result<Self, EffectError> {
        let address = truth.device.as_ref().and_then(|device| device.primary_ip4);
        Self::connect_at(&app.settings.devices, name, address)
            .await
            .inspect(|_| app.systems.succeeded("devices"))
    }

    /// Connects to a device by its name alone: NetBox is asked for its address unless the settings have it.
    pub(crate) async fn find(app: &App, name: &DeviceName) -> Result<Self, EffectError> {
        let address = address(app, name).await?;
        Self::connect_at(&app.settings.devices, name, address).await
    }

    /// The same, for a session that takes no larger replies than said.
    pub(crate) async fn find_for(app: &App, name: &DeviceName, replies: Limits) -> Result<Self, EffectError> {
        let address = address(app, name).await?;
        Self::connect_for(&app.settings.devices, name, address, replies).await
    }

    /// Connects to a device whose management address is known.
    pub(crate) async fn connect_at(
        devices: &Devices,
        name: &DeviceName,
        address: Option<Ipv4Addr>,
    ) -> Result<Self, EffectError> {
        Self::connect_for(devices, name, address, REPLY_LIMITS).await
    }

    async fn connect_for(
        devices: &Devices,
        name: &DeviceName,
        address: Option<Ipv4Addr>,
        replies: Limits,
    ) -> Result<Self, EffectError> {
        let connector = connector(devices, name, address, replies)?;
        let session = connector.session().waited("devices").await?;
        Ok(Self { session, name: name.clone() })
    }

    /// Reads an interface from running; `None` if the device does not have it.
    pub(crate) async fn read(&self, interface: &InterfaceName) -> Result<Option<Found>, EffectError> {
        let mut dialect = self.dialect()?;
        let filter = dialect.filter(interface.as_str()).map_err(|error| self.speechless(&error))?;
        let data =
            self.session.call(GetConfig::new(Datastore::Running).subtree(filter)).waited("devices").await?;
        if let Some(adapted) = dialect.adapted(data.reply().text()) {
            dialect = adapted;
        }
        let state =
            dialect.read(data.reply().text(), interface.as_str()).map_err(|error| self.speechless(&error))?;
        Ok(state.map(|state| Found { state, dialect, xml: data.xml().trim().to_owned() }))
    }

    /// How the candidate is validated. netconfd (yuma123) answers an edit, `<validate>` and `<commit>` with ok and loses the change; it
    /// keeps it where the edit itself asks to be tested.
    pub(crate) fn validation(&self) -> Validation {
        let yuma = |uri: &str| uri.contains("netconfcentral.org/ns/yuma") || uri.contains("yuma123.org/ns/");
        let offers = self.session.capabilities();
        if offers.validate_1_1() && offers.iter().any(yuma) {
            Validation::TestThenSet
        } else {
            Validation::Validate
        }
    }

    /// Has the device re-read configuration made by command line, where it can.
    pub(crate) async fn sync_from(&self) -> Result<(), EffectError> {
        if let Some(rpc) = self.dialect()?.sync_from() {
            self.session.call(Raw::new(rpc)).waited("devices").await?;
        }
        Ok(())
    }

    /// Makes running last; what the device said.
    pub(crate) async fn save(&self) -> Result<String, EffectError> {
        let offers = self.session.capabilities();
        let save = match self.dialect()?.save() {
            // A server that only has the models of the family, and not its RPCs.
            Save::Rpc(_) if !offers.iter().any(|uri| uri.starts_with(CISCO_IA)) => {
                if offers.startup() {
                    Save::CopyConfig
                } else {
                    Save::NotNeeded
                }
            }
            save => save,
        };
        match save {
            Save::Rpc(rpc) => {
                let reply = self.session.call(Raw::new(rpc)).waited("devices").await?;
                Ok(reply.child_text("result")?.unwrap_or_default().trim().to_owned())
            }
            Save::CopyConfig => {
                self.session
                    .call(CopyConfig::new(Config::from(Datastore::Running), Config::from(Datastore::Startup)))
                    .waited("devices")
                    .await?;
                Ok("running copied to startup".to_owned())
            }
            Save::NotNeeded => Ok("the device keeps what it runs".to_owned()),
            other => {
                Err(EffectError::never(format!("{} saves in a way that is not known: {other:?}", self.name)))
            }
        }
    }

    /// Reads an interface while nobody can be changing running: no other session is in the middle of it, no confirmed commit is pending.
    pub(crate) async fn read_locked(&self, interface: &InterfaceName) -> Result<Option<Found>, EffectError> {
        self.session.call(Lock(Datastore::Running)).waited("devices").await?;
        let found = self.read(interface).await;
        let unlocked = self.session.call(Unlock(Datastore::Running)).waited("devices").await;
        if unlocked.is_err() {
            // The end of the session releases the lock in any case.
            self.session.abort();
        }
        found
    }

    /// Ends the session; its locks are released with it.
    pub(crate) async fn close(&self) {
        if let Err(error) = self.session.close().waited("devices").await {
            tracing::debug!(device.name = self.name.as_str(), error = %error, "The session did not end in the ordinary way");
        }
        metrics::counter!("netchange_netconf_rpcs_total").increment(self.session.rpc_count());
        metrics::counter!("netchange_netconf_sessions_total").increment(1);
    }

    fn dialect(&self) -> Result<Box<dyn Dialect>, EffectError> {
        let capabilities: Vec<String> = self.session.capabilities().iter().map(str::to_owned).collect();
        choose(&capabilities, &[]).map_err(|error| self.speechless(&error))
    }

    fn speechless(&self, error: &device_dialect::DialectError) -> EffectError {
        EffectError::never(format!("switch {}: {}", self.name, chain(error)))
    }
}

/// The management address of a device in NetBox; `None` if the settings say where it is.
async fn address(app: &App, name: &DeviceName) -> Result<Option<Ipv4Addr>, EffectError> {
    if app.settings.devices.host(name.as_str()).host.is_some() {
        return Ok(None);
    }
    let field = &app.settings.netbox.ticket_field;
    let truth = read_truth(&app.netbox, field, name, None, &RequestedSettings::default()).await?;
    let device = truth.device.ok_or_else(|| {
        EffectError::never(format!(
            "device {name} is neither in NetBox nor has it a host in the configuration"
        ))
    })?;
    Ok(device.primary_ip4)
}

/// Where a device is and how to log in to it.
fn connector(
    devices: &Devices,
    name: &DeviceName,
    address: Option<Ipv4Addr>,
    replies: Limits,
) -> Result<SshConnector, EffectError> {
    let host = devices.host(name.as_str());
    let address = address.map(|address| IpAddr::from(address).to_string());
    let Some(target) = host.host.or(address) else {
        let text =
            format!("{name} has no primary IPv4 address in NetBox and no host in [devices.host.\"{name}\"]");
        return Err(EffectError::never(text));
    };
    let own = Login {
        username: host.username.unwrap_or_else(|| devices.login.username.clone()),
        password: host.password,
        private_key: host.private_key,
    };
    let has_own = own.password.is_some() || own.private_key.is_some();
    let auth = if has_own { auth(&own) } else { auth(&devices.login) };
    let auth =
        auth.ok_or_else(|| EffectError::never(format!("there is neither password nor key for {name}")))?;
    let target = SshTarget::new(target, host.port.unwrap_or(devices.port));
    let known_hosts = HostKeyCheck::KnownHosts(devices.known_hosts.clone());
    let limit = devices.timeout;
    let timeouts = SshTimeouts { connect: limit, login: limit, hello: limit, ..SshTimeouts::default() };
    let session = SessionConfig::default()
        .limits(replies)
        .call_timeout(limit)
        .close_timeout(CLOSE_LIMIT)
        .nudge(NUDGE_AFTER);
    Ok(SshConnector::new(target, own.username, auth, known_hosts)
        .timeouts(timeouts)
        .legacy_algorithms(devices.legacy_algorithms)
        .session_config(session))
}

fn auth(login: &Login) -> Option<Auth> {
    let key = login.private_key.as_ref().map(|key| Auth::KeyText { key: key.clone(), passphrase: None });
    key.or_else(|| login.password.as_ref().map(|password| Auth::password(password.expose_secret())))
}
