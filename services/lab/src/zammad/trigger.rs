//! Which webhooks a write fires.

use serde_json::{Map, Value};

use super::model::{Store, Ticket};
use super::write::{Written, number};

/// One webhook to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Firing {
    pub(super) trigger_id: u64,
    pub(super) webhook_id: u64,
    pub(super) ticket_id: u64,
    pub(super) article_id: Option<u64>,
}

impl Store {
    /// The webhooks of all active triggers that match, in the order of the triggers' names.
    pub(super) fn firings(&self, written: &Written) -> Vec<Firing> {
        let Some(ticket) = self.tickets.get(&written.ticket_id) else {
            return Vec::new();
        };
        let mut triggers: Vec<_> =
            self.triggers.iter().filter(|trigger| self.fires(trigger, ticket, written)).collect();
        triggers.sort_by_key(|trigger| trigger.get("name").and_then(Value::as_str).unwrap_or_default());
        let firing = |trigger: &&Map<String, Value>| {
            let perform = trigger.get("perform")?.get("notification.webhook")?;
            Some(Firing {
                trigger_id: number(trigger.get("id")?)?,
                webhook_id: number(perform.get("webhook_id")?)?,
                ticket_id: written.ticket_id,
                article_id: written.article_id,
            })
        };
        triggers.iter().filter_map(firing).collect()
    }

    fn fires(&self, trigger: &Map<String, Value>, ticket: &Ticket, written: &Written) -> bool {
        let text = |name: &str| trigger.get(name).and_then(Value::as_str);
        let active = trigger.get("active") != Some(&Value::Bool(false));
        let Some(condition) = trigger.get("condition").and_then(Value::as_object) else {
            return false;
        };
        if !active || text("activator").is_some_and(|activator| activator != "action") {
            return false;
        }
        let selective = text("execution_condition_mode") != Some("always");
        let touched = written.created
            || written.article_id.is_some()
            || condition
                .keys()
                .filter_map(|key| key.strip_prefix("ticket."))
                .any(|name| written.changed.contains(name));
        (touched || !selective) && self.matches(condition, ticket, Some(written))
    }

    /// Whether a ticket meets a condition such as `{"ticket.state_id": {"operator": "is", "value": ["2"]}}`.
    pub(super) fn matches(
        &self,
        condition: &Map<String, Value>,
        ticket: &Ticket,
        written: Option<&Written>,
    ) -> bool {
        let json = self.ticket_json(ticket);
        condition.iter().all(|(key, test)| {
            let Some(name) = key.strip_prefix("ticket.") else {
                return false;
            };
            let actual = match name {
                "action" => {
                    written.map_or("", |written| if written.created { "create" } else { "update" }).to_owned()
                }
                name => plain(json.get(name).unwrap_or(&Value::Null)),
            };
            let wanted: Vec<String> = match test.get("value") {
                Some(Value::Array(values)) => values.iter().map(plain).collect(),
                Some(value) => vec![plain(value)],
                None => Vec::new(),
            };
            match test.get("operator").and_then(Value::as_str) {
                Some("is") => wanted.contains(&actual),
                Some("is not") => !wanted.contains(&actual),
                _ => false,
            }
        })
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
