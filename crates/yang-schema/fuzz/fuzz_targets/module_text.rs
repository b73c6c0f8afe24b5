//! Any text as a module: no panic and no hang, in reading, compiling and drawing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use yang_schema::{CompileOptions, ModuleSet, SearchOptions, TreeOptions};

fuzz_target!(|text: &str| {
    let mut set = ModuleSet::new();
    if set.add_text("fuzz.yang", text).is_err() {
        return;
    }
    let mut options = CompileOptions::new().lenient(true);
    // a small text can ask for millions of nodes; that the limit holds is what is tried here
    options.limits.max_nodes = 20_000;
    if let Ok(schema) = set.compile(&options) {
        let _ = schema.tree(&TreeOptions::new());
        let _ = schema.search("a", &SearchOptions::new());
        for node in schema.root().data_children() {
            let _ = node.page().to_string();
        }
    }
});
