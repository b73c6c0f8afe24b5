//! Any XML as data: no panic in judging it, and what is turned into JSON comes back the same.
#![no_main]

mod plant;

use libfuzzer_sys::fuzz_target;
use yang_schema::validate::DataKind;
use yang_schema::{JsonOptions, ValidateOptions};

fuzz_target!(|text: &str| {
    let schema = plant::schema();
    let options = ValidateOptions::new();
    for kind in [DataKind::Edit, DataKind::Data, DataKind::Config, DataKind::Rpc, DataKind::Notification] {
        if let Ok(problems) = schema.validate_document(text, kind, &options) {
            for problem in problems {
                assert!(!problem.message.is_empty() && !problem.to_string().is_empty());
            }
        }
    }
    let Ok(document) = roxmltree::Document::parse(text) else { return };
    let Ok(json) = schema.to_json(document.root_element(), &JsonOptions::new()) else { return };
    // names and texts that XML has are names and texts that come back
    if let Ok(xml) = schema.from_json(&json, schema.root(), &JsonOptions::new()) {
        let xml = format!("<data>{xml}</data>");
        let again = roxmltree::Document::parse(&xml).unwrap();
        let _ = schema.to_json(again.root_element(), &JsonOptions::new());
    }
});
