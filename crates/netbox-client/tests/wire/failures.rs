use std::error::Error as _;
use std::time::Duration;

use netbox_client::{Client, Error, IfMatch, InterfaceId, InterfacePatch, IpAddressId, NewIpAddress, Right};
use secrecy::SecretString;
use wiremock::matchers::{any, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{TOKEN, client, recorded};

const ID: InterfaceId = InterfaceId(5);

async fn patch(client: &Client) -> Error {
    let patch = InterfacePatch { description: Some("x".to_owned()), ..InterfacePatch::default() };
    client.patch_interface(ID, &patch, IfMatch::Unconditional).await.unwrap_err()
}

fn html(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw("<!DOCTYPE html><html></html>", "text/html; charset=utf-8")
}

#[tokio::test]
async fn a_read_is_asked_again_after_429_502_503_and_504() {
    for status in [429, 502, 503, 504] {
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(html(status).insert_header("Retry-After", "0"))
            .up_to_n_times(2)
            .mount(&server)
            .await;
        Mock::given(any()).respond_with(recorded("get_interface_by_id")).mount(&server).await;
        let client = client(&server);
        assert_eq!(client.get_interface(ID).await.unwrap().id, ID, "{status}");
        assert_eq!(client.request_count(), 3, "{status}");
    }
}

#[tokio::test]
async fn a_read_is_given_up_after_its_attempts_or_when_asked_to_wait_too_long() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(html(503)).mount(&server).await;
    let busy = client(&server);
    let error = busy.get_interface(ID).await.unwrap_err();
    assert!(matches!(error, Error::Api { status: 503, .. }) && error.is_retryable());
    assert_eq!(busy.request_count(), 3);
    server.reset().await;
    Mock::given(any()).respond_with(html(429).insert_header("Retry-After", "3600")).mount(&server).await;
    let error = client(&server).get_interface(ID).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_408_was_not_worked_on_and_may_be_tried_again() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(html(408)).mount(&server).await;
    let error = client(&server).get_interface(ID).await.unwrap_err();
    assert!(error.is_retryable() && !error.is_outcome_unknown(), "{error}");
    let error = patch(&client(&server)).await;
    assert!(error.is_retryable() && !error.is_outcome_unknown(), "{error}");
}

#[tokio::test]
async fn a_500_is_not_asked_again() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(html(500)).mount(&server).await;
    let client = client(&server);
    assert!(matches!(client.get_interface(ID).await.unwrap_err(), Error::Api { status: 500, .. }));
    assert_eq!(client.request_count(), 1);
}

#[tokio::test]
async fn a_write_is_never_repeated_and_after_a_5xx_its_outcome_is_unknown() {
    for status in [500, 502, 503, 504] {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(html(status)).mount(&server).await;
        let client = client(&server);
        let error = patch(&client).await;
        assert!(error.is_outcome_unknown() && !error.is_retryable(), "{error}");
        assert_eq!(
            error.to_string(),
            "the outcome of PATCH /api/dcim/interfaces/5/ is unknown, read back before going on"
        );
        assert_eq!(error.source().unwrap().to_string(), format!("NetBox answered {status}: no reason given"));
        let new = NewIpAddress::new("10.0.0.1/24".parse().unwrap());
        assert!(client.create_ip_address(&new).await.unwrap_err().is_outcome_unknown());
        assert!(
            client
                .delete_ip_address(IpAddressId(1), IfMatch::Unconditional)
                .await
                .unwrap_err()
                .is_outcome_unknown()
        );
        assert_eq!(client.request_count(), 3);
    }
}

#[tokio::test]
async fn a_write_that_is_refused_was_surely_not_done() {
    for (name, status) in [("error_403_noperm_patch", 403), ("error_404_interface", 404)] {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(recorded(name)).mount(&server).await;
        let error = patch(&client(&server)).await;
        assert!(!error.is_outcome_unknown(), "{error}");
        assert_eq!(error.is_not_found(), status == 404);
    }
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(html(429)).mount(&server).await;
    let client = client(&server);
    assert!(matches!(patch(&client).await, Error::Busy { .. }));
    assert_eq!(client.request_count(), 1);
}

#[tokio::test]
async fn rights_are_asked_for_without_touching_anything() {
    let server = MockServer::start().await;
    for (name, verb, path) in [
        ("error_403_read_only_token", "PATCH", "/api/dcim/interfaces/0/"),
        ("error_404_interface", "PATCH", "/api/ipam/ip-addresses/0/"),
        ("error_404_interface", "DELETE", "/api/ipam/ip-addresses/0/"),
        ("error_post_interface_missing_fields", "POST", "/api/ipam/ip-addresses/"),
        ("error_403_no_view_permission", "GET", "/api/ipam/vlans/"),
        ("get_device_by_name", "GET", "/api/dcim/devices/"),
    ] {
        let mock = Mock::given(wiremock::matchers::method(verb)).and(wiremock::matchers::path(path));
        mock.respond_with(recorded(name)).mount(&server).await;
    }
    let client = client(&server);
    for (right, has) in [
        (Right::ChangeInterfaces, false),
        (Right::ChangeIpAddresses, true),
        (Right::DeleteIpAddresses, true),
        (Right::AddIpAddresses, true),
        (Right::ViewVlans, false),
        (Right::ViewDevices, true),
    ] {
        assert_eq!(client.may(right).await.unwrap(), has, "{right}");
    }
    for request in server.received_requests().await.unwrap() {
        let nothing = request.body.is_empty() || request.body == b"{}";
        assert!(nothing, "{} {}: {:?}", request.method, request.url, request.body);
    }
    server.reset().await;
    Mock::given(any()).respond_with(html(500)).mount(&server).await;
    assert!(client.may(Right::ChangeInterfaces).await.is_err(), "no answer is no right, and no refusal");
}

