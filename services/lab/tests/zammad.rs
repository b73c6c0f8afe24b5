//! The ticket system's stand-in, driven over HTTP by the client that netchange uses, and its webhooks as a receiver sees them.
#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use lab::http::Server;
use lab::zammad::{Outcome, Zammad};
use lab::{Fault, FaultAction, FaultBoard, LabSettings, Point, System};
use secrecy::SecretString;
use serde_json::{Value, json};
use ticket_client::setup::{self, FieldType, Kind};
use ticket_client::{
    Client, Error, Note, NoteOutcome, StateOutcome, StateWrite, Ticket, TicketId, TicketNumber, webhook,
};

/// Limit for anything that a test waits for.
const LIMIT: Duration = Duration::from_secs(10);
/// What the stand-in signs with.
const SECRET: &str = "lab-zammad-webhook-secret";
/// The first ticket.
const FIRST: TicketId = TicketId(16);

/// One webhook as it came in.
#[derive(Clone)]
struct Received {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Received {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Checks the signature and reads the body.
    fn event(&self) -> webhook::Event {
        let signature = self.header(webhook::SIGNATURE_HEADER);
        webhook::verify(&SecretString::from(SECRET), signature, &self.body).unwrap();
        webhook::parse(&self.body).unwrap()
    }
}

/// A receiver of webhooks that answers with the given statuses in turn, and then with 202.
#[derive(Default)]
struct Inbox {
    received: Mutex<Vec<Received>>,
    answers: Mutex<Vec<u16>>,
    /// Whoever has it holds the answers back.
    answering: tokio::sync::Mutex<()>,
}

async fn receive(inbox: Data<Inbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let header =
        |(name, value): (&HeaderName, &HeaderValue)| (name.to_string(), value.to_str().unwrap().to_owned());
    let headers = request.headers().iter().map(header).collect();
    inbox.received.lock().unwrap().push(Received { headers, body: body.to_vec() });
    drop(inbox.answering.lock().await);
    let mut answers = inbox.answers.lock().unwrap();
    let status = if answers.is_empty() { 202 } else { answers.remove(0) };
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish()
}

/// The stand-in, a receiver, and clients for three users.
struct World {
    zammad: Zammad,
    faults: Arc<FaultBoard>,
    inbox: Data<Inbox>,
    bot: Client,
    agent: Client,
    admin: Client,
    receiver: Server,
}

impl World {
    async fn start(answers: &[u16]) -> Self {
        let inbox = Data::new(Inbox { answers: Mutex::new(answers.to_vec()), ..Inbox::default() });
        let routes = {
            let inbox = inbox.clone();
            move |config: &mut ServiceConfig| {
                config.app_data(inbox.clone()).route("/ticket", web::post().to(receive));
            }
        };
        let waits = [Duration::from_millis(30); 4];
        let mut settings = LabSettings { zammad_retry_waits: waits, ..LabSettings::default() };
        let receiver = Server::start(&settings, 0, (System::Switch, Arc::default()), routes).unwrap();
        settings.orchestrator_url = receiver.url();
        let faults = Arc::new(FaultBoard::default());
        let zammad = Zammad::start(&settings, faults.clone()).await.unwrap();
        let client = |token: &str| {
            let builder = Client::builder(zammad.url(), SecretString::from(token));
            builder.timeout(LIMIT).retry(2, Duration::from_millis(5)).build().unwrap()
        };
        let bot = client(&settings.zammad_token);
        let agent = client(zammad.user_token());
        let admin = client(zammad.admin_token());
        Self { zammad, faults, inbox, bot, agent, admin, receiver }
    }

    async fn stop(self) {
        self.zammad.stop().await;
        self.receiver.stop().await;
    }

    fn received(&self) -> Vec<Received> {
        self.inbox.received.lock().unwrap().clone()
    }

    /// Waits until this many webhooks have come in.
    async fn wait_for(&self, count: usize) -> Vec<Received> {
        until(|| self.received().len() >= count).await;
        self.received()
    }

