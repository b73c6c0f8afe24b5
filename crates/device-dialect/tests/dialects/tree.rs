//! A configuration as a small tree, and RFC 6241's merge and remove on it: what the tests hold the dialects against.

use roxmltree::Node;

/// Prefixes of the paths in these tests.
const PREFIXES: &[(&str, &str)] = &[
    ("ios", "http://cisco.com/ns/yang/Cisco-IOS-XE-native"),
    ("sw", "http://cisco.com/ns/yang/Cisco-IOS-XE-switch"),
    ("vlan", "http://cisco.com/ns/yang/Cisco-IOS-XE-vlan"),
    ("eth", "http://cisco.com/ns/yang/Cisco-IOS-XE-ethernet"),
    ("stp", "http://cisco.com/ns/yang/Cisco-IOS-XE-spanning-tree"),
    ("cdp", "http://cisco.com/ns/yang/Cisco-IOS-XE-cdp"),
    ("oc", "http://openconfig.net/yang/interfaces"),
    ("oceth", "http://openconfig.net/yang/interfaces/ethernet"),
    ("oclag", "http://openconfig.net/yang/interfaces/aggregate"),
    ("ocvlan", "http://openconfig.net/yang/vlan"),
    ("ocip", "http://openconfig.net/yang/interfaces/ip"),
    ("if", "urn:ietf:params:xml:ns:yang:ietf-interfaces"),
    ("ip", "urn:ietf:params:xml:ns:yang:ietf-ip"),
];

const BASE: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

/// Lists by their path without keys (the end of it is enough), and their key leaf.
const LISTS: &[(&str, &str)] = &[
    ("ios:GigabitEthernet", "name"),
    ("ios:Port-channel", "name"),
    ("ios:address/ios:secondary", "address"),
    ("ios:prefix-list", "prefix"),
    ("vlan:vlan-list", "id"),
    ("oc:interface", "name"),
    ("oc:subinterface", "index"),
    ("ocip:address", "ip"),
    ("if:interface", "name"),
    ("ip:address", "ip"),
];

/// Choices: the end of the parent's path, and the cases by their nodes.
const CHOICES: &[(&str, &[&[&str]])] = &[
    ("sw:mode", &[&["access"], &["trunk"], &["dynamic"], &["dot1q-tunnel"], &["private-vlan"]]),
    ("sw:allowed/sw:vlan", &[&["vlans"], &["all"], &["none"], &["add"], &["except"], &["remove"]]),
    ("ios:GigabitEthernet/ios:ip", &[&["unnumbered"], &["address"]]),
    ("ios:ip/ios:address", &[&["primary", "secondary"], &["dhcp"], &["negotiated"]]),
    ("ip:ipv4/ip:address", &[&["prefix-length"], &["netmask"]]),
];

/// Containers without presence: empty ones say nothing.
const SILENT: &[&str] = &[
    "ios:switchport-conf",
    "ios:switchport-config",
    "ios:switchport-config/ios:switchport",
    "ios:GigabitEthernet/ios:switchport",
    "sw:mode",
    "ios:switchport/sw:access",
    "sw:access/sw:vlan",
    "ios:switchport/sw:trunk",
    "sw:allowed",
    "sw:allowed/sw:vlan",
    "sw:native",
    "sw:native/sw:vlan",
    "sw:native/sw:vlan-config",
    "ios:ip",
    "ios:ip/ios:address",
    "ios:primary",
    "ios:ipv6",
    "ios:ipv6/ios:address",
    "eth:channel-group",
    "ios:vlan",
    "sw:voice",
    "sw:voice/sw:vlan",
    "oc:config",
    "oceth:ethernet",
    "oclag:aggregation",
    "ocvlan:routed-vlan",
    "oceth:config",
    "ocvlan:switched-vlan",
    "ocvlan:config",
    "oc:subinterfaces",
    "ocip:ipv4",
    "ocip:ipv6",
    "ocip:addresses",
    "ocip:config",
];

/// An element.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tree {
    name: String,
    text: String,
    children: Vec<Tree>,
}

fn ends(path: &str, end: &str) -> bool {
    path == end || path.strip_suffix(end).is_some_and(|rest| rest.ends_with('/'))
}

fn prefixed(node: Node<'_, '_>) -> String {
    let ns = node.tag_name().namespace().unwrap_or("");
    let prefix = PREFIXES.iter().find(|(_, known)| *known == ns).map_or(ns, |(prefix, _)| *prefix);
    format!("{prefix}:{}", node.tag_name().name())
}

