//! Settings: defaults, then the file, then the environment; parsed once, every problem listed.

mod reader;
mod sections;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use change_model::{ApprovalRule, Policy};
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use secrecy::SecretString;
use serde_json::Value;

use reader::Section;

/// Everything netchange is told by its operator.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) store_url: String,
    pub(crate) zammad: Zammad,
    pub(crate) webex: Webex,
    pub(crate) netbox: Netbox,
    pub(crate) devices: Devices,
    pub(crate) approval: ApprovalRule,
    pub(crate) room_id: Option<String>,
    pub(crate) policy: Policy,
    pub(crate) yang: Yang,
}

/// Models for the pages that show them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Yang {
    /// Folders of `*.yang` files by their own names.
    pub(crate) folders: BTreeMap<String, PathBuf>,
    /// Where devices' modules are kept; otherwise in the user's cache folder.
    pub(crate) cache: Option<PathBuf>,
}

#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: String,
    pub(crate) api_token: SecretString,
    pub(crate) allow_unsigned_webhooks: bool,
    /// How often open tickets and pending approvals are looked at even without a webhook.
    pub(crate) poll_interval: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct Zammad {
    pub(crate) url: String,
    pub(crate) token: SecretString,
    pub(crate) webhook_secret: SecretString,
    pub(crate) ticket_type: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Webex {
    pub(crate) api_url: String,
    pub(crate) token: SecretString,
    pub(crate) webhook_secret: SecretString,
}

#[derive(Debug, Clone)]
pub(crate) struct Netbox {
    pub(crate) url: String,
    pub(crate) token: SecretString,
    pub(crate) webhook_secret: SecretString,
    pub(crate) ticket_field: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Devices {
    pub(crate) login: Login,
    pub(crate) port: u16,
    pub(crate) known_hosts: PathBuf,
    pub(crate) timeout: Duration,
    pub(crate) save_to_startup: bool,
    pub(crate) sync_from: bool,
    pub(crate) legacy_algorithms: bool,
    pub(crate) patience: Duration,
    pub(crate) hosts: BTreeMap<String, Host>,
}

/// How to log in to a device.
#[derive(Debug, Clone, Default)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: Option<SecretString>,
    pub(crate) private_key: Option<SecretString>,
}

/// What differs for one device.
#[derive(Debug, Clone, Default)]
pub(crate) struct Host {
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<SecretString>,
    pub(crate) private_key: Option<SecretString>,
}

impl Devices {
    /// What differs for a device, whose name is taken without case: the environment gives its keys in lower case, and they come last.
    pub(crate) fn host(&self, name: &str) -> Host {
        let mut all = Host::default();
        for (_, host) in self.hosts.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)) {
            let Host { host, port, username, password, private_key } = host.clone();
            all = Host {
                host: host.or(all.host),
                port: port.or(all.port),
                username: username.or(all.username),
                password: password.or(all.password),
                private_key: private_key.or(all.private_key),
            };
        }
        all
    }
}

/// Everything that is wrong with the settings, one line each.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} problem(s):\n{}", .0.len(), .0.iter().map(|problem| format!("  - {problem}")).collect::<Vec<_>>().join("\n"))]
pub(crate) struct SettingsError(pub(crate) Vec<String>);

impl Settings {
    /// Reads the file (if there is one, or if it was named) and the environment.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        let path = file.unwrap_or(Path::new("netchange.toml"));
        if file.is_some() && !path.is_file() {
            return Err(SettingsError(vec![format!("there is no configuration file {}", path.display())]));
        }
        // Without a file everything must come from the environment, and what is missing is named key by key.
        let file = if path.is_file() { Figment::from(Toml::file_exact(path)) } else { Figment::new() };
        let figment = file.merge(Serialized::globals(environment(std::env::vars())));
        let tree = figment
            .extract::<Value>()
            .map_err(|error| SettingsError(error.into_iter().map(|e| e.to_string()).collect()))?;
        Self::read(tree).map_err(|mut error| {
            if !path.is_file() {
                let text = format!(
                    "there is no {}: name a file with --config, or set everything in the environment",
                    path.display()
                );
                error.0.insert(0, text);
            }
            error
        })
    }

    /// Reads a tree of sections.
    pub(crate) fn read(tree: Value) -> Result<Self, SettingsError> {
        let mut problems = Vec::new();
        let mut given = match tree {
            Value::Object(given) => given,
            _ => serde_json::Map::new(),
        };
        let mut section = |name: &'static str| Section::new(name, given.remove(name));
        let (server, allow_unsigned) = sections::server(section("server"), &mut problems);
        let store_url = sections::store(section("store"), &mut problems);
        let zammad = sections::zammad(section("zammad"), allow_unsigned, &mut problems);
        let webex = sections::webex(section("webex"), allow_unsigned, &mut problems);
        let netbox = sections::netbox(section("netbox"), allow_unsigned, &mut problems);
        let devices = sections::devices(section("devices"), &mut problems);
        let (approval, room_id) = sections::approval(section("approval"), &mut problems);
        let policy = sections::policy(section("policy"), &mut problems);
        let yang = sections::yang(section("yang"), &mut problems);
        problems.extend(given.keys().map(|name| format!("[{name}]: there is no such section")));
        let settings =
            Self { server, store_url, zammad, webex, netbox, devices, approval, room_id, policy, yang };
        if problems.is_empty() { Ok(settings) } else { Err(SettingsError(problems)) }
    }
}

