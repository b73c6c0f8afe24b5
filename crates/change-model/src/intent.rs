//! From what a device has and what a ticket asks for to what the device shall have.

use crate::interface::{DEFAULT_MTU, InterfaceState, SwitchportMode};
use crate::mode::ModeRequest;
use crate::request::RequestedSettings;
use crate::suffix::strip;
use crate::vlan::AllowedVlans;

impl RequestedSettings {
    /// The state that the device shall have, ticket suffix included. Nothing of an old mode stays behind.
    ///
    /// Where the device already does what is asked, the state is `before` itself: an earlier ticket's suffix is no difference.
    #[must_use]
    pub fn applied_to(
        &self,
        before: &InterfaceState,
        suffix: &str,
        description_max: usize,
    ) -> InterfaceState {
        let mut after = before.clone();
        if let Some(enabled) = self.enabled {
            after.enabled = enabled;
        }
        if let Some(mtu) = self.mtu
            && before.mtu.unwrap_or(DEFAULT_MTU) != mtu
        {
            after.mtu = Some(mtu);
        }
        if let Some(mode) = &self.mode {
            apply_mode(mode, before, &mut after);
        }
        let old_text = before.description.as_deref().map_or("", strip);
        let text = self.description.as_deref().unwrap_or(old_text);
        if after.equivalent(before) && text == old_text {
            return before.clone();
        }
        after.description = describe(text, self.description.is_some(), before, (suffix, description_max));
        after
    }
}

/// A description that was not asked for is stamped with the ticket only where that fits.
fn describe(
    text: &str,
    asked: bool,
    before: &InterfaceState,
    (suffix, max): (&str, usize),
) -> Option<String> {
    if text.is_empty() {
        return if asked {
            None
        } else {
            before.description.clone().filter(|old| !old.is_empty() && strip(old) == *old)
        };
    }
    let stamped = format!("{text}{suffix}");
    if asked || stamped.chars().count() <= max { Some(stamped) } else { before.description.clone() }
}

fn apply_mode(mode: &ModeRequest, before: &InterfaceState, after: &mut InterfaceState) {
    match mode {
        ModeRequest::Access { vlan } => {
            switched(before, after, SwitchportMode::Access);
            after.access_vlan = Some(*vlan);
            after.native_vlan = None;
            after.allowed_vlans = None;
        }
        ModeRequest::Trunk { native, allowed } => {
            switched(before, after, SwitchportMode::Trunk);
            after.access_vlan = None;
            // What a port that is no trunk has of one does nothing yet, and nobody asked for it.
            let kept = before.native_vlan.filter(|_| before.switchport_mode == Some(SwitchportMode::Trunk));
            after.native_vlan = native.or(kept);
            after.allowed_vlans = match allowed {
                // Where the device says nothing, all are carried.
                AllowedVlans::All(_) => {
                    before.allowed_vlans.clone().filter(|vlans| *vlans == AllowedVlans::ALL)
                }
                AllowedVlans::Only(_) => Some(allowed.clone()),
            };
        }
        ModeRequest::L3 { address } => {
            after.switchport = Some(false);
            after.switchport_mode = None;
            after.access_vlan = None;
            after.native_vlan = None;
            after.allowed_vlans = None;
            after.ipv4 = Some(*address);
            after.ipv4_secondary.clear();
        }
    }
}

