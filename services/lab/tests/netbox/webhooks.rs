use std::time::{Duration, Instant};

use lab::{FaultAction, Point};
use netbox_client::webhook::{Event, verify};
use netbox_client::{Field, IfMatch, InterfaceId, InterfacePatch};
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::{Rig, fixture, until};

/// A stand-in whose webhooks go to a receiver that answers with this status.
async fn rig(status: u16) -> (Rig, MockServer) {
    let receiver = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/netbox"))
        .respond_with(ResponseTemplate::new(status))
        .mount(&receiver)
        .await;
    let rig = Rig::with_orchestrator(receiver.uri()).await;
    (rig, receiver)
}

fn ticket(number: Option<&str>) -> InterfacePatch {
    InterfacePatch::default().custom_field("change_ticket_number", json!(number))
}

async fn patch(rig: &Rig, patch: &InterfacePatch) -> String {
    let written = rig.client().patch_interface(InterfaceId(5), patch, IfMatch::Unconditional).await.unwrap();
    written.request_id.unwrap().as_str().to_owned()
}

async fn received(rig: &Rig, receiver: &MockServer, count: usize) -> Vec<Request> {
    until("the webhooks", || (rig.netbox.deliveries().len() >= count).then_some(())).await;
    receiver.received_requests().await.unwrap()
}

fn tickets(requests: &[Request]) -> Vec<Option<String>> {
    let events = requests.iter().map(|request| Event::from_slice(&request.body).unwrap());
    events.map(|event| event.custom_text("change_ticket_number").map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_webhook_is_signed_and_names_the_request_that_caused_it() {
    let (rig, receiver) = rig(202).await;
    let started = Instant::now();
    let request_id = patch(&rig, &ticket(Some("15016"))).await;
    let request = received(&rig, &receiver, 1).await.remove(0);
    assert!(started.elapsed() >= Duration::from_millis(50), "it came before the answer could");
    let signature = request.headers["x-hook-signature"].to_str().unwrap();
    let secret = SecretString::from(rig.settings.netbox_webhook_secret.clone());
    assert_eq!(verify(&secret, Some(signature), &request.body), Ok(()));
    let event = Event::from_slice(&request.body).unwrap();
    assert_eq!(event.request_id().unwrap().as_str(), request_id);
    assert_eq!(event.user(), Some("netchange"));
    assert!(event.changes_anything());
    assert_eq!(event.interface().unwrap().unwrap().name, "GigabitEthernet1/0/5");
    assert_eq!(rig.netbox.deliveries()[0].status, Some(202));
}

#[tokio::test]
async fn its_body_has_the_recorded_keys() {
    let (rig, receiver) = rig(202).await;
    patch(&rig, &ticket(Some("15016"))).await;
    let request = received(&rig, &receiver, 1).await.remove(0);
    let (ours, recorded): (Value, Value) =
        (serde_json::from_slice(&request.body).unwrap(), fixture("webhook_interface_access"));
    let keys = |value: &Value, at: &str| {
        let mut keys: Vec<_> = value.pointer(at).unwrap().as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    for at in [
        "",
        "/data",
        "/data/device",
        "/request",
        "/snapshots",
        "/snapshots/prechange",
        "/snapshots/postchange",
    ] {
        assert_eq!(keys(&ours, at), keys(&recorded, at), "{at}");
    }
    assert_eq!(ours["data"]["url"], "/api/dcim/interfaces/5/");
}

#[tokio::test]
async fn only_a_ticket_that_is_set_fires_until_the_condition_is_taken_away() {
    let (rig, receiver) = rig(202).await;
    let describe = InterfacePatch { description: Some("no ticket".to_owned()), ..InterfacePatch::default() };
    patch(&rig, &describe).await;
    patch(&rig, &ticket(Some("1"))).await;
    patch(&rig, &ticket(Some("1"))).await;
    patch(&rig, &ticket(None)).await;
    patch(&rig, &ticket(Some("2"))).await;
    // The last one came, so whatever would have come before it is there as well.
    assert_eq!(tickets(&received(&rig, &receiver, 2).await), [Some("1".to_owned()), Some("2".to_owned())]);
    rig.netbox.set_ticket_condition(false);
    patch(&rig, &ticket(Some("2"))).await;
    patch(&rig, &ticket(None)).await;
    let requests = received(&rig, &receiver, 4).await;
    assert_eq!(tickets(&requests[2..]), [Some("2".to_owned()), None]);
    assert!(!Event::from_slice(&requests[2].body).unwrap().changes_anything());
}

#[tokio::test]
async fn refused_writes_and_moved_addresses_fire_nothing() {
    let (rig, receiver) = rig(202).await;
    rig.netbox.set_ticket_condition(false);
    let bad = InterfacePatch { mtu: Field::Set(0), ..ticket(Some("1")) };
    rig.client().patch_interface(InterfaceId(5), &bad, IfMatch::Unconditional).await.unwrap_err();
    let (status, _) = rig.call("PATCH", "/api/ipam/ip-addresses/3/", &json!({"assigned_object_id": 5})).await;
    assert_eq!(status, 200);
    patch(&rig, &ticket(Some("2"))).await;
    assert_eq!(tickets(&received(&rig, &receiver, 1).await), [Some("2".to_owned())]);
}

#[tokio::test]
async fn a_person_s_edit_is_told_as_such() {
    let (rig, receiver) = rig(202).await;
    rig.netbox
        .set_interface("GigabitEthernet1/0/5", json!({"custom_fields": {"change_ticket_number": "7"}}))
        .unwrap();
    let request = received(&rig, &receiver, 1).await.remove(0);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["request"]["user"], &body["request"]["method"]), (&json!("admin"), &json!("POST")));
    assert_eq!(body["request"]["path"], "/dcim/interfaces/5/edit/");
}

#[tokio::test]
async fn a_delivery_that_fails_is_never_repeated() {
    let (rig, receiver) = rig(500).await;
    patch(&rig, &ticket(Some("1"))).await;
    patch(&rig, &ticket(Some("2"))).await;
    assert_eq!(tickets(&received(&rig, &receiver, 2).await), [Some("1".to_owned()), Some("2".to_owned())]);
    assert!(rig.netbox.deliveries().iter().all(|delivered| delivered.status == Some(500)));
}

#[tokio::test]
async fn faults_lose_double_and_delay_webhooks() {
    let (rig, receiver) = rig(202).await;
    rig.fault(Point::Webhook, "POST", FaultAction::Lose);
    patch(&rig, &ticket(Some("1"))).await;
    until("the lost webhook", || (!rig.netbox.deliveries().is_empty()).then_some(())).await;
    assert_eq!(rig.netbox.deliveries()[0].status, None);
    rig.fault(Point::Webhook, "POST", FaultAction::Double);
    patch(&rig, &ticket(Some("2"))).await;
    assert_eq!(tickets(&received(&rig, &receiver, 3).await), [Some("2".to_owned()), Some("2".to_owned())]);
    rig.fault(Point::Webhook, "POST", FaultAction::Delay { ms: 300 });
    let started = Instant::now();
    patch(&rig, &ticket(Some("3"))).await;
    patch(&rig, &ticket(Some("4"))).await;
    let requests = received(&rig, &receiver, 5).await;
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(tickets(&requests[2..]), [Some("3".to_owned()), Some("4".to_owned())]);
}
