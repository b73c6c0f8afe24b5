//! One node in two releases.

use super::identities::Moved;
use super::types;
use super::{Change, ChangeKind, Impact};
use crate::schema::{Node, NodeKind, Status};
use crate::value::shown;

/// Notes what differs, at a path.
fn noting<'c>(
    path: String,
    node: NodeKind,
    changes: &'c mut Vec<Change>,
) -> impl FnMut(&str, Option<String>, Option<String>, Impact) + 'c {
    move |what, before, after, impact| {
        if before != after {
            let (path, what) = (path.clone(), what.to_owned());
            changes.push(Change {
                kind: ChangeKind::Changed,
                path,
                node,
                what,
                before,
                after,
                nodes: 1,
                impact,
            });
        }
    }
}

/// Adds what differs between a choice or case before and after; the paths of data do not have it, so that its own is the schema's.
pub(super) fn compare_alternatives(before: Node<'_>, after: Node<'_>, changes: &mut Vec<Change>) {
    let mut add = noting(after.schema_path(), after.kind(), changes);
    demands(before, after, &mut add);
    conditions(before, after, &mut add);
}

fn demands(before: Node<'_>, after: Node<'_>, add: &mut Add<'_>) {
    let flag = |on: bool| Some(if on { "true" } else { "false" }.to_owned());
    let demanded = after.is_mandatory() && !before.is_mandatory();
    add("mandatory", flag(before.is_mandatory()), flag(after.is_mandatory()), breaking_if(demanded));
    let list = |texts: Vec<&str>| (!texts.is_empty()).then(|| texts.join(", "));
    // RFC 7950 section 11: a default may be added, not changed or removed
    let was_there = !before.defaults().is_empty();
    add("default", list(before.defaults()), list(after.defaults()), breaking_if(was_there));
}

/// Adds what differs between a node before and after.
pub(super) fn compare(before: Node<'_>, after: Node<'_>, moved: &Moved, changes: &mut Vec<Change>) {
    let mut add = noting(after.data_path(), after.kind(), changes);
    if before.kind() != after.kind() {
        let kind = |node: Node<'_>| Some(node.kind().keyword().to_owned());
        add("kind", kind(before), kind(after), Impact::Breaking);
        return;
    }
    if let (Some(old), Some(new)) = (before.ty(), after.ty()) {
        let (old_text, new_text) = (types::text(old), types::text(new));
        let impact = match types::is_wider(old, new) {
            true => Impact::Compatible,
            false => Impact::Breaking,
        };
        add("type", Some(old_text), Some(new_text), impact);
        let (lost, gained) = moved.values(old, new);
        let is_narrower = breaking_if(!lost.is_empty());
        let list = |names: Vec<&str>| (!names.is_empty()).then(|| shown(names.into_iter()));
        add("identities", list(lost), list(gained), is_narrower);
    }
    // configuration may become state in no release; state may become configuration
    let access = |node: Node<'_>| Some(if node.is_config() { "configuration" } else { "state" }.to_owned());
    let narrower = before.is_config() && !after.is_config();
    add("access", access(before), access(after), breaking_if(narrower));
    demands(before, after, &mut add);
    let list = |texts: Vec<&str>| (!texts.is_empty()).then(|| texts.join(", "));
    let keys = |node: Node<'_>| list(node.keys().map(|key| key.name()).collect());
    add("key", keys(before), keys(after), Impact::Breaking);
    let order = |node: Node<'_>| Some(if node.is_user_ordered() { "user" } else { "system" }.to_owned());
    add("ordered-by", order(before), order(after), Impact::Breaking);
    counts(before, after, &mut add);
    let presence =
        |node: Node<'_>| Some(if node.is_presence() { "presence" } else { "no presence" }.to_owned());
    add("presence", presence(before), presence(after), Impact::Breaking);
    conditions(before, after, &mut add);
    let status = |node: Node<'_>| Some(format!("{:?}", node.status()).to_lowercase());
    let rank = |node: Node<'_>| match node.status() {
        Status::Current => 0,
        Status::Deprecated => 1,
        Status::Obsolete => 2,
    };
    add("status", status(before), status(after), breaking_if(rank(after) < rank(before)));
    texts(before, after, &mut add);
}

type Add<'a> = dyn FnMut(&str, Option<String>, Option<String>, Impact) + 'a;

fn texts(before: Node<'_>, after: Node<'_>, add: &mut Add<'_>) {
    let text = |text: Option<&str>| text.map(str::to_owned);
    // a unit that was not there may be added
    add("units", text(before.units()), text(after.units()), breaking_if(before.units().is_some()));
    add("description", text(before.description()), text(after.description()), Impact::Editorial);
    add("reference", text(before.reference()), text(after.reference()), Impact::Editorial);
    let cases = |node: Node<'_>| -> Vec<String> {
        node.cases().map(|(choice, case)| format!("{}/{}", choice.name(), case.name())).collect()
    };
    let choice = |node: Node<'_>| (!cases(node).is_empty()).then(|| cases(node).join(", "));
    add("choice", choice(before), choice(after), breaking_if(choice(after).is_some()));
}

fn counts(before: Node<'_>, after: Node<'_>, add: &mut Add<'_>) {
    if !matches!(after.kind(), NodeKind::List | NodeKind::LeafList) {
        return;
    }
    let min = |node: Node<'_>| Some(node.min_elements().to_string());
    let more = after.min_elements() > before.min_elements();
    add("min-elements", min(before), min(after), breaking_if(more));
    let max = |node: Node<'_>| node.max_elements().map(|max| max.to_string());
    let limit = |node: Node<'_>| node.max_elements().unwrap_or(u32::MAX);
    add("max-elements", max(before), max(after), breaking_if(limit(after) < limit(before)));
    let uniques = |node: Node<'_>| node.uniques().map(|unique| format!("[{unique}]")).collect::<Vec<_>>();
    let text = |node: Node<'_>| Some(uniques(node).join(" ")).filter(|text| !text.is_empty());
    let added = uniques(after).iter().any(|unique| !uniques(before).contains(unique));
    add("unique", text(before), text(after), breaking_if(added));
}

/// `must`, `when`: more of them allow less.
fn conditions(before: Node<'_>, after: Node<'_>, add: &mut Add<'_>) {
    let squeezed = |texts: Vec<&str>| -> Vec<String> {
        texts.into_iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let parts = [
        ("must", squeezed(before.musts().collect()), squeezed(after.musts().collect())),
        ("when", squeezed(before.whens()), squeezed(after.whens())),
    ];
    for (what, old, new) in parts {
        let added = new.iter().any(|condition| !old.contains(condition));
        let text = |list: Vec<String>| (!list.is_empty()).then(|| list.join(" and "));
        add(what, text(old), text(new), breaking_if(added));
    }
}

fn breaking_if(breaking: bool) -> Impact {
    if breaking { Impact::Breaking } else { Impact::Compatible }
}
