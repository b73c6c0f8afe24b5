//! Replies made of the names that the dialects know, in any nesting: a byte opens an element, closes one, or puts a value.
#![no_main]

mod judge;

use libfuzzer_sys::fuzz_target;

const NATIVE: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-native";
const SWITCH: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-switch";
const OC: &str = "http://openconfig.net/yang/interfaces";
const IF: &str = "urn:ietf:params:xml:ns:yang:ietf-interfaces";

/// Where most inputs begin: the entry of the port, so that what follows is inside it.
const STARTS: [(&str, &str); 4] = [
    ("", ""),
    (
        "<native xmlns=\"http://cisco.com/ns/yang/Cisco-IOS-XE-native\"><interface><GigabitEthernet><name>1/0/5</name>",
        "</GigabitEthernet></interface></native>",
    ),
    (
        "<interfaces xmlns=\"http://openconfig.net/yang/interfaces\"><interface><name>GigabitEthernet1/0/5</name>",
        "</interface></interfaces>",
    ),
    (
        "<interfaces xmlns=\"urn:ietf:params:xml:ns:yang:ietf-interfaces\"><interface><name>GigabitEthernet1/0/5</name>",
        "</interface></interfaces>",
    ),
];

const NAMES: [(&str, &[&str]); 10] = [
    (NATIVE, &["native", "interface", "GigabitEthernet", "name", "shutdown", "description", "mtu", "switchport-conf"]),
    (NATIVE, &["switchport-config", "switchport", "ip", "ipv6", "address", "primary", "secondary", "mask"]),
    (NATIVE, &["prefix-list", "prefix", "dhcp", "negotiated", "unnumbered", "encapsulation", "dot1Q", "vlan"]),
    (SWITCH, &["mode", "access", "trunk", "dynamic", "allowed", "native", "vlan", "vlans"]),
    (SWITCH, &["vlan-id", "vlan-config", "tag", "none", "all", "except", "voice", "nonegotiate"]),
    ("http://cisco.com/ns/yang/Cisco-IOS-XE-ethernet", &["channel-group", "number", "mode"]),
    ("http://cisco.com/ns/yang/Cisco-IOS-XE-vlan", &["vlan-list", "id", "name", "state", "shutdown"]),
    (OC, &["config", "enabled", "description", "mtu", "index", "subinterfaces", "subinterface", "type"]),
    ("urn:ietf:params:xml:ns:yang:ietf-ip", &["ipv4", "ipv6", "address", "ip", "prefix-length", "netmask", "mtu"]),
    (IF, &["interfaces", "interface", "name", "enabled", "description", "type"]),
];

const MORE: [(&str, &[&str]); 4] = [
    ("http://openconfig.net/yang/interfaces/ethernet", &["ethernet", "config", "auto-negotiate"]),
    ("http://openconfig.net/yang/interfaces/aggregate", &["aggregate-id"]),
    (
        "http://openconfig.net/yang/vlan",
        &["switched-vlan", "config", "interface-mode", "access-vlan", "native-vlan", "trunk-vlans"],
    ),
    ("http://openconfig.net/yang/interfaces/ip", &["ipv4", "ipv6", "addresses", "address", "ip", "config", "prefix-length"]),
];

const VALUES: [&str; 24] = [
    "", " ", "true", "false", "0", "1", "100", "4094", "4095", "70000", "1/0/5", "ACCESS", "TRUNK", "10, 20", "1-4094", "20..30", "dynamic",
    "tag", "192.0.2.1", "255.255.255.0", "255.0.255.0", "2001:DB8::1/64", "2001:db8::1", "Port-channel7",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (open, close) = STARTS[usize::from(first % 4)];
    let mut reply = open.to_owned();
    let names: Vec<(&str, &str)> =
        NAMES.iter().chain(&MORE).flat_map(|(ns, names)| names.iter().map(move |name| (*ns, *name))).collect();
    let mut stack: Vec<&str> = Vec::new();
    for byte in rest.iter().map(|byte| usize::from(*byte)) {
        match names.get(byte) {
            Some((ns, name)) => {
                reply.push_str(&format!("<{name} xmlns=\"{ns}\">"));
                stack.push(name);
            }
            None if byte < names.len() + VALUES.len() => reply.push_str(VALUES[byte - names.len()]),
            None => stack.pop().into_iter().for_each(|name| reply.push_str(&format!("</{name}>"))),
        }
    }
    while let Some(name) = stack.pop() {
        reply.push_str(&format!("</{name}>"));
    }
    reply.push_str(close);
    judge::judge(&reply);
});
