//! How a session behaves.

use std::time::Duration;

use crate::capabilities::Capabilities;
use crate::framing::Limits;
use crate::hello::Hello;

/// How a session behaves. Every wait has a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionConfig {
    /// What is accepted from the server.
    pub limits: Limits,
    /// How long one call may take, from asking to be sent to its whole reply. 60 s.
    pub call_timeout: Duration,
    /// How long the exchange of hellos may take. 20 s.
    pub hello_timeout: Duration,
    /// How long [`Session::close`](super::Session::close) may take. 5 s.
    pub close_timeout: Duration,
    /// Calls that may wait to be written; more callers than that wait their turn. 64.
    pub queue: usize,
    /// Requests without a reply that the server may hold; further ones wait in the queue. So a server that reads and
    /// never answers cannot fill this side's memory with calls that were given up. 65,536.
    pub outstanding: usize,
    /// If this much time passes after a request with no reply at all in this session so far, one `<get>` that selects
    /// nothing is sent, and its reply thrown away. `None`, the default: nothing is sent that was not asked for.
    ///
    /// For netconfd (yuma123 2.13): if our hello and the first request reach it in one read, it takes the hello,
    /// leaves the request in its buffer, and looks at it only when more bytes arrive.
    pub nudge: Option<Duration>,
    /// What this side's hello offers. `:base:1.0` and `:base:1.1`.
    pub capabilities: Capabilities,
}

impl Default for SessionConfig {
    fn default() -> Self {
        SessionConfig {
            limits: Limits::default(),
            call_timeout: Duration::from_secs(60),
            hello_timeout: Duration::from_secs(20),
            close_timeout: Duration::from_secs(5),
            queue: 64,
            outstanding: 1 << 16,
            nudge: None,
            capabilities: Hello::client().capabilities,
        }
    }
}

impl SessionConfig {
    /// The same with another limit on one call.
    #[must_use]
    pub fn call_timeout(mut self, limit: Duration) -> Self {
        self.call_timeout = limit;
        self
    }

    /// The same with another limit on the hellos.
    #[must_use]
    pub fn hello_timeout(mut self, limit: Duration) -> Self {
        self.hello_timeout = limit;
        self
    }

    /// The same with another limit on closing.
    #[must_use]
    pub fn close_timeout(mut self, limit: Duration) -> Self {
        self.close_timeout = limit;
        self
    }

    /// The same with another number of calls that may wait to be written, at least 1.
    #[must_use]
    pub fn queue(mut self, calls: usize) -> Self {
        self.queue = calls;
        self
    }

    /// The same with another number of requests that the server may hold, at least 1.
    #[must_use]
    pub fn outstanding(mut self, requests: usize) -> Self {
        self.outstanding = requests;
        self
    }

    /// The same with a [`nudge`](SessionConfig::nudge) for servers that need one.
    #[must_use]
    pub fn nudge(mut self, after: Duration) -> Self {
        self.nudge = Some(after);
        self
    }

    /// The same with other limits on messages.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same with other capabilities in this side's hello.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }
}
