//! yang-schema's verdicts beside those of `yanglint` (Debian: libyang2-tools), over thousands of generated payloads,
//! hand-made ones, and the trees of the models.
//!
//! Run with `cargo test -p yang-schema --test oracle -- --ignored`; with `NETCHANGE_YANG_DIR` set to a folder of
//! models, those too. Without yanglint the tests fail. Every way in which the two may differ stands in
//! [`differences`] with its reason; a difference that is not there fails the test.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test whose oracle does not run has failed")]

mod differences;
mod generate;
mod hand_made;
mod yanglint;

use std::path::{Path, PathBuf};

use yang_schema::{CompileOptions, JsonOptions, ModuleSet, Schema, TreeOptions, ValidateOptions};

use differences::{Ledger, Seen};
use generate::{Generator, Payload};
use yanglint::{Kind, Verdict};

/// Payloads of each kind for each set of models.
const PAYLOADS: usize = 3000;
/// Seeds the generator: the same payloads each time.
const SEED: u64 = 0x5EED_0001;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn compiled(folders: &[&Path]) -> Schema {
    let mut set = ModuleSet::new();
    for folder in folders {
        set.add_directory(folder).unwrap();
    }
    match set.compile(&CompileOptions::new()) {
        Ok(schema) => schema,
        Err(yang_schema::Error::Compile(faults)) => panic!("{faults:#?}"),
        Err(error) => panic!("{error}"),
    }
}

/// What yang-schema says: everything that is wrong.
fn ours(schema: &Schema, payload: &Payload) -> Vec<yang_schema::Problem> {
    let text = format!("<config>{}</config>", payload.xml);
    let document = roxmltree::Document::parse(&text).unwrap();
    let options = ValidateOptions::new();
    let root = document.root_element();
    match payload.kind {
        Kind::Edit => schema.validate_edit_config(root, &options),
        Kind::Data => schema.validate_data(root, &options),
        Kind::Config => schema.validate_data(root, &options.config_only(true)),
        Kind::Rpc => schema.validate_rpc(root.first_element_child().unwrap(), &options),
    }
}

/// Compares all payloads; what differs without a reason is the test's failure.
fn compare(schema: &Schema, folders: &[&Path], modules: &[&str], payloads: &[Payload]) -> Ledger {
    let verdicts = yanglint::judge(folders, modules, payloads);
    let mut ledger = Ledger::default();
    for (payload, verdict) in payloads.iter().zip(verdicts) {
        let problems = ours(schema, payload);
        ledger.add(Seen { payload, problems: &problems, verdict: &verdict });
        if let Verdict::Accepted(json) = &verdict
            && problems.is_empty()
            && payload.kind != Kind::Edit
            && payload.kind != Kind::Rpc
        {
            ledger.compare_json(payload, &to_json(schema, payload), json);
        }
    }
    eprintln!("{ledger}");
    ledger
}

fn to_json(schema: &Schema, payload: &Payload) -> serde_json::Value {
    let text = format!("<config>{}</config>", payload.xml);
    let document = roxmltree::Document::parse(&text).unwrap();
    schema.to_json(document.root_element(), &JsonOptions::new()).unwrap()
}

/// The top-level nodes that the generator may begin with.
fn generated(schema: &Schema, modules: &[&str], count: usize) -> Vec<Payload> {
    let mut generator = Generator::new(schema, modules, SEED);
    [Kind::Edit, Kind::Data, Kind::Config, Kind::Rpc]
        .into_iter()
        .flat_map(|kind| (0..count).filter_map(|_| generator.payload(kind)).collect::<Vec<_>>())
        .collect()
}

const PLANT: &[&str] = &["plant-types", "plant", "plant-qos"];
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
    let mut used = Vec::new();
    for (models, modules) in [(&models, PLANT), (&fleet, FLEET)] {
        let schema = compiled(&[models]);
        let mut payloads = generated(&schema, modules, PAYLOADS / 3);
        if modules == PLANT {
            payloads.extend(hand_made::payloads());
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
    for (models, modules) in [(folder("models"), PLANT), (folder("models-fleet"), FLEET)] {
        let schema = compiled(&[&models]);
        let theirs = yanglint::trees(&[&models], modules);
        for (name, theirs) in modules.iter().zip(theirs) {
            let ours = schema.module(name).unwrap().tree(&TreeOptions::new());
            differences::compare_trees(name, &ours, &theirs);
        }
    }
}

fn vendor_folder() -> PathBuf {
    PathBuf::from(std::env::var("NETCHANGE_YANG_DIR").expect("NETCHANGE_YANG_DIR names a folder of models"))
}

/// All modules of a folder, each once.
fn modules_of(schema: &Schema) -> Vec<String> {
    let mut names: Vec<String> = schema.modules().map(|module| module.name().to_owned()).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
#[ignore = "needs yanglint and NETCHANGE_YANG_DIR"]
fn generated_edits_of_a_vendors_models_are_judged_alike() {
    let (models, support) = (vendor_folder(), folder("models-oracle"));
    let schema = compiled(&[&models]);
    let names = modules_of(&schema);
    let modules: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut generator = Generator::new(&schema, &modules, SEED);
    let payloads: Vec<Payload> = (0..2 * PAYLOADS).filter_map(|_| generator.payload(Kind::Edit)).collect();
    let ledger =
        compare(&schema, &[&models, &support], &[modules.as_slice(), &["ietf-netconf"]].concat(), &payloads);
    ledger.check();
    assert!(ledger.accepted() > PAYLOADS / 4, "{ledger}");
    assert!(ledger.rejected() > PAYLOADS / 4, "{ledger}");
}

#[test]
#[ignore = "needs yanglint and NETCHANGE_YANG_DIR"]
fn trees_of_a_vendors_models_are_drawn_alike() {
    let models = vendor_folder();
    let schema = compiled(&[&models]);
    let names = modules_of(&schema);
    let modules: Vec<&str> = names.iter().map(String::as_str).collect();
    for (name, theirs) in modules.iter().zip(yanglint::trees(&[&models], &modules)) {
        let ours = schema.module(name).unwrap().tree(&TreeOptions::new());
        differences::compare_trees(name, &ours, &theirs);
    }
}
