//! Writing the source of truth, and writing it back. Every step reads first, writes only what is missing, and is conditional.

use change_model::truth::{AddressChange, TruthChange, TruthInterface, TruthValues};
use change_model::{Change, Event, Known};
use ipnet::IpNet;
use netbox_client::IpAddressParams;
use netbox_client::{
    Error, Field, IfMatch, InterfaceId, InterfaceMode, InterfacePatch, IpAddress, IpAddressId, NewIpAddress,
    VlanId,
};

use super::{EffectError, Outcome};
use crate::adapters::netbox::{holder, interface_of};
use crate::app::App;
use crate::waiting::Wait;

/// Brings the interface to its new values, with the ticket's number in its field, and moves the addresses.
pub(super) async fn update(app: &App, change: &Change) -> Outcome {
    let (truth, number) = parts(change)?;
    let during = TruthValues { ticket: Some(number.to_owned()), ..truth.after.clone() };
    let result = async {
        write_values(app, truth, &during, &[&truth.before], number).await?;
        crate::crash::point("inside:update_netbox");
        apply_addresses(app, truth, &truth.addresses).await
    };
    match result.await {
        Ok(()) => Ok(Some(Event::NetboxUpdated)),
        Err(EffectError::Never { why }) => Ok(Some(Event::NetboxRefused { why })),
        Err(other) => Err(other),
    }
}

/// Clears the ticket field after success, and compares everything with the intent.
pub(super) async fn finish(app: &App, change: &Change) -> Outcome {
    let (truth, number) = parts(change)?;
    let during = TruthValues { ticket: Some(number.to_owned()), ..truth.after.clone() };
    write_values(app, truth, &truth.after, &[&during], number).await?;
    let held = held(app, truth.interface_id).await?;
    for address in &truth.addresses {
        let (wanted, address) = match address {
            AddressChange::Unassign { address, .. } => (false, address),
            AddressChange::Assign { address, .. } | AddressChange::Create { address } => (true, address),
        };
        if held.iter().any(|found| found.address.to_string() == *address) != wanted {
            return Err(EffectError::never(format!(
                "NetBox: {address} is not where it should be after the change"
            )));
        }
    }
    Ok(Some(Event::NetboxFinished))
}

/// Takes this ticket's number off an interface that already is as requested: an earlier attempt may have left it there.
pub(super) async fn clear_own_number(
    app: &App,
    number: &str,
    truth: &TruthChange,
) -> Result<(), EffectError> {
    if truth.before.ticket.as_deref() != Some(number) {
        return Ok(());
    }
    write_values(app, truth, &truth.after, &[&truth.before], number).await
}

/// Puts the old values back, the ticket field included, and the addresses where they were.
pub(super) async fn restore(app: &App, change: &Change) -> Outcome {
    let (truth, number) = parts(change)?;
    // What never works with an address does not keep the interface from being put back: the less is left behind, the better.
    let addresses = match undo_addresses(app, truth).await {
        Err(EffectError::Never { why }) => Err(why),
        other => Ok(other?),
    };
    crate::crash::point("inside:restore_netbox");
    restore_values(app, change, truth, number).await?;
    match addresses {
        Ok(left) => Ok(Some(Event::NetboxRestored { left })),
        Err(why) => Err(EffectError::Never { why }),
    }
}

async fn restore_values(
    app: &App,
    change: &Change,
    truth: &TruthChange,
    number: &str,
) -> Result<(), EffectError> {
    let field = &app.settings.netbox.ticket_field;
    let interface = app.netbox.get_interface(InterfaceId(truth.interface_id)).waited("netbox").await?;
    let found = interface_of(&interface, field).values;
    let were_written = change.aftermath.netbox == Known::AsIntended;
    if found.ticket.as_deref() != Some(number) && found != truth.after && !were_written {
        // Our values never got there, so that there is nothing of ours to take back.
        return Ok(());
    }
    let during = TruthValues { ticket: Some(number.to_owned()), ..truth.after.clone() };
    write_values(app, truth, &truth.before, &[&during, &truth.after], number).await
}

fn parts(change: &Change) -> Result<(&TruthChange, &str), EffectError> {
    let plan = change.plan.as_ref().ok_or_else(|| EffectError::never("the change has no plan"))?;
    Ok((&plan.truth, &change.ticket.number))
}

/// Writes `wanted` if the interface has one of `from`; it is done if it has `wanted`. Anything else was done by somebody else, and stays.
async fn write_values(
    app: &App,
    truth: &TruthChange,
    wanted: &TruthValues,
    from: &[&TruthValues],
    number: &str,
) -> Result<(), EffectError> {
    let field = &app.settings.netbox.ticket_field;
    let interface = app.netbox.get_interface(InterfaceId(truth.interface_id)).waited("netbox").await?;
    app.systems.succeeded("netbox");
    let TruthInterface { values: found, .. } = interface_of(&interface, field);
    if found == *wanted {
        return Ok(());
    }
    if !from.contains(&&found) {
        return Err(EffectError::never(
            "NetBox: the interface was changed by somebody else in the meantime, and is left as it is",
        ));
    }
    let etag = interface.etag().map_or(IfMatch::Unconditional, IfMatch::Tag);
    let patch = patch(&found, wanted, field, number);
    let written =
        app.netbox.patch_interface(InterfaceId(truth.interface_id), &patch, etag).waited("netbox").await?;
    let unmet = patch.unmet(&written.value);
    if unmet.is_empty() {
        Ok(())
    } else {
        Err(EffectError::never(format!("NetBox did not take {}", unmet.join(", "))))
    }
}

