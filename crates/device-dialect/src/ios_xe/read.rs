//! From a get-config reply to a state.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use change_model::interface::{InterfaceState, SwitchportMode};
use change_model::vlan::{AllowedVlans, VlanId};
use ipnet::{Ipv4Net, Ipv6Net};
use roxmltree::Node;

use crate::error::DialectError;
use crate::reader::{Reader, at, children, entry, is, parse, tops, trimmed, wrap};

use super::port::Port;
use super::{ETHERNET, NATIVE, SWITCH, Shape};

/// Lists whose entries are told apart by a key even when there is only one.
const LISTS: &[(&str, &str)] = &[("secondary", "address"), ("prefix-list", "prefix")];

pub(super) fn read(shape: Shape, reply: &str, port: &Port) -> Result<Option<InterfaceState>, DialectError> {
    let wrapped = wrap(reply);
    let document = parse(&wrapped)?;
    let lists = port.lists();
    let (above, list) = lists.rsplit_once('/').unwrap_or(("", &lists));
    let holders = tops(&document, NATIVE, "native");
    let holders = holders.into_iter().filter_map(|native| at(native, &[(NATIVE, above)]));
    let entries = holders.flat_map(|holder| children(holder, NATIVE, list));
    let Some(found) = entry(entries, NATIVE, ("name", &port.key))? else {
        return Ok(None);
    };
    state(shape, &Reader::new(found)).map(Some)
}

/// The shape in which the reply shows a port's switching, where it shows one; `assumed` where it fits as well as another.
pub(super) fn shape(assumed: Shape, reply: &str) -> Option<Shape> {
    let wrapped = wrap(reply);
    let document = parse(&wrapped).ok()?;
    let mut old = None;
    for port in document.descendants().filter(|node| at(*node, &[(NATIVE, "name")]).is_some()) {
        if at(port, &[(NATIVE, Shape::From17_4.container())]).is_some() {
            return Some(Shape::From17_4);
        }
        let Some(container) = at(port, &[(NATIVE, Shape::UpTo17_1.container())]) else {
            continue;
        };
        let shows = |shape: Shape| at(container, &[(SWITCH, shape.native_vlan())]).is_some();
        if shows(Shape::From17_2) {
            old = Some(Shape::From17_2);
        } else if shows(Shape::UpTo17_1) {
            old = old.or(Some(Shape::UpTo17_1));
        } else if assumed != Shape::From17_4 {
            old = old.or(Some(assumed));
        } else {
            old = old.or(Some(Shape::From17_2));
        }
    }
    old
}

fn state(assumed: Shape, from: &Reader<'_, '_>) -> Result<InterfaceState, DialectError> {
    let old = from.at(&[(NATIVE, Shape::UpTo17_1.container())]);
    let new = from.at(&[(NATIVE, Shape::From17_4.container())]);
    let shape = match (old, new) {
        (None, Some(_)) => Shape::From17_4,
        (Some(_), None) if assumed == Shape::From17_4 => Shape::From17_2,
        _ => assumed,
    };
    if let (Some(old), Shape::From17_4) = (old, shape) {
        // A release that still shows the deprecated container shows the same settings twice.
        from.take_all(old);
    }
    if let Some(name) = from.at(&[(NATIVE, "name")]) {
        from.take(name);
    }
    let mut state = InterfaceState {
        enabled: !from.flag(&[(NATIVE, "shutdown")]),
        description: from.text(&[(NATIVE, "description")]),
        mtu: from.value(&[(NATIVE, "mtu")], "a number of bytes")?,
        switchport: from.value(&[(NATIVE, "switchport-conf/switchport")], "true or false")?,
        channel_group: from.value(&[(ETHERNET, "channel-group/number")], "the number of a port channel")?,
        ..InterfaceState::default()
    };
    switching(shape, from, &mut state)?;
    ipv4(from, &mut state);
    ipv6(from, &mut state)?;
    state.other = from.rest(LISTS, &silent())?;
    Ok(state)
}

fn switching(shape: Shape, from: &Reader<'_, '_>, state: &mut InterfaceState) -> Result<(), DialectError> {
    let container = (NATIVE, shape.container());
    if from.flag(&[container, (SWITCH, "mode/access")]) {
        state.switchport_mode = Some(SwitchportMode::Access);
    } else if from.flag(&[container, (SWITCH, "mode/trunk")]) {
        state.switchport_mode = Some(SwitchportMode::Trunk);
    }
    let access = [container, (SWITCH, "access/vlan/vlan")];
    if from.at(&access).is_some_and(|leaf| trimmed(leaf) != "dynamic") {
        state.access_vlan = from.value::<VlanId>(&access, "a VLAN")?;
    }
    state.native_vlan = native_vlan(shape, from)?;
    if let Some(holder) = from.at(&[container, (SWITCH, "trunk/allowed/vlan")]) {
        allowed_vlans(from, holder, state);
    }
    Ok(())
}

/// The VLANs of a trunk; what is not said in the canonical form stays in `other` too, so that an inverse can write it back as it was.
fn allowed_vlans(from: &Reader<'_, '_>, holder: Node<'_, '_>, state: &mut InterfaceState) {
    let said: Vec<_> = holder.children().filter(|node| is(*node, SWITCH, node.tag_name().name())).collect();
    let words: Vec<_> = said.iter().map(|node| (node.tag_name().name(), trimmed(*node))).collect();
    state.allowed_vlans = said_allowed(&words);
    if let ([(word, text)], [node]) = (words.as_slice(), said.as_slice()) {
        let list = state.allowed_vlans.as_ref().map(AllowedVlans::to_list);
        if *word == "none" || (*word == "vlans" && *text != "none" && list.as_deref() == Some(*text)) {
            from.take(*node);
        }
    }
}

