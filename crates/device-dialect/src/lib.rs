//! device-dialect

mod models;

pub use models::{IETF_MODULES, IOS_XE_MODULES, OPENCONFIG_MODULES};
