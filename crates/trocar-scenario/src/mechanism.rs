//! The mechanism of a robot file: coordinates, frames, links, rotors, friction and stops.
//!
//! A tree of frames hangs from `base`. Each moving frame turns or slides along its own z axis by a constant-linear
//! function of the coordinates (`moves`), which covers parallelograms, cable-driven wrists and mimic joints.

mod passive;

pub use passive::{BalanceConfig, PassiveConfig, SpringConfig};

use crate::common::{RotationConfig, is_name, not_a_name, under};
use crate::deflection::{self, DeflectionConfig, StructureConfig};
use crate::text::nearest;
use crate::urdf::UrdfConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trocar_signal::quantity::{Angle, Length, Mass, MomentOfInertia};
use trocar_signal::{AnyQuantity, Dimension, Problem, Sourced};

/// The name of the frame that stands where the scene puts the robot.
pub const BASE: &str = "base";

/// How a mechanism moves: what the coordinates move, and by how much for each radian or metre.
pub type Row = BTreeMap<String, f64>;

/// Whether something turns or slides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MotionKind {
    /// It turns: rad, N m.
    Revolute,
    /// It slides: m, N.
    Prismatic,
}

impl MotionKind {
    /// What its position measures.
    #[must_use]
    pub fn position(self) -> Dimension {
        match self {
            MotionKind::Revolute => Dimension::ANGLE,
            MotionKind::Prismatic => Dimension::LENGTH,
        }
    }

    /// What its effort measures.
    #[must_use]
    pub fn effort(self) -> Dimension {
        match self {
            MotionKind::Revolute => Dimension::TORQUE,
            MotionKind::Prismatic => Dimension::FORCE,
        }
    }
}

/// How a frame moves in its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FrameKind {
    /// It turns about its own z axis.
    Revolute,
    /// It slides along its own z axis.
    Prismatic,
    /// It stands still in its parent.
    #[default]
    Fixed,
}

/// Links and how they move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a mechanism"))]
pub struct MechanismConfig {
    /// A URDF file that gives coordinates, frames, links and friction. What this file says of them goes before it, key by
    /// key: an item of the same name changes the URDF's, others are added.
    #[serde(default)]
    pub urdf: Option<UrdfConfig>,
    /// The generalised coordinates, in the order of joint lists: from base to tip, or leg by leg, the jaw last.
    #[serde(default)]
    pub coordinates: Vec<CoordinateConfig>,
    /// Coordinates beside them that no motor moves, such as what lets a gait trainer's pelvis rise and fall. Frames and elements
    /// name them as they name the others; commands and reports do not know them.
    #[serde(default)]
    pub passive: Vec<PassiveConfig>,
    /// The last coordinate's name, if it opens and closes a jaw. The jaw has signals of its own: `jaw.measured_js`.
    #[serde(default)]
    pub jaw: Option<String>,
    /// Distance from the jaw's axis to the point where it grips. A robot that carries instruments has that of its instrument.
    #[serde(default)]
    pub jaw_length: Option<Sourced<Length>>,
    /// The frames, each after its parent.
    #[serde(default)]
    pub frames: Vec<FrameConfig>,
    /// The rigid bodies.
    #[serde(default)]
    pub links: Vec<LinkConfig>,
    /// Rotors and other inertia that turns with the coordinates and is not part of a link.
    #[serde(default)]
    pub rotors: Vec<RotorConfig>,
    /// Friction in joints and drives.
    #[serde(default)]
    pub friction: Vec<FrictionConfig>,
    /// End stops.
    #[serde(default)]
    pub stops: Vec<StopConfig>,
    /// Springs.
    #[serde(default)]
    pub springs: Vec<SpringConfig>,
    /// What compensates weight by the sine of an angle.
    #[serde(default)]
    pub balances: Vec<BalanceConfig>,
    /// What bends beyond the encoders under a load at the tip, or grows with warmth.
    #[serde(default)]
    pub deflections: Vec<DeflectionConfig>,
    /// What warms the structure.
    #[serde(default)]
    pub structure: Option<StructureConfig>,
    /// Where a load hangs whose mass a scenario may set; without it the robot carries none.
    #[serde(default)]
    pub payload: Option<PointConfig>,
    /// The tool's tip: then every joint lies on the way to it, the jaw excepted. Without one, as of an exoskeleton, the robot
    /// has no Cartesian commands and reports, and its joints may branch.
    #[serde(default)]
    pub tip: Option<PointConfig>,
}

