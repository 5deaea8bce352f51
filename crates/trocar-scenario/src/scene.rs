//! The scene file: which robots stand where, and how time passes there.

use crate::common::{PlacementConfig, is_name, not_a_name, under};
use crate::person::WearerPlacement;
use crate::surroundings::{ContactPlacement, SurfacePlacement, check_names};
use crate::text::join_key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_signal::quantity::{Acceleration, Frequency};
use trocar_signal::{AnyQuantity, Problem};

/// What a scene file calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SceneKind {
    /// A scene.
    Scene,
}

/// A scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a scene"))]
pub struct SceneFile {
    /// Version of the file format: 1.
    #[schemars(extend("const" = 1))]
    pub format: u32,
    /// `scene`: tells this file from a robot or a scenario.
    pub kind: SceneKind,
    /// What reports call it.
    pub title: String,
    /// Documents about the set-up.
    #[serde(default)]
    pub references: Vec<String>,
    /// Acceleration of free fall: x, y, z in the world, whose z points up.
    #[serde(default = "standard_gravity")]
    pub gravity: [Acceleration; 3],
    /// Steps of the mechanisms for each simulated second: set by the error that they must keep, not by the rates of
    /// controllers.
    pub step_rate: Frequency,
    /// Name to robot. The name is the first part of the robot's signals: `psm1.measured_js`.
    pub robots: BTreeMap<String, RobotPlacement>,
    /// Name to what stands around them and can be touched. The name is the first part of its signals: `floor.truth.load`.
    #[serde(default)]
    pub surroundings: BTreeMap<String, SurfacePlacement>,
}

/// Standard gravity, 9.80665 m/s² downwards (CGPM 1901).
fn standard_gravity() -> [Acceleration; 3] {
    [0.0, 0.0, -9.806_65].map(Acceleration::from_si)
}

/// A robot in a scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a robot's place"))]
pub struct RobotPlacement {
    /// The robot's file.
    pub file: String,
    /// The instrument's file, for a robot that carries instruments; without it, the one that the robot's file names.
    #[serde(default)]
    pub instrument: Option<String>,
    /// Where its base stands in the world.
    #[serde(default)]
    pub base: PlacementConfig,
    /// Joint to its position at the start of a run. Joints that are not named start at their home, or as near to zero as
    /// their limits let them.
    #[serde(default)]
    pub start: BTreeMap<String, AnyQuantity>,
    /// Steps of this robot's mechanism within each step of the scene, from 1 to 1000: more where something stiff in it
    /// oscillates faster than the scene's steps follow (`trocar check` says when).
    #[serde(default = "one_step")]
    pub substeps: u32,
    /// Whether nothing holds its base but what it touches and who wears it: `true` for an exoskeleton that stands by itself.
    #[serde(default)]
    pub free_base: bool,
    /// Who wears it. Their signals are the robot's: `exo.wearer.truth.js`.
    #[serde(default)]
    pub wearer: Option<WearerPlacement>,
    /// Name to what of the robot or of its wearer touches which surface. Its signals are the robot's: `exo.truth.contacts.NAME`.
    #[serde(default)]
    pub contacts: BTreeMap<String, ContactPlacement>,
}

fn one_step() -> u32 {
    1
}

/// Names that a robot cannot have: formulas use them for something else.
pub(crate) const RESERVED_NAMES: [&str; 3] = ["fault", "phase", "variation"];

impl SceneFile {
    /// What is wrong with it, as far as the file alone shows; keys from the file's root.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.robots.is_empty() {
            problems.push(Problem::new("robots", "a scene holds at least one robot"));
        }
        let rate = self.step_rate.si();
        // 1 GHz: time is counted in whole nanoseconds.
        if !(rate > 0.0 && rate <= 1e9) {
            problems.push(Problem::new("step_rate", "must lie above 0 Hz and at most at 1 GHz"));
        }
        for (name, robot) in &self.robots {
            let key = join_key("robots", name);
            if !is_name(name) {
                problems.push(Problem::new(&key, not_a_name(name)));
            } else if RESERVED_NAMES.contains(&name.as_str()) {
                problems.push(Problem::new(&key, format!("`{name}` means something else in formulas")));
            }
            if !(1..=1000).contains(&robot.substeps) {
                problems
                    .push(Problem::new(format!("{key}.substeps"), "must be a whole number from 1 to 1000"));
            }
            problems.extend(under(&format!("{key}.base.orientation"), robot.base.orientation.check()));
            if let Some(wearer) = &robot.wearer {
                problems.extend(under(&format!("{key}.wearer"), wearer.check()));
            }
            let contacts = format!("{key}.contacts");
            problems.extend(check_names(&contacts, robot.contacts.keys()));
            for (name, contact) in &robot.contacts {
                problems.extend(under(&join_key(&contacts, name), contact.check()));
            }
        }
        problems.extend(check_names("surroundings", self.surroundings.keys()));
        for (name, surface) in &self.surroundings {
            let key = join_key("surroundings", name);
            if self.robots.contains_key(name) {
                problems.push(Problem::new(&key, format!("`{name}` is a robot of this scene already")));
            } else if RESERVED_NAMES.contains(&name.as_str()) {
                problems.push(Problem::new(&key, format!("`{name}` means something else in formulas")));
            }
            problems.extend(under(&key, surface.check()));
        }
        problems
    }

    /// Whether something in the scene has signals of this name: a robot or a surface.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.robots.contains_key(name) || self.surroundings.contains_key(name)
    }

    /// What something of this name is, with its article.
    #[must_use]
    pub fn kind_of(&self, name: &str) -> &'static str {
        if self.surroundings.contains_key(name) { "a surface" } else { "a robot" }
    }

    /// The names of all that has signals: robots, then surfaces.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.robots.keys().chain(self.surroundings.keys()).map(String::as_str)
    }
}
