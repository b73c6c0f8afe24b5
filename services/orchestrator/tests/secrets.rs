//! No secret gets anywhere it does not belong: a full run with recognisable ones, then a look at everything that was written.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::path::Path;

use lab::people::LEAD;
use lab::{Capabilities, LabSettings};
use serde_json::{Value, json};
use support::{Options, PORT, World, founding_ticket, until};

/// The port on which changes fail.
const OTHER_PORT: &str = "GigabitEthernet1/0/8";
/// What a stranger sends instead of a token.
const STRANGE: &str = "recognisable-token-of-a-stranger";

fn lab_settings() -> LabSettings {
    LabSettings {
        zammad_token: "recognisable-zammad-token".to_owned(),
        zammad_webhook_secret: "recognisable-zammad-webhook-secret".to_owned(),
        webex_token: "recognisable-webex-token".to_owned(),
        webex_webhook_secret: "recognisable-webex-webhook-secret".to_owned(),
        netbox_token: "nbt_recognisable.recognisablenetboxtokenrecognisable00000".to_owned(),
        netbox_webhook_secret: "recognisable-netbox-webhook-secret".to_owned(),
        switch_password: "recognisable-switch-password".to_owned(),
        capabilities: Capabilities::Catalyst9300,
        ..Options::default().lab
    }
}

/// What must not be found, and what it is.
fn needles(world: &World) -> Vec<(String, String)> {
    let mut needles = vec![("a stranger's token".to_owned(), STRANGE.to_owned())];
    for (section, keys) in world.config.as_object().unwrap() {
        for (key, value) in keys.as_object().unwrap() {
            if ["token", "api_token", "webhook_secret", "password"].contains(&key.as_str()) {
                needles.push((format!("{section}.{key}"), value.as_str().unwrap().to_owned()));
            }
        }
    }
    let secrets = &world.secrets;
    for secret in [
        &secrets.zammad_token,
        &secrets.zammad_webhook_secret,
        &secrets.webex_token,
        &secrets.webex_webhook_secret,
        &secrets.netbox_token,
        &secrets.netbox_webhook_secret,
        &secrets.switch_password,
    ] {
        needles.push(("a secret of the lab".to_owned(), secret.clone()));
    }
    needles
}

/// Everything that was written, named by where it was found.
#[derive(Default)]
struct Written(Vec<(String, Vec<u8>)>);

impl Written {
    fn add(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.into(), bytes.into()));
    }

    fn said(&mut self, command: &[&str], said: &support::Said) {
        self.add(format!("{command:?}, standard output"), said.out.clone());
        self.add(format!("{command:?}, standard error"), said.err.clone());
    }

    /// Every file of a directory, but the configuration itself.
    fn files(&mut self, directory: &Path) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && path.extension().is_none_or(|extension| extension != "toml") {
                self.add(path.display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }

    fn must_not_hold(&self, needles: &[(String, String)]) {
        let mut found = Vec::new();
        for (place, bytes) in &self.0 {
            for (name, needle) in needles {
                if let Some(at) = bytes.windows(needle.len()).position(|window| window == needle.as_bytes()) {
                    let around = &bytes[at.saturating_sub(120)..(at + needle.len()).min(bytes.len())];
                    found.push(format!("{name} stands in {place}: …{}", String::from_utf8_lossy(around)));
                }
            }
        }
        assert!(found.is_empty(), "{} secrets were written:\n{}", found.len(), found.join("\n"));
    }
}

async fn world() -> World {
    let config = json!({"server": {"api_token": "recognisable-api-token"}, "devices": {"patience": "1s"}});
    World::new(Options { lab: lab_settings(), config }).await
}

/// Everything that people and systems can see from outside.
async fn collect(world: &World, written: &mut Written, tickets: &[u64]) {
    for ticket in tickets {
        written.add(format!("ticket {ticket}"), world.lab.zammad.ticket(*ticket).to_string());
        written.add(
            format!("articles of ticket {ticket}"),
            Value::from(world.lab.zammad.articles(*ticket)).to_string(),
        );
    }
    written.add("messages in the chat", Value::from(world.lab.webex.messages()).to_string());
    for card in world.lab.webex.cards() {
        written.add("a card", format!("{} {}", card.markdown, card.card));
    }
    written.add("NetBox's change log", Value::from(world.lab.netbox.changes()).to_string());
    written.add("the switch's configuration", world.lab.switch.running());
    let mut paths: Vec<String> = [
        "/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/openapi.json",
        "/api/v1/changes?limit=200",
        "/static/netchange.js",
        "/no-such-page",
    ]
    .map(str::to_owned)
    .to_vec();
    let (_, list) = world.get("/api/v1/changes?limit=200").await;
    for change in list["items"].as_array().unwrap() {
        let id = change["id"].as_str().unwrap();
        paths.extend([format!("/changes/{id}"), format!("/api/v1/changes/{id}")]);
    }
    for path in paths {
        let (_, page) = world.get(&path).await;
        written.add(path, page.to_string());
    }
    let id = list["items"][0]["id"].as_str().unwrap_or("none");
    for command in [
        &["changes", "list"][..],
        &["changes", "list", "--json"],
        &["changes", "show", id],
        &["changes", "export"],
        &["changes", "approve", id, "--by", "nobody"],
        &["show", "interface", "c9300", PORT, "--format", "xml"],
        &["doctor"],
    ] {
        written.said(command, &world.run(command).await);
    }
}

