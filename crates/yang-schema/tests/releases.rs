//! Two releases of a module set compared; modules from folders, caches and other sources.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use std::collections::HashMap;

use yang_schema::{
    CompileOptions, DiskCache, Error, Folder, Impact, ModuleSet, ModuleSource, Schema, SchemaDiff,
    SourceError,
};

fn schema(body: &str, revision: &str) -> Schema {
    let mut set = ModuleSet::new();
    let text =
        format!("module m {{ yang-version 1.1; namespace urn:m; prefix m; revision {revision}; {body} }}");
    set.add_text("m.yang", &text).unwrap();
    set.compile(&CompileOptions::new()).unwrap()
}

/// What changed from one body to another, a line each, the module's own left out.
fn changes(before: &str, after: &str) -> Vec<String> {
    let diff = SchemaDiff::between(&schema(before, "2024-01-01"), &schema(after, "2024-07-01"), false);
    assert_eq!(diff.modules.len(), 1);
    diff.changes.iter().map(ToString::to_string).collect()
}

#[test]
fn the_same_set_has_no_changes() {
    let body = "container c { leaf a { type string; } } rpc r { input { leaf x { type int8; } } }";
    let (one, two) = (schema(body, "2024-01-01"), schema(body, "2024-01-01"));
    assert_eq!(SchemaDiff::between(&one, &two, true), SchemaDiff::default());
}

#[test]
fn nodes_come_and_go_with_all_below_them() {
    let before = "container c { leaf a { type string; } container d { leaf x { type int8; } } }";
    let after = "container c { leaf b { type string; } leaf must { type string; mandatory true; } }";
    assert_eq!(
        changes(before, after),
        [
            "- ! /m:c/a (leaf)",
            "- ! /m:c/d (container, 2 nodes)",
            "+ /m:c/b (leaf)",
            "+ ! /m:c/must (leaf, mandatory)",
        ]
    );
}

#[test]
fn a_wider_type_is_compatible_and_a_narrower_one_is_not() {
    let leaf = |ty: &str| format!("leaf l {{ type {ty} }}");
    let verdict = |before: &str, after: &str| {
        let (before, after) = (schema(&leaf(before), "2024-01-01"), schema(&leaf(after), "2024-01-01"));
        SchemaDiff::between(&before, &after, false).impact()
    };
    let wider = [
        ("uint8 { range 1..4; }", "uint8 { range 1..5; }"),
        ("uint8 { range \"1..2 | 4\"; }", "uint8 { range \"1..3 | 4..5\"; }"),
        ("string { length 1..4; }", "string;"),
        ("string { pattern a; pattern b; }", "string { pattern b; }"),
        ("enumeration { enum a; }", "enumeration { enum a; enum b; }"),
        ("union { type int8; }", "union { type int8; type string; }"),
    ];
    for (before, after) in wider {
        assert_eq!(verdict(before, after), Some(Impact::Compatible), "{before} to {after}");
        assert_eq!(verdict(after, before), Some(Impact::Breaking), "{after} to {before}");
        assert_eq!(verdict(before, before), None);
    }
    assert_eq!(verdict("uint8;", "uint16;"), Some(Impact::Breaking));
    assert_eq!(
        verdict("enumeration { enum a; enum b; }", "enumeration { enum b; enum a; }"),
        Some(Impact::Breaking),
        "the numbers changed"
    );
}

#[test]
fn identities_that_come_go_or_move_change_what_a_leaf_allows() {
    let body = |identities: &str| {
        format!(
            "identity a; identity b; {identities} leaf l {{ type identityref {{ base a; }} }}
             leaf both {{ type identityref {{ base a; base b; }} }}
             leaf u {{ type union {{ type uint8; type identityref {{ base b; }} }} }}"
        )
    };
    let one = body("identity x { base a; } identity y { base x; base b; }");
    assert_eq!(
        changes(&one, &body("identity y { base a; base b; }")),
        ["~ ! /m:l: identities m:x -> (none)"]
    );
    assert_eq!(changes(&body("identity y { base a; base b; }"), &one), ["~ /m:l: identities (none) -> m:x"]);
    assert_eq!(
        changes(&one, &body("identity x { base a; } identity y { base x; }")),
        ["~ ! /m:both: identities m:y -> (none)", "~ ! /m:u: identities m:y -> (none)"]
    );
    assert_eq!(
        changes(&one, &body("identity x { base a; } identity y { base a; base b; }")),
        [] as [&str; 0],
        "derived by another way"
    );
    assert_eq!(
        changes(&one, &body("identity x { base a; } identity z { base x; base b; }")),
        [
            "~ ! /m:l: identities m:y -> m:z",
            "~ ! /m:both: identities m:y -> m:z",
            "~ ! /m:u: identities m:y -> m:z"
        ]
    );
}

