//! What holds for all data: nothing panics, and XML and JSON are two ways of writing one thing.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

#[path = "oracle/generate.rs"]
mod generate;
mod yanglint {
    //! The kinds of payloads that the generator knows.

    /// What a payload is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub(crate) enum Kind {
        /// Content of an edit-config.
        Edit,
        /// Complete data with state.
        Data,
        /// Complete configuration.
        Config,
        /// An rpc.
        Rpc,
    }
}

use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use yang_schema::build::{RpcKind, Store};
use yang_schema::validate::DataKind;
use yang_schema::{CompileOptions, JsonOptions, ModuleSet, Schema, SearchOptions, ValidateOptions};

use generate::Generator;
use yanglint::Kind;

const MODULES: &[&str] = &["plant", "plant-qos", "fleet", "fleet-extra"];

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut set = ModuleSet::new();
        for folder in ["models", "models-fleet"] {
            set.add_directory(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder)).unwrap();
        }
        set.compile(&CompileOptions::new()).unwrap()
    })
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Edit), Just(Kind::Data), Just(Kind::Config), Just(Kind::Rpc)]
}

fn kind_of(kind: Kind) -> DataKind {
    match kind {
        Kind::Edit => DataKind::Edit,
        Kind::Data => DataKind::Data,
        Kind::Config => DataKind::Config,
        Kind::Rpc => DataKind::Rpc,
    }
}

/// Pieces of which modules are made, right and wrong.
const PIECES: &[&str] = &[
    "module m {",
    "namespace urn:m;",
    "prefix m;",
    "}",
    "{",
    ";",
    "leaf a {",
    "type string;",
    "type int8 {",
    "range 1..2;",
    "container c {",
    "list l {",
    "key k;",
    "leaf k {",
    "uses g;",
    "grouping g {",
    "augment /m:c {",
    "choice h {",
    "case x {",
    "\"text",
    "\"",
    "'",
    "+",
    "//",
    "/*",
    "*/",
    "typedef t {",
    "type t;",
    "refine a {",
    "default 1;",
    "must \"../a\";",
    "when 'a';",
    "leafref",
    "type leafref { path ../k; }",
    "import n { prefix n; }",
    "identity i { base i; }",
    "type identityref { base i; }",
    "deviation /m:c {",
    "deviate delete {",
    "unique k;",
    "min-elements 1;",
    "rpc r {",
    "input {",
    "feature f;",
    "if-feature \"f or not f\";",
    "type union {",
    "pattern '[a-z]*';",
    "pattern '(';",
    "é",
    "\u{0}",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = ModuleSet::new().add_text("any.yang", &text);
    }

    #[test]
    fn any_module_is_compiled_or_refused(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60),
        close in 0_usize..8,
    ) {
        let mut set = ModuleSet::new();
        let text = format!("module m {{ namespace urn:m; prefix m; {} {}", pieces.join(" "), "} ".repeat(close));
        if set.add_text("any.yang", &text).is_ok()
            && let Ok(schema) = set.compile(&CompileOptions::new().lenient(true))
        {
            let _ = schema.search("a", &SearchOptions::new());
            for node in schema.root().data_children() {
                prop_assert_eq!(schema.find(&node.data_path()).unwrap(), node);
            }
        }
    }

    #[test]
    fn any_xml_is_judged(seed: u64, kind in kinds(), cut in 0.0_f64..1.0, put in "\\PC{0,8}") {
        let payload = Generator::new(schema(), MODULES, seed).payload(kind).unwrap();
        let mut at = (payload.xml.len() as f64 * cut) as usize;
        while !payload.xml.is_char_boundary(at) {
            at -= 1;
        }
        let text = format!("{}{put}{}", &payload.xml[..at], &payload.xml[at..]);
        if let Ok(problems) = schema().validate_document(&text, kind_of(payload.kind), &ValidateOptions::new()) {
            for problem in problems {
                prop_assert!(problem.line >= 1 && !problem.message.is_empty(), "{problem:?}");
            }
        }
    }

    #[test]
    fn good_data_survives_json(seed: u64) {
        let payload = Generator::new(schema(), MODULES, seed).payload(Kind::Data).unwrap();
        let text = format!("<data>{}</data>", payload.xml);
        let document = roxmltree::Document::parse(&text).unwrap();
        let schema = schema();
        let before = schema.validate_edit_config(document.root_element(), &ValidateOptions::new());
        let json = schema.to_json(document.root_element(), &JsonOptions::new()).unwrap();
        let back = schema.from_json(&json, schema.root(), &JsonOptions::new());
        // values that fit no type are texts, which JSON cannot always tell from the right ones
        if !before.is_empty() {
            return Ok(());
        }
        let text = format!("<data>{}</data>", back.unwrap());
        let again = roxmltree::Document::parse(&text).unwrap();
        prop_assert_eq!(schema.validate_edit_config(again.root_element(), &ValidateOptions::new()), vec![]);
        prop_assert_eq!(schema.to_json(again.root_element(), &JsonOptions::new()).unwrap(), json);
    }

    #[test]
    fn any_input_is_built_or_refused(input in "/?[a-z:/\\[\\]'=0-9.]{0,40}", value in "\\PC{0,10}") {
        let edit = RpcKind::EditConfig { target: Store::Running, test: None };
        for kind in [edit, RpcKind::Get, RpcKind::Call] {
            if let Ok(rpc) = schema().rpc(kind).set(format!("{input}={value}")).build() {
                prop_assert!(roxmltree::Document::parse(&rpc.message("1")).is_ok());
            }
        }
    }

    #[test]
    fn what_is_built_is_what_was_said(mtu in 64_u16..=18000, text in "[ -~é]{0,40}") {
        let port = "/plant:plant/interface/Gigabit[name='1/0/5']";
        let edit = RpcKind::EditConfig { target: Store::Running, test: None };
        let rpc = schema().rpc(edit).set(format!("{port}/mtu={mtu}")).set(format!("{port}/description={text}"));
        let text = text.trim().to_owned();
        let rpc = rpc.build().unwrap();
        let xml = format!("<config>{}</config>", rpc.data());
        let document = roxmltree::Document::parse(&xml).unwrap();
        let value = |name: &str| {
            let found = document.descendants().find(|node| node.tag_name().name() == name).unwrap();
            found.text().unwrap_or_default().trim().to_owned()
        };
        prop_assert_eq!(value("mtu"), mtu.to_string());
        prop_assert_eq!(value("description"), text);
    }
}
