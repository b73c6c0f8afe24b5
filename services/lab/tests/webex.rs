//! The chat stand-in, driven by the real client over real HTTP.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use lab::webex::{Behaviour, Webex};
use lab::{Fault, FaultAction, FaultBoard, LabSettings, Point, System};
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use webex_cards::card::{Action, ActionStyle, FactSet, TextBlock, TextInput};
use webex_cards::webhook::{self, Data as Ids, Event, Notification, Reconciled, Resource, Wanted};
use webex_cards::{Card, Client, NewMessage, PlainText, Replaced, RetryPolicy};

const LEAD: &str = "lead@example.net";
const GUEST: &str = "guest@example.net";
/// The longest that a test waits for a notification.
const PATIENCE: Duration = Duration::from_secs(20);

/// One notification that came in.
#[derive(Clone)]
struct Received {
    path: String,
    signature: Option<String>,
    body: Vec<u8>,
}

/// Takes notifications in the place of netchange.
struct Receiver {
    all: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
    status: AtomicU16,
}

async fn receive(receiver: Data<Receiver>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let signature =
        request.headers().get(webhook::SIGNATURE_HEADER).map(|value| value.to_str().unwrap().to_owned());
    let received = Received { path: request.path().to_owned(), signature, body: body.to_vec() };
    let count = {
        let mut all = receiver.all.lock().unwrap();
        all.push(received);
        all.len()
    };
    receiver.count.send_replace(count);
    HttpResponse::build(StatusCode::from_u16(receiver.status.load(Ordering::SeqCst)).unwrap()).finish()
}

struct Rig {
    webex: Webex,
    faults: Arc<FaultBoard>,
    receiver: Data<Receiver>,
    settings: LabSettings,
    _server: lab::http::Server,
}

impl Rig {
    async fn start() -> Self {
        let receiver =
            Receiver { all: Mutex::default(), count: watch::Sender::new(0), status: AtomicU16::new(204) };
        let receiver = Data::new(receiver);
        let routes = {
            let receiver = receiver.clone();
            move |config: &mut ServiceConfig| {
                config.app_data(receiver.clone()).route("/{any}", web::post().to(receive));
            }
        };
        let server =
            lab::http::Server::start(&LabSettings::default(), 0, (System::Switch, Arc::default()), routes)
                .unwrap();
        let settings = LabSettings { orchestrator_url: server.url(), ..LabSettings::default() };
        let faults = Arc::new(FaultBoard::default());
        let webex = Webex::start(&settings, faults.clone()).await.unwrap();
        Self { webex, faults, receiver, settings, _server: server }
    }

    fn client_with(&self, token: &str) -> Client {
        Client::builder(self.webex.api_url(), token.into()).retry(RetryPolicy::NEVER_WAIT).build().unwrap()
    }

    fn bot(&self) -> Client {
        self.client_with(&self.settings.webex_token)
    }

    fn fault(&self, point: Point, method: &str, path: &str, action: FaultAction) {
        let (method, path) = (Some(method.to_owned()), Some(path.to_owned()));
        self.faults.add(Fault {
            system: System::Webex,
            point,
            method,
            path,
            skip: 0,
            times: Some(1),
            action,
        });
    }

    /// The notifications at a path, once there are this many; each is signed as it should be.
    async fn received(&self, path: &str, at_least: usize) -> Vec<Notification> {
        let mut count = self.receiver.count.subscribe();
        let there = || {
            let all = self.receiver.all.lock().unwrap();
            all.iter().filter(|one| one.path == path).cloned().collect::<Vec<_>>()
        };
        let enough = count.wait_for(|_| there().len() >= at_least);
        tokio::time::timeout(PATIENCE, enough)
            .await
            .unwrap_or_else(|_| panic!("fewer than {at_least} notifications at {path}"))
            .unwrap();
        let secret = self.settings.webex_webhook_secret.as_str().into();
        let read = |one: &Received| {
            webhook::verify(&secret, one.signature.as_deref(), &one.body).unwrap();
            assert!(!String::from_utf8_lossy(&one.body).contains(&self.settings.webex_webhook_secret));
            Notification::parse(&one.body).unwrap()
        };
        there().iter().map(read).collect()
    }

