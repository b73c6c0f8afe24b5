//! Event rules and webhooks: one worker, in order, signed, never repeated.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha512;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::model::{Object, Table, World, stamp};
use super::write::{Action, Cause};
use crate::faults::{FaultAction, FaultBoard, Point, System};

/// NetBox's worker needs this long at least: a webhook never comes before the answer to the write that caused it.
const LATENCY: Duration = Duration::from_millis(50);
/// How long the worker waits for a receiver, and meanwhile serves nobody else.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Deliveries that are remembered.
const REMEMBERED: usize = 1000;

/// A webhook on its way.
#[derive(Debug)]
pub(super) struct Delivery {
    url: String,
    secret: String,
    body: Vec<u8>,
    due: Instant,
}

/// How a webhook went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Where it went.
    pub url: String,
    /// The receiver's status; `None` if it could not be reached, or a fault lost the webhook.
    pub status: Option<u16>,
    /// What was sent.
    pub body: Vec<u8>,
}

/// Puts the webhooks of every event rule that fires into the outbox.
pub(super) fn raise(
    world: &mut World,
    (table, action): (Table, Action),
    (data, before, after): (Object, Option<Object>, Option<Object>),
    cause: &Cause,
) {
    let object_type = table.object_type();
    let (event, event_type) = match action {
        Action::Create => ("created", "object_created"),
        Action::Update => ("updated", "object_updated"),
        Action::Delete => ("deleted", "object_deleted"),
    };
    let holds = |rule: &&Object| {
        let list = |key: &str, wanted: &str| {
            rule.get(key)
                .and_then(Value::as_array)
                .is_some_and(|values| values.iter().any(|value| value == wanted))
        };
        rule.get("enabled") == Some(&json!(true))
            && list("object_types", &object_type)
            && list("event_types", event_type)
            && rule.get("conditions").is_none_or(|condition| met(condition, &data, (&before, &after)))
    };
    let fired = world.documents(Table::EventRules).map(|(_, rule)| rule).filter(holds);
    let hooks: Vec<_> = fired.filter_map(|rule| rule.get("action_object_id")?.as_u64()).collect();
    if hooks.is_empty() {
        return;
    }
    let time = stamp(world.tick()).replace('Z', "+00:00");
    let request = json!({"id": cause.request_id, "path": cause.path, "path_info": cause.path, "method": cause.method,
        "GET": {}, "user": cause.user});
    let body = json!({"event": event, "timestamp": time, "object_type": object_type, "data": data, "request": request,
        "snapshots": {"prechange": before, "postchange": after}});
    for hook in hooks {
        let Some(hook) = world.documents.get(&(Table::Webhooks, hook)) else {
            continue;
        };
        let text = |key: &str| hook.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (url, secret, body) = (text("payload_url"), text("secret"), body.to_string().into_bytes());
        world.outbox.push(Delivery { url, secret, body, due: Instant::now() + LATENCY });
    }
}

/// Whether an event rule's condition holds: `{"and": […]}`, `{"or": […]}` or `{"attr", "value", "op", "negate"}`.
fn met(condition: &Value, data: &Object, (before, after): (&Option<Object>, &Option<Object>)) -> bool {
    let each = |parts: &Value| -> Vec<bool> {
        parts.as_array().into_iter().flatten().map(|part| met(part, data, (before, after))).collect()
    };
    if condition.is_null() {
        return true;
    }
    if let Some(parts) = condition.get("and") {
        return each(parts).into_iter().all(|part| part);
    }
    if let Some(parts) = condition.get("or") {
        return each(parts).into_iter().any(|part| part);
    }
    let path = condition.get("attr").and_then(Value::as_str).unwrap_or_default();
    let wanted = condition.get("value").unwrap_or(&Value::Null);
    let held = at(Some(data), path);
    let holds = match condition.get("op").and_then(Value::as_str).unwrap_or("eq") {
        "changed" => at(before.as_ref(), path) != at(after.as_ref(), path),
        "in" => wanted.as_array().is_some_and(|values| values.contains(held)),
        "contains" => match held {
            Value::Array(values) => values.contains(wanted),
            Value::String(text) => wanted.as_str().is_some_and(|part| text.contains(part)),
            _ => false,
        },
        "eq" => held == wanted,
        other => {
            tracing::warn!("The NetBox stand-in knows no condition of kind {other}, so it never holds");
            false
        }
    };
    holds != (condition.get("negate") == Some(&json!(true)))
}

