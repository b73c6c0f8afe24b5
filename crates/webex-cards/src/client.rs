//! The client: one shared way to send, with the rules of rate limits.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::gate::{Budget, Gate, RetryPolicy, retry_after};
use crate::lenient::without_value;
use crate::paging;
use crate::request::Built;

/// The longest that one request may take, connecting included.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest that connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer that is read, in bytes.
const MAX_ANSWER: usize = 4 << 20;
/// Most of a refusal that is read, in bytes; what comes after it is left.
const MAX_REFUSAL: usize = 64 << 10;
/// Most characters of a server's error text that are kept.
const MAX_DETAIL: usize = 300;

/// Speaks to Webex as one bot. Cheap to clone; clones share connections, the rate limit gate and the request counter.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    base: Url,
    authorization: HeaderValue,
    policy: RetryPolicy,
    gate: Gate,
    requests: AtomicU64,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.inner.base.as_str()).finish_non_exhaustive()
    }
}

/// Optional settings of a [`Client`]; see [`Client::builder`].
#[derive(Debug)]
pub struct ClientBuilder {
    base_url: String,
    token: SecretString,
    timeout: Duration,
    user_agent: String,
    policy: RetryPolicy,
    roots: Vec<reqwest::Certificate>,
}

impl ClientBuilder {
    /// The longest that one request may take; 20 s if not set.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The `User-Agent`; `webex-cards/VERSION` if not set.
    #[must_use]
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// How often a call is tried and how long it waits by itself when Webex asks for patience or is in trouble.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Trusts this certificate authority as well.
    #[must_use]
    pub fn root_certificate(mut self, certificate: reqwest::Certificate) -> Self {
        self.roots.push(certificate);
        self
    }

    /// Makes the client. The process must have a rustls crypto provider installed.
    ///
    /// # Errors
    /// [`Error::BaseUrl`], [`Error::Token`], or [`Error::Transport`] when TLS cannot be set up.
    pub fn build(self) -> Result<Client, Error> {
        let base = parse_base(&self.base_url)?;
        let authorization = authorization(&self.token)?;
        let mut http = reqwest::Client::builder()
            .timeout(self.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout))
            .user_agent(self.user_agent)
            // A redirect would carry the token elsewhere; the API has none.
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_merge(self.roots);
        if is_loopback(&base) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(Error::Transport)?;
        let inner = Inner {
            http,
            base,
            authorization,
            policy: self.policy,
            gate: Gate::default(),
            requests: AtomicU64::new(0),
        };
        Ok(Client { inner: Arc::new(inner) })
    }
}

fn parse_base(text: &str) -> Result<Url, Error> {
    let mut base = Url::parse(text).map_err(|_| Error::BaseUrl)?;
    let clean = base.query().is_none()
        && base.fragment().is_none()
        && base.username().is_empty()
        && base.password().is_none();
    if !matches!(base.scheme(), "http" | "https") || !clean {
        return Err(Error::BaseUrl);
    }
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    Ok(base)
}

fn authorization(token: &SecretString) -> Result<HeaderValue, Error> {
    let token = token.expose_secret();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::Token);
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Error::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// An answer with a good status.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads the body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, what: &'static str) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::Decode { what, source: without_value(error) })
    }
}

/// The shape of every list.
#[derive(Deserialize)]
pub(crate) struct Items<T> {
    pub(crate) items: Vec<T>,
}

impl Client {
    /// Begins a client for the API at `base_url` (`https://webexapis.com/v1`) with a bot's access token.
    pub fn builder(base_url: impl Into<String>, token: SecretString) -> ClientBuilder {
        ClientBuilder {
            base_url: base_url.into(),
            token,
            timeout: DEFAULT_TIMEOUT,
            user_agent: concat!("webex-cards/", env!("CARGO_PKG_VERSION")).to_owned(),
            policy: RetryPolicy::default(),
            roots: Vec::new(),
        }
    }

