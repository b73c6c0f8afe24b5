//! What the work on a model costs. With `NETCHANGE_YANG_DIR` a folder of models is measured, else the hand-written ones.

#[path = "synthetic/mod.rs"]
mod synthetic;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use yang_schema::{
    CompileOptions, JsonOptions, ModuleSet, Schema, SearchOptions, TreeOptions, ValidateOptions,
};

/// An edit of one port, for the hand-written models.
const PLANT: &str = include_str!("edit-plant.xml");
/// The same for Cisco-IOS-XE-native.
const IOS_XE: &str = include_str!("edit-ios-xe.xml");

fn folder() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models");
    std::env::var_os("NETCHANGE_YANG_DIR").map_or_else(own, PathBuf::from)
}

fn compiled(folder: &Path) -> Result<Schema, yang_schema::Error> {
    let mut set = ModuleSet::new();
    set.add_directory(folder)?;
    set.compile(&CompileOptions::new())
}

fn schema(c: &mut Criterion) {
    let folder = folder();
    let Ok(schema) = compiled(&folder) else {
        eprintln!("the models of {} do not compile", folder.display());
        return;
    };
    let edit = if schema.module("Cisco-IOS-XE-native").is_some() { IOS_XE } else { PLANT };
    let mut slow = c.benchmark_group("models");
    slow.sample_size(10);
    slow.bench_function("read and compile", |b| {
        b.iter(|| compiled(black_box(&folder)).map(|s| s.node_count()))
    });
    slow.bench_function("draw the tree", |b| b.iter(|| schema.tree(&TreeOptions::new()).len()));
    slow.finish();
    let options = SearchOptions::new();
    c.bench_function("search names and descriptions", |b| {
        b.iter(|| schema.search(black_box("interface vlan"), &options).total)
    });
    c.bench_function("parse and validate an interface edit", |b| {
        b.iter(|| {
            roxmltree::Document::parse(black_box(edit)).map(|document| {
                schema.validate_edit_config(document.root_element(), &ValidateOptions::new()).len()
            })
        })
    });
    c.bench_function("an interface edit to JSON", |b| {
        b.iter(|| {
            roxmltree::Document::parse(black_box(edit))
                .map(|document| schema.to_json(document.root_element(), &JsonOptions::new()).is_ok())
        })
    });
}

/// Costs must grow with the number of modules, not with its square.
fn growth(c: &mut Criterion) {
    let mut group = c.benchmark_group("a made-up release");
    group.sample_size(10);
    for modules in [250, 500, 1000] {
        let files = synthetic::release(modules);
        group.bench_function(format!("{modules} modules"), |b| {
            b.iter(|| {
                let mut set = ModuleSet::new();
                files.iter().try_for_each(|(name, text)| set.add_text(name, text).map(|_| ()))?;
                set.compile(&CompileOptions::new()).map(|schema| schema.node_count())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, schema, growth);
criterion_main!(benches);
