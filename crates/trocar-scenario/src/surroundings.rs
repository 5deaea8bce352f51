//! What stands around robots in a scene, and which of their parts touch it.

use crate::common::{PlacementConfig, SectionProvenance, is_name, not_a_name, under};
use crate::text::{join_key, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_plant::BeltConfig;
use trocar_signal::quantity::{Damping, Force, Length, Stiffness};
use trocar_signal::{AnyQuantity, Dimension, Problem, Provenance, Sourced, Standing};

/// Something that stands in the scene and can be touched: a floor, a treadmill, a seat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a surface"))]
pub struct SurfacePlacement {
    /// Its shape.
    pub shape: ShapeConfig,
    /// Where it stands in the world.
    #[serde(default)]
    pub at: PlacementConfig,
    /// Of a treadmill: how its surface runs.
    #[serde(default)]
    pub belt: Option<BeltConfig>,
    /// What stands behind its numbers where they name nothing of their own. Absent: `declared`.
    #[serde(default)]
    pub provenance: Option<SectionProvenance>,
}

/// A shape in its own frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(extend("x-name" = "a shape"))]
pub enum ShapeConfig {
    /// All below its plane z = 0.
    Floor,
    /// A box about its origin.
    Box {
        /// Its edges along x, y and z.
        size: [Length; 3],
    },
    /// A ball about its origin.
    Ball {
        /// Its radius.
        radius: Length,
    },
    /// A cylinder with round ends, along z about its origin: a hand rail.
    Capsule {
        /// Between the centres of its round ends.
        length: Length,
        /// Its radius.
        radius: Length,
    },
}

impl SurfacePlacement {
    /// What is wrong with it; keys below its table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = under("at.orientation", self.at.orientation.check()).collect();
        let mut positive = |key: &str, length: Length| {
            if !(length.si() > 0.0 && length.si().is_finite()) {
                problems.push(Problem::new(format!("shape.{key}"), "must be greater than zero"));
            }
        };
        match &self.shape {
            ShapeConfig::Floor => {}
            ShapeConfig::Box { size } => {
                for (axis, edge) in size.iter().enumerate() {
                    positive(&format!("size[{axis}]"), *edge);
                }
            }
            ShapeConfig::Ball { radius } => positive("radius", *radius),
            ShapeConfig::Capsule { length, radius } => {
                positive("length", *length);
                positive("radius", *radius);
            }
        }
        if let Some(belt) = &self.belt {
            problems.extend(under("belt", belt.check()));
        }
        problems
    }
}

/// A pair of things that touch: balls on a robot's frame or on a segment of who wears it, and a surface of the scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a contact"))]
pub struct ContactPlacement {
    /// What is touched: a name of `[surroundings]`.
    pub surface: String,
    /// The robot's frame that touches it. Either this or `segment`.
    #[serde(default)]
    pub frame: Option<String>,
    /// The segment of the wearer that touches it: `foot_r`.
    #[serde(default)]
    pub segment: Option<String>,
    /// The balls that touch. Absent, of a foot of the wearer: its sole, a ball in each corner of heel and toes.
    #[serde(default)]
    pub balls: Vec<BallConfig>,
    /// How far each ball sinks in under which load.
    pub stiffness: LoadAtDepth,
    /// n of the load kpⁿ at the depth p: 1 for a pad, 1.5 for a ball on a hard surface (Hertz), 3 for the pad of a heel; 1 to 3. Absent: 1.
    #[serde(default)]
    pub exponent: Option<Sourced<f64>>,
    /// Coefficient of restitution of one ball, 0.1 to 1 (Flores and others 2011). Either this or `dissipation`.
    #[serde(default)]
    pub restitution: Option<Sourced<f64>>,
    /// Share by which the load grows with each unit of sinking speed: `"0.8 s/m"` (Hunt and Crossley 1975).
    #[serde(default)]
    pub dissipation: Option<Sourced<AnyQuantity>>,
    /// Coefficient of friction.
    pub friction: Sourced<f64>,
    /// Stiffness along the surface while it holds.
    pub tangential_stiffness: Sourced<Stiffness>,
    /// Damping along the surface while it holds.
    pub tangential_damping: Sourced<Damping>,
    /// What stands behind its numbers where they name nothing of their own. Absent: `declared`.
    #[serde(default)]
    pub provenance: Option<SectionProvenance>,
}

/// A load and how deep it presses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a load at a depth"))]
pub struct LoadAtDepth {
    /// The load on one ball.
    pub load: Sourced<Force>,
    /// How deep the ball is then.
    pub depth: Sourced<Length>,
}

/// A ball that touches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a ball"))]
pub struct BallConfig {
    /// Its centre: x, y, z in the frame or segment.
    pub centre: [Length; 3],
    /// Its radius; no contact may be deeper.
    pub radius: Length,
}

