#![doc = include_str!("../README.md")]

mod addresses;
mod checks;
mod choose;
mod dialect;
mod edit;
mod error;
mod ietf;
mod ios_xe;
mod models;
mod openconfig;
mod operational;
mod reader;

pub use choose::choose;
pub use dialect::{Dialect, Limits, Operational, Save, VlanState};
pub use error::{DialectError, Problem};
pub use ietf::Ietf;
pub use ios_xe::{IosXe, Shape};
pub use models::{IETF_MODULES, IOS_XE_MODULES, OPENCONFIG_MODULES};
pub use openconfig::OpenConfig;
