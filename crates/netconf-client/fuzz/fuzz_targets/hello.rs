//! Any bytes as a hello: no panic, and what was read survives being written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netconf_client::hello::Hello;

fuzz_target!(|message: &[u8]| {
    if let Ok(hello) = Hello::parse(message) {
        assert_eq!(Hello::parse(hello.to_xml().as_bytes()).as_ref(), Ok(&hello));
    }
});
