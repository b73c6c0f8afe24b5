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

/// Whether data of a model in a module `m` is good, or the first thing that is wrong with it.
#[track_caller]
fn judged(schema: &Schema, body: &str) -> Option<String> {
    let xml = format!("<data xmlns='urn:m' xmlns:m='urn:m'>{body}</data>");
    let document = roxmltree::Document::parse(&xml).unwrap();
    let found = schema.validate_data(document.root_element(), &ValidateOptions::new());
    assert!(found.len() < 2, "{found:#?}");
    found.first().map(|problem| problem.message.clone())
}

fn of_module(body: &str) -> Schema {
    let text = format!("module m {{ yang-version 1.1; namespace urn:m; prefix m; {body} }}");
    let mut set = ModuleSet::new();
    set.add_text("m.yang", &text).unwrap();
    set.compile(&CompileOptions::new()).unwrap()
}

#[test]
fn references_lead_to_the_defaults_that_are_in_use() {
    let schema = of_module(
        r#"identity kind; identity one { base kind; } typedef kind { type identityref { base kind; } default one; }
        container c {
          container np { container deeper { leaf number { type decimal64 { fraction-digits 2; } default "1.50"; } }
            leaf hex { type uint8; default "0x10"; } leaf octal { type uint8; default "010"; } leaf kind { type kind; } leaf named { type kind; default m:one; } }
          container p { presence "there"; leaf of-presence { type string; default d; } }
          choice way { default usual;
            case usual { leaf slow { type string; default s; } }
            case other { leaf fast { type string; default f; } leaf more { type string; }
              choice inner { default m:first; case first { leaf inmost { type string; default i; } } leaf second { type string; } } } }
          container conditional { when "../p"; leaf perhaps { type string; default w; } }
          leaf r-number { type leafref { path "../np/deeper/number"; } } leaf r-hex { type leafref { path "/c/np/hex"; } } leaf r-octal { type leafref { path "/c/np/octal"; } }
          leaf r-kind { type leafref { path "../np/kind"; } } leaf r-named { type leafref { path "../np/named"; } }
          leaf r-presence { type leafref { path "../p/of-presence"; } }
          leaf r-slow { type leafref { path "../slow"; } } leaf r-fast { type leafref { path "../fast"; } }
          leaf r-inmost { type leafref { path "../inmost"; } } leaf r-perhaps { type leafref { path "../conditional/perhaps"; } }
        }"#,
    );
    let judged = |body: &str| judged(&schema, &format!("<c>{body}</c>"));
    for good in [
        "<r-number>1.5</r-number>",
        "<np/><r-number>1.500</r-number>",
        "<np><deeper/></np><r-number>1.5</r-number>",
        "<r-hex>16</r-hex>",
        "<r-octal>8</r-octal>",
        "<r-kind>one</r-kind>",
        "<r-named>m:one</r-named>",
        "<p/><r-presence>d</r-presence>",
        "<r-slow>s</r-slow>",
        "<more>x</more><r-fast>f</r-fast>",
        "<more>x</more><r-inmost>i</r-inmost>",
        // only its `when` can say
        "<r-perhaps>w</r-perhaps>",
    ] {
        assert_eq!(judged(good), None, "{good}");
    }
    for bad in [
        "<np><deeper><number>2</number></deeper></np><r-number>1.5</r-number>",
        "<np><hex>17</hex></np><r-hex>16</r-hex>",
        "<r-octal>10</r-octal>",
        "<r-presence>d</r-presence>",
        "<more>x</more><r-slow>s</r-slow>",
        "<r-fast>f</r-fast>",
        "<r-inmost>i</r-inmost>",
        "<more>x</more><second>y</second><r-inmost>i</r-inmost>",
        "<r-perhaps>v</r-perhaps>",
    ] {
        assert!(judged(bad).is_some_and(|message| message.contains("refers to nothing")), "{bad}");
    }
}

#[test]
fn unique_counts_the_defaults_that_are_in_use() {
    let schema = of_module(
        r#"list p { key k; unique "there/x"; leaf k { type string; }
            container there { presence "there"; leaf x { type string; default d; } } }
        list n { key k; unique "np/x"; leaf k { type string; } container np { leaf x { type uint8; default 0x10; } } }
        list c { key k; unique "x"; leaf k { type string; }
            choice way { leaf y { type string; } case z { leaf x { type string; default d; } leaf z { type string; } } } }
        list w { key k; unique "x"; leaf k { type string; } leaf x { when "../k='a'"; type string; default d; } }"#,
    );
    let two = |list: &str, first: &str, second: &str| {
        let body = format!("<{list}><k>a</k>{first}</{list}><{list}><k>b</k>{second}</{list}>");
        let found = judged(&schema, &body);
        assert!(found.iter().all(|message| message.contains("agree in")), "{found:?}");
        found.is_some()
    };
    assert!(!two("p", "", ""), "neither has the container");
    assert!(!two("p", "<there/>", ""));
    assert!(two("p", "<there/>", "<there><x>d</x></there>"));
    assert!(two("n", "", ""));
    assert!(two("n", "<np><x>16</x></np>", ""));
    assert!(!two("c", "", "<y>1</y>"), "neither has chosen the case");
    assert!(two("c", "<z>1</z>", "<z>2</z>"));
    assert!(!two("c", "<z>1</z>", "<y>1</y>"));
    assert!(!two("w", "", ""), "only its `when` can say");
    assert!(two("w", "<x>d</x>", "<x>d</x>"));
}
