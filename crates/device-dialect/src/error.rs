//! What can go wrong between a state and its XML.

/// Why a dialect could not read or write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialectError {
    /// The interface's name is of no kind that this device family has, or is abbreviated.
    #[error("{0:?} is no full interface name of this device family")]
    Interface(String),
    /// The reply is not well-formed XML, or holds a DTD.
    #[error("the device's reply is not well-formed XML: {0}")]
    Xml(String),
    /// The device answered with an `<rpc-error>`.
    #[error("the device refused to tell its configuration: {0}")]
    Refused(String),
    /// The reply nests deeper than any configuration does.
    #[error("the device's reply nests more than {0} levels deep")]
    Depth(usize),
    /// The interface is in the reply more than once.
    #[error("{0} is in the device's reply more than once")]
    Twice(String),
    /// A leaf holds what its type does not allow.
    #[error("{path} is {value:?} on the device, which is not {expected}")]
    Value {
        /// Where it stands below the interface.
        path: String,
        /// The text found.
        value: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// The states differ in configuration that a dialect keeps but cannot write.
    #[error("{0} would have to change, which is kept as it is on this device family")]
    Kept(String),
    /// Removing the first would take the second with it.
    #[error("{path} cannot be removed: {held} stands below it and must be kept")]
    Holds {
        /// What would be removed.
        path: String,
        /// What would go with it.
        held: String,
    },
    /// The state asks for two things of which a device can have only one; [`settle`](crate::Dialect::settle) it first.
    #[error("{0} and {1} exclude each other")]
    Conflict(String, String),
    /// The model of this device family has no way to say it.
    #[error("this device family's model cannot express {0}")]
    Inexpressible(String),
    /// A text holds a character that must not or cannot be sent.
    #[error("{path} holds the character U+{code:04X}, which cannot be configured")]
    Character {
        /// Where the text stands.
        path: String,
        /// The character's code point.
        code: u32,
    },
    /// The device announced no model that a dialect is there for.
    #[error(
        "the device announces none of the models IOS-XE native, openconfig-interfaces and ietf-interfaces"
    )]
    NoDialect,
}

/// Why a state cannot be, or should not be, configured on an interface; found before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The device family has no such interface.
    #[error(transparent)]
    Interface(DialectError),
    /// Vlan, Loopback, sub-interface and the like do not switch.
    #[error("{interface} cannot switch: it has no access or trunk mode")]
    CannotSwitch {
        /// The interface's name.
        interface: String,
    },
    /// The description is too long, in characters.
    #[error("the description has {chars} characters, {} more than the {limit} the device takes", chars - limit)]
    DescriptionTooLong {
        /// Its length.
        chars: usize,
        /// What the device takes.
        limit: usize,
    },
    /// The description holds a line break or another control character.
    #[error("the description holds the control character U+{code:04X}")]
    DescriptionCharacter {
        /// The character's code point.
        code: u32,
    },
    /// The MTU is outside what the model allows.
    #[error("MTU {mtu} is outside {min} to {max}")]
    Mtu {
        /// Bytes asked for.
        mtu: u16,
        /// Least.
        min: u16,
        /// Most.
        max: u16,
    },
    /// A switched port has no IP address.
    #[error("{address} cannot be on a switched port")]
    AddressOnSwitchport {
        /// The first of the addresses.
        address: String,
    },
    /// A network's own address, its broadcast address, or one that no interface can have.
    #[error("{address} cannot be the address of an interface")]
    Address {
        /// The address and its prefix length.
        address: String,
    },
    /// The same address is listed twice.
    #[error("{address} is listed twice")]
    AddressTwice {
        /// The address.
        address: String,
    },
    /// A secondary address needs a primary one.
    #[error("{address} is a secondary address, and there is no primary one")]
    NoPrimary {
        /// The secondary address.
        address: String,
    },
    /// An addressed sub-interface needs to say which tag is its own.
    #[error("{interface} needs an encapsulation before it can have an address")]
    NoEncapsulation {
        /// The sub-interface's name.
        interface: String,
    },
    /// A member of a port channel needs to say how membership is negotiated.
    #[error("membership in port channel {group} needs a mode")]
    NoChannelMode {
        /// Number of the port channel.
        group: u16,
    },
    /// Something that is only kept cannot stay beside what was asked for.
    #[error(
        "{path} is configured on {interface} and cannot stay there {beside}: take it away on the device first"
    )]
    KeptAgainst {
        /// The interface's name.
        interface: String,
        /// Where the configuration stands below it.
        path: String,
        /// What it cannot stand beside.
        beside: &'static str,
    },
    /// A VLAN that is always there can be neither made nor renamed.
    #[error("VLAN {id} cannot be configured: {why}")]
    VlanReserved {
        /// Number of the VLAN.
        id: u16,
        /// Whose it is.
        why: &'static str,
    },
    /// A VLAN's name is empty, too long, or not to be changed.
    #[error("VLAN {id} cannot be named {name:?}: {why}")]
    VlanName {
        /// Number of the VLAN.
        id: u16,
        /// The name asked for.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The model of this device family has no way to say it.
    #[error("this device family's model cannot express {what}")]
    Inexpressible {
        /// What was asked for.
        what: String,
    },
}
