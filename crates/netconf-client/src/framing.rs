//! The two framings of NETCONF over a byte stream (RFC 6242, section 4), as a pure codec: bytes in, messages out.
//!
//! Nothing here reads or writes a stream, so a client and a server use it alike, and every split of the input
//! can be tested. A session begins with [`Framing::EndOfMessage`]; after the hellos, both sides switch to
//! [`Framing::Chunked`] if both offered `:base:1.1`.
//!
//! ```
//! use bytes::BytesMut;
//! use netconf_client::framing::{self, Decoder, Framing, Limits};
//!
//! let mut wire = BytesMut::new();
//! framing::encode(Framing::EndOfMessage, b"<hello/>", &mut wire)?;
//! framing::encode(Framing::Chunked, b"<rpc/>", &mut wire)?;
//! assert_eq!(&wire[..], b"<hello/>]]>]]>\n#6\n<rpc/>\n##\n");
//!
//! let mut decoder = Decoder::new(Limits::default());
//! decoder.push(wire.freeze());
//! assert_eq!(decoder.next_message()?.as_deref(), Some(&b"<hello/>"[..]));
//! decoder.set_framing(Framing::Chunked);
//! assert_eq!(decoder.next_message()?.as_deref(), Some(&b"<rpc/>"[..]));
//! assert_eq!(decoder.next_message()?, None);
//! # Ok::<(), framing::FramingError>(())
//! ```

mod encode;

use bytes::{Buf, Bytes, BytesMut};

pub use encode::encode;

/// What ends a message in [`Framing::EndOfMessage`] (RFC 6242, section 4.3).
pub const END_OF_MESSAGE: &[u8] = b"]]>]]>";

/// What ends a message in [`Framing::Chunked`] (RFC 6242, section 4.2).
pub const END_OF_CHUNKS: &[u8] = b"\n##\n";

/// Bytes in the largest chunk that [`encode`] writes. Readers accept up to [`MAX_CHUNK`]; some peers do not.
pub const WRITTEN_CHUNK: usize = 64 * 1024;

/// Bytes in the largest chunk a peer may send: 4294967295 (RFC 6242, section 4.2).
pub const MAX_CHUNK: u64 = 4_294_967_295;

/// How messages are told apart on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Framing {
    /// Each message is followed by `]]>]]>`: every hello, and sessions of `:base:1.0`.
    #[default]
    EndOfMessage,
    /// Each message is a series of `\n#LENGTH\n` chunks ended by `\n##\n`: sessions of `:base:1.1`.
    Chunked,
}

/// What a [`Decoder`] accepts before it gives up on the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one whole message. Pieces of a streamed message count too.
    pub max_message: u64,
    /// Levels of nested elements in one message, applied by whoever parses the message as XML.
    pub max_depth: usize,
}

impl Limits {
    /// 512 MiB in one message, 512 levels of elements.
    pub const DEFAULT: Limits = Limits { max_message: 512 << 20, max_depth: 512 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Why bytes are not a series of messages, or a message cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FramingError {
    /// The byte cannot stand here in a chunk header (RFC 6242, section 4.2).
    #[error("byte 0x{byte:02x} where chunked framing wants {wanted}")]
    BadChunkHeader {
        /// The byte found.
        byte: u8,
        /// What could have stood there.
        wanted: &'static str,
    },
    /// A chunk is larger than [`MAX_CHUNK`].
    #[error("a chunk is larger than {MAX_CHUNK} bytes")]
    ChunkTooLarge,
    /// A message is larger than [`Limits::max_message`].
    #[error("a message is larger than the limit of {limit} bytes")]
    MessageTooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The message to be written has no bytes, which chunked framing cannot express.
    #[error("an empty message cannot be framed")]
    EmptyMessage,
    /// The message to be written contains `]]>]]>`, which end-of-message framing cannot carry.
    #[error("the message contains the end-of-message mark")]
    MarkInMessage,
}

/// A part of a message, as [`Decoder::next_piece`] hands it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The next bytes of the message; never empty.
    Data(Bytes),
    /// The message is complete.
    End,
}

/// Puts the pieces of a message together; one that comes in a single piece is not copied.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    /// The message while it has one piece only.
    only: Bytes,
    /// The message once it has more.
    joined: BytesMut,
}

impl Assembler {
    pub(crate) fn add(&mut self, data: Bytes) {
        if self.joined.is_empty() && self.only.is_empty() {
            self.only = data;
            return;
        }
        if !self.only.is_empty() {
            self.joined.reserve(self.only.len() + data.len());
            self.joined.extend_from_slice(&std::mem::take(&mut self.only));
        }
        self.joined.extend_from_slice(&data);
    }

