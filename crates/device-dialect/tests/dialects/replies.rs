//! Replies as devices write them: other prefixes, white space, comments, reported defaults, settings in forms of their own.

use change_model::interface::{InterfaceState, SwitchportMode};
use change_model::vlan::{AllowedVlans, VlanId};
use device_dialect::{Dialect, DialectError, Ietf, IosXe, OpenConfig, Problem, Save, Shape};

const PORT: &str = "GigabitEthernet1/0/5";
const NATIVE: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-native";
const SWITCH: &str = "http://cisco.com/ns/yang/Cisco-IOS-XE-switch";
const BASE: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";

fn port(inside: &str) -> String {
    format!(
        "<native xmlns='{NATIVE}' xmlns:wd='urn:ietf:params:xml:ns:netconf:default:1.0'><interface><GigabitEthernet>\
         <name>1/0/5</name>{inside}</GigabitEthernet></interface></native>"
    )
}

fn trunk(allowed: &str) -> String {
    port(&format!(
        "<switchport-config><switchport><mode xmlns='{SWITCH}'><trunk/></mode><trunk xmlns='{SWITCH}'><allowed><vlan>\
         {allowed}</vlan></allowed></trunk></switchport></switchport-config>"
    ))
}

fn read(reply: &str) -> InterfaceState {
    IosXe::default().read(reply, PORT).unwrap().unwrap()
}

fn other(state: &InterfaceState) -> Vec<(&str, &str)> {
    state.other.iter().map(|other| (other.path.as_str(), other.value.as_str())).collect()
}

#[test]
fn a_default_that_is_reported_and_marked_is_not_configured() {
    let tagged = port(
        "<mtu wd:default='true'>1500</mtu><description wd:default='false'>x</description>\
         <switchport-conf><switchport wd:default='1'>true</switchport></switchport-conf><load-interval>30</load-interval>",
    );
    let state = read(&tagged);
    assert_eq!((state.mtu, state.switchport, state.description.as_deref()), (None, None, Some("x")));
    assert_eq!(other(&state), [("load-interval", "30")]);
    let reply = "<interfaces xmlns='urn:ietf:params:xml:ns:yang:ietf-interfaces'><interface><name>eth0</name>\
        <enabled xmlns:wd='urn:ietf:params:xml:ns:netconf:default:1.0' wd:default='true'>true</enabled></interface></interfaces>";
    let state = Ietf::new(Save::NotNeeded).read(reply, "eth0").unwrap().unwrap();
    assert_eq!(state, InterfaceState { enabled: true, ..InterfaceState::default() });
}

#[test]
fn comments_and_cdata_are_not_part_of_a_value() {
    let state = read(&port(
        "<!-- a port --><mtu><!-- bytes -->20<!-- - -->00</mtu><description>one <!--two-->three <![CDATA[<!--four-->]]></description>",
    ));
    assert_eq!(state.mtu, Some(2000));
    assert_eq!(state.description.as_deref(), Some("one three <!--four-->"));
    assert_eq!(other(&state), []);
    for broken in ["<mtu>1<!-- </mtu>", "<mtu>1<![CDATA[</mtu>", "<!>", "<!---->x-->"] {
        let _ = IosXe::default().read(&port(broken), PORT);
    }
}

#[test]
fn prefixes_and_white_space_are_the_devices_own() {
    let reply = format!(
        "<nc:rpc-reply xmlns:nc='{BASE}' message-id='1'>\n <nc:data>\n  <n:native xmlns:n='{NATIVE}' xmlns:s='{SWITCH}'>\n <n:interface>\
         <n:GigabitEthernet>\n<n:name> 1/0/5\n</n:name>\n<n:mtu>\n2000 </n:mtu><n:switchport-config><n:switchport><s:mode>\n<s:access/>\n\
         </s:mode><s:access><s:vlan><s:vlan>\t100</s:vlan></s:vlan></s:access></n:switchport></n:switchport-config></n:GigabitEthernet>\
         </n:interface></n:native></nc:data></nc:rpc-reply>"
    );
    let expected = InterfaceState {
        enabled: true,
        mtu: Some(2000),
        switchport_mode: Some(SwitchportMode::Access),
        access_vlan: VlanId::new(100).ok(),
        ..InterfaceState::default()
    };
    assert_eq!(read(&reply), expected);
}

