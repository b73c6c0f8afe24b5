//! XML to RFC 7951 JSON and back, on the hand-written models.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::{Value, json};
use yang_schema::validate::DataKind;
use yang_schema::{CompileOptions, JsonOptions, ModuleSet, Schema, ValidateOptions};

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut set = ModuleSet::new();
        set.add_directory(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/models")).unwrap();
        set.compile(&CompileOptions::new()).unwrap()
    })
}

fn to_json(xml: &str) -> Value {
    let document = roxmltree::Document::parse(xml).unwrap();
    schema().to_json(document.root_element(), &JsonOptions::new()).unwrap()
}

/// There and back again: the JSON of the XML made from JSON is the same JSON.
#[track_caller]
fn round_trip(xml: &str, expected: &Value) {
    let json = to_json(xml);
    assert_eq!(&json, expected);
    let back = schema().from_json(&json, schema().root(), &JsonOptions::new()).unwrap();
    assert_eq!(&to_json(&format!("<data>{back}</data>")), expected, "{back}");
}

fn errors(json: Value) -> Vec<String> {
    let found = schema().from_json(&json, schema().root(), &JsonOptions::new());
    found.unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn every_type_has_its_json_type() {
    round_trip(
        r#"<data><plant xmlns="urn:example:plant" xmlns:x="urn:example:plant-qos" xmlns:p="urn:example:plant">
        <name>edge</name>
        <interface><Gigabit><name>1/0/5</name><mtu>2000</mtu><shutdown/>
            <switchport><trunk><allowed>10</allowed><allowed>20</allowed></trunk></switchport>
            <ip><address><ip>192.0.2.1</ip><prefix-length>24</prefix-length><secondary>true</secondary></address></ip>
            <speed>x:warp</speed><flags>mirrored up</flags><load>12.50</load>
            <x:qos><x:trust>dscp</x:trust><x:description>a &lt; b</x:description></x:qos></Gigabit></interface>
        <vlan><id>10</id></vlan><vlan><id>20</id><name>Voice</name></vlan>
        <uplink>/p:plant/p:interface/p:Gigabit[p:name='1/0/5']/x:qos</uplink>
        <serial>-9007199254740993</serial><key>AAAA</key></plant>
        <state xmlns="urn:example:plant"><uptime>5</uptime><event><text>a</text></event><event><text>a</text></event></state></data>"#,
        &json!({"plant:plant": {
            "name": "edge",
            "interface": {"Gigabit": [{
                "name": "1/0/5", "mtu": 2000, "shutdown": [null],
                "switchport": {"trunk": {"allowed": [10, 20]}},
                "ip": {"address": [{"ip": "192.0.2.1", "prefix-length": 24, "secondary": true}]},
                "speed": "plant-qos:warp", "flags": "up mirrored", "load": "12.5",
                "plant-qos:qos": {"trust": "dscp", "description": "a < b"},
            }]},
            "vlan": [{"id": 10}, {"id": 20, "name": "Voice"}],
            "uplink": "/plant:plant/interface/Gigabit[name='1/0/5']/plant-qos:qos",
            "serial": "-9007199254740993", "key": "AAAA",
        }, "plant:state": {"uptime": "5", "event": [{"text": "a"}, {"text": "a"}]}}),
    );
}

#[test]
fn a_union_has_the_json_type_of_the_member_that_fits() {
    let access = |vlan: &str| {
        format!(
            r#"<data><plant xmlns="urn:example:plant"><interface><Gigabit><name>1</name><switchport><access><vlan>{vlan}</vlan></access></switchport></Gigabit></interface></plant></data>"#
        )
    };
    let expected = |vlan: Value| json!({"plant:plant": {"interface": {"Gigabit": [{"name": "1", "switchport": {"access": {"vlan": vlan}}}]}}});
    round_trip(&access("100"), &expected(json!(100)));
    round_trip(&access("dynamic"), &expected(json!("dynamic")));
    // not in the model's range: kept as it stands
    round_trip(&access("5000"), &expected(json!("5000")));
}

#[test]
fn metadata_stands_where_rfc_7952_has_it() {
    round_trip(
        r#"<config xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0" xmlns:yang="urn:ietf:params:xml:ns:yang:1"><plant xmlns="urn:example:plant" nc:operation="merge">
        <name nc:operation="replace">a</name><server>x</server><server yang:insert="after" yang:value="x">y</server>
        <vlan nc:operation="delete"><id>1</id></vlan></plant></config>"#,
        &json!({"plant:plant": {
            "@": {"ietf-netconf:operation": "merge"},
            "name": "a", "@name": {"ietf-netconf:operation": "replace"},
            "server": ["x", "y"], "@server": [null, {"yang:insert": "after", "yang:value": "x"}],
            "vlan": [{"@": {"ietf-netconf:operation": "delete"}, "id": 1}],
        }}),
    );
}

#[test]
fn what_the_schema_lacks_is_kept_by_the_documented_rules() {
    round_trip(
        r#"<data><plant xmlns="urn:example:plant"><name>a</name><news><a>1</a><a>2</a><b/><c/><d xmlns="urn:nowhere:2" kind="x">t<e xmlns="">f</e></d></news></plant>
        <top xmlns="urn:nowhere">text</top><bare><inner>1</inner></bare></data>"#,
        &json!({
            "plant:plant": {"name": "a", "news": {
                "a": ["1", "2"], "b": [null], "c": [null],
                "urn:nowhere:2:d": {"@": {"kind": "x"}, "#text": "t", ":e": "f"},
            }},
            "urn:nowhere:top": "text",
            ":bare": {"inner": "1"},
        }),
    );
}

#[test]
fn anydata_holds_nodes_of_any_module() {
    round_trip(
        r#"<data><plant xmlns="urn:example:plant"><extra><state><uptime>5</uptime></state><z xmlns="urn:z"><y/></z></extra></plant></data>"#,
        &json!({"plant:plant": {"extra": {"state": {"uptime": "5"}, "urn:z:z": {"y": [null]}}}}),
    );
}

#[test]
fn one_element_is_named_by_its_module_and_a_list_entry_is_an_array() {
    let xml = r#"<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><data><plant xmlns="urn:example:plant"><interface><Gigabit><name>1/0/5</name><mtu>2000</mtu><description>x</description></Gigabit></interface></plant></data></rpc-reply>"#;
    let document = roxmltree::Document::parse(xml).unwrap();
    let port = document.descendants().find(|node| node.has_tag_name("Gigabit")).unwrap();
    let text = schema().element_to_json_text(port, &JsonOptions::new()).unwrap();
    let compact: String = text.split_whitespace().collect();
    assert_eq!(
        compact, r#"{"plant:Gigabit":[{"name":"1/0/5","mtu":2000,"description":"x"}]}"#,
        "in the XML's order"
    );
    // the same without any model, with what a device's hello and a caller know
    let empty = ModuleSet::new().compile(&CompileOptions::new()).unwrap();
    let options =
        JsonOptions::new().module("urn:example:plant", "plant").list("urn:example:plant", "Gigabit");
    let json = empty.element_to_json(port, &options).unwrap();
    assert_eq!(json, json!({"plant:Gigabit": [{"name": "1/0/5", "mtu": "2000", "description": "x"}]}));
}

#[test]
fn keys_come_first_in_xml_and_values_declare_their_prefixes() {
    let json = json!({"plant:plant": {"interface": {"Gigabit": [{"mtu": 2000, "name": "1", "speed": "plant-qos:warp"}]}}});
    let xml = schema().from_json(&json, schema().root(), &JsonOptions::new()).unwrap();
    assert_eq!(
        xml,
        r#"<plant xmlns="urn:example:plant"><interface><Gigabit><name>1</name><mtu>2000</mtu><speed xmlns:q="urn:example:plant-qos">q:warp</speed></Gigabit></interface></plant>"#
    );
}

#[test]
fn hostile_text_survives_both_ways() {
    let hostile = "]]>&<a href=\"x\">'\r\n\t\u{fffd}\u{1f600}";
    let json = json!({"plant:plant": {"server": [hostile]}});
    let xml = schema().from_json(&json, schema().root(), &JsonOptions::new()).unwrap();
    assert_eq!(to_json(&format!("<data>{xml}</data>")), json);
    assert_eq!(
        errors(json!({"plant:plant": {"server": ["a\u{0}b"]}})),
        ["/plant:plant/server/0: a control character that XML cannot hold"]
    );
}

#[test]
fn wrong_shapes_are_all_named() {
    assert_eq!(
        errors(json!({"plant:plant": {
            "vlan": {"id": 1}, "interface": [], "serial": 5, "management-vlan": "1", "name": {"a": 1},
            "server": "a", "a/b": 1, "@name2": {},
        }, "plant": {}})),
        [
            "/plant: \"plant\" lacks its module: module:plant",
            "/plant:plant/name: a single value was expected",
            "/plant:plant/interface: an object was expected",
            "/plant:plant/vlan: an array was expected",
            "/plant:plant/management-vlan: a number was expected",
            "/plant:plant/serial: a string was expected",
            "/plant:plant/server: an array was expected",
            "/plant:plant/a~1b: \"a/b\" is not a node's name",
            "/plant:plant: \"@name2\" stands without its value",
        ]
    );
    assert_eq!(errors(json!([])), ["/: an object was expected"]);
}

#[test]
fn depth_is_limited_where_the_schema_does_not_limit_it() {
    let deep = format!("<data>{}{}</data>", "<a>".repeat(5000), "</a>".repeat(5000));
    let document = roxmltree::Document::parse(&deep).unwrap();
    let error = schema().to_json(document.root_element(), &JsonOptions::new()).unwrap_err();
    assert!(error.to_string().contains("deeper than 100"));
}

#[test]
fn names_that_xml_cannot_hold_are_refused() {
    let name = |json: Value| errors(json!({"plant:plant": {"extra": json}}));
    for namespace in ["a\u{8}b", "http://www.w3.org/2000/xmlns/", "http://www.w3.org/XML/1998/namespace"] {
        let found = name(json!({ format!("{namespace}:x"): "y" }));
        assert!(found.len() == 1 && found[0].contains("no namespace that XML can hold"), "{found:?}");
        let found = name(json!({"@": { format!("{namespace}:x"): "y" }}));
        assert!(found.len() == 1 && found[0].contains("no namespace that XML can hold"), "{found:?}");
    }
    assert_eq!(name(json!({"@": {"xmlns": "urn:x"}})).len(), 1, "an attribute that would be a declaration");
    let twice = name(
        json!({"@": {"ietf-netconf:operation": "merge", "urn:ietf:params:xml:ns:netconf:base:1.0:operation": "merge"}}),
    );
    assert_eq!(twice.len(), 1, "{twice:?}");
}

#[test]
fn metadata_that_fits_no_value_is_said() {
    let odd = |metadata: Value| {
        errors(json!({"plant:plant": {"interface": {"Gigabit": [{"name": "1",
        "switchport": {"trunk": {"allowed": [1, 2], "@allowed": metadata}}}]}}}))
    };
    let note = json!({"plant:note": "x"});
    let longer = odd(json!([null, null, note]));
    assert_eq!(longer.len(), 1, "{longer:?}");
    assert!(longer[0].contains("more metadata than values"), "{longer:?}");
    let single = odd(note);
    assert_eq!(single.len(), 1, "{single:?}");
    assert!(single[0].contains("an array, one for each value"), "{single:?}");
}

#[test]
fn numbers_are_taken_however_json_writes_them_and_data_in_data_has_short_names() {
    let mut set = ModuleSet::new();
    set.add_text(
        "m.yang",
        "module m { yang-version 1.1; namespace urn:m; prefix m; leaf n { type int32; } anydata any; anyxml loose; }",
    )
    .unwrap();
    let schema = set.compile(&CompileOptions::new()).unwrap();
    let xml = |json: &str| {
        let json = serde_json::from_str(json).unwrap();
        schema.from_json(&json, schema.root(), &JsonOptions::new())
    };
    for (json, number) in [("1e2", "100"), ("100.0", "100"), ("-0", "0"), ("-25e1", "-250"), ("1.5", "1.5")] {
        let made = xml(&format!("{{\"m:n\": {json}}}"));
        assert_eq!(made, Ok(format!("<n xmlns=\"urn:m\">{number}</n>")), "{json}");
    }
    // RFC 7951 section 4: a name is qualified where its module is not that of what it stands in
    let made = xml(r#"{"m:any": {"n": 1, "other:x": "y"}, "m:loose": {"a": [1, null]}}"#).unwrap();
    assert_eq!(
        made,
        "<any xmlns=\"urn:m\"><n>1</n><x xmlns=\"other\">y</x></any><loose xmlns=\"urn:m\"><a>1</a><a/></loose>"
    );
    let text = format!("<data>{made}</data>");
    let document = roxmltree::Document::parse(&text).unwrap();
    let back = schema.to_json(document.root_element(), &JsonOptions::new()).unwrap();
    assert_eq!(back["m:any"], json!({"n": 1, "other:x": "y"}));
}

#[test]
fn a_union_that_begins_with_a_leafref_has_the_json_type_of_its_target() {
    let mut set = ModuleSet::new();
    let model = r#"module un { namespace urn:un; prefix un; leaf number { type int32; } leaf big { type uint64; }
        leaf u { type union { type leafref { path "/un:number"; } type leafref { path "/un:big"; } type string; } } }"#;
    set.add_text("un.yang", model).unwrap();
    let schema = set.compile(&CompileOptions::new()).unwrap();
    for (text, expected) in [("5", json!(5)), ("5000000000", json!("5000000000")), ("abc", json!("abc"))] {
        let xml = format!("<data><u xmlns='urn:un'>{text}</u></data>");
        let document = roxmltree::Document::parse(&xml).unwrap();
        let json = schema.to_json(document.root_element(), &JsonOptions::new()).unwrap();
        assert_eq!(json, json!({ "un:u": expected }), "{text}");
        let back = schema.from_json(&json, schema.root(), &JsonOptions::new()).unwrap();
        assert!(back.contains(&format!(">{text}<")), "{back}");
    }
}

#[test]
fn names_in_the_predicates_of_instance_identifiers_have_their_prefixes_declared() {
    let mut set = ModuleSet::new();
    set.add_text(
        "kinds.yang",
        "module kinds { namespace urn:kinds; prefix k; identity kind; identity round { base kind; } }",
    )
    .unwrap();
    set.add_text(
        "shop.yang",
        r#"module shop { yang-version 1.1; namespace urn:shop; prefix s; import kinds { prefix q; }
          identity flat { base q:kind; }
          container shop {
            list item { key "kind number"; leaf kind { type identityref { base q:kind; } } leaf number { type uint8; }
              leaf-list also { type union { type uint8; type identityref { base q:kind; } } } }
            list pointer { key at; leaf at { type instance-identifier; } }
            leaf-list where { type instance-identifier; } } }"#,
    )
    .unwrap();
    let schema = set.compile(&CompileOptions::new()).unwrap();
    let data = r#"<data><shop xmlns="urn:shop" xmlns:a="urn:shop" xmlns:b="urn:kinds">
        <item><kind>b:round</kind><number>1</number><also>7</also><also>b:round</also></item>
        <item><kind>flat</kind><number>2</number></item>
        <pointer><at>/a:shop/a:item[a:kind='b:round'][a:number='1']</at></pointer>
        <where>/a:shop/a:item[a:kind='b:round'][a:number='01']/a:number</where>
        <where>/a:shop/a:item[a:kind='a:flat'][a:number='2']</where>
        <where>/a:shop/a:item[a:kind='b:round'][a:number='1']/a:also[.='b:round']</where>
        <where>/a:shop/a:item[a:kind='b:round'][a:number='1']/a:also[.='7']</where>
        <where>/a:shop/a:pointer[a:at="/a:shop/a:item[a:kind='b:round'][a:number='1']"]</where>
        </shop></data>"#;
    let judged =
        |text: &str| schema.validate_document(text, DataKind::Data, &ValidateOptions::new()).unwrap();
    assert_eq!(judged(data), []);
    let to_json = |text: &str| {
        let document = roxmltree::Document::parse(text).unwrap();
        schema.to_json(document.root_element(), &JsonOptions::new()).unwrap()
    };
    let json = to_json(data);
    assert_eq!(json["shop:shop"]["where"][0], "/shop:shop/item[kind='kinds:round'][number='1']/number");
    assert_eq!(judged(&json.to_string()), []);
    let xml = schema.from_json(&json, schema.root(), &JsonOptions::new()).unwrap();
    assert!(
        xml.contains(r#"xmlns:s="urn:shop" xmlns:k="urn:kinds">/s:shop/s:item[s:kind='k:round']"#),
        "{xml}"
    );
    let back = format!("<data>{xml}</data>");
    assert_eq!(judged(&back), []);
    assert_eq!(to_json(&back), json);
}

#[test]
fn a_reference_to_a_union_takes_the_json_that_the_union_takes() {
    let mut set = ModuleSet::new();
    let model = r#"module un { namespace urn:un; prefix un;
        leaf u { type union { type string { length 5; } type uint16; type boolean; type string; } }
        leaf r { type leafref { path "/un:u"; } } leaf rr { type leafref { path "/un:r"; } }
        leaf m { type union { type leafref { path "/un:r"; } type enumeration { enum none; } } } }"#;
    set.add_text("un.yang", model).unwrap();
    let schema = set.compile(&CompileOptions::new()).unwrap();
    for value in [json!(12345), json!("12345"), json!(7), json!(true), json!("true"), json!("x")] {
        let xml = |leaf: &str| schema.from_json(&json!({ leaf: value }), schema.root(), &JsonOptions::new());
        let own = xml("un:u").unwrap();
        for leaf in ["r", "rr", "m"] {
            let wanted = own.replace("<u ", &format!("<{leaf} ")).replace("</u>", &format!("</{leaf}>"));
            assert_eq!(xml(&format!("un:{leaf}")), Ok(wanted), "{value}");
        }
    }
    let wrong = schema.from_json(&json!({"un:r": [null]}), schema.root(), &JsonOptions::new());
    assert!(wrong.is_err(), "{wrong:?}");
}