    async fn ask_lead(&self) -> webex_cards::Message {
        self.bot()
            .create_message(&NewMessage::to_email(LEAD, "**Change 1** needs approval").card(card()))
            .await
            .unwrap()
    }
}

fn card() -> Card {
    let submit = |title, style, word: &str| {
        Action::submit(title, style, &json!({"action": word, "change_id": "C1"})).unwrap()
    };
    let reason = TextInput::new("reason", "Reason").required("Say why").regex(r"^[\s\S]{3,500}$").multiline();
    let decline =
        Card::inner().with(reason).action(submit("Confirm decline", ActionStyle::Destructive, "decline"));
    Card::new("Change 1 needs approval")
        .with(TextBlock::heading("Change 1"))
        .with(
            FactSet::new()
                .fact("Description", PlainText::from_foreign("<script>alert(1)</script> **b**", 99)),
        )
        .with(TextInput::new("comment", "Comment"))
        .action(submit("Approve", ActionStyle::Positive, "approve"))
        .action(Action::show_card("Decline", decline))
        .action(Action::open_url("Open ticket", "https://tickets.example.net/#ticket/zoom/301"))
}

fn done_card() -> Card {
    Card::new("Change 1 approved").with(TextBlock::new("Approved"))
}

fn inputs(json: Value) -> Map<String, Value> {
    json.as_object().unwrap().clone()
}

fn press_of(notification: &Notification) -> &webhook::SubmitData {
    let Ids::Submit(data) = &notification.data else { panic!("{notification:?}") };
    data
}

#[actix_web::test]
async fn the_bot_finds_its_people_and_spaces() {
    let rig = Rig::start().await;
    let bot = rig.bot();
    let me = bot.me().await.unwrap();
    assert_eq!((me.kind.clone(), me.display_name.as_str()), (webex_cards::PersonKind::Bot, "Netchange"));
    let lead = bot.find_person_by_email("LEAD@example.net").await.unwrap().unwrap();
    assert_eq!(bot.person(&lead.id).await.unwrap(), lead);
    assert_eq!(bot.find_person_by_email("nobody@example.net").await.unwrap(), None);
    let rooms = bot.group_rooms().await.unwrap();
    assert_eq!((rooms.len(), rooms[0].title.as_str()), (1, "Network changes"));
    assert_eq!(rooms[0].id.as_str(), rig.webex.group_room_id());
    assert_eq!(bot.memberships(&rooms[0].id).await.unwrap().len(), 6);
    let guest = bot.find_membership(&rooms[0].id, GUEST).await.unwrap().unwrap();
    assert_eq!(guest.person_display_name, "Gus Guest");
    assert_eq!(rig.webex.request_count(), bot.request_count());
}

#[actix_web::test]
async fn a_wrong_token_and_a_stranger_get_nothing() {
    let rig = Rig::start().await;
    assert!(rig.client_with("wrong").me().await.unwrap_err().is_unauthorized());
    let sent = rig.ask_lead().await;
    let guest = rig.client_with(&rig.webex.token_of(GUEST).unwrap());
    assert!(guest.message(&sent.id).await.unwrap_err().is_not_found());
    assert!(guest.create_attachment_action(&sent.id, &Map::new()).await.unwrap_err().is_not_found());
    let error = guest.edit_message(&sent.posted(), "x", None).await.unwrap_err();
    assert!(error.is_not_found());
    let stranger = NewMessage::to_email("nobody@example.net", "Hi");
    assert!(rig.bot().create_message(&stranger).await.unwrap_err().is_not_found());
}