#[test]
fn every_property_has_its_verdict() {
    let list = |more: &str| {
        format!("list l {{ key k; leaf k {{ type string; }} leaf x {{ type string; }} {more} }}")
    };
    let leaf = |more: &str| format!("leaf l {{ type string; {more} }}");
    let cases = [
        (leaf(""), leaf("default a;"), "~ /m:l: default (none) -> a"),
        (leaf("default a;"), leaf("default b;"), "~ ! /m:l: default a -> b"),
        (leaf("default a;"), leaf(""), "~ ! /m:l: default a -> (none)"),
        (leaf("mandatory true;"), leaf(""), "~ /m:l: mandatory true -> false"),
        (leaf(""), leaf("mandatory true;"), "~ ! /m:l: mandatory false -> true"),
        (leaf("config false;"), leaf(""), "~ /m:l: access state -> configuration"),
        (leaf(""), leaf("config false;"), "~ ! /m:l: access configuration -> state"),
        (leaf(""), leaf("status deprecated;"), "~ /m:l: status current -> deprecated"),
        (leaf(""), leaf("units s;"), "~ /m:l: units (none) -> s"),
        (leaf("must 'a  = b';"), leaf(""), "~ /m:l: must a = b -> (none)"),
        (leaf(""), leaf("when b;"), "~ ! /m:l: when (none) -> b"),
        (list(""), list("max-elements 4;"), "~ ! /m:l: max-elements (none) -> 4"),
        (list("min-elements 2;"), list(""), "~ /m:l: min-elements 2 -> 0"),
        (list(""), list("unique x;"), "~ ! /m:l: unique (none) -> [x]"),
        (list(""), list("ordered-by user;"), "~ ! /m:l: ordered-by system -> user"),
        (
            "container l;".to_owned(),
            "container l { presence p; }".to_owned(),
            "~ ! /m:l: presence no presence -> presence",
        ),
        ("container l;".to_owned(), leaf(""), "~ ! /m:l: kind container -> leaf"),
        (
            "leaf a { type string; } leaf l { type string; }".to_owned(),
            "choice c { leaf a { type string; } } leaf l { type string; }".to_owned(),
            "~ ! /m:a: choice (none) -> c/a",
        ),
    ];
    for (before, after, line) in cases {
        assert_eq!(changes(&before, &after), [line]);
    }
}

#[test]
fn texts_are_editorial() {
    let (before, after) =
        ("leaf l { type string; description a; }", "leaf l { type string; description b; }");
    assert!(changes(before, after).is_empty());
    let diff = SchemaDiff::between(&schema(before, "2024-01-01"), &schema(after, "2024-01-01"), true);
    assert_eq!(diff.impact(), Some(Impact::Editorial));
}

/// A source in memory that counts what it is asked.
struct Memory {
    texts: HashMap<&'static str, &'static str>,
    asked: Vec<String>,
}

impl ModuleSource for Memory {
    fn fetch(&mut self, name: &str, revision: Option<&str>) -> Result<Option<String>, SourceError> {
        self.asked.push(format!("{name}@{}", revision.unwrap_or_default()));
        if name == "broken" {
            return Err("the line is down".into());
        }
        Ok(self.texts.get(name).map(|text| (*text).to_owned()))
    }
}

fn memory() -> Memory {
    let texts = HashMap::from([
        (
            "top",
            "module top { namespace urn:t; prefix t; import base { prefix b; revision-date 2024-01-01; } import gone { prefix g; } include part; }",
        ),
        ("part", "submodule part { belongs-to top { prefix t; } import late { prefix l; } }"),
        ("late", "module late { namespace urn:l; prefix l; }"),
        ("base", "module base { namespace urn:b; prefix b; revision 2024-01-01; }"),
        ("lost", "module lost { namespace urn:x; prefix x; import broken { prefix b; } }"),
    ]);
    Memory { texts, asked: Vec::new() }
}

