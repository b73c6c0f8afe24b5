//! Where netconfd 2.13 is not what RFC 6241 and RFC 7950 say, as far as the tests beside this file had to take notice.
//!
//! Each has a test that fails as soon as it is no longer so. Nothing else is excused: a payload refused or a value changed fails there.
//!
//! | netconfd | why it does not matter to the law | where it is allowed for |
//! | --- | --- | --- |
//! | takes white space off both ends of a string | a device that does so shows another description than was asked for, which the proof after a change finds | generated descriptions have none |
//! | refuses `remove` on a leaf of a union type whose element has no value | nothing may need that value, RFC 6241 section 7.2 | `write` sends the value that goes |
//! | `remove` on a leaf of a list entry that is itself new creates the leaf | entries that are new have nothing to remove | each pair starts with the entry |
//! | shows containers that nothing is left in | they mean nothing, RFC 7950 section 7.5.1 | canonical XML has none |

use change_model::interface::InterfaceState;
use device_dialect::{Dialect, IosXe, Shape};
use netconf_client::ops::Datastore;

use super::server::{edit, running};
use super::{Device, limited};
use crate::law_ios_xe::PORT;

const OPEN: &str = r#"<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native" xmlns:nc="urn:ietf:params:xml:ns:netconf:base:1.0"><interface>"#;

async fn sent(device: &Device, port: &str, inside: &str) -> Result<String, netconf_client::Error> {
    let port =
        format!("{OPEN}<GigabitEthernet><name>{port}</name>{inside}</GigabitEthernet></interface></native>");
    edit(&device.session, Datastore::Running, &port).await?;
    Ok(running(&device.session, device.tops).await)
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn white_space_is_taken_off_a_string() {
    limited(async {
        let device = Device::start("ios-xe").await;
        let seen = sent(&device, "1/0/5", "<description> a  b </description>").await.unwrap();
        assert!(seen.contains("<description>a  b</description>"), "{seen}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn the_removal_of_a_leaf_needs_its_value() {
    limited(async {
        let device = Device::start("ios-xe").await;
        let access = |vlan: &str| {
            format!(
                "<switchport-config><switchport><access xmlns=\"http://cisco.com/ns/yang/Cisco-IOS-XE-switch\"><vlan>{vlan}</vlan>\
                 </access></switchport></switchport-config>"
            )
        };
        sent(&device, "1/0/5", &access("<vlan>100</vlan>")).await.unwrap();
        let refused =
            sent(&device, "1/0/5", &access(r#"<vlan nc:operation="remove"/>"#)).await.unwrap_err();
        assert_eq!(refused.rpc_errors().len(), 1, "{refused:?}");
        let seen =
            sent(&device, "1/0/5", &access(r#"<vlan nc:operation="remove">100</vlan>"#)).await.unwrap();
        assert!(!seen.contains("100"), "{seen}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn a_removal_in_a_new_entry_creates_what_it_removes() {
    limited(async {
        let device = Device::start("ios-xe").await;
        let seen = sent(&device, "1/0/6", r#"<mtu nc:operation="remove">2000</mtu>"#).await.unwrap();
        assert!(seen.contains("<mtu>2000</mtu>"), "{seen}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn an_empty_container_is_shown() {
    limited(async {
        let device = Device::start("ios-xe").await;
        sent(&device, "1/0/5", "<ip><mtu>1400</mtu></ip>").await.unwrap();
        let seen = sent(&device, "1/0/5", r#"<ip><mtu nc:operation="remove">1400</mtu></ip>"#).await.unwrap();
        assert!(seen.contains("<ip/>"), "{seen}");
        assert!(!device.holds().await.contains("<ip "));
    })
    .await;
}

/// That a server takes everything proves nothing unless it refuses something.
#[tokio::test]
#[ignore = "needs netconfd"]
async fn what_the_check_speaks_against_the_server_refuses() {
    limited(async {
        let device = Device::start("ios-xe").await;
        let dialect = IosXe::new(Shape::From17_4);
        sent(&device, "1/0/5", "").await.unwrap();
        let before = InterfaceState { enabled: true, ..InterfaceState::default() };
        let first = device.holds().await;
        let wrong = [
            InterfaceState {
                switchport: Some(true),
                ipv4: Some("192.0.2.1/24".parse().unwrap()),
                ..before.clone()
            },
            InterfaceState { mtu: Some(63), ..before.clone() },
            InterfaceState { description: Some("x".repeat(201)), ..before.clone() },
        ];
        for after in wrong {
            assert!(!dialect.check(PORT, &after).is_empty());
            let written = dialect.write(PORT, &before, &after).unwrap().unwrap();
            let inside = written.split_once('>').unwrap().1.strip_suffix("</config>").unwrap();
            let refused = edit(&device.session, Datastore::Running, inside).await.unwrap_err();
            assert!(!refused.rpc_errors().is_empty(), "{refused:?}");
            assert_eq!(device.holds().await, first, "a refused edit changed something");
        }
    })
    .await;
}