fn switched(before: &InterfaceState, after: &mut InterfaceState, mode: SwitchportMode) {
    if before.is_routed() {
        after.switchport = Some(true);
    }
    after.switchport_mode = Some(mode);
    after.ipv4 = None;
    after.ipv4_secondary.clear();
    after.ipv6.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vlan::VlanId;
    use proptest::prelude::*;

    const SUFFIX: &str = " ##ticket:15016##";

    fn vlan(id: u16) -> VlanId {
        VlanId::new(id).unwrap()
    }

    fn apply(settings: &RequestedSettings, before: &InterfaceState) -> InterfaceState {
        settings.applied_to(before, SUFFIX, 200)
    }

    /// Beside `mode access` it does nothing, whatever it is.
    #[test]
    fn a_trunk_does_not_wake_a_native_vlan_that_lay_there() {
        let left = InterfaceState {
            switchport_mode: Some(SwitchportMode::Access),
            access_vlan: Some(vlan(100)),
            native_vlan: Some(vlan(99)),
            ..InterfaceState::default()
        };
        let mode = ModeRequest::Trunk { native: None, allowed: AllowedVlans::only([vlan(200)]) };
        let request = RequestedSettings { mode: Some(mode), ..RequestedSettings::default() };
        assert_eq!(apply(&request, &left).native_vlan, None);
        let trunk = InterfaceState { switchport_mode: Some(SwitchportMode::Trunk), ..left };
        assert_eq!(apply(&request, &trunk).native_vlan, Some(vlan(99)));
    }

    #[test]
    fn a_mode_tour_leaves_nothing_of_the_old_mode_behind() {
        let start = InterfaceState { enabled: true, ..InterfaceState::default() };
        let mode = |mode| RequestedSettings { mode: Some(mode), ..RequestedSettings::default() };
        let access = mode(ModeRequest::Access { vlan: vlan(100) });
        let trunk =
            mode(ModeRequest::Trunk { native: Some(vlan(99)), allowed: AllowedVlans::only([vlan(200)]) });
        let l3 = mode(ModeRequest::L3 { address: "10.1.2.1/24".parse().unwrap() });
        let first = apply(&access, &start);
        let trunked = apply(&trunk, &first);
        assert_eq!((trunked.access_vlan, trunked.native_vlan), (None, Some(vlan(99))));
        let routed = apply(&l3, &trunked);
        assert_eq!(
            (routed.native_vlan, routed.allowed_vlans.clone(), routed.switchport),
            (None, None, Some(false))
        );
        let back = apply(&access, &routed);
        assert!(back.equivalent(&first));
        assert_eq!(back.ipv4, None);
    }

    #[test]
    fn a_trunk_without_a_native_vlan_keeps_the_one_it_has() {
        let before = InterfaceState {
            native_vlan: Some(vlan(99)),
            switchport_mode: Some(SwitchportMode::Trunk),
            ..InterfaceState::default()
        };
        let trunk = ModeRequest::Trunk { native: None, allowed: AllowedVlans::only([vlan(200)]) };
        let after = apply(&RequestedSettings { mode: Some(trunk), ..RequestedSettings::default() }, &before);
        assert_eq!(after.native_vlan, Some(vlan(99)));
    }

    #[test]
    fn an_earlier_tickets_suffix_is_no_difference() {
        let before = InterfaceState {
            enabled: true,
            description: Some("Desk ##ticket:1##".to_owned()),
            ..InterfaceState::default()
        };
        let same = RequestedSettings {
            description: Some("Desk".to_owned()),
            enabled: Some(true),
            ..RequestedSettings::default()
        };
        assert_eq!(apply(&same, &before), before);
        let other = RequestedSettings { enabled: Some(false), ..RequestedSettings::default() };
        assert_eq!(apply(&other, &before).description.as_deref(), Some("Desk ##ticket:15016##"));
    }

    #[test]
    fn there_is_no_suffix_without_a_description() {
        let before = InterfaceState {
            enabled: true,
            description: Some("Desk ##ticket:1##".to_owned()),
            ..InterfaceState::default()
        };
        let remove = RequestedSettings { description: Some(String::new()), ..RequestedSettings::default() };
        assert_eq!(apply(&remove, &before).description, None);
        let none = InterfaceState { enabled: true, ..InterfaceState::default() };
        let down = RequestedSettings { enabled: Some(false), ..RequestedSettings::default() };
        assert_eq!(apply(&down, &none).description, None);
    }

    proptest! {
        #[test]
        fn applying_a_request_twice_changes_nothing_the_second_time(
            enabled in proptest::option::of(any::<bool>()),
            description in proptest::option::of("[a-zA-Z0-9# ]{0,40}"),
            mtu in proptest::option::of(1500u16..=9000),
            id in 1u16..=4094,
        ) {
            // A text that itself ends like a suffix cannot be told from one; the proof compares whole descriptions then.
            prop_assume!(description.as_deref().is_none_or(|text| strip(text) == text));
            let mode = Some(ModeRequest::Access { vlan: vlan(id) });
            let settings = RequestedSettings { enabled, description, mtu, mode };
            let once = apply(&settings, &InterfaceState::default());
            prop_assert_eq!(&apply(&settings, &once), &once);
        }
    }
}
