//! Tests of [`apply`](super::apply).

use super::*;
use crate::switch::shape::test_model::{NS, model};
use crate::switch::xml::{self, NETCONF};
use proptest::prelude::*;

fn edits(body: &str) -> Vec<Edit> {
    let text = format!("<config xmlns='{NS}' xmlns:nc='{NETCONF}'>{body}</config>");
    let document = xml::parse(&text).unwrap();
    xml::elements(document.root_element()).map(|node| Edit::read(node).unwrap()).collect()
}

fn tree(body: &str) -> Node {
    let (root, errors) =
        apply(&Node::root(), &edits(body), &model(), &[], (DefaultOperation::Merge, ErrorOption::Rollback));
    assert!(errors.is_empty(), "{errors:?}");
    root
}

/// Applies `edit` to `base`; the result as XML, and the error tags.
fn run(base: &str, edit: &str, default: DefaultOperation, option: ErrorOption) -> (String, Vec<String>) {
    let (root, errors) = apply(&tree(base), &edits(edit), &model(), &[], (default, option));
    (root.children_xml(NS), errors.into_iter().map(|error| error.tag).collect())
}

fn merge(base: &str, edit: &str) -> (String, Vec<String>) {
    run(base, edit, DefaultOperation::Merge, ErrorOption::Rollback)
}

const BASE: &str = "<top><port><name>1</name><note>a</note><mtu>1500</mtu></port></top>";

#[test]
fn merge_adds_and_changes_and_keeps_the_rest() {
    let (xml, errors) = merge(BASE, "<top><port><name>1</name><mtu> 2000 </mtu></port></top>");
    assert_eq!(xml, "<top><port><name>1</name><note>a</note><mtu>2000</mtu></port></top>");
    assert!(errors.is_empty());
}

#[test]
fn replace_takes_the_place_of_one_entry_only() {
    let base =
        "<top><port><name>1</name><note>a</note></port><port><name>2</name><note>b</note></port></top>";
    let (xml, _) =
        merge(base, "<top><port nc:operation='replace'><name>1</name><mtu>9000</mtu></port></top>");
    let after =
        "<top><port><name>1</name><mtu>9000</mtu></port><port><name>2</name><note>b</note></port></top>";
    assert_eq!(xml, after);
}

#[test]
fn create_fails_on_what_exists_and_names_the_place() {
    let edit = "<top><port nc:operation='create'><name>1</name></port></top>";
    let (root, errors) =
        apply(&tree(BASE), &edits(edit), &model(), &[], (DefaultOperation::Merge, ErrorOption::Rollback));
    assert_eq!(errors[0].tag, "data-exists");
    assert_eq!(errors[0].path.as_ref().unwrap().0, "/test:top/test:port[test:name='1']");
    assert_eq!(root, tree(BASE));
    let (xml, errors) =
        merge(BASE, "<top><port nc:operation='create'><name>0</name><note>z</note></port></top>");
    assert!(errors.is_empty());
    assert!(xml.starts_with("<top><port><name>0</name><note>z</note></port>"), "{xml}");
}

#[test]
fn delete_fails_on_what_is_missing_and_remove_does_not() {
    let gone = |operation: &str| {
        format!("<top><port><name>1</name><tag nc:operation='{operation}'>x</tag></port></top>")
    };
    assert_eq!(merge(BASE, &gone("delete")).1, ["data-missing"]);
    assert!(merge(BASE, &gone("remove")).1.is_empty());
    let (xml, errors) = merge(BASE, "<top><port><name>1</name><note nc:operation='delete'/></port></top>");
    assert_eq!(xml, "<top><port><name>1</name><mtu>1500</mtu></port></top>");
    assert!(errors.is_empty());
}

#[test]
fn the_last_node_taken_out_takes_its_container_along() {
    let (xml, _) =
        merge("<top><box><deep>1</deep></box></top>", "<top><box><deep nc:operation='remove'/></box></top>");
    assert_eq!(xml, "");
}

#[test]
fn none_only_leads_to_the_operations_below_it() {
    let none = |edit: &str| run(BASE, edit, DefaultOperation::None, ErrorOption::Rollback);
    let (xml, errors) =
        none("<top><port><name>1</name><mtu>9</mtu><note nc:operation='delete'/></port></top>");
    assert_eq!(xml, "<top><port><name>1</name><mtu>1500</mtu></port></top>");
    assert!(errors.is_empty());
    assert_eq!(none("<top><port><name>2</name></port></top>").1, ["data-missing"]);
    let (xml, errors) = none("<top><box><deep nc:operation='create'>1</deep></box></top>");
    assert!(xml.contains("<deep>1</deep>") && errors.is_empty(), "{xml}");
}

#[test]
fn a_default_of_replace_takes_the_place_of_everything() {
    let (xml, errors) =
        run(BASE, "<top><box><deep>1</deep></box></top>", DefaultOperation::Replace, ErrorOption::Rollback);
    assert_eq!(xml, "<top><box><deep>1</deep></box></top>");
    assert!(errors.is_empty());
}

