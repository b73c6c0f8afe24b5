//! Any JSON as data: no panic, and the XML made of it is well-formed.
#![no_main]

mod plant;

use libfuzzer_sys::fuzz_target;
use yang_schema::JsonOptions;

fuzz_target!(|text: &str| {
    let Ok(json) = serde_json::from_str(text) else { return };
    let schema = plant::schema();
    if let Ok(xml) = schema.from_json(&json, schema.root(), &JsonOptions::new()) {
        let xml = format!("<data>{xml}</data>");
        roxmltree::Document::parse(&xml).unwrap();
    }
});
