//! The law of every dialect, over generated pairs of states: what is written reads back, and the inverse leads back to exactly the start.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::net::{Ipv4Addr, Ipv6Addr};

use change_model::interface::{InterfaceState, OtherConfig, SwitchportMode};
use change_model::vlan::{AllowedVlans, VlanId};
use common::Tree;
use device_dialect::{Dialect, Ietf, IosXe, OpenConfig, Save, Shape};
use ipnet::{Ipv4Net, Ipv6Net};
use proptest::collection::btree_set;
use proptest::option;
use proptest::prelude::*;

/// One way to fill `other`: only what can stand beside the fields is used.
#[derive(Debug, Clone, Default)]
struct Beside {
    plain: bool,
    negotiated_mode: bool,
    dynamic_vlan: bool,
    raw_list: u8,
    dhcp: u8,
    raw_address: bool,
    channel_mode: bool,
    spelled: bool,
}

fn beside() -> impl Strategy<Value = Beside> {
    let flags = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    (flags, 0u8..4, 0u8..5).prop_map(|((a, b, c, d, e, f), raw_list, dhcp)| Beside {
        plain: a,
        negotiated_mode: b,
        dynamic_vlan: c,
        raw_list,
        dhcp,
        raw_address: d,
        channel_mode: e,
        spelled: f,
    })
}

fn vlan() -> impl Strategy<Value = VlanId> {
    prop_oneof![Just(1u16), Just(100), Just(200), Just(4094), 1u16..=4094]
        .prop_map(|id| VlanId::new(id).unwrap())
}

fn allowed() -> impl Strategy<Value = AllowedVlans> {
    prop_oneof![
        2 => Just(AllowedVlans::ALL),
        1 => Just(AllowedVlans::only([])),
        6 => btree_set(prop_oneof![20u16..26, 1u16..=4094], 1..8)
            .prop_map(|ids| AllowedVlans::only(ids.into_iter().map(|id| VlanId::new(id).unwrap()))),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("</description><shutdown/><description>".to_owned()),
        Just("]]> & <!-- \" ' &amp; ]]>]]>".to_owned()),
        Just(" spaces  at both ends ".to_owned()),
        Just("Grüße 🦀 \u{202e}".to_owned()),
        "\\PC{0,40}",
    ]
}

fn v4() -> impl Strategy<Value = Ipv4Net> {
    (0u8..4, 1u8..4, 20u8..=32).prop_map(|(c, d, len)| Ipv4Net::new(Ipv4Addr::new(10, 0, c, d), len).unwrap())
}

fn v6() -> impl Strategy<Value = Ipv6Net> {
    (0u16..3, 1u16..3, 48u8..=128)
        .prop_map(|(g, h, len)| Ipv6Net::new(Ipv6Addr::new(0x2001, 0xdb8, g, 0, 0, 0, 0xab, h), len).unwrap())
}

/// The fields, each on its own, nonsense combinations included: the law knows no policy.
fn fields() -> impl Strategy<Value = InterfaceState> {
    let head = (
        any::<bool>(),
        option::of(text()),
        option::of(64u16..=18000),
        option::of(any::<bool>()),
    );
    let mode = option::of(prop_oneof![
        Just(SwitchportMode::Access),
        Just(SwitchportMode::Trunk)
    ]);
    let vlans = (
        mode,
        option::of(vlan()),
        option::of(vlan()),
        option::of(allowed()),
    );
    let nets = (
        option::of(v4()),
        proptest::collection::vec(v4(), 0..3),
        proptest::collection::vec(v6(), 0..3),
    );
    (head, vlans, nets, option::of(1u16..=512)).prop_map(|(head, vlans, nets, channel_group)| {
        let mut state = InterfaceState {
            enabled: head.0,
            description: head.1,
            mtu: head.2,
            switchport: head.3,
            switchport_mode: vlans.0,
            access_vlan: vlans.1,
            native_vlan: vlans.2,
            allowed_vlans: vlans.3,
            ipv4: nets.0,
            ipv6: nets.2,
            channel_group,
            ..InterfaceState::default()
        };
        // A list has one entry for each address.
        let mut seen: Vec<_> = state.ipv4.iter().map(Ipv4Net::addr).collect();
        for net in nets.1 {
            if !seen.contains(&net.addr()) {
                seen.push(net.addr());
                state.ipv4_secondary.push(net);
            }
        }
        state.ipv4_secondary.sort();
        state.ipv6.sort();
        state.ipv6.dedup_by_key(|net| net.addr());
        state
    })
}

