//! Scenarios in which all goes well.

use anyhow::{Result, ensure};
use change_model::State;
use lab::people::LEAD;
use serde_json::{Value, json};

use super::stage::{Options, Stage};
use crate::commands::output::line;

/// The port of the founding ticket.
pub(super) const PORT: &str = "GigabitEthernet1/0/5";

/// The fields of the founding ticket.
pub(super) fn founding_ticket() -> Value {
    json!({
        "network_interface_enabled": true, "network_interface_description": "Configured from the ticket system!", "network_interface_mtu": 2000,
        "network_interface_ip4_address": "", "network_switchport_mode_and_vlan": "access:100:",
    })
}

pub(super) async fn access(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let before = stage.snapshot(PORT);
    let before_cli = stage.lab.switch.running_interface_cli(PORT);
    let ticket = stage.file(PORT, founding_ticket()).await?;
    stage.approve(ticket, LEAD.email).await?;
    stage.done(ticket).await?;
    let running = stage.running(PORT).await?;
    let expected = "Configured from the ticket system! ##ticket:15016##";
    ensure!(running.description.as_deref() == Some(expected), "the description is {:?}", running.description);
    ensure!(
        stage.lab.switch.events().running_changes() == 1,
        "the switch was changed {} times",
        stage.lab.switch.events().running_changes()
    );
    summary(&stage, ticket, &before.netbox, &before_cli).await?;
    stage.stop().await;
    Ok(())
}

pub(super) async fn trunk(options: Options) -> Result<()> {
    one(options, "GigabitEthernet1/0/6", json!({"network_interface_description": "Uplink", "network_switchport_mode_and_vlan": "trunk:99:200,300"})).await
}

pub(super) async fn trunk_all_native(options: Options) -> Result<()> {
    one(options, "GigabitEthernet1/0/6", json!({"network_interface_description": "Uplink", "network_switchport_mode_and_vlan": "trunk:99:all"})).await
}

pub(super) async fn l3(options: Options) -> Result<()> {
    let fields = json!({
        "network_interface_description": "Routed", "network_switchport_mode_and_vlan": "l3::", "network_interface_ip4_address": "10.20.30.1/24",
    });
    one(options, "GigabitEthernet1/0/7", fields).await
}

async fn one(options: Options, port: &str, fields: Value) -> Result<()> {
    let stage = Stage::start(options).await?;
    let ticket = stage.file(port, fields).await?;
    stage.approve(ticket, LEAD.email).await?;
    stage.done(ticket).await?;
    stage.stop().await;
    Ok(())
}

pub(super) async fn mode_tour(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let port = "GigabitEthernet1/0/8";
    let tour = [
        json!({"network_switchport_mode_and_vlan": "access:100:", "network_interface_description": "Tour"}),
        json!({"network_switchport_mode_and_vlan": "trunk:99:200,300"}),
        json!({"network_switchport_mode_and_vlan": "l3::", "network_interface_ip4_address": "10.20.40.1/24"}),
        json!({"network_switchport_mode_and_vlan": "access:100:"}),
    ];
    let mut first = String::new();
    for fields in tour {
        let ticket = stage.file(port, fields).await?;
        stage.approve(ticket, LEAD.email).await?;
        stage.done(ticket).await?;
        if first.is_empty() {
            first = stage.lab.switch.running_interface(port).replace(&stage.number(ticket), "N");
        } else if stage.lab.zammad.ticket(ticket)["network_switchport_mode_and_vlan"] == "access:100:" {
            let last = stage.lab.switch.running_interface(port).replace(&stage.number(ticket), "N");
            // Whether `switchport` was ever said to be on is the only trace that a tour may leave.
            let plain = |xml: &str| {
                xml.replace("<switchport-conf><switchport>true</switchport></switchport-conf>", "")
            };
            ensure!(plain(&first) == plain(&last), "the tour does not end where it began:\n{first}\n{last}");
        }
    }
    let held = stage
        .lab
        .netbox
        .addresses()
        .iter()
        .any(|address| address["address"] == "10.20.40.1/24" && !address["assigned_object_id"].is_null());
    ensure!(!held, "NetBox still gives the port its old address");
    stage.stop().await;
    Ok(())
}

