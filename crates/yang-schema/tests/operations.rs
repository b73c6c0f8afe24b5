//! What is sent: rpcs, actions and notifications, judged, converted and built.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use serde_json::json;
use yang_schema::build::{Host, RpcKind};
use yang_schema::validate::DataKind;
use yang_schema::{CompileOptions, JsonOptions, ModuleSet, Schema, ValidateOptions};

const MODEL: &str = r#"
module rack {
  yang-version 1.1; namespace urn:rack; prefix r;
  identity mode; identity fast { base mode; }
  rpc go {
    input {
      leaf count { type uint8; mandatory true; }
      leaf mode { type identityref { base mode; } }
      container where { leaf row { type uint16; } leaf column { type uint16; } }
      list step { key id; leaf id { type uint64; } leaf wait { type empty; } }
      leaf-list tag { type string; }
    }
  }
  container rack {
    list slot {
      key "row id";
      leaf row { type uint8; } leaf id { type string; } leaf label { type string; }
      action reset { input { leaf first { type string; } leaf delay { type uint8; mandatory true; } } }
      notification failed { leaf reason { type enumeration { enum heat; enum smoke; } mandatory true; } }
    }
    container plain { leaf x { type string; } }
  }
  notification overheated { leaf degrees { type decimal64 { fraction-digits 1; } } }
}"#;

fn schema() -> Schema {
    let mut set = ModuleSet::new();
    set.add_text("rack.yang", MODEL).unwrap();
    set.compile(&CompileOptions::new()).unwrap()
}

