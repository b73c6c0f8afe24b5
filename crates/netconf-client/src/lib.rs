#![cfg_attr(feature = "ssh", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "ssh"), doc = "A NETCONF client for tokio, built without SSH.")]

#[cfg(any(feature = "ssh", feature = "tls"))]
mod callers;
pub mod capabilities;
pub mod error;
pub mod framing;
pub mod hello;
mod message;
pub mod notification;
pub mod operation;
pub mod ops;
pub mod pool;
pub mod reply;
pub mod rpc_error;
pub mod session;
#[cfg(feature = "ssh")]
pub mod ssh;
pub mod stream;
#[cfg(feature = "tls")]
pub mod tls;
pub mod transaction;
pub mod transport;
mod xml;

pub use capabilities::Capabilities;
pub use error::{Error, LostCause, Phase, UnknownCommit};
pub use operation::Operation;
pub use reply::Reply;
pub use rpc_error::{ErrorTag, ErrorType, RpcError, Severity};
pub use session::{Session, SessionConfig};
pub use transaction::Transaction;