pub(super) async fn nothing_to_do(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let ticket = stage.file(PORT, founding_ticket()).await?;
    stage.approve(ticket, LEAD.email).await?;
    stage.done(ticket).await?;
    let commits = stage.lab.switch.events().commits();
    let cards = stage.lab.webex.cards().len();
    let again = stage.file(PORT, founding_ticket()).await?;
    stage.ticket_is(again, "closed").await?;
    ensure!(
        stage.notes(again).contains("nothing to do"),
        "the note does not say that there was nothing to do"
    );
    ensure!(stage.lab.switch.events().commits() == commits, "the switch was configured again");
    ensure!(stage.lab.webex.cards().len() == cards, "somebody was asked");
    stage.change_is(again, State::Closed).await?;
    stage.stop().await;
    Ok(())
}

pub(super) async fn undo(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let before = stage.snapshot(PORT);
    let ticket = stage.file(PORT, founding_ticket()).await?;
    stage.approve(ticket, LEAD.email).await?;
    stage.done(ticket).await?;
    let closed = stage.change_is(ticket, State::Closed).await?;
    let url = format!("{}/api/v1/changes/{}/undo", stage.url(), closed.id);
    let asked =
        stage.http.post(url).bearer_auth(super::stage::API_TOKEN).json(&json!({"by": "ops@example.net"}));
    asked.send().await?.error_for_status()?;
    stage.narrator.step("the operator asks for an undo");
    stage.change_is(ticket, State::PendingApproval).await?;
    stage.approve(ticket, LEAD.email).await?;
    stage.change_is(ticket, State::Closed).await?;
    stage.ticket_is(ticket, "closed").await?;
    stage.nothing_changed(PORT, &before)?;
    ensure!(stage.notes(ticket).matches("SUCCESS").count() >= 2, "the undo is not told");
    stage.stop().await;
    Ok(())
}

/// Before and after, side by side, and what it cost.
async fn summary(stage: &Stage, ticket: u64, netbox_before: &Value, switch_before: &str) -> Result<()> {
    line(&format!("\nTicket {}: {}", stage.number(ticket), stage.narrator.states(ticket)));
    for article in stage.lab.zammad.articles(ticket).iter().skip(1) {
        let body = plain(article["body"].as_str().unwrap_or_default());
        line(&format!("  {}\n{}", article["subject"].as_str().unwrap_or_default(), indent(&body)));
    }
    let netbox = stage.lab.netbox.interface(PORT);
    line(&format!("\nNetBox, {PORT}"));
    for field in ["enabled", "description", "mtu", "mode", "untagged_vlan", "tagged_vlans"] {
        line(&format!("  {field:<14} {} → {}", short(&netbox_before[field]), short(&netbox[field])));
    }
    line(&format!("\nSwitch, running configuration before\n{}", indent(switch_before)));
    line(&format!(
        "\nSwitch, running configuration after\n{}",
        indent(&stage.lab.switch.running_interface_cli(PORT))
    ));
    costs(stage, ticket).await
}

async fn costs(stage: &Stage, ticket: u64) -> Result<()> {
    let Some(change) = stage.change(ticket).await? else { return Ok(()) };
    line("\nHow long each part took");
    let history = stage.store.history(change.id).await?;
    let mut last = history.first().map_or(change.received_at, |row| row.at);
    for row in history.into_iter().skip(1) {
        let ms = row.at.duration_since(last).as_secs_f64() * 1000.0;
        line(&format!("  {:>8.1} ms  {} ({})", ms, row.to.replace('_', " "), row.event.replace('_', " ")));
        last = row.at;
    }
    let events = stage.lab.switch.events();
    let (zammad, webex, netbox) =
        (stage.lab.zammad.request_count(), stage.lab.webex.request_count(), stage.lab.netbox.request_count());
    line("\nWhat it cost, the demo's own ticket, polls and look at the end included");
    line(&format!(
        "  HTTP requests   {} (Zammad {zammad}, Webex {webex}, NetBox {netbox})",
        zammad + webex + netbox
    ));
    line(&format!(
        "  NETCONF         {} sessions, {} RPCs, {} commit(s)",
        events.sessions_opened(),
        events.rpcs(),
        events.commits()
    ));
    Ok(())
}

fn short(value: &Value) -> String {
    if let Some(list) = value.as_array() {
        return list.iter().map(short).collect::<Vec<_>>().join(", ");
    }
    let value = if value["vid"].is_null() { value } else { &value["vid"] };
    let value = if value["value"].is_null() { value } else { &value["value"] };
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A note's HTML as text, well enough for a summary.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.replace("</td><td>", "  ").replace("</th><th>", "  ").chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&#39;", "'");
    let text = text.replace("&#38;", "&").replace("&amp;", "&");
    text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
