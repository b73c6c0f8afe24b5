//! The dialects against generated states, against models of what they write, and by example.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod examples;
mod hostile;
mod kinds;
mod law_ietf;
mod law_ios_xe;
mod law_openconfig;
mod models;
mod real;
mod replies;
mod states;
mod tree;
mod vlans;
