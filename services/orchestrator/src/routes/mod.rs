//! HTTP: what each caller may ask, and how little is done before the answer.

pub(crate) mod api;
mod events;
mod guard;
mod head;
mod health;
mod pages;
mod webhooks;
mod yang;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::{DefaultHeaders, Next, from_fn};
use actix_web::web::{self, Data, PayloadConfig, QueryConfig};
use actix_web::{App as HttpApp, HttpResponse, HttpServer};
use anyhow::{Context, Result};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;
use tokio::sync::Semaphore;
use tracing_actix_web::TracingLogger;

use crate::app::App;
use crate::models::Shelf;
use crate::worker::Pulse;

/// Largest body of a webhook or of an API call, in bytes.
const MAX_BODY: usize = 1 << 20;
/// Requests under way have this long to end when the server stops, in seconds.
const SHUTDOWN_SECONDS: u64 = 10;
/// How long a client may take to send a request's head.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request may take altogether, its body included.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// Connections at once, for all threads.
const MAX_CONNECTIONS: usize = 4096;
/// Questions of the explorer's pages to devices at once.
const MAX_ASKING: usize = 4;
/// Threads that answer.
const THREADS: usize = 2;

/// What the handlers share.
pub(crate) struct Shared {
    pub(crate) app: App,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) metrics: PrometheusHandle,
    guard: guard::Guard,
    /// The models of the explorer's pages.
    models: Arc<Shelf>,
    /// Who asks a device on these pages.
    asking: Arc<Semaphore>,
}

/// Makes the server on a bound socket.
pub(crate) fn server(
    listener: TcpListener,
    app: App,
    pulse: Arc<Pulse>,
    metrics: PrometheusHandle,
) -> Result<Server> {
    let (guard, models, asking) = (guard::Guard::new(), Shelf::new(), Arc::new(Semaphore::new(MAX_ASKING)));
    let shared = Data::new(Shared { app, pulse, metrics, guard, models, asking });
    let server = HttpServer::new(move || {
        HttpApp::new()
            .app_data(shared.clone())
            .app_data(PayloadConfig::new(MAX_BODY))
            .app_data(QueryConfig::default().error_handler(|error, _| api::wrong_query(error)))
            .wrap(from_fn(in_time))
            .wrap(headers())
            .wrap(TracingLogger::default())
            .wrap(from_fn(head::copied))
            .configure(routes)
    });
    let server = server
        .workers(THREADS)
        .max_connections(MAX_CONNECTIONS)
        .client_request_timeout(REQUEST_TIMEOUT)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .listen(listener)
        .context("cannot listen")?;
    Ok(server.run())
}

/// Sends away who does not get a request across, or an answer ready, in time. What is stored all the same is known when it comes again.
async fn in_time<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    // The request itself may not be kept: the router wants it for itself.
    let path = request.path().to_owned();
    tokio::time::timeout(ANSWER_TIMEOUT, next.call(request)).await.unwrap_or_else(|_| {
        tracing::warn!(path, "A request took too long");
        let text = "the request took too long";
        let answer = HttpResponse::RequestTimeout().force_close().json(json!({"error": text}));
        Err(InternalError::from_response(text, answer).into())
    })
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/ticket", web::post().to(webhooks::zammad))
        .route("/card", web::post().to(webhooks::webex_card))
        .route("/webex", web::post().to(webhooks::webex_message))
        .route("/netbox", web::post().to(webhooks::netbox))
        .route("/healthz", web::get().to(health::healthz))
        .route("/readyz", web::get().to(health::readyz))
        .route("/metrics", web::get().to(health::metrics))
        .route("/api/openapi.json", web::get().to(api::openapi))
        .route("/api/v1/events", web::get().to(events::stream))
        .service(
            web::scope("/api/v1/changes")
                .route("", web::get().to(api::list))
                .route("/{id}", web::get().to(api::show))
                .route("/{id}/{action}", web::post().to(api::act)),
        )
        .route("/static/netchange.css", web::get().to(pages::style))
        .route("/static/netchange.js", web::get().to(pages::script))
        .route("/", web::get().to(pages::list))
        .route("/changes/{id}", web::get().to(pages::show))
        .route("/changes/{id}/{action}", web::post().to(pages::act))
        .configure(yang::routes);
}

fn headers() -> DefaultHeaders {
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    DefaultHeaders::new()
        .add((CONTENT_SECURITY_POLICY, policy))
        .add((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((X_FRAME_OPTIONS, "DENY"))
        .add((REFERRER_POLICY, "same-origin"))
        .add((HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
}
