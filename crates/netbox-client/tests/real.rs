//! The client against a real NetBox: `NETBOX_URL=… NETBOX_TOKEN=… cargo test -p netbox-client --test real -- --ignored`.
//!
//! It needs a device `c9300` with a free port GigabitEthernet1/0/23 that is no switchport, a VLAN 100 for its site, and the text field
//! `change_ticket_number` on interfaces. What it writes it takes back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use netbox_client::{
    Client, Device, Error, Field, IfMatch, Interface, InterfaceId, InterfaceMode, InterfaceParams,
    InterfacePatch, IpAddressParams, JournalKind, NewCustomField, NewEventRule, NewIpAddress,
    NewJournalEntry, NewWebhook, ObjectChangeParams, Right, changed_and_filled,
};
use secrecy::SecretString;

const PORT: &str = "GigabitEthernet1/0/23";
const FIELD: &str = "change_ticket_number";
const ADDRESS: &str = "198.51.100.1/24";

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let token = SecretString::from(std::env::var("NETBOX_TOKEN").unwrap());
    Client::builder(std::env::var("NETBOX_URL").unwrap(), token).build().unwrap()
}

async fn port(client: &Client) -> (Device, Interface) {
    let device = client.find_device("c9300").await.unwrap().unwrap();
    let interface = client.find_interface(device.id, PORT).await.unwrap().unwrap();
    (device, interface)
}

#[tokio::test]
#[ignore = "needs a real NetBox"]
async fn a_token_that_may_do_everything_is_told_so() {
    let client = client();
    for right in Right::ALL {
        assert!(client.may(right).await.unwrap(), "{right}");
    }
}

