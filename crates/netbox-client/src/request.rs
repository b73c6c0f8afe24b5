//! Requests as values: pure functions from arguments to `http::Request`, with the path from the root of the API's host.

use http::header::{ACCEPT, CONTENT_TYPE, IF_MATCH};
use http::{Method, Request};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::etag::IfMatch;
use crate::id::{DeviceId, InterfaceId, IpAddressId, WebhookId};
use crate::model::JournalKind;
use crate::params::{InterfaceParams, IpAddressParams, ObjectChangeParams, Query, VlanParams};
use crate::patch::{Field, InterfacePatch, IpAddressPatch, NewIpAddress, NewJournalEntry};
use crate::setup::{NewCustomField, NewEventRule, NewWebhook};

pub(crate) const DEVICES: &str = "/api/dcim/devices/";
pub(crate) const INTERFACES: &str = "/api/dcim/interfaces/";
pub(crate) const VLANS: &str = "/api/ipam/vlans/";
pub(crate) const ADDRESSES: &str = "/api/ipam/ip-addresses/";
pub(crate) const JOURNAL: &str = "/api/extras/journal-entries/";
pub(crate) const WEBHOOKS: &str = "/api/extras/webhooks/";
pub(crate) const EVENT_RULES: &str = "/api/extras/event-rules/";
pub(crate) const CUSTOM_FIELDS: &str = "/api/extras/custom-fields/";
/// Where the change log is since 4.1.
pub(crate) const CHANGES: &str = "/api/core/object-changes/";
/// Where it was before.
pub(crate) const CHANGES_3: &str = "/api/extras/object-changes/";

/// Objects per page that are asked for; a server may be set to give fewer.
const PAGE: &str = "250";

/// A request whose body is JSON or empty.
pub(crate) type HttpRequest = Request<Vec<u8>>;

pub(crate) fn get(path: &str, query: &[(String, String)]) -> Result<HttpRequest, Error> {
    let mut uri = path.to_owned();
    for (position, (name, value)) in query.iter().enumerate() {
        uri.push(if position == 0 { '?' } else { '&' });
        uri.push_str(&encode(name));
        uri.push('=');
        uri.push_str(&encode(value));
    }
    get_uri(&uri)
}

/// As [`get`], for a path that carries its query already.
pub(crate) fn get_uri(uri: &str) -> Result<HttpRequest, Error> {
    Request::get(uri).header(ACCEPT, "application/json").body(Vec::new()).map_err(Error::Request)
}

pub(crate) fn list(path: &str, mut query: Query) -> Result<HttpRequest, Error> {
    query.push(("limit".to_owned(), PAGE.to_owned()));
    get(path, &query)
}

pub(crate) fn one(path: &str, id: u64) -> String {
    format!("{path}{id}/")
}

pub(crate) fn write(
    method: Method,
    path: &str,
    body: &impl Serialize,
    if_match: &IfMatch,
) -> Result<HttpRequest, Error> {
    let body =
        serde_json::to_vec(body).map_err(|source| Error::Decode { request: path.to_owned(), source })?;
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json");
    if let Some(tags) = if_match.header()? {
        request = request.header(IF_MATCH, tags);
    }
    request.body(body).map_err(Error::Request)
}

/// Devices of this name. The config context, which can be large and slow, is left out; the word for that is `exclude` up to 3.7, `omit` since.
pub(crate) fn devices_named(name: &str) -> Result<HttpRequest, Error> {
    let mut query = without_context();
    query.insert(0, ("name".to_owned(), name.to_owned()));
    list(DEVICES, query)
}

pub(crate) fn device(id: DeviceId) -> Result<HttpRequest, Error> {
    get(&one(DEVICES, id.0), &without_context())
}

fn without_context() -> Query {
    vec![
        ("exclude".to_owned(), "config_context".to_owned()),
        ("omit".to_owned(), "config_context,local_context_data".to_owned()),
    ]
}

pub(crate) fn interface(id: InterfaceId) -> Result<HttpRequest, Error> {
    get(&one(INTERFACES, id.0), &[])
}

pub(crate) fn interfaces(params: &InterfaceParams) -> Result<HttpRequest, Error> {
    list(INTERFACES, params.query())
}

pub(crate) fn vlans(params: &VlanParams) -> Result<HttpRequest, Error> {
    list(VLANS, params.query())
}

pub(crate) fn addresses(params: &IpAddressParams) -> Result<HttpRequest, Error> {
    list(ADDRESSES, params.query())
}

