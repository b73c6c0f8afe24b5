//! What to list. NetBox ignores filters that it does not know, so every parameter can also judge a result.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::id::{DeviceId, InterfaceId, SiteId};
use crate::model::{Device, Interface, IpAddress, ObjectChange, Vlan};

/// Query parameters, in order.
pub(crate) type Query = Vec<(String, String)>;

fn push(query: &mut Query, name: &str, value: Option<&dyn ToString>) {
    if let Some(value) = value {
        query.push((name.to_owned(), value.to_string()));
    }
}

fn dynamic<T: ToString>(value: &Option<T>) -> Option<&dyn ToString> {
    value.as_ref().map(|value| value as &dyn ToString)
}

/// Which interfaces to list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InterfaceParams {
    device: Option<DeviceId>,
    name: Option<String>,
    custom_field_filled: Option<String>,
    updated_since: Option<String>,
}

impl InterfaceParams {
    /// Of this device, which must exist (else NetBox answers 400).
    #[must_use]
    pub fn device(mut self, device: DeviceId) -> Self {
        self.device = Some(device);
        self
    }

    /// With exactly this name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With something in this custom field (text).
    ///
    /// NetBox ignores the filter, and sends everything for the client to sort out, unless the field's filter logic is `exact`, which
    /// [`NewCustomField`](crate::NewCustomField) makes it. With [`updated_since`](Self::updated_since) the answer stays short anyhow.
    #[must_use]
    pub fn custom_field_filled(mut self, name: impl Into<String>) -> Self {
        self.custom_field_filled = Some(name.into());
        self
    }

    /// Written at or after this time (RFC 3339). The only parameter whose result is not checked again.
    #[must_use]
    pub fn updated_since(mut self, time: impl Into<String>) -> Self {
        self.updated_since = Some(time.into());
        self
    }

    pub(crate) fn query(&self) -> Query {
        let mut query = Query::new();
        push(&mut query, "device_id", dynamic(&self.device));
        push(&mut query, "name", dynamic(&self.name));
        if let Some(field) = &self.custom_field_filled {
            query.push((format!("cf_{field}__empty"), "false".to_owned()));
        }
        push(&mut query, "last_updated__gte", dynamic(&self.updated_since));
        query
    }

    pub(crate) fn accept(&self, interface: &Interface) -> bool {
        self.device.is_none_or(|device| interface.device.id == device)
            && self.name.as_ref().is_none_or(|name| interface.name == *name)
            && self.custom_field_filled.as_ref().is_none_or(|field| interface.custom_text(field).is_some())
    }
}

impl From<DeviceId> for InterfaceParams {
    fn from(device: DeviceId) -> Self {
        Self::default().device(device)
    }
}

/// Which addresses to list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IpAddressParams {
    interface: Option<InterfaceId>,
    device: Option<DeviceId>,
    parent: Option<IpNet>,
    address: Option<IpAddr>,
}

impl IpAddressParams {
    /// On this interface.
    #[must_use]
    pub fn interface(mut self, interface: InterfaceId) -> Self {
        self.interface = Some(interface);
        self
    }

    /// On an interface of this device.
    #[must_use]
    pub fn device(mut self, device: DeviceId) -> Self {
        self.device = Some(device);
        self
    }

    /// Within this network.
    #[must_use]
    pub fn parent(mut self, parent: IpNet) -> Self {
        self.parent = Some(parent.trunc());
        self
    }

    /// This host address, whatever the length of its prefix.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    pub(crate) fn query(&self) -> Query {
        let mut query = Query::new();
        push(&mut query, "interface_id", dynamic(&self.interface));
        push(&mut query, "device_id", dynamic(&self.device));
        push(&mut query, "parent", dynamic(&self.parent));
        push(&mut query, "address", dynamic(&self.address));
        query
    }

    pub(crate) fn accept(&self, found: &IpAddress) -> bool {
        self.interface.is_none_or(|interface| found.interface_id() == Some(interface))
            && self.device.is_none_or(|device| found.device().is_some_and(|holder| holder.id == device))
            && self.parent.is_none_or(|parent| parent.contains(&found.address.addr()))
            && self.address.is_none_or(|address| found.address.addr() == address)
    }
}

impl From<InterfaceId> for IpAddressParams {
    fn from(interface: InterfaceId) -> Self {
        Self::default().interface(interface)
    }
}

impl From<DeviceId> for IpAddressParams {
    fn from(device: DeviceId) -> Self {
        Self::default().device(device)
    }
}

/// Which VLANs to list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VlanParams {
    vid: Option<u16>,
    site: Option<SiteId>,
    available_on: Option<(DeviceId, SiteId)>,
}

impl VlanParams {
    /// With this tag.
    #[must_use]
    pub fn vid(mut self, vid: u16) -> Self {
        self.vid = Some(vid);
        self
    }

    /// Of this site, global ones not included.
    #[must_use]
    pub fn site(mut self, site: SiteId) -> Self {
        self.site = Some(site);
        self
    }

    /// That interfaces of this device may use: those of its site and global ones.
    #[must_use]
    pub fn available_on(mut self, device: &Device) -> Self {
        self.available_on = Some((device.id, device.site.id));
        self
    }

    pub(crate) fn query(&self) -> Query {
        let mut query = Query::new();
        push(&mut query, "vid", dynamic(&self.vid));
        push(&mut query, "site_id", dynamic(&self.site));
        push(&mut query, "available_on_device", dynamic(&self.available_on.map(|(device, _)| device)));
        query
    }

    pub(crate) fn accept(&self, vlan: &Vlan) -> bool {
        let site = vlan.site.as_ref().map(|site| site.id);
        self.vid.is_none_or(|vid| vlan.vid == vid)
            && self.site.is_none_or(|wanted| site == Some(wanted))
            && self.available_on.is_none_or(|(_, of_device)| site.is_none_or(|site| site == of_device))
    }
}

/// Which entries of the change log to list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObjectChangeParams {
    object: Option<(String, u64)>,
    request: Option<String>,
    after: Option<String>,
}

impl ObjectChangeParams {
    /// Of this interface.
    #[must_use]
    pub fn interface(self, interface: InterfaceId) -> Self {
        self.object("dcim.interface", interface.0)
    }

    /// Of this object, e.g. `ipam.ipaddress`.
    #[must_use]
    pub fn object(mut self, object_type: impl Into<String>, id: u64) -> Self {
        self.object = Some((object_type.into(), id));
        self
    }

    /// Caused by this request.
    #[must_use]
    pub fn request(mut self, request: &crate::RequestId) -> Self {
        self.request = Some(request.as_str().to_owned());
        self
    }

    /// At or after this time (RFC 3339). Not checked again on the results.
    #[must_use]
    pub fn after(mut self, time: impl Into<String>) -> Self {
        self.after = Some(time.into());
        self
    }

    pub(crate) fn query(&self) -> Query {
        let mut query = Query::new();
        if let Some((object_type, id)) = &self.object {
            query.push(("changed_object_type".to_owned(), object_type.clone()));
            query.push(("changed_object_id".to_owned(), id.to_string()));
        }
        push(&mut query, "request_id", dynamic(&self.request));
        push(&mut query, "time_after", dynamic(&self.after));
        query
    }

    pub(crate) fn accept(&self, change: &ObjectChange) -> bool {
        self.object.as_ref().is_none_or(|(object_type, id)| {
            change.changed_object_type == *object_type && change.changed_object_id == *id
        }) && self.request.as_ref().is_none_or(|request| change.request_id == *request)
    }
}
