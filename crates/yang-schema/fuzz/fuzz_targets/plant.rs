//! The hand-written models that data is thrown at.

use std::sync::OnceLock;

use yang_schema::{CompileOptions, ModuleSet, Schema};

const TEXTS: &[&str] = &[
    include_str!("../../tests/models/plant.yang"),
    include_str!("../../tests/models/plant-rpc.yang"),
    include_str!("../../tests/models/plant-qos.yang"),
    include_str!("../../tests/models/plant-types.yang"),
    include_str!("../../tests/models-fleet/fleet.yang"),
    include_str!("../../tests/models-fleet/fleet-extra.yang"),
    include_str!("../../tests/models-fleet/fleet-types.yang"),
];

pub fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut set = ModuleSet::new();
        for text in TEXTS {
            set.add_text("model.yang", text).unwrap();
        }
        set.compile(&CompileOptions::new()).unwrap()
    })
}
