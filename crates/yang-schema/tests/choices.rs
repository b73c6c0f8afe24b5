//! Choices where data begins: their nodes are top-level data like any other.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use serde_json::json;
use yang_schema::validate::DataKind;
use yang_schema::{CompileOptions, Error, JsonOptions, ModuleSet, Schema, TreeOptions, ValidateOptions};

const MODEL: &str = r#"
module pick {
  yang-version 1.1; namespace urn:pick; prefix p;
  choice way {
    mandatory true;
    leaf road { type uint8; }
    case rail {
      container train { leaf number { type uint16; mandatory true; } }
      leaf platform { type leafref { path "../train/number"; } }
      choice class { leaf first { type empty; } leaf second { type empty; } }
    }
  }
  augment /p:way { leaf way { type string; } }
}"#;

fn compile(text: &str) -> Result<Schema, Error> {
    let mut set = ModuleSet::new();
    set.add_text("pick.yang", text)?;
    set.compile(&CompileOptions::new())
}

fn problems(kind: DataKind, text: &str) -> Vec<String> {
    let schema = compile(MODEL).unwrap();
    let found = schema.validate_document(text, kind, &ValidateOptions::new()).unwrap();
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn nodes_of_a_top_level_choice_are_top_level_data() {
    let none: [&str; 0] = [];
    let ns = "xmlns='urn:pick'";
    for kind in [DataKind::Edit, DataKind::Data] {
        assert_eq!(problems(kind, &format!("<road {ns}>5</road>")), none);
        assert_eq!(problems(kind, &format!("<way {ns}>on foot</way>")), none, "a leaf named as its choice");
        let train = format!("<train {ns}><number>7</number></train><platform {ns}>7</platform><first {ns}/>");
        assert_eq!(problems(kind, &train), none);
    }
    let both = problems(DataKind::Data, &format!("<road {ns}>5</road><second {ns}/>"));
    assert!(both[0].contains("road and second exclude each other (choice way)"), "{both:?}");
    let value = problems(DataKind::Edit, r#"{"pick:road": 256}"#);
    assert!(value[0].contains("from 0 to 255"), "{value:?}");
    let lost = problems(
        DataKind::Data,
        &format!("<train {ns}><number>7</number></train><platform {ns}>8</platform>"),
    );
    assert!(lost[0].contains("refers to nothing"), "{lost:?}");
    let nothing = problems(DataKind::Data, "<data/>");
    assert!(nothing[0].contains("choice way is mandatory"), "{nothing:?}");
}

#[test]
fn they_are_found_and_converted_like_others() {
    let schema = compile(MODEL).unwrap();
    assert_eq!(schema.top("urn:pick", "road").unwrap().schema_path(), "/pick:way/road/road");
    assert_eq!(schema.find("/train/number").unwrap().data_path(), "/pick:train/number");
    let tree = schema.tree(&TreeOptions::new());
    assert!(tree.contains("  +--rw (way)\n     +--:(road)\n     |  +--rw road?"), "{tree}");
    let document = roxmltree::Document::parse("<data><road xmlns='urn:pick'>5</road></data>").unwrap();
    let json = schema.to_json(document.root_element(), &JsonOptions::new()).unwrap();
    assert_eq!(json, json!({"pick:road": 5}));
}

#[test]
fn a_name_stands_once_in_one_place_choices_and_cases_included() {
    for body in [
        "choice a { leaf x { type string; } } leaf x { type string; }",
        "choice a { leaf x { type string; } } choice b { leaf x { type string; } }",
        "choice a { case y { leaf x { type string; } } case z { leaf x { type string; } } }",
        "choice a { leaf x { type string; } } leaf a { type string; }",
        "choice a { case y { leaf x { type string; } } leaf y { type string; } }",
        "container c { choice a { leaf x { type string; } } leaf a { type string; } }",
        "container c { choice a { leaf x { type string; } } choice a { leaf y { type string; } } }",
        "container c { choice a { case y { leaf x { type string; } } leaf y { type string; } } }",
    ] {
        let text = format!("module m {{ namespace urn:m; prefix m; {body} }}");
        let found = compile(&text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(found.contains("is defined twice"), "{body}: {found}");
    }
    for body in
        ["choice a { leaf a { type string; } }", "container c { choice a { leaf a { type string; } } }"]
    {
        compile(&format!("module m {{ namespace urn:m; prefix m; {body} }}")).unwrap();
    }
}

#[test]
fn a_container_that_is_nothing_by_itself_chooses_no_case() {
    let model = r#"module m { namespace urn:m; prefix m; choice c {
        case a { container np { leaf q { type string; } } leaf must { type string; mandatory true; } }
        case b { container p { presence "there"; } leaf needed { type string; mandatory true; } } } }"#;
    let schema = compile(model).unwrap();
    let judged = |xml: &str| {
        let found = schema.validate_document(xml, DataKind::Data, &ValidateOptions::new()).unwrap();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(judged("<np xmlns='urn:m'/>"), Vec::<String>::new());
    assert_eq!(judged("<np xmlns='urn:m'><q>1</q></np>"), ["/: leaf must is mandatory"]);
    assert_eq!(judged("<p xmlns='urn:m'/>"), ["/: leaf needed is mandatory"]);
}

#[test]
fn what_is_unique_may_be_named_by_its_choice_and_case() {
    for path in ["way/by-number/number", "number"] {
        let model = format!(
            r#"module u {{ namespace urn:u; prefix u;
              list l {{ key k; unique "{path}"; leaf k {{ type string; }}
                choice way {{ case by-number {{ leaf number {{ type uint8; }} }} leaf other {{ type string; }} }} }} }}"#
        );
        let schema = compile(&model).unwrap();
        let entries = |second: u8| {
            format!(
                "<l xmlns='urn:u'><k>a</k><number>1</number></l><l xmlns='urn:u'><k>b</k><number>{second}</number></l>"
            )
        };
        let problems = |second| {
            schema.validate_document(&entries(second), DataKind::Data, &ValidateOptions::new()).unwrap()
        };
        assert!(problems(2).is_empty(), "{path}");
        assert!(
            problems(1).iter().any(|problem| problem.to_string().contains("two entries of l agree")),
            "{path}"
        );
    }
    let wrong = "module u { namespace urn:u; prefix u; list l { key k; unique way/none/number; leaf k { type string; } choice way { case some { leaf number { type uint8; } } } } }";
    assert!(compile(wrong).unwrap_err().to_string().contains("there is no none"));
}