    /// What there is so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.joined.is_empty() { &self.only } else { &self.joined }
    }

    /// The message, leaving nothing. Its buffer is its own, so that turning it into a `Vec` costs nothing.
    pub(crate) fn take(&mut self) -> Bytes {
        let only = std::mem::take(&mut self.only);
        if self.joined.is_empty() { only } else { std::mem::take(&mut self.joined).freeze() }
    }
}

/// Where the decoder stands in chunked framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunk {
    /// Before the first chunk of a message; white space here is skipped, `after_newline` says whether it ended in one.
    Idle { after_newline: bool },
    /// After a chunk: wants the newline that opens the next header.
    Newline,
    /// After that newline: wants `#`.
    Hash { first: bool },
    /// After `#`: wants the first digit, or the second `#` if this is not the first chunk.
    FirstDigit { first: bool },
    /// In the digits of the length.
    Digits { length: u64 },
    /// After `##`: wants the newline that ends the message.
    LastNewline,
    /// In a chunk, with this many bytes to come.
    Body { left: u64 },
}

/// Turns bytes into messages, whatever the split; never looks at the XML.
///
/// Strict where RFC 6242 is, with one tolerance that servers need: white space between two messages of chunked
/// framing is skipped (some send a line feed after the hello's `]]>]]>`).
/// After an error the decoder is of no more use: the place of the next message is not known.
#[derive(Debug)]
pub struct Decoder {
    framing: Framing,
    limits: Limits,
    input: Bytes,
    /// Bytes of [`END_OF_MESSAGE`] seen at the end of the input so far.
    held: usize,
    chunk: Chunk,
    /// Bytes of the current message handed out so far.
    size: u64,
    /// The current message, for [`Decoder::next_message`].
    message: Assembler,
}

impl Decoder {
    /// A decoder that begins in [`Framing::EndOfMessage`], as every session does.
    pub fn new(limits: Limits) -> Self {
        Decoder {
            framing: Framing::EndOfMessage,
            limits,
            input: Bytes::new(),
            held: 0,
            chunk: Chunk::Idle { after_newline: false },
            size: 0,
            message: Assembler::default(),
        }
    }

    /// The framing in use.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// The limits in use.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Changes the limits, from the next bytes on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Changes the framing; call it between two messages. Input that was pushed and not yet decoded is kept and
    /// read in the new framing.
    pub fn set_framing(&mut self, framing: Framing) {
        debug_assert!(self.is_between_messages(), "framing changes between messages only");
        self.framing = framing;
        self.chunk = Chunk::Idle { after_newline: false };
    }

    /// Whether everything decoded so far ends with the end of a message: false in the middle of one.
    pub fn is_between_messages(&self) -> bool {
        self.size == 0 && self.held == 0 && matches!(self.chunk, Chunk::Idle { .. })
    }

    /// Adds bytes from the peer. Costs a copy only if earlier input has not been decoded yet.
    pub fn push(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if self.input.is_empty() {
            self.input = bytes;
        } else {
            let mut joined = BytesMut::with_capacity(self.input.len() + bytes.len());
            joined.extend_from_slice(&self.input);
            joined.extend_from_slice(&bytes);
            self.input = joined.freeze();
        }
    }

