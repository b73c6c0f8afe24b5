//! Registering webhooks, and keeping them as wanted.

use std::fmt;

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{Event, Resource};
use crate::client::Client;
use crate::error::Error;
use crate::id::WebhookId;
use crate::lenient::null_as_default;
use crate::request::{self, Built};

/// A webhook as it is registered. Webex echoes the secret; it is kept out of `Debug`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// The identifier.
    pub id: WebhookId,
    /// The name.
    pub name: String,
    /// Where notifications go.
    pub target_url: String,
    /// What it watches.
    pub resource: Resource,
    /// Which events.
    pub event: Event,
    /// Narrows the events, e.g. `roomId=…`.
    #[serde(default)]
    pub filter: Option<String>,
    /// Signs the notifications.
    #[serde(default)]
    pub secret: Option<SecretString>,
    /// `active` or `inactive`; the latter after a hundred failures in five minutes, without any notice.
    #[serde(default, deserialize_with = "null_as_default")]
    pub status: String,
}

impl Registration {
    /// Whether it sends.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == "active"
    }
}

/// A webhook as it should be.
#[derive(Clone)]
pub struct Wanted {
    /// The name, which also finds it again; unique among ours.
    pub name: String,
    /// Where notifications shall go.
    pub target_url: String,
    /// What it shall watch.
    pub resource: Resource,
    /// Which events.
    pub event: Event,
    /// Narrows the events.
    pub filter: Option<String>,
    /// Shall sign the notifications.
    pub secret: SecretString,
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {} to {})", self.name, self.resource.as_str(), self.event.as_str(), self.target_url)
    }
}

/// One step from the registered webhooks to the wanted ones.
#[derive(Debug, Clone)]
pub enum Step {
    /// Register it.
    Create(Wanted),
    /// Set name, target, secret and `active`, since one of them is not as wanted.
    Update {
        /// The registered one.
        id: WebhookId,
        /// How it should be.
        wanted: Wanted,
        /// It was switched off.
        was_inactive: bool,
    },
    /// Delete it: a double, or of another kind than wanted under the wanted name.
    Delete {
        /// The registered one.
        id: WebhookId,
        /// Its name.
        name: String,
    },
}

/// What [`Client::reconcile_webhooks`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// How many were made.
    pub created: usize,
    /// How many were changed or switched on again.
    pub updated: usize,
    /// How many of the changed ones had been switched off by Webex.
    pub reactivated: usize,
    /// How many were deleted.
    pub deleted: usize,
}

/// The steps from `existing` to `wanted`; none when all is well. Hooks with other names and other targets are left alone.
#[must_use]
pub fn plan(existing: &[Registration], wanted: &[Wanted]) -> Vec<Step> {
    let mut steps = Vec::new();
    for want in wanted {
        let ours = |hook: &&Registration| {
            hook.name == want.name || (hook.target_url == want.target_url && same_kind(hook, want))
        };
        let mut candidates: Vec<_> = existing.iter().filter(ours).collect();
        // The best one stays: of the wanted kind, then nothing to change, then active.
        candidates.sort_by_key(|hook| (!same_kind(hook, want), !as_wanted(hook, want), !hook.is_active()));
        let kept = candidates.first().filter(|hook| same_kind(hook, want)).copied();
        let extras = candidates.iter().filter(|hook| kept.is_none_or(|kept| kept.id != hook.id));
        steps.extend(extras.map(|hook| Step::Delete { id: hook.id.clone(), name: hook.name.clone() }));
        match kept {
            None => steps.push(Step::Create(want.clone())),
            Some(hook) if as_wanted(hook, want) => {}
            Some(hook) => steps.push(Step::Update {
                id: hook.id.clone(),
                wanted: want.clone(),
                was_inactive: !hook.is_active(),
            }),
        }
    }
    steps
}

/// What an update cannot change: Webex ignores it without an error.
fn same_kind(hook: &Registration, want: &Wanted) -> bool {
    hook.resource == want.resource && hook.event == want.event && hook.filter == want.filter
}

