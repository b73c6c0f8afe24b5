//! Pages for people: the list of changes and one change. Structs of ready-to-print values; the templates escape them.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{Data, Form, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use change_model::{Change, ChangeId, DiffLine, Plan, State};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{Shared, guard};
use crate::adapters::note;
use crate::app::App;
use crate::operations::{self, Action};
use crate::store::Store;
use crate::store::changes::ChangeFilter;
use crate::store::outbox::GivenUp;

/// Changes on one page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "changes.html")]
struct ListPage {
    filters: Vec<FilterLink>,
    given_up: Vec<GivenUp>,
    rows: Vec<Row>,
    next: Option<String>,
}

struct FilterLink {
    name: &'static str,
    href: String,
    current: bool,
}

struct Row {
    id: String,
    ticket: String,
    title: String,
    state: String,
    tone: &'static str,
    port: String,
    requested_by: String,
    updated: String,
    updated_iso: String,
}

#[derive(Template, Default)]
#[template(path = "change.html")]
struct ChangePage {
    id: String,
    ticket: String,
    /// Where the ticket system shows it.
    ticket_url: String,
    title: String,
    state: String,
    tone: &'static str,
    answer: String,
    error: String,
    aftermath: String,
    problems: Vec<String>,
    given_up: Vec<GivenUp>,
    device: String,
    interface: String,
    requested_by: String,
    risk: String,
    received: String,
    expires: String,
    digest: String,
    diff: Vec<DiffLine>,
    other: Vec<String>,
    approvals: Vec<String>,
    evidence: Vec<String>,
    running: String,
    timeline: Vec<Step>,
    edit: String,
    inverse: String,
    actions: Vec<Button>,
}

struct Step {
    at: String,
    iso: String,
    state: String,
    tone: &'static str,
    event: String,
    detail: String,
}

struct Button {
    word: &'static str,
    label: &'static str,
    danger: bool,
}

/// What the list may be asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ListQuery {
    state: Option<String>,
    after: Option<String>,
}

/// `GET /`.
pub(super) async fn list(query: Query<ListQuery>, shared: Data<Shared>) -> HttpResponse {
    let state = query.state.as_deref().and_then(|state| state.parse::<State>().ok());
    let after = query.after.as_deref().and_then(|after| after.parse::<ChangeId>().ok());
    let page = async {
        let filter = ChangeFilter { state, after, limit: PAGE + 1, ..ChangeFilter::default() };
        let mut changes = shared.app.store.changes(&filter).await?;
        let more = changes.len() > PAGE as usize;
        changes.truncate(PAGE as usize);
        let next = changes.last().filter(|_| more).map(|last| {
            let state = state.map(|state| format!("&state={state}")).unwrap_or_default();
            format!("/?after={}{state}", last.id)
        });
        let given_up = shared.app.store.given_up(None).await?;
        sqlx::Result::Ok(ListPage {
            filters: filters(state),
            given_up,
            rows: changes.iter().map(row).collect(),
            next,
        })
    };
    answer(page.await)
}

fn filters(current: Option<State>) -> Vec<FilterLink> {
    let link = |name, state: Option<State>| FilterLink {
        name,
        href: state.map_or_else(|| "/".to_owned(), |state| format!("/?state={state}")),
        current: state == current,
    };
    vec![
        link("All", None),
        link("Pending approval", Some(State::PendingApproval)),
        link("Needs attention", Some(State::AttentionRequired)),
        link("Outcome unknown", Some(State::Indeterminate)),
        link("Closed", Some(State::Closed)),
    ]
}

fn row(change: &Change) -> Row {
    let port =
        change.device().zip(change.interface()).map(|(device, interface)| format!("{device} {interface}"));
    Row {
        id: change.id.to_string(),
        ticket: change.ticket.number.clone(),
        title: note::title(change),
        state: words(change.state.as_str()),
        tone: tone(change.state),
        port: port.unwrap_or_default(),
        requested_by: change.requesters.first().map(ToString::to_string).unwrap_or_default(),
        updated: note::time(change.updated_at),
        updated_iso: change.updated_at.to_string(),
    }
}

