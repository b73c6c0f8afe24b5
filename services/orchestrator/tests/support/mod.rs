//! What the tests share: a lab in this process, `netchange serve` as a process of its own, and the hands of the people.
#![expect(dead_code, reason = "each test uses a part of it")]

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use lab::people::{CAB, LEAD, REQUESTER};
use lab::switch::Datastore;
use lab::{Capabilities, Fault, Lab, LabSettings};
use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::process::{Child, Command};

/// Longest wait for anything.
pub(crate) const LIMIT: Duration = Duration::from_secs(40);
/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The port of the founding ticket.
pub(crate) const PORT: &str = "GigabitEthernet1/0/5";
/// The program under test.
pub(crate) const NETCHANGE: &str = env!("CARGO_BIN_EXE_netchange");
/// The first of the ports on which netchange listens here. They are below those that the system gives to connections, so that no connection
/// takes one while netchange is dead.
const FIRST_PORT: u16 = 20_000;
/// How many such ports there are.
const PORTS: u16 = 10_000;

/// How to set up a world.
pub(crate) struct Options {
    pub(crate) lab: LabSettings,
    /// Settings of netchange that differ, section by section.
    pub(crate) config: Value,
}

impl Default for Options {
    fn default() -> Self {
        let lab =
            LabSettings { zammad_retry_waits: [Duration::from_millis(300); 4], ..LabSettings::default() };
        Self { lab, config: json!({}) }
    }
}

impl Options {
    pub(crate) fn config(config: Value) -> Self {
        Self { config, ..Self::default() }
    }

    pub(crate) fn switch(mut self, capabilities: Capabilities) -> Self {
        self.lab.capabilities = capabilities;
        self
    }
}

/// A lab, a netchange, and the people between them.
pub(crate) struct World {
    pub(crate) lab: Lab,
    pub(crate) secrets: LabSettings,
    pub(crate) home: tempfile::TempDir,
    pub(crate) config: Value,
    pub(crate) http: reqwest::Client,
    pub(crate) listen: SocketAddr,
    child: Option<Child>,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl World {
    /// Starts the lab; netchange is not started yet.
    pub(crate) async fn new(options: Options) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let home = tempfile::tempdir().unwrap();
        let listen = free_address();
        let secrets = LabSettings { orchestrator_url: format!("http://{listen}"), ..options.lab };
        let lab = Lab::start(secrets.clone()).await.unwrap();
        let known_hosts = home.path().join("known_hosts");
        std::fs::write(&known_hosts, format!("{}\n", lab.switch.known_hosts_line())).unwrap();
        let mut config = json!({
            "server": {"listen": listen.to_string(), "public_url": format!("http://{listen}"), "api_token": "test-api-token", "poll_interval": "1s"},
            "store": {"url": format!("sqlite://{}", home.path().join("netchange.db").display())},
            "zammad": {"url": lab.zammad.url(), "token": secrets.zammad_token, "webhook_secret": secrets.zammad_webhook_secret},
            "webex": {"api_url": lab.webex.api_url(), "token": secrets.webex_token, "webhook_secret": secrets.webex_webhook_secret},
            "netbox": {"url": lab.netbox.url(), "token": secrets.netbox_token, "webhook_secret": secrets.netbox_webhook_secret},
            "devices": {
                "username": secrets.switch_username, "password": secrets.switch_password, "port": lab.switch.addr().port(),
                "known_hosts": known_hosts, "timeout": "5s", "patience": "20s",
            },
            "approval": {"approvers": [LEAD.email, CAB.email]},
            "policy": {"protected_interfaces": ["GigabitEthernet0/0", "GigabitEthernet1/0/1"]},
        });
        for (section, keys) in options.config.as_object().into_iter().flatten() {
            for (key, value) in keys.as_object().into_iter().flatten() {
                config[section.as_str()][key.as_str()] = value.clone();
            }
        }
        let http = reqwest::Client::builder().timeout(LIMIT).no_proxy().build().unwrap();
        Self { lab, secrets, home, config, http, listen, child: None }
    }

