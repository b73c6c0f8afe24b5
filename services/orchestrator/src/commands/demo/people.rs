//! Scenarios about what people do, rightly and wrongly.

use anyhow::{Context, Result, ensure};
use change_model::State;
use lab::people::{BYSTANDER, CAB, LEAD, REQUESTER};
use serde_json::{Map, Value, json};

use super::happy::{PORT, founding_ticket};
use super::stage::{Options, Stage};

pub(super) async fn decline(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let before = stage.snapshot(PORT);
    let ticket = stage.file(PORT, founding_ticket()).await?;
    let card = stage.card(ticket, LEAD.email).await?;
    stage.press(&card, LEAD.email, "Confirm decline", json!({"reason": "Not during business hours"})).await?;
    stage.ticket_is(ticket, "denied").await?;
    let notes = stage.notes(ticket);
    ensure!(
        notes.contains(LEAD.email) && notes.contains("Not during business hours"),
        "the note does not say who declined, and why"
    );
    stage.nothing_changed(PORT, &before)?;
    stage
        .until("the card tells it", async || {
            stage
                .lab
                .webex
                .cards()
                .iter()
                .any(|card| card.card.to_string().contains("Declined"))
                .then_some(())
        })
        .await?;
    stage.stop().await;
    Ok(())
}

pub(super) async fn invalid(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let before = stage.snapshot(PORT);
    let fields = json!({
        "network_interface_mtu": 100, "network_interface_description": "x".repeat(190), "network_interface_ip4_address": "10.1.1.1/24",
        "network_switchport_mode_and_vlan": "trunk:4000:200,200",
    });
    let ticket = stage.file(PORT, fields).await?;
    stage.ticket_is(ticket, "attention required").await?;
    let notes = stage.notes(ticket);
    for part in
        ["MTU 100 is outside 1500 to 9000", "characters too long", "listed twice", "Nothing was changed"]
    {
        ensure!(notes.contains(part), "the note does not say {part:?}:\n{notes}");
    }
    ensure!(stage.lab.webex.cards().is_empty(), "somebody was asked");
    stage.nothing_changed(PORT, &before)?;
    stage.edit(ticket, founding_ticket()).await?;
    stage.edit(ticket, json!({"state": "open"})).await?;
    stage.approve(ticket, LEAD.email).await.context("the mended ticket does not start anew")?;
    stage.done(ticket).await?;
    stage.stop().await;
    Ok(())
}

pub(super) async fn unsigned(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let body = json!({"ticket": {"id": 16, "number": "15016", "state": "open", "ticket_type": "network_change"}, "article": {}}).to_string();
    let wrong = [
        ("X-Hub-Signature", "sha1=0000"),
        ("X-Spark-Signature", "0000"),
        ("X-Hook-Signature", "0000"),
        ("X-None", ""),
    ];
    for path in ["/ticket", "/card", "/webex", "/netbox"] {
        for (name, value) in wrong {
            let request =
                stage.http.post(format!("{}{path}", stage.url())).header(name, value).body(body.clone());
            let status = request.send().await?.status();
            ensure!(status == 401, "{path} answered {status} to a webhook with {name}");
        }
        stage.narrator.step(&format!("{path}: four unsigned or wrongly signed webhooks got 401"));
    }
    ensure!(stage.store.waiting().await?.active_changes == 0, "a change was started");
    stage.stop().await;
    Ok(())
}

pub(super) async fn duplicate(options: Options) -> Result<()> {
    const TIMES: usize = 100;
    let stage = Stage::start(options).await?;
    stage.fault(json!({"system": "zammad", "point": "webhook", "times": 1, "action": "lose"}))?;
    let ticket = stage.file(PORT, founding_ticket()).await?;
    let raw = stage.lab.zammad.raw_delivery(ticket).context("the lab has no delivery for the ticket")?;
    let send = || {
        let mut request = stage.http.post(format!("{}/ticket", stage.url())).body(raw.body.clone());
        for (name, value) in &raw.headers {
            request = request.header(name.as_str(), value.as_str());
        }
        request.send()
    };
    let answers = futures_util::future::join_all((0..TIMES).map(|_| send())).await;
    for answer in answers {
        let status = answer?.status();
        ensure!(status == 202, "a delivery was answered with {status}");
    }
    stage.narrator.step(&format!("{TIMES} deliveries got 202"));
    stage.approve(ticket, LEAD.email).await?;
    stage.done(ticket).await?;
    ensure!(
        stage.lab.switch.events().running_changes() == 1,
        "the switch was changed {} times",
        stage.lab.switch.events().running_changes()
    );
    ensure!(
        stage.lab.webex.cards().len() == 2,
        "there are {} cards for two approvers",
        stage.lab.webex.cards().len()
    );
    ensure!(stage.notes(ticket).matches("Pending approval").count() == 1, "a note is doubled");
    stage.stop().await;
    Ok(())
}

