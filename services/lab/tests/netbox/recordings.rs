use serde_json::{Value, json};

use crate::{Rig, fixture};

/// What the recorded exchange asked for.
fn exchange(name: &str) -> Value {
    let all = fixture("exchanges");
    all.as_array().unwrap().iter().find(|exchange| exchange["name"] == name).unwrap().clone()
}

/// The recorded request, sent to the stand-in; its answer and the recorded one.
async fn replay(rig: &Rig, name: &str) -> ((u16, Value), (u16, Value)) {
    let exchange = exchange(name);
    let request = &exchange["request"];
    let text = |key: &str| request[key].as_str().unwrap().to_owned();
    let answer = rig.call(&text("method"), &text("path"), &request["body"]).await;
    let status = u16::try_from(exchange["status"].as_u64().unwrap()).unwrap();
    (answer, (status, fixture(name)))
}

/// Refusals that depend only on the request: same status, same words.
const REFUSALS: [&str; 36] = [
    "error_400_filter_unknown_device",
    "error_400_filter_unknown_device_id",
    "error_404_interface",
    "error_method_not_allowed",
    "error_patch_interface_bad_mode",
    "error_patch_interface_bad_mtu",
    "error_patch_interface_bad_mtu_high",
    "error_patch_interface_custom_field_number",
    "error_patch_interface_custom_fields_null",
    "error_patch_interface_enabled_bad",
    "error_patch_interface_long_description",
    "error_patch_interface_mtu_string",
    "error_patch_interface_tagged_in_access_mode",
    "error_patch_interface_tagged_in_tagged_all_mode",
    "error_patch_interface_tagged_not_list",
    "error_patch_interface_tagged_unknown",
    "error_patch_interface_two_fields",
    "error_patch_interface_unknown_custom_field",
    "error_patch_interface_unknown_vlan_id",
    "error_patch_interface_untagged_without_mode",
    "error_patch_interface_vlan_ambiguous",
    "error_patch_interface_vlan_vid_object_unknown",
    "error_post_journal_bad_kind",
    "bulk_patch_duplicate_id",
    "bulk_patch_missing_id",
    "bulk_patch_no_id",
    "bulk_patch_not_list",
    "bulk_patch_one_invalid",
    "bulk_post_one_invalid",
    "get_device_by_name_none",
    "get_interface_lowercase_name",
    "get_interface_unknown_name",
    "get_vlan_by_vid_none",
    "post_ip_address_assign_missing_interface",
    "post_ip_address_bad",
    "post_ip_address_network_id",
];

#[tokio::test]
async fn refusals_have_the_recorded_words() {
    let rig = Rig::start().await;
    for name in REFUSALS {
        let (answer, recorded) = replay(&rig, name).await;
        assert_eq!(answer, recorded, "{name}");
    }
    assert_eq!(rig.netbox.changes(), Vec::<Value>::new());
}

#[tokio::test]
async fn odd_values_are_taken_or_refused_as_a_real_one_does() {
    let rig = Rig::start().await;
    for case in fixture("odd_values").as_array().unwrap() {
        let (method, path) = (case["method"].as_str().unwrap(), case["path"].as_str().unwrap());
        let (status, answer) = rig.call(method, path, &case["body"]).await;
        match &case["refused"] {
            Value::Null => assert!(status < 300, "{case}: {answer}"),
            refused => assert_eq!((status, &answer), (400, refused), "{case}"),
        }
    }
}

#[tokio::test]
async fn white_space_around_a_description_goes() {
    let rig = Rig::start().await;
    let (_, answer) =
        rig.call("PATCH", "/api/dcim/interfaces/16/", &json!({"description": "  spaced  \n x "})).await;
    assert_eq!(answer["description"], "spaced  \n x");
}

#[tokio::test]
async fn a_custom_field_with_loose_logic_knows_no_empty_lookup() {
    let rig = Rig::start().await;
    rig.netbox
        .set_interface("GigabitEthernet1/0/5", json!({"custom_fields": {"change_ticket_number": "15016"}}))
        .unwrap();
    let count = async |query: &str| {
        rig.call("GET", &format!("/api/dcim/interfaces/?{query}"), &Value::Null).await.1["count"].clone()
    };
    assert_eq!(count("cf_change_ticket_number__empty=false").await, 1);
    assert_eq!(count("cf_change_ticket_number=501").await, 0);
    rig.call("PATCH", "/api/extras/custom-fields/1/", &json!({"filter_logic": "loose"})).await;
    assert_eq!(count("cf_change_ticket_number__empty=false").await, 50);
    assert_eq!(count("cf_change_ticket_number=501").await, 1);
}

