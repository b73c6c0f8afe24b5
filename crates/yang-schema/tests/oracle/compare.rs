//! Both verdicts on the same payloads.

use std::path::{Path, PathBuf};

use yang_schema::{CompileOptions, JsonOptions, ModuleSet, Schema, ValidateOptions};

use crate::differences::{Ledger, Seen};
use crate::generate::Payload;
use crate::yanglint::{self, Kind, Verdict};

/// Payloads of each kind for each set of models.
pub(crate) const PAYLOADS: usize = 3000;
/// Seeds the generator: the same payloads each time.
pub(crate) const SEED: u64 = 0x5EED_0001;

/// A folder of hand-written models.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The models of folders.
pub(crate) fn compiled(folders: &[&Path]) -> Schema {
    let mut set = ModuleSet::new();
    for folder in folders {
        set.add_directory(folder).unwrap();
    }
    match set.compile(&CompileOptions::new()) {
        Ok(schema) => schema,
        Err(yang_schema::Error::Compile(faults)) => panic!("{faults:#?}"),
        Err(error) => panic!("{error}"),
    }
}

/// What yang-schema says: everything that is wrong.
fn ours(schema: &Schema, payload: &Payload) -> Vec<yang_schema::Problem> {
    let text = format!("<config>{}</config>", payload.xml);
    let document = roxmltree::Document::parse(&text).unwrap();
    let options = ValidateOptions::new();
    let root = document.root_element();
    match payload.kind {
        Kind::Edit => schema.validate_edit_config(root, &options),
        Kind::Data => schema.validate_data(root, &options),
        Kind::Config => schema.validate_data(root, &options.config_only(true)),
        Kind::Rpc => schema.validate_rpc(root.first_element_child().unwrap(), &options),
    }
}

/// Compares all payloads; what differs without a reason is the test's failure.
pub(crate) fn compare(schema: &Schema, folders: &[&Path], modules: &[&str], payloads: &[Payload]) -> Ledger {
    let verdicts = yanglint::judge(folders, modules, payloads);
    let mut ledger = Ledger::default();
    for (payload, verdict) in payloads.iter().zip(verdicts) {
        let problems = ours(schema, payload);
        ledger.add(Seen { payload, problems: &problems, verdict: &verdict });
        if let Verdict::Accepted(json) = &verdict
            && problems.is_empty()
            && payload.kind != Kind::Edit
            && payload.kind != Kind::Rpc
        {
            ledger.compare_json(payload, &to_json(schema, payload), json);
        }
    }
    eprintln!("{ledger}");
    ledger
}

fn to_json(schema: &Schema, payload: &Payload) -> serde_json::Value {
    let text = format!("<config>{}</config>", payload.xml);
    let document = roxmltree::Document::parse(&text).unwrap();
    schema.to_json(document.root_element(), &JsonOptions::new()).unwrap()
}