/// `GET /changes/{id}`.
pub(super) async fn show(id: Path<String>, shared: Data<Shared>) -> HttpResponse {
    page(&shared, &id, String::new()).await
}

async fn page(shared: &Shared, id: &str, said: String) -> HttpResponse {
    let Ok(id) = id.parse::<ChangeId>() else { return not_found() };
    match shared.app.store.change(id).await {
        Ok(Some(change)) => answer(change_page(&shared.app, &change, said).await),
        Ok(None) => not_found(),
        Err(error) => answer::<ChangePage>(Err(error)),
    }
}

async fn change_page(app: &App, change: &Change, said: String) -> sqlx::Result<ChangePage> {
    let store = &app.store;
    let plan = change.plan.as_ref();
    let text = |value: Option<String>| value.unwrap_or_default();
    let failed = change.error.is_some();
    Ok(ChangePage {
        id: change.id.to_string(),
        ticket: change.ticket.number.clone(),
        ticket_url: format!("{}/#ticket/zoom/{}", app.settings.zammad.url, change.ticket.id),
        title: note::title(change),
        state: words(change.state.as_str()),
        tone: tone(change.state),
        answer: said,
        error: text(change.error.clone()),
        aftermath: if failed { note::aftermath(change) } else { String::new() },
        problems: change.problems.iter().map(ToString::to_string).collect(),
        given_up: store.given_up(Some(change.id)).await?,
        device: text(change.names_device().map(|device| device.to_string())),
        interface: text(change.interface().map(ToString::to_string)),
        requested_by: text(change.requesters.first().map(ToString::to_string)),
        risk: text(plan.map(note::risk)),
        received: note::time(change.received_at),
        expires: text(change.expires_at.filter(|_| change.state == State::PendingApproval).map(note::time)),
        digest: text(change.digest.as_ref().map(ToString::to_string)),
        diff: plan.map(Plan::diff).unwrap_or_default(),
        other: plan.map(kept).unwrap_or_default(),
        approvals: change.approvals.iter().map(note::decision).collect(),
        evidence: note::evidence(change),
        running: change.evidence.running.clone(),
        timeline: timeline(store, change).await?,
        edit: text(plan.map(|plan| plan.edit.clone())),
        inverse: text(plan.map(|plan| plan.inverse.clone())),
        actions: actions(change.state),
    })
}

fn kept(plan: &Plan) -> Vec<String> {
    plan.device_before
        .other
        .iter()
        .map(|other| format!("{} {}", other.path, other.value).trim().to_owned())
        .collect()
}

/// History and remarks in one line of time.
async fn timeline(store: &Store, change: &Change) -> sqlx::Result<Vec<Step>> {
    let mut steps: Vec<(Timestamp, Step)> = Vec::new();
    for row in store.history(change.id).await? {
        let state = row.to.parse::<State>().ok();
        let step = Step {
            at: step_time(row.at, change.received_at),
            iso: row.at.to_string(),
            state: words(&row.to),
            tone: state.map_or("", tone),
            event: words(&row.event),
            detail: row.detail,
        };
        steps.push((row.at, step));
    }
    for remark in store.remarks(change.id).await? {
        let step = Step {
            at: step_time(remark.at, change.received_at),
            iso: remark.at.to_string(),
            state: "note".to_owned(),
            tone: "soft",
            event: words(&remark.kind),
            detail: remark.detail,
        };
        steps.push((remark.at, step));
    }
    steps.sort_by_key(|(at, _)| *at);
    Ok(steps.into_iter().map(|(_, step)| step).collect())
}

/// The time of a step to the millisecond; its date only where it is another one than that of the beginning.
fn step_time(at: Timestamp, received: Timestamp) -> String {
    let [at, received] = [at, received].map(|time| time.to_zoned(TimeZone::UTC));
    let format = if at.date() == received.date() { "%H:%M:%S%.3f" } else { "%Y-%m-%d %H:%M:%S%.3f" };
    at.strftime(format).to_string()
}

