//! The scenario file: a test method that speaks of roles, and the scene that it runs on.

use crate::for_each::ForEachConfig;
use crate::phase::PhaseConfig;
use crate::poses::PosesConfig;
use crate::teleoperation::TeleoperationConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_control::outside::ControllerConfig;
use trocar_fault::FaultConfig;
use trocar_measure::{DecisionRule, MeasureConfig};
use trocar_plant::{HandleConfig, InstrumentConfig};
use trocar_signal::quantity::Frequency;
use trocar_signal::{AnyQuantity, Standing};

/// A test method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a scenario"))]
pub struct ScenarioFile {
    /// Version of the file format: 1.
    #[schemars(extend("const" = 1))]
    pub format: u32,
    /// Absent or `scenario`; a file that only others include says `part`.
    #[serde(default)]
    pub kind: ScenarioKind,
    /// What reports call it.
    pub title: String,
    /// The question that it answers, as one sentence.
    #[serde(default)]
    pub purpose: String,
    /// Clauses of standards and papers that the method follows.
    #[serde(default)]
    pub references: Vec<String>,
    /// Where it departs from them, a sentence each.
    #[serde(default)]
    pub departures: Vec<String>,
    /// Key to citation: what `source` in this file refers to.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
    /// Files whose sections are taken over. What stands here goes before what is included; lists follow the included
    /// ones.
    #[serde(default)]
    pub include: Vec<String>,
    /// Whether it takes so long that a run of its folder passes it over, unless it is asked for with `--long`. By its own
    /// name it always runs.
    #[serde(default)]
    pub long: bool,
    /// The scene's file.
    pub scene: String,
    /// How a figure with its uncertainty is held against a limit.
    #[serde(default = "guarded")]
    pub decision: DecisionRule,
    /// Seed of everything that is drawn.
    #[serde(default)]
    pub seed: u64,
    /// Role to robot: the names that the method uses, and the scene's robots that fill them.
    pub roles: BTreeMap<String, String>,
    /// Name to master handle: what a linear motion generator carries in the place of a surgeon's hand. The name is the first
    /// part of its signals: `master.measured_cp`.
    #[serde(default)]
    pub handles: BTreeMap<String, HandleConfig>,
    /// Name to teleoperation: an arm of the scene that follows a master. The name is the first part of its signals:
    /// `console.clutch`.
    #[serde(default)]
    pub teleoperations: BTreeMap<String, TeleoperationConfig>,
    /// Name to controller: who fills a slot instead of the built-in controller. Nothing is started unless
    /// `--allow-exec NAME` says so.
    #[serde(default)]
    pub controllers: BTreeMap<String, ControllerConfig>,
    /// Path of a parameter to its value in this test: a quantity, or an expression such as `arm.declared.rated_load`.
    #[serde(default)]
    pub setup: BTreeMap<String, String>,
    /// Name to instrument: what a laboratory would stand beside the device.
    #[serde(default)]
    pub instruments: BTreeMap<String, InstrumentConfig>,
    /// Path of a parameter to how it differs from one motion, reading, set-up or unit to the next.
    #[serde(default)]
    pub variation: BTreeMap<String, VariationConfig>,
    /// Path of a parameter to a list of its values. Every combination is a case of its own.
    #[serde(default)]
    pub vary: BTreeMap<String, Vec<String>>,
    /// Name to what it stands for, one after the other: `$joint` in any text of the file is replaced by a joint, with a
    /// case of its own for each. Several names are crossed; what goes together stands in rows, `$row.by`.
    #[serde(default)]
    pub for_each: BTreeMap<String, ForEachConfig>,
    /// Groups of paths of `[vary]` whose lists advance together instead of being crossed.
    #[serde(default)]
    pub vary_paired: Vec<Vec<String>>,
    /// The poses that phases move through, by name.
    #[serde(default)]
    pub poses: Option<PosesConfig>,
    /// Name to joint positions: what motions of a joint command such as `arm.move_jp` go through. The joints that are not
    /// named stay where they are commanded to be.
    #[serde(default)]
    pub postures: BTreeMap<String, BTreeMap<String, AnyQuantity>>,
    /// What happens, one phase after the other.
    pub phases: Vec<PhaseConfig>,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<FaultConfig>,
    /// Name to measure: the figures that are computed.
    #[serde(default)]
    pub measures: BTreeMap<String, MeasureConfig>,
    /// What must hold.
    #[serde(default)]
    pub requirements: Vec<RequirementConfig>,
    /// Which signals are kept for plots. Absent: joints, poses and states of the devices, and all instruments, at 100 Hz.
    #[serde(default)]
    pub record: Option<RecordConfig>,
}

fn guarded() -> DecisionRule {
    DecisionRule::Guarded
}

/// What a scenario file calls itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScenarioKind {
    /// A whole scenario.
    #[default]
    Scenario,
    /// Sections that scenarios include.
    Part,
}

/// How a parameter varies: `normal` or `uniform`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a variation"))]
pub struct VariationConfig {
    /// Normally distributed about the nominal value with this standard deviation: in the parameter's unit, or in per
    /// cent of the nominal value.
    #[serde(default)]
    pub normal: Option<AnyQuantity>,
    /// Equally likely between these two, added to the nominal value: in the parameter's unit, or in per cent of it.
    #[serde(default)]
    pub uniform: Option<[AnyQuantity; 2]>,
    /// When a new value is drawn.
    pub drawn: Drawn,
    /// What stands behind the spread.
    #[serde(default = "declared")]
    pub standing: Standing,
}

fn declared() -> Standing {
    Standing::Declared
}

/// When a varying parameter takes a new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Drawn {
    /// With each reading of an instrument.
    #[serde(rename = "each reading")]
    EachReading,
    /// With each motion: friction, phase against the clocks.
    #[serde(rename = "each motion")]
    EachMotion,
    /// Once for each set-up: registration, load.
    #[serde(rename = "set-up")]
    SetUp,
    /// Once for each unit: manufacturing spread.
    #[serde(rename = "unit")]
    Unit,
}

/// What must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a requirement"))]
pub struct RequirementConfig {
    /// Short name, as verdicts quote it: `R1`.
    pub id: String,
    /// The formula over figures: measures, times of faults (`fault.NAME.reaction_time`) and declared limits.
    pub formula: String,
    /// Why it matters, as a sentence for a committee.
    pub why: String,
}

/// Which signals are kept for plots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a record"))]
pub struct RecordConfig {
    /// Paths of signals; `*` stands for any text inside one part of a path, and at its end for all that follows.
    pub signals: Vec<String>,
    /// How often they are kept.
    pub rate: Frequency,
}