#[test]
fn the_new_case_of_a_choice_removes_the_old_one() {
    let base = "<top><port><name>1</name><mode><access><x>1</x></access></mode></port></top>";
    let (xml, _) = merge(base, "<top><port><name>1</name><mode><trunk/></mode></port></top>");
    assert_eq!(xml, "<top><port><name>1</name><mode><trunk/></mode></port></top>");
}

#[test]
fn a_case_that_says_nothing_removes_no_other() {
    let base = "<top><port><name>1</name><mode><access><x>1</x></access></mode></port></top>";
    let edit = "<top><port><name>1</name><mode><quiet><y nc:operation='remove'/></quiet></mode></port></top>";
    assert_eq!(merge(base, edit), (base.to_owned(), Vec::new()));
    let (xml, _) = merge(base, &edit.replace(" nc:operation='remove'/>", ">1</y>"));
    assert_eq!(xml, "<top><port><name>1</name><mode><quiet><y>1</y></quiet></mode></port></top>");
}

#[test]
fn a_list_entry_needs_its_key_and_keeps_it() {
    assert_eq!(merge(BASE, "<top><port><note>x</note></port></top>").1, ["missing-element"]);
}

#[test]
fn an_unknown_node_is_named() {
    assert_eq!(merge(BASE, "<top><what/></top>").1, ["unknown-element"]);
}

const THREE: &str = "<top><port><name>1</name><note>first</note>\
    <tag nc:operation='delete'>x</tag><mtu>9000</mtu></port></top>";

#[test]
fn stop_on_error_keeps_what_was_done_until_then() {
    let (xml, errors) = run(BASE, THREE, DefaultOperation::Merge, ErrorOption::Stop);
    assert!(xml.contains("<note>first</note><mtu>1500</mtu>"), "{xml}");
    assert_eq!(errors, ["data-missing"]);
}

#[test]
fn continue_on_error_does_the_rest() {
    let (xml, errors) = run(BASE, THREE, DefaultOperation::Merge, ErrorOption::Continue);
    assert!(xml.contains("<note>first</note><mtu>9000</mtu>"), "{xml}");
    assert_eq!(errors, ["data-missing"]);
}

#[test]
fn rollback_on_error_does_nothing_and_names_every_error() {
    let two = "<top><port><name>1</name><tag nc:operation='delete'>x</tag><mtu>9</mtu></port>\
        <box><deep nc:operation='delete'/></box></top>";
    let (xml, errors) = run(BASE, two, DefaultOperation::Merge, ErrorOption::Rollback);
    assert_eq!(xml, tree(BASE).children_xml(NS));
    assert_eq!(errors, ["data-missing", "data-missing"]);
}

/// Any configuration of the test model.
fn config() -> impl Strategy<Value = String> {
    let mode =
        prop_oneof![Just(""), Just("<mode><access/></mode>"), Just("<mode><trunk><x>1</x></trunk></mode>")];
    let port = (0..4_u8, proptest::option::of("[a-c]{1,3}"), proptest::option::of(64..70_u16), mode);
    proptest::collection::vec(port, 0..4).prop_map(|ports| {
        let mut out = "<top>".to_owned();
        for (name, note, mtu, mode) in ports {
            let note = note.map(|note| format!("<note>{note}</note>")).unwrap_or_default();
            let mtu = mtu.map(|mtu| format!("<mtu>{mtu}</mtu>")).unwrap_or_default();
            out.push_str(&format!("<port><name>{name}</name>{note}{mtu}{mode}</port>"));
        }
        out.push_str("</top>");
        out
    })
}

proptest! {
    #[test]
    fn merging_twice_is_merging_once(base in config(), edit in config()) {
        let (once, _) = merge(&base, &edit);
        let (twice, _) = merge(&once, &edit);
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn replacing_everything_gives_the_new_tree_and_back_again(base in config(), edit in config()) {
        let replace = |base: &str, edit: &str| run(base, edit, DefaultOperation::Replace, ErrorOption::Stop).0;
        let after = replace(&base, &edit);
        prop_assert_eq!(&after, &tree(&edit).children_xml(NS));
        prop_assert_eq!(replace(&after, &base), tree(&base).children_xml(NS));
    }

    #[test]
    fn a_failed_edit_with_rollback_changes_nothing(base in config(), edit in config()) {
        let broken = edit.replace("</top>", "<box><deep nc:operation='delete'/></box></top>");
        let (after, errors) = merge(&base, &broken);
        prop_assert_eq!(after, tree(&base).children_xml(NS));
        prop_assert_eq!(errors, ["data-missing"]);
    }

    #[test]
    fn the_canonical_form_does_not_depend_on_the_order_of_edits(base in config()) {
        let root = tree(&base);
        let mut turned = root.clone();
        for top in &mut turned.children {
            top.children.reverse();
        }
        model().normalize(&mut turned);
        prop_assert_eq!(root, turned);
    }
}
