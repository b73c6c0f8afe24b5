//! What speaks against a state on any device family.

use change_model::interface::{InterfaceState, is_host_address, is_unicast, is_unicast6};

use crate::dialect::Limits;
use crate::error::Problem;

pub(crate) fn common(limits: &Limits, after: &InterfaceState) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(text) = &after.description {
        let chars = text.chars().count();
        if chars > limits.description_chars {
            problems.push(Problem::DescriptionTooLong { chars, limit: limits.description_chars });
        }
        if let Some(c) = text.chars().find(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
            problems.push(Problem::DescriptionCharacter { code: c.into() });
        }
    }
    if let Some(mtu) = after.mtu.filter(|mtu| !limits.mtu.contains(mtu)) {
        problems.push(Problem::Mtu { mtu, min: *limits.mtu.start(), max: *limits.mtu.end() });
    }
    addresses(after, &mut problems);
    problems
}

fn addresses(after: &InterfaceState, problems: &mut Vec<Problem>) {
    let v4: Vec<_> = after.ipv4.iter().chain(&after.ipv4_secondary).collect();
    for net in v4.iter().filter(|net| !is_host_address(net) || !is_unicast(net.addr())) {
        problems.push(Problem::Address { address: net.to_string() });
    }
    for net in after.ipv6.iter().filter(|net| !is_unicast6(net.addr())) {
        problems.push(Problem::Address { address: net.to_string() });
    }
    let mut seen = Vec::new();
    let all = v4
        .iter()
        .map(|net| net.addr().to_string())
        .chain(after.ipv6.iter().map(|net| net.addr().to_string()));
    for address in all {
        if seen.contains(&address) {
            problems.push(Problem::AddressTwice { address });
        } else {
            seen.push(address);
        }
    }
    if let (None, Some(net)) = (&after.ipv4, after.ipv4_secondary.first()) {
        problems.push(Problem::NoPrimary { address: net.to_string() });
    }
}