#[test]
fn a_refusal_is_not_a_port_that_is_not_there() {
    let error = format!(
        "<rpc-reply xmlns='{BASE}'><rpc-error><error-type>application</error-type><error-tag>access-denied</error-tag>\
         <error-severity>error</error-severity><error-message>no</error-message></rpc-error></rpc-reply>"
    );
    for dialect in [
        Box::new(IosXe::default()) as Box<dyn Dialect>,
        Box::new(OpenConfig::new(Save::NotNeeded)),
        Box::new(Ietf::new(Save::NotNeeded)),
    ] {
        assert_eq!(dialect.read(&error, PORT), Err(DialectError::Refused("access-denied no".to_owned())));
        let warning = error.replace(">error<", ">warning<");
        assert_eq!(dialect.read(&warning, PORT), Ok(None));
    }
    assert!(IosXe::default().read_vlans(&error).is_err());
}

#[test]
fn the_allowed_vlans_are_understood_in_every_form_and_written_back_as_they_were() {
    let only = |ids: &[u16]| Some(AllowedVlans::only(ids.iter().map(|id| VlanId::new(*id).unwrap())));
    let but = |ids: &[u16]| {
        let rest = (1..=4094).filter(|id| !ids.contains(id)).map(|id| VlanId::new(id).unwrap());
        Some(AllowedVlans::only(rest))
    };
    for (leaves, said, kept) in [
        ("<vlans>10,20-22</vlans>", only(&[10, 20, 21, 22]), 0),
        ("<vlans>22, 10,20-21</vlans>", only(&[10, 20, 21, 22]), 1),
        ("<vlans>all</vlans>", Some(AllowedVlans::ALL), 0),
        ("<vlans>none</vlans>", only(&[]), 1),
        ("<vlans/>", only(&[]), 1),
        ("<none/>", only(&[]), 0),
        ("<except>5</except>", but(&[5]), 1),
        ("<except>2-4094</except>", only(&[1]), 1),
        ("<except>5-</except>", None, 1),
        ("<vlans>10</vlans><add>20,30</add>", only(&[10, 20, 30]), 2),
        ("<vlans>10-12</vlans><remove>11</remove>", only(&[10, 12]), 2),
        ("<vlans>10</vlans><vlans>20</vlans>", only(&[10, 20]), 2),
        ("<add>20</add>", None, 1),
        ("<vlans>abc</vlans>", None, 1),
    ] {
        let before = read(&trunk(leaves));
        assert_eq!(before.allowed_vlans, said, "{leaves}");
        assert_eq!(before.other.len(), kept, "{leaves}: {:?}", before.other);
        let wanted = InterfaceState { allowed_vlans: only(&[300]), ..before.clone() };
        let after = IosXe::default().settle(PORT, &before, &wanted);
        assert_eq!(other(&after), [], "{leaves}");
        if leaves.matches("</").count() == 1 || kept < 2 {
            let undo = IosXe::default().inverse(PORT, &before, &after).unwrap().unwrap();
            assert!(undo.contains(leaves.trim()), "{leaves}: {undo}");
        }
    }
}

#[test]
fn what_the_device_would_refuse_beside_the_new_state_is_said_before() {
    let routed = read(&port(
        "<vrf><forwarding>blue</forwarding></vrf><switchport-conf><switchport>false</switchport></switchport-conf>",
    ));
    assert_eq!(IosXe::default().check(PORT, &routed), []);
    let switched = InterfaceState { switchport: Some(true), ..routed };
    let expected = Problem::KeptAgainst {
        interface: PORT.to_owned(),
        path: "vrf/forwarding".to_owned(),
        beside: "while the port switches",
    };
    assert_eq!(IosXe::default().check(PORT, &switched), [expected]);
    let secure = |list: &str| {
        port(&format!(
            "<switchport-config><switchport><mode xmlns='{SWITCH}'><trunk/></mode><port-security-config xmlns='{SWITCH}'><port-security>\
             <mac-address-config><mac-address><{list}><hw-address>0000.0000.0001</hw-address><vlan>7</vlan></{list}></mac-address>\
             </mac-address-config></port-security></port-security-config></switchport></switchport-config>"
        ))
    };
    let trunk = read(&secure("hw-address-trunk"));
    assert_eq!(IosXe::default().check(PORT, &trunk), []);
    let access = InterfaceState { switchport_mode: Some(SwitchportMode::Access), ..trunk };
    assert!(matches!(IosXe::default().check(PORT, &access).as_slice(), [Problem::KeptAgainst { .. }]));
}