    fn fault(&self, point: Point, method: &str, path: &str, action: FaultAction) -> Fault {
        let (method, path) = (Some(method.to_owned()), Some(path.to_owned()));
        let fault = Fault { system: System::Zammad, point, method, path, skip: 0, times: Some(1), action };
        self.faults.add(fault.clone());
        fault
    }
}

async fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LIMIT, "waited too long");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The ticket of the lab's story.
fn change() -> Value {
    json!({
        "title": "Network Change Request: Update Device Interface", "group": "NetDevOps",
        "customer": "network-team@local.lab", "state": "open", "ticket_type": "network_change",
        "network_device_name": "c9300", "network_interface_name": "GigabitEthernet1/0/5",
        "network_interface_enabled": true,
        "network_interface_description": "Configured from the ticket system!", "network_interface_mtu": 2000,
        "network_interface_ip4_address": "", "network_switchport_mode_and_vlan": "access:100:",
        "article": {
            "body": "Please <b>do</b> & see", "content_type": "text/plain", "type": "phone", "sender": "Customer",
        },
    })
}

#[tokio::test]
async fn the_first_ticket_is_15016_and_its_people_have_addresses() {
    let world = World::start(&[]).await;
    let created = world.agent.create_ticket(&change()).await.unwrap();
    assert_eq!((created.id, created.number.as_str(), created.state.as_str()), (FIRST, "15016", "open"));
    let read = world.bot.get_ticket_with_people(FIRST).await.unwrap();
    assert_eq!(read.requester_emails(), ["network-team@local.lab", "developer@local.lab"]);
    assert_eq!(read.field("network_interface_mtu"), Some(&json!(2000)));
    assert_eq!(read.field("network_interface_enabled"), Some(&json!(true)));
    assert_eq!(world.bot.articles(FIRST).await.unwrap().len(), 1);
    assert_eq!(world.zammad.ticket(16)["number"], "15016");
    assert_eq!(world.zammad.ticket_id("15016"), Some(16));
    assert_eq!(world.zammad.request_count(), world.agent.request_count() + world.bot.request_count());
    world.stop().await;
}

#[tokio::test]
async fn a_webhook_is_signed_and_has_the_recorded_shape_in_wire_form() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    let one = world.wait_for(1).await.remove(0);
    let event = one.event();
    assert_eq!((event.ticket.id, event.ticket.number.as_str()), (FIRST, "15016"));
    assert_eq!(event.ticket.requester_emails(), ["network-team@local.lab", "developer@local.lab"]);
    assert_eq!(event.article.unwrap().body, "Please <b>do</b> & see");
    let text = String::from_utf8(one.body.clone()).unwrap();
    assert!(text.contains("\\u003cb\\u003edo\\u003c/b\\u003e \\u0026 see"));
    assert!(!text.contains(['<', '>', '&', '\n']));
    assert_eq!(one.header("User-Agent"), Some("Zammad User Agent"));
    assert_eq!(one.header("Content-Type"), Some("application/json; charset=utf-8"));
    assert_eq!(one.header(webhook::TRIGGER_HEADER), Some("network change trigger"));
    assert!(one.header(webhook::DELIVERY_HEADER).is_some_and(|id| id.len() == 36));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/zammad/seed_ticket_15004.json");
    let recorded = std::fs::read(path).unwrap();
    let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    keys("", &serde_json::from_slice(&one.body).unwrap(), &mut ours);
    keys("", &serde_json::from_slice(&recorded).unwrap(), &mut theirs);
    assert_eq!(ours, theirs);
    world.stop().await;
}

/// The paths of all keys of nested objects.
fn keys(at: &str, value: &Value, out: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{at}/{key}");
        keys(&path, value, out);
        out.insert(path);
    }
}

