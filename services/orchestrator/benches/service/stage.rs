//! The lab in this process, and `netchange serve` as a process of its own with a store that outlives it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use lab::people::{CAB, LEAD, REQUESTER};
use lab::{Lab, LabSettings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Token for the API.
const API_TOKEN: &str = "bench-api-token";
/// Longest wait for netchange to be ready, or to end.
const LONGEST_START: Duration = Duration::from_secs(60);
/// What netchange logs: as by default, and the waits for other systems if they are asked for.
const FILTER: &str = "info,actix_server=warn,tracing_actix_web=warn,russh=warn,sqlx=warn";

pub(crate) struct Stage {
    pub(crate) lab: Lab,
    pub(crate) http: reqwest::Client,
    pub(crate) addr: SocketAddr,
    pub(crate) dir: TempDir,
    config: Value,
    child: Option<Child>,
}

impl Stage {
    /// Starts the lab, its switch with so many ports.
    pub(crate) async fn start(ports: u8) -> Result<Self> {
        let addr = free_addr()?;
        let settings = LabSettings {
            orchestrator_url: format!("http://{addr}"),
            switch_ports: ports,
            ..LabSettings::default()
        };
        let lab = Lab::start(settings.clone()).await.context("cannot start the lab")?;
        let dir = tempfile::tempdir().context("cannot make a temporary directory")?;
        let known_hosts = dir.path().join("known_hosts");
        std::fs::write(&known_hosts, format!("{}\n", lab.switch.known_hosts_line()))?;
        let store = dir.path().join("netchange.db");
        let config = json!({
            "server": {"listen": addr.to_string(), "public_url": format!("http://{addr}"), "api_token": API_TOKEN},
            "store": {"url": format!("sqlite://{}", store.display())},
            "zammad": {"url": lab.zammad.url(), "token": settings.zammad_token, "webhook_secret": settings.zammad_webhook_secret},
            "webex": {"api_url": lab.webex.api_url(), "token": settings.webex_token, "webhook_secret": settings.webex_webhook_secret},
            "netbox": {"url": lab.netbox.url(), "token": settings.netbox_token, "webhook_secret": settings.netbox_webhook_secret},
            "devices": {
                "username": settings.switch_username, "password": settings.switch_password,
                "port": lab.switch.addr().port(), "known_hosts": known_hosts,
            },
            "approval": {"approvers": [LEAD.email, CAB.email]},
        });
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        Ok(Self { lab, http, addr, dir, config, child: None })
    }

    /// Gives a key of the configuration another value, for the next start.
    pub(crate) fn configure(&mut self, section: &str, key: &str, value: &str) {
        self.config[section][key] = json!(value);
    }

    pub(crate) fn store_file(&self) -> PathBuf {
        self.dir.path().join("netchange.db")
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        self.dir.path().join("serve.log")
    }

    /// Starts netchange and waits until it is ready; how long that took.
    pub(crate) async fn serve(&mut self, log_waits: bool) -> Result<Duration> {
        let file = self.dir.path().join("netchange.toml");
        std::fs::write(&file, toml_of(&self.config))?;
        let log = std::fs::File::options().create(true).append(true).open(self.log_file())?;
        let waits = if log_waits { ",netchange::waiting=debug" } else { "" };
        let started = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_netchange"))
            .args(["serve", "--config"])
            .arg(&file)
            .env("RUST_LOG", format!("{FILTER}{waits}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start netchange serve")?;
        self.child = Some(child);
        while !self.is_ready().await {
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
                let log = std::fs::read_to_string(self.log_file()).unwrap_or_default();
                bail!("netchange ended with {status}: {log}");
            }
            ensure!(started.elapsed() < LONGEST_START, "netchange does not get ready");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(started.elapsed())
    }

    async fn is_ready(&self) -> bool {
        let answer = self.http.get(self.url("/readyz")).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Ends netchange as a supervisor would; how long that took.
    pub(crate) async fn end(&mut self) -> Result<Duration> {
        let started = Instant::now();
        let pid = self.pid()?.to_string();
        // The system's own kill: no unsafe code.
        Command::new("kill").args(["-TERM", &pid]).status().await.context("cannot send SIGTERM")?;
        let mut child = self.child.take().context("netchange does not run")?;
        let status = tokio::time::timeout(LONGEST_START, child.wait()).await.context("it does not end")??;
        ensure!(status.success(), "netchange ended with {status}");
        Ok(started.elapsed())
    }

    /// Ends everything.
    pub(crate) async fn stop(mut self) -> Result<()> {
        if self.child.is_some() {
            self.end().await?;
        }
        self.lab.stop().await;
        Ok(())
    }

    /// The process id of netchange.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.child.as_ref().and_then(Child::id).context("netchange does not run")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// A request of the API, with its token.
    pub(crate) fn authorized(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.bearer_auth(API_TOKEN)
    }

    /// The value of a metric without labels.
    pub(crate) async fn metric(&self, name: &str) -> Result<f64> {
        let text = self.http.get(self.url("/metrics")).send().await?.text().await?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse().ok()).with_context(|| format!("there is no metric {name}"))
    }

    /// Waits until netchange has worked on everything it accepted; how long that took.
    pub(crate) async fn drained(&self, limit: Duration) -> Result<Duration> {
        let started = Instant::now();
        while self.metric("netchange_inbox_waiting").await? > 0.0 {
            ensure!(started.elapsed() < limit, "webhooks still wait after {} s", limit.as_secs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(started.elapsed())
    }

    /// Files a ticket as the agent would; its id.
    pub(crate) fn file(&self, ticket_type: &str, interface: &str, fields: &Value) -> Result<u64> {
        let mut ticket = json!({
            "title": "Network Change Request: Update Device Interface", "group": "NetDevOps", "customer": REQUESTER.email,
            "state": "open", "ticket_type": ticket_type, "network_device_name": "c9300", "network_interface_name": interface,
            "article": {"body": "Update the device and interface defined below", "type": "note", "internal": false},
        });
        for (name, value) in fields.as_object().into_iter().flatten() {
            ticket[name.as_str()] = value.clone();
        }
        let filed = self.lab.zammad.create_ticket(&ticket).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        filed["id"].as_u64().context("the ticket has no id")
    }
}

/// An address that is free now.
pub(crate) fn free_addr() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
    listener.local_addr().context("the listener has no address")
}

/// Sections of plain values only, which JSON writes as TOML does.
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