pub(crate) fn address(id: IpAddressId) -> Result<HttpRequest, Error> {
    get(&one(ADDRESSES, id.0), &[])
}

pub(crate) fn changes(path: &str, params: &ObjectChangeParams) -> Result<HttpRequest, Error> {
    list(path, params.query())
}

/// Never with `fields` or `omit`: on a write they limit what is written.
pub(crate) fn patch_interface(
    id: InterfaceId,
    patch: &InterfacePatch,
    if_match: &IfMatch,
) -> Result<HttpRequest, Error> {
    write(Method::PATCH, &one(INTERFACES, id.0), patch, if_match)
}

#[derive(Serialize)]
struct WithId<'a> {
    id: InterfaceId,
    #[serde(flatten)]
    patch: &'a InterfacePatch,
}

pub(crate) fn patch_interfaces(
    patches: &[(InterfaceId, InterfacePatch)],
    if_match: &IfMatch,
) -> Result<HttpRequest, Error> {
    let body: Vec<_> = patches.iter().map(|(id, patch)| WithId { id: *id, patch }).collect();
    write(Method::PATCH, INTERFACES, &body, if_match)
}

pub(crate) fn create_address(new: &NewIpAddress) -> Result<HttpRequest, Error> {
    let mut body = json!({"address": new.address.to_string(), "description": new.description});
    if let Some(interface) = new.interface {
        assign(&mut body, Some(interface));
    }
    message(&mut body, new.changelog_message.as_deref());
    write(Method::POST, ADDRESSES, &body, &IfMatch::Unconditional)
}

pub(crate) fn patch_address(
    id: IpAddressId,
    patch: &IpAddressPatch,
    if_match: &IfMatch,
) -> Result<HttpRequest, Error> {
    let mut body = json!({});
    match patch.interface {
        Field::Keep => {}
        Field::Clear => assign(&mut body, None),
        Field::Set(interface) => assign(&mut body, Some(interface)),
    }
    if let Some(description) = &patch.description {
        body["description"] = json!(description);
    }
    message(&mut body, patch.changelog_message.as_deref());
    write(Method::PATCH, &one(ADDRESSES, id.0), &body, if_match)
}

/// NetBox takes the two fields only together.
fn assign(body: &mut Value, interface: Option<InterfaceId>) {
    body["assigned_object_type"] = json!(interface.map(|_| crate::model::INTERFACE_TYPE));
    body["assigned_object_id"] = json!(interface);
}

fn message(body: &mut Value, message: Option<&str>) {
    if let Some(message) = message {
        body["changelog_message"] = json!(message);
    }
}

pub(crate) fn delete(path: &str, if_match: &IfMatch) -> Result<HttpRequest, Error> {
    let mut request = Request::delete(path).header(ACCEPT, "application/json");
    if let Some(tags) = if_match.header()? {
        request = request.header(IF_MATCH, tags);
    }
    request.body(Vec::new()).map_err(Error::Request)
}

pub(crate) fn journal(interface: InterfaceId) -> Result<HttpRequest, Error> {
    let query = vec![
        ("assigned_object_type".to_owned(), crate::model::INTERFACE_TYPE.to_owned()),
        ("assigned_object_id".to_owned(), interface.to_string()),
    ];
    list(JOURNAL, query)
}

pub(crate) fn create_journal_entry(new: &NewJournalEntry) -> Result<HttpRequest, Error> {
    let kind: &JournalKind = &new.kind;
    let body = json!({
        "assigned_object_type": crate::model::INTERFACE_TYPE,
        "assigned_object_id": new.interface,
        "kind": kind,
        "comments": new.comments,
    });
    write(Method::POST, JOURNAL, &body, &IfMatch::Unconditional)
}

pub(crate) fn named(path: &str, name: &str) -> Result<HttpRequest, Error> {
    list(path, vec![("name".to_owned(), name.to_owned())])
}

/// Makes an object, or with an id replaces the fields of an existing one.
fn save(path: &str, id: Option<u64>, body: &Value) -> Result<HttpRequest, Error> {
    match id {
        None => write(Method::POST, path, body, &IfMatch::Unconditional),
        Some(id) => write(Method::PATCH, &one(path, id), body, &IfMatch::Unconditional),
    }
}

pub(crate) fn save_webhook(id: Option<WebhookId>, new: &NewWebhook) -> Result<HttpRequest, Error> {
    save(WEBHOOKS, id.map(|id| id.0), &new.body())
}