fn judged(kind: DataKind, text: &str) -> Vec<String> {
    match schema().validate_document(text, kind, &ValidateOptions::new()) {
        Ok(problems) => problems.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[track_caller]
fn good(kind: DataKind, text: &str) {
    assert_eq!(judged(kind, text), Vec::<String>::new(), "{text}");
}

#[track_caller]
fn bad(kind: DataKind, text: &str, expected: &str) {
    let found = judged(kind, text);
    assert!(found.len() == 1 && found[0].contains(expected), "{text}: {found:?}");
}

fn slot(inner: &str) -> String {
    format!(r#"<rack xmlns="urn:rack"><slot><row>1</row><id>a</id>{inner}</slot></rack>"#)
}

fn action(inner: &str) -> String {
    let rack = slot(&format!("<reset>{inner}</reset>"));
    format!(
        r#"<rpc xmlns="urn:ietf:params:xml:ns:netconf:base:1.0" message-id="1"><action xmlns="urn:ietf:params:xml:ns:yang:1">{rack}</action></rpc>"#
    )
}

#[test]
fn an_action_is_judged_where_it_stands_in_the_data() {
    good(DataKind::Rpc, &action("<delay>5</delay>"));
    good(DataKind::Rpc, &slot("<reset><delay>5</delay></reset>"));
    good(DataKind::Rpc, r#"{"rack:rack": {"slot": [{"row": 1, "id": "a", "reset": {"delay": 5}}]}}"#);
    bad(
        DataKind::Rpc,
        &action("<delay>500</delay>"),
        "/r:rack/r:slot[r:row='1'][r:id='a']/r:reset/r:delay: \"500\"",
    );
    bad(DataKind::Rpc, &action(""), "leaf delay is mandatory");
    bad(
        DataKind::Rpc,
        &slot("<reset><delay>5</delay></reset><label>x</label>"),
        "more than what leads to one action",
    );
    bad(DataKind::Rpc, &slot(""), "slot leads to no action");
    bad(
        DataKind::Rpc,
        r#"<rack xmlns="urn:rack"><plain><x>1</x></plain></rack>"#,
        "there is no plain in rack",
    );
    bad(
        DataKind::Rpc,
        r#"<rack xmlns="urn:rack"><slot><row>1</row><reset><delay>5</delay></reset></slot></rack>"#,
        "lacks its key id",
    );
    bad(DataKind::Edit, &slot("<reset><delay>5</delay></reset>"), "there is no reset in slot");
}

#[test]
fn a_notification_is_judged_where_it_stands_in_the_data() {
    let sent = |inner: &str| {
        format!(
            r#"<notification xmlns="urn:ietf:params:xml:ns:netconf:notification:1.0"><eventTime>2026-01-01T00:00:00Z</eventTime>{inner}</notification>"#
        )
    };
    good(DataKind::Notification, &sent(&slot("<failed><reason>heat</reason></failed>")));
    good(
        DataKind::Notification,
        &sent(r#"<overheated xmlns="urn:rack"><degrees>70.5</degrees></overheated>"#),
    );
    good(
        DataKind::Notification,
        r#"{"rack:rack": {"slot": [{"row": 1, "id": "a", "failed": {"reason": "smoke"}}]}}"#,
    );
    bad(DataKind::Notification, &sent(&slot("<failed/>")), "leaf reason is mandatory");
    bad(DataKind::Notification, &sent(&slot("<reset><delay>1</delay></reset>")), "there is no reset in slot");
}

#[test]
fn an_rpc_has_the_types_and_the_order_of_its_input_in_both_encodings() {
    let schema = schema();
    let xml = r#"<all xmlns:r="urn:rack"><go xmlns="urn:rack"><count>5</count><mode>r:fast</mode><where><row>1</row></where><step><id>7</id><wait/></step><tag>a</tag></go></all>"#;
    let json = json!({"rack:go": {"count": 5, "mode": "rack:fast", "where": {"row": 1},
        "step": [{"id": "7", "wait": [null]}], "tag": ["a"]}});
    let document = roxmltree::Document::parse(xml).unwrap();
    assert_eq!(schema.to_json(document.root_element(), &JsonOptions::new()).unwrap(), json);
    let go = document.root_element().first_element_child().unwrap();
    assert_eq!(schema.element_to_json(go, &JsonOptions::new()).unwrap(), json);
    let back = schema.from_json(&json, schema.root(), &JsonOptions::new()).unwrap();
    let expected = r#"<go xmlns="urn:rack"><count>5</count><mode xmlns:r="urn:rack">r:fast</mode><where><row>1</row></where><step><id>7</id><wait/></step><tag>a</tag></go>"#;
    assert_eq!(back, expected);
    good(DataKind::Rpc, &json.to_string());
    bad(DataKind::Rpc, r#"{"rack:go": {"count": "5"}}"#, "a number was expected");
}

#[test]
fn a_built_call_has_its_input_in_the_models_order_and_json_types() {
    let schema = schema();
    let call = schema.rpc(RpcKind::Call);
    let rpc = call
        .set("/go/tag=a")
        .set("/go/where/column=2")
        .set("/go/where/row=1")
        .set("/go/step[id='7']")
        .set("/go/count=5");
    let rpc = rpc.build().expect("the model allows it");
    assert_eq!(
        rpc.data().split_whitespace().collect::<String>(),
        "<goxmlns=\"urn:rack\"><count>5</count><where><row>1</row><column>2</column></where><step><id>7</id></step><tag>a</tag></go>"
    );
    let curl = rpc.curl(&Host::new("sw", "admin"));
    let body = curl.split("--data-binary '").nth(1).unwrap().trim_end().trim_end_matches('\'');
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let input = json!({"count": 5, "where": {"row": 1, "column": 2}, "step": [{"id": "7"}], "tag": ["a"]});
    assert_eq!(body, json!({"rack:input": input}));
    let lacking =
        schema.rpc(RpcKind::Call).set("/rack/slot[row='1'][id='a']/reset/first=x").build().unwrap_err();
    assert!(lacking[0].message.contains("delay is mandatory"), "{lacking:?}");
    let whole = schema.rpc(RpcKind::Call).set("/rack/slot[row='1'][id='a']/reset/delay=5").build();
    let curl = whole.expect("the model allows it").curl(&Host::new("sw", "admin"));
    assert!(
        curl.contains("data/rack:rack/slot=1,a/reset") && curl.contains(r#"{"rack:input":{"delay":5}}"#),
        "{curl}"
    );
}
