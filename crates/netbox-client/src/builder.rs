//! How a client is made.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use http::HeaderValue;
use http::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Certificate, Url, redirect};
use secrecy::{ExposeSecret, SecretString};

use crate::client::Client;
use crate::error::Error;
use crate::retry::Retry;

/// How long one attempt may take.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings of a [`Client`]; made by [`Client::builder`].
#[must_use]
pub struct ClientBuilder {
    base_url: String,
    token: SecretString,
    timeout: Duration,
    user_agent: String,
    retry: Retry,
    root_certificates: Vec<Vec<u8>>,
}

impl ClientBuilder {
    pub(crate) fn new(base_url: impl Into<String>, token: SecretString) -> Self {
        Self {
            base_url: base_url.into(),
            token,
            timeout: DEFAULT_TIMEOUT,
            user_agent: concat!("netbox-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            retry: Retry::default(),
            root_certificates: Vec::new(),
        }
    }

    /// How long one attempt may take, answer included (30 s).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The `User-Agent` (`netbox-client/VERSION`).
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// How reads are retried (four attempts in all). Writes never are.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// One more certificate authority, PEM, besides those of the system.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    /// When the URL or the token is not usable or a certificate cannot be read.
    ///
    /// # Panics
    /// When the process has not chosen a rustls provider, e.g. by `rustls::crypto::ring::default_provider().install_default()`.
    pub fn build(self) -> Result<Client, Error> {
        let base = base(&self.base_url)?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization(&self.token)?);
        // A redirect would turn a write into a read, or carry the token elsewhere.
        let mut http = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(self.user_agent)
            .timeout(self.timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .referer(false);
        if is_loopback(&base) {
            http = http.no_proxy();
        }
        for pem in &self.root_certificates {
            http = http.tls_certs_merge([Certificate::from_pem(pem).map_err(Error::Client)?]);
        }
        let http = http.build().map_err(Error::Client)?;
        Ok(Client { http, base, retry: self.retry, requests: Arc::new(AtomicU64::new(0)) })
    }
}

/// The base with a path that ends in `/`, so that `https://host/netbox` keeps its prefix.
fn base(text: &str) -> Result<Url, Error> {
    let mut url = Url::parse(text).map_err(|error| Error::BaseUrl { reason: error.to_string() })?;
    let fault = match url.scheme() {
        "http" | "https" if !url.username().is_empty() || url.password().is_some() => {
            Some("it must not hold a user name or password")
        }
        "http" | "https" => None,
        _ => Some("it must begin with http:// or https://"),
    };
    if let Some(reason) = fault {
        return Err(Error::BaseUrl { reason: reason.to_owned() });
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').trim_end_matches("/api").to_owned();
    url.set_path(&format!("{path}/"));
    Ok(url)
}

/// Version 2 tokens (`nbt_…`) go out as `Bearer`, all others as `Token`.
fn authorization(token: &SecretString) -> Result<HeaderValue, Error> {
    let token = token.expose_secret();
    let scheme = if token.starts_with("nbt_") { "Bearer" } else { "Token" };
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::Token);
    }
    let mut value = HeaderValue::from_str(&format!("{scheme} {token}")).map_err(|_| Error::Token)?;
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
    fn the_token_decides_the_scheme() {
        let header = |token: &str| authorization(&SecretString::from(token)).unwrap();
        assert_eq!(header("nbt_key.secret"), "Bearer nbt_key.secret");
        assert_eq!(
            header("0123456789abcdef0123456789abcdef01234567").to_str().unwrap().split_once(' ').unwrap().0,
            "Token"
        );
        assert!(header("nbt_key.secret").is_sensitive());
        for bad in ["", "a b", "a\nb", "gehört"] {
            assert!(matches!(authorization(&SecretString::from(bad)), Err(Error::Token)), "{bad:?}");
        }
    }

    #[test]
    fn the_base_url_keeps_its_prefix() {
        let path = |text: &str| base(text).unwrap().to_string();
        assert_eq!(path("https://host"), "https://host/");
        assert_eq!(path("https://host/netbox"), "https://host/netbox/");
        assert_eq!(path("https://host/netbox/api/"), "https://host/netbox/");
        for bad in ["host", "ftp://host", "https://user:password@host", ""] {
            let error = base(bad).unwrap_err();
            assert!(matches!(error, Error::BaseUrl { .. }), "{bad:?}");
            assert!(!error.to_string().contains("password@"), "{error}");
        }
    }

    #[test]
    fn only_loopback_hosts_bypass_a_proxy() {
        let loopback = |text: &str| is_loopback(&base(text).unwrap());
        assert!(
            loopback("http://127.0.0.1:8000") && loopback("http://[::1]:1") && loopback("http://localhost")
        );
        assert!(!loopback("http://netbox.example.net"));
    }
}
