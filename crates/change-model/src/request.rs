//! What a ticket asks for: read from its fields, or refused with *all* its problems.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::interface::{is_host_address, is_unicast};
use crate::mode::{ModeField, ModeRequest, parse_mode, shortened};
use crate::name::{DeviceName, InterfaceName};
use crate::policy::Policy;
use crate::truth::protected;

/// The fields of a ticket by name, as its system sent them.
pub type TicketFields = BTreeMap<String, Value>;

/// The field that names the device.
pub(crate) const DEVICE_FIELD: &str = "network_device_name";

/// The ticket fields that describe a change, in the order of the form.
pub const FIELDS: [&str; 7] = [
    DEVICE_FIELD,
    "network_interface_name",
    "network_interface_enabled",
    "network_interface_description",
    "network_interface_mtu",
    "network_interface_ip4_address",
    "network_switchport_mode_and_vlan",
];

/// A requested change of one interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRequest {
    /// The device's name in the source of truth.
    pub device: DeviceName,
    /// Full name of the interface.
    pub interface: InterfaceName,
    /// What shall become of it.
    pub settings: RequestedSettings,
}

/// What shall become of an interface. `None` leaves a property as it is.
///
/// As JSON: `{"enabled": true, "description": "…", "mtu": 2000, "mode": {"access": {"vlan": 100}}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedSettings {
    /// Administratively up or down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The description without suffix; an empty one removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u16>,
    /// How the port switches or routes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<ModeRequest>,
}

/// One thing that is wrong with a request, in the requester's words.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Problem(pub String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A request as far as it could be read, with everything that is wrong with it so far.
///
/// What could be read goes on to be checked against the source of truth, so that the requester hears of all problems at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestDraft {
    /// The device, if its name is one.
    pub device: Option<DeviceName>,
    /// The interface, if its name is one.
    pub interface: Option<InterfaceName>,
    /// The readable settings.
    pub settings: RequestedSettings,
    /// All problems found.
    pub problems: Vec<Problem>,
}

impl RequestDraft {
    /// Reads a ticket's fields. `suffix` is what will be appended to the description on the device.
    #[must_use]
    pub fn read(fields: &TicketFields, policy: &Policy, suffix: &str) -> Self {
        let mut reader = Reader { fields, problems: Vec::new() };
        let device = reader.name::<DeviceName>(DEVICE_FIELD, "Device");
        let interface = reader.name::<InterfaceName>("network_interface_name", "Interface");
        if let Some(interface) = &interface
            && policy.is_protected(interface)
        {
            reader.problems.push(protected(interface));
        }
        let enabled = reader.enabled();
        let description = reader.description(policy, suffix);
        let mtu = reader.mtu(policy);
        let address = reader.address();
        let mode = reader.mode(address);
        let settings = RequestedSettings { enabled, description, mtu, mode };
        if settings == RequestedSettings::default() && reader.problems.is_empty() {
            reader.problem(
                "The ticket asks for nothing: enabled, description, MTU and mode are all left as they are"
                    .to_owned(),
            );
        }
        Self { device, interface, settings, problems: reader.problems }
    }

    /// The request, if nothing is wrong with it.
    ///
    /// # Errors
    /// All problems.
    pub fn finish(self) -> Result<ChangeRequest, Vec<Problem>> {
        match (self.device, self.interface) {
            (Some(device), Some(interface)) if self.problems.is_empty() => {
                Ok(ChangeRequest { device, interface, settings: self.settings })
            }
            _ => Err(self.problems),
        }
    }
}

