//! A stage: the lab and netchange on free ports and a fresh store, and the hands of the people who play on it.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use change_model::{Change, State};
use lab::{Capabilities, Fault, Lab, LabSettings};
use serde_json::{Map, Value, json};
use tokio::process::{Child, Command};

use super::narrator::Narrator;
use crate::serve::Service;
use crate::settings::Settings;
use crate::store::Store;

/// The demo's token for API and pages; it protects nothing.
pub(super) const API_TOKEN: &str = "demo-api-token";
/// Longest wait for anything on the stage.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How to set a stage.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) home: PathBuf,
    pub(super) capabilities: Capabilities,
    /// How long devices are tried again.
    pub(super) patience: &'static str,
    pub(super) approvers: Vec<&'static str>,
    /// One card into the group space instead of one for each approver.
    pub(super) in_space: bool,
    /// netchange as a process of its own, which can be killed.
    pub(super) child: bool,
}

impl Options {
    pub(super) fn new(home: PathBuf, capabilities: Capabilities) -> Self {
        let approvers = vec![lab::people::LEAD.email, lab::people::CAB.email];
        Self { home, capabilities, patience: "10s", approvers, in_space: false, child: false }
    }
}

/// netchange, in this process or as one of its own.
enum Net {
    Inside(Box<Service>),
    Outside(Option<Child>),
}

/// Everything that is needed to play.
pub(super) struct Stage {
    pub(super) lab: Lab,
    pub(super) settings: Settings,
    pub(super) store: Store,
    pub(super) narrator: Narrator,
    pub(super) http: reqwest::Client,
    options: Options,
    config: Value,
    net: Net,
}