#[tokio::test]
#[ignore = "needs a real NetBox"]
async fn a_change_is_written_conditionally_found_again_and_taken_back() {
    let client = client();
    assert!(client.status().await.unwrap().version().unwrap() >= (3, 5));
    let (device, before) = port(&client).await;
    assert_eq!(client.get_interface(before.id).await.unwrap().etag(), before.etag());
    let vlan = client.find_vlan_available(&device, 100).await.unwrap().unwrap();
    let patch = InterfacePatch {
        mtu: Field::Set(2000),
        description: Some("netbox-client's test".to_owned()),
        mode: Field::Set(InterfaceMode::Access),
        untagged_vlan: Field::Set(vlan.id),
        tagged_vlans: Some(Vec::new()),
        ..InterfacePatch::default()
    }
    .custom_field(FIELD, "15016")
    .changelog_message("Change ticket 15016");
    let written = client.patch_interface(before.id, &patch, before.etag().unwrap().into()).await.unwrap();
    assert_eq!(patch.unmet(&written.value), Vec::<String>::new());
    let stale = client.patch_interface(before.id, &patch, before.etag().unwrap().into()).await.unwrap_err();
    let Error::Changed { current_etag } = stale else { panic!("{stale}") };
    assert_eq!(current_etag, written.etag);
    let waiting = InterfaceParams::default()
        .custom_field_filled(FIELD)
        .updated_since(before.last_updated.clone().unwrap());
    let found = client.list_interfaces(waiting).all().await.unwrap();
    assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [before.id]);
    let log = ObjectChangeParams::default().request(written.request_id.as_ref().unwrap());
    let log = client.list_object_changes(&log).await.unwrap();
    assert_eq!((log.len(), log[0].message.as_str()), (1, "Change ticket 15016"));
    let inverse = patch.inverse(&before);
    let back = client.patch_interface(before.id, &inverse, written.etag.unwrap().into()).await.unwrap();
    assert_eq!(inverse.unmet(&back.value), Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs a real NetBox"]
async fn an_address_is_made_found_moved_and_deleted() {
    let client = client();
    let (device, interface) = port(&client).await;
    let made = client
        .create_ip_address(&NewIpAddress::new(ADDRESS.parse().unwrap()).on(interface.id))
        .await
        .unwrap();
    let address = made.value.address;
    let all = IpAddressParams::default;
    for params in [
        all().interface(interface.id),
        all().device(device.id).parent(address),
        all().address(address.addr()),
        all().parent("198.51.0.0/16".parse().unwrap()),
    ] {
        let found = client.list_ip_addresses(params.clone()).all().await.unwrap();
        assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [made.value.id], "{params:?}");
    }
    let released =
        client.unassign_ip_address(made.value.id, made.etag.clone().unwrap().into()).await.unwrap();
    assert_eq!(released.value.interface_id(), None);
    let moved = client.assign_ip_address(made.value.id, interface.id, made.etag.unwrap().into()).await;
    assert!(moved.unwrap_err().is_changed());
    let stale = made.value.etag().unwrap();
    let error = client.delete_ip_address(made.value.id, stale.into()).await.unwrap_err();
    assert!(error.is_changed(), "{error}");
    client.delete_ip_address(made.value.id, released.etag.unwrap().into()).await.unwrap();
    assert!(client.get_ip_address(made.value.id).await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs a real NetBox"]
async fn errors_are_told_apart() {
    let client = client();
    assert!(client.get_interface(InterfaceId(u64::from(u32::MAX))).await.unwrap_err().is_not_found());
    let unknown = client.find_interface(netbox_client::DeviceId(999_999), PORT).await.unwrap_err();
    assert!(matches!(unknown, Error::Invalid { .. }), "{unknown}");
    let (_, interface) = port(&client).await;
    let bad = InterfacePatch {
        mode: Field::Set(InterfaceMode::Other("trunk".to_owned())),
        ..InterfacePatch::default()
    };
    let refused = client.patch_interfaces(&[(interface.id, bad)], IfMatch::Unconditional).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("NetBox refuses the data: object {}: mode: trunk is not a valid choice.", interface.id)
    );
    let stranger = SecretString::from("nbt_nobody000000.wrongwrongwrongwrongwrongwrongwrongwrong");
    let stranger = Client::builder(std::env::var("NETBOX_URL").unwrap(), stranger).build().unwrap();
    assert!(matches!(stranger.find_device("c9300").await.unwrap_err(), Error::Forbidden { .. }));
}

#[tokio::test]
#[ignore = "needs a real NetBox, and a token that may change its set-up"]
async fn a_set_up_is_made_once_and_a_journal_kept() {
    let client = client();
    let name = "netbox-client-test".to_owned();
    let hook = NewWebhook {
        name: name.clone(),
        payload_url: "http://127.0.0.1:9/netbox".to_owned(),
        secret: Some(SecretString::from("secret")),
        ssl_verification: false,
    };
    let existing = client.find_webhook(&name).await.unwrap().map(|hook| hook.id);
    let saved = client.save_webhook(existing, &hook).await.unwrap();
    assert_eq!(client.find_webhook(&name).await.unwrap().unwrap().id, saved.value.id);
    let rule = NewEventRule {
        name: name.clone(),
        webhook: saved.value.id,
        conditions: Some(changed_and_filled(FIELD)),
    };
    let existing = client.find_event_rule(&name).await.unwrap().map(|rule| rule.id);
    let saved = client.save_event_rule(existing, &rule).await.unwrap();
    assert_eq!(saved.value.conditions, rule.conditions);
    let field = client.find_custom_field(FIELD).await.unwrap().unwrap();
    let again = NewCustomField { name: FIELD.to_owned(), label: field.label, description: String::new() };
    client.save_custom_field(Some(field.id), &again).await.unwrap();
    let (_, interface) = port(&client).await;
    let comments = "netbox-client's test".to_owned();
    let entry = NewJournalEntry { interface: interface.id, kind: JournalKind::Info, comments };
    client.create_journal_entry(&entry).await.unwrap();
    assert!(!client.list_journal_entries(interface.id).all().await.unwrap().is_empty());
}