/// Strangers at the door: unsigned, with a wrong token, by page and by API.
async fn strangers(world: &World, written: &mut Written, change: &Value) {
    let id = change["id"].as_str().unwrap();
    for path in ["/ticket", "/card", "/webex", "/netbox"] {
        let request =
            world.http.post(format!("{}{path}", world.url())).header("X-Hub-Signature", STRANGE).body("{}");
        written.add(path, request.send().await.unwrap().text().await.unwrap());
    }
    let request = world.http.get(format!("{}/api/v1/changes", world.url())).bearer_auth(STRANGE);
    written.add("the API's refusal", request.send().await.unwrap().text().await.unwrap());
    for token in [STRANGE, "recognisable-api-token"] {
        let form = format!("token={token}&by=nobody&reason=none");
        let request = world.http.post(format!("{}/changes/{id}/approve", world.url()));
        let answer =
            request.header("Content-Type", "application/x-www-form-urlencoded").body(form).send().await;
        written.add("the page's refusal", answer.unwrap().text().await.unwrap());
    }
}

async fn play(world: &mut World, written: &mut Written, environment: &[(&str, &str)]) {
    world.serve(environment).await;
    let done = world.file(PORT, founding_ticket());
    world.approve(done).await;
    world.ticket_is(done, "closed").await;
    let change = world.change_is(done, "closed").await;
    strangers(world, written, &change).await;
    let wrong = world.file(OTHER_PORT, json!({"network_interface_mtu": 1}));
    world.ticket_is(wrong, "attention required").await;
    let refuse = json!({"rpc_error": {"tag": "invalid-value", "message": "refused by the lab"}});
    world.fault(json!({"system": "switch", "point": "request", "method": "commit", "action": refuse}));
    let refused = world.file(OTHER_PORT, json!({"network_interface_mtu": 2000}));
    world.approve(refused).await;
    world.ticket_is(refused, "attention required").await;
    world.lab.faults.clear();
    world.fault(json!({"system": "switch", "point": "connection", "action": "reset"}));
    let unreachable = world.file(OTHER_PORT, json!({"network_interface_mtu": 2001}));
    world.ticket_is(unreachable, "attention required").await;
    world.lab.faults.clear();
    let down = json!({"status": {"status": 500, "headers": [], "body": "recognised"}});
    for system in ["netbox", "webex"] {
        world.fault(json!({"system": system, "point": "request", "times": 1, "action": down}));
    }
    let declined = world.file(OTHER_PORT, json!({"network_interface_mtu": 2002}));
    world.decide(declined, LEAD.email, "Confirm decline", json!({"reason": "because"})).await;
    world.ticket_is(declined, "denied").await;
    world.quiet(0).await;
    collect(world, written, &[done, wrong, refused, unreachable, declined]).await;
    written.files(world.home.path());
    world.signal("-TERM").await;
    assert!(world.ended().await.unwrap().success());
    written.files(world.home.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_written_anywhere_in_a_full_run() {
    let mut world = world().await;
    let mut written = Written::default();
    play(&mut world, &mut written, &[]).await;
    let log = world.log();
    assert!(log.lines().count() > 20, "the run is logged: {log}");
    assert!(written.0.len() > 40, "everything was looked at");
    written.must_not_hold(&needles(&world));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_written_even_when_everything_is_logged() {
    let mut world = world().await;
    let mut written = Written::default();
    play(&mut world, &mut written, &[("RUST_LOG", "trace")]).await;
    written.must_not_hold(&needles(&world));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_wrong_secret_is_written_when_the_other_side_refuses_it() {
    for (section, key) in
        [("zammad", "token"), ("webex", "token"), ("netbox", "token"), ("devices", "password")]
    {
        let mut world = world().await;
        let mut needles = needles(&world);
        let wrong = format!("recognisable-and-wrong-{section}-{key}");
        world.config[section][key] = json!(wrong);
        needles.push((format!("the wrong {section}.{key}"), wrong));
        let mut written = Written::default();
        let ticket = world.home.path().join("ticket.json");
        let body = json!({"ticket": {"id": 16, "number": "15016", "state": "open", "ticket_type": "network_change", "network_device_name": "c9300",
                          "network_interface_name": PORT, "network_interface_mtu": 2000}, "article": {}});
        std::fs::write(&ticket, body.to_string()).unwrap();
        for command in
            [&["doctor"][..], &["plan", ticket.to_str().unwrap()], &["show", "interface", "c9300", PORT]]
        {
            written.said(command, &world.run(command).await);
        }
        world.serve(&[("RUST_LOG", "debug")]).await;
        let ticket = world.file(PORT, founding_ticket());
        let logged = async || {
            let log = world.log();
            let waits = ["waits", "given up", "poll failed"].iter().any(|word| log.contains(word));
            waits.then_some(())
        };
        until("the failure is logged", logged).await;
        collect(&world, &mut written, &[ticket]).await;
        written.files(world.home.path());
        written.must_not_hold(&needles);
        world.stop().await;
    }
}
