//! The VLANs of a switch.

use change_model::vlan::VlanId;

use crate::dialect::VlanState;
use crate::edit::{self, Encoded, Item, Path, Rules, keyed};
use crate::error::{DialectError, Problem};
use crate::reader::{Reader, at, children, parse, tops, wrap};

use super::{NATIVE, VLAN};

/// Longest name of a VLAN, in characters; longer ones need VTP version 3.
const MAX_NAME: usize = 32;

/// VLANs that every switch has and that stay as they are.
const RESERVED: std::ops::RangeInclusive<u16> = 1002..=1005;

/// Settings besides the name that can be written, so that a VLAN that has them can be removed and made again.
const WRITABLE: &[&str] = &["state", "shutdown", "remote-span"];

pub(super) fn path(id: Option<VlanId>) -> Path {
    let list = edit::path(&[(NATIVE, "native/vlan"), (VLAN, "vlan-list")]);
    match id {
        Some(id) => keyed(list, "id", id.to_string()),
        None => list,
    }
}

pub(super) fn read(reply: &str) -> Result<Vec<VlanState>, DialectError> {
    let wrapped = wrap(reply);
    let document = parse(&wrapped)?;
    let mut vlans: Vec<VlanState> = Vec::new();
    for native in tops(&document, NATIVE, "native") {
        let Some(holder) = at(native, &[(NATIVE, "vlan")]) else {
            continue;
        };
        for entry in children(holder, VLAN, "vlan-list") {
            let from = Reader::new(entry);
            let Some(id) = from.value::<VlanId>(&[(VLAN, "id")], "a VLAN")? else {
                continue;
            };
            let name = from.text(&[(VLAN, "name")]);
            if vlans.iter().any(|vlan| vlan.id == id) {
                return Err(DialectError::Twice(format!("VLAN {id}")));
            }
            vlans.push(VlanState { id, name, other: from.rest(&[], &[])? });
        }
    }
    vlans.sort_by_key(|vlan| vlan.id);
    Ok(vlans)
}

pub(super) fn write(
    before: Option<&VlanState>,
    after: Option<&VlanState>,
) -> Result<Option<String>, DialectError> {
    let Some(id) = after.or(before).map(|vlan| vlan.id) else {
        return Ok(None);
    };
    if let Some(vlan) = before.filter(|vlan| vlan.id != id) {
        return Err(DialectError::Conflict(format!("VLAN {}", vlan.id), format!("VLAN {id}")));
    }
    if before == after {
        return Ok(None);
    }
    if after.is_none() && (id.get() == 1 || RESERVED.contains(&id.get())) {
        return Err(DialectError::Kept(format!("VLAN {id}")));
    }
    let entry = path(Some(id));
    // The entry itself is the item that comes and goes; its leaves are items of their own while it stays.
    let rules = Rules { collapse: vec![entry.clone()], ..Rules::default() };
    edit::edit(&[], &encode(&entry, before), &encode(&entry, after), &rules)
}

fn encode(entry: &Path, vlan: Option<&VlanState>) -> Encoded {
    let mut encoded = Encoded::default();
    let Some(vlan) = vlan else { return encoded };
    let below = |name: &str| [entry.clone(), edit::path(&[(VLAN, name)])].concat();
    encoded.items.push(Item::present(entry.clone()));
    if let Some(name) = &vlan.name {
        encoded.items.push(Item::leaf(below("name"), name));
    }
    for other in &vlan.other {
        if WRITABLE.contains(&other.path.as_str()) {
            encoded.items.push(Item::leaf(below(&other.path), &other.value));
        } else {
            encoded.kept.push((other.path.clone(), other.value.clone()));
        }
    }
    encoded
}

pub(super) fn check(vlan: &VlanState) -> Vec<Problem> {
    if RESERVED.contains(&vlan.id.get()) {
        let why = "1002 to 1005 are those of Token Ring and FDDI";
        return vec![Problem::VlanReserved { id: vlan.id.get(), why }];
    }
    let Some(name) = &vlan.name else { return Vec::new() };
    let why = if vlan.id.get() == 1 {
        "VLAN 1 keeps its own name"
    } else if name.is_empty() {
        "the name is empty"
    } else if name.chars().count() > MAX_NAME {
        "a name has at most 32 characters"
    } else if name.chars().any(char::is_control) {
        "a name has no control characters"
    } else {
        return Vec::new();
    };
    vec![Problem::VlanName { id: vlan.id.get(), name: name.clone(), why }]
}
