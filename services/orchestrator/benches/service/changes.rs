//! A hundred tickets at once, ten times: how many are closed, how many ports are right, what memory that takes, and how a store with
//! ten thousand changes starts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lab::people::LEAD;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::process;
use crate::stage::Stage;
use crate::start;
use crate::stats::{mib, ms, rate};

/// Tickets filed at once, each for a port of its own.
const TICKETS: usize = 100;
/// How often that is done.
const ROUNDS: usize = 10;
/// First port that is used; the lab's ports from here on are plain.
const FIRST_PORT: usize = 25;
/// Longest wait for a round.
const LIMIT: Duration = Duration::from_secs(600);
/// How long netchange is left alone before its memory is looked at.
const REST: Duration = Duration::from_secs(3);
/// VLANs of the lab.
const VLANS: [u16; 6] = [100, 200, 300, 210, 220, 230];

pub(crate) async fn measure() -> Result<()> {
    let mut stage = Stage::start(u8::try_from(FIRST_PORT + TICKETS)?).await?;
    let ready = stage.serve(false).await?;
    tokio::time::sleep(REST).await;
    let idle = process::memory(stage.pid()?)?;
    println!("\nMemory and many changes at once");
    println!("ready after {:.0} ms with an empty store", ms(ready));
    println!(
        "idle: {:.1} MiB resident, {:.1} MiB of it its own data",
        mib(idle.resident),
        mib(idle.anonymous)
    );
    let approver = approver(&stage);
    println!(
        "{:<8}{:>9}{:>9}{:>12}{:>10}{:>14}{:>15}{:>14}",
        "round", "closed", "right", "seconds", "per s", "CPU ms each", "resident MiB", "own MiB"
    );
    for number in 1..=ROUNDS {
        round(&stage, number).await.with_context(|| format!("round {number}"))?;
    }
    approver.abort();
    tokio::time::sleep(REST).await;
    let after = process::memory(stage.pid()?)?;
    println!(
        "after {} changes: {:.1} MiB resident, {:.1} MiB of it its own data",
        TICKETS * ROUNDS,
        mib(after.resident),
        mib(after.anonymous)
    );
    start::measure(&mut stage).await.context("start")?;
    stage.stop().await
}

/// One round: file all, wait for all, look at every port.
async fn round(stage: &Stage, number: usize) -> Result<()> {
    let cpu = process::cpu_time(stage.pid()?)?;
    let started = Instant::now();
    let mut tickets = Vec::new();
    for place in 0..TICKETS {
        let wish = Wish::new(number, place);
        tickets.push((stage.file("network_change", &wish.interface(), &wish.fields())?, wish));
    }
    let mut states = BTreeMap::new();
    loop {
        states.clear();
        for (ticket, _) in &tickets {
            let state = stage.lab.zammad.ticket(*ticket)["state"].as_str().unwrap_or_default().to_owned();
            *states.entry(state).or_insert(0usize) += 1;
        }
        let ended: usize =
            ["closed", "attention required", "denied"].iter().filter_map(|state| states.get(*state)).sum();
        if ended == TICKETS {
            break;
        }
        ensure!(started.elapsed() < LIMIT, "after {} s the tickets are {states:?}", LIMIT.as_secs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = started.elapsed();
    let cpu = process::cpu_time(stage.pid()?)?.saturating_sub(cpu);
    let right = tickets.iter().filter(|(ticket, wish)| wish.is_true(stage, *ticket)).count();
    let memory = process::memory(stage.pid()?)?;
    println!(
        "{number:<8}{:>9}{right:>9}{:>12.1}{:>10.1}{:>14.1}{:>15.1}{:>14.1}",
        states.get("closed").copied().unwrap_or(0),
        took.as_secs_f64(),
        rate(TICKETS, took),
        ms(cpu) / rate(TICKETS, Duration::from_secs(1)),
        mib(memory.resident),
        mib(memory.anonymous)
    );
    Ok(())
}

/// What a ticket asks for.
struct Wish {
    port: usize,
    description: String,
    mtu: usize,
    vlan: u16,
}

impl Wish {
    fn new(round: usize, place: usize) -> Self {
        Self {
            port: FIRST_PORT + place,
            description: format!("Desk {place}, round {round}"),
            mtu: 1500 + (round * 97 + place) % 7000,
            vlan: VLANS[(round + place) % VLANS.len()],
        }
    }

    fn interface(&self) -> String {
        format!("GigabitEthernet1/0/{}", self.port)
    }

    fn fields(&self) -> Value {
        json!({
            "network_interface_enabled": true, "network_interface_description": self.description,
            "network_interface_mtu": self.mtu, "network_interface_ip4_address": "",
            "network_switchport_mode_and_vlan": format!("access:{}:", self.vlan),
        })
    }

    /// Whether switch and NetBox have exactly this.
    fn is_true(&self, stage: &Stage, ticket: u64) -> bool {
        let number = stage.lab.zammad.ticket(ticket)["number"].as_str().unwrap_or_default().to_owned();
        let running = stage.lab.switch.running_interface_cli(&self.interface());
        let lines = [
            format!("description {} ##ticket:{number}##", self.description),
            format!("mtu {}", self.mtu),
            format!("switchport access vlan {}", self.vlan),
            "switchport mode access".to_owned(),
        ];
        let on_switch = lines.iter().all(|wanted| running.lines().any(|line| line.trim() == wanted));
        let row = stage.lab.netbox.interface(&self.interface());
        let in_netbox = row["description"] == self.description.as_str()
            && row["mtu"] == self.mtu
            && row["mode"]["value"] == "access"
            && row["untagged_vlan"]["vid"] == self.vlan
            && row["custom_fields"]["change_ticket_number"].is_null();
        on_switch && in_netbox
    }
}

/// Somebody who approves whatever asks for it, at once, through the API.
fn approver(stage: &Stage) -> JoinHandle<Result<()>> {
    let (events, api) = (stage.url("/api/v1/events"), stage.url("/api/v1/changes"));
    let act = move |http: &reqwest::Client, id: &str| http.post(format!("{api}/{id}/approve"));
    let http = stage.http.clone();
    let tokened = |request| stage.authorized(request);
    let token = tokened(http.get(&events))
        .build()
        .ok()
        .and_then(|request| request.headers().get(reqwest::header::AUTHORIZATION).cloned());
    tokio::spawn(async move {
        // The stream has no end, so it has no limit either.
        let endless = reqwest::Client::builder().no_proxy().build()?;
        let mut stream = endless.get(&events).send().await?.error_for_status()?;
        let mut text = String::new();
        while let Some(chunk) = stream.chunk().await? {
            text.push_str(&String::from_utf8_lossy(&chunk));
            while let Some(end) = text.find("\n\n") {
                let event: String = text.drain(..end + 2).collect();
                let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) else { continue };
                let data: Value = serde_json::from_str(data)?;
                if data["state"] != "pending_approval" {
                    continue;
                }
                let id = data["id"].as_str().context("an event without id")?;
                let mut request = act(&http, id).json(&json!({"by": LEAD.email}));
                if let Some(token) = &token {
                    request = request.header(reqwest::header::AUTHORIZATION, token);
                }
                let answer = request.send().await?;
                if !answer.status().is_success() && answer.status() != 409 {
                    println!("an approval was answered with {}: {}", answer.status(), answer.text().await?);
                }
            }
        }
        Ok(())
    })
}
