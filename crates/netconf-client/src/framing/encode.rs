//! Writing messages in either framing.

use bytes::BytesMut;

use super::{END_OF_CHUNKS, END_OF_MESSAGE, Framing, FramingError, WRITTEN_CHUNK};

/// Appends `message` to `out`, framed.
///
/// Chunks have at most [`WRITTEN_CHUNK`] bytes. On an error `out` is as it was.
///
/// # Errors
/// [`FramingError::EmptyMessage`], and in end-of-message framing [`FramingError::MarkInMessage`].
pub fn encode(framing: Framing, message: &[u8], out: &mut BytesMut) -> Result<(), FramingError> {
    if message.is_empty() {
        return Err(FramingError::EmptyMessage);
    }
    match framing {
        Framing::EndOfMessage => {
            if memchr::memmem::find(message, END_OF_MESSAGE).is_some() {
                return Err(FramingError::MarkInMessage);
            }
            out.reserve(message.len() + END_OF_MESSAGE.len());
            out.extend_from_slice(message);
            out.extend_from_slice(END_OF_MESSAGE);
        }
        Framing::Chunked => {
            out.reserve(message.len() + (message.len() / WRITTEN_CHUNK + 2) * 12);
            for chunk in message.chunks(WRITTEN_CHUNK) {
                out.extend_from_slice(b"\n#");
                push_decimal(chunk.len(), out);
                out.extend_from_slice(b"\n");
                out.extend_from_slice(chunk);
            }
            out.extend_from_slice(END_OF_CHUNKS);
        }
    }
    Ok(())
}

fn push_decimal(mut number: usize, out: &mut BytesMut) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
