//! What the switch knows of itself beyond its configuration: netconf-state, yang-library, the state of its interfaces.

use super::cli;
use super::device::Device;
use super::notify::{self, STREAMS};
use super::offers::{MONITORING, YANG_LIBRARY};
use super::shape::{Kind, Shape};
use super::tree::Node;

/// Namespace of the interfaces' operational state.
pub(crate) const INTERFACES_OPER: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-interfaces-oper";

/// Namespace of the datastores' names (RFC 8342).
const DATASTORES: &str = "urn:ietf:params:xml:ns:yang:ietf-datastores";

/// The state as trees.
pub(crate) fn nodes(device: &Device) -> Vec<Node> {
    let mut nodes =
        vec![netconf_state(device), modules_state(device), yang_library(device), interfaces(device)];
    nodes.extend(device.offers.notification.then(notify::streams));
    nodes
}

/// As much of their shapes as filters need: the keys.
pub(crate) fn shapes() -> Vec<Shape> {
    let list = |ns: &str, name: &str, keys: &[&str]| Shape {
        ns: ns.to_owned(),
        name: name.to_owned(),
        kind: Kind::List { keys: keys.iter().map(|key| (*key).to_owned()).collect(), ordered: true },
        cases: Vec::new(),
        default: None,
        children: Vec::new(),
    };
    let container = |ns: &str, name: &str, children: Vec<Shape>| Shape {
        ns: ns.to_owned(),
        name: name.to_owned(),
        kind: Kind::Container { presence: false },
        cases: Vec::new(),
        default: None,
        children,
    };
    let schemas = container(
        MONITORING,
        "schemas",
        vec![list(MONITORING, "schema", &["identifier", "version", "format"])],
    );
    let sessions = container(MONITORING, "sessions", vec![list(MONITORING, "session", &["session-id"])]);
    let mut set = list(YANG_LIBRARY, "module-set", &["name"]);
    set.children.push(list(YANG_LIBRARY, "module", &["name"]));
    vec![
        container(
            STREAMS,
            "netconf",
            vec![container(STREAMS, "streams", vec![list(STREAMS, "stream", &["name"])])],
        ),
        container(MONITORING, "netconf-state", vec![schemas, sessions]),
        container(YANG_LIBRARY, "modules-state", vec![list(YANG_LIBRARY, "module", &["name", "revision"])]),
        container(
            YANG_LIBRARY,
            "yang-library",
            vec![set, list(YANG_LIBRARY, "schema", &["name"]), list(YANG_LIBRARY, "datastore", &["name"])],
        ),
        container(INTERFACES_OPER, "interfaces", vec![list(INTERFACES_OPER, "interface", &["name"])]),
    ]
}

fn netconf_state(device: &Device) -> Node {
    let leaf = |name: &str, text: &str| Node::leaf(MONITORING, name, text);
    let capabilities = device.offers.capabilities(&device.model.content_id);
    let capabilities = capabilities.iter().map(|capability| leaf("capability", capability.trim()));
    let schemas = device.model.modules.iter().map(|module| {
        Node::new(MONITORING, "schema").with([
            leaf("identifier", &module.name),
            leaf("version", &module.revision),
            leaf("format", "yang"),
            leaf("namespace", &module.namespace),
            leaf("location", "NETCONF"),
        ])
    });
    let sessions = device.sessions.iter().map(|(id, session)| {
        Node::new(MONITORING, "session").with([
            leaf("session-id", &id.to_string()),
            leaf("transport", "netconf-ssh"),
            leaf("username", &session.user),
            leaf("source-host", &session.peer),
            leaf("login-time", &session.since.to_string()),
            leaf("in-rpcs", &session.rpcs.to_string()),
        ])
    });
    Node::new(MONITORING, "netconf-state").with([
        Node::new(MONITORING, "capabilities").with(capabilities),
        Node::new(MONITORING, "schemas").with(schemas),
        Node::new(MONITORING, "sessions").with(sessions),
    ])
}

fn modules_state(device: &Device) -> Node {
    let leaf = |name: &str, text: &str| Node::leaf(YANG_LIBRARY, name, text);
    let modules = device.model.modules.iter().map(|module| {
        Node::new(YANG_LIBRARY, "module").with([
            leaf("name", &module.name),
            leaf("revision", &module.revision),
            leaf("namespace", &module.namespace),
            leaf("conformance-type", "implement"),
        ])
    });
    let id = leaf("module-set-id", &device.model.content_id);
    Node::new(YANG_LIBRARY, "modules-state").with([id]).with(modules)
}

fn yang_library(device: &Device) -> Node {
    let leaf = |name: &str, text: &str| Node::leaf(YANG_LIBRARY, name, text);
    let modules = device.model.modules.iter().map(|module| {
        Node::new(YANG_LIBRARY, "module").with([
            leaf("name", &module.name),
            leaf("revision", &module.revision),
            leaf("namespace", &module.namespace),
        ])
    });
    let set = Node::new(YANG_LIBRARY, "module-set").with([leaf("name", "all")]).with(modules);
    let schema = Node::new(YANG_LIBRARY, "schema").with([leaf("name", "all"), leaf("module-set", "all")]);
    let offered =
        [("running", true), ("candidate", device.offers.candidate), ("startup", device.offers.startup)];
    let datastores = offered.into_iter().filter(|(_, offered)| *offered).map(|(name, _)| {
        let prefixes = vec![("ds".to_owned(), DATASTORES.to_owned())];
        let name = Node { prefixes, ..leaf("name", &format!("ds:{name}")) };
        Node::new(YANG_LIBRARY, "datastore").with([name, leaf("schema", "all")])
    });
    let id = leaf("content-id", &device.model.content_id);
    Node::new(YANG_LIBRARY, "yang-library").with([set, schema]).with(datastores).with([id])
}

fn interfaces(device: &Device) -> Node {
    let leaf = |name: &str, text: &str| Node::leaf(INTERFACES_OPER, name, text);
    let entries = cli::interfaces(&device.running).into_iter().map(|(name, entry)| {
        let down = entry.child("shutdown").is_some();
        let (admin, oper) = if down {
            ("if-state-down", "if-oper-state-no-pass")
        } else {
            ("if-state-up", "if-oper-state-ready")
        };
        let mut node = Node::new(INTERFACES_OPER, "interface").with([
            leaf("name", &name),
            leaf("admin-status", admin),
            leaf("oper-status", oper),
            leaf("mtu", entry.text_at(&["mtu"]).unwrap_or("1500")),
        ]);
        if let Some(description) = entry.text_at(&["description"]) {
            node.children.push(leaf("description", description));
        }
        node
    });
    Node::new(INTERFACES_OPER, "interfaces").with(entries)
}