#[test]
fn a_module_is_loaded_with_all_it_needs_and_each_is_asked_for_once() {
    let mut source = memory();
    let mut set = ModuleSet::new();
    let lacking = set.load("top", None, &mut source).unwrap();
    assert_eq!(lacking, [("gone".to_owned(), None)]);
    let mut names: Vec<&str> = set.modules().map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(names, ["base", "late", "part", "top"]);
    source.asked.sort_unstable();
    assert_eq!(source.asked, ["base@2024-01-01", "gone@", "late@", "part@", "top@"]);
}

/// A folder of revisions of a module, each of which states all before it.
fn revisions(years: &[u16]) -> (tempfile::TempDir, Folder) {
    let folder = tempfile::tempdir().unwrap();
    for (index, year) in years.iter().enumerate() {
        let stated: String =
            years[..=index].iter().rev().map(|year| format!("revision {year}-01-01; ")).collect();
        let text = format!("module t {{ namespace urn:t; prefix t; {stated} }}");
        std::fs::write(folder.path().join(format!("t@{year}-01-01.yang")), text).unwrap();
    }
    let source = Folder::new(folder.path());
    (folder, source)
}

#[test]
fn the_very_revision_that_is_imported_is_fetched_though_a_newer_states_it() {
    let user = |name: &str, more: &str| {
        format!("module {name} {{ namespace urn:{name}; prefix {name}; import t {{ prefix t; {more} }} }}")
    };
    let (_folder, mut source) = revisions(&[2020, 2022]);
    let mut set = ModuleSet::new();
    set.add_text("a.yang", &user("a", "")).unwrap();
    assert_eq!(set.complete(&mut source).unwrap(), []);
    set.add_text("b.yang", &user("b", "revision-date 2020-01-01;")).unwrap();
    assert_eq!(set.missing().imports, [("t".to_owned(), Some("2020-01-01".to_owned()))]);
    assert_eq!(set.complete(&mut source).unwrap(), []);
    let has = |set: &ModuleSet, revision| set.modules().any(|module| module == ("t", Some(revision)));
    assert!(has(&set, "2020-01-01") && has(&set, "2022-01-01"));
    // where nobody has it, the newer one serves, and nothing is lacking
    let (_folder, mut source) = revisions(&[2022]);
    let mut set = ModuleSet::new();
    set.add_text(
        "t.yang",
        "module t { namespace urn:t; prefix t; revision 2022-01-01; revision 2020-01-01; }",
    )
    .unwrap();
    set.add_text("b.yang", &user("b", "revision-date 2020-01-01;")).unwrap();
    assert_eq!(set.complete(&mut source).unwrap(), []);
    assert_eq!(set.load("t", Some("2020-01-01"), &mut source).unwrap(), []);
    assert!(set.compile(&CompileOptions::new()).is_ok());
    assert!(set.load("t", Some("2019-01-01"), &mut source).is_err());
}

#[test]
fn a_source_that_fails_is_not_a_source_that_lacks() {
    let mut set = ModuleSet::new();
    assert!(matches!(set.load("nowhere", None, &mut memory()), Err(Error::ModuleNotFound { .. })));
    let failed = set.load("lost", None, &mut memory()).unwrap_err();
    assert!(matches!(&failed, Error::Source { name, .. } if name == "broken"), "{failed}");
}

#[test]
fn what_has_a_revision_is_kept_and_not_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::new(folder.path().join("cache"));
    let mut first = memory();
    ModuleSet::new().load("top", None, &mut cache.clone().over(&mut first)).unwrap();
    assert!(first.asked.contains(&"base@2024-01-01".to_owned()));
    let kept: Vec<_> =
        std::fs::read_dir(cache.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(kept, ["base@2024-01-01.yang"]);
    let mut second = memory();
    ModuleSet::new().load("top", None, &mut cache.clone().over(&mut second)).unwrap();
    assert!(!second.asked.contains(&"base@2024-01-01".to_owned()), "{:?}", second.asked);
    assert!(second.asked.contains(&"late@".to_owned()), "without a revision nothing is kept");
}

