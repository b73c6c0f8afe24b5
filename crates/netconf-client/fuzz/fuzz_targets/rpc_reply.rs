//! Any bytes as a reply: no panic in what callers do with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netconf_client::Reply;

fuzz_target!(|message: &[u8]| {
    if let Ok(reply) = Reply::read(message.to_vec().into(), "get", 100) {
        let _ = (reply.is_ok(), reply.data(), reply.body(), reply.child_text("result"), reply.tree().is_ok());
    }
});
