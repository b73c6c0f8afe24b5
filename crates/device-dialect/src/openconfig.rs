//! OpenConfig's interfaces with Ethernet, bundles, VLANs and addresses.

mod read;
mod write;

use change_model::interface::InterfaceState;

use crate::addresses;
use crate::checks;
use crate::dialect::{Dialect, Limits, Operational, Save};
use crate::edit::{self, Path, keyed, path};
use crate::error::{DialectError, Problem};

pub(crate) const IF: &str = "http://openconfig.net/yang/interfaces";
pub(crate) const ETH: &str = "http://openconfig.net/yang/interfaces/ethernet";
pub(crate) const LAG: &str = "http://openconfig.net/yang/interfaces/aggregate";
pub(crate) const VLAN: &str = "http://openconfig.net/yang/vlan";
pub(crate) const IP: &str = "http://openconfig.net/yang/interfaces/ip";

/// The dialect of `openconfig-interfaces` and the modules that augment it.
///
/// There is no leaf that says whether a port switches, and no primary address: the lowest counts as one. `GigabitEthernet1/0/5.100` is
/// sub-interface 100; addresses of the interface itself are on sub-interface 0, those of a VLAN interface in `routed-vlan`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenConfig {
    save: Save,
}

impl OpenConfig {
    /// The dialect for a device that keeps its configuration in this way.
    #[must_use]
    pub const fn new(save: Save) -> Self {
        Self { save }
    }
}

/// An interface, or a sub-interface of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) interface: String,
    pub(crate) index: Option<u32>,
}

impl Place {
    fn parse(name: &str) -> Result<Self, DialectError> {
        let refused = || DialectError::Interface(name.to_owned());
        let (interface, index) = match name.split_once('.') {
            Some((interface, index)) => (interface, Some(index.parse::<u32>().map_err(|_| refused())?)),
            None => (name, None),
        };
        if interface.is_empty() || interface.chars().any(char::is_control) {
            return Err(refused());
        }
        Ok(Self { interface: interface.to_owned(), index })
    }

    fn path(&self) -> Path {
        let mut at = keyed(path(&[(IF, "interfaces/interface")]), "name", self.interface.clone());
        if let Some(index) = self.index {
            at.extend(keyed(path(&[(IF, "subinterfaces/subinterface")]), "index", index.to_string()));
        }
        at
    }
}

/// What kind of interface it is, for where its settings stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Switches below `ethernet`.
    Port,
    /// A port channel: switches below `aggregation`.
    Bundle,
    /// A VLAN interface: does not switch, and has its addresses below `routed-vlan`.
    Vlan,
    /// A sub-interface: does not switch.
    Sub,
}

impl Form {
    /// By the interface's type, where the configuration tells it, or else by its name.
    pub(crate) fn of(place: &Place, kind: Option<&str>) -> Self {
        if place.index.is_some() {
            return Self::Sub;
        }
        match kind.and_then(|kind| kind.rsplit(':').next()) {
            Some("ieee8023adLag") => Self::Bundle,
            Some("l3ipvlan") => Self::Vlan,
            Some(_) => Self::Port,
            None if place.interface.starts_with("Port-channel") => Self::Bundle,
            None if place.interface.starts_with("Vlan") => Self::Vlan,
            None => Self::Port,
        }
    }

    /// Whether it can switch.
    pub(crate) const fn switches(self) -> bool {
        matches!(self, Self::Port | Self::Bundle)
    }

    /// The form of the interface in this state.
    pub(crate) fn in_state(place: &Place, state: &InterfaceState) -> Self {
        let kind = state.other.iter().find(|other| other.path == "config/type");
        Self::of(place, kind.map(|other| other.value.as_str()))
    }

    /// The container of its switching, and that one's namespace.
    pub(crate) const fn holder(self) -> (&'static str, &'static str) {
        match self {
            Self::Bundle => (LAG, "aggregation"),
            Self::Port | Self::Vlan | Self::Sub => (ETH, "ethernet"),
        }
    }

    /// Where other configuration shows a leaf of its switching.
    pub(crate) fn switched(self, leaf: &str) -> String {
        format!("{}/switched-vlan/config/{leaf}", self.holder().1)
    }
}

impl Dialect for OpenConfig {
    fn name(&self) -> &'static str {
        "openconfig"
    }

    fn filter(&self, interface: &str) -> Result<String, DialectError> {
        edit::filter(&Place::parse(interface)?.path())
    }

    fn read(&self, reply: &str, interface: &str) -> Result<Option<InterfaceState>, DialectError> {
        read::read(reply, &Place::parse(interface)?)
    }

    fn write(
        &self,
        interface: &str,
        before: &InterfaceState,
        after: &InterfaceState,
    ) -> Result<Option<String>, DialectError> {
        write::write(&Place::parse(interface)?, before, after)
    }

    fn settle(&self, interface: &str, before: &InterfaceState, wanted: &InterfaceState) -> InterfaceState {
        match Place::parse(interface) {
            Ok(place) => write::settle(Form::in_state(&place, wanted), before, wanted),
            Err(_) => wanted.clone(),
        }
    }

    fn check(&self, interface: &str, after: &InterfaceState) -> Vec<Problem> {
        let place = match Place::parse(interface) {
            Ok(place) => place,
            Err(error) => return vec![Problem::Interface(error)],
        };
        let mut problems = checks::common(&self.limits(), after);
        let form = Form::in_state(&place, after);
        if !form.switches() && (after.switchport == Some(true) || after.switchport_mode.is_some()) {
            problems.push(Problem::CannotSwitch { interface: interface.to_owned() });
        }
        let switched = after.switchport == Some(true) || after.switchport_mode.is_some();
        let address = after.ipv4.map(|net| net.to_string()).or(after.ipv6.first().map(ToString::to_string));
        if let Some(address) = address.filter(|_| switched) {
            problems.push(Problem::AddressOnSwitchport { address });
        }
        if let Some(what) = write::inexpressible(form, after) {
            problems.push(Problem::Inexpressible { what: what.to_owned() });
        }
        problems
    }

    fn limits(&self) -> Limits {
        Limits { description_chars: addresses::SNMP_ALIAS, mtu: 64..=u16::MAX }
    }

    fn save(&self) -> Save {
        self.save.clone()
    }

    fn operational_filter(&self, interface: &str) -> Result<String, DialectError> {
        edit::filter(&[Place::parse(interface)?.path(), path(&[(IF, "state")])].concat())
    }

    fn read_operational(&self, reply: &str, interface: &str) -> Result<Option<Operational>, DialectError> {
        read::operational(reply, &Place::parse(interface)?)
    }
}
