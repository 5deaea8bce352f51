//! The poses of a test, in a frame that the device declares.

use crate::common::{RotationConfig, is_label, under};
use crate::text::{join_key, nearest, quoted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_signal::Problem;
use trocar_signal::quantity::{Length, Ratio};

/// The poses that phases move through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "pattern", deny_unknown_fields)]
#[schemars(extend("x-name" = "a set of poses"))]
pub enum PosesConfig {
    /// Five poses on a diagonal plane of a cube (ISO 9283:1998): P1 in its centre, P2 to P5 near its corners.
    #[serde(rename = "diagonal_plane_5")]
    DiagonalPlane5 {
        /// The cube.
        cube: CubeConfig,
        /// Orientation of the tool at every pose, in the cube's frame; without it the axes are parallel.
        #[serde(default = "RotationConfig::identity")]
        orientation: RotationConfig,
    },
    /// Poses one by one.
    #[serde(rename = "list")]
    List {
        /// The frame in which they are given, e.g. `arm.remote_centre`.
        frame: String,
        /// Name to position: x, y, z.
        points: BTreeMap<String, [Length; 3]>,
        /// Orientation of the tool at every pose, in that frame; without it the axes are parallel.
        #[serde(default = "RotationConfig::identity")]
        orientation: RotationConfig,
        /// Orientations of single poses, where the tool is turned otherwise there.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        orientations: BTreeMap<String, RotationConfig>,
    },
}

/// A cube with its sides parallel to a frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a cube"))]
pub struct CubeConfig {
    /// The frame, e.g. `arm.remote_centre`.
    pub frame: String,
    /// Its centre: x, y, z in that frame.
    pub centre: [Length; 3],
    /// Its side.
    pub side: Length,
    /// How far P2 to P5 stay from the corners, of the length of the plane's diagonal.
    pub inset: Ratio,
}

/// A pose by name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedPose {
    /// E.g. `P1`.
    pub name: String,
    /// Position of the tool's tip in the poses' frame, m.
    pub position_in_frame_m: [f64; 3],
    /// Orientation of the tool in the poses' frame: unit quaternion x, y, z, w.
    pub orientation_in_frame_xyzw: [f64; 4],
}

impl PosesConfig {
    /// The frame in which the poses are given.
    #[must_use]
    pub fn frame(&self) -> &str {
        match self {
            PosesConfig::DiagonalPlane5 { cube, .. } => &cube.frame,
            PosesConfig::List { frame, .. } => frame,
        }
    }

    /// Every pose, sorted by name.
    ///
    /// A cube has six diagonal planes; this is the one through the corners (−1, −1, −1), (−1, 1, −1), (1, 1, 1) and
    /// (1, −1, 1), with the centre as origin and the side as 2. P2 to P5 lie on its two diagonals in that order, at
    /// `inset` of a diagonal's length from the corners (ISO 9283:1998 asks for (10 ± 2) %).
    #[must_use]
    pub fn poses(&self) -> Vec<NamedPose> {
        let pose = |name: String, at: [f64; 3], turned: &RotationConfig| NamedPose {
            name,
            position_in_frame_m: at,
            orientation_in_frame_xyzw: turned.quaternion_xyzw(),
        };
        match self {
            PosesConfig::DiagonalPlane5 { cube, orientation } => {
                cube.diagonal_plane().into_iter().map(|(name, at)| pose(name, at, orientation)).collect()
            }
            PosesConfig::List { points, orientation, orientations, .. } => points
                .iter()
                .map(|(name, at)| {
                    let turned = orientations.get(name).unwrap_or(orientation);
                    pose(name.clone(), at.map(Length::si), turned)
                })
                .collect(),
        }
    }

    /// What is wrong with it; keys below `poses`.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let orientation = match self {
            PosesConfig::DiagonalPlane5 { cube, orientation } => {
                if cube.side.si() <= 0.0 {
                    problems.push(Problem::new("cube.side", "must be greater than zero"));
                }
                if !(0.0..0.5).contains(&cube.inset.si()) {
                    problems.push(Problem::new("cube.inset", "must lie between 0 % and 50 %"));
                }
                orientation
            }
            PosesConfig::List { points, orientation, orientations, .. } => {
                if points.is_empty() {
                    problems.push(Problem::new("points", "at least one pose must be named"));
                }
                for name in points.keys().filter(|name| !is_label(name)) {
                    let what =
                        format!("`{}` is not a name: letters, digits and `_`, a letter first", quoted(name));
                    problems.push(Problem::new(join_key("points", name), what));
                }
                for (name, turned) in orientations {
                    let key = join_key("orientations", name);
                    if !points.contains_key(name) {
                        let known = points.keys().map(String::as_str);
                        problems.push(match nearest(name, known) {
                            Some(near) => Problem::new(
                                key.clone(),
                                format!("there is no pose of this name in `points`: did you mean `{near}`?"),
                            ),
                            None => Problem::new(key.clone(), "there is no pose of this name in `points`"),
                        });
                    }
                    problems.extend(under(&key, turned.check()));
                }
                orientation
            }
        };
        problems.extend(under("orientation", orientation.check()));
        problems
    }
}

