//! Which dialect a device speaks, by what it announces.

use crate::dialect::{Dialect, Save};
use crate::error::DialectError;
use crate::ietf::Ietf;
use crate::ios_xe::{IosXe, SAVE_CONFIG, Shape};
use crate::openconfig::OpenConfig;

/// Revision of the native model that came with 17.4, the first release with `switchport-config`.
const NATIVE_OF_17_4: &str = "2020-11-01";
/// Revision of the native model that came with 17.2, the first release with `vlan-config`.
const NATIVE_OF_17_2: &str = "2020-03-01";

/// Chooses by the capabilities of a session's hello and the modules of the device's yang-library (`name` or `name@revision`; empty when it was
/// not asked). IOS-XE native comes first, then OpenConfig, then ietf-interfaces.
///
/// The native module is of YANG 1.1 and therefore never in the hello: other modules of IOS-XE there stand for it.
///
/// # Errors
/// [`DialectError::NoDialect`] when none of the three is announced.
pub fn choose(
    capabilities: &[String],
    yang_library_modules: &[String],
) -> Result<Box<dyn Dialect>, DialectError> {
    let announced: Vec<&str> = capabilities.iter().map(|uri| uri.trim()).collect();
    let modules: Vec<(&str, Option<&str>)> = announced
        .iter()
        .filter_map(|uri| module(uri))
        .chain(yang_library_modules.iter().map(|text| named(text.trim())))
        .collect();
    let has = |name: &str| modules.iter().any(|(module, _)| *module == name);
    let ios_xe =
        has("Cisco-IOS-XE-native") || modules.iter().any(|(name, _)| name.starts_with("Cisco-IOS-XE-"));
    if ios_xe || (has("cisco-ia") && yang_library_modules.is_empty()) {
        let native = modules.iter().find(|(name, _)| *name == "Cisco-IOS-XE-native");
        let shape = match native.and_then(|(_, revision)| *revision) {
            Some(revision) if revision < NATIVE_OF_17_2 => Shape::UpTo17_1,
            Some(revision) if revision < NATIVE_OF_17_4 => Shape::From17_2,
            _ => Shape::From17_4,
        };
        return Ok(Box::new(IosXe::new(shape)));
    }
    let startup =
        announced.iter().any(|uri| uri.starts_with("urn:ietf:params:netconf:capability:startup:1."));
    let save = match (has("cisco-ia"), startup) {
        (true, _) => Save::Rpc(SAVE_CONFIG.to_owned()),
        (false, true) => Save::CopyConfig,
        (false, false) => Save::NotNeeded,
    };
    if has("openconfig-interfaces") {
        return Ok(Box::new(OpenConfig::new(save)));
    }
    if has("ietf-interfaces") {
        return Ok(Box::new(Ietf::new(save)));
    }
    Err(DialectError::NoDialect)
}

/// Module and revision in a capability (RFC 6020, section 5.6.4).
fn module(uri: &str) -> Option<(&str, Option<&str>)> {
    let (_, query) = uri.split_once('?')?;
    let value = |key: &str| {
        let fields = query.split('&').map(|field| field.strip_prefix("amp;").unwrap_or(field));
        fields
            .filter_map(|field| field.split_once('='))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    };
    Some((value("module")?, value("revision")))
}

fn named(text: &str) -> (&str, Option<&str>) {
    match text.split_once('@') {
        Some((name, revision)) => (name, Some(revision)),
        None => module(text).unwrap_or((text, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(capabilities: &[&str], modules: &[&str]) -> Result<&'static str, DialectError> {
        let owned = |list: &[&str]| -> Vec<String> { list.iter().map(|text| (*text).to_owned()).collect() };
        choose(&owned(capabilities), &owned(modules)).map(|dialect| dialect.name())
    }

    const IA: &str = "http://cisco.com/yang/cisco-ia?module=cisco-ia&revision=2021-11-01";
    const OC: &str =
        "  http://openconfig.net/yang/interfaces?module=openconfig-interfaces&revision=2021-04-06\n";
    const IF: &str = "urn:ietf:params:xml:ns:yang:ietf-interfaces?module=ietf-interfaces&revision=2018-02-20";

    #[test]
    fn native_is_preferred_and_never_required_in_the_hello() {
        assert_eq!(chosen(&[IA, OC, IF], &[]), Ok("ios-xe"));
        assert_eq!(chosen(&[OC, IF], &["Cisco-IOS-XE-native@2023-07-01"]), Ok("ios-xe"));
    }

    #[test]
    fn the_revision_of_the_native_model_tells_the_shape() {
        assert_eq!(chosen(&[], &["Cisco-IOS-XE-native@2020-07-04"]), Ok("ios-xe 17.2"));
        assert_eq!(chosen(&[], &["Cisco-IOS-XE-native@2019-11-01"]), Ok("ios-xe up to 17.1"));
        assert_eq!(chosen(&[], &["Cisco-IOS-XE-native@2020-11-01"]), Ok("ios-xe"));
        assert_eq!(chosen(&[], &["Cisco-IOS-XE-native"]), Ok("ios-xe"));
    }

    #[test]
    fn the_others_follow_in_order() {
        assert_eq!(chosen(&[OC, IF], &[]), Ok("openconfig"));
        assert_eq!(chosen(&[IF], &[]), Ok("ietf-interfaces"));
        assert_eq!(chosen(&[], &["ietf-interfaces"]), Ok("ietf-interfaces"));
        assert_eq!(
            chosen(&["urn:ietf:params:netconf:base:1.1"], &["openconfig-vlan"]),
            Err(DialectError::NoDialect)
        );
    }

    #[test]
    fn the_startup_capability_tells_how_to_save() {
        let saves = |capability: &str| {
            let list: Vec<String> = vec![IF.to_owned(), capability.to_owned()];
            choose(&list, &[]).map(|dialect| dialect.save())
        };
        assert_eq!(saves(" urn:ietf:params:netconf:capability:startup:1.0 "), Ok(Save::CopyConfig));
        assert_eq!(saves("urn:ietf:params:netconf:capability:candidate:1.0"), Ok(Save::NotNeeded));
        assert_eq!(saves(IA), Ok(Save::Rpc(SAVE_CONFIG.to_owned())));
    }
}
