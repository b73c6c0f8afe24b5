//! The configuration as the lines of IOS's own language, for people; and what differs between two configurations.

use super::names::NATIVE;
use super::tree::Node;

/// The lines below `interface …`, without the indentation.
pub(crate) fn interface_lines(entry: &Node) -> Vec<String> {
    let mut lines = Vec::new();
    let text = |path: &[&str]| entry.text_at(path);
    if let Some(description) = text(&["description"]) {
        lines.push(format!("description {description}"));
    }
    match text(&["switchport-conf", "switchport"]) {
        Some("false") => lines.push("no switchport".to_owned()),
        Some(_) => lines.push("switchport".to_owned()),
        None => {}
    }
    for path in [&["switchport-config", "switchport"][..], &["switchport"]] {
        if let Some(switchport) = entry.at(path) {
            switchport_lines(switchport, &mut lines);
        }
    }
    if let Some(mtu) = text(&["mtu"]) {
        lines.push(format!("mtu {mtu}"));
    }
    if let Some(address) = entry.at(&["ip", "address"]) {
        address_lines(address, &mut lines);
    }
    for prefix in entry.at(&["ipv6", "address"]).map_or(&[][..], |address| &address.children) {
        lines.push(format!("ipv6 address {}", prefix.text_at(&["prefix"]).unwrap_or_default()));
    }
    if let Some(number) = text(&["channel-group", "number"]) {
        let mode = text(&["channel-group", "mode"]).map(|mode| format!(" mode {mode}"));
        lines.push(format!("channel-group {number}{}", mode.unwrap_or_default()));
    }
    let drawn = [
        "name",
        "description",
        "mtu",
        "shutdown",
        "switchport-conf",
        "switchport-config",
        "switchport",
        "ip",
        "ipv6",
        "channel-group",
    ];
    for child in entry.children.iter().filter(|child| !drawn.contains(&child.name.as_str())) {
        plain_lines(child, "", &mut lines);
    }
    if entry.child("shutdown").is_some() {
        lines.push("shutdown".to_owned());
    }
    lines
}

fn switchport_lines(switchport: &Node, lines: &mut Vec<String>) {
    let text = |path: &[&str]| switchport.text_at(path);
    if let Some(vlan) = text(&["access", "vlan", "vlan"]) {
        lines.push(format!("switchport access vlan {vlan}"));
    }
    if let Some(vlan) = text(&["trunk", "native", "vlan", "vlan-id"]) {
        lines.push(format!("switchport trunk native vlan {vlan}"));
    }
    for child in switchport.at(&["trunk", "allowed", "vlan"]).map_or(&[][..], |vlan| &vlan.children) {
        match child.name.as_str() {
            "vlans" => lines.push(format!("switchport trunk allowed vlan {}", child.text)),
            "none" => lines.push("switchport trunk allowed vlan none".to_owned()),
            word => lines.push(format!("switchport trunk allowed vlan {word} {}", child.text)),
        }
    }
    if let Some(mode) = switchport.child("mode").and_then(|mode| mode.children.first()) {
        let value = if mode.text.is_empty() { String::new() } else { format!(" {}", mode.text) };
        lines.push(format!("switchport mode {}{value}", mode.name));
    }
    if let Some(vlan) = text(&["voice", "vlan", "vlan"]) {
        lines.push(format!("switchport voice vlan {vlan}"));
    }
    if switchport.child("nonegotiate").is_some() {
        lines.push("switchport nonegotiate".to_owned());
    }
}

fn address_lines(address: &Node, lines: &mut Vec<String>) {
    for child in &address.children {
        let pair = || {
            let part = |name: &str| child.text_at(&[name]).unwrap_or_default().to_owned();
            format!("ip address {} {}", part("address"), part("mask"))
        };
        match child.name.as_str() {
            "primary" => lines.push(pair()),
            "secondary" => lines.push(format!("{} secondary", pair())),
            word => lines.push(format!("ip address {word}")),
        }
    }
}

/// Words and value of each leaf, for what has no special form.
fn plain_lines(node: &Node, words: &str, lines: &mut Vec<String>) {
    let words = if words.is_empty() { node.name.clone() } else { format!("{words} {}", node.name) };
    if node.children.is_empty() {
        let value = if node.text.is_empty() { String::new() } else { format!(" {}", node.text) };
        lines.push(format!("{words}{value}"));
    }
    for child in &node.children {
        plain_lines(child, &words, lines);
    }
}

/// The interfaces of a configuration: full name and entry, in order.
pub(crate) fn interfaces(config: &Node) -> Vec<(String, &Node)> {
    let entries = config.at(&["native", "interface"]).map_or(&[][..], |interface| &interface.children);
    let named = entries
        .iter()
        .map(|entry| (format!("{}{}", entry.name, entry.text_at(&["name"]).unwrap_or("")), entry));
    named.collect()
}

