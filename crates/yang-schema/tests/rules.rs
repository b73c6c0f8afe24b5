//! What RFC 7950 forbids a module, said where it stands.

use yang_schema::{CompileOptions, Error, ModuleSet, Schema};

/// What deviations and augments of others are about.
const TARGET: &str = r#"
module t { yang-version 1.1; namespace urn:t; prefix t;
  container c {
    leaf a { type string; default x; units u; must "1"; }
    leaf b { type int8; }
    leaf-list many { type string; default x; }
    list l { key k; leaf k { type string; } }
    choice ch { default y; leaf y { type string; } leaf z { type string; } }
  }
}"#;

fn compile(modules: &[&str]) -> Result<Schema, Error> {
    let mut set = ModuleSet::new();
    for (index, text) in modules.iter().enumerate() {
        set.add_text(&format!("{index}.yang"), text)?;
    }
    set.compile(&CompileOptions::new())
}

fn with(body: &str) -> Result<Schema, Error> {
    let text = format!(
        "module m {{ yang-version 1.1; namespace urn:m; prefix m; import t {{ prefix t; }} {body} }}"
    );
    compile(&[TARGET, &text])
}

#[track_caller]
fn refused(cases: &[(&str, &str)]) {
    for (body, expected) in cases {
        let found = match with(body) {
            Err(Error::Compile(faults)) => faults.iter().map(ToString::to_string).collect(),
            Err(error) => vec![error.to_string()],
            Ok(_) => Vec::new(),
        };
        assert!(
            found.len() == 1 && found[0].contains(expected),
            "{body}\n  expected {expected}\n  found {found:#?}"
        );
    }
}

#[track_caller]
fn taken(bodies: &[&str]) {
    for body in bodies {
        if let Err(error) = with(body) {
            panic!("{body}: {error}");
        }
    }
}

#[test]
fn a_deviation_gives_what_its_kind_and_its_target_have() {
    refused(&[
        ("deviation /t:c/t:a { }", "\"deviation\" lacks its \"deviate\""),
        ("deviation /t:c/t:a { deviate add { type int8; } }", "\"type\" may not stand in \"deviate add\""),
        (
            "deviation /t:c/t:a { deviate replace { must '1'; } }",
            "\"must\" may not stand in \"deviate replace\"",
        ),
        (
            "deviation /t:c/t:a { deviate delete { config false; } }",
            "\"config\" may not stand in \"deviate delete\"",
        ),
        (
            "deviation /t:c/t:a { deviate not-supported { units u; } }",
            "may not stand in \"deviate not-supported\"",
        ),
        ("deviation /t:c/t:b { deviate replace { units w; } }", "no \"units\" to replace"),
        ("deviation /t:c/t:b { deviate replace { mandatory true; } }", "no \"mandatory\" to replace"),
        ("deviation /t:c/t:a { deviate add { units w; } }", "has \"units\" already"),
        ("deviation /t:c/t:b { deviate add { min-elements 1; } }", "a leaf has no \"min-elements\""),
        ("deviation /t:c { deviate add { default x; } }", "a container has no \"default\""),
        ("deviation /t:c/t:ch { deviate add { must '1'; } }", "a choice has no \"must\""),
        ("deviation /t:c/t:many { deviate add { min-elements 1; } }", "has no default"),
    ]);
    taken(&[
        "deviation /t:c/t:a { deviate replace { units w; default z; type string; } }",
        "deviation /t:c/t:b { deviate add { units w; mandatory true; } }",
        "deviation /t:c/t:many { deviate add { default y; } }",
        "deviation /t:c/t:ch { deviate replace { default z; } }",
    ]);
}

#[test]
fn a_refine_gives_what_its_target_has() {
    let uses = |refine: &str| {
        format!(
            "grouping g {{ leaf a {{ type string; }} list l {{ key k; leaf k {{ type string; }} }} container c; }} \
             uses g {{ refine {refine} }}"
        )
    };
    refused(&[
        (&uses("a { presence x; }"), "a leaf has no \"presence\""),
        (&uses("a { default x; default y; }"), "a leaf has one default"),
        (&uses("a { max-elements 2; }"), "a leaf has no \"max-elements\""),
        (&uses("l { mandatory true; }"), "a list has no \"mandatory\""),
        (&uses("c { default x; }"), "a container has no \"default\""),
        (
            "grouping g { leaf a { type string; } } container s { config false; uses g { refine a { config true; } } }",
            "config true below config false",
        ),
    ]);
    taken(&[&uses("c { presence x; config false; must '1'; }"), &uses("l { min-elements 1; }")]);
}

#[test]
fn augments_of_a_uses_add_to_each_other_in_any_order() {
    let schema = with(
        "grouping g { container c; } uses g { refine c/n { presence x; } \
         augment c/n { leaf n2 { type string; } } augment c { container n; } }",
    )
    .unwrap();
    assert_eq!(schema.find("/m:c/n/n2").unwrap().data_path(), "/m:c/n/n2");
    assert!(schema.find("/m:c/n").unwrap().is_presence());
    refused(&[(
        "grouping g { container c; } uses g { augment c/n { leaf x { type string; } } }",
        "there is no n",
    )]);
}

#[test]
fn what_nobody_uses_is_read_as_well() {
    refused(&[
        ("grouping g { leaf a { type nowhere; } }", "type nowhere is not defined"),
        ("grouping g { container c { uses g; } }", "uses itself"),
        ("grouping g { container c { uses nowhere; } }", "grouping nowhere is not defined"),
        ("grouping g { leaf a { if-feature nowhere; type string; } }", "feature nowhere is not defined"),
        ("typedef a { type b; } typedef b { type a; }", "is defined by itself"),
        ("typedef a { type int8 { range 1..500; } }", "wider than the base type's"),
    ]);
    let unused = with(
        "grouping g { leaf a { type string; } container c { leaf b { type string; } } } leaf x { type string; }",
    );
    let used = with("leaf x { type string; }").unwrap().node_count();
    assert_eq!(unused.unwrap().node_count(), used, "nothing is left of them");
}

