//! A small project that several tests change in one place.

use std::collections::BTreeMap;
use trocar_scenario::template::Template;
use trocar_scenario::{Failure, Files, Loaded, Overrides, load};

pub const SCENARIO: &str = "scenarios/hold.toml";
pub const SCENE: &str = "scenes/bench.toml";
pub const ROBOT: &str = "scenes/robots/lever.toml";

/// The files of the template project.
pub fn project() -> BTreeMap<String, String> {
    Template::Project.files("test").into_iter().collect()
}

/// The project with one piece of one file replaced; the piece must be there.
pub fn changed(file: &str, from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files = project();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file} does not hold {from:?}");
    *text = text.replacen(from, to, 1);
    files
}

pub fn load_all(files: BTreeMap<String, String>) -> Result<Loaded, Failure> {
    load(&Files::in_memory(files), SCENARIO, &Overrides::default())
}