impl Stage {
    pub(super) async fn start(options: Options) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
        let addr = listener.local_addr()?;
        let lab_settings = LabSettings {
            orchestrator_url: format!("http://{addr}"),
            capabilities: options.capabilities,
            zammad_retry_waits: [Duration::from_millis(500); 4],
            ..LabSettings::default()
        };
        let lab = Lab::start(lab_settings.clone()).await.context("cannot start the lab")?;
        let known_hosts = options.home.join("known_hosts");
        std::fs::write(&known_hosts, format!("{}\n", lab.switch.known_hosts_line()))?;
        let config = json!({
            "server": {"listen": addr.to_string(), "public_url": format!("http://{addr}"), "api_token": API_TOKEN, "poll_interval": "1s"},
            "store": {"url": format!("sqlite://{}", options.home.join("netchange.db").display())},
            "zammad": {"url": lab.zammad.url(), "token": lab_settings.zammad_token, "webhook_secret": lab_settings.zammad_webhook_secret},
            "webex": {"api_url": lab.webex.api_url(), "token": lab_settings.webex_token, "webhook_secret": lab_settings.webex_webhook_secret},
            "netbox": {"url": lab.netbox.url(), "token": lab_settings.netbox_token, "webhook_secret": lab_settings.netbox_webhook_secret},
            "devices": {
                "username": lab_settings.switch_username, "password": lab_settings.switch_password, "port": lab.switch.addr().port(),
                "known_hosts": known_hosts, "timeout": "5s", "patience": options.patience,
            },
            "approval": {"approvers": options.approvers, "room_id": if options.in_space { lab.webex.group_room_id() } else { String::new() }},
            "policy": {"protected_interfaces": ["GigabitEthernet0/0", "GigabitEthernet1/0/1"]},
        });
        let settings = Settings::read(config.clone())?;
        let (net, store) = if options.child {
            drop(listener);
            (Net::Outside(None), Store::open(&settings.store_url).await?)
        } else {
            let service = Service::start(settings.clone(), Some(listener)).await?;
            let store = service.app.store.clone();
            (Net::Inside(Box::new(service)), store)
        };
        let http = reqwest::Client::builder().timeout(LONGEST_WAIT).no_proxy().build()?;
        let narrator = Narrator::new();
        Ok(Self { lab, settings, store, narrator, http, options, config, net })
    }

    /// Where netchange listens.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.settings.server.listen)
    }

    /// Starts netchange as a process of its own; `crash_at` names the point at which it is to die.
    pub(super) async fn start_child(&mut self, crash_at: Option<&str>) -> Result<()> {
        let file = self.options.home.join("netchange.toml");
        std::fs::write(&file, toml_of(&self.config))?;
        let log =
            std::fs::File::options().create(true).append(true).open(self.options.home.join("serve.log"))?;
        let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
        command
            .args(["serve", "--config"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        if let Some(point) = crash_at {
            command.env("NETCHANGE_CRASH_AT", point);
        }
        let child = command.spawn().context("cannot start netchange serve")?;
        self.net = Net::Outside(Some(child));
        let url = format!("{}/readyz", self.url());
        self.until("netchange is ready", async || {
            self.http.get(&url).send().await.ok().filter(|answer| answer.status().is_success())
        })
        .await?;
        Ok(())
    }

    /// Waits for the child to die.
    pub(super) async fn child_died(&mut self) -> Result<()> {
        let Net::Outside(Some(child)) = &mut self.net else {
            bail!("netchange is no process of its own here")
        };
        let status =
            tokio::time::timeout(LONGEST_WAIT, child.wait()).await.context("netchange did not die")??;
        if status.success() { bail!("netchange ended in an orderly way") } else { Ok(()) }
    }

    /// Stops everything.
    pub(super) async fn stop(self) {
        match self.net {
            Net::Inside(service) => service.stop().await,
            Net::Outside(child) => {
                if let Some(mut child) = child {
                    // Dead already is as good.
                    let _ = child.kill().await;
                }
                self.store.close().await;
            }
        }
        self.lab.stop().await;
    }

    /// Switches a fault on; see the lab's `faults.rs` for its form.
    pub(super) fn fault(&self, fault: Value) -> Result<()> {
        let fault: Fault = serde_json::from_value(fault).context("no such fault")?;
        self.lab.faults.add(fault);
        Ok(())
    }

    /// Files a ticket through Zammad's API, as the agent would from the template; its id.
    pub(super) async fn file(&self, interface: &str, fields: Value) -> Result<u64> {
        let mut ticket = json!({
            "title": "Network Change Request: Update Device Interface", "group": "NetDevOps", "customer": lab::people::REQUESTER.email,
            "state": "open", "ticket_type": "network_change", "network_device_name": "c9300", "network_interface_name": interface,
            "article": {"body": "Update the device and interface defined below", "type": "note", "internal": false},
        });
        for (name, value) in fields.as_object().into_iter().flatten() {
            ticket[name.as_str()] = value.clone();
        }
        let url = format!("{}/api/v1/tickets", self.lab.zammad.url());
        let answer = self.zammad(self.http.post(url)).json(&ticket).send().await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        let id = body["id"].as_u64().ok_or_else(|| anyhow!("Zammad answered {status}: {body}"))?;
        let number = body["number"].as_str().unwrap_or_default().to_owned();
        self.narrator.step(&format!("ticket {number} is filed for {interface}"));
        self.narrator.watch_ticket(id, &number);
        Ok(id)
    }

    /// Edits a ticket through Zammad's API.
    pub(super) async fn edit(&self, ticket: u64, fields: Value) -> Result<()> {
        let url = format!("{}/api/v1/tickets/{ticket}", self.lab.zammad.url());
        self.zammad(self.http.put(url)).json(&fields).send().await?.error_for_status()?;
        self.narrator.step(&format!("the ticket is edited: {fields}"));
        Ok(())
    }

    fn zammad(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header("Authorization", format!("Token token={}", self.lab.zammad.user_token()))
    }

    /// Waits for the card of a ticket for a person, and gives its message id.
    pub(super) async fn card(&self, ticket: u64, person: &str) -> Result<String> {
        let number = self.number(ticket);
        let card = self
            .until("the card is in the chat", async || {
                let cards = self.lab.webex.cards();
                let asks = |card: &&lab::webex::CardMessage| {
                    card.recipients.iter().any(|recipient| recipient == person)
                        && card.card.to_string().contains(&format!("Network change {number}"))
                        && card.card["actions"]
                            .as_array()
                            .is_some_and(|actions| actions.iter().any(|action| action["title"] == "Approve"))
                };
                cards.iter().rev().find(asks).map(|card| card.message_id.clone())
            })
            .await?;
        self.narrator.step(&format!("the card is in the chat of {person}"));
        Ok(card)
    }

    /// Presses a button of a card.
    pub(super) async fn press(&self, card: &str, person: &str, button: &str, inputs: Value) -> Result<()> {
        self.narrator.step(&format!("{person} presses {button}"));
        let inputs: Map<String, Value> = inputs.as_object().cloned().unwrap_or_default();
        self.lab
            .webex
            .press(card, person, button, &inputs)
            .await
            .map(|_| ())
            .map_err(|error| anyhow!("{error}"))
    }

    /// Waits for the card and approves.
    pub(super) async fn approve(&self, ticket: u64, person: &str) -> Result<()> {
        let card = self.card(ticket, person).await?;
        // A person reads the note before answering; the demo waits until it is there.
        self.ticket_is(ticket, "pending approval").await?;
        self.press(&card, person, "Approve", json!({})).await
    }

    /// The newest change of a ticket.
    pub(super) async fn change(&self, ticket: u64) -> Result<Option<Change>> {
        Ok(self.store.latest_of_ticket(ticket).await?)
    }

    /// Waits until the newest change of a ticket is in a state.
    pub(super) async fn change_is(&self, ticket: u64, state: State) -> Result<Change> {
        let wanted = format!("the change is {state}");
        let found = self
            .until(&wanted, async || {
                self.store
                    .latest_of_ticket(ticket)
                    .await
                    .ok()
                    .flatten()
                    .filter(|change| change.state == state)
            })
            .await;
        match found {
            Ok(change) => Ok(change),
            Err(error) => {
                let now = self.change(ticket).await?;
                let text = now
                    .map(|change| format!("it is {}, {:?}", change.state, change.error))
                    .unwrap_or_default();
                Err(error.context(text))
            }
        }
    }

    /// Waits until a ticket is in a state.
    pub(super) async fn ticket_is(&self, ticket: u64, state: &str) -> Result<()> {
        let wanted = format!("the ticket is {state:?}");
        self.until(&wanted, async || (self.lab.zammad.ticket(ticket)["state"] == state).then_some(()))
            .await
            .map_err(|error| {
                let now = self.lab.zammad.ticket(ticket);
                error.context(format!("the ticket is {}", now["state"]))
            })
    }

    /// Waits for a condition, with a limit.
    pub(super) async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> Result<T> {
        let started = Instant::now();
        loop {
            self.narrator.look(self);
            if let Some(found) = look().await {
                self.narrator.look(self);
                return Ok(found);
            }
            if started.elapsed() > LONGEST_WAIT {
                bail!("waited {} s for: {what}", LONGEST_WAIT.as_secs());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The number of a ticket.
    pub(super) fn number(&self, ticket: u64) -> String {
        self.lab.zammad.ticket(ticket)["number"].as_str().unwrap_or_default().to_owned()
    }

    /// The text of all notes of a ticket.
    pub(super) fn notes(&self, ticket: u64) -> String {
        let articles = self.lab.zammad.articles(ticket);
        articles
            .iter()
            .map(|article| format!("{} {}\n", text(article, "subject"), text(article, "body")))
            .collect()
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
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