/// One generalised coordinate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a coordinate"))]
pub struct CoordinateConfig {
    /// Name, as it stands in signal paths, e.g. `yaw`.
    pub name: String,
    /// Whether it is an angle or a length.
    pub kind: MotionKind,
    /// Lowest position that may be commanded.
    pub lower: Sourced<AnyQuantity>,
    /// Highest position that may be commanded.
    pub upper: Sourced<AnyQuantity>,
}

/// A frame, placed in its parent in one of two ways: by modified Denavit–Hartenberg parameters (rotated by `alpha` about
/// the parent's x, moved by `a` along it, rotated by `theta` about the new z, moved by `d` along it), or by `position`
/// and `orientation`. With neither it lies on its parent. It moves about or along its own z axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a frame"))]
pub struct FrameConfig {
    /// Name within the mechanism.
    pub name: String,
    /// The frame that it hangs from: `base` or one that stands above it in the list.
    pub parent: String,
    /// Distance along the parent's x. Absent: zero, as for the three that follow.
    #[serde(default)]
    pub a: Option<Sourced<Length>>,
    /// Angle about the parent's x.
    #[serde(default)]
    pub alpha: Option<Sourced<Angle>>,
    /// Distance along this frame's z, where the coordinates are zero.
    #[serde(default)]
    pub d: Option<Sourced<Length>>,
    /// Angle about this frame's z, where the coordinates are zero.
    #[serde(default)]
    pub theta: Option<Sourced<Angle>>,
    /// Instead of `a`, `alpha`, `d` and `theta`: its origin in the parent, x, y, z, where the coordinates are zero. Absent
    /// beside `orientation`: the parent's origin.
    #[serde(default)]
    pub position: Option<Sourced<[Length; 3]>>,
    /// Instead of `a`, `alpha`, `d` and `theta`: its orientation in the parent, where the coordinates are zero. Absent
    /// beside `position`: the axes are parallel.
    #[serde(default)]
    pub orientation: Option<RotationConfig>,
    /// How it moves in its parent.
    #[serde(default)]
    pub kind: FrameKind,
    /// Coordinate to coefficient, in SI and radians: how far the frame turns or slides for each rad or m of it. Empty
    /// for a fixed frame.
    #[serde(default)]
    pub moves: Row,
}

/// Where a frame stands in its parent while its coordinates are zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FramePlacement {
    /// Modified Denavit–Hartenberg parameters.
    ModifiedDh {
        /// Along the parent's x, m.
        a_m: f64,
        /// About the parent's x, rad.
        alpha_rad: f64,
        /// Along the frame's z, m.
        d_m: f64,
        /// About the frame's z, rad.
        theta_rad: f64,
    },
    /// Any pose.
    Pose {
        /// The frame's origin in its parent, m.
        position_in_parent_m: [f64; 3],
        /// The unit quaternion x, y, z, w that takes vectors of the frame to the parent.
        parent_from_frame_xyzw: [f64; 4],
    },
}

impl FrameConfig {
    /// Where it stands in its parent while its coordinates are zero.
    #[must_use]
    pub fn placement(&self) -> FramePlacement {
        if self.position.is_some() || self.orientation.is_some() {
            let position = self.position.as_ref().map_or([0.0; 3], |p| p.value.map(Length::si));
            let orientation = self.orientation.as_ref().map(RotationConfig::quaternion_xyzw);
            return FramePlacement::Pose {
                position_in_parent_m: position,
                parent_from_frame_xyzw: orientation.unwrap_or([0.0, 0.0, 0.0, 1.0]),
            };
        }
        let length = |value: &Option<Sourced<Length>>| value.as_ref().map_or(0.0, |v| v.value.si());
        let angle = |value: &Option<Sourced<Angle>>| value.as_ref().map_or(0.0, |v| v.value.si());
        FramePlacement::ModifiedDh {
            a_m: length(&self.a),
            alpha_rad: angle(&self.alpha),
            d_m: length(&self.d),
            theta_rad: angle(&self.theta),
        }
    }