#[tokio::test]
async fn a_vlan_of_another_site_is_refused_in_the_recorded_words() {
    let rig = Rig::start().await;
    for (name, field, mode) in [
        ("error_patch_interface_vlan_of_other_site", "untagged_vlan", "access"),
        ("error_patch_interface_tagged_vlan_of_other_site", "tagged_vlans", "tagged"),
    ] {
        let (_, found) = rig.call("GET", "/api/ipam/vlans/?vid=100&site_id=2", &Value::Null).await;
        let foreign = &found["results"][0];
        let vlan = if field == "tagged_vlans" { json!([foreign["id"]]) } else { foreign["id"].clone() };
        let body = json!({"mode": mode, field: vlan});
        let (status, answer) = rig.call("PATCH", "/api/dcim/interfaces/16/", &body).await;
        let ours = answer.to_string().replace(foreign["display"].as_str().unwrap(), "Other 100 (100)");
        assert_eq!((status, ours), (400, fixture(name).to_string()), "{name}");
    }
}

#[tokio::test]
async fn a_mode_that_leaves_vlans_behind_is_refused_in_the_recorded_words() {
    let rig = Rig::start().await;
    let (status, _) = replay(&rig, "patch_interface_trunk_tagged").await.0;
    assert_eq!(status, 200);
    for name in ["error_patch_mode_access_leaving_tagged", "error_patch_mode_null_leaving_vlans"] {
        let (answer, recorded) = replay(&rig, name).await;
        assert_eq!(answer, recorded, "{name}");
    }
}

