//! The device: brought to the planned state as a whole, proved by another session, and read where nobody knows.

use std::time::{Duration, Instant};

use change_model::change::Evidence;
use change_model::plan::device_fingerprint;
use change_model::{Change, Event, InterfaceName, Plan};
use netconf_client::ops::{Datastore, GetConfig};
use netconf_client::transaction::{Cause, Committed, Failed, ServerState, Step};
use netconf_client::{RpcError, Transaction};

use super::plan::is_as;
use super::{EffectError, Outcome, chain};
use crate::adapters::device::{Device, Found};
use crate::app::App;
use crate::store::{Applied, Done};
use crate::waiting::Wait;

/// Why the edit was not sent, or the check of a second session failed.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("the edit was not sent")]
    NotSent(#[source] EffectError),
    #[error("a second session read another configuration than intended")]
    Differs,
    #[error("a second session could not read the interface: {0}")]
    Unread(String),
}

/// How often another session is tried after one that was cut or refused for now.
const MORE_LOOKS: usize = 2;
/// How long a device is left alone before it.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Since when it is not tried any more: a device that answers that slowly would take the rest of the time that the check has.
const LOOK_AGAIN_WITHIN: Duration = Duration::from_secs(10);

/// Brings the edit onto the device. It is looked first whether an earlier attempt got through: the edit is sent only to a device that
/// has exactly what the plan was made on.
pub(super) async fn configure(app: &App, change: &Change) -> Outcome {
    let (plan, interface) = parts(change)?;
    let device = open(app, plan).await?;
    let result = configure_on(app, change, &device, (plan, interface)).await;
    device.close().await;
    result
}

async fn configure_on(
    app: &App,
    change: &Change,
    device: &Device,
    (plan, interface): (&Plan, &InterfaceName),
) -> Outcome {
    // What an earlier attempt left may still be on trial: while the switch waits for a confirmation, running cannot be locked.
    let found = if change.edit_started {
        device.read_locked(interface).await?
    } else {
        device.read(interface).await?
    };
    let other = |why: String| {
        Ok(Some(if change.edit_started {
            Event::DeviceUnknown { why }
        } else {
            Event::DeviceRefused { why }
        }))
    };
    let Some(found) = found else {
        return other(format!("{interface} is gone from the running configuration"));
    };
    if is_as(&plan.device_after, &found.state) {
        let how = if plan.edit.is_empty() {
            "the switch needed no edit"
        } else {
            "the switch was found as intended"
        };
        return Ok(Some(Event::DeviceConfigured { how: how.to_owned() }));
    }
    if device_fingerprint(&found.state)? != plan.base.device {
        return other(format!(
            "the configuration of {interface} was changed by somebody else just before the edit"
        ));
    }
    // Not before the switch is locked: while somebody else has it, nothing is sent, and nothing is unknown.
    let prepare = Box::pin(async {
        if !change.edit_started {
            start(app, change).await.map_err(CheckError::NotSent)?;
        }
        crate::crash::point("inside:configure_device");
        Ok(())
    });
    let transaction = Transaction::new(elements(&plan.edit))
        .inverse(elements(&plan.inverse))
        .validation(device.validation());
    let check = || async {
        crate::crash::point("committed:configure_device");
        match second_look(app, plan, interface).await {
            Ok(Some(found)) if is_as(&plan.device_after, &found.state) => Ok(()),
            Ok(_) => Err(CheckError::Differs),
            Err(error) => Err(CheckError::Unread(error.to_string())),
        }
    };
    match transaction.run_after(&device.session, prepare, check).waited("devices").await {
        Ok(done) => Ok(Some(Event::DeviceConfigured { how: how(&done) })),
        Err(Failed { cause: Cause::Check(CheckError::NotSent(error)), .. }) => Err(error),
        Err(failed) if failed.step == Step::Lock && has_foreign_edits(device).await => {
            Ok(Some(Event::DeviceRefused { why: FOREIGN_EDITS.to_owned() }))
        }
        Err(failed) => failure(app, change, (plan, interface), failed).await,
    }
}

/// What another session reads while the change is on trial. A connection that is cut says nothing of the change: it is made again.
async fn second_look(
    app: &App,
    plan: &Plan,
    interface: &InterfaceName,
) -> Result<Option<Found>, EffectError> {
    let begun = Instant::now();
    let mut left = MORE_LOOKS;
    loop {
        let found = match open(app, plan).await {
            Ok(second) => {
                let found = second.read(interface).await;
                second.close().await;
                found
            }
            Err(error) => Err(error),
        };
        match found {
            Err(EffectError::Later { .. }) if left > 0 && begun.elapsed() < LOOK_AGAIN_WITHIN => {
                left -= 1;
                tokio::time::sleep(LOOK_AGAIN_AFTER).await;
            }
            found => return found,
        }
    }
}

