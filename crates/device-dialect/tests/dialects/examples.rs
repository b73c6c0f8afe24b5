//! What is sent for the changes people ask for.

use change_model::interface::{InterfaceState, OtherConfig, SwitchportMode};
use change_model::vlan::{AllowedVlans, VlanId};
use device_dialect::{Dialect, DialectError, IosXe, OpenConfig, Operational, Problem, Save, Shape};

use crate::models;

const PORT: &str = "GigabitEthernet1/0/5";

fn ios_xe() -> IosXe {
    IosXe::new(Shape::From17_4)
}

fn vlan(id: u16) -> VlanId {
    VlanId::new(id).unwrap()
}

fn up() -> InterfaceState {
    InterfaceState { enabled: true, ..InterfaceState::default() }
}

fn access() -> InterfaceState {
    InterfaceState {
        description: Some("Configured from the ticket system! ##ticket:15016##".to_owned()),
        mtu: Some(2000),
        switchport_mode: Some(SwitchportMode::Access),
        access_vlan: Some(vlan(100)),
        ..up()
    }
}

fn trunk() -> InterfaceState {
    InterfaceState {
        switchport_mode: Some(SwitchportMode::Trunk),
        native_vlan: Some(vlan(100)),
        allowed_vlans: Some(AllowedVlans::only([200, 201, 202, 300].map(vlan))),
        ..up()
    }
}

fn routed() -> InterfaceState {
    InterfaceState { switchport: Some(false), ipv4: Some("192.0.2.1/24".parse().unwrap()), ..up() }
}

/// The edit and its inverse, indented for reading, and approved by the models.
fn shown(dialect: &dyn Dialect, interface: &str, before: &InterfaceState, after: &InterfaceState) -> String {
    let edit = dialect.write(interface, before, after).unwrap();
    let undo = dialect.inverse(interface, before, after).unwrap();
    models::judge(dialect.name(), edit.as_deref());
    models::judge(dialect.name(), undo.as_deref());
    let both = [edit, undo].map(|xml| indented(&xml.unwrap()));
    format!("{}\n{}", both[0], both[1])
}

fn indented(xml: &str) -> String {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut writer = quick_xml::Writer::new_with_indent(Vec::new(), b' ', 2);
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Eof => return String::from_utf8(writer.into_inner()).unwrap(),
            event => writer.write_event(event).unwrap(),
        }
    }
}

#[test]
fn the_first_ticket() {
    insta::assert_snapshot!(shown(&ios_xe(), PORT, &up(), &access()));
}

#[test]
fn the_first_ticket_in_17_3() {
    insta::assert_snapshot!(shown(&IosXe::new(Shape::From17_2), PORT, &up(), &access()));
}

#[test]
fn the_first_ticket_in_openconfig() {
    let dialect = OpenConfig::new(Save::NotNeeded);
    insta::assert_snapshot!(shown(&dialect, PORT, &up(), &access()));
}

#[test]
fn from_access_to_trunk_nothing_of_the_old_mode_is_left() {
    insta::assert_snapshot!(shown(&ios_xe(), PORT, &access(), &trunk()));
}

#[test]
fn from_trunk_to_routed_switching_ends_and_the_address_comes_in_one_edit() {
    insta::assert_snapshot!(shown(&ios_xe(), PORT, &trunk(), &routed()));
}

#[test]
fn from_routed_to_access_the_whole_address_goes_in_the_same_edit() {
    let before = InterfaceState { ipv4_secondary: vec!["192.0.2.2/24".parse().unwrap()], ..routed() };
    let after = InterfaceState { switchport: Some(true), ..access() };
    insta::assert_snapshot!(shown(&ios_xe(), PORT, &before, &after));
}

#[test]
fn a_new_mask_is_sent_with_its_address() {
    let after = InterfaceState { ipv4: Some("192.0.2.1/25".parse().unwrap()), ..routed() };
    let edit = ios_xe().write(PORT, &routed(), &after).unwrap().unwrap();
    assert!(edit.contains("<address>192.0.2.1</address><mask>255.255.255.128</mask>"), "{edit}");
}

