//! The law for IOS-XE native, in both shapes.

use change_model::interface::{InterfaceState, SwitchportMode};
use change_model::vlan::{AllowedVlans, VlanId};
use device_dialect::{IosXe, Shape};
use proptest::prelude::*;

use crate::states::{Beside, beside, cases, fields, law, push};
use crate::tree::Tree;

pub(crate) const PORT: &str = "GigabitEthernet1/0/5";
pub(crate) const ENTRY: &str = "ios:native ios:interface ios:GigabitEthernet[name=1/0/5]";

pub(crate) fn container(shape: Shape) -> (&'static str, &'static str) {
    match shape {
        Shape::From17_4 => ("switchport-config/switchport", "ios:switchport-config ios:switchport"),
        _ => ("switchport", "ios:switchport"),
    }
}

/// Fills `other` with what can stand beside the fields, as a real configuration would.
pub(crate) fn complete(shape: Shape, mut state: InterfaceState, beside: &Beside) -> InterfaceState {
    let (sw, _) = container(shape);
    if beside.plain {
        push(&mut state, "spanning-tree/portfast", "");
        push(&mut state, "cdp/enable", "false");
        push(&mut state, "load-interval", "30");
        push(&mut state, &format!("{sw}/voice/vlan/vlan"), "300");
        push(&mut state, &format!("{sw}/nonegotiate"), "");
        match shape {
            Shape::From17_4 => push(&mut state, &format!("{sw}/trunk/native/vlan/tag"), "false"),
            Shape::From17_2 => push(&mut state, &format!("{sw}/trunk/native/vlan-config/tag"), "false"),
            _ if state.native_vlan.is_none() => push(&mut state, &format!("{sw}/trunk/native/vlan"), "tag"),
            _ => {}
        }
    }
    if beside.negotiated_mode && state.switchport_mode.is_none() {
        push(&mut state, &format!("{sw}/mode/dynamic"), "desirable");
    }
    if beside.dynamic_vlan && state.access_vlan.is_none() {
        push(&mut state, &format!("{sw}/access/vlan/vlan"), "dynamic");
    }
    let list = format!("{sw}/trunk/allowed/vlan");
    match (beside.raw_list, &state.allowed_vlans) {
        (1, Some(AllowedVlans::Only(vlans))) if vlans.len() > 1 => {
            let text = vlans.iter().map(|vlan| format!(" {vlan} ")).collect::<Vec<_>>().join(",");
            push(&mut state, &format!("{list}/vlans"), text.trim());
        }
        (1, Some(AllowedVlans::All(_))) if shape != Shape::From17_4 => {
            push(&mut state, &format!("{list}/all"), "");
        }
        (1, Some(AllowedVlans::All(_))) => push(&mut state, &format!("{list}/vlans"), "1-4094"),
        (2, None) => {
            let but_one = (1..=4094).filter(|id| *id != 5).map(|id| VlanId::new(id).unwrap());
            state.allowed_vlans = Some(AllowedVlans::only(but_one));
            push(&mut state, &format!("{list}/except"), "5");
        }
        (3, None) => push(&mut state, &format!("{list}/vlans"), "abc"),
        _ => {}
    }
    if state.ipv4.is_none() && state.ipv4_secondary.is_empty() {
        match beside.dhcp {
            1 => push(&mut state, "ip/address/dhcp", ""),
            2 => push(&mut state, "ip/address/dhcp/hostname", "sw"),
            3 => push(&mut state, "ip/unnumbered", "Loopback0"),
            4 => push(&mut state, "ip/address/primary/address", "10.9.9.9"),
            _ => {}
        }
    }
    if beside.raw_address && !state.ipv6.is_empty() {
        let raw = format!("ipv6/address/prefix-list[prefix='{}']", state.ipv6[0].to_string().to_lowercase());
        push(&mut state, &raw, "");
    }
    if beside.channel_mode && state.channel_group.is_some() {
        push(&mut state, "channel-group/mode", "active");
    }
    state
}

