//! The client over real HTTP against a server that answers with the bytes of `fixtures/webex`.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use webex_cards::webhook::{self, Data, Event, Notification, Resource, Wanted};
use webex_cards::{Card, Client, Error, NewMessage, PersonKind, Posted, Replaced, RetryPolicy};
use wiremock::matchers::{body_json, header, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

const TOKEN: &str = "secret-bot-token";

fn fixture(name: &str) -> Vec<u8> {
    let file = format!("{}/../../fixtures/webex/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn answer(status: u16, name: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(fixture(name), "application/json")
}

fn client(server: &MockServer, policy: RetryPolicy) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder(format!("{}/v1", server.uri()), TOKEN.into()).retry(policy).build().unwrap()
}

fn patient(server: &MockServer) -> Client {
    client(server, RetryPolicy { max_tries: 3, max_wait: Duration::from_secs(4) })
}

fn old_card() -> Posted {
    Posted { id: "OLD".parse().unwrap(), room_id: "ROOM".parse().unwrap(), parent: None }
}

#[tokio::test]
async fn the_bot_learns_who_it_is() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/v1/people/me"))
        .and(header("authorization", format!("Bearer {TOKEN}")))
        .respond_with(answer(200, "person_me_bot.json"))
        .expect(1)
        .mount(&server)
        .await;
    let client = patient(&server);
    let me = client.me().await.unwrap();
    assert_eq!(me.kind, PersonKind::Bot);
    assert!(me.has_email("Netchange@webex.bot"));
    assert_eq!(client.clone().request_count(), 1);
}

#[tokio::test]
async fn people_spaces_and_memberships_are_read() {
    let server = MockServer::start().await;
    let get = |at: &str, name: &str| {
        Mock::given(method("GET")).and(path(at.to_owned())).respond_with(answer(200, name))
    };
    get("/v1/people/P", "person.json").mount(&server).await;
    get("/v1/rooms/R", "room.json").mount(&server).await;
    get("/v1/memberships", "memberships_list.json").mount(&server).await;
    let none = ResponseTemplate::new(200).set_body_json(json!({"items": []}));
    Mock::given(method("GET")).and(path("/v1/people")).respond_with(none).mount(&server).await;

    let client = patient(&server);
    let person = client.person(&"P".parse().unwrap()).await.unwrap();
    assert_eq!((person.display_name.as_str(), person.kind), ("Ines Approver", PersonKind::Person));
    let room = client.room(&"R".parse().unwrap()).await.unwrap();
    assert_eq!(room.title, "Network change approvals");
    let member = client.find_membership(&room.id, "Ines.Approver@example.net").await.unwrap().unwrap();
    assert_eq!(member.person_id, person.id);
    assert_eq!(client.memberships(&room.id).await.unwrap(), [member]);
    assert_eq!(client.find_person_by_email("nobody@example.net").await.unwrap(), None);
}

