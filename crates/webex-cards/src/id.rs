//! The identifiers of Webex: opaque strings, one type for each kind of thing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest identifier that is taken, in bytes; real ones are about 80.
const MAX_ID_BYTES: usize = 512;

/// A text that cannot be a Webex identifier: empty, over 512 bytes, or with anything but visible ASCII in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Webex identifier")]
pub struct InvalidId;

fn check(text: &str) -> Result<(), InvalidId> {
    // `.` and `..` would be taken out of a URL's path as dot segments.
    let shape = (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if shape && text != "." && text != ".." { Ok(()) } else { Err(InvalidId) }
}

macro_rules! id {
    ($name:ident, $what:literal) => {
        #[doc = concat!("Identifier of ", $what, ". Opaque: compare it, send it back, never take it apart.")]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as Webex wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                check(text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                check(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(PersonId, "a person (a bot is one too)");
id!(RoomId, "a space, direct or group");
id!(MessageId, "a message; a card is a message");
id!(ActionId, "an attachment action, that is one press of a card's button");
id!(MembershipId, "a person's membership of a space");
id!(WebhookId, "a registered webhook");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_that_would_change_a_path_is_refused() {
        for text in ["", ".", "..", "a b", "a\nb", "ä", &"x".repeat(513)] {
            assert_eq!(text.parse::<MessageId>(), Err(InvalidId), "{text:?}");
        }
        assert!(serde_json::from_str::<PersonId>("\"\"").is_err());
    }

    #[test]
    fn an_identifier_goes_through_json_unchanged() {
        let id: RoomId = serde_json::from_str("\"Y2lzY29-_=\"").unwrap();
        assert_eq!(id.as_str(), "Y2lzY29-_=");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"Y2lzY29-_=\"");
    }
}
