//! A message that is wanted whole, as text.

use std::sync::LazyLock;

use bytes::Bytes;
use memchr::memmem::Finder;

/// The word that every error has in it.
const RPC_ERROR: &str = "rpc-error";

/// Finds it; made once, as it costs more than looking through a small message.
static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(RPC_ERROR));

/// A message as text. Each part is looked at as it comes, while it is in the processor's cache: a large message is never
/// gone through again as a whole.
#[derive(Debug, Default)]
pub(crate) struct Message {
    text: String,
    /// The beginning of a character whose rest comes with the next part; at most 3 bytes.
    cut: Vec<u8>,
    /// Whether a part was not UTF-8. No more is kept then.
    is_broken: bool,
    may_have_errors: bool,
}

impl Message {
    /// Adds the next part.
    pub(crate) fn add(&mut self, part: &[u8]) {
        let part = if self.cut.is_empty() { part } else { self.complete(part) };
        if self.is_broken || part.is_empty() {
            return;
        }
        match str::from_utf8(part) {
            Ok(text) => self.push(text),
            Err(error) => {
                let (good, rest) = part.split_at(error.valid_up_to());
                if let Ok(good) = str::from_utf8(good) {
                    self.push(good);
                }
                match error.error_len() {
                    None => self.cut.extend_from_slice(rest),
                    Some(_) => self.break_off(),
                }
            }
        }
    }

    /// Whether the word that every `<rpc-error>` has is in it; it may stand there for something else.
    pub(crate) fn may_have_errors(&self) -> bool {
        self.may_have_errors
    }

    /// The text; `None` if it is not UTF-8.
    pub(crate) fn into_text(self) -> Option<String> {
        (!self.is_broken && self.cut.is_empty()).then_some(self.text)
    }

    fn push(&mut self, text: &str) {
        let from = self.text.len().saturating_sub(RPC_ERROR.len() - 1);
        self.text.push_str(text);
        if !self.may_have_errors {
            self.may_have_errors = FINDER.find(&self.text.as_bytes()[from..]).is_some();
        }
    }

    /// Completes the character that was cut, with bytes of `part`; what is left of it.
    fn complete<'p>(&mut self, part: &'p [u8]) -> &'p [u8] {
        let mut character = std::mem::take(&mut self.cut);
        for (at, byte) in part.iter().enumerate() {
            character.push(*byte);
            match str::from_utf8(&character) {
                Ok(text) => {
                    self.push(text);
                    return &part[at + 1..];
                }
                Err(error) if error.error_len().is_some() => {
                    self.break_off();
                    return &[];
                }
                Err(_) => {}
            }
        }
        self.cut = character;
        &[]
    }

    fn break_off(&mut self) {
        *self = Message { is_broken: true, ..Message::default() };
    }
}

impl From<Bytes> for Message {
    /// Copies nothing if nobody else holds the bytes.
    fn from(bytes: Bytes) -> Self {
        let mut message = Message::default();
        match String::from_utf8(Vec::from(bytes)) {
            Ok(text) => {
                message.may_have_errors = FINDER.find(text.as_bytes()).is_some();
                message.text = text;
            }
            Err(error) => message.add(error.as_bytes()),
        }
        message
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_parts(bytes: &[u8], size: usize) -> Message {
        let mut message = Message::default();
        bytes.chunks(size).for_each(|part| message.add(part));
        message
    }

    #[test]
    fn the_word_is_found_wherever_the_message_is_cut() {
        let text = "<rpc-reply>grün ≤ 𝄞<n:rpc-error/></rpc-reply>";
        for size in 1..=text.len() {
            let message = in_parts(text.as_bytes(), size);
            assert!(message.may_have_errors(), "{size}");
            assert_eq!(message.into_text().as_deref(), Some(text), "{size}");
        }
        assert!(!in_parts(b"<rpc-reply>rpc-erro<a/>r</rpc-reply>", 3).may_have_errors());
    }

    proptest! {
        /// What the standard library says of the whole, however it is cut.
        #[test]
        fn any_bytes_in_any_parts_are_text_or_not(
            pieces in proptest::collection::vec(
                prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..3),
                    "[a≤ü𝄞]{0,4}".prop_map(String::into_bytes),
                    Just(b"rpc-error".to_vec()),
                ],
                0..8,
            ),
            size in 1usize..12,
        ) {
            let bytes = pieces.concat();
            let wanted = String::from_utf8(bytes.clone()).ok();
            for message in [in_parts(&bytes, size), Message::from(Bytes::from(bytes.clone()))] {
                if let Some(text) = &wanted {
                    prop_assert_eq!(message.may_have_errors(), text.contains(RPC_ERROR));
                }
                prop_assert_eq!(message.into_text(), wanted.clone());
            }
        }
    }
}
