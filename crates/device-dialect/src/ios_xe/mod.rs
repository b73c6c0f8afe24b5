//! IOS-XE by its native model, in the shapes up to 17.1, of 17.2 and 17.3, and from 17.4.

mod port;
mod read;
mod vlans;
mod write;

use change_model::interface::{InterfaceState, SwitchportMode};
use change_model::vlan::VlanId;

use crate::checks;
use crate::dialect::{Dialect, Limits, Operational, Save, VlanState};
use crate::edit;
use crate::error::{DialectError, Problem};
use crate::operational;
use port::Port;

pub(crate) const NATIVE: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-native";
pub(crate) const SWITCH: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-switch";
pub(crate) const VLAN: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-vlan";
pub(crate) const ETHERNET: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-ethernet";
const OPER: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-interfaces-oper";

/// RPC of the `cisco-ia` module: running to startup.
pub(crate) const SAVE_CONFIG: &str = r#"<save-config xmlns="http://cisco.com/yang/cisco-ia"/>"#;
/// RPC of the `cisco-ia` module: the data store re-reads the command-line configuration.
const SYNC_FROM: &str = r#"<sync-from xmlns="http://cisco.com/yang/cisco-ia"/>"#;

/// Where a release keeps the settings of a switched port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Shape {
    /// Under `switchport-config/switchport`, from 17.4.
    #[default]
    From17_4,
    /// Under `switchport`, with the native VLAN in `vlan-config`: 17.2 and 17.3.
    From17_2,
    /// Under `switchport`, with the native VLAN in a leaf `vlan`: up to 17.1.
    UpTo17_1,
}

impl Shape {
    /// The container of a port's switching.
    pub(crate) const fn container(self) -> &'static str {
        match self {
            Self::From17_4 => "switchport-config/switchport",
            Self::From17_2 | Self::UpTo17_1 => "switchport",
        }
    }

    /// The leaf of the native VLAN below that.
    pub(crate) const fn native_vlan(self) -> &'static str {
        match self {
            Self::From17_4 => "trunk/native/vlan/vlan-id",
            Self::From17_2 => "trunk/native/vlan-config/vlan-id",
            Self::UpTo17_1 => "trunk/native/vlan",
        }
    }
}

/// The dialect of IOS-XE's native model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IosXe {
    shape: Shape,
}

impl IosXe {
    /// The dialect in a given shape.
    #[must_use]
    pub const fn new(shape: Shape) -> Self {
        Self { shape }
    }

    /// The shape it writes; it reads all.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }
}

/// What is kept and what the model's `must` rules forbid beside the new state.
fn kept_against(shape: Shape, interface: &str, after: &InterfaceState) -> Vec<Problem> {
    let secure =
        format!("{}/port-security-config/port-security/mac-address-config/mac-address", shape.container());
    let mode = after.switchport_mode;
    let rules = [
        ("vrf/forwarding".to_owned(), after.switchport == Some(true), "while the port switches"),
        (format!("{secure}/hw-address-trunk"), mode != Some(SwitchportMode::Trunk), "without trunk mode"),
        (format!("{secure}/hw-address-voice"), mode != Some(SwitchportMode::Access), "without access mode"),
    ];
    let against = |(at, forbidden, beside): &(String, bool, &'static str)| {
        let found = after.other.iter().find(|other| *forbidden && edit::within(&other.path, at))?;
        Some(Problem::KeptAgainst { interface: interface.to_owned(), path: found.path.clone(), beside })
    };
    rules.iter().filter_map(against).collect()
}

impl Dialect for IosXe {
    fn name(&self) -> &'static str {
        match self.shape {
            Shape::From17_4 => "ios-xe",
            Shape::From17_2 => "ios-xe 17.2",
            Shape::UpTo17_1 => "ios-xe up to 17.1",
        }
    }

    fn filter(&self, interface: &str) -> Result<String, DialectError> {
        edit::filter(&Port::parse(interface)?.path())
    }

    fn read(&self, reply: &str, interface: &str) -> Result<Option<InterfaceState>, DialectError> {
        read::read(self.shape, reply, &Port::parse(interface)?)
    }

    fn write(
        &self,
        interface: &str,
        before: &InterfaceState,
        after: &InterfaceState,
    ) -> Result<Option<String>, DialectError> {
        write::write(self.shape, &Port::parse(interface)?, before, after)
    }

    fn settle(&self, _interface: &str, before: &InterfaceState, wanted: &InterfaceState) -> InterfaceState {
        write::settle(self.shape, before, wanted)
    }

    fn check(&self, interface: &str, after: &InterfaceState) -> Vec<Problem> {
        let port = match Port::parse(interface) {
            Ok(port) => port,
            Err(error) => return vec![Problem::Interface(error)],
        };
        let mut problems = checks::common(&self.limits(), after);
        let switching = after.switchport == Some(true)
            || after.switchport_mode.is_some()
            || after.access_vlan.is_some()
            || after.native_vlan.is_some()
            || after.allowed_vlans.is_some();
        if switching && !port.switches() {
            problems.push(Problem::CannotSwitch { interface: interface.to_owned() });
        }
        let address = after.ipv4.map(|net| net.to_string()).or(after.ipv6.first().map(ToString::to_string));
        if let Some(address) = address {
            if after.switchport == Some(true) {
                problems.push(Problem::AddressOnSwitchport { address });
            }
            let tagged = after.other.iter().any(|other| edit::within(&other.path, "encapsulation"));
            if port.is_subinterface() && !tagged {
                problems.push(Problem::NoEncapsulation { interface: interface.to_owned() });
            }
        }
        if let Some(group) = after.channel_group
            && !after.other.iter().any(|other| other.path == "channel-group/mode")
        {
            problems.push(Problem::NoChannelMode { group });
        }
        problems.extend(kept_against(self.shape, interface, after));
        problems
    }

    fn limits(&self) -> Limits {
        let description_chars = match self.shape {
            Shape::From17_4 => 200,
            Shape::From17_2 | Shape::UpTo17_1 => 240,
        };
        Limits { description_chars, mtu: 64..=18_000 }
    }

    fn save(&self) -> Save {
        Save::Rpc(SAVE_CONFIG.to_owned())
    }

    fn sync_from(&self) -> Option<String> {
        Some(SYNC_FROM.to_owned())
    }

    fn operational_filter(&self, interface: &str) -> Result<String, DialectError> {
        Port::parse(interface)?;
        operational::filter(OPER, "interfaces/interface", interface)
    }

    fn read_operational(&self, reply: &str, interface: &str) -> Result<Option<Operational>, DialectError> {
        operational::read(reply, OPER, ("interfaces", interface))
    }

    fn adapted(&self, reply: &str) -> Option<Box<dyn Dialect>> {
        let seen = read::shape(self.shape, reply)?;
        (seen != self.shape).then(|| -> Box<dyn Dialect> { Box::new(Self::new(seen)) })
    }

    fn vlan_filter(&self, id: Option<VlanId>) -> Result<String, DialectError> {
        edit::filter(&vlans::path(id))
    }

    fn read_vlans(&self, reply: &str) -> Result<Vec<VlanState>, DialectError> {
        vlans::read(reply)
    }

    fn write_vlan(
        &self,
        before: Option<&VlanState>,
        after: Option<&VlanState>,
    ) -> Result<Option<String>, DialectError> {
        vlans::write(before, after)
    }

    fn check_vlan(&self, after: &VlanState) -> Vec<Problem> {
        vlans::check(after)
    }
}
