//! Cisco's own models, which are not part of the project: run with `NETCHANGE_YANG_DIR` set to a folder of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use yang_schema::{CompileOptions, ModuleSet, Schema};

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
    eprintln!(
        "parsed in {parsed:?}, all in {:?}, {} nodes",
        start.elapsed(),
        schema.node_count()
    );
    schema
}

#[test]
#[ignore = "needs NETCHANGE_YANG_DIR"]
fn the_native_module_and_its_closure_compile() {
    let schema = compiled();
    for tolerance in schema.tolerances() {
        eprintln!("{tolerance:?}");
    }
    let native = "http://cisco.com/ns/yang/Cisco-IOS-XE-native";
    let port = schema
        .top(native, "native")
        .unwrap()
        .child(native, "interface")
        .unwrap();
    let port = port.child(native, "GigabitEthernet").unwrap();
    assert_eq!(port.keys().map(|key| key.name()).collect::<Vec<_>>(), ["name"]);
    assert_eq!(
        port.child(native, "mtu").unwrap().ty().unwrap().base_name(),
        "uint16"
    );
}
