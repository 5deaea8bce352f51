//! The instrument file: what is screwed onto an arm, from its mount on. A robot file names the instrument that it
//! carries by default, a scene may name another; `mount` makes one robot of the two.

use crate::common::{SectionProvenance, is_name, not_a_name, under};
use crate::mechanism::{
    BASE, CoordinateConfig, FrameConfig, FrictionConfig, LinkConfig, MechanismConfig, MotionKind,
    PointConfig, StopConfig,
};
use crate::robot::{DeclaredConfig, OwnerConfig, Status};
use crate::text::join_key;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trocar_plant::{ActuatorKind, Coupling, CouplingConfig, TransmissionConfig};
use trocar_signal::quantity::{Length, Torque};
use trocar_signal::{AnyQuantity, Dimension, Problem, Provenance, Sourced};

/// The name, in an instrument file, of the arm's frame that the instrument is mounted on.
pub const MOUNT: &str = "mount";

/// What an instrument file calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentKind {
    /// An instrument.
    Instrument,
}

/// An instrument: what an arm carries from its mount on. Its frames hang from `mount`, whose z points along the shaft
/// towards the tip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "an instrument file"))]
pub struct InstrumentFile {
    /// Version of the file format: 1.
    #[schemars(extend("const" = 1))]
    pub format: u32,
    /// `instrument`: tells this file from a robot, a scene or a scenario.
    pub kind: InstrumentKind,
    /// What reports call it, after the arm's title: `Large Needle Driver`.
    pub title: String,
    /// How far the model is confirmed. Absent: `implemented`.
    #[serde(default)]
    pub status: Status,
    /// Documents about the instrument.
    #[serde(default)]
    pub references: Vec<String>,
    /// Key to citation: what `source` in this file refers to.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
    /// What stands behind the numbers that name nothing of their own.
    pub provenance: SectionProvenance,
    /// The instrument's own joints, in the order of joint lists, a jaw last; none for an endoscope.
    #[serde(default)]
    pub coordinates: Vec<CoordinateConfig>,
    /// The frames, each after its parent; the first hangs from `mount`.
    pub frames: Vec<FrameConfig>,
    /// The rigid bodies.
    pub links: Vec<LinkConfig>,
    /// Friction in joints, cables and discs.
    #[serde(default)]
    pub friction: Vec<FrictionConfig>,
    /// End stops.
    #[serde(default)]
    pub stops: Vec<StopConfig>,
    /// Which of the mount's discs move it, counted from 1 and in the order of the coupling's columns; without it, as many
    /// as it has joints. Discs that are not named turn nothing, and their motors are left out.
    #[serde(default)]
    pub discs: Option<Vec<u32>>,
    /// How the discs move its joints: one row for each joint, one column for each disc. An instrument without joints has
    /// none.
    #[serde(default)]
    pub coupling: Option<CouplingConfig>,
    /// The cables from each disc to its joints, where they give way: one for each column of the coupling, in radians and
    /// efforts of the disc. Encoders and potentiometers sit before them, the joints behind. Absent: they are rigid.
    #[serde(default)]
    pub cables: Vec<TransmissionConfig>,
    /// Its jaw; without it the last joint is a joint like the others.
    #[serde(default)]
    pub jaw: Option<JawConfig>,
    /// Where a load hangs whose mass a scenario may set; without it the arm's own place for a load counts.
    #[serde(default)]
    pub payload: Option<PointConfig>,
    /// The tool's tip.
    pub tip: PointConfig,
    /// Name to limit, as in a robot file. `arm.declared.jaw_effort` and `arm.declared.grip_force` come from `[jaw]`.
    #[serde(default)]
    pub declared: BTreeMap<String, DeclaredConfig>,
}

/// What opens and closes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a jaw"))]
pub struct JawConfig {
    /// The last of the coordinates.
    pub joint: String,
    /// The greatest effort that it is meant to be driven with.
    pub effort: Sourced<Torque>,
    /// Distance from the jaw's axis to the point where it grips: effort over length is the grip force there.
    pub length: Sourced<Length>,
}

/// Where an arm carries an instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "an instrument mount"))]
pub struct InstrumentMountConfig {
    /// The frame that instruments are mounted on: `mount` in their files. Its z points along the shaft.
    pub frame: String,
    /// The actuators that turn the discs of instruments, in the discs' order: the last of `[[actuators]]`. None: what is
    /// mounted here is not driven.
    #[serde(default)]
    pub discs: Vec<String>,
    /// The joints of instruments that this arm drives. Its `[servo]`, `[arm]` and `[supervisor]` say how; of what they say
    /// the joints that an instrument does not have are left out.
    #[serde(default)]
    pub joints: Vec<String>,
}

