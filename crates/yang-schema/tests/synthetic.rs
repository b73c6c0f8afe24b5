//! A made-up release of many modules: it compiles, and twice as many modules cost twice as much.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[path = "../benches/synthetic/mod.rs"]
mod synthetic;

use std::time::Duration;

use yang_schema::{CompileOptions, ModuleSet, Schema};

fn compiled(files: &[(String, String)]) -> Schema {
    let mut set = ModuleSet::new();
    for (name, text) in files {
        assert_eq!(set.add_text(name, text).unwrap(), *name);
    }
    let needs = set.missing();
    assert!(needs.imports.is_empty() && needs.includes.is_empty(), "{needs:?}");
    set.compile(&CompileOptions::new()).unwrap()
}

#[test]
fn it_is_shaped_as_it_says() {
    let schema = compiled(&synthetic::release(150));
    assert_eq!(schema.modules().count(), 150 - 8);
    assert!(schema.node_count() > 50_000, "{}", schema.node_count());
    let added =
        schema.find("/syn-native:native/interface/Type3/syn-feature50:feature50/entry/leaf0").unwrap();
    assert!(added.augmented_from().unwrap().file.contains("syn-feature50"));
    let chained = "/syn-native:native/interface/Type0/syn-feature48:feature48/syn-feature49:more49/leaf3";
    assert!(schema.find(chained).is_ok());
    // what syn-deviation135 took away
    assert!(schema.find("/syn-native:native/interface/Type0/part1/leaf11").is_err());
}

/// The time that this thread was on a processor, which other processes have no part in.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

fn cost(modules: usize) -> Duration {
    let files = synthetic::release(modules);
    let once = || {
        let start = processor_time();
        let schema = compiled(&files);
        let took = processor_time() - start;
        drop(schema);
        took
    };
    (0..3).map(|_| once()).min().unwrap()
}

#[test]
fn four_times_as_many_modules_cost_no_more_than_six_times_as_much() {
    // it would be sixteen times if modules were looked up one by one, and that weighed
    let (few, many) = (cost(100), cost(400));
    assert!(many < few * 6, "100 modules {few:?}, 400 modules {many:?}");
}
