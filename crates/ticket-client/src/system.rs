//! What netchange needs of any ticket system, in words that are not Zammad's alone.

use std::error::Error as StdError;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::ensure::{NoteOutcome, StateOutcome, StateWrite};
use crate::error::Error;
use crate::ids::TicketId;
use crate::ticket::{Note, Ticket};

/// A ticket's key in its system's API: the decimal id in Zammad, the `sys_id` in ServiceNow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketKey(pub String);

impl From<TicketId> for TicketKey {
    fn from(id: TicketId) -> Self {
        Self(id.to_string())
    }
}

/// A ticket as any system can tell it.
#[derive(Clone, PartialEq)]
pub struct TicketRecord {
    /// Key in the API.
    pub key: TicketKey,
    /// Number for people.
    pub number: String,
    /// Title.
    pub title: String,
    /// Name of the state.
    pub state: String,
    /// What kind of request it is.
    pub ticket_type: Option<String>,
    /// E-mail addresses of those who asked for it: they may not approve it.
    pub requesters: Vec<String>,
    /// Fields by name; a missing one and a null one mean the same.
    pub fields: Map<String, Value>,
}

/// Shows which ticket it is, and nothing that people wrote.
impl std::fmt::Debug for TicketRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key, number, state, .. } = self;
        f.debug_struct("TicketRecord")
            .field("key", key)
            .field("number", number)
            .field("state", state)
            .finish_non_exhaustive()
    }
}

impl From<Ticket> for TicketRecord {
    fn from(ticket: Ticket) -> Self {
        Self {
            key: ticket.id.into(),
            number: ticket.number.as_str().to_owned(),
            ticket_type: ticket.ticket_type().map(str::to_owned),
            requesters: ticket.requester_emails().into_iter().map(str::to_owned).collect(),
            title: ticket.title,
            state: ticket.state,
            fields: ticket.fields,
        }
    }
}

/// Why a ticket system did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// There is no such ticket.
    #[error("the ticket does not exist")]
    NotFound,
    /// Trying again later can help.
    #[error("the ticket system is not available")]
    Unavailable {
        /// The wait it asked for.
        retry_after: Option<Duration>,
        /// The cause.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Trying again does not help.
    #[error("the ticket system refused")]
    Refused(#[source] Box<dyn StdError + Send + Sync>),
}

impl From<Error> for SystemError {
    fn from(error: Error) -> Self {
        if error.is_not_found() {
            Self::NotFound
        } else if error.is_retryable() {
            Self::Unavailable { retry_after: error.retry_after(), source: Box::new(error) }
        } else {
            Self::Refused(Box::new(error))
        }
    }
}

/// A ticket system. Object safe: `Arc<dyn TicketSystem>` works.
///
/// Every write is made so that calling it again changes nothing; `marker` tells one write from all others.
pub trait TicketSystem: Send + Sync {
    /// Its name, for logs and pages.
    fn name(&self) -> &'static str;

    /// The ticket with this key, its requesters' e-mail addresses included.
    fn ticket<'a>(&'a self, key: &'a TicketKey) -> BoxFuture<'a, Result<TicketRecord, SystemError>>;

    /// Tickets of this type that wait to be taken up, oldest first.
    fn waiting<'a>(&'a self, ticket_type: &'a str) -> BoxFuture<'a, Result<Vec<TicketRecord>, SystemError>>;

    /// Makes sure that a note is on the ticket, once.
    fn ensure_note<'a>(
        &'a self,
        key: &'a TicketKey,
        marker: &'a str,
        note: &'a Note,
    ) -> BoxFuture<'a, Result<NoteOutcome, SystemError>>;

    /// Makes sure that the ticket has a state and, once, the note that tells of it.
    fn ensure_state<'a>(
        &'a self,
        key: &'a TicketKey,
        write: &'a StateWrite<'a>,
    ) -> BoxFuture<'a, Result<StateOutcome, SystemError>>;
}

impl TicketSystem for Client {
    fn name(&self) -> &'static str {
        "Zammad"
    }

    fn ticket<'a>(&'a self, key: &'a TicketKey) -> BoxFuture<'a, Result<TicketRecord, SystemError>> {
        async move { Ok(self.get_ticket_with_people(id(key)?).await?.into()) }.boxed()
    }

    fn waiting<'a>(&'a self, ticket_type: &'a str) -> BoxFuture<'a, Result<Vec<TicketRecord>, SystemError>> {
        async move {
            let mut records = Vec::new();
            for mut ticket in self.search_open(ticket_type).await? {
                self.resolve_people(&mut ticket).await?;
                records.push(ticket.into());
            }
            Ok(records)
        }
        .boxed()
    }

    fn ensure_note<'a>(
        &'a self,
        key: &'a TicketKey,
        marker: &'a str,
        note: &'a Note,
    ) -> BoxFuture<'a, Result<NoteOutcome, SystemError>> {
        async move { Ok(Self::ensure_note(self, id(key)?, marker, note).await?) }.boxed()
    }

    fn ensure_state<'a>(
        &'a self,
        key: &'a TicketKey,
        write: &'a StateWrite<'a>,
    ) -> BoxFuture<'a, Result<StateOutcome, SystemError>> {
        async move { Ok(self.ensure_state_with_note(id(key)?, write).await?) }.boxed()
    }
}

fn id(key: &TicketKey) -> Result<TicketId, SystemError> {
    key.0.parse().map(TicketId).map_err(|_| SystemError::NotFound)
}
