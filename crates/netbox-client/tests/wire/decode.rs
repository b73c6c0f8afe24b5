use netbox_client::webhook::{Event, EventKind, verify};
use netbox_client::{
    Device, Interface, InterfaceMode, IpAddress, JournalEntry, ObjectChange, RequestId, Status, Vlan,
};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{body, exchange};

fn decodes<T: DeserializeOwned>(name: &str) {
    let value: Value = serde_json::from_slice(&body(name)).unwrap();
    let rows = match (&value, value.get("results")) {
        (_, Some(Value::Array(rows))) | (Value::Array(rows), None) => rows.clone(),
        _ => vec![value.clone()],
    };
    assert!(!rows.is_empty(), "{name}");
    for row in rows {
        if let Err(error) = serde_json::from_value::<T>(row) {
            panic!("{name}: {error}");
        }
    }
}

#[test]
fn every_recorded_object_is_read() {
    for name in ["get_device_by_name", "get_device_omit", "get_device_exclude_config_context"] {
        decodes::<Device>(name);
    }
    for name in [
        "get_interface_by_id",
        "get_interface_mgmt_only",
        "bulk_patch_ok",
        "patch_if_match_ok",
        "patch_interface_clear_ticket",
        "patch_interface_mode_empty_string",
        "patch_interface_vlan_by_vid_object",
        "patch_interface_unknown_field_ignored",
        "patch_mgmt_only_as_admin",
        "patch_with_changelog_message",
    ] {
        decodes::<Interface>(name);
    }
    for name in ["get_vlan_by_vid", "get_vlan_available_on_device", "get_vlan_by_vid_multi"] {
        decodes::<Vlan>(name);
    }
    for name in [
        "get_ip_address_by_address_no_mask",
        "get_ip_addresses_by_device_and_parent",
        "post_ip_address_no_mask",
    ] {
        decodes::<IpAddress>(name);
    }
    decodes::<JournalEntry>("get_journal_entries");
    decodes::<ObjectChange>("get_object_changes_of_interface");
    decodes::<Status>("get_status");
}

#[test]
fn every_recorded_webhook_is_signed_and_read() {
    let secret = SecretString::from("netbox-secret");
    for (name, ticket, user) in [
        ("webhook_interface_access", Some("15003"), "orchestrator"),
        ("webhook_interface_trunk_tagged", Some("15004"), "orchestrator"),
        ("webhook_interface_tagged_all", Some("15005"), "orchestrator"),
        ("webhook_interface_l3", Some("15006"), "orchestrator"),
        ("webhook_interface_ui_edit", Some("15007"), "admin"),
        ("webhook_interface_ticket_cleared", None, "orchestrator"),
        ("webhook_interface_noop", None, "admin"),
    ] {
        let bytes = body(name);
        let signature = exchange(name)["headers"]["X-Hook-Signature"].clone();
        assert_eq!(verify(&secret, signature.as_str(), &bytes), Ok(()), "{name}");
        assert!(verify(&secret, signature.as_str(), &bytes[1..]).is_err(), "{name}");
        let event = Event::from_slice(&bytes).unwrap();
        assert!(event.is_interface() && event.event == EventKind::Updated, "{name}");
        assert_eq!(event.custom_text("change_ticket_number"), ticket, "{name}");
        assert_eq!(event.user(), Some(user), "{name}");
        assert_eq!(event.changes_anything(), name != "webhook_interface_noop", "{name}");
        event.interface().unwrap().unwrap();
    }
}

#[test]
fn a_webhook_s_request_is_the_one_of_the_write_that_caused_it() {
    let event = Event::from_slice(&body("webhook_interface_access")).unwrap();
    let answer = exchange("patch_interface_access")["headers"]["X-Request-ID"].clone();
    assert_eq!(event.request_id(), answer.as_str().map(RequestId::new));
}

#[test]
fn shapes_of_older_and_newer_servers_are_read() {
    // 3.5: choices and device names as ever, no counts, `null` where texts are, keys this crate does not know.
    let interface = json!({"id": 1, "name": "Gi1", "device": {"id": 1, "name": null, "asset_tag": "x"}, "enabled": true,
        "mgmt_only": false, "mtu": null, "description": null, "mode": {"value": "tagged-mystery", "label": "?"},
        "untagged_vlan": null, "tagged_vlans": null, "custom_fields": null, "last_updated": null, "brand_new": {"a": 1}});
    let interface: Interface = serde_json::from_value(interface).unwrap();
    assert_eq!(interface.mode, Some(InterfaceMode::Other("tagged-mystery".to_owned())));
    assert_eq!((interface.description.as_str(), interface.etag()), ("", None));
    let empty = json!({"id": 1, "name": "Gi1", "device": {"id": 1}, "enabled": true, "mgmt_only": false,
        "mode": {"value": null, "label": null}});
    assert_eq!(serde_json::from_value::<Interface>(empty).unwrap().mode, None);
    let device = json!({"id": 1, "name": "old", "device_role": {"id": 1}, "site": {"id": 1, "name": "Lab", "slug": "lab"},
        "primary_ip": {"id": 1, "address": "2001:db8::1/64", "family": 6}, "status": "active"});
    let device: Device = serde_json::from_value(device).unwrap();
    assert_eq!(device.management_ip(), Some("2001:db8::1".parse().unwrap()));
}

#[test]
fn an_interface_without_its_protection_flag_is_not_guessed_at() {
    let brief: Value = serde_json::from_slice(&body("get_interface_by_id_brief")).unwrap();
    assert!(serde_json::from_value::<Interface>(brief).is_err());
}
