//! Every kind of state that an interface can be in, on every family and every kind of interface, and the law over all pairs of them.

use change_model::interface::{InterfaceState, OtherConfig, SwitchportMode};
use change_model::vlan::{AllowedVlans, VlanId};
use device_dialect::{Dialect, Ietf, IosXe, OpenConfig, Save, Shape};

use crate::states::{law, push};
use crate::tree::Tree;
use crate::{law_ietf, law_ios_xe, law_openconfig};

/// One interface of one family, the states it is taken through, and how each looks on a device.
pub(crate) struct Subject {
    pub(crate) dialect: Box<dyn Dialect>,
    pub(crate) interface: &'static str,
    pub(crate) kinds: Vec<(&'static str, InterfaceState)>,
    device: Box<dyn Fn(&InterfaceState) -> Tree>,
}

impl Subject {
    /// A device with this state, and with other interfaces that must stay as they are.
    pub(crate) fn device(&self, state: &InterfaceState) -> Tree {
        (self.device)(state)
    }

    /// What a plan from one kind to another asks for: what is only kept is kept.
    pub(crate) fn wish(&self, before: &InterfaceState, kind: &InterfaceState) -> InterfaceState {
        let mut wanted = InterfaceState { other: before.other.clone(), ..kind.clone() };
        let mode = kind.other.iter().find(|other| other.path == "channel-group/mode");
        if let Some(mode) = mode.filter(|mode| before.other.iter().all(|other| other.path != mode.path)) {
            push(&mut wanted, &mode.path, &mode.value);
        }
        self.dialect.settle(self.interface, before, &wanted)
    }
}

fn up() -> InterfaceState {
    InterfaceState { enabled: true, ..InterfaceState::default() }
}

fn beside(state: InterfaceState, other: &[(&str, &str)]) -> InterfaceState {
    let mut state = state;
    other.iter().for_each(|(path, value)| push(&mut state, path, value));
    state
}

fn vlan(id: u16) -> VlanId {
    VlanId::new(id).unwrap()
}

fn access(id: u16) -> InterfaceState {
    InterfaceState { switchport_mode: Some(SwitchportMode::Access), access_vlan: Some(vlan(id)), ..up() }
}

fn trunk(allowed: Option<AllowedVlans>) -> InterfaceState {
    InterfaceState {
        switchport_mode: Some(SwitchportMode::Trunk),
        native_vlan: Some(vlan(99)),
        allowed_vlans: allowed,
        ..up()
    }
}

fn some() -> AllowedVlans {
    AllowedVlans::only([200, 201, 202, 300].map(vlan))
}

fn but_one() -> AllowedVlans {
    AllowedVlans::only((1..=4094).filter(|id| *id != 5).map(vlan))
}

fn routed() -> InterfaceState {
    InterfaceState { ipv4: Some("192.0.2.1/24".parse().unwrap()), ..up() }
}

fn dual() -> InterfaceState {
    InterfaceState {
        ipv4_secondary: vec!["192.0.2.2/24".parse().unwrap(), "198.51.100.1/31".parse().unwrap()],
        ipv6: vec!["2001:db8::ab:1/64".parse().unwrap(), "fe80::ab/64".parse().unwrap()],
        ..routed()
    }
}

/// What every family can say of every interface.
fn plain() -> Vec<(&'static str, InterfaceState)> {
    let described = |text: &str| InterfaceState { description: Some(text.to_owned()), ..up() };
    vec![
        ("up", up()),
        ("down", InterfaceState::default()),
        ("described", InterfaceState { mtu: None, ..described("Uplink <to> \"core\" & 'edge'  Grüße ]]>") }),
        ("described and down", InterfaceState { enabled: false, ..described("##ticket:15016##") }),
        ("with one address", routed()),
        ("with all kinds of addresses", dual()),
        (
            "with another network at the same address",
            InterfaceState {
                ipv4: Some("192.0.2.1/25".parse().unwrap()),
                ipv6: vec!["2001:db8::ab:1/127".parse().unwrap()],
                ..up()
            },
        ),
    ]
}

/// What a port of an IOS-XE switch can be.
fn ports_of_ios_xe(shape: Shape) -> Vec<(&'static str, InterfaceState)> {
    let (sw, _) = law_ios_xe::container(shape);
    let at = |below: &str| format!("{sw}/{below}");
    let member = InterfaceState { channel_group: Some(1), ..access(200) };
    let no_switch = |state: InterfaceState| InterfaceState { switchport: Some(false), ..state };
    let native_tag = match shape {
        Shape::From17_4 => ("trunk/native/vlan/tag", "true"),
        Shape::From17_2 => ("trunk/native/vlan-config/tag", "true"),
        _ => ("trunk/native/vlan", "tag"),
    };
    let untagged = InterfaceState { native_vlan: None, ..trunk(Some(some())) };
    let mut kinds = vec![
        ("access", InterfaceState { mtu: Some(2000), switchport: Some(true), ..access(100) }),
        ("trunk for some", trunk(Some(some()))),
        ("trunk for all", InterfaceState { native_vlan: None, ..trunk(None) }),
        ("trunk for none", trunk(Some(AllowedVlans::only([])))),
        (
            "trunk with its list in another form",
            beside(trunk(Some(some())), &[(&at("trunk/allowed/vlan/vlans"), "200-202, 300")]),
        ),
        ("trunk that tags its native VLAN", beside(untagged, &[(&at(native_tag.0), native_tag.1)])),
        ("negotiating", beside(up(), &[(&at("mode/dynamic"), "auto"), (&at("access/vlan/vlan"), "dynamic")])),
        ("tunnel", beside(up(), &[(&at("mode/dot1q-tunnel"), "")])),
        (
            "with leaves of both modes",
            InterfaceState { native_vlan: Some(vlan(98)), allowed_vlans: Some(some()), ..access(1) },
        ),
        ("member of a channel", beside(member.clone(), &[("channel-group/mode", "active")])),
        ("routed", no_switch(dual())),
        (
            "routed with capital and small digits",
            beside(no_switch(dual()), &[("ipv6/address/prefix-list[prefix='2001:db8::ab:1/64']", "")]),
        ),
        ("routed by DHCP", beside(no_switch(up()), &[("ip/address/dhcp/hostname", "sw1")])),
        ("routed by negotiation", beside(no_switch(up()), &[("ip/address/negotiated", "")])),
        ("routed and unnumbered", beside(no_switch(up()), &[("ip/unnumbered", "Loopback0")])),
        (
            "routed with an address without mask",
            beside(no_switch(up()), &[("ip/address/primary/address", "10.9.9.9")]),
        ),
        (
            "with much that is only kept",
            beside(
                access(300),
                &[
                    ("spanning-tree/portfast", ""),
                    ("cdp/enable", "false"),
                    ("load-interval", "30"),
                    ("ip/mtu", "1400"),
                    (&at("voice/vlan/vlan"), "300"),
                    (&at("nonegotiate"), ""),
                ],
            ),
        ),
    ];
    kinds.extend(rarer(shape));
    if shape != Shape::From17_4 {
        let spelled = beside(trunk(Some(AllowedVlans::ALL)), &[(&at("trunk/allowed/vlan/all"), "")]);
        kinds.push(("trunk for all, in so many words", spelled));
    }
    kinds
}

/// Trunks whose list is said by what it leaves out or adds.
fn rarer(shape: Shape) -> Vec<(&'static str, InterfaceState)> {
    let (sw, _) = law_ios_xe::container(shape);
    let at = |below: &str| format!("{sw}/{below}");
    vec![
        ("trunk for all but one", beside(trunk(Some(but_one())), &[(&at("trunk/allowed/vlan/except"), "5")])),
        ("trunk with more", beside(trunk(None), &[(&at("trunk/allowed/vlan/add"), "7")])),
    ]
}

fn ios_xe(shape: Shape) -> Subject {
    let mut kinds = plain();
    kinds.extend(ports_of_ios_xe(shape));
    Subject {
        dialect: Box::new(IosXe::new(shape)),
        interface: law_ios_xe::PORT,
        kinds,
        device: Box::new(move |state| {
            let mut device = law_ios_xe::device(shape, law_ios_xe::ENTRY, state);
            neighbours(&mut device);
            device
        }),
    }
}

/// What must not be touched: a bundle, a port of the same list, VLANs.
fn neighbours(device: &mut Tree) {
    let lists = "ios:native ios:interface";
    device.put(&format!("{lists} ios:Port-channel[name=1] ios:description"), "bundle");
    device.put(&format!("{lists} ios:Port-channel[name=2]"), "");
    device.put(&format!("{lists} ios:GigabitEthernet[name=1/0/50] ios:mtu"), "9000");
    device.put("ios:native ios:hostname", "c9300");
    device.put("ios:native ios:vlan vlan:vlan-list[id=100] vlan:name", "Wireless AP");
}

/// The other kinds of interfaces of IOS-XE, which do not switch.
fn ios_xe_routed(
    interface: &'static str,
    entry: &'static str,
    other: &'static [(&'static str, &'static str)],
) -> Subject {
    let with = |state: InterfaceState| beside(state, other);
    let mut kinds: Vec<_> = plain().into_iter().map(|(name, state)| (name, with(state))).collect();
    kinds.push(("by DHCP", beside(with(up()), &[("ip/address/dhcp", "")])));
    kinds.push(("large", with(InterfaceState { mtu: Some(9000), ..dual() })));
    Subject {
        dialect: Box::new(IosXe::new(Shape::From17_4)),
        interface,
        kinds,
        device: Box::new(move |state| {
            let mut device = law_ios_xe::device(Shape::From17_4, entry, state);
            neighbours(&mut device);
            device
        }),
    }
}

fn typed(state: InterfaceState, path: &str) -> InterfaceState {
    beside(state, &[(path, "ianaift:ethernetCsmacd")])
}

fn openconfig() -> Subject {
    let list = |values: &[&str]| -> Vec<(&'static str, String)> {
        values
            .iter()
            .map(|value| ("ethernet/switched-vlan/config/trunk-vlans", (*value).to_owned()))
            .collect()
    };
    let mut kinds = plain();
    let raw = list(&["200..202", "300..300"]);
    let raw: Vec<(&str, &str)> = raw.iter().map(|(path, value)| (*path, value.as_str())).collect();
    kinds.extend([
        ("access", InterfaceState { mtu: Some(2000), ..access(100) }),
        ("trunk for some", trunk(Some(some()))),
        ("trunk for all", trunk(None)),
        ("trunk for all, in so many words", trunk(Some(AllowedVlans::ALL))),
        ("trunk with its list in another form", beside(trunk(Some(some())), &raw)),
        (
            "with leaves of both modes",
            InterfaceState { native_vlan: Some(vlan(98)), allowed_vlans: Some(some()), ..access(1) },
        ),
        ("member of a channel", InterfaceState { channel_group: Some(1), ..up() }),
        ("up in so many words", beside(up(), &[("config/enabled", "true")])),
        (
            "with an empty sub-interface of its own",
            beside(up(), &[("subinterfaces/subinterface[index='0']/config/index", "0")]),
        ),
        (
            "with much that is only kept",
            beside(
                access(300),
                &[
                    ("ethernet/config/auto-negotiate", "false"),
                    ("subinterfaces/subinterface[index='7']/config/description", "x"),
                    ("subinterfaces/subinterface[index='7']/config/index", "7"),
                ],
            ),
        ),
    ]);
    Subject {
        dialect: Box::new(OpenConfig::new(Save::NotNeeded)),
        interface: "Ethernet1",
        kinds: kinds.into_iter().map(|(name, state)| (name, typed(state, "config/type"))).collect(),
        device: Box::new(|state| {
            let mut device = law_openconfig::device(law_openconfig::ENTRY, state);
            openconfig_neighbours(&mut device);
            device
        }),
    }
}

pub(crate) fn openconfig_neighbours(device: &mut Tree) {
    for name in ["Port-channel1", "Port-channel2", "Ethernet10"] {
        let entry = format!("oc:interfaces oc:interface[name={name}]");
        device.put(&format!("{entry} oc:config oc:name"), name);
        device.put(&format!("{entry} oc:config oc:type"), "ianaift:ethernetCsmacd");
    }
}

/// A port channel, which switches in another place than its members do.
fn openconfig_bundle() -> Subject {
    let bundle = |state: InterfaceState| {
        beside(state, &[("config/type", "ianaift:ieee8023adLag"), ("aggregation/config/lag-type", "LACP")])
    };
    let list = "aggregation/switched-vlan/config/trunk-vlans";
    let mut kinds = plain();
    kinds.extend([
        ("access", InterfaceState { mtu: Some(9000), ..access(100) }),
        ("trunk for some", trunk(Some(some()))),
        ("trunk for all", trunk(None)),
        (
            "trunk with its list in another form",
            beside(trunk(Some(some())), &[(list, "200..202"), (list, "300..300")]),
        ),
    ]);
    Subject {
        dialect: Box::new(OpenConfig::new(Save::NotNeeded)),
        interface: "Port-channel3",
        kinds: kinds.into_iter().map(|(name, state)| (name, bundle(state))).collect(),
        device: Box::new(|state| {
            let mut device = law_openconfig::device("oc:interfaces oc:interface[name=Port-channel3]", state);
            openconfig_neighbours(&mut device);
            device
        }),
    }
}

/// A VLAN interface, which has its addresses in another place than a port.
fn openconfig_vlan() -> Subject {
    let vlan = |state: InterfaceState| {
        beside(state, &[("config/type", "ianaift:l3ipvlan"), ("routed-vlan/config/vlan", "100")])
    };
    Subject {
        dialect: Box::new(OpenConfig::new(Save::NotNeeded)),
        interface: "Vlan100",
        kinds: plain().into_iter().map(|(name, state)| (name, vlan(state))).collect(),
        device: Box::new(|state| {
            let mut device = law_openconfig::device("oc:interfaces oc:interface[name=Vlan100]", state);
            openconfig_neighbours(&mut device);
            device
        }),
    }
}

fn openconfig_sub() -> Subject {
    Subject {
        dialect: Box::new(OpenConfig::new(Save::NotNeeded)),
        interface: "Ethernet10.100",
        kinds: plain(),
        device: Box::new(|state| {
            let mut device = Tree::new("data");
            openconfig_neighbours(&mut device);
            law_openconfig::sub(&mut device, "oc:interfaces oc:interface[name=Ethernet10]", 100, state);
            device
        }),
    }
}

fn ietf() -> Subject {
    let mut kinds = plain();
    kinds.extend([
        ("with IPv4 switched on", beside(up(), &[("ipv4", "")])),
        ("with IPv6 switched on", beside(up(), &[("ipv6", "")])),
        ("with a netmask", beside(routed(), &[("ipv4/address[ip='192.0.2.1']/netmask", "255.255.255.0")])),
        ("with much that is only kept", beside(dual(), &[("ipv4/mtu", "1400"), ("ipv6/mtu", "1400")])),
        ("up in so many words", beside(up(), &[("enabled", "true")])),
    ]);
    Subject {
        dialect: Box::new(Ietf::new(Save::NotNeeded)),
        interface: "eth0",
        kinds: kinds.into_iter().map(|(name, state)| (name, typed(state, "type"))).collect(),
        device: Box::new(|state| {
            let mut device = law_ietf::device(state);
            let other = "if:interfaces if:interface[name=eth1]";
            device.put(&format!("{other} if:type"), "ianaift:ethernetCsmacd");
            device.put(&format!("{other} ip:ipv4 ip:address[ip=203.0.113.1] ip:prefix-length"), "24");
            device
        }),
    }
}

const TAG: &[(&str, &str)] = &[("encapsulation/dot1Q/vlan-id", "100")];

/// Every family, every shape, every kind of interface.
pub(crate) fn subjects() -> Vec<Subject> {
    let lists = "ios:native ios:interface";
    let entry = |text: String| -> &'static str { text.leak() };
    vec![
        ios_xe(Shape::From17_4),
        ios_xe(Shape::From17_2),
        ios_xe(Shape::UpTo17_1),
        ios_xe_routed(
            "GigabitEthernet1/0/5.100",
            entry(format!("{lists} ios:GigabitEthernet[name=1/0/5.100]")),
            TAG,
        ),
        ios_xe_routed(
            "Port-channel1.100",
            entry(format!("{lists} ios:Port-channel-subinterface ios:Port-channel[name=1.100]")),
            TAG,
        ),
        ios_xe_routed("Vlan100", entry(format!("{lists} ios:Vlan[name=100]")), &[("autostate", "false")]),
        ios_xe_routed("Loopback0", entry(format!("{lists} ios:Loopback[name=0]")), &[]),
        openconfig(),
        openconfig_bundle(),
        openconfig_vlan(),
        openconfig_sub(),
        ietf(),
    ]
}

#[test]
fn the_law_holds_between_all_kinds_of_states() {
    for subject in subjects() {
        for (from, before) in &subject.kinds {
            let start = subject.device(before);
            for (to, kind) in &subject.kinds {
                let wanted = subject.wish(before, kind);
                let held = law(&*subject.dialect, subject.interface, (before, &wanted), &start);
                held.unwrap_or_else(|error| {
                    panic!("{} {}: from {from} to {to}: {error}", subject.dialect.name(), subject.interface)
                });
            }
        }
    }
}

#[test]
fn nothing_is_said_against_any_of_these_states_before_it_is_sent() {
    for subject in subjects() {
        for (from, before) in &subject.kinds {
            for (to, kind) in &subject.kinds {
                let problems = subject.dialect.check(subject.interface, &subject.wish(before, kind));
                assert!(problems.is_empty(), "{}: from {from} to {to}: {problems:?}", subject.interface);
            }
        }
    }
}

#[test]
fn what_is_only_kept_is_kept_between_all_kinds() {
    let kept = |state: &InterfaceState| -> Vec<OtherConfig> {
        let known = [
            "mode/",
            "allowed/vlan/",
            "access/vlan/vlan",
            "native/vlan",
            "channel-group/",
            "ip/address",
            "ip/unnumbered",
        ];
        let more = ["prefix-list", "enabled", "trunk-vlans", "netmask", "index='0'"];
        let known: Vec<&str> = known.into_iter().chain(more).collect();
        let only = |other: &&OtherConfig| {
            !known.iter().any(|part| other.path.contains(part))
                && other.path != "ipv4"
                && other.path != "ipv6"
        };
        state.other.iter().filter(only).cloned().collect()
    };
    for subject in subjects() {
        for (_, before) in &subject.kinds {
            for (to, kind) in &subject.kinds {
                let after = subject.wish(before, kind);
                assert_eq!(kept(before), kept(&after), "{} to {to}", subject.interface);
            }
        }
    }
}
