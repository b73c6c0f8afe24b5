//! Pages for people: devices and their interfaces, one interface with its form, the change log.

use actix_web::http::header::LOCATION;
use actix_web::web::{self, Bytes, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::{Value, json};

use super::model::{Interface, Object, Table, World};
use super::render::MODES;
use super::seed::TICKET_FIELD;
use super::write::{self, Cause};
use super::{Shared, answer, list};
use crate::http::is_from_own_page;

/// Entries on the page of the change log.
const SHOWN_CHANGES: usize = 100;
/// Entries on the page of one interface.
const SHOWN_CHANGES_OF_ONE: usize = 10;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(index))
        .route("/dcim/interfaces/{id}/", web::get().to(interface))
        .route("/dcim/interfaces/{id}/edit/", web::post().to(edit))
        .route("/core/changelog/", web::get().to(changelog));
}

#[derive(Template)]
#[template(path = "netbox/index.html")]
struct IndexPage {
    devices: Vec<DevicePart>,
}

struct DevicePart {
    name: String,
    site: &'static str,
    primary: String,
    interfaces: Vec<InterfaceLine>,
}

struct InterfaceLine {
    id: u64,
    name: String,
    enabled: bool,
    mgmt_only: bool,
    mode: &'static str,
    vlans: String,
    mtu: String,
    description: String,
    addresses: String,
    ticket: String,
    /// Whether the newest entry of the change log is about it.
    changed: bool,
}

#[derive(Template)]
#[template(path = "netbox/interface.html")]
struct InterfacePage {
    line: InterfaceLine,
    device: String,
    modes: Vec<Choice>,
    untagged: Vec<Choice>,
    tagged: Vec<Choice>,
    errors: Vec<String>,
    changes: Vec<ChangeLine>,
    last_updated: String,
}

struct Choice {
    value: String,
    label: String,
    selected: bool,
}

#[derive(Template)]
#[template(path = "netbox/changelog.html")]
struct ChangelogPage {
    changes: Vec<ChangeLine>,
}

struct ChangeLine {
    time: String,
    user: String,
    action: String,
    object: String,
    message: String,
    differences: Vec<Difference>,
}

struct Difference {
    field: String,
    before: String,
    after: String,
}

fn page(status: u16, template: &impl Template) -> HttpResponse {
    match template.render() {
        Ok(html) => {
            let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
            HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html)
        }
        Err(error) => {
            tracing::error!(%error, "A page of the NetBox stand-in cannot be drawn");
            HttpResponse::InternalServerError().finish()
        }
    }
}

async fn index(shared: Data<Shared>) -> HttpResponse {
    let world = shared.world();
    let devices = world.devices.values().map(|device| DevicePart {
        name: device.name.clone(),
        site: world.sites.get(&device.site).map_or("", |site| site.name),
        primary: device
            .primary_ip4
            .and_then(|id| world.addresses.get(&id))
            .map_or("none".to_owned(), |row| row.address.to_string()),
        interfaces: world
            .interfaces
            .values()
            .filter(|row| row.device == device.id)
            .map(|row| line(&world, row))
            .collect(),
    });
    page(200, &IndexPage { devices: devices.collect() })
}

fn line(world: &World, row: &Interface) -> InterfaceLine {
    let vid = |id: &u64| world.vlans.get(id).map(|vlan| vlan.vid.to_string());
    let untagged = row.untagged_vlan.as_ref().and_then(vid);
    let tagged: Vec<_> = row.tagged_vlans.iter().filter_map(vid).collect();
    let parts = [
        untagged.map(|vid| format!("untagged {vid}")),
        (!tagged.is_empty()).then(|| format!("tagged {}", tagged.join(", "))),
    ];
    let newest = world.changes.values().next_back();
    let addresses = world.addresses.values().filter(|address| address.interface == Some(row.id));
    InterfaceLine {
        id: row.id,
        name: row.name.clone(),
        enabled: row.enabled,
        mgmt_only: row.mgmt_only,
        mode: MODES.iter().find(|(value, _)| Some(*value) == row.mode()).map_or("", |(_, label)| *label),
        vlans: parts.into_iter().flatten().collect::<Vec<_>>().join("; "),
        mtu: row.mtu.map(|mtu| mtu.to_string()).unwrap_or_default(),
        description: row.description.clone(),
        addresses: addresses.map(|address| address.address.to_string()).collect::<Vec<_>>().join(", "),
        ticket: row.custom_fields.get(TICKET_FIELD).and_then(Value::as_str).unwrap_or_default().to_owned(),
        changed: newest.is_some_and(|change| is_about(change, row)),
    }
}

