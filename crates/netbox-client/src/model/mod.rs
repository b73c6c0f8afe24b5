//! NetBox's objects, as far as they are used here; unknown keys are ignored, unknown choices are kept as text.

mod address;
mod change;
mod choice;
mod device;
mod interface;
mod setup;
mod vlan;

pub(crate) use address::INTERFACE_TYPE;
pub use address::{AssignedObject, IpAddress};
pub use change::{JournalEntry, JournalKind, ObjectChange};
pub use choice::Choice;
pub use device::{Device, DeviceRef, PrimaryIp, SiteRef};
pub use interface::{Interface, InterfaceMode};
pub use setup::{CustomField, EventRule, Status, Webhook};
pub use vlan::{Vlan, VlanRef};

use serde::{Deserialize, Deserializer};

/// An object that lists hold.
pub(crate) trait Row {
    /// Its row id, which tells it from all others of its kind.
    fn row_id(&self) -> u64;
}

macro_rules! rows {
    ($($name:ident),+) => { $(impl Row for $name {
        fn row_id(&self) -> u64 {
            self.id.0
        }
    })+ };
}
rows!(Device, Interface, Vlan, IpAddress, ObjectChange, JournalEntry, Webhook, EventRule, CustomField);

/// `null` where a list, text or number used to be counts as an empty one.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
