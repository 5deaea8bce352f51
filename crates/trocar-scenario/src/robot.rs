//! The robot file: everything that is known of one device, each number with what stands behind it.

use crate::common::{SectionProvenance, is_name, not_a_name, under};
use crate::instrument::InstrumentMountConfig;
use crate::mechanism::{CoordinateConfig, MechanismConfig, MotionKind, PointConfig};
use crate::text::{join_key, nearest, quoted};
use crate::tree::{Node, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use trocar_control::{
    ArmConfig, ArmJoints, AssistanceConfig, Joint, JointKind, ServoConfig, SpasmSources, StopConfig,
    SupervisorConfig, TwoSensors,
};
use trocar_plant::{
    ActuatorConfig, BusConfig, Coupling, CouplingConfig, ForceSensorConfig, ImuConfig, PowerSupplyConfig,
    TorqueSensorConfig,
};
use trocar_signal::{AnyQuantity, Problem, Provenance};

/// What a robot file calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RobotKind {
    /// A robot.
    Robot,
}

/// How far a model is confirmed, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It runs; nobody has confirmed it.
    #[default]
    Implemented,
    /// Against mathematics and other programs.
    Verified,
    /// Against measurements from outside.
    Validated,
}

impl Status {
    /// As a file says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Implemented => "implemented",
            Status::Verified => "verified",
            Status::Validated => "validated",
        }
    }

    /// As it is printed below results.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Status::Implemented => "implemented",
            Status::Verified => "verified, not validated",
            Status::Validated => "validated",
        }
    }
}

/// A robot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a robot"))]
pub struct RobotFile {
    /// Version of the file format: 1.
    #[schemars(extend("const" = 1))]
    pub format: u32,
    /// `robot`: tells this file from a scene or a scenario.
    pub kind: RobotKind,
    /// What reports call it, e.g. `PSM Classic, Large Needle Driver`.
    pub title: String,
    /// How far the model is confirmed. Absent: `implemented`.
    #[serde(default)]
    pub status: Status,
    /// Documents about the device as a whole.
    #[serde(default)]
    pub references: Vec<String>,
    /// Key to citation: what `source` in this file refers to.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
    /// What stands behind the numbers of each section that name nothing of their own.
    pub provenance: ProvenanceConfig,
    /// Links and how they move.
    pub mechanism: MechanismConfig,
    /// The point about which a laparoscopic arm pivots; without it the robot has none. It goes with a `tip`.
    #[serde(default)]
    pub remote_centre: Option<PointConfig>,
    /// The frame whose z points along the shaft of the tool, to which a laboratory clamps its target: `arm.shaft`. Without
    /// it, that of `[instrument_mount]`; a robot with neither has no shaft to follow.
    #[serde(default)]
    pub shaft: Option<String>,
    /// The instrument's file, unless the scene names another. Its tip, jaw and place for a load then count.
    #[serde(default)]
    pub instrument: Option<String>,
    /// Where and how the robot carries instruments; without it, what it has in its own file is all.
    #[serde(default)]
    pub instrument_mount: Option<InstrumentMountConfig>,
    /// Motors with gear and encoder, in the order of the coupling's columns.
    pub actuators: Vec<ActuatorConfig>,
    /// Inertial measurement units.
    #[serde(default)]
    pub imus: Vec<ImuConfig>,
    /// Six-axis force sensors.
    #[serde(default)]
    pub force_sensors: Vec<ForceSensorConfig>,
    /// Torque sensors in joints.
    #[serde(default)]
    pub torque_sensors: Vec<TorqueSensorConfig>,
    /// What feeds the motors. Motors with a winding need it; without one their currents follow whatever is asked. Its
    /// numbers have the provenance of the actuators.
    #[serde(default)]
    pub power_supply: Option<PowerSupplyConfig>,
    /// How actuators move joints. Absent: each moves the joint at its own place in the list, one to one.
    #[serde(default)]
    pub coupling: Option<CouplingConfig>,
    /// How readings travel to the controller.
    pub bus: BusConfig,
    /// The joint servo.
    pub servo: ServoConfig,
    /// The motion interface: limits, homing, state machine.
    pub arm: ArmConfig,
    /// The safety supervisor.
    pub supervisor: SupervisorConfig,
    /// What the joints do once the device is stopped. Absent: no motor has current, and brakes shut. Its numbers have the
    /// provenance of the supervisor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopConfig>,
    /// What an exoskeleton does with its wearer's joints on the command `start`. Its numbers have the provenance of the supervisor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistance: Option<AssistanceConfig>,
    /// Name to limit: what the maker declares of the device, and examples that stand in where nobody declares anything.
    /// Formulas read them as `arm.declared.NAME`.
    #[serde(default)]
    pub declared: BTreeMap<String, DeclaredConfig>,
}

