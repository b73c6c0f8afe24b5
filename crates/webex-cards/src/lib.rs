#![doc = include_str!("../README.md")]

pub mod action;
pub mod card;
mod client;
mod error;
mod gate;
mod id;
mod lenient;
pub mod markdown;
pub mod message;
mod paging;
pub mod people;
mod request;
pub mod room;
pub mod webhook;

pub use action::AttachmentAction;
pub use card::{Card, PlainText};
pub use client::{Client, ClientBuilder};
pub use error::Error;
pub use gate::RetryPolicy;
pub use id::{ActionId, InvalidId, MembershipId, MessageId, PersonId, RoomId, WebhookId};
pub use message::{Message, NewMessage, Posted, Recipient, Replaced};
pub use people::{Person, PersonKind};
pub use room::{Membership, Room};
