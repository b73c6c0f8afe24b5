//! Row ids, one type per kind of object, so that an interface's id cannot be taken for a VLAN's.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// Row id of a `dcim.Device`.
    DeviceId
    /// Row id of a `dcim.Interface`.
    InterfaceId
    /// Row id of a `dcim.Site`.
    SiteId
    /// Row id of an `ipam.VLAN`; not its tag, which is `vid`.
    VlanId
    /// Row id of an `ipam.IPAddress`.
    IpAddressId
    /// Row id of an `extras.JournalEntry`.
    JournalEntryId
    /// Row id of a `core.ObjectChange`.
    ObjectChangeId
    /// Row id of an `extras.Webhook`.
    WebhookId
    /// Row id of an `extras.EventRule`.
    EventRuleId
    /// Row id of an `extras.CustomField`.
    CustomFieldId
}
