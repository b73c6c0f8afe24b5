use super::*;
use proptest::prelude::*;

fn decode(framing: Framing, wire: &[u8], cuts: &[usize]) -> Result<Vec<Vec<u8>>, FramingError> {
    let mut decoder = Decoder::new(Limits::default());
    decoder.set_framing(framing);
    let mut messages = Vec::new();
    let mut from = 0;
    for &to in cuts.iter().chain([&wire.len()]) {
        decoder.push(wire[from..to].to_vec());
        from = to;
        while let Some(message) = decoder.next_message()? {
            messages.push(message.to_vec());
        }
    }
    assert!(decoder.is_between_messages());
    Ok(messages)
}

/// Bytes that come close to both framings' marks.
fn tricky() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop_oneof![
            Just(b"]".to_vec()),
            Just(b"]]>".to_vec()),
            Just(b"\n#".to_vec()),
            Just(b"\n##\n".to_vec()),
            Just(b"]]>]]".to_vec()),
            prop::collection::vec(any::<u8>(), 1..6),
        ],
        1..12,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_decodes_alike(
        messages in prop::collection::vec(tricky(), 1..4),
        chunked in any::<bool>(),
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let framing = if chunked { Framing::Chunked } else { Framing::EndOfMessage };
        let mut wire = BytesMut::new();
        let mut written = Vec::new();
        for message in messages {
            // A message whose tail and the mark could be read earlier is the writer's problem in 1.0.
            let safe = [&message[..], END_OF_MESSAGE].concat();
            let found = memchr::memmem::find(&safe, END_OF_MESSAGE);
            if chunked || found == Some(message.len()) {
                encode(framing, &message, &mut wire).unwrap();
                written.push(message);
            }
        }
        let mut at: Vec<usize> = cuts.drain(..).map(|i| i.index(wire.len() + 1)).collect();
        at.sort_unstable();
        prop_assert_eq!(decode(framing, &wire, &at).unwrap(), written.clone());
        let every_byte: Vec<usize> = (0..wire.len()).collect();
        prop_assert_eq!(decode(framing, &wire, &every_byte).unwrap(), written);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), chunked in any::<bool>()) {
        let mut decoder = Decoder::new(Limits { max_message: 64, ..Limits::default() });
        decoder.set_framing(if chunked { Framing::Chunked } else { Framing::EndOfMessage });
        decoder.push(bytes);
        while let Ok(Some(_)) = decoder.next_piece() {}
    }
}

#[test]
fn several_chunks_make_one_message() {
    let wire = b"\n#4\n<rpc\n#2\n/>\n##\n";
    assert_eq!(decode(Framing::Chunked, wire, &[]).unwrap(), vec![b"<rpc/>".to_vec()]);
}

#[test]
fn white_space_between_messages_is_skipped() {
    let wire = b"\n\r\n \n#2\nab\n##\n\n\n#1\nc\n##\n";
    assert_eq!(decode(Framing::Chunked, wire, &[]).unwrap(), vec![b"ab".to_vec(), b"c".to_vec()]);
}

#[test]
fn chunk_headers_outside_the_grammar_are_refused() {
    let bad: [&[u8]; 11] = [
        b"\n#0\n",
        b"\n#01\na",
        b"\n##\n",
        b"#1\na",
        b"\n #1\na",
        b"\n#1 \na",
        b"\n#-1\n",
        b"\n#1\nab",
        b"\n#1\na\n\n#1\nb",
        b"\n#1\na\n##x",
        b"x",
    ];
    for wire in bad {
        let mut decoder = Decoder::new(Limits::default());
        decoder.set_framing(Framing::Chunked);
        decoder.push(wire);
        let error = decoder.next_message().unwrap_err();
        assert!(matches!(error, FramingError::BadChunkHeader { .. }), "{wire:?}: {error}");
    }
}

#[test]
fn the_largest_chunk_is_accepted_and_one_more_is_not() {
    let vast = Limits { max_message: u64::MAX / 2, ..Limits::default() };
    let mut decoder = Decoder::new(vast);
    decoder.set_framing(Framing::Chunked);
    decoder.push(&b"\n#4294967295\n"[..]);
    assert_eq!(decoder.next_message(), Ok(None));
    let mut decoder = Decoder::new(vast);
    decoder.set_framing(Framing::Chunked);
    decoder.push(&b"\n#4294967296\n"[..]);
    assert_eq!(decoder.next_message(), Err(FramingError::ChunkTooLarge));
}

#[test]
fn a_message_above_the_limit_is_refused_before_it_is_complete() {
    for framing in [Framing::EndOfMessage, Framing::Chunked] {
        let mut decoder = Decoder::new(Limits { max_message: 10, ..Limits::default() });
        decoder.set_framing(framing);
        let mut wire = BytesMut::new();
        encode(framing, &[b'a'; 11], &mut wire).unwrap();
        decoder.push(wire.split_to(wire.len() - 5).freeze());
        assert_eq!(decoder.next_message(), Err(FramingError::MessageTooLarge { limit: 10 }));
    }
}

#[test]
fn messages_that_cannot_be_framed_are_refused() {
    let mut out = BytesMut::new();
    assert_eq!(encode(Framing::Chunked, b"", &mut out), Err(FramingError::EmptyMessage));
    assert_eq!(encode(Framing::EndOfMessage, b"a]]>]]>b", &mut out), Err(FramingError::MarkInMessage));
    assert!(out.is_empty());
    encode(Framing::Chunked, b"a]]>]]>b", &mut out).unwrap();
    assert_eq!(&out[..], b"\n#8\na]]>]]>b\n##\n");
}

#[test]
fn a_large_message_is_written_in_several_chunks() {
    let message = vec![b'x'; WRITTEN_CHUNK * 2 + 1];
    let mut wire = BytesMut::new();
    encode(Framing::Chunked, &message, &mut wire).unwrap();
    assert!(wire.ends_with(b"\n#1\nx\n##\n"));
    assert_eq!(decode(Framing::Chunked, &wire, &[]).unwrap(), vec![message]);
}
