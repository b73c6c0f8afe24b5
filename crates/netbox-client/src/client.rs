//! The client, and the one function through which everything is sent.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http::header::{ETAG, HeaderMap, LOCATION, RETRY_AFTER};
use http::{Method, StatusCode};
use reqwest::Url;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::answer;
use crate::builder::ClientBuilder;
use crate::error::Error;
use crate::etag::{ETag, RequestId, Written};
use crate::request::HttpRequest;
use crate::retry::{self, Retry};

/// Bytes of an answer that are taken at most.
const ANSWER_LIMIT: usize = 32 << 20;
/// Bytes of a refusal that are taken at most; what comes after them is left.
const REFUSAL_LIMIT: usize = 1 << 20;

/// A client of one NetBox. Cheap to clone; clones share connections and the request counter.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: Url,
    pub(crate) retry: Retry,
    pub(crate) requests: Arc<AtomicU64>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn etag(&self) -> Option<ETag> {
        Some(ETag::new(self.headers.get(ETAG)?.to_str().ok()?))
    }

    pub(crate) fn request_id(&self) -> Option<RequestId> {
        Some(RequestId::new(self.headers.get("x-request-id")?.to_str().ok()?))
    }

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> Option<&str> {
        self.headers.get(LOCATION)?.to_str().ok()
    }

    pub(crate) fn retry_after(&self) -> Option<std::time::Duration> {
        retry::retry_after(self.headers.get(RETRY_AFTER)?.to_str().ok()?, SystemTime::now())
    }
}

impl Client {
    /// Begins a client for the NetBox at `base_url`, e.g. `https://netbox.example.net`, a path before `/api` included.
    ///
    /// The token may be of version 1 (40 hex digits) or 2 (`nbt_…`).
    pub fn builder(base_url: impl Into<String>, token: SecretString) -> ClientBuilder {
        ClientBuilder::new(base_url, token)
    }

    /// How many requests were sent so far, repetitions included, by this client and its clones.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Sends, retries what is safe to repeat, and turns every failure into an [`Error`].
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<Answer, Error> {
        let safe = *request.method() == Method::GET;
        let name = format!("{} {}", request.method(), request.uri().path());
        let mut attempt = 1;
        loop {
            let error = match self.send_once(&request).await {
                Ok(answer) if answer.status.is_success() => return Ok(answer),
                Ok(answer) => answer::error(&name, &answer),
                Err(error) => error,
            };
            if !safe {
                return Err(write_failed(name, error));
            }
            let wait = if repeats(&error) { self.retry.wait(attempt, error.retry_after()) } else { None };
            let Some(wait) = wait else { return Err(error) };
            tracing::debug!(attempt, error = %error, "Asking NetBox again for {name}");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn send_once(&self, request: &HttpRequest) -> Result<Answer, Error> {
        let path_and_query = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let url = format!("{}{}", self.base.as_str().trim_end_matches('/'), path_and_query);
        self.requests.fetch_add(1, Ordering::Relaxed);
        let outgoing = self
            .http
            .request(request.method().clone(), url)
            .headers(request.headers().clone())
            .body(request.body().clone());
        let incoming = outgoing.send().await.map_err(transport)?;
        let (status, headers) = (incoming.status(), incoming.headers().clone());
        let body = if status.is_success() { whole(incoming).await? } else { beginning(incoming).await };
        Ok(Answer { status, headers, body })
    }

    /// Reads one object.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        request: HttpRequest,
    ) -> Result<(T, Option<ETag>), Error> {
        let name = format!("{} {}", request.method(), request.uri().path());
        let answer = self.send(request).await?;
        Ok((answer::decode(&name, &answer.body)?, answer.etag()))
    }

    /// Writes, and reads the object that comes back.
    pub(crate) async fn write<T: DeserializeOwned>(&self, request: HttpRequest) -> Result<Written<T>, Error> {
        let name = format!("{} {}", request.method(), request.uri().path());
        let answer = self.send(request).await?;
        // It was written, but what it has become cannot be told.
        let value = answer::decode(&name, &answer.body).map_err(|error| write_failed(name, error))?;
        Ok(Written { value, etag: answer.etag(), request_id: answer.request_id() })
    }
}

async fn whole(mut incoming: reqwest::Response) -> Result<Bytes, Error> {
    let mut body = BytesMut::new();
    while let Some(chunk) = incoming.chunk().await.map_err(transport)? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err(Error::TooLarge { limit: ANSWER_LIMIT });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Of a refusal the status says what matters, so a body that breaks off or does not end is no failure of its own.
async fn beginning(mut incoming: reqwest::Response) -> Bytes {
    let mut body = BytesMut::new();
    while let Ok(Some(chunk)) = incoming.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > REFUSAL_LIMIT {
            break;
        }
    }
    body.freeze()
}

/// The URL is left out: it is ours, and its query may hold names that do not belong in logs.
fn transport(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if error.is_connect() { Error::Connect(error) } else { Error::Transport(error) }
}

/// Whether a read that failed so is worth another attempt.
fn repeats(error: &Error) -> bool {
    match error {
        Error::Connect(_) | Error::Transport(_) | Error::Busy { .. } => true,
        Error::Api { status, .. } => matches!(status, 502..=504),
        _ => false,
    }
}

/// Only refusals and connections that were never made leave no doubt about a write.
fn write_failed(request: String, error: Error) -> Error {
    let doubtful = match &error {
        Error::Api { status, .. } => *status >= 500 || *status < 400,
        Error::Transport(_) | Error::TooLarge { .. } | Error::Decode { .. } => true,
        _ => false,
    };
    if doubtful { Error::OutcomeUnknown { request, cause: Box::new(error) } } else { error }
}
