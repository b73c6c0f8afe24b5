//! From a get-config reply to a state.

use change_model::interface::{InterfaceState, SwitchportMode};
use change_model::vlan::{AllowedVlans, VlanId};
use ipnet::{Ipv4Net, Ipv6Net};
use roxmltree::{Document, Node};

use crate::addresses;
use crate::dialect::Operational;
use crate::error::DialectError;
use crate::operational::words;
use crate::reader::{Reader, at, children, entry, parse, tops, trimmed, wrap};

use super::{ETH, Form, IF, IP, LAG, Place, VLAN};

/// Lists whose entries are told apart by a key even when there is only one.
const LISTS: &[(&str, &str)] = &[("subinterface", "index"), ("address", "ip")];

/// Containers that mean nothing when they are empty; those of a sub-interface's entry follow its own number.
const SILENT: &[&str] = &[
    "config",
    "ethernet",
    "ethernet/config",
    "ethernet/switched-vlan",
    "ethernet/switched-vlan/config",
    "routed-vlan",
    "routed-vlan/config",
    "routed-vlan/ipv4",
    "routed-vlan/ipv4/addresses",
    "routed-vlan/ipv6",
    "routed-vlan/ipv6/addresses",
    "aggregation",
    "aggregation/config",
    "aggregation/switched-vlan",
    "aggregation/switched-vlan/config",
    "subinterfaces",
    "ipv4",
    "ipv4/addresses",
    "ipv6",
    "ipv6/addresses",
];

pub(super) fn read(reply: &str, place: &Place) -> Result<Option<InterfaceState>, DialectError> {
    let wrapped = wrap(reply);
    let document = parse(&wrapped)?;
    let state = |node| match place.index {
        None => interface(place, &Reader::new(node)),
        Some(_) => subinterface(&Reader::new(node)),
    };
    find(&document, place)?.map(state).transpose()
}

/// What the device says of it right now, in its `state` container.
pub(super) fn operational(reply: &str, place: &Place) -> Result<Option<Operational>, DialectError> {
    let wrapped = wrap(reply);
    let document = parse(&wrapped)?;
    let state = find(&document, place)?.and_then(|node| at(node, &[(IF, "state")]));
    Ok(state.and_then(|node| words(node, IF)))
}

/// The entry of an interface or of a sub-interface.
fn find<'a, 'i>(document: &'a Document<'i>, place: &Place) -> Result<Option<Node<'a, 'i>>, DialectError> {
    let entries = tops(document, IF, "interfaces").into_iter().flat_map(|top| children(top, IF, "interface"));
    let Some(found) = entry(entries, IF, ("name", &place.interface))? else {
        return Ok(None);
    };
    let Some(index) = place.index else {
        return Ok(Some(found));
    };
    let list = at(found, &[(IF, "subinterfaces")]).map(|node| children(node, IF, "subinterface"));
    entry(list.unwrap_or_default(), IF, ("index", &index.to_string()))
}

fn common(from: &Reader<'_, '_>) -> Result<InterfaceState, DialectError> {
    Ok(InterfaceState {
        enabled: addresses::read_enabled(from, IF, "config/enabled")?,
        description: from.text(&[(IF, "config/description")]),
        ..InterfaceState::default()
    })
}

fn subinterface(from: &Reader<'_, '_>) -> Result<InterfaceState, DialectError> {
    let mut state = common(from)?;
    for known in ["index", "config/index"] {
        if let Some(node) = from.at(&[(IF, known)]) {
            from.take(node);
        }
    }
    addresses_below(from, from.entry, &mut state);
    state.other = rest(from)?;
    Ok(state)
}

fn interface(place: &Place, from: &Reader<'_, '_>) -> Result<InterfaceState, DialectError> {
    let mut state = common(from)?;
    let form = Form::of(place, from.at(&[(IF, "config/type")]).map(trimmed));
    for known in ["name", "config/name"] {
        if let Some(node) = from.at(&[(IF, known)]) {
            from.take(node);
        }
    }
    state.mtu = from.value(&[(IF, "config/mtu")], "a number of bytes")?;
    if let Some(leaf) = from.at(&[(ETH, "ethernet/config"), (LAG, "aggregate-id")]) {
        state.channel_group = trimmed(leaf).strip_prefix("Port-channel").and_then(|group| group.parse().ok());
        if state.channel_group.is_some_and(|group| format!("Port-channel{group}") == trimmed(leaf)) {
            from.take(leaf);
        } else {
            state.channel_group = None;
        }
    }
    switching(form, from, &mut state)?;
    if form == Form::Vlan {
        if let Some(routed) = from.at(&[(VLAN, "routed-vlan")]) {
            addresses_below(from, routed, &mut state);
        }
        state.other = rest(from)?;
        return Ok(state);
    }
    let list = from.at(&[(IF, "subinterfaces")]).map(|node| children(node, IF, "subinterface"));
    if let Some(own) = entry(list.unwrap_or_default(), IF, ("index", "0"))? {
        addresses_below(from, own, &mut state);
        if state.ipv4.is_some() || !state.ipv6.is_empty() {
            // What carries an address is there of necessity; it is listed only where it carries none.
            from.take(own);
            if let Some(index) = at(own, &[(IF, "config/index")]) {
                from.take(index);
            }
        }
    }
    state.other = rest(from)?;
    Ok(state)
}