/// What stands behind the numbers of each section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a list of provenances"))]
pub struct ProvenanceConfig {
    /// Of `[mechanism]`.
    pub mechanism: SectionProvenance,
    /// Of `[[actuators]]`, `[coupling]` and the sensors in frames.
    pub actuators: SectionProvenance,
    /// Of `[bus]`.
    pub bus: SectionProvenance,
    /// Of `[servo]`.
    pub servo: SectionProvenance,
    /// Of `[arm]`.
    pub arm: SectionProvenance,
    /// Of `[supervisor]`, `[stop]` and `[assistance]`.
    pub supervisor: SectionProvenance,
}

/// A section of a robot file that has a provenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `[mechanism]`
    Mechanism,
    /// `[[actuators]]`, `[coupling]`, `[[imus]]`, `[[force_sensors]]` and `[[torque_sensors]]`
    Actuators,
    /// `[bus]`
    Bus,
    /// `[servo]`
    Servo,
    /// `[arm]`
    Arm,
    /// `[supervisor]`, `[stop]` and `[assistance]`
    Supervisor,
}

/// A limit, and whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a declared limit"))]
pub struct DeclaredConfig {
    /// The limit.
    pub value: AnyQuantity,
    /// Whose it is.
    pub owner: OwnerConfig,
}

/// Whose limit it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(extend("x-name" = "an owner"))]
pub enum OwnerConfig {
    /// The maker declares it.
    Declared {
        /// Where: document and page.
        document: String,
    },
    /// Nobody does: it stands here so that a requirement has something to judge.
    Example,
}

