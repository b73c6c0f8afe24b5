//! `netchange show interface`: what a device has, read from it now.

use anyhow::{Result, bail};
use change_model::{DeviceName, InterfaceName, InterfaceState};

use super::argument;
use super::output::{line, table};
use crate::adapters::device::Device;
use crate::adapters::restconf;
use crate::app::App;
use crate::cli::{Format, ShowCommand, ShowInterfaceArgs};
use crate::settings::Settings;
use crate::store::Store;
use crate::telemetry::{self, Logs};

pub(super) async fn run(command: ShowCommand) -> Result<u8> {
    telemetry::start(Logs::Quiet)?;
    let ShowCommand::Interface(args) = command;
    interface(args).await
}

async fn interface(args: ShowInterfaceArgs) -> Result<u8> {
    let settings = Settings::load(args.config.config.as_deref())?;
    let name: DeviceName = argument(&args.device)?;
    let interface: InterfaceName = argument(&args.interface)?;
    let app = App::new(settings, Store::open("sqlite::memory:").await?)?;
    let device = Device::find(&app, &name).await?;
    let found = device.read(&interface).await;
    device.close().await;
    let Some(found) = found? else {
        bail!("{name} has no interface {interface} in its running configuration")
    };
    match args.format {
        Format::Xml => line(&found.xml),
        Format::Json => line(&restconf::interface_json(&found.xml, device.session.capabilities())?),
        Format::Table => table(&["PROPERTY", "VALUE"], &rows(&found.state)),
    }
    Ok(0)
}

fn rows(state: &InterfaceState) -> Vec<Vec<String>> {
    let text = |value: Option<String>| value.unwrap_or_else(|| "(default)".to_owned());
    let list = |values: Vec<String>| if values.is_empty() { "(none)".to_owned() } else { values.join(", ") };
    let mut rows = vec![
        ("enabled", if state.enabled { "yes" } else { "no" }.to_owned()),
        ("description", state.description.clone().unwrap_or_else(|| "(none)".to_owned())),
        ("MTU", text(state.mtu.map(|mtu| mtu.to_string()))),
        ("routed", if state.is_routed() { "yes" } else { "no" }.to_owned()),
        ("mode", text(state.switchport_mode.map(|mode| format!("{mode:?}").to_lowercase()))),
        ("access VLAN", text(state.access_vlan.map(|vlan| vlan.to_string()))),
        ("native VLAN", text(state.native_vlan.map(|vlan| vlan.to_string()))),
        ("allowed VLANs", text(state.allowed_vlans.as_ref().map(change_model::AllowedVlans::to_list))),
        ("IPv4", list(state.ipv4.iter().chain(&state.ipv4_secondary).map(ToString::to_string).collect())),
        ("IPv6", list(state.ipv6.iter().map(ToString::to_string).collect())),
        ("channel group", text(state.channel_group.map(|group| group.to_string()))),
    ];
    rows.extend(
        state
            .other
            .iter()
            .map(|other| ("other", format!("{} {}", other.path, other.value).trim().to_owned())),
    );
    rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
}