#[test]
fn a_busy_port_of_a_catalyst_is_kept_in_every_shape() {
    for shape in [Shape::From17_4, Shape::From17_2, Shape::UpTo17_1] {
        let (open, close) = match shape {
            Shape::From17_4 => ("<switchport-config><switchport>", "</switchport></switchport-config>"),
            _ => ("<switchport>", "</switchport>"),
        };
        let reply = port(&format!(
            "<description>Desk</description>{open}<mode xmlns='{SWITCH}'><access/></mode>\
             <access xmlns='{SWITCH}'><vlan><vlan>10</vlan></vlan></access>\
             <voice xmlns='{SWITCH}'><vlan><vlan>300</vlan></vlan></voice><nonegotiate xmlns='{SWITCH}'/>\
             <port-security xmlns='{SWITCH}'><maximum><max-addresses>2</max-addresses></maximum><violation>restrict</violation>\
             </port-security>{close}<ip><dhcp xmlns='http://cisco.com/ns/yang/Cisco-IOS-XE-dhcp'><snooping><trust/></snooping></dhcp></ip>\
             <spanning-tree xmlns='http://cisco.com/ns/yang/Cisco-IOS-XE-spanning-tree'><bpduguard><enable/></bpduguard><portfast/>\
             </spanning-tree><service-policy xmlns='urn:policy'><input>A</input><output>B</output></service-policy>\
             <storm-control xmlns='urn:storm'><broadcast><level>1.00</level></broadcast></storm-control>"
        ));
        let dialect = IosXe::new(shape);
        let before = dialect.read(&reply, PORT).unwrap().unwrap();
        assert_eq!(before.other.len(), 10, "{:?}", before.other);
        let wanted = InterfaceState { access_vlan: VlanId::new(20).ok(), ..before.clone() };
        let after = dialect.settle(PORT, &before, &wanted);
        assert_eq!(after.other, before.other);
        let edit = dialect.write(PORT, &before, &after).unwrap().unwrap();
        let document = roxmltree::Document::parse(&edit).unwrap();
        let leaves = document
            .descendants()
            .filter(|node| node.is_element() && !node.children().any(|child| child.is_element()));
        assert_eq!(leaves.count(), 2, "the name and the VLAN: {edit}");
    }
}

#[test]
fn openconfig_has_the_switching_of_a_port_channel_below_its_aggregation() {
    let dialect = OpenConfig::new(Save::NotNeeded);
    let up = InterfaceState { enabled: true, ..InterfaceState::default() };
    let access = InterfaceState { switchport_mode: Some(SwitchportMode::Access), ..up.clone() };
    let edit = dialect.write("Port-channel1", &up, &access).unwrap().unwrap();
    let bundle = "<aggregation xmlns=\"http://openconfig.net/yang/interfaces/aggregate\"><switched-vlan";
    assert!(edit.contains(bundle) && !edit.contains("<ethernet"), "{edit}");
    let read = |kind: &str| {
        let reply = format!(
            "<interfaces xmlns='http://openconfig.net/yang/interfaces'><interface><name>bond0</name><config><name>bond0</name>{kind}</config>\
             <aggregation xmlns='http://openconfig.net/yang/interfaces/aggregate'><switched-vlan xmlns='http://openconfig.net/yang/vlan'>\
             <config><interface-mode>ACCESS</interface-mode></config></switched-vlan></aggregation></interface></interfaces>"
        );
        dialect.read(&reply, "bond0").unwrap().unwrap()
    };
    let known = read("<type xmlns:t='urn:ietf:params:xml:ns:yang:iana-if-type'>t:ieee8023adLag</type>");
    assert_eq!(known.switchport_mode, Some(SwitchportMode::Access));
    assert_eq!(other(&known), [("config/type", "t:ieee8023adLag")]);
    let unknown = read("");
    assert_eq!((unknown.switchport_mode, unknown.other.len()), (None, 1), "kept and shown");
}

#[test]
fn a_sub_interface_of_openconfig_has_a_state_of_its_own() {
    let dialect = OpenConfig::new(Save::NotNeeded);
    let filter = dialect.operational_filter("Ethernet1.100").unwrap();
    assert!(filter.contains("<subinterface><index>100</index><state/></subinterface>"), "{filter}");
    let words = |admin: &str, oper: &str| {
        format!("<state><admin-status>{admin}</admin-status><oper-status>{oper}</oper-status></state>")
    };
    let reply = format!(
        "<interfaces xmlns='http://openconfig.net/yang/interfaces'><interface><name>Ethernet1</name>{}<subinterfaces><subinterface>\
         <index>100</index>{}</subinterface></subinterfaces></interface></interfaces>",
        words("UP", "UP"),
        words("DOWN", "DOWN")
    );
    let seen =
        |name: &str| dialect.read_operational(&reply, name).unwrap().and_then(|state| state.oper_status);
    assert_eq!(seen("Ethernet1").as_deref(), Some("UP"));
    assert_eq!(seen("Ethernet1.100").as_deref(), Some("DOWN"));
    assert_eq!(seen("Ethernet1.200"), None);
}
