//! The configuration that the lab's switch starts with.

use std::fmt::Write as _;

use super::names::{NATIVE, SPANNING_TREE, SWITCH, VLAN};

/// VLANs of the switch: those of the site Lab in NetBox.
const VLANS: [(u16, &str); 7] = [
    (99, "Native"),
    (100, "Wireless AP"),
    (200, "Users"),
    (210, "Printers"),
    (220, "Cameras"),
    (230, "Building"),
    (300, "Voice"),
];

/// The configuration of a switch with so many ports as XML: `<native>…</native>`.
pub(crate) fn config(ports: u8) -> String {
    let mut out =
        format!("<native xmlns=\"{NATIVE}\"><version>17.12</version><hostname>c9300</hostname><vlan>");
    for (id, name) in VLANS {
        let _ = write!(out, "<vlan-list xmlns=\"{VLAN}\"><id>{id}</id><name>{name}</name></vlan-list>");
    }
    out.push_str("</vlan><interface>");
    for port in 1..=ports {
        let _ =
            write!(out, "<GigabitEthernet><name>1/0/{port}</name>{}</GigabitEthernet>", port_config(port));
    }
    let _ = write!(
        out,
        "<GigabitEthernet><name>0/0</name><description>Management</description>{}</GigabitEthernet>",
        address("127.0.0.1", "255.0.0.0")
    );
    let _ = write!(out, "<Vlan><name>1</name><shutdown/></Vlan></interface></native>");
    out
}

fn port_config(port: u8) -> String {
    match port {
        1 => description("Uplink to the core") + &trunk("99", None),
        2..=4 => description(&format!("Desk {port}")) + &access(200) + &portfast(),
        6 => description("Printer by the door") + &access(210) + &portfast(),
        7 | 8 => description(&format!("Camera {}", port - 6)) + &access(220),
        9 => description("Building controls") + &access(230) + "<mtu>1500</mtu>",
        10 => description("Access switch, second floor") + &trunk("99", Some("100,200,300")),
        20 => {
            description("Link to the lab router")
                + "<switchport-conf><switchport>false</switchport></switchport-conf>"
                + &address("10.10.10.1", "255.255.255.0")
        }
        23 | 24 => "<shutdown/>".to_owned(),
        _ => String::new(),
    }
}

fn description(text: &str) -> String {
    format!("<description>{text}</description>")
}

fn access(vlan: u16) -> String {
    format!(
        "<switchport-config><switchport><mode xmlns=\"{SWITCH}\"><access/></mode>\
         <access xmlns=\"{SWITCH}\"><vlan><vlan>{vlan}</vlan></vlan></access></switchport></switchport-config>"
    )
}

fn trunk(native: &str, allowed: Option<&str>) -> String {
    let allowed = allowed.map(|vlans| format!("<allowed><vlan><vlans>{vlans}</vlans></vlan></allowed>"));
    format!(
        "<switchport-config><switchport><mode xmlns=\"{SWITCH}\"><trunk/></mode><trunk xmlns=\"{SWITCH}\">{}\
         <native><vlan><vlan-id>{native}</vlan-id></vlan></native></trunk></switchport></switchport-config>",
        allowed.unwrap_or_default()
    )
}

fn address(address: &str, mask: &str) -> String {
    format!("<ip><address><primary><address>{address}</address><mask>{mask}</mask></primary></address></ip>")
}

fn portfast() -> String {
    format!("<spanning-tree xmlns=\"{SPANNING_TREE}\"><portfast/></spanning-tree>")
}