struct Reader<'a> {
    fields: &'a TicketFields,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, text: String) {
        self.problems.push(Problem(text));
    }

    /// The field's value; `None` for a missing one and for `null`.
    fn given(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    fn text(&mut self, field: &str, label: &str) -> Option<String> {
        match self.given(field)? {
            Value::String(text) => Some(text.clone()),
            other => {
                let text = format!("{label} {} is not text", shortened(&other.to_string()));
                self.problem(text);
                None
            }
        }
    }

    fn name<N>(&mut self, field: &str, label: &str) -> Option<N>
    where
        N: FromStr,
        N::Err: fmt::Display,
    {
        let before = self.problems.len();
        let text = self.text(field, label).unwrap_or_default();
        if text.trim().is_empty() {
            if self.problems.len() == before {
                self.problem(format!("{label} is missing"));
            }
            return None;
        }
        text.trim().parse().map_err(|error: N::Err| self.problem(error.to_string())).ok()
    }

    fn enabled(&mut self) -> Option<bool> {
        let value = self.given("network_interface_enabled")?;
        match value {
            Value::Bool(enabled) => return Some(*enabled),
            Value::String(text) if text.trim() == "true" => return Some(true),
            Value::String(text) if text.trim() == "false" => return Some(false),
            _ => {}
        }
        let text = format!("Enabled {} is neither true nor false", shortened(&value.to_string()));
        self.problem(text);
        None
    }

    fn description(&mut self, policy: &Policy, suffix: &str) -> Option<String> {
        let text = self.text("network_interface_description", "Description")?;
        if let Some(bad) = text.chars().find(|c| is_unprintable(*c)) {
            self.problem(format!(
                "Description contains the control character U+{:04X}: a description is one line of printable text",
                u32::from(bad)
            ));
            return None;
        }
        // NetBox takes white space off at both ends, and would then not hold what was written.
        let text = text.trim().to_owned();
        if text.is_empty() {
            return Some(text);
        }
        let length = text.chars().count() + suffix.chars().count();
        if length > policy.description_max {
            self.problem(format!(
                "Description is {} characters too long: with the suffix{suffix} it has {length}, and the device takes {}",
                length - policy.description_max,
                policy.description_max
            ));
            return None;
        }
        Some(text)
    }

    fn mtu(&mut self, policy: &Policy) -> Option<u16> {
        let value = self.given("network_interface_mtu")?;
        // However large: only whether it is a whole number is asked here.
        let (whole, mtu) = match value {
            Value::Number(number) => {
                (number.as_f64().is_some_and(|number| number.fract() == 0.0), number.as_f64().and_then(small))
            }
            Value::String(text) => {
                let text = text.trim();
                (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()), text.parse().ok())
            }
            _ => (false, None),
        };
        let shown = shortened(&value.to_string());
        match mtu {
            _ if !whole => self.problem(format!("MTU {shown} is not a whole number")),
            Some(mtu) if (policy.mtu_min..=policy.mtu_max).contains(&mtu) => return Some(mtu),
            _ => self.problem(format!("MTU {shown} is outside {} to {}", policy.mtu_min, policy.mtu_max)),
        }
        None
    }

    fn address(&mut self) -> Option<AddressField> {
        let text = self.text("network_interface_ip4_address", "Address")?;
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let shown = shortened(text);
        let problem = match parse_address(text) {
            None if !text.contains('/') => {
                format!("Address {shown:?} has no prefix length: write for example 10.1.2.1/24")
            }
            None => {
                format!("Address {shown:?} is not an IPv4 address with a prefix length, such as 10.1.2.1/24")
            }
            Some(net) if net.prefix_len() > 31 || net.prefix_len() == 0 => {
                format!("Address {shown:?} has a prefix length outside 1 to 31")
            }
            Some(net) if !is_unicast(net.addr()) => {
                format!("Address {shown:?} cannot be given to an interface")
            }
            Some(net) if !is_host_address(&net) => {
                format!("Address {shown:?} is the network or broadcast address of {}", net.trunc())
            }
            Some(net) => return Some(AddressField::Given(net)),
        };
        self.problem(problem);
        Some(AddressField::Wrong)
    }

    fn mode(&mut self, address: Option<AddressField>) -> Option<ModeRequest> {
        let text = self.text("network_switchport_mode_and_vlan", "Mode").unwrap_or_default();
        let field = match parse_mode(&text) {
            Ok(field) => field,
            Err(problems) => {
                self.problems.extend(problems.into_iter().map(Problem));
                return None;
            }
        };
        match (field, address) {
            (None, None) => None,
            (Some(ModeField::Access(vlan)), None) => Some(ModeRequest::Access { vlan }),
            (Some(ModeField::Trunk(native, allowed)), None) => Some(ModeRequest::Trunk { native, allowed }),
            (Some(ModeField::L3), Some(AddressField::Given(address))) => Some(ModeRequest::L3 { address }),
            (Some(ModeField::L3), Some(AddressField::Wrong)) => None,
            (Some(ModeField::L3), None) => {
                self.problem(
                    "Mode l3 needs an IPv4 address with its prefix length, such as 10.1.2.1/24".to_owned(),
                );
                None
            }
            (Some(ModeField::Access(_) | ModeField::Trunk(..)) | None, Some(_)) => {
                self.problem(
                    "An IPv4 address goes only with mode l3: write l3:: or leave the address empty"
                        .to_owned(),
                );
                None
            }
        }
    }
}

