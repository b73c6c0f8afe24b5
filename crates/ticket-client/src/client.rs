//! The client: one shared way of sending, and the calls that read and write tickets.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Request, header};
use reqwest::{Response, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::builder::RetryPolicy;
use crate::cache::Cache;
use crate::error::{Error, without_value};
use crate::ids::{StateId, TicketId, TicketNumber, UserId};
use crate::request;
use crate::retry;
use crate::search::{self, Found};
use crate::ticket::{Article, Note, State, Ticket, User, UserRef};

/// Longest answer that is read, in bytes.
pub const MAX_ANSWER_BYTES: usize = 16 << 20;
/// Longest list of articles that is read, in bytes: one of mail may have 1.5 million characters.
pub(crate) const MAX_ARTICLES_BYTES: usize = 64 << 20;
/// Longest answer to a failed call that is read, in bytes; what comes after it is nobody's reason.
const MAX_REFUSAL_BYTES: usize = 64 << 10;
/// Longest `Retry-After` that is waited for here; a longer one is left to the caller.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(5);
/// Longest wait between two attempts where the server asks for none.
const MAX_OWN_WAIT: Duration = Duration::from_secs(60);
/// Pages of a search that are read at most.
const MAX_PAGES: usize = 50;

/// Attributes that are not read back as they are written.
const UNTOLD: [&str; 3] = ["article", "customer", "owner"];

/// A client for one Zammad server, acting as one user. Cheap to clone.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) authorization: HeaderValue,
    pub(crate) policy: RetryPolicy,
    pub(crate) requests: AtomicU64,
    pub(crate) cache: Cache,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.0.base).finish_non_exhaustive()
    }
}

impl Client {
    /// HTTP requests sent so far, repeated attempts included, by this client and its clones.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// The ticket with this id. Its people have logins, and no e-mail addresses yet: see [`Self::resolve_people`].
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is none; otherwise see [`Error`].
    pub async fn get_ticket(&self, id: TicketId) -> Result<Ticket, Error> {
        self.json(request::ticket(id)?).await
    }

    /// The ticket with the e-mail addresses of its customer, its writer and its last editor.
    ///
    /// # Errors
    /// As [`Self::get_ticket`] and [`Self::resolve_people`].
    pub async fn get_ticket_with_people(&self, id: TicketId) -> Result<Ticket, Error> {
        let mut ticket = self.get_ticket(id).await?;
        self.resolve_people(&mut ticket).await?;
        Ok(ticket)
    }