/// What a contact stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactEnd<'a> {
    /// A frame of the robot.
    Frame(&'a str),
    /// A segment of who wears it.
    Segment(&'a str),
}

impl ContactPlacement {
    /// What stands behind its numbers.
    #[must_use]
    pub fn provenance<'a>(&'a self, sources: &'a BTreeMap<String, String>) -> Provenance<'a> {
        provenance(self.provenance.as_ref(), sources)
    }

    /// Frame or segment; `None` where the file names none or both.
    #[must_use]
    pub fn end(&self) -> Option<ContactEnd<'_>> {
        match (&self.frame, &self.segment) {
            (Some(frame), None) => Some(ContactEnd::Frame(frame)),
            (None, Some(segment)) => Some(ContactEnd::Segment(segment)),
            _ => None,
        }
    }

    /// Whether its balls are those of a sole.
    #[must_use]
    pub fn is_sole(&self) -> bool {
        self.balls.is_empty() && matches!(self.segment.as_deref(), Some("foot_r" | "foot_l"))
    }

    /// What is wrong with it, as far as it alone shows; keys below its table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |key: &str, what: &str| problems.push(Problem::new(key, what));
        if self.end().is_none() {
            let what = "a contact is of a `frame` of the robot or of a `segment` of its wearer: one of both";
            wrong(if self.frame.is_some() { "segment" } else { "" }, what);
        } else if self.balls.is_empty() && !self.is_sole() {
            wrong("", "write `balls`: only a foot of the wearer has a sole of its own");
        }
        for (place, ball) in self.balls.iter().enumerate() {
            if !(ball.radius.si() > 0.0 && ball.radius.si().is_finite()) {
                wrong(&format!("balls[{place}].radius"), "must be greater than zero");
            }
        }
        for (key, si) in [
            ("stiffness.load", self.stiffness.load.value.si()),
            ("stiffness.depth", self.stiffness.depth.value.si()),
            ("tangential_stiffness", self.tangential_stiffness.value.si()),
        ] {
            if !(si > 0.0 && si.is_finite()) {
                wrong(key, "must be greater than zero");
            }
        }
        let range = |value: Option<&Sourced<f64>>, low: f64, high: f64| {
            value.is_none_or(|value| (low..=high).contains(&value.value))
        };
        if !range(self.exponent.as_ref(), 1.0, 3.0) {
            wrong("exponent", "must lie between 1 and 3");
        }
        if !range(self.restitution.as_ref(), 0.1, 1.0) {
            wrong("restitution", "must lie between 0.1 and 1: no damping law of this kind loses more");
        }
        if !range(Some(&self.friction), 0.0, f64::MAX) {
            wrong("friction", "must not be negative");
        }
        if !(self.tangential_damping.value.si() >= 0.0 && self.tangential_damping.value.si().is_finite()) {
            wrong("tangential_damping", "must not be negative");
        }
        match (&self.restitution, &self.dissipation) {
            (None, None) => wrong("", "say how a blow loses energy: `restitution` or `dissipation`"),
            (Some(_), Some(_)) => wrong("dissipation", "`restitution` says already how a blow loses energy"),
            (None, Some(dissipation)) => {
                let per_speed = Dimension::NUMBER.over(Dimension::VELOCITY);
                if dissipation.value.dimension != per_speed {
                    let is = dissipation.value.dimension;
                    wrong(
                        "dissipation",
                        &format!("{is} where a share for each unit of speed (s/m) is meant"),
                    );
                } else if !(dissipation.value.si >= 0.0 && dissipation.value.si.is_finite()) {
                    wrong("dissipation", "must not be negative");
                }
            }
            (Some(_), None) => {}
        }
        problems
    }

    /// What does not fit the robot, its wearer and the scene; keys below its table. `segments` are `None` where nobody wears the robot.
    #[must_use]
    pub fn check_fit(
        &self,
        surfaces: &[&str],
        robot_frames: &[&str],
        segments: Option<&[&str]>,
    ) -> Vec<Problem> {
        let missing = |key: &str, what: &str, name: &str, known: &[&str]| {
            let hint = match (nearest(name, known.iter().copied()), known) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, []) => "there is none".to_owned(),
                (None, known) => format!("there is: {}", known.join(", ")),
            };
            Problem::new(key, format!("there is no {what} `{name}`; {hint}"))
        };
        let mut problems = Vec::new();
        if !surfaces.contains(&self.surface.as_str()) {
            problems.push(missing("surface", "surface in `[surroundings]`", &self.surface, surfaces));
        }
        match (self.end(), segments) {
            (Some(ContactEnd::Frame(name)), _) if !robot_frames.contains(&name) => {
                problems.push(missing("frame", "frame of the robot", name, robot_frames));
            }
            (Some(ContactEnd::Segment(name)), Some(segments)) if !segments.contains(&name) => {
                problems.push(missing("segment", "segment of the person", name, segments));
            }
            (Some(ContactEnd::Segment(_)), None) => {
                problems.push(Problem::new("segment", "nobody wears this robot: it has no `wearer`"));
            }
            _ => {}
        }
        problems
    }
}

/// What stands behind the numbers of a part of a scene: whoever writes a scene declares how it is set up.
pub(crate) fn provenance<'a>(
    own: Option<&'a SectionProvenance>,
    sources: &'a BTreeMap<String, String>,
) -> Provenance<'a> {
    Provenance {
        sources,
        source: own.and_then(|own| own.source.as_deref()),
        standing: own.map_or(Standing::Declared, |own| own.standing),
    }
}

impl SurfacePlacement {
    /// What stands behind its numbers.
    #[must_use]
    pub fn provenance<'a>(&'a self, sources: &'a BTreeMap<String, String>) -> Provenance<'a> {
        provenance(self.provenance.as_ref(), sources)
    }
}

/// Names of surfaces and contacts that cannot be; keys below the table `table`.
pub(crate) fn check_names<'a>(table: &str, names: impl Iterator<Item = &'a String>) -> Vec<Problem> {
    names
        .filter(|name| !is_name(name))
        .map(|name| Problem::new(join_key(table, name), not_a_name(name)))
        .collect()
}