impl Tree {
    /// An element without content, by its prefixed name.
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), text: String::new(), children: Vec::new() }
    }

    /// Adds what is missing on the path and sets the last element's text; a step may carry a key, as in `oc:interface[name=x]`.
    pub(crate) fn put(&mut self, path: &str, text: &str) -> &mut Self {
        let mut at = &mut *self;
        for step in path.split(" ") {
            let (name, key) = step.split_once('[').map_or((step, None), |(name, key)| (name, Some(key)));
            let key = key.map(|key| key.trim_end_matches(']').split_once('=').unwrap());
            let prefix = name.split_once(':').unwrap().0;
            let wanted = key.map(|(leaf, value)| (format!("{prefix}:{leaf}"), value));
            let found = at.children.iter().position(|child| {
                child.name == name
                    && wanted.as_ref().is_none_or(|(leaf, value)| child.leaf(leaf) == Some(value))
            });
            let found = found.unwrap_or_else(|| {
                let mut child = Self::new(name);
                if let Some((leaf, value)) = &wanted {
                    child.children.push(Self { text: (*value).to_owned(), ..Self::new(leaf) });
                }
                at.children.push(child);
                at.children.len() - 1
            });
            at = &mut at.children[found];
        }
        text.clone_into(&mut at.text);
        self
    }

    /// Adds one value of a leaf-list.
    pub(crate) fn add(&mut self, path: &str, name: &str, text: &str) {
        self.put(path, "");
        let mut at = self;
        for step in path.split(' ') {
            at = at.children.iter_mut().find(|child| child.name == step.split('[').next().unwrap()).unwrap();
        }
        at.children.push(Self { text: text.to_owned(), ..Self::new(name) });
    }

    fn leaf(&self, name: &str) -> Option<&str> {
        self.children.iter().find(|child| child.name == name).map(|child| child.text.as_str())
    }

    /// The content as XML.
    pub(crate) fn inner_xml(&self) -> String {
        self.children.iter().map(Self::xml).collect()
    }

    fn xml(&self) -> String {
        let (prefix, name) = self.name.split_once(':').unwrap();
        let ns = PREFIXES.iter().find(|(known, _)| *known == prefix).unwrap().1;
        let text = self.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        format!("<{prefix}:{name} xmlns:{prefix}=\"{ns}\">{text}{}</{prefix}:{name}>", self.inner_xml())
    }

    /// The same without empty containers and without an order.
    pub(crate) fn canonical(&self) -> Self {
        self.canonical_at("")
    }

    fn canonical_at(&self, above: &str) -> Self {
        let mut copy = Self { children: Vec::new(), ..self.clone() };
        for child in &self.children {
            let path = format!("{above}/{}", child.name);
            let child = child.canonical_at(&path);
            let empty = child.children.is_empty() && child.text.is_empty();
            if !(empty && SILENT.iter().any(|end| ends(&path, end))) {
                copy.children.push(child);
            }
        }
        copy.children.sort();
        copy
    }

    /// Applies an edit-config body to this root.
    pub(crate) fn apply(&mut self, edit: Option<&str>) {
        let Some(edit) = edit else { return };
        let document = roxmltree::Document::parse(edit).unwrap();
        let config = document.root_element();
        assert_eq!(
            (config.tag_name().name(), config.tag_name().namespace()),
            ("config", Some(BASE)),
            "{edit}"
        );
        for child in config.children().filter(Node::is_element) {
            self.merge(child, "");
        }
        self.has_one_case_of_each("");
    }

    fn merge(&mut self, edit: Node<'_, '_>, above: &str) {
        let name = prefixed(edit);
        let path = format!("{above}/{name}");
        let elements: Vec<_> = edit.children().filter(Node::is_element).collect();
        let text = if elements.is_empty() { edit.text().unwrap_or_default() } else { "" };
        let key = LISTS.iter().find(|(end, _)| ends(&path, end)).map(|(_, key)| *key);
        let value = key.map(|key| elements.iter().find(|child| child.tag_name().name() == key).unwrap());
        let listed = name == "ocvlan:trunk-vlans";
        let at = self.children.iter().position(|child| {
            child.name == name
                && value.is_none_or(|leaf| child.leaf(&prefixed(*leaf)) == leaf.text())
                && (!listed || child.text == text)
        });
        match edit.attribute((BASE, "operation")) {
            Some("remove") => {
                if let Some(at) = at {
                    self.children.remove(at);
                }
                return;
            }
            Some(other) => panic!("unexpected operation {other}"),
            None => {}
        }
        let at = at.unwrap_or_else(|| {
            self.children.push(Self::new(&name));
            self.children.len() - 1
        });
        text.clone_into(&mut self.children[at].text);
        for child in elements {
            self.children[at].merge(child, &path);
        }
    }

    /// Fails where two cases of one choice stand. A server shall not let that come to be (RFC 7950, section 7.9), but not all see to it.
    fn has_one_case_of_each(&self, above: &str) {
        let path = format!("{above}/{}", self.name);
        for child in &self.children {
            let others = others(&path, child.own_name());
            let beside = self.children.iter().find(|other| others.contains(&other.own_name()));
            assert!(beside.is_none(), "{path}: {} stands beside {beside:?}", child.name);
            child.has_one_case_of_each(&path);
        }
    }

    fn own_name(&self) -> &str {
        self.name.split_once(':').map_or(self.name.as_str(), |(_, name)| name)
    }
}

/// The nodes of the other cases, if this one is of a case.
fn others(path: &str, name: &str) -> Vec<&'static str> {
    let Some((_, cases)) = CHOICES.iter().find(|(end, _)| ends(path, end)) else {
        return Vec::new();
    };
    if !cases.iter().any(|case| case.contains(&name)) {
        return Vec::new();
    }
    cases.iter().filter(|case| !case.contains(&name)).flat_map(|case| case.iter().copied()).collect()
}
