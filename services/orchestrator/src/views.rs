//! A change as outsiders see it: the JSON of the API, of `--json`, and the ground of the pages.

use change_model::{Approval, Change, DiffLine, Evidence, RequestedSettings};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::Store;
use crate::store::changes::HistoryRow;
use crate::store::outbox::GivenUp;
use crate::store::remarks::Remark;

/// A change, with its history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeView {
    /// UUID of version 7: ids sort by time.
    #[schema(value_type = String)]
    id: change_model::ChangeId,
    /// Where it stands, e.g. `pending_approval`.
    #[schema(value_type = String)]
    state: change_model::State,
    /// Counts its events.
    version: u64,
    source: SourceView,
    /// E-mail address of the ticket's customer.
    requested_by: Option<String>,
    title: String,
    device: Option<String>,
    interface: Option<String>,
    #[schema(value_type = Object)]
    requested: Option<RequestedSettings>,
    plan: Option<PlanView>,
    #[schema(value_type = Vec<Object>)]
    approvals: Vec<Approval>,
    expires_at: Option<String>,
    #[schema(value_type = Vec<Object>)]
    history: Vec<HistoryRow>,
    /// What happened without moving it: decisions that do not count.
    #[schema(value_type = Vec<Object>)]
    remarks: Vec<Remark>,
    /// Effects that were given up and need a person.
    #[schema(value_type = Vec<Object>)]
    given_up: Vec<GivenUp>,
    #[schema(value_type = Object)]
    evidence: Evidence,
    /// Everything that is wrong with the request.
    problems: Vec<String>,
    /// Why it failed.
    error: Option<String>,
    #[schema(value_type = String)]
    received_at: Timestamp,
    #[schema(value_type = String)]
    updated_at: Timestamp,
}

/// Where a change comes from.
#[derive(Debug, Serialize, ToSchema)]
struct SourceView {
    /// `ticket`, or `undo` of another change.
    kind: &'static str,
    /// The change that is undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    undoes: Option<change_model::ChangeId>,
    ticket_id: u64,
    ticket_number: String,
}

/// The plan, as far as outsiders need it.
#[derive(Debug, Serialize, ToSchema)]
struct PlanView {
    /// What approvals are bound to.
    #[schema(value_type = Option<String>)]
    digest: Option<change_model::PlanDigest>,
    #[schema(value_type = Vec<Object>)]
    diff: Vec<DiffLine>,
    #[schema(value_type = Object)]
    risk: change_model::risk::Risk,
    checks: Vec<String>,
    /// The edit-config that is sent; empty where the device needs none.
    edit: String,
    /// The edit-config that undoes it.
    inverse: String,
}

/// A page of changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeList {
    /// Newest first.
    pub(crate) items: Vec<ChangeView>,
    /// For `after`, if there are more.
    pub(crate) next: Option<String>,
}

impl ChangeView {
    /// Reads what belongs to a change.
    pub(crate) async fn read(store: &Store, change: &Change) -> sqlx::Result<Self> {
        let history = store.history(change.id).await?;
        let remarks = store.remarks(change.id).await?;
        let given_up = store.given_up(Some(change.id)).await?;
        let plan = change.plan.as_ref().map(|plan| PlanView {
            digest: change.digest.clone(),
            diff: plan.diff(),
            risk: plan.risk.clone(),
            checks: plan.checks.clone(),
            edit: plan.edit.clone(),
            inverse: plan.inverse.clone(),
        });
        Ok(Self {
            id: change.id,
            state: change.state,
            version: change.version,
            source: SourceView {
                kind: if change.restores.is_some() { "undo" } else { "ticket" },
                undoes: change.restores.as_ref().map(|restore| restore.of),
                ticket_id: change.ticket.id,
                ticket_number: change.ticket.number.clone(),
            },
            requested_by: change.requesters.first().map(ToString::to_string),
            title: change.title.clone(),
            device: change.names_device().map(|device| device.to_string()),
            interface: change.interface().map(ToString::to_string),
            requested: change.request.as_ref().map(|request| request.settings.clone()),
            plan,
            approvals: change.approvals.clone(),
            expires_at: change.expires_at.map(|at| at.to_string()),
            history,
            remarks,
            given_up,
            evidence: change.evidence.clone(),
            problems: change.problems.iter().map(ToString::to_string).collect(),
            error: change.error.clone(),
            received_at: change.received_at,
            updated_at: change.updated_at,
        })
    }
}
