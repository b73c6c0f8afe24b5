//! Generated states, and the law they must obey.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::models;
use crate::tree::Tree;
use change_model::interface::{InterfaceState, OtherConfig, SwitchportMode};
use change_model::vlan::{AllowedVlans, VlanId};
use device_dialect::Dialect;
use ipnet::{Ipv4Net, Ipv6Net};
use proptest::collection::btree_set;
use proptest::option;
use proptest::prelude::*;

/// One way to fill `other`: only what can stand beside the fields is used.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside {
    pub(crate) plain: bool,
    pub(crate) negotiated_mode: bool,
    pub(crate) dynamic_vlan: bool,
    pub(crate) raw_list: u8,
    pub(crate) dhcp: u8,
    pub(crate) raw_address: bool,
    pub(crate) channel_mode: bool,
    pub(crate) spelled: bool,
}

pub(crate) fn beside() -> impl Strategy<Value = Beside> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
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

pub(crate) fn vlan() -> impl Strategy<Value = VlanId> {
    prop_oneof![Just(1u16), Just(100), Just(200), Just(4094), 1u16..=4094]
        .prop_map(|id| VlanId::new(id).unwrap())
}

pub(crate) fn allowed() -> impl Strategy<Value = AllowedVlans> {
    prop_oneof![
        2 => Just(AllowedVlans::ALL),
        1 => Just(AllowedVlans::only([])),
        6 => btree_set(prop_oneof![20u16..26, 1u16..=4094], 1..8)
            .prop_map(|ids| AllowedVlans::only(ids.into_iter().map(|id| VlanId::new(id).unwrap()))),
    ]
}

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("</description><shutdown/><description>".to_owned()),
        Just("]]> & <!-- \" ' &amp; ]]>]]>".to_owned()),
        Just(" spaces  at both ends ".to_owned()),
        Just("Grüße 🦀 \u{202e}".to_owned()),
        "\\PC{0,40}",
    ]
}

pub(crate) fn v4() -> impl Strategy<Value = Ipv4Net> {
    (0u8..4, 1u8..4, 20u8..=32).prop_map(|(c, d, len)| Ipv4Net::new(Ipv4Addr::new(10, 0, c, d), len).unwrap())
}

pub(crate) fn v6() -> impl Strategy<Value = Ipv6Net> {
    (0u16..3, 1u16..3, 48u8..=128)
        .prop_map(|(g, h, len)| Ipv6Net::new(Ipv6Addr::new(0x2001, 0xdb8, g, 0, 0, 0, 0xab, h), len).unwrap())
}

/// The fields, each on its own, nonsense combinations included: the law knows no policy.
pub(crate) fn fields() -> impl Strategy<Value = InterfaceState> {
    let head = (any::<bool>(), option::of(text()), option::of(64u16..=18000), option::of(any::<bool>()));
    let mode = option::of(prop_oneof![Just(SwitchportMode::Access), Just(SwitchportMode::Trunk)]);
    let vlans = (mode, option::of(vlan()), option::of(vlan()), option::of(allowed()));
    let nets =
        (option::of(v4()), proptest::collection::vec(v4(), 0..3), proptest::collection::vec(v6(), 0..3));
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

pub(crate) fn push(state: &mut InterfaceState, path: &str, value: &str) {
    state.other.push(OtherConfig { path: path.to_owned(), value: value.to_owned() });
    state.other.sort_by(|a, b| (&a.path, &a.value).cmp(&(&b.path, &b.value)));
}

/// The law for one pair, given how a state looks on the device.
pub(crate) fn law(
    dialect: &dyn Dialect,
    interface: &str,
    (before, wanted): (&InterfaceState, &InterfaceState),
    start: &Tree,
) -> Result<(), TestCaseError> {
    let seen = dialect.read(&start.inner_xml(), interface).unwrap();
    prop_assert_eq!(seen.as_ref(), Some(before));
    prop_assert_eq!(dialect.write(interface, before, before).unwrap(), None);
    let after = dialect.settle(interface, before, wanted);
    prop_assert_eq!(&dialect.settle(interface, before, &after), &after, "settled twice");
    let edit = dialect.write(interface, before, &after).unwrap();
    prop_assert_eq!(edit.is_none(), *before == after);
    models::judge(dialect.name(), edit.as_deref());
    let mut device = start.clone();
    device.apply(edit.as_deref());
    let seen = dialect.read(&device.inner_xml(), interface).unwrap();
    prop_assert_eq!(seen.as_ref(), Some(&after), "after {:?}", edit);
    let undo = dialect.inverse(interface, before, &after).unwrap();
    models::judge(dialect.name(), undo.as_deref());
    let mut back = device.clone();
    back.apply(undo.as_deref());
    prop_assert_eq!(back.canonical(), start.canonical(), "edit {:?} undo {:?}", edit, undo);
    Ok(())
}

/// Enough pairs to meet every combination of a few fields, in seconds.
pub(crate) fn cases() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) }
}
