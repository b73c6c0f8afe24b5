use lab::{FaultAction, Point};
use netbox_client::{
    DeviceId, Error, Field, IfMatch, Interface, InterfaceMode, InterfaceParams, InterfacePatch, IpAddress,
    IpAddressParams, JournalKind, NewCustomField, NewEventRule, NewIpAddress, NewJournalEntry, NewWebhook,
    ObjectChangeParams, VlanParams, changed_and_filled,
};
use serde_json::json;

use crate::Rig;

const PORT: &str = "GigabitEthernet1/0/5";

async fn port(rig: &Rig, name: &str) -> Interface {
    let client = rig.client();
    let device = client.find_device("c9300").await.unwrap().unwrap();
    client.find_interface(device.id, name).await.unwrap().unwrap()
}

async fn access_patch(rig: &Rig) -> InterfacePatch {
    let client = rig.client();
    let device = client.find_device("c9300").await.unwrap().unwrap();
    let vlan = client.find_vlan_available(&device, 100).await.unwrap().unwrap();
    assert_eq!((vlan.name.as_str(), Some(vlan.id.0)), ("Wireless AP", rig.netbox.vlan_id(100)));
    InterfacePatch {
        enabled: Some(true),
        description: Some("Configured from the ticket system!".to_owned()),
        mtu: Field::Set(2000),
        mode: Field::Set(InterfaceMode::Access),
        untagged_vlan: Field::Set(vlan.id),
        tagged_vlans: Some(Vec::new()),
        ..InterfacePatch::default()
    }
    .custom_field("change_ticket_number", "15016")
    .changelog_message("Change ticket 15016")
}

#[tokio::test]
async fn a_ticket_is_written_proved_and_undone() {
    let rig = Rig::start().await;
    let client = rig.client();
    let before = port(&rig, PORT).await;
    let patch = access_patch(&rig).await;
    let written = client.patch_interface(before.id, &patch, before.etag().unwrap().into()).await.unwrap();
    assert_eq!(patch.unmet(&written.value), Vec::<String>::new());
    assert_eq!(rig.netbox.interface(PORT)["untagged_vlan"]["vid"], 100);
    let log = client
        .list_object_changes(&ObjectChangeParams::default().request(written.request_id.as_ref().unwrap()))
        .await
        .unwrap();
    assert_eq!((log.len(), log[0].message.as_str()), (1, "Change ticket 15016"));
    assert_eq!(log[0].prechange_data.as_ref().unwrap()["mode"], json!(null));
    assert_eq!(log[0].postchange_data.as_ref().unwrap()["mode"], "access");
    let inverse = patch.inverse(&before);
    client.patch_interface(before.id, &inverse, written.etag.unwrap().into()).await.unwrap();
    let after = client.get_interface(before.id).await.unwrap();
    assert_eq!((inverse.unmet(&after), after.mtu, after.mode), (Vec::new(), None, None));
    assert_eq!(client.request_count(), 4);
}

