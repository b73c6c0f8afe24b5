//! How fast messages are framed and read.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use netconf_client::framing::{Decoder, Framing, Limits, encode};

/// What one read of a stream brings: about one SSH packet.
const READ: usize = 32 * 1024;

fn decode(wire: &Bytes, framing: Framing) -> usize {
    let mut decoder = Decoder::new(Limits::default());
    decoder.set_framing(framing);
    let mut length = 0;
    let mut at = 0;
    while at < wire.len() {
        let to = wire.len().min(at + READ);
        decoder.push(wire.slice(at..to));
        at = to;
        while let Some(message) = decoder.next_message().unwrap() {
            length += message.len();
        }
    }
    length
}

fn framing(criterion: &mut Criterion) {
    for size in [1 << 10, 1 << 20, 32 << 20] {
        let message = "<interface><name>GigabitEthernet1/0/1</name></interface>".repeat(size / 56 + 1);
        for framing in [Framing::EndOfMessage, Framing::Chunked] {
            let mut wire = BytesMut::new();
            encode(framing, message.as_bytes(), &mut wire).unwrap();
            let wire = wire.freeze();
            let mut group = criterion.benchmark_group(format!("{framing:?}"));
            group.throughput(Throughput::Bytes(wire.len() as u64)).sample_size(10);
            group.bench_function(format!("decode {size}"), |bencher| {
                bencher.iter(|| assert_eq!(decode(black_box(&wire), framing), message.len()));
            });
            group.bench_function(format!("encode {size}"), |bencher| {
                bencher.iter(|| {
                    let mut out = BytesMut::new();
                    encode(framing, black_box(message.as_bytes()), &mut out).unwrap();
                    out
                });
            });
        }
    }
}

criterion_group!(benches, framing);
criterion_main!(benches);