    /// The next whole message without its framing; `None` until more bytes are pushed.
    ///
    /// # Errors
    /// Bytes that are not RFC 6242 framing, or a message above the limit.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, FramingError> {
        while let Some(piece) = self.next_piece()? {
            match piece {
                Piece::Data(data) => self.message.add(data),
                Piece::End => return Ok(Some(self.message.take())),
            }
        }
        Ok(None)
    }

    /// The next part of a message, so that a large one need not be held in memory; `None` until more bytes are
    /// pushed. Where a message is cut follows from the input and means nothing.
    ///
    /// # Errors
    /// Bytes that are not RFC 6242 framing, or a message above the limit.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, FramingError> {
        let piece = match self.framing {
            Framing::EndOfMessage => self.marked_piece(),
            Framing::Chunked => self.chunked_piece()?,
        };
        match &piece {
            Some(Piece::Data(data)) => {
                self.size += data.len() as u64;
                if self.size > self.limits.max_message {
                    return Err(FramingError::MessageTooLarge { limit: self.limits.max_message });
                }
            }
            Some(Piece::End) => self.size = 0,
            None => {}
        }
        Ok(piece)
    }

    fn marked_piece(&mut self) -> Option<Piece> {
        while self.held > 0 {
            let byte = *self.input.first()?;
            if byte == END_OF_MESSAGE[self.held] {
                self.input.advance(1);
                self.held += 1;
                if self.held == END_OF_MESSAGE.len() {
                    self.held = 0;
                    return Some(Piece::End);
                }
            } else {
                // The held bytes were not the mark. Keep the longest tail of them that may still begin it.
                let keep = (0..self.held)
                    .rev()
                    .find(|&k| END_OF_MESSAGE[self.held - k..self.held] == END_OF_MESSAGE[..k]);
                let keep = keep.unwrap_or(0);
                let data = Bytes::from_static(&END_OF_MESSAGE[..self.held - keep]);
                self.held = keep;
                return Some(Piece::Data(data));
            }
        }
        if self.input.is_empty() {
            return None;
        }
        match memchr::memmem::find(&self.input, END_OF_MESSAGE) {
            Some(0) => {
                self.input.advance(END_OF_MESSAGE.len());
                Some(Piece::End)
            }
            Some(at) => Some(Piece::Data(self.input.split_to(at))),
            None => {
                let length = self.input.len();
                let longest = length.min(END_OF_MESSAGE.len() - 1);
                let tail = (1..=longest)
                    .rev()
                    .find(|&k| self.input[length - k..] == END_OF_MESSAGE[..k])
                    .unwrap_or(0);
                let data = self.input.split_to(length - tail);
                self.input.clear();
                self.held = tail;
                (!data.is_empty()).then_some(Piece::Data(data))
            }
        }
    }

    fn chunked_piece(&mut self) -> Result<Option<Piece>, FramingError> {
        while !self.input.is_empty() {
            if let Chunk::Body { left } = self.chunk {
                let take = self.input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - take as u64;
                self.chunk = if left == 0 { Chunk::Newline } else { Chunk::Body { left } };
                return Ok(Some(Piece::Data(self.input.split_to(take))));
            }
            let byte = self.input.get_u8();
            let (next, end) = self.chunk_header(byte)?;
            self.chunk = next;
            if end {
                return Ok(Some(Piece::End));
            }
        }
        Ok(None)
    }

    /// One byte of a chunk header: the next place, and whether the message ends here.
    fn chunk_header(&self, byte: u8) -> Result<(Chunk, bool), FramingError> {
        let bad = |wanted| Err(FramingError::BadChunkHeader { byte, wanted });
        let next = match (self.chunk, byte) {
            (Chunk::Idle { after_newline: true }, b'#') => Chunk::FirstDigit { first: true },
            (Chunk::Idle { .. }, b'\n') => Chunk::Idle { after_newline: true },
            (Chunk::Idle { .. }, b' ' | b'\t' | b'\r') => Chunk::Idle { after_newline: false },
            (Chunk::Idle { .. }, _) => return bad("the line feed and # of a first chunk"),
            (Chunk::Newline, b'\n') => Chunk::Hash { first: false },
            (Chunk::Newline | Chunk::LastNewline, _) if byte != b'\n' => return bad("a line feed"),
            (Chunk::LastNewline, _) => return Ok((Chunk::Idle { after_newline: false }, true)),
            (Chunk::Hash { first }, b'#') => Chunk::FirstDigit { first },
            (Chunk::FirstDigit { first: false }, b'#') => Chunk::LastNewline,
            (Chunk::FirstDigit { .. }, b'1'..=b'9') => Chunk::Digits { length: u64::from(byte - b'0') },
            (Chunk::Digits { length }, b'0'..=b'9') => {
                let length = length * 10 + u64::from(byte - b'0');
                if length > MAX_CHUNK {
                    return Err(FramingError::ChunkTooLarge);
                }
                Chunk::Digits { length }
            }
            (Chunk::Digits { length }, b'\n') => {
                if self.size.saturating_add(length) > self.limits.max_message {
                    return Err(FramingError::MessageTooLarge { limit: self.limits.max_message });
                }
                Chunk::Body { left: length }
            }
            (Chunk::Newline | Chunk::Hash { .. }, _) => return bad("#"),
            (Chunk::FirstDigit { .. }, _) => return bad("a digit from 1 to 9"),
            (Chunk::Digits { .. } | Chunk::Body { .. }, _) => return bad("a digit or a line feed"),
        };
        Ok((next, false))
    }
}

#[cfg(test)]
mod tests;
