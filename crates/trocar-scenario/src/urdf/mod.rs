//! URDF, the Unified Robot Description Format of ROS, read whole: links with inertia, joints with axes, limits, friction
//! and mimics become a [`crate::MechanismConfig`].
//!
//! Everything that is read has its line and column in the URDF; what is not understood is an error or a warning and
//! never dropped in silence. What the format says: <https://wiki.ros.org/urdf/XML>.
//!
//! A joint turns about or slides along the z axis of a frame of its own; the frame of a link is where URDF has it. Names
//! become lower-case letters, digits and `_`. Coordinates stand depth first from the root, the joints of one link in the
//! order of the file. The root link is the robot's base.

mod convert;
mod document;
mod merge;
mod tree;
mod xml;

#[cfg(test)]
mod tests;

use crate::mechanism::Row;
use crate::source::SourceFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use trocar_signal::{AnyQuantity, Diagnostic, Problem};

pub(crate) use merge::{lay_under, tables_as_mechanism};

/// Where a mechanism's frames, links and joints come from, if not from the robot file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a reference to a URDF file"))]
pub struct UrdfConfig {
    /// The URDF file: a path from the project's root.
    pub file: String,
    /// Name in `package://NAME/…` to the folder it means, from the project's root; `.` is the root itself.
    #[serde(default)]
    pub packages: BTreeMap<String, String>,
    /// Joint to the position at which it stands still: a joint of the URDF that this robot does not drive. Joints that
    /// mimic it stand still too.
    #[serde(default)]
    pub hold: BTreeMap<String, AnyQuantity>,
}

/// What a URDF file says beside the mechanism.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Urdf {
    /// The robot's name.
    pub name: String,
    /// Mass of the root link and of all that is fixed to it, kg. It stands on the base and moves with nothing.
    pub base_mass_kg: f64,
    /// Links, the root first, each after the one that it hangs from.
    pub links: Vec<UrdfLink>,
    /// Joints, each with the link that hangs from it, in the order of the links behind the root.
    pub joints: Vec<UrdfJoint>,
}

/// A link of a URDF file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UrdfLink {
    /// Name in the URDF.
    pub name: String,
    /// Its frame in the mechanism.
    pub frame: String,
    /// The frame of the link that it hangs from; none for the root.
    pub parent: Option<String>,
    /// The joint that it hangs from; none for the root.
    pub joint: Option<String>,
    /// Mass of its own, kg; zero without inertial.
    pub mass_kg: f64,
    /// How many `<visual>` it has. Geometry is not used.
    pub visuals: usize,
    /// How many `<collision>` it has. Geometry is not used.
    pub collisions: usize,
}

/// A joint of a URDF file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UrdfJoint {
    /// Name in the URDF.
    pub name: String,
    /// `revolute`, `continuous`, `prismatic` or `fixed`.
    pub kind: &'static str,
    /// The coordinate that it has, or would have if it moved by itself.
    pub coordinate: String,
    /// What moves it; empty where it stands still.
    pub of: Row,
    /// Whether it mimics another joint.
    pub mimics: bool,
    /// Frame of the link that hangs from it.
    pub link: String,
    /// Greatest effort, N m or N; zero counts as not given.
    pub effort_limit: Option<f64>,
    /// Greatest speed, rad/s or m/s; zero counts as not given.
    pub velocity_limit: Option<f64>,
    /// Motor turns for each turn of the joint, from a `<transmission>`.
    pub reduction: Option<f64>,
}

impl UrdfLink {
    fn new(link: &document::Link, frame: &str, above: Option<(&str, &str)>) -> UrdfLink {
        UrdfLink {
            name: link.name.value.clone(),
            frame: frame.to_owned(),
            parent: above.map(|(parent, _)| parent.to_owned()),
            joint: above.map(|(_, joint)| joint.to_owned()),
            mass_kg: link.inertial.as_ref().map_or(0.0, |inertial| inertial.mass_kg),
            visuals: link.visuals,
            collisions: link.collisions,
        }
    }
}

impl Urdf {
    /// The joint whose own coordinate has this name and moves it.
    #[must_use]
    pub fn joint_of(&self, coordinate: &str) -> Option<&UrdfJoint> {
        self.joints.iter().find(|joint| joint.coordinate == coordinate && !joint.mimics)
    }

    /// The frame at the end of the longest chain: of those behind the most joints that move, the first behind the most
    /// joints.
    #[must_use]
    pub fn tip(&self) -> &str {
        let mut lengths: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut best = (crate::mechanism::BASE, (0, 0));
        for link in &self.links {
            let (moving, all) = link.parent.as_ref().map_or((0, 0), |parent| {
                let (moving, all) = lengths.get(parent.as_str()).copied().unwrap_or_default();
                let moves = self.joints.iter().any(|joint| joint.link == link.frame && !joint.of.is_empty());
                (moving + usize::from(moves), all + 1)
            });
            lengths.insert(&link.frame, (moving, all));
            if (moving, all) > best.1 {
                best = (&link.frame, (moving, all));
            }
        }
        best.0
    }
}

/// A file that a URDF names and does not hold.
pub(crate) struct Mesh {
    pub name: String,
    pub range: Range<usize>,
}

/// What reading a URDF came to.
pub(crate) struct Reading {
    /// The mechanism's tables and the rest; `None` where there are errors that leave nothing to go on with.
    pub urdf: Option<(Urdf, convert::Tables)>,
    /// Mistakes and warnings.
    pub found: Vec<Diagnostic>,
    pub meshes: Vec<Mesh>,
    /// What is wrong with what the robot file says of the URDF; keys below its `urdf` table.
    pub problems: Vec<Problem>,
}

/// Reads a URDF. `file` is its place among the files that were read, `hold` coordinate to position in SI.
pub(crate) fn read(source: &SourceFile, file: usize, hold: &BTreeMap<String, f64>) -> Reading {
    let mut reading = Reading { urdf: None, found: Vec::new(), meshes: Vec::new(), problems: Vec::new() };
    let (document, mut reader) = match document::read(source) {
        Ok(read) => read,
        Err(diagnostic) => {
            reading.found.push(diagnostic);
            return reading;
        }
    };
    // A link or joint that could not be read is missing from the tree: what follows from that is no mistake of its own.
    let is_whole = reader.found.iter().all(|found| found.severity != trocar_signal::Severity::Error);
    if is_whole && let Some(tree) = tree::build(&document, &mut reader) {
        match convert::convert(&document, &tree, hold, file, &mut reader) {
            Ok(converted) => reading.urdf = Some(converted),
            Err(problems) => reading.problems = problems,
        }
    }
    let meshes = document.links.iter().flat_map(|link| &link.meshes);
    reading.meshes = meshes.map(|m| Mesh { name: m.value.clone(), range: m.range.clone() }).collect();
    reading.found.extend(reader.finish());
    reading
}