    /// How many HTTP requests this client and its clones have sent.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.inner.requests.load(Ordering::Relaxed)
    }

    /// Sends a request and reads the answer as JSON.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        what: &'static str,
        request: Built,
    ) -> Result<T, Error> {
        self.send(request).await?.json(what)
    }

    /// Sends a request for a list and follows its pages.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        what: &'static str,
        request: Built,
    ) -> Result<Vec<T>, Error> {
        let mut request = request?;
        let mut pages = paging::Pages::from(request.uri().to_string());
        let mut all = Vec::new();
        loop {
            let answer = self.send(Ok(request)).await?;
            all.append(&mut answer.json::<Items<T>>(what)?.items);
            match pages.next(&self.inner.base, &answer.headers)? {
                Some(path) => request = crate::request::empty(http::Method::GET, &path)?,
                None => return Ok(all),
            }
        }
    }

    /// Sends a request, again within the policy: on 429 and 423, which refused the work whatever the method; and where Webex is in trouble and
    /// asks for no wait, if a second try does no harm.
    pub(crate) async fn send(&self, request: Built) -> Result<Answer, Error> {
        let request = request?;
        let mut budget = Budget::new(self.inner.policy);
        loop {
            while let Some(wait) = self.inner.gate.remaining() {
                let sleep = budget.sleep_for(wait).ok_or(Error::RateLimited { retry_after: wait })?;
                tokio::time::sleep(sleep).await;
            }
            budget.tried();
            let error = match self.attempt(&request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = match &error {
                Error::RateLimited { retry_after } => *retry_after,
                error if repeats(request.method(), error) => budget.backoff(),
                _ => return Err(error),
            };
            let Some(sleep) = budget.sleep_for(wait) else { return Err(error) };
            tracing::debug!(%error, wait_ms = sleep.as_millis(), "Webex is asked again");
            tokio::time::sleep(sleep).await;
        }
    }

    async fn attempt(&self, request: &Request<Vec<u8>>) -> Result<Answer, Error> {
        let response = self.send_once(request.clone()).await?;
        let status = response.status();
        if status != StatusCode::TOO_MANY_REQUESTS && status != StatusCode::LOCKED {
            return read(response).await;
        }
        let retry_after = retry_after(text_of(response.headers(), header::RETRY_AFTER));
        // 429 means the application; 423 only the thing that was asked for.
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.inner.gate.close(retry_after);
        }
        Err(Error::RateLimited { retry_after })
    }

    async fn send_once(&self, request: Request<Vec<u8>>) -> Result<reqwest::Response, Error> {
        let mut outgoing = request;
        // The pure functions make origin-form paths, so this is a plain joining of texts.
        let url = format!("{}{}", self.inner.base.as_str().trim_end_matches('/'), outgoing.uri());
        *outgoing.uri_mut() =
            url.parse().map_err(|error: http::uri::InvalidUri| Error::Build(error.into()))?;
        outgoing.headers_mut().insert(header::AUTHORIZATION, self.inner.authorization.clone());
        let outgoing = reqwest::Request::try_from(outgoing).map_err(transport)?;
        self.inner.requests.fetch_add(1, Ordering::Relaxed);
        self.inner.http.execute(outgoing).await.map_err(transport)
    }
}

/// Whether a call that failed so is tried once more by itself. A slow answer is not waited for twice, and a wait that Webex asks for is the
/// caller's to plan.
fn repeats(method: &Method, error: &Error) -> bool {
    let in_trouble = match error {
        Error::Api { status, retry_after: None, .. } => matches!(status, 408 | 500 | 502..=504),
        Error::Transport(source) => source.is_connect() || !(source.is_builder() || source.is_timeout()),
        _ => false,
    };
    let harmless = matches!(*method, Method::GET | Method::DELETE) || !error.may_have_been_done();
    in_trouble && harmless
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The URL may hold a person's address in its query, so it is left out of the error.
fn transport(error: reqwest::Error) -> Error {
    Error::Transport(error.without_url())
}

async fn read(mut response: reqwest::Response) -> Result<Answer, Error> {
    let status = response.status();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    if !status.is_success() {
        // The status has said what matters, so a body that breaks off or does not end is no failure of its own.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_REFUSAL {
                break;
            }
        }
        return Err(api_error(status, &headers, &body));
    }
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Error::AnswerTooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { headers, body })
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Refusal {
    message: Option<String>,
    errors: Option<Vec<Fault>>,
    tracking_id: Option<String>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    description: Option<String>,
}

