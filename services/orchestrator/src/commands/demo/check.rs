//! What must hold at the end of a scenario, looked at from outside: the ticket, NetBox, and the switch by a fresh NETCONF session.

use anyhow::{Context, Result, bail, ensure};
use change_model::{AllowedVlans, InterfaceState};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::adapters::device::Device;

/// Everything outside netchange that a change may touch, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshot {
    pub(super) switch: String,
    pub(super) netbox: Value,
    addresses: Vec<Value>,
}

impl Stage {
    /// How switch and NetBox are now.
    pub(super) fn snapshot(&self, interface: &str) -> Snapshot {
        let mut netbox = self.lab.netbox.interface(interface);
        // A write and its undoing both move it.
        netbox["last_updated"] = Value::Null;
        let relation = |address: &Value| json!({"address": address["address"], "held_by": address["assigned_object_id"]});
        let addresses = self.lab.netbox.addresses().iter().map(relation).collect();
        Snapshot { switch: self.lab.switch.running_interface(interface), netbox, addresses }
    }

    /// Switch and NetBox are as they were.
    pub(super) fn nothing_changed(&self, interface: &str, before: &Snapshot) -> Result<()> {
        let now = self.snapshot(interface);
        ensure!(
            now.switch == before.switch,
            "the switch is not as before:\n{}\n{}",
            before.switch,
            now.switch
        );
        ensure!(now == *before, "NetBox is not as before:\n{}\n{}", before.netbox, now.netbox);
        Ok(())
    }

    /// The switch's running configuration by a session of its own.
    pub(super) async fn running(&self, interface: &str) -> Result<InterfaceState> {
        let address = Some(std::net::Ipv4Addr::LOCALHOST);
        let device = Device::connect_at(&self.settings.devices, &"c9300".parse()?, address).await?;
        let found = device.read(&interface.parse()?).await;
        device.close().await;
        Ok(found?.with_context(|| format!("the switch has no {interface}"))?.state)
    }

    /// The ticket is closed with SUCCESS, and switch and NetBox are as it says.
    pub(super) async fn done(&self, ticket: u64) -> Result<()> {
        self.ticket_is(ticket, "closed").await?;
        ensure!(self.notes(ticket).contains("SUCCESS"), "no note says SUCCESS");
        let asked = self.lab.zammad.ticket(ticket);
        let interface = asked["network_interface_name"].as_str().unwrap_or_default().to_owned();
        let running = self.running(&interface).await?;
        compare_switch(&asked, &running, &self.number(ticket))
            .context("the switch is not as the ticket says")?;
        let netbox = self.lab.netbox.interface(&interface);
        compare_netbox(&asked, &netbox).context("NetBox is not as the ticket says")?;
        ensure!(
            self.lab.switch.startup().contains(&format!("##ticket:{}##", self.number(ticket))),
            "the startup configuration is not saved"
        );
        Ok(())
    }
}

fn compare_switch(asked: &Value, running: &InterfaceState, number: &str) -> Result<()> {
    if let Some(enabled) = asked["network_interface_enabled"].as_bool() {
        ensure!(running.enabled == enabled, "enabled is {}", running.enabled);
    }
    if let Some(description) = asked["network_interface_description"].as_str() {
        let wanted =
            if description.is_empty() { None } else { Some(format!("{description} ##ticket:{number}##")) };
        ensure!(running.description == wanted, "the description is {:?}", running.description);
    }
    if let Some(mtu) = asked["network_interface_mtu"].as_u64() {
        ensure!(u64::from(running.mtu.unwrap_or(1500)) == mtu, "the MTU is {:?}", running.mtu);
    }
    let mode = asked["network_switchport_mode_and_vlan"].as_str().unwrap_or_default();
    let parts: Vec<&str> = mode.split(':').collect();
    let vlan = |vlan: Option<change_model::VlanId>| vlan.map_or_else(String::new, |vlan| vlan.to_string());
    match parts.as_slice() {
        ["access", wanted, ..] => {
            ensure!(vlan(running.access_vlan) == *wanted, "the access VLAN is {:?}", running.access_vlan);
            ensure!(
                running.native_vlan.is_none() && running.allowed_vlans.is_none() && running.ipv4.is_none(),
                "an old mode is left: {running:?}"
            );
        }
        ["trunk", native, tagged] => {
            let carried =
                running.allowed_vlans.as_ref().map_or_else(|| "all".to_owned(), AllowedVlans::to_list);
            ensure!(carried == *tagged, "the trunk carries {carried}");
            ensure!(
                native.is_empty() || vlan(running.native_vlan) == *native,
                "the native VLAN is {:?}",
                running.native_vlan
            );
            ensure!(
                running.access_vlan.is_none() && running.ipv4.is_none(),
                "an old mode is left: {running:?}"
            );
        }
        ["l3", ..] => {
            let address = running.ipv4.map(|net| net.to_string()).unwrap_or_default();
            ensure!(asked["network_interface_ip4_address"] == address.as_str(), "the address is {address:?}");
            let switched = running.access_vlan.is_some()
                || running.native_vlan.is_some()
                || running.allowed_vlans.is_some();
            ensure!(running.is_routed() && !switched, "an old mode is left: {running:?}");
        }
        _ => {}
    }
    Ok(())
}

fn compare_netbox(asked: &Value, netbox: &Value) -> Result<()> {
    ensure!(netbox["custom_fields"]["change_ticket_number"].is_null(), "the ticket field is not cleared");
    for (field, own) in [
        ("network_interface_enabled", "enabled"),
        ("network_interface_description", "description"),
        ("network_interface_mtu", "mtu"),
    ] {
        ensure!(asked[field].is_null() || asked[field] == netbox[own], "{own} is {}", netbox[own]);
    }
    let mode = asked["network_switchport_mode_and_vlan"].as_str().unwrap_or_default();
    let wanted = match mode.split(':').collect::<Vec<_>>().as_slice() {
        ["access", ..] => json!("access"),
        ["trunk", _, "all"] => json!("tagged-all"),
        ["trunk", ..] => json!("tagged"),
        ["l3", ..] => Value::Null,
        _ => return Ok(()),
    };
    if netbox["mode"]["value"] != wanted && netbox["mode"] != wanted {
        bail!("the mode is {}", netbox["mode"]);
    }
    Ok(())
}