#[test]
fn names_are_not_hidden_and_not_those_of_the_language() {
    refused(&[
        ("typedef string { type int8; }", "another name than that of a built-in type"),
        (
            "typedef a { type int8; } container c { typedef a { type int8; } }",
            "typedef a is defined above already",
        ),
        ("container c { grouping g; container d { grouping g; } }", "grouping g is defined above already"),
        ("nowhere:word x;", "prefix nowhere is not that of an import"),
        ("m:word x; m:word y;", "extension m:word is not defined"),
    ]);
    taken(&[
        "container c { typedef a { type int8; } } container d { typedef a { type int8; } }",
        "extension e; m:e;",
    ]);
}

#[test]
fn nodes_stand_where_they_may() {
    refused(&[
        (
            "choice c { uses g; } grouping g { leaf a { type string; } }",
            "\"uses\" may not stand in \"choice\"",
        ),
        (
            "grouping g { action a; } rpc r { input { uses g; } }",
            "an action stands in a container or list of data",
        ),
        ("augment /t:c/t:ch { notification n; }", "a notification stands at the top level"),
        (
            "container c { action a { input { container d { notification n; } } } }",
            "a notification stands at the top level",
        ),
        ("list l { key k; choice c { leaf k { type string; } } }", "key k is not a leaf of the list"),
        ("list l { key k; leaf k { when '1'; type string; } }", "key k has a condition"),
        ("leaf-list l { type string; max-elements 0; }", "expected a number from 1"),
        ("leaf-list l { type string; min-elements 01; }", "expected a number"),
        ("leaf-list l { type string; min-elements 1; default x; }", "has no default"),
    ]);
}

#[test]
fn nothing_is_demanded_of_who_did_not_choose_it() {
    refused(&[
        (
            "augment /t:c { leaf n { type string; mandatory true; } }",
            "n is mandatory, and the augment has no \"when\"",
        ),
        ("augment /t:c { container d { leaf n { type string; mandatory true; } } }", "n is mandatory"),
        ("augment /t:c/t:l { leaf-list n { type string; min-elements 1; } }", "n is mandatory"),
        (
            "choice c { default x; case x { container d { leaf n { type string; mandatory true; } } } }",
            "n is mandatory in the case that is the default",
        ),
    ]);
    taken(&[
        "augment /t:c { when '1'; leaf n { type string; mandatory true; } }",
        "augment /t:c { container d { presence x; leaf n { type string; mandatory true; } } }",
        "augment /t:c/t:ch { case n { leaf n { type string; mandatory true; } } }",
        "augment /t:c { leaf n { config false; type string; mandatory true; } }",
        "choice c { default m:x; leaf x { type string; } }",
    ]);
}

#[test]
fn predicates_of_leafrefs_compare_keys_with_leafs() {
    let path = |predicate: &str| {
        format!(
            "list l {{ key k; leaf k {{ type string; }} leaf v {{ type string; }} }} container c {{ leaf q {{ type string; }} }} \
             leaf q {{ type string; }} leaf r {{ type leafref {{ path \"/m:l[{predicate}]/m:v\"; }} }}"
        )
    };
    refused(&[
        (&path("m:v = current()/../m:q"), "\"v\" is not a key of l"),
        (&path("m:k = current()/../m:nowhere"), "there is no \"nowhere\""),
        (&path("m:k = current()/../m:c"), "\"k\" is compared with a container"),
        (
            "container c { leaf v { type string; } } leaf q { type string; } leaf r { type leafref { path \"/m:c[m:v=current()/../m:q]/m:v\"; } }",
            "\"v\" is not a key of c",
        ),
    ]);
    taken(&[&path("m:k = current()/../m:q"), &path("m:k=current()/../m:c/m:q")]);
}

#[test]
fn imports_lead_in_no_circle() {
    let module = |name: &str, imported: &str| {
        format!("module {name} {{ namespace urn:{name}; prefix {name}; import {imported} {{ prefix x; }} }}")
    };
    let found = |modules: &[&str]| match compile(modules) {
        Err(Error::Compile(faults)) => faults.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(found(&[&module("a", "a")]), 1);
    let (a, b, c) = (module("a", "b"), module("b", "c"), module("c", "a"));
    let d = module("d", "a");
    assert_eq!(found(&[&a, &b, &c, &d]), 3, "d only imports one of the circle");
    assert!(compile(&[&module("a", "t"), &module("b", "a"), TARGET]).is_ok());
}

#[test]
fn newer_statements_in_older_modules_are_read_and_listed() {
    let older = "module m { namespace urn:m; prefix m; feature f; feature g; container c { action a; } \
        leaf x { if-feature 'f or g'; type string { pattern a { modifier invert-match; } } } \
        leaf-list l { type string; default d; } notification n { must '1'; } }";
    let mut set = ModuleSet::new();
    set.add_text("m.yang", older).unwrap();
    let listed: Vec<&str> = set.tolerances().map(|tolerance| tolerance.message.as_str()).collect();
    assert_eq!(listed.len(), 5, "{listed:#?}");
    assert!(listed[0].contains("this \"action\" is YANG 1.1"), "{listed:#?}");
    let mut set = ModuleSet::new();
    set.add_text("m.yang", &older.replace("module m {", "module m { yang-version 1.1;")).unwrap();
    assert_eq!(set.tolerances().count(), 0);
}
