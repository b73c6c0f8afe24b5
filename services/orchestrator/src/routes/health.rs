//! For supervisors and Prometheus.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::Shared;

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// `GET /readyz`: store and worker do their work; the store is written to for it, at most once in 5 s. The other systems are listed, and are no reason to be unready.
pub(super) async fn readyz(shared: Data<Shared>) -> HttpResponse {
    let mut failing = Vec::new();
    if !shared.app.store.takes_writes().await {
        failing.push("store");
    }
    if !shared.pulse.is_alive() {
        failing.push("worker");
    }
    let body = json!({
        "status": if failing.is_empty() { "ready" } else { "not ready" },
        "failing": failing,
        "systems": shared.app.systems.list(),
    });
    if failing.is_empty() {
        HttpResponse::Ok().json(body)
    } else {
        HttpResponse::ServiceUnavailable().json(body)
    }
}

/// `GET /metrics`.
pub(super) async fn metrics(shared: Data<Shared>) -> HttpResponse {
    match shared.app.store.waiting().await {
        Ok(waiting) => {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; counts stay far below 2^52")]
            let set = |name: &'static str, value: i64| metrics::gauge!(name).set(value as f64);
            set("netchange_inbox_waiting", waiting.inbox);
            set("netchange_outbox_waiting", waiting.outbox);
            set("netchange_effects_given_up", waiting.given_up);
            set("netchange_changes_active", waiting.active_changes);
        }
        Err(error) => tracing::error!(error = %error, "The store does not answer"),
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(shared.metrics.render())
}
