//! Namespaces and the way interfaces are named.

/// Namespace of the native model.
pub(crate) const NATIVE: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-native";
/// Namespace of its switch part.
pub(crate) const SWITCH: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-switch";
/// Namespace of its VLAN part.
pub(crate) const VLAN: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-vlan";
/// Namespace of its spanning-tree part.
pub(crate) const SPANNING_TREE: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-spanning-tree";

/// The prefixes that the model's modules give themselves.
const PREFIXES: [(&str, &str); 6] = [
    (NATIVE, "ios"),
    (SWITCH, "ios-sw"),
    (VLAN, "ios-vlan"),
    (SPANNING_TREE, "ios-stp"),
    ("http://cisco.com/ns/yang/Cisco-IOS-XE-ethernet", "ios-eth"),
    ("http://cisco.com/ns/yang/Cisco-IOS-XE-cdp", "ios-cdp"),
];

/// The prefix of a module of the model.
pub(crate) fn prefix(ns: &str) -> Option<&'static str> {
    PREFIXES.iter().find(|(known, _)| *known == ns).map(|(_, prefix)| *prefix)
}

/// Splits `GigabitEthernet1/0/5` into the list's name and the key: `GigabitEthernet` and `1/0/5`.
pub(crate) fn split(interface: &str) -> Option<(&str, &str)> {
    // TwentyFiveGigE and HundredGigE end in a letter, Port-channel too: the key begins at the first digit.
    let at = interface.find(|c: char| c.is_ascii_digit())?;
    (at > 0).then(|| interface.split_at(at))
}

/// Types of interfaces that are hardware: they can be neither made nor removed by configuration.
const PHYSICAL: [&str; 8] = [
    "FastEthernet",
    "GigabitEthernet",
    "TwoGigabitEthernet",
    "FiveGigabitEthernet",
    "TenGigabitEthernet",
    "TwentyFiveGigE",
    "FortyGigabitEthernet",
    "HundredGigE",
];

/// Whether an interface of that type and key would be hardware; sub-interfaces are not.
pub(crate) fn is_physical(kind: &str, key: &str) -> bool {
    (PHYSICAL.contains(&kind) || kind == "AppGigabitEthernet") && !key.contains('.')
}

/// The hardware of the lab's switch: the management port and so many others, all GigabitEthernet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hardware {
    pub(crate) ports: u8,
}

impl Hardware {
    /// The keys of its interfaces.
    pub(crate) fn keys(self) -> impl Iterator<Item = String> {
        std::iter::once("0/0".to_owned()).chain((1..=self.ports).map(|port| format!("1/0/{port}")))
    }

    fn has(self, key: &str) -> bool {
        let port = key.strip_prefix("1/0/").and_then(|port| port.parse::<u8>().ok());
        key == "0/0"
            || port.is_some_and(|port| (1..=self.ports).contains(&port) && key == format!("1/0/{port}"))
    }

    /// Whether an interface would be hardware that the switch does not have.
    pub(crate) fn lacks(self, kind: &str, key: &str) -> bool {
        is_physical(kind, key) && !(kind == "GigabitEthernet" && self.has(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_is_what_the_switch_has_and_nothing_else() {
        let hardware = Hardware { ports: 24 };
        assert_eq!(hardware.keys().count(), 25);
        assert!(hardware.keys().all(|key| !hardware.lacks("GigabitEthernet", &key)));
        for key in ["1/0/0", "1/0/25", "1/0/05", "2/0/1", "1/0/"] {
            assert!(hardware.lacks("GigabitEthernet", key), "{key}");
        }
        assert!(hardware.lacks("TenGigabitEthernet", "1/0/1"));
        assert!(!hardware.lacks("Vlan", "100"));
    }

    #[test]
    fn a_name_is_split_at_its_first_digit() {
        assert_eq!(split("GigabitEthernet1/0/5"), Some(("GigabitEthernet", "1/0/5")));
        assert_eq!(split("Port-channel1"), Some(("Port-channel", "1")));
        assert_eq!(split("TwentyFiveGigE1/1/1"), Some(("TwentyFiveGigE", "1/1/1")));
        assert_eq!(split("1/0/5"), None);
        assert_eq!(split("Vlan"), None);
    }
}
