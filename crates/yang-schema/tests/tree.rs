//! Tree diagrams, search and node pages of the hand-written models.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use std::path::PathBuf;
use std::sync::OnceLock;

use yang_schema::{CompileOptions, ModuleSet, Schema, SearchOptions, TreeOptions};

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut set = ModuleSet::new();
        set.add_directory(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/models")).unwrap();
        set.compile(&CompileOptions::new()).unwrap()
    })
}

fn found(query: &str, options: &SearchOptions) -> Vec<String> {
    schema().search(query, options).hits.iter().map(|hit| hit.node.data_path()).collect()
}

#[test]
fn a_module_has_its_diagram() {
    insta::assert_snapshot!(schema().module("plant").unwrap().tree(&TreeOptions::new()));
}

#[test]
fn augments_of_other_modules_have_sections_of_their_own() {
    let tree = schema().module("plant-qos").unwrap().tree(&TreeOptions::new());
    assert_eq!(
        tree,
        "module: plant-qos\n\n  augment /p:plant/p:interface/p:Gigabit:\n    +--rw qos\n       \
         +--rw trust?         enumeration\n       +--rw description?   string\n       +--rw late?          boolean\n  \
         augment /p:plant/p:interface/p:Gigabit/q:qos:\n    +--rw late?   boolean\n"
    );
}

#[test]
fn sections_of_augments_have_what_is_in_the_tree_and_no_augments_of_uses() {
    let mut set = ModuleSet::new();
    for (file, text) in [
        ("a.yang", "module a { namespace urn:a; prefix a; container c { container d; } container e; }"),
        (
            "b.yang",
            "module b { namespace urn:b; prefix b; import a { prefix a; }
               grouping g { container h { leaf i { type string; } } }
               augment /a:c { uses g { augment h { leaf j { type string; } } } leaf gone { type string; } }
               augment /a:c/a:d { leaf alone { type string; } }
               augment /a:e { leaf below { type string; } } }",
        ),
        (
            "dev.yang",
            "module dev { namespace urn:dev; prefix dev; import a { prefix a; } import b { prefix b; }
               deviation /a:c/b:gone { deviate not-supported; } deviation /a:c/a:d/b:alone { deviate not-supported; }
               deviation /a:e { deviate not-supported; } }",
        ),
    ] {
        set.add_text(file, text).unwrap();
    }
    let schema = set.compile(&CompileOptions::new()).unwrap();
    assert_eq!(
        schema.module("b").unwrap().tree(&TreeOptions::new()),
        "module: b\n\n  augment /a:c:\n    +--rw h\n       +--rw i?   string\n       +--rw j?   string\n"
    );
}

#[test]
fn a_node_has_its_diagram_below_the_nodes_that_lead_to_it() {
    let node = schema().find("/plant/vlan").unwrap();
    assert_eq!(
        node.tree(&TreeOptions::new()),
        "module: plant\n  +--rw plant\n     +--rw vlan* [id]\n        +--rw id      vlan-id\n        \
         +--rw name?   string\n"
    );
    assert_eq!(
        node.parent().unwrap().tree(&TreeOptions::new().depth(1)),
        "module: plant\n  +--rw plant\n     ...\n"
    );
}

#[test]
fn a_diagram_of_configuration_has_no_state_and_no_operations() {
    let tree = schema().tree(&TreeOptions::new().config_only(true));
    assert!(!tree.contains("--ro") && !tree.contains("rpcs:") && !tree.contains("notifications:"), "{tree}");
    assert!(tree.contains("+--rw Gigabit* [name]"));
}