#[tokio::test]
async fn keys_are_sorted_in_the_body() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    let body = String::from_utf8(world.wait_for(1).await.remove(0).body).unwrap();
    let order = [
        "{\"article\":{\"accounted_time\":",
        "\"updated_by_id\":",
        "\"ticket\":{\"article_count\":",
        "\"title\":",
    ];
    let places: Vec<usize> = order.iter().map(|key| body.find(key).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_failing_receiver_is_tried_five_times_with_one_id_and_the_ticket_as_it_is_then() {
    let world = World::start(&[500, 302, 404, 503, 500]).await;
    let answering = world.inbox.answering.lock().await;
    world.agent.create_ticket(&change()).await.unwrap();
    world.wait_for(1).await;
    world.zammad.update_ticket(16, &json!({"title": "Changed meanwhile"})).unwrap();
    drop(answering);
    until(|| world.zammad.deliveries().len() == 5).await;
    let received = world.received();
    let ids: BTreeSet<_> = received.iter().map(|one| one.header(webhook::DELIVERY_HEADER).unwrap()).collect();
    assert_eq!((received.len(), ids.len()), (5, 1));
    assert_eq!(received[0].event().ticket.title, change()["title"]);
    assert_eq!(received[4].event().ticket.title, "Changed meanwhile");
    let outcomes: Vec<_> = world.zammad.deliveries().into_iter().map(|delivery| delivery.outcome).collect();
    assert_eq!(outcomes, [500, 302, 404, 503, 500].map(Outcome::Answered));
    world.stop().await;
}

#[tokio::test]
async fn the_trigger_fires_when_its_condition_is_touched_and_holds() {
    let world = World::start(&[]).await;
    let mut incident = change();
    incident["ticket_type"] = json!("incident");
    world.agent.create_ticket(&incident).await.unwrap();
    world.agent.create_ticket(&change()).await.unwrap();
    let id = TicketId(17);
    assert_eq!(world.wait_for(1).await[0].event().ticket.id, id, "another ticket type fires nothing");
    // Not touched; holds no more; neither.
    world.agent.update_ticket(id, &json!({"network_interface_mtu": 1600})).await.unwrap();
    world.bot.update_state(id, "pending approval", Some(&Note::html("s", "b"))).await.unwrap();
    world.agent.update_ticket(id, &json!({"network_interface_mtu": 1700})).await.unwrap();
    // Touched and holds: the state is open again, and then an article while it is open.
    world.agent.update_state(id, "open", None).await.unwrap();
    let second = world.wait_for(2).await[1].event();
    assert_eq!((second.ticket.state.as_str(), second.article), ("open", None));
    world.bot.add_note(id, &Note::html("s", "b")).await.unwrap();
    let third = world.wait_for(3).await[2].event();
    assert_eq!(third.ticket.updated_by.login.as_deref(), Some("netchange-bot"));
    until(|| world.zammad.deliveries().len() >= 3).await;
    assert_eq!(world.zammad.deliveries().len(), 3);
    world.stop().await;
}

#[tokio::test]
async fn webhooks_can_be_lost_doubled_and_swapped() {
    let world = World::start(&[]).await;
    world.fault(Point::Webhook, "POST", "/ticket", FaultAction::Lose);
    world.agent.create_ticket(&change()).await.unwrap();
    until(|| world.zammad.deliveries().len() == 1).await;
    assert_eq!(world.zammad.deliveries()[0].outcome, Outcome::Lost);

    world.fault(Point::Webhook, "POST", "/ticket", FaultAction::Double);
    world.agent.create_ticket(&change()).await.unwrap();
    let received = world.wait_for(2).await;
    let id = |at: usize| received[at].header(webhook::DELIVERY_HEADER);
    assert_eq!(id(0), id(1));

    let hold = world.fault(Point::Webhook, "POST", "/ticket", FaultAction::Hold);
    world.agent.create_ticket(&change()).await.unwrap();
    world.agent.create_ticket(&change()).await.unwrap();
    world.wait_for(3).await;
    world.faults.remove(&hold);
    let received = world.wait_for(4).await;
    let ids: Vec<_> = received[2..].iter().map(|one| one.event().ticket.id.0).collect();
    assert_eq!(ids, [19, 18]);
    world.stop().await;
}

#[tokio::test]
async fn what_a_test_repeats_or_forges_is_what_would_be_sent() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    let sent = world.wait_for(1).await.remove(0);
    let raw = world.zammad.raw_delivery(16).unwrap();
    assert_eq!(raw.body, sent.body);
    assert!(raw.url.ends_with("/ticket"));
    let signature =
        raw.headers.iter().find(|(name, _)| name == "X-Hub-Signature").map(|(_, value)| value.as_str());
    assert_eq!(signature, sent.header("X-Hub-Signature"));
    assert_eq!(world.zammad.raw_delivery(99), None);
    world.stop().await;
}

