//! What the switch itself insists on beyond the types of the model: the model's `must` rules and the limits of its hardware.

use super::error::RpcError;
use super::names::Hardware;
use super::shape::Shape;
use super::tree::{Node, Place, Step};

/// Largest MTU of the platform, in bytes; the model allows more.
const PLATFORM_MTU: u32 = 9198;

/// The list of one type of interfaces, and the tree above it.
struct Interfaces<'a> {
    native: &'a Node,
    interface: &'a Node,
    hardware: Hardware,
}

/// What of a whole configuration the switch does not accept.
pub(crate) fn judge(content: &Node, hardware: Hardware) -> Vec<RpcError> {
    let mut errors = Vec::new();
    let Some(native) = content.child("native") else {
        return errors;
    };
    for vlan in native.at(&["vlan"]).map_or(&[][..], |vlan| &vlan.children) {
        judge_vlan(native, vlan, &mut errors);
    }
    let Some(interface) = native.child("interface") else {
        return errors;
    };
    let around = Interfaces { native, interface, hardware };
    for entry in &interface.children {
        judge_interface(&around, entry, &mut errors);
    }
    errors
}

fn judge_vlan(native: &Node, vlan: &Node, errors: &mut Vec<RpcError>) {
    let (Some(id), Some(name)) = (vlan.text_at(&["id"]), vlan.child("name")) else {
        return;
    };
    let message = if name.text.chars().count() > 32 {
        "A VLAN's name has at most 32 characters"
    } else if id == "1" {
        "VLAN 1 keeps its own name"
    } else {
        return;
    };
    let place = place(&[native, native.child("vlan").unwrap_or(native), vlan], &[name]);
    errors.push(must(message, &place));
}

fn judge_interface(around: &Interfaces<'_>, entry: &Node, errors: &mut Vec<RpcError>) {
    let kind = entry.name.as_str();
    let key = entry.text_at(&["name"]).unwrap_or_default();
    let at = |path: &[&str]| {
        let mut below = Vec::new();
        let mut node = entry;
        for name in path {
            let Some(next) = node.child(name) else { break };
            below.push(next);
            node = next;
        }
        place(&[around.native, around.interface, entry], &below)
    };
    if around.hardware.lacks(kind, key) {
        let error = refused(&format!("interface {kind}{key}"), "the switch has no such interface");
        errors.push(error.at(&at(&[])));
    }
    let switching = entry.text_at(&["switchport-conf", "switchport"]) == Some("true");
    let address = entry.at(&["ip", "address", "primary", "address"]);
    if switching && address.is_some() {
        let message = "An IP address needs switchport false, and switchport true needs the address removed";
        errors.push(must(message, &at(&["ip", "address", "primary", "address"])));
    }
    judge_secondary(entry, address, &at, errors);
    judge_channel(around, entry, &at, errors);
    let mtu = entry.text_at(&["mtu"]).and_then(|mtu| mtu.parse::<u32>().ok());
    if let Some(mtu) = mtu.filter(|mtu| *mtu > PLATFORM_MTU) {
        errors.push(refused(&format!("mtu {mtu}"), "the platform cannot do it").at(&at(&["mtu"])));
    }
}

fn judge_secondary(
    entry: &Node,
    primary: Option<&Node>,
    at: &dyn Fn(&[&str]) -> Place,
    errors: &mut Vec<RpcError>,
) {
    let Some(address) = entry.at(&["ip", "address"]) else {
        return;
    };
    for secondary in address.children.iter().filter(|child| child.name == "secondary") {
        if primary.is_some_and(|primary| secondary.text_at(&["address"]) == Some(primary.text.as_str())) {
            errors
                .push(must("A secondary address must differ from the primary one", &at(&["ip", "address"])));
        }
    }
}

fn judge_channel(
    around: &Interfaces<'_>,
    entry: &Node,
    at: &dyn Fn(&[&str]) -> Place,
    errors: &mut Vec<RpcError>,
) {
    let Some(number) = entry.text_at(&["channel-group", "number"]) else {
        return;
    };
    let mut channels = around.interface.children.iter().filter(|child| child.name == "Port-channel");
    if !channels.any(|channel| channel.text_at(&["name"]) == Some(number)) {
        let message = "The port channel must exist before its members";
        errors.push(must(message, &at(&["channel-group", "number"])));
    }
}

/// Brings a configuration that was accepted to what the switch makes of it: hardware cannot be removed, only emptied.
pub(crate) fn settle(content: &mut Node, model: &Shape, hardware: Hardware) {
    let native = super::names::NATIVE;
    let mut node = content;
    for name in ["native", "interface"] {
        let index = node.children.iter().position(|child| child.is(native, name)).unwrap_or_else(|| {
            node.children.push(Node::new(native, name));
            node.children.len() - 1
        });
        node = &mut node.children[index];
    }
    let mut added = false;
    for key in hardware.keys() {
        let there = |entry: &Node| {
            entry.is(native, "GigabitEthernet") && entry.text_at(&["name"]) == Some(key.as_str())
        };
        if !node.children.iter().any(there) {
            let name = Node::leaf(native, "name", &key);
            node.children.push(Node::new(native, "GigabitEthernet").with([name]));
            added = true;
        }
    }
    if added {
        let interface =
            model.child(native, "native").and_then(|native| native.child(super::names::NATIVE, "interface"));
        if let Some(interface) = interface {
            interface.normalize(node);
        }
    }
}

fn must(message: &str, place: &Place) -> RpcError {
    RpcError {
        app_tag: Some("must-violation".to_owned()),
        ..RpcError::application("operation-failed", message)
    }
    .at(place)
}

/// The refusal of the command parser below the model.
fn refused(command: &str, why: &str) -> RpcError {
    let message = format!("inconsistent value: Device refused one or more commands: {command}: {why}");
    RpcError { bad_cli: Some(command.to_owned()), ..RpcError::application("invalid-value", &message) }
}

fn place(above: &[&Node], below: &[&Node]) -> Place {
    let steps = above.iter().chain(below).map(|node| Step {
        ns: node.ns.clone(),
        name: node.name.clone(),
        keys: keys(node),
    });
    Place(steps.collect())
}

fn keys(node: &Node) -> Vec<(String, String)> {
    let key =
        ["name", "id"].into_iter().find(|key| node.children.first().is_some_and(|child| child.name == *key));
    key.and_then(|key| Some((key.to_owned(), node.text_at(&[key])?.to_owned()))).into_iter().collect()
}
