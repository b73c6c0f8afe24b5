//! Making the plan: the ticket's fields, checked against the source of truth, then against the device.

use change_model::change::Evidence;
use change_model::interface::OtherConfig;
use change_model::plan::{Edits, PlanInputs};
use change_model::risk::RiskLevel;
use change_model::suffix::{strip, suffix};
use change_model::truth::TruthChange;
use change_model::{
    Change, ChangeRequest, Event, InterfaceState, Plan, Policy, Problem, RequestDraft, Restore, Truth,
};

use super::device::save;
use super::netbox::clear_own_number;
use super::{EffectError, Outcome};
use crate::adapters::device::{self, Found};
use crate::adapters::netbox;
use crate::app::App;
use crate::waiting::Wait;

pub(super) async fn make(app: &App, change: &Change) -> Outcome {
    match assess(app, change).await? {
        Assessment::Invalid(problems) => Ok(Some(Event::RequestInvalid { problems })),
        Assessment::Planned { request, plan, running } if plan.is_nothing_to_do() => {
            let evidence = nothing_to_do(app, change, &plan, running).await?;
            Ok(Some(Event::NothingToDo { request, plan, evidence }))
        }
        Assessment::Planned { request, plan, .. } => Ok(Some(Event::PlanMade { request, plan })),
    }
}

/// The proof that all is as requested already. Where NetBox still carries this ticket's number an earlier attempt did not come to its end, and
/// what that one changed is saved; otherwise nothing was changed, and nothing has to be.
async fn nothing_to_do(
    app: &App,
    change: &Change,
    plan: &Plan,
    running: String,
) -> Result<Evidence, EffectError> {
    let unfinished = plan.truth.before.ticket.as_deref() == Some(change.ticket.number.as_str());
    let saved = unfinished && app.settings.devices.save_to_startup;
    let save_reply = if saved { save(app, plan).await? } else { String::new() };
    clear_own_number(app, &change.ticket.number, &plan.truth).await?;
    Ok(Evidence {
        device_matches: true,
        saved,
        netbox_matches: true,
        running,
        save_reply,
        ..Evidence::default()
    })
}

/// What became of a request that was looked at from all sides.
pub(crate) enum Assessment {
    /// Everything that is wrong with it.
    Invalid(Vec<Problem>),
    /// What will be done, and the interface's configuration as it was read.
    Planned { request: ChangeRequest, plan: Box<Plan>, running: String },
}

/// Looks at a change's request from all sides; changes nothing. The device is only asked about a request without problems.
pub(crate) async fn assess(app: &App, change: &Change) -> Result<Assessment, EffectError> {
    if let Some(restore) = &change.restores {
        return assess_undo(app, change, restore).await;
    }
    let suffix = suffix(&change.ticket.number);
    let mut draft = RequestDraft::read(&change.fields, &app.settings.policy, &suffix);
    let Some(name) = draft.device.clone() else { return Ok(Assessment::Invalid(draft.problems)) };
    let field = &app.settings.netbox.ticket_field;
    let truth = netbox::read_truth(&app.netbox, field, &name, draft.interface.as_ref(), &draft.settings)
        .waited("netbox")
        .await?;
    app.systems.succeeded("netbox");
    draft.problems.extend(truth.problems(&draft));
    let request = match draft.finish() {
        Err(problems) => return Ok(Assessment::Invalid(problems)),
        Ok(request) => request,
    };
    let Some(found) = read_port(app, &request, &truth).await? else { return Ok(no_port(&request)) };
    let limit = found.dialect.limits().description_chars.min(Policy::default().description_max);
    let wanted = request.settings.applied_to(&found.state, &suffix, limit);
    let truth_change = truth.change(&request.settings);
    let truth_change =
        truth_change.ok_or_else(|| EffectError::never("NetBox lacks what it had a moment ago"))?;
    plan(app, change, (request, found), (&truth, truth_change), &wanted)
}

