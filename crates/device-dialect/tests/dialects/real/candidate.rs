//! The same by way of the candidate: edited, committed, read back from running, undone to the byte.
//!
//! A sample: of each subject every kind of state once as what is there and once as what is wanted. Running's tests have all pairs.

use netconf_client::ops::Datastore;

use super::server::{edit, held};
use super::{Device, limited};
use crate::kinds::subjects;
use crate::law_ios_xe::PORT;
use change_model::vlan::VlanId;
use device_dialect::{Dialect, IosXe, Shape};

async fn sample_of(dialect: &str) {
    let device = Device::start_for(dialect, Datastore::Candidate).await;
    let mut pairs = 0;
    for subject in subjects().into_iter().filter(|subject| subject.dialect.name() == dialect) {
        let next = subject.kinds.iter().cycle().skip(1);
        for ((from, before), (to, kind)) in subject.kinds.iter().zip(next) {
            let after = subject.wish(before, kind);
            let about = format!("{}: from {from} to {to}", subject.interface);
            let start = subject.device(before);
            device.obeys(&*subject.dialect, subject.interface, (&start, before, &after), &about).await;
            pairs += 1;
        }
    }
    device.session.close().await.unwrap();
    assert!(pairs > 0, "there is no subject of {dialect}");
    eprintln!("{dialect}, by way of the candidate: {pairs} pairs of hand-picked states");
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn every_kind_of_write_of_ios_xe_is_committed_and_undone() {
    limited(sample_of("ios-xe")).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn every_kind_of_write_of_ios_xe_17_2_is_committed_and_undone() {
    limited(sample_of("ios-xe 17.2")).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn every_kind_of_write_of_ios_xe_up_to_17_1_is_committed_and_undone() {
    limited(sample_of("ios-xe up to 17.1")).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn every_kind_of_write_of_openconfig_is_committed_and_undone() {
    limited(sample_of("openconfig")).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn every_kind_of_write_of_ietf_interfaces_is_committed_and_undone() {
    limited(sample_of("ietf-interfaces")).await;
}

#[tokio::test]
#[ignore = "needs netconfd"]
async fn vlans_are_created_named_and_removed_by_a_commit() {
    limited(async {
        let device = Device::start_for("ios-xe", Datastore::Candidate).await;
        let dialect = IosXe::new(Shape::From17_4);
        let states = crate::vlans::states();
        for (before, after) in states.iter().zip(states.iter().cycle().skip(1)) {
            let about = format!("from {before:?} to {after:?}");
            device.becomes(&crate::vlans::device(before.as_ref()), &about).await;
            let first = device.holds().await;
            let written = dialect.write_vlan(before.as_ref(), after.as_ref()).unwrap();
            device.takes_edit(written.as_deref(), &about).await;
            let filter = dialect.vlan_filter(Some(VlanId::new(100).unwrap())).unwrap();
            let seen = dialect.read_vlans(&held(&device.session, Datastore::Running, &filter).await).unwrap();
            assert_eq!(seen.into_iter().next(), *after, "{about}");
            let undo = dialect.write_vlan(after.as_ref(), before.as_ref()).unwrap();
            device.takes_edit(undo.as_deref(), &about).await;
            assert_eq!(device.holds().await, first, "{about}");
        }
        device.session.close().await.unwrap();
    })
    .await;
}

/// The tests above would prove nothing of the candidate if the server took their edits to running at once.
#[tokio::test]
#[ignore = "needs netconfd"]
async fn running_changes_with_the_commit_and_not_before() {
    limited(async {
        let device = Device::start_for("ios-xe", Datastore::Candidate).await;
        let dialect = IosXe::new(Shape::From17_4);
        let port = "<native xmlns=\"http://cisco.com/ns/yang/Cisco-IOS-XE-native\"><interface><GigabitEthernet>\
                    <name>1/0/5</name><mtu>2000</mtu></GigabitEthernet></interface></native>";
        let filter = dialect.filter(PORT).unwrap();
        let mtu = async |store: Datastore| {
            let xml = held(&device.session, store, &filter).await;
            dialect.read(&xml, PORT).unwrap().and_then(|state| state.mtu)
        };
        edit(&device.session, Datastore::Candidate, port).await.unwrap();
        assert_eq!(mtu(Datastore::Running).await, None);
        assert!(mtu(Datastore::Candidate).await.is_some());
        device.session.call(netconf_client::ops::Commit::new()).await.unwrap();
        assert_eq!(mtu(Datastore::Running).await, mtu(Datastore::Candidate).await);
        device.session.close().await.unwrap();
    })
    .await;
}
