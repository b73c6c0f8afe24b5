//! The calls.

use std::collections::BTreeMap;

use crate::client::Client;
use crate::error::Error;
use crate::etag::{IfMatch, Written};
use crate::id::{CustomFieldId, DeviceId, EventRuleId, InterfaceId, IpAddressId, WebhookId};
use crate::listing::Listing;
use crate::model::{
    CustomField, Device, EventRule, Interface, IpAddress, JournalEntry, ObjectChange, Status, Vlan, Webhook,
};
use crate::params::{InterfaceParams, IpAddressParams, ObjectChangeParams, VlanParams};
use crate::patch::{Field, InterfacePatch, IpAddressPatch, NewIpAddress, NewJournalEntry};
use crate::request;
use crate::setup::{NewCustomField, NewEventRule, NewWebhook};

/// Reading. One request each unless said otherwise; lists one per page of up to 250 objects.
impl Client {
    /// Version and state of the server.
    ///
    /// # Errors
    /// See [`Error`]; likewise for all other calls.
    pub async fn status(&self) -> Result<Status, Error> {
        Ok(self.read(request::get("/api/status/", &[])?).await?.0)
    }

    /// The device of exactly this name.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] if several sites have one.
    pub async fn find_device(&self, name: &str) -> Result<Option<Device>, Error> {
        let wanted = name.to_owned();
        let found = self
            .list(request::devices_named(name), move |device: &Device| device.name.as_ref() == Some(&wanted));
        found.at_most_one(|| format!("devices named {name}")).await
    }

    /// A device.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none with this id.
    pub async fn get_device(&self, id: DeviceId) -> Result<Device, Error> {
        Ok(self.read(request::device(id)?).await?.0)
    }

    /// The interface of exactly this name on this very device (not on another member of its stack).
    ///
    /// # Errors
    /// [`Error::Invalid`] if the device does not exist.
    pub async fn find_interface(&self, device: DeviceId, name: &str) -> Result<Option<Interface>, Error> {
        let params = InterfaceParams::from(device).name(name);
        self.list_interfaces(params)
            .at_most_one(|| format!("interfaces named {name} on device {device}"))
            .await
    }

    /// An interface.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none with this id.
    pub async fn get_interface(&self, id: InterfaceId) -> Result<Interface, Error> {
        let (mut interface, etag) = self.read::<Interface>(request::interface(id)?).await?;
        interface.received_etag = etag;
        Ok(interface)
    }

    /// Interfaces: of a device (`list_interfaces(device_id)`), or by [`InterfaceParams`].
    pub fn list_interfaces(&self, params: impl Into<InterfaceParams>) -> Listing<Interface> {
        let params = params.into();
        self.list(request::interfaces(&params), move |interface| params.accept(interface))
    }

    /// The VLAN of this tag that interfaces of `device` may use: its site's own, else a global one.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] if several VLANs of the same rank have the tag.
    pub async fn find_vlan_available(&self, device: &Device, vid: u16) -> Result<Option<Vlan>, Error> {
        let found = self.list_vlans(VlanParams::default().available_on(device).vid(vid)).all().await?;
        first_in_rank(found, device, vid)
    }

    /// As [`Client::find_vlan_available`] for several tags, with as many requests as the list of all its VLANs takes, however many tags
    /// are asked for. A tag without a VLAN is left out.
    ///
    /// # Errors
    /// [`Error::Ambiguous`] if several VLANs of the same rank have one of the tags.
    pub async fn find_vlans_available(&self, device: &Device, vids: &[u16]) -> Result<Vec<Vlan>, Error> {
        let mut of_tag: BTreeMap<u16, Vec<Vlan>> = vids.iter().map(|vid| (*vid, Vec::new())).collect();
        for vlan in self.list_vlans_available(device).all().await? {
            if let Some(same) = of_tag.get_mut(&vlan.vid) {
                same.push(vlan);
            }
        }
        let ranked = of_tag.into_iter().map(|(vid, found)| first_in_rank(found, device, vid));
        ranked.filter_map(Result::transpose).collect()
    }