fn is_about(change: &Object, row: &Interface) -> bool {
    change.get("changed_object_type") == Some(&json!("dcim.interface"))
        && change.get("changed_object_id") == Some(&json!(row.id))
}

async fn interface(id: Path<u64>, shared: Data<Shared>) -> HttpResponse {
    let world = shared.world();
    match world.interfaces.get(&id) {
        Some(row) => page(200, &interface_page(&world, row, Vec::new())),
        None => answer::not_found(""),
    }
}

fn interface_page(world: &World, row: &Interface, errors: Vec<String>) -> InterfacePage {
    let device = world.devices.get(&row.device);
    let here = |site: Option<u64>| site.is_none() || site == device.map(|device| device.site);
    let vlans: Vec<_> = world.vlans.values().filter(|vlan| here(vlan.site)).collect();
    let choice = |vlan: &&super::model::Vlan, selected: bool| Choice {
        value: vlan.id.to_string(),
        label: vlan.display(),
        selected,
    };
    let none = |selected: bool| Choice { value: String::new(), label: "none".to_owned(), selected };
    let mut modes = vec![none(row.mode().is_none())];
    modes.extend(MODES.iter().map(|(value, label)| Choice {
        value: (*value).to_owned(),
        label: (*label).to_owned(),
        selected: row.mode() == Some(*value),
    }));
    let mut untagged = vec![none(row.untagged_vlan.is_none())];
    untagged.extend(vlans.iter().map(|vlan| choice(vlan, row.untagged_vlan == Some(vlan.id))));
    InterfacePage {
        line: line(world, row),
        device: device.map(|device| device.name.clone()).unwrap_or_default(),
        modes,
        untagged,
        tagged: vlans.iter().map(|vlan| choice(vlan, row.tagged_vlans.contains(&vlan.id))).collect(),
        errors,
        changes: world
            .changes
            .values()
            .rev()
            .filter(|change| is_about(change, row))
            .take(SHOWN_CHANGES_OF_ONE)
            .map(change_line)
            .collect(),
        last_updated: short(&super::model::stamp(row.saved.last_updated)),
    }
}

async fn changelog(shared: Data<Shared>) -> HttpResponse {
    let world = shared.world();
    let changes = world.changes.values().rev().take(SHOWN_CHANGES).map(change_line).collect();
    page(200, &ChangelogPage { changes })
}

fn change_line(change: &Object) -> ChangeLine {
    let text = |key: &str| change.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let action = change.get("action").and_then(|action| action.get("label")).and_then(Value::as_str);
    ChangeLine {
        time: short(&text("time")),
        user: text("user_name"),
        action: action.unwrap_or_default().to_owned(),
        object: format!("{} {}", text("changed_object_type"), text("object_repr")),
        message: text("message"),
        differences: differences(change),
    }
}

/// `2026-11-24T05:32:08.377926Z` as `2026-11-24 05:32:08`.
fn short(time: &str) -> String {
    time.get(..19).unwrap_or(time).replace('T', " ")
}

fn differences(change: &Object) -> Vec<Difference> {
    let (before, after) = (change.get("prechange_data"), change.get("postchange_data"));
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (before, after) else {
        return Vec::new();
    };
    let differs =
        |(field, value): &(&String, &Value)| *field != "last_updated" && before.get(*field) != Some(*value);
    let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
    let line = |(field, value): (&String, &Value)| Difference {
        field: field.clone(),
        before: show(before.get(field)),
        after: show(Some(value)),
    };
    after.iter().filter(differs).map(line).collect()
}

