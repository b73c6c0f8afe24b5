//! Any text as a path, a search and an RPC: no panic, and what is built is taken by the model.
#![no_main]

mod plant;

use libfuzzer_sys::fuzz_target;
use yang_schema::SearchOptions;
use yang_schema::build::{Host, RpcKind, Store};

fuzz_target!(|inputs: Vec<String>| {
    let schema = plant::schema();
    let kinds = [RpcKind::EditConfig { target: Store::Running, test: None }, RpcKind::Get, RpcKind::Call];
    for kind in kinds {
        let mut builder = schema.rpc(kind);
        for input in &inputs {
            let _ = schema.find(input);
            let _ = schema.search(input, &SearchOptions::new());
            builder = builder.set(input);
        }
        if let Ok(rpc) = builder.build() {
            let host = Host::new("h", "u");
            let _ = (rpc.curl(&host), rpc.ncclient(&host), rpc.rust(&host));
            roxmltree::Document::parse(&rpc.message("1")).unwrap();
        }
    }
});
