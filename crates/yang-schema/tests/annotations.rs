//! Metadata that modules define (RFC 7952): its types, in XML and in JSON.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use serde_json::{Value, json};
use yang_schema::validate::DataKind;
use yang_schema::{CompileOptions, Features, JsonOptions, ModuleSet, Schema, ValidateOptions};

const METADATA: &str = r#"
module ietf-yang-metadata { namespace urn:ietf:params:xml:ns:yang:ietf-yang-metadata; prefix md;
  extension annotation { argument name; } }"#;

/// The module `md0` has the prefix that is given to namespaces of metadata.
const MODEL: &str = r#"
module notes {
  yang-version 1.1; namespace urn:notes; prefix md0;
  import ietf-yang-metadata { prefix meta; }
  feature checked;
  identity who; identity me { base who; }
  meta:annotation seen { type uint32 { range 1..99; } }
  meta:annotation by { type identityref { base who; } }
  meta:annotation sure { if-feature checked; type boolean; }
  meta:annotation size { type uint64; }
  container notes {
    leaf text { type string; }
    leaf author { type identityref { base who; } }
    leaf-list line { type int8; }
  }
}"#;

fn compiled(options: &CompileOptions) -> Schema {
    let mut set = ModuleSet::new();
    set.add_text("ietf-yang-metadata.yang", METADATA).unwrap();
    set.add_text("notes.yang", MODEL).unwrap();
    set.compile(options).unwrap()
}

fn judged(schema: &Schema, text: &str) -> Vec<String> {
    match schema.validate_document(text, DataKind::Data, &ValidateOptions::new()) {
        Ok(problems) => problems.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

fn to_json(schema: &Schema, xml: &str) -> Value {
    let document = roxmltree::Document::parse(xml).unwrap();
    schema.to_json(document.root_element(), &JsonOptions::new()).unwrap()
}

const ALL: &str = r#"<data xmlns:n="urn:notes"><notes xmlns="urn:notes" n:seen="3"><text n:seen="5" n:sure="true" n:size="7">a</text>
    <author n:by="n:me">n:me</author><line>1</line><line n:by="n:me">2</line></notes></data>"#;

#[test]
fn annotations_have_the_json_types_of_their_own_types() {
    let schema = compiled(&CompileOptions::new());
    assert_eq!(judged(&schema, ALL), Vec::<String>::new());
    let json = json!({"notes:notes": {
        "@": {"notes:seen": 3},
        "text": "a", "@text": {"notes:seen": 5, "notes:sure": true, "notes:size": "7"},
        "author": "notes:me", "@author": {"notes:by": "notes:me"},
        "line": [1, 2], "@line": [null, {"notes:by": "notes:me"}],
    }});
    assert_eq!(to_json(&schema, ALL), json);
    assert_eq!(judged(&schema, &json.to_string()), Vec::<String>::new());
    let back = schema.from_json(&json, schema.root(), &JsonOptions::new()).unwrap();
    assert_eq!(to_json(&schema, &format!("<data>{back}</data>")), json, "{back}");
    // the prefix that the value needs serves the metadata too
    assert!(back.contains(r#"<author xmlns:md0="urn:notes" md0:by="md0:me">md0:me</author>"#), "{back}");
    let short = r#"{"notes:notes": {"text": "a", "@text": {"notes:by": "me"}}}"#;
    assert_eq!(judged(&schema, short), Vec::<String>::new());
}

#[test]
fn their_values_are_judged() {
    let schema = compiled(&CompileOptions::new());
    let with = |attribute: &str| {
        format!(r#"<notes xmlns="urn:notes" xmlns:n="urn:notes"><text {attribute}>a</text></notes>"#)
    };
    for (attribute, expected) in [
        ("n:seen='0'", r#"attribute seen: "0" is not allowed; expected a whole number from 1 to 99"#),
        ("n:by='n:who'", "expected an identity derived from notes:who"),
        ("n:sure='yes'", r#"expected "true" or "false""#),
        ("n:unheard='1'", "attribute unheard of namespace urn:notes is not known"),
    ] {
        let found = judged(&schema, &with(attribute));
        assert!(found.len() == 1 && found[0].contains(expected), "{attribute}: {found:?}");
    }
    for (metadata, expected) in [
        (r#""@text": {"notes:seen": "5"}"#, "metadata \"notes:seen\": a number was expected"),
        (r#""@text": {"notes:size": 7}"#, "metadata \"notes:size\": a string was expected"),
        (r#""@text": {"notes:seen": 100}"#, "expected a whole number from 1 to 99"),
    ] {
        let found = judged(&schema, &format!(r#"{{"notes:notes": {{"text": "a", {metadata}}}}}"#));
        assert!(found.len() == 1 && found[0].contains(expected), "{metadata}: {found:?}");
    }
    let nobodys = judged(&schema, r#"{"@": {"notes:seen": 5}}"#);
    assert!(nobodys[0].contains("\"@\" stands without its value"), "{nobodys:?}");
}

#[test]
fn an_annotation_whose_feature_is_off_is_none() {
    let off = compiled(&CompileOptions::new().features(Features::None));
    let sure = r#"<notes xmlns="urn:notes" xmlns:n="urn:notes"><text n:sure="true">a</text></notes>"#;
    assert_eq!(judged(&off, sure).len(), 1);
    assert_eq!(judged(&compiled(&CompileOptions::new()), sure), Vec::<String>::new());
}

#[test]
fn defaults_are_marked_by_a_boolean() {
    let xml = r#"<data xmlns:wd="urn:ietf:params:xml:ns:netconf:default:1.0"><notes xmlns="urn:notes"><text wd:default="true">a</text></notes></data>"#;
    let json = json!({"notes:notes": {"text": "a", "@text": {"ietf-netconf-with-defaults:default": true}}});
    let schema = compiled(&CompileOptions::new());
    assert_eq!(to_json(&schema, xml), json);
    let back = schema.from_json(&json, schema.root(), &JsonOptions::new()).unwrap();
    assert_eq!(to_json(&schema, &format!("<data>{back}</data>")), json, "{back}");
}
