//! Making the plan: the ticket's fields, checked against the source of truth, then against the device.

use change_model::change::Evidence;
use change_model::plan::{Edits, PlanInputs};
use change_model::suffix::{strip, suffix};
use change_model::{
    Change, ChangeRequest, Event, InterfaceState, Plan, Policy, Problem, RequestDraft, Truth,
};

use super::{EffectError, Outcome};
use crate::adapters::{device, netbox};
use crate::app::App;
use crate::waiting::Wait;

pub(super) async fn make(app: &App, change: &Change) -> Outcome {
    match assess(app, change).await? {
        Assessment::Invalid(problems) => Ok(Some(Event::RequestInvalid { problems })),
        Assessment::Planned { request, plan, running } if plan.is_nothing_to_do() => {
            let evidence = Evidence {
                device_matches: true,
                // Nothing was changed, so that nothing had to be saved.
                saved: false,
                netbox_matches: true,
                running,
                ..Evidence::default()
            };
            Ok(Some(Event::NothingToDo { request, plan, evidence }))
        }
        Assessment::Planned { request, plan, .. } => Ok(Some(Event::PlanMade { request, plan })),
    }
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
    let suffix = suffix(&change.ticket.number);
    let mut draft = RequestDraft::read(&change.fields, &app.settings.policy, &suffix);
    let Some(name) = draft.device.clone() else { return Ok(Assessment::Invalid(draft.problems)) };
    let field = &app.settings.netbox.ticket_field;
    let truth = netbox::read_truth(&app.netbox, field, &name, draft.interface.as_ref(), &draft.settings)
        .waited("netbox")
        .await?;
    app.systems.succeeded("netbox");
    draft.problems.extend(truth.problems(&draft));
    match draft.finish() {
        Err(problems) => Ok(Assessment::Invalid(problems)),
        Ok(request) => on_device(app, change, request, &truth).await,
    }
}

async fn on_device(
    app: &App,
    change: &Change,
    request: ChangeRequest,
    truth: &Truth,
) -> Result<Assessment, EffectError> {
    let device = device::Device::connect(app, &request.device, truth).await?;
    let read = async {
        if app.settings.devices.sync_from {
            device.sync_from().await?;
        }
        device.read(&request.interface).await
    };
    let read = read.await;
    device.close().await;
    let Some(found) = read? else {
        let text =
            format!("{} has no interface {} in its running configuration", request.device, request.interface);
        return Ok(Assessment::Invalid(vec![Problem(text)]));
    };
    let interface = request.interface.as_str();
    let suffix = suffix(&change.ticket.number);
    let limit = found.dialect.limits().description_chars.min(Policy::default().description_max);
    let wanted = request.settings.applied_to(&found.state, &suffix, limit);
    let after = found.dialect.settle(interface, &found.state, &wanted);
    let mut problems: Vec<Problem> = found
        .dialect
        .check(interface, &after)
        .into_iter()
        .map(|problem| Problem(problem.to_string()))
        .collect();
    let write = |before: &InterfaceState, after: &InterfaceState| {
        found.dialect.write(interface, before, after).map(Option::unwrap_or_default)
    };
    let edits = match (write(&found.state, &after), write(&after, &found.state)) {
        (Ok(edit), Ok(inverse)) => Edits { edit, inverse },
        (edit, inverse) => {
            problems.extend(
                [edit.err(), inverse.err()].into_iter().flatten().map(|error| Problem(error.to_string())),
            );
            Edits { edit: String::new(), inverse: String::new() }
        }
    };
    if !problems.is_empty() {
        problems.dedup();
        return Ok(Assessment::Invalid(problems));
    }
    let plan = Plan::make(PlanInputs {
        ticket: &change.ticket,
        request: &request,
        ticket_fingerprint: change.ticket_fingerprint.clone(),
        truth,
        device_before: &found.state,
        device_after: &after,
        edits,
    });
    let plan = plan.map_err(|error| EffectError::never(error.to_string()))?;
    Ok(Assessment::Planned { request, plan: Box::new(plan), running: found.xml })
}

/// Whether two states configure the port alike; a description may carry another ticket's suffix where none was planned.
pub(crate) fn is_as(intended: &InterfaceState, found: &InterfaceState) -> bool {
    intended.equivalent(found)
        && intended.description.as_deref().map(strip) == found.description.as_deref().map(strip)
}
