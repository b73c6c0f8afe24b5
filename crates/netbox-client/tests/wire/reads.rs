use futures_util::TryStreamExt;
use netbox_client::{
    DeviceId, ETag, Error, Interface, InterfaceId, InterfaceMode, InterfaceParams, IpAddressParams,
    ObjectChangeParams, RequestId, VlanId, VlanParams,
};
use serde_json::json;
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{TOKEN, body, client, client_of, recorded};

async fn serve(server: &MockServer, at: &str, name: &str) {
    Mock::given(method("GET")).and(path(at)).respond_with(recorded(name)).mount(server).await;
}

#[tokio::test]
async fn a_device_is_found_by_its_name_with_the_address_it_is_managed_at() {
    let server = MockServer::start().await;
    Mock::given(path("/api/dcim/devices/"))
        .and(query_param("name", "c9300"))
        .and(header("Authorization", format!("Bearer {TOKEN}").as_str()))
        .respond_with(recorded("get_device_by_name"))
        .mount(&server)
        .await;
    let client = client(&server);
    let device = client.find_device("c9300").await.unwrap().unwrap();
    assert_eq!((device.id, device.name.as_deref()), (DeviceId(1), Some("c9300")));
    assert_eq!(device.site.name, "Lab");
    assert_eq!(device.management_ip(), Some("127.0.0.1".parse().unwrap()));
    assert_eq!(client.request_count(), 1);
}

#[tokio::test]
async fn a_token_of_version_1_goes_out_as_token() {
    let token = "0123456789abcdef0123456789abcdef01234567";
    let server = MockServer::start().await;
    Mock::given(header("Authorization", format!("Token {token}").as_str()))
        .respond_with(recorded("get_status"))
        .mount(&server)
        .await;
    let status = client_of(&server, token).status().await.unwrap();
    assert_eq!(status.version(), Some((4, 7)));
    assert!(status.checks_if_match());
}

#[tokio::test]
async fn an_answer_about_something_else_is_nothing_found() {
    let server = MockServer::start().await;
    // As if the filters were not known: NetBox then answers what it has.
    serve(&server, "/api/dcim/interfaces/", "get_interface_by_device_and_name").await;
    serve(&server, "/api/dcim/devices/", "get_device_by_name").await;
    serve(&server, "/api/ipam/ip-addresses/", "get_ip_address_by_address").await;
    let client = client(&server);
    let name = "GigabitEthernet1/0/5";
    assert_eq!(client.find_interface(DeviceId(1), name).await.unwrap().unwrap().id, InterfaceId(5));
    assert_eq!(client.find_interface(DeviceId(1), "gigabitethernet1/0/5").await.unwrap(), None);
    assert_eq!(client.find_interface(DeviceId(2), name).await.unwrap(), None);
    assert_eq!(client.find_device("c9300-b").await.unwrap(), None);
    let list = async |params: IpAddressParams| client.list_ip_addresses(params).all().await.unwrap().len();
    let all = IpAddressParams::default;
    assert_eq!(list(all().interface(InterfaceId(13)).device(DeviceId(1))).await, 1);
    assert_eq!(list(all().parent("10.20.0.0/16".parse().unwrap())).await, 1);
    assert_eq!(list(all().address("10.20.30.1".parse().unwrap())).await, 1);
    assert_eq!(list(all().interface(InterfaceId(14))).await, 0);
    assert_eq!(list(all().device(DeviceId(2))).await, 0);
    assert_eq!(list(all().parent("10.20.31.0/24".parse().unwrap())).await, 0);
    assert_eq!(list(all().address("10.20.30.2".parse().unwrap())).await, 0);
}

#[tokio::test]
async fn no_match_is_none_and_an_unknown_device_an_error() {
    let server = MockServer::start().await;
    serve(&server, "/api/dcim/devices/", "get_device_by_name_none").await;
    serve(&server, "/api/dcim/interfaces/", "error_400_filter_unknown_device_id").await;
    assert_eq!(client(&server).find_device("nope").await.unwrap(), None);
    let error = client(&server).find_interface(DeviceId(999), "GigabitEthernet1/0/5").await.unwrap_err();
    let Error::Invalid { problems } = error else { panic!("{error}") };
    assert_eq!(problems[0].field.as_deref(), Some("device_id"));
}

#[tokio::test]
async fn an_interface_comes_with_its_tag() {
    let server = MockServer::start().await;
    serve(&server, "/api/dcim/interfaces/5/", "get_interface_by_id").await;
    serve(&server, "/api/dcim/interfaces/", "get_interface_by_device_and_name").await;
    let one = client(&server).get_interface(InterfaceId(5)).await.unwrap();
    let tag = ETag::new("W/\"2026-11-24T02:12:55.029929+00:00\"");
    assert_eq!(one.etag(), Some(tag.clone()));
    let listed = client(&server).find_interface(DeviceId(1), "GigabitEthernet1/0/5").await.unwrap().unwrap();
    assert_eq!(listed.etag(), Some(tag));
    assert!(listed.enabled && !listed.mgmt_only && listed.mode.is_none() && listed.mtu.is_none());
}

