//! From two states to the edit between them.

use change_model::interface::{InterfaceState, SwitchportMode};
use change_model::vlan::AllowedVlans;
use ipnet::{Ipv4Net, Ipv6Net};

use crate::edit::{self, Encoded, Item, Path, Rules, keyed, path, show, within};
use crate::error::DialectError;

use super::port::Port;
use super::read::{prefix_text, said_allowed};
use super::{ETHERNET, NATIVE, SWITCH, Shape};

/// Start of an IPv6 address that the device writes in a form of its own, as `other` shows it.
const RAW_PREFIX: &str = "ipv6/address/prefix-list[prefix='";

pub(super) fn write(
    shape: Shape,
    port: &Port,
    before: &InterfaceState,
    after: &InterfaceState,
) -> Result<Option<String>, DialectError> {
    if before == after {
        return Ok(None);
    }
    let container = shape.container();
    let (before, after) = (encode(shape, before), encode(shape, after));
    if !port.switches()
        && let Some(item) = after.items.iter().find(|item| within(&show(&item.path), container))
        && !before.items.contains(item)
    {
        return Err(DialectError::Inexpressible(show(&item.path)));
    }
    edit::edit(&port.path(), &before, &after, &rules(shape))
}

/// Which nodes exclude each other, and which are removed whole.
fn rules(shape: Shape) -> Rules {
    let container = shape.container();
    let mut cases = vec![
        ("ip/unnumbered".to_owned(), "source of the address", "borrowed"),
        ("ip/address".to_owned(), "source of the address", "own"),
        ("ip/address/primary".to_owned(), "kind of address", "fixed"),
        ("ip/address/secondary".to_owned(), "kind of address", "fixed"),
        ("ip/address/dhcp".to_owned(), "kind of address", "dhcp"),
        ("ip/address/negotiated".to_owned(), "kind of address", "negotiated"),
    ];
    for mode in ["access", "trunk", "dynamic", "dot1q-tunnel", "private-vlan"] {
        cases.push((format!("{container}/mode/{mode}"), "mode", mode));
    }
    for form in ["vlans", "all", "none", "add", "except", "remove"] {
        cases.push((format!("{container}/trunk/allowed/vlan/{form}"), "allowed", form));
    }
    let primary = path(&[(NATIVE, "ip/address/primary")]);
    let collapse =
        vec![path(&[(NATIVE, "ip/address")]), primary.clone(), path(&[(ETHERNET, "channel-group")])];
    Rules { cases, collapse, together: vec![show(&primary)] }
}

/// The node behind an entry of `other` that the dialect can write; `None` for what it only keeps.
fn companion(shape: Shape, at: &str) -> Option<Path> {
    if let Some(raw) = at.strip_prefix(RAW_PREFIX).and_then(|rest| rest.strip_suffix("']")) {
        return raw.parse::<Ipv6Net>().is_ok().then(|| prefix_path(raw.to_owned()));
    }
    if at.contains('[') {
        return None;
    }
    let container = shape.container();
    if let Some(below) = at.strip_prefix(container).and_then(|rest| rest.strip_prefix('/')) {
        let mut known = vec!["mode", "access/vlan/vlan", "trunk/allowed/vlan"];
        if shape == Shape::UpTo17_1 {
            known.push(shape.native_vlan());
        }
        let writable = known.iter().any(|known| within(below, known));
        return writable.then(|| path(&[(NATIVE, container), (SWITCH, below)]));
    }
    let address = ["dhcp", "negotiated", "primary"].map(|kind| format!("ip/address/{kind}"));
    if at == "ip/unnumbered" || address.iter().any(|known| within(at, known)) {
        return Some(path(&[(NATIVE, at)]));
    }
    within(at, "channel-group").then(|| path(&[(ETHERNET, at)]))
}

fn prefix_path(text: String) -> Path {
    keyed(path(&[(NATIVE, "ipv6/address/prefix-list")]), "prefix", text)
}

/// The allowed VLANs as `other` holds them in a form that is not canonical.
fn raw_allowed(shape: Shape, state: &InterfaceState) -> Option<AllowedVlans> {
    let list = format!("{}/trunk/allowed/vlan/", shape.container());
    let raw =
        state.other.iter().filter_map(|other| Some((other.path.strip_prefix(&list)?, other.value.as_str())));
    said_allowed(&raw.collect::<Vec<_>>())
}

fn encode(shape: Shape, state: &InterfaceState) -> Encoded {
    let mut items = Vec::new();
    let native = |at: &str| path(&[(NATIVE, at)]);
    if let Some(text) = &state.description {
        items.push(Item::leaf(native("description"), text));
    }
    if !state.enabled {
        items.push(Item::present(native("shutdown")));
    }
    if let Some(mtu) = state.mtu {
        items.push(Item::leaf(native("mtu"), mtu.to_string()));
    }
    if let Some(on) = state.switchport {
        items.push(Item::leaf(native("switchport-conf/switchport"), on.to_string()));
    }
    addresses(state, &mut items);
    switching(shape, state, &mut items);
    if let Some(number) = state.channel_group {
        items.push(Item::leaf(path(&[(ETHERNET, "channel-group/number")]), number.to_string()));
    }
    let mut kept = Vec::new();
    for other in &state.other {
        match companion(shape, &other.path) {
            Some(path) => items.push(Item::leaf(path, &other.value)),
            None => kept.push((other.path.clone(), other.value.clone())),
        }
    }
    Encoded { items, kept }
}

