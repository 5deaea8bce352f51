//! What a mechanism is and what it does in one posture, in numbers that anyone can hold against another program.
//!
//! [`Subject`] is a mechanism built from a robot file, from a robot of a scene, or from a URDF alone. [`Subject::inspect`]
//! says what it is: tree, masses, limits, reach, actuators. [`Subject::evaluate`] says what it does at (q, q̇, q̈, τ):
//! poses, Jacobians, mass matrix, forces, accelerations.
//!
//! Everything is in the axes of the robot's base, SI units and radians, in the order of the coordinates; a quaternion is
//! x, y, z, w. The mass matrix contains what turns with the coordinates: rotors behind their gears and couplings,
//! also where a transmission gives way: postures are those of the joints.

mod evaluate;
mod reach;

pub use evaluate::{Evaluation, FramePose, JacobianReport, Posture};
pub use reach::Reach;

use crate::assemble::actuator_rows;
use crate::island::{self, Built, Tip};
use nalgebra::{Isometry3, UnitQuaternion, Vector3};
use serde::Serialize;
use std::collections::BTreeMap;
use trocar_dynamics::Mechanism;
use trocar_plant::{ActuatorConfig, ActuatorKind, Coupling};
use trocar_scenario::mechanism::{BASE, FrameKind, MechanismConfig, MotionKind, Row};
use trocar_scenario::urdf::Urdf;
use trocar_scenario::{LoadedRobot, LoadedScene, LoadedUrdf, RobotFile};
use trocar_signal::Diagnostic;

/// Standard gravity, m/s² (CGPM 1901), downwards along z.
pub const STANDARD_GRAVITY_MPS2: [f64; 3] = [0.0, 0.0, -9.806_65];

/// A mechanism, ready to be asked.
pub struct Subject {
    name: String,
    config: MechanismConfig,
    actuators: Vec<ActuatorReport>,
    velocity_limits: BTreeMap<String, f64>,
    effort_limits: BTreeMap<String, f64>,
    start: Vec<f64>,
    urdf: Option<Urdf>,
    /// Name, motor angle for each coordinate, inertia about the motor's axis.
    /// The actuators with their rows over the coordinates, as if no transmission gave way.
    rigid: Vec<ActuatorConfig>,
    rows: Vec<Vec<f64>>,
    built: Built,
    gravity_in_base_mps2: Vector3<f64>,
}

/// A coordinate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoordinateReport {
    /// Its name.
    pub name: String,
    /// `revolute` (rad, N m) or `prismatic` (m, N).
    pub kind: &'static str,
    /// Whether a motor moves it; what none moves stands behind the others.
    pub is_driven: bool,
    /// Lowest position that may be commanded, rad or m; of what no motor moves, where its stop is, if it has one.
    pub lower: f64,
    /// Highest position that may be commanded, rad or m; of what no motor moves, where its stop is, if it has one.
    pub upper: f64,
    /// Whether either is assumed: a continuous joint of a URDF has none.
    pub limits_are_assumed: bool,
    /// Position at the start, rad or m.
    pub start: f64,
    /// Greatest speed, rad/s or m/s: of the robot file's `[arm]`, else of the URDF.
    pub velocity_limit: Option<f64>,
    /// Greatest effort, N m or N, by the URDF.
    pub effort_limit: Option<f64>,
}

/// A frame of the tree.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrameReport {
    /// Its name.
    pub name: String,
    /// The frame that it hangs from.
    pub parent: String,
    /// How many frames lie between it and the base.
    pub depth: usize,
    /// `revolute`, `prismatic` or `fixed`: about or along its own z.
    pub kind: &'static str,
    /// Coordinate to coefficient.
    pub moves: BTreeMap<String, f64>,
    /// Mass of the body that moves with it, kg.
    pub mass_kg: Option<f64>,
    /// The URDF's link that it is, where its name is another.
    pub urdf_link: Option<String>,
}

/// An actuator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActuatorReport {
    /// Its name.
    pub name: String,
    /// `revolute` (rad, N m) or `prismatic` (m, N): what its output does.
    pub kind: &'static str,
    /// Motor angle per output: rad/rad or rad/m.
    pub gear: f64,
    /// Effort at the output at the greatest current, N m or N.
    pub greatest_effort: f64,
    /// Moment of inertia of the rotor seen at the output, kg m² or kg; zero where the file has none.
    pub rotor_inertia_at_output: f64,
}