#[tokio::test]
async fn a_vlan_of_another_site_is_not_taken() {
    let server = MockServer::start().await;
    serve(&server, "/api/dcim/devices/", "get_device_by_name").await;
    serve(&server, "/api/ipam/vlans/", "get_vlan_by_vid_two_sites").await;
    let client = client(&server);
    let device = client.find_device("c9300").await.unwrap().unwrap();
    let vlan = client.find_vlan_available(&device, 100).await.unwrap().unwrap();
    assert_eq!((vlan.id, vlan.name.as_str()), (VlanId(2), "Wireless AP"));
    assert_eq!(client.find_vlan_available(&device, 200).await.unwrap(), None);
    assert_eq!(client.list_vlans(VlanParams::default().vid(100)).all().await.unwrap().len(), 2);
    let requests = server.received_requests().await.unwrap();
    assert!(requests[1].url.query().unwrap().contains("available_on_device=1"), "{}", requests[1].url);
}

#[tokio::test]
async fn a_site_s_own_vlan_goes_before_a_global_one_and_two_of_a_rank_are_ambiguous() {
    let vlan = |id: u64, site: Option<u64>| json!({"id": id, "vid": 100, "name": "x", "site": site.map(|id| json!({"id": id, "name": "s", "slug": "s"}))});
    let page = |vlans: &[serde_json::Value]| {
        ResponseTemplate::new(200)
            .set_body_json(json!({"count": 9, "next": null, "previous": null, "results": vlans}))
    };
    for (vlans, wanted) in [
        (vec![vlan(1, None), vlan(2, Some(1))], Some(Some(VlanId(2)))),
        (vec![vlan(2, Some(1)), vlan(1, None)], Some(Some(VlanId(2)))),
        (vec![vlan(1, None)], Some(Some(VlanId(1)))),
        (vec![vlan(3, Some(2))], Some(None)),
        (vec![vlan(1, Some(1)), vlan(2, Some(1))], None),
    ] {
        let server = MockServer::start().await;
        serve(&server, "/api/dcim/devices/", "get_device_by_name").await;
        Mock::given(path("/api/ipam/vlans/")).respond_with(page(&vlans)).mount(&server).await;
        let device = client(&server).find_device("c9300").await.unwrap().unwrap();
        let found = client(&server).find_vlan_available(&device, 100).await;
        let listed = client(&server).find_vlans_available(&device, &[100, 300]).await;
        match wanted {
            Some(wanted) => {
                assert_eq!(found.unwrap().map(|vlan| vlan.id), wanted);
                assert_eq!(listed.unwrap().first().map(|vlan| vlan.id), wanted);
            }
            None => {
                assert!(matches!(found, Err(Error::Ambiguous { count: 2, .. })));
                assert!(matches!(listed, Err(Error::Ambiguous { count: 2, .. })));
            }
        }
    }
}

/// Two pages; the second is named by a host that is not ours.
async fn serve_pages(server: &MockServer) {
    let row = |id: u64| {
        let mut row: serde_json::Value = serde_json::from_slice(&body("get_interface_by_id")).unwrap();
        row["id"] = json!(id);
        row
    };
    let second = "http://192.0.2.1:9/api/dcim/interfaces/?device_id=1&limit=250&offset=2";
    let page = |next: Option<&str>, ids: &[u64]| {
        let rows: Vec<_> = ids.iter().map(|id| row(*id)).collect();
        ResponseTemplate::new(200)
            .set_body_json(json!({"count": null, "next": next, "previous": null, "results": rows}))
    };
    Mock::given(query_param("offset", "2")).respond_with(page(None, &[3])).mount(server).await;
    Mock::given(path("/api/dcim/interfaces/"))
        .respond_with(page(Some(second), &[1, 2]))
        .with_priority(9)
        .mount(server)
        .await;
}

