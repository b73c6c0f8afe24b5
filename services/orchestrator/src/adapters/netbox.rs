//! NetBox's records as the truth about one interface.

use std::collections::BTreeMap;

use change_model::truth::{
    Truth, TruthAddress, TruthDevice, TruthInterface, TruthValues, VlanRow, named_vlans,
};
use change_model::{DeviceName, InterfaceName, ModeRequest, RequestedSettings, VlanId};
use ipnet::IpNet;
use netbox_client::IpAddressParams;
use netbox_client::{Client, Device, Error, Interface, IpAddress};

/// From this many VLANs on, all of the device's are listed instead of asking for each.
const LIST_VLANS_FROM: usize = 4;

/// Reads all that a plan needs, as few requests as possible.
pub(crate) async fn read_truth(
    client: &Client,
    ticket_field: &str,
    device: &DeviceName,
    interface: Option<&InterfaceName>,
    settings: &RequestedSettings,
) -> Result<Truth, Error> {
    let mut truth = Truth {
        device: None,
        interface: None,
        vlans: BTreeMap::new(),
        device_addresses: Vec::new(),
        same_address: Vec::new(),
    };
    let Some(found) = client.find_device(device.as_str()).await? else { return Ok(truth) };
    let interface = async {
        match interface {
            Some(name) => client.find_interface(found.id, name.as_str()).await,
            None => Ok(None),
        }
    };
    let addresses = client.list_ip_addresses(IpAddressParams::default().device(found.id)).all();
    let (interface, vlans, addresses, same) = futures_util::try_join!(
        interface,
        vlans(client, &found, settings),
        addresses,
        same_address(client, settings)
    )?;
    truth.interface = interface.as_ref().map(|interface| interface_of(interface, ticket_field));
    truth.vlans = vlans;
    truth.device_addresses = addresses.iter().map(address_of).collect();
    truth.same_address = same.iter().map(address_of).collect();
    truth.device = Some(device_of(&found, device));
    Ok(truth)
}

async fn vlans(
    client: &Client,
    device: &Device,
    settings: &RequestedSettings,
) -> Result<BTreeMap<VlanId, VlanRow>, Error> {
    let named = named_vlans(settings);
    let row = |vlan: netbox_client::Vlan| {
        VlanId::new(vlan.vid).ok().map(|vid| (vid, VlanRow { id: vlan.id.0, vid }))
    };
    if named.len() >= LIST_VLANS_FROM {
        let vids: Vec<u16> = named.iter().map(|vlan| vlan.get()).collect();
        let found = client.find_vlans_available(device, &vids).await?;
        return Ok(found.into_iter().filter_map(row).collect());
    }
    let lookups = named.iter().map(|vlan| client.find_vlan_available(device, vlan.get()));
    let found = futures_util::future::try_join_all(lookups).await?;
    Ok(found.into_iter().flatten().filter_map(row).collect())
}

async fn same_address(client: &Client, settings: &RequestedSettings) -> Result<Vec<IpAddress>, Error> {
    let Some(ModeRequest::L3 { address }) = &settings.mode else { return Ok(Vec::new()) };
    let mut same =
        client.list_ip_addresses(IpAddressParams::default().address(address.addr().into())).all().await?;
    // A record of a VRF that nobody holds is another address.
    same.retain(|found| found.vrf.is_none() || found.assigned_object_id.is_some());
    Ok(same)
}

fn device_of(device: &Device, name: &DeviceName) -> TruthDevice {
    let primary = device.primary_ip4.as_ref();
    TruthDevice {
        id: device.id.0,
        name: name.clone(),
        site: device.site.name.clone(),
        primary_ip4: primary.and_then(|primary| match primary.address {
            IpNet::V4(net) => Some(net.addr()),
            IpNet::V6(_) => None,
        }),
        primary_ip4_id: primary.map(|primary| primary.id.0),
    }
}

/// An interface as far as changes touch it.
pub(crate) fn interface_of(interface: &Interface, ticket_field: &str) -> TruthInterface {
    let vlan =
        |vlan: &netbox_client::VlanRef| VlanId::new(vlan.vid).ok().map(|vid| VlanRow { id: vlan.id.0, vid });
    let mut tagged_vlans: Vec<VlanRow> = interface.tagged_vlans.iter().filter_map(vlan).collect();
    tagged_vlans.sort_by_key(|row| row.vid);
    TruthInterface {
        id: interface.id.0,
        mgmt_only: interface.mgmt_only,
        values: TruthValues {
            enabled: interface.enabled,
            description: interface.description.clone(),
            mtu: interface.mtu,
            mode: interface.mode.as_ref().map(|mode| mode.as_str().to_owned()),
            untagged_vlan: interface.untagged_vlan.as_ref().and_then(vlan),
            tagged_vlans,
            ticket: interface.custom_text(ticket_field).map(str::to_owned),
        },
        last_updated: interface.last_updated.clone().unwrap_or_default(),
    }
}