/// What a mechanism is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// What the file calls it.
    pub name: String,
    /// In the order of q, q̇, q̈ and τ.
    pub coordinates: Vec<CoordinateReport>,
    /// In the order of the file: each after its parent.
    pub frames: Vec<FrameReport>,
    /// Mass of all bodies that can move, kg.
    pub moving_mass_kg: f64,
    /// Mass of what stands on the base, kg, where a URDF says it.
    pub base_mass_kg: Option<f64>,
    /// Centre of mass of all bodies that can move, at the start, in the base, m.
    pub centre_of_mass_at_start_in_base_m: [f64; 3],
    /// The tip's frame; `None` of a robot without a tip, as for the two that follow.
    pub tip_frame: Option<String>,
    /// The tip at the start, in the base, m.
    pub tip_at_start_in_base_m: Option<[f64; 3]>,
    /// How far the tip gets from the base.
    pub reach: Option<Reach>,
    /// Empty for a URDF alone.
    pub actuators: Vec<ActuatorReport>,
}

impl Subject {
    /// A robot by itself, its base upright in standard gravity.
    ///
    /// # Errors
    /// What the mechanism cannot be.
    pub fn of_robot(robot: &LoadedRobot) -> Result<Subject, Vec<Diagnostic>> {
        Subject::robot(robot, Vector3::from(STANDARD_GRAVITY_MPS2), &BTreeMap::new())
    }

    /// A robot where a scene puts it; `None` where the scene has none of this name.
    ///
    /// # Errors
    /// What the mechanism cannot be.
    pub fn of_scene(scene: &LoadedScene, instance: &str) -> Option<Result<Subject, Vec<Diagnostic>>> {
        let (place, robot) = (scene.scene.robots.get(instance)?, scene.robots.get(instance)?);
        let world_from_base = island::placement(&place.base);
        let gravity = Vector3::from(scene.scene.gravity.map(|g| g.si()));
        let start = place.start.iter().map(|(joint, position)| (joint.clone(), position.si)).collect();
        Some(Subject::robot(robot, world_from_base.rotation.inverse() * gravity, &start))
    }

    /// A URDF by itself: no motors, no rotors; its base upright in standard gravity.
    ///
    /// # Errors
    /// What the mechanism cannot be.
    pub fn of_urdf(loaded: &LoadedUrdf) -> Result<Subject, Vec<Diagnostic>> {
        let gravity = Vector3::from(STANDARD_GRAVITY_MPS2);
        let built = island::build(
            &loaded.mechanism,
            &[],
            &[],
            gravity,
            Isometry3::identity(),
            island::Beside::default(),
        );
        let built = built.map_err(|problems| {
            let below = |key: &str| match key.strip_prefix("mechanism") {
                Some(rest) => rest.trim_start_matches('.').to_owned(),
                None => key.to_owned(),
            };
            let at = |p: &trocar_signal::Problem| trocar_signal::Problem::new(below(&p.key), p.what.clone());
            problems.iter().map(|p| loaded.spans.problem("", &at(p))).collect::<Vec<_>>()
        })?;
        let limits = |of: fn(&trocar_scenario::urdf::UrdfJoint) -> Option<f64>| {
            limits_of(Some(&loaded.urdf), &loaded.mechanism, of)
        };
        Ok(Subject {
            name: loaded.urdf.name.clone(),
            actuators: Vec::new(),
            velocity_limits: limits(|joint| joint.velocity_limit),
            effort_limits: limits(|joint| joint.effort_limit),
            start: start_of(&loaded.mechanism, |_| None),
            urdf: Some(loaded.urdf.clone()),
            rigid: Vec::new(),
            rows: Vec::new(),
            built,
            gravity_in_base_mps2: gravity,
            config: loaded.mechanism.clone(),
        })
    }

