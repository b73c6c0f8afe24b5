//! Scenarios in which something fails: device, source of truth, chat.

use anyhow::{Result, ensure};
use change_model::State;
use lab::people::LEAD;
use serde_json::json;

use super::happy::{PORT, founding_ticket};
use super::stage::{Options, Stage};

pub(super) async fn device_refuses(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let before = stage.snapshot(PORT);
    let text = "inconsistent value: Device refused one or more commands";
    for rpc in ["commit", "edit-config"] {
        let action = json!({"rpc_error": {"tag": "invalid-value", "message": text}});
        stage.fault(json!({"system": "switch", "point": "request", "method": rpc, "action": action}))?;
    }
    let ticket = stage.file(PORT, founding_ticket()).await?;
    stage.approve(ticket, LEAD.email).await?;
    stage.ticket_is(ticket, "attention required").await?;
    let notes = stage.notes(ticket);
    ensure!(notes.contains(text), "the note does not say what the switch said:\n{notes}");
    ensure!(
        notes.contains("the switch is as before the change; NetBox is as before the change"),
        "the note does not say how things stand"
    );
    stage.nothing_changed(PORT, &before)?;
    ensure!(!stage.lab.switch.candidate_dirty(), "the candidate is left dirty");
    stage.lab.faults.clear();
    stage.edit(ticket, json!({"state": "open"})).await?;
    stage.approve(ticket, LEAD.email).await?;
    stage.done(ticket).await?;
    stage.stop().await;
    Ok(())
}

pub(super) async fn device_dies(options: Options) -> Result<()> {
    for (fault, told) in [("drop_reply", "after the switch did it"), ("reset", "before the switch did it")] {
        let home = options.home.join(fault);
        std::fs::create_dir_all(&home)?;
        let stage = Stage::start(Options { home, ..options.clone() }).await?;
        let before = stage.snapshot(PORT);
        for rpc in ["commit", "edit-config"] {
            // The last step that reaches running: the commit, or the edit where there is no candidate.
            let is_last = (rpc == "commit")
                == matches!(
                    options.capabilities,
                    lab::Capabilities::Catalyst9300 | lab::Capabilities::ConfirmedCommit
                );
            if is_last {
                stage.fault(json!({"system": "switch", "point": "request", "method": rpc, "times": 1, "action": fault}))?;
            }
        }
        stage.narrator.step(&format!("the connection will be cut at the commit, {told}"));
        let ticket = stage.file(PORT, founding_ticket()).await?;
        stage.approve(ticket, LEAD.email).await?;
        let settled = stage
            .until("the change is settled", async || {
                let state = stage.change(ticket).await.ok().flatten()?.state;
                matches!(state, State::Closed | State::AttentionRequired).then_some(state)
            })
            .await?;
        if settled == State::Closed {
            stage.done(ticket).await?;
        } else {
            stage.ticket_is(ticket, "attention required").await?;
            stage.nothing_changed(PORT, &before)?;
        }
        // A confirmed commit whose session died is undone by the switch itself: that is a change too.
        let most = if options.capabilities == lab::Capabilities::ConfirmedCommit { 2 } else { 1 };
        let times = stage.lab.switch.events().running_changes();
        ensure!(times <= most, "the switch was changed {times} times");
        stage.stop().await;
    }
    Ok(())
}

pub(super) async fn device_unreachable(options: Options) -> Result<()> {
    let stage = Stage::start(Options { patience: "2s", ..options }).await?;
    let before = stage.snapshot(PORT);
    let ticket = stage.file(PORT, founding_ticket()).await?;
    let card = stage.card(ticket, LEAD.email).await?;
    stage.ticket_is(ticket, "pending approval").await?;
    stage.fault(json!({"system": "switch", "point": "connection", "action": "reset"}))?;
    stage.narrator.step("the switch refuses connections from now on");
    stage.press(&card, LEAD.email, "Approve", json!({})).await?;
    stage.ticket_is(ticket, "attention required").await?;
    ensure!(
        stage.notes(ticket).contains("the switch is as before the change; NetBox is as before the change"),
        "the note does not say how things stand"
    );
    stage.nothing_changed(PORT, &before)?;
    stage.lab.faults.clear();
    stage.narrator.step("the switch is back");
    stage.edit(ticket, json!({"state": "open"})).await?;
    stage.approve(ticket, LEAD.email).await?;
    stage.done(ticket).await?;
    stage.stop().await;
    Ok(())
}

