//! The law for ietf-interfaces and ietf-ip.

use change_model::interface::InterfaceState;
use device_dialect::{Ietf, Save};
use proptest::prelude::*;

use crate::states::{Beside, beside, cases, fields, law, push};
use crate::tree::Tree;

pub(crate) const ENTRY: &str = "if:interfaces if:interface[name=eth0]";

pub(crate) fn expressible(state: InterfaceState) -> InterfaceState {
    let mut all: Vec<_> = state.ipv4.into_iter().chain(state.ipv4_secondary).collect();
    all.sort();
    InterfaceState {
        enabled: state.enabled,
        description: state.description,
        ipv4: all.first().copied(),
        ipv4_secondary: all.into_iter().skip(1).collect(),
        ipv6: state.ipv6,
        ..InterfaceState::default()
    }
}

pub(crate) fn complete(mut state: InterfaceState, beside: &Beside) -> InterfaceState {
    push(&mut state, "type", "ianaift:ethernetCsmacd");
    if beside.spelled && state.enabled {
        push(&mut state, "enabled", "true");
    }
    if beside.plain {
        push(&mut state, "ipv4/mtu", "1400");
    } else if beside.dhcp == 1 && state.ipv4.is_none() {
        push(&mut state, "ipv4", "");
    }
    if let Some(net) = state.ipv4.filter(|_| beside.raw_address) {
        push(&mut state, &format!("ipv4/address[ip='{}']/netmask", net.addr()), &net.netmask().to_string());
    }
    if beside.dhcp == 2 && state.ipv6.is_empty() {
        push(&mut state, "ipv6", "");
    }
    state
}

pub(crate) fn device(state: &InterfaceState) -> Tree {
    let mut root = Tree::new("data");
    let mut put = |path: &str, text: &str| {
        root.put(&format!("{ENTRY} {path}"), text);
    };
    state.description.iter().for_each(|text| put("if:description", text));
    if !state.enabled {
        put("if:enabled", "false");
    }
    for net in state.ipv4.iter().chain(&state.ipv4_secondary) {
        let entry = format!("ip:ipv4 ip:address[ip={}]", net.addr());
        if !state.other.iter().any(|other| other.path.contains(&format!("'{}'", net.addr()))) {
            put(&format!("{entry} ip:prefix-length"), &net.prefix_len().to_string());
        }
    }
    for net in &state.ipv6 {
        put(
            &format!("ip:ipv6 ip:address[ip={}] ip:prefix-length", net.addr()),
            &net.prefix_len().to_string(),
        );
    }
    for other in &state.other {
        let prefix = if other.path.starts_with("ip") { "ip:" } else { "if:" };
        let path = other.path.replace('/', &format!(" {prefix}")).replace('\'', "");
        put(&format!("{prefix}{path}"), &other.value);
    }
    root
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_law_holds(a in fields(), b in fields(), beside in beside()) {
        let before = complete(expressible(a), &beside);
        let wanted = InterfaceState { other: before.other.clone(), ..expressible(b) };
        law(&Ietf::new(Save::NotNeeded), "eth0", (&before, &wanted), &device(&before))?;
    }
}