/// What the leaves of `allowed/vlan` say together; `None` where one of them is not understood, or only changes a list that is not told.
pub(super) fn said_allowed(words: &[(&str, &str)]) -> Option<AllowedVlans> {
    let every = || (1..=4094).filter_map(|id| VlanId::new(id).ok());
    let listed = |text: &str| -> Option<BTreeSet<VlanId>> {
        match AllowedVlans::parse_list(text).ok()? {
            AllowedVlans::Only(vlans) => Some(vlans),
            AllowedVlans::All(_) => Some(every().collect()),
        }
    };
    let mut vlans: Option<BTreeSet<VlanId>> = None;
    for (word, text) in words.iter().filter(|(word, _)| !matches!(*word, "add" | "remove")) {
        let set = match *word {
            "vlans" => listed(text)?,
            "none" => BTreeSet::new(),
            "all" => every().collect(),
            "except" => {
                let not = listed(text)?;
                every().filter(|vlan| !not.contains(vlan)).collect()
            }
            _ => return None,
        };
        vlans.get_or_insert_default().extend(set);
    }
    let mut vlans = vlans?;
    for (word, text) in words {
        match *word {
            "add" => vlans.extend(listed(text)?),
            "remove" => {
                let gone = listed(text)?;
                vlans.retain(|vlan| !gone.contains(vlan));
            }
            _ => {}
        }
    }
    Some(if vlans.len() == every().count() { AllowedVlans::ALL } else { AllowedVlans::Only(vlans) })
}

/// The native VLAN; an old release may show it in either of two leaves, or in both.
fn native_vlan(shape: Shape, from: &Reader<'_, '_>) -> Result<Option<VlanId>, DialectError> {
    let runs = |shape: Shape| [(NATIVE, shape.container()), (SWITCH, shape.native_vlan())];
    let older = from.at(&runs(Shape::UpTo17_1)).filter(|leaf| trimmed(*leaf) != "tag").is_some();
    match shape {
        Shape::From17_2 if from.at(&runs(shape)).is_none() && older => {
            from.value(&runs(Shape::UpTo17_1), "a VLAN")
        }
        Shape::UpTo17_1 if !older => from.value(&runs(Shape::From17_2), "a VLAN"),
        _ => {
            let value = from.value(&runs(shape), "a VLAN")?;
            if shape == Shape::From17_2 && older && from.value(&runs(Shape::UpTo17_1), "a VLAN")? != value {
                return Err(DialectError::Twice("the native VLAN".to_owned()));
            }
            Ok(value)
        }
    }
}

fn ipv4(from: &Reader<'_, '_>, state: &mut InterfaceState) {
    let Some(addresses) = from.at(&[(NATIVE, "ip/address")]) else {
        return;
    };
    if let Some(primary) = at(addresses, &[(NATIVE, "primary")]) {
        state.ipv4 = masked(from, primary);
    }
    for secondary in children(addresses, NATIVE, "secondary") {
        if at(secondary, &[(NATIVE, "secondary")]).is_some()
            && let Some(net) = masked(from, secondary)
        {
            from.take_all(secondary);
            state.ipv4_secondary.push(net);
        }
    }
    state.ipv4_secondary.sort();
}

/// An address with its mask, in the form the device itself writes; anything else is left to `other`.
fn masked(from: &Reader<'_, '_>, node: Node<'_, '_>) -> Option<Ipv4Net> {
    let (address, mask) = (at(node, &[(NATIVE, "address")])?, at(node, &[(NATIVE, "mask")])?);
    let ip: Ipv4Addr = trimmed(address).parse().ok()?;
    let netmask: Ipv4Addr = trimmed(mask).parse().ok()?;
    let length = ipnet::ip_mask_to_prefix(IpAddr::V4(netmask)).ok()?;
    from.take(address);
    from.take(mask);
    Ipv4Net::new(ip, length).ok()
}

fn ipv6(from: &Reader<'_, '_>, state: &mut InterfaceState) -> Result<(), DialectError> {
    let Some(addresses) = from.at(&[(NATIVE, "ipv6/address")]) else {
        return Ok(());
    };
    for entry in children(addresses, NATIVE, "prefix-list") {
        let fields: Vec<_> = entry.children().filter(Node::is_element).collect();
        let [prefix] = fields.as_slice() else { continue };
        let Ok(net) = trimmed(*prefix).parse::<Ipv6Net>() else {
            continue;
        };
        if state.ipv6.contains(&net) {
            return Err(DialectError::Twice(net.to_string()));
        }
        state.ipv6.push(net);
        if prefix_text(&net) == trimmed(*prefix) {
            from.take_all(entry);
        }
    }
    state.ipv6.sort();
    Ok(())
}

/// An address as the device writes it: capital digits.
pub(super) fn prefix_text(net: &Ipv6Net) -> String {
    net.to_string().to_uppercase()
}

/// Containers that mean nothing when they are empty.
fn silent() -> Vec<String> {
    let mut paths: Vec<String> = [
        "switchport-conf",
        "switchport-config",
        "ip",
        "ip/address",
        "ip/address/primary",
        "ipv6",
        "ipv6/address",
        "channel-group",
        "encapsulation",
        "encapsulation/dot1Q",
    ]
    .map(str::to_owned)
    .to_vec();
    for shape in [Shape::From17_4, Shape::UpTo17_1] {
        let container = shape.container();
        paths.push(container.to_owned());
        paths.extend(
            [
                "mode",
                "mode/private-vlan",
                "access",
                "access/vlan",
                "trunk",
                "trunk/allowed",
                "trunk/allowed/vlan",
                "trunk/native",
                "trunk/native/vlan",
                "trunk/native/vlan-config",
            ]
            .map(|below| format!("{container}/{below}")),
        );
    }
    paths
}
