//! An interface's configuration as RFC 7951 JSON.

use anyhow::{Context, Result, anyhow};
use device_dialect::{IETF_MODULES, IOS_XE_MODULES, OPENCONFIG_MODULES};
use netconf_client::Capabilities;
use yang_schema::{CompileOptions, JsonOptions, ModuleSet, Schema};

/// `{"Cisco-IOS-XE-native:GigabitEthernet": [{"name": "1/0/5", …}]}`, from what stood in the reply's `<data>`.
///
/// Values are typed by the models of what netchange writes; a node that they lack keeps its value as text. Modules that only the
/// device knows are named by its hello.
pub(crate) fn interface_json(xml: &str, capabilities: &Capabilities) -> Result<String> {
    let wrapped = format!("<data>{xml}</data>");
    let document = roxmltree::Document::parse(&wrapped).context("the device's reply is not XML")?;
    let entry =
        list_entry(document.root_element()).ok_or_else(|| anyhow!("the device's reply has no interface"))?;
    let schema = schema()?;
    let mut options = JsonOptions::new();
    for (namespace, module) in capabilities.iter().filter_map(announced) {
        options = options.module(namespace, module);
    }
    let namespace = entry.tag_name().namespace().unwrap_or_default();
    let options = options.list(namespace, entry.tag_name().name());
    let text = schema.element_to_json_text(entry, &options).map_err(|problem| anyhow!("{problem}"))?;
    // Parsed and written again: a value that is no JSON must not leave here.
    let _: serde_json::Value = serde_json::from_str(&text).context("the JSON is broken")?;
    Ok(text)
}

/// The first element with a key, going down through containers that hold one child only.
fn list_entry<'a, 'i>(data: roxmltree::Node<'a, 'i>) -> Option<roxmltree::Node<'a, 'i>> {
    let mut node = data;
    loop {
        let mut children = node.children().filter(roxmltree::Node::is_element);
        let first = children.next()?;
        let is_entry = first.children().any(|child| child.is_element() && child.tag_name().name() == "name");
        if is_entry {
            return Some(first);
        }
        node = first;
    }
}

fn schema() -> Result<Schema> {
    let mut set = ModuleSet::new();
    for (name, text) in IOS_XE_MODULES.iter().chain(OPENCONFIG_MODULES).chain(IETF_MODULES) {
        if !set.contains(name, None) {
            set.add_text(name, text).with_context(|| format!("cannot read the model {name}"))?;
        }
    }
    set.compile(&CompileOptions::new().lenient(true)).context("cannot compile the models")
}

/// Namespace and module of a capability such as `http://…?module=NAME&revision=…`.
fn announced(uri: &str) -> Option<(&str, &str)> {
    let (namespace, query) = uri.split_once('?')?;
    let module =
        query.split('&').find_map(|field| field.trim_start_matches("amp;").strip_prefix("module="))?;
    Some((namespace, module))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_founding_interface_is_typed_json() {
        let xml = r#"<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><interface><GigabitEthernet><name>1/0/5</name>
            <description>Configured from the ticket system! ##ticket:15016##</description><mtu>2000</mtu>
            <switchport-config><switchport><mode xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-switch"><access/></mode>
            <access xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-switch"><vlan><vlan>100</vlan></vlan></access></switchport></switchport-config>
            </GigabitEthernet></interface></native>"#;
        let json: serde_json::Value =
            serde_json::from_str(&interface_json(xml, &Capabilities::default()).unwrap()).unwrap();
        let port = &json["Cisco-IOS-XE-native:GigabitEthernet"][0];
        assert_eq!(port["name"], "1/0/5");
        assert_eq!(port["mtu"], 2000);
        let switchport = &port["switchport-config"]["switchport"];
        assert_eq!(switchport["Cisco-IOS-XE-switch:access"]["vlan"]["vlan"], 100);
        assert_eq!(switchport["Cisco-IOS-XE-switch:mode"]["access"], serde_json::json!({}));
    }
}
