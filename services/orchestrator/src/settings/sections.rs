//! Each section of the settings: its keys, their defaults and what they may be.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use change_model::{ApprovalRule, Email, InterfaceName, Policy};
use jiff::SignedDuration;

use super::reader::Section;
use super::{Devices, Host, Login, Netbox, Server, Webex, Yang, Zammad};

pub(super) fn server(mut section: Section, problems: &mut Vec<String>) -> (Server, bool) {
    let allow_unsigned_webhooks = section.bool("allow_unsigned_webhooks", false);
    let listen = section.parsed("listen", "127.0.0.1:12345", "an address and port such as 127.0.0.1:12345");
    let server = Server {
        listen: listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 12345))),
        public_url: section.url("public_url", Some("http://127.0.0.1:12345")),
        api_token: section.secret("api_token", true),
        allow_unsigned_webhooks,
        poll_interval: section.duration("poll_interval", Duration::from_secs(30)),
    };
    section.finish(problems);
    (server, allow_unsigned_webhooks)
}

pub(super) fn store(mut section: Section, problems: &mut Vec<String>) -> String {
    let url = section.text("url", Some("sqlite://netchange.db"));
    let in_memory = url.contains(":memory:") || url.contains("mode=memory");
    if in_memory || url.trim_start_matches("sqlite:").trim_matches('/').is_empty() {
        section
            .problem("url", "names no file, and what is accepted must not be forgotten; use sqlite://FILE");
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        section.problem("url", "PostgreSQL is not supported yet; use sqlite://FILE");
    } else if !url.starts_with("sqlite:") {
        section.problem("url", "is not of the form sqlite://FILE");
    }
    section.finish(problems);
    url
}

pub(super) fn zammad(mut section: Section, allow_unsigned: bool, problems: &mut Vec<String>) -> Zammad {
    let zammad = Zammad {
        url: section.url("url", None),
        token: section.secret("token", true),
        webhook_secret: section.secret("webhook_secret", !allow_unsigned),
        ticket_type: section.text("ticket_type", Some("network_change")),
    };
    section.finish(problems);
    zammad
}

pub(super) fn webex(mut section: Section, allow_unsigned: bool, problems: &mut Vec<String>) -> Webex {
    let webex = Webex {
        api_url: section.url("api_url", Some("https://webexapis.com/v1")),
        token: section.secret("token", true),
        webhook_secret: section.secret("webhook_secret", !allow_unsigned),
    };
    section.finish(problems);
    webex
}

pub(super) fn netbox(mut section: Section, allow_unsigned: bool, problems: &mut Vec<String>) -> Netbox {
    let netbox = Netbox {
        url: section.url("url", None),
        token: section.secret("token", true),
        webhook_secret: section.secret("webhook_secret", !allow_unsigned),
        ticket_field: section.text("ticket_field", Some("change_ticket_number")),
    };
    section.finish(problems);
    netbox
}

pub(super) fn devices(mut section: Section, problems: &mut Vec<String>) -> Devices {
    let login = Login {
        username: section.text("username", None),
        password: section.optional_secret("password"),
        private_key: section.optional_secret("private_key"),
    };
    if login.password.is_none() && login.private_key.is_none() {
        section.problem("password", "is missing (or give private_key)");
    }
    let mut devices = Devices {
        login,
        port: section.number("port", 830, 1..=65535),
        known_hosts: section.text("known_hosts", Some("known_hosts")).into(),
        timeout: section.duration("timeout", Duration::from_secs(30)),
        save_to_startup: section.bool("save_to_startup", true),
        sync_from: section.bool("sync_from", false),
        legacy_algorithms: section.bool("legacy_algorithms", false),
        patience: section.duration("patience", Duration::from_mins(10)),
        hosts: BTreeMap::new(),
    };
    for (name, mut host) in section.tables("host") {
        let read = Host {
            host: host.optional_text("host"),
            port: host.has("port").then(|| host.number("port", 830, 1..=65535)),
            username: host.optional_text("username"),
            password: host.optional_secret("password"),
            private_key: host.optional_secret("private_key"),
        };
        host.finish(problems);
        devices.hosts.insert(name, read);
    }
    section.finish(problems);
    devices
}

pub(super) fn approval(mut section: Section, problems: &mut Vec<String>) -> (ApprovalRule, Option<String>) {
    let email = |text: &str| Email::parse(text).map_err(|error| error.to_string());
    let mut approvers: Vec<Email> = Vec::new();
    for approver in section.list("approvers", email) {
        if !approvers.contains(&approver) {
            approvers.push(approver);
        }
    }
    let required = usize::from(section.number("required", 1, 1..=100));
    let expires = section.duration("expires_after", Duration::from_hours(24));
    let rule = ApprovalRule {
        approvers,
        required,
        allow_self_approval: section.bool("allow_self_approval", false),
        same_person: joined(section.lists("same_person", email)),
        expires_after: SignedDuration::try_from(expires).unwrap_or(SignedDuration::from_hours(24)),
    };
    let persons = rule.persons();
    if persons == 0 {
        section.problem("approvers", "names nobody, so that nothing could ever be approved");
    } else if required > persons {
        let text = format!("asks for {required} approvers, but only {persons} different persons are listed");
        section.problem("required", &text);
    }
    let room_id = section.optional_text("room_id");
    if room_id.as_ref().is_some_and(|room| room.parse::<webex_cards::RoomId>().is_err()) {
        section.problem("room_id", "is not the id of a space");
    }
    section.finish(problems);
    (rule, room_id)
}

/// Groups that share an address are one person's.
fn joined(groups: Vec<Vec<Email>>) -> Vec<Vec<Email>> {
    let mut persons: Vec<Vec<Email>> = Vec::new();
    for mut person in groups {
        let (same, others) = persons
            .into_iter()
            .partition(|known: &Vec<Email>| known.iter().any(|email| person.contains(email)));
        persons = others;
        person.extend(same.into_iter().flatten());
        persons.push(person);
    }
    persons
}

pub(super) fn policy(mut section: Section, problems: &mut Vec<String>) -> Policy {
    let policy = Policy {
        mtu_min: section.number("mtu_min", 1500, 64..=18000),
        mtu_max: section.number("mtu_max", 9000, 64..=18000),
        protected_interfaces: section.list("protected_interfaces", |text| {
            text.parse::<InterfaceName>().map_err(|error| error.to_string())
        }),
        ..Policy::default()
    };
    if policy.mtu_min > policy.mtu_max {
        section.problem("mtu_min", "is larger than mtu_max");
    }
    section.finish(problems);
    policy
}

pub(super) fn yang(mut section: Section, problems: &mut Vec<String>) -> Yang {
    let mut yang =
        Yang { folders: BTreeMap::new(), cache: section.optional_text("cache").map(PathBuf::from) };
    for path in section.list("folders", |text| text.parse::<PathBuf>()) {
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            section.problem("folders", &format!("{} has no name of its own", path.display()));
            continue;
        };
        if yang.folders.contains_key(&name) {
            section.problem("folders", &format!("two folders are named {name}"));
        }
        yang.folders.insert(name, path);
    }
    section.finish(problems);
    yang
}
