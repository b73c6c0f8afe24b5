//! yang-schema's verdicts beside those of `yanglint` (Debian: libyang2-tools), over thousands of generated payloads,
//! hand-made ones, and the trees of the models.
//!
//! Run with `cargo test -p yang-schema --test oracle -- --ignored`; a vendor's models are tried in `oracle_vendor`.
//! Without yanglint the tests fail. Every way in which the two may differ stands in `differences` with its reason; a
//! difference that is not there fails the test.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test whose oracle does not run has failed")]

mod bodies;
mod compare;
mod differences;
mod edges;
mod generate;
mod hand_made;
mod kinds;
mod yanglint;

use yang_schema::validate::DataKind;
use yang_schema::{CompileOptions, ModuleSet, Schema, TreeOptions, ValidateOptions};

use compare::{PAYLOADS, SEED, compare, compiled, folder};
use generate::{Generator, Payload};
use yanglint::Kind;

/// The top-level nodes that the generator may begin with.
fn generated(schema: &Schema, modules: &[&str], count: usize) -> Vec<Payload> {
    let mut generator = Generator::new(schema, modules, SEED);
    [Kind::Edit, Kind::Data, Kind::Config, Kind::Rpc]
        .into_iter()
        .flat_map(|kind| (0..count).filter_map(|_| generator.payload(kind)).collect::<Vec<_>>())
        .collect()
}

const PLANT: &[&str] = &["plant-types", "plant", "plant-qos"];
const EDGES: &[&str] = &["edges", "edges-more", "edges-kinds"];
const FLEET: &[&str] = &["fleet-types", "fleet", "fleet-extra"];

#[test]
#[ignore = "needs yanglint"]
fn generated_payloads_of_the_plant_are_judged_alike() {
    let (models, support) = (folder("models"), folder("models-oracle"));
    let schema = compiled(&[&models]);
    let payloads = generated(&schema, PLANT, PAYLOADS);
    let ledger = compare(&schema, &[&models, &support], &[PLANT, &["ietf-netconf"]].concat(), &payloads);
    ledger.check();
    assert!(ledger.accepted() > PAYLOADS / 4, "too few good payloads say anything: {ledger}");
    assert!(ledger.rejected() > PAYLOADS / 4, "too few bad payloads say anything: {ledger}");
}

#[test]
#[ignore = "needs yanglint"]
fn generated_payloads_of_the_fleet_are_judged_alike() {
    let (models, support) = (folder("models-fleet"), folder("models-oracle"));
    let schema = compiled(&[&models]);
    let payloads = generated(&schema, FLEET, PAYLOADS);
    let ledger = compare(&schema, &[&models, &support], &[FLEET, &["ietf-netconf"]].concat(), &payloads);
    ledger.check();
    assert!(ledger.accepted() > PAYLOADS / 4, "{ledger}");
    assert!(ledger.rejected() > PAYLOADS / 4, "{ledger}");
}

#[test]
#[ignore = "needs yanglint"]
fn corners_of_the_standard_are_judged_alike() {
    let (models, support) = (folder("models-edges"), folder("models-oracle"));
    let schema = compiled(&[&models]);
    let ledger =
        compare(&schema, &[&models, &support], &[EDGES, &["ietf-netconf"]].concat(), &edges::payloads());
    ledger.check();
    assert!(ledger.accepted() > 50 && ledger.rejected() > 50, "{ledger}");
}

#[test]
#[ignore = "needs yanglint"]
fn values_of_all_kinds_are_judged_alike() {
    let (models, support) = (folder("models-edges"), folder("models-oracle"));
    let schema = compiled(&[&models]);
    let ledger =
        compare(&schema, &[&models, &support], &[EDGES, &["ietf-netconf"]].concat(), &kinds::payloads());
    ledger.check();
    assert!(ledger.accepted() > 50 && ledger.rejected() > 50, "{ledger}");
}

#[test]
#[ignore = "needs yanglint"]
fn json_of_all_kinds_is_judged_alike() {
    let models = folder("models-edges");
    let schema = compiled(&[&models]);
    let needed = r#""edges:edges": {"at-least": ["a", "b"], "that": "x"}"#;
    let text = |body: &&str| format!("{{{needed}, \"edges-kinds:kinds\": {{{body}}}}}");
    let payloads: Vec<_> = kinds::JSON
        .iter()
        .map(|body| generate::Payload { kind: yanglint::Kind::Data, xml: text(body) })
        .collect();
    let verdicts = yanglint::judge(&[&models], EDGES, &payloads);
    let mut unexplained = Vec::new();
    let accepted =
        verdicts.iter().filter(|verdict| matches!(verdict, yanglint::Verdict::Accepted(_))).count();
    assert!(accepted > 15 && accepted < payloads.len() - 15, "{accepted} of {}", payloads.len());
    for (body, (payload, verdict)) in kinds::JSON.iter().zip(payloads.iter().zip(verdicts)) {
        let ours = schema.validate_document(&payload.xml, DataKind::Data, &ValidateOptions::new());
        let alike =
            ours.as_ref().is_ok_and(Vec::is_empty) == matches!(verdict, yanglint::Verdict::Accepted(_));
        if alike == kinds::JSON_DIFFERENCES.iter().any(|(known, _)| known == body) {
            unexplained.push(format!("{body}: {ours:?}, {verdict:?}"));
        }
    }
    assert!(unexplained.is_empty(), "differences without a reason, or reasons without one: {unexplained:#?}");
}