#[tokio::test]
async fn no_credentials_are_403_and_a_wrong_token_is_401() {
    let world = World::start(&[]).await;
    let wrong = Client::builder(world.zammad.url(), SecretString::from("wrong")).build().unwrap();
    let error = wrong.get_ticket(FIRST).await.unwrap_err();
    assert_eq!(error.to_string(), "Zammad answered 401: Can't find User for Token");
    let http = reqwest::Client::new();
    let url = format!("{}/api/v1/tickets/16", world.zammad.url());
    let answer = http.get(&url).header("Accept", "application/json").send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.headers()["X-Failure"], "Authentication required");
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(body, json!({"error": "Authentication required", "error_human": "Authentication required"}));
    let page = http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"), "an error without JSON asked for is a page");
    let error = world.bot.list(Kind::Webhook).await.unwrap_err();
    assert_eq!(error.to_string(), "Zammad answered 403: Not authorized");
    world.stop().await;
}

#[tokio::test]
async fn an_agent_is_told_an_id_where_an_administrator_is_told_the_reason() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    let broken = json!({"article": "no object"});
    let error = world.bot.update_ticket(FIRST, &broken).await.unwrap_err();
    assert!(
        matches!(&error, Error::Api { status: 500, error_id: Some(id), .. } if id.len() == 8),
        "{error:?}"
    );
    let error = world.admin.update_ticket(FIRST, &broken).await.unwrap_err();
    assert!(
        matches!(&error, Error::Api { error_id: None, detail, .. } if detail.contains("article")),
        "{error:?}"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_misspelt_field_is_dropped_in_silence_and_the_client_notices() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    let error = world.agent.update_ticket(FIRST, &json!({"network_interface_mut": 9000})).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotWritten { field, .. } if field == "network_interface_mut"),
        "{error:?}"
    );
    let error = world.agent.update_ticket(FIRST, &json!({"ticket_type": "holiday"})).await.unwrap_err();
    assert_eq!(error.to_string(), "Zammad answered 422: Invalid value 'holiday' for field 'ticket_type'!");
    world.stop().await;
}