    /// The VLANs that interfaces of `device` may use: those of its site and the global ones.
    pub fn list_vlans_available(&self, device: &Device) -> Listing<Vlan> {
        self.list_vlans(VlanParams::default().available_on(device))
    }

    /// VLANs.
    pub fn list_vlans(&self, params: VlanParams) -> Listing<Vlan> {
        self.list(request::vlans(&params), move |vlan| params.accept(vlan))
    }

    /// Addresses: of an interface or device (`list_ip_addresses(interface_id)`), or by [`IpAddressParams`].
    pub fn list_ip_addresses(&self, params: impl Into<IpAddressParams>) -> Listing<IpAddress> {
        let params = params.into();
        self.list(request::addresses(&params), move |address| params.accept(address))
    }

    /// An address.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none with this id.
    pub async fn get_ip_address(&self, id: IpAddressId) -> Result<IpAddress, Error> {
        let (mut address, etag) = self.read::<IpAddress>(request::address(id)?).await?;
        address.received_etag = etag;
        Ok(address)
    }

    /// Entries of the change log, latest first. On servers before 4.1 two requests, since the log lay elsewhere.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_object_changes(&self, params: &ObjectChangeParams) -> Result<Vec<ObjectChange>, Error> {
        let list = |path: &str| {
            let wanted = params.clone();
            self.list(request::changes(path, params), move |change| wanted.accept(change)).all()
        };
        match list(request::CHANGES).await {
            Err(error) if error.is_not_found() => list(request::CHANGES_3).await,
            result => result,
        }
    }

    /// Journal entries of an interface, latest first.
    pub fn list_journal_entries(&self, interface: InterfaceId) -> Listing<JournalEntry> {
        self.list(request::journal(interface), move |entry: &JournalEntry| {
            entry.assigned_object_type == crate::model::INTERFACE_TYPE
                && entry.assigned_object_id == interface.0
        })
    }
}

/// Writing. Never repeated by the client; [`Error::OutcomeUnknown`] where nobody knows whether it was done.
impl Client {
    /// Updates an interface: [`Error::Changed`] if it is not as `if_match` says. Compare the answer by [`InterfacePatch::unmet`].
    ///
    /// NetBox protects a `mgmt_only` interface from nothing; look at [`Interface::mgmt_only`] first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn patch_interface(
        &self,
        id: InterfaceId,
        patch: &InterfacePatch,
        if_match: IfMatch,
    ) -> Result<Written<Interface>, Error> {
        let written = self.write::<Interface>(request::patch_interface(id, patch, &if_match)?).await?;
        let etag = written.etag.clone();
        Ok(written.map(|interface| Interface { received_etag: etag, ..interface }))
    }

    /// Updates several interfaces, all or none, in one request. Problems name the interface by id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn patch_interfaces(
        &self,
        patches: &[(InterfaceId, InterfacePatch)],
        if_match: IfMatch,
    ) -> Result<Written<Vec<Interface>>, Error> {
        self.write(request::patch_interfaces(patches, &if_match)?).await
    }

    /// Makes an address.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a duplicate (where the server forbids them), a network address, a missing interface.
    pub async fn create_ip_address(&self, new: &NewIpAddress) -> Result<Written<IpAddress>, Error> {
        Ok(with_etag(self.write(request::create_address(new)?).await?))
    }

    /// Updates an address.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn patch_ip_address(
        &self,
        id: IpAddressId,
        patch: &IpAddressPatch,
        if_match: IfMatch,
    ) -> Result<Written<IpAddress>, Error> {
        Ok(with_etag(self.write(request::patch_address(id, patch, &if_match)?).await?))
    }

    /// Gives an address to an interface. NetBox takes it from another one without a word: look first, and be conditional.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn assign_ip_address(
        &self,
        id: IpAddressId,
        interface: InterfaceId,
        if_match: IfMatch,
    ) -> Result<Written<IpAddress>, Error> {
        let patch = IpAddressPatch { interface: Field::Set(interface), ..IpAddressPatch::default() };
        self.patch_ip_address(id, &patch, if_match).await
    }

    /// Takes an address from whatever holds it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the primary address of a device.
    pub async fn unassign_ip_address(
        &self,
        id: IpAddressId,
        if_match: IfMatch,
    ) -> Result<Written<IpAddress>, Error> {
        let patch = IpAddressPatch { interface: Field::Clear, ..IpAddressPatch::default() };
        self.patch_ip_address(id, &patch, if_match).await
    }

    /// Deletes an address.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is gone already.
    pub async fn delete_ip_address(&self, id: IpAddressId, if_match: IfMatch) -> Result<Written<()>, Error> {
        let answer = self.send(request::delete(&request::one(request::ADDRESSES, id.0), &if_match)?).await?;
        Ok(Written { value: (), etag: None, request_id: answer.request_id() })
    }

    /// Adds a journal entry to an interface.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create_journal_entry(&self, new: &NewJournalEntry) -> Result<Written<JournalEntry>, Error> {
        self.write(request::create_journal_entry(new)?).await
    }
}

