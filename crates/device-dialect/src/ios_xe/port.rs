//! Names of interfaces: `GigabitEthernet1/0/5` is entry `1/0/5` of the list `GigabitEthernet`.

use crate::edit::{Path, keyed, path};
use crate::error::DialectError;

use super::NATIVE;

/// The lists of the native model that netchange knows, and whether their ports can switch.
const TYPES: &[(&str, bool)] = &[
    ("AppGigabitEthernet", true),
    ("BDI", false),
    ("Ethernet", false),
    ("FastEthernet", true),
    ("FiftyGigabitEthernet", false),
    ("FiveGigabitEthernet", true),
    ("FortyGigabitEthernet", true),
    ("FourHundredGigE", false),
    ("GigabitEthernet", true),
    ("HundredGigE", true),
    ("Loopback", false),
    ("Port-channel", true),
    ("TenGigabitEthernet", true),
    ("Tunnel", false),
    ("TwentyFiveGigE", true),
    ("TwoGigabitEthernet", true),
    ("TwoHundredGigE", false),
    ("VirtualPortGroup", false),
    ("Vlan", false),
];

/// Types whose name is one number.
const NUMBERED: &[&str] = &["BDI", "Loopback", "Port-channel", "Tunnel", "VirtualPortGroup", "Vlan"];

/// An interface by the list that holds it and its key there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) list: &'static str,
    pub(super) key: String,
    switching: bool,
}

impl Port {
    pub(super) fn parse(name: &str) -> Result<Self, DialectError> {
        let refused = || DialectError::Interface(name.to_owned());
        let at = name.find(|c: char| c.is_ascii_digit()).ok_or_else(refused)?;
        let (list, key) = name.split_at(at);
        let (list, switching) = *TYPES.iter().find(|(known, _)| *known == list).ok_or_else(refused)?;
        let (place, sub) = key.split_once('.').map_or((key, None), |(place, sub)| (place, Some(sub)));
        let number = |text: &str| {
            text.len() <= 10
                && text.bytes().all(|b| b.is_ascii_digit())
                && (text == "0" || !text.starts_with('0'))
        };
        let whole = |text: &str| !text.is_empty() && number(text);
        let one = !place.contains('/') || !NUMBERED.contains(&list);
        let has_subs = switching || matches!(list, "Ethernet" | "FourHundredGigE" | "TwoHundredGigE");
        if one && place.split('/').all(whole) && sub.is_none_or(|sub| has_subs && whole(sub)) {
            Ok(Self { list, key: key.to_owned(), switching })
        } else {
            Err(refused())
        }
    }

    pub(super) fn is_subinterface(&self) -> bool {
        self.key.contains('.')
    }

    pub(super) fn switches(&self) -> bool {
        self.switching && !self.is_subinterface()
    }

    /// The steps to the list, from the top.
    pub(super) fn lists(&self) -> String {
        match (self.list, self.is_subinterface()) {
            ("Port-channel", true) => "interface/Port-channel-subinterface/Port-channel".to_owned(),
            (list, _) => format!("interface/{list}"),
        }
    }

    /// The entry, from the top.
    pub(super) fn path(&self) -> Path {
        keyed(path(&[(NATIVE, &format!("native/{}", self.lists()))]), "name", self.key.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_name_is_split_into_list_and_key() {
        for (name, list, key) in [
            ("GigabitEthernet1/0/5", "GigabitEthernet", "1/0/5"),
            ("GigabitEthernet0/0", "GigabitEthernet", "0/0"),
            ("TwentyFiveGigE1/1/1", "TwentyFiveGigE", "1/1/1"),
            ("Port-channel12", "Port-channel", "12"),
            ("Vlan100", "Vlan", "100"),
            ("GigabitEthernet1/0/5.100", "GigabitEthernet", "1/0/5.100"),
        ] {
            let port = Port::parse(name).unwrap();
            assert_eq!((port.list, port.key.as_str()), (list, key));
        }
    }

    #[test]
    fn an_abbreviation_or_half_a_name_is_refused() {
        for name in [
            "",
            "Gi1/0/5",
            "gigabitethernet1/0/5",
            "GigabitEthernet",
            "GigabitEthernet1/0/",
            "GigabitEthernet 1/0/5",
            "GigabitEthernet1//5",
            "GigabitEthernet1/0/5.",
            "Vlan1/0",
            "Vlan1.5",
            "GigabitEthernet01/0/5",
            "GigabitEthernet1/0/5<",
            "1/0/5",
            "GigabitEthernet1/0/5.1.2",
        ] {
            assert!(Port::parse(name).is_err(), "{name:?}");
        }
    }
}