#[test]
fn names_that_are_none_stay_out_of_the_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::new(folder.path());
    for (name, revision) in
        [("../x", "2024-01-01"), ("x", "../../etc/1"), ("x", "2024-1-1"), ("", "2024-01-01")]
    {
        cache.put(name, revision, "text").unwrap();
        assert_eq!(cache.get(name, revision).unwrap(), None);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_gives_the_revision_asked_for_or_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["m.yang", "m@2023-01-01.yang", "m@2024-01-01.yang", "mm@2025-01-01.yang"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let mut source = Folder::new(folder.path());
    let mut fetch = |name: &str, revision: Option<&str>| source.fetch(name, revision).unwrap();
    assert_eq!(fetch("m", None).as_deref(), Some("m@2024-01-01.yang"));
    assert_eq!(fetch("m", Some("2023-01-01")).as_deref(), Some("m@2023-01-01.yang"));
    assert_eq!(fetch("m", Some("2022-01-01")).as_deref(), Some("m.yang"));
    assert_eq!(fetch("../m", None), None);
}

#[test]
fn several_tasks_keep_the_same_module_at_once() {
    const TASKS: usize = 8;
    const ROUNDS: usize = 50;
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::new(folder.path());
    // long enough that one is still writing when the next begins
    let text = "x".repeat(200_000);
    let together = std::sync::Barrier::new(TASKS);
    std::thread::scope(|scope| {
        for _ in 0..TASKS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    together.wait();
                    cache.put("a", "2024-01-01", &text).unwrap();
                    assert_eq!(cache.get("a", "2024-01-01").unwrap().as_deref(), Some(text.as_str()));
                }
            });
        }
    });
    let files: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["a@2024-01-01.yang"], "half a file was left");
}

#[test]
fn half_a_file_of_a_process_that_was_killed_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let cache = DiskCache::new(folder.path());
    // more than this process has begun by now
    for number in 0..2000 {
        let left = format!(".a@2024-01-01.{}.{number}", std::process::id());
        std::fs::write(folder.path().join(left), "hal").unwrap();
    }
    cache.put("a", "2024-01-01", "whole").unwrap();
    assert_eq!(cache.get("a", "2024-01-01").unwrap().as_deref(), Some("whole"));
}

#[test]
fn choices_are_compared_though_data_does_not_have_them() {
    let choice = |more: &str, cases: &str| format!("container c {{ choice how {{ {more} {cases} }} }}");
    let cases = "leaf a { type string; } case b { leaf b { type string; } }";
    assert_eq!(
        changes(&choice("", cases), &choice("mandatory true;", cases)),
        ["~ ! /m:c/how: mandatory false -> true"]
    );
    assert_eq!(
        changes(&choice("mandatory true;", cases), &choice("", cases)),
        ["~ /m:c/how: mandatory true -> false"]
    );
    assert_eq!(
        changes(&choice("default a;", cases), &choice("default b;", cases)),
        ["~ ! /m:c/how: default a -> b"]
    );
    let when = cases.replace("case b {", "case b { when \"../x\";");
    assert_eq!(changes(&choice("", cases), &choice("", &when)), ["~ ! /m:c/how/b: when (none) -> ../x"]);
}

#[test]
fn what_a_new_case_demands_is_demanded_of_who_chooses_it() {
    let choice = |cases: &str| format!("choice how {{ {cases} }}");
    let one = "case a { leaf a { type string; } }";
    let new = "case b { leaf b { type string; mandatory true; } }";
    assert_eq!(changes(&choice(one), &choice(&format!("{one} {new}"))), ["+ /m:b (leaf)"]);
    let more = "case a { leaf a { type string; } leaf c { type string; mandatory true; } }";
    assert_eq!(changes(&choice(one), &choice(more)), ["+ ! /m:c (leaf, mandatory)"]);
}

#[test]
fn whether_a_reference_must_lead_somewhere_is_part_of_its_type() {
    let body = |more: &str| {
        format!(
            "leaf a {{ type string; }} leaf r {{ type leafref {{ path ../a; {more} }} }} leaf i {{ type instance-identifier {{ {more} }} }}"
        )
    };
    let (strict, loose) = (body(""), body("require-instance false;"));
    let stricter = changes(&loose, &strict);
    assert_eq!(stricter.len(), 2, "{stricter:?}");
    assert!(
        stricter.iter().all(|line| line.starts_with("~ ! ") && line.contains("require-instance false")),
        "{stricter:?}"
    );
    assert!(changes(&strict, &loose).iter().all(|line| line.starts_with("~ /")));
}
