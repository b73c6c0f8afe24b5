//! The interfaces and addresses of RFC 8343 and RFC 8344: no switching, no MTU of the link.

use change_model::interface::InterfaceState;
use ipnet::{Ipv4Net, Ipv6Net};
use roxmltree::Node;

use crate::addresses::{self, unordered};
use crate::checks;
use crate::dialect::{Dialect, Limits, Operational, Save};
use crate::edit::{self, Encoded, Item, Path, Rules, keyed, path};
use crate::error::{DialectError, Problem};
use crate::operational;
use crate::reader::{Reader, at, children, entry, parse, tops, trimmed, wrap};

const IF: &str = "urn:ietf:params:xml:ns:yang:ietf-interfaces";
const IP: &str = "urn:ietf:params:xml:ns:yang:ietf-ip";

/// The dialect of `ietf-interfaces` and `ietf-ip`.
///
/// The model has neither switching nor the MTU of a link, and no primary address: the lowest counts as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ietf {
    save: Save,
}

impl Ietf {
    /// The dialect for a device that keeps its configuration in this way.
    #[must_use]
    pub const fn new(save: Save) -> Self {
        Self { save }
    }
}

impl Dialect for Ietf {
    fn name(&self) -> &'static str {
        "ietf-interfaces"
    }

    fn filter(&self, interface: &str) -> Result<String, DialectError> {
        edit::filter(&base(interface)?)
    }

    fn read(&self, reply: &str, interface: &str) -> Result<Option<InterfaceState>, DialectError> {
        base(interface)?;
        let wrapped = wrap(reply);
        let document = parse(&wrapped)?;
        let entries =
            tops(&document, IF, "interfaces").into_iter().flat_map(|top| children(top, IF, "interface"));
        let Some(found) = entry(entries, IF, ("name", interface))? else {
            return Ok(None);
        };
        state(&Reader::new(found)).map(Some)
    }

    fn write(
        &self,
        interface: &str,
        before: &InterfaceState,
        after: &InterfaceState,
    ) -> Result<Option<String>, DialectError> {
        let base = base(interface)?;
        if before == after {
            return Ok(None);
        }
        let collapse = vec![path(&[(IP, "ipv4")]), path(&[(IP, "ipv6")])];
        let rules = Rules { collapse, ..Rules::default() };
        edit::edit(&base, &encode(before)?, &encode(after)?, &rules)
    }

    fn settle(&self, _interface: &str, before: &InterfaceState, wanted: &InterfaceState) -> InterfaceState {
        let mut state = wanted.clone();
        addresses::settle(&mut state);
        state.switchport = None;
        addresses::settle_enabled(before, &mut state, "enabled");
        let kept = state.clone();
        state.other.retain(|other| match other.path.as_str() {
            "ipv4" => kept.ipv4.is_none(),
            "ipv6" => kept.ipv6.is_empty(),
            at => netmask_of(at).is_none_or(|ip| {
                let nets = kept.ipv4.iter().chain(&kept.ipv4_secondary);
                nets.into_iter()
                    .any(|net| net.addr().to_string() == ip && net.netmask().to_string() == other.value)
            }),
        });
        state
    }

    fn check(&self, interface: &str, after: &InterfaceState) -> Vec<Problem> {
        if let Err(error) = base(interface) {
            return vec![Problem::Interface(error)];
        }
        let mut problems = checks::common(&self.limits(), after);
        problems.extend(inexpressible(after).map(|what| Problem::Inexpressible { what: what.to_owned() }));
        problems
    }

    fn limits(&self) -> Limits {
        Limits { description_chars: addresses::SNMP_ALIAS, mtu: 0..=u16::MAX }
    }

    fn save(&self) -> Save {
        self.save.clone()
    }

    fn operational_filter(&self, interface: &str) -> Result<String, DialectError> {
        operational::filter(IF, "interfaces/interface", interface)
    }

    fn read_operational(&self, reply: &str, interface: &str) -> Result<Option<Operational>, DialectError> {
        operational::read(reply, IF, ("interfaces", interface))
    }
}

fn base(interface: &str) -> Result<Path, DialectError> {
    if interface.is_empty() || interface.chars().any(char::is_control) {
        return Err(DialectError::Interface(interface.to_owned()));
    }
    Ok(keyed(path(&[(IF, "interfaces/interface")]), "name", interface.to_owned()))
}

/// The first setting that the model has no node for.
fn inexpressible(state: &InterfaceState) -> Option<&'static str> {
    let asked = [
        (state.mtu.is_some(), "the MTU of a link"),
        (state.switchport == Some(true), "a switched port"),
        (state.switchport_mode.is_some(), "access and trunk mode"),
        (
            state.access_vlan.is_some() || state.native_vlan.is_some() || state.allowed_vlans.is_some(),
            "VLANs of a port",
        ),
        (state.channel_group.is_some(), "membership in a port channel"),
    ];
    asked.into_iter().find(|(asked, _)| *asked).map(|(_, what)| what)
}