impl InstrumentFile {
    /// What stands behind its numbers.
    #[must_use]
    pub fn provenance(&self) -> Provenance<'_> {
        Provenance {
            sources: &self.sources,
            source: self.provenance.source.as_deref(),
            standing: self.provenance.standing,
        }
    }

    /// The force at the point of grip that the jaw's greatest effort makes, N.
    #[must_use]
    pub fn grip_force_n(&self) -> Option<f64> {
        self.jaw.as_ref().map(|jaw| jaw.effort.value.si() / jaw.length.value.si())
    }

    /// Its declared limits with those that its jaw makes.
    #[must_use]
    pub fn limits(&self) -> BTreeMap<String, DeclaredConfig> {
        let mut limits = self.declared.clone();
        let (Some(jaw), Some(force)) = (&self.jaw, self.grip_force_n()) else { return limits };
        let provenance = self.provenance();
        let ((effort, _), (length, _)) = (provenance.of(&jaw.effort), provenance.of(&jaw.length));
        let mut add = |name: &str, si: f64, dimension: Dimension, document: String| {
            let value = AnyQuantity { si, dimension };
            let limit = DeclaredConfig { value, owner: OwnerConfig::Declared { document } };
            limits.entry(name.to_owned()).or_insert(limit);
        };
        add("jaw_effort", jaw.effort.value.si(), Dimension::TORQUE, effort.clone());
        add("grip_force", force, Dimension::FORCE, format!("{effort}; over the length of the jaw: {length}"));
        limits
    }

    /// The mechanism as if the mount stood still.
    #[must_use]
    pub fn mechanism(&self) -> MechanismConfig {
        let on_base = |name: &String| if name == MOUNT { BASE.to_owned() } else { name.clone() };
        let point = |point: &PointConfig| PointConfig { frame: on_base(&point.frame), ..point.clone() };
        let mut frames = self.frames.clone();
        frames.iter_mut().for_each(|frame| frame.parent = on_base(&frame.parent));
        MechanismConfig {
            urdf: None,
            coordinates: self.coordinates.clone(),
            passive: Vec::new(),
            jaw: self.jaw.as_ref().map(|jaw| jaw.joint.clone()),
            jaw_length: None,
            frames,
            links: self.links.clone(),
            rotors: Vec::new(),
            friction: self.friction.clone(),
            stops: self.stops.clone(),
            springs: Vec::new(),
            balances: Vec::new(),
            deflections: Vec::new(),
            structure: None,
            payload: self.payload.as_ref().map(point),
            tip: Some(point(&self.tip)),
        }
    }

    /// What is wrong with it, as far as the file alone shows; keys from the file's root.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = self.mechanism().check();
        problems.retain(|problem| problem.key != "coordinates");
        for problem in problems.iter_mut().filter(|problem| problem.key == "jaw") {
            problem.key = "jaw.joint".to_owned();
        }
        for (i, frame) in self.frames.iter().enumerate() {
            if frame.name == MOUNT {
                let what =
                    "`mount` is the arm's frame that the instrument hangs from; name this one otherwise";
                problems.push(Problem::new(format!("frames[{i}].name"), what));
            }
            if frame.parent == BASE {
                let what = "an instrument hangs from `mount`, wherever the arm's base stands";
                problems.push(Problem::new(format!("frames[{i}].parent"), what));
            }
        }
        let joints = self.coordinates.len();
        match &self.coupling {
            Some(coupling) if joints > 0 => {
                if let Err(wrong) = Coupling::new(coupling, joints) {
                    problems.extend(under("coupling", wrong));
                }
            }
            Some(_) => {
                problems.push(Problem::new("coupling", "an instrument without joints couples nothing"))
            }
            None if joints > 0 => problems
                .push(Problem::new("coupling", "its joints are moved by discs; `coupling` says how far")),
            None => {}
        }
        self.discs(&mut problems);
        if !self.cables.is_empty() && self.cables.len() != joints {
            let what = format!(
                "{} cables for {joints} discs; each column of the coupling needs its own, or none has any",
                self.cables.len()
            );
            problems.push(Problem::new("cables", what));
        }
        for (i, cable) in self.cables.iter().enumerate() {
            problems.extend(under(&format!("cables[{i}]"), cable.check(ActuatorKind::Revolute)));
        }
        if let Some(jaw) = &self.jaw {
            let turns = |c: &CoordinateConfig| c.name == jaw.joint && c.kind == MotionKind::Revolute;
            if self.coordinates.iter().any(|c| c.name == jaw.joint) && !self.coordinates.iter().any(turns) {
                problems.push(Problem::new("jaw.joint", "a jaw turns, and this joint slides"));
            }
            for (key, value) in [("effort", jaw.effort.value.si()), ("length", jaw.length.value.si())] {
                if value <= 0.0 {
                    problems.push(Problem::new(format!("jaw.{key}"), "this must be greater than zero"));
                }
            }
        }
        for name in self.declared.keys().filter(|name| !is_name(name)) {
            problems.push(Problem::new(join_key("declared", name), not_a_name(name)));
        }
        problems
    }

    fn discs(&self, problems: &mut Vec<Problem>) {
        let Some(discs) = &self.discs else { return };
        if discs.len() != self.coordinates.len() {
            let what =
                format!("{} discs for {} joints; each joint needs one", discs.len(), self.coordinates.len());
            problems.push(Problem::new("discs", what));
        }
        let mut seen = BTreeSet::new();
        for (i, disc) in discs.iter().enumerate() {
            if *disc == 0 {
                problems.push(Problem::new(format!("discs[{i}]"), "discs are counted from 1"));
            } else if !seen.insert(disc) {
                problems.push(Problem::new(format!("discs[{i}]"), format!("disc {disc} is named twice")));
            }
        }
    }
}

