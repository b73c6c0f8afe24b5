//! From two states to the edit between them.

use change_model::interface::{InterfaceState, OtherConfig, SwitchportMode};
use change_model::vlan::AllowedVlans;

use crate::addresses::{self, unordered};
use crate::edit::{self, Encoded, Item, Path, Rules, keyed, path};
use crate::error::DialectError;

use super::read::{carried_vlans, trunk_vlans};
use super::{ETH, Form, IF, IP, LAG, Place, VLAN};

const TRUNK_VLANS: &str = "trunk-vlans";
const MODE: &str = "interface-mode";
const BUNDLE: &str = "ethernet/config/aggregate-id";
const ENABLED: &str = "config/enabled";
/// The sub-interface that carries the interface's own addresses.
const OWN: &str = "subinterfaces/subinterface[index='0']";

fn own() -> Path {
    keyed(path(&[(IF, "subinterfaces/subinterface")]), "index", "0".to_owned())
}

fn own_index() -> Item {
    Item::leaf([own(), path(&[(IF, "config/index")])].concat(), "0")
}

pub(super) fn write(
    place: &Place,
    before: &InterfaceState,
    after: &InterfaceState,
) -> Result<Option<String>, DialectError> {
    if before == after {
        return Ok(None);
    }
    let collapse = if Form::in_state(place, before).switches() { vec![own()] } else { Vec::new() };
    let rules = Rules { collapse, ..Rules::default() };
    let encoded = |state: &InterfaceState| encode(Form::in_state(place, state), state);
    edit::edit(&place.path(), &encoded(before)?, &encoded(after)?, &rules)
}

/// The first setting that the model has no node for.
pub(super) fn inexpressible(form: Form, state: &InterfaceState) -> Option<&'static str> {
    let sub = form == Form::Sub;
    let vlans = state.access_vlan.is_some() || state.native_vlan.is_some() || state.allowed_vlans.is_some();
    let asked = [
        (state.allowed_vlans == Some(AllowedVlans::only([])), "a trunk without VLANs"),
        (sub && (state.switchport_mode.is_some() || vlans), "switching on a sub-interface"),
        (form == Form::Vlan && (state.switchport_mode.is_some() || vlans), "switching on a VLAN interface"),
        (sub && state.mtu.is_some(), "the MTU of a sub-interface"),
        (sub && state.channel_group.is_some(), "a sub-interface in a port channel"),
        (form == Form::Vlan && state.channel_group.is_some(), "a VLAN interface in a port channel"),
        (form == Form::Bundle && state.channel_group.is_some(), "a port channel in a port channel"),
    ];
    asked.into_iter().find(|(asked, _)| *asked).map(|(_, what)| what)
}

fn encode(form: Form, state: &InterfaceState) -> Result<Encoded, DialectError> {
    if let Some(what) = inexpressible(form, state) {
        return Err(DialectError::Inexpressible(what.to_owned()));
    }
    if state.switchport.is_some() {
        return Err(DialectError::Inexpressible("whether a port switches, apart from its mode".to_owned()));
    }
    unordered(state)?;
    let mut items = Vec::new();
    let config = |name: &str| path(&[(IF, "config"), (IF, name)]);
    if let Some(text) = &state.description {
        items.push(Item::leaf(config("description"), text));
    }
    if !state.enabled {
        items.push(Item::leaf(config("enabled"), "false"));
    }
    if let Some(mtu) = state.mtu {
        items.push(Item::leaf(config("mtu"), mtu.to_string()));
    }
    if let Some(group) = state.channel_group {
        let at = path(&[(ETH, "ethernet/config"), (LAG, "aggregate-id")]);
        items.push(Item::leaf(at, format!("Port-channel{group}")));
    }
    switching(form, state, &mut items)?;
    addresses(form, state, &mut items);
    let mut kept = Vec::new();
    for other in &state.other {
        match companion(form, other) {
            Some(found) => items.extend(found),
            None => kept.push((other.path.clone(), other.value.clone())),
        }
    }
    Ok(Encoded { items, kept })
}

/// The nodes behind an entry of `other` that the dialect can write; `None` for what it only keeps.
fn companion(form: Form, other: &OtherConfig) -> Option<Vec<Item>> {
    let at = other.path.as_str();
    if at == ENABLED {
        return Some(vec![Item::leaf(path(&[(IF, ENABLED)]), &other.value)]);
    }
    if !form.switches() {
        return None;
    }
    if at == form.switched(TRUNK_VLANS) {
        // Written by `switching`, with the other values.
        return Some(Vec::new());
    }
    if at == form.switched(MODE) {
        return Some(vec![Item::leaf(switched(form, MODE), &other.value)]);
    }
    match at {
        BUNDLE => {
            Some(vec![Item::leaf(path(&[(ETH, "ethernet/config"), (LAG, "aggregate-id")]), &other.value)])
        }
        OWN => Some(vec![Item::present(own())]),
        _ if at.strip_prefix(OWN) == Some("/config/index") => {
            Some(vec![Item::leaf([own(), path(&[(IF, "config/index")])].concat(), &other.value)])
        }
        _ => None,
    }
}

