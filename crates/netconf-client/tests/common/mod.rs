//! Servers for the tests: a scripted peer, and a small NETCONF server with one value for a configuration.

pub mod fake;
pub mod peer;