pub(crate) fn save_event_rule(id: Option<u64>, new: &NewEventRule) -> Result<HttpRequest, Error> {
    save(EVENT_RULES, id, &new.body())
}

pub(crate) fn save_custom_field(id: Option<u64>, new: &NewCustomField) -> Result<HttpRequest, Error> {
    save(CUSTOM_FIELDS, id, &new.body())
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::etag::ETag;
    use crate::id::VlanId;
    use crate::model::InterfaceMode;

    fn body(request: &HttpRequest) -> Value {
        serde_json::from_slice(request.body()).unwrap()
    }

    #[test]
    fn a_condition_without_a_tag_is_refused() {
        let patch = InterfacePatch { enabled: Some(true), ..InterfacePatch::default() };
        let request = patch_interfaces(&[(InterfaceId(20), patch)], &IfMatch::AnyOf(Vec::new()));
        assert!(matches!(request, Err(Error::NoTag)));
    }

    #[test]
    fn names_are_percent_encoded_in_queries() {
        let request =
            interfaces(&InterfaceParams::from(DeviceId(1)).name("GigabitEthernet1/0/5 &limit=0")).unwrap();
        let wanted =
            "/api/dcim/interfaces/?device_id=1&name=GigabitEthernet1%2F0%2F5%20%26limit%3D0&limit=250";
        assert_eq!(request.uri(), wanted);
        let request = devices_named("Zürich").unwrap();
        assert!(request.uri().query().unwrap().starts_with("name=Z%C3%BCrich&exclude=config_context"));
    }

    proptest::proptest! {
        #[test]
        fn any_name_arrives_as_it_was(name in "\\PC*") {
            let request = interfaces(&InterfaceParams::default().name(name.clone())).unwrap();
            let url = reqwest::Url::parse(&format!("http://host{}", request.uri())).unwrap();
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            let wanted = vec![("name".to_owned(), name), ("limit".to_owned(), "250".to_owned())];
            proptest::prop_assert_eq!(pairs, wanted);
        }
    }

    #[test]
    fn a_patch_sends_only_what_is_set_and_says_null_where_it_clears() {
        let patch = InterfacePatch {
            enabled: Some(true),
            mode: Field::Set(InterfaceMode::TaggedAll),
            untagged_vlan: Field::Clear,
            tagged_vlans: Some(Vec::new()),
            ..InterfacePatch::default()
        }
        .custom_field("change_ticket_number", Value::Null)
        .changelog_message("Change ticket 15003");
        let request = patch_interface(InterfaceId(10), &patch, &IfMatch::Tag(ETag::new("W/\"x\""))).unwrap();
        assert_eq!(request.method(), Method::PATCH);
        assert_eq!(request.uri(), "/api/dcim/interfaces/10/");
        assert_eq!(request.headers()[IF_MATCH], "W/\"x\"");
        let wanted = json!({"enabled": true, "mode": "tagged-all", "untagged_vlan": null, "tagged_vlans": [],
            "custom_fields": {"change_ticket_number": null}, "changelog_message": "Change ticket 15003"});
        assert_eq!(body(&request), wanted);
        assert_eq!(serde_json::from_value::<InterfacePatch>(wanted).unwrap(), patch);
    }

    #[test]
    fn a_bulk_patch_is_a_list_with_ids() {
        let patch = InterfacePatch { untagged_vlan: Field::Set(VlanId(2)), ..InterfacePatch::default() };
        let request = patch_interfaces(&[(InterfaceId(20), patch)], &IfMatch::Unconditional).unwrap();
        assert_eq!(request.uri(), "/api/dcim/interfaces/");
        assert_eq!(body(&request), json!([{"id": 20, "untagged_vlan": 2}]));
        assert!(!request.headers().contains_key(IF_MATCH));
    }

    #[test]
    fn the_holder_of_an_address_is_written_as_type_and_id_together() {
        let patch = IpAddressPatch { interface: Field::Clear, ..IpAddressPatch::default() };
        let request = patch_address(IpAddressId(2), &patch, &IfMatch::Unconditional).unwrap();
        assert_eq!(body(&request), json!({"assigned_object_type": null, "assigned_object_id": null}));
        let new = NewIpAddress::new("10.20.30.1/24".parse().unwrap()).on(InterfaceId(13));
        let wanted = json!({"address": "10.20.30.1/24", "description": "",
            "assigned_object_type": "dcim.interface", "assigned_object_id": 13});
        assert_eq!(body(&create_address(&new).unwrap()), wanted);
    }
}
