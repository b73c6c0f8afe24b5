//! Complete data, rpcs and notifications against a small model made for it.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use std::path::PathBuf;

use yang_schema::{CompileOptions, ErrorTag, ModuleSet, Problem, ProblemKind, Schema, ValidateOptions};

const MODEL: &str = r#"
module box {
  yang-version 1.1;
  namespace "urn:example:box";
  prefix b;
  container box {
    presence "there";
    leaf must-be { type string; mandatory true; }
    container inner { leaf also { type string; mandatory true; } }
    container optional { presence "yes"; leaf needed { type string; mandatory true; } }
    choice pick {
      mandatory true;
      leaf one { type empty; }
      case two { leaf first { type string; mandatory true; } leaf second { type string; } }
    }
    list user {
      key name;
      min-elements 1;
      max-elements 3;
      unique "uid home/dir";
      leaf name { type string; }
      leaf uid { type uint16; }
      container home { leaf dir { type string; default "/"; } }
    }
    leaf owner { type leafref { path "../user/name"; } }
    leaf loose { type leafref { path "../user/name"; require-instance false; } }
    leaf either { type union { type leafref { path "../user/uid"; } type enumeration { enum none; } } }
    leaf at { type instance-identifier; }
    leaf conditional { when "../one"; type string; mandatory true; }
  }
}"#;

fn schema() -> Schema {
    let mut set = ModuleSet::new();
    set.add_text("box.yang", MODEL).unwrap();
    set.compile(&CompileOptions::new()).unwrap()
}

fn problems(body: &str) -> Vec<Problem> {
    let xml = format!(r#"<data><box xmlns="urn:example:box" xmlns:b="urn:example:box">{body}</box></data>"#);
    let document = roxmltree::Document::parse(&xml).unwrap();
    schema().validate_data(document.root_element(), &ValidateOptions::new())
}

const GOOD: &str =
    "<must-be>x</must-be><inner><also>y</also></inner><one/><user><name>ann</name><uid>1</uid></user>";

#[track_caller]
fn one(body: &str, kind: ProblemKind, tag: ErrorTag) -> Problem {
    let found = problems(body);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].kind, found[0].error_tag), (kind, tag), "{found:#?}");
    found[0].clone()
}

#[test]
fn good_data_is_good() {
    assert_eq!(problems(GOOD), []);
    assert_eq!(
        problems(&format!(
            "{GOOD}<owner>ann</owner><loose>bob</loose><either>none</either><at>/b:box/b:user[b:name='ann']</at>"
        )),
        []
    );
    let document = roxmltree::Document::parse("<data/>").unwrap();
    assert_eq!(schema().validate_data(document.root_element(), &ValidateOptions::new()), []);
}

#[test]
fn mandatory_nodes_are_missed_in_containers_and_chosen_cases_only() {
    let inner = GOOD.replace("<inner><also>y</also></inner>", "");
    assert_eq!(
        one(&inner, ProblemKind::MissingMandatory, ErrorTag::MissingElement).bad_element.as_deref(),
        Some("also")
    );
    let optional = format!("{GOOD}<optional/>");
    let problem = one(&optional, ProblemKind::MissingMandatory, ErrorTag::MissingElement);
    assert_eq!(problem.path, "/b:box/b:optional");
    let none = GOOD.replace("<one/>", "");
    let problem = one(&none, ProblemKind::MissingMandatory, ErrorTag::DataMissing);
    assert_eq!(problem.error_app_tag.as_deref(), Some("missing-choice"));
    one(
        &GOOD.replace("<one/>", "<second>s</second>"),
        ProblemKind::MissingMandatory,
        ErrorTag::MissingElement,
    );
}

#[test]
fn entries_are_counted_and_compared() {
    let none = GOOD.replace("<user><name>ann</name><uid>1</uid></user>", "");
    assert_eq!(
        one(&none, ProblemKind::TooFew, ErrorTag::OperationFailed).error_app_tag.as_deref(),
        Some("too-few-elements")
    );
    let many =
        format!("{GOOD}<user><name>b</name></user><user><name>c</name></user><user><name>d</name></user>");
    one(&many, ProblemKind::TooMany, ErrorTag::OperationFailed);
    let same = format!("{GOOD}<user><name>b</name><uid>1</uid><home><dir>/</dir></home></user>");
    one(&same, ProblemKind::NotUnique, ErrorTag::OperationFailed);
    assert_eq!(
        problems(&format!("{GOOD}<user><name>b</name><uid>1</uid><home><dir>/b</dir></home></user>")),
        []
    );
}

#[test]
fn references_must_lead_somewhere() {
    let problem =
        one(&format!("{GOOD}<owner>bob</owner>"), ProblemKind::MissingInstance, ErrorTag::DataMissing);
    assert_eq!(problem.error_app_tag.as_deref(), Some("instance-required"));
    assert_eq!(problem.allowed.as_deref(), Some("the value of an existing /box:box/user/name"));
    one(&format!("{GOOD}<either>7</either>"), ProblemKind::MissingInstance, ErrorTag::DataMissing);
    one(
        &format!("{GOOD}<at>/b:box/b:user[b:name='bob']</at>"),
        ProblemKind::MissingInstance,
        ErrorTag::DataMissing,
    );
}

#[test]
fn rpcs_replies_and_notifications_are_validated() {
    let mut set = ModuleSet::new();
    set.add_directory(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/models")).unwrap();
    let schema = set.compile(&CompileOptions::new()).unwrap();
    let check = |xml: &str| {
        let document = roxmltree::Document::parse(xml).unwrap();
        schema.validate_rpc(document.root_element(), &ValidateOptions::new())
    };
    assert_eq!(check(r#"<ping xmlns="urn:example:plant"><host>a</host><count>3</count></ping>"#), []);
    assert_eq!(check(r#"<save xmlns="urn:example:plant"/>"#), []);
    let found = check(r#"<ping xmlns="urn:example:plant"><count>30</count></ping>"#);
    let kinds: Vec<_> = found.iter().map(|problem| (problem.kind, problem.path.as_str())).collect();
    assert_eq!(
        kinds,
        [(ProblemKind::Value, "/pl:ping/pl:count"), (ProblemKind::MissingMandatory, "/pl:ping")]
    );
    assert_eq!(check(r#"<pong xmlns="urn:example:plant"/>"#)[0].kind, ProblemKind::UnknownNode);
    assert_eq!(check(r#"<plant xmlns="urn:example:plant"/>"#)[0].kind, ProblemKind::UnknownNode);

    let save = schema.top("urn:example:plant", "save").unwrap();
    let reply = r#"<rpc-reply><result xmlns="urn:example:plant">done</result><result2 xmlns="urn:example:plant"/></rpc-reply>"#;
    let document = roxmltree::Document::parse(reply).unwrap();
    let found = schema.validate_rpc_reply(document.root_element(), save, &ValidateOptions::new());
    assert_eq!(found.len(), 1);

    let event = roxmltree::Document::parse(r#"<link-down xmlns="urn:example:plant"/>"#).unwrap();
    let found = schema.validate_notification(event.root_element(), &ValidateOptions::new());
    assert_eq!(found[0].kind, ProblemKind::MissingMandatory);
}
