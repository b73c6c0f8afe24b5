//! Names and ids: each its own type, made only by parsing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The id of a change: a UUID of version 7, so that ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChangeId(Uuid);

impl ChangeId {
    /// Takes a UUID made by the caller, who owns clock and randomness.
    #[must_use]
    pub fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ChangeId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Uuid::parse_str(text).map(Self).map_err(|_| NameError::new("change id", text, "a UUID"))
    }
}

/// A text that is no valid name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {text:?} is not {expected}")]
pub struct NameError {
    kind: &'static str,
    text: String,
    expected: &'static str,
}

impl NameError {
    fn new(kind: &'static str, text: &str, expected: &'static str) -> Self {
        Self { kind, text: text.chars().take(80).collect(), expected }
    }
}

macro_rules! text_name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(NameError::new($kind, text, $expected)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_name!(
    /// A device's name in the source of truth: 1 to 64 characters, none of them one that steers the display (control characters, and those
    /// that turn the direction of writing, which make a name look like another one).
    DeviceName,
    "Device",
    "a name of 1 to 64 printable characters",
    |text| !text.trim().is_empty() && text.chars().count() <= 64 && !text.chars().any(crate::request::is_unprintable)
);

text_name!(
    /// A full interface name: letters, then a port number such as `5`, `1/0/5` or `1/0/5.100`.
    InterfaceName,
    "Interface",
    "a full name with a port number, such as GigabitEthernet1/0/5",
    is_interface_name
);

text_name!(
    /// An e-mail address, kept in lower case: addresses are compared without case.
    Email,
    "E-mail address",
    "of the form name@host",
    |text| {
        text.len() <= 254
            && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
            && !text.chars().any(|c| c.is_control() || c.is_whitespace() || c.is_uppercase())
    }
);

text_name!(
    /// Digest of a plan: `sha256:` and 64 hexadecimal digits.
    PlanDigest,
    "Plan digest",
    "sha256: and 64 hexadecimal digits",
    |text| {
        text.strip_prefix("sha256:")
            .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
    }
);

impl Email {
    /// Parses an address in any case.
    ///
    /// # Errors
    /// When it is not of the form `name@host`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        text.trim().to_lowercase().parse()
    }
}

fn is_interface_name(text: &str) -> bool {
    let letters = text.find(|c: char| !(c.is_ascii_alphabetic() || c == '-')).unwrap_or(text.len());
    let (kind, port) = text.split_at(letters);
    let (port, subinterface) = port.split_once('.').map_or((port, None), |(port, sub)| (port, Some(sub)));
    let number = |part: &str| !part.is_empty() && part.len() <= 5 && part.bytes().all(|b| b.is_ascii_digit());
    text.len() <= 64
        && kind.starts_with(|c: char| c.is_ascii_alphabetic())
        && port.split('/').all(number)
        && subinterface.is_none_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_name_needs_a_port_number() {
        for good in ["GigabitEthernet1/0/5", "Port-channel1", "Vlan100", "TenGigabitEthernet1/1/1.200"] {
            assert!(good.parse::<InterfaceName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "GigabitEthernet",
            "1/0/5",
            "GigabitEthernet1//5",
            "GigabitEthernet1/0/",
            "Gi1/0/5\n",
            "Gi 1/0/5",
            "Gi1/0/5.",
            "Gi1/0/x",
        ] {
            assert!(bad.parse::<InterfaceName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn addresses_are_compared_without_case() {
        assert_eq!(Email::parse(" Lead@Example.NET").unwrap(), Email::parse("lead@example.net").unwrap());
        assert!(Email::parse("nobody").is_err());
        assert!(Email::parse("a@b@c").is_err());
    }
}