fn switched(form: Form, leaf: &str) -> Path {
    path(&[form.holder(), (VLAN, "switched-vlan/config"), (VLAN, leaf)])
}

/// The values of `trunk-vlans` that other configuration holds as they are written on the device.
fn raw_vlans(form: Form, state: &InterfaceState) -> Vec<&str> {
    let at = form.switched(TRUNK_VLANS);
    state.other.iter().filter(|other| other.path == at).map(|other| other.value.as_str()).collect()
}

fn switching(form: Form, state: &InterfaceState, items: &mut Vec<Item>) -> Result<(), DialectError> {
    match state.switchport_mode {
        Some(SwitchportMode::Access) => items.push(Item::leaf(switched(form, "interface-mode"), "ACCESS")),
        Some(SwitchportMode::Trunk) => items.push(Item::leaf(switched(form, "interface-mode"), "TRUNK")),
        None => {}
    }
    if let Some(vlan) = state.access_vlan {
        items.push(Item::leaf(switched(form, "access-vlan"), vlan.to_string()));
    }
    if let Some(vlan) = state.native_vlan {
        items.push(Item::leaf(switched(form, "native-vlan"), vlan.to_string()));
    }
    let raw = raw_vlans(form, state);
    let values = match &state.allowed_vlans {
        Some(allowed) if raw.is_empty() => trunk_vlans(allowed),
        allowed if carried_vlans(&raw) == *allowed => raw.into_iter().map(str::to_owned).collect(),
        _ => {
            return Err(DialectError::Conflict(form.switched(TRUNK_VLANS), "the allowed VLANs".to_owned()));
        }
    };
    items.extend(values.into_iter().map(|value| Item::listed(switched(form, "trunk-vlans"), value)));
    Ok(())
}

fn addresses(form: Form, state: &InterfaceState, items: &mut Vec<Item>) {
    let base = match form {
        Form::Sub => Path::new(),
        Form::Vlan => path(&[(VLAN, "routed-vlan")]),
        Form::Port | Form::Bundle => own(),
    };
    if form.switches() && (state.ipv4.is_some() || !state.ipv6.is_empty()) {
        items.push(own_index());
    }
    let mut entry = |family: &str, ip: String, length: u8| {
        let at = [base.clone(), path(&[(IP, family), (IP, "addresses/address")])].concat();
        let leaves = vec![
            (path(&[(IP, "config/ip")]), ip.clone()),
            (path(&[(IP, "config/prefix-length")]), length.to_string()),
        ];
        items.push(Item::entry(keyed(at, "ip", ip), leaves));
    };
    for net in state.ipv4.iter().chain(&state.ipv4_secondary) {
        entry("ipv4", net.addr().to_string(), net.prefix_len());
    }
    for net in &state.ipv6 {
        entry("ipv6", net.addr().to_string(), net.prefix_len());
    }
}

pub(super) fn settle(form: Form, before: &InterfaceState, wanted: &InterfaceState) -> InterfaceState {
    let mut state = wanted.clone();
    addresses::settle(&mut state);
    state.switchport = None;
    if state.allowed_vlans == Some(AllowedVlans::ALL) && before.allowed_vlans != state.allowed_vlans {
        state.allowed_vlans = None;
    }
    let sub = !form.switches();
    let said = carried_vlans(&raw_vlans(form, &state));
    let left = before.switchport_mode == Some(SwitchportMode::Trunk)
        && state.switchport_mode != before.switchport_mode;
    let raw_stays = said == state.allowed_vlans && !(left && state.allowed_vlans.is_none());
    let addressed = |state: &InterfaceState| state.ipv4.is_some() || !state.ipv6.is_empty();
    let (had, has) = (addressed(before), addressed(&state));
    let (mode, group) = (state.switchport_mode, state.channel_group);
    let (list, word) = (form.switched(TRUNK_VLANS), form.switched(MODE));
    state.other.retain(|other| match other.path.as_str() {
        at if at == list => raw_stays,
        at if at == word => mode.is_none(),
        BUNDLE => group.is_none(),
        at => sub || !has || !(at == OWN || at == format!("{OWN}/config/index")),
    });
    let index = OtherConfig { path: format!("{OWN}/config/index"), value: "0".to_owned() };
    if !sub && had && !has && !state.other.contains(&index) {
        // The sub-interface stays when its addresses go, as devices keep it.
        state.other.push(index);
    }
    addresses::settle_enabled(before, &mut state, ENABLED);
    state
}