fn as_wanted(hook: &Registration, want: &Wanted) -> bool {
    let secret = hook.secret.as_ref().map(ExposeSecret::expose_secret);
    hook.name == want.name
        && hook.target_url == want.target_url
        && secret == Some(want.secret.expose_secret())
        && hook.is_active()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    name: &'a str,
    target_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a Resource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a Event>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<&'a str>,
    secret: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

fn list() -> Built {
    request::empty(Method::GET, &request::path(&["webhooks"], &[("max", "100")]))
}

fn get(id: &WebhookId) -> Built {
    request::empty(Method::GET, &request::path(&["webhooks", id.as_str()], &[]))
}

fn create(wanted: &Wanted) -> Built {
    let body = Body {
        name: &wanted.name,
        target_url: &wanted.target_url,
        resource: Some(&wanted.resource),
        event: Some(&wanted.event),
        filter: wanted.filter.as_deref(),
        secret: wanted.secret.expose_secret(),
        status: None,
    };
    request::json(Method::POST, "/webhooks", &body)
}

fn update(id: &WebhookId, wanted: &Wanted) -> Built {
    let body = Body {
        name: &wanted.name,
        target_url: &wanted.target_url,
        resource: None,
        event: None,
        filter: None,
        secret: wanted.secret.expose_secret(),
        status: Some("active"),
    };
    request::json(Method::PUT, &request::path(&["webhooks", id.as_str()], &[]), &body)
}

fn delete(id: &WebhookId) -> Built {
    request::empty(Method::DELETE, &request::path(&["webhooks", id.as_str()], &[]))
}

impl Client {
    /// `GET /webhooks`, all pages: the hooks that this token made.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn webhooks(&self) -> Result<Vec<Registration>, Error> {
        self.list("GET /webhooks", list()).await
    }

    /// `GET /webhooks/{id}`.
    ///
    /// # Errors
    /// 404 for an unknown id; see [`Error`].
    pub async fn webhook(&self, id: &WebhookId) -> Result<Registration, Error> {
        self.call("GET /webhooks/{id}", get(id)).await
    }

    /// `POST /webhooks`. Webex makes doubles without asking; see [`Client::reconcile_webhooks`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create_webhook(&self, wanted: &Wanted) -> Result<Registration, Error> {
        self.call("POST /webhooks", create(wanted)).await
    }

    /// `PUT /webhooks/{id}`: name, target and secret as wanted, and switched on. Resource, event and filter cannot be changed.
    ///
    /// # Errors
    /// 404 for an unknown id; see [`Error`].
    pub async fn update_webhook(&self, id: &WebhookId, wanted: &Wanted) -> Result<Registration, Error> {
        self.call("PUT /webhooks/{id}", update(id, wanted)).await
    }

    /// `DELETE /webhooks/{id}`; one that is gone already is fine.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn delete_webhook(&self, id: &WebhookId) -> Result<(), Error> {
        match self.send(delete(id)).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Lists the hooks, then carries out the [`plan`]: missing ones made, wrong and switched-off ones mended, doubles deleted.
    /// May run again at any time.
    ///
    /// # Errors
    /// See [`Error`]; steps before the failed one stay done.
    pub async fn reconcile_webhooks(&self, wanted: &[Wanted]) -> Result<Reconciled, Error> {
        let mut done = Reconciled::default();
        for step in plan(&self.webhooks().await?, wanted) {
            match step {
                Step::Create(wanted) => {
                    self.create_webhook(&wanted).await?;
                    done.created += 1;
                }
                Step::Update { id, wanted, was_inactive } => {
                    self.update_webhook(&id, &wanted).await?;
                    done.updated += 1;
                    done.reactivated += usize::from(was_inactive);
                }
                Step::Delete { id, .. } => {
                    self.delete_webhook(&id).await?;
                    done.deleted += 1;
                }
            }
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wanted() -> Wanted {
        Wanted {
            name: "cards".to_owned(),
            target_url: "https://n.example/card".to_owned(),
            resource: Resource::AttachmentActions,
            event: Event::Created,
            filter: None,
            secret: "s3cret".into(),
        }
    }

    fn hook(id: &str, change: Value) -> Registration {
        let mut hook = json!({"id": id, "name": "cards", "targetUrl": "https://n.example/card",
            "resource": "attachmentActions", "event": "created", "secret": "s3cret", "status": "active"});
        hook.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(hook).unwrap()
    }

    fn steps(existing: &[Registration]) -> Vec<String> {
        let name = |step: &Step| match step {
            Step::Create(_) => "create".to_owned(),
            Step::Update { id, was_inactive, .. } => format!("update {id} {was_inactive}"),
            Step::Delete { id, .. } => format!("delete {id}"),
        };
        plan(existing, &[wanted()]).iter().map(name).collect()
    }

    #[test]
    fn a_good_hook_is_left_alone_and_a_missing_one_made() {
        assert!(steps(&[hook("1", json!({}))]).is_empty());
        assert_eq!(steps(&[]), ["create"]);
        let foreign = hook("1", json!({"name": "other", "targetUrl": "https://other.example/"}));
        assert_eq!(steps(&[foreign]), ["create"]);
    }

    #[test]
    fn doubles_go_and_the_better_one_stays() {
        let existing =
            [hook("1", json!({"status": "inactive"})), hook("2", json!({})), hook("3", json!({"name": "x"}))];
        assert_eq!(steps(&existing), ["delete 3", "delete 1"].map(str::to_owned));
    }

    #[test]
    fn what_can_be_changed_is_changed() {
        assert_eq!(steps(&[hook("1", json!({"status": "inactive"}))]), ["update 1 true"]);
        assert_eq!(steps(&[hook("1", json!({"secret": "old"}))]), ["update 1 false"]);
        assert_eq!(steps(&[hook("1", json!({"targetUrl": "https://old.example/card"}))]), ["update 1 false"]);
    }

    #[test]
    fn what_cannot_be_changed_is_made_anew() {
        assert_eq!(steps(&[hook("1", json!({"resource": "messages"}))]), ["delete 1", "create"]);
        assert_eq!(steps(&[hook("1", json!({"filter": "roomId=R"}))]), ["delete 1", "create"]);
    }

    #[test]
    fn an_update_sends_only_what_can_be_changed() {
        let request = update(&"W".parse().unwrap(), &wanted()).unwrap();
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let expected = json!({"name": "cards", "targetUrl": "https://n.example/card", "secret": "s3cret", "status": "active"});
        assert_eq!((request.uri().path(), body), ("/webhooks/W", expected));
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = format!("{:?} {:?} {:?}", wanted(), hook("1", json!({})), plan(&[], &[wanted()]));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
