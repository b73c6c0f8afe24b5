//! What the ticket system holds when it starts: the people of the lab, the states, the fields of a change, webhook, trigger and template.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::model::{Field, FieldType, Named, State, Store, User, state_type};
use crate::people::{AGENT, BYSTANDER, CAB, LEAD, Person, REQUESTER};
use crate::settings::LabSettings;

/// The administrator, for the calls of a set-up command.
pub(super) const ADMIN_ID: u64 = 2;
/// The agent who types tickets in.
pub(super) const AGENT_ID: u64 = 3;
/// The requester.
pub(super) const CUSTOMER_ID: u64 = 4;
/// The user of netchange's own token.
pub(super) const BOT_ID: u64 = 5;

/// Id and number of the first ticket: numbers are the base plus the id.
const FIRST_TICKET: u64 = 16;
/// What is added to an id to make a number.
pub(super) const NUMBER_BASE: u64 = 15_000;
/// Id of the first article.
const FIRST_ARTICLE: u64 = 301;
/// The group of change tickets.
pub(super) const CHANGE_GROUP: Named = Named { id: 2, name: "NetDevOps" };
/// The state `open`.
pub(super) const OPEN: u64 = 2;
/// The state `new`, which a ticket has unless told otherwise.
pub(super) const NEW: u64 = 1;

/// Roles, with the ids of a fresh Zammad.
pub(super) const ROLES: [Named; 3] =
    [Named { id: 1, name: "Admin" }, Named { id: 2, name: "Agent" }, Named { id: 3, name: "Customer" }];

/// What the system starts with.
pub(super) fn store(settings: &LabSettings) -> Store {
    Store {
        users: users(),
        groups: vec![Named { id: 1, name: "Users" }, CHANGE_GROUP],
        organizations: vec![Named { id: 1, name: "Zammad Foundation" }, Named { id: 2, name: "Lab" }],
        priorities: vec![
            Named { id: 1, name: "1 low" },
            Named { id: 2, name: "2 normal" },
            Named { id: 3, name: "3 high" },
        ],
        states: states(),
        fields: fields(),
        tickets: BTreeMap::new(),
        articles: BTreeMap::new(),
        webhooks: vec![webhook(settings)],
        triggers: vec![trigger()],
        templates: vec![template()],
        next_ticket: FIRST_TICKET,
        next_article: FIRST_ARTICLE,
        index_delay: Duration::ZERO,
        started_at: Timestamp::now(),
    }
}

fn users() -> Vec<User> {
    let user = |id, login: &str, person: Person, role_ids: &[u64], organization_id| {
        let (firstname, lastname) = person.name.split_once(' ').unwrap_or((person.name, ""));
        User {
            id,
            login: login.to_owned(),
            email: person.email.to_owned(),
            firstname: firstname.to_owned(),
            lastname: lastname.to_owned(),
            role_ids: role_ids.to_vec(),
            organization_id,
            active: id != 1,
        }
    };
    let other = |email, name| Person { email, name, role: "" };
    vec![
        user(1, "-", other("", "-"), &[], None),
        user(ADMIN_ID, "admin", other("admin@local.lab", "Lab Admin"), &[1, 2], Some(2)),
        user(AGENT_ID, "developer", AGENT, &[2], Some(2)),
        user(CUSTOMER_ID, REQUESTER.email, REQUESTER, &[3], Some(2)),
        user(BOT_ID, "netchange-bot", other("netchange-bot@local.lab", "Netchange Bot"), &[2], Some(2)),
        user(6, LEAD.email, LEAD, &[3], None),
        user(7, CAB.email, CAB, &[3], None),
        user(8, BYSTANDER.email, BYSTANDER, &[3], None),
    ]
}

fn states() -> Vec<State> {
    let table = [
        ("new", state_type::NEW),
        ("open", state_type::OPEN),
        ("pending reminder", state_type::PENDING_REMINDER),
        ("closed", state_type::CLOSED),
        ("merged", state_type::MERGED),
        ("removed", state_type::REMOVED),
        ("pending close", state_type::PENDING_ACTION),
        ("pending approval", state_type::OPEN),
        ("approved", state_type::OPEN),
        ("attention required", state_type::OPEN),
        ("denied", state_type::CLOSED),
    ];
    let state = |(id, (name, type_id)): (u64, (&str, u64))| State {
        id,
        name: name.to_owned(),
        type_id,
        active: type_id != state_type::REMOVED,
        selectable: true,
    };
    (1..).zip(table).map(state).collect()
}

fn fields() -> Vec<Field> {
    let text = || FieldType::Text { max: 500 };
    let types = ["network_change", "incident", "service_request"].map(str::to_owned).to_vec();
    let table = [
        ("ticket_type", "Ticket type", FieldType::Select(types)),
        ("network_device_name", "Device", text()),
        ("network_interface_name", "Interface", text()),
        ("network_interface_enabled", "Interface enabled?", FieldType::Boolean),
        ("network_interface_description", "Description", text()),
        ("network_interface_mtu", "MTU", FieldType::Integer { min: 0, max: 999_999 }),
        ("network_interface_ip4_address", "IPv4 address", text()),
        ("network_switchport_mode_and_vlan", "Mode and VLANs", text()),
    ];
    table
        .into_iter()
        .map(|(name, display, kind)| Field {
            name: name.to_owned(),
            display: display.to_owned(),
            kind,
            migrated: true,
            definition: Map::new(),
        })
        .collect()
}

fn webhook(settings: &LabSettings) -> Map<String, Value> {
    object(json!({
        "id": 1, "name": "network-change-webhook",
        "endpoint": format!("{}/ticket", settings.orchestrator_url.trim_end_matches('/')),
        "signature_token": settings.zammad_webhook_secret, "ssl_verify": true,
        "customized_payload": false, "note": "", "active": true,
    }))
}

fn trigger() -> Map<String, Value> {
    object(json!({
        "id": 1, "name": "network change trigger", "activator": "action", "execution_condition_mode": "selective",
        "condition": {
            "ticket.state_id": {"operator": "is", "value": [OPEN.to_string()]},
            "ticket.ticket_type": {"operator": "is", "value": ["network_change"]},
        },
        "perform": {"notification.webhook": {"webhook_id": "1"}},
        "active": true, "note": "",
    }))
}

fn template() -> Map<String, Value> {
    object(json!({
        "id": 1, "name": "Network Device Change", "active": true,
        "options": {
            "ticket.title": {"value": "Network Change Request: Update Device Interface"},
            "ticket.group_id": {"value": CHANGE_GROUP.id.to_string()},
            "ticket.state_id": {"value": OPEN.to_string()},
            "ticket.customer_id": {"value": CUSTOMER_ID.to_string(), "value_completion": REQUESTER.email},
            "ticket.ticket_type": {"value": "network_change"},
            "ticket.network_device_name": {"value": "c9300"},
            "ticket.network_interface_name": {"value": "GigabitEthernet1/0/5"},
            "ticket.network_interface_enabled": {"value": "true"},
            "ticket.network_interface_description": {"value": ""},
            "ticket.network_interface_mtu": {"value": "1500"},
            "ticket.network_interface_ip4_address": {"value": ""},
            "ticket.network_switchport_mode_and_vlan": {"value": "::"},
            "article.body": {"value": "Network change ticket: update the device and interface defined below."},
        },
    }))
}

/// The object in a value that is known to be one.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