#[test]
fn a_diagram_ends_where_its_lines_are_used_up_and_says_so() {
    type Draw<'d> = &'d dyn Fn(&TreeOptions) -> String;
    let diagrams: [(&str, Draw<'_>); 3] = [
        ("set", &|options| schema().tree(options)),
        ("module", &|options| schema().module("plant").unwrap().tree(options)),
        ("node", &|options| schema().find("/plant").unwrap().tree(options)),
    ];
    for (what, draw) in diagrams {
        let whole = draw(&TreeOptions::new());
        let lines = whole.lines().filter(|line| !line.is_empty()).count();
        assert_eq!(draw(&TreeOptions::new().max_lines(2 * lines)), whole, "{what}");
        for limit in 1..lines {
            let cut = draw(&TreeOptions::new().max_lines(limit));
            let shown = cut.strip_suffix("...\n").unwrap_or_else(|| panic!("{what} {limit}: {cut}"));
            assert!(whole.starts_with(shown.trim_end()), "{what} {limit}: {cut}");
            assert!(shown.lines().filter(|line| !line.is_empty()).count() <= limit, "{what} {limit}: {cut}");
        }
    }
}

#[test]
fn whole_names_are_found_first() {
    let hits = found("vlan", &SearchOptions::new());
    assert_eq!(hits[0], "/plant:plant/vlan");
    assert!(hits.contains(&"/plant:plant/management-vlan".to_owned()), "{hits:?}");
    assert!(hits.contains(&"/plant:plant/interface/Gigabit/switchport/access/vlan".to_owned()), "{hits:?}");
}

#[test]
fn words_may_stand_in_the_path_above() {
    assert_eq!(found("gigabit mtu", &SearchOptions::new())[0], "/plant:plant/interface/Gigabit/mtu");
    assert_eq!(found("loopback mtu", &SearchOptions::new())[0], "/plant:plant/interface/Loopback/mtu");
    let all = schema().search("mtu", &SearchOptions::new().limit(1));
    assert_eq!((all.hits.len(), all.total), (1, 2));
}

#[test]
fn a_word_with_slashes_is_a_path() {
    let options = SearchOptions::new();
    assert_eq!(found("gigabit/mtu", &options), ["/plant:plant/interface/Gigabit/mtu"]);
    assert_eq!(
        found("/plant:plant/interface/Loopback/mtu", &options),
        ["/plant:plant/interface/Loopback/mtu"]
    );
    assert_eq!(found("/interface/mtu", &options), [] as [&str; 0]);
    assert_eq!(
        found("q:description", &options),
        ["/plant:plant/interface/Gigabit/plant-qos:qos/description"]
    );
}

#[test]
fn descriptions_are_searched_last_and_only_if_wanted() {
    let hits = found("quality", &SearchOptions::new());
    assert_eq!(hits, [] as [&str; 0], "an augment's description is no node's");
    assert_eq!(found("echo", &SearchOptions::new()), ["/plant:ping"]);
    assert_eq!(found("echo", &SearchOptions::new().descriptions(false)), [] as [&str; 0]);
    assert_eq!(found("echo", &SearchOptions::new().config_only(true)), [] as [&str; 0]);
}

#[test]
fn a_page_says_what_the_model_says() {
    let page = schema().find("/plant/interface/Gigabit/mtu").unwrap().page();
    assert_eq!(page.xpath, "/pl:plant/pl:interface/pl:Gigabit[pl:name='…']/pl:mtu");
    assert_eq!(page.restconf, "plant:plant/interface/Gigabit={name}/mtu");
    assert_eq!(page.defaults, ["2000"]);
    assert_eq!(page.description.as_deref(), Some("Refined."));
    assert_eq!(page.ty.as_ref().unwrap().range.as_deref(), Some("64..18000"));
    let text = page.to_string();
    assert!(text.contains("  units           bytes\n"), "{text}");
    let added = schema().find("/plant/interface/Gigabit/q:qos/trust").unwrap().page();
    assert!(added.augmented_from.unwrap().file.ends_with("plant-qos.yang"));
    assert_eq!(added.ty.unwrap().enums[1].value, 10);
    let speed = schema().find("/plant/interface/Gigabit/speed").unwrap().page();
    assert_eq!(speed.ty.unwrap().identities, ["plant-qos:warp", "plant:fast", "plant:giga"]);
    let reference = schema().find("/plant/management-vlan").unwrap().page();
    assert_eq!(reference.ty.unwrap().target.as_deref(), Some("/plant:plant/vlan/id"));
    let access = schema().find("/plant/interface/Gigabit/switchport/access").unwrap().page();
    assert_eq!(access.cases, [("mode".to_owned(), "access".to_owned())]);
    assert_eq!(serde_json::to_value(&access).unwrap()["children"][0]["name"], "vlan");
}

#[test]
fn a_wrong_path_says_what_is_there() {
    let error = |path: &str| schema().find(path).unwrap_err().to_string();
    assert_eq!(error("/plant/interfaces"), "there is no interfaces in /plant:plant; interface, perhaps");
    assert_eq!(
        error("/plant/vlan/id/x"),
        "there is no x in /plant:plant/vlan/id; a leaf has nothing below it"
    );
    assert!(error("/plant[").contains("is not a path"));
    assert_eq!(schema().find("/ping/host").unwrap().data_path(), "/plant:ping/input/host");
}