#[tokio::test]
async fn a_state_is_refused_in_zammads_words() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    for (state, text) in [
        ("pendig approval", "No lookup value found for 'state': \"pendig approval\""),
        ("Closed", "No lookup value found for 'state': \"Closed\""),
        ("new", "Invalid value '1' for field 'state_id'!"),
        ("removed", "Invalid value '6' for field 'state_id'!"),
        ("pending reminder", "Missing required value for field 'pending_time'!"),
    ] {
        let error = world.bot.update_state(FIRST, state, None).await.unwrap_err();
        assert!(matches!(&error, Error::StateRefused { detail, .. } if detail == text), "{error:?}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_state_and_its_note_are_written_together_or_not_at_all() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    assert!(world.bot.update_state(FIRST, "closed", Some(&Note::html("s", ""))).await.is_err());
    assert!(world.bot.update_state(FIRST, "nonsense", Some(&Note::html("s", "b"))).await.is_err());
    assert_eq!(world.zammad.ticket(16)["state"], "open");
    assert_eq!(world.zammad.articles(16).len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_reading_back() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    let note = Note::html("Approval requested", "<p>Waiting</p>");
    let write = StateWrite::new("pending approval", "c1:pending", &note).only_from(&["open"]);
    world.fault(Point::Request, "PUT", "/api/v1/tickets/16", FaultAction::DropReply);
    assert_eq!(world.bot.ensure_state_with_note(FIRST, &write).await.unwrap(), StateOutcome::Written);
    assert_eq!(world.bot.ensure_state_with_note(FIRST, &write).await.unwrap(), StateOutcome::AlreadyThere);
    world.fault(Point::Request, "POST", "/api/v1/ticket_articles", FaultAction::DropReply);
    assert_eq!(world.bot.ensure_note(FIRST, "c1:done", &note).await.unwrap(), NoteOutcome::Written);
    assert_eq!(world.bot.ensure_note(FIRST, "c1:done", &note).await.unwrap(), NoteOutcome::AlreadyThere);
    assert!(world.faults.list().is_empty(), "both faults struck");
    assert_eq!(world.zammad.articles(16).len(), 3);
    world.stop().await;
}

#[tokio::test]
async fn a_request_cut_before_it_was_done_is_an_error_and_safe_to_repeat() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    let note = Note::html("Approval requested", "<p>Waiting</p>");
    let write = StateWrite::new("pending approval", "c1:pending", &note);
    world.fault(Point::Request, "PUT", "/api/v1/tickets/16", FaultAction::Reset);
    let error = world.bot.ensure_state_with_note(FIRST, &write).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(world.zammad.ticket(16)["state"], "open");
    assert_eq!(world.bot.ensure_state_with_note(FIRST, &write).await.unwrap(), StateOutcome::Written);
    assert_eq!(world.zammad.articles(16).len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn a_ticket_that_a_person_moved_is_left_alone() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    let note = Note::html("Approval requested", "<p>Waiting</p>");
    let write = StateWrite::new("pending approval", "c1:pending", &note).only_from(&["open"]);
    assert_eq!(world.bot.ensure_state_with_note(FIRST, &write).await.unwrap(), StateOutcome::Written);
    world.agent.update_state(FIRST, "closed", None).await.unwrap();
    let closed = "closed".to_owned();
    let outcome = world.bot.ensure_state_with_note(FIRST, &write).await.unwrap();
    assert_eq!(outcome, StateOutcome::MovedSince { state: closed.clone() });
    let write = StateWrite::new("approved", "c1:approved", &note).only_from(&["pending approval"]);
    let outcome = world.bot.ensure_state_with_note(FIRST, &write).await.unwrap();
    assert_eq!(outcome, StateOutcome::NotFrom { state: closed });
    assert_eq!(world.zammad.articles(16).len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn a_state_that_is_not_offered_leaves_the_note() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    world.zammad.offer_state("approved", false);
    let note = Note::html("Approved", "<p>by lead@example.net</p>");
    let write = StateWrite::new("approved", "c1:approved", &note);
    let detail = "Invalid value '9' for field 'state_id'!".to_owned();
    let outcome = world.bot.ensure_state_with_note(FIRST, &write).await.unwrap();
    assert_eq!(outcome, StateOutcome::NoteOnly { state: "open".to_owned(), detail });
    assert_eq!(world.zammad.articles(16)[1]["subject"], "Approved [c1:approved/note-only]");
    let again = world.bot.ensure_state_with_note(FIRST, &write).await.unwrap();
    assert!(matches!(again, StateOutcome::NoteOnly { .. }), "{again:?}");
    world.zammad.offer_state("approved", true);
    assert_eq!(world.bot.ensure_state_with_note(FIRST, &write).await.unwrap(), StateOutcome::Written);
    assert_eq!(world.bot.ensure_state_with_note(FIRST, &write).await.unwrap(), StateOutcome::AlreadyThere);
    assert_eq!(world.zammad.ticket(16)["state"], "approved");
    assert_eq!(world.zammad.articles(16).len(), 2, "the note is there once");
    world.stop().await;
}

#[tokio::test]
async fn polling_finds_open_tickets_though_the_index_lags_behind() {
    let world = World::start(&[]).await;
    for _ in 0..3 {
        world.agent.create_ticket(&change()).await.unwrap();
    }
    world.agent.update_state(TicketId(17), "closed", None).await.unwrap();
    world.zammad.set_index_delay(Duration::from_secs(3600));
    let ids = |tickets: Vec<Ticket>| tickets.into_iter().map(|ticket| ticket.id.0).collect::<Vec<_>>();
    assert_eq!(ids(world.bot.search_open("network_change").await.unwrap()), [16, 18]);
    let both = world.bot.search_in_states("network_change", &["open", "closed"]).await.unwrap();
    assert_eq!(ids(both), [16, 17, 18]);
    let number = TicketNumber::new("15018");
    assert_eq!(world.bot.find_ticket_by_number(&number).await.unwrap(), None, "not in the index yet");
    world.zammad.set_index_delay(Duration::ZERO);
    assert_eq!(world.bot.find_ticket_by_number(&number).await.unwrap().unwrap().id, TicketId(18));
    world.stop().await;
}

#[tokio::test]
async fn polling_reads_more_tickets_than_fit_a_page() {
    let world = World::start(&[]).await;
    for _ in 0..205 {
        world.zammad.create_ticket(&change()).unwrap();
    }
    assert_eq!(world.bot.search_open("network_change").await.unwrap().len(), 205);
    world.stop().await;
}

#[tokio::test]
async fn html_in_a_note_is_cleaned_and_the_marker_survives_in_the_subject() {
    let world = World::start(&[]).await;
    world.agent.create_ticket(&change()).await.unwrap();
    let note = Note::html("Done", "<p onclick=x()>a<!-- [c1:done] --></p><script>b()</script><b>c</b>");
    assert_eq!(world.bot.ensure_note(FIRST, "c1:done", &note).await.unwrap(), NoteOutcome::Written);
    let articles = world.bot.articles(FIRST).await.unwrap();
    assert_eq!(articles[1].body, "<p>a</p>b()<b>c</b>");
    assert_eq!(articles[1].subject.as_deref(), Some("Done [c1:done]"));
    assert_eq!(articles[1].sender.as_deref(), Some("Agent"));
    world.stop().await;
}

#[tokio::test]
async fn a_server_can_be_set_up_through_the_client() {
    let world = World::start(&[]).await;
    let state = world.admin.create_state("on hold", 2).await.unwrap();
    assert_eq!(world.admin.state_id("on hold").await.unwrap(), state.id);
    let options = FieldType::Select(vec![("lab".to_owned(), "Lab".to_owned())]);
    let field = setup::ticket_field("network_site", "Site", &options);
    world.admin.create(Kind::ObjectAttribute, &field).await.unwrap();
    world.agent.create_ticket(&change()).await.unwrap();
    let site = json!({"network_site": "lab"});
    let early = world.agent.update_ticket(FIRST, &site).await;
    assert!(matches!(early, Err(Error::NotWritten { .. })), "there is no column before the migration");
    world.admin.execute_migrations().await.unwrap();
    world.agent.update_ticket(FIRST, &site).await.unwrap();
    let hook = setup::webhook("second", &format!("{}/ticket", world.receiver.url()), "other-secret");
    let hook = world.admin.create(Kind::Webhook, &hook).await.unwrap();
    assert_eq!(hook.rest["signature_token"], "**********", "secrets are masked");
    let trigger = setup::trigger("a second trigger", "network_change", state.id, hook.id);
    world.admin.create(Kind::Trigger, &trigger).await.unwrap();
    assert!(world.admin.find(Kind::Trigger, "a second trigger").await.unwrap().is_some());
    world.wait_for(1).await;
    world.agent.update_state(FIRST, "on hold", None).await.unwrap();
    let second = world.wait_for(2).await.remove(1);
    let signature = second.header(webhook::SIGNATURE_HEADER);
    assert!(webhook::verify(&SecretString::from("other-secret"), signature, &second.body).is_ok());
    world.stop().await;
}

#[tokio::test]
async fn fields_are_found_by_name_in_the_servers_list() {
    let world = World::start(&[]).await;
    let fields = world.admin.list(Kind::ObjectAttribute).await.unwrap();
    let names: BTreeSet<_> = fields.iter().map(|field| field.name.as_str()).collect();
    assert!(names.is_superset(&BTreeSet::from([
        "ticket_type",
        "network_device_name",
        "network_interface_mtu"
    ])));
    assert!(world.bot.find(Kind::Template, "Network Device Change").await.unwrap().is_some());
    world.stop().await;
}

/// A browser without scripts: follows no redirect by itself.
struct Browser {
    http: reqwest::Client,
    base: String,
}

impl Browser {
    fn new(world: &World) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, base: world.zammad.url() }
    }

    async fn get(&self, path: &str) -> String {
        self.http.get(format!("{}{path}", self.base)).send().await.unwrap().text().await.unwrap()
    }

    async fn post(&self, path: &str, form: &str) -> reqwest::Response {
        let request = self.http.post(format!("{}{path}", self.base)).body(form.to_owned());
        request.header("Content-Type", "application/x-www-form-urlencoded").send().await.unwrap()
    }
}

#[tokio::test]
async fn a_webhook_that_a_trigger_sends_cannot_be_deleted() {
    let world = World::start(&[]).await;
    let delete = async |thing: &str| {
        let request = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/api/v1/{thing}", world.zammad.url());
        let token = format!("Token token={}", world.zammad.admin_token());
        let answer = request.delete(url).header("Authorization", token).header("Accept", "application/json");
        let answer = answer.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["error"].clone())
    };
    assert_eq!(delete("webhooks/1").await, (422, json!("Can't delete, object has references.")));
    assert_eq!(delete("triggers/1").await, (200, Value::Null));
    assert_eq!(delete("webhooks/1").await, (200, Value::Null));
    world.stop().await;
}

