//! Input that means harm, and replies that are broken.

use change_model::interface::{InterfaceState, OtherConfig};
use device_dialect::{Dialect, DialectError, Ietf, IosXe, OpenConfig, Save};
use proptest::prelude::*;

use crate::states::cases;

const PORT: &str = "GigabitEthernet1/0/5";

fn dialects() -> [Box<dyn Dialect>; 3] {
    [
        Box::new(IosXe::default()),
        Box::new(OpenConfig::new(Save::NotNeeded)),
        Box::new(Ietf::new(Save::NotNeeded)),
    ]
}

fn described(text: &str) -> InterfaceState {
    InterfaceState { enabled: true, description: Some(text.to_owned()), ..InterfaceState::default() }
}

fn port(inside: &str) -> String {
    format!(
        r#"<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><interface><GigabitEthernet><name>1/0/5</name>
        {inside}</GigabitEthernet></interface></native>"#
    )
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_description_is_one_text_node_or_refused(text in ".*") {
        for dialect in dialects() {
            match dialect.write(PORT, &InterfaceState { enabled: true, ..Default::default() }, &described(&text)) {
                Ok(edit) => {
                    let edit = edit.unwrap();
                    let document = roxmltree::Document::parse(&edit).unwrap();
                    let found: Vec<_> = document.descendants().filter(|node| node.has_tag_name(("description", "")) || node.tag_name().name() == "description").collect();
                    prop_assert_eq!(found.len(), 1);
                    prop_assert!(found[0].children().all(|child| child.is_text()));
                    prop_assert_eq!(found[0].text().unwrap_or_default(), text.as_str());
                }
                Err(DialectError::Character { code, .. }) => prop_assert!(text.chars().any(|c| u32::from(c) == code)),
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            }
        }
    }

    #[test]
    fn no_reply_makes_it_panic(reply in ".*", name in ".*") {
        for dialect in dialects() {
            let _ = dialect.read(&reply, &name);
            let _ = dialect.read(&reply, PORT);
            let _ = dialect.read_vlans(&reply);
            let _ = dialect.adapted(&reply);
        }
    }

    #[test]
    fn a_name_is_a_key_and_nothing_else(name in ".*") {
        for dialect in dialects() {
            if let Ok(filter) = dialect.filter(&name) {
                roxmltree::Document::parse(&filter).unwrap();
            }
        }
    }
}

#[test]
fn control_characters_are_refused_before_they_are_sent() {
    for text in ["two\nlines", "nul\0", "bell\u{7}", "\u{9b}31m", "\u{ffff}", "carriage\rreturn"] {
        let error = IosXe::default().write(PORT, &InterfaceState::default(), &described(text)).unwrap_err();
        assert!(matches!(error, DialectError::Character { .. }), "{text:?}: {error}");
        let problems = IosXe::default().check(PORT, &described(text));
        assert_eq!(problems.len(), 1, "{text:?}");
    }
}

#[test]
fn nodes_of_another_namespace_are_not_taken_for_ours() {
    let reply = port(r#"<shutdown xmlns="urn:other"/><mtu xmlns="urn:other">9000</mtu>"#);
    let state = IosXe::default().read(&reply, PORT).unwrap().unwrap();
    assert!(state.enabled);
    assert_eq!(state.mtu, None);
    let paths: Vec<_> = state.other.iter().map(|other| other.path.as_str()).collect();
    assert_eq!(paths, ["mtu", "shutdown"]);
    let reply = reply.replace("http://cisco.com/ns/yang/Cisco-IOS-XE-native", "urn:other");
    assert_eq!(IosXe::default().read(&reply, PORT).unwrap(), None);
}

#[test]
fn an_empty_reply_has_no_interface() {
    for reply in
        ["", "<data/>", "<?xml version=\"1.0\"?><rpc-reply><data></data></rpc-reply>", "\u{feff}<data/>"]
    {
        for dialect in dialects() {
            assert_eq!(dialect.read(reply, PORT).unwrap(), None, "{reply:?}");
        }
    }
}

#[test]
fn a_broken_reply_is_an_error_and_never_an_empty_port() {
    let read = |reply: &str| IosXe::default().read(reply, PORT).unwrap_err();
    assert!(matches!(read("<data><native>"), DialectError::Xml(_)));
    assert!(matches!(read("<!DOCTYPE a [<!ENTITY b \"c\">]><data/>"), DialectError::Xml(_)));
    assert!(matches!(read(&port("<mtu>70000</mtu>")), DialectError::Value { .. }));
    assert!(matches!(
        read(&port("<switchport-conf><switchport>yes</switchport></switchport-conf>")),
        DialectError::Value { .. }
    ));
    let twice =
        port("").replace("</interface>", "<GigabitEthernet><name>1/0/5</name></GigabitEthernet></interface>");
    assert_eq!(read(&twice), DialectError::Twice("1/0/5".to_owned()));
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    assert!(matches!(read(&port(&deep)), DialectError::Depth(_)));
}

#[test]
fn entries_of_a_list_are_told_apart() {
    let reply = port(
        r#"<standby><list><id>1</id><ip>192.0.2.1</ip></list><list><id>2</id><ip>192.0.2.2</ip></list></standby><logging><event><link-status/></event></logging>"#,
    );
    let state = IosXe::default().read(&reply, PORT).unwrap().unwrap();
    let expected = [
        ("logging/event/link-status", ""),
        ("standby/list[id='1']/ip", "192.0.2.1"),
        ("standby/list[id='2']/ip", "192.0.2.2"),
    ]
    .map(|(path, value)| OtherConfig { path: path.to_owned(), value: value.to_owned() });
    assert_eq!(state.other, expected);
}