fn push(state: &mut InterfaceState, path: &str, value: &str) {
    state.other.push(OtherConfig {
        path: path.to_owned(),
        value: value.to_owned(),
    });
    state
        .other
        .sort_by(|a, b| (&a.path, &a.value).cmp(&(&b.path, &b.value)));
}

/// The law for one pair, given how a state looks on the device.
fn law(
    dialect: &dyn Dialect,
    interface: &str,
    (before, wanted): (&InterfaceState, &InterfaceState),
    start: &Tree,
) -> Result<(), TestCaseError> {
    let seen = dialect.read(&start.inner_xml(), interface).unwrap();
    prop_assert_eq!(seen.as_ref(), Some(before));
    prop_assert_eq!(dialect.write(interface, before, before).unwrap(), None);
    let after = dialect.settle(interface, before, wanted);
    prop_assert_eq!(
        &dialect.settle(interface, before, &after),
        &after,
        "settled twice"
    );
    let edit = dialect.write(interface, before, &after).unwrap();
    prop_assert_eq!(edit.is_none(), *before == after);
    let mut device = start.clone();
    device.apply(edit.as_deref());
    let seen = dialect.read(&device.inner_xml(), interface).unwrap();
    prop_assert_eq!(seen.as_ref(), Some(&after), "after {:?}", edit);
    let undo = dialect.inverse(interface, before, &after).unwrap();
    let mut back = device.clone();
    back.apply(undo.as_deref());
    prop_assert_eq!(
        back.canonical(),
        start.canonical(),
        "edit {:?} undo {:?}",
        edit,
        undo
    );
    Ok(())
}

mod ios_xe {
    use super::*;

    const PORT: &str = "GigabitEthernet1/0/5";
    const ENTRY: &str = "ios:native ios:interface ios:GigabitEthernet[name=1/0/5]";

    fn container(shape: Shape) -> (&'static str, &'static str) {
        match shape {
            Shape::From17_4 => (
                "switchport-config/switchport",
                "ios:switchport-config ios:switchport",
            ),
            Shape::UpTo17_3 => ("switchport", "ios:switchport"),
        }
    }