#[tokio::test]
async fn a_card_is_posted_and_its_ids_come_back() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/messages"))
        .respond_with(answer(200, "message_create_response.json"))
        .mount(&server)
        .await;
    let message = NewMessage::to_room("ROOM".parse().unwrap(), "**Hi**").card(Card::new("Hi"));
    let sent = patient(&server).create_message(&message).await.unwrap();
    let expected: Value = serde_json::from_slice(&fixture("message_create_response.json")).unwrap();
    assert_eq!(sent.posted().id.as_str(), expected["id"]);
    assert_eq!(sent.posted().room_id.as_str(), expected["roomId"]);
    assert_eq!(sent.attachments[0].content, expected["attachments"][0]["content"]);
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].body_json::<Value>().unwrap()["attachments"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_action_is_fetched_with_its_inputs() {
    let server = MockServer::start().await;
    Mock::given(path("/v1/attachment/actions/A"))
        .respond_with(answer(200, "attachment_action_decline.json"))
        .mount(&server)
        .await;
    let action = patient(&server).attachment_action(&"A".parse().unwrap()).await.unwrap();
    assert_eq!(action.text("action"), Some("decline"));
    assert_eq!(action.text("reason"), Some("VLAN 210 is being retired"));
    assert_eq!(action.inputs["v"], 1);
}

#[tokio::test]
async fn error_bodies_become_typed_errors_without_secrets() {
    let server = MockServer::start().await;
    for (id, status, file) in
        [("A", 400, "error_400.json"), ("B", 401, "error_401.json"), ("C", 404, "error_404.json")]
    {
        Mock::given(path(format!("/v1/messages/{id}")))
            .respond_with(answer(status, file))
            .mount(&server)
            .await;
    }
    let client = patient(&server);
    let mut seen = Vec::new();
    for id in ["A", "B", "C"] {
        let error = client.message(&id.parse().unwrap()).await.unwrap_err();
        assert!(!format!("{error} {error:?} {client:?}").contains(TOKEN));
        seen.push((error.status(), error.is_not_found(), error.is_unauthorized(), error.is_retryable()));
    }
    assert_eq!(
        seen,
        [(Some(400), false, false, false), (Some(401), false, true, false), (Some(404), true, false, false)]
    );
    assert_eq!(client.find_message(&"C".parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn a_body_of_a_proxy_does_not_hide_the_status() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(502).set_body_raw("<html>bad gateway</html>", "text/html"))
        .mount(&server)
        .await;
    let error = patient(&server).me().await.unwrap_err();
    assert!(error.is_retryable() && error.may_have_been_done());
    assert_eq!(error.status(), Some(502));
}

#[tokio::test]
async fn a_short_429_is_waited_for_even_on_a_post() {
    let server = MockServer::start().await;
    let busy = answer(429, "error_429.json").insert_header("Retry-After", "0");
    Mock::given(method("POST")).respond_with(busy).up_to_n_times(1).mount(&server).await;
    Mock::given(method("POST"))
        .respond_with(answer(200, "message_create_response.json"))
        .mount(&server)
        .await;
    let client = patient(&server);
    let begin = Instant::now();
    client.create_message(&NewMessage::to_email("a@example.net", "Hi")).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(1), "0 is taken for one second");
    assert_eq!(client.request_count(), 2);
}

#[tokio::test]
async fn a_long_429_goes_back_to_the_caller_and_stops_all_calls_of_the_token() {
    let server = MockServer::start().await;
    for header in ["90", "abc"] {
        let busy = answer(429, "error_429.json").insert_header("Retry-After", header);
        Mock::given(path("/v1/people/me")).respond_with(busy).up_to_n_times(1).mount(&server).await;
    }
    let client = patient(&server);
    let error = client.me().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(90)));
    let next = client.clone().message(&"M".parse().unwrap()).await.unwrap_err();
    assert!(next.retry_after().unwrap() > Duration::from_secs(80), "the gate is shared: {next}");
    assert_eq!(client.request_count(), 1, "nothing was sent through the closed gate");

    let fresh = patient(&server);
    assert_eq!(
        fresh.me().await.unwrap_err().retry_after(),
        Some(Duration::from_secs(15)),
        "unreadable means 15 s"
    );
}

