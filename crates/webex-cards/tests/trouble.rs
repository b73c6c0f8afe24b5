//! The client when Webex, or what stands before it, is in trouble.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

use std::time::Duration;

use serde_json::json;
use webex_cards::{Client, Error, Message, NewMessage, Person, RetryPolicy, Room};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const POLICY: RetryPolicy = RetryPolicy { max_tries: 3, max_wait: Duration::from_secs(4) };

fn client(server: &MockServer) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder(format!("{}/v1", server.uri()), "secret-bot-token".into()).retry(POLICY).build().unwrap()
}

fn page(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw("<html>Bad gateway</html>", "text/html")
}

fn bot() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"id": "B", "type": "bot"}))
}

#[tokio::test]
async fn a_read_is_asked_again_after_500_502_503_and_504() {
    for status in [500, 502, 503, 504] {
        let server = MockServer::start().await;
        Mock::given(method("GET")).respond_with(page(status)).up_to_n_times(2).mount(&server).await;
        Mock::given(method("GET")).respond_with(bot()).mount(&server).await;
        let client = client(&server);
        client.me().await.unwrap();
        assert_eq!(client.request_count(), 3, "{status}");
    }
}

#[tokio::test]
async fn a_deletion_is_asked_for_again_since_gone_is_gone() {
    let server = MockServer::start().await;
    Mock::given(method("DELETE")).respond_with(page(502)).up_to_n_times(1).mount(&server).await;
    Mock::given(method("DELETE")).respond_with(page(404)).mount(&server).await;
    client(&server).delete_message(&"M".parse().unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_message_is_never_sent_twice_by_itself() {
    for status in [500, 502, 503, 504] {
        let server = MockServer::start().await;
        Mock::given(method("POST")).respond_with(page(status)).expect(1).mount(&server).await;
        let error = client(&server).create_message(&NewMessage::to_email("a@example.net", "Hi")).await;
        assert!(error.unwrap_err().may_have_been_done());
    }
}

#[tokio::test]
async fn a_wait_that_webex_asks_for_is_the_callers_to_plan() {
    let server = MockServer::start().await;
    let down = page(503).insert_header("Retry-After", "40");
    Mock::given(method("GET")).respond_with(down).expect(1).mount(&server).await;
    let error = client(&server).me().await.unwrap_err();
    assert_eq!((error.status(), error.retry_after()), (Some(503), Some(Duration::from_secs(40))));
}

#[tokio::test]
async fn a_refusal_that_does_not_end_is_still_a_refusal() {
    let server = MockServer::start().await;
    let endless = ResponseTemplate::new(404).set_body_raw(vec![b' '; 10 << 20], "text/html");
    Mock::given(method("GET")).respond_with(endless).mount(&server).await;
    assert_eq!(client(&server).find_message(&"M".parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn a_redirect_says_where_it_leads() {
    let server = MockServer::start().await;
    let away =
        ResponseTemplate::new(307).insert_header("Location", "https://webex.example.net/v1/people/me?t=hush");
    Mock::given(method("GET")).respond_with(away).expect(1).mount(&server).await;
    let text = client(&server).me().await.unwrap_err().to_string();
    assert!(text.ends_with("may be that of https://webex.example.net/v1/people/me"), "{text}");
}

#[tokio::test]
async fn a_list_that_names_its_first_page_again_holds_everything_once() {
    let server = MockServer::start().await;
    let link = format!("<{}/v1/rooms?type=group&max=100>; rel=\"next\"", server.uri());
    let rooms = ResponseTemplate::new(200)
        .insert_header("Link", link)
        .set_body_json(json!({"items": [{"id": "R", "title": null, "type": null, "isLocked": null}]}));
    Mock::given(path("/v1/rooms")).respond_with(rooms).expect(1).mount(&server).await;
    assert_eq!(client(&server).group_rooms().await.unwrap().len(), 1);
}

#[tokio::test]
async fn pages_without_end_are_an_error() {
    let server = MockServer::start().await;
    let base = server.uri();
    Mock::given(path("/v1/rooms"))
        .respond_with(move |request: &wiremock::Request| {
            let query = request.url.query().unwrap_or_default();
            let link = format!("<{base}/v1/rooms?{query}x>; rel=\"next\"");
            ResponseTemplate::new(200).insert_header("Link", link).set_body_json(json!({"items": []}))
        })
        .mount(&server)
        .await;
    let client = client(&server);
    assert!(matches!(client.group_rooms().await.unwrap_err(), Error::Paging("too many pages")));
    assert_eq!(client.request_count(), 200);
}

#[test]
fn null_in_the_place_of_a_text_a_list_or_a_flag_is_read() {
    let message = json!({"id": "M", "roomId": "R", "personId": "P", "roomType": null, "text": null, "personEmail": null,
        "mentionedPeople": null, "attachments": null, "created": null, "updated": null});
    assert!(serde_json::from_value::<Message>(message).unwrap().attachments.is_empty());
    let person = json!({"id": "P", "emails": null, "displayName": null, "orgId": null, "type": null});
    assert!(!serde_json::from_value::<Person>(person).unwrap().has_email(""));
    let action =
        json!({"id": "A", "messageId": "M", "roomId": "R", "personId": "P", "type": null, "inputs": null});
    assert!(serde_json::from_value::<webex_cards::AttachmentAction>(action).unwrap().inputs.is_empty());
    let room = json!({"id": "R", "title": null, "type": "lobby", "isLocked": null});
    assert_eq!(String::from(serde_json::from_value::<Room>(room).unwrap().kind), "lobby");
}

/// A server that sends half of its answer and closes the connection, `times` times, and then the whole one.
async fn half_answers(times: u32, body: Vec<u8>) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for nth in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let sent = if nth < times { body.len() / 2 } else { body.len() };
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&body[..sent]).await.unwrap();
        }
    });
    url
}

#[tokio::test]
async fn half_an_answer_is_asked_for_again_when_reading_and_leaves_a_message_in_doubt() {
    let at = |url: String| Client::builder(url, "secret-bot-token".into()).retry(POLICY).build().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let bot = br#"{"id":"B","type":"bot","displayName":"Netchange"}"#.to_vec();
    let reader = at(half_answers(2, bot.clone()).await);
    reader.me().await.unwrap();
    assert_eq!(reader.request_count(), 3);
    let writer = at(half_answers(1, bot).await);
    let error = writer.create_message(&NewMessage::to_email("a@example.net", "Hi")).await.unwrap_err();
    assert!(error.may_have_been_done() && error.is_retryable(), "{error:?}");
    assert_eq!(writer.request_count(), 1);
}
