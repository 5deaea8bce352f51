//! Where new files begin: small, whole, and free of mistakes.

pub mod controller;

use crate::schema;

/// What `trocar new` makes of the files that Trocar reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// A test method.
    Scenario,
    /// A scene with one robot.
    Scene,
    /// A robot with one joint.
    Robot,
    /// The URDF of a laparoscopic arm of six joints.
    Urdf,
    /// An instrument with a shaft that rolls and a jaw.
    Instrument,
    /// A folder with one of each that runs as it stands.
    Project,
}

const ROBOT: &str = include_str!("template/robot.toml");
const URDF: &str = include_str!("template/arm.urdf");
const INSTRUMENT: &str = include_str!("template/instrument.toml");
const SCENE: &str = include_str!("template/scene.toml");
const SCENARIO: &str = include_str!("template/scenario.toml");
const PROJECT: &str = include_str!("template/project.toml");
const TAPLO: &str = include_str!("template/taplo.toml");
const TOMBI: &str = include_str!("template/tombi.toml");

impl Template {
    /// The files of a template: path below the folder where they are put, and text. `name` is the new file's name
    /// without ending, or the new project's.
    #[must_use]
    pub fn files(self, name: &str) -> Vec<(String, String)> {
        let one =
            |path: &str, text: &str, title: &str| (path.to_owned(), text.replace("{TITLE}", &plain(title)));
        match self {
            Template::Scenario => vec![one(&format!("{name}.toml"), SCENARIO, name)],
            Template::Scene => vec![one(&format!("{name}.toml"), SCENE, name)],
            Template::Robot => vec![one(&format!("{name}.toml"), ROBOT, name)],
            Template::Urdf => vec![(format!("{name}.urdf"), URDF.replace("{TITLE}", &as_xml(name)))],
            Template::Instrument => vec![one(&format!("{name}.toml"), INSTRUMENT, name)],
            Template::Project => {
                let mut files = vec![
                    one(crate::source::PROJECT_MARKER, PROJECT, name),
                    one("scenes/robots/lever.toml", ROBOT, "Lever"),
                    one("scenes/bench.toml", SCENE, "Bench with one lever"),
                    one("scenarios/hold.toml", SCENARIO, "Holding still"),
                    // What editors need to complete keys, and to say what they mean.
                    one(".taplo.toml", TAPLO, name),
                    one(".tombi.toml", TOMBI, name),
                ];
                let schemas = schema::as_written()
                    .map(|(kind, json)| (format!("schemas/{kind}.schema.json"), format!("{json:#}\n")));
                files.extend(schemas);
                files
            }
        }
    }
}

/// A name as the words of an attribute in XML.
fn as_xml(name: &str) -> String {
    plain(name).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A name as the words of a title that may stand in a TOML string.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_control() || matches!(c, '"' | '\\' | '_') { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Files, Overrides, UrdfOptions, load, load_instrument, load_robot, load_urdf, render};

    fn project() -> Files {
        Files::in_memory(Template::Project.files("mine").into_iter().collect())
    }

    #[test]
    fn a_new_project_loads_as_it_stands() {
        let files = project();
        match load(&files, "scenarios/hold.toml", &Overrides::default()) {
            Ok(loaded) => assert_eq!(loaded.warnings, []),
            Err(failure) => panic!("{}", render::to_text(&failure.diagnostics, &failure.files, false)),
        }
    }

    /// The project's own files for editors are those that a new project gets.
    #[test]
    fn editors_read_here_what_they_read_in_a_new_project() {
        assert_eq!(TAPLO, include_str!("../../../.taplo.toml"));
        assert_eq!(TOMBI, include_str!("../../../.tombi.toml"));
    }

    #[test]
    fn a_new_file_takes_any_name() {
        for name in ["arm_2", "a\"b", "x\\y", "a\nb", "脚"] {
            let robot = Template::Robot.files(name).into_iter().collect();
            let loaded = load_robot(&Files::in_memory(robot), &format!("{name}.toml"));
            assert!(loaded.is_ok(), "{name:?}");
            let instrument = Template::Instrument.files(name).into_iter().collect();
            let loaded = load_instrument(&Files::in_memory(instrument), &format!("{name}.toml"));
            assert!(loaded.is_ok(), "{name:?}");
        }
        for name in ["arm_2", "a\"b", "a<b>&c", "脚"] {
            let urdf = Template::Urdf.files(name).into_iter().collect();
            let loaded = load_urdf(&Files::in_memory(urdf), &format!("{name}.urdf"), &UrdfOptions::default());
            assert!(loaded.is_ok(), "{name:?}");
        }
    }
}