#[test]
#[ignore = "needs yanglint"]
fn models_are_judged_alike() {
    let mut unexplained = Vec::new();
    let mut accepted = 0;
    for body in bodies::BODIES {
        let text = format!("module m {{ yang-version 1.1; namespace urn:m; prefix m; {body} }}");
        let mut set = ModuleSet::new();
        let read = set.add_text("m.yang", &text);
        let ours = read.and_then(|_| set.compile(&CompileOptions::new()));
        let theirs = bodies::compiles("m", &text);
        accepted += usize::from(theirs.is_ok());
        let alike = ours.is_ok() == theirs.is_ok();
        if alike == bodies::DIFFERENCES.iter().any(|(known, _)| known == body) {
            unexplained.push(format!("{body}\n  ours: {:?}\n  theirs: {theirs:?}", ours.err()));
        }
    }
    assert!(accepted > 15 && accepted < bodies::BODIES.len() - 15, "{accepted}");
    assert!(
        unexplained.is_empty(),
        "differences without a reason, or reasons without one:\n{}",
        unexplained.join("\n")
    );
}

#[test]
#[ignore = "needs yanglint"]
fn generated_payloads_of_the_corners_are_judged_alike() {
    let (models, support) = (folder("models-edges"), folder("models-oracle"));
    let schema = compiled(&[&models]);
    let payloads = generated(&schema, EDGES, PAYLOADS);
    compare(&schema, &[&models, &support], &[EDGES, &["ietf-netconf"]].concat(), &payloads).check();
}

#[test]
#[ignore = "needs yanglint"]
fn hand_made_payloads_are_judged_alike() {
    let (models, support) = (folder("models"), folder("models-oracle"));
    let schema = compiled(&[&models]);
    let payloads = hand_made::payloads();
    compare(&schema, &[&models, &support], &[PLANT, &["ietf-netconf"]].concat(), &payloads).check();
}

#[test]
#[ignore = "needs yanglint"]
fn every_reason_for_a_difference_is_still_one() {
    let (models, fleet, support) = (folder("models"), folder("models-fleet"), folder("models-oracle"));
    let corners = folder("models-edges");
    let mut used = Vec::new();
    for (models, modules) in [(&models, PLANT), (&fleet, FLEET), (&corners, EDGES)] {
        let schema = compiled(&[models]);
        let mut payloads = generated(&schema, modules, PAYLOADS / 3);
        if modules == PLANT {
            payloads.extend(hand_made::payloads());
        }
        if modules == EDGES {
            payloads.extend(edges::payloads());
            payloads.extend(kinds::payloads());
        }
        let ledger = compare(&schema, &[models, &support], &[modules, &["ietf-netconf"]].concat(), &payloads);
        used.extend(ledger.used());
    }
    let unused: Vec<&str> =
        differences::TABLE.iter().map(|row| row.name).filter(|name| !used.contains(name)).collect();
    assert!(unused.is_empty(), "no payload shows these differences any more: {unused:?}");
}

#[test]
#[ignore = "needs yanglint"]
fn trees_are_drawn_alike() {
    let edges = (folder("models-edges"), EDGES);
    for (models, modules) in [(folder("models"), PLANT), (folder("models-fleet"), FLEET), edges] {
        let schema = compiled(&[&models]);
        let theirs = yanglint::trees(&[&models], modules);
        for (name, theirs) in modules.iter().zip(theirs) {
            let ours = schema.module(name).unwrap().tree(&TreeOptions::new());
            differences::compare_trees(name, &ours, &theirs);
        }
    }
}

/// Where Debian's package netconfd keeps the modules of the IETF.
const IETF_FOLDER: &str = "/usr/share/yuma/modules/ietf";
/// Those that are compared: with features, augments of one another, unions, leafrefs, identities and rpcs.
const IETF: &[&str] = &[
    "ietf-inet-types@2013-07-15",
    "ietf-yang-types@2013-07-15",
    "iana-if-type@2014-05-08",
    "ietf-interfaces@2014-05-08",
    "ietf-ip@2014-06-16",
    "ietf-routing@2016-11-04",
    "ietf-ipv4-unicast-routing@2016-11-04",
    "iana-hardware@2018-03-13",
    "ietf-hardware@2018-03-13",
];

/// The modules of the IETF in a folder of their own, with their names.
fn ietf() -> (tempfile::TempDir, Vec<&'static str>) {
    let models = tempfile::tempdir().unwrap();
    for name in IETF {
        let file = format!("{name}.yang");
        let from = std::path::Path::new(IETF_FOLDER).join(&file);
        let copied = std::fs::copy(&from, models.path().join(&file));
        assert!(copied.is_ok(), "{} is missing: apt-get install netconfd", from.display());
    }
    (models, IETF.iter().map(|name| name.split('@').next().unwrap()).collect())
}

#[test]
#[ignore = "needs yanglint, and the modules of the package netconfd"]
fn generated_payloads_of_the_ietfs_modules_are_judged_alike() {
    let (models, modules) = ietf();
    let support = folder("models-oracle");
    let schema = compiled(&[models.path()]);
    let payloads = generated(&schema, &modules, PAYLOADS);
    let all = [modules.as_slice(), &["ietf-netconf"]].concat();
    let ledger = compare(&schema, &[models.path(), &support], &all, &payloads);
    ledger.check();
    assert!(ledger.accepted() > PAYLOADS / 4, "{ledger}");
    assert!(ledger.rejected() > PAYLOADS / 4, "{ledger}");
}

#[test]
#[ignore = "needs yanglint, and the modules of the package netconfd"]
fn trees_of_the_ietfs_modules_are_drawn_alike() {
    let (models, modules) = ietf();
    let schema = compiled(&[models.path()]);
    let theirs = yanglint::trees(&[models.path()], &modules);
    for (name, theirs) in modules.iter().zip(theirs) {
        let ours = schema.module(name).unwrap().tree(&TreeOptions::new());
        differences::compare_trees(name, &ours, &theirs);
    }
}
