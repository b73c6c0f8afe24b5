//! The last look before anything is touched: ticket, source of truth and device must be what the plan was made on.

use std::net::Ipv4Addr;

use change_model::digest::digest;
use change_model::plan::{device_fingerprint, truth_fingerprint};
use change_model::suffix::suffix;
use change_model::{Change, ChangeRequest, Event, Plan, RequestDraft, Truth};
use ticket_client::TicketId;

use super::{EffectError, Outcome};
use crate::adapters::ticket::OTHER_RULE;
use crate::adapters::{device, netbox, ticket};
use crate::app::App;
use crate::waiting::Wait;

pub(super) async fn compare(app: &App, change: &Change) -> Outcome {
    let (Some(plan), Some(request)) = (&change.plan, &change.request) else {
        return Err(EffectError::never("the change has no plan"));
    };
    if plan.digest().ok().as_ref() != change.digest.as_ref() {
        return Err(EffectError::never("the stored plan does not have the digest that was approved"));
    }
    if !change.is_approved_by(&app.settings.approval) {
        let what = format!("{OTHER_RULE}, and the approvals given do not suffice any more");
        return Ok(Some(Event::BaseChanged { what }));
    }
    let field = &app.settings.netbox.ticket_field;
    let truth =
        netbox::read_truth(&app.netbox, field, &request.device, Some(&request.interface), &request.settings)
            .waited("netbox")
            .await?;
    app.systems.succeeded("netbox");
    if truth_fingerprint(&truth)? != plan.base.truth {
        let what = format!("NetBox's data of {} was changed after the plan was made", request.interface);
        return Ok(Some(Event::BaseChanged { what }));
    }
    if let Some(what) = objection(app, change, (plan, request), &truth) {
        return Ok(Some(Event::BaseChanged { what }));
    }
    let device = device::Device::connect(app, &request.device, &truth).await?;
    let sync = async {
        if app.settings.devices.sync_from {
            device.sync_from().await?;
        }
        device.read(&request.interface).await
    };
    let found = sync.await;
    device.close().await;
    let found = found?;
    app.unreachable.succeeded(&request.device);
    let same = found
        .map(|found| device_fingerprint(&found.state))
        .transpose()?
        .is_some_and(|now| now == plan.base.device);
    if !same {
        let what = format!(
            "the configuration of {} on the switch was changed after the plan was made",
            request.interface
        );
        return Ok(Some(Event::BaseChanged { what }));
    }
    // The ticket last: people edit it at any time, and the reads before may have had to wait.
    if let Some(what) = ticket_changed(app, change, plan).await? {
        return Ok(Some(Event::TicketChanged { what }));
    }
    Ok(Some(Event::BaseUnchanged))
}

/// What NetBox and the policy say by now against a plan that was right when it was made, beside the interface's own data.
fn objection(
    app: &App,
    change: &Change,
    (plan, request): (&Plan, &ChangeRequest),
    truth: &Truth,
) -> Option<String> {
    let address = truth.device.as_ref().and_then(|device| device.primary_ip4);
    // A host of the configuration is where the device is, whatever NetBox says.
    let elsewhere = app.settings.devices.host(request.device.as_str()).host.is_some();
    if address != plan.management && !elsewhere {
        let shown =
            |address: Option<Ipv4Addr>| address.map_or("none".to_owned(), |address| address.to_string());
        return Some(format!(
            "the management address of {} in NetBox was changed after the plan was made, from {} to {}",
            request.device,
            shown(plan.management),
            shown(address)
        ));
    }
    let policy = &app.settings.policy;
    let problems = match &change.restores {
        Some(restore) => truth.problems_of_undo(restore, policy),
        None => {
            let mut draft = RequestDraft::read(&change.fields, policy, &suffix(&change.ticket.number));
            draft.problems.extend(truth.problems(&draft));
            draft.problems
        }
    };
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    (!told.is_empty())
        .then(|| format!("what was right when the plan was made is wrong by now: {}", told.join("; ")))
}

async fn ticket_changed(app: &App, change: &Change, plan: &Plan) -> Result<Option<String>, EffectError> {
    // Whether the approval has been told yet decides which states are ours.
    let ticket = app.zammad.get_ticket(TicketId(change.ticket.id)).waited("zammad").await;
    let ticket = match ticket {
        Err(error) if error.is_not_found() => return Ok(Some(ticket::GONE.to_owned())),
        other => other?,
    };
    app.systems.succeeded("zammad");
    if ticket.ticket_type() != Some(app.settings.zammad.ticket_type.as_str()) {
        return Ok(Some(ticket::NO_NETWORK_CHANGE.to_owned()));
    }
    if digest(&ticket::fields(&ticket))? != plan.base.ticket {
        return Ok(Some("the ticket was edited after the plan was made".to_owned()));
    }
    // An undo starts from the state in which the ticket was left, until its own notes move it.
    let told = app.store.ticket_state(change.id).await?;
    let ours = [ticket::OPEN, "pending approval", "approved", told.as_deref().unwrap_or(ticket::OPEN)];
    Ok((!ours.contains(&ticket.state.as_str()))
        .then(|| format!("the ticket was moved to {:?}", ticket.state)))
}