#[actix_web::test]
async fn a_press_comes_as_a_signed_notification_with_ids_only() {
    let rig = Rig::start().await;
    let bot = rig.bot();
    let sent = rig.ask_lead().await;
    assert_eq!(bot.list_direct(LEAD).await.unwrap(), std::slice::from_ref(&sent));
    let cards = rig.webex.cards();
    assert_eq!(
        (cards[0].message_id.as_str(), cards[0].recipients.as_slice()),
        (sent.id.as_str(), &[LEAD.to_owned()][..])
    );

    let typed = inputs(json!({"comment": "fine"}));
    let id = rig.webex.press(sent.id.as_str(), LEAD, "approve", &typed).await.unwrap();
    let notifications = rig.received("/card", 1).await;
    let data = press_of(&notifications[0]);
    assert_eq!((data.id.as_str(), &data.message_id), (id.as_str(), &sent.id));
    let action = bot.attachment_action(&data.id).await.unwrap();
    assert_eq!(
        (action.text("action"), action.text("comment"), action.text("reason")),
        (Some("approve"), Some("fine"), None)
    );
    assert_eq!(action.room_id, sent.room_id);
    assert_eq!(bot.person(&action.person_id).await.unwrap().emails, [LEAD]);
}

#[actix_web::test]
async fn a_decline_needs_its_reason() {
    let rig = Rig::start().await;
    let sent = rig.ask_lead().await;
    let press =
        |typed: Value| async { rig.webex.press(sent.id.as_str(), LEAD, "Decline", &inputs(typed)).await };
    assert_eq!(press(json!({})).await.unwrap_err().to_string(), "Say why");
    let id = press(json!({"reason": "not now"})).await.unwrap();
    let action = rig.bot().attachment_action(&id.parse().unwrap()).await.unwrap();
    assert_eq!((action.text("action"), action.text("reason")), (Some("decline"), Some("not now")));
    assert!(
        rig.webex.press(sent.id.as_str(), GUEST, "approve", &Map::new()).await.is_err(),
        "not in this space"
    );
}

#[actix_web::test]
async fn anyone_in_the_space_can_claim_anything_but_not_to_be_another() {
    let rig = Rig::start().await;
    let room = rig.webex.group_room_id().parse().unwrap();
    let sent = rig.bot().create_message(&NewMessage::to_room(room, "card").card(card())).await.unwrap();
    let claims = inputs(json!({"action": "approve", "change_id": "C2", "approved": true}));
    let guest = rig.client_with(&rig.webex.token_of(GUEST).unwrap());
    let by_api = guest.create_attachment_action(&sent.id, &claims).await.unwrap();
    rig.webex.forge_action(sent.id.as_str(), GUEST, claims.clone()).await.unwrap();
    let notifications = rig.received("/card", 2).await;
    for notification in &notifications {
        let action = rig.bot().attachment_action(&press_of(notification).id).await.unwrap();
        assert_eq!(action.inputs, claims);
        assert_eq!(action.person_id.as_str(), rig.webex.person_id(GUEST).unwrap());
    }
    assert!(notifications.iter().any(|one| press_of(one).id == by_api.id));
}

#[actix_web::test]
async fn a_press_on_a_deleted_card_may_still_arrive() {
    let rig = Rig::start().await;
    let sent = rig.ask_lead().await;
    rig.bot().delete_message(&sent.id).await.unwrap();
    rig.bot().delete_message(&sent.id).await.unwrap();
    assert!(rig.webex.cards().is_empty());
    assert_eq!(rig.bot().find_message(&sent.id).await.unwrap(), None);
    rig.webex.forge_action(sent.id.as_str(), LEAD, inputs(json!({"action": "approve"}))).await.unwrap();
    assert_eq!(press_of(&rig.received("/card", 1).await[0]).message_id, sent.id);
}

#[actix_web::test]
async fn a_card_is_replaced_by_editing_or_by_a_new_message() {
    let rig = Rig::start().await;
    let bot = rig.bot();
    let sent = rig.ask_lead().await;
    let replaced = bot.replace_card(&sent.posted(), "done", &done_card()).await.unwrap();
    assert!(matches!(&replaced, Replaced::Edited(message) if message.id == sent.id));
    assert_eq!(rig.webex.cards()[0].card["fallbackText"], "Change 1 approved");

    rig.webex.set_behaviour(Behaviour { card_edit: false, ..Behaviour::default() });
    let replaced = bot.replace_card(&sent.posted(), "done", &done_card()).await.unwrap();
    let Replaced::Reposted(new) = replaced else { panic!("{replaced:?}") };
    assert_ne!(new.id, sent.id);
    assert_eq!(new.room_id, sent.room_id);
    assert_eq!(rig.webex.messages().len(), 1);
}

