use netbox_client::{
    ETag, Entry, Error, Field, IfMatch, Interface, InterfaceId, InterfaceMode, InterfacePatch, IpAddressId,
    JournalKind, NewCustomField, NewEventRule, NewIpAddress, NewJournalEntry, NewWebhook, RequestId, VlanId,
    WebhookId, changed_and_filled,
};
use serde_json::{Value, json};
use wiremock::matchers::{body_json, header, headers, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{body, client, exchange, recorded};

async fn serve(server: &MockServer, verb: &str, at: &str, name: &str) {
    Mock::given(method(verb)).and(path(at)).respond_with(recorded(name)).mount(server).await;
}

/// The patch whose body was recorded.
fn access_patch() -> InterfacePatch {
    InterfacePatch {
        enabled: Some(true),
        mtu: Field::Set(1500),
        description: Some("Access port by ticket 15003".to_owned()),
        mode: Field::Set(InterfaceMode::Access),
        untagged_vlan: Field::Set(VlanId(2)),
        tagged_vlans: Some(Vec::new()),
        ..InterfacePatch::default()
    }
    .custom_field("change_ticket_number", "15003")
}

#[tokio::test]
async fn a_patch_is_conditional_and_answers_with_the_id_of_its_request() {
    let server = MockServer::start().await;
    Mock::given(method("PATCH"))
        .and(path("/api/dcim/interfaces/10/"))
        .and(header("If-Match", "W/\"before\""))
        .and(body_json(&exchange("patch_interface_access")["request"]["body"]))
        .respond_with(recorded("patch_interface_access"))
        .mount(&server)
        .await;
    let before: Interface = serde_json::from_slice(&body("get_interface_by_id")).unwrap();
    let patch = access_patch();
    assert_eq!(patch.unmet(&before).len(), 5, "{:?}", patch.unmet(&before));
    let written = client(&server)
        .patch_interface(InterfaceId(10), &patch, ETag::new("W/\"before\"").into())
        .await
        .unwrap();
    assert_eq!(written.request_id, Some(RequestId::new("cc199227-ca7c-4221-89ab-2ed12b2cdd96")));
    assert_eq!(written.etag, Some(ETag::new("W/\"2026-11-24T02:15:21.254544+00:00\"")));
    assert_eq!(written.value.etag(), written.etag);
    assert_eq!(patch.unmet(&written.value), Vec::<String>::new());
    let inverse = serde_json::to_value(patch.inverse(&before)).unwrap();
    let wanted = json!({"enabled": true, "mtu": null, "description": "", "mode": null, "untagged_vlan": null,
        "tagged_vlans": [], "custom_fields": {"change_ticket_number": null}});
    assert_eq!(inverse, wanted);
}

#[test]
fn what_netbox_tidies_up_is_no_unmet_wish() {
    // 4.7.3 answers so: white space around a text goes, a VLAN that is named twice is there once.
    let mut held: Value = serde_json::from_slice(&body("patch_interface_trunk_tagged")).unwrap();
    held["description"] = json!("uplink");
    let interface: Interface = serde_json::from_value(held).unwrap();
    let mut twice = interface.tagged_vlan_ids();
    twice.extend(interface.tagged_vlan_ids());
    let patch = InterfacePatch {
        description: Some("  uplink\u{a0}".to_owned()),
        tagged_vlans: Some(twice),
        ..InterfacePatch::default()
    };
    assert_eq!(patch.unmet(&interface), Vec::<String>::new());
    let other = InterfacePatch { description: Some("up link".to_owned()), ..InterfacePatch::default() };
    assert_eq!(other.unmet(&interface), ["description"]);
}

#[tokio::test]
async fn a_stale_condition_is_changed_with_the_current_tag() {
    let server = MockServer::start().await;
    serve(&server, "PATCH", "/api/dcim/interfaces/10/", "error_412_if_match_stale").await;
    let stale = IfMatch::Tag(ETag::new("W/\"2026-11-24T02:15:21.254544+00:00\""));
    let error = client(&server).patch_interface(InterfaceId(10), &access_patch(), stale).await.unwrap_err();
    assert!(error.is_changed() && !error.is_retryable());
    let Error::Changed { current_etag } = error else { panic!("{error}") };
    assert_eq!(current_etag, Some(ETag::new("W/\"2026-11-24T02:16:19.755938+00:00\"")));
}

#[tokio::test]
async fn every_refusal_is_told_in_netbox_s_words() {
    for (name, wanted) in [
        ("error_patch_interface_bad_mode", "mode: trunk is not a valid choice."),
        (
            "error_patch_interface_untagged_without_mode",
            "untagged_vlan: Interface mode does not support untagged vlan",
        ),
        (
            "error_patch_interface_unknown_custom_field",
            "custom_fields.nope: Custom field 'nope' does not exist for this object type.",
        ),
        (
            "error_patch_interface_custom_field_number",
            "Invalid value for custom field 'change_ticket_number': Value must be a string.",
        ),
        ("error_malformed_json", "JSON parse error - Expecting value: line 1 column 9 (char 8)"),
    ] {
        let server = MockServer::start().await;
        serve(&server, "PATCH", "/api/dcim/interfaces/10/", name).await;
        let error = client(&server)
            .patch_interface(InterfaceId(10), &access_patch(), IfMatch::Unconditional)
            .await
            .unwrap_err();
        assert!(!error.is_retryable() && !error.is_outcome_unknown());
        assert_eq!(error.to_string(), format!("NetBox refuses the data: {wanted}"), "{name}");
    }
}

#[tokio::test]
async fn a_bulk_patch_tells_which_interfaces_are_at_fault() {
    let server = MockServer::start().await;
    serve(&server, "PATCH", "/api/dcim/interfaces/", "bulk_patch_one_invalid").await;
    let patches = [20, 21, 22].map(|id| (InterfaceId(id), access_patch()));
    let error = client(&server).patch_interfaces(&patches, IfMatch::Unconditional).await.unwrap_err();
    let Error::Invalid { problems } = error else { panic!("{error}") };
    assert_eq!(
        problems.iter().map(|problem| problem.entry).collect::<Vec<_>>(),
        [Some(Entry::Id(21)), Some(Entry::Id(22))]
    );
}

#[tokio::test]
async fn a_bulk_patch_carries_all_tags_and_answers_all_interfaces() {
    let server = MockServer::start().await;
    Mock::given(method("PATCH"))
        .and(headers("If-Match", vec!["W/\"a\"", "W/\"b\""]))
        .respond_with(recorded("bulk_patch_ok"))
        .mount(&server)
        .await;
    let if_match = IfMatch::AnyOf(vec![ETag::new("W/\"a\""), ETag::new("W/\"b\"")]);
    let written =
        client(&server).patch_interfaces(&[(InterfaceId(20), access_patch())], if_match).await.unwrap();
    assert_eq!(written.value.iter().map(|row| row.id.0).collect::<Vec<_>>(), [20, 21]);
}

#[tokio::test]
async fn addresses_are_made_moved_released_and_deleted() {
    let server = MockServer::start().await;
    serve(&server, "POST", "/api/ipam/ip-addresses/", "post_ip_address_assigned").await;
    serve(&server, "PATCH", "/api/ipam/ip-addresses/2/", "patch_ip_address_unassign").await;
    Mock::given(method("PATCH"))
        .and(body_json(json!({"assigned_object_type": "dcim.interface", "assigned_object_id": 15})))
        .respond_with(recorded("patch_ip_address_reassign"))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(method("DELETE"))
        .and(header("If-Match", "W/\"x\""))
        .respond_with(ResponseTemplate::new(204))
        .mount(&server)
        .await;
    let client = client(&server);
    let new = NewIpAddress::new("10.20.30.1/24".parse().unwrap()).on(InterfaceId(13));
    let made = client.create_ip_address(&new).await.unwrap();
    assert_eq!(made.value.interface_id(), Some(InterfaceId(13)));
    assert_eq!(made.value.address.to_string(), "10.20.30.1/24");
    let id = IpAddressId(2);
    let moved = client.assign_ip_address(id, InterfaceId(15), IfMatch::Unconditional).await.unwrap();
    assert_eq!(moved.value.interface_id(), Some(InterfaceId(15)));
    let released = client.unassign_ip_address(id, IfMatch::Unconditional).await.unwrap();
    assert_eq!((released.value.interface_id(), released.value.device()), (None, None));
    client.delete_ip_address(id, ETag::new("W/\"x\"").into()).await.unwrap();
}

#[tokio::test]
async fn a_journal_entry_is_written() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(body_json(&exchange("post_journal_entry")["request"]["body"]))
        .respond_with(recorded("post_journal_entry"))
        .mount(&server)
        .await;
    let comments = "Ticket 15003 applied and verified".to_owned();
    let new = NewJournalEntry { interface: InterfaceId(10), kind: JournalKind::Success, comments };
    let written = client(&server).create_journal_entry(&new).await.unwrap();
    assert_eq!(written.value.kind, Some(JournalKind::Success));
}