enum AddressField {
    Given(Ipv4Net),
    Wrong,
}

/// Octets with leading zeros are refused: some systems read them as octal.
fn parse_address(text: &str) -> Option<Ipv4Net> {
    let (address, prefix) = text.split_once('/')?;
    let plain = prefix.len() <= 2 && prefix.bytes().all(|b| b.is_ascii_digit());
    let prefix = prefix.parse().ok().filter(|_| plain)?;
    Ipv4Net::new(address.parse().ok()?, prefix).ok()
}

fn small(number: f64) -> Option<u16> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked before"
    )]
    (0.0..=f64::from(u16::MAX)).contains(&number).then_some(number as u16)
}

/// Whether a text of the ticket must not hold the character: control characters, what XML 1.0 cannot carry (section 2.2), and the
/// characters that make a text read otherwise than it is: direction overrides, and what has no width (but for the joiners, which some
/// scripts need).
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{202A}'..='\u{202E}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: Value) -> TicketFields {
        serde_json::from_value(value).unwrap()
    }

    fn policy() -> Policy {
        Policy { protected_interfaces: vec!["GigabitEthernet1/0/1".parse().unwrap()], ..Policy::default() }
    }

    fn read(value: Value) -> Result<ChangeRequest, Vec<String>> {
        let draft = RequestDraft::read(&fields(value), &policy(), " ##ticket:15016##");
        draft.finish().map_err(|problems| problems.into_iter().map(|problem| problem.0).collect())
    }

    fn with(field: &str, value: Value) -> Result<ChangeRequest, Vec<String>> {
        let mut all = json!({"network_device_name": "c9300", "network_interface_name": "GigabitEthernet1/0/5", "network_interface_mtu": 1600});
        all[field] = value;
        read(all)
    }

    #[test]
    fn the_founding_ticket_is_read() {
        let request = read(json!({
            "network_device_name": "c9300", "network_interface_name": "GigabitEthernet1/0/5", "network_interface_enabled": true,
            "network_interface_description": "Configured from the ticket system!", "network_interface_mtu": 2000,
            "network_interface_ip4_address": "", "network_switchport_mode_and_vlan": "access:100:", "another_field": [1]
        }))
        .unwrap();
        let expected = json!({"enabled": true, "description": "Configured from the ticket system!", "mtu": 2000, "mode": {"access": {"vlan": 100}}});
        assert_eq!(serde_json::to_value(&request.settings).unwrap(), expected);
    }

    #[test]
    fn numbers_and_booleans_may_come_as_text() {
        assert_eq!(with("network_interface_mtu", json!("1500")).unwrap().settings.mtu, Some(1500));
        assert_eq!(with("network_interface_mtu", json!(2000.0)).unwrap().settings.mtu, Some(2000));
        assert_eq!(with("network_interface_enabled", json!("false")).unwrap().settings.enabled, Some(false));
    }

    #[test]
    fn what_is_no_mtu_is_said_to_be_none_or_outside() {
        for (value, said) in [
            (json!("1e3"), "MTU \"1e3\" is not a whole number"),
            (json!(1500.5), "MTU 1500.5 is not a whole number"),
            (json!(""), "MTU \"\" is not a whole number"),
            (json!(true), "MTU true is not a whole number"),
            (json!([1500]), "MTU [1500] is not a whole number"),
            (json!(-1500), "MTU -1500 is outside 1500 to 9000"),
            (json!(1e3), "MTU 1000.0 is outside 1500 to 9000"),
            (json!(u64::MAX), "MTU 18446744073709551615 is outside 1500 to 9000"),
            (json!("99999999999999999999"), "MTU \"99999999999999999999\" is outside 1500 to 9000"),
        ] {
            assert_eq!(with("network_interface_mtu", value).unwrap_err(), [said]);
        }
        assert_eq!(with("network_interface_mtu", json!(" 1500 ")).unwrap().settings.mtu, Some(1500));
    }

    #[test]
    fn null_is_not_given_and_an_empty_description_removes_it() {
        let request = with("network_interface_description", Value::Null).unwrap();
        assert_eq!(request.settings.description, None);
        let padded = with("network_interface_description", json!("  uplink to building 7 \u{a0}")).unwrap();
        assert_eq!(padded.settings.description.as_deref(), Some("uplink to building 7"));
        let blank = with("network_interface_description", json!("   ")).unwrap();
        assert_eq!(blank.settings.description.as_deref(), Some(""));
        let request = with("network_interface_description", json!("")).unwrap();
        assert_eq!(request.settings.description.as_deref(), Some(""));
    }

    #[test]
    fn every_wrong_field_is_named_in_one_go() {
        let problems = read(json!({
            "network_device_name": null, "network_interface_name": "GigabitEthernet", "network_interface_enabled": "yes",
            "network_interface_description": "x".repeat(300), "network_interface_mtu": 100,
            "network_interface_ip4_address": "10.0.0.300/40", "network_switchport_mode_and_vlan": "trunk:4095:0"
        }))
        .unwrap_err();
        let text = problems.join("\n");
        for part in [
            "Device is missing",
            "\"GigabitEthernet\" is not a full name",
            "Enabled \"yes\"",
            "117 characters too long",
            "MTU 100 is outside 1500 to 9000",
            "10.0.0.300/40",
            "VLAN \"4095\"",
            "VLAN \"0\"",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn protection_is_by_exact_name() {
        let named = |name: &str| with("network_interface_name", json!(name));
        assert!(named("GigabitEthernet1/0/1").unwrap_err()[0].contains("protected"));
        assert!(named("gigabitethernet1/0/1").unwrap_err()[0].contains("protected"));
        for name in ["GigabitEthernet1/0/10", "GigabitEthernet1/0/19"] {
            assert!(named(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn control_characters_are_refused_with_a_reason() {
        for text in ["a\nb", "a\u{0}b", "a\u{1b}[31mb", "a\u{202e}b", "a\u{ffff}", "\u{feff}a", "a\u{200b}b"]
        {
            assert!(
                with("network_interface_description", json!(text)).unwrap_err()[0].contains("U+"),
                "{text:?}"
            );
        }
        assert!(
            with("network_interface_description", json!("<b>&amp; \"quoted\" ]]> ${x} {{y}} ü 漢字")).is_ok()
        );
    }

    #[test]
    fn white_space_around_a_description_is_no_part_of_it() {
        let description =
            |text: &str| with("network_interface_description", json!(text)).unwrap().settings.description;
        assert_eq!(description("  two  words\u{a0} ").as_deref(), Some("two  words"));
        assert_eq!(description("   ").as_deref(), Some(""), "as good as an empty one");
        let just_fits = format!("  {}  ", "x".repeat(200 - " ##ticket:15016##".len()));
        assert!(description(&just_fits).is_some());
    }

    #[test]
    fn a_description_is_measured_with_its_suffix() {
        let suffix = " ##ticket:15016##".len();
        assert!(with("network_interface_description", json!("é".repeat(200 - suffix))).is_ok());
        let problems = with("network_interface_description", json!("é".repeat(201 - suffix))).unwrap_err();
        assert!(problems[0].contains("1 characters too long"), "{problems:?}");
    }

    #[test]
    fn an_address_must_fit_an_interface_and_goes_only_with_l3() {
        let l3 = |address: &str| {
            read(json!({"network_device_name": "c9300", "network_interface_name": "GigabitEthernet1/0/5",
                        "network_switchport_mode_and_vlan": "l3::", "network_interface_ip4_address": address}))
        };
        for good in ["10.1.2.1/24", "10.1.2.0/31", "192.168.0.1/30"] {
            assert!(l3(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "10.1.2.1",
            "10.1.2.1/32",
            "10.1.2.0/24",
            "10.1.2.255/24",
            "224.0.0.1/24",
            "0.0.0.1/0",
            "127.0.0.1/8",
            "10.1.2/24",
            "fe80::1/64",
            "10.01.2.1/24",
        ] {
            assert!(l3(bad).is_err(), "{bad}");
        }
        assert!(
            with("network_interface_ip4_address", json!("10.1.2.1/24")).unwrap_err()[0]
                .contains("only with mode l3")
        );
    }

    #[test]
    fn a_ticket_that_asks_for_nothing_is_refused() {
        let problems =
            read(json!({"network_device_name": "c9300", "network_interface_name": "GigabitEthernet1/0/5"}))
                .unwrap_err();
        assert!(problems[0].contains("asks for nothing"));
    }
}