#[tokio::test]
async fn a_slow_answer_is_asked_for_again_only_when_reading() {
    let server = MockServer::start().await;
    let slow = recorded("get_interface_by_id").set_delay(Duration::from_secs(20));
    Mock::given(any()).respond_with(slow).up_to_n_times(1).mount(&server).await;
    Mock::given(any()).respond_with(recorded("get_interface_by_id")).mount(&server).await;
    let impatient = || crate::client_within(&server.uri(), TOKEN, Duration::from_secs(2));
    let reader = impatient();
    assert_eq!(reader.get_interface(ID).await.unwrap().id, ID);
    // The first was late, and on a busy machine another may be.
    assert!(reader.request_count() >= 2, "{}", reader.request_count());
    server.reset().await;
    Mock::given(any()).respond_with(html(200).set_delay(Duration::from_secs(20))).mount(&server).await;
    let writer = impatient();
    let error = patch(&writer).await;
    let Error::OutcomeUnknown { cause, .. } = error else { panic!("{error}") };
    assert!(matches!(*cause, Error::Transport(_)));
    assert_eq!(writer.request_count(), 1);
}

#[tokio::test]
async fn a_write_that_could_not_be_sent_is_no_riddle() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Bound, so that nobody else gets the port, and never listened on.
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    let client = Client::builder(url, SecretString::from(TOKEN)).build().unwrap();
    let error = patch(&client).await;
    assert!(matches!(error, Error::Connect(_)) && error.is_retryable(), "{error:?}");
    drop(nobody);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_a_write_in_doubt() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(html(200)).mount(&server).await;
    let client = client(&server);
    assert!(matches!(client.get_interface(ID).await.unwrap_err(), Error::Decode { .. }));
    assert!(patch(&client).await.is_outcome_unknown());
}

#[tokio::test]
async fn a_page_in_the_place_of_json_may_be_another_thing_later_and_another_shape_will_not() {
    for (body, later) in
        [("<html>Back in five minutes</html>", true), (r#"{"id":5,"na"#, true), ("[]", false)]
    {
        let server = MockServer::start().await;
        let page = ResponseTemplate::new(200).set_body_raw(body, "text/html");
        Mock::given(any()).respond_with(page).mount(&server).await;
        let error = client(&server).get_interface(ID).await.unwrap_err();
        assert!(matches!(error, Error::Decode { .. }), "{error:?}");
        assert_eq!(error.is_retryable(), later, "{body}");
    }
}

#[tokio::test]
async fn a_refusal_that_does_not_end_is_still_a_refusal() {
    let server = MockServer::start().await;
    let endless = ResponseTemplate::new(404).set_body_raw(vec![b' '; 40 << 20], "text/html");
    Mock::given(any()).respond_with(endless).mount(&server).await;
    assert!(client(&server).get_interface(ID).await.unwrap_err().is_not_found());
    assert!(patch(&client(&server)).await.is_not_found());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = MockServer::start().await;
    let away =
        ResponseTemplate::new(302).insert_header("Location", "https://netbox.example.net/login?next=hush");
    Mock::given(any()).respond_with(away).mount(&server).await;
    let client = client(&server);
    let error = client.get_interface(ID).await.unwrap_err();
    assert!(matches!(error, Error::Api { status: 302, .. }));
    assert!(error.to_string().ends_with("may be that of https://netbox.example.net/login"), "{error}");
    assert_eq!(client.request_count(), 1);
}

#[tokio::test]
async fn logins_that_fail_are_forbidden_and_html_is_not_quoted() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(recorded("error_auth_bad_v2"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("GET")).respond_with(html(404)).mount(&server).await;
    let client = client(&server);
    let error = client.status().await.unwrap_err();
    assert_eq!(error.to_string(), "NetBox refuses access: Invalid v2 token");
    let error = client.status().await.unwrap_err();
    assert!(error.is_not_found() && !error.to_string().contains('<'), "{error}");
}

#[tokio::test]
async fn the_token_is_nowhere_to_be_seen() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(html(500)).mount(&server).await;
    let client = client(&server);
    let mut seen = format!("{client:?}");
    let mut error: Option<&(dyn std::error::Error + 'static)> = None;
    let unknown = patch(&client).await;
    seen.push_str(&format!("{unknown:?}"));
    error.replace(&unknown);
    while let Some(one) = error {
        seen.push_str(&format!("{one} {one:?}"));
        error = one.source();
    }
    assert!(!seen.contains("secretsecret") && !seen.contains("nbt_"), "{seen}");
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
async fn half_an_answer_is_asked_for_again_when_reading_and_leaves_a_write_in_doubt() {
    let url = half_answers(2, crate::body("get_interface_by_id")).await;
    let reader = crate::client_at(&url, TOKEN);
    assert_eq!(reader.get_interface(ID).await.unwrap().id, ID);
    assert_eq!(reader.request_count(), 3);
    let writer = crate::client_at(&half_answers(1, crate::body("get_interface_by_id")).await, TOKEN);
    assert!(patch(&writer).await.is_outcome_unknown());
    assert_eq!(writer.request_count(), 1);
}