/// `NETCHANGE_ZAMMAD__TOKEN=…` as a tree of texts. Variables without a section are somebody else's.
fn environment(vars: impl Iterator<Item = (String, String)>) -> Value {
    let mut tree = Value::Object(serde_json::Map::new());
    for (name, value) in vars {
        let Some(path) = name.strip_prefix("NETCHANGE_").filter(|path| path.contains("__")) else { continue };
        let mut place = &mut tree;
        for key in path.to_lowercase().split("__") {
            if !place.is_object() {
                *place = Value::Object(serde_json::Map::new());
            }
            place = &mut place[key];
        }
        *place = Value::String(value);
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use serde_json::json;

    pub(crate) fn complete() -> Value {
        json!({
            "server": {"api_token": "api-secret"},
            "zammad": {"url": "http://127.0.0.1:1", "token": "t", "webhook_secret": "s"},
            "webex": {"token": "t", "webhook_secret": "s"},
            "netbox": {"url": "http://127.0.0.1:2/netbox", "token": "t", "webhook_secret": "s"},
            "devices": {"username": "u", "password": "p", "host": {"c9300": {"port": 2830}}},
            "approval": {"approvers": ["Lead@example.net"]},
        })
    }

    #[test]
    fn defaults_are_those_of_the_contract() {
        let settings = Settings::read(complete()).unwrap();
        assert_eq!(settings.server.listen.to_string(), "127.0.0.1:12345");
        assert_eq!(settings.zammad.ticket_type, "network_change");
        assert_eq!(settings.devices.patience, Duration::from_mins(10));
        assert_eq!(settings.devices.hosts["c9300"].port, Some(2830));
        assert_eq!(settings.approval.approvers[0].as_str(), "lead@example.net");
    }

    #[test]
    fn every_problem_is_listed_at_once_and_secrets_are_not_shown() {
        let tree = json!({
            "server": {"listen": "nowhere", "colour": "red"}, "store": {"url": "postgres://u:hidden@h/d"}, "zammad": {"url": "ftp://x"},
            "devices": {"timeout": "soon", "port": 99999}, "approval": {"required": 2, "approvers": ["nobody"]}, "extra": {}
        });
        let text = Settings::read(tree).unwrap_err().to_string();
        for part in [
            "server.listen",
            "server.colour",
            "server.api_token",
            "PostgreSQL is not supported yet",
            "zammad.url",
            "zammad.token",
            "zammad.webhook_secret",
            "webex.token",
            "netbox.url",
            "devices.username",
            "devices.password",
            "devices.timeout",
            "devices.port",
            "approval.approvers",
            "[extra]",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains("hidden"));
    }

    #[test]
    fn missing_webhook_secrets_stop_the_start_unless_unsigned_is_allowed() {
        let mut tree = complete();
        tree["zammad"]["webhook_secret"] = json!("");
        assert!(Settings::read(tree.clone()).unwrap_err().to_string().contains("zammad.webhook_secret"));
        tree["server"]["allow_unsigned_webhooks"] = json!(true);
        assert!(Settings::read(tree).is_ok());
    }

    #[test]
    fn the_environment_overrides_as_text_and_foreign_variables_are_left_alone() {
        let vars = [
            ("NETCHANGE_ZAMMAD__TOKEN", "0123"),
            ("NETCHANGE_DEVICES__PORT", "831"),
            ("NETCHANGE_YANG_DIR", "/x"),
            ("HOME", "/"),
        ];
        let env = environment(vars.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        let figment = Figment::from(Serialized::globals(complete())).merge(Serialized::globals(env));
        let settings = Settings::read(figment.extract().unwrap()).unwrap();
        assert_eq!(settings.zammad.token.expose_secret(), "0123");
        assert_eq!(settings.devices.port, 831);
    }

    #[test]
    fn a_device_is_found_without_case_and_the_environment_comes_last() {
        let vars = [
            ("NETCHANGE_DEVICES__HOST__SW1__PORT", "831"),
            ("NETCHANGE_DEVICES__HOST__SW2__HOST", "192.0.2.2"),
        ];
        let env = environment(vars.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut tree = complete();
        tree["devices"]["host"] = json!({"SW1": {"port": 830, "username": "one"}});
        let figment = Figment::from(Serialized::globals(tree)).merge(Serialized::globals(env));
        let devices = Settings::read(figment.extract().unwrap()).unwrap().devices;
        let sw1 = devices.host("SW1");
        assert_eq!((sw1.port, sw1.username.as_deref()), (Some(831), Some("one")));
        assert_eq!(devices.host("SW2").host.as_deref(), Some("192.0.2.2"));
        assert_eq!(devices.host("SW3").host, None);
    }

    #[test]
    fn as_many_persons_as_are_needed_must_be_listed_and_nobody_is_two() {
        let read = |approvers: Value, same_person: Value, required: u32| {
            let mut tree = complete();
            tree["approval"] =
                json!({"approvers": approvers, "same_person": same_person, "required": required});
            Settings::read(tree).map(|settings| settings.approval).map_err(|error| error.to_string())
        };
        let twice = read(json!(["lead@x", "Lead@X", "cab@x"]), json!([]), 2).unwrap();
        assert_eq!(twice.approvers.len(), 2, "nobody gets two cards");
        let said = read(json!(["lead@x", "LEAD@x"]), json!([]), 2).unwrap_err();
        assert!(said.contains("approval.required: asks for 2 approvers, but only 1"), "{said}");
        // a is b and b is c: all three are one.
        let said = read(json!(["a@x", "c@x"]), json!([["a@x", "b@x"], ["b@x", "c@x"]]), 2).unwrap_err();
        assert!(said.contains("only 1 different persons"), "{said}");
        assert!(read(json!(["a@x", "c@x"]), json!([["a@x", "b@x"]]), 2).is_ok());
    }

    #[test]
    fn a_store_that_forgets_is_refused() {
        for url in
            ["sqlite::memory:", "sqlite://:memory:", "sqlite://x.db?mode=memory", "sqlite:", "sqlite://"]
        {
            let mut tree = complete();
            tree["store"] = json!({"url": url});
            let said = Settings::read(tree).unwrap_err().to_string();
            assert!(said.contains("store.url: names no file"), "{url}: {said}");
        }
    }

    #[test]
    fn folders_of_models_are_known_by_their_own_names() {
        let mut tree = complete();
        tree["yang"] = json!({"folders": ["/srv/yang/17.12", "17.15/"], "cache": "/var/cache/yang"});
        let yang = Settings::read(tree.clone()).unwrap().yang;
        assert_eq!(yang.folders["17.12"], PathBuf::from("/srv/yang/17.12"));
        assert_eq!(yang.folders["17.15"], PathBuf::from("17.15/"));
        assert_eq!(yang.cache, Some(PathBuf::from("/var/cache/yang")));
        for (folders, expected) in
            [(json!(["/"]), "no name of its own"), (json!(["a/x", "b/x"]), "two folders")]
        {
            tree["yang"] = json!({"folders": folders});
            let said = Settings::read(tree.clone()).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn a_value_may_stand_in_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "from-a-file\n").unwrap();
        let mut tree = complete();
        tree["zammad"]["token"] = json!(format!("file:{}", path.display()));
        assert_eq!(Settings::read(tree.clone()).unwrap().zammad.token.expose_secret(), "from-a-file");
        std::fs::write(&path, "lead@example.net\ncab@example.net, third@example.net\n").unwrap();
        tree["approval"]["approvers"] = json!(format!("file:{}", path.display()));
        assert_eq!(Settings::read(tree.clone()).unwrap().approval.approvers.len(), 3, "a list too");
        std::fs::write(&path, "[[\"cab@example.net\", \"cab@local.lab\"]]\n").unwrap();
        tree["approval"]["same_person"] = tree["approval"]["approvers"].take();
        tree["approval"]["approvers"] = json!(["lead@example.net"]);
        assert_eq!(
            Settings::read(tree.clone()).unwrap().approval.same_person[0].len(),
            2,
            "and a list of lists"
        );
        tree["approval"] = json!({"approvers": format!("file:{}", path.display())});
        std::fs::write(&path, "\n").unwrap();
        tree["zammad"]["token"] = json!("file:/nowhere/at/all");
        let said = Settings::read(tree).unwrap_err().to_string();
        assert!(said.contains("zammad.token: cannot read /nowhere/at/all"), "{said}");
        assert!(said.contains(&format!("approval.approvers: {} is empty", path.display())), "{said}");
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", Settings::read(complete()).unwrap()).contains("api-secret"));
    }
}
