//! Any bytes, in any pieces, in either framing: no panic, and whole messages survive being written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netconf_client::framing::{Decoder, Framing, Limits, encode};

fuzz_target!(|input: (bool, Vec<Vec<u8>>)| {
    let (chunked, pieces) = input;
    let framing = if chunked { Framing::Chunked } else { Framing::EndOfMessage };
    let mut decoder = Decoder::new(Limits { max_message: 1 << 16, ..Limits::default() });
    decoder.set_framing(framing);
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_message() {
                Ok(Some(message)) if message.is_empty() => {}
                Ok(Some(message)) => {
                    let mut wire = Default::default();
                    encode(framing, &message, &mut wire).unwrap();
                    let mut again = Decoder::new(Limits::default());
                    again.set_framing(framing);
                    again.push(wire.freeze());
                    assert!(again.next_message().unwrap().is_some());
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
});