#[tokio::test]
async fn a_setup_is_written_in_the_shape_of_4_x_and_its_secret_stays_out_of_sight() {
    let server = MockServer::start().await;
    let answer = |body: Value| ResponseTemplate::new(201).set_body_json(body);
    let hook =
        json!({"id": 7, "name": "netchange", "payload_url": "http://127.0.0.1:1/netbox", "secret": "hush"});
    Mock::given(path("/api/extras/webhooks/")).respond_with(answer(hook)).mount(&server).await;
    serve(&server, "PATCH", "/api/extras/event-rules/1/", "patch_event_rule_conditions").await;
    let field = json!({"id": 1, "name": "change_ticket_number", "type": {"value": "text", "label": "Text"}});
    Mock::given(path("/api/extras/custom-fields/")).respond_with(answer(field)).mount(&server).await;
    let client = client(&server);
    let new = NewWebhook {
        name: "netchange".to_owned(),
        payload_url: "http://127.0.0.1:1/netbox".to_owned(),
        secret: Some("hush".to_owned().into()),
        ssl_verification: true,
    };
    let hook = client.save_webhook(None, &new).await.unwrap();
    assert!(!format!("{new:?} {hook:?}").contains("hush"));
    let conditions = Some(changed_and_filled("change_ticket_number"));
    assert_eq!(
        conditions,
        Some(exchange("patch_event_rule_conditions")["request"]["body"]["conditions"].clone())
    );
    let rule = NewEventRule { name: "interface updated".to_owned(), webhook: WebhookId(7), conditions };
    let rule = client.save_event_rule(Some(netbox_client::EventRuleId(1)), &rule).await.unwrap();
    assert!(rule.value.enabled && rule.value.conditions.is_some());
    let field = NewCustomField {
        name: "change_ticket_number".to_owned(),
        label: "Change ticket number".to_owned(),
        description: String::new(),
    };
    let written = client.save_custom_field(None, &field).await.unwrap();
    assert_eq!(written.value.kind.as_ref().map(netbox_client::Choice::as_str), Some("text"));
    let sent: Value = serde_json::from_slice(&server.received_requests().await.unwrap()[0].body).unwrap();
    assert_eq!((&sent["secret"], &sent["http_method"]), (&json!("hush"), &json!("POST")));
}