pub(super) async fn forged_card(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let ticket = stage.file(PORT, founding_ticket()).await?;
    let card = stage.card(ticket, LEAD.email).await?;
    stage.ticket_is(ticket, "pending approval").await?;
    let change = stage.change_is(ticket, State::PendingApproval).await?;
    let digest = change.digest.as_ref().map(ToString::to_string).unwrap_or_default();
    let honest = json!({"action": "approve", "change_id": change.id, "plan_digest": digest});
    let with = |key: &str, value: Value| {
        let mut inputs = honest.clone();
        inputs[key] = value;
        inputs.as_object().cloned().unwrap_or_default()
    };
    let forged: [Map<String, Value>; 4] = [
        with("change_id", json!("00000000-0000-7000-8000-000000000000")),
        with("plan_digest", json!(format!("sha256:{}", "0".repeat(64)))),
        with("action", json!(true)),
        with("action", json!("false")),
    ];
    for inputs in forged {
        stage
            .lab
            .webex
            .forge_action(&card, LEAD.email, inputs)
            .await
            .map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    stage
        .until("the forgeries are refused", async || (refused(&stage, ticket).await >= 4).then_some(()))
        .await?;
    stage.narrator.step("four forged answers were not counted");
    ensure!(
        stage.change_is(ticket, State::PendingApproval).await?.approvals.is_empty(),
        "a forgery was counted"
    );
    let mut more = with("network_switchport_mode_and_vlan", json!("access:300:"));
    more.insert("mtu".to_owned(), json!("9000"));
    stage.narrator.step("an approver's answer comes with another configuration in it");
    stage
        .lab
        .webex
        .forge_action(&card, LEAD.email, more)
        .await
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    stage.done(ticket).await.context("what was planned must be what is configured")?;
    stage.stop().await;
    Ok(())
}

/// How many decisions were recorded as not counted.
async fn refused(stage: &Stage, ticket: u64) -> usize {
    let Ok(Some(change)) = stage.change(ticket).await else { return 0 };
    let remarks = stage.store.remarks(change.id).await.unwrap_or_default();
    remarks.iter().filter(|remark| remark.kind == "decision_refused").count()
}

pub(super) async fn not_an_approver(options: Options) -> Result<()> {
    let stage = Stage::start(Options { in_space: true, ..options }).await?;
    let before = stage.snapshot(PORT);
    let ticket = stage.file(PORT, founding_ticket()).await?;
    let card = stage.card(ticket, BYSTANDER.email).await?;
    stage.ticket_is(ticket, "pending approval").await?;
    stage.press(&card, BYSTANDER.email, "Approve", json!({})).await?;
    stage.until("the answer is refused", async || (refused(&stage, ticket).await == 1).then_some(())).await?;
    stage.nothing_changed(PORT, &before)?;
    stage.narrator.step("the answer was not counted");
    stage.press(&card, CAB.email, "Approve", json!({})).await?;
    stage.done(ticket).await?;
    stage.stop().await;
    Ok(())
}

pub(super) async fn own_ticket(options: Options) -> Result<()> {
    let stage =
        Stage::start(Options { in_space: true, approvers: vec![REQUESTER.email, LEAD.email], ..options })
            .await?;
    let before = stage.snapshot(PORT);
    let ticket = stage.file(PORT, founding_ticket()).await?;
    let card = stage.card(ticket, REQUESTER.email).await?;
    stage.ticket_is(ticket, "pending approval").await?;
    stage.press(&card, REQUESTER.email, "Approve", json!({})).await?;
    stage.until("the answer is refused", async || (refused(&stage, ticket).await == 1).then_some(())).await?;
    stage.nothing_changed(PORT, &before)?;
    stage.narrator.step("the answer was not counted: nobody approves their own change");
    stage.press(&card, LEAD.email, "Approve", json!({})).await?;
    stage.done(ticket).await?;
    stage.stop().await;
    Ok(())
}

pub(super) async fn ticket_edited(options: Options) -> Result<()> {
    let stage = Stage::start(options).await?;
    let before = stage.snapshot(PORT);
    let ticket = stage.file(PORT, founding_ticket()).await?;
    let card = stage.card(ticket, LEAD.email).await?;
    stage.ticket_is(ticket, "pending approval").await?;
    // The trigger fires for open tickets only: no webhook tells of this edit.
    stage.edit(ticket, json!({"network_interface_mtu": 9000})).await?;
    stage.change_is(ticket, State::Superseded).await?;
    stage
        .until("the card says so", async || {
            stage
                .lab
                .webex
                .cards()
                .iter()
                .any(|card| card.card.to_string().contains("Superseded"))
                .then_some(())
        })
        .await?;
    stage.narrator.step("the card says that the plan is void");
    if stage.press(&card, LEAD.email, "Approve", json!({})).await.is_ok() {
        stage.narrator.step("an old client still had the button");
    }
    stage.nothing_changed(PORT, &before)?;
    stage.edit(ticket, json!({"state": "open"})).await?;
    stage.approve(ticket, LEAD.email).await?;
    stage.done(ticket).await?;
    stage.stop().await;
    Ok(())
}