#[tokio::test]
async fn a_person_files_a_ticket_on_the_pages() {
    let world = World::start(&[]).await;
    let browser = Browser::new(&world);
    let form = browser.get("/new").await;
    for text in [
        "GigabitEthernet1/0/5",
        "c9300",
        "network-team@local.lab",
        "name=\"network_switchport_mode_and_vlan\"",
    ] {
        assert!(form.contains(text), "{text}");
    }
    let form = "title=T&customer=network-team%40local.lab&state=open&ticket_type=network_change\
        &network_interface_mtu=2000&network_interface_enabled=true\
        &network_interface_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E&body=Please";
    let answer = browser.post("/new", form).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["Location"], "/tickets/16");
    let ticket = world.zammad.ticket(16);
    let typed = (&ticket["network_interface_mtu"], &ticket["network_interface_enabled"]);
    assert_eq!(typed, (&json!(2000), &json!(true)));
    assert_eq!(
        (&ticket["customer"], &ticket["created_by"]),
        (&json!("network-team@local.lab"), &json!("developer"))
    );
    assert_eq!(world.wait_for(1).await[0].event().ticket.id, FIRST);
    let page = browser.get("/tickets/16").await;
    assert!(page.contains("&#60;script&#62;alert(1)"), "a hostile description is text");
    assert!(!page.contains("<script>alert"));
    until(|| world.zammad.deliveries().len() == 1).await;
    assert!(browser.get("/").await.contains("15016"));
    assert!(browser.get("/deliveries").await.contains("answered 202"));
    world.stop().await;
}

