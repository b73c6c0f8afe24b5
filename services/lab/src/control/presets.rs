//! Faults worth trying, each by a name, with what netchange should make of it.

use serde_json::{Value, json};

use crate::faults::Fault;

/// A fault, or several that belong together, to be switched on by one button.
pub(super) struct Preset {
    /// Its name in the form.
    pub(super) name: &'static str,
    /// What goes wrong.
    pub(super) title: &'static str,
    /// What to watch for.
    pub(super) watch: &'static str,
    faults: fn() -> Value,
}

/// All of them, in the order of the page.
pub(super) const PRESETS: [Preset; 8] = [
    Preset {
        name: "switch-refuses",
        title: "The switch refuses what it is sent",
        watch: "The ticket needs attention, says what the switch said, and NetBox is put back.",
        faults: || {
            let action = json!({"rpc_error": {"tag": "invalid-value", "message": "inconsistent value: Device refused one or more commands"}});
            json!([{"system": "switch", "point": "request", "method": "commit", "action": action},
                {"system": "switch", "point": "request", "method": "edit-config", "action": action}])
        },
    },
    Preset {
        name: "switch-unreachable",
        title: "The switch cannot be reached",
        watch: "The change waits and tries again; when patience ends, the ticket needs attention.",
        faults: || json!([{"system": "switch", "point": "connection", "action": "reset"}]),
    },
    Preset {
        name: "switch-dies",
        title: "The connection is cut once, right after the commit",
        watch: "Nobody knows what happened, so the switch is read again before anything is said.",
        faults: || json!([{"system": "switch", "point": "request", "method": "commit", "times": 1, "action": "drop_reply"}]),
    },
    Preset {
        name: "switch-slow",
        title: "The switch takes a second for every answer",
        watch: "The same change, slow enough to watch on netchange's page.",
        faults: || json!([{"system": "switch", "point": "request", "action": {"delay": {"ms": 1000}}}]),
    },
    Preset {
        name: "netbox-down",
        title: "NetBox answers 503",
        watch: "The change waits and tries again as long as NetBox asks for.",
        faults: || json!([{"system": "netbox", "point": "request", "path": "/api/", "action": down()}]),
    },
    Preset {
        name: "chat-down",
        title: "The chat answers 503",
        watch: "No card can be sent, so the ticket does not claim to be pending approval.",
        faults: || json!([{"system": "webex", "point": "request", "path": "/v1/", "action": down()}]),
    },
    Preset {
        name: "webhooks-lost",
        title: "Webhooks of tickets and clicks are lost",
        watch: "netchange asks by itself and finds what it was not told.",
        faults: || json!([{"system": "zammad", "point": "webhook", "action": "lose"}, {"system": "webex", "point": "webhook", "action": "lose"}]),
    },
    Preset {
        name: "webhooks-doubled",
        title: "Webhooks of tickets and clicks come twice",
        watch: "Nothing happens twice.",
        faults: || json!([{"system": "zammad", "point": "webhook", "action": "double"}, {"system": "webex", "point": "webhook", "action": "double"}]),
    },
];

fn down() -> Value {
    json!({"status": {"status": 503, "headers": [["Retry-After", "2"]], "body": "<html>Service Unavailable</html>"}})
}

impl Preset {
    /// The faults.
    pub(super) fn faults(&self) -> Vec<Fault> {
        serde_json::from_value((self.faults)()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_made_of_faults() {
        for preset in &PRESETS {
            let faults: Result<Vec<Fault>, _> = serde_json::from_value((preset.faults)());
            let faults = faults.unwrap();
            assert!(!faults.is_empty(), "{}", preset.name);
            assert!(faults.iter().all(|fault| fault.check().is_ok()), "{}", preset.name);
        }
    }
}
