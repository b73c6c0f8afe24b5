//! Webhooks: verify over the raw bytes, store, answer. Nothing else.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Shared;
use crate::store::inbox::{Delivery, Says, Source};

type Answer = Result<HttpResponse, actix_web::Error>;

/// `POST /ticket`, from Zammad.
pub(super) async fn zammad(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> Answer {
    let secret = &shared.app.settings.zammad.webhook_secret;
    let signature = header(&request, "X-Hub-Signature");
    let verified = |secret: &_| ticket_client::webhook::verify(secret, signature, &body).is_ok();
    if let Err(refused) = authenticate(&shared, &request, secret, verified) {
        return Ok(*refused);
    }
    let says = match ticket_client::webhook::hint(&body) {
        Ok(hint) => i64::try_from(hint.id.0).map_or_else(|_| Says::Body(body.to_vec()), Says::Ticket),
        Err(error) => return Ok(malformed(&request, &error)),
    };
    let key = header(&request, "X-Zammad-Delivery").map_or_else(|| digest(&body), str::to_owned);
    store(&shared, Delivery { source: Source::Zammad, key, says }).await
}

/// `POST /card`, from Webex: somebody answered a card.
pub(super) async fn webex_card(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> Answer {
    webex(&request, body, &shared, Source::WebexCard).await
}

/// `POST /webex`, from Webex: somebody wrote to the bot.
pub(super) async fn webex_message(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> Answer {
    webex(&request, body, &shared, Source::WebexMessage).await
}

async fn webex(request: &HttpRequest, body: Bytes, shared: &Shared, source: Source) -> Answer {
    let secret = &shared.app.settings.webex.webhook_secret;
    let signature = header(request, "X-Spark-Signature");
    let verified = |secret: &_| webex_cards::webhook::verify(secret, signature, &body).is_ok();
    if let Err(refused) = authenticate(shared, request, secret, verified) {
        return Ok(*refused);
    }
    match webex_cards::webhook::Notification::parse(&body) {
        Ok(notification) => {
            let key = notification.dedup_key();
            store(shared, Delivery { source, key, says: Says::Body(body.into()) }).await
        }
        Err(error) => Ok(malformed(request, &error)),
    }
}

/// `POST /netbox`, from NetBox.
pub(super) async fn netbox(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> Answer {
    let secret = &shared.app.settings.netbox.webhook_secret;
    let signature = header(&request, "X-Hook-Signature");
    let verified = |secret: &_| netbox_client::webhook::verify(secret, signature, &body).is_ok();
    if let Err(refused) = authenticate(&shared, &request, secret, verified) {
        return Ok(*refused);
    }
    match netbox_client::webhook::Event::from_slice(&body) {
        Ok(_) => {
            let key = digest(&body);
            store(&shared, Delivery { source: Source::Netbox, key, says: Says::Body(body.into()) }).await
        }
        Err(error) => Ok(malformed(&request, &error)),
    }
}

/// Refuses who asks too often or did not sign. Without a secret, which start-up allows only on demand, anybody is taken.
fn authenticate(
    shared: &Shared,
    request: &HttpRequest,
    secret: &SecretString,
    verified: impl Fn(&SecretString) -> bool,
) -> Result<(), Box<HttpResponse>> {
    shared.guard.admit(request)?;
    let unsigned = secret.expose_secret().is_empty() && shared.app.settings.server.allow_unsigned_webhooks;
    if unsigned || verified(secret) {
        Ok(())
    } else {
        Err(Box::new(shared.guard.refuse(request, "the signature is missing or wrong")))
    }
}

async fn store(shared: &Shared, delivery: Delivery) -> Answer {
    let source = delivery.source.as_str();
    crate::crash::point(&format!("before:accept:{source}"));
    let accepted = shared.app.store.accept(delivery).await;
    crate::crash::point(&format!("between:accept:{source}"));
    match accepted {
        Ok(()) => {
            metrics::counter!("netchange_webhooks_total", "source" => source).increment(1);
            Ok(HttpResponse::Accepted().finish())
        }
        // The sender tries again, or the poll finds what it was about.
        Err(error) => Ok(HttpResponse::ServiceUnavailable().json(json!({"error": error.to_string()}))),
    }
}

fn malformed(request: &HttpRequest, error: &dyn std::error::Error) -> HttpResponse {
    let reason = crate::effects::chain(error);
    tracing::warn!(path = request.path(), error = %reason, "Refused a body: {reason}");
    HttpResponse::BadRequest().json(json!({"error": reason}))
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

fn digest(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}
