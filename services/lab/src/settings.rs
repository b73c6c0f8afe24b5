//! What a lab is started with; the defaults are those of `netchange.example.toml`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

/// Settings of the whole lab. All tokens and passwords are the lab's own and protect nothing.
#[derive(Debug, Clone)]
pub struct LabSettings {
    /// Address to listen on; loopback unless somebody insists.
    pub bind: IpAddr,
    /// Ports, 0 for any free one.
    pub ports: Ports,
    /// Base URL of netchange; webhooks go to `{orchestrator_url}/ticket`, `/card`, `/webex` and `/netbox`.
    pub orchestrator_url: String,
    /// Base URL of the lab's front page, to which `/lab` of every stand-in leads; filled in by [`Lab::start`](crate::Lab::start).
    pub front_url: String,
    /// Zammad: the bot's API token (an agent's).
    pub zammad_token: String,
    /// Zammad: signs its webhooks.
    pub zammad_webhook_secret: String,
    /// Webex: the bot's access token.
    pub webex_token: String,
    /// Webex: signs its webhooks.
    pub webex_webhook_secret: String,
    /// NetBox: API token (`nbt_…`, v2).
    pub netbox_token: String,
    /// NetBox: signs its webhooks.
    pub netbox_webhook_secret: String,
    /// The switch's login.
    pub switch_username: String,
    /// The switch's password.
    pub switch_password: String,
    /// OpenSSH public keys that may log in to the switch as well.
    pub switch_authorized_keys: Vec<String>,
    /// File that keeps the switch's ed25519 host key (OpenSSH format, made if missing); `None` makes a new key each time.
    pub switch_host_key: Option<PathBuf>,
    /// What the switch's hello offers.
    pub capabilities: Capabilities,
    /// Zammad's waits between its five delivery attempts: 10, 20, 30 and 40 s; tests shorten them.
    pub zammad_retry_waits: [Duration; 4],
    /// How long the switch takes for one RPC, to imitate a real one.
    pub switch_rpc_delay: Duration,
    /// Ports of the switch, in NetBox and on it alike: `GigabitEthernet1/0/1` and on. A C9300-24T has 24; more are for load.
    pub switch_ports: u8,
}

/// Ports of the lab's servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// Zammad.
    pub zammad: u16,
    /// Webex.
    pub webex: u16,
    /// NetBox.
    pub netbox: u16,
    /// NETCONF over SSH.
    pub switch: u16,
    /// The switch's page.
    pub switch_page: u16,
    /// The control server and front page.
    pub control: u16,
}

impl Ports {
    /// The fixed ports of `netchange lab`.
    pub const FIXED: Self =
        Self { zammad: 12346, webex: 12347, netbox: 12348, switch: 2830, switch_page: 12349, control: 12350 };
}

/// The sets of NETCONF capabilities that the lab's switch can be started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Capabilities {
    /// A Catalyst 9300 with 17.12: writable-running, candidate, rollback-on-error, validate; no confirmed-commit, no startup.
    #[default]
    Catalyst9300,
    /// Candidate with validate and confirmed-commit 1.0 and 1.1.
    ConfirmedCommit,
    /// Writable-running with rollback-on-error only.
    WritableRunning,
    /// Base 1.0 only (end-of-message framing), writable-running with rollback-on-error and a startup datastore.
    Base10,
}

impl Default for LabSettings {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: Ports::default(),
            orchestrator_url: "http://127.0.0.1:12345".to_owned(),
            front_url: String::new(),
            zammad_token: "lab-zammad-token".to_owned(),
            zammad_webhook_secret: "lab-zammad-webhook-secret".to_owned(),
            webex_token: "lab-webex-bot-token".to_owned(),
            webex_webhook_secret: "lab-webex-webhook-secret".to_owned(),
            netbox_token: "nbt_lab000000000.labsecretlabsecretlabsecretlabsecret0000".to_owned(),
            netbox_webhook_secret: "lab-netbox-webhook-secret".to_owned(),
            switch_username: "netchange".to_owned(),
            switch_password: "lab-switch-password".to_owned(),
            switch_authorized_keys: Vec::new(),
            switch_host_key: None,
            capabilities: Capabilities::default(),
            zammad_retry_waits: [10, 20, 30, 40].map(Duration::from_secs),
            switch_rpc_delay: Duration::ZERO,
            switch_ports: 24,
        }
    }
}