    /// The Denavit–Hartenberg parameters that the file writes.
    fn written_dh(&self) -> Vec<&'static str> {
        [
            ("a", self.a.is_some()),
            ("alpha", self.alpha.is_some()),
            ("d", self.d.is_some()),
            ("theta", self.theta.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, is_written)| is_written.then_some(name))
        .collect()
    }
}

/// A rigid body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a link"))]
pub struct LinkConfig {
    /// The frame that it moves with; one body for each frame.
    pub frame: String,
    /// Its mass.
    pub mass: Sourced<Mass>,
    /// Centre of mass: x, y, z in its frame.
    pub centre_of_mass: Sourced<[Length; 3]>,
    /// Inertia about the centre of mass, along the axes of its frame: xx, xy, xz, yy, yz, zz.
    pub inertia: Sourced<[MomentOfInertia; 6]>,
}

/// Inertia that turns with the coordinates: a rotor behind its gear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a rotor"))]
pub struct RotorConfig {
    /// Name within the mechanism.
    pub name: String,
    /// Coordinate to coefficient, in SI and radians: how far the rotor turns for each rad or m of it.
    pub of: Row,
    /// Moment of inertia about the rotor's own axis.
    pub inertia: Sourced<MomentOfInertia>,
}

/// Friction of one motion: elasto-plastic, so that it holds without creeping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a friction"))]
pub struct FrictionConfig {
    /// Name within the mechanism; its parameters are `NAME.friction.coulomb` and so on.
    pub name: String,
    /// Coordinate to coefficient, in SI and radians: the motion that it brakes.
    pub of: Row,
    /// Effort while it slides: a torque for angles, a force for lengths.
    pub coulomb: Sourced<AnyQuantity>,
    /// Effort for each unit of speed: `N m s/rad` or `N s/m`.
    pub viscous: Sourced<AnyQuantity>,
    /// How much more it holds than it brakes; without it, as much.
    #[serde(default)]
    pub stribeck: Option<StribeckConfig>,
    /// Stiffness while it sticks: `N m/rad` or `N/m`.
    pub presliding_stiffness: Sourced<AnyQuantity>,
    /// Damping while it sticks: `N m s/rad` or `N s/m`.
    pub presliding_damping: Sourced<AnyQuantity>,
}

/// Friction that falls with speed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a Stribeck law"))]
pub struct StribeckConfig {
    /// Effort at which it breaks away: a torque for angles, a force for lengths.
    pub breakaway: Sourced<AnyQuantity>,
    /// Speed at which the surplus has fallen to 1/e.
    pub speed: Sourced<AnyQuantity>,
}

/// A pair of end stops that push and never pull.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a stop"))]
pub struct StopConfig {
    /// Name within the mechanism.
    pub name: String,
    /// Coordinate to coefficient, in SI and radians: the motion that it ends.
    pub of: Row,
    /// Where the lower stop begins to push.
    pub lower: Sourced<AnyQuantity>,
    /// Where the upper stop begins to push.
    pub upper: Sourced<AnyQuantity>,
    /// Its stiffness: `N m/rad` or `N/m`.
    pub stiffness: Sourced<AnyQuantity>,
    /// Its damping: `N m s/rad` or `N s/m`.
    pub damping: Sourced<AnyQuantity>,
}

/// A point that moves with a frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a point"))]
pub struct PointConfig {
    /// The frame that it moves with.
    pub frame: String,
    /// Where it is: x, y, z in that frame.
    #[serde(default = "crate::common::origin")]
    pub offset: [Length; 3],
}

