//! Who may ask, and how often.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use actix_web::http::header::{AUTHORIZATION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use subtle::ConstantTimeEq;

/// Requests per second and address; bursts of twice as many.
const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(5_000).unwrap();
/// Failed authentications per minute and address, after which the address is only told to wait.
const FAILURES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// What a caller is told to wait, in seconds.
const WAIT_SECONDS: &str = "10";
/// Addresses remembered before those that are quiet are forgotten.
const MAX_ADDRESSES: usize = 10_000;

/// The limits that protect the service from its callers.
pub(super) struct Guard {
    requests: DefaultKeyedRateLimiter<IpAddr>,
    failures: DefaultKeyedRateLimiter<IpAddr>,
}

impl Guard {
    pub(super) fn new() -> Self {
        let requests =
            Quota::per_second(REQUESTS_PER_SECOND).allow_burst(REQUESTS_PER_SECOND.saturating_mul(TWO));
        Self {
            requests: RateLimiter::keyed(requests),
            failures: RateLimiter::keyed(Quota::per_minute(FAILURES_PER_MINUTE)),
        }
    }

    /// Refuses an address that asks too often.
    pub(super) fn admit(&self, request: &HttpRequest) -> Result<(), Box<HttpResponse>> {
        if self.requests.len() > MAX_ADDRESSES {
            self.requests.retain_recent();
            self.failures.retain_recent();
        }
        self.requests.check_key(&address(request)).map_err(|_| Box::new(too_many()))
    }

    /// The answer to a failed authentication.
    pub(super) fn refuse(&self, request: &HttpRequest, reason: &str) -> HttpResponse {
        metrics::counter!("netchange_refused_total").increment(1);
        tracing::warn!(path = request.path(), "Refused a request: {reason}");
        match self.failures.check_key(&address(request)) {
            Ok(()) => HttpResponse::Unauthorized().json(json!({"error": reason})),
            Err(_) => too_many(),
        }
    }

    /// Checks the bearer token of the API.
    pub(super) fn bearer(
        &self,
        request: &HttpRequest,
        token: &SecretString,
    ) -> Result<(), Box<HttpResponse>> {
        self.admit(request)?;
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = header.and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
        if is_token(given, token) {
            Ok(())
        } else {
            Err(Box::new(self.refuse(request, "the bearer token is missing or wrong")))
        }
    }
}

const TWO: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// Compares in constant time.
pub(super) fn is_token(given: &str, token: &SecretString) -> bool {
    !token.expose_secret().is_empty() && bool::from(given.as_bytes().ct_eq(token.expose_secret().as_bytes()))
}

fn address(request: &HttpRequest) -> IpAddr {
    request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip())
}

fn too_many() -> HttpResponse {
    HttpResponse::TooManyRequests()
        .insert_header((RETRY_AFTER, WAIT_SECONDS))
        .json(json!({"error": "too many requests; wait"}))
}
