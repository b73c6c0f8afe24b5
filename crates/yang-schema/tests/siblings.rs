//! Refines, augments and deviations of nodes with many siblings, in any order.
#![expect(clippy::unwrap_used, reason = "a test that cannot build its model has failed")]

use std::fmt::Write as _;

use proptest::prelude::*;
use yang_schema::{CompileOptions, ModuleSet, Schema};

const MANY: usize = 60;
const NS: &str = "urn:m";

fn compile(body: &str) -> Schema {
    let mut set = ModuleSet::new();
    set.add_text("m.yang", &format!("module m {{ yang-version 1.1; namespace {NS}; prefix m; {body} }}"))
        .unwrap();
    set.compile(&CompileOptions::new()).unwrap()
}

/// What happens to each of the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Refined,
    Featureless,
    Augmented,
    Changed,
    Removed,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Kept),
        Just(Fate::Refined),
        Just(Fate::Featureless),
        Just(Fate::Augmented),
        Just(Fate::Changed),
        Just(Fate::Removed),
    ]
}

fn model(fates: &[(usize, Fate)]) -> String {
    let nodes: String = (0..fates.len()).map(|n| format!("container n{n} {{ presence a; }} ")).collect();
    let (mut refines, mut rest) = (String::new(), String::new());
    for (n, fate) in fates {
        // Writing to a String cannot fail.
        let _ = match fate {
            Fate::Kept => Ok(()),
            Fate::Refined => write!(refines, "refine n{n} {{ description refined; }} "),
            Fate::Featureless => write!(refines, "refine n{n} {{ if-feature off; }} "),
            Fate::Augmented => write!(rest, "augment /m:top/m:n{n} {{ leaf x {{ type string; }} }} "),
            Fate::Changed => {
                write!(rest, "deviation /m:top/m:n{n} {{ deviate add {{ config false; }} }} ")
            }
            Fate::Removed => write!(rest, "deviation /m:top/m:n{n} {{ deviate not-supported; }} "),
        };
    }
    format!(
        "feature off {{ if-feature \"not on\"; }} feature on; grouping g {{ {nodes} }} \
         container top {{ leaf before {{ type string; }} uses g {{ {refines} }} leaf after {{ type string; }} }} {rest}"
    )
}

proptest! {
    #[test]
    fn each_is_found_wherever_it_stands(
        fates in prop::collection::vec(fate(), MANY)
            .prop_map(|fates| fates.into_iter().enumerate().collect::<Vec<_>>())
            .prop_shuffle()
    ) {
        let schema = compile(&model(&fates));
        let top = schema.top(NS, "top").unwrap();
        for (n, fate) in &fates {
            let node = top.child(NS, &format!("n{n}"));
            let gone = matches!(fate, Fate::Removed | Fate::Featureless);
            prop_assert_eq!(node.is_none(), gone, "n{}: {:?}", n, fate);
            let Some(node) = node else { continue };
            prop_assert_eq!(node.description().is_some(), *fate == Fate::Refined, "n{}", n);
            prop_assert_eq!(node.child(NS, "x").is_some(), *fate == Fate::Augmented, "n{}", n);
            prop_assert_eq!(node.is_config(), *fate != Fate::Changed, "n{}", n);
        }
        let mut left: Vec<usize> = fates
            .iter()
            .filter(|(_, fate)| !matches!(fate, Fate::Removed | Fate::Featureless))
            .map(|(n, _)| *n)
            .collect();
        left.sort_unstable();
        let wanted: Vec<String> = ["before".to_owned()]
            .into_iter()
            .chain(left.iter().map(|n| format!("n{n}")))
            .chain(["after".to_owned()])
            .collect();
        prop_assert_eq!(top.children().map(|child| child.name().to_owned()).collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn a_refine_does_not_reach_what_stands_before_the_uses() {
    let leaves: String = (0..MANY).map(|n| format!("leaf g{n} {{ type string; }} ")).collect();
    let before: String = (0..MANY).map(|n| format!("leaf b{n} {{ type string; }} ")).collect();
    let mut set = ModuleSet::new();
    let body = format!(
        "grouping g {{ {leaves} }} container c {{ {before} uses g {{ refine b3 {{ description x; }} }} }}"
    );
    set.add_text("m.yang", &format!("module m {{ namespace {NS}; prefix m; {body} }}")).unwrap();
    let error = set.compile(&CompileOptions::new()).unwrap_err();
    assert!(error.to_string().contains("there is no b3"), "{error}");
}
