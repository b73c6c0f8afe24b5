//! Any bytes as the reply to a get-config.
#![no_main]

mod judge;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|reply: &str| judge::judge(reply));