impl Refusal {
    fn reason(self) -> Option<String> {
        let described = self.errors.into_iter().flatten().find_map(|fault| fault.description);
        self.message.or(described).filter(|reason| !reason.is_empty())
    }
}

/// The body may be empty, or HTML of a proxy; then the status alone speaks.
fn api_error(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let mut refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let header = headers.get("trackingId").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let tracking_id = refusal.tracking_id.take().or(header);
    let detail = match (refusal.reason(), text_of(headers, header::LOCATION)) {
        (Some(reason), _) => reason,
        // Without its query, which may hold what is nobody's business.
        (None, Some(location)) if status.is_redirection() => {
            let target = location.split(['?', '#']).next().unwrap_or_default();
            format!("redirects are not followed; the URL to configure may be that of {target}")
        }
        _ => "no reason given".to_owned(),
    };
    Error::Api {
        status: status.as_u16(),
        detail: detail.chars().filter(|char| !char.is_control()).take(MAX_DETAIL).collect(),
        tracking_id,
        retry_after: text_of(headers, header::RETRY_AFTER).map(|value| retry_after(Some(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_keeps_its_prefix_and_gets_a_slash() {
        assert_eq!(parse_base("https://webexapis.com/v1").unwrap().as_str(), "https://webexapis.com/v1/");
        assert_eq!(parse_base("http://127.0.0.1:1/").unwrap().as_str(), "http://127.0.0.1:1/");
        for bad in
            ["", "webexapis.com", "ftp://h/", "https://h/?a=b", "https://h/#x", "https://bot:hush@h/v1"]
        {
            assert!(matches!(parse_base(bad), Err(Error::BaseUrl)), "{bad}");
        }
    }

    #[test]
    fn an_error_body_that_is_not_json_still_gives_the_status() {
        for body in [&b""[..], b"<html>Bad gateway</html>", b"[1]", b"\xff"] {
            let error = api_error(StatusCode::BAD_GATEWAY, &HeaderMap::new(), body);
            assert_eq!(error.to_string(), "Webex answered 502: no reason given");
            assert!(error.is_retryable());
        }
    }

    #[test]
    fn only_loopback_hosts_bypass_a_proxy() {
        let loopback = |text: &str| is_loopback(&parse_base(text).unwrap());
        assert!(
            loopback("http://127.0.0.1:1/v1") && loopback("http://[::1]:1") && loopback("http://localhost")
        );
        assert!(!loopback("https://webexapis.com/v1"));
    }

    #[test]
    fn a_token_that_no_header_carries_is_refused() {
        assert!(authorization(&"abc".into()).unwrap().is_sensitive());
        for bad in ["", "a b", "a\nb", "ü"] {
            assert!(matches!(authorization(&bad.into()), Err(Error::Token)), "{bad:?}");
        }
    }

    #[test]
    fn the_reason_is_the_message_or_the_first_description() {
        let told = |body: &[u8]| api_error(StatusCode::BAD_REQUEST, &HeaderMap::new(), body).to_string();
        assert_eq!(told(br#"{"message":"No.","errors":[{"description":"x"}]}"#), "Webex answered 400: No.");
        for body in [
            r#"{"errors":[{},{"description":"Why."}]}"#,
            r#"{"message":null,"errors":[{"description":"Why."}]}"#,
        ] {
            assert_eq!(told(body.as_bytes()), "Webex answered 400: Why.");
        }
        assert_eq!(told(br#"{"message":"","errors":null}"#), "Webex answered 400: no reason given");
    }

    #[test]
    fn the_tracking_id_comes_from_the_body_or_the_header() {
        let mut headers = HeaderMap::new();
        headers.insert("trackingId", HeaderValue::from_static("H1"));
        let tracking = |body: &[u8]| match api_error(StatusCode::NOT_FOUND, &headers, body) {
            Error::Api { tracking_id, .. } => tracking_id,
            other => panic!("{other}"),
        };
        assert_eq!(tracking(b"{\"trackingId\":\"B1\"}").as_deref(), Some("B1"));
        assert_eq!(tracking(b"").as_deref(), Some("H1"));
    }
}