fn rest(from: &Reader<'_, '_>) -> Result<Vec<change_model::interface::OtherConfig>, DialectError> {
    let own = SILENT.iter().map(|below| format!("subinterfaces/subinterface[index='0']/{below}"));
    let silent: Vec<String> = SILENT.iter().map(|path| (*path).to_owned()).chain(own).collect();
    from.rest(LISTS, &silent)
}

fn switching(form: Form, from: &Reader<'_, '_>, state: &mut InterfaceState) -> Result<(), DialectError> {
    let leaf = |name: &'static str| [form.holder(), (VLAN, name)];
    let mode = leaf("switched-vlan/config/interface-mode");
    state.switchport_mode = match from.at(&mode).map(trimmed) {
        Some("ACCESS") => Some(SwitchportMode::Access),
        Some("TRUNK") => Some(SwitchportMode::Trunk),
        _ => None,
    };
    if state.switchport_mode.is_some() {
        from.flag(&mode);
    }
    state.access_vlan = from.value::<VlanId>(&leaf("switched-vlan/config/access-vlan"), "a VLAN")?;
    state.native_vlan = from.value::<VlanId>(&leaf("switched-vlan/config/native-vlan"), "a VLAN")?;
    let Some(config) = from.at(&leaf("switched-vlan/config")) else {
        return Ok(());
    };
    let carried = children(config, VLAN, "trunk-vlans");
    let texts: Vec<&str> = carried.iter().map(|node| trimmed(*node)).collect();
    state.allowed_vlans = carried_vlans(&texts);
    if let Some(allowed) = &state.allowed_vlans {
        // Another way to write the same set stays in `other` too, so that an inverse can write it back as it was.
        let mut canonical = trunk_vlans(allowed);
        let mut found: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        canonical.sort();
        found.sort();
        if canonical == found {
            carried.iter().for_each(|node| from.take(*node));
        }
    }
    Ok(())
}

/// The set that values of `trunk-vlans` say together; `None` for no value, or one that is not understood.
pub(super) fn carried_vlans(values: &[&str]) -> Option<AllowedVlans> {
    if values.is_empty() || values.iter().any(|value| value.contains('-') || value.contains(',')) {
        return None;
    }
    let list: Vec<String> = values.iter().map(|value| value.replace("..", "-")).collect();
    AllowedVlans::parse_list(&list.join(",")).ok().filter(|set| *set != AllowedVlans::only([]))
}

/// The values of `trunk-vlans` that say the set; none for the empty set, which cannot be said.
pub(super) fn trunk_vlans(allowed: &AllowedVlans) -> Vec<String> {
    match allowed.to_list().as_str() {
        "all" => vec!["1..4094".to_owned()],
        "none" => Vec::new(),
        list => list.split(',').map(|item| item.replace('-', "..")).collect(),
    }
}

fn addresses_below(from: &Reader<'_, '_>, holder: Node<'_, '_>, state: &mut InterfaceState) {
    let mut v4: Vec<Ipv4Net> = Vec::new();
    for family in ["ipv4", "ipv6"] {
        let list = at(holder, &[(IP, family), (IP, "addresses")]).map(|node| children(node, IP, "address"));
        for node in list.unwrap_or_default() {
            let Some((ip, length)) = address(node) else {
                continue;
            };
            let text = format!("{ip}/{length}");
            let canonical = |addr: String| addr == ip;
            if let Ok(net) = text.parse::<Ipv4Net>() {
                v4.push(net);
            } else if let Some(net) =
                text.parse::<Ipv6Net>().ok().filter(|net| canonical(net.addr().to_string()))
            {
                state.ipv6.push(net);
            } else {
                continue;
            }
            from.take(node);
            for leaf in [at(node, &[(IP, "config/ip")]), at(node, &[(IP, "config/prefix-length")])] {
                leaf.into_iter().for_each(|leaf| from.take(leaf));
            }
            if let Some(config) = at(node, &[(IP, "config")]) {
                from.take(config);
            }
        }
    }
    v4.sort();
    state.ipv4 = v4.first().copied();
    state.ipv4_secondary = v4.into_iter().skip(1).collect();
    state.ipv6.sort();
}

fn address<'a>(node: Node<'a, '_>) -> Option<(&'a str, &'a str)> {
    let ip = trimmed(at(node, &[(IP, "ip")])?);
    let own = trimmed(at(node, &[(IP, "config/ip")])?);
    let length = trimmed(at(node, &[(IP, "config/prefix-length")])?);
    (ip == own).then_some((ip, length))
}
