//! The client against servers of its own tests: in memory, and on loopback by SSH.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail by panicking")]

mod call_home;
mod chaos;
mod confirmation;
mod cut;
mod direct;
mod fake;
mod hostile;
mod leftovers;
mod limits;
mod notification;
mod peer;
mod pool;
mod session;
mod ssh;
mod ssh_keys;
mod ssh_limits;
mod sshd;
mod stream;
mod transaction;
