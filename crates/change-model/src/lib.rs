//! The life of one network change, as pure data and pure functions.

pub mod interface;
pub mod vlan;