#[actix_web::test]
async fn after_ten_edits_there_is_a_new_message() {
    let rig = Rig::start().await;
    let sent = rig.ask_lead().await;
    for _ in 0..10 {
        rig.bot().edit_message(&sent.posted(), "done", Some(&done_card())).await.unwrap();
    }
    assert_eq!(
        rig.bot().edit_message(&sent.posted(), "x", Some(&done_card())).await.unwrap_err().status(),
        Some(400)
    );
    let replaced = rig.bot().replace_card(&sent.posted(), "done", &done_card()).await.unwrap();
    assert!(matches!(replaced, Replaced::Reposted(_)));
}

#[actix_web::test]
async fn a_bot_hears_itself_in_direct_spaces_and_others_only_when_they_mention_it() {
    let rig = Rig::start().await;
    let bot = rig.bot();
    let me = bot.me().await.unwrap();
    let group = rig.webex.group_room_id();
    bot.create_message(&NewMessage::to_room(group.parse().unwrap(), "in the group")).await.unwrap();
    rig.webex.write(&group, LEAD, "nobody listens").await.unwrap();
    let asked = rig.webex.write(&group, LEAD, "@Netchange status *1*").await.unwrap();
    let own = rig.ask_lead().await;
    let ids: Vec<_> = rig.received("/webex", 2).await.iter().map(Notification::dedup_key).collect();
    assert_eq!(ids, [format!("messages/created/{asked}"), format!("messages/created/{}", own.id)]);

    let message = bot.message(&asked.parse().unwrap()).await.unwrap();
    assert_eq!(message.text_without_mention_of(&me), Some("status *1*"));
    assert_eq!(bot.list_mentions(&group.parse().unwrap(), 50).await.unwrap(), [message]);
    let direct = rig.webex.direct_room_id(LEAD).unwrap();
    rig.webex.write(&direct, LEAD, "help").await.unwrap();
    assert_eq!(bot.list_direct(LEAD).await.unwrap()[0].text.as_deref(), Some("help"));
}

#[actix_web::test]
async fn rate_limits_and_lost_answers_come_through() {
    let rig = Rig::start().await;
    let bot = rig.bot();
    let headers = vec![("Retry-After".to_owned(), "3".to_owned())];
    let busy = FaultAction::Status { status: 429, headers, body: String::new() };
    rig.fault(Point::Request, "POST", "/v1/messages", busy);
    let error = bot.create_message(&NewMessage::to_email(LEAD, "Hi")).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    assert!(rig.webex.messages().is_empty());

    rig.fault(Point::Request, "POST", "/v1/messages", FaultAction::DropReply);
    let bot = rig.bot();
    let error = bot.create_message(&NewMessage::to_email(LEAD, "Hi").card(card())).await.unwrap_err();
    assert!(error.may_have_been_done(), "{error:?}");
    let found = bot.list_direct(LEAD).await.unwrap();
    assert_eq!(found[0].attachments[0].content["actions"][0]["data"]["change_id"], "C1");
}

#[actix_web::test]
async fn notifications_get_lost_doubled_and_delayed() {
    let rig = Rig::start().await;
    let sent = rig.ask_lead().await;
    let nothing = Map::new();
    let press = || rig.webex.press(sent.id.as_str(), LEAD, "approve", &nothing);
    rig.fault(Point::Webhook, "POST", "/card", FaultAction::Lose);
    press().await.unwrap();
    rig.fault(Point::Webhook, "POST", "/card", FaultAction::Double);
    let second = press().await.unwrap();
    rig.fault(Point::Webhook, "POST", "/card", FaultAction::Delay { ms: 50 });
    let third = press().await.unwrap();
    let ids: Vec<_> = rig.received("/card", 3).await.iter().map(|one| press_of(one).id.to_string()).collect();
    assert_eq!(ids, [second.clone(), second, third]);
}

