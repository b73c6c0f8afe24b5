//! The API: changes as JSON, and what an operator may do with them.

use actix_web::error::{InternalError, QueryPayloadError};
use actix_web::web::{Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use change_model::{ChangeId, State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::{IntoParams, Modify, OpenApi, ToSchema};

use super::Shared;
use crate::operations::{self, Action, ActionError, Asked};
use crate::store::changes::ChangeFilter;
use crate::views::{ChangeList, ChangeView};

/// Changes in one answer, at most.
const MAX_PAGE: u32 = 200;
/// Changes in one answer, unless asked for otherwise.
const PAGE: u32 = 50;

/// Which changes to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Only changes in this state.
    state: Option<String>,
    /// Only changes of the ticket with this number.
    ticket: Option<String>,
    /// Only changes of this device.
    device: Option<String>,
    /// 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// The `next` of the answer before.
    after: Option<String>,
}

/// Who acts, and why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ActBody {
    /// E-mail address of the person; approve and decline need an approver's.
    #[serde(default)]
    by: String,
    /// Why.
    #[serde(default)]
    reason: String,
    /// Approve and decline: digest of the plan that was looked at. A decision on another plan than the one that stands does not count.
    #[serde(default)]
    plan_digest: String,
}

/// Why something was not done.
#[derive(Debug, Serialize, ToSchema)]
struct Problem {
    /// The reason.
    error: String,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "netchange", description = "From a change ticket to a proven switch."),
    paths(list, show, act),
    components(schemas(ChangeView, ChangeList, ActBody, Problem)),
    modifiers(&Bearer)
)]
struct Description;

/// Every path described here asks for the operator's token.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("token", scheme);
        openapi.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    }
}

/// The answer to a query that cannot be read.
pub(super) fn wrong_query(error: QueryPayloadError) -> actix_web::Error {
    let reason = match &error {
        QueryPayloadError::Deserialize(error) => error.to_string(),
        other => other.to_string(),
    };
    InternalError::from_response(error, HttpResponse::BadRequest().json(json!({"error": reason}))).into()
}

/// `GET /api/openapi.json`.
pub(super) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(Description::openapi())
}

/// Changes, newest first.
#[utoipa::path(get, path = "/api/v1/changes", params(ListQuery), responses(
    (status = 200, body = ChangeList), (status = 400, body = Problem, description = "a filter is wrong"), (status = 401, body = Problem),
    (status = 429, body = Problem), (status = 503, body = Problem, description = "the store does not answer; try again")))]
pub(super) async fn list(
    request: HttpRequest,
    query: Query<ListQuery>,
    shared: Data<Shared>,
) -> HttpResponse {
    if let Err(refused) = shared.guard.bearer(&request, &shared.app.settings.server.api_token) {
        return *refused;
    }
    let filter = match filter(&query) {
        Ok(filter) => filter,
        Err(reason) => return HttpResponse::BadRequest().json(json!({"error": reason})),
    };
    match read_list(&shared, filter).await {
        Ok(list) => HttpResponse::Ok().json(list),
        Err(error) => failed(&error),
    }
}

fn filter(query: &ListQuery) -> Result<ChangeFilter, String> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(format!("limit {limit} is outside 1 to {MAX_PAGE}"));
    }
    let after =
        query.after.as_deref().map(str::parse::<ChangeId>).transpose().map_err(|error| error.to_string())?;
    let state = query.state.as_deref().map(str::parse::<State>).transpose()?;
    Ok(ChangeFilter {
        state,
        ticket_number: query.ticket.clone(),
        device: query.device.clone(),
        after,
        limit,
    })
}

/// One more than asked for is read, to know whether there are more.
async fn read_list(shared: &Shared, filter: ChangeFilter) -> sqlx::Result<ChangeList> {
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let mut changes = shared.app.store.changes(&ChangeFilter { limit: filter.limit + 1, ..filter }).await?;
    let more = changes.len() > limit;
    changes.truncate(limit);
    let next = changes.last().filter(|_| more).map(|change| change.id.to_string());
    let mut items = Vec::with_capacity(changes.len());
    for change in &changes {
        items.push(ChangeView::read(&shared.app.store, change).await?);
    }
    Ok(ChangeList { items, next })
}

/// One change.
#[utoipa::path(get, path = "/api/v1/changes/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = ChangeView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 429, body = Problem),
    (status = 503, body = Problem, description = "the store does not answer; try again")))]
pub(super) async fn show(request: HttpRequest, id: Path<String>, shared: Data<Shared>) -> HttpResponse {
    if let Err(refused) = shared.guard.bearer(&request, &shared.app.settings.server.api_token) {
        return *refused;
    }
    let Ok(id) = id.parse::<ChangeId>() else { return not_found() };
    answer(&shared, id).await
}

/// Approve, decline, retry, undo or cancel a change.
#[utoipa::path(post, path = "/api/v1/changes/{id}/{action}", request_body = ActBody,
    params(("id" = String, Path), ("action" = String, Path, description = "approve, decline, retry, undo or cancel")),
    responses((status = 200, body = ChangeView), (status = 400, body = Problem, description = "the body is wrong"), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem, description = "its state, or a rule, forbids it"),
        (status = 413, description = "the body is larger than 1 MiB"), (status = 429, body = Problem),
        (status = 503, body = Problem, description = "the store does not answer; try again")))]
pub(super) async fn act(
    request: HttpRequest,
    path: Path<(String, String)>,
    body: Bytes,
    shared: Data<Shared>,
) -> HttpResponse {
    if let Err(refused) = shared.guard.bearer(&request, &shared.app.settings.server.api_token) {
        return *refused;
    }
    let (id, action) = path.into_inner();
    let (Ok(id), Ok(action)) = (id.parse::<ChangeId>(), action.parse::<Action>()) else { return not_found() };
    // No body is as good as an empty one; a wrong one is not taken for none.
    let body: ActBody = match serde_json::from_slice(if body.is_empty() { b"{}" } else { &body }) {
        Ok(body) => body,
        Err(error) => return HttpResponse::BadRequest().json(json!({"error": error.to_string()})),
    };
    let ActBody { by, reason, plan_digest: plan } = &body;
    let asked = Asked { id, action, by, reason, plan, via: "api" };
    match operations::act(&shared.app.store, &shared.app.settings.approval, asked).await {
        Ok(id) => answer(&shared, id).await,
        Err(error) => refusal(&error),
    }
}

async fn answer(shared: &Shared, id: ChangeId) -> HttpResponse {
    let read = async {
        match shared.app.store.change(id).await? {
            Some(change) => ChangeView::read(&shared.app.store, &change).await.map(Some),
            None => Ok(None),
        }
    };
    match read.await {
        Ok(Some(view)) => HttpResponse::Ok().json(view),
        Ok(None) => not_found(),
        Err(error) => failed(&error),
    }
}

/// The answer to an action that was not done.
pub(super) fn refusal(error: &ActionError) -> HttpResponse {
    match error {
        ActionError::Refused(reason) => HttpResponse::Conflict().json(json!({"error": reason})),
        ActionError::Invalid(reason) => HttpResponse::BadRequest().json(json!({"error": reason})),
        ActionError::NotFound => not_found(),
        ActionError::Store(error) => failed(error),
    }
}

fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(json!({"error": "there is no such change or action"}))
}

fn failed(error: &sqlx::Error) -> HttpResponse {
    tracing::error!(error = %error, "The store does not answer");
    HttpResponse::ServiceUnavailable().json(json!({"error": "the store does not answer; try again"}))
}