    /// Fills `other` with what can stand beside the fields, as a real configuration would.
    fn complete(shape: Shape, mut state: InterfaceState, beside: &Beside) -> InterfaceState {
        let (sw, _) = container(shape);
        let state_ref = &mut state;
        if beside.plain {
            push(state_ref, "spanning-tree/portfast", "");
            push(state_ref, "cdp/enable", "false");
            push(state_ref, "load-interval", "30");
            push(state_ref, &format!("{sw}/voice/vlan/vlan"), "300");
            push(state_ref, &format!("{sw}/nonegotiate"), "");
            push(state_ref, &format!("{sw}/trunk/native/vlan/tag"), "false");
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
                let text = vlans
                    .iter()
                    .map(|vlan| format!(" {vlan} "))
                    .collect::<Vec<_>>()
                    .join(",");
                push(&mut state, &format!("{list}/vlans"), text.trim());
            }
            (1, Some(AllowedVlans::All(_))) => push(&mut state, &format!("{list}/vlans"), "1-4094"),
            (2, None) => push(&mut state, &format!("{list}/except"), "5"),
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
            let raw = format!(
                "ipv6/address/prefix-list[prefix='{}']",
                state.ipv6[0].to_string().to_lowercase()
            );
            push(&mut state, &raw, "");
        }
        if beside.channel_mode && state.channel_group.is_some() {
            push(&mut state, "channel-group/mode", "active");
        }
        state
    }

    /// A state as the device has it, written without the dialect.
    fn device(shape: Shape, state: &InterfaceState) -> Tree {
        let (flat, sw) = container(shape);
        let mut root = Tree::new("data");
        root.put(ENTRY, "");
        let mut put = |path: &str, text: &str| {
            root.put(&format!("{ENTRY} {path}"), text);
        };
        state
            .description
            .iter()
            .for_each(|text| put("ios:description", text));
        if !state.enabled {
            put("ios:shutdown", "");
        }
        state.mtu.iter().for_each(|mtu| put("ios:mtu", &mtu.to_string()));
        state
            .switchport
            .iter()
            .for_each(|on| put("ios:switchport-conf ios:switchport", &on.to_string()));
        match state.switchport_mode {
            Some(SwitchportMode::Access) => put(&format!("{sw} sw:mode sw:access"), ""),
            Some(SwitchportMode::Trunk) => put(&format!("{sw} sw:mode sw:trunk"), ""),
            None => {}
        }
        let id = |vlan: &VlanId| vlan.to_string();
        state
            .access_vlan
            .iter()
            .for_each(|vlan| put(&format!("{sw} sw:access sw:vlan sw:vlan"), &id(vlan)));
        let native = format!("{sw} sw:trunk sw:native sw:vlan sw:vlan-id");
        state.native_vlan.iter().for_each(|vlan| put(&native, &id(vlan)));
        match state.allowed_vlans.as_ref().map(AllowedVlans::to_list).as_deref() {
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
            put(
                "ios:ip ios:address ios:primary ios:address",
                &net.addr().to_string(),
            );
            put(
                "ios:ip ios:address ios:primary ios:mask",
                &net.netmask().to_string(),
            );
        }
        for net in &state.ipv4_secondary {
            let entry = format!("ios:ip ios:address ios:secondary[address={}]", net.addr());
            put(&format!("{entry} ios:mask"), &net.netmask().to_string());
            put(&format!("{entry} ios:secondary"), "");
        }
        for net in &state.ipv6 {
            let lower = net.to_string().to_lowercase();
            let raw = state
                .other
                .iter()
                .any(|other| other.path.contains(&format!("'{lower}'")));
            let prefix = if raw {
                lower
            } else {
                net.to_string().to_uppercase()
            };
            put(
                &format!("ios:ipv6 ios:address ios:prefix-list[prefix={prefix}]"),
                "",
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn the_law_holds_from_17_4(a in fields(), b in fields(), beside in beside()) {
            holds(Shape::From17_4, a, b, &beside)?;
        }

        #[test]
        fn the_law_holds_up_to_17_3(a in fields(), b in fields(), beside in beside()) {
            holds(Shape::UpTo17_3, a, b, &beside)?;
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
            law(&IosXe::new(Shape::From17_4), PORT, (&before, &wanted), &device(Shape::From17_4, &before))?;
        }
    }

    fn holds(
        shape: Shape,
        a: InterfaceState,
        b: InterfaceState,
        beside: &Beside,
    ) -> Result<(), TestCaseError> {
        let before = complete(shape, a, beside);
        let wanted = InterfaceState {
            other: before.other.clone(),
            ..b
        };
        law(
            &IosXe::new(shape),
            PORT,
            (&before, &wanted),
            &device(shape, &before),
        )
    }
}

mod openconfig {
    use super::*;

    const ENTRY: &str = "oc:interfaces oc:interface[name=Ethernet1]";
    const OWN: &str = "oc:subinterfaces oc:subinterface[index=0]";

    /// What the model can say: no switch leaf, no empty trunk, addresses in one order.
    fn expressible(mut state: InterfaceState) -> InterfaceState {
        state.switchport = None;
        state.allowed_vlans = state.allowed_vlans.filter(|set| *set != AllowedVlans::only([]));
        let mut all: Vec<_> = state.ipv4.into_iter().chain(state.ipv4_secondary).collect();
        all.sort();
        state.ipv4 = all.first().copied();
        state.ipv4_secondary = all.into_iter().skip(1).collect();
        state
    }

    fn complete(mut state: InterfaceState, beside: &Beside) -> InterfaceState {
        if beside.plain {
            push(&mut state, "config/type", "ianaift:ethernetCsmacd");
            push(&mut state, "ethernet/config/auto-negotiate", "false");
            push(
                &mut state,
                "subinterfaces/subinterface[index='7']/config/description",
                "x",
            );
            push(
                &mut state,
                "subinterfaces/subinterface[index='7']/config/index",
                "7",
            );
        }
        if beside.spelled && state.enabled {
            push(&mut state, "config/enabled", "true");
        }
        if beside.raw_list == 1
            && let Some(AllowedVlans::Only(vlans)) = &state.allowed_vlans
            && vlans.len() > 2
        {
            let values: Vec<_> = vlans.iter().map(|vlan| format!("{vlan}..{vlan}")).collect();
            values
                .iter()
                .for_each(|value| push(&mut state, "ethernet/switched-vlan/config/trunk-vlans", value));
        }
        if state.ipv4.is_none() && state.ipv6.is_empty() {
            match beside.dhcp {
                1 => push(
                    &mut state,
                    "subinterfaces/subinterface[index='0']/config/index",
                    "0",
                ),
                2 => push(&mut state, "subinterfaces/subinterface[index='0']", ""),
                _ => {}
            }
        }
        if beside.dhcp == 3 {
            push(
                &mut state,
                "subinterfaces/subinterface[index='0']/config/description",
                "own",
            );
            if state.ipv4.is_none() && state.ipv6.is_empty() {
                push(
                    &mut state,
                    "subinterfaces/subinterface[index='0']/config/index",
                    "0",
                );
            }
        }
        state
    }

    fn device(state: &InterfaceState) -> Tree {
        let mut root = Tree::new("data");
        root.put(&format!("{ENTRY} oc:config oc:name"), "Ethernet1");
        let switched = format!("{ENTRY} oceth:ethernet ocvlan:switched-vlan ocvlan:config");
        let raw: Vec<_> = state
            .other
            .iter()
            .filter(|other| other.path.ends_with("trunk-vlans"))
            .collect();
        if let Some(set) = &state.allowed_vlans {
            let list = set.to_list().replace("all", "1-4094").replace('-', "..");
            let values: Vec<&str> = match raw.is_empty() {
                true => list.split(',').collect(),
                false => raw.iter().map(|other| other.value.as_str()).collect(),
            };
            values
                .iter()
                .for_each(|value| root.add(&switched, "ocvlan:trunk-vlans", value));
        }
        let mut put = |path: &str, text: &str| {
            root.put(&format!("{ENTRY} {path}"), text);
        };
        state
            .description
            .iter()
            .for_each(|text| put("oc:config oc:description", text));
        if !state.enabled {
            put("oc:config oc:enabled", "false");
        }
        state
            .mtu
            .iter()
            .for_each(|mtu| put("oc:config oc:mtu", &mtu.to_string()));
        if let Some(group) = state.channel_group {
            put(
                "oceth:ethernet oceth:config oclag:aggregate-id",
                &format!("Port-channel{group}"),
            );
        }
        let vlan = "oceth:ethernet ocvlan:switched-vlan ocvlan:config";
        if let Some(mode) = state.switchport_mode {
            let word = if mode == SwitchportMode::Access {
                "ACCESS"
            } else {
                "TRUNK"
            };
            put(&format!("{vlan} ocvlan:interface-mode"), word);
        }
        state
            .access_vlan
            .iter()
            .for_each(|id| put(&format!("{vlan} ocvlan:access-vlan"), &id.to_string()));
        state
            .native_vlan
            .iter()
            .for_each(|id| put(&format!("{vlan} ocvlan:native-vlan"), &id.to_string()));
        let v4 = state.ipv4.iter().chain(&state.ipv4_secondary);
        let v4 = v4.map(|net| ("ipv4", net.addr().to_string(), net.prefix_len()));
        let v6 = state
            .ipv6
            .iter()
            .map(|net| ("ipv6", net.addr().to_string(), net.prefix_len()));
        for (family, ip, length) in v4.chain(v6) {
            put(&format!("{OWN} oc:config oc:index"), "0");
            let entry = format!("{OWN} ocip:{family} ocip:addresses ocip:address[ip={ip}] ocip:config");
            put(&format!("{entry} ocip:ip"), &ip);
            put(&format!("{entry} ocip:prefix-length"), &length.to_string());
        }
        for other in &state.other {
            match other.path.as_str() {
                "ethernet/config/auto-negotiate" => {
                    put("oceth:ethernet oceth:config oceth:auto-negotiate", "false")
                }
                path if path.ends_with("trunk-vlans") => {}
                path => put(
                    &format!("oc:{}", path.replace('/', " oc:").replace('\'', "")),
                    &other.value,
                ),
            }
        }
        root
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn the_law_holds(a in fields(), b in fields(), beside in beside()) {
            let before = complete(expressible(a), &beside);
            let wanted = InterfaceState { other: before.other.clone(), ..b };
            let wanted = InterfaceState {
                allowed_vlans: wanted.allowed_vlans.clone().filter(|set| *set != AllowedVlans::only([])),
                ..wanted
            };
            law(&OpenConfig::new(Save::NotNeeded), "Ethernet1", (&before, &wanted), &device(&before))?;
        }
    }

    #[test]
    fn a_sub_interface_is_read_and_written_in_its_parent() {
        let dialect = OpenConfig::new(Save::NotNeeded);
        let mut device = Tree::new("data");
        device.put(
            &format!("{ENTRY} oc:subinterfaces oc:subinterface[index=100] oc:config oc:index"),
            "100",
        );
        let before = dialect
            .read(&device.inner_xml(), "Ethernet1.100")
            .unwrap()
            .unwrap();
        assert_eq!(
            before,
            InterfaceState {
                enabled: true,
                ..InterfaceState::default()
            }
        );
        assert_eq!(dialect.read(&device.inner_xml(), "Ethernet1.200").unwrap(), None);
        let wanted = InterfaceState {
            ipv4: Some("10.0.0.1/24".parse().unwrap()),
            ..before.clone()
        };
        law(&dialect, "Ethernet1.100", (&before, &wanted), &device).unwrap();
    }
}

mod ietf {
    use super::*;

    const ENTRY: &str = "if:interfaces if:interface[name=eth0]";

    fn expressible(state: InterfaceState) -> InterfaceState {
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

    fn complete(mut state: InterfaceState, beside: &Beside) -> InterfaceState {
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
            push(
                &mut state,
                &format!("ipv4/address[ip='{}']/netmask", net.addr()),
                &net.netmask().to_string(),
            );
        }
        if beside.dhcp == 2 && state.ipv6.is_empty() {
            push(&mut state, "ipv6", "");
        }
        state
    }

    fn device(state: &InterfaceState) -> Tree {
        let mut root = Tree::new("data");
        let mut put = |path: &str, text: &str| {
            root.put(&format!("{ENTRY} {path}"), text);
        };
        state
            .description
            .iter()
            .for_each(|text| put("if:description", text));
        if !state.enabled {
            put("if:enabled", "false");
        }
        for net in state.ipv4.iter().chain(&state.ipv4_secondary) {
            let entry = format!("ip:ipv4 ip:address[ip={}]", net.addr());
            if !state
                .other
                .iter()
                .any(|other| other.path.contains(&format!("'{}'", net.addr())))
            {
                put(
                    &format!("{entry} ip:prefix-length"),
                    &net.prefix_len().to_string(),
                );
            }
        }
        for net in &state.ipv6 {
            put(
                &format!("ip:ipv6 ip:address[ip={}] ip:prefix-length", net.addr()),
                &net.prefix_len().to_string(),
            );
        }
        for other in &state.other {
            let prefix = if other.path.starts_with("ip") {
                "ip:"
            } else {
                "if:"
            };
            let path = other.path.replace('/', &format!(" {prefix}")).replace('\'', "");
            put(&format!("{prefix}{path}"), &other.value);
        }
        root
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn the_law_holds(a in fields(), b in fields(), beside in beside()) {
            let before = complete(expressible(a), &beside);
            let wanted = InterfaceState { other: before.other.clone(), ..expressible(b) };
            law(&Ietf::new(Save::NotNeeded), "eth0", (&before, &wanted), &device(&before))?;
        }
    }
}