pub(super) async fn device_drifted(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let ticket = stage.file(PORT, founding_ticket()).await?;
    let card = stage.card(ticket, LEAD.email).await?;
    stage.ticket_is(ticket, "pending approval").await?;
    stage
        .lab
        .switch
        .drift(PORT, "<description>Typed at the console</description>")
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    stage.narrator.step("somebody types a description at the switch's console");
    let before = stage.snapshot(PORT);
    stage.press(&card, LEAD.email, "Approve", json!({})).await?;
    stage.ticket_is(ticket, "attention required").await?;
    ensure!(stage.notes(ticket).contains("was changed after the plan was made"), "the note does not say why");
    stage.nothing_changed(PORT, &before)?;
    ensure!(stage.lab.switch.events().commits() == 0, "the switch was configured");
    stage.stop().await;
    Ok(())
}

pub(super) async fn dirty_candidate(options: Options) -> Result<()> {
    if !matches!(options.capabilities, lab::Capabilities::Catalyst9300 | lab::Capabilities::ConfirmedCommit) {
        return Ok(());
    }
    let stage = Stage::start(Options { patience: "2s", ..options }).await?;
    let before = stage.snapshot(PORT);
    let ticket = stage.file(PORT, founding_ticket()).await?;
    let card = stage.card(ticket, LEAD.email).await?;
    stage.ticket_is(ticket, "pending approval").await?;
    let edit = "<description>Half done by somebody</description>";
    stage
        .lab
        .switch
        .dirty_candidate("GigabitEthernet1/0/9", edit)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    stage.narrator.step("somebody leaves uncommitted edits in the candidate");
    stage.press(&card, LEAD.email, "Approve", json!({})).await?;
    stage.ticket_is(ticket, "attention required").await?;
    stage.nothing_changed(PORT, &before)?;
    ensure!(stage.lab.switch.candidate_dirty(), "the edits of somebody else are gone");
    ensure!(stage.lab.switch.events().commits() == 0, "the edits of somebody else were committed");
    stage.stop().await;
    Ok(())
}

pub(super) async fn netbox_down(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let ticket = stage.file(PORT, founding_ticket()).await?;
    let card = stage.card(ticket, LEAD.email).await?;
    stage.ticket_is(ticket, "pending approval").await?;
    let down =
        json!({"status": {"status": 503, "headers": [["Retry-After", "1"]], "body": "<html>down</html>"}});
    stage.fault(json!({"system": "netbox", "point": "request", "times": 4, "action": down}))?;
    stage.fault(json!({"system": "netbox", "point": "request", "method": "PATCH", "times": 1, "action": "drop_reply"}))?;
    stage.narrator.step("NetBox answers 503 four times, then loses the answer to a write");
    stage.press(&card, LEAD.email, "Approve", json!({})).await?;
    stage.done(ticket).await?;
    stage.stop().await;
    Ok(())
}

pub(super) async fn chat_down(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let busy = json!({"status": {"status": 429, "headers": [["Retry-After", "1"]], "body": "{}"}});
    let down = json!({"status": {"status": 503, "headers": [], "body": ""}});
    stage.fault(
        json!({"system": "webex", "point": "request", "method": "POST", "times": 1, "action": busy}),
    )?;
    stage.fault(
        json!({"system": "webex", "point": "request", "method": "POST", "times": 2, "action": down}),
    )?;
    stage.narrator.step("Webex answers 429 and 503 for a while");
    let ticket = stage.file(PORT, founding_ticket()).await?;
    stage.change_is(ticket, State::PendingApproval).await?;
    let waiting = stage.lab.webex.cards().is_empty() && stage.lab.zammad.ticket(ticket)["state"] != "open";
    ensure!(!waiting, "the ticket says that approval is pending, but nobody was asked");
    stage.approve(ticket, LEAD.email).await?;
    stage.done(ticket).await?;
    ensure!(
        stage.lab.webex.cards().len() == 2,
        "there are {} cards for two approvers",
        stage.lab.webex.cards().len()
    );
    stage.stop().await;
    Ok(())
}