/// A state as the device has it at an entry, written without the dialect.
pub(crate) fn device(shape: Shape, entry: &str, state: &InterfaceState) -> Tree {
    let (flat, sw) = container(shape);
    let mut root = Tree::new("data");
    root.put(entry, "");
    let mut put = |path: &str, text: &str| {
        root.put(&format!("{entry} {path}"), text);
    };
    state.description.iter().for_each(|text| put("ios:description", text));
    if !state.enabled {
        put("ios:shutdown", "");
    }
    state.mtu.iter().for_each(|mtu| put("ios:mtu", &mtu.to_string()));
    state.switchport.iter().for_each(|on| put("ios:switchport-conf ios:switchport", &on.to_string()));
    match state.switchport_mode {
        Some(SwitchportMode::Access) => put(&format!("{sw} sw:mode sw:access"), ""),
        Some(SwitchportMode::Trunk) => put(&format!("{sw} sw:mode sw:trunk"), ""),
        None => {}
    }
    let id = |vlan: &VlanId| vlan.to_string();
    state.access_vlan.iter().for_each(|vlan| put(&format!("{sw} sw:access sw:vlan sw:vlan"), &id(vlan)));
    let native = match shape {
        Shape::From17_4 => "sw:vlan sw:vlan-id",
        Shape::From17_2 => "sw:vlan-config sw:vlan-id",
        _ => "sw:vlan",
    };
    let native = format!("{sw} sw:trunk sw:native {native}");
    state.native_vlan.iter().for_each(|vlan| put(&native, &id(vlan)));
    match state.allowed_vlans.as_ref().map(AllowedVlans::to_list).as_deref() {
        Some(_)
            if ["/all", "/except"]
                .iter()
                .any(|end| state.other.iter().any(|other| other.path.ends_with(end))) => {}
        Some("none") => put(&format!("{sw} sw:trunk sw:allowed sw:vlan sw:none"), ""),
        Some(list) => put(&format!("{sw} sw:trunk sw:allowed sw:vlan sw:vlans"), list),
        None => {}
    }
    addresses(state, &mut put);
    if let Some(group) = state.channel_group {
        put("eth:channel-group eth:number", &group.to_string());
    }
    for other in &state.other {
        let path = match other.path.strip_prefix(&format!("{flat}/")) {
            Some(below) => format!("{sw} sw:{}", below.replace('/', " sw:")),
            None => match other.path.as_str() {
                "spanning-tree/portfast" => "stp:spanning-tree stp:portfast".to_owned(),
                "cdp/enable" => "cdp:cdp cdp:enable".to_owned(),
                "channel-group/mode" => "eth:channel-group eth:mode".to_owned(),
                path if path.contains('[') => continue,
                path => format!("ios:{}", path.replace('/', " ios:")),
            },
        };
        put(&path, &other.value);
    }
    root
}

fn addresses(state: &InterfaceState, put: &mut impl FnMut(&str, &str)) {
    if let Some(net) = state.ipv4 {
        put("ios:ip ios:address ios:primary ios:address", &net.addr().to_string());
        put("ios:ip ios:address ios:primary ios:mask", &net.netmask().to_string());
    }
    for net in &state.ipv4_secondary {
        let entry = format!("ios:ip ios:address ios:secondary[address={}]", net.addr());
        put(&format!("{entry} ios:mask"), &net.netmask().to_string());
        put(&format!("{entry} ios:secondary"), "");
    }
    for net in &state.ipv6 {
        let lower = net.to_string().to_lowercase();
        let raw = state.other.iter().any(|other| other.path.contains(&format!("'{lower}'")));
        let prefix = if raw { lower } else { net.to_string().to_uppercase() };
        put(&format!("ios:ipv6 ios:address ios:prefix-list[prefix={prefix}]"), "");
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_law_holds_from_17_4(a in fields(), b in fields(), beside in beside()) {
        holds(Shape::From17_4, a, b, &beside)?;
    }

    #[test]
    fn the_law_holds_for_17_2(a in fields(), b in fields(), beside in beside()) {
        holds(Shape::From17_2, a, b, &beside)?;
    }

    #[test]
    fn the_law_holds_up_to_17_1(a in fields(), b in fields(), beside in beside()) {
        holds(Shape::UpTo17_1, a, b, &beside)?;
    }

    #[test]
    fn a_small_step_obeys_the_law_too(a in fields(), b in fields(), beside in beside(), step in 0usize..9) {
        let before = complete(Shape::From17_4, a, &beside);
        let mut wanted = before.clone();
        match step {
            0 => wanted.enabled = !before.enabled,
            1 => wanted.description = b.description,
            2 => wanted.mtu = b.mtu,
            3 => wanted.switchport_mode = b.switchport_mode,
            4 => wanted.allowed_vlans = b.allowed_vlans,
            5 => wanted.ipv4 = b.ipv4.filter(|net| before.ipv4_secondary.iter().all(|other| other.addr() != net.addr())),
            6 => wanted.ipv4_secondary.clear(),
            7 => wanted.ipv6 = b.ipv6,
            _ => wanted.channel_group = b.channel_group,
        }
        law(&IosXe::new(Shape::From17_4), PORT, (&before, &wanted), &device(Shape::From17_4, ENTRY, &before))?;
    }
}

fn holds(shape: Shape, a: InterfaceState, b: InterfaceState, beside: &Beside) -> Result<(), TestCaseError> {
    let before = complete(shape, a, beside);
    let wanted = InterfaceState { other: before.other.clone(), ..b };
    law(&IosXe::new(shape), PORT, (&before, &wanted), &device(shape, ENTRY, &before))
}
