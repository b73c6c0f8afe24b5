//! `GET /api/v1/events`: server-sent events, one per state change, so that the pages are live. They carry ids and states, nothing else.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use futures_util::stream;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use super::Shared;

/// A comment is sent this often, so that a dead connection is noticed.
const KEEPALIVE: Duration = Duration::from_secs(15);

pub(super) async fn stream(shared: Data<Shared>) -> HttpResponse {
    let listening = (shared.app.store.subscribe(), shared.app.closing.clone());
    let events = stream::unfold(listening, |(mut receiver, closing)| async {
        let next = tokio::time::timeout(KEEPALIVE, receiver.recv());
        // An open page must not hold up the end of the service.
        let text = match closing.run_until_cancelled(next).await? {
            Err(_) => ": still here\n\n".to_owned(),
            Ok(Ok(changed)) => {
                let data = json!({"id": changed.id, "state": changed.state, "version": changed.version});
                format!("event: change\ndata: {data}\n\n")
            }
            // Too slow a reader missed some: it shall look at everything again.
            Ok(Err(RecvError::Lagged(_))) => "event: lagged\ndata: {}\n\n".to_owned(),
            Ok(Err(RecvError::Closed)) => return None,
        };
        Some((Ok::<_, actix_web::Error>(Bytes::from(text)), (receiver, closing)))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("Cache-Control", "no-store"))
        .streaming(events)
}