#[test]
fn a_case_with_a_when_is_the_chosen_one_where_its_nodes_are() {
    let model = r#"module m { yang-version 1.1; namespace urn:m; prefix m;
        container b { presence p; leaf mode { type string; }
          choice c { mandatory true; case a { when "mode='x'"; leaf a1 { type string; } } leaf b1 { type string; } }
          choice d { case other { when "mode='x'"; leaf o1 { type string; } leaf o2 { type string; mandatory true; } } } }
        container t { presence p; choice e { mandatory true; leaf plain { type string; } } }
        augment /m:t/m:e { when "plain or true()"; case added { leaf e1 { type string; } } }
        augment /m:t/m:e { when "true()"; leaf e2 { type string; } } }"#;
    let schema = compile(model).unwrap();
    let judged = |xml: &str| -> Vec<String> {
        let kinds = [false, true].map(|config| {
            let options = ValidateOptions::new().config_only(config);
            let found = schema.validate_document(xml, DataKind::Data, &options).unwrap();
            found.iter().map(ToString::to_string).collect::<Vec<_>>()
        });
        assert_eq!(kinds[0], kinds[1], "as data and as configuration: {xml}");
        kinds[0].clone()
    };
    let none: [&str; 0] = [];
    assert_eq!(judged("<b xmlns='urn:m'><mode>x</mode><a1>1</a1></b>"), none);
    assert_eq!(judged("<b xmlns='urn:m'><mode>x</mode><a1>1</a1><o1>1</o1></b>"), none);
    assert_eq!(judged("<t xmlns='urn:m'><e1>1</e1></t>"), none);
    assert_eq!(judged("<t xmlns='urn:m'><e2>1</e2></t>"), none);
    assert_eq!(
        judged("<b xmlns='urn:m'><mode>x</mode></b>"),
        ["/m:b: choice c is mandatory: one of its cases must be there"]
    );
    assert_eq!(judged("<t xmlns='urn:m'/>"), ["/m:t: choice e is mandatory: one of its cases must be there"]);
}

#[test]
fn the_default_case_demands_nothing_where_a_conditional_one_is_there() {
    let model = r#"module m { namespace urn:m; prefix m; container b { presence p; leaf mode { type string; }
        choice d { default usual; case usual { leaf-list many { type string; } container np { leaf x { type string; } } }
          case other { when "mode='x'"; leaf o1 { type string; } } } } }"#;
    // mandatory nodes may not stand in a default case (RFC 7950 section 7.9.3), but a deviation puts them there
    let deviation = r#"module d { namespace urn:d; prefix d; import m { prefix m; }
        deviation /m:b/m:d/m:usual/m:many { deviate add { min-elements 1; } } }"#;
    let mut set = ModuleSet::new();
    set.add_text("m.yang", model).unwrap();
    set.add_text("d.yang", deviation).unwrap();
    let schema = set.compile(&CompileOptions::new().lenient(true)).unwrap();
    let judged = |xml: &str| {
        let found = schema.validate_document(xml, DataKind::Data, &ValidateOptions::new()).unwrap();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(judged("<b xmlns='urn:m'><mode>x</mode><o1>1</o1></b>"), none);
    assert_eq!(judged("<b xmlns='urn:m'/>"), ["/m:b: many needs at least 1 entries"]);
}