#[actix_web::test]
async fn a_quick_click_is_there_before_the_sender_knows_the_message() {
    let rig = Rig::start().await;
    let click = Some((LEAD.to_owned(), "approve".to_owned()));
    rig.webex.set_behaviour(Behaviour { quick_click: click, actions_hidden: 1, ..Behaviour::default() });
    let sent = rig.ask_lead().await;
    // No waiting: the notification was answered before the message was.
    assert!(rig.receiver.all.lock().unwrap().iter().any(|one| one.path == "/card"));
    let notifications = rig.received("/card", 1).await;
    let data = press_of(&notifications[0]);
    assert_eq!(data.message_id, sent.id);
    assert!(
        rig.bot().attachment_action(&data.id).await.unwrap_err().is_not_found(),
        "hidden for one request"
    );
    assert_eq!(rig.bot().attachment_action(&data.id).await.unwrap().text("action"), Some("approve"));
}

fn wanted(rig: &Rig) -> Vec<Wanted> {
    let hook = |name: &str, resource, path| Wanted {
        name: name.to_owned(),
        target_url: format!("{}/{path}", rig.settings.orchestrator_url),
        resource,
        event: Event::Created,
        filter: None,
        secret: rig.settings.webex_webhook_secret.as_str().into(),
    };
    vec![
        hook("netchange cards", Resource::AttachmentActions, "card"),
        hook("netchange messages", Resource::Messages, "webex"),
    ]
}

#[actix_web::test]
async fn the_first_webhooks_are_as_wanted_and_doubles_go() {
    let rig = Rig::start().await;
    let bot = rig.bot();
    let wanted = wanted(&rig);
    assert_eq!(bot.reconcile_webhooks(&wanted).await.unwrap(), Reconciled::default());
    bot.create_webhook(&wanted[0]).await.unwrap();
    let done = bot.reconcile_webhooks(&wanted).await.unwrap();
    assert_eq!((done.deleted, done.created, done.updated), (1, 0, 0));
    let new_secret: Vec<_> = wanted.into_iter().map(|hook| Wanted { secret: "new".into(), ..hook }).collect();
    assert_eq!(bot.reconcile_webhooks(&new_secret).await.unwrap().updated, 2);
    assert!(rig.webex.webhooks().iter().all(|hook| hook["secret"] == "new"));
}

#[actix_web::test]
async fn a_list_longer_than_a_page_is_read_to_its_end() {
    let rig = Rig::start().await;
    let bot = rig.bot();
    for number in 0..101 {
        let hook = Wanted { name: format!("hook {number}"), ..wanted(&rig)[0].clone() };
        bot.create_webhook(&hook).await.unwrap();
    }
    let before = bot.request_count();
    assert_eq!(bot.webhooks().await.unwrap().len(), 103);
    assert_eq!(bot.request_count() - before, 2);
}

#[actix_web::test]
async fn a_failing_receiver_loses_its_webhook_until_it_is_switched_on_again() {
    let rig = Rig::start().await;
    let sent = rig.ask_lead().await;
    rig.receiver.status.store(500, Ordering::SeqCst);
    let press = || rig.webex.forge_action(sent.id.as_str(), LEAD, Map::new());
    for _ in 0..100 {
        press().await.unwrap();
    }
    let active = || rig.webex.webhooks().iter().map(|hook| hook["status"] == "active").collect::<Vec<_>>();
    assert_eq!(active(), [false, true]);
    press().await.unwrap();
    assert_eq!(rig.received("/card", 100).await.len(), 100, "nothing is sent any more, and nothing again");

    let done = rig.bot().reconcile_webhooks(&wanted(&rig)).await.unwrap();
    assert_eq!((done.reactivated, active()), (1, vec![true, true]));
    press().await.unwrap();
    assert_eq!(active(), [false, true], "the first failure after a reactivation");
    rig.bot().reconcile_webhooks(&wanted(&rig)).await.unwrap();
    rig.webex.advance(Duration::from_secs(301));
    press().await.unwrap();
    assert_eq!(active(), [true, true], "five minutes later it has its hundred again");
}