fn with_etag(written: Written<IpAddress>) -> Written<IpAddress> {
    let etag = written.etag.clone();
    written.map(|address| IpAddress { received_etag: etag, ..address })
}

/// Making a NetBox ready (4.1 and later).
impl Client {
    /// The webhook of exactly this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find_webhook(&self, name: &str) -> Result<Option<Webhook>, Error> {
        let wanted = name.to_owned();
        let found =
            self.list(request::named(request::WEBHOOKS, name), move |hook: &Webhook| hook.name == wanted);
        found.at_most_one(|| format!("webhooks named {name}")).await
    }

    /// Makes a webhook, or brings the one with this id into this form.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn save_webhook(
        &self,
        id: Option<WebhookId>,
        new: &NewWebhook,
    ) -> Result<Written<Webhook>, Error> {
        self.write(request::save_webhook(id, new)?).await
    }

    /// The event rule of exactly this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find_event_rule(&self, name: &str) -> Result<Option<EventRule>, Error> {
        let wanted = name.to_owned();
        let found = self
            .list(request::named(request::EVENT_RULES, name), move |rule: &EventRule| rule.name == wanted);
        found.at_most_one(|| format!("event rules named {name}")).await
    }

    /// Makes an event rule, or brings the one with this id into this form.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn save_event_rule(
        &self,
        id: Option<EventRuleId>,
        new: &NewEventRule,
    ) -> Result<Written<EventRule>, Error> {
        self.write(request::save_event_rule(id.map(|id| id.0), new)?).await
    }

    /// The custom field of exactly this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find_custom_field(&self, name: &str) -> Result<Option<CustomField>, Error> {
        let wanted = name.to_owned();
        let found = self.list(request::named(request::CUSTOM_FIELDS, name), move |field: &CustomField| {
            field.name == wanted
        });
        found.at_most_one(|| format!("custom fields named {name}")).await
    }

    /// Makes a custom field, or brings the one with this id into this form.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn save_custom_field(
        &self,
        id: Option<CustomFieldId>,
        new: &NewCustomField,
    ) -> Result<Written<CustomField>, Error> {
        self.write(request::save_custom_field(id.map(|id| id.0), new)?).await
    }
}

/// Of the VLANs with one tag the one that counts: the site's own before a global one.
fn first_in_rank(found: Vec<Vlan>, device: &Device, vid: u16) -> Result<Option<Vlan>, Error> {
    let (mut own, mut global): (Vec<_>, Vec<_>) = found.into_iter().partition(|vlan| vlan.site.is_some());
    let candidates = if own.is_empty() { &mut global } else { &mut own };
    match candidates.len() {
        0 | 1 => Ok(candidates.pop()),
        count => Err(Error::Ambiguous { what: format!("VLANs {vid} for device {}", device.id), count }),
    }
}
