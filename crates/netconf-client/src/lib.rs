//! NETCONF over any byte stream: framing, hello, sessions, operations and transactions.

pub mod capabilities;
pub mod framing;
pub mod hello;