impl CubeConfig {
    fn diagonal_plane(&self) -> Vec<(String, [f64; 3])> {
        const CORNERS: [[f64; 3]; 4] =
            [[-1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [1.0, 1.0, 1.0], [1.0, -1.0, 1.0]];
        let centre = self.centre.map(Length::si);
        // A diagonal runs from corner to corner through the centre: the inset of its whole length is twice that of
        // its half.
        let reach = self.side.si() / 2.0 * (1.0 - 2.0 * self.inset.si());
        let at = |corner: [f64; 3]| [0, 1, 2].map(|axis| centre[axis] + reach * corner[axis]);
        let centre_first = std::iter::once([0.0; 3]).chain(CORNERS);
        centre_first.zip(1..).map(|(corner, number)| (format!("P{number}"), at(corner))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cube() -> PosesConfig {
        let centre = [0.0, 0.0, -0.12].map(Length::from_si);
        let cube = CubeConfig {
            frame: "arm.remote_centre".into(),
            centre,
            side: Length::from_si(0.06),
            inset: Ratio::from_si(0.1),
        };
        PosesConfig::DiagonalPlane5 { cube, orientation: RotationConfig::identity() }
    }

    #[test]
    fn five_poses_lie_in_one_plane_an_inset_away_from_the_corners() {
        let poses = cube().poses();
        let names: Vec<&str> = poses.iter().map(|pose| pose.name.as_str()).collect();
        assert_eq!(names, ["P1", "P2", "P3", "P4", "P5"]);
        assert_eq!(poses[0].position_in_frame_m, [0.0, 0.0, -0.12]);
        // A cube's space diagonal is √3 sides long; 10 % of it lie between P and corner.
        let diagonal = 3.0_f64.sqrt() * 0.06;
        for pose in &poses[1..] {
            let [x, y, z] = pose.position_in_frame_m;
            // The plane holds the corners with x and z of one sign: x = z, seen from the centre. Rounding only.
            assert!((x - (z + 0.12)).abs() < 1e-15);
            let corner = [x, y, z + 0.12].map(|part| part.signum() * 0.03);
            let gap = [x - corner[0], y - corner[1], z + 0.12 - corner[2]];
            let gap = gap.iter().map(|part| part * part).sum::<f64>().sqrt();
            assert!((gap - 0.1 * diagonal).abs() < 1e-15, "{gap}");
        }
        assert!(cube().check().is_empty());
    }

    #[test]
    fn bad_poses_are_named() {
        let PosesConfig::DiagonalPlane5 { mut cube, .. } = cube() else { unreachable!() };
        cube.inset = Ratio::from_si(0.5);
        cube.side = Length::from_si(0.0);
        let orientation = RotationConfig { axis: [0.0; 3], ..RotationConfig::identity() };
        let keys: Vec<String> =
            PosesConfig::DiagonalPlane5 { cube, orientation }.check().into_iter().map(|p| p.key).collect();
        assert_eq!(keys, ["cube.side", "cube.inset", "orientation.axis"]);
    }

    #[test]
    fn single_poses_may_be_turned_otherwise() {
        let half_turn = RotationConfig { axis: [1.0, 0.0, 0.0], ..half_a_turn() };
        let at = |x: f64| [x, 0.0, 0.0].map(Length::from_si);
        let list = |name: &str| PosesConfig::List {
            frame: "arm.base".to_owned(),
            points: [("left", at(-0.1)), ("right", at(0.1))].map(|(n, p)| (n.to_owned(), p)).into(),
            orientation: RotationConfig::identity(),
            orientations: [(name.to_owned(), half_turn.clone())].into(),
        };
        let poses = list("right").poses();
        assert_eq!(poses[0].orientation_in_frame_xyzw, RotationConfig::identity().quaternion_xyzw());
        assert_eq!(poses[1].orientation_in_frame_xyzw, half_turn.quaternion_xyzw());
        assert_eq!(list("right").check(), []);
        let problems = list("rihgt").check();
        assert_eq!(problems[0].key, "orientations.rihgt");
        assert!(problems[0].what.contains("did you mean `right`?"), "{problems:?}");
    }

    fn half_a_turn() -> RotationConfig {
        RotationConfig {
            angle: trocar_signal::quantity::Angle::from_si(std::f64::consts::PI),
            ..RotationConfig::identity()
        }
    }
}
