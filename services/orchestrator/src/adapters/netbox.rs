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
        let all = client.list_vlans_available(device).all().await?;
        return Ok(all.into_iter().filter_map(row).filter(|(vid, _)| named.contains(vid)).collect());
    }
    let lookups = named.iter().map(|vlan| client.find_vlan_available(device, vlan.get()));
    let found = futures_util::future::try_join_all(lookups).await?;
    Ok(found.into_iter().flatten().filter_map(row).collect())
}

async fn same_address(client: &Client, settings: &RequestedSettings) -> Result<Vec<IpAddress>, Error> {
    let Some(ModeRequest::L3 { address }) = &settings.mode else { return Ok(Vec::new()) };
    client.list_ip_addresses(IpAddressParams::default().address(address.addr().into())).all().await
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
    let object = address.assigned_object.as_ref();
    let device = address.device().and_then(|device| device.name.as_deref());
    let name = object.and_then(|object| object.name.as_deref());
    TruthAddress {
        id: address.id.0,
        address: address.address.to_string(),
        interface_id: address.interface_id().map(|id| id.0),
        holder: [device, name].into_iter().flatten().collect::<Vec<_>>().join(" "),
    }
}
