//! The client against a mock server that answers with fixture bytes.
#![expect(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use ticket_client::{
    Client, Error, Note, NoteOutcome, StateOutcome, StateWrite, TicketId, TicketKey, TicketSystem, UserId,
};
use wiremock::matchers::{body_partial_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const TOKEN: &str = "secret-token-value";

fn client(server: &MockServer) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder(server.uri(), SecretString::from(TOKEN))
        .timeout(Duration::from_secs(10))
        .retry(2, Duration::from_millis(1))
        .build()
        .unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/zammad/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn answer(status: u16, name: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(fixture(name), "application/json")
}

fn me() -> Mock {
    let body = json!({"id": 13, "login": "netchange-bot", "email": "netchange-bot@example.net"});
    Mock::given(method("GET"))
        .and(path("/api/v1/users/me"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
}

fn ticket() -> Mock {
    Mock::given(method("GET"))
        .and(path("/api/v1/tickets/301"))
        .and(query_param("expand", "true"))
        .and(header("Authorization", format!("Token token={TOKEN}").as_str()))
        .and(header("Accept", "application/json"))
        .respond_with(answer(200, "ticket_get_expand.json"))
}

fn no_articles() -> Mock {
    Mock::given(method("GET"))
        .and(path("/api/v1/ticket_articles/by_ticket/301"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
}

#[tokio::test]
async fn a_ticket_is_read_with_names_and_its_people_with_addresses() {
    let server = MockServer::start().await;
    ticket().mount(&server).await;
    for (id, email) in [(11, "maria.lind@example.net"), (12, "branch.ops@example.net")] {
        let body = json!({"id": id, "login": "x", "email": email});
        Mock::given(path(format!("/api/v1/users/{id}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .expect(1)
            .mount(&server)
            .await;
    }
    let client = client(&server);
    let read = client.get_ticket_with_people(TicketId(301)).await.unwrap();
    assert_eq!(read.requester_emails(), ["branch.ops@example.net", "maria.lind@example.net"]);
    client.get_ticket_with_people(TicketId(301)).await.unwrap();
    assert_eq!(client.request_count(), 4, "users are remembered");
    let record = TicketSystem::ticket(&client, &TicketKey("301".to_owned())).await.unwrap();
    assert_eq!((record.number.as_str(), record.state.as_str()), ("26301", "open"));
}

#[tokio::test]
async fn every_documented_error_body_becomes_its_status() {
    for (status, name) in [
        (401, "ticket_error_401.json"),
        (403, "ticket_error_403_no_credentials.json"),
        (404, "ticket_error_404.json"),
        (500, "ticket_error_500_opaque.json"),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("GET")).respond_with(answer(status, name)).expect(1).mount(&server).await;
        let error = client(&server).get_ticket(TicketId(301)).await.unwrap_err();
        assert_eq!(error.status(), Some(status), "{name}");
        assert_eq!(error.is_unauthorized(), status == 401 || status == 403);
        assert_eq!(error.is_not_found(), status == 404);
    }
}

#[tokio::test]
async fn a_read_is_repeated_while_the_server_restarts() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(502).set_body_string("<html>Bad gateway</html>"))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    ticket().mount(&server).await;
    let client = client(&server);
    assert_eq!(client.get_ticket(TicketId(301)).await.unwrap().id, TicketId(301));
    assert_eq!(client.request_count(), 3);
}

#[tokio::test]
async fn a_note_is_never_sent_twice_by_itself() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(503)).expect(1).mount(&server).await;
    let error = client(&server).add_note(TicketId(301), &Note::html("s", "b")).await.unwrap_err();
    assert!(error.is_retryable() && error.is_ambiguous());
}

#[tokio::test]
async fn a_write_that_was_surely_not_done_is_sent_again() {
    let server = MockServer::start().await;
    for refusal in [
        ResponseTemplate::new(429).insert_header("Retry-After", "0"),
        ResponseTemplate::new(408).insert_header("Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        Mock::given(method("POST")).respond_with(refusal).up_to_n_times(1).mount(&server).await;
    }
    Mock::given(method("POST"))
        .respond_with(answer(201, "article_create_response.json"))
        .mount(&server)
        .await;
    let client = client(&server);
    client.add_note(TicketId(301), &Note::html("s", "b")).await.unwrap();
    assert_eq!(client.request_count(), 3);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_says_where_it_leads() {
    let server = MockServer::start().await;
    let away =
        ResponseTemplate::new(302).insert_header("Location", "https://tickets.example.net/login?sso=hush");
    Mock::given(method("GET")).respond_with(away).expect(1).mount(&server).await;
    let error = client(&server).get_ticket(TicketId(301)).await.unwrap_err();
    assert_eq!(error.status(), Some(302));
    assert!(error.to_string().ends_with("that of https://tickets.example.net/login"), "{error}");
}

#[tokio::test]
async fn a_page_in_the_place_of_json_may_be_another_thing_later_and_another_shape_will_not() {
    for (body, later) in
        [("<html>Back in five minutes</html>", true), (r#"{"id":301,"num"#, true), ("[]", false)]
    {
        let server = MockServer::start().await;
        let page = ResponseTemplate::new(200).set_body_raw(body, "text/html");
        Mock::given(method("GET")).respond_with(page).mount(&server).await;
        let error = client(&server).get_ticket(TicketId(301)).await.unwrap_err();
        assert!(matches!(error, Error::Decode { .. }), "{error:?}");
        assert_eq!(error.is_retryable(), later, "{body}");
    }
}

#[tokio::test]
async fn a_refusal_that_does_not_end_is_still_a_refusal() {
    let server = MockServer::start().await;
    let endless = ResponseTemplate::new(404).set_body_raw(vec![b' '; 20 << 20], "text/html");
    Mock::given(method("GET")).respond_with(endless).mount(&server).await;
    let error = client(&server).get_ticket(TicketId(301)).await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
}

#[tokio::test]
async fn a_long_retry_after_is_left_to_the_caller() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(429).insert_header("Retry-After", "120");
    Mock::given(method("GET")).respond_with(busy).expect(1).mount(&server).await;
    let error = client(&server).get_ticket(TicketId(301)).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
}

#[tokio::test]
async fn a_slow_server_does_not_hold_the_caller() {
    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(30));
    Mock::given(method("GET")).respond_with(slow).mount(&server).await;
    let client = Client::builder(server.uri(), SecretString::from(TOKEN))
        .timeout(Duration::from_secs(2))
        .retry(0, Duration::ZERO);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let error = client.build().unwrap().get_ticket(TicketId(301)).await.unwrap_err();
    assert!(matches!(error, Error::Timeout(_)), "{error:?}");
}

#[tokio::test]
async fn a_base_url_keeps_its_prefix() {
    let server = MockServer::start().await;
    Mock::given(path("/help/api/v1/tickets/301"))
        .respond_with(answer(200, "ticket_get_expand.json"))
        .mount(&server)
        .await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    for base in ["/help", "/help/"] {
        let client =
            Client::builder(format!("{}{base}", server.uri()), SecretString::from(TOKEN)).build().unwrap();
        client.get_ticket(TicketId(301)).await.unwrap();
    }
}

#[tokio::test]
async fn a_state_and_its_note_go_out_together_and_an_answer_without_names_is_read_back() {
    let server = MockServer::start().await;
    me().mount(&server).await;
    no_articles().mount(&server).await;
    ticket().up_to_n_times(1).mount(&server).await;
    let written = json!({"id": 301, "number": "26301", "state": "pending approval"});
    Mock::given(method("GET"))
        .and(path("/api/v1/tickets/301"))
        .respond_with(ResponseTemplate::new(200).set_body_json(written))
        .mount(&server)
        .await;
    Mock::given(method("PUT"))
        .and(path("/api/v1/tickets/301"))
        .and(body_partial_json(json!({"state": "pending approval", "article": {"subject": "Approval requested [c1:pending]", "type": "note"}})))
        .respond_with(answer(200, "ticket_put_response.json"))
        .expect(1)
        .mount(&server)
        .await;
    let note = Note::html("Approval requested", "<p>Waiting</p>");
    let write = StateWrite::new("pending approval", "c1:pending", &note).only_from(&["open"]);
    let outcome = client(&server).ensure_state_with_note(TicketId(301), &write).await.unwrap();
    assert_eq!(outcome, StateOutcome::Written);
}

#[tokio::test]
async fn an_answer_that_shows_another_state_is_an_error() {
    let server = MockServer::start().await;
    Mock::given(method("PUT")).respond_with(answer(200, "ticket_get_expand.json")).mount(&server).await;
    let error = client(&server).update_state(TicketId(301), "closed", None).await.unwrap_err();
    assert!(
        matches!(error, Error::NotWritten { ref wanted, ref found, .. } if wanted == "closed" && found == "open"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_refused_state_leaves_the_note_alone() {
    let server = MockServer::start().await;
    me().mount(&server).await;
    ticket().mount(&server).await;
    no_articles().mount(&server).await;
    Mock::given(method("PUT"))
        .respond_with(answer(422, "ticket_error_422.json"))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/api/v1/ticket_articles"))
        .respond_with(answer(201, "article_create_response.json"))
        .expect(1)
        .mount(&server)
        .await;
    let note = Note::html("Approval requested", "<p>Waiting</p>");
    let write = StateWrite::new("pendig approval", "c1:pending", &note);
    let outcome = client(&server).ensure_state_with_note(TicketId(301), &write).await.unwrap();
    let detail = "No lookup value found for 'state': \"pendig approval\"".to_owned();
    assert_eq!(outcome, StateOutcome::NoteOnly { state: "open".to_owned(), detail });
}

#[tokio::test]
async fn a_marker_in_somebody_elses_article_does_not_count() {
    let forged = json!([{"id": 1, "subject": "[c1:done]", "body": "", "created_by_id": 12}]);
    assert_eq!(note_beside(forged).await, NoteOutcome::Written);
}

#[tokio::test]
async fn a_search_names_states_by_id_and_drops_what_was_not_asked_for() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/ticket_states"))
        .respond_with(answer(200, "states_list.json"))
        .expect(1)
        .mount(&server)
        .await;
    let hit = |id: u64, state: &str, kind: &str| json!({"id": id, "number": id.to_string(), "state": state, "ticket_type": kind});
    let hits = json!([
        hit(1, "open", "network_change"),
        hit(2, "closed", "network_change"),
        hit(3, "open", "incident"),
        hit(1, "open", "network_change"),
    ]);
    Mock::given(method("POST"))
        .and(path("/api/v1/tickets/search"))
        .and(body_partial_json(
            json!({"condition": {"ticket.state_id": {"operator": "is", "value": ["2"]}}, "expand": true}),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(hits))
        .mount(&server)
        .await;
    let client = client(&server);
    let found = client.search_open("network_change").await.unwrap();
    assert_eq!(found.iter().map(|ticket| ticket.id).collect::<Vec<_>>(), [TicketId(1)]);
    assert!(matches!(
        client.search_in_states("network_change", &["nope"]).await,
        Err(Error::UnknownState(_))
    ));
}

/// What a note is made sure of on a ticket that has these articles, and no other with its marker.
async fn note_beside(articles: serde_json::Value) -> NoteOutcome {
    let server = MockServer::start().await;
    me().mount(&server).await;
    Mock::given(method("GET"))
        .and(path("/api/v1/ticket_articles/by_ticket/301"))
        .respond_with(ResponseTemplate::new(200).set_body_json(articles))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .respond_with(answer(201, "article_create_response.json"))
        .expect(1)
        .mount(&server)
        .await;
    client(&server).ensure_note(TicketId(301), "c1:done", &Note::html("Done", "x")).await.unwrap()
}

/// What others wrote may be quoted in our own notes: only the place where a marker is put counts.
#[tokio::test]
async fn a_marker_that_is_quoted_in_an_own_note_suppresses_nothing() {
    let quoting = json!([
        {"id": 1, "subject": "Approved [c1/17]", "body": "<p>by x: [c1:done]</p>", "created_by_id": 13},
        {"id": 2, "subject": "Re: [c1:done] x [c1/18]", "body": "", "created_by_id": 13},
    ]);
    assert_eq!(note_beside(quoting).await, NoteOutcome::Written);
}

#[tokio::test]
async fn a_note_is_written_on_a_ticket_with_much_mail_too() {
    let mail =
        |id| json!({"id": id, "subject": "mail", "body": "x".repeat(1_500_000), "created_by_id": 9000});
    assert_eq!(note_beside((0..12).map(mail).collect()).await, NoteOutcome::Written);
}

#[tokio::test]
async fn a_state_whose_name_differs_in_case_is_searched_for_all_the_same() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/ticket_states"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!([{"id": 2, "name": "Open", "active": true, "state_type_id": 2}])),
        )
        .mount(&server)
        .await;
    let hits = json!([{"id": 1, "number": "1", "state": "Open", "ticket_type": "network_change"}]);
    Mock::given(method("POST"))
        .and(path("/api/v1/tickets/search"))
        .respond_with(ResponseTemplate::new(200).set_body_json(hits))
        .mount(&server)
        .await;
    assert_eq!(client(&server).search_open("network_change").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_ticket_that_may_not_be_read_is_left_out_of_a_search() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/ticket_states"))
        .respond_with(answer(200, "states_list.json"))
        .mount(&server)
        .await;
    let ids = json!({"tickets": [301, 302], "tickets_count": 2, "assets": {}});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(ids))
        .mount(&server)
        .await;
    Mock::given(path("/api/v1/tickets/302"))
        .respond_with(ResponseTemplate::new(403).set_body_json(json!({"error": "Not authorized"})))
        .mount(&server)
        .await;
    ticket().mount(&server).await;
    assert_eq!(client(&server).search_open("network_change").await.unwrap().len(), 1);
}

/// The limit on what a server may ask for is none on the client's own waits.
#[tokio::test]
async fn every_attempt_that_was_asked_for_is_made() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/users/1"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let user = json!({"id": 1, "login": "x", "email": "x@example.net"});
    Mock::given(path("/api/v1/users/1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(user))
        .mount(&server)
        .await;
    let client = Client::builder(server.uri(), SecretString::from(TOKEN)).retry(1, Duration::from_secs(6));
    client.build().unwrap().get_user(UserId(1)).await.unwrap();
}

#[tokio::test]
async fn attributes_are_compared_as_what_they_mean() {
    let server = MockServer::start().await;
    let sent = json!({
        "state": "pending reminder", "pending_time": "2026-12-01T09:00:00Z", "customer": "mail@example.net",
        "article": {"body": "x"},
    });
    // An answer of ids only, and then the ticket with its names.
    Mock::given(method("PUT"))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({"id": 301, "number": "1", "state_id": 3})),
        )
        .mount(&server)
        .await;
    let read = |time: &str| json!({"id": 301, "number": "1", "state": "pending reminder", "pending_time": time, "customer": "login"});
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(read("2026-12-01T09:00:00.000Z")))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(read("2026-12-01T09:00:01.000Z")))
        .mount(&server)
        .await;
    let client = client(&server);
    client.update_ticket(TicketId(301), &sent).await.unwrap();
    let error = client.update_ticket(TicketId(301), &sent).await.unwrap_err();
    assert!(matches!(error, Error::NotWritten { field, .. } if field == "pending_time"));
}

#[tokio::test]
async fn a_search_that_answers_with_ids_is_completed() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/ticket_states"))
        .respond_with(answer(200, "states_list.json"))
        .mount(&server)
        .await;
    let ids = json!({"tickets": [301], "tickets_count": 1, "assets": {}});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(ids))
        .mount(&server)
        .await;
    ticket().expect(1).mount(&server).await;
    let found = client(&server).search_open("network_change").await.unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn an_error_never_shows_the_token() {
    let server = MockServer::start().await;
    let client = client(&server);
    let error = client.get_user(UserId(1)).await.unwrap_err();
    assert!(!format!("{client:?} {error:?} {error}").contains(TOKEN));
    let gone = Client::builder("http://127.0.0.1:1", SecretString::from(TOKEN))
        .retry(0, Duration::ZERO)
        .build()
        .unwrap();
    let error = gone.get_user(UserId(1)).await.unwrap_err();
    assert!(error.is_retryable() && !error.is_ambiguous(), "nothing was sent: {error:?}");
    assert!(!format!("{error:?} {error}").contains(TOKEN));
}

#[test]
fn a_wrong_base_url_or_token_is_found_at_once() {
    let build = |base: &str, token: &str| Client::builder(base, SecretString::from(token)).build();
    for base in ["", "tickets.example.net", "ftp://tickets.example.net", "file:///etc/passwd"] {
        assert!(matches!(build(base, "t"), Err(Error::BaseUrl(_))), "{base:?}");
    }
    for token in ["", "a b", "a\nb", "ü"] {
        assert!(matches!(build("https://tickets.example.net", token), Err(Error::Token)), "{token:?}");
    }
}
