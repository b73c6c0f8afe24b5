//! Judges every edit by the hand-written models, and by the vendor's own where `NETCHANGE_YANG_DIR` names their folder.

use std::sync::LazyLock;

use device_dialect::{IETF_MODULES, IOS_XE_MODULES, OPENCONFIG_MODULES};
use yang_schema::{CompileOptions, ModuleSet, Schema, ValidateOptions};

fn compiled(modules: &[(&str, &str)]) -> Schema {
    let mut set = ModuleSet::new();
    for (name, text) in modules {
        assert_eq!(set.add_text(name, text).unwrap(), *name);
    }
    set.compile(&CompileOptions::new()).unwrap()
}

static IOS_XE: LazyLock<Schema> = LazyLock::new(|| compiled(IOS_XE_MODULES));
static OPENCONFIG: LazyLock<Schema> = LazyLock::new(|| compiled(OPENCONFIG_MODULES));
static IETF: LazyLock<Schema> = LazyLock::new(|| compiled(IETF_MODULES));
static CISCO: LazyLock<Option<Schema>> = LazyLock::new(|| {
    let folder = std::env::var_os("NETCHANGE_YANG_DIR").filter(|folder| !folder.is_empty())?;
    let mut set = ModuleSet::new();
    set.add_directory(folder).unwrap();
    Some(set.compile(&CompileOptions::new()).unwrap())
});

/// The hand-written models of a dialect.
pub(crate) fn own(dialect: &str) -> &'static Schema {
    match dialect {
        "openconfig" => &OPENCONFIG,
        "ietf-interfaces" => &IETF,
        _ => &IOS_XE,
    }
}

/// Panics with every problem that a model has with the edit of this dialect.
pub(crate) fn judge(dialect: &str, edit: Option<&str>) {
    let Some(edit) = edit else { return };
    let vendors = CISCO.as_ref().filter(|_| dialect.starts_with("ios-xe"));
    for schema in [own(dialect)].into_iter().chain(vendors) {
        let problems = problems(schema, edit);
        assert!(problems.is_empty(), "{problems:#?}\n{edit}");
    }
}

fn problems(schema: &Schema, edit: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(edit).unwrap();
    let problems = schema.validate_edit_config(document.root_element(), &ValidateOptions::new());
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_models_find_fault_with_a_wrong_edit() {
    let edit = r#"<config><native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><interface><GigabitEthernet>
        <name>1/0/5</name><mtu>20</mtu><speed>10</speed></GigabitEthernet></interface></native></config>"#;
    assert_eq!(problems(&IOS_XE, edit).len(), 2);
}