impl MechanismConfig {
    /// What is wrong with it; keys below `mechanism`. That inertia is physical is left to `trocar-dynamics`.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut check = Check { mechanism: self, problems: Vec::new() };
        check.coordinates();
        check.frames();
        check.bodies();
        check.elements();
        check.passive();
        let found = deflection::check(&self.coordinates, &self.deflections, self.structure.as_ref());
        check.problems.extend(found);
        check.problems
    }

    /// Places of the coordinates that move nothing with inertia: no link, no payload, no rotor of `[mechanism]`.
    #[must_use]
    pub fn inert(&self) -> Vec<usize> {
        let heavy = self.heavy_frames();
        let is_inert = |place: &usize| !self.moves_inertia(&self.coordinates[*place].name, &heavy);
        (0..self.coordinates.len()).filter(is_inert).collect()
    }

    /// The frames that carry a link or a payload, themselves or by those that hang from them.
    fn heavy_frames(&self) -> BTreeSet<&str> {
        let mut heavy: BTreeSet<&str> = self.links.iter().map(|link| link.frame.as_str()).collect();
        heavy.extend(self.payload.iter().map(|payload| payload.frame.as_str()));
        for frame in self.frames.iter().rev() {
            if heavy.contains(frame.name.as_str()) {
                heavy.insert(&frame.parent);
            }
        }
        heavy
    }

    fn moves_inertia(&self, name: &String, heavy: &BTreeSet<&str>) -> bool {
        let by_frame =
            self.frames.iter().any(|f| heavy.contains(f.name.as_str()) && f.moves.contains_key(name));
        by_frame || self.rotors.iter().any(|rotor| rotor.of.contains_key(name))
    }

    /// All that moves, driven or not, with what it is.
    pub fn moving(&self) -> impl Iterator<Item = (&str, MotionKind)> {
        let driven = self.coordinates.iter().map(|c| (c.name.as_str(), c.kind));
        driven.chain(self.passive.iter().map(|p| (p.name.as_str(), p.kind)))
    }

    /// Whether a name is that of a coordinate that no motor moves.
    #[must_use]
    pub fn is_passive(&self, name: &str) -> bool {
        self.passive.iter().any(|passive| passive.name == name)
    }

    /// What is wrong with a coordinate of [`MechanismConfig::inert`].
    pub(crate) fn inert_problem(&self, prefix: &str, place: usize) -> Problem {
        let name = self.coordinates.get(place).map_or("", |coordinate| coordinate.name.as_str());
        let what = format!(
            "`{name}` moves nothing that has inertia; give a link behind it mass, or hold or fix the joint"
        );
        Problem::new(format!("{prefix}coordinates[{place}].name"), what)
    }

    /// Whether the motion of a row is an angle or a length: the kind of its coordinates; `None` where they differ, are
    /// unknown or there are none.
    #[must_use]
    pub fn kind_of(&self, row: &Row) -> Option<MotionKind> {
        let mut kinds =
            row.keys().map(|name| self.moving().find(|(own, _)| own == name).map(|(_, kind)| kind));
        let first = kinds.next().flatten()?;
        kinds.all(|kind| kind == Some(first)).then_some(first)
    }
}

