//! VLANs of a switch.

use change_model::interface::OtherConfig;
use change_model::vlan::VlanId;
use device_dialect::{Dialect, DialectError, Ietf, IosXe, Problem, Save, VlanState};

use crate::models;
use crate::tree::Tree;

fn wireless() -> VlanState {
    VlanState { id: VlanId::new(100).unwrap(), name: Some("Wireless".to_owned()), other: Vec::new() }
}

fn suspended() -> VlanState {
    VlanState {
        other: vec![OtherConfig { path: "state".to_owned(), value: "suspend".to_owned() }],
        ..wireless()
    }
}

const LIST: &str = "ios:native ios:vlan vlan:vlan-list";

/// A VLAN in every way that can be written, and its absence.
pub(crate) fn states() -> Vec<Option<VlanState>> {
    let named = |name: Option<&str>| VlanState { name: name.map(str::to_owned), ..wireless() };
    let down = OtherConfig { path: "shutdown".to_owned(), value: String::new() };
    let both = VlanState { other: vec![down, suspended().other.remove(0)], ..named(None) };
    vec![None, Some(wireless()), Some(named(None)), Some(named(Some("a<b>&"))), Some(suspended()), Some(both)]
}

/// A switch with VLAN 200, and VLAN 100 in this state.
pub(crate) fn device(vlan: Option<&VlanState>) -> Tree {
    let mut device = Tree::new("data");
    device.put(&format!("{LIST}[id=200] vlan:name"), "Users");
    if let Some(vlan) = vlan {
        device.put(&format!("{LIST}[id=100]"), "");
        vlan.name.iter().for_each(|name| {
            device.put(&format!("{LIST}[id=100] vlan:name"), name);
        });
        vlan.other.iter().for_each(|other| {
            device.put(&format!("{LIST}[id=100] vlan:{}", other.path), &other.value);
        });
    }
    device
}

#[test]
fn creating_naming_and_removing_obey_the_law() {
    let states = states();
    let dialect = IosXe::default();
    for before in &states {
        for after in &states {
            let mut device = device(before.as_ref());
            let start = device.clone();
            let seen = |device: &Tree| dialect.read_vlans(&device.inner_xml()).unwrap();
            let of = |vlans: Vec<VlanState>| vlans.into_iter().find(|vlan| vlan.id.get() == 100);
            let edit = dialect.write_vlan(before.as_ref(), after.as_ref()).unwrap();
            models::judge("ios-xe", edit.as_deref());
            assert_eq!(edit.is_none(), before == after);
            device.apply(edit.as_deref());
            assert_eq!((&of(seen(&device)), seen(&device).len()), (after, 1 + usize::from(after.is_some())));
            let undo = dialect.write_vlan(after.as_ref(), before.as_ref()).unwrap();
            device.apply(undo.as_deref());
            assert_eq!(device.canonical(), start.canonical());
        }
    }
}

#[test]
fn the_first_task_of_the_course() {
    let edit = IosXe::default().write_vlan(None, Some(&wireless())).unwrap().unwrap();
    assert_eq!(
        edit,
        "<config xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\"><native xmlns=\"http://cisco.com/ns/yang/Cisco-IOS-XE-native\">\
         <vlan><vlan-list xmlns=\"http://cisco.com/ns/yang/Cisco-IOS-XE-vlan\"><id>100</id><name>Wireless</name></vlan-list>\
         </vlan></native></config>"
    );
    let gone = IosXe::default().write_vlan(Some(&wireless()), None).unwrap().unwrap();
    assert!(gone.contains("nc:operation=\"remove\"><id>100</id></vlan-list>"), "{gone}");
}

#[test]
fn a_vlan_with_settings_that_could_not_be_made_again_is_not_removed() {
    let other = vec![OtherConfig { path: "private-vlan/primary".to_owned(), value: String::new() }];
    let private = VlanState { other, ..wireless() };
    let error = IosXe::default().write_vlan(Some(&private), None).unwrap_err();
    assert_eq!(error, DialectError::Kept("private-vlan/primary".to_owned()));
    let renamed = VlanState { name: Some("x".to_owned()), ..private.clone() };
    assert!(IosXe::default().write_vlan(Some(&private), Some(&renamed)).is_ok());
}

#[test]
fn a_name_has_one_to_32_characters_and_vlan_1_keeps_its_own() {
    let named = |id: u16, name: &str| VlanState {
        id: VlanId::new(id).unwrap(),
        name: Some(name.to_owned()),
        other: vec![],
    };
    let faults = |vlan: &VlanState| IosXe::default().check_vlan(vlan).len();
    assert_eq!(faults(&named(100, &"x".repeat(32))), 0);
    for bad in [named(100, &"x".repeat(33)), named(100, ""), named(1, "default"), named(100, "a\nb")] {
        assert_eq!(faults(&bad), 1, "{bad:?}");
    }
}

#[test]
fn the_vlans_that_every_switch_has_are_left_alone() {
    let numbered = |id: u16| VlanState { id: VlanId::new(id).unwrap(), name: None, other: Vec::new() };
    for id in [1, 1002, 1005] {
        let error = IosXe::default().write_vlan(Some(&numbered(id)), None).unwrap_err();
        assert_eq!(error, DialectError::Kept(format!("VLAN {id}")));
    }
    for (id, faults) in [(1, 0), (1001, 0), (1002, 1), (1005, 1), (1006, 0)] {
        assert_eq!(IosXe::default().check_vlan(&numbered(id)).len(), faults, "{id}");
    }
}

#[test]
fn a_family_without_vlans_says_so() {
    let dialect = Ietf::new(Save::NotNeeded);
    assert!(matches!(dialect.write_vlan(None, Some(&wireless())), Err(DialectError::Inexpressible(_))));
    assert!(matches!(dialect.check_vlan(&wireless()).as_slice(), [Problem::Inexpressible { .. }]));
}
