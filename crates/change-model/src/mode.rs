//! The mode field of a ticket: `MODE:NATIVE:TAGGED`.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::vlan::{AllowedVlans, VlanId};

/// How a port shall switch or route.
///
/// As JSON: `{"access": {"vlan": 100}}`, `{"trunk": {"native": 99, "allowed": [200, 300]}}`, `{"l3": {"address": "10.1.1.1/24"}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeRequest {
    /// An access port.
    Access {
        /// Its VLAN.
        vlan: VlanId,
    },
    /// A trunk.
    Trunk {
        /// The native VLAN; `None` leaves it as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        native: Option<VlanId>,
        /// The VLANs it carries, exactly.
        allowed: AllowedVlans,
    },
    /// A routed port.
    L3 {
        /// Its address, with the prefix length of its network.
        address: Ipv4Net,
    },
}

/// The mode as the ticket's one field says it: the address stands in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ModeField {
    Access(VlanId),
    Trunk(Option<VlanId>, AllowedVlans),
    L3,
}

const FORMS: &str = "write access:VLAN:, trunk:NATIVE:VLAN,VLAN, trunk::all, l3:: or :: (leave as it is)";

/// Reads the field; `Ok(None)` leaves the mode as it is.
pub(crate) fn parse_mode(text: &str) -> Result<Option<ModeField>, Vec<String>> {
    let text = text.trim();
    let parts: Vec<&str> = text.split(':').map(str::trim).collect();
    match parts.as_slice() {
        [""] | ["", "", ""] => Ok(None),
        ["l3" | "access"] | ["l3", ""] | ["access", _] => {
            mode_parts(parts[0], parts.get(1).copied().unwrap_or(""), "")
        }
        ["trunk"] => mode_parts("trunk", "", ""),
        ["trunk", _] => Err(vec![format!(
            "Mode {text:?} does not say which VLANs are native and which are tagged: write trunk:NATIVE:TAGGED, for example trunk::200,300"
        )]),
        [mode, native, tagged] => mode_parts(mode, native, tagged),
        _ => Err(vec![format!("Mode {:?} is not understood: {FORMS}", shortened(text))]),
    }
}

fn mode_parts(mode: &str, native: &str, tagged: &str) -> Result<Option<ModeField>, Vec<String>> {
    match mode {
        "access" => access(native, tagged),
        "trunk" => trunk(native, tagged),
        "l3" => match (native, tagged) {
            ("", "") => Ok(Some(ModeField::L3)),
            _ => Err(vec!["Mode l3 takes no VLAN: write l3::".to_owned()]),
        },
        "" => Err(vec![format!("VLANs without a mode: {FORMS}")]),
        _ => Err(vec![format!("Mode {:?} is none of access, trunk, l3: {FORMS}", shortened(mode))]),
    }
}

fn access(native: &str, tagged: &str) -> Result<Option<ModeField>, Vec<String>> {
    let mut problems = Vec::new();
    if !tagged.is_empty() {
        problems.push("Mode access takes no tagged VLANs: write access:VLAN:".to_owned());
    }
    if native.is_empty() {
        problems.push("Mode access needs a VLAN: write access:VLAN:, for example access:100:".to_owned());
    }
    let vlan = vlan(native, &mut problems);
    match vlan {
        Some(vlan) if problems.is_empty() => Ok(Some(ModeField::Access(vlan))),
        _ => Err(problems),
    }
}

fn trunk(native: &str, tagged: &str) -> Result<Option<ModeField>, Vec<String>> {
    let mut problems = Vec::new();
    let native = vlan(native, &mut problems);
    let allowed = match tagged {
        "" => {
            problems.push(
                "Mode trunk needs its tagged VLANs: write trunk:NATIVE:200,300, or trunk:NATIVE:all for every VLAN".to_owned(),
            );
            AllowedVlans::ALL
        }
        "all" => AllowedVlans::ALL,
        list => tagged_list(list, &mut problems),
    };
    if problems.is_empty() { Ok(Some(ModeField::Trunk(native, allowed))) } else { Err(problems) }
}

fn tagged_list(list: &str, problems: &mut Vec<String>) -> AllowedVlans {
    let mut vlans = BTreeSet::new();
    for item in list.split(',').map(str::trim) {
        if item.is_empty() {
            problems.push("The list of tagged VLANs has an empty place: write 200,300".to_owned());
        }
        let before = problems.len();
        let Some(vlan) = vlan(item, problems) else {
            if problems.len() > before && !item.bytes().all(|b| b.is_ascii_digit()) {
                problems
                    .push("Tagged VLANs are listed one by one, without ranges: write 200,201,300".to_owned());
            }
            continue;
        };
        if !vlans.insert(vlan) {
            problems.push(format!("Tagged VLAN {vlan} is listed twice"));
        }
    }
    AllowedVlans::Only(vlans)
}

fn vlan(text: &str, problems: &mut Vec<String>) -> Option<VlanId> {
    if text.is_empty() {
        return None;
    }
    text.parse()
        .map_err(|_| problems.push(format!("VLAN {:?} is not a number from 1 to 4094", shortened(text))))
        .ok()
}

pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vlan_id(id: u16) -> VlanId {
        VlanId::new(id).unwrap()
    }

    #[test]
    fn every_form_of_the_contract_is_read() {
        let list = AllowedVlans::only([vlan_id(200), vlan_id(300)]);
        let cases = [
            ("", None),
            ("::", None),
            ("access:100:", Some(ModeField::Access(vlan_id(100)))),
            ("access:300", Some(ModeField::Access(vlan_id(300)))),
            ("trunk:100:200,300", Some(ModeField::Trunk(Some(vlan_id(100)), list.clone()))),
            ("trunk::300, 200", Some(ModeField::Trunk(None, list))),
            ("trunk::all", Some(ModeField::Trunk(None, AllowedVlans::ALL))),
            ("trunk:99:all", Some(ModeField::Trunk(Some(vlan_id(99)), AllowedVlans::ALL))),
            ("l3::", Some(ModeField::L3)),
            ("l3:", Some(ModeField::L3)),
            ("l3", Some(ModeField::L3)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_mode(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_could_mean_two_things_or_nothing_is_refused() {
        for text in [
            ":",
            ":::",
            "access",
            "access::",
            "access:",
            "access:100:200",
            "access:0:",
            "access:4095:",
            "access:None:",
            "Access:100:",
            "accessory:100:",
            "trunk",
            "trunk:",
            "trunk:100",
            "trunk:200,300",
            "trunk:100:",
            "trunk::",
            "trunk::200,200",
            "trunk::200,,300",
            "trunk::200,",
            "trunk::0",
            "trunk::all,200",
            "trunk::ALL",
            "trunk:abc:200",
            "trunk::200-300",
            "l3:100:",
            "l3::200",
            "l3:::",
            ":100:",
            "::200",
            "routed::",
            "access:100: :",
        ] {
            assert!(parse_mode(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn all_problems_of_one_field_are_named_at_once() {
        let problems = parse_mode("trunk:4095:0,200,200,5000").unwrap_err();
        assert_eq!(problems.len(), 4, "{problems:?}");
    }

    #[test]
    fn a_list_in_another_form_is_refused_with_the_form_to_use() {
        for text in ["trunk::200-300", "trunk:100:200;300", "trunk::200 300", "trunk::100,all"] {
            let problems = parse_mode(text).unwrap_err();
            assert!(problems.last().unwrap().ends_with("write 200,201,300"), "{text}: {problems:?}");
        }
    }
}