impl InstrumentMountConfig {
    /// What is wrong with it; keys below the mount. `frames` and `actuators` are the arm's own, `joints` the arm's own
    /// coordinates.
    pub(crate) fn check(
        &self,
        frames: &[FrameConfig],
        actuators: &[String],
        joints: &[String],
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.frame != BASE && !frames.iter().any(|frame| frame.name == self.frame) {
            problems.push(Problem::new("frame", format!("there is no frame `{}`", self.frame)));
        }
        if !actuators.ends_with(&self.discs) {
            let what = format!(
                "the discs are the last of the actuators, in their order; the actuators are {}",
                actuators.join(", ")
            );
            problems.push(Problem::new("discs", what));
        } else if actuators.len() - self.discs.len() != joints.len() {
            let what = format!(
                "{} actuators are left for {} joints of the arm itself ({}); each needs one",
                actuators.len() - self.discs.len(),
                joints.len(),
                joints.join(", ")
            );
            problems.push(Problem::new("discs", what));
        }
        for (i, joint) in self.joints.iter().enumerate() {
            if joints.contains(joint) {
                let what = format!("`{joint}` is a joint of the arm itself");
                problems.push(Problem::new(format!("joints[{i}]"), what));
            }
        }
        problems
    }

    /// Why an instrument does not go onto the arm called `arm`; keys from the root of the instrument's file.
    /// `compliant` are the arm's actuators that have a transmission of their own.
    pub(crate) fn check_fit(
        &self,
        arm: &str,
        compliant: &[&str],
        instrument: &InstrumentFile,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (i, coordinate) in instrument.coordinates.iter().enumerate() {
            if !self.joints.contains(&coordinate.name) {
                let what = format!(
                    "`{arm}` drives no joint `{}` of an instrument; its `instrument_mount.joints` are: {}",
                    coordinate.name,
                    self.joints.join(", ")
                );
                problems.push(Problem::new(format!("coordinates[{i}].name"), what));
            }
        }
        if !instrument.cables.is_empty()
            && let Some(disc) = self.discs.iter().find(|disc| compliant.contains(&disc.as_str()))
        {
            let what = format!(
                "`{disc}` of `{arm}` has a transmission that gives way, and so have these cables; two in series are \
                 not known: put both into the softer one"
            );
            problems.push(Problem::new("cables", what));
        }
        let greatest = instrument.discs.iter().flatten().map(|disc| *disc as usize).max();
        let needed = greatest.unwrap_or(instrument.coordinates.len());
        if needed > self.discs.len() {
            let key = if instrument.discs.is_some() { "discs" } else { "coupling" };
            let what = format!(
                "the mount of `{arm}` turns {} discs, and this needs disc {needed}",
                self.discs.len()
            );
            problems.push(Problem::new(key, what));
        }
        problems
    }
}