    /// A world in which netchange serves.
    pub(crate) async fn serving(options: Options) -> Self {
        let mut world = Self::new(options).await;
        world.serve(&[]).await;
        world
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listen)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("serve.log")).unwrap_or_default()
    }

    /// Writes the configuration file.
    pub(crate) fn write_config(&self) -> PathBuf {
        let file = self.home.path().join("netchange.toml");
        std::fs::write(&file, toml_of(&self.config)).unwrap();
        file
    }

    /// Starts netchange and waits until it is ready.
    pub(crate) async fn serve(&mut self, environment: &[(&str, &str)]) {
        let mut command = Command::new(NETCHANGE);
        command.stderr(self.log_file());
        self.serve_by(command, environment).await;
    }

    fn log_file(&self) -> std::fs::File {
        std::fs::File::options().create(true).append(true).open(self.home.path().join("serve.log")).unwrap()
    }

    /// Starts netchange, whose files may have so many blocks of 512 bytes: beyond, the disk is full. See [`World::disk_has`].
    pub(crate) async fn serve_limited(&mut self, blocks: u32) {
        let mut shell = Command::new("sh");
        // The log is no file of its: what it says about a full disk is to be read.
        shell.stderr(Stdio::piped());
        // Ignored, the signal becomes an error of the write.
        shell.args(["-c", "trap '' XFSZ; ulimit -S -f $0; exec \"$@\"", &blocks.to_string(), NETCHANGE]);
        self.serve_by(shell, &[]).await;
    }

    /// From now on the files of netchange, started with such a limit, may have so many bytes; `None` for any number.
    #[cfg(target_os = "linux")]
    pub(crate) fn disk_has(&self, bytes: Option<u64>) {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap());
        prlimit(pid, Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
    }

    async fn serve_by(&mut self, mut command: Command, environment: &[(&str, &str)]) {
        let file = self.write_config();
        command.args(["serve", "--config"]).arg(&file).current_dir(self.home.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        command.envs(environment.iter().copied());
        let mut child = command.spawn().unwrap();
        if let Some(mut said) = child.stderr.take() {
            let mut log = tokio::fs::File::from_std(self.log_file());
            tokio::spawn(async move { tokio::io::copy(&mut said, &mut log).await });
        }
        let started = Instant::now();
        while !self.is_ready().await {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("netchange ended at its start, {status}: {}", self.log());
            }
            assert!(started.elapsed() < LIMIT, "netchange is not ready: {}", self.log());
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.child = Some(child);
    }

    async fn is_ready(&self) -> bool {
        let answer = self.http.get(format!("{}/readyz", self.url())).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// The process id of netchange.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).unwrap()
    }

    /// Sends a signal to netchange.
    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().await.unwrap().success());
    }

    /// Waits for the end of netchange; `None` if it goes on.
    pub(crate) async fn ended(&mut self) -> Option<ExitStatus> {
        let status = tokio::time::timeout(LIMIT, self.child.as_mut()?.wait()).await.ok()?.unwrap();
        self.child = None;
        Some(status)
    }

    /// Stops everything.
    pub(crate) async fn stop(mut self) {
        if let Some(mut child) = self.child.take() {
            // Dead already is as good.
            let _ = child.kill().await;
        }
        self.lab.stop().await;
    }

    /// Runs a command of netchange with the world's configuration.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Said {
        let file = self.write_config();
        let file = file.to_str().unwrap();
        netchange(&[arguments, &["--config", file]].concat(), &[]).await
    }

    /// Asks netchange's HTTP server as the operator.
    pub(crate) async fn api(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let token = self.config["server"]["api_token"].as_str().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.url())).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{error:?}: {}", self.log()));
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        self.api(Method::GET, path, None).await
    }

    pub(crate) async fn act(&self, change: &Value, action: &str, body: Value) -> (u16, Value) {
        let path = format!("/api/v1/changes/{}/{action}", change["id"].as_str().unwrap());
        self.api(Method::POST, &path, Some(body)).await
    }

    /// Files a ticket as the agent would from the template; its id.
    pub(crate) fn file(&self, interface: &str, fields: Value) -> u64 {
        let mut ticket = json!({
            "title": "Network Change Request: Update Device Interface", "group": "NetDevOps", "customer": REQUESTER.email,
            "state": "open", "ticket_type": "network_change", "network_device_name": "c9300", "network_interface_name": interface,
            "article": {"body": "Update the device and interface defined below", "type": "note", "internal": false},
        });
        for (name, value) in fields.as_object().into_iter().flatten() {
            ticket[name.as_str()] = value.clone();
        }
        self.lab.zammad.create_ticket(&ticket).unwrap()["id"].as_u64().unwrap()
    }

    pub(crate) fn edit(&self, ticket: u64, fields: Value) {
        self.lab.zammad.update_ticket(ticket, &fields).unwrap();
    }

    pub(crate) fn number(&self, ticket: u64) -> String {
        self.lab.zammad.ticket(ticket)["number"].as_str().unwrap().to_owned()
    }

    pub(crate) fn state(&self, ticket: u64) -> String {
        self.lab.zammad.ticket(ticket)["state"].as_str().unwrap_or_default().to_owned()
    }

    /// The subjects of netchange's notes, without their markers.
    pub(crate) fn subjects(&self, ticket: u64) -> Vec<String> {
        let articles = self.lab.zammad.articles(ticket);
        let subject = |article: &Value| {
            let subject = article["subject"].as_str().unwrap_or_default();
            subject.split(" [").next().unwrap_or_default().to_owned()
        };
        articles.iter().skip(1).map(subject).collect()
    }

    /// The text of all notes.
    pub(crate) fn notes(&self, ticket: u64) -> String {
        let articles = self.lab.zammad.articles(ticket);
        articles.iter().map(|article| format!("{} {}\n", article["subject"], article["body"])).collect()
    }

    pub(crate) fn fault(&self, fault: Value) {
        let fault: Fault = serde_json::from_value(fault).unwrap();
        self.lab.faults.add(fault);
    }

    /// Holds what a fault would strike, until it is taken from the lab's board again.
    pub(crate) fn hold(&self, mut what: Value) -> Fault {
        what["action"] = json!("hold");
        let hold: Fault = serde_json::from_value(what).unwrap();
        assert_eq!(hold.check(), Ok(()));
        self.lab.faults.add(hold.clone());
        hold
    }

    /// Waits until something is held.
    pub(crate) async fn held(&self) {
        let held = async || (self.lab.faults.held() > 0).then_some(());
        until_or("something is held", held, || self.log()).await;
    }

    /// Waits for the card that asks a person about a ticket; its message id.
    pub(crate) async fn card(&self, ticket: u64, person: &str) -> String {
        let title = format!("Network change {}", self.number(ticket));
        until(&format!("{person} is asked about ticket {ticket}"), async || {
            let cards = self.lab.webex.cards();
            let asks = |card: &&lab::webex::CardMessage| {
                card.recipients.iter().any(|recipient| recipient == person)
                    && card.card.to_string().contains(&title)
                    && card.card.to_string().contains("\"Approve\"")
            };
            cards.iter().rev().find(asks).map(|card| card.message_id.clone())
        })
        .await
    }

    /// Waits for the card and for the ticket's note, and presses a button.
    pub(crate) async fn decide(&self, ticket: u64, person: &str, button: &str, inputs: Value) {
        let card = self.card(ticket, person).await;
        self.ticket_is(ticket, "pending approval").await;
        self.press(&card, person, button, inputs).await;
    }

    pub(crate) async fn press(&self, card: &str, person: &str, button: &str, inputs: Value) {
        let inputs: Map<String, Value> = inputs.as_object().cloned().unwrap_or_default();
        self.lab.webex.press(card, person, button, &inputs).await.unwrap();
    }

    pub(crate) async fn approve(&self, ticket: u64) {
        self.decide(ticket, LEAD.email, "Approve", json!({})).await;
    }

    pub(crate) async fn ticket_is(&self, ticket: u64, state: &str) {
        let look = async || (self.state(ticket) == state).then_some(());
        let what = || format!("{}: {}\n{}", self.state(ticket), self.notes(ticket), self.log());
        until_or(&format!("ticket {ticket} is {state}"), look, what).await;
    }

    /// The newest change of a ticket, as the API shows it.
    pub(crate) async fn change(&self, ticket: u64) -> Option<Value> {
        let path = format!("/api/v1/changes?ticket={}&limit=1", self.number(ticket));
        let (_, list) = self.get(&path).await;
        list["items"].get(0).cloned()
    }

    /// Waits until the newest change of a ticket is in a state.
    pub(crate) async fn change_is(&self, ticket: u64, state: &str) -> Value {
        let look = async || self.change(ticket).await.filter(|change| change["state"] == state);
        until_or(&format!("the change of ticket {ticket} is {state}"), look, || self.log()).await
    }

    /// A metric's value.
    pub(crate) async fn metric(&self, name: &str) -> Option<f64> {
        let answer = self.http.get(format!("{}/metrics", self.url())).send().await.ok()?;
        let text = answer.text().await.ok()?;
        let line = text.lines().find(|line| line.split([' ', '{']).next() == Some(name))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    /// Waits until nothing is left to do but so many effects that wait for a time.
    pub(crate) async fn quiet(&self, timers: u32) {
        let look = async || {
            let inbox = self.metric("netchange_inbox_waiting").await? == 0.0;
            let outbox = self.metric("netchange_outbox_waiting").await? == f64::from(timers);
            (inbox && outbox).then_some(())
        };
        until_or("nothing is left to do", look, || self.log()).await;
    }

    /// Waits until the newest change of a ticket is in one of these states and nothing is left to do.
    pub(crate) async fn quiet_after(&self, ticket: u64, states: &[&str]) {
        let look = async || {
            let change = self.change(ticket).await?;
            states.iter().any(|state| change["state"] == *state).then_some(())
        };
        until_or("the change comes to an end", look, || self.log()).await;
        self.quiet(0).await;
    }

    /// Everything outside netchange that a change of an interface may touch.
    pub(crate) fn snapshot(&self, interface: &str) -> Snapshot {
        let mut netbox = self.lab.netbox.interface(interface);
        // A write and its undoing both move it.
        netbox["last_updated"] = Value::Null;
        netbox["created"] = Value::Null;
        // Every lab has its own port.
        let netbox = netbox.to_string().replace(&self.lab.netbox.url(), "");
        let netbox = serde_json::from_str(&netbox).unwrap();
        let holder = |address: &Value| json!({"address": address["address"], "held_by": address["assigned_object_id"]});
        let mut addresses: Vec<String> =
            self.lab.netbox.addresses().iter().map(|address| holder(address).to_string()).collect();
        addresses.sort();
        Snapshot { switch: self.lab.switch.running_interface(interface), netbox, addresses }
    }

    /// The switch is left as one finds it: no session, no lock, nothing uncommitted.
    pub(crate) async fn switch_is_free(&self) {
        let switch = &self.lab.switch;
        let free = async || {
            let locked = [Datastore::Running, Datastore::Candidate, Datastore::Startup]
                .into_iter()
                .any(|datastore| switch.lock_holder(datastore).is_some());
            let busy = switch.candidate_dirty() || switch.commit_pending();
            (switch.events().sessions_open() == 0 && !locked && !busy).then_some(())
        };
        until("the switch is free again", free).await;
    }
}