#[tokio::test]
async fn of_eight_writers_with_one_tag_one_wins() {
    let rig = Rig::start().await;
    let before = port(&rig, PORT).await;
    let writers = (0..8).map(|number| {
        let (client, tag) = (rig.client(), before.etag().unwrap());
        let patch = InterfacePatch { mtu: Field::Set(1500 + number), ..InterfacePatch::default() };
        tokio::spawn(async move { client.patch_interface(before.id, &patch, tag.into()).await })
    });
    let mut winners = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        match writer.await.unwrap() {
            Ok(written) => winners.push(written),
            Err(Error::Changed { current_etag }) => assert_ne!(current_etag, before.etag()),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(rig.netbox.interface(PORT)["mtu"], winners[0].value.mtu.unwrap());
}

#[tokio::test]
async fn an_edit_by_a_person_in_between_is_noticed() {
    let rig = Rig::start().await;
    let before = port(&rig, PORT).await;
    rig.netbox.set_interface(PORT, json!({"description": "by hand"})).unwrap();
    let error = rig
        .client()
        .patch_interface(before.id, &access_patch(&rig).await, before.etag().unwrap().into())
        .await;
    let Err(Error::Changed { current_etag }) = error else { panic!("{error:?}") };
    assert_eq!(current_etag, port(&rig, PORT).await.etag());
    assert_eq!(rig.netbox.interface(PORT)["description"], "by hand");
    assert!(rig.netbox.set_interface(PORT, json!({"mtu": 0})).is_err());
}

#[tokio::test]
async fn a_bulk_write_is_all_or_none() {
    let rig = Rig::start().await;
    let client = rig.client();
    let (one, other) = (port(&rig, "GigabitEthernet1/0/12").await, port(&rig, "GigabitEthernet1/0/13").await);
    let describe =
        |text: &str| InterfacePatch { description: Some(text.to_owned()), ..InterfacePatch::default() };
    let bad = InterfacePatch { mtu: Field::Set(0), ..InterfacePatch::default() };
    let patches = [(one.id, describe("must not stay")), (other.id, bad)];
    let error = client.patch_interfaces(&patches, IfMatch::Unconditional).await.unwrap_err();
    assert!(error.to_string().contains(&format!("object {}: mtu", other.id)), "{error}");
    assert_eq!(rig.netbox.interface("GigabitEthernet1/0/12")["description"], "");
    let patches = [(other.id, describe("b")), (one.id, describe("a"))];
    let tags = IfMatch::AnyOf(vec![one.etag().unwrap(), other.etag().unwrap()]);
    let written = client.patch_interfaces(&patches, tags.clone()).await.unwrap();
    assert_eq!(written.value.iter().map(|row| row.description.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert!(client.patch_interfaces(&patches, tags).await.unwrap_err().is_changed());
}

async fn held(rig: &Rig, name: &str) -> Vec<IpAddress> {
    rig.client().list_ip_addresses(port(rig, name).await.id).all().await.unwrap()
}

#[tokio::test]
async fn addresses_move_without_a_conflict_and_leave_the_interface_s_tag_alone() {
    let rig = Rig::start().await;
    let client = rig.client();
    let (from, to) = (port(&rig, "GigabitEthernet1/0/20").await, port(&rig, PORT).await);
    let address = held(&rig, "GigabitEthernet1/0/20").await.remove(0);
    assert_eq!(address.address.to_string(), "10.10.10.1/24");
    let moved = client.assign_ip_address(address.id, to.id, address.etag().unwrap().into()).await.unwrap();
    assert_eq!(moved.value.interface_id(), Some(to.id));
    assert_eq!(held(&rig, "GigabitEthernet1/0/20").await.len(), 0);
    let after = port(&rig, PORT).await;
    assert_eq!((after.count_ipaddresses, after.etag()), (1, to.etag()));
    let stale = client.unassign_ip_address(address.id, address.etag().unwrap().into()).await;
    assert!(stale.unwrap_err().is_changed());
    client.unassign_ip_address(address.id, IfMatch::Unconditional).await.unwrap();
    client.assign_ip_address(address.id, from.id, IfMatch::Unconditional).await.unwrap();
    let new = NewIpAddress::new("10.10.11.1/24".parse().unwrap())
        .on(to.id)
        .changelog_message("Change ticket 15016");
    let made = client.create_ip_address(&new).await.unwrap();
    assert_eq!(made.value.device().unwrap().id, DeviceId(1));
    assert!(matches!(client.create_ip_address(&new).await.unwrap_err(), Error::Invalid { .. }));
    client.delete_ip_address(made.value.id, made.etag.unwrap().into()).await.unwrap();
    assert!(client.get_ip_address(made.value.id).await.unwrap_err().is_not_found());
    assert_eq!(rig.netbox.addresses().len(), 4);
}

#[tokio::test]
async fn the_primary_address_cannot_be_taken_away() {
    let rig = Rig::start().await;
    let address = held(&rig, "GigabitEthernet0/0").await.remove(0);
    let error = rig.client().unassign_ip_address(address.id, IfMatch::Unconditional).await.unwrap_err();
    assert!(error.to_string().contains("designated as the primary IP"), "{error}");
}

#[tokio::test]
async fn the_seed_is_two_sites_that_share_a_vlan_number() {
    let rig = Rig::start().await;
    let client = rig.client();
    assert_eq!(client.list_vlans(VlanParams::default().vid(100)).all().await.unwrap().len(), 2);
    let branch = client.find_device("c9300-b").await.unwrap().unwrap();
    assert_eq!((branch.id, branch.site.name.as_str()), (DeviceId(2), "Branch"));
    let vlan = client.find_vlan_available(&branch, 100).await.unwrap().unwrap();
    assert_eq!(vlan.site.unwrap().name, "Branch");
    assert_eq!(client.find_vlan_available(&branch, 300).await.unwrap(), None);
    assert!(client.find_vlan_available(&branch, 666).await.unwrap().unwrap().site.is_none());
    assert_eq!(client.list_vlans_available(&branch).all().await.unwrap().len(), 3);
    let all = client.list_interfaces(DeviceId(1)).all().await.unwrap();
    let managed: Vec<_> = all.iter().filter(|row| row.mgmt_only).map(|row| row.name.as_str()).collect();
    assert_eq!((all.len(), managed), (25, vec!["GigabitEthernet0/0"]));
    let of_device = client.list_ip_addresses(DeviceId(2)).all().await.unwrap();
    assert_eq!(of_device.len(), 2);
    let within = IpAddressParams::default().parent("10.10.10.0/24".parse().unwrap());
    assert_eq!(client.list_ip_addresses(within).all().await.unwrap().len(), 1);
}

#[tokio::test]
async fn mgmt_only_protects_nothing() {
    let rig = Rig::start().await;
    let management = port(&rig, "GigabitEthernet0/0").await;
    assert!(management.mgmt_only);
    let patch = InterfacePatch { enabled: Some(false), ..InterfacePatch::default() };
    rig.client().patch_interface(management.id, &patch, IfMatch::Unconditional).await.unwrap();
    assert_eq!(rig.netbox.interface("GigabitEthernet0/0")["enabled"], false);
}

#[tokio::test]
async fn interfaces_that_carry_a_ticket_are_found_by_polling() {
    let rig = Rig::start().await;
    let client = rig.client();
    let waiting = || InterfaceParams::default().custom_field_filled("change_ticket_number");
    assert_eq!(client.list_interfaces(waiting()).all().await.unwrap().len(), 0);
    rig.netbox.set_interface(PORT, json!({"custom_fields": {"change_ticket_number": "15016"}})).unwrap();
    let found = client.list_interfaces(waiting()).all().await.unwrap();
    assert_eq!(found.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), [PORT]);
    let since = |time: &str| waiting().updated_since(time);
    let last_updated = found[0].last_updated.clone().unwrap();
    assert_eq!(client.list_interfaces(since(&last_updated)).all().await.unwrap().len(), 1);
    assert_eq!(client.list_interfaces(since("2200-01-01T00:00:00Z")).all().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_unknown_and_done() {
    let rig = Rig::start().await;
    let before = port(&rig, PORT).await;
    let patch = access_patch(&rig).await;
    rig.fault(Point::Request, "PATCH", FaultAction::DropReply);
    let error = rig.client().patch_interface(before.id, &patch, IfMatch::Unconditional).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(patch.unmet(&port(&rig, PORT).await), Vec::<String>::new());
}

#[tokio::test]
async fn a_write_that_is_cut_off_before_it_is_unknown_and_not_done() {
    let rig = Rig::start().await;
    let before = port(&rig, PORT).await;
    let patch = access_patch(&rig).await;
    rig.fault(Point::Request, "PATCH", FaultAction::Reset);
    let error =
        rig.client().patch_interface(before.id, &patch, before.etag().unwrap().into()).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(port(&rig, PORT).await.etag(), before.etag());
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says() {
    let rig = Rig::start().await;
    let headers = vec![("Retry-After".to_owned(), "0".to_owned())];
    rig.fault(Point::Request, "GET", FaultAction::Status { status: 503, headers, body: String::new() });
    let client = rig.client();
    client.status().await.unwrap();
    assert_eq!((client.request_count(), rig.netbox.request_count()), (2, 1));
}

#[tokio::test]
async fn a_journal_entry_is_kept_with_the_interface() {
    let rig = Rig::start().await;
    let interface = port(&rig, PORT).await;
    let comments = "Ticket 15016 applied and verified".to_owned();
    let new = NewJournalEntry { interface: interface.id, kind: JournalKind::Success, comments };
    rig.client().create_journal_entry(&new).await.unwrap();
    let entries = rig.client().list_journal_entries(interface.id).all().await.unwrap();
    assert_eq!((entries.len(), entries[0].comments.as_str()), (1, "Ticket 15016 applied and verified"));
}

#[tokio::test]
async fn a_setup_is_found_again_and_can_be_corrected() {
    let rig = Rig::start().await;
    let client = rig.client();
    let hook = client.find_webhook("netchange").await.unwrap().unwrap();
    assert!(hook.payload_url.ends_with("/netbox") && client.find_webhook("other").await.unwrap().is_none());
    let payload_url = "http://127.0.0.1:9/elsewhere".to_owned();
    let new = NewWebhook { name: "netchange".to_owned(), payload_url, secret: None, ssl_verification: true };
    let saved = client.save_webhook(Some(hook.id), &new).await.unwrap();
    assert_eq!(saved.value.payload_url, new.payload_url);
    assert!(client.save_webhook(None, &new).await.unwrap_err().to_string().contains("already exists"));
    let rule = client.find_event_rule("netchange").await.unwrap().unwrap();
    assert_eq!(
        (rule.conditions, rule.action_object_id),
        (Some(changed_and_filled("change_ticket_number")), Some(hook.id.0))
    );
    let all = NewEventRule { name: "netchange".to_owned(), webhook: hook.id, conditions: None };
    assert_eq!(client.save_event_rule(Some(rule.id), &all).await.unwrap().value.conditions, None);
    let field = client.find_custom_field("change_ticket_number").await.unwrap().unwrap();
    assert_eq!(field.object_types, ["dcim.interface"]);
    let new = NewCustomField {
        name: "second_field".to_owned(),
        label: "Second".to_owned(),
        description: String::new(),
    };
    client.save_custom_field(None, &new).await.unwrap();
    assert_eq!(
        rig.netbox.interface(PORT)["custom_fields"],
        json!({"change_ticket_number": null, "second_field": null})
    );
}

#[tokio::test]
async fn a_tag_made_of_a_list_is_the_one_of_the_header_and_each_save_has_another() {
    let rig = Rig::start().await;
    let listed = port(&rig, PORT).await;
    let single = rig.client().get_interface(listed.id).await.unwrap();
    assert_eq!(listed.etag(), single.etag());
    let patch = InterfacePatch { mtu: Field::Set(1500), ..InterfacePatch::default() };
    let mut tags = vec![listed.etag()];
    for _ in 0..3 {
        let written = rig.client().patch_interface(listed.id, &patch, IfMatch::Unconditional).await.unwrap();
        assert!(!tags.contains(&written.etag));
        tags.push(written.etag);
    }
}