    fn robot(
        loaded: &LoadedRobot,
        gravity_in_base_mps2: Vector3<f64>,
        start: &BTreeMap<String, f64>,
    ) -> Result<Subject, Vec<Diagnostic>> {
        let robot: &RobotFile = &loaded.robot;
        let at = |problems: Vec<trocar_signal::Problem>| -> Vec<Diagnostic> {
            problems.iter().map(|problem| loaded.spans.problem("", problem)).collect()
        };
        let count = robot.mechanism.coordinates.len();
        let coupling = Coupling::new(&robot.coupling(), count).map_err(&at)?;
        let rows = actuator_rows(&coupling, count);
        let stiff = |actuator: &ActuatorConfig| ActuatorConfig { transmission: None, ..actuator.clone() };
        let rigid: Vec<ActuatorConfig> = robot.actuators.iter().map(stiff).collect();
        let identity = Isometry3::identity();
        let built = island::build(
            &robot.mechanism,
            &rigid,
            &rows,
            gravity_in_base_mps2,
            identity,
            island::Beside::default(),
        )
        .map_err(&at)?;
        let actuators = robot.actuators.iter().map(|actuator| {
            let gear = actuator.gear.value.si;
            let inertia = actuator.rotor_inertia.as_ref().map_or(0.0, |inertia| inertia.value.si());
            ActuatorReport {
                name: actuator.name.clone(),
                kind: match actuator.kind {
                    ActuatorKind::Revolute => "revolute",
                    ActuatorKind::Prismatic => "prismatic",
                },
                gear,
                greatest_effort: (actuator.effort_per_ampere() * actuator.motor.max_current.value.si()).abs(),
                rotor_inertia_at_output: inertia * gear * gear,
            }
        });
        let limits = |of: fn(&trocar_scenario::urdf::UrdfJoint) -> Option<f64>| {
            limits_of(loaded.urdf.as_ref(), &robot.mechanism, of)
        };
        let mut velocity_limits = limits(|joint| joint.velocity_limit);
        velocity_limits.extend(robot.arm.joints.iter().map(|j| (j.joint.clone(), j.velocity.value.si)));
        let home = |name: &str| {
            let joint = robot.arm.joints.iter().find(|joint| joint.joint == name)?;
            start.get(name).copied().or_else(|| Some(joint.home.as_ref()?.value.si))
        };
        Ok(Subject {
            name: robot.title.clone(),
            actuators: actuators.collect(),
            velocity_limits,
            effort_limits: limits(|joint| joint.effort_limit),
            start: start_of(&robot.mechanism, home),
            urdf: loaded.urdf.clone(),
            rigid,
            rows,
            built,
            gravity_in_base_mps2,
            config: robot.mechanism.clone(),
        })
    }

    /// The mechanism itself, its base at the origin of its world.
    #[must_use]
    pub fn mechanism(&self) -> &Mechanism {
        self.built.island.mechanism()
    }

    /// Positions at the start, rad or m.
    #[must_use]
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// Gravity in the base's axes, m/s².
    #[must_use]
    pub fn gravity_in_base_mps2(&self) -> Vector3<f64> {
        self.gravity_in_base_mps2
    }

    /// The same in another gravity, m/s² in the base's axes.
    ///
    /// # Errors
    /// Gravity that is not finite.
    pub fn with_gravity(mut self, gravity_in_base_mps2: [f64; 3]) -> Result<Subject, String> {
        let gravity = Vector3::from(gravity_in_base_mps2);
        let built = island::build(
            &self.config,
            &self.rigid,
            &self.rows,
            gravity,
            Isometry3::identity(),
            island::Beside::default(),
        );
        self.built = built.map_err(|problems| {
            problems.into_iter().map(|problem| problem.what).collect::<Vec<_>>().join("; ")
        })?;
        self.gravity_in_base_mps2 = gravity;
        Ok(self)
    }

    /// What it is.
    #[must_use]
    pub fn inspect(&self) -> Inspection {
        let mechanism = self.mechanism();
        let mut workspace = mechanism.workspace();
        let rest = vec![0.0; self.start.len()];
        let loads = vec![0.0; mechanism.payload_count()];
        // Lengths are those of this mechanism.
        let mut centre = Vector3::zeros();
        let mut moving_mass_kg = 0.0;
        if mechanism.kinematics(&self.start, &rest, &mut workspace).is_ok()
            && let Ok(found) = mechanism.centre_of_mass(&loads, &workspace)
        {
            (centre, moving_mass_kg) = (found.position_in_world_m, found.mass_kg);
        }
        let at_start = |tip: Tip| {
            let base_from_tip = mechanism.base_from_frame(&workspace, tip.frame) * tip.in_frame;
            base_from_tip.translation.vector.into()
        };
        Inspection {
            name: self.name.clone(),
            coordinates: self.coordinates(),
            frames: self.frames(),
            moving_mass_kg,
            base_mass_kg: self.urdf.as_ref().map(|urdf| urdf.base_mass_kg),
            centre_of_mass_at_start_in_base_m: centre.into(),
            tip_frame: self.config.tip.as_ref().map(|tip| tip.frame.clone()),
            tip_at_start_in_base_m: self.built.tip.map(at_start),
            reach: self.built.tip.map(|tip| reach::search(self, tip)),
            actuators: self.actuators.clone(),
        }
    }

