//! How a client is set up.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use http::HeaderValue;
use reqwest::{Certificate, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::client::{Client, Inner};
use crate::error::Error;

/// Default limit for one attempt of a request, connection included.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);
/// Limit for connecting; never more than the whole timeout.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Default number of further attempts of a request that may be repeated.
pub const DEFAULT_RETRIES: u32 = 2;
/// Default wait before the first further attempt; it doubles each time.
pub const DEFAULT_RETRY_WAIT: Duration = Duration::from_millis(200);

/// Sets up a [`Client`]; made by [`Client::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    base_url: String,
    token: SecretString,
    timeout: Duration,
    user_agent: String,
    retries: u32,
    retry_wait: Duration,
    root_certificates: Vec<Certificate>,
}

/// How often and after which waits a request that may be repeated is sent again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    pub(crate) retries: u32,
    pub(crate) wait: Duration,
}

impl Client {
    /// Starts to set up a client for the server at `base_url` (a path prefix is kept), acting as the user of `token`.
    #[must_use]
    pub fn builder(base_url: impl Into<String>, token: SecretString) -> Builder {
        Builder {
            base_url: base_url.into(),
            token,
            timeout: DEFAULT_TIMEOUT,
            user_agent: concat!("ticket-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            retries: DEFAULT_RETRIES,
            retry_wait: DEFAULT_RETRY_WAIT,
            root_certificates: Vec::new(),
        }
    }
}

impl Builder {
    /// Limit for one attempt, from connecting to the last byte; 15 s unless set.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The `User-Agent` header.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Further attempts after the first, for requests that may be repeated, and the wait before the first of them (doubling,
    /// up to 60 s). Two and 200 ms unless set.
    #[must_use]
    pub fn retry(mut self, retries: u32, wait: Duration) -> Self {
        self.retries = retries;
        self.retry_wait = wait;
        self
    }

    /// Trusts one more certificate authority.
    #[must_use]
    pub fn root_certificate(mut self, certificate: Certificate) -> Self {
        self.root_certificates.push(certificate);
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::BaseUrl`], [`Error::Token`], or [`Error::Setup`] (for instance without an installed rustls provider).
    pub fn build(self) -> Result<Client, Error> {
        let base = base(&self.base_url)?;
        let mut http = reqwest::Client::builder()
            .timeout(self.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout))
            // A redirect would turn a write into a read, or carry the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(self.user_agent);
        if is_loopback(&base) {
            http = http.no_proxy();
        }
        let authorization = authorization(&self.token)?;
        for certificate in self.root_certificates {
            http = http.tls_certs_merge([certificate]);
        }
        Ok(Client(Arc::new(Inner {
            http: http.build().map_err(Error::Setup)?,
            base: base.as_str().trim_end_matches('/').to_owned(),
            authorization,
            policy: RetryPolicy { retries: self.retries, wait: self.retry_wait },
            requests: AtomicU64::new(0),
            cache: crate::cache::Cache::default(),
        })))
    }
}

/// The base, of which nothing but scheme, host, port and path counts. Its text is in no error: a password may be in it.
fn base(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|error| Error::BaseUrl(error.to_string()))?;
    let fault = if !matches!(url.scheme(), "http" | "https") {
        "it must begin with http:// or https://"
    } else if !url.username().is_empty() || url.password().is_some() {
        "it must not hold a user name or password"
    } else if url.query().is_some() || url.fragment().is_some() {
        "it must not hold a query or a fragment"
    } else {
        return Ok(url);
    };
    Err(Error::BaseUrl(fault.to_owned()))
}

fn authorization(token: &SecretString) -> Result<HeaderValue, Error> {
    let token = token.expose_secret();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::Token);
    }
    let mut value = HeaderValue::from_str(&format!("Token token={token}")).map_err(|_| Error::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_url_keeps_its_prefix_and_must_hold_nothing_else() {
        assert_eq!(base("https://host/help/").unwrap().as_str(), "https://host/help/");
        for bad in [
            "",
            "tickets.example.net",
            "ftp://host",
            "https://user:hush@host",
            "https://user@host",
            "https://host/?token=hush",
            "https://host/#hush",
        ] {
            let error = base(bad).unwrap_err();
            assert!(matches!(error, Error::BaseUrl(_)), "{bad:?}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
    }

    #[test]
    fn only_loopback_hosts_bypass_a_proxy() {
        let loopback = |text: &str| is_loopback(&base(text).unwrap());
        assert!(
            loopback("http://127.0.0.1:8000") && loopback("http://[::1]:1") && loopback("http://localhost")
        );
        assert!(!loopback("http://tickets.example.net"));
    }
}
