#![doc = include_str!("../README.md")]

mod builder;
mod cache;
mod client;
mod ensure;
mod error;
mod ids;
pub mod request;
mod retry;
mod search;
pub mod setup;
pub mod system;
mod ticket;
pub mod webhook;

pub use builder::{Builder, DEFAULT_RETRIES, DEFAULT_RETRY_WAIT, DEFAULT_TIMEOUT};
pub use client::{Client, MAX_ANSWER_BYTES};
pub use ensure::{NoteOutcome, StateOutcome, StateWrite};
pub use error::Error;
pub use ids::{ArticleId, StateId, TicketId, TicketNumber, UserId};
pub use system::{SystemError, TicketKey, TicketRecord, TicketSystem};
pub use ticket::{Article, Note, State, Ticket, User, UserRef};
