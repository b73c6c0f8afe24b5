//! Edit-config bodies against the hand-written models.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use std::path::PathBuf;
use std::sync::OnceLock;

use yang_schema::{CompileOptions, ErrorTag, ModuleSet, Problem, ProblemKind, Schema, ValidateOptions};

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut set = ModuleSet::new();
        set.add_directory(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/models")).unwrap();
        set.compile(&CompileOptions::new()).unwrap()
    })
}

fn problems(body: &str) -> Vec<Problem> {
    let xml = format!(
        r#"<config xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:yang="urn:ietf:params:xml:ns:yang:1"><plant xmlns="urn:example:plant" xmlns:q="urn:example:plant-qos">{body}</plant></config>"#
    );
    let document = roxmltree::Document::parse(&xml).unwrap();
    schema().validate_edit_config(document.root_element(), &ValidateOptions::new())
}

fn port(body: &str) -> Vec<Problem> {
    problems(&format!("<interface><Gigabit><name>1/0/5</name>{body}</Gigabit></interface>"))
}

#[track_caller]
fn one(problems: &[Problem], kind: ProblemKind, tag: ErrorTag) -> &Problem {
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!((problems[0].kind, problems[0].error_tag), (kind, tag), "{problems:#?}");
    &problems[0]
}

#[track_caller]
fn good(problems: &[Problem]) {
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_whole_interface_is_accepted() {
    good(&port(
        r#"<description>Configured &lt;here&gt;</description><mtu>2000</mtu><shutdown nc:operation="remove"/>
           <switchport><access><vlan>100</vlan></access></switchport>
           <ip><address><ip>192.0.2.1</ip><prefix-length>24</prefix-length></address></ip>
           <speed>q:warp</speed><flags>mirrored up</flags><q:qos><q:trust>dscp</q:trust><q:late>true</q:late></q:qos>
           <ipv6><address yang:insert="first">2001:db8::1</address></ipv6>"#,
    ));
}

#[test]
fn a_value_out_of_range_names_path_value_range_and_place() {
    let found = port("<mtu>20</mtu>");
    let problem = one(&found, ProblemKind::Value, ErrorTag::InvalidValue);
    assert_eq!(problem.path, "/pl:plant/pl:interface/pl:Gigabit[pl:name='1/0/5']/pl:mtu");
    assert_eq!(problem.namespaces, [("pl".to_owned(), "urn:example:plant".to_owned())]);
    assert_eq!(problem.value.as_deref(), Some("20"));
    assert_eq!(problem.message, "the MTU is out of range");
    assert_eq!(problem.error_app_tag.as_deref(), Some("mtu-range"));
    assert_eq!(problem.allowed.as_deref(), Some("a whole number from 64 to 18000"));
    assert!(problem.source.as_ref().unwrap().file.ends_with("plant.yang"));
}

#[test]
fn every_type_refuses_what_it_does_not_allow() {
    for body in [
        "<mtu>2000x</mtu>",
        "<mtu>1.0</mtu>",
        "<mtu/>",
        "<shutdown>true</shutdown>",
        "<switchport><access><vlan>4095</vlan></access></switchport>",
        "<switchport><access><vlan>Dynamic</vlan></access></switchport>",
        "<speed>speed</speed>",
        "<speed>q:nothing</speed>",
        "<speed>zz:warp</speed>",
        "<flags>up up</flags>",
        "<flags>down</flags>",
        "<q:qos><q:trust>10</q:trust></q:qos>",
        "<q:qos><q:late>TRUE</q:late></q:qos>",
        "<description>a\nb</description>",
    ] {
        one(&port(body), ProblemKind::Value, ErrorTag::InvalidValue);
    }
    one(
        &port(&format!("<description>{}</description>", "x".repeat(201))),
        ProblemKind::Value,
        ErrorTag::InvalidValue,
    );
    for body in [
        "<name/>",
        "<vlan><id>1</id><name>reserved-1</name></vlan>",
        "<management-vlan>0</management-vlan>",
        "<uplink>/pl:plant</uplink>",
        r#"<uplink xmlns:pl="urn:example:plant">/pl:plant/pl:nothing</uplink>"#,
        r#"<uplink xmlns:pl="urn:example:plant">/pl:plant/pl:vlan[pl:name='x']</uplink>"#,
        "<serial>9223372036854775808</serial>",
        "<key>AAA</key>",
        "<key></key>",
        "<key>AAAAAAAAAAAAAAAA</key>",
    ] {
        one(&problems(body), ProblemKind::Value, ErrorTag::InvalidValue);
    }
}

#[test]
fn every_type_takes_what_it_allows() {
    good(&problems(
        r#"<serial>-9223372036854775808</serial><key>AAAA</key><management-vlan>4094</management-vlan>
        <uplink xmlns:pl="urn:example:plant">/pl:plant/pl:interface/pl:Gigabit[pl:name='1/0/1']</uplink>
        <extra><anything xmlns="urn:nowhere"><at/>all</anything></extra>
        <vlan><id>2</id><name>Users</name></vlan>"#,
    ));
    good(&port("<switchport><access><vlan>dynamic</vlan></access></switchport>"));
    good(&port("<speed>fast</speed><flags/>"));
}

#[test]
fn unknown_nodes_and_namespaces_are_told_apart() {
    let found = port("<descripton>x</descripton>");
    let problem = one(&found, ProblemKind::UnknownNode, ErrorTag::UnknownElement);
    assert_eq!(problem.allowed.as_deref(), Some("description, perhaps"));
    assert_eq!(problem.path, "/pl:plant/pl:interface/pl:Gigabit[pl:name='1/0/5']/pl:descripton");
    let found = port(r#"<mtu xmlns="urn:nowhere">20</mtu>"#);
    let problem = one(&found, ProblemKind::UnknownNamespace, ErrorTag::UnknownNamespace);
    assert_eq!(problem.bad_namespace.as_deref(), Some("urn:nowhere"));
    assert_eq!(problem.allowed.as_deref(), Some("mtu in the namespace urn:example:plant"));
    one(&port(r#"<qos><trust>cos</trust></qos>"#), ProblemKind::UnknownNode, ErrorTag::UnknownElement);
    one(&port(r#"<mtu xmlns="">20</mtu>"#), ProblemKind::UnknownNamespace, ErrorTag::UnknownNamespace);
}

#[test]
fn keys_must_be_there_first_and_in_order() {
    let found = problems("<interface><Gigabit><mtu>2000</mtu></Gigabit></interface>");
    let problem = one(&found, ProblemKind::MissingKey, ErrorTag::MissingElement);
    assert_eq!(problem.bad_element.as_deref(), Some("name"));
    let found = problems("<interface><Gigabit><mtu>2000</mtu><name>1</name></Gigabit></interface>");
    one(&found, ProblemKind::KeyOrder, ErrorTag::BadElement);
    let found = port("<ip><address><prefix-length>24</prefix-length><ip>192.0.2.1</ip></address></ip>");
    one(&found, ProblemKind::KeyOrder, ErrorTag::BadElement);
}

#[test]
fn what_stands_twice_is_refused() {
    one(&port("<mtu>2000</mtu><mtu>2000</mtu>"), ProblemKind::Duplicate, ErrorTag::BadElement);
    let twice = "<vlan><id>2</id></vlan><vlan><id> 2</id></vlan>";
    one(&problems(twice), ProblemKind::Duplicate, ErrorTag::BadElement);
    one(&problems("<server>a</server><server>a</server>"), ProblemKind::Duplicate, ErrorTag::BadElement);
    good(&problems("<server>a</server><server>b</server>"));
}

#[test]
fn two_cases_of_a_choice_exclude_each_other_unless_one_goes() {
    let found = port("<switchport><access/><trunk/></switchport>");
    let problem = one(&found, ProblemKind::ChoiceConflict, ErrorTag::BadElement);
    assert!(problem.message.contains("choice mode"), "{problem}");
    good(&port(r#"<switchport><access/><trunk nc:operation="remove"/></switchport>"#));
    one(
        &port("<switchport><access/><tunnel/></switchport>"),
        ProblemKind::ChoiceConflict,
        ErrorTag::BadElement,
    );
}

#[test]
fn operations_are_checked() {
    for operation in ["merge", "replace", "create"] {
        good(&port(&format!(r#"<mtu nc:operation="{operation}">2000</mtu>"#)));
    }
    for operation in ["delete", "remove"] {
        good(&port(&format!(r#"<mtu nc:operation="{operation}"/>"#)));
    }
    one(&port(r#"<mtu nc:operation="erase">2000</mtu>"#), ProblemKind::Attribute, ErrorTag::BadAttribute);
    let found = port(r#"<mtu operation="delete">2000</mtu>"#);
    one(&found, ProblemKind::UnknownAttribute, ErrorTag::UnknownAttribute);
    one(&port(r#"<mtu yang:insert="first">2000</mtu>"#), ProblemKind::Attribute, ErrorTag::BadAttribute);
    one(
        &problems(r#"<server yang:insert="before">a</server>"#),
        ProblemKind::Attribute,
        ErrorTag::MissingAttribute,
    );
    one(&port(r#"<mtu nc:operation="replace"/>"#), ProblemKind::Value, ErrorTag::InvalidValue);
}

#[test]
fn state_cannot_be_edited_and_content_must_fit() {
    one(&port("<load>1.0</load>"), ProblemKind::ReadOnly, ErrorTag::UnknownElement);
    one(&port("<switchport>access</switchport>"), ProblemKind::Content, ErrorTag::BadElement);
    one(&port("<mtu><name/></mtu>"), ProblemKind::Content, ErrorTag::BadElement);
}

#[test]
fn all_problems_come_at_once() {
    let found = port(
        "<mtu>20</mtu><frob/><speed>x</speed><switchport><access/><trunk><native>0</native></trunk></switchport>",
    );
    let kinds: Vec<_> = found.iter().map(|problem| problem.kind).collect();
    use ProblemKind::{ChoiceConflict, UnknownNode, Value};
    assert_eq!(kinds, [Value, UnknownNode, Value, ChoiceConflict, Value]);
}

#[test]
fn a_document_may_have_netconf_around_the_data_or_be_json() {
    use yang_schema::validate::{DataKind, DocumentError};
    let judge = |text: &str, kind| {
        let problems = schema().validate_document(text, kind, &ValidateOptions::new());
        problems.map(|problems| {
            problems.iter().map(|problem| (problem.line, problem.column, problem.kind)).collect::<Vec<_>>()
        })
    };
    let base = "urn:ietf:params:xml:ns:netconf:base:1.0";
    let vlan = "<plant xmlns='urn:example:plant'>\n<vlan><id>5000</id></vlan></plant>";
    let wrong = [(2, 7, ProblemKind::Value)];
    let around = [
        vlan.to_owned(),
        format!("<config>{vlan}</config>"),
        format!(
            "<rpc xmlns='{base}' message-id='1'><edit-config><target><running/></target><config>{vlan}</config></edit-config></rpc>"
        ),
        format!("<data xmlns='{base}'>{vlan}</data>"),
    ];
    for text in around {
        assert_eq!(judge(&text, DataKind::Edit).unwrap(), wrong, "{text}");
        assert_eq!(judge(&format!("\u{feff}<?xml version='1.0'?>{text}"), DataKind::Data).unwrap(), wrong);
    }
    let two = "<plant xmlns='urn:example:plant'/><plant xmlns='urn:example:plant'><a/></plant>";
    assert_eq!(judge(two, DataKind::Edit).unwrap()[1], (1, 68, ProblemKind::UnknownNode));
    let json = r#"{"plant:plant": {"vlan": [{"id": 5000}]}}"#;
    assert_eq!(judge(json, DataKind::Edit).unwrap().len(), 1);
    let ping = format!("<rpc xmlns='{base}'><ping xmlns='urn:example:plant'><count>11</count></ping></rpc>");
    assert_eq!(judge(&ping, DataKind::Rpc).unwrap().len(), 2);
    let colored = ping.replace("<count>11", "<host>a</host><count>1").replace("<ping ", "<ping color='red' ");
    assert_eq!(judge(&colored, DataKind::Rpc).unwrap().len(), 1, "an attribute of the operation's element");
    let notification = "<notification xmlns='urn:ietf:params:xml:ns:netconf:notification:1.0'><eventTime>x</eventTime>\
        <link-down xmlns='urn:example:plant'><port>1</port></link-down></notification>";
    assert_eq!(judge(notification, DataKind::Notification).unwrap(), []);
    assert!(matches!(judge("<a>", DataKind::Edit), Err(DocumentError::Xml(_))));
    for (text, place) in
        [("<a></b>", (1, 4)), ("<a>\n <b></a>", (2, 5)), ("<?xml version='1.0'?><a></b>", (1, 25))]
    {
        let Err(DocumentError::Xml(error)) = judge(text, DataKind::Edit) else { panic!("{text}") };
        assert_eq!((error.pos().row, error.pos().col), place, "{text}: {error}");
    }
    assert!(matches!(judge("{", DataKind::Edit), Err(DocumentError::Json(_))));
    assert!(matches!(judge("{\"a\": 1}", DataKind::Edit), Err(DocumentError::Shape(_))));
    assert!(matches!(
        judge(&format!("<rpc xmlns='{base}'/>"), DataKind::Rpc),
        Err(DocumentError::Empty("rpc"))
    ));
}