#[actix_web::test]
async fn a_space_that_moves_takes_its_messages_along() {
    let rig = Rig::start().await;
    let room: webex_cards::RoomId = rig.webex.group_room_id().parse().unwrap();
    let bot = rig.bot();
    let sent = bot.create_message(&NewMessage::to_room(room.clone(), "Hi")).await.unwrap();
    let moved = Wanted {
        name: "rooms".to_owned(),
        resource: Resource::Rooms,
        event: Event::Migrated,
        ..wanted(&rig)[0].clone()
    };
    bot.create_webhook(&moved).await.unwrap();
    let new = rig.webex.migrate_room(room.as_str()).await.unwrap();
    assert!(bot.room(&room).await.unwrap_err().is_not_found());
    assert_eq!(bot.message(&sent.id).await.unwrap().room_id.as_str(), new);
    assert_eq!(rig.received("/card", 1).await[0].event, Event::Migrated);
}

async fn page(rig: &Rig, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("{}{path}", rig.webex.url())).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn submit(rig: &Rig, path: &str, form: &[(&str, &str)]) -> (u16, String) {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let body =
        form.iter().map(|(key, value)| format!("{key}={}", value.replace(' ', "+").replace('@', "%40")));
    let request = client.post(format!("{}{path}", rig.webex.url()));
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let answer = request.body(body.collect::<Vec<_>>().join("&")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[actix_web::test]
async fn the_pages_show_cards_as_cards_and_hostile_text_as_text() {
    let rig = Rig::start().await;
    let sent = rig.ask_lead().await;
    let (status, spaces) = page(&rig, &format!("/?as={LEAD}")).await;
    assert_eq!(status, 200);
    assert!(
        spaces.contains("Network changes") && spaces.contains("Netchange") && spaces.contains("Gus Guest"),
        "{spaces}"
    );
    let space = format!("/spaces/{}", sent.room_id);
    let (status, html) = page(&rig, &format!("{space}?as={LEAD}")).await;
    assert_eq!(status, 200);
    for part in [
        "<strong>Change 1</strong> needs approval",
        ">Approve</button>",
        "<summary>Decline</summary>",
        "<dt>Description</dt>",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("<script>alert"), "{html}");
    assert!(html.contains("&#60;script&#62;alert(1)&#60;/script&#62; **b**"), "shown as it is: {html}");
    assert_eq!(page(&rig, &format!("{space}?as={GUEST}")).await.0, 404);
    assert_eq!(page(&rig, "/static/webex.css").await.0, 200);
}

#[actix_web::test]
async fn people_press_and_write_on_the_pages() {
    let rig = Rig::start().await;
    let sent = rig.ask_lead().await;
    let press = format!("/spaces/{}/press", sent.room_id);
    let who = [("as", LEAD), ("message", sent.id.as_str())];
    let form = |rest: &[(&'static str, &'static str)]| [&who[..], rest].concat();
    let (status, html) = submit(&rig, &press, &form(&[("action", "1.0"), ("in.reason", "")])).await;
    assert!(status == 422 && html.contains("Say why"), "{status} {html}");
    let (status, _) =
        submit(&rig, &press, &form(&[("action", "0"), ("in.comment", "go on"), ("in.reason", "")])).await;
    assert_eq!(status, 303);
    let notifications = rig.received("/card", 1).await;
    let action = rig.bot().attachment_action(&press_of(&notifications[0]).id).await.unwrap();
    assert_eq!((action.text("action"), action.text("comment")), (Some("approve"), Some("go on")));
    let (status, _) =
        submit(&rig, &press, &[("as", GUEST), ("message", sent.id.as_str()), ("action", "0")]).await;
    assert_eq!(status, 404, "a guest is not in this space");

    let (status, _) =
        submit(&rig, &format!("/spaces/{}/messages", sent.room_id), &[("as", LEAD), ("text", "status *1*")])
            .await;
    assert_eq!(status, 303);
    assert_eq!(rig.bot().list_direct(LEAD).await.unwrap()[0].text.as_deref(), Some("status *1*"));
    assert_eq!(submit(&rig, "/direct", &[("as", GUEST)]).await.0, 303);
}
