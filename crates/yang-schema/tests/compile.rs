//! Module sets into schema trees: what fits together, and what is said of what does not.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use yang_schema::{CompileOptions, Error, Features, ModuleSet, NodeKind, Schema, TypeKind, ValidateOptions};

fn plant(options: &CompileOptions) -> Schema {
    let mut set = ModuleSet::new();
    set.add_directory(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/models")).unwrap();
    set.compile(options).unwrap()
}

fn compile(modules: &[&str], options: &CompileOptions) -> Result<Schema, Error> {
    let mut set = ModuleSet::new();
    for (index, text) in modules.iter().enumerate() {
        set.add_text(&format!("{index}.yang"), text)?;
    }
    set.compile(options)
}

fn module(name: &str, body: &str) -> String {
    format!("module {name} {{ yang-version 1.1; namespace urn:{name}; prefix {name}; {body} }}")
}

fn faults(modules: &[&str]) -> Vec<String> {
    match compile(modules, &CompileOptions::new()) {
        Err(Error::Compile(errors)) => errors.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn only_fault(modules: &[&str], expected: &str) {
    let found = faults(modules);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains(expected), "{found:#?}");
}

const NS: &str = "urn:example:plant";

#[test]
fn groupings_are_expanded_refined_and_augmented_where_they_are_used() {
    let schema = plant(&CompileOptions::new());
    let interface = schema.top(NS, "plant").unwrap().child(NS, "interface").unwrap();
    let gigabit = interface.child(NS, "Gigabit").unwrap();
    let mtu = gigabit.child(NS, "mtu").unwrap();
    assert_eq!(mtu.defaults(), ["2000"]);
    assert_eq!(mtu.description(), Some("Refined."));
    assert_eq!(mtu.units(), Some("bytes"));
    let plain = interface.child(NS, "Loopback").unwrap().child(NS, "mtu").unwrap();
    assert_eq!((plain.defaults(), plain.description()), (vec!["1500"], None));
    let switchport = gigabit.child(NS, "switchport").unwrap();
    let tunnel = switchport.child(NS, "tunnel").unwrap();
    assert_eq!(tunnel.schema_path(), "/plant:plant/interface/Gigabit/switchport/mode/tunnel/tunnel");
    assert_eq!(tunnel.data_path(), "/plant:plant/interface/Gigabit/switchport/tunnel");
    assert_eq!(tunnel.data_parent(), Some(switchport));
    // the shorthand: a container directly in the choice has a case of its own
    let access = switchport.child(NS, "access").unwrap();
    assert_eq!(access.parent().unwrap().kind(), NodeKind::Case);
    assert!(access.is_presence());
}

#[test]
fn augments_of_other_modules_are_found_in_any_order() {
    let schema = plant(&CompileOptions::new());
    let late = schema
        .top(NS, "plant")
        .and_then(|node| node.child(NS, "interface"))
        .and_then(|node| node.child(NS, "Gigabit"))
        .and_then(|node| node.child("urn:example:plant-qos", "qos"))
        .and_then(|node| node.child("urn:example:plant-qos", "late"))
        .unwrap();
    assert_eq!(late.data_path(), "/plant:plant/interface/Gigabit/plant-qos:qos/late");
    assert!(late.augmented_from().unwrap().file.ends_with("plant-qos.yang"));
}

#[test]
fn keys_types_identities_and_submodules_can_be_asked_for() {
    let schema = plant(&CompileOptions::new());
    let address = schema
        .top(NS, "plant")
        .and_then(|node| node.child(NS, "interface"))
        .and_then(|node| node.child(NS, "Gigabit"))
        .and_then(|node| node.child(NS, "ip"))
        .and_then(|node| node.child(NS, "address"))
        .unwrap();
    assert_eq!(address.keys().map(|key| key.name()).collect::<Vec<_>>(), ["ip", "prefix-length"]);
    assert!(address.child(NS, "ip").unwrap().is_key());
    let vlan = schema.top(NS, "plant").unwrap().child(NS, "vlan").unwrap().child(NS, "id").unwrap();
    let ty = vlan.ty().unwrap();
    assert_eq!((ty.name(), ty.base_name()), ("vlan-id", "uint16"));
    let TypeKind::Integer { range, .. } = ty.kind() else { panic!("{ty:?}") };
    assert_eq!(range.intervals, [(1, 4094)]);
    let mut speeds: Vec<_> =
        schema.derived_identities("plant", "speed").map(|identity| identity.name).collect();
    speeds.sort_unstable();
    assert_eq!(speeds, ["fast", "giga", "warp"]);
    let plant = schema.module("plant").unwrap();
    assert_eq!(plant.revision(), Some("2025-02-01"));
    assert_eq!(plant.submodules().collect::<Vec<_>>(), ["plant-rpc"]);
    assert_eq!(schema.top(NS, "ping").unwrap().kind(), NodeKind::Rpc);
    assert!(!schema.top(NS, "state").unwrap().is_config());
}

#[test]
fn features_that_are_off_take_their_nodes_away() {
    let schema = plant(&CompileOptions::new().features(Features::None));
    let gigabit =
        schema.top(NS, "plant").unwrap().child(NS, "interface").unwrap().child(NS, "Gigabit").unwrap();
    assert_eq!(gigabit.child(NS, "ipv6"), None);
    let on: Vec<_> = schema.module("plant").unwrap().features().filter(|(_, on)| *on).collect();
    assert_eq!(on, []);
    // an augment into a node that a feature took away is void, not an error
    let base = module("a", "feature f; container c { if-feature f; leaf x { type string; } }");
    let more = module("b", "import a { prefix a; } augment /a:c { leaf y { type string; } }");
    let schema = compile(&[&base, &more], &CompileOptions::new().features(Features::None)).unwrap();
    assert_eq!(schema.node_count(), 0);
}

#[test]
fn deviations_change_and_remove_nodes() {
    let base = module(
        "a",
        "container c { leaf x { type uint8; default 1; } leaf y { type uint8; } leaf gone { type string; } list l { key k; leaf k { type string; } must 'true()'; } }",
    );
    let deviation = module(
        "d",
        r#"import a { prefix a; }
        deviation /a:c/a:x { deviate replace { type uint8 { range "1..3"; } default 2; } }
        deviation /a:c/a:y { deviate add { mandatory true; } }
        deviation /a:c/a:gone { deviate not-supported; }
        deviation /a:c/a:l { deviate add { max-elements 4; } deviate delete { must 'true()'; } }
        deviation /a:c { deviate add { config false; } }"#,
    );
    let schema = compile(&[&base, &deviation], &CompileOptions::new()).unwrap();
    let c = schema.top("urn:a", "c").unwrap();
    let x = c.child("urn:a", "x").unwrap();
    assert_eq!((x.defaults(), x.is_mandatory(), x.is_config()), (vec!["2"], false, false));
    assert!(c.child("urn:a", "y").unwrap().is_mandatory());
    assert_eq!(c.child("urn:a", "gone"), None);
    let list = c.child("urn:a", "l").unwrap();
    assert_eq!((list.max_elements(), list.musts().count()), (Some(4), 0));
    only_fault(
        &[&base, &module("e", "import a { prefix a; } deviation /a:c/a:nix { deviate not-supported; }")],
        "there is no nix",
    );
}

#[test]
fn every_fault_of_a_set_is_named_with_its_place() {
    let a = module(
        "a",
        "import nowhere { prefix n; }\ncontainer c {\n  uses nothing;\n  leaf x { type undefined; }\n  leaf r { type leafref { path ../y; } }\n}\naugment /a:c/a:z { leaf q { type string; } }\nlist l { leaf k { type string; } }",
    );
    // without its imports, the rest of a set is not judged
    only_fault(&[&a], "0.yang:1:57: imported module nowhere is not loaded");
    let a = a.replace("import nowhere { prefix n; }", "");
    let found = faults(&[&a]);
    assert_eq!(
        found,
        [
            "0.yang:3:3: grouping nothing is not defined",
            "0.yang:4:12: type undefined is not defined",
            "0.yang:7:1: augment \"/a:c/a:z\": there is no z",
            "0.yang:5:3: leafref path \"../y\": there is no \"y\"",
            "0.yang:8:1: list l is configuration and has no key",
        ]
    );
    let schema = compile(&[&a], &CompileOptions::new().lenient(true)).unwrap();
    assert_eq!(schema.warnings().len(), 5);
    assert!(schema.top("urn:a", "c").is_some());
}

#[test]
fn what_goes_in_circles_ends() {
    only_fault(&[&module("a", "grouping g { container c { uses g; } } uses g;")], "uses itself");
    only_fault(
        &[&module("a", "typedef t { type u; } typedef u { type t; } leaf x { type t; }")],
        "defined by itself",
    );
    only_fault(
        &[&module("a", "leaf x { type leafref { path ../y; } } leaf y { type leafref { path ../x; } }")],
        "circle",
    );
    let a = module("a", "feature f { if-feature g; } feature g { if-feature f; }");
    assert!(faults(&[&a])[0].contains("circle"));
    // identities may not, but nobody must hang over them
    let schema = compile(
        &[&module(
            "a",
            "identity i { base j; } identity j { base i; } leaf x { type identityref { base i; } }",
        )],
        &CompileOptions::new().lenient(true),
    )
    .unwrap();
    assert_eq!(schema.warnings().len(), 2);
    assert_eq!(schema.derived_identities("a", "i").count(), 2);
}

#[test]
fn groupings_that_multiply_are_stopped() {
    let mut body = "grouping g0 { leaf x { type string; } }".to_owned();
    for level in 1..30 {
        let previous = level - 1;
        body.push_str(&format!(
            "grouping g{level} {{ container a {{ uses g{previous}; }} container b {{ uses g{previous}; }} }}"
        ));
    }
    body.push_str("uses g29;");
    let mut options = CompileOptions::new();
    options.limits.max_nodes = 10_000;
    let found = compile(&[&module("a", &body)], &options).unwrap_err();
    assert!(found.to_string().contains("more than 10000 nodes"), "{found}");
}

#[test]
fn restrictions_must_narrow() {
    for (bad, expected) in [
        ("type uint8 { range '0..300'; }", "wider"),
        ("type uint8 { range '5..3'; }", "not ascending"),
        ("type uint8 { range 'x'; }", "is not a range"),
        ("type string { length '-1'; }", "is not a length"),
        ("type boolean { range '1'; }", "does not belong"),
        ("type string { pattern '('; }", "pattern"),
        ("type enumeration;", "lacks its \"enum\"s"),
        ("type decimal64;", "lacks its \"fraction-digits\""),
        ("type union;", "lacks its \"type\"s"),
        ("type leafref;", "lacks its \"path\""),
        ("type identityref;", "lacks its \"base\""),
        ("type enumeration { enum a; enum a; }", "there twice"),
        ("type uint8; default 300", "default"),
    ] {
        only_fault(&[&module("a", &format!("leaf x {{ {bad} }}").replace("300 }", "300; }"))], expected);
    }
}

#[test]
fn names_stand_once() {
    only_fault(&[&module("a", "leaf x { type string; } leaf x { type string; }")], "defined twice");
    only_fault(
        &[&module(
            "a",
            "container c { choice h { leaf x { type string; } case d { leaf x { type string; } } } }",
        )],
        "defined twice",
    );
}

#[test]
fn of_several_revisions_imports_get_the_one_they_ask_for() {
    let old = module("t", "revision 2020-01-01; typedef v { type uint8; }");
    let new = module("t", "revision 2021-01-01; revision 2020-06-01; typedef v { type uint16; }");
    let user = module("u", "import t { prefix t; revision-date 2020-01-01; } leaf x { type t:v; }");
    let schema = compile(&[&new, &old, &user], &CompileOptions::new()).unwrap();
    assert_eq!(schema.top("urn:u", "x").unwrap().ty().unwrap().base_name(), "uint8");
    let user = module("u", "import t { prefix t; } leaf x { type t:v; }");
    let schema = compile(&[&old, &new, &user], &CompileOptions::new()).unwrap();
    assert_eq!(schema.top("urn:u", "x").unwrap().ty().unwrap().base_name(), "uint16");
    let user = module("u", "import t { prefix t; revision-date 2019-01-01; } leaf x { type t:v; }");
    only_fault(&[&old, &user], "module t of revision 2019-01-01 is not loaded");
    assert!(compile(&[&old, &user], &CompileOptions::new().lenient(true)).is_ok());
    // a newer one states the older in its history, as modules do, and serves only where there is no other
    let newest = module("t", "revision 2022-01-01; revision 2020-01-01; typedef v { type uint32; }");
    let user = module("u", "import t { prefix t; revision-date 2020-01-01; } leaf x { type t:v; }");
    for (files, name) in [
        (vec![&newest, &old, &user], "uint8"),
        (vec![&user, &old, &newest], "uint8"),
        (vec![&newest, &user], "uint32"),
    ] {
        let files: Vec<&str> = files.into_iter().map(String::as_str).collect();
        let schema = compile(&files, &CompileOptions::new()).unwrap();
        assert_eq!(schema.top("urn:u", "x").unwrap().ty().unwrap().base_name(), name);
    }
}

#[test]
fn a_submodule_file_that_no_module_includes_is_left_out() {
    let user = module(
        "u",
        "include s { revision-date 2020-01-01; } leaf x { type v; } container c { typedef w { type v; } }",
    );
    let part = |revisions: &str, body: &str| {
        format!("submodule s {{ belongs-to u {{ prefix u; }} {revisions} {body} }}")
    };
    let old =
        part("revision 2020-01-01;", "typedef v { type uint8; } grouping g { leaf a { type string; } }");
    let new = part(
        "revision 2022-01-01; revision 2020-01-01;",
        "import e { prefix e; } e:mark; typedef v { type uint16; } typedef w { type uint16; } grouping g { leaf b { type string; } }",
    );
    let stray = "submodule stray { belongs-to nobody { prefix n; } import e { prefix e; } e:mark; typedef v { type uint32; } }";
    let first = module("first", "typedef v { type uint64; } leaf y { type v; }");
    for files in [[first.as_str(), stray, &new, &old, &user], [&user, &old, &new, stray, &first]] {
        for lenient in [false, true] {
            let schema = compile(&files, &CompileOptions::new().lenient(lenient)).unwrap();
            assert_eq!(schema.warnings(), []);
            let ty = |namespace, leaf| schema.top(namespace, leaf).unwrap().ty().unwrap().base_name();
            assert_eq!((ty("urn:u", "x"), ty("urn:first", "y")), ("uint8", "uint64"));
        }
    }
}

#[test]
fn what_is_missing_can_be_asked_before_compiling() {
    let mut set = ModuleSet::new();
    set.add_text("u", &module("u", "import t { prefix t; revision-date 2019-01-01; } include s;")).unwrap();
    let needs = set.missing();
    assert_eq!(needs.imports, [("t".to_owned(), Some("2019-01-01".to_owned()))]);
    assert_eq!(needs.includes, [("s".to_owned(), None)]);
}

#[test]
fn modules_that_are_augmented_are_implemented_too() {
    let mut set = ModuleSet::new();
    set.add_text("a.yang", "module a { namespace urn:a; prefix a; container c; }").unwrap();
    set.add_text(
        "b.yang",
        "module b { namespace urn:b; prefix b; import a { prefix a; } augment /a:c { container d; } }",
    )
    .unwrap();
    set.add_text("t.yang", "module t { namespace urn:t; prefix t; container only-imported; }").unwrap();
    set.add_text(
        "c.yang",
        "module c { namespace urn:c; prefix c; import b { prefix b; } import a { prefix a; } import t { prefix t; } augment /a:c/b:d { leaf e { type string; } } }",
    )
    .unwrap();
    let schema = set.compile(&CompileOptions::new().implement(["c"])).unwrap();
    let implemented: Vec<&str> =
        schema.modules().filter(|module| module.is_implemented()).map(|module| module.name()).collect();
    assert_eq!(implemented, ["a", "b", "c"]);
    assert!(schema.find("/a:c/b:d/c:e").is_ok());
}

/// Compiles text that means harm; what counts is that it ends, and says something.
fn refused(text: &str) -> String {
    let mut set = ModuleSet::new();
    set.add_text("harm", text).unwrap();
    for lenient in [true, false] {
        let mut options = CompileOptions::new().lenient(lenient);
        options.limits.max_nodes = MOST;
        if let Ok(schema) = set.compile(&options) {
            // what is used all the same does not go on for ever either
            let data = r#"<data><a xmlns="urn:h">x</a><l0 xmlns="urn:h">x</l0></data>"#;
            let document = roxmltree::Document::parse(data).unwrap();
            let _ = schema.validate_data(document.root_element(), &ValidateOptions::new());
            assert!(!lenient || !schema.warnings().is_empty(), "nothing is said");
        }
    }
    let mut options = CompileOptions::new();
    options.limits.max_nodes = MOST;
    set.compile(&options).unwrap_err().to_string()
}

/// Nodes and uses that these tests are given: as many as the product has would take a debug build minutes.
const MOST: usize = 100_000;

fn harm(body: &str) -> String {
    format!("module harm {{ yang-version 1.1; namespace urn:h; prefix h; {body} }}")
}

#[test]
fn groupings_that_multiply_without_a_node_end() {
    let mut body = String::from("grouping g0 { }");
    (1..64).for_each(|level| {
        let below = level - 1;
        body += &format!("grouping g{level} {{ uses g{below}; uses g{below}; }}");
    });
    let said = refused(&harm(&format!("{body} container a {{ uses g63; }}")));
    assert!(said.contains("more than 100000 nodes, uses of groupings counted"), "{said}");
}

#[test]
fn groupings_in_a_long_chain_end() {
    let mut body = String::from("grouping g0 { }");
    (1..20_000).for_each(|level| body += &format!("grouping g{level} {{ uses g{}; }}", level - 1));
    let said = refused(&harm(&format!("{body} container a {{ uses g19999; }}")));
    assert!(said.contains("nodes nested deeper than 200"), "{said}");
}

#[test]
fn leafrefs_in_a_long_chain_or_a_circle_of_unions_end() {
    let mut body = String::from("leaf l20000 { type string; }");
    (0..20_000)
        .for_each(|at| body += &format!("leaf l{at} {{ type leafref {{ path \"/h:l{}\"; }} }}", at + 1));
    let said = refused(&harm(&body));
    assert!(said.contains("over more than 64 others"), "{said}");
    let circle = "leaf a { type union { type leafref { path /h:b; } type string; } } \
        leaf b { type union { type leafref { path /h:a; } type int8; } }";
    assert!(refused(&harm(circle)).contains("leads to itself in a circle"));
}

#[test]
fn unions_that_multiply_end() {
    let mut body = String::from("typedef t0 { type int8; }");
    (1..60).for_each(|level| {
        let below = level - 1;
        body += &format!("typedef t{level} {{ type union {{ type t{below}; type t{below}; }} }}");
    });
    let said = refused(&harm(&format!("{body} leaf a {{ type t29; }}")));
    assert!(said.contains("more than 4096 types"), "{said}");
}

#[test]
fn features_that_ask_each_other_twice_are_found_out_once() {
    let mut body = String::from("feature f0; ");
    (1..32).for_each(|level| {
        let below = level - 1;
        body += &format!("feature f{level} {{ if-feature \"f{below} and f{below}\"; }} ");
    });
    let mut set = ModuleSet::new();
    set.add_text("many", &harm(&format!("{body} leaf a {{ if-feature f31; type string; }}"))).unwrap();
    assert_eq!(set.compile(&CompileOptions::new()).unwrap().node_count(), 1);
    let long =
        format!("feature f0; leaf a {{ if-feature \"f0{}\"; type string; }}", " and f0".repeat(100_000));
    assert!(refused(&harm(&long)).contains("is not an if-feature expression"));
}

/// libyang 2.1.30 ends with a segmentation fault on the second, so that the oracle cannot be asked.
#[test]
fn conditions_on_features_nest() {
    let leaf = |condition: &str| {
        format!("feature on; feature off; leaf a {{ if-feature \"{condition}\"; type string; }}")
    };
    let only = BTreeMap::from([("harm".to_owned(), vec!["on".to_owned()])]);
    let options = CompileOptions::new().features(Features::Only(only));
    for (condition, holds) in [
        ("not not on", true),
        ("not (not on)", true),
        ("not (not on or not off)", false),
        ("on or off and off", true),
        ("(on or off) and off", false),
        ("not off and\n  on", true),
        ("not on or not off", true),
        ("not (on or off)", false),
    ] {
        let schema = compile(&[&harm(&leaf(condition))], &options).unwrap();
        assert_eq!(schema.node_count() == 1, holds, "{condition}");
    }
}

#[test]
fn a_set_without_files_has_nothing_to_implement() {
    let found = compile(&[], &CompileOptions::new().implement(["nowhere"]));
    assert!(found.unwrap_err().to_string().contains("module nowhere is to be implemented"));
}

#[test]
fn a_value_without_a_number_gets_the_next_after_the_highest() {
    let body =
        "leaf a { type enumeration { enum low { value -5; } enum next; enum top { value 7; } enum last; } }
        leaf b { type bits { bit x; bit y { position 9; } bit z; } }";
    let schema = compile(&[&module("m", body)], &CompileOptions::new()).unwrap();
    let kind = |name: &str| schema.top("urn:m", name).unwrap().ty().unwrap().kind();
    let TypeKind::Enumeration(values) = kind("a") else { panic!() };
    assert_eq!(values.iter().map(|value| value.value).collect::<Vec<_>>(), [-5, -4, 7, 8]);
    let TypeKind::Bits(bits) = kind("b") else { panic!() };
    assert_eq!(bits.iter().map(|bit| bit.position).collect::<Vec<_>>(), [0, 9, 10]);
    let full = "leaf a { type enumeration { enum top { value 2147483647; } enum more; } }";
    only_fault(&[&module("m", full)], "more needs a value: 2147483647 is taken");
    let full = "leaf a { type bits { bit top { position 4294967295; } bit more; } }";
    only_fault(&[&module("m", full)], "more needs a position: 4294967295 is taken");
}

#[test]
fn defaults_of_typedefs_and_numbers_of_other_bases_are_checked_too() {
    let wrong = module("m", "typedef small { type uint8 { range 1..4; } default 5; } leaf a { type small; }");
    only_fault(&[&wrong], "default \"5\" is not allowed");
    let narrowed = module("m", "typedef any { type uint8; default 9; } leaf a { type any { range 1..4; } }");
    only_fault(&[&narrowed], "default \"9\" is not allowed");
    let right = "leaf a { type uint8; default 0x1F; } leaf b { type int8; default -017; } leaf c { type uint8; default 0; }
        leaf octal { type uint8 { range 8..9; } default 010; } leaf word { type string { length 3; } default 010; }
        typedef t { type uint8; default 5; } leaf d { type t; default 6; } leaf-list e { type t; min-elements 1; }";
    assert!(compile(&[&module("m", right)], &CompileOptions::new()).is_ok());
    for (ty, default) in [
        ("uint8", "0abc"),
        ("uint8", "0x1G"),
        ("uint8", "0x100"),
        ("boolean", "0true"),
        ("uint8 { range 10..12; }", "010"),
    ] {
        let ty = if ty.ends_with('}') { ty.to_owned() } else { format!("{ty};") };
        let body = format!("leaf a {{ type {ty} default {default}; }}");
        only_fault(&[&module("m", &body)], &format!("default \"{default}\" is not allowed"));
    }
}

#[test]
fn a_choice_has_the_case_that_is_its_default() {
    let body = "choice c { default two; case one { leaf a { type string; } } leaf b { type string; } }";
    only_fault(&[&module("m", body)], "default \"two\" is not a case of choice c");
    let body = "feature f; choice c { default two; leaf one { type string; } leaf two { if-feature f; type string; } }";
    let off = CompileOptions::new().features(Features::None);
    assert!(compile(&[&module("m", body)], &off).is_ok(), "the case is only switched off");
}

#[test]
fn cases_stand_in_choices_only() {
    let body = "container c { } augment /m:c { case x { leaf a { type string; } } }";
    only_fault(&[&module("m", body)], "a case stands in a choice");
}

#[test]
fn what_is_there_cannot_be_added_by_a_deviation() {
    let deviate = |what: &str| {
        module(
            "m",
            &format!(
                "leaf a {{ type uint8; default 1; units x; }} leaf-list b {{ type uint8; default 1; }} deviation {what}"
            ),
        )
    };
    only_fault(&[&deviate("/m:a { deviate add { default 2; } }")], "the target has \"default\" already");
    only_fault(&[&deviate("/m:a { deviate add { units y; } }")], "the target has \"units\" already");
    let both = compile(&[&deviate("/m:b { deviate add { default 2; } }")], &CompileOptions::new()).unwrap();
    assert_eq!(both.top("urn:m", "b").unwrap().defaults(), ["1", "2"]);
}

#[test]
fn whole_numbers_have_whole_bounds_and_names_have_no_space_around_them() {
    only_fault(&[&module("m", "leaf a { type int8 { range 1.0..2; } }")], "\"1.0..2\" is not a range");
    let set = |body: &str| ModuleSet::new().add_text("m", &module("m", body)).unwrap_err().to_string();
    for name in ["\"\"", "\" a\"", "\"a \""] {
        let said = set(&format!("leaf a {{ type enumeration {{ enum {name}; }} }}"));
        assert!(said.contains("a name without white space at its ends"), "{said}");
    }
}

#[test]
fn identities_are_not_their_own_ancestors() {
    let body = "identity a { base c; } identity b { base a; } identity c { base b; } identity d { base a; }";
    let found = faults(&[&module("m", body)]);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].contains("identity a is derived from itself"), "{found:#?}");
}

