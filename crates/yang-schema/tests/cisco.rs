//! Cisco's own models, which are not part of the project: run with `NETCHANGE_YANG_DIR` set to a folder of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use serde_json::json;
use yang_schema::{CompileOptions, JsonOptions, ModuleSet, ProblemKind, Schema, ValidateOptions};

const NATIVE: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-native";

fn compiled() -> Schema {
    let folder = std::env::var("NETCHANGE_YANG_DIR").unwrap();
    let mut set = ModuleSet::new();
    let start = std::time::Instant::now();
    set.add_directory(folder).unwrap();
    let parsed = start.elapsed();
    let schema = match set.compile(&CompileOptions::new()) {
        Ok(schema) => schema,
        Err(yang_schema::Error::Compile(errors)) => {
            let list: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", list.join("\n"));
        }
        Err(error) => panic!("{error}"),
    };
    eprintln!("parsed in {parsed:?}, all in {:?}, {} nodes", start.elapsed(), schema.node_count());
    schema
}

#[test]
#[ignore = "needs NETCHANGE_YANG_DIR"]
fn the_native_module_and_its_closure_compile() {
    let schema = compiled();
    for tolerance in schema.tolerances() {
        eprintln!("{tolerance:?}");
    }
    let port = schema
        .top(NATIVE, "native")
        .and_then(|node| node.child(NATIVE, "interface"))
        .and_then(|node| node.child(NATIVE, "GigabitEthernet"))
        .unwrap();
    assert_eq!(port.keys().map(|key| key.name()).collect::<Vec<_>>(), ["name"]);
    assert_eq!(port.child(NATIVE, "mtu").unwrap().ty().unwrap().base_name(), "uint16");
}

fn edit(body: &str) -> String {
    format!(
        r#"<config xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0"><native xmlns="{NATIVE}"
        xmlns:sw="http://cisco.com/ns/yang/Cisco-IOS-XE-switch" xmlns:vlan="http://cisco.com/ns/yang/Cisco-IOS-XE-vlan">{body}</native></config>"#
    )
}

fn port(body: &str) -> String {
    edit(&format!("<interface><GigabitEthernet><name>1/0/5</name>{body}</GigabitEthernet></interface>"))
}

#[test]
#[ignore = "needs NETCHANGE_YANG_DIR"]
fn interface_edits_are_judged_and_shown_as_json() {
    let schema = compiled();
    let judge = |xml: &str| {
        let document = roxmltree::Document::parse(xml).unwrap();
        let problems = schema.validate_edit_config(document.root_element(), &ValidateOptions::new());
        problems.iter().map(|problem| (problem.kind, problem.path.clone())).collect::<Vec<_>>()
    };
    let access = "<switchport-config><switchport><sw:mode><sw:access/></sw:mode><sw:access><sw:vlan><sw:vlan>100</sw:vlan></sw:vlan></sw:access></switchport></switchport-config>";
    let good = format!(
        "<description>from a ticket ##ticket:1##</description><mtu>2000</mtu><shutdown nc:operation=\"remove\"/>{access}"
    );
    assert_eq!(judge(&port(&good)), []);
    let name = "/ios:native/ios:interface/ios:GigabitEthernet[ios:name='1/0/5']";
    assert_eq!(judge(&port("<mtu>20</mtu>")), [(ProblemKind::Value, format!("{name}/ios:mtu"))]);
    let both = "<switchport-config><switchport><sw:mode><sw:access/><sw:trunk/></sw:mode></switchport></switchport-config>";
    assert_eq!(judge(&port(both))[0].0, ProblemKind::ChoiceConflict);
    let vlan = access.replace("100", "5000");
    assert_eq!(judge(&port(&vlan))[0].0, ProblemKind::Value);
    assert_eq!(
        judge(&edit(
            "<vlan><vlan:vlan-list><vlan:id>100</vlan:id><vlan:name>Wireless</vlan:name></vlan:vlan-list></vlan>"
        )),
        []
    );

    let xml = port(&good.replace(r#"<shutdown nc:operation="remove"/>"#, ""));
    let document = roxmltree::Document::parse(&xml).unwrap();
    let element = document.descendants().find(|node| node.tag_name().name() == "GigabitEthernet").unwrap();
    assert_eq!(
        schema.element_to_json(element, &JsonOptions::new()).unwrap(),
        json!({"Cisco-IOS-XE-native:GigabitEthernet": [{
            "name": "1/0/5", "description": "from a ticket ##ticket:1##", "mtu": 2000,
            "switchport-config": {"switchport": {
                "Cisco-IOS-XE-switch:mode": {"access": {}},
                "Cisco-IOS-XE-switch:access": {"vlan": {"vlan": 100}},
            }},
        }]})
    );
}