/// An undo leads back to exactly what was there, and keeps whatever else was configured since.
async fn assess_undo(app: &App, change: &Change, restore: &Restore) -> Result<Assessment, EffectError> {
    let request = restore.request.clone();
    let field = &app.settings.netbox.ticket_field;
    let interface = Some(&request.interface);
    let truth = netbox::read_truth(&app.netbox, field, &request.device, interface, &request.settings)
        .waited("netbox")
        .await?;
    app.systems.succeeded("netbox");
    let problems = truth.problems_of_undo(restore, &app.settings.policy);
    if !problems.is_empty() {
        return Ok(Assessment::Invalid(problems));
    }
    let Some(truth_change) = truth.restoring(restore) else {
        let text = "NetBox lacks the interface or an address of the change that is to be undone";
        return Ok(Assessment::Invalid(vec![Problem(text.to_owned())]));
    };
    let Some(found) = read_port(app, &request, &truth).await? else { return Ok(no_port(&request)) };
    let undone = app.store.change(restore.of).await?.and_then(|undone| undone.plan);
    let moved_on = undone.as_ref().is_some_and(|plan| !is_as(&plan.device_after, &found.state));
    let lost = undone.map(|plan| lost_to(&plan, &found.state)).unwrap_or_default();
    let other = [found.state.other.clone(), lost.clone()].concat();
    let wanted = InterfaceState { other, ..restore.device.clone() };
    let mut assessment = plan(app, change, (request, found), (&truth, truth_change), &wanted)?;
    if let Assessment::Planned { plan, .. } = &mut assessment {
        let mut add = |reason: &str| plan.risk = plan.risk.clone().and(RiskLevel::Medium, reason);
        if moved_on {
            add("the port was changed again since, and the undo takes that back too");
        }
        for entry in lost.iter().filter(|entry| !plan.device_after.other.contains(entry)) {
            add(&format!("{} cannot be brought back beside the rest", entry.path));
        }
    }
    Ok(assessment)
}

/// What no field stands for and the change took away, and is still away.
fn lost_to(plan: &Plan, now: &InterfaceState) -> Vec<OtherConfig> {
    let (before, after) = (&plan.device_before.other, &plan.device_after.other);
    let is_lost = |entry: &&OtherConfig| !after.contains(entry) && !now.other.contains(entry);
    before.iter().filter(is_lost).cloned().collect()
}

fn no_port(request: &ChangeRequest) -> Assessment {
    let text =
        format!("{} has no interface {} in its running configuration", request.device, request.interface);
    Assessment::Invalid(vec![Problem(text)])
}

async fn read_port(app: &App, request: &ChangeRequest, truth: &Truth) -> Result<Option<Found>, EffectError> {
    let device = device::Device::connect(app, &request.device, truth).await?;
    let read = async {
        if app.settings.devices.sync_from {
            device.sync_from().await?;
        }
        device.read(&request.interface).await
    };
    let found = read.await;
    device.close().await;
    found
}

/// Makes the plan that leads to `wanted`, or says everything that speaks against it.
fn plan(
    app: &App,
    change: &Change,
    (request, found): (ChangeRequest, Found),
    (truth, truth_change): (&Truth, TruthChange),
    wanted: &InterfaceState,
) -> Result<Assessment, EffectError> {
    let interface = request.interface.as_str();
    let after = found.dialect.settle(interface, &found.state, wanted);
    let checked = found.dialect.check(interface, &after).into_iter();
    let mut problems: Vec<Problem> = checked.map(|problem| Problem(problem.to_string())).collect();
    let edits = edits(&found, interface, &after, &mut problems);
    if !problems.is_empty() {
        problems.dedup();
        return Ok(Assessment::Invalid(problems));
    }
    let plan = Plan::make(PlanInputs {
        ticket: &change.ticket,
        request: &request,
        ticket_fingerprint: change.ticket_fingerprint.clone(),
        truth,
        truth_change,
        device_before: &found.state,
        device_after: &after,
        edits,
        saves: app.settings.devices.save_to_startup,
    })?;
    Ok(Assessment::Planned { request, plan: Box::new(plan), running: found.xml })
}

fn edits(found: &Found, interface: &str, after: &InterfaceState, problems: &mut Vec<Problem>) -> Edits {
    let mut write = |before: &InterfaceState, after: &InterfaceState| {
        let written = found.dialect.write(interface, before, after);
        written.map_err(|error| problems.push(Problem(error.to_string()))).ok().flatten().unwrap_or_default()
    };
    Edits { edit: write(&found.state, after), inverse: write(after, &found.state) }
}

/// Whether two states configure the port alike; a description may carry another ticket's suffix where none was planned.
pub(crate) fn is_as(intended: &InterfaceState, found: &InterfaceState) -> bool {
    intended.equivalent(found)
        && intended.description.as_deref().map(strip) == found.description.as_deref().map(strip)
}