fn addresses(state: &InterfaceState, items: &mut Vec<Item>) {
    let leaf = |name: &str, value: String| (path(&[(NATIVE, name)]), value);
    let mask = |net: &Ipv4Net| leaf("mask", net.netmask().to_string());
    if let Some(net) = &state.ipv4 {
        items.push(Item::leaf(path(&[(NATIVE, "ip/address/primary/address")]), net.addr().to_string()));
        items.push(Item::leaf(path(&[(NATIVE, "ip/address/primary/mask")]), net.netmask().to_string()));
    }
    for net in &state.ipv4_secondary {
        let at = path(&[(NATIVE, "ip/address/secondary")]);
        let at = keyed(at, "address", net.addr().to_string());
        items.push(Item::entry(at, vec![mask(net), leaf("secondary", String::new())]));
    }
    for net in &state.ipv6 {
        let raw = |at: &str| at.strip_prefix(RAW_PREFIX)?.strip_suffix("']")?.parse().ok();
        if !state.other.iter().any(|other| raw(&other.path) == Some(*net)) {
            items.push(Item::present(prefix_path(prefix_text(net))));
        }
    }
}

fn switching(shape: Shape, state: &InterfaceState, items: &mut Vec<Item>) {
    let at = |below: &str| path(&[(NATIVE, shape.container()), (SWITCH, below)]);
    match state.switchport_mode {
        Some(SwitchportMode::Access) => items.push(Item::present(at("mode/access"))),
        Some(SwitchportMode::Trunk) => items.push(Item::present(at("mode/trunk"))),
        None => {}
    }
    if let Some(vlan) = state.access_vlan {
        items.push(Item::leaf(at("access/vlan/vlan"), vlan.to_string()));
    }
    if let Some(vlan) = state.native_vlan {
        items.push(Item::leaf(at(shape.native_vlan()), vlan.to_string()));
    }
    let Some(allowed) = &state.allowed_vlans else {
        return;
    };
    if raw_allowed(shape, state).as_ref() == Some(allowed) {
        return;
    }
    items.push(match allowed.to_list().as_str() {
        "none" => Item::present(at("trunk/allowed/vlan/none")),
        list => Item::leaf(at("trunk/allowed/vlan/vlans"), list),
    });
}

pub(super) fn settle(shape: Shape, before: &InterfaceState, wanted: &InterfaceState) -> InterfaceState {
    let mut state = wanted.clone();
    state.ipv4_secondary.sort();
    state.ipv4_secondary.dedup();
    state.ipv6.sort();
    state.ipv6.dedup();
    if state.allowed_vlans == Some(AllowedVlans::ALL) && before.allowed_vlans != state.allowed_vlans {
        // The device does not show what is its default.
        state.allowed_vlans = None;
    }
    let drop = Drop { shape, before, after: state.clone() };
    state.other.retain(|other| !drop.drops(&other.path));
    state.other.sort_by(|a, b| (&a.path, &a.value).cmp(&(&b.path, &b.value)));
    state
}

/// Decides which entries of `other` cannot stay beside the new state.
struct Drop<'s> {
    shape: Shape,
    before: &'s InterfaceState,
    after: InterfaceState,
}

impl Drop<'_> {
    fn drops(&self, at: &str) -> bool {
        let after = &self.after;
        let routed = after.switchport == Some(false) && self.before.switchport != Some(false);
        let switched = after.switchport == Some(true) && self.before.switchport != Some(true);
        let left = |mode| {
            self.before.switchport_mode != after.switchport_mode && after.switchport_mode != Some(mode)
        };
        let fixed = after.ipv4.is_some() || !after.ipv4_secondary.is_empty();
        if let Some(raw) = at.strip_prefix(RAW_PREFIX).and_then(|rest| rest.strip_suffix("']")) {
            return raw.parse().is_ok_and(|net| !after.ipv6.contains(&net));
        }
        if within(at, "channel-group") {
            return after.channel_group.is_none();
        }
        if at == "ip/unnumbered" || within(at, "ip/address") {
            return companion(self.shape, at).is_some() && (fixed || switched);
        }
        let Some(below) = at.strip_prefix(self.shape.container()).and_then(|rest| rest.strip_prefix('/'))
        else {
            return false;
        };
        if within(below, "mode") {
            after.switchport_mode.is_some() || routed
        } else if below == "access/vlan/vlan" {
            after.access_vlan.is_some() || left(SwitchportMode::Access) || routed
        } else if self.shape == Shape::UpTo17_1 && below == self.shape.native_vlan() {
            after.native_vlan.is_some() || left(SwitchportMode::Trunk) || routed
        } else if within(below, "trunk/allowed/vlan") {
            raw_allowed(self.shape, after) != after.allowed_vlans || left(SwitchportMode::Trunk) || routed
        } else {
            false
        }
    }
}