    /// The ticket with this number, found through the search index (which lags some seconds behind).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn find_ticket_by_number(&self, number: &TicketNumber) -> Result<Option<Ticket>, Error> {
        let answer: Value = self.json(request::ticket_by_number(number)?).await?;
        let tickets = self.complete(search::found(answer)?).await?;
        Ok(tickets.into_iter().find(|ticket| ticket.number == *number))
    }

    /// Open tickets (state `open`) of this ticket type, oldest first: for polling, to find what a lost webhook told of.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn search_open(&self, ticket_type: &str) -> Result<Vec<Ticket>, Error> {
        self.search_in_states(ticket_type, &["open"]).await
    }

    /// Tickets of this ticket type in one of these states, oldest first, at most 5000, each once. One may be missed when others leave the states
    /// while the pages are read: ask again.
    ///
    /// # Errors
    /// [`Error::UnknownState`] if a state does not exist; otherwise see [`Error`].
    pub async fn search_in_states(&self, ticket_type: &str, states: &[&str]) -> Result<Vec<Ticket>, Error> {
        let (mut ids, mut names) = (Vec::new(), Vec::new());
        for name in states {
            let state = self.state_named(name).await?;
            ids.push(state.id);
            names.push(state.name);
        }
        let mut tickets = Vec::new();
        let mut seen = BTreeSet::new();
        for page in 1..=MAX_PAGES {
            let answer: Value = self.json(request::search(ticket_type, &ids, page)?).await?;
            let mut found = search::found(answer)?;
            let full = found.len() >= request::PAGE_SIZE;
            // A server that ignores the page would send the same ones for ever.
            found.retain(|one| seen.insert(one.id()));
            if found.is_empty() {
                break;
            }
            // A server that ignores part of the condition must not widen the result.
            let wanted =
                |ticket: &Ticket| names.contains(&ticket.state) && ticket.ticket_type() == Some(ticket_type);
            tickets.extend(self.complete(found).await?.into_iter().filter(wanted));
            if !full {
                break;
            }
        }
        Ok(tickets)
    }

    /// Tickets from an answer; those that came as ids only, or without names, are fetched one by one.
    async fn complete(&self, found: Vec<Found>) -> Result<Vec<Ticket>, Error> {
        let mut tickets = Vec::new();
        for one in found {
            match one {
                Found::Whole(ticket) => tickets.push(*ticket),
                Found::Id(id) => match self.get_ticket(id).await {
                    Ok(ticket) => tickets.push(ticket),
                    // It may be gone by now, or have moved to where this token has no rights.
                    Err(error) if error.is_not_found() || error.status() == Some(403) => {}
                    Err(error) => return Err(error),
                },
            }
        }
        Ok(tickets)
    }

    /// The articles of a ticket, oldest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn articles(&self, ticket: TicketId) -> Result<Vec<Article>, Error> {
        self.json_within(request::articles(ticket)?, MAX_ARTICLES_BYTES).await
    }

    /// Adds a note, even if the same one is there already; [`Self::ensure_note`] looks first.
    ///
    /// # Errors
    /// See [`Error`]; after one that [is ambiguous](Error::is_ambiguous) the note may be there.
    pub async fn add_note(&self, ticket: TicketId, note: &Note) -> Result<Article, Error> {
        self.json(request::add_note(ticket, note)?).await
    }

    /// Sets the state, with a note in the same transaction if one is given, and checks that it was taken.
    ///
    /// # Errors
    /// [`Error::StateRefused`] (422), [`Error::NotWritten`] if the answer shows another state; otherwise see [`Error`].
    pub async fn update_state(
        &self,
        ticket: TicketId,
        state: &str,
        note: Option<&Note>,
    ) -> Result<Ticket, Error> {
        let answer: Result<Ticket, Error> = self.json(request::update_state(ticket, state, note)?).await;
        let mut written = answer.map_err(|error| match error {
            Error::Api { status: 422, detail, .. } => {
                self.0.cache.forget_states();
                Error::StateRefused { ticket, state: state.to_owned(), detail }
            }
            other => other,
        })?;
        if written.state.is_empty() {
            written = self.get_ticket(ticket).await?;
        }
        // A server whose database compares without case takes a name for that of its state.
        if written.state.eq_ignore_ascii_case(state) {
            return Ok(written);
        }
        Err(Error::NotWritten {
            ticket,
            field: "state".to_owned(),
            wanted: state.to_owned(),
            found: written.state,
        })
    }

    /// Creates a ticket from the attributes of `POST /tickets` (`title`, `group`, `customer`, `article`, custom fields).
    ///
    /// # Errors
    /// See [`Error`]; after one that [is ambiguous](Error::is_ambiguous) the ticket may exist.
    pub async fn create_ticket(&self, attributes: &Value) -> Result<Ticket, Error> {
        self.json(request::create_ticket(attributes)?).await
    }

    /// Changes any attributes and checks that every one was taken, since the server drops unknown ones in silence. Not looked at are
    /// `article`, and `customer` and `owner`, which may be given as an e-mail address and are read as a login.
    ///
    /// # Errors
    /// [`Error::NotWritten`] for an attribute that reads back otherwise: the call went through, and whatever else it held is written, an
    /// article included. Otherwise see [`Error`].
    pub async fn update_ticket(&self, ticket: TicketId, attributes: &Value) -> Result<Ticket, Error> {
        let mut written: Value = self.json(request::update_ticket(ticket, attributes)?).await?;
        let told = |(name, _): &(&String, &Value)| !UNTOLD.contains(&name.as_str());
        let wanted: Vec<_> = attributes.as_object().into_iter().flatten().filter(told).collect();
        // Some answers name states and people by ids only.
        if wanted.iter().any(|(name, _)| written.get(name).is_none()) {
            written = self.json(request::ticket(ticket)?).await?;
        }
        for (name, wanted) in wanted {
            let found = written.get(name).unwrap_or(&Value::Null);
            if !is_same(found, wanted) {
                return Err(Error::NotWritten {
                    ticket,
                    field: name.clone(),
                    wanted: wanted.to_string(),
                    found: found.to_string(),
                });
            }
        }
        decode("PUT /api/v1/tickets", written)
    }

    /// A user, remembered for five minutes.
    ///
    /// # Errors
    /// [`Error::is_not_found`] if there is none; otherwise see [`Error`].
    pub async fn get_user(&self, id: UserId) -> Result<User, Error> {
        if let Some(user) = self.0.cache.user(id) {
            return Ok(user);
        }
        let user: User = self.json(request::user(id)?).await?;
        self.0.cache.keep_user(&user);
        Ok(user)
    }

    /// The user this client acts as.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn me(&self) -> Result<User, Error> {
        let user: User = self.json(request::me()?).await?;
        self.0.cache.keep_user(&user);
        self.0.cache.keep_me(user.id);
        Ok(user)
    }

    /// The id of the user this client acts as, asked for once.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn my_id(&self) -> Result<UserId, Error> {
        match self.0.cache.me() {
            Some(id) => Ok(id),
            None => Ok(self.me().await?.id),
        }
    }

    /// Looks up the e-mail addresses of the ticket's customer, writer and last editor. A user who is gone stays without one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn resolve_people(&self, ticket: &mut Ticket) -> Result<(), Error> {
        for person in [&mut ticket.customer, &mut ticket.created_by, &mut ticket.updated_by] {
            let UserRef { id: Some(id), .. } = person else {
                continue;
            };
            match self.get_user(*id).await {
                Ok(user) => person.resolve(user),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// All ticket states, remembered for five minutes.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn states(&self) -> Result<Vec<State>, Error> {
        if let Some(states) = self.0.cache.states() {
            return Ok(states);
        }
        let states: Vec<State> = self.json(request::states()?).await?;
        self.0.cache.keep_states(&states);
        Ok(states)
    }

    /// The id of the state with this name: the exact one, otherwise the only one that differs in case alone.
    ///
    /// # Errors
    /// [`Error::UnknownState`]; otherwise see [`Error`].
    pub async fn state_id(&self, name: &str) -> Result<StateId, Error> {
        Ok(self.state_named(name).await?.id)
    }

    async fn state_named(&self, name: &str) -> Result<State, Error> {
        let states = self.states().await?;
        let mut alike = states.iter().filter(|state| state.name.eq_ignore_ascii_case(name));
        let exact = states.iter().find(|state| state.name == name);
        let found = exact.or_else(|| alike.next().filter(|_| alike.next().is_none()));
        found.cloned().ok_or_else(|| {
            self.0.cache.forget_states();
            Error::UnknownState(name.to_owned())
        })
    }

    /// Sends a request and reads its answer as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, request: Request<Vec<u8>>) -> Result<T, Error> {
        self.json_within(request, MAX_ANSWER_BYTES).await
    }

    /// The same with another limit on the answer, in bytes.
    pub(crate) async fn json_within<T: DeserializeOwned>(
        &self,
        request: Request<Vec<u8>>,
        limit: usize,
    ) -> Result<T, Error> {
        let what = format!("{} {}", request.method(), request.uri().path());
        let body = self.send_within(request, limit).await?;
        serde_json::from_slice(&body).map_err(|error| Error::Decode { what, source: without_value(error) })
    }

    /// Sends a request, again if that does no harm and may help, and returns the body of the answer.
    ///
    /// Reads are sent again after 408, 429, 502, 503, 504, no answer or half of one; writes only where nothing was done for sure: after 408,
    /// 429, or when no connection was made.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Vec<u8>, Error> {
        self.send_within(request, MAX_ANSWER_BYTES).await
    }

    async fn send_within(&self, request: Request<Vec<u8>>, limit: usize) -> Result<Vec<u8>, Error> {
        let mut attempt = 0;
        loop {
            let error = match self.send_once(&request, limit).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            let transient = match error.status() {
                Some(status) => matches!(status, 408 | 429 | 502 | 503 | 504),
                None => error.is_retryable(),
            };
            let asked = error.retry_after();
            let own = self.0.policy.wait.saturating_mul(1 << attempt.min(16)).min(MAX_OWN_WAIT);
            let wait = asked.unwrap_or(own);
            let repeat = transient && (request::is_repeatable(&request) || !error.is_ambiguous());
            if !repeat || attempt >= self.0.policy.retries || asked > Some(MAX_RETRY_AFTER) {
                return Err(error);
            }
            tracing::debug!(attempt, error = %error, "repeating {} {}", request.method(), request.uri().path());
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn send_once(&self, request: &Request<Vec<u8>>, limit: usize) -> Result<Vec<u8>, Error> {
        let url = format!("{}{}", self.0.base, request.uri());
        let url = Url::parse(&url).map_err(|_| Error::BaseUrl(self.0.base.clone()))?;
        let mut outgoing =
            self.0.http.request(request.method().clone(), url).headers(request.headers().clone());
        outgoing = outgoing.header(header::AUTHORIZATION, self.0.authorization.clone());
        if !request.body().is_empty() {
            outgoing = outgoing.body(request.body().clone());
        }
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        let response = outgoing.send().await.map_err(transport)?;
        let status = response.status();
        if status.is_success() {
            return read(response, limit).await;
        }
        let retry_after = retry_after(&response);
        let location = response.headers().get(header::LOCATION).cloned();
        let location = location.as_ref().and_then(|location| location.to_str().ok());
        Err(Error::api(status.as_u16(), retry_after, location, &read_refusal(response).await))
    }
}

/// Whether an attribute reads back as it was written; a time may have got parts of a second.
fn is_same(found: &Value, wanted: &Value) -> bool {
    let seconds = |value: &Value| {
        let time = value.as_str()?.strip_suffix('Z')?;
        let (seconds, parts) = time.split_once('.').unwrap_or((time, ""));
        let is_time = seconds.len() == "2026-12-01T09:00:00".len() && seconds.contains('T');
        (is_time && parts.bytes().all(|digit| digit == b'0')).then(|| seconds.to_owned())
    };
    found == wanted || seconds(found).is_some_and(|found| Some(found) == seconds(wanted))
}

pub(crate) fn decode<T: DeserializeOwned>(what: &str, value: Value) -> Result<T, Error> {
    serde_json::from_value(value)
        .map_err(|error| Error::Decode { what: what.to_owned(), source: without_value(error) })
}

/// A connection that was not made in time is none: nothing was sent.
fn transport(error: reqwest::Error) -> Error {
    if error.is_timeout() && !error.is_connect() { Error::Timeout(error) } else { Error::Transport(error) }
}

fn retry_after(response: &Response) -> Option<Duration> {
    retry::after(response.headers().get(header::RETRY_AFTER)?.to_str().ok()?, SystemTime::now())
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        if body.len() + chunk.len() > limit {
            return Err(Error::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The status has said what matters, so a body that breaks off or does not end is no failure of its own.
async fn read_refusal(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_REFUSAL_BYTES {
            break;
        }
    }
    body
}
