//! Models and data made to hurt: long lines, thousands of names, deep nesting. Each costs what its length costs, and ends with an error or a
//! result, never with the process.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

use std::time::Duration;

use yang_schema::{CompileOptions, JsonOptions, ModuleSet, Schema};

/// The time that this thread was on a processor, which other processes have no part in.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// What a short measurement may be wrong by: where the kernel counts by its clock's ticks, one more or less at each end.
const SLACK: Duration = Duration::from_millis(30);

/// Eight times as much of something at once costs less than three times as much as one after the other; it would be eight times if the cost
/// were the square.
#[track_caller]
fn grows_with_its_length(few: usize, work: impl Fn(usize)) {
    let once = |times: usize, count: usize| {
        let start = processor_time();
        (0..times).for_each(|_| work(count));
        processor_time() - start
    };
    let cost = |times: usize, count: usize| (0..3).map(|_| once(times, count)).min().unwrap();
    let (less, more) = (cost(8, few), cost(1, few * 8));
    assert!(more < less * 3 + SLACK, "8 times {few}: {less:?}, {}: {more:?}", few * 8);
}

fn module(body: &str) -> String {
    format!("module m {{ yang-version 1.1; namespace urn:m; prefix m; {body} }}")
}

fn compiled(body: &str) -> Schema {
    let mut set = ModuleSet::new();
    set.add_text("m.yang", &module(body)).unwrap();
    set.compile(&CompileOptions::new()).unwrap()
}

#[test]
fn a_module_on_one_line_is_read_as_one_on_many() {
    grows_with_its_length(1_000, |count| {
        let leaf =
            |number: usize| format!("leaf l{number} {{ type string; description \"a\" + \"b\\\"c\"; }} ");
        compiled(&(0..count).map(leaf).collect::<String>());
    });
}

#[test]
fn illegal_escapes_are_listed_up_to_a_limit() {
    let mut set = ModuleSet::new();
    set.add_text("m.yang", &module(&format!("description \"{}\";", r"\d".repeat(100_000)))).unwrap();
    let listed = set.tolerances().count();
    assert!((100..=1_000).contains(&listed), "{listed}");
}

#[test]
fn an_enumeration_may_have_very_many_names() {
    grows_with_its_length(500, |count| {
        let values = |kw: &str| (0..count).map(|number| format!("{kw} n{number}; ")).collect::<String>();
        let base = format!("typedef e {{ type enumeration {{ {} }} }}", values("enum"));
        compiled(&format!(
            "{base} leaf a {{ type e {{ {} }} }} leaf b {{ type bits {{ {} }} }}",
            values("enum"),
            values("bit")
        ));
    });
}

#[test]
fn a_range_has_a_limited_number_of_parts() {
    let parts = |count: usize| (0..count).map(|part| (part * 2).to_string()).collect::<Vec<_>>().join("|");
    compiled(&format!("leaf a {{ type uint32 {{ range \"{}\"; }} }}", parts(1_000)));
    for what in ["uint32 { range", "string { length"] {
        let mut set = ModuleSet::new();
        set.add_text("m.yang", &module(&format!("leaf a {{ type {what} \"{}\"; }} }}", parts(100_000))))
            .unwrap();
        let said = set.compile(&CompileOptions::new()).unwrap_err().to_string();
        assert!(said.len() < 1_000 && said.contains("is not a"), "{} characters", said.len());
    }
}

#[test]
fn a_union_may_name_very_many_leafrefs() {
    grows_with_its_length(500, |count| {
        let member = |_| "type leafref { path \"../a\"; } ";
        compiled(&format!(
            "leaf a {{ type string; }} leaf u {{ type union {{ {} }} }}",
            (0..count).map(member).collect::<String>()
        ));
    });
}

#[test]
fn elements_of_many_names_become_json_one_by_one() {
    let schema = compiled("anyxml any;");
    grows_with_its_length(4_000, |count| {
        let names: String = (0..count).map(|number| format!("<n{number}/>")).collect();
        let xml = format!("<data><any xmlns='urn:m'>{names}</any></data>");
        let document = roxmltree::Document::parse(&xml).unwrap();
        schema.to_json(document.root_element(), &JsonOptions::new()).unwrap();
    });
}

#[test]
fn data_within_data_is_as_deep_as_is_allowed() {
    // what stands in anydata is looked for at the top of the model again
    let schema = compiled("container c { anydata any; }");
    for deep in [10, 20_000] {
        let xml =
            format!("<data xmlns='urn:m'>{}{}</data>", "<c><any>".repeat(deep), "</any></c>".repeat(deep));
        let document = roxmltree::Document::parse(&xml).unwrap();
        let json = schema.to_json(document.root_element(), &JsonOptions::new());
        match deep {
            10 => assert!(json.is_ok(), "{json:?}"),
            _ => assert!(json.unwrap_err().to_string().contains("nested deeper than")),
        }
    }
}

#[test]
fn a_large_document_with_much_wrong_is_judged_as_a_small_one() {
    let schema =
        compiled("list l { key k; leaf k { type uint32; } leaf r { type leafref { path '../../l/k'; } } }");
    grows_with_its_length(200, |count| {
        let entry =
            |number: usize| format!("<l xmlns='urn:m'>\n<k>{number}</k>\n<r>{}</r></l>", number + 1_000_000);
        let xml = format!("<data>{}</data>", (0..count).map(entry).collect::<String>());
        let document = roxmltree::Document::parse(&xml).unwrap();
        let problems = schema.validate_data(document.root_element(), &yang_schema::ValidateOptions::new());
        assert_eq!(problems.len(), count.min(1_000));
        assert_eq!((problems[1].line, problems[1].column), (5, 1));
    });
}

#[test]
fn a_schema_of_nothing_answers_every_question() {
    let schema = ModuleSet::new().compile(&CompileOptions::new()).unwrap();
    let root = schema.root();
    assert_eq!((root.name(), root.namespace(), root.schema_path().as_str()), ("", "", "/"));
    assert_eq!(root.module().name(), "");
    assert_eq!(schema.search("x", &yang_schema::SearchOptions::new()).total, 0);
    assert!(schema.find("/x").is_err() && schema.find("/").is_ok());
    assert_eq!(schema.tree(&yang_schema::TreeOptions::new()), "");
    let _ = root.page().to_string();
    let document = roxmltree::Document::parse("<data><x xmlns='urn:x'/></data>").unwrap();
    assert_eq!(schema.validate_data(document.root_element(), &yang_schema::ValidateOptions::new()).len(), 1);
    assert!(schema.to_json(document.root_element(), &JsonOptions::new()).is_ok());
    assert!(schema.from_json(&serde_json::json!({"x:y": 1}), root, &JsonOptions::new()).is_ok());
    assert!(schema.rpc(yang_schema::build::RpcKind::Get).set("/x").build().is_err());
    assert_eq!(yang_schema::SchemaDiff::between(&schema, &schema, true).changes, []);
}

#[test]
fn an_endless_name_has_no_neighbour() {
    let names: String =
        (0..500).map(|number| format!("leaf some-name-{number} {{ type string; }} ")).collect();
    let schema = compiled(&format!("container c {{ {names} }}"));
    grows_with_its_length(2_000, |length| {
        let wrong = format!("<{}/>", "x".repeat(length)).repeat(20);
        let xml = format!("<data><c xmlns='urn:m'>{wrong}</c></data>");
        let document = roxmltree::Document::parse(&xml).unwrap();
        let problems = schema.validate_data(document.root_element(), &yang_schema::ValidateOptions::new());
        assert_eq!(problems.len(), 20);
    });
}