#[tokio::test]
async fn a_lock_stops_one_call_only() {
    let server = MockServer::start().await;
    let locked = ResponseTemplate::new(423).insert_header("Retry-After", "60");
    Mock::given(path("/v1/messages/M")).respond_with(locked).mount(&server).await;
    Mock::given(path("/v1/people/me")).respond_with(answer(200, "person_me_bot.json")).mount(&server).await;
    let client = patient(&server);
    let error = client.message(&"M".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    client.me().await.unwrap();
}

#[tokio::test]
async fn tries_are_limited() {
    let server = MockServer::start().await;
    let busy = answer(429, "error_429.json").insert_header("Retry-After", "1");
    Mock::given(method("GET")).respond_with(busy).mount(&server).await;
    let client = client(&server, RetryPolicy { max_tries: 2, max_wait: Duration::from_secs(60) });
    assert!(matches!(client.me().await, Err(Error::RateLimited { .. })));
    assert_eq!(client.request_count(), 2);
}

#[tokio::test]
async fn a_card_that_can_be_edited_keeps_its_message() {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .and(path("/v1/messages/OLD"))
        .respond_with(answer(200, "message_create_response.json"))
        .expect(1)
        .mount(&server)
        .await;
    let replaced = patient(&server).replace_card(&old_card(), "done", &Card::new("done")).await.unwrap();
    assert!(matches!(replaced, Replaced::Edited(_)));
    let body: Value = server.received_requests().await.unwrap()[0].body_json().unwrap();
    assert_eq!((&body["roomId"], &body["markdown"]), (&json!("ROOM"), &json!("done")));
    assert!(body.get("html").is_none());
}

#[tokio::test]
async fn a_card_that_cannot_be_edited_is_deleted_and_posted_anew() {
    for status in [400, 404, 405, 410] {
        let server = MockServer::start().await;
        Mock::given(method("PUT")).respond_with(ResponseTemplate::new(status)).expect(1).mount(&server).await;
        Mock::given(method("DELETE"))
            .and(path("/v1/messages/OLD"))
            .respond_with(ResponseTemplate::new(if status == 404 { 404 } else { 204 }))
            .expect(1)
            .mount(&server)
            .await;
        Mock::given(method("POST"))
            .respond_with(answer(200, "message_create_response.json"))
            .expect(1)
            .mount(&server)
            .await;
        let replaced = patient(&server).replace_card(&old_card(), "done", &Card::new("done")).await.unwrap();
        assert!(matches!(replaced, Replaced::Reposted(_)), "{status}");
        assert_ne!(replaced.message().id.as_str(), "OLD");
    }
}

#[tokio::test]
async fn trouble_while_editing_does_not_delete_the_card() {
    for status in [401, 403, 500, 503] {
        let server = MockServer::start().await;
        Mock::given(method("PUT")).respond_with(ResponseTemplate::new(status)).mount(&server).await;
        let client = patient(&server);
        let error = client.replace_card(&old_card(), "done", &Card::new("done")).await.unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert_eq!(client.request_count(), 1);
    }
}

#[tokio::test]
async fn a_direct_space_that_does_not_exist_holds_no_messages() {
    let server = MockServer::start().await;
    Mock::given(path("/v1/messages/direct")).respond_with(answer(404, "error_404.json")).mount(&server).await;
    assert!(patient(&server).list_direct("a@example.net").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lost_answer_says_that_the_message_may_exist() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(answer(200, "message_create_response.json").set_delay(Duration::from_secs(30)))
        .mount(&server)
        .await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder(server.uri(), TOKEN.into()).timeout(Duration::from_secs(2)).build().unwrap();
    let error = client.create_message(&NewMessage::to_email("a@example.net", "Hi")).await.unwrap_err();
    assert!(error.may_have_been_done() && error.is_retryable());
    assert!(!format!("{error:?}").contains("127.0.0.1"), "no URL in the error: {error:?}");
}

#[tokio::test]
async fn nobody_at_the_address_means_that_nothing_was_done() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Bound, so that nobody else gets the port, and never listened on.
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    let client = Client::builder(url, TOKEN.into()).build().unwrap();
    let error = client.me().await.unwrap_err();
    drop(nobody);
    assert!(error.is_retryable() && !error.may_have_been_done(), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = MockServer::start().await;
    let elsewhere = ResponseTemplate::new(302).insert_header("Location", "/v1/people/other");
    Mock::given(path("/v1/people/me")).respond_with(elsewhere).mount(&server).await;
    let client = patient(&server);
    assert_eq!(client.me().await.unwrap_err().status(), Some(302));
    assert_eq!(client.request_count(), 1);
}

fn wanted(name: &str, path: &str, resource: Resource) -> Wanted {
    Wanted {
        name: name.to_owned(),
        target_url: format!("https://netchange.example.net/webhooks/webex/{path}"),
        resource,
        event: Event::Created,
        filter: None,
        secret: "replace-me-webex".into(),
    }
}

#[tokio::test]
async fn webhooks_are_listed_page_by_page() {
    let server = MockServer::start().await;
    let link = format!("<{}/v1/webhooks?max=null&cursor=two>; rel=\"next\"", server.uri());
    Mock::given(path("/v1/webhooks"))
        .and(query_param("max", "100"))
        .respond_with(answer(200, "webhooks_list_one_inactive.json").insert_header("Link", link))
        .mount(&server)
        .await;
    Mock::given(path("/v1/webhooks"))
        .and(query_param("cursor", "two"))
        .and(query_param_is_missing("max"))
        .respond_with(answer(200, "webhooks_list_one_inactive.json"))
        .mount(&server)
        .await;
    let hooks = patient(&server).webhooks().await.unwrap();
    assert_eq!(hooks.len(), 4);
    assert!(!format!("{hooks:?}").contains("replace-me-webex"));
}

#[tokio::test]
async fn a_page_on_another_host_is_not_asked_for() {
    let server = MockServer::start().await;
    let link = "<http://127.0.0.2:9/v1/webhooks?cursor=two>; rel=\"next\"";
    Mock::given(path("/v1/webhooks"))
        .respond_with(answer(200, "webhooks_list_one_inactive.json").insert_header("Link", link))
        .mount(&server)
        .await;
    let client = patient(&server);
    assert!(matches!(client.webhooks().await, Err(Error::Paging(_))));
    assert_eq!(client.request_count(), 1);
}

#[tokio::test]
async fn reconciling_switches_an_inactive_hook_on_and_makes_a_missing_one() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(answer(200, "webhooks_list_one_inactive.json"))
        .mount(&server)
        .await;
    Mock::given(method("PUT"))
        .and(body_json(
            json!({"name": "netchange card actions", "secret": "replace-me-webex", "status": "active",
            "targetUrl": "https://netchange.example.net/webhooks/webex/actions"}),
        ))
        .respond_with(answer(200, "webhook_create_response.json"))
        .expect(1)
        .mount(&server)
        .await;
    let mut request: Value = serde_json::from_slice(&fixture("webhook_create_request.json")).unwrap();
    request["name"] = json!("members");
    request["resource"] = json!("memberships");
    request["targetUrl"] = json!("https://netchange.example.net/webhooks/webex/members");
    Mock::given(method("POST"))
        .and(body_json(request))
        .respond_with(answer(200, "webhook_create_response.json"))
        .expect(1)
        .mount(&server)
        .await;
    let hooks = [
        wanted("netchange card actions", "actions", Resource::AttachmentActions),
        wanted("members", "members", Resource::Memberships),
    ];
    let done = patient(&server).reconcile_webhooks(&hooks).await.unwrap();
    assert_eq!((done.created, done.updated, done.reactivated, done.deleted), (1, 1, 1, 0));
}

#[test]
fn recorded_notifications_verify_and_parse() {
    let signatures: Value = serde_json::from_slice(&fixture("signatures.json")).unwrap();
    let secret = signatures["key"].as_str().unwrap().into();
    for (file, signature) in signatures["values"].as_object().unwrap() {
        let body = fixture(file);
        webhook::verify(&secret, signature.as_str(), &body).unwrap();
        let mut changed = body.clone();
        changed[0] ^= 1;
        assert!(webhook::verify(&secret, signature.as_str(), &changed).is_err(), "{file}");
        Notification::parse(&body).unwrap();
    }
}

#[test]
fn a_notification_carries_the_ids_to_fetch() {
    let press = Notification::parse(&fixture("webhook_attachment_action.json")).unwrap();
    let Data::Submit(data) = &press.data else { panic!("{press:?}") };
    assert_eq!((press.resource.clone(), press.event.clone()), (Resource::AttachmentActions, Event::Created));
    assert_eq!(Some(&data.person_id), press.actor_id.as_ref());
    assert_eq!(press.dedup_key(), format!("attachmentActions/created/{}", data.id));

    let message = Notification::parse(&fixture("webhook_message.json")).unwrap();
    let Data::Message(data) = message.data else { panic!("not a message") };
    assert_eq!((data.room_type.as_str(), data.mentioned_people.len()), ("group", 1));
}