/// Everything outside netchange that a change of an interface may touch, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) switch: String,
    pub(crate) netbox: Value,
    pub(crate) addresses: Vec<String>,
}

/// Runs netchange with these arguments.
pub(crate) async fn netchange(arguments: &[&str], environment: &[(&str, &str)]) -> Said {
    let mut command = Command::new(NETCHANGE);
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{arguments:?} did not end")).unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Waits for a condition, with a limit.
pub(crate) async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    until_or(what, look, String::new).await
}

/// Waits for a condition; what stands in the way is told if it does not come.
pub(crate) async fn until_or<T>(
    what: &str,
    look: impl AsyncFnMut() -> Option<T>,
    otherwise: impl Fn() -> String,
) -> T {
    until_within(LIMIT, what, look, otherwise).await
}

/// Waits for a condition that may take longer, or shorter.
pub(crate) async fn until_within<T>(
    limit: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
    otherwise: impl Fn() -> String,
) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < limit, "waited {} s for: {what}\n{}", limit.as_secs(), otherwise());
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The fields of the founding ticket.
pub(crate) fn founding_ticket() -> Value {
    json!({
        "network_interface_enabled": true, "network_interface_description": "Configured from the ticket system!", "network_interface_mtu": 2000,
        "network_interface_ip4_address": "", "network_switchport_mode_and_vlan": "access:100:",
    })
}

fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let process = u16::try_from(std::process::id() % u32::from(PORTS)).unwrap();
    for _ in 0..PORTS {
        let offset = u32::from(process) * 37 + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = FIRST_PORT + u16::try_from(offset % u32::from(PORTS)).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port is free");
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