/// An address record.
pub(crate) fn address_of(address: &IpAddress) -> TruthAddress {
    TruthAddress {
        id: address.id.0,
        address: address.address.to_string(),
        interface_id: address.interface_id().map(|id| id.0),
        holder: holder(address).unwrap_or_default(),
    }
}

/// Who holds an address, in words; `None`: nobody.
pub(crate) fn holder(address: &IpAddress) -> Option<String> {
    let id = address.assigned_object_id?;
    let object = address.assigned_object.as_ref();
    let name = object.and_then(|object| object.name.clone()).unwrap_or_else(|| id.to_string());
    let of = match address.assigned_object_type.as_deref() {
        Some("virtualization.vminterface") => "interface of a virtual machine",
        Some("ipam.fhrpgroup") => "FHRP group",
        Some(kind) if address.interface_id().is_none() => kind,
        _ => {
            let device = address.device().and_then(|device| device.name.as_deref());
            device.unwrap_or("the interface")
        }
    };
    Some(format!("{of} {name}"))
}

#[cfg(test)]
mod tests {
    use change_model::{Policy, RequestDraft};
    use serde_json::{Value, json};

    use super::*;

    fn record(value: Value) -> TruthAddress {
        address_of(&serde_json::from_value(value).unwrap())
    }

    fn held_by(kind: &str, object: Value) -> TruthAddress {
        record(
            json!({"id": 9, "address": "10.1.2.1/24", "assigned_object_type": kind, "assigned_object_id": 5, "assigned_object": object}),
        )
    }

    /// What is wrong with an address of which there is such a record, and whether the record would be taken.
    fn wanted(found: TruthAddress) -> (Vec<String>, bool) {
        let fields = json!({
            "network_device_name": "c9300", "network_interface_name": "GigabitEthernet1/0/5",
            "network_switchport_mode_and_vlan": "l3::", "network_interface_ip4_address": "10.1.2.1/24"
        });
        let fields = serde_json::from_value(fields).unwrap();
        let draft = RequestDraft::read(&fields, &Policy::default(), "");
        let interface = TruthInterface {
            // The number of another table's row: only with its type it says something.
            id: 5,
            mgmt_only: false,
            values: TruthValues::default(),
            last_updated: String::new(),
        };
        let device = TruthDevice {
            id: 1,
            name: "c9300".parse().unwrap(),
            site: "Lab".to_owned(),
            primary_ip4: None,
            primary_ip4_id: None,
        };
        let truth = Truth {
            device: Some(device),
            interface: Some(interface),
            vlans: BTreeMap::new(),
            device_addresses: Vec::new(),
            same_address: vec![found],
        };
        let problems = truth.problems(&draft).iter().map(ToString::to_string).collect();
        let assigns = truth.change(&draft.settings).unwrap().addresses;
        (problems, matches!(assigns.as_slice(), [change_model::truth::AddressChange::Assign { id: 9, .. }]))
    }

    #[test]
    fn an_address_that_anything_else_holds_is_not_taken_from_it() {
        let vm = held_by("virtualization.vminterface", json!({"id": 5, "name": "eth0"}));
        let group = held_by("ipam.fhrpgroup", json!({"id": 5, "group_id": 3}));
        for (found, holder) in [(vm, "interface of a virtual machine eth0"), (group, "FHRP group 5")] {
            let (problems, taken) = wanted(found);
            assert_eq!(problems, [format!("Address 10.1.2.1/24 is already held by {holder}")]);
            assert!(!taken);
        }
        let device = json!({"id": 6, "name": "Vlan7", "device": {"id": 2, "name": "c9500"}});
        let (problems, taken) =
            wanted(TruthAddress { interface_id: Some(6), ..held_by("dcim.interface", device) });
        assert_eq!(
            (problems, taken),
            (vec!["Address 10.1.2.1/24 is already held by c9500 Vlan7".to_owned()], false)
        );
    }

    #[test]
    fn an_address_that_nobody_holds_is_taken_unless_its_prefix_length_differs() {
        let (problems, taken) = wanted(record(json!({"id": 9, "address": "10.1.2.1/24"})));
        assert_eq!((problems, taken), (Vec::new(), true));
        let (problems, _) = wanted(record(json!({"id": 9, "address": "10.1.2.1/25"})));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("is in NetBox as 10.1.2.1/25, held by nobody"), "{problems:?}");
    }
}