    fn coordinates(&self) -> Vec<CoordinateReport> {
        let assumed = Some(trocar_signal::Standing::Assumed);
        let kind = |kind: MotionKind| match kind {
            MotionKind::Revolute => "revolute",
            MotionKind::Prismatic => "prismatic",
        };
        let driven = self.config.coordinates.len();
        let undriven =
            self.config.passive.iter().zip(self.start.iter().skip(driven)).map(|(passive, start)| {
                let alone = |of: &Row| of.len() == 1 && of.get(&passive.name) == Some(&1.0);
                let stop = self.config.stops.iter().find(|stop| alone(&stop.of));
                let ends = stop.map(|stop| (stop.lower.value.si, stop.upper.value.si));
                let (lower, upper) = ends.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
                CoordinateReport {
                    name: passive.name.clone(),
                    kind: kind(passive.kind),
                    is_driven: false,
                    lower,
                    upper,
                    limits_are_assumed: false,
                    start: *start,
                    velocity_limit: None,
                    effort_limit: None,
                }
            });
        self.config
            .coordinates
            .iter()
            .zip(&self.start)
            .map(|(coordinate, start)| CoordinateReport {
                name: coordinate.name.clone(),
                kind: kind(coordinate.kind),
                is_driven: true,
                lower: coordinate.lower.value.si,
                upper: coordinate.upper.value.si,
                limits_are_assumed: coordinate.lower.standing == assumed
                    || coordinate.upper.standing == assumed,
                start: *start,
                velocity_limit: self.velocity_limits.get(&coordinate.name).copied(),
                effort_limit: self.effort_limits.get(&coordinate.name).copied(),
            })
            .chain(undriven)
            .collect()
    }

    fn frames(&self) -> Vec<FrameReport> {
        let mut depths = BTreeMap::from([(BASE, 0)]);
        let mut frames = Vec::new();
        for frame in &self.config.frames {
            let depth = depths.get(frame.parent.as_str()).map_or(0, |above| above + 1);
            depths.insert(&frame.name, depth);
            let body = self.config.links.iter().find(|link| link.frame == frame.name);
            let links = self.urdf.iter().flat_map(|urdf| &urdf.links);
            let link = links.into_iter().find(|link| link.frame == frame.name && link.name != frame.name);
            frames.push(FrameReport {
                name: frame.name.clone(),
                parent: frame.parent.clone(),
                depth,
                kind: match frame.kind {
                    FrameKind::Revolute => "revolute",
                    FrameKind::Prismatic => "prismatic",
                    FrameKind::Fixed => "fixed",
                },
                moves: frame.moves.clone(),
                mass_kg: body.map(|body| body.mass.value.si()),
                urdf_link: link.map(|link| link.name.clone()),
            });
        }
        frames
    }

    /// A frame by its name, and the point of interest in it: its origin. Where none is named, the tip, if there is one.
    fn point(&self, frame: Option<&str>) -> Result<Option<Tip>, String> {
        let Some(name) = frame else { return Ok(self.built.tip) };
        let urdf_name = |name: &str| {
            let link = self.urdf.as_ref()?.links.iter().find(|link| link.name == name)?;
            Some(link.frame.clone())
        };
        let found = self.mechanism().frame(name).or_else(|| self.mechanism().frame(&urdf_name(name)?));
        let identity = Isometry3::from_parts(Vector3::zeros().into(), UnitQuaternion::identity());
        found.map(|frame| Some(Tip { frame, in_frame: identity })).ok_or_else(|| {
            let hint = trocar_signal::diagnostic::nearest(name, self.mechanism().frame_names());
            match hint {
                Some(guess) => format!("there is no frame `{name}`; did you mean `{guess}`?"),
                None => {
                    let names: Vec<&str> = self.mechanism().frame_names().collect();
                    format!("there is no frame `{name}`; the frames are {}", names.join(", "))
                }
            }
        })
    }
}

fn limits_of(
    urdf: Option<&Urdf>,
    mechanism: &MechanismConfig,
    of: fn(&trocar_scenario::urdf::UrdfJoint) -> Option<f64>,
) -> BTreeMap<String, f64> {
    let Some(urdf) = urdf else { return BTreeMap::new() };
    let limit = |name: &String| Some((name.clone(), of(urdf.joint_of(name)?)?));
    mechanism.coordinates.iter().filter_map(|coordinate| limit(&coordinate.name)).collect()
}

/// Where the coordinates start: at home, else as near to zero as their limits let them; what no motor moves, at zero.
fn start_of(mechanism: &MechanismConfig, home: impl Fn(&str) -> Option<f64>) -> Vec<f64> {
    let start = |c: &trocar_scenario::mechanism::CoordinateConfig| {
        home(&c.name).unwrap_or_else(|| trocar_math::clamp(0.0, c.lower.value.si, c.upper.value.si))
    };
    mechanism.coordinates.iter().map(start).chain(mechanism.passive.iter().map(|_| 0.0)).collect()
}