fn at<'a>(row: Option<&'a Object>, path: &str) -> &'a Value {
    let mut parts = path.split('.');
    let first = parts.next().and_then(|part| row?.get(part));
    parts.fold(first, |value, part| value?.get(part)).unwrap_or(&Value::Null)
}

/// The worker.
pub(super) struct Worker {
    pub(super) http: reqwest::Client,
    pub(super) faults: Arc<FaultBoard>,
    pub(super) log: Arc<Mutex<Vec<Delivered>>>,
}

impl Worker {
    /// Sends one webhook after the other until nobody can queue any more.
    pub(super) async fn run(self, mut queue: UnboundedReceiver<Delivery>) {
        while let Some(delivery) = queue.recv().await {
            tokio::time::sleep_until(delivery.due).await;
            let path = delivery.url.splitn(4, '/').nth(3).map_or("/".to_owned(), |path| format!("/{path}"));
            let (mut times, mut lost) = (1, false);
            for fault in self.faults.strike(System::Netbox, Point::Webhook, "POST", &path) {
                match fault.action {
                    FaultAction::Lose => lost = true,
                    FaultAction::Double => times += 1,
                    FaultAction::Delay { .. } | FaultAction::Hold => self.faults.wait(&fault).await,
                    other => tracing::warn!(?other, "This fault means nothing for a webhook"),
                }
            }
            if lost {
                self.remember(&delivery, None);
                continue;
            }
            for _ in 0..times {
                let status = self.send(&delivery).await;
                self.remember(&delivery, status);
            }
        }
    }

    async fn send(&self, delivery: &Delivery) -> Option<u16> {
        let mut request = self
            .http
            .post(&delivery.url)
            .header("Content-Type", "application/json")
            .timeout(TIMEOUT)
            .body(delivery.body.clone());
        if let Some(signature) = sign(&delivery.secret, &delivery.body) {
            request = request.header("X-Hook-Signature", signature);
        }
        match request.send().await {
            Ok(response) => Some(response.status().as_u16()),
            Err(error) => {
                tracing::info!(error = %error.without_url(), "A webhook of the NetBox stand-in was not taken");
                None
            }
        }
    }

    fn remember(&self, delivery: &Delivery, status: Option<u16>) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == REMEMBERED {
            log.remove(0);
        }
        log.push(Delivered { url: delivery.url.clone(), status, body: delivery.body.clone() });
    }
}

/// Hex HMAC-SHA-512 of the body; none without a secret.
fn sign(secret: &str, body: &[u8]) -> Option<String> {
    if secret.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(body);
    Some(hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::render::object;
    use super::super::seed::ticket_condition;
    use super::*;

    fn fires(condition: &Value, before: Value, after: Value) -> bool {
        let row = |fields: Value| object(json!({"custom_fields": fields}));
        met(condition, &row(after.clone()), (&Some(row(before)), &Some(row(after))))
    }

    #[test]
    fn the_ticket_condition_holds_when_the_field_is_set_not_when_it_is_cleared_or_kept() {
        let number = |text: &str| json!({"change_ticket_number": text});
        let condition = ticket_condition();
        assert!(fires(&condition, json!({}), number("15003")));
        assert!(fires(&condition, number("15003"), number("15004")));
        assert!(!fires(&condition, number("15003"), number("15003")));
        assert!(!fires(&condition, number("15003"), json!({"change_ticket_number": null})));
        assert!(fires(&Value::Null, json!({}), json!({})));
    }

    #[test]
    fn conditions_combine() {
        let is = |name: &str| json!({"attr": "custom_fields.x", "value": name});
        let row = |name: &str| json!({"x": name});
        assert!(fires(&json!({"or": [is("a"), is("b")]}), json!({}), row("b")));
        assert!(!fires(&json!({"and": [is("a"), is("b")]}), json!({}), row("b")));
        assert!(!fires(&json!({"attr": "custom_fields.x", "op": "nonsense"}), json!({}), row("b")));
    }
}
