//! The law for OpenConfig.

use change_model::interface::{InterfaceState, SwitchportMode};
use change_model::vlan::AllowedVlans;
use device_dialect::{Dialect, OpenConfig, Save};
use proptest::prelude::*;

use crate::states::{Beside, beside, cases, fields, law, push};
use crate::tree::Tree;

pub(crate) const ENTRY: &str = "oc:interfaces oc:interface[name=Ethernet1]";
const OWN: &str = "oc:subinterfaces oc:subinterface[index=0] ";

/// What the model can say: no switch leaf, no empty trunk, addresses in one order.
pub(crate) fn expressible(mut state: InterfaceState) -> InterfaceState {
    state.switchport = None;
    state.allowed_vlans = state.allowed_vlans.filter(|set| *set != AllowedVlans::only([]));
    let mut all: Vec<_> = state.ipv4.into_iter().chain(state.ipv4_secondary).collect();
    all.sort();
    state.ipv4 = all.first().copied();
    state.ipv4_secondary = all.into_iter().skip(1).collect();
    state
}

pub(crate) fn complete(mut state: InterfaceState, beside: &Beside) -> InterfaceState {
    if beside.plain {
        push(&mut state, "config/type", "ianaift:ethernetCsmacd");
        push(&mut state, "ethernet/config/auto-negotiate", "false");
        push(&mut state, "subinterfaces/subinterface[index='7']/config/description", "x");
        push(&mut state, "subinterfaces/subinterface[index='7']/config/index", "7");
    }
    if beside.spelled && state.enabled {
        push(&mut state, "config/enabled", "true");
    }
    if beside.raw_list == 1
        && let Some(AllowedVlans::Only(vlans)) = &state.allowed_vlans
        && vlans.len() > 2
    {
        let values: Vec<_> = vlans.iter().map(|vlan| format!("{vlan}..{vlan}")).collect();
        values.iter().for_each(|value| push(&mut state, "ethernet/switched-vlan/config/trunk-vlans", value));
    }
    if state.ipv4.is_none() && state.ipv6.is_empty() {
        match beside.dhcp {
            1 => push(&mut state, "subinterfaces/subinterface[index='0']/config/index", "0"),
            2 => push(&mut state, "subinterfaces/subinterface[index='0']", ""),
            _ => {}
        }
    }
    if beside.dhcp == 3 {
        push(&mut state, "subinterfaces/subinterface[index='0']/config/description", "own");
        if state.ipv4.is_none() && state.ipv6.is_empty() {
            push(&mut state, "subinterfaces/subinterface[index='0']/config/index", "0");
        }
    }
    state
}

fn addresses(own: &str, state: &InterfaceState, put: &mut impl FnMut(&str, &str)) {
    let v4 = state.ipv4.iter().chain(&state.ipv4_secondary);
    let v4 = v4.map(|net| ("ipv4", net.addr().to_string(), net.prefix_len()));
    let v6 = state.ipv6.iter().map(|net| ("ipv6", net.addr().to_string(), net.prefix_len()));
    for (family, ip, length) in v4.chain(v6) {
        if own == OWN {
            put(&format!("{own}oc:config oc:index"), "0");
        }
        let entry = format!("{own}ocip:{family} ocip:addresses ocip:address[ip={ip}] ocip:config");
        put(&format!("{entry} ocip:ip"), &ip);
        put(&format!("{entry} ocip:prefix-length"), &length.to_string());
    }
}

/// What a port or a bundle switches below.
fn holder(entry: &str) -> &'static str {
    if entry.contains("Port-channel") { "oclag:aggregation" } else { "oceth:ethernet" }
}

fn carried(entry: &str, state: &InterfaceState, root: &mut Tree) {
    let switched = format!("{entry} {} ocvlan:switched-vlan ocvlan:config", holder(entry));
    let raw: Vec<_> = state.other.iter().filter(|other| other.path.ends_with("trunk-vlans")).collect();
    if let Some(set) = &state.allowed_vlans {
        let list = set.to_list().replace("all", "1-4094").replace('-', "..");
        let values: Vec<&str> = match raw.is_empty() {
            true => list.split(',').collect(),
            false => raw.iter().map(|other| other.value.as_str()).collect(),
        };
        values.iter().for_each(|value| root.add(&switched, "ocvlan:trunk-vlans", value));
    }
}