#[test]
fn a_negotiated_mode_gives_way_and_comes_back() {
    let negotiated = |value: &str| OtherConfig {
        path: "switchport-config/switchport/mode/dynamic".to_owned(),
        value: value.to_owned(),
    };
    let before = InterfaceState { other: vec![negotiated("auto")], ..up() };
    let wanted = InterfaceState { other: before.other.clone(), ..access() };
    assert!(matches!(ios_xe().write(PORT, &before, &wanted), Err(DialectError::Conflict(..))));
    let after = ios_xe().settle(PORT, &before, &wanted);
    assert_eq!(after, access());
    let undo = ios_xe().inverse(PORT, &before, &after).unwrap().unwrap();
    assert!(undo.contains("<dynamic>auto</dynamic>"), "{undo}");
}

#[test]
fn what_is_only_kept_cannot_be_asked_to_change() {
    let portfast = OtherConfig { path: "spanning-tree/portfast".to_owned(), value: String::new() };
    let before = InterfaceState { other: vec![portfast], ..up() };
    let error = ios_xe().write(PORT, &before, &up()).unwrap_err();
    assert_eq!(error, DialectError::Kept("spanning-tree/portfast".to_owned()));
}

#[test]
fn a_trunk_for_all_vlans_has_no_list_as_the_device_shows_none() {
    let wanted = InterfaceState { allowed_vlans: Some(AllowedVlans::ALL), ..trunk() };
    assert_eq!(ios_xe().settle(PORT, &trunk(), &wanted).allowed_vlans, None);
    let spelled = InterfaceState { allowed_vlans: Some(AllowedVlans::ALL), ..trunk() };
    assert_eq!(ios_xe().settle(PORT, &spelled, &spelled).allowed_vlans, Some(AllowedVlans::ALL));
}

#[test]
fn filters_name_one_interface() {
    let native = "<native xmlns=\"http://cisco.com/ns/yang/Cisco-IOS-XE-native\"><interface>";
    let filter = |name| ios_xe().filter(name).unwrap();
    assert_eq!(
        filter(PORT),
        format!("{native}<GigabitEthernet><name>1/0/5</name></GigabitEthernet></interface></native>")
    );
    assert_eq!(
        filter("Port-channel1.100"),
        format!(
            "{native}<Port-channel-subinterface><Port-channel><name>1.100</name></Port-channel>\
             </Port-channel-subinterface></interface></native>"
        )
    );
    assert_eq!(ios_xe().filter("Gi1/0/5"), Err(DialectError::Interface("Gi1/0/5".to_owned())));
}

#[test]
fn a_sub_interface_is_an_entry_of_its_own() {
    let reply = r#"<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><interface>
        <GigabitEthernet><name>1/0/5</name></GigabitEthernet>
        <GigabitEthernet><name>1/0/5.100</name><encapsulation><dot1Q><vlan-id>100</vlan-id></dot1Q></encapsulation>
          <ip><address><primary><address>192.0.2.1</address><mask>255.255.255.0</mask></primary></address></ip>
        </GigabitEthernet></interface></native>"#;
    let name = "GigabitEthernet1/0/5.100";
    let state = ios_xe().read(reply, name).unwrap().unwrap();
    assert_eq!(state.ipv4, routed().ipv4);
    let tag = OtherConfig { path: "encapsulation/dot1Q/vlan-id".to_owned(), value: "100".to_owned() };
    assert_eq!(state.other, [tag]);
    assert_eq!(ios_xe().check(name, &state), []);
    let bare = InterfaceState { other: Vec::new(), ..state };
    assert_eq!(ios_xe().check(name, &bare), [Problem::NoEncapsulation { interface: name.to_owned() }]);
    assert_eq!(ios_xe().read(reply, PORT).unwrap(), Some(up()));
    assert_eq!(ios_xe().read(reply, "GigabitEthernet1/0/6").unwrap(), None);
}

