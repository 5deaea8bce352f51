//! The JSON Schemas of the files that people write, made from the structures that read them.

use crate::instrument::InstrumentFile;
use crate::robot::RobotFile;
use crate::scenario::ScenarioFile;
use crate::scene::SceneFile;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value as Json;
use std::sync::OnceLock;

/// Name of a kind of file and its schema: `robot`, `instrument`, `scene` and `scenario`.
#[must_use]
pub fn schemas() -> [(&'static str, &'static Json); 4] {
    [("robot", robot()), ("instrument", instrument()), ("scene", scene()), ("scenario", scenario())]
}

/// The schema of an instrument file.
#[must_use]
pub fn instrument() -> &'static Json {
    static SCHEMA: OnceLock<Json> = OnceLock::new();
    SCHEMA.get_or_init(of::<InstrumentFile>)
}

/// The schema of a robot file.
#[must_use]
pub fn robot() -> &'static Json {
    static SCHEMA: OnceLock<Json> = OnceLock::new();
    SCHEMA.get_or_init(of::<RobotFile>)
}

/// The schema of a scene file.
#[must_use]
pub fn scene() -> &'static Json {
    static SCHEMA: OnceLock<Json> = OnceLock::new();
    SCHEMA.get_or_init(of::<SceneFile>)
}

/// The schema of a scenario file.
#[must_use]
pub fn scenario() -> &'static Json {
    static SCHEMA: OnceLock<Json> = OnceLock::new();
    SCHEMA.get_or_init(of::<ScenarioFile>)
}

fn of<T: JsonSchema>() -> Json {
    SchemaGenerator::default().into_root_schema_for::<T>().to_value()
}