/// Only what differs; a new mode names its VLANs too, or NetBox refuses it.
fn patch(from: &TruthValues, to: &TruthValues, ticket_field: &str, number: &str) -> InterfacePatch {
    let mut patch = InterfacePatch::default().changelog_message(format!("change ticket {number}"));
    patch.enabled = (from.enabled != to.enabled).then_some(to.enabled);
    patch.description = (from.description != to.description).then(|| to.description.clone());
    if from.mtu != to.mtu {
        patch.mtu = Field::from(to.mtu);
    }
    if (&from.mode, &from.untagged_vlan, &from.tagged_vlans)
        != (&to.mode, &to.untagged_vlan, &to.tagged_vlans)
    {
        patch.mode = Field::from(to.mode.as_deref().map(mode));
        patch.untagged_vlan = Field::from(to.untagged_vlan.map(|vlan| VlanId(vlan.id)));
        patch.tagged_vlans = Some(to.tagged_vlans.iter().map(|vlan| VlanId(vlan.id)).collect());
    }
    if from.ticket != to.ticket {
        patch = patch.custom_field(ticket_field, serde_json::json!(to.ticket));
    }
    patch
}

fn mode(word: &str) -> InterfaceMode {
    match word {
        "access" => InterfaceMode::Access,
        "tagged" => InterfaceMode::Tagged,
        "tagged-all" => InterfaceMode::TaggedAll,
        "q-in-q" => InterfaceMode::QInQ,
        other => InterfaceMode::Other(other.to_owned()),
    }
}

async fn held(app: &App, interface: u64) -> Result<Vec<IpAddress>, EffectError> {
    Ok(app
        .netbox
        .list_ip_addresses(IpAddressParams::default().interface(InterfaceId(interface)))
        .all()
        .waited("netbox")
        .await?)
}

fn conditional(address: &IpAddress) -> IfMatch {
    address.etag().map_or(IfMatch::Unconditional, IfMatch::Tag)
}

async fn apply_addresses(
    app: &App,
    truth: &TruthChange,
    changes: &[AddressChange],
) -> Result<(), EffectError> {
    if changes.is_empty() {
        return Ok(());
    }
    let interface = InterfaceId(truth.interface_id);
    let held = held(app, truth.interface_id).await?;
    for change in changes {
        match change {
            AddressChange::Unassign { id, .. } => {
                if let Some(found) = held.iter().find(|found| found.id.0 == *id) {
                    app.netbox.unassign_ip_address(found.id, conditional(found)).waited("netbox").await?;
                }
            }
            AddressChange::Assign { id, address } => assign(app, interface, (*id, address)).await?,
            AddressChange::Create { address } => {
                if !held.iter().any(|found| found.address.to_string() == *address) {
                    create(app, interface, address).await?;
                }
            }
        }
    }
    Ok(())
}

/// Gives an address to the interface unless it has it; one that somebody else took meanwhile is left to them.
async fn assign(app: &App, interface: InterfaceId, (id, address): (u64, &str)) -> Result<(), EffectError> {
    let found = app.netbox.get_ip_address(IpAddressId(id)).waited("netbox").await?;
    match holder(&found) {
        Some(_) if found.interface_id() == Some(interface) => Ok(()),
        Some(holder) => Err(EffectError::never(format!(
            "NetBox: address {address} was given to {holder} in the meantime"
        ))),
        None => {
            app.netbox.assign_ip_address(found.id, interface, conditional(&found)).waited("netbox").await?;
            Ok(())
        }
    }
}

async fn create(app: &App, interface: InterfaceId, address: &str) -> Result<(), EffectError> {
    let net: IpNet = address.parse().map_err(|_| EffectError::never(format!("{address} is no address")))?;
    app.netbox.create_ip_address(&NewIpAddress::new(net).on(interface)).waited("netbox").await?;
    Ok(())
}

/// Puts the addresses back where they were; what of it could only be set aside.
async fn undo_addresses(app: &App, truth: &TruthChange) -> Result<Vec<String>, EffectError> {
    let mut left = Vec::new();
    if truth.addresses.is_empty() {
        return Ok(left);
    }
    let held = held(app, truth.interface_id).await?;
    for change in truth.addresses.iter().rev() {
        match change {
            AddressChange::Unassign { id, address } => {
                assign(app, InterfaceId(truth.interface_id), (*id, address)).await?
            }
            AddressChange::Assign { id, .. } => {
                if let Some(found) = held.iter().find(|found| found.id.0 == *id) {
                    app.netbox.unassign_ip_address(found.id, conditional(found)).waited("netbox").await?;
                }
            }
            AddressChange::Create { address } => {
                for found in held.iter().filter(|found| found.address.to_string() == *address) {
                    left.extend(remove(app, found).await?);
                }
            }
        }
    }
    Ok(left)
}

/// Deletes an address that this change made. Where the token may not, the address is taken from the interface at least, and what stays is said.
async fn remove(app: &App, address: &IpAddress) -> Result<Option<String>, EffectError> {
    match app.netbox.delete_ip_address(address.id, conditional(address)).waited("netbox").await {
        Ok(_) | Err(Error::NotFound { .. }) => Ok(None),
        Err(Error::Forbidden { .. }) => {
            app.netbox.unassign_ip_address(address.id, conditional(address)).waited("netbox").await?;
            Ok(Some(format!(
                "NetBox keeps the record of {} that this change made, unassigned, as netchange's token may not delete it",
                address.address
            )))
        }
        Err(error) => Err(error.into()),
    }
}
