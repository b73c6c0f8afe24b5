//! Tickets to begin with: what the fields of the template are filled in with on request.

use super::views::Choice;

/// One of them.
struct Example {
    name: &'static str,
    label: &'static str,
    /// The fields that differ from the template.
    fields: &'static [(&'static str, &'static str)],
}

const EXAMPLES: [Example; 5] = [
    Example { name: "", label: "the template", fields: &[] },
    Example {
        name: "access",
        label: "an access port",
        fields: &[
            ("network_interface_description", "Configured from the ticket system!"),
            ("network_interface_mtu", "2000"),
            ("network_switchport_mode_and_vlan", "access:100:"),
        ],
    },
    Example {
        name: "trunk",
        label: "a trunk",
        fields: &[
            ("network_interface_name", "GigabitEthernet1/0/6"),
            ("network_interface_description", "Trunk to the access point"),
            ("network_switchport_mode_and_vlan", "trunk:99:100,200,300"),
        ],
    },
    Example {
        name: "routed",
        label: "a routed port",
        fields: &[
            ("network_interface_name", "GigabitEthernet1/0/7"),
            ("network_interface_description", "Link to the lab router"),
            ("network_interface_ip4_address", "192.0.2.1/30"),
            ("network_switchport_mode_and_vlan", "l3::"),
        ],
    },
    Example {
        name: "wrong",
        label: "a request with mistakes",
        fields: &[
            ("network_interface_mtu", "100"),
            ("network_interface_ip4_address", "192.0.2.0/24"),
            ("network_switchport_mode_and_vlan", "trunk:4000:200,200"),
        ],
    },
];

/// What an example fills a field in with; `None` leaves it to the template.
pub(super) fn value(example: &str, field: &str) -> Option<&'static str> {
    let example = EXAMPLES.iter().find(|one| one.name == example)?;
    example.fields.iter().find(|(name, _)| *name == field).map(|(_, value)| *value)
}

/// The examples to choose from.
pub(super) fn choices(chosen: &str) -> Vec<Choice> {
    let choice = |one: &Example| Choice {
        value: one.name.to_owned(),
        label: one.label.to_owned(),
        selected: one.name == chosen,
    };
    EXAMPLES.iter().map(choice).collect()
}