fn actions(state: State) -> Vec<Button> {
    let button = |word, label, danger| Button { word, label, danger };
    match state {
        State::PendingApproval => {
            vec![
                button("approve", "Approve", false),
                button("decline", "Decline", true),
                button("cancel", "Withdraw", true),
            ]
        }
        State::AttentionRequired => {
            vec![button("retry", "Start again", false), button("cancel", "Withdraw", true)]
        }
        State::Received | State::Approved => {
            vec![button("retry", "Try again", false), button("cancel", "Withdraw", true)]
        }
        State::UpdatingNetbox | State::Configuring | State::Verifying => {
            vec![button("retry", "Try again", false)]
        }
        State::Indeterminate => {
            vec![button("retry", "Read the switch again", false), button("cancel", "Withdraw", true)]
        }
        State::Closed => vec![button("undo", "Undo", true)],
        State::Denied | State::Expired | State::Superseded => Vec::new(),
    }
}

/// What the operator's form sends.
#[derive(Debug, Deserialize)]
pub(super) struct ActForm {
    token: secrecy::SecretString,
    #[serde(default)]
    by: String,
    #[serde(default)]
    reason: String,
    /// Digest of the plan that the page showed.
    #[serde(default)]
    plan: String,
}

/// `POST /changes/{id}/{action}`: the token in the form is what a forged page of another site does not have.
pub(super) async fn act(
    request: HttpRequest,
    path: Path<(String, String)>,
    form: Form<ActForm>,
    shared: Data<Shared>,
) -> HttpResponse {
    use secrecy::ExposeSecret;
    if let Err(refused) = shared.guard.admit(&request) {
        return *refused;
    }
    let (id, action) = path.into_inner();
    if !guard::is_token(form.token.expose_secret(), &shared.app.settings.server.api_token) {
        let refused = shared.guard.refuse(&request, "the token is wrong");
        let status = refused.status();
        let mut page = page(&shared, &id, "Not done: the token is wrong.".to_owned()).await;
        *page.status_mut() = status;
        return page;
    }
    let (Ok(change), Ok(action)) = (id.parse::<ChangeId>(), action.parse::<Action>()) else {
        return not_found();
    };
    let ActForm { by, reason, plan, .. } = &*form;
    let asked = operations::Asked { id: change, action, by, reason, plan, via: "page" };
    match operations::act(&shared.app.store, &shared.app.settings.approval, asked).await {
        Ok(id) => HttpResponse::SeeOther().insert_header((LOCATION, format!("/changes/{id}"))).finish(),
        Err(error) => {
            let mut page = page(&shared, &id, format!("Not done: {error}.")).await;
            *page.status_mut() = super::api::refusal(&error).status();
            page
        }
    }
}

/// `GET /static/netchange.css`.
pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .body(include_str!("../../static/netchange.css"))
}

/// `GET /static/netchange.js`.
pub(super) async fn script() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .body(include_str!("../../static/netchange.js"))
}

fn answer<P: Template>(page: sqlx::Result<P>) -> HttpResponse {
    let rendered = match page {
        Ok(page) => page.render().map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match rendered {
        Ok(html) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(html),
        Err(error) => {
            tracing::error!(error = %error, "A page cannot be shown");
            HttpResponse::ServiceUnavailable()
                .content_type("text/plain; charset=utf-8")
                .body("The store does not answer; try again.")
        }
    }
}

fn not_found() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("There is no such change.")
}

fn words(name: &str) -> String {
    name.replace('_', " ").replace("netbox", "NetBox")
}

fn tone(state: State) -> &'static str {
    match state {
        State::Closed => "good",
        State::Received
        | State::PendingApproval
        | State::Approved
        | State::UpdatingNetbox
        | State::Configuring
        | State::Verifying => "warn",
        State::AttentionRequired | State::Indeterminate => "bad",
        State::Denied | State::Expired | State::Superseded => "soft",
    }
}
