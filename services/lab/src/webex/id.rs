//! Identifiers as Webex makes them: base64 of `ciscospark://us/TYPE/uuid`, without padding.

use std::fmt::Display;

use uuid::Uuid;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// An identifier for what has this name, a uuid mostly.
pub(super) fn of(kind: &str, name: impl Display) -> String {
    encode(format!("ciscospark://us/{kind}/{name}").as_bytes())
}

/// A fresh identifier.
pub(super) fn fresh(kind: &str) -> String {
    of(kind, Uuid::new_v4())
}

/// An identifier that is the same in every lab.
pub(super) fn fixed(kind: &str, number: u32) -> String {
    of(kind, Uuid::from_fields(number, 0x5c1d, 0x4e7a, &[0x9b, 0x21, 0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f]))
}

fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 4 / 3 + 2);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            let six = word >> (18 - 6 * index) & 63;
            out.push(char::from(ALPHABET[six as usize]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_no_padding() {
        assert_eq!(encode(b""), "");
        assert_eq!(encode(b"f"), "Zg");
        assert_eq!(encode(b"fo"), "Zm8");
        assert_eq!(encode(b"foo"), "Zm9v");
        assert_eq!(encode(b"\xff\xfe\xfd\xfc"), "__79_A");
    }

    #[test]
    fn identifiers_look_like_those_of_webex() {
        let expected = "Y2lzY29zcGFyazovL3VzL01FU1NBR0UvMDAwMDAwMDUtNWMxZC00ZTdhLTliMjEtMGExYjJjM2Q0ZTVm";
        assert_eq!(fixed("MESSAGE", 5), expected);
        assert_ne!(fresh("MESSAGE"), fresh("MESSAGE"));
    }
}