/// Puts on record that the edit is about to be sent. Whoever finds that the change moved meanwhile must not send it: it may have been sent,
/// or be unwanted by now.
async fn start(app: &App, change: &Change) -> Result<(), EffectError> {
    match app.store.apply_judged(change, &Event::EditStarted, &app.settings.approval, Done::Nothing).await? {
        Applied::Moved(_) => Ok(()),
        Applied::Refused(_) | Applied::Stale | Applied::DeviceBusy | Applied::Unknown => {
            Err(EffectError::later("the change moved just before its edit was sent"))
        }
    }
}

/// What the requester is told when somebody else is in the middle of something.
const FOREIGN_EDITS: &str = "the switch's candidate configuration has uncommitted edits of somebody else, and committing would make them \
                             take effect; they must be committed or discarded first";

/// Whether a lock that was denied was denied because the candidate is dirty: waiting does not help then.
async fn has_foreign_edits(device: &Device) -> bool {
    let read = |datastore| device.session.call(GetConfig::new(datastore));
    match (
        read(Datastore::Candidate).waited("devices").await,
        read(Datastore::Running).waited("devices").await,
    ) {
        (Ok(candidate), Ok(running)) => candidate.xml().trim() != running.xml().trim(),
        _ => false,
    }
}

/// How it was done, and what was weaker than it could be.
fn how(done: &Committed<()>) -> String {
    use netconf_client::transaction::Method;
    let method = match done.guarantees.method {
        Method::ConfirmedCommit => {
            "candidate with confirmed commit, confirmed after the read-back of a second session"
        }
        Method::Commit => "candidate with commit, read back by a second session, inverse edit at hand",
        Method::EditRunning => {
            "running edited with rollback-on-error, read back by a second session, inverse edit at hand"
        }
    };
    let weaker: Vec<String> = done.guarantees.weaknesses.iter().map(ToString::to_string).collect();
    if weaker.is_empty() {
        method.to_owned()
    } else {
        format!("{method} (the switch offers {})", weaker.join("; "))
    }
}

/// A transaction that failed: refused, to be tried again, or of unknown outcome.
async fn failure(
    app: &App,
    change: &Change,
    (plan, interface): (&Plan, &InterfaceName),
    failed: Failed<CheckError>,
) -> Outcome {
    let why = explain(&failed);
    let retryable = failed.is_retryable() && !matches!(failed.cause, Cause::ForeignEdits);
    match failed.server {
        ServerState::Unchanged if retryable => {
            // Known to be as before, it is not one of those of which only reading tells what they have.
            let event = Event::EditNotMade { why: why.clone() };
            app.store.apply(change.id, &event, &app.settings.approval, Done::Nothing).await?;
            Err(EffectError::later(format!("switch: {why}")))
        }
        ServerState::Unchanged => Ok(Some(Event::DeviceRefused { why })),
        // It says that it undid the change: that is proved by reading, like everything else.
        ServerState::Undone(_) if is_as_before(app, plan, interface).await => {
            Ok(Some(Event::DeviceRefused { why }))
        }
        _ => Ok(Some(Event::DeviceUnknown { why })),
    }
}

/// Errors of the switch that are told to people; a switch may have one for each of its interfaces.
const MAX_ERRORS: usize = 5;

fn explain(failed: &Failed<CheckError>) -> String {
    let said = match &failed.cause {
        Cause::Session(error) if !error.rpc_errors().is_empty() => {
            let all = error.rpc_errors();
            let told: Vec<String> = all.iter().take(MAX_ERRORS).map(rpc_error).collect();
            let more = all.len().saturating_sub(MAX_ERRORS);
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            format!("the switch refused: {}{more}", told.join("; "))
        }
        Cause::ForeignEdits => FOREIGN_EDITS.to_owned(),
        cause => chain(cause),
    };
    let undo = failed
        .undo_error
        .as_ref()
        .map(|error| format!("; undoing failed: {}", chain(error)))
        .unwrap_or_default();
    format!("{} failed: {said} ({}){undo}", failed.step, failed.server)
}

fn rpc_error(error: &RpcError) -> String {
    let message = error.message.as_deref().unwrap_or("no message").trim();
    let path = error.path.as_deref().map(|path| format!(" at {}", path.trim())).unwrap_or_default();
    let holder = error.info.session_id.map(|id| format!(" (held by session {id})")).unwrap_or_default();
    format!("{}{path}: {message}{holder}", error.tag.as_str())
}

