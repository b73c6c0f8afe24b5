#![doc = include_str!("../README.md")]

mod answer;
mod api;
mod builder;
mod calendar;
mod client;
mod error;
mod etag;
mod id;
mod listing;
mod model;
mod params;
mod patch;
mod request;
mod retry;
mod rights;
mod setup;
pub mod webhook;

pub use builder::{ClientBuilder, DEFAULT_TIMEOUT};
pub use client::Client;
pub use error::{Entry, Error, Problem};
pub use etag::{ETag, IfMatch, RequestId, Written};
pub use id::{
    CustomFieldId, DeviceId, EventRuleId, InterfaceId, IpAddressId, JournalEntryId, ObjectChangeId, SiteId,
    VlanId, WebhookId,
};
pub use listing::Listing;
pub use model::{
    AssignedObject, Choice, CustomField, Device, DeviceRef, EventRule, Interface, InterfaceMode, IpAddress,
    JournalEntry, JournalKind, ObjectChange, PrimaryIp, SiteRef, Status, Vlan, VlanRef, Webhook,
};
pub use params::{InterfaceParams, IpAddressParams, ObjectChangeParams, VlanParams};
pub use patch::{Field, InterfacePatch, IpAddressPatch, NewIpAddress, NewJournalEntry};
pub use retry::Retry;
pub use rights::Right;
pub use setup::{NewCustomField, NewEventRule, NewWebhook, changed_and_filled};