#[tokio::test]
async fn a_person_changes_a_ticket_on_its_page() {
    let world = World::start(&[]).await;
    let browser = Browser::new(&world);
    world.zammad.create_ticket(&change()).unwrap();
    let note = Note::html("Plan", "<table><tr><td>mtu</td></tr></table></main>");
    world.bot.add_note(FIRST, &note).await.unwrap();
    assert!(browser.get("/tickets/16").await.contains("<table><tr><td>mtu</td></tr></table></div>"));
    world.bot.update_state(FIRST, "pending approval", None).await.unwrap();
    browser.post("/tickets/16", "state_shown=open&state=open&network_interface_mtu=1600").await;
    let ticket = world.zammad.ticket(16);
    assert_eq!(
        (&ticket["state"], &ticket["network_interface_mtu"]),
        (&json!("pending approval"), &json!(1600))
    );
    assert_eq!(browser.post("/tickets/16", "state=closed&body=Done&internal=true").await.status(), 303);
    assert_eq!(world.zammad.ticket(16)["state"], "closed");
    assert_eq!(world.zammad.articles(16)[2]["internal"], true);
    let refused = browser.post("/tickets/16", "network_interface_mtu=99999999").await;
    assert_eq!(refused.status(), 422);
    assert!(refused.text().await.unwrap().contains("role=\"alert\""));
    assert_eq!(browser.post("/tickets/99", "state=closed").await.status(), 404);
    world.stop().await;
}