async fn is_as_before(app: &App, plan: &Plan, interface: &InterfaceName) -> bool {
    let read = async {
        let device = open(app, plan).await?;
        let found = device.read(interface).await;
        device.close().await;
        found
    };
    matches!(read.await, Ok(Some(found)) if device_fingerprint(&found.state).is_ok_and(|now| now == plan.base.device))
}

/// Reads the device by a fresh session, compares, and saves. `may_wait`: whether a save that fails may be tried again later.
pub(super) async fn prove(app: &App, change: &Change, may_wait: bool) -> Outcome {
    let (plan, interface) = parts(change)?;
    let device = open(app, plan).await?;
    let result = prove_on(app, &device, (plan, interface), may_wait).await;
    device.close().await;
    result
}

async fn prove_on(
    app: &App,
    device: &Device,
    (plan, interface): (&Plan, &InterfaceName),
    may_wait: bool,
) -> Outcome {
    let Some(Found { state, xml, .. }) = device.read(interface).await? else {
        return Ok(Some(Event::DeviceDiffers {
            why: format!("{interface} is gone from the running configuration"),
        }));
    };
    if !is_as(&plan.device_after, &state) {
        let why = "after the change a fresh session read another configuration than intended".to_owned();
        return Ok(Some(Event::DeviceDiffers { why }));
    }
    let read = Evidence {
        device_matches: true,
        running: xml,
        session_id: Some(device.session.session_id()),
        ..Evidence::default()
    };
    if !app.settings.devices.save_to_startup {
        return Ok(Some(Event::DeviceProved { evidence: read }));
    }
    crate::crash::point("inside:prove_device");
    match device.save().await {
        Ok(save_reply) => {
            Ok(Some(Event::DeviceProved { evidence: Evidence { saved: true, save_reply, ..read } }))
        }
        Err(EffectError::Later { why, .. }) if !may_wait => Ok(Some(unsaved(&why, read))),
        Err(EffectError::Never { why }) => Ok(Some(unsaved(&why, read))),
        Err(error) => Err(error),
    }
}

/// Saves what runs to startup, by a session of its own; what the switch said.
pub(super) async fn save(app: &App, plan: &Plan) -> Result<String, EffectError> {
    let device = open(app, plan).await?;
    let saved = device.save().await;
    device.close().await;
    saved
}

/// Told as what it is: going on by reading the switch would find the change on it, and fail to save it again.
fn unsaved(why: &str, evidence: Evidence) -> Event {
    let why = format!(
        "the switch runs the configuration as requested, which is proved, but did not save it, so that a restart of the switch would lose it: {why}"
    );
    Event::DeviceUnsaved { why, evidence }
}

/// Reads the device, locked, to learn what it has. Nothing is repeated blindly.
pub(super) async fn settle(app: &App, change: &Change) -> Outcome {
    let (plan, interface) = parts(change)?;
    let device = open(app, plan).await?;
    let found = device.read_locked(interface).await;
    device.close().await;
    // A device that refuses to be read now may not do so later, and nothing else tells how things stand.
    let found = found.map_err(|error| match error {
        EffectError::Never { why } => EffectError::later(why),
        other => other,
    })?;
    let Some(found) = found else {
        return Ok(Some(Event::SettledOtherwise {
            why: format!("{interface} is gone from the running configuration"),
        }));
    };
    if is_as(&plan.device_after, &found.state) {
        Ok(Some(Event::SettledAsIntended))
    } else if device_fingerprint(&found.state)? == plan.base.device {
        Ok(Some(Event::SettledAsBefore))
    } else {
        let why = format!("the switch was read: {interface} is neither as before nor as intended");
        Ok(Some(Event::SettledOtherwise { why }))
    }
}

fn parts(change: &Change) -> Result<(&Plan, &InterfaceName), EffectError> {
    let plan = change.plan.as_ref().ok_or_else(|| EffectError::never("the change has no plan"))?;
    Ok((plan, &plan.interface))
}

async fn open(app: &App, plan: &Plan) -> Result<Device, EffectError> {
    Device::connect_at(&app.settings.devices, &plan.device, plan.management)
        .await
        .inspect(|_| app.systems.succeeded("devices"))
}

/// What stands in `<config>`: the transaction puts its own around it.
fn elements(config: &str) -> String {
    let config = config.trim();
    let inner = config.find('>').and_then(|start| Some(&config[start + 1..config.rfind("</")?]));
    if config.starts_with("<config") { inner.unwrap_or_default().to_owned() } else { config.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_element_is_taken_off_once() {
        assert_eq!(elements("<config xmlns=\"u\"><a><b/></a></config>"), "<a><b/></a>");
        assert_eq!(elements("<config><config/></config>"), "<config/>");
        assert_eq!(elements("<native/>"), "<native/>");
    }
}