/// The entry of one interface.
pub(crate) fn interface<'a>(config: &'a Node, name: &str) -> Option<&'a Node> {
    interfaces(config).into_iter().find(|(known, _)| known == name).map(|(_, entry)| entry)
}

/// What differs between two configurations, by name: interfaces, VLANs and whatever else stands at the top.
pub(crate) fn touched(before: &Node, after: &Node) -> Vec<String> {
    let (old, new) = (parts(before), parts(after));
    let mut names: Vec<String> = new.iter().map(|(name, _)| name.clone()).collect();
    names.extend(
        old.iter().map(|(name, _)| name.clone()).filter(|name| !new.iter().any(|(known, _)| known == name)),
    );
    let find = |parts: &[(String, &Node)], name: &str| {
        parts.iter().find(|(known, _)| known == name).map(|(_, node)| (*node).clone())
    };
    names.retain(|name| find(&old, name) != find(&new, name));
    names
}

/// The lines of a part that [`touched`] named and that is no interface.
pub(crate) fn part_lines(config: &Node, name: &str) -> Vec<String> {
    let Some((_, part)) = parts(config).into_iter().find(|(known, _)| known == name) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    plain_lines(part, "", &mut lines);
    lines
}

/// What a port is used for, in a few words.
pub(crate) fn using(entry: &Node) -> String {
    if let Some(address) = entry.text_at(&["ip", "address", "primary", "address"]) {
        return format!("routed, {address}");
    }
    let switchport = ["switchport-config", "switchport"];
    let Some(switchport) = entry.at(&switchport).or_else(|| entry.at(&switchport[1..])) else {
        return String::new();
    };
    let text = |path: &[&str]| switchport.text_at(path);
    match switchport.child("mode").and_then(|mode| mode.children.first()).map(|mode| mode.name.as_str()) {
        Some("access") => format!("access, VLAN {}", text(&["access", "vlan", "vlan"]).unwrap_or("1")),
        Some("trunk") => {
            format!("trunk, VLANs {}", text(&["trunk", "allowed", "vlan", "vlans"]).unwrap_or("all"))
        }
        other => other.unwrap_or_default().to_owned(),
    }
}

fn parts(config: &Node) -> Vec<(String, &Node)> {
    let mut parts = interfaces(config);
    for top in &config.children {
        if !top.is(NATIVE, "native") {
            parts.push((top.name.clone(), top));
            continue;
        }
        for child in top.children.iter().filter(|child| child.name != "interface") {
            if child.name == "vlan" {
                let vlans = child.children.iter();
                parts.extend(
                    vlans.map(|vlan| (format!("VLAN {}", vlan.text_at(&["id"]).unwrap_or("")), vlan)),
                );
            } else {
                parts.push((child.name.clone(), child));
            }
        }
    }
    parts
}

/// Names as a list in words.
pub(crate) fn list(names: &[String]) -> String {
    match names.len() {
        0 => "nothing changed".to_owned(),
        1..=4 => names.join(", "),
        more => format!("{} and {} more", names[..3].join(", "), more - 3),
    }
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Was there before.
    Same,
    /// Is new.
    Added,
    /// Is gone.
    Removed,
}

/// The lines of both texts in order, each with what became of it (longest common subsequence).
pub(crate) fn diff(before: &[String], after: &[String]) -> Vec<(Change, String)> {
    let (rows, columns) = (before.len(), after.len());
    let mut common = vec![vec![0_usize; columns + 1]; rows + 1];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            common[i][j] = if before[i] == after[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < rows || j < columns {
        if i < rows && j < columns && before[i] == after[j] {
            lines.push((Change::Same, after[j].clone()));
            (i, j) = (i + 1, j + 1);
        } else if i < rows && (j == columns || common[i + 1][j] >= common[i][j + 1]) {
            lines.push((Change::Removed, before[i].clone()));
            i += 1;
        } else {
            lines.push((Change::Added, after[j].clone()));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn new_and_gone_lines_are_told_apart() {
        let found = diff(&lines(&["a", "b", "c"]), &lines(&["a", "x", "c"]));
        let marks: Vec<Change> = found.iter().map(|(change, _)| *change).collect();
        assert_eq!(marks, [Change::Same, Change::Removed, Change::Added, Change::Same]);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_their_difference(
            before in proptest::collection::vec("[ab]", 0..8),
            after in proptest::collection::vec("[ab]", 0..8),
        ) {
            let found = diff(&before, &after);
            let without = |gone: Change| -> Vec<String> {
                found.iter().filter(|(change, _)| *change != gone).map(|(_, line)| line.clone()).collect()
            };
            prop_assert_eq!(without(Change::Added), before);
            prop_assert_eq!(without(Change::Removed), after);
        }
    }
}
