//! The client against real servers: Debian's netconfd behind Debian's sshd, both started here, on loopback.
//!
//! Run by `cargo test -p netconf-client --test real_netconfd -- --ignored`; `apt-get install netconfd
//! openssh-server` provides the servers. Without them the tests fail.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests fail by panicking")]

#[path = "real/candidate.rs"]
mod candidate;
#[path = "real/confirmed.rs"]
mod confirmed;
#[path = "real/cut.rs"]
mod cut;
#[path = "real/examples.rs"]
mod examples;
#[path = "real/reading.rs"]
mod reading;
#[path = "real/running.rs"]
mod running;
#[path = "real/server.rs"]
mod server;
#[path = "real/transaction.rs"]
mod transaction;