struct Check<'a> {
    mechanism: &'a MechanismConfig,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn add(&mut self, key: String, what: impl Into<String>) {
        self.problems.push(Problem { key, what: what.into() });
    }

    fn names<'n>(&mut self, list: &str, what: &str, names: impl Iterator<Item = &'n String>) {
        let mut seen = BTreeSet::new();
        for (i, name) in names.enumerate() {
            let key = format!("{list}[{i}].name");
            if !is_name(name) {
                self.add(key, not_a_name(name));
            } else if !seen.insert(name) {
                self.add(key, format!("a second {what} is named `{name}`"));
            }
        }
    }

    fn quantity(&mut self, key: String, value: &Sourced<AnyQuantity>, meant: Dimension, least: f64) {
        let is = value.value.dimension;
        if is != meant {
            let what = format!("{meant} ({}) is meant here, and this is {is}", meant.si_unit());
            self.add(key, what);
        } else if value.value.si < least {
            self.add(key, "this must not be negative");
        }
    }

    fn row(&mut self, key: &str, row: &Row) -> Option<MotionKind> {
        if row.is_empty() {
            self.add(key.to_owned(), "at least one coordinate must be named");
        }
        for (name, coefficient) in row {
            let names = || self.mechanism.moving().map(|(name, _)| name);
            let at = crate::text::join_key(key, name);
            if !names().any(|known| known == name) {
                let guess = nearest(name, names()).map_or_else(
                    || format!("the coordinates are {}", names().collect::<Vec<_>>().join(", ")),
                    |guess| format!("did you mean `{guess}`?"),
                );
                self.add(at, format!("there is no coordinate `{name}`; {guess}"));
            } else if *coefficient == 0.0 {
                self.add(at, "a coefficient of zero moves nothing");
            }
        }
        self.mechanism.kind_of(row)
    }

    fn frame(&mut self, key: String, name: &str) {
        let names = || self.mechanism.frames.iter().map(|frame| frame.name.as_str()).chain([BASE]);
        if !names().any(|known| known == name) {
            let guess =
                nearest(name, names()).map_or_else(String::new, |guess| format!("; did you mean `{guess}`?"));
            self.add(key, format!("there is no frame `{name}`{guess}"));
        }
    }

    fn coordinates(&mut self) {
        let coordinates = &self.mechanism.coordinates;
        if coordinates.is_empty() {
            self.add(
                "coordinates".to_owned(),
                "a mechanism has at least one coordinate; list them, or name a URDF file that has some",
            );
        }
        self.names("coordinates", "coordinate", coordinates.iter().map(|coordinate| &coordinate.name));
        if let Some(jaw) = &self.mechanism.jaw
            && coordinates.last().is_none_or(|last| last.name != *jaw)
        {
            self.add("jaw".to_owned(), "the jaw is the last coordinate");
        }
        if let Some(length) = &self.mechanism.jaw_length {
            if self.mechanism.jaw.is_none() {
                self.add("jaw_length".to_owned(), "this mechanism has no `jaw`");
            }
            if length.value.si() <= 0.0 {
                self.add("jaw_length".to_owned(), "this must be greater than zero");
            }
        }
        for (i, coordinate) in coordinates.iter().enumerate() {
            let meant = coordinate.kind.position();
            self.quantity(format!("coordinates[{i}].lower"), &coordinate.lower, meant, f64::NEG_INFINITY);
            self.quantity(format!("coordinates[{i}].upper"), &coordinate.upper, meant, f64::NEG_INFINITY);
            let are_meant = [&coordinate.lower, &coordinate.upper].iter().all(|q| q.value.dimension == meant);
            if are_meant && coordinate.lower.value.si >= coordinate.upper.value.si {
                let mut what = "the upper limit must lie above the lower one".to_owned();
                if self.mechanism.urdf.is_some() || coordinate.upper.value.si == 0.0 {
                    what +=
                        "; a joint of a URDF without limits is `continuous`, one that does not move `fixed`";
                }
                self.add(format!("coordinates[{i}].upper"), what);
            }
        }
    }

    fn frames(&mut self) {
        let frames = &self.mechanism.frames;
        self.names("frames", "frame", frames.iter().map(|frame| &frame.name));
        for (i, frame) in frames.iter().enumerate() {
            if frame.name == BASE {
                self.add(
                    format!("frames[{i}].name"),
                    "`base` is the frame that the scene places; name this one otherwise",
                );
            }
            let known = frame.parent == BASE || frames.iter().take(i).any(|above| above.name == frame.parent);
            if !known && frames.iter().skip(i).any(|below| below.name == frame.parent) {
                let what = format!("`{}` must stand above the frames that hang from it", frame.parent);
                self.add(format!("frames[{i}].parent"), what);
            } else if !known {
                self.frame(format!("frames[{i}].parent"), &frame.parent);
            }
            let dh = frame.written_dh();
            let pose = match (&frame.position, &frame.orientation) {
                (Some(_), _) => Some("position"),
                (None, Some(_)) => Some("orientation"),
                (None, None) => None,
            };
            if let (Some(pose), [first, ..]) = (pose, dh.as_slice()) {
                let what = format!(
                    "`{pose}` and `{first}` exclude each other: a frame is placed either by `position` and \
                     `orientation`, or by `a`, `alpha`, `d` and `theta`"
                );
                self.add(format!("frames[{i}].{pose}"), what);
            }
            if let Some(orientation) = &frame.orientation {
                let prefix = format!("frames[{i}].orientation");
                self.problems.extend(under(&prefix, orientation.check()));
            }
            match frame.kind {
                FrameKind::Fixed if frame.moves.is_empty() => {}
                FrameKind::Fixed => {
                    let what =
                        "a fixed frame moves with nothing; `kind` is meant to be `revolute` or `prismatic`";
                    self.add(format!("frames[{i}].moves"), what);
                }
                FrameKind::Revolute | FrameKind::Prismatic => {
                    self.row(&format!("frames[{i}].moves"), &frame.moves);
                }
            }
        }
    }

    fn bodies(&mut self) {
        if self.mechanism.links.is_empty() {
            self.add("links".to_owned(), "a mechanism has at least one link");
        }
        let mut seen = BTreeSet::new();
        for (i, link) in self.mechanism.links.iter().enumerate() {
            let key = format!("links[{i}].frame");
            self.frame(key.clone(), &link.frame);
            if !seen.insert(&link.frame) {
                self.add(key, format!("a second link moves with `{}`; join the two", link.frame));
            }
            if link.mass.value.si() <= 0.0 {
                self.add(format!("links[{i}].mass"), "a mass must be greater than zero");
            }
        }
        self.names("rotors", "rotor", self.mechanism.rotors.iter().map(|rotor| &rotor.name));
        for (i, rotor) in self.mechanism.rotors.iter().enumerate() {
            self.row(&format!("rotors[{i}].of"), &rotor.of);
            if rotor.inertia.value.si() <= 0.0 {
                self.add(format!("rotors[{i}].inertia"), "a moment of inertia must be greater than zero");
            }
        }
        if let Some(payload) = &self.mechanism.payload {
            self.frame("payload.frame".to_owned(), &payload.frame);
        }
        if let Some(tip) = &self.mechanism.tip {
            self.frame("tip.frame".to_owned(), &tip.frame);
        } else if !self.mechanism.deflections.is_empty() {
            let what = "a deflection takes the tool's tip along, and this mechanism has none: give it a `tip`, or let the \
                        actuator give way, in `[actuators.transmission]`";
            self.add("deflections".to_owned(), what);
        }
    }

    fn elements(&mut self) {
        self.names("friction", "friction", self.mechanism.friction.iter().map(|friction| &friction.name));
        for (i, friction) in self.mechanism.friction.iter().enumerate() {
            let at = |field: &str| format!("friction[{i}].{field}");
            let Some(kind) = self.one_kind(&at("of"), &friction.of) else { continue };
            let (stiffness, damping) = stiffness_and_damping(kind);
            self.quantity(at("coulomb"), &friction.coulomb, kind.effort(), 0.0);
            self.quantity(at("viscous"), &friction.viscous, damping, 0.0);
            self.quantity(at("presliding_stiffness"), &friction.presliding_stiffness, stiffness, 0.0);
            self.quantity(at("presliding_damping"), &friction.presliding_damping, damping, 0.0);
            if let Some(stribeck) = &friction.stribeck {
                self.quantity(at("stribeck.breakaway"), &stribeck.breakaway, kind.effort(), 0.0);
                self.quantity(
                    at("stribeck.speed"),
                    &stribeck.speed,
                    kind.position().over(Dimension::TIME),
                    0.0,
                );
                if stribeck.breakaway.value.si < friction.coulomb.value.si {
                    self.add(at("stribeck.breakaway"), "it must hold at least as much as it brakes");
                }
            }
        }
        self.names("stops", "stop", self.mechanism.stops.iter().map(|stop| &stop.name));
        for (i, stop) in self.mechanism.stops.iter().enumerate() {
            let at = |field: &str| format!("stops[{i}].{field}");
            let Some(kind) = self.one_kind(&at("of"), &stop.of) else { continue };
            let (stiffness, damping) = stiffness_and_damping(kind);
            self.quantity(at("lower"), &stop.lower, kind.position(), f64::NEG_INFINITY);
            self.quantity(at("upper"), &stop.upper, kind.position(), f64::NEG_INFINITY);
            self.quantity(at("stiffness"), &stop.stiffness, stiffness, 0.0);
            self.quantity(at("damping"), &stop.damping, damping, 0.0);
            if stop.lower.value.si >= stop.upper.value.si {
                self.add(at("upper"), "the upper stop must lie above the lower one");
            }
        }
    }

    fn one_kind(&mut self, key: &str, row: &Row) -> Option<MotionKind> {
        let before = self.problems.len();
        let kind = self.row(key, row);
        if kind.is_none() && self.problems.len() == before {
            self.add(key.to_owned(), "angles and lengths cannot be mixed in one motion");
        }
        kind
    }
}

fn stiffness_and_damping(kind: MotionKind) -> (Dimension, Dimension) {
    let stiffness = kind.effort().over(kind.position());
    (stiffness, stiffness.times(Dimension::TIME))
}