fn state(from: &Reader<'_, '_>) -> Result<InterfaceState, DialectError> {
    if let Some(name) = from.at(&[(IF, "name")]) {
        from.take(name);
    }
    let mut state = InterfaceState {
        enabled: addresses::read_enabled(from, IF, "enabled")?,
        description: from.text(&[(IF, "description")]),
        ..InterfaceState::default()
    };
    let mut v4: Vec<Ipv4Net> = Vec::new();
    for (node, ip) in entries(from, "ipv4") {
        let Some(net) = length(node, "prefix-length").and_then(|length| net4(ip, &length)) else {
            if let Some(net) = length(node, "netmask").and_then(|mask| mask4(ip, &mask)) {
                v4.push(net);
            }
            continue;
        };
        take(from, node);
        v4.push(net);
    }
    v4.sort();
    state.ipv4 = v4.first().copied();
    state.ipv4_secondary = v4.into_iter().skip(1).collect();
    for (node, ip) in entries(from, "ipv6") {
        let net =
            length(node, "prefix-length").and_then(|length| format!("{ip}/{length}").parse::<Ipv6Net>().ok());
        if let Some(net) = net.filter(|net| net.addr().to_string() == ip) {
            take(from, node);
            state.ipv6.push(net);
        }
    }
    state.ipv6.sort();
    state.other = from.rest(&[("address", "ip")], &[])?;
    Ok(state)
}

fn entries<'a, 'i>(from: &Reader<'a, 'i>, family: &str) -> Vec<(Node<'a, 'i>, &'a str)> {
    let list = from.at(&[(IP, family)]).map(|node| children(node, IP, "address")).unwrap_or_default();
    list.into_iter().filter_map(|node| Some((node, trimmed(at(node, &[(IP, "ip")])?)))).collect()
}

fn length(node: Node<'_, '_>, leaf: &str) -> Option<String> {
    at(node, &[(IP, leaf)]).map(|leaf| trimmed(leaf).to_owned())
}

fn net4(ip: &str, length: &str) -> Option<Ipv4Net> {
    format!("{ip}/{length}").parse().ok()
}

fn mask4(ip: &str, mask: &str) -> Option<Ipv4Net> {
    Ipv4Net::with_netmask(ip.parse().ok()?, mask.parse().ok()?).ok()
}

/// The entry and its length are understood; whatever else is in it is still listed.
fn take(from: &Reader<'_, '_>, node: Node<'_, '_>) {
    from.take(node);
    for leaf in [at(node, &[(IP, "ip")]), at(node, &[(IP, "prefix-length")])].into_iter().flatten() {
        from.take(leaf);
    }
}

/// The address in a path such as `ipv4/address[ip='192.0.2.1']/netmask`.
fn netmask_of(at: &str) -> Option<&str> {
    at.strip_prefix("ipv4/address[ip='")?.strip_suffix("']/netmask")
}

fn encode(state: &InterfaceState) -> Result<Encoded, DialectError> {
    if let Some(what) = inexpressible(state) {
        return Err(DialectError::Inexpressible(what.to_owned()));
    }
    unordered(state)?;
    let mut items = Vec::new();
    if let Some(text) = &state.description {
        items.push(Item::leaf(path(&[(IF, "description")]), text));
    }
    if !state.enabled {
        items.push(Item::leaf(path(&[(IF, "enabled")]), "false"));
    }
    let masks: Vec<(&str, &str)> = state
        .other
        .iter()
        .filter_map(|other| Some((netmask_of(&other.path)?, other.value.as_str())))
        .collect();
    let mut used: Vec<(&str, &str)> = Vec::new();
    for net in state.ipv4.iter().chain(&state.ipv4_secondary) {
        let (ip, mask) = (net.addr().to_string(), net.netmask().to_string());
        let spelled = masks.iter().find(|spelled| **spelled == (ip.as_str(), mask.as_str()));
        used.extend(spelled);
        let leaf = match spelled {
            Some(_) => (path(&[(IP, "netmask")]), mask),
            None => (path(&[(IP, "prefix-length")]), net.prefix_len().to_string()),
        };
        items.push(Item::entry(keyed(path(&[(IP, "ipv4/address")]), "ip", ip), vec![leaf]));
    }
    for net in &state.ipv6 {
        let leaf = (path(&[(IP, "prefix-length")]), net.prefix_len().to_string());
        let at = keyed(path(&[(IP, "ipv6/address")]), "ip", net.addr().to_string());
        items.push(Item::entry(at, vec![leaf]));
    }
    let mut kept = Vec::new();
    for other in &state.other {
        match other.path.as_str() {
            "ipv4" | "ipv6" => items.push(Item::present(path(&[(IP, &other.path)]))),
            "enabled" => items.push(Item::leaf(path(&[(IF, "enabled")]), &other.value)),
            at if netmask_of(at).is_some_and(|ip| used.contains(&(ip, other.value.as_str()))) => {}
            _ => kept.push((other.path.clone(), other.value.clone())),
        }
    }
    Ok(Encoded { items, kept })
}
