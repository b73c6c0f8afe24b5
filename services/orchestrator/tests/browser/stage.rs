//! The lab in this process, and `netchange serve` as a process of its own beside it.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use lab::people::{CAB, LEAD, REQUESTER};
use lab::{Lab, LabSettings};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

/// Longest wait for netchange to be ready, and for a change to move.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The port that tickets are about.
pub(crate) const PORT: &str = "GigabitEthernet1/0/5";
/// The token for API and operator.
pub(crate) const API_TOKEN: &str = "browser-test-token";

/// Everything that runs.
pub(crate) struct Stage {
    pub(crate) lab: Lab,
    /// netchange's base URL.
    pub(crate) url: String,
    serve: Child,
    _home: tempfile::TempDir,
}

impl Stage {
    /// Starts it; the card goes to the space, where everybody sees it. The requester is an approver, but not of what they request.
    pub(crate) async fn start() -> Self {
        // The port is free when it is chosen; somebody else may be faster, so a second one is tried.
        match Self::try_start().await {
            Ok(stage) => stage,
            Err(first) => Self::try_start().await.unwrap_or_else(|second| panic!("{first}\n{second}")),
        }
    }

    async fn try_start() -> Result<Self, String> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let addr = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
        let url = format!("http://{addr}");
        let settings = LabSettings {
            orchestrator_url: url.clone(),
            zammad_retry_waits: [Duration::from_millis(500); 4],
            ..LabSettings::default()
        };
        let lab = Lab::start(settings.clone()).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let known_hosts = home.path().join("known_hosts");
        std::fs::write(&known_hosts, format!("{}\n", lab.switch.known_hosts_line())).unwrap();
        let config = json!({
            "server": {"listen": addr.to_string(), "public_url": url, "api_token": API_TOKEN, "poll_interval": "1s"},
            "store": {"url": format!("sqlite://{}", home.path().join("netchange.db").display())},
            "zammad": {"url": lab.zammad.url(), "token": settings.zammad_token, "webhook_secret": settings.zammad_webhook_secret},
            "webex": {"api_url": lab.webex.api_url(), "token": settings.webex_token, "webhook_secret": settings.webex_webhook_secret},
            "netbox": {"url": lab.netbox.url(), "token": settings.netbox_token, "webhook_secret": settings.netbox_webhook_secret},
            "devices": {"username": settings.switch_username, "password": settings.switch_password, "port": lab.switch.addr().port(),
                "known_hosts": known_hosts, "timeout": "5s", "patience": "10s"},
            "approval": {"approvers": [LEAD.email, CAB.email, REQUESTER.email], "room_id": lab.webex.group_room_id()},
        });
        let file = home.path().join("netchange.toml");
        std::fs::write(&file, toml_of(&config)).unwrap();
        let log = home.path().join("serve.log");
        let mut serve = serve(&file, &log);
        match ready(&url, &mut serve).await {
            Ok(()) => Ok(Self { lab, url, serve, _home: home }),
            Err(reason) => Err(format!(
                "netchange serve: {reason}\n{}",
                std::fs::read_to_string(log).unwrap_or_default()
            )),
        }
    }

    /// The chat as one of the people sees it, where something was said last.
    pub(crate) fn chat(&self, email: &str) -> String {
        format!("{}/latest?as={}", self.lab.webex.url(), email.replace('@', "%40"))
    }

    /// The path of the port's page in NetBox.
    pub(crate) fn netbox_page(&self) -> String {
        format!("/dcim/interfaces/{}/", self.lab.netbox.interface(PORT)["id"])
    }

    /// Waits until a ticket is in a state.
    pub(crate) async fn ticket_is(&self, ticket: u64, state: &str) {
        let started = Instant::now();
        while self.lab.zammad.ticket(ticket)["state"] != state {
            let now = self.lab.zammad.ticket(ticket);
            assert!(started.elapsed() < LONGEST_WAIT, "waited for {state}: {now:#}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// A ticket as the template makes it, filed by the agent's program rather than on the page; it waits for approval.
    pub(crate) async fn pending_ticket(&self) -> u64 {
        let ticket = json!({
            "title": "Network Change Request: Update Device Interface", "group": "NetDevOps", "customer": REQUESTER.email,
            "state": "open", "ticket_type": "network_change", "network_device_name": "c9300", "network_interface_name": PORT,
            "network_interface_enabled": true, "network_interface_description": "Configured from the ticket system!",
            "network_interface_mtu": 2000, "network_switchport_mode_and_vlan": "access:100:",
            "article": {"body": "Update the device and interface defined below", "type": "note", "internal": false},
        });
        let filed = self.lab.zammad.create_ticket(&ticket).unwrap();
        let id = filed["id"].as_u64().unwrap();
        self.ticket_is(id, "pending approval").await;
        id
    }

    /// Presses a button of the newest card.
    pub(crate) async fn press(&self, email: &str, button: &str) {
        let card = self.lab.webex.cards().pop().unwrap();
        self.lab.webex.press(&card.message_id, email, button, &serde_json::Map::new()).await.unwrap();
    }

    /// Stops everything.
    pub(crate) async fn stop(mut self) {
        self.serve.kill().await.unwrap();
        self.lab.stop().await;
    }
}

fn serve(config: &Path, log: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_netchange"))
        .args(["serve", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(log).unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn ready(url: &str, serve: &mut Child) -> Result<(), String> {
    let http = reqwest::Client::builder().no_proxy().timeout(LONGEST_WAIT).build().unwrap();
    let started = Instant::now();
    while started.elapsed() < LONGEST_WAIT {
        if let Some(status) = serve.try_wait().unwrap() {
            return Err(format!("ended with {status}"));
        }
        if http.get(format!("{url}/readyz")).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err("not ready in time".to_owned())
}

/// The configuration as TOML: sections of plain values only, which JSON writes the same way.
fn toml_of(config: &Value) -> String {
    let mut toml = String::new();
    for (section, keys) in config.as_object().into_iter().flatten() {
        toml.push_str(&format!("[{section}]\n"));
        for (key, value) in keys.as_object().into_iter().flatten() {
            toml.push_str(&format!("{key} = {value}\n"));
        }
    }
    toml
}