#[test]
fn a_release_that_shows_its_switching_twice_is_believed_once() {
    let mode = r#"<switchport><mode xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-switch"><access/></mode></switchport>"#;
    let port = |shown: &str| {
        format!(
            r#"<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><interface><GigabitEthernet><name>1/0/5</name>
            {shown}</GigabitEthernet></interface></native>"#
        )
    };
    let new = format!("<switchport-config>{mode}</switchport-config>");
    let expected = InterfaceState { switchport_mode: Some(SwitchportMode::Access), ..up() };
    let old_dialect = IosXe::new(Shape::From17_2);
    assert_eq!(ios_xe().read(&port(&format!("{mode}{new}")), PORT).unwrap(), Some(expected.clone()));
    assert_eq!(ios_xe().read(&port(mode), PORT).unwrap(), Some(expected.clone()));
    assert_eq!(old_dialect.read(&port(&new), PORT).unwrap(), Some(expected));
    let adapted = |dialect: IosXe, shown: &str| dialect.adapted(&port(shown)).map(|found| found.name());
    assert_eq!(adapted(ios_xe(), mode), Some("ios-xe 17.2"));
    assert_eq!(adapted(old_dialect, &new), Some("ios-xe"));
    assert_eq!((adapted(ios_xe(), &new), adapted(ios_xe(), "")), (None, None));
}

#[test]
fn the_platforms_limits_are_named_one_by_one() {
    let state = InterfaceState {
        description: Some(format!("{}\n", "x".repeat(205))),
        mtu: Some(20_000),
        switchport: Some(true),
        ipv4: Some("192.0.2.0/24".parse().unwrap()),
        channel_group: Some(1),
        ..up()
    };
    let said: Vec<String> = ios_xe().check("Vlan100", &state).iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "the description has 206 characters, 6 more than the 200 the device takes",
            "the description holds the control character U+000A",
            "MTU 20000 is outside 64 to 18000",
            "192.0.2.0/24 cannot be the address of an interface",
            "Vlan100 cannot switch: it has no access or trunk mode",
            "192.0.2.0/24 cannot be on a switched port",
            "membership in port channel 1 needs a mode",
        ]
    );
    assert_eq!(IosXe::new(Shape::From17_2).limits().description_chars, 240);
    assert_eq!(ios_xe().check(PORT, &access()), []);
}

#[test]
fn a_vlan_interface_is_never_sent_a_mode() {
    assert!(matches!(ios_xe().write("Vlan100", &up(), &access()), Err(DialectError::Inexpressible(_))));
}

#[test]
fn the_operational_state_is_in_the_devices_own_words() {
    let reply = r#"<rpc-reply xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><data>
        <interfaces xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-interfaces-oper"><interface><name>GigabitEthernet1/0/5</name>
        <admin-status>if-state-up</admin-status><oper-status>if-oper-state-ready</oper-status></interface></interfaces></data></rpc-reply>"#;
    let expected = Operational {
        admin_status: Some("if-state-up".to_owned()),
        oper_status: Some("if-oper-state-ready".to_owned()),
    };
    assert_eq!(ios_xe().read_operational(reply, PORT).unwrap(), Some(expected));
    assert_eq!(ios_xe().read_operational(reply, "GigabitEthernet1/0/6").unwrap(), None);
}

#[test]
fn saving_and_syncing_are_the_vendors_own_rpcs() {
    assert_eq!(
        ios_xe().save(),
        Save::Rpc(r#"<save-config xmlns="http://cisco.com/yang/cisco-ia"/>"#.to_owned())
    );
    assert_eq!(
        ios_xe().sync_from().as_deref(),
        Some(r#"<sync-from xmlns="http://cisco.com/yang/cisco-ia"/>"#)
    );
}