async fn edit(request: HttpRequest, id: Path<u64>, form: Bytes, shared: Data<Shared>) -> HttpResponse {
    if !is_from_own_page(request.headers()) {
        return HttpResponse::Forbidden().body("This form was not sent by a page of this server.");
    }
    let mut world = shared.world();
    let Some(row) = world.interfaces.get(&id).cloned() else {
        return answer::not_found("");
    };
    let body = form_body(&String::from_utf8_lossy(&form), &row);
    match write::prepare(&mut world, Table::Interfaces, Some(row.id), &body) {
        Ok(prepared) => {
            write::store(&mut world, prepared, &Cause::of_page(row.id), "");
            shared.flush(&mut world);
            let target = format!("/dcim/interfaces/{}/", row.id);
            HttpResponse::Found().insert_header((LOCATION, target)).finish()
        }
        Err(errors) => page(400, &interface_page(&world, &row, messages(&errors))),
    }
}

/// The form as a PATCH. VLANs that the chosen mode has no use for are dropped, as NetBox's form hides them.
fn form_body(form: &str, row: &Interface) -> Object {
    let form = list::query(form);
    let last = |key: &str| form.get(key).and_then(|values| values.last()).map(|value| value.trim());
    let filled = |key: &str| last(key).filter(|value| !value.is_empty());
    let number = |text: &str| text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number));
    let mode = filled("mode");
    let untagged = filled("untagged_vlan").filter(|_| mode.is_some());
    let takes_tagged = matches!(mode, Some("tagged" | "q-in-q"));
    let tagged = form.get("tagged_vlans").filter(|_| takes_tagged).into_iter().flatten();
    let mut custom = row.custom_fields.clone();
    custom.insert(TICKET_FIELD.to_owned(), json!(filled("ticket")));
    super::render::object(json!({
        "enabled": last("enabled").is_some(),
        "mtu": filled("mtu").map(number),
        "description": last("description").unwrap_or_default(),
        "mode": mode,
        "untagged_vlan": untagged.map(number),
        "tagged_vlans": tagged.map(|id| number(id)).collect::<Vec<_>>(),
        "custom_fields": custom,
    }))
}

fn messages(errors: &Value) -> Vec<String> {
    let mut messages = Vec::new();
    for (field, errors) in errors.as_object().into_iter().flatten() {
        for error in errors.as_array().into_iter().flatten() {
            let error = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
            messages.push(if field == "__all__" { error } else { format!("{field}: {error}") });
        }
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Interface {
        super::super::seed::world("http://127.0.0.1:1", "secret", 24).interfaces[&5].clone()
    }

    #[test]
    fn a_form_that_chooses_access_drops_the_tagged_vlans() {
        let form = "enabled=on&mtu=1500&description=a+%3Cb%3E&mode=access&untagged_vlan=2&tagged_vlans=3&tagged_vlans=4&ticket=15016";
        let body = form_body(form, &row());
        let wanted = json!({"enabled": true, "mtu": 1500, "description": "a <b>", "mode": "access", "untagged_vlan": 2,
            "tagged_vlans": [], "custom_fields": {"change_ticket_number": "15016"}});
        assert_eq!(Value::Object(body), wanted);
    }

    #[test]
    fn an_empty_form_clears_everything() {
        let body = form_body("mtu=&description=&mode=&untagged_vlan=2&ticket=", &row());
        let wanted = json!({"enabled": false, "mtu": null, "description": "", "mode": null, "untagged_vlan": null,
            "tagged_vlans": [], "custom_fields": {"change_ticket_number": null}});
        assert_eq!(Value::Object(body), wanted);
    }

    #[test]
    fn a_hostile_description_is_shown_as_text() {
        let world = super::super::seed::world("http://127.0.0.1:1", "secret", 24);
        let hostile = Interface { description: "<script>alert(1)</script>\" onload=x".to_owned(), ..row() };
        let html = interface_page(&world, &hostile, vec!["<b>".to_owned()]).render().unwrap();
        assert!(!html.contains("<script>") && !html.contains("<b>") && !html.contains("\" onload"), "{html}");
    }
}