#[tokio::test]
async fn pages_are_followed_on_our_own_host_only() {
    let server = MockServer::start().await;
    serve_pages(&server).await;
    let client = client(&server);
    let all: Vec<Interface> = client.list_interfaces(DeviceId(1)).all().await.unwrap();
    assert_eq!(all.iter().map(|row| row.id.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(client.request_count(), 2);
}

#[tokio::test]
async fn a_list_that_names_the_same_page_again_is_an_error_not_a_loop() {
    let server = MockServer::start().await;
    let same = "http://127.0.0.1/api/dcim/interfaces/?device_id=1&limit=250";
    let page = json!({"count": 1, "next": same, "previous": null, "results": []});
    let answer = ResponseTemplate::new(200).set_body_json(page);
    Mock::given(path("/api/dcim/interfaces/")).respond_with(answer).mount(&server).await;
    let error = client(&server).list_interfaces(DeviceId(1)).all().await.unwrap_err();
    assert!(matches!(error, Error::EndlessList { pages: 1 }), "{error}");
}

/// A page of interfaces, and the query of the next one.
fn page_of(ids: &[u64], next: Option<&str>) -> ResponseTemplate {
    let row = |id: &u64| {
        let mut row: serde_json::Value = serde_json::from_slice(&body("get_interface_by_id")).unwrap();
        row["id"] = json!(id);
        row
    };
    let next = next.map(|query| format!("http://127.0.0.1/api/dcim/interfaces/?{query}"));
    let rows: Vec<_> = ids.iter().map(row).collect();
    ResponseTemplate::new(200)
        .set_body_json(json!({"count": 9, "next": next, "previous": null, "results": rows}))
}

#[tokio::test]
async fn an_object_that_moved_to_the_next_page_meanwhile_comes_once() {
    let server = MockServer::start().await;
    Mock::given(query_param("offset", "2")).respond_with(page_of(&[2, 3], None)).mount(&server).await;
    let first = page_of(&[1, 2], Some("limit=2&offset=2"));
    Mock::given(path("/api/dcim/interfaces/")).respond_with(first).with_priority(9).mount(&server).await;
    let all = client(&server).list_interfaces(DeviceId(1)).all().await.unwrap();
    assert_eq!(all.iter().map(|row| row.id.0).collect::<Vec<_>>(), [1, 2, 3]);
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_are_an_error_not_a_loop() {
    let server = MockServer::start().await;
    for (offset, next) in [("2", "offset=4"), ("4", "offset=2")] {
        let page = page_of(&[1], Some(next));
        Mock::given(query_param("offset", offset)).respond_with(page).mount(&server).await;
    }
    let first = page_of(&[1], Some("offset=2"));
    Mock::given(path("/api/dcim/interfaces/")).respond_with(first).with_priority(9).mount(&server).await;
    let error = client(&server).list_interfaces(DeviceId(1)).all().await.unwrap_err();
    assert!(matches!(error, Error::EndlessList { pages: 3 }), "{error}");
}

#[tokio::test]
async fn a_page_is_asked_for_only_when_it_is_needed() {
    let server = MockServer::start().await;
    serve_pages(&server).await;
    let client = client(&server);
    let mut interfaces = client.list_interfaces(DeviceId(1));
    assert_eq!(client.request_count(), 0);
    assert_eq!(interfaces.try_next().await.unwrap().unwrap().id, InterfaceId(1));
    assert_eq!(client.request_count(), 1);
}

#[tokio::test]
async fn interfaces_with_a_filled_custom_field_are_told_from_the_rest() {
    let server = MockServer::start().await;
    serve(&server, "/api/dcim/interfaces/", "get_interface_by_device_and_name").await;
    let params = InterfaceParams::default()
        .custom_field_filled("change_ticket_number")
        .updated_since("2026-11-24T00:00:00Z");
    assert!(client(&server).list_interfaces(params).all().await.unwrap().is_empty());
    let asked = server.received_requests().await.unwrap()[0].url.query().unwrap().to_owned();
    assert!(
        asked.starts_with("cf_change_ticket_number__empty=false&last_updated__gte=2026-11-24T00%3A00%3A00Z"),
        "{asked}"
    );
}

#[tokio::test]
async fn the_change_log_is_looked_for_where_older_servers_have_it() {
    let server = MockServer::start().await;
    serve(&server, "/api/extras/object-changes/", "get_object_changes_by_request_id").await;
    let request = RequestId::new("dd293eeb-dfbe-4e4e-aa87-77688a589fd2");
    let params = ObjectChangeParams::default().interface(InterfaceId(10)).request(&request);
    let changes = client(&server).list_object_changes(&params).await.unwrap();
    assert_eq!(changes[0].request_id, request.as_str());
    assert_eq!(changes[0].prechange_data.as_ref().unwrap()["description"], "with message");
    let other = ObjectChangeParams::default().interface(InterfaceId(11));
    assert!(client(&server).list_object_changes(&other).await.unwrap().is_empty());
}

#[tokio::test]
async fn modes_of_all_kinds_are_read() {
    for (name, wanted) in [
        ("patch_interface_access", Some(InterfaceMode::Access)),
        ("patch_interface_trunk_tagged", Some(InterfaceMode::Tagged)),
        ("patch_interface_tagged_all", Some(InterfaceMode::TaggedAll)),
        ("patch_interface_qinq", Some(InterfaceMode::QInQ)),
        ("patch_interface_l3", None),
    ] {
        let interface: Interface = serde_json::from_slice(&body(name)).unwrap();
        assert_eq!(interface.mode, wanted, "{name}");
    }
}
