//! What every device family's dialect can do.

use std::fmt;
use std::ops::RangeInclusive;

use change_model::interface::{InterfaceState, OtherConfig};
use change_model::vlan::VlanId;

use crate::error::{DialectError, Problem};

/// A device family's way to write the configuration of an interface.
///
/// The law that holds for each of them, with `edit = write(i, before, after)` and both states [settled](Self::settle): a device that has
/// `before` and applies `edit` by the rules of RFC 6241 reads as `after`, and applying `inverse(i, before, after)` then leads back to
/// exactly what was there, absent leaves included.
pub trait Dialect: fmt::Debug + Send + Sync {
    /// A short name for logs and pages, e.g. `ios-xe`.
    fn name(&self) -> &'static str;

    /// The subtree filter for a get-config of one interface: the content of `<filter type="subtree">`.
    ///
    /// # Errors
    /// [`DialectError::Interface`] for a name that the family does not have.
    fn filter(&self, interface: &str) -> Result<String, DialectError>;

    /// The interface's state from a reply: the whole `<rpc-reply>`, its `<data>`, or what is inside. `None`: the configuration does not have it.
    ///
    /// # Errors
    /// When the reply is not XML, or a leaf that matters holds what it cannot.
    fn read(&self, reply: &str, interface: &str) -> Result<Option<InterfaceState>, DialectError>;

    /// The least `<config>` that leads from `before` to `after` with default-operation merge; `None` when there is nothing to do,
    /// whatever the device's state may be.
    ///
    /// # Errors
    /// When `after` cannot be expressed, contradicts itself, or would lose configuration that must be kept.
    fn write(
        &self,
        interface: &str,
        before: &InterfaceState,
        after: &InterfaceState,
    ) -> Result<Option<String>, DialectError>;

    /// The `<config>` that undoes `write(interface, before, after)`.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn inverse(
        &self,
        interface: &str,
        before: &InterfaceState,
        after: &InterfaceState,
    ) -> Result<Option<String>, DialectError> {
        self.write(interface, after, before)
    }

    /// `wanted` as the device will show it after the edit: what cannot stand beside it is dropped from `other` (a negotiated mode beside
    /// access, DHCP beside a fixed address), lists are sorted, and what the family's model cannot tell apart is written in one way.
    ///
    /// A plan must hold the settled state, and [`write`](Self::write) be given it.
    fn settle(&self, interface: &str, before: &InterfaceState, wanted: &InterfaceState) -> InterfaceState;

    /// Everything that speaks against this state on this interface. Only what the platform says; policy is the caller's.
    fn check(&self, interface: &str, after: &InterfaceState) -> Vec<Problem>;

    /// What the model allows.
    fn limits(&self) -> Limits;

    /// How the running configuration is made to last.
    fn save(&self) -> Save;

    /// The RPC that has the device re-read configuration made by command line, where there is one.
    fn sync_from(&self) -> Option<String> {
        None
    }

    /// The subtree filter for a `<get>` of the interface's operational state.
    ///
    /// # Errors
    /// [`DialectError::Interface`] for a name that the family does not have.
    fn operational_filter(&self, interface: &str) -> Result<String, DialectError>;

    /// The operational state from the reply to that; `None` when the device does not tell.
    ///
    /// # Errors
    /// When the reply is not XML.
    fn read_operational(&self, reply: &str, interface: &str) -> Result<Option<Operational>, DialectError>;

    /// The same family in the shape that this reply shows, where a release writes differently from what was assumed.
    fn adapted(&self, _reply: &str) -> Option<Box<dyn Dialect>> {
        None
    }

    /// The subtree filter for one VLAN, or for all.
    ///
    /// # Errors
    /// [`DialectError::Inexpressible`] where the family's VLANs are not known.
    fn vlan_filter(&self, _id: Option<VlanId>) -> Result<String, DialectError> {
        Err(no_vlans())
    }

    /// The VLANs of a reply, by number.
    ///
    /// # Errors
    /// When the reply is not XML, or the family's VLANs are not known.
    fn read_vlans(&self, _reply: &str) -> Result<Vec<VlanState>, DialectError> {
        Err(no_vlans())
    }

    /// Creates, renames or removes a VLAN; swapping the states undoes it.
    ///
    /// # Errors
    /// When the states are of two VLANs, what would change must be kept, or the family's VLANs are not known.
    fn write_vlan(
        &self,
        _before: Option<&VlanState>,
        _after: Option<&VlanState>,
    ) -> Result<Option<String>, DialectError> {
        Err(no_vlans())
    }

    /// Everything that speaks against this VLAN.
    fn check_vlan(&self, _after: &VlanState) -> Vec<Problem> {
        vec![Problem::Inexpressible { what: "VLANs of the device".to_owned() }]
    }
}

fn no_vlans() -> DialectError {
    DialectError::Inexpressible("VLANs of the device".to_owned())
}

/// What a family's model allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Most characters of a description, the ticket suffix included.
    pub description_chars: usize,
    /// Bytes.
    pub mtu: RangeInclusive<u16>,
}

/// How the running configuration is made to last.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Save {
    /// Send this as the operation of an `<rpc>`; a reply without rpc-error is success, its text is the evidence.
    Rpc(String),
    /// `<copy-config>` from running to startup.
    CopyConfig,
    /// The device keeps what it runs.
    NotNeeded,
}

/// What a device says of an interface right now, in its own words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operational {
    /// E.g. `if-state-up`, `UP`, `up`.
    pub admin_status: Option<String>,
    /// E.g. `if-oper-state-ready`, `LOWER_LAYER_DOWN`, `down`.
    pub oper_status: Option<String>,
}

/// A VLAN as a switch has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VlanState {
    /// Its number.
    pub id: VlanId,
    /// Its name, where the configuration gives one.
    pub name: Option<String>,
    /// Whatever else is configured on it.
    pub other: Vec<OtherConfig>,
}
