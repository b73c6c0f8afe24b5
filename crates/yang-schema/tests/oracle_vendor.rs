//! The oracle on a vendor's models, which are not part of the project:
//! `NETCHANGE_YANG_DIR=… cargo test -p yang-schema --test oracle_vendor -- --ignored`
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test whose oracle does not run has failed")]

#[path = "oracle/compare.rs"]
mod compare;
#[path = "oracle/differences.rs"]
mod differences;
#[path = "oracle/generate.rs"]
mod generate;
#[path = "oracle/yanglint.rs"]
mod yanglint;

use std::path::PathBuf;

use yang_schema::{Schema, TreeOptions};

use compare::{PAYLOADS, SEED, compare, compiled, folder};
use generate::{Generator, Payload};
use yanglint::Kind;

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
fn generated_payloads_of_a_vendors_models_are_judged_alike() {
    let (models, support) = (vendor_folder(), folder("models-oracle"));
    let schema = compiled(&[&models]);
    let names = modules_of(&schema);
    let modules: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut generator = Generator::new(&schema, &modules, SEED);
    let mut payloads: Vec<Payload> =
        (0..2 * PAYLOADS).filter_map(|_| generator.payload(Kind::Edit)).collect();
    payloads.extend((0..PAYLOADS / 3).filter_map(|_| generator.payload(Kind::Config)));
    let ledger =
        compare(&schema, &[&models, &support], &[modules.as_slice(), &["ietf-netconf"]].concat(), &payloads);
    ledger.check();
    let used: Vec<&str> = ledger.used().collect();
    assert!(!used.contains(&"rpcs are only parsed"), "no rpc was tried: {ledger}");
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