pub(crate) fn device(entry: &str, state: &InterfaceState) -> Tree {
    let mut root = Tree::new("data");
    let name = entry.rsplit_once("name=").unwrap().1.trim_end_matches(']');
    root.put(&format!("{entry} oc:config oc:name"), name);
    carried(entry, state, &mut root);
    let mut put = |path: &str, text: &str| {
        root.put(&format!("{entry} {path}"), text);
    };
    state.description.iter().for_each(|text| put("oc:config oc:description", text));
    if !state.enabled {
        put("oc:config oc:enabled", "false");
    }
    state.mtu.iter().for_each(|mtu| put("oc:config oc:mtu", &mtu.to_string()));
    if let Some(group) = state.channel_group {
        put("oceth:ethernet oceth:config oclag:aggregate-id", &format!("Port-channel{group}"));
    }
    let vlan = format!("{} ocvlan:switched-vlan ocvlan:config", holder(entry));
    if let Some(mode) = state.switchport_mode {
        let word = if mode == SwitchportMode::Access { "ACCESS" } else { "TRUNK" };
        put(&format!("{vlan} ocvlan:interface-mode"), word);
    }
    state.access_vlan.iter().for_each(|id| put(&format!("{vlan} ocvlan:access-vlan"), &id.to_string()));
    state.native_vlan.iter().for_each(|id| put(&format!("{vlan} ocvlan:native-vlan"), &id.to_string()));
    let routed = if entry.contains("=Vlan") { "ocvlan:routed-vlan " } else { OWN };
    addresses(routed, state, &mut put);
    for other in &state.other {
        match other.path.as_str() {
            "ethernet/config/auto-negotiate" => {
                put("oceth:ethernet oceth:config oceth:auto-negotiate", "false")
            }
            "aggregation/config/lag-type" => {
                put("oclag:aggregation oclag:config oclag:lag-type", &other.value)
            }
            "routed-vlan/config/vlan" => put("ocvlan:routed-vlan ocvlan:config ocvlan:vlan", &other.value),
            path if path.ends_with("trunk-vlans") => {}
            path => put(&format!("oc:{}", path.replace('/', " oc:").replace('\'', "")), &other.value),
        }
    }
    root
}

/// A sub-interface as the device has it.
pub(crate) fn sub(root: &mut Tree, parent: &str, index: u32, state: &InterfaceState) {
    let entry = format!("{parent} oc:subinterfaces oc:subinterface[index={index}]");
    let mut put = |path: &str, text: &str| {
        root.put(&format!("{entry} {path}"), text);
    };
    put("oc:config oc:index", &index.to_string());
    state.description.iter().for_each(|text| put("oc:config oc:description", text));
    if !state.enabled {
        put("oc:config oc:enabled", "false");
    }
    addresses("", state, &mut put);
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_law_holds(a in fields(), b in fields(), beside in beside()) {
        let before = complete(expressible(a), &beside);
        let wanted = InterfaceState { other: before.other.clone(), ..b };
        let wanted = InterfaceState {
            allowed_vlans: wanted.allowed_vlans.clone().filter(|set| *set != AllowedVlans::only([])),
            ..wanted
        };
        law(&OpenConfig::new(Save::NotNeeded), "Ethernet1", (&before, &wanted), &device(ENTRY, &before))?;
    }
}

#[test]
fn a_sub_interface_is_read_and_written_in_its_parent() {
    let dialect = OpenConfig::new(Save::NotNeeded);
    let mut device = Tree::new("data");
    device.put(&format!("{ENTRY} oc:subinterfaces oc:subinterface[index=100] oc:config oc:index"), "100");
    let before = dialect.read(&device.inner_xml(), "Ethernet1.100").unwrap().unwrap();
    assert_eq!(before, InterfaceState { enabled: true, ..InterfaceState::default() });
    assert_eq!(dialect.read(&device.inner_xml(), "Ethernet1.200").unwrap(), None);
    let wanted = InterfaceState { ipv4: Some("10.0.0.1/24".parse().unwrap()), ..before.clone() };
    law(&dialect, "Ethernet1.100", (&before, &wanted), &device).unwrap();
}