impl RobotFile {
    /// The provenance of a section.
    #[must_use]
    pub fn provenance(&self, section: Section) -> Provenance<'_> {
        let of = match section {
            Section::Mechanism => &self.provenance.mechanism,
            Section::Actuators => &self.provenance.actuators,
            Section::Bus => &self.provenance.bus,
            Section::Servo => &self.provenance.servo,
            Section::Arm => &self.provenance.arm,
            Section::Supervisor => &self.provenance.supervisor,
        };
        Provenance { sources: &self.sources, source: of.source.as_deref(), standing: of.standing }
    }

    /// How actuators move joints: as the file says, or one to one.
    #[must_use]
    pub fn coupling(&self) -> Cow<'_, CouplingConfig> {
        match &self.coupling {
            Some(coupling) => Cow::Borrowed(coupling),
            None => Cow::Owned(CouplingConfig::identity(self.mechanism.coordinates.len())),
        }
    }

    /// The joints as controllers see them, the jaw by itself.
    ///
    /// # Errors
    /// What `trocar-control` refuses; keys from the file's root.
    pub fn joints(&self) -> Result<ArmJoints, Vec<Problem>> {
        let mut joints: Vec<Joint> = self
            .mechanism
            .coordinates
            .iter()
            .map(|coordinate| {
                let kind = match coordinate.kind {
                    MotionKind::Revolute => JointKind::Revolute,
                    MotionKind::Prismatic => JointKind::Prismatic,
                };
                let (lower, upper) = (coordinate.lower.value.si, coordinate.upper.value.si);
                Joint { name: coordinate.name.clone(), kind, lower, upper }
            })
            .collect();
        let jaw = if self.mechanism.jaw.is_some() { joints.pop() } else { None };
        let last = joints.len();
        ArmJoints::new(joints, jaw).map_err(|problems| {
            let at = |key: &str| match key.strip_prefix("joints") {
                Some(place) => format!("mechanism.coordinates{place}"),
                None => format!("mechanism.coordinates[{last}]"),
            };
            problems.into_iter().map(|problem| Problem::new(at(&problem.key), problem.what)).collect()
        })
    }

    /// The actuators that have an encoder and a potentiometer, which a supervisor may compare.
    #[must_use]
    pub fn two_sensors(&self) -> Vec<TwoSensors> {
        let both = self.actuators.iter().filter(|actuator| actuator.potentiometer.is_some());
        both.map(|a| TwoSensors { actuator: a.name.clone(), position: a.kind.position() }).collect()
    }

    /// What the supervisor may notice a spasm by, joint by joint: the actuators that move it, and a torque sensor in a frame that
    /// it alone moves.
    #[must_use]
    pub fn spasm_sources(&self) -> Vec<SpasmSources> {
        let coupling = self.coupling();
        let rows = &coupling.joint_from_actuator.value;
        let moved_by = |frame: &str, joint: &str| {
            let frame = self.mechanism.frames.iter().find(|one| one.name == frame);
            frame.is_some_and(|frame| frame.moves.len() == 1 && frame.moves.contains_key(joint))
        };
        let of = |(place, coordinate): (usize, &CoordinateConfig)| {
            let row = rows.get(place).map_or(&[][..], Vec::as_slice);
            let moving = self.actuators.iter().zip(row).filter(|(_, factor)| **factor != 0.0);
            let sensor = self.torque_sensors.iter().find(|s| moved_by(&s.frame, &coordinate.name));
            SpasmSources {
                joint: coordinate.name.clone(),
                actuators: moving.map(|(actuator, _)| actuator.name.clone()).collect(),
                torque_sensor: sensor.map(|sensor| sensor.frame.clone()),
            }
        };
        self.mechanism.coordinates.iter().enumerate().map(of).collect()
    }

    /// What is wrong with its mount for instruments, before one is on it; keys from the file's root.
    #[must_use]
    pub fn check_mount(&self) -> Vec<Problem> {
        let (mount, mechanism) = match (&self.instrument_mount, &self.instrument) {
            (None, None) => return Vec::new(),
            (None, Some(_)) => {
                let what = "there is nothing to mount it on: `[instrument_mount]` says where";
                return vec![Problem::new("instrument", what)];
            }
            (Some(_), None) => {
                let what = "name the instrument that it carries where a scene names none: `instrument = \"scenes/instruments/…\"`";
                return vec![Problem::new("instrument_mount", what)];
            }
            (Some(mount), Some(_)) => (mount, &self.mechanism),
        };
        let actuators: Vec<String> = self.actuators.iter().map(|actuator| actuator.name.clone()).collect();
        let joints: Vec<String> = mechanism.coordinates.iter().map(|c| c.name.clone()).collect();
        under("instrument_mount", mount.check(&mechanism.frames, &actuators, &joints)).collect()
    }

    /// The frame whose z points along the tool's shaft, where there is one.
    #[must_use]
    pub fn shaft_frame(&self) -> Option<&str> {
        self.shaft.as_deref().or_else(|| Some(self.instrument_mount.as_ref()?.frame.as_str()))
    }

    /// What is wrong with it, as far as the file alone shows; keys from the file's root.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = under("mechanism", self.mechanism.check()).collect();
        let frame_exists = |name: &str| {
            name == crate::mechanism::BASE || self.mechanism.frames.iter().any(|frame| frame.name == name)
        };
        if let Some(centre) = &self.remote_centre
            && !frame_exists(&centre.frame)
        {
            problems
                .push(Problem::new("remote_centre.frame", format!("there is no frame `{}`", centre.frame)));
        }
        if self.remote_centre.is_some() && self.mechanism.tip.is_none() {
            let what = "what pivots about a remote centre is a tool, and this robot has no tip: give `[mechanism]` a `tip`, or \
                        leave the remote centre out";
            problems.push(Problem::new("remote_centre", what));
        }
        if let Some(shaft) = self.shaft.as_ref().filter(|shaft| !frame_exists(shaft)) {
            problems.push(Problem::new("shaft", format!("there is no frame `{shaft}`")));
        }
        let mut seen = BTreeSet::new();
        for (i, actuator) in self.actuators.iter().enumerate() {
            problems.extend(under(&format!("actuators[{i}]"), actuator.check()));
            if !seen.insert(&actuator.name) {
                let what = format!("a second actuator is named `{}`", actuator.name);
                problems.push(Problem::new(format!("actuators[{i}].name"), what));
            }
        }
        problems.extend(self.check_sensors());
        // Where the motors' rotors turn with the joints, the solver's own check decides.
        if self.actuators.iter().all(|actuator| actuator.rotor_inertia.is_none()) {
            let inert = self.mechanism.inert();
            problems.extend(inert.into_iter().map(|place| self.mechanism.inert_problem("mechanism.", place)));
        }
        match &self.power_supply {
            Some(supply) => problems.extend(under("power_supply", supply.check(&self.actuators))),
            None => {
                if let Some(i) = self.actuators.iter().position(|a| a.motor.winding.is_some()) {
                    let what = "what a winding carries depends on the voltage: add a table `[power_supply]`";
                    problems.push(Problem::new(format!("actuators[{i}].motor.winding"), what));
                }
            }
        }
        problems.extend(under("bus", self.bus.check()));
        let joints = self.mechanism.coordinates.len();
        if self.actuators.len() != joints {
            let what =
                format!("{} actuators for {joints} coordinates; each joint needs one", self.actuators.len());
            problems.push(Problem::new("actuators", what));
        }
        if let Err(wrong) = Coupling::new(&self.coupling(), joints) {
            problems.extend(under("coupling", wrong));
        }
        // Limits in the wrong order were named above, with the key of the limit.
        if problems.is_empty() {
            match self.joints() {
                Ok(joints) => {
                    problems.extend(under("arm", self.arm.check(&joints)));
                    problems.extend(under("servo", self.servo.check(&joints)));
                    problems.extend(under(
                        "supervisor",
                        self.supervisor.check(&joints, &self.two_sensors(), &self.spasm_sources()),
                    ));
                    if let Some(stop) = &self.stop {
                        problems.extend(under("stop", stop.check(&joints)));
                    }
                    if let Some(assistance) = &self.assistance {
                        let takes_efforts = self.arm.takes_efforts();
                        problems.extend(under("assistance", assistance.check(&joints, takes_efforts)));
                    }
                }
                Err(wrong) => problems.extend(wrong),
            }
        }
        for name in self.declared.keys().filter(|name| !is_name(name)) {
            problems.push(Problem::new(join_key("declared", name), not_a_name(name)));
        }
        problems
    }
}

/// Keys of `[sources]` that are used and not there: `source` in the provenances and in every value that has one.
pub(crate) fn unknown_sources(
    node: &Node,
    path: &str,
    sources: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) {
    match &node.value {
        Value::List(items) => {
            let below = |i: usize| format!("{path}[{i}]");
            items
                .iter()
                .enumerate()
                .for_each(|(i, item)| unknown_sources(item, &below(i), sources, problems));
        }
        Value::Table(table) => {
            let has_source = table.contains_key("value") || table.contains_key("standing");
            if let Some(key) = table.get("source").and_then(Node::as_text)
                && has_source
                && !sources.contains_key(key)
            {
                let guess = nearest(key, sources.keys().map(String::as_str))
                    .map_or_else(String::new, |guess| format!("; did you mean `{guess}`?"));
                let what = format!("`{}` is no key of `[sources]`{guess}", quoted(key));
                problems.push(Problem::new(join_key(path, "source"), what));
            }
            for (key, child) in table {
                unknown_sources(child, &join_key(path, key), sources, problems);
            }
        }
        _ => {}
    }
}