#[test]
fn a_leafref_whose_predicates_cannot_be_read_is_not_passed_over() {
    let body = "list l { key k; leaf k { type string; } leaf v { type string; } } leaf r { type leafref { path \"../l[k='x']/v\"; } }";
    only_fault(&[&module("m", body)], "is not a leafref path");
    let spaced = "leaf ab { type string; } leaf r { type leafref { path \"../a b\"; } }";
    only_fault(&[&module("m", spaced)], "is not a leafref path");
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (body, said) in [
        (
            "leaf a { type uint8; default 1; mandatory true; }",
            "what is mandatory, or has a minimum, has no default",
        ),
        (
            "choice c { default x; mandatory true; leaf x { type string; } }",
            "what is mandatory, or has a minimum, has no default",
        ),
        ("leaf-list a { type uint8; default 1; default 01; }", "default \"1\" is there twice"),
        ("list l { key 'k k'; leaf k { type string; } }", "key k is there twice"),
        ("list l { key k; leaf k { type string; } unique x; }", "unique \"x\": there is no x"),
        ("leaf-list a { type string; min-elements 3; max-elements 2; }", "at least 3 entries and at most 2"),
        (
            "leaf a { config false; type string; } leaf r { type leafref { path ../a; } }",
            "r is configuration and refers to state",
        ),
    ] {
        only_fault(&[&module("m", body)], said);
    }
    let right =
        "leaf a { config false; type string; } leaf r { type leafref { path ../a; require-instance false; } }
        leaf-list s { config false; type uint8; default 1; default 1; }
        feature f; list l { key k; leaf k { type string; } leaf x { if-feature f; type string; } unique x; }";
    let off = CompileOptions::new().features(Features::None);
    let found = compile(&[&module("m", right)], &off);
    assert!(found.is_ok(), "{found:?}");
}
