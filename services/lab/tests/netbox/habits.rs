//! Odd requests, answered in the status and the words of a NetBox 4.7.3 that was asked the same.

use serde_json::{Value, json};

use crate::Rig;

const PORT: &str = "/api/dcim/interfaces/22/";

/// The answers to one PATCH of a port after the other.
async fn patches(rig: &Rig, wanted: &[(Value, u16, Value)]) {
    for (body, status, answer) in wanted {
        let got = rig.call("PATCH", PORT, body).await;
        let shown = if got.0 == 200 { only(&got.1, answer) } else { got.1 };
        assert_eq!((got.0, &shown), (*status, answer), "{body}");
    }
}

/// The keys of an answer that another one has.
fn only(answer: &Value, like: &Value) -> Value {
    like.as_object().unwrap().keys().map(|key| (key.clone(), answer[key].clone())).collect()
}

#[tokio::test]
async fn values_are_taken_as_python_takes_them() {
    let rig = Rig::start().await;
    let refused = |field: &str, words: &str| json!({field: [words]});
    let integer = refused("mtu", "A valid integer is required.");
    let direct = "Value must be passed directly (e.g. \"foo\": 123); do not use a dictionary or list.";
    patches(
        &rig,
        &[
            (json!({"mtu": "1500.0"}), 200, json!({"mtu": 1500})),
            (json!({"mtu": 1600.0}), 200, json!({"mtu": 1600})),
            (json!({"mtu": true}), 400, integer.clone()),
            (json!({"mtu": ""}), 400, integer),
            (json!({"enabled": "t"}), 200, json!({"enabled": true})),
            (json!({"description": " padded \t\u{a0}"}), 200, json!({"description": "padded"})),
            (json!({"mode": {"value": "access"}}), 400, refused("mode", direct)),
            (json!({"mode": []}), 400, refused("mode", direct)),
            (
                json!({"untagged_vlan": -1}),
                400,
                refused("untagged_vlan", "Related object not found using the provided numeric ID: -1"),
            ),
            (
                json!({"tagged_vlans": {"vid": 100}}),
                400,
                refused("tagged_vlans", "Incorrect type. Expected pk value, received str."),
            ),
            (
                json!({"tagged_vlans": [null]}),
                400,
                refused("tagged_vlans", "Invalid pk \"None\" - object does not exist."),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_body_may_be_missing_but_not_null() {
    let rig = Rig::start().await;
    let send = async |body: &'static str| {
        let request = rig.request("PATCH", PORT).header("Content-Type", "application/json").body(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    assert_eq!(send("").await.0, 200);
    let high = json!({"mtu": ["Ensure this value is less than or equal to 65536."]});
    assert_eq!(send(r#"{"mtu":1000000000000000000000000000000}"#).await, (400, high));
    assert_eq!(send("null").await, (400, json!({"__all__": ["No data provided"]})));
}

#[tokio::test]
async fn an_empty_condition_is_none() {
    let rig = Rig::start().await;
    for (tag, status) in [("", 200), ("*", 200), ("garbage", 412)] {
        let request = rig.request("PATCH", PORT).header("If-Match", tag).json(&json!({"mtu": null}));
        assert_eq!(request.send().await.unwrap().status(), status, "{tag:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_row_is_not_found_in_json() {
    let rig = Rig::start().await;
    let no_row = json!({"detail": "No Interface matches the given query."});
    let no_number = json!({"detail": "Not found."});
    for (id, answer) in [("99999999", &no_row), ("999999999999999999999999", &no_row), ("abc", &no_number)] {
        let got = rig.call("GET", &format!("/api/dcim/interfaces/{id}/"), &Value::Null).await;
        assert_eq!((got.0, &got.1), (404, answer), "{id}");
    }
}

#[tokio::test]
async fn filters_that_cannot_be_read_are_refused_and_empty_ones_ignored() {
    let rig = Rig::start().await;
    for (path, field, words) in [
        ("dcim/interfaces/?device_id=x", "device_id", "\u{201c}x\u{201d} is not a valid value."),
        ("dcim/interfaces/?device_id=", "device_id", "\u{201c}\u{201d} is not a valid value."),
        ("ipam/ip-addresses/?interface_id=", "interface_id", "\u{201c}\u{201d} is not a valid value."),
        ("ipam/vlans/?site_id=", "site_id", "\u{201c}\u{201d} is not a valid value."),
        ("dcim/interfaces/?mtu=x", "mtu", "Enter a whole number."),
        ("dcim/interfaces/?last_updated__gte=x", "last_updated__gte", "Enter a valid date/time."),
        ("ipam/vlans/?vid=x", "vid", "Enter a whole number."),
        ("core/object-changes/?request_id=not-a-uuid", "request_id", "Enter a valid UUID."),
        ("core/object-changes/?changed_object_id=x", "changed_object_id", "Enter a whole number."),
        ("core/object-changes/?time_after=x", "time", "Enter a valid date/time."),
    ] {
        let got = rig.call("GET", &format!("/api/{path}"), &Value::Null).await;
        assert_eq!(got, (400, json!({field: [words]})), "{path}");
    }
    let count = async |path: &str| {
        let (status, page) = rig.call("GET", &format!("/api/{path}"), &Value::Null).await;
        assert_eq!(status, 200, "{path}");
        page["count"].as_u64().unwrap()
    };
    assert_eq!(count("dcim/devices/?name=C9300").await, 1, "names of devices have no case");
    assert_eq!(count("dcim/interfaces/?device_id=1&name=gigabitethernet1/0/5").await, 0);
    assert_eq!(count("dcim/interfaces/?last_updated__gte=2026-01-01").await, count("dcim/interfaces/").await);
    assert_eq!(count("dcim/interfaces/?name=").await, count("dcim/interfaces/").await);
    assert_eq!(count("ipam/vlans/?site_id=null&vid=100").await, 0);
    assert_eq!(
        count("dcim/interfaces/?limit=5&offset=18446744073709551615").await,
        count("dcim/interfaces/").await
    );
}

#[tokio::test]
async fn addresses_are_read_strictly() {
    let rig = Rig::start().await;
    let refused = async |address: Value, words: &str| {
        let got = rig.call("POST", "/api/ipam/ip-addresses/", &json!({"address": address})).await;
        assert_eq!(got, (400, json!({"address": [words]})), "{address}");
    };
    refused(Value::Null, "This field may not be null.").await;
    refused(json!(""), "This field may not be blank.").await;
    refused(json!("10.9.9.2/0"), "Cannot create IP address with /0 mask.").await;
    for odd in ["10.9.9.2/33", "010.9.9.2/24", " 10.9.9.3/24 ", "fe80::1%eth0/64", "10.9.9.2/"] {
        refused(json!(odd), &format!("Invalid IP address format: {odd}")).await;
    }
    for (address, port) in [("10.9.9.4/255.255.255.0", json!("22")), ("10.9.10.0/31", json!(22))] {
        let body =
            json!({"address": address, "assigned_object_type": "dcim.interface", "assigned_object_id": port});
        let (status, made) = rig.call("POST", "/api/ipam/ip-addresses/", &body).await;
        assert_eq!((status, &made["assigned_object_id"]), (201, &json!(22)), "{made}");
    }
    let (_, page) = rig.call("GET", "/api/ipam/ip-addresses/?address=10.9.9.4", &Value::Null).await;
    assert_eq!(page["results"][0]["address"], "10.9.9.4/24");
}