/// Where the two shapes differ: keys of objects, kinds of values. Null fits everything, an empty list every list.
fn differences(path: &str, ours: &Value, recorded: &Value, found: &mut Vec<String>) {
    match (ours, recorded) {
        (Value::Object(ours), Value::Object(recorded)) => {
            for key in ours.keys().chain(recorded.keys()) {
                match (ours.get(key), recorded.get(key)) {
                    (Some(ours), Some(recorded)) => {
                        differences(&format!("{path}.{key}"), ours, recorded, found)
                    }
                    (Some(_), None) => found.push(format!("{path}.{key} is not in the recording")),
                    _ => found.push(format!("{path}.{key} is missing")),
                }
            }
        }
        (Value::Array(ours), Value::Array(recorded)) => {
            if let (Some(ours), Some(recorded)) = (ours.first(), recorded.first()) {
                differences(&format!("{path}[]"), ours, recorded, found);
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        _ if std::mem::discriminant(ours) == std::mem::discriminant(recorded) => {}
        _ => found.push(format!("{path} is {ours}, recorded {recorded}")),
    }
}

/// Keys of nested rows that the stand-in does not count.
const NOT_COUNTED: [&str; 4] = [".role.", ".device_type.manufacturer", ".custom_fields", ".installed_apps"];

#[tokio::test]
async fn answers_have_the_recorded_shape() {
    let rig = Rig::start().await;
    for name in [
        "get_status",
        "get_device_by_name",
        "get_device_brief",
        "get_device_fields",
        "get_device_omit",
        "get_interface_by_id",
        "get_interface_by_id_brief",
        "get_interface_by_device_and_name",
        "get_interface_by_device_id_and_name",
        "get_interface_name_ie",
        "get_interface_unknown_filter_ignored",
        "get_vlan_by_vid",
        "get_vlan_by_vid_multi",
        "get_vlan_by_vid_two_sites",
        "get_vlan_available_on_device",
        "pagination_cursor",
        "pagination_limit_2",
        "pagination_bad_limit",
        "patch_interface_access",
        "patch_interface_trunk_tagged",
        "patch_interface_tagged_all",
        "patch_interface_l3",
        "patch_interface_qinq",
        "patch_interface_mode_empty_string",
        "patch_interface_unknown_field_ignored",
        "patch_with_changelog_message",
        "patch_with_fields_param_loses_writes",
        "bulk_patch_ok",
        "post_ip_address_assigned",
        "post_ip_address_no_mask",
        "get_ip_address_by_address",
        "get_ip_addresses_by_interface_id",
        "get_ip_addresses_by_device_and_parent",
        "get_object_changes_of_interface",
        "post_journal_entry",
        "get_journal_entries",
        "patch_event_rule_conditions",
    ] {
        let ((status, ours), (wanted, recorded)) = replay(&rig, name).await;
        assert_eq!(status, wanted, "{name}: {ours}");
        let mut found = Vec::new();
        differences("", &ours, &recorded, &mut found);
        found.retain(|difference| !NOT_COUNTED.iter().any(|part| difference.contains(part)));
        assert_eq!(found, Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn a_misspelt_filter_returns_everything() {
    let rig = Rig::start().await;
    let path = "/api/dcim/interfaces/?device=c9300&nmae=GigabitEthernet1/0/5&limit=2&fields=id,name";
    let (_, page) = rig.call("GET", path, &Value::Null).await;
    assert_eq!(page["count"], 25);
    let next = page["next"].as_str().unwrap();
    let wanted =
        "/api/dcim/interfaces/?device=c9300&fields=id%2Cname&limit=2&nmae=GigabitEthernet1%2F0%2F5&offset=2";
    assert_eq!(next.strip_prefix(&rig.netbox.url()), Some(wanted));
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let rig = Rig::start().await;
    let page = async |query: &str| {
        rig.call("GET", &format!("/api/dcim/interfaces/?device=c9300&{query}"), &Value::Null).await.1
    };
    let last = page("limit=10&offset=20").await;
    assert_eq!((last["results"].as_array().unwrap().len(), &last["next"]), (5, &Value::Null));
    assert!(last["previous"].as_str().unwrap().ends_with("limit=10&offset=10"));
    assert_eq!(page("limit=0").await["results"].as_array().unwrap().len(), 25);
    assert_eq!(page("limit=abc").await["results"].as_array().unwrap().len(), 25);
    let cursor = page("start=0&limit=2").await;
    assert_eq!(
        (&cursor["count"], cursor["next"].as_str().unwrap().ends_with("start=3")),
        (&Value::Null, true)
    );
}

#[tokio::test]
async fn logins_that_fail_are_403_and_unknown_paths_html() {
    let rig = Rig::start().await;
    let url = format!("{}/api/dcim/devices/", rig.netbox.url());
    for (authorization, wanted) in [
        (None, "error_auth_none"),
        (Some("Bearer nbt_lab000000000.wrong".to_owned()), "error_auth_bad_v2"),
        (Some("Bearer abc".to_owned()), "error_auth_malformed_bearer"),
        (Some(format!("Token {}", "0".repeat(40))), "error_auth_bad_v1"),
    ] {
        let mut request = rig.http.get(&url);
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 403, "{wanted}");
        assert_eq!(response.json::<Value>().await.unwrap(), fixture(wanted));
    }
    let version_1 = format!("Token {}", lab::netbox::V1_TOKEN);
    assert_eq!(rig.http.get(&url).header("Authorization", version_1).send().await.unwrap().status(), 200);
    let response = rig.request("GET", "/api/extras/object-changes/").send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(rig.netbox.request_count(), 6);
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused() {
    let rig = Rig::start().await;
    let send = async |kind: &str, body: &str| {
        let request = rig.request("PATCH", "/api/dcim/interfaces/16/").header("Content-Type", kind);
        let response = request.body(body.to_owned()).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let (status, answer) = send("application/json", "{\"mtu\": ").await;
    assert_eq!(status, 400);
    assert!(answer["detail"].as_str().unwrap().starts_with("JSON parse error - "));
    assert_eq!(send("text/plain", "mtu=1500").await, (415, fixture("error_unsupported_media_type")));
}

#[tokio::test]
async fn a_single_object_carries_its_tag_and_a_list_does_not() {
    let rig = Rig::start().await;
    let get = async |path: &str| rig.request("GET", path).send().await.unwrap();
    let one = get("/api/dcim/interfaces/5/").await;
    let tag = one.headers()["etag"].to_str().unwrap().to_owned();
    assert!(one.headers().contains_key("x-request-id"));
    let last_updated = one.json::<Value>().await.unwrap()["last_updated"].as_str().unwrap().to_owned();
    assert_eq!(tag, format!("W/\"{}\"", last_updated.replace('Z', "+00:00")));
    assert!(!get("/api/dcim/interfaces/?id=5").await.headers().contains_key("etag"));
    let head = rig.request("HEAD", "/api/dcim/interfaces/5/").send().await.unwrap();
    assert_eq!(head.headers()["etag"].to_str().unwrap(), tag);
    let patch = async |if_match: &str| {
        let request = rig.request("PATCH", "/api/dcim/interfaces/5/").header("If-Match", if_match);
        request.json(&json!({"description": "x"})).send().await.unwrap().status().as_u16()
    };
    assert_eq!(patch(tag.trim_start_matches("W/")).await, 412);
    assert_eq!(patch("garbage").await, 412);
    assert_eq!(patch(&tag).await, 200);
    assert_eq!(patch(&tag).await, 412);
    assert_eq!(patch("*").await, 200);
}
