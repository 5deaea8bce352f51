//! The JSON Schemas of the files that people write, made from the structures that read them.

use crate::instrument::InstrumentFile;
use crate::mapping::MappingFile;
use crate::person::PersonFile;
use crate::robot::RobotFile;
use crate::scenario::ScenarioFile;
use crate::scene::SceneFile;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value as Json, json};
use std::sync::OnceLock;

/// Name of a kind of file and its schema: `robot`, `instrument`, `person`, `scene`, `scenario` and `mapping`.
#[must_use]
pub fn schemas() -> [(&'static str, &'static Json); 6] {
    [
        ("robot", robot()),
        ("instrument", instrument()),
        ("person", person()),
        ("scene", scene()),
        ("scenario", scenario()),
        ("mapping", mapping()),
    ]
}

/// The schema of a mapping file.
#[must_use]
pub fn mapping() -> &'static Json {
    static SCHEMA: OnceLock<Json> = OnceLock::new();
    SCHEMA.get_or_init(of::<MappingFile>)
}

/// The schema of an instrument file.
#[must_use]
pub fn instrument() -> &'static Json {
    static SCHEMA: OnceLock<Json> = OnceLock::new();
    SCHEMA.get_or_init(of::<InstrumentFile>)
}

/// The schema of a person file.
#[must_use]
pub fn person() -> &'static Json {
    static SCHEMA: OnceLock<Json> = OnceLock::new();
    SCHEMA.get_or_init(of::<PersonFile>)
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

/// Name of a kind of file and its schema as editors need it: of the files as they are written. There a word out of several,
/// a number or a list may also be a name of `[for_each]`, as in `axis = "$axis"`; the walk over a file comes after the names
/// were replaced.
#[must_use]
pub fn as_written() -> [(&'static str, Json); 6] {
    schemas()
        .map(|(kind, json)| (kind, if kind == "scenario" { scenario_as_written() } else { json.clone() }))
}

fn scenario_as_written() -> Json {
    let mut schema = scenario().clone();
    for part in ["properties", "$defs"] {
        for (name, part) in schema[part].as_object_mut().into_iter().flatten() {
            // What the names stand for, and what says how to read the rest.
            if !["format", "kind", "for_each", "ForEachConfig", "BoundConfig", "RowConfig"]
                .contains(&name.as_str())
            {
                admit_names(part);
            }
        }
    }
    schema["$defs"]["NameOfForEach"] = json!({
        "description": "A name of `[for_each]`, e.g. \"$axis\" or \"$row.by\": this case's value stands here.",
        "type": "string",
        "pattern": r"^\$[A-Za-z0-9_.]+$"
    });
    schema
}

/// Lets `schema`, and each schema in it, take a name of `[for_each]` where it takes a word out of several, a number or a list.
fn admit_names(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(admit_names),
        Json::Object(keys) => {
            let words = |item: &Json| item["const"].is_string() && item["type"] == "string";
            let is_word =
                keys.get("oneOf").and_then(Json::as_array).is_some_and(|items| items.iter().all(words))
                    || keys.contains_key("enum");
            let holds = |kind: &str| match keys.get("type") {
                Some(Json::Array(kinds)) => kinds.iter().any(|each| each == kind),
                Some(each) => each == kind,
                None => false,
            };
            let is_other = ["number", "integer", "boolean", "array"].into_iter().any(holds);
            if !is_word {
                keys.values_mut().for_each(admit_names);
            }
            if is_word || is_other {
                let description = keys.remove("description");
                let default = keys.remove("default");
                let exact = std::mem::take(keys);
                keys.extend(description.map(|text| ("description".to_owned(), text)));
                keys.extend(default.map(|value| ("default".to_owned(), value)));
                keys.insert("anyOf".to_owned(), json!([exact, { "$ref": "#/$defs/NameOfForEach" }]));
            }
        }
        _ => {}
    }
}

fn of<T: JsonSchema>() -> Json {
    SchemaGenerator::default().into_root_schema_for::<T>().to_value()
}
